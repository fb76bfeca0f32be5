"""How the models start, where the paper says so."""

from torch import nn


def he_init_(model: nn.Module) -> None:
    """Convolutions normal with variance 2 / fan_out, linear layers normal with std 0.01, biases zero; in place.

    Draws from PyTorch's global generator. Batch norm keeps PyTorch's start, gamma = 1 and beta = 0.
    Source: He et al. 2015a, "Delving Deep into Rectifiers", section 2.2, backward case.
    """
    for module in model.modules():
        if isinstance(module, nn.Conv2d):
            nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")
        elif isinstance(module, nn.Linear):
            nn.init.normal_(module.weight, std=0.01)
        if isinstance(module, nn.Conv2d | nn.Linear) and module.bias is not None:
            nn.init.zeros_(module.bias)
