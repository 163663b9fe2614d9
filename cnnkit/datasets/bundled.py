"""The two data sets that need no download: real handwritten digits, and drawn cats and dogs."""

import operator
import random

import numpy as np

from cnnkit import images as pictures
from cnnkit.datasets.dataset import Dataset, part
from cnnkit.datasets.drawing import draw_animal

__all__ = ["cartoons", "digits"]


def digits(split="train"):
    """Return the handwritten digits that come with scikit-learn, 8×8 pixels.

    The article's drawn 4 (P3) has 1,797 real sisters; they serve wherever a network must train
    in seconds.

    Parameters
    ----------
    split : {'train', 'test', 'all'}, default 'train'
        Numbers 0 to 1,436 are for training, 1,437 to 1,796 for testing: other people wrote
        most of those.

    Returns
    -------
    Dataset
        `images` of shape (N, 8, 8): the 17 levels of the source (0 paper, 16 ink) stretched to
        0 … 255.

    Raises
    ------
    ImportError
        If scikit-learn is not installed.
    ValueError
        If there is no such split.
    """
    levels, labels = pictures.digits()
    images = np.rint(levels * (255 / 16)).astype(np.uint8)
    names = tuple("0123456789")
    licence = "Optical Recognition of Handwritten Digits, E. Alpaydin and C. Kaynak: CC BY 4.0."
    whole = Dataset(images, labels, names, np.arange(len(labels)), licence=licence)
    return part(whole, split, 1437)


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
        If `n` is below 1, `size` below 16, or `start` negative.
    TypeError
        If one of them is not a whole number.

    Examples
    --------
    >>> data = cartoons(6, size=32)
    >>> data.images.shape, sorted(data.labels.tolist())
    ((6, 32, 32, 3), [0, 0, 0, 1, 1, 1])
    """
    n, size = _whole("n", n, 1), _whole("size", size, 16)
    seed, start = _whole("seed", seed), _whole("start", start, 0)
    numbers = np.arange(start, start + n)
    labels = np.array([_species(seed, number) for number in numbers.tolist()])
    images = np.empty((n, size, size, 3), np.uint8)
    for image, label, number in zip(images, labels.tolist(), numbers.tolist(), strict=True):
        image[:] = draw_animal(label, size, random.Random(f"{seed}/{number}"))
    return Dataset(images, labels, ("cat", "dog"), numbers, licence="Drawn by cnnkit: yours.")


def _species(seed, number):
    """Each pair of numbers holds one cat and one dog, in an order that the dice decide."""
    return (number + random.Random(f"{seed}/pair {number // 2}").randrange(2)) % 2


def _whole(name, value, least=None):
    try:
        number = operator.index(value)
    except TypeError:
        raise TypeError(
            f"cartoons() got {name}={value!r}, which is not a whole number; write one, such as "
            f"{name}=64."
        ) from None
    if least is not None and number < least:
        raise ValueError(
            f"cartoons() got {name}={value!r}; it must be {least} or more"
            + (": below 16 pixels nobody can tell a cat from a dog." if name == "size" else ".")
        )
    return number
