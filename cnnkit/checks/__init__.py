"""Check an exercise: give it points, and say why an answer is wrong.

A test cell of the course makes one :class:`Marks`, and in each of its parts hands the answer fresh
inputs and compares what comes back::

    marks = checks.Marks("convolve", points=5)

    with marks.part("a dark and a bright half") as part:
        image, kernel = part.given(np.array([[0, 0, 9, 9]]), np.array([[-1, 1]]))
        part.compare(convolve(image, kernel), [[0, 9, 0]])

    marks.total()

``marks`` keeps the score, ``compare`` says what counts as the same, ``draws`` has the numbers that a
hidden test draws, ``probe`` looks at networks. ``causes`` names the misunderstanding behind a wrong answer; it has
one module for each exercise.
"""

from cnnkit.checks import draws
from cnnkit.checks.causes import SENTENCES
from cnnkit.checks.marks import Marks, Part, Wrong
from cnnkit.checks.probe import Network, facts

__all__ = ["Marks", "Network", "Part", "Wrong", "draws", "facts"]


def __getattr__(name):
    """Find a sentence that a test cell tells by itself, such as ``checks.NO_VERTICAL``."""
    try:
        return SENTENCES[name]
    except KeyError:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}") from None
