"""The fused kernels: through Triton's interpreter on the CPU, and through its compiler; and who gets to use them."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from torch import Tensor

from course_lib.torch_ops import activations, dropout, normalization, pooling
from course_lib.torch_ops.fused import choice

HERE = Path(__file__).parent
CONTRACTS = {  # what runs in seconds though the interpreter is slow
    "pooling": "by_hand or tie or padding_never or nan or float32 or empty or layout or not_modified or border",
    "normalization": "by_hand or eps or running or ten_thousand or single_value or not_modified or layout or empty",
    "dropout": "same_mask or test_mode or zero_and_one or dtype_stays or empty",
    "activations": "by_hand or a_thousand or small_numbers or not_modified",
}
interpreted = os.environ.get("TRITON_INTERPRET") == "1"


@pytest.mark.skipif(interpreted, reason="these tests are running through the interpreter")
def test_the_kernels_keep_the_operators_contracts():
    pytest.importorskip("triton", reason="Triton is not installed")
    files = [HERE / "test_fused_kernels.py", *(HERE / f"test_{family}.py" for family in CONTRACTS)]
    chosen = " or ".join(
        ["test_fused_kernels", *(f"(test_{family} and torch and ({names}))" for family, names in CONTRACTS.items())]
    )
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:xdist", "-p", "no:cacheprovider", "-k"]
    done = subprocess.run(
        [*command, f"({chosen}) and not cuda", *files],
        env=os.environ | {"TRITON_INTERPRET": "1"},
        cwd=HERE.parents[1],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]


# Who gets to use them


def test_on_the_cpu_plain_pytorch_computes(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(choice, "INTERPRETED", False)
    assert choice.kernels_for("pooling", torch.ones(2)) is None


def test_kernels_take_what_they_can_and_no_more(monkeypatch: pytest.MonkeyPatch):
    pytest.importorskip("triton", reason="Triton is not installed")
    monkeypatch.setattr(choice, "INTERPRETED", True)
    recorded = torch.ones(2, requires_grad=True)
    assert choice.kernels_for("pooling", torch.ones(2)).__name__ == "course_lib.torch_ops.fused.pooling"
    assert choice.kernels_for("pooling", torch.ones(2), recorded) is None  # a kernel has no derivative
    with torch.no_grad():
        assert choice.kernels_for("pooling", recorded)
    assert choice.kernels_for("pooling", torch.ones(0)) is None
    monkeypatch.setattr(choice, "_triton_is_installed", lambda: False)
    assert choice.kernels_for("pooling", torch.ones(2)) is None


# Through the compiler, which needs no GPU


class Compiled:
    """Launches that only compile, for one architecture; names of what was compiled."""

    def __init__(self, capability: int) -> None:
        self.capability, self.names = capability, set()

    def __call__(self, kernel, *args, grid, warmup, **kwargs) -> None:
        import triton
        from triton.backends.compiler import GPUTarget
        from triton.compiler import ASTSource

        options = {"num_warps": kwargs.pop("num_warps", 4)}
        values = kernel.signature.bind(*args, **kwargs).arguments
        fixed = {parameter.name for parameter in kernel.params if parameter.is_constexpr}
        fixed |= {name for name, value in values.items() if isinstance(value, int) and value == 1}  # as a launch does
        types = {name: "constexpr" if name in fixed else _type(value) for name, value in values.items()}
        source = ASTSource(kernel, types, {name: values[name] for name in fixed})
        assert triton.compile(source, target=GPUTarget("cuda", self.capability, 32), options=options).asm["cubin"]
        self.names.add(f"{kernel.fn.__module__.rpartition('.')[2]}.{kernel.fn.__name__}")


def _type(value: Tensor | int) -> str:
    pointers = {torch.bfloat16: "*bf16", torch.float32: "*fp32", torch.float64: "*fp64", torch.int64: "*i64"}
    return pointers[value.dtype] if isinstance(value, Tensor) else "i32"


@pytest.fixture
def compiled(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capability: int) -> Compiled:
    if interpreted:
        pytest.skip("these tests are running through the interpreter")
    jit = pytest.importorskip("triton.runtime.jit", reason="Triton is not installed")
    launches = Compiled(capability)
    monkeypatch.setattr(jit.JITFunction, "run", lambda self, *args, **kwargs: launches(self, *args, **kwargs))
    monkeypatch.setattr(choice, "INTERPRETED", True)
    monkeypatch.setenv("TRITON_CACHE_DIR", str(tmp_path))
    return launches


@pytest.mark.parametrize(
    ("capability", "dtype", "shape"),
    [(80, torch.bfloat16, (2, 6, 5, 7)), (90, torch.float32, (1, 1, 1, 1)), (90, torch.float64, (2, 6, 5, 7))],
)
def test_every_kernel_compiles(compiled: Compiled, dtype: torch.dtype, shape: tuple[int, ...]):
    x = torch.ones(shape, dtype=dtype)
    gamma = torch.ones(shape[1], dtype=dtype)
    param = {"pool_height": 3, "pool_width": 3, "stride": 2, "pad": 1}
    out, cache = pooling.max_pool_forward_fast(x, param)
    pooling.max_pool_backward_fast(out, cache)
    pooling.avg_pool_backward(*pooling.avg_pool_forward(x, param))
    normalization.spatial_batchnorm_backward(
        *normalization.spatial_batchnorm_forward(x, gamma, gamma, {"mode": "train"})
    )
    rows = x.flatten(2)[0].T
    normalization.layernorm_backward(*normalization.layernorm_forward(rows, gamma, gamma, {}))
    dropout.dropout_backward(*dropout.dropout_forward(x, {"p": 0.3, "mode": "train", "seed": 1}))
    for name in ("gelu", "elu"):
        activations.activation_backward(*activations.activation_forward(x, name))
    assert {name.partition(".")[0] for name in compiled.names} == {
        "pooling_kernels", "planes_kernels", "rows", "dropout", "activations"
    }  # fmt: skip
    assert len(compiled.names) == 4 + 6 + 2 + 1 + 2
