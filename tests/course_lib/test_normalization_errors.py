"""What the normalizations refuse, and how they say so."""

import numpy as np
import pytest

from course_lib.shapes import ShapeError


def flat(**changes) -> dict:
    """Arguments for (N, D); a change of None takes one away."""
    return {"x": np.zeros((4, 3)), "gamma": np.ones(3), "beta": np.zeros(3), "param": {}} | changes


def images(**changes) -> dict:
    return {"x": np.zeros((2, 6, 3, 5)), "gamma": np.ones(6), "beta": np.zeros(6), "param": {}} | changes


def grouped(**changes) -> dict:
    return images(gamma=np.ones((1, 6, 1, 1)), beta=np.zeros((1, 6, 1, 1)), groups=2) | changes


def trained(**param) -> dict:
    return {"mode": "train"} | param


def refuses(backend, name: str, given: dict, message: str) -> None:
    arrays = [backend.array(given[key]) for key in ("x", "gamma", "beta")]
    groups = [given["groups"]] if "groups" in given else []
    param = {key: backend.array(value) for key, value in given["param"].items()}
    with pytest.raises(ShapeError, match=rf"^{name}_forward: {message}"):
        getattr(backend.module("normalization"), f"{name}_forward")(*arrays, *groups, param)


EMPTY = "x must have values to take a mean of, got x.shape == "
FLOATING = "must hold real floating-point numbers, got"


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (images(param=trained()), r"x must have 2 axes \(N, D\), got x.shape == \(2, 6, 3, 5\)"),
        (flat(param=trained(), gamma=np.ones((1, 3))), r"gamma must have shape \(3,\) to match x"),
        (flat(param=trained(), beta=np.ones(4)), r"beta must have shape \(3,\) to match x"),
        (flat(), "bn_param must have a mode, 'train' or 'test', got mode == None"),
        (flat(param={"mode": "eval"}), "bn_param must have a mode, 'train' or 'test', got mode == 'eval'"),
        (flat(param=trained(epsilon=1)), r"bn_param may have the keys \['eps', 'mode'.*, got \['epsilon', 'mode'\]"),
        (flat(param={"mode": "test"}), r"bn_param must have running_mean and running_var in test mode, got \['mode'\]"),
        (flat(param=trained(running_mean=np.zeros(3))), "bn_param must have .* or neither, got"),
        (
            flat(param=trained(running_mean=np.zeros(2), running_var=np.ones(3))),
            r"running_mean must have shape \(3,\) to match x, got running_mean.shape == \(2,\)",
        ),
        (flat(param=trained(momentum=1.5)), "momentum must lie between 0 and 1, got momentum == 1.5"),
        (flat(param=trained(eps=-1)), "eps must be a number of at least 0, got eps == -1"),
        (flat(param=trained(), x=np.zeros((0, 3))), EMPTY + r"\(0, 3\)"),
        (flat(param=trained(), x=np.zeros((4, 3), int)), f"x {FLOATING} x.dtype == (torch.)?int64"),
        (flat(param=trained(), beta=np.zeros(3, complex)), f"beta {FLOATING}"),
    ],
)
def test_batchnorm_refuses(backend, given: dict, message: str):
    refuses(backend, "batchnorm", given, message)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (flat(param=trained()), r"x must have 4 axes \(N, C, H, W\), got x.shape == \(4, 3\)"),
        (images(param=trained(), x=np.zeros((0, 6, 3, 5))), EMPTY),
        (images(param=trained(), x=np.zeros((2, 6, 3, 0))), EMPTY),
        (images(param=trained(), x=np.zeros((2, 6, 3, 5), bool)), f"x {FLOATING}"),
    ],
)
def test_spatial_batchnorm_refuses(backend, given: dict, message: str):
    refuses(backend, "spatial_batchnorm", given, message)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (images(), r"x must have 2 axes \(N, D\)"),
        (flat(gamma=np.ones(4)), r"gamma must have shape \(3,\) to match x, got gamma.shape == \(4,\)"),
        (flat(param=trained()), r"ln_param may have the keys \['eps'\], got \['mode'\]"),
        (flat(param={"eps": np.nan}), "eps must be a number of at least 0, got eps == nan"),
        (flat(x=np.zeros((4, 0)), gamma=np.ones(0), beta=np.ones(0)), EMPTY),
        (flat(gamma=np.ones(3, int)), f"gamma {FLOATING}"),
    ],
)
def test_layernorm_refuses(backend, given: dict, message: str):
    refuses(backend, "layernorm", given, message)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (images(groups=2), r"gamma must have shape \(1, 6, 1, 1\) to match x, got gamma.shape == \(6,\)"),
        (grouped(groups=4), "G must divide the 6 channels of x, got G == 4"),
        (grouped(groups=0), "G must divide the 6 channels of x, got G == 0"),
        (grouped(groups=-2), "G must divide the 6 channels of x, got G == -2"),
        (grouped(groups=2.0), "G must divide the 6 channels of x, got G == 2.0"),
        (grouped(x=np.zeros((2, 6, 0, 5))), EMPTY),
        (grouped(x=np.zeros((6, 3, 5))), "x must have 4 axes"),
        (grouped(param={"G": 2}), r"gn_param may have the keys \['eps'\], got \['G'\]"),
        (grouped(param={"eps": np.inf}), "eps must be a number of at least 0, got eps == inf"),
        (grouped(x=np.zeros((2, 6, 3, 5), complex)), f"x {FLOATING}"),
    ],
)
def test_spatial_groupnorm_refuses(backend, given: dict, message: str):
    refuses(backend, "spatial_groupnorm", given, message)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (flat(), "x must have 4 axes"),
        (images(gamma=np.ones((1, 6, 1, 1))), r"gamma must have shape \(6,\) to match x"),
        (images(x=np.zeros((2, 6, 0, 5))), EMPTY),
        (images(x=np.zeros((2, 6, 3, 5), int)), f"x {FLOATING}"),
        (images(param={"momentum": 0.1}), r"in_param may have the keys \['eps'\], got \['momentum'\]"),
        (images(param={"eps": -1e-9}), "eps must be a number of at least 0, got eps == -1e-09"),
    ],
)
def test_spatial_instancenorm_refuses(backend, given: dict, message: str):
    refuses(backend, "spatial_instancenorm", given, message)
