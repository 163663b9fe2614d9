"""The handwritten digits of two measurements: MNIST, or noise of its form for a trial."""

import numpy as np

from cnnkit import datasets


def load(trial=False):
    """Return images and labels to learn from, then those to judge by.

    Images are bytes of shape (N, 1, 28, 28); 0 is paper, 255 full ink.
    """
    if trial:
        dice = np.random.default_rng(0)
        images = dice.integers(0, 256, (1280, 1, 28, 28), np.uint8)
        labels = dice.integers(0, 10, 1280)
        return images, labels, images, labels
    train, test = datasets.mnist("train"), datasets.mnist("test")
    return train.images[:, None], train.labels, test.images[:, None], test.labels
