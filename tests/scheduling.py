"""Which tests run in one process of `pytest -n`: those of a file, which share fixtures. The law, most of the work, is
cut up by assignment."""

import re

from xdist.scheduler import LoadFileScheduling

_ROW = re.compile(r"^(?P<file>.*test_law\.py)::\w+\[(?P<assignment>.+)-\d+-with-")


class ByFileAndAssignment(LoadFileScheduling):
    """`--dist loadfile`, but for the law."""

    def _split_scope(self, nodeid: str) -> str:
        row = _ROW.match(nodeid)
        return f"{row['file']}[{row['assignment']}]" if row else super()._split_scope(nodeid)
