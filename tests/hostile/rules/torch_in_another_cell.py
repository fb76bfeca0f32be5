"""Keeps torch's convolution in a cell of its own under an innocent name."""
# must: what an answer uses of other cells counts as its own
# points: 60
# answers: right

# %% added
import torch

helper = torch.conv1d


# %% answer="slide"
def slide(x, w):
    as_tensor = torch.tensor
    return helper(as_tensor(x).view(1, 1, -1), as_tensor(w).view(1, 1, -1)).view(-1).numpy()
