"""What the causes of several exercises are made of: sentences, and a convolution that slides."""

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

FLIPPED = "Your kernel is flipped (turned by 180°): the convolution of neural networks lays the kernel down as it is. The flipped one belongs to signal processing."
ONE_BIAS = "The bias is added once for each channel: it should be added once in all, to the sum."
FIRST_CHANNEL = "Only the first channel is used: each channel has its own slice of the kernel."
AVERAGED = "The channels are averaged: add their contributions up."
SEED_IGNORED = "Another seed gave the same network: the seed is not used."


def turned(kernel):
    """Turn a kernel by 180°."""
    return kernel[..., ::-1, ::-1]


def pad_sides(image, rows, columns):
    """Put zeros before and after the rows and the columns of each channel."""
    return np.pad(image, ((0, 0), rows, columns))


def slide(image, kernel):
    """Slide a kernel over the last two axes of an image, where it fits."""
    windows = sliding_window_view(np.asarray(image, float), kernel.shape, axis=(-2, -1))
    return np.einsum("...ijkl,kl->...ij", windows, kernel)


def sum_channels(image, kernel):
    """Slide each slice of a kernel over its channel, and add up."""
    return sum(slide(layer, weights) for layer, weights in zip(image, kernel, strict=True))


def filter_maps(image, kernels, biases):
    """List the map of each filter."""
    return [sum_channels(image, k) + b for k, b in zip(kernels, biases, strict=True)]
