"""What a hidden test sees of a student's function: plain data of the declared kinds, or a reason to read."""

from collections.abc import Callable

import numpy as np
import pytest

from autograder.checks import Mismatch, StudentError, assert_close, assert_equal, raises
from autograder.course import Exercise, Limits, Returned
from autograder.kernels import StudentKernel
from autograder.replay import replay, same_result
from autograder.student import MAX_KEPT_BYTES, Call, Student
from autograder.wire import Handle, WireError

CALL_TIMEOUT_S = 20.0


class _Line:
    """Asks a real process; keeps the last request and reply for tests of the wire itself."""

    def __init__(self, kernel: StudentKernel) -> None:
        self._kernel = kernel

    def ask(self, request: dict, buffers: list) -> tuple[dict, list]:
        return self._kernel.ask(request, buffers, CALL_TIMEOUT_S)


def _exercise(**functions: list[str]) -> Exercise:
    kinds = {name: tuple(Returned(*text.split(": ")) for text in texts) for name, texts in functions.items()}
    return Exercise(next(iter(functions)), 1.0, "code", kinds)


@pytest.fixture(scope="module")
def kernel():
    with StudentKernel(Limits(memory_mib=800)) as kernel:
        kernel.execute("import numpy as np, torch", CALL_TIMEOUT_S)
        yield kernel


@pytest.fixture
def student(kernel) -> Callable[..., Student]:
    """student(source, f=["y: array"]): a proxy for the functions that the source defines."""

    def define(source: str, **functions: list[str]) -> Student:
        run = kernel.execute(source, CALL_TIMEOUT_S)
        assert run.status == "ok", run.outputs
        exercise = _exercise(**functions)
        kernel.ask({"op": "remember", "exercise": exercise.name}, (), CALL_TIMEOUT_S)
        return Student(_Line(kernel), exercise, exercise.functions)

    return define


X = np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])


def test_arrays_go_there_and_come_back(student):
    proxy = student("def f(x, scale=1):\n    return x * scale + 1", f=["y: array"])
    result = proxy.f(X, scale=2)
    assert type(result) is np.ndarray
    np.testing.assert_array_equal(result, 2 * X + 1)


@pytest.mark.parametrize(
    ("returned", "value"),
    [
        ("torch.ones(2, 3)", np.ones((2, 3), np.float32)),
        ("torch.ones(2, requires_grad=True)", np.ones(2, np.float32)),
        ("torch.ones(2, dtype=torch.bfloat16)", np.ones(2, np.float32)),
        ("[[1, 2], [3, 4]]", np.array([[1, 2], [3, 4]])),
        ("np.ones((3, 2)).T[::-1]", np.ones((2, 3))),
        ("np.float32(2)", np.float32(2)),
        ("5", np.array(5)),
        ("np.asfortranarray(np.eye(3))", np.eye(3)),
        ("np.matrix([[1.0]])", np.array([[1.0]])),
    ],
)
def test_what_counts_as_an_array(student, returned, value):
    result = student(f"def f():\n    return {returned}", f=["y: array"]).f()
    assert type(result) is np.ndarray
    np.testing.assert_array_equal(result, value)


@pytest.mark.parametrize(
    ("kind", "returned", "value"),
    [
        ("int", "5", 5),
        ("int", "np.int64(5)", 5),
        ("int", "np.array([5])", 5),
        ("int", "torch.tensor(5)", 5),
        ("int", "-(2 ** 62)", -(2**62)),
        ("float", "5", 5),
        ("float", "2.5", 2.5),
        ("float", "np.float32(2.5)", 2.5),
        ("float", "torch.tensor([[2.5]])", 2.5),
        ("float", "np.longdouble(2.5)", 2.5),
        ("float", "float('inf')", float("inf")),
        ("any", "{'a': [1, (2, None)]}", {"a": [1, (2, None)]}),
        ("any", "'text'", "text"),
    ],
)
def test_numbers_come_back_as_numbers(student, kind, returned, value):
    result = student(f"def f():\n    return {returned}", f=[f"y: {kind}"]).f()
    assert result == value and type(result) is type(value)


WRONG_KINDS = [
    ("array", "None", r"must return y as an array, got None \(is a `return` missing\?\)"),
    ("array", "'text'", "got str text"),
    ("array", "[[1], [2, 3]]", "got list"),
    ("array", "{'y': 1}", "got dict"),
    ("array", "np.array(['a'])", "got an object of type ndarray"),
    ("array", "np.array([None])", "got an object of type ndarray"),
    ("array", "f", "got an object of type function"),
    ("array", "(i for i in range(3))", "got an object of type generator"),
    ("int", "5.0", r"as a whole number \(an int\), got float 5.0"),
    ("int", "True", "got bool True"),
    ("int", "np.array([5, 6])", r"as one number, got an array of shape \(2,\)"),
    ("int", "'5'", "as an int, got str 5"),
    ("int", "10 ** 400", "as an int, got int 100\\.\\.\\."),
    ("float", "None", "as a number, got None"),
    ("float", "True", "as a number, got bool True"),
    ("float", "5 + 0j", "as a number, got"),
    ("float", "np.complex128(5)", "as a number, got complex"),
    ("int", "float('nan')", r"as a whole number \(an int\), got float nan"),
    ("int", "np.float64('nan')", r"as a whole number \(an int\), got float nan"),
    ("int", "float('inf')", "got float inf"),
    ("int", "5 + 0j", "as an int, got an object of type complex"),
    ("int", "np.bool_(True)", "got bool True"),
    ("int", "np.zeros(0, int)", r"as one number, got an array of shape \(0,\)"),
    ("array", "np.zeros(2, [('a', int)])", "got an object of type ndarray"),
    ("float", "[]", "as one number"),
    ("array", "10 ** 5000", "returned what cannot be judged"),
    ("array", "np.ones(9 << 20)", "too large"),
    ("any", "'x' * (9 << 20)", "too large"),
    ("array", "'\\x1b[2J\\ud800'", "got str \ufffd"),
]


@pytest.mark.parametrize(("kind", "returned", "said"), WRONG_KINDS, ids=lambda part: part[:30])
def test_another_kind_of_result_is_named(student, kind, returned, said):
    proxy = student(f"def f():\n    return {returned}", f=[f"y: {kind}"])
    with pytest.raises(Mismatch, match=f"^f .*{said}"):
        proxy.f()


def test_the_number_of_results_is_checked(student):
    kinds = ["dx: array", "dw: array", "cache: handle"]
    with pytest.raises(Mismatch, match=r"f must return 3 values \(dx, dw, cache\), got 2"):
        student("def f():\n    return 1, 2", f=kinds).f()
    with pytest.raises(Mismatch, match=r"f must return \(dx, dw, cache\), got an array of shape \(3,\)"):
        student("def f():\n    return np.ones(3)", f=kinds).f()
    with pytest.raises(Mismatch, match="f must return dw as an array, got None"):
        student("def f():\n    return [1, None, 3]", f=kinds).f()


def test_handles_stay_there_and_can_be_passed_back(student):
    source = "def f(x):\n    return x, {'x': x, 'self': object}\ndef g(cache):\n    return cache['x'] + 1"
    proxy = student(source, f=["y: array", "cache: handle"], g=["y: array"])
    _, cache = proxy.f(X)
    _, other = proxy.f(2 * X)
    assert isinstance(cache, Handle)
    np.testing.assert_array_equal(proxy.g(cache), X + 1)
    np.testing.assert_array_equal(proxy.g(other), 2 * X + 1)


def test_a_handle_is_the_same_object_and_not_a_copy(student):
    source = "def f():\n    return object()\ndef g(a, b):\n    return int(a is b)"
    proxy = student(source, f=["h: handle"], g=["y: int"])
    handle = proxy.f()
    assert proxy.g(handle, handle) == 1
    assert proxy.g(handle, proxy.f()) == 0


def test_an_error_names_function_type_text_and_line(student):
    proxy = student("def f(x):\n    y = x\n    return y[7]", f=["y: array"])
    with pytest.raises(StudentError, match=r"f raised IndexError: .*out of bounds.* \(line 3: return y\[7\]\)") as info:
        proxy.f(X)
    assert info.value.type_name == "IndexError"
    with raises("IndexError"):
        proxy.f(X)
    with pytest.raises(Mismatch, match="should raise ValueError here, but it raised IndexError"), raises("ValueError"):
        proxy.f(X)
    fine = student("def g():\n    return 1", g=["y: int"])
    with pytest.raises(Mismatch, match="should raise ValueError, but it returned"), raises("ValueError"):
        fine.g()


def test_an_error_carries_no_input_out(student):
    source = "def f(x):\n    raise type('E' + ''.join(map(str, x.ravel())), (ValueError,), {})(repr(x * np.pi))"
    with pytest.raises(StudentError) as info:
        student(source, f=["y: array"]).f(np.arange(60.0))
    text = str(info.value)
    assert len(text) < 450 and "\n" not in text
    assert "3.14159" not in text and sum(character.isdigit() for character in text) < 60
    wordy = student("def g(x):\n    return repr(x * np.pi)", g=["y: array"])
    with pytest.raises(Mismatch, match="got str") as info:
        wordy.g(np.arange(60.0))
    assert "3.14159" not in str(info.value)


def test_a_missing_function_is_a_name_error(student):
    with pytest.raises(StudentError, match="missing raised NameError: missing is not defined"):
        student("x = 1", missing=["y: array"]).missing(X)


def test_a_name_that_is_no_function(student):
    with pytest.raises(StudentError, match="not callable"):
        student("f = 3", f=["y: array"]).f()


def test_a_function_that_the_assignment_does_not_declare_is_the_test_s_own_fault(student):
    with pytest.raises(AttributeError, match="declares no function 'g'"):
        student("def f(): pass", f=["y: array"]).g()


def test_changed_inputs_are_told(student):
    source = "def f(a, b, c=None):\n    b[0] = 7\n    return a"
    proxy = student(source, f=["y: array"])
    proxy.f(X.copy(), X.copy())
    with proxy.unchanged(), pytest.raises(Mismatch, match="f changed its input: argument 2 is no longer"):
        proxy.f(X.copy(), X.copy())
    with proxy.unchanged(), pytest.raises(Mismatch):
        proxy.f(X.copy(), b=X.copy())
    assert proxy.calls[0].changed == (False, True)
    kept = student("def g(a):\n    a = a + 1\n    return a", g=["y: array"])
    with kept.unchanged():
        kept.g(np.array([np.nan, 1.0]))


@pytest.mark.parametrize("change", ["a[0] = 7", "a.shape = (3, 2)", "a.dtype = np.int64", "a *= -0.0"])
def test_changed_inputs_are_told_though_numpy_was_patched(student, change):
    source = (
        f"old = np.array_equal, np.copy, np.asarray\nnp.array_equal = lambda *a, **k: True\ndef f(a):\n    {change}"
    )
    try:
        proxy = student(source, f=["y: any"])
        with proxy.unchanged(), pytest.raises(Mismatch, match="f changed its input: argument 1"):
            proxy.f(X.copy())
    finally:
        student("np.array_equal = old[0]", f=["y: any"])


def test_the_caller_s_own_arrays_never_change(student):
    mine = X.copy()
    student("def f(a):\n    a[:] = 0\n    return a", f=["y: array"]).f(mine)
    np.testing.assert_array_equal(mine, X)


def test_steps_grow_with_loops_and_not_with_whole_array_code(student):
    source = """
def loop(x):
    total = 0.0
    for value in x:
        total += value
    return total
def whole(x):
    return x.sum()
def inner(x):
    return sum(value for value in x)
def mapped(x):
    return sum(map(lambda value: value, x))
"""
    proxy = student(source, loop=["y: float"], whole=["y: float"], inner=["y: float"], mapped=["y: float"])
    small, large = np.ones(10), np.ones(1000)
    for name in ("loop", "inner", "mapped"):
        assert proxy.count_steps(name, large) > 20 * proxy.count_steps(name, small)
    assert proxy.count_steps("whole", large) == proxy.count_steps("whole", small)
    assert proxy.count_steps("loop", large) == proxy.count_steps("loop", large)


def test_steps_are_counted_though_the_trace_function_was_replaced(student):
    source = "import sys\nold = sys.settrace\nsys.settrace = lambda f: None\ndef f(x):\n    return [v for v in x]"
    try:
        proxy = student(source, f=["y: array"])
        assert proxy.count_steps("f", np.ones(100)) > 100
    finally:
        student("sys.settrace = old", f=["y: array"])


SQUARE = """
class Square(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, n):
        ctx.save_for_backward(x)
        return x * x
    @staticmethod
    def backward(ctx, dout):
        return 2 * ctx.saved_tensors[0] * dout, None
"""


def test_gradients_of_an_autograd_function(student):
    proxy = student(SQUARE, Square=["y: array"])
    out, gradients = proxy.apply_with_gradients("Square", X, 3, upstream=np.full_like(X, 0.5))
    np.testing.assert_array_equal(out, X * X)
    np.testing.assert_array_equal(gradients[0], X)
    assert gradients[1] is None


@pytest.mark.parametrize(
    ("source", "said"),
    [
        (SQUARE.replace("Square", "A").replace("return x * x", "return None"), "A raised"),
        (SQUARE.replace("Square", "A").replace(", None\n", "\n"), "A raised RuntimeError"),
        ("class A:\n    pass", "A raised AttributeError"),
        ("class A:\n    apply = lambda *a: torch.ones(3)", "A raised RuntimeError"),
    ],
)
def test_a_wrong_autograd_function_gives_a_reason(student, source, said):
    proxy = student(source, A=["y: array"])
    with pytest.raises(StudentError, match=said):
        proxy.apply_with_gradients("A", X, 3, upstream=X)


def test_calls_are_kept_as_they_were_made(student):
    source = "def f(x):\n    x[:] = 0\n    return x\ndef g():\n    raise KeyError"
    proxy = student(source, f=["y: array"], g=["y: array"])
    proxy.f(X)
    with pytest.raises(StudentError):
        proxy.g()
    first, second = proxy.calls
    assert (first.op, first.function) == ("call", "f")
    np.testing.assert_array_equal(first.args[0], X)
    np.testing.assert_array_equal(first.result, 0 * X)
    assert (second.error, second.result) == ("KeyError", None)


def test_large_results_are_not_kept(student):
    proxy = student(f"def f():\n    return np.ones({MAX_KEPT_BYTES // 8 + 1})", f=["y: array"])
    assert proxy.f().nbytes > MAX_KEPT_BYTES
    assert proxy.calls[0].result is None


@pytest.mark.parametrize("returned", ["'x' * (5 << 20)", "[0] * 150_000", "{str(i): 'x' * 60 for i in range(90_000)}"])
def test_large_results_of_other_kinds_are_not_kept(student, returned):
    proxy = student(f"def f():\n    return {returned}", f=["y: any"])
    assert len(proxy.f()) >= 90_000
    assert proxy.calls[0].result is None


# What a function writes into a dict that it is given is there for the test to see, as in any Python.


@pytest.mark.parametrize(
    ("statement", "kept"),
    [
        ("d['mean'] = d['mean'] + 1", [1.0, 2.0]),
        ("d['mean'] += 1", [1.0, 2.0]),
        ("d['mean'] = torch.ones(2) * d['mean'][0] + torch.tensor([1.0, 2.0])", [1.0, 2.0]),
        ("d.clear(); d['mean'] = [1.0, 2.0]", [1.0, 2.0]),
    ],
)
def test_what_is_written_into_a_dict_comes_back(student, statement, kept):
    proxy = student(f"def f(x, d):\n    {statement}\n    return x", f=["y: array"])
    given = {"mean": np.array([0.0, 1.0]) if "torch" not in statement else np.zeros(2), "mode": "train"}
    proxy.f(X, given)
    np.testing.assert_allclose(given["mean"], kept)
    assert ("mode" in given) == ("clear" not in statement)
    assert proxy.calls[0].args[1]["mean"].tolist() != kept, "the record holds what was passed in"


def test_a_dict_can_be_named_and_may_hold_what_cannot_be_sent(student):
    proxy = student("def f(d):\n    d['self'] = f\n    d['n'] = 2\n    return 1", f=["y: int"])
    given: dict = {}
    proxy.f(d=given)
    assert given["n"] == 2 and given["self"].type_name == "function"


@pytest.mark.parametrize(
    ("statement", "reason"), [("d[1] = 2", "keys that are no text"), ("d['d'] = d", "nested more than 16 deep")]
)
def test_a_dict_that_cannot_be_sent_back_is_a_fault(student, statement, reason):
    with pytest.raises(Mismatch, match=reason):
        student(f"def f(d):\n    {statement}\n    return 1", f=["y: int"]).f({})


def test_a_function_that_is_returned_can_be_called(student):
    source = "def f(scale):\n    def g(x):\n        x *= scale\n        return x\n    return g, abs"
    proxy = student(source, f=["g: handle", "h: handle"])
    double, absolute = proxy.f(2)
    np.testing.assert_array_equal(proxy.call(double, X), 2 * X)
    np.testing.assert_array_equal(proxy.call(absolute, -X), X)
    with proxy.unchanged(), pytest.raises(Mismatch, match="f changed its input"):
        proxy.call(double, X)
    with pytest.raises(Mismatch, match="must return y as one number"):
        proxy.call(absolute, -X, returns="y: float")
    namespace: dict = {}
    exec(source.replace("scale\n", "scale + 1\n"), namespace)
    again = replay(tuple(proxy.calls), namespace)
    alike = [same_result(call, replayed) for call, replayed in zip(proxy.calls, again, strict=True)]
    assert alike == [True, False, True, False, True]


def test_what_a_wrong_answer_warns_of_in_a_replay_disturbs_nobody(recwarn):
    namespace: dict = {"np": np}
    exec("def f(x):\n    return np.var(x, ddof=1)", namespace)
    call = Call("call", "f", (np.ones(1),), {})
    assert np.isnan(replay((call,), namespace)[0].result)
    assert not recwarn.list


# A process that lies about everything harms its own answers alone.


class _Lying:
    def __init__(self, reply: dict) -> None:
        self._reply = reply

    def ask(self, request: dict, buffers: list) -> tuple[dict, list]:
        return self._reply, []


@pytest.mark.parametrize(
    "reply",
    [
        {},
        {"error": None},
        {"error": "text"},
        {"error": {"type": "E"}},
        {"error": {"type": ["E"], "kinds": [], "text": "t", "line": ""}},
        {"error": {"type": "E", "kinds": 3, "text": "t", "line": ""}},
        {"unsendable": 3},
        {"value": 1},
        {"value": 1, "changed": 3},
        {"value": 1, "changed": ["yes"]},
        {"value": 1, "changed": [False] * 1000},
        {"value": 1, "changed": {"0": True}},
        {"value": [1], "changed": []},
        {"value": {"t": "array", "dtype": "<f8", "shape": [1], "buffer": 0}, "changed": []},
    ],
    ids=str,
)
def test_a_malformed_reply_is_a_wire_error(reply):
    exercise = _exercise(f=["y: int"])
    with pytest.raises(WireError):
        Student(_Lying(reply), exercise, exercise.functions).f()


@pytest.mark.parametrize("steps", [0, -5, 1.5, None, "many", {"t": "list", "items": []}])
def test_impossible_numbers_of_steps_do_not_count(steps):
    exercise = _exercise(f=["y: int"])
    with pytest.raises(Mismatch):
        Student(_Lying({"value": steps}), exercise, exercise.functions).count_steps("f")


@pytest.mark.parametrize("value", [1, {"t": "tuple", "items": [1]}, {"t": "tuple", "items": [1, 2]}, None])
def test_impossible_gradients_do_not_count(value):
    exercise = _exercise(f=["y: array"])
    with pytest.raises(Mismatch):
        Student(_Lying({"value": value}), exercise, exercise.functions).apply_with_gradients("f", X, upstream=X)


def test_an_error_s_text_is_safe_to_show():
    exercise = _exercise(f=["y: int"])
    reply = {"error": {"type": "\x1b[31m" * 100, "kinds": [], "text": "\ud800" * 10_000, "line": "\x00"}}
    with pytest.raises(StudentError) as info:
        Student(_Lying(reply), exercise, exercise.functions).f()
    text = str(info.value)
    assert "\x1b" not in text and len(text.encode()) < 10_000


# What the tests compare with


def test_close_means_shape_and_values():
    assert_close([1.0, 2.0], np.array([1, 2 + 1e-6], np.float32), "y")
    with pytest.raises(Mismatch, match=r"y has the wrong shape: expected \(2,\), got \(1, 2\)"):
        assert_close([[1.0, 2.0]], [1.0, 2.0], "y")
    with pytest.raises(Mismatch, match=r"y\[1, 0\] should be 4, got 5 \(1 of 6 entries differ\)"):
        assert_close(X + np.eye(2, 3, k=-1), X, "y")
    with pytest.raises(Mismatch, match=r"y should be 2, got 3"):
        assert_close(3.0, 2.0, "y")


@pytest.mark.parametrize("actual", [np.nan, np.inf, -np.inf, 1 + 1j])
def test_nothing_strange_is_close_to_a_number(actual):
    with pytest.raises(Mismatch):
        assert_close(np.array([actual]), np.array([1.0]), "y")
    with pytest.raises(Mismatch):
        assert_close(np.array([np.nan]), np.array([np.nan]), "y")


@pytest.mark.parametrize("actual", ["text", None, Handle(1), [Handle(1)], np.array([None]), {}, [[1], [2, 3]], b"1"])
def test_what_is_no_number_is_close_to_nothing(actual):
    with pytest.raises(Mismatch, match="y "):
        assert_close(actual, np.array([1.0]), "y")


def test_small_entries_beside_large_ones_need_not_agree_to_the_last_digit():
    assert_close(np.array([1e6, 1e-3]), np.array([1e6, 2e-3]), "y")
    with pytest.raises(Mismatch):
        assert_close(np.array([1.0, 1e-3]), np.array([1.0, 2e-3]), "y")


@pytest.mark.parametrize(("actual", "expected"), [(1, 2), ((1, 2), (1, 3)), (None, 1), ("1", 1), ([1], (1,))])
def test_unequal_values_are_a_mismatch(actual, expected):
    assert_equal(expected, expected, "y")
    with pytest.raises(Mismatch, match="y should be"):
        assert_equal(actual, expected, "y")


@pytest.mark.parametrize("actual", [np.array([1, 1]), np.array([1]), (np.array([1, 1]),)])
def test_an_array_equals_no_number_whatever_its_comparison_says(actual):
    with pytest.raises(Mismatch):
        assert_equal(actual, 1, "y")
    with pytest.raises(Mismatch):
        assert_equal(actual, (1,), "y")
