"""nbgrader's own tests of `autograde`, as they are shipped, against our grader in the place of nbgrader's execution.

Their assignments have no hidden suite, so their checks run in the sandbox and nbgrader's rules score them.
"""

import os
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest

PROJECT = Path(__file__).parent.parent

# What differs on purpose. A test that comes to pass, or that nbgrader no longer has, must go from this list.
DIFFERENT = {
    "test_grade_empty_timestamp": "a timestamp that holds no time is set aside and graded; there it fails for everyone",
    "test_side_effects": "files that a notebook writes stay in the sandbox and are not put beside the graded notebook",
}


@pytest.mark.timeout(1800)
def test_nbgraders_own_tests_hold(tmp_path):
    # Outcomes by test: what a run of many minutes found is worth being told at once.
    outcomes = _run(tmp_path)
    failed = {name for name, outcome in outcomes.items() if outcome in ("failure", "error")}
    passed = {name for name, outcome in outcomes.items() if outcome == "passed"}
    assert len(outcomes) > 35 and len(passed) > 35, outcomes
    assert failed - DIFFERENT.keys() == set(), "fails, and no reason is given in DIFFERENT"
    assert DIFFERENT.keys() - failed == set(), "no longer fails: take it out of DIFFERENT"


def _run(folder: Path) -> dict[str, str]:
    environment = os.environ | {
        "COURSE_ROOT": str(PROJECT),
        "JUPYTER_CONFIG_PATH": str(PROJECT / "tests/conformance"),
    }
    command = [
        sys.executable, "-m", "pytest", "--pyargs", "nbgrader.tests.apps.test_nbgrader_autograde",
        "-q", "-n", str(min(4, os.cpu_count() or 1)), "-p", "no:cacheprovider", f"--junitxml={folder}/report.xml",
    ]  # fmt: skip
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)
    assert (folder / "report.xml").is_file(), done.stdout + done.stderr
    cases = ElementTree.parse(folder / "report.xml").iter("testcase")
    return {case.get("name"): case[0].tag if len(case) else "passed" for case in cases}
