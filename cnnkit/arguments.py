"""How arguments are checked where they come in, and what is said of a wrong one.

Every error of the package is a lesson: what was given, what was expected, what to do.
"""

import math
import operator

import numpy as np

__all__ = ["flag", "float_dtype", "lesson", "number", "one_of", "pair", "whole"]


def lesson(given, expected, remedy):
    """Build the ValueError of every wrong argument: what was given, what is expected, what to do.

    >>> lesson("stride=0 was given", "a whole number of at least 1", "Use stride=1.")
    ValueError('stride=0 was given; expected a whole number of at least 1. Use stride=1.')
    """
    return ValueError(f"{given}; expected {expected}. {remedy}")


def float_dtype(*arrays):
    """Return the dtype that the result of arithmetic has: floats keep theirs, else float64.

    >>> float_dtype(np.ones(3, np.float16)), float_dtype(np.ones(3, np.float32), [1, 2])
    (dtype('float16'), dtype('float64'))
    """
    given = [np.asarray(array).dtype for array in arrays]
    for dtype in given:
        if dtype.kind not in "fiub":
            raise lesson(f"an array of dtype {dtype}", "real numbers", "Convert it first.")
    if all(dtype.kind == "f" and dtype.itemsize <= 8 for dtype in given):
        return np.result_type(*given)
    return np.dtype(np.float64)


def pair(value, name="value", least=1):
    """Return (height, width) of an argument that is one whole number or a pair of them.

    >>> pair(3), pair((1, 2))
    ((3, 3), (1, 2))
    """
    try:
        values = value if isinstance(value, (tuple, list)) else (value, value)
        height, width = map(operator.index, values)
        if height >= least and width >= least:
            return height, width
    except (TypeError, ValueError):
        pass
    wanted = f"a whole number of at least {least}, or a pair of them (height, width)"
    raise lesson(f"{name}={value!r} was given", wanted, f"Use {name}={least + 1}.")


def whole(value, name, least=1, remedy=None, most=math.inf):
    """Return a whole number, NumPy's too, as Python's own.

    >>> whole(3.0, "epochs")
    Traceback (most recent call last):
    ValueError: epochs=3.0 was given; expected a whole number of at least 1. Use epochs=1.
    >>> whole(0, "size", least=8, most=2048)
    Traceback (most recent call last):
    ValueError: size=0 was given; expected a whole number from 8 to 2048. Use size=8.
    """
    try:
        found = operator.index(value)
    except TypeError:
        found = None
    if found is None or isinstance(value, bool) or not least <= found <= most:
        bounds = f"of at least {least}" if most == math.inf else f"from {least} to {most}"
        expected = f"a whole number {bounds}"
        raise lesson(f"{name}={value!r} was given", expected, remedy or f"Use {name}={least}.")
    return found


def number(value, name, least=0.0, most=math.inf):
    """Return a number, NumPy's too, as Python's own float.

    >>> number(-1, "lr")
    Traceback (most recent call last):
    ValueError: lr=-1 was given; expected a number of at least 0. Use one.
    >>> number(2, "ema", most=1)
    Traceback (most recent call last):
    ValueError: ema=2 was given; expected a number from 0 to 1. Use one.
    """
    try:
        found = math.nan if isinstance(value, (bool, np.bool, str, bytes)) else float(value)
    except (OverflowError, TypeError, ValueError):
        found = math.nan
    if math.isfinite(found) and least <= found <= most:
        return found
    expected = f"of at least {least:g}" if most == math.inf else f"from {least:g} to {most:g}"
    raise lesson(f"{name}={value!r} was given", f"a number {expected}", "Use one.")


def flag(value, name):
    """Return yes or no, NumPy's too, as Python's own.

    >>> flag("no", "resume")
    Traceback (most recent call last):
    ValueError: resume='no' was given; expected True or False. Use one of them.
    """
    if isinstance(value, (bool, np.bool)):
        return bool(value)
    raise lesson(f"{name}={value!r} was given", "True or False", "Use one of them.")


def one_of(value, name, choices):
    """Return a word if it is one of `choices`.

    >>> one_of("float8", "precision", ["auto", "float32"])
    Traceback (most recent call last):
    ValueError: precision='float8' was given; expected one of 'auto', 'float32'. Use one of them.
    """
    if isinstance(value, str) and value in choices:
        return value
    expected = f"one of {', '.join(map(repr, choices))}"
    raise lesson(f"{name}={value!r} was given", expected, "Use one of them.")
