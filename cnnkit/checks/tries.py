"""Tries at a function: who has come back with several answers is told the idea, in words.

The cause of a wrong answer is told at once, by its test cell; this is for whom it does not help.
"""

import inspect

from cnnkit.checks.causes import IDEAS

__all__ = ["ENOUGH", "idea_for"]

ENOUGH = 3
_seen: dict[str, set[str]] = {}


def idea_for(name, answer):
    """Note a wrong answer, and give the idea once there were enough different ones.

    Parameters
    ----------
    name : str
        The function's name.
    answer : object
        What the learner wrote. A try counts by its text: the same once more is no new try.

    Returns
    -------
    str or None
        How one could go about it; None before that, and for what has no text.
    """
    try:
        text = "".join(inspect.getsource(answer).split())
    except (TypeError, OSError):
        return None
    tries = _seen.setdefault(name, set())
    tries.add(text)
    return IDEAS.get(name) if len(tries) >= ENOUGH else None
