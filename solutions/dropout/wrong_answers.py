"""Mistakes that students make in `dropout`, each with the hint that it earns.

A hint says what to look at and never gives the corrected line. Where two mistakes look alike in every failed test, the
first one is named.
"""

from autograder.answers import Answer, wrong

DRAW = "kept = rng.random(x.shape) >= p  # False with probability p"
SCALE = "scale = 1 / (1 - p) if p < 1 else 0.0"
RNG = 'rng = np.random.default_rng(dropout_param.get("seed"))'

FORWARD = [
    wrong(
        "dropout_forward",
        "keep_and_drop_swapped",
        hint="Your `p` is the probability to KEEP a unit (with the scale to match). Here, as in PyTorch, it is the "
        "probability to DROP one: which share of the units should be 0 with p = 0.2?",
        edits={DRAW: "kept = rng.random(x.shape) < p", SCALE: "scale = 1 / p if p > 0 else 0.0"},
    ),
    wrong(
        "dropout_forward",
        "mask_swapped",
        hint="Your mask keeps a unit with probability p; p is the probability to DROP it. Your scale already goes with "
        "that: look at the comparison that makes the mask.",
        edits={DRAW: "kept = rng.random(x.shape) < p"},
    ),
    wrong(
        "dropout_forward",
        "divided_by_p",
        hint="What you keep is divided by the probability to drop it. Its expected value is to stay what it was: a "
        "unit that is there in a share q of the calls must count how many times?",
        edits={SCALE: "scale = 1 / p if p > 0 else 1.0"},
    ),
    wrong(
        "dropout_forward",
        "never_scaled",
        hint="What you keep comes out as it went in. So the sum over the units is smaller in training than at test "
        "time; inverted dropout makes up for that in training.",
        edits={SCALE: "scale = 1.0"},
    ),
    wrong(
        "dropout_forward",
        "multiplied_instead_of_divided",
        hint="You scale what is kept down by the probability to keep it, on top of having dropped the rest: in which "
        "direction must the scale go, so that the expected value stays?",
        edits={SCALE: "scale = 1 - p"},
    ),
    wrong(
        "dropout_forward",
        "scaled_at_test_time_too",
        hint="Inverted dropout has done its scaling in training. At test time nothing is left to do; you scale once "
        "more.",
        edits={"out = x.copy()": "out = x * (1 - p)"},
    ),
    wrong(
        "dropout_forward",
        "inverse_scale_at_test_time",
        hint="At test time you divide by 1 - p, as in training. There nothing was dropped that would have to be made "
        "up for.",
        edits={"out = x.copy()": "out = x / (1 - p) if p < 1 else 0 * x"},
    ),
    wrong(
        "dropout_forward",
        "vanilla",
        hint="This is dropout as it was first published: nothing scaled in training, everything at test time. Inverted "
        "dropout moves the scaling to training, so that test time needs none.",
        edits={"out = x.copy()": "out = x * (1 - p)", SCALE: "scale = 1.0"},
    ),
    wrong(
        "dropout_forward",
        "keeps_with_p_as_the_notes",
        hint="Your `p` is the probability to keep a unit and nothing is scaled in training: the notes' code, which "
        "contradicts their own text. Drop with probability p, and scale in training.",
        edits={DRAW: "kept = rng.random(x.shape) < p", SCALE: "scale = 1.0", "out = x.copy()": "out = x * p"},
    ),
    wrong(
        "dropout_forward",
        "drops_at_test_time",
        hint="Units are dropped in test mode too. Test time uses the whole network: where do you look at the mode?",
        edits={'if mode == "train":': "if mode:"},
    ),
    wrong(
        "dropout_forward",
        "never_drops",
        hint="In train mode x comes back as it is: the mask never reaches the output.",
        edits={"out = x * mask": "out = x.copy()"},
    ),
    wrong(
        "dropout_forward",
        "p_ignored",
        hint="Half of the units are dropped, whatever p is: look for the number 0.5 where p should stand.",
        edits={DRAW: "kept = rng.random(x.shape) >= 0.5"},
    ),
    wrong(
        "dropout_forward",
        "one_mask_for_the_batch",
        hint="Every row of the batch loses the same units: the mask is drawn for one row and repeated for the others. "
        "Each image needs coins of its own.",
        edits={DRAW: "kept = rng.random((1, *x.shape[1:])) >= p"},
    ),
    wrong(
        "dropout_forward",
        "one_coin_for_each_row",
        hint="A row is dropped as a whole, or kept as a whole: one coin is tossed for it. Each unit needs a coin of "
        "its own: look at the shape that you draw.",
        edits={DRAW: "kept = rng.random((len(x),) + (1,) * (x.ndim - 1)) >= p"},
    ),
    wrong(
        "dropout_forward",
        "one_coin_for_everything",
        hint="A single coin decides on the whole array: you draw one number, not an array of them.",
        edits={DRAW: "kept = rng.random() >= p"},
    ),
    wrong(
        "dropout_forward",
        "one_coin_for_each_channel",
        hint="In images, whole channels are dropped. That is another layer (Dropout2d); here each pixel of each "
        "channel has its own coin.",
        edits={DRAW: "kept = rng.random(x.shape[:2] + (1,) * (x.ndim - 2)) >= p"},
    ),
    wrong(
        "dropout_forward",
        "normal_instead_of_uniform",
        hint="The share of dropped units is not p: you compare p with numbers from a normal distribution. From which "
        "distribution is a number below p with probability p?",
        edits={DRAW: "kept = rng.normal(size=x.shape) >= p"},
    ),
    wrong(
        "dropout_forward",
        "always_the_same_number",
        hint="You drop a fixed number of units, p of them, in every call. In dropout each unit tosses its own coin, "
        "and how many fall is left to chance.",
        edits={
            DRAW: "kept = np.ones(x.size)\n"
            "        kept[rng.permutation(x.size)[: round(p * x.size)]] = 0\n"
            "        kept = kept.reshape(x.shape)"
        },
    ),
    wrong(
        "dropout_forward",
        "noise_instead_of_a_mask",
        hint="Your mask holds random numbers between 0 and 1, not zeros and ones: a unit is either dropped or kept.",
        edits={DRAW: "kept = rng.random(x.shape)"},
    ),
    wrong(
        "dropout_forward",
        "divides_by_zero_at_p_one",
        hint="With p = 1 your scale divides by zero, and 0 times infinity is nan. Nothing is kept there, so what does "
        "it matter by which number it is scaled?",
        edits={SCALE: "with np.errstate(divide='ignore'):\n            scale = 1 / np.float64(1 - p)"},
    ),
    wrong(
        "dropout_forward",
        "zero_division_at_p_one",
        hint="p = 1 is allowed and makes everything zero; your scale divides by zero there.",
        edits={SCALE: "scale = 1 / (1 - p)"},
    ),
    wrong(
        "dropout_forward",
        "seed_ignored",
        hint="With the same seed two calls give two masks: where does your function look at the seed?",
        edits={RNG: "rng = np.random.default_rng()"},
    ),
    wrong(
        "dropout_forward",
        "seed_zero_ignored",
        hint="A seed of 0 makes no difference. `if seed:` is not true for it: ask whether the key is there.",
        edits={RNG: 'rng = np.random.default_rng(dropout_param.get("seed") or None)'},
    ),
    wrong(
        "dropout_forward",
        "always_seeded",
        hint="Without a seed in dropout_param every call draws the same mask: your own fixed seed makes it so. Each "
        "step of training needs a new mask.",
        edits={RNG: 'rng = np.random.default_rng(dropout_param.get("seed", 0))'},
    ),
    wrong(
        "dropout_forward",
        "seed_read_as_a_flag",
        hint="Two different seeds give the same mask: the seed's value is not used, only that there is one.",
        edits={RNG: 'rng = np.random.default_rng(1 if "seed" in dropout_param else None)'},
    ),
    wrong(
        "dropout_forward",
        "global_generator_reseeded",
        hint="np.random.seed starts the generator again that everybody else in the program draws from too. A generator "
        "of your own, made from the seed, disturbs nobody.",
        edits={
            RNG: 'if "seed" in dropout_param:\n            np.random.seed(dropout_param["seed"])\n'
            "        rng = np.random.mtrand._rand"
        },
    ),
    wrong(
        "dropout_forward",
        "writes_into_x",
        hint="The array that was passed in is changed. A layer gets its input to read: the result belongs in a new "
        "array.",
        edits={"out = x * mask": "x *= mask\n        out = x"},
    ),
    wrong(
        "dropout_forward",
        "unknown_mode_accepted",
        hint="A mode that is neither 'train' nor 'test' is taken for one of them. A typing error there would switch "
        "dropout off without a word: the contract asks for a ValueError.",
        edits={'if mode not in ("train", "test"):': "if False:"},
    ),
    wrong(
        "dropout_forward",
        "any_p_accepted",
        hint="p = 1.5 is no probability, and 30 is likely a percentage: the contract asks for a ValueError.",
        edits={"if not 0 <= p <= 1:": "if False:"},
    ),
    wrong(
        "dropout_forward",
        "p_one_refused",
        hint="You refuse p = 1 (or p = 0). Both are probabilities: they drop everything, or nothing.",
        edits={"if not 0 <= p <= 1:": "if not 0 < p < 1:"},
    ),
]

BACKWARD_LINE = "return dout * mask"
BACKWARD_TEST = 'if dropout_param["mode"] == "test":\n        return dout.copy()'

BACKWARD = [
    wrong(
        "dropout_backward",
        "mask_forgotten",
        hint="dout comes back as it is in train mode too. A unit that was dropped had no part in the output: what is "
        "the gradient of the loss by it?",
        edits={BACKWARD_LINE: "return dout.copy()"},
    ),
    wrong(
        "dropout_backward",
        "scale_forgotten",
        hint="The mask is right, its scale is missing. The forward pass multiplied what it kept by 1 / (1 - p): what "
        "does the chain rule make of that?",
        edits={BACKWARD_LINE: "return dout * (mask != 0)"},
    ),
    wrong(
        "dropout_backward",
        "scaled_twice",
        hint="The scale is there twice: your cache's mask has 1 / (1 - p) in it already.",
        edits={
            BACKWARD_LINE: 'scale = 1 / (1 - dropout_param["p"]) if dropout_param["p"] < 1 else 0.0\n'
            "    return dout * mask * scale"
        },
    ),
    wrong(
        "dropout_backward",
        "divided_by_the_mask",
        hint="You divide by the mask: the forward pass multiplied by it, and the gradient of m * x by x is m itself.",
        edits={BACKWARD_LINE: "return np.where(mask != 0, dout / np.where(mask != 0, mask, 1), 0)"},
    ),
    wrong(
        "dropout_backward",
        "mask_swapped",
        hint="The gradient goes through the units that were dropped, and stops at those that were kept.",
        edits={BACKWARD_LINE: "return dout * (mask.max() - mask)"},
    ),
    wrong(
        "dropout_backward",
        "new_mask",
        hint="Your backward pass draws a mask of its own. The units that were dropped in the forward pass are those "
        "whose gradient is zero: the cache must carry that very mask.",
        edits={
            BACKWARD_LINE: 'p = dropout_param["p"]\n'
            "    scale = 1 / (1 - p) if p < 1 else 0.0\n"
            "    return dout * (np.random.default_rng().random(dout.shape) >= p) * scale"
        },
    ),
    wrong(
        "dropout_backward",
        "mask_drawn_again_from_the_seed",
        hint="Your backward pass draws the mask again. With a seed that is the same one; without a seed, as in "
        "training, it is another. The cache must carry the mask.",
        edits={
            BACKWARD_LINE: 'p, seed = dropout_param["p"], dropout_param.get("seed")\n'
            "    scale = 1 / (1 - p) if p < 1 else 0.0\n"
            "    return dout * (np.random.default_rng(seed).random(dout.shape) >= p) * scale"
        },
    ),
    wrong(
        "dropout_backward",
        "test_mode_masked",
        hint="In test mode there is no mask, and your function does not know it: it must look at the mode that the "
        "forward pass was in.",
        edits={BACKWARD_TEST: "if False:\n        return dout.copy()"},
    ),
    wrong(
        "dropout_backward",
        "test_mode_scaled",
        hint="In test mode the forward pass gave x itself, so the gradient is dout itself; you scale it.",
        edits={BACKWARD_TEST: 'if dropout_param["mode"] == "test":\n        return dout * (1 - dropout_param["p"])'},
    ),
    wrong(
        "dropout_backward",
        "test_mode_inverse_scale",
        hint="In test mode the forward pass gave x itself, so the gradient is dout itself; you divide it by 1 - p, as "
        "if units had been dropped.",
        edits={BACKWARD_TEST: 'if dropout_param["mode"] == "test":\n        return dout / (1 - dropout_param["p"])'},
    ),
    wrong(
        "dropout_backward",
        "test_mode_zero",
        hint="In test mode your gradient is zero: nothing was dropped there, so everything learns (as far as the loss "
        "says).",
        edits={BACKWARD_TEST: 'if dropout_param["mode"] == "test":\n        return np.zeros_like(dout)'},
    ),
    wrong(
        "dropout_backward",
        "mask_used_up",
        hint="The first call spoils the mask in the cache, so that a second one gives something else: multiply into a "
        "new array.",
        edits={BACKWARD_LINE: "mask *= dout\n    return mask.copy()"},
    ),
]

VANILLA_DRAW = "mask = rng.random(x.shape) >= p  # False with probability p"
VANILLA_TEST = "out = x * (1 - p)"

VANILLA = [
    wrong(
        "vanilla_dropout_forward",
        "inverted",
        hint="This is inverted dropout: scaled in training, nothing at test time. The first form does it the other way "
        "round.",
        edits={"out = x * mask": "out = x * mask / (1 - p) if p < 1 else 0 * x", VANILLA_TEST: "out = x.copy()"},
    ),
    wrong(
        "vanilla_dropout_forward",
        "scaled_in_training_too",
        hint="You scale in training and at test time: once is enough, and here it is at test time.",
        edits={"out = x * mask": "out = x * mask / (1 - p) if p < 1 else 0 * x"},
    ),
    wrong(
        "vanilla_dropout_forward",
        "never_scaled",
        hint="Test mode gives x as it is. In training a unit is there in a share 1 - p of the steps, at test time "
        "always: what makes up for that?",
        edits={VANILLA_TEST: "out = x.copy()"},
    ),
    wrong(
        "vanilla_dropout_forward",
        "test_times_p",
        hint="At test time you multiply by p, the probability to DROP (some notes call p the other one). What a unit "
        "should count is how often it was there.",
        edits={VANILLA_TEST: "out = x * p"},
    ),
    wrong(
        "vanilla_dropout_forward",
        "test_divided",
        hint="At test time more units are there than in training: must each count more, or less?",
        edits={VANILLA_TEST: "out = x / (1 - p) if p < 1 else 0 * x"},
    ),
    wrong(
        "vanilla_dropout_forward",
        "keep_and_drop_swapped",
        hint="Your `p` is the probability to KEEP a unit, in both modes. Here it is the probability to DROP it.",
        edits={VANILLA_DRAW: "mask = rng.random(x.shape) < p", VANILLA_TEST: "out = x * p"},
    ),
    wrong(
        "vanilla_dropout_forward",
        "mask_swapped",
        hint="In training your mask keeps a unit with probability p, which is the probability to DROP it. Test time is "
        "as it should be.",
        edits={VANILLA_DRAW: "mask = rng.random(x.shape) < p"},
    ),
    wrong(
        "vanilla_dropout_forward",
        "never_drops",
        hint="In train mode x comes back as it is: the mask never reaches the output.",
        edits={"out = x * mask": "out = x.copy()"},
    ),
    wrong(
        "vanilla_dropout_forward",
        "p_ignored",
        hint="In training half of the units are dropped, whatever p is.",
        edits={VANILLA_DRAW: "mask = rng.random(x.shape) >= 0.5"},
    ),
    wrong(
        "vanilla_dropout_forward",
        "one_mask_for_the_batch",
        hint="Every row of the batch loses the same units. Each image needs coins of its own.",
        edits={VANILLA_DRAW: "mask = rng.random((1, *x.shape[1:])) >= p"},
    ),
    wrong(
        "vanilla_dropout_forward",
        "one_coin_for_each_row",
        hint="A row is dropped as a whole, or kept as a whole. Each unit needs a coin of its own.",
        edits={VANILLA_DRAW: "mask = rng.random((len(x),) + (1,) * (x.ndim - 1)) >= p"},
    ),
    wrong(
        "vanilla_dropout_forward",
        "drops_at_test_time",
        hint="Units are dropped in test mode too: where do you look at the mode?",
        edits={'if mode == "train":': "if mode:"},
    ),
    wrong(
        "vanilla_dropout_forward",
        "seed_ignored",
        hint="With the same seed two calls give two masks: where does your function look at the seed?",
        edits={RNG: "rng = np.random.default_rng()"},
    ),
    wrong(
        "vanilla_dropout_forward",
        "seed_zero_ignored",
        hint="A seed of 0 makes no difference. `if seed:` is not true for it: ask whether the key is there.",
        edits={RNG: 'rng = np.random.default_rng(dropout_param.get("seed") or None)'},
    ),
    wrong(
        "vanilla_dropout_forward",
        "seed_read_as_a_flag",
        hint="Two different seeds give the same mask: the seed's value is not used, only that there is one.",
        edits={RNG: 'rng = np.random.default_rng(1 if "seed" in dropout_param else None)'},
    ),
    wrong(
        "vanilla_dropout_forward",
        "always_seeded",
        hint="Without a seed every call draws the same mask: your own fixed seed makes it so.",
        edits={RNG: 'rng = np.random.default_rng(dropout_param.get("seed", 0))'},
    ),
    wrong(
        "vanilla_dropout_forward",
        "global_generator_reseeded",
        hint="np.random.seed starts the generator again that everybody else in the program draws from too. A generator "
        "of your own, made from the seed, disturbs nobody.",
        edits={
            RNG: 'if "seed" in dropout_param:\n            np.random.seed(dropout_param["seed"])\n'
            "        rng = np.random.mtrand._rand"
        },
    ),
    wrong(
        "vanilla_dropout_forward",
        "writes_into_x",
        hint="The array that was passed in is changed: the result belongs in a new one.",
        edits={"out = x * mask": "x *= mask\n        out = x"},
    ),
]

MODULE_DRAW = "kept = torch.rand(x.shape, device=x.device, generator=self.generator) >= self.p\n"
CHANNEL_DRAW = "kept = torch.rand(mask_shape, device=x.device, generator=self.generator) >= self.p\n"
MASK_SHAPE = "mask_shape = x.shape[:2] + (1,) * (x.ndim - 2)  # one coin for each image and channel\n"

MODULES = """\
class Dropout(nn.Module):
    def __init__(self, p=0.5, generator=None):
        super().__init__()
        if not 0 <= p <= 1:
            raise ValueError("p must lie between 0 and 1")
        self.p = p
        self.generator = generator

    def _mask(self, x, shape):
        kept = torch.rand(shape, device=x.device, generator=self.generator) >= self.p
        scale = 1 / (1 - self.p) if self.p < 1 else 0.0
        return kept.to(x.dtype) * scale

    def _apply_to(self, x, shape):
        if not self.training:
            return x
        return x * self._mask(x, shape)

    def forward(self, x):
        return self._apply_to(x, x.shape)


class Dropout2d(Dropout):
    def forward(self, x):
        return self._apply_to(x, x.shape[:2] + (1,) * (x.ndim - 2))
"""
KEPT = "kept = torch.rand(shape, device=x.device, generator=self.generator) >= self.p"
MODULE_SCALE = "scale = 1 / (1 - self.p) if self.p < 1 else 0.0"
APPLIED = "        return x * self._mask(x, shape)"
EVAL = "        if not self.training:\n            return x\n"


def module(name: str, *, hint: str, edits: dict[str, str]) -> Answer:
    """A mistake made in both classes alike: an edit of MODULES, which writes what they share once."""
    return wrong("Dropout", name, hint=hint, source=Answer("Dropout", name, edits=tuple(edits.items())).apply(MODULES))


DROPOUT = [
    module(
        "keep_and_drop_swapped",
        hint="Your `p` is the probability to KEEP (with the scale to match). Here, as in torch.nn, it is the "
        "probability to DROP.",
        edits={KEPT: KEPT.replace(">=", "<"), MODULE_SCALE: "scale = 1 / self.p if self.p > 0 else 0.0"},
    ),
    module(
        "mask_swapped",
        hint="Your mask keeps with probability p, which is the probability to DROP; the scale already goes with that.",
        edits={KEPT: KEPT.replace(">=", "<")},
    ),
    module(
        "divided_by_p",
        hint="What is kept is divided by the probability to drop it: how often is a unit there, and how much must it "
        "count then?",
        edits={MODULE_SCALE: "scale = 1 / self.p if self.p > 0 else 1.0"},
    ),
    module(
        "never_scaled",
        hint="What is kept comes out as it went in. In train mode inverted dropout scales it up, so that its expected "
        "value stays.",
        edits={MODULE_SCALE: "scale = 1.0"},
    ),
    module(
        "scaled_in_eval_mode_too",
        hint="Eval mode gives x itself: the scaling was done in train mode.",
        edits={EVAL: "        if not self.training:\n            return x * (1 - self.p)\n"},
    ),
    module(
        "vanilla",
        hint="This is dropout as it was first published: nothing scaled in train mode, everything in eval mode. "
        "PyTorch's, and the one asked for, scales in train mode.",
        edits={
            EVAL: "        if not self.training:\n            return x * (1 - self.p)\n",
            MODULE_SCALE: "scale = 1.0",
        },
    ),
    module(
        "drops_in_eval_mode",
        hint="The module drops in eval mode as well: it has to look at self.training.",
        edits={EVAL: ""},
    ),
    module(
        "never_drops",
        hint="In train mode x comes back as it is: is self.training asked the right way round?",
        edits={EVAL: "        if True:\n            return x\n"},
    ),
    module(
        "modes_exchanged",
        hint="The module drops in eval mode and leaves x alone in train mode: is self.training asked the right way "
        "round?",
        edits={EVAL: "        if self.training:\n            return x\n"},
    ),
    module(
        "p_ignored",
        hint="Half is dropped, whatever p is: the p that was given to the constructor must be kept and used.",
        edits={KEPT: KEPT.replace("self.p", "0.5")},
    ),
    module(
        "other_default",
        hint="Without p the module drops with another probability than 0.5.",
        edits={"p=0.5": "p=0.2"},
    ),
    module(
        "generator_ignored",
        hint="The generator that was given makes no difference: PyTorch's global one is drawn from. Pass yours on to "
        "the function that draws.",
        edits={KEPT: KEPT.replace(", generator=self.generator", "")},
    ),
    module(
        "reseeds_the_global_generator",
        hint="torch.manual_seed in a layer starts the generator again that the whole program draws from, and gives "
        "every pass the same mask. Draw, and seed nothing.",
        edits={KEPT: "torch.manual_seed(0)\n        " + KEPT},
    ),
    module(
        "mask_drawn_once",
        hint="The first mask is kept and used in every pass after it. Each pass in train mode draws a new one.",
        edits={
            APPLIED: "        if getattr(self, 'mask', None) is None:\n"
            "            self.mask = self._mask(x, shape)\n        return x * self.mask"
        },
    ),
    module(
        "one_mask_for_the_batch",
        hint="All images of the batch lose the same: the mask is drawn for one of them. Each needs coins of its own.",
        edits={KEPT: KEPT.replace("torch.rand(shape,", "torch.rand((1, *shape[1:]),")},
    ),
    module(
        "gradient_through_the_scale_alone",
        hint="The gradient of what was dropped is not zero: the mask is applied where autograd does not see it "
        "(`.data`, `no_grad`, in place). Multiply x by the mask.",
        edits={"        return x * self._mask(x, shape)": "        return x + (x * self._mask(x, shape) - x).detach()"},
    ),
    module(
        "no_gradient",
        hint="No gradient comes back to x: the result is cut off from the graph (`.detach()`, `.data`, "
        "`torch.no_grad`).",
        edits={
            APPLIED: APPLIED.replace("x * self._mask(x, shape)", "(x * self._mask(x, shape)).detach() + 0 * x.sum()")
        },
    ),
    module(
        "writes_into_x",
        hint="The tensor that was passed in is changed (`*=`, `mul_`): other layers may still need it, and autograd "
        "refuses that for a leaf. Make a new one.",
        edits={APPLIED: APPLIED.replace("x * self._mask(x, shape)", "x.mul_(self._mask(x, shape))")},
    ),
    module(
        "float_in_float_out",
        hint="The result is float32 (or float64) whatever x is: the mask has to take the dtype of x.",
        edits={"return kept.to(x.dtype) * scale": "return kept.double() * scale"},
    ),
    module(
        "divides_by_zero_at_p_one",
        hint="With p = 1 the scale divides by zero. Everything is dropped there: by what it is scaled does not matter.",
        edits={MODULE_SCALE: "scale = 1 / torch.tensor(1 - self.p, dtype=x.dtype)"},
    ),
    module(
        "any_p_accepted",
        hint="p = 1.5 is no probability: the constructor is to raise a ValueError.",
        edits={"if not 0 <= p <= 1:": "if False:"},
    ),
    module(
        "p_refused_with_an_assert",
        hint="You use `assert` to refuse p, which raises an AssertionError (and nothing at all when Python runs with "
        "-O). The contract asks for a ValueError.",
        edits={'if not 0 <= p <= 1:\n            raise ValueError("p must lie between 0 and 1")': "assert 0 <= p <= 1"},
    ),
    module(
        "p_is_a_parameter",
        hint="Your module has parameters or buffers: an optimiser would change them, a state_dict carry them. p is a "
        "setting, not something learned: a plain attribute.",
        edits={"self.p = p\n": "self.p = nn.Parameter(torch.tensor(float(p)), requires_grad=True)\n"},
    ),
    module(
        "mask_is_a_buffer",
        hint="The mask stays behind in the state_dict. It belongs to one pass: a local variable is enough.",
        edits={APPLIED: "        self.register_buffer('mask', self._mask(x, shape))\n        return x * self.mask"},
    ),
    wrong(
        "Dropout",
        "units_in_dropout2d",
        hint="Your Dropout2d drops single pixels. Neighbours in a map tell nearly the same, so it is to drop whole "
        "channels: one coin for each image and channel.",
        edits={CHANNEL_DRAW: MODULE_DRAW},
    ),
    wrong(
        "Dropout",
        "channels_in_dropout",
        hint="Your Dropout drops whole channels (in Dropout2d that is right). Here each unit, and each pixel, has a "
        "coin of its own.",
        edits={
            MODULE_DRAW: "shape = x.shape[:2] + (1,) * (x.ndim - 2)\n"
            "        kept = torch.rand(shape, device=x.device, generator=self.generator) >= self.p\n"
        },
    ),
    wrong(
        "Dropout",
        "same_channels_in_every_image",
        hint="Dropout2d drops the same channels in every image of the batch. Each image has coins of its own: look at "
        "the shape of the mask.",
        edits={MASK_SHAPE: "mask_shape = (1, x.shape[1]) + (1,) * (x.ndim - 2)\n"},
    ),
    wrong(
        "Dropout",
        "whole_images_in_dropout2d",
        hint="Dropout2d drops whole images, with all their channels. Each channel has a coin of its own.",
        edits={MASK_SHAPE: "mask_shape = x.shape[:1] + (1,) * (x.ndim - 1)\n"},
    ),
    wrong(
        "Dropout",
        "pixels_of_all_channels",
        hint="Dropout2d drops single pixels, in all channels at once. It is the other way round: a channel with all "
        "its pixels.",
        edits={MASK_SHAPE: "mask_shape = (x.shape[0], 1) + x.shape[2:]\n"},
    ),
]

ANSWERS = "answers = torch.stack([model(x) for _ in range(samples)])"
WITHOUT_GRADIENT = "    with torch.no_grad():\n        " + ANSWERS
TURN_ON = '        if "Dropout" in type(module).__name__:\n            module.train()\n'
PUT_BACK = "    for module, mode in modes.items():\n        module.training = mode\n"
MEAN_AND_STD = "return answers.mean(dim=0), answers.std(dim=0, correction=0)"

MONTE_CARLO = [
    wrong(
        "mc_dropout_predict",
        "dropout_off",
        hint="All samples are the same, std is zero: dropout is off in eval mode. Here it is to be on, and it alone.",
        edits={TURN_ON: "        pass\n"},
    ),
    wrong(
        "mc_dropout_predict",
        "whole_model_in_train_mode",
        hint="The whole model predicts in train mode: batch norm then uses the batch's own statistics, and changes "
        "those it keeps. Only the dropout modules are to be in train mode.",
        edits={"    model.eval()\n": "    model.train()\n"},
    ),
    wrong(
        "mc_dropout_predict",
        "mode_left_as_it_came",
        hint="What is no dropout keeps the mode in which the model came. In train mode batch norm then learns from "
        "your predictions: put everything else into eval mode first.",
        edits={"    model.eval()\n": ""},
    ),
    wrong(
        "mc_dropout_predict",
        "modes_not_put_back",
        hint="After the call modules are in another mode than before. Note each module's mode at the start, and put it "
        "back at the end.",
        edits={PUT_BACK: ""},
    ),
    wrong(
        "mc_dropout_predict",
        "all_in_eval_mode_afterwards",
        hint="After the call everything is in eval mode, wherever it was before. A model that is being trained would "
        "go on without its dropout.",
        edits={PUT_BACK: "    model.eval()\n"},
    ),
    wrong(
        "mc_dropout_predict",
        "all_in_train_mode_afterwards",
        hint="After the call everything is in train mode, wherever it was before: a model that came in eval mode would "
        "predict at random from then on.",
        edits={PUT_BACK: "    model.train()\n"},
    ),
    wrong(
        "mc_dropout_predict",
        "mode_of_the_model_alone",
        hint="Only the mode of the model as a whole is noted and put back, for all modules at once. Each may have had "
        "a mode of its own.",
        edits={
            PUT_BACK: "    for module in model.modules():\n        if not list(module.children()):\n"
            "            module.training = modes[model]\n    model.training = False\n"
        },
    ),
    wrong(
        "mc_dropout_predict",
        "one_mask_for_all_samples",
        hint="All samples are the same pass. Each needs a pass of its own through the model, with a new mask.",
        edits={ANSWERS: "answers = torch.stack([model(x)] * samples)"},
    ),
    wrong(
        "mc_dropout_predict",
        "samples_ignored",
        hint="The number of passes is not `samples`: the means fit another number.",
        edits={ANSWERS: "answers = torch.stack([model(x) for _ in range(10)])"},
    ),
    wrong(
        "mc_dropout_predict",
        "one_sample_too_few",
        hint="There is one pass too few (or too many): count the passes of your loop for samples = 2.",
        edits={ANSWERS: "answers = torch.stack([model(x) for _ in range(1, max(samples, 2))])"},
    ),
    wrong(
        "mc_dropout_predict",
        "mean_over_the_batch",
        hint="The mean is taken over the wrong axis, over the images or the classes. Over the samples, please: which "
        "axis are they on?",
        edits={MEAN_AND_STD: "return answers.mean(dim=1), answers.std(dim=1, correction=0)"},
    ),
    wrong(
        "mc_dropout_predict",
        "one_number_for_all",
        hint="Mean and std are single numbers: each output of each image has a mean and a std of its own.",
        edits={MEAN_AND_STD: "return answers.mean(), answers.std(correction=0)"},
    ),
    wrong(
        "mc_dropout_predict",
        "variance_instead_of_std",
        hint="The second result is the variance: its root is asked for, which is in the unit of the outputs.",
        edits={MEAN_AND_STD: "return answers.mean(dim=0), answers.var(dim=0, correction=0)"},
    ),
    wrong(
        "mc_dropout_predict",
        "divided_by_one_less",
        hint="Your std divides by samples - 1 (PyTorch's default). The contract divides by samples, which gives zero "
        "and not nan for a single one.",
        edits={MEAN_AND_STD: "return answers.mean(dim=0), answers.std(dim=0)"},
    ),
    wrong(
        "mc_dropout_predict",
        "std_of_the_mean",
        hint="Your std is divided by the root of the number of samples: that is how sure the mean is. Asked for is how "
        "far the answers lie apart.",
        edits={MEAN_AND_STD: "return answers.mean(dim=0), answers.std(dim=0, correction=0) / samples**0.5"},
    ),
    wrong(
        "mc_dropout_predict",
        "dropout_of_units_alone",
        hint="A Dropout2d layer stays off: dropout of channels is dropout too.",
        edits={'if "Dropout" in type(module).__name__:': "if type(module) in (nn.Dropout, Dropout):"},
    ),
    wrong(
        "mc_dropout_predict",
        "children_alone",
        hint="A dropout layer inside a block stays off: you look at the model's own layers, and not at those that lie "
        "deeper. Which method of nn.Module walks through all of them?",
        edits={"    for module in model.modules():\n        if": "    for module in model.children():\n        if"},
    ),
]

DROP_PATH_DRAW = "kept = torch.rand(mask_shape, device=x.device, generator=generator) >= p\n"
DROP_PATH_SHAPE = "mask_shape = x.shape[:1] + (1,) * (x.ndim - 1)  # one coin for each sample\n"

DROP_PATH = [
    wrong(
        "drop_path",
        "keep_and_drop_swapped",
        hint="Your `p` is the probability to KEEP a sample's branch (with the scale to match); here it is the "
        "probability to DROP it.",
        edits={DROP_PATH_DRAW: DROP_PATH_DRAW.replace(">=", "<"), SCALE: "scale = 1 / p if p > 0 else 0.0"},
    ),
    wrong(
        "drop_path",
        "mask_swapped",
        hint="Your mask keeps a sample with probability p, which is the probability to DROP it; the scale already goes "
        "with that.",
        edits={DROP_PATH_DRAW: DROP_PATH_DRAW.replace(">=", "<")},
    ),
    wrong(
        "drop_path",
        "never_scaled",
        hint="What is kept comes out as it went in. In training it must count more, to make up for the times when it "
        "is not there.",
        edits={SCALE: "scale = 1.0"},
    ),
    wrong(
        "drop_path",
        "divided_by_p",
        hint="What is kept is divided by the probability to drop it: how often is a sample's branch there?",
        edits={SCALE: "scale = 1 / p if p > 0 else 1.0"},
    ),
    wrong(
        "drop_path",
        "as_in_the_paper",
        hint="This is the paper's first form: nothing scaled in training, everything scaled by 1 - p afterwards. The "
        "contract scales in training, so that x comes back otherwise.",
        edits={SCALE: "scale = 1.0", "        return x\n": "        return x * (1 - p)\n"},
    ),
    wrong(
        "drop_path",
        "scaled_outside_of_training_too",
        hint="When training is False x comes back as it is: the scaling was done in training.",
        edits={"        return x\n": "        return x * (1 - p)\n"},
    ),
    wrong(
        "drop_path",
        "training_ignored",
        hint="Samples are dropped also when training is False.",
        edits={"    if not training:\n        return x\n": ""},
    ),
    wrong(
        "drop_path",
        "training_swapped",
        hint="Nothing is dropped in training, and something when training is False: is it asked the right way round?",
        edits={"    if not training:\n": "    if training:\n"},
    ),
    wrong(
        "drop_path",
        "never_drops",
        hint="x comes back as it is in training too: the coins never reach the result.",
        edits={"return x * kept * scale": "return x"},
    ),
    wrong(
        "drop_path",
        "units_instead_of_samples",
        hint="Single values are dropped: that is dropout. A path is dropped as a whole: one coin for each sample.",
        edits={DROP_PATH_SHAPE: "mask_shape = x.shape\n"},
    ),
    wrong(
        "drop_path",
        "channels_instead_of_samples",
        hint="Each channel (each feature) has a coin of its own. A sample's branch is there with all of them, or not "
        "at all.",
        edits={DROP_PATH_SHAPE: "mask_shape = x.shape[:2] + (1,) * (x.ndim - 2)\n"},
    ),
    wrong(
        "drop_path",
        "one_coin_for_the_batch",
        hint="The whole batch is dropped or kept at once: each sample has a coin of its own.",
        edits={DROP_PATH_SHAPE: "mask_shape = (1,) * x.ndim\n"},
    ),
    wrong(
        "drop_path",
        "axes_of_images_assumed",
        hint="The mask has the shape (N, 1, 1, 1), which fits images alone. For x of two axes it is broadcast to "
        "something else: make the number of ones from x.ndim.",
        edits={DROP_PATH_SHAPE: "mask_shape = (len(x), 1, 1, 1)\n"},
    ),
    wrong(
        "drop_path",
        "generator_ignored",
        hint="The generator that was given makes no difference: pass it on to the function that draws.",
        edits={DROP_PATH_DRAW: DROP_PATH_DRAW.replace(", generator=generator", "")},
    ),
    wrong(
        "drop_path",
        "reseeds_the_global_generator",
        hint="torch.manual_seed starts the generator again that the whole program draws from. Draw from the one that "
        "was given, and seed nothing.",
        edits={
            DROP_PATH_DRAW: "if generator is not None:\n        torch.manual_seed(generator.initial_seed())\n"
            "    " + DROP_PATH_DRAW.replace(", generator=generator", "")
        },
    ),
    wrong(
        "drop_path",
        "divides_by_zero_at_p_one",
        hint="With p = 1 your scale divides by zero. Everything is dropped there.",
        edits={SCALE: "scale = 1 / torch.tensor(1 - p, dtype=x.dtype)"},
    ),
    wrong(
        "drop_path",
        "zero_division_at_p_one",
        hint="p = 1 is allowed and makes everything zero; your scale raises a ZeroDivisionError.",
        edits={SCALE: "scale = 1 / (1 - p)"},
    ),
    wrong(
        "drop_path",
        "writes_into_x",
        hint="The tensor that was passed in is changed; the shortcut of the block may still need it. Make a new one.",
        edits={"return x * kept * scale": "return x.mul_(kept).mul_(scale)"},
    ),
    wrong(
        "drop_path",
        "always_double",
        hint="The result is float64 whatever x is: let the mask take the dtype of x.",
        edits={"return x * kept * scale": "return x * kept.double() * scale"},
    ),
]

PENALTIES = [
    wrong(
        "l1_penalty",
        "l1_without_absolute_value",
        hint="Your L1 penalty adds the weights with their signs, so that they cancel: it is their sizes that cost.",
        edits={"penalty = strength * np.abs(w).sum()": "penalty = strength * w.sum()"},
    ),
    wrong(
        "l1_penalty",
        "l1_gradient_is_the_strength",
        hint="Your L1 gradient is the strength alone, for negative weights too: it would push them further away from "
        "zero.",
        edits={"dw = strength * np.sign(w)": "dw = strength * np.ones_like(w)"},
    ),
    wrong(
        "l1_penalty",
        "l1_gradient_of_l2",
        hint="Your L1 gradient grows with the weights. The slope of |w| is the same everywhere on one side of zero: "
        "that is what makes weights exactly zero.",
        edits={"dw = strength * np.sign(w)": "dw = strength * w"},
    ),
    wrong(
        "l1_penalty",
        "l1_gradient_absolute",
        hint="Your L1 gradient is |w|, which is the penalty and not its slope.",
        edits={"dw = strength * np.sign(w)": "dw = strength * np.abs(w)"},
    ),
    wrong(
        "l1_penalty",
        "l1_gradient_at_zero",
        hint="Where a weight is zero, your L1 gradient is not: |w| has a kink there, and the contract takes 0, so that "
        "a zero stays zero.",
        edits={"dw = strength * np.sign(w)": "dw = strength * np.where(w >= 0, 1.0, -1.0)"},
    ),
    wrong(
        "l1_penalty",
        "l1_nan_at_zero",
        hint="w / |w| is nan where a weight is zero.",
        edits={"dw = strength * np.sign(w)": "dw = strength * w / np.abs(w)"},
    ),
    wrong(
        "l1_penalty",
        "l1_strength_left_out_of_the_gradient",
        hint="The gradient of L1 does not know the strength: it multiplies the whole penalty.",
        edits={"dw = strength * np.sign(w)": "dw = np.sign(w)"},
    ),
    wrong(
        "l1_penalty",
        "l1_halved",
        hint="Your L1 penalty has a half in it. That belongs to L2, where it takes away the 2 of the derivative.",
        edits={"penalty = strength * np.abs(w).sum()": "penalty = strength / 2 * np.abs(w).sum()"},
    ),
    wrong(
        "l1_penalty",
        "l1_mean",
        hint="Your L1 penalty is a mean over the weights, the contract's is their sum.",
        edits={"penalty = strength * np.abs(w).sum()": "penalty = strength * np.abs(w).mean()"},
    ),
    wrong(
        "l1_penalty",
        "l2_without_the_half",
        hint="Your L2 penalty is twice as large as the contract's: strength / 2 times the sum of squares, so that the "
        "gradient is strength * w.",
        edits={"penalty = strength / 2 * np.sum(w**2)": "penalty = strength * np.sum(w**2)"},
    ),
    wrong(
        "l1_penalty",
        "l2_without_the_half_in_both",
        hint="Both your L2 penalty and its gradient are twice the contract's. With the half, strength is what "
        "PyTorch's SGD calls weight_decay.",
        edits={
            "penalty = strength / 2 * np.sum(w**2)": "penalty = strength * np.sum(w**2)",
            "dw = strength * w": "dw = 2 * strength * w",
        },
    ),
    wrong(
        "l1_penalty",
        "l2_gradient_doubled",
        hint="Your L2 gradient is twice too large: what becomes of the half when w**2 is differentiated?",
        edits={"dw = strength * w": "dw = 2 * strength * w"},
    ),
    wrong(
        "l1_penalty",
        "l2_gradient_halved",
        hint="Your L2 gradient still has the half in it: what does the derivative of w**2 make of it?",
        edits={"dw = strength * w": "dw = strength / 2 * w"},
    ),
    wrong(
        "l1_penalty",
        "l2_root",
        hint="You take the root of the sum of squares: that is the length of w. L2 regularisation uses its square.",
        edits={"penalty = strength / 2 * np.sum(w**2)": "penalty = strength / 2 * np.sqrt(np.sum(w**2))"},
    ),
    wrong(
        "l1_penalty",
        "l2_mean",
        hint="Your L2 penalty is a mean over the weights, the contract's is their sum.",
        edits={"penalty = strength / 2 * np.sum(w**2)": "penalty = strength / 2 * np.mean(w**2)"},
    ),
    wrong(
        "l1_penalty",
        "elastic_strengths_exchanged",
        hint="The two strengths of the elastic penalty are exchanged: the first is that of L1.",
        edits={
            "l1, dl1 = l1_penalty(w, l1_strength)": "l1, dl1 = l1_penalty(w, l2_strength)",
            "l2, dl2 = l2_penalty(w, l2_strength)": "l2, dl2 = l2_penalty(w, l1_strength)",
        },
    ),
    wrong(
        "l1_penalty",
        "elastic_gradient_of_l1_alone",
        hint="The gradient of the elastic penalty is that of one of its parts alone.",
        edits={"return l1 + l2, dl1 + dl2": "return l1 + l2, dl1"},
    ),
    wrong(
        "l1_penalty",
        "elastic_as_the_notes",
        hint="Your elastic penalty has a strength times (l2 strength * w**2 + |w|), as in the notes: a product of the "
        "two. In the contract each part has a strength of its own.",
        edits={"return l1 + l2, dl1 + dl2": "return l1 + l1_strength * l2, dl1 + l1_strength * dl2"},
    ),
    wrong(
        "l1_penalty",
        "penalty_by_rows",
        hint="Your L2 penalty is one number for each row: it is to be a single number for all weights.",
        edits={"penalty = strength / 2 * np.sum(w**2)": "penalty = strength / 2 * np.sum(w**2, axis=0)"},
    ),
    wrong(
        "l1_penalty",
        "writes_into_w",
        hint="The weights are changed by asking what they cost: the gradient belongs in a new array.",
        edits={"dw = strength * w": "w *= strength\n    dw = w"},
    ),
]

DECAY = "learning_rate * weight_decay * w"
UPDATE = f"    decay = {DECAY}\n    next_w = w - step - decay"
SGD = "step = learning_rate * dw\n" + UPDATE
ADAM = "epsilon)\n" + UPDATE
IN_PLACE = UPDATE.replace("next_w = w - step - decay", "w -= step + decay\n    next_w = w")
BETAS = 'beta1, beta2 = config.get("beta1", 0.9), config.get("beta2", 0.999)'
RUNNING_M = 'm = beta1 * config.get("m", np.zeros_like(w)) + (1 - beta1) * dw'

STEPS = [
    wrong(
        "sgd_step",
        "sgd_uphill",
        hint="Your SGD step goes up the slope: look at the sign.",
        edits={"step = learning_rate * dw": "step = -learning_rate * dw"},
    ),
    wrong(
        "sgd_step",
        "sgd_decay_ignored",
        hint="SGD: weight_decay makes no difference to your step.",
        edits={SGD: SGD.replace(DECAY, "0.0")},
    ),
    wrong(
        "sgd_step",
        "sgd_decay_without_the_learning_rate",
        hint="SGD: the decay is not multiplied by the learning rate. As the gradient of an L2 penalty it goes the same "
        "way as any gradient.",
        edits={SGD: SGD.replace(DECAY, "weight_decay * w")},
    ),
    wrong(
        "sgd_step",
        "sgd_decay_doubled",
        hint="SGD: the decay is twice too strong. The gradient of strength / 2 * w**2 is strength * w.",
        edits={SGD: SGD.replace(DECAY, f"2 * {DECAY}")},
    ),
    wrong(
        "sgd_step",
        "sgd_decay_grows",
        hint="SGD: the decay makes the weights larger, not smaller: look at its sign.",
        edits={SGD: SGD.replace("- decay", "+ decay")},
    ),
    wrong(
        "sgd_step",
        "sgd_decay_is_l1",
        hint="SGD: every weight decays by the same amount. L2 decay takes a share of each.",
        edits={SGD: SGD.replace(DECAY, "learning_rate * weight_decay * np.sign(w)")},
    ),
    wrong(
        "sgd_step",
        "sgd_decay_of_the_new_weights",
        hint="SGD: the decay is taken of the weights after the step. Both parts look at the weights as they were.",
        edits={SGD: SGD.replace(DECAY, "learning_rate * weight_decay * (w - step)")},
    ),
    wrong(
        "sgd_step",
        "sgd_other_default",
        hint="SGD: with an empty config the learning rate is not 0.01.",
        edits={'config.get("learning_rate", 1e-2)': 'config.get("learning_rate", 1e-3)'},
    ),
    wrong(
        "sgd_step",
        "sgd_settings_required",
        hint="SGD: a setting that is not in config has a default; you look it up as if it had to be there.",
        edits={'config.get("learning_rate", 1e-2)': 'config["learning_rate"]'},
    ),
    wrong(
        "sgd_step",
        "sgd_in_place",
        hint="sgd_step changes the w that was given; the result is to be a new array.",
        edits={SGD: SGD.replace(UPDATE, IN_PLACE)},
    ),
    wrong(
        "sgd_step",
        "adam_with_l2",
        hint="AdamW: the decay is in the gradient, so that it goes through m and v and is divided by the size of the "
        "gradients. That is Adam with an L2 penalty; AdamW decays all weights alike, beside m and v.",
        edits={"    m = beta1 *": "    dw = dw + weight_decay * w\n    m = beta1 *", ADAM: ADAM.replace(DECAY, "0.0")},
    ),
    wrong(
        "sgd_step",
        "adamw_decays_twice",
        hint="AdamW: the decay is there twice, in the gradient and in the update. The update alone is its place.",
        edits={"    m = beta1 *": "    dw = dw + weight_decay * w\n    m = beta1 *"},
    ),
    wrong(
        "sgd_step",
        "adamw_decay_ignored",
        hint="AdamW: weight_decay makes no difference to your step.",
        edits={ADAM: ADAM.replace(DECAY, "0.0")},
    ),
    wrong(
        "sgd_step",
        "adamw_decay_without_the_learning_rate",
        hint="AdamW: the decay is not multiplied by the learning rate.",
        edits={ADAM: ADAM.replace(DECAY, "weight_decay * w")},
    ),
    wrong(
        "sgd_step",
        "adamw_decay_of_the_new_weights",
        hint="AdamW: the decay is taken of the weights after Adam's step. It is to be taken of those before.",
        edits={ADAM: ADAM.replace(DECAY, "learning_rate * weight_decay * (w - step)")},
    ),
    wrong(
        "sgd_step",
        "adamw_decay_inside_the_step",
        hint="AdamW: the decay is divided by the size of the gradients, as Adam's step is. It stands beside the step, "
        "not in it.",
        edits={ADAM: ADAM.replace(DECAY, f"{DECAY} / (np.sqrt(v_hat) + epsilon)")},
    ),
    wrong(
        "sgd_step",
        "adam_bias_not_corrected",
        hint="AdamW: m and v start at zero and are too small in the first steps; neither is corrected for that.",
        edits={"m_hat = m / (1 - beta1**t)": "m_hat = m", "v_hat = v / (1 - beta2**t)": "v_hat = v"},
    ),
    wrong(
        "sgd_step",
        "adam_bias_of_v_not_corrected",
        hint="AdamW: m is corrected for its start at zero, v is not.",
        edits={"v_hat = v / (1 - beta2**t)": "v_hat = v"},
    ),
    wrong(
        "sgd_step",
        "adam_bias_of_m_not_corrected",
        hint="AdamW: v is corrected for its start at zero, m is not.",
        edits={"m_hat = m / (1 - beta1**t)": "m_hat = m"},
    ),
    wrong(
        "sgd_step",
        "adam_steps_counted_from_zero",
        hint="AdamW: in the first step the correction divides by zero: the first step is t = 1.",
        edits={'t = config.get("t", 0) + 1': 't = config.get("t", 0)', '"t": t}': '"t": t + 1}'},
    ),
    wrong(
        "sgd_step",
        "adam_steps_not_counted",
        hint="AdamW: every step is corrected as if it were the first: the config that you return does not hold how "
        "many there were.",
        edits={'"v": v, "t": t}': '"v": v}'},
    ),
    wrong(
        "sgd_step",
        "adam_remembers_nothing",
        hint="AdamW: each step starts with m and v of zero: they must be in the config that you return.",
        edits={'next_config = {**config, "m": m, "v": v, "t": t}': "next_config = dict(config)"},
    ),
    wrong(
        "sgd_step",
        "adam_keeps_the_corrected",
        hint="AdamW: the corrected m and v are kept for the next step. The correction is for this step's update alone; "
        "what is remembered is the running mean itself.",
        edits={'"m": m, "v": v,': '"m": m_hat, "v": v_hat,'},
    ),
    wrong(
        "sgd_step",
        "adam_betas_exchanged",
        hint="AdamW: beta1 and beta2 are exchanged: the first is that of m, the running mean of the gradients.",
        edits={BETAS: BETAS.replace("beta1, beta2", "beta2, beta1")},
    ),
    wrong(
        "sgd_step",
        "adam_running_means_reversed",
        hint="AdamW: your running mean gives the new gradient the share beta1. That is the share of the old mean.",
        edits={RUNNING_M: 'm = (1 - beta1) * config.get("m", np.zeros_like(w)) + beta1 * dw'},
    ),
    wrong(
        "sgd_step",
        "adam_v_without_square",
        hint="AdamW: v is a running mean of |dw|, not of its square.",
        edits={"(1 - beta2) * dw**2": "(1 - beta2) * np.abs(dw)"},
    ),
    wrong(
        "sgd_step",
        "adam_without_root",
        hint="AdamW: the step is divided by v, not by its root.",
        edits={"(np.sqrt(v_hat) + epsilon)": "(v_hat + epsilon)"},
    ),
    wrong(
        "sgd_step",
        "adam_epsilon_inside_the_root",
        hint="AdamW: epsilon is added inside the root. It is to be added to the root.",
        edits={"(np.sqrt(v_hat) + epsilon)": "np.sqrt(v_hat + epsilon)"},
    ),
    wrong(
        "sgd_step",
        "adam_epsilon_ignored",
        hint="AdamW: epsilon is not taken from config (or not used at all).",
        edits={'epsilon = config.get("epsilon", 1e-8)': "epsilon = 1e-8"},
    ),
    wrong(
        "sgd_step",
        "adamw_default_decay",
        hint="AdamW: with an empty config your decay is 0; the default is 0.01, as in PyTorch.",
        edits={'config.get("weight_decay", 1e-2)': 'config.get("weight_decay", 0.0)'},
    ),
    wrong(
        "sgd_step",
        "adam_in_place",
        hint="adamw_step changes the w that was given; the result is to be a new array.",
        edits={ADAM: ADAM.replace(UPDATE, IN_PLACE)},
    ),
]

SMOOTH = "return (1 - eps) * one_hot + eps / num_classes"

SMOOTHING = [
    wrong(
        "label_smoothing",
        "not_smoothed",
        hint="eps makes no difference: your rows are one-hot.",
        edits={SMOOTH: "return one_hot"},
    ),
    wrong(
        "label_smoothing",
        "eps_not_shared",
        hint="Every class gets the whole of eps, so that a row sums to more than one: it is shared by all classes.",
        edits={SMOOTH: "return (1 - eps) * one_hot + eps"},
    ),
    wrong(
        "label_smoothing",
        "label_not_lowered",
        hint="What is given to the other classes is not taken from the label: a row sums to 1 + eps.",
        edits={SMOOTH: "return one_hot + eps / num_classes"},
    ),
    wrong(
        "label_smoothing",
        "shared_by_the_others",
        hint="You share eps among the other classes alone. In the contract, as in PyTorch, all classes get a share of "
        "it, the label too.",
        edits={SMOOTH: "return (1 - eps) * one_hot + eps * (1 - one_hot) / (num_classes - 1)"},
    ),
    wrong(
        "label_smoothing",
        "divided_by_one_less",
        hint="eps is divided by the number of classes minus one, and every class gets that: a row sums to more than "
        "one.",
        edits={SMOOTH: "return (1 - eps) * one_hot + eps / (num_classes - 1)"},
    ),
    wrong(
        "label_smoothing",
        "label_gets_no_share",
        hint="The label has 1 - eps alone, without its share of eps: a row sums to less than one.",
        edits={SMOOTH: "return np.where(one_hot == 1, 1 - eps, eps / num_classes)"},
    ),
    wrong(
        "label_smoothing",
        "eps_reversed",
        hint="Your eps is what the label keeps; it is to be what is spread.",
        edits={SMOOTH: "return eps * one_hot + (1 - eps) / num_classes"},
    ),
    wrong(
        "label_smoothing",
        "classes_counted_from_the_labels",
        hint="The number of classes is read off the labels: the classes that are not among them are missing.",
        edits={
            "one_hot = np.eye(num_classes)[labels]": "num_classes = labels.max() + 1\n"
            "    one_hot = np.eye(num_classes)[labels]"
        },
    ),
    wrong(
        "label_smoothing",
        "shared_by_the_batch",
        hint="eps is divided by the number of images, not of classes.",
        edits={SMOOTH: "return (1 - eps) * one_hot + eps / len(labels)"},
    ),
    wrong(
        "label_smoothing",
        "transposed",
        hint="Your result has one column for each image: it is to have one row.",
        edits={SMOOTH: "return ((1 - eps) * one_hot + eps / num_classes).T"},
    ),
    wrong(
        "label_smoothing",
        "labels_from_one",
        hint="Your labels are counted from 1; the contract's are from 0 to num_classes - 1.",
        edits={"np.eye(num_classes)[labels]": "np.eye(num_classes)[labels - 1]"},
    ),
    wrong(
        "label_smoothing",
        "writes_into_labels",
        hint="The labels that were given are changed.",
        edits={"one_hot = np.eye(num_classes)[labels]": "one_hot = np.eye(num_classes)[labels]\n    labels[:] = 0"},
    ),
]

HOLE = "image[:, rows, columns] = 0.0"
ROWS = "rows = slice(max(top, 0), top + size)"
COLUMNS = "columns = slice(max(left, 0), left + size)"
CUT_TOP = "top = rng.integers(height) - size // 2"
CUT_LEFT = "left = rng.integers(width) - size // 2"
MIXUP_IMAGES = "mixed_images = share * images + (1 - share) * images[order]"
MIXUP_LABELS = "mixed_labels = share * labels + (1 - share) * labels[order]"
PASTED = "pasted = (bottom - top) * (right - left) / (height * width)"
PASTE = "mixed_images[:, :, top:bottom, left:right] = images[order, :, top:bottom, left:right]"
CUTMIX_LABELS = "mixed_labels = (1 - pasted) * labels + pasted * labels[order]"
BOX_HEIGHT, BOX_WIDTH = "box_height = int(height * np.sqrt(1 - share))", "box_width = int(width * np.sqrt(1 - share))"
BOX_TOP, BOX_LEFT = "top = rng.integers(height) - box_height // 2", "left = rng.integers(width) - box_width // 2"
IN_MIXUP = "    order = rng.permutation(len(images))\n    mixed_images"
SHARE_IN_MIXUP = "    share = rng.beta(alpha, alpha)\n" + IN_MIXUP
SHARE_IN_CUTMIX = "    share = rng.beta(alpha, alpha)\n    order = rng.permutation(len(images))\n    box_height"

MIXING = [
    wrong(
        "cutout",
        "cutout_always_inside",
        hint="cutout: your holes always lie inside the image. Any pixel may be the centre, and what lies outside is "
        "cut off: so pixels at the border are hidden too.",
        edits={
            CUT_TOP: "top = rng.integers(height - size + 1) if height > size else 0",
            CUT_LEFT: "left = rng.integers(width - size + 1) if width > size else 0",
        },
    ),
    wrong(
        "cutout",
        "cutout_from_the_corner",
        hint="cutout: the pixel that is drawn is the corner of your hole; it is to be its centre.",
        edits={CUT_TOP: "top = rng.integers(height)", CUT_LEFT: "left = rng.integers(width)"},
    ),
    wrong(
        "cutout",
        "cutout_wraps_around",
        hint="cutout: a start below zero counts from the other end in NumPy, so that a hole at the top or at the left "
        "is missing, or elsewhere.",
        edits={ROWS: "rows = slice(top, top + size)", COLUMNS: "columns = slice(left, left + size)"},
    ),
    wrong(
        "cutout",
        "cutout_one_hole_for_the_batch",
        hint="cutout: all images have their hole at the same place. Each draws its own.",
        edits={
            "    for image in out:\n        top = rng.integers(height) - size // 2\n"
            "        left = rng.integers(width) - size // 2\n": "    top = rng.integers(height) - size // 2\n"
            "    left = rng.integers(width) - size // 2\n    for image in out:\n"
        },
    ),
    wrong(
        "cutout",
        "cutout_one_channel",
        hint="cutout: the hole is in one channel alone. It is to hide the place, in all channels.",
        edits={HOLE: "image[0, rows, columns] = 0.0"},
    ),
    wrong(
        "cutout",
        "cutout_rows_and_columns_exchanged",
        hint="cutout: the centre's row is drawn below the width, its column below the height.",
        edits={CUT_TOP: CUT_TOP.replace("height", "width"), CUT_LEFT: CUT_LEFT.replace("width", "height")},
    ),
    wrong(
        "cutout",
        "cutout_too_large",
        hint="cutout: your holes are twice too large: size is the whole side, not the way from the centre.",
        edits={
            CUT_TOP: "top = rng.integers(height) - size",
            CUT_LEFT: "left = rng.integers(width) - size",
            ROWS: "rows = slice(max(top, 0), top + 2 * size)",
            COLUMNS: "columns = slice(max(left, 0), left + 2 * size)",
        },
    ),
    wrong(
        "cutout",
        "cutout_odd_sizes_too_small",
        hint="cutout: for an odd size your hole is one pixel too small: half of it, rounded down, on both sides of the "
        "centre leaves one out.",
        edits={
            ROWS: "rows = slice(max(top, 0), top + 2 * (size // 2))",
            COLUMNS: "columns = slice(max(left, 0), left + 2 * (size // 2))",
        },
    ),
    wrong(
        "cutout",
        "cutout_row_only",
        hint="cutout: your hole goes through whole rows.",
        edits={HOLE: "image[:, rows] = 0.0"},
    ),
    wrong(
        "cutout",
        "cutout_not_kept",
        hint="cutout: the images come back without a hole: is it cut into the array that you return, or into a copy?",
        edits={HOLE: "image = image.copy()\n        " + HOLE},
    ),
    wrong(
        "cutout",
        "cutout_noise",
        hint="cutout: the hole is not filled with zeros.",
        edits={HOLE: "image[:, rows, columns] = image.mean()"},
    ),
    wrong(
        "cutout",
        "cutout_in_place",
        hint="cutout: the holes are in the images that were given: the next epoch would see them too. Work on a copy.",
        edits={
            "    out = images.copy()\n    for image in out:\n        top": "    out = images\n    for image in out:\n"
            "        top"
        },
    ),
    wrong(
        "cutout",
        "mixup_labels_not_mixed",
        hint="mixup: the images are mixed, the labels are not. An image that is 60 % a cat is to be called so.",
        edits={MIXUP_LABELS: "mixed_labels = labels.copy()"},
    ),
    wrong(
        "cutout",
        "mixup_labels_with_the_other_share",
        hint="mixup: the labels are mixed with the shares exchanged.",
        edits={MIXUP_LABELS: "mixed_labels = (1 - share) * labels + share * labels[order]"},
    ),
    wrong(
        "cutout",
        "mixup_other_partners_for_labels",
        hint="mixup: images and labels have different partners: draw the order once, and use it for both.",
        edits={MIXUP_LABELS: "mixed_labels = share * labels + (1 - share) * labels[rng.permutation(len(images))]"},
    ),
    wrong(
        "cutout",
        "mixup_labels_half",
        hint="mixup: your labels are half and half, whatever the share of the images is.",
        edits={MIXUP_LABELS: "mixed_labels = (labels + labels[order]) / 2"},
    ),
    wrong(
        "cutout",
        "mixup_hard_labels",
        hint="mixup: you give the label of the larger share alone. Labels are mixed too.",
        edits={MIXUP_LABELS: "mixed_labels = labels.copy() if share >= 0.5 else labels[order]"},
    ),
    wrong(
        "cutout",
        "mixup_shares_do_not_sum_to_one",
        hint="mixup: the shares of an image do not sum to one.",
        edits={MIXUP_IMAGES: "mixed_images = images + (1 - share) * images[order]"},
    ),
    wrong(
        "cutout",
        "mixup_always_half",
        hint="mixup: the share is always 0.5; it is to be drawn from Beta(alpha, alpha).",
        edits={SHARE_IN_MIXUP: "    share = 0.5\n" + IN_MIXUP},
    ),
    wrong(
        "cutout",
        "mixup_alpha_ignored",
        hint="mixup: the share is uniform, whatever alpha is: it is to be drawn from Beta(alpha, alpha).",
        edits={SHARE_IN_MIXUP: "    share = rng.random()\n" + IN_MIXUP},
    ),
    wrong(
        "cutout",
        "mixup_share_for_each_image",
        hint="mixup: each image has a share of its own. The contract draws one for the whole batch.",
        edits={
            SHARE_IN_MIXUP: "    share = rng.beta(alpha, alpha, len(images))\n" + IN_MIXUP,
            MIXUP_IMAGES: "mixed_images = (images.T * share + images[order].T * (1 - share)).T",
            MIXUP_LABELS: "mixed_labels = (labels.T * share + labels[order].T * (1 - share)).T",
        },
    ),
    wrong(
        "cutout",
        "mixup_reversed_batch",
        hint="mixup: the partner is always the same image of the batch: the order is to be drawn anew in each call.",
        edits={IN_MIXUP: "    order = np.arange(len(images))[::-1]\n    mixed_images"},
    ),
    wrong(
        "cutout",
        "mixup_with_itself",
        hint="mixup: every image is mixed with itself: the order is never applied.",
        edits={
            MIXUP_IMAGES: "mixed_images = share * images + (1 - share) * images",
            MIXUP_LABELS: "mixed_labels = share * labels + (1 - share) * labels",
        },
    ),
    wrong(
        "cutout",
        "mixup_in_place",
        hint="mixup: the images that were given are changed.",
        edits={
            MIXUP_IMAGES: "mixed_images = (1 - share) * images[order]\n    images *= share\n    mixed_images += images"
        },
    ),
    wrong(
        "cutout",
        "cutmix_drawn_area",
        hint="cutmix: the labels are mixed by the share that was drawn. Where the rectangle is cut off at the border, "
        "less was pasted: count what really was.",
        edits={PASTED: "pasted = 1 - share"},
    ),
    wrong(
        "cutout",
        "cutmix_labels_not_mixed",
        hint="cutmix: the labels stay as they are, though part of each image is another one's.",
        edits={CUTMIX_LABELS: "mixed_labels = labels.copy()"},
    ),
    wrong(
        "cutout",
        "cutmix_labels_exchanged",
        hint="cutmix: the labels are mixed with the shares exchanged: what was pasted is the partner's.",
        edits={CUTMIX_LABELS: "mixed_labels = pasted * labels + (1 - pasted) * labels[order]"},
    ),
    wrong(
        "cutout",
        "cutmix_other_partners_for_labels",
        hint="cutmix: images and labels have different partners: draw the order once, and use it for both.",
        edits={CUTMIX_LABELS: CUTMIX_LABELS.replace("labels[order]", "labels[rng.permutation(len(images))]")},
    ),
    wrong(
        "cutout",
        "cutmix_sides_without_root",
        hint="cutmix: the sides are multiplied by 1 - share, so the area by its square. Which factor on each side "
        "gives an area of 1 - share?",
        edits={BOX_HEIGHT: "box_height = int(height * (1 - share))", BOX_WIDTH: "box_width = int(width * (1 - share))"},
    ),
    wrong(
        "cutout",
        "cutmix_always_inside",
        hint="cutmix: your rectangle always lies inside the image. Its centre may be any pixel; what lies outside is "
        "cut off.",
        edits={
            BOX_TOP: "top = rng.integers(height - box_height + 1)",
            BOX_LEFT: "left = rng.integers(width - box_width + 1)",
        },
    ),
    wrong(
        "cutout",
        "cutmix_from_the_corner",
        hint="cutmix: the pixel that is drawn is the corner of your rectangle; it is to be its centre.",
        edits={BOX_TOP: "top = rng.integers(height)", BOX_LEFT: "left = rng.integers(width)"},
    ),
    wrong(
        "cutout",
        "cutmix_square",
        hint="cutmix: your rectangle is a square, whatever the image is: it is to have the image's shape.",
        edits={BOX_WIDTH: "box_width = box_height"},
    ),
    wrong(
        "cutout",
        "cutmix_height_and_width_exchanged",
        hint="cutmix: height and width are exchanged in the rectangle.",
        edits={
            BOX_HEIGHT: BOX_HEIGHT.replace("int(height", "int(width"),
            BOX_WIDTH: BOX_WIDTH.replace("int(width", "int(height"),
        },
    ),
    wrong(
        "cutout",
        "cutmix_alpha_ignored",
        hint="cutmix: the share is uniform, whatever alpha is: it is to be drawn from Beta(alpha, alpha).",
        edits={SHARE_IN_CUTMIX: SHARE_IN_CUTMIX.replace("rng.beta(alpha, alpha)", "rng.random()")},
    ),
    wrong(
        "cutout",
        "cutmix_with_itself",
        hint="cutmix: each image gets a rectangle of its own, so that nothing changes: the order is never applied.",
        edits={PASTE: PASTE.replace("images[order, :,", "images[:, :,")},
    ),
    wrong(
        "cutout",
        "cutmix_averages",
        hint="cutmix: inside of the rectangle the two images are averaged. They are not mixed there: the partner's "
        "pixels replace the image's own.",
        edits={
            PASTE: "mixed_images[:, :, top:bottom, left:right] += images[order, :, top:bottom, left:right]\n"
            "    mixed_images[:, :, top:bottom, left:right] /= 2"
        },
    ),
    wrong(
        "cutout",
        "cutmix_pasted_elsewhere",
        hint="cutmix: the rectangle is taken from the partner's top left corner. It is to be taken from the place "
        "where it is pasted.",
        edits={PASTE: "mixed_images[:, :, top:bottom, left:right] = images[order, :, : bottom - top, : right - left]"},
    ),
    wrong(
        "cutout",
        "cutmix_in_place",
        hint="cutmix: the images that were given are changed; some partners then hold parts of others already.",
        edits={"mixed_images = images.copy()": "mixed_images = images"},
    ),
    wrong(
        "cutout",
        "rng_ignored",
        hint="cutmix: the same generator state gives different results: draw from the rng that is passed in, and from "
        "no other.",
        edits={SHARE_IN_CUTMIX: "    rng = np.random.default_rng()\n" + SHARE_IN_CUTMIX},
    ),
    wrong(
        "cutout",
        "reseeds_the_global_generator",
        hint="cutmix: np.random.seed starts the generator again that everybody else draws from. Use the rng that is "
        "passed in.",
        edits={SHARE_IN_CUTMIX: "    np.random.seed(rng.integers(1 << 30))\n" + SHARE_IN_CUTMIX},
    ),
    wrong(
        "cutout",
        "mixup_global_generator",
        hint="mixup: np.random.seed starts the generator again that everybody else draws from. Use the rng that is "
        "passed in.",
        edits={SHARE_IN_MIXUP: "    np.random.seed(rng.integers(1 << 30))\n" + SHARE_IN_MIXUP},
    ),
]

BETTER = "if loss < self.best_loss - self.min_delta:"
SAVED = "self.best_state = {name: value.clone() for name, value in model.state_dict().items()}"
STOP = "return self.num_bad >= self.patience"

STOPPING = [
    wrong(
        "EarlyStopping",
        "state_not_copied",
        hint="After restore the model is in its last state, not in its best. Is it kept only when the loss is better? "
        "Then look at what is kept: state_dict() gives the very tensors that training goes on to change, and a "
        "copy of the dict holds them too.",
        edits={SAVED: "self.best_state = model.state_dict()"},
    ),
    wrong(
        "EarlyStopping",
        "parameters_alone",
        hint="Buffers, such as batch norm's running statistics, are not restored: keep the whole state_dict, not only "
        "the parameters.",
        edits={
            SAVED: "self.best_state = {name: value.detach().clone() for name, value in model.named_parameters()}",
            "model.load_state_dict(self.best_state)": "model.load_state_dict(self.best_state, strict=False)",
        },
    ),
    wrong(
        "EarlyStopping",
        "higher_is_better",
        hint="You take higher values for better. It is a loss that is watched: lower is better.",
        edits={
            BETTER: "if loss > self.best_loss + self.min_delta:",
            'self.best_loss = float("inf")': 'self.best_loss = float("-inf")',
        },
    ),
    wrong(
        "EarlyStopping",
        "count_not_reset",
        hint="A better epoch does not start the count again: `patience` epochs IN A ROW without a better one end the "
        "training.",
        edits={"            self.num_bad = 0\n": ""},
    ),
    wrong(
        "EarlyStopping",
        "compared_with_the_last",
        hint="Each loss is compared with the one before it, not with the best: a slow recovery from a jump counts as "
        "progress.",
        edits={"            self.num_bad += 1\n": "            self.num_bad += 1\n            self.best_loss = loss\n"},
    ),
    wrong(
        "EarlyStopping",
        "equal_is_better",
        hint="An equal loss counts as better, so that training on a plateau never ends.",
        edits={BETTER: BETTER.replace("<", "<=")},
    ),
    wrong(
        "EarlyStopping",
        "stops_one_late",
        hint="You stop one epoch too late: `patience` epochs without a better one are enough.",
        edits={STOP: "return self.num_bad > self.patience"},
    ),
    wrong(
        "EarlyStopping",
        "stops_one_early",
        hint="You stop one epoch too early: count the epochs without a better one in [1, 2, 3] by hand.",
        edits={STOP: "return self.num_bad >= max(self.patience - 1, 1)"},
    ),
    wrong(
        "EarlyStopping",
        "patience_ignored",
        hint="The first epoch that is no better ends the training, whatever patience is.",
        edits={STOP: "return self.num_bad > 0"},
    ),
    wrong(
        "EarlyStopping",
        "never_stops",
        hint="update never says stop: is its last line returning anything?",
        edits={STOP: "return False"},
    ),
    wrong(
        "EarlyStopping",
        "answer_reversed",
        hint="update answers True as long as training goes on. It is to answer True when it is time to stop.",
        edits={STOP: "return self.num_bad < self.patience"},
    ),
    wrong(
        "EarlyStopping",
        "min_delta_ignored",
        hint="min_delta makes no difference: however little is won counts as better.",
        edits={BETTER: "if loss < self.best_loss:"},
    ),
    wrong(
        "EarlyStopping",
        "min_delta_added",
        hint="min_delta works the wrong way: a loss that is a little HIGHER than the best counts as better.",
        edits={BETTER: "if loss < self.best_loss + self.min_delta:"},
    ),
    wrong(
        "EarlyStopping",
        "min_delta_as_a_share",
        hint="You take min_delta for a share of the loss. It is in the unit of the loss itself.",
        edits={BETTER: "if loss < self.best_loss * (1 - self.min_delta):"},
    ),
    wrong(
        "EarlyStopping",
        "best_moves_without_counting",
        hint="A loss that is lower by less than min_delta still becomes the best, so that small steps never add up to "
        "an improvement.",
        edits={
            "            self.num_bad += 1\n": "            self.num_bad += 1\n"
            "            self.best_loss = min(loss, self.best_loss)\n"
        },
    ),
    wrong(
        "EarlyStopping",
        "nan_is_better",
        hint="A loss of nan counts as better: every comparison with nan is false, so ask whether the loss IS better, "
        "not whether it is worse.",
        edits={BETTER: "if not loss >= self.best_loss - self.min_delta:"},
    ),
    wrong(
        "EarlyStopping",
        "zero_is_nothing",
        hint="A best loss of 0 is taken for none at all: `if not best` is true for 0. Ask `is None`, or start at "
        "infinity.",
        edits={BETTER: "if not self.best_loss or loss < self.best_loss - self.min_delta:"},
    ),
    wrong(
        "EarlyStopping",
        "shared_by_all_objects",
        hint="Two objects share what they remember: it belongs to the class, or to a default that is made once. Set it "
        "in __init__, on self.",
        edits={
            'self.best_loss = float("inf")': "EarlyStopping.best_loss = vars(EarlyStopping).get('best_loss', np.inf)",
            "            self.best_loss = loss\n": "            EarlyStopping.best_loss = loss\n",
        },
    ),
]

WRONG = [
    *FORWARD,
    *BACKWARD,
    *VANILLA,
    *DROPOUT,
    *MONTE_CARLO,
    *PENALTIES,
    *STEPS,
    *SMOOTHING,
    *MIXING,
    *DROP_PATH,
    *STOPPING,
]
