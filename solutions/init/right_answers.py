"""Other right ways to answer the exercises of `init`: each must keep full marks.

Other orders of draws, other generators derived from the one that is given, iterations where the reference divides once.
"""

from autograder.answers import right

RIGHT = [
    right(
        "fan_in_and_fan_out",
        "products_of_slices_of_an_array",
        source="""\
def fan_in_and_fan_out(shape, groups=1):
    sizes = np.array(shape)
    print("shape", sizes)
    return sizes[1:].prod(), sizes[0] * sizes[2:].prod(dtype=int) // groups
""",
    ),
    right(
        "fan_in_and_fan_out",
        "case_by_case_with_a_loop",
        source="""\
def fan_in_and_fan_out(shape, groups=1):
    shape = list(shape)
    out, inn = shape[:2]
    if len(shape) == 2:
        return [inn, out]
    area = 1
    for side in shape[2:]:
        area *= side
    return [inn * area, area * (out // groups)]
""",
    ),
    right(
        "xavier_init",
        "standard_normals_and_random_scaled",
        source="""\
def xavier_init(shape, rng, mode="fan_in", distribution="normal"):
    fan_in, fan_out = fan_in_and_fan_out(shape)
    if mode == "fan_in":
        std = np.sqrt(1 / fan_in)
    elif mode == "fan_out":
        std = np.sqrt(1 / fan_out)
    elif mode == "fan_avg":
        std = np.sqrt(2 / (fan_in + fan_out))
    else:
        raise ValueError(mode)
    if distribution not in ("normal", "uniform"):
        raise ValueError(distribution)
    if distribution == "normal":
        return std * rng.standard_normal(shape)
    return (2 * rng.random(shape) - 1) * np.sqrt(3) * std
""",
    ),
    right(
        "xavier_init",
        "fans_counted_again_and_float32",
        source="""\
def xavier_init(shape, rng, mode="fan_in", distribution="normal"):
    shape = tuple(shape)
    fan_in = int(np.prod(shape[1:]))
    fan_out = int(np.prod(shape)) // shape[1]
    fan = {"fan_in": fan_in, "fan_out": fan_out, "fan_avg": 0.5 * fan_in + 0.5 * fan_out}.get(mode)
    if fan is None or distribution not in {"normal", "uniform"}:
        raise ValueError("no such mode or distribution")
    limit = (3 / fan) ** 0.5
    if distribution == "uniform":
        return rng.uniform(low=-limit, high=limit, size=shape).astype(np.float32)
    return rng.normal(scale=fan**-0.5, size=shape).astype(np.float32)
""",
    ),
    right(
        "xavier_init",
        "filter_by_filter",
        source="""\
def xavier_init(shape, rng, mode="fan_in", distribution="normal"):
    fans = dict(zip(("fan_in", "fan_out"), fan_in_and_fan_out(shape)))
    fans["fan_avg"] = np.mean(list(fans.values()))
    try:
        std = 1 / np.sqrt(fans[mode])
    except KeyError:
        raise ValueError(f"mode {mode}") from None
    w = np.zeros(shape)
    for row in range(shape[0]):
        if distribution == "normal":
            w[row] = rng.normal(size=shape[1:]) * std
        elif distribution == "uniform":
            w[row] = rng.uniform(-1, 1, shape[1:]) * std * np.sqrt(3)
        else:
            raise ValueError(f"distribution {distribution}")
    return w
""",
    ),
    right(
        "kaiming_init",
        "scaled_standard_normals_drawn_backwards",
        source="""\
def kaiming_init(shape, rng, activation="relu", slope=0.0, mode="fan_in"):
    fan_in, fan_out = fan_in_and_fan_out(shape)
    if mode not in ("fan_in", "fan_out"):
        raise ValueError(mode)
    fan = fan_in if mode == "fan_in" else fan_out
    if activation == "relu":
        variance = 2
    elif activation == "leaky_relu":
        variance = 2 / (1 + slope * slope)
    elif activation == "tanh":
        variance = 25 / 9
    elif activation in ("linear", "sigmoid"):
        variance = 1
    elif activation == "selu":
        variance = 9 / 16
    else:
        raise ValueError(activation)
    return rng.standard_normal(shape[::-1]).T * np.sqrt(variance / fan)
""",
    ),
    right(
        "kaiming_init",
        "on_top_of_xavier",
        source="""\
def gain(name, slope):
    table = {"linear": 1, "sigmoid": 1, "tanh": 5.0 / 3, "relu": 2**0.5, "selu": 0.75}
    if name == "leaky_relu":
        return (2 / (1 + slope**2)) ** 0.5
    if name not in table:
        raise ValueError(f"unknown activation {name}")
    return table[name]


def kaiming_init(shape, rng, activation="relu", slope=0.0, mode="fan_in"):
    if mode == "fan_avg":
        raise ValueError("fan_in or fan_out")
    return gain(activation, slope) * xavier_init(shape, rng, mode)
""",
    ),
    right(
        "kaiming_init",
        "a_generator_spawned_from_the_one_given",
        edits={
            "return rng.normal(0, std, shape)": (
                "own = np.random.default_rng(rng.integers(2**63))\n    return own.normal(scale=std, size=shape)"
            )
        },
    ),
    right(
        "activation",
        "masks_and_warnings",
        source="""\
import warnings
from scipy.special import expit, ndtr


def activation(name):
    lam, alpha = 1.0507009873554805, 1.6732632423543772

    def pick(x, right, left):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return np.where(x > 0, right(x), left(x))

    def d_expit(x):
        return expit(x) * expit(-x)

    if name == "sigmoid":
        return expit, d_expit
    if name == "tanh":
        return np.tanh, lambda x: 1 / np.cosh(np.clip(x, -300, 300)) ** 2
    if name == "relu":
        return lambda x: x * (x > 0), lambda x: (x > 0).astype(np.float64)
    if name == "leaky_relu":
        return lambda x: np.maximum(0.01 * x, x), lambda x: (x > 0) + 0.01 * (x <= 0)
    if name == "elu":
        return lambda x: pick(x, lambda v: v, np.expm1), lambda x: pick(x, np.ones_like, np.exp)
    if name == "selu":
        return (
            lambda x: lam * pick(x, lambda v: v, lambda v: alpha * (np.exp(v) - 1)),
            lambda x: lam * pick(x, np.ones_like, lambda v: alpha * np.exp(v)),
        )
    if name == "gelu":
        return lambda x: x * ndtr(x), lambda x: ndtr(x) + x * np.exp(-0.5 * x**2) / np.sqrt(2 * np.pi)
    if name in ("gelu_sigmoid", "swish"):
        beta = 1.702 if name == "gelu_sigmoid" else 1.0
        return lambda x: x * expit(beta * x), lambda x: expit(beta * x) + beta * x * d_expit(beta * x)
    if name == "maxout":
        def df(x):
            left, right = x[:, 0::2], x[:, 1::2]
            out = np.zeros_like(x)
            out[:, 0::2] = left >= right
            out[:, 1::2] = right > left
            return out

        return lambda x: np.maximum(x[:, 0::2], x[:, 1::2]), df
    raise ValueError("unknown activation " + name)
""",
    ),
    right(
        "activation",
        "classes_with_methods_in_float32",
        source="""\
class Base:
    def f(self, x):
        return self.value(np.array(x, dtype=np.float32))

    def df(self, x):
        return self.slope(np.array(x, dtype=np.float32))


class Sigmoid(Base):
    beta = 1.0

    def value(self, x):
        positive = x >= 0
        out = np.empty_like(x)
        out[positive] = 1 / (1 + np.exp(-x[positive]))
        grown = np.exp(x[~positive])
        out[~positive] = grown / (1 + grown)
        return out

    def slope(self, x):
        s = self.value(x)
        return s - s * s


class Swish(Base):
    def __init__(self, beta):
        self.beta = beta

    def value(self, x):
        return x * Sigmoid().value(self.beta * x)

    def slope(self, x):
        s = Sigmoid().value(self.beta * x)
        return s + self.beta * x * s * (1 - s)


class Tanh(Base):
    def value(self, x):
        return 2 * Sigmoid().value(2 * x) - 1

    def slope(self, x):
        return 4 * Sigmoid().slope(2 * x)


class Linear(Base):
    def __init__(self, scale, left):
        self.scale, self.left = scale, left

    def value(self, x):
        x[x < 0] *= self.left
        return self.scale * x

    def slope(self, x):
        x[x > 0] = 1
        x[x <= 0] = self.left
        return self.scale * x


class Exponential(Base):
    def __init__(self, scale, alpha):
        self.scale, self.alpha = scale, alpha

    def value(self, x):
        return self.scale * (np.maximum(x, 0) + self.alpha * (np.exp(np.minimum(x, 0)) - 1))

    def slope(self, x):
        return self.scale * ((x > 0) + (x <= 0) * self.alpha * np.exp(np.minimum(x, 0)))


class Gelu(Base):
    def value(self, x):
        return 0.5 * x * (1 + erf(x / np.sqrt(2)))

    def slope(self, x):
        return 0.5 * (1 + erf(x / np.sqrt(2))) + x * np.exp(-(x**2) / 2) / np.sqrt(2 * np.pi)


class Maxout(Base):
    def value(self, x):
        return np.max([x[:, ::2], x[:, 1::2]], axis=0)

    def slope(self, x):
        out = np.zeros(x.shape)
        for i in range(0, x.shape[1], 2):
            larger = x[:, i] >= x[:, i + 1]
            out[:, i], out[:, i + 1] = larger, 1 - larger
        return out


def activation(name):
    table = {
        "sigmoid": Sigmoid(), "tanh": Tanh(), "relu": Linear(1, 0), "leaky_relu": Linear(1, 0.01),
        "elu": Exponential(1, 1), "selu": Exponential(1.0507009873554805, 1.6732632423543772), "gelu": Gelu(),
        "gelu_sigmoid": Swish(1.702), "swish": Swish(1), "maxout": Maxout(),
    }
    if name not in table:
        raise ValueError(name)
    return table[name].f, table[name].df
""",
    ),
    right(
        "activation",
        "sigmoid_by_tanh_and_a_note",
        edits={
            "decay = np.exp(-np.abs(x))  # between 0 and 1, whatever x is": "print('sigmoid of', np.shape(x))",
            "return np.where(x >= 0, 1.0, decay) / (1 + decay)": "return 0.5 * (1 + np.tanh(x / 2))",
        },
    ),
    right(
        "activation",
        "rounded_constants_of_selu",
        edits={"1.0507009873554805, 1.6732632423543772": "1.0507, 1.67326"},
    ),
    right(
        "activation_statistics",
        "outputs_first_statistics_after",
        source="""\
def passes(weights, x, f):
    outputs = [x]
    sums = []
    for w in weights:
        sums.append(np.einsum("ni,oi->no", outputs[-1], w))
        outputs.append(f(sums[-1]))
    return outputs, sums


def activation_statistics(weights, x, name):
    f, df = activation(name)
    outputs, sums = passes(weights, x, f)
    slopes = [abs(df(s)) for s in sums]
    return (
        [float(out.mean()) for out in outputs[1:]],
        [float(np.sqrt(((out - out.mean()) ** 2).mean())) for out in outputs[1:]],
        [np.count_nonzero(slope < 0.005) / slope.size for slope in slopes],
        [np.mean(slope.max(axis=0) < 0.005) for slope in slopes],
    )


def gradient_statistics(weights, x, name, dout):
    f, df = activation(name)
    outputs, sums = passes(weights, x, f)
    found = []
    for layer in reversed(range(len(weights))):
        dout = dout * df(sums[layer])
        dw = np.einsum("no,ni->oi", dout, outputs[layer])
        found.insert(0, (dout.mean(), dout.std(), np.linalg.norm(dw)))
        dout = np.einsum("no,oi->ni", dout, weights[layer])
    return tuple(np.array(column) for column in zip(*found))
""",
    ),
    right(
        "activation_statistics",
        "dout_overwritten_and_filled_arrays",
        source="""\
def activation_statistics(weights, x, name):
    f, df = activation(name)
    table = np.zeros((4, len(weights)))
    for i, w in enumerate(weights):
        s = x.dot(w.transpose())
        x = f(s)
        flat = np.abs(df(s)) < 0.005
        table[:, i] = x.mean(), x.std(), flat.sum() / flat.size, (flat.sum(axis=0) == len(flat)).sum() / flat.shape[1]
    return tuple(table)


def gradient_statistics(weights, x, name, dout):
    f, df = activation(name)
    tape = []
    for w in weights:
        tape.append((x, w, x @ w.T))
        x = f(tape[-1][2])
    means, stds, norms = np.zeros((3, len(weights)))
    while tape:
        x, w, s = tape.pop()
        dout *= df(s)
        means[len(tape)], stds[len(tape)] = np.mean(dout), np.std(dout)
        norms[len(tape)] = np.sqrt(((x.T @ dout) ** 2).sum())
        dout = dout.dot(w)
    return means, stds, norms
""",
    ),
    right(
        "activation_statistics",
        "float32_inside",
        edits={
            "    f, df = activation(name)\n    mean, std, saturated, dead = [], [], [], []": (
                "    x = np.asarray(x, np.float32)\n    weights = [np.float32(w) for w in weights]\n"
                "    f, df = activation(name)\n    mean, std, saturated, dead = [], [], [], []"
            )
        },
    ),
    right(
        "zero_init_residual",
        "nn_init_from_behind",
        source="""\
def zero_init_residual(model):
    for block in model.modules():
        if not isinstance(block, ResidualBlock):
            continue
        for layer in reversed(block.branch):
            if isinstance(layer, (nn.Conv2d, nn.BatchNorm2d)):
                nn.init.zeros_(layer.weight)
                if layer.bias is not None:
                    nn.init.constant_(layer.bias, 0.0)
                break
    return model
""",
    ),
    right(
        "zero_init_residual",
        "apply_and_data",
        source="""\
def start_as_shortcut(module):
    if type(module).__name__ == "ResidualBlock":
        parameters = list(module.branch.children())
        while not list(parameters[-1].parameters()):
            parameters.pop()
        for parameter in parameters[-1].parameters():
            parameter.data = torch.zeros_like(parameter.data)


def zero_init_residual(model):
    return model.apply(start_as_shortcut)
""",
    ),
    right(
        "zero_init_residual",
        "new_parameters",
        edits={
            "            last.weight.zero_()": "            last.weight = nn.Parameter(torch.zeros_like(last.weight))",
            "                last.bias.zero_()": "                last.bias = nn.Parameter(last.bias * 0)",
        },
    ),
    right(
        "lsuv_init",
        "repeated_until_near_1",
        source="""\
def lsuv_init(model, x):
    training = {name: module.training for name, module in model.named_modules()}
    model.eval()
    seen = {}
    for layer in model.modules():
        if not isinstance(layer, (nn.Linear, nn.Conv2d)):
            continue
        handle = layer.register_forward_hook(lambda m, i, o: seen.update(out=o.detach()))
        if layer.bias is not None:
            nn.init.zeros_(layer.bias)
        for _ in range(10):
            with torch.no_grad():
                model(x)
            variance = seen["out"].var()
            if variance == 0:
                handle.remove()
                raise ValueError("constant output")
            if abs(variance - 1) < 1e-3:
                break
            layer.weight.data = layer.weight.data / variance.sqrt()
        handle.remove()
    for name, module in model.named_modules():
        module.training = training[name]
    return model
""",
    ),
    right(
        "lsuv_init",
        "one_pass_with_hooks_that_scale",
        source="""\
@torch.no_grad()
def lsuv_init(model, x):
    modes = [(module, module.training) for module in model.modules()]

    def scale(layer, inputs, out):
        if layer.bias is not None:
            out = out - layer.bias.reshape([-1] + [1] * (out.dim() - 2))
            layer.bias.fill_(0)
        std = out.std(unbiased=False)
        if std.item() == 0.0:
            raise ValueError("this layer gives the same everywhere")
        layer.weight /= std
        return out / std

    hooks = [m.register_forward_hook(scale) for m in model.modules() if isinstance(m, (nn.Linear, nn.Conv2d))]
    try:
        model.eval()
        model(x)
    finally:
        for hook in hooks:
            hook.remove()
        for module, mode in modes:
            module.training = mode
    return model
""",
    ),
    right(
        "lsuv_init",
        "correction_of_1",
        edits={"std = output_of(layer).std(correction=0)": "std = output_of(layer).std()"},
    ),
    right(
        "zero_center",
        "objects_that_are_called",
        source="""\
class ZeroCenter:
    def __init__(self, x_train):
        self.mean = np.mean(x_train, axis=0, keepdims=True)

    def __call__(self, x):
        return np.subtract(x, self.mean)


class Standardize(ZeroCenter):
    def __init__(self, x_train):
        super().__init__(x_train)
        self.std = np.sqrt(np.mean((x_train - self.mean) ** 2, axis=0))
        self.std[self.std < 1e-8] = 1

    def __call__(self, x):
        return super().__call__(x) / self.std


class Whiten(ZeroCenter):
    def __init__(self, x_train, eps=1e-5):
        super().__init__(x_train)
        _, s, vt = np.linalg.svd(x_train - self.mean, full_matrices=True)
        s = np.concatenate([s, np.zeros(len(vt) - len(s))])
        self.axes = vt.T / np.sqrt(s**2 / len(x_train) + eps)

    def __call__(self, x):
        return super().__call__(x).dot(self.axes)


zero_center, standardize, pca_whiten = ZeroCenter, Standardize, Whiten
""",
    ),
    right(
        "zero_center",
        "loops_over_features_and_np_cov",
        source="""\
from functools import partial


def _center(mean, x):
    out = x.copy()
    out -= mean
    return out


def zero_center(x_train):
    return partial(_center, x_train.sum(axis=0) / x_train.shape[0])


def standardize(x_train):
    fitted = [(column.mean(), column.std()) for column in x_train.T]

    def transform(x):
        columns = []
        for (mean, std), column in zip(fitted, x.T):
            columns.append((column - mean) / (std if std >= 1e-8 else 1))
        return np.stack(columns, axis=1)

    return transform


def pca_whiten(x_train, eps=1e-5):
    mean = x_train.mean(0)
    values, vectors = np.linalg.eig(np.cov(x_train, rowvar=False, bias=True))
    values, vectors = values.real, vectors.real
    order = np.argsort(-values)
    matrix = vectors[:, order] @ np.diag(1 / np.sqrt(np.abs(values[order]) + eps))
    return lambda x: (x - mean) @ matrix
""",
    ),
    right(
        "zero_center",
        "other_signs_and_float32",
        edits={
            "return lambda x: (x - mean) @ eigenvectors / scale": (
                "return lambda x: -((x - mean).astype(np.float32) @ "
                "eigenvectors.astype(np.float32)) / scale.astype(np.float32)"
            )
        },
    ),
    right(
        "init_module_",
        "apply_with_randn_and_rand",
        source="""\
def init_module_(model, scheme, generator):
    kind, _, form = scheme.partition("_")
    if kind not in ("xavier", "kaiming") or form not in ("normal", "uniform"):
        raise ValueError(f"no scheme {scheme}")

    def start(module):
        name = type(module).__name__
        if name in ("Linear", "Conv1d", "Conv2d", "Conv3d"):
            w = module.weight.data
            fan_in = w[0].numel()
            fan_out = w.numel() / w.shape[1]
            var = 2 / (fan_in + fan_out) if kind == "xavier" else 2 / fan_in
            if form == "normal":
                new = torch.randn(w.shape, generator=generator) * var**0.5
            else:
                new = (torch.rand(w.shape, generator=generator) * 2 - 1) * (3 * var) ** 0.5
            module.weight.data = new.to(w)
        elif "Norm" in name and getattr(module, "weight", None) is not None:
            module.weight.data.fill_(1.0)
        else:
            return
        if getattr(module, "bias", None) is not None:
            module.bias.data.zero_()

    model.apply(start)
    return model
""",
    ),
    right(
        "init_module_",
        "last_layer_first_and_norms_reset",
        source="""\
@torch.no_grad()
def init_module_(model, scheme, generator):
    stds = {
        "xavier": lambda i, o: np.sqrt(2.0 / (i + o)),
        "kaiming": lambda i, o: np.sqrt(2.0 / i),
    }
    if scheme not in [a + b for a in stds for b in ("_normal", "_uniform")]:
        raise ValueError(scheme)
    for module in list(model.modules())[::-1]:
        if isinstance(module, (nn.modules.batchnorm._NormBase, nn.GroupNorm, nn.LayerNorm)):
            for name, parameter in module.named_parameters(recurse=False):
                parameter.copy_(torch.full_like(parameter, float(name == "weight")))
        elif isinstance(module, (nn.Linear, nn.modules.conv._ConvNd)):
            std = float(stds[scheme.split("_")[0]](*fan_in_and_fan_out(tuple(module.weight.shape))))
            cpu = torch.empty(module.weight.shape)
            if "normal" in scheme:
                cpu = torch.normal(0.0, std, cpu.shape, generator=generator)
            else:
                cpu.uniform_(-(3**0.5) * std, 3**0.5 * std, generator=generator)
            module.weight.copy_(cpu)
            if module.bias is not None:
                module.bias *= 0
    return model
""",
    ),
    right(
        "init_module_",
        "new_parameters",
        edits={
            "module.weight.copy_(draw(module.weight.shape))": (
                "module.weight = nn.Parameter(draw(module.weight.shape).to(module.weight))"
            ),
        },
    ),
]
