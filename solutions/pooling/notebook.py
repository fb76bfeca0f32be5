# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Pooling
#
# A convolutional layer says, for every pixel, how much of some feature is there. To tell a cat from a dog
# you do not need that much detail. You need to know *that* there is a pointed ear, and roughly where; a
# pixel to the left or right makes no difference.
#
# **Pooling** makes a small map out of a large one: it looks at a window of neighbouring values and keeps
# one number, the largest or the mean. It has no weights and nothing to learn. Still it decides what a
# network remembers and what it forgets, what training can reach, and how much a network costs to run.
#
# In this notebook you build it in all its forms, forward and backward, in NumPy and as a layer of your own
# in PyTorch. You build LeNet-5, the network that read bank cheques in the 1990s, and train it on real
# digits. And you measure the claim that everybody repeats, that pooling makes a network insensitive to
# shifts: how far is it true?

# %% [markdown]
# ## Goals
#
# After this notebook you can
#
# - compute max, average and global average pooling, and say how large their outputs are;
# - say where the gradient goes in each of them, also where windows overlap and where pixels are equal;
# - explain why the padding of max pooling is minus infinity and not zero;
# - send values back to where they came from (unpooling), as segmentation networks do;
# - build a classic network from a table, and count its parameters by hand;
# - say with numbers of your own what pooling throws away, what it buys, and what a strided convolution does
#   instead.
#
# ## You need
#
# What a convolutional layer computes (stride, padding, the output size), NumPy, and PyTorch's `nn.Module`
# and `autograd.Function`. If you have not finished the assignment on convolution, you can do this one all
# the same: its solution comes along in `course_lib`, and the first cell imports it. No GPU is needed.
#
# ## Points
#
# | exercise | points | time | difficulty |
# |---|--:|--:|---|
# | `max_pool_forward_naive` | 12 | 15 min | easy |
# | `max_pool_backward_naive` | 14 | 25 min | medium |
# | `avg_pool_forward` | 8 | 15 min | easy |
# | `avg_pool_backward` | 8 | 20 min | medium |
# | `global_avg_pool_forward` | 4 | 5 min | easy |
# | `global_avg_pool_backward` | 4 | 5 min | easy |
# | `max_pool_fast` | 10 | 25 min | medium |
# | `max_unpool` (with `max_pool_with_switches`) | 8 | 30 min | hard |
# | `MaxPool2dFunction` | 12 | 40 min | hard |
# | `LeNet5` | 12 | 20 min | medium |
# | `what_pooling_discards` (written) | 4 | 15 min | think |
# | `pooling_or_strided` (written) | 4 | 15 min | think |
# | **together** | **100** | about 4 h | |

# %% [markdown]
# ## How to work
#
# Every exercise is a cell to fill in, followed by a **check** that you can run as often as you like. The
# checks try a few hard cases; the grading tries more of them, so read the shapes with care. A check that
# fails says what it expected.
#
# - The NumPy exercises are to be solved with NumPy alone; PyTorch is there to be compared with.
# - Keep the names of the functions and the order of their arguments. Helper functions and cells of your own
#   are welcome.
# - The experiments call your functions: until you have written a function, a cell that needs it stops with
#   `NotImplementedError`. That is no harm. Come back to it.
# - Questions marked **Predict** are for you alone. Answer them in your head *before* you open the answer.
#
# Run the first cell now. From last week's solution it brings two functions that you may use in your
# answers: `conv_output_size(size, kernel, stride=1, pad=0)`, the number of places along one axis, which
# raises a `ValueError` when nothing fits, and `conv_forward_fast(x, w, b, conv_param)`.

# %% role="setup"
import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from course_lib import data, gradcheck, plots, timing, training, transforms, widgets
from course_lib.numpy_ops.convolution import conv_cost, conv_forward_fast, conv_output_size
from course_lib.shapes import pair

plots.use_style()
torch.manual_seed(0)
torch.set_num_threads(1)  # the networks here are too small to be worth sharing among cores

# %% [markdown]
# ## 1. A window that keeps one number
#
# Lay a window on the top left corner of a map. Write down the **largest** value in it (*max pooling*), or
# the **mean** (*average pooling*). Move the window `stride` pixels on, and again. At the end of a row, go
# `stride` pixels down.

# %%
numbers = np.array([[1, 3, 2, 0, 4, 4], [5, 2, 8, 1, 0, 1], [7, 0, 3, 3, 9, 2], [1, 1, 6, 2, 5, 8]])
plots.pool_blocks(numbers, size=2)

# %% [markdown]
# *What to see: each colour is one window; the framed pixel is its maximum. In the green window two pixels
# are equal. For the maximum that makes no difference; for the gradient it will.*
#
# The same on a real photograph, with sliders. Watch what is left of the windows and the railings, first
# with "max", then with "average". Where no slider can run, in a printed or exported notebook, you see one
# position.

# %%
widgets.explore_pooling()

# %% [markdown]
# *What to see: one number (green) stands for all the pixels of the window (orange). With size 4 and stride
# 4 the output has 6 % as many pixels as the input: one of sixteen.*
#
# Four things to know before you write it:
#
# - **Every channel for itself.** A convolution mixes channels; pooling never does. $C$ channels go in, $C$
#   channels come out.
# - **No weights.** There is nothing to learn, and nothing to store except, for the backward pass, where the
#   maxima were.
# - **The size** follows the same rule as for a convolution. Along an axis of $H$ pixels a window of $K$
#   with stride $S$ has $\lfloor (H - K)/S \rfloor + 1$ places. We round down, as PyTorch does: a window
#   that would stick out is not used, and the pixels there are never looked at.
# - **Size and stride are two things.** With stride = size the windows lie side by side. With a smaller
#   stride they overlap (AlexNet: 3x3 windows, stride 2). With a larger one there are gaps.
#
# **Predict.** The usual setting is a 2x2 window with stride 2. What part of the numbers is left?
#
# <details><summary>Answer</summary>
#
# Half of the rows and half of the columns, so a quarter: **75 % of the activations are thrown away**, in
# every such layer. After five of them (as in VGG) one of $4^5 = 1024$ places is left. You will write about
# this at the end.
# </details>
#
# > **Often told wrong.** "Pooling is a convolution with another formula." Average pooling is one: its
# > weights are all $1/(\text{pool height}\cdot\text{pool width})$. You will check that in section 4. Max
# > pooling is not: the maximum of a sum is not the sum of the maxima, and no choice of weights helps.

# %% [markdown]
# ## 2. Max pooling
#
# With windows of $PH \times PW$ pixels and stride $S$:
#
# $$\text{out}[n, c, i, j] \;=\; \max_{0 \le r < PH}\;\max_{0 \le s < PW}\; x[n,\, c,\; i\cdot S + r,\; j\cdot S + s]$$
#
# ### Exercise: max_pool_forward_naive (12 points)
#
# *15 minutes, easy.* Write it with plain loops. `pool_param` is a dictionary such as `{"pool_height": 2,
# "pool_width": 3, "stride": 2}`. Return `out` and a `cache`: whatever you wish to keep for the backward
# pass; its content is your own business. A window larger than the image is a `ValueError`. Leave `x` as it
# is.
#
# Shapes: `x (N, C, H, W)` to `out (N, C, H_out, W_out)`. Height and width, of image and window, may all
# differ.
#
# Worked number: the image $\begin{pmatrix}1&3&2\\5&4&9\end{pmatrix}$ with 2x2 windows and stride 1 has one
# row of two places: $\max(1,3,5,4) = 5$ and $\max(3,2,4,9) = 9$.
#
# <details><summary>Hint</summary>
#
# Loop over images, channels, output rows and output columns: over the size of the *output*, which
# `conv_output_size` gives you. Where does the window of output (i, j) begin?
# </details>


# %% role="answer" exercise="max_pool_forward_naive"
def max_pool_forward_naive(x, pool_param):
    """The largest value of every window, by plain loops.

    x: (N, C, H, W); pool_param: {'pool_height': int, 'pool_width': int, 'stride': int}, in pixels; no padding.
    Returns (out, cache): out (N, C, H_out, W_out), in the dtype of x; cache is whatever max_pool_backward_naive
    will need. Raises ValueError when the window is larger than the image. Leaves x as it was.
    """
    ### BEGIN SOLUTION
    pool_height, pool_width = pool_param["pool_height"], pool_param["pool_width"]
    stride = pool_param["stride"]
    num_images, channels, height, width = x.shape
    h_out = conv_output_size(height, pool_height, stride)
    w_out = conv_output_size(width, pool_width, stride)
    out = np.zeros((num_images, channels, h_out, w_out), dtype=x.dtype)
    for n in range(num_images):
        for c in range(channels):
            for i in range(h_out):
                for j in range(w_out):
                    top, left = i * stride, j * stride
                    window = x[n, c, top : top + pool_height, left : left + pool_width]
                    out[n, c, i, j] = window.max()
    cache = (x, pool_param)
    return out, cache
    ### END SOLUTION


# %% role="check" exercise="max_pool_forward_naive"
def check_max_pool_forward_naive():
    x = np.array([[[[1.0, 3.0, 2.0], [5.0, 4.0, 9.0]]]])
    out, _ = max_pool_forward_naive(x, {"pool_height": 2, "pool_width": 2, "stride": 1})
    np.testing.assert_allclose(out, [[[[5, 9]]]], err_msg="the worked number above")
    rng = np.random.default_rng(1)
    for pool_height, pool_width, stride in [(2, 3, 2), (3, 2, 1), (1, 2, 3)]:
        x = rng.normal(size=(2, 3, 7, 8)) - 5  # a feature map may well be negative everywhere
        before = x.copy()
        pool_param = {"pool_height": pool_height, "pool_width": pool_width, "stride": stride}
        out, _ = max_pool_forward_naive(x, pool_param)
        expected = F.max_pool2d(torch.tensor(x), (pool_height, pool_width), stride)
        where = f"7x8 image of negative numbers, {pool_height}x{pool_width} window, stride {stride}"
        np.testing.assert_allclose(out, expected, rtol=1e-4, atol=1e-5, err_msg=where)
        np.testing.assert_array_equal(x, before, err_msg="x must be left as it was")
    try:
        max_pool_forward_naive(x[:, :, :2], {"pool_height": 3, "pool_width": 2, "stride": 1})
    except ValueError:
        print("max_pool_forward_naive: agrees with torch.nn.functional.max_pool2d.")
    else:
        raise AssertionError("a window of 3 rows on an image of 2: expected a ValueError")


check_max_pool_forward_naive()

# %% [markdown]
# **Predict.** A network computes ReLU and then max pooling. What changes if you swap the two? And with
# average pooling?
#
# <details><summary>Answer</summary>
#
# With max pooling, nothing at all: ReLU never changes which of two numbers is larger, so
# $\max(\text{relu}(x)) = \text{relu}(\max(x))$. Pooling first is a little cheaper, since ReLU then has a
# quarter of the work. With average pooling it does matter: the mean of $(-2, 4)$ is $1$, and $2$ if the
# negative number was set to zero before.
# </details>

# %% [markdown]
# ## 3. Where the gradient goes
#
# Someone downstream hands us `dout`, the gradient of the loss at the output. Move one pixel of the input by
# a hair: what happens to the output? If the pixel is the maximum of its window, the output moves by just as
# much. If it is not, nothing happens. So each window passes **its whole gradient to its maximum, and
# nothing to the others**:
#
# $$dx[n, c, u, v] \;=\; \sum_{\substack{(i, j):\; (u, v)\text{ is the maximum}\\ \text{of window } (i, j)}}
#   \text{dout}[n, c, i, j]$$
#
# It is a **sum**, because where windows overlap one pixel can be the maximum of several.

# %%
example = np.array([[1, 3, 2, 0, 6], [5, 9, 8, 1, 0], [7, 0, 3, 4, 2]])
plots.winners(example, size=(2, 2), stride=1)

# %% [markdown]
# *What to see: the pixel (1, 1) wins four windows and will get four shares of the gradient, added up; the
# pixel (1, 2) gets two. Eleven of the fifteen pixels get nothing.*
#
# **Equal pixels.** In a window with two maxima there is no derivative, just as ReLU has none at 0. Somebody
# has to decide. The rule here, as in PyTorch: the **first** maximum in row-major order (row by row, from
# left to right) gets all of it. That is not a rare case: after a ReLU whole windows are zero.
#
# ### Exercise: max_pool_backward_naive (14 points)
#
# *25 minutes, medium.* From `dout (N, C, H_out, W_out)` and your `cache` to `dx (N, C, H, W)`.
#
# Worked number: one row $x = (1, 4, 2, 3)$ with windows of 1x3 and stride 1. Both windows, $(1, 4, 2)$ and
# $(4, 2, 3)$, have the maximum 4. With $\text{dout} = (1, 10)$ we get $dx = (0, 11, 0, 0)$.
#
# <details><summary>Hint 1</summary>
#
# The same four loops as in the forward pass. `window.argmax()` is the position of the first maximum in the
# flattened window; `np.unravel_index(position, window.shape)` makes a row and a column of it.
# </details>
#
# <details><summary>Hint 2</summary>
#
# That row and column count from the corner of the *window*. And: `=` or `+=`?
# </details>


# %% role="answer" exercise="max_pool_backward_naive"
def max_pool_backward_naive(dout, cache):
    """Gradient of the loss through max_pool_forward_naive.

    dout: (N, C, H_out, W_out), the gradient at the output; cache: from max_pool_forward_naive.
    Returns dx (N, C, H, W). Of equal maxima in a window the first in row-major order gets the gradient.
    """
    ### BEGIN SOLUTION
    x, pool_param = cache
    pool_height, pool_width = pool_param["pool_height"], pool_param["pool_width"]
    stride = pool_param["stride"]
    num_images, channels, h_out, w_out = dout.shape
    dx = np.zeros(x.shape, dtype=dout.dtype)
    for n in range(num_images):
        for c in range(channels):
            for i in range(h_out):
                for j in range(w_out):
                    top, left = i * stride, j * stride
                    window = x[n, c, top : top + pool_height, left : left + pool_width]
                    row, column = np.unravel_index(window.argmax(), window.shape)
                    dx[n, c, top + row, left + column] += dout[n, c, i, j]
    return dx
    ### END SOLUTION


# %% role="check" exercise="max_pool_backward_naive"
def check_max_pool_backward_naive():
    rng = np.random.default_rng(2)
    for pool_height, pool_width, stride in [(2, 2, 2), (3, 2, 1), (1, 2, 3)]:
        x = rng.normal(size=(2, 3, 7, 8))
        leaf = torch.tensor(x, requires_grad=True)
        expected_out = F.max_pool2d(leaf, (pool_height, pool_width), stride)
        dout = rng.normal(size=tuple(expected_out.shape))
        expected_out.backward(torch.tensor(dout))
        pool_param = {"pool_height": pool_height, "pool_width": pool_width, "stride": stride}
        _, cache = max_pool_forward_naive(x, pool_param)
        dx = max_pool_backward_naive(dout.copy(), cache)
        where = f"dx of a 7x8 image, {pool_height}x{pool_width} window, stride {stride}"
        np.testing.assert_allclose(dx, leaf.grad, rtol=1e-4, atol=1e-5, err_msg=where)
    _, cache = max_pool_forward_naive(np.zeros((1, 1, 2, 3)), {"pool_height": 2, "pool_width": 3, "stride": 1})
    dx = max_pool_backward_naive(np.array([[[[7.0]]]]), cache)
    ties = "six equal pixels in one window: the first in row-major order gets all of the gradient"
    np.testing.assert_allclose(dx, [[[[7, 0, 0], [0, 0, 0]]]], err_msg=ties)
    print("max_pool_backward_naive: agrees with autograd, also where pixels are equal.")


check_max_pool_backward_naive()

# %% [markdown]
# Your backward pass on the image of the figure, with $\text{dout} = 1$ everywhere. Every number says how
# many windows a pixel has won.

# %%
_, cache = max_pool_forward_naive(example[None, None].astype(float), {"pool_height": 2, "pool_width": 2, "stride": 1})
dx = max_pool_backward_naive(np.ones((1, 1, 2, 4)), cache)
plots.number_grids({"x": example, "dx, where dout is 1 everywhere": dx[0, 0]}, cell=0.5)

# %% [markdown]
# *What to see: the shares add up to 8, the number of windows. Nothing gets lost on the way back; it is only
# distributed very unequally.*

# %% [markdown]
# ## 4. Average pooling
#
# The mean of the window, in place of its maximum. With $x$ padded by `pad` zeros on every side to $\tilde
# x$:
#
# $$\text{out}[n, c, i, j] \;=\; \frac{1}{PH\cdot PW}\sum_{r=0}^{PH-1}\;\sum_{s=0}^{PW-1}
#   \tilde x[n,\, c,\; i\cdot S + r,\; j\cdot S + s]$$
#
# **What is divided by what?** At the border a window may lie partly on padding. The zeros there count as
# pixels, so we divide by $PH\cdot PW$ everywhere. That is PyTorch's default too (`count_include_pad=True`).
# Other libraries divide by the number of real pixels: have a look before you compare.
#
# ### Exercise: avg_pool_forward (8 points)
#
# *15 minutes, easy.* `pool_param` is as before, and **may** also have `"pad"`; where it is missing the
# padding is 0. A window larger than the padded image is a `ValueError`. Leave `x` as it is.
#
# Worked number: $\begin{pmatrix}1&3&2\\5&4&9\end{pmatrix}$ with 2x2 windows and stride 1: $(1+3+5+4)/4 =
# 3.25$ and $(3+2+4+9)/4 = 4.5$. With `pad` 1 the first window holds three zeros and the pixel 1: $1/4 =
# 0.25$.
#
# <details><summary>Hint</summary>
#
# The mean works on all images and channels at once, so two loops are enough. `pool_param.get("pad", 0)`.
# </details>


# %% role="answer" exercise="avg_pool_forward"
def avg_pool_forward(x, pool_param):
    """The mean of every window.

    x: (N, C, H, W); pool_param: {'pool_height': int, 'pool_width': int, 'stride': int}, in pixels, and perhaps
    'pad': int (0 where it is missing), rows and columns of zeros on every side. The zeros count: every sum is
    divided by pool_height * pool_width. Returns (out, cache): out (N, C, H_out, W_out); cache is whatever
    avg_pool_backward will need. Raises ValueError when the window is larger than the padded image. Leaves x as
    it was.
    """
    ### BEGIN SOLUTION
    pool_height, pool_width = pool_param["pool_height"], pool_param["pool_width"]
    stride, pad = pool_param["stride"], pool_param.get("pad", 0)
    num_images, channels, height, width = x.shape
    h_out = conv_output_size(height, pool_height, stride, pad)
    w_out = conv_output_size(width, pool_width, stride, pad)
    x_padded = np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad)))
    out = np.zeros((num_images, channels, h_out, w_out), dtype=x.dtype)
    for i in range(h_out):
        for j in range(w_out):
            top, left = i * stride, j * stride
            windows = x_padded[:, :, top : top + pool_height, left : left + pool_width]
            out[:, :, i, j] = windows.sum(axis=(2, 3)) / (pool_height * pool_width)
    cache = (x.shape, pool_param)
    return out, cache
    ### END SOLUTION


# %% role="check" exercise="avg_pool_forward"
def check_avg_pool_forward():
    rng = np.random.default_rng(3)
    for pool_height, pool_width, stride, pad in [(2, 3, 2, 0), (3, 2, 1, 1), (1, 2, 3, 0)]:
        x = rng.normal(size=(2, 3, 7, 8))
        before = x.copy()
        pool_param = {"pool_height": pool_height, "pool_width": pool_width, "stride": stride}
        if pad:
            pool_param["pad"] = pad
        out, _ = avg_pool_forward(x, pool_param)
        expected = F.avg_pool2d(torch.tensor(x), (pool_height, pool_width), stride, pad)
        where = f"7x8 image, {pool_height}x{pool_width} window, stride {stride}, pad {pad}"
        np.testing.assert_allclose(out, expected, rtol=1e-4, atol=1e-5, err_msg=where)
        np.testing.assert_array_equal(x, before, err_msg="x must be left as it was")
    try:
        avg_pool_forward(x[:, :, :2], {"pool_height": 3, "pool_width": 2, "stride": 1})
    except ValueError:
        print("avg_pool_forward: agrees with torch.nn.functional.avg_pool2d.")
    else:
        raise AssertionError("a window of 3 rows on an image of 2: expected a ValueError")


check_avg_pool_forward()

# %% [markdown]
# ### Average pooling is a convolution
#
# Here is the proof, with last week's `conv_forward_fast`: one filter, whose weights are all 1/6. Channels
# must not be mixed, so we hand every channel in as an image of its own.

# %%
x = np.random.default_rng(0).normal(size=(2, 3, 8, 9))
kernel = np.full((1, 1, 2, 3), 1 / 6)
each_channel = x.reshape(2 * 3, 1, 8, 9)
convolved, _ = conv_forward_fast(each_channel, kernel, np.zeros(1), {"stride": 2, "pad": 0})
averaged, _ = avg_pool_forward(x, {"pool_height": 2, "pool_width": 3, "stride": 2})
print(f"largest difference: {np.abs(convolved.reshape(averaged.shape) - averaged).max():.0e}")

# %% [markdown]
# ### The way back
#
# Each pixel of a window entered the mean with the factor $1/(PH\cdot PW)$. So each gets that part of the
# window's gradient, and where windows overlap the parts add up:
#
# $$dx[n, c, u, v] \;=\; \frac{1}{PH\cdot PW}\sum_{(i, j):\;(u, v)\text{ lies in window }(i, j)}
#   \text{dout}[n, c, i, j]$$
#
# The padding was not part of $x$: at the end it is cut off.
#
# ### Exercise: avg_pool_backward (8 points)
#
# *20 minutes, medium.* From `dout (N, C, H_out, W_out)` and your `cache` to `dx (N, C, H, W)`.
#
# Worked number: a row of four pixels, windows of 1x2, stride 1, $\text{dout} = (1, 10, 100)$. Then $dx =
# (0.5,\; 0.5 + 5,\; 5 + 50,\; 50) = (0.5, 5.5, 55, 50)$. The values of $x$ do not matter.
#
# <details><summary>Hint</summary>
#
# Fill an array as large as the *padded* image, window by window, and cut at the end. Do not write
# `[pad:-pad]`: with `pad = 0` that is an empty slice.
# </details>


# %% role="answer" exercise="avg_pool_backward"
def avg_pool_backward(dout, cache):
    """Gradient of the loss through avg_pool_forward.

    dout: (N, C, H_out, W_out), the gradient at the output; cache: from avg_pool_forward. Returns dx (N, C, H, W).
    """
    ### BEGIN SOLUTION
    x_shape, pool_param = cache
    pool_height, pool_width = pool_param["pool_height"], pool_param["pool_width"]
    stride, pad = pool_param["stride"], pool_param.get("pad", 0)
    num_images, channels, height, width = x_shape
    _, _, h_out, w_out = dout.shape
    share = dout / (pool_height * pool_width)
    dx_padded = np.zeros((num_images, channels, height + 2 * pad, width + 2 * pad), dtype=dout.dtype)
    for i in range(h_out):
        for j in range(w_out):
            rows = slice(i * stride, i * stride + pool_height)
            columns = slice(j * stride, j * stride + pool_width)
            dx_padded[:, :, rows, columns] += share[:, :, i : i + 1, j : j + 1]
    return dx_padded[:, :, pad : pad + height, pad : pad + width]
    ### END SOLUTION


# %% role="check" exercise="avg_pool_backward"
def check_avg_pool_backward():
    rng = np.random.default_rng(4)
    for pool_height, pool_width, stride, pad in [(2, 2, 2, 0), (3, 2, 1, 1), (1, 2, 3, 0)]:
        x = rng.normal(size=(2, 3, 7, 8))
        leaf = torch.tensor(x, requires_grad=True)
        expected_out = F.avg_pool2d(leaf, (pool_height, pool_width), stride, pad)
        dout = rng.normal(size=tuple(expected_out.shape))
        expected_out.backward(torch.tensor(dout))
        pool_param = {"pool_height": pool_height, "pool_width": pool_width, "stride": stride, "pad": pad}
        _, cache = avg_pool_forward(x, pool_param)
        dx = avg_pool_backward(dout.copy(), cache)
        where = f"dx of a 7x8 image, {pool_height}x{pool_width} window, stride {stride}, pad {pad}"
        np.testing.assert_allclose(dx, leaf.grad, rtol=1e-4, atol=1e-5, err_msg=where)
    print("avg_pool_backward: agrees with autograd.")


check_avg_pool_backward()

# %% [markdown]
# Side by side: what the two send back, for the same image and the same `dout`.

# %%
dout = np.array([[8.0, 4.0], [2.0, 1.0]])[None, None]
x = np.array([[1.0, 3, 2, 0], [5, 2, 8, 1], [7, 0, 3, 3], [1, 1, 6, 2]])[None, None]
param = {"pool_height": 2, "pool_width": 2, "stride": 2}
_, max_cache = max_pool_forward_naive(x, param)
_, avg_cache = avg_pool_forward(x, param)
dx_max, dx_avg = max_pool_backward_naive(dout.copy(), max_cache), avg_pool_backward(dout.copy(), avg_cache)
routes = {"x": x, "dout": dout, "dx, max": dx_max, "dx, average": dx_avg}
plots.number_grids({name: array[0, 0] for name, array in routes.items()}, cell=0.48)

# %% [markdown]
# *What to see: max pooling sends all of the gradient to one pixel of four, average pooling a quarter to
# each. Learning through max pooling is selective: only what won is corrected.*
#
# And the test that needs no PyTorch: move every pixel by a hair, see how the output moves (you know it from
# the assignment on convolution). Errors near $10^{-10}$ are rounding.

# %%
rng = np.random.default_rng(0)
x, param = rng.normal(size=(2, 3, 6, 7)), {"pool_height": 3, "pool_width": 2, "stride": 2}
for name, forward, backward in [
    ("max", max_pool_forward_naive, max_pool_backward_naive),
    ("average", avg_pool_forward, avg_pool_backward),
]:
    out, cache = forward(x, param)
    dout = rng.normal(size=out.shape)
    measured = gradcheck.numerical_gradient(lambda _, forward=forward: forward(x, param)[0], x, dout)
    print(f"{name}: relative error {gradcheck.relative_error(backward(dout, cache), measured):.0e}")

# %% [markdown]
# ### Experiment: what is left of a photograph
#
# A photo of 260x380 pixels, made ten times smaller in each direction in three ways: the maximum, the mean,
# and the crudest of all, every tenth pixel of every tenth row. (That last one is what a stride does.) We
# draw each pixel of the result as a 10x10 block. **Predict**: which picture is too bright? Which is the
# noisiest?

# %%
photo = data.photos()["china"][:, 40:300, 60:440].mean(axis=0, dtype=float)  # (260, 380), grey
param = {"pool_height": 10, "pool_width": 10, "stride": 10}
small = {
    "the maximum of 10x10": max_pool_forward_naive(photo[None, None], param)[0][0, 0],
    "the mean of 10x10": avg_pool_forward(photo[None, None], param)[0][0, 0],
    "every tenth pixel": photo[::10, ::10],
}
shown = {name: image.repeat(10, axis=0).repeat(10, axis=1) for name, image in small.items()}
plots.image_grid({"the photo": photo} | shown, columns=2, tile=3.6)

# %% [markdown]
# *What to see: the maximum keeps whatever is bright and widens it: the dark columns vanish, the sky eats
# into the roof. The mean looks like the photo seen from far away. Every tenth pixel is a lottery: the roof
# turns into noise, because one pixel stands for a hundred that it does not resemble.*
#
# For a photo the mean is clearly best. Is max pooling a bad idea then? A feature map is no photo. Its large
# values mean "here it is", and there are few of them. A strong answer at one pixel of a hundred is diluted
# to almost nothing by the mean, and kept by the maximum. Here is the same with a map of edges, which are
# sparse.

# %%
sobel = np.array([[[[-1.0, 0.0, 1.0], [-2.0, 0.0, 2.0], [-1.0, 0.0, 1.0]]]])  # brighter to the right
edges = conv_forward_fast(photo[None, None], sobel, np.zeros(1), {"stride": 1, "pad": 0})[0].clip(min=0)
edges = edges[:, :, :250, :370]
small = {
    "the maximum of 10x10": max_pool_forward_naive(edges, param)[0][0, 0],
    "the mean of 10x10": avg_pool_forward(edges, param)[0][0, 0],
    "every tenth pixel": edges[0, 0, ::10, ::10],
}
shown = {name: image.repeat(10, axis=0).repeat(10, axis=1) for name, image in small.items()}
plots.image_grid({"edges (Sobel, then ReLU)": edges[0, 0]} | shown, columns=2, tile=3.6)

# %% [markdown]
# *What to see: all four share one scale. In the maximum the edges stand out as strongly as before; in the mean
# they fade almost to black; in the picture of every tenth pixel most of them are simply missing.*

# %% [markdown]
# ## 5. Global average pooling
#
# The extreme case: one window as large as the map. Each channel becomes **one number**, and a volume $(N,
# C, H, W)$ becomes a plain matrix $(N, C)$:
#
# $$\text{out}[n, c] = \frac{1}{H\,W}\sum_{u=0}^{H-1}\sum_{v=0}^{W-1} x[n, c, u, v]$$
#
# Since Network in Network (2014) this is how most networks end. Two reasons:
#
# - **Parameters.** AlexNet flattens 256x6x6 = 9,216 numbers into a layer of 4,096: 37.7 million weights.
#   After global average pooling there would be 256 numbers, and 1.05 million weights.
# - **Any size.** The same network takes images of any size, because what comes out has $C$ numbers in any
#   case.
#
# Note the shape: our output has two axes. PyTorch's `nn.AdaptiveAvgPool2d(1)` keeps two more, of length 1.
#
# ### Exercise: global_avg_pool_forward (4 points)
#
# *5 minutes, easy.* Worked number: the map $\begin{pmatrix}1&2&3\\4&5&9\end{pmatrix}$ becomes $24/6 = 4$.
#
# <details><summary>Hint</summary>
#
# `mean` takes several axes at once. What will the backward pass need to know of `x`?
# </details>


# %% role="answer" exercise="global_avg_pool_forward"
def global_avg_pool_forward(x):
    """The mean of every channel of every image.

    x: (N, C, H, W). Returns (out, cache): out (N, C), two axes alone; cache is whatever global_avg_pool_backward
    will need.
    """
    ### BEGIN SOLUTION
    out = x.mean(axis=(2, 3))
    cache = x.shape
    return out, cache
    ### END SOLUTION


# %% role="check" exercise="global_avg_pool_forward"
def check_global_avg_pool_forward():
    x = np.random.default_rng(5).normal(size=(2, 3, 5, 7))
    out, _ = global_avg_pool_forward(x)
    assert out.shape == (2, 3), f"2 images of 3 channels: expected shape (2, 3), got {out.shape}"
    expected = F.adaptive_avg_pool2d(torch.tensor(x), 1)[:, :, 0, 0]
    np.testing.assert_allclose(out, expected, rtol=1e-4, atol=1e-5, err_msg="2 images of 3x5x7")
    print("global_avg_pool_forward: one number per image and channel.")


check_global_avg_pool_forward()

# %% [markdown]
# ### Exercise: global_avg_pool_backward (4 points)
#
# *5 minutes, easy.* From `dout (N, C)` to `dx (N, C, H, W)`.
#
# Worked number: for the 2x3 map above and $\text{dout} = 12$ every pixel gets $12/6 = 2$.
#
# <details><summary>Hint</summary>
#
# `dout` needs two more axes before NumPy can spread it over the pixels.
# </details>


# %% role="answer" exercise="global_avg_pool_backward"
def global_avg_pool_backward(dout, cache):
    """Gradient of the loss through global_avg_pool_forward.

    dout: (N, C), the gradient at the output; cache: from global_avg_pool_forward. Returns dx (N, C, H, W).
    """
    ### BEGIN SOLUTION
    num_images, channels, height, width = cache
    share = dout / (height * width)
    dx = np.zeros((num_images, channels, height, width), dtype=dout.dtype)
    dx += share[:, :, np.newaxis, np.newaxis]
    return dx
    ### END SOLUTION


# %% role="check" exercise="global_avg_pool_backward"
def check_global_avg_pool_backward():
    rng = np.random.default_rng(6)
    x, dout = rng.normal(size=(2, 3, 5, 7)), rng.normal(size=(2, 3))
    leaf = torch.tensor(x, requires_grad=True)
    F.adaptive_avg_pool2d(leaf, 1)[:, :, 0, 0].backward(torch.tensor(dout))
    _, cache = global_avg_pool_forward(x)
    dx = global_avg_pool_backward(dout.copy(), cache)
    assert dx.shape == x.shape, f"expected the shape of x, {x.shape}, got {dx.shape}"
    np.testing.assert_allclose(dx, leaf.grad, rtol=1e-4, atol=1e-5, err_msg="dx of 2 images of 3x5x7")
    print("global_avg_pool_backward: agrees with autograd.")


check_global_avg_pool_backward()

# %% [markdown]
# ## 6. Fast, and with padding
#
# Your naive version turns the inner loop once for every output of every channel of every image. As with the
# convolution there is a cure: turn it round. A window has few pixels, the map has many. So loop over the
# **taps of the window**, and take the maximum of whole maps:
#
# $$\text{out} = \max_{r, s}\; x_{r,s} \qquad\text{where}\quad
#   x_{r,s}[n, c, i, j] = \tilde x[n, c,\; i\cdot S + r,\; j\cdot S + s]$$
#
# $x_{r,s}$ is the pixel under tap $(r, s)$, for all places of the window at once: a strided slice.
#
# **What to pad with?** Many networks pad before they pool (ResNet: 3x3 windows, stride 2, padding 1). With
# zeros, as for a convolution? Think of a map that is negative everywhere. At the border the zero would win,
# a number that nobody has measured. Padding must **never win a maximum**, so it has to be less than any
# number: $-\infty$. `F.max_pool2d` does that. (Behind a ReLU, where nothing is negative, zeros do no harm.
# That is why this fault can live in a program for years.)
#
# Worked number: a single pixel, $x = (-7)$, with a 2x2 window, stride 1 and padding 1. There are 2x2
# places, and in each the window sees three times $-\infty$ and once $-7$. So $\text{out} =
# \begin{pmatrix}-7&-7\\-7&-7\end{pmatrix}$. Zero padding would answer 0.
#
# ### Exercise: max_pool_fast (10 points)
#
# *25 minutes, medium.* `max_pool_fast(x, size, stride, pad)` returns `out` alone, no cache. `size`,
# `stride` and `pad` are an int or a pair (vertical, horizontal); `pair(size, "size")`, `pair(stride,
# "stride")` and `pair(pad, "pad", minimum=0)` make a pair of both. As in PyTorch, `pad` is at most half of
# `size`; you need not check that. **No Python loop over pixels, images or channels**; over the taps of the
# window you may loop.
#
# <details><summary>Hint 1</summary>
#
# `np.pad(x, ..., constant_values=-np.inf)`. Then start with a map of $-\infty$, and for every tap take
# `np.maximum` of what you have and the slice under this tap.
# </details>
#
# <details><summary>Hint 2</summary>
#
# The slice for tap `r`, along the rows: it starts at `r`, takes every `stride`-th row, and must have
# exactly `h_out` of them.
# </details>


# %% role="answer" exercise="max_pool_fast"
def max_pool_fast(x, size, stride, pad=0):
    """The largest value of every window; no loop over pixels, images or channels.

    x: (N, C, H, W), of floats; size, stride, pad: an int or a pair (vertical, horizontal), in pixels; pad is at
    most half of size. Padding never wins, not even against negative pixels. Returns out (N, C, H_out, W_out)
    alone. Raises ValueError when the window is larger than the padded image. Leaves x as it was.
    """
    ### BEGIN SOLUTION
    pool_height, pool_width = pair(size, "size")
    stride_height, stride_width = pair(stride, "stride")
    pad_height, pad_width = pair(pad, "pad", minimum=0)
    num_images, channels, height, width = x.shape
    h_out = conv_output_size(height, pool_height, stride_height, pad_height)
    w_out = conv_output_size(width, pool_width, stride_width, pad_width)
    border = ((0, 0), (0, 0), (pad_height, pad_height), (pad_width, pad_width))
    x_padded = np.pad(x, border, constant_values=-np.inf)
    out = np.full((num_images, channels, h_out, w_out), -np.inf, dtype=x.dtype)
    for i in range(pool_height):
        rows = slice(i, i + stride_height * h_out, stride_height)
        for j in range(pool_width):
            columns = slice(j, j + stride_width * w_out, stride_width)
            out = np.maximum(out, x_padded[:, :, rows, columns])
    return out
    ### END SOLUTION


# %% role="check" exercise="max_pool_fast"
def check_max_pool_fast():
    rng = np.random.default_rng(7)
    for size, stride, pad in [(2, 2, 0), ((3, 2), (1, 3), (1, 0)), ((2, 5), 2, (0, 2)), (1, 3, 0)]:
        x = rng.normal(size=(2, 3, 7, 8)) - 5
        before = x.copy()
        out = max_pool_fast(x, size, stride, pad)
        expected = F.max_pool2d(torch.tensor(x), size, stride, pad)
        where = f"7x8 image of negative numbers, size {size}, stride {stride}, pad {pad}"
        np.testing.assert_allclose(out, expected, rtol=1e-4, atol=1e-5, err_msg=where)
        np.testing.assert_array_equal(x, before, err_msg="x must be left as it was")
    try:
        max_pool_fast(x[:, :, :2], 3, 1)
    except ValueError:
        print("max_pool_fast: agrees with torch.nn.functional.max_pool2d.")
    else:
        raise AssertionError("a window of 3 rows on an image of 2: expected a ValueError")


check_max_pool_fast()

# %% [markdown]
# A negative map, pooled 3x3 with stride 2 and padding 1: with your padding, and with zeros put around it
# before.

# %%
negative = -np.arange(1.0, 16.0).reshape(3, 5)
with_zeros = max_pool_fast(np.pad(negative, 1)[None, None], 3, 2)[0, 0]
with_infinity = max_pool_fast(negative[None, None], 3, 2, 1)[0, 0]
plots.number_grids({"x": negative, "padded with zeros": with_zeros, "padded with -infinity": with_infinity}, cell=0.5)

# %% [markdown]
# *What to see: with zeros there is nothing left of the map: each of these windows touches the border, and
# zero beats everything.*
#
# How much faster? Eight maps of 64x64 for each of four images, with 3x3 windows and stride 2. The bar shows
# the middle one of three runs.

# %%
x = np.random.default_rng(0).normal(size=(4, 8, 64, 64))
x_torch = torch.tensor(x)
calls = {
    "your loops": lambda: max_pool_forward_naive(x, {"pool_height": 3, "pool_width": 3, "stride": 2}),
    "your maxima of maps": lambda: max_pool_fast(x, 3, 2),
    "PyTorch": lambda: F.max_pool2d(x_torch, 3, 2),
}
times_ms = {name: {"forward": 1000 * timing.median_seconds(call, repeats=3)} for name, call in calls.items()}
plots.grouped_bars(times_ms, "time (ms, log scale)", log=True)

# %% [markdown]
# *What to see: every tick is a factor of ten. Nine maxima of whole maps take the place of thirty thousand turns
# of a loop, and keep up with PyTorch (which also writes down where each maximum was).*

# %% [markdown]
# ## 7. And back again: unpooling
#
# A network that labels every *pixel* (segmentation) first shrinks the image to understand it, and must then
# grow it again. But pooling has thrown away where in its window each maximum stood. The remedy: write it
# down. These notes are called **switches**.
#
# - `max_pool_with_switches` gives the maxima *and* their places. A switch is the index of a pixel in its
#   own map, counted row by row: $\text{row}\cdot W + \text{column}$. (That is what PyTorch returns with
#   `return_indices=True`.)
# - `max_unpool` fills a map of zeros: each value goes to its switch.
#
# Worked number: $x = \begin{pmatrix}1&3&2&0\\5&2&8&1\end{pmatrix}$ with 2x2 windows and stride 2 gives
# $\text{out} = (5, 8)$ and $\text{switches} = (1\cdot4+0,\; 1\cdot4+2) = (4, 6)$. Unpooled:
# $\begin{pmatrix}0&0&0&0\\5&0&8&0\end{pmatrix}$.
#
# ### Exercise: max_unpool (8 points)
#
# *30 minutes, hard.* Write both functions; no padding this time. `size` and `stride` are an int or a pair.
# Of equal maxima the first in row-major order counts. Where several windows share a maximum, and so a
# switch, its value is written once and not added up. Both may use loops.
#
# <details><summary>Hint 1</summary>
#
# For the switches: `argmax` of a flattened window is a position *in the window*. Make it a row and a column
# (what do you divide by?), add where the window begins, and only then count in the map.
# </details>
#
# <details><summary>Hint 2</summary>
#
# For the unpooling: flatten the maps to `(N, C, H*W)`; then the switches are indices along the last axis.
# Loop over images and channels, or look at `np.put_along_axis`.
# </details>


# %% role="answer" exercise="max_unpool"
def max_pool_with_switches(x, size, stride):
    """Max pooling without padding, and where each maximum was.

    x: (N, C, H, W); size, stride: an int or a pair (vertical, horizontal), in pixels.
    Returns (out, switches), both (N, C, H_out, W_out): out holds the maxima; switches, of an integer dtype, hold
    where they stood in their own H x W map, as row * W + column. Of equal maxima the first in row-major order
    counts.
    """
    ### BEGIN SOLUTION
    pool_height, pool_width = pair(size, "size")
    stride_height, stride_width = pair(stride, "stride")
    num_images, channels, height, width = x.shape
    h_out = conv_output_size(height, pool_height, stride_height)
    w_out = conv_output_size(width, pool_width, stride_width)
    windows = np.lib.stride_tricks.sliding_window_view(x, (pool_height, pool_width), axis=(2, 3))
    windows = windows[:, :, ::stride_height, ::stride_width]
    windows = windows.reshape(num_images, channels, h_out, w_out, pool_height * pool_width)
    out = windows.max(axis=4)
    inside_row, inside_column = np.divmod(windows.argmax(axis=4), pool_width)
    rows = np.arange(h_out)[:, np.newaxis] * stride_height + inside_row
    columns = np.arange(w_out) * stride_width + inside_column
    switches = rows * width + columns
    return out, switches
    ### END SOLUTION


def max_unpool(y, switches, out_shape):
    """Maps of zeros, with each value of y where its switch says.

    y, switches: (N, C, H_out, W_out), switches as max_pool_with_switches gives them; out_shape: (N, C, H, W).
    Returns an array of shape out_shape, in the dtype of y. Where several windows share a maximum, and so a switch,
    its value is written once and not added up.
    """
    ### BEGIN SOLUTION
    num_images, channels, height, width = out_shape
    maps = np.zeros((num_images, channels, height * width), dtype=y.dtype)
    flat_switches = switches.reshape(num_images, channels, -1)
    flat_values = y.reshape(num_images, channels, -1)
    np.put_along_axis(maps, flat_switches, flat_values, axis=2)
    return maps.reshape(out_shape)
    ### END SOLUTION


# %% role="check" exercise="max_unpool"
def check_max_unpool():
    rng = np.random.default_rng(8)
    for size, stride in [(2, 2), ((3, 2), (1, 2)), (2, 3)]:
        x = rng.normal(size=(2, 3, 7, 8))
        out, switches = max_pool_with_switches(x, size, stride)
        expected_out, expected = F.max_pool2d(torch.tensor(x), size, stride, return_indices=True)
        where = f"7x8 image, size {size}, stride {stride}"
        np.testing.assert_allclose(out, expected_out, rtol=1e-4, atol=1e-5, err_msg=f"out, {where}")
        np.testing.assert_array_equal(switches, expected, err_msg=f"switches, {where}")
        y = rng.normal(size=out.shape)
        if stride != (1, 2):  # where windows overlap, PyTorch's result would hang on chance
            unpooled = F.max_unpool2d(torch.tensor(y), expected, size, stride, output_size=(7, 8))
            images = max_unpool(y, expected.numpy(), x.shape)
            np.testing.assert_allclose(images, unpooled, rtol=1e-4, err_msg=f"max_unpool, {where}")
    shared = max_unpool(np.full((1, 1, 1, 2), 9.0), np.array([[[[4, 4]]]]), (1, 1, 2, 3))
    once = "two windows with one maximum, 9: it is written once"
    np.testing.assert_allclose(shared, [[[[0, 0, 0], [0, 9, 0]]]], err_msg=once)
    print("max_pool_with_switches and max_unpool: agree with PyTorch.")


check_max_unpool()

# %% [markdown]
# ### Experiment: what the switches know
#
# The top of the roof in the map of edges, pooled with 3x3 windows, and brought back in two ways: each maximum
# copied into its whole window, and each maximum put where its switch says.

# %%
roof = edges[:, :, 0:60, 105:195]
out, switches = max_pool_with_switches(roof, 3, 3)
grown = {
    "before pooling": roof[0, 0],
    "copied into the window": out[0, 0].repeat(3, axis=0).repeat(3, axis=1),
    "unpooled with switches": max_unpool(out, switches, roof.shape)[0, 0],
}
plots.image_grid(grown, columns=3, tile=3.4)

# %% [markdown]
# *What to see: copying gives bricks, and the rows of tiles melt into one grey patch. Unpooling has no more
# numbers to work with, one for each nine pixels, but they stand in their exact places: the dots lie on the
# lines. In a segmentation network the convolutions that follow fill the gaps.*

# %% [markdown]
# ## 8. A layer of your own in PyTorch
#
# Now as a layer that trains. A `torch.autograd.Function` has a `forward` that computes and a `backward`
# that returns one gradient **for each argument of `forward`** (`None` for those that have none, here the
# three settings).
#
# What is fair: `F.pad(x, (left, right, top, bottom), value=...)`, `F.unfold` and `F.fold`, which are
# `im2col` and `col2im` of last week, `max`, `gather`, `scatter`. What is not: anything that pools by
# itself.
#
# Two things to take care of:
#
# - `F.unfold` has a `padding` of its own, which pads with zeros. Section 6 says why that will not do.
# - **Devices.** Create every tensor from the ones you are given (`dout.new_zeros(...)`), and the layer runs
#   wherever its input lives. Nothing calls `.cuda()`.
#
# Shapes: `F.unfold` gives `(N, C*PH*PW, L)` with $L = H_\text{out}\cdot W_\text{out}$, sorted by channel,
# so `.unflatten(1, (C, -1))` makes it `(N, C, PH*PW, L)`: all windows, side by side. The maximum along axis
# 2 comes with its index, and of equal maxima it is the first.
#
# ### Exercise: MaxPool2dFunction (12 points)
#
# *40 minutes, hard.* `MaxPool2dFunction.apply(x, kernel_size, stride, padding)`; the three settings are an
# int or a pair each.
#
# Worked number: the row $x = (1, 4, 2, 3)$ of section 3 with `kernel_size` (1, 3), `stride` 1, `padding` 0.
# The unfolded windows are the columns $(1, 4, 2)$ and $(4, 2, 3)$, the maxima $(4, 4)$, their indices $(1,
# 0)$. Backward from $\text{dout} = (1, 10)$: zeros, with 1 at index 1 of the first column and 10 at index 0
# of the second. `F.fold` adds the columns where they belong: $dx = (0, 11, 0, 0)$.
#
# <details><summary>Hint 1</summary>
#
# `ctx.save_for_backward` is for tensors (the indices), plain attributes such as `ctx.stride` are for
# everything else.
# </details>
#
# <details><summary>Hint 2</summary>
#
# `zeros.scatter_(2, index, values)` writes each value at its index along axis 2; all three have four axes
# then. After `F.fold` the padding has to be cut off, by where the image begins and how large it is.
# </details>


# %% role="answer" exercise="MaxPool2dFunction"
class MaxPool2dFunction(torch.autograd.Function):
    """2-D max pooling for PyTorch with its own backward pass.

    MaxPool2dFunction.apply(x, kernel_size, stride, padding): x (N, C, H, W), of floats; kernel_size, stride and
    padding an int or a pair (vertical, horizontal), in pixels; padding is at most half of kernel_size and never
    wins. Returns out (N, C, H_out, W_out), on the device and in the dtype of x. Of equal maxima in a window the
    first in row-major order gets the gradient.
    """

    @staticmethod
    def forward(ctx, x, kernel_size, stride, padding):
        """Computes out; leaves in ctx what backward needs."""
        ### BEGIN SOLUTION
        kernel_size, stride = pair(kernel_size, "kernel_size"), pair(stride, "stride")
        pad_height, pad_width = pair(padding, "padding", minimum=0)
        num_images, channels, height, width = x.shape
        h_out = conv_output_size(height, kernel_size[0], stride[0], pad_height)
        w_out = conv_output_size(width, kernel_size[1], stride[1], pad_width)
        border = (pad_width, pad_width, pad_height, pad_height)
        x_padded = F.pad(x, border, value=-torch.inf)
        windows = F.unfold(x_padded, kernel_size, stride=stride)  # (N, C*HH*WW, L)
        windows = windows.unflatten(1, (channels, -1))  # (N, C, HH*WW, L)
        out, winners = windows.max(dim=2)  # each (N, C, L)
        ctx.save_for_backward(winners)
        ctx.settings = x.shape, kernel_size, stride, (pad_height, pad_width)
        return out.reshape(num_images, channels, h_out, w_out)
        ### END SOLUTION

    @staticmethod
    def backward(ctx, dout):
        """dout: (N, C, H_out, W_out). Returns one gradient for each of the four arguments of forward."""
        ### BEGIN SOLUTION
        (winners,) = ctx.saved_tensors
        x_shape, kernel_size, stride, (pad_height, pad_width) = ctx.settings
        num_images, channels, height, width = x_shape
        num_taps, num_places = kernel_size[0] * kernel_size[1], winners.shape[2]
        dwindows = dout.new_zeros(num_images, channels, num_taps, num_places)
        dwindows.scatter_(2, winners.unsqueeze(2), dout.reshape(num_images, channels, 1, num_places))
        padded_size = (height + 2 * pad_height, width + 2 * pad_width)
        dx_padded = F.fold(dwindows.flatten(1, 2), padded_size, kernel_size, stride=stride)
        dx = dx_padded[:, :, pad_height : pad_height + height, pad_width : pad_width + width]
        return dx, None, None, None
        ### END SOLUTION


# %% role="check" exercise="MaxPool2dFunction"
def check_max_pool2d_function():
    torch.manual_seed(9)
    devices = ["cpu", "cuda"] if torch.cuda.is_available() else ["cpu"]
    for device in devices:
        for settings in [(2, 2, 0), ((3, 2), (1, 3), (1, 0)), ((2, 5), 2, (0, 2)), (1, 3, 0)]:
            x = (torch.randn(2, 3, 7, 8, dtype=torch.float64, device=device) - 5).requires_grad_()
            out, expected = MaxPool2dFunction.apply(x, *settings), F.max_pool2d(x, *settings)
            where = f"kernel_size, stride, padding = {settings} on {device}"
            torch.testing.assert_close(out, expected, msg=lambda text, where=where: f"out, {where}: {text}")
            dout = torch.randn_like(expected.mT.contiguous()).mT  # a gradient need not lie in memory in order
            (dx,), (expected_dx,) = torch.autograd.grad(out, x, dout), torch.autograd.grad(expected, x, dout)
            torch.testing.assert_close(dx, expected_dx, msg=lambda text, where=where: f"dx, {where}: {text}")
        flat = torch.zeros(1, 1, 2, 3, device=device, requires_grad=True)
        MaxPool2dFunction.apply(flat, (2, 3), 1, 0).sum().backward()
        assert flat.grad.flatten().tolist() == [1, 0, 0, 0, 0, 0], f"six equal pixels: got {flat.grad.tolist()}"
    print(f"MaxPool2dFunction: agrees with PyTorch, forward and backward, on {' and '.join(devices)}.")


check_max_pool2d_function()

# %% [markdown]
# PyTorch's own measuring test moves every number by a hair. It should say `True`.

# %%
x = torch.randn(1, 2, 5, 6, dtype=torch.float64, requires_grad=True)
torch.autograd.gradcheck(lambda x: MaxPool2dFunction.apply(x, (3, 2), 2, 1), x)

# %% [markdown]
# ### On a GPU, if there is one
#
# The same code, wherever the tensors live. This cell says which device it used.

# %%
device = training.pick_device()
x = torch.randn(16, 64, 112, 112, device=device, requires_grad=True)
yours, theirs = MaxPool2dFunction.apply(x, 3, 2, 1), F.max_pool2d(x, 3, 2, 1)
dout = torch.randn_like(theirs)
(dx_yours,), (dx_theirs,) = torch.autograd.grad(yours, x, dout), torch.autograd.grad(theirs, x, dout)
differences = [(a - b).abs().max().item() for a, b in [(yours, theirs), (dx_yours, dx_theirs)]]
print("device: {}, largest differences: out {:.0e}, dx {:.0e}".format(yours.device, *differences))

# %% [markdown]
# ## 9. LeNet-5
#
# Convolution, pooling, convolution, pooling, and three fully connected layers: with this network, from
# 1998, the pattern was set that networks followed for fifteen years. The maps get smaller and more
# numerous: less *where*, more *what*.
#
# | layer | what | output | parameters |
# |---|---|---|--:|
# | input | | 1x32x32 | |
# | C1 | convolution, 6 filters of 5x5, then the activation | 6x28x28 | 6 (1·25 + 1) = 156 |
# | S2 | pooling, 2x2, stride 2 | 6x14x14 | 0 |
# | C3 | convolution, 16 filters of 5x5, then the activation | 16x10x10 | 16 (6·25 + 1) = 2,416 |
# | S4 | pooling, 2x2, stride 2 | 16x5x5 | 0 |
# | C5 | fully connected, then the activation | 120 | 120 (400 + 1) = 48,120 |
# | F6 | fully connected, then the activation | 84 | 84 (120 + 1) = 10,164 |
# | output | fully connected, **nothing** after it | 10 | 10 (84 + 1) = 850 |
# | | | **together** | **61,706** |
#
# No padding, and every layer with weights has a bias.
#
# > **Often told wrong.** Lecture notes and libraries show a "LeNet" with 20 and 50 filters, with padding,
# > or with ReLU and max pooling, and call it LeNet-5. The network of 1998 had 6 and 16 filters, a scaled
# > tanh, a pooling that *summed* 2x2 pixels, times a learned weight, plus a learned bias, and 60,000
# > parameters, because each map of C3 saw only some of the maps of S2. The table above is its modern form.

# %% [markdown]
# ### Exercise: LeNet5 (12 points)
#
# *20 minutes, medium.* `LeNet5(num_classes=10)`, an `nn.Module` that takes images `(N, 1, 32, 32)` to
# scores `(N, num_classes)`. PyTorch's layers are welcome here, yours too.
#
# **Fixed** are the sizes in the table (with another `num_classes` only the last layer changes), and that
# what comes out are *scores* (logits): any real numbers, no softmax, since the loss takes care of that.
# **Free** are max or average pooling, the activation (but see the question below), the names of the layers,
# and whether C5 is fully connected or a 5x5 convolution on the 5x5 maps, which is the same.
#
# The grading trains it, much as we shall: with Adam, on digits that are enlarged to 24x24 pixels, stand near
# the middle of 32x32 and are standardised; where that is not enough, once more and for longer. On digits
# that it has never seen it must then be right in at least 95 % of the cases.
#
# Worked number: S4 gives $16\cdot5\cdot5 = 400$ numbers per image, so C5 has $400\cdot120 + 120 = 48{,}120$
# parameters.
#
# <details><summary>Hint</summary>
#
# `nn.Sequential` and `nn.Flatten` do most of it. If the number of parameters is wrong, print `[p.shape for
# p in LeNet5().parameters()]` and go through the table.
# </details>


# %% role="answer" exercise="LeNet5"
class LeNet5(nn.Module):
    """LeNet-5 in its modern form: images (N, 1, 32, 32) to scores (N, num_classes), without a softmax.

    num_classes: how many kinds of images there are. With 10 it has 61,706 parameters.
    """

    def __init__(self, num_classes=10):
        super().__init__()
        ### BEGIN SOLUTION
        self.features = nn.Sequential(
            nn.Conv2d(1, 6, kernel_size=5),  # (6, 28, 28)
            nn.ReLU(),
            nn.MaxPool2d(2, stride=2),  # (6, 14, 14)
            nn.Conv2d(6, 16, kernel_size=5),  # (16, 10, 10)
            nn.ReLU(),
            nn.MaxPool2d(2, stride=2),  # (16, 5, 5)
        )
        self.classifier = nn.Sequential(
            nn.Flatten(),
            nn.Linear(16 * 5 * 5, 120),
            nn.ReLU(),
            nn.Linear(120, 84),
            nn.ReLU(),
            nn.Linear(84, num_classes),
        )
        ### END SOLUTION

    def forward(self, x):
        """x: (N, 1, 32, 32). Returns the scores (N, num_classes)."""
        ### BEGIN SOLUTION
        features = self.features(x)
        return self.classifier(features)
        ### END SOLUTION


# %% role="check" exercise="LeNet5"
def check_lenet5():
    torch.manual_seed(10)
    model = LeNet5()
    num_parameters = sum(parameter.numel() for parameter in model.parameters())
    scores = model(torch.randn(3, 1, 32, 32))
    assert scores.shape == (3, 10), f"3 images: expected scores of shape (3, 10), got {tuple(scores.shape)}"
    assert num_parameters == 61_706, f"expected 61,706 parameters, got {num_parameters:,}"
    smaller = sum(parameter.numel() for parameter in LeNet5(num_classes=7).parameters())
    assert smaller == 61_706 - 3 * 85, f"7 kinds: expected {61_706 - 3 * 85:,} parameters, got {smaller:,}"
    assert scores.min() < 0, "scores are any numbers: no softmax, no ReLU after the last layer"
    print("LeNet5: 61,706 parameters, one score per kind.")


check_lenet5()

# %% [markdown]
# **Predict.** Which layer holds most of the parameters? And which does most of the multiplications?

# %%
layers = {"C1": (1, 6, 5, 28), "C3": (6, 16, 5, 10), "C5": (16, 120, 5, 1), "F6": (120, 84, 1, 1)}
layers["output"] = (84, 10, 1, 1)
costs = {name: conv_cost(c_in, c_out, kernel, side, side) for name, (c_in, c_out, kernel, side) in layers.items()}
totals = np.sum(list(costs.values()), axis=0)
shares = {
    kind: {name: 100 * cost[i] / totals[i] for name, cost in costs.items()}
    for i, kind in enumerate(["parameters", "multiply-adds"])
}
print("together: {:,} parameters, {:,} multiply-adds for one image".format(*totals))
plots.grouped_bars(shares, "share of the whole network (%)")

# %% [markdown]
# *What to see: C5 holds 78 % of the parameters, the two convolutions do 86 % of the multiplications.
# (`conv_cost` is last week's; a fully connected layer is a convolution with one place to stand.) It would
# be far worse without pooling: C5 would have to read 16 maps of 24x24 pixels, 1.1 million weights.*

# %% [markdown]
# ### Experiment: LeNet-5 learns to read
#
# 1,797 real handwritten digits of 8x8 pixels. We enlarge every pixel to 3x3, put the digit into the middle
# of 32x32, and scale to mean 0 and standard deviation 1.

# %%
digits = data.digits()
split = data.split(digits.images, digits.labels)
large = transforms.standardize(transforms.centred(split, enlarge=3, size=32))
shown = {f"a {digit}": large.train_images[np.argmax(large.train_labels == digit), 0] for digit in range(5)}
plots.image_grid(shown, columns=5, tile=1.7)

# %% [markdown]
# *What to see: coarse, but easy to read. Of the 1,797 digits, 359 are the **test set** and are not touched
# by training. Of the others, one in five is held out as well, to draw the curve.*

# %%
device = training.pick_device()
lenet = training.seeded(LeNet5, 0).to(device)
history = training.train(lenet, large, epochs=10, batch_size=32, learning_rate=1e-3, validation_fraction=0.2)
curves = {"training images": history.loss, "held-out images": history.validation_loss}
print(f"on {device}: {history.accuracy[-1]:.1%} of {len(large.test_labels)} test digits read correctly")
plots.lines(curves, "epoch", "loss (cross-entropy, nats; log scale)", log=True)

# %% [markdown]
# *What to see: both curves fall together at first. In the second half the held-out loss stays above the
# training loss: the network begins to know its training images by heart. In the first epoch the held-out loss
# is the lower one. That is no magic: the training loss is the mean over the whole epoch, while the weights
# were still getting better.*

# %%
accuracies = {"test digits": [100 * accuracy for accuracy in history.accuracy]}
plots.lines(accuracies, "epoch", "accuracy (%)", reference=("what the grading asks for", 95))

# %% [markdown]
# *What to see: after four epochs most of the work is done. Then the curve goes up and down by one to three
# points: one point is three or four digits of 359.*
#
# Which ones does it get wrong? The first five of them, with what the network said and what is true.

# %%
said = training.predict(lenet, large.test_images).argmax(dim=1).numpy()
wrong = np.flatnonzero(said != large.test_labels)[:5]
shown = {f"{said[i]}, it is a {large.test_labels[i]}": large.test_images[i, 0] for i in wrong}
plots.image_grid(shown, columns=len(wrong), tile=1.9)

# %% [markdown]
# *What to see: some of these are hard for us, too.*
#
# **Predict.** The network of 1998 had no ReLU. What if you take a sigmoid as the activation?
#
# <details><summary>Answer</summary>
#
# It learns far more slowly. The slope of the sigmoid is at most 1/4, and four of them in a row multiply to
# at most 1/256: little of the gradient arrives at C1. In our trials, after nine epochs, it was right in
# about 86 % of the cases, and ReLU and tanh in 97 % or more. With a larger learning rate and twice the epochs
# it gets there, too. That story is told in the assignment on initialisation.
# </details>

# %% [markdown]
# ## 10. Does pooling make a network insensitive to shifts?
#
# "Thanks to pooling it does not matter where in the image a thing is." You will read that in every second
# text. Let us see how far it is true. First by hand: a signal, the same signal one step to the right, and
# what max pooling with windows of 2 and stride 2 makes of them.

# %%
signal = np.array([0, 0, 1, 1, 0, 0, 0, 0.0])
both = np.stack([np.roll(signal, step) for step in range(3)])  # as it is, one step, two steps
after = max_pool_fast(both[:, None, None], (1, 2), (1, 2))[:, 0, 0]
plots.number_grids({"the signal, shifted by 0, 1, 2 (rows)": both, "after max pooling": after}, cell=0.55)

# %% [markdown]
# *What to see: the same bar of two ones in every row. After pooling it is one cell wide in the first row,
# and two cells wide in the second. After a shift by 2, the stride, it is as in the first row, moved by one
# cell.*
#
# So pooling with stride $S$ keeps up with shifts by multiples of $S$, and answers to all others with
# **another signal**. What is true is something weaker: small shifts change a pooled map *less*. We measure
# how much.

# %% [markdown]
# ### Experiment: how fast does a map change?
#
# The map of edges of a photo, and of the same photo one to eight pixels further to the right. How different
# are the two maps, in relation to how large they are?
#
# $$\text{change} = \frac{\lVert f(\text{shifted}) - f(\text{photo})\rVert}{\lVert f(\text{photo})\rVert}$$
#
# Once for the map as it is, once for each way to shrink it. **Predict** the order.

# %%
grey = data.photos()["china"][:, 40:298].mean(axis=0, dtype=float)
ways = {
    "not shrunk": lambda maps: maps,
    "every 8th pixel": lambda maps: maps[:, :, ::8, ::8],
    "average of 8x8": lambda maps: avg_pool_forward(maps, {"pool_height": 8, "pool_width": 8, "stride": 8})[0],
    "max of 8x8": lambda maps: max_pool_fast(maps, 8, 8),
    "global average": lambda maps: global_avg_pool_forward(maps)[0],
}
views = np.stack([grey[None, :, 100 - step : 100 - step + 322] for step in range(9)])  # one pixel further each
maps = conv_forward_fast(views, sobel, np.zeros(1), {"stride": 1, "pad": 0})[0].clip(min=0)  # (9, 1, 256, 320)
change = {}
for name, shrink in ways.items():
    features = shrink(maps).reshape(9, -1)
    change[name] = np.linalg.norm(features - features[0], axis=1) / np.linalg.norm(features[0])
plots.lines(change, "shift (pixels)", "relative change of the map", start=0)

# %% [markdown]
# *What to see: edges are a pixel or two wide, so after a shift by a single pixel the full map has little in
# common with the old one (two maps of equal length that have nothing in common differ by 1.4). Taking every
# 8th pixel does not help in the least. Pooling does: one pixel changes the map by 0.2 or less. But the
# change is **not zero**, and at eight pixels, a whole window, it is above a half. Only the global average
# hardly notices: it has forgotten all places.*

# %% [markdown]
# ### Experiment: and a trained network?
#
# Three networks that differ in one point alone: how they halve the maps, twice. Either with a **stride** of
# 2 in the convolution, or with a convolution of stride 1 and then **average** or **max** pooling. They have
# the same number of parameters. The max pooling is yours.


# %%
class YourMaxPool(nn.Module):
    def forward(self, x):
        return MaxPool2dFunction.apply(x, 2, 2, 0)


def halving_network(way, width=8):
    stride = 2 if way == "strided" else 1
    pool = {"strided": nn.Identity, "average": lambda: nn.AvgPool2d(2), "max": YourMaxPool}[way]
    return nn.Sequential(
        nn.Conv2d(1, width, 3, stride, padding=1), nn.ReLU(), pool(),  # (width, 12, 12)
        nn.Conv2d(width, 2 * width, 3, stride, padding=1), nn.ReLU(), pool(),  # (2 * width, 6, 6)
        nn.Flatten(), nn.Linear(2 * width * 6 * 6, 10),
    )  # fmt: skip


# %% [markdown]
# They are trained on digits of 16x16 pixels that stand in the **middle** of 24x24, and tested on digits
# that were moved by 0 to 4 pixels, down or to the left. Three runs for each.

# %%
centred = transforms.standardize(transforms.centred(split, enlarge=2, size=24))
num_right = {}  # by way: (runs, steps, directions), in percent
for way in ["strided", "average", "max"]:
    runs = []
    for seed in range(3):
        model = training.seeded(lambda way=way: halving_network(way), seed)
        training.train(model, centred, epochs=5, batch_size=32, learning_rate=3e-3, seed=seed)
        for step in range(5):
            for move in [(step, 0), (0, -step)]:
                moved = transforms.shift(centred.test_images, *move)
                runs.append(100 * training.accuracy(model, moved, centred.test_labels))
    num_right[way] = np.reshape(runs, (3, 5, 2))
means = {way: percent.mean(axis=(0, 2)) for way, percent in num_right.items()}
plots.lines(means, "shift (pixels)", "accuracy (%)", start=0, reference=("guessing", 10))

# %% [markdown]
# *What to see: without a shift all three are about equally good. With max pooling the network loses least:
# after two pixels, one pixel of the original digit, it is more than fifteen points ahead of the strided one.
# But all three curves fall off a cliff. After four pixels every network is lost, pooling or not.*
#
# > **Often told wrong.** "Pooling makes a network translation invariant." It makes it somewhat more
# > *tolerant* of small shifts. What really helps is to **show** it shifted images in training, as in the
# > next experiment, or to average over all places (global average pooling), or to blur before taking every
# > second pixel (Zhang 2019).

# %% [markdown]
# ## 11. Pooling or a strided convolution?
#
# Many newer networks do without pooling: a convolution with stride 2 halves the maps and learns how. That
# is also cheaper, since three quarters of the outputs are never computed. For the networks above, in
# multiply-adds of the two convolutions for one image:


# %%
def cost(width, stride):
    first, second = 24 // stride, 12 // stride
    return conv_cost(1, width, 3, first, first)[1] + conv_cost(width, 2 * width, 3, second, second)[1]


print(f"stride 1, then pooling: {cost(8, 1):,}; strided: {cost(8, 2):,}; strided, twice the filters: {cost(16, 2):,}")

# %% [markdown]
# For the price of a pooled network we can have a strided one with **twice as many filters**. So there are
# four networks to compare: the three that you know, and the wide one. Once on the digits in the middle, and
# once on digits that stand **anywhere** on the canvas, in training and in the test. **Predict** which is
# best, where.

# %%
anywhere = transforms.wandering(transforms.centred(split, enlarge=2, size=16), size=24, copies=1)
anywhere = transforms.standardize(anywhere)


def test_accuracies(images, *settings):
    models = [training.seeded(lambda: halving_network(*settings), seed) for seed in range(3)]
    fits = [
        training.train(model, images, epochs=5, batch_size=32, learning_rate=3e-3, seed=seed)
        for seed, model in enumerate(models)
    ]
    return [100 * fit.accuracy[-1] for fit in fits]


# %% [markdown]
# Three of the results in the middle we have already: those for a shift of 0.

# %%
accuracy = {}
for way, percent in num_right.items():
    accuracy[way] = {"in the middle": percent[:, 0, 0], "anywhere": test_accuracies(anywhere, way)}

# %% [markdown]
# And the wide one.

# %%
wide = {"in the middle": test_accuracies(centred, "strided", 16), "anywhere": test_accuracies(anywhere, "strided", 16)}
accuracy["strided, twice the filters"] = wide
plots.grouped_bars(accuracy, "accuracy on test digits (%)", reference=("guessing", 10))

# %% [markdown]
# *What to see: in the middle the ways differ by a point or two, hardly more than runs of the same network do.
# Where the digits stand anywhere, the narrow strided network falls ten points behind the pooled ones. More
# than half of that comes back once it may do as much arithmetic as they do.* So be careful with "pooling is
# better": at what price, and on which images?

# %% [markdown]
# ### Exercise: what_pooling_discards (4 points)
#
# *15 minutes; write about eight sentences.* A layer of a network gives 64 maps of 56x56 numbers for each
# image.
#
# 1. A 2x2 max pooling with stride 2 follows. How many numbers go in, how many come out, which part is
#    thrown away? And with 3x3 windows and stride 2, without padding?
# 2. Something is lost, something is kept. Say what, in terms of what a feature map means.
# 3. What does the thrown-away part mean for the backward pass? Compare max and average pooling.
# 4. Name a task that the loss does not harm and one that it does, and a remedy for the second.

# %% [markdown] role="answer" exercise="what_pooling_discards"
# ### BEGIN SOLUTION
# 1. In: 64 * 56 * 56 = 200,704 numbers. Out: 64 * 28 * 28 = 50,176, a quarter. 75 % are thrown away. With
#    3x3 windows and stride 2 there are floor((56 - 3) / 2) + 1 = 27 places along each axis: 64 * 27 * 27 =
#    46,656, so 76.8 % are thrown away (the windows overlap, and the last row and column are never looked
#    at).
# 2. A number in a feature map says how strongly a feature is present at a place. Max pooling keeps how
#    strong the strongest answer in the window was, so that the feature is there, and roughly where. It
#    loses where in the window it was, and how strong the other three answers were. (Average pooling loses
#    these too, and dilutes a single strong answer.)
# 3. With max pooling the thrown-away numbers have no influence on the output, so they get no gradient:
#    three of four places learn nothing from this image; all of the gradient goes to the winner. With
#    average pooling each of the four entered the mean and gets a quarter.
# 4. Harmless, even welcome: classification, where the exact place does not matter. Harmful: segmentation,
#    key points, counting small things. Remedies: keep the switches and unpool, connections from the layers
#    before the pooling (U-Net), or dilated convolutions, which enlarge the view without shrinking the map.
# ### END SOLUTION
#
# === BEGIN MARK SCHEME ===
# One point each, four in all:
#
# - **Numbers (1 point).** 200,704 to 50,176, 75 %; and 46,656 (27x27), 76.8 % (77 % will do). One of the
#   two settings: half a point. Per map (3,136 to 784, and 729) is right too.
# - **Meaning (1 point).** Kept: presence and strength, coarse place. Lost: exact place, the smaller
#   answers. Both sides are needed; one alone earns half a point.
# - **Backward (1 point).** No gradient for what lost the maximum; equal shares with the average. Max alone:
#   half a point.
# - **Tasks (1 point).** One task of each kind with a reason (half a point) and a remedy that fits (half a
#   point).
# === END MARK SCHEME ===

# %% [markdown]
# ### Exercise: pooling_or_strided (4 points)
#
# *15 minutes; write about eight sentences.* A block of a network takes 64 maps of 56x56 to 128 maps of
# 28x28. Design A: a 3x3 convolution (padding 1, stride 1, with bias), then 2x2 max pooling with stride 2.
# Design B: the same convolution with stride 2, and no pooling.
#
# 1. Compare the parameters and the multiply-adds of A and B.
# 2. Give a good reason for A and a good reason for B.
# 3. What do the experiments of sections 10 and 11 say for this choice, and what do they *not* show? Use at
#    least one number that you measured.
# 4. You may use more of the budget: how would you spend A's extra cost in a design without pooling?

# %% [markdown] role="answer" exercise="pooling_or_strided"
# ### BEGIN SOLUTION
# 1. Parameters are the same: 128 * (64 * 9 + 1) = 73,856. Multiply-adds: A computes 128 * 64 * 9 * 56 * 56
#    = 231,211,008, B a quarter of it, 57,802,752. (Pooling itself multiplies nothing.)
# 2. For A: every place is computed and the strongest answer wins, so a feature is found wherever it stands,
#    and small shifts change little. There is nothing more to learn. For B: a quarter of the arithmetic and
#    of the memory for activations; how to shrink is learned, and every output gets and passes on a
#    gradient; it can be inverted by a transposed convolution (autoencoders, GANs).
# 3. Max pooling lost least under shifts (62 % against 45 % after two pixels), and on digits anywhere
#    pooling was ten points ahead (83 % against 72 %); in the middle it made no difference. With the same
#    arithmetic the strided network was at 79 %. All that for tiny networks, five epochs, three runs and
#    1,437 training images. Large networks on a million images, trained with shifted images, do well without
#    (ResNet shrinks with strides, except for one max pooling at the beginning and the global average at the
#    end).
# 4. For example: twice as many filters in B (twice the cost) or two convolutions, the first with stride 1
#    and the second with stride 2, which gives a deeper network that sees further; or a blur before the
#    stride.
# ### END SOLUTION
#
# === BEGIN MARK SCHEME ===
# One point each, four in all:
#
# - **Cost (1 point).** 73,856 parameters in both; 231,211,008 and 57,802,752 multiply-adds, or "four
#   times". Parameters alone or arithmetic alone: half a point.
# - **Reasons (1 point).** One for each design, each with its why. One of the two: half a point.
# - **Evidence (1 point).** Uses a number or a tendency from the notebook correctly (half a point) and names
#   a limit: unequal cost or parameters, small network, small set, few epochs, few runs (half a point).
# - **Budget (1 point).** Any use that costs at most four times B and is plausibly better: more filters, a
#   further convolution, blur before the stride. Without a look at the cost: half a point.
# === END MARK SCHEME ===

# %% [markdown]
# ## What to remember
#
# - Pooling keeps one number per window, for every channel by itself, and has nothing to learn. 2x2 with
#   stride 2 throws away 75 % of the activations.
# - Backward: the maximum takes all (the first, if several are equal), the average shares evenly; where
#   windows overlap, shares **add up**.
# - Padding must never win: $-\infty$ for the maximum. For the average, know what you divide by.
# - Global average pooling makes $(N, C)$ of $(N, C, H, W)$, whatever the size.
# - Pooling makes a network more tolerant of small shifts, not invariant. Training on shifted images does
#   more.
# - A strided convolution shrinks for a quarter of the arithmetic, and looks at less.
#
# ## Further reading
#
# - Y. LeCun, L. Bottou, Y. Bengio, P. Haffner, *Gradient-based learning applied to document recognition*,
#   Proc. IEEE 1998. LeNet-5, with its pooling that learns.
# - D. Scherer, A. Müller, S. Behnke, *Evaluation of pooling operations in convolutional architectures for
#   object recognition*, ICANN 2010. Max against average, carefully measured.
# - Y.-L. Boureau, J. Ponce, Y. LeCun, *A theoretical analysis of feature pooling in visual recognition*,
#   ICML 2010. Why the maximum suits sparse features.
# - M. Lin, Q. Chen, S. Yan, *Network in network*, ICLR 2014, arXiv:1312.4400: global average pooling.
# - M. Zeiler, R. Fergus, *Visualizing and understanding convolutional networks*, ECCV 2014,
#   arXiv:1311.2901: switches.
# - H. Noh, S. Hong, B. Han, *Learning deconvolution network for semantic segmentation*, ICCV 2015,
#   arXiv:1505.04366: unpooling.
# - J. T. Springenberg et al., *Striving for simplicity: the all convolutional net*, 2015, arXiv:1412.6806:
#   strides in place of pooling.
# - R. Zhang, *Making convolutional networks shift-invariant again*, ICML 2019, arXiv:1904.11486: blur
#   first.
# - A. Azulay, Y. Weiss, *Why do deep convolutional networks generalize so poorly to small image
#   transformations?*, JMLR 2019, arXiv:1805.12177.
