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
# # CNN architectures
#
# You know the parts: convolutions, pools, activations, normalization, good starts. What is left is the question that
# kept a whole field busy from 2012 to 2017: **how do you put them together?** AlexNet, VGG, GoogLeNet, ResNet and
# DenseNet are answers, each with one idea that survived, and you build all of them here, to the last of their millions
# of parameters.
#
# You will also learn to *read* an architecture. Where does its memory go, where its parameters, where its arithmetic?
# These are three different places. And you will learn to doubt: many of the figures in papers, courses and notes are
# wrong, and a few lines of your own code find out which.
#
# ## Goals
#
# After this notebook you can
#
# - count the parameters, multiply-accumulates and memory of any model, layer by layer, with hooks;
# - build AlexNet, VGG, NiN, GoogLeNet, ResNet-18 to 152 and DenseNet-121 so that every published figure comes out;
# - say what each of them added: depth from small kernels, 1x1 convolutions, branches, shortcuts, concatenation;
# - say why a deep plain network fails *on its training set*, and what a shortcut changes about it;
# - load weights that others have published into a network whose layers you have named yourself;
# - tell a published number that cannot be right.
#
# ## You need
#
# PyTorch's `nn.Module`, and of the earlier assignments: output sizes and receptive fields (`convolution`), pooling,
# batch norm, and forward hooks (`init`). No GPU: everything here runs on a laptop, and the largest networks are only
# counted, never trained.
#
# ## Points
#
# | exercise | points | time | difficulty |
# |---|--:|--:|---|
# | `count_parameters` | 6 | 5 min | easy |
# | `count_macs` | 10 | 30 min | medium |
# | `activation_memory` | 6 | 15 min | easy |
# | `pattern` | 6 | 30 min | medium |
# | `AlexNet` | 8 | 20 min | easy |
# | `vgg_block` (with `VGG`) | 8 | 20 min | easy |
# | `NiN` (with `nin_block`) | 6 | 15 min | easy |
# | `Inception` (with `GoogLeNet`) | 12 | 40 min | medium |
# | `BasicBlock` (with `Bottleneck`, `ResNet`, `resnet_key_map`) | 18 | 70 min | hard |
# | `DenseBlock` (with `Transition`, `DenseNet121`) | 8 | 25 min | medium |
# | `find_the_wrong_number` | 4 | 20 min | easy |
# | `why_plain_underfits` (written) | 8 | 25 min | think |
# | **together** | **100** | about 5 h | |

# %% [markdown]
# ## How to work
#
# Every exercise is a cell to fill in, followed by a **check** that you can run as often as you like. The checks try a
# few cases; the grading tries more of them, so read the docstrings with care. A check that fails says what it expected.
#
# - PyTorch's layers are welcome everywhere. Whole networks and counters that others have written are not.
# - Keep the names of functions and classes and the order of their arguments. **What you call the layers inside is
#   free**, and so is whether you use `nn.Sequential` or attributes. The docstrings ask for one thing: make the layers
#   in the order in which the data meets them, so that whoever loads numbers into your model finds its way.
# - A check of the right *shape* proves little. A block with its ReLU in the wrong place, its branches in the wrong
#   order or its stride in the wrong layer has the right shape and other values. So the grading fills your blocks with
#   numbers of its own and compares what comes out, and the checks do it on a small scale.
# - The experiments use your blocks: until you have written one, a cell that needs it stops with `NotImplementedError`.
#   That is no harm. Come back to it.
# - Questions marked **Predict** are for you alone. Answer them in your head *before* you open the answer.
#
# Run the first cell now.

# %% role="setup"
import math
import re

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from course_lib import data, plots, published, timing, tracing, training, transforms
from course_lib.fill import fill_weights
from course_lib.numpy_ops.conv_arithmetic import receptive_field

plots.use_style()
torch.manual_seed(0)
torch.set_num_threads(1)  # the networks that are trained here are too small to be worth sharing among cores

# %% [markdown]
# ## 1. Three prices
#
# A network costs three things, and they are not the same thing.
#
# | price | what it is | what it decides |
# |---|---|---|
# | **parameters** | the numbers that are learned | the size of the file, the memory for weights and optimizer |
# | **multiply-accumulates** (MACs) | one multiplication and one addition each | the energy, and roughly the time |
# | **activation memory** | the maps between the layers | the largest batch that fits while training |
#
# For a convolution with $F$ filters of $k\times k$ on $C$ channels in $G$ groups, whose output is $F\times H'\times
# W'$:
#
# $$\text{parameters} = F\,\tfrac{C}{G}\,k^2 + F, \qquad
#   \text{MACs} = F\,H'\,W'\cdot\tfrac{C}{G}\,k^2, \qquad
#   \text{numbers kept} = F\,H'\,W'$$
#
# For a fully connected layer from $D$ to $M$: $DM + M$ parameters, $DM$ MACs, $M$ numbers.
#
# Worked numbers, VGG's first layer, 64 filters of 3x3 on 3x224x224 with padding 1: $64\cdot27+64 = 1{,}792$ parameters;
# $64\cdot224^2\cdot27 = 86{,}704{,}128$ MACs; $64\cdot224^2 = 3{,}211{,}264$ numbers, 12.25 MiB in float32. Its first
# fully connected layer, from $512\cdot7\cdot7 = 25{,}088$ to 4,096: 102,764,544 parameters, just as many MACs but for
# the 4,096 biases, and 4,096 numbers. **Predict** where in VGG-16 each price is paid; section 5 shows it.
#
# > **Often told wrong.** A *FLOP* is one floating-point operation, so a MAC is two of them. The ResNet paper writes
# > "3.8 billion FLOPs" for ResNet-50 and means MACs, as most papers on networks do; other tables give twice as much for
# > the same network, and both are called FLOPs. In this course: MACs.

# %% [markdown]
# ### Exercise: count_parameters (6 points)
#
# *5 minutes, easy.* What counts is each *parameter* once: two layers that share one tensor learn it together. Frozen
# parameters (`requires_grad = False`) are parameters too. The running mean and variance of batch norm are *buffers*:
# they are saved with the model but not learned, and do not count.
#
# Worked number: a 3x3 convolution from 4 to 6 channels without bias ($6\cdot4\cdot9 = 216$) and a batch norm of 6
# (scale and shift, 12): 228.


# %% role="answer" exercise="count_parameters"
def count_parameters(model):
    """How many numbers a model learns: the sizes of all its parameters, added up. Returns an int.

    A parameter that several layers share counts once; one that is frozen (requires_grad False) counts too.
    Buffers, such as the running statistics of batch norm, are no parameters.
    """
    ### BEGIN SOLUTION
    sizes = [parameter.numel() for parameter in model.parameters()]
    return sum(sizes)
    ### END SOLUTION


# %% role="check" exercise="count_parameters"
def check_count_parameters():
    model = nn.Sequential(nn.Conv2d(4, 6, 3, bias=False), nn.BatchNorm2d(6), nn.ReLU())
    answer = count_parameters(model)
    assert answer == 228, f"the worked number: expected 228, got {answer}"
    model[0].weight.requires_grad_(False)
    assert count_parameters(model) == 228, f"frozen parameters count too: expected 228, got {count_parameters(model)}"
    tied = nn.Sequential(nn.Linear(5, 5), nn.Linear(5, 5))
    tied[1].weight = tied[0].weight
    assert count_parameters(tied) == 35, f"a shared weight counts once: expected 35, got {count_parameters(tied)}"
    assert isinstance(answer, int), f"expected an int, got {type(answer).__name__}"
    print("count_parameters: right, also where parameters are frozen or shared.")


check_count_parameters()

# %% [markdown]
# ## 2. Hooks: watch a model at work
#
# The MACs of a layer depend on the size of the maps, and that is known only when an image goes through. So let one go
# through, and **watch**. A *forward hook* is a function that PyTorch calls whenever a module has done its work:
#
#     hook = module.register_forward_hook(record)     # from now on: record(module, inputs, out) after each call
#     ...
#     hook.remove()                                   # or it stays for ever
#
# `inputs` is a tuple of what came in, `out` what left. Register the same hook on every module of `model.modules()`, run
# one image, remove the hooks, add up. Blocks inside blocks call it too; a hook that looks only at `nn.Conv2d` and
# `nn.Linear` does not mind.
#
# A counter must leave no traces. Three things go wrong again and again:
#
# - **Hooks stay behind**, and the next forward pass calls them all.
# - **Batch norm in training mode** learns from your image of zeros. Count in `eval` mode, and afterwards put *every
#   module* back into the mode it was in: `model.train()` would also wake up a layer that was frozen on purpose.
# - **An image that does not fit** raises an error in the middle, and all of the above is left undone. `try ... finally`
#   is made for that.

# %% [markdown]
# ### Exercise: count_macs (10 points)
#
# *30 minutes, medium.* The MACs of all convolutions (`nn.Conv2d`) and fully connected layers (`nn.Linear`) for one
# image of shape `(C, H, W)`. Read the docstring: groups, layers that are called twice, and what must not change.
#
# Worked number: 6 filters of 3x5 on 4 channels in 2 groups, stride (2, 1), padding 1, on 4x9x7: the output is 6x5x5,
# and each number in it is a sum over $\tfrac42\cdot15 = 30$ products: $150\cdot30 = 4{,}500$. A fully connected layer
# from the 150 numbers to 10: 1,500 more.
#
# <details><summary>Hint 1</summary>
#
# How many numbers leave the layer, times how many products are in each of them. You need no formula for output sizes:
# `out` is there.
# </details>
#
# <details><summary>Hint 2: where to put the image</summary>
#
# Models may live on a GPU, in another dtype, or on PyTorch's "meta" device, which knows shapes and no numbers. Take
# `dtype` and `device` from the first parameter: `torch.zeros(1, *shape, dtype=..., device=...)`.
# </details>


# %% role="answer" exercise="count_macs"
def count_macs(model, shape):
    """How many multiply-accumulates one image costs: those of all nn.Conv2d and nn.Linear, in one pass. Returns an int.

    shape: (C, H, W) of one image, without the batch axis; the image lies where the model's parameters lie and has
    their dtype. Biases, activations, normalization and pools cost nothing here. A layer that is called twice counts
    twice. The pass is made in eval mode, without gradients. Afterwards the model is as it was, even where the pass
    fails with an error: no hook is left, every module is in its own mode, no running statistic has moved.
    """

    ### BEGIN SOLUTION
    def record(layer, inputs, out):
        outputs = out[0].numel()  # of one image
        if isinstance(layer, nn.Conv2d):
            kernel_height, kernel_width = layer.kernel_size
            channels = layer.in_channels // layer.groups  # those that one filter sees
            macs.append(outputs * channels * kernel_height * kernel_width)
        if isinstance(layer, nn.Linear):
            macs.append(outputs * layer.in_features)

    macs = []
    example = next(model.parameters(), torch.zeros(0))
    image = torch.zeros(1, *shape, dtype=example.dtype, device=example.device)
    modes = {module: module.training for module in model.modules()}
    hooks = [module.register_forward_hook(record) for module in model.modules()]
    model.eval()
    try:
        with torch.no_grad():
            model(image)
    finally:
        for hook in hooks:
            hook.remove()
        for module, was_training in modes.items():
            module.training = was_training
    return sum(macs)
    ### END SOLUTION


# %% role="check" exercise="count_macs"
def check_count_macs():
    grouped = nn.Conv2d(4, 6, (3, 5), stride=(2, 1), padding=1, groups=2)
    model = nn.Sequential(grouped, nn.BatchNorm2d(6), nn.ReLU(), nn.Flatten(), nn.Linear(150, 10))
    model[1].eval()  # on purpose
    modes = [module.training for module in model.modules()]
    answer = count_macs(model, (4, 9, 7))
    assert answer == 6000, f"the worked number: expected 4500 + 1500 = 6000, got {answer}"
    same = nn.Conv2d(3, 3, 3, padding=1)
    answer = count_macs(nn.Sequential(same, nn.ReLU(), same), (3, 5, 7))
    assert answer == 2 * 35 * 81, f"a layer called twice counts twice: expected {2 * 35 * 81}, got {answer}"
    fits = True
    try:
        count_macs(model, (4, 8, 8))
    except RuntimeError:
        fits = False
    assert not fits, "4x8x8 does not fit this model: let PyTorch's error through"
    assert [module.training for module in model.modules()] == modes, "every module must be in the mode it was in"
    assert not any(module._forward_hooks for module in model.modules()), "remove the hooks, also after an error"
    with torch.device("meta"):
        large = nn.Sequential(nn.Conv2d(3, 64, 3, padding=1), nn.BatchNorm2d(64), nn.Conv2d(64, 64, 3, padding=1))
    count_macs(large, (3, 224, 224))
    norm = nn.Sequential(nn.Conv2d(3, 4, 1), nn.BatchNorm2d(4))
    count_macs(norm, (3, 5, 5))
    assert norm[1].num_batches_tracked == 0, "batch norm has learned from your image: count in eval mode"
    print("count_macs: right, with groups and shared layers, and it leaves no trace.")


check_count_macs()

# %% [markdown]
# ### Exercise: activation_memory (6 points)
#
# *15 minutes, easy.* While training, what each layer has computed is kept for the backward pass. Which numbers count is
# a convention; ours is that of the published tables: the input image, and whatever convolutions, fully connected layers
# and pools write. A ReLU can overwrite what it reads, and flatten copies nothing, so they are free.
#
# One exception: `nn.AdaptiveAvgPool2d(7)` on a 7x7 map changes nothing and writes nothing. (Only an *adaptive* pool
# whose output is as large as its input: a 3x3 max pool with stride 1 keeps the size too, but writes new numbers.)
#
# Worked number: on 3x32x32, a convolution to 8x32x32 with ReLU, a 2x2 pool to 8x16x16, flatten, fully connected to 10:
# $3{,}072 + 8{,}192 + 2{,}048 + 10 = 13{,}322$ numbers, 53,288 bytes.


# %% role="answer" exercise="activation_memory"
def activation_memory(model, shape):
    """How many bytes the maps of one image take, at 4 bytes per number. Returns an int.

    Counted are the numbers of the input (C, H, W) and those that come out of every call of an nn.Conv2d, nn.Linear,
    nn.MaxPool2d, nn.AvgPool2d and nn.AdaptiveAvgPool2d. An nn.AdaptiveAvgPool2d whose output has the shape of its
    input passes it on and counts nothing. Nothing else counts: what activations, batch norm, dropout and flatten
    write can take the place of what they read.
    shape, the pass, and how the model is left behind: as for count_macs.
    """

    ### BEGIN SOLUTION
    def record(layer, inputs, out):
        passed_on = isinstance(layer, nn.AdaptiveAvgPool2d) and out.shape == inputs[0].shape
        if isinstance(layer, counted) and not passed_on:
            numbers.append(out[0].numel())  # of one image

    counted = (nn.Conv2d, nn.Linear, nn.MaxPool2d, nn.AvgPool2d, nn.AdaptiveAvgPool2d)
    example = next(model.parameters(), torch.zeros(0))
    image = torch.zeros(1, *shape, dtype=example.dtype, device=example.device)
    numbers = [image.numel()]
    modes = {module: module.training for module in model.modules()}
    hooks = [module.register_forward_hook(record) for module in model.modules()]
    model.eval()
    try:
        with torch.no_grad():
            model(image)
    finally:
        for hook in hooks:
            hook.remove()
        for module, was_training in modes.items():
            module.training = was_training
    return 4 * sum(numbers)
    ### END SOLUTION


# %% role="check" exercise="activation_memory"
def check_activation_memory():
    model = nn.Sequential(nn.Conv2d(3, 8, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(2048, 10))
    answer = activation_memory(model, (3, 32, 32))
    assert answer == 53_288, f"the worked number: expected 53,288 bytes, got {answer:,}"
    pools = nn.Sequential(nn.MaxPool2d(3, 1, padding=1), nn.AdaptiveAvgPool2d((4, 6)), nn.AdaptiveAvgPool2d(2))
    answer = activation_memory(pools, (5, 4, 6))
    expected = 4 * 5 * (24 + 24 + 4)
    assert answer == expected, (
        f"5x4x6, a 3x3 pool, an adaptive pool that changes nothing, 2x2: {expected}, got {answer}"
    )
    assert not any(module._forward_hooks for module in [*model.modules(), *pools.modules()]), "remove the hooks"
    assert all(module.training for module in model.modules()), "every module must be in the mode it was in"
    print("activation_memory: right.")


check_activation_memory()

# %% [markdown]
# ## 3. One pattern for ten years
#
# From LeNet (1998) to VGG (2014) nearly every network followed one pattern, which fits into a line:
#
#     INPUT -> [[CONV -> RELU]*N -> POOL?]*M -> [FC -> RELU]*K -> FC
#
# `*N` says "N times one after the other", `?` says "or not". Maps shrink at the pools, channels grow, and in the end a
# few fully connected layers look at everything. With `N`, `M` and `K` you get
#
# | network | pattern |
# |---|---|
# | linear classifier | `INPUT -> FC` |
# | two convolutions | `INPUT -> [CONV -> RELU -> POOL]*2 -> FC -> RELU -> FC` |
# | in the manner of VGG | `INPUT -> [CONV -> RELU -> CONV -> RELU -> POOL]*3 -> [FC -> RELU]*2 -> FC` |

# %% [markdown]
# ### Exercise: pattern (6 points)
#
# *30 minutes, medium.* Write a small compiler: from the text and the sizes to an `nn.Sequential`. The docstring fixes
# the language.
#
# Worked number: `pattern("INPUT -> [CONV -> RELU -> POOL?]*M -> FC", input=(3, 11, 6), conv=[4, 5], fc=[10], M=2)` has
# the layers conv 3 to 4, ReLU, pool (to 5x3), conv 4 to 5, ReLU, pool (to 2x1), flatten, and a fully connected one from
# $5\cdot2\cdot1 = 10$ to 10: eight layers. With `pool=False` it has six, and the last one takes $5\cdot11\cdot6 = 330$.
#
# <details><summary>Hint: brackets inside brackets</summary>
#
# Find the *innermost* group, one without a bracket inside: `re.search(r"\[([^\[\]]*)\]\s*\*\s*(\w+)", text)`. Replace
# it by its content, so many times, joined by `->`. Repeat until no bracket is left. Then split at `->`.
# </details>


# %% role="answer" exercise="pattern"
def pattern(text, **sizes):
    """The nn.Sequential for a pattern such as "INPUT -> [[CONV -> RELU]*N -> POOL?]*M -> [FC -> RELU]*K -> FC".

    text: INPUT first, then the words CONV, RELU, POOL, FC and groups in square brackets, all joined by "->"; blanks
    do not matter. A group may be followed by *times: so often it stands there, one after the other (0: not at all);
    times is a number, or a letter whose number is among `sizes`. Groups lie inside groups, without limit.
    A "?" behind a word: it is left out where sizes["pool"] is False (True unless given).
    sizes: input=(C, H, W); conv=[filters of each CONV, in order]; fc=[outputs of each FC, in order]; the letters.
    Layers: CONV is nn.Conv2d 3x3, stride 1, padding 1; RELU nn.ReLU; POOL nn.MaxPool2d 2x2, stride 2; FC nn.Linear.
    One nn.Flatten stands before the first FC (none where there is no FC). INPUT is no layer.
    Raises ValueError for an unknown word, a letter without a number, a text that does not begin with INPUT, brackets
    that do not match, and lists conv or fc that are longer or shorter than the layers that need them.
    """

    ### BEGIN SOLUTION
    def expanded(group):
        inside, times = group.group(1), group.group(2) or "1"
        if not times.isdigit() and times not in sizes:
            raise ValueError(f"pattern: {times} needs a number, for example {times}=2")
        repeats = int(times) if times.isdigit() else sizes[times]
        return " -> ".join([inside] * repeats)

    while "[" in text:
        innermost = re.search(r"\[([^\[\]]*)\](?:\s*\*\s*(\w+))?", text)
        if innermost is None:
            raise ValueError("pattern: a bracket is not closed")
        text = text[: innermost.start()] + expanded(innermost) + text[innermost.end() :]
    words = [word.strip() for word in text.split("->") if word.strip()]
    if not sizes.get("pool", True):
        words = [word for word in words if not word.endswith("?")]
    words = [word.rstrip("?") for word in words]
    if words[:1] != ["INPUT"]:
        raise ValueError("pattern: the text must begin with INPUT")

    (channels, height, width), features = sizes["input"], None
    filters, outputs = list(sizes.get("conv", [])), list(sizes.get("fc", []))
    if (words.count("CONV"), words.count("FC")) != (len(filters), len(outputs)):
        raise ValueError("pattern: conv and fc must have one size for each CONV and each FC")
    layers = []
    for word in words[1:]:
        if word == "CONV":
            layers.append(nn.Conv2d(channels, filters[0], 3, padding=1))
            channels = filters.pop(0)
        elif word == "RELU":
            layers.append(nn.ReLU())
        elif word == "POOL":
            layers.append(nn.MaxPool2d(2))
            height, width = height // 2, width // 2
        elif word == "FC":
            if features is None:
                layers.append(nn.Flatten())
                features = channels * height * width
            layers.append(nn.Linear(features, outputs[0]))
            features = outputs.pop(0)
        else:
            raise ValueError(f"pattern: unknown word {word!r}")
    return nn.Sequential(*layers)
    ### END SOLUTION


# %% role="check" exercise="pattern"
def check_pattern():
    def kinds(model):
        return " ".join(type(layer).__name__ for layer in model)

    text = "INPUT -> [CONV -> RELU -> POOL?]*M -> FC"
    model = pattern(text, input=(3, 11, 6), conv=[4, 5], fc=[10], M=2)
    expected = "Conv2d ReLU MaxPool2d Conv2d ReLU MaxPool2d Flatten Linear"
    assert kinds(model) == expected, f"the worked number: expected {expected}, got {kinds(model)}"
    assert model(torch.zeros(2, 3, 11, 6)).shape == (2, 10), "2 images: expected scores of shape (2, 10)"
    model = pattern(text, input=(3, 11, 6), conv=[4, 5], fc=[10], M=2, pool=False)
    assert model[-1].in_features == 330, f"without pools FC takes 330 numbers, got {model[-1].in_features}"
    whole = "INPUT->[[CONV->RELU]*N->POOL?]*M->[FC->RELU]*K->FC"
    model = pattern(whole, input=(1, 8, 8), conv=[2, 3, 4, 5], fc=[7, 6], N=2, M=2, K=1)
    shapes = [tuple(layer.weight.shape) for layer in model if hasattr(layer, "weight")]
    wanted = [(2, 1, 3, 3), (3, 2, 3, 3), (4, 3, 3, 3), (5, 4, 3, 3), (7, 20), (6, 7)]
    assert shapes == wanted, f"groups inside groups: expected weights {wanted}, got {shapes}"
    assert kinds(pattern("INPUT -> [FC -> RELU]*K -> FC", input=(1, 2, 3), fc=[4], K=0)) == "Flatten Linear", "K = 0"
    for wrong in ("INPUT -> CONV -> SOFTMAX", "CONV -> RELU", "INPUT -> [CONV -> RELU]*Q", "INPUT -> CONV -> CONV"):
        try:
            pattern(wrong, input=(1, 4, 4), conv=[2])
        except ValueError:
            continue
        raise AssertionError(f"{wrong!r} with conv=[2]: expected a ValueError")
    print("pattern: speaks the language.")


check_pattern()

# %% [markdown]
# ## 4. AlexNet (2012): large, and on GPUs
#
# In 2012 Alex Krizhevsky, Ilya Sutskever and Geoffrey Hinton entered ImageNet's competition, a thousand classes and 1.2
# million photographs, and were wrong (in their first five guesses) on 16 % of the images where the second-best team was
# wrong on 26 %. Nothing in the network was new: it is LeNet's pattern with ReLU, dropout, many more filters, and two
# graphics cards that trained it for six days.
#
# Two forms are about. The paper's has two towers of 48 filters, one for each card. We build the later one with **one
# tower** that starts with 64 filters (Krizhevsky 2014), the one that PyTorch ships:
#
# | layer | filters | kernel | stride | padding | output, for 3x224x224 |
# |---|--:|--:|--:|--:|---|
# | convolution, ReLU | 64 | 11 | 4 | 2 | 64x55x55 |
# | max pool | | 3 | 2 | 0 | 64x27x27 |
# | convolution, ReLU | 192 | 5 | 1 | 2 | 192x27x27 |
# | max pool | | 3 | 2 | 0 | 192x13x13 |
# | convolution, ReLU | 384 | 3 | 1 | 1 | 384x13x13 |
# | convolution, ReLU | 256 | 3 | 1 | 1 | 256x13x13 |
# | convolution, ReLU | 256 | 3 | 1 | 1 | 256x13x13 |
# | max pool | | 3 | 2 | 0 | 256x6x6 |
# | adaptive average pool | | | | | 256x6x6 |
# | dropout 0.5, fully connected, ReLU | 4,096 | | | | 4,096 |
# | dropout 0.5, fully connected, ReLU | 4,096 | | | | 4,096 |
# | fully connected | `num_classes` | | | | scores |
#
# > **Often told wrong.** The paper says that its images are 224x224 and its first maps 55x55, without padding. But
# > $(224-11)/4+1 = 54.25$: the images must have been 227x227. The paper also counts 253,440 units in that layer;
# > $96\cdot55\cdot55 = 290{,}400$. And "AlexNet has 60 / 61 / 62 million parameters" are three networks: 60,965,224
# > with two towers, 61,100,840 with this one tower, 62,378,344 with the paper's filters in one tower.

# %% [markdown]
# ### Exercise: AlexNet (8 points)
#
# *20 minutes, easy.* The table as an `nn.Module`. Scores, no softmax. The adaptive pool makes it take images of other
# sizes.
#
# Worked number: the first fully connected layer alone has $256\cdot6\cdot6\cdot4096 + 4096 = 37{,}752{,}832$
# parameters, 62 % of the network.
#
# <details><summary>Hint</summary>
#
# `nn.Sequential` and `nn.Flatten` do it. Where the number of parameters is wrong, print `[tuple(p.shape) for p in
# model.parameters()]` and go through the table.
# </details>


# %% role="answer" exercise="AlexNet"
class AlexNet(nn.Module):
    """AlexNet with one tower: images (N, 3, H, W) to scores (N, num_classes). 61,100,840 parameters for 1000 classes.

    Layers, order and sizes as in the table; between the last pool and the first fully connected layer an adaptive
    average pool to 6x6, which does nothing for 224x224. H and W are 224, or any size from 63 on. The names are free.
    """

    def __init__(self, num_classes=1000):
        super().__init__()
        ### BEGIN SOLUTION
        self.features = nn.Sequential(
            nn.Conv2d(3, 64, kernel_size=11, stride=4, padding=2),  # (64, 55, 55)
            nn.ReLU(),
            nn.MaxPool2d(3, stride=2),  # (64, 27, 27)
            nn.Conv2d(64, 192, kernel_size=5, padding=2),
            nn.ReLU(),
            nn.MaxPool2d(3, stride=2),  # (192, 13, 13)
            nn.Conv2d(192, 384, kernel_size=3, padding=1),
            nn.ReLU(),
            nn.Conv2d(384, 256, kernel_size=3, padding=1),
            nn.ReLU(),
            nn.Conv2d(256, 256, kernel_size=3, padding=1),
            nn.ReLU(),
            nn.MaxPool2d(3, stride=2),  # (256, 6, 6)
            nn.AdaptiveAvgPool2d(6),
        )
        self.classifier = nn.Sequential(
            nn.Flatten(),
            nn.Dropout(0.5),
            nn.Linear(256 * 6 * 6, 4096),
            nn.ReLU(),
            nn.Dropout(0.5),
            nn.Linear(4096, 4096),
            nn.ReLU(),
            nn.Linear(4096, num_classes),
        )
        ### END SOLUTION

    def forward(self, x):
        """x: (N, 3, H, W). Returns the scores (N, num_classes)."""
        ### BEGIN SOLUTION
        features = self.features(x)
        return self.classifier(features)
        ### END SOLUTION


# %% role="check" exercise="AlexNet"
def check_alexnet():
    with torch.device("meta"):  # shapes without numbers: no memory, no time
        model, small = AlexNet().eval(), AlexNet(num_classes=7)
        num_parameters = sum(parameter.numel() for parameter in model.parameters())
        sides = [step.shape for step in tracing.named_layers(model, (3, 224, 224)).values()]
        scores = [model(torch.zeros(2, 3, side, side)).shape for side in (224, 96)]
    assert num_parameters == 61_100_840, f"expected 61,100,840 parameters, got {num_parameters:,}"
    fewer = sum(parameter.numel() for parameter in small.parameters())
    assert fewer == 61_100_840 - 993 * 4097, (
        f"7 classes: expected {61_100_840 - 993 * 4097:,} parameters, got {fewer:,}"
    )
    assert scores == [(2, 1000)] * 2, f"2 images of 224x224, of 96x96: expected (2, 1000), got {scores}"
    maps = [(64, 55, 55), (64, 27, 27), (192, 27, 27), (192, 13, 13), (384, 13, 13), (256, 13, 13), (256, 13, 13)]
    assert sides == [*maps, (256, 6, 6), (4096,), (4096,), (1000,)], f"the maps on the way have the shapes {sides}"
    dropouts = [module.p for module in model.modules() if isinstance(module, nn.Dropout)]
    assert dropouts == [0.5, 0.5], f"expected two dropouts of 0.5, got {dropouts}"
    print("AlexNet: 61,100,840 parameters, every map as in the table.")


check_alexnet()

# %% [markdown]
# Look at what you have built. The figure is drawn from *your* model: each slab is what leaves a layer, as high as the
# (square root of the) map's side, as thick as the (logarithm of the) number of channels.

# %%
with torch.device("meta"):
    alexnet = AlexNet()
plots.network_strip(alexnet, (3, 224, 224))

# %% [markdown]
# *What to see: the image shrinks to a sixteenth of its area in the very first step; then thick small maps, then
# vectors.*
#
# ### Where the prices are paid
#
# Now your three counters on every layer of AlexNet. **Predict** first: which layers hold the parameters, which do the
# arithmetic, which fill the memory?


# %%
def costs_by_layer(model, shape):
    layers = tracing.named_layers(model, shape)
    return {
        "memory of its output (KiB)": {name: 4 * math.prod(step.shape) / 1024 for name, step in layers.items()},
        "parameters": {name: count_parameters(step.module) for name, step in layers.items()},
        "multiply-accumulates": {name: count_macs(step.module, step.input_shape) for name, step in layers.items()},
    }


plots.cost_bars(costs_by_layer(alexnet, (3, 224, 224)))

# %% [markdown]
# *What to see: three pictures of one network that have nothing in common. Memory sits in the first convolutions, 96 %
# of the parameters in the fully connected layers, 92 % of the arithmetic in the convolutions.*

# %% [markdown]
# ## 5. VGG (2014): nothing but 3x3
#
# AlexNet was found by trial and error: why 11, why 5, why 192? Karen Simonyan and Andrew Zisserman replaced taste by a
# rule. **Every convolution is 3x3 with padding 1, every pool 2x2; after each pool the number of channels doubles** (up
# to 512). What remains to choose is how many convolutions stand between two pools.
#
# Why 3x3? Two of them see 5x5 pixels, three see 7x7. With $C$ channels in and out:
#
# | | sees | weights | MACs per pixel | ReLUs |
# |---|---|---|---|---|
# | one 5x5 | 5x5 | $25\,C^2$ | $25\,C^2$ | 1 |
# | two 3x3 | 5x5 | $18\,C^2$ | $18\,C^2$ | 2 |
# | one 7x7 | 7x7 | $49\,C^2$ | $49\,C^2$ | 1 |
# | three 3x3 | 7x7 | $27\,C^2$ | $27\,C^2$ | 3 |
#
# Less work, fewer weights, more bends. Only memory grows: three maps are kept where there was one. And doubling the
# channels while halving both sides leaves the arithmetic of a layer the same: $2C\cdot2C\cdot\tfrac H2\cdot\tfrac W2 =
# C\cdot C\cdot H\cdot W$.
#
# | | block 1 | block 2 | block 3 | block 4 | block 5 | parameters |
# |---|---|---|---|---|---|--:|
# | VGG-11 | 1 x 64 | 1 x 128 | 2 x 256 | 2 x 512 | 2 x 512 | 132,863,336 |
# | VGG-13 | 2 x 64 | 2 x 128 | 2 x 256 | 2 x 512 | 2 x 512 | 133,047,848 |
# | VGG-16 | 2 x 64 | 2 x 128 | 3 x 256 | 3 x 512 | 3 x 512 | 138,357,544 |
# | VGG-19 | 2 x 64 | 2 x 128 | 4 x 256 | 4 x 512 | 4 x 512 | 143,667,240 |
#
# Behind the blocks stand AlexNet's three fully connected layers (here each dropout comes *after* its ReLU). The number
# in the name counts layers with weights: $13 + 3 = 16$.
#
# > **Often told wrong.** "With its small kernels VGG has fewer parameters." Per layer, yes. In total it has more than
# > twice as many as AlexNet. And a famous table of its memory, copied from course to course, ends in "24 million
# > numbers, 93 MB per image"; added up, its own rows give 15,237,608 numbers, 58.13 MiB.

# %% [markdown]
# ### Exercise: vgg_block (8 points)
#
# *20 minutes, easy.* Write `vgg_block`, and with it `VGG`, which takes any list of blocks.
#
# Worked number: one channel, two convolutions whose weights are all 1, on a 2x2 image of ones: every window covers all
# four pixels, so the first map is 4 everywhere, the second 16, and the pool leaves 16.


# %% role="answer" exercise="vgg_block"
def vgg_block(num_convs, in_channels, out_channels):
    """An nn.Sequential: `num_convs` convolutions 3x3 with padding 1, a ReLU behind each, then a 2x2 max pool, stride 2.

    Takes (N, in_channels, H, W) to (N, out_channels, H // 2, W // 2); every convolution has out_channels filters and
    a bias.
    """
    ### BEGIN SOLUTION
    layers = []
    for _ in range(num_convs):
        layers.append(nn.Conv2d(in_channels, out_channels, kernel_size=3, padding=1))
        layers.append(nn.ReLU())
        in_channels = out_channels
    layers.append(nn.MaxPool2d(2, stride=2))
    return nn.Sequential(*layers)
    ### END SOLUTION


class VGG(nn.Module):
    """VGG: images (N, 3, H, W) to scores (N, num_classes).

    config: pairs (num_convs, out_channels), one for each block, such as ((1, 64), (1, 128), (2, 256), (2, 512),
    (2, 512)) for VGG-11. Behind the blocks: an adaptive average pool to 7x7 (which does nothing for 224x224 and five
    blocks), flatten, fully connected to 4096, ReLU, dropout 0.5, to 4096, ReLU, dropout 0.5, to num_classes.
    H and W are any sizes that the pools leave at least 1 of. The names are free.
    """

    def __init__(self, config, num_classes=1000):
        super().__init__()
        ### BEGIN SOLUTION
        blocks = []
        channels = 3
        for num_convs, out_channels in config:
            blocks.append(vgg_block(num_convs, channels, out_channels))
            channels = out_channels
        self.blocks = nn.Sequential(*blocks)
        self.classifier = nn.Sequential(
            nn.AdaptiveAvgPool2d(7),
            nn.Flatten(),
            nn.Linear(channels * 7 * 7, 4096),
            nn.ReLU(),
            nn.Dropout(0.5),
            nn.Linear(4096, 4096),
            nn.ReLU(),
            nn.Dropout(0.5),
            nn.Linear(4096, num_classes),
        )
        ### END SOLUTION

    def forward(self, x):
        """x: (N, 3, H, W). Returns the scores (N, num_classes)."""
        ### BEGIN SOLUTION
        maps = self.blocks(x)
        return self.classifier(maps)
        ### END SOLUTION


# %% role="check" exercise="vgg_block"
def check_vgg():
    block = fill_weights(vgg_block(2, 1, 1), [1, 1])
    answer = block(torch.ones(1, 1, 2, 2)).flatten().tolist()
    assert answer == [16.0], f"the worked number: expected 16, got {answer}"
    assert fill_weights(vgg_block(1, 1, 1), [-1])(torch.ones(1, 1, 3, 3)).item() == 0, "a ReLU before the pool"
    shapes = [tuple(parameter.shape) for parameter in vgg_block(2, 3, 5).parameters()]
    wanted = [(5, 3, 3, 3), (5,), (5, 5, 3, 3), (5,)]
    assert shapes == wanted, f"vgg_block(2, 3, 5): expected weights and biases {wanted}, got {shapes}"
    assert vgg_block(2, 3, 5)(torch.zeros(2, 3, 9, 6)).shape == (2, 5, 4, 3), "9x6 must become 4x3"
    configs = {
        132_863_336: ((1, 64), (1, 128), (2, 256), (2, 512), (2, 512)),
        138_357_544: ((2, 64), (2, 128), (3, 256), (3, 512), (3, 512)),
    }
    for expected, config in configs.items():
        with torch.device("meta"):
            model = VGG(config)
            scores = model(torch.zeros(2, 3, 224, 224)).shape
        num_parameters = sum(parameter.numel() for parameter in model.parameters())
        assert num_parameters == expected, f"{config}: expected {expected:,} parameters, got {num_parameters:,}"
        assert scores == (2, 1000), f"2 images: expected (2, 1000), got {tuple(scores)}"
    with torch.device("meta"):
        scores = VGG(((1, 8), (2, 16)), num_classes=7)(torch.zeros(2, 3, 36, 30)).shape
    assert scores == (2, 7), f"two blocks on 36x30 images: expected (2, 7), got {tuple(scores)}"
    print("VGG: VGG-11 and VGG-16 to the last parameter.")


check_vgg()

# %%
with torch.device("meta"):
    vgg16 = VGG(((2, 64), (2, 128), (3, 256), (3, 512), (3, 512)))
plots.network_strip(vgg16, (3, 224, 224))

# %% [markdown]
# *What to see: full resolution for two layers with 64 channels each, then a staircase: half the side, twice the
# channels.*

# %%
plots.cost_bars(costs_by_layer(vgg16, (3, 224, 224)))

# %% [markdown]
# *What to see: the same three places as in AlexNet, more extreme. `conv1` and `conv2` write 42 % of the memory; `fc1`
# alone holds 74 % of the parameters. The arithmetic is spread evenly, as the rule foretells: 1.85 billion MACs for most
# convolutions, half of that for the first of a block, which sees half the channels, and a quarter in the last block,
# where the sides halve once more but the channels no longer double.*

# %%
num_bytes = activation_memory(vgg16, (3, 224, 224))
print(f"one image: {num_bytes // 4:,} numbers, {num_bytes / 2**20:.2f} MiB")
print(f"{count_macs(vgg16, (3, 224, 224)):,} multiply-accumulates")

# %% [markdown]
# **Predict.** Training keeps the activations, their gradients, and for each weight a gradient and two numbers of Adam.
# How much memory does VGG-16 need for a batch of 32?
#
# <details><summary>Answer</summary>
#
# Activations and their gradients: $32\cdot2\cdot58\,\text{MiB} \approx 3.6$ GiB. Weights, gradients, two moments:
# $4\cdot528\,\text{MiB} \approx 2.1$ GiB. So a batch of one is ruled by the weights, a batch of 32 by the maps.
# </details>

# %% [markdown]
# ## 6. Network in network (2013): the 1x1 convolution
#
# All those parameters in the fully connected layers: are they needed? Min Lin and his colleagues had two ideas at once,
# and both are in every network since.
#
# **A 1x1 convolution** mixes the channels of each pixel, and looks at no neighbour. It is a fully connected layer that
# is applied at every pixel with the same weights. Between larger kernels it makes the network deeper for little money,
# and it changes the number of channels at will.
#
# **Global average pooling.** Let the last block give one map per class; the mean of map $k$ is the score of class $k$.
# No fully connected layer, not one parameter: and the network takes images of any size.

# %% [markdown]
# ### Exercise: NiN (6 points)
#
# *15 minutes, easy.* Write `nin_block` and the network `NiN`:
#
# | part | filters | kernel | stride | padding | output, for 3x224x224 |
# |---|---|--:|--:|--:|---|
# | block | 96, 96, 96 | 11 | 4 | 0 | 96x54x54 |
# | max pool, rounding up | | 3 | 2 | 0 | 96x27x27 |
# | block | 256, 256, 256 | 5 | 1 | 2 | 256x27x27 |
# | max pool, rounding up | | 3 | 2 | 0 | 256x13x13 |
# | block | 384, 384, 384 | 3 | 1 | 1 | 384x13x13 |
# | max pool, rounding up | | 3 | 2 | 0 | 384x6x6 |
# | dropout 0.5 | | | | | 384x6x6 |
# | block | 1024, 1024, `num_classes` | 3 | 1 | 1 | `num_classes`x6x6 |
# | mean over each map, flatten | | | | | scores |
#
# Worked number: a block with one filter each and weights 1, 2, 3 takes a pixel of 1 to $1\cdot2\cdot3 = 6$; with
# weights 1, 2, -3 to 0, since there is a ReLU behind the third convolution, too.


# %% role="answer" exercise="NiN"
def nin_block(in_channels, filters, kernel_size, stride=1, padding=0):
    """An nn.Sequential of three convolutions with bias, a ReLU behind each.

    filters: (first, second, third), how many each has. The first is kernel_size wide with the stride and padding
    given; the second and third are 1x1.
    """
    ### BEGIN SOLUTION
    first, second, third = filters
    return nn.Sequential(
        nn.Conv2d(in_channels, first, kernel_size, stride, padding),
        nn.ReLU(),
        nn.Conv2d(first, second, kernel_size=1),
        nn.ReLU(),
        nn.Conv2d(second, third, kernel_size=1),
        nn.ReLU(),
    )
    ### END SOLUTION


class NiN(nn.Module):
    """Network in network: images (N, 3, H, W) to scores (N, num_classes). 7,595,176 parameters for 1000 classes.

    Blocks and pools as in the table; the pools round up (ceil_mode=True); dropout 0.5 before the last block; in the
    end the mean of each of the num_classes maps is the score. H and W are 224, or any size from 39 on. The names are
    free.
    """

    def __init__(self, num_classes=1000):
        super().__init__()
        ### BEGIN SOLUTION
        self.layers = nn.Sequential(
            nin_block(3, (96, 96, 96), 11, stride=4),  # (96, 54, 54)
            nn.MaxPool2d(3, stride=2, ceil_mode=True),  # (96, 27, 27)
            nin_block(96, (256, 256, 256), 5, padding=2),
            nn.MaxPool2d(3, stride=2, ceil_mode=True),  # (256, 13, 13)
            nin_block(256, (384, 384, 384), 3, padding=1),
            nn.MaxPool2d(3, stride=2, ceil_mode=True),  # (384, 6, 6)
            nn.Dropout(0.5),
            nin_block(384, (1024, 1024, num_classes), 3, padding=1),  # (num_classes, 6, 6)
            nn.AdaptiveAvgPool2d(1),
            nn.Flatten(),
        )
        ### END SOLUTION

    def forward(self, x):
        """x: (N, 3, H, W). Returns the scores (N, num_classes)."""
        ### BEGIN SOLUTION
        return self.layers(x)
        ### END SOLUTION


# %% role="check" exercise="NiN"
def check_nin():
    pixel = torch.ones(1, 1, 1, 1)
    for values, expected in [((1, 2, 3), 6), ((1, 2, -3), 0), ((-1, -2, 3), 0), ((1, -2, -3), 0)]:
        answer = fill_weights(nin_block(1, (1, 1, 1), 3, padding=1), values)(pixel).item()
        assert answer == expected, f"a pixel of 1 with weights {values}: expected {expected}, got {answer:g}"
    shapes = [tuple(weight.shape) for weight in nin_block(2, (3, 5, 7), 4, stride=3).parameters()][::2]
    wanted = [(3, 2, 4, 4), (5, 3, 1, 1), (7, 5, 1, 1)]
    assert shapes == wanted, f"nin_block(2, (3, 5, 7), 4, stride=3): expected weights {wanted}, got {shapes}"
    with torch.device("meta"):
        model = NiN().eval()
        num_parameters = sum(parameter.numel() for parameter in model.parameters())
        pools = [s.shape for s in tracing.trace(model, (3, 224, 224)) if isinstance(s.module, nn.MaxPool2d)]
        scores = [NiN(7)(torch.zeros(2, 3, side, side)).shape for side in (224, 80)]
    assert num_parameters == 7_595_176, f"expected 7,595,176 parameters, got {num_parameters:,}"
    assert pools == [(96, 27, 27), (256, 13, 13), (384, 6, 6)], f"the pools must round up, their maps are {pools}"
    assert scores == [(2, 7)] * 2, f"2 images of 224x224, of 80x80, 7 classes: expected (2, 7), got {scores}"
    print("NiN: 7,595,176 parameters, an eighth of AlexNet's.")


check_nin()

# %% [markdown]
# ## 7. GoogLeNet (2014): side by side
#
# Which kernel is right, 1x1, 3x3 or 5x5? Christian Szegedy and his colleagues did not choose. An **Inception** block
# runs four branches *side by side* on the same input and lets the next layer pick: their maps are **concatenated** on
# the channel axis. All branches must keep height and width; only the channels add up.
#
# Naively that explodes: a 5x5 from 192 to 32 channels on 28x28 costs 120 million MACs ($32\cdot28^2\cdot192\cdot25$).
# So 1x1 convolutions *reduce* the channels first, here to 16:
#
# $$16\cdot28^2\cdot192 + 32\cdot28^2\cdot16\cdot25 = 2.4\text{ M} + 10.0\text{ M} = 12.4\text{ M}$$
#
# A tenth. That is what keeps the whole network at 7 million parameters and 1.6 billion MACs, a tenth of VGG's.
#
# | block | in | n1 | reduce3 | n3 | reduce5 | n5 | pool | out |
# |---|--:|--:|--:|--:|--:|--:|--:|---|
# | 3a | 192 | 64 | 96 | 128 | 16 | 32 | 32 | 256x28x28 |
# | 3b | 256 | 128 | 128 | 192 | 32 | 96 | 64 | 480x28x28 |
# | *max pool* | | | | | | | | 480x14x14 |
# | 4a | 480 | 192 | 96 | 208 | 16 | 48 | 64 | 512x14x14 |
# | 4b | 512 | 160 | 112 | 224 | 24 | 64 | 64 | 512x14x14 |
# | 4c | 512 | 128 | 128 | 256 | 24 | 64 | 64 | 512x14x14 |
# | 4d | 512 | 112 | 144 | 288 | 32 | 64 | 64 | 528x14x14 |
# | 4e | 528 | 256 | 160 | 320 | 32 | 128 | 128 | 832x14x14 |
# | *max pool* | | | | | | | | 832x7x7 |
# | 5a | 832 | 256 | 160 | 320 | 32 | 128 | 128 | 832x7x7 |
# | 5b | 832 | 384 | 192 | 384 | 48 | 128 | 128 | 1024x7x7 |
#
# **Before them** stands the stem: 7x7 convolution to 64, stride 2, padding 3; max pool; 1x1 convolution to 64; 3x3 to
# 192, padding 1; max pool; that leaves 192x28x28. **Behind them**: mean over each map, flatten, dropout 0.4, fully
# connected to the classes. All convolutions have a bias and a ReLU; the four max pools are 3x3 with stride 2 and round
# up (`ceil_mode=True`). (The paper also normalizes over neighbouring channels in the stem; that has no parameters, VGG
# found it useless, and we leave it out.)
#
# **Auxiliary heads.** Without batch norm the gradient that reached the first blocks was weak. So the paper hung two
# small classifiers on 4a and 4d and added 0.3 times their losses. They are cut off after training, and batch norm made
# them superfluous a year later.
#
# > **Often told wrong.** "The first network with more than a hundred convolutions": count them, there are 57, and 22
# > layers from end to end. "5 million parameters, 12 times fewer than AlexNet": 6,998,552, about 9 times fewer.
# > (PyTorch's version has 6,624,904: it has batch norm instead of biases, and 3x3 where the paper has 5x5.)

# %% [markdown]
# ### Exercise: Inception (12 points)
#
# *40 minutes, medium.* Write the block and the network.
#
# Worked number: one filter everywhere, on an image of one pixel with the value 2. Branch weights 1; then 2 and 3; then
# 1 and -1; then 5. The four maps: $1\cdot2 = 2$; $2\cdot2\cdot3 = 12$; $2\cdot(-1)$, cut off by the ReLU to 0; the
# maximum 2, times 5, is 10. In this order: $(2, 12, 0, 10)$.


# %% role="answer" exercise="Inception"
class Inception(nn.Module):
    """Four branches side by side: (N, in_channels, H, W) to (N, n1 + n3 + n5 + pool, H, W).

    sizes: (n1, reduce3, n3, reduce5, n5, pool), numbers of filters:
    1. 1x1 convolution to n1; 2. 1x1 to reduce3, then 3x3 to n3; 3. 1x1 to reduce5, then 5x5 to n5;
    4. 3x3 max pool with stride 1, then 1x1 to pool. All keep H and W. Every convolution has a bias and a ReLU behind
    it. The branches' maps stand behind one another on the channel axis, in this order.
    Make the layers in the order of the branches, and within a branch from input to output. Their names are free.
    """

    def __init__(self, in_channels, sizes):
        super().__init__()
        ### BEGIN SOLUTION
        n1, reduce3, n3, reduce5, n5, pool = sizes
        self.branch1 = nn.Sequential(
            nn.Conv2d(in_channels, n1, kernel_size=1),
            nn.ReLU(),
        )
        self.branch2 = nn.Sequential(
            nn.Conv2d(in_channels, reduce3, kernel_size=1),
            nn.ReLU(),
            nn.Conv2d(reduce3, n3, kernel_size=3, padding=1),
            nn.ReLU(),
        )
        self.branch3 = nn.Sequential(
            nn.Conv2d(in_channels, reduce5, kernel_size=1),
            nn.ReLU(),
            nn.Conv2d(reduce5, n5, kernel_size=5, padding=2),
            nn.ReLU(),
        )
        self.branch4 = nn.Sequential(
            nn.MaxPool2d(3, stride=1, padding=1),
            nn.Conv2d(in_channels, pool, kernel_size=1),
            nn.ReLU(),
        )
        ### END SOLUTION

    def forward(self, x):
        """x: (N, in_channels, H, W). Returns the maps of the four branches, (N, n1 + n3 + n5 + pool, H, W)."""
        ### BEGIN SOLUTION
        branches = [self.branch1(x), self.branch2(x), self.branch3(x), self.branch4(x)]
        return torch.cat(branches, dim=1)
        ### END SOLUTION


class GoogLeNet(nn.Module):
    """GoogLeNet as in the paper's table 1: images (N, 3, H, W) to scores (N, num_classes).

    6,998,552 parameters for 1000 classes. All convolutions have a bias and a ReLU, there is no normalization. The
    four 3x3 pools with stride 2 round up (ceil_mode=True). Dropout is 0.4. H and W are 224, or any size from 32 on.
    aux: with True there are two more heads, on what leaves 4a and 4d: 5x5 average pool with stride 3, 1x1
    convolution to 128, ReLU, flatten, fully connected to 1024, ReLU, dropout 0.7, to num_classes; 13,378,280
    parameters for 1000 classes; H and W must be 224 then. In training mode forward returns (scores, scores of the head
    on 4a, scores of the head on 4d); in eval mode, or without heads, the scores alone.
    Make the layers in the order of the data, the two heads last. Their names are free.
    """

    def __init__(self, num_classes=1000, aux=False):
        super().__init__()
        ### BEGIN SOLUTION
        self.until_4a = nn.Sequential(
            nn.Conv2d(3, 64, kernel_size=7, stride=2, padding=3),  # (64, 112, 112)
            nn.ReLU(),
            nn.MaxPool2d(3, stride=2, ceil_mode=True),  # (64, 56, 56)
            nn.Conv2d(64, 64, kernel_size=1),
            nn.ReLU(),
            nn.Conv2d(64, 192, kernel_size=3, padding=1),
            nn.ReLU(),
            nn.MaxPool2d(3, stride=2, ceil_mode=True),  # (192, 28, 28)
            Inception(192, (64, 96, 128, 16, 32, 32)),  # 3a
            Inception(256, (128, 128, 192, 32, 96, 64)),  # 3b
            nn.MaxPool2d(3, stride=2, ceil_mode=True),  # (480, 14, 14)
            Inception(480, (192, 96, 208, 16, 48, 64)),  # 4a
        )
        self.until_4d = nn.Sequential(
            Inception(512, (160, 112, 224, 24, 64, 64)),  # 4b
            Inception(512, (128, 128, 256, 24, 64, 64)),  # 4c
            Inception(512, (112, 144, 288, 32, 64, 64)),  # 4d
        )
        self.to_the_end = nn.Sequential(
            Inception(528, (256, 160, 320, 32, 128, 128)),  # 4e
            nn.MaxPool2d(3, stride=2, ceil_mode=True),  # (832, 7, 7)
            Inception(832, (256, 160, 320, 32, 128, 128)),  # 5a
            Inception(832, (384, 192, 384, 48, 128, 128)),  # 5b
            nn.AdaptiveAvgPool2d(1),
            nn.Flatten(),
            nn.Dropout(0.4),
            nn.Linear(1024, num_classes),
        )
        self.heads = nn.ModuleList()
        if aux:
            self.heads.append(self.head(512, num_classes))
            self.heads.append(self.head(528, num_classes))

    def head(self, in_channels, num_classes):
        """A classifier on the way: (N, in_channels, 14, 14) to scores (N, num_classes)."""
        return nn.Sequential(
            nn.AvgPool2d(5, stride=3),  # (in_channels, 4, 4)
            nn.Conv2d(in_channels, 128, kernel_size=1),
            nn.ReLU(),
            nn.Flatten(),
            nn.Linear(128 * 4 * 4, 1024),
            nn.ReLU(),
            nn.Dropout(0.7),
            nn.Linear(1024, num_classes),
        )
        ### END SOLUTION

    def forward(self, x):
        """x: (N, 3, H, W). Returns the scores (N, num_classes); in training mode with aux, three of them."""
        ### BEGIN SOLUTION
        early = self.until_4a(x)
        late = self.until_4d(early)
        scores = self.to_the_end(late)
        if self.training and len(self.heads) > 0:
            return scores, self.heads[0](early), self.heads[1](late)
        return scores
        ### END SOLUTION


# %% role="check" exercise="Inception"
def check_inception():
    block = fill_weights(Inception(1, (1, 1, 1, 1, 1, 1)), [1, 2, 3, 1, -1, 5])
    answer = block(torch.full((1, 1, 1, 1), 2.0)).flatten().tolist()
    assert answer == [2, 12, 0, 10], f"the worked number: expected [2, 12, 0, 10], got {answer}"
    block = fill_weights(Inception(1, (1, 1, 1, 1, 1, 1)), [1] * 6)
    middle = block(torch.ones(1, 1, 7, 9))[0, :, 3, 4].tolist()
    assert middle == [1, 9, 25, 1], f"weights and pixels all 1: in the middle expected [1, 9, 25, 1], got {middle}"
    shape = tuple(Inception(3, (2, 3, 4, 5, 6, 7))(torch.zeros(2, 3, 8, 5)).shape)
    assert shape == (2, 19, 8, 5), f"sizes (2, 3, 4, 5, 6, 7): expected 2 + 4 + 6 + 7 = 19 maps, got {shape}"
    for aux, expected in [(False, 6_998_552), (True, 13_378_280)]:
        with torch.device("meta"):
            model = GoogLeNet(aux=aux)
            training_out = model(torch.zeros(2, 3, 224, 224))
            scores = model.eval()(torch.zeros(2, 3, 224, 224))
        num_parameters = sum(parameter.numel() for parameter in model.parameters())
        assert num_parameters == expected, f"aux={aux}: expected {expected:,} parameters, got {num_parameters:,}"
        assert scores.shape == (2, 1000), f"aux={aux}, eval mode: expected scores (2, 1000), got {tuple(scores.shape)}"
        assert isinstance(training_out, tuple) == aux, f"aux={aux}, training mode: got {type(training_out).__name__}"
    with torch.device("meta"):
        steps = tracing.trace(GoogLeNet(), (3, 224, 224), (Inception,))
    blocks = [step.shape for step in steps if isinstance(step.module, Inception)]
    wanted = [(256, 28), (480, 28), (512, 14), (512, 14), (512, 14), (528, 14), (832, 14), (832, 7), (1024, 7)]
    assert [shape[:2] for shape in blocks] == wanted, f"the blocks' maps (channels, height) are {blocks}"
    print("Inception and GoogLeNet: four branches in order, 6,998,552 parameters.")


check_inception()

# %% [markdown]
# Block 3a, drawn from your module. `&` concatenates; below each box the shape that leaves it.

# %%
plots.block_diagram(Inception(192, (64, 96, 128, 16, 32, 32)), (192, 28, 28))

# %% [markdown]
# *What to see: all four branches keep 28x28; 64 + 128 + 32 + 32 = 256 channels leave. The narrow places are the 1x1
# convolutions to 96 and 16 channels.*

# %%
with torch.device("meta"):
    googlenet = GoogLeNet()
plots.network_strip(googlenet, (3, 224, 224), whole=(Inception,))

# %% [markdown]
# *What to see: the stem shrinks the image to 28x28 at once; nearly all layers work on small maps; no fully connected
# layer but the last.*

# %% [markdown]
# ## 8. Deeper is worse?
#
# By 2015, with batch norm and a good start, networks of twenty layers could be trained. So take more! Kaiming He and
# his colleagues did, and their plain network of 56 layers was worse than the one of 20. Worse on the test set: that
# could be overfitting. But it was worse **on the training set**. Do it yourself, on letters of 32x32 pixels:

# %%
letters = data.glyphs(num_per_class=150, classes="ABCDEFGHKX")
glyphs = transforms.standardize(data.split(letters.images, letters.labels))
few = data.Split(glyphs.train_images[:1000], glyphs.train_labels[:1000], glyphs.test_images, glyphs.test_labels)
first = {name: letters.images[letters.labels == label][0, 0] for label, name in enumerate(letters.class_names)}
plots.image_grid(first, columns=10, tile=1.1)

# %% [markdown]
# *What to see: ten capital letters in many typefaces, turned, sheared, light on dark and dark on light.*
#
# The plain block: two 3x3 convolutions with batch norm and ReLU. A network of depth $4n + 2$ has a small stem, $n$
# blocks at 8x8, a pool, $n$ blocks at 4x4 and a classifier. **Predict** the training loss of 54 layers, compared with
# 6.


# %%
def plain_block(channels):
    layers = []
    for _ in range(2):
        layers += [nn.Conv2d(channels, channels, 3, padding=1, bias=False), nn.BatchNorm2d(channels), nn.ReLU()]
    return nn.Sequential(*layers)


def deep_net(depth, block, width=16):
    stem = [nn.Conv2d(1, width, 3, stride=2, padding=1, bias=False), nn.BatchNorm2d(width), nn.ReLU(), nn.MaxPool2d(2)]
    first, second = ([block(width) for _ in range((depth - 2) // 4)] for _ in range(2))
    head = [nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(width, 10)]
    return nn.Sequential(*stem, *first, nn.MaxPool2d(2), *second, *head)


def training_losses(block, depth):
    net = training.seeded(lambda: deep_net(depth, block), 0)
    return training.train(net, few, 3, batch_size=32, show_progress=False).loss


depths, guessing = [6, 18, 54], ("guessing", math.log(10))
plain = {depth: training_losses(plain_block, depth) for depth in depths}
by_depth = {f"{depth} layers": losses for depth, losses in plain.items()}
plots.lines(by_depth, "epoch", "training loss (nats)", reference=guessing)

# %% [markdown]
# *What to see: 6 and 18 layers begin to learn. 54 layers stay where they started, at the loss of guessing among ten,
# $\ln 10 = 2.30$, and that on the very images that they are trained on.* This is **underfitting**: the network cannot
# even learn the examples that it sees. And yet it could do everything that the shallow one can: let the additional
# layers pass their input on. It *could*; gradient descent does not find it.

# %% [markdown]
# ## 9. ResNet (2015): let the input pass
#
# If it is hard to learn to do nothing, make doing nothing the default. A residual block computes
#
# $$y = \operatorname{relu}\big(F(x) + x\big)$$
#
# The **branch** $F$ is two or three convolutions with batch norm; the **shortcut** carries $x$ past them, untouched.
# With all weights of $F$ at zero the block passes $x$ on (which is not negative, since it comes out of a ReLU). The
# branch only learns what is to be *added*, the residual. And on the way back, $\partial y/\partial x = 1 + F'(x)$
# (where the ReLU is open): a gradient reaches every block without passing through all the others.
#
# **When the shape changes** (the first block of a stage halves the sides and doubles the channels), $x$ cannot be added
# as it is. A **projection** takes the shortcut's place: a 1x1 convolution with the same stride, and a batch norm.
#
# Two kinds of branch:
#
# | | `BasicBlock(in_channels, channels, stride)` | `Bottleneck(in_channels, channels, stride, version)` |
# |---|---|---|
# | 1 | 3x3 to `channels`, batch norm, ReLU | 1x1 to `channels`, batch norm, ReLU |
# | 2 | 3x3 to `channels`, batch norm | 3x3 to `channels`, batch norm, ReLU |
# | 3 | | 1x1 to `4 * channels`, batch norm |
# | stride | in the first 3x3 | `'v1'`: in the first 1x1. `'v1.5'`: in the 3x3 |
# | out | `channels` | `4 * channels` |
#
# **The last ReLU comes after the sum.** No convolution has a bias, since batch norm takes it away again.
#
# Why two versions? A 1x1 convolution with stride 2 looks at one pixel in four and never sees the other three. The paper
# (v1) has it there; others moved the stride to the 3x3 (v1.5), which costs 6 % more arithmetic (3.858 and 4.089 GMAC
# for ResNet-50) and is a little better. Same parameters, same shapes, same state dict, **other values**. Both figures
# are quoted as "ResNet-50".
#
# The networks:
#
# | | output | 18 | 34 | 50 | 101 | 152 |
# |---|---|---|---|---|---|---|
# | block | | Basic | Basic | Bottleneck | Bottleneck | Bottleneck |
# | 7x7 convolution to 64, stride 2, padding 3, batch norm, ReLU | 112x112 | | | | | |
# | 3x3 max pool, stride 2, padding 1 | 56x56 | | | | | |
# | stage 1, 64 channels | 56x56 | 2 | 3 | 3 | 3 | 3 |
# | stage 2, 128 channels | 28x28 | 2 | 4 | 4 | 4 | 8 |
# | stage 3, 256 channels | 14x14 | 2 | 6 | 6 | 23 | 36 |
# | stage 4, 512 channels | 7x7 | 2 | 3 | 3 | 3 | 3 |
# | mean over each map, fully connected | scores | | | | | |
# | parameters (1000 classes) | | 11,689,512 | 21,797,672 | 25,557,032 | 44,549,160 | 60,192,808 |
#
# The numbers are blocks. The first block of stages 2, 3 and 4 has stride 2; all others stride 1. A Bottleneck with
# `channels` 64 gives 256 maps, so in a Bottleneck network already the first block of stage 1 needs a projection (from
# 64 to 256), with stride 1.
#
# > **Often done wrong.** A projection without its batch norm: the lecture notes' own code has that. A ReLU at the end
# > of the branch as well, *before* the sum: then the branch can only add, never take away, and the signal grows. A
# > projection decided by the stride alone: see stage 1 of ResNet-50.
#
# ### Other people's weights
#
# A `state_dict` is a dict from names to tensors. Files that others have published use *their* names. For ResNets they
# are those of torchvision:
#
#     conv1.weight   bn1.weight   bn1.bias   bn1.running_mean   bn1.running_var   bn1.num_batches_tracked
#     layer1.0.conv1.weight   layer1.0.bn1.(...)   layer1.0.conv2.weight   layer1.0.bn2.(...)   [conv3, bn3]
#     layer2.0.downsample.0.weight   layer2.0.downsample.1.(...)
#     fc.weight   fc.bias
#
# `layer2.0` is block 0 of stage 2; `downsample.0` and `.1` are the projection's convolution and batch norm, behind the
# layers of the branch. `published.resnet_entries(18)` lists them all, in order. Your names are your own; a **key map**
# says what is called what, and then
#
#     model.load_state_dict({key_map[name]: tensor for name, tensor in published_state.items()})

# %% [markdown]
# ### Exercise: BasicBlock (18 points)
#
# *70 minutes, hard.* Write the two blocks, the network and its key map.
#
# Worked number for `BasicBlock(1, 2)`, as it starts but with the weights 2, -1 and 5 (the projection, since 1 is not 2
# channels) and in eval mode, where a fresh batch norm does nothing. On one pixel of value 3: the branch gives $3\cdot2
# = 6$, ReLU, and then, over both channels, $-(6+6) = -12$; the shortcut gives 15; $\operatorname{relu}(-12+15) = 3$ in
# both channels. With a ReLU before the sum it would be 15.
#
# Worked number for the stride: `Bottleneck(1, 1, 2)` with all weights 1 and the shortcut's weight 0, on the image
# $\begin{pmatrix}1&2\\3&4\end{pmatrix}$. v1: the 1x1 with stride 2 sees the 1 alone; out comes 1. v1.5: the 3x3 sees
# all four; out comes 10.
#
# <details><summary>Hint 1: the order of things</summary>
#
# First `BasicBlock`, until the first half of the check is content. Then `Bottleneck`. In `ResNet`, keep a variable
# `in_channels` that you carry from block to block.
# </details>
#
# <details><summary>Hint 2: the key map</summary>
#
# Print `list(ResNet(18).state_dict())` beside `published.resnet_entries(18)`. If your layers were made in the same
# order, the two lists go together one by one; or you translate name by name with `str.replace`. Either is fine. With
# `torch.device("meta")` a ResNet-152 costs nothing.
# </details>


# %% role="answer" exercise="BasicBlock"
class BasicBlock(nn.Module):
    """relu(branch(x) + shortcut(x)): (N, in_channels, H, W) to (N, channels, ceil(H / stride), ceil(W / stride)).

    branch: 3x3 convolution with the stride, batch norm, ReLU, 3x3 convolution, batch norm.
    shortcut: x itself where stride is 1 and in_channels == channels; otherwise a 1x1 convolution with the stride and a
    batch norm. No convolution has a bias. Make the layers of the branch first, in their order, then the shortcut's.
    Their names are free.
    """

    def __init__(self, in_channels, channels, stride=1):
        super().__init__()
        ### BEGIN SOLUTION
        self.branch = nn.Sequential(
            nn.Conv2d(in_channels, channels, kernel_size=3, stride=stride, padding=1, bias=False),
            nn.BatchNorm2d(channels),
            nn.ReLU(),
            nn.Conv2d(channels, channels, kernel_size=3, padding=1, bias=False),
            nn.BatchNorm2d(channels),
        )
        self.shortcut = nn.Sequential()
        if stride != 1 or in_channels != channels:
            self.shortcut = nn.Sequential(
                nn.Conv2d(in_channels, channels, kernel_size=1, stride=stride, bias=False),
                nn.BatchNorm2d(channels),
            )
        ### END SOLUTION

    def forward(self, x):
        """x: (N, in_channels, H, W)."""
        ### BEGIN SOLUTION
        return F.relu(self.branch(x) + self.shortcut(x))
        ### END SOLUTION


class Bottleneck(nn.Module):
    """relu(branch(x) + shortcut(x)): (N, in_channels, H, W) to (N, 4 * channels, ceil(H / stride), ceil(W / stride)).

    branch: 1x1 convolution to `channels`, 3x3 to `channels`, 1x1 to 4 * channels; a batch norm behind each, a ReLU
    behind the first two. version: 'v1' has the stride in the first 1x1, 'v1.5' in the 3x3; another raises ValueError.
    shortcut: x itself where stride is 1 and in_channels == 4 * channels; otherwise a 1x1 convolution with the stride
    and a batch norm. No convolution has a bias. Order and names: as for BasicBlock.
    """

    def __init__(self, in_channels, channels, stride=1, version="v1.5"):
        super().__init__()
        ### BEGIN SOLUTION
        if version not in ("v1", "v1.5"):
            raise ValueError(f"Bottleneck: version must be 'v1' or 'v1.5', got {version!r}")
        stride_1x1, stride_3x3 = (stride, 1) if version == "v1" else (1, stride)
        out_channels = 4 * channels
        self.branch = nn.Sequential(
            nn.Conv2d(in_channels, channels, kernel_size=1, stride=stride_1x1, bias=False),
            nn.BatchNorm2d(channels),
            nn.ReLU(),
            nn.Conv2d(channels, channels, kernel_size=3, stride=stride_3x3, padding=1, bias=False),
            nn.BatchNorm2d(channels),
            nn.ReLU(),
            nn.Conv2d(channels, out_channels, kernel_size=1, bias=False),
            nn.BatchNorm2d(out_channels),
        )
        self.shortcut = nn.Sequential()
        if stride != 1 or in_channels != out_channels:
            self.shortcut = nn.Sequential(
                nn.Conv2d(in_channels, out_channels, kernel_size=1, stride=stride, bias=False),
                nn.BatchNorm2d(out_channels),
            )
        ### END SOLUTION

    def forward(self, x):
        """x: (N, in_channels, H, W)."""
        ### BEGIN SOLUTION
        return F.relu(self.branch(x) + self.shortcut(x))
        ### END SOLUTION


class ResNet(nn.Module):
    """ResNet: images (N, 3, H, W) to scores (N, num_classes); H and W are 224, or any size.

    kind: 18, 34 (BasicBlock), 50, 101 or 152 (Bottleneck); version: 'v1' or 'v1.5', for the Bottlenecks; another kind
    or version raises ValueError. Stem, stages, mean over the map and fully connected layer: as in the table.
    Make the layers in the order of the data. Their names are free: resnet_key_map says what they are called.
    """

    def __init__(self, kind, num_classes=1000, version="v1.5"):
        super().__init__()
        ### BEGIN SOLUTION
        depths = {18: (2, 2, 2, 2), 34: (3, 4, 6, 3), 50: (3, 4, 6, 3), 101: (3, 4, 23, 3), 152: (3, 8, 36, 3)}
        if kind not in depths or version not in ("v1", "v1.5"):
            raise ValueError(f"ResNet: no kind {kind!r} in version {version!r}")
        self.stem = nn.Sequential(
            nn.Conv2d(3, 64, kernel_size=7, stride=2, padding=3, bias=False),  # (64, 112, 112)
            nn.BatchNorm2d(64),
            nn.ReLU(),
            nn.MaxPool2d(3, stride=2, padding=1),  # (64, 56, 56)
        )
        stages = []
        in_channels = 64
        for stage, num_blocks in enumerate(depths[kind]):
            channels = 64 * 2**stage
            blocks = []
            for index in range(num_blocks):
                stride = 2 if stage > 0 and index == 0 else 1
                if kind in (18, 34):
                    blocks.append(BasicBlock(in_channels, channels, stride))
                    in_channels = channels
                else:
                    blocks.append(Bottleneck(in_channels, channels, stride, version))
                    in_channels = 4 * channels
            stages.append(nn.Sequential(*blocks))
        self.stages = nn.Sequential(*stages)
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.head = nn.Linear(in_channels, num_classes)
        ### END SOLUTION

    def forward(self, x):
        """x: (N, 3, H, W). Returns the scores (N, num_classes)."""
        ### BEGIN SOLUTION
        maps = self.stages(self.stem(x))
        features = self.pool(maps).flatten(1)
        return self.head(features)
        ### END SOLUTION


def resnet_key_map(kind):
    """A dict from every published name to yours: from the state dict of torchvision's ResNet to that of ResNet(kind).

    The keys are the published names, as the text above says how they are formed, running statistics and
    num_batches_tracked included; the values the names in your ResNet(kind).state_dict(), each of them once.
    """
    ### BEGIN SOLUTION
    renamed = [("stem.0.", "conv1."), ("stem.1.", "bn1."), ("head.", "fc."), ("shortcut.", "downsample.")]
    renamed += [(f"stages.{stage}.", f"layer{stage + 1}.") for stage in range(4)]
    renamed += [(f"branch.{3 * index}.", f"conv{index + 1}.") for index in range(3)]
    renamed += [(f"branch.{3 * index + 1}.", f"bn{index + 1}.") for index in range(3)]
    with torch.device("meta"):  # the names are wanted, not the numbers
        own_names = list(ResNet(kind).state_dict())
    key_map = {}
    for own in own_names:
        published = own
        for mine, theirs in renamed:
            published = published.replace(mine, theirs)
        key_map[published] = own
    return key_map
    ### END SOLUTION


# %% role="check" exercise="BasicBlock"
def check_blocks():
    pixel = torch.full((1, 1, 1, 1), 3.0)
    answer = fill_weights(BasicBlock(1, 2), [2, -1, 5])(pixel).flatten()
    torch.testing.assert_close(answer, torch.tensor([3.0, 3.0]), rtol=1e-3, atol=0, msg=f"worked number: got {answer}")
    for value in (3.0, -3.0):
        answer = fill_weights(BasicBlock(1, 1), [0, 0])(torch.full((1, 1, 1, 1), value)).item()
        assert answer == max(value, 0), f"all weights 0, a pixel of {value:g}: expected relu({value:g}), got {answer:g}"
    image = torch.tensor([[[[1.0, 2.0], [3.0, 4.0]]]])
    for version, expected in [("v1", 1), ("v1.5", 10)]:
        answer = fill_weights(Bottleneck(1, 1, 2, version), [1, 1, 1, 0])(image).flatten().tolist()
        assert np.allclose(answer, expected, rtol=1e-3), f"{version}, all weights 1: expected {expected}, got {answer}"
    x = torch.randn(2, 8, 7, 9)
    shapes = {tuple(block(x).shape) for block in (BasicBlock(8, 12, 2), Bottleneck(8, 3, 2), Bottleneck(8, 3, 2, "v1"))}
    assert shapes == {(2, 12, 4, 5)}, f"8x7x9 with stride 2: expected (2, 12, 4, 5), got {shapes}"
    counts = [
        sum(p.numel() for p in block.parameters()) for block in (BasicBlock(8, 8), Bottleneck(8, 2), Bottleneck(8, 3))
    ]
    assert counts == [1184, 92, 297], f"parameters without, without and with projection: [1184, 92, 297], got {counts}"
    print("BasicBlock and Bottleneck: right by value.")


check_blocks()


def check_resnet():
    published_sizes = {18: 11_689_512, 34: 21_797_672, 50: 25_557_032, 101: 44_549_160, 152: 60_192_808}
    for kind, expected in published_sizes.items():
        with torch.device("meta"):
            model = ResNet(kind)
            scores = tuple(model.eval()(torch.zeros(2, 3, 224, 224)).shape)
        num_parameters = sum(parameter.numel() for parameter in model.parameters())
        assert num_parameters == expected, f"ResNet-{kind}: expected {expected:,} parameters, got {num_parameters:,}"
        assert scores == (2, 1000), f"ResNet-{kind}, 2 images: expected (2, 1000), got {scores}"
        key_map, own = resnet_key_map(kind), model.state_dict()
        missing = [name for name in published.resnet_entries(kind) if name not in key_map]
        assert not missing, f"ResNet-{kind}: the key map lacks {len(missing)} published names, first {missing[0]}"
        assert sorted(key_map.values()) == sorted(own), f"ResNet-{kind}: your names must all be there, each once"
        size = own[key_map["layer4.1.bn2.running_var"]].shape
        assert size == (512,), f"layer4.1.bn2.running_var has shape (512,), yours {tuple(size)}"
    for wrong in [(20, "v1.5"), (50, "v2")]:
        try:
            ResNet(wrong[0], version=wrong[1])
        except ValueError:
            continue
        raise AssertionError(f"kind and version {wrong}: expected a ValueError")
    print("ResNet: 18 to 152 to the last parameter, and a name for each published one.")


check_resnet()

# %% [markdown]
# Two blocks, drawn from your modules: a `BasicBlock` that keeps the shape, and a `Bottleneck` that begins a stage.

# %%
plots.block_diagram(BasicBlock(64, 64), (64, 56, 56))

# %%
plots.block_diagram(Bottleneck(256, 128, stride=2), (256, 56, 56))

# %% [markdown]
# *What to see: the shortcut of the first passes everything by. In the second the shape changes, so a projection stands
# in the shortcut; and the stride is in the 3x3.*

# %%
with torch.device("meta"):
    resnet50 = ResNet(50)
plots.network_strip(resnet50, (3, 224, 224), whole=(Bottleneck,))

# %% [markdown]
# *What to see: VGG's staircase again, half the side and twice the channels, in 16 blocks; GoogLeNet's stem in front,
# its average pool behind.*
#
# ### Experiment: plain against residual
#
# The same depths, the same data, the same seeds as in section 8. One thing is new: the shortcuts. Both networks of a
# depth have *exactly* the same parameters and MACs. **Predict** where the two curves meet.


# %%
def residual_block(channels):
    return BasicBlock(channels, channels)


residual = {depth: training_losses(residual_block, depth) for depth in depths}
final = {"plain": plain, "residual": residual}
final = {name: (depths, [losses[depth][-1] for depth in depths]) for name, losses in final.items()}
plots.curves({"training loss after 3 epochs (nats)": final}, "layers", reference=guessing, ticks=depths)

# %% [markdown]
# *What to see: with 6 layers shortcuts hardly matter. With 18 the residual network is far below the plain one. With 54
# the plain one has learned nothing; the residual one learns, though it is a little behind that of 18 after so short a
# time.* One addition per block, no parameter.
#
# > **Often told wrong.** "In a deep plain network the gradient vanishes, and shortcuts cure that." These plain networks
# > have batch norm. Measure before you believe.
#
# Two measurements at the start, before any training: how long the gradient of the *first* convolution's weights is; and
# whether the gradient *means* anything. For that, add a little noise to the images and compare the gradient with
# respect to the images before and after, by the cosine of the angle between them. At 1 they agree. At 0 they have
# nothing to do with each other, and a step along the one does nothing for the other.

# %%
images, labels = torch.tensor(few.train_images[:64]), torch.tensor(few.train_labels[:64])
noisy = images + 0.1 * torch.randn(images.shape, generator=torch.Generator().manual_seed(0))


def gradient_at(net, x):
    x = x.clone().requires_grad_()
    F.cross_entropy(net(x), labels).backward()
    return x.grad.flatten(1)


def agreement(name, block, depth):
    net = training.seeded(lambda: deep_net(depth, block), 0)
    gradient = gradient_at(net, images)
    print(f"{name}, {depth} layers: gradient of the first layer's weights: {net[0].weight.grad.norm():.2f}")
    return F.cosine_similarity(gradient, gradient_at(net, noisy)).mean().item()


blocks = {"plain": plain_block, "residual": residual_block}
agreed = {name: (depths, [agreement(name, block, depth) for depth in depths]) for name, block in blocks.items()}
plots.curves({"agreement of gradients (cosine)": agreed}, "layers", ticks=depths)

# %% [markdown]
# *What to see: in the plain network the gradient does not vanish, it grows, a thousandfold and more from 6 to 54
# layers. But it means nothing: with 54 layers an image and nearly the same image ask for directions that have nothing
# in common. With shortcuts the lengths stay between 0.7 and 3, and the directions agree, less with depth, but they do.*
# David Balduzzi and his colleagues (2017) called it the *shattered gradients* problem.

# %% [markdown]
# ## 10. DenseNet (2017): keep everything
#
# A shortcut *adds* the old to the new, and what is added cannot be taken apart again. Gao Huang and his colleagues
# **concatenate** instead: every layer of a dense block sees the maps of *all* layers before it, and contributes a few
# of its own, `growth` many:
#
# $$x_\ell = H_\ell\big([x_0, x_1, \dots, x_{\ell-1}]\big), \qquad
#   \text{channels before layer } \ell:\; C_0 + (\ell-1)\cdot\text{growth}$$
#
# Each layer may be narrow (32 maps), since it does not have to carry on what is there already. $H$ is batch norm, ReLU,
# 1x1 convolution to $4\cdot\text{growth}$ (the bottleneck, since the input gets wide), batch norm, ReLU, 3x3
# convolution to `growth`. Note the order: normalization comes *before* the convolution.
#
# Between two blocks a **transition** halves the channels (1x1 convolution) and the sides (average pool).
#
# | part | output, for 3x224x224 |
# |---|---|
# | 7x7 convolution to 64, stride 2, padding 3, no bias; batch norm, ReLU | 64x112x112 |
# | 3x3 max pool, stride 2, padding 1 | 64x56x56 |
# | dense block, 6 layers | 256x56x56 |
# | transition | 128x28x28 |
# | dense block, 12 layers | 512x28x28 |
# | transition | 256x14x14 |
# | dense block, 24 layers | 1024x14x14 |
# | transition | 512x7x7 |
# | dense block, 16 layers | 1024x7x7 |
# | batch norm, ReLU, mean over each map, fully connected | scores |
#
# $1 + 2\,(6+12+24+16) + 3 + 1 = 121$ layers with weights.

# %% [markdown]
# ### Exercise: DenseBlock (8 points)
#
# *25 minutes, medium.* Write `DenseBlock`, `Transition` and `DenseNet121`.
#
# Worked number: `DenseBlock(2, 1, 1)` with the weights 1, 1/4, 1, 1/4, on one pixel of value 2, in eval mode. Layer 1:
# four maps of 2, their sum times 1/4 is 2. Layer 2 sees $(2, 2)$: four maps of 4, and 4 comes out. The block gives $(2,
# 2, 4)$. Growth is counted from the *input* of the block: 64 channels, 6 layers of 32 give $64 + 6\cdot32 = 256$.


# %% role="answer" exercise="DenseBlock"
class DenseBlock(nn.Module):
    """(N, in_channels, H, W) to (N, in_channels + num_layers * growth, H, W): the input, then the maps of each layer.

    A layer takes everything before it (the input and the maps of all earlier layers) to `growth` new maps:
    batch norm, ReLU, 1x1 convolution to 4 * growth, batch norm, ReLU, 3x3 convolution with padding 1 to growth.
    No convolution has a bias. New maps stand behind the old ones on the channel axis.
    Make the layers in the order of the data. Their names are free.
    """

    def __init__(self, num_layers, in_channels, growth):
        super().__init__()
        ### BEGIN SOLUTION
        layers = []
        for index in range(num_layers):
            channels = in_channels + index * growth
            layers.append(
                nn.Sequential(
                    nn.BatchNorm2d(channels),
                    nn.ReLU(),
                    nn.Conv2d(channels, 4 * growth, kernel_size=1, bias=False),
                    nn.BatchNorm2d(4 * growth),
                    nn.ReLU(),
                    nn.Conv2d(4 * growth, growth, kernel_size=3, padding=1, bias=False),
                )
            )
        self.layers = nn.ModuleList(layers)
        ### END SOLUTION

    def forward(self, x):
        """x: (N, in_channels, H, W)."""
        ### BEGIN SOLUTION
        for layer in self.layers:
            new_maps = layer(x)
            x = torch.cat([x, new_maps], dim=1)
        return x
        ### END SOLUTION


class Transition(nn.Module):
    """(N, in_channels, H, W) to (N, out_channels, H // 2, W // 2).

    Batch norm, ReLU, 1x1 convolution without bias, 2x2 average pool with stride 2. The names are free.
    """

    def __init__(self, in_channels, out_channels):
        super().__init__()
        ### BEGIN SOLUTION
        self.layers = nn.Sequential(
            nn.BatchNorm2d(in_channels),
            nn.ReLU(),
            nn.Conv2d(in_channels, out_channels, kernel_size=1, bias=False),
            nn.AvgPool2d(2, stride=2),
        )
        ### END SOLUTION

    def forward(self, x):
        """x: (N, in_channels, H, W)."""
        ### BEGIN SOLUTION
        return self.layers(x)
        ### END SOLUTION


class DenseNet121(nn.Module):
    """DenseNet-121: images (N, 3, H, W) to scores (N, num_classes). 7,978,856 parameters for 1000 classes.

    Stem, dense blocks with growth 32, transitions that halve the number of maps, and what follows: as in the table.
    H and W are 224, or any size from 32 on. Make the layers in the order of the data. Their names are free.
    """

    def __init__(self, num_classes=1000):
        super().__init__()
        ### BEGIN SOLUTION
        growth, channels = 32, 64
        layers = [
            nn.Conv2d(3, channels, kernel_size=7, stride=2, padding=3, bias=False),  # (64, 112, 112)
            nn.BatchNorm2d(channels),
            nn.ReLU(),
            nn.MaxPool2d(3, stride=2, padding=1),  # (64, 56, 56)
        ]
        for num_layers in (6, 12, 24):
            layers.append(DenseBlock(num_layers, channels, growth))
            channels = channels + num_layers * growth
            layers.append(Transition(channels, channels // 2))
            channels = channels // 2
        layers.append(DenseBlock(16, channels, growth))  # (1024, 7, 7)
        channels = channels + 16 * growth
        layers += [nn.BatchNorm2d(channels), nn.ReLU()]
        self.features = nn.Sequential(*layers)
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.head = nn.Linear(channels, num_classes)
        ### END SOLUTION

    def forward(self, x):
        """x: (N, 3, H, W). Returns the scores (N, num_classes)."""
        ### BEGIN SOLUTION
        features = self.pool(self.features(x)).flatten(1)
        return self.head(features)
        ### END SOLUTION


# %% role="check" exercise="DenseBlock"
def check_densenet():
    block = fill_weights(DenseBlock(2, 1, 1), [1, 1 / 4, 1, 1 / 4])
    answer = block(torch.full((1, 1, 1, 1), 2.0)).flatten().tolist()
    assert np.allclose(answer, [2, 2, 4], rtol=1e-3), f"the worked number: expected [2, 2, 4], got {answer}"
    shapes = [tuple(parameter.shape) for parameter in DenseBlock(2, 3, 5).parameters() if parameter.ndim > 1]
    wanted = [(20, 3, 1, 1), (5, 20, 3, 3), (20, 8, 1, 1), (5, 20, 3, 3)]
    assert shapes == wanted, f"DenseBlock(2, 3, 5): expected weights {wanted}, got {shapes}"
    image = torch.tensor([[[[1.0, 2.0], [3.0, -6.0]]]])
    answer = fill_weights(Transition(1, 1), [1])(image).item()
    assert abs(answer - 1.5) < 1e-3, f"transition of 1, 2, 3, -6: expected (1 + 2 + 3 + 0) / 4 = 1.5, got {answer:.3f}"
    with torch.device("meta"):
        model = DenseNet121().eval()
        num_parameters = sum(parameter.numel() for parameter in model.parameters())
        maps = [s.shape for s in tracing.trace(model, (3, 224, 224), (DenseBlock, Transition))]
        scores = tuple(DenseNet121(7)(torch.zeros(2, 3, 64, 96)).shape)
    assert num_parameters == 7_978_856, f"expected 7,978,856 parameters, got {num_parameters:,}"
    sizes = {256: 56, 128: 28, 512: 28, 1024: 14}
    for channels, side in [*sizes.items(), (256, 14), (512, 7), (1024, 7)]:
        assert (channels, side, side) in maps, f"no map of {channels}x{side}x{side} on the way, only {maps}"
    assert scores == (2, 7), f"2 images of 64x96, 7 classes: expected (2, 7), got {scores}"
    print("DenseNet-121: 7,978,856 parameters.")


check_densenet()

# %%
plots.block_diagram(DenseBlock(3, 64, 32), (64, 56, 56), chains=True)

# %% [markdown]
# *What to see: each layer gives 32 maps; the circles put them behind all that came before: 96, 128, 160 channels.*

# %%
with torch.device("meta"):
    densenet = DenseNet121()
plots.network_strip(densenet, (3, 224, 224), whole=(DenseBlock, Transition))

# %% [markdown]
# *What to see: blocks make the maps thicker, transitions make them thinner and smaller.*

# %% [markdown]
# ## 11. Ten networks, one picture
#
# You have built ten famous networks. Their accuracies on ImageNet are known; their costs you count yourself.
# **Predict** which of parameters and MACs tells more about the accuracy.

# %%
with torch.device("meta"):
    famous = {"AlexNet": alexnet, "VGG-11": VGG(((1, 64), (1, 128), (2, 256), (2, 512), (2, 512))), "VGG-16": vgg16}
    famous |= {"GoogLeNet": googlenet, "DenseNet-121": densenet}
    famous |= {f"ResNet-{kind}": ResNet(kind) for kind in (18, 34, 50, 101, 152)}
image = (3, 224, 224)
costs = {name: (count_parameters(net) / 1e6, count_macs(net, image) / 1e9) for name, net in famous.items()}
points = {name: (costs[name], accuracy) for name, accuracy in published.IMAGENET_ACCURACY.items()}
plots.cost_scatter(points, ["parameters (millions)", "GMACs for one image"], "right first guess on ImageNet (%)")

# %% [markdown]
# *What to see: parameters tell next to nothing: VGG-16 has 17 times as many as DenseNet-121 and is less accurate. MACs
# tell more. Within one family more arithmetic buys accuracy (the ResNets from 18 to 152), ever less of it; from one
# family to the next it is the idea that counts: ResNet-50 beats VGG-16 by 5 points at a quarter of the arithmetic.*
# (GoogLeNet's accuracy is that of PyTorch's version, with batch norm.)
#
# ### Experiment: small forms on letters
#
# Now six small networks of your own blocks, on the letters of section 8: the same 1,200 images for all, three epochs
# and one more at a tenth of the rate, two seeds each. All weights start as Kaiming says, since the first four were made
# without batch norm; those that have none anywhere get a smaller rate, since they need one.


# %%
def stem(channels):
    return nn.Sequential(nn.Conv2d(1, channels, 3, 2, padding=1, bias=False), nn.BatchNorm2d(channels), nn.ReLU())


def head(channels):
    return nn.Sequential(nn.AdaptiveAvgPool2d(2), nn.Flatten(), nn.Linear(4 * channels, 10))


three_pools = "INPUT -> [CONV -> RELU -> POOL]*3 -> [FC -> RELU] -> FC"
small = {
    "LeNet's pattern": lambda: pattern(three_pools, input=(1, 32, 32), conv=[8, 16, 32], fc=[64, 10]),
    "VGG": lambda: nn.Sequential(
        vgg_block(1, 1, 8), vgg_block(2, 8, 16), vgg_block(2, 16, 32), nn.Flatten(), nn.Linear(512, 10),
    ),
    "NiN": lambda: nn.Sequential(
        nin_block(1, (16, 16, 16), 5, 2, 2), nn.MaxPool2d(2), nin_block(16, (32, 32, 32), 3, 1, 1), nn.MaxPool2d(2),
        nin_block(32, (64, 64, 64), 3, 1, 1), head(64),
    ),
    "GoogLeNet": lambda: nn.Sequential(
        stem(16), nn.MaxPool2d(2), Inception(16, (8, 8, 12, 4, 6, 6)), nn.MaxPool2d(2),
        Inception(32, (16, 16, 32, 4, 8, 8)), head(64),
    ),
    "ResNet": lambda: nn.Sequential(stem(16), BasicBlock(16, 32, 2), BasicBlock(32, 64, 2), head(64)),
    "DenseNet": lambda: nn.Sequential(
        stem(16), nn.MaxPool2d(2), DenseBlock(3, 16, 12), Transition(52, 26), DenseBlock(2, 26, 12),
        nn.BatchNorm2d(50), nn.ReLU(), head(50),
    ),
}  # fmt: skip


# %%
def percent_right(build, seed):
    net = training.seeded(build, seed)
    for module in net.modules():
        if isinstance(module, nn.Conv2d):
            nn.init.kaiming_normal_(module.weight, nonlinearity="relu", generator=torch.Generator().manual_seed(seed))
    rate = 5e-3 if any(isinstance(module, nn.BatchNorm2d) for module in net.modules()) else 3e-3
    training.train(net, glyphs, 3, seed, rate, batch_size=32, show_progress=False)
    return 100 * training.train(net, glyphs, 1, seed, rate / 10, batch_size=32, show_progress=False).accuracy[-1]


points = {}
for name, build in small.items():
    net = build()
    points[name] = (
        (count_parameters(net), count_macs(net, (1, 32, 32))),
        [percent_right(build, seed) for seed in (0, 1)],
    )
plots.cost_scatter(points, ["parameters", "MACs for one image"], "right on held-out letters (%)")

# %% [markdown]
# *What to see: DenseNet and ResNet lead. VGG costs as much arithmetic as ResNet and depends on the seed; NiN has as
# many parameters as DenseNet and 20 points less; GoogLeNet is the cheapest and the last.* Read it with care: with two
# seeds a difference of a few points means nothing, and after four epochs the picture shows who learns *fast* as much as
# who could become best. The two on top have batch norm in every layer, and let their input pass.

# %% [markdown]
# ## 12. What a unit really sees
#
# The receptive field of `convolution` says which pixels *can* reach a unit: for $L$ layers of 3x3, $1 + 2L$. It does
# not say how much they matter. Measure it: the gradient of the unit in the middle of the last map with respect to every
# pixel, averaged over random images. What is far from the middle reaches it along few paths, what is near along many;
# the number of paths is a binomial bell, and its width grows like $\sqrt L$, not like $L$ (Luo and others, 2016).


# %%
def gradient_map(layers, images):
    images = images.clone().requires_grad_()
    maps = layers.eval()(images)
    maps[:, :, maps.shape[2] // 2, maps.shape[3] // 2].sum().backward()
    return images.grad.abs().mean((0, 1)).numpy()


def convolutions(num_layers, channels=8, **options):
    layers = [nn.Conv2d(1 if i == 0 else channels, channels, 3, padding="same", **options) for i in range(num_layers)]
    return nn.Sequential(*(part for layer in layers for part in (layer, nn.ReLU())))


torch.manual_seed(0)
noise = torch.randn(10, 1, 65, 65)
blocks = [BasicBlock(8, 8) for _ in range(9)]
residual_net = nn.Sequential(nn.Conv2d(1, 8, 3, padding=1), *blocks, nn.Conv2d(8, 8, 3, padding=1))
nets = {"5 layers": (convolutions(5), [(3, 1, 1)] * 5), "20 layers": (convolutions(20), [(3, 1, 1)] * 20)}
nets["20 layers, residual"] = residual_net, [(3, 1, 1)] * 20
nets["5 layers, dilation 4"] = convolutions(5, dilation=4), [(3, 1, 4)] * 5
maps = {name: (gradient_map(net, noise), receptive_field(layers)) for name, (net, layers) in nets.items()}
plots.receptive_maps(maps)

# %% [markdown]
# *What to see: five layers use nearly all of their field. Twenty have a field of 41x41 and live on the middle, about
# 20x20; the rest is a faint rim. The residual network of the same depth, at its random start, sees hardly more than
# what a few layers see: most of its gradient comes along the shortcuts. Dilation spreads the pixels of five layers over
# 41x41 without making them more (the dashed square shows how many they are, not where).*
#
# > **Often told wrong.** "A unit sees its receptive field." Most of the field is a faint rim. And "the receptive field
# > depends on the kernel size": on stride and dilation as well, as the last picture shows.

# %% [markdown]
# ## 13. Numbers that cannot be right
#
# You have met several by now. Here is what most of them have in common: they contradict the arithmetic of their *own*
# table. So a program can find them.

# %% [markdown]
# ### Exercise: find_the_wrong_number (4 points)
#
# *20 minutes, easy.* A table is a list of rows; the docstring says what is in them. In each there is exactly one figure
# that cannot be right: return its layer and which of "outputs", "params" and "macs" it is.
#
# Worked number: a convolution with 128 filters of 3x3 on 128x112x112 has $128\cdot128\cdot9 + 128 = 147{,}584$
# parameters. A table that says 3,456 ($= 128\cdot27$) has taken the image's 3 channels for the map's 128.
#
# <details><summary>Hint</summary>
#
# Do not compare the total with the sum of the *published* figures, but with the sum of the right ones.
# </details>


# %% role="answer" exercise="find_the_wrong_number"
def find_the_wrong_number(table):
    """The one figure in a published table that cannot be right. Returns (layer, figure), two strings.

    table: a list of rows, one dict for each layer, in order. Every row has "layer" (its name, unlike all others) and
    "kind". What the layer is stands in
    - kind "conv": "input" (C, H, W), "filters", "kernel", "stride", "pad", "groups"; square kernels, with a bias;
    - kind "pool": "input" (C, H, W), "kernel", "stride", "pad"; sizes round down;
    - kind "fc": "input" (C, H, W), flattened, and "filters", the number of outputs; with a bias;
    - kind "total": nothing; its figures are the sums of what the rows above it should have.
    What was published about it stands in "outputs" (numbers that leave the layer for one image), "params" (weights and
    biases) and "macs" (multiply-accumulates, without biases); a figure that was not published is missing.
    Published figures are rounded: within 1 % of the truth (or 0 where the truth is 0) is right. Exactly one is not.
    """
    ### BEGIN SOLUTION
    total = {"outputs": 0, "params": 0, "macs": 0}
    for row in table:
        if row["kind"] == "total":
            truth = dict(total)
        else:
            channels, height, width = row["input"]
            if row["kind"] == "fc":
                weights = row["filters"] * channels * height * width
                truth = {"outputs": row["filters"], "params": weights + row["filters"], "macs": weights}
            else:
                h_out = (height + 2 * row["pad"] - row["kernel"]) // row["stride"] + 1
                w_out = (width + 2 * row["pad"] - row["kernel"]) // row["stride"] + 1
                truth = {"outputs": channels * h_out * w_out, "params": 0, "macs": 0}
            if row["kind"] == "conv":
                weights = row["filters"] * channels // row["groups"] * row["kernel"] ** 2
                truth = {
                    "outputs": row["filters"] * h_out * w_out,
                    "params": weights + row["filters"],
                    "macs": weights * h_out * w_out,
                }
            total = {figure: total[figure] + truth[figure] for figure in total}
        for figure, value in truth.items():
            if figure in row and abs(row[figure] - value) > 0.01 * value:
                return row["layer"], figure
    raise ValueError("find_the_wrong_number: every figure of the table can be right")
    ### END SOLUTION


# %% role="check" exercise="find_the_wrong_number"
def check_find_the_wrong_number():
    conv = {"layer": "a", "kind": "conv", "input": (4, 9, 7), "filters": 6, "kernel": 3, "stride": 2, "pad": 1}
    conv |= {"groups": 2, "outputs": 6 * 5 * 4, "params": 6 * 18 + 6, "macs": 120 * 18}
    pool = {"layer": "b", "kind": "pool", "input": (6, 5, 4), "kernel": 2, "stride": 2, "pad": 0}
    pool |= {"outputs": 24, "params": 0, "macs": 0}
    fc = {"layer": "c", "kind": "fc", "input": (6, 2, 2), "filters": 10, "outputs": 10, "params": 250, "macs": 240}
    total = {"layer": "total", "kind": "total", "outputs": 154, "params": 364, "macs": 2400}
    wrongs = [("a", "params", 222), ("a", "macs", 4320), ("b", "outputs", 36), ("b", "params", 6), ("c", "macs", 250)]
    for layer, figure, number in [*wrongs, ("c", "params", 240), ("total", "macs", 2650), ("a", "outputs", 114)]:
        rows = [dict(row) for row in (conv, pool, fc, total)]
        wrong = next(row for row in rows if row["layer"] == layer)
        wrong[figure] = number
        answer = find_the_wrong_number(rows)
        assert answer == (layer, figure), f"{figure} of {layer} was {number}: expected {(layer, figure)}, got {answer}"
    rounded = [{**conv, "macs": 2150, "params": 115}, pool, {**fc, "params": 240}]
    del rounded[0]["outputs"]
    answer = find_the_wrong_number(rounded)
    assert answer == ("c", "params"), f"rounded within 1 %, one figure missing: expected ('c', 'params'), got {answer}"
    print("find_the_wrong_number: finds it, in every row and column.")


check_find_the_wrong_number()

# %% [markdown]
# Three tables as they were really published:

# %%
for name, table in published.TABLES.items():
    layer, figure = find_the_wrong_number(table)
    printed = next(row[figure] for row in table if row["layer"] == layer)
    print(f"{name}: {figure} of {layer} cannot be {printed:,}")

# %% [markdown]
# *What to see: VGG's fourth convolution counted with the image's 3 channels; VGG's total, 24 million numbers, of which
# nobody knows where they came from; and the first layer of the most cited paper of the field.*

# %% [markdown]
# ## 14. Arithmetic is not time
#
# MACs are counted on paper. How long they take depends on the machine. This cell runs four of your networks on a GPU
# where there is one, else on the CPU, and says which it was.

# %%
device = training.pick_device()
side, batch = (224, 32) if device.type == "cuda" else (96, 4)
builds = {"AlexNet": AlexNet, "GoogLeNet": GoogLeNet, "ResNet-18": lambda: ResNet(18), "DenseNet-121": DenseNet121}
photos = torch.randn(batch, 3, side, side, device=device)
for name, build in builds.items():
    net = build().to(device).eval()
    with torch.no_grad():
        seconds = timing.median_seconds(lambda net=net: net(photos).sum().item(), repeats=3) / batch
    speed = count_macs(net, (3, side, side)) / seconds / 1e9
    print(f"{name:12} on {device}, {side}x{side}: {1000 * seconds:6.2f} ms an image, {speed:5.0f} GMAC per second")

# %% [markdown]
# *What to see: the networks do not reach the same number of MACs per second.* Many thin layers (DenseNet, GoogLeNet's
# branches) move much memory for little arithmetic, and small images give AlexNet's huge fully connected layers nothing
# to share: every weight is fetched for a few multiplications. MACs are a good guess for time within one family, and a
# poor one between families.

# %% [markdown]
# ## 15. Why a plain network underfits

# %% [markdown]
# ### Exercise: why_plain_underfits (8 points)
#
# *25 minutes; write about fifteen sentences.* A colleague has trained a plain network of 56 layers (convolution, batch
# norm, ReLU, no shortcuts). It is worse than the one of 20 layers on the test set. He wants to add dropout and weight
# decay, and to collect more data.
#
# 1. Which number do you ask him for first, and what would it have to be for his remedies to be right? What was it in
#    He's experiment, and in yours (section 9)?
# 2. Show that the 56 layers can represent whatever the 20 can. What follows for the cause of the trouble?
# 3. "It is the vanishing gradient." What in the network speaks against that, and how would you find out?
# 4. What does a shortcut change: about what a block computes when its weights are small, and about the way back? Why
#    does it cost no parameters, and where does it cost some?
# 5. Your colleague puts a ReLU behind the branch, before the sum. What can the block no longer do, and what happens to
#    the signal over many blocks?

# %% [markdown] role="answer" exercise="why_plain_underfits"
# ### BEGIN SOLUTION
# 1. The error (or loss) on the *training* set. His remedies are against overfitting: a training error that is lower
#    than that of 20 layers, with a gap to the test error. In He's experiment the training error of 56 layers was the
#    higher one, and so it was in mine: the deepest plain network stayed near guessing on the images it was trained on.
#    That is underfitting; dropout and weight decay make it worse, and more data do not help.
# 2. Copy the 20 layers, and let each further pair of layers pass its input on: a 3x3 kernel with a 1 in its middle for
#    its own channel and 0 elsewhere, batch norm set to the identity (scale and shift equal to the standard deviation
#    and mean); a ReLU changes nothing, since what arrives is not negative. So the deep network's best training error is
#    at most that of the shallow one. It has such a solution, and gradient descent does not find it: a problem of
#    optimization, not of what the network can represent, and not of overfitting.
# 3. Batch norm sets the size of the signal in every layer, so neither signals nor gradients shrink layer by layer; He
#    measured healthy gradients. I would measure the length of the gradient of the weights in each layer, at the start
#    and while training, for 20 and 56 layers.
# 4. With small weights a plain block gives (nearly) nothing or a scrambled input; a residual block gives its input:
#    doing nothing is the default, and the branch learns a correction to it. On the way back the derivative is 1 +
#    F'(x), so part of the gradient reaches each block directly and not through the product of all later layers. Adding
#    needs no parameters. Only where the shape changes a projection (1x1 convolution and batch norm) has some.
# 5. The branch then gives only numbers that are not negative: a block can add to its input and never take anything
#    away. The signal can only grow from block to block.
# ### END SOLUTION
#
# === BEGIN MARK SCHEME ===
# Eight points:
#
# - **The training error (2 points).** Asks for the training error and says that the remedies fit only if it is low (1
#   point). It was higher than that of the shallower network, so this is underfitting (1 point; "it overfits": 0).
# - **Representation (2 points).** Further layers as the identity, with a word on how a convolution or the ReLU can be
#   one (1 point; "set them to the identity" without more: half a point). So the cause is optimization (1 point).
# - **Vanishing gradient (1 point).** Batch norm keeps the sizes (half a point); measure gradients by layer (half a
#   point).
# - **Shortcut (2 points).** Small weights give the identity, the branch learns a residual (half a point); the gradient
#   has a direct path, 1 + F' (half a point); no parameters for adding (half a point), some for a projection where the
#   shape changes (half a point).
# - **ReLU before the sum (1 point).** Can only add (half a point); the signal grows (half a point).
# === END MARK SCHEME ===

# %% [markdown]
# ## What to remember
#
# - Memory sits in the early maps, parameters in fully connected layers, arithmetic in the convolutions. Name the price
#   before you optimize it.
# - Small kernels, stacked: the same field, fewer weights, more bends (VGG). 1x1 convolutions change the number of
#   channels (NiN), make wide branches affordable (GoogLeNet) and deep blocks thin (Bottleneck). The mean over each map
#   replaces the fully connected layers.
# - A plain network that is too deep underfits: it is worse on its training set. Shortcuts make doing nothing the
#   default.
# - Add (ResNet) or concatenate (DenseNet): both let the input pass.
# - A unit sees less than its receptive field.
# - Shapes prove little, parameter counts more, values most. And a published number is a claim, not a fact.

# %% [markdown]
# ## Further reading
#
# - Krizhevsky, Sutskever, Hinton (2012), *ImageNet classification with deep convolutional neural networks*
# - Simonyan, Zisserman (2015), *Very deep convolutional networks for large-scale image recognition*
# - Lin, Chen, Yan (2014), *Network in network*
# - Szegedy and others (2015), *Going deeper with convolutions*
# - He, Zhang, Ren, Sun (2016), *Deep residual learning for image recognition*, and *Identity mappings in deep residual
#   networks*
# - Huang, Liu, van der Maaten, Weinberger (2017), *Densely connected convolutional networks*
# - Luo, Li, Urtasun, Zemel (2016), *Understanding the effective receptive field in deep convolutional neural networks*
# - In `course_lib.models`, which you get when this assignment is due: MobileNet, SqueezeNet, ResNeXt, wide and
#   pre-activation ResNets, stochastic depth and FractalNet, all to the published parameter
