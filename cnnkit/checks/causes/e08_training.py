"""Misunderstandings of exercise 8: memory, the roofline, one cycle, and collected gradients."""

import numpy as np

MODEL_CHANGED = "The numbers are right, but your function changed the model: its numbers, their type or its mode are no longer what they were. Work on a copy, or put everything back."
LEFT_ON_MODEL = "The numbers are right, but your function left something on the model, most likely hooks: they run at each later forward pass. Keep what register_forward_hook returns, and call its remove() in the end."
STEPPED = "The gradients are right, but the parameters have moved: collect the gradients, and leave the step to the optimiser."
ONE_BIG_BATCH = "The gradients are right, but more pictures than one batch holds went through at once: they would not fit in memory. Take batch after batch."
BACKWARD_TOO_LATE = "The gradients are right, but every batch's activations are kept until the end: call backward() for each batch before the next one goes in."


# ---- memory --------------------------------------------------------------------------------------


def _outputs(f):
    return sum(size for _, size, _ in f["leaves"])


def _bytes(count):
    """Make a misunderstanding from a count of numbers."""
    return lambda f: count(f) * f["bytes"]


def _as_if(itemsize, count):
    return lambda f: count(f) * itemsize


def _all(f):
    return f["all"]


def _trained(f):
    return f["trained"]


def _averages(f):
    return 2 * f["trained"]


def _activations(f):
    return f["batch"] * _outputs(f)


def _units(count):
    return [
        ("That is how many numbers there are: times the bytes of one.", count),
        ("The data type is ignored: you always count 8 bytes.", _as_if(8, count)),
        ("Those are bits: 8 of them are a byte.", lambda f: 8 * count(f) * f["bytes"]),
    ]


_FOUR_BYTES = "The data type is ignored: you always count 4 bytes."
_FROZEN = "Frozen parameters (requires_grad is False) have no gradient, and Adam keeps nothing."

_MEMORY = {
    "training_memory.weights": [
        *_units(_all),
        (_FOUR_BYTES, _as_if(4, _all)),
        (
            "The running averages of batch normalisation are counted: they are not parameters.",
            _bytes(lambda f: f["all"] + f["buffers"]),
        ),
        ("Frozen parameters are missing: they are in memory, too.", _bytes(_trained)),
        (
            "The weights are there once, not once for each picture.",
            _bytes(lambda f: f["batch"] * f["all"]),
        ),
    ],
    "training_memory.gradients": [
        *_units(_trained),
        (_FROZEN, _bytes(_all)),
        (
            "The pictures of a batch share one gradient: it is there once, not once for each.",
            _bytes(lambda f: f["batch"] * f["trained"]),
        ),
        ("Each trained parameter has a gradient, and it takes memory.", lambda f: 0),
    ],
    "training_memory.adam": [
        *_units(_averages),
        (_FROZEN, _bytes(lambda f: 2 * f["all"])),
        (
            "Adam keeps two numbers for each trained parameter: one average of the gradient, one of its square.",
            _bytes(_trained),
        ),
        (
            "Adam's own are two numbers for each trained parameter; the weights are counted already.",
            _bytes(lambda f: 3 * f["trained"]),
        ),
        ("Adam remembers something for each trained parameter.", lambda f: 0),
    ],
    "training_memory.activations": [
        *_units(_activations),
        (_FOUR_BYTES, _as_if(4, _activations)),
        ("That is one picture: a batch keeps the outputs of all.", _bytes(_outputs)),
        (
            "The picture itself is counted: only what layers give out is.",
            _bytes(lambda f: f["batch"] * (_outputs(f) + f["image"])),
        ),
        (
            "Only layers with parameters are counted: ReLU, pooling and Flatten give something out, too.",
            _bytes(lambda f: f["batch"] * sum(size for _, size, own in f["leaves"] if own)),
        ),
        (
            "Only the last output is counted: the way back needs the ones before.",
            _bytes(lambda f: f["batch"] * f["leaves"][-1][1]),
        ),
        (
            "Only the largest output is counted: the way back needs all of them.",
            _bytes(lambda f: f["batch"] * max(size for _, size, _ in f["leaves"])),
        ),
        (
            "Layers that hold other layers are counted, too: their output is that of their last one. Only leaf layers count.",
            _bytes(lambda f: f["batch"] * (_outputs(f) + sum(f["containers"]))),
        ),
        (
            "A layer that is used twice gives out something twice.",
            _bytes(lambda f: f["batch"] * sum({key: n for key, n, _ in f["leaves"]}.values())),
        ),
    ],
}


# ---- the roofline --------------------------------------------------------------------------------

_BOUND = [
    (
        "The wrong way round: compute-bound is what takes longer to calculate than to move.",
        lambda flops, moved, peak, bandwidth: flops / peak < moved / bandwidth,
    ),
    (
        "Where both take the same time, the answer is False.",
        lambda flops, moved, peak, bandwidth: flops * bandwidth >= moved * peak,
    ),
    (
        "Operations and bytes are compared as they are: compare the times that they take.",
        lambda flops, moved, peak, bandwidth: flops > moved,
    ),
    (
        "Peak and bandwidth have changed places: operations go with peak_flops, bytes with bandwidth.",
        lambda flops, moved, peak, bandwidth: flops / bandwidth > moved / peak,
    ),
    (
        "That is the intensity, a number: compare it with the machine's.",
        lambda flops, moved, peak, bandwidth: flops / moved,
    ),
    (
        "That is a ratio of times: compare it with 1.",
        lambda flops, moved, peak, bandwidth: (flops / peak) / (moved / bandwidth),
    ),
    ("Your answer is always True.", lambda *_: True),
    ("Your answer is always False.", lambda *_: False),
]


# ---- one cycle -----------------------------------------------------------------------------------


def _cosine(a, b, share):
    return b + (a - b) * (1 + np.cos(np.pi * share)) / 2


def _straight(a, b, share):
    return a + (b - a) * share


def _cycle(total, way=_cosine, top=lambda n: 0.3 * n - 1, last=-1, start=1 / 25, end=1 / 250_000):
    """Give the learning rate at each step, as a share of max_lr."""
    steps, peak, final = np.arange(total), top(total), total + last
    up = way(start, 1.0, steps / peak)
    down = way(1.0, end, (steps - peak) / (final - peak))
    return np.where(steps <= peak, up, down)


def _other(**shape):
    return lambda total, max_lr, first, end: max_lr * _cycle(total, **shape)[first:end]


_CYCLE = [
    ("The way is a straight line: it should be half a wave of the cosine.", _other(way=_straight)),
    (
        "The top is one step late: it is at step 0.3 · total_steps - 1, as steps count from 0.",
        _other(top=lambda n: 0.3 * n),
    ),
    (
        "The end is one step late: the last step is total_steps - 1.",
        _other(last=0),
    ),
    (
        "Top and end are one step late: steps count from 0, so the last one is total_steps - 1.",
        _other(top=lambda n: 0.3 * n, last=0),
    ),
    ("The top is in the middle: it comes after 30 % of the steps.", _other(top=lambda n: n / 2)),
    (
        "The top is in the middle: it comes after 30 % of the steps.",
        _other(top=lambda n: 0.5 * n - 1),
    ),
    (
        "The rate starts at zero: it starts at max_lr / 25.",
        _other(start=0.0),
    ),
    ("The rate ends at zero: it ends at max_lr / 250,000.", _other(end=0.0)),
    ("The rate ends where it started: it ends 10,000 times lower.", _other(end=1 / 25)),
    (
        "The rate ends at max_lr / 10,000: it ends 10,000 times below where it started.",
        _other(end=1e-4),
    ),
    ("There is no way up: the rate only falls.", _other(top=lambda n: -1e-9)),
    (
        "That is a share of the rate: times max_lr.",
        lambda total, max_lr, first, end: _cycle(total)[first:end],
    ),
    (
        "The rate never changes.",
        lambda total, max_lr, first, end: np.full(end - first, max_lr),
    ),
]


# ---- collected gradients -------------------------------------------------------------------------
# Computed from the batches' sizes, the gradient of each batch (all parameters in one row), and the
# gradient that was there before.


def _collected(weigh, keep_old=False):
    def collect(sizes, gradients, before):
        total = sum(
            weigh(size, sizes) * np.asarray(gradient)
            for size, gradient in zip(sizes, gradients, strict=True)
        )
        return total + np.asarray(before) if keep_old else total

    return collect


def _share(size, sizes):
    return size / sum(sizes)


_GRADIENTS = [
    (
        "Every batch counts the same: a smaller one must count less, by its share of all the pictures.",
        _collected(lambda size, sizes: 1 / len(sizes)),
    ),
    (
        "The batches' gradients are added in full: each must count by its share of all the pictures.",
        _collected(lambda size, sizes: 1.0),
    ),
    (
        "The gradients are not divided by the number of all pictures.",
        _collected(lambda size, sizes: size),
    ),
    (
        "The old gradients are still there: forget them once, before the first batch.",
        _collected(_share, keep_old=True),
    ),
    (
        "Only the last batch is left: the gradients are forgotten before each batch.",
        lambda sizes, gradients, before: gradients[-1],
    ),
    (
        "Only the last batch is left: the gradients are forgotten before each batch.",
        lambda sizes, gradients, before: np.asarray(gradients[-1]) * sizes[-1] / sum(sizes),
    ),
    (
        "Only the last batch is left: the gradients are forgotten before each batch.",
        lambda sizes, gradients, before: np.asarray(gradients[-1]) / len(sizes),
    ),
    ("Only the first batch is used.", lambda sizes, gradients, before: gradients[0]),
    (
        "The old gradients are untouched: call backward() on the loss of each batch.",
        lambda sizes, gradients, before: before,
    ),
]
_LOSSES = [
    (
        "The loss gives each batch the same share: weigh it by size.",
        lambda sizes, losses: np.mean(losses),
    ),
    (
        "The losses are only added up: give the mean over all pictures.",
        lambda sizes, losses: np.sum(losses),
    ),
    (
        "The loss is that of the last batch alone.",
        lambda sizes, losses: losses[-1],
    ),
    (
        "The loss is that of the last batch alone.",
        lambda sizes, losses: losses[-1] * sizes[-1] / sum(sizes),
    ),
    (
        "The loss is not divided by the number of all pictures.",
        lambda sizes, losses: np.dot(sizes, losses),
    ),
]

CAUSES: dict[str, list] = {
    **_MEMORY,
    "is_compute_bound": _BOUND,
    "one_cycle": _CYCLE,
    "accumulate_gradients": _GRADIENTS,
    "accumulate_gradients.loss": _LOSSES,
}

IDEAS = {
    "training_memory": "Parameters can be counted without running anything; mind which of them are trained. Activations cannot: let one picture through a copy of the model and have each leaf layer report how much it gave out, each time. Bytes come last, when everything is counted.",
    "is_compute_bound": "Work out two times, one for the arithmetic and one for the moving, each as a quantity over a speed. The question is only which of them is longer.",
    "one_cycle": "Two ways, one up and one down. Decide by the step on which of them you are; then say how much of that way is behind you, as a share from 0 to 1; and put that share into the half wave of the cosine between its two ends.",
    "accumulate_gradients": "A mean over everything is a weighted sum of the batches' means, and each weight is how large the batch is among all. So weigh each loss before you go backward, and let the gradients add up by themselves, from nothing.",
}
