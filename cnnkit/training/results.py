"""What a network has learned: how often it is right, where it errs, what it looks at."""

import numpy as np
import torch
from torch import distributed
from torch.nn import functional as F

from cnnkit.arguments import lesson, whole
from cnnkit.training.devices import autocasting, rank_and_world
from cnnkit.training.pictures import as_bytes, as_labels, as_pictures, check_scores
from cnnkit.training.views import to_bytes, to_input

__all__ = [
    "confusion_matrix",
    "evaluate",
    "grad_cam",
    "predict",
    "probabilities",
    "worst_mistakes",
]


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
    """
    images, batch_size = as_bytes(images), whole(batch_size, "batch_size")
    first = next(model.parameters())
    autocast, _ = autocasting(precision, first.device)
    was_training, found = model.training, []
    model.eval()
    with torch.inference_mode(), autocast:
        for start in range(0, len(images), batch_size):
            batch = torch.from_numpy(np.array(images[start : start + batch_size]))
            batch = to_input(batch.to(first.device))
            rows = model(batch).float().softmax(1)
            if flip:
                rows = (rows + model(batch.flip(3)).float().softmax(1)) / 2
            found.append(rows)
    model.train(was_training)
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
    rows = probabilities(model, images, flip=flip, batch_size=batch_size, precision=precision)
    check_scores(rows, labels, "data.labels")
    losses = -np.log(rows[np.arange(len(rows)), labels].clip(1e-12))
    sums = torch.tensor([losses.sum(), (rows.argmax(1) == labels).sum()], dtype=torch.float32)
    if world > 1:
        sums = sums.to(next(model.parameters()).device)
        distributed.all_reduce(sums)
    loss, right = (sums.double() / len(pictures.labels)).tolist()
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
    """
    size = whole(size, "size")
    channels = next(p for p in model.parameters() if p.ndim == 4).shape[1]
    row = probabilities(model, to_bytes(image, size, channels)[None], flip=flip)[0]
    if len(names) != len(row):
        given = f"{len(names)} names for a model of {len(row)} outputs"
        raise lesson(given, "a name for each", "Give names in the order of their labels.")
    return {names[i]: float(row[i]) for i in np.argsort(-row, kind="stable")}


def grad_cam(model, image, label=None, layer=None):
    """Show where a model has looked (Grad-CAM, Selvaraju et al. 2017).

    Each channel of the last map is weighted by how much the score of the label would rise with
    it; the weighted sum, where positive, is the heat.

    Parameters
    ----------
    model : torch.nn.Module
    image : ndarray of uint8, shape (H, W, C), or (H, W) when grey
    label : int, optional
        Of which class; by default of the model's answer.
    layer : torch.nn.Module, optional
        Whose output to take; by default the last that is still a picture.

    Returns
    -------
    ndarray of float32, shape (H, W)
        From 0 to 1, or zeros where nothing spoke for the label.
    """
    maps = []
    watched = [layer] if layer is not None else list(model.modules())
    hooks = [m.register_forward_hook(lambda _, __, output: maps.append(output)) for m in watched]
    was_training = model.training
    model.eval()
    try:
        batch = to_input(torch.from_numpy(np.array(image))[None])
        scores = model(batch.to(next(model.parameters()).device))[0]
    finally:
        model.train(was_training)
        for hook in hooks:
            hook.remove()
    last = [m for m in maps if m.ndim == 4 and m.shape[2] * m.shape[3] > 1][-1]
    (gradient,) = torch.autograd.grad(scores[scores.argmax() if label is None else label], last)
    heat = F.relu((gradient.mean((2, 3), keepdim=True) * last).sum(1, keepdim=True))
    heat = F.interpolate(heat, size=image.shape[:2], mode="bilinear")[0, 0]
    return (heat / heat.max().clamp(min=1e-12)).detach().cpu().numpy()
