"""When two answers count as the same."""

import numpy as np

__all__ = ["same", "slack"]


def same(answer, expected, tolerance=1e-5):
    """Whether two arrays have the same shape and, nearly (integers: exactly), the same values."""
    if answer.shape != expected.shape:
        return False
    if answer.dtype.kind in "iu" and expected.dtype.kind in "iu":
        return np.array_equal(answer, expected)  # two parameters too few of 438,842 are too few
    return np.allclose(answer, expected, rtol=0, atol=slack(expected, tolerance), equal_nan=True)


def slack(expected, tolerance):
    """Give the difference that rounding may make: honest answers may compute in 32 bits."""
    # Not below that of 1: a sum may cancel to almost nothing, its rounding errors do not. Whoever
    # misunderstands may expect nan or inf: no measure for the others.
    finite = np.abs(expected)[np.isfinite(expected)]
    return tolerance * max(float(finite.max(initial=0.0)), 1.0)
