"""Pictures and labels as people really have them: converted where they can be meant only one way.

All else is a lesson, before any work is done.
"""

import contextlib
import copy
import hashlib
from typing import NamedTuple

import numpy as np
import torch

from cnnkit.arguments import lesson
from cnnkit.training.views import to_input

__all__ = [
    "Pictures",
    "as_bytes",
    "as_labels",
    "as_pictures",
    "check_batch_of_one",
    "check_model",
    "check_scores",
]


class Pictures(NamedTuple):
    """Bytes, (N, H, W) or (N, H, W, C), and int64 labels, (N,)."""

    images: np.ndarray
    labels: np.ndarray

    def fingerprint(self):
        """Return a few letters that tell other pictures, labels or orders apart.

        All labels count, but of the pictures sixteen: a large set stays on disk.
        """
        rows = np.linspace(0, len(self.labels) - 1, 16).astype(int)
        digest = hashlib.sha256(self.labels.tobytes())
        digest.update(self.images[rows].tobytes())
        return digest.hexdigest()[:16]


def as_pictures(data, name):
    """Return the pictures and labels of a data set.

    Raises
    ------
    ValueError
        If there are none, or they cannot be taken for pictures and labels.
    """
    if not hasattr(data, "images") or not hasattr(data, "labels"):
        remedy = "Use cnnkit.datasets.Dataset(images, labels, names, numbers)."
        raise lesson(f"{name} of type {type(data).__name__}", "images and labels", remedy)
    images = as_bytes(data.images, f"{name}.images")
    return Pictures(images, as_labels(data.labels, len(images), f"{name}.labels"))


def as_bytes(images, name="images"):
    """Return pictures as bytes. Of yes and no, and of floats from 0 to 1, there is one way to."""
    images = np.asarray(images)
    if images.ndim not in (3, 4) or not images.size:
        expected = "at least one picture: (N, H, W), or (N, H, W, C) with colours"
        remedy = "Give one picture alone as images[None], and a batch as PyTorch has it turned "
        remedy += "with np.moveaxis(images, 1, -1)."
        raise lesson(f"{name} of shape {images.shape}", expected, remedy)
    if images.dtype == np.uint8:
        return images
    if images.dtype == bool:
        return images.astype(np.uint8) * 255
    if images.dtype.kind == "f" and images.min() >= 0 and images.max() <= 1:
        return np.rint(images * np.float32(255)).astype(np.uint8)
    given = f"{name} of {images.dtype}"
    if images.dtype.kind in "iuf":
        given += f" from {images.min():g} to {images.max():g}"
    remedy = "Bring black to 0 and white to 255, and take .astype(np.uint8)."
    raise lesson(given, "bytes (uint8), or floats from 0 to 1", remedy)


def as_labels(labels, count, name="labels"):
    """Return the labels of so many pictures as int64; a column of them will do."""
    labels = np.asarray(labels)
    if labels.ndim == 2 and labels.shape[1] == 1:
        labels = labels[:, 0]
    if labels.ndim != 1:
        remedy = "If each row marks its class with a 1, take labels.argmax(1)."
        raise lesson(f"{name} of shape {labels.shape}", f"({count},), one a picture", remedy)
    if len(labels) != count:
        remedy = "Choose the same rows of both."
        raise lesson(f"{len(labels)} {name} for {count} pictures", "one a picture", remedy)
    if not _are_whole(labels):
        remedy = "Number the classes: np.unique(labels, return_inverse=True)[1]."
        raise lesson(
            f"{name} of {labels.dtype} such as {labels[:1].tolist()[0]!r}", "whole numbers", remedy
        )
    if labels.min(initial=0) < 0:
        remedy = "Number the classes from 0 on."
        raise lesson(f"{name} from {labels.min():g} on", "0 or more", remedy)
    return labels.astype(np.int64, copy=False)


def _are_whole(labels):
    if labels.dtype.kind == "f":
        return np.array_equal(labels, np.rint(labels))
    return labels.dtype.kind in "biu"


def check_scores(scores, labels, name="labels"):
    """Refuse scores that are not one for each class, or labels that have no score."""
    if scores.ndim != 2 or scores.shape[1] < 2:
        given = f"a model that makes {tuple(scores.shape)} of {len(scores)} picture(s)"
        remedy = "Let it end with a Linear layer of as many outputs as there are classes."
        raise lesson(given, "(N, classes), with a score for each of two or more", remedy)
    classes = scores.shape[1]
    if labels.max(initial=0) < classes:
        return
    given = f"{name} from {labels.min()} to {labels.max()} for a model of {classes} outputs"
    shifted = labels.min() == 1 and labels.max() == classes
    remedy = "Use labels - 1." if shifted else "Give the model as many outputs as classes."
    raise lesson(given, f"0 to {classes - 1}", remedy)


def check_model(model, pictures, name):
    """Refuse pictures or labels that do not go with the model."""
    first = _first(model, pictures)
    was_training = model.training
    with torch.no_grad(), _as_lesson(f"{name}.images of shape {pictures.images.shape}"):
        # Not called, but its forward: so hooks that count the steps are not disturbed.
        scores = model.eval().forward(first)
    model.train(was_training)
    check_scores(scores, pictures.labels, f"{name}.labels")


def check_batch_of_one(model, pictures):
    """Refuse batch normalisation where it would see one value alone, which it makes 0."""
    first = _first(model, pictures)
    cuda = [first.device] if first.device.type == "cuda" else []
    with torch.no_grad(), torch.random.fork_rng(devices=cuda):
        try:
            copy.deepcopy(model).train().forward(first)
        except ValueError as error:
            remedy = "Use batch_size=2 or more (of many processes: for each)."
            raise lesson(f"batch_size=1 ({error})", "enough to normalise by", remedy) from error


def _first(model, pictures):
    """Return the first picture alone, as the model wants it, where it is."""
    first = to_input(torch.from_numpy(np.array(pictures.images[:1])))
    return first.to(next(model.parameters()).device)


@contextlib.contextmanager
def _as_lesson(given):
    """Tell what a model says of pictures that it cannot take."""
    try:
        yield
    except (RuntimeError, ValueError) as error:
        remedy = "Build the model for the size and the channels of the pictures."
        raise lesson(f"{given} ({error})", "pictures that the model can take", remedy) from error
