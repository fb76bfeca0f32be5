import pytest
import torch

from autograder.checks import assert_equal, raises

pytestmark = pytest.mark.exercise("pattern")

CLASSIC = "INPUT -> [[CONV -> RELU]*N -> POOL?]*M -> [FC -> RELU]*K -> FC"


@pytest.fixture
def gives(student, twin_of, like_twin, images):
    """gives(layers, text, **sizes): the student's network has these layers, by value, outputs and gradients."""

    def check(layers, text, **sizes):
        twin, x = twin_of(*layers), images(2, *sizes["input"])
        size = tuple(twin(torch.tensor(x)).shape)
        like_twin(student.build("pattern", text, **sizes), twin, x, False, images(*size))

    return check


def convolution(channels, filters):
    return [["Conv2d", channels, filters, 3, {"padding": 1}], ["ReLU"]]


POOL = ["MaxPool2d", 2]


@pytest.mark.weight(3)
def test_classic_pattern(gives):
    """The pattern of the text with N = 2, M = 2, K = 1 on images of 3x8x12: four convolutions, two pools, two FC."""
    gives(
        [
            *[*convolution(3, 4), *convolution(4, 5), POOL],
            *[*convolution(5, 6), *convolution(6, 7), POOL],
            *[["Flatten"], ["Linear", 42, 9], ["ReLU"], ["Linear", 9, 8]],
        ],
        CLASSIC,
        input=(3, 8, 12), N=2, M=2, K=1, conv=[4, 5, 6, 7], fc=[9, 8],
    )  # fmt: skip


@pytest.mark.weight(1)
def test_larger_counts(gives):
    """N = 1, M = 3, K = 2 on images of 2x9x16."""
    gives(
        [
            *[*convolution(2, 3), POOL, *convolution(3, 4), POOL, *convolution(4, 5), POOL],
            *[["Flatten"], ["Linear", 10, 7], ["ReLU"], ["Linear", 7, 6], ["ReLU"], ["Linear", 6, 11]],
        ],
        CLASSIC,
        input=(2, 9, 16), N=1, M=3, K=2, conv=[3, 4, 5], fc=[7, 6, 11],
    )  # fmt: skip


@pytest.mark.weight(1)
def test_without_the_pools(gives):
    """pool=False leaves out what has a question mark: maps of 3x5 are flattened as they are."""
    gives(
        [*convolution(2, 3), *convolution(3, 4), ["Flatten"], ["Linear", 60, 7]],
        CLASSIC,
        input=(2, 3, 5), N=1, M=2, K=0, conv=[3, 4], fc=[7], pool=False,
    )  # fmt: skip


@pytest.mark.weight(0.5)
def test_question_mark_only_where_it_stands(gives):
    """With pool=False a POOL without a question mark stays."""
    gives(
        [*convolution(2, 3), POOL, *convolution(3, 4)],
        "INPUT -> CONV -> RELU -> POOL -> CONV -> RELU -> POOL?",
        input=(2, 6, 4), conv=[3, 4], pool=False,
    )  # fmt: skip


@pytest.mark.weight(0.5)
def test_numbers_as_counts(gives):
    """[...]*2 and [...]*12 are counts like letters."""
    gives(
        [*convolution(1, 2), *convolution(2, 3), ["Flatten"], *[["Linear", 18, 18] for _ in range(12)]],
        "INPUT -> [CONV -> RELU]*2 -> [FC]*12",
        input=(1, 2, 3), conv=[2, 3], fc=[18] * 12,
    )  # fmt: skip


@pytest.mark.weight(0.5)
def test_other_letters(gives):
    """Any letters may stand for counts: A = 2, B = 1."""
    gives(
        [*convolution(1, 2), *convolution(2, 3), POOL, ["Flatten"], ["Linear", 6, 4]],
        "INPUT -> [[CONV -> RELU]*A -> POOL]*B -> FC",
        input=(1, 2, 4), A=2, B=1, conv=[2, 3], fc=[4],
    )  # fmt: skip


@pytest.mark.weight(0.75)
def test_zero_times(gives):
    """A group that stands zero times is not there: N = 0 leaves pools alone, K = 0 one linear layer."""
    gives(
        [POOL, POOL, ["Flatten"], ["Linear", 12, 5]],
        CLASSIC,
        input=(2, 8, 12), N=0, M=2, K=0, conv=[], fc=[5],
    )  # fmt: skip


@pytest.mark.weight(0.5)
def test_no_groups(gives):
    """Words alone, without brackets, and no blanks between them."""
    gives(
        [*convolution(2, 3), ["Conv2d", 3, 4, 3, {"padding": 1}], POOL, ["Flatten"], ["Linear", 8, 5]],
        "INPUT->CONV->RELU->CONV->POOL->FC",
        input=(2, 2, 5), conv=[3, 4], fc=[5],
    )  # fmt: skip


@pytest.mark.weight(0.5)
def test_no_linear_layers(gives):
    """Without FC nothing is flattened: maps come out."""
    gives([*convolution(2, 3), POOL], "INPUT -> [CONV -> RELU -> POOL]*1", input=(2, 5, 7), conv=[3])


@pytest.mark.weight(0.5)
def test_no_convolutions(gives):
    """FC right behind INPUT: the image is flattened."""
    gives(
        [["Flatten"], ["Linear", 24, 5], ["ReLU"], ["Linear", 5, 3]],
        "INPUT -> [FC -> RELU]*K -> FC",
        input=(2, 3, 4), K=1, fc=[5, 3],
    )  # fmt: skip


@pytest.mark.weight(0.75)
def test_groups_in_groups_in_groups(gives):
    """Three levels of brackets, a group without a count, blanks around the star."""
    gives(
        [*convolution(1, 2), *convolution(2, 3), *convolution(3, 4), *convolution(4, 5), POOL, *convolution(5, 6)],
        "INPUT -> [[[CONV -> RELU] * 2] *N -> POOL?]*1 -> [CONV -> RELU]",
        input=(1, 4, 6), N=2, conv=[2, 3, 4, 5, 6],
    )  # fmt: skip


@pytest.mark.weight(0.75)
def test_odd_sizes_are_rounded_down(gives):
    """Maps of 7x5 are pooled to 3x2, and these to 1x1."""
    gives(
        [*convolution(1, 2), POOL, *convolution(2, 3), POOL, ["Flatten"], ["Linear", 3, 4]],
        "INPUT -> [CONV -> RELU -> POOL]*2 -> FC",
        input=(1, 7, 5), conv=[2, 3], fc=[4],
    )  # fmt: skip


@pytest.mark.weight(0.75)
def test_repeated_layers_have_weights_of_their_own(student):
    """[CONV -> RELU]*3 with 2 filters on 2 channels: three times 38 parameters."""
    model = student.build("pattern", "INPUT -> [CONV -> RELU]*3", input=(2, 5, 5), conv=[2, 2, 2])
    assert_equal(model.num_parameters(), 114, "the number of parameters")


@pytest.mark.weight(0.25)
def test_called_again(student, images):
    """The same pattern twice, other sizes in between: each network is made from its own sizes."""
    x = images(1, 2, 4, 4)
    shapes = []
    for filters in ([3, 4], [5, 6], [3, 4]):
        model = student.build("pattern", "INPUT -> [CONV -> RELU]*2", input=(2, 4, 4), conv=filters)
        shapes.append(model(x).shape[1])
    assert_equal(shapes, [4, 6, 4], "the numbers of maps that come out")


@pytest.mark.weight(0.25)
@pytest.mark.parametrize(
    ("text", "sizes"),
    [
        ("INPUT -> CONV -> TANH", {"conv": [3]}),
        ("INPUT -> [CONV -> RELU]*N", {"conv": [3]}),
        ("CONV -> RELU", {"conv": [3]}),
        ("INPUT -> [CONV -> RELU", {"conv": [3]}),
        ("INPUT -> CONV -> RELU]*2", {"conv": [3, 4]}),
        ("INPUT -> [CONV -> RELU]*2", {"conv": [3]}),
        ("INPUT -> [CONV -> RELU]*2", {"conv": [3, 4, 5]}),
        ("INPUT -> FC -> FC", {"fc": [3, 4, 5]}),
    ],
    ids=[
        *("unknown word", "letter without a number", "no INPUT", "bracket not closed", "bracket not opened"),
        *("too few filters", "too many filters", "too many outputs"),
    ],
)
def test_what_makes_no_sense(student, text, sizes):
    """A pattern that cannot be read, or sizes that do not fit it, raise ValueError."""
    student.build("pattern", "INPUT -> CONV", input=(2, 4, 6), conv=[3]).shapes()
    with raises("ValueError"):
        student.pattern(text, input=(2, 4, 6), **sizes)
