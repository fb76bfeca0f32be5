import pytest
import torch

from course_lib.early_stopping import EarlyStopping
from course_lib.stopping import follow


class Shallow:
    """Keeps the state itself in place of a copy, and stops after the third epoch."""

    def __init__(self):
        self.num_epochs = 0

    def update(self, loss, model):
        self.num_epochs += 1
        if self.num_epochs == 1:
            self.state = model.state_dict()
        return self.num_epochs == 3

    def restore(self, model):
        model.load_state_dict(self.state)


@pytest.mark.parametrize(
    ("patience", "losses", "num_epochs", "best"),
    [(2, [5, 4, 4.5, 3, 3.5, 3.2, 1], 6, 4), (3, [3, 2, 1], 3, 3)],
)
def test_the_epochs_are_counted_until_the_first_stop(patience, losses, num_epochs, best):
    answers, restored = follow(EarlyStopping(patience), losses)
    assert answers == [False] * (num_epochs - 1) + [num_epochs < len(losses)]
    assert restored == [best, best]


def test_a_state_that_is_no_copy_moves_on_with_the_model():
    _, restored = follow(Shallow(), [3, 2, 1, 0])
    assert restored == [3, 3]


def test_no_generator_is_touched():
    before = torch.get_rng_state()
    follow(EarlyStopping(1), [1, 2])
    assert torch.equal(torch.get_rng_state(), before)
