"""The usual misunderstandings, each as the wrong answer it leads to and a sentence that helps.

``CAUSES[name]`` lists pairs ``(what to tell, the function as it comes out misunderstood)``. When
an answer is wrong, its inputs are put through each of them; the first that gives the same wrong
values names the cause.
"""

import itertools
import warnings
from contextlib import contextmanager

import numpy as np

from cnnkit.checks.compare import same
from cnnkit.checks.convolution import CONVOLUTION
from cnnkit.checks.learning import LEARNING
from cnnkit.checks.networks import NETWORKS
from cnnkit.checks.padding import PADDING
from cnnkit.checks.pixels import PIXELS
from cnnkit.checks.pooling import POOLING
from cnnkit.checks.softmax import SOFTMAX
from cnnkit.checks.training import TRAINING

__all__ = ["CAUSES", "cause_of", "cause_of_all"]

CAUSES: dict[str, list] = {
    **PIXELS,
    **CONVOLUTION,
    **PADDING,
    **POOLING,
    **SOFTMAX,
    **LEARNING,
    **NETWORKS,
    **TRAINING,
}


@contextmanager
def _silence():
    """Let no misunderstanding print a warning of its own."""
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        yield


@_silence()
def cause_of(name, inputs, answer, expected, tolerance=1e-5):
    """Name the cause of a wrong answer, or return None when it is none that we know.

    An answer is an array, or a list of pairs of a name and a number.
    """
    cause = cause_of_all(name, [inputs], [answer], [expected], tolerance)
    if cause is None and isinstance(answer, np.ndarray):
        return _cause_anywhere(answer, expected, tolerance)
    return cause


@_silence()
def cause_of_all(name, cases, answers, expected, tolerance=1e-5):
    """Name the one cause of all answers to a list of cases, or return None."""

    def alike(some, others):
        return all(_alike(one, other, tolerance) for one, other in zip(some, others, strict=True))

    for sentence, misunderstood in CAUSES.get(name, ()):
        try:
            suspects = [misunderstood(*case) for case in cases]
        except Exception:
            continue  # this misunderstanding makes no sense for these inputs
        if alike(answers, suspects) and not alike(suspects, expected):
            return sentence
    return None


def _alike(one, other, tolerance):
    if isinstance(one, np.ndarray) or isinstance(other, np.ndarray):
        return same(np.asarray(one), np.asarray(other), tolerance)
    if [name for name, _ in one] != [name for name, _ in other]:
        return False
    first, second = (np.array([number for _, number in pairs]) for pairs in (one, other))
    return same(first, second, tolerance)


def _cause_anywhere(answer, expected, tolerance):
    """Causes that do not depend on the function."""
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
