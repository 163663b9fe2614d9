"""How arguments are checked where they come in, and what is said of a wrong one.

Every error of the package is a lesson: what was given, what was expected, what to do.
"""

import math
import operator

__all__ = ["lesson", "number", "one_of", "pair", "whole"]


def lesson(given, expected, remedy):
    """Build the ValueError of every wrong argument: what was given, what is expected, what to do.

    >>> lesson("stride=0 was given", "a whole number of at least 1", "Use stride=1.")
    ValueError('stride=0 was given; expected a whole number of at least 1. Use stride=1.')
    """
    return ValueError(f"{given}; expected {expected}. {remedy}")


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


def whole(value, name, least=1, remedy=None):
    """Return a whole number, NumPy's too, as Python's own.

    >>> whole(3.0, "epochs")
    Traceback (most recent call last):
    ValueError: epochs=3.0 was given; expected a whole number of at least 1. Use epochs=1.
    """
    try:
        found = operator.index(value)
    except TypeError:
        found = None
    if found is None or isinstance(value, bool) or found < least:
        expected = f"a whole number of at least {least}"
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
        found = math.nan if isinstance(value, (bool, str, bytes)) else float(value)
    except (TypeError, ValueError):
        found = math.nan
    if math.isfinite(found) and least <= found <= most:
        return found
    expected = f"of at least {least:g}" if most == math.inf else f"from {least:g} to {most:g}"
    raise lesson(f"{name}={value!r} was given", f"a number {expected}", "Use one.")


def one_of(value, name, choices):
    """Return `value` if it is one of `choices`.

    >>> one_of("float8", "precision", ["auto", "float32"])
    Traceback (most recent call last):
    ValueError: precision='float8' was given; expected one of 'auto', 'float32'. Use one of them.
    """
    if value in choices:
        return value
    expected = f"one of {', '.join(map(repr, choices))}"
    raise lesson(f"{name}={value!r} was given", expected, "Use one of them.")
