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
# # Initialization, activations and preprocessing
#
# For twenty years almost nobody could train a network of more than a few layers. The layers were known, the
# backward pass was known, the computers were slow but not *that* slow. What was missing fits into one line of
# code: **how large the weights are before the first step.**
#
# Make them a little too small, and after ten layers nothing is left of the image. Make them a little too large,
# and after ten layers every image looks the same. In between lies a narrow road, and in this notebook you find
# it, with arithmetic that fits on the back of an envelope:
#
# - how large weights must be so that signals keep their size, forwards and backwards;
# - what the activation function does to that size, and how to compute it without overflow;
# - how to *measure* a network before you train it, so that you see trouble instead of guessing;
# - what the data itself has to look like.

# %% [markdown]
# ## Goals
#
# After this notebook you can
#
# - say why all weights must not start equal, and why "small and random" is not enough;
# - derive the starts of Xavier and Kaiming, and use them for linear layers and convolutions with groups;
# - write the common activation functions and their derivatives so that they survive an input of 1000;
# - look at a deep network that does not learn and tell from its statistics what is wrong;
# - start residual networks, and networks for which no formula exists;
# - prepare data with statistics of the training set alone, and say why.
#
# ## You need
#
# NumPy, the variance of a sum of independent random numbers, the chain rule, PyTorch's `nn.Module`. The assignment
# `convolution`, for the shapes of its filters. No GPU: everything here runs on a laptop.
#
# ## Points
#
# | exercise | points | time | difficulty |
# |---|--:|--:|---|
# | `fan_in_and_fan_out` | 6 | 10 min | easy |
# | `xavier_init` | 10 | 20 min | easy |
# | `kaiming_init` | 10 | 20 min | easy |
# | `activation` | 16 | 45 min | medium |
# | `activation_statistics` (with `gradient_statistics`) | 12 | 35 min | medium |
# | `zero_init_residual` | 8 | 20 min | medium |
# | `lsuv_init` | 10 | 30 min | hard |
# | `zero_center` (with `standardize`, `pca_whiten`) | 10 | 30 min | medium |
# | `init_module_` | 8 | 25 min | medium |
# | `constant_start` (written) | 5 | 15 min | think |
# | `zig_zag` (written) | 5 | 15 min | think |
# | **together** | **100** | about 4 h | |

# %% [markdown]
# ## How to work
#
# Every exercise is a cell to fill in, followed by a **check** that you can run as often as you like. The checks
# try a few hard cases; the grading tries more of them, so read the shapes with care. A check that fails says
# what it expected.
#
# - The NumPy exercises are to be solved with NumPy (and the `erf` of SciPy); PyTorch is there to be compared with.
# - Keep the names of the functions and the order of their arguments. Helper functions and cells of your own are
#   welcome.
# - **Randomness is handed to you**: `rng` is a NumPy `Generator`, `generator` a `torch.Generator`. Draw from it and
#   from nothing else, and never make a new one inside. Which numbers you draw in which order is your own
#   business; checks look at statistics.
# - The experiments call your functions: until you have written a function, a cell that needs it stops with
#   `NotImplementedError`. That is no harm. Come back to it.
# - Questions marked **Predict** are for you alone. Answer them in your head *before* you open the answer.
#
# Run the first cell now.

# %% role="setup"
import math

import numpy as np
import torch
import torch.nn.functional as F
from scipy.special import erf
from torch import nn

from course_lib import data, plots, trainability, training, transforms, widgets
from course_lib.residual_stack import ResidualBlock, ResidualStack

plots.use_style()
torch.manual_seed(0)
torch.set_num_threads(1)  # the networks here are too small to be worth sharing among cores

# %% [markdown]
# The data for the experiments: 1,797 real handwritten digits of 8x8 pixels. Over all their pixels they have mean 0
# and standard deviation 1 (section 11 says why that is a good idea). For fully connected layers an image is a
# row of 64 numbers.

# %%
images = data.digits()
digits = transforms.standardize(data.split(images.images, images.labels))
x_digits = digits.train_images[:100].reshape(100, 64)
print(f"{len(digits.train_images)} digits to train on; mean {x_digits.mean():.2f}, std {x_digits.std():.2f}")

# %% [markdown]
# ## 1. The signal dies, or everything shouts
#
# Before any training, send random numbers through a network of eight layers. A layer is
# $s = W x$ and then $x \leftarrow f(s)$: 200 units, weights drawn from a normal distribution with standard
# deviation
#
# $$\text{scale} / \sqrt{200}$$
#
# Each little picture is a histogram of the 100 x 200 numbers that leave a layer. **Drag the scale.** Try tanh at
# 0.5, 1 and 4; then look for the scale at which relu neither dies nor explodes. Where no slider can run, in a printed
# or exported notebook, you see one setting.

# %%
widgets.explore_weight_scale()

# %% [markdown]
# *What to see: at scale 0.5 every layer halves the signal (its standard deviation stands above; red: less than a
# tenth of the first, or more than ten times it). What reaches the end is practically zero for every input: the last
# layers cannot know what came in.*
#
# **Predict.** With tanh and a large scale nothing explodes, since tanh stays between -1 and 1. So is a large scale
# safe?
#
# <details><summary>Answer</summary>
#
# No. Drag it to 8: nearly all units sit at -1 or +1. There tanh is flat, its derivative is almost zero, and the
# backward pass multiplies by that derivative once per layer. Forwards the units shout; backwards nobody
# hears.
# </details>
#
# One more thing must not happen at the start: that all weights are *equal*. Watch one weight of each of six hidden
# units while a small network learns digits, from three starts.


# %%
def six_units(constant=None):
    net = training.seeded(lambda: nn.Sequential(nn.Linear(64, 6), nn.Tanh(), nn.Linear(6, 10)), 0)
    for parameter in net.parameters():
        if constant is not None:
            nn.init.constant_(parameter, constant)
    return net


nets = {"all 0": six_units(0.0), "all 0.1": six_units(0.1), "random": six_units()}
traces = {name: trainability.trace_units(net, digits, 60, 0.5, weight=20) for name, net in nets.items()}
plots.unit_traces(traces, "step", "weight from pixel 20")

# %% [markdown]
# *What to see: from zero nothing moves at all. From 0.1 the six weights do move, but as one line: six units that stay
# copies of each other. Only the random start gives six different units.* The written exercise at the end of this
# section asks you why.

# %% [markdown]
# ### Exercise: constant_start (5 points)
#
# *15 minutes; write about ten sentences.* A colleague dislikes randomness and starts *all* weights of a network
# at the same number $c$: two hidden layers with tanh, a linear layer for ten scores, cross-entropy, biases 0.
#
# 1. $c = 0$. Which weights and biases have a gradient other than zero in the first step, and what can the network
#    ever learn?
# 2. $c = 0.1$. Show that two units of the same hidden layer have equal gradients, and conclude that they stay equal
#    for ever. As how large a network does the whole thing act?
# 3. Your colleague hopes that random mini-batches, or Adam, or dropout will break the tie. Which of these does, and
#    why?
# 4. What do you suggest to somebody who wants reproducible results? And why may logistic regression, without a
#    hidden layer, start at zero?
#
# <details><summary>Hint</summary>
#
# Write down the gradient of the weight from unit $i$ to unit $j$: the signal of $i$ times the error that arrives at
# $j$. What of it depends on which $j$ you look at?
# </details>

# %% [markdown] role="answer" exercise="constant_start"
# ### BEGIN SOLUTION
# 1. With $c = 0$ every sum is 0, so every hidden unit gives $\tanh(0) = 0$. The gradient of a weight is the signal
#    below times the error above. In the last layer the signal below is 0; in the layers below the error is 0,
#    because it came down through weights that are 0. Only the ten biases of the last layer have a gradient. They
#    learn how frequent each class is, the weights stay 0 for ever, and the scores never depend on the image.
# 2. Units $j$ and $k$ of one layer have the same incoming weights and bias, so for every image the same sum,
#    the same output and the same derivative. Their outgoing weights are equal as well, so the same error
#    arrives at both. The gradient of the weight from $i$ is (signal of $i$) times (error at $j$) times $f'$,
#    which does not depend on $j$: equal gradients. Equal weights and equal gradients give equal weights after
#    the step, and so on (by induction). Each hidden layer acts like ONE unit (repeated), however wide it is.
#    (The weights to the ten scores may differ from class to class, since the errors there do.)
# 3. Mini-batches: no, both units see the same batch, whichever it is. Adam: no, it is a function of each weight's
#    own history of gradients, and the histories are equal. Dropout: yes, it drops one unit and keeps the
#    other, so they get different gradients; but it is a poor way to get what a random start gives at once.
# 4. Random weights from a generator with a fixed seed are just as reproducible. Logistic regression has no hidden
#    units that could be copies of one another: the gradient of each weight depends on its own pixel and class, and
#    the loss is convex, so every start leads to the same minimum.
# ### END SOLUTION
#
# === BEGIN MARK SCHEME ===
# Five points:
#
# - **Zero (1 point).** All hidden outputs are 0 and no error comes down, so only the last biases learn (class
#   frequencies). "All gradients are zero" without the biases: half a point.
# - **Equal for ever (2 points).** Same input, same output, same error from above, so the same gradient (1 point);
#   equal after every step, so the layer acts as a single unit (1 point).
# - **Breaking the tie (1 point).** Mini-batches and Adam do not, dropout does, with a reason. Two of three right:
#   half a point.
# - **Instead (1 point).** A seeded generator (half a point); logistic regression has no hidden units to tell
#   apart, or is convex (half a point).
# === END MARK SCHEME ===

# %% [markdown]
# ## 2. How large is a sum?
#
# Look at one unit: $s = \sum_j w_j x_j$, a sum over the inputs that it sees. Their number is called **fan-in**. Let
# the weights be independent of each other and of the inputs, with mean 0 and variance $\sigma^2$. The mean of every
# product is 0, so the variance of each is $\mathbb E[w_j^2 x_j^2] = \sigma^2\,\mathbb E[x_j^2]$, and variances of
# independent terms add up:
#
# $$\operatorname{Var}(s) \;=\; \text{fan\_in}\;\cdot\;\sigma^2\;\cdot\;\mathbb E[x^2]$$
#
# That is the whole theory of initialization in one line. Note that it is the *mean square* of the inputs that
# counts, not their variance: for inputs with mean 0 it is the same, behind a relu it is not.
#
# A number to hold on to: 400 inputs with mean square 1. With $\sigma = 0.05$, $400\cdot0.0025 = 1$: the signal keeps
# its size. With $\sigma = 0.01$, $400\cdot0.0001 = 0.04$: the standard deviation falls to $0.2$, and after six such
# layers to $0.2^6 = 0.000064$.
#
# On the way back the same sum appears with the roles exchanged: the gradient at one input is a sum over the outputs
# that it reaches, the **fan-out**.
#
# | layer | shape of `w` | fan-in | fan-out |
# |---|---|---|---|
# | linear | `(out, in)` | in | out |
# | convolution | `(F, C, HH, WW)` | $C\cdot HH\cdot WW$ | $F\cdot HH\cdot WW$ |
# | with $G$ groups | `(F, C/G, HH, WW)` | $C/G\cdot HH\cdot WW$ | $F/G\cdot HH\cdot WW$ |
#
# A convolution's output is a dot product with a whole window, so the area of the kernel counts; and one pixel
# lies in $HH\cdot WW$ windows, so it counts on the way back too. With groups, a filter sees only the channels
# of its own group (that is already in the shape), and a channel reaches only the filters of its own group (that
# is *not* in the shape).
#
# > **Often told wrong.** Notes say "fan-in = input channels times kernel size squared", which holds for square
# > kernels only. And PyTorch's own fan-out, which sees the shape alone, counts all $F$ filters even when there
# > are groups: for a depthwise convolution of 64 channels it is 64 times too large.

# %% [markdown]
# ### Exercise: fan_in_and_fan_out (6 points)
#
# *10 minutes, easy.* `shape` is a tuple (or a `torch.Size`) as in the table; kernels may have one, two or three axes.
# `groups` is 1 unless given.
#
# Worked number: 16 filters of 3x5 on 8 channels have shape `(16, 8, 3, 5)`: fan-in $8\cdot15 = 120$, fan-out
# $16\cdot15 = 240$. With 4 groups the shape is `(16, 2, 3, 5)`: fan-in $2\cdot15 = 30$, fan-out
# $\tfrac{16}{4}\cdot15 = 60$.
#
# <details><summary>Hint</summary>
#
# The kernel is everything behind the first two sizes, and for a linear layer that is nothing. What is the product of
# no numbers? `math.prod` knows.
# </details>


# %% role="answer" exercise="fan_in_and_fan_out"
def fan_in_and_fan_out(shape, groups=1):
    """How many inputs one output sees, and how many outputs one input reaches.

    shape: of the weight, as PyTorch has it: (out, in) of a linear layer, or (F, C/groups, *kernel) of a
    convolution with one, two or three kernel axes. groups: of the convolution.
    Returns (fan_in, fan_out), two ints.
    """
    ### BEGIN SOLUTION
    area = math.prod(shape[2:])  # places of the kernel; 1 for a linear layer
    fan_in = shape[1] * area
    fan_out = shape[0] // groups * area
    return fan_in, fan_out
    ### END SOLUTION


# %% role="check" exercise="fan_in_and_fan_out"
def check_fan_in_and_fan_out():
    for shape in [(3, 7), (6, 4, 3, 5), (5, 2, 7), (2, 3, 4, 5, 6), (1, 1, 1, 1)]:
        expected = nn.init._calculate_fan_in_and_fan_out(torch.empty(shape))
        answer = tuple(fan_in_and_fan_out(shape))
        assert answer == expected, f"shape {shape}: expected (fan_in, fan_out) = {expected}, got {answer}"
    for channels, filters, kernel, groups in [(8, 16, (3, 5), 4), (6, 6, (3, 3), 6), (4, 10, (1, 2), 2)]:
        conv = nn.Conv2d(channels, filters, kernel, padding=(5, 5), groups=groups, bias=False)
        nn.init.ones_(conv.weight)
        spark = torch.zeros(1, channels, 9, 9)
        spark[0, 0, 4, 4] = 1  # one input number: how many outputs does it reach?
        reached = int(conv(spark).count_nonzero())
        answer = tuple(fan_in_and_fan_out(conv.weight.shape, groups))
        where = f"weight of shape {tuple(conv.weight.shape)} with {groups} groups"
        assert answer[0] == conv.weight[0].numel(), f"{where}: fan_in counts the weights of one filter, got {answer[0]}"
        assert answer[1] == reached, f"{where}: one pixel reaches {reached} outputs, got fan_out = {answer[1]}"
    print("fan_in_and_fan_out: agree with PyTorch, and with counting where there are groups.")


check_fan_in_and_fan_out()

# %% [markdown]
# ## 3. Xavier: keep the size
#
# If the signal is to keep its size from layer to layer, $\text{fan\_in}\cdot\sigma^2$ must be 1. If the
# gradient is to keep its size on the way back, $\text{fan\_out}\cdot\sigma^2$ must be 1. Both hold only where
# the layer is as wide at the top as at the bottom. Xavier Glorot and Yoshua Bengio, who did this sum in 2010,
# took the middle:
#
# | mode | variance $\sigma^2$ | keeps |
# |---|---|---|
# | `'fan_in'` | $1/\text{fan\_in}$ | the signal |
# | `'fan_out'` | $1/\text{fan\_out}$ | the gradient |
# | `'fan_avg'` | $2/(\text{fan\_in}+\text{fan\_out})$ | both, nearly |
#
# Which distribution the numbers come from hardly matters, as long as the variance is right. Two are common: a normal
# distribution with standard deviation $\sigma$, and a uniform one between $-\ell$ and $\ell$. Uniform numbers
# between $-\ell$ and $\ell$ have variance $\ell^2/3$, so
#
# $$\ell = \sqrt{3}\;\sigma$$
#
# > **Two things with one name.** Lecture notes and some libraries say "Xavier" for $1/\text{fan\_in}$; Glorot's paper
# > and PyTorch (`xavier_normal_`, `xavier_uniform_`) mean $2/(\text{fan\_in}+\text{fan\_out})$. Always say which.

# %% [markdown]
# ### Exercise: xavier_init (10 points)
#
# *20 minutes, easy.* Return a new array of the given shape; the fans are those of your function, with one
# group. Another mode or distribution is a `ValueError`.
#
# Worked number: shape `(3, 4)` has fan-in 4 and fan-out 3. With `'fan_in'` the variance is $1/4$: normal
# numbers with $\sigma = 0.5$, or uniform ones between $\pm\sqrt3\cdot0.5 = \pm0.866$. With `'fan_avg'` it is
# $2/7$, $\sigma = 0.535$, $\ell = 0.926$.
#
# <details><summary>Hint</summary>
#
# `rng.normal(mean, std, shape)` wants the standard deviation, not the variance. `rng.uniform(low, high, shape)` wants
# both ends.
# </details>


# %% role="answer" exercise="xavier_init"
def xavier_init(shape, rng, mode="fan_in", distribution="normal"):
    """Random weights of mean 0 whose variance is one over the fan.

    shape: as for fan_in_and_fan_out (groups 1); rng: a NumPy Generator, from which every number is drawn.
    mode: 'fan_in' (variance 1/fan_in), 'fan_out' (1/fan_out) or 'fan_avg' (2/(fan_in + fan_out)).
    distribution: 'normal', or 'uniform' between -limit and limit, with the same variance.
    Returns an array of that shape. Raises ValueError for another mode or distribution.
    """
    ### BEGIN SOLUTION
    fan_in, fan_out = fan_in_and_fan_out(shape)
    fans = {"fan_in": fan_in, "fan_out": fan_out, "fan_avg": (fan_in + fan_out) / 2}
    if mode not in fans:
        raise ValueError(f"xavier_init: mode must be one of {list(fans)}, got {mode!r}")
    variance = 1 / fans[mode]
    std = math.sqrt(variance)
    if distribution == "normal":
        return rng.normal(0, std, shape)
    if distribution == "uniform":
        limit = math.sqrt(3) * std  # uniform numbers between -limit and limit have variance limit**2 / 3
        return rng.uniform(-limit, limit, shape)
    raise ValueError(f"xavier_init: distribution must be 'normal' or 'uniform', got {distribution!r}")
    ### END SOLUTION


# %% role="check" exercise="xavier_init"
def check_xavier_init():
    shape = (50, 20, 3, 7)  # fan_in 420, fan_out 1050; 21,000 numbers: their std is known to about 0.5 %
    variances = {"fan_in": 1 / 420, "fan_out": 1 / 1050, "fan_avg": 2 / 1470}
    for mode, variance in variances.items():
        for distribution in ("uniform", "normal"):
            rng = np.random.default_rng(0)
            w, second = (xavier_init(shape, rng, mode, distribution) for _ in range(2))
            where, std = f"mode {mode}, {distribution}", math.sqrt(variance)
            assert w.shape == shape, f"{where}: expected shape {shape}, got {w.shape}"
            assert abs(w.std() / std - 1) < 0.04, f"{where}: expected a std of about {std:.4f}, got {w.std():.4f}"
            assert abs(w.mean()) < 0.04 * std, f"{where}: expected a mean of about 0, got {w.mean():.4f}"
            largest = np.abs(w).max() / std
            flat = largest < 1.75  # sqrt(3) = 1.73; of so many normal numbers the largest is beyond 3.5
            assert flat == (distribution == "uniform"), f"{where}: the largest number is {largest:.2f} times the std"
            assert not np.array_equal(w, second), f"{where}: two layers from one rng must differ"
    for wrong in [("fan_sum", "normal"), ("fan_in", "cauchy")]:
        try:
            xavier_init((3, 4), np.random.default_rng(0), *wrong)
        except ValueError:
            continue
        raise AssertionError(f"mode and distribution {wrong}: expected a ValueError")
    print("xavier_init: the right spread, in every mode and both distributions.")


check_xavier_init()

# %% [markdown]
# > **Often done wrong.** A fresh generator for every layer, with the same seed. All layers of one shape are
# > then *the same matrix*: a network of ten layers begins with a tenth of the randomness that it seems to have,
# > and "independent of what arrives", on which section 2 rests, is no longer true. Make one generator for the
# > whole network and pass it on.

# %%
fresh = [xavier_init((3, 4), np.random.default_rng(0)) for layer in range(2)]
rng = np.random.default_rng(0)
passed_on = [xavier_init((3, 4), rng) for layer in range(2)]
for name, (first, second) in {"a fresh generator for each": fresh, "one, passed on": passed_on}.items():
    print(f"{name}: are two layers equal? {np.array_equal(first, second)}")

# %% [markdown]
# ## 4. Kaiming: relu throws half away
#
# Behind a linear layer the sums $s$ are spread evenly around 0. relu, $\max(0, s)$, sets the negative half to
# zero, so half of the mean square is lost:
#
# $$\mathbb E[\text{relu}(s)^2] = \tfrac12\,\operatorname{Var}(s)$$
#
# With Xavier, $\operatorname{Var}(s)$ is then halved in every layer: after ten layers $2^{-10}$, a thousandth.
# The cure of Kaiming He and his colleagues (2015): begin with twice the variance. In general, with a **gain**
# $g$ that makes up for what the activation takes away,
#
# $$\sigma = \frac{g}{\sqrt{\text{fan}}}$$
#
# | activation | gain $g$ | from |
# |---|---|---|
# | `'linear'` and `'sigmoid'` | $1$ | nothing to make up for |
# | `'relu'` | $\sqrt2$ | half of the mean square is lost |
# | `'leaky_relu'` with slope $a$ | $\sqrt{2/(1+a^2)}$ | a fraction $(1+a^2)/2$ is kept |
# | `'tanh'` | $5/3$ | experience: tanh shrinks large sums |
# | `'selu'` | $3/4$ | PyTorch's choice, see below |
#
# > **Often told wrong.** "relu halves the *variance*." It halves the *mean square*; the outputs have a mean,
# > $0.4$ times the spread of $s$, and their variance is $0.34$ of that of $s$. What the next layer feels is the
# > mean square.
#
# > **Take care with selu.** The gain $3/4$ is what `torch.nn.init.calculate_gain('selu')` gives, for the sake
# > of stable gradients. But the theory of selu (section 8) asks for variance $1/\text{fan\_in}$, gain 1: call
# > it with `'linear'`.

# %% [markdown]
# ### Exercise: kaiming_init (10 points)
#
# *20 minutes, easy.* Always normal numbers. `mode` is `'fan_in'` or `'fan_out'`; `slope` matters for `'leaky_relu'`
# alone. Another activation or mode is a `ValueError`.
#
# Worked number: 64 filters of 3x3 on 32 channels, relu: fan-in $32\cdot9 = 288$,
# $\sigma = \sqrt{2/288} = 0.083$. With leaky relu of slope 0.2: $g = \sqrt{2/1.04} = 1.387$, $\sigma = 0.082$.


# %% role="answer" exercise="kaiming_init"
def kaiming_init(shape, rng, activation="relu", slope=0.0, mode="fan_in"):
    """Normal random weights of mean 0 and variance gain**2 / fan, for the activation that follows.

    shape: as for fan_in_and_fan_out (groups 1); rng: a NumPy Generator, from which every number is drawn.
    activation: 'linear', 'sigmoid', 'tanh', 'relu', 'leaky_relu' (with `slope` on its negative side) or 'selu'.
    mode: 'fan_in' or 'fan_out'. Returns an array of that shape. Raises ValueError for another activation or mode.
    """
    ### BEGIN SOLUTION
    gains = {
        "linear": 1.0,
        "sigmoid": 1.0,
        "tanh": 5 / 3,
        "relu": math.sqrt(2),
        "leaky_relu": math.sqrt(2 / (1 + slope**2)),
        "selu": 3 / 4,
    }
    if activation not in gains:
        raise ValueError(f"kaiming_init: activation must be one of {list(gains)}, got {activation!r}")
    fan_in, fan_out = fan_in_and_fan_out(shape)
    fans = {"fan_in": fan_in, "fan_out": fan_out}
    if mode not in fans:
        raise ValueError(f"kaiming_init: mode must be one of {list(fans)}, got {mode!r}")
    std = gains[activation] / math.sqrt(fans[mode])
    return rng.normal(0, std, shape)
    ### END SOLUTION


# %% role="check" exercise="kaiming_init"
def check_kaiming_init():
    shape = (50, 20, 3, 7)  # fan_in 420, fan_out 1050
    cases = [("linear", 0.0), ("relu", 0.0), ("leaky_relu", 0.5), ("tanh", 0.0), ("selu", 0.0), ("relu", 0.5)]
    for name, slope in cases:
        for mode, fan in [("fan_in", 420), ("fan_out", 1050)]:
            w = kaiming_init(shape, np.random.default_rng(0), name, slope, mode)
            std = nn.init.calculate_gain(name, slope if name == "leaky_relu" else None) / math.sqrt(fan)
            where = f"{name}, slope {slope}, mode {mode}"
            assert w.shape == shape, f"{where}: expected shape {shape}, got {w.shape}"
            assert abs(w.std() / std - 1) < 0.04, f"{where}: expected a std of about {std:.4f}, got {w.std():.4f}"
    default = kaiming_init((400, 50), np.random.default_rng(0)).std()
    assert abs(default / 0.2 - 1) < 0.04, f"relu, 50 inputs: expected a std of sqrt(2/50) = 0.2, got {default:.3f}"
    for wrong in [("softmax", 0.0, "fan_in"), ("relu", 0.0, "fan_sum")]:
        try:
            kaiming_init((3, 4), np.random.default_rng(0), *wrong)
        except ValueError:
            continue
        raise AssertionError(f"activation, slope, mode = {wrong}: expected a ValueError")
    print("kaiming_init: every gain agrees with PyTorch.")


check_kaiming_init()

# %% [markdown]
# ## 5. Activation functions
#
# Without something that is not linear between the layers, ten layers are one. Here are the candidates, in the
# order in which fashion brought them. $\sigma(x) = 1/(1+e^{-x})$ is the sigmoid;
# $\Phi(x) = \tfrac12\big(1+\text{erf}(x/\sqrt2)\big)$ is the share of a standard normal that lies below $x$ and
# $\varphi(x) = e^{-x^2/2}/\sqrt{2\pi}$ its density.
#
# | name | $f(x)$ | $f'(x)$ |
# |---|---|---|
# | `sigmoid` | $\sigma(x)$ | $\sigma(x)\,(1-\sigma(x))$, at most $1/4$ |
# | `tanh` | $\tanh x$ | $1-\tanh^2 x$ |
# | `relu` | $\max(0, x)$ | 1 for $x > 0$, else 0 |
# | `leaky_relu` | $x$ for $x > 0$, else $0.01\,x$ | 1, or 0.01 |
# | `elu` | $x$ for $x > 0$, else $e^x - 1$ | 1, or $e^x$ |
# | `selu` | $\lambda x$ for $x > 0$, else $\lambda\alpha\,(e^x-1)$ | $\lambda$, or $\lambda\alpha\,e^x$ |
# | `gelu` | $x\,\Phi(x)$ | $\Phi(x) + x\,\varphi(x)$ |
# | `gelu_sigmoid` | $x\,\sigma(1.702\,x)$ | yours to derive |
# | `swish` | $x\,\sigma(x)$ | yours to derive |
# | `maxout` | the larger of two neighbours | 1 for the larger, 0 for the other |
#
# with $\lambda = 1.0507009873554805$ and $\alpha = 1.6732632423543772$. `relu`, `leaky_relu` and `selu` have a
# kink at 0; there $f'$ is the slope on the left, so $f'_\text{relu}(0) = 0$ and $f'_\text{leaky}(0) = 0.01$.
#
# `maxout` is different: it looks at pairs. On axis 1, entries 0 and 1 are a pair, 2 and 3 are one, and so on; of
# each pair the larger goes on. It takes `(N, 2*D, ...)` to `(N, D, ...)`.
#
# ### Survive a thousand
#
# In double precision $e^{710}$ is infinite. Formulas from a book meet that number sooner than you think:
#
# - $e^{-x}/(1+e^{-x})^2$ at $x=-1000$ is $\infty/\infty$: not a number, and one `nan` poisons the whole network.
# - $(e^x-e^{-x})/(e^x+e^{-x})$ has the same fault at both ends. `np.tanh` does not.
# - `np.where(x > 0, x, np.exp(x) - 1)` computes **both** branches everywhere and then chooses. At $x = 1000$
#   the result is right, but NumPy has met an overflow on the way and warns.
#
# The way out is always the same: see to it that `exp` only ever gets a number that is not positive. For example
# $\sigma(x) = e^{x}/(1+e^{x})$ is the same function as $1/(1+e^{-x})$; one is safe on the left, the other on
# the right.

# %% [markdown]
# ### Exercise: activation (16 points)
#
# *45 minutes, medium.* `activation(name)` returns **two functions** `(f, df)`. Each takes a float array of any
# shape and returns a *new* array; `df(x)` is the derivative alone, not yet multiplied by a gradient from above.
# (For maxout `df(x)` has the shape of `x`.)
#
# For inputs up to $\pm1000$ there must be no `nan` and no `inf`. (An overflow on the way that does no harm
# costs nothing; the check tells you of it.) Another name is a `ValueError`.
#
# Worked numbers: elu at $-1$ is $e^{-1}-1 = -0.632$ with slope $0.368$. gelu at 1 is $\Phi(1) = 0.841$ with slope
# $0.841+0.242 = 1.083$. swish at 1 is $\sigma(1) = 0.731$ with slope $0.731+0.197 = 0.928$. maxout takes the row
# $(3, -1, 2, 5)$ to $(3, 5)$, with slopes $(1, 0, 0, 1)$; of a tie $(4, 4)$ the first counts: $(1, 0)$.
#
# > **Often done wrong.** In some lecture notes the backward pass of relu reads `dx = dout; dx[x <= 0] = 0`. The first
# > line copies nothing: `dx` *is* `dout`, and the second line destroys the gradient that somebody else may still
# > need. Return new arrays.
#
# <details><summary>Hint 1</summary>
#
# Write small functions inside, such as `sigmoid(x)`, and a dictionary from names to pairs. Three of the ten are made
# of the sigmoid.
# </details>
#
# <details><summary>Hint 2</summary>
#
# `np.exp(-np.abs(x))` is between 0 and 1, whatever `x` is. `np.exp(np.minimum(x, 0))` is right wherever you need it
# and harmless elsewhere.
# </details>
#
# <details><summary>Hint 3 (swish)</summary>
#
# The product rule: $x\,\sigma(x)$ has slope $\sigma(x) + x\,\sigma'(x)$. For $x\,\sigma(kx)$ the chain rule
# adds a factor $k$ to the second term.
# </details>


# %% role="answer" exercise="activation"
def activation(name):
    """An activation function and its derivative, by name. Returns the pair (f, df), two functions.

    f(x) and df(x) take a float array of any shape and return a new array of the same shape: the value, and the
    derivative, at every entry. Neither changes x. Both are right, without inf and nan, for x up to +-1000.
    name: 'sigmoid', 'tanh', 'relu', 'leaky_relu' (slope 0.01), 'elu' (alpha 1), 'selu', 'gelu' (exact),
    'gelu_sigmoid' (x * sigmoid(1.702 x)), 'swish' or 'maxout'. At a kink, df is the derivative on the left.
    maxout takes the larger of each two neighbours on axis 1: f goes from (N, 2*D, ...) to (N, D, ...), and df,
    shaped like x, is 1 where x was taken (the first of a tie) and 0 elsewhere.
    Raises ValueError for another name.
    """
    ### BEGIN SOLUTION
    selu_scale, selu_alpha = 1.0507009873554805, 1.6732632423543772

    def sigmoid(x):
        decay = np.exp(-np.abs(x))  # between 0 and 1, whatever x is
        return np.where(x >= 0, 1.0, decay) / (1 + decay)

    def sigmoid_slope(x):
        return sigmoid(x) * (1 - sigmoid(x))

    def expm1_below(x):
        return np.expm1(np.minimum(x, 0))  # e**x - 1 where x < 0; exp never sees a large number

    def normal_below(x):
        return (1 + erf(x / math.sqrt(2))) / 2  # the share of a standard normal that lies below x

    def normal_density(x):
        return np.exp(-x * x / 2) / math.sqrt(2 * math.pi)

    def maxout(x):
        pieces = x.reshape(x.shape[0], x.shape[1] // 2, 2, *x.shape[2:])  # (N, D, 2, ...)
        return pieces.max(axis=2)

    def maxout_slope(x):
        pieces = x.reshape(x.shape[0], x.shape[1] // 2, 2, *x.shape[2:])  # (N, D, 2, ...)
        first = pieces[:, :, 0] >= pieces[:, :, 1]
        return np.stack([first, ~first], axis=2).reshape(x.shape).astype(float)

    functions = {
        "sigmoid": (sigmoid, sigmoid_slope),
        "tanh": (np.tanh, lambda x: 1 - np.tanh(x) ** 2),
        "relu": (lambda x: np.maximum(x, 0), lambda x: np.where(x > 0, 1.0, 0.0)),
        "leaky_relu": (lambda x: np.where(x > 0, x, 0.01 * x), lambda x: np.where(x > 0, 1.0, 0.01)),
        "elu": (
            lambda x: np.where(x > 0, x, expm1_below(x)),
            lambda x: np.where(x > 0, 1.0, expm1_below(x) + 1),
        ),
        "selu": (
            lambda x: selu_scale * np.where(x > 0, x, selu_alpha * expm1_below(x)),
            lambda x: selu_scale * np.where(x > 0, 1.0, selu_alpha * (expm1_below(x) + 1)),
        ),
        "gelu": (
            lambda x: x * normal_below(x),
            lambda x: normal_below(x) + x * normal_density(x),
        ),
        "gelu_sigmoid": (
            lambda x: x * sigmoid(1.702 * x),
            lambda x: sigmoid(1.702 * x) + 1.702 * x * sigmoid_slope(1.702 * x),
        ),
        "swish": (
            lambda x: x * sigmoid(x),
            lambda x: sigmoid(x) + x * sigmoid_slope(x),
        ),
        "maxout": (maxout, maxout_slope),
    }
    if name not in functions:
        raise ValueError(f"activation: name must be one of {list(functions)}, got {name!r}")
    return functions[name]
    ### END SOLUTION


# %% role="check" exercise="activation"
def check_activation():
    theirs = {
        "sigmoid": torch.sigmoid, "tanh": torch.tanh, "relu": F.relu, "leaky_relu": F.leaky_relu, "elu": F.elu,
        "selu": F.selu, "gelu": F.gelu, "gelu_sigmoid": lambda x: x * torch.sigmoid(1.702 * x), "swish": F.silu,
    }  # fmt: skip
    x, met = np.array([[-1000.0, -30.0, -2.5, -1.0, -0.3], [0.2, 1.0, 2.5, 30.0, 1000.0]]), set()
    for name, function in theirs.items():
        leaf = torch.tensor(x, requires_grad=True)
        function(leaf).sum().backward()
        f, df = activation(name)
        with np.errstate(over="call", invalid="call", divide="call", call=lambda *_, name=name: met.add(name)):
            value, slope = f(x.copy()), df(x.copy())
        np.testing.assert_allclose(value, function(leaf).detach(), rtol=1e-6, atol=1e-9, err_msg=f"f of {name}")
        np.testing.assert_allclose(slope, leaf.grad, rtol=1e-6, atol=1e-9, err_msg=f"df of {name}")
        before = x.copy()
        f(x), df(x)
        np.testing.assert_array_equal(x, before, err_msg=f"{name} must leave x as it was")
    f, df = activation("maxout")
    pairs = np.array([[3.0, -1.0, 2.0, 5.0], [4.0, 4.0, -7.0, -9.0]])
    np.testing.assert_allclose(f(pairs), [[3, 5], [4, -7]], err_msg="maxout of pairs on axis 1")
    np.testing.assert_allclose(df(pairs), [[1, 0, 0, 1], [1, 0, 1, 0]], err_msg="df of maxout")
    assert f(np.zeros((2, 6, 3, 4))).shape == (2, 3, 3, 4), "maxout of images: (2, 6, 3, 4) to (2, 3, 3, 4)"
    try:
        activation("softmax")
    except ValueError:
        print("activation: ten functions and their slopes are right, also at 1000.")
        print(f"Overflow on the way, without harm: {', '.join(sorted(met)) or 'none'}.")
    else:
        raise AssertionError("activation('softmax'): expected a ValueError")


check_activation()

# %% [markdown]
# Look at what you have built.

# %%
names = ["sigmoid", "tanh", "relu", "leaky_relu", "elu", "selu", "gelu", "gelu_sigmoid", "swish"]
plots.curves_with_slopes({name: activation(name) for name in names})

# %% [markdown]
# *What to see: the dashed slope is what the backward pass multiplies by. For sigmoid it is never above 0.25:
# ten layers of it leave at most $0.25^{10}$, a millionth. tanh reaches 1, but only at 0. relu and its
# successors have slope 1 on the whole right side. gelu and swish dip below zero and come back; gelu_sigmoid can
# hardly be told from gelu.*
#
# The flat ends have a name: a unit is **saturated** where its slope is close to 0. A relu unit that is negative for
# *every* input is **dead**: no gradient gets through, for no example, and so it stays dead.

# %%
grid = np.linspace(-6, 6, 4001)
(gelu, _), (approximation, _) = activation("gelu"), activation("gelu_sigmoid")
error = np.abs(gelu(grid) - approximation(grid))
print(f"gelu and its sigmoid form differ by at most {error.max():.3f}, at |x| = {abs(grid[error.argmax()]):.1f}")

# %% [markdown]
# ## 6. Measure before you train
#
# A doctor does not wait for a year to see whether the patient recovers. One batch, one pass forward and one back, and
# you know how a network will fare. For a fully connected network without biases,
#
# $$s_\ell = x_{\ell-1}\,W_\ell^{\mathsf T}, \qquad x_\ell = f(s_\ell) \qquad
#   (N, \text{in})\,(\text{in}, \text{out}) \to (N, \text{out})$$
#
# and on the way back, from $dx_L$ = `dout`, the gradient at the last output:
#
# $$ds_\ell = dx_\ell \odot f'(s_\ell), \qquad dW_\ell = ds_\ell^{\mathsf T}\,x_{\ell-1}, \qquad
#   dx_{\ell-1} = ds_\ell\,W_\ell$$
#
# ### Exercise: activation_statistics (12 points)
#
# *35 minutes, medium.* Write two functions; `name` is any activation but maxout.
#
# `activation_statistics(weights, x, name)` returns four arrays, one entry per layer, first layer first:
#
# - `mean`, `std`: of all numbers in $x_\ell$ (dividing by their number, as `np.std` does);
# - `saturated`: the share of all numbers in $s_\ell$ with $|f'(s)| < 0.005$;
# - `dead`: the share of *units* (columns) that are saturated for every one of the $N$ inputs.
#
# `gradient_statistics(weights, x, name, dout)` returns three arrays, again first layer first:
#
# - `mean`, `std`: of all numbers in $ds_\ell$;
# - `norm`: $\sqrt{\sum dW_\ell^2}$, the length of the gradient of the weights.
#
# Worked number: one layer $W = \begin{pmatrix}1\\-1\end{pmatrix}$, relu, inputs
# $x = \begin{pmatrix}1\\2\end{pmatrix}$ (two images of one pixel).
# $s = \begin{pmatrix}1&-1\\2&-2\end{pmatrix}$, $x_1 = \begin{pmatrix}1&0\\2&0\end{pmatrix}$: mean $0.75$, std
# $0.829$, saturated $2/4$, dead $1/2$. With `dout` all ones, $ds = \begin{pmatrix}1&0\\1&0\end{pmatrix}$ has
# mean and std $0.5$, and $dW = \begin{pmatrix}1+2\\0\end{pmatrix}$ has length 3.
#
# <details><summary>Hint</summary>
#
# Going back, you need from each layer what came *in* and the sums *before* the activation. Keep both in lists
# on the way forward, then walk through the lists from the end.
# </details>


# %% role="answer" exercise="activation_statistics"
def activation_statistics(weights, x, name):
    """What comes out of each layer of a fully connected network without biases.

    weights: a list of arrays (out, in), first layer first; x: (N, in of the first layer); name: of the activation
    behind every layer (not 'maxout'). A layer computes s = x @ w.T and passes f(s) on.
    Returns (mean, std, saturated, dead), four arrays (number of layers,):
    mean, std: of all entries of f(s), with np.std's division by their number;
    saturated: the share of entries with |df(s)| < 0.005; dead: the share of units that are saturated for every input.
    """
    ### BEGIN SOLUTION
    f, df = activation(name)
    mean, std, saturated, dead = [], [], [], []
    for w in weights:
        s = x @ w.T  # (N, out)
        x = f(s)
        is_saturated = np.abs(df(s)) < 0.005
        mean.append(x.mean())
        std.append(x.std())
        saturated.append(is_saturated.mean())
        dead.append(is_saturated.all(axis=0).mean())
    return np.array(mean), np.array(std), np.array(saturated), np.array(dead)
    ### END SOLUTION


def gradient_statistics(weights, x, name, dout):
    """What comes back to each layer of the same network from the gradient at its output.

    weights, x, name: as above; dout: (N, out of the last layer), the gradient of the loss at the last f(s).
    Returns (mean, std, norm), three arrays (number of layers,), first layer first:
    mean, std: of all entries of ds, the gradient with respect to s; norm: the square root of the sum of squares
    of dw, the gradient with respect to the layer's w.
    """
    ### BEGIN SOLUTION
    f, df = activation(name)
    inputs, sums = [], []
    for w in weights:
        s = x @ w.T  # (N, out)
        inputs.append(x)
        sums.append(s)
        x = f(s)
    mean, std, norm = [], [], []
    for w, x, s in zip(weights[::-1], inputs[::-1], sums[::-1], strict=True):
        ds = dout * df(s)
        dw = ds.T @ x  # (out, in)
        mean.append(ds.mean())
        std.append(ds.std())
        norm.append(np.sqrt(np.sum(dw**2)))
        dout = ds @ w  # the gradient at the output of the layer below
    return np.array(mean[::-1]), np.array(std[::-1]), np.array(norm[::-1])
    ### END SOLUTION


# %% role="check" exercise="activation_statistics"
def check_activation_statistics():
    found = activation_statistics([np.array([[1.0], [-1.0]])], np.array([[1.0], [2.0]]), "relu")
    np.testing.assert_allclose(np.ravel(found), [0.75, 0.829156, 0.5, 0.5], rtol=1e-5, err_msg="the worked number")
    rng = np.random.default_rng(0)
    sizes = [3, 5, 4, 2]
    weights = [rng.normal(0, 2, (out, into)) for into, out in zip(sizes[:-1], sizes[1:], strict=True)]
    x, dout = rng.normal(size=(7, 3)), rng.normal(size=(7, 2))
    for name, function in [("tanh", torch.tanh), ("relu", torch.relu)]:
        leaves = [torch.tensor(matrix, requires_grad=True) for matrix in weights]
        signal, sums, outs = torch.tensor(x), [], []
        for leaf in leaves:
            sums.append(signal @ leaf.T)
            sums[-1].retain_grad()
            signal = function(sums[-1])
            outs.append(signal.detach())
        signal.backward(torch.tensor(dout))
        mean, std, saturated, dead = activation_statistics(weights, x.copy(), name)
        np.testing.assert_allclose(mean, [out.mean() for out in outs], rtol=1e-4, atol=1e-7, err_msg=f"mean, {name}")
        np.testing.assert_allclose(std, [out.std(correction=0) for out in outs], rtol=1e-4, err_msg=f"std, {name}")
        flat = [(1 - out**2 < 0.005) if name == "tanh" else (out == 0) for out in outs]
        np.testing.assert_allclose(saturated, [f.double().mean() for f in flat], err_msg=f"saturated, {name}")
        np.testing.assert_allclose(dead, [f.all(dim=0).double().mean() for f in flat], err_msg=f"dead, {name}")
        mean, std, norm = gradient_statistics(weights, x.copy(), name, dout.copy())
        ds = [s.grad for s in sums]
        np.testing.assert_allclose(mean, [d.mean() for d in ds], rtol=1e-4, atol=1e-7, err_msg=f"mean of ds, {name}")
        np.testing.assert_allclose(std, [d.std(correction=0) for d in ds], rtol=1e-4, err_msg=f"std of ds, {name}")
        lengths = [leaf.grad.norm() for leaf in leaves]
        np.testing.assert_allclose(norm, lengths, rtol=1e-4, err_msg=f"length of dw, {name}")
    print("activation_statistics and gradient_statistics: agree with PyTorch and autograd.")


check_activation_statistics()

# %% [markdown]
# ### Experiment: four starts, six layers, real digits
#
# Now the classic picture, with your functions. Six layers of 2,048 units; weights of standard deviation 0.01
# and 0.05 (two guesses one finds in old code), Xavier ($1/\text{fan\_in}$) and Kaiming for relu. **Predict**
# for tanh which of the four keeps its shape.

# %%
width, rng = 2048, np.random.default_rng(0)
shapes = [(width, 64)] + [(width, width)] * 5
draws = {
    "std 0.01": lambda shape: rng.normal(0, 0.01, shape),
    "std 0.05": lambda shape: rng.normal(0, 0.05, shape),
    "Xavier": lambda shape: xavier_init(shape, rng),
    "Kaiming": lambda shape: kaiming_init(shape, rng),
}
networks = {name: [draw(shape).astype(np.float32) for shape in shapes] for name, draw in draws.items()}


def outputs(weights, x, name):
    f, _ = activation(name)
    layers = []
    for w in weights:
        x = f(x @ w.T)
        layers.append(x)
    return layers


# %% [markdown]
# First **tanh**.

# %%
plots.layer_histograms({start: outputs(w, x_digits, "tanh") for start, w in networks.items()}, "activation", (-1, 1))

# %% [markdown]
# *What to see: 0.01 dies within a few layers. 0.05 is too large for 2,048 inputs ($0.05\cdot\sqrt{2048} = 2.3$): the
# units crowd at -1 and 1. Xavier keeps a healthy hill, which narrows slowly, because tanh takes a little away each
# time. Kaiming's weights, larger by $\sqrt2$, make up for that and settle at a broad plateau.*
#
# Then the same weights with **relu**.

# %%
plots.layer_histograms({start: outputs(w, x_digits, "relu") for start, w in networks.items()}, "activation", (0, 3))

# %% [markdown]
# *What to see: the bar at the left of each picture is the half that relu has set to zero (cut off in height).
# 0.05 grows from layer to layer (what lies beyond 3 is heaped at the right edge), Xavier shrinks by about
# $\sqrt2$ per layer, 0.56 to 0.10, exactly as section 4 foretold. Kaiming stays.*

# %%
relu_report = {start: activation_statistics(w, x_digits, "relu") for start, w in networks.items()}
tanh_report = {start: activation_statistics(w, x_digits, "tanh") for start, w in networks.items()}
for start in networks:
    (_, tanh_std, tanh_saturated, _), (_, relu_std, _, relu_dead) = tanh_report[start], relu_report[start]
    print(
        f"{start:9} last layer: tanh std {tanh_std[-1]:.3f}, saturated {tanh_saturated[-1]:5.1%};"
        f"  relu std {relu_std[-1]:.4f}, dead {relu_dead[-1]:5.1%}"
    )

# %% [markdown]
# Notice what `dead` says: how many relu units are silent for all 100 digits does not depend on the scale at all. relu
# does not care about the size of a sum, only about its sign.
#
# ### Experiment: the way back
#
# Twenty layers of 200 units, relu, a random gradient at the top. How large is it when it arrives at the bottom? The
# last start, 0.2, is $2.8/\sqrt{200}$: twice Kaiming.

# %%
rng = np.random.default_rng(0)
shapes = [(200, 64)] + [(200, 200)] * 19
draws["std 0.2"] = lambda shape: rng.normal(0, 0.2, shape)
dout = np.random.default_rng(1).normal(size=(100, 200))
deep_networks = {name: [draw(shape) for shape in shapes] for name, draw in draws.items()}
lengths = {name: gradient_statistics(w, x_digits, "relu", dout)[2] for name, w in deep_networks.items()}
plots.lines(lengths, "layer", "length of the gradient of w", log=True)

# %% [markdown]
# *What to see: each tick of the upright axis is a factor of 1,000. Between 0.01 and 0.2 lie some 25 powers of ten:
# no learning rate suits both.* The lines are flat, and that may surprise you: does the gradient not vanish
# *layer by layer*? The gradient of a weight is (what came in from below) times (what came back from above).
# What a signal loses on its way up to a layer, the gradient has not yet lost on its way down to it: the product
# is the same everywhere. The second factor alone looks as you expect:

# %%
spreads = {name: gradient_statistics(w, x_digits, "relu", dout)[1] for name, w in deep_networks.items()}
plots.lines(spreads, "layer", "std of the gradient at s", log=True)

# %% [markdown]
# *What to see: read from right to left. On its way down from layer 20 to layer 1 the gradient shrinks or grows
# by the same factor in every layer. Only Kaiming's line is level.*

# %% [markdown]
# ## 7. The map
#
# Now for the picture to remember. Take networks with 2 to 24 hidden layers of 64 units. Start each from *your*
# Xavier weights, times a scale from 0.4 to 4. Train every one of these 196 networks in the same way, 100 steps
# of plain gradient descent with momentum on digits, and colour the field by how well it recognises digits that
# it has not seen.
#
# **Predict** the shape of the bright region for relu: what happens to its left and right border as the networks grow
# deeper, and to which scale does it shrink?

# %%
scales, depths = 2 ** (np.arange(-5, 9) / 4), [2, 4, 6, 8, 12, 16, 24]


def accuracies(name, depth):
    rng = np.random.default_rng(depth)
    weights = [xavier_init(shape, rng) for shape in [(64, 64)] * depth + [(10, 64)]]
    return trainability.accuracy_at_scales(weights, scales, name, digits)


maps = {name: np.array([accuracies(name, depth) for depth in depths]) for name in ("relu", "tanh")}
plots.trainability_maps(maps, scales, depths, {"Xavier": 1, "Kaiming": math.sqrt(2)})

# %% [markdown]
# *What to see: two flames. A network of two layers forgives every start on the map. With every further layer
# the road gets narrower, and for relu its tip stands at one place, Kaiming's $\sqrt2$. To the left the signal
# has died, to the right it has exploded. tanh cannot explode; its road is wider and its left bank stands at
# Xavier's 1. Far to the right its units are saturated, and the deeper the network, the less it learns.*
#
# So the difference between "deep networks cannot be trained" and "deep networks work" was, for some years, a
# factor of $\sqrt2$.

# %% [markdown]
# ## 8. A network that heals itself: selu
#
# What if the activation itself pulled the signal back to mean 0 and variance 1, wherever it starts? That is
# what the two odd constants of selu were computed for (Klambauer and others, 2017), on condition that the
# weights have variance $1/\text{fan\_in}$. No batch norm needed.
#
# We give three networks of 30 layers inputs that are badly off, with mean 1 and standard deviation 3.

# %%
rng = np.random.default_rng(0)
off = 1 + 3 * np.random.default_rng(1).normal(size=(200, 300))
runs = {
    "selu, gain 1": ("selu", "linear"),
    "selu, gain 3/4": ("selu", "selu"),
    "relu, gain sqrt(2)": ("relu", "relu"),
}
spread = {}
for label, (name, gain) in runs.items():
    weights = [kaiming_init((300, 300), rng, gain) for _ in range(30)]
    spread[label] = activation_statistics(weights, off, name)[1]
plots.lines(spread, "layer", "std of the activations", reference=("1", 1.0))

# %% [markdown]
# *What to see: after fifteen layers selu with gain 1 has forgotten how badly it was fed, and stays at 1. With
# gain 3/4 it settles at a quarter of that. relu with Kaiming has no opinion of its own: it starts from what it
# is given and drifts.*
#
# And does it help to learn? Networks of growing depth without any normalization, 200 steps at a smaller rate
# than on the map, each activation at the start that is made for it:

# %%
starts = {"selu, gain 1": ("selu", 1.0), "relu, gain sqrt(2)": ("relu", math.sqrt(2)), "tanh, gain 1": ("tanh", 1.0)}


def percent_learned(name, scale, depth):
    rng = np.random.default_rng(depth)
    weights = [xavier_init(shape, rng) for shape in [(64, 64)] * depth + [(10, 64)]]
    return 100 * trainability.accuracy_at_scales(weights, [scale], name, digits, 200, learning_rate=0.003)[0]


learned = {
    label: {f"{depth} layers": percent_learned(*start, depth) for depth in (4, 16, 32)}
    for label, start in starts.items()
}
plots.grouped_bars(learned, "accuracy on held-out digits (%)")

# %% [markdown]
# *What to see: with 4 layers all three learn. With 32, relu has almost stopped although its start is the best
# it can have; selu and tanh have lost little, and selu is nowhere behind.* To keep the size of the signal is
# necessary, but not enough: in a very deep relu network all inputs slowly become alike.

# %% [markdown]
# ## 9. Residual networks start as nothing
#
# A residual block computes $y = x + F(x)$. Suppose that every branch $F$ is started by Kaiming, so that it keeps the
# variance. Then $x$ and $F(x)$ have the same variance, and they add up:
#
# $$\operatorname{Var}(y) = \operatorname{Var}(x) + \operatorname{Var}(F(x)) = 2\operatorname{Var}(x)$$
#
# Worked number: after 16 blocks $2^{16} = 65{,}536$, a standard deviation 256 times as large. The cure costs
# one line: set the **last layer of every branch to zero**. Then $F(x) = 0$, the block is the identity, and a
# network of a hundred blocks starts as one that does nothing, and does it perfectly. The gradient reaches every
# block undamped through the shortcuts. After the first step the last layers are no longer zero, and the
# branches wake up.
#
# > **But zero weights never learn?** All weights zero never learn. Here only the last layer of a branch is
# > zero, and what comes into it is not: its gradient (signal times error) is alive, and different for every
# > weight.
#
# The setup cell has imported `ResidualBlock` and `ResidualStack` from `course_lib/residual_stack.py`; have a
# look, it is short. `ResidualStack([8, 8, 16])` is two blocks, from 8 to 8 channels and from 8 to 16. A block
# has a `branch`, an `nn.Sequential` of ReLU and 3x3 convolution, twice; with `norm="batch"` there is a batch
# norm behind each convolution, with `dropout=0.1` a dropout layer at the end. Its `shortcut` is the identity,
# or a 1x1 convolution where the number of channels changes.
#
# ### Exercise: zero_init_residual (8 points)
#
# *20 minutes, medium.* For every `ResidualBlock` anywhere inside `model` (or the model itself): find the **last
# layer of its branch that has a weight**. Without batch norm that is a convolution, with batch norm it is the
# batch norm behind it (its weight is called gamma elsewhere). Set its weight to 0, and its bias where it has
# one. Everything else stays, also the shortcut's convolution. In place; return the model.
#
# <details><summary>Hint</summary>
#
# `model.modules()` walks through everything inside, the model included. `branch[-1]` will not do: it may be a dropout
# layer. Changing parameters outside of training belongs into `with torch.no_grad():`.
# </details>


# %% role="answer" exercise="zero_init_residual"
def zero_init_residual(model):
    """Makes every residual block of a PyTorch model start as its shortcut, in place. Returns the model.

    In the branch of every ResidualBlock inside the model, the last layer that has a weight (a convolution, or the
    batch norm behind it) gets weight 0 and bias 0, where it has one. Nothing else changes.
    """
    ### BEGIN SOLUTION
    blocks = [module for module in model.modules() if isinstance(module, ResidualBlock)]
    with torch.no_grad():
        for block in blocks:
            weighted = [layer for layer in block.branch if getattr(layer, "weight", None) is not None]
            last = weighted[-1]
            last.weight.zero_()
            if last.bias is not None:
                last.bias.zero_()
    return model
    ### END SOLUTION


# %% role="check" exercise="zero_init_residual"
def check_zero_init_residual():
    torch.manual_seed(1)
    x = torch.randn(2, 3, 4, 5)
    for settings in [{}, {"norm": "batch"}, {"dropout": 0.5}, {"norm": "batch", "dropout": 0.5}]:
        stack = ResidualStack([3, 3, 5, 5], **settings)
        before = {name: p.detach().clone() for name, p in stack.named_parameters()}
        inside = nn.Sequential(nn.Conv2d(3, 3, 1), stack)
        assert zero_init_residual(inside) is inside, "return the model itself"
        torch.testing.assert_close(
            stack(x), stack[1].shortcut(x), msg=lambda text, s=settings: f"blocks must start as shortcuts, {s}: {text}"
        )
        last = 5 if "norm" in settings else 3
        wanted = {f"{block}.branch.{last}.{kind}" for block in range(3) for kind in ("weight", "bias")}
        changed = {name for name, p in stack.named_parameters() if not torch.equal(p, before[name])}
        assert changed <= wanted, f"{settings}: nothing else may change, but {sorted(changed - wanted)} did"
        assert all(p.requires_grad for p in stack.parameters()), "the parameters must still be learned"
    print("zero_init_residual: every block starts as its shortcut.")


check_zero_init_residual()

# %% [markdown]
# ### Experiment: sixteen blocks
#
# Kaiming's weights, one batch of noise, and the standard deviation behind every block.


# %%
def spread_by_block(stack, with_shortcut=True):
    x, spreads = torch.randn(8, 8, 16, 16, generator=torch.Generator().manual_seed(0)), []
    with torch.no_grad():
        for block in stack:
            x = block(x) if with_shortcut else block.branch(x)
            spreads.append(x.std().item())
    return spreads


stack = training.seeded(lambda: ResidualStack([8] * 17), 0)
for parameter in stack.parameters():
    nn.init.kaiming_normal_(parameter) if parameter.ndim > 1 else nn.init.zeros_(parameter)
spreads = {"residual, Kaiming": spread_by_block(stack), "plain, Kaiming": spread_by_block(stack, with_shortcut=False)}
spreads["residual, last layer zero"] = spread_by_block(zero_init_residual(stack))
plots.lines(spreads, "block", "std of the signal", log=True)

# %% [markdown]
# *What to see: with Kaiming alone the residual network ends more than a hundred times as large as it began,
# although the same branches without their shortcuts do not grow at all (they shrink: zero padding starves the
# pixels at the border). With the last layers at zero the signal passes through untouched.*

# %% [markdown]
# ## 10. When there is no formula: LSUV
#
# Gains are derived for one activation after one layer. Networks are messier: pooling, several activations,
# padding with zeros, dropout. *Layer-sequential unit variance* (Mishkin and Matas, 2016) does not calculate at
# all. It **measures**: send one batch through, and where the spread of a layer's output is 4, divide its
# weights by 4. Then go to the next layer, which now gets the corrected signal.
#
# The output of a layer without bias is proportional to its weights, so that one division is enough.
#
# ### Exercise: lsuv_init (10 points)
#
# *30 minutes, hard.* `model` is a PyTorch model that runs its layers in the order of `model.modules()`, such as
# an `nn.Sequential` (there may be others inside); `x` is a batch for it. It comes with random weights, and you
# scale them: for every `nn.Linear` and `nn.Conv2d`, from first to last,
#
# 1. set the bias to 0, if there is one;
# 2. measure the standard deviation of **all numbers of this layer's own output** (before any activation) on
#    `x`, with the layers before it already scaled, and `model` in `eval` mode (dropout off);
# 3. divide the weight by it. If it is 0 (nothing varies), raise a `ValueError`.
#
# Change nothing else; in the end every module is in the mode in which it was. Return the model.
#
# Worked number: outputs of layer 1 spread by 4: $w_1 \leftarrow w_1/4$. Layer 2 then gets a quarter of what it got
# before. If with that its outputs spread by 0.5, $w_2 \leftarrow 2\,w_2$.
#
# <details><summary>Hint 1: how to look inside</summary>
#
# A *forward hook* is a function that PyTorch calls with what leaves a layer:
#
# `hook = layer.register_forward_hook(lambda module, inputs, out: seen.append(out))`
#
# Run `model(x)`, take what is in the list `seen`, and call `hook.remove()`, or it will go on for ever.
# </details>
#
# <details><summary>Hint 2: the modes</summary>
#
# `model.train()` at the end is not the same as restoring: some layer may have been in eval mode on purpose. Note
# `module.training` for every module first.
# </details>


# %% role="answer" exercise="lsuv_init"
def lsuv_init(model, x):
    """Scales the weights of a PyTorch model, in place, until every layer's output on x has variance 1.

    model: runs its layers in the order of model.modules(), such as an nn.Sequential, also with others inside; x: a
    batch for it. For each nn.Linear and nn.Conv2d, from the first to the last: bias 0 where there is one; then
    weight / std, where std is that of all entries of the layer's own output, measured in eval mode with the layers
    before it already scaled. Afterwards every module is in the mode it was in. Nothing else changes.
    Returns the model. Raises ValueError where an output does not vary.
    """

    ### BEGIN SOLUTION
    def output_of(layer):
        outputs = []
        hook = layer.register_forward_hook(lambda module, inputs, out: outputs.append(out))
        model(x)
        hook.remove()
        return outputs[0]

    modes = {module: module.training for module in model.modules()}
    model.eval()
    layers = [module for module in model.modules() if isinstance(module, (nn.Linear, nn.Conv2d))]
    with torch.no_grad():
        for layer in layers:
            if layer.bias is not None:
                layer.bias.zero_()
            std = output_of(layer).std(correction=0)
            if not std > 0:
                raise ValueError(f"lsuv_init: the output of {layer} does not vary")
            layer.weight.div_(std)
    for module, was_training in modes.items():
        module.training = was_training
    return model
    ### END SOLUTION


# %% role="check" exercise="lsuv_init"
def check_lsuv_init():
    torch.manual_seed(2)
    inner = nn.Sequential(nn.Conv2d(5, 4, 3, bias=False), nn.Tanh(), nn.Dropout(0.5))
    model = nn.Sequential(nn.Conv2d(3, 5, (3, 2)), nn.ReLU(), inner, nn.Flatten(), nn.Linear(4 * 3 * 3, 6))
    model.train()
    inner[2].eval()  # on purpose
    modes = [module.training for module in model.modules()]
    direction = F.normalize(inner[0].weight.detach().flatten(), dim=0)
    x = 3 + 2 * torch.randn(20, 3, 7, 6)
    assert lsuv_init(model, x) is model, "return the model itself"
    assert [module.training for module in model.modules()] == modes, "every module must be in the mode it was in"
    layers = [model[0], inner[0], model[4]]
    assert not any(layer._forward_hooks for layer in layers), "remove the hooks"
    stds = []
    hooks = [layer.register_forward_hook(lambda m, i, out: stds.append(out.std(correction=0))) for layer in layers]
    with torch.no_grad():
        model.eval()(x)
    for hook in hooks:
        hook.remove()
    np.testing.assert_allclose(stds, 1, rtol=1e-2, err_msg="std of each layer's output, first layer first")
    assert not model[0].bias.any() and not model[4].bias.any(), "biases must be 0"
    turned = F.normalize(inner[0].weight.detach().flatten(), dim=0)
    torch.testing.assert_close(turned, direction, msg="weights are to be scaled, not drawn anew")
    try:
        lsuv_init(nn.Sequential(nn.Linear(2, 3)), torch.zeros(4, 2))
    except ValueError:
        print("lsuv_init: every layer's output has standard deviation 1.")
    else:
        raise AssertionError("an output that is 0 everywhere: expected a ValueError")


check_lsuv_init()

# %% [markdown]
# ### Experiment: a patchwork network
#
# Six layers with five different activations, on the digits; what spread does each layer's output have with
# PyTorch's own start, and after your treatment?


# %%
def patchwork():
    convolutions = [nn.Conv2d(1, 16, 3), nn.Tanh(), nn.Conv2d(16, 16, 3), nn.GELU(), nn.MaxPool2d(2), nn.Flatten()]
    linear = [nn.Linear(64, 64), nn.Sigmoid(), nn.Linear(64, 64), nn.ELU(), nn.Linear(64, 64), nn.ReLU()]
    return nn.Sequential(*convolutions, *linear, nn.Linear(64, 10))


def spread_by_layer(model, x):
    spreads = []
    for layer in model:
        x = layer(x)
        if isinstance(layer, nn.Linear | nn.Conv2d):
            spreads.append(x.std().item())
    return spreads


batch = torch.tensor(digits.train_images[:256])
with torch.no_grad():
    before = spread_by_layer(training.seeded(patchwork, 0), batch)
    after = spread_by_layer(lsuv_init(training.seeded(patchwork, 0), batch), batch)
plots.lines({"PyTorch's start": before, "after LSUV": after}, "layer with weights", "std of its output")

# %% [markdown]
# *What to see: with PyTorch's start the signal ends at about a tenth of its size, up and down on the way; the
# treated network stands at 1 everywhere, without a single formula for GELU or pooling.*

# %% [markdown]
# ## 11. The data, too
#
# The first layer's input is an activation like any other. If its mean is far from 0 or its features have very
# different sizes, all the care above starts from a wrong number. Three treatments, each a bit stronger than the
# one before:
#
# | name | what it does | formula |
# |---|---|---|
# | `zero_center` | mean 0 for each feature | $x - \mu$ |
# | `standardize` | mean 0 and standard deviation 1 for each feature | $(x-\mu)/s$ |
# | `pca_whiten` | features uncorrelated, variance 1 each | $(x-\mu)\,U\,/\sqrt{\lambda+\varepsilon}$ |
#
# In the last row $U$ holds the eigenvectors of the covariance matrix $\tfrac1N (x-\mu)^{\mathsf T}(x-\mu)$ in
# its columns and $\lambda$ the eigenvalues: the data cloud is first turned into its own axes and then stretched
# along each.
#
# ### Where the statistics come from
#
# $\mu$, $s$, $U$ and $\lambda$ are **learned from the training set**, and then *applied* to whatever comes: the
# training set, the test set, a single image in a year. So each of the three functions has two steps, known as
# fit and transform:
#
#     transform = standardize(x_train)      # fit: looks at the training set, once
#     z_train, z_test = transform(x_train), transform(x_test)
#
# > **Often done wrong.** To standardize the test set with its *own* mean and deviation, or training and test
# > set together. In the first case the two sets are measured with different rulers, and a single image cannot
# > be treated at all; in the second the test set has leaked into training.
#
# ### Exercise: zero_center (10 points)
#
# *30 minutes, medium.* Write three functions. Each takes `x_train (N, D)` and returns a function `transform`,
# which takes `x (M, D)` and returns a new array `(M, D)`.
#
# - `standardize`: with `np.std` (division by $N$). A feature that never changes, such as a corner pixel that is
#   always black, has deviation 0. Take every deviation below $10^{-8}$ for 0 (rounding!), and only centre that
#   feature.
# - `pca_whiten(x_train, eps=1e-5)`: components in the order of falling eigenvalues; `eps` inside the root. The
#   sign of a component is free.
#
# Worked numbers: a feature with training values $1, 3, 5$ has mean 3 and deviation $\sqrt{8/3} = 1.633$; a test
# value of 7 becomes $4/1.633 = 2.449$. Two features with covariance $\begin{pmatrix}2&1\\1&2\end{pmatrix}$ have
# eigenvalues 3 and 1 along $(1, 1)/\sqrt2$ and $(1, -1)/\sqrt2$; a point at $\mu + (2, 0)$ has components
# $\sqrt2$ and $\sqrt2$, and becomes $(0.816,\ 1.414)$.
#
# <details><summary>Hint 1</summary>
#
# A function may define another inside and return it; the inner one remembers `mean`. The lambda in
# `return lambda x: x - 3` is such a function.
# </details>
#
# <details><summary>Hint 2</summary>
#
# `np.linalg.eigh` is for symmetric matrices; it gives the eigenvalues from small to large, and one eigenvector per
# *column*. An eigenvalue that should be 0 may come out as $-10^{-17}$.
# </details>


# %% role="answer" exercise="zero_center"
def zero_center(x_train):
    """Fits the mean of each feature. Returns transform, a function of x (M, D) that gives x minus that mean, (M, D).

    x_train: (N, D), float. transform leaves x as it was.
    """
    ### BEGIN SOLUTION
    mean = x_train.mean(axis=0)
    return lambda x: x - mean
    ### END SOLUTION


def standardize(x_train):
    """Fits mean and standard deviation (np.std) of each feature. Returns transform, as above: (x - mean) / std.

    A feature whose standard deviation in x_train is below 1e-8 is centred only.
    """
    ### BEGIN SOLUTION
    mean = x_train.mean(axis=0)
    std = x_train.std(axis=0)
    std = np.where(std < 1e-8, 1.0, std)
    return lambda x: (x - mean) / std
    ### END SOLUTION


def pca_whiten(x_train, eps=1e-5):
    """Fits the principal components. Returns transform, as above: uncorrelated features of variance 1.

    With the covariance of x_train (division by N), its eigenvectors and eigenvalues: transform(x) holds the
    components of x - mean along the eigenvectors, largest eigenvalue first, each divided by sqrt(eigenvalue + eps).
    The sign of each component is free.
    """
    ### BEGIN SOLUTION
    mean = x_train.mean(axis=0)
    centred = x_train - mean
    covariance = centred.T @ centred / len(x_train)  # (D, D)
    eigenvalues, eigenvectors = np.linalg.eigh(covariance)  # smallest first; one eigenvector per column
    eigenvalues, eigenvectors = eigenvalues[::-1], eigenvectors[:, ::-1]
    scale = np.sqrt(np.maximum(eigenvalues, 0) + eps)  # rounding may leave an eigenvalue a hair below 0
    return lambda x: (x - mean) @ eigenvectors / scale
    ### END SOLUTION


# %% role="check" exercise="zero_center"
def check_zero_center():
    rng = np.random.default_rng(4)
    x_train, x_test = (rng.normal(size=(n, 4)) @ rng.normal(size=(4, 4)) + 5 for n in (60, 7))
    x_train[:, 2] = x_test[:, 2] = 0.1  # a feature that never changes
    x_test[0, 2] = 0.4
    kept = x_train.copy(), x_test.copy()
    mean, std = x_train.mean(axis=0), x_train.std(axis=0)
    std[2] = 1
    np.testing.assert_allclose(zero_center(x_train)(x_test), x_test - mean, atol=1e-9, err_msg="zero_center")
    np.testing.assert_allclose(
        standardize(x_train)(x_test), (x_test - mean) / std, rtol=1e-5, atol=1e-9, err_msg="standardize, test set"
    )
    worked = standardize(np.array([[1.0], [3.0], [5.0]]))(np.array([[7.0]]))
    np.testing.assert_allclose(worked, [[2.449490]], rtol=1e-5, err_msg="the worked number of standardize")
    z = pca_whiten(x_train)(x_train)
    assert z.shape == x_train.shape, f"pca_whiten: expected shape {x_train.shape}, got {z.shape}"
    covariance = z.T @ z / len(z)
    np.testing.assert_allclose(z.mean(axis=0), 0, atol=1e-6, err_msg="pca_whiten: mean of the training set")
    wanted = np.diag([1, 1, 1, 0])  # three directions vary; the last component is the feature that does not
    np.testing.assert_allclose(covariance, wanted, atol=1e-2, err_msg="pca_whiten: covariance of the training set")
    corners = np.array([[3.0, 0.0], [-3.0, 0.0], [0.0, 1.0], [0.0, -1.0]]) @ np.array([[1.0, 1.0], [1.0, -1.0]])
    point = np.abs(pca_whiten(corners, eps=3.0)(np.array([[2.0, 0.0]])))  # eigenvalues 9 and 1
    np.testing.assert_allclose(point, [[np.sqrt(2 / 12), np.sqrt(2 / 4)]], rtol=1e-5, err_msg="order, or place of eps")
    for array, copy in zip((x_train, x_test), kept, strict=True):
        np.testing.assert_array_equal(array, copy, err_msg="the data must be left as it was")
    print("zero_center, standardize, pca_whiten: right, with the statistics of the training set.")


check_zero_center()

# %% [markdown]
# What the three do to real data: 600 pixels of a photograph. First feature: red + green + blue. Second feature:
# the blue of the pixel three columns further right.

# %%
photo = data.photos()["china"].astype(float)  # (3, H, W)
rows, columns = np.random.default_rng(0).integers(0, 400, (2, 600))
pairs = np.stack([photo[:, rows, columns].sum(axis=0), photo[2, rows, columns + 3]], axis=1)  # (600, 2)
treatments = {"zero_center": zero_center, "standardize": standardize, "pca_whiten": pca_whiten}
views = {"raw": pairs} | {name: fit(pairs)(pairs) for name, fit in treatments.items()}
plots.clouds(views, ("first feature", "second feature"))

# %% [markdown]
# *What to see: the raw cloud lies in one quadrant (brightness is never negative) and slants upwards, since
# neighbours in a photo are alike. Centring moves it. Standardizing makes both features equally large, but the
# slant stays. Whitening turns the long direction into the first axis and stretches what lay across it.*
#
# ### Experiment: does it help to learn?
#
# A network with one hidden layer of relu, two epochs of plain gradient descent on digits, with grey levels as
# the file has them, 0 to 16. We try twelve learning rates. (Whitening here with `eps=1`: some directions of an
# image hardly vary at all, and to divide by so little would blow up their noise.) **Predict**: which treatment
# allows the largest steps?

# %%
raw = data.split(16 * images.images.reshape(-1, 64).astype(float), images.labels)
fits = {"raw": lambda x: lambda z: z, **treatments, "pca_whiten": lambda x: pca_whiten(x, eps=1.0)}
rates = 10 ** np.arange(-4, 1.6, 0.5)


def applied(transform):
    train, test = (transform(part).astype(np.float32) for part in (raw.train_images, raw.test_images))
    return data.Split(train, raw.train_labels, test, raw.test_labels)


def learn(split, rate):
    net = training.seeded(lambda: nn.Sequential(nn.Linear(64, 32), nn.ReLU(), nn.Linear(32, 10)), 0)
    sgd = torch.optim.SGD(net.parameters(), rate)
    history = training.train(net, split, epochs=2, optimizer=lambda model: sgd, show_progress=False)
    return net, 100 * history.accuracy[-1]


splits = {name: applied(fit(raw.train_images)) for name, fit in fits.items()}
sweeps = {name: (rates, [learn(split, rate)[1] for rate in rates]) for name, split in splits.items()}
plots.curves({"accuracy on held-out digits (%)": sweeps}, "learning rate", log_x=True)

# %% [markdown]
# *What to see: every curve climbs, stays, and falls off a cliff where the steps become too large. Raw data
# falls first. Taking off the mean alone allows steps ten times as large, and reaches more. Standardized and
# whitened data stand further right still.* With a rate tuned for each, the differences are small; with a rate
# taken from somebody else's code, they decide.
#
# ### Experiment: the wrong ruler
#
# A network that has learned from standardized digits is put to work. A letter-sorting machine delivers digits
# one kind at a time: all zeros, then all ones, ... **Predict** what happens if somebody standardizes each
# delivery with its *own* statistics.

# %%
net, _ = learn(splits["standardize"], rate=0.3)
rulers = {"training set's statistics": lambda x: standardize(raw.train_images), "its own": standardize}
deliveries = {str(digit): raw.test_images[raw.test_labels == digit] for digit in range(10)}


def percent_right(x, digit):
    with torch.no_grad():
        return 100 * (net(torch.tensor(x, dtype=torch.float32)).argmax(dim=1) == int(digit)).float().mean().item()


right = {
    name: {digit: percent_right(fit(x)(x), digit) for digit, x in deliveries.items()} for name, fit in rulers.items()
}
plots.grouped_bars(
    {name: {"mean over the ten digits": list(by.values())} for name, by in right.items()}, "accuracy (%)"
)

# %% [markdown]
# *What to see: each dot is one kind of digit. What makes a three a three is what all threes have in common:
# their mean. Subtract it, and it is gone.*

# %% [markdown]
# ### Zig-zag
#
# One unit with two inputs and squared error: $L = \tfrac12(w\cdot x - t)^2$. For one example the gradient is
#
# $$\frac{\partial L}{\partial w} = (w\cdot x - t)\;x$$
#
# a number times the input. If both inputs are positive, both entries of the gradient have the *same sign*. We
# let a unit learn $w = (1, -1)$ from two real pixels, example by example: once behind a sigmoid, whose outputs
# are all positive, once behind a tanh.

# %%
pixels = images.images.reshape(-1, 64)[:, [20, 44]].astype(float)  # rows 2 and 5 of column 4
sums = 1.5 * standardize(pixels)(pixels)
sigmoid, tanh = activation("sigmoid")[0](sums), activation("tanh")[0](sums)


def descend(x, rate=0.7, steps=60):
    path = [np.zeros(2)]
    for example in x[:steps]:
        error = example @ (path[-1] - np.array([1, -1]))
        path.append(path[-1] - rate * error * example)
    return np.array(path)


def loss_of(x):
    return lambda u, v: np.mean([0.5 * ((u - 1) * a + (v + 1) * b) ** 2 for a, b in x[:200]], axis=0)


plots.descent_paths(
    {"sigmoid": loss_of(sigmoid), "tanh": loss_of(tanh)},
    {"sigmoid": descend(sigmoid), "tanh": descend(tanh)},
    ("weight 1", "weight 2"),
)

# %% [markdown]
# *What to see: both start at the square and are to reach (1, -1), down to the right. Behind the sigmoid every
# step leads up to the right or down to the left, never straight to the goal: a zig-zag down a narrow valley.
# Behind the tanh a step may lead anywhere, and the second one nearly gets there; its valley is round.*

# %% [markdown]
# ### Exercise: zig_zag (5 points)
#
# *15 minutes; write about ten sentences.*
#
# 1. All inputs $x_j$ of a unit are positive. Show that for a single example all entries of the gradient of its
#    weights have the same sign. Of the $2^d$ combinations of signs in $d$ dimensions, how many can a step have?
# 2. In two dimensions, the weights are to go from $(0, 0)$ to $(1, -1)$. Describe the path.
# 3. "So with all-positive inputs, gradient descent always zig-zags." Why is that too strong for a batch of many
#    examples? And what disadvantage remains even for the whole batch? (Look at the level lines.)
# 4. Name one remedy for the input of the network and one for its hidden layers.
#
# <details><summary>Hint</summary>
#
# For 3: the gradient of a batch is a mean of many vectors $\delta_n x_n$, and the $\delta_n$ have signs of
# their own. Then ask how long the cloud of inputs is in the direction of its mean, seen from the origin.
# </details>

# %% [markdown] role="answer" exercise="zig_zag"
# ### BEGIN SOLUTION
# 1. The gradient is $\delta\,x$ with one number $\delta = \partial L/\partial s$ for the unit. Since all
#    $x_j > 0$, every entry has the sign of $\delta$: all positive or all negative. So 2 of the $2^d$
#    combinations are possible; in two dimensions the step points into the first or the third quadrant, never
#    into the second or fourth.
# 2. The way from $(0,0)$ to $(1,-1)$ points into the fourth quadrant, where no step may go. The path gets there
#    by steps to the upper right and to the lower left in turn: a zig-zag. Progress comes only from the steps
#    not being exactly parallel (the ratio $x_1 : x_2$ differs from example to example), so it needs many more
#    and smaller steps.
# 3. In a batch the $\delta_n$ of different examples have different signs, so the mean of $\delta_n x_n$ may
#    point in any direction. What remains is bad conditioning: seen from the origin all inputs lie in about the
#    same direction, that of their mean. The second-moment matrix $\mathbb E[xx^{\mathsf T}]$ (the Hessian) has
#    one large eigenvalue along it, and the loss is a narrow valley. The learning rate must be small enough for
#    the steep direction and is then too small for the others.
# 4. Input: subtract the mean of the training set (zero-centre, standardize). Hidden layers: activations with
#    mean near zero (tanh, elu, selu), or batch norm.
# ### END SOLUTION
#
# === BEGIN MARK SCHEME ===
# Five points:
#
# - **Same sign (1.5 points).** Gradient is one number times $x$ (1 point); 2 of $2^d$ (half a point).
# - **Path (1 point).** The direction needed is not among those allowed, so steps alternate and progress is slow.
# - **Limits (1.5 points).** In a batch, errors of different signs average (1 point; "batch norm" is no answer
#   here); the valley is narrow, a large eigenvalue along the mean (half a point).
# - **Remedies (1 point).** Half a point each: centred data; centred activations or batch norm.
# === END MARK SCHEME ===

# %% [markdown]
# ## 12. All of it, in PyTorch
#
# Last step: a function that starts any model again, on any device. It walks through the modules, and in place
# of a fresh `Parameter` it overwrites the numbers of the old one: an optimizer that already holds the
# parameters must keep holding them.
#
# > **Often told wrong.** "PyTorch starts relu networks by Kaiming anyway." The default of `nn.Linear` and
# > `nn.Conv2d` calls `kaiming_uniform_` with `a=sqrt(5)`, which amounts to uniform numbers between
# > $\pm1/\sqrt{\text{fan\_in}}$: variance $1/(3\,\text{fan\_in})$, *a sixth* of what relu needs. On the map of
# > section 7 that is scale 0.58, where networks of eight layers do not learn.
#
# ### Exercise: init_module_ (8 points)
#
# *25 minutes, medium.* For every module inside `model`:
#
# | module | weight | bias |
# |---|---|---|
# | `nn.Linear`, `nn.Conv1d`, `nn.Conv2d`, `nn.Conv3d` | by the scheme | 0 |
# | `nn.BatchNorm1d`, `2d`, `3d`, `nn.LayerNorm`, `nn.GroupNorm` | 1 | 0 |
# | everything else | as it is | as it is |
#
# | scheme | variance | distribution |
# |---|---|---|
# | `'xavier_normal'`, `'xavier_uniform'` | $2/(\text{fan\_in}+\text{fan\_out})$ | normal, uniform |
# | `'kaiming_normal'`, `'kaiming_uniform'` | $2/\text{fan\_in}$ (relu) | normal, uniform |
#
# The fans are those of your `fan_in_and_fan_out` with one group. Layers may lack a bias, norms may lack both.
# Another scheme is a `ValueError`. Every number is drawn from `generator`, **on the generator's own device**,
# and copied from there: a generator on the CPU then gives a model on a GPU the same weights as one on the CPU.
# `torch.nn.init` is off limits.
#
# Worked number: `nn.Linear(300, 100)` with `'xavier_uniform'`: variance $2/400$, $\ell = \sqrt{3\cdot2/400} = 0.122$.
#
# <details><summary>Hint</summary>
#
# `torch.randn(shape, generator=generator, device=generator.device)` draws; `module.weight.copy_(...)` copies in
# place, to any device and dtype, inside `with torch.no_grad():`. `torch.rand` gives uniform numbers between 0
# and 1: how do you get them between $-\ell$ and $\ell$?
# </details>


# %% role="answer" exercise="init_module_"
def init_module_(model, scheme, generator):
    """Starts a PyTorch model again, in place. Returns the model.

    scheme: 'xavier_normal' or 'xavier_uniform' (variance 2/(fan_in + fan_out)), 'kaiming_normal' or
    'kaiming_uniform' (variance 2/fan_in). generator: a torch.Generator, from which every number is drawn, on the
    generator's device; the model keeps its own device and dtype.
    nn.Linear, nn.Conv1d, nn.Conv2d, nn.Conv3d: weight by the scheme, bias 0. nn.BatchNorm1d, nn.BatchNorm2d,
    nn.BatchNorm3d, nn.LayerNorm, nn.GroupNorm: weight 1, bias 0, where they have them.
    Raises ValueError for another scheme.
    """
    ### BEGIN SOLUTION
    weighted = (nn.Linear, nn.Conv1d, nn.Conv2d, nn.Conv3d)
    norms = (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d, nn.LayerNorm, nn.GroupNorm)
    if scheme not in ("xavier_normal", "xavier_uniform", "kaiming_normal", "kaiming_uniform"):
        raise ValueError(f"init_module_: unknown scheme {scheme!r}")

    def draw(shape):
        fan_in, fan_out = fan_in_and_fan_out(shape)
        variance = 2 / (fan_in + fan_out) if scheme.startswith("xavier") else 2 / fan_in
        std = math.sqrt(variance)
        drawn = torch.empty(shape, device=generator.device)
        if scheme.endswith("normal"):
            return drawn.normal_(0, std, generator=generator)
        limit = math.sqrt(3) * std
        return drawn.uniform_(-limit, limit, generator=generator)

    with torch.no_grad():
        for module in model.modules():
            if isinstance(module, weighted):
                module.weight.copy_(draw(module.weight.shape))
            elif isinstance(module, norms) and module.weight is not None:
                module.weight.fill_(1)
            if isinstance(module, (*weighted, *norms)) and module.bias is not None:
                module.bias.zero_()
    return model
    ### END SOLUTION


# %% role="check" exercise="init_module_"
def check_init_module_():
    def model():
        layers = [nn.Conv2d(6, 60, (3, 5)), nn.BatchNorm2d(60), nn.Sequential(nn.Conv2d(60, 60, 3, bias=False))]
        return nn.Sequential(*layers, nn.LayerNorm(7, elementwise_affine=False), nn.Linear(200, 100))

    fans = {"0": (90, 900), "2.0": (540, 540), "4": (200, 100)}
    for scheme in ("xavier_normal", "xavier_uniform", "kaiming_normal", "kaiming_uniform"):
        net = model()
        nn.init.constant_(net[1].weight, 3.0)
        held = list(net.parameters())
        state = torch.random.get_rng_state()
        assert init_module_(net, scheme, torch.Generator().manual_seed(0)) is net, "return the model itself"
        assert torch.equal(torch.random.get_rng_state(), state), "draw from the generator and from nothing else"
        assert all(a is b for a, b in zip(held, net.parameters(), strict=True)), "in place: keep the Parameters"
        for name, (fan_in, fan_out) in fans.items():
            w = net.get_submodule(name).weight
            std = math.sqrt(2 / (fan_in + fan_out) if scheme.startswith("xavier") else 2 / fan_in)
            where = f"{scheme}, weight of shape {tuple(w.shape)}"
            assert abs(w.std().item() / std - 1) < 0.06, f"{where}: expected a std of {std:.4f}, got {w.std():.4f}"
            largest = w.abs().max().item() / std
            assert (largest < 1.75) == scheme.endswith("uniform"), (
                f"{where}: the largest is {largest:.2f} times the std"
            )
        assert not net[0].bias.any() and not net[4].bias.any(), f"{scheme}: biases must be 0"
        assert (net[1].weight == 1).all() and not net[1].bias.any(), f"{scheme}: norms start as the identity"
    twins = [init_module_(model(), "kaiming_normal", torch.Generator().manual_seed(5)) for _ in range(2)]
    assert torch.equal(twins[0][4].weight, twins[1][4].weight), "one seed, one start"
    squares = init_module_(nn.Sequential(nn.Linear(9, 9), nn.Linear(9, 9)), scheme, torch.Generator().manual_seed(0))
    assert not torch.equal(squares[0].weight, squares[1].weight), "two layers must not be equal"
    try:
        init_module_(model(), "lecun", torch.Generator())
    except ValueError:
        print("init_module_: every scheme, in place, from the generator alone.")
    else:
        raise AssertionError("scheme 'lecun': expected a ValueError")


check_init_module_()

# %% [markdown]
# ### On a GPU, if there is one
#
# The same seed, a model on the CPU and one on the device that was found. This cell says which one it used.

# %%
device = training.pick_device()
nets = [nn.Sequential(nn.Conv2d(16, 32, 3), nn.Linear(64, 10)).to(place) for place in ("cpu", device)]
for net in nets:
    init_module_(net, "kaiming_normal", torch.Generator().manual_seed(0))
equal = all(torch.equal(a.cpu(), b.cpu()) for a, b in zip(nets[0].parameters(), nets[1].parameters(), strict=True))
print(f"device: {nets[1][0].weight.device}; the same weights as on the CPU: {equal}")

# %% [markdown]
# ### Experiment: a plain convolutional network
#
# Fourteen convolutions with relu and nothing else: no batch norm, no shortcuts; Adam, four epochs. Three starts
# of the same network.


# %%
def plain_cnn():
    first, last = [nn.Conv2d(1, 16, 3, padding=1), nn.ReLU()], [nn.AvgPool2d(4), nn.Flatten(), nn.Linear(64, 10)]
    body = [layer for _ in range(13) for layer in (nn.Conv2d(16, 16, 3, padding=1), nn.ReLU())]
    return nn.Sequential(*first, *body, *last)


histories = {}
for scheme in ("PyTorch's default", "xavier_normal", "kaiming_normal"):
    net = training.seeded(plain_cnn, 0)
    if scheme != "PyTorch's default":
        init_module_(net, scheme, torch.Generator().manual_seed(0))
    histories[scheme] = training.train(net.to(device), digits, epochs=4, learning_rate=2e-3, show_progress=False)
print(", ".join(f"{name}: {history.accuracy[-1]:.0%}" for name, history in histories.items()))
losses = {name: history.loss for name, history in histories.items()}
plots.lines(losses, "epoch", "training loss (nats)", reference=("guessing", math.log(10)))

# %% [markdown]
# *What to see: with the default start the network spends its first epochs at the loss of pure guessing.
# Kaiming's learns from the first one; Xavier lies in between.* Networks from a library rarely suffer from this,
# since they have batch norm, which measures and repairs in every step what you have measured and repaired once.

# %% [markdown]
# ## What to remember
#
# - $\operatorname{Var}(s) = \text{fan\_in}\cdot\sigma^2\cdot\mathbb E[x^2]$. Everything follows from this line.
# - Xavier $1/\text{fan}$ for tanh and linear, Kaiming $2/\text{fan\_in}$ for relu; $\sqrt3$ for uniform
#   numbers. The deeper the network, the narrower the road.
# - Equal weights stay equal. One random stream for all layers.
# - Give `exp` only numbers that are not positive; return new arrays.
# - Measure before you train: spread, saturation, dead units, gradients, layer by layer.
# - Residual branches start at zero; where no formula helps, LSUV measures.
# - Statistics of the training set, for every set.
#
# ## Further reading
#
# - X. Glorot and Y. Bengio, *Understanding the difficulty of training deep feedforward neural networks*,
#   AISTATS 2010. The histograms of section 6 come from there.
# - K. He, X. Zhang, S. Ren, J. Sun, *Delving deep into rectifiers*, ICCV 2015, arXiv:1502.01852. Section 2.2 is the
#   derivation of $\sqrt2$.
# - S. Schoenholz, J. Gilmer, S. Ganguli, J. Sohl-Dickstein, *Deep information propagation*, ICLR 2017,
#   arXiv:1611.01232. The theory behind the map.
# - A. Saxe, J. McClelland, S. Ganguli, *Exact solutions to the nonlinear dynamics of learning in deep linear neural
#   networks*, ICLR 2014, arXiv:1312.6120. Orthogonal starts.
# - D. Mishkin and J. Matas, *All you need is a good init*, ICLR 2016, arXiv:1511.06422: LSUV.
# - G. Klambauer and others, *Self-normalizing neural networks*, NIPS 2017, arXiv:1706.02515: selu, with its
#   ninety pages of proof.
# - D. Hendrycks and K. Gimpel, *Gaussian error linear units*, 2016, arXiv:1606.08415; P. Ramachandran, B. Zoph,
#   Q. Le, *Searching for activation functions*, 2017, arXiv:1710.05941: gelu and swish. I. Goodfellow and
#   others, *Maxout networks*, ICML 2013, arXiv:1302.4389.
# - P. Goyal and others, *Accurate, large minibatch SGD*, 2017, arXiv:1706.02677: zero gamma at the end of a branch.
#   H. Zhang, Y. Dauphin, T. Ma, *Fixup initialization*, ICLR 2019, arXiv:1901.09321: without batch norm.
# - Y. LeCun, L. Bottou, G. Orr, K.-R. Müller, *Efficient backprop*, 1998. Centred inputs, tanh and their
#   reasons, twelve years before everybody else.
# - Stanford CS231n, *Neural Networks Part 2: Setting up the data and the model*, cs231n.github.io/neural-networks-2.
