"""Scores, softmax, cross-entropy, and the gradient as arrows."""

import numpy as np
import traitlets

from cnnkit.widgets.base import Array, Widget

__all__ = ["SoftmaxLoss"]


class SoftmaxLoss(Widget):
    """Scores, softmax with a temperature, cross-entropy, and the gradient as arrows (F1, F2).

    Parameters
    ----------
    logits : array_like, shape (classes,), optional
        2 to 10 scores between −8 and 8.
    labels : list of str, optional
        Names of the classes.
    target : int, optional
        The true class.
    temperature : float, optional
    rate : float, optional
        Step length of the button that goes downhill.
    """

    _label = "scores, their softmax, the cross-entropy and its gradient"

    logits = Array([2.0, 1.0, 0.1, -1.0], 1, " (classes)")
    labels = traitlets.List(traitlets.Unicode(), ["cat", "dog", "bird", "frog"]).tag(sync=True)
    target = traitlets.Int(1, min=0).tag(sync=True)
    temperature = traitlets.Float(1.0, min=0.2, max=5.0).tag(sync=True)
    rate = traitlets.Float(1.0, min=0.0).tag(sync=True)

    def __init__(self, logits=None, labels=None, **kwargs):
        if logits is not None:
            kwargs["logits"] = logits
            kwargs.setdefault("target", 0)
            labels = labels or [f"class {i}" for i in range(len(kwargs["logits"]))]
        if labels is not None:
            kwargs["labels"] = list(labels)
        super().__init__(**kwargs)
        classes = len(self.logits)
        if not 2 <= classes <= 10 or np.abs(self.logits).max() > 8:
            raise ValueError(
                f"SoftmaxLoss: 2 to 10 scores between −8 and 8 can be shown; got {self.logits}."
            )
        if len(self.labels) != classes or self.target >= classes:
            raise ValueError(
                f"SoftmaxLoss: {classes} scores need {classes} labels and a target from 0 to "
                f"{classes - 1}; got {len(self.labels)} labels and target {self.target}."
            )
