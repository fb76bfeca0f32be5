import copy

import numpy as np
import pytest
import torch
from torch import nn

from course_lib import few_labels, transfer
from course_lib.glyphnet import GlyphNet
from course_lib.loaders import Loader, Loaders, evaluate
from course_lib.transfer_curves import curve_methods, measure, target_sets


def small(num_classes=5):
    return GlyphNet(num_classes, widths=(2, 3, 4, 6))


@pytest.fixture(autouse=True)
def _seeded():
    torch.manual_seed(0)


def arrays(number, num_classes=3, seed=0):
    rng = np.random.default_rng(seed)
    return rng.normal(size=(number, 1, 16, 16)).astype(np.float32), np.arange(number) % num_classes


class TestLoader:
    def test_the_order_is_new_for_each_epoch_and_the_same_for_a_seed(self):
        first, second = (Loader(*arrays(11), batch_size=4, shuffle=True, seed=3) for _ in range(2))
        epochs = [torch.cat([labels for _, labels in first]) for _ in range(2)]
        assert len(first) == 3
        assert not torch.equal(*epochs)
        assert torch.equal(epochs[0], torch.cat([labels for _, labels in second]))
        assert sorted(epochs[0].tolist()) == sorted(arrays(11)[1])

    def test_images_stay_with_their_labels(self):
        images = np.arange(7.0)[:, None, None, None] * np.ones((7, 1, 2, 2))
        for batch, labels in Loader(images, np.arange(7), batch_size=3, shuffle=True):
            assert batch.dtype == torch.float32
            assert (batch[:, 0, 0, 0] == labels).all()

    def test_validation_and_test_are_not_shuffled(self):
        loaders = Loaders(arrays(5), arrays(6), arrays(7))
        assert [len(loaders[name].labels) for name in ("train", "validation", "test")] == [5, 6, 7]
        assert [loaders[name].shuffle for name in loaders] == [True, False, False]
        assert "test" not in Loaders(arrays(5), arrays(6))

    def test_evaluate_is_the_mean_over_images(self):
        model = small(3)
        x, labels = arrays(7)
        loss, right = evaluate(model, Loader(x, labels, batch_size=4))
        scores = model(torch.from_numpy(x))
        assert loss == pytest.approx(nn.functional.cross_entropy(scores, torch.from_numpy(labels)).item(), rel=1e-5)
        assert right == (scores.argmax(dim=1).numpy() == labels).mean()


class TestDraw:
    LABELS = np.arange(400) % 4

    def test_no_image_is_in_two_parts(self):
        drawn = few_labels.draw(self.LABELS, 10, seed=1, num_test=100)
        assert len(set(drawn.labelled) | set(drawn.test)) == 4 * 10 + 100
        assert np.bincount(self.LABELS[drawn.train]).tolist() == [8] * 4
        assert np.bincount(self.LABELS[drawn.validation]).tolist() == [2] * 4

    def test_more_labels_hold_the_fewer(self):
        few, many = (few_labels.draw(self.LABELS, number, seed=2, num_test=100) for number in (5, 20))
        assert set(few.labelled) < set(many.labelled)
        assert (few.test == many.test).all()

    @pytest.mark.parametrize("number", [1, 1000])
    def test_too_few_and_too_many_are_refused(self, number):
        with pytest.raises(ValueError, match="per_class must be from 2 to"):
            few_labels.draw(self.LABELS, number, seed=0, num_test=100)


class TestLoadPretrained:
    def test_names_are_translated_and_left_out(self):
        model, source = small(), small()
        state = {f"module.{name}": value for name, value in source.state_dict().items()} | {"old": torch.ones(2)}
        held = list(model.parameters())
        key_map = {name: name.removeprefix("module.") for name in state} | {"old": None}
        assert transfer.load_pretrained(model, state, key_map) is model
        for name, value in source.state_dict().items():
            assert torch.equal(model.state_dict()[name], value)
        assert all(a is b for a, b in zip(held, model.parameters(), strict=True))

    def test_everything_that_is_wrong_is_named_and_nothing_is_changed(self):
        model, state = small(), small().state_dict()
        state["extra"] = torch.ones(2)
        state["again"] = state["head.bias"]
        state["stage1.1.weight"] = torch.ones(1)
        del state["stage2.1.running_mean"]
        before = copy.deepcopy(model.state_dict())
        with pytest.raises(ValueError) as error:
            transfer.load_pretrained(model, state, {"again": "head.bias"})
        for part in ("missing: stage2.1.running_mean", "unexpected: extra", "stage1.1.weight (2,), (1,)", "head.bias"):
            assert part in str(error.value)
        assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())


def test_a_pixel_worked_by_hand():
    x = transfer.preprocess(np.full((2, 3, 4, 5), 0.75), [0.5, 0.25, 0.75], 0.25, 8)
    assert x.shape == (2, 3, 8, 8) and x.dtype == torch.float32
    torch.testing.assert_close(x[0, :, 3, 3], torch.tensor([1.0, 2.0, 0.0]))


class TestExtractFeatures:
    def test_features_and_labels_belong_together(self):
        model = small().train()
        x, _ = arrays(7)
        modes = [module.training for module in model.modules()]
        features, labels = transfer.extract_features(model, Loader(x, np.arange(7), 3, shuffle=True), "stage3")
        expected = nn.Sequential(*list(model.children())[:3]).eval()(torch.from_numpy(x)).flatten(1).detach().numpy()
        model.train()
        np.testing.assert_allclose(features, expected[labels], rtol=1e-5, atol=1e-6)
        assert [module.training for module in model.modules()] == modes

    def test_what_the_next_layer_writes_in_place_is_not_taken(self):
        model = nn.Sequential(nn.Flatten(), nn.Linear(256, 4), nn.ReLU(inplace=True))
        features, _ = transfer.extract_features(model, Loader(*arrays(5)), "1")
        assert features.min() < 0

    def test_nothing_stays_after_an_error(self):
        model = small().train()
        with pytest.raises(RuntimeError):
            transfer.extract_features(model, [(torch.ones(1, 2, 16, 16), torch.zeros(1))], "pool")
        assert model.training and not model.pool._forward_hooks


class TestLinearProbe:
    def test_one_feature_by_hand(self):
        weight, bias = transfer.linear_probe(np.array([[-1.0], [1.0]]), np.array([0, 1]), 1.0)
        np.testing.assert_allclose(weight, [[-0.25], [0.25]])
        np.testing.assert_allclose(bias, [0.5, 0.5])

    @pytest.mark.parametrize("shape", [(30, 4), (6, 9)])
    def test_the_slopes_are_zero(self, shape):
        labels = np.arange(shape[0]) % 3
        features = np.random.default_rng(0).normal(1, 1, shape)
        found = transfer.linear_probe(features, labels, 0.3)
        weight, bias = (torch.tensor(value, requires_grad=True) for value in found)
        scores = torch.tensor(features) @ weight.T + bias
        errors = (scores - nn.functional.one_hot(torch.tensor(labels))) ** 2
        slopes = torch.autograd.grad(errors.sum(dim=1).mean() + 0.3 * (weight**2).sum(), (weight, bias))
        assert max(slope.abs().max() for slope in slopes) < 1e-12


def test_the_last_linear_layer_is_replaced_however_deep():
    tail = nn.Sequential(nn.ReLU(), nn.Sequential(nn.Linear(7, 4), nn.ReLU()))
    model = nn.Sequential(nn.Linear(3, 7), tail).double().requires_grad_(False)
    first = model[0].weight
    assert transfer.replace_head(model, 5) is model
    assert model[1][1][0].weight.shape == (5, 7) and model[1][1][0].weight.dtype == torch.float64
    assert model[1][1][0].bias.requires_grad
    assert model[0].weight is first


class TestFreeze:
    def test_what_stands_in_front_is_frozen_and_can_be_thawed(self):
        model = small()
        for until, frozen in [("stage3", {"stage1", "stage2"}), ("stage2", {"stage1"}), ("stage1", set())]:
            transfer.freeze(model, until)
            assert {n.partition(".")[0] for n, p in model.named_parameters() if not p.requires_grad} == frozen
        transfer.freeze(model, None)
        assert not any(parameter.requires_grad for parameter in model.parameters())

    def test_another_name_is_refused(self):
        with pytest.raises(ValueError, match="until must be a part of the model .*got 'fc'"):
            transfer.freeze(small(), "fc")

    def test_frozen_batch_norm_alone_stands_still(self):
        model = transfer.set_bn_eval(transfer.freeze(small(), "stage3").train())
        assert [name for name, module in model.named_modules() if not module.training] == ["stage1.1", "stage2.1"]


def test_each_trained_parameter_is_in_one_group():
    model = transfer.freeze(small(), "stage4")
    groups = transfer.param_groups(model, 0.01, 5)
    names = {id(parameter): name for name, parameter in model.named_parameters()}
    found = [([names[id(p)] for p in group["params"]], group["lr"], group.get("weight_decay")) for group in groups]
    assert found == [
        (["stage4.0.weight"], 0.01, None),
        (["stage4.1.weight", "stage4.1.bias"], 0.01, 0.0),
        (["head.weight"], 0.05, None),
        (["head.bias"], 0.05, 0.0),
    ]


class TestFinetune:
    def test_the_best_epoch_is_kept_and_what_is_frozen_stays(self):
        model = transfer.freeze(small(3), "stage3")
        before = copy.deepcopy(model.state_dict())
        loaders = Loaders(arrays(13), arrays(9, seed=1), arrays(8, seed=2), batch_size=5)
        history = transfer.finetune(model, loaders, 6, lr=0.02)
        assert history["best_epoch"] == 1 + int(np.argmin(history["validation"]))
        assert evaluate(model, loaders["validation"])[0] == pytest.approx(min(history["validation"]))
        assert history["test"] == evaluate(model, loaders["test"])[1]
        for name, value in model.state_dict().items():
            assert torch.equal(value, before[name]) == name.startswith(("stage1", "stage2"))

    def test_the_first_epoch_is_one_step_of_adamw_for_each_batch(self):
        model, twin = (nn.Sequential(nn.Flatten(), nn.Linear(256, 3)) for _ in range(2))
        twin.load_state_dict(model.state_dict())
        transfer.finetune(model, {"train": Loader(*arrays(4), 4), "validation": Loader(*arrays(4))}, 1, lr=0.01)
        parts = [{"params": [twin[1].weight]}, {"params": [twin[1].bias], "weight_decay": 0.0}]
        optimizer = torch.optim.AdamW(parts, lr=0.1, weight_decay=0.01)
        x, labels = (torch.from_numpy(array) for array in arrays(4))
        nn.functional.cross_entropy(twin(x), labels).backward()
        optimizer.step()
        torch.testing.assert_close(model.state_dict(), twin.state_dict())


@pytest.mark.parametrize(
    ("number", "similarity", "expected"),
    [(20, "similar", "probe"), (21, "similar", "finetune_last"), (1, "different", "probe_early")],
)
def test_the_table_of_two_by_two(number, similarity, expected):
    assert transfer.choose_strategy(number, similarity) == expected


@pytest.mark.parametrize("arguments", [(0, "similar"), (5, "alike")])
def test_what_the_table_does_not_hold_is_refused(arguments):
    with pytest.raises(ValueError, match="num_labels must be at least 1, and similarity"):
        transfer.choose_strategy(*arguments)


def test_the_probe_is_measured_again_as_the_file_says():
    from course_lib import pretrained
    from course_lib.data import digits

    log = pretrained.glyphnet_log()
    x = transfer.preprocess(target_sets()["similar"], log["mean"], log["std"], 32)
    methods = curve_methods(x, digits().labels)
    found = measure({"probe": methods["probe"]}, [5], 3, show_progress=False)
    np.testing.assert_allclose(found["probe"]["5"], pretrained.transfer_curves()["probe"][5][:3], atol=0.01)
