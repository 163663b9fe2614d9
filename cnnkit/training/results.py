"""What a network has learned: how often it is right, where it errs, what it looks at."""

import math

import numpy as np
import torch
from torch import distributed
from torch.nn import functional as F

from cnnkit.arguments import flag, lesson, whole
from cnnkit.training.devices import autocasting, home_of, rank_and_world
from cnnkit.training.pictures import (
    as_bytes,
    as_labels,
    as_names,
    as_pictures,
    check_scores,
    evaluating,
    scores_of,
    takes,
)
from cnnkit.training.views import to_bytes, to_input

__all__ = [
    "confusion_matrix",
    "evaluate",
    "grad_cam",
    "predict",
    "probabilities",
    "worst_mistakes",
]

_IN_ORDER = "Give names in the order of their labels."


def probabilities(model, images, *, flip=False, batch_size=256, precision="auto"):
    """Return what a model makes of pictures, on the device where it is.

    Parameters
    ----------
    model : torch.nn.Module
    images : ndarray of uint8, shape (N, H, W, C), or (N, H, W) when grey
        Of bool, or of floats from 0 to 1, they are converted.
    flip : bool, default False
        Look at each picture's mirror image too, and average.
    batch_size : int
    precision : str
        As in :func:`fit`.

    Returns
    -------
    ndarray of float32, shape (N, classes)
        Each row sums to 1.

    Raises
    ------
    ValueError
        If there are no pictures, the network cannot take them, or it does not make a score for each
        of two or more classes.
    """
    how = {"flip": flip, "batch_size": batch_size, "precision": precision}
    return np.exp(_logarithms(model, as_bytes(images), "images", **how))


def _logarithms(model, images, name, *, flip, batch_size, precision):
    """Return the logarithms of probabilities: of these, even the smallest is a float."""
    flip, batch_size = flag(flip, "flip"), whole(batch_size, "batch_size")
    device, dtype = home_of(model)
    autocast, _ = autocasting(precision, device)
    found = []

    def read(batch):
        scores = scores_of(model, batch, f"{name} of shape {images.shape}")
        check_scores(scores, np.zeros(0, int))
        return scores.float().log_softmax(1)

    with torch.inference_mode(), evaluating(model), autocast:
        for start in range(0, len(images), batch_size):
            batch = torch.from_numpy(np.array(images[start : start + batch_size]))
            batch = to_input(batch.to(device)).to(dtype)
            rows = read(batch)
            if flip:
                rows = torch.logaddexp(rows, read(batch.flip(3))) - math.log(2)
            found.append(rows)
    return torch.cat(found).cpu().numpy()


def evaluate(model, data, *, flip=False, batch_size=256, precision="auto"):
    """Return (loss, accuracy) on a data set: mean cross-entropy, and share of right answers.

    In many processes each judges its share, and all get the same answer.

    Parameters
    ----------
    model : torch.nn.Module
    data : cnnkit.datasets.Dataset
    flip, batch_size, precision
        As in :func:`probabilities`.

    Returns
    -------
    tuple of float
    """
    rank, world = rank_and_world()
    pictures = as_pictures(data, "data")
    if len(pictures.labels) < world:
        given = f"{len(pictures.labels)} pictures for {world} processes"
        raise lesson(given, "one or more for each", "Judge by more pictures.")
    images, labels = pictures.images[rank::world], pictures.labels[rank::world]
    how = {"flip": flip, "batch_size": batch_size, "precision": precision}
    rows = _logarithms(model, images, "data.images", **how)
    check_scores(rows, labels, "data.labels")
    losses = -rows[np.arange(len(rows)), labels]
    sums = [losses.sum(dtype=np.float64), (rows.argmax(1) == labels).sum()]
    if world > 1:
        shared = torch.tensor(sums, dtype=torch.float64, device=home_of(model)[0])
        distributed.all_reduce(shared)
        sums = shared.tolist()
    loss, right = (float(total) / len(pictures.labels) for total in sums)
    return loss, right


def confusion_matrix(probabilities, labels):
    """Count what was taken for what.

    Parameters
    ----------
    probabilities : ndarray, shape (N, classes)
    labels : ndarray of int, shape (N,)

    Returns
    -------
    ndarray of int, shape (classes, classes)
        A row for each true label, a column for each answer; the diagonal was right.
    """
    probabilities = np.asarray(probabilities)
    labels = as_labels(labels, len(probabilities))
    check_scores(probabilities, labels)
    classes = probabilities.shape[1]
    pairs = labels * classes + probabilities.argmax(1)
    return np.bincount(pairs, minlength=classes**2).reshape(classes, classes)


def worst_mistakes(probabilities, labels, count=9):
    """Find the pictures whose true label was thought least likely.

    Parameters
    ----------
    probabilities : ndarray, shape (N, classes)
    labels : ndarray of int, shape (N,)
    count : int, default 9

    Returns
    -------
    ndarray of int
        Indices of wrongly answered pictures, the worst first; fewer if there are fewer.
    """
    probabilities = np.asarray(probabilities)
    labels, count = as_labels(labels, len(probabilities)), whole(count, "count", 0)
    check_scores(probabilities, labels)
    order = np.argsort(probabilities[np.arange(len(labels)), labels], kind="stable")
    return order[probabilities[order].argmax(1) != labels[order]][:count]


def predict(model, image, size, names, flip=False):
    """Let a model name one picture of any size and kind (R6, Q15, Q19).

    Parameters
    ----------
    model : torch.nn.Module
    image : PIL.Image.Image, path-like, or ndarray
        Its middle square is scaled to what the model was trained with.
    size : int
        Height and width in training.
    names : sequence of str
        The classes, in the order of their labels.
    flip : bool, default False
        Average with the answer to the mirror image.

    Returns
    -------
    dict of str to float
        The probability of each name, the likeliest first.

    Raises
    ------
    ValueError
        If the model takes no pictures of that size, neither in colour nor in grey, or there is not
        a name for each of its outputs.
    """
    size, names = whole(size, "size"), as_names(names)
    channels = next((c for c in (3, 1) if takes(model, c, size)), None)
    if channels is None:
        given = f"a network that takes no picture of {size} × {size} pixels"
        remedy = "Give the size and the channels that it was trained with."
        raise lesson(given, "one for pictures of that size, in colour or grey", remedy)
    row = probabilities(model, to_bytes(image, size, channels)[None], flip=flip)[0]
    if len(names) != len(row):
        given = f"{len(names)} names for a model of {len(row)} outputs"
        raise lesson(given, "a name for each", _IN_ORDER)
    return {names[i]: float(row[i]) for i in np.argsort(-row, kind="stable")}


def grad_cam(model, image, label=None, layer=None):
    """Show where a model has looked (Grad-CAM, Selvaraju et al. 2017).

    Each channel of the last map is weighted by how much the score of the label would rise with
    it; the weighted sum, where positive, is the heat.

    Parameters
    ----------
    model : torch.nn.Module
        It is left as it was: layers frozen or not, training or evaluating.
    image : ndarray of uint8, shape (H, W, C), or (H, W) when grey
        Of bool, or of floats from 0 to 1, it is converted.
    label : int, optional
        Of which class; by default of the model's answer. A model with a single output speaks for
        class 1 where that is positive, and for class 0 where it is negative.
    layer : torch.nn.Module, optional
        Whose output to take; by default the last that is still a picture.

    Returns
    -------
    ndarray of float32, shape (H, W)
        From 0 to 1, or zeros where nothing spoke for the label.

    Raises
    ------
    ValueError
        If there is no such label, the layer makes no maps, or the model has none of more than one
        pixel on the way to its answer.
    """
    home_of(model)
    image = np.asarray(image)
    if image.ndim not in (2, 3):
        remedy = "Give one picture at a time: images[0]."
        raise lesson(f"an image of shape {image.shape}", "(H, W), or (H, W, C)", remedy)
    if layer is not None and not isinstance(layer, torch.nn.Module):
        remedy = "Give the layer itself, such as model[0], and not its name."
        raise lesson(f"layer={layer!r}", "a torch.nn.Module of the network", remedy)
    given, image = f"an image of shape {image.shape}", as_bytes(image[None], "image")
    maps, hooks = [], []

    def watch(layer, inputs, output):
        if isinstance(output, torch.Tensor) and output.ndim == 4 and output.is_floating_point():
            maps.append(output if output.requires_grad else output.requires_grad_())

    try:
        for watched in model.modules() if layer is None else [layer]:
            hooks.append(watched.register_forward_hook(watch))
        with torch.inference_mode(False), torch.enable_grad(), evaluating(model):
            batch = to_input(torch.from_numpy(np.array(image))).to(*home_of(model))
            scores = scores_of(model, batch.requires_grad_(), given).flatten()
            score = scores[_label(scores, label)] if len(scores) > 1 else _single(scores[0], label)
            seen = [m for m in maps if m.shape[2] * m.shape[3] > 1]
            slopes = torch.autograd.grad(score, seen, allow_unused=True) if seen else []
    finally:
        for hook in hooks:
            hook.remove()
    pairs = [pair for pair in zip(slopes, seen, strict=True) if pair[0] is not None]
    if not pairs:
        given = "a network without maps on the way to its answer"
        expected = "a layer that makes (N, C, H, W) of more than one pixel"
        raise lesson(given, expected, "Take a network with convolutions, or a larger picture.")
    slope, last = pairs[-1]
    heat = F.relu((slope.mean((2, 3), keepdim=True) * last).sum(1, keepdim=True)).detach().float()
    heat = F.interpolate(heat, size=image.shape[1:3], mode="bilinear")[0, 0]
    return (heat / heat.max().clamp(min=1e-12)).cpu().numpy()


def _label(scores, label):
    """Return the number of the class to speak for."""
    if label is None:
        return int(scores.argmax())
    label = whole(label, "label", 0)
    if label >= len(scores):
        given = f"label={label} for a model of {len(scores)} outputs"
        raise lesson(given, f"0 to {len(scores) - 1}", "Count classes from 0.")
    return label


def _single(score, label):
    """Turn a single output into the score of class 1, or of class 0, or of the likelier one."""
    return score if _label(torch.stack([-score, score]), label) else -score
