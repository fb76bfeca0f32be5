"""A wrong answer that nobody listed still tells the student what kind of wrong it is."""

from pathlib import Path

import nbformat
import pytest

from autograder import proofs, samples
from autograder.answers import load_wrong, wrong
from autograder.course import load_course
from autograder.grading import grade
from autograder.student_edition import student_edition

COURSE = load_course(Path(__file__).parent.parent)
ASSIGNMENT = COURSE.assignment("convolution")

# (exercise, a change after the reference has computed its result, what the hint must say)
UNLISTED = [
    ("conv_forward_naive", "out = out.transpose(1, 0, 2, 3)", "The axes are in another order"),
    ("conv_forward_naive", "out = 3 * out", "Every entry is 3 times what it should be"),
    ("conv_forward_naive", "out = out + 0.125", "Every entry is off by 0.125"),
    ("conv_forward_naive", "out = out * 0", "Every entry is zero"),
    ("conv_forward_naive", "out = out / 0", "not finite"),
    ("conv_forward_naive", "out = np.concatenate([out, out[..., -1:]], axis=3)", "one too long"),
    ("conv_forward_naive", "out[:, :, 0] += np.arange(out.shape[3]) + 1", "Along axis 2 only the places 0 are wrong"),
    ("conv_forward_naive", "out = out + (stride > 1) * np.arange(out.size).reshape(out.shape)", "only with a stride"),
    ("conv_forward_naive", "out = out + (pad > 0) * np.arange(out.size).reshape(out.shape)", "only with padding"),
    ("conv_forward_naive", "x *= 2", "changes an array that was passed in"),
    ("conv_forward_naive", "out = [row for row in range(10**9)][-1] if pad > 10**6 else undefined", "A name is used"),
    ("conv_forward_naive", "out[10**6]", "An index runs past the end"),
]


@pytest.mark.parametrize(("exercise", "change", "said"), UNLISTED, ids=[change for _, change, _ in UNLISTED])
def test_the_kind_of_mistake_is_described(exercise, change, said, tmp_path):
    computed = "    cache = (x, w, conv_param)\n"
    mistake = wrong(exercise, "unlisted", hint="", edits={computed: f"{computed}    {change}\n"})
    path = tmp_path / "convolution.ipynb"
    nbformat.write(samples.solved(ASSIGNMENT, mistake), path)
    verdict = grade(path, ASSIGNMENT, student_edition(COURSE, "convolution")).verdict
    own = next(e for e in verdict.exercises if e.name == exercise)
    hints = {test.hint for test in own.tests if test.status != "passed"}
    assert any(said in hint for hint in hints), hints
    assert not any(test.misconception for test in own.tests)


def test_what_counts_nothing_although_it_is_right_gets_no_hint():
    """At p = 0 this answer is right, as one that does nothing is: there it does not show that the modes are swapped."""
    dropout = COURSE.assignment("dropout")
    swapped = next(a for a in load_wrong(dropout.folder) if (a.exercise, a.name) == ("drop_path", "training_swapped"))
    verdict = proofs.grade_notebook(COURSE, dropout, samples.solved(dropout, swapped))
    tests = {test.name: test for exercise in verdict.exercises for test in exercise.tests}
    assert "does nothing, too" in tests["test_the_ends[0.0]"].message
    assert tests["test_the_ends[0.0]"].hint == ""
    assert tests["test_scale"].misconception == "training_swapped"
