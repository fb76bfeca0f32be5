"""Other correct ways to answer `batchnorm`. All of them must keep full marks."""

from autograder.answers import right

RIGHT = [
    right(
        "batchnorm_forward",
        "two_branches_that_store_in_both_modes",
        source="""\
def batchnorm_forward(x, gamma, beta, bn_param):
    mode = bn_param['mode']
    eps = bn_param.get('eps', 1e-5)
    momentum = bn_param.get('momentum', 0.9)
    N, D = x.shape
    running_mean = bn_param.get('running_mean', np.zeros(D, dtype=x.dtype))
    running_var = bn_param.get('running_var', np.zeros(D, dtype=x.dtype))
    out, cache = None, None
    if mode == 'train':
        mu = 1. / N * np.sum(x, axis=0)
        xmu = x - mu
        sq = xmu ** 2
        var = 1. / N * np.sum(sq, axis=0)
        sqrtvar = np.sqrt(var + eps)
        ivar = 1. / sqrtvar
        xhat = xmu * ivar
        out = gamma * xhat + beta
        running_mean = momentum * running_mean + (1 - momentum) * mu
        running_var = momentum * running_var + (1 - momentum) * var
        cache = xmu, sqrtvar, xhat, gamma
    elif mode == 'test':
        out = gamma * (x - running_mean) / np.sqrt(running_var + eps) + beta
    else:
        raise ValueError('Invalid forward batchnorm mode "%s"' % mode)
    bn_param['running_mean'] = running_mean
    bn_param['running_var'] = running_var
    return out, cache
""",
    ),
    right(
        "batchnorm_forward",
        "running_statistics_changed_in_place",
        source="""\
def batchnorm_forward(x, gamma, beta, bn_param):
    train = {"train": True, "test": False}.get(bn_param["mode"])
    if train is None:
        raise ValueError(bn_param["mode"])
    for name in ("running_mean", "running_var"):
        bn_param.setdefault(name, np.zeros(x.shape[1]))
    statistics = bn_param["running_mean"], bn_param["running_var"]
    if train:
        batch = np.mean(x, 0), np.mean(np.square(x - np.mean(x, 0)), 0)
        for running, value in zip(statistics, batch):
            running *= bn_param.get("momentum", 0.9)
            running += (1 - bn_param.get("momentum", 0.9)) * value
        statistics = batch
    centred = x - statistics[0]
    std = (statistics[1] + bn_param.get("eps", 1e-5)) ** 0.5
    print("mean", statistics[0])
    return [gamma * centred / std + beta, [centred, std, centred / std, gamma]]
""",
    ),
    right(
        "batchnorm_forward",
        "feature_by_feature",
        source="""\
import math
from collections import namedtuple

Cache = namedtuple("Cache", "centred std x_hat gamma")


def mean_of(numbers):
    total = 0.0
    for number in numbers:
        total += number
    return total / len(numbers)


def batchnorm_forward(x, gamma, beta, bn_param):
    settings = {"eps": 1e-5, "momentum": 0.9, **bn_param}
    if settings["mode"] not in ("train", "test"):
        raise ValueError("no such mode")
    N, D = x.shape
    centred, x_hat, out = np.empty((N, D)), np.empty((N, D), order="F"), np.empty((N, D))
    std, means, variances = np.empty(D), np.zeros(D), np.zeros(D)
    for d in range(D):
        if settings["mode"] == "train":
            mean = mean_of(x[:, d])
            var = mean_of([(value - mean) ** 2 for value in x[:, d]])
            kept = settings["momentum"]
            means[d] = kept * settings.get("running_mean", means)[d] + (1 - kept) * mean
            variances[d] = kept * settings.get("running_var", variances)[d] + (1 - kept) * var
        else:
            mean, var = settings["running_mean"][d], settings["running_var"][d]
        std[d] = math.sqrt(var + settings["eps"])
        for n in range(N):
            centred[n, d] = x[n, d] - mean
            x_hat[n, d] = centred[n, d] / std[d]
            out[n, d] = x_hat[n, d] * gamma[d] + beta[d]
    if settings["mode"] == "train":
        bn_param.update(running_mean=means, running_var=variances)
    return out, Cache(centred, std, x_hat, gamma)
""",
    ),
    right(
        "batchnorm_forward",
        "float32_inside_and_the_cache_in_the_dictionary",
        edits={
            "centred = x - mean": "centred = (x - mean).astype(np.float32)",
            "cache = (centred, std, x_hat, gamma)": (
                'cache = (centred, std, x_hat, gamma)\n    bn_param["last_cache"] = cache\n    bn_param["steps"] = 1'
            ),
        },
    ),
    right(
        "batchnorm_forward",
        "mean_of_squares",
        edits={
            "var = x.var(axis=0)  # biased: divided by N": "var = np.maximum((x**2).mean(axis=0) - mean**2, 0)",
            "out = gamma * x_hat + beta": "out = np.add(np.multiply(x_hat, gamma.reshape(1, -1)), beta.reshape(1, -1))",
        },
    ),
    right(
        "batchnorm_backward",
        "step_by_step_with_ones",
        source="""\
def batchnorm_backward(dout, cache):
    xmu, sqrtvar, xhat, gamma = cache
    ivar = 1. / sqrtvar
    N, D = dout.shape
    dbeta = np.sum(dout, axis=0)
    dgammax = dout
    dgamma = np.sum(dgammax * xhat, axis=0)
    dxhat = dgammax * gamma
    divar = np.sum(dxhat * xmu, axis=0)
    dxmu1 = dxhat * ivar
    dsqrtvar = -1. / (sqrtvar ** 2) * divar
    dvar = 0.5 * 1. / sqrtvar * dsqrtvar
    dsq = 1. / N * np.ones((N, D)) * dvar
    dxmu2 = 2 * xmu * dsq
    dx1 = (dxmu1 + dxmu2)
    dmu = -1 * np.sum(dxmu1 + dxmu2, axis=0)
    dx2 = 1. / N * np.ones((N, D)) * dmu
    dx = dx1 + dx2
    return dx, dgamma, dbeta
""",
    ),
    right(
        "batchnorm_backward",
        "mean_through_the_direct_path_alone",
        edits={"dmean = -dcentred.sum(axis=0)": "dmean = -dcentred_direct.sum(axis=0)"},
    ),
    right(
        "batchnorm_backward",
        "jacobian_of_every_feature",
        source="""\
def batchnorm_backward(dout, cache):
    centred, std, x_hat, gamma = cache
    N, D = dout.shape
    dx = np.zeros((N, D))
    for d in range(D):
        jacobian = np.eye(N) - 1 / N - np.outer(x_hat[:, d], x_hat[:, d]) / N
        dx[:, d] = gamma[d] / std[d] * (jacobian.T @ dout[:, d])
    return dx, np.einsum("nd,nd->d", dout, x_hat), np.ones(N) @ dout
""",
    ),
    right(
        "batchnorm_backward",
        "overwrites_dout_and_returns_a_list",
        edits={
            "dx_hat = dout * gamma": "dout *= gamma\n    dx_hat = dout",
            "return dx, dgamma, dbeta": "return [dx, dgamma, dbeta]",
        },
    ),
    right(
        "batchnorm_backward_alt",
        "one_division_in_front",
        source="""\
def batchnorm_backward_alt(dout, cache):
    _, std, x_hat, gamma = cache
    N = dout.shape[0]
    dbeta = np.sum(dout, axis=0)
    dgamma = np.sum(dout * x_hat, axis=0)
    dx = (gamma / (N * std)) * (N * dout - dbeta - x_hat * dgamma)
    return dx, dgamma, dbeta
""",
    ),
    right(
        "batchnorm_backward_alt",
        "projection_with_einsum",
        source="""\
def batchnorm_backward_alt(dout, cache):
    centred, std, x_hat, gamma = cache
    basis = np.stack([np.ones_like(x_hat), x_hat])  # (2, N, D)
    dbeta, dgamma = np.einsum("knd,nd->kd", basis, dout)
    dout -= np.einsum("knd,kd->nd", basis, np.stack([dbeta, dgamma])) / len(dout)
    dout *= gamma
    dout /= std
    return dout, dgamma, dbeta
""",
    ),
    right(
        "batchnorm_backward_alt",
        "row_by_row_in_float32",
        source="""\
def batchnorm_backward_alt(dout, cache):
    std, x_hat, gamma = (np.asarray(part, dtype=np.float32) for part in cache[1:])
    dbeta, dgamma = np.zeros_like(gamma), np.zeros_like(gamma)
    for upstream, row in zip(dout, x_hat):
        dbeta += upstream
        dgamma += upstream * row
    dx = [gamma / std * (upstream - (dbeta + row * dgamma) / len(dout)) for upstream, row in zip(dout, x_hat)]
    return np.array(dx), dgamma, dbeta
""",
    ),
    right(
        "spatial_batchnorm_forward",
        "channels_to_the_front_and_back",
        source="""\
def spatial_batchnorm_forward(x, gamma, beta, bn_param):
    N, C, H, W = x.shape
    flat = x.swapaxes(0, 1).reshape(C, -1).T
    out, cache = batchnorm_forward(flat, gamma, beta, bn_param)
    return out.T.reshape(C, N, H, W).swapaxes(0, 1), cache


def spatial_batchnorm_backward(dout, cache):
    N, C, H, W = dout.shape
    dx, dgamma, dbeta = batchnorm_backward(dout.swapaxes(0, 1).reshape(C, -1).T, cache)
    return dx.T.reshape(C, N, H, W).swapaxes(0, 1), dgamma, dbeta
""",
    ),
    right(
        "spatial_batchnorm_forward",
        "means_over_three_axes_and_a_dictionary",
        source="""\
def spatial_batchnorm_forward(x, gamma, beta, bn_param):
    mode, eps, momentum = bn_param["mode"], bn_param.get("eps", 1e-5), bn_param.get("momentum", 0.9)
    zeros = np.zeros(x.shape[1])
    if mode == "train":
        mean, var = x.mean((0, 2, 3)), x.var((0, 2, 3))
        bn_param["running_mean"] = momentum * bn_param.get("running_mean", zeros) + (1 - momentum) * mean
        bn_param["running_var"] = momentum * bn_param.get("running_var", zeros) + (1 - momentum) * var
    else:
        mean, var = bn_param["running_mean"], bn_param["running_var"]
    mean, var, gamma, beta = (array.reshape(1, -1, 1, 1) for array in (mean, var, gamma, beta))
    x_hat = (x - mean) / np.sqrt(var + eps)
    return x_hat * gamma + beta, {"x_hat": x_hat, "scale": gamma / np.sqrt(var + eps)}


def spatial_batchnorm_backward(dout, cache):
    x_hat, axes = cache["x_hat"], (0, 2, 3)
    dgamma, dbeta = (dout * x_hat).sum(axes), dout.sum(axes)
    count = dout.size // dout.shape[1]
    inner = dout - (dbeta[:, None, None] + x_hat * dgamma[:, None, None]) / count
    return cache["scale"] * inner, dgamma, dbeta
""",
    ),
    right(
        "spatial_batchnorm_forward",
        "moveaxis_and_the_closed_form",
        source="""\
class SpatialCache:
    def __init__(self, inner, shape):
        self.inner, self.shape = inner, shape


def spatial_batchnorm_forward(x, gamma, beta, bn_param):
    last = np.moveaxis(x, 1, -1)
    out, inner = batchnorm_forward(last.reshape(-1, x.shape[1]), gamma, beta, bn_param)
    return np.moveaxis(out.reshape(last.shape), -1, 1), SpatialCache(inner, last.shape)


def spatial_batchnorm_backward(dout, cache):
    rows = np.moveaxis(dout, 1, -1).reshape(-1, dout.shape[1])
    dx, dgamma, dbeta = batchnorm_backward_alt(rows, cache.inner)
    return [np.moveaxis(dx.reshape(cache.shape), -1, 1), dgamma, dbeta]
""",
    ),
    right(
        "layernorm_forward",
        "transposed_batch_norm",
        source="""\
def layernorm_forward(x, gamma, beta, ln_param):
    eps = ln_param.get('eps', 1e-5)
    xT = x.T
    mu = np.mean(xT, axis=0)
    xmu = xT - mu
    var = np.mean(xmu ** 2, axis=0)
    ivar = 1 / np.sqrt(var + eps)
    xhat = (xmu * ivar).T
    return gamma * xhat + beta, (xhat, gamma, ivar)


def layernorm_backward(dout, cache):
    xhat, gamma, ivar = cache
    N, D = dout.shape
    dbeta = np.sum(dout, axis=0)
    dgamma = np.sum(dout * xhat, axis=0)
    dxhat = (dout * gamma).T
    xhat = xhat.T
    dx = (1 / D) * ivar * (D * dxhat - np.sum(dxhat, axis=0) - xhat * np.sum(dxhat * xhat, axis=0))
    return dx.T, dgamma, dbeta
""",
    ),
    right(
        "layernorm_forward",
        "row_by_row",
        source="""\
def normalized(row, eps):
    centred = row - sum(row) / len(row)
    return centred / np.sqrt(np.dot(centred, centred) / len(row) + eps)


def layernorm_forward(x, gamma, beta, ln_param):
    eps = 1e-5 if "eps" not in ln_param else ln_param["eps"]
    x_hat = np.array([normalized(row, eps) for row in x])
    return np.array([gamma * row + beta for row in x_hat]), {"x": x.copy(), "gamma": gamma, "eps": eps}


def layernorm_backward(dout, cache):
    x, gamma, eps = cache["x"], cache["gamma"], cache["eps"]
    dx, dgamma = np.zeros(x.shape), np.zeros(len(gamma))
    for n, (upstream, row) in enumerate(zip(dout, x)):
        size, std = len(row), np.sqrt(row.var() + eps)
        z = normalized(row, eps)
        jacobian = (np.eye(size) - 1 / size - np.outer(z, z) / size) / std
        dx[n] = jacobian @ (upstream * gamma)
        dgamma += upstream * z
    return dx, dgamma, dout.sum(0)
""",
    ),
    right(
        "layernorm_forward",
        "einsum_and_float32",
        source="""\
import os, sys  # an editor put this here


def layernorm_forward(x, gamma, beta, ln_param):
    x = x.astype(np.float32)
    size = x.shape[1]
    centred = x - np.einsum("nd->n", x)[:, None] / size
    inverse = (np.einsum("nd,nd->n", centred, centred) / size + ln_param.get("eps", 1e-5)) ** -0.5
    x_hat = np.einsum("nd,n->nd", centred, inverse)
    return np.einsum("nd,d->nd", x_hat, gamma) + beta[np.newaxis], [x_hat, inverse, gamma]


def layernorm_backward(dout, cache):
    x_hat, inverse, gamma = cache
    dgamma, dbeta = np.einsum("nd,nd->d", dout, x_hat), np.einsum("nd->d", dout)
    dout *= gamma
    dout -= dout.mean(axis=-1, keepdims=True) + x_hat * np.einsum("nd,nd->n", dout, x_hat)[:, None] / dout.shape[1]
    return dout * inverse[:, None], dgamma, dbeta
""",
    ),
    right(
        "spatial_groupnorm_forward",
        "rows_of_groups",
        source="""\
def spatial_groupnorm_forward(x, gamma, beta, G, gn_param):
    N, C, H, W = x.shape
    eps = gn_param.get('eps', 1e-5)
    flat = x.reshape(N * G, -1) if C % G == 0 else None
    if flat is None:
        raise ValueError('G must divide C')
    mu = flat.mean(axis=1, keepdims=True)
    ivar = 1 / np.sqrt(flat.var(axis=1, keepdims=True) + eps)
    xhat = ((flat - mu) * ivar).reshape(N, C, H, W)
    out = xhat * gamma.reshape(C)[None, :, None, None] + beta.reshape(C)[None, :, None, None]
    return out, {'xhat': xhat, 'ivar': ivar, 'gamma': gamma, 'G': G}


def spatial_groupnorm_backward(dout, cache):
    N, C, H, W = dout.shape
    xhat, ivar = cache['xhat'], cache['ivar']
    dbeta = np.sum(dout, axis=(0, 2, 3))[None, :, None, None]
    dgamma = np.sum(dout * xhat, axis=(0, 2, 3))[None, :, None, None]
    dxhat = (dout * cache['gamma']).reshape(N * cache['G'], -1)
    rows = xhat.reshape(dxhat.shape)
    M = rows.shape[1]
    dx = ivar / M * (M * dxhat - dxhat.sum(1, keepdims=True) - rows * (dxhat * rows).sum(1, keepdims=True))
    return dx.reshape(N, C, H, W), dgamma, dbeta
""",
    ),
    right(
        "spatial_groupnorm_forward",
        "loops_over_images_and_groups",
        source="""\
def spatial_groupnorm_forward(x, gamma, beta, G, gn_param):
    C = x.shape[1]
    if C != C // G * G:
        raise ValueError("groups of different sizes")
    size, eps = C // G, gn_param.get("eps", 1e-5)
    x_hat, std = np.zeros(x.shape), np.zeros((len(x), G))
    for n in range(len(x)):
        for g in range(G):
            block = x[n, g * size : (g + 1) * size]
            std[n, g] = np.sqrt(np.mean((block - block.mean()) ** 2) + eps)
            x_hat[n, g * size : (g + 1) * size] = (block - block.mean()) / std[n, g]
    return gamma * x_hat + beta, (x_hat, std, gamma)


def spatial_groupnorm_backward(dout, cache):
    x_hat, std, gamma = cache
    dgamma, dbeta = np.zeros_like(gamma), np.zeros_like(gamma)
    for c in range(dout.shape[1]):
        dgamma[0, c, 0, 0] = np.sum(dout[:, c] * x_hat[:, c])
        dbeta[0, c, 0, 0] = np.sum(dout[:, c])
    dout *= gamma
    dx, size = np.empty_like(dout), dout.shape[1] // std.shape[1]
    for n, g in np.ndindex(std.shape):
        part = n, slice(g * size, (g + 1) * size)
        d, z = dout[part], x_hat[part]
        dx[part] = (d - d.mean() - z * np.mean(d * z)) / std[n, g]
    return dx, dgamma, dbeta
""",
    ),
    right(
        "spatial_groupnorm_forward",
        "layer_norm_of_each_group",
        source="""\
def spatial_groupnorm_forward(x, gamma, beta, G, gn_param):
    N, C, H, W = x.shape
    if C % G:
        raise ValueError(f"{C} channels, {G} groups")
    parts = np.split(x, G, axis=1)
    length = C // G * H * W
    rows = np.concatenate([part.reshape(N, 1, length) for part in parts], axis=1).reshape(-1, length)
    x_hat, inner = layernorm_forward(rows, np.ones(length), np.zeros(length), gn_param)
    x_hat = x_hat.reshape(N, C, H, W)
    return gamma * x_hat + beta, (x_hat, inner, gamma, length)


def spatial_groupnorm_backward(dout, cache):
    x_hat, inner, gamma, length = cache
    sums = {"axis": (0, 2, 3), "keepdims": True}
    rows = (dout * gamma).reshape(-1, length)
    dx, _, _ = layernorm_backward(rows, inner)
    return dx.reshape(dout.shape), np.sum(dout * x_hat, **sums), np.sum(dout, **sums)
""",
    ),
    right(
        "fold_batchnorm",
        "filter_by_filter",
        source="""\
def fold_batchnorm(w, b, gamma, beta, mean, var, eps):
    folded_w, folded_b = w.copy(), np.zeros(len(w))
    for f in range(len(w)):
        inverse = 1 / np.sqrt(var[f] + eps)
        folded_w[f] *= gamma[f] * inverse
        folded_b[f] = ((0 if b is None else b[f]) - mean[f]) * inverse * gamma[f] + beta[f]
    return folded_w, folded_b
""",
    ),
    right(
        "fold_batchnorm",
        "product_with_a_diagonal_matrix",
        source="""\
def fold_batchnorm(w, b, gamma, beta, mean, var, eps):
    diagonal = np.diag(gamma * (var + eps) ** -0.5)
    if b is None:
        b = 0
    return [(diagonal @ w.reshape(len(w), -1)).reshape(w.shape), beta + diagonal @ (b - mean)]
""",
    ),
    right(
        "fold_batchnorm",
        "the_layer_asked_what_it_does",
        source="""\
def fold_batchnorm(w, b, gamma, beta, mean, var, eps):
    param = {"mode": "test", "eps": eps, "running_mean": mean, "running_var": var}
    start = np.zeros_like(mean) if b is None else b
    at_start, at_one_more = batchnorm_forward(np.stack([start, start + 1]), gamma, beta, param)[0]
    slope = at_one_more - at_start
    return np.einsum("f,fcuv->fcuv", slope, w).astype(np.float32), at_start
""",
    ),
    right(
        "BatchNorm2d",
        "rows_of_channels_and_lerp",
        source="""\
class BatchNorm2d(nn.Module):
    def __init__(self, num_features, eps=1e-5, momentum=0.1, affine=True, track_running_stats=True):
        super(BatchNorm2d, self).__init__()
        self.num_features = num_features
        self.eps = eps
        self.momentum = momentum
        self.affine = affine
        self.track_running_stats = track_running_stats
        if affine:
            self.weight = nn.Parameter(torch.empty(num_features))
            self.bias = nn.Parameter(torch.empty(num_features))
        else:
            self.register_parameter("weight", None)
            self.register_parameter("bias", None)
        if track_running_stats:
            self.register_buffer("running_mean", torch.empty(num_features))
            self.register_buffer("running_var", torch.empty(num_features))
            self.register_buffer("num_batches_tracked", torch.tensor(0, dtype=torch.long))
        else:
            for name in ("running_mean", "running_var", "num_batches_tracked"):
                self.register_buffer(name, None)
        self.reset()

    def reset(self):
        if self.affine:
            nn.init.ones_(self.weight)
            nn.init.zeros_(self.bias)
        if self.track_running_stats:
            self.running_mean.zero_()
            self.running_var.fill_(1)

    def forward(self, x):
        if x.ndim != 4:
            raise ValueError(f"expected 4D input (got {x.ndim}D input)")
        rows = x.permute(0, 2, 3, 1).reshape(-1, self.num_features)
        if self.training or self.running_mean is None:
            if len(rows) == 1:
                raise ValueError("Expected more than 1 value per channel")
            var, mean = torch.var_mean(rows, 0, unbiased=False)
            if self.running_mean is not None:
                self.num_batches_tracked.add_(1)
                factor = self.momentum
                if factor is None:
                    factor = 1 / float(self.num_batches_tracked)
                self.running_mean.lerp_(mean.detach(), factor)
                self.running_var.lerp_(rows.detach().var(0), factor)
        else:
            mean, var = self.running_mean, self.running_var
        out = (rows - mean) * (var + self.eps).rsqrt()
        if self.weight is not None:
            out = out * self.weight + self.bias
        return out.view(x.shape[0], x.shape[2], x.shape[3], -1).permute(0, 3, 1, 2)
""",
    ),
    right(
        "BatchNorm2d",
        "gradient_written_by_hand",
        source="""\
class Normalize(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, mean, var, eps, batch):
        inverse = (var + eps).pow(-0.5).view(1, -1, 1, 1)
        x_hat = (x - mean.view(1, -1, 1, 1)) * inverse
        ctx.save_for_backward(x_hat, inverse)
        ctx.batch = batch
        return x_hat

    @staticmethod
    def backward(ctx, dout):
        x_hat, inverse = ctx.saved_tensors
        if ctx.batch:
            axes = (0, 2, 3)
            dout = dout - dout.mean(axes, keepdim=True) - x_hat * (dout * x_hat).mean(axes, keepdim=True)
        return dout * inverse, None, None, None, None


class BatchNorm2d(nn.Module):
    def __init__(self, num_features, eps=1e-5, momentum=0.1, affine=True, track_running_stats=True, device=None):
        super().__init__()
        self.eps, self.momentum, self.tracks = eps, momentum, track_running_stats
        if affine:
            self.weight = nn.Parameter(torch.ones(num_features, device=device))
            self.bias = nn.Parameter(torch.zeros(num_features, device=device))
        if track_running_stats:
            self.register_buffer("running_mean", torch.zeros(num_features, device=device))
            self.register_buffer("running_var", torch.ones(num_features, device=device))
            self.register_buffer("num_batches_tracked", torch.zeros((), dtype=torch.int64, device=device))

    @torch.no_grad()
    def update(self, mean, var, count):
        self.num_batches_tracked += 1
        m = self.momentum
        if m is None:
            m = 1.0 / self.num_batches_tracked.item()
        self.running_mean.mul_(1 - m).add_(mean, alpha=m)
        self.running_var.mul_(1 - m).add_(var * (count / (count - 1)), alpha=m)

    def forward(self, x):
        if len(x.shape) != 4:
            raise ValueError("images are (N, C, H, W)")
        batch = self.training or not self.tracks
        if batch:
            N, C, H, W = x.shape
            if N * H * W < 2:
                raise ValueError("one value has no variance")
            with torch.no_grad():
                flat = x.transpose(0, 1).flatten(1)
                mean = flat.mean(1)
                var = ((flat - mean[:, None]) ** 2).mean(1)
            if self.tracks and self.training:
                self.update(mean, var, N * H * W)
        else:
            mean, var = self.running_mean, self.running_var
        out = Normalize.apply(x, mean, var, self.eps, batch)
        if hasattr(self, "weight"):
            out = torch.einsum("nchw,c->nchw", out, self.weight) + self.bias.view(-1, 1, 1)
        return out
""",
    ),
    right(
        "BatchNorm2d",
        "float64_inside_and_named_helpers",
        source="""\
def per_channel(values):
    return values[None, :, None, None]


class BatchNorm2d(nn.Module):
    def __init__(self, num_features, eps=1e-5, momentum=0.1, affine=True, track_running_stats=True):
        super().__init__()
        self.eps, self.momentum, self.track_running_stats, self.affine = eps, momentum, track_running_stats, affine
        for name, start in {"weight": 1.0, "bias": 0.0}.items():
            setattr(self, name, nn.Parameter(torch.full((num_features,), start)) if affine else None)
        if self.track_running_stats:
            self.register_buffer("running_mean", torch.full((num_features,), 0.0))
            self.register_buffer("running_var", torch.full((num_features,), 1.0))
            self.register_buffer("num_batches_tracked", torch.tensor(0, dtype=torch.int64))

    def _check(self, x):
        if x.dim() != 4:
            raise ValueError(f"expected 4 axes, got {tuple(x.shape)}")
        if self._uses_batch() and x[:, 0].numel() == 1:
            raise ValueError("a single value per channel")

    def _uses_batch(self):
        return self.training or not self.track_running_stats

    def _remember(self, mean, var):
        self.num_batches_tracked += 1
        share = self.momentum
        if share is None:
            share = 1 / int(self.num_batches_tracked)
        for running, new in ((self.running_mean, mean), (self.running_var, var)):
            running += share * (new.detach().to(running.dtype) - running)

    def forward(self, x):
        self._check(x)
        wide = x.double()
        if self._uses_batch():
            mean = wide.mean((0, 2, 3))
            centred = wide - per_channel(mean)
            var = (centred * centred).mean((0, 2, 3))
            if self.training and self.track_running_stats:
                self._remember(mean, wide.var((0, 2, 3)))
        else:
            mean, var = self.running_mean.double(), self.running_var.double()
            centred = wide - per_channel(mean)
        out = (centred / per_channel((var + self.eps).sqrt())).to(x.dtype)
        return torch.addcmul(per_channel(self.bias), out, per_channel(self.weight)) if self.affine else out
""",
    ),
    right(
        "BatchNorm2d",
        "buffers_replaced_and_everything_by_sums",
        source="""\
import warnings
import matplotlib.pyplot as plt  # an editor put this here


class BatchNorm2d(nn.Module):
    def __init__(self, num_features, eps=1e-5, momentum=0.1, affine=True, track_running_stats=True):
        super().__init__()
        ones, zeros = torch.ones(num_features), torch.zeros(num_features)
        self.weight = nn.Parameter(ones.clone()) if affine else None
        self.bias = nn.Parameter(zeros.clone()) if affine else None
        values = [zeros.clone(), ones.clone(), torch.tensor(0)]
        for name, value in zip(["running_mean", "running_var", "num_batches_tracked"], values):
            self.register_buffer(name, value if track_running_stats else None)
        self.settings = {"eps": eps, "momentum": momentum}

    def forward(self, x):
        warnings.warn("normalizing")
        if x.dim() != 4:
            raise ValueError("four axes, please")
        eps, momentum = self.settings["eps"], self.settings["momentum"]
        tracks = self.running_mean is not None
        mean, var = self.running_mean, self.running_var
        if self.training or not tracks:
            M = x.numel() / x.size(1)
            if M <= 1:
                raise ValueError("more than one value per channel, please")
            mean = x.sum([0, 2, 3]) / M
            var = (x - mean.reshape(1, -1, 1, 1)).pow(2).sum([0, 2, 3]) / M
            if tracks:
                self.num_batches_tracked = self.num_batches_tracked + 1
                share = momentum if momentum is not None else 1 / self.num_batches_tracked
                self.running_mean = ((1 - share) * self.running_mean + share * mean).detach()
                self.running_var = (1 - share) * self.running_var + share * var.detach() * M / (M - 1)
        mean, var = mean.reshape(1, -1, 1, 1), var.reshape(1, -1, 1, 1)
        scale = 1 / torch.sqrt(var + eps)
        out = (x - mean) * scale
        if self.weight is None:
            return out
        return self.weight.reshape(1, -1, 1, 1) * out + self.bias.reshape(1, -1, 1, 1)
""",
    ),
]
