"""Measures what the notebook on transfer learning draws: `python -m course_lib.transfer_curves`, ten core-minutes.

Writes two files into course_lib/pretrained: transfer_curves.json, scratch, probe and fine-tuning against the number
of labels; strategies.json, four ways to use few and many labels of a similar and of a different target set. Each
seed gives one draw of labels, one start and one order of the images. Every method gets the same labels of a draw
and is tested on the same 500 digits. Training needs a fifth of the labels for validation; the probe chooses nothing
and learns from all.
"""

import json
import platform
from collections.abc import Callable, Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from time import monotonic
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from course_lib import training, transforms
from course_lib.data import digits
from course_lib.few_labels import Draw, draw, scaled
from course_lib.glyphnet import GlyphNet
from course_lib.loaders import Loader, Loaders
from course_lib.pretrained import glyphnet_log, pretrained_glyphnet
from course_lib.pretrained.glyphs import FOLDER
from course_lib.progress import progress_bar
from course_lib.transfer import extract_features, finetune, freeze, linear_probe, preprocess, replace_head

CURVE_LABELS, CURVE_SEEDS = (5, 10, 20, 50), 20
STRATEGY_LABELS, STRATEGY_SEEDS = (5, 50), 5
EPOCHS = {5: 40, 10: 30, 20: 20, 50: 12}  # the more labels, the more steps in each
BATCH_SIZE = 16
SCRATCH_LR, FINETUNE_LR, HEAD_FACTOR = 3e-3, 1e-3, 10
L2 = 1e-3
SIZE = 32
ORDER_SEED = 1  # of the pixels of the different target set

Method = Callable[[Draw, int], float]  # labels and seed -> accuracy on the test images
Accuracies = dict[str, dict[str, list[float]]]  # [method][labels of each class]: one for each seed


def curve_methods(images: Tensor, labels: np.ndarray) -> dict[str, Method]:
    """images: all of a target set, preprocessed."""
    return {
        "scratch": _trained(images, labels, GlyphNet, SCRATCH_LR, 1),
        "probe": _probe(images, labels, "pool"),
        "fine-tune": _trained(images, labels, _with_new_head, FINETUNE_LR, HEAD_FACTOR),
    }


def strategy_methods(images: Tensor, labels: np.ndarray) -> dict[str, Method]:
    """The four answers of choose_strategy, and scratch to compare with."""
    return {
        "probe": _probe(images, labels, "pool"),
        "probe_early": _probe(images, labels, "stage2"),
        "finetune_last": _trained(images, labels, lambda: freeze(_with_new_head(), "stage4"), FINETUNE_LR, HEAD_FACTOR),
        "finetune_all": _trained(images, labels, _with_new_head, FINETUNE_LR, HEAD_FACTOR),
        "scratch": _trained(images, labels, GlyphNet, SCRATCH_LR, 1),
    }


def measure(
    by_name: Mapping[str, Method], num_labels: Sequence[int], num_seeds: int, show_progress: bool | None = None
) -> Accuracies:
    """Every method on the same draws of the digits' labels."""
    labels = digits().labels
    found: Accuracies = {name: {str(number): [] for number in num_labels} for name in by_name}
    with progress_bar("measuring", len(num_labels) * num_seeds, show_progress) as advance:
        for number in num_labels:
            for seed in range(num_seeds):
                drawn = draw(labels, number, seed)
                for name, method in by_name.items():
                    found[name][str(number)].append(round(method(drawn, seed), 4))
                advance(1, f"{number} labels, seed {seed}")
    return found


def target_sets() -> dict[str, np.ndarray]:
    """Images of the digits in [0, 1]: as they are, and with their 64 pixels in one new order."""
    images = digits().images
    order = np.random.default_rng(ORDER_SEED).permutation(images[0].size)
    return {"similar": images, "different": transforms.shuffle_pixels(images, order)}


def main(folder: Path = FOLDER) -> None:
    """Measure everything and write it down."""
    torch.set_num_threads(1)
    torch.set_flush_denormal(True)  # the squares of vanishing gradients would slow the processor down
    log, labels = glyphnet_log(), digits().labels
    sets = {name: preprocess(images, log["mean"], log["std"], SIZE) for name, images in target_sets().items()}
    started = monotonic()
    accuracy = measure(curve_methods(sets["similar"], labels), CURVE_LABELS, CURVE_SEEDS)
    _write(folder / "transfer_curves.json", accuracy, CURVE_SEEDS, started)
    started = monotonic()
    found = {name: measure(strategy_methods(x, labels), STRATEGY_LABELS, STRATEGY_SEEDS) for name, x in sets.items()}
    _write(folder / "strategies.json", found, STRATEGY_SEEDS, started)


def _with_new_head() -> nn.Module:
    return replace_head(pretrained_glyphnet(), 10)


def _probe(images: Tensor, labels: np.ndarray, layer: str) -> Method:
    features = scaled(extract_features(pretrained_glyphnet(), Loader(images, labels, 256), layer)[0])

    def accuracy(drawn: Draw, _seed: int) -> float:
        weight, bias = linear_probe(features[drawn.labelled], labels[drawn.labelled], L2)
        scores = features[drawn.test] @ weight.T + bias
        return float((scores.argmax(axis=1) == labels[drawn.test]).mean())

    return accuracy


def _trained(
    images: Tensor, labels: np.ndarray, build: Callable[[], nn.Module], lr: float, head_factor: float
) -> Method:
    def accuracy(drawn: Draw, seed: int) -> float:
        parts = [(images[part], labels[part]) for part in (drawn.train, drawn.validation, drawn.test)]
        loaders = Loaders(*parts, batch_size=BATCH_SIZE, seed=seed)
        epochs = EPOCHS[len(drawn.labelled) // 10]
        return finetune(training.seeded(build, seed), loaders, epochs, lr, head_factor)["test"]

    return accuracy


def _write(path: Path, accuracy: Any, num_seeds: int, started: float) -> None:
    names = ("EPOCHS", "BATCH_SIZE", "SCRATCH_LR", "FINETUNE_LR", "HEAD_FACTOR", "L2", "SIZE")
    record = {
        "settings": {name.lower(): globals()[name] for name in names} | {"num_seeds": num_seeds},
        "accuracy": accuracy,
        "seconds": round(monotonic() - started),
        "versions": {name: version(name) for name in ("torch", "numpy")},
        "machine": platform.machine(),
    }
    path.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
