"""Check an exercise: give it points, and say why an answer is wrong.

A test cell of the course makes one :class:`Marks`, and in each of its parts hands the answer fresh
inputs and compares what comes back::

    marks = checks.Marks("convolve", points=5)

    with marks.part("a dark and a bright half") as part:
        image, kernel = part.given(np.array([[0, 0, 9, 9]]), np.array([[-1, 1]]))
        part.compare(convolve(image, kernel), [[0, 9, 0]])

    marks.total()

``marks`` keeps the score. ``causes`` names the misunderstanding behind a wrong answer; there is one
module of them for each assignment.
"""

from cnnkit.checks.causes import cause_of, cause_of_all
from cnnkit.checks.convolution import ANSWERS_TO_FLAT, ANSWERS_TO_HORIZONTAL, NO_VERTICAL
from cnnkit.checks.learning import LEARNED_A_LITTLE, NOT_LEARNED, OTHER_EACH_TIME, SEED_IGNORED
from cnnkit.checks.marks import Marks, Part, Wrong
from cnnkit.checks.networks import (
    DROPOUT_IN_IT,
    KNOWS_TOO_LITTLE,
    NO_SCORES,
    NOT_ONE_IN_ALL,
    ONLY_GUESSES,
    PICTURE_CHANGED,
    SEED_TOO_LATE,
    STILL_TRAINING,
)
from cnnkit.checks.probe import Network
from cnnkit.checks.training import BACKWARD_TOO_LATE, MODEL_CHANGED, ONE_BIG_BATCH, STEPPED, facts

__all__ = [
    "ANSWERS_TO_FLAT",
    "ANSWERS_TO_HORIZONTAL",
    "BACKWARD_TOO_LATE",
    "DROPOUT_IN_IT",
    "KNOWS_TOO_LITTLE",
    "LEARNED_A_LITTLE",
    "MODEL_CHANGED",
    "NOT_LEARNED",
    "NOT_ONE_IN_ALL",
    "NO_SCORES",
    "NO_VERTICAL",
    "ONE_BIG_BATCH",
    "ONLY_GUESSES",
    "OTHER_EACH_TIME",
    "PICTURE_CHANGED",
    "SEED_IGNORED",
    "SEED_TOO_LATE",
    "STEPPED",
    "STILL_TRAINING",
    "Marks",
    "Network",
    "Part",
    "Wrong",
    "cause_of",
    "cause_of_all",
    "facts",
]
