import numpy as np
import pytest
import torch
from torch import nn

from course_lib.early_stopping import EarlyStopping
from course_lib.shapes import ShapeError


def run(stopper: EarlyStopping, losses: list[float]) -> tuple[int, nn.Linear]:
    """The model's weight is the number of the epoch. Returns in which epoch it stopped, 0 if it did not."""
    model = nn.Linear(1, 1, bias=False)
    for epoch, loss in enumerate(losses, 1):
        nn.init.constant_(model.weight, epoch)
        if stopper.update(loss, model):
            return epoch, model
    return 0, model


@pytest.mark.parametrize(
    ("patience", "min_delta", "losses", "stopped", "best"),
    [
        (2, 0.0, [5, 4, 3, 2, 1], 0, 5),
        (2, 0.0, [5, 4, 4.5, 3, 3.5, 3.2, 1], 6, 4),  # one bad epoch is forgiven, two in a row are not
        (1, 0.0, [5, 4, 4, 1], 3, 2),  # equal is not better
        (2, 0.5, [5, 4.6, 4.4, 4.2], 0, 3),  # 0.4 is too little, 0.6 since the best is enough
        (2, 0.5, [5, 4.6, 4.5, 1], 3, 1),  # exactly min_delta is not enough
        (3, 0.0, [np.nan, np.nan, 7, np.nan, np.inf, 8], 6, 3),
        (1, 0.0, [-1, -2, -1.5], 3, 2),
    ],
)
def test_stopping_worked_by_hand(patience, min_delta, losses, stopped, best):
    stopper = EarlyStopping(patience, min_delta)
    epoch, model = run(stopper, losses)
    assert epoch == stopped
    assert (stopper.best_epoch, stopper.best_loss) == (best, losses[best - 1])
    stopper.restore(model)
    assert model.weight.item() == best


def test_the_kept_state_is_a_copy_with_buffers():
    model = nn.BatchNorm1d(2)
    stopper = EarlyStopping(5)
    stopper.update(1.0, model)
    before = {name: value.clone() for name, value in model.state_dict().items()}
    model(torch.randn(4, 2) + 3)
    nn.init.constant_(model.weight, 7)
    stopper.update(2.0, model)
    assert not torch.equal(model.running_mean, before["running_mean"])
    stopper.restore(model)
    torch.testing.assert_close(dict(model.state_dict()), before, rtol=0, atol=0)
    nn.init.constant_(model.weight, 9)  # the kept one stays good
    stopper.restore(model)
    torch.testing.assert_close(dict(model.state_dict()), before, rtol=0, atol=0)
    assert model.weight.requires_grad


@pytest.mark.parametrize("losses", [[], [np.nan, np.nan]])
def test_there_may_be_nothing_to_go_back_to(losses):
    stopper = EarlyStopping(9)
    _, model = run(stopper, losses)
    with pytest.raises(RuntimeError, match=r"^EarlyStopping.restore: none of \d epochs had a finite loss"):
        stopper.restore(model)


def test_errors():
    with pytest.raises(ShapeError, match="^EarlyStopping: patience must be at least 1 epoch, got patience == 0"):
        EarlyStopping(0)
    for wrong in (-0.1, np.nan):
        with pytest.raises(ShapeError, match="^EarlyStopping: min_delta must be at least 0, got min_delta == "):
            EarlyStopping(1, wrong)
