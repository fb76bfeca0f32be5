"""Other right ways to answer the exercises of `dropout`: each must keep full marks."""

from autograder.answers import right

RNG = 'rng = np.random.default_rng(dropout_param.get("seed"))'
KEPT = "kept = rng.random(x.shape) >= p  # False with probability p"

RIGHT = [
    right(
        "dropout_forward",
        "random_state_and_binomial",
        source="""\
def dropout_forward(x, dropout_param):
    p = dropout_param["p"]
    if p < 0 or p > 1:
        raise ValueError("not a probability")
    if dropout_param["mode"] == "test":
        return x, {"mask": None}
    if dropout_param["mode"] != "train":
        raise ValueError("unknown mode")
    rng = np.random.RandomState(dropout_param.get("seed"))
    mask = rng.binomial(1, 1 - p, size=x.shape).astype(np.float32)
    if p < 1:
        mask /= 1 - p
    return x * mask, {"mask": mask}
""",
    ),
    right(
        "dropout_forward",
        "global_generator_put_back",
        edits={
            RNG: "before = np.random.get_state()\n"
            '        if "seed" in dropout_param:\n'
            '            np.random.seed(dropout_param["seed"])',
            KEPT: "kept = 1 - np.random.random_sample(x.shape) > p\n"
            '        if "seed" in dropout_param:\n'
            "            np.random.set_state(before)\n"
            "        print('kept', kept.mean())",
        },
    ),
    right(
        "dropout_forward",
        "float32_and_places",
        source="""\
import random


class Cache:
    pass


def coins(shape, p, seed):
    generator = random.Random(seed) if seed is not None else random.Random()
    return np.array([generator.random() < p for _ in range(int(np.prod(shape)))], dtype=bool).reshape(shape)


def dropout_forward(x, dropout_param):
    p, mode = float(dropout_param["p"]), dropout_param["mode"]
    assert isinstance(x, np.ndarray)
    if not (0.0 <= p <= 1.0 and mode in {"train", "test"}):
        raise ValueError(f"p = {p}, mode = {mode}")
    cache = Cache()
    cache.mode = mode
    out = x.astype(np.float32)
    if mode == "train":
        cache.dropped = coins(x.shape, p, dropout_param.get("seed", None))
        cache.keep = 1.0 - p
        out[cache.dropped] = 0.0
        out[~cache.dropped] /= cache.keep
    return out, cache
""",
    ),
    right(
        "dropout_forward",
        "one_stream_with_seeds_beside_it",
        source="""\
import scipy.stats  # an editor has added this

_STREAM = np.random.default_rng()


def dropout_forward(x, dropout_param):
    seed = dropout_param.get("seed")
    stream = _STREAM if seed is None else np.random.Generator(np.random.MT19937(seed))
    p = dropout_param["p"]
    if dropout_param["mode"] not in ["train", "test"]:
        raise ValueError("mode")
    if p > 1 or p < 0:
        raise ValueError("p")
    if dropout_param["mode"] == "train":
        mask = stream.choice([0.0, 1.0], size=x.shape[::-1], p=[p, 1 - p]).T
        with np.errstate(divide="ignore", invalid="ignore"):
            mask = np.nan_to_num(mask / (1 - p))
    else:
        mask = np.ones_like(x)
    out = np.einsum("i,i->i", x.ravel(), mask.ravel()).reshape(x.shape)
    return out, [dropout_param, mask]
""",
    ),
    # The n-th answer to dropout_backward goes with the n-th to dropout_forward: they share a cache.
    right(
        "dropout_backward",
        "mask_in_a_dict",
        source="""\
def dropout_backward(dout, cache):
    return dout if cache["mask"] is None else dout * cache["mask"]
""",
    ),
    right("dropout_backward", "overwrites_dout", edits={"return dout * mask": "dout *= mask\n    return dout"}),
    right(
        "dropout_backward",
        "places_in_an_object",
        source="""\
def dropout_backward(dout, cache):
    dx = np.array(dout)
    if cache.mode == "train":
        dx[cache.dropped] = 0
        dx[~cache.dropped] /= cache.keep
    return dx
""",
    ),
    right(
        "dropout_backward",
        "asks_for_the_mask",
        source="""\
def dropout_backward(dout, cache):
    mask = cache[1]
    print("mask", None if mask is None else mask.shape)
    if mask is None:
        return dout
    return np.where(mask > 0, dout * np.max(mask), 0.0).astype(np.float32)
""",
    ),
    right(
        "vanilla_dropout_forward",
        "global_generator_and_a_list",
        source="""\
def vanilla_dropout_forward(x, dropout_param):
    p = dropout_param["p"]
    if dropout_param["mode"] == "test":
        return x - p * x, None
    if "seed" in dropout_param:
        draws = np.random.RandomState(dropout_param["seed"]).rand(*x.shape)
    else:
        draws = np.random.rand(*x.shape)
    mask = draws < 1 - p
    return np.where(mask, x, 0.0), [mask]
""",
    ),
    right(
        "vanilla_dropout_forward",
        "bernoulli_by_scipy",
        edits={
            "mask = rng.random(x.shape) >= p  # False with probability p": "from scipy import stats\n\n"
            "        mask = stats.bernoulli.rvs(1 - p, size=x.shape, random_state=rng)"
        },
    ),
    right(
        "Dropout",
        "bernoulli_in_place",
        source="""\
class Dropout(torch.nn.Module):
    def __init__(self, p=0.5, generator=None):
        super(Dropout, self).__init__()
        if p < 0 or p > 1:
            raise ValueError(f"dropout probability has to be between 0 and 1, but got {p}")
        self.p, self.generator = p, generator

    def mask_shape(self, x):
        return x.shape

    def forward(self, x):
        if self.training and self.p > 0:
            mask = torch.empty(self.mask_shape(x), dtype=x.dtype, device=x.device)
            mask.bernoulli_(1 - self.p, generator=self.generator)
            if self.p < 1:
                mask.div_(1 - self.p)
            return x * mask
        return x


class Dropout2d(Dropout):
    def mask_shape(self, x):
        return [x.size(0), x.size(1)] + [1] * (x.dim() - 2)
""",
    ),
    right(
        "Dropout",
        "two_classes_of_their_own",
        source="""\
class Dropout(nn.Module):
    def __init__(self, p: float = 0.5, generator: torch.Generator | None = None):
        super().__init__()
        if not 0 <= p <= 1:
            raise ValueError("p")
        self.keep = 1 - p
        self.generator = generator

    def forward(self, x):
        if self.training is False:
            return x.clone()
        coins = torch.rand(x.numel(), generator=self.generator).view_as(x).to(x)
        scale = 0.0 if self.keep == 0 else 1 / self.keep
        return torch.where(coins < self.keep, scale * x, torch.zeros_like(x))


class Dropout2d(nn.Module):
    def __init__(self, p=0.5, generator=None):
        super().__init__()
        if p > 1 or p < 0:
            raise ValueError(p)
        self.p = p
        self.generator = generator

    def forward(self, input):
        if not self.training:
            return input
        if self.p == 1:
            return input * 0
        probabilities = torch.full(input.shape[:2], 1 - self.p, device=input.device)
        kept = torch.bernoulli(probabilities, generator=self.generator)
        print(int(kept.sum()), "channels kept")
        return input * (kept / (1 - self.p)).to(input.dtype)[:, :, None, None].expand_as(input)
""",
    ),
    right(
        "Dropout",
        "autograd_function",
        source="""\
class Masked(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, mask):
        ctx.save_for_backward(mask)
        return x * mask

    @staticmethod
    def backward(ctx, grad):
        (mask,) = ctx.saved_tensors
        return grad * mask, None


class Dropout(nn.Module):
    per_channel = False

    def __init__(self, p=0.5, generator=None):
        if not (p >= 0 and p <= 1):
            raise ValueError("p is a probability")
        super().__init__()
        self.p = p
        self.generator = generator

    def forward(self, x):
        if not self.training:
            return x
        shape = (*x.shape[:2], *(1 for _ in x.shape[2:])) if self.per_channel else x.shape
        draws = torch.rand(shape, generator=self.generator, device=x.device, dtype=torch.float64)
        mask = (draws > self.p).to(x.dtype)
        mask = mask / (1 - self.p) if self.p != 1 else torch.zeros_like(mask)
        return Masked.apply(x, mask.expand(x.shape))

    def extra_repr(self):
        return f"p={self.p}"


class Dropout2d(Dropout):
    per_channel = True
""",
    ),
    right(
        "mc_dropout_predict",
        "whole_model_trains_but_norms",
        source="""\
def mc_dropout_predict(model, x, samples):
    before = [(m, m.training) for m in model.modules()]
    try:
        model.eval()
        for m in model.modules():
            if type(m).__name__.startswith("Dropout"):
                m.train()
        total = square = 0
        with torch.inference_mode():
            for _ in range(samples):
                y = model(x).double()
                total = total + y
                square = square + y * y
    finally:
        for m, training in before:
            m.training = training
    mean = total / samples
    variance = (square / samples - mean**2).clamp(min=0)
    return mean, torch.where(variance < 1e-12, torch.zeros_like(variance), variance).sqrt()
""",
    ),
    right(
        "mc_dropout_predict",
        "numpy_and_apply",
        source="""\
def mc_dropout_predict(model, x, samples):
    modes = {name: m.training for name, m in model.named_modules()}
    model.train(False)
    model.apply(lambda m: m.train() if "Dropout" in m.__class__.__name__ else None)
    outputs = np.array([model(x).detach().numpy() for _ in range(samples)])
    for name, m in model.named_modules():
        m.training = modes[name]
    return torch.from_numpy(np.mean(outputs, 0)), torch.from_numpy(np.std(outputs, 0))
""",
    ),
    right(
        "l1_penalty",
        "loops_and_norms",
        source="""\
def l1_penalty(w, strength):
    total = 0.0
    for value in w.ravel():
        total += abs(value)
    gradient = np.where(w > 0, strength, np.where(w < 0, -strength, 0.0))
    return float(strength * total), gradient


def l2_penalty(w, strength):
    return 0.5 * strength * np.linalg.norm(w.ravel()) ** 2, (strength * w).astype(np.float32)


def elastic_penalty(w, l1_strength, l2_strength):
    penalty = l1_strength * np.sum(np.abs(w)) + l2_strength * np.vdot(w, w) / 2
    return [penalty, l1_strength * np.sign(w) + l2_strength * w]
""",
    ),
    right(
        "l1_penalty",
        "zero_dimensional_arrays",
        edits={
            "penalty = strength * np.abs(w).sum()": "penalty = np.array(strength * np.abs(w).sum())",
            "dw = strength * np.sign(w)": "dw = strength * ((w > 0) * 1.0 - (w < 0))",
        },
    ),
    right(
        "sgd_step",
        "decay_as_l2_and_config_changed_in_place",
        source="""\
def sgd_step(w, dw, config):
    config.setdefault("learning_rate", 0.01)
    dw = dw + config.setdefault("weight_decay", 0) * w
    return w - config["learning_rate"] * dw, config


def adamw_step(w, dw, config=None):
    if config is None:
        config = {}
    defaults = {"learning_rate": 0.001, "beta1": 0.9, "beta2": 0.999, "epsilon": 1e-8, "weight_decay": 0.01, "t": 0}
    for key, value in defaults.items():
        config.setdefault(key, value)
    config.setdefault("m", np.zeros_like(w))
    config.setdefault("v", np.zeros_like(w))
    config["t"] += 1
    config["m"] = config["m"] + (1 - config["beta1"]) * (dw - config["m"])
    config["v"] = config["v"] + (1 - config["beta2"]) * (dw * dw - config["v"])
    first = config["m"] / (1 - config["beta1"] ** config["t"])
    second = config["v"] / (1 - config["beta2"] ** config["t"])
    decayed = w * (1 - config["learning_rate"] * config["weight_decay"])
    return decayed - config["learning_rate"] * first / (np.sqrt(second) + config["epsilon"]), config
""",
    ),
    right(
        "sgd_step",
        "memory_in_an_object",
        source="""\
class Memory:
    def __init__(self, config, shape):
        self.settings = {"learning_rate": 1e-3, "beta1": 0.9, "beta2": 0.999, "epsilon": 1e-8, "weight_decay": 1e-2}
        self.settings.update(config)
        self.m, self.v, self.steps = np.zeros(shape), np.zeros(shape), 0


def sgd_step(w, dw, config):
    rate, decay = config.get("learning_rate", 1e-2), config.get("weight_decay", 0.0)
    return (1 - rate * decay) * w - rate * dw, dict(config)


def adamw_step(w, dw, config):
    memory = config if isinstance(config, Memory) else Memory(config, w.shape)
    s = memory.settings
    memory.steps += 1
    memory.m = s["beta1"] * memory.m + (1 - s["beta1"]) * dw
    memory.v = s["beta2"] * memory.v + (1 - s["beta2"]) * np.square(dw)
    corrected = s["learning_rate"] / (1 - s["beta1"] ** memory.steps)
    root = np.sqrt(memory.v) / np.sqrt(1 - s["beta2"] ** memory.steps) + s["epsilon"]
    new = w.copy()
    new -= s["learning_rate"] * s["weight_decay"] * w
    new -= corrected * memory.m / root
    return new, memory
""",
    ),
    right(
        "sgd_step",
        "works_on_dw",
        edits={
            "step = learning_rate * dw\n    decay = learning_rate * weight_decay * w\n    next_w = w - step - decay": (
                "next_w = np.subtract(w, learning_rate * (dw + weight_decay * w), dtype=np.float64)"
            ),
            "dw**2": "np.square(dw)",
        },
    ),
    right(
        "label_smoothing",
        "filled_then_set",
        source="""\
def label_smoothing(labels, num_classes, eps):
    rows = np.full((len(labels), num_classes), eps / num_classes, dtype=np.float32)
    for row, label in zip(rows, labels):
        row[label] += 1 - eps
    return rows
""",
    ),
    right(
        "label_smoothing",
        "comparison_with_every_class",
        source="""\
def label_smoothing(labels, num_classes, eps):
    is_label = np.arange(num_classes)[None, :] == np.asarray(labels)[:, None]
    other = eps / num_classes
    return np.where(is_label, 1 - (num_classes - 1) * other, other).tolist()
""",
    ),
    right(
        "cutout",
        "masks_and_other_orders",
        source="""\
def box(size, height, width, row, column):
    up, left = row - size[0] // 2, column - size[1] // 2
    rows = (np.arange(height) >= up) & (np.arange(height) < up + size[0])
    columns = (np.arange(width) >= left) & (np.arange(width) < left + size[1])
    return np.outer(rows, columns)


def cutout(images, size, rng):
    N, C, H, W = images.shape
    columns, rows = rng.integers(0, W, N), rng.integers(0, H, N)
    holes = np.array([box((size, size), H, W, rows[n], columns[n]) for n in range(N)])
    return images * ~holes[:, None]


def mixup(images, labels, alpha, rng):
    partner = rng.permutation(images.shape[0])
    lam = rng.beta(alpha, alpha)
    mix = lambda a: a[partner] + lam * (a - a[partner])
    return mix(images), mix(labels)


def cutmix(images, labels, alpha, rng):
    N, C, H, W = images.shape
    column, row = rng.integers(W), rng.integers(H)
    partner = rng.permutation(N)
    cut = np.sqrt(1 - rng.beta(alpha, alpha))
    pasted = box((int(H * cut), int(W * cut)), H, W, row, column)
    share = pasted.mean()
    return np.where(pasted, images[partner], images), (1 - share) * labels + share * labels[partner]
""",
    ),
    right(
        "cutout",
        "rectangle_of_the_authors_code",
        source="""\
def cutout(images, size, rng):
    out = np.array(images, dtype=np.float32)
    n, _, h, w = out.shape
    for i in range(n):
        y, x = rng.integers(h), rng.integers(w)
        top, left = y - size // 2, x - size // 2
        for r in range(top, top + size):
            for c in range(left, left + size):
                if 0 <= r < h and 0 <= c < w:
                    out[i, :, r, c] = 0
    return out


def mixup(x, y, alpha, rng):
    lam = rng.beta(alpha, alpha)
    index = np.argsort(rng.random(len(x)))
    return lam * x + (1 - lam) * x[index, :], y * lam + y[index] * (1.0 - lam)


def rand_bbox(W, H, lam, rng):
    cut_rat = np.sqrt(1.0 - lam)
    cut_w, cut_h = int(W * cut_rat), int(H * cut_rat)
    cx, cy = rng.integers(W), rng.integers(H)
    bbx1, bby1 = np.clip(cx - cut_w // 2, 0, W), np.clip(cy - cut_h // 2, 0, H)
    bbx2, bby2 = np.clip(cx + cut_w // 2, 0, W), np.clip(cy + cut_h // 2, 0, H)
    return bbx1, bby1, bbx2, bby2


def cutmix(x, y, alpha, rng):
    lam = rng.beta(alpha, alpha)
    rand_index = rng.permutation(x.shape[0])
    bbx1, bby1, bbx2, bby2 = rand_bbox(x.shape[3], x.shape[2], lam, rng)
    x = x.copy()
    x[:, :, bby1:bby2, bbx1:bbx2] = x[rand_index][:, :, bby1:bby2, bbx1:bbx2]
    lam = 1 - ((bbx2 - bbx1) * (bby2 - bby1) / (x.shape[-1] * x.shape[-2]))
    return x, lam * y + (1 - lam) * y[rand_index]
""",
    ),
    right(
        "cutout",
        "sides_rounded_to_the_nearest",
        edits={
            "box_height = int(height * np.sqrt(1 - share))": "box_height = round(height * np.sqrt(1 - share))",
            "box_width = int(width * np.sqrt(1 - share))": "box_width = round(width * np.sqrt(1 - share))",
            "top = rng.integers(height) - box_height // 2": "top = rng.integers(height) - (box_height + 1) // 2",
            "left = rng.integers(width) - box_width // 2": "left = rng.integers(width) - (box_width + 1) // 2",
        },
    ),
    right(
        "drop_path",
        "bernoulli_of_ones",
        source="""\
def drop_path(x, p, training, generator=None):
    if p == 0.0 or not training:
        return x
    keep = 1 - p
    shape = (x.shape[0],) + (1,) * (x.ndim - 1)
    mask = x.new_empty(shape).bernoulli_(keep, generator=generator)
    if keep > 0.0:
        mask.div_(keep)
    return x * mask
""",
    ),
    right(
        "drop_path",
        "sample_by_sample",
        source="""\
def drop_path(x, p, training, generator=None):
    out = x.clone()
    if training:
        for n in range(len(x)):
            if torch.rand(1, generator=generator).item() < p:
                out[n] = 0
            else:
                out[n] = out[n] / (1 - p)
    return out
""",
    ),
    right(
        "EarlyStopping",
        "deepcopy_and_epochs",
        source="""\
import copy


class EarlyStopping:
    def __init__(self, patience, min_delta=0.0):
        self.patience, self.min_delta = patience, min_delta
        self.losses, self.best, self.state = [], None, None

    def update(self, loss, model):
        self.losses.append(loss)
        better = loss == loss and (self.best is None or loss < self.losses[self.best] - self.min_delta)
        if better:
            self.best = len(self.losses) - 1
            self.state = copy.deepcopy(model.state_dict())
        waited = len(self.losses) - 1 - (self.best if self.best is not None else -1)
        print(f"{loss:.3f}, waited {waited}")
        return np.bool_(waited >= self.patience)

    def restore(self, model):
        with torch.no_grad():
            for name, value in model.state_dict().items():
                value.copy_(self.state[name])
""",
    ),
    right(
        "EarlyStopping",
        "counts_down",
        edits={
            "self.num_bad = 0  # updates in a row without a better loss": "self.left = patience",
            "            self.num_bad = 0\n": "            self.left = self.patience\n",
            "            self.num_bad += 1\n": "            self.left = self.left - 1\n",
            "return self.num_bad >= self.patience": "return 1 if self.left <= 0 else 0",
        },
    ),
]
