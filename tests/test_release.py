import subprocess
import sys
import zipfile
from concurrent.futures import ProcessPoolExecutor
from datetime import datetime
from pathlib import Path

import nbformat
import pytest
from nbgrader.api import Gradebook
from typer.testing import CliRunner

from autograder.build import build_solved, build_source
from autograder.cli import app
from autograder.course import CourseError, load_course
from autograder.folders import Files, read_folder, replace_folder
from autograder.release import release, stale
from autograder.student_edition import bundle, student_edition

PROJECT = Path(__file__).parent.parent
SOURCE = "solutions/adding/notebook.py"


def _cells(notebook: Path) -> dict[str, nbformat.NotebookNode]:
    return {cell.id: cell for cell in nbformat.read(notebook, as_version=4).cells}


def _gradebook(tiny) -> Gradebook:
    return Gradebook(f"sqlite:///{tiny.root}/classroom/gradebook.db", "tiny")


def test_source_holds_nbgrader_metadata_and_solutions(tiny):
    cells = _cells(build_source(tiny.load(), "adding"))
    assert cells["total-answer"].metadata == {
        "course": {"role": "answer", "exercise": "total"},
        "nbgrader": {
            "schema_version": 3,
            "grade_id": "total",
            "grade": False,
            "solution": True,
            "locked": False,
            "task": False,
        },
    }
    check = cells["total-check"].metadata.nbgrader
    assert (check.grade_id, check.grade, check.locked, check.solution) == ("total-check", True, True, False)
    assert check.points == 60
    written = cells["reason-answer"].metadata.nbgrader
    assert (written.grade_id, written.grade, written.solution, written.points) == ("reason", True, True, 10)
    assert cells["setup"].metadata.nbgrader.locked
    assert "secret_total" in cells["total-answer"].source
    nbformat.validate(nbformat.read(tiny.load().assignment("adding").source_notebook, as_version=4))


def test_cell_ids_derive_from_exercise_role_and_content(tiny):
    before = list(_cells(build_source(tiny.load(), "adding")))
    assert before[1:4] == ["setup", "total-answer", "total-check"]
    repeated = [cell_id for cell_id in before if f"{cell_id}-2" in before]
    assert len(repeated) == 1  # the two cells that print "again"
    tiny.edit(SOURCE, "# # adding", "# # adding numbers")
    after = list(_cells(build_source(tiny.load(), "adding")))
    assert before[0] != after[0]
    assert before[1:] == after[1:]


def test_nbgrader_sees_the_notebook_and_the_data_alone(tiny):
    folder = build_source(tiny.load(), "adding").parent
    assert list(read_folder(folder)) == ["adding.ipynb", "data/table.csv"]


def test_solved_notebook_is_what_a_student_with_every_answer_hands_in(tiny):
    cells = _cells(build_solved(tiny.load(), "adding"))
    assert cells["mean-answer"].source == "def mean(x):\n    return total(x)[0] / len(x)"
    assert cells["reason-answer"].source == "Why?\n\nBecause of the model answer."


def test_release_holds_no_solution_no_scheme_and_no_output(graded):
    notebook = release(graded.load(), "adding")
    text = notebook.read_text()
    for secret in ("secret_total", "model answer", "MARK SCHEME", "10 for the scheme", "BEGIN SOLUTION"):
        assert secret not in text
    cells = _cells(notebook)
    assert cells["mean-answer"].source == "def mean(x):\n    # YOUR CODE HERE\n    raise NotImplementedError()"
    assert cells["reason-answer"].source == "Why?\n\nYOUR ANSWER HERE"
    assert cells["total-answer"].metadata.course == {"role": "answer", "exercise": "total"}
    assert not any(cell.get("outputs") for cell in cells.values())
    assert list(read_folder(notebook.parent)) == ["adding.ipynb", "data/table.csv"]


def test_release_is_byte_identical(graded):
    first = release(graded.load(), "adding").read_bytes()
    replace_folder(graded.root / "build/source/adding", {})
    assert release(graded.load(), "adding").read_bytes() == first


def test_gradebook_knows_points_due_date_and_no_scheme(graded):
    release(graded.load(), "adding")
    with _gradebook(graded) as gradebook:
        assignment = gradebook.find_assignment("adding")
        assert assignment.max_score == 100
        assert assignment.duedate == datetime(2027, 1, 18, 22, 59)  # UTC, as nbgrader keeps it
        stored = [cell.source for cell in assignment.notebooks[0].source_cells]
    assert not any("scheme" in source or "secret_total" in source for source in stored)


def test_release_again_after_hand_ins(graded):
    before = release(graded.load(), "adding").read_bytes()
    with _gradebook(graded) as gradebook:
        gradebook.add_student("ada")
        gradebook.add_submission("adding", "ada")
    graded.edit("course.toml", "due = 2027-01-18", "due = 2027-01-20")
    release(graded.load(), "adding")
    with _gradebook(graded) as gradebook:
        assert gradebook.find_submission("adding", "ada").duedate == datetime(2027, 1, 20, 22, 59)

    graded.edit(SOURCE, "# # adding", '# %% role="setup"\nimport math\n\n# %% [markdown]\n# # adding')
    with pytest.raises(CourseError, match="solutions/adding: nbgrader refuses it: Cannot add or remove cells"):
        release(graded.load(), "adding")
    assert graded.load().assignment("adding").released_notebook.read_bytes() == before


def test_what_is_not_scheduled_is_not_released(graded):
    graded.edit("course.toml", 'name = "adding"', 'name = "scaling"')
    graded.write("course.toml", (graded.root / "course.toml").read_text().rpartition("[[schedule]]")[0])
    with pytest.raises(CourseError, match="no assignment 'adding'"):
        release(graded.load(), "adding")


def test_nbgraders_own_command_releases_the_same(graded):
    ours = release(graded.load(), "adding").read_bytes()
    command = [sys.executable, "-m", "nbgrader", "generate_assignment", "adding", "--force"]
    subprocess.run(command, cwd=graded.root, check=True, capture_output=True)
    assert graded.load().assignment("adding").released_notebook.read_bytes() == ours


def test_broken_calendar_stops_nbgraders_own_command(tiny):
    tiny.edit("course.toml", "Europe/Berlin", "Europe/Berln")
    command = [sys.executable, "-m", "nbgrader", "generate_assignment", "adding"]
    done = subprocess.run(command, cwd=tiny.root, capture_output=True, text=True)
    assert done.returncode != 0
    assert "nbgrader_config.py: course.toml: timezone: must be a time zone" in done.stderr


WRONG_NOTEBOOKS = {
    "misspelt key": ('role="setup"', 'rol="setup"', r"line 6: rol: unknown key; did you mean role\?"),
    "unknown role": ('role="setup"', 'role="prelude"', "line 6: role: must be one of setup, answer, check"),
    "unknown exercise": (
        'answer" exercise="mean"',
        'answer" exercise="median"',
        "exercise: 'median' is not in sol",
    ),
    "no exercise": ('role="check" exercise="mean"', 'role="check"', "exercise: is missing"),
    "exercise without role": (
        'role="check" exercise="mean"',
        'exercise="mean"',
        "exercise: only an answer or a",
    ),
    "code for a written answer": (
        "# %% [markdown] role",
        "# %% role",
        "reason: the answer of a written exercise must",
    ),
    "prose for a code answer": (
        '%% role="answer"',
        '%% [markdown] role="answer"',
        "total: the answer of a code exer",
    ),
    "check of a written answer": (
        'role="check" exercise="mean"',
        'role="check" exercise="reason"',
        "role: reason is graded by hand",
    ),
    "no answer": ('role="answer" exercise="mean"', "", "solution"),
    "two answers": (
        '"answer" exercise="mean"',
        '"answer" exercise="total"',
        "total: a second answer; the first is in",
    ),
    "no check": ('role="check" exercise="mean"', "", 'mean: no cell with role="check" exercise="mean"'),
    "no solution": (
        "    ### BEGIN SOLUTION\n    return",
        "    return",
        "line [0-9]+: END SOLUTION: nothing to end",
    ),
    "no markers": (
        "    ### BEGIN SOLUTION\n    return total(x)[0] / len(x)\n    ### END SOLUTION\n",
        "    return 0\n",
        "mean: the answer has no '### BEGIN SOLUTION'",
    ),
    "solution left open": (
        "    ### END SOLUTION\n",
        "",
        "line 12: BEGIN SOLUTION: no 'END SOLUTION' in this cell",
    ),
    "solution opened twice": (
        "    secret_total = 0",
        "    ### BEGIN SOLUTION",
        "BEGIN SOLUTION: the one in line 12 is",
    ),
    "solution in prose": (
        "# # adding",
        "# ### BEGIN SOLUTION\n# ### END SOLUTION",
        "line 1: BEGIN SOLUTION: only an answer",
    ),
    "scheme in code": (
        "    secret_total = 0",
        "    # === BEGIN MARK SCHEME ===\n    # === END MARK SCHEME ===",
        "MARK SCHEME: only a written answer",
    ),
    "scheme left open": (
        "# === END MARK SCHEME ===\n",
        "",
        "BEGIN MARK SCHEME: no 'END MARK SCHEME' in this cell",
    ),
    "hidden tests": (
        "assert mean",
        "### BEGIN HIDDEN TESTS\nassert mean",
        "HIDDEN TESTS: belong in hidden_tests/",
    ),
    "no heading": (
        "# ### Exercise: mean (30 points)",
        "# Mean",
        r"mean: no heading '### Exercise: mean \(30 points\)'",
    ),
    "heading of nothing": ("Exercise: mean (30", "Exercise: median (30", "line [0-9]+: heading: must read"),
    "heading without points": ("mean (30 points)", "mean", "line [0-9]+: heading: must read"),
    "heading with other points": (
        "mean (30 points)",
        "mean (31 points)",
        "heading: mean has 30 points in .*, 31 here",
    ),
    "two headings": ("# Why?", "# ### Exercise: mean (30 points)", "line [0-9]+: heading: mean has two"),
    "code before the first cell": (
        "# %% [markdown]\n# # adding",
        "import os\n\n# %%\n",
        "has text outside of the cells",
    ),
}


@pytest.mark.parametrize(("old", "new", "message"), WRONG_NOTEBOOKS.values(), ids=WRONG_NOTEBOOKS)
def test_wrong_notebook_is_refused_with_its_line(tiny, old, new, message):
    tiny.edit(SOURCE, old, new)
    with pytest.raises(CourseError, match=message) as caught:
        build_source(tiny.load(), "adding")
    assert str(caught.value).startswith(f"{SOURCE}: ")


def test_missing_notebook_is_named(tiny):
    (tiny.root / SOURCE).unlink()
    with pytest.raises(CourseError, match=f"{SOURCE}: no such file"):
        build_source(tiny.load(), "adding")


def test_student_edition_leaves_out_what_is_still_to_be_handed_in(tiny):
    course = tiny.load()
    first = read_folder(student_edition(course, "adding"))
    assert list(first) == ["course_lib/__init__.py", "course_lib/tools/shapes.py"]
    second = read_folder(student_edition(course, "scaling"))
    assert list(second) == ["course_lib/__init__.py", "course_lib/adding.py", "course_lib/tools/shapes.py"]


def test_student_edition_leaves_out_an_unlocked_folder(tiny):
    tiny.edit("solutions/scaling/assignment.toml", "course_lib/scaling.py", "course_lib/tools")
    names = list(read_folder(student_edition(tiny.load(), "adding")))
    assert names == ["course_lib/__init__.py", "course_lib/scaling.py"]


def test_student_edition_leaves_out_what_the_course_keeps_locked(tiny):
    """It comes with the assignment that unlocks it, when that is due; what none unlocks stays away."""
    tiny.write("course_lib/tools/answers.py", "secret = 1\n")
    tiny.edit("course.toml", 'id = "tiny"', 'id = "tiny"\nlocked = ["course_lib/tools", "course_lib/scaling.py"]')
    tiny.edit("solutions/adding/assignment.toml", "course_lib/adding.py", "course_lib/tools/shapes.py")
    names = [list(read_folder(student_edition(tiny.load(), name))) for name in ("adding", "scaling")]
    assert names[0] == ["course_lib/__init__.py", "course_lib/adding.py"]
    assert names[1] == ["course_lib/__init__.py", "course_lib/adding.py", "course_lib/tools/shapes.py"]


def test_what_one_week_has_unlocked_a_later_one_does_not_take_away(tiny):
    for name in ("adding", "scaling"):
        own = f'"course_lib/{name}.py"'
        tiny.edit(f"solutions/{name}/assignment.toml", own, f'{own}, "course_lib/tools"')
    names = [list(read_folder(student_edition(tiny.load(), name))) for name in ("adding", "scaling")]
    assert names[0] == ["course_lib/__init__.py"]
    assert names[1] == ["course_lib/__init__.py", "course_lib/adding.py", "course_lib/tools/shapes.py"]


def test_student_edition_is_rewritten_only_when_it_changes(tiny):
    course = tiny.load()
    written = student_edition(course, "adding") / "course_lib/tools/shapes.py"
    inode = written.stat().st_ino
    tiny.write("build/student/adding/course_lib/__pycache__/shapes.pyc", "left by an import")
    student_edition(course, "adding")
    assert written.stat().st_ino == inode
    tiny.write("course_lib/tools/shapes.py", "given = 2\n")
    student_edition(course, "adding")
    assert written.read_text() == "given = 2\n"


def _replace_often(folder: Path, content: bytes) -> None:
    files: Files = {"one": content, "two": content}
    for _ in range(50):
        replace_folder(folder, files)


def test_two_processes_may_replace_one_folder(tmp_path):
    folder = tmp_path / "shared"
    with ProcessPoolExecutor(2) as pool:
        for done in [pool.submit(_replace_often, folder, content) for content in (b"a", b"b")]:
            done.result()
    files = read_folder(folder)
    assert list(files) == ["one", "two"]
    assert files["one"] == files["two"]
    assert [path.name for path in tmp_path.iterdir()] == ["shared"]


def test_bundle_holds_what_a_student_needs(graded):
    course = graded.load()
    with pytest.raises(CourseError, match="assignments/adding: not released yet"):
        bundle(course, "adding")
    release(course, "adding")
    first = bundle(course, "adding").read_bytes()
    assert bundle(course, "adding").read_bytes() == first
    with zipfile.ZipFile(bundle(course, "adding")) as archive:
        assert archive.namelist() == [
            "adding/README.md",
            "adding/adding.ipynb",
            "adding/course_lib/__init__.py",
            "adding/course_lib/tools/shapes.py",
            "adding/data/table.csv",
            "adding/requirements.txt",
        ]
        assert b"Due Monday, 18 January 2027, 23:59 (Europe/Berlin)" in archive.read("adding/README.md")
        requirements = archive.read("adding/requirements.txt").decode()
    assert [line.partition("=")[0].strip(">") for line in requirements.splitlines()] == [
        "filelock",
        "ipykernel",
        "ipywidgets",
        "jupyterlab",
        "matplotlib",
        "numpy",
        "safetensors",
        "scikit-learn",
        "torch",
    ]


def test_stale_names_changed_missing_and_left_over_files(graded):
    for name in ("adding", "scaling"):
        release(graded.load(), name)
    assert stale(graded.load()) == []
    graded.edit(SOURCE, "# # adding", "# # adding numbers")
    graded.write("assignments/adding/data/old.csv", "3\n")
    (graded.root / "assignments/scaling/data/table.csv").unlink()
    before = read_folder(graded.root / "assignments")
    assert stale(graded.load()) == [
        "assignments/adding/adding.ipynb",
        "assignments/adding/data/old.csv",
        "assignments/scaling/data/table.csv",
    ]
    assert read_folder(graded.root / "assignments") == before


def test_command_builds_releases_and_checks(graded):
    run = CliRunner().invoke
    assert "build/solved/adding/adding.ipynb" in run(app, ["build", "adding"]).stdout
    stale_before = run(app, ["release", "--all", "--check"])
    assert stale_before.exit_code == 1
    assert "assignments/adding/adding.ipynb" in stale_before.stdout
    assert run(app, ["release", "adding"]).exit_code == 0
    assert run(app, ["release", "adding", "--check"]).exit_code == 0
    assert run(app, ["release", "--all", "--check"]).exit_code == 1
    assert "build/release/scaling.zip" in run(app, ["release", "--all"]).stdout
    assert run(app, ["release", "--all", "--check"]).exit_code == 0


def test_command_reports_a_staff_error_in_one_line(tiny):
    tiny.edit("course.toml", "weight = 1", "weight = 0")
    result = CliRunner().invoke(app, ["build", "adding"])
    assert result.exit_code == 2
    assert result.stderr == "error: course.toml: schedule[0].weight: must be a positive number, got 0\n"


@pytest.mark.parametrize("arguments", [["release"], ["release", "adding", "--all"]])
def test_command_wants_one_name_or_all(tiny, arguments):
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 2
    assert "--all" in result.stderr


def test_student_edition_imports_without_what_it_leaves_out():
    course = load_course(PROJECT)
    for scheduled in course.schedule:
        edition = student_edition(course, scheduled.name)
        sources = [path for path in read_folder(edition) if path.endswith(".py")]
        modules = [path.removesuffix(".py").replace("/", ".") for path in sources]
        imports = "; ".join(f"import {module.removesuffix('.__init__')}" for module in modules)
        check = f"{imports}; assert course_lib.__file__.startswith({str(edition)!r})"
        subprocess.run([sys.executable, "-c", check], cwd=edition, check=True)


def test_released_files_are_fresh():
    assert stale(load_course(PROJECT)) == []
