"""From a pretrained network to a new task with few labels: load, read features, probe, replace the head, fine-tune."""

import copy
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from course_lib.loaders import evaluate
from course_lib.modes import eval_mode

Batches = Iterable[tuple[Tensor, Tensor]]  # images (N, C, H, W), labels (N,)
NORMS = (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d)
FEW = 20  # labels for each class


def load_pretrained(model: nn.Module, state: Mapping[str, Tensor], key_map: Mapping[str, str | None]) -> nn.Module:
    """Copy the entries of a file into the model's own tensors, all or nothing. Returns the model.

    key_map: {name in the file: name in the model}; other names stay as they are, None leaves an entry out.
    Raises ValueError, the model as it was, that names every entry that is missing in the file, unexpected, of another
    shape, or given twice.
    """
    own = model.state_dict()
    targets = {name: key_map.get(name, name) for name in state}
    wanted = [target for target in targets.values() if target is not None]
    faults = {
        "missing": [name for name in own if name not in wanted],
        "unexpected": [name for name, target in targets.items() if target is not None and target not in own],
        "of another shape (model, file)": [
            f"{target} {tuple(own[target].shape)}, {tuple(state[name].shape)}"
            for name, target in targets.items()
            if target in own and own[target].shape != state[name].shape
        ],
        "given twice": sorted({target for target in wanted if target in own and wanted.count(target) > 1}),
    }
    if any(faults.values()):
        raise ValueError("load_pretrained: " + "; ".join(f"{k}: {', '.join(v)}" for k, v in faults.items() if v))
    with torch.no_grad():
        for name, target in targets.items():
            if target is not None:
                own[target].copy_(state[name])
    return model


def preprocess(images: np.ndarray, mean: float, std: float, size: int) -> Tensor:
    """Images (N, C, H, W) in [0, 1] as a pretrained network expects them: float32 (N, C, size, size).

    mean, std: of the source set, one number or one for each channel. Bilinear, corners not aligned.
    """
    resized = F.interpolate(torch.tensor(images).float(), (size, size), mode="bilinear", align_corners=False)
    shift, scale = (torch.tensor(value).float().reshape(1, -1, 1, 1) for value in (mean, std))
    return (resized - shift) / scale


@torch.no_grad()
def extract_features(model: nn.Module, loader: Batches, layer: str) -> tuple[np.ndarray, np.ndarray]:
    """What the module named `layer` gives, in eval mode: features (N, D), labels (N,), in the loader's order.

    One pass over the loader. The model's modes are put back, and no hook stays.
    """
    place = next(model.parameters()).device
    rows: list[np.ndarray] = []
    found: list[np.ndarray] = []
    hook = model.get_submodule(layer).register_forward_hook(
        lambda _module, _given, out: rows.append(out.flatten(1).cpu().numpy().copy())  # the next layer may write in it
    )
    try:
        with eval_mode(model):
            for images, labels in loader:
                model(images.to(place))
                found.append(labels.cpu().numpy())
    finally:
        hook.remove()
    return np.concatenate(rows), np.concatenate(found)


def linear_probe(features: np.ndarray, labels: np.ndarray, l2: float) -> tuple[np.ndarray, np.ndarray]:
    """Ridge regression to the one-hot labels: weight (K, D), bias (K,), as in nn.Linear; the bias is not penalised.

    The minimum of mean(|scores - one-hot|^2) + l2 * |weight|^2, in closed form; features (N, D), labels (N,), l2 > 0.
    """
    one_hot = np.eye(labels.max() + 1)[labels]
    x = features.astype(np.float64) - features.mean(axis=0, dtype=np.float64)
    y = one_hot - one_hot.mean(axis=0)
    num_images, num_features = x.shape
    if num_features <= num_images:
        weight = np.linalg.solve(x.T @ x + num_images * l2 * np.eye(num_features), x.T @ y).T
    else:  # the same, through the smaller matrix
        weight = np.linalg.solve(x @ x.T + num_images * l2 * np.eye(num_images), y).T @ x
    return weight, one_hot.mean(axis=0) - weight @ features.mean(axis=0, dtype=np.float64)


def replace_head(model: nn.Module, num_classes: int) -> nn.Module:
    """Put a new nn.Linear in the place of the last one of model.named_modules(). Returns the model."""
    path, old = _head(model)
    place, kind = old.weight.device, old.weight.dtype
    model.set_submodule(path, nn.Linear(old.in_features, num_classes, device=place, dtype=kind))
    return model


def freeze(model: nn.Module, until: str | None) -> nn.Module:
    """Only the part `until` of model.named_children(), and those behind it, are trained; None: none. Returns the model.

    Raises ValueError if there is no such part.
    """
    parts = dict(model.named_children())
    if until is not None and until not in parts:
        raise ValueError(f"freeze: until must be a part of the model ({', '.join(parts)}) or None, got {until!r}")
    names = list(parts)
    first = len(names) if until is None else names.index(until)
    for number, part in enumerate(parts.values()):
        part.requires_grad_(number >= first)
    return model


def set_bn_eval(model: nn.Module) -> nn.Module:
    """Put batch norm layers none of whose parameters is trained into eval mode, and nothing else. Returns the model."""
    for norm in (module for module in model.modules() if isinstance(module, NORMS)):
        if all(not parameter.requires_grad for parameter in norm.parameters()):
            norm.eval()
    return model


def param_groups(model: nn.Module, lr: float, head_factor: float = 10) -> list[dict[str, Any]]:
    """The trained parameters for an optimizer: those of the head at lr * head_factor, the others at lr.

    Without decay where a parameter has fewer than two axes.
    """
    of_head = {id(parameter) for parameter in _head(model)[1].parameters()}
    trained = [parameter for parameter in model.parameters() if parameter.requires_grad]
    groups = []
    for rate, is_head in ((lr, False), (lr * head_factor, True)):
        for options, is_flat in (({}, False), ({"weight_decay": 0.0}, True)):
            params = [p for p in trained if (id(p) in of_head) is is_head and (p.ndim < 2) is is_flat]
            groups += [{"params": params, "lr": rate, **options}] if params else []
    return groups


def finetune(
    model: nn.Module,
    loaders: Mapping[str, Batches],
    epochs: int,
    lr: float = 1e-3,
    head_factor: float = 10,
    weight_decay: float = 0.01,
) -> dict[str, Any]:
    """Train what is not frozen with AdamW; keep the epoch of the least validation loss; leave the model in eval mode.

    loaders: "train", "validation" and perhaps "test", which is looked at once, in the end. Returns "loss" and
    "validation" (mean cross-entropy of each epoch), "best_epoch" (from 1) and, with a test loader, "test" (accuracy).
    """
    optimizer = torch.optim.AdamW(param_groups(model, lr, head_factor), lr, weight_decay=weight_decay)
    history: dict[str, Any] = {"loss": [], "validation": [], "best_epoch": 0}
    best = copy.deepcopy(model.state_dict())
    for _ in range(epochs):
        history["loss"].append(_train_epoch(model, loaders["train"], optimizer))
        history["validation"].append(evaluate(model, loaders["validation"])[0])
        if history["validation"][-1] < min(history["validation"][:-1], default=np.inf):
            history["best_epoch"] = len(history["validation"])
            best = copy.deepcopy(model.state_dict())
    model.load_state_dict(best)
    model.eval()
    return history | ({"test": evaluate(model, loaders["test"])[1]} if "test" in loaders else {})


def choose_strategy(num_labels: int, similarity: str) -> str:
    """What to try first: "probe", "probe_early", "finetune_last" or "finetune_all".

    num_labels: for each class; up to FEW are few. similarity of the two sets: "similar" or "different".
    Raises ValueError for other values.
    """
    if num_labels < 1 or similarity not in ("similar", "different"):
        rule = "num_labels must be at least 1, and similarity 'similar' or 'different'"
        raise ValueError(f"choose_strategy: {rule}, got {num_labels} and {similarity!r}")
    table = {"similar": ("probe", "finetune_last"), "different": ("probe_early", "finetune_all")}
    return table[similarity][num_labels > FEW]


def _head(model: nn.Module) -> tuple[str, nn.Linear]:
    """The last linear layer, with its name."""
    return [(name, module) for name, module in model.named_modules() if isinstance(module, nn.Linear)][-1]


def _train_epoch(model: nn.Module, loader: Batches, optimizer: torch.optim.Optimizer) -> float:
    """One step for each batch; the mean loss over the images."""
    set_bn_eval(model.train())
    place = next(model.parameters()).device
    losses, sizes = [], []
    for images, labels in loader:
        loss = F.cross_entropy(model(images.to(place)), labels.to(place))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
        sizes.append(len(labels))
    return float(np.average(losses, weights=sizes))
