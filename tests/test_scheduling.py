"""How tests are shared out among processes."""

from scheduling import _ROW


def test_rows_of_the_law_are_cut_up_by_assignment():
    row = _ROW.match("tests/test_law.py::test_wrong_answers_are_caught_and_named[cnn-architectures-11-with-no_pool-2]")
    assert row["assignment"] == "cnn-architectures"
    assert row["file"] == "tests/test_law.py"
    assert _ROW.match("tests/test_law.py::test_the_solution_scores_everything[pooling]") is None
    assert _ROW.match("tests/test_release.py::test_row[pooling-7-with-x]") is None
