"""Training in the page: a small network learns to read digits while one looks on."""

import string

import numpy as np
import traitlets

from cnnkit import images
from cnnkit.widgets.base import Widget

__all__ = ["LiveTraining"]

_LEARN, _TEST = 300, 100
_SIGNS = string.ascii_uppercase + string.ascii_lowercase + string.digits + "+/"
_THREE = [
    [[8, 6], [13, 4.5], [18, 7], [17, 11], [12, 13.5], [17.5, 15.5], [19, 19], [15, 23], [8, 22]]
]


def packed(ink):
    """Pack pixels of 8 levels, 0 to 7, two in a sign.

    Examples
    --------
    >>> packed([[0, 7], [1, 1]])
    'HJ'
    """
    first, second = np.reshape(ink, (-1, 2)).T.astype(int)
    return "".join(_SIGNS[pair] for pair in 8 * first + second)


class LiveTraining(Widget):
    """Train a small network in the page: loss, accuracy, filters, and a drawn digit (R5, Q14, C9).

    Eight 3×3 filters, ReLU, 2×2 max pooling and a dense layer learn from 300 of scikit-learn's
    digits in batches of 16, and are tested on 100 others: the first ones of chapter 8's training
    and test digits, in 8 levels of ink.

    Parameters
    ----------
    rate : float, optional
        The learning rate, from 0.0001 to 10.
    seed : int, optional
        Decides the first weights and the batches.
    strokes : list of list of (x, y), optional
        A drawing to begin with, on a page of 28 × 28.

    Notes
    -----
    ``step``, ``accuracy`` (of the test digits, from 0 to 1) and ``prediction`` (of the drawing)
    follow the training, whenever it pauses.
    """

    _label = "a small network that learns to read digits in this page, step by step"

    rate = traitlets.Float(0.1, min=0.0001, max=10).tag(sync=True)
    seed = traitlets.Int(0, min=0).tag(sync=True)
    strokes: traitlets.List = traitlets.List(default_value=_THREE).tag(sync=True)
    step = traitlets.Int(0).tag(sync=True)
    accuracy = traitlets.Float(0.0).tag(sync=True)
    prediction = traitlets.Int(0).tag(sync=True)
    digits = traitlets.Unicode().tag(sync=True)
    labels = traitlets.Unicode().tag(sync=True)

    @traitlets.default("digits")
    def _pixels(self):
        return packed(np.minimum(images.digits()[0][_chosen()] // 2, 7))

    @traitlets.default("labels")
    def _answers(self):
        return "".join(map(str, images.digits()[1][_chosen()]))


def _chosen():
    """Number the digits that are shown: those to learn from, then those to be tested on."""
    order = np.random.default_rng(0).permutation(1797)
    return np.concatenate([order[:_LEARN], order[1437 : 1437 + _TEST]])
