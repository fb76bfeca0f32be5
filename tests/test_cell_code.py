"""Code is read, never run, and no code makes the reader fail."""

import pytest

from autograder.cell_code import defined_names, forbidden_names, names_used, parse, with_lenient_imports

TORCH = ("torch", "functional", "conv2d")


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("class BatchNorm2d(nn.BatchNorm2d): pass", True),
        ("import torch\nlayer = torch.nn.BatchNorm2d(3)", True),
        ("from torch.nn import BatchNorm2d as Base\nclass BatchNorm2d(Base): pass", True),
        ("class BatchNorm2d(nn.Module):\n    def __init__(self):\n        super(BatchNorm2d, self).__init__()", False),
        ("layer = nn.Module\nBatchNorm2d = 3", False),
    ],
)
def test_a_name_with_a_dot_is_forbidden_where_it_is_taken_from_there(source, found):
    assert bool(forbidden_names(source, ("nn.BatchNorm2d",))) == found


def test_names_attributes_and_used_imports_count():
    source = "import numpy as np\nimport os, torch.nn.functional as F\ny = np.sum(x) + F.pad(x)"
    assert {"np", "numpy", "sum", "x", "F", "torch", "functional", "pad"} <= names_used(source)
    assert "os" not in names_used(source)
    assert names_used("def f(:") == set()


@pytest.mark.parametrize(
    "source",
    [
        "torch.ones(3)",
        "def f(x):\n    import torch\n    return torch.ones(3)",
        "from torch import ones\ny = ones(3)",
        "import torch.nn.functional as G\ny = G.unfold(x)",
        "from torch.nn.functional import *\ny = unfold(x)",
        "y = getattr(F, 'conv2d')(x)",
        "y = getattr(F, name.conv2d)",
        "__import__('torch').ones(3)",
        "import importlib\nm = importlib.import_module('torch.nn')",
        "exec('import torch; y = torch.ones(3)')",
        "%timeit torch.ones(3)",
        "%%time\nimport torch\ntorch.ones(3)",
        "y = %timeit -o torch.ones(3)",
        "class A:\n    f = staticmethod(F.conv2d)",
        "f = lambda x: [F.conv2d(v) for v in x]",
        "async def f():\n    await torch.ones(3)",
        "await torch.ones(3)",
    ],
)
def test_forbidden_names_are_found(source):
    assert forbidden_names(source, TORCH)


@pytest.mark.parametrize(
    "source",
    [
        "",
        "import torch\ny = 1",
        "# torch is not used\ny = 1",
        'def f(x):\n    """As torch does; see conv2d."""\n    return x',
        "raise ValueError('unlike torch, this needs a stride')",
        "my_conv2d = 3",
        "%matplotlib inline\n!ls\ny = 1",
    ],
)
def test_what_only_looks_forbidden_is_not(source):
    assert forbidden_names(source, TORCH) == ""


def test_a_helper_in_another_cell_counts_as_part_of_the_answer():
    answer = "def conv(x):\n    return helper(x)"
    torch = "import torch.nn.functional as F"
    assert forbidden_names(answer, TORCH, [torch, "def helper(x):\n    return F.conv2d(x)"])
    assert forbidden_names(answer, TORCH, ["helper = inner", "def inner(x):\n    return F.unfold(x)", torch])
    assert forbidden_names(answer, TORCH, ["class helper:\n    def __new__(cls, x):\n        return F.conv2d(x)"])
    assert forbidden_names(answer, TORCH, ["from torch.nn.functional import unfold as helper"])
    assert forbidden_names(answer, TORCH, ["if True:\n    helper = F.conv2d"])
    assert forbidden_names("def conv(x):\n    return F.unfold(x)", TORCH, [torch])


def test_an_experiment_in_another_cell_is_not_part_of_the_answer():
    answer = "def conv(x):\n    out = x\n    ref = out\n    return helper(ref)"
    experiment = "import torch\nout = conv(x)\nref = torch.conv2d(x)\nassert torch.allclose(out, ref)"
    assert forbidden_names(answer, TORCH, [experiment, "def helper(x):\n    return x"]) == ""
    assert forbidden_names(answer, TORCH, ["import numpy as np, torch", "def unused():\n    return torch"]) == ""


def test_an_answer_in_another_cell_is_found_by_what_it_defines():
    cells = ["import torch\ndef conv(x):\n    return torch.conv2d(x)", "def other(x):\n    return x"]
    assert forbidden_names("raise NotImplementedError()", TORCH, cells, ["conv"]) == "torch"
    assert forbidden_names("raise NotImplementedError()", TORCH, cells, ["other"]) == ""


def test_of_code_that_cannot_be_parsed_every_word_counts():
    assert forbidden_names("def f(:\n    torch", TORCH)
    assert forbidden_names("y = " + "-" * 100_000 + "torch", TORCH)
    assert forbidden_names("def f(:\n    numpy", TORCH) == ""


@pytest.mark.parametrize(
    ("source", "names"),
    [
        ("def f(): pass\nclass G: pass\nasync def h(): pass", {"f", "G", "h"}),
        ("a = b = 1\nc, (d, *e) = x\nf: int = 1\ng += 1", {"a", "b", "c", "d", "e", "f", "g"}),
        ("import os.path\nfrom a import b as c", {"os", "c"}),
        ("if x:\n    def f(): inner = 1\nelse:\n    y = 1", {"f", "y"}),
        ("with open(p) as file: pass\nfor i in x: pass\n(n := 3)", {"file", "i", "n"}),
        ("f = lambda x: (y := x)", {"f"}),
        ("f.attribute = 1\nf[0] = 2", set()),
        ("def f(:", set()),
    ],
)
def test_defined_names(source, names):
    assert defined_names(source) == names


def test_imports_may_fail_and_nothing_else():
    source = "import no_such_module\nfrom numpy import no_such_name\nx = 1\ndef f():\n    import inner\n"
    names = {}
    exec(with_lenient_imports(source), names)
    assert names["x"] == 1
    with pytest.raises(ModuleNotFoundError):
        names["f"]()
    assert with_lenient_imports("%matplotlib inline\nimport a").startswith("get_ipython().run_line_magic")
    assert with_lenient_imports("def f(:") == "def f(:"


HARD = {
    "deep expression": "x = 1" + " + 1" * 20_000,
    "deep call": "f(" * 5000 + ")" * 5000,
    "deep list": "[" * 90_000,
    "minus signs": "-" * 100_000 + "1",
    "deep indentation": "\n".join(" " * depth + "if x:" for depth in range(200)),
    "deep attributes": "x" + ".a" * 50_000,
    "many magics": "%time x\n" * 600,
    "many shell lines": "!ls\n" * 20_000,
    "many questions": "x?\n" * 600,
    "NUL": "x = 1\0",
    "surrogate": "x = '\ud800'",
    "byte order mark": "\ufeffx = 1",
    "tabs and spaces": "if x:\n\ty = 1\n        z = 2",
    "form feeds": "\fx = 1\f",
    "carriage returns": "x = 1\r\ny = 2\r",
    "endless string": "'''" + "x" * 100_000,
    "huge number": "x = " + "9" * 100_000,
    "line continuation": "\\\n" * 50_000,
    "not Python": "<html>" * 10_000,
    "cell magic": "%%html\n<b>" * 1000,
}


@pytest.mark.parametrize("source", HARD.values(), ids=HARD)
@pytest.mark.timeout(60)
def test_no_source_makes_the_reader_fail_or_hang(source):
    for read in (parse, names_used, defined_names, with_lenient_imports):
        read(source)
    forbidden_names(source, TORCH, [source, "f = x"], ["x"])
