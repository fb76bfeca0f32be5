"""What the operators take: checked arguments and the geometry of windows, for NumPy and PyTorch alike."""
