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
from cnnkit.training.devices import home_of, rank_and_world
from cnnkit.training.views import to_input

__all__ = [
    "Pictures",
    "as_bytes",
    "as_labels",
    "as_names",
    "as_pictures",
    "check_batch_of_one",
    "check_model",
    "check_network",
    "check_scores",
    "check_shares",
    "evaluating",
    "scores_of",
    "takes",
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
    if labels.max(initial=0) >= 2**62:
        remedy = "Number the classes: np.unique(labels, return_inverse=True)[1]."
        raise lesson(f"{name} up to {labels.max():g}", "numbers of classes", remedy)
    return labels.astype(np.int64, copy=False)


def as_names(names):
    """Return the names of the classes in a list, each of them once."""
    in_order = "Give them in the order of their labels."
    try:
        names = None if isinstance(names, (str, set, frozenset)) else list(names)
    except TypeError:
        names = None
    if names is None:
        raise lesson("names that are no list", "one such as ['cat', 'dog']", in_order)
    if twice := [name for i, name in enumerate(names) if name in names[:i]]:
        raise lesson(f"the name {twice[0]!r} twice", "names that are all different", in_order)
    return names


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


def check_network(model):
    """Refuse what is no network, has nothing to learn, or keeps its weights in another dtype."""
    home_of(model)
    remedy = "Build one, such as cnnkit.models.small_resnet(classes=2)."
    if not any(p.requires_grad for p in model.parameters()):
        given = "a model without parameters to learn"
        raise lesson(given, "a torch.nn.Module with parameters", remedy)
    for parameter in model.parameters():
        if parameter.is_floating_point() and parameter.dtype != torch.float32:
            remedy = "Call model.float(); precision='bfloat16' or 'float16' computes in less."
            raise lesson(f"a model with weights of {parameter.dtype}", "torch.float32", remedy)


def check_shares(pictures, name):
    """Refuse pictures that are fewer than the processes that shall judge by them."""
    count, (_, world) = len(pictures.labels), rank_and_world()
    if count < world:
        given = f"{count} pictures of {name} for {world} processes"
        raise lesson(given, "one or more for each", "Use fewer processes, or more pictures.")


def check_model(model, pictures, name):
    """Refuse pictures or labels that do not go with the model."""
    with torch.no_grad(), evaluating(model):
        # Not called, but its forward: so hooks that count the steps are not disturbed.
        given = f"{name}.images of shape {pictures.images.shape}"
        scores = scores_of(model.forward, _first(model, pictures), given)
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
    return to_input(torch.from_numpy(np.array(pictures.images[:1]))).to(*home_of(model))


@contextlib.contextmanager
def evaluating(model):
    """Switch a network to evaluation, and each of its layers back to what it was."""
    modes = {layer: layer.training for layer in model.modules()}
    model.eval()
    try:
        yield
    finally:
        for layer, mode in modes.items():
            layer.training = mode


def scores_of(model, batch, given):
    """Return what a network makes of a batch; what it says of one that it cannot take, as a lesson.

    `model` is the network or its ``forward``, `batch` comes from :func:`to_input`, and `given` says
    what it has been made of.
    """
    try:
        scores = model(batch)
    except torch.OutOfMemoryError:
        raise
    except (RuntimeError, ValueError, IndexError) as error:
        others = [c for c in (1, 3) if _runs(model, batch.new_zeros(1, c, *batch.shape[2:]))]
        expected = "pictures that the model can take"
        expected += f", here of {others[0]} channel(s)" if others else ""
        remedy = "Build the model for the size and the channels of the pictures, or convert these."
        raise lesson(f"{given} ({error})", expected, remedy) from error
    if not isinstance(scores, torch.Tensor) or scores.ndim == 0 or len(scores) != len(batch):
        kind = type(scores).__name__
        remedy = "Wrap the model in one that returns the scores alone."
        raise lesson(f"a model that makes a {kind}", "a tensor of scores, (N, classes)", remedy)
    return scores


def takes(model, channels, size):
    """Whether a network takes square pictures of so many channels."""
    device, dtype = home_of(model)
    with torch.no_grad(), evaluating(model):
        picture = torch.zeros(1, channels, size, size, device=device, dtype=dtype)
        return _runs(model.forward, picture)


def _runs(model, batch):
    try:
        model(batch)
    except (RuntimeError, ValueError, IndexError):
        return False
    return True
