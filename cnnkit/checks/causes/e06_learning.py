"""Misunderstandings of exercise 6: the way back, and training."""

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from cnnkit.checks.causes.shared import pad_sides, turned

NOT_LEARNED = "It guesses: has it learned at all? Look at the loop: forward, loss, zero_grad, backward, step, for each batch of each epoch."
LEARNED_A_LITTLE = "It has learned something, but too little: is every image seen in every epoch, are old gradients forgotten, is the learning rate neither tiny nor huge, and does the model come back with eval()?"
OTHER_EACH_TIME = "The same seed gave two different networks: draw every random number, also the first weights, from np.random.default_rng(seed)."

_SWAPPED = "That is another of the three gradients: return grad_image, grad_kernels, grad_biases, in this order."


def _spread(grad, x, size, stride, share):
    """Send each gradient back into its window, in the shares that `share` gives."""
    stride = stride or size
    result = np.zeros(x.shape)
    for c, i, j in np.ndindex(*grad.shape):
        place = np.s_[c, i * stride : i * stride + size, j * stride : j * stride + size]
        result[place] += grad[c, i, j] * share(x[place])
    return result


def _first(window):
    return np.arange(window.size).reshape(window.shape) == window.argmax()


def _last(window):
    return (
        np.arange(window.size).reshape(window.shape)
        == window.size - 1 - window[::-1, ::-1].argmax()
    )


def _overwritten(grad, x, size, stride=None):
    stride = stride or size
    result = np.zeros(x.shape)
    for c, i, j in np.ndindex(*grad.shape):
        window = x[c, i * stride : i * stride + size, j * stride : j * stride + size]
        row, column = np.unravel_index(window.argmax(), window.shape)
        result[c, i * stride + row, j * stride + column] = grad[c, i, j]
    return result


def _grad_kernels(grad, image, kernels, stride=1, padding=0, mean=False):
    rows, columns = kernels.shape[2:]
    padded = pad_sides(np.asarray(image, float), (padding, padding), (padding, padding))
    windows = sliding_window_view(padded, (rows, columns), axis=(1, 2))[:, ::stride, ::stride]
    windows = windows[:, : grad.shape[1], : grad.shape[2]]
    total = np.einsum("fij,cijkl->fckl", grad, windows)
    return total / grad[0].size if mean else total


def _grad_image(grad, image, kernels, stride=1, padding=0, flip=False, crop=True, first=None):
    """Hand the gradient out into the padded image; cut the image out, from row `first` on."""
    kernels = turned(kernels) if flip else kernels
    (channels, rows, columns), (k, m) = image.shape, kernels.shape[2:]
    result = np.zeros((channels, rows + 2 * padding, columns + 2 * padding))
    for f, i, j in np.ndindex(*grad.shape):
        at = np.s_[:, i * stride : i * stride + k, j * stride : j * stride + m]
        result[at] += grad[f, i, j] * kernels[f]
    first = padding if first is None else first
    return result[:, first : first + rows, first : first + columns] if crop else result


def _each(step):
    """Take a step for each parameter, and lay all numbers in one row, as they are compared."""

    def steps(parameters, gradients, lr):
        pairs = zip(parameters, gradients, strict=True)
        return np.concatenate([step(p, g, lr).ravel() for p, g in pairs])

    return steps


CAUSES: dict[str, list] = {
    "relu_backward": [
        ("You look where the gradient is positive: look where x was.", lambda g, x: g * (g > 0)),
        ("The gradient passes everywhere: where x was negative, it stops.", lambda g, x: g),
        (
            "The gradient passes where x was negative: reverse the condition.",
            lambda g, x: g * (x < 0),
        ),
        ("Where x is exactly 0, nothing comes back: ask for x > 0.", lambda g, x: g * (x >= 0)),
        ("That is the slope alone: multiply it by the gradient that comes in.", lambda g, x: x > 0),
        (
            "You multiply by x: the slope of ReLU is 1 where x is positive.",
            lambda g, x: g * np.maximum(x, 0),
        ),
        ("That is ReLU of x again: send the gradient back.", lambda g, x: np.maximum(x, 0)),
        (
            "The minus signs of the gradient are gone: where x was positive, it passes as it is, with its sign.",
            lambda g, x: np.abs(g) * (x > 0),
        ),
    ],
    "max_pool_backward": [
        (
            "Ties: every largest value gets the gradient. Only one of them does, the first in reading order.",
            lambda g, x, n, s=None: _spread(g, x, n, s, lambda w: w == w.max()),
        ),
        (
            "Ties: the largest values share the gradient. Only the first in reading order gets it.",
            lambda g, x, n, s=None: _spread(
                g, x, n, s, lambda w: (w == w.max()) / (w == w.max()).sum()
            ),
        ),
        (
            "Ties: the last of the largest values gets the gradient; it is the first in reading order that does.",
            lambda g, x, n, s=None: _spread(g, x, n, s, _last),
        ),
        (
            "Ties: no value gets the gradient when two are largest; the first one does.",
            lambda g, x, n, s=None: _spread(
                g, x, n, s, lambda w: (w == w.max()) * ((w == w.max()).sum() == 1)
            ),
        ),
        (
            "Your search for the largest value starts at 0, so a window below zero has none: start with the window's own first value.",
            lambda g, x, n, s=None: _spread(g, x, n, s, lambda w: _first(np.maximum(w, 0))),
        ),
        (
            "That is the way back through an average: here the largest value gets it all.",
            lambda g, x, n, s=None: _spread(g, x, n, s, lambda w: np.full(w.shape, 1 / w.size)),
        ),
        (
            "Each pixel of the window gets the gradient: only the largest one does.",
            lambda g, x, n, s=None: _spread(g, x, n, s, np.ones_like),
        ),
        (
            "Where windows overlap, gradients overwrite each other: add them up.",
            _overwritten,
        ),
        (
            "The gradient goes to the corner of each window, not to its largest value.",
            lambda g, x, n, s=None: _spread(
                g, x, n, s, lambda w: np.arange(w.size).reshape(w.shape) == 0
            ),
        ),
        (
            "The stride is ignored: your windows lie side by side, whatever the stride.",
            lambda g, x, n, s=None: _spread(g, x, n, n, _first),
        ),
        (
            "The result is one where a maximum was: put the gradient there.",
            lambda g, x, n, s=None: _spread(np.ones_like(g), x, n, s, _first),
        ),
    ],
    "conv2d_backward.grad_biases": [
        (
            "The bias's gradient is averaged: it adds to every position, so add up.",
            lambda g, *_: g.mean(axis=(1, 2)),
        ),
        ("All filters share your gradient: each bias has its own.", lambda g, *_: g.sum()),
        ("Only one axis is added up: add over rows and columns.", lambda g, *_: g.sum(axis=1)),
        ("Only one axis is added up: add over rows and columns.", lambda g, *_: g.sum(axis=2)),
        ("You add over the filters: each bias has its own.", lambda g, *_: g.sum(axis=0)),
        (
            "That is the number of positions: add the gradients up.",
            lambda g, *_: np.full(len(g), g[0].size),
        ),
    ],
    "conv2d_backward.grad_kernels": [
        (
            "Your gradient is averaged over the positions: add them up.",
            lambda g, x, k, s=1, p=0: _grad_kernels(g, x, k, s, p, mean=True),
        ),
        (
            "The kernel's gradient is flipped: each weight gets the pixels that it lay on.",
            lambda *a: turned(_grad_kernels(*a)),
        ),
        (
            "The padding is missing: the kernel lay on the padded image.",
            lambda g, x, k, s=1, p=0: _grad_kernels(g, pad_sides(x, (0, 2 * p), (0, 2 * p)), k, s),
        ),
        (
            "The stride is ignored: position i lay at pixel i × stride.",
            lambda g, x, k, s=1, p=0: _grad_kernels(g, x, k, 1, p),
        ),
        (
            "Only the first channel is used.",
            lambda g, x, k, s=1, p=0: np.repeat(
                _grad_kernels(g, x[:1], k[:, :1], s, p), len(x), axis=1
            ),
        ),
        (_SWAPPED, _grad_image),
    ],
    "conv2d_backward.grad_image": [
        (
            "The kernel is flipped on the way back: when the gradient is handed out position by position, the kernel lies as it lay on the way forward.",
            lambda g, x, k, s=1, p=0: _grad_image(g, x, k, s, p, flip=True),
        ),
        (
            "The border of the padding is still there: cut it off again.",
            lambda g, x, k, s=1, p=0: _grad_image(g, x, k, s, p, crop=False),
        ),
        (
            "The stride is ignored: position i lay at pixel i × stride.",
            lambda g, x, k, s=1, p=0: _grad_image(g, x, k, 1, p),
        ),
        (
            "The padding is missing: the kernel lay on the padded image.",
            lambda g, x, k, s=1, p=0: _grad_image(g, x, k, s, p, first=0),
        ),
        (
            "Only the first filter sends its gradient back: add up over the filters.",
            lambda g, x, k, *a: _grad_image(g[:1], x, k[:1], *a),
        ),
        (
            "Only the last filter sends its gradient back: add up over the filters.",
            lambda g, x, k, *a: _grad_image(g[-1:], x, k[-1:], *a),
        ),
        (
            "The channels all get the same gradient: each has its own slice of the kernel.",
            lambda g, x, k, *a: _grad_image(g, x, np.repeat(k[:, :1], len(x), axis=1), *a),
        ),
        (_SWAPPED, _grad_kernels),
    ],
    "sgd_step": [
        (
            "You climb: subtract the gradient, so that the loss goes down.",
            _each(lambda p, g, lr: p + lr * g),
        ),
        ("The learning rate is missing.", _each(lambda p, g, lr: p - g)),
        (
            "Your learning rate is always 0.1: use the one that comes in, `lr`.",
            _each(lambda p, g, lr: p - 0.1 * g),
        ),
        ("You divide by the learning rate: multiply.", _each(lambda p, g, lr: p - g / lr)),
        ("The gradient is missing.", _each(lambda p, g, lr: p - lr)),
        (
            "Only the step is returned: subtract it from the parameter.",
            _each(lambda p, g, lr: lr * g),
        ),
        (
            "Only the step is returned: subtract it from the parameter.",
            _each(lambda p, g, lr: -lr * g),
        ),
        (
            "You take the gradient's sign: its size matters too.",
            _each(lambda p, g, lr: p - lr * np.sign(g)),
        ),
        (
            "The parameter shrinks by its own size: use the gradient.",
            _each(lambda p, g, lr: p - lr * p),
        ),
        ("Nothing has changed: take a step.", _each(lambda p, g, lr: p)),
    ],
}

IDEAS = {
    "relu_backward": "Look at x, and make a mask that says where it was positive. There the gradient goes through as it is, with its sign; everywhere else nothing comes back.",
    "max_pool_backward": "Walk through the places as on the way forward. Look into the window of x once more, find out where its largest number stands, and add the gradient of this place there, in an array of zeros that is as large as x.",
    "conv2d_backward": "Walk through the places as on the way forward, with the padded picture. The window under the kernel, times the gradient of the place, is added to what the kernel gets; the kernel, times the same gradient, is added to what that window gets. The frame is cut off in the end.",
    "sgd_step": "For each parameter there is a gradient of the same shape. Take the learning rate's share of it, and go that far in the other direction; what comes out is a new array.",
    "train": "Two loops, one inside the other: epochs, and in each of them batches in a new order. For a batch: old gradients away, logits, loss, the gradient of the loss back through the model, one step of the optimiser. Every random number comes from one generator, made from the seed.",
}
