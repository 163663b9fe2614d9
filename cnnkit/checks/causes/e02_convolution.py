"""Misunderstandings of exercise 2: what slides, what is summed, what is added."""

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from cnnkit.checks.causes.shared import (
    AVERAGED,
    FIRST_CHANNEL,
    FLIPPED,
    ONE_BIAS,
    filter_maps,
    slide,
    sum_channels,
    turned,
)

NO_VERTICAL = (
    "Your kernel does not answer where dark lies beside bright: left and right must differ."
)
ANSWERS_TO_FLAT = "Your kernel answers to a flat area: the brighter it is, the more. Its weights must add up to 0."
ANSWERS_TO_HORIZONTAL = (
    "Your kernel answers to horizontal edges too: the weights of each of its rows must add up to 0."
)


def _around(image, kernel):
    """Put zeros around an image so that the result is as large as the image."""
    rows, columns = kernel.shape[-2:]
    pad = [(0, 0)] * (image.ndim - 2)
    pad += [((rows - 1) // 2, rows // 2), ((columns - 1) // 2, columns // 2)]
    return np.pad(image, pad)


def _bytes_like(image, kernel):
    """Compute as a byte does: without a sign, modulo 256."""
    return slide(image, kernel) % 256


def _byte_products(image, kernel):
    """Multiply in bytes, but add up in a wider type, as NumPy's sum does."""
    windows = sliding_window_view(np.asarray(image, int), kernel.shape, axis=(-2, -1))
    return (windows * np.asarray(kernel, int) % 256).sum(axis=(-2, -1))


def _pairs(image, weights):
    return slide(image, np.asarray(weights, float)[None])


NO_BIAS = "The bias is missing: add it once, after the sum."
NOT_SUMMED = "The channels are still apart: add their results up into one."
WRAPPED = "The values wrapped around in 8 bits: turn the image into floats first."

CAUSES: dict[str, list] = {
    "slide_pairs": [
        (
            "Your weights are swapped (flipped): the first one belongs to the left pixel.",
            lambda image, w: _pairs(image, w[::-1]),
        ),
        (
            "You slide down the columns: the pair lies beside each other, along a row.",
            lambda image, w: slide(image, w[:, None]),
        ),
        (
            "The last pixel is paired with the first (it wraps around): stop one pixel earlier.",
            lambda image, w: _pairs(np.concatenate([image, image[:, :1]], axis=1), w),
        ),
        (
            "You added zeros at the right side: the pair may only lie where two pixels are.",
            lambda image, w: _pairs(np.pad(image, ((0, 0), (0, 1))), w),
        ),
        (
            "You added zeros at the left side: the pair may only lie where two pixels are.",
            lambda image, w: _pairs(np.pad(image, ((0, 0), (1, 0))), w),
        ),
        (
            "The pair jumps two pixels at a time: it moves on by one, so pairs overlap.",
            lambda image, w: _pairs(image, w)[:, ::2],
        ),
        (
            "Your result is one column too small: the last pair ends at the last pixel.",
            lambda image, w: _pairs(image, w)[:, :-1],
        ),
        (
            "The two products are averaged: they should be added.",
            lambda image, w: _pairs(image, w) / 2,
        ),
        (
            "The two products are multiplied: they should be added.",
            lambda image, w: image[:, :-1] * w[0] * image[:, 1:] * w[1],
        ),
        (
            "The second weight is never used.",
            lambda image, w: image[:, :-1] * w[0],
        ),
        (
            "The fractions are cut off by an integer type: compute in floats.",
            lambda image, w: np.trunc(_pairs(image, w)),
        ),
    ],
    "convolve": [
        (FLIPPED, lambda image, k: slide(image, turned(k))),
        (
            "Your kernel is upside down: its first row belongs to the top.",
            lambda image, k: slide(image, k[::-1]),
        ),
        (
            "Your kernel is mirrored (flipped left to right): lay it down as it is.",
            lambda image, k: slide(image, k[:, ::-1]),
        ),
        (
            "Your kernel is transposed: its rows and columns have changed places.",
            lambda image, k: slide(image, k.T),
        ),
        (
            "You padded the image: here the kernel only lies where it fits.",
            lambda image, k: slide(_around(image, k), k),
        ),
        (
            "Each sum is divided by the number of weights: no average, only the sum.",
            lambda image, k: slide(image, k) / k.size,
        ),
        (
            "Your result is one too small: the last row and column of positions are missing. There are H - kH + 1 positions; range stops before its end.",
            lambda image, k: slide(image, k)[:-1, :-1],
        ),
        (
            "Your result is one too large: the kernel hangs over the edge.",
            lambda image, k: slide(np.pad(image, ((0, 1), (0, 1))), k),
        ),
        (
            "The windows do not overlap: the kernel moves on by one pixel, not by its own size.",
            lambda image, k: slide(image, k)[:: k.shape[0], :: k.shape[1]],
        ),
        (
            "You take the largest product: add all of them up.",
            lambda image, k: (sliding_window_view(image, k.shape) * k).max(axis=(2, 3)),
        ),
        (
            "The pixels of each window are added without the kernel's weights.",
            lambda image, k: slide(image, np.ones_like(k)),
        ),
        (WRAPPED, _bytes_like),
        (WRAPPED, _byte_products),
    ],
    "convolve_channels": [
        (NO_BIAS, lambda image, k, b=0.0: sum_channels(image, k)),
        (ONE_BIAS, lambda image, k, b=0.0: sum_channels(image, k) + len(image) * b),
        (FLIPPED, lambda image, k, b=0.0: sum_channels(image, turned(k)) + b),
        (FIRST_CHANNEL, lambda image, k, b=0.0: slide(image[0], k[0]) + b),
        (AVERAGED, lambda image, k, b=0.0: sum_channels(image, k) / len(image) + b),
        (NOT_SUMMED, lambda image, k, b=0.0: np.stack(list(map(slide, image, k))) + b),
        (
            "Only the last channel is used: the loop overwrites what it should add to.",
            lambda image, k, b=0.0: slide(image[-1], k[-1]) + b,
        ),
        (
            "The kernel's first slice is used on every channel: each channel has its own slice.",
            lambda image, k, b=0.0: slide(image.sum(axis=0), k[0]) + b,
        ),
        (
            "The slices of the kernel meet the wrong channels: they are in reverse order.",
            lambda image, k, b=0.0: sum_channels(image, k[::-1]) + b,
        ),
        (
            "The bias is subtracted: it should be added.",
            lambda image, k, b=0.0: sum_channels(image, k) - b,
        ),
        (
            "The bias is added to every product: it should be added once, after the sum.",
            lambda image, k, b=0.0: sum_channels(image, k) + k.size * b,
        ),
        (
            "You padded the image: here the kernel only lies where it fits.",
            lambda image, k, b=0.0: sum_channels(_around(image, k), k) + b,
        ),
        (WRAPPED, lambda image, k, b=0.0: sum(map(_byte_products, image, k)) + b),
    ],
    "convolve_filters": [
        (
            "The biases are missing: each filter adds its own.",
            lambda image, ks, bs: np.stack([sum_channels(image, k) for k in ks]),
        ),
        (
            "Every filter adds the first bias: each has its own.",
            lambda image, ks, bs: np.stack([sum_channels(image, k) + bs[0] for k in ks]),
        ),
        (
            "Every filter adds all the biases: each has its own.",
            lambda image, ks, bs: np.stack([sum_channels(image, k) + bs.sum() for k in ks]),
        ),
        (
            ONE_BIAS,
            lambda image, ks, bs: np.stack(
                [sum_channels(image, k) + len(image) * b for k, b in zip(ks, bs, strict=True)]
            ),
        ),
        (
            "The filters come last: stack their results along a new first axis.",
            lambda image, ks, bs: np.stack(filter_maps(image, ks, bs), axis=-1),
        ),
        (
            "The results of the filters are added up: each filter makes a map of its own.",
            lambda image, ks, bs: sum(filter_maps(image, ks, bs)),
        ),
        ("Only the first filter is used.", lambda image, ks, bs: filter_maps(image, ks, bs)[:1]),
        ("Only the first filter is used.", lambda image, ks, bs: filter_maps(image, ks, bs)[0]),
        (
            "The filters are in reverse order.",
            lambda image, ks, bs: np.stack(filter_maps(image, ks, bs)[::-1]),
        ),
        (FLIPPED, lambda image, ks, bs: np.stack(filter_maps(image, turned(ks), bs))),
        (
            FIRST_CHANNEL,
            lambda image, ks, bs: np.stack(filter_maps(image[:1], ks[:, :1], bs)),
        ),
        (
            AVERAGED,
            lambda image, ks, bs: np.stack(filter_maps(image / len(image), ks, bs)),
        ),
    ],
}

IDEAS = {
    "slide_pairs": "Think of the picture twice: once without its last column, once without its first. Laid on each other, every left pixel meets its right neighbour; weigh both grids and add them.",
    "convolve": "Two questions, two loops: at which places does the kernel fit, and what is the number there? At one place, cut out the window that lies under the kernel, multiply it with the kernel place by place, and add everything up.",
    "convolve_channels": "Nothing new happens at a place: the window is now as deep as the picture, and so is the kernel. All products of all channels go into one sum, and the bias is added to that sum once.",
    "convolve_filters": "A layer is the same work once more for each filter. Take one kernel and its own bias, make its map, keep it; when all maps are there, stack them, so that the filter's number is the first axis.",
    "vertical_edge_kernel": "Let the left and the right column weigh against each other, with the middle silent. Where all three rows do the same, a step from dark to bright to the side counts, and a step from above to below cancels out.",
}
