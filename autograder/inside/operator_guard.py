"""Switches torch's own operators off in the student's process while an exercise that forbids them is judged.

`forbids` in assignment.toml is also enforced by reading the code (`cell_code.py`), which an obfuscated call gets
past: `getattr(__import__("tor" + "ch"), ...)`, a function captured in another cell, a thread, TorchScript, a quantized
module. All of these end in torch's dispatcher, and there the operators' CPU kernels are replaced by ones that refuse:
for every caller, in every thread, in every copy that the process forks.

What this is not: proof. The student's code runs in the same process, and someone determined can reach the grader's
Python objects through frames or the garbage collector before the first call is judged, or call the libraries' compiled
code by its address (ctypes), past the dispatcher. What cannot be done is to switch the operators on again in passing:
nothing in the process leads to the registrations, since the judge keeps half of their address.
"""

import ctypes
import re
import warnings
from collections.abc import Iterable
from functools import cache
from typing import Any

# What is switched off together: the text that the student reads, and the names of torch's operators, as a pattern.
GROUPS = {
    "convolution": ("convolution", r".*conv(olution|_|[1-3]d|$).*"),
    "windows": ("unfold and fold", r"im2col|col2im|unfold.*"),
    "pooling": ("pooling", r".*max_(un)?pool.*|.*avg_pool.*"),
    "normalization": ("normalization", r".*(batch|layer|group|instance|rms)_norm.*"),
    "dropout": ("dropout", r".*dropout_?"),
    "arithmetic": (
        "arithmetic",
        r"mul_?|div_?|add_?|sub_?|sum|mean|prod|cumsum_?|dot|vdot|.*(mm|addmv)_?|mv|addcmul_?|addr_?|_fft_.*|linear"
        r"|mkldnn_linear.*|_linear_pointwise|_mkl_linear|bilinear|_trilinear|as_strided|index_put_?|scatter_add_?",
    ),
}
_LAYOUT = r"to_mkldnn|_to_dense"  # from and to oneDNN's layout: TorchScript calls oneDNN past the dispatcher

# Which groups a name in `forbids` stands for. Other names are forbidden in the text of the answer alone.
FORBIDDEN = (
    (r"torch", tuple(GROUPS)),
    (r".*conv([1-3]d|olution|_?transpose|_tbc|_dilated|_depthwise).*", ("convolution",)),
    (r"(un)?fold", ("windows",)),
    (r".*(max|avg|lp)_?(un)?pool.*", ("pooling",)),
    (r"(local_?response_?norm|lrn)", ("normalization", "pooling")),
    (r".*(batch|layer|group|instance|rms)_?norm.*", ("normalization",)),
    (r".*dropout.*", ("dropout",)),
)

_KEYS = ("CPU", "CUDA", "MkldnnCPU", "QuantizedCPU", "QuantizedCUDA", "NestedTensorCPU")
_COMPOSITE = tuple(f"Composite{kind}" for kind in ("ExplicitAutograd", "ExplicitAutogradNonFunctional",
                                                   "ImplicitAutograd"))  # fmt: skip


_TAKE_KERNEL = "_dispatch_get_computed_kernel_for_dispatch_key"


class SwitchedOffError(RuntimeError):
    """The student's function called an operator that its exercise forbids."""


class OperatorGuard:
    """The operators that are switched off in this process; none at first. Made before the student's code runs."""

    def __init__(self) -> None:
        self._hidden: dict[str, list[int]] = {}
        _give_out_no_kernels()

    def switch(self, forbids: Iterable[str], key: int) -> bool:
        """Switch off what stands behind the names in `forbids` and nothing else. Returns whether that is anything.

        key: a secret number of the judge's, the same in every call; it must not be kept in this process.
        """
        wanted = groups_of(tuple(forbids))
        for group in [group for group in self._hidden if group not in wanted]:
            for hidden in self._hidden.pop(group):
                _release(hidden ^ key)
        for group in wanted:
            if group not in self._hidden:
                self._hidden[group] = [_keep(library) ^ key for library in _refuse(group)]
        return bool(wanted)


@cache
def groups_of(forbids: tuple[str, ...]) -> tuple[str, ...]:
    """The groups of operators that names in `forbids` stand for, in the order of GROUPS."""
    found = {
        group
        for name in forbids
        for pattern, groups in FORBIDDEN
        if re.fullmatch(pattern, name, re.IGNORECASE)
        for group in groups
    }
    return tuple(group for group in GROUPS if group in found)


def prepare() -> None:
    """Find the operators of every group and register them once, in the process that others fork from.

    It takes tens of milliseconds, and torch warns at the first registration alone: no student is to read that.
    """
    guard = OperatorGuard()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        guard.switch(("torch",), 0)
    guard.switch((), 0)


@cache
def operators(group: str) -> tuple[tuple[str, str, str], ...]:
    """(namespace, operator with overload, dispatch key) of every kernel that belongs to the group."""
    pattern = re.compile(f"{GROUPS[group][1]}|{_LAYOUT}")
    names = [name for name in _all_operators() if pattern.fullmatch(name[1].split(".")[0])]
    return tuple((namespace, name, key) for namespace, name in names for key in _keys(namespace, name))


@cache
def _all_operators() -> list[tuple[str, str]]:
    import torch

    return sorted(tuple(name.split("::")) for name in torch._C._dispatch_get_all_op_names())


def _keys(namespace: str, name: str) -> list[str]:
    """The keys under which an operator has a kernel that computes; an `out` wrapper only calls the operator itself."""
    import torch

    def has(key: str) -> bool:
        return torch._C._dispatch_has_kernel_for_dispatch_key(f"{namespace}::{name}", key)

    keys = [key for key in _KEYS if has(key)]
    if "CPU" not in keys and not name.endswith("out") and any(map(has, _COMPOSITE)):
        keys.append("CPU")
    return keys


def _refuse(group: str) -> list[Any]:
    """Register refusing kernels for the group. They hold until the libraries that are returned are gone."""
    import torch

    text = f"this exercise asks you to write it yourself: torch's {GROUPS[group][0]} is switched off while it is judged"

    def refuse(*_: object, **__: object) -> None:
        raise SwitchedOffError(text)

    libraries: dict[str, Any] = {}
    for namespace, name, key in operators(group):
        if namespace not in libraries:
            libraries[namespace] = torch._C._dispatch_library("IMPL", namespace, "")
        libraries[namespace].impl(name, key, refuse, False)
    return list(libraries.values())


def _give_out_no_kernels() -> None:
    """A kernel that was taken from the dispatcher ahead would be called past it. torch itself takes none."""
    import torch

    if hasattr(torch._C, _TAKE_KERNEL):
        delattr(torch._C, _TAKE_KERNEL)


def _keep(library: Any) -> int:
    """Give the library one more owner, who is nobody. Returns its address."""
    ctypes.pythonapi.Py_IncRef(ctypes.py_object(library))
    return id(library)


def _release(address: int) -> None:
    library = ctypes.cast(address, ctypes.py_object)
    ctypes.pythonapi.Py_DecRef(library)
