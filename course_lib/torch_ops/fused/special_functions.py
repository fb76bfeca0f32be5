"""What the activations need of exp, written so that it neither overflows nor loses digits, for use in kernels.

Triton's own erfc and expm1 come from CUDA's library, which its interpreter does not have.
"""

import triton
import triton.language as tl

# P in erfc(z) = t exp(P(2 t - 1) - z ** 2) with t = 2 / (2 + z), z >= 0: interpolated at Chebyshev's nodes, in powers.
# float32: P is right to 2e-8; float64: to 1e-15. The form: Press et al. 2007, Numerical Recipes, section 6.2.2.
_TAIL_32 = tl.constexpr(
    (
        -0.671794093, 0.672643212, 0.0473439404, -0.046894781, -0.00988043164, 0.00881515696, 0.00179520149,
        -0.00230314347, -0.00022919226, 0.000588071689, 8.50831661e-06, -9.2464578e-05,
    )
)  # fmt: skip
_TAIL_64 = tl.constexpr(
    (
        -0.6717940840566923, 0.6726432239776567, 0.047343306841904735, -0.046895610231182674, -0.009872689366406725,
        0.008824938557327763, 0.001758933558165434, -0.0023458125049825836, -0.00014624686754045134,
        0.000673678838250606, -9.373500301998984e-05, -0.0001743031994297463, 7.140089189099234e-05,
        3.174616564355679e-05, -3.018752884224381e-05, 1.3509102932958047e-07, 8.561914904922479e-06,
        -2.9430926821341837e-06, -1.271343067023655e-06, 1.2437191416721657e-06, -1.6939237579995655e-07,
        -2.440466237558166e-07, 1.5387606669285222e-07, -1.71106964669535e-09, -3.935653344780992e-08,
        1.2225710551260417e-08, 4.089222480896167e-09, -2.0464670329192375e-09,
    )
)  # fmt: skip
# expm1(x) / x = 1 + x / 2 + x ** 2 / 6 + ...: between -0.5 and 0 the next term is below 1e-17.
_EXPM1 = tl.constexpr(
    (
        1.0, 1 / 2, 1 / 6, 1 / 24, 1 / 120, 1 / 720, 1 / 5040, 1 / 40320, 1 / 362880, 1 / 3628800, 1 / 39916800,
        1 / 479001600, 1 / 6227020800, 1 / 87178291200,
    )
)  # fmt: skip


@triton.jit
def _polynomial(x, coefficients: tl.constexpr, degree: tl.constexpr):
    result = x * coefficients[degree] + coefficients[degree - 1]
    for power in tl.static_range(degree - 1):
        result = result * x + coefficients[degree - 2 - power]
    return result


@triton.jit
def expm1_below_zero(x):
    """exp(x) - 1 where x <= 0, and no overflow elsewhere."""
    x = tl.where(x > 0, 0.0, x)
    small = x > -0.5
    return tl.where(small, x * _polynomial(tl.where(small, x, 0.0), _EXPM1, 13), tl.exp(x) - 1)


@triton.jit
def normal_below(x):
    """P(X <= x) of a standard normal X; small ones keep their digits."""
    z = tl.abs(x) * 0.7071067811865476
    t = 2 / (2 + z)
    if x.dtype == tl.float64:  # noqa: SIM108 (the compiler takes only one branch of a statement)
        exponent = _polynomial(2 * t - 1, _TAIL_64, 27)
    else:
        exponent = _polynomial(2 * t - 1, _TAIL_32, 11)
    tail = 0.5 * t * tl.exp(exponent - z * z)
    return tl.where(x < 0, tail, 1 - tail)


@triton.jit
def sigmoid(x):
    decay = tl.exp(-tl.abs(x))
    return tl.where(x < 0, decay, 1.0) / (1 + decay)


@triton.jit
def sigmoid_slope(x):
    decay = tl.exp(-tl.abs(x))
    return decay / ((1 + decay) * (1 + decay))
