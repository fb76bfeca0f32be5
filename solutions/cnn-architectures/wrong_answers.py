"""Mistakes that students make in `cnn-architectures`, each with the hint that it earns.

A hint says what to look at and never gives the corrected line. Where two mistakes look alike in every failed test, the
first one is named.
"""

from autograder.answers import wrong

# count_parameters
SIZES = "sizes = [parameter.numel() for parameter in model.parameters()]"

PARAMETERS = [
    wrong(
        "count_parameters",
        "only_what_asks_for_a_gradient",
        hint="You leave frozen parameters out. They ask for no gradient, but the model has them: here they count.",
        edits={SIZES: SIZES.replace("()]", "() if parameter.requires_grad]")},
    ),
    wrong(
        "count_parameters",
        "buffers_counted",
        hint="You count buffers too: the state dict also holds what is not learned, such as the running statistics of "
        "batch norm and its count of batches.",
        edits={SIZES: "sizes = [value.numel() for value in model.state_dict().values()]"},
    ),
    wrong(
        "count_parameters",
        "tensors_counted",
        hint="You count the tensors, not the numbers in them: a layer of any size adds two at most.",
        edits={"return sum(sizes)": "return len(sizes)"},
    ),
    wrong(
        "count_parameters",
        "biases_left_out",
        hint="You count weights alone. Biases, and the scales and shifts of batch norm, are learned too.",
        edits={SIZES: SIZES.replace("()]", "() if parameter.ndim > 1]")},
    ),
    wrong(
        "count_parameters",
        "weights_of_layers_without_their_biases",
        hint="You add up what is called `weight`. What else does a layer learn?",
        edits={SIZES: 'sizes = [p.numel() for name, p in model.named_parameters() if "weight" in name]'},
    ),
    wrong(
        "count_parameters",
        "only_convolutions_and_linear_layers",
        hint="You know two kinds of layers. Batch norm, layer norm, PReLU, embeddings and others have parameters too.",
        edits={
            SIZES: (
                "layers = [m for m in model.modules() if isinstance(m, (nn.Conv2d, nn.Linear))]\n"
                "    sizes = [parameter.numel() for layer in layers for parameter in layer.parameters()]"
            )
        },
    ),
    wrong(
        "count_parameters",
        "every_module_with_all_inside_it",
        hint="You add up the parameters of every module. Those of a layer inside another belong to both, and are "
        "counted once for each level.",
        edits={SIZES: "sizes = [p.numel() for module in model.modules() for p in module.parameters()]"},
    ),
    wrong(
        "count_parameters",
        "top_level_only",
        hint="You look at the model's own layers and not at those inside them: branches and blocks count nothing.",
        edits={
            SIZES: "sizes = [p.numel() for layer in model.children() for p in layer.parameters(recurse=False)]",
        },
    ),
    wrong(
        "count_parameters",
        "kernel_left_out",
        hint="You multiply the first two sizes of each parameter. A convolution's weight has four: its kernel counts.",
        edits={SIZES: "sizes = [int(np.prod(parameter.shape[:2])) for parameter in model.parameters()]"},
    ),
    wrong(
        "count_parameters",
        "bytes_returned",
        hint="Your number is four times too large: the bytes of the parameters, not how many there are.",
        edits={"return sum(sizes)": "return 4 * sum(sizes)"},
    ),
]

# count_macs
OUTPUTS = "outputs = out[0].numel()  # of one image"
CHANNELS = "channels = layer.in_channels // layer.groups  # those that one filter sees"
CONV = "macs.append(outputs * channels * kernel_height * kernel_width)"
LINEAR = "macs.append(outputs * layer.in_features)"
LINEAR_IF = "        if isinstance(layer, nn.Linear):\n            macs.append(outputs * layer.in_features)\n"
EXAMPLE = "example = next(model.parameters(), torch.zeros(0))"
HOOKS = "hooks = [module.register_forward_hook(record) for module in model.modules()]"
REMOVE = "        for hook in hooks:\n            hook.remove()\n"
RESTORE = "        for module, was_training in modes.items():\n            module.training = was_training\n"
PASS = "    try:\n        with torch.no_grad():\n            model(image)\n    finally:\n"


def without_finally(answer: str) -> dict[str, str]:
    """The same, with nothing put right where the pass fails."""
    dedented = {text: text.replace("\n    ", "\n").removeprefix("    ") for text in (REMOVE, RESTORE)}
    return {PASS + REMOVE + RESTORE: "    with torch.no_grad():\n        model(image)\n" + "".join(dedented.values())}


MACS = [
    wrong(
        "count_macs",
        "flops_counted",
        hint="Your number is twice what it should be: those are FLOPs. A multiplication and the addition behind it are "
        "ONE multiply-accumulate.",
        edits={"return sum(macs)": "return 2 * sum(macs)"},
    ),
    wrong(
        "count_macs",
        "groups_ignored",
        hint="You let every filter see every channel. With groups it sees those of its own group: look at how many "
        "channels its weight really has.",
        edits={CHANNELS: "channels = layer.in_channels"},
    ),
    wrong(
        "count_macs",
        "weight_divided_by_groups_again",
        hint="With groups your count is too small: the second axis of the weight is C / groups already.",
        edits={CHANNELS: "channels = layer.weight.shape[1] // layer.groups"},
    ),
    wrong(
        "count_macs",
        "biases_counted",
        hint="You count the biases. Adding one is no multiplication: here they cost nothing.",
        edits={
            CONV: "macs.append(outputs * (channels * kernel_height * kernel_width + (layer.bias is not None)))",
            LINEAR: "macs.append(outputs * (layer.in_features + (layer.bias is not None)))",
        },
    ),
    wrong(
        "count_macs",
        "places_of_the_input_counted",
        hint="You multiply by the size of the map that comes in. The filter stands at as many places as come OUT: "
        "look at stride and padding.",
        edits={CONV: CONV.replace("outputs", "layer.out_channels * inputs[0][0, 0].numel()")},
    ),
    wrong(
        "count_macs",
        "square_kernel_assumed",
        hint="You take kernels for squares: a kernel of 3x2 has 6 places, not 9.",
        edits={CONV: CONV.replace("kernel_width", "kernel_height")},
    ),
    wrong(
        "count_macs",
        "dilated_kernel_counted_as_a_full_one",
        hint="You count the holes of a dilated kernel. It reaches further and has no more weights than without.",
        edits={
            CONV: "height, width = (d * (k - 1) + 1 for d, k in zip(layer.dilation, layer.kernel_size))\n"
            "            macs.append(outputs * channels * height * width)"
        },
    ),
    wrong(
        "count_macs",
        "channels_left_out",
        hint="You leave the input's channels out: one output is a sum over all of those that its filter sees.",
        edits={CONV: CONV.replace(" * channels", "")},
    ),
    wrong(
        "count_macs",
        "filters_left_out",
        hint="You count one filter. Every one of them stands at every place.",
        edits={CONV: CONV.replace("outputs", "out[0, 0].numel()")},
    ),
    wrong(
        "count_macs",
        "linear_layers_left_out",
        hint="You count no linear layers. One multiplies every input by a weight for every output.",
        edits={LINEAR_IF: ""},
    ),
    wrong(
        "count_macs",
        "linear_layer_works_once",
        hint="You count a linear layer's weights once, whatever it works on. On an image of several rows it works on "
        "each of them.",
        edits={LINEAR: "macs.append(layer.weight.numel())"},
    ),
    wrong(
        "count_macs",
        "every_weight_counted",
        hint="You count layers other than nn.Conv2d and nn.Linear. Normalization and activations cost nothing here.",
        edits={
            LINEAR_IF: LINEAR_IF + "        if isinstance(layer, (nn.BatchNorm2d, nn.PReLU, nn.LayerNorm)):\n"
            "            macs.append(outputs)\n"
        },
    ),
    wrong(
        "count_macs",
        "layers_called_again_counted_once",
        hint="A layer that is called several times counts once in your sum. It multiplies at every call.",
        edits={
            "macs = []": "macs, seen = [], set()",
            OUTPUTS: "if layer in seen:\n            return\n        seen.add(layer)\n        " + OUTPUTS,
        },
    ),
    wrong(
        "count_macs",
        "top_level_only",
        hint="You hook the model's own layers and not those inside them: branches and blocks cost nothing.",
        edits={HOOKS: HOOKS.replace("modules()", "children()")},
    ),
    wrong(
        "count_macs",
        "model_without_parameters_fails",
        hint="A model without parameters makes your function raise: look at how you find the device and the dtype.",
        edits={EXAMPLE: "example = next(model.parameters())"},
    ),
    wrong(
        "count_macs",
        "hooks_left_on_the_model",
        hint="Your hooks stay on the model. Whoever runs it later still pays for them, and a second count is wrong.",
        edits={REMOVE: ""},
    ),
    wrong(
        "count_macs",
        "left_in_eval_mode",
        hint="You leave the model in eval mode. Whoever goes on training it would not notice.",
        edits={RESTORE: ""},
    ),
    wrong(
        "count_macs",
        "left_in_training_mode",
        hint="You put the model into training mode at the end, whatever mode it was in.",
        edits={RESTORE: "        model.train()\n"},
    ),
    wrong(
        "count_macs",
        "one_mode_for_all_layers",
        hint="You remember the model's mode and not those of the layers inside it: a frozen part in eval mode is in "
        "training mode afterwards.",
        edits={RESTORE: "        model.train(modes[model])\n"},
    ),
    wrong(
        "count_macs",
        "pass_in_training_mode",
        hint="You run the model in the mode that it is in. In training mode an image of zeros moves the running "
        "statistics of batch norm.",
        edits={"    model.eval()\n": ""},
    ),
    wrong(
        "count_macs",
        "gradients_kept",
        hint="Your pass keeps everything that gradients would need. Nobody will ask for them: there is a context for "
        "that.",
        edits={"with torch.no_grad():": "with torch.enable_grad():"},
    ),
    wrong(
        "count_macs",
        "nothing_put_right_after_an_error",
        hint="Where the model cannot take the shape, your function leaves its hooks, and eval mode, behind. Which "
        "statement of Python runs its block in any case?",
        edits=without_finally("count_macs"),
    ),
    wrong(
        "count_macs",
        "billions_returned",
        hint="You return billions. The contract asks for the number itself, an int.",
        edits={"return sum(macs)": "return sum(macs) / 1e9"},
    ),
]

# activation_memory
COUNTED = "counted = (nn.Conv2d, nn.Linear, nn.MaxPool2d, nn.AvgPool2d, nn.AdaptiveAvgPool2d)"
PASSED_ON = "        passed_on = isinstance(layer, nn.AdaptiveAvgPool2d) and out.shape == inputs[0].shape\n"
IF_COUNTED = "if isinstance(layer, counted) and not passed_on:"
WRITTEN = "numbers.append(out[0].numel())  # of one image"
TOTAL = "return 4 * sum(numbers)"

MEMORY = [
    wrong(
        "activation_memory",
        "image_left_out",
        hint="You leave the image itself out: the first layer must find it somewhere.",
        edits={"numbers = [image.numel()]": "numbers = []"},
    ),
    wrong(
        "activation_memory",
        "numbers_returned",
        hint="You return how many numbers there are. Each of them takes four bytes.",
        edits={TOTAL: "return sum(numbers)"},
    ),
    wrong(
        "activation_memory",
        "eight_bytes_each",
        hint="Your result is twice what it should be: a number takes 4 bytes here, and gradients do not count.",
        edits={TOTAL: "return 8 * sum(numbers)"},
    ),
    wrong(
        "activation_memory",
        "mebibytes_returned",
        hint="You return mebibytes. The contract asks for bytes, an int.",
        edits={TOTAL: "return 4 * sum(numbers) / 2**20"},
    ),
    wrong(
        "activation_memory",
        "pools_left_out",
        hint="You leave pools out. What comes out of one is smaller than what goes in and needs a place of its own.",
        edits={COUNTED: "counted = (nn.Conv2d, nn.Linear)"},
    ),
    wrong(
        "activation_memory",
        "average_pools_left_out",
        hint="You count max pools and no average pools.",
        edits={COUNTED: "counted = (nn.Conv2d, nn.Linear, nn.MaxPool2d)"},
    ),
    wrong(
        "activation_memory",
        "linear_layers_left_out",
        hint="You leave linear layers out: what they write takes memory too, if little.",
        edits={COUNTED: COUNTED.replace("nn.Linear, ", "")},
    ),
    wrong(
        "activation_memory",
        "every_layer_counted",
        hint="You count activations, batch norm, dropout or flatten. What they write can take the place of what they "
        "read.",
        edits={IF_COUNTED: "if not list(layer.children()) and not passed_on:"},
    ),
    wrong(
        "activation_memory",
        "containers_counted",
        hint="You count what leaves a container of layers, which is what leaves its last layer: it is there twice.",
        edits={IF_COUNTED: "if isinstance(layer, (*counted, nn.Sequential)) and not passed_on:"},
    ),
    wrong(
        "activation_memory",
        "activations_counted",
        hint="You count ReLU. It can write its output where its input stood.",
        edits={COUNTED: COUNTED.replace("nn.Linear", "nn.Linear, nn.ReLU")},
    ),
    wrong(
        "activation_memory",
        "batch_norm_counted",
        hint="You count batch norm. In this count what normalization writes takes the place of what it reads.",
        edits={COUNTED: COUNTED.replace("nn.Linear", "nn.Linear, nn.BatchNorm2d")},
    ),
    wrong(
        "activation_memory",
        "adaptive_pool_always_counted",
        hint="An adaptive pool whose output has the size of its input passes it on: nothing new is written.",
        edits={PASSED_ON: "        passed_on = False\n"},
    ),
    wrong(
        "activation_memory",
        "inputs_counted",
        hint="You count what each layer reads. What the last one writes is missing then, and what a layer without a "
        "place of its own wrote is counted.",
        edits={WRITTEN: "numbers.append(inputs[0][0].numel())"},
    ),
    wrong(
        "activation_memory",
        "parameters_added",
        hint="You add the parameters. They take memory too, and are another question: here the maps alone count.",
        edits={
            "numbers = [image.numel()]": "numbers = [image.numel(), *(p.numel() for p in model.parameters())]",
        },
    ),
    wrong(
        "activation_memory",
        "layers_called_again_counted_once",
        hint="A layer that is called several times counts once in your sum. Every call writes another map.",
        edits={
            "numbers = [image.numel()]": "numbers, seen = [image.numel()], set()",
            PASSED_ON: "        if layer in seen:\n            return\n        seen.add(layer)\n" + PASSED_ON,
        },
    ),
    wrong(
        "activation_memory",
        "channels_left_out",
        hint="You count the places of one channel: a map of 64 channels has 64 numbers at each place.",
        edits={WRITTEN: "numbers.append(out[0, 0].numel())"},
    ),
    wrong(
        "activation_memory",
        "hooks_left_on_the_model",
        hint="Your hooks stay on the model: whoever runs it later still pays for them.",
        edits={REMOVE: ""},
    ),
    wrong(
        "activation_memory",
        "left_in_eval_mode",
        hint="You leave the model in eval mode. Whoever goes on training it would not notice.",
        edits={RESTORE: ""},
    ),
    wrong(
        "activation_memory",
        "pass_in_training_mode",
        hint="You run the model in the mode that it is in. In training mode an image of zeros moves the running "
        "statistics of batch norm.",
        edits={"    model.eval()\n": ""},
    ),
    wrong(
        "activation_memory",
        "nothing_put_right_after_an_error",
        hint="Where the model cannot take the shape, your function leaves its hooks, and eval mode, behind.",
        edits=without_finally("activation_memory"),
    ),
]

# pattern
EXPAND = 'return " -> ".join([inside] * repeats)'
CONVOLVE = "layers.append(nn.Conv2d(channels, filters[0], 3, padding=1))\n            channels = filters.pop(0)"
SMALLER = "height, width = height // 2, width // 2"
FLATTEN = "                layers.append(nn.Flatten())\n"
FEATURES = "features = channels * height * width"
NO_POOL = '        words = [word for word in words if not word.endswith("?")]\n'
LENGTHS = (
    '    if (words.count("CONV"), words.count("FC")) != (len(filters), len(outputs)):\n'
    '        raise ValueError("pattern: conv and fc must have one size for each CONV and each FC")\n'
)

PATTERN = [
    wrong(
        "pattern",
        "groups_once",
        hint="What stands in brackets comes out once, whatever count stands behind them.",
        edits={EXPAND: "return inside"},
    ),
    wrong(
        "pattern",
        "zero_times_is_once",
        hint="A group with the count 0 still stands there. 0 times is not at all.",
        edits={EXPAND: 'return " -> ".join([inside] * max(repeats, 1))'},
    ),
    wrong(
        "pattern",
        "only_the_letters_n_m_k",
        hint="You know the counts N, M and K alone. A count is any letter among `sizes`, or a number.",
        edits={
            "repeats = int(times) if times.isdigit() else sizes[times]": (
                'repeats = int(times) if times.isdigit() else {n: sizes.get(n, 0) for n in "NMK"}.get(times, 1)'
            ),
        },
    ),
    wrong(
        "pattern",
        "one_digit_counts",
        hint="You read one character behind the star: a count of 12 is taken for 1.",
        edits={"repeats = int(times) if": "repeats = int(times[0]) if"},
    ),
    wrong(
        "pattern",
        "pools_always_kept",
        hint="`pool=False` makes no difference: a POOL with a question mark is still there.",
        edits={NO_POOL: "        pass\n"},
    ),
    wrong(
        "pattern",
        "optional_pools_always_left_out",
        hint="A POOL with a question mark is never there. It is left out only where pool is False.",
        edits={'if not sizes.get("pool", True):': 'if not sizes.get("pool", False):'},
    ),
    wrong(
        "pattern",
        "every_pool_left_out",
        hint="With pool=False you leave every POOL out, also one without a question mark.",
        edits={NO_POOL: '        words = [word for word in words if not word.startswith("POOL")]\n'},
    ),
    wrong(
        "pattern",
        "channels_not_handed_on",
        hint="Your second convolution expects the channels of the image. What does it get from the first?",
        edits={CONVOLVE: CONVOLVE.replace("channels = filters.pop(0)", "filters.pop(0)")},
    ),
    wrong(
        "pattern",
        "pools_do_not_shrink",
        hint="Your first linear layer expects maps as large as the image. Every pool in between halves their sides.",
        edits={SMALLER: "pass"},
    ),
    wrong(
        "pattern",
        "sizes_rounded_up",
        hint="You round the sides of pooled maps up. PyTorch's pool rounds down: of 7 rows 3 come out.",
        edits={SMALLER: "height, width = (height + 1) // 2, (width + 1) // 2"},
    ),
    wrong(
        "pattern",
        "square_maps_assumed",
        hint="You take the maps for squares when you count what the first linear layer gets.",
        edits={FEATURES: "features = channels * height * height"},
    ),
    wrong(
        "pattern",
        "not_flattened",
        hint="There is no nn.Flatten before your first linear layer: it works on the last axis of the maps.",
        edits={FLATTEN: ""},
    ),
    wrong(
        "pattern",
        "convolutions_without_padding",
        hint="Your convolutions shrink the maps: with a 3x3 kernel one row and column on each side must be added.",
        edits={CONVOLVE: CONVOLVE.replace(", padding=1", "")},
    ),
    wrong(
        "pattern",
        "relu_forgotten",
        hint="There is no ReLU in your network, though the pattern names it.",
        edits={"layers.append(nn.ReLU())": "layers.append(nn.Identity())"},
    ),
    wrong(
        "pattern",
        "the_same_layers_again",
        hint="Your repeated group consists of the same layers again and again: they share their weights. Make a new "
        "layer each time.",
        edits={
            "layers = []\n": "layers, made = [], {}\n",
            "layers.append(nn.Conv2d(channels, filters[0], 3, padding=1))": (
                "key = (channels, filters[0])\n"
                "            layers.append(made.setdefault(key, nn.Conv2d(channels, filters[0], 3, padding=1)))"
            ),
        },
    ),
    wrong(
        "pattern",
        "blanks_needed",
        hint='You split the text at " -> " with its blanks. Blanks do not matter.',
        edits={
            'words = [word.strip() for word in text.split("->") if word.strip()]': (
                'words = [word.strip() for word in text.split(" -> ") if word.strip()]'
            )
        },
    ),
    wrong(
        "pattern",
        "two_levels_only",
        hint="Groups inside groups inside groups are not expanded: your function goes over the text a fixed number of "
        "times.",
        edits={
            '    while "[" in text:\n': '    for _ in range(3):\n        if "[" not in text:\n            break\n',
        },
    ),
    wrong(
        "pattern",
        "unknown_words_skipped",
        hint="You skip words that you do not know. A pattern with a spelling mistake then gives another network, and "
        "nobody notices.",
        edits={'raise ValueError(f"pattern: unknown word {word!r}")': "continue"},
    ),
    wrong(
        "pattern",
        "letters_without_a_number_are_one",
        hint="You take a letter that has no number for 1. The contract asks for a ValueError.",
        edits={
            'raise ValueError(f"pattern: {times} needs a number, for example {times}=2")': "sizes[times] = 1",
        },
    ),
    wrong(
        "pattern",
        "first_word_not_looked_at",
        hint="A text that does not begin with INPUT is taken as if it did.",
        edits={
            '    if words[:1] != ["INPUT"]:\n        raise ValueError("pattern: the text must begin with INPUT")\n': (
                '    words = ["INPUT", *(word for word in words if word != "INPUT")]\n'
            )
        },
    ),
    wrong(
        "pattern",
        "sizes_left_over",
        hint="Filters or outputs that no layer needs are ignored. More sizes than layers must raise a ValueError.",
        edits={
            LENGTHS: LENGTHS.replace(
                'if (words.count("CONV"), words.count("FC")) != (len(filters), len(outputs)):',
                'if words.count("CONV") > len(filters) or words.count("FC") > len(outputs):',
            )
        },
    ),
    wrong(
        "pattern",
        "index_error_for_too_few_sizes",
        hint="With too few sizes an IndexError comes from the middle of your function. Which error does the contract "
        "ask for?",
        edits={LENGTHS: ""},
    ),
]

# AlexNet
FIRST = "nn.Conv2d(3, 64, kernel_size=11, stride=4, padding=2),  # (64, 55, 55)"
SECOND_POOL = "nn.MaxPool2d(3, stride=2),  # (192, 13, 13)"
LAST_POOL = "nn.MaxPool2d(3, stride=2),  # (256, 6, 6)"
FIFTH = "nn.Conv2d(256, 256, kernel_size=3, padding=1),\n            nn.ReLU(),\n"
FC6 = "            nn.Linear(256 * 6 * 6, 4096),\n            nn.ReLU(),\n"
FC7 = "            nn.Linear(4096, 4096),\n            nn.ReLU(),\n"
DROPOUT6 = "            nn.Flatten(),\n            nn.Dropout(0.5),\n"
DROPOUT7 = "            nn.Dropout(0.5),\n            nn.Linear(4096, 4096),\n"
SCORES = "return self.classifier(features)"

ALEXNET = [
    wrong(
        "AlexNet",
        "filters_of_the_two_towers",
        hint="Your first layers have the filters of the paper's two towers together, 96 and 256. This is the form with "
        "one tower, 64 and 192.",
        edits={
            FIRST: FIRST.replace("64, kernel", "96, kernel"),
            "nn.Conv2d(64, 192, kernel_size=5, padding=2)": "nn.Conv2d(96, 256, kernel_size=5, padding=2)",
            "nn.Conv2d(192, 384": "nn.Conv2d(256, 384",
        },
    ),
    wrong(
        "AlexNet",
        "first_convolution_not_padded",
        hint="Your first convolution is not padded. The table's 55 needs (224 + 2 * 2 - 11) / 4 + 1.",
        edits={FIRST: FIRST.replace(", padding=2", "")},
    ),
    wrong(
        "AlexNet",
        "first_stride_of_two",
        hint="Your first convolution moves by 2. Four times as many places come out as the table has.",
        edits={FIRST: FIRST.replace("stride=4", "stride=2")},
    ),
    wrong(
        "AlexNet",
        "second_convolution_not_padded",
        hint="Your second convolution shrinks the maps: with a kernel of 5x5 look at its padding.",
        edits={"nn.Conv2d(64, 192, kernel_size=5, padding=2)": "nn.Conv2d(64, 192, kernel_size=5)"},
    ),
    wrong(
        "AlexNet",
        "pools_with_the_default_stride",
        hint="Your pools move by 3, PyTorch's default, which is the size of the window. AlexNet's windows overlap.",
        edits={
            "nn.MaxPool2d(3, stride=2),  # (64, 27, 27)": "nn.MaxPool2d(3),",
            SECOND_POOL: "nn.MaxPool2d(3),",
            LAST_POOL: "nn.MaxPool2d(3),",
        },
    ),
    wrong(
        "AlexNet",
        "windows_of_two",
        hint="Your pools look at 2x2. AlexNet's windows are 3x3 and overlap, which often gives the same sizes and "
        "never the same numbers.",
        edits={
            "nn.MaxPool2d(3, stride=2),  # (64, 27, 27)": "nn.MaxPool2d(2, stride=2),",
            SECOND_POOL: "nn.MaxPool2d(2, stride=2),",
            LAST_POOL: "nn.MaxPool2d(2, stride=2),",
        },
    ),
    wrong(
        "AlexNet",
        "average_pools",
        hint="Your pools take the mean. AlexNet takes the maximum.",
        edits={
            "nn.MaxPool2d(3, stride=2),  # (64, 27, 27)": "nn.AvgPool2d(3, stride=2),",
            SECOND_POOL: "nn.AvgPool2d(3, stride=2),",
            LAST_POOL: "nn.AvgPool2d(3, stride=2),",
        },
    ),
    wrong(
        "AlexNet",
        "last_pool_missing",
        hint="There is no pool behind your fifth convolution: the adaptive pool hides that, since it makes 6x6 maps of "
        "whatever it gets.",
        edits={"            " + LAST_POOL + "\n": ""},
    ),
    wrong(
        "AlexNet",
        "no_relu_behind_the_fifth_convolution",
        hint="No ReLU follows your fifth convolution.",
        edits={FIFTH: "nn.Conv2d(256, 256, kernel_size=3, padding=1),\n"},
    ),
    wrong(
        "AlexNet",
        "no_relu_between_linear_layers",
        hint="Your linear layers follow each other without a ReLU: together they are one linear layer, with 58 million "
        "parameters.",
        edits={FC6: FC6.replace("            nn.ReLU(),\n", ""), FC7: FC7.replace("            nn.ReLU(),\n", "")},
    ),
    wrong(
        "AlexNet",
        "relu_behind_the_scores",
        hint="A ReLU follows your last layer, so that no score can be negative.",
        edits={SCORES: SCORES + ".relu()"},
    ),
    wrong(
        "AlexNet",
        "softmax_at_the_end",
        hint="Your scores are probabilities already. The contract asks for scores; cross entropy does the rest.",
        edits={SCORES: SCORES + ".softmax(dim=1)"},
    ),
    wrong(
        "AlexNet",
        "adaptive_pool_missing",
        hint="Your network takes images of 224x224 and no others: which layer makes 6x6 maps of whatever arrives?",
        edits={"            nn.AdaptiveAvgPool2d(6),\n": ""},
    ),
    wrong(
        "AlexNet",
        "fourth_convolution_as_wide_as_the_third",
        hint="Your fourth convolution has 384 filters: look at the table again.",
        edits={
            "nn.Conv2d(384, 256, kernel_size=3, padding=1)": "nn.Conv2d(384, 384, kernel_size=3, padding=1)",
            "nn.Conv2d(256, 256, kernel_size=3, padding=1)": "nn.Conv2d(384, 256, kernel_size=3, padding=1)",
        },
    ),
    wrong(
        "AlexNet",
        "two_groups",
        hint="Your second, fourth and fifth convolutions are split into two groups, as in the paper. This is the form "
        "with one tower.",
        edits={
            "nn.Conv2d(64, 192, kernel_size=5, padding=2)": "nn.Conv2d(64, 192, kernel_size=5, padding=2, groups=2)",
            "nn.Conv2d(384, 256, kernel_size=3, padding=1)": "nn.Conv2d(384, 256, kernel_size=3, padding=1, groups=2)",
            "nn.Conv2d(256, 256, kernel_size=3, padding=1)": "nn.Conv2d(256, 256, kernel_size=3, padding=1, groups=2)",
        },
    ),
    wrong(
        "AlexNet",
        "one_hidden_layer",
        hint="One of the two hidden layers of 4,096 units is missing: 16.8 million parameters.",
        edits={DROPOUT7 + "            nn.ReLU(),\n": ""},
    ),
    wrong(
        "AlexNet",
        "no_dropout",
        hint="Nothing is dropped in training mode: without dropout 58 million parameters learn the images by heart.",
        edits={
            DROPOUT6: "            nn.Flatten(),\n",
            DROPOUT7: "            nn.Linear(4096, 4096),\n",
        },
    ),
    wrong(
        "AlexNet",
        "dropout_in_eval_mode_too",
        hint="Units are dropped in eval mode too: F.dropout does not know the mode of your module unless you tell it.",
        edits={SCORES: "return self.classifier[2:](F.dropout(features.flatten(1), 0.5))"},
    ),
    wrong(
        "AlexNet",
        "num_classes_ignored",
        hint="Your network has 1,000 scores whatever num_classes says.",
        edits={"nn.Linear(4096, num_classes)": "nn.Linear(4096, 1000)"},
    ),
    wrong(
        "AlexNet",
        "local_response_normalization",
        hint="There is local response normalization in your network. It adds no parameters and changes every number; "
        "this form has none.",
        edits={SECOND_POOL: "nn.LocalResponseNorm(5),\n            " + SECOND_POOL},
    ),
]

# vgg_block
BLOCK_CONV = "        layers.append(nn.Conv2d(in_channels, out_channels, kernel_size=3, padding=1))\n"
BLOCK_RELU = "        layers.append(nn.ReLU())\n"
BLOCK_NEXT = "        in_channels = out_channels\n"
BLOCK_POOL = "layers.append(nn.MaxPool2d(2, stride=2))"
VGG_FC1 = "            nn.Linear(channels * 7 * 7, 4096),\n            nn.ReLU(),\n"
VGG_FC2 = "            nn.Linear(4096, 4096),\n            nn.ReLU(),\n"
VGG_SCORES = "return self.classifier(maps)"

VGG = [
    wrong(
        "vgg_block",
        "channels_not_handed_on_inside_a_block",
        hint="The second convolution of your block expects in_channels again. What does it get?",
        edits={BLOCK_NEXT: ""},
    ),
    wrong(
        "vgg_block",
        "wide_in_the_last_convolution_only",
        hint="Only the last convolution of your block has out_channels filters. All of them have.",
        edits={
            BLOCK_CONV: "        width = out_channels if _ == num_convs - 1 else in_channels\n"
            + BLOCK_CONV.replace("out_channels", "width"),
            BLOCK_NEXT: "        in_channels = width\n",
        },
    ),
    wrong(
        "vgg_block",
        "one_relu_per_block",
        hint="Only the last convolution of your block is followed by a ReLU: the others are one linear map together.",
        edits={BLOCK_RELU: "", "    " + BLOCK_POOL: "    layers.append(nn.ReLU())\n    " + BLOCK_POOL},
    ),
    wrong(
        "vgg_block",
        "one_convolution_too_few",
        hint="Your blocks have one convolution less than num_convs says.",
        edits={"for _ in range(num_convs):": "for _ in range(1, max(num_convs, 2)):"},
    ),
    wrong(
        "vgg_block",
        "the_same_convolution_again",
        hint="Your block calls one and the same convolution several times: it has too few parameters.",
        edits={
            BLOCK_CONV: "        if len(layers) < 4:\n"
            "            own = nn.Conv2d(in_channels, out_channels, 3, padding=1)\n"
            "        layers.append(own)\n"
        },
    ),
    wrong(
        "vgg_block",
        "not_padded",
        hint="Your convolutions shrink the maps by two rows and columns. Look at their padding.",
        edits={BLOCK_CONV: BLOCK_CONV.replace(", padding=1", "")},
    ),
    wrong(
        "vgg_block",
        "no_bias",
        hint="Your convolutions have no bias. There is no batch norm here that would make up for it.",
        edits={BLOCK_CONV: BLOCK_CONV.replace("padding=1", "padding=1, bias=False")},
    ),
    wrong(
        "vgg_block",
        "batch_norm_added",
        hint="There is batch norm in your block. It came a year later; VGG as published has none.",
        edits={BLOCK_RELU: "        layers.append(nn.BatchNorm2d(out_channels))\n" + BLOCK_RELU},
    ),
    wrong(
        "vgg_block",
        "pool_missing",
        hint="Your block does not pool: its maps come out as large as they go in.",
        edits={BLOCK_POOL: "pass"},
    ),
    wrong(
        "vgg_block",
        "pool_rounds_up",
        hint="Your pool rounds the size up, and adds a window that hangs over the border.",
        edits={BLOCK_POOL: BLOCK_POOL.replace("stride=2", "stride=2, ceil_mode=True")},
    ),
    wrong(
        "vgg_block",
        "average_pool",
        hint="Your pool takes the mean. VGG takes the maximum.",
        edits={BLOCK_POOL: BLOCK_POOL.replace("MaxPool", "AvgPool")},
    ),
    wrong(
        "vgg_block",
        "channels_not_handed_on_between_blocks",
        hint="Every block of your VGG expects the image's three channels. What does the second one get?",
        edits={
            "            channels = out_channels\n        self": "        channels = out_channels\n        self",
            "vgg_block(num_convs, channels, out_channels)": "vgg_block(num_convs, 3, out_channels)",
        },
    ),
    wrong(
        "vgg_block",
        "classifier_for_512_maps_only",
        hint="Your first linear layer counts on 512 maps. How many there are, the last pair of the config says.",
        edits={"nn.Linear(channels * 7 * 7, 4096)": "nn.Linear(512 * 7 * 7, 4096)"},
    ),
    wrong(
        "vgg_block",
        "adaptive_pool_missing",
        hint="Your VGG takes images of one size only: which layer makes 7x7 maps of whatever arrives?",
        edits={"            nn.AdaptiveAvgPool2d(7),\n": ""},
    ),
    wrong(
        "vgg_block",
        "averaged_before_the_classifier",
        hint="You average each map to one number before the first linear layer. VGG flattens 7x7: that is why it has "
        "138 million parameters.",
        edits={
            "nn.AdaptiveAvgPool2d(7)": "nn.AdaptiveAvgPool2d(1)",
            "nn.Linear(channels * 7 * 7,": "nn.Linear(channels,",
        },
    ),
    wrong(
        "vgg_block",
        "no_relu_between_linear_layers",
        hint="Your linear layers follow each other without a ReLU: together they are one linear layer.",
        edits={
            VGG_FC1: VGG_FC1.replace("            nn.ReLU(),\n", ""),
            VGG_FC2: VGG_FC2.replace("            nn.ReLU(),\n", ""),
        },
    ),
    wrong(
        "vgg_block",
        "softmax_at_the_end",
        hint="Your scores are probabilities already. The contract asks for scores.",
        edits={VGG_SCORES: VGG_SCORES + ".softmax(dim=1)"},
    ),
    wrong(
        "vgg_block",
        "no_dropout",
        hint="Nothing is dropped in training mode.",
        edits={
            VGG_FC1 + "            nn.Dropout(0.5),\n": VGG_FC1,
            VGG_FC2 + "            nn.Dropout(0.5),\n": VGG_FC2,
        },
    ),
    wrong(
        "vgg_block",
        "dropout_in_eval_mode_too",
        hint="Units are dropped in eval mode too: F.dropout does not know the mode of your module unless you tell it.",
        edits={VGG_SCORES: "return self.classifier[-1](F.dropout(self.classifier[:-1](maps), 0.5))"},
    ),
    wrong(
        "vgg_block",
        "num_classes_ignored",
        hint="Your network has 1,000 scores whatever num_classes says.",
        edits={"nn.Linear(4096, num_classes)": "nn.Linear(4096, 1000)"},
    ),
]

# NiN
NIN_FIRST = "        nn.Conv2d(in_channels, first, kernel_size, stride, padding),\n        nn.ReLU(),\n"
NIN_SECOND = "        nn.Conv2d(first, second, kernel_size=1),\n        nn.ReLU(),\n"
NIN_THIRD = "        nn.Conv2d(second, third, kernel_size=1),\n        nn.ReLU(),\n"
NIN_MEAN = "            nn.AdaptiveAvgPool2d(1),\n            nn.Flatten(),\n"
NIN_LAST = "nin_block(384, (1024, 1024, num_classes), 3, padding=1),  # (num_classes, 6, 6)"
NIN_POOLS = ("(96, 27, 27)", "(256, 13, 13)", "(384, 6, 6)")


def nin_pools(layer: str) -> dict[str, str]:
    """Every pool replaced."""
    return {f"nn.MaxPool2d(3, stride=2, ceil_mode=True),  # {size}": f"{layer}," for size in NIN_POOLS}


NIN = [
    wrong(
        "NiN",
        "relu_behind_the_first_convolution_only",
        hint="No ReLU follows your 1x1 convolutions: without one between them they are a single linear map, and the "
        "small network in the network is none.",
        edits={
            NIN_SECOND: NIN_SECOND.replace("        nn.ReLU(),\n", ""),
            NIN_THIRD: NIN_THIRD.replace("        nn.ReLU(),\n", ""),
        },
    ),
    wrong(
        "NiN",
        "no_relu_at_the_end_of_a_block",
        hint="No ReLU follows the last convolution of your block.",
        edits={NIN_THIRD: NIN_THIRD.replace("        nn.ReLU(),\n", "")},
    ),
    wrong(
        "NiN",
        "one_by_one_convolution_missing",
        hint="Your block has one 1x1 convolution. There are two.",
        edits={NIN_SECOND: "", NIN_THIRD: NIN_THIRD.replace("second, third", "first, third")},
    ),
    wrong(
        "NiN",
        "large_kernels_everywhere",
        hint="Your second and third convolutions have kernels of 3x3. A perceptron at a pixel sees that pixel alone.",
        edits={
            NIN_SECOND: NIN_SECOND.replace("kernel_size=1", "kernel_size=3, padding=1"),
            NIN_THIRD: NIN_THIRD.replace("kernel_size=1", "kernel_size=3, padding=1"),
        },
    ),
    wrong(
        "NiN",
        "one_number_of_filters",
        hint="All three convolutions of your block have as many filters as the first: `filters` has three numbers.",
        edits={"first, second, third = filters": "first = second = third = filters[0]"},
    ),
    wrong(
        "NiN",
        "stride_ignored",
        hint="Your block moves by 1 whatever its stride.",
        edits={NIN_FIRST: NIN_FIRST.replace("stride, padding", "1, padding")},
    ),
    wrong(
        "NiN",
        "padding_ignored",
        hint="Your block pads nothing whatever its padding.",
        edits={NIN_FIRST: NIN_FIRST.replace(", padding", "")},
    ),
    wrong(
        "NiN",
        "stride_in_every_convolution",
        hint="All convolutions of your block move by the stride. It is the first one's alone.",
        edits={
            NIN_SECOND: NIN_SECOND.replace("kernel_size=1", "kernel_size=1, stride=stride"),
            NIN_THIRD: NIN_THIRD.replace("kernel_size=1", "kernel_size=1, stride=stride"),
        },
    ),
    wrong(
        "NiN",
        "pools_round_down",
        hint="Your pools round down. In this network they round up: 54 rows become 27.",
        edits=nin_pools("nn.MaxPool2d(3, stride=2)"),
    ),
    wrong(
        "NiN",
        "average_pools",
        hint="Your pools between the blocks take the mean. They take the maximum; the mean comes in the end.",
        edits=nin_pools("nn.AvgPool2d(3, stride=2, ceil_mode=True)"),
    ),
    wrong(
        "NiN",
        "flattened_instead_of_averaged",
        hint="You flatten the last maps and put a linear layer behind them. In NiN the mean of each map IS the score: "
        "no parameter is needed for it.",
        edits={
            NIN_MEAN: "            nn.AdaptiveAvgPool2d(6),\n            nn.Flatten(),\n"
            "            nn.Linear(36 * num_classes, num_classes),\n"
        },
    ),
    wrong(
        "NiN",
        "largest_instead_of_mean",
        hint="Your score is the largest number of a map. The contract asks for the mean.",
        edits={NIN_MEAN: NIN_MEAN.replace("Avg", "Max")},
    ),
    wrong(
        "NiN",
        "maps_not_flattened",
        hint="Your scores have four axes, (N, num_classes, 1, 1).",
        edits={NIN_MEAN: "            nn.AdaptiveAvgPool2d(1),\n"},
    ),
    wrong(
        "NiN",
        "softmax_at_the_end",
        hint="Your scores are probabilities already. The contract asks for scores.",
        edits={"return self.layers(x)": "return self.layers(x).softmax(dim=1)"},
    ),
    wrong(
        "NiN",
        "no_dropout",
        hint="Nothing is dropped in training mode.",
        edits={"            nn.Dropout(0.5),\n": ""},
    ),
    wrong(
        "NiN",
        "num_classes_ignored",
        hint="Your network has 1,000 scores whatever num_classes says.",
        edits={NIN_LAST: NIN_LAST.replace("1024, num_classes), 3", "1024, 1000), 3")},
    ),
]

# Inception
CONCAT = "return torch.cat(branches, dim=1)"
BRANCHES = "branches = [self.branch1(x), self.branch2(x), self.branch3(x), self.branch4(x)]"
REDUCE3 = "            nn.Conv2d(in_channels, reduce3, kernel_size=1),\n            nn.ReLU(),\n"
REDUCE5 = "            nn.Conv2d(in_channels, reduce5, kernel_size=1),\n            nn.ReLU(),\n"
THREE = "nn.Conv2d(reduce3, n3, kernel_size=3, padding=1),\n            nn.ReLU(),\n"
FIVE = "nn.Conv2d(reduce5, n5, kernel_size=5, padding=2),\n            nn.ReLU(),\n"
ONE = "            nn.Conv2d(in_channels, n1, kernel_size=1),\n            nn.ReLU(),\n"
POOLED = "            nn.Conv2d(in_channels, pool, kernel_size=1),\n            nn.ReLU(),\n"
BLOCK_MAX = "            nn.MaxPool2d(3, stride=1, padding=1),\n"
HEADS = "if self.training and len(self.heads) > 0:"
THREE_SCORES = "return scores, self.heads[0](early), self.heads[1](late)"
DROP = "            nn.Flatten(),\n            nn.Dropout(0.4),\n"


def without_relu(*layers: str) -> dict[str, str]:
    return {layer: layer.replace("            nn.ReLU(),\n", "") for layer in layers}


def shrinking(layer: str) -> dict[str, str]:
    """The pools of the whole network replaced."""
    pools = ("(64, 56, 56)", "(192, 28, 28)", "(480, 14, 14)", "(832, 7, 7)")
    return {f"nn.MaxPool2d(3, stride=2, ceil_mode=True),  # {size}": f"{layer}," for size in pools}


INCEPTION = [
    wrong(
        "Inception",
        "concatenated_on_the_batch_axis",
        hint="You stack the branches along another axis than that of the channels, which is the second.",
        edits={CONCAT: CONCAT.replace("dim=1", "dim=0")},
    ),
    wrong(
        "Inception",
        "branches_in_another_order",
        hint="The right maps come out in the wrong order: first 1x1, then 3x3, then 5x5, then the pool.",
        edits={BRANCHES: "branches = [self.branch1(x), self.branch3(x), self.branch2(x), self.branch4(x)]"},
    ),
    wrong(
        "Inception",
        "three_by_three_for_five_by_five",
        hint="Your third branch has a kernel of 3x3. That is what torchvision has; the paper has 5x5.",
        edits={FIVE: FIVE.replace("kernel_size=5, padding=2", "kernel_size=3, padding=1")},
    ),
    wrong(
        "Inception",
        "reductions_exchanged",
        hint="reduce3 and reduce5 are exchanged: the third size is what follows reduce3.",
        edits={"n1, reduce3, n3, reduce5, n5, pool = sizes": "n1, reduce5, n3, reduce3, n5, pool = sizes"},
    ),
    wrong(
        "Inception",
        "no_reductions",
        hint="Your large kernels work on the whole input: the 1x1 convolutions that make them affordable are missing.",
        edits={
            REDUCE3: "",
            THREE: THREE.replace("reduce3, n3", "in_channels, n3"),
            REDUCE5: "",
            FIVE: FIVE.replace("reduce5, n5", "in_channels, n5"),
        },
    ),
    wrong(
        "Inception",
        "no_relu_behind_the_reductions",
        hint="No ReLU follows the 1x1 convolutions that reduce: together with what comes next they are one linear map.",
        edits=without_relu(REDUCE3, REDUCE5),
    ),
    wrong(
        "Inception",
        "pool_with_the_default_stride",
        hint="The pool of your fourth branch moves by 3, PyTorch's default. Its maps must stay as large as the others.",
        edits={BLOCK_MAX: "            nn.MaxPool2d(3, padding=1),\n"},
    ),
    wrong(
        "Inception",
        "average_pool_in_the_block",
        hint="The pool of your fourth branch takes the mean. The paper's takes the maximum.",
        edits={BLOCK_MAX: "            nn.AvgPool2d(3, stride=1, padding=1),\n"},
    ),
    wrong(
        "Inception",
        "border_of_the_pool_taken_for_zeros",
        hint="At the border your pool sees zeros, which are larger than negative maps. nn.MaxPool2d pads with what can "
        "never be the largest.",
        edits={BLOCK_MAX: "            nn.ZeroPad2d(1),\n            nn.MaxPool2d(3, stride=1),\n"},
    ),
    wrong(
        "Inception",
        "no_bias",
        hint="Your convolutions have no bias. They would need none with batch norm, which the paper's form has not.",
        edits={
            ONE: ONE.replace("kernel_size=1", "kernel_size=1, bias=False"),
            REDUCE3: REDUCE3.replace("kernel_size=1", "kernel_size=1, bias=False"),
            THREE: THREE.replace("padding=1", "padding=1, bias=False"),
            REDUCE5: REDUCE5.replace("kernel_size=1", "kernel_size=1, bias=False"),
            FIVE: FIVE.replace("padding=2", "padding=2, bias=False"),
            POOLED: POOLED.replace("kernel_size=1", "kernel_size=1, bias=False"),
        },
    ),
    wrong(
        "Inception",
        "network_pools_round_down",
        hint="The pools of your GoogLeNet round down. They round up: 112 rows become 56, not 55.",
        edits=shrinking("nn.MaxPool2d(3, stride=2)"),
    ),
    wrong(
        "Inception",
        "last_pool_missing",
        hint="There is no pool between your blocks 4e and 5a.",
        edits={"            nn.MaxPool2d(3, stride=2, ceil_mode=True),  # (832, 7, 7)\n": ""},
    ),
    wrong(
        "Inception",
        "flattened_before_the_global_pool",
        hint="You flatten the 7x7 maps and need 49 times as many weights for the scores. The mean of each map comes "
        "first.",
        edits={
            "            nn.AdaptiveAvgPool2d(1),\n": "            nn.AdaptiveAvgPool2d(7),\n",
            "            nn.Linear(1024, num_classes),\n        )\n        self.heads": (
                "            nn.Linear(1024 * 7 * 7, num_classes),\n        )\n        self.heads"
            ),
        },
    ),
    wrong(
        "Inception",
        "keep_probability_for_dropout",
        hint="You drop 60 % before the scores. 0.4 is what is dropped, not what is kept.",
        edits={DROP: DROP.replace("0.4", "0.6")},
    ),
    wrong(
        "Inception",
        "no_dropout",
        hint="Nothing is dropped before the scores in training mode.",
        edits={DROP: "            nn.Flatten(),\n"},
    ),
    wrong(
        "Inception",
        "heads_always_there",
        hint="Your GoogLeNet has its two heads also with aux=False: 6.4 million parameters that nobody asked for.",
        edits={"        if aux:\n": "        if True:\n"},
    ),
    wrong(
        "Inception",
        "heads_in_eval_mode_too",
        hint="Your forward returns three arrays in eval mode too. The heads are there for training alone.",
        edits={HEADS: "if len(self.heads) > 0:"},
    ),
    wrong(
        "Inception",
        "heads_never_used",
        hint="Your forward never returns what the heads say: without a loss on it they learn nothing.",
        edits={HEADS: "if False:"},
    ),
    wrong(
        "Inception",
        "heads_returned_first",
        hint="The heads' scores come out before the network's own. The order is: scores, head on 4a, head on 4d.",
        edits={THREE_SCORES: "return self.heads[0](early), self.heads[1](late), scores"},
    ),
    wrong(
        "Inception",
        "first_head_on_another_block",
        hint="Your first head sees what leaves 4b. It stands behind 4a.",
        edits={THREE_SCORES: THREE_SCORES.replace("(early)", "(self.until_4d[0](early))")},
    ),
]

# BasicBlock, Bottleneck, ResNet
BASIC_CONV1 = "nn.Conv2d(in_channels, channels, kernel_size=3, stride=stride, padding=1, bias=False)"
BASIC_CONV2 = "nn.Conv2d(channels, channels, kernel_size=3, padding=1, bias=False)"
BASIC_IF = "        if stride != 1 or in_channels != channels:\n"
BASIC_SHORTCUT = (
    "                nn.Conv2d(in_channels, channels, kernel_size=1, stride=stride, bias=False),\n"
    "                nn.BatchNorm2d(channels),\n"
)
AFTER_BASIC = "class Bottleneck(nn.Module):"
AFTER_BOTTLENECK = "class ResNet(nn.Module):"
ADD = "return F.relu(self.branch(x) + self.shortcut(x))"
VERSION = 'stride_1x1, stride_3x3 = (stride, 1) if version == "v1" else (1, stride)'
NARROW_IF = "        if stride != 1 or in_channels != out_channels:\n"
NARROW_SHORTCUT = (
    "                nn.Conv2d(in_channels, out_channels, kernel_size=1, stride=stride, bias=False),\n"
    "                nn.BatchNorm2d(out_channels),\n"
)
STRIDE = "stride = 2 if stage > 0 and index == 0 else 1"
OWN_NAMES = "own_names = list(ResNet(kind).state_dict())"
MAP_ENTRY = "key_map[published] = own"
REFUSED = (
    '        if version not in ("v1", "v1.5"):\n'
    "            raise ValueError(f\"Bottleneck: version must be 'v1' or 'v1.5', got {version!r}\")\n"
)


def both_additions(line: str) -> dict[str, str]:
    """The sum and its ReLU, in both blocks."""
    return {
        f"{ADD}\n        ### END SOLUTION\n\n\n{after}": f"{line}\n        ### END SOLUTION\n\n\n{after}"
        for after in (AFTER_BASIC, AFTER_BOTTLENECK)
    }


RESNET = [
    wrong(
        "BasicBlock",
        "no_projection",
        hint="Your shortcut is always the input itself. Where the number of channels or the size changes, two things "
        "of different shapes cannot be added.",
        edits={BASIC_IF: "        if False:\n", NARROW_IF: "        if False:\n"},
    ),
    wrong(
        "BasicBlock",
        "projection_only_with_a_stride",
        hint="Your shortcut is projected only where there is a stride. The number of channels may change without one: "
        "look at the first block of ResNet-50.",
        edits={BASIC_IF: "        if stride != 1:\n", NARROW_IF: "        if stride != 1:\n"},
    ),
    wrong(
        "BasicBlock",
        "projection_only_for_more_channels",
        hint="Your shortcut is projected only where the number of channels changes. With a stride the size does too.",
        edits={
            BASIC_IF: "        if in_channels != channels:\n",
            NARROW_IF: "        if in_channels != out_channels:\n",
        },
    ),
    wrong(
        "BasicBlock",
        "always_projected",
        hint="You project every shortcut. Where nothing changes shape, the input itself is added: that is the point.",
        edits={BASIC_IF: "        if True:\n", NARROW_IF: "        if True:\n"},
    ),
    wrong(
        "BasicBlock",
        "relu_before_the_addition",
        hint="You apply ReLU to the branch and then add. A branch that can only add and never take away: the ReLU "
        "comes behind the sum.",
        edits=both_additions("return F.relu(self.branch(x)) + self.shortcut(x)"),
    ),
    wrong(
        "BasicBlock",
        "no_relu_behind_the_sum",
        hint="No ReLU follows your sum.",
        edits=both_additions("return self.branch(x) + self.shortcut(x)"),
    ),
    wrong(
        "BasicBlock",
        "batch_norm_missing_behind_the_projection",
        hint="Your projection is a convolution alone: the batch norm behind it is missing.",
        edits={
            BASIC_SHORTCUT: BASIC_SHORTCUT.split("\n")[0] + "\n",
            NARROW_SHORTCUT: NARROW_SHORTCUT.split("\n")[0] + "\n",
        },
    ),
    wrong(
        "BasicBlock",
        "stride_in_the_second_convolution",
        hint="The stride is in the second convolution of your BasicBlock. It is the first that makes the maps smaller.",
        edits={
            BASIC_CONV1: BASIC_CONV1.replace("stride=stride, ", ""),
            BASIC_CONV2: BASIC_CONV2.replace("padding", "stride=stride, padding"),
        },
    ),
    wrong(
        "BasicBlock",
        "convolutions_with_a_bias",
        hint="Your convolutions have biases. The batch norm behind each takes them away again.",
        edits={
            BASIC_CONV1: BASIC_CONV1.replace(", bias=False", ""),
            BASIC_CONV2: BASIC_CONV2.replace(", bias=False", ""),
        },
    ),
    wrong(
        "BasicBlock",
        "versions_exchanged",
        hint="The versions of your Bottleneck are exchanged: v1, the paper's, has its stride in the first 1x1.",
        edits={VERSION: VERSION.replace('"v1"', '"v1.5"')},
    ),
    wrong(
        "BasicBlock",
        "always_version_one_and_a_half",
        hint="`version` makes no difference: your stride is always in the 3x3.",
        edits={VERSION: "stride_1x1, stride_3x3 = 1, stride"},
    ),
    wrong(
        "BasicBlock",
        "not_expanded",
        hint="Your Bottleneck gives `channels` maps. It widens again: four times as many.",
        edits={
            "out_channels = 4 * channels": "out_channels = channels",
            "in_channels = 4 * channels": "in_channels = channels",
        },
    ),
    wrong(
        "BasicBlock",
        "projection_compared_with_the_narrow_width",
        hint="You compare in_channels with the narrow width of the Bottleneck. What goes out is four times as wide.",
        edits={NARROW_IF: "        if stride != 1 or in_channels != channels:\n"},
    ),
    wrong(
        "BasicBlock",
        "unknown_version_taken_for_another",
        hint="An unknown version is taken for v1.5. The contract asks for a ValueError.",
        edits={REFUSED: "", 'if kind not in depths or version not in ("v1", "v1.5"):': "if kind not in depths:"},
    ),
    wrong(
        "BasicBlock",
        "key_error_for_an_unknown_kind",
        hint="An unknown kind raises a KeyError. Which error does the contract ask for?",
        edits={'if kind not in depths or version not in ("v1", "v1.5"):': 'if version not in ("v1", "v1.5"):'},
    ),
    wrong(
        "BasicBlock",
        "depths_of_101_and_152_exchanged",
        hint="Your ResNet-101 and 152 are exchanged, or have the wrong number of blocks in their third stage.",
        edits={"101: (3, 4, 23, 3), 152: (3, 8, 36, 3)": "101: (3, 8, 36, 3), 152: (3, 4, 23, 3)"},
    ),
    wrong(
        "BasicBlock",
        "stride_in_every_block",
        hint="All blocks of your later stages have the stride. Only the first of each has.",
        edits={STRIDE: "stride = 2 if stage > 0 else 1"},
    ),
    wrong(
        "BasicBlock",
        "version_not_handed_on",
        hint="Your ResNet does not hand its version on to its blocks.",
        edits={"Bottleneck(in_channels, channels, stride, version)": "Bottleneck(in_channels, channels, stride)"},
    ),
    wrong(
        "BasicBlock",
        "flattened_before_the_global_pool",
        hint="You flatten 7x7 maps and need 49 times as many weights for the scores. The mean of each map comes first.",
        edits={
            "nn.AdaptiveAvgPool2d(1)": "nn.AdaptiveAvgPool2d(7)",
            "nn.Linear(in_channels, num_classes)": "nn.Linear(49 * in_channels, num_classes)",
        },
    ),
    wrong(
        "BasicBlock",
        "map_from_own_names_to_published_ones",
        hint="Your map leads from your names to the published ones. It is the other way round.",
        edits={MAP_ENTRY: "key_map[own] = published"},
    ),
    wrong(
        "BasicBlock",
        "map_without_running_statistics",
        hint="Your map has parameters only. A state dict also holds running means, variances and counts, without which "
        "batch norm in eval mode is wrong.",
        edits={OWN_NAMES: "own_names = [name for name, _ in ResNet(kind).named_parameters()]"},
    ),
    wrong(
        "BasicBlock",
        "map_without_the_projections",
        hint="Your map leads no published name to your projections: what are they called in the published state dict?",
        edits={', ("shortcut.", "downsample.")]': "]"},
    ),
    wrong(
        "BasicBlock",
        "map_of_eighteen_for_every_kind",
        hint="Your map is that of ResNet-18, whatever the kind.",
        edits={OWN_NAMES: OWN_NAMES.replace("ResNet(kind)", "ResNet(18)")},
    ),
    wrong(
        "BasicBlock",
        "map_exchanges_the_convolutions",
        hint="Every name is there, and the first and second batch norms of each block are exchanged: names alone do "
        "not show it, the numbers do.",
        edits={
            MAP_ENTRY: MAP_ENTRY + '\n    for name in list(key_map):\n        if ".bn1." in name:\n'
            '            other = name.replace(".bn1.", ".bn2.")\n'
            "            key_map[name], key_map[other] = key_map[other], key_map[name]"
        },
    ),
]

# DenseBlock, Transition, DenseNet121
NEW_MAPS = "x = torch.cat([x, new_maps], dim=1)"
WIDTH = "channels = in_channels + index * growth"
NARROWED = "nn.Conv2d(channels, 4 * growth, kernel_size=1, bias=False)"
LAYER_3X3 = "nn.Conv2d(4 * growth, growth, kernel_size=3, padding=1, bias=False)"
TRANSITION = (
    "            nn.BatchNorm2d(in_channels),\n            nn.ReLU(),\n"
    "            nn.Conv2d(in_channels, out_channels, kernel_size=1, bias=False),\n"
)
TRANSITION_POOL = "nn.AvgPool2d(2, stride=2)"
HALVED = "layers.append(Transition(channels, channels // 2))\n            channels = channels // 2"
DENSE_LAST = "layers += [nn.BatchNorm2d(channels), nn.ReLU()]"

DENSE = [
    wrong(
        "DenseBlock",
        "concatenated_on_the_batch_axis",
        hint="You stack new maps along another axis than that of the channels, which is the second.",
        edits={NEW_MAPS: NEW_MAPS.replace("dim=1", "dim=0")},
    ),
    wrong(
        "DenseBlock",
        "new_maps_first",
        hint="Your new maps stand before the old ones. The contract has them behind: published weights expect that.",
        edits={NEW_MAPS: "x = torch.cat([new_maps, x], dim=1)"},
    ),
    wrong(
        "DenseBlock",
        "input_not_kept",
        hint="Your block returns the new maps alone. The input itself goes out too, in front.",
        edits={
            f"{NEW_MAPS}\n        return x": (
                f"{NEW_MAPS}\n        return x[:, -len(self.layers) * new_maps.shape[1] :]"
            )
        },
    ),
    wrong(
        "DenseBlock",
        "last_maps_only",
        hint="Each of your layers sees the input and the maps of the layer before it. It must see those of ALL earlier "
        "layers.",
        edits={
            WIDTH: "channels = in_channels + min(index, 1) * growth",
            f"        for layer in self.layers:\n            new_maps = layer(x)\n            {NEW_MAPS}\n": (
                "        first, maps, new_maps = x, [x], None\n        for layer in self.layers:\n"
                "            new_maps = layer(first if new_maps is None else torch.cat([first, new_maps], dim=1))\n"
                "            maps.append(new_maps)\n        x = torch.cat(maps, dim=1)\n"
            ),
        },
    ),
    wrong(
        "DenseBlock",
        "growth_counted_from_one",
        hint="Your first layer expects the maps of a layer before it. How many channels are there when none has been "
        "added yet?",
        edits={WIDTH: "channels = in_channels + (index + 1) * growth"},
    ),
    wrong(
        "DenseBlock",
        "channels_do_not_grow",
        hint="All your layers expect the block's input. Each one before has added `growth` maps.",
        edits={WIDTH: "channels = in_channels"},
    ),
    wrong(
        "DenseBlock",
        "added_instead_of_concatenated",
        hint="You add new maps to old ones. That is ResNet; a dense block keeps both.",
        edits={
            NEW_MAPS: (
                "added = x[:, -new_maps.shape[1] :] + new_maps\n"
                "            x = torch.cat([x[:, : -new_maps.shape[1]], added, new_maps], dim=1)"
            )
        },
    ),
    wrong(
        "DenseBlock",
        "convolution_before_the_norm",
        hint="Your layers convolve and then normalize. In DenseNet batch norm and ReLU come BEFORE each convolution.",
        edits={
            "                    nn.BatchNorm2d(channels),\n                    nn.ReLU(),\n"
            "                    nn.Conv2d(channels, 4 * growth, kernel_size=1, bias=False),\n"
            "                    nn.BatchNorm2d(4 * growth),\n                    nn.ReLU(),\n"
            "                    nn.Conv2d(4 * growth, growth, kernel_size=3, padding=1, bias=False),\n": (
                "                    nn.Conv2d(channels, 4 * growth, kernel_size=1, bias=False),\n"
                "                    nn.BatchNorm2d(4 * growth),\n                    nn.ReLU(),\n"
                "                    nn.Conv2d(4 * growth, growth, kernel_size=3, padding=1, bias=False),\n"
                "                    nn.BatchNorm2d(growth),\n                    nn.ReLU(),\n"
            )
        },
    ),
    wrong(
        "DenseBlock",
        "no_bottleneck",
        hint="Your layers have one convolution, from all maps to `growth`. DenseNet-121 narrows to 4 * growth first.",
        edits={
            "                    "
            + NARROWED
            + ",\n                    nn.BatchNorm2d(4 * growth),\n                    nn.ReLU(),\n": "",
            LAYER_3X3: LAYER_3X3.replace("4 * growth", "channels"),
        },
    ),
    wrong(
        "DenseBlock",
        "bottleneck_too_narrow",
        hint="Your 1x1 convolution gives `growth` maps. It gives four times as many.",
        edits={
            NARROWED: NARROWED.replace("4 * growth", "growth"),
            "nn.BatchNorm2d(4 * growth)": "nn.BatchNorm2d(growth)",
            LAYER_3X3: LAYER_3X3.replace("4 * growth", "growth"),
        },
    ),
    wrong(
        "DenseBlock",
        "convolutions_with_a_bias",
        hint="The convolutions of your layers have biases: the number of parameters shows it.",
        edits={
            NARROWED: NARROWED.replace(", bias=False", ""),
            LAYER_3X3: LAYER_3X3.replace(", bias=False", ""),
        },
    ),
    wrong(
        "DenseBlock",
        "transition_takes_the_maximum",
        hint="Your transition takes the maximum of each window. It takes the mean.",
        edits={TRANSITION_POOL: "nn.MaxPool2d(2, stride=2)"},
    ),
    wrong(
        "DenseBlock",
        "transition_without_relu",
        hint="No ReLU stands between batch norm and convolution of your transition.",
        edits={TRANSITION: TRANSITION.replace("            nn.ReLU(),\n", "")},
    ),
    wrong(
        "DenseBlock",
        "transition_convolves_first",
        hint="Your transition convolves before batch norm and ReLU. They come first, over all maps that arrive.",
        edits={
            TRANSITION: "            nn.Conv2d(in_channels, out_channels, kernel_size=1, bias=False),\n"
            "            nn.BatchNorm2d(out_channels),\n            nn.ReLU(),\n"
        },
    ),
    wrong(
        "DenseBlock",
        "transitions_keep_all_maps",
        hint="Your transitions keep all maps. DenseNet-121 halves their number.",
        edits={HALVED: "layers.append(Transition(channels, channels))"},
    ),
    wrong(
        "DenseBlock",
        "last_batch_norm_missing",
        hint="What leaves your last block is not normalized: batch norm and ReLU end the features.",
        edits={DENSE_LAST: "layers += [nn.ReLU()]"},
    ),
    wrong(
        "DenseBlock",
        "last_relu_missing",
        hint="No ReLU follows the last batch norm: torchvision hides it in `forward`.",
        edits={DENSE_LAST: "layers += [nn.BatchNorm2d(channels)]"},
    ),
    wrong(
        "DenseBlock",
        "transition_behind_the_last_block",
        hint="A transition follows your last block. There are three of them for four blocks.",
        edits={
            DENSE_LAST: "layers.append(Transition(channels, channels // 2))\n        channels = channels // 2\n        "
            + DENSE_LAST
        },
    ),
    wrong(
        "DenseBlock",
        "blocks_of_other_depths",
        hint="The second and third block of your network do not have 12 and 24 layers.",
        edits={"for num_layers in (6, 12, 24):": "for num_layers in (6, 24, 12):"},
    ),
    wrong(
        "DenseBlock",
        "flattened_before_the_global_pool",
        hint="You flatten 7x7 maps and need 49 times as many weights for the scores. The mean of each map comes first.",
        edits={
            "nn.AdaptiveAvgPool2d(1)": "nn.AdaptiveAvgPool2d(7)",
            "nn.Linear(channels, num_classes)": "nn.Linear(49 * channels, num_classes)",
        },
    ),
]

# find_the_wrong_number
FC_TRUTH = 'truth = {"outputs": row["filters"], "params": weights + row["filters"], "macs": weights}'
CONV_PARAMS = '                    "params": weights + row["filters"],\n'
CONV_WEIGHTS = 'weights = row["filters"] * channels // row["groups"] * row["kernel"] ** 2'
CONV_MACS = '"macs": weights * h_out * w_out,'
WIDE = 'w_out = (width + 2 * row["pad"] - row["kernel"]) // row["stride"] + 1'
TELL = "if figure in row and abs(row[figure] - value) > 0.01 * value:"
SUMMED = "            total = {figure: total[figure] + truth[figure] for figure in total}\n"

FIND = [
    wrong(
        "find_the_wrong_number",
        "biases_forgotten",
        hint="You leave biases out of the parameters: with few weights per filter they are more than 1 %.",
        edits={
            FC_TRUTH: FC_TRUTH.replace('weights + row["filters"]', "weights"),
            CONV_PARAMS: '                    "params": weights,\n',
        },
    ),
    wrong(
        "find_the_wrong_number",
        "groups_ignored",
        hint="You let every filter see every channel. With groups it sees a share of them.",
        edits={CONV_WEIGHTS: CONV_WEIGHTS.replace(' // row["groups"]', "")},
    ),
    wrong(
        "find_the_wrong_number",
        "flops_expected",
        hint="You take multiply-accumulates for twice as many: those are FLOPs.",
        edits={
            CONV_MACS: '"macs": 2 * weights * h_out * w_out,',
            FC_TRUTH: FC_TRUTH.replace('"macs": weights', '"macs": 2 * weights'),
        },
    ),
    wrong(
        "find_the_wrong_number",
        "biases_in_the_multiplications",
        hint="You count biases as multiply-accumulates.",
        edits={CONV_MACS: '"macs": (weights + row["filters"]) * h_out * w_out,'},
    ),
    wrong(
        "find_the_wrong_number",
        "square_maps_assumed",
        hint="You take the maps for squares: the width has a size of its own.",
        edits={WIDE: "w_out = h_out"},
    ),
    wrong(
        "find_the_wrong_number",
        "sizes_rounded_up",
        hint="You round the size of maps up. A window that does not fit any more is not there.",
        edits={
            WIDE: 'w_out = -((width + 2 * row["pad"] - row["kernel"]) // -row["stride"]) + 1',
            'h_out = (height + 2 * row["pad"] - row["kernel"]) // row["stride"] + 1': (
                'h_out = -((height + 2 * row["pad"] - row["kernel"]) // -row["stride"]) + 1'
            ),
        },
    ),
    wrong(
        "find_the_wrong_number",
        "padding_forgotten",
        hint="You leave the padding out when you compute the size of maps.",
        edits={
            WIDE: WIDE.replace('width + 2 * row["pad"]', "width"),
            'h_out = (height + 2 * row["pad"] - row': "h_out = (height - row",
        },
    ),
    wrong(
        "find_the_wrong_number",
        "padding_on_one_side",
        hint="You add the padding once. It lies on both sides.",
        edits={
            WIDE: WIDE.replace("2 * ", ""),
            'h_out = (height + 2 * row["pad"] - row': 'h_out = (height + row["pad"] - row',
        },
    ),
    wrong(
        "find_the_wrong_number",
        "no_rounding_allowed",
        hint="You allow no rounding: published figures are right within 1 %.",
        edits={TELL: "if figure in row and row[figure] != value:"},
    ),
    wrong(
        "find_the_wrong_number",
        "ten_percent_allowed",
        hint="You allow too much rounding: a figure that is off by 5 % is wrong.",
        edits={TELL: TELL.replace("0.01", "0.1")},
    ),
    wrong(
        "find_the_wrong_number",
        "too_small_figures_overlooked",
        hint="You find figures that are too large and none that are too small.",
        edits={TELL: "if figure in row and row[figure] - value > 0.01 * value:"},
    ),
    wrong(
        "find_the_wrong_number",
        "every_figure_expected",
        hint="A row in which a figure was not published makes your function raise.",
        edits={TELL: TELL.replace("figure in row and ", "")},
    ),
    wrong(
        "find_the_wrong_number",
        "pools_not_looked_at",
        hint="You do not look at pools. They have no parameters and multiply nothing, and yet give outputs.",
        edits={
            "        for figure, value in truth.items():\n": (
                '        if row["kind"] == "pool":\n            continue\n        for figure, value in truth.items():\n'
            )
        },
    ),
    wrong(
        "find_the_wrong_number",
        "zeros_not_looked_at",
        hint="Where the truth is 0 you accept whatever was published.",
        edits={TELL: TELL.replace("figure in row and ", "figure in row and value and ")},
    ),
    wrong(
        "find_the_wrong_number",
        "totals_not_looked_at",
        hint="You do not look at the totals. They are sums, and can be wrong like every other figure.",
        edits={
            "            truth = dict(total)\n": "            truth = {}\n",
        },
    ),
    wrong(
        "find_the_wrong_number",
        "published_figures_summed",
        hint="You add up what was published. A total is the sum of what the rows should have.",
        edits={SUMMED: "            total = {figure: total[figure] + row.get(figure, 0) for figure in total}\n"},
    ),
    wrong(
        "find_the_wrong_number",
        "pools_left_out_of_the_total",
        hint="Your totals have no outputs of pools in them.",
        edits={SUMMED: '            if row["kind"] != "pool":\n    ' + SUMMED},
    ),
    wrong(
        "find_the_wrong_number",
        "row_returned",
        hint="You return the whole row. Two strings are asked for: the name of the layer and that of the figure.",
        edits={'return row["layer"], figure': "return row, figure"},
    ),
    wrong(
        "find_the_wrong_number",
        "figure_alone_right",
        hint="You return the kind of the layer, not its name.",
        edits={'return row["layer"], figure': 'return row["kind"], figure'},
    ),
]

WRONG = [*PARAMETERS, *MACS, *MEMORY, *PATTERN, *ALEXNET, *VGG, *NIN, *INCEPTION, *RESNET, *DENSE, *FIND]
