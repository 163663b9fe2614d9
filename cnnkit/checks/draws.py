"""What hidden tests draw: numbers that tell misunderstandings from the truth, whatever is drawn.

Plain random numbers tell most of the time. A softmax that subtracts the maximum of the whole table
is told where rows lie far apart, a ReLU too many where a result is below zero, one bias for all
where biases differ. Here such numbers come by construction, in each draw; each function says which
misunderstandings its numbers tell. What has to do with sizes (rows for columns, filters for
channels, rests that a stride leaves) the tests see to themselves.
"""

import numpy as np

from cnnkit.checks.compare import slack

__all__ = ["below_zero", "labelled", "logits", "numbers", "pixels"]

DROP = 3000  # from the largest logits of a row down to the others: no float holds exp of a third


def numbers(rng, shape, low=0.5, high=3.0):
    """Draw numbers of both signs; no two are equally large, none is near zero or whole.

    They tell: any other order (flipped, transposed, shifted, sorted, one for all), absolute values,
    negative ones cut off, values cut at 1, fractions cut off, averages. A single number is below
    zero.

    Parameters
    ----------
    rng : numpy.random.Generator
    shape : tuple of int
    low, high : float
        The smallest and the largest absolute value, about.

    Examples
    --------
    >>> drawn = numbers(np.random.default_rng(), (2, 3))
    >>> drawn.shape, bool(drawn.min() < 0 < drawn.max()), bool(drawn[0, 0] > drawn[-1, -1])
    ((2, 3), True, True)
    """
    count = int(np.prod(shape))
    sizes = low + (np.arange(count) + rng.uniform(0.2, 0.8, count)) / count * (high - low)
    signs = np.where(np.arange(count) % 2, 1.0, -1.0)
    drawn = rng.permutation(sizes) * rng.permutation(signs)
    if drawn[0] < drawn[-1]:  # in no draw already sorted
        drawn[[0, -1]] = drawn[[-1, 0]]
    return drawn.reshape(shape)


def pixels(rng, shape, low=0, high=255):
    """Draw bytes from low to high; both of these are among them, at a place that is drawn.

    They tell: bytes with a sign and sums in 8 bits (if high is above 127), a scale taken from the
    picture's own darkest and brightest value (if it is not 0 to 255), dark or bright values cut
    off.

    Examples
    --------
    >>> drawn = pixels(np.random.default_rng(), (2, 3), 60, 190)
    >>> drawn.dtype, int(drawn.min()), int(drawn.max())
    (dtype('uint8'), 60, 190)
    """
    drawn = rng.integers(low, high + 1, int(np.prod(shape)), dtype=np.uint8)
    drawn[rng.permutation(drawn.size)[:2]] = low, high
    return drawn.reshape(shape)


def below_zero(draw, truth):
    """Draw until something right is clearly below zero, and, of several, something above it.

    This tells: a ReLU too many, absolute values, results that only bytes can hold.

    Parameters
    ----------
    draw : callable
        Gives a tuple of inputs.
    truth : callable
        Gives what is right for them.

    Returns
    -------
    list
        The inputs, and what is right for them.
    """

    def draw_both():
        inputs = draw()
        return [*inputs, np.asarray(truth(*inputs))]

    def tells(drawn):
        right = drawn[-1] / np.abs(drawn[-1]).max()
        return right.min() < -0.05 and (right.size == 1 or right.max() > 0.05)

    return _until(draw_both, tells)


def _until(draw, tells):
    """Draw until the numbers tell; never without end, where someone waits for a mark."""
    for _ in range(1000):
        drawn = draw()
        if tells(drawn):
            return drawn
    raise RuntimeError("in 1,000 draws no numbers told what they should")


def logits(rng, rows, classes, far=False):
    """Draw a table of logits, in steps of 1/8, so that 32 bits hold them as they are.

    No two rows have the same probabilities, and no row has two equal logits. Of tables that are
    `far` some rows lie in the thousands above zero and some in the thousands below it, each at a
    place of its own (a single row lies below). In each row one logit is close below the largest,
    and the others lie 3,000 and more below it.

    Those tell: no maximum subtracted, or that of the whole table, of the first row, of absolute
    values, only one above zero; the minimum, mean, first or last logit of the row instead; logits
    cut at some number or divided by one; the largest taken for certain.

    Examples
    --------
    >>> drawn = logits(np.random.default_rng(), 4, 5, far=True)
    >>> drawn.shape, bool(np.ptp(drawn.max(axis=1)) > 2000)
    ((4, 5), True)
    """

    def draw():
        table = _near(rng, rows, classes)
        return _far(rng, table) if far else table

    def tells(table):
        shares = 1 / np.exp(table - table.max(axis=1)[:, None]).sum(axis=1)  # of the most probable
        in_order = np.array_equal(shares, np.sort(shares))
        return rows == 1 or not (in_order or np.ptp(table.argmax(axis=1)) == 0)

    return _until(draw, tells)


def _near(rng, rows, classes):
    """Draw logits around zero, the largest of each row at a distance of its own from the next."""
    table = np.array([rng.permutation(40)[:classes] / 8 for _ in range(rows)]) - 2.5
    largest, next_one = np.argsort(table, axis=1)[:, :-3:-1].T
    gaps = (4 + rng.permutation(max(rows, 16))[:rows]) / 8
    table[np.arange(rows), largest] = table[np.arange(rows), next_one] + gaps
    return table


def _far(rng, table):
    """Move all but two logits of each row far down, and each row to a place of its own."""
    rows, classes = table.shape
    middle = classes // 2
    for row in range(rows):
        gap = np.ptp(np.sort(table[row])[-2:])
        # Neither stands first or last, if there are more than three.
        places = [middle, middle - 1 if classes % 2 == 0 or rng.random() < 0.5 else middle + 1]
        if classes == 3:
            places = [1, 2 * (row % 2)]
        table[row] -= DROP + 8 * rng.integers(0, 60)
        table[row, rng.permutation(places)] = 0, -gap
    # Below zero, above it, further below ...: 1,600 at least from zero and from each other.
    levels = [(1600 + 800 * (k // 2)) * (1 if k % 2 else -1) for k in range(rows)]
    levels = np.array(levels)[rng.permutation(rows)] + rng.integers(0, 60, rows)
    return table + levels[:, None]


def labelled(rng, images, classes, far=False, small=False):
    """Draw logits as above, and the right class of each image.

    The classes tell: those of another image (reversed, sorted, the first one's for all), the first
    or the last class for all, the most or least probable one, classes that count from one; with
    more than two classes the last one never occurs, which tells those who count the classes by the
    largest label. If the logits are `far`, some image is wrong by thousands, which tells a small
    number that is added to probabilities; unless the losses are to be `small`: then the second most
    probable class is right everywhere. The mean of losses that are not in the thousands tells
    whoever rounds it to four digits after the point, or fewer.

    Returns
    -------
    logits : array of shape (images, classes)
    targets : integer array of shape (images,)
    """
    rows, last = np.arange(images), classes - 1

    def draw():
        table = logits(rng, images, classes, far)
        if small:
            return table, np.argsort(table, axis=1)[:, -2]
        return table, rng.integers(0, max(last, 2), images)

    def tells(drawn):
        table, targets = drawn
        if small or not far:
            totals = np.logaddexp.reduce(table, axis=1)
            if not _tells_rounding(np.mean(totals - table[rows, targets])):
                return False
        if small:
            return True
        wrong = [np.zeros(images, int), np.full(images, last), table.argmax(1), table.argmin(1)]
        if images > 1:
            wrong += [targets[::-1], np.sort(targets), np.full(images, targets[0])]
        chosen = table[rows, targets]
        others = all(abs(np.sum(chosen - table[rows, other])) > 0.2 for other in wrong)
        return others and (not far or np.max(table.max(axis=1) - chosen) > 1000)

    return _until(draw, tells)


def _tells_rounding(number):
    """Whether a number differs clearly from itself with four digits after the point, or fewer."""
    off = [abs(number - round(number, digits)) for digits in range(5)]
    return min(off) > 1.2 * slack(number, 1e-5)
