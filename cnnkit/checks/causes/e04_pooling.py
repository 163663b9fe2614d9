"""Misunderstandings of exercise 4: ReLU, windows, averages."""

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view


def _windows(x, size, stride=None, rows=None, columns=None):
    stride = stride or size
    windows = sliding_window_view(np.asarray(x, float), (size, size), axis=(1, 2))
    return windows[:, :: rows or stride, :: columns or stride]


def _pool(reduce):
    """List the misunderstandings that all poolings share, for np.max or np.mean."""

    def pool(x, size, stride=None, **steps):
        return reduce(_windows(x, size, stride, **steps), axis=(-2, -1))

    def partial(x, size, stride=None):
        step = stride or size
        rows, columns = x.shape[1:]
        return np.array(
            [
                [
                    [reduce(c[i : i + size, j : j + size]) for j in range(0, columns, step)]
                    for i in range(0, rows, step)
                ]
                for c in x
            ]
        )

    return [
        (
            "The stride is 1 when none is given: it should then be the window's size.",
            lambda x, size, stride=None: pool(x, size, stride or 1),
        ),
        (
            "The stride is ignored: your windows lie side by side, whatever the stride.",
            lambda x, size, stride=None: pool(x, size, size),
        ),
        (
            "The stride is ignored: your window always moves on by one.",
            lambda x, size, stride=None: pool(x, size, 1),
        ),
        (
            "The stride counts along one axis only: it also goes down the rows.",
            lambda x, size, stride=None: pool(x, size, stride, rows=1),
        ),
        (
            "The stride counts along one axis only: it also goes along the columns.",
            lambda x, size, stride=None: pool(x, size, stride, columns=1),
        ),
        (
            "Windows at the edge hang over: a window that is not full is left out.",
            partial,
        ),
        (
            "The last window is missing: the result is one too small.",
            lambda x, size, stride=None: pool(x, size, stride)[:, :-1, :-1],
        ),
        (
            "You pool over the channels too: each channel is pooled on its own.",
            lambda x, size, stride=None: reduce(pool(x, size, stride), axis=0),
        ),
        (
            "Only the corner of each window is used: look at all of its pixels.",
            lambda x, size, stride=None: _windows(x, size, stride)[..., 0, 0],
        ),
        (
            "The fractions are cut off by an integer type.",
            lambda x, size, stride=None: np.trunc(pool(x, size, stride)),
        ),
    ]


def _pooled(reduce, change=lambda windows: windows):
    return lambda x, size, stride=None: reduce(change(_windows(x, size, stride)), axis=(-2, -1))


CAUSES: dict[str, list] = {
    "relu": [
        ("You take the absolute value: a negative value should become 0.", np.abs),
        ("You keep the negative values and drop the positive ones.", lambda x: np.minimum(x, 0)),
        ("Values above 1 are cut off: ReLU keeps every positive one.", lambda x: np.clip(x, 0, 1)),
        ("That is the sigmoid: ReLU keeps positive values.", lambda x: 1 / (1 + np.exp(-x))),
        ("That tells where x is positive: keep x itself there.", lambda x: x > 0),
        (
            "Part of each negative value leaks through: it should become 0.",
            lambda x: np.where(x > 0, x, 0.01 * x),
        ),
        (
            "Part of each negative value leaks through: it should become 0.",
            lambda x: np.where(x > 0, x, 0.1 * x),
        ),
        ("The fractions are cut off by an integer type.", lambda x: np.trunc(np.maximum(x, 0))),
        ("Negative values became 1: they should become 0.", lambda x: np.where(x > 0, x, 1)),
        ("Nothing has changed: negative values should become 0.", lambda x: x),
    ],
    "max_pool": [
        ("You take the average: take the largest value of each window.", _pooled(np.mean)),
        ("You take the smallest value: take the largest of each window.", _pooled(np.min)),
        ("You add each window up: take its largest value.", _pooled(np.sum)),
        (
            "Your maximum starts at 0, so a window of negative values gives 0: start with the window's own first value.",
            _pooled(np.max, lambda windows: np.maximum(windows, 0)),
        ),
        (
            "You take the largest absolute value: -5 is smaller than 1.",
            _pooled(np.max, np.abs),
        ),
        *_pool(np.max),
    ],
    "avg_pool": [
        ("You take the largest value: take the average of each window.", _pooled(np.max)),
        ("You add each window up: divide by the number of its pixels.", _pooled(np.sum)),
        (
            "You divide by the window's side: a window of side 3 has 9 pixels to average over.",
            lambda x, size, stride=None: _pooled(np.sum)(x, size, stride) / size,
        ),
        (
            "You divide by the stride's square: the number of pixels depends on the size alone.",
            lambda x, size, stride=None: _pooled(np.sum)(x, size, stride) / (stride or size) ** 2,
        ),
        (
            "Your average counts one pixel too few.",
            lambda x, size, stride=None: _pooled(np.sum)(x, size, stride) / (size**2 - 1),
        ),
        *_pool(np.mean),
    ],
    "global_avg_pool": [
        ("You add up: divide by the number of pixels.", lambda x: x.sum(axis=(1, 2))),
        ("You take the largest value: take the average.", lambda x: x.max(axis=(1, 2))),
        ("You average over the channels: each channel keeps its own.", lambda x: x.mean(axis=0)),
        ("One average for everything: each channel keeps its own.", lambda x: x.mean()),
        (
            "Only the columns are averaged: average over the rows too.",
            lambda x: x.mean(axis=2),
        ),
        (
            "Only the rows are averaged: average over the columns too.",
            lambda x: x.mean(axis=1),
        ),
        (
            "You divide by the rows' square: count rows × columns, an image need not be square.",
            lambda x: x.sum(axis=(1, 2)) / x.shape[1] ** 2,
        ),
        (
            "You divide by the columns' square: count rows × columns.",
            lambda x: x.sum(axis=(1, 2)) / x.shape[2] ** 2,
        ),
        (
            "You divide by all values of all channels: count those of one channel.",
            lambda x: x.sum(axis=(1, 2)) / x.size,
        ),
        (
            "The fractions are cut off by an integer type.",
            lambda x: np.trunc(x.mean(axis=(1, 2))),
        ),
        ("That is the median: take the average.", lambda x: np.median(x, axis=(1, 2))),
    ],
}

IDEAS = {
    "relu": "For each number ask which is larger, it or zero, and keep that one. What you keep goes into an array of its own, so that the one you were given stays.",
    "max_pool": "Count the places first, as for a convolution without padding. At each place cut the window out of every channel at once, and take the largest over its rows and columns, but not over the channels.",
    "avg_pool": "The places and the windows are those of max pooling; only what you ask of a window changes. Its sum is divided by how many numbers it holds, in floats.",
    "global_avg_pool": "The window is now the whole map, so two axes vanish, the rows and the columns, and only the channels stay.",
}
