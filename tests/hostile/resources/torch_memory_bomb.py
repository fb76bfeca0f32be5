"""Takes a gigabyte and a half through torch, which has an allocator of its own."""
# must: an error at the limit, in its own process
# points: 100
# answers: right

# %% added
import torch

held = [torch.ones(64 << 20, dtype=torch.uint8) for _ in range(24)]
