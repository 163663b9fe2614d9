"""The usual misunderstandings, each as the wrong answer it leads to and a sentence that helps.

There is one module for each exercise, named like it: that of ``solutions/01-pixels`` is
``e01_pixels``. It is found by its name. Its dictionary ``CAUSES`` lists, for each function of the
exercise, pairs ``(what to tell, the function as it comes out misunderstood)``::

    CAUSES = {
        "to_gray": [("Only the red channel is used.", lambda image: image[..., 0])],
    }

Beside them stands in ``IDEAS``, for each function, how one could go about it, in words and never in
code: that is told after some tries (``checks.tries``).

When an answer is wrong, its inputs are put through each of them; the first that gives the same
wrong values names the cause. A function whose test compares several things, each with causes of
its own (``part.compare(..., of="loss")``), has one entry for each: ``"accumulate_gradients.loss"``.

The sentences that a test cell tells by itself are constants in capitals: ``checks.NO_VERTICAL``.
"""

import pkgutil
import re
import warnings
from contextlib import contextmanager
from importlib import import_module

import numpy as np

from cnnkit.checks.causes import shared
from cnnkit.checks.causes.anywhere import cause_anywhere
from cnnkit.checks.compare import same

__all__ = ["EXERCISES", "IDEAS", "SENTENCES", "cause_of", "cause_of_all", "merged"]


def merged(named):
    """Merge the dictionaries of several modules; no name may stand in two of them.

    Parameters
    ----------
    named : iterable of (str, dict)
        The module's name, and its dictionary.

    Raises
    ------
    ValueError
        If two modules give one name two meanings: which of them would a test cell get?

    Examples
    --------
    >>> merged([("e01_pixels", {"scale": 1}), ("e04_pooling", {"relu": 2})])
    {'scale': 1, 'relu': 2}
    """
    result: dict = {}
    home: dict = {}
    for module, entries in named:
        for name, value in entries.items():
            if name in result and result[name] != value:
                raise ValueError(
                    f"{name!r} stands in {home[name]} and in {module}: test cells ask for it by this name alone, so give one of them another name."
                )
            result[name], home[name] = value, module
    return result


def _sentences(module):
    """Give those constants of a module that are sentences, and not its own affair."""
    constants = {n: value for n, value in vars(module).items() if re.fullmatch("[A-Z][A-Z_]*", n)}
    return {name: value for name, value in constants.items() if isinstance(value, str)}


_MODULES = [
    import_module(f"{__name__}.{found.name}")
    for found in pkgutil.iter_modules(__path__)
    if re.match(r"e\d+_", found.name)
]
EXERCISES: dict[str, dict[str, list]] = {
    module.__name__.rpartition(".e")[2].replace("_", "-"): module.CAUSES for module in _MODULES
}
_CAUSES = merged(EXERCISES.items())
IDEAS: dict[str, str] = merged((module.__name__, module.IDEAS) for module in _MODULES)
SENTENCES: dict[str, str] = merged(
    (module.__name__, _sentences(module)) for module in (shared, *_MODULES)
)


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
        return cause_anywhere(answer, expected, tolerance)
    return cause


@_silence()
def cause_of_all(name, cases, answers, expected, tolerance=1e-5):
    """Name the one cause of all answers to a list of cases, or return None."""

    def alike(some, others):
        return all(_alike(one, other, tolerance) for one, other in zip(some, others, strict=True))

    for sentence, misunderstood in _CAUSES.get(name, ()):
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
