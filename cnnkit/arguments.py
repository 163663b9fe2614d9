"""How arguments are checked where they come in, and what is said of a wrong one.

Every error of the package is a lesson: what was given, what was expected, what to do.
"""

import operator

__all__ = ["lesson", "pair"]


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
