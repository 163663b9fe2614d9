"""Gradient descent: the loss over one weight or two, a dot, and its steps downhill."""

import traitlets

from cnnkit.arguments import lesson
from cnnkit.widgets.base import Widget

__all__ = ["GradientDescent"]

_FIRST = {
    1: {"start": [-2.2], "rate": 0.5, "step": 1},
    2: {"start": [-1.5, 0.8], "rate": 1.0, "step": 6},
}


class GradientDescent(Widget):
    """Gradient descent on a loss of real digits, step by step (F2, Q14).

    The 360 digits 0 and 1 of scikit-learn are read by one weight, or by two. Each weight meets
    the ink of one pixel (0 to 1), and their products should add up to 1 for a 1, to 0 for a 0.
    The loss is the mean squared error.

    Parameters
    ----------
    weights : {1, 2}, optional
        How many weights there are: a curve, or contour lines of a long valley.
    rate : float, optional
        The learning rate, from 0.001 to 10.
    momentum : float, optional
        From 0 to 0.99, as in `torch.optim.SGD`: each step follows the velocity, which is
        ``momentum * velocity + gradient``.
    adam : bool, optional
        Step as `torch.optim.Adam` with its own settings does, without that momentum: by the mean
        gradient, divided by the gradient's usual size.
    start : list of float, optional
        Where the weights begin, between −5 and 5.
    step : int, optional
        How many steps are taken, up to 50.

    Raises
    ------
    TraitError
        If a value lies outside.
    ValueError
        If `start` does not have as many numbers as there are weights.
    """

    _label = "the loss over a weight, and gradient descent on it, step by step"

    weights = traitlets.Int(1, min=1, max=2).tag(sync=True)
    rate = traitlets.Float(0.5, min=0.001, max=10).tag(sync=True)
    momentum = traitlets.Float(0.0, min=0, max=0.99).tag(sync=True)
    adam = traitlets.Bool(False).tag(sync=True)
    start: traitlets.List = traitlets.List(traitlets.Float(min=-5, max=5)).tag(sync=True)
    step = traitlets.Int(1, min=0, max=50).tag(sync=True)

    def __init__(self, **kwargs):
        first = _FIRST.get(kwargs.get("weights", 1), {})
        super().__init__(**(first | ({"step": 0} if "start" in kwargs else {}) | kwargs))
        if len(self.start) != self.weights:
            raise lesson(
                f"weights={self.weights} and start={list(self.start)} were given",
                "one number to start from for each weight",
                f"Use start={_FIRST[self.weights]['start']}.",
            )
