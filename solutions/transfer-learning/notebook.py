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
# # Transfer learning
#
# You have 50 labelled images. Not 50,000: fifty, five of each kind, because each label costs a radiologist's quarter
# of an hour. And you need a classifier.
#
# Hardly anybody who uses convolutional networks in earnest trains one from nothing. They take a network that has
# learned to see something else, for which there were plenty of labels, and teach it the rest. That is called
# **transfer learning**. It is the most useful trick of the whole field; and since it is easy to do *nearly* right, it
# is also where the most silent mistakes are made: nothing crashes, the accuracy is merely lower than it should be, or
# higher than it will ever be again.
#
# In this notebook a small network has learned to tell **printed letters** apart. You make it read **handwritten
# digits**, of which it has never seen one:
#
# - as a frozen source of features, with a linear classifier on top;
# - by training all of it a little further, carefully;
# - and you look for the cases where it would have been better to start from nothing.

# %% [markdown]
# ## Goals
#
# After this notebook you can
#
# - load a file of pretrained weights into a model so that no mistake stays unnoticed;
# - feed a pretrained network what it expects, and read features out of any of its layers;
# - train a linear probe, replace a head, freeze parts, keep batch norm still;
# - fine-tune with two learning rates, and choose the epoch without looking at the test set;
# - choose among these ways, and say when pretraining helps, when it does not, and when it harms.
#
# ## You need
#
# PyTorch's `nn.Module`, `state_dict` and optimizers; batch norm with its two modes (assignment `batchnorm`); a little
# linear algebra. No GPU: everything here runs on a laptop.
#
# ## Points
#
# | exercise | points | time | difficulty |
# |---|--:|--:|---|
# | `load_pretrained` | 10 | 30 min | medium |
# | `preprocess` | 6 | 10 min | easy |
# | `extract_features` | 12 | 30 min | medium |
# | `linear_probe` | 10 | 30 min | medium |
# | `replace_head` | 8 | 15 min | easy |
# | `freeze` (with `set_bn_eval`) | 12 | 25 min | medium |
# | `param_groups` | 10 | 25 min | medium |
# | `finetune` | 16 | 45 min | hard |
# | `learning_curves` (written) | 5 | 15 min | think |
# | `negative_transfer` (written) | 5 | 15 min | think |
# | `choose_strategy` | 6 | 10 min | easy |
# | **together** | **100** | about 4 h | |

# %% [markdown]
# ## How to work
#
# Every exercise is a cell to fill in, followed by a **check** that you can run as often as you like. The checks try a
# few hard cases; the grading tries more of them, so read the docstrings with care. A check that fails says what it
# expected.
#
# - Keep the names of the functions and the order of their arguments. Helper functions and cells of your own are
#   welcome.
# - Functions that change a model change it **in place** and return it.
# - The experiments call your functions: until you have written a function, a cell that needs it stops with
#   `NotImplementedError`. That is no harm. Come back to it.
# - Questions marked **Predict** are for you alone. Answer them in your head *before* you open the answer.
#
# Run the first cell now.

# %% role="setup"
import copy

import numpy as np
import torch
import torch.nn.functional as F
from sklearn.manifold import TSNE
from torch import nn

from course_lib import data, few_labels, plots, pretrained, training, transforms
from course_lib.glyphnet import GlyphNet
from course_lib.loaders import Loader, Loaders, evaluate
from course_lib.pretrained import glyphnet_log, glyphnet_state, pretrained_glyphnet

plots.use_style()
torch.manual_seed(0)
torch.set_num_threads(1)  # the networks here are too small to be worth sharing among cores

# %% [markdown]
# ## 1. Source and target
#
# Two words for the whole notebook. The **source** task is the one with plenty of data, on which the network was
# *pre*trained. The **target** task is the one that you care about, with few labels.
#
# Our source: 37 kinds of printed letters in 21 typefaces, light on dark or dark on light, rotated, bent, coarsened,
# 37,000 images. Our target: handwritten digits, 8x8 pixels, one every few minutes if you had to label them by hand.

# %%
log = glyphnet_log()
letters = data.glyphs(20, classes=log["classes"], seed=1)
digits = data.digits()
chosen = {name: np.argmax(letters.labels == log["classes"].index(name)) for name in "AGRegt"}
shown = {f"letter {name}": letters.images[i, 0] for name, i in chosen.items()}
plots.image_grid(shown, columns=6, tile=1.3)

# %%
shown = {f"a {digits.labels[i]}": digits.images[i, 0] for i in range(6)}
plots.image_grid(shown, columns=6, tile=1.3)

# %% [markdown]
# *What to see: above the source, below the target. Other signs, another size, another hand, and only light on dark.
# What they have in common are strokes: edges, corners, ends, bows.*
#
# That is the whole hope. In a network that classifies images, the early layers answer to things that occur in nearly
# all images (edges, spots, directions); the later a layer, the more it is about the classes of the source. **From
# generic to specific**: the early layers can be kept for almost any task, the last one, which gives a score to each
# of the 37 letters, for none but its own.
#
# The network is called `GlyphNet`. It has six **parts**:
#
# | part | what | gives, for images of 32x32 |
# |---|---|---|
# | `stage1` | 5x5 convolution, batch norm, ReLU, 2x2 max pooling | 16 x 16 x 16 |
# | `stage2` | 3x3, the same | 32 x 8 x 8 |
# | `stage3` | 3x3, the same | 64 x 4 x 4 |
# | `stage4` | 3x3, without pooling | 128 x 4 x 4 |
# | `pool` | the means over the four quarters of the maps | 512 |
# | `head` | one linear layer | one score for each class |
#
# It was pretrained by `python -m course_lib.pretraining`, which is in your copy of the course; beside the weights
# lies the log of that training, with the seed, the versions and every epoch.

# %%
seed, epochs, seconds = log["settings"]["seed"], log["settings"]["epochs"], log["seconds"]
print(f"{log['num_training_images']:,} letters, {epochs} epochs, seed {seed}, {seconds:.0f} s on one core")
right = {"letters it was not trained on": [100 * accuracy for accuracy in log["held_out_accuracy"]]}
plots.lines(right, "epoch", "accuracy (%)")

# %% [markdown]
# *What to see: in the end more than 99 of 100 letters that it has never seen are read correctly. On the source task
# there is nothing left to learn.*

# %% [markdown]
# ## 2. Getting the weights in
#
# Pretrained weights come as a file of named arrays, and a model has named entries of its own: its `state_dict`, which
# holds the parameters *and* the buffers (the running statistics of batch norm!). If the names agree, loading is
# copying. They often do not: whoever wrote the file called the last layer `fc`, and you call it `head`; or every name
# begins with `module.`, because the model was trained on several GPUs. A **key map** translates.
#
# > **Often told wrong.** "If some names do not fit, pass `strict=False`." Then PyTorch loads what fits and skips the
# > rest *without an error*: a single typing error, and a layer keeps its random start. The network still learns
# > something, only worse, and nobody finds out why. Another trap: with `strict=True` there is an error, but
# > `load_state_dict` has **already copied** all that fitted when it raises. A program that catches the error goes on
# > with half a network.
#
# So we want a loader that is strict, says *everything* that is wrong at once, and changes nothing unless all is
# right.
#
# ### Exercise: load_pretrained (10 points)
#
# *30 minutes, medium.* `key_map` maps names in the file to names in the model. A name that is not in it keeps its
# name; one that is mapped to `None` is left out on purpose. Then every entry of the model's `state_dict` must be
# given exactly once, with its shape.
#
# Worked example: the model has `a.weight` (2, 3) and `a.bias` (2,). The file has `x.weight` (2, 3) and `b` (2,), and
# `key_map = {"x.weight": "a.weight"}`. Then `a.bias` is **missing**, `b` is **unexpected**, and the model must stay
# as it was. With `{"x.weight": "a.weight", "b": "a.bias"}` all is well. Had the file's `b` the shape (3,), it would
# be of the **wrong shape**; and with `{"x.weight": "a.weight", "b": "a.weight"}` one entry is given **twice** and
# another is missing.
#
# <details><summary>Hint</summary>
#
# First collect, then judge, then copy. Go through the file once to find where each entry belongs; look for the four
# kinds of faults; raise if there is any; and only then copy. The tensors of `model.state_dict()` *are* those of the
# model: `own[name].copy_(tensor)` inside `torch.no_grad()` writes into it. Beware: `copy_` also accepts a tensor of
# shape (1,) for one of shape (5,).
# </details>


# %% role="answer" exercise="load_pretrained"
def load_pretrained(model, state, key_map):
    """Copies pretrained numbers into the model, all or nothing. Returns the model.

    state: {name in the file: tensor}. key_map: {name in the file: name in model.state_dict()}; a name that is not in
    it keeps its name, and one that is mapped to None is left out on purpose. (Entries of key_map that the file does
    not have mean nothing.) Every entry of the model's state_dict, buffers too, must come from exactly one entry of
    the file.
    The numbers are copied into the model's own tensors, which keep dtype and device; `state` is not changed.
    Raises ValueError, with the model as it was, if anything does not fit. The message names ALL that is wrong:
    entries of the model that are missing (by their names in the model), entries of the file that are unexpected (by
    their names in the file), entries of the wrong shape (by their names in the model, with both shapes), and entries
    of the model that two of the file are mapped to (by their names in the model).
    """
    ### BEGIN SOLUTION
    own = model.state_dict()
    sources, unexpected, twice, wrong_shape = {}, [], [], []
    for name in state:
        target = key_map.get(name, name)
        if target is None:
            continue
        if target not in own:
            unexpected.append(name)
        elif target in sources:
            twice.append(target)
        else:
            sources[target] = state[name]
    missing = [target for target in own if target not in sources]
    for target, tensor in sources.items():
        if tensor.shape != own[target].shape:
            wrong_shape.append(f"{target}: {tuple(own[target].shape)} in the model, {tuple(tensor.shape)} in the file")
    faults = {"missing": missing, "unexpected": unexpected, "wrong shape": wrong_shape, "twice": twice}
    if any(faults.values()):
        found = "; ".join(f"{fault}: {', '.join(names)}" for fault, names in faults.items() if names)
        raise ValueError(f"load_pretrained: {found}")
    with torch.no_grad():
        for target, tensor in sources.items():
            own[target].copy_(tensor)
    return model
    ### END SOLUTION


# %% role="check" exercise="load_pretrained"
def check_load_pretrained():
    def net(seed):
        layers = nn.Conv2d(1, 3, 2, bias=False), nn.BatchNorm2d(3), nn.Flatten(), nn.Linear(12, 5)
        torch.manual_seed(seed)
        for layer in layers:
            getattr(layer, "reset_parameters", lambda: None)()
        return nn.Sequential(*layers)

    model, state = net(0), {f"module.{name}": value for name, value in net(1).state_dict().items()}
    state["module.1.running_mean"] = torch.tensor([1.0, 2.0, 3.0])
    key_map = {name: name.removeprefix("module.") for name in state}
    held = list(model.parameters())
    assert load_pretrained(model, state | {"old.head": torch.ones(7)}, key_map | {"old.head": None}) is model
    for name, value in model.state_dict().items():
        assert torch.equal(value, state[f"module.{name}"]), f"{name} of the model is not what the file holds"
    assert all(a is b for a, b in zip(held, model.parameters(), strict=True)), "in place: keep the Parameters"
    state["module.3.bias"].zero_()
    assert model[3].bias.any(), "the model must not share its memory with the file"
    wrong = {**state, "module.0.weight": torch.ones(3, 1, 2, 1), "extra": torch.ones(2)}
    del wrong["module.1.num_batches_tracked"]
    before = copy.deepcopy(model.state_dict())
    try:
        load_pretrained(model, wrong, key_map)
    except ValueError as error:
        for name in ("0.weight", "(3, 1, 2, 1)", "(3, 1, 2, 2)", "1.num_batches_tracked", "extra"):
            assert name in str(error), f"the message must name {name}, it is: {error}"
    else:
        raise AssertionError("an entry is missing, one unexpected, one of the wrong shape: expected a ValueError")
    assert all(torch.equal(before[name], value) for name, value in model.state_dict().items()), "all or nothing"
    print("load_pretrained: everything, or nothing and a list of what is wrong.")


check_load_pretrained()

# %% [markdown]
# Now load the letters. The file is checked first: beside it lies its SHA-256, and `glyphnet_state` refuses a file
# that is damaged. (If you want to go on without this exercise, let `backbone` return `pretrained_glyphnet()`.)


# %%
def backbone():
    """A new copy of the network that knows letters, in eval mode."""
    return load_pretrained(GlyphNet(len(log["classes"])), glyphnet_state(), {}).eval()


loaded, by_torch = backbone().state_dict(), pretrained_glyphnet().state_dict()
same = all(torch.equal(loaded[name], value) for name, value in by_torch.items())
print(f"{len(loaded)} entries; the same as PyTorch's own loader gives: {same}")

# %% [markdown]
# What has it learned? The sixteen filters of the first layer, beside those of a network that has learned nothing.

# %%
start = training.seeded(GlyphNet, 0).eval()
filters = {f"{i}": backbone().stage1[0].weight[i, 0].detach().numpy() for i in range(16)}
plots.image_grid(filters, columns=8, tile=1.0, signed=True)

# %%
filters = {f"{i}": start.stage1[0].weight[i, 0].detach().numpy() for i in range(16)}
plots.image_grid(filters, columns=8, tile=1.0, signed=True)

# %% [markdown]
# *What to see: above, what letters have taught: steps from light to dark in many directions (0, 7, 8, 12), spots (5,
# 6), lines (10, 11, 15). Below, noise. Nothing in the upper filters is about a letter, or about letters at all: that
# is why they can be used for digits.*

# %% [markdown]
# ## 3. What the network expects
#
# A network has got used to its input. It was trained on numbers of a certain size and spread, and all its weights and
# running statistics belong to those. So the new images must be made **as its own images were**:
#
# - the same **size**, here 32x32 pixels;
# - the same **range** before scaling, here 0 to 1;
# - shifted and scaled with the mean and the standard deviation **of the source set**, which come with the weights.
#
# $$x = \frac{\text{pixel} - \text{mean}_\text{source}}{\text{std}_\text{source}}$$
#
# > **Often told wrong.** "Always standardise with the statistics of your training set." That is right for a network
# > that you train yourself. Here the training set of the first layers was the *source*. A pixel of 0.9 must give the
# > same number that it gave then, or an edge of the same contrast looks like another edge.
#
# ### Exercise: preprocess (6 points)
#
# *10 minutes, easy.* `images` is a NumPy array `(N, C, H, W)` with values in 0..1; return a float32 tensor `(N, C,
# size, size)`. `mean` and `std` are one number each, or one for each of the channels (files that were trained on
# ImageNet come with three).
#
# Worked number: a pixel of 0.75 with mean 0.5 and std 0.25 becomes $(0.75 - 0.5)/0.25 = 1$.
#
# <details><summary>Hint</summary>
#
# `F.interpolate` does the resizing. For a number per channel think of broadcasting: which shape must `mean` have to
# be subtracted from `(N, C, H, W)`?
# </details>


# %% role="answer" exercise="preprocess"
def preprocess(images, mean, std, size):
    """Images of the target set as the pretrained network expects them: float32 tensor (N, C, size, size).

    images: array (N, C, H, W) of any float dtype, in [0, 1]; not changed. Each is enlarged (or shrunk) to size x
    size pixels by bilinear interpolation, as F.interpolate(..., mode="bilinear", align_corners=False) does, then
    shifted and scaled to (pixel - mean) / std. mean, std: of the SOURCE set; each one number, or one for each of the
    C channels.
    """
    ### BEGIN SOLUTION
    x = torch.tensor(images, dtype=torch.float32)
    x = F.interpolate(x, size=(size, size), mode="bilinear", align_corners=False)
    mean = torch.as_tensor(mean, dtype=torch.float32).reshape(1, -1, 1, 1)  # (1, C, 1, 1) or (1, 1, 1, 1)
    std = torch.as_tensor(std, dtype=torch.float32).reshape(1, -1, 1, 1)
    return (x - mean) / std
    ### END SOLUTION


# %% role="check" exercise="preprocess"
def check_preprocess():
    rng = np.random.default_rng(0)
    images = rng.random((2, 3, 5, 7))
    before = images.copy()
    for mean, std in [(0.5, 0.25), ([0.1, 0.5, 0.9], (0.2, 0.3, 0.5))]:
        x = preprocess(images, mean, std, 10)
        assert isinstance(x, torch.Tensor) and x.dtype == torch.float32, "expected a float32 tensor"
        assert x.shape == (2, 3, 10, 10), f"expected shape (2, 3, 10, 10), got {tuple(x.shape)}"
        large = F.interpolate(torch.tensor(images), (10, 10), mode="bilinear", align_corners=False).numpy()
        for channel in range(3):
            expected = (large[:, channel] - np.broadcast_to(mean, 3)[channel]) / np.broadcast_to(std, 3)[channel]
            np.testing.assert_allclose(x[:, channel], expected, atol=1e-5, err_msg=f"mean {mean}, channel {channel}")
    assert (images == before).all(), "the images that were given must stay as they are"
    print("preprocess: the size and the scale of the source.")


check_preprocess()

# %%
x_digits = preprocess(digits.images, log["mean"], log["std"], 32)  # (1797, 1, 32, 32)
print(f"letters: mean {log['mean']:.2f}, std {log['std']:.2f} of the pixels")
print(f"digits, scaled with these: mean {x_digits.mean():.2f}, std {x_digits.std():.2f}")

# %% [markdown]
# The digits do *not* come out with mean 0 and standard deviation 1, and that is right: they are darker than the
# letters, and the network may know.

# %% [markdown]
# ## 4. A network as a measuring instrument
#
# Cut off the head, and what is left turns an image into 512 numbers: its **features**. To get them, or the output of
# any other layer, you need not take the model apart. PyTorch lets you hang a **hook** on a module: a function that is
# called with the output whenever the module has run.
#
# There are six ways to get this subtly wrong, and each has cost somebody a week:
#
# 1. The model is in **training mode**: batch norm uses the batch's statistics (so an image's features depend on its
#    neighbours) and changes its running statistics while you look; dropout drops.
# 2. **Gradients** are recorded: memory fills up.
# 3. The **hook stays**: it goes on collecting, and the next call finds two.
# 4. The model is left in eval mode although it was in training mode, or the other way round.
# 5. The loader **shuffles**, and features and labels are taken in two passes: they no longer belong together.
# 6. The next layer works **in place** (`nn.ReLU(inplace=True)`) and overwrites what you have kept.
#
# ### Exercise: extract_features (12 points)
#
# *30 minutes, medium.* Avoid all six.
#
# Shapes: a layer that gives `(N, 64, 4, 4)` contributes `(N, 1024)`. Worked example: 7 images in batches of 3 make
# batches of 3, 3 and 1, and the features of all 7 come back in the order in which the loader gave them.
#
# <details><summary>Hint</summary>
#
# `model.get_submodule(layer).register_forward_hook(function)` calls `function(module, inputs, output)` and returns a
# handle with a `remove()`. What must happen whatever goes wrong belongs into `finally:`. To restore modes, note
# `module.training` of **every** module before: `model.train()` would also switch on what somebody had switched off.
# </details>


# %% role="answer" exercise="extract_features"
def extract_features(model, loader, layer):
    """What comes out of one layer of the model, for every image of the loader, in eval mode and without gradients.

    loader: gives batches (images, labels); it is gone through ONCE, since a loader that shuffles gives another order
    the next time. Images are moved to the device of the model. layer: the name of a module inside the model, as
    model.named_modules() has it ("stage3", "stage2.0").
    Returns (features, labels): NumPy arrays (number of images, features of the layer, flattened) and (number of
    images,), row i of both from the same image, in the order of the loader; they hold what the layer itself gave,
    also where the next layer writes in place. Afterwards the model is as it was: every module in its own training or
    eval mode, no hook left, not even if the model raised an error half-way.
    """
    ### BEGIN SOLUTION
    device = next(model.parameters()).device
    modes = {module: module.training for module in model.modules()}
    features, labels = [], []

    def keep(_module, _inputs, output):
        features.append(output.detach().flatten(1).cpu().numpy().copy())

    hook = model.get_submodule(layer).register_forward_hook(keep)
    model.eval()
    try:
        with torch.no_grad():
            for images, batch_labels in loader:
                model(images.to(device))
                labels.append(np.asarray(batch_labels))
    finally:
        hook.remove()
        for module, mode in modes.items():
            module.training = mode
    return np.concatenate(features), np.concatenate(labels)
    ### END SOLUTION


# %% role="check" exercise="extract_features"
def check_extract_features():
    torch.manual_seed(3)
    layers = [nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), nn.ReLU(inplace=True), nn.Dropout(0.5), nn.Flatten()]
    model = nn.Sequential(*layers, nn.Linear(64, 5))
    model.train()
    model[3].eval()  # somebody had a reason
    images = torch.randn(7, 1, 6, 6)
    loader = Loader(images, images[:, 0, 0, 0].argsort().argsort(), batch_size=3, shuffle=True)
    state = copy.deepcopy(model.state_dict())
    features, labels = extract_features(model, loader, "1")
    assert features.shape == (7, 64), f"maps of 4x4x4 for 7 images: expected shape (7, 64), got {features.shape}"
    maps = [model[0](images), model[1].running_mean, model[1].running_var, model[1].weight, model[1].bias]
    expected = F.batch_norm(*maps).flatten(1).detach().numpy()[images[:, 0, 0, 0].argsort()]
    np.testing.assert_allclose(features[labels.argsort()], expected, rtol=1e-4, atol=1e-5, err_msg="features")
    assert all(torch.equal(state[name], value) for name, value in model.state_dict().items()), "the model has changed"
    modes = [module.training for module in model.modules()]
    assert modes == [True, True, True, True, False, True, True], f"modes of the modules are now {modes}"
    assert not any(module._forward_hooks for module in model.modules()), "a hook was left behind"
    try:
        extract_features(model, [(images, torch.zeros(7)), (images[:, :, :3], torch.zeros(7))], "1")  # too small a map
    except RuntimeError:
        assert not any(module._forward_hooks for module in model.modules()), "a hook was left behind after an error"
        assert model.training, "after an error, too, the model must be in the mode it was in"
    print("extract_features: the right numbers in the right order, and nothing left behind.")


check_extract_features()

# %% [markdown]
# ### Experiment: what do 512 features know about digits?
#
# The network has never seen a digit. We send them through it and draw a map of the plane, on which images lie near
# each other if their 512 features are alike (t-SNE, 400 images; the axes have no meaning, the labels only colour the
# map). Beside it the same for the pixels themselves, and for the features of a network with random weights.

# %%
images = Loader(x_digits, digits.labels, batch_size=256)
clouds = {"pixels": x_digits.flatten(1).numpy()}
for name, model in {"features, random weights": start, "features, pretrained on letters": backbone()}.items():
    clouds[name], _ = extract_features(model, images, "pool")
tsne = TSNE(2, init="pca", perplexity=20, max_iter=500, random_state=0)
maps = {name: tsne.fit_transform(few_labels.scaled(cloud[:400])) for name, cloud in clouds.items()}
plots.class_clouds(maps, digits.labels[:400], ("first axis (no unit)", "second axis (no unit)"))

# %% [markdown]
# *What to see: islands in all three. These digits are an easy set: even pixel by pixel, the most similar image mostly
# shows the same digit. With random weights the islands run into one another; after pretraining they are denser, with
# more empty sea between them, though no digit was ever shown to the network. A map like this is an illustration. How
# much the features are worth is *measured* by the next section.*

# %% [markdown]
# ## 5. The linear probe
#
# The simplest way to use features: keep the network as it is, and train **one linear layer** on top. That layer is
# called a *probe*, because it also measures how much the features know.
#
# $$\text{scores} = W f + b, \qquad W: (K, D),\quad f: (D,),\quad b: (K,)$$
#
# With 50 labels and 512 features there are more unknowns than equations: infinitely many $W$ are right on all
# training images. So ask for the *smallest* that is good enough: a penalty on $W$, with a weight `l2`. Not on $b$,
# which only says how frequent the classes are.
#
# Two objectives are in use. **Softmax regression** minimises the cross-entropy, has no closed form, and is convex:
# any good minimiser finds the one minimum (L-BFGS, say).
#
# $$\frac1N\sum_n \operatorname{cross\ entropy}(s_n, y_n) \;+\; \frac{\texttt{l2}}2\,\lVert W\rVert^2$$
#
# **Ridge regression** to the one-hot labels $t_n$ sounds wrong for classes and works about as well; and it can be
# written down:
#
# $$\frac1N\sum_n \lVert s_n - t_n\rVert^2 \;+\; \texttt{l2}\,\lVert W\rVert^2
# \quad\Longrightarrow\quad
# W^{\mathsf T} = \Bigl(\tfrac1N \tilde F^{\mathsf T}\tilde F + \texttt{l2}\,I_D\Bigr)^{-1}
# \tfrac1N \tilde F^{\mathsf T}\tilde T,
# \qquad b = \bar t - W\bar f$$
#
# where $\tilde F$ (N, D) and $\tilde T$ (N, K) are features and targets with their means over the images taken off.
# When $N$ is smaller than $D$, the same $W$ comes cheaper from an $N\times N$ system: $W^{\mathsf T} = \frac1N\tilde
# F^{\mathsf T}\bigl(\frac1N\tilde F\tilde F^{\mathsf T} + \texttt{l2}\,I_N\bigr)^{-1}\tilde T$.
#
# ### Exercise: linear_probe (10 points)
#
# *30 minutes, medium.* Choose **one** of the two objectives and return its minimum; the check accepts either.
# scikit-learn's classifiers are off limits, `scipy.optimize` and PyTorch's optimizers are not.
#
# Worked number (ridge): features $f = -1$ and $f = 1$, labels 0 and 1, `l2` $= 1$. All means: $\bar f = 0$, $\bar t =
# (\frac12, \frac12)$. For class 1, $\tilde t = (-\frac12, \frac12)$; $\frac1N\tilde f^{\mathsf T}\tilde f = 1$ and
# $\frac1N\tilde f^{\mathsf T}\tilde t = \frac12$, so $w = \frac12/(1 + 1) = \frac14$, and $b = \frac12$.
#
# <details><summary>Hint</summary>
#
# For ridge: `np.eye(K)[labels]` makes one-hot rows; `np.linalg.solve(A, B)` beats inverting. For softmax with
# `torch.optim.LBFGS`: float64, `line_search_fn="strong_wolfe"`, a few hundred iterations, tolerances far below the
# defaults; and the penalty on the weight alone.
# </details>


# %% role="answer" exercise="linear_probe"
def linear_probe(features, labels, l2):
    """The best linear classifier on fixed features. Returns NumPy arrays weight (K, D) and bias (K,).

    features: array (N, D); labels: integer array (N,) in 0..K-1, where K = labels.max() + 1; l2: a number above 0.
    The scores of rows f are f @ weight.T + bias, as in nn.Linear, and the greatest one decides. Of the two usual
    objectives choose ONE, and return its minimum:
    - softmax (L-BFGS, for instance):  mean over n of cross_entropy(scores_n, label_n)  +  l2/2 * sum(weight**2)
    - ridge (has a closed form):  mean over n of sum((scores_n - onehot(label_n))**2)  +  l2 * sum(weight**2)
    The bias is not penalised in either. Features and labels are not changed.
    """
    ### BEGIN SOLUTION
    features = np.asarray(features, dtype=np.float64)
    targets = np.eye(labels.max() + 1)[labels]  # (N, K)
    feature_mean, target_mean = features.mean(axis=0), targets.mean(axis=0)
    centred = features - feature_mean
    gram = centred @ centred.T / len(features)  # (N, N): with few labels smaller than (D, D)
    multipliers = np.linalg.solve(gram + l2 * np.eye(len(features)), targets - target_mean)  # (N, K)
    weight = multipliers.T @ centred / len(features)  # (K, D)
    bias = target_mean - weight @ feature_mean  # the plane goes through the means
    return weight, bias
    ### END SOLUTION


# %% role="check" exercise="linear_probe"
def check_linear_probe():
    def gradients(weight, bias, features, labels, l2):
        """How steep each of the two objectives still is at the answer."""
        w, b = (torch.tensor(np.array(value), dtype=torch.float64, requires_grad=True) for value in (weight, bias))
        scores, targets = torch.tensor(features) @ w.T + b, torch.tensor(labels)
        softmax = F.cross_entropy(scores, targets) + l2 / 2 * (w**2).sum()
        ridge = ((scores - F.one_hot(targets)) ** 2).sum(dim=1).mean() + l2 * (w**2).sum()
        found = [torch.autograd.grad(objective, (w, b), retain_graph=True) for objective in (softmax, ridge)]
        return [max(slope.abs().max().item() for slope in slopes) for slopes in found]

    weight, bias = linear_probe(np.array([[-1.0], [1.0]]), np.array([0, 1]), 1.0)
    assert weight.shape == (2, 1) and bias.shape == (2,), f"K = 2, D = 1: got {weight.shape}, {bias.shape}"
    assert weight[1, 0] > 0 > weight[0, 0], "a large feature must speak for class 1"
    rng = np.random.default_rng(0)
    for num_images, num_features, l2 in [(40, 5, 0.1), (12, 30, 0.01), (30, 7, 3.0)]:
        labels = np.arange(num_images) % 3 // (1 + np.arange(num_images) % 2)  # not equally frequent
        features = rng.normal(2.0, 1.0, (num_images, num_features)) + labels[:, None]
        slopes = gradients(*linear_probe(features, labels, l2), features, labels, l2)
        where = f"{num_images} images, {num_features} features, l2 = {l2}"
        assert min(slopes) < 1e-3, f"{where}: slopes are {slopes[0]:.2g} (softmax), {slopes[1]:.2g} (ridge), no minimum"
    print("linear_probe: at the minimum.")


check_linear_probe()

# %% [markdown]
# ### Experiment: which layers transfer?
#
# Now the generic-to-specific story can be measured. For each part of the network: a probe on its output, with **5
# labels per digit**, tested on 500 others of the first 1,000 digits; ten draws of the 50 labels. Then the same with a
# network of random weights.
#
# `few_labels.draw` chooses labelled and test images, `few_labels.scaled` divides all features by one number, so that
# one `l2` suits every layer.


# %%
def probe_accuracy(features, labels, per_class, seed):
    drawn = few_labels.draw(labels, per_class, seed)
    weight, bias = linear_probe(features[drawn.labelled], labels[drawn.labelled], l2=1e-3)
    scores = features[drawn.test] @ weight.T + bias
    return 100 * (scores.argmax(axis=1) == labels[drawn.test]).mean()


def probe_layers(model, x, labels, num_draws=10):
    accuracies = {}
    for layer in ("stage1", "stage2", "stage3", "stage4", "pool"):
        features = few_labels.scaled(extract_features(model, Loader(x, labels, 256), layer)[0])
        accuracies[layer] = [probe_accuracy(features, labels, 5, seed) for seed in range(num_draws)]
    return accuracies


# %%
networks = {"pretrained on letters": backbone(), "random weights": start}
x_some, some_labels = x_digits[:1000], digits.labels[:1000]
by_layer = {name: probe_layers(model, x_some, some_labels) for name, model in networks.items()}
pixels = few_labels.scaled(x_some.flatten(1).numpy())
on_pixels = np.mean([probe_accuracy(pixels, some_labels, 5, seed) for seed in range(10)])
for name, accuracies in by_layer.items():
    print(f"{name}: " + ", ".join(f"{layer} {np.mean(values):.1f} %" for layer, values in accuracies.items()))
reference = "probe on pixels", on_pixels
plots.spread_curves(by_layer, "probe on the output of", "accuracy on digits (%)", reference=reference)

# %% [markdown]
# *What to see: after `stage1` learning has not helped yet: random filters are as good as learned ones. From `stage2`
# on the pretrained network is better at every depth, by 8 points on `pool`; its last two parts are best. Two things
# are worth keeping in mind. A network of **random** weights is better than the pixels, too: that is what convolution
# and pooling are worth without any learning, and a result without this comparison says little. And the error bars are
# as long as some of the differences: with 50 labels much depends on which 50.*

# %% [markdown]
# ### Experiment: does the scale of the input matter?
#
# Section 3 was strict about it. Here is what happens on this network if you are not: the probe on `pool`, 5 labels
# per digit, ten draws.

# %%
own_mean, own_std = float(digits.images.mean()), float(digits.images.std())
scales = {"source": (log["mean"], log["std"]), "target": (own_mean, own_std), "none": (0, 1), "0 to 255": (0, 1 / 255)}
found = {}
for name, (mean, std) in scales.items():
    loader = Loader(preprocess(digits.images, mean, std, 32), digits.labels, 256)
    features = few_labels.scaled(extract_features(backbone(), loader, "pool")[0])
    found[name] = [probe_accuracy(features, digits.labels, 5, seed) for seed in range(10)]
plots.grouped_bars({"probe": found}, "accuracy on digits (%)")

# %% [markdown]
# *What to see: honestly, less than section 3 promised. With the target's own statistics, or without any, nothing is
# lost. The letters came in all contrasts and light on dark or dark on light, so this network has been trained to
# shrug at a change of scale by a factor of two or three. At 255 times the scale it loses 5 points, and it never says
# a word. Most networks have seen photographs at one scale only; and whether yours shrugs, you know when you have
# measured it.*

# %% [markdown]
# ## 6. A new head
#
# To train the network further, its 37 scores must become 10. The rest stays.
#
# ### Exercise: replace_head (8 points)
#
# *15 minutes, easy.* The head is the **last `nn.Linear`** of the model, at any depth: in `GlyphNet` it is called
# `head`, in torchvision's ResNet `fc`, in its VGG `classifier.6`, the last entry of an `nn.Sequential`.
#
# Worked number: the head of `GlyphNet` for 37 letters holds $512\cdot37 + 37 = 18{,}981$ numbers, for 10 digits
# $512\cdot10 + 10 = 5{,}130$.
#
# <details><summary>Hint</summary>
#
# `model.named_modules()` gives names such as `"classifier.6"`. `name.rpartition(".")` splits it into the parent and
# the last part; `model.get_submodule("")` is the model itself; `setattr(parent, last, new)` works for an
# `nn.Sequential`, too.
# </details>


# %% role="answer" exercise="replace_head"
def replace_head(model, num_classes):
    """Puts a new nn.Linear with `num_classes` outputs in the place of the model's head. Returns the model.

    The head is the last nn.Linear of model.named_modules(), however deep it lies in the model. The new one takes as
    many features as the old, has a bias, starts as PyTorch starts an nn.Linear, can be trained (also where the old
    one was frozen), and lies on the device and has the dtype of the old one. Every other parameter and buffer is the
    same object, with the same numbers, as before.
    """
    ### BEGIN SOLUTION
    name = [name for name, module in model.named_modules() if isinstance(module, nn.Linear)][-1]
    old = model.get_submodule(name)
    new = nn.Linear(old.in_features, num_classes, device=old.weight.device, dtype=old.weight.dtype)
    parent, _, child = name.rpartition(".")
    setattr(model.get_submodule(parent), child, new)
    return model
    ### END SOLUTION


# %% role="check" exercise="replace_head"
def check_replace_head():
    model = backbone()
    held = {name: parameter for name, parameter in model.named_parameters() if not name.startswith("head")}
    assert replace_head(model, 10) is model, "return the model"
    assert model.head.weight.shape == (10, 512), f"expected a weight of (10, 512), got {tuple(model.head.weight.shape)}"
    assert model(x_digits[:2]).shape == (2, 10), "the model must give 10 scores"
    now = dict(model.named_parameters())
    assert all(now[name] is parameter for name, parameter in held.items()), "all but the head: the same objects"
    tail = nn.Sequential(nn.ReLU(), nn.Sequential(nn.Linear(7, 4), nn.ReLU()))
    deep = nn.Sequential(nn.Linear(3, 7), tail).double().requires_grad_(False)
    replace_head(deep, 5)
    new = deep[1][1][0]
    assert new.weight.shape == (5, 7), "the last nn.Linear, however deep it lies"
    assert deep[0].weight.shape == (7, 3), "the last nn.Linear alone"
    assert new.weight.dtype == torch.float64, f"expected the dtype of the old head, got {new.weight.dtype}"
    assert all(p.requires_grad for p in new.parameters()), "a new head must be trained, also in a frozen model"
    print("replace_head: a new last layer, and nothing else.")


check_replace_head()

# %% [markdown]
# ## 7. Freezing, and the layer that thaws by itself
#
# A parameter is frozen when it gets no gradient: `requires_grad = False`. Then no optimizer can move it, and the
# backward pass need not go below the first part that is trained, which saves time and memory.
#
# **But a frozen batch norm still moves.** Its scale and shift are parameters; its *running statistics* are not. They
# are buffers, and they change in the **forward** pass, whenever the layer is in training mode. `model.train()`, which
# every training loop calls, turns them all on:
#
# | | scale and shift | running statistics | normalises with |
# |---|---|---|---|
# | `requires_grad = False`, training mode | stay | **drift** | the batch's statistics |
# | `requires_grad = False`, eval mode | stay | stay | its running statistics |
#
# So "frozen" needs both: no gradients, and eval mode; and the latter again after *every* `model.train()`.
#
# ### Exercise: freeze (12 points)
#
# *25 minutes, medium.* Two functions. `freeze(model, until)` freezes the parts in front of `until` and makes the
# others trainable (so that calling it again with an earlier part thaws the network step by step).
# `set_bn_eval(model)` puts the frozen batch norm layers, and nothing else, into eval mode.
#
# Worked example: after `freeze(model, "stage4")`, the parameters of `stage1`, `stage2`, `stage3` are frozen, those of
# `stage4` and `head` are trained (`pool` has none). After `model.train()` and `set_bn_eval(model)`, the batch norm of
# `stage1`, `stage2`, `stage3` is in eval mode, that of `stage4` in training mode.
#
# <details><summary>Hint</summary>
#
# A spelling mistake in `until` would freeze everything, without a word: check the name first. `module.eval()` on one
# layer does not touch others. How do you find out whether a layer is frozen? By its own parameters. Every layer, at
# any depth, comes by in
#
# ```python
# for module in model.modules():
#     ...
# ```
# </details>


# %% role="answer" exercise="freeze"
def freeze(model, until):
    """Freezes the parts of the model in front of the part `until`. Returns the model.

    The parts are model.named_children(), in their order. Afterwards every parameter of the parts in front of `until`
    has requires_grad False, every parameter of `until` and of the parts behind it True (also one that was frozen
    before).
    until: the name of a part; or None: everything is frozen. No mode and no number is changed.
    Raises ValueError, with nothing changed, if no part has that name.
    """
    ### BEGIN SOLUTION
    names = [name for name, _ in model.named_children()]
    if until is not None and until not in names:
        raise ValueError(f"freeze: until must be one of {', '.join(names)}, got {until!r}")
    trainable = False
    for name, part in model.named_children():
        trainable = trainable or name == until
        for parameter in part.parameters():
            parameter.requires_grad = trainable
    return model
    ### END SOLUTION


def set_bn_eval(model):
    """Puts the FROZEN batch norm layers of the model into eval mode. Returns the model.

    A batch norm layer (nn.BatchNorm1d, 2d, 3d) is frozen if none of its parameters requires a gradient. From then on
    it normalises with its running statistics and no longer changes them, until the next model.train(), which turns
    it on again: call set_bn_eval after every model.train(). All other modules, and batch norm layers that are
    trained, stay in the mode they are in. No requires_grad is changed.
    """
    ### BEGIN SOLUTION
    for module in model.modules():
        if isinstance(module, (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d)):
            frozen = not any(parameter.requires_grad for parameter in module.parameters())
            if frozen:
                module.eval()
    return model
    ### END SOLUTION


# %% role="check" exercise="freeze"
def check_freeze():
    model = GlyphNet(5, widths=(2, 3, 4, 6)).train()
    for until, first in [("stage3", 2), ("head", 5), ("stage1", 0), (None, 6)]:
        assert freeze(model, until) is model, "return the model"
        for number, (name, part) in enumerate(model.named_children()):
            wanted = number >= first
            for parameter in part.parameters():
                kind = "trained" if wanted else "frozen"
                assert parameter.requires_grad == wanted, f"until {until!r}: {name} must be {kind}"
    assert all(module.training for module in model.modules()), "freeze must not change a mode"
    freeze(model, "stage3")
    assert set_bn_eval(model) is model, "return the model"
    on = [name for name, module in model.named_modules() if name and not module.training]
    assert on == ["stage1.1", "stage2.1"], f"expected eval mode in stage1.1 and stage2.1 alone, it is in {on}"
    before = copy.deepcopy(model.state_dict())
    model(torch.randn(8, 1, 16, 16))
    changed = [name for name, value in model.state_dict().items() if not torch.equal(value, before[name])]
    assert all(name.startswith(("stage3.1", "stage4.1")) for name in changed), f"in a forward pass {changed} changed"
    assert changed, "the batch norm that is trained must go on counting"
    try:
        freeze(model, "stage9")
    except ValueError:
        print("freeze, set_bn_eval: what is frozen stays frozen.")
    else:
        raise AssertionError("there is no stage9: expected a ValueError")


check_freeze()

# %% [markdown]
# Four ways to use the same network, drawn from the models themselves. We shall try them all.

# %%
ways = {"linear probe": "head", "fine-tune the last part": "stage4", "fine-tune everything": "stage1"}
models = {name: freeze(replace_head(backbone(), 10), until) for name, until in ways.items()}
plots.trained_parts({"as it comes": freeze(backbone(), None)} | models)

# %% [markdown]
# *What to see: grey stays as it is. The numbers are parameters: a probe trains 5,130 of them, fine-tuning the last
# part 15 times as many. With 50 labels.*
#
# ### Experiment: batch norm left in training mode
#
# Only a new head is trained; everything below is frozen by `requires_grad`. Once with `set_bn_eval` after every
# `model.train()`, once without. Afterwards two questions: how well does it read digits? And, with its **old** head
# put back, does the frozen network still read letters?


# %%
def train_head(keep_batch_norm_still):
    model = freeze(replace_head(backbone(), 10), "head")
    optimizer = torch.optim.AdamW(model.head.parameters(), lr=1e-2)
    for _ in range(15):
        model.train()
        if keep_batch_norm_still:
            set_bn_eval(model)
        for images, labels in Loader(x_digits[drawn.labelled], digits.labels[drawn.labelled], 16, shuffle=True):
            optimizer.zero_grad()
            F.cross_entropy(model(images), labels).backward()
            optimizer.step()
    return model


# %%
drawn = few_labels.draw(digits.labels, 10, seed=0)
x_letters = preprocess(letters.images, log["mean"], log["std"], 32)
tests = {"digits": (x_digits[drawn.test], digits.labels[drawn.test]), "letters, old head": (x_letters, letters.labels)}
frozen = {"with set_bn_eval": train_head(True), "left in training mode": train_head(False)}
errors = {}
for name, model in frozen.items():
    with_old_head = copy.deepcopy(model)
    with_old_head.head = backbone().head
    pairs = zip(tests.items(), (model, with_old_head), strict=True)
    errors[name] = {test: 100 - 100 * evaluate(tested, Loader(*part, 256))[1] for (test, part), tested in pairs}
plots.grouped_bars(errors, "wrong (%)")

# %% [markdown]
# *What to see: the digits are read about equally well (one image in 500 is 0.2 %; three of them are no difference).
# The damage is elsewhere: with its own old head, the "frozen" network now makes ten times as many mistakes on
# letters. No weight of it has changed. Its running statistics have: they are the digits' now. Who shares one frozen
# backbone among several tasks, or resumes from it later, finds it spoilt.*
#
# The second half of the trap is forgetting `model.eval()` when the network is **used**. Then every image is
# normalised together with whatever happens to be in its batch. The same network, the same 500 digits, in batches of
# 25; first in random order, then sorted, as they might lie in folders.


# %%
@torch.no_grad()
def accuracy_in_batches(model, order):
    right = [model(x_digits[batch]).argmax(dim=1).numpy() == digits.labels[batch] for batch in np.split(order, 20)]
    return 100 * np.mean(right)


by_digit = drawn.test[digits.labels[drawn.test].argsort(kind="stable")]
model, found = copy.deepcopy(frozen["with set_bn_eval"]), {}
for mode in ("eval mode", "training mode"):
    model.train(mode == "training mode")
    orders = {"in random order": drawn.test, "sorted by digit": by_digit}
    found[mode] = {name: accuracy_in_batches(model, order) for name, order in orders.items()}
plots.grouped_bars(found, "accuracy on digits (%)")

# %% [markdown]
# *What to see: in eval mode the order makes no difference, as it should. In training mode every image is judged
# relative to its 24 neighbours: 5 points are lost in random order, and 22 when the neighbours are all alike: if all
# are sevens, batch norm subtracts just what makes them sevens.*

# %% [markdown]
# ## 8. Two learning rates
#
# The new head is random; it must learn a lot. The layers below are nearly right; they must not be destroyed by the
# large gradients that a random head sends down in the first steps. So the pretrained part gets **one tenth** of the
# head's rate. (One often reads "for fine-tuning, reduce the learning rate to a tenth". That is meant for what is
# pretrained, not for the head.)
#
# A second distinction comes from weight decay, which pulls weights towards 0. For biases and for scale and shift of
# batch norm there is no reason for that: a batch norm scale that decays just makes its channel fade. The usual rule:
# **no decay for parameters with fewer than two axes**.
#
# Optimizers take both as **parameter groups**, a list of dicts:
#
# ```python
# groups = [{"params": [w1, w2], "lr": 1e-3}, {"params": [b1, b2], "lr": 1e-3, "weight_decay": 0.0}]
# torch.optim.AdamW(groups, weight_decay=0.01)
# ```
#
# What a group does not say, it takes from the optimizer.
#
# | | two axes or more | fewer |
# |---|---|---|
# | pretrained part | `lr` | `lr`, no decay |
# | head | `lr * head_factor` | `lr * head_factor`, no decay |
#
# ### Exercise: param_groups (10 points)
#
# *25 minutes, medium.* Every parameter that is trained belongs into exactly one group; a frozen one into none; and
# there are no empty groups.
#
# Worked example: `freeze(model, "stage4")` on `GlyphNet`, `lr=0.001`. Trained are the convolution of `stage4` (lr
# 0.001), scale and shift of its batch norm (0.001, no decay), the weight of the head (0.01), the bias of the head
# (0.01, no decay): four groups, five parameters.
#
# <details><summary>Hint</summary>
#
# `parameter.ndim` counts the axes. Two tensors cannot be compared by `in` (`==` is taken entry by entry): ask for
# `id(parameter)` in a set of ids. `model.parameters()` gives a parameter that two layers share only once.
# </details>


# %% role="answer" exercise="param_groups"
def param_groups(model, lr, head_factor=10):
    """The parameters of the model in groups, for an optimizer such as torch.optim.AdamW(param_groups(...)).

    Returns a list of dicts, each with "params" (a list), "lr" and, where there must be no decay, "weight_decay":
    0.0; the other groups leave "weight_decay" to the optimizer. The head is the last nn.Linear, as in replace_head:
    its learning rate is lr * head_factor, that of all other parameters lr. No decay for biases, nor for scale and
    shift of batch norm: for all parameters with fewer than two axes. Every parameter that requires a gradient is in
    exactly one group (also where two layers share it), a frozen one in none; no group is empty.
    """
    ### BEGIN SOLUTION
    head = [module for module in model.modules() if isinstance(module, nn.Linear)][-1]
    in_head = {id(parameter) for parameter in head.parameters()}
    kinds = {}
    for parameter in model.parameters():  # gives a shared one once
        if parameter.requires_grad:
            kind = (id(parameter) in in_head, parameter.ndim < 2)
            kinds.setdefault(kind, []).append(parameter)
    groups = []
    for (is_head, no_decay), parameters in kinds.items():
        group = {"params": parameters, "lr": lr * head_factor if is_head else lr}
        if no_decay:
            group["weight_decay"] = 0.0
        groups.append(group)
    return groups
    ### END SOLUTION


# %% role="check" exercise="param_groups"
def check_param_groups():
    for until, factor in [("stage4", 10), ("stage1", 3), ("head", 10)]:
        model = freeze(GlyphNet(5, widths=(2, 3, 4, 6)), until)
        groups = param_groups(model, 0.01, factor)
        optimizer = torch.optim.AdamW(groups, lr=5.0, weight_decay=7.0)
        listed = [parameter for group in optimizer.param_groups for parameter in group["params"]]
        trained = {name: p for name, p in model.named_parameters() if p.requires_grad}
        assert len(listed) == len({id(p) for p in listed}) == len(trained), (
            f"until {until!r}: {len(trained)} parameters are trained, {len(listed)} are in the groups"
        )
        assert all(group["params"] for group in optimizer.param_groups), "a group is empty"
        settings = {id(p): (g["lr"], g["weight_decay"]) for g in optimizer.param_groups for p in g["params"]}
        for name, parameter in trained.items():
            expected = (0.01 * factor if name.startswith("head") else 0.01, 0.0 if parameter.ndim < 2 else 7.0)
            assert id(parameter) in settings, f"until {until!r}: {name} is trained and in no group"
            found = settings[id(parameter)]
            assert np.allclose(found, expected), f"{name}: expected (lr, decay) = {expected}, got {found}"
    print("param_groups: each parameter once, at its own rate.")


check_param_groups()

# %% [markdown]
# ## 9. Fine-tuning
#
# All the pieces are there. One epoch is: training mode, frozen batch norm back to eval, one step per batch. After
# each epoch the loss on the **validation** images is measured, and in the end the network goes back to the epoch
# where it was least.
#
# Why a third set? Whoever tries twenty epochs and keeps the one that is best *on the test set* has used the test set
# for training: it has chosen. The number that comes out is too good, the more so the smaller the set. With five
# labels per class it hurts to give one of them away for validation. It has to be paid.
#
# ### Exercise: finetune (16 points)
#
# *45 minutes, hard.* `loaders["train"]`, `loaders["validation"]` and perhaps `loaders["test"]` each give batches of
# images and labels; `evaluate(model, loader)` from the first cell gives `(loss, accuracy)`, and leaves the model in
# eval mode.
#
# Worked example: validation losses of 0.9, 0.5, 0.7 in three epochs: `best_epoch` is 2, and the model ends with all
# the numbers, running statistics too, that it had after epoch 2.
#
# The grading fine-tunes the letters' network on ten labels of each digit for three epochs: it must be clearly better
# than a network that starts from nothing and gets the same labels and epochs. It also follows single steps, with
# small networks.
#
# <details><summary>Hint</summary>
#
# `model.state_dict()` hands out the model's *own* tensors, which go on changing: keep
# `copy.deepcopy(model.state_dict())`. The mean over the images is not the mean over the batches when the last batch
# is smaller. A skeleton:
#
# ```python
# for epoch in range(1, epochs + 1):
#     ...  # modes
#     for images, labels in loaders["train"]:
#         ...  # one step
#     ...  # validation: is this the best epoch so far?
# ...  # back to the best one
# ```
# </details>


# %% role="answer" exercise="finetune"
def finetune(model, loaders, epochs, lr=1e-3, head_factor=10, weight_decay=0.01):
    """Trains what is not frozen of the model, and keeps the best epoch. Returns the history, a dict.

    loaders: {"train": ..., "validation": ...} and perhaps "test"; each gives batches (images, labels). The optimizer
    is one torch.optim.AdamW on param_groups(model, lr, head_factor), with weight_decay; the loss is the
    cross-entropy, one step for each batch, and every epoch is one `for` over loaders["train"]. In every epoch the
    model is in training mode, but for frozen batch norm, which stays in eval mode and does not drift. The device is
    the model's.
    After each epoch the loss on loaders["validation"] is measured in eval mode (evaluate does that). In the end the
    model, which is trained in place, has all the numbers, buffers too, of the epoch with the least validation loss
    (the first of equal ones), and is in eval mode. loaders["test"] chooses nothing: it is looked at once, in the
    end.
    history: "loss", the mean over the training images of each epoch, as the steps saw it; "validation", the
    validation loss after each epoch; "best_epoch", counted from 1; and, where there is loaders["test"], "test", the
    fraction right.
    """
    ### BEGIN SOLUTION
    device = next(model.parameters()).device
    optimizer = torch.optim.AdamW(param_groups(model, lr, head_factor), lr=lr, weight_decay=weight_decay)
    history = {"loss": [], "validation": [], "best_epoch": 0}
    least, best_state = float("inf"), None
    for epoch in range(1, epochs + 1):
        model.train()
        set_bn_eval(model)
        total, num_images = 0.0, 0
        for images, labels in loaders["train"]:
            scores = model(images.to(device))
            loss = F.cross_entropy(scores, labels.to(device))
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            total += loss.item() * len(labels)
            num_images += len(labels)
        history["loss"].append(total / num_images)
        validation_loss, _ = evaluate(model, loaders["validation"])
        history["validation"].append(validation_loss)
        if validation_loss < least:
            least, history["best_epoch"] = validation_loss, epoch
            best_state = copy.deepcopy(model.state_dict())
    model.load_state_dict(best_state)
    model.eval()
    if "test" in loaders:
        _, history["test"] = evaluate(model, loaders["test"])
    return history
    ### END SOLUTION


# %% role="check" exercise="finetune"
def check_finetune():
    torch.manual_seed(4)
    rng = np.random.default_rng(0)
    parts = [(rng.normal(size=(n, 1, 16, 16)), np.arange(n) % 3) for n in (13, 9, 8)]
    model = freeze(GlyphNet(3, widths=(2, 3, 4, 6)), "stage3")
    before = copy.deepcopy(model.state_dict())
    loaders = Loaders(*parts, batch_size=5, seed=0)
    history = finetune(model, loaders, epochs=6, lr=0.02)
    assert {"loss", "validation", "best_epoch", "test"} <= set(history), f"the history holds {sorted(history)}"
    assert len(history["loss"]) == len(history["validation"]) == 6, "one loss and one validation loss for each epoch"
    assert history["loss"][-1] < history["loss"][0], f"the training loss must fall, it was {history['loss']}"
    best = int(np.argmin(history["validation"]))
    assert history["best_epoch"] == best + 1, f"validation losses {history['validation']}: the best is epoch {best + 1}"
    assert not any(module.training for module in model.modules()), "the model must be left in eval mode"
    loss, _ = evaluate(model, loaders["validation"])
    assert abs(loss - history["validation"][best]) < 1e-5, "the model is not the one of the best epoch"
    assert history["test"] == evaluate(model, loaders["test"])[1], "test: the fraction right, in the end"
    for name, value in model.state_dict().items():
        same = torch.equal(value, before[name])
        assert same == name.startswith(("stage1", "stage2")), f"{name} has {'not ' if same else ''}changed"
    print("finetune: the best epoch by validation, and what is frozen has not moved.")


check_finetune()

# %% [markdown]
# ### Experiment: the same 100 labels, two starts
#
# Ten labels of each digit: eight to train on, two for validation. The same network from the letters' weights and from
# nothing. The network from nothing has no pretrained part to be careful with: all of it learns at one rate, three
# times as high (which was the best of those that we tried).


# %%
def digit_loaders(x, per_class, seed):
    chosen = few_labels.draw(digits.labels, per_class, seed)
    parts = [(x[part], digits.labels[part]) for part in (chosen.train, chosen.validation, chosen.test)]
    return Loaders(*parts, batch_size=16, seed=seed)


torch.manual_seed(0)
histories = {
    "fine-tune": finetune(replace_head(backbone(), 10), digit_loaders(x_digits, 10, 0), epochs=20),
    "scratch": finetune(GlyphNet(10), digit_loaders(x_digits, 10, 0), epochs=20, lr=3e-3, head_factor=1),
}
for name, history in histories.items():
    print(f"{name}: best epoch {history['best_epoch']}, {history['test']:.1%} of 500 digits right")
losses = {f"{name}, {part}": h[part] for name, h in histories.items() for part in ("loss", "validation")}
plots.lines(losses, "epoch", "cross-entropy (nats; log scale)", log=True)

# %% [markdown]
# *What to see: both learn their 80 training images by heart; the training losses fall by a factor of a thousand, and
# that says nothing. The validation loss is what differs: fine-tuning starts lower, falls faster and ends at less than
# half. The best epochs are the 11th and the 7th, and neither gets anywhere after them; with 20 validation images that
# choice is coarse.*

# %% [markdown]
# ## 10. How many labels is a letter worth?
#
# One draw of labels says little. So: 20 draws for each of 5, 10, 20 and 50 labels per digit, three methods, the same
# labels for all three. The probe has nothing to choose and learns from all of them; the other two give a fifth away
# for validation.
#
# These 240 results take too long for a notebook. They were measured by `course_lib/transfer_curves.py`, with the
# staff's version of your functions (you get it when this assignment is due), and lie beside the weights as
# `transfer_curves.json`.

# %%
curves = {name: {n: 100 * np.array(a) for n, a in by_n.items()} for name, by_n in pretrained.transfer_curves().items()}
for name, by_number in curves.items():
    print(f"{name:10}" + ", ".join(f"{n}: {a.mean():.1f} (sd {a.std(ddof=1):.1f})" for n, a in by_number.items()))
wrong = {name: {n: 100 - a for n, a in by_number.items()} for name, by_number in curves.items()}
plots.spread_curves(
    wrong, "labels per digit (log scale)", "wrong of 500 other digits (%; log scale)", log_x=True, log_y=True
)

# %% [markdown]
# *What to see: with 5 labels per digit probe and fine-tuning are equally good, and scratch makes three mistakes for
# every two of theirs, with a spread twice as large: fine-tuning is ahead of it in all 20 draws. With every step to
# the right the head start shrinks; at 50 labels scratch has caught up with fine-tuning (ahead in 10 of 20 draws) and
# overtaken the probe. Fine-tuning is better than the probe there, by 0.7 points, in 19 of 20 draws; at 5 and 10
# labels there is no difference between the two that 20 draws could show. So here **probing never beats fine-tuning**;
# but it ties with it while labels are few, in a small part of the time. And the target is easy: on a harder one, all
# these distances are larger.*
#
# Do *your* functions give what the file says? Three of the 20 draws at 5 labels per digit:

# %%
features = few_labels.scaled(extract_features(backbone(), images, "pool")[0])
for seed in range(3):
    torch.manual_seed(seed)
    tuned = finetune(replace_head(backbone(), 10), digit_loaders(x_digits, 5, seed), epochs=40)["test"]
    filed = curves["probe"][5][seed], curves["fine-tune"][5][seed]
    print(
        f"draw {seed}: probe {probe_accuracy(features, digits.labels, 5, seed):.1f} % (file {filed[0]:.1f}), "
        f"fine-tune {100 * tuned:.1f} % (file {filed[1]:.1f})"
    )

# %% [markdown]
# They do, up to the last digit or nearly so if your solution takes the same steps (another PyTorch may round
# differently). And note how much the three draws differ: whoever had tried one of them only, and one method on each,
# could have "shown" anything.
#
# A word on fairness. Which method wins depends on how well each was set up: scratch got a learning rate of its own,
# the best of three that we tried beforehand; the probe got one `l2`, fine-tuning its defaults. A comparison in which
# only one's own method was tuned is the most common way to find an improvement that is none.

# %% [markdown]
# ### Exercise: learning_curves (5 points)
#
# *15 minutes; write about ten sentences.* A colleague shows you this figure. Her target: photographs of 20 kinds of
# beetles; her source: a million photographs of everyday things. Three draws of the labels at each point; the bars are
# one standard deviation.

# %%
means = {
    "scratch": {5: 14, 10: 19, 20: 28, 50: 46, 200: 74, 1000: 91},
    "probe": {5: 52, 10: 63, 20: 70, 50: 74, 200: 76, 1000: 77},
    "fine-tune": {5: 47, 10: 61, 20: 71, 50: 81, 200: 89, 1000: 93},
}
spread = {5: 6, 10: 4, 20: 3, 50: 2, 200: 1.5, 1000: 1}
beetles = {name: {n: [m - spread[n], m, m + spread[n]] for n, m in row.items()} for name, row in means.items()}
plots.spread_curves(beetles, "labels per kind of beetle (log scale)", "accuracy (%)", log_x=True)

# %% [markdown]
# *(The numbers are invented. Each dot is a draw.)*
#
# 1. Which method do you recommend at 5, at 20 and at 200 labels per kind? Where does the figure not decide, and what
#    would you measure to decide it?
# 2. The probe hardly gains between 50 and 1,000 labels. Why, while fine-tuning goes on?
# 3. At 1,000 labels scratch comes close to fine-tuning. What does that say about the worth of pretraining? About how
#    many labels does fine-tuning save at an accuracy of 75 %?
# 4. She then tells you that in each run she kept the epoch with the best accuracy on the test images. Which of the
#    three curves is least affected, and where on the axis is the harm greatest, if her test set is always the same
#    size?

# %% [markdown] role="answer" exercise="learning_curves"
# ### BEGIN SOLUTION
# 1. At 5: the probe (52 against 47 %, though with standard deviations of 6 and three draws even that is not certain).
#    At 200: fine-tuning, by 13 points with spreads of 1.5, without doubt. At 20 probe and fine-tuning differ by 1
#    point and the bars by 3: the figure does not decide. More draws of the labels would, with both methods on the
#    *same* draws, comparing the differences draw by draw.
# 2. The probe can only recombine the features that it is given. Once W is found well, more labels do not help: what
#    the features do not tell apart, no linear layer can (bias, not variance, limits it). Fine-tuning changes the
#    features.
# 3. Pretraining is worth most when labels are few; with enough of them the network finds the features by itself, and
#    the head start disappears. Scratch reaches 75 % with about 200 labels per kind, fine-tuning with about 30
#    (between 20 and 50): it saves about 170 labels per kind, or six sevenths (for 20 kinds some 3,400 labels).
# 4. The probe: it has no epochs to choose (in closed form). The harm is greatest at the left: there training is most
#    erratic, the validation that should have chosen is missing, and the best of many noisy epochs lies furthest above
#    a typical one. With the test set's size fixed, its own noise is the same everywhere; what varies is how much the
#    epochs differ.
# ### END SOLUTION
#
# === BEGIN MARK SCHEME ===
# Five points:
#
# - **Recommendations (1.5 points).** Probe at 5, fine-tuning at 200 (half a point together); at 20 not decided,
#   because the bars overlap (half a point); more draws, the same draws for both (half a point).
# - **Saturation (1 point).** Fixed features limit the probe, fine-tuning changes them. "Too few parameters" alone:
#   half a point.
# - **Worth (1.5 points).** The advantage shrinks with labels (half a point); read at one height of the figure, about
#   200 against about 30: any answer from 130 to 190 saved, or a factor of 5 to 8 (1 point). Differences of accuracy
#   read at one number of labels: no point for it.
# - **Chosen on the test set (1 point).** The probe, since nothing is chosen (half a point); at few labels, where
#   epochs differ most (half a point).
# === END MARK SCHEME ===

# %% [markdown]
# ## 11. When pretraining harms
#
# Is a pretrained network at least never *worse* than a random one? Let us ask ours something else about the same
# digits. Half of them are now drawn dark on light. The task: **is the ink light or dark?** Any child can tell; so can
# one number, the mean of the pixels. Five labels of each kind.

# %%
ink = np.random.default_rng(0).integers(0, 2, len(digits.labels))  # 1: dark on light
mixed = np.where(ink[:, None, None, None] == 1, 1 - digits.images, digits.images)
x_mixed = preprocess(mixed, log["mean"], log["std"], 32)
shown = {("dark" if ink[i] else "light") + f" {digits.labels[i]}": mixed[i, 0] for i in range(6)}
plots.image_grid(shown, columns=6, tile=1.3)

# %% [markdown]
# **Predict.** A probe on the last features, pretrained or random: which is better? The figure answers.

# %%
by_layer = {name: probe_layers(model, x_mixed[:1000], ink[:1000]) for name, model in networks.items()}
for name, accuracies in by_layer.items():
    print(f"{name}: " + ", ".join(f"{layer} {np.mean(values):.1f} %" for layer, values in accuracies.items()))
plots.spread_curves(by_layer, "probe on the output of", "light or dark: accuracy (%)", reference=("guessing", 50))

# %% [markdown]
# *What to see: random weights tell the ink at every depth. The pretrained network knows it up to `stage3`, and has
# all but forgotten it at the end: 62 %, where guessing gives 50 %. It has not failed to learn it: it has learned to
# lose it.*
#
# And fine-tuning, which may change the features? Three draws, ten labels in all, 20 epochs, the same settings for
# both.

# %%
for name, build in {"fine-tune": lambda: replace_head(backbone(), 2), "scratch": lambda: GlyphNet(2)}.items():
    accuracies = []
    for seed in range(3):
        chosen = few_labels.draw(ink, 5, seed)
        parts = [(x_mixed[part], ink[part]) for part in (chosen.train, chosen.validation, chosen.test)]
        torch.manual_seed(seed)
        accuracies.append(finetune(build(), Loaders(*parts, batch_size=4, seed=seed), epochs=20)["test"])
    print(f"{name}: " + ", ".join(f"{accuracy:.1%}" for accuracy in accuracies))

# %% [markdown]
# Fine-tuning from letters ends below scratch in every draw, by 5 to 15 points; scratch makes no mistake at all. When
# a pretrained start gives a worse result than a random one, that is called **negative transfer**.
#
# ### Exercise: negative_transfer (5 points)
#
# *15 minutes; write about ten sentences.*
#
# 1. Explain the figure: why does the pretrained network know so little about the ink in its last features, and still
#    all of it in its first? What in the *source task* made it so?
# 2. Why does fine-tuning not repair it within 20 epochs, although it may change every weight?
# 3. How could you have found out *before* training anything for the target, with the two functions `extract_features`
#    and `linear_probe` alone? And which use of this pretrained network would have worked?
# 4. Name another pair of source and target, from practice, for which you expect negative transfer, and say which
#    property of the images is to blame.

# %% [markdown] role="answer" exercise="negative_transfer"
# ### BEGIN SOLUTION
# 1. Letters were printed light on dark and dark on light, and the label did not depend on it. To give both the same
#    score the network had to make its later features *independent* of the ink: it was rewarded for throwing just this
#    away. The early layers answer to edges and to brightness as such; there the polarity is still in the sign of the
#    contrast. The later a layer, the more it is about the source's classes, for which the ink is noise.
# 2. Fine-tuning starts at features in which both classes look nearly alike, so nearly the same gradient comes from
#    both, and it moves the pretrained part with a small learning rate, on ten labels. It has to undo an invariance in
#    the late layers first. A random network has no such invariance: its random features contain the mean brightness
#    from the beginning.
# 3. Probes layer by layer, compared with a probe on the pixels or on a random network: where the pretrained line
#    falls below the random one, the features have lost what the target needs. (With a validation part of the labels,
#    not the test set.) A probe on stage1 or stage2, or fine-tuning from there with new later layers, would have
#    worked.
# 4. Examples: a network trained with strong colour augmentation, used to tell ripe from unripe fruit (colour is to
#    blame); trained with mirrored images, used to tell left hands from right hands; on photographs of objects at any
#    size, used to measure sizes under a microscope; on natural photographs, used for spectrograms, where up and down
#    mean frequency.
# ### END SOLUTION
#
# === BEGIN MARK SCHEME ===
# Five points:
#
# - **Cause (2 points).** The source task made the label independent of the ink, so that the network learned to be
#   invariant (1 point); early layers are still generic, late ones specific to the source (1 point). "Digits and
#   letters differ" alone: nothing, since the same network reads digits well.
# - **Fine-tuning (1 point).** Starts where the classes lie on one another, moves slowly, has few labels: one of these
#   with a reason.
# - **Test and remedy (1 point).** Probes by layer against pixels or random weights (half a point); an early layer, or
#   later layers started anew (half a point).
# - **Another pair (1 point).** The property that the source makes irrelevant and the target needs, named (colour,
#   mirror image, size, orientation, texture). A pair without the property: half a point.
# === END MARK SCHEME ===

# %% [markdown]
# ## 12. Which way to go?
#
# The rules of thumb fit into a table of two by two. How many labels are there for each class? And how similar are
# target and source?
#
# | | similar | different |
# |---|---|---|
# | **few labels**, up to 20 per class | `"probe"` on the last features | `"probe_early"`, on an earlier layer |
# | **many labels** | `"finetune_last"`, the last layers | `"finetune_all"`, from the pretrained start |
#
# For few labels and a different target lecture notes often say no more than: "that may be a big problem".
#
# The boundary at 20 is ours, so that there is one; it is no law of nature.
#
# ### Exercise: choose_strategy (6 points)
#
# *10 minutes, easy.* The table as a function. Worked example: `choose_strategy(20, "similar")` is `"probe"`,
# `choose_strategy(21, "similar")` is `"finetune_last"`. A number of labels below 1, or another word, is a
# `ValueError`.


# %% role="answer" exercise="choose_strategy"
def choose_strategy(num_labels, similarity):
    """What to try first with a pretrained network: the 2x2 table.

    num_labels: labels for each class of the target set; up to 20 are "few". similarity: of target and source set,
    "similar" or "different". Returns
    - few, similar: "probe" (a linear layer on the last features)
    - few, different: "probe_early" (a linear layer on the features of an earlier layer)
    - many, similar: "finetune_last" (train the last layers)
    - many, different: "finetune_all" (train all layers, from the pretrained start)
    Raises ValueError if num_labels is below 1 or similarity is any other text.
    """
    ### BEGIN SOLUTION
    if num_labels < 1:
        raise ValueError(f"choose_strategy: num_labels must be at least 1, got {num_labels}")
    if similarity not in ("similar", "different"):
        raise ValueError(f"choose_strategy: similarity must be 'similar' or 'different', got {similarity!r}")
    few = num_labels <= 20
    if similarity == "similar":
        return "probe" if few else "finetune_last"
    return "probe_early" if few else "finetune_all"
    ### END SOLUTION


# %% role="check" exercise="choose_strategy"
def check_choose_strategy():
    corners = {(5, "similar"): "probe", (50, "different"): "finetune_all", (21, "similar"): "finetune_last"}
    for args, expected in corners.items():
        answer = choose_strategy(*args)
        assert answer == expected, f"choose_strategy{args}: expected {expected!r}, got {answer!r}"
    try:
        choose_strategy(5, "alike")
    except ValueError:
        print("choose_strategy: the table as a function.")
    else:
        raise AssertionError("similarity 'alike': expected a ValueError")


check_choose_strategy()

# %% [markdown]
# ### Experiment: is the table right?
#
# Similar: the digits. Different: the same digits with their 64 pixels in a new order, one order for all: the same
# information, and no strokes. All four ways, and scratch, with 5 and with 50 labels per class; five draws (measured
# by `course_lib/transfer_curves.py`, like the curves above; `"probe_early"` reads `stage2`).

# %%
order = np.random.default_rng(1).permutation(64)
permuted = transforms.shuffle_pixels(digits.images, order)
shown = {f"a {digits.labels[i]}": permuted[i, 0] for i in range(6)}
plots.image_grid(shown, columns=6, tile=1.3)

# %%
measured = pretrained.strategies()
tables, advice = {}, {}
for target in ("similar", "different"):
    for number in (5, 50):
        title = f"{target}, {number} labels per digit"
        advice[title] = choose_strategy(number, target)
        tables[title] = {name: 100 * np.array(by_n[number]) for name, by_n in measured[target].items()}
        means = ", ".join(f"{name} {values.mean():.1f}" for name, values in tables[title].items())
        print(f"{title}: the table says {advice[title]}; measured (%): {means}")
plots.compared_ways(tables, advice, "accuracy (%)")

# %% [markdown]
# *What to see: in red what the table says. **Similar, few:** right, the probe is first, though fine-tuning is within
# the spread. **Similar, many:** all five are within half a point; the table is not wrong, it is unnecessary.
# **Different, few:** right, and clearly: the early layer is best, and both kinds of fine-tuning are *worse than
# scratch*: negative transfer again. **Different, many:** wrong. Here too the probe on an early layer wins, together
# with scratch, and fine-tuning is two points behind. A table of two by two is a good first guess. The cheap
# comparisons (early probes, scratch) decide.*

# %% [markdown]
# ## 13. On a GPU, and with torchvision
#
# All your functions leave the model where it is and bring the images to it. So the same code runs on a GPU: the cell
# below uses one if there is one, and the CPU if not, and says which.

# %%
device = training.pick_device()
model = replace_head(backbone().to(device), 10)
history = finetune(model, digit_loaders(x_digits, 10, 1), epochs=5)
features, _ = extract_features(model, images, "pool")
print(f"on {model.head.weight.device}: {history['test']:.1%} right, epoch {history['best_epoch']}; {features.shape}")

# %% [markdown]
# Where torchvision is installed and there is a network, the weights that everybody uses load through *your* function
# (run it in a cell of your own; it downloads 45 MB). They expect colour images of 224x224 and these means and
# standard deviations:
#
# ```python
# import torchvision
# state = torch.hub.load_state_dict_from_url("https://download.pytorch.org/models/resnet18-f37072fd.pth")
# model = load_pretrained(torchvision.models.resnet18(), state, {})
# colour = np.repeat(digits.images, 3, axis=1)  # (N, 3, 8, 8): the same grey in all channels
# x = preprocess(colour[:64], (0.485, 0.456, 0.406), (0.229, 0.224, 0.225), 224)
# features, labels = extract_features(model, Loader(x, digits.labels[:64]), "avgpool")  # (64, 512)
# ```

# %% [markdown]
# ## What to remember
#
# - Early layers are generic, late ones belong to the source. Measure it: a probe on every layer costs nothing.
# - Load strictly. What was skipped silently stays random.
# - Features: eval mode, no gradients, one pass, no hook left, modes restored.
# - The statistics of the source, because the network was trained with them.
# - Frozen means: no gradient **and** batch norm in eval mode, after every `model.train()`.
# - Large rate for the new head, a tenth of it below, no decay for biases and batch norm.
# - Choose by validation; look at the test set once.
# - Always run the two cheap comparisons: a probe on the pixels, and the network from scratch. Pretraining can harm.
#
# ## Further reading
#
# - J. Yosinski, J. Clune, Y. Bengio, H. Lipson, *How transferable are features in deep neural networks?*, NIPS 2014,
#   arXiv:1411.1792. Layer by layer, from generic to specific.
# - A. Razavian, H. Azizpour, J. Sullivan, S. Carlsson, *CNN features off-the-shelf*, CVPR Workshops 2014,
#   arXiv:1403.6382. The linear probe that beat a decade of work.
# - S. Kornblith, J. Shlens, Q. Le, *Do better ImageNet models transfer better?*, CVPR 2019, arXiv:1805.08974. Sixteen
#   networks, twelve target sets, and scratch as the comparison.
# - K. He, R. Girshick, P. Dollár, *Rethinking ImageNet pre-training*, ICCV 2019, arXiv:1811.08883. With enough data
#   and patience scratch catches up.
# - A. Kumar, A. Raghunathan, R. Jones, T. Ma, P. Liang, *Fine-tuning can distort pretrained features*, ICLR 2022,
#   arXiv:2202.10054. Probe first, then fine-tune.
# - M. Raghu, C. Zhang, J. Kleinberg, S. Bengio, *Transfusion*, NeurIPS 2019, arXiv:1902.07208. Medical images: when
#   the pretrained start gives little.
# - Z. Wang, Z. Dai, B. Póczos, J. Carbonell, *Characterizing and avoiding negative transfer*, CVPR 2019,
#   arXiv:1811.09751.
# - Stanford CS231n, *Transfer Learning*, cs231n.github.io/transfer-learning. The table of two by two.
