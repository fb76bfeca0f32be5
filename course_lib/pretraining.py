"""Pretrains GlyphNet on letters: `python -m course_lib.pretraining` writes the files of course_lib/pretrained again.

Beside the weights it writes the log of their training and their SHA-256. The same settings give the same bytes, for the
same versions of PyTorch and Pillow and the same kind of processor (the log names them).
"""

import argparse
import hashlib
import json
import platform
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from time import monotonic

import numpy as np
import torch
import torch.nn.functional as F
from safetensors.torch import save
from torch import Tensor, nn

from course_lib import training
from course_lib.data import Split, glyphs
from course_lib.glyphnet import WIDTHS, GlyphNet
from course_lib.pretrained.glyphs import CHECKSUM, FOLDER, LOG, WEIGHTS

# Small letters that look like their capitals are left out, as EMNIST does. There is no digit among them.
CLASSES = "ABCDEFGHIJKLMNOPQRSTUVWXYZabdefghnqrt"
NUM_HELD_OUT = 50  # of each class; drawn from another seed
ZOOM = (0.8, 1.7)
BEND = 0.2  # largest shift at a knot, half image sides
KNOTS = (4, 4)
COARSE = (1, 2, 4)  # pixels that fall together


@dataclass(frozen=True)
class Settings:
    """What decides the weights. num_per_class: images drawn of each class; learning_rate: the greatest of the cycle."""

    classes: str = CLASSES
    num_per_class: int = 1000
    epochs: int = 12
    batch_size: int = 64
    learning_rate: float = 1e-2
    weight_decay: float = 0.05
    widths: tuple[int, ...] = WIDTHS
    seed: int = 0


def pretrain(folder: Path = FOLDER, settings: Settings = Settings(), show_progress: bool | None = None) -> Path:
    """Train on one thread and write weights, log and checksum into `folder`. Returns the path of the weights."""
    started, threads = monotonic(), torch.get_num_threads()
    split, mean, std = source_task(settings)
    torch.set_num_threads(1)  # sums in one order
    try:
        model = training.seeded(lambda: GlyphNet(len(settings.classes), widths=settings.widths), settings.seed)
        num_steps = settings.epochs * -(-len(split.train_labels) // settings.batch_size)
        history = training.train(
            model,
            split,
            settings.epochs,
            settings.seed,
            batch_size=settings.batch_size,
            optimizer=lambda model: _one_cycle(model, settings, num_steps),
            augment=bent,
            show_progress=show_progress,
        )
    finally:
        torch.set_num_threads(threads)
    content = save(model.state_dict())
    log = {
        "settings": asdict(settings),
        "classes": list(settings.classes),
        "mean": mean,
        "std": std,
        "num_training_images": len(split.train_labels),
        "num_held_out_images": len(split.test_labels),
        "num_parameters": sum(parameter.numel() for parameter in model.parameters()),
        "loss": history.loss,
        "held_out_accuracy": history.accuracy,
        "seconds": round(monotonic() - started, 1),
        "versions": {name: version(name) for name in ("torch", "numpy", "pillow", "matplotlib", "safetensors")},
        "python": platform.python_version(),
        "machine": platform.machine(),
    }
    folder.mkdir(parents=True, exist_ok=True)
    (folder / WEIGHTS).write_bytes(content)
    (folder / LOG).write_text(json.dumps(log, indent=1) + "\n", encoding="utf-8")
    (folder / CHECKSUM).write_text(f"{hashlib.sha256(content).hexdigest()}  {WEIGHTS}\n", encoding="utf-8")
    return folder / WEIGHTS


def source_task(settings: Settings = Settings()) -> tuple[Split, float, float]:
    """The glyphs, standardised: training part and held-out part; and the mean and std of the training part's pixels."""
    train = glyphs(settings.num_per_class, classes=settings.classes, seed=settings.seed)
    held_out = glyphs(NUM_HELD_OUT, classes=settings.classes, seed=settings.seed + 1)
    mean, std = float(train.images.mean()), float(train.images.std())
    parts = [(part.images - mean) / std for part in (train, held_out)]
    return Split(parts[0], train.labels, parts[1], held_out.labels), mean, std


def bent(images: np.ndarray, labels: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """A batch (N, C, H, W) as an unsteady hand and a poor scanner would make it: enlarged or shrunk, bent, coarsened.

    Source: Simard, Steinkraus and Platt 2003, for the bending.
    """
    x = torch.from_numpy(images)
    num_images = len(x)
    scale = torch.from_numpy(rng.uniform(*ZOOM, (num_images, 2, 1, 1)))  # height and width of their own
    identity = F.affine_grid(torch.eye(2, 3).expand(num_images, 2, 3), x.shape, align_corners=False)
    knots = torch.from_numpy(rng.uniform(-BEND, BEND, (num_images, 2, *KNOTS)))
    field = F.interpolate(knots, x.shape[2:], mode="bicubic", align_corners=True)
    grid = identity / scale.reshape(num_images, 1, 1, 2) + field.permute(0, 2, 3, 1)
    x = F.grid_sample(x, grid.float(), padding_mode="border", align_corners=False)
    coarse = torch.from_numpy(rng.choice(len(COARSE), num_images))
    for which, factor in enumerate(COARSE):
        x = torch.where((coarse == which).reshape(-1, 1, 1, 1), _coarsened(x, factor), x)
    return x.numpy(), labels


def _coarsened(x: Tensor, factor: int) -> Tensor:
    """As if each image had been taken with factor x factor times fewer pixels."""
    small = F.avg_pool2d(x, factor)
    return F.interpolate(small, x.shape[2:], mode="bilinear", align_corners=False)


def _one_cycle(model: nn.Module, settings: Settings, num_steps: int) -> torch.optim.Optimizer:
    """AdamW whose learning rate rises to settings.learning_rate and falls to nearly nothing."""
    optimizer = torch.optim.AdamW(model.parameters(), settings.learning_rate, weight_decay=settings.weight_decay)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, settings.learning_rate, num_steps)
    optimizer.register_step_post_hook(lambda *_: schedule.step() if schedule.last_epoch < num_steps - 1 else None)
    return optimizer


def main(arguments: Sequence[str] | None = None) -> None:
    """The command: where to write, and how long to train."""
    parser = argparse.ArgumentParser(prog="python -m course_lib.pretraining", description=__doc__)
    parser.add_argument("--folder", type=Path, default=FOLDER)
    parser.add_argument("--num-per-class", type=int, default=Settings.num_per_class)
    parser.add_argument("--epochs", type=int, default=Settings.epochs)
    parser.add_argument("--seed", type=int, default=Settings.seed)
    given = parser.parse_args(arguments)
    settings = Settings(num_per_class=given.num_per_class, epochs=given.epochs, seed=given.seed)
    weights = pretrain(given.folder, settings)
    log = json.loads((given.folder / LOG).read_text(encoding="utf-8"))
    print(f"{weights}: {log['held_out_accuracy'][-1]:.1%} of the held-out glyphs right, {log['seconds']} s")


if __name__ == "__main__":
    main()
