"""Misunderstandings that any function may show: axes, signs, types, sizes."""

import itertools

import numpy as np

from cnnkit.checks.compare import same
from cnnkit.checks.memory import never_written

__all__ = ["ROUNDED", "cause_anywhere", "is_rounded"]

NEVER_WRITTEN = "Some places of your result were never written to: np.empty reserves memory and leaves in it whatever lies there. Begin with np.zeros, or fill every place."
ROUNDED = "Your result is rounded: give the numbers as they come, with all their digits. Round only what you print."
DIGITS = range(5)  # so many after the point: with more, a number counts as right


def is_rounded(answer, expected):
    """Whether an answer is what is right, rounded to some digits after the point."""
    if answer.shape != expected.shape or np.isin(answer, (-1, 0, 1)).all():
        return False  # of zeros and ones alone nobody can tell: it may be a step, or a sign
    return any(
        np.allclose(answer, np.round(expected, digits), rtol=1e-6, atol=1e-9) for digits in DIGITS
    )


def cause_anywhere(answer, expected, tolerance):
    """Name the cause of a wrong array, whatever function gave it; None if it shows none."""
    if never_written(answer):
        return NEVER_WRITTEN
    answer_is = answer.dtype.kind
    whole = answer_is in "iu" and expected.dtype.kind in "iu"
    tolerance = 0.0 if whole else tolerance  # as `same` does
    answer, expected = np.asarray(answer, float), np.asarray(expected, float)  # bytes wrap around
    if np.isnan(answer).any() or (np.isinf(answer).any() and not np.isinf(expected).any()):
        return "The result holds nan or inf: something was divided by zero, grew too large, or was never written to (torch.empty only reserves memory)."
    for axes in itertools.permutations(range(answer.ndim)):
        if same(answer.transpose(axes), expected, tolerance):
            return "The axes have changed places: which one counts rows, columns, channels?"
    if answer.shape != expected.shape:
        return _cause_of_shape(answer.shape, expected.shape)
    if answer.size and not answer.any():
        return "Every value of the result is zero: is the computed value ever stored?"
    if same(-answer, expected, tolerance):
        return "The numbers are right but for the sign: something is subtracted the wrong way."
    if same(answer, np.maximum(expected, 0), tolerance):
        return "Everything below zero has become 0: nothing here asks for a ReLU."
    if same(answer, np.abs(expected), tolerance):
        return "The minus signs are gone: a result may well be below zero."
    if answer_is in "iu" and same(answer, np.trunc(expected), tolerance):
        return "The fractions are cut off: integers cannot hold them, compute in floats."
    if answer_is == "u" and same(answer, expected % 256, tolerance):
        return "Values above 255 have wrapped around: 8 bits cannot hold them, compute in floats."
    return ROUNDED if not whole and is_rounded(answer, expected) else None


def _cause_of_shape(got, wanted):
    if len(got) > len(wanted) and [n for n in got if n != 1] == [n for n in wanted if n != 1]:
        return "The result has at least one extra axis of length 1: leave out keepdims, index it away, or use np.squeeze."
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
