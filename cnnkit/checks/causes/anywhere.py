"""Misunderstandings that any function may show: axes, signs, types, sizes."""

import itertools

import numpy as np

from cnnkit.checks.compare import same

__all__ = ["cause_anywhere"]


def cause_anywhere(answer, expected, tolerance):
    """Name the cause of a wrong array, whatever function gave it; None if it shows none."""
    if np.isnan(answer).any() or (np.isinf(answer).any() and not np.isinf(expected).any()):
        return "The result holds nan or inf: something was divided by zero, or grew too large."
    for axes in itertools.permutations(range(answer.ndim)):
        if same(answer.transpose(axes), expected, tolerance):
            return "The axes have changed places: which one counts rows, columns, channels?"
    if answer.shape != expected.shape:
        return _cause_of_shape(answer.shape, expected.shape)
    if answer.size and not answer.any():
        return "Every value of the result is zero: is the computed value ever stored?"
    if same(-answer, expected, tolerance):
        return "The numbers are right but for the sign: something is subtracted the wrong way."
    if answer.dtype.kind in "iu" and same(answer, np.trunc(expected), tolerance):
        return "The fractions are cut off: integers cannot hold them, compute in floats."
    if answer.dtype.kind == "u" and same(answer, expected % 256, tolerance):
        return "Values above 255 have wrapped around: 8 bits cannot hold them, compute in floats."
    return None


def _cause_of_shape(got, wanted):
    if len(got) > len(wanted) and [n for n in got if n != 1] == [n for n in wanted if n != 1]:
        return "The result has an axis of length one too many: index it away, or squeeze it."
    if len(got) > len(wanted):
        return "The result has too many axes: over which one do you still have to sum or average?"
    if len(got) < len(wanted):
        return "The result has too few axes: one was summed, averaged or indexed away."
    steps = {a - b for a, b in zip(got, wanted, strict=True) if a != b}
    if steps == {-1}:
        return (
            "The result is one too small: the last position is missing. Count from first to last."
        )
    if steps == {1}:
        return "The result is one too large: the last window hangs over the edge."
    return None
