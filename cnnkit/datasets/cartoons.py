"""Drawn cats and dogs: the article's task, in any number and size, without a download."""

import operator
import random

import numpy as np

from cnnkit.arguments import lesson
from cnnkit.datasets.dataset import Dataset, Entry
from cnnkit.datasets.drawing import draw_animal

__all__ = ["ENTRY", "cartoons"]


def cartoons(n=1000, size=64, seed=0, start=0):
    """Draw cats and dogs, as many as you like: the article's task (R1) without a download.

    Coat, markings, eyes, pose, place, size, turn, scene and clutter come from the same dice for
    both animals. What is left to tell them apart is shape: ears, muzzle, whiskers, pupils, tail.

    Parameters
    ----------
    n : int, default 1000
        How many; exactly half of an even number are cats.
    size : int, default 64
        Height and width in pixels, 16 or more.
    seed : int, default 0
        Another seed, other animals.
    start : int, default 0
        The number of the first picture. Picture number 7 of a seed is always the same, so
        ``cartoons(2000)`` for training and ``cartoons(500, start=2000)`` for testing share none.

    Returns
    -------
    Dataset
        `images` of shape (n, size, size, 3); label 0 is a cat, label 1 a dog.

    Raises
    ------
    ValueError
        If `n` is below 1, `size` below 16, `start` negative, or one of them no whole number.

    Examples
    --------
    >>> data = cartoons(6, size=32)
    >>> data.images.shape, sorted(data.labels.tolist())
    ((6, 32, 32, 3), [0, 0, 0, 1, 1, 1])
    """
    n, size = _whole("n", n, 1), _whole("size", size, 16)
    seed, start = _whole("seed", seed), _whole("start", start, 0)
    numbers = np.arange(start, start + n)
    images = np.empty((n, size, size, 3), np.uint8)  # first: too many are refused at once
    labels = np.array([_species(seed, number) for number in numbers.tolist()])
    for image, label, number in zip(images, labels.tolist(), numbers.tolist(), strict=True):
        image[:] = draw_animal(label, size, random.Random(f"{seed}/{number}"))
    return Dataset(images, labels, ("cat", "dog"), numbers, licence="Drawn by cnnkit: yours.")


def _species(seed, number):
    """Each pair of numbers holds one cat and one dog, in an order that the dice decide."""
    return (number + random.Random(f"{seed}/pair {number // 2}").randrange(2)) % 2


def _part(split, count=4000, size=64):
    """Draw `count` pictures for training, or a quarter as many others for testing."""
    if split == "train":
        return cartoons(count, size)
    return cartoons(max(2, count // 4), size, start=count)


def _whole(name, value, least=None):
    """Return a whole number of at least `least`."""
    try:
        number = operator.index(value)
        if least is None or number >= least:
            return number
    except TypeError:
        pass
    expected = "a whole number" if least is None else f"a whole number, {least} or more"
    if name == "size":
        expected += " (below, nobody can tell a cat from a dog)"
    remedy = f"Leave {name} out to get its default."
    raise lesson(f"cartoons({name}={value!r}) was called", expected, remedy)


ENTRY = Entry(
    what="cats and dogs, any number, any size",
    origin="drawn by our own code",
    articles="R1",
    load=_part,
    model="resnet",
    epochs=10,
    lr=5e-3,
    augment={"flip": True},
)
