"""Other right ways to answer the exercises of `pooling`: each must keep full marks."""

from autograder.answers import right

RIGHT = [
    right(
        "max_pool_forward_naive",
        "six_loops_and_a_running_maximum",
        source="""\
def max_pool_forward_naive(x, pool_param):
    N, C, H, W = x.shape
    HH, WW, S = pool_param["pool_height"], pool_param["pool_width"], pool_param["stride"]
    if HH > H or WW > W:
        raise ValueError("the window does not fit")
    H_out, W_out = 1 + (H - HH) // S, 1 + (W - WW) // S
    out = np.full((N, C, H_out, W_out), -np.inf)
    for i in range(H_out):
        for j in range(W_out):
            for u in range(HH):
                for v in range(WW):
                    for n in range(N):
                        for c in range(C):
                            out[n, c, i, j] = max(out[n, c, i, j], x[n, c, i * S + u, j * S + v])
    print("pooled", x.shape, "to", out.shape)
    return out, (x, pool_param)
""",
    ),
    right(
        "max_pool_forward_naive",
        "sliding_windows_and_float32",
        source="""\
from numpy.lib.stride_tricks import sliding_window_view


def max_pool_forward_naive(x, pool_param):
    size, stride = (pool_param["pool_height"], pool_param["pool_width"]), pool_param["stride"]
    windows = sliding_window_view(x.astype(np.float32), size, axis=(2, 3))  # a ValueError where nothing fits
    out = windows[:, :, ::stride, ::stride].max(axis=(-2, -1))
    return np.asfortranarray(out), [x, pool_param]
""",
    ),
    right(
        "max_pool_forward_naive",
        "ranges_of_starts_and_an_object_as_cache",
        source="""\
import typing
import warnings
from itertools import product

from numpy import char  # what an editor added


class PoolCache(typing.NamedTuple):
    x: np.ndarray
    pool_param: dict


def starts(size, window, stride):
    if window > size:
        raise ValueError(f"a window of {window} on {size} pixels")
    return range(0, size - window + 1, stride)


def max_pool_forward_naive(x, pool_param):
    height, width, stride = (pool_param[key] for key in ("pool_height", "pool_width", "stride"))
    tops, lefts = starts(x.shape[2], height, stride), starts(x.shape[3], width, stride)
    pixels = [x[:, :, t : t + height, l : l + width].max(axis=3).max(axis=2) for t, l in product(tops, lefts)]
    if stride > height or stride > width:
        warnings.warn("some pixels lie in no window")
    out = np.stack(pixels, axis=-1).reshape(*x.shape[:2], len(tops), len(lefts))
    return out, PoolCache(x, pool_param)
""",
    ),
    right(
        "max_pool_forward_naive",
        "maximum_filter_from_scipy",
        source="""\
from scipy import ndimage


def max_pool_forward_naive(x, pool_param):
    height, width, stride = pool_param["pool_height"], pool_param["pool_width"], pool_param["stride"]
    if height > x.shape[2] or width > x.shape[3]:
        raise ValueError("the window is larger than the image")
    filtered = ndimage.maximum_filter(x, size=(1, 1, height, width), mode="constant", cval=-np.inf,
                                      origin=(0, 0, -(height // 2), -(width // 2)))
    rows = slice(0, x.shape[2] - height + 1, stride)
    return filtered[:, :, rows, 0 : x.shape[3] - width + 1 : stride], (x, pool_param)
""",
    ),
    right(
        "max_pool_backward_naive",
        "searched_pixel_by_pixel_and_overwrites_dout",
        source="""\
def max_pool_backward_naive(dout, cache):
    x, pool_param = cache
    HH, WW, S = pool_param["pool_height"], pool_param["pool_width"], pool_param["stride"]
    dx = np.zeros(x.shape)
    for i in range(dout.shape[2]):
        for j in range(dout.shape[3]):
            for c in range(x.shape[1]):
                for n in range(x.shape[0]):
                    best, place = -np.inf, None
                    for u in range(HH):
                        for v in range(WW):
                            if x[n, c, i * S + u, j * S + v] > best:
                                best, place = x[n, c, i * S + u, j * S + v], (i * S + u, j * S + v)
                    dx[n, c, place[0], place[1]] += dout[n, c, i, j]
                    dout[n, c, i, j] = 0
    return dx
""",
    ),
    right(
        "max_pool_backward_naive",
        "whole_batch_at_each_position",
        source="""\
def max_pool_backward_naive(dout, cache):
    x, pool_param = cache
    N, C = x.shape[:2]
    HH, WW, S = pool_param["pool_height"], pool_param["pool_width"], pool_param["stride"]
    dx = np.zeros(x.shape, dtype=np.float32)
    images, channels = np.ogrid[:N, :C]
    for i, j in np.ndindex(dout.shape[2:]):
        windows = x[:, :, i * S : i * S + HH, j * S : j * S + WW].reshape(N, C, -1)
        rows, columns = np.divmod(np.argmax(windows, axis=2), WW)
        dx[images, channels, i * S + rows, j * S + columns] += dout[:, :, i, j]
    return dx
""",
    ),
    right(
        "max_pool_backward_naive",
        "add_at_flat_indices",
        source="""\
def max_pool_backward_naive(dout, cache):
    x, pool_param = cache
    N, C, H, W = x.shape
    HH, WW, S = pool_param["pool_height"], pool_param["pool_width"], pool_param["stride"]
    numbers = np.arange(x.size).reshape(x.shape)
    view = np.lib.stride_tricks.sliding_window_view
    windows = view(x, (HH, WW), axis=(2, 3))[:, :, ::S, ::S].reshape(*dout.shape, HH * WW)
    places = view(numbers, (HH, WW), axis=(2, 3))[:, :, ::S, ::S].reshape(*dout.shape, HH * WW)
    winners = np.take_along_axis(places, windows.argmax(axis=-1)[..., None], axis=-1)
    dx = np.zeros(x.size)
    np.add.at(dx, winners.ravel(), dout.ravel())
    return dx.reshape(x.shape)
""",
    ),
    right(
        "max_pool_backward_naive",
        "first_of_a_mask",
        edits={
            "row, column = np.unravel_index(window.argmax(), window.shape)": (
                "row, column = np.argwhere(window == np.max(window))[0]"
            ),
        },
    ),
    right(
        "avg_pool_forward",
        "running_sums_and_a_list_as_cache",
        source="""\
def avg_pool_forward(x, pool_param):
    N, C, H, W = x.shape
    HH, WW, S, P = (pool_param.get(key, 0) for key in ("pool_height", "pool_width", "stride", "pad"))
    H_out, W_out = (H + 2 * P - HH) // S + 1, (W + 2 * P - WW) // S + 1
    if HH > H + 2 * P or WW > W + 2 * P:
        raise ValueError("the window does not fit")
    out = np.zeros((N, C, H_out, W_out))
    for n in range(N):
        for c in range(C):
            for i in range(H_out):
                for j in range(W_out):
                    for u in range(HH):
                        for v in range(WW):
                            row, column = i * S + u - P, j * S + v - P
                            if 0 <= row < H and 0 <= column < W:
                                out[n, c, i, j] += x[n, c, row, column] / HH / WW
    return [out, [x.shape, dict(pool_param)]]
""",
    ),
    right(
        "avg_pool_forward",
        "integral_image",
        source="""\
def avg_pool_forward(x, pool_param):
    height, width, stride = pool_param["pool_height"], pool_param["pool_width"], pool_param["stride"]
    pad = pool_param["pad"] if "pad" in pool_param else 0
    above = np.pad(x, ((0, 0), (0, 0), (pad + 1, pad), (pad + 1, pad))).cumsum(axis=2).cumsum(axis=3)
    if above.shape[2] <= height or above.shape[3] <= width:
        raise ValueError("the window is larger than the padded image")
    sums = above[:, :, height:, width:] - above[:, :, :-height, width:]
    sums += above[:, :, :-height, :-width] - above[:, :, height:, :-width]
    return sums[:, :, ::stride, ::stride] / (height * width), (x.shape, dict(pool_param))
""",
    ),
    right(
        "avg_pool_forward",
        "convolution_with_a_constant_kernel",
        source="""\
def avg_pool_forward(x, pool_param):
    N, C, H, W = x.shape
    size = (pool_param["pool_height"], pool_param["pool_width"])
    param = {"stride": pool_param["stride"], "pad": pool_param.get("pad", 0)}
    kernel = np.full((1, 1, *size), 1 / np.prod(size))
    out, _ = conv_forward_fast(x.reshape(N * C, 1, H, W), kernel, np.zeros(1), param)
    return out.reshape(N, C, *out.shape[2:]), (x.shape, pool_param)
""",
    ),
    right(
        "avg_pool_forward",
        "mean_of_sliding_windows_in_float32",
        source="""\
def avg_pool_forward(x, pool_param):
    stride, pad = pool_param["stride"], pool_param.get("pad", 0)
    padded = np.pad(x.astype("float32"), [(0, 0), (0, 0), (pad, pad), (pad, pad)])
    size = pool_param["pool_height"], pool_param["pool_width"]
    windows = np.lib.stride_tricks.sliding_window_view(padded, size, axis=(2, 3))
    return np.mean(windows, axis=(4, 5))[:, :, ::stride, ::stride], (x.shape, pool_param)
""",
    ),
    right(
        "avg_pool_backward",
        "loops_over_the_window_and_overwrites_dout",
        source="""\
def avg_pool_backward(dout, cache):
    (N, C, H, W), pool_param = cache
    HH, WW, S, P = pool_param["pool_height"], pool_param["pool_width"], pool_param["stride"], pool_param.get("pad", 0)
    H_out, W_out = dout.shape[2:]
    dout /= HH * WW
    dx = np.zeros((H + 2 * P, W + 2 * P, N, C))
    for u in range(HH):
        for v in range(WW):
            dx[u : u + S * H_out : S, v : v + S * W_out : S] += dout.transpose(2, 3, 0, 1)
    return dx[P : H + P, P : W + P].transpose(2, 3, 0, 1)
""",
    ),
    right(
        "avg_pool_backward",
        "pixel_by_pixel",
        source="""\
def avg_pool_backward(dout, cache):
    shape, pool_param = cache
    HH, WW, S = pool_param["pool_height"], pool_param["pool_width"], pool_param["stride"]
    P = pool_param.get("pad", 0)
    dx = np.zeros(shape, dtype=np.float32)
    for n, c, i, j in np.ndindex(*dout.shape):
        for row in range(max(0, i * S - P), min(shape[2], i * S - P + HH)):
            for column in range(max(0, j * S - P), min(shape[3], j * S - P + WW)):
                dx[n, c, row, column] += dout[n, c, i, j] / (HH * WW)
    return dx
""",
    ),
    right(
        "avg_pool_backward",
        "full_convolution_with_ones",
        source="""\
from scipy.signal import convolve2d


def avg_pool_backward(dout, cache):
    shape, pool_param = cache
    size = pool_param["pool_height"], pool_param["pool_width"]
    stride, pad = pool_param["stride"], pool_param.get("pad", 0)
    dx = np.zeros((*shape[:2], shape[2] + 2 * pad, shape[3] + 2 * pad))
    kernel = np.ones(size) / (size[0] * size[1])
    for n, c in np.ndindex(shape[:2]):
        spread = np.zeros((dx.shape[2] - size[0] + 1, dx.shape[3] - size[1] + 1))
        spread[::stride, ::stride] = dout[n, c]
        dx[n, c] = convolve2d(spread, kernel)
    if pad:
        dx = dx[:, :, pad:-pad, pad:-pad]
    return dx
""",
    ),
    right(
        "global_avg_pool_forward",
        "flattened_and_summed",
        source="""\
def global_avg_pool_forward(x):
    N, C, H, W = x.shape
    pixels = x.reshape(N, C, -1).astype(np.float32)
    return pixels.sum(-1) / pixels.shape[-1], (N, C, H, W)
""",
    ),
    right(
        "global_avg_pool_forward",
        "einsum_and_a_list",
        source="""\
def global_avg_pool_forward(x):
    print("averaging", x.shape)
    return [np.einsum("ncij->nc", x) / np.prod(x.shape[2:]), list(x.shape)]
""",
    ),
    right(
        "global_avg_pool_forward",
        "loops",
        source="""\
def global_avg_pool_forward(x):
    N, C, H, W = x.shape
    out = np.empty((N, C), order="F")
    for n in range(N):
        for c in range(C):
            total = 0.0
            for row in x[n, c]:
                total += sum(row)
            out[n, c] = total / (H * W)
    return out, x.shape
""",
    ),
    right(
        "global_avg_pool_backward",
        "a_view_that_cannot_be_written",
        source="""\
def global_avg_pool_backward(dout, cache):
    N, C, H, W = cache
    dout /= H * W
    return np.broadcast_to(dout[..., None, None], (N, C, H, W))
""",
    ),
    right(
        "global_avg_pool_backward",
        "outer_product_with_ones",
        source="""\
def global_avg_pool_backward(dout, cache):
    height, width = cache[2], cache[3]
    return np.einsum("nc,hw->nchw", dout, np.ones((height, width), dtype=np.float32)) / height / width
""",
    ),
    right(
        "global_avg_pool_backward",
        "repeated",
        source="""\
def global_avg_pool_backward(dout, cache):
    N, C, H, W = cache
    return np.repeat(dout / (H * W), H * W, axis=1).reshape(N, C, H, W)
""",
    ),
    right(
        "max_pool_fast",
        "sliding_windows",
        source="""\
def max_pool_fast(x, size, stride, pad=0):
    size = (size, size) if isinstance(size, int) else tuple(size)
    sh, sw = (stride, stride) if isinstance(stride, int) else stride
    ph, pw = (pad, pad) if isinstance(pad, int) else pad
    padded = np.pad(x, ((0, 0), (0, 0), (ph, ph), (pw, pw)), mode="constant", constant_values=float("-inf"))
    return np.lib.stride_tricks.sliding_window_view(padded, size, axis=(2, 3))[:, :, ::sh, ::sw].max(axis=(4, 5))
""",
    ),
    right(
        "max_pool_fast",
        "as_strided_and_the_lowest_float",
        source="""\
def max_pool_fast(x, size, stride, pad=0):
    (hh, ww), (sh, sw), (ph, pw) = (np.broadcast_to(value, 2).tolist() for value in (size, stride, pad))
    N, C, H, W = x.shape
    if hh > H + 2 * ph or ww > W + 2 * pw:
        raise ValueError(f"a window of {hh}x{ww} does not fit")
    padded = np.full((N, C, H + 2 * ph, W + 2 * pw), np.finfo(x.dtype).min, dtype=x.dtype)
    padded[:, :, ph : ph + H, pw : pw + W] = x
    s0, s1, s2, s3 = padded.strides
    shape = (N, C, (H + 2 * ph - hh) // sh + 1, (W + 2 * pw - ww) // sw + 1, hh, ww)
    windows = np.lib.stride_tricks.as_strided(padded, shape, (s0, s1, s2 * sh, s3 * sw, s2, s3), writeable=False)
    return windows.reshape(*shape[:4], -1).max(-1)
""",
    ),
    right(
        "max_pool_fast",
        "columns_by_index_arrays",
        source="""\
def places(size, window, stride):
    if window > size:
        raise ValueError("the window is larger than the padded image")
    return stride * np.arange((size - window) // stride + 1)[:, None] + np.arange(window)


def max_pool_fast(x, size, stride, pad=0):
    size, stride, pad = pair(size, "size"), pair(stride, "stride"), pair(pad, "pad", 0)
    x = np.pad(x, ((0, 0), (0, 0), (pad[0],) * 2, (pad[1],) * 2), constant_values=-np.inf)
    rows, columns = (places(x.shape[2 + axis], size[axis], stride[axis]) for axis in (0, 1))
    return x[:, :, rows[:, None, :, None], columns[None, :, None, :]].max(axis=-1).max(axis=-1)
""",
    ),
    right(
        "max_pool_fast",
        "edges_repeated_and_one_axis_after_the_other",
        source="""\
def along(x, axis, window, stride, pad):
    # copies of the border win only where the border itself would: it lies in every window that its copies do
    x = np.pad(x, [(pad, pad) if a == axis else (0, 0) for a in range(4)], mode="edge")
    count = (x.shape[axis] - window) // stride + 1
    if x.shape[axis] < window:
        raise ValueError("too large")
    x = np.moveaxis(x, axis, 0)
    taps = [x[u : u + stride * (count - 1) + 1 : stride] for u in range(window)]
    return np.moveaxis(np.maximum.reduce(taps), 0, axis)


def max_pool_fast(x, size, stride, pad=0):
    size, stride, pad = (value if isinstance(value, (tuple, list)) else [value] * 2 for value in (size, stride, pad))
    for axis in (0, 1):
        x = along(x, axis + 2, size[axis], stride[axis], pad[axis])
    return x.astype(np.float32)
""",
    ),
    right(
        "max_unpool",
        "loops",
        source="""\
def max_pool_with_switches(x, size, stride):
    (HH, WW), (SH, SW) = pair(size, "size"), pair(stride, "stride")
    N, C, H, W = x.shape
    out = np.empty((N, C, (H - HH) // SH + 1, (W - WW) // SW + 1))
    switches = np.zeros(out.shape, dtype=np.int32)
    for n, c, i, j in np.ndindex(out.shape):
        window = x[n, c, i * SH : i * SH + HH, j * SW : j * SW + WW]
        u, v = np.unravel_index(np.argmax(window), window.shape)
        out[n, c, i, j] = window[u, v]
        switches[n, c, i, j] = (i * SH + u) * W + j * SW + v
    return out, switches


def max_unpool(y, switches, out_shape):
    maps = np.zeros(out_shape)
    for n, c, i, j in np.ndindex(y.shape):
        row, column = divmod(int(switches[n, c, i, j]), out_shape[3])
        maps[n, c, row, column] = y[n, c, i, j]
    return maps
""",
    ),
    right(
        "max_unpool",
        "a_map_of_numbers_in_windows",
        source="""\
def max_pool_with_switches(x, size, stride):
    size, (sh, sw) = pair(size, "size"), pair(stride, "stride")
    numbers = np.arange(x.shape[2] * x.shape[3]).reshape(x.shape[2:])
    view = np.lib.stride_tricks.sliding_window_view
    windows = view(x, size, axis=(2, 3))[:, :, ::sh, ::sw]
    windows = windows.reshape(*windows.shape[:4], -1)
    numbers = view(numbers, size)[::sh, ::sw].reshape(*windows.shape[2:])
    winners = windows.argmax(axis=-1)[..., np.newaxis]
    switches = np.take_along_axis(np.broadcast_to(numbers, windows.shape), winners, axis=-1)[..., 0]
    return [np.take_along_axis(windows, winners, axis=-1)[..., 0], switches.astype(np.uint16)]


def max_unpool(y, switches, out_shape):
    N, C, H, W = out_shape
    offsets = np.arange(N * C).reshape(N, C, 1, 1) * (H * W)
    maps = np.zeros(N * C * H * W, dtype=np.float32)
    maps[(switches + offsets).ravel()] = y.ravel()
    return maps.reshape(out_shape)
""",
    ),
    right(
        "max_unpool",
        "maxima_tap_by_tap_and_fancy_indices",
        source="""\
def max_pool_with_switches(x, size, stride):
    (hh, ww), (sh, sw) = pair(size, "size"), pair(stride, "stride")
    h_out, w_out = (x.shape[2] - hh) // sh + 1, (x.shape[3] - ww) // sw + 1
    numbers = np.arange(x.shape[2] * x.shape[3]).reshape(x.shape[2:])
    out, switches = np.full((*x.shape[:2], h_out, w_out), -np.inf), 0
    for u in range(hh):
        for v in range(ww):
            rows, columns = slice(u, u + sh * h_out, sh), slice(v, v + sw * w_out, sw)
            larger = x[:, :, rows, columns] > out  # a tie stays with the first
            out = np.where(larger, x[:, :, rows, columns], out)
            switches = np.where(larger, numbers[rows, columns], switches)
    return out, switches


def max_unpool(y, switches, out_shape):
    maps = np.zeros(out_shape, y.dtype, order="F")
    n, c = np.ogrid[: y.shape[0], : y.shape[1]]
    maps[n[..., None, None], c[..., None, None], switches // out_shape[3], switches % out_shape[3]] = y
    return maps
""",
    ),
    right(
        "MaxPool2dFunction",
        "tensor_unfold_and_index_add",
        source="""\
class MaxPool2dFunction(torch.autograd.Function):
    @staticmethod
    def windows(x, size, stride, padding, fill):
        (ph, pw) = pair(padding, "padding", 0)
        x = F.pad(x, (pw, pw, ph, ph), value=fill)
        for axis in (0, 1):
            x = x.unfold(2 + axis, pair(size, "size")[axis], pair(stride, "stride")[axis])
        return x.flatten(4)

    @staticmethod
    def forward(ctx, x, kernel_size, stride, padding):
        windows = MaxPool2dFunction.windows(x, kernel_size, stride, padding, -float("inf"))
        numbers = torch.arange(x.numel(), device=x.device).reshape(x.shape)
        numbers = MaxPool2dFunction.windows(numbers, kernel_size, stride, padding, -1)
        winners = windows.argmax(dim=4, keepdim=True)
        ctx.save_for_backward(numbers.gather(4, winners))
        ctx.shape = x.shape
        return windows.gather(4, winners).squeeze(4)

    @staticmethod
    def backward(ctx, dout):
        (places,) = ctx.saved_tensors
        dx = torch.zeros(ctx.shape, dtype=dout.dtype, device=dout.device)
        dx.view(-1).index_add_(0, places.flatten(), dout.flatten())
        return dx, None, None, None
""",
    ),
    right(
        "MaxPool2dFunction",
        "loops_over_the_window",
        source="""\
class MaxPool2dFunction(torch.autograd.Function):
    @staticmethod
    def taps(ctx):
        (hh, ww), (sh, sw) = ctx.size, ctx.stride
        for u in range(hh):
            for v in range(ww):
                yield np.s_[:, :, u : u + sh * ctx.h_out : sh, v : v + sw * ctx.w_out : sw]

    @staticmethod
    def forward(ctx, x, kernel_size, stride, padding):
        ctx.size, ctx.stride = pair(kernel_size, "kernel_size"), pair(stride, "stride")
        ctx.pad = ph, pw = pair(padding, "padding", minimum=0)
        ctx.h_out = (x.shape[2] + 2 * ph - ctx.size[0]) // ctx.stride[0] + 1
        ctx.w_out = (x.shape[3] + 2 * pw - ctx.size[1]) // ctx.stride[1] + 1
        padded = torch.full((*x.shape[:2], x.shape[2] + 2 * ph, x.shape[3] + 2 * pw), -float("inf")).to(x)
        padded[:, :, ph : ph + x.shape[2], pw : pw + x.shape[3]] = x
        out = torch.full((*x.shape[:2], ctx.h_out, ctx.w_out), -float("inf")).to(x)
        for tap in MaxPool2dFunction.taps(ctx):
            out = torch.maximum(out, padded[tap])
        ctx.save_for_backward(padded, out)
        return out

    @staticmethod
    def backward(ctx, dout):
        padded, out = ctx.saved_tensors
        dx, free = torch.zeros_like(padded), torch.ones_like(out, dtype=torch.bool)
        for tap in MaxPool2dFunction.taps(ctx):
            first = (padded[tap] == out) & free
            free &= ~first
            dx[tap] += first * dout
        height, width = dx.shape[2] - 2 * ctx.pad[0], dx.shape[3] - 2 * ctx.pad[1]
        return dx.narrow(2, ctx.pad[0], height).narrow(3, ctx.pad[1], width), None, None, None
""",
    ),
    right(
        "MaxPool2dFunction",
        "loops_over_pixels_in_numpy",
        source="""\
class MaxPool2dFunction(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, kernel_size, stride, padding):
        (hh, ww), (sh, sw), (ph, pw) = (v if isinstance(v, tuple) else (v, v) for v in (kernel_size, stride, padding))
        pixels = x.detach().cpu().numpy()
        N, C, H, W = pixels.shape
        out = np.zeros((N, C, (H + 2 * ph - hh) // sh + 1, (W + 2 * pw - ww) // sw + 1), pixels.dtype)
        ctx.winners, ctx.shape = {}, x.shape
        for n, c, i, j in np.ndindex(out.shape):
            top, left = max(0, i * sh - ph), max(0, j * sw - pw)
            window = pixels[n, c, top : i * sh - ph + hh, left : j * sw - pw + ww]
            u, v = divmod(window.argmax(), window.shape[1])
            out[n, c, i, j] = window[u, v]
            ctx.winners[n, c, i, j] = (n, c, top + int(u), left + int(v))
        return torch.from_numpy(out).to(x.device)

    @staticmethod
    def backward(ctx, dout):
        dx = torch.zeros(ctx.shape, dtype=dout.dtype, device=dout.device)
        for window, pixel in ctx.winners.items():
            dx[pixel] += dout[window]
        return dx, None, None, None
""",
    ),
    right(
        "MaxPool2dFunction",
        "gradient_by_autograd_itself",
        source="""\
class MaxPool2dFunction(torch.autograd.Function):
    @staticmethod
    def pool(x, kernel_size, stride, padding):
        size, (sh, sw), (ph, pw) = pair(kernel_size, "size"), pair(stride, "stride"), pair(padding, "padding", 0)
        x = F.pad(x, (pw, pw, ph, ph), value=-torch.inf)
        return x.unfold(2, size[0], sh).unfold(3, size[1], sw).flatten(4).max(dim=4).values

    @staticmethod
    def forward(ctx, x, *settings):
        ctx.save_for_backward(x)
        ctx.settings = settings
        return MaxPool2dFunction.pool(x, *settings)

    @staticmethod
    def backward(ctx, dout):
        with torch.enable_grad():
            x = ctx.saved_tensors[0].detach().requires_grad_()
            out = MaxPool2dFunction.pool(x, *ctx.settings)
        return torch.autograd.grad(out, x, dout)[0], None, None, None
""",
    ),
    right(
        "LeNet5",
        "tanh_and_average_with_functions",
        source="""\
import torch.nn as nn
import torch.nn.functional as F


class LeNet5(nn.Module):
    def __init__(self, num_classes=10):
        super(LeNet5, self).__init__()
        self.fc3 = nn.Linear(84, num_classes)
        self.fc2 = nn.Linear(120, 84)
        self.fc1 = nn.Linear(400, 120)
        self.conv2 = nn.Conv2d(6, 16, 5)
        self.conv1 = nn.Conv2d(1, 6, (5, 5), stride=1, padding=0)

    def forward(self, x):
        x = F.avg_pool2d(torch.tanh(self.conv1(x)), 2)
        x = F.avg_pool2d(torch.tanh(self.conv2(x)), (2, 2))
        x = x.view(x.size(0), -1)
        x = torch.tanh(self.fc1(x))
        x = torch.tanh(self.fc2(x))
        return self.fc3(x)
""",
    ),
    right(
        "LeNet5",
        "sigmoid_as_in_old_books_with_a_convolution_as_c5",
        source="""\
class LeNet5(nn.Module):
    def __init__(self, num_classes=10):
        super().__init__()
        self.net = nn.Sequential(
            nn.Conv2d(1, 6, 5), nn.AvgPool2d(2), nn.Sigmoid(),
            nn.Conv2d(6, 16, 5), nn.AvgPool2d(2), nn.Sigmoid(),
            nn.Conv2d(16, 120, 5), nn.Sigmoid(), nn.Flatten(),
            nn.Linear(120, 84), nn.Sigmoid(), nn.Linear(84, num_classes),
        )

    def forward(self, x):
        return self.net(x)
""",
    ),
    right(
        "LeNet5",
        "lazy_layers_and_a_list_of_modules",
        source="""\
class LeNet5(nn.Module):
    def __init__(self, num_classes=10):
        super().__init__()
        self.convolutions = nn.ModuleList([nn.LazyConv2d(6, 5), nn.LazyConv2d(16, 5)])
        self.hidden = nn.ModuleList([nn.LazyLinear(120), nn.LazyLinear(84)])
        self.last = nn.LazyLinear(num_classes)

    def forward(self, x):
        for layer in self.convolutions:
            x = nn.functional.leaky_relu(nn.functional.max_pool2d(layer(x), 2, 2))
        x = x.permute(0, 2, 3, 1).flatten(1)  # pixels before channels
        for layer in self.hidden:
            x = nn.functional.relu(layer(x))
        return self.last(x)
""",
    ),
    right(
        "LeNet5",
        "own_first_weights_and_dropout",
        source="""\
class LeNet5(nn.Module):
    def __init__(self, num_classes=10):
        super().__init__()
        self.c1, self.c3 = nn.Conv2d(1, 6, 5), nn.Conv2d(6, 16, 5)
        self.c5, self.f6, self.out = nn.Linear(16 * 25, 120), nn.Linear(120, 84), nn.Linear(84, num_classes)
        self.drop = nn.Dropout(0.1)
        for parameter in self.parameters():
            if parameter.dim() > 1:
                nn.init.kaiming_normal_(parameter, nonlinearity="relu")
        print("parameters:", sum(p.numel() for p in self.parameters()))

    def forward(self, x):
        maps = nn.functional.avg_pool2d(self.c1(x).relu(), 2)
        maps = nn.functional.max_pool2d(self.c3(maps).relu(), 2)
        units = self.drop(self.c5(torch.flatten(maps, 1)).relu())
        return self.out(torch.nn.functional.gelu(self.f6(units)))
""",
    ),
]
