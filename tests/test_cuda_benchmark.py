"""benchmarks/cuda_operators.py, as far as it runs without a GPU: nothing is asserted about time."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

FOLDER = Path(__file__).parent.parent / "benchmarks"


def run(*arguments: str) -> subprocess.CompletedProcess:
    """In a process that sees no GPU."""
    environment = os.environ | {"CUDA_VISIBLE_DEVICES": ""}
    command = [sys.executable, FOLDER / "cuda_operators.py", *arguments]
    return subprocess.run(command, env=environment, capture_output=True, text=True)


def test_help_says_what_is_measured():
    done = run("--help")
    assert done.returncode == 0, done.stderr
    assert "share" in done.stdout and "--markdown" in done.stdout


def test_without_a_gpu_it_says_so_and_fails():
    done = run()
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == ("cuda_operators: needs a CUDA device, and PyTorch sees none here; nothing was measured\n")


def test_the_table_has_two_lines_for_each_operator(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture):
    monkeypatch.syspath_prepend(FOLDER)
    import cuda_operators

    for name in ("NUM_RUNS", "CALLS_PER_RUN", "WARM_UP"):
        monkeypatch.setattr(cuda_operators, name, 1)
    cuda_operators.report("cpu", 1, cuda_operators.LAYERS[:1], markdown=True)
    _, head, rule, *rows = capsys.readouterr().out.splitlines()
    assert head.startswith("| operator and layer |") and rule == "|---|---|---|---|---|---|"
    operators = {row.split(",")[0].removeprefix("| ") for row in rows[::2]}
    assert operators == {
        "convolution", "max pooling", "average pooling", "batch norm", "group norm", "layer norm", "dropout",
        "relu", "gelu", "swish",
    }  # fmt: skip
    assert len(rows) == 2 * 2 * len(operators)  # two dtypes, two passes
    for row in rows:
        *_, library_ms, ours_ms, of_library, of_floor = (cell.strip() for cell in row.strip("| ").split("|"))
        assert min(map(float, (library_ms, ours_ms, of_library, of_floor))) >= 0
    assert "backward" in rows[1] and "forward" in rows[0]
