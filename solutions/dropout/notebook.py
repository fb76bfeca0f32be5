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
# # Dropout and regularisation
#
# A network with tens of thousands of weights and two hundred training images has more numbers to turn than
# facts to learn. It can simply learn the answers **by heart**, wrong ones included. Everything in this
# notebook makes learning by heart harder, so that what is left to learn is the rule.
#
# The best known remedy sounds like sabotage: in every step of training, switch a random half of the units
# off. You will build it, measure what it does and what it costs, and find that a good part of what is written
# about it, this course's own lecture notes included, mixes up *dropping* with *keeping*. Then come its
# relatives: penalties on large weights, weight decay, softened labels, mixed images, dropped layers, and
# stopping in time.

# %% [markdown]
# ## Goals
#
# After this notebook you can
#
# - write dropout forward and backward, in both of its forms, and say which is which in code you have never
#   seen;
# - say why nothing needs to be done at test time, and of what the one scaled network is the average;
# - use the same randomness at test time to ask a network how sure it is;
# - say when L2 regularisation and weight decay are the same, and when not;
# - soften labels, cut holes, mix images, and keep the labels honest;
# - say what goes wrong when dropout stands before batch normalization, and predict by how much.
#
# ## You need
#
# NumPy (broadcasting, boolean masks, `np.random.default_rng`), PyTorch modules, batch normalization, the idea
# of a training and a test set. No GPU: everything here runs on a laptop.
#
# ## Points
#
# | exercise | points | time | difficulty |
# |---|--:|--:|---|
# | `dropout_forward` | 12 | 20 min | medium |
# | `dropout_backward` | 8 | 10 min | easy |
# | `vanilla_dropout_forward` | 6 | 10 min | easy |
# | `Dropout` (with `Dropout2d`) | 10 | 25 min | medium |
# | `mc_dropout_predict` | 6 | 20 min | medium |
# | `l1_penalty` (with `l2_penalty`, `elastic_penalty`) | 8 | 15 min | easy |
# | `sgd_step` (with `adamw_step`) | 10 | 25 min | medium |
# | `label_smoothing` | 6 | 10 min | easy |
# | `cutout` (with `mixup`, `cutmix`) | 12 | 40 min | hard |
# | `drop_path` | 6 | 10 min | easy |
# | `EarlyStopping` | 6 | 20 min | medium |
# | `dropout_as_ensemble` (written) | 5 | 15 min | think |
# | `variance_shift` (written) | 5 | 20 min | think |
# | **together** | **100** | about 4 h | |

# %% [markdown]
# ## How to work
#
# Every exercise is a cell to fill in, followed by a **check** that you can run as often as you like. The
# checks try a few hard cases; the grading tries more. A check that fails says what it expected.
#
# - The NumPy exercises are to be solved with NumPy alone, and `torch`'s own dropout is off limits in those
#   that ask you to write it.
# - Keep the names of the functions and the order of their arguments. Helper functions and cells of your own
#   are welcome. Later cells call your functions: until one is written, they stop with `NotImplementedError`.
# - **Random answers are judged by statistics.** Which generator you draw from, and in which order, is your
#   own business; that the right *fraction* is dropped, independently, is not. The bounds are so wide that a
#   right answer fails less than once in a million runs.
# - Questions marked **Predict** are for you alone. Answer them in your head *before* you open the answer.
#
# Run the first cell now.

# %% role="setup"
from dataclasses import replace

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from course_lib import data, plots, training, transforms, widgets
from course_lib.stopping import follow

plots.use_style()
torch.manual_seed(0)
torch.set_num_threads(1)  # the networks here are too small to be worth sharing among cores

# %% [markdown]
# ## 1. Learning by heart
#
# Two hundred real handwritten digits to learn from, a thousand others to be tested on. And a twist: in a
# second copy of the training set, 40 of the 200 labels are **wrong**. The test labels are all right. Who
# labels data by hand makes mistakes; here we know how many.

# %%
digits = data.digits()
whole = transforms.standardize(data.split(digits.images, digits.labels, test_fraction=1597 / 1797))
few = replace(whole, test_images=whole.test_images[:1000], test_labels=whole.test_labels[:1000])
rng = np.random.default_rng(0)
labels = few.train_labels.copy()
labels[:40] = (labels[:40] + rng.integers(1, 10, size=40)) % 10  # another digit than the right one
noisy = replace(few, train_labels=labels)
print(f"{len(few.train_labels)} images to learn from, {len(few.test_labels)} to be tested on")

# %% [markdown]
# A plain network of two hidden layers. (`drop` makes the layers that you will put in later.)


# %%
def mlp(drop=nn.Identity, width=128):
    return nn.Sequential(
        nn.Flatten(),
        nn.Linear(64, width), nn.ReLU(), drop(),
        nn.Linear(width, width), nn.ReLU(), drop(),
        nn.Linear(width, 10),
    )  # fmt: skip


print(f"{sum(parameter.numel() for parameter in mlp().parameters()):,} parameters")

# %% [markdown]
# **Predict.** Trained on the wrong labels, can it reach a training loss of zero? And what will its accuracy
# on the test images do meanwhile?

# %%
sets = {"all labels right": few, "40 of 200 labels wrong": noisy}
settings = {"epochs": 40, "batch_size": 50, "learning_rate": 2e-3}
by_heart = {name: training.train(training.seeded(mlp, 0), split, **settings) for name, split in sets.items()}
epochs = np.arange(1, settings["epochs"] + 1)
panels = {
    "training loss (nats)": {name: (epochs, history.loss) for name, history in by_heart.items()},
    "accuracy on test images (%)": {name: (epochs, 100 * np.array(h.accuracy)) for name, h in by_heart.items()},
}
plots.curves(panels, "epoch", markers=False)

# %% [markdown]
# *What to see: the training loss falls towards zero, contradictions and all. With wrong labels the network
# first learns the rule and is at its best after a dozen epochs; then it learns the 40 exceptions by heart,
# one by one, and pays for it on the test images.* A small training loss says little about what was learned.
#
# The gap between how a network does on what it has seen and on what it has not is **overfitting**. Whatever
# narrows it is called **regularisation**.

# %% [markdown]
# ## 2. Dropout
#
# In each step of training, toss a coin for every hidden unit: with probability $p$ its output is set to zero.
# At test time all units work. Move the sliders: `draw` tosses all coins again.

# %%
widgets.explore_dropped_units()

# %% [markdown]
# *What to see: each draw leaves another, thinner network (crosses are dropped units, and their connections go
# with them). The dropped units get no gradient in this step either.*
#
# Why should that help? Two ways to see it:
#
# - **No unit can rely on another.** A conspiracy of ten units that recognises one training image falls
#   apart as soon as one of them is missing. What survives are features that are useful by themselves.
# - **It trains very many networks at once.** $n$ units have $2^n$ masks, and each step trains one of these
#   thinned networks on one batch. They share all their weights. At test time we want their average.

# %% [markdown]
# ### The factor
#
# Dropping has a side effect: a unit that is 0 half of the time is only half as large *on average*, and the
# next layer has learned to expect that. With a mask $m$ that is 1 with probability $1-p$:
#
# $$\mathbb E[m\,x] = (1-p)\,x$$
#
# **Inverted dropout** repairs it during training: what is kept is divided by $1-p$, so that the average is
# right, and at test time there is nothing left to do:
#
# $$\text{train:}\quad \text{out} = \frac{m\,x}{1-p} \qquad\qquad \text{test:}\quad \text{out} = x$$
#
# Worked number: $p = 0.2$ and $x = 4$. The unit is 0 in one of five steps, and $4/0.8 = 5$ in the other four;
# the average is $0.2\cdot0 + 0.8\cdot5 = 4$.
#
# > **Often told wrong.** "p is the probability to keep a unit." In the first paper it was; in PyTorch and in
# > this course, $p$ is the probability to **drop**. Our lecture notes say "drop with probability p", but
# > their first program keeps where `rand() < p`, which *keeps* with $p$, and at test time multiplies by $p$.
# > With $p = 0.5$ nobody can tell. With $p = 0.1$ it drops nine units of ten. Code that you have not written:
# > look at the comparison, not at the comment.

# %% [markdown]
# ### Exercise: dropout_forward (12 points)
#
# *20 minutes, medium.* Write inverted dropout for an array of any shape. `dropout_param` is a dictionary such
# as `{"mode": "train", "p": 0.3}`:
#
# | key | meaning |
# |---|---|
# | `"mode"` | `"train"` or `"test"`; anything else is a `ValueError` |
# | `"p"` | the probability to **drop** a unit; outside $[0, 1]$ it is a `ValueError` |
# | `"seed"` | optional; the same seed gives the same mask. Without it, every call draws a new one |
#
# Every unit has a coin of its own: not one for a row, not one for a column. Both ends work: $p = 0$ changes
# nothing, $p = 1$ gives zeros (and no division by zero). Return `out`, shaped like `x`, and a `cache` with
# whatever the backward pass will need. Leave `x` as it was.
#
# And leave NumPy's *global* generator alone: `np.random.seed(...)` would reset the numbers of everyone else
# in the program, from the shuffling of the data to the next layer. `np.random.default_rng(seed)` makes a
# generator of your own; `default_rng(None)` makes one with a fresh seed.
#
# <details><summary>Hint</summary>
#
# `rng.random(shape)` draws uniformly from $[0, 1)$. Which comparison with `p` is true with probability $1-p$?
# A mask that holds 0 and $1/(1-p)$, rather than 0 and 1, makes the backward pass easy.
# </details>


# %% role="answer" exercise="dropout_forward"
def dropout_forward(x, dropout_param):
    """Inverted dropout, forward.

    x: any shape. dropout_param: {'mode': 'train' or 'test', 'p': the probability to DROP a unit, and, if it is there,
    'seed': the same seed gives the same mask}. Without 'seed' every call draws a new mask. NumPy's global generator is
    never reseeded. In 'train' mode each unit is 0 with probability p, else divided by 1 - p; p = 1 gives zeros.
    In 'test' mode the values of x come back.
    Returns (out, cache): out shaped like x; cache is whatever dropout_backward will need. Leaves x as it was.
    Raises ValueError for any other mode, and for p outside [0, 1].
    """
    ### BEGIN SOLUTION
    p, mode = dropout_param["p"], dropout_param["mode"]
    if not 0 <= p <= 1:
        raise ValueError(f"dropout_forward: p must lie between 0 and 1, got {p}")
    if mode not in ("train", "test"):
        raise ValueError(f"dropout_forward: mode must be 'train' or 'test', got {mode!r}")
    mask = None
    out = x.copy()
    if mode == "train":
        rng = np.random.default_rng(dropout_param.get("seed"))
        kept = rng.random(x.shape) >= p  # False with probability p
        scale = 1 / (1 - p) if p < 1 else 0.0
        mask = kept * scale
        out = x * mask
    cache = (dropout_param, mask)
    return out, cache
    ### END SOLUTION


# %% role="check" exercise="dropout_forward"
def check_dropout_forward():
    x = np.random.default_rng(1).uniform(1, 2, size=(500, 400))  # no entry is 0, so every 0 in out was dropped
    before, param = x.copy(), {"mode": "train", "p": 0.3}
    out, _ = dropout_forward(x, param)
    assert out.shape == x.shape, f"expected shape {x.shape}, got {out.shape}"
    np.testing.assert_array_equal(x, before, err_msg="x must be left as it was")
    dropped = np.mean(out == 0)
    # 200,000 units: the fraction strays by 0.001 or so; a right answer fails once in a hundred million runs
    assert abs(dropped - 0.3) < 0.006, f"p = 0.3 is the probability to DROP; {dropped:.1%} of the units are 0"
    np.testing.assert_allclose(out[out != 0], (x / 0.7)[out != 0], rtol=1e-4, err_msg="kept units, p = 0.3")
    assert (out[0] == 0).tolist() != (out[1] == 0).tolist(), "two rows have the same mask"
    assert (out[:, 0] == 0).tolist() != (out[:, 1] == 0).tolist(), "two columns have the same mask"
    again, _ = dropout_forward(x, param)
    assert not np.array_equal(out, again), "without a seed, two calls must draw two masks"
    draws = []
    for _ in range(2):
        seeded, _ = dropout_forward(x, {**param, "seed": 5})
        draws.append((seeded, np.random.random()))
    assert np.array_equal(draws[0][0], draws[1][0]), "with the same seed, two calls must draw the same mask"
    assert draws[0][1] != draws[1][1], "your seed has also reseeded NumPy's global generator, which others use"
    for p, mode, expected in [(0.0, "train", x), (1.0, "train", 0 * x), (0.3, "test", x)]:
        out, _ = dropout_forward(x, {"mode": mode, "p": p})
        np.testing.assert_allclose(out, expected, rtol=1e-4, err_msg=f"p = {p} in {mode} mode")
    for wrong in [{"mode": "eval", "p": 0.3}, {"mode": "train", "p": 30}]:
        try:
            dropout_forward(x, wrong)
        except ValueError:
            continue
        raise AssertionError(f"dropout_param = {wrong}: expected a ValueError")
    print("dropout_forward: drops with probability p, and keeps the expected value.")


check_dropout_forward()

# %% [markdown]
# ## 3. The way back
#
# Dropout multiplies every unit by a number: 0 or $1/(1-p)$ in training, 1 at test time. So the gradient is
# multiplied by *the same* number. There is nothing more to it, and still two mistakes are common:
#
# - a **new mask** in the backward pass: then the gradient belongs to a network that never gave an answer;
# - the **mode forgotten**: at test time nothing was dropped on the way there, so nothing may be dropped or
#   scaled on the way back.
#
# ### Exercise: dropout_backward (8 points)
#
# *10 minutes, easy.* `dout` is shaped like `out`; return `dx`. The cache comes from `dropout_forward`, in
# either mode.
#
# Worked number: $p = 0.2$, $x = (4, 4, 4)$, $\text{out} = (5, 0, 5)$, $\text{dout} = (1, 10, 100)$. Then
# $dx = (1.25, 0, 125)$.
#
# > **Often told wrong.** The backward pass of our lecture notes returns `dout` unchanged in test mode, while
# > their forward pass, which is of the other kind (next section), has multiplied by $1-p$ there. Forward and
# > backward must tell the same story *in each mode*.
#
# <details><summary>Hint</summary>
#
# Which numbers did the forward pass multiply by? They are all you need to have kept.
# </details>


# %% role="answer" exercise="dropout_backward"
def dropout_backward(dout, cache):
    """Gradient of the loss through dropout_forward.

    dout: shaped like out; cache: from dropout_forward, in train or in test mode. Returns dx, shaped like dout.
    """
    ### BEGIN SOLUTION
    dropout_param, mask = cache
    if dropout_param["mode"] == "test":
        return dout.copy()
    return dout * mask
    ### END SOLUTION


# %% role="check" exercise="dropout_backward"
def check_dropout_backward():
    rng = np.random.default_rng(2)
    x, dout = rng.uniform(1, 2, size=(3, 5, 4, 7)), rng.normal(size=(3, 5, 4, 7))
    for p, mode in [(0.3, "train"), (0.8, "train"), (0.0, "train"), (1.0, "train"), (0.3, "test")]:
        out, cache = dropout_forward(x, {"mode": mode, "p": p})
        dx = dropout_backward(dout.copy(), cache)
        # whatever forward multiplied a unit by, backward multiplies its gradient by
        where = f"p = {p} in {mode} mode"
        np.testing.assert_allclose(dx, dout * (out / x), rtol=1e-4, atol=1e-5, err_msg=where)
        np.testing.assert_allclose(dropout_backward(dout.copy(), cache), dx, err_msg=f"{where}, called again")
    print("dropout_backward: the gradient goes the way that the signal went.")


check_dropout_backward()

# %% [markdown]
# ## 4. The first form
#
# The paper that introduced dropout (Srivastava et al. 2014) put the factor on the other side: nothing is
# scaled in training, and at test time every unit is multiplied by $1-p$ to be as large as it was on average:
#
# $$\text{train:}\quad \text{out} = m\,x \qquad\qquad \text{test:}\quad \text{out} = (1-p)\,x$$
#
# | | training, kept | training, dropped | test | mean in training |
# |---|--:|--:|--:|--:|
# | inverted, $x=4$, $p=0.2$ | 5 | 0 | 4 | 4 |
# | vanilla, $x=4$, $p=0.2$ | 4 | 0 | 3.2 | 3.2 |
#
# The two networks differ by the constant factor alone. The inverted form has won because a finished network
# then needs no trace of dropout: whoever runs it may forget that it was there.
#
# ### Exercise: vanilla_dropout_forward (6 points)
#
# *10 minutes, easy.* The same arguments and results as `dropout_forward` (`p` is still the probability to
# drop), with the scaling at test time. The two `ValueError`s are not asked for here. The cache may hold what
# you like.
#
# <details><summary>Hint</summary>
#
# Begin with your `dropout_forward`. Which line must lose a factor, and which must gain one?
# </details>


# %% role="answer" exercise="vanilla_dropout_forward"
def vanilla_dropout_forward(x, dropout_param):
    """Dropout as it was first published: nothing is scaled in training, everything at test time.

    x: any shape. dropout_param: as in dropout_forward; p is the probability to DROP.
    In 'train' mode each unit is 0 with probability p, else as it was; in 'test' mode every unit is times 1 - p.
    Returns (out, cache): out shaped like x; cache is whatever a backward pass would need. Leaves x as it was.
    """
    ### BEGIN SOLUTION
    p, mode = dropout_param["p"], dropout_param["mode"]
    if mode == "train":
        rng = np.random.default_rng(dropout_param.get("seed"))
        mask = rng.random(x.shape) >= p  # False with probability p
        out = x * mask
    else:
        mask = None
        out = x * (1 - p)
    cache = (dropout_param, mask)
    return out, cache
    ### END SOLUTION


# %% role="check" exercise="vanilla_dropout_forward"
def check_vanilla_dropout_forward():
    x = np.random.default_rng(3).uniform(1, 2, size=(500, 400))
    before = x.copy()
    out, _ = vanilla_dropout_forward(x, {"mode": "train", "p": 0.3})
    np.testing.assert_array_equal(x, before, err_msg="x must be left as it was")
    assert (out[0] == 0).tolist() != (out[1] == 0).tolist(), "two rows have the same mask"
    assert (out[:, 0] == 0).tolist() != (out[:, 1] == 0).tolist(), "two columns have the same mask"
    again, _ = vanilla_dropout_forward(x, {"mode": "train", "p": 0.3})
    assert not np.array_equal(out, again), "without a seed, two calls must draw two masks"
    dropped = np.mean(out == 0)
    assert abs(dropped - 0.3) < 0.006, f"p = 0.3 is the probability to DROP; {dropped:.1%} of the units are 0"
    np.testing.assert_allclose(out[out != 0], x[out != 0], rtol=1e-4, err_msg="kept units are not scaled in training")
    tested, _ = vanilla_dropout_forward(x, {"mode": "test", "p": 0.3})
    np.testing.assert_allclose(tested, 0.7 * x, rtol=1e-4, err_msg="test mode, p = 0.3")
    first, second = (vanilla_dropout_forward(x, {"mode": "train", "p": 0.3, "seed": 5})[0] for _ in range(2))
    np.testing.assert_array_equal(first, second, err_msg="two calls with the same seed")
    print("vanilla_dropout_forward: the scaling has moved to test time.")


check_vanilla_dropout_forward()

# %% [markdown]
# Which of the two forms is this? (The program is from a lecture, and its comment says "drop with probability
# p".)
#
#     U1 = np.random.rand(*H1.shape) < p          # in training
#     H1 *= U1
#     ...
#     H1 = np.maximum(0, np.dot(W1, X) + b1) * p  # at test time
#
# **Predict**, for `p = 0.9`: how many units work in training? Is the program as a whole right or wrong?
#
# <details><summary>Answer</summary>
#
# The vanilla form, with `p` as the probability to *keep*: nine of ten units work. Training and test agree
# with each other (kept with $p$, scaled by $p$), so the program is right and the comment is wrong. Change one
# of the two lines according to the comment, and the program is wrong as well.
# </details>

# %% [markdown]
# ## 5. Layers of your own
#
# In PyTorch a layer is an `nn.Module`. It knows its mode: `self.training` is true after `.train()` and false
# after `.eval()`, and calling these on the whole network reaches every layer in it. Autograd writes the
# backward pass, as long as you multiply tensors.
#
# After a convolution, single units are a poor thing to drop. Neighbouring pixels of a feature map say nearly
# the same; if one is missing, the next layer reads its neighbour. **Dropout2d** drops a *whole channel of one
# image*, or nothing of it: one coin for each image and channel, the same for all pixels.
#
# ### Exercise: Dropout (10 points)
#
# *25 minutes, medium.* Write both layers. Inverted dropout, `p` the probability to drop, a `ValueError` for
# `p` outside $[0, 1]$, $p = 0$ and $p = 1$ work.
#
# - `Dropout(p=0.5, generator=None)` takes any shape.
# - `Dropout2d(p=0.5, generator=None)` takes `(N, C, ...)`. It inherits `__init__` from your `Dropout`.
# - `generator` is a `torch.Generator`, from which the layer then draws all its numbers; with `None` it
#   draws from PyTorch's global generator. There are no parameters and no buffers.
# - Device and dtype of the result follow `x`: the same layer must run on CPU and GPU. In `eval()` mode `x`
#   comes back.
#
# `nn.Dropout`, `F.dropout` and their kin are off limits here.
#
# <details><summary>Hint</summary>
#
# `torch.rand(shape, device=x.device, generator=self.generator)` draws on the right device. For `Dropout2d`,
# which shape of mask broadcasts against `(N, C, H, W)` and holds one number for each image and channel?
# </details>


# %% role="answer" exercise="Dropout"
class Dropout(nn.Module):
    """Inverted dropout of single units, like torch.nn.Dropout, with a generator of its own.

    p: probability to DROP; a ValueError outside [0, 1]. generator: a torch.Generator, or None for PyTorch's global one.
    """

    def __init__(self, p=0.5, generator=None):
        super().__init__()
        ### BEGIN SOLUTION
        if not 0 <= p <= 1:
            raise ValueError(f"Dropout: p must lie between 0 and 1, got {p}")
        self.p = p
        self.generator = generator
        ### END SOLUTION

    def forward(self, x):
        """x: any shape. In train mode: dropped and scaled. In eval mode: x. Device and dtype follow x."""
        ### BEGIN SOLUTION
        if not self.training:
            return x
        kept = torch.rand(x.shape, device=x.device, generator=self.generator) >= self.p
        scale = 1 / (1 - self.p) if self.p < 1 else 0.0
        return x * kept * scale
        ### END SOLUTION


class Dropout2d(Dropout):
    """Dropout of whole channels, like torch.nn.Dropout2d; p and generator as in Dropout."""

    def forward(self, x):
        """x: (N, C, ...). In train mode a channel of an image is dropped with all its pixels, or kept with all."""
        ### BEGIN SOLUTION
        if not self.training:
            return x
        mask_shape = x.shape[:2] + (1,) * (x.ndim - 2)  # one coin for each image and channel
        kept = torch.rand(mask_shape, device=x.device, generator=self.generator) >= self.p
        scale = 1 / (1 - self.p) if self.p < 1 else 0.0
        return x * kept * scale
        ### END SOLUTION


# %% role="check" exercise="Dropout"
def check_dropout_modules():
    for device in ["cpu", "cuda"] if torch.cuda.is_available() else ["cpu"]:
        for build, shape in [(Dropout, (300, 200)), (Dropout2d, (200, 150, 2, 3))]:
            name, layer = f"{build.__name__} on {device}", build(0.3)
            x = torch.rand(shape, dtype=torch.float64, device=device).add(1).requires_grad_()
            out = layer(x)
            assert out.device == x.device and out.dtype == x.dtype, f"{name}: device and dtype must follow x"
            coins = out if build is Dropout else out[:, :, 0, 0]  # at least 30,000 of them
            dropped = (coins == 0).double().mean().item()
            assert abs(dropped - 0.3) < 0.016, f"{name}: p = 0.3 is the probability to DROP; {dropped:.1%} are 0"
            factor = (coins != 0) / 0.7 if build is Dropout else ((coins != 0) / 0.7)[:, :, None, None]
            torch.testing.assert_close(out, x * factor, msg=lambda text, name=name: f"{name}: {text}")
            out.sum().backward()
            torch.testing.assert_close(x.grad, (factor + 0 * x).detach(), msg=lambda text: f"the gradient: {text}")
            assert not torch.equal(layer(x), out), f"{name}: two calls must draw two masks"
            torch.testing.assert_close(layer.eval()(x), x, msg=f"{name}: eval mode must change nothing")
            first, second = (build(0.5, torch.Generator(device).manual_seed(7))(x) for _ in range(2))
            assert torch.equal(first, second), f"{name}: generators with the same seed must give the same mask"
            assert (build(1.0)(x) == 0).all() and torch.equal(build(0.0)(x), x), f"{name}: p = 1 or p = 0"
            assert not layer.state_dict(), f"{name}: no parameters and no buffers, got {list(layer.state_dict())}"
            assert (coins[0] == 0).tolist() != (coins[1] == 0).tolist(), f"{name}: two images have the same mask"
    try:
        Dropout(30)
    except ValueError:
        pass
    else:
        raise AssertionError("Dropout(30): no probability, expected a ValueError")
    print("Dropout, Dropout2d: unit by unit, and channel by channel.")


check_dropout_modules()

# %% [markdown]
# A batch of three images with four channels, all ones, through both layers with $p = 0.5$:

# %%
ones = torch.ones(3, 4, 6, 6)
generator = torch.Generator().manual_seed(1)
layers = {"Dropout": Dropout(0.5, generator), "Dropout2d": Dropout2d(0.5, generator)}
plots.mask_mosaics({name: layer(ones).numpy() for name, layer in layers.items()})

# %% [markdown]
# *What to see: on average the same fraction is dropped, and what is kept is doubled. To the left each pixel is on its
# own; to the right an image loses whole channels, other ones than its neighbours do.*

# %% [markdown]
# ### On a GPU, if there is one
#
# The same layers, wherever the tensors live. A generator lives on a device, too. This cell says which device
# it used.

# %%
device = training.pick_device()
x = torch.ones(256, 64, 28, 28, device=device)
for layer in (
    Dropout(0.3, torch.Generator(device).manual_seed(0)),
    Dropout2d(0.3, torch.Generator(device).manual_seed(0)),
):
    out = layer(x)
    print(f"{type(layer).__name__} on {out.device}: {(out == 0).float().mean():.2%} dropped, mean {out.mean():.4f}")

# %% [markdown]
# ### Experiment: how much to drop?
#
# The network of section 1 with *your* `Dropout` behind each hidden layer, from $p = 0$ to $p = 0.8$, on both
# training sets, from two starts each. **Predict**: on which set does dropout help more? Where is the best
# $p$?

# %%
rates = [0.0, 0.2, 0.4, 0.6, 0.8]
runs, trained = {}, {}
for name, split in sets.items():
    for p in rates:
        for seed in range(2):
            trained[name, p, seed] = training.seeded(lambda p=p: mlp(lambda: Dropout(p)), seed)
            runs[name, p, seed] = training.train(trained[name, p, seed], split, seed=seed, **settings)

# %%
accuracy = {
    name: (rates, [[100 * runs[name, p, seed].accuracy[-1] for seed in range(2)] for p in rates]) for name in sets
}
plots.curves({"accuracy on test images (%)": accuracy}, "p, the probability to drop", ticks=rates)

# %% [markdown]
# *What to see (the band reaches from run to run): where the labels are right there is nothing wrong to learn
# by heart, and dropout buys next to nothing. Where 40 are wrong, the accuracy climbs from about 80 % to
# nearly 88 % at $p = 0.6$. And too much is too much: at $p = 0.8$ a fifth of the units is left, and 40 epochs
# no longer suffice.*

# %%
hard = "40 of 200 labels wrong"
panels = {
    "training loss (nats)": {f"p = {p}": (epochs, runs[hard, p, 0].loss) for p in rates[::2]},
    "accuracy on test images (%)": {
        f"p = {p}": (epochs, 100 * np.array(runs[hard, p, 0].accuracy)) for p in rates[::2]
    },
}
plots.curves(panels, "epoch", markers=False)

# %% [markdown]
# *What to see: without dropout the loss goes towards zero, and the accuracy is at its best early and falls
# from there. With $p = 0.4$ it gets there later and **stays**. With $p = 0.8$ it is still learning when we
# stop: dropout takes longer.*
#
# > **Often told wrong.** "My training loss is higher than my validation loss, something is broken." With
# > dropout it is often so: the training loss is measured with units missing, the validation loss with all of
# > them. To compare, measure both in `eval()` mode.

# %% [markdown]
# ## 6. What is the test-time network the average of?
#
# We said that dropout trains $2^n$ networks and that the scaled network is their average. For a **linear**
# unit that is exactly true, since the average of a sum is the sum of the averages. With $x = (1, 2)$,
# $w = (3, 4)$, $p = 0.5$, inverted:
#
# | mask | probability | output |
# |---|--:|--:|
# | both kept | 1/4 | $2\cdot3 + 4\cdot4 = 22$ |
# | first kept | 1/4 | $2\cdot3 = 6$ |
# | second kept | 1/4 | $4\cdot4 = 16$ |
# | none kept | 1/4 | $0$ |
# | **average** | | **11** $= 1\cdot3 + 2\cdot4$, the network without dropout |
#
# Behind a ReLU or a softmax it is not: the average of $f$ is not $f$ of the average. Then the scaled network
# is a cheap *approximation*. How good is it? There is a way to find out: leave dropout on at test time, ask
# many times, and average. That is **Monte-Carlo dropout**. It also gives a second number for free: how much
# the answers *differ*, a measure of how unsure the network is (Gal and Ghahramani 2016).

# %% [markdown]
# ### Exercise: mc_dropout_predict (6 points)
#
# *20 minutes, medium.* `mc_dropout_predict(model, x, samples)` asks `model` for an answer to `x` `samples`
# times, with dropout on, and returns the mean and the standard deviation of the answers, each shaped like one
# answer, without gradient. The deviation divides by `samples`.
#
# Only dropout may be in train mode: batch normalization in train mode would use the statistics of the batch
# and change its running ones. We call a layer a dropout layer if its class name holds the word `Dropout`:
# PyTorch's own and yours. Afterwards **every module is in the mode in which it was**, which need not be the
# same for all.
#
# Worked number: for the linear unit above the four answers are equally likely, so the mean tends to 11 and
# the deviation to $\sqrt{(22^2 + 6^2 + 16^2 + 0^2)/4 - 11^2} = \sqrt{73} \approx 8.5$.
#
# <details><summary>Hint</summary>
#
# `model.modules()` goes through all modules, the model itself among them; `type(module).__name__` is the name
# of its class. Note the modes first. `model.train(mode)` sets the mode of everything inside as well: to give
# each module its own mode back, set `module.training`.
# </details>


# %% role="answer" exercise="mc_dropout_predict"
def mc_dropout_predict(model, x, samples):
    """Mean and standard deviation of a model's answers over `samples` random masks.

    model: an nn.Module. Every module in it whose class name holds the word "Dropout" draws masks; all others run as in
    eval mode. x: what model takes. samples: how often to ask, at least 1.
    Returns (mean, std), both shaped like one answer, without gradient; std divides by `samples`.
    Afterwards every module in the model, and the model itself, is in the mode in which it was before.
    """
    ### BEGIN SOLUTION
    modes = {module: module.training for module in model.modules()}
    model.eval()
    for module in model.modules():
        if "Dropout" in type(module).__name__:
            module.train()
    with torch.no_grad():
        answers = torch.stack([model(x) for _ in range(samples)])
    for module, mode in modes.items():
        module.training = mode
    return answers.mean(dim=0), answers.std(dim=0, correction=0)
    ### END SOLUTION


# %% role="check" exercise="mc_dropout_predict"
def check_mc_dropout_predict():
    torch.manual_seed(4)
    model = nn.Sequential(nn.BatchNorm1d(6), nn.Dropout(0.4), nn.Linear(6, 2)).double()
    model[2].eval()
    modes = [module.training for module in model.modules()]
    statistics = model[0].running_mean.clone()
    x = torch.randn(3, 6, dtype=torch.float64) + 2
    mean, std = mc_dropout_predict(model, x, 4_000)
    assert [module.training for module in model.modules()] == modes, "the modes are not as they were before"
    torch.testing.assert_close(
        model[0].running_mean, statistics, msg="only dropout may be in train mode: batch norm moved"
    )
    assert mean.shape == std.shape == (3, 2) and not mean.requires_grad, "shaped like one answer, without gradient"
    hidden, weight = model[0].eval()(x), model[2].weight
    expected_mean = model[2](hidden)
    expected_std = ((hidden**2 @ weight.T**2) * 0.4 / 0.6).sqrt()  # of a sum of independent coins
    bound = 6 * expected_std / 4_000**0.5  # six standard deviations: one false alarm in a hundred million
    assert ((mean - expected_mean).abs() < bound).all(), f"mean: expected about {expected_mean}, got {mean}"
    assert ((std / expected_std - 1).abs() < 0.1).all(), f"std: expected about {expected_std}, got {std}"
    assert (mc_dropout_predict(model, x, 1)[1] == 0).all(), "one answer alone: its std is 0"
    print("mc_dropout_predict: a mean, a spread, and the model as it was.")


check_mc_dropout_predict()

# %% [markdown]
# ### Experiment: one scaled network against the average of many
#
# We take a network trained with $p = 0.6$ on the wrong labels, and average the *probabilities* of 1, 2, 5,
# ... thinned networks. Each number of masks is tried four times.

# %%
reader = nn.Sequential(trained[hard, 0.6, 0], nn.Softmax(dim=1))
x, truth = torch.tensor(few.test_images), torch.tensor(few.test_labels)


def percent_right(probabilities):
    return 100 * (probabilities.argmax(dim=1) == truth).double().mean().item()


counts = [1, 2, 5, 10, 30]
averaged = [[percent_right(mc_dropout_predict(reader, x, count)[0]) for _ in range(4)] for count in counts]
scaled = percent_right(reader.eval()(x))
panel = {"accuracy on test images (%)": {"average over masks": (counts, averaged)}}
plots.curves(panel, "masks averaged (log scale)", log_x=True, reference=("scaled network", scaled), ticks=counts)

# %% [markdown]
# *What to see: a single thinned network, which is what each step of training works with, is more than ten
# points worse. The average of thirty has made up for nearly all of that, and the scaled network is at least
# as good, in one pass. The approximation is excellent.*

# %% [markdown]
# ### Experiment: does it know what it does not know?
#
# The spread of the answers on four kinds of images: test digits that it reads correctly, test digits that it
# gets wrong, digits upside down, and digits whose pixels are shuffled. We take the standard deviation of the
# probability that is highest on average. **Predict** the order.


# %%
surer = nn.Sequential(trained["all labels right", 0.6, 0], nn.Softmax(dim=1))


def spread(images):
    mean, std = mc_dropout_predict(surer, images, 30)
    winner = mean.argmax(dim=1, keepdim=True)
    return winner[:, 0], std.gather(1, winner)[:, 0]


read, unsure = spread(x)
shuffled = x.flatten(1)[:, torch.randperm(64)].view_as(x)
groups = {"read correctly": unsure[read == truth], "misread": unsure[read != truth]}
groups |= {"upside down": spread(x.flip(2))[1], "pixels shuffled": spread(shuffled)[1]}
spreads = {"30 masks, p = 0.6": {kind: values.mean().item() for kind, values in groups.items()}}
plots.grouped_bars(spreads, "mean spread of the winning probability")

# %% [markdown]
# *What to see: the answers agree best where the network is right, and least where it misreads a digit. So the
# spread is a useful warning. But look at the shuffled pixels: no digit at all, and yet no more spread than
# for a hard digit. The spread measures doubt **between the masks**; it is no detector of nonsense.*

# %% [markdown]
# ### Exercise: dropout_as_ensemble (5 points)
#
# *15 minutes; write about ten sentences.*
#
# 1. A network has two hidden layers of 256 units with dropout. How many thinned networks are there? Name
#    two things in which training them differs from training an ordinary ensemble of networks.
# 2. Section 6 says that for a linear unit the scaled network is exactly the average, and behind a
#    non-linearity not. Show both with one ReLU unit: input $x = (1, -1)$, weights $w = (1, 1)$, $p = 0.5$,
#    inverted dropout. Give the average over the masks before and after the ReLU, and the scaled network's
#    answer.
# 3. From your figure: what does averaging many masks buy over the scaled network, what does it cost, and
#    when is it worth it?


# %% [markdown] role="answer" exercise="dropout_as_ensemble"
# ### BEGIN SOLUTION
# 1. 512 hidden units, each there or not: $2^{512}$ thinned networks. Unlike in an ordinary ensemble they
#    *share* all their weights, and almost none of them is ever trained itself: each step trains one of them
#    on one batch, and its neighbours profit through the shared weights. (Also: an ordinary ensemble trains
#    each member to the end, from a start of its own, often on a data set of its own; its members are averaged
#    by running all of them.)
# 2. The kept inputs are doubled. Both kept: $2 - 2 = 0$; only the first: 2; only the second: $-2$; none:
#    zero. Before the ReLU the average is 0, and the scaled network has $1 - 1 = 0$: equal, because the sum is
#    linear. Behind the ReLU the four answers are 0, 2, 0, 0 with the average 0.5; the scaled network says
#    $\text{relu}(0) = 0$. The average of a function is not the function of the average.
# 3. In the figure the average of a few masks is worse than the scaled network, and the average of many is
#    about as good. It costs as many passes as masks. So for the answer alone the scaled network is enough; it
#    is worth it when one wants to know how sure the answer is (the spread).
# ### END SOLUTION
#
# === BEGIN MARK SCHEME ===
# Five points:
#
# - **Count and difference (2 points).** $2^{512}$ (half a point); "512" or "2 to the 256" earns none.
#   Shared weights (one point). Each member sees at most a step or a batch, most are never trained, or another
#   true difference (half a point).
# - **The ReLU unit (2 points).** Before: average 0, scaled network 0 (one point, with the four cases or an
#   argument by linearity). Behind: 0.5 against 0 (one point). Vanilla scaling done right (0, 1, -1, 0 and
#   0.25 against 0) earns both.
# - **Cost and use (1 point).** Reads the figure (few masks are worse, many about equal), names k passes for
#   k masks, and a use: uncertainty. Two of the three are enough for the point.
# === END MARK SCHEME ===

# %% [markdown]
# ## 7. Small weights
#
# An older idea: large weights make steep functions, which can bend around single training points. So add to
# the loss a **penalty** that grows with the weights:
#
# | name | penalty | its gradient |
# |---|---|---|
# | L1 | $\lambda \sum_i \lvert w_i\rvert$ | $\lambda\,\text{sign}(w_i)$ |
# | L2 | $\frac{\lambda}{2} \sum_i w_i^2$ | $\lambda\,w_i$ |
# | elastic net | $\lambda_1 \sum_i \lvert w_i\rvert + \frac{\lambda_2}{2} \sum_i w_i^2$ | the sum of both |
#
# L2 pulls a large weight hard and a small one hardly at all: many small weights remain. L1 pulls every weight
# equally hard, until it is zero: few remain. At $w_i = 0$, where $\lvert w\rvert$ has a corner, we take the
# gradient 0.
#
# > **Two ways to write L2.** Some texts, our lecture notes in one place among them, leave the $\frac12$ out;
# > then the gradient is $2\lambda w$, and the same $\lambda$ means twice the strength. With the $\frac12$,
# > $\lambda$ is what PyTorch's `SGD` calls `weight_decay`. Always ask which one a number belongs to.

# %% [markdown]
# ### Exercise: l1_penalty (8 points)
#
# *15 minutes, easy.* Three functions. Each returns **a pair**: the penalty, a number, and its gradient `dw`,
# shaped like `w`, ready to be added to the loss and to the loss's gradient. Sums over all entries of `w`, of
# any shape; nothing is divided by the batch.
#
# - `l1_penalty(w, strength)`
# - `l2_penalty(w, strength)`: with the $\frac12$
# - `elastic_penalty(w, l1_strength, l2_strength)`
#
# Worked number: $w = (3, -1, 0)$, strength 0.1. L1: $0.1\cdot4 = 0.4$, gradient $(0.1, -0.1, 0)$. L2:
# $0.05\cdot10 = 0.5$, gradient $(0.3, -0.1, 0)$.
#
# <details><summary>Hint</summary>
#
# `np.sign` is 0 at 0. The third function may call the other two.
# </details>


# %% role="answer" exercise="l1_penalty"
def l1_penalty(w, strength):
    """(penalty, dw): strength * sum |w|, a number, and its gradient, shaped like w; the gradient is 0 where w is 0."""
    ### BEGIN SOLUTION
    penalty = strength * np.abs(w).sum()
    dw = strength * np.sign(w)
    return penalty, dw
    ### END SOLUTION


def l2_penalty(w, strength):
    """(penalty, dw): strength / 2 * sum w**2, a number, and its gradient, shaped like w."""
    ### BEGIN SOLUTION
    penalty = strength / 2 * np.sum(w**2)
    dw = strength * w
    return penalty, dw
    ### END SOLUTION


def elastic_penalty(w, l1_strength, l2_strength):
    """(penalty, dw): the sum of both penalties and of both gradients."""
    ### BEGIN SOLUTION
    l1, dl1 = l1_penalty(w, l1_strength)
    l2, dl2 = l2_penalty(w, l2_strength)
    return l1 + l2, dl1 + dl2
    ### END SOLUTION


# %% role="check" exercise="l1_penalty"
def check_penalties():
    w = np.random.default_rng(5).normal(size=(2, 3, 5))
    w[0, 1, 2] = 0.0
    formulas = {
        "l1_penalty": (l1_penalty(w, 0.3), lambda w: 0.3 * w.abs().sum()),
        "l2_penalty": (l2_penalty(w, 0.3), lambda w: 0.3 / 2 * (w**2).sum()),
        "elastic_penalty": (elastic_penalty(w, 0.2, 0.7), lambda w: 0.2 * w.abs().sum() + 0.7 / 2 * (w**2).sum()),
    }
    for name, ((penalty, dw), formula) in formulas.items():
        leaf = torch.tensor(w, requires_grad=True)
        expected = formula(leaf)
        expected.backward()
        np.testing.assert_allclose(penalty, expected.item(), rtol=1e-4, err_msg=f"{name}: the penalty")
        np.testing.assert_allclose(dw, leaf.grad, rtol=1e-4, atol=1e-5, err_msg=f"{name}: the gradient")
    print("l1_penalty, l2_penalty, elastic_penalty: values and gradients agree with autograd.")


check_penalties()

# %% [markdown]
# What the two do to a linear classifier of digits (one 8x8 image of weights per digit), trained by gradient
# descent from the same random start. First the loss's gradient, by hand:

# %%
flat = few.train_images.reshape(200, 64).astype(float)
one_hot = np.eye(10)[few.train_labels]
start = 0.5 * np.random.default_rng(0).normal(size=(64, 10))


def loss_gradient(w):
    scores = flat @ w
    exponentials = np.exp(scores - scores.max(axis=1, keepdims=True))
    return flat.T @ (exponentials / exponentials.sum(axis=1, keepdims=True) - one_hot) / len(flat)


def right(w):
    return (np.argmax(few.test_images.reshape(-1, 64) @ w, axis=1) == few.test_labels).mean()


# %% [markdown]
# A thousand steps each, and the weights of the digits 0 to 4:

# %%
pictures = {}
for name, penalty, strength in [("none", l2_penalty, 0.0), ("L2", l2_penalty, 0.01), ("L1", l1_penalty, 0.01)]:
    w = start
    for _ in range(1000):
        w = w - 0.1 * (loss_gradient(w) + penalty(w, strength)[1])
    print(f"{name:>4}: {np.mean(np.abs(w) < 0.02):4.0%} of the weights within 0.02 of zero, accuracy {right(w):.1%}")
    pictures |= {f"{name}: {digit}": w[:, digit].reshape(8, 8) for digit in range(5)}
plots.image_grid(pictures, columns=5, tile=1.5, signed=True, scale="weight")

# %% [markdown]
# *What to see: without a penalty the noise of the start is still there, most of all in pixels that never
# light up (no gradient ever reaches them). L2 fades everything and keeps everything. L1 leaves a few pixels
# for each digit and sets the rest, three quarters of all weights, to zero or near it. A little L2 helps the
# accuracy here; L1 buys a smaller model.*

# %% [markdown]
# ## 8. Weight decay
#
# There is another way to keep weights small: shrink them a little in every step, whatever the gradient says.
#
# $$w \leftarrow w - \eta\, g - \eta\lambda\, w$$
#
# with the learning rate $\eta$, the gradient $g$ and the **weight decay** $\lambda$. With plain gradient
# descent this *is* L2 regularisation: adding the penalty's gradient to $g$ gives $w - \eta\,(g + \lambda w)$,
# the same formula.
#
# **Adam** does not step along the gradient. It divides by the size that the gradient of each weight usually
# has:
#
# $$m \leftarrow \beta_1 m + (1-\beta_1)\,g \qquad v \leftarrow \beta_2 v + (1-\beta_2)\,g^2 \qquad
#   \hat m = \frac{m}{1-\beta_1^t} \qquad \hat v = \frac{v}{1-\beta_2^t}$$
#
# $$w \leftarrow w - \eta\,\frac{\hat m}{\sqrt{\hat v} + \epsilon} - \eta\lambda\,w$$
#
# where $m$ and $v$ start at zero and $t = 1, 2, \dots$ counts the steps (dividing by $1-\beta^t$ makes up for
# the start at zero). This is **AdamW**: the decay stands outside the fraction. If $\lambda w$ is added to $g$
# instead, it goes through the fraction with it: it is divided by $\sqrt{\hat v}$, so that weights with large
# gradients hardly decay at all. That is Adam with L2, and it is *not* the same.
#
# > **Often told wrong.** "Weight decay and L2 regularisation are two names of one thing." For plain SGD they
# > are. For Adam they are not (Loshchilov and Hutter 2019). And with momentum, where our notes call them
# > equal, they are only alike: the penalty's gradient goes through the velocity and acts late; the decay acts
# > at once.

# %% [markdown]
# ### Exercise: sgd_step (10 points)
#
# *25 minutes, medium.* Two rules with the same face: `sgd_step(w, dw, config)` and
# `adamw_step(w, dw, config)` both return `(next_w, config)`.
#
# | key of `config` | `sgd_step` | `adamw_step` |
# |---|--:|--:|
# | `"learning_rate"` ($\eta$) | 1e-2 | 1e-3 |
# | `"weight_decay"` ($\lambda$) | 0 | 1e-2 |
# | `"beta1"`, `"beta2"`, `"epsilon"` | | 0.9, 0.999, 1e-8 |
# | `"m"`, `"v"`, `"t"` (state) | | zeros, zeros, 0 |
#
# The numbers are the defaults for keys that are missing; `{}` is a valid first config. `t` is the number of
# steps that have been made. The config that you return goes into the next call; whether it is the given
# dictionary, changed, or a new one is up to you. `next_w` is a new array: leave `w` and `dw` as they were. In
# both rules the decay belongs to the **update**: it uses the old $w$ and never enters $m$ or $v$.
#
# Worked number: $w = 2$, $g = 0.5$, $\eta = 0.1$, $\lambda = 0.1$. SGD: $2 - 0.05 - 0.02 = 1.93$. AdamW,
# first step: $\hat m = 0.5$ and $\hat v = 0.25$, so the fraction is 1 whatever the size of $g$, and $w$
# becomes $2 - 0.1 - 0.02 = 1.88$.
#
# <details><summary>Hint</summary>
#
# `config.get("t", 0)` reads a key that may be missing. In the first step, divide by $1-\beta^1$, not by
# $1-\beta^0 = 0$.
# </details>


# %% role="answer" exercise="sgd_step"
def sgd_step(w, dw, config):
    """One step of gradient descent, with weight decay in the update.

    w, dw: any shape, the same. config: a dict; learning_rate (default 1e-2), weight_decay (default 0).
    Returns (next_w, config): a new array, and the config for the next step. Leaves w and dw as they were.
    """
    ### BEGIN SOLUTION
    learning_rate = config.get("learning_rate", 1e-2)
    weight_decay = config.get("weight_decay", 0.0)
    step = learning_rate * dw
    decay = learning_rate * weight_decay * w
    next_w = w - step - decay
    return next_w, config
    ### END SOLUTION


def adamw_step(w, dw, config):
    """One step of AdamW: Adam, with weight decay in the update and not in the gradient.

    w, dw: any shape, the same. config: a dict; learning_rate (default 1e-3), beta1 (0.9), beta2 (0.999), epsilon
    (1e-8), weight_decay (1e-2), and what is remembered from step to step: m and v, arrays shaped like w, and t, the
    number of steps made so far. Where these are missing it is the first step: m and v are zero, t is 0.
    Returns (next_w, config): a new array, and the config for the next step with m, v and t brought up to date.
    Leaves w and dw as they were.
    """
    ### BEGIN SOLUTION
    learning_rate = config.get("learning_rate", 1e-3)
    beta1, beta2 = config.get("beta1", 0.9), config.get("beta2", 0.999)
    epsilon = config.get("epsilon", 1e-8)
    weight_decay = config.get("weight_decay", 1e-2)
    t = config.get("t", 0) + 1
    m = beta1 * config.get("m", np.zeros_like(w)) + (1 - beta1) * dw
    v = beta2 * config.get("v", np.zeros_like(w)) + (1 - beta2) * dw**2
    m_hat = m / (1 - beta1**t)
    v_hat = v / (1 - beta2**t)
    step = learning_rate * m_hat / (np.sqrt(v_hat) + epsilon)
    decay = learning_rate * weight_decay * w
    next_w = w - step - decay
    next_config = {**config, "m": m, "v": v, "t": t}
    return next_w, next_config
    ### END SOLUTION


# %% role="check" exercise="sgd_step"
def check_steps():
    rng = np.random.default_rng(6)
    start, gradients = rng.normal(size=(3, 5)), rng.normal(size=(8, 3, 5))
    sgd = {"learning_rate": 0.1, "weight_decay": 0.4}
    theirs_adamw = {"lr": 0.05, "betas": (0.8, 0.95), "eps": 1e-3, "weight_decay": 0.4}
    adamw = {"learning_rate": 0.05, "beta1": 0.8, "beta2": 0.95, "epsilon": 1e-3, "weight_decay": 0.4}
    cases = {
        "sgd_step without decay": (sgd_step, {"learning_rate": 0.1}, torch.optim.SGD, {"lr": 0.1}),
        "sgd_step": (sgd_step, sgd, torch.optim.SGD, {"lr": 0.1, "weight_decay": 0.4}),
        "adamw_step with its defaults": (adamw_step, {}, torch.optim.AdamW, {"lr": 1e-3}),
        "adamw_step": (adamw_step, adamw, torch.optim.AdamW, theirs_adamw),
    }
    for name, (step, config, optimizer, settings) in cases.items():
        w, leaf, config = start.copy(), torch.tensor(start, requires_grad=True), dict(config)
        theirs = optimizer([leaf], **settings)
        for number, dw in enumerate(gradients, 1):
            leaf.grad = torch.tensor(dw)
            theirs.step()
            before = w.copy()
            next_w, config = step(w, dw.copy(), config)
            np.testing.assert_array_equal(w, before, err_msg=f"{name}: w must be left as it was")
            w = next_w
            np.testing.assert_allclose(w, leaf.detach(), rtol=1e-4, err_msg=f"{name}: w after step {number}")
    print("sgd_step, adamw_step: eight steps agree with torch.optim.")


check_steps()

# %% [markdown]
# ### Experiment: the same, and not the same
#
# The linear classifier again, 300 steps, $\lambda = 0.1$. Each rule twice: with the decay in the update, and
# with the gradient of `l2_penalty` added to the loss's gradient. `np.linalg.norm(w)` says how large the
# weights are.


# %%
def norms(step, learning_rate, weight_decay, strength):
    w, config, sizes = start, {"learning_rate": learning_rate, "weight_decay": weight_decay}, []
    for _ in range(300):
        w, config = step(w, loss_gradient(w) + l2_penalty(w, strength)[1], config)
        sizes.append(np.linalg.norm(w))
    return sizes


ways = {"decay in the update": (0.1, 0.0), "L2 in the gradient": (0.0, 0.1), "neither": (0.0, 0.0)}
panels = {
    f"size of the weights, {name}": {way: (range(1, 301), norms(step, rate, *both)) for way, both in ways.items()}
    for name, step, rate in [("SGD", sgd_step, 0.1), ("Adam", adamw_step, 0.02)]
}
plots.curves(panels, "step", markers=False)

# %% [markdown]
# *What to see: for SGD the two curves lie on one another. For Adam they part: the same $\lambda$ in the
# gradient shrinks the weights to a fifth, in the update by a seventh.* Why so strong here? Many pixels hardly
# ever light up: for their weights the penalty *is* the gradient. Divided by its own size it becomes a full
# step $\eta$ towards zero, however small $\lambda$ is. Weights with large gradients, the ones that overfit,
# hardly notice it.

# %% [markdown]
# ## 9. Softer labels
#
# Cross-entropy with a label of 1 for one class and 0 for all others is never satisfied: the loss goes on
# falling as the scores go to infinity. **Label smoothing** asks for less: a share $\epsilon$ of the
# probability is spread evenly over all $K$ classes, the right one among them:
#
# $$y_k = (1-\epsilon)\,[k = \text{label}] + \frac{\epsilon}{K}$$
#
# so the right class gets $1 - \frac{K-1}{K}\epsilon$, every other one $\frac{\epsilon}{K}$, and a row sums to
# one.
#
# ### Exercise: label_smoothing (6 points)
#
# *10 minutes, easy.* `labels (N,)`, whole numbers, to `(N, num_classes)`.
#
# Worked number: label 2 of 4 classes, $\epsilon = 0.2$: $(0.05, 0.05, 0.85, 0.05)$.
#
# > **Two ways to smooth.** Some code gives $1-\epsilon$ to the right class and $\epsilon/(K-1)$ to the
# > others. That sums to one as well, but it is a smoothing by another amount. Ours is PyTorch's
# > (`F.cross_entropy(..., label_smoothing=eps)`).
#
# <details><summary>Hint</summary>
#
# Row $k$ of `np.eye(K)` is the one-hot row of class $k$, and an array of labels can be an index.
# </details>


# %% role="answer" exercise="label_smoothing"
def label_smoothing(labels, num_classes, eps):
    """Labels as rows of probabilities: a share eps of each row is spread evenly over ALL classes.

    labels: whole numbers (N,) from 0 to num_classes - 1; eps: from 0 (one-hot) to 1 (uniform).
    Returns (N, num_classes); every row sums to one.
    """
    ### BEGIN SOLUTION
    one_hot = np.eye(num_classes)[labels]
    return (1 - eps) * one_hot + eps / num_classes
    ### END SOLUTION


# %% role="check" exercise="label_smoothing"
def check_label_smoothing():
    rows = label_smoothing(np.array([2, 0]), 4, 0.2)
    np.testing.assert_allclose(rows, [[0.05, 0.05, 0.85, 0.05], [0.85, 0.05, 0.05, 0.05]], err_msg="the worked number")
    torch.manual_seed(8)
    scores, labels = torch.randn(5, 7, dtype=torch.float64), torch.tensor([6, 0, 3, 3, 1])
    for eps in (0.0, 0.1, 1.0):
        rows = label_smoothing(labels.numpy(), 7, eps)
        assert rows.shape == (5, 7), f"expected shape (5, 7), got {rows.shape}"
        np.testing.assert_allclose(rows.sum(axis=1), 1, err_msg=f"eps = {eps}: every row must sum to one")
        yours = F.cross_entropy(scores, torch.as_tensor(rows, dtype=torch.float64))
        theirs = F.cross_entropy(scores, labels, label_smoothing=eps)
        np.testing.assert_allclose(yours, theirs, rtol=1e-4, err_msg=f"the loss with eps = {eps}, against PyTorch's")
    print("label_smoothing: the same loss as PyTorch's own.")


check_label_smoothing()

# %% [markdown]
# ## 10. Images that were never taken
#
# More data is the best regulariser, and some of it is free. A flipped cat is a cat; with digits one must be
# more careful. Three recipes that work without knowing what is in the picture:
#
# - **Cutout**: a square hole in every image. No single part can be relied on: dropout for regions.
# - **Mixup**: $\lambda\,x_i + (1-\lambda)\,x_j$, a double exposure, with the labels mixed alike:
#   $\lambda\,y_i + (1-\lambda)\,y_j$.
# - **CutMix**: a rectangle of $x_j$ pasted into $x_i$; the labels are mixed by area.
#
# The share $\lambda$ is drawn from $\text{Beta}(\alpha, \alpha)$: uniform for $\alpha = 1$, near 0 or 1 for a
# small $\alpha$.
#
# > **Often told wrong.** "In CutMix the label's share is the $\lambda$ that was drawn." The rectangle is
# > *meant* to cover a share $1-\lambda$ of the image; but its centre may be any pixel, so that part of it can
# > lie outside and is cut off. Then less is pasted than was drawn, and the label must say so.

# %% [markdown]
# ### Exercise: cutout (12 points)
#
# *40 minutes, hard.* Three functions. All randomness comes from `rng`, a NumPy `Generator` (the same seed
# gives the same result); all return new arrays and leave the given ones as they were. `images` are
# `(N, C, H, W)`; `labels` are probabilities `(N, K)`, such as `label_smoothing` gives.
#
# - `cutout(images, size, rng)` returns images. Each image has **its own** hole of `size` x `size` pixels,
#   zero in all channels. Its centre may be any pixel, all equally likely; the rows are `centre - size // 2`
#   and on, `size` of them, and the columns likewise. What lies outside is cut off.
# - `mixup(images, labels, alpha, rng)` returns `(images, labels)`. **One** share for the whole batch; the
#   partners are the batch in a random order, so that an image may meet itself. The result is share · own + (1
#   - share) · partner's, for both.
# - `cutmix(images, labels, alpha, rng)` returns `(images, labels)`. Share and partners as in `mixup`. One
#   rectangle for the whole batch: $H\sqrt{1-\text{share}}$ rows and $W\sqrt{1-\text{share}}$ columns, rounded
#   down, around a centre that may be any pixel, cut off at the border. The labels count the pixels that were
#   **really** pasted.
#
# Worked number: images of 8x4, share 0.75. The rectangle has $8\cdot\frac12 = 4$ rows and $4\cdot\frac12 = 2$
# columns: 8 of 32 pixels, so the partner's label gets 1/4. If its centre lies in the corner (0, 0), only 2x1
# pixels are left, and the partner gets 2/32 = 1/16.
#
# <details><summary>Hint 1</summary>
#
# `rng.beta(alpha, alpha)`, `rng.permutation(N)`, `rng.integers(H)` draw the share, the order and a row.
# </details>
#
# <details><summary>Hint 2</summary>
#
# A slice that begins at a negative number counts from the *end*: `image[-1:2]` is empty. Cut the beginning
# off at 0 before you slice, and work the end out from the place where the hole *would have begun*.
# </details>


# %% role="answer" exercise="cutout"
def cutout(images, size, rng):
    """A square hole in each image: size x size pixels set to 0 in all channels.

    images: (N, C, H, W); size: pixels, an int; rng: a NumPy Generator, from which all randomness comes.
    Each image has a hole of its own, whose centre may be any pixel with equal probability; the hole covers `size` rows
    from centre - size // 2 on, and the columns likewise. What lies outside the image is cut off.
    Returns new images; leaves the given ones as they were.
    """
    ### BEGIN SOLUTION
    height, width = images.shape[2:]
    out = images.copy()
    for image in out:
        top = rng.integers(height) - size // 2
        left = rng.integers(width) - size // 2
        rows = slice(max(top, 0), top + size)
        columns = slice(max(left, 0), left + size)
        image[:, rows, columns] = 0.0
    return out
    ### END SOLUTION


def mixup(images, labels, alpha, rng):
    """Every image mixed with another one of the batch, and the labels in the same proportion.

    images: (N, C, H, W); labels: probabilities (N, K); alpha: above 0; rng: a NumPy Generator.
    One share for the whole batch, from Beta(alpha, alpha); the partners are the batch in a random order (an image may
    meet itself). Both results are share * own + (1 - share) * partner's.
    Returns (images, labels), new arrays; leaves the given ones as they were.
    """
    ### BEGIN SOLUTION
    share = rng.beta(alpha, alpha)
    order = rng.permutation(len(images))
    mixed_images = share * images + (1 - share) * images[order]
    mixed_labels = share * labels + (1 - share) * labels[order]
    return mixed_images, mixed_labels
    ### END SOLUTION


def cutmix(images, labels, alpha, rng):
    """A rectangle of another image of the batch pasted into each, and the labels mixed by the area that was pasted.

    images: (N, C, H, W); labels: probabilities (N, K); alpha: above 0; rng: a NumPy Generator.
    share and partners as in mixup. One rectangle for the whole batch: H * sqrt(1 - share) rows and W * sqrt(1 - share)
    columns, rounded down, around a centre that may be any pixel; what lies outside the image is cut off.
    Labels: (1 - pasted) * own + pasted * partner's, where pasted is the fraction of the pixels that was really pasted.
    Returns (images, labels), new arrays; leaves the given ones as they were.
    """
    ### BEGIN SOLUTION
    height, width = images.shape[2:]
    share = rng.beta(alpha, alpha)
    order = rng.permutation(len(images))
    box_height = int(height * np.sqrt(1 - share))
    box_width = int(width * np.sqrt(1 - share))
    top = rng.integers(height) - box_height // 2
    left = rng.integers(width) - box_width // 2
    bottom, right = min(top + box_height, height), min(left + box_width, width)
    top, left = max(top, 0), max(left, 0)
    mixed_images = images.copy()
    mixed_images[:, :, top:bottom, left:right] = images[order, :, top:bottom, left:right]
    pasted = (bottom - top) * (right - left) / (height * width)
    mixed_labels = (1 - pasted) * labels + pasted * labels[order]
    return mixed_images, mixed_labels
    ### END SOLUTION


# %% role="check" exercise="cutout"
def check_mixing():
    images = np.broadcast_to(np.arange(1.0, 7.0)[:, None, None, None], (6, 2, 7, 5)).copy()  # image n is n + 1 all over
    labels, before = np.eye(6), images.copy()
    areas, own_holes = [], []
    for seed in range(100):
        holes = cutout(images, 3, np.random.default_rng(seed)) == 0
        assert (holes[:, 0] == holes[:, 1]).all(), "cutout: a hole goes through all channels"
        areas += [int(hole.sum()) for hole in holes[:, 0]]
        own_holes.append((holes != holes[:1]).any())
    assert set(areas) <= {4, 6, 9}, (
        f"cutout: a 3x3 hole leaves 9, 6 or (in a corner) 4 pixels, got {sorted(set(areas))}"
    )
    # the centre is in a corner in 4 of 35 cases, at a side in 16, inside in 15: of 600 holes about 69, 274 and 257
    assert 25 < areas.count(4) < 125 and 200 < areas.count(6) < 350, "cutout: every pixel is equally often the centre"
    assert any(own_holes), "cutout: each image has a hole of its own"
    pasted, shares = [], []
    for seed in range(100):
        mixed, mixed_labels = mixup(images, labels, 0.8, np.random.default_rng(seed))
        shares.append(mixed_labels.max(axis=1).min())
        np.testing.assert_allclose(mixed_labels.sum(axis=1), 1, err_msg="mixup: rows of labels must sum to one")
        # image n is n + 1 all over, so the mixed label says which grey the mixed image must have
        grey = (mixed_labels @ np.arange(1.0, 7.0))[:, None, None, None] + 0 * mixed
        np.testing.assert_allclose(mixed, grey, rtol=1e-4, err_msg="mixup: images and labels in the same proportion")
        mixed, mixed_labels = cutmix(images, labels, 0.8, np.random.default_rng(seed))
        expected = np.stack([(mixed == n)[:, 0].mean(axis=(1, 2)) for n in range(1, 7)], axis=1)
        np.testing.assert_allclose(
            mixed_labels, expected, rtol=1e-4, atol=1e-6, err_msg="cutmix: labels by area of pixels"
        )
        pasted.append(1 - expected.max(axis=1).min())
    for recipe in (mixup, cutmix):
        first, second = (recipe(images, labels, 0.8, np.random.default_rng(5))[0] for _ in range(2))
        assert np.array_equal(first, second), f"{recipe.__name__}: the same rng must give the same images"
    assert min(shares) < 0.8, "mixup: nothing is mixed"
    assert max(pasted) > 0.2, "cutmix: nothing is pasted"
    np.testing.assert_array_equal(images, before, err_msg="the images that were given must be left as they were")
    print("cutout, mixup, cutmix: pixels and labels tell the same story.")


check_mixing()

# %% [markdown]
# Your three functions on a batch of two photographs. The titles give the share of a picture's own label:

# %%
photos = data.photos()
pictures = np.stack([photos["china"][:, 100:340, 200:520], photos["flower"][:, 60:300, 160:480]])  # (2, 3, 240, 320)
rng = np.random.default_rng(32)
changed = {"cutout": (cutout(pictures, 120, rng), np.eye(2))}
changed |= {"mixup": mixup(pictures, np.eye(2), 1.0, rng), "cutmix": cutmix(pictures, np.eye(2), 1.0, rng)}
shown = {}
for n, name in enumerate(["china", "flower"]):
    shown[name] = pictures[n]
    shown |= {f"{recipe}: {labels[n, n]:.0%} {name}": images[n] for recipe, (images, labels) in changed.items()}
plots.image_grid(shown, columns=4, tile=2.6)

# %% [markdown]
# *What to see: the hole is black, or cut off at the border. Mixup is a double exposure. With CutMix the
# rectangle hangs over the lower border: less is pasted than was drawn, and the label says so. (If a picture
# has met itself, which is every second time with two, choose another seed.)*

# %% [markdown]
# ### Experiment: augmentation and soft labels, on and off
#
# The network *without* dropout, on both training sets; every batch goes through your functions before it is
# used. Two starts each, the same two for all. **Predict**: what helps where the labels are right? And where
# 40 are wrong?


# %%
def rows(labels, eps=0.0):
    return label_smoothing(labels, 10, eps)


recipes = {
    "nothing": None,
    "label smoothing 0.1": lambda images, labels, rng: (images, rows(labels, 0.1)),
    "cutout 3x3": lambda images, labels, rng: (cutout(images, 3, rng), labels),
    "mixup": lambda images, labels, rng: mixup(images, rows(labels), 1.0, rng),
    "cutmix": lambda images, labels, rng: cutmix(images, rows(labels), 1.0, rng),
}

# %%
panels = {}
for name, split in sets.items():
    panel = panels[f"accuracy (%), {name}"] = {}
    for recipe, augment in recipes.items():
        runs = [training.train(training.seeded(mlp, s), split, seed=s, augment=augment, **settings) for s in range(2)]
        accuracies = 100 * np.transpose([history.accuracy for history in runs])
        panel[recipe] = epochs[4:], accuracies[4:]
        print(f"{name}, {recipe}: {accuracies[-5:].mean():.1f} % in the last five epochs")

# %% [markdown]
# The first four epochs are left out, so that the differences can be seen.

# %%
plots.curves(panels, "epoch", markers=False)

# %% [markdown]
# *What to see: where the labels are right, soft labels gain more than a point, and the others nothing; CutMix
# even costs one or two, since a rectangle on 8x8 pixels hides half a digit. Where 40 labels are wrong, the
# network without help forgets what it knew, as in section 1; soft labels slow that down, and holes and mixed
# images prevent most of it. A regulariser helps against overfitting. If there is none, it is in the way.*

# %% [markdown]
# ## 11. Dropping layers
#
# A residual block computes $x + f(x)$. If the branch $f$ is missing, $x$ still goes through, so a whole
# **branch** can be dropped: the network is shallower in this step. The coin is tossed for each image by
# itself. It is called **stochastic depth** (Huang et al. 2016) or drop path, and modern networks use it where
# older ones used dropout.
#
# ### Exercise: drop_path (6 points)
#
# *10 minutes, easy.* `drop_path(x, p, training, generator=None)`, for a tensor `x (N, ...)` that comes out of
# a branch. If `training` is true, each *sample* is 0 as a whole with probability `p`, else divided by $1-p$;
# otherwise `x` comes back. The generator is as in `Dropout`; $p = 0$ and $p = 1$ work.
#
# Worked number: three samples $(1, 2)$, $(3, 4)$, $(5, 6)$, $p = 0.5$, and the second is dropped: $(2, 4)$,
# $(0, 0)$, $(10, 12)$.
#
# <details><summary>Hint</summary>
#
# It differs from your `Dropout2d` in the shape of the mask alone.
# </details>


# %% role="answer" exercise="drop_path"
def drop_path(x, p, training, generator=None):
    """Stochastic depth: the whole branch x of a residual block dropped, for each sample by itself.

    x: tensor (N, ...), what the branch adds; p: probability to DROP, from 0 to 1; training: whether to drop at all;
    generator: a torch.Generator on the device of x, or None for PyTorch's global one.
    In training each sample is 0 as a whole with probability p, else divided by 1 - p. Otherwise x comes back. Autograd
    goes through it; device and dtype follow x.
    """
    ### BEGIN SOLUTION
    if not training:
        return x
    mask_shape = x.shape[:1] + (1,) * (x.ndim - 1)  # one coin for each sample
    kept = torch.rand(mask_shape, device=x.device, generator=generator) >= p
    scale = 1 / (1 - p) if p < 1 else 0.0
    return x * kept * scale
    ### END SOLUTION


# %% role="check" exercise="drop_path"
def check_drop_path():
    for device in ["cpu", "cuda"] if torch.cuda.is_available() else ["cpu"]:
        x = torch.rand(20_000, 2, 3, dtype=torch.float64, device=device) + 1
        out = drop_path(x, 0.2, True, torch.Generator(device).manual_seed(1))
        dropped = (out == 0).all(dim=(1, 2))
        fraction = dropped.double().mean().item()
        # 20,000 coins: the fraction strays by 0.003 or so
        assert abs(fraction - 0.2) < 0.017, f"p = 0.2 is the probability to DROP; {fraction:.1%} of the samples are 0"
        torch.testing.assert_close(
            out[~dropped], x[~dropped] / 0.8, msg=lambda text: f"the kept samples, p = 0.2: {text}"
        )
        again = drop_path(x, 0.2, True, torch.Generator(device).manual_seed(1))
        assert torch.equal(out, again), "generators with the same seed must give the same mask"
        assert torch.equal(drop_path(x, 0.2, False), x), "outside of training nothing is dropped or scaled"
        assert (drop_path(x, 1.0, True) == 0).all() and torch.equal(drop_path(x, 0.0, True), x), "p = 1 or p = 0"
        assert drop_path(x.float(), 0.2, True).dtype == torch.float32, "device and dtype must follow x"
    print("drop_path: whole samples, or nothing.")


check_drop_path()

# %% [markdown]
# The usual setting: early blocks, which everything builds on, are dropped rarely, late ones often; $p$ grows
# in a straight line. For 12 blocks, from 0 to 0.5, how deep is the network that an image goes through? Ask
# your function, for 20,000 images:

# %%
branch = torch.ones(20_000, 1)
depth = sum((drop_path(branch, p, True) > 0).long() for p in np.linspace(0, 0.5, 12))
shares = torch.bincount(depth[:, 0], minlength=13) / len(branch)
panel = {"images (%)": {"12 blocks, p from 0 to 0.5": (range(13), 100 * shares.numpy())}}
plots.curves(panel, "blocks that an image went through", ticks=range(13))

# %% [markdown]
# *What to see: nine blocks on average, $12 - (0 + \dots + 0.5) = 12 - 3$, seldom fewer than six. A quarter of
# the arithmetic of the branches is saved in training, if dropped branches are not computed at all.*

# %% [markdown]
# ## 12. Stopping in time
#
# Section 1 showed the simplest remedy: the network was at its best after a few epochs. So hold a **validation
# set** out of the training set (never the test set: what you choose by it is no longer a test), watch its
# loss after every epoch, stop when it has not improved for a while, and *go back* to the best state.
#
# ### Exercise: EarlyStopping (6 points)
#
# *20 minutes, medium.* A class with two methods. `training.train` calls the first after every epoch and the
# second at the end.
#
# - `EarlyStopping(patience, min_delta=0.0)`.
# - `update(loss, model)` returns `True` when it is time to stop, else `False`. **Lower is better**: a loss
#   is better if it is lower than the best so far by *more* than `min_delta`; a loss of NaN never is. It is
#   time after `patience` updates **in a row** without a better one. When the loss is better, keep a **copy**
#   of `model.state_dict()`.
# - `restore(model)` puts the best state back: parameters, and buffers such as running statistics.
#
# Worked number: patience 2, `min_delta` 0, losses 5, 4, 4.5, 3, 3.5, 3.2, 1. The third is worse, the fourth
# is better and starts the count again; the fifth and sixth are no better than 3: stop after six. The state of
# epoch 4 comes back; the 1 is never seen.
#
# `follow(stopper, losses)` from the first cell plays a list of losses to a stopper. It returns the answers of
# `update`, up to the first `True`, and from which epoch the parameter and the buffer of a small model were
# restored.
#
# <details><summary>Hint</summary>
#
# The tensors in `model.state_dict()` are the model's own, not copies: the next step of training changes them
# under your hands. Copy each one when you keep it.
# </details>


# %% role="answer" exercise="EarlyStopping"
class EarlyStopping:
    """Says when to stop, and brings the best state back. Lower losses are better.

    patience: how many updates in a row without a better loss end the training, at least 1. min_delta: at least 0; a
    loss is better if it is lower than the best so far by MORE than min_delta. A loss of NaN is never better.
    """

    def __init__(self, patience, min_delta=0.0):
        ### BEGIN SOLUTION
        self.patience = patience
        self.min_delta = min_delta
        self.best_loss = float("inf")
        self.best_state = None
        self.num_bad = 0  # updates in a row without a better loss
        ### END SOLUTION

    def update(self, loss, model):
        """After each epoch: keeps a copy of the best state. loss: validation loss. Returns True to stop, else False."""
        ### BEGIN SOLUTION
        if loss < self.best_loss - self.min_delta:
            self.best_loss = loss
            self.best_state = {name: value.clone() for name, value in model.state_dict().items()}
            self.num_bad = 0
        else:
            self.num_bad += 1
        return self.num_bad >= self.patience
        ### END SOLUTION

    def restore(self, model):
        """Put the best state back into the model: parameters and buffers."""
        ### BEGIN SOLUTION
        model.load_state_dict(self.best_state)
        ### END SOLUTION


# %% role="check" exercise="EarlyStopping"
def check_early_stopping():
    cases = [
        # patience, min_delta, losses, stops after, best epoch
        (2, 0.0, [5, 4, 4.5, 3, 3.5, 3.2, 1], 6, 4),  # one bad epoch is forgiven, two in a row are not
        (1, 0.0, [5, 4, 4, 1], 3, 2),  # equal is not better
        (2, 0.5, [5, 4.6, 4.4, 4.2], 4, 3),  # 0.4 is too little, 0.6 below the best is enough
        (3, 0.0, [2, float("nan"), 1, float("nan"), 8, 9], 6, 3),
    ]
    for patience, min_delta, losses, num_epochs, best in cases:
        answers, restored = follow(EarlyStopping(patience, min_delta), losses)
        where = f"patience {patience}, min_delta {min_delta}, losses {losses}"
        assert len(answers) == num_epochs, f"{where}: expected {num_epochs} epochs, got {answers}"
        assert restored == [best, best], f"{where}: epoch {best} is the best, restored: {restored}"
    print("EarlyStopping: stops in time and goes back.")


check_early_stopping()

# %% [markdown]
# ### Experiment: how patient?
#
# The wrong labels again, without dropout. A quarter of the training set is held out (with its wrong labels;
# one does not know which they are). First without stopping, so that we see what would have come; then
# `follow` says what each patience would have done.

# %%
watched = training.train(training.seeded(mlp, 0), noisy, validation_fraction=0.25, **settings)
for patience in (1, 3, 10):
    answers, restored = follow(EarlyStopping(patience), watched.validation_loss)
    best, _ = restored
    then = f"{watched.accuracy[best - 1]:.1%} of the test images right"
    print(f"patience {patience:>2}: stops after epoch {len(answers)}, goes back to epoch {best}: {then}")
print(f"never stopped: after epoch {len(watched.loss)}: {watched.accuracy[-1]:.1%}")

# %%
losses = {"training": (epochs, watched.loss), "validation": (epochs, watched.validation_loss)}
plots.curves({"loss (nats)": losses}, "epoch", markers=False)

# %% [markdown]
# *What to see: the validation loss turns after nine epochs or so, while the training loss goes on falling.
# Going back to the turning point keeps nearly ten points of accuracy that were lost by the end. Here every
# patience finds it, because the curve is smooth; on a ragged one, a patience of 1 stops at the first bump.*

# %% [markdown]
# In use, one argument is enough:

# %%
saved = training.train(
    training.seeded(mlp, 0), noisy, validation_fraction=0.25, early_stopping=EarlyStopping(5), **settings
)
print(f"{len(saved.loss)} epochs instead of {settings['epochs']}")

# %% [markdown]
# ## 13. Dropout and batch normalization
#
# Two good things that do not go together well. Batch normalization remembers the mean and the variance of
# each unit from training, and uses them at test time. Dropout keeps the mean the same in both modes; that is
# what the factor $1/(1-p)$ is for. And the **variance**? For a unit $h$ in front of dropout,
#
# $$\text{train:}\quad \mathbb E\!\left[\Big(\frac{m h}{1-p}\Big)^{2}\right] - \mathbb E[h]^2
#   = \frac{\mathbb E[h^2]}{1-p} - \mathbb E[h]^2
#   \qquad\qquad \text{test:}\quad \mathbb E[h^2] - \mathbb E[h]^2$$
#
# The variance in training is *larger*: noise has been added. Batch normalization behind dropout remembers the
# larger one, and at test time divides by too much. The ratio of the two,
#
# $$\frac{\text{test}}{\text{train}} = \frac{\mathbb E[h^2] - \mathbb E[h]^2}{\mathbb E[h^2]/(1-p) - \mathbb E[h]^2}$$
#
# is the **variance shift** (Li et al. 2019). It is 1 only for $p = 0$.

# %% [markdown]
# ### Experiment: measure it
#
# Three blocks of Linear, ReLU, and then dropout *before* or *after* batch normalization.


# %%
def normalised(p, dropout_first):
    layers = [nn.Flatten()]
    for inputs in (64, 128, 128):
        pair = [Dropout(p), nn.BatchNorm1d(128)]
        layers += [nn.Linear(inputs, 128), nn.ReLU(), *(pair if dropout_first else pair[::-1])]
    return nn.Sequential(*layers, nn.Linear(128, 10))


# %% [markdown]
# For each batch normalization we compare the variance that it remembers with the one that it really gets in
# `eval()` mode, on the images that it was trained on: the median over its 128 units.


# %%
@torch.no_grad()
def variance_ratios(model, images):
    ratios, x = [], torch.tensor(images)
    for layer in model.eval():
        if isinstance(layer, nn.BatchNorm1d):
            alive = layer.running_var > 1e-3
            ratios.append((x.var(dim=0) / layer.running_var)[alive].median().item())
        x = layer(x)
    return ratios


# %%
shift_rates, shifts, shifted = [0.0, 0.3, 0.5, 0.7], {}, {}
for name, dropout_first in [("dropout, then norm", True), ("norm, then dropout", False)]:
    for p in shift_rates:
        shifted[name, p] = training.seeded(lambda p=p, first=dropout_first: normalised(p, first), 0)
        training.train(shifted[name, p], few, **settings)
        shifts[name, p] = variance_ratios(shifted[name, p], few.train_images)
panels = {
    f"variance, test / train: norm {i + 1}": {
        name: (shift_rates, [shifts[name, p][i] for p in shift_rates])
        for name in ("dropout, then norm", "norm, then dropout")
    }
    for i in (0, 2)
}
plots.curves(panels, "p, the probability to drop", share_y=True, ticks=shift_rates)

# %% [markdown]
# *What to see: with dropout first the variance at test time is 0.4 of the remembered one at $p = 0.5$, and
# 0.2 at $p = 0.7$. The other order saves the first normalization, but not the third: the dropout of blocks 1
# and 2 stands in front of that one, too.*
#
# Does the formula predict it? It needs the two moments of $h$ at test time, in front of the first dropout.

# %%
with torch.no_grad():
    hidden = shifted["dropout, then norm", 0.5].eval()[:3](torch.tensor(few.train_images))  # Flatten, Linear, ReLU
square, mean = (hidden**2).mean(dim=0), hidden.mean(dim=0)
predicted = (square - mean**2) / (square / (1 - 0.5) - mean**2)
predicted = predicted[square - mean**2 > 1e-3].median()
measured = shifts["dropout, then norm", 0.5][0]
print(f"p = 0.5, norm 1: formula {predicted:.2f}, measured {measured:.2f}")

# %% [markdown]
# Close: the remembered variance is itself an estimate, from the last batches of 50 images with one draw of
# masks each.
#
# And what does the shift cost? One remedy is to *measure the running statistics again* after training, with
# dropout off, so that they fit what will come:


# %%
@torch.no_grad()
def measure_again(model, images):
    model.eval()
    for layer in model:
        if isinstance(layer, nn.BatchNorm1d):
            layer.reset_running_stats()
            layer.momentum = None  # the plain mean of all batches, here of one
            layer.train()
    model(torch.tensor(images))


losses = {"statistics from training": {}, "measured again": {}}
for p in shift_rates:
    model = shifted["dropout, then norm", p]
    losses["statistics from training"][f"p = {p}"] = training.evaluate(model, few.test_images, few.test_labels).loss
    measure_again(model, few.train_images)
    losses["measured again"][f"p = {p}"] = training.evaluate(model, few.test_images, few.test_labels).loss
plots.grouped_bars(losses, "loss on test images (nats)")

# %% [markdown]
# *What to see: up to $p = 0.5$ this network shrugs the shift off, the loss is as good as with the right
# statistics. At $p = 0.7$ measuring again takes away a third of the loss. A large shift need not do large
# harm; but it is a risk that you need not take.*

# %% [markdown]
# ### Exercise: variance_shift (5 points)
#
# *20 minutes; write about ten sentences.* A unit has mean $\mathbb E[h] = 1$ and variance 1 without dropout.
# Inverted dropout with $p = 0.5$ stands before a batch normalization.
#
# 1. Which variance does batch normalization remember, and which one does it meet at test time? What does
#    it therefore do to the signal at test time (give the factor)?
# 2. Would vanilla dropout, scaled at test time, avoid the shift? Give its two variances.
# 3. Measuring again is one way out. Name two others, and say for each why it works.


# %% [markdown] role="answer" exercise="variance_shift"
# ### BEGIN SOLUTION
# 1. $\mathbb E[h^2] = 1 + 1^2 = 2$. In training the variance is $2/0.5 - 1 = 3$: that is what batch
#    normalization remembers. At test time it meets 1. The mean is 1 both times. So it divides by $\sqrt 3$
#    where it should divide by 1: the signal comes out with standard deviation $1/\sqrt3 \approx 0.58$ instead
#    of 1, and all layers behind it get weaker signals than they were trained on.
# 2. No. In training $m h$ has the mean 0.5 and $\mathbb E[(mh)^2] = 0.5\cdot2 = 1$, so the variance
#    $1 - 0.25 = 0.75$. At test time $0.5\,h$ has the variance $0.25$. The ratio is $1/3$, as before: a
#    constant factor changes both alike. The noise is the cause, not the place of the factor.
# 3. For example: put dropout behind the last batch normalization, so that none is left to remember its
#    noise. Or use a normalization without running statistics (layer norm), which has nothing to be out of
#    date. Or add less variance: a smaller $p$, or noise of another kind. Or no dropout at all, since batch
#    normalization regularises as well.
# ### END SOLUTION
#
# === BEGIN MARK SCHEME ===
# Five points:
#
# - **Variances (1 point).** 3 in training and 1 at test time; half a point for each.
# - **Consequence (1 point).** Divides by $\sqrt3$ instead of 1, or the output has standard deviation 0.58
#   (variance 1/3). A reversed factor (too large) earns nothing; "wrong scale" without a number half a point.
# - **Vanilla (1 point).** No, with 0.75 and 0.25, or with the argument that a constant factor changes both
#   variances alike. "No" alone earns nothing.
# - **Ways out (2 points).** One point each for a way *with its reason*; half a point for one without.
#   "Train longer" or "a larger batch" earns nothing: the shift does not come from too little data.
# === END MARK SCHEME ===

# %% [markdown]
# ## What to remember
#
# - $p$ is the probability to **drop**. Inverted: divide by $1-p$ in training, nothing at test time.
#   Backward: the same mask.
# - Dropout guards against learning by heart. Where there is nothing to guard against, it costs time and
#   buys little.
# - The scaled network approximates the average over all masks; ask many masks if you want to know how sure
#   it is.
# - Weight decay is L2 for plain SGD; for Adam it is not, and AdamW is what you want.
# - Whatever you do to the pixels, do to the labels: mixed images have mixed labels, by the area really
#   pasted.
# - Dropout changes the variance between training and test; batch normalization behind it does not know.
#
# ## Further reading
#
# - N. Srivastava et al., *Dropout: a simple way to prevent neural networks from overfitting*, JMLR 2014.
#   Section 4 has the vanilla form, section 10 the inverted one.
# - Y. Gal and Z. Ghahramani, *Dropout as a Bayesian approximation*, ICML 2016, arXiv:1506.02142.
# - J. Tompson et al., *Efficient object localization using convolutional networks*, CVPR 2015,
#   arXiv:1411.4280: dropping whole channels.
# - I. Loshchilov and F. Hutter, *Decoupled weight decay regularization*, ICLR 2019, arXiv:1711.05101.
# - C. Szegedy et al., *Rethinking the Inception architecture*, CVPR 2016, section 7: label smoothing.
#   arXiv:1512.00567.
# - T. DeVries and G. Taylor, *Cutout*, 2017, arXiv:1708.04552. H. Zhang et al., *mixup*, ICLR 2018,
#   arXiv:1710.09412. S. Yun et al., *CutMix*, ICCV 2019, arXiv:1905.04899.
# - G. Huang et al., *Deep networks with stochastic depth*, ECCV 2016, arXiv:1603.09382.
# - L. Prechelt, *Early stopping, but when?*, 1998.
# - X. Li et al., *Understanding the disharmony between dropout and batch normalization by variance shift*,
#   CVPR 2019, arXiv:1801.05134.
# - C. Zhang et al., *Understanding deep learning requires rethinking generalization*, ICLR 2017,
#   arXiv:1611.03530: networks that learn random labels by heart.
