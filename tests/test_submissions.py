"""Whatever a student's file looks like, the answers in it are found, and the student is told what was odd."""

import copy
import json
import os

import nbformat
import pytest

from autograder.errors import CourseError
from autograder.notebook_file import MAX_ALL_CODE, MAX_CELLS, MAX_CODE, MAX_PARTS
from autograder.submissions import Submission, read, to_notebook

ADD = "def add(a, b):\n    return b + a"


def _roles(submission: Submission) -> list[str]:
    return [cell.role for cell in submission.cells]


def _noted(submission: Submission, text: str) -> bool:
    return any(text in note for note in submission.notes)


@pytest.fixture
def document(lesson) -> dict:
    """A hand-in with another right answer to `add`."""
    return lesson.answered(add=ADD)


def test_a_plain_hand_in_has_nothing_to_note(lesson, document):
    submission = lesson.read(document)
    assert submission.notes == () and submission.problem is None
    assert submission.answer("add") == ADD
    assert submission.untouched == frozenset()
    assert submission.answered_before_check == {"add", "norm", "centre"}
    assert _roles(submission) == [
        *("given", "setup", "answer", "check", "given", "answer", "check", "answer", "check", "answer"),
    ]


def test_an_untouched_release_answers_nothing(lesson):
    submission = lesson.read(lesson.released())
    assert submission.untouched == {"add", "norm", "centre", "reason"}
    assert submission.answered_before_check == frozenset()


def test_blank_or_respaced_stubs_are_no_answers(lesson):
    document = lesson.released()
    lesson.cell(document, "add")["source"] = "  \n"
    lesson.cell(document, "norm")["source"] = ["\n", *lesson.cell(document, "norm")["source"], "\n\n"]
    assert lesson.read(document).untouched == {"add", "norm", "centre", "reason"}


def test_cells_in_another_order_are_found(lesson, document):
    document["cells"].reverse()
    submission = lesson.read(document)
    assert submission.cells == lesson.read(lesson.answered(add=ADD)).cells


def test_lost_ids_and_lost_metadata_each_leave_the_other_to_go_by(lesson, document):
    expected = lesson.read(document).cells
    for lost in ("id", "metadata"):
        damaged = copy.deepcopy(document)
        for cell in damaged["cells"]:
            del cell[lost]
        assert lesson.read(damaged).cells == expected


def test_answers_without_id_and_metadata_are_found_by_what_they_define(lesson, document):
    for cell in document["cells"]:
        cell["id"], cell["metadata"] = "x", {}
    submission = lesson.read(document)
    assert submission.answer("add") == ADD
    assert "restore" in submission.answer("centre")
    assert _noted(submission, "the cell of add had lost its name; it was found by what it defines")
    assert _noted(submission, "there is no cell for reason")
    assert submission.untouched == {"reason"}
    assert "Because." in [cell.source.strip() for cell in submission.cells if cell.role == "added"]


def test_deleted_cells_are_restored(lesson, document):
    gone = ("setup", "add-check", "norm-answer")
    document["cells"] = [cell for cell in document["cells"] if cell["id"] not in gone]
    submission = lesson.read(document)
    assert [cell.id for cell in submission.cells] == [cell["id"] for cell in lesson.released()["cells"]]
    assert submission.untouched == {"norm"}
    assert _noted(submission, "there is no cell for norm")


def test_of_several_claims_the_last_changed_one_counts(lesson, document):
    first, second, stub = (copy.deepcopy(lesson.cell(document, "add")) for _ in range(3))
    first["source"], second["source"] = "def add(a, b):\n    return 1", "def add(a, b):\n    return 2"
    stub["source"] = lesson.cell(lesson.released(), "add")["source"]
    for position, cell in enumerate((first, second, stub)):
        document["cells"].insert(4 + 2 * position, cell)
    submission = lesson.read(document)
    assert submission.answer("add") == second["source"]
    assert _roles(submission).count("spare") == 3
    assert _noted(submission, "4 cells claim to be the answer to add")


def test_an_answer_turned_into_markdown_is_read_as_code(lesson, document):
    for kind in ("markdown", "raw", "heading", 7):
        lesson.cell(document, "add")["cell_type"] = kind
        submission = lesson.read(document)
        assert next(cell for cell in submission.cells if cell.exercise == "add").kind == "code"
        assert submission.answer("add") == ADD
        assert _noted(submission, "the cell of add had become a")


def test_added_cells_stay_where_they_were(lesson, document):
    added = [lesson.added(f"note = {number}") for number in range(3)]
    for position, cell in ((3, added[0]), (6, added[1]), (0, added[2])):
        document["cells"].insert(position, cell)
    sources = [cell.source for cell in lesson.read(document).cells]
    assert sources.index("note = 2") == 2  # nothing of the student's runs before the setup
    assert sources[sources.index("note = 0") - 1] == ADD
    assert sources.index("note = 1") > sources.index("note = 0")


def test_a_changed_setup_cell_runs_after_the_course_s_own(lesson, document):
    document["cells"][1]["source"] = "import numpy as np\nimport math"
    submission = lesson.read(document)
    assert [cell.role for cell in submission.cells[1:3]] == ["setup", "added"]
    assert "course_lib" in submission.cells[1].source and "math" in submission.cells[2].source
    assert _noted(submission, "a setup cell was changed")


def test_changed_checks_are_dropped_and_changed_experiments_run(lesson, document):
    lesson.cell(document, "add", "check")["source"] = "assert True"
    experiment = next(cell for cell in document["cells"] if "experiment" in "".join(cell["source"]))
    experiment["source"] = "print('mine')"
    again = copy.deepcopy(experiment)
    again["source"] = "print('mine too')"
    document["cells"].append(again)
    submission = lesson.read(document)
    assert "assert True" not in [cell.source for cell in submission.cells]
    assert [cell.source for cell in submission.cells if cell.runs and cell.role == "added"] == [
        "print('mine')", "print('mine too')",
    ]  # fmt: skip


def test_an_answer_in_a_cell_of_one_s_own_counts(lesson):
    document = lesson.released()
    document["cells"].insert(3, lesson.added(ADD))
    submission = lesson.read(document)
    assert "add" not in submission.untouched and "add" in submission.answered_before_check
    assert _noted(submission, "the answer to add stands in a cell of your own")
    document = lesson.released()
    document["cells"].append(lesson.added("norm = lambda x: 5.0"))
    submission = lesson.read(document)
    assert submission.untouched == {"add", "centre", "reason"}
    assert submission.answered_before_check == frozenset()


def test_an_experiment_that_only_uses_a_function_answers_nothing(lesson):
    document = lesson.released()
    document["cells"].append(lesson.added("print(add(1, 2))\ntext = 'def add(a, b): pass'"))
    assert "add" in lesson.read(document).untouched


GARBAGE = [None, 3, "text", [], [1], {"a": None}, {"nbgrader": 3}, {"nbgrader": {"grade_id": ["add"]}}, {"course": []}]


@pytest.mark.parametrize("metadata", GARBAGE, ids=str)
def test_garbage_in_metadata_loses_nothing(lesson, document, metadata):
    for cell in document["cells"]:
        cell["metadata"] = metadata
    document["metadata"] = metadata
    submission = lesson.read(document)
    assert submission.answer("add") == ADD and not submission.untouched


def test_an_old_schema_of_nbgrader_is_noted_and_does_no_harm(lesson, document):
    for cell in document["cells"]:
        if "nbgrader" in cell["metadata"]:
            cell["metadata"]["nbgrader"] = {"schema_version": 1, "grade_id": cell["metadata"]["nbgrader"]["grade_id"]}
    submission = lesson.read(document)
    assert submission.answer("add") == ADD
    assert _noted(submission, "old or damaged nbgrader metadata")


@pytest.mark.parametrize("cell", [None, 3, "text", [], {}, {"source": 3}, {"source": [1]}, {"source": {}}], ids=str)
def test_damaged_cells_are_left_out(lesson, document, cell):
    document["cells"].insert(2, cell)
    submission = lesson.read(document)
    assert submission.answer("add") == ADD
    if cell != {}:
        assert _noted(submission, "1 damaged cell was left out")


@pytest.mark.parametrize("version", [3, 2])
def test_the_old_format_is_read(lesson, document, version):
    cells = [
        {"cell_type": "code", "input": cell["source"], "language": "python", "outputs": []}
        if cell["cell_type"] == "code"
        else {"cell_type": "markdown", "source": cell["source"]}
        for cell in document["cells"]
    ]
    old = {"nbformat": version, "nbformat_minor": 0, "metadata": {}, "worksheets": [{"cells": cells, "metadata": {}}]}
    submission = lesson.read(old)
    assert submission.answer("add") == ADD
    assert _noted(submission, f"the notebook has the old format {version}")


@pytest.mark.parametrize("version", [5, "x", None, 3, [[[]]], 1e400, True])
def test_an_unknown_format_is_noted(lesson, document, version):
    document["nbformat"] = version
    submission = lesson.read(document)
    assert submission.answer("add") == ADD
    assert _noted(submission, "not 4; its cells were read all the same")
    del document["nbformat"]
    assert lesson.read(document).answer("add") == ADD


def test_another_kernel_is_noted(lesson, document):
    document["metadata"]["kernelspec"] = {"name": "ir", "language": "R", "display_name": "R"}
    assert _noted(lesson.read(document), "the notebook asks for the kernel 'ir'; it was run with Python")
    document["metadata"]["kernelspec"]["language"] = "Python"
    assert lesson.read(document).notes == ()


@pytest.mark.parametrize(
    ("encoding", "said"),
    [("utf-8-sig", None), ("utf-16", "utf-16"), ("latin-1", "cp1252")],
)
def test_other_encodings_are_read(lesson, document, encoding, said):
    lesson.cell(document, "add")["source"] = source = f"{ADD}  # caf\u00e9"
    submission = lesson.read(json.dumps(document, ensure_ascii=False).encode(encoding))
    assert submission.answer("add") == source
    assert submission.notes == () if said is None else _noted(submission, f"it was read as {said}")


LARGE_CELL = {"cell_type": "code", "source": "x" * MAX_CODE}
NO_NOTEBOOKS = [
    (b"", "the file is empty"),
    (b" \n ", "the file is empty"),
    (b"{", "its JSON breaks at line 1, column 2"),
    (b'{"cells": [', "was it cut short"),
    (b"Dear grader", "its JSON breaks at line 1"),
    (b"\x00" * 100, "its JSON breaks"),
    (b"\xff\xfe\xff", "its JSON breaks"),
    (b"PK\x03\x04\x00\x00", "its JSON breaks"),
    (b'{"cells": "\x00"}', "its JSON breaks"),
    (b"[]", "it holds JSON, but no notebook"),
    (b"null", "it holds JSON, but no notebook"),
    (b'"text"', "it holds JSON, but no notebook"),
    (b"{}", "it has no list of cells"),
    (b'{"cells": {}}', "it has no list of cells"),
    (b'{"nbformat": 3, "worksheets": {}}', "it has no list of cells"),
    (b"[" * 100_000, "its JSON cannot be read"),
    (b'{"a":' * 100_000, "its JSON cannot be read"),
    (b"1" * 10_000, "its JSON cannot be read"),
    (b"[]," * (MAX_PARTS + 1), "its JSON has too many parts"),
    (json.dumps({"nbformat": 4, "cells": [{}] * (MAX_CELLS + 1)}).encode(), "more than 2,000 are read"),
    (json.dumps({"cells": [LARGE_CELL] * (MAX_ALL_CODE // MAX_CODE + 1)}).encode(), "more than 1,024 KiB of code"),
]


@pytest.mark.parametrize(("data", "said"), NO_NOTEBOOKS, ids=[said for _, said in NO_NOTEBOOKS])
def test_what_is_no_notebook_has_a_reason_and_no_answers(lesson, data, said):
    submission = lesson.read(data)
    assert said in submission.problem
    assert submission.untouched == {"add", "norm", "centre", "reason"}
    assert [cell.source for cell in submission.cells] == ["".join(c["source"]) for c in lesson.released()["cells"]]


@pytest.mark.parametrize("worksheets", [[None], [3], [{"cells": None}], [{"cells": 3}], [[]]], ids=str)
def test_an_old_notebook_with_damaged_worksheets_answers_nothing(lesson, worksheets):
    submission = lesson.read({"nbformat": 3, "worksheets": worksheets})
    assert submission.problem is None and len(submission.untouched) == 4


def test_a_cell_far_too_long_is_left_out_and_a_long_text_is_not(lesson, document):
    document["cells"].append(lesson.added("x" * (MAX_CODE + 1)))
    document["cells"].append({"cell_type": "markdown", "source": "x" * (MAX_CODE + 1), "metadata": {}})
    submission = lesson.read(document)
    assert _noted(submission, "1 far too long cell was left out")
    assert len(submission.cells[-1].source) == MAX_CODE + 1


def test_code_far_too_long_is_not_smuggled_in_as_text(lesson, document):
    lesson.cell(document, "add").update(cell_type="markdown", source=f"{ADD}\n#" + "x" * MAX_CODE)
    submission = lesson.read(document)
    assert "add" in submission.untouched


def test_surrogates_and_lone_halves_become_text_that_can_be_stored(lesson, document):
    lesson.cell(document, "add")["source"] = "x = '\ud83d'"
    submission = lesson.read(document)
    assert submission.answer("add") == "x = '\ufffd'"


@pytest.mark.parametrize("depth", [100, 500, 900, 990, 1000, 3000])
def test_deep_nesting_in_any_field_is_read_or_refused(lesson, document, depth):
    deep = json.loads("[" * 90 + "]" * 90)
    text = json.dumps(document)[:-1] + ', "nbformat": ' + "[" * depth + "]" * depth + "}"
    submission = lesson.read(text.encode())
    assert submission.problem or submission.answer("add") == ADD
    for field in ("id", "cell_type", "metadata", "source"):
        damaged = copy.deepcopy(document)
        lesson.cell(damaged, "norm")[field] = deep
        assert lesson.read(damaged).answer("add") == ADD


def test_a_link_a_folder_a_pipe_and_a_missing_file_are_not_opened(lesson, document, tmp_path):
    secret = lesson.write(document)
    link, folder, pipe = tmp_path / "link.ipynb", tmp_path / "folder.ipynb", tmp_path / "pipe.ipynb"
    link.symlink_to(secret)
    folder.mkdir()
    os.mkfifo(pipe)
    dangling = tmp_path / "dangling.ipynb"
    dangling.symlink_to("nowhere")
    for path, said in (
        (link, "it is a symbolic link"), (dangling, "it is a symbolic link"), (folder, "is no ordinary file"),
        (pipe, "is no ordinary file"), (tmp_path / "gone.ipynb", "there is no file gone.ipynb"),
        (tmp_path / ("x" * 300), "could not be opened"), (secret / "below", "could not be opened"),
    ):  # fmt: skip
        assert said in read(path, lesson.assignment).problem, path


def test_a_huge_file_is_not_read(lesson, tmp_path):
    path = tmp_path / "huge.ipynb"
    with path.open("wb") as file:
        file.truncate(101 << 20)
    assert "has 101 MiB, more than 100 are read: clear its outputs" in read(path, lesson.assignment).problem


def test_a_missing_release_is_an_error_of_the_staff(tiny):
    with pytest.raises(CourseError, match="was the assignment released"):
        read(tiny.root / "x.ipynb", tiny.load().assignment("adding"))


def test_the_graded_notebook_is_the_released_one_with_the_answers(lesson, document):
    document["cells"].insert(3, lesson.added("note = 1"))
    released = nbformat.read(lesson.assignment.released_notebook, as_version=4)
    notebook = to_notebook(lesson.read(document), released)
    nbformat.validate(notebook)
    assert [cell.id for cell in notebook.cells if not cell.id.startswith("added-")] == [c.id for c in released.cells]
    assert {c.id: c.metadata for c in released.cells}.items() <= {c.id: c.metadata for c in notebook.cells}.items()
    assert [cell.source for cell in notebook.cells if cell.id.startswith("added-")] == ["note = 1"]
