"""Misunderstandings of exercise 5: probabilities, the loss and its gradient."""

import numpy as np


def _softmax(z, axis=-1):
    powers = np.exp(z - z.max(axis=axis, keepdims=True))
    return powers / powers.sum(axis=axis, keepdims=True)


def _naive_softmax(z):
    return np.exp(z) / np.exp(z).sum(axis=-1, keepdims=True)


def _picked(z, targets):
    """Give the probability of the right class, for each image."""
    return _softmax(z)[np.arange(len(targets)), targets]


def _one_hot(z, targets):
    return np.eye(z.shape[1])[targets]


UNSTABLE = "Large logits overflow (nan or inf): exp(1000) is too large for a float. Subtract the largest logit first; it changes nothing in the result."


NOT_ITS_LARGEST = "What you subtract is not the largest logit of each row: a row far from it becomes 0 / 0. Take each row's own largest (axis and keepdims)."

HIDDEN_LOSS = "A small number inside the logarithm hides large losses: compute the logarithm as z - max - log(sum(exp(z - max))) instead."


# What is subtracted instead of the largest logit of each row.
NOT_LARGEST = [
    lambda z: z.max(),
    lambda z: np.atleast_2d(z)[0].max(),
    lambda z: np.abs(z).max(axis=-1, keepdims=True),
    lambda z: np.maximum(z.max(axis=-1, keepdims=True), 0),
    lambda z: z.min(axis=-1, keepdims=True),
    lambda z: z.mean(axis=-1, keepdims=True),
    lambda z: z[..., :1],
    lambda z: z[..., -1:],
]


def _less(what):
    """Make a softmax that subtracts something else first."""

    def softmax(z):
        powers = np.exp(z - what(z))
        return powers / powers.sum(axis=-1, keepdims=True)

    return softmax


def _for_each(misunderstood):
    """Make a cause of each number that may be subtracted; `misunderstood` gets the softmax."""
    return [(NOT_ITS_LARGEST, misunderstood(_less(what))) for what in NOT_LARGEST]


def _log_softmax(z):
    shifted = z - z.max(axis=-1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))


def _losses(z, targets):
    return -_log_softmax(z)[np.arange(len(targets)), targets]


def _over_whole(z):
    powers = np.exp(z - z.max())
    return powers / powers.sum()


def _with_largest_of_all(z):
    return np.log(np.exp(z - z.max()).sum(axis=-1, keepdims=True)) - (z - z.max())


def _first_largest(shares, names):
    which = shares.argmax(axis=1)
    return _read(shares, names, which, shares[np.arange(len(shares)), which])


def _read(z, names, which, numbers):
    return [(names[i], float(n)) for i, n in zip(which, numbers, strict=True)]


CAUSES: dict[str, list] = {
    "linear": [
        ("The bias is missing.", lambda x, w, b: x @ w.T),
        ("The bias is subtracted: it should be added.", lambda x, w, b: x @ w.T - b),
        (
            "The weight is used the wrong way round: each of its rows belongs to one output.",
            lambda x, w, b: x @ w + b,
        ),
        (
            "The bias is added once for each input: add it once for each output.",
            lambda x, w, b: x @ w.T + w.shape[1] * b,
        ),
        ("Every output gets the first bias: each has its own.", lambda x, w, b: x @ w.T + b[0]),
        ("The products are averaged: add them up.", lambda x, w, b: x @ w.T / w.shape[1] + b),
        (
            "There is a ReLU on top: a dense layer alone keeps negative values.",
            lambda x, w, b: np.maximum(x @ w.T + b, 0),
        ),
    ],
    "softmax": [
        (UNSTABLE, _naive_softmax),
        *_for_each(lambda softmax: softmax),
        (
            "The axis is wrong: your columns add up to 1, each row should.",
            lambda z: _softmax(z, 0),
        ),
        ("Everything together adds up to 1: each row should, on its own.", _over_whole),
        ("The result is not normalised: divide by the sum.", np.exp),
        (
            "The result is not normalised: divide by the sum.",
            lambda z: np.exp(z - z.max(axis=-1, keepdims=True)),
        ),
        (
            "You divide the logits by their sum: take exp first.",
            lambda z: z / z.sum(-1, keepdims=True),
        ),
        ("That is the sigmoid: it looks at each logit alone.", lambda z: 1 / (1 + np.exp(-z))),
        (
            "That is the logarithm of softmax: give the probabilities themselves.",
            lambda z: np.log(_softmax(z)),
        ),
        (
            "The sign of the logits is reversed: the largest logit should get the largest probability.",
            lambda z: _softmax(-z),
        ),
        ("The base is 2: use e (np.exp).", lambda z: _softmax(z * np.log(2))),
    ],
    "cross_entropy": [
        (
            UNSTABLE,
            lambda z, t: -np.log(_naive_softmax(z)[np.arange(len(t)), t]).mean(),
        ),
        (NOT_ITS_LARGEST, lambda z, t: _with_largest_of_all(z)[np.arange(len(t)), t].mean()),
        (
            "A probability rounded to 0 gives an infinite loss: compute the logarithm as z - max - log(sum(exp(z - max))), without a softmax in between.",
            lambda z, t: -np.log(_picked(z, t)).mean(),
        ),
        (HIDDEN_LOSS, lambda z, t: -np.log(_picked(z, t) + 1e-7).mean()),
        (HIDDEN_LOSS, lambda z, t: -np.log(_picked(z, t) + 1e-8).mean()),
        (HIDDEN_LOSS, lambda z, t: -np.log(_picked(z, t) + 1e-9).mean()),
        (HIDDEN_LOSS, lambda z, t: -np.log(_picked(z, t) + 1e-10).mean()),
        (HIDDEN_LOSS, lambda z, t: -np.log(_picked(z, t) + 1e-12).mean()),
        (HIDDEN_LOSS, lambda z, t: -np.log(_picked(z, t) + 1e-15).mean()),
        (
            "You add the images up: take the mean over them.",
            lambda z, t: _losses(z, t).sum(),
        ),
        (
            "The sign is wrong: a loss is the *negative* logarithm.",
            lambda z, t: -_losses(z, t).mean(),
        ),
        (
            "The logarithm has base 2: use the natural one, np.log.",
            lambda z, t: _losses(z, t).mean() / np.log(2),
        ),
        (
            "The logarithm has base 10: use the natural one, np.log.",
            lambda z, t: _losses(z, t).mean() / np.log(10),
        ),
        ("The logarithm is missing.", lambda z, t: (1 - _picked(z, t)).mean()),
        ("The logarithm is missing.", lambda z, t: _picked(z, t).mean()),
        ("The logarithm is missing.", lambda z, t: -_picked(z, t).mean()),
        (
            "That is the mean squared error: cross-entropy takes the logarithm of one probability.",
            lambda z, t: ((_softmax(z) - _one_hot(z, t)) ** 2).mean(),
        ),
        (
            "You divide by images × classes: take the mean over the images alone.",
            lambda z, t: _losses(z, t).sum() / z.size,
        ),
        (
            "The mean is over all classes: only the right class of each image counts.",
            lambda z, t: -_log_softmax(z).mean(),
        ),
        (
            "Softmax is applied twice: the inputs are logits, so apply it once.",
            lambda z, t: _losses(_softmax(z), t).mean(),
        ),
        (
            "Softmax is missing: the inputs are logits, not probabilities.",
            lambda z, t: -z[np.arange(len(t)), t].mean(),
        ),
        (
            "There is one loss for each image in your answer: take their mean.",
            lambda z, t: _losses(z, t),
        ),
    ],
    "cross_entropy_gradient": [
        (
            "Your gradient is not divided by N: the loss is a mean over the images.",
            lambda z, t: _softmax(z) - _one_hot(z, t),
        ),
        (
            "The sign is wrong: it is softmax minus 1 at the right class, not the other way round.",
            lambda z, t: (_one_hot(z, t) - _softmax(z)) / len(t),
        ),
        ("The 1 at the right class is not subtracted.", lambda z, t: _softmax(z) / len(t)),
        (
            "You divide by the number of classes: divide by that of the images.",
            lambda z, t: (_softmax(z) - _one_hot(z, t)) / z.shape[1],
        ),
        (
            "You divide by images × classes: divide by the images alone.",
            lambda z, t: (_softmax(z) - _one_hot(z, t)) / z.size,
        ),
        ("Softmax is missing.", lambda z, t: (z - _one_hot(z, t)) / len(t)),
        (
            "The mean is taken over the images: each keeps its own row.",
            lambda z, t: (_softmax(z) - _one_hot(z, t)).mean(axis=0),
        ),
        (
            "You subtract 1 from a whole column: do it only at each image's own class.",
            lambda z, t: _whole_columns(z, t),
        ),
        (UNSTABLE, lambda z, t: (_naive_softmax(z) - _one_hot(z, t)) / len(t)),
        *_for_each(lambda softmax: lambda z, t: (softmax(z) - _one_hot(z, t)) / len(t)),
    ],
    "read_out": [
        (
            "That number is a logit: apply softmax to get the probability.",
            lambda z, n: _read(z, n, z.argmax(1), z.max(1)),
        ),
        (UNSTABLE, lambda z, n: _first_largest(_naive_softmax(z), n)),
        *_for_each(lambda softmax: lambda z, n: _first_largest(softmax(z), n)),
        (
            "You name the least probable class.",
            lambda z, n: _read(z, n, z.argmin(1), _softmax(z).min(1)),
        ),
        (
            "Your probability is that of another class: take the one you name.",
            lambda z, n: _read(z, n, z.argmax(1), _softmax(z)[:, 0]),
        ),
        (
            "The probabilities go from 0 to 1, not to 100.",
            lambda z, n: _read(z, n, z.argmax(1), 100 * _softmax(z).max(1)),
        ),
        (
            "Give the name, not the number of the class.",
            lambda z, n: [
                (str(i), float(p)) for i, p in zip(z.argmax(1), _softmax(z).max(1), strict=True)
            ],
        ),
        (
            "The softmax runs along the wrong axis.",
            lambda z, n: _read(z, n, z.argmax(1), _softmax(z, 0)[np.arange(len(z)), z.argmax(1)]),
        ),
        (
            "The names are shifted by one: classes count from 0.",
            lambda z, n: _read(z, n, z.argmax(1) - 1, _softmax(z).max(1)),
        ),
    ],
}


def _whole_columns(z, targets):
    gradient = _softmax(z)
    gradient[:, targets] -= 1
    return gradient / len(targets)


IDEAS = {
    "linear": "One image and one output first: multiply its numbers by the weights in that output's row, add them up, and add the bias. For all of them at once, each row of x has to meet each row of the weight: so one of the two is transposed before they are multiplied.",
    "softmax": "Three steps for each row by itself: subtract its largest logit, take the exponential of what is left, divide by the sum of the row. Keep the axis that you sum over, so that the division lines up again.",
    "cross_entropy": "Work with logarithms from the beginning: subtract the row's largest logit, then subtract the logarithm of the sum of the exponentials. Now pick in each row the one entry of the right class; the loss is minus their mean.",
    "cross_entropy_gradient": "Make the probabilities, and then correct one number in each row: where the right class stands, one is too much. A mean over the images shares the whole out among them.",
    "read_out": "Make probabilities first, row by row. In each row look for the place of the largest; that place chooses the name, and the number there is how sure it is.",
}
