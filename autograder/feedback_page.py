"""nbgrader's feedback page with a table of the exercises in the place of its list of 'Test cells'."""

from copy import copy
from pathlib import Path

from nbconvert.exporters import HTMLExporter
from traitlets.config import Config

_TEMPLATES = str(Path(__file__).parent / "templates")


class FeedbackExporter(HTMLExporter):
    """`nbgrader generate_feedback` names its template for every HTMLExporter; ours extends that one."""

    def __init__(self, config: Config, **kwargs) -> None:
        theirs = config.HTMLExporter
        ours = {
            "template_name": "course_feedback",
            "extra_template_basedirs": [_TEMPLATES, *theirs.extra_template_basedirs],
            "extra_template_paths": [*theirs.extra_template_paths, *theirs.extra_template_basedirs],
        }
        config = copy(config)
        config.FeedbackExporter = Config(ours)
        super().__init__(config=config, **kwargs)
