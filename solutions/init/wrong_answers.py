"""Mistakes that students make in `init`, each with the hint that it earns.

A hint says what to look at and never gives the corrected line. Random weights are compared by value: a student who
draws in the usual way gets the same numbers from the same generator as the wrong answer does. Where two mistakes look
alike in every failed test, the first one is named.
"""

from autograder.answers import wrong

FANS = [
    wrong(
        "fan_in_and_fan_out",
        "sides_exchanged",
        hint="Your two fans are exchanged. PyTorch stores weights as (out, in): one row holds all that ONE output "
        "sees. Which of the two axes counts the inputs?",
        edits={
            "fan_in = shape[1] * area": "fan_in = shape[0] // groups * area",
            "fan_out = shape[0] // groups * area": "fan_out = shape[1] * area",
        },
    ),
    wrong(
        "fan_in_and_fan_out",
        "sides_exchanged_for_linear_layers",
        hint="You read the shape of a linear layer as (in, out), as in x @ w. Here, as in PyTorch, it is (out, in) "
        "for linear layers too.",
        edits={
            "return fan_in, fan_out": (
                "if len(shape) == 2:\n        fan_in, fan_out = shape\n    return fan_in, fan_out"
            ),
        },
    ),
    wrong(
        "fan_in_and_fan_out",
        "kernel_area_left_out",
        hint="You count channels alone. An output of a convolution sees every channel at every place of the kernel: "
        "how many numbers does a 3x3 kernel on 3 channels see?",
        edits={"area = math.prod(shape[2:])": "area = 1"},
    ),
    wrong(
        "fan_in_and_fan_out",
        "area_counted_for_fan_in_alone",
        hint="Your fan_in is right, and your fan_out leaves the kernel's area out. A pixel lies under the kernel "
        "once for each of its places, so it reaches that many outputs of every filter.",
        edits={"fan_out = shape[0] // groups * area": "fan_out = shape[0] // groups"},
    ),
    wrong(
        "fan_in_and_fan_out",
        "one_side_of_the_kernel_squared",
        hint="You take the kernel for a square: with 5x2 you count 25 or 4 places. Every axis of the kernel counts "
        "by itself.",
        edits={"area = math.prod(shape[2:])": "area = shape[2] ** 2 if len(shape) > 2 else 1"},
    ),
    wrong(
        "fan_in_and_fan_out",
        "sides_of_the_kernel_added",
        hint="You add the sides of the kernel. How many places does a kernel with 5 rows and 2 columns have?",
        edits={"area = math.prod(shape[2:])": "area = sum(shape[2:]) if len(shape) > 2 else 1"},
    ),
    wrong(
        "fan_in_and_fan_out",
        "two_kernel_axes_assumed",
        hint="Your function expects a kernel of exactly two axes. A convolution over sound has one, over video "
        "three, and a linear layer none.",
        edits={"area = math.prod(shape[2:])": "area = shape[2] * shape[3] if len(shape) > 2 else 1"},
    ),
    wrong(
        "fan_in_and_fan_out",
        "groups_ignored",
        hint="`groups` makes no difference to your fan_out (nor to PyTorch's). With groups, an input channel is seen "
        "by the filters of its own group alone: how many are these?",
        edits={"fan_out = shape[0] // groups * area": "fan_out = shape[0] * area"},
    ),
    wrong(
        "fan_in_and_fan_out",
        "fan_in_divided_by_groups_again",
        hint="You divide fan_in by groups. The shape that comes in is that of the weight, and its second axis is C / "
        "groups already.",
        edits={"fan_in = shape[1] * area": "fan_in = shape[1] // groups * area"},
    ),
    wrong(
        "fan_in_and_fan_out",
        "fan_in_times_groups",
        hint="You multiply fan_in by groups, which gives the channels of the whole image. One output sees those of "
        "its own group, and no others.",
        edits={"fan_in = shape[1] * area": "fan_in = shape[1] * groups * area"},
    ),
    wrong(
        "fan_in_and_fan_out",
        "bias_counted",
        hint="Your fan_in is one too large: is the bias counted as an input? It is no input that varies, and it "
        "starts at 0.",
        edits={"fan_in = shape[1] * area": "fan_in = shape[1] * area + 1"},
    ),
]

XAVIER = [
    wrong(
        "xavier_init",
        "variance_given_as_std",
        hint="Your weights are far too small: rng.normal takes the standard deviation as its second argument, and "
        "you give it the variance.",
        edits={"std = math.sqrt(variance)": "std = variance"},
    ),
    wrong(
        "xavier_init",
        "fan_of_the_wrong_side",
        hint="Your fan_in and fan_out are exchanged: `fan_in` is to be one over the number of inputs, that is over "
        "what one ROW of the weights holds.",
        edits={'{"fan_in": fan_in, "fan_out": fan_out, ': '{"fan_in": fan_out, "fan_out": fan_in, '},
    ),
    wrong(
        "xavier_init",
        "kernel_area_left_out",
        hint="Linear layers are right, convolutions too wide: an output sees every channel at every place of the "
        "kernel, and you count the channels alone.",
        edits={"fan_in, fan_out = fan_in_and_fan_out(shape)": "fan_out, fan_in = shape[:2]"},
    ),
    wrong(
        "xavier_init",
        "fan_in_of_all_axes_but_the_last",
        hint="Your fan is wrong for convolutions: in (F, C, HH, WW) the FIRST axis counts the filters, and all the "
        "others are what one of them sees.",
        edits={"fan_in, fan_out = fan_in_and_fan_out(shape)": "fan_in, fan_out = math.prod(shape[:-1]), shape[-1]"},
    ),
    wrong(
        "xavier_init",
        "uniform_limit_without_sqrt3",
        hint="Your uniform weights are too narrow: numbers between -limit and limit have a variance of a third of "
        "limit squared, so the limit is not the standard deviation.",
        edits={"limit = math.sqrt(3) * std": "limit = std"},
    ),
    wrong(
        "xavier_init",
        "uniform_limit_times_3",
        hint="Your uniform weights are too wide. The variance of numbers between -limit and limit is limit squared "
        "over 3: solve that for the limit.",
        edits={"limit = math.sqrt(3) * std": "limit = 3 * std"},
    ),
    wrong(
        "xavier_init",
        "uniform_limit_of_glorot_for_every_mode",
        hint="Your uniform limit is the one of Glorot's paper, sqrt(6 / (fan_in + fan_out)), whatever `mode` says. "
        "That is the limit for 'fan_avg'.",
        edits={"limit = math.sqrt(3) * std": "limit = math.sqrt(6 / (fan_in + fan_out))"},
    ),
    wrong(
        "xavier_init",
        "uniform_from_zero",
        hint="Your uniform weights are all positive. They are to have mean 0: from where to where do they run?",
        edits={"rng.uniform(-limit, limit, shape)": "rng.uniform(0, limit, shape)"},
    ),
    wrong(
        "xavier_init",
        "sum_of_fans_not_halved",
        hint="With 'fan_avg' your variance is half of what it should be: it is one over the MEAN of the two fans.",
        edits={'"fan_avg": (fan_in + fan_out) / 2': '"fan_avg": fan_in + fan_out'},
    ),
    wrong(
        "xavier_init",
        "mode_ignored",
        hint="`mode` makes no difference to your weights: they have variance 1 / fan_in always.",
        edits={"variance = 1 / fans[mode]": "variance = 1 / fan_in"},
    ),
    wrong(
        "xavier_init",
        "always_glorot",
        hint="`mode` makes no difference to your weights: they have Glorot's variance 2 / (fan_in + fan_out) always, "
        "which is right for 'fan_avg' alone.",
        edits={"variance = 1 / fans[mode]": "variance = 2 / (fan_in + fan_out)"},
    ),
    wrong(
        "xavier_init",
        "variance_of_kaiming",
        hint="Your variance is twice as large as it should be: the 2 belongs to Kaiming's rule, which makes up for "
        "what relu takes away.",
        edits={"variance = 1 / fans[mode]": "variance = 2 / fans[mode]"},
    ),
    wrong(
        "xavier_init",
        "distribution_ignored",
        hint="`distribution` makes no difference: your weights are normal always.",
        edits={"return rng.uniform(-limit, limit, shape)": "return rng.normal(0, std, shape)"},
    ),
    wrong(
        "xavier_init",
        "uniform_by_default",
        hint="Your weights are uniform where nothing was asked for. The default is the normal distribution.",
        edits={
            "return rng.normal(0, std, shape)": "return rng.uniform(-math.sqrt(3) * std, math.sqrt(3) * std, shape)",
        },
    ),
    wrong(
        "xavier_init",
        "numbers_beyond_two_std_cut_off",
        hint="Your numbers end at about two standard deviations. A normal distribution has tails: do not cut them off.",
        edits={
            "return rng.normal(0, std, shape)": (
                "drawn = np.clip(rng.normal(0, std, shape), -2 * std, 2 * std)\n        return drawn / 0.9594"
            )
        },
    ),
    wrong(
        "xavier_init",
        "one_stream_for_all_layers",
        hint="Every call gives the same weights, whatever generator comes in: you make a new generator with a seed "
        "of its own inside. Layers of one shape would all start equal.",
        edits={"std = math.sqrt(variance)": "std = math.sqrt(variance)\n    rng = np.random.default_rng(0)"},
    ),
    wrong(
        "xavier_init",
        "draws_from_the_shared_generator",
        hint="You draw from np.random, the generator that the whole program shares, and leave the `rng` that you are "
        "given alone. Nobody can repeat such weights without disturbing everything else.",
        edits={
            "return rng.normal(0, std, shape)": "return np.random.normal(0, std, shape)",
            "return rng.uniform(-limit, limit, shape)": "return np.random.uniform(-limit, limit, shape)",
        },
    ),
    wrong(
        "xavier_init",
        "shared_generator_seeded",
        hint="You seed the generator that the whole program shares. Whoever draws from it afterwards gets the same "
        "numbers again and again; `rng` has its own seed already.",
        edits={"std = math.sqrt(variance)": "std = math.sqrt(variance)\n    np.random.seed(0)"},
    ),
    wrong(
        "xavier_init",
        "one_number",
        hint="Your function gives back ONE number: rng.normal and rng.uniform draw a single one unless they are told "
        "how many. A layer has many weights, and each is to be drawn.",
        edits={
            "return rng.normal(0, std, shape)": "return rng.normal(0, std)",
            "return rng.uniform(-limit, limit, shape)": "return rng.uniform(-limit, limit)",
        },
    ),
    wrong(
        "xavier_init",
        "one_number_everywhere",
        hint="All your weights are the same number: one was drawn, and put into every place. Outputs that start equal "
        "stay equal for ever.",
        edits={
            "return rng.normal(0, std, shape)": "return np.full(shape, rng.normal(0, std))",
            "return rng.uniform(-limit, limit, shape)": "return np.full(shape, rng.uniform(-limit, limit))",
        },
    ),
    wrong(
        "xavier_init",
        "one_row_repeated",
        hint="All rows (filters) of your weights are the same: one was drawn, and broadcast to all. Outputs that "
        "start equal stay equal for ever.",
        edits={
            "return rng.normal(0, std, shape)": "return np.broadcast_to(rng.normal(0, std, shape[1:]), shape).copy()",
            "return rng.uniform(-limit, limit, shape)": (
                "return np.broadcast_to(rng.uniform(-limit, limit, shape[1:]), shape).copy()"
            ),
        },
    ),
    wrong(
        "xavier_init",
        "shape_turned_round",
        hint="Your array has its axes in the wrong order: the result has exactly the shape that is asked for, (out, "
        "in, ...).",
        edits={
            "return rng.normal(0, std, shape)": "return rng.normal(0, std, shape[::-1])",
            "return rng.uniform(-limit, limit, shape)": "return rng.uniform(-limit, limit, shape[::-1])",
        },
    ),
    wrong(
        "xavier_init",
        "unknown_names_accepted",
        hint="A mode or distribution that does not exist is taken for a known one. A misspelt name should be told at "
        "once, with a ValueError.",
        edits={
            "if mode not in fans:": "if False:",
            "variance = 1 / fans[mode]": "variance = 1 / fans.get(mode, fan_in)",
            'if distribution == "uniform":': 'if distribution != "normal":',
        },
    ),
]

KAIMING = [
    wrong(
        "kaiming_init",
        "variance_given_as_std",
        hint="Your weights are far too small: rng.normal takes the standard deviation as its second argument, and "
        "you give it the variance.",
        edits={"std = gains[activation] / math.sqrt(fans[mode])": "std = gains[activation] ** 2 / fans[mode]"},
    ),
    wrong(
        "kaiming_init",
        "gain_left_out",
        hint="Your variance is 1 / fan whatever the activation is. relu throws half of its input away; what makes up "
        "for that?",
        edits={"std = gains[activation] / math.sqrt(fans[mode])": "std = 1 / math.sqrt(fans[mode])"},
    ),
    wrong(
        "kaiming_init",
        "gain_of_relu_for_all",
        hint="Your weights are right for relu, and the same for every other activation: the gain depends on how much "
        "of its input an activation lets through.",
        edits={"std = gains[activation] / math.sqrt(fans[mode])": "std = math.sqrt(2 / fans[mode])"},
    ),
    wrong(
        "kaiming_init",
        "gain_under_the_root",
        hint="Your gain stands under the root: it multiplies the standard deviation, so that the variance carries "
        "its square.",
        edits={
            "std = gains[activation] / math.sqrt(fans[mode])": "std = math.sqrt(gains[activation] / fans[mode])",
        },
    ),
    wrong(
        "kaiming_init",
        "gain_of_relu_without_root",
        hint="For relu your variance is twice too large: the 2 belongs into the variance, so the gain, which "
        "multiplies the standard deviation, is smaller.",
        edits={'"relu": math.sqrt(2),': '"relu": 2.0,'},
    ),
    wrong(
        "kaiming_init",
        "fan_of_the_wrong_side",
        hint="Your fan_in and fan_out are exchanged: `fan_in` counts the inputs, that is what one ROW of the weights "
        "holds.",
        edits={'fans = {"fan_in": fan_in, "fan_out": fan_out}': 'fans = {"fan_in": fan_out, "fan_out": fan_in}'},
    ),
    wrong(
        "kaiming_init",
        "kernel_area_left_out",
        hint="Linear layers are right, convolutions too wide: an output sees every channel at every place of the "
        "kernel, and you count the channels alone.",
        edits={"fan_in, fan_out = fan_in_and_fan_out(shape)": "fan_out, fan_in = shape[:2]"},
    ),
    wrong(
        "kaiming_init",
        "mode_ignored",
        hint="`mode` makes no difference to your weights: they use fan_in always.",
        edits={"math.sqrt(fans[mode])": "math.sqrt(fan_in)"},
    ),
    wrong(
        "kaiming_init",
        "mean_of_the_fans",
        hint="You divide by the mean of the two fans, which is Glorot's rule. Kaiming's takes one of them: `mode` "
        "says which.",
        edits={"math.sqrt(fans[mode])": "math.sqrt((fan_in + fan_out) / 2)"},
    ),
    wrong(
        "kaiming_init",
        "slope_ignored",
        hint="For leaky_relu your gain is that of relu (or that of one small slope), whatever `slope` is. What leaks "
        "through on the negative side adds to the variance, so less has to be made up for.",
        edits={'"leaky_relu": math.sqrt(2 / (1 + slope**2)),': '"leaky_relu": math.sqrt(2),'},
    ),
    wrong(
        "kaiming_init",
        "slope_not_squared",
        hint="For leaky_relu the slope stands in your gain unsquared. It multiplies a number; what does it do to the "
        "number's square, of which a variance is made?",
        edits={'"leaky_relu": math.sqrt(2 / (1 + slope**2)),': '"leaky_relu": math.sqrt(2 / (1 + slope)),'},
    ),
    wrong(
        "kaiming_init",
        "slope_used_for_relu_too",
        hint="A slope that comes with relu changes your weights. relu has none; only leaky_relu uses it.",
        edits={'"relu": math.sqrt(2),': '"relu": math.sqrt(2 / (1 + slope**2)),'},
    ),
    wrong(
        "kaiming_init",
        "gain_of_tanh_is_1",
        hint="For tanh your gain is 1. tanh squeezes what comes in; the usual gain, also PyTorch's, is 5/3.",
        edits={'"tanh": 5 / 3,': '"tanh": 1.0,'},
    ),
    wrong(
        "kaiming_init",
        "gain_of_tanh_upside_down",
        hint="For tanh your gain is below 1: it is turned upside down. tanh makes signals smaller; the gain makes up "
        "for it.",
        edits={'"tanh": 5 / 3,': '"tanh": 3 / 5,'},
    ),
    wrong(
        "kaiming_init",
        "gain_of_selu_is_1",
        hint="For selu your gain is 1. The table of gains says 3/4 (PyTorch's value, found by trial).",
        edits={'"selu": 3 / 4,': '"selu": 1.0,'},
    ),
    wrong(
        "kaiming_init",
        "gain_of_selu_upside_down",
        hint="For selu your gain is turned upside down: compare it with the table.",
        edits={'"selu": 3 / 4,': '"selu": 4 / 3,'},
    ),
    wrong(
        "kaiming_init",
        "uniform_instead_of_normal",
        hint="Your weights have the right variance, but they are uniform. This exercise asks for normal numbers.",
        edits={
            "return rng.normal(0, std, shape)": "return rng.uniform(-math.sqrt(3) * std, math.sqrt(3) * std, shape)"
        },
    ),
    wrong(
        "kaiming_init",
        "one_stream_for_all_layers",
        hint="Every call gives the same weights, whatever generator comes in: you make a new generator with a seed "
        "of its own inside. Layers of one shape would all start equal.",
        edits={"return rng.normal(0, std, shape)": "return np.random.default_rng(0).normal(0, std, shape)"},
    ),
    wrong(
        "kaiming_init",
        "draws_from_the_shared_generator",
        hint="You draw from np.random, the generator that the whole program shares, and leave the `rng` that you are "
        "given alone. Nobody can repeat such weights without disturbing everything else.",
        edits={"return rng.normal(0, std, shape)": "return np.random.randn(*shape) * std"},
    ),
    wrong(
        "kaiming_init",
        "shared_generator_seeded",
        hint="You seed the generator that the whole program shares. Whoever draws from it afterwards gets the same "
        "numbers again and again; `rng` has its own seed already.",
        edits={"return rng.normal(0, std, shape)": "np.random.seed(0)\n    return rng.normal(0, std, shape)"},
    ),
    wrong(
        "kaiming_init",
        "one_number",
        hint="Your function gives back ONE number: rng.normal draws a single one unless it is told how many. A layer "
        "has many weights, and each is to be drawn.",
        edits={"return rng.normal(0, std, shape)": "return rng.normal(0, std)"},
    ),
    wrong(
        "kaiming_init",
        "one_number_everywhere",
        hint="All your weights are the same number: one was drawn, and put into every place. Outputs that start equal "
        "stay equal for ever.",
        edits={"return rng.normal(0, std, shape)": "return np.ones(shape) * rng.normal(0, std)"},
    ),
    wrong(
        "kaiming_init",
        "one_row_repeated",
        hint="All rows (filters) of your weights are the same: one was drawn, and broadcast to all. Outputs that "
        "start equal stay equal for ever.",
        edits={
            "return rng.normal(0, std, shape)": "return np.zeros(shape) + rng.normal(0, std, shape[1:])",
        },
    ),
    wrong(
        "kaiming_init",
        "shape_turned_round",
        hint="Your array has its axes in the wrong order: the result has exactly the shape that is asked for, (out, "
        "in, ...).",
        edits={"return rng.normal(0, std, shape)": "return rng.normal(0, std, shape[::-1])"},
    ),
    wrong(
        "kaiming_init",
        "unknown_names_accepted",
        hint="A mode or an activation that does not exist is taken for a known one. A misspelt name should be told "
        "at once, with a ValueError.",
        edits={
            "if activation not in gains:": "if False:",
            "if mode not in fans:": "if False:",
            "std = gains[activation] / math.sqrt(fans[mode])": (
                "std = gains.get(activation, gains['relu']) / math.sqrt(fans.get(mode, fan_in))"
            ),
        },
    ),
]

ACTIVATION = [
    wrong(
        "activation",
        "tanh_by_its_definition",
        hint="Your tanh is (exp(x) - exp(-x)) / (exp(x) + exp(-x)), as in many lecture notes: for large x that is "
        "inf / inf, nan. NumPy has a tanh that knows better.",
        edits={
            '"tanh": (np.tanh, lambda x: 1 - np.tanh(x) ** 2),': (
                '"tanh": (\n            lambda x: (np.exp(x) - np.exp(-x)) / (np.exp(x) + np.exp(-x)),\n'
                "            lambda x: 1 - ((np.exp(x) - np.exp(-x)) / (np.exp(x) + np.exp(-x))) ** 2,\n        ),"
            )
        },
    ),
    wrong(
        "activation",
        "sigmoid_as_exp_over_1_plus_exp",
        hint="Your sigmoid is exp(x) / (1 + exp(x)): for large x that is inf / inf, nan. On which side of 0 is that "
        "form safe, and which one is safe on the other?",
        edits={
            "decay = np.exp(-np.abs(x))  # between 0 and 1, whatever x is": "grown = np.exp(x)",
            "return np.where(x >= 0, 1.0, decay) / (1 + decay)": "return grown / (1 + grown)",
        },
    ),
    wrong(
        "activation",
        "sigmoid_slope_from_the_exponential",
        hint="Your derivative of sigmoid is exp(-x) / (1 + exp(-x))**2: for x far below 0 that is inf / inf, nan. "
        "Write it with the sigmoid itself.",
        edits={"return sigmoid(x) * (1 - sigmoid(x))": "return np.exp(-x) / (1 + np.exp(-x)) ** 2"},
    ),
    wrong(
        "activation",
        "sigmoid_slope_takes_s_for_x",
        hint="Your derivative of sigmoid is x (1 - x). That is right where x is the OUTPUT of sigmoid; df is given "
        "its input.",
        edits={"return sigmoid(x) * (1 - sigmoid(x))": "return x * (1 - x)"},
    ),
    wrong(
        "activation",
        "tanh_slope_takes_t_for_x",
        hint="Your derivative of tanh is 1 - x**2. That is right where x is the OUTPUT of tanh; df is given its input.",
        edits={"lambda x: 1 - np.tanh(x) ** 2": "lambda x: 1 - x**2"},
    ),
    wrong(
        "activation",
        "tanh_slope_without_the_square",
        hint="Your derivative of tanh is 1 - tanh(x): at 0 that is right by chance. Which power is missing?",
        edits={"lambda x: 1 - np.tanh(x) ** 2": "lambda x: 1 - np.tanh(x)"},
    ),
    wrong(
        "activation",
        "relu_slope_one_at_zero",
        hint="At 0 exactly your derivative of relu is 1. Here, as in PyTorch, the derivative at a kink is the one on "
        "its left.",
        edits={"lambda x: np.where(x > 0, 1.0, 0.0)": "lambda x: np.where(x >= 0, 1.0, 0.0)"},
    ),
    wrong(
        "activation",
        "relu_writes_into_its_input",
        hint="Your relu sets the negative entries of x itself to 0. Whoever passed x in still needs it: the "
        "derivative, for one. Give back a new array.",
        edits={
            "if name not in functions:": (
                "def relu_in_place(x):\n        x[x < 0] = 0\n        return x\n\n"
                '    functions["relu"] = (relu_in_place, functions["relu"][1])\n    if name not in functions:'
            ),
        },
    ),
    wrong(
        "activation",
        "leaky_relu_slope_writes_into_its_input",
        hint="Your derivative of leaky_relu writes into x. The lecture notes do the same to the gradient that comes "
        "in; give back a new array.",
        edits={
            "if name not in functions:": (
                "def leaky_slope_in_place(x):\n        x[x <= 0] = 0.01\n        x[x > 0.01] = 1\n        return x\n\n"
                '    functions["leaky_relu"] = (functions["leaky_relu"][0], leaky_slope_in_place)\n'
                "    if name not in functions:"
            ),
        },
    ),
    wrong(
        "activation",
        "leaky_slope_one_tenth",
        hint="The slope of your leaky_relu is 0.1. The lecture notes use it in one place; here it is 0.01.",
        edits={
            "lambda x: np.where(x > 0, x, 0.01 * x), lambda x: np.where(x > 0, 1.0, 0.01)": (
                "lambda x: np.where(x > 0, x, 0.1 * x), lambda x: np.where(x > 0, 1.0, 0.1)"
            )
        },
    ),
    wrong(
        "activation",
        "leaky_relu_derivative_of_relu",
        hint="The derivative of your leaky_relu is 0 on the negative side. That it is not 0 there is the point of "
        "the leak.",
        edits={"lambda x: np.where(x > 0, 1.0, 0.01)": "lambda x: np.where(x > 0, 1.0, 0.0)"},
    ),
    wrong(
        "activation",
        "elu_overflows",
        hint="Your elu is right near 0 and nan for large x: you multiply a mask by exp(x), and 0 * inf is nan. Let "
        "exp see only numbers that are not positive, or choose with np.where.",
        edits={
            "lambda x: np.where(x > 0, x, expm1_below(x)),": "lambda x: (x > 0) * x + (x <= 0) * (np.exp(x) - 1),",
        },
    ),
    wrong(
        "activation",
        "elu_without_minus_1",
        hint="Your elu jumps at 0: on the negative side it is exp(x). It is to pass through 0 and end at -1.",
        edits={"lambda x: np.where(x > 0, x, expm1_below(x)),": "lambda x: np.where(x > 0, x, expm1_below(x) + 1),"},
    ),
    wrong(
        "activation",
        "elu_slope_is_elu",
        hint="The derivative of your elu on the negative side is exp(x) - 1: the 1 that was taken off is a constant. "
        "What is left of a constant in the derivative?",
        edits={
            "lambda x: np.where(x > 0, 1.0, expm1_below(x) + 1),": "lambda x: np.where(x > 0, 1.0, expm1_below(x)),"
        },
    ),
    wrong(
        "activation",
        "selu_scale_on_one_side",
        hint="Your selu is scaled on its negative side alone. lambda multiplies both: the slope on the right is "
        "1.05, and that is what keeps signals from dying.",
        edits={
            "lambda x: selu_scale * np.where(x > 0, x, selu_alpha * expm1_below(x)),": (
                "lambda x: np.where(x > 0, x, selu_scale * selu_alpha * expm1_below(x)),"
            ),
            "lambda x: selu_scale * np.where(x > 0, 1.0, selu_alpha * (expm1_below(x) + 1)),": (
                "lambda x: np.where(x > 0, 1.0, selu_scale * selu_alpha * (expm1_below(x) + 1)),"
            ),
        },
    ),
    wrong(
        "activation",
        "selu_constants_exchanged",
        hint="The two constants of your selu are exchanged: the scale, which multiplies both sides, is the smaller "
        "one.",
        edits={
            "selu_scale, selu_alpha = 1.0507009873554805, 1.6732632423543772": (
                "selu_alpha, selu_scale = 1.0507009873554805, 1.6732632423543772"
            )
        },
    ),
    wrong(
        "activation",
        "selu_slope_without_scale",
        hint="The values of your selu are right; its derivative leaves the scale out.",
        edits={
            "lambda x: selu_scale * np.where(x > 0, 1.0, selu_alpha * (expm1_below(x) + 1)),": (
                "lambda x: np.where(x > 0, 1.0, selu_alpha * (expm1_below(x) + 1)),"
            )
        },
    ),
    wrong(
        "activation",
        "gelu_by_tanh",
        hint="Your gelu is the approximation by tanh: off by up to 0.0005. 'gelu' asks for the exact form, with the "
        "distribution function of a standard normal.",
        edits={
            "lambda x: x * normal_below(x),": (
                "lambda x: x * (1 + np.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3))) / 2,"
            )
        },
    ),
    wrong(
        "activation",
        "gelu_is_the_sigmoid_form",
        hint="Your 'gelu' is x * sigmoid(1.702 x), which has a name of its own here. 'gelu' is the exact form.",
        edits={
            "lambda x: x * normal_below(x),": "lambda x: x * sigmoid(1.702 * x),",
            "lambda x: normal_below(x) + x * normal_density(x),": (
                "lambda x: sigmoid(1.702 * x) + 1.702 * x * sigmoid_slope(1.702 * x),"
            ),
        },
    ),
    wrong(
        "activation",
        "erf_without_the_root_of_2",
        hint="Your gelu is too steep: erf belongs to a bell curve of variance 1/2. What is x divided by before erf "
        "sees it?",
        edits={"return (1 + erf(x / math.sqrt(2))) / 2": "return (1 + erf(x)) / 2"},
    ),
    wrong(
        "activation",
        "gelu_slope_without_the_density",
        hint="The derivative of your gelu is only half of the product rule: x * P(x) has two factors, and both "
        "depend on x.",
        edits={"lambda x: normal_below(x) + x * normal_density(x),": "lambda x: normal_below(x),"},
    ),
    wrong(
        "activation",
        "density_not_normalized",
        hint="In the derivative of your gelu the bell curve is too high: its area is to be 1. By what is exp(-x**2 / "
        "2) divided?",
        edits={"return np.exp(-x * x / 2) / math.sqrt(2 * math.pi)": "return np.exp(-x * x / 2)"},
    ),
    wrong(
        "activation",
        "gelu_sigmoid_without_1702",
        hint="Your gelu_sigmoid is x * sigmoid(x), which is swish. The number 1.702 makes it look like gelu.",
        edits={
            "lambda x: x * sigmoid(1.702 * x),": "lambda x: x * sigmoid(x) * 1.0,",
            "lambda x: sigmoid(1.702 * x) + 1.702 * x * sigmoid_slope(1.702 * x),": (
                "lambda x: sigmoid(x) + 1.0 * x * sigmoid_slope(x),"
            ),
        },
    ),
    wrong(
        "activation",
        "inner_derivative_forgotten",
        hint="The derivative of your gelu_sigmoid misses the chain rule: sigmoid(1.702 x) has an inner derivative.",
        edits={
            "lambda x: sigmoid(1.702 * x) + 1.702 * x * sigmoid_slope(1.702 * x),": (
                "lambda x: sigmoid(1.702 * x) + x * sigmoid_slope(1.702 * x),"
            )
        },
    ),
    wrong(
        "activation",
        "swish_slope_without_the_second_half",
        hint="The derivative of your swish is only half of the product rule: in x * sigmoid(x) both factors depend "
        "on x.",
        edits={"lambda x: sigmoid(x) + x * sigmoid_slope(x),": "lambda x: sigmoid(x),"},
    ),
    wrong(
        "activation",
        "maxout_takes_halves",
        hint="Your maxout compares the first half of the features with the second half. Here each two NEIGHBOURS on "
        "axis 1 are compared: 0 with 1, 2 with 3.",
        edits={
            "return pieces.max(axis=2)": (
                "half = x.shape[1] // 2\n        return np.maximum(x[:, :half], x[:, half:])"
            ),
            "first = pieces[:, :, 0] >= pieces[:, :, 1]": (
                "half = x.shape[1] // 2\n        first = x[:, :half] >= x[:, half:]"
            ),
            "return np.stack([first, ~first], axis=2).reshape(x.shape).astype(float)": (
                "return np.concatenate([first, ~first], axis=1).astype(float)"
            ),
        },
    ),
    wrong(
        "activation",
        "maxout_of_the_last_axis",
        hint="Your maxout compares neighbours on the LAST axis: in images these are pixels. The pieces lie on axis "
        "1, among the channels.",
        edits={
            "return pieces.max(axis=2)": "return x.reshape(*x.shape[:-1], -1, 2).max(axis=-1)",
            "first = pieces[:, :, 0] >= pieces[:, :, 1]": (
                "pieces = x.reshape(*x.shape[:-1], -1, 2)\n        first = pieces[..., 0] >= pieces[..., 1]"
            ),
            "return np.stack([first, ~first], axis=2)": "return np.stack([first, ~first], axis=-1)",
        },
    ),
    wrong(
        "activation",
        "ties_of_maxout_counted_twice",
        hint="Where two neighbours are equal your derivative of maxout is 1 at both, so that the gradient is passed "
        "on twice. The first of them takes it all.",
        edits={
            "return np.stack([first, ~first], axis=2).reshape(x.shape).astype(float)": (
                "larger = pieces.max(axis=2, keepdims=True)\n"
                "        return (pieces == larger).reshape(x.shape).astype(float)"
            )
        },
    ),
    wrong(
        "activation",
        "derivative_of_maxout_shaped_like_its_output",
        hint="The derivative of your maxout has the shape of the output. It is to say for every ENTRY OF x whether "
        "it was taken.",
        edits={
            "return np.stack([first, ~first], axis=2).reshape(x.shape).astype(float)": "return first.astype(float)",
        },
    ),
    wrong(
        "activation",
        "pair_exchanged",
        hint="Your two functions come in the wrong order: the value first, then the derivative.",
        edits={"return functions[name]": "return functions[name][::-1]"},
    ),
    wrong(
        "activation",
        "last_name_wins",
        hint="Asked for one function and then for another, both of yours do what the last one does: they look up the "
        "name when they are called, in a variable that has changed since.",
        edits={
            "return functions[name]": (
                "activation.current = functions[name]\n"
                "    return (lambda x: activation.current[0](x)), (lambda x: activation.current[1](x))"
            )
        },
    ),
    wrong(
        "activation",
        "unknown_name_gives_relu",
        hint="A name that does not exist gives a function all the same. A misspelt name should be told at once, with "
        "a ValueError.",
        edits={
            "if name not in functions:": "if name not in functions:\n        return functions['relu']\n    if False:"
        },
    ),
]

STATISTICS = [
    wrong(
        "activation_statistics",
        "statistics_before_the_activation",
        hint="Your mean and standard deviation are those of s, before the activation. They are to describe what a "
        "layer passes on.",
        edits={
            "        mean.append(x.mean())\n        std.append(x.std())": (
                "        mean.append(s.mean())\n        std.append(s.std())"
            )
        },
    ),
    wrong(
        "activation_statistics",
        "statistics_of_the_input",
        hint="Your mean and standard deviation are one layer late: the first ones are those of the data itself, and "
        "the last layer's are missing.",
        edits={
            "        s = x @ w.T  # (N, out)\n        x = f(s)\n        is_saturated": (
                "        mean.append(x.mean())\n        std.append(x.std())\n"
                "        s = x @ w.T\n        x = f(s)\n        is_saturated"
            ),
            "        mean.append(x.mean())\n        std.append(x.std())\n        saturated": "        saturated",
        },
    ),
    wrong(
        "activation_statistics",
        "activation_left_out_between_layers",
        hint="Your layers pass s on, not f(s): the statistics of the first layer are right, and behind it the "
        "network is linear.",
        edits={
            "        x = f(s)\n        is_saturated": "        x, passed = s, f(s)\n        is_saturated",
            "        mean.append(x.mean())\n        std.append(x.std())": (
                "        mean.append(passed.mean())\n        std.append(passed.std())"
            ),
        },
    ),
    wrong(
        "activation_statistics",
        "divided_by_n_minus_1",
        hint="Your standard deviation divides by one less than the number of entries. The exercise asks for np.std's "
        "own division.",
        edits={"        std.append(x.std())": "        std.append(x.std(ddof=1))"},
    ),
    wrong(
        "activation_statistics",
        "std_of_each_unit_averaged",
        hint="You take the standard deviation of each unit and average over them. That misses how far the units lie "
        "from each other: take it over all entries at once.",
        edits={"        std.append(x.std())": "        std.append(x.std(axis=0).mean())"},
    ),
    wrong(
        "activation_statistics",
        "variance_for_std",
        hint="You return the variance where the standard deviation is asked for.",
        edits={"        std.append(x.std())": "        std.append(x.var())"},
    ),
    wrong(
        "activation_statistics",
        "slope_at_the_output",
        hint="You take the derivative at f(s). df wants to be given s, what the activation saw.",
        edits={
            "        x = f(s)\n        is_saturated = np.abs(df(s)) < 0.005": (
                "        x = f(s)\n        is_saturated = np.abs(df(x)) < 0.005"
            )
        },
    ),
    wrong(
        "activation_statistics",
        "sign_of_the_slope_forgotten",
        hint="Steep falls count as saturated with you: a derivative of -0.1 is below 0.005 and is not flat. swish "
        "and gelu have such places.",
        edits={"np.abs(df(s)) < 0.005": "df(s) < 0.005"},
    ),
    wrong(
        "activation_statistics",
        "saturated_by_value",
        hint="You call an entry saturated where its value is large, which fits tanh alone. Flat is where the "
        "DERIVATIVE is small: relu is flat where it gives 0.",
        edits={"np.abs(df(s)) < 0.005": "np.abs(x) > 0.995"},
    ),
    wrong(
        "activation_statistics",
        "threshold_ten_times_too_high",
        hint="Your threshold for a flat place is 0.05: compare it with the exercise.",
        edits={"np.abs(df(s)) < 0.005": "np.abs(df(s)) < 0.05"},
    ),
    wrong(
        "activation_statistics",
        "saturated_entries_counted",
        hint="You return how MANY entries are saturated. A share lies between 0 and 1.",
        edits={
            "saturated.append(is_saturated.mean())": "saturated.append(is_saturated.sum())",
            "dead.append(is_saturated.all(axis=0).mean())": "dead.append(is_saturated.all(axis=0).sum())",
        },
    ),
    wrong(
        "activation_statistics",
        "dead_on_any_row",
        hint="A unit counts as dead with you if it is flat on ONE row. A dead unit is flat on all of them: only then "
        "no row ever sends it a gradient.",
        edits={"is_saturated.all(axis=0)": "is_saturated.any(axis=0)"},
    ),
    wrong(
        "activation_statistics",
        "dead_rows_counted",
        hint="You look for rows on which all units are flat. Dead is a UNIT, a column: along which axis does `all` "
        "run?",
        edits={"is_saturated.all(axis=0)": "is_saturated.all(axis=1)"},
    ),
    wrong(
        "activation_statistics",
        "dead_where_the_output_is_zero",
        hint="A unit is dead with you where its output is 0 on every row, which fits relu alone. A tanh unit that "
        "gives 1 on every row gets no gradient either: look at the slope.",
        edits={"is_saturated.all(axis=0)": "(x == 0).all(axis=0)"},
    ),
    wrong(
        "activation_statistics",
        "saturated_and_dead_exchanged",
        hint="saturated and dead are exchanged in what you return.",
        edits={
            "np.array(saturated), np.array(dead)": "np.array(dead), np.array(saturated)",
        },
    ),
    wrong(
        "activation_statistics",
        "last_layer_alone",
        hint="You return the statistics of the last layer. Each of the four arrays has one entry for every layer.",
        edits={
            "return np.array(mean), np.array(std), np.array(saturated), np.array(dead)": (
                "return np.array(mean[-1:]), np.array(std[-1:]), np.array(saturated[-1:]), np.array(dead[-1:])"
            )
        },
    ),
    wrong(
        "activation_statistics",
        "derivative_left_out",
        hint="Your gradient does not pass through the activation: what comes in at f(s) has to be multiplied by "
        "f'(s) before it is the gradient at s.",
        edits={"ds = dout * df(s)": "ds = dout"},
    ),
    wrong(
        "activation_statistics",
        "derivative_at_the_input",
        hint="You take the derivative at the input of the layer. The activation saw s: that is where its slope counts.",
        edits={"ds = dout * df(s)": "ds = dout * df(f(s))"},
    ),
    wrong(
        "activation_statistics",
        "derivative_skipped_on_the_way_down",
        hint="The last layer is right, the ones below are not: what you hand down is dout through the weights. The "
        "activation of the layer lies in between.",
        edits={"dout = ds @ w  # the gradient at the output of the layer below": "dout = dout @ w"},
    ),
    wrong(
        "activation_statistics",
        "last_layer_first",
        hint="The numbers are right and stand in the wrong order: you collect them on the way back, from the last "
        "layer to the first.",
        edits={
            "return np.array(mean[::-1]), np.array(std[::-1]), np.array(norm[::-1])": (
                "return np.array(mean), np.array(std), np.array(norm)"
            )
        },
    ),
    wrong(
        "activation_statistics",
        "norm_of_the_gradient_at_s",
        hint="Your norm is that of ds. Asked for is the norm of dw, the gradient of the layer's weights.",
        edits={"norm.append(np.sqrt(np.sum(dw**2)))": "norm.append(np.sqrt(np.sum(ds**2)))"},
    ),
    wrong(
        "activation_statistics",
        "norm_without_root",
        hint="Your norm is the sum of squares; its root is missing.",
        edits={"norm.append(np.sqrt(np.sum(dw**2)))": "norm.append(np.sum(dw**2))"},
    ),
    wrong(
        "activation_statistics",
        "spectral_norm",
        hint="Your norm is the largest singular value of dw, which is what np.linalg.norm(dw, 2) gives. Asked for is "
        "the root of the sum of squares.",
        edits={"norm.append(np.sqrt(np.sum(dw**2)))": "norm.append(np.linalg.norm(dw, 2))"},
    ),
    wrong(
        "activation_statistics",
        "dw_averaged_over_rows",
        hint="You divide dw by the number of rows. The mean over the batch, if there is one, is in dout already.",
        edits={"dw = ds.T @ x  # (out, in)": "dw = ds.T @ x / len(x)"},
    ),
    wrong(
        "activation_statistics",
        "dw_from_the_output_of_the_layer",
        hint="Your dw is made from the layer's output. A weight multiplies the layer's INPUT: that is what its "
        "gradient holds.",
        edits={"dw = ds.T @ x  # (out, in)": "dw = ds.T @ f(s)"},
    ),
    wrong(
        "activation_statistics",
        "gradient_at_the_output",
        hint="Your mean and standard deviation are those of dout, the gradient at f(s). Asked for is the one at s.",
        edits={
            "mean.append(ds.mean())\n        std.append(ds.std())": (
                "mean.append(dout.mean())\n        std.append(dout.std())"
            ),
        },
    ),
]

RESIDUAL = [
    wrong(
        "zero_init_residual",
        "every_layer_of_the_branch",
        hint="All layers of your branches are 0. One is enough to make a block start as its shortcut; with all of "
        "them 0 hardly any gradient gets in.",
        edits={
            "            last.weight.zero_()\n"
            "            if last.bias is not None:\n                last.bias.zero_()": (
                "            for layer in weighted:\n                layer.weight.zero_()\n"
                "                if layer.bias is not None:\n                    layer.bias.zero_()"
            )
        },
    ),
    wrong(
        "zero_init_residual",
        "first_layer_of_the_branch",
        hint="You set the FIRST layer of each branch to 0. What comes behind it still adds its biases, and nothing "
        "is left of what it could have computed.",
        edits={"last = weighted[-1]": "last = weighted[0]"},
    ),
    wrong(
        "zero_init_residual",
        "last_convolution_in_front_of_batch_norm",
        hint="Where batch norm comes behind the last convolution you set the convolution to 0, and beta still adds "
        "to every pixel. Which is the LAST layer with a weight?",
        edits={
            'if getattr(layer, "weight", None) is not None]': "if isinstance(layer, nn.Conv2d)]",
        },
    ),
    wrong(
        "zero_init_residual",
        "batch_norm_alone",
        hint="You look for batch norms and find none in a block without: its last convolution has to start at 0 there.",
        edits={
            'if getattr(layer, "weight", None) is not None]': "if isinstance(layer, nn.BatchNorm2d)]",
            "last = weighted[-1]": "if not weighted:\n                continue\n            last = weighted[-1]",
        },
    ),
    wrong(
        "zero_init_residual",
        "bias_left",
        hint="The weights of your last layers are 0 and their biases are not: the branch adds its bias to every pixel.",
        edits={"            if last.bias is not None:\n                last.bias.zero_()": "            pass"},
    ),
    wrong(
        "zero_init_residual",
        "shortcut_too",
        hint="Your shortcuts are 0 too, where they are convolutions. Then nothing at all gets through the block.",
        edits={
            "            last = weighted[-1]": (
                "            if isinstance(block.shortcut, nn.Conv2d):\n                block.shortcut.weight.zero_()\n"
                "                block.shortcut.bias.zero_()\n            last = weighted[-1]"
            )
        },
    ),
    wrong(
        "zero_init_residual",
        "shortcut_for_the_last_layer",
        hint="You take the last layer of the BLOCK, which is the convolution of the shortcut where there is one. The "
        "branch is to be 0, and the shortcut is to stay.",
        edits={"for layer in block.branch if": "for layer in block.modules() if"},
    ),
    wrong(
        "zero_init_residual",
        "last_module_whatever_it_is",
        hint="You take the last module of the branch. A dropout or an activation can stand there, which has no weight.",
        edits={"last = weighted[-1]": "last = block.branch[-1]"},
    ),
    wrong(
        "zero_init_residual",
        "only_the_last_block",
        hint="Only the last block of the model is changed. Each of them adds to the variance.",
        edits={"for block in blocks:": "for block in blocks[-1:]:"},
    ),
    wrong(
        "zero_init_residual",
        "parameters_frozen",
        hint="What you set to 0 is no longer learned. It is only a start: requires_grad must stay as it was.",
        edits={
            "            last.weight.zero_()": (
                "            last.weight.zero_()\n            last.weight.requires_grad_(False)"
            )
        },
    ),
    wrong(
        "zero_init_residual",
        "gradients_recorded",
        hint="PyTorch refuses to change a parameter in place while it records gradients. What switches the recording "
        "off?",
        edits={"with torch.no_grad():": "with torch.enable_grad():"},
    ),
    wrong(
        "zero_init_residual",
        "a_copy_is_changed",
        hint="You change a copy of the model and return it. The caller's own model stays as it was: work in place.",
        edits={
            "blocks = [module for module in model.modules()": (
                "import copy\n\n    model = copy.deepcopy(model)\n    blocks = [module for module in model.modules()"
            )
        },
    ),
    wrong(
        "zero_init_residual",
        "nothing_returned",
        hint="The model is changed as it should be, and nothing is returned: is a `return` missing?",
        edits={"    return model\n": "    return None\n"},
    ),
    wrong(
        "zero_init_residual",
        "small_instead_of_zero",
        hint="Your last layers are small, not 0. Zero is safe here: the layers in front of them differ, so no "
        "symmetry has to be broken.",
        edits={"            last.weight.zero_()": "            last.weight.mul_(1e-2)"},
    ),
]

LSUV = [
    wrong(
        "lsuv_init",
        "divided_by_the_variance",
        hint="You divide by the variance of the output. A weight that is divided by c divides the output's variance "
        "by c squared: which c makes it 1?",
        edits={"std = output_of(layer).std(correction=0)": "std = output_of(layer).var(correction=0)"},
    ),
    wrong(
        "lsuv_init",
        "multiplied",
        hint="Your layers' outputs vary more than before: the weight is multiplied by the standard deviation.",
        edits={"layer.weight.div_(std)": "layer.weight.mul_(std)"},
    ),
    wrong(
        "lsuv_init",
        "all_layers_measured_at_once",
        hint="The first layer is right, the later ones are not: you measured them before the layers in front of them "
        "were scaled. Layer by layer means a new pass for each.",
        edits={
            "    with torch.no_grad():\n        for layer in layers:": (
                "    with torch.no_grad():\n        for layer in layers:\n            if layer.bias is not None:\n"
                "                layer.bias.zero_()\n        measured = {layer: output_of(layer) for layer in layers}\n"
                "        for layer in layers:"
            ),
            "std = output_of(layer).std(correction=0)": "std = measured[layer].std(correction=0)",
        },
    ),
    wrong(
        "lsuv_init",
        "last_layer_first",
        hint="You go from the last layer to the first: scaling a layer in front changes again what those behind it "
        "see.",
        edits={"for layer in layers:": "for layer in layers[::-1]:"},
    ),
    wrong(
        "lsuv_init",
        "std_of_each_channel",
        hint="You scale every channel by itself. The weights of a layer are divided by ONE number, the standard "
        "deviation of all its outputs.",
        edits={
            "std = output_of(layer).std(correction=0)": (
                "out = output_of(layer)\n            std = out.transpose(0, 1).flatten(1).std(dim=1, correction=0)"
            ),
            "if not std > 0:": "if not (std > 0).all():",
            "layer.weight.div_(std)": "layer.weight.div_(std.reshape(-1, *[1] * (layer.weight.dim() - 1)))",
        },
    ),
    wrong(
        "lsuv_init",
        "mean_of_squares",
        hint="You divide by the root of the mean square, not by the standard deviation: the outputs have a mean of "
        "their own, which does not count as variance.",
        edits={"std = output_of(layer).std(correction=0)": "std = output_of(layer).square().mean().sqrt()"},
    ),
    wrong(
        "lsuv_init",
        "std_of_the_weight",
        hint="You divide each weight by its own standard deviation. It is the OUTPUT of the layer, on x, that is to "
        "have variance 1.",
        edits={"std = output_of(layer).std(correction=0)": "std = layer.weight.std(correction=0)"},
    ),
    wrong(
        "lsuv_init",
        "input_of_the_layer_measured",
        hint="You measure what goes INTO the layer. Its output is what is to have variance 1.",
        edits={"outputs.append(out))": "outputs.append(inputs[0]))"},
    ),
    wrong(
        "lsuv_init",
        "measured_behind_the_activation",
        hint="You measure what is left of a layer's output behind the activation. The layer's own output, in front "
        "of it, is to have variance 1.",
        edits={"std = output_of(layer).std(correction=0)": "std = output_of(layer).relu().std(correction=0)"},
    ),
    wrong(
        "lsuv_init",
        "biases_left",
        hint="Your biases stay as they were, and are not scaled: the output is not divided by what the weight is "
        "divided by.",
        edits={"                layer.bias.zero_()": "                pass"},
    ),
    wrong(
        "lsuv_init",
        "bias_zero_after_measuring",
        hint="You measure a layer's output with its bias and set the bias to 0 afterwards. What varied between the "
        "channels because of it is then missing.",
        edits={
            "            if layer.bias is not None:\n"
            "                layer.bias.zero_()\n            std": "            std",
            "layer.weight.div_(std)": (
                "layer.weight.div_(std)\n            if layer.bias is not None:\n                layer.bias.zero_()"
            ),
        },
    ),
    wrong(
        "lsuv_init",
        "measured_in_train_mode",
        hint="You measure in train mode: dropout throws a part of the signal away, and batch norm uses the batch's "
        "statistics and moves its running ones.",
        edits={"    model.eval()\n": "    model.train()\n"},
    ),
    wrong(
        "lsuv_init",
        "left_in_eval_mode",
        hint="Your model is in eval mode afterwards, whatever mode it was in before.",
        edits={"module.training = was_training": "module.training = False"},
    ),
    wrong(
        "lsuv_init",
        "left_in_train_mode",
        hint="Your model is in train mode afterwards, whatever mode it was in before.",
        edits={"module.training = was_training": "module.training = True"},
    ),
    wrong(
        "lsuv_init",
        "linear_layers_alone",
        hint="Convolutions stay as they were: you scale linear layers alone.",
        edits={"isinstance(module, (nn.Linear, nn.Conv2d))": "isinstance(module, nn.Linear)"},
    ),
    wrong(
        "lsuv_init",
        "children_alone",
        hint="Layers inside other modules are not found: children() looks one level deep.",
        edits={
            "layers = [module for module in model.modules() if": "layers = [module for module in model.children() if"
        },
    ),
    wrong(
        "lsuv_init",
        "weights_drawn_again",
        hint="Your weights have unit variance, and are no longer those of the model: you start from an orthonormal "
        "draw. That step of the paper is not part of this function, which only scales.",
        edits={
            "            std = output_of(layer)": (
                "            nn.init.orthogonal_(layer.weight)\n            std = output_of(layer)"
            ),
        },
    ),
    wrong(
        "lsuv_init",
        "output_divided_by_a_hook_for_ever",
        hint="A hook of yours stays on the layers and goes on dividing their outputs: with another batch they no "
        "longer are what the weights say. Remove it when it has done its work.",
        edits={
            "layer.weight.div_(std)": (
                "layer.weight.div_(std)\n"
                "            layer.register_forward_hook(lambda module, inputs, out: out / out.std(correction=0))"
            ),
        },
    ),
    wrong(
        "lsuv_init",
        "constant_output_accepted",
        hint="Where an output does not vary you divide by 0, and the weights become inf or nan. Say so with a "
        "ValueError.",
        edits={"if not std > 0:": "if False:"},
    ),
    wrong(
        "lsuv_init",
        "a_copy_is_changed",
        hint="You change a copy of the model and return it. The caller's own model stays as it was: work in place.",
        edits={
            "    modes = {module: module.training": (
                "    import copy\n\n    model = copy.deepcopy(model)\n    modes = {module: module.training"
            )
        },
    ),
    wrong(
        "lsuv_init",
        "nothing_returned",
        hint="The model is scaled as it should be, and nothing is returned: is a `return` missing?",
        edits={"    return model\n": "    return None\n"},
    ),
    wrong(
        "lsuv_init",
        "parameters_frozen",
        hint="The weights of your model are no longer learned: requires_grad must stay as it was.",
        edits={"layer.weight.div_(std)": "layer.weight.requires_grad_(False).div_(std)"},
    ),
]

PREPROCESSING = [
    wrong(
        "zero_center",
        "mean_of_what_comes_in",
        hint="Your zero_center takes the mean of the rows it is given. A transform that is fitted uses the training "
        "set's mean on every later row: a single test image would otherwise become all 0.",
        edits={
            "mean = x_train.mean(axis=0)\n    return lambda x: x - mean": "return lambda x: x - x.mean(axis=0)",
        },
    ),
    wrong(
        "zero_center",
        "one_mean_for_all_features",
        hint="Your zero_center takes one mean over everything. Every feature (column) has its own.",
        edits={
            "mean = x_train.mean(axis=0)\n"
            "    return lambda x: x - mean": "mean = x_train.mean()\n    return lambda x: x - mean",
        },
    ),
    wrong(
        "zero_center",
        "array_instead_of_a_function",
        hint="Your zero_center gives back the transformed training set. It is to give back a FUNCTION, with which "
        "test rows can be transformed later.",
        edits={
            "mean = x_train.mean(axis=0)\n    return lambda x: x - mean": "return x_train - x_train.mean(axis=0)",
        },
    ),
    wrong(
        "zero_center",
        "mean_of_each_row",
        hint="Your zero_center takes the mean of each row, that is of one image. Axis 0 runs over the rows: which "
        "axis has to disappear?",
        edits={
            "mean = x_train.mean(axis=0)\n    return lambda x: x - mean": (
                "return lambda x: x - x.mean(axis=1, keepdims=True)"
            ),
        },
    ),
    wrong(
        "zero_center",
        "written_into_what_comes_in",
        hint="Your transform takes the mean off the caller's own array. The next call finds it changed: give back a "
        "new array.",
        edits={
            "mean = x_train.mean(axis=0)\n    return lambda x: x - mean": (
                "mean = x_train.mean(axis=0)\n\n    def transform(x):\n"
                "        x -= mean\n        return x\n\n    return transform"
            ),
        },
    ),
    wrong(
        "zero_center",
        "last_fit_wins",
        hint="Fitted on two training sets, both of your transforms use the statistics of the last: these are kept in "
        "one place for all.",
        edits={
            "mean = x_train.mean(axis=0)\n    return lambda x: x - mean": (
                "zero_center.mean = x_train.mean(axis=0)\n    return lambda x: x - zero_center.mean"
            ),
        },
    ),
    wrong(
        "zero_center",
        "standardized_by_what_comes_in",
        hint="Your standardize takes mean and standard deviation of the rows it is given. A transform that is fitted "
        "uses the training set's statistics on every later row.",
        edits={
            "return lambda x: (x - mean) / std": (
                "return lambda x: (x - x.mean(axis=0)) / np.where(x.std(axis=0) < 1e-8, 1, x.std(axis=0))"
            ),
        },
    ),
    wrong(
        "zero_center",
        "constant_feature_divides_by_zero",
        hint="A feature that is constant in the training set has a standard deviation of 0, and you divide by it: "
        "nan or inf.",
        edits={"std = np.where(std < 1e-8, 1.0, std)": "pass"},
    ),
    wrong(
        "zero_center",
        "constant_only_if_exactly_zero",
        hint="You look for a standard deviation of exactly 0. A feature that is 0.1 everywhere has one of 1e-17, by "
        "rounding, and dividing by that blows up other rows.",
        edits={"std = np.where(std < 1e-8, 1.0, std)": "std = np.where(std == 0, 1.0, std)"},
    ),
    wrong(
        "zero_center",
        "small_number_added_to_std",
        hint="You add a small number to the standard deviation. A pixel that was constant in training, and is not in "
        "a test image, is then blown up by that number's inverse; it is only to be centred.",
        edits={"std = np.where(std < 1e-8, 1.0, std)": "std = std + 1e-8"},
    ),
    wrong(
        "zero_center",
        "divided_by_the_variance",
        hint="Your standardize divides by the variance. What has to be divided by to make the variance 1?",
        edits={"std = x_train.std(axis=0)": "std = x_train.var(axis=0)"},
    ),
    wrong(
        "zero_center",
        "divided_by_n_minus_1",
        hint="Your standard deviation divides by N - 1. Here, as in np.std and in the field, it is N.",
        edits={"std = x_train.std(axis=0)": "std = x_train.std(axis=0, ddof=1)"},
    ),
    wrong(
        "zero_center",
        "one_std_for_all_features",
        hint="Your standardize divides by one standard deviation over everything. Every feature (column) has its own.",
        edits={"std = x_train.std(axis=0)": "std = x_train.std()"},
    ),
    wrong(
        "zero_center",
        "scaled_without_centring",
        hint="Your standardize divides and does not take the mean off.",
        edits={"return lambda x: (x - mean) / std": "return lambda x: x / std"},
    ),
    wrong(
        "zero_center",
        "scaled_to_the_range",
        hint="You scale each feature by its range, from smallest to largest value. Asked for is the standard "
        "deviation.",
        edits={"std = x_train.std(axis=0)": "std = x_train.max(axis=0) - x_train.min(axis=0)"},
    ),
    wrong(
        "zero_center",
        "rotated_and_not_scaled",
        hint="Your components are uncorrelated and still of different variance: that is PCA, and whitening has one "
        "more step.",
        edits={"return lambda x: (x - mean) @ eigenvectors / scale": "return lambda x: (x - mean) @ eigenvectors"},
    ),
    wrong(
        "zero_center",
        "divided_by_the_eigenvalue",
        hint="You divide each component by its eigenvalue. An eigenvalue is a variance: what makes that 1?",
        edits={"scale = np.sqrt(np.maximum(eigenvalues, 0) + eps)": "scale = np.maximum(eigenvalues, 0) + eps"},
    ),
    wrong(
        "zero_center",
        "eps_outside_the_root",
        hint="You add eps to the root. It belongs to the eigenvalue, under the root.",
        edits={
            "scale = np.sqrt(np.maximum(eigenvalues, 0) + eps)": "scale = np.sqrt(np.maximum(eigenvalues, 0)) + eps"
        },
    ),
    wrong(
        "zero_center",
        "eps_ignored",
        hint="eps makes no difference to your result: where an eigenvalue is 0 you divide by 0.",
        edits={"scale = np.sqrt(np.maximum(eigenvalues, 0) + eps)": "scale = np.sqrt(np.maximum(eigenvalues, 0))"},
    ),
    wrong(
        "zero_center",
        "eigenvectors_transposed",
        hint="Your components are not uncorrelated. np.linalg.eigh gives one eigenvector per COLUMN: on which side "
        "of the product, and which way round?",
        edits={"(x - mean) @ eigenvectors / scale": "(x - mean) @ eigenvectors.T / scale"},
    ),
    wrong(
        "zero_center",
        "smallest_component_first",
        hint="Your components stand in the wrong order: np.linalg.eigh gives the smallest eigenvalue first.",
        edits={"    eigenvalues, eigenvectors = eigenvalues[::-1], eigenvectors[:, ::-1]\n": ""},
    ),
    wrong(
        "zero_center",
        "rotated_back",
        hint="You turn the whitened components back to the old axes, which is called ZCA. Here the components "
        "themselves are asked for.",
        edits={"(x - mean) @ eigenvectors / scale": "(x - mean) @ eigenvectors / scale @ eigenvectors.T"},
    ),
    wrong(
        "zero_center",
        "covariance_by_n_minus_1",
        hint="Your covariance divides by N - 1, as np.cov does. Here it is N.",
        edits={"centred.T @ centred / len(x_train)": "centred.T @ centred / (len(x_train) - 1)"},
    ),
    wrong(
        "zero_center",
        "covariance_not_divided",
        hint="Your covariance is a sum over the rows: the more rows, the smaller the result. It is a mean.",
        edits={"centred.T @ centred / len(x_train)": "centred.T @ centred"},
    ),
    wrong(
        "zero_center",
        "whitened_without_centring",
        hint="Your pca_whiten fits on centred rows and forgets to centre what it is given later.",
        edits={"(x - mean) @ eigenvectors / scale": "x @ eigenvectors / scale"},
    ),
    wrong(
        "zero_center",
        "whitened_around_what_comes_in",
        hint="Your pca_whiten takes off the mean of the rows it is given. A transform that is fitted uses the "
        "training set's mean.",
        edits={"(x - mean) @ eigenvectors / scale": "(x - x.mean(axis=0)) @ eigenvectors / scale"},
    ),
]

MODULE = [
    wrong(
        "init_module_",
        "variance_given_as_std",
        hint="Your normal weights are far too small: normal_ takes the standard deviation as its second argument, "
        "and you give it the variance.",
        edits={"std = math.sqrt(variance)": "std = variance"},
    ),
    wrong(
        "init_module_",
        "kaiming_by_fan_out",
        hint="Your kaiming schemes divide by fan_out. Here they keep the size of the signals on their way forward: "
        "which fan is that?",
        edits={"else 2 / fan_in": "else 2 / fan_out"},
    ),
    wrong(
        "init_module_",
        "gain_of_relu_left_out",
        hint="Your kaiming schemes have variance 1 / fan_in: the 2 that makes up for relu is missing.",
        edits={"else 2 / fan_in": "else 1 / fan_in"},
    ),
    wrong(
        "init_module_",
        "xavier_by_fan_in_alone",
        hint="Your xavier schemes have variance 1 / fan_in, as in the NumPy exercise's default. Here they are "
        "Glorot's, with both fans.",
        edits={"variance = 2 / (fan_in + fan_out) if": "variance = 1 / fan_in if"},
    ),
    wrong(
        "init_module_",
        "sum_of_fans_not_halved",
        hint="Your xavier schemes have half the variance: it is one over the MEAN of the two fans.",
        edits={"variance = 2 / (fan_in + fan_out) if": "variance = 1 / (fan_in + fan_out) if"},
    ),
    wrong(
        "init_module_",
        "kernel_area_left_out",
        hint="Linear layers are right, convolutions too wide: count the places of the kernel too.",
        edits={"fan_in, fan_out = fan_in_and_fan_out(shape)": "fan_out, fan_in = shape[:2]"},
    ),
    wrong(
        "init_module_",
        "uniform_limit_without_sqrt3",
        hint="Your uniform weights are too narrow: numbers between -limit and limit have a variance of a third of "
        "limit squared.",
        edits={"limit = math.sqrt(3) * std": "limit = std"},
    ),
    wrong(
        "init_module_",
        "always_normal",
        hint="Your uniform schemes draw normal numbers.",
        edits={'if scheme.endswith("normal"):': "if True:"},
    ),
    wrong(
        "init_module_",
        "always_uniform",
        hint="Your normal schemes draw uniform numbers.",
        edits={'if scheme.endswith("normal"):': "if False:"},
    ),
    wrong(
        "init_module_",
        "one_stream_for_all_layers",
        hint="Every layer starts a generator of its own with the same seed: layers of one shape are equal. Draw from "
        "the one that is given, and let it run on.",
        edits={
            "std = math.sqrt(variance)": (
                "std = math.sqrt(variance)\n        generator = torch.Generator().manual_seed(0)"
            ),
            "drawn = torch.empty(shape, device=generator.device)": "drawn = torch.empty(shape)",
        },
    ),
    wrong(
        "init_module_",
        "draws_from_the_shared_generator",
        hint="You draw from the generator that PyTorch shares with the whole program, and leave the one that you are "
        "given alone.",
        edits={
            "drawn.normal_(0, std, generator=generator)": "drawn.normal_(0, std)",
            "drawn.uniform_(-limit, limit, generator=generator)": "drawn.uniform_(-limit, limit)",
        },
    ),
    wrong(
        "init_module_",
        "shared_generator_seeded",
        hint="You seed the generator that PyTorch shares with the whole program. Whoever draws from it afterwards "
        "gets the same numbers again and again.",
        edits={"std = math.sqrt(variance)": "std = math.sqrt(variance)\n        torch.manual_seed(0)"},
    ),
    wrong(
        "init_module_",
        "one_row_repeated",
        hint="All rows (filters) of a weight are the same: you draw numbers for one, and copy_ spreads them over all "
        "without a word. Outputs that start equal stay equal for ever.",
        edits={
            "drawn = torch.empty(shape, device=generator.device)": (
                "drawn = torch.empty(shape[1:], device=generator.device)"
            )
        },
    ),
    wrong(
        "init_module_",
        "one_number_everywhere",
        hint="Each of your weights holds one number in all places: you draw a single one, and copy_ spreads it over "
        "all without a word. Outputs that start equal stay equal for ever.",
        edits={
            "drawn = torch.empty(shape, device=generator.device)": "drawn = torch.empty(1, device=generator.device)",
        },
    ),
    wrong(
        "init_module_",
        "biases_left",
        hint="Your biases stay as they were.",
        edits={
            "if isinstance(module, (*weighted, *norms)) and module.bias is not None:": (
                "if isinstance(module, norms) and module.bias is not None:"
            )
        },
    ),
    wrong(
        "init_module_",
        "missing_bias_not_expected",
        hint="A layer without bias has None in its place: ask before you fill it.",
        edits={
            "if isinstance(module, (*weighted, *norms)) and module.bias is not None:": (
                "if isinstance(module, (*weighted, *norms)):"
            )
        },
    ),
    wrong(
        "init_module_",
        "norms_left",
        hint="Batch, layer and group norms stay as they were. They start as doing nothing more: weight 1, bias 0.",
        edits={
            "elif isinstance(module, norms) and module.weight is not None:": "elif False:",
            "if isinstance(module, (*weighted, *norms)) and module.bias is not None:": (
                "if isinstance(module, weighted) and module.bias is not None:"
            ),
        },
    ),
    wrong(
        "init_module_",
        "norms_start_at_zero",
        hint="The weights of your norms are 0: then nothing at all gets through. Which factor changes nothing?",
        edits={"module.weight.fill_(1)": "module.weight.fill_(0)"},
    ),
    wrong(
        "init_module_",
        "batch_norm_alone",
        hint="Your batch norms are right; layer and group norm stay as they were.",
        edits={
            "norms = (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d, nn.LayerNorm, nn.GroupNorm)": (
                "norms = (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d)"
            )
        },
    ),
    wrong(
        "init_module_",
        "linear_and_2d_alone",
        hint="Convolutions in one and three dimensions stay as they were.",
        edits={"weighted = (nn.Linear, nn.Conv1d, nn.Conv2d, nn.Conv3d)": "weighted = (nn.Linear, nn.Conv2d)"},
    ),
    wrong(
        "init_module_",
        "children_alone",
        hint="Layers inside other modules are not found: children() looks one level deep.",
        edits={"for module in model.modules():": "for module in model.children():"},
    ),
    wrong(
        "init_module_",
        "every_parameter_by_its_axes",
        hint="You go by the number of axes: what has two or more is drawn, every vector is set to 0. The weight of a "
        "norm is a vector too, and so is the slope of a PReLU.",
        edits={
            "        for module in model.modules():": (
                "        for parameter in model.parameters():\n            if parameter.dim() > 1:\n"
                "                parameter.copy_(draw(parameter.shape))\n"
                "            else:\n                parameter.zero_()\n"
                "        for module in []:"
            )
        },
    ),
    wrong(
        "init_module_",
        "everything_with_a_weight",
        hint="The slope of a PReLU is called `weight` too, and you treat it like a norm's. Look at the type of the "
        "module, not at the names of what it has.",
        edits={
            "elif isinstance(module, norms) and module.weight is not None:": (
                'elif getattr(module, "weight", None) is not None:'
            )
        },
    ),
    wrong(
        "init_module_",
        "gradients_recorded",
        hint="PyTorch refuses to change a parameter in place while it records gradients. What switches the recording "
        "off?",
        edits={"with torch.no_grad():": "with torch.enable_grad():"},
    ),
    wrong(
        "init_module_",
        "parameters_replaced_by_tensors",
        hint="Your weights are no longer learned: requires_grad must stay as it was.",
        edits={
            "module.weight.copy_(draw(module.weight.shape))": (
                "module.weight.requires_grad_(False).copy_(draw(module.weight.shape))"
            )
        },
    ),
    wrong(
        "init_module_",
        "a_copy_is_changed",
        hint="You change a copy of the model and return it. The caller's own model stays as it was: work in place.",
        edits={
            "    def draw(shape):": "    import copy\n\n    model = copy.deepcopy(model)\n\n    def draw(shape):",
        },
    ),
    wrong(
        "init_module_",
        "nothing_returned",
        hint="The model is changed as it should be, and nothing is returned: is a `return` missing?",
        edits={"    return model\n": "    return None\n"},
    ),
    wrong(
        "init_module_",
        "unknown_scheme_accepted",
        hint="A scheme that does not exist is taken for a known one. A misspelt name should be told at once, with a "
        "ValueError.",
        edits={
            'if scheme not in ("xavier_normal", "xavier_uniform", "kaiming_normal", "kaiming_uniform"):': "if False:",
        },
    ),
]

WRONG = [
    *FANS, *XAVIER, *KAIMING, *ACTIVATION, *STATISTICS, *RESIDUAL, *LSUV, *PREPROCESSING, *MODULE,
]  # fmt: skip
