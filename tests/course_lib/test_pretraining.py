import hashlib
import json

import pytest
import torch

from course_lib import pretrained, pretraining
from course_lib.glyphnet import PARTS, GlyphNet
from course_lib.pretrained import glyphs

TINY = pretraining.Settings(classes="ABc", num_per_class=12, epochs=2, batch_size=8, widths=(2, 3, 4, 5))


def pretrain(folder, settings=TINY):
    return pretraining.pretrain(folder, settings, show_progress=False)


def test_the_script_writes_weights_log_and_checksum(tmp_path):
    content = pretrain(tmp_path).read_bytes()
    log = pretrained.glyphnet_log(tmp_path)
    model = GlyphNet(3, widths=TINY.widths)
    model.load_state_dict(pretrained.glyphnet_state(tmp_path))
    assert (tmp_path / glyphs.CHECKSUM).read_text().split() == [hashlib.sha256(content).hexdigest(), glyphs.WEIGHTS]
    assert log["classes"] == ["A", "B", "c"]
    assert log["settings"]["seed"] == 0
    assert len(log["loss"]) == len(log["held_out_accuracy"]) == 2
    assert log["num_training_images"] == 36
    assert log["num_parameters"] == sum(parameter.numel() for parameter in model.parameters())


def test_the_same_seed_gives_the_same_bytes(tmp_path):
    first, second = (pretrain(tmp_path / name).read_bytes() for name in ("first", "second"))
    other = pretrain(tmp_path / "other", pretraining.Settings(**{**vars(TINY), "seed": 1})).read_bytes()
    assert first == second
    assert first != other


def test_the_command_says_where_and_how_well(tmp_path, capsys):
    pretraining.main(["--folder", str(tmp_path), "--num-per-class", "2", "--epochs", "1"])
    assert f"{tmp_path / glyphs.WEIGHTS}: " in capsys.readouterr().out


def test_the_threads_are_as_they_were(tmp_path):
    before = torch.get_num_threads()
    pretrain(tmp_path)
    assert torch.get_num_threads() == before


def test_a_damaged_file_is_refused(tmp_path):
    path = pretrain(tmp_path)
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    with pytest.raises(pretrained.PretrainedError, match=r"glyphnet\.safetensors is damaged: its SHA-256 must be"):
        pretrained.glyphnet_state(tmp_path)


@pytest.mark.parametrize("name", [glyphs.WEIGHTS, glyphs.CHECKSUM])
def test_a_missing_file_is_named(tmp_path, name):
    pretrain(tmp_path)
    (tmp_path / name).unlink()
    with pytest.raises(pretrained.PretrainedError, match=f"{name} is missing; unpack"):
        pretrained.glyphnet_state(tmp_path)


def test_the_file_that_ships_knows_letters():
    log = pretrained.glyphnet_log()
    split, mean, std = pretraining.source_task(pretraining.Settings(num_per_class=5))
    assert abs(mean - log["mean"]) < 0.02 and abs(std - log["std"]) < 0.02
    scores = pretrained.pretrained_glyphnet()(torch.from_numpy(split.test_images[:370]))
    assert (scores.argmax(dim=1).numpy() == split.test_labels[:370]).mean() > 0.97
    assert log["held_out_accuracy"][-1] > 0.99
    settings = {**log["settings"], "widths": tuple(log["settings"]["widths"])}
    assert pretraining.Settings(**settings) == pretraining.Settings()
    assert (glyphs.FOLDER / glyphs.WEIGHTS).stat().st_size < 5_000_000


def test_there_is_no_digit_among_the_letters():
    assert not set(pretraining.CLASSES) & set("0123456789")


def test_bent_images_keep_their_shape_and_their_labels():
    import numpy as np

    images, labels = np.random.default_rng(0).random((6, 1, 32, 32), dtype=np.float32), np.arange(6)
    before = images.copy()
    bent, same = pretraining.bent(images, labels, np.random.default_rng(1))
    assert bent.shape == images.shape and bent.dtype == np.float32
    assert bent.min() >= 0 and bent.max() <= 1
    assert (same == labels).all() and (images == before).all()


@pytest.mark.parametrize("side", [16, 24, 32])
def test_the_parts_of_the_network_in_their_order(side):
    model = GlyphNet(5, in_channels=2, widths=(2, 3, 4, 6))
    assert tuple(name for name, _ in model.named_children()) == PARTS
    x = torch.randn(3, 2, side, side)
    assert model(x).shape == (3, 5)
    assert model.head.in_features == 24
    for name in PARTS:
        x = getattr(model, name)(x)
    torch.testing.assert_close(model.eval()(torch.ones(1, 2, side, side)).shape, torch.Size((1, 5)))


def test_what_was_measured_is_there_for_every_number_of_labels():
    curves = pretrained.transfer_curves()
    assert set(curves) == {"scratch", "probe", "fine-tune"}
    for by_number in curves.values():
        assert {number: len(values) for number, values in by_number.items()} == dict.fromkeys((5, 10, 20, 50), 20)
    for by_way in pretrained.strategies().values():
        assert set(by_way) == {"probe", "probe_early", "finetune_last", "finetune_all", "scratch"}
        for by_number in by_way.values():
            assert {number: len(values) for number, values in by_number.items()} == {5: 5, 50: 5}
    record = json.loads((glyphs.FOLDER / "transfer_curves.json").read_text())
    assert record["settings"]["num_seeds"] == 20
