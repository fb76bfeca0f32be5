"""Mistakes that students make in `transfer-learning`, each with the hint that it earns.

A hint says what to look at and never gives the corrected line. Where two mistakes look alike in every failed test, the
first one is named.
"""

from autograder.answers import wrong

TARGET = "target = key_map.get(name, name)"
LEFT_OUT = "        if target is None:\n            continue\n"
UNEXPECTED = "unexpected.append(name)"
TWICE = "            twice.append(target)\n"
MISSING = "missing = [target for target in own if target not in sources]"
SHAPES = "if tensor.shape != own[target].shape:"
COPY = "own[target].copy_(tensor)"
REFUSED = 'raise ValueError(f"load_pretrained: {found}")'

LOADING = [
    wrong(
        "load_pretrained",
        "strict_left_out",
        hint="What does not fit is passed over in silence (`strict=False`, or a test for what both have). A network of "
        "which half is still random looks like any other: refuse what is missing, unexpected or of another shape.",
        source="""\
def load_pretrained(model, state, key_map):
    own = model.state_dict()
    for name, tensor in state.items():
        target = key_map.get(name, name)
        if target in own and own[target].shape == tensor.shape:
            with torch.no_grad():
                own[target].copy_(tensor)
    return model
""",
    ),
    wrong(
        "load_pretrained",
        "torch_decides",
        hint="You hand everything to load_state_dict: it raises a RuntimeError, not a ValueError, and it has copied "
        "what fits by the time it raises. Look for all faults first, then copy.",
        source="""\
def load_pretrained(model, state, key_map):
    renamed = {key_map.get(name, name): tensor for name, tensor in state.items()}
    renamed.pop(None, None)
    model.load_state_dict(renamed)
    return model
""",
    ),
    wrong(
        "load_pretrained",
        "half_loaded",
        hint="Where something does not fit, the error comes after the first entries have been copied: the model is "
        "neither the old nor the new one. Copy nothing before everything has been looked at.",
        source="""\
def load_pretrained(model, state, key_map):
    own = model.state_dict()
    seen, unexpected, twice, wrong_shape = set(), [], [], []
    for name, tensor in state.items():
        target = key_map.get(name, name)
        if target is None:
            continue
        if target not in own:
            unexpected.append(name)
        elif target in seen:
            twice.append(target)
        elif tensor.shape != own[target].shape:
            seen.add(target)
            wrong_shape.append(f"{target}: {tuple(own[target].shape)} in the model, {tuple(tensor.shape)} in the file")
        else:
            seen.add(target)
            with torch.no_grad():
                own[target].copy_(tensor)
    missing = [target for target in own if target not in seen]
    if missing or unexpected or wrong_shape or twice:
        raise ValueError(f"missing {missing}, unexpected {unexpected}, wrong shape {wrong_shape}, twice {twice}")
    return model
""",
    ),
    wrong(
        "load_pretrained",
        "missing_is_taken",
        hint="Entries of the model that the file does not have stay as they were, and nothing is said. Compare the "
        "names of the model with those that were found.",
        edits={MISSING: "missing = []"},
    ),
    wrong(
        "load_pretrained",
        "missing_buffers_are_taken",
        hint="A buffer that the file does not have (a running mean, a count of batches) is not missed. Buffers are in "
        "the model's state dict too, and in no list of parameters.",
        edits={MISSING: "missing = [t for t, _ in model.named_parameters() if t not in sources]"},
    ),
    wrong(
        "load_pretrained",
        "unexpected_is_taken",
        hint="Entries of the file that the model does not have are left out in silence. Only those that key_map sends "
        "to None are meant to be left out.",
        edits={UNEXPECTED: "continue"},
    ),
    wrong(
        "load_pretrained",
        "shapes_not_compared",
        hint="Shapes are never compared: a row that fits all rows is copied into each of them, and what cannot be "
        "copied raises another error, with half of the model filled.",
        edits={SHAPES: "if False:"},
    ),
    wrong(
        "load_pretrained",
        "only_the_size_compared",
        hint="As many numbers are not the same shape: a transposed weight has as many. Compare the shapes themselves.",
        edits={
            SHAPES: "if tensor.numel() != own[target].numel():",
            COPY: "own[target].copy_(tensor.reshape(own[target].shape))",
        },
    ),
    wrong(
        "load_pretrained",
        "the_last_of_two",
        hint="Where two entries of the file lead to one of the model, the later one wins in silence. Which of them was "
        "meant, nobody knows: that is an error too.",
        edits={"        elif target in sources:\n" + TWICE: ""},
    ),
    wrong(
        "load_pretrained",
        "key_map_backwards",
        hint="You read key_map from the model's names to the file's. It leads from the names in the file to those in "
        "the model.",
        edits={TARGET: "target = {ours: theirs for theirs, ours in key_map.items()}.get(name, name)"},
    ),
    wrong(
        "load_pretrained",
        "key_map_ignored",
        hint="key_map is not used: entries whose names differ from the model's find no place.",
        edits={TARGET: "target = name"},
    ),
    wrong(
        "load_pretrained",
        "names_outside_key_map_left_out",
        hint="A name that is not in key_map is treated as if it were mapped to None. It keeps its name: None is for "
        "what is in key_map with the value None.",
        edits={TARGET: "target = key_map.get(name)"},
    ),
    wrong(
        "load_pretrained",
        "names_outside_key_map_refused",
        hint="A name that is not in key_map raises an error. It keeps its name.",
        edits={TARGET: "target = key_map[name]"},
    ),
    wrong(
        "load_pretrained",
        "none_is_no_name",
        hint="What key_map sends to None is refused as unexpected. It is to be left out on purpose.",
        edits={LEFT_OUT: ""},
    ),
    wrong(
        "load_pretrained",
        "renamed_one_after_the_other",
        hint="You rename the entries one after the other, in the same dict: where key_map exchanges two names, the "
        "second finds what the first has just put there. Map each name once.",
        edits={
            "for name in state:\n": "state = dict(state)\n    for old, new in key_map.items():\n"
            "        if old in state:\n            state[new] = state.pop(old)\n    for name in state:\n",
            TARGET: "target = name",
        },
    ),
    wrong(
        "load_pretrained",
        "key_map_must_be_complete_in_the_file",
        hint="An entry of key_map for a name that this file does not have is an error for you. Such entries mean "
        "nothing: one map may serve several files.",
        edits={
            "    faults = {": "    missing += [name for name in key_map if name not in state]\n    faults = {",
        },
    ),
    wrong(
        "load_pretrained",
        "parameters_alone",
        hint="Running means and variances are not loaded: batch norm then normalises with 0 and 1, and the network "
        "says nonsense in eval mode. They are buffers; the state dict has them beside the parameters.",
        edits={COPY: "if target in dict(model.named_parameters()):\n                own[target].copy_(tensor)"},
    ),
    wrong(
        "load_pretrained",
        "counts_of_batches_left",
        hint="The counts of batches (num_batches_tracked) are not loaded. They are entries like all others, of whole "
        "numbers.",
        edits={COPY: "if tensor.is_floating_point():\n                own[target].copy_(tensor)"},
    ),
    wrong(
        "load_pretrained",
        "tensors_of_the_file_put_in",
        hint="The model now holds the file's own tensors: with their dtype, and shared by every model that is loaded "
        "from it. Train one and the other changes. Copy the numbers into the model's own tensors.",
        edits={COPY: "own[target].data = tensor\n        model.load_state_dict(sources, assign=True)"},
    ),
    wrong(
        "load_pretrained",
        "fills_a_copy",
        hint="The model that is returned is filled, the one that was passed in is not. Fill the model itself.",
        edits={"    own = model.state_dict()\n": "    model = copy.deepcopy(model)\n    own = model.state_dict()\n"},
    ),
    wrong(
        "load_pretrained",
        "returns_nothing",
        hint="The model is filled, but not returned.",
        edits={"    return model\n": ""},
    ),
    wrong(
        "load_pretrained",
        "takes_away_from_the_file",
        hint="The entries are taken out of `state` as they are used: it is empty afterwards, and whoever loads it into "
        "another model finds nothing. Read it, and leave it as it is.",
        edits={
            "for name in state:": "for name in list(state):",
            "sources[target] = state[name]": "sources[target] = state.pop(name)",
        },
    ),
    wrong(
        "load_pretrained",
        "frozen_on_loading",
        hint="Afterwards no parameter requires a gradient: that is for `freeze`, which comes later. Loading changes "
        "numbers alone.",
        edits={"    return model\n": "    return model.requires_grad_(False)\n"},
    ),
    wrong(
        "load_pretrained",
        "first_kind_of_fault_alone",
        hint="Only one kind of fault is told at a time: whoever repairs it runs into the next. Gather all that is "
        "wrong, then raise one error.",
        edits={
            "    if any(faults.values()):\n": "    faults = next(({f: n} for f, n in faults.items() if n), {})\n"
            "    if any(faults.values()):\n"
        },
    ),
    wrong(
        "load_pretrained",
        "first_entry_alone",
        hint="Of several entries with the same fault the error names only the first. Name all of them.",
        edits={"', '.join(names)": "names[0]"},
    ),
    wrong(
        "load_pretrained",
        "nothing_named",
        hint="The error says that something is wrong and not what. Name the entries: whoever reads it has dozens.",
        edits={REFUSED: 'raise ValueError("load_pretrained: the file does not fit the model")'},
    ),
    wrong(
        "load_pretrained",
        "shapes_not_told",
        hint="For an entry of the wrong shape the error should give both shapes, the model's and the file's: that is "
        "how one sees what went wrong.",
        edits={
            'wrong_shape.append(f"{target}: {tuple(own[target].shape)} in the model, '
            '{tuple(tensor.shape)} in the file")': "wrong_shape.append(target)"
        },
    ),
    wrong(
        "load_pretrained",
        "unexpected_by_its_new_name",
        hint="What is unexpected is told by the name that key_map gave it. Nobody finds that name in the file: use the "
        "file's own.",
        edits={UNEXPECTED: "unexpected.append(target)"},
    ),
]

RESIZE = 'x = F.interpolate(x, size=(size, size), mode="bilinear", align_corners=False)'
AS_TENSOR = "x = torch.tensor(images, dtype=torch.float32)"
MEAN = "mean = torch.as_tensor(mean, dtype=torch.float32).reshape(1, -1, 1, 1)"
STD = "std = torch.as_tensor(std, dtype=torch.float32).reshape(1, -1, 1, 1)"
NORMALISED = "return (x - mean) / std"

PREPROCESSING = [
    wrong(
        "preprocess",
        "target_statistics",
        hint="You shift and scale by the mean and std of the images that come in, the TARGET set's. The network was "
        "trained on numbers that were shifted by the source set's, which are passed in.",
        edits={NORMALISED: "return (x - x.mean()) / x.std().clamp(min=1e-6)"},
    ),
    wrong(
        "preprocess",
        "statistics_of_each_image",
        hint="Each image is shifted and scaled by its own mean and std. All images get the same: those of the source "
        "set, which are passed in.",
        edits={
            NORMALISED: "return (x - x.mean((1, 2, 3), keepdim=True)) / x.std((1, 2, 3), keepdim=True).clamp(min=1e-6)"
        },
    ),
    wrong(
        "preprocess",
        "target_statistics_of_each_channel",
        hint="You take the mean and std of each channel from the images that come in. They must come from the source "
        "set, and are passed in.",
        edits={
            NORMALISED: "return (x - x.mean((0, 2, 3), keepdim=True)) / x.std((0, 2, 3), keepdim=True).clamp(min=1e-6)"
        },
    ),
    wrong(
        "preprocess",
        "range_of_the_images",
        hint="You stretch the images to the range from 0 to 1 by their own least and greatest pixel. Shift and scale "
        "by the numbers that are passed in, and by nothing else.",
        edits={NORMALISED: "x = (x - x.min()) / (x.max() - x.min()).clamp(min=1e-6)\n    return (x - mean) / std"},
    ),
    wrong(
        "preprocess",
        "never_normalised",
        hint="mean and std are not used: the network sees pixels from 0 to 1, and was trained on others.",
        edits={NORMALISED: "return x"},
    ),
    wrong(
        "preprocess",
        "not_divided",
        hint="The mean is taken away, and nothing is divided by std.",
        edits={NORMALISED: "return x - mean"},
    ),
    wrong(
        "preprocess",
        "mean_not_taken_away",
        hint="The pixels are divided by std, but their mean has not been taken away.",
        edits={NORMALISED: "return x / std"},
    ),
    wrong(
        "preprocess",
        "divided_by_the_variance",
        hint="You divide by the square of std. std is a standard deviation already.",
        edits={NORMALISED: "return (x - mean) / std**2"},
    ),
    wrong(
        "preprocess",
        "multiplied",
        hint="You multiply by std, which makes the spread smaller still: it is to become about 1.",
        edits={NORMALISED: "return (x - mean) * std"},
    ),
    wrong(
        "preprocess",
        "divided_first",
        hint="You divide by std first and take the mean away afterwards. The order matters: mean is in the unit of the "
        "pixels.",
        edits={NORMALISED: "return x / std - mean"},
    ),
    wrong(
        "preprocess",
        "mean_and_std_exchanged",
        hint="mean and std have changed places.",
        edits={NORMALISED: "return (x - std) / mean.clamp(min=1e-6)"},
    ),
    wrong(
        "preprocess",
        "divided_by_255",
        hint="You divide the pixels by 255. They are between 0 and 1 already.",
        edits={NORMALISED: "return (x / 255 - mean) / std"},
    ),
    wrong(
        "preprocess",
        "cut_off",
        hint="What comes out is cut off at 0 and 1 (or -1 and 1). Shifted and scaled pixels lie outside of that, and "
        "must.",
        edits={NORMALISED: "return ((x - mean) / std).clamp(-1, 1)"},
    ),
    wrong(
        "preprocess",
        "numbers_along_the_width",
        hint="With a mean and std for each channel, they go along the last axis, the columns. The channels are the "
        "second axis: which shape lines up with it?",
        edits={
            MEAN: "mean = torch.as_tensor(mean, dtype=torch.float32)",
            STD: "std = torch.as_tensor(std, dtype=torch.float32)",
        },
    ),
    wrong(
        "preprocess",
        "first_channel_for_all",
        hint="All channels get the numbers of the first one.",
        edits={NORMALISED: "return (x - mean[:, :1]) / std[:, :1]"},
    ),
    wrong(
        "preprocess",
        "mean_of_the_channels",
        hint="Mean and std are averaged over the channels before they are used. Each channel has its own.",
        edits={NORMALISED: "return (x - mean.mean()) / std.mean()"},
    ),
    wrong(
        "preprocess",
        "not_resized",
        hint="The images keep their size: `size` is not used.",
        edits={RESIZE: "pass"},
    ),
    wrong(
        "preprocess",
        "nearest_pixel",
        hint="Each new pixel is a copy of the nearest old one. Bilinear interpolation mixes four of them.",
        edits={RESIZE: 'x = F.interpolate(x, size=(size, size), mode="nearest")'},
    ),
    wrong(
        "preprocess",
        "bicubic",
        hint="You interpolate with cubic curves, which overshoot at edges. Bilinear is asked for.",
        edits={RESIZE: 'x = F.interpolate(x, size=(size, size), mode="bicubic", align_corners=False)'},
    ),
    wrong(
        "preprocess",
        "corners_aligned",
        hint="The middles of the corner pixels stay in the corners (align_corners=True). The other way the pixels are "
        "areas, and the borders of the image stay where they are.",
        edits={RESIZE: 'x = F.interpolate(x, size=(size, size), mode="bilinear", align_corners=True)'},
    ),
    wrong(
        "preprocess",
        "smoothed_when_shrunk",
        hint="Images that are made smaller are smoothed first (antialias). That is often wise, but not what is asked "
        "for here.",
        edits={RESIZE: 'x = F.interpolate(x, size=(size, size), mode="bilinear", align_corners=False, antialias=True)'},
    ),
    wrong(
        "preprocess",
        "size_as_a_factor",
        hint="Your images become `size` TIMES as large. size is the number of pixels of a side.",
        edits={RESIZE: 'x = F.interpolate(x, scale_factor=size, mode="bilinear", align_corners=False)'},
    ),
    wrong(
        "preprocess",
        "whole_factors_alone",
        hint="You enlarge by a whole factor, so that the size is right only where it is a multiple of the old one.",
        edits={
            RESIZE: 'x = F.interpolate(x, scale_factor=max(size // x.shape[-1], 1), mode="bilinear", '
            "align_corners=False)"
        },
    ),
    wrong(
        "preprocess",
        "same_factor_both_ways",
        hint="Images that are not square stay so: both sides are scaled by the same factor. size x size is asked for.",
        edits={
            RESIZE: "height = round(x.shape[2] * size / x.shape[3])\n"
            '    x = F.interpolate(x, size=(height, size), mode="bilinear", align_corners=False)'
        },
    ),
    wrong(
        "preprocess",
        "padded",
        hint="You put a frame of zeros around the images. They are to be enlarged.",
        edits={
            RESIZE: "down, right = size - x.shape[2], size - x.shape[3]\n"
            "    x = F.pad(x, (right // 2, right - right // 2, down // 2, down - down // 2))"
        },
    ),
    wrong(
        "preprocess",
        "float64_comes_out",
        hint="What comes out is float64 where the images were. The network's weights are float32, and will not "
        "take it.",
        edits={AS_TENSOR: "x = torch.tensor(images)"},
    ),
    wrong(
        "preprocess",
        "writes_into_the_images",
        hint="The images that were passed in are changed: torch.from_numpy and torch.as_tensor share the memory of the "
        "array, and you write into it. Work on a copy.",
        edits={
            AS_TENSOR: "x = torch.as_tensor(images, dtype=torch.float32)\n    x -= "
            "torch.as_tensor(mean).reshape(1, -1, 1, 1)",
            NORMALISED: "return x / std",
        },
    ),
]


KEEP = "features.append(output.detach().flatten(1).cpu().numpy().copy())"
HOOK = "hook = model.get_submodule(layer).register_forward_hook(keep)"
EVAL = "    model.eval()\n    try:\n"
RUN = "model(images.to(device))"
PUT_BACK = "        for module, mode in modes.items():\n            module.training = mode\n"
UNHOOK = "        hook.remove()\n"
FEATURES = "return np.concatenate(features), np.concatenate(labels)"

FEATURE_TAKING = [
    wrong(
        "extract_features",
        "train_mode",
        hint="The features are taken in the mode in which the model comes. In train mode batch norm normalises with "
        "each batch's own statistics, and moves its running ones, and dropout throws features away.",
        edits={EVAL: "    try:\n"},
    ),
    wrong(
        "extract_features",
        "put_into_train_mode",
        hint="You put the model into train mode before the images go through: batch norm and dropout are then on. "
        "Features are taken in eval mode.",
        edits={EVAL: "    model.train()\n    try:\n"},
    ),
    wrong(
        "extract_features",
        "left_in_eval_mode",
        hint="Afterwards the model is in eval mode, whatever mode it was in before: who goes on training it trains "
        "without dropout, and with running statistics that stand still.",
        edits={PUT_BACK: ""},
    ),
    wrong(
        "extract_features",
        "left_in_train_mode",
        hint="Afterwards the model is in train mode, whatever mode it was in before. Note the modes first, and put "
        "them back.",
        edits={PUT_BACK: "        model.train()\n"},
    ),
    wrong(
        "extract_features",
        "one_mode_for_all",
        hint="Only the mode of the model as a whole is put back, for all modules alike. A frozen batch norm may be in "
        "eval mode inside a model that trains: each module has a mode of its own.",
        edits={PUT_BACK: "        model.train(modes[model])\n"},
    ),
    wrong(
        "extract_features",
        "modes_not_put_back_after_an_error",
        hint="When the model raises an error half-way, the modes are not put back. What must happen in any case "
        "belongs into `finally`, or into a context manager.",
        edits={
            PUT_BACK: "",
            FEATURES: "for module, mode in modes.items():\n        module.training = mode\n    " + FEATURES,
        },
    ),
    wrong(
        "extract_features",
        "hook_left",
        hint="The hook is still on the model afterwards: from now on every pass adds to a list that nobody reads. "
        "register_forward_hook returns a handle for this purpose.",
        edits={UNHOOK: ""},
    ),
    wrong(
        "extract_features",
        "hook_left_after_an_error",
        hint="When the model raises an error half-way, the hook stays on it. What must happen in any case belongs into "
        "`finally`, or into a context manager.",
        edits={UNHOOK: "", FEATURES: "hook.remove()\n    " + FEATURES},
    ),
    wrong(
        "extract_features",
        "gradients_recorded",
        hint="Gradients are recorded while the images go through: every layer's output is kept in memory for a pass "
        "backward that never comes.",
        edits={"with torch.no_grad():": "with torch.enable_grad():"},
    ),
    wrong(
        "extract_features",
        "frozen_for_good",
        hint="You switch requires_grad off for the model's parameters, and they stay so: nothing of it can be trained "
        "afterwards. There is a way that ends with the block.",
        edits={EVAL: "    model.eval().requires_grad_(False)\n    try:\n"},
    ),
    wrong(
        "extract_features",
        "last_batch_alone",
        hint="Only the last batch's features come back: each batch replaces what was kept of the one before.",
        edits={FEATURES: "return features[-1], labels[-1]"},
    ),
    wrong(
        "extract_features",
        "labels_of_the_last_batch",
        hint="The features are those of all batches, the labels those of the last one.",
        edits={FEATURES: "return np.concatenate(features), labels[-1]"},
    ),
    wrong(
        "extract_features",
        "short_batch_dropped",
        hint="The last batch, which is smaller, is missing: every image has a row.",
        edits={
            FEATURES: "full = [i for i, part in enumerate(labels) if len(part) == len(labels[0])]\n"
            "    return np.concatenate([features[i] for i in full]), np.concatenate([labels[i] for i in full])"
        },
    ),
    wrong(
        "extract_features",
        "batches_in_reverse",
        hint="The batches of the features come in another order than those of the loader: the last first.",
        edits={KEEP: "features.insert(0, output.detach().flatten(1).cpu().numpy().copy())"},
    ),
    wrong(
        "extract_features",
        "rows_shuffled",
        hint="The rows come in an order of their own: something in your function shuffles them. The loader's order is "
        "to be kept.",
        edits={
            FEATURES: "order = np.random.permutation(len(np.concatenate(labels)))\n"
            "    return np.concatenate(features)[order], np.concatenate(labels)[order]"
        },
    ),
    wrong(
        "extract_features",
        "features_shuffled_alone",
        hint="The features are shuffled, and the labels are not: a row and its label belong to different images.",
        edits={FEATURES: "return np.random.permutation(np.concatenate(features)), np.concatenate(labels)"},
    ),
    wrong(
        "extract_features",
        "loader_gone_through_twice",
        hint="The loader is gone through twice, once for the features and once for the labels. A loader that shuffles "
        "gives another order the second time: no row has its own label any more.",
        edits={
            "                labels.append(np.asarray(batch_labels))\n": "                pass\n",
            FEATURES: "labels = [np.asarray(batch_labels) for _, batch_labels in loader]\n    " + FEATURES,
        },
    ),
    wrong(
        "extract_features",
        "model_run_twice",
        hint="Every batch goes through the model more than once.",
        edits={
            RUN: "model(images.to(device))\n                features.pop()\n                model(images.to(device))"
        },
    ),
    wrong(
        "extract_features",
        "output_of_the_model",
        hint="What comes back are the outputs of the whole model, its scores. The features are what comes out of the "
        "layer that was named.",
        edits={HOOK: "hook = model.register_forward_hook(keep)"},
    ),
    wrong(
        "extract_features",
        "input_of_the_layer",
        hint="What comes back is what goes INTO the layer. A forward hook gets both: (module, inputs, output).",
        edits={
            "def keep(_module, _inputs, output):\n": "def keep(_module, inputs, _output):\n        (output,) = inputs\n"
        },
    ),
    wrong(
        "extract_features",
        "top_layers_alone",
        hint="A layer inside a block is not found: its name, such as '4.0', is a path. named_modules() knows it, and "
        "nn.Module has a method that follows it.",
        edits={HOOK: "hook = dict(model.named_children())[layer].register_forward_hook(keep)"},
    ),
    wrong(
        "extract_features",
        "layers_one_after_the_other",
        hint="You run the model's own layers one after the other until the one that was named. That finds no layer "
        "inside a block, and is wrong for every model whose forward does more than that.",
        source="""\
def extract_features(model, loader, layer):
    modes = {module: module.training for module in model.modules()}
    model.eval()
    features, labels = [], []
    with torch.no_grad():
        for images, batch_labels in loader:
            x = images
            for name, child in model.named_children():
                x = child(x)
                if name == layer:
                    features.append(x.flatten(1).numpy().copy())
            labels.append(np.asarray(batch_labels))
    for module, mode in modes.items():
        module.training = mode
    return np.concatenate(features), np.concatenate(labels)
""",
    ),
    wrong(
        "extract_features",
        "not_flattened",
        hint="The features have the layer's shape. One row for each image is asked for: flatten everything but the "
        "axis of the images.",
        edits={KEEP: "features.append(output.detach().cpu().numpy().copy())"},
    ),
    wrong(
        "extract_features",
        "images_flattened_too",
        hint="The axis of the images has been flattened as well: all that is left is one long row.",
        edits={KEEP: "features.append(output.detach().flatten().cpu().numpy().copy())"},
    ),
    wrong(
        "extract_features",
        "mean_over_places",
        hint="You take the mean over the places of a map. All numbers that the layer gives are asked for, flattened.",
        edits={KEEP: "features.append(output.detach().reshape(*output.shape[:2], -1).mean(-1).cpu().numpy().copy())"},
    ),
    wrong(
        "extract_features",
        "channels_last",
        hint="The channels have become the last axis before you flatten: the numbers of a row come in another order.",
        edits={KEEP: "features.append(output.detach().movedim(1, -1).flatten(1).cpu().numpy().copy())"},
    ),
    wrong(
        "extract_features",
        "squeezed",
        hint="A batch of a single image loses its axis: `squeeze` takes away every axis of length 1.",
        edits={KEEP: "features.append(output.detach().flatten(1).squeeze().cpu().numpy().copy())"},
    ),
    wrong(
        "extract_features",
        "not_copied",
        hint="You keep the tensor that the layer gave, not its numbers at that moment. A next layer that writes in "
        "place (ReLU with inplace=True) changes them afterwards.",
        edits={KEEP: "features.append(output.detach().flatten(1).cpu().numpy())"},
    ),
    wrong(
        "extract_features",
        "labels_first",
        hint="Labels and features have changed places in what you return.",
        edits={FEATURES: "return np.concatenate(labels), np.concatenate(features)"},
    ),
    wrong(
        "extract_features",
        "errors_hidden",
        hint="An error that the model raises is caught, and nobody hears of it: some images are missing without a "
        "word. Clean up, and let the error through.",
        edits={"    finally:\n": "    except Exception:\n        pass\n    finally:\n"},
    ),
]

RIDGE = """\
def linear_probe(features, labels, l2):
    features = np.asarray(features, dtype=np.float64)
    targets = np.eye(labels.max() + 1)[labels]  # (N, K)
    feature_mean, target_mean = features.mean(axis=0), targets.mean(axis=0)
    centred = features - feature_mean
    covariance = centred.T @ centred / len(features)  # (D, D)
    correlation = centred.T @ (targets - target_mean) / len(features)  # (D, K)
    weight = np.linalg.solve(covariance + l2 * np.eye(features.shape[1]), correlation).T
    bias = target_mean - weight @ feature_mean  # the plane goes through the means
    return weight, bias
"""
ONEHOT = "targets = np.eye(labels.max() + 1)[labels]  # (N, K)"
COVARIANCE = "covariance = centred.T @ centred / len(features)  # (D, D)"
CORRELATION = "correlation = centred.T @ (targets - target_mean) / len(features)  # (D, K)"
CENTRED = "centred = features - feature_mean"
WEIGHT = "weight = np.linalg.solve(covariance + l2 * np.eye(features.shape[1]), correlation).T"
BIAS = "bias = target_mean - weight @ feature_mean  # the plane goes through the means"
RESULT = "return weight, bias"

SOFTMAX = """\
def linear_probe(features, labels, l2):
    x = torch.tensor(np.asarray(features), dtype=torch.float64)
    y = torch.tensor(np.asarray(labels), dtype=torch.int64)
    k = int(labels.max()) + 1
    weight = torch.zeros(k, x.shape[1], dtype=torch.float64, requires_grad=True)
    bias = torch.zeros(k, dtype=torch.float64, requires_grad=True)
    optimizer = torch.optim.LBFGS(
        [weight, bias], max_iter=500, tolerance_grad=1e-9, tolerance_change=1e-14, line_search_fn="strong_wolfe"
    )

    def closure():
        optimizer.zero_grad()
        loss = LOSS
        loss.backward()
        return loss

    optimizer.step(closure)
    return weight.detach().numpy(), bias.detach().numpy()
"""


def softmax_with(loss):
    return SOFTMAX.replace("LOSS", loss)


def ridge_with(edits):
    text = RIDGE
    for old, new in edits.items():
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    return text


PROBING = [
    wrong(
        "linear_probe",
        "bias_penalised",
        hint="The bias is penalised like the weights. That pulls the scores towards zero, wherever the features lie: "
        "leave it out of the penalty.",
        source=ridge_with(
            {
                CENTRED: "features = np.hstack([features, np.ones((len(features), 1))])\n    centred = features",
                CORRELATION: "correlation = centred.T @ targets / len(features)",
                BIAS: "weight, bias = weight[:, :-1], weight[:, -1]",
            }
        ),
    ),
    wrong(
        "linear_probe",
        "softmax_bias_penalised",
        hint="The bias is in your penalty (or your optimizer's weight_decay). Only the weights belong there.",
        source=softmax_with("F.cross_entropy(x @ weight.T + bias, y) + l2 / 2 * ((weight**2).sum() + (bias**2).sum())"),
    ),
    wrong(
        "linear_probe",
        "no_bias",
        hint="The bias is zero: the planes between the classes then go through the origin, and the features lie "
        "elsewhere.",
        source=ridge_with(
            {
                CENTRED: "centred = features",
                CORRELATION: "correlation = centred.T @ targets / len(features)",
                BIAS: "bias = np.zeros(len(weight))",
            }
        ),
    ),
    wrong(
        "linear_probe",
        "bias_forgotten_after_centring",
        hint="You centre the features to find the weights, and forget that in the bias: it belongs to centred "
        "features, "
        "and the scores are taken of the features as they are.",
        source=ridge_with({BIAS: "bias = target_mean"}),
    ),
    wrong(
        "linear_probe",
        "targets_not_centred_bias_of_zero",
        hint="The features are centred, and the bias is only what undoes that. The mean of the targets is "
        "missing in it.",
        source=ridge_with({BIAS: "bias = -weight @ feature_mean"}),
    ),
    wrong(
        "linear_probe",
        "no_penalty",
        hint="l2 is not used: these are the least squares without a penalty.",
        source=ridge_with({WEIGHT: "weight = (np.linalg.pinv(covariance) @ correlation).T"}),
    ),
    wrong(
        "linear_probe",
        "softmax_no_penalty",
        hint="l2 is not used: without the penalty the weights grow as long as the search goes on.",
        source=softmax_with("F.cross_entropy(x @ weight.T + bias, y) + 1e-6 * (weight**2).sum()"),
    ),
    wrong(
        "linear_probe",
        "sum_over_the_images",
        hint="The errors are summed over the images (or the penalty is divided by their number as well): "
        "against that sum "
        "the penalty is N times too weak.",
        source=ridge_with(
            {
                COVARIANCE: "covariance = centred.T @ centred",
                CORRELATION: "correlation = centred.T @ (targets - target_mean)",
            }
        ),
    ),
    wrong(
        "linear_probe",
        "softmax_sum_over_the_images",
        hint="The cross-entropy is summed over the images, not averaged: the penalty is N times too weak.",
        source=softmax_with("F.cross_entropy(x @ weight.T + bias, y, reduction='sum') + l2 / 2 * (weight**2).sum()"),
    ),
    wrong(
        "linear_probe",
        "half_the_penalty",
        hint="Your penalty is half of what ridge asks for: there the errors are not halved, so neither is the penalty.",
        source=ridge_with(
            {WEIGHT: "weight = np.linalg.solve(covariance + l2 / 2 * np.eye(features.shape[1]), correlation).T"}
        ),
    ),
    wrong(
        "linear_probe",
        "twice_the_penalty",
        hint="Your penalty is twice what the softmax objective asks for: l2/2 times the sum of squares, which is what "
        "weight_decay=l2 does.",
        source=softmax_with("F.cross_entropy(x @ weight.T + bias, y) + l2 * (weight**2).sum()"),
    ),
    wrong(
        "linear_probe",
        "norm_not_squared",
        hint="You add the norm of the weights; the sum of their squares is asked for.",
        source=softmax_with("F.cross_entropy(x @ weight.T + bias, y) + l2 / 2 * (weight**2).sum().add(1e-12).sqrt()"),
    ),
    wrong(
        "linear_probe",
        "absolute_values",
        hint="You add the absolute values of the weights: that is l1. The sum of squares is asked for.",
        source=softmax_with("F.cross_entropy(x @ weight.T + bias, y) + l2 / 2 * weight.abs().sum()"),
    ),
    wrong(
        "linear_probe",
        "mean_of_the_squares",
        hint="You take the mean of the squared weights. Their sum is asked for: otherwise the penalty depends on how "
        "many features there are.",
        source=softmax_with("F.cross_entropy(x @ weight.T + bias, y) + l2 / 2 * (weight**2).mean()"),
    ),
    wrong(
        "linear_probe",
        "stopped_too_early",
        hint="The search stops long before the minimum: a few steps of gradient descent are not enough. L-BFGS, or the "
        "closed form, gets there.",
        source=softmax_with("F.cross_entropy(x @ weight.T + bias, y) + l2 / 2 * (weight**2).sum()").replace(
            "max_iter=500", "max_iter=6"
        ),
    ),
    wrong(
        "linear_probe",
        "a_hundred_steps_of_descent",
        hint="A hundred steps of plain gradient descent come near the minimum along some directions, and hardly move "
        "along others. L-BFGS, or the closed form, gets there.",
        source="""\
def linear_probe(features, labels, l2):
    x, y = np.asarray(features, dtype=np.float64), np.eye(labels.max() + 1)[labels]
    weight, bias = np.zeros((y.shape[1], x.shape[1])), np.zeros(y.shape[1])
    for _ in range(100):
        scores = x @ weight.T + bias
        p = np.exp(scores - scores.max(1, keepdims=True))
        p /= p.sum(1, keepdims=True)
        dscores = (p - y) / len(x)
        weight -= 0.1 * (dscores.T @ x + l2 * weight)
        bias -= 0.1 * dscores.sum(0)
    return weight, bias
""",
    ),
    wrong(
        "linear_probe",
        "squared_softmax",
        hint="You put the scores through a softmax and then through cross_entropy, which does that itself: twice is "
        "once too often.",
        source=softmax_with("F.cross_entropy((x @ weight.T + bias).softmax(1), y) + l2 / 2 * (weight**2).sum()"),
    ),
    wrong(
        "linear_probe",
        "labels_as_numbers",
        hint="The labels are fitted as numbers, one row of weights for all classes: class 2 then lies between 1 and 3. "
        "Each class needs scores of its own.",
        source=ridge_with({ONEHOT: "targets = np.asarray(labels, dtype=float)[:, None]"}),
    ),
    wrong(
        "linear_probe",
        "targets_of_minus_one",
        hint="Your targets are -1 and 1: the objective asks for the one-hot rows, 0 and 1.",
        source=ridge_with({ONEHOT: "targets = 2 * np.eye(labels.max() + 1)[labels] - 1"}),
    ),
    wrong(
        "linear_probe",
        "classes_that_occur",
        hint="A class without any image gets no row, and the rows behind it move up. K is the greatest label plus 1.",
        source=ridge_with({ONEHOT: "targets = (np.asarray(labels)[:, None] == np.unique(labels)).astype(float)"}),
    ),
    wrong(
        "linear_probe",
        "ten_classes",
        hint="There are always ten rows. K is the greatest label plus 1.",
        source=ridge_with({ONEHOT: "targets = np.eye(10)[labels]"}),
    ),
    wrong(
        "linear_probe",
        "one_class_too_few",
        hint="The last class has no row: labels count from 0, so K is the greatest label PLUS 1.",
        source=ridge_with({RESULT: "return weight[:-1], bias[:-1]"}),
    ),
    wrong(
        "linear_probe",
        "transposed",
        hint="weight comes out as (D, K). nn.Linear keeps it as (K, D), one row for each class.",
        source=ridge_with({RESULT: "return weight.T, bias"}),
    ),
    wrong(
        "linear_probe",
        "bias_as_a_row",
        hint="The bias has the shape (1, K): K numbers are asked for.",
        source=ridge_with({RESULT: "return weight, bias[None]"}),
    ),
    wrong(
        "linear_probe",
        "standardised_features",
        hint="You divide the features by their spread, and the weights belong to those divided ones: whoever uses them "
        "on the features as they are gets other scores. (The penalty, too, is another one.)",
        source=ridge_with({CENTRED: "centred = (features - feature_mean) / (features.std(axis=0) + 1e-12)"}),
    ),
    wrong(
        "linear_probe",
        "mean_of_each_class",
        hint="You compare with the mean of each class. That is a linear classifier too, but not the minimum that is "
        "asked for.",
        source=ridge_with(
            {
                RESULT: "counts = targets.sum(axis=0)[:, None]\n"
                "    weight = (targets.T @ features) / np.maximum(counts, 1)\n"
                "    return weight, -0.5 * np.sum(weight**2, axis=1)"
            }
        ),
    ),
    wrong(
        "linear_probe",
        "writes_into_the_features",
        hint="The features that were passed in are centred in place: they are changed afterwards, and a second call "
        "gives another bias.",
        source=ridge_with(
            {
                "features = np.asarray(features, dtype=np.float64)": "features = np.asarray(features)",
                CENTRED: "features -= feature_mean\n    centred = features",
            }
        ),
    ),
]

OLD_HEAD = "name = [name for name, module in model.named_modules() if isinstance(module, nn.Linear)][-1]"
NEW_HEAD = "new = nn.Linear(old.in_features, num_classes, device=old.weight.device, dtype=old.weight.dtype)"
SET_HEAD = "setattr(model.get_submodule(parent), child, new)"

HEADS = [
    wrong(
        "replace_head",
        "outputs_renamed",
        hint="You set `out_features`, which is a note only: the weight is still the old one, with its old rows.",
        edits={SET_HEAD: "old.out_features = num_classes"},
    ),
    wrong(
        "replace_head",
        "put_behind_the_old_head",
        hint="The new layer comes BEHIND the old head, and sees its scores instead of the features. It belongs in the "
        "old head's place.",
        edits={NEW_HEAD: "new = nn.Sequential(old, nn.Linear(old.out_features, num_classes))"},
    ),
    wrong(
        "replace_head",
        "takes_the_old_classes",
        hint="The new layer takes as many numbers as the old head GAVE. In its place it gets what the old one took.",
        edits={NEW_HEAD: "new = nn.Linear(old.out_features, num_classes)"},
    ),
    wrong(
        "replace_head",
        "first_linear_layer",
        hint="You replace the first linear layer. Where there are several, the head is the last one.",
        edits={OLD_HEAD: OLD_HEAD.replace("[-1]", "[0]")},
    ),
    wrong(
        "replace_head",
        "every_linear_layer",
        hint="Every linear layer is replaced: those in front of the head were pretrained too.",
        edits={
            SET_HEAD: "for name, module in list(model.named_modules()):\n"
            "        if isinstance(module, nn.Linear):\n"
            "            size = num_classes if module is old else module.out_features\n"
            "            parent, _, child = name.rpartition('.')\n"
            "            setattr(model.get_submodule(parent), child, nn.Linear(module.in_features, size))"
        },
    ),
    wrong(
        "replace_head",
        "only_under_the_name_head",
        hint="You look for a head under one name. Networks call it head, fc, classifier or 6: it is the last nn.Linear "
        "of named_modules().",
        edits={
            OLD_HEAD: "name = 'head'",
            "old = model.get_submodule(name)": "old = getattr(model, name)",
        },
    ),
    wrong(
        "replace_head",
        "top_layers_alone",
        hint="A head inside a block is not found: you look through the model's own layers alone.",
        edits={OLD_HEAD: OLD_HEAD.replace("named_modules", "named_children")},
    ),
    wrong(
        "replace_head",
        "dotted_name_as_an_attribute",
        hint="A head inside a block has a name with dots in it, such as 2.1.0, and no attribute of the model has that "
        "name. Find its parent first.",
        edits={SET_HEAD: "setattr(model, name, new)"},
    ),
    wrong(
        "replace_head",
        "last_module",
        hint="You take the last module of the model for its head. Behind the last linear layer there may be something "
        "without parameters, a LogSoftmax for instance.",
        edits={OLD_HEAD: "name = [name for name, module in model.named_modules() if not list(module.children())][-1]"},
    ),
    wrong(
        "replace_head",
        "rows_of_the_old_head_kept",
        hint="Rows of the old head are copied into the new one: they answer for other classes. The new head starts "
        "afresh.",
        edits={
            SET_HEAD: SET_HEAD + "\n    with torch.no_grad():\n        rows = min(num_classes, old.out_features)\n"
            "        new.weight[:rows] = old.weight[:rows]"
        },
    ),
    wrong(
        "replace_head",
        "kept_where_the_number_fits",
        hint="Where the old head has as many classes by chance, you keep it. They are other classes all the same.",
        edits={SET_HEAD: "if num_classes != old.out_features:\n        " + SET_HEAD},
    ),
    wrong(
        "replace_head",
        "starts_at_zero",
        hint="The new head starts with zeros. Start as PyTorch starts an nn.Linear.",
        edits={SET_HEAD: "nn.init.zeros_(new.weight)\n    nn.init.zeros_(new.bias)\n    " + SET_HEAD},
    ),
    wrong(
        "replace_head",
        "starts_otherwise",
        hint="You draw the new weight from another distribution (normal, Xavier, Kaiming). As PyTorch starts an "
        "nn.Linear is asked for.",
        edits={SET_HEAD: "nn.init.kaiming_normal_(new.weight)\n    " + SET_HEAD},
    ),
    wrong(
        "replace_head",
        "no_bias",
        hint="The new head has no bias.",
        edits={NEW_HEAD: NEW_HEAD.replace("num_classes,", "num_classes, bias=False,")},
    ),
    wrong(
        "replace_head",
        "bias_as_the_old_head",
        hint="Where the old head had no bias, the new one has none either. It always has one.",
        edits={NEW_HEAD: NEW_HEAD.replace("num_classes,", "num_classes, bias=old.bias is not None,")},
    ),
    wrong(
        "replace_head",
        "frozen_as_the_old_head",
        hint="The new head is frozen where the old one was: then nothing is left to learn. A new head is to be "
        "trained.",
        edits={SET_HEAD: "new.requires_grad_(old.weight.requires_grad)\n    " + SET_HEAD},
    ),
    wrong(
        "replace_head",
        "freezes_the_rest",
        hint="Everything but the head is frozen afterwards. That is for `freeze`: here only the head changes.",
        edits={SET_HEAD: "model.requires_grad_(False)\n    " + SET_HEAD},
    ),
    wrong(
        "replace_head",
        "starts_everything_afresh",
        hint="The whole network starts afresh: what it had learned is gone. Only the head is new.",
        edits={
            SET_HEAD: SET_HEAD + "\n    for module in model.modules():\n"
            "        if hasattr(module, 'reset_parameters'):\n            module.reset_parameters()"
        },
    ),
    wrong(
        "replace_head",
        "batch_norm_starts_afresh",
        hint="The running statistics of batch norm are lost: only the head is to change.",
        edits={
            SET_HEAD: SET_HEAD + "\n    for module in model.modules():\n"
            "        if hasattr(module, 'reset_running_stats'):\n            module.reset_running_stats()"
        },
    ),
    wrong(
        "replace_head",
        "changes_a_copy",
        hint="The model that is returned has a new head, the one that was passed in has the old one.",
        edits={"    old = model": "    model = copy.deepcopy(model)\n    old = model"},
    ),
    wrong(
        "replace_head",
        "returns_nothing",
        hint="The head is replaced, but the model is not returned.",
        edits={"    return model\n": ""},
    ),
    wrong(
        "replace_head",
        "puts_the_model_into_eval_mode",
        hint="The modes of the model change: only the head is to.",
        edits={"    return model\n": "    return model.eval()\n"},
    ),
    wrong(
        "replace_head",
        "squashed_scores",
        hint="A softmax stands behind the new head. Scores are asked for: the loss does the rest.",
        edits={SET_HEAD: "new.register_forward_hook(lambda _m, _i, out: out.softmax(dim=1))\n    " + SET_HEAD},
    ),
]


UNKNOWN = "    if until is not None and until not in names:\n"
REFUSE_PART = """        raise ValueError(f"freeze: until must be one of {', '.join(names)}, got {until!r}")\n"""
TRAINABLE = "trainable = trainable or name == until"
PARAMETERS = "for parameter in part.parameters():"
SWITCH = "parameter.requires_grad = trainable"
BODY = (
    "        for parameter in part.parameters():\n            parameter.requires_grad = trainable\n    return model\n"
)
ALL_NORMS = "if isinstance(module, (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d)):"
IS_FROZEN = "frozen = not any(parameter.requires_grad for parameter in module.parameters())"
NORM_LOOP = "    for module in model.modules():\n"
INTO_EVAL = "                module.eval()\n"

FREEZING = [
    wrong(
        "freeze",
        "until_frozen_too",
        hint="The part `until` itself is frozen. What lies in front of it is to be frozen; with it, training begins.",
        edits={
            TRAINABLE: "pass",
            BODY: BODY.replace("    return", "        trainable = trainable or name == until\n    return"),
        },
    ),
    wrong(
        "freeze",
        "the_wrong_side",
        hint="You freeze `until` and what is behind it, and train what is in front. The first layers hold what is "
        "general, and stay; the last ones are to learn.",
        edits={SWITCH: "parameter.requires_grad = not trainable and until is not None"},
    ),
    wrong(
        "freeze",
        "until_alone_is_trained",
        hint="Only the part `until` is trained: those behind it are frozen. They are to be trained as well.",
        edits={TRAINABLE: "trainable = name == until"},
    ),
    wrong(
        "freeze",
        "nothing_is_frozen",
        hint="Everything is still trained: `requires_grad` of a MODULE is an attribute that nobody reads. It is the "
        "parameters that have one (or use requires_grad_).",
        edits={BODY: "        part.requires_grad = trainable\n    return model\n"},
    ),
    wrong(
        "freeze",
        "weights_alone",
        hint="Only weights are frozen: biases, and the shift of batch norm, are still trained.",
        edits={
            PARAMETERS: "for name_, parameter in part.named_parameters():",
            SWITCH: "parameter.requires_grad = trainable or 'bias' in name_",
        },
    ),
    wrong(
        "freeze",
        "batch_norm_left",
        hint="Scale and shift of batch norm are still trained in the frozen parts: all parameters are to be frozen.",
        edits={SWITCH: "parameter.requires_grad = trainable or parameter.ndim < 2"},
    ),
    wrong(
        "freeze",
        "not_thawed",
        hint="What was frozen before stays frozen, although it lies behind `until`. Afterwards `until` and all "
        "behind it "
        "are to be trained.",
        edits={SWITCH: "parameter.requires_grad = parameter.requires_grad and trainable"},
    ),
    wrong(
        "freeze",
        "names_that_begin_alike",
        hint="You compare the beginning of names: '1' is the beginning of '10'. A part's whole name must be the one.",
        edits={
            TRAINABLE: "trainable = trainable or (until is not None and until.startswith(name) and name != 'stage')"
        },
    ),
    wrong(
        "freeze",
        "compared_as_text",
        hint="You compare names as texts, by what comes first in the alphabet: '10' comes before '2' there, and 'head' "
        "before 'stage1'. The order is that of named_children().",
        edits={TRAINABLE: "trainable = until is not None and name >= until"},
    ),
    wrong(
        "freeze",
        "none_freezes_nothing",
        hint="With until=None nothing is frozen: it means that everything is.",
        edits={TRAINABLE: "trainable = trainable or until is None or name == until"},
    ),
    wrong(
        "freeze",
        "unknown_part_freezes_all",
        hint="A name that no part has freezes the whole model in silence, and the training that follows does nothing. "
        "Raise a ValueError.",
        edits={UNKNOWN + REFUSE_PART: ""},
    ),
    wrong(
        "freeze",
        "inner_layers_taken",
        hint="The name of a layer inside a part is taken for one of a part. Only those of named_children() count, and "
        "any other is a ValueError.",
        edits={UNKNOWN: "    if until is not None and until not in dict(model.named_modules()):\n"},
    ),
    wrong(
        "freeze",
        "refused_too_late",
        hint="The ValueError comes after everything has been frozen. Look at the name first, then change something.",
        edits={
            UNKNOWN + REFUSE_PART: "",
            "    return model\n    ### END SOLUTION\n\n\ndef set_bn_eval": "    if until is not None and not "
            "trainable:\n"
            "        raise ValueError(until)\n    return model\n    ### END SOLUTION\n\n\ndef set_bn_eval",
        },
    ),
    wrong(
        "freeze",
        "eval_mode_as_well",
        hint="The frozen parts are put into eval mode. freeze changes what is learned, no mode: that is what "
        "set_bn_eval is for.",
        edits={SWITCH: "parameter.requires_grad = trainable\n        part.train(part.training and trainable)"},
    ),
    wrong(
        "freeze",
        "freeze_returns_nothing",
        hint="freeze does not return the model.",
        edits={BODY: BODY.replace("    return model\n", "")},
    ),
    wrong(
        "freeze",
        "set_bn_eval_returns_nothing",
        hint="set_bn_eval does not return the model.",
        edits={INTO_EVAL + "    return model\n": INTO_EVAL},
    ),
    wrong(
        "freeze",
        "all_batch_norm",
        hint="Every batch norm layer goes into eval mode. Those that are trained must follow their batches: only the "
        "frozen ones stop.",
        edits={IS_FROZEN: "frozen = True"},
    ),
    wrong(
        "freeze",
        "trained_batch_norm_instead",
        hint="The batch norm layers that are trained go into eval mode, and the frozen ones do not: the other "
        "way round.",
        edits={IS_FROZEN: "frozen = any(parameter.requires_grad for parameter in module.parameters())"},
    ),
    wrong(
        "freeze",
        "whole_model_in_eval_mode",
        hint="set_bn_eval puts the whole model into eval mode: dropout is then off, and batch norm that is trained no "
        "longer follows its batches.",
        edits={NORM_LOOP: "    model.eval()\n" + NORM_LOOP},
    ),
    wrong(
        "freeze",
        "everything_frozen_in_eval_mode",
        hint="Whatever is frozen goes into eval mode, also layers without parameters, such as dropout. Only batch norm "
        "is to: dropout in front of a trained layer still has its work to do.",
        edits={ALL_NORMS: "if not list(module.children()):"},
    ),
    wrong(
        "freeze",
        "all_norms",
        hint="Group norm goes into eval mode too. It has no running statistics; only batch norm is meant.",
        edits={ALL_NORMS: "if 'Norm' in type(module).__name__:"},
    ),
    wrong(
        "freeze",
        "batch_norm_of_maps_alone",
        hint="BatchNorm1d is left out: batch norm of vectors drifts as well.",
        edits={ALL_NORMS: "if isinstance(module, nn.BatchNorm2d):"},
    ),
    wrong(
        "freeze",
        "outer_layers_alone",
        hint="Batch norm inside a block is not found: you look through the model's own layers alone.",
        edits={NORM_LOOP: "    for module in model.children():\n"},
    ),
    wrong(
        "freeze",
        "one_frozen_parameter_is_enough",
        hint="A layer of which only the scale, or only the shift, is frozen counts as frozen for you. It still learns "
        "the other: only if NO parameter requires a gradient is it frozen.",
        edits={IS_FROZEN: "frozen = not all(parameter.requires_grad for parameter in module.parameters())"},
    ),
    wrong(
        "freeze",
        "without_parameters_not_frozen",
        hint="Batch norm without scale and shift (affine=False) has no parameter that requires a gradient, and so "
        "counts as frozen.",
        edits={
            IS_FROZEN: "frozen = any(not parameter.requires_grad for parameter in module.parameters()) and not "
            "any(p.requires_grad for p in module.parameters())"
        },
    ),
    wrong(
        "freeze",
        "trained_batch_norm_switched_on",
        hint="Batch norm that is trained is put into train mode, in a model that is in eval mode. It is to stay in the "
        "mode that it is in.",
        edits={INTO_EVAL: INTO_EVAL + "            else:\n                module.train()\n"},
    ),
    wrong(
        "freeze",
        "momentum_of_zero",
        hint="You set the momentum to 0 (or switch the statistics off) where the mode is meant: the layer would still "
        "normalise with each batch's statistics, and never follow its batches again.",
        edits={INTO_EVAL: "                module.momentum = 0.0\n"},
    ),
    wrong(
        "freeze",
        "set_bn_eval_freezes",
        hint="set_bn_eval freezes the parameters of batch norm too. It changes modes, and nothing else.",
        edits={ALL_NORMS: ALL_NORMS + "\n            module.requires_grad_(False)"},
    ),
    wrong(
        "freeze",
        "set_bn_eval_does_nothing",
        hint="set_bn_eval leaves frozen batch norm in train mode: its running statistics drift away from what the "
        "pretrained weights expect.",
        edits={INTO_EVAL: "                pass\n"},
    ),
]

LAST_LINEAR = "head = [module for module in model.modules() if isinstance(module, nn.Linear)][-1]"
IN_HEAD = "in_head = {id(parameter) for parameter in head.parameters()}"
LEARNED = "        if parameter.requires_grad:\n"
KIND = "kind = (id(parameter) in in_head, parameter.ndim < 2)"
RATE = '"lr": lr * head_factor if is_head else lr'
NO_DECAY = 'group["weight_decay"] = 0.0'
GROUPS = "    return groups\n"

GROUPING = [
    wrong(
        "param_groups",
        "all_at_the_heads_rate",
        hint="Everything learns at the head's rate: steps that large wash out of the backbone what it had learned.",
        edits={RATE: '"lr": lr * head_factor'},
    ),
    wrong(
        "param_groups",
        "all_at_one_rate",
        hint="The head learns at the same rate as the rest: it starts from nothing, and has the longest way to go.",
        edits={RATE: '"lr": lr'},
    ),
    wrong(
        "param_groups",
        "head_factor_for_the_backbone",
        hint="The backbone has the higher rate and the head the lower: the other way round.",
        edits={RATE: '"lr": lr if is_head else lr * head_factor'},
    ),
    wrong(
        "param_groups",
        "backbone_divided",
        hint="The head learns at lr, and the backbone at lr / head_factor. The ratio is right; but `lr` is the "
        "backbone's rate.",
        edits={RATE: '"lr": lr if is_head else lr / head_factor'},
    ),
    wrong(
        "param_groups",
        "factor_written_down",
        hint="The head always learns ten times as fast, whatever head_factor is.",
        edits={RATE: '"lr": lr * 10 if is_head else lr'},
    ),
    wrong(
        "param_groups",
        "head_left_out",
        hint="The head is in no group: the optimizer does not know it, and it stays as it was drawn.",
        edits={GROUPS: "    return [g for g in groups if id(g['params'][0]) not in in_head]\n"},
    ),
    wrong(
        "param_groups",
        "head_twice",
        hint="The head is in two groups: in its own, and among all parameters. The optimizer refuses that, or steps "
        "twice.",
        edits={
            GROUPS: "    everything = [p for p in model.parameters() if p.requires_grad]\n"
            "    heads = [g for g in groups if id(g['params'][0]) in in_head]\n"
            "    return [{'params': everything, 'lr': lr}, *heads]\n"
        },
    ),
    wrong(
        "param_groups",
        "frozen_ones_too",
        hint="Frozen parameters are in the groups. They have no gradient, and with decay or momentum an optimizer may "
        "still move them.",
        edits={LEARNED: "        if parameter is not None:\n"},
    ),
    wrong(
        "param_groups",
        "first_linear_layer",
        hint="You take the first linear layer for the head: it is the last.",
        edits={LAST_LINEAR: LAST_LINEAR.replace("[-1]", "[0]")},
    ),
    wrong(
        "param_groups",
        "every_linear_layer",
        hint="Every linear layer learns at the head's rate. The head is the last of them alone.",
        edits={
            IN_HEAD: "in_head = {id(p) for module in model.modules() if isinstance(module, nn.Linear) for p in "
            "module.parameters()}"
        },
    ),
    wrong(
        "param_groups",
        "only_under_the_name_head",
        hint="You look for a head under one name. It is the last nn.Linear, whatever it is called.",
        edits={IN_HEAD: "in_head = {id(p) for name, p in model.named_parameters() if name.startswith(('head', 'fc'))}"},
    ),
    wrong(
        "param_groups",
        "top_layers_alone",
        hint="A head inside a block is not found: you look through the model's own layers alone.",
        edits={LAST_LINEAR: LAST_LINEAR.replace("modules", "children")},
    ),
    wrong(
        "param_groups",
        "last_trained_linear_layer",
        hint="Where the head is frozen, you take the linear layer in front of it for the head. The head stays "
        "the head.",
        edits={LAST_LINEAR: LAST_LINEAR.replace("nn.Linear)", "nn.Linear) and module.weight.requires_grad")},
    ),
    wrong(
        "param_groups",
        "weight_of_the_head_alone",
        hint="Only the weight of the head has the higher rate: its bias belongs to it.",
        edits={IN_HEAD: "in_head = {id(head.weight)}"},
    ),
    wrong(
        "param_groups",
        "by_the_name_bias",
        hint="You tell what has no decay by the name `bias`. The scale of a norm is called weight, and has only one "
        "axis: it must not decay either.",
        edits={
            KIND: "kind = (id(parameter) in in_head, names[id(parameter)].endswith('bias'))",
            IN_HEAD: IN_HEAD + "\n    names = {id(p): name for name, p in model.named_parameters()}",
        },
    ),
    wrong(
        "param_groups",
        "decay_for_biases",
        hint="Biases of convolutions and linear layers decay: only the norms are kept from it. A bias has one "
        "axis too.",
        edits={
            KIND: "kind = (id(parameter) in in_head, id(parameter) in of_norms)",
            IN_HEAD: IN_HEAD + "\n    norms = [m for m in model.modules() if 'Norm' in type(m).__name__]\n"
            "    of_norms = {id(p) for m in norms for p in m.parameters()}",
        },
    ),
    wrong(
        "param_groups",
        "batch_norm_of_maps_alone",
        hint="Only BatchNorm2d and biases are kept from decay: other norms, and every parameter with a single "
        "axis, are "
        "to be as well.",
        edits={
            KIND: "kind = (id(parameter) in in_head, id(parameter) in spared)",
            IN_HEAD: IN_HEAD
            + "\n    spared = {id(p) for name, p in model.named_parameters() if name.endswith('bias')}\n"
            "    spared |= {id(m.weight) for m in model.modules() if isinstance(m, nn.BatchNorm2d)}",
        },
    ),
    wrong(
        "param_groups",
        "norms_and_biases_alone",
        hint="The slope of a PReLU decays. Every parameter with fewer than two axes is kept from decay, whatever layer "
        "it belongs to.",
        edits={
            KIND: "kind = (id(parameter) in in_head, id(parameter) in spared)",
            IN_HEAD: IN_HEAD
            + "\n    spared = {id(p) for name, p in model.named_parameters() if name.endswith('bias')}\n"
            "    spared |= {id(p) for m in model.modules() if 'Norm' in type(m).__name__ for p in m.parameters()}",
        },
    ),
    wrong(
        "param_groups",
        "heads_bias_decays",
        hint="The bias of the head decays: the head's group is not divided by decay.",
        edits={KIND: "kind = (id(parameter) in in_head, parameter.ndim < 2 and id(parameter) not in in_head)"},
    ),
    wrong(
        "param_groups",
        "head_without_decay",
        hint="The weight of the head has no decay: only what has fewer than two axes is kept from it.",
        edits={KIND: "kind = (id(parameter) in in_head, parameter.ndim < 2 or id(parameter) in in_head)"},
    ),
    wrong(
        "param_groups",
        "decay_for_all",
        hint="No group has a weight_decay of 0: biases and norms decay like weights.",
        edits={NO_DECAY: "pass"},
    ),
    wrong(
        "param_groups",
        "decay_for_none",
        hint="Every group has a weight_decay of 0: weights are to decay as the optimizer says.",
        edits={"        if no_decay:\n": "        if True:\n"},
    ),
    wrong(
        "param_groups",
        "decay_written_down",
        hint="Your groups of weights have a weight_decay of their own, which overrules the optimizer's: leave it to "
        "the optimizer.",
        edits={NO_DECAY: NO_DECAY + '\n        else:\n            group["weight_decay"] = 0.01'},
    ),
    wrong(
        "param_groups",
        "empty_groups",
        hint="There is always a group of each kind, also where it is empty: optimizers do not like empty groups.",
        edits={"    kinds = {}\n": "    kinds = {(a, b): [] for a in (False, True) for b in (False, True)}\n"},
    ),
    wrong(
        "param_groups",
        "freezes_the_rest",
        hint="Parameters are frozen, or thawed, on the way: grouping changes nothing of the model.",
        edits={GROUPS: "    model.requires_grad_(False)\n    head.requires_grad_(True)\n" + GROUPS},
    ),
]


OPTIMIZER = "optimizer = torch.optim.AdamW(param_groups(model, lr, head_factor), lr=lr, weight_decay=weight_decay)"
EPOCHS = "    for epoch in range(1, epochs + 1):\n"
TRAIN_MODE = "        model.train()\n        set_bn_eval(model)\n"
SCORES = "scores = model(images.to(device))"
LOSS = "loss = F.cross_entropy(scores, labels.to(device))"
ZERO = "            optimizer.zero_grad()\n"
STEP = "            loss.backward()\n            optimizer.step()\n"
TOTAL = "total += loss.item() * len(labels)"
VALIDATION = '        validation_loss, _ = evaluate(model, loaders["validation"])\n'
BETTER = "        if validation_loss < least:\n"
BEST_STATE = "best_state = copy.deepcopy(model.state_dict())"
RESTORED = "    model.load_state_dict(best_state)\n"
IN_THE_END = "    model.eval()\n    if"
TEST = '        _, history["test"] = evaluate(model, loaders["test"])\n'

TRAINING = [
    # First: an object that stays in the student's process, as a model does, is taken for it.
    wrong(
        "finetune",
        "returns_nothing",
        hint="The history is not returned: nothing is, or the model, which is trained in place. A dict is asked for.",
        edits={"    return history\n": ""},
    ),
    wrong(
        "finetune",
        "head_not_in_the_optimiser",
        hint="The head does not learn: its parameters are not in your optimizer.",
        edits={
            OPTIMIZER: "head = [m for m in model.modules() if isinstance(m, nn.Linear)][-1]\n"
            "    heads = {id(p) for p in head.parameters()}\n"
            "    groups = [g for g in param_groups(model, lr, head_factor) if id(g['params'][0]) not in heads]\n"
            "    unused = torch.zeros(1, requires_grad=True)\n"
            "    optimizer = torch.optim.AdamW(groups or [unused], lr=lr, weight_decay=weight_decay)"
        },
    ),
    wrong(
        "finetune",
        "all_at_the_heads_rate",
        hint="Everything learns at the head's rate, lr times head_factor: too fast for what is pretrained.",
        edits={
            OPTIMIZER: OPTIMIZER.replace(
                "param_groups(model, lr, head_factor)", "param_groups(model, lr * head_factor, 1)"
            )
        },
    ),
    wrong(
        "finetune",
        "one_rate_for_all",
        hint="The head learns at the same rate as the rest: head_factor is not used.",
        edits={OPTIMIZER: OPTIMIZER.replace("param_groups(model, lr, head_factor)", "param_groups(model, lr, 1)")},
    ),
    wrong(
        "finetune",
        "parameters_instead_of_groups",
        hint="Your optimizer gets model.parameters(): one rate for all, and decay for biases and norms. "
        "param_groups is "
        "there for this.",
        edits={OPTIMIZER: OPTIMIZER.replace("param_groups(model, lr, head_factor)", "model.parameters()")},
    ),
    wrong(
        "finetune",
        "default_head_factor",
        hint="head_factor is not handed on: the head always learns ten times as fast.",
        edits={OPTIMIZER: OPTIMIZER.replace("lr, head_factor)", "lr)")},
    ),
    wrong(
        "finetune",
        "weight_decay_not_handed_on",
        hint="weight_decay is not used: AdamW then takes its own default.",
        edits={OPTIMIZER: OPTIMIZER.replace(", weight_decay=weight_decay", "")},
    ),
    wrong(
        "finetune",
        "adam",
        hint="Your optimizer is Adam, in which the decay goes through the gradient, and is scaled like it. AdamW takes "
        "it off the weights directly.",
        edits={OPTIMIZER: OPTIMIZER.replace("AdamW", "Adam")},
    ),
    wrong(
        "finetune",
        "sgd",
        hint="Your optimizer is SGD; AdamW is asked for. Its steps are of the size of lr, whatever the gradients are.",
        edits={OPTIMIZER: OPTIMIZER.replace("AdamW", "SGD")},
    ),
    wrong(
        "finetune",
        "new_optimiser_in_every_epoch",
        hint="Every epoch has a new optimizer: what AdamW remembers of the gradients is lost each time. Make it once.",
        edits={EPOCHS: EPOCHS + "        " + OPTIMIZER + "\n"},
    ),
    wrong(
        "finetune",
        "frozen_batch_norm_drifts",
        hint="The running statistics of frozen batch norm drift: model.train() has turned it on, and every batch moves "
        "them. Frozen means more than no gradient.",
        edits={TRAIN_MODE: "        model.train()\n"},
    ),
    wrong(
        "finetune",
        "frozen_batch_norm_drifts_from_the_second_epoch",
        hint="Frozen batch norm stands still in the first epoch only: model.train() turns it on again in each, and you "
        "call set_bn_eval once.",
        edits={TRAIN_MODE: "        model.train()\n        if epoch == 1:\n            set_bn_eval(model)\n"},
    ),
    wrong(
        "finetune",
        "train_mode_once",
        hint="The model is in training mode in the first epoch only: evaluate leaves it in eval mode. Put it back at "
        "the beginning of each epoch.",
        edits={TRAIN_MODE: "        if epoch == 1:\n            model.train()\n            set_bn_eval(model)\n"},
    ),
    wrong(
        "finetune",
        "trained_in_eval_mode",
        hint="The model is trained in eval mode: dropout is off, and batch norm that is trained does not follow its "
        "batches.",
        edits={TRAIN_MODE: "        model.eval()\n"},
    ),
    wrong(
        "finetune",
        "everything_thawed",
        hint="What was frozen is trained: requires_grad is switched on for the whole model.",
        edits={
            "    device = next(model.parameters()).device\n": "    device = next(model.parameters()).device\n   "
            " model.requires_grad_(True)\n"
        },
    ),
    wrong(
        "finetune",
        "gradients_never_cleared",
        hint="Gradients add up from step to step: they are never set to zero.",
        edits={ZERO: ""},
    ),
    wrong(
        "finetune",
        "gradients_cleared_once_an_epoch",
        hint="Gradients are set to zero once in an epoch, and add up over its batches: clear them for every batch.",
        edits={ZERO: "", TRAIN_MODE: TRAIN_MODE + "        optimizer.zero_grad()\n"},
    ),
    wrong(
        "finetune",
        "one_step_an_epoch",
        hint="There is one step in each epoch. Each batch is to have one.",
        edits={
            ZERO + STEP: "            loss.backward()\n",
            VALIDATION: "        optimizer.step()\n        optimizer.zero_grad()\n" + VALIDATION,
        },
    ),
    wrong(
        "finetune",
        "softmax_before_the_loss",
        hint="The scores go through a softmax before cross_entropy, which does that itself: the gradients "
        "become small.",
        edits={LOSS: LOSS.replace("scores", "scores.softmax(dim=1)")},
    ),
    wrong(
        "finetune",
        "sum_of_losses",
        hint="The loss is summed over the batch, not averaged.",
        edits={
            LOSS: LOSS.replace("labels.to(device)", "labels.to(device), reduction='sum'"),
            TOTAL: "total += loss.item()",
        },
    ),
    wrong(
        "finetune",
        "trained_on_the_validation_set",
        hint="The validation images are trained on as well: then their loss says nothing about new ones.",
        edits={
            'for images, labels in loaders["train"]:': 'for images, labels in [*loaders["train"], '
            '*loaders["validation"]]:'
        },
    ),
    wrong(
        "finetune",
        "trained_on_the_test_set",
        hint="The test images are trained on. They are looked at once, in the end.",
        edits={
            'for images, labels in loaders["train"]:': 'for images, labels in [*loaders["train"], '
            '*loaders.get("test", [])]:'
        },
    ),
    wrong(
        "finetune",
        "test_set_chooses",
        hint="The epoch is chosen by the test set. Then the accuracy there is no longer that of unseen images: that is "
        "what the validation set is for.",
        edits={
            BETTER: '        chosen, _ = evaluate(model, loaders.get("test", loaders["validation"]))\n        '
            "if chosen < least:\n",
            "least, history": "validation_loss = chosen\n            least, history",
        },
    ),
    wrong(
        "finetune",
        "test_looked_at_in_every_epoch",
        hint="The test images go through the model in every epoch. Once, in the end, is enough: who looks more often "
        "begins to choose by what is seen.",
        edits={
            VALIDATION: VALIDATION
            + '        if "test" in loaders and epoch < epochs:\n            evaluate(model, loaders["test"])\n'
        },
    ),
    wrong(
        "finetune",
        "training_loss_chooses",
        hint="The epoch is chosen by the training loss, which falls even while the model gets worse on new images.",
        edits={
            BETTER: "        if history['loss'][-1] < least:\n",
            "least, history": "validation_loss = history['loss'][-1]\n            least, history",
        },
    ),
    wrong(
        "finetune",
        "accuracy_chooses",
        hint="The epoch is chosen by the accuracy on the validation set. With few images it is the same for many "
        "epochs; the loss is asked for.",
        edits={
            VALIDATION: '        validation_loss, right = evaluate(model, loaders["validation"])\n',
            BETTER: "        if -right < least:\n",
            "least, history": "validation_loss = -right\n            least, history",
        },
    ),
    wrong(
        "finetune",
        "last_of_equal_epochs",
        hint="Of equal epochs you keep the last. The first is asked for: a strict comparison.",
        edits={BETTER: BETTER.replace("<", "<=")},
    ),
    wrong(
        "finetune",
        "state_not_copied",
        hint="In the end the model has the numbers of the last epoch, not of the best. Is the best one put "
        "back, and is "
        "what you keep of it a copy? state_dict() gives the model's own tensors, which go on changing (dict(...) and "
        ".copy() copy the names alone).",
        edits={BEST_STATE: "best_state = dict(model.state_dict())"},
    ),
    wrong(
        "finetune",
        "parameters_restored_alone",
        hint="The parameters go back to the best epoch, the running statistics of batch norm do not: they are buffers.",
        edits={
            RESTORED: "    for name, parameter in model.named_parameters():\n"
            "        parameter.data.copy_(best_state[name])\n"
        },
    ),
    wrong(
        "finetune",
        "counted_from_zero",
        hint="best_epoch is one too small: epochs are counted from 1.",
        edits={'history["best_epoch"] = validation_loss, epoch': 'history["best_epoch"] = validation_loss, epoch - 1'},
    ),
    wrong(
        "finetune",
        "mean_over_batches",
        hint="history['loss'] is the mean over the batches. A last batch that is smaller then counts as much as the "
        "others: take the mean over the images.",
        edits={TOTAL: "total += loss.item()", "num_images += len(labels)": "num_images += 1"},
    ),
    wrong(
        "finetune",
        "loss_of_the_last_batch",
        hint="history['loss'] is the loss of the epoch's last batch, not the mean over its images.",
        edits={TOTAL: "total, num_images = loss.item() * len(labels), 0"},
    ),
    wrong(
        "finetune",
        "loss_measured_again",
        hint="history['loss'] is measured after the epoch, in eval mode. The losses that the steps saw are asked for.",
        edits={"total / num_images": 'evaluate(model, loaders["train"])[0]'},
    ),
    wrong(
        "finetune",
        "accuracies_for_losses",
        hint="history['validation'] holds accuracies. The losses are asked for.",
        edits={
            VALIDATION: '        validation_loss, right = evaluate(model, loaders["validation"])\n',
            'history["validation"].append(validation_loss)': 'history["validation"].append(right)',
        },
    ),
    wrong(
        "finetune",
        "validated_in_train_mode",
        hint="The validation loss is measured in train mode: batch norm uses the statistics of the validation batch, "
        "and learns from it.",
        edits={
            VALIDATION: "        with torch.no_grad():\n"
            '            parts = [(F.cross_entropy(model(x), y).item(), len(y)) for x, y in loaders["validation"]]\n'
            "        validation_loss = sum(a * n for a, n in parts) / sum(n for _, n in parts)\n"
        },
    ),
    wrong(
        "finetune",
        "tested_before_restoring",
        hint="The test accuracy is that of the last epoch: the best one is restored only afterwards.",
        edits={
            RESTORED + "    model.eval()\n": "",
            "    return history\n": RESTORED + "    model.eval()\n    return history\n",
        },
    ),
    wrong(
        "finetune",
        "percent",
        hint="history['test'] is in percent. A fraction is asked for.",
        edits={TEST: TEST + '        history["test"] *= 100\n'},
    ),
    wrong(
        "finetune",
        "left_in_train_mode",
        hint="The model is in train mode afterwards. Whoever uses it now gets predictions that depend on the batch.",
        edits={IN_THE_END: "    if", "    return history\n": "    model.train()\n    return history\n"},
    ),
    wrong(
        "finetune",
        "trains_a_copy",
        hint="A copy of the model is trained: the one that was passed in has learned nothing.",
        edits={
            "    device = next(model.parameters()).device\n": "    model = copy.deepcopy(model)\n    device = "
            "next(model.parameters()).device\n"
        },
    ),
]

FEW = "few = num_labels <= 20"
SIMILAR = 'return "probe" if few else "finetune_last"'
DIFFERENT = 'return "probe_early" if few else "finetune_all"'

CHOOSING = [
    wrong(
        "choose_strategy",
        "few_and_many_exchanged",
        hint="Few and many labels have changed places: with few labels, training many parameters means learning the "
        "images by heart.",
        edits={FEW: "few = num_labels > 20"},
    ),
    wrong(
        "choose_strategy",
        "similar_and_different_exchanged",
        hint="Similar and different have changed places: the more the sets differ, the earlier the layers that are of "
        "any use.",
        edits={'if similarity == "similar":': 'if similarity == "different":'},
    ),
    wrong(
        "choose_strategy",
        "table_on_its_side",
        hint="Two fields of your table have changed places: few labels and different sets, many labels and "
        "similar sets.",
        edits={
            SIMILAR: 'return "probe" if few else "probe_early"',
            DIFFERENT: 'return "finetune_last" if few else "finetune_all"',
        },
    ),
    wrong(
        "choose_strategy",
        "similarity_ignored",
        hint="Your answer does not depend on the similarity.",
        edits={DIFFERENT: SIMILAR},
    ),
    wrong(
        "choose_strategy",
        "number_ignored",
        hint="Your answer does not depend on the number of labels.",
        edits={FEW: "few = True"},
    ),
    wrong(
        "choose_strategy",
        "last_features_of_different_sets",
        hint="Few labels and different sets: the last layers know what is special to the source set. Which "
        "features are "
        "of more general use?",
        edits={DIFFERENT: 'return "probe" if few else "finetune_all"'},
    ),
    wrong(
        "choose_strategy",
        "all_layers_for_similar_sets",
        hint="Many labels and similar sets: the first layers need no training, they fit already.",
        edits={SIMILAR: 'return "probe" if few else "finetune_all"'},
    ),
    wrong(
        "choose_strategy",
        "last_layers_for_different_sets",
        hint="Many labels and different sets: the last layers alone are not enough where the first ones do not fit "
        "either.",
        edits={DIFFERENT: 'return "probe_early" if few else "finetune_last"'},
    ),
    wrong(
        "choose_strategy",
        "twenty_are_many",
        hint="20 labels count as many: up to and with 20 they are few.",
        edits={FEW: "few = num_labels < 20"},
    ),
    wrong(
        "choose_strategy",
        "ten_labels_in_all",
        hint="Your border between few and many lies elsewhere: up to 20 labels for each class are few, 21 are many.",
        edits={FEW: "few = num_labels <= 9"},
    ),
    wrong(
        "choose_strategy",
        "no_labels_taken",
        hint="No label at all, or fewer, is answered. There is nothing to train with: raise a ValueError.",
        edits={"if num_labels < 1:": "if False:"},
    ),
    wrong(
        "choose_strategy",
        "zero_labels_taken",
        hint="0 labels are answered: at least one label is needed.",
        edits={"if num_labels < 1:": "if num_labels < 0:"},
    ),
    wrong(
        "choose_strategy",
        "any_text_taken",
        hint="Any other text counts as 'different' (or as 'similar'). A slip of the pen then gives an answer: raise a "
        "ValueError.",
        edits={'if similarity not in ("similar", "different"):': "if False:"},
    ),
    wrong(
        "choose_strategy",
        "part_of_a_text_taken",
        hint="You look whether the text CONTAINS 'similar': 'dissimilar' does too.",
        edits={
            'if similarity not in ("similar", "different"):': 'if "similar" not in similarity and similarity != '
            '"different":',
            'if similarity == "similar":': 'if "similar" in similarity:',
        },
    ),
    wrong(
        "choose_strategy",
        "other_errors",
        hint="What cannot be answered raises another error than ValueError (an assert raises AssertionError).",
        edits={
            'raise ValueError(f"choose_strategy: num_labels': 'raise AssertionError(f"choose_strategy: num_labels',
            'raise ValueError(f"choose_strategy: similarity': 'raise AssertionError(f"choose_strategy: similarity',
        },
    ),
]

WRONG = [
    *LOADING,
    *PREPROCESSING,
    *FEATURE_TAKING,
    *PROBING,
    *HEADS,
    *FREEZING,
    *GROUPING,
    *TRAINING,
    *CHOOSING,
]
