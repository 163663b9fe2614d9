"""Misunderstandings of exercise 3: sizes, padding, stride."""

import numpy as np

from cnnkit.checks.causes.shared import (
    AVERAGED,
    FIRST_CHANNEL,
    FLIPPED,
    ONE_BIAS,
    filter_maps,
    pad_sides,
    turned,
)


def _conv2d(image, kernels, biases, stride=1, padding=0, mode="constant", sides=None):
    rows = columns = sides or (padding, padding)
    padded = np.pad(np.asarray(image, float), ((0, 0), rows, columns), mode=mode)
    return np.stack(filter_maps(padded, kernels, biases))[:, ::stride, ::stride]


CAUSES: dict[str, list] = {
    "output_size": [
        (
            "One too small: the first position counts too, so add 1 after the division.",
            lambda n, k, s=1, p=0: (n + 2 * p - k) // s,
        ),
        (
            "The padding counts on one side only: there are zeros before and after.",
            lambda n, k, s=1, p=0: (n + p - k) // s + 1,
        ),
        ("The padding is not used.", lambda n, k, s=1, p=0: (n - k) // s + 1),
        ("The stride is not used.", lambda n, k, s=1, p=0: n + 2 * p - k + 1),
        (
            "Neither the stride nor the padding is used.",
            lambda n, k, s=1, p=0: n - k + 1,
        ),
        (
            "You round up: a window that hangs over the edge has no place, so round down.",
            lambda n, k, s=1, p=0: -(-(n + 2 * p - k) // s) + 1,
        ),
        (
            "A fraction is left: the kernel has only whole positions, so round down.",
            lambda n, k, s=1, p=0: (n + 2 * p - k) / s + 1,
        ),
        (
            "The 1 is added before the division: it stands for the first position, add it after.",
            lambda n, k, s=1, p=0: (n + 2 * p - k + 1) // s,
        ),
        (
            "The padding is taken away: zeros make the image larger.",
            lambda n, k, s=1, p=0: (n - 2 * p - k) // s + 1,
        ),
        ("The kernel's size is not used.", lambda n, k, s=1, p=0: (n + 2 * p) // s),
    ],
    "fits": [
        ("Your answer is always True: some sizes leave a remainder.", lambda n, k, s=1, p=0: True),
        (
            "Your answer is always False: some sizes leave no remainder.",
            lambda n, k, s=1, p=0: False,
        ),
        (
            "A kernel larger than the padded image does not fit, whatever the remainder is.",
            lambda n, k, s=1, p=0: (n + 2 * p - k) % s == 0,
        ),
        (
            "Only whether the kernel is too large is asked: a remainder at the end means that it does not fit either.",
            lambda n, k, s=1, p=0: n + 2 * p >= k,
        ),
        (
            "The padding counts on one side only: there are zeros before and after.",
            lambda n, k, s=1, p=0: n + p >= k and (n + p - k) % s == 0,
        ),
        (
            "The padding is not used.",
            lambda n, k, s=1, p=0: n >= k and (n - k) % s == 0,
        ),
        (
            "The first place takes no jump: only what is left after it, without 1 more, must be a multiple of the stride.",
            lambda n, k, s=1, p=0: n + 2 * p >= k and (n + 2 * p - k + 1) % s == 0,
        ),
        (
            "The kernel's size is not used: it takes up room at the first place.",
            lambda n, k, s=1, p=0: n + 2 * p >= k and (n + 2 * p) % s == 0,
        ),
        (
            "Your answer is the wrong way round: True means that nothing is left over.",
            lambda n, k, s=1, p=0: n + 2 * p < k or (n + 2 * p - k) % s != 0,
        ),
    ],
    "same_padding": [
        (
            "The extra zero is before: it belongs after.",
            lambda k: (k // 2, (k - 1) // 2),
        ),
        (
            "Too much for an even kernel: in all, a kernel of size k needs k - 1 zeros.",
            lambda k: (k // 2, k // 2),
        ),
        (
            "Too little for an even kernel: in all, a kernel of size k needs k - 1 zeros.",
            lambda k: ((k - 1) // 2, (k - 1) // 2),
        ),
        ("All the zeros are on one side: share them out.", lambda k: (0, k - 1)),
        ("All the zeros are on one side: share them out.", lambda k: (k - 1, 0)),
        ("That is k - 1 zeros on each side: k - 1 is what both share.", lambda k: (k - 1, k - 1)),
        ("Return a pair: the zeros before and the zeros after.", lambda k: (k - 1) // 2),
        ("Return a pair: the zeros before and the zeros after.", lambda k: k - 1),
        (
            "A fraction is left: there are only whole zeros, and the extra one goes after.",
            lambda k: ((k - 1) / 2, (k - 1) / 2),
        ),
    ],
    "zero_pad": [
        (
            "You padded the channels as well: only rows and columns get zeros.",
            lambda image, p: np.pad(image, p),
        ),
        (
            "The padding is on one side only: zeros go before and after.",
            lambda image, p: pad_sides(image, (0, p), (0, p)),
        ),
        (
            "The padding is on one side only: zeros go before and after.",
            lambda image, p: pad_sides(image, (p, 0), (p, 0)),
        ),
        (
            "Only the columns are padded: rows need zeros above and below too.",
            lambda image, p: pad_sides(image, (0, 0), (p, p)),
        ),
        (
            "Only the rows are padded: columns need zeros left and right too.",
            lambda image, p: pad_sides(image, (p, p), (0, 0)),
        ),
        (
            "The border repeats the edge: its value must be zero.",
            lambda image, p: np.pad(image, ((0, 0), (p, p), (p, p)), mode="edge"),
        ),
        (
            "The border mirrors the image: its value must be zero.",
            lambda image, p: np.pad(image, ((0, 0), (p, p), (p, p)), mode="reflect"),
        ),
        (
            "The border has the value one: it must be zero.",
            lambda image, p: np.pad(image, ((0, 0), (p, p), (p, p)), constant_values=1),
        ),
        ("The image is not padded at all.", lambda image, p: image),
        (
            "Half the padding on each side: `padding` zeros go on every side.",
            lambda image, p: pad_sides(image, (p // 2, p - p // 2), (p // 2, p - p // 2)),
        ),
    ],
    "conv2d": [
        (
            "The stride counts along one axis only: the kernel also jumps down the rows.",
            lambda x, ks, bs, s=1, p=0: _conv2d(x, ks, bs, 1, p)[:, :, ::s],
        ),
        (
            "The stride counts along one axis only: the kernel also jumps along the columns.",
            lambda x, ks, bs, s=1, p=0: _conv2d(x, ks, bs, 1, p)[:, ::s],
        ),
        (
            "The stride is ignored: the kernel must move on by `stride` pixels.",
            lambda x, ks, bs, s=1, p=0: _conv2d(x, ks, bs, 1, p),
        ),
        (
            "The stride is ignored but for the size: position i lies at pixel i × stride.",
            lambda x, ks, bs, s=1, p=0: _first_positions(x, ks, bs, s, p),
        ),
        (
            "The padding is missing.",
            lambda x, ks, bs, s=1, p=0: _conv2d(x, ks, bs, s, 0),
        ),
        (
            "The padding is on one side only: zeros go before and after.",
            lambda x, ks, bs, s=1, p=0: _conv2d(x, ks, bs, s, sides=(0, p)),
        ),
        (
            "The padding is on one side only: zeros go before and after.",
            lambda x, ks, bs, s=1, p=0: _conv2d(x, ks, bs, s, sides=(p, 0)),
        ),
        (
            "The padding has the wrong value: it repeats the edge, and must be zero.",
            lambda x, ks, bs, s=1, p=0: _conv2d(x, ks, bs, s, p, mode="edge"),
        ),
        (
            "The biases are missing: each filter adds its own.",
            lambda x, ks, bs, s=1, p=0: _conv2d(x, ks, 0 * bs, s, p),
        ),
        (
            "Every filter adds the first bias: each has its own.",
            lambda x, ks, bs, s=1, p=0: _conv2d(x, ks, np.full(len(bs), bs[0]), s, p),
        ),
        (ONE_BIAS, lambda x, ks, bs, s=1, p=0: _conv2d(x, ks, len(x) * bs, s, p)),
        (FIRST_CHANNEL, lambda x, ks, bs, s=1, p=0: _conv2d(x[:1], ks[:, :1], bs, s, p)),
        (AVERAGED, lambda x, ks, bs, s=1, p=0: _conv2d(x / len(x), ks, bs, s, p)),
        (FLIPPED, lambda x, ks, bs, s=1, p=0: _conv2d(x, turned(ks), bs, s, p)),
        (
            "Rows and columns of the kernel have changed places.",
            lambda x, ks, bs, s=1, p=0: _conv2d(x, ks.swapaxes(2, 3), bs, s, p),
        ),
        (
            "The filters come last: the result is (filters, rows, columns).",
            lambda x, ks, bs, s=1, p=0: np.moveaxis(_conv2d(x, ks, bs, s, p), 0, -1),
        ),
        (
            "The last position is missing: the result is one too small.",
            lambda x, ks, bs, s=1, p=0: _conv2d(x, ks, bs, s, p)[:, :-1, :-1],
        ),
    ],
}


def _first_positions(image, kernels, biases, stride, padding):
    rows, columns = _conv2d(image, kernels, biases, stride, padding).shape[1:]
    return _conv2d(image, kernels, biases, 1, padding)[:, :rows, :columns]


IDEAS = {
    "output_size": "Put the kernel at the beginning. What is left behind it is its room to move: the padded size less the kernel. Count how many whole jumps fit into that room, and add the place where it began. If there is no room, nothing fits.",
    "fits": "After the first place there is some room left, the padded size less the kernel. The last place ends at the edge exactly when that room is a whole number of jumps, and when there is room at all.",
    "same_padding": "A kernel takes away one pixel less than it is long, so just as many zeros have to come in. Give each side half of them; when their number is odd, the one left over goes to the end.",
    "zero_pad": "Begin with the result, not with the picture: an array of zeros with twice the padding more rows and columns, and as many channels as before. Then say where in it the picture lies, and write the picture there.",
    "conv2d": "Three steps in a row that you have done before: pad; count the places along both axes; and at place i, j begin the window at i and j times the stride. The rest is a sum over the whole window for each filter, and its bias.",
}
