"""Hands the exercise to torch's own convolution, which it forbids."""
# must: that exercise is failed with the forbidden name
# points: 60
# answers: right

# %% answer="slide"
import torch


def slide(x, w):
    out = torch.nn.functional.conv1d(torch.tensor(x).view(1, 1, -1), torch.tensor(w).view(1, 1, -1))
    return out.view(-1).numpy()
