"""Other right ways to answer the exercises of `convolution`: each must keep full marks."""

from autograder.answers import right

RIGHT = [
    right(
        "conv_output_size",
        "positions_counted_by_a_range",
        source="""\
def conv_output_size(size, kernel, stride=1, pad=0, dilation=1):
    first_free = size + 2 * pad - dilation * (kernel - 1)
    starts = range(0, first_free, stride)
    if not starts:
        raise ValueError("nothing fits")
    return len(starts)
""",
    ),
    right(
        "conv_output_size",
        "numpy_integer_and_a_warning",
        source="""\
import warnings


def conv_output_size(size, kernel, stride=1, pad=0, dilation=1):
    result = np.floor((size + 2 * pad - dilation * (kernel - 1) - 1) / stride).astype(np.int64) + 1
    if stride > kernel:
        warnings.warn("some pixels lie in no window")
    if result <= 0:
        raise ValueError(f"kernel {kernel} is too large for {size}")
    return result
""",
    ),
    right(
        "conv_output_size",
        "prints_what_it_does",
        edits={"padded = size + 2 * pad": "padded = size + 2 * pad\n    print('padded size', padded)"},
    ),
    right(
        "conv_cost",
        "products_of_arrays_in_a_list",
        source="""\
def conv_cost(c_in, c_out, kernel, h_out, w_out, bias=True):
    weights = np.prod([c_out, c_in, *np.broadcast_to(kernel, 2)])
    return [weights + bias * c_out, weights * h_out * w_out]
""",
    ),
    right(
        "conv_cost",
        "helper_in_the_same_cell",
        source="""\
def area(kernel):
    try:
        height, width = kernel
    except TypeError:
        height = width = kernel
    return height * width


def conv_cost(c_in, c_out, kernel, h_out, w_out, bias=True):
    per_filter = c_in * area(kernel)
    params = c_out * per_filter
    if bias:
        params += c_out
    return params, per_filter * c_out * h_out * w_out
""",
    ),
    right(
        "conv_forward_naive",
        "seven_loops_pixels_first",
        source="""\
def conv_forward_naive(x, w, b, conv_param):
    N, C, H, W = x.shape
    F_, _, HH, WW = w.shape
    stride, pad = conv_param["stride"], conv_param["pad"]
    if HH > H + 2 * pad or WW > W + 2 * pad:
        raise ValueError("the kernel does not fit")
    H_out, W_out = 1 + (H + 2 * pad - HH) // stride, 1 + (W + 2 * pad - WW) // stride
    out = np.zeros((N, F_, H_out, W_out))
    for i in range(H_out):
        for j in range(W_out):
            for n in range(N):
                for f in range(F_):
                    out[n, f, i, j] = b[f]
                    for c in range(C):
                        for u in range(HH):
                            for v in range(WW):
                                row, column = i * stride + u - pad, j * stride + v - pad
                                if 0 <= row < H and 0 <= column < W:
                                    out[n, f, i, j] += x[n, c, row, column] * w[f, c, u, v]
    return out, [x, w, conv_param]
""",
    ),
    right(
        "conv_forward_naive",
        "tensordot_at_each_position",
        edits={
            "for n in range(num_images):": "for n in [slice(None)]:",
            "for f in range(num_filters):": "for f in [slice(None)]:",
            "np.sum(window * w[f]) + b[f]": "np.tensordot(window, w, axes=([1, 2, 3], [1, 2, 3])) + b",
        },
    ),
    right(
        "conv_forward_naive",
        "strided_windows_and_einsum",
        source="""\
from numpy.lib.stride_tricks import sliding_window_view


def conv_forward_naive(x, w, b, conv_param):
    stride, pad = conv_param["stride"], conv_param["pad"]
    padded = np.pad(x, [(0, 0), (0, 0), (pad, pad), (pad, pad)], mode="constant")
    windows = sliding_window_view(padded, w.shape[2:], axis=(2, 3))[:, :, ::stride, ::stride]
    out = np.einsum("ncijuv,fcuv->nfij", windows, w, optimize=True) + b.reshape(1, -1, 1, 1)
    return out, (x, w, conv_param)
""",
    ),
    right(
        "conv_forward_naive",
        "correlate_from_scipy",
        source="""\
from scipy.signal import correlate


def conv_forward_naive(x, w, b, conv_param):
    stride, pad = conv_param["stride"], conv_param["pad"]
    if w.shape[2] > x.shape[2] + 2 * pad or w.shape[3] > x.shape[3] + 2 * pad:
        raise ValueError("the kernel is larger than the padded image")
    padded = np.pad(x, ((0,), (0,), (pad,), (pad,)))
    rows = [[correlate(image, kernel, mode="valid")[0] for kernel in w] for image in padded]
    out = np.array(rows)[:, :, ::stride, ::stride] + b[None, :, None, None]
    return out, (x, w, conv_param)
""",
    ),
    right(
        "conv_forward_naive",
        "windows_by_index_arrays",
        source="""\
def window_indices(size, kernel, stride):
    return stride * np.arange((size - kernel) // stride + 1)[:, None] + np.arange(kernel)


def conv_forward_naive(x, w, b, conv_param):
    stride, pad = conv_param["stride"], conv_param["pad"]
    padded = np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad)))
    if min(np.subtract(padded.shape[2:], w.shape[2:])) < 0:
        raise ValueError("the kernel is larger than the padded image")
    rows = window_indices(padded.shape[2], w.shape[2], stride)
    columns = window_indices(padded.shape[3], w.shape[3], stride)
    windows = padded[:, :, rows[:, None, :, None], columns[None, :, None, :]]  # (N, C, H_out, W_out, HH, WW)
    out = np.tensordot(windows, w, axes=((1, 4, 5), (1, 2, 3)))  # (N, H_out, W_out, F)
    out = np.moveaxis(out + b, -1, 1)  # a view whose memory is not contiguous
    return out, (x, w, conv_param)
""",
    ),
    right(
        "conv_forward_naive",
        "float32_and_column_major",
        edits={"h_out, w_out), dtype=x.dtype)": "h_out, w_out), dtype=np.float32, order='F')"},
    ),
    right(
        "conv_forward_naive",
        "cache_is_an_object",
        source="""\
import typing


class ConvCache(typing.NamedTuple):
    x: np.ndarray
    w: np.ndarray
    conv_param: dict


class Convolution:
    def __init__(self, x, w, b, stride, pad):
        self.w, self.b, self.stride = w, b, stride
        self.x = np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad)))
        self.height = conv_output_size(x.shape[2], w.shape[2], stride, pad)
        self.width = conv_output_size(x.shape[3], w.shape[3], stride=stride, pad=pad)

    def at(self, n, f, i, j):
        top, left = i * self.stride, j * self.stride
        window = self.x[n, :, top : top + self.w.shape[2], left : left + self.w.shape[3]]
        return window.ravel() @ self.w[f].ravel() + self.b[f]

    def run(self):
        shape = (len(self.x), len(self.w), self.height, self.width)
        print("computing", shape)
        return np.array([self.at(*index) for index in np.ndindex(shape)]).reshape(shape)


def conv_forward_naive(x, w, b, conv_param):
    return Convolution(x, w, b, **conv_param).run(), ConvCache(x, w, conv_param)
""",
    ),
    right(
        "conv_backward_naive",
        "seven_loops_other_order",
        source="""\
def conv_backward_naive(dout, cache):
    x, w, conv_param = cache
    S, P = conv_param["stride"], conv_param["pad"]
    N, C, H, W = x.shape
    F_, _, HH, WW = w.shape
    dx, dw, db = np.zeros(x.shape), np.zeros(w.shape), np.zeros(F_)
    for f in range(F_):
        for i in range(dout.shape[2]):
            for j in range(dout.shape[3]):
                for n in range(N):
                    g = dout[n, f, i, j]
                    db[f] += g
                    for c in range(C):
                        for u in range(HH):
                            for v in range(WW):
                                r, s = i * S + u - P, j * S + v - P
                                if 0 <= r < H and 0 <= s < W:
                                    dx[n, c, r, s] += g * w[f, c, u, v]
                                    dw[f, c, u, v] += g * x[n, c, r, s]
    return dx, dw, db
""",
    ),
    right(
        "conv_backward_naive",
        "overwrites_dout_and_returns_a_list",
        edits={
            "+= dout[n, f, i, j] * w[f]": ("+= dout[n, f, i, j] * w[f]\n                    dout[n, f, i, j] = 0"),
            "return dx, dw, db": "return [dx, dw, db]",
        },
    ),
    right(
        "conv_backward_naive",
        "convolution_with_the_flipped_kernel",
        source="""\
from scipy import signal


def conv_backward_naive(dout, cache):
    x, w, conv_param = cache
    stride, pad = conv_param["stride"], conv_param["pad"]
    padded = np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad)))
    spread = np.zeros((*dout.shape[:2], padded.shape[2] - w.shape[2] + 1, padded.shape[3] - w.shape[3] + 1))
    spread[:, :, ::stride, ::stride] = dout  # zeros where stride 1 would have had outputs
    dx, dw = np.zeros_like(padded), np.zeros_like(w)
    for n, f, c in np.ndindex(len(x), len(w), x.shape[1]):
        dx[n, c] += signal.convolve2d(spread[n, f], w[f, c], mode="full")
        dw[f, c] += signal.correlate2d(padded[n, c], spread[n, f], mode="valid")
    if pad > 0:
        dx = dx[:, :, pad:-pad, pad:-pad]
    return dx, dw, np.einsum("nfij->f", dout)
""",
    ),
    right(
        "conv_backward_naive",
        "einsum_for_each_tap",
        source="""\
def conv_backward_naive(dout, cache):
    x, w, conv_param = cache
    stride, pad = conv_param["stride"], conv_param["pad"]
    h_out, w_out = dout.shape[2:]
    x = np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad)))
    dx, dw = np.zeros(x.shape, dtype=np.float32), np.empty(w.shape, order="F")
    for u, v in np.ndindex(w.shape[2:]):
        taps = np.s_[:, :, u : u + stride * h_out : stride, v : v + stride * w_out : stride]
        dw[:, :, u, v] = np.einsum("nfij,ncij->fc", dout, x[taps])
        dx[taps] += np.einsum("nfij,fc->ncij", dout, w[:, :, u, v])
    return dx[:, :, pad : x.shape[2] - pad, pad : x.shape[3] - pad], dw, dout.sum((0, 2, 3))
""",
    ),
    right(
        "conv_backward_naive",
        "from_the_columns",
        source="""\
def conv_backward_naive(dout, cache):
    x, w, conv_param = cache
    cols = im2col(x, *w.shape[2:], **conv_param)
    rows = dout.reshape(*dout.shape[:2], -1)
    dw = np.matmul(rows, np.transpose(cols, (0, 2, 1))).sum(0).reshape(w.shape)
    dcols = np.matmul(w.reshape(len(w), -1).T, rows)
    return col2im(dcols, x.shape, *w.shape[2:], **conv_param), dw, rows.sum(-1).sum(0)
""",
    ),
    right(
        "im2col",
        "index_arrays",
        source="""\
def indices(x_shape, kh, kw, stride, pad):
    _, C, H, W = x_shape
    out_h, out_w = (H + 2 * pad - kh) // stride + 1, (W + 2 * pad - kw) // stride + 1
    i0, j0 = np.tile(np.repeat(np.arange(kh), kw), C), np.tile(np.arange(kw), kh * C)
    i1, j1 = stride * np.repeat(np.arange(out_h), out_w), stride * np.tile(np.arange(out_w), out_h)
    k = np.repeat(np.arange(C), kh * kw).reshape(-1, 1)
    return k, i0.reshape(-1, 1) + i1.reshape(1, -1), j0.reshape(-1, 1) + j1.reshape(1, -1)


def im2col(x, kh, kw, stride=1, pad=0):
    if kh > x.shape[2] + 2 * pad or kw > x.shape[3] + 2 * pad:
        raise ValueError("too large")
    k, i, j = indices(x.shape, kh, kw, stride, pad)
    return np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad)), mode="constant")[:, k, i, j]


def col2im(cols, x_shape, kh, kw, stride=1, pad=0):
    N, C, H, W = x_shape
    padded = np.zeros((N, C, H + 2 * pad, W + 2 * pad), dtype=cols.dtype)
    k, i, j = indices(x_shape, kh, kw, stride, pad)
    np.add.at(padded, (slice(None), k, i, j), cols)
    return padded if pad == 0 else padded[:, :, pad:-pad, pad:-pad]
""",
    ),
    right(
        "im2col",
        "strided_windows_and_bincount",
        source="""\
def windows(x, kh, kw, stride, pad):
    x = np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad)))
    view = np.lib.stride_tricks.sliding_window_view(x, (kh, kw), axis=(2, 3))[:, :, ::stride, ::stride]
    return view.transpose(0, 1, 4, 5, 2, 3)  # (N, C, kh, kw, H_out, W_out)


def im2col(x, kh, kw, stride=1, pad=0):
    view = windows(x, kh, kw, stride, pad)
    return view.reshape(len(x), x.shape[1] * kh * kw, -1)


def col2im(cols, x_shape, kh, kw, stride=1, pad=0):
    # number the pixels from 1, so that padding is 0
    pixels = 1 + np.arange(np.prod(x_shape)).reshape(x_shape)
    places = im2col(pixels, kh, kw, stride, pad)
    sums = np.bincount(places.ravel(), weights=cols.ravel(), minlength=1 + np.prod(x_shape))
    return sums[1:].reshape(x_shape)
""",
    ),
    right(
        "im2col",
        "as_strided_and_float32",
        source="""\
def im2col(x, kh, kw, stride=1, pad=0):
    N, C, H, W = x.shape
    H_out, W_out = conv_output_size(H, kh, stride, pad), conv_output_size(W, kw, stride, pad)
    x = np.pad(x.astype(np.float32), ((0, 0), (0, 0), (pad, pad), (pad, pad)))
    s0, s1, s2, s3 = x.strides
    view = np.lib.stride_tricks.as_strided(
        x, (N, C, kh, kw, H_out, W_out), (s0, s1, s2, s3, stride * s2, stride * s3), writeable=False
    )
    return np.asfortranarray(view.reshape(N, C * kh * kw, H_out * W_out))


def col2im(cols, x_shape, kh, kw, stride=1, pad=0):
    N, C, H, W = x_shape
    out = np.zeros((H + 2 * pad, W + 2 * pad, N, C))
    H_out, W_out = conv_output_size(H, kh, stride, pad), conv_output_size(W, kw, stride, pad)
    taps = cols.reshape(N, C, kh * kw, H_out, W_out).transpose(2, 3, 4, 0, 1)
    for number, tap in enumerate(taps):
        i, j = divmod(number, kw)
        out[i : i + stride * H_out : stride, j : j + stride * W_out : stride] += tap
    return out[pad : pad + H, pad : pad + W].transpose(2, 3, 0, 1)
""",
    ),
    right(
        "conv_forward_fast",
        "strided_windows_and_an_object_as_cache",
        source="""\
class Cache:
    pass


def conv_forward_fast(x, w, b, conv_param):
    s, p = conv_param["stride"], conv_param["pad"]
    x_pad = np.pad(x, ((0, 0), (0, 0), (p, p), (p, p)))
    windows = np.lib.stride_tricks.sliding_window_view(x_pad, w.shape[2:], axis=(2, 3))[:, :, ::s, ::s]
    out = np.tensordot(windows, w, axes=[(1, 4, 5), (1, 2, 3)]).transpose(0, 3, 1, 2) + b[:, None, None]
    cache = Cache()
    cache.windows, cache.w, cache.s, cache.p, cache.shape = windows, w, s, p, x_pad.shape
    return out, cache


def conv_backward_fast(dout, cache):
    dw = np.tensordot(dout, cache.windows, axes=[(0, 2, 3), (0, 2, 3)])
    dx = np.zeros(cache.shape)
    s, p, (h_out, w_out) = cache.s, cache.p, dout.shape[2:]
    for u in range(cache.w.shape[2]):
        for v in range(cache.w.shape[3]):
            tap = np.tensordot(dout, cache.w[:, :, u, v], axes=(1, 0)).transpose(0, 3, 1, 2)
            dx[:, :, u : u + s * h_out : s, v : v + s * w_out : s] += tap
    return dx[:, :, p : dx.shape[2] - p, p : dx.shape[3] - p], dw, dout.sum(axis=(0, 2, 3))
""",
    ),
    right(
        "conv_forward_fast",
        "one_matrix_for_the_batch_and_a_dict_as_cache",
        source="""\
def conv_forward_fast(x, w, b, conv_param):
    N, C, H, W = x.shape
    F_, _, HH, WW = w.shape
    cols = im2col(x, HH, WW, conv_param["stride"], conv_param["pad"])
    h_out = conv_output_size(H, HH, conv_param["stride"], conv_param["pad"])
    merged = cols.transpose(1, 2, 0).reshape(cols.shape[1], -1)  # (C*HH*WW, L*N)
    out = w.reshape(F_, -1).dot(merged) + b.reshape(-1, 1)
    out = out.reshape(F_, h_out, -1, N).transpose(3, 0, 1, 2)
    return out, {"x_shape": x.shape, "w": w, "merged": merged, "param": conv_param}


def conv_backward_fast(dout, cache):
    w, merged = cache["w"], cache["merged"]
    db = np.sum(dout, axis=(0, 2, 3))
    dout = dout.transpose(1, 2, 3, 0).reshape(len(w), -1)
    dw = dout.dot(merged.T).reshape(w.shape)
    dcols = w.reshape(len(w), -1).T.dot(dout)
    dcols = dcols.reshape(len(merged), -1, cache["x_shape"][0]).transpose(2, 0, 1)
    dx = col2im(dcols, cache["x_shape"], w.shape[2], w.shape[3], **cache["param"])
    return [dx, dw, db]
""",
    ),
    right(
        "conv_forward_fast",
        "einsum_for_each_tap_and_a_list_as_cache",
        source="""\
def taps(shape, w, conv_param):
    stride = conv_param["stride"]
    h_out = conv_output_size(shape[2], w.shape[2], stride, conv_param["pad"])
    w_out = conv_output_size(shape[3], w.shape[3], stride, conv_param["pad"])
    for u, v in np.ndindex(*w.shape[2:]):
        yield u, v, np.s_[:, :, u : u + stride * h_out : stride, v : v + stride * w_out : stride]


def conv_forward_fast(x, w, b, conv_param):
    pad = conv_param["pad"]
    x_padded = np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad))).astype(np.float32)
    out = 0
    for u, v, tap in taps(x.shape, w, conv_param):
        out = out + np.einsum("ncij,fc->nfij", x_padded[tap], w[:, :, u, v])
    out += b[None, :, None, None]
    return out, [x.shape, x_padded, w, conv_param]


def conv_backward_fast(dout, cache):
    shape, x_padded, w, conv_param = cache
    pad = conv_param["pad"]
    dx, dw, db = np.zeros_like(x_padded), np.zeros_like(w), np.einsum("nfij->f", dout)
    for u, v, tap in taps(shape, w, conv_param):
        dw[:, :, u, v] = np.einsum("nfij,ncij->fc", dout, x_padded[tap])
        dx[tap] += np.einsum("nfij,fc->ncij", dout, w[:, :, u, v])
    dout *= 0
    return dx[:, :, pad : pad + shape[2], pad : pad + shape[3]], dw, db
""",
    ),
    right(
        "receptive_field",
        "recursion_from_the_last_layer",
        source="""\
def receptive_field(layers, units=1):
    if not layers:
        return units
    *before, (kernel, stride, dilation) = layers
    return receptive_field(before, (units - 1) * stride + dilation * (kernel - 1) + 1)
""",
    ),
    right(
        "receptive_field",
        "recursion_from_the_first_layer_that_empties_the_list",
        source="""\
def receptive_field(layers):
    if len(layers) == 0:
        return 1
    kernel, stride, dilation = layers.pop(0)
    span = (kernel - 1) * dilation + 1
    return span + (receptive_field(layers) - 1) * stride
""",
    ),
    right(
        "receptive_field",
        "cumulative_product",
        source="""\
def receptive_field(layers):
    kernels, strides, dilations = np.array([(1, 1, 1), *layers]).T
    jumps = np.cumprod(np.concatenate([[1], strides[:-1]]))
    return 1 + np.sum(dilations * (kernels - 1) * jumps)
""",
    ),
    right(
        "receptive_field",
        "pixels_counted_one_by_one",
        source="""\
def receptive_field(layers):
    low = high = 0
    for kernel, stride, dilation in layers[::-1]:
        low, high = low * stride, high * stride + dilation * (kernel - 1)
    return len(range(low, high + 1))
""",
    ),
    right(
        "compose_kernels",
        "full_convolution_from_scipy",
        source="""\
from scipy.signal import convolve2d


def compose_kernels(k1, k2):
    return convolve2d(k1, k2)
""",
    ),
    right(
        "compose_kernels",
        "four_loops",
        source="""\
def compose_kernels(k1, k2):
    k = [[0.0] * (k1.shape[1] + k2.shape[1] - 1) for _ in range(k1.shape[0] + k2.shape[0] - 1)]
    for i in range(k1.shape[0]):
        for j in range(k1.shape[1]):
            for u in range(k2.shape[0]):
                for v in range(k2.shape[1]):
                    k[i + u][j + v] += k1[i, j] * k2[u, v]
    return np.array(k, dtype=np.float32)
""",
    ),
    right(
        "compose_kernels",
        "fourier_transform",
        source="""\
def compose_kernels(k1, k2):
    shape = tuple(np.add(k1.shape, k2.shape) - 1)
    return np.fft.irfft2(np.fft.rfft2(k1, shape) * np.fft.rfft2(k2, shape), shape)
""",
    ),
    right(
        "compose_kernels",
        "windows_of_the_padded_first_kernel",
        source="""\
def compose_kernels(k1, k2):
    h2, w2 = k2.shape
    around = np.pad(k1, ((h2 - 1, h2 - 1), (w2 - 1, w2 - 1)))
    windows = np.lib.stride_tricks.sliding_window_view(around, (h2, w2))
    return np.einsum("ijuv,uv->ij", windows, k2[::-1, ::-1])
""",
    ),
    right(
        "fc_to_conv",
        "the_error_of_reshape",
        source="""\
def fc_to_conv(weight, bias, c, h, w):
    return weight.reshape(weight.shape[0], c, h, w), bias
""",
    ),
    right(
        "fc_to_conv",
        "row_by_row_in_a_list",
        source="""\
def fc_to_conv(weight, bias, c, h, w):
    kernel = np.zeros((len(weight), c, h, w), dtype=np.float32, order="F")
    for number, row in enumerate(weight):
        if row.size != c * h * w:
            raise ValueError("the sizes do not match")
        for place, value in enumerate(row):
            kernel[number, place // (h * w), place // w % h, place % w] = value
    return [kernel, bias.copy()]
""",
    ),
    right(
        "Conv2dFunction",
        "loops_over_the_taps",
        source="""\
class Conv2dFunction(torch.autograd.Function):
    @staticmethod
    def taps(x, w, out_size, stride, dilation):
        for u in range(w.shape[2]):
            for v in range(w.shape[3]):
                top, left = u * dilation[0], v * dilation[1]
                rows = slice(top, top + stride[0] * (out_size[0] - 1) + 1, stride[0])
                columns = slice(left, left + stride[1] * (out_size[1] - 1) + 1, stride[1])
                yield w[:, :, u, v], x[:, :, rows, columns], (u, v, rows, columns)

    @staticmethod
    def forward(ctx, x, w, b, stride, padding, dilation, groups):
        stride, dilation = pair(stride, "stride"), pair(dilation, "dilation")
        ph, pw = pair(padding, "padding", 0)
        padded = F.pad(x, (pw, pw, ph, ph))
        size = [
            (n - d * (k - 1) - 1) // s + 1
            for n, k, s, d in zip(padded.shape[2:], w.shape[2:], stride, dilation)
        ]
        ctx.save_for_backward(padded, w)
        ctx.size, ctx.stride, ctx.dilation, ctx.groups = size, stride, dilation, groups
        ctx.image = slice(ph, ph + x.shape[2]), slice(pw, pw + x.shape[3])
        ctx.has_bias = b is not None
        parts = []
        for part, kernels in zip(padded.chunk(groups, 1), w.chunk(groups)):
            out = x.new_zeros(len(x), len(kernels), *size)
            for tap, pixels, _ in Conv2dFunction.taps(part, kernels, size, stride, dilation):
                out += torch.einsum("fc,nchw->nfhw", tap, pixels)
            parts.append(out)
        out = torch.cat(parts, 1)
        return out if b is None else out + b.view(1, -1, 1, 1)

    @staticmethod
    def backward(ctx, dout):
        padded, w = ctx.saved_tensors
        dx, dw = torch.zeros_like(padded), torch.zeros_like(w)
        chunks = [t.chunk(ctx.groups, dim) for t, dim in ((padded, 1), (w, 0), (dx, 1), (dw, 0), (dout, 1))]
        for part, kernels, dpart, dkernels, d in zip(*chunks):
            for tap, pixels, (u, v, rows, columns) in Conv2dFunction.taps(
                part, kernels, ctx.size, ctx.stride, ctx.dilation
            ):
                dkernels[:, :, u, v] = torch.einsum("nfhw,nchw->fc", d, pixels)
                dpart[:, :, rows, columns] += torch.einsum("nfhw,fc->nchw", d, tap)
        db = dout.sum((0, 2, 3)) if ctx.has_bias else None
        return dx[:, :, ctx.image[0], ctx.image[1]], dw, db, None, None, None, None
""",
    ),
    right(
        "Conv2dFunction",
        "einsum_on_views_of_the_windows",
        source="""\
def window_view(padded, kernel_size, stride, dilation):
    for axis in (0, 1):
        span = dilation[axis] * (kernel_size[axis] - 1) + 1
        padded = padded.unfold(2 + axis, span, stride[axis])[..., :: dilation[axis]]
    return padded  # (N, C, H_out, W_out, HH, WW)


class Conv2dFunction(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, w, b, stride, padding, dilation, groups):
        as_pair = lambda value: (value, value) if isinstance(value, int) else tuple(value)
        ctx.stride, ctx.padding, ctx.dilation = as_pair(stride), as_pair(padding), as_pair(dilation)
        ctx.groups, ctx.kernel_size = groups, w.shape[2:]
        ctx.save_for_backward(x, w, b)
        windows = Conv2dFunction.grouped(ctx, x)
        kernels = w.unflatten(0, (groups, -1))
        out = torch.einsum("ngchwuv,gfcuv->ngfhw", windows, kernels).flatten(1, 2)
        if b is None:
            return out
        return out + b[None, :, None, None]

    @staticmethod
    def grouped(ctx, x):
        ph, pw = ctx.padding
        windows = window_view(F.pad(x, (pw, pw, ph, ph)), ctx.kernel_size, ctx.stride, ctx.dilation)
        return windows.unflatten(1, (ctx.groups, -1))

    @staticmethod
    def backward(ctx, dout):
        x, w, b = ctx.saved_tensors
        kernels, d = w.unflatten(0, (ctx.groups, -1)), dout.unflatten(1, (ctx.groups, -1))
        dw = torch.einsum("ngfhw,ngchwuv->gfcuv", d, Conv2dFunction.grouped(ctx, x)).flatten(0, 1)
        (ph, pw), (sh, sw), (dh, dw_) = ctx.padding, ctx.stride, ctx.dilation
        padded = x.new_zeros(x.shape[0], x.shape[1], x.shape[2] + 2 * ph, x.shape[3] + 2 * pw)
        shares = torch.einsum("ngfhw,gfcuv->ngcuvhw", d, kernels).flatten(1, 2)
        for u in range(w.shape[2]):
            for v in range(w.shape[3]):
                rows = u * dh + sh * torch.arange(d.shape[3])
                columns = v * dw_ + sw * torch.arange(d.shape[4])
                padded[:, :, rows[:, None], columns] += shares[:, :, u, v]
        dx = padded[:, :, ph : ph + x.shape[2], pw : pw + x.shape[3]]
        return dx, dw, None if b is None else dout.sum((0, 2, 3)), None, None, None, None
""",
    ),
    right(
        "Conv2dFunction",
        "autograd_of_its_own_forward",
        source="""\
def convolve(x, w, b, stride, padding, dilation, groups):
    n, size = x.shape[0], [
        conv_output_size(x.shape[2 + axis], w.shape[2 + axis], stride[axis], padding[axis], dilation[axis])
        for axis in (0, 1)
    ]
    cols = F.unfold(x, w.shape[2:], dilation=dilation, padding=padding, stride=stride)
    cols = cols.view(n, groups, -1, cols.shape[-1])
    out = torch.matmul(w.view(groups, w.shape[0] // groups, -1), cols).reshape(n, w.shape[0], *size)
    return out if b is None else out + b.view(-1, 1, 1)


class Conv2dFunction(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, w, b, stride, padding, dilation, groups):
        settings = pair(stride, "stride"), pair(padding, "padding", 0), pair(dilation, "dilation"), groups
        ctx.leaves = [None if t is None else t.detach().requires_grad_() for t in (x, w, b)]
        with torch.enable_grad():
            ctx.out = convolve(*ctx.leaves, *settings)
        return ctx.out.detach()

    @staticmethod
    def backward(ctx, dout):
        present = [leaf for leaf in ctx.leaves if leaf is not None]
        gradients = list(torch.autograd.grad(ctx.out, present, dout))
        if ctx.leaves[2] is None:
            gradients.append(None)
        return (*gradients, None, None, None, None)
""",
    ),
]
