"""What hidden tests draw: each promise of `checks.draws`, kept in each draw."""

import numpy as np
import pytest

from cnnkit.checks import draws
from cnnkit.checks.compare import same

SEEDS = range(20)
TABLES = [(4, 3), (5, 4), (1, 5), (2, 6), (3, 7), (9, 3), (1, 10)]


@pytest.mark.parametrize("shape", [(2,), (7,), (3, 4), (2, 3, 4, 5)])
def test_numbers_are_told_apart(shape):
    for seed in SEEDS:
        drawn = draws.numbers(np.random.default_rng(seed), shape)
        sizes = np.sort(np.abs(drawn.ravel()))
        assert drawn.shape == shape and drawn.min() < 0 < drawn.max()
        assert sizes[0] > 0.5 and sizes[-1] < 3 and np.diff(sizes).min() > 0.3 / drawn.size
        assert drawn.flat[0] > drawn.flat[-1]


def test_a_single_number_is_below_zero():
    assert all(draws.numbers(np.random.default_rng(seed), (1,)) < 0 for seed in SEEDS)


def test_pixels_have_the_darkest_and_the_brightest():
    for seed in SEEDS:
        drawn = draws.pixels(np.random.default_rng(seed), (2, 3), 60, 190)
        assert drawn.dtype == np.uint8 and (drawn.min(), drawn.max()) == (60, 190)


def test_something_right_is_below_zero_and_something_above():
    for seed in SEEDS:
        rng = np.random.default_rng(seed)
        x, right = draws.below_zero(lambda rng=rng: (rng.normal(size=3) + 1,), lambda x: x * 2)
        assert np.array_equal(right, x * 2) and right.min() < 0 < right.max()


def test_what_never_tells_is_not_drawn_for_ever():
    with pytest.raises(RuntimeError, match="1,000 draws"):
        draws.below_zero(lambda: (np.ones(3),), np.abs)


@pytest.mark.parametrize(("rows", "classes"), TABLES)
@pytest.mark.parametrize("far", [False, True])
def test_logits_are_exact_in_32_bits_and_differ(rows, classes, far):
    for seed in SEEDS:
        table = draws.logits(np.random.default_rng(seed), rows, classes, far)
        assert table.shape == (rows, classes)
        assert np.array_equal(np.float32(table), table) and np.array_equal(
            table * 8 // 1, table * 8
        )
        assert all(len(set(row)) == classes for row in table.tolist())


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(("rows", "classes"), TABLES)
@pytest.mark.parametrize(
    "subtracted",
    {
        "nothing": lambda z: 0,
        "the table's": lambda z: z.max(),
        "the first row's": lambda z: z[0].max(),
        "absolute": lambda z: np.abs(z).max(axis=1, keepdims=True),
        "if above zero": lambda z: np.maximum(z.max(axis=1, keepdims=True), 0),
        "the smallest": lambda z: z.min(axis=1, keepdims=True),
        "the mean": lambda z: z.mean(axis=1, keepdims=True),
    }.items(),
    ids=lambda pair: pair[0],
)
def test_far_logits_tell_what_is_not_the_largest_of_a_row(rows, classes, subtracted):
    name, what = subtracted
    if rows == 1 and name in ("the table's", "the first row's"):
        return  # that is the row's own
    for seed in SEEDS:
        table = draws.logits(np.random.default_rng(seed), rows, classes, far=True)
        powers = np.exp(table - what(table))
        assert not np.isfinite(powers / powers.sum(axis=1, keepdims=True)).all()


@pytest.mark.parametrize(("images", "classes"), [*TABLES, (5, 2)])
def test_targets_are_those_of_no_rule(images, classes):
    for seed in SEEDS:
        table, targets = draws.labelled(np.random.default_rng(seed), images, classes)
        assert targets.max() < max(classes - 1, 2) and targets.min() >= 0
        others = [table.argmax(axis=1), table.argmin(axis=1), np.zeros(images)]
        others += [targets[::-1], np.sort(targets)] if images > 1 else []
        assert not any(np.array_equal(targets, other) for other in others)


@pytest.mark.parametrize(("images", "classes"), [(6, 4), (3, 7), (1, 5), (5, 2)])
@pytest.mark.parametrize("small", [False, True])
def test_a_mean_loss_tells_whoever_rounds_it(images, classes, small):
    for seed in SEEDS:
        rng = np.random.default_rng(seed)
        table, targets = draws.labelled(rng, images, classes, far=small, small=small)
        chosen = table[np.arange(images), targets]
        loss = np.array(np.mean(np.logaddexp.reduce(table, axis=1) - chosen))
        assert not any(same(np.round(loss, digits), loss) for digits in range(5))
        assert not small or loss < 4
