"""While an exercise that forbids them is judged, torch's operators refuse, however they are called."""

import numpy as np
import pytest

from autograder.checks import StudentError
from autograder.course import Exercise, Limits, Returned
from autograder.inside.operator_guard import GROUPS, groups_of, operators
from autograder.kernels import StudentKernel
from autograder.student import Student

CALL_TIMEOUT_S = 60.0
OFF = "this exercise asks you to write it yourself: torch's {} is switched off while it is judged"
CONVOLUTION = OFF.format("convolution")
X = np.arange(2.0 * 3 * 6 * 5, dtype=np.float32).reshape(2, 3, 6, 5) % 7

# What a student prepares in cells, where everything is allowed.
CELLS = """
import ctypes, gc, os, subprocess, sys, threading, time
import numpy as np, torch
import torch.nn.functional as F
from torch import nn
hidden = getattr(__import__("tor" + "ch"), "conv" + "2d")
w = torch.ones(4, 3, 2, 2)
images = torch.ones(2, 3, 6, 5)
module = nn.Conv2d(3, 4, 2)
scripted = torch.jit.script(module)
optimized = torch.jit.optimize_for_inference(torch.jit.trace(module.eval(), images))
static = torch._C._jit_to_static_module(torch.jit.freeze(scripted.eval())._c)
exported = torch.export.export(module, (images,)).module()
import torch.ao.nn.quantized as quantized
quantized_module = quantized.Conv2d(3, 4, 2)
dense = torch.ones(2, 3, 6, 5, requires_grad=True)
early_out = F.conv2d(dense, w)
plain = ([1, 1], [0, 0], [1, 1], False, [0, 0], 1)
settings = ([0, 0], [1, 1], [1, 1], 1)
def in_thread(work):
    results = []
    def run():
        try: results.append(work())
        except BaseException as error: results.append(error)
    thread = threading.Thread(target=run)
    thread.start(); thread.join()
    if isinstance(results[0], BaseException): raise results[0]
    return results[0]
"""
CALLS = {
    "conv1d": "F.conv1d(t[0], w[:, :, 0].new_ones(4, 6, 2))",
    "conv2d": "F.conv2d(t, w)",
    "padding by name": "F.conv2d(t, w, padding='same')",
    "conv3d": "F.conv3d(t[None], t.new_ones(1, 2, 1, 2, 2))",
    "conv_transpose1d": "F.conv_transpose1d(t[0], t.new_ones(6, 2, 2))",
    "conv_transpose2d": "F.conv_transpose2d(t, t.new_ones(3, 2, 2, 2))",
    "conv_transpose3d": "F.conv_transpose3d(t[None], t.new_ones(2, 2, 2, 2, 2))",
    "conv_tbc": "torch.conv_tbc(t[0], t.new_ones(2, 5, 3), t.new_ones(3))",
    "a module": "module(t)",
    "a new module": "nn.LazyConv2d(4, 2)(t)",
    "a name put together": "hidden(t, w)",
    "torch.ops": "torch.ops.aten.convolution(t, w, None, *plain)",
    "what is underneath": "torch.ops.aten._slow_conv2d_forward(t, w, [2, 2], None, [1, 1], [0, 0])",
    "thnn": "torch.ops.aten.thnn_conv2d(t, w, [2, 2])",
    "dilated": "torch.ops.aten.slow_conv_dilated2d(t, w, [2, 2])",
    "transposed": "torch.ops.aten.slow_conv_transpose2d(t, t.new_ones(3, 2, 2, 2), [2, 2])",
    "oneDNN": "torch.ops.aten.mkldnn_convolution(t, w, None, *settings)",
    "oneDNN with an activation": "torch.ops.mkldnn._convolution_pointwise(t, w, None, *settings, 'none', [], '')",
    "oneDNN's layout": "F.conv2d(t.to_mkldnn(), w.to_mkldnn()).to_dense()",
    "without oneDNN": "in_flags(lambda: F.conv2d(t, w))",
    "TorchScript": "scripted(t)",
    "TorchScript for inference": "optimized(t)",
    "a static module": "static(t)",
    "an exported module": "exported(t)",
    "quantized": "quantized_module(torch.quantize_per_tensor(t, 0.1, 0, torch.quint8)).dequantize()",
    "another thread": "in_thread(lambda: F.conv2d(t, w))",
    "float64": "F.conv2d(t.double(), w.double())",
    "bfloat16": "F.conv2d(t.bfloat16(), w.bfloat16())",
    "complex": "F.conv2d(t.to(torch.complex64), w.to(torch.complex64)).real",
    "channels last": "F.conv2d(t.to(memory_format=torch.channels_last), w)",
    "one image": "F.conv2d(t[:1], w)",
    "an image without a batch": "F.conv2d(t[0], w)",
    "depthwise": "F.conv2d(t, t.new_ones(3, 1, 2, 2), groups=3)",
    "with autograd": "F.conv2d(t.requires_grad_(), w)",
    "without autograd": "torch.no_grad()(F.conv2d)(t, w)",
    "inference": "torch.inference_mode()(F.conv2d)(t, w)",
    "vmap": "torch.func.vmap(lambda image: F.conv2d(image, w))(t)",
    "the gradient of x": "nn.grad.conv2d_input(t.shape, w, t.new_ones(2, 4, 5, 4))",
    "the gradient of w": "nn.grad.conv2d_weight(t, w.shape, t.new_ones(2, 4, 5, 4))",
    "a backward pass": "torch.autograd.grad(early_out.sum(), dense, retain_graph=True)[0]",
}
FLAGS = "def in_flags(work):\n    with torch.backends.mkldnn.flags(enabled=False):\n        return work()\n"


class _Line:
    def __init__(self, kernel: StudentKernel) -> None:
        self._kernel = kernel

    def ask(self, request: dict, buffers: list) -> tuple[dict, list]:
        return self._kernel.ask(request, buffers, CALL_TIMEOUT_S)


def _student(kernel: StudentKernel, name: str, *forbids: str) -> Student:
    kinds = (Returned("y", "any"),)
    return Student(_Line(kernel), Exercise(name, 1.0, "code", {name: kinds}, forbids=forbids), {"f": kinds})


def _define(kernel: StudentKernel, source: str) -> None:
    run = kernel.execute(source, CALL_TIMEOUT_S)
    assert run.status == "ok", run.outputs


def _body(source: str) -> str:
    return "def f(x=None):\n" + "".join(f"    {line}\n" for line in source.strip().splitlines())


@pytest.fixture
def kernel():
    with StudentKernel(Limits(memory_mib=2000, call_timeout_s=CALL_TIMEOUT_S)) as kernel:
        _define(kernel, "import numpy as np, torch, torch.nn.functional as F\nw = torch.ones(4, 3, 2, 2)")
        yield kernel


@pytest.fixture(scope="module")
def convolving():
    """One process in which everything that convolves is at hand, as `f(x, name)`."""
    with StudentKernel(Limits(memory_mib=3000)) as kernel:
        _define(kernel, CELLS + FLAGS)
        calls = "".join(f"    if name == {name!r}: return {call}\n" for name, call in CALLS.items())
        _define(kernel, "def f(x, name):\n    t = torch.tensor(x)\n" + calls)
        yield kernel


@pytest.mark.parametrize("name", CALLS)
def test_no_convolution_gets_through(convolving, name):
    free, forbidden = _student(convolving, "free"), _student(convolving, "forbidden", "conv2d")
    assert free.f(X, name).ndim > 0
    with pytest.raises(StudentError) as info:
        forbidden.f(X, name)
    assert CONVOLUTION in str(info.value) or "TorchScript" in str(info.value)
    free.f(X, name)


FAIR = {
    "unfold and matmul": "(torch.matmul(w.reshape(4, -1), F.unfold(torch.tensor(x), 2)).reshape(2, 4, 5, 4)).numpy()",
    "einsum of windows": "torch.einsum('ncijuv,fcuv->nfij', torch.tensor(x).unfold(2, 2, 1).unfold(3, 2, 1), w)",
}


@pytest.mark.parametrize("call", FAIR.values(), ids=FAIR)
def test_what_is_fair_goes_on_working(kernel, call):
    _define(kernel, _body(f"return {call}"))
    expected = _student(kernel, "free").f(X)
    np.testing.assert_array_equal(_student(kernel, "own", "conv2d").f(X), expected)
    _define(kernel, _body("return F.conv2d(torch.tensor(x), w).numpy()"))


def test_torch_stands_for_everything_that_computes(kernel):
    calls = [
        *("t @ t.mT", "t * t", "t.sum()", "F.linear(t, t[0, 0])", "torch.fft.rfft2(t)", "F.unfold(t, 2)"),
        *("F.conv2d(t, w)", "F.max_pool2d(t, 2)", "F.batch_norm(t, None, None, training=True)"),
        *("F.layer_norm(t, (5,))", "F.dropout(t)"),
    ]
    body = "t, names = torch.tensor(x), []\n" + "".join(
        f"try: names.append(({call!r}, {call} is None))\nexcept RuntimeError as e: assert 'switched off' in str(e), e\n"
        for call in calls
    )
    _define(kernel, _body(body + "return [name for name, _ in names]"))
    assert _student(kernel, "numpy", "torch").f(X) == []
    assert _student(kernel, "free").f(X) == calls


def test_numpy_is_not_touched_where_torch_is_off(kernel):
    _define(kernel, _body("return np.einsum('ncij,ncij->n', x, x) + np.fft.fft(np.ones(3)).real[0]"))
    result = _student(kernel, "numpy", "torch").f(X)
    np.testing.assert_allclose(result, (X * X).sum((1, 2, 3)) + 3)


def test_the_error_can_be_read_in_the_feedback(kernel):
    _define(kernel, _body("return F.conv2d(torch.tensor(x), w)"))
    with pytest.raises(StudentError) as info:
        _student(kernel, "own", "conv2d").f(X)
    assert str(info.value) == f"f raised SwitchedOffError: {CONVOLUTION} (line 2: return F.conv2d(torch.tensor(x), w))"


def test_warnings_turned_into_errors_do_no_harm(kernel):
    _define(kernel, "import warnings\nwarnings.simplefilter('error')\n" + _body("return 1"))
    assert _student(kernel, "own", "torch").f(X) == 1


def test_no_kernel_can_be_taken_ahead(kernel):
    """Called by itself, it would not go through the dispatcher."""
    run = kernel.execute("torch.library.get_kernel('aten::_slow_conv2d_forward', 'CPU')", CALL_TIMEOUT_S)
    assert run.outputs[-1].ename == "AttributeError"


OBFUSCATED = """
def add(a, b):
    library = __import__("tor" + "ch")
    return getattr(library, "ad" + "d")(*map(getattr(library, "ten" + "sor"), (a, b)))
"""


def test_a_call_that_no_reader_of_the_code_finds_fails_with_the_reason(lesson):
    add, norm, centre, _ = lesson.grade(lesson.answered(add=OBFUSCATED)).verdict.exercises
    assert all(OFF.format("arithmetic") in test.message for test in add.tests)
    assert (add.score, norm.score, centre.score) == (0, 30, 20)


# No other process answers in this one's place.

HELPER = """
import os, pickle
to_helper, from_helper = os.pipe(), os.pipe()
if os.fork() == 0:
    while True:
        x = np.frombuffer(os.read(to_helper[0], 720), np.float32).reshape(2, 3, 6, 5)
        os.write(from_helper[1], F.conv2d(torch.tensor(x), w).numpy().tobytes())
def f(x):
    os.write(to_helper[1], x.tobytes())
    return np.frombuffer(os.read(from_helper[0], 10000), np.float32)
"""


def _needs_own_processes(kernel: StudentKernel) -> None:
    if "namespaces" not in kernel.layers:
        pytest.skip("without namespaces no process can be started at all")


def test_a_process_that_was_forked_before_answers_nothing(kernel):
    _needs_own_processes(kernel)
    _define(kernel, HELPER)
    assert _student(kernel, "free").f(X).shape == (160,)
    _define(kernel, "os.close(from_helper[1])")
    with pytest.raises(StudentError, match="BrokenPipe|too small|cannot reshape|reshape") as info:
        result = _student(kernel, "own", "conv2d").f(X)
        raise StudentError("f", "Empty", "too small") if not result.size else AssertionError(result)
    assert "AssertionError" not in str(info.value)


def test_what_is_forked_while_judged_has_them_off_too(kernel):
    _needs_own_processes(kernel)
    source = """
import os
reader, writer = os.pipe()
if os.fork() == 0:
    try: F.conv2d(torch.tensor(x), w)
    except RuntimeError: os._exit(7)
    os._exit(0)
return os.waitstatus_to_exitcode(os.wait()[1])
"""
    _define(kernel, _body(source))
    assert _student(kernel, "free").f(X) == 0
    assert _student(kernel, "own", "conv2d").f(X) == 7


def test_no_program_is_started_while_judged(kernel):
    _needs_own_processes(kernel)
    source = (
        "import subprocess, sys\nreturn subprocess.run([sys.executable, '-c', 'import sys; sys.exit(7)']).returncode"
    )
    _define(kernel, _body(source))
    assert _student(kernel, "free").f() == 7
    with pytest.raises(StudentError, match="PermissionError"):
        _student(kernel, "own", "conv2d").f()


def test_no_thread_that_ran_before_can_start_one(kernel):
    _needs_own_processes(kernel)
    source = """
import queue, subprocess, sys, threading
asked, answers = queue.Queue(), queue.Queue()
def serve():
    while asked.get():
        try: answers.put(subprocess.run([sys.executable, '-c', '']).returncode)
        except OSError as error: answers.put(type(error).__name__)
threading.Thread(target=serve, daemon=True).start()
def f():
    asked.put(True)
    return answers.get()
"""
    _define(kernel, source)
    assert _student(kernel, "free").f() == 0
    assert _student(kernel, "own", "conv2d").f() == "PermissionError"


def test_loading_data_with_workers_goes_on_working(kernel):
    _needs_own_processes(kernel)
    body = """
from torch.utils.data import DataLoader
return sum(int(batch.sum()) for batch in DataLoader(list(range(10)), batch_size=4, num_workers=2))
"""
    _define(kernel, _body(body))
    assert _student(kernel, "own", "conv2d").f() == 45


# What a student's code might try in passing.

UNDOING = {
    "the library of Python": "torch.library.Library('aten', 'IMPL').m.reset()",
    "collecting garbage": "gc.collect()",
    "whatever the collector knows": "[o.reset() for o in gc.get_objects() if 'DispatchModule' in type(o).__name__]",
    "importing the grader": "import autograder.inside.operator_guard as guard\nguard.OperatorGuard().switch((), 0)",
    "loaded modules": "sys.modules['autograder.inside.operator_guard'].OperatorGuard().switch((), 0)",
    "patched names": "torch._C._dispatch_library = torch.nn.functional.conv2d = None\nF.conv2d = torch.conv2d",
}


@pytest.mark.parametrize("attempt", UNDOING.values(), ids=UNDOING)
def test_it_is_not_undone_in_passing(kernel, attempt):
    tried = "".join(f"    {line}\n" for line in attempt.splitlines())
    source = f"import gc, sys\ntry:\n{tried}except Exception: pass\nreturn F.conv2d(torch.tensor(x), w)"
    _define(kernel, _body(source))
    with pytest.raises(StudentError, match="switched off"):
        _student(kernel, "own", "conv2d").f(X)


# Names


@pytest.mark.parametrize(
    ("name", "groups"),
    [
        ("torch", tuple(GROUPS)),
        *((name, ("convolution",)) for name in (
            "conv1d", "conv2d", "Conv3d", "LazyConv2d", "ConvTranspose2d", "conv_transpose1d", "conv2d_input",
            "convolution", "_convolution_mode", "_slow_conv2d_forward", "thnn_conv2d", "slow_conv3d", "conv_tbc",
            "slow_conv_dilated2d", "mkldnn_convolution", "convolution_backward",
        )),
        *((name, ("windows",)) for name in ("unfold", "Fold")),
        *((name, ("pooling",)) for name in ("max_pool2d", "AdaptiveAvgPool2d", "LPPool2d", "MaxUnpool2d")),
        *((name, ("normalization",)) for name in ("batch_norm", "BatchNorm2d", "LayerNorm", "group_norm", "RMSNorm")),
        *((name, ("dropout",)) for name in ("dropout", "Dropout2d", "alpha_dropout")),
        *((name, ()) for name in ("sum", "functional", "Tensor", "plots", "convert", "normal", "spool", "matmul")),
    ],
)  # fmt: skip
def test_what_a_forbidden_name_switches_off(name, groups):
    assert groups_of((name,)) == groups


def test_every_group_has_operators_that_this_torch_knows():
    for group in GROUPS:
        assert len(operators(group)) >= 9, group
    assert ("aten", "mkldnn_convolution", "CPU") in operators("convolution")
    assert not any("convert" in name for _, name, _ in operators("convolution"))
