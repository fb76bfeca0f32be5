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
# # Batch normalization
#
# Stack twenty layers, choose the first weights a little too small, and nothing arrives at the end. Choose
# them a little too large, and the numbers explode. For years the craft of training deep networks was the
# craft of staying between the two.
#
# **Batch normalization** removes most of that craft with one simple step. Between two layers, every
# feature is brought to mean 0 and variance 1, measured on the batch that is just passing through. It
# appeared in 2015, cut the training of the best image network of its day to a fraction of its steps, and
# nearly every convolutional network since has used it or one of its relatives.
#
# It is also the layer that goes wrong most often. It computes one thing in training and another in
# testing, it remembers, and libraries disagree on the details. In this notebook you build all of it, and
# every detail has its place.

# %% [markdown]
# ## Goals
#
# After this notebook you can
#
# - say what batch normalization computes in training and in testing, and what it must not touch;
# - walk its backward pass node by node through the computational graph, and derive the closed form;
# - tell batch, layer, instance and group normalization apart by one question: *which numbers share a mean?*
# - show by experiment what it buys (learning rate, initial weights) and what it costs (small batches);
# - remove it from a trained network without changing a single answer;
# - write a layer that can take the place of `torch.nn.BatchNorm2d` in every respect.
#
# ## You need
#
# NumPy (broadcasting, `axis`, `keepdims`), the chain rule, and the backward pass as in the assignment on
# convolution. If you have missed that one: no cell here needs your own convolution. No GPU: everything
# runs on a laptop.
#
# ## Points
#
# | exercise | points | time | difficulty |
# |---|--:|--:|---|
# | `batchnorm_forward` | 14 | 30 min | medium |
# | `batchnorm_backward` | 14 | 40 min | hard |
# | `batchnorm_backward_alt` | 8 | 20 min | medium |
# | `spatial_batchnorm_forward` (with `spatial_batchnorm_backward`) | 8 | 15 min | medium |
# | `layernorm_forward` (with `layernorm_backward`) | 10 | 20 min | medium |
# | `spatial_groupnorm_forward` (with `spatial_groupnorm_backward`) | 10 | 30 min | hard |
# | `fold_batchnorm` | 10 | 15 min | easy |
# | `BatchNorm2d` | 16 | 45 min | hard |
# | `bias_before_batchnorm` (written) | 5 | 15 min | think |
# | `train_and_test` (written) | 5 | 20 min | think |
# | **together** | **100** | about 4 h | |

# %% [markdown]
# ## How to work
#
# Every exercise is a cell to fill in, followed by a **check** that you can run as often as you like. The
# checks try a few hard cases; the grading tries more of them, so read shapes and conventions with care. A
# check that fails says what it expected.
#
# - The NumPy exercises are to be solved with NumPy alone; PyTorch is there to be compared with.
# - Keep the names of the functions and the order of their arguments. Helper functions and cells of your
#   own are welcome.
# - Later exercises may call earlier ones, and the experiments call your functions: until you have
#   written a function, a cell that needs it stops with `NotImplementedError`. That is no harm. Come
#   back to it.
# - The last two exercises are written, and read by a person.
# - Questions marked **Predict** are for you alone. Answer them in your head *before* you open the
#   answer.
#
# Run the first cell now.

# %% role="setup"
import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from course_lib import data, gradcheck, numpy_mlp, plots, timing, training, transforms, widgets
from course_lib.numpy_ops import convolution as staff_convolution

plots.use_style()
torch.manual_seed(0)
torch.set_num_threads(1)  # the networks here are too small to be worth sharing among cores

# %% [markdown]
# ## 1. What goes wrong in a deep network
#
# Our data: 1,797 real handwritten digits of 8x8 pixels, scaled to mean 0 and standard deviation 1. Our
# first network: ten hidden layers of 50 units, each a matrix product and a ReLU. Nothing is trained yet.
# We only draw the weights from a normal distribution, pass all training digits through, and look how large the
# numbers are in each layer.

# %%
digits = data.digits()
split = transforms.standardize(data.split(digits.images, digits.labels))
rows = numpy_mlp.rows_of(split.train_images)  # (1438, 64)
deep = (64, *[50] * 10, 10)
scales = (0.05, 0.15, 0.2, 0.3)
depths = np.arange(1, 11)


def spread_by_depth(weight_scale, normalization=None):
    network = numpy_mlp.Mlp(deep, weight_scale, np.random.default_rng(0), normalization)
    return [hidden.std() for hidden in network.hidden(rows, mode="train")]


# %% [markdown]
# **Predict.** The four standard deviations of the weights differ by a factor of 6 from the smallest to the
# largest. By which factor do the numbers in layer 10 differ?

# %%
without = {f"weights with std {scale}": (depths, spread_by_depth(scale)) for scale in scales}
plots.curves({"std of the activations (log scale)": without}, "hidden layer", log_y=True)

# %% [markdown]
# *What to see: every layer multiplies the spread by about the same factor, so the curves are nearly straight on
# a log scale. Only 0.2 stays level. In layer 10 the largest and the smallest spread are a factor of tens of
# millions apart.* Where the signal is a millionth, so is the gradient; where it is a hundred, the first step is
# far too large.
#
# One can compute the good value ($\sqrt{2/50} = 0.2$, the subject of the assignment on initialization). But it is
# good on the first step only: training moves the weights. Batch normalization does not hope for good numbers. It
# *makes* them, in every layer, in every step.

# %% [markdown]
# ## 2. Normalize every feature of the batch
#
# A batch is a matrix `x` of $N$ rows (images) and $D$ columns (features). For each column $j$:
#
# $$\mu_j = \frac1N\sum_{i=1}^{N} x_{ij} \qquad\qquad \sigma_j^2 = \frac1N\sum_{i=1}^{N} (x_{ij}-\mu_j)^2$$
#
# $$\hat x_{ij} = \frac{x_{ij}-\mu_j}{\sqrt{\sigma_j^2+\varepsilon}} \qquad\qquad
#   \text{out}_{ij} = \gamma_j\,\hat x_{ij} + \beta_j$$
#
# | what | shape | in words |
# |---|---|---|
# | `x`, `x_hat`, `out` | `(N, D)` | the batch, normalized, scaled and shifted |
# | mean $\mu$, variance $\sigma^2$ | `(D,)` | one number per feature, over the rows |
# | `gamma`, `beta` | `(D,)` | learned; they start at 1 and 0 |
#
# Three details decide whether it works.
#
# - **The variance is biased**: divided by $N$, not by $N-1$. It describes this batch; it estimates
#   nothing.
# - **Epsilon stands inside the root.** A feature that is the same in all rows has variance 0; $\varepsilon$ keeps
#   the division finite. $\sqrt{\sigma^2+\varepsilon}$ and $\sqrt{\sigma^2}+\varepsilon$ are *not* the same: for
#   $\sigma^2=0$ and $\varepsilon=10^{-5}$ they differ by a factor of 316.
# - **Gamma and beta** give back what normalization takes. A layer that is better off with mean 5 can learn
#   $\beta=5$.
#
# Worked number, one feature, three rows, and an $\varepsilon$ far larger than anybody uses, so that you see where it
# goes: $x=(1,4,7)$, $\varepsilon=3$, $\gamma=2$, $\beta=10$. Mean $4$, variance $(9+0+9)/3=6$,
# root $\sqrt{6+3}=3$, so $\hat x=(-1,0,1)$ and $\text{out}=(8,10,12)$.

# %%
plots.batchnorm_graph([1, 4, 7], gamma=2, beta=10, eps=3)

# %% [markdown]
# *What to see: two nodes send their value two ways, x and centred. By way of mean and std, every row of the
# output depends on every row of the input. Keep this picture; we shall walk through it backwards.*
#
# > **Often told wrong.** "With $\gamma=\sigma$ and $\beta=\mu$ the layer can undo itself." It needs
# > $\gamma=\sqrt{\sigma^2+\varepsilon}$, and even so it undoes itself for *one* batch alone: the next batch has
# > another mean.

# %% [markdown]
# ## 3. Training and testing are two different things
#
# In training the mean comes from the batch. In testing it must not: the answer for *your* photo may not depend
# on which other photos happen to be in the batch, and you may want to classify a single one. So during training
# the layer keeps a **running mean** and a **running variance**, and in testing it uses those:
#
# $$\text{running} \leftarrow \text{momentum}\cdot\text{running} + (1-\text{momentum})\cdot\text{batch}$$
#
# once for the mean and once for the variance. With momentum 0.9 each new batch counts a tenth, the one before nine
# hundredths, and so on: an average that forgets slowly.
#
# | | `"train"` | `"test"` |
# |---|---|---|
# | mean and variance | of this batch | the running ones |
# | epsilon | inside the root | inside the root |
# | running statistics | updated | **left alone** |
# | is one row's output independent of the other rows? | no | yes |
#
# With the numbers above, running statistics that start at zero, and momentum 0.9: the running mean becomes
# $0.9\cdot0+0.1\cdot4=0.4$ and the running variance $0.9\cdot0+0.1\cdot6=0.6$. In test mode with these,
# $x=1$ would become $\hat x = (1-0.4)/\sqrt{0.6+3} = 0.316$.
#
# > **Often told wrong.** In lecture notes one finds `x_hat = (x - running_mean) / sqrt(running_var)` for the
# > test mode, without epsilon. That is another function than the one that was trained, and it divides by zero
# > for a feature that was constant in training. One also finds
# > $\text{running} \leftarrow 0.9\cdot\text{running} + 0.1\cdot\text{running}$, an average that never moves.
#
# > **Two ways to count.** Here, as in Stanford's CS231n, momentum is the share that is **kept** (0.9).
# > PyTorch's momentum is the share that is **replaced** (0.1). Both describe the same average. Mix them up and
# > the running statistics forget nearly everything at each batch.

# %% [markdown]
# ### Exercise: batchnorm_forward (14 points)
#
# *30 minutes, medium.* `x (N, D)`, `gamma (D,)`, `beta (D,)` to `out (N, D)`, in both modes. Everything else is
# in the dictionary `bn_param`:
#
# | key | in train mode | in test mode |
# |---|---|---|
# | `mode` | `"train"` | `"test"`; any other mode is a `ValueError` |
# | `eps` | default `1e-5` | default `1e-5` |
# | `momentum` | default `0.9`: the share that is kept | not used |
# | `running_mean`, `running_var` | zeros `(D,)` if missing; replaced by the new ones | always given; left alone |
#
# The running variance takes the **biased** variance of the batch, the same that normalizes. You may put new
# arrays into `bn_param` or change the old ones in place. Return `out` and a `cache`, whatever you wish to keep
# for the backward pass. Leave `x`, `gamma` and `beta` as they were.
#
# Worked numbers: those of sections 2 and 3.
#
# <details><summary>Hint 1</summary>
#
# `x.mean(axis=...)`: you want one number per *column*, shape `(D,)`. Broadcasting does the rest. Which axis
# disappears?
# </details>
#
# <details><summary>Hint 2</summary>
#
# The two modes differ only in where mean and variance come from. Decide on these first; the lines that normalize can
# then be the same for both.
# </details>


# %% role="answer" exercise="batchnorm_forward"
def batchnorm_forward(x, gamma, beta, bn_param):
    """Batch normalization: every feature of the batch to mean 0 and variance 1, then scaled and shifted.

    x: (N, D); gamma, beta: (D,). bn_param: a dictionary with
      mode: "train" or "test", always there; anything else is a ValueError;
      eps: added to the variance, INSIDE the root (default 1e-5);
      momentum: the share of the OLD running value that is kept (default 0.9);
      running_mean, running_var: (D,); in train mode zeros where missing, in test mode always there.
    "train": normalizes with mean and biased variance (divided by N) of the batch, and leaves
      momentum * running + (1 - momentum) * batch in bn_param["running_mean"] and ["running_var"],
      with the biased variance here too. New arrays or the old ones changed in place: both are fine.
    "test": normalizes with running_mean and running_var, eps inside the root, and changes nothing.
    Returns (out, cache): out (N, D); cache is whatever the backward pass will need.
    Leaves x, gamma and beta as they were.
    """
    ### BEGIN SOLUTION
    mode = bn_param["mode"]
    eps = bn_param.get("eps", 1e-5)
    momentum = bn_param.get("momentum", 0.9)
    if mode == "train":
        mean = x.mean(axis=0)
        var = x.var(axis=0)  # biased: divided by N
        running_mean = bn_param.get("running_mean", np.zeros_like(mean))
        running_var = bn_param.get("running_var", np.zeros_like(var))
        bn_param["running_mean"] = momentum * running_mean + (1 - momentum) * mean
        bn_param["running_var"] = momentum * running_var + (1 - momentum) * var
    elif mode == "test":
        mean = bn_param["running_mean"]
        var = bn_param["running_var"]
    else:
        raise ValueError(f"batchnorm_forward: mode must be 'train' or 'test', got {mode!r}")
    centred = x - mean
    std = np.sqrt(var + eps)
    x_hat = centred / std
    out = gamma * x_hat + beta
    cache = (centred, std, x_hat, gamma)
    return out, cache
    ### END SOLUTION


# %% role="check" exercise="batchnorm_forward"
def check_batchnorm_forward():
    param = {"mode": "train", "eps": 3.0}
    out, _ = batchnorm_forward(np.array([[1.0], [4.0], [7.0]]), np.array([2.0]), np.array([10.0]), param)
    np.testing.assert_allclose(out, [[8], [10], [12]], err_msg="the worked number above")
    np.testing.assert_allclose(param["running_mean"], [0.4], err_msg="the worked number: running mean")
    np.testing.assert_allclose(param["running_var"], [0.6], err_msg="the worked number: running variance")

    rng = np.random.default_rng(1)
    x, gamma, beta = rng.normal(2, 3, (5, 3)), rng.normal(size=3), rng.normal(size=3)
    start = {"running_mean": rng.normal(size=3), "running_var": rng.uniform(1, 2, 3)}
    settings = {"eps": 0.1, "momentum": 0.7}
    tensors = [torch.tensor(array) for array in (x, start["running_mean"], start["running_var"], gamma, beta)]
    for mode in ("train", "test"):
        param = {"mode": mode, **settings, **{name: array.copy() for name, array in start.items()}}
        before = x.copy()
        out, _ = batchnorm_forward(x, gamma, beta, param)
        copies = [tensor.clone() for tensor in tensors]
        expected = F.batch_norm(*copies, training=mode == "train", eps=0.1)
        np.testing.assert_allclose(out, expected, rtol=1e-4, atol=1e-5, err_msg=f"out in {mode} mode")
        np.testing.assert_array_equal(x, before, err_msg="x must be left as it was")
        batch = {"running_mean": x.mean(axis=0), "running_var": x.var(axis=0)}
        for name, old in start.items():
            wanted = 0.7 * old + 0.3 * batch[name] if mode == "train" else old
            np.testing.assert_allclose(param[name], wanted, rtol=1e-4, err_msg=f"{name} after {mode} mode")
    try:
        batchnorm_forward(x, gamma, beta, {"mode": "validation", **start})
    except ValueError:
        print("batchnorm_forward: agrees with torch.nn.functional.batch_norm, and keeps its running statistics.")
    else:
        raise AssertionError("mode 'validation' is neither train nor test: expected a ValueError")


check_batchnorm_forward()

# %% [markdown]
# What does it do to real features? Three pixels of the digits, as they come and through your function in train mode,
# first with $\gamma=1$, $\beta=0$ and then with $\gamma=0.5$, $\beta=2$.

# %%
names = {"row 0, column 2": 2, "row 3, column 3": 27, "row 6, column 6": 54}
pixels = digits.images.reshape(-1, 64)[:, list(names.values())].astype(float)
normalized, _ = batchnorm_forward(pixels, np.ones(3), np.zeros(3), {"mode": "train"})
shifted, _ = batchnorm_forward(pixels, np.full(3, 0.5), np.full(3, 2.0), {"mode": "train"})
stages = {"as they come": pixels, "normalized": normalized, "scaled, shifted": shifted}
spreads = {stage: dict(zip(names, values.T, strict=True)) for stage, values in stages.items()}
plots.histograms(spreads, "value", num_bins=17)  # a pixel has 17 levels of grey

# %% [markdown]
# *What to see: every feature gets mean 0 and standard deviation 1, or whatever gamma and beta say. The
# **shape** stays to the last bar; only the ruler below it has changed.*
#
# > **Often told wrong.** "Batch normalization makes the activations Gaussian." It shifts and scales, nothing else.
#
# And the deep network of section 1, with your function before every ReLU?

# %%
normalization = numpy_mlp.Normalization(batchnorm_forward, None, {"mode": "train"})
with_norm = {name: (depths, spread_by_depth(scale, normalization)) for name, scale in zip(without, scales, strict=True)}
panels = {"std without (log scale)": without, "std with batch norm": with_norm}
plots.curves(panels, "hidden layer", log_y=True, share_y=True)

# %% [markdown]
# *What to see: on the right all four curves lie on top of each other and stay level. The scale of the weights has no
# effect any more.*

# %% [markdown]
# ## 4. The backward pass, node by node
#
# Downstream hands us `dout`, the gradient of the loss at `out`. We owe `dx`, `dgamma` and `dbeta`. Do not stare
# at the whole formula; walk through the graph. At each node ask two things:
#
# 1. *Where did it go?* A value that was used twice gets a gradient from both uses, and they **add up**.
# 2. *How was it made?* That says what it hands on to its own inputs.
#
# And one rule for sums: a value that was **broadcast** over the rows (like the mean) gets the **sum** of the rows'
# gradients; a value that was **averaged** over the rows hands each row $1/N$ of its gradient.
#
# | node | made as | hands on to (sums run over the rows) |
# |---|---|---|
# | out | $\gamma\hat x+\beta$ | $\beta$: its sum; $\gamma$: sum of itself · $\hat x$; $\hat x$: itself · $\gamma$ |
# | x_hat | centred / std | centred: itself / std; std: minus the sum of itself · centred / std² |
# | std | $\sqrt{\text{var}+\varepsilon}$ | var: itself / (2 std) |
# | var | mean of centred² | each centred: itself · 2 centred / N |
# | centred | $x$ − mean | $x$: itself; mean: minus its sum |
# | mean | mean of $x$ | each $x$: itself / N |
#
# Here it is with numbers: the forward pass of section 2, and $\text{dout}=(9,0,0)$.

# %%
plots.batchnorm_graph([1, 4, 7], gamma=2, beta=10, eps=3, dout=[9, 0, 0])

# %% [markdown]
# *What to see: follow the orange numbers from the right.* $\hat x$ gets $9\cdot\gamma=18$ in row 0. The gradient at
# *centred* comes on two ways: directly $18/3=6$ in row 0, and by the variance
# $1\cdot 2\cdot(-3,0,3)/3=(-2,0,2)$; together $(4,0,2)$. The mean collects $-(4+0+2)=-6$ and hands each row $-2$. So
# $dx=(4,0,2)-2=(2,-2,0)$.
#
# **Predict.** Only row 0 had a gradient. Why does row 1 get one? And what is the sum of `dx` over the batch, here
# and always?
#
# <details><summary>Answer</summary>
#
# Row 1 is part of the mean and of the variance that row 0 was normalized with. The sum is 0, always: if you add the
# same number to all rows, the mean takes it off again and nothing changes, so the loss cannot have a slope in that
# direction.
# </details>

# %% [markdown]
# ### Exercise: batchnorm_backward (14 points)
#
# *40 minutes, hard.* `dout (N, D)` and the cache of `batchnorm_forward` **in train mode** to `dx (N, D)`,
# `dgamma (D,)`, `dbeta (D,)`. One line of code per arrow of the graph is a good plan.
#
# Worked numbers: $\text{dout}=(9,0,0)$ gives $dx=(2,-2,0)$, $d\gamma=-9$, $d\beta=9$.
#
# <details><summary>Hint 1</summary>
#
# Name the gradients after the nodes: `dx_hat`, `dstd`, `dvar`, `dcentred`, `dmean`. Those of std, var and mean
# have shape `(D,)`, those of centred and x_hat `(N, D)`.
# </details>
#
# <details><summary>Hint 2</summary>
#
# If dgamma and dbeta are right and dx is not, you have most likely treated the mean or the variance as a
# constant. Leave a term out on purpose and look how the check's numbers change.
# </details>


# %% role="answer" exercise="batchnorm_backward"
def batchnorm_backward(dout, cache):
    """Gradients of the loss through batchnorm_forward in train mode, node by node through its graph.

    dout: (N, D), the gradient at the output; cache: from batchnorm_forward in train mode.
    Returns (dx, dgamma, dbeta): dx (N, D), dgamma (D,), dbeta (D,).
    """
    ### BEGIN SOLUTION
    centred, std, x_hat, gamma = cache
    num_rows = dout.shape[0]
    dbeta = dout.sum(axis=0)
    dgamma = (dout * x_hat).sum(axis=0)
    dx_hat = dout * gamma
    dcentred_direct = dx_hat / std  # x_hat = centred / std, by way of the numerator
    dstd = -(dx_hat * centred).sum(axis=0) / std**2  # and by way of the denominator
    dvar = dstd / (2 * std)  # std = sqrt(var + eps)
    dcentred_by_var = dvar * 2 * centred / num_rows  # var = mean(centred**2)
    dcentred = dcentred_direct + dcentred_by_var
    dmean = -dcentred.sum(axis=0)  # centred = x - mean
    dx = dcentred + dmean / num_rows  # mean = sum(x) / N
    return dx, dgamma, dbeta
    ### END SOLUTION


# %% role="check" exercise="batchnorm_backward"
def check_batchnorm_backward():
    x, gamma, beta = np.array([[1.0], [4.0], [7.0]]), np.array([2.0]), np.array([10.0])
    _, cache = batchnorm_forward(x, gamma, beta, {"mode": "train", "eps": 3.0})
    dx, dgamma, dbeta = batchnorm_backward(np.array([[9.0], [0.0], [0.0]]), cache)
    np.testing.assert_allclose(dbeta, [9], err_msg="the worked number: dbeta")
    np.testing.assert_allclose(dgamma, [-9], err_msg="the worked number: dgamma")
    np.testing.assert_allclose(dx, [[2], [-2], [0]], atol=1e-5, err_msg="the worked number: dx")

    rng = np.random.default_rng(2)
    arrays = rng.normal(2, 3, (5, 3)), rng.normal(size=3), rng.normal(size=3)
    dout = rng.normal(size=(5, 3))
    x, gamma, beta = leaves = [torch.tensor(array, requires_grad=True) for array in arrays]
    F.batch_norm(x, None, None, gamma, beta, training=True, eps=0.1).backward(torch.tensor(dout))
    _, cache = batchnorm_forward(*arrays, {"mode": "train", "eps": 0.1})
    gradients = batchnorm_backward(dout.copy(), cache)
    for name, gradient, leaf in zip(["dx", "dgamma", "dbeta"], gradients, leaves, strict=True):
        shape = tuple(leaf.shape)
        assert np.shape(gradient) == shape, f"{name}: expected shape {shape}, got {np.shape(gradient)}"
        np.testing.assert_allclose(gradient, leaf.grad, rtol=1e-4, atol=1e-5, err_msg=name)
    print("batchnorm_backward: all three gradients agree with autograd.")


check_batchnorm_backward()

# %% [markdown]
# The definition of the derivative is the judge that needs no library: move every number by a hair and measure.

# %%
rng = np.random.default_rng(0)
x, gamma, beta = rng.normal(size=(4, 3)), rng.normal(size=3), rng.normal(size=3)
out, cache = batchnorm_forward(x, gamma, beta, {"mode": "train"})
dout = rng.normal(size=out.shape)
gradients = dict(zip(["dx", "dgamma", "dbeta"], batchnorm_backward(dout, cache), strict=True))


def forward(_):
    return batchnorm_forward(x, gamma, beta, {"mode": "train"})[0]


for (name, gradient), array in zip(gradients.items(), [x, gamma, beta], strict=True):
    measured = gradcheck.numerical_gradient(forward, array, dout)
    print(f"{name}: relative error {gradcheck.relative_error(gradient, measured):.0e}")

# %% [markdown]
# Around $10^{-10}$ is rounding, $10^{-2}$ is a mistake.

# %% [markdown]
# ## 5. The closed form
#
# The walk through the graph can be written down once and simplified for good. Take one feature, write
# $s=\sqrt{\sigma^2+\varepsilon}$ and $g_i = \gamma\cdot\text{dout}_i$ (the gradient at $\hat x_i$).
#
# **Step 1.** From $\hat x$ through std to the variance. Since $\text{centred}_i = s\,\hat x_i$,
#
# $$d\text{std} = -\frac1{s^2}\sum_k g_k\,\text{centred}_k = -\frac1s\sum_k g_k\hat x_k \qquad
#   d\text{var} = \frac{d\text{std}}{2s} = -\frac1{2s^2}\sum_k g_k\hat x_k$$
#
# **Step 2.** Both ways into centred:
#
# $$d\text{centred}_i = \frac{g_i}{s} + \frac2N\,\text{centred}_i\,d\text{var}
#   = \frac1s\Big(g_i - \hat x_i\,\frac1N\sum_k g_k\hat x_k\Big)$$
#
# **Step 3.** Take off the mean. Since $\sum_i\hat x_i=0$, the second term has none, and what is left is
#
# $$\boxed{\;dx_i = \frac1s\Big(g_i - \underbrace{\tfrac1N\textstyle\sum_k g_k}_{\text{mean of } g}
#   - \hat x_i\,\underbrace{\tfrac1N\textstyle\sum_k g_k\hat x_k}_{\text{mean of } g\hat x}\Big)\;}$$
#
# Read it: from the gradient its **mean** is taken off, and its **part along $\hat x$**; the rest is divided by
# the standard deviation. These are the two directions that the forward pass cannot see: adding a constant to
# all rows, and (but for $\varepsilon$) stretching all rows about their mean.
#
# The last factor matters too. Multiply all weights of the layer before by 10: $s$ grows by 10, the output stays
# the same, and the gradient *shrinks* by 10. In relation to the weights the next step is a hundred times
# smaller. A layer whose weights have grown too large becomes careful by itself. That is why such networks
# forgive a learning rate that is too high.
#
# ### Exercise: batchnorm_backward_alt (8 points)
#
# *20 minutes, medium.* The same arguments and results as `batchnorm_backward`, by the formula in the box, without
# calling `batchnorm_backward`.
#
# Worked number: $g=(18,0,0)$, $\hat x=(-1,0,1)$, $s=3$. Mean of $g$: $6$; mean of $g\hat x$: $-6$. So
# $dx=\tfrac13\big((18,0,0)-6+6\cdot(-1,0,1)\big)=\tfrac13(6,-6,0)=(2,-2,0)$.
#
# <details><summary>Hint</summary>
#
# Two means with `axis=0` and one line that puts them together. Nothing has to be known about $x$ itself:
# $\hat x$, $s$ and $\gamma$ are enough.
# </details>


# %% role="answer" exercise="batchnorm_backward_alt"
def batchnorm_backward_alt(dout, cache):
    """The same gradients as batchnorm_backward, in closed form; does not call it.

    dout: (N, D), the gradient at the output; cache: from batchnorm_forward in train mode.
    Returns (dx, dgamma, dbeta): dx (N, D), dgamma (D,), dbeta (D,).
    """
    ### BEGIN SOLUTION
    _, std, x_hat, gamma = cache
    dbeta = dout.sum(axis=0)
    dgamma = (dout * x_hat).sum(axis=0)
    dx_hat = dout * gamma
    offset = dx_hat.mean(axis=0)
    slope = (dx_hat * x_hat).mean(axis=0)
    dx = (dx_hat - offset - x_hat * slope) / std
    return dx, dgamma, dbeta
    ### END SOLUTION


# %% role="check" exercise="batchnorm_backward_alt"
def check_batchnorm_backward_alt():
    rng = np.random.default_rng(3)
    arrays = rng.normal(2, 3, (7, 4)), rng.normal(size=4), rng.normal(size=4)
    dout = rng.normal(size=(7, 4))
    x, gamma, beta = leaves = [torch.tensor(array, requires_grad=True) for array in arrays]
    F.batch_norm(x, None, None, gamma, beta, training=True, eps=0.1).backward(torch.tensor(dout))
    _, cache = batchnorm_forward(*arrays, {"mode": "train", "eps": 0.1})
    gradients = batchnorm_backward_alt(dout.copy(), cache)
    for name, gradient, leaf in zip(["dx", "dgamma", "dbeta"], gradients, leaves, strict=True):
        shape = tuple(leaf.shape)
        assert np.shape(gradient) == shape, f"{name}: expected shape {shape}, got {np.shape(gradient)}"
        np.testing.assert_allclose(gradient, leaf.grad, rtol=1e-4, atol=1e-5, err_msg=name)
    print("batchnorm_backward_alt: all three gradients agree with autograd.")


check_batchnorm_backward_alt()

# %% [markdown]
# Are the two the same, and is the shorter one faster? 200 rows of 500 features; the middle of nine runs each. (The
# arithmetic is about the same. The closed form makes fewer new arrays; what that saves depends on the machine.)

# %%
x, dout = rng.normal(size=(200, 500)), rng.normal(size=(200, 500))
_, cache = batchnorm_forward(x, np.ones(500), np.zeros(500), {"mode": "train"})
both = {"through the graph": batchnorm_backward, "closed form": batchnorm_backward_alt}
results = {name: backward(dout.copy(), cache)[0] for name, backward in both.items()}
print(f"largest difference: {np.abs(np.subtract(*results.values())).max():.0e}")
for name, backward in both.items():
    seconds = timing.median_seconds(lambda backward=backward: backward(dout.copy(), cache), 9)
    print(f"{name}: {1000 * seconds:.2f} ms")

# %% [markdown]
# ## 6. What it buys: three experiments with your functions
#
# The networks here are trained in plain NumPy, with **your** `batchnorm_forward` and `batchnorm_backward`
# inside: five hidden layers of 50 units, plain gradient descent, the digits, five passes over them.
# `numpy_mlp.Mlp` is a small network of the course that calls whatever normalization it is given; read it if you
# like, it is short.

# %%
batch_norm = numpy_mlp.Normalization(batchnorm_forward, batchnorm_backward, {"mode": "train"})
kinds = {"without": None, "with batch norm": batch_norm}


def untrained(normalization, weight_scale=0.2, seed=0):
    sizes = 64, 50, 50, 50, 50, 50, 10
    return numpy_mlp.Mlp(sizes, weight_scale, np.random.default_rng(seed), normalization)


def trained(normalization, weight_scale=0.2, learning_rate=0.1, batch_size=50, epochs=5, seed=0):
    network = untrained(normalization, weight_scale, seed)
    return numpy_mlp.train(network, split, epochs, batch_size, learning_rate, seed)


# %% [markdown]
# ### Experiment: learning rates
#
# The weights start at the good scale of 0.2, so both networks have their chance. Nine learning rates, two runs each.
# **Predict.** Which network learns faster at a *small* rate?

# %%
rates = 10.0 ** np.arange(-3, 1.1, 0.5)
runs, percent = {}, {}
for name, norm in kinds.items():
    runs[name] = [[trained(norm, learning_rate=rate, seed=seed) for seed in (0, 1)] for rate in rates]
    percent[name] = rates, [[100 * run.accuracy[-1] for run in pair] for pair in runs[name]]
shown = {"accuracy on test images (%)": percent}
plots.curves(shown, "learning rate (log scale)", log_x=True, reference=("guessing", 10))

# %% [markdown]
# *What to see (the band spans the two runs): at small rates the network with batch norm is* slower. *But it
# goes on to learn at rates at which the other one has long exploded. Batch norm does not make a step better; it
# makes larger steps possible.*
#
# The two loss curves, each network at its best rate:

# %%
best = {name: int(np.argmax([np.mean(pair) for pair in accuracies])) for name, (_, accuracies) in percent.items()}
losses = {f"{name}, rate {rates[best[name]]:.2g}": runs[name][best[name]][0].loss for name in kinds}
plots.lines(losses, "epoch", "training loss (cross-entropy, nats)")

# %% [markdown]
# ### Experiment: twenty scales for the first weights
#
# Now the learning rate stays at 0.1, and the weights start at twenty scales from 0.0001 to 3.
# **Predict.** Where will each network learn?

# %%
scales = np.logspace(-4, 0.5, 20)
runs = {name: [trained(norm, weight_scale=scale) for scale in scales] for name, norm in kinds.items()}
percent = {name: (scales, [100 * run.accuracy[-1] for run in runs[name]]) for name in kinds}
losses = {name: (scales, [run.loss[-1] for run in runs[name]]) for name in kinds}
panels = {"accuracy on test images (%)": percent, "training loss (nats)": losses}
plots.curves(panels, "std of the first weights (log scale)", log_x=True)

# %% [markdown]
# *What to see: without batch norm there is a narrow window around 0.2. Left of it nothing arrives (loss
# $\ln 10=2.3$, guessing), right of it everything explodes (an infinite loss is not drawn). With batch norm
# every one of the twenty learns something, and the window of good scales is a hundred times wider.*

# %%
for name in kinds:
    good = sum(run.accuracy[-1] > 0.8 for run in runs[name])
    print(f"{name}: more than 80 % at {good} of {len(scales)} scales")

# %% [markdown]
# The window is not endless. If the output does not depend on the scale of the weights, why does learning? Look
# at the very first step: how large is it, in relation to the weights?


# %%
def first_step(weight_scale):
    network = untrained(batch_norm, weight_scale)
    before = network.parameters["w1"].copy()
    x, labels = next(numpy_mlp.batches(split, 50, np.random.default_rng(0)))
    network.step(x, labels, learning_rate=0.1)
    return np.linalg.norm(network.parameters["w1"] - before) / np.linalg.norm(before)


ratios = {"hidden layer 2, with batch norm": (scales, [first_step(scale) for scale in scales])}
shown = {"first step / weights (log scale)": ratios}
weights = "as large as the weights", 1
plots.curves(shown, "std of the first weights (log scale)", log_x=True, log_y=True, reference=weights)

# %% [markdown]
# *What to see: ten times larger weights, a hundred times smaller steps, as section 5 said. On the right the steps are
# too small for five epochs; around 0.001 the first step is larger than the weights themselves. At the far left the
# variance lies below $\varepsilon=10^{-5}$: epsilon, not the data, decides the scale, and the rule ends.*
#
# > **Often told wrong.** "Batch norm works because it reduces *internal covariate shift*", the drift of each
# > layer's input during training. That was the idea of the original paper. In 2018 Santurkar and others added
# > random drift *behind* the batch norm layers on purpose, and training stayed as good. What holds up in
# > experiments: the loss surface becomes smoother, and the scale of weights and gradients stops mattering.

# %% [markdown]
# ### Experiment: running statistics over time
#
# We train and watch one unit of the first hidden layer, step by step: the mean and variance of the batch that
# passes through, and your running ones, which start at 0.

# %%
network, unit, seen = untrained(batch_norm), 7, []
for x, labels in numpy_mlp.batches(split, 50, np.random.default_rng(0), epochs=4):
    w, b = network.parameters["w0"], network.parameters["b0"]
    values = (x @ w + b)[:, unit]  # what the batch norm of this unit sees
    network.step(x, labels, learning_rate=0.1)
    running = network.norm_params[0]
    seen.append([values.mean(), running["running_mean"][unit]])
    seen[-1] += [values.var(), running["running_var"][unit]]

# %%
means, running_means, variances, running_vars = np.array(seen).T
steps = np.arange(1, len(seen) + 1)
panels = {
    "mean of one unit": {"of the batch": (steps, means), "running": (steps, running_means)},
    "variance of one unit": {"of the batch": (steps, variances), "running": (steps, running_vars)},
}
plots.curves(panels, "training step", markers=False)

# %% [markdown]
# *What to see: the batches jump about, the running values follow calmly, some ten steps behind. In the first
# twenty steps they are plainly wrong: they started at 0, and climb to where the data are.*
#
# So what happens to somebody who tests too early? We evaluate after each of these 112 steps, with the running
# statistics of three momenta, and, for comparison, with the test images' own statistics (as in train mode, but
# nothing is kept).


# %%
def early_accuracies(momentum, mode):
    param = {"mode": "train", "momentum": momentum}
    network = untrained(numpy_mlp.Normalization(batchnorm_forward, batchnorm_backward, param))
    found = []
    for x, labels in numpy_mlp.batches(split, 50, np.random.default_rng(0), epochs=4):
        network.step(x, labels, learning_rate=0.1)
        found.append(100 * numpy_mlp.accuracy(network, split.test_images, split.test_labels, mode))
    return steps, found


early = {f"test mode, momentum {m}": early_accuracies(m, "test") for m in (0.5, 0.9, 0.99)}
early["the test images' own statistics"] = early_accuracies(0.9, "train")
plots.curves({"accuracy on test images (%)": early}, "training step", markers=False)

# %% [markdown]
# *What to see: the weights are the same in all four curves; only the statistics differ. With momentum 0.9 the
# test is too pessimistic for twenty steps. With 0.99 a good network* looks *useless for fifty steps and has not
# caught up at the end. If a model is fine in train mode and poor in test mode, look at the running statistics
# first.*

# %% [markdown]
# ## 7. Images: one mean per channel
#
# Behind a convolution comes a volume `(N, C, H, W)`. Normalizing each of the $C\cdot H\cdot W$ numbers by
# itself would treat the same filter differently at each pixel, and would undo the sharing of weights. So a
# channel counts as *one* feature, and every pixel of every image is one more row: mean and variance over $N$,
# $H$ and $W$,
#
# $$\mu_c = \frac1{N\,H\,W}\sum_{n,h,w} x_{nchw}, \qquad \gamma,\ \beta,\ \text{running statistics: } (C,)$$
#
# Worked number: a batch of 32 images of 64x8x8 has 64 means, each over $32\cdot8\cdot8 = 2{,}048$ numbers.
#
# ### Exercise: spatial_batchnorm_forward (8 points)
#
# *15 minutes, medium.* Write `spatial_batchnorm_forward(x, gamma, beta, bn_param)` and
# `spatial_batchnorm_backward(dout, cache)`. `bn_param` has the same keys and conventions as before. You have written
# everything already; bring the images into the form `(rows, features)`, call your own functions, and bring the
# result back.
#
# <details><summary>Hint</summary>
#
# `x.reshape(-1, C)` alone is wrong: it cuts the numbers up in the order in which they lie in memory, and that
# is pixel after pixel of *one* channel. The channel axis has to become the last one first:
# `transpose(0, 2, 3, 1)`. And back: which transpose undoes it?
# </details>


# %% role="answer" exercise="spatial_batchnorm_forward"
def spatial_batchnorm_forward(x, gamma, beta, bn_param):
    """Batch normalization of images: every channel by itself, over all images and all pixels.

    x: (N, C, H, W); gamma, beta: (C,); bn_param as in batchnorm_forward, running_mean and running_var: (C,).
    Returns (out, cache): out (N, C, H, W); cache is whatever spatial_batchnorm_backward will need.
    """
    ### BEGIN SOLUTION
    num_images, channels, height, width = x.shape
    rows = x.transpose(0, 2, 3, 1).reshape(-1, channels)  # (N*H*W, C)
    out_rows, cache = batchnorm_forward(rows, gamma, beta, bn_param)
    out = out_rows.reshape(num_images, height, width, channels).transpose(0, 3, 1, 2)
    return out, cache
    ### END SOLUTION


def spatial_batchnorm_backward(dout, cache):
    """Gradients of the loss through spatial_batchnorm_forward in train mode.

    dout: (N, C, H, W). Returns (dx, dgamma, dbeta): dx (N, C, H, W), dgamma (C,), dbeta (C,).
    """
    ### BEGIN SOLUTION
    num_images, channels, height, width = dout.shape
    dout_rows = dout.transpose(0, 2, 3, 1).reshape(-1, channels)  # (N*H*W, C)
    dx_rows, dgamma, dbeta = batchnorm_backward(dout_rows, cache)
    dx = dx_rows.reshape(num_images, height, width, channels).transpose(0, 3, 1, 2)
    return dx, dgamma, dbeta
    ### END SOLUTION


# %% role="check" exercise="spatial_batchnorm_forward"
def check_spatial_batchnorm():
    rng = np.random.default_rng(4)
    arrays = rng.normal(2, 3, (2, 3, 5, 4)), rng.normal(size=3), rng.normal(size=3)
    dout = rng.normal(size=(2, 3, 5, 4))
    x, gamma, beta = leaves = [torch.tensor(array, requires_grad=True) for array in arrays]
    expected = F.batch_norm(x, None, None, gamma, beta, training=True, eps=0.1)
    expected.backward(torch.tensor(dout))
    param = {"mode": "train", "eps": 0.1, "momentum": 0.7}
    out, cache = spatial_batchnorm_forward(*arrays, param)
    np.testing.assert_allclose(out, expected.detach(), rtol=1e-4, atol=1e-5, err_msg="out in train mode")
    wanted = 0.3 * arrays[0].mean(axis=(0, 2, 3))
    np.testing.assert_allclose(param["running_mean"], wanted, rtol=1e-4, err_msg="running mean, one per channel")
    gradients = spatial_batchnorm_backward(dout.copy(), cache)
    for name, gradient, leaf in zip(["dx", "dgamma", "dbeta"], gradients, leaves, strict=True):
        shape = tuple(leaf.shape)
        assert np.shape(gradient) == shape, f"{name}: expected shape {shape}, got {np.shape(gradient)}"
        np.testing.assert_allclose(gradient, leaf.grad, rtol=1e-4, atol=1e-5, err_msg=name)
    running = {"running_mean": rng.normal(size=3), "running_var": rng.uniform(1, 2, 3)}
    out, _ = spatial_batchnorm_forward(*arrays, {"mode": "test", "eps": 0.1, **running})
    expected = F.batch_norm(x, *map(torch.tensor, running.values()), gamma, beta, training=False, eps=0.1)
    np.testing.assert_allclose(out, expected.detach(), rtol=1e-4, atol=1e-5, err_msg="out in test mode")
    print("spatial_batchnorm_forward and _backward: agree with PyTorch.")


check_spatial_batchnorm()

# %% [markdown]
# ## 8. Which numbers share a mean?
#
# Batch norm ties the images of a batch together. That is awkward when a batch is small, or when train and test must
# be the same. Its relatives use the same formula and change only the answer to one question: *which numbers share a
# mean and a variance?* Think of a batch as a cube: $N$ images deep, $C$ channels wide, $H\cdot W$ pixels high.
#
# Choose a norm, move the slider through its blocks, and change the number of groups. Where no slider can run,
# you see all four.

# %%
widgets.explore_normalization()

# %% [markdown]
# *What to see: every block is normalized by itself, and neighbouring blocks differ in colour; the orange one
# stands out so that you can follow it. Only batch norm's block reaches through several images.*
#
# | | mean over | how many means | depends on the other images? |
# |---|---|---|---|
# | batch norm | $N, H, W$ | $C$ | yes, so it needs running statistics |
# | layer norm | $C, H, W$ | $N$ | no |
# | instance norm | $H, W$ | $N\cdot C$ | no |
# | group norm | $H, W$ and $C/G$ channels | $N\cdot G$ | no |
#
# **Predict.** Which two of the four are special cases of group norm, and for which $G$?
#
# <details><summary>Answer</summary>
#
# Layer norm is $G=1$, instance norm is $G=C$.
# </details>
#
# The three that look at one image at a time have no mode, no running statistics and nothing to get wrong between
# training and testing. What they give up is a little noise that regularizes, and the free ride of section 10.

# %% [markdown]
# ### Exercise: layernorm_forward (10 points)
#
# *20 minutes, medium.* Layer norm for plain features: `x (N, D)`, and each **row** is normalized by itself.
# Gamma and beta still belong to the features, `(D,)`; that is the trap. `ln_param` is a dictionary, maybe
# empty; `eps` is `1e-5` where it is missing and stands inside the root; the variance is biased. Write
# `layernorm_forward(x, gamma, beta, ln_param)` and `layernorm_backward(dout, cache)`.
#
# $$\mu_i=\frac1D\sum_j x_{ij} \qquad \sigma_i^2=\frac1D\sum_j(x_{ij}-\mu_i)^2 \qquad
#   \text{out}_{ij} = \gamma_j\,\frac{x_{ij}-\mu_i}{\sqrt{\sigma_i^2+\varepsilon}}+\beta_j$$
#
# Worked number: the row $(1,4,7)$ with $\varepsilon=3$ becomes $\hat x=(-1,0,1)$; with $\gamma=(1,2,1)$,
# $\beta=0$ the output is $(-1,0,1)$ again, since $2\cdot0=0$.
#
# <details><summary>Hint</summary>
#
# The box of section 5 with the sums along the rows: over $j$ in place of $k$, $D$ in place of $N$. Two sums
# stay as they were: which ones have the shape `(D,)`? `keepdims=True` keeps broadcasting honest.
# </details>


# %% role="answer" exercise="layernorm_forward"
def layernorm_forward(x, gamma, beta, ln_param):
    """Layer normalization: every ROW to mean 0 and variance 1; then a scale and a shift per feature.

    x: (N, D); gamma, beta: (D,). ln_param: a dictionary, maybe empty; eps, inside the root, default 1e-5.
    The variance is biased (divided by D). There is no mode: train and test are the same.
    Returns (out, cache): out (N, D); cache is whatever layernorm_backward will need.
    """
    ### BEGIN SOLUTION
    eps = ln_param.get("eps", 1e-5)
    mean = x.mean(axis=1, keepdims=True)
    var = x.var(axis=1, keepdims=True)
    std = np.sqrt(var + eps)
    x_hat = (x - mean) / std
    out = gamma * x_hat + beta
    cache = (std, x_hat, gamma)
    return out, cache
    ### END SOLUTION


def layernorm_backward(dout, cache):
    """Gradients of the loss through layernorm_forward.

    dout: (N, D). Returns (dx, dgamma, dbeta): dx (N, D), dgamma (D,), dbeta (D,).
    """
    ### BEGIN SOLUTION
    std, x_hat, gamma = cache
    dbeta = dout.sum(axis=0)
    dgamma = (dout * x_hat).sum(axis=0)
    dx_hat = dout * gamma
    offset = dx_hat.mean(axis=1, keepdims=True)
    slope = (dx_hat * x_hat).mean(axis=1, keepdims=True)
    dx = (dx_hat - offset - x_hat * slope) / std
    return dx, dgamma, dbeta
    ### END SOLUTION


# %% role="check" exercise="layernorm_forward"
def check_layernorm():
    out, _ = layernorm_forward(np.array([[1.0, 4.0, 7.0]]), np.array([1.0, 2.0, 1.0]), np.zeros(3), {"eps": 3.0})
    np.testing.assert_allclose(out, [[-1, 0, 1]], atol=1e-5, err_msg="the worked number above")
    rng = np.random.default_rng(5)
    arrays = rng.normal(2, 3, (4, 7)), rng.normal(size=7), rng.normal(size=7)
    dout = rng.normal(size=(4, 7))
    x, gamma, beta = leaves = [torch.tensor(array, requires_grad=True) for array in arrays]
    expected = F.layer_norm(x, (7,), gamma, beta, eps=0.1)
    expected.backward(torch.tensor(dout))
    out, cache = layernorm_forward(*arrays, {"eps": 0.1})
    np.testing.assert_allclose(out, expected.detach(), rtol=1e-4, atol=1e-5, err_msg="out")
    gradients = layernorm_backward(dout.copy(), cache)
    for name, gradient, leaf in zip(["dx", "dgamma", "dbeta"], gradients, leaves, strict=True):
        shape = tuple(leaf.shape)
        assert np.shape(gradient) == shape, f"{name}: expected shape {shape}, got {np.shape(gradient)}"
        np.testing.assert_allclose(gradient, leaf.grad, rtol=1e-4, atol=1e-5, err_msg=name)
    print("layernorm_forward and layernorm_backward: agree with PyTorch.")


check_layernorm()

# %% [markdown]
# ### Experiment: small batches
#
# Images of high resolution, video or 3D scans often leave room for two images per batch. Train with batches of
# 2, 5, 10 and 50 digits, with your batch norm, your layer norm, and without either; three epochs, the learning
# rate in proportion to the batch so that an epoch goes equally far, two runs each. **Predict** who suffers, and
# how badly with two.

# %%
kinds["with layer norm"] = numpy_mlp.Normalization(layernorm_forward, layernorm_backward)
sizes = (2, 5, 10, 50)
small = {}
for name, norm in kinds.items():
    for size in sizes:
        settings = {"learning_rate": 0.002 * size, "batch_size": size, "epochs": 3}
        small[name, size] = [trained(norm, seed=seed, **settings) for seed in (0, 1)]

# %%
percent, losses = {}, {}
for name in kinds:
    pairs = [small[name, size] for size in sizes]
    percent[name] = sizes, [[100 * run.accuracy[-1] for run in pair] for pair in pairs]
    losses[name] = sizes, [[run.loss[-1] for run in pair] for pair in pairs]
panels = {"accuracy on test images (%)": percent, "training loss (nats)": losses}
plots.curves(panels, "images in a batch (log scale)", log_x=True, ticks=sizes)

# %% [markdown]
# *What to see: the plain network and layer norm do not mind. The training loss with batch norm grows as the
# batch shrinks, and with two images it learns next to nothing.*
#
# **Why so badly with two?** Work it out: which values can $\hat x$ take for two rows $a$ and $b$?
#
# <details><summary>Answer</summary>
#
# The mean is $(a+b)/2$, the standard deviation $|a-b|/2$, so $\hat x=(\pm1,\mp1)$, whatever $a$ and $b$ were
# (but for epsilon). All that is left of a feature is which of the two is larger. And the gradient is all but
# zero: a change of $a$ changes nothing. Your formula says so too: with $\hat x=(1,-1)$ mean and part along
# $\hat x$ are *all* that a pair of numbers has.
# </details>

# %% [markdown]
# The loss curves of the network with batch norm, by batch size:

# %%
by_size = {f"batches of {size}": small["with batch norm", size][0].loss for size in sizes}
plots.lines(by_size, "epoch", "training loss (cross-entropy, nats)", reference=("guessing", np.log(10)))

# %% [markdown]
# ## 9. Groups of channels
#
# For images one takes the middle way: cut the channels into $G$ groups of neighbours, and normalize each group
# of each image by itself. With $C=6$, $G=3$: channels 0 and 1, channels 2 and 3, channels 4 and 5. Group norm
# with $G=32$ is what detection and segmentation networks use when only a few images fit into memory.
#
# ### Exercise: spatial_groupnorm_forward (10 points)
#
# *30 minutes, hard.* `x (N, C, H, W)`; `gamma` and `beta` have the shape **`(1, C, 1, 1)`**, one scale and
# shift per *channel*, ready to broadcast, and so have `dgamma` and `dbeta`. `G` divides `C`; if it does not,
# raise a `ValueError`. `gn_param` may hold `eps` (inside the root, default `1e-5`). The variance is biased;
# there is no mode. Write `spatial_groupnorm_forward(x, gamma, beta, G, gn_param)` and
# `spatial_groupnorm_backward(dout, cache)`.
#
# Worked number: one image of two pixels, two channels $(0, 2)$ and $(4, 6)$, $\varepsilon=0$. With $G=1$ all
# four numbers share the mean 3 and the variance $(9+1+1+9)/4=5$: $\hat x=(-3,-1),(1,3)$, all over $\sqrt5$.
# With $G=2$ each channel has variance 1: $\hat x=(-1,1),(-1,1)$.
#
# <details><summary>Hint 1</summary>
#
# Channels are neighbours in memory, so here a plain `reshape` to `(N, G, C // G, H, W)` does what you want,
# without any transpose. Over which of the five axes goes the mean?
# </details>
#
# <details><summary>Hint 2</summary>
#
# In the backward pass, multiply by gamma *before* the mean over the group: the channels of a group have different
# gammas. The sums for dgamma run over other axes than the means for dx.
# </details>


# %% role="answer" exercise="spatial_groupnorm_forward"
def spatial_groupnorm_forward(x, gamma, beta, G, gn_param):
    """Group normalization: each image's channels in G groups of neighbours, each normalized by itself.

    x: (N, C, H, W); gamma, beta: (1, C, 1, 1), a scale and a shift per channel.
    G: an int that divides C, else a ValueError.
    gn_param: a dictionary, maybe empty; eps, inside the root, default 1e-5.
    The variance is biased (divided by the number of values). There is no mode.
    Returns (out, cache): out (N, C, H, W); cache is whatever spatial_groupnorm_backward will need.
    """
    ### BEGIN SOLUTION
    eps = gn_param.get("eps", 1e-5)
    num_images, channels, height, width = x.shape
    if channels % G != 0:
        raise ValueError(f"spatial_groupnorm_forward: {channels} channels cannot be cut into {G} groups")
    groups = x.reshape(num_images, G, channels // G, height, width)
    mean = groups.mean(axis=(2, 3, 4), keepdims=True)
    var = groups.var(axis=(2, 3, 4), keepdims=True)
    std = np.sqrt(var + eps)  # (N, G, 1, 1, 1)
    x_hat = ((groups - mean) / std).reshape(x.shape)
    out = gamma * x_hat + beta
    cache = (std, x_hat, gamma, G)
    return out, cache
    ### END SOLUTION


def spatial_groupnorm_backward(dout, cache):
    """Gradients of the loss through spatial_groupnorm_forward.

    dout: (N, C, H, W). Returns (dx, dgamma, dbeta): dx (N, C, H, W), dgamma and dbeta (1, C, 1, 1).
    """
    ### BEGIN SOLUTION
    std, x_hat, gamma, G = cache
    num_images, channels, height, width = dout.shape
    dbeta = dout.sum(axis=(0, 2, 3), keepdims=True)
    dgamma = (dout * x_hat).sum(axis=(0, 2, 3), keepdims=True)
    dx_hat = (dout * gamma).reshape(num_images, G, channels // G, height, width)
    x_hat = x_hat.reshape(dx_hat.shape)
    offset = dx_hat.mean(axis=(2, 3, 4), keepdims=True)
    slope = (dx_hat * x_hat).mean(axis=(2, 3, 4), keepdims=True)
    dx = (dx_hat - offset - x_hat * slope) / std
    return dx.reshape(dout.shape), dgamma, dbeta
    ### END SOLUTION


# %% role="check" exercise="spatial_groupnorm_forward"
def check_spatial_groupnorm():
    rng = np.random.default_rng(6)
    shape = 1, 6, 1, 1
    for num_groups in (1, 2, 3, 6):
        arrays = rng.normal(2, 3, (2, 6, 5, 3)), rng.normal(size=shape), rng.normal(size=shape)
        dout = rng.normal(size=(2, 6, 5, 3))
        x, gamma, beta = leaves = [torch.tensor(array, requires_grad=True) for array in arrays]
        expected = F.group_norm(x, num_groups, gamma.flatten(), beta.flatten(), eps=0.1)
        expected.backward(torch.tensor(dout))
        out, cache = spatial_groupnorm_forward(*arrays, num_groups, {"eps": 0.1})
        where = f"6 channels in {num_groups} groups"
        np.testing.assert_allclose(out, expected.detach(), rtol=1e-4, atol=1e-5, err_msg=f"out, {where}")
        gradients = spatial_groupnorm_backward(dout.copy(), cache)
        for name, gradient, leaf in zip(["dx", "dgamma", "dbeta"], gradients, leaves, strict=True):
            wanted = tuple(leaf.shape)
            assert np.shape(gradient) == wanted, f"{name}: expected shape {wanted}, got {np.shape(gradient)}"
            np.testing.assert_allclose(gradient, leaf.grad, rtol=1e-4, atol=1e-5, err_msg=f"{name}, {where}")
    try:
        spatial_groupnorm_forward(*arrays, 4, {})
    except ValueError:
        print("spatial_groupnorm_forward and _backward: agree with PyTorch.")
    else:
        raise AssertionError("6 channels in 4 groups: expected a ValueError")


check_spatial_groupnorm()

# %% [markdown]
# ### Experiment: a photo through a tinted window
#
# A real photograph, and the same photograph as if through tinted glass: each colour channel multiplied by a
# factor of its own and brightened. Both go through *your* group norm, with $G=1$ (layer norm) and with $G=3$
# (one colour channel per group: instance norm). **Predict**: after which of the two can the tint no longer be
# seen?

# %%
photo = data.photos()["china"][:, 40:300, 60:440].astype(float)  # (3, 260, 380)
tinted = photo * np.array([0.35, 0.5, 0.9]).reshape(3, 1, 1) + 0.1
pictures = {"photo": photo, "tinted": tinted}
ones, zeros = np.ones((1, 3, 1, 1)), np.zeros((1, 3, 1, 1))
normed, shown = {}, {}
for name, picture in pictures.items():
    shown[name] = picture
    for G in (1, 3):
        out, _ = spatial_groupnorm_forward(picture[np.newaxis], ones, zeros, G, {})
        normed[name, G], shown[f"{name}, G = {G}"] = out[0], (0.5 + 0.2 * out[0]).clip(0, 1)
plots.image_grid(shown, columns=3, tile=3.1)

# %%
for G in (1, 3):
    difference = np.abs(normed["photo", G] - normed["tinted", G]).max()
    print(f"G = {G}: largest difference between photo and tinted photo: {difference:.1e}")

# %% [markdown]
# *What to see (zero is drawn as middle grey): with $G=1$ the tint survives, since all channels share one mean.
# With $G=3$ both results are the same picture (but for epsilon).* A factor and an offset per channel are just
# what instance norm takes away. That is why it is popular for changing the *style* of pictures, and a poor
# choice where brightness or colour is the message.

# %% [markdown]
# ## 10. In testing, batch norm is free
#
# In test mode mean and variance are constants. What remains is a factor and an offset per channel, and a
# convolution has these already: its weights can be multiplied, its bias shifted. So before a network is put to
# use, each batch norm is **folded** into the convolution before it:
#
# $$\gamma\,\frac{(w * x + b) - \mu}{\sqrt{\sigma^2+\varepsilon}} + \beta
#   = \underbrace{\frac{\gamma}{\sqrt{\sigma^2+\varepsilon}}\,w}_{w'} * x
#   + \underbrace{\frac{\gamma}{\sqrt{\sigma^2+\varepsilon}}(b-\mu)+\beta}_{b'}$$
#
# ### Exercise: fold_batchnorm (10 points)
#
# *15 minutes, easy.* `w (F, C, HH, WW)`; `b (F,)` or `None` when the convolution has no bias (common in front
# of a batch norm); `gamma`, `beta`, `mean`, `var` `(F,)`, the last two being the running statistics; `eps` a
# number. Return new arrays $w'$ and $b'$ (there is always a $b'$) and leave the inputs as they were.
#
# Worked number: one filter with the one weight $6$, $b=1$, $\gamma=2$, $\beta=10$, mean $4$, variance $6$,
# $\varepsilon=3$. The factor is $2/3$, so $w'=4$ and $b'=(1-4)\cdot\tfrac23+10=8$. Try $x=1$: $6+1=7$,
# normalized $(7-4)/3=1$, out $2+10=12$; folded: $4+8=12$.
#
# <details><summary>Hint</summary>
#
# The factor belongs to the *filter*, the first axis of `w`. NumPy lines shapes up from the last axis, so `(F,)`
# needs three more axes behind it.
# </details>


# %% role="answer" exercise="fold_batchnorm"
def fold_batchnorm(w, b, gamma, beta, mean, var, eps):
    """A convolution and the batch normalization behind it, in test mode, as one convolution.

    w: (F, C, HH, WW); b: (F,), or None for a convolution without bias;
    gamma, beta, mean, var: (F,), the last two being the running statistics; eps: a number.
    Returns (w, b) of the one convolution, as new arrays: (F, C, HH, WW) and (F,).
    Leaves its inputs as they were.
    """
    ### BEGIN SOLUTION
    std = np.sqrt(var + eps)
    scale = gamma / std  # one factor per filter
    bias = np.zeros_like(mean) if b is None else b
    w_folded = w * scale[:, np.newaxis, np.newaxis, np.newaxis]
    b_folded = (bias - mean) * scale + beta
    return w_folded, b_folded
    ### END SOLUTION


# %% role="check" exercise="fold_batchnorm"
def check_fold_batchnorm():
    w, b = fold_batchnorm(np.full((1, 1, 1, 1), 6.0), *map(np.array, ([1.0], [2.0], [10.0], [4.0], [6.0])), 3.0)
    np.testing.assert_allclose(w, [[[[4]]]], err_msg="the worked number: w")
    np.testing.assert_allclose(b, [8], err_msg="the worked number: b")
    rng = np.random.default_rng(7)
    images, kernel = rng.normal(size=(2, 3, 6, 5)), rng.normal(size=(4, 3, 3, 2))
    gamma, beta, mean, var = *rng.normal(size=(3, 4)), rng.uniform(1, 2, 4)
    for bias in (rng.normal(size=4), None):
        where = "without bias" if bias is None else "with bias"
        bias_tensor = None if bias is None else torch.tensor(bias)
        hidden = F.conv2d(torch.tensor(images), torch.tensor(kernel), bias_tensor)
        expected = F.batch_norm(hidden, *map(torch.tensor, (mean, var, gamma, beta)), eps=0.1)
        before = kernel.copy()
        w, b = fold_batchnorm(kernel, bias, gamma, beta, mean, var, 0.1)
        np.testing.assert_array_equal(kernel, before, err_msg="w must be left as it was")
        out = F.conv2d(torch.tensor(images), *(torch.tensor(array, dtype=torch.float64) for array in (w, b)))
        np.testing.assert_allclose(out, expected, rtol=1e-4, atol=1e-5, err_msg=f"a convolution {where}")
    print("fold_batchnorm: one convolution does the work of two layers.")


check_fold_batchnorm()

# %% [markdown]
# ### Experiment: fold a trained network
#
# A small ConvNet with two batch norm layers, trained on the digits. (Training uses PyTorch's own layers here;
# yours comes in the next section.)


# %%
def conv_net(norm):
    return nn.Sequential(
        nn.Conv2d(1, 16, 3, padding=1, bias=False), norm(16), nn.ReLU(), nn.MaxPool2d(2),  # (16, 4, 4)
        nn.Conv2d(16, 32, 3, padding=1, bias=False), norm(32), nn.ReLU(), nn.MaxPool2d(2),  # (32, 2, 2)
        nn.Flatten(), nn.Linear(32 * 2 * 2, 10),
    )  # fmt: skip


net = training.seeded(lambda: conv_net(nn.BatchNorm2d), 0)
history = training.train(net, split, epochs=4)
print(f"accuracy on {len(split.test_labels)} test digits: {history.accuracy[-1]:.1%}")

# %% [markdown]
# First in NumPy, layer by layer: the course's convolution (from the library that you have been given), then
# *your* spatial batch norm in test mode, against the one folded convolution.

# %%
conv, norm = net[0], net[1]
w = conv.weight.detach().numpy().astype(float)
tensors = norm.weight, norm.bias, norm.running_mean, norm.running_var
gamma, beta, mean, var = (tensor.detach().numpy().astype(float) for tensor in tensors)
folded_w, folded_b = fold_batchnorm(w, None, gamma, beta, mean, var, norm.eps)
images = split.test_images.astype(float)  # (359, 1, 8, 8)


def two_layers():
    hidden, _ = staff_convolution.conv_forward_fast(images, w, np.zeros(16), {"stride": 1, "pad": 1})
    test_mode = {"mode": "test", "eps": norm.eps, "running_mean": mean, "running_var": var}
    return spatial_batchnorm_forward(hidden, gamma, beta, test_mode)[0]


def one_layer():
    return staff_convolution.conv_forward_fast(images, folded_w, folded_b, {"stride": 1, "pad": 1})[0]


print(f"largest difference between two layers and one: {np.abs(two_layers() - one_layer()).max():.0e}")

# %% [markdown]
# What does it save? The middle of nine runs each.

# %%
times_ms = {
    name: {"convolution and batch norm": 1000 * timing.median_seconds(call, repeats=9)}
    for name, call in [("two layers", two_layers), ("folded into one", one_layer)]
}
plots.grouped_bars(times_ms, "time (ms)")

# %% [markdown]
# *What to see: the same numbers in less time. Batch norm has little to compute, but it walks through all numbers of a
# volume, and that is what costs.*

# %% [markdown]
# Then the whole network: both convolutions folded, both norms gone.


# %%
def folded(conv, norm):
    tensors = conv.weight, norm.weight, norm.bias, norm.running_mean, norm.running_var
    w, gamma, beta, mean, var = (t.detach().numpy() for t in tensors)
    result = nn.Conv2d(conv.in_channels, conv.out_channels, conv.kernel_size, padding=conv.padding)
    folded_w, folded_b = fold_batchnorm(w, None, gamma, beta, mean, var, norm.eps)
    with torch.no_grad():
        result.weight.copy_(torch.tensor(folded_w))
        result.bias.copy_(torch.tensor(folded_b))
    return result


lean = nn.Sequential(folded(net[0], net[1]), *net[2:4], folded(net[4], net[5]), *net[6:])
scores = {name: training.predict(model, split.test_images) for name, model in [("trained", net), ("folded", lean)]}
agree = (scores["trained"].argmax(1) == scores["folded"].argmax(1)).double().mean()
difference = (scores["trained"] - scores["folded"]).abs().max()
print(f"same answer on {agree:.1%} of the test digits, largest difference of a score {difference:.0e}")

# %% [markdown]
# Neither layer norm nor group norm can be removed in this way. **Why not?**
#
# <details><summary>Answer</summary>
#
# Their mean and variance are computed from the very image that is being classified. They are no constants that
# one could multiply into the weights beforehand.
# </details>

# %% [markdown]
# ## 11. A layer of your own in PyTorch
#
# Last step: the layer that the world uses. `torch.nn.BatchNorm2d` does what your `spatial_batchnorm_forward`
# does, and differs in details that have cost people weeks. Read the table twice.
#
# | | your NumPy functions | `torch.nn.BatchNorm2d` |
# |---|---|---|
# | momentum | share that is **kept**, 0.9 | share that is **replaced**, 0.1 |
# | variance that normalizes | biased | biased |
# | variance in the running statistics | biased | **unbiased**: times $n/(n-1)$ with $n=N\cdot H\cdot W$ |
# | running statistics start at | mean 0, variance **0** | mean 0, variance **1** |
# | epsilon | inside the root | inside the root |
# | one value per channel in training | allowed | **`ValueError`** |
#
# And it has a contract:
#
# - `weight` (gamma) and `bias` (beta) are **parameters**: an optimizer changes them. `running_mean`,
#   `running_var` and `num_batches_tracked` (an integer) are **buffers**: they move with `.to(device)` and are
#   saved, but no optimizer and no gradient touches them. Autograd's graph must not reach into them.
# - `state_dict()` has these five keys in this order, so that a file from your layer loads into PyTorch's, and
#   the other way round.
# - `momentum=None` means the plain average of all batches so far: the share is $1/k$ at batch number $k$.
#   (`momentum=0.0` is a number: nothing is ever replaced.)
# - `affine=False`: no `weight`, no `bias` (both are `None`, and not in the state dict).
# - `track_running_stats=False`: all three buffers are `None`, and the batch's own statistics serve in eval mode too.
# - In **eval** mode nothing changes, ever. `module.training` says which mode it is.
# - `ValueError` for an input that does not have four axes, and for one value per channel where the batch's own
#   statistics are needed.
#
# ### Exercise: BatchNorm2d (16 points)
#
# *45 minutes, hard.* Write the class from `nn.Module`. Autograd does the backward pass: what you compute from
# `x` by tensor operations has a gradient. PyTorch's own normalization is of course off limits, as a function
# and as a parent class. Create tensors from those that you have, and the layer runs on any device.
#
# Worked number: one channel, the two values 1 and 3, momentum 0.25. Mean 2, biased variance 1, unbiased
# $1\cdot\tfrac21=2$. Output $\mp1$ (but for epsilon); running mean $0.75\cdot0+0.25\cdot2=0.5$, running
# variance $0.75\cdot1+0.25\cdot2=1.25$.
#
# <details><summary>Hint 1</summary>
#
# `self.register_parameter(name, value)` and `self.register_buffer(name, value)` also take `None` for the value;
# then the attribute exists and is no part of the state dict. A counter is `torch.tensor(0)`.
# </details>
#
# <details><summary>Hint 2</summary>
#
# Update the buffers inside `with torch.no_grad():` and in place (`copy_`, `+=`). If you see "backward through
# the graph a second time", a buffer still holds on to the graph of an earlier batch.
# </details>


# %% role="answer" exercise="BatchNorm2d"
class BatchNorm2d(nn.Module):
    """Batch normalization of images (N, C, H, W) with the contract of torch.nn.BatchNorm2d.

    num_features: C. eps: added to the variance, inside the root.
    momentum: the share of the running value that is REPLACED (the other way round from bn_param's);
      None: the plain average over all batches so far.
    Parameters weight and bias (C,) start at 1 and 0; both are None without affine.
    Buffers running_mean (C,), running_var (C,) and num_batches_tracked (an int64 scalar) start at 0, 1
      and 0; all three are None without track_running_stats, and then the batch's own statistics serve
      in eval mode too.
    """

    def __init__(self, num_features, eps=1e-5, momentum=0.1, affine=True, track_running_stats=True):
        """Makes parameters and buffers; those that are None stand under their names all the same."""
        ### BEGIN SOLUTION
        super().__init__()
        self.num_features, self.eps, self.momentum = num_features, eps, momentum
        self.affine, self.track_running_stats = affine, track_running_stats
        self.register_parameter("weight", nn.Parameter(torch.ones(num_features)) if affine else None)
        self.register_parameter("bias", nn.Parameter(torch.zeros(num_features)) if affine else None)
        self.register_buffer("running_mean", torch.zeros(num_features) if track_running_stats else None)
        self.register_buffer("running_var", torch.ones(num_features) if track_running_stats else None)
        self.register_buffer("num_batches_tracked", torch.tensor(0) if track_running_stats else None)
        ### END SOLUTION

    def forward(self, x):
        """x: (N, C, H, W), on the device of the parameters. Returns the same shape.

        Normalizes with mean and BIASED variance of the batch in training mode, with the running
        statistics in eval mode, which changes nothing. In training mode it updates running_mean,
        running_var, for which the variance is UNBIASED (divided by count - 1), and
        num_batches_tracked; they are no part of autograd's graph.
        Raises ValueError unless x has four axes, and where the batch's own statistics are needed and
        there is one value per channel.
        """
        ### BEGIN SOLUTION
        if x.dim() != 4:
            raise ValueError(f"BatchNorm2d: x must have four axes (N, C, H, W), got {x.dim()}")
        if self.training or not self.track_running_stats:
            count = x.numel() // x.shape[1]  # values per channel
            if count == 1:
                raise ValueError(f"BatchNorm2d: one value per channel has no spread, got shape {tuple(x.shape)}")
            mean = x.mean(dim=(0, 2, 3))
            var = x.var(dim=(0, 2, 3), unbiased=False)
        else:
            mean, var = self.running_mean, self.running_var
        if self.training and self.track_running_stats:
            with torch.no_grad():
                self.num_batches_tracked += 1
                share = 1 / self.num_batches_tracked.item() if self.momentum is None else self.momentum
                unbiased_var = var * count / (count - 1)
                self.running_mean.copy_((1 - share) * self.running_mean + share * mean)
                self.running_var.copy_((1 - share) * self.running_var + share * unbiased_var)
        std = torch.sqrt(var + self.eps)
        out = (x - mean[:, None, None]) / std[:, None, None]
        if self.affine:
            out = out * self.weight[:, None, None] + self.bias[:, None, None]
        return out
        ### END SOLUTION


# %% role="check" exercise="BatchNorm2d"
def check_batchnorm2d():
    torch.manual_seed(8)
    assert not isinstance(BatchNorm2d(3), nn.modules.batchnorm._NormBase), "write it from nn.Module"
    devices = ["cpu", "cuda"] if torch.cuda.is_available() else ["cpu"]
    all_options = [{}, {"eps": 0.1, "momentum": 0.3}, {"momentum": None}, {"affine": False}]
    all_options += [{"track_running_stats": False}]
    for device in devices:
        for options in all_options:
            where = f"BatchNorm2d(3{''.join(f', {key}={value}' for key, value in options.items())}) on {device}"
            yours, theirs = (kind(3, **options).double().to(device) for kind in (BatchNorm2d, nn.BatchNorm2d))
            assert list(yours.state_dict()) == list(theirs.state_dict()), f"{where}: the keys of state_dict()"
            for step, (is_training, num_images) in enumerate([(1, 4), (1, 1), (0, 1), (1, 2), (0, 3)]):
                x = 3 * torch.randn(num_images, 3, 5, 2, dtype=torch.float64, device=device) + 2
                dout = torch.randn_like(x)
                results = []
                for module in (yours.train(bool(is_training)), theirs.train(bool(is_training))):
                    leaf = x.clone().requires_grad_()
                    out = module(leaf)
                    gradients = torch.autograd.grad(out, [leaf, *module.parameters()], dout)
                    results.append([out.detach(), *gradients, *(v.clone() for v in module.state_dict().values())])
                names = ["out", "dx", *(f"gradient of {name}" for name, _ in theirs.named_parameters())]
                for name, mine, expected in zip([*names, *theirs.state_dict()], *results, strict=True):
                    what = f"{where}, {'training' if is_training else 'eval'} mode, step {step + 1}: {name}"
                    torch.testing.assert_close(mine, expected, msg=lambda text, what=what: f"{what}: {text}")
            theirs.load_state_dict(yours.state_dict())
            yours.load_state_dict(theirs.state_dict())
    for x, what in [(torch.zeros(1, 3, 1, 1), "one value per channel in training"), (torch.zeros(4, 3), "two axes")]:
        try:
            BatchNorm2d(3)(x)
        except ValueError:
            continue
        raise AssertionError(f"{what}: expected a ValueError")
    print(f"BatchNorm2d: does what torch.nn.BatchNorm2d does, on {' and '.join(devices)}.")


check_batchnorm2d()

# %% [markdown]
# ### On a GPU, if there is one
#
# The same code, wherever the tensors live. This cell says which device it used.

# %%
device = training.pick_device()
x = 3 * torch.randn(16, 32, 28, 28, device=device) + 5
yours, theirs = BatchNorm2d(32).to(device), nn.BatchNorm2d(32).to(device)
difference = (yours(x) - theirs(x)).abs().max()
buffers = max((yours.state_dict()[name] - value).abs().max() for name, value in theirs.state_dict().items())
print(f"device: {x.device}, largest difference: output {difference:.0e}, state {buffers:.0e}")

# %% [markdown]
# ### Experiment: your layer learns
#
# The ConvNet of section 10 from the same start, with PyTorch's layer, with yours, and with nothing in its place.

# %%
kinds = {"PyTorch's BatchNorm2d": nn.BatchNorm2d, "your BatchNorm2d": BatchNorm2d, "no normalization": nn.Identity}
nets = {name: training.seeded(lambda kind=kind: conv_net(kind), 0).to(device) for name, kind in kinds.items()}
histories = {name: training.train(net, split, epochs=4, learning_rate=2e-2) for name, net in nets.items()}
print(", ".join(f"{name}: {history.accuracy[-1]:.1%}" for name, history in histories.items()))
plots.lines({name: h.loss for name, h in histories.items()}, "epoch", "training loss (cross-entropy, nats)")

# %% [markdown]
# *What to see: yours lies on PyTorch's.* And since the state dicts have the same keys, a network that was
# trained with your layer goes on in PyTorch's:

# %%
successor = conv_net(nn.BatchNorm2d).to(device)
successor.load_state_dict(nets["your BatchNorm2d"].state_dict())
pair = nets["your BatchNorm2d"], successor
first, second = (training.predict(net, split.test_images) for net in pair)
print(f"largest difference of a score: {(first - second).abs().max():.0e}")

# %% [markdown]
# ## 12. Two questions
#
# ### Exercise: bias_before_batchnorm (5 points)
#
# *15 minutes; write about ten sentences, formulas welcome.* A network contains, over and over, the three layers
# `nn.Conv2d(64, 128, 3)`, `nn.BatchNorm2d(128)`, `nn.ReLU()`. The convolution has a bias, as is the default.
#
# 1. In training mode: what does the bias of the convolution do to the output of the batch norm? Show it with
#    the formula. What gradient does it get?
# 2. You load the trained network, set it to eval mode and then add 1 to every bias of that convolution. Does
#    the output change? Why is the answer another one than in question 1?
# 3. How many parameters does `bias=False` save in these three layers? And would you still leave the bias out if
#    the order were convolution, ReLU, batch norm? If group norm with 32 groups stood in the place of batch
#    norm?

# %% [markdown] role="answer" exercise="bias_before_batchnorm"
# ### BEGIN SOLUTION
# 1. A bias adds the same number $b_c$ to all values of channel $c$. The mean over $N, H, W$ grows by exactly
#    $b_c$, and the variance does not change: $(x + b_c) - (\mu + b_c) = x - \mu$. So the output is the same for
#    every $b_c$: the bias has no effect, beta does its work. Its gradient is the sum of dx over the batch and
#    the pixels, which is 0 for batch norm (the mean of the gradient was taken off). It stays where it started,
#    but for rounding and for weight decay, which shrinks it.
# 2. Yes: in eval mode the mean is a constant, the running mean of the training, in which the old bias is
#    contained. A bias that is 1 larger now shifts the output by $\gamma/\sqrt{\sigma^2+\varepsilon}$ per
#    channel. In training mode the mean is computed from the shifted values and follows along; the running mean
#    does not.
# 3. 128 parameters (of 64 * 3 * 3 * 128 + 128 + 2 * 128). With the ReLU in between the bias decides which
#    values are cut off *before* the mean is taken; ReLU(x + b) is no shift of ReLU(x), so the bias matters and
#    stays. Group norm with 32 groups takes one mean over the 4 channels of a group: a bias that differs between
#    these 4 channels does not cancel (only what they have in common does), so it matters too. (Beta could undo
#    the shift of each channel but not the change of the group's variance.)
# ### END SOLUTION
#
# === BEGIN MARK SCHEME ===
# Five points in all:
#
# - **Cancels (1 point).** In training the bias shifts the mean by the same amount and leaves the variance
#   alone; said with the formula. "Beta replaces it" without the reason: half a point.
# - **Gradient (1 point).** Zero, with a reason: the output does not depend on it, or dx sums to zero over the
#   batch. (Mentions rounding or weight decay: fine, not needed.)
# - **Eval (1 point).** The output does change, because the running mean is a constant that does not follow. "No
#   change": 0.
# - **Count and ReLU (1 point).** 128 (half a point); with the ReLU in between the bias stays, because ReLU is
#   not a shift (half a point).
# - **Group norm (1 point).** The mean is shared by 4 channels with different biases, so they do not cancel.
#   "Same as batch norm": 0. Says that only $G = C$ would cancel them: full.
# === END MARK SCHEME ===

# %% [markdown]
# ### Exercise: train_and_test (5 points)
#
# *20 minutes; write about fifteen sentences.*
#
# 1. To save memory somebody trains a fully connected network with `batchnorm_forward` (as in this notebook) on
#    batches of **one** image. Say what `out` is in training, what gradient reaches the layer before, where
#    running mean and running variance go, and what the network then does in test mode.
# 2. Somebody else does the same with a ConvNet and `spatial_batchnorm_forward` on batches of one image of 32x32
#    pixels. What is different now? Which other normalization is it in training, and why is testing still not
#    the same as training?
# 3. A network reaches 98 % on the training images in training mode and 40 % *on the same images* in test mode.
#    Give two causes that lie in batch norm, and how you would tell them apart. What would you change for
#    batches of one or two images?

# %% [markdown] role="answer" exercise="train_and_test"
# ### BEGIN SOLUTION
# 1. With one row the mean is the row itself, so x - mean = 0 and out = beta, whatever the image is. All images
#    get the same scores; no gradient reaches x (dx = 0: the mean of one number is all of it), so no layer
#    before learns anything and the loss stays near guessing. Each batch variance is 0, so the running variance
#    shrinks towards 0 (0.9 to the power of the steps, or stays at 0 as it began), while the running mean
#    becomes an average over the images. In test mode x - running_mean is not zero and is divided by sqrt(eps) =
#    0.003: everything is blown up about 316 times. (PyTorch refuses this case with a ValueError.)
# 2. Now 1,024 pixels share a mean, so variance is not zero, gradients flow and it can learn. In training it is
#    instance norm: each image is normalized with its own statistics. In testing, running statistics are used,
#    averages over many images, while each single training image had its own mean and contrast taken off. Test
#    images therefore arrive with shifts and scales that the network never saw in training. (Also: the average
#    of the variances within images leaves out the spread between the images' means.)
# 3. Cause a: running statistics not settled or not representative (too few steps, momentum wrong way round or
#    too slow, last batches odd, small batches so noisy). Cause b: the code differs between the modes: eps
#    missing or outside in test mode, running statistics never updated or swapped, or updated from the wrong
#    axis; or the batches were composed unlike the test data (sorted by class). To tell them apart: evaluate in
#    train mode on large batches (good means weights are fine); recompute mean and variance over the whole
#    training set with frozen weights, put them in, test again: if it is good now, it was the statistics (a), if
#    not, the code (b). Compare the running values with those of a batch. For one or two images: group norm or
#    layer norm (no dependence on the batch), or frozen / synchronized batch norm, accumulating statistics over
#    several batches.
# ### END SOLUTION
#
# === BEGIN MARK SCHEME ===
# Five points in all:
#
# - **One row, training (1 point).** out = beta for every image *and* no gradient to the layer before (nothing
#   is learned). One of the two: half a point.
# - **One row, testing (1 point).** Running variance goes to (or stays at) zero, so test mode divides by
#   sqrt(eps), about 316 times too large; or says that the outputs explode with this reason. "It becomes
#   inaccurate": 0.
# - **ConvNet with N = 1 (1 point).** It is instance norm in training (half a point), and testing uses averages
#   over images, so single images are no longer normalized by their own statistics (half a point).
# - **Two causes and a test (1 point).** Two different causes that lie in batch norm (half a point), and an
#   experiment that separates them, such as recomputing the statistics over the training set or evaluating in
#   train mode (half a point).
# - **Remedy (1 point).** Group, layer or instance norm, with the reason that they do not depend on the batch;
#   frozen statistics or statistics over several devices or batches are right too. "Larger batches" alone, which
#   the question rules out: 0.
# === END MARK SCHEME ===

# %% [markdown]
# ## What to remember
#
# - Mean off, divided by $\sqrt{\sigma^2+\varepsilon}$, times gamma, plus beta. The relatives differ in **which
#   numbers share a mean**, and in nothing else.
# - Training uses the batch and updates the running statistics; testing uses these and touches nothing.
# - Backward: the gradient loses its mean and its part along $\hat x$, and is divided by the standard deviation.
# - It does not make steps better. It makes the network indifferent to the scale of its weights, and so larger
#   steps possible.
# - The smaller the batch, the worse; layer norm and group norm do not care.
# - In testing it is a factor and an offset per channel: fold it away.
# - When train and test disagree, look at mode, momentum, epsilon and running statistics, in this order.
#
# ## Further reading
#
# - S. Ioffe and C. Szegedy, *Batch normalization: accelerating deep network training by reducing internal
#   covariate shift*, ICML 2015, arXiv:1502.03167. Algorithms 1 and 2 are this notebook; sections 2 and 3 are
#   worth reading slowly.
# - S. Santurkar, D. Tsipras, A. Ilyas, A. Madry, *How does batch normalization help optimization?*, NeurIPS
#   2018, arXiv:1805.11604.
# - J. Bjorck, C. Gomes, B. Selman, K. Weinberger, *Understanding batch normalization*, NeurIPS 2018,
#   arXiv:1806.02375. Why large learning rates become possible.
# - J. Ba, J. Kiros, G. Hinton, *Layer normalization*, 2016, arXiv:1607.06450.
# - D. Ulyanov, A. Vedaldi, V. Lempitsky, *Instance normalization*, 2016, arXiv:1607.08022.
# - Y. Wu and K. He, *Group normalization*, ECCV 2018, arXiv:1803.08494. The cube of section 8 is their figure 2.
# - Y. Wu and J. Johnson, *Rethinking "batch" in BatchNorm*, 2021, arXiv:2105.07576. Everything that can go
#   wrong, measured.
# - B. Jacob et al., *Quantization and training of neural networks for efficient integer-arithmetic-only
#   inference*, CVPR 2018, arXiv:1712.05877, section 3.2: folding.
# - Stanford CS231n, *Convolutional Neural Networks for Visual Recognition*, cs231n.github.io. The naming of
#   `batchnorm_forward` comes from its exercises.
# - A. Zhang, Z. Lipton, M. Li, A. Smola, *Dive into Deep Learning*, section 8.5, d2l.ai.
