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
# # Convolution
#
# A photograph is a grid of numbers, and neighbours in the grid belong together: a whisker, an edge, a
# letter is made of pixels that lie side by side. A fully connected layer does not know that. It sees one
# long list of numbers, in any order you like.
#
# A **convolutional layer** builds two simple beliefs about images into the network:
#
# 1. **Locality.** What matters first happens in small neighbourhoods.
# 2. **Sharing.** What is worth detecting in one place is worth detecting in every place.
#
# In this notebook you build that layer from nothing: its arithmetic, its forward and backward pass in
# plain NumPy, a fast version of both, and finally a layer of your own inside PyTorch that trains a
# network. On the way you will see what the two beliefs buy, and what happens when they are wrong.

# %% [markdown]
# ## Goals
#
# After this notebook you can
#
# - say what a convolutional layer computes, and how large its output is, for any kernel, stride,
#   padding and dilation;
# - count its parameters and its arithmetic, and say which of the two beliefs saves which;
# - derive and write its backward pass, and test it so that you believe it;
# - turn convolution into one matrix product, and say why every fast library did that first;
# - work out how far a unit deep inside a network can see.
#
# ## You need
#
# NumPy (broadcasting, slicing, `reshape`), the chain rule, and a first acquaintance with PyTorch tensors
# and `backward()`. No GPU: everything here runs on a laptop.
#
# ## Points
#
# | exercise | points | time | difficulty |
# |---|--:|--:|---|
# | `conv_output_size` | 6 | 10 min | easy |
# | `conv_cost` | 6 | 10 min | easy |
# | `conv_forward_naive` | 14 | 25 min | medium |
# | `conv_backward_naive` | 16 | 40 min | hard |
# | `im2col` (with `col2im`) | 10 | 30 min | hard |
# | `conv_forward_fast` (with `conv_backward_fast`) | 12 | 30 min | medium |
# | `receptive_field` | 8 | 15 min | medium |
# | `compose_kernels` | 6 | 20 min | medium |
# | `fc_to_conv` | 4 | 10 min | easy |
# | `Conv2dFunction` | 14 | 45 min | hard |
# | `parameter_sharing` (written) | 4 | 15 min | think |
# | **together** | **100** | about 4 h | |

# %% [markdown]
# ## How to work
#
# Every exercise is a cell to fill in, followed by a **check** that you can run as often as you like. The
# checks try a few hard cases; the grading tries more of them, so read the shapes with care. A check that
# fails says what it expected.
#
# - The NumPy exercises are to be solved with NumPy alone; PyTorch is there to be compared with.
# - Keep the names of the functions and the order of their arguments. Helper functions and cells of your
#   own are welcome.
# - Later exercises may call earlier ones, and the experiments call your functions: until you have
#   written a function, a cell that needs it stops with `NotImplementedError`. That is no harm. Come
#   back to it.
# - The last exercise is written, and read by a person.
# - Questions marked **Predict** are for you alone. Answer them in your head *before* you open the
#   answer.
#
# Run the first cell now.

# %% role="setup"
import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from course_lib import data, gradcheck, plots, timing, training, transforms, widgets
from course_lib.shapes import pair

plots.use_style()
torch.manual_seed(0)
torch.set_num_threads(1)  # the networks here are too small to be worth sharing among cores

# %% [markdown]
# ## 1. A window that slides
#
# Take a small grid of weights, the **kernel**. Lay it on the top left corner of the image, multiply every
# pixel by the weight that lies on it, add the products up, and write the sum down. Move the kernel one
# step to the right and do it again; at the end of a row, go one row down.
#
# For an image $x$ and a kernel $w$ of height $HH$ and width $WW$, with $b$ an offset (the *bias*):
#
# $$\text{out}[i, j] \;=\; b + \sum_{r=0}^{HH-1}\;\sum_{c=0}^{WW-1} x[i + r,\; j + c]\; w[r, c]$$
#
# A number to hold on to: with the image $\begin{pmatrix}0&1&2\\3&4&5\\6&7&8\end{pmatrix}$, the kernel
# $\begin{pmatrix}1&2\\0&-1\end{pmatrix}$ and $b=10$, the top left output is
# $0\cdot1 + 1\cdot2 + 3\cdot0 + 4\cdot(-1) + 10 = 8$.

# %% [markdown]
# Play with the sliders: watch where the kernel stands (orange) and which output it writes (green). Press
# play to let it run. Where no slider can run, in a printed or exported notebook, you see one position.

# %%
widgets.explore_sliding_window()

# %% [markdown]
# *What to see: an output is large where the image looks like the kernel. This kernel answers to
# brightness that falls from left to right, and with the opposite sign to brightness that rises.*
#
# **Predict.** You set the stride to 2. How many outputs are there per row, roughly? And what does
# dilation 2 do to the nine orange cells?
#
# <details><summary>Answer</summary>
#
# Half as many: the kernel stands on every second place only. With dilation 2 there are still nine cells,
# but with a gap of one pixel between them: the same nine weights look at a wider area.
# </details>

# %% [markdown]
# ### A matter of names: convolution or cross-correlation?
#
# In mathematics and signal processing, *convolution* flips the kernel before it slides. The formula above
# does not, so its proper name is **cross-correlation**. Deep learning computes the cross-correlation and
# calls it convolution. For learned weights it makes no difference (the network simply learns the flipped
# kernel), but when you compare with a formula from another field, or with `scipy.signal.convolve2d`, you
# will trip over it. All exercises here mean cross-correlation, as PyTorch does.
#
# A single bright pixel shows the difference, so let us pass one through both.

# %%
spark = np.zeros((5, 5))
spark[2, 2] = 1
kernel = np.arange(1, 10).reshape(3, 3)
correlation = plots.slide(spark, kernel, stride=1, pad=1, dilation=1)
convolution = plots.slide(spark, kernel[::-1, ::-1], stride=1, pad=1, dilation=1)
plots.number_grids({"kernel": kernel, "cross-correlation": correlation, "true convolution": convolution}, cell=0.42)

# %% [markdown]
# *What to see: a true convolution stamps the kernel onto the bright pixel as it is; the cross-correlation
# stamps it upside down and mirrored. Remember the mirrored stamp: it comes back in the backward pass.*

# %% [markdown]
# ## 2. Channels, filters, batches
#
# A colour image has three channels, and a hidden layer may have hundreds. A **filter** spans all of them:
# for an input with $C$ channels it is a block of $C \times HH \times WW$ weights with one bias, and it
# produces *one* output map, the sum over all channels. To get $F$ maps, take $F$ filters. With a batch of
# $N$ images:
#
# | what | shape | in words |
# |---|---|---|
# | `x` | `(N, C, H, W)` | images |
# | `w` | `(F, C, HH, WW)` | filters; each is as deep as the input |
# | `b` | `(F,)` | one number per filter |
# | `out` | `(N, F, H_out, W_out)` | one map per image and filter |
#
# For example, 6 filters of 3x5x5 on one 3x32x32 image (no padding, stride 1) give 6x28x28: at every place
# a dot product of 75 numbers, plus a bias.
#
# > **Often told wrong.** "To treat an image with several channels, the 2-D kernel is copied for every
# > channel." It is not: every channel has *its own* slice of weights. A 5x5 filter on three channels
# > has 75 weights, not 25 used three times; otherwise no filter could tell red from blue.
#
# A kernel of 1x1 is not pointless either: with $C$ channels it is a little linear layer, $C$ numbers in,
# $F$ numbers out, applied at every pixel alike.

# %% [markdown]
# ## 3. Stride, padding, dilation
#
# Three settings change where the kernel may stand.
#
# - **Padding** $P$ adds a border of $P$ zeros on each side. Without it every layer shrinks the image
#   and the border pixels are seen less often. $P = (K-1)/2$ with an odd kernel keeps the size ("same"
#   padding).
# - **Stride** $S$ moves the kernel $S$ pixels at a time: a smaller output.
# - **Dilation** $D$ puts the taps of the kernel $D$ pixels apart. A kernel of $K$ taps then spans
#   $D(K-1)+1$ pixels.

# %%
ramp = np.arange(35).reshape(5, 7) % 10
plots.sliding_window(ramp, np.ones((3, 3)), stride=3, pad=0, position=1)

# %% [markdown]
# *What to see: with stride 3 on 5x7 pixels the kernel stands on two places per row and one per column.
# The last column and the last two rows are never looked at.*
#
# The number of places along an axis of $H$ pixels is
#
# $$H_\text{out} = \left\lfloor \frac{H + 2P - D\,(K-1) - 1}{S} \right\rfloor + 1$$
#
# The brackets mean "round down": a place where the kernel would stick out does not count.
#
# > **Often told wrong.** "The stride must divide evenly, otherwise the setting is an error." PyTorch,
# > and we, round down and leave the remainder unseen. It is no error, but it is worth knowing that you
# > throw pixels away.
#
# > **Two ways to count.** Some texts call the ordinary kernel "dilation 0". In PyTorch, and here, it is
# > dilation 1: the distance between neighbouring taps.

# %% [markdown]
# ### Exercise: conv_output_size (6 points)
#
# *10 minutes, easy.* Write the formula as a function for one axis. When the dilated kernel is larger than
# the padded input there is no place to stand: raise a `ValueError` that says so.
#
# Worked number: $H=11$, $K=3$, $S=2$, $P=1$, $D=2$: the kernel spans $2\cdot2+1 = 5$ of $11 + 2 = 13$
# pixels, so $\lfloor (13-5)/2 \rfloor + 1 = 5$ places.
#
# <details><summary>Hint</summary>
#
# Work out the span of the kernel and the padded length first, compare the two, and only then divide.
# Python's `//` rounds down; it also rounds *negative* numbers down, which is one more reason to compare
# first.
# </details>


# %% role="answer" exercise="conv_output_size"
def conv_output_size(size, kernel, stride=1, pad=0, dilation=1):
    """Number of positions of a sliding kernel along one axis.

    size: pixels along the axis; kernel: taps along the axis; pad: zeros added at EACH end;
    dilation: distance between neighbouring taps (1 is an ordinary kernel). Returns an int.
    Raises ValueError when the dilated kernel is larger than the padded input.
    """
    ### BEGIN SOLUTION
    span = dilation * (kernel - 1) + 1
    padded = size + 2 * pad
    if span > padded:
        raise ValueError(f"conv_output_size: a kernel that spans {span} does not fit into {padded} pixels")
    return (padded - span) // stride + 1
    ### END SOLUTION


# %% role="check" exercise="conv_output_size"
def check_conv_output_size():
    assert conv_output_size(7, 3) == 5, "a kernel of 3 has 5 places to stand on 7 pixels"
    fitting = [(32, 5, 1, 2, 1), (7, 3, 3, 0, 1), (11, 3, 2, 1, 2), (5, 2, 4, 0, 3)]
    fitting += [(9, 4, 2, 3, 1), (5, 5, 1, 0, 1), (4, 5, 1, 1, 1)]
    for settings in fitting:
        size, kernel, stride, pad, dilation = settings
        line, taps = torch.zeros(1, 1, size), torch.zeros(1, 1, kernel)
        expected = F.conv1d(line, taps, None, stride, pad, dilation).shape[-1]
        answer = conv_output_size(*settings)
        assert answer == expected, (
            f"size {size}, kernel {kernel}, stride {stride}, pad {pad}, dilation {dilation}: "
            f"expected {expected}, got {answer}"
        )
    for settings in [(3, 5, 3), (5, 3, 1, 1, 4)]:
        try:
            answer = conv_output_size(*settings)
        except ValueError:
            continue
        raise AssertionError(f"conv_output_size{settings}: nothing fits, expected a ValueError, got {answer}")
    print("conv_output_size: every size agrees with PyTorch.")


check_conv_output_size()

# %% [markdown]
# ## 4. What the two beliefs save
#
# Count what a layer costs. **Parameters** are the numbers that it learns; they need memory and data.
# **Multiply-adds** (MACs) are the arithmetic for one image; they need time.
#
# One filter holds $C\cdot HH\cdot WW$ weights and a bias. Every one of the
# $F\cdot H_\text{out}\cdot W_\text{out}$ outputs is a sum of $C\cdot HH\cdot WW$ products:
#
# $$\text{params} = F\,(C\cdot HH\cdot WW + 1)$$
#
# $$\text{macs} = F\cdot H_\text{out}\cdot W_\text{out}\cdot C\cdot HH\cdot WW$$
#
# ### Exercise: conv_cost (6 points)
#
# *10 minutes, easy.* `kernel` is an int for a square kernel or a pair (height, width);
# `pair(kernel, "kernel")` from the first cell gives you a pair in either case. Without bias there is no "+ 1". The
# additions of the bias do not count as MACs.
#
# Worked number: 10 filters of 3x5x5 on a 3x32x32 image with pad 2. The output is 10x32x32 = 10,240
# numbers, each from 75 products: $10 \cdot 76 = 760$ parameters and $10{,}240 \cdot 75 = 768{,}000$
# multiply-adds.
#
# <details><summary>Hint</summary>
#
# Give the number $C\cdot HH\cdot WW$ a name of its own; both results are a multiple of it. Which of the
# two results depends on the size of the image?
# </details>


# %% role="answer" exercise="conv_cost"
def conv_cost(c_in, c_out, kernel, h_out, w_out, bias=True):
    """What a convolutional layer costs: learnable parameters and multiply-adds for one image.

    kernel: an int (square) or a pair (height, width). Returns (params, macs), two ints.
    The additions of the bias are not counted in macs.
    """
    ### BEGIN SOLUTION
    kernel_height, kernel_width = pair(kernel, "kernel")
    taps = c_in * kernel_height * kernel_width  # numbers in one filter
    params = c_out * taps + (c_out if bias else 0)
    macs = c_out * h_out * w_out * taps
    return params, macs
    ### END SOLUTION


# %% role="check" exercise="conv_cost"
def check_conv_cost():
    params, macs = conv_cost(3, 10, 5, 32, 32)
    assert params == 760 and macs == 768_000, f"the worked number above, got {params} and {macs}"
    num_params = sum(p.numel() for p in nn.Conv2d(2, 7, (3, 5)).parameters())
    params, macs = conv_cost(2, 7, (3, 5), 4, 6)
    assert params == num_params, f"Conv2d(2, 7, (3, 5)) has {num_params} parameters, you count {params}"
    # 7*4*6 = 168 outputs, each a sum of 2*3*5 = 30 products
    assert macs == 5_040, f"expected 168 * 30 = 5040 multiply-adds, got {macs}"
    params, macs = conv_cost(2, 7, (3, 5), 4, 6, bias=False)
    assert params == num_params - 7, f"without its 7 biases: expected {num_params - 7}, got {params}"
    assert macs == 5_040, f"the bias is no part of the multiply-adds, got {macs}"
    print("conv_cost: parameters and multiply-adds add up.")


check_conv_cost()

# %% [markdown]
# Now compare. Any linear layer is a matrix: one row per output, one column per pixel. Here it is for an
# image of 5x6 pixels and one map of 3x4, built three times. **Fully connected**: every output looks at every
# pixel. **Locally connected**: every output looks at its own 3x3 window, with weights of its own
# (*locality* alone). **Convolution**: all windows have the same nine weights (locality and *sharing*).

# %%
plots.layer_matrices(image_shape=(5, 6), kernel=np.array([[1, 2, 3], [-4, 5, -6], [7, -8, 9]]))

# %% [markdown]
# *What to see: white is a weight that does not exist. Locality empties most of the matrix; sharing makes every
# row a shifted copy of the one above it.* So a convolution is a fully connected layer that has been told
# two things about images.
#
# Now the price list, for a 3x32x32 image and 64 maps of 32x32. **Predict.** Which step saves parameters,
# which saves arithmetic?

# %%
params, macs = conv_cost(3, 64, 3, 32, 32)
places = 32 * 32
num_in, num_out = 3 * places, 64 * places
costs = {
    "parameters": {
        "fully connected": num_out * (num_in + 1),
        "locally connected": places * params,
        "convolution": params,
    },
    "multiply-adds": {
        "fully connected": num_out * num_in,
        "locally connected": macs,
        "convolution": macs,
    },
}
plots.grouped_bars(costs, "count (log scale)", log=True)

# %% [markdown]
# *What to see (each tick is ten times more): locality cuts both by about a hundred; sharing cuts the
# parameters by another thousand and the arithmetic not at all.* That is why a convolutional layer is
# small to store but not cheap to run.

# %% [markdown]
# ## 5. The forward pass
#
# Now the real thing, with batch, channels, filters, stride and padding. Let $\tilde x$ be $x$ with a
# border of `pad` zeros around height and width. Then
#
# $$\text{out}[n, f, i, j] = b_f + \sum_{c}\sum_{r}\sum_{s}
#   \tilde x[n,\, c,\; i\cdot\text{stride} + r,\; j\cdot\text{stride} + s]\;\, w[f, c, r, s]$$
#
# In words: output $(i, j)$ of filter $f$ is the dot product of the filter with the block of $\tilde x$
# whose top left corner is at $(i\cdot\text{stride},\, j\cdot\text{stride})$.
#
# ### Exercise: conv_forward_naive (14 points)
#
# *25 minutes, medium.* Write it with plain loops: clarity first, speed later. `conv_param` is a
# dictionary such as `{"stride": 2, "pad": 1}`. Return `out` and a `cache`: whatever you wish to keep for
# the backward pass; its content is your own business. A kernel larger than the padded image is a
# `ValueError`. Leave the inputs as they are.
#
# Shapes: `x (N, C, H, W)`, `w (F, C, HH, WW)`, `b (F,)` to `out (N, F, H_out, W_out)`. Height and width,
# of image and kernel, may all differ.
#
# Worked number: the 3x3 image of section 1, kernel $\begin{pmatrix}1&2\\0&-1\end{pmatrix}$, bias 10:
# $\text{out} = \begin{pmatrix}8&10\\14&16\end{pmatrix}$. For example
# $\text{out}[1,1] = 4\cdot1+5\cdot2+7\cdot0+8\cdot(-1)+10 = 16$.
#
# <details><summary>Hint</summary>
#
# Loop over images, filters, output rows and output columns: four loops, over the size of the *output*.
# Inside, slice one window of shape `(C, HH, WW)` and compare its shape with that of `w[f]`. `np.pad`
# takes one pair (before, after) per axis, and two of the four axes must not be padded.
# </details>


# %% role="answer" exercise="conv_forward_naive"
def conv_forward_naive(x, w, b, conv_param):
    """Convolution of a batch of images with a bank of filters, by plain loops.

    x: (N, C, H, W); w: (F, C, HH, WW); b: (F,); conv_param: {'stride': int, 'pad': int}.
    Returns (out, cache): out (N, F, H_out, W_out); cache is whatever conv_backward_naive will need.
    Raises ValueError when the kernel is larger than the padded input. Leaves x, w and b as they were.
    """
    ### BEGIN SOLUTION
    stride, pad = conv_param["stride"], conv_param["pad"]
    num_images, _, height, width = x.shape
    num_filters, _, kernel_height, kernel_width = w.shape
    h_out = conv_output_size(height, kernel_height, stride, pad)
    w_out = conv_output_size(width, kernel_width, stride, pad)
    x_padded = np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad)))
    out = np.zeros((num_images, num_filters, h_out, w_out), dtype=x.dtype)
    for n in range(num_images):
        for f in range(num_filters):
            for i in range(h_out):
                for j in range(w_out):
                    top, left = i * stride, j * stride
                    window = x_padded[n, :, top : top + kernel_height, left : left + kernel_width]
                    out[n, f, i, j] = np.sum(window * w[f]) + b[f]
    cache = (x, w, conv_param)
    return out, cache
    ### END SOLUTION


# %% role="check" exercise="conv_forward_naive"
def check_conv_forward_naive():
    x, w, b = np.arange(9.0).reshape(1, 1, 3, 3), np.array([[[[1.0, 2.0], [0.0, -1.0]]]]), np.array([10.0])
    out, _ = conv_forward_naive(x, w, b, {"stride": 1, "pad": 0})
    np.testing.assert_allclose(out, [[[[8, 10], [14, 16]]]], err_msg="the worked number above")
    rng = np.random.default_rng(1)
    for stride, pad in [(1, 0), (2, 1), (3, 2)]:
        x, w, b = rng.normal(size=(2, 3, 7, 5)), rng.normal(size=(4, 3, 3, 2)), rng.normal(size=4)
        before = x.copy()
        out, _ = conv_forward_naive(x, w, b, {"stride": stride, "pad": pad})
        expected = F.conv2d(torch.tensor(x), torch.tensor(w), torch.tensor(b), stride, pad)
        where = f"7x5 image, 3x2 kernel, stride {stride}, pad {pad}"
        np.testing.assert_allclose(out, expected, rtol=1e-4, atol=1e-5, err_msg=where)
        np.testing.assert_array_equal(x, before, err_msg="x must be left as it was")
    try:
        conv_forward_naive(x[:, :, :2], w, b, {"stride": 1, "pad": 0})
    except ValueError:
        print("conv_forward_naive: agrees with torch.nn.functional.conv2d.")
    else:
        raise AssertionError("a kernel of 3 rows on an image of 2: expected a ValueError")


check_conv_forward_naive()

# %% [markdown]
# ## 6. The backward pass
#
# Training needs to know how the loss $L$ changes with every weight and every pixel. Someone downstream
# hands us `dout`, the gradient $\partial L/\partial\,\text{out}$, of the same shape as `out`. We hand
# back `dx`, `dw` and `db`, each shaped like the array it belongs to.
#
# Do not fear the indices; think of one output at a time. It was made as *window times filter, plus bias*.
# So it passes its share of the gradient on like this:
#
# | to | it gives | because |
# |---|---|---|
# | the bias | `dout[n, f, i, j]` | the bias entered with factor 1 |
# | the filter | `dout[n, f, i, j]` times the window | each weight was multiplied by a pixel |
# | the window | `dout[n, f, i, j]` times the filter | each pixel was multiplied by a weight |
#
# And since everything was used many times, **the shares add up**: a weight is used at every place of
# every image, a bias likewise, and a pixel lies in several windows.

# %%
plots.pixel_uses(image_shape=(5, 6), kernel_shape=(2, 3), pixel=(2, 3))

# %% [markdown]
# *What to see: one pixel feeds up to 2x3 outputs, each through another weight. Read the weights in the
# right picture: they stand there flipped. So `dx` is again a sliding sum, of `dout` with the flipped
# kernel: the mirrored stamp of section 1.*
#
# With formulas, where $(i, j)$ runs over all outputs:
#
# $$\frac{\partial L}{\partial b_f} = \sum_{n,i,j}\text{dout}[n,f,i,j]$$
#
# $$\frac{\partial L}{\partial w}[f,c,r,s] = \sum_{n,i,j} \text{dout}[n,f,i,j]\;
#   \tilde x[n,c,\,i\cdot\text{stride}+r,\,j\cdot\text{stride}+s]$$
#
# $$\frac{\partial L}{\partial \tilde x}[n,c,u,v] = \sum_{f}\;
#   \sum_{\substack{i,\,r:\; i\cdot\text{stride}+r=u\\ j,\,s:\; j\cdot\text{stride}+s=v}}
#   \text{dout}[n,f,i,j]\; w[f,c,r,s]$$
#
# The padding was not part of $x$: at the end its border is cut off.

# %% [markdown]
# ### Exercise: conv_backward_naive (16 points)
#
# *40 minutes, hard.* Return `dx (N, C, H, W)`, `dw (F, C, HH, WW)`, `db (F,)`.
#
# Worked number, in one dimension: $x = (1, 4, 5)$, $w = (2, 3)$, so
# $\text{out} = (1\cdot2+4\cdot3,\; 4\cdot2+5\cdot3) = (14, 23)$. Let $\text{dout} = (1, 10)$.
#
# - $db = 1 + 10 = 11$
# - $dw = 1\cdot(1, 4) + 10\cdot(4, 5) = (41, 54)$
# - $dx = 1\cdot(2, 3, 0) + 10\cdot(0, 2, 3) = (2, 23, 30)$: the middle pixel lies in both windows, and
#   its shares $3$ and $20$ add up.
#
# <details><summary>Hint 1</summary>
#
# The same four loops as in the forward pass. In the forward pass the inner line *read* a window; now it
# reads one and also *adds to* one, in an array that is as large as the padded image.
# </details>
#
# <details><summary>Hint 2</summary>
#
# To cut the border off, do not write `[pad:-pad]`: with `pad = 0` that is an empty slice. Where does the
# original image begin, and how many rows has it?
# </details>


# %% role="answer" exercise="conv_backward_naive"
def conv_backward_naive(dout, cache):
    """Gradients of the loss through conv_forward_naive.

    dout: (N, F, H_out, W_out), the gradient at the output; cache: from conv_forward_naive.
    Returns (dx, dw, db): dx (N, C, H, W), dw (F, C, HH, WW), db (F,).
    """
    ### BEGIN SOLUTION
    x, w, conv_param = cache
    stride, pad = conv_param["stride"], conv_param["pad"]
    _, _, height, width = x.shape
    _, _, kernel_height, kernel_width = w.shape
    num_images, num_filters, h_out, w_out = dout.shape
    x_padded = np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad)))
    dx_padded = np.zeros_like(x_padded)
    dw = np.zeros_like(w)
    db = dout.sum(axis=(0, 2, 3))
    for n in range(num_images):
        for f in range(num_filters):
            for i in range(h_out):
                for j in range(w_out):
                    rows = slice(i * stride, i * stride + kernel_height)
                    columns = slice(j * stride, j * stride + kernel_width)
                    dw[f] += dout[n, f, i, j] * x_padded[n, :, rows, columns]
                    dx_padded[n, :, rows, columns] += dout[n, f, i, j] * w[f]
    dx = dx_padded[:, :, pad : pad + height, pad : pad + width]
    return dx, dw, db
    ### END SOLUTION


# %% role="check" exercise="conv_backward_naive"
def check_conv_backward_naive():
    rng = np.random.default_rng(2)
    for stride, pad in [(1, 0), (2, 1), (3, 2)]:
        arrays = rng.normal(size=(2, 3, 7, 5)), rng.normal(size=(4, 3, 3, 2)), rng.normal(size=4)
        leaves = [torch.tensor(array, requires_grad=True) for array in arrays]
        expected_out = F.conv2d(*leaves, stride, pad)
        dout = rng.normal(size=tuple(expected_out.shape))
        expected_out.backward(torch.tensor(dout))
        _, cache = conv_forward_naive(*arrays, {"stride": stride, "pad": pad})
        gradients = conv_backward_naive(dout.copy(), cache)
        for name, gradient, leaf in zip(["dx", "dw", "db"], gradients, leaves, strict=True):
            where = f"{name} of a 7x5 image and a 3x2 kernel with stride {stride}, pad {pad}"
            np.testing.assert_allclose(gradient, leaf.grad, rtol=1e-4, atol=1e-5, err_msg=where)
    print("conv_backward_naive: all three gradients agree with autograd.")


check_conv_backward_naive()

# %% [markdown]
# ### How to believe a gradient without PyTorch
#
# One day you will write a layer that no library has. The test that always works is the definition of the
# derivative: move one number by a hair, see how the loss moves, compare. `gradcheck.numerical_gradient`
# does that for every entry of an array.

# %%
rng = np.random.default_rng(0)
x, w, b = rng.normal(size=(2, 3, 5, 4)), rng.normal(size=(2, 3, 3, 2)), rng.normal(size=2)
param = {"stride": 2, "pad": 1}
out, cache = conv_forward_naive(x, w, b, param)
dout = rng.normal(size=out.shape)
for name, array, gradient in zip(["dx", "dw", "db"], [x, w, b], conv_backward_naive(dout, cache), strict=True):
    measured = gradcheck.numerical_gradient(lambda _: conv_forward_naive(x, w, b, param)[0], array, dout)
    print(f"{name}: relative error {gradcheck.relative_error(gradient, measured):.0e}")

# %% [markdown]
# Errors near $10^{-10}$ are rounding; a mistake in a formula shows up as $10^{-2}$ or more. There is
# nothing in between to argue about. Try it: break one line of your backward pass (write `=` for a `+=`),
# run its cell and this one again, and mend it.

# %% [markdown]
# ## 7. Convolution is a matrix product
#
# Loops in Python are slow: each turn costs some microseconds before any arithmetic is done. The classic
# cure is to copy every window into a **column** of a large matrix. The filters, flattened, are the
# **rows** of another, and *one* matrix product computes all outputs of all filters.

# %%
small = np.arange(1, 13).reshape(3, 4)
plots.columns_of_windows(small, kernel_shape=(2, 2), highlights=(0, 4))

# %% [markdown]
# *What to see: the orange window of the image is column 0 of the matrix, the green one is column 4. Most
# pixels appear in several columns: the matrix is larger than the image. We pay memory for speed.*
#
# The layout, the same as in `torch.nn.functional.unfold`: for each image a matrix of shape
# $(C\cdot HH\cdot WW,\; L)$ with $L = H_\text{out}\cdot W_\text{out}$. Its rows run over channel, then kernel row,
# then kernel column; its columns run over the places, row by row:
#
# $$\text{cols}\big[n,\;(c\cdot HH + r)\cdot WW + s,\;\; i\cdot W_\text{out} + j\big]
#   = \tilde x[n,\,c,\; i\cdot\text{stride}+r,\; j\cdot\text{stride}+s]$$
#
# Worked number: the first layer of AlexNet has an image of 3x227x227, a kernel of 11x11 and stride 4, so
# 55x55 places. The matrix has $3\cdot11\cdot11 = 363$ rows and $55\cdot55 = 3025$ columns: seven times as
# many numbers as the image.

# %% [markdown]
# ### Exercise: im2col (10 points)
#
# *30 minutes, hard.* Write two functions.
#
# `im2col(x, kh, kw, stride, pad)` takes `x (N, C, H, W)` to `cols (N, C*kh*kw, L)`.
#
# `col2im(cols, x_shape, kh, kw, stride, pad)` goes the other way: it adds every entry of `cols` to the
# pixel that it came from and returns `(N, C, H, W)`. It is *not* the inverse: a pixel that lies in three
# windows gets three contributions. It is the **adjoint** (the transposed linear map), which is exactly
# what a backward pass needs:
#
# $$\langle \text{im2col}(x),\, y\rangle = \langle x,\, \text{col2im}(y)\rangle \quad\text{for all } x \text{ and } y$$
#
# Worked number: on a 3x3 image with a 2x2 kernel and stride 1, `col2im` of all ones counts in how many
# windows each pixel lies: $\begin{pmatrix}1&2&1\\2&4&2\\1&2&1\end{pmatrix}$.
#
# Loop over the kernel's rows and columns if you like, but not over pixels: the next exercise wants speed.
#
# <details><summary>Hint 1</summary>
#
# Fix one tap $(r, s)$ of the kernel. The pixels that this tap touches, as the kernel takes all its
# places, form a *strided slice* of the padded image, of shape `(N, C, H_out, W_out)`. Collect these in an
# array with six axes and reshape once at the end: in which order must the axes stand?
# </details>
#
# <details><summary>Hint 2</summary>
#
# `col2im` is the same two loops with the assignment turned round, and `+=` for `=`.
# </details>


# %% role="answer" exercise="im2col"
def im2col(x, kh, kw, stride=1, pad=0):
    """Every window of the images as a column.

    x: (N, C, H, W); kh, kw: height and width of the kernel.
    Returns cols: (N, C*kh*kw, L) with L = H_out*W_out, in the layout of torch.nn.functional.unfold.
    """
    ### BEGIN SOLUTION
    num_images, channels, height, width = x.shape
    h_out = conv_output_size(height, kh, stride, pad)
    w_out = conv_output_size(width, kw, stride, pad)
    x_padded = np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad)))
    cols = np.zeros((num_images, channels, kh, kw, h_out, w_out), dtype=x.dtype)
    for i in range(kh):
        rows = slice(i, i + stride * h_out, stride)
        for j in range(kw):
            columns = slice(j, j + stride * w_out, stride)
            cols[:, :, i, j] = x_padded[:, :, rows, columns]
    return cols.reshape(num_images, channels * kh * kw, h_out * w_out)
    ### END SOLUTION


def col2im(cols, x_shape, kh, kw, stride=1, pad=0):
    """Adds every column back to the place that im2col took it from: the adjoint of im2col.

    cols: (N, C*kh*kw, L); x_shape: (N, C, H, W). Returns (N, C, H, W).
    """
    ### BEGIN SOLUTION
    num_images, channels, height, width = x_shape
    h_out = conv_output_size(height, kh, stride, pad)
    w_out = conv_output_size(width, kw, stride, pad)
    windows = cols.reshape(num_images, channels, kh, kw, h_out, w_out)
    x_padded = np.zeros((num_images, channels, height + 2 * pad, width + 2 * pad), dtype=cols.dtype)
    for i in range(kh):
        rows = slice(i, i + stride * h_out, stride)
        for j in range(kw):
            columns = slice(j, j + stride * w_out, stride)
            x_padded[:, :, rows, columns] += windows[:, :, i, j]
    return x_padded[:, :, pad : pad + height, pad : pad + width]
    ### END SOLUTION


# %% role="check" exercise="im2col"
def check_im2col():
    rng = np.random.default_rng(3)
    for stride, pad in [(1, 0), (2, 1), (3, 2)]:
        x = rng.normal(size=(2, 3, 7, 5))
        expected = F.unfold(torch.tensor(x), (3, 2), padding=pad, stride=stride).numpy()
        where = f"7x5 image, 3x2 kernel, stride {stride}, pad {pad}"
        cols = im2col(x, 3, 2, stride, pad)
        np.testing.assert_allclose(cols, expected, rtol=1e-4, err_msg=f"im2col, {where}")
        y = rng.normal(size=expected.shape)
        image = col2im(y, x.shape, 3, 2, stride, pad)
        assert image.shape == x.shape, f"col2im, {where}: expected shape {x.shape}, got {image.shape}"
        adjoint = f"{where}: <im2col(x), y> must equal <x, col2im(y)>"
        np.testing.assert_allclose(np.sum(x * image), np.sum(expected * y), rtol=1e-4, err_msg=adjoint)
    counts = col2im(np.ones((1, 4, 4)), (1, 1, 3, 3), 2, 2)
    np.testing.assert_allclose(counts[0, 0], [[1, 2, 1], [2, 4, 2], [1, 2, 1]], err_msg="the worked number")
    print("im2col and col2im: the layout of unfold, and adjoint to each other.")


check_im2col()

# %% [markdown]
# Where strides do not divide and borders are near, pixels are used unequally. Your `col2im` can count it:
# how many 3x3 windows hold each pixel of a 6x8 image?

# %%
counts = {}
for setting in [(1, 0), (2, 0), (2, 1)]:
    windows = np.ones_like(im2col(np.zeros((1, 1, 6, 8)), 3, 3, *setting))
    counts["stride {}, pad {}".format(*setting)] = col2im(windows, (1, 1, 6, 8), 3, 3, *setting)[0, 0]
plots.number_grids(counts, cell=0.34)

# %% [markdown]
# *What to see: without padding a corner pixel is used once and an inner pixel nine times; with stride 2
# the last row and column are not used at all; with stride 2 the uses form a chequered pattern, which
# later haunts networks that draw images.*

# %% [markdown]
# ## 8. The fast version
#
# With `cols` of shape $(N, K, L)$, $K = C\cdot HH\cdot WW$, and the filters flattened to a matrix $W$ of
# shape $(F, K)$, everything becomes matrix algebra, for each image $n$:
#
# | | formula | shapes |
# |---|---|---|
# | forward | $\text{out}_n = W\,\text{cols}_n + b$ | $(F,K)\,(K,L) \to (F,L)$ |
# | weights | $dW = \sum_n \text{dout}_n\,\text{cols}_n^{\mathsf T}$ | $(F,L)\,(L,K) \to (F,K)$ |
# | columns | $d\text{cols}_n = W^{\mathsf T}\,\text{dout}_n$ | $(K,F)\,(F,L) \to (K,L)$ |
# | image | $dx = \text{col2im}(d\text{cols})$ | $\to (N,C,H,W)$ |
#
# ### Exercise: conv_forward_fast (12 points)
#
# *30 minutes, medium.* Write `conv_forward_fast` and `conv_backward_fast`, with the same arguments and
# results as the naive pair and **no Python loop over pixels or images** (your `im2col` may loop over the
# kernel).
#
# Worked number: AlexNet's first layer has 96 filters. $(96, 363)$ times $(363, 3025)$ gives $(96, 3025)$,
# reshaped to 96x55x55.
#
# <details><summary>Hint</summary>
#
# `@` multiplies stacks of matrices: `(F, K) @ (N, K, L)` is `(N, F, L)`. In the backward pass the first
# step is to bring `dout` from `(N, F, H_out, W_out)` to `(N, F, L)`; no transpose is needed for that.
# What must the cache hold?
# </details>


# %% role="answer" exercise="conv_forward_fast"
def conv_forward_fast(x, w, b, conv_param):
    """The same as conv_forward_naive, as one matrix product; no loop over pixels or images.

    x: (N, C, H, W); w: (F, C, HH, WW); b: (F,); conv_param: {'stride': int, 'pad': int}.
    Returns (out, cache): out (N, F, H_out, W_out); cache is whatever conv_backward_fast will need.
    """
    ### BEGIN SOLUTION
    stride, pad = conv_param["stride"], conv_param["pad"]
    num_images, _, height, width = x.shape
    num_filters, _, kernel_height, kernel_width = w.shape
    h_out = conv_output_size(height, kernel_height, stride, pad)
    w_out = conv_output_size(width, kernel_width, stride, pad)
    cols = im2col(x, kernel_height, kernel_width, stride, pad)  # (N, C*HH*WW, L)
    w_rows = w.reshape(num_filters, -1)  # (F, C*HH*WW)
    out = w_rows @ cols + b[:, np.newaxis]  # (N, F, L)
    out = out.reshape(num_images, num_filters, h_out, w_out)
    cache = (x.shape, w, cols, conv_param)
    return out, cache
    ### END SOLUTION


def conv_backward_fast(dout, cache):
    """The same as conv_backward_naive, from the cache of conv_forward_fast.

    dout: (N, F, H_out, W_out). Returns (dx, dw, db): dx (N, C, H, W), dw (F, C, HH, WW), db (F,).
    """
    ### BEGIN SOLUTION
    x_shape, w, cols, conv_param = cache
    stride, pad = conv_param["stride"], conv_param["pad"]
    num_filters, _, kernel_height, kernel_width = w.shape
    w_rows = w.reshape(num_filters, -1)  # (F, C*HH*WW)
    dout_rows = dout.reshape(dout.shape[0], num_filters, -1)  # (N, F, L)
    db = dout_rows.sum(axis=(0, 2))
    dw = (dout_rows @ cols.transpose(0, 2, 1)).sum(axis=0).reshape(w.shape)
    dcols = w_rows.T @ dout_rows  # (N, C*HH*WW, L)
    dx = col2im(dcols, x_shape, kernel_height, kernel_width, stride, pad)
    return dx, dw, db
    ### END SOLUTION


# %% role="check" exercise="conv_forward_fast"
def check_conv_forward_fast():
    rng = np.random.default_rng(4)
    for stride, pad in [(1, 0), (2, 1), (3, 2)]:
        arrays = rng.normal(size=(2, 3, 7, 5)), rng.normal(size=(4, 3, 3, 2)), rng.normal(size=4)
        leaves = [torch.tensor(array, requires_grad=True) for array in arrays]
        expected_out = F.conv2d(*leaves, stride, pad)
        dout = rng.normal(size=tuple(expected_out.shape))
        expected_out.backward(torch.tensor(dout))
        out, cache = conv_forward_fast(*arrays, {"stride": stride, "pad": pad})
        where = f"7x5 image, 3x2 kernel, stride {stride}, pad {pad}"
        np.testing.assert_allclose(out, expected_out.detach(), rtol=1e-4, atol=1e-5, err_msg=f"out, {where}")
        gradients = conv_backward_fast(dout.copy(), cache)
        for name, gradient, leaf in zip(["dx", "dw", "db"], gradients, leaves, strict=True):
            np.testing.assert_allclose(gradient, leaf.grad, rtol=1e-4, atol=1e-5, err_msg=f"{name}, {where}")
    print("conv_forward_fast and conv_backward_fast: agree with PyTorch.")


check_conv_forward_fast()

# %% [markdown]
# ### Experiment: how much faster?
#
# Two images of 3x32x32, eight filters of 3x3. **Predict** the factor between your loops and your matrix
# product: 3, 30, 300?

# %%
rng = np.random.default_rng(0)
x, w, b = rng.normal(size=(2, 3, 32, 32)), rng.normal(size=(8, 3, 3, 3)), rng.normal(size=8)
param = {"stride": 1, "pad": 1}
dout = rng.normal(size=(2, 8, 32, 32))
x_torch, w_torch, b_torch, dout_torch = (torch.tensor(array, requires_grad=True) for array in (x, w, b, dout))
forward = {
    "your loops": lambda: conv_forward_naive(x, w, b, param),
    "your matrix product": lambda: conv_forward_fast(x, w, b, param),
    "PyTorch": lambda: F.conv2d(x_torch, w_torch, b_torch, padding=1),
}
(_, naive_cache), (_, fast_cache), out_torch = (call() for call in forward.values())
backward = {
    "your loops": lambda: conv_backward_naive(dout, naive_cache),
    "your matrix product": lambda: conv_backward_fast(dout, fast_cache),
    "PyTorch": lambda: out_torch.backward(dout_torch, retain_graph=True),
}

# %% [markdown]
# Three runs of each; the bar shows the one in the middle.

# %%
times_ms = {
    name: {who: 1000 * timing.median_seconds(call, repeats=3) for who, call in calls.items()}
    for name, calls in [("forward", forward), ("backward", backward)]
}
plots.grouped_bars(times_ms, "time (ms, log scale)", log=True)

# %% [markdown]
# *What to see: every tick is a factor of ten. The very same arithmetic, arranged as one product, is
# several hundred times faster, and within sight of a library that people have tuned for a decade (which
# pulls away on larger images).*

# %% [markdown]
# ### Experiment: filters made by hand
#
# Before networks learned filters, people designed them. Six classics, on a real photograph, through
# *your* `conv_forward_fast`. **Predict** for each what it will do to the picture; the weights tell you.

# %%
filters = {
    "leave as it is": [[0, 0, 0], [0, 1, 0], [0, 0, 0]],
    "blur": [[1 / 9, 1 / 9, 1 / 9]] * 3,
    "sharpen": [[0, -1, 0], [-1, 5, -1], [0, -1, 0]],
    "edges, left to right": [[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]],
    "edges, top to bottom": [[-1, -2, -1], [0, 0, 0], [1, 2, 1]],
    "Laplace": [[0, 1, 0], [1, -4, 1], [0, 1, 0]],
}
bank = np.array(list(filters.values()), dtype=float)[:, np.newaxis]  # (6, 1, 3, 3)
photo = data.photos()["china"][:, 40:300, 60:440].mean(axis=0, dtype=float)  # (260, 380), grey
maps, _ = conv_forward_fast(photo[np.newaxis, np.newaxis], bank, np.zeros(6), {"stride": 1, "pad": 1})
results = dict(zip(filters, maps[0], strict=True))

# %% [markdown]
# First the three whose weights sum to **one**.

# %%
kept = {name: results[name].clip(0, 1) for name in list(filters)[:3]}
plots.image_grid(kept, columns=3, tile=3.1, scale="brightness")

# %% [markdown]
# *What to see: the brightness stays as it was; blur averages details away, sharpen does the opposite.*
#
# Then the three whose weights sum to **zero**.

# %%
changes = {name: results[name].clip(-1, 1) for name in list(filters)[3:]}
plots.image_grid(changes, columns=3, tile=3.1, signed=True, scale="value of the output")

# %% [markdown]
# *What to see: flat areas like the sky give zero, white; only change is left. Red is change one way, blue
# the other. The upright pillars answer to the first filter, the lines of the roof to the second, and the
# Laplace filter takes both. The thin frame around each picture is no edge of the scene: there the zero
# padding looks like one.*

# %% [markdown]
# **Moving the picture moves the answer.** Because the weights are shared, a shifted photo gives a shifted
# map, and nothing else changes. The name for it is *translation equivariance*. Test it: shift by 7
# columns before, or after.


# %%
def edges(image):
    return conv_forward_fast(image[np.newaxis, np.newaxis], bank[3:4], np.zeros(1), {"stride": 1, "pad": 0})[0][0, 0]


shift_first = edges(np.roll(photo, 7, axis=1))
shift_last = np.roll(edges(photo), 7, axis=1)
difference = np.abs(shift_first - shift_last)
seam = slice(0, 9)  # the columns where the right border of the photo was moved to the left
print(f"largest difference away from the seam: {np.delete(difference, seam, axis=1).max():.0e}")
print(f"largest difference at the seam: {difference[:, seam].max():.1f}")

# %% [markdown]
# ## 9. How far can a unit see?
#
# A unit behind one 3x3 layer depends on 3x3 pixels. Behind two such layers it depends on 5x5, since its
# neighbours look one pixel further. The patch of the input on which a unit depends is its **receptive
# field**; to recognise a face, some unit must see the face.
#
# Count the blue dots.

# %%
stacks = {
    "3, 3, 3": [(3, 1, 1)] * 3,
    "3, 3 with stride 2, 3": [(3, 1, 1), (3, 2, 1), (3, 1, 1)],
    "3, dilation 1, 2, 4": [(3, 1, 1), (3, 1, 2), (3, 1, 4)],
}
plots.connections(stacks, num_inputs=17)

# %% [markdown]
# *What to see: the orange unit on top depends on the filled dots only. Three plain layers see 7 pixels. A
# stride in the middle makes every layer behind it count double; growing dilation reaches further still,
# with the same nine weights.*
#
# > **Often told wrong.** "The receptive field depends on the kernel size alone." It depends on stride
# > and dilation too, and on their order: a stride widens the view of the layers *behind* it, not its
# > own.

# %% [markdown]
# ### Exercise: receptive_field (8 points)
#
# *15 minutes, medium.* Walk through the layers with two numbers: the field $r$, and the *jump* $j$, the
# distance in input pixels between neighbouring units of the current layer. Before the first layer $r = 1$
# and $j = 1$. A layer with kernel $K$, stride $S$ and dilation $D$ looks at $K$ units that are $D$ units
# apart, so
#
# $$r \leftarrow r + D\,(K-1)\,j, \qquad\text{then}\qquad j \leftarrow j\cdot S$$
#
# For $L$ equal layers of stride 1 that gives the well-known $1 + L\,(K-1)$. Pooling layers count like
# convolutions.
#
# Worked number: a 3x3 layer with stride 2 and then a 3x3 layer with stride 1: $r = 1 + 2\cdot1 = 3$,
# $j = 2$, then $r = 3 + 2\cdot2 = 7$. The other way round: $r = 3$, $j = 1$, then $r = 3 + 2\cdot1 = 5$.
#
# `layers` is a list of `(kernel, stride, dilation)`, first layer first.
#
# <details><summary>Hint</summary>
#
# The order of the two updates matters: a layer's own stride does not widen its own view.
# </details>


# %% role="answer" exercise="receptive_field"
def receptive_field(layers):
    """How many input pixels, along one axis, one unit behind the last layer can see.

    layers: a list of (kernel, stride, dilation), first layer first. No layer: the unit is the pixel, 1.
    Returns an int.
    """
    ### BEGIN SOLUTION
    field = 1
    jump = 1  # input pixels between neighbouring units of the current layer
    for kernel, stride, dilation in layers:
        field += dilation * (kernel - 1) * jump
        jump *= stride
    return field
    ### END SOLUTION


# %% role="check" exercise="receptive_field"
def check_receptive_field():
    assert receptive_field([]) == 1, "no layer: a unit is a pixel and sees itself"
    assert receptive_field([(3, 1, 1)] * 4) == 9, "four 3x3 layers see 1 + 4*(3-1) = 9"
    for layers in ([(3, 2, 1), (3, 1, 1)], [(3, 1, 1), (3, 2, 1)], [(3, 2, 2), (2, 3, 1), (3, 1, 2)]):
        x = torch.zeros(1, 1, 64, requires_grad=True)
        y = x
        for kernel, stride, dilation in layers:
            y = F.conv1d(y, torch.ones(1, 1, kernel), None, stride, 0, dilation)
        y[0, 0, 2].backward()  # the pixels with a gradient are those that this unit sees
        seen = x.grad[0, 0].nonzero()
        expected, answer = int(seen.max() - seen.min()) + 1, receptive_field(layers)
        assert answer == expected, f"{layers}: expected {expected}, got {answer}"
    print("receptive_field: agrees with what autograd says a unit can see.")


check_receptive_field()

# %% [markdown]
# How deep must a network be to see a whole image of 224 pixels? Let your function draw it for three ways
# to stack 3x3 layers, and for VGG-16, whose 13 convolutions come in five groups with a 2x2 pooling of
# stride 2 after each.


# %%
def growth(layers):
    return [receptive_field(layers[:depth]) for depth in range(len(layers) + 1)]


vgg16 = [layer for n in (2, 2, 3, 3, 3) for layer in [(3, 1, 1)] * n + [(2, 2, 1)]]
fields = {
    "3x3": growth([(3, 1, 1)] * 18),
    "3x3, every second with stride 2": growth([(3, 1, 1), (3, 2, 1)] * 6),
    "3x3, dilation 1, 2, 4, ...": growth([(3, 1, 2**depth) for depth in range(7)]),
    "VGG-16": growth(vgg16),
}
plots.lines(fields, "layers", "receptive field (pixels, log scale)", start=0, log=True, reference=("image: 224", 224))

# %% [markdown]
# *What to see: stacking plain 3x3 layers grows the view by two pixels a layer, a straight crawl; strides,
# pooling and growing dilation multiply it. VGG-16 nearly covers its image at the last pooling.*
#
# The field is an upper bound. Measured by gradients, the middle of the field counts far more than its rim
# (Luo et al. 2016); you will measure it in the assignment on architectures.

# %% [markdown]
# ## 10. Two convolutions make one
#
# Convolution is linear. Two of them in a row, with nothing in between, are again one convolution, with a
# larger kernel: much computing for nothing. The non-linearity between layers (ReLU and its kin) is what
# makes depth worth its price.
#
# Which kernel is it? With $y[i] = \sum_r k_1[r]\,x[i+r]$ and $z[i] = \sum_s k_2[s]\,y[i+s]$, insert one
# in the other:
#
# $$z[i] = \sum_s\sum_r k_2[s]\,k_1[r]\;x[i + r + s] \qquad\Longrightarrow\qquad k[t] = \sum_{r+s=t} k_1[r]\,k_2[s]$$
#
# Every pair of taps whose offsets add up to $t$ contributes to tap $t$.
#
# ### Exercise: compose_kernels (6 points)
#
# *20 minutes, medium.* Do it in two dimensions: `k1 (h1, w1)` and `k2 (h2, w2)` to
# `k (h1+h2-1, w1+w2-1)`.
#
# Worked number, in one dimension: $k_1 = (1, 1)$ (sum of two neighbours) and then $k_2 = (1, -1)$
# (difference): $k = (1\cdot1,\; 1\cdot(-1) + 1\cdot1,\; 1\cdot(-1)) = (1, 0, -1)$. Indeed
# $(x_0 + x_1) - (x_1 + x_2) = x_0 - x_2$.
#
# <details><summary>Hint</summary>
#
# Each tap of one kernel lays down a scaled copy of the other, shifted by the tap's position; the copies
# overlap and add up. You have met the pattern in `dx`.
# </details>


# %% role="answer" exercise="compose_kernels"
def compose_kernels(k1, k2):
    """The one kernel that does in one pass what k1 followed by k2 does in two.

    k1: (h1, w1), applied first; k2: (h2, w2), applied second; both as cross-correlations without padding.
    Returns k: (h1+h2-1, w1+w2-1).
    """
    ### BEGIN SOLUTION
    h1, w1 = k1.shape
    h2, w2 = k2.shape
    k = np.zeros((h1 + h2 - 1, w1 + w2 - 1))
    for i in range(h2):
        for j in range(w2):
            k[i : i + h1, j : j + w1] += k2[i, j] * k1
    return k
    ### END SOLUTION


# %% role="check" exercise="compose_kernels"
def check_compose_kernels():
    k = compose_kernels(np.array([[1.0, 1.0]]), np.array([[1.0, -1.0]]))
    np.testing.assert_allclose(k, [[1, 0, -1]], err_msg="the worked number above")
    rng = np.random.default_rng(5)
    image, k1, k2 = (torch.tensor(rng.normal(size=(1, 1, *size))) for size in [(9, 8), (3, 2), (2, 4)])
    two_passes = F.conv2d(F.conv2d(image, k1), k2)
    k = compose_kernels(k1[0, 0].numpy(), k2[0, 0].numpy())
    assert k.shape == (4, 5), f"3x2 and then 2x4 reach over 4x5 pixels, got shape {k.shape}"
    one_pass = F.conv2d(image, torch.tensor(k, dtype=image.dtype)[None, None])
    where = "one pass with k, against two passes with k1 and k2"
    np.testing.assert_allclose(one_pass, two_passes, rtol=1e-4, atol=1e-5, err_msg=where)
    print("compose_kernels: one pass does the work of two.")


check_compose_kernels()

# %% [markdown]
# That is where classic filters come from: the Sobel edge filter of section 8 is a blur across and a
# difference along.

# %%
blur = np.array([[1.0], [2.0], [1.0]])
difference = np.array([[-1.0, 0.0, 1.0]])
sobel = compose_kernels(blur, difference)
plots.number_grids({"first: blur": blur, "then: difference": difference, "both at once": sobel}, cell=0.55)

# %% [markdown]
# *What to see: 3 + 3 weights do the work of 9. The reverse is not always possible: most 3x3 kernels are
# no such product.*
#
# Now put a ReLU between the two passes and try to replace them by the composed kernel.

# %%
image = torch.tensor(photo)[None, None]
change = np.array([[-1.0], [2.0], [-1.0]])
kernels = change, difference, compose_kernels(change, difference)
first, second, both = (torch.tensor(k)[None, None] for k in kernels)
hidden, single = F.conv2d(image, first), F.conv2d(image, both)
print(f"nothing in between: differs by {(F.conv2d(hidden, second) - single).abs().max():.0e}")
print(f"ReLU in between:    differs by {(F.conv2d(hidden.relu(), second) - single).abs().max():.1f}")

# %% [markdown]
# ## 11. What a network learns
#
# Enough of filters made by hand. In a network the weights start as noise and are learned by gradient
# descent through exactly the backward pass that you wrote. Let us see what the two beliefs are worth.
#
# ### Experiment: does the order of the pixels matter?
#
# The images: 1,797 real handwritten digits of 8x8 pixels, each placed somewhere on a 16x16 canvas (and
# scaled to mean 0 and standard deviation 1, which makes training quicker). The twist: a second copy of
# the set in which the pixels of every image are shuffled, **all in the same order**.

# %%
digits = data.digits()
placed = transforms.wandering(data.split(digits.images, digits.labels), size=16, copies=2)
ordered = transforms.standardize(placed)
order = np.random.default_rng(0).permutation(16 * 16)
shuffled = transforms.shuffle_split(ordered, order)
examples = [(digit, np.argmax(ordered.test_labels == digit)) for digit in range(5)]
shown = {f"a {digit}": ordered.test_images[i, 0] for digit, i in examples}
shown |= {f"the same {digit}": shuffled.test_images[i, 0] for digit, i in examples}
plots.image_grid(shown, columns=5, tile=1.6)

# %% [markdown]
# *What to see: to us the lower row is noise. But nothing is lost: the same numbers, in another order, and
# the order is the same for all images.*
#
# Two small networks: a convolutional one (CNN), and one of fully connected layers alone (MLP). Max pooling
# keeps the largest of each 2x2 pixels; it is the subject of the next assignment.


# %%
def small_cnn():
    return nn.Sequential(
        nn.Conv2d(1, 16, 5), nn.ReLU(), nn.MaxPool2d(2),  # (16, 6, 6)
        nn.Conv2d(16, 32, 3), nn.ReLU(), nn.MaxPool2d(2),  # (32, 2, 2)
        nn.Flatten(), nn.Linear(32 * 2 * 2, 10),
    )  # fmt: skip


def mlp():
    return nn.Sequential(nn.Flatten(), nn.Linear(16 * 16, 128), nn.ReLU(), nn.Linear(128, 10))


# %% [markdown]
# **Predict.** Each network is trained on both sets. Which of the four accuracies are equal? Which is the
# worst?

# %%
accuracy, trained = {}, {}
for name, build in [("CNN", small_cnn), ("MLP", mlp)]:
    accuracy[name] = {}
    for group, split in [("pixels in order", ordered), ("pixels shuffled", shuffled)]:
        runs = []
        for seed in range(3):
            trained[name, group] = training.seeded(build, seed)
            runs.append(100 * training.train(trained[name, group], split, epochs=5, seed=seed).accuracy[-1])
        accuracy[name][group] = runs
plots.grouped_bars(accuracy, "accuracy on test images (%)", reference=("guessing", 10))

# %% [markdown]
# *What to see (three runs each; the bar is the mean, the whisker one standard deviation): the MLP does
# not care, since to it the pixels never had an order. The CNN wins by a wide margin when neighbours are
# neighbours, and loses by a wide margin when they are not. An assumption is a bet: it pays when it is
# true.*

# %% [markdown]
# ### Experiment: what the first layer looks like
#
# Train a network with 7x7 kernels on letters and digits in many typefaces, and look at its first filters
# before and after. **Predict**: what will the noise turn into?

# %%
glyphs = data.glyphs(num_per_class=60, size=24)
letters = data.split(glyphs.images - 0.5, glyphs.labels)


def letter_cnn():
    return nn.Sequential(
        nn.Conv2d(1, 8, 7, padding=3), nn.ReLU(), nn.MaxPool2d(2),  # (8, 12, 12)
        nn.Conv2d(8, 32, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),  # (32, 6, 6)
        nn.Flatten(), nn.Linear(32 * 6 * 6, 36),
    )  # fmt: skip


reader = training.seeded(letter_cnn, 0)
before = reader[0].weight.detach().numpy().copy()
history = training.train(reader, letters, epochs=6, batch_size=32, weight_decay=0.2)
after = reader[0].weight.detach().numpy()
print(f"accuracy on {len(letters.test_labels)} unseen characters of 36 kinds: {history.accuracy[-1]:.0%}")

# %%
shown = {f"before {i}": before[i, 0] for i in range(8)} | {f"after {i}": after[i, 0] for i in range(8)}
plots.image_grid(shown, columns=8, tile=1.2, signed=True)

# %% [markdown]
# *What to see (red is positive, blue negative): noise has turned into **oriented edges and bars**, dark
# on one side and light on the other. Nobody asked for them. Networks trained on photographs find the
# same, with colour contrasts besides, and so does the visual cortex of cats.*

# %% [markdown]
# ## 12. A fully connected layer is a convolution
#
# Behind the convolutions of a classic network comes a fully connected layer: flatten the last volume,
# multiply by a matrix. But a dot product with the *whole* volume is what a kernel does that is as large
# as the volume and so has one place to stand. Row $o$ of the matrix, folded back into shape $(c, h, w)$,
# is filter $o$.
#
# Why care? Because a convolution does not mind a larger image. The converted network slides over it and
# gives one answer per place, in a single pass.
#
# ### Exercise: fc_to_conv (4 points)
#
# *10 minutes, easy.* `weight (out, c*h*w)` and `bias (out,)` of a layer that reads a `(c, h, w)` volume,
# flattened row by row as `nn.Flatten` does. Return `kernel (out, c, h, w)` and `bias`. When the columns
# of `weight` are not $c\cdot h\cdot w$ in number, raise a `ValueError`.
#
# Worked number: VGG-16's first fully connected layer reads 512x7x7 and has 4,096 outputs: a kernel of
# shape (4096, 512, 7, 7), in either form $4096\cdot512\cdot7\cdot7 = 102{,}760{,}448$ weights.
#
# <details><summary>Hint</summary>
#
# Think about in which order `flatten` lists a `(c, h, w)` volume; `reshape` undoes exactly that.
# </details>


# %% role="answer" exercise="fc_to_conv"
def fc_to_conv(weight, bias, c, h, w):
    """A fully connected layer as a convolution whose kernel is as large as its input.

    weight: (out, c*h*w), made for a (c, h, w) volume that is flattened in row-major order; bias: (out,).
    Returns (kernel, bias): kernel (out, c, h, w). Raises ValueError when weight does not have c*h*w columns.
    """
    ### BEGIN SOLUTION
    num_out, num_in = weight.shape
    if num_in != c * h * w:
        raise ValueError(f"fc_to_conv: weight must have {c}*{h}*{w} = {c * h * w} columns, got {num_in}")
    return weight.reshape(num_out, c, h, w), bias
    ### END SOLUTION


# %% role="check" exercise="fc_to_conv"
def check_fc_to_conv():
    torch.manual_seed(7)
    volume, layer = torch.randn(2, 5, 3, 4), nn.Linear(5 * 3 * 4, 7)
    weight, bias = layer.weight.detach().numpy(), layer.bias.detach().numpy()
    kernel, kernel_bias = fc_to_conv(weight, bias, 5, 3, 4)
    assert kernel.shape == (7, 5, 3, 4), f"expected shape (7, 5, 3, 4), got {kernel.shape}"
    scores = F.conv2d(volume, torch.tensor(kernel), torch.tensor(kernel_bias))[:, :, 0, 0]
    expected = layer(volume.flatten(1)).detach()
    np.testing.assert_allclose(scores, expected, rtol=1e-4, atol=1e-5, err_msg="nn.Linear, and its convolution")
    try:
        fc_to_conv(weight, bias, 5, 3, 2)
    except ValueError:
        print("fc_to_conv: the same scores, from a convolution.")
    else:
        raise AssertionError("60 columns are no 5x3x2 volume: expected a ValueError")


check_fc_to_conv()

# %% [markdown]
# ### Experiment: from classifier to detector
#
# The CNN of section 11 knows 16x16 pixels. Turn its last layer into a convolution and show it a page of
# 48x80 with fifteen digits.

# %%
classifier = trained["CNN", "pixels in order"]
last = classifier[-1]
kernel, bias = fc_to_conv(last.weight.detach().numpy(), last.bias.detach().numpy(), 32, 2, 2)
page = transforms.page(ordered.test_images, rows=3, columns=5, seed=3)  # (48, 80)
with torch.no_grad():
    features = classifier[:-2](torch.tensor(page)[None, None])  # (1, 32, 10, 18)
    scores = F.conv2d(features, torch.tensor(kernel), torch.tensor(bias))[0]  # (10, 9, 17)
plots.detections(page, scores.softmax(0)[0].numpy(), step=4, window=16, threshold=0.8, name="0")

# %% [markdown]
# *What to see: one forward pass has looked at all 9x17 windows of 16x16 pixels, four pixels apart (two
# poolings of stride 2), and the zeros stand out.* It is exactly as if we had cut out every window and
# classified it, except that shared work is done once:

# %%
windows = torch.tensor(page).unfold(0, 16, 4).unfold(1, 16, 4).reshape(-1, 1, 16, 16)
with torch.no_grad():
    one_by_one = classifier(windows).T.reshape(scores.shape)
print(f"{len(windows)} windows, one by one: largest difference {(one_by_one - scores).abs().max():.0e}")

# %% [markdown]
# ## 13. A layer of your own in PyTorch
#
# Last step: everything that you know, inside PyTorch, where it can be trained. A
# `torch.autograd.Function` has a `forward` that computes and a `backward` that returns one gradient **for
# each argument of `forward`** (`None` for those that have none, such as the stride).
#
# Three things are new:
#
# - **Pairs.** Stride, padding and dilation are an int or a pair (vertical, horizontal).
#   `pair(stride, "stride")` and `pair(padding, "padding", minimum=0)` from the first cell make a pair of both.
# - **Groups.** The channels are cut into $G$ groups, the filters too, and filters see only the channels
#   of their own group. `w` then has shape $(F,\, C/G,\, HH,\, WW)$. Worked number: with $C=4$, $F=6$,
#   $G=2$ filters 0, 1, 2 see channels 0 and 1, filters 3, 4, 5 see channels 2 and 3; weights and
#   arithmetic are halved. $G = C$ is the *depthwise* convolution of small networks.
# - **Devices.** Create every tensor from the ones you are given (`x.new_zeros`, products, reshapes),
#   and the layer runs wherever its input lives. Nothing calls `.cuda()`.
#
# You may use `F.unfold(x, kernel_size, dilation, padding, stride)` and
# `F.fold(cols, output_size, kernel_size, dilation, padding, stride)`: they are PyTorch's `im2col` and
# `col2im`, and you have earned them. PyTorch's own convolutions are of course off limits.
#
# ### Exercise: Conv2dFunction (14 points)
#
# *45 minutes, hard.* `x (N, C, H, W)`, `w (F, C/G, HH, WW)`, `b (F,)` or `None` to
# `out (N, F, H_out, W_out)`.
#
# $$\text{out}_{n,g} = W_g\;\text{cols}_{n,g} + b_g \qquad\text{with}\quad W_g: (F/G,\;K),\quad
#   \text{cols}_{n,g}: (K,\;L),\quad K = \tfrac{C}{G}\cdot HH\cdot WW$$
#
# so one product of `(G, F/G, K)` with `(N, G, K, L)` does all images and groups at once. The backward
# pass is the table of section 8, with an axis for the groups.
#
# <details><summary>Hint 1</summary>
#
# Start with `groups = 1` and ints, get `out` right, then `dw`, then `dx`, and only then add the groups
# axis: the rows of `cols` are already sorted by channel, so a reshape cuts them into groups.
# </details>
#
# <details><summary>Hint 2</summary>
#
# `ctx.save_for_backward` is for tensors, plain attributes such as `ctx.stride` are for everything else.
# Whether somebody wants the gradient of argument number `k` is in `ctx.needs_input_grad[k]`, which is
# False for a bias that is `None`.
# </details>


# %% role="answer" exercise="Conv2dFunction"
class Conv2dFunction(torch.autograd.Function):
    """2-D convolution for PyTorch with its own backward pass.

    Conv2dFunction.apply(x, w, b, stride, padding, dilation, groups): x (N, C, H, W); w (F, C/groups, HH, WW);
    b (F,) or None; stride, padding and dilation an int or a pair (vertical, horizontal); groups an int.
    Returns out (N, F, H_out, W_out), on the device and in the dtype of x.
    """

    @staticmethod
    def forward(ctx, x, w, b, stride, padding, dilation, groups):
        """Computes out; leaves in ctx what backward needs."""
        ### BEGIN SOLUTION
        stride, dilation = pair(stride, "stride"), pair(dilation, "dilation")
        padding = pair(padding, "padding", minimum=0)
        num_images, _, height, width = x.shape
        num_filters, _, kernel_height, kernel_width = w.shape
        h_out = conv_output_size(height, kernel_height, stride[0], padding[0], dilation[0])
        w_out = conv_output_size(width, kernel_width, stride[1], padding[1], dilation[1])
        cols = F.unfold(x, (kernel_height, kernel_width), dilation, padding, stride)
        cols = cols.unflatten(1, (groups, -1))  # (N, G, C/G*HH*WW, L)
        w_rows = w.reshape(groups, num_filters // groups, -1)  # (G, F/G, C/G*HH*WW)
        out = (w_rows @ cols).reshape(num_images, num_filters, h_out, w_out)
        if b is not None:
            out = out + b[:, None, None]
        ctx.save_for_backward(x, w)
        ctx.settings = stride, padding, dilation, groups
        return out
        ### END SOLUTION

    @staticmethod
    def backward(ctx, dout):
        """dout: (N, F, H_out, W_out). Returns one gradient for each of the seven arguments of forward."""
        ### BEGIN SOLUTION
        x, w = ctx.saved_tensors
        stride, padding, dilation, groups = ctx.settings
        kernel_size, image_size = w.shape[2:], x.shape[2:]
        num_images, num_filters = dout.shape[:2]
        cols = F.unfold(x, kernel_size, dilation, padding, stride)
        cols = cols.unflatten(1, (groups, -1))  # (N, G, C/G*HH*WW, L)
        w_rows = w.reshape(groups, num_filters // groups, -1)  # (G, F/G, C/G*HH*WW)
        dout_rows = dout.reshape(num_images, groups, num_filters // groups, -1)  # (N, G, F/G, L)
        dw = (dout_rows @ cols.transpose(-1, -2)).sum(dim=0).reshape(w.shape)
        dcols = w_rows.transpose(-1, -2) @ dout_rows  # (N, G, C/G*HH*WW, L)
        dx = F.fold(dcols.flatten(1, 2), image_size, kernel_size, dilation, padding, stride)
        db = dout.sum(dim=(0, 2, 3)) if ctx.needs_input_grad[2] else None
        return dx, dw, db, None, None, None, None
        ### END SOLUTION


# %% role="check" exercise="Conv2dFunction"
def check_conv2d_function():
    torch.manual_seed(6)
    devices = ["cpu", "cuda"] if torch.cuda.is_available() else ["cpu"]
    all_settings = [(1, 0, 1, 1), ((2, 1), (0, 3), (1, 2), 1), (2, 1, (2, 1), 2), (3, (1, 0), 1, 1)]
    for device in devices:
        for settings in all_settings:
            sizes = [(2, 4, 7, 5), (6, 4 // settings[-1], 3, 2), (6,)]
            inputs = [torch.randn(s, dtype=torch.float64, device=device, requires_grad=True) for s in sizes]
            out, expected = Conv2dFunction.apply(*inputs, *settings), F.conv2d(*inputs, *settings)
            where = f"stride, padding, dilation, groups = {settings} on {device}"
            torch.testing.assert_close(out, expected, msg=lambda text, where=where: f"out, {where}: {text}")
            dout = torch.randn_like(expected.mT.contiguous()).mT  # a gradient need not lie in memory in order
            gradients = zip(
                ["dx", "dw", "db"],
                torch.autograd.grad(out, inputs, dout),
                torch.autograd.grad(expected, inputs, dout),
                strict=True,
            )
            for name, yours, theirs in gradients:
                where_name = f"{name}, {where}"
                torch.testing.assert_close(yours, theirs, msg=lambda text, where=where_name: f"{where}: {text}")
    x, w, _ = inputs
    without_bias = Conv2dFunction.apply(x.float(), w.float(), None, 1, 0, 1, 1)
    torch.testing.assert_close(without_bias, F.conv2d(x.float(), w.float()))  # in float32, as in training
    without_bias.sum().backward()
    print(f"Conv2dFunction: agrees with PyTorch, forward and backward, on {' and '.join(devices)}.")


check_conv2d_function()

# %% [markdown]
# PyTorch has the measuring test of section 6 built in. It moves every number by a hair and should say `True`.

# %%
x = torch.randn(1, 2, 5, 4, dtype=torch.float64, requires_grad=True)
w = torch.randn(3, 2, 3, 2, dtype=torch.float64, requires_grad=True)
torch.autograd.gradcheck(lambda x, w: Conv2dFunction.apply(x, w, None, 2, 1, 1, 1), (x, w))

# %% [markdown]
# ### On a GPU, if there is one
#
# The same code, wherever the tensors live. This cell says which device it used.

# %%
device = training.pick_device()
x = torch.randn(16, 32, 56, 56, device=device)
w = torch.randn(64, 32, 3, 3, device=device)
yours, theirs = Conv2dFunction.apply(x, w, None, 1, 1, 1, 1), F.conv2d(x, w, padding=1)
print(f"device: {yours.device}, largest relative difference: {((yours - theirs).abs().max() / theirs.abs().max()):.0e}")

# %% [markdown]
# ### Experiment: your layer learns
#
# A layer for `nn.Sequential` that uses your function takes four lines. We train the digit network twice
# from the same start, once with PyTorch's layer and once with yours.


# %%
class YourConv2d(nn.Conv2d):
    def forward(self, x):
        settings = self.stride, self.padding, self.dilation, self.groups
        return Conv2dFunction.apply(x, self.weight, self.bias, *settings)


def your_cnn():
    return nn.Sequential(
        YourConv2d(1, 16, 5), nn.ReLU(), nn.MaxPool2d(2),  # (16, 6, 6)
        YourConv2d(16, 32, 3), nn.ReLU(), nn.MaxPool2d(2),  # (32, 2, 2)
        nn.Flatten(), nn.Linear(32 * 2 * 2, 10),
    )  # fmt: skip


histories = {
    name: training.train(training.seeded(build, 0).to(device), ordered, epochs=3)
    for name, build in [("PyTorch's layer", small_cnn), ("your layer", your_cnn)]
}
print(", ".join(f"{name}: {history.accuracy[-1]:.1%}" for name, history in histories.items()))
plots.lines({name: h.loss for name, h in histories.items()}, "epoch", "training loss (cross-entropy, nats)")

# %% [markdown]
# *What to see: one curve on top of the other (the last digits differ, because the sums are rounded in
# another order). What you have built is the real thing.*

# %% [markdown]
# ## 14. When sharing is wrong
#
# Every layer in this notebook bets that a feature which is useful in one place is useful in every place.
# Section 11 showed a bet that fails when the order of the pixels is destroyed. But there are perfectly
# good images on which it is not the best bet.
#
# ### Exercise: parameter_sharing (4 points)
#
# *15 minutes; write about ten sentences.* A company checks passport photos. Every photo is cropped and
# scaled so that the eyes are always at the same two places and the mouth always at a third.
#
# 1. Which assumption behind parameter sharing does not hold here, and why?
# 2. What would you use instead, and what does it cost? Give the number of parameters for the worked
#    example of `conv_cost` (10 filters of 3x5x5, output 32x32) if nothing were shared.
# 3. Would you drop sharing in every layer? And what changes if the photos come uncropped from a
#    security camera?
#
# <details><summary>Hint</summary>
#
# Section 4 had a layer between fully connected and convolutional.
# </details>

# %% [markdown] role="answer" exercise="parameter_sharing"
# ### BEGIN SOLUTION
# 1. Sharing assumes *stationarity*: the statistics of the image are the same everywhere, so a detector
#    that is useful at one place is useful at all places. In aligned portraits they are not. Eyes occur
#    only at the eye positions, mouths only below; each place has features of its own (the corner of an
#    eye, the wing of the nose), and a filter that must serve everywhere wastes capacity and cannot
#    specialise.
# 2. A locally connected layer: windows as in a convolution, but every place has weights of its own (as
#    in DeepFace). It keeps locality and gives up sharing. Arithmetic stays at 768,000 multiply-adds;
#    the parameters grow by the number of places: 32 * 32 * 760 = 778,240 in place of 760. That needs
#    more memory and more data, because each weight sees one place per image instead of 1,024. (Also
#    good: a convolution that is told the coordinates as extra channels, or one convolution per region
#    of the face.)
# 3. Not in every layer. The first layers find edges and texture, which are alike everywhere: sharing
#    is right there and saves data; the deeper, part-like layers profit from place. With uncropped
#    photos a face may be anywhere and of any size: the alignment is gone, translation equivariance is
#    needed again, and sharing is right (or align the faces first).
# ### END SOLUTION
#
# === BEGIN MARK SCHEME ===
# One point each, four in all:
#
# - **Assumption (1 point).** Names it: the same feature is useful at every place (stationarity,
#   translation invariance of the statistics), and says that alignment ties each feature to its place.
#   "Faces are complicated" is not enough.
# - **Alternative (1 point).** Locally connected (unshared) layer, coordinate channels, or separate
#   networks per region. A fully connected layer earns half a point: it gives up locality as well.
# - **Price (1 point).** 778,240 parameters (1,024 times 760; 1,024 * 750 + 10 with one bias per filter
#   is right too), and says that the arithmetic stays the same *or* that more data is needed. Number
#   alone: half a point.
# - **Limits (1 point).** Keeps sharing in early layers with a reason, or sees that uncropped photos
#   make sharing right again. One of the two earns half a point, both one.
# === END MARK SCHEME ===

# %% [markdown]
# ## What to remember
#
# - A convolutional layer is a dot product with a small window, repeated everywhere: **locality** saves
#   arithmetic and parameters, **sharing** saves parameters.
# - $\lfloor (H + 2P - D(K-1) - 1)/S \rfloor + 1$: places along an axis. Round down.
# - Backward, every share is **added**: to the weights from all places, to a pixel from all windows that
#   hold it.
# - `im2col` makes it a matrix product; `col2im`, its adjoint, makes the gradient.
# - Without a non-linearity in between, two convolutions are one. With strides and dilation the view
#   grows by factors, without them by steps.
#
# ## Further reading
#
# - V. Dumoulin and F. Visin, *A guide to convolution arithmetic for deep learning*, 2016,
#   arXiv:1603.07285. Every setting as a picture.
# - Y. LeCun, L. Bottou, Y. Bengio, P. Haffner, *Gradient-based learning applied to document
#   recognition*, Proc. IEEE 1998. Where it began; section II is still the best argument for locality
#   and sharing.
# - Stanford CS231n, *Convolutional Neural Networks for Visual Recognition*,
#   cs231n.github.io/convolutional-networks. The naming of `conv_forward_naive` comes from its
#   exercises.
# - A. Zhang, Z. Lipton, M. Li, A. Smola, *Dive into Deep Learning*, chapter 7, d2l.ai.
# - I. Goodfellow, Y. Bengio, A. Courville, *Deep Learning*, 2016, chapter 9, deeplearningbook.org.
# - F. Yu and V. Koltun, *Multi-scale context aggregation by dilated convolutions*, ICLR 2016,
#   arXiv:1511.07122.
# - W. Luo et al., *Understanding the effective receptive field in deep convolutional neural networks*,
#   NeurIPS 2016, arXiv:1701.04128.
# - Y. Taigman et al., *DeepFace*, CVPR 2014: locally connected layers for aligned faces.
# - K. Chellapilla, S. Puri, P. Simard, *High performance convolutional neural networks for document
#   processing*, 2006: the first use of `im2col`.
