"""A schedule of the learning rate, and what becomes of the loss."""

import traitlets

from cnnkit.widgets.base import Widget

__all__ = ["LearningRate"]


class LearningRate(Widget):
    """Why the learning rate goes up, and then down: five schedules in one valley.

    The valley has a flat side, and a steep one that is steepest at the start; every gradient is
    noisy. What SGD is to be expected to do there follows from the rates alone, without drawing any
    noise: the mean and the variance of each weight, step by step.

    Parameters
    ----------
    schedule : {'cycle', 'warmup', 'cosine', 'steps', 'constant'}, optional
        As PyTorch has them: ``OneCycleLR``, ``LinearLR`` before ``CosineAnnealingLR``, that alone,
        ``StepLR``, and none.
    peak : float, optional
        The highest rate, from 0.01 to 1.5.
    """

    _label = "a schedule of the learning rate, and the loss that it leads to"

    schedule = traitlets.Enum(["constant", "steps", "cosine", "warmup", "cycle"], "cycle").tag(
        sync=True
    )
    peak = traitlets.Float(0.5, min=0.01, max=1.5).tag(sync=True)
