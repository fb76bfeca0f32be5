"""The files are made here, for a small GlyphNet whose widths all differ: 18 entries, four of them counts of batches."""

from types import SimpleNamespace

import numpy as np
import pytest

from autograder.checks import Mismatch, StudentError, assert_equal, raises
from course_lib.glyphnet import GlyphNet

pytestmark = pytest.mark.exercise("load_pretrained")

WIDTH = GlyphNet(widths=(3, 4, 6, 7)).head.in_features
OURS = {"stage1": "features.0", "stage2": "features.1", "stage3": "blocks.a", "stage4": "blocks.b", "head": "fc"}


@pytest.fixture
def case(student, glyphnet, changed, rng):
    """case(key_map, file_names, **entries) -> .model with the state .before, and .load() -> its state afterwards.

    The .file has the model's entries with .new numbers, under file_names(name); `entries` replace or add to them, and
    those that are None are taken away.
    """

    def prepare(key_map, file_name=lambda name: name, entries=()):
        model = glyphnet()
        new = {
            name: rng.uniform(0.5, 2.0, value.shape).astype(np.float32) if value.dtype.kind == "f" else np.array(7)
            for name, value in model.state.items()
        }
        file = {file_name(name): value for name, value in new.items()} | dict(entries)
        file = {name: value for name, value in file.items() if value is not None}
        handle = student.make("state", list(file), list(file.values()))

        def load(into=model):
            return changed(student.load_pretrained(into.student.handle, handle, key_map), into.student).state()

        return SimpleNamespace(model=model.student, before=model.state, new=new, handle=handle, load=load)

    return prepare


@pytest.fixture
def refused(case, same_state):
    """refused(key_map, entries, ...) -> the text of the ValueError."""

    def run(*settings):
        prepared = case(*settings)
        try:
            prepared.load()
        except StudentError as error:
            if "ValueError" not in error.kinds:
                raise Mismatch(f"load_pretrained should raise ValueError here, it raised {error.type_name}") from None
            return error.whole
        raise Mismatch("this file does not fit: load_pretrained should raise ValueError, but it returned")

    return run


def renamed(name):
    """How a file from elsewhere calls the entry."""
    part, _, rest = name.partition(".")
    return f"{OURS[part]}.{rest}"


def parameters(state):
    return [name for name in state if name.endswith((".weight", ".bias"))]


@pytest.mark.weight(1.5)
def test_same_names(case, same_state):
    """A file with the model's own names, an empty key_map: the parameters hold the numbers of the file."""
    prepared = case({})
    found = prepared.load()
    same_state(found, prepared.new, "after loading", parameters(found))


@pytest.mark.weight(1.25)
def test_buffers(case, same_state):
    """Running means and variances of batch norm, and its counts of batches, come from the file as well."""
    prepared = case({})
    same_state(prepared.load(), prepared.new, "after loading")


@pytest.mark.weight(1.5)
def test_other_names(case, same_state):
    """Every entry has another name in the file, and key_map leads from these to the model's."""
    model_name = {renamed(f"{part}.{rest}"): f"{part}.{rest}" for part, rest in named_entries()}
    prepared = case(model_name, renamed)
    found = prepared.load()
    same_state(found, prepared.new, "after loading", parameters(found))


def named_entries():
    batch_norm = ("1.weight", "1.bias", "1.running_mean", "1.running_var", "1.num_batches_tracked")
    stages = [(f"stage{number}", rest) for number in range(1, 5) for rest in ("0.weight", *batch_norm)]
    return [*stages, ("head", "weight"), ("head", "bias")]


@pytest.mark.weight(0.75)
def test_some_other_names(case, same_state):
    """Only the head is called otherwise, `fc`: names that are not in key_map are the model's own."""

    def file_name(name):
        return name.replace("head", "fc")

    prepared = case({"fc.weight": "head.weight", "fc.bias": "head.bias"}, file_name)
    found = prepared.load()
    same_state(found, prepared.new, "after loading", parameters(found))


@pytest.mark.weight(0.5)
def test_names_exchanged(case, same_state):
    """What the file calls weight and bias of a batch norm, key_map exchanges: each name is mapped once."""
    pair = ("stage2.1.weight", "stage2.1.bias")
    exchanged = dict(zip(pair, pair[::-1], strict=True))
    prepared = case(exchanged, lambda name: exchanged.get(name, name))
    found = prepared.load()
    same_state(found, prepared.new, "after loading", parameters(found))


@pytest.mark.weight(0.75)
def test_left_out_on_purpose(case, same_state):
    """Two entries of the file that the model does not have are mapped to None: they are left out."""
    extra = {"aux.weight": np.ones((3, 2), np.float32), "optimizer_steps": np.array(4)}
    prepared = case(dict.fromkeys(extra), entries=extra.items())
    found = prepared.load()
    same_state(found, prepared.new, "after loading", parameters(found))


@pytest.mark.weight(0.25)
def test_key_map_for_other_files(case, same_state):
    """key_map has entries for names that this file does not have: they mean nothing."""
    prepared = case({"backbone.conv.weight": "stage1.0.weight", "old.bias": None, "other": "nowhere"})
    found = prepared.load()
    same_state(found, prepared.new, "after loading", parameters(found))


@pytest.mark.weight(0.5)
def test_copies(student, case, glyphnet, same_state):
    """One file is loaded into two models; then the first gets other numbers: the second keeps those of the file."""
    prepared, second = case({}), glyphnet()
    prepared.load()
    found = prepared.load(second)
    prepared.model.load(prepared.before)
    same_state(second.student.state(), found, "after the first model was changed")
    same_state(found, prepared.new, "after loading", parameters(found))


@pytest.mark.weight(0.25)
def test_dtypes_are_kept(student, glyphnet, changed, same_state):
    """The file holds float64: its numbers are loaded, and the model's entries are float32, as they were."""
    model = glyphnet()
    file = {
        name: value.astype(np.float64) + 1 if value.dtype.kind == "f" else value for name, value in model.state.items()
    }
    handle = student.make("state", list(file), list(file.values()))
    found = changed(student.load_pretrained(model.student.handle, handle, {}), model.student).state()
    same_state(found, file, "after loading", parameters(found))
    for name, value in found.items():
        assert_equal(
            str(value.dtype), "float32" if model.state[name].dtype.kind == "f" else "int64", f"dtype of {name}"
        )


@pytest.mark.weight(0.25)
def test_learned_and_frozen_as_before(case, same_state):
    """Two parameters are frozen, the others are learned: all are loaded, and it stays so."""
    prepared = case({})
    prepared.model.set_up(frozen=["stage1.0.weight", "stage3.1.bias"])
    before = prepared.model.shapes()
    found = prepared.load()
    same_state(found, prepared.new, "after loading", parameters(found))
    assert_equal(list(prepared.model.shapes()), list(before), "the parameters that are learned")


@pytest.mark.weight(0.5)
def test_in_place_and_returned(student, case, is_returned, same_state):
    """The model that was passed in is filled, and returned."""
    prepared = case({})
    result = student.load_pretrained(prepared.model.handle, prepared.handle, {})
    found = prepared.model.state()
    same_state(found, prepared.new, "of the model that was passed in", parameters(found))
    is_returned(result)


@pytest.mark.weight(0.25)
def test_arguments_are_left_alone(student, case, glyphnet, same_state):
    """key_map is as before, and the file can be loaded with it a second time."""
    key_map = {"stage1.0.weight": "stage1.0.weight", "extra": None}
    prepared, second = case(key_map, lambda name: name, {"extra": np.ones(2, np.float32)}.items()), glyphnet()
    before = dict(key_map)
    student.load_pretrained(prepared.model.handle, prepared.handle, key_map)
    assert_equal(key_map, before, "key_map after the call")
    found = prepared.load(second)
    same_state(found, prepared.new, "after loading a second time", parameters(found))


@pytest.mark.weight(0.75)
@pytest.mark.parametrize("name", ["stage2.0.weight", "head.bias", "stage4.1.running_var"])
def test_missing(case, name):
    """One entry of the model is not in the file: a parameter, the last one, or a buffer. ValueError."""
    prepared = case({}, lambda name: name, {name: None}.items())
    with raises("ValueError"):
        prepared.load()


@pytest.mark.weight(0.5)
def test_missing_since_left_out(case):
    """key_map leaves the head out, which the model does have: ValueError."""
    prepared = case({"head.weight": None, "head.bias": None})
    with raises("ValueError"):
        prepared.load()


@pytest.mark.weight(1)
def test_unexpected(case):
    """An entry of the file that the model does not have: ValueError."""
    prepared = case({}, lambda name: name, {"stage5.0.weight": np.ones((2, 3), np.float32)}.items())
    with raises("ValueError"):
        prepared.load()


@pytest.mark.weight(0.75)
@pytest.mark.parametrize("shape", [(9, WIDTH), (WIDTH, 5), (1, WIDTH), (5 * WIDTH,), (5, WIDTH, 1)])
def test_wrong_shape(case, shape):
    """The head's weight has another shape in the file: a row too many, its axes exchanged, one row that would fit all,
    as many numbers in one axis, or in three: ValueError."""
    prepared = case({}, lambda name: name, {"head.weight": np.ones(shape, np.float32)}.items())
    with raises("ValueError"):
        prepared.load()


@pytest.mark.weight(0.5)
def test_two_for_one(case):
    """Two entries of the file lead to the same one of the model: ValueError."""
    prepared = case({"old.bias": "head.bias"}, lambda name: name, {"old.bias": np.ones(5, np.float32)}.items())
    with raises("ValueError"):
        prepared.load()


@pytest.mark.weight(0.5)
@pytest.mark.parametrize("fault", ["missing", "unexpected", "wrong shape"])
def test_nothing_half_loaded(student, case, same_state, fault):
    """A file that does not fit, in its last entry: the model is as it was, in every number."""
    last = {"missing": {"head.bias": None}, "unexpected": {"zzz": np.ones(1, np.float32)}}
    last["wrong shape"] = {"head.bias": np.ones(6, np.float32)}
    prepared = case({}, lambda name: name, last[fault].items())
    try:
        student.load_pretrained(prepared.model.handle, prepared.handle, {})
    except StudentError:
        same_state(prepared.model.state(), prepared.before, "after a file that was refused")
        return
    raise Mismatch(f"a file with an entry that is {fault} was taken")


def named(text, name, what):
    if name not in text:
        raise Mismatch(f"the error should name {what}")


@pytest.mark.random
@pytest.mark.weight(0.5)
def test_names_what_is_missing(refused):
    """Two entries are missing: the error names both, as the model calls them."""
    key_map = {"fc.bias": "head.bias", "fc.weight": "head.weight"}
    text = refused(key_map, lambda name: name.replace("head", "fc"), {"fc.bias": None, "stage2.1.bias": None}.items())
    named(text, "head.bias", "every entry that is missing, by its name in the model")
    named(text, "stage2.1.bias", "every entry that is missing, not only one of them")


@pytest.mark.random
@pytest.mark.weight(0.5)
def test_names_what_is_unexpected(refused):
    """Two entries of the file lead nowhere, one of them through key_map: the error names both, as the file does."""
    extra = {"tail.w": np.ones((2, 3), np.float32), "trunk.w": np.ones(4, np.float32)}
    text = refused({"tail.w": "stage9.w"}, lambda name: name, extra.items())
    named(text, "tail.w", "every entry that is unexpected, by its name in the file")
    named(text, "trunk.w", "every entry that is unexpected, not only one of them")


@pytest.mark.random
@pytest.mark.weight(0.5)
def test_names_wrong_shapes(refused):
    """Two entries have another shape: the error names both, as the model does, and gives both shapes of each."""
    wrong = {"fc.weight": np.ones((11, WIDTH), np.float32), "stage3.1.bias": np.ones(13, np.float32)}
    key_map = {"fc.weight": "head.weight", "fc.bias": "head.bias"}
    text = refused(key_map, lambda name: name.replace("head", "fc"), wrong.items())
    named(text, "head.weight", "every entry of the wrong shape, by its name in the model")
    named(text, "stage3.1.bias", "every entry of the wrong shape, not only one of them")
    plain = text.replace(" ", "").replace("[", "(").replace("]", ")")
    for shape in (f"11,{WIDTH}", "13"):
        named(plain, shape, "the shape that the entry has in the file")
    named(plain, f"5,{WIDTH}", "the shape that the entry should have")


@pytest.mark.random
@pytest.mark.weight(0.75)
def test_names_everything_at_once(refused):
    """One entry is missing, one unexpected, one of the wrong shape, one given twice: a single error names all four."""
    entries = {"head.bias": None, "tail.w": np.ones(2, np.float32), "stage1.1.bias": np.ones(9, np.float32)}
    entries |= {"old.b": np.ones(6, np.float32)}
    text = refused({"old.b": "stage3.1.bias"}, lambda name: name, entries.items())
    named(text, "head.bias", "what is missing, also where something else is wrong as well")
    named(text, "tail.w", "what is unexpected, also where something else is wrong as well")
    named(text, "stage1.1.bias", "what has the wrong shape, also where something else is wrong as well")
    named(text, "stage3.1.bias", "what is given twice, also where something else is wrong as well")
