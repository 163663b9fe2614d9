"""Training a network, whole: one loop to read, and what you want to know of its result.

:func:`fit` is the loop. It takes the tricks of today as plain arguments, each of which can be
switched off alone: augmentation, one-cycle learning rate, label smoothing, averaged weights,
mixed precision, compilation. It keeps a checkpoint from which a run goes on as if it had never
stopped, and it works in one process or in many (``torchrun``).
"""

from cnnkit.training.checkpoint import load_checkpoint, load_weights, save_checkpoint
from cnnkit.training.command import run
from cnnkit.training.devices import device_name, pick_device, processes
from cnnkit.training.loop import fit
from cnnkit.training.prediction import name_pictures
from cnnkit.training.results import (
    confusion_matrix,
    evaluate,
    grad_cam,
    predict,
    probabilities,
    worst_mistakes,
)
from cnnkit.training.views import random_views, to_bytes, to_input
from cnnkit.training.weights import build, load_trained, recipe, save_weights

__all__ = [
    "build",
    "confusion_matrix",
    "device_name",
    "evaluate",
    "fit",
    "grad_cam",
    "load_checkpoint",
    "load_trained",
    "load_weights",
    "name_pictures",
    "pick_device",
    "predict",
    "probabilities",
    "processes",
    "random_views",
    "recipe",
    "run",
    "save_checkpoint",
    "save_weights",
    "to_bytes",
    "to_input",
    "worst_mistakes",
]
