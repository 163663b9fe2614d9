"""What every data set of the course is: pictures, labels, and what the labels mean."""

import inspect
import itertools
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from cnnkit.arguments import lesson
from cnnkit.disk import printable

__all__ = ["Dataset", "Entry", "first_of", "part", "summary"]


@dataclass(frozen=True, eq=False, repr=False)
class Dataset:
    """Pictures with labels.

    Attributes
    ----------
    images : ndarray of uint8, shape (N, H, W, 3), or (N, H, W) when grey
        0 is black, 255 is full light. A large set is a read-only memory map: the pictures stay
        on disk until they are touched. For PyTorch, turn a batch into (N, 3, H, W) floats.
    labels : ndarray of int64, shape (N,)
    names : tuple of str
        ``names[label]`` says what a label means.
    numbers : ndarray of int64, shape (N,)
        The number each picture carries in its source. It alone decides what is for training
        and what is for testing, so the split is the same on every machine, for ever.
    skipped : mapping of str to str
        The files of the source that were left out, and why: broken ones, mostly.
    licence : str
        Who made the pictures, and what you may do with them.
    twins : mapping of str to str
        Files for training that nearly equal one for testing, and which: their owner has put them
        on both sides, so they stay there.
    """

    images: np.ndarray
    labels: np.ndarray
    names: tuple[str, ...]
    numbers: np.ndarray
    skipped: Mapping[str, str] = field(default_factory=dict)
    licence: str = ""
    twins: Mapping[str, str] = field(default_factory=dict)

    def __len__(self):
        """How many pictures there are."""
        return len(self.images)

    def __repr__(self):
        shape = "×".join(map(str, self.images.shape[1:]))
        skipped = f", {len(self.skipped):,} files skipped" if self.skipped else ""
        names = self.names if len(self.names) <= 10 else (*self.names[:9], "…")
        return f"<{len(self):,} pictures of {shape}: {printable(', '.join(names))}{skipped}>"


@dataclass(frozen=True)
class Entry:
    """What a data set says of itself: its line in the list, and how to train on it.

    Attributes
    ----------
    what, origin, articles : str
        What it holds, where it comes from, and the keys of the articles that speak of it.
    load : callable
        Called with 'train' or 'test' first, it returns that :class:`Dataset`. Those of its other
        arguments that are called `size`, `count` and `download` can be chosen on the command line.
    model : str
        The network that suits the pictures: a key of ``cnnkit.training.command.MODELS``.
    epochs : int
    lr : float
        The learning rate of that network.
    augment : dict
        What can happen to a picture without changing its label, as
        :func:`cnnkit.training.random_views` takes it: a mirrored digit is none.
    """

    what: str
    origin: str
    articles: str
    load: Callable[..., Dataset]
    model: str
    epochs: int
    lr: float
    augment: Mapping[str, Any]

    @property
    def options(self):
        """The names of what can be chosen."""
        return list(inspect.signature(self.load).parameters)[1:]


def part(data, split, first_test_number):
    """Choose the pictures for training (numbers below `first_test_number`) or for testing.

    The pictures must be in the order of their numbers: each part is then one block, a view.
    """
    if split not in ("train", "test", "all"):
        expected = "'train', 'test' or 'all'"
        raise lesson(f"split={split!r} was given", expected, "Use split='train'.")
    border = int(np.searchsorted(data.numbers, first_test_number))
    rows = {"train": slice(0, border), "test": slice(border, None), "all": slice(None)}[split]
    return Dataset(
        data.images[rows],
        data.labels[rows],
        data.names,
        data.numbers[rows],
        data.skipped,
        data.licence,
        data.twins,
    )


def summary(train, test):
    """Say what there is to learn from and to judge by, before anything is learned."""
    lines = [f"{len(train):,} pictures to learn from, {len(test):,} to judge by."]
    counts = np.bincount(train.labels, minlength=len(train.names))
    if len(train.names) <= 10:
        counted = [f"{name} {count:,}" for name, count in zip(train.names, counts, strict=True)]
        lines.append(f"To learn from: {', '.join(counted)}.")
    most, least = int(counts.argmax()), int(counts.argmin())
    if counts[most] > 2 * counts[least]:
        lines.append(
            f"The classes are uneven, from {counts[least]:,} of {train.names[least]} to "
            f"{counts[most]:,} of {train.names[most]}: a network that always says "
            f"{train.names[most]} would be right about {counts[most] / len(train):.0%} of these."
        )
    unseen = sorted(set(range(len(train.names))) - set(test.labels.tolist()))
    if unseen:
        names = ", ".join(train.names[label] for label in unseen[:5])
        lines.append(f"No picture judges {names}{', …' if len(unseen) > 5 else ''}.")
    if train.skipped:
        lines.append(f"{len(train.skipped):,} files were left out: {first_of(train.skipped)}.")
    if train.twins:
        same = {name: f"like {twin}" for name, twin in train.twins.items()}
        lines.append(
            f"{len(same):,} pictures to learn from nearly equal one to judge by, so the network "
            f"will look better than it is. Take one of each pair away: {first_of(same)}."
        )
    return "\n".join(map(printable, lines))


def first_of(skipped, count=5):
    """Name the first files that were left out, with the reasons."""
    named = [f"{printable(name)} ({why})" for name, why in itertools.islice(skipped.items(), count)]
    return ", ".join(named) + (", …" if len(skipped) > count else "")
