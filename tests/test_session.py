"""A notebook's life in its process: what one cell or call breaks costs itself and nothing else."""

import copy
import time

import numpy as np
import pytest

from autograder import kernels
from autograder.session import Session, Stopped
from autograder.wire import decode, encode

RIGHT = {"add": 40, "norm": 30, "centre": 20, "reason": 10}
SWALLOW = "import time\nwhile True:\n    try:\n        time.sleep(1)\n    except BaseException: pass"


@pytest.fixture(autouse=True)
def short_grace(monkeypatch):
    monkeypatch.setattr(kernels, "INTERRUPT_GRACE_S", 0.5)


@pytest.fixture
def document(lesson) -> dict:
    return lesson.answered()


@pytest.fixture
def started(lesson):
    """started(document): a session that has run it."""
    sessions = []

    def start(document: dict) -> Session:
        data = {name: lesson.assignment.folder / name for name in lesson.assignment.data}
        session = Session(lesson.read(document), lesson.assignment, (lesson.edition,), data)
        sessions.append(session)
        session.run()
        return session

    yield start
    for session in sessions:
        session.__exit__()


def _ask(session: Session, function: str, *args: object, exercise: str = "add"):
    buffers = []
    request = {"op": "call", "exercise": exercise, "function": function, "kwargs": {}, "kinds": ["any"]}
    reply, received = session.ask(request | {"args": [encode(value, buffers) for value in args]}, buffers)
    return decode(reply["value"], received) if "value" in reply else reply["error"]["type"]


def _add_cell(lesson, document: dict, source: str, before: str) -> None:
    place = next(index for index, cell in enumerate(document["cells"]) if cell["id"] == before)
    document["cells"].insert(place, lesson.added(source))


def test_a_right_notebook_scores_everything_and_has_nothing_to_note(lesson, document):
    graded = lesson.grade(document)
    assert {e.name: e.score for e in graded.verdict.exercises} == RIGHT
    assert graded.verdict.run.notes == () and graded.verdict.run.problem is None
    assert "seccomp" in graded.verdict.run.isolation


def test_outputs_belong_to_their_cells(lesson, document):
    _add_cell(lesson, document, "print('mine', add(1, 2))", "norm-answer")
    graded = lesson.grade(document)
    place = next(i for i, cell in enumerate(graded.submission.cells) if cell.role == "added")
    assert graded.outputs[place][0].text == "mine 3\n"


def test_data_and_student_edition_are_there(lesson, document):
    _add_cell(lesson, document, "print(open('data/table.csv').read(), course_lib.given)", "norm-answer")
    (output,) = (output for outputs in lesson.grade(document).outputs.values() for output in outputs)
    assert output.text == "1,2\n student edition\n"


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("import os; os._exit(1)", "its cell ended the whole Python process"),
        ("1 / 0\ndef add(a, b): return a + b", "add is not defined: its cell raised ZeroDivisionError"),
        ("while True: pass\ndef add(a, b): return a + b", "its cell was interrupted after 2 s"),
        ("add = 5", "not callable"),
    ],
)
def test_an_answer_s_cell_that_fails_costs_what_it_did_not_define(lesson, source, said):
    graded = lesson.grade(lesson.answered(add=source))
    scores = {e.name: e.score for e in graded.verdict.exercises}
    assert scores == RIGHT | ({"add": 0} if said else {})
    if said:
        assert said in graded.verdict.exercises[0].tests[0].message


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("while True: pass", "the call took longer than 2 s: is there a loop that never ends?"),
        ("import os; os._exit(1)", "the call ended the whole Python process"),
        (SWALLOW.replace("\n", "\n    "), "the call took longer than 2 s"),
        ("import os; os.write(3, b'garbage' * 9); return 1.0", "the answer could not be read"),
        ("return bytearray(4 << 30)", "norm raised MemoryError"),
        ("print('x' * 10_000_000); import warnings; warnings.warn('careful'); return np.linalg.norm(x)", None),
    ],
)
def test_a_call_that_fails_costs_its_own_exercise(lesson, body, said):
    graded = lesson.grade(lesson.answered(norm=f"def norm(x):\n    {body}"))
    assert {e.name: e.score for e in graded.verdict.exercises} == RIGHT | ({"norm": 0} if said else {})
    if said:
        assert all(said in test.message for test in graded.verdict.exercises[1].tests)


def test_an_exercise_whose_call_was_deadly_is_not_asked_again(lesson, started):
    session = started(lesson.answered(add="import os\ndef add(a, b):\n    os._exit(1)"))
    for _ in range(3):
        with pytest.raises(Stopped, match="ended the whole Python process"):
            _ask(session, "add", 1, 2)
    x = np.array([3.0, 4.0])
    assert _ask(session, "norm", x, exercise="norm") == 5


def test_restarts_are_bounded(lesson, document, monkeypatch):
    monkeypatch.setattr("autograder.session.MAX_RESTARTS", 2)
    for number in range(4):
        _add_cell(lesson, document, f"import os; os._exit({number})", "norm-answer")
    verdict = lesson.grade(document).verdict
    assert verdict.score == 0
    assert verdict.run.problem == "the notebook ended its own process again and again"


def test_restarts_within_the_bound_cost_nothing(lesson, document):
    for number in range(4):
        _add_cell(lesson, document, f"import os; os._exit({number})", "norm-answer")
    assert lesson.scores(document) == RIGHT


def test_slow_cells_are_not_waited_for_twice(lesson, document):
    for number in range(2):
        _add_cell(lesson, document, f"while True: n = {number}", "norm-answer")
    _add_cell(lesson, document, "import os; os._exit(1)", "norm-answer")
    started = time.monotonic()
    assert lesson.scores(document) == RIGHT
    assert time.monotonic() - started < 11  # twice 2 s, then twice 1 s; 8 s and more otherwise


def test_answers_are_run_though_other_cells_used_up_the_time(lesson, document, monkeypatch):
    for number in range(3):
        _add_cell(lesson, document, f"import time; time.sleep(1.{number})", "norm-answer")
    limits = copy.copy(lesson.assignment.limits)
    object.__setattr__(limits, "notebook_timeout_s", 1.5)
    assignment = lesson.assignment
    object.__setattr__(assignment, "limits", limits)
    with Session(lesson.read(document), assignment, (lesson.edition,)) as session:
        session.run()
        assert _ask(session, "norm", np.array([3.0, 4.0]), exercise="norm") == 5
        assert "was not run: the notebook had used up its 1.5 s" in session.notes[-1]


def test_all_calls_together_are_bounded(lesson, started):
    session = started(lesson.answered(add="import time\ndef add(a, b):\n    time.sleep(1)\n    return a + b"))
    object.__setattr__(session.assignment, "limits", copy.copy(session.assignment.limits))
    object.__setattr__(session.assignment.limits, "notebook_timeout_s", 0.5)
    assert _ask(session, "add", 1, 2) == 3
    with pytest.raises(Stopped, match="all calls together took longer than 0.5 s"):
        _ask(session, "add", 1, 2)


def test_junk_imports_cost_nothing(lesson, document):
    junk = (
        "from no_such_module import everything",
        "import numpy as np, no_such_module as n",
        "from numpy import no_such_name",
        "import course_lib.numpy_ops.convolution",
    )
    for line in junk:
        _add_cell(lesson, document, line, "norm-answer")
    lesson.cell(document, "add")["source"] = "import no_such_module\ndef add(a, b):\n    return a + b"
    graded = lesson.grade(document)
    assert {e.name: e.score for e in graded.verdict.exercises} == RIGHT
    assert graded.verdict.run.notes[0] == "in the answer to add an import failed: No module named 'no_such_module'"
    assert len(graded.verdict.run.notes) == 5


def test_a_junk_import_that_is_needed_costs_what_needs_it(lesson):
    source = "from no_such_module import plus\ndef add(a, b):\n    return plus(a, b)"
    graded = lesson.grade(lesson.answered(add=source))
    assert {e.name: e.score for e in graded.verdict.exercises} == RIGHT | {"add": 0}
    assert "NameError" in graded.verdict.exercises[0].tests[0].message


NOISE = (
    "import sys; print('note', file=sys.stderr)",
    "import warnings; warnings.warn('deprecated')",
    "print('x' * 5_000_000)",
    "import logging; logging.error('oh')",
    "import os; os.system('echo loud; echo louder >&2')",
    "!echo loud",
    "%matplotlib inline",
    "import matplotlib.pyplot as plt; plt.plot([1, 2])",
    "import threading; threading.Timer(0.1, print, ['late']).start()",
    "import atexit; atexit.register(print, 'bye')",
    "np.seterr(all='raise')",
    "import random; random.seed(0); np.random.seed(0)",
)


def test_noise_costs_nothing_and_is_no_fault(lesson):
    noise = "\n".join(NOISE)
    document = lesson.answered(add=f"{noise}\ndef add(a, b):\n    {NOISE[0]}\n    {NOISE[1]}\n    return a + b")
    for line in NOISE:
        _add_cell(lesson, document, line, "norm-answer")
    graded = lesson.grade(document)
    assert {e.name: e.score for e in graded.verdict.exercises} == RIGHT
    assert graded.verdict.run.notes == ()


def test_each_exercise_is_judged_with_the_names_as_of_its_own_check(lesson, document):
    lesson.cell(document, "add")["source"] = "def helper(a):\n    return a\ndef add(a, b):\n    return helper(a) + b"
    lesson.cell(document, "norm")["source"] = (
        "def helper(a):\n    return (a * a).sum()\nadd = None\ndef norm(x):\n    return float(np.sqrt(helper(x)))"
    )
    document["cells"].append(lesson.added("helper = norm = np = None"))
    assert lesson.scores(document) == RIGHT


def test_a_helper_may_stand_below(lesson, document):
    lesson.cell(document, "add")["source"] = "def add(a, b):\n    return later(a, b)"
    document["cells"].append(lesson.added("def later(a, b):\n    return a + b"))
    assert lesson.scores(document) == RIGHT


def test_an_answer_in_a_new_cell_below_the_stub_counts(lesson):
    document = lesson.released()
    _add_cell(lesson, document, "def add(a, b):\n    return a + b", "add-check")
    document["cells"].append(lesson.added("def add(a, b):\n    return None"))
    assert lesson.scores(document)["add"] == 40


def test_an_answer_at_the_very_end_counts_where_the_stub_was_left(lesson):
    document = lesson.released()
    document["cells"].append(lesson.added("def add(a, b):\n    return a + b"))
    scores = lesson.scores(document)
    assert scores == dict.fromkeys(RIGHT, 0) | {"add": 40}


def test_a_second_try_further_down_does_not_replace_an_answer(lesson, document):
    document["cells"].append(lesson.added("def add(a, b):\n    return None"))
    assert lesson.scores(document) == RIGHT


@pytest.mark.parametrize(
    ("answer", "helper"),
    [
        ("import torch\ndef add(a, b):\n    return (torch.tensor(a) + torch.tensor(b)).numpy()", "x = 1"),
        ("def add(a, b):\n    return plus(a, b)", "import torch\nplus = lambda a, b: (torch.tensor(a) + b).numpy()"),
        (None, "import torch\ndef add(a, b):\n    return (torch.tensor(a) + torch.tensor(b)).numpy()"),
    ],
)
def test_a_forbidden_name_is_found_wherever_the_answer_hides_it(lesson, document, answer, helper):
    lesson.cell(document, "add")["source"] = answer or lesson.cell(lesson.released(), "add")["source"]
    _add_cell(lesson, document, helper, "add-check")
    graded = lesson.grade(document)
    assert {e.name: e.score for e in graded.verdict.exercises} == RIGHT | {"add": 0}
    assert "the answer uses `torch`" in graded.verdict.exercises[0].tests[0].message


def test_an_experiment_with_a_forbidden_name_costs_nothing(lesson, document):
    _add_cell(lesson, document, "import torch\nassert torch.tensor(add(1, 2)) == 3", "norm-answer")
    assert lesson.scores(document) == RIGHT


CHEATS = {
    "array equal to all": """
class Always(np.ndarray):
    def __eq__(self, other): return True
def add(a, b): return np.zeros(1).view(Always)""",
    "object equal to all": """
class Always:
    __eq__ = __le__ = lambda self, other: True
    def __array__(self, *a, **k): return now
def add(a, b): return Always()""",
    "comparisons patched": """
import numpy.testing
np.isclose = np.allclose = numpy.testing.assert_allclose = lambda *a, **k: True
def add(a, b): return a""",
    "no pytest": """
import sys
sys.modules["pytest"] = None
def add(a, b): return a""",
    "server patched": """
import autograder.inside.answering
autograder.inside.answering.Server._call = lambda *a: {"value": True, "changed": []}
def add(a, b): return a""",
    "encoding patched": """
import autograder.inside.answering
autograder.inside.answering.encode = lambda *a: {"passed": True, "score": 100}
def add(a, b): return a""",
    "a failed assertion": "def add(a, b): raise AssertionError",
    "frames changed": """
import inspect
def add(a, b):
    for frame in inspect.stack():
        frame.frame.f_locals.update(changed=[], result=1)
    return a""",
    "shell patched": """
get_ipython().run_cell = lambda *a, **k: None
def add(a, b): return a""",
    "builtins patched": """
import builtins
builtins.isinstance = lambda *a: True
def add(a, b): return a""",
    "JSON patched": """
import json
json.dumps = lambda *a, **k: '{"n": 1, "value": true}'
def add(a, b): return a""",
    "sockets closed": """
import gc, socket
[thing.close() for thing in gc.get_objects() if type(thing) is socket.socket]
def add(a, b): return a""",
    "nan": "def add(a, b): return np.full_like(a, np.nan)",
    "a huge shape": "def add(a, b): return np.broadcast_to(a, (1 << 18, *a.shape))",
    "tracing": """
import sys
sys.settrace(print)
def add(a, b): return a""",
}


@pytest.mark.parametrize("source", CHEATS.values(), ids=CHEATS)
def test_cheats_earn_nothing_and_break_nothing(lesson, source):
    verdict = lesson.grade(lesson.answered(add=source)).verdict
    assert verdict.exercises[0].score == 0
    assert verdict.score <= 60


def test_messages_of_the_student_s_making_are_safe_to_show(lesson):
    text = "'\\ud800 \\x1b[2J \\u202e <script>' + 'x' * 100_000"
    source = f"def add(a, b):\n    raise ValueError({text})\nraise KeyError({text})"
    graded = lesson.grade(lesson.answered(add=source))
    text = graded.verdict.to_json()
    assert len(text) < 30_000
    for letter in ("\x1b", "\\u001b", "\u202e", "\ud800"):
        assert letter not in text
