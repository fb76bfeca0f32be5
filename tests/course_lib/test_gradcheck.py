import numpy as np
import pytest

from course_lib.gradcheck import numerical_gradient, relative_error
from course_lib.shapes import ShapeError


def test_gradient_worked_by_hand():
    x = np.array([[1.0, 2.0, -3.0]])
    upstream = np.array([[1.0, 10.0, 100.0]])
    gradient = numerical_gradient(np.square, x, upstream)  # upstream * 2x
    np.testing.assert_allclose(gradient, [[2.0, 40.0, -600.0]], rtol=1e-8)


def test_gradient_of_a_function_with_another_output_shape(rng: np.random.Generator):
    matrix, upstream, x = (rng.standard_normal(shape) for shape in ((5, 3), (2, 3), (2, 5)))
    gradient = numerical_gradient(lambda v: v @ matrix, x, upstream)
    np.testing.assert_allclose(gradient, upstream @ matrix.T, rtol=1e-8)


def test_gradient_of_a_number():
    x = np.array([0.5, -2.0])
    np.testing.assert_allclose(numerical_gradient(lambda v: np.exp(v).sum(), x), np.exp(x), rtol=1e-8)


def test_a_function_may_return_its_argument_or_ignore_it(rng: np.random.Generator):
    x, upstream = rng.standard_normal((2, 3)), rng.standard_normal((2, 3))
    np.testing.assert_allclose(numerical_gradient(lambda v: v, x, upstream), upstream, rtol=1e-8)
    np.testing.assert_allclose(numerical_gradient(lambda _: 3 * x, x, upstream), 3 * upstream, rtol=1e-8)


def test_x_is_restored_to_the_bit_even_if_the_function_raises(rng: np.random.Generator):
    x = rng.standard_normal((3, 4)).T  # not contiguous
    before = x.tobytes()
    numerical_gradient(np.sin, x, np.ones_like(x))
    assert x.tobytes() == before
    with pytest.raises(ZeroDivisionError):
        numerical_gradient(lambda _: 1 / 0, x)
    assert x.tobytes() == before


@pytest.mark.parametrize("index", list(np.ndindex(2, 3)))
def test_one_wrong_entry_anywhere_is_seen(rng: np.random.Generator, index: tuple):
    x = rng.uniform(1, 2, (2, 3))
    gradient = 3 * x**2
    numeric = numerical_gradient(lambda v: v**3, x, np.ones_like(x))
    assert relative_error(gradient, numeric) < 1e-8
    gradient[index] *= 0.99
    assert relative_error(gradient, numeric) > 1e-3


def test_a_gradient_of_the_wrong_scale_or_sign_is_seen(rng: np.random.Generator):
    gradient = rng.standard_normal((2, 3))
    assert relative_error(2 * gradient, gradient) == pytest.approx(0.5)
    assert relative_error(-gradient, gradient) == pytest.approx(2)


def test_relative_error_edges():
    zeros = np.zeros((2, 3))
    assert relative_error(zeros, zeros) == 0
    assert relative_error(zeros, zeros + 1e-30) == 1
    assert np.isnan(relative_error(zeros, zeros + np.nan))
    with pytest.raises(ShapeError, match=r"^relative_error: a must have shape \(3, 2\) to match b, got"):
        relative_error(zeros, zeros.T)


def test_what_cannot_give_a_gradient_is_refused():
    with pytest.raises(ValueError, match="^numerical_gradient: x must be float64, got float32"):
        numerical_gradient(np.sin, np.zeros(3, np.float32), np.ones(3))
    with pytest.raises(ShapeError, match=r"^numerical_gradient: f\(x\) must have shape \(2,\) to match"):
        numerical_gradient(np.sin, np.zeros(3), np.ones(2))
