"""The benchmark of the operators runs and says all that it should. Nothing is asserted about time."""

import json
import math
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from course_lib.numpy_ops.convolution import conv_backward_naive, conv_forward_naive

BENCHMARKS = Path(__file__).parent.parent / "benchmarks"
CONVOLUTIONS = ("LeNet conv2, batch 64", "VGG-16 conv3, batch 4", "ResNet-50 3x3, batch 16")
MAX_POOLS = ("LeNet pool1 as max 2x2", "VGG-16 pool3, max 2x2", "ResNet-50 stem, max 3x3")
OTHERS = (
    "LeNet pool1, average 2x2",
    "VGG-16 pool3 as average 2x2",
    "ResNet-50 global average",
    "LeNet conv1, batch norm",
    "VGG-16 conv3, batch norm",
    "ResNet-50 3x3, batch norm",
    "LeNet conv1, 2 groups",
    "VGG-16 conv3, 32 groups",
    "ResNet-50 3x3, 32 groups",
    "LeNet fc1, batch norm",
    "VGG-16 fc6, batch 256, batch norm",
    "LeNet fc1, layer norm",
    "VGG-16 fc6, batch 256, layer norm",
)


@pytest.fixture(scope="module")
def results():
    command = [sys.executable, BENCHMARKS / "operators.py", "--quick", "--json"]
    return json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)


def expected_rivals(layer: str, direction: str) -> set[str]:
    rivals = {"NumPy", "torch_ops"}
    if layer in CONVOLUTIONS + MAX_POOLS:
        rivals.add("naive")
    if layer in CONVOLUTIONS:
        rivals.add("textbook")
    if layer in CONVOLUTIONS[1:] and direction == "forward":
        rivals.add("Winograd")
    return rivals


def test_every_layer_is_measured_forward_and_backward_against_every_rival(results):
    measured = {(row["layer"], row["direction"]): set(row["ratios"]) for row in results["timings"]}
    layers = CONVOLUTIONS + MAX_POOLS + OTHERS
    rows = [(layer, direction) for layer in layers for direction in ("forward", "backward")]
    assert measured == {row: expected_rivals(*row) for row in rows}
    assert len(results["timings"]) == len(rows)


def test_ratios_are_finite_and_positive(results):
    for row in results["timings"]:
        for value in (row["pytorch_ms"], *row["ratios"].values()):
            assert math.isfinite(value) and value > 0, row


def test_each_goal_is_said_to_be_met_where_the_measured_ratio_is_within_its_limit(results):
    limits = {goal["goal"]: goal["limit"] for goal in results["goals"]}
    assert limits["VGG-16 conv3, batch 4, forward, against PyTorch"] == 1.3
    assert limits["ResNet-50 3x3, batch 16, backward, against PyTorch"] == 1.6
    assert limits["LeNet conv2, batch 64, backward, against PyTorch"] == 2.5
    assert limits["LeNet conv2, batch 64, forward, against the textbook's"] == 1
    assert all(limits[f"{layer}, backward, against PyTorch"] == 2 for layer in MAX_POOLS + OTHERS)
    assert len(limits) == len(results["timings"]) + 2 * len(CONVOLUTIONS)
    for goal in results["goals"]:
        assert goal["met"] == (goal["measured"] <= goal["limit"]), goal


def test_the_textbook_holds_its_column_matrix_and_ours_less(results):
    assert [(row["layer"], row["direction"]) for row in results["memory"]] == [
        (layer, direction) for layer in CONVOLUTIONS for direction in ("forward", "backward")
    ]
    # C * HH * WW * H_out * W_out * N float32, in a batch of two
    vgg = next(row for row in results["memory"] if row["layer"] == "VGG-16 conv3, batch 4")
    assert vgg["column_matrix_mib"] == 128 * 9 * 56 * 56 * 2 * 4 / 2**20
    for row in results["memory"]:
        assert 0 < row["peaks_mib"]["NumPy"] < row["peaks_mib"]["textbook"] > row["column_matrix_mib"]


def test_the_textbooks_convolution_is_the_loops(monkeypatch):
    monkeypatch.syspath_prepend(BENCHMARKS)
    import textbook

    rng = np.random.default_rng(0)
    x, w, b = (rng.standard_normal(shape) for shape in ((2, 3, 7, 6), (5, 3, 4, 2), (5,)))
    param = {"stride": 2, "pad": 1}
    out, cache = textbook.conv_forward(x, w, b, param)
    expected, naive_cache = conv_forward_naive(x, w, b, param)
    np.testing.assert_allclose(out, expected, atol=1e-12)
    dout = rng.standard_normal(out.shape)
    for ours, naives in zip(textbook.conv_backward(dout, cache), conv_backward_naive(dout, naive_cache), strict=True):
        np.testing.assert_allclose(ours, naives, atol=1e-12)


@pytest.mark.parametrize("error", [0.01, math.nan])
def test_a_contender_that_computes_something_else_is_refused(monkeypatch, error):
    monkeypatch.syspath_prepend(BENCHMARKS)
    import contenders
    import layers
    import textbook

    right = textbook.conv_backward

    def wrong(dout, cache):
        dx, dw, db = right(dout, cache)
        return dx, dw * (1 + error), db

    monkeypatch.setattr(textbook, "conv_backward", wrong)
    with pytest.raises(ValueError, match="LeNet conv2, batch 64: textbook is off by"):
        contenders.contenders(layers.LAYERS[0].with_batch(2))
