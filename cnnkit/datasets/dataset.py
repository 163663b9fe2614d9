"""What every data set of the course is: pictures, labels, and what the labels mean."""

from dataclasses import dataclass

import numpy as np

__all__ = ["Dataset", "part"]


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
    skipped : tuple of str
        The files of the source that could not be decoded and were left out.
    licence : str
        Who made the pictures, and what you may do with them.
    """

    images: np.ndarray
    labels: np.ndarray
    names: tuple[str, ...]
    numbers: np.ndarray
    skipped: tuple[str, ...] = ()
    licence: str = ""

    def __len__(self):
        """How many pictures there are."""
        return len(self.images)

    def __repr__(self):
        shape = "×".join(map(str, self.images.shape[1:]))
        skipped = f", {len(self.skipped)} unreadable files skipped" if self.skipped else ""
        names = self.names if len(self.names) <= 10 else (*self.names[:9], "…")
        return f"<{len(self):,} pictures of {shape}: {', '.join(names)}{skipped}>"


def part(data, split, first_test_number):
    """Choose the pictures for training (numbers below `first_test_number`) or for testing.

    The pictures must be in the order of their numbers: each part is then one block, a view.
    """
    if split not in ("train", "test", "all"):
        raise ValueError(f"split={split!r} is not known: choose 'train', 'test' or 'all'.")
    border = int(np.searchsorted(data.numbers, first_test_number))
    rows = {"train": slice(0, border), "test": slice(border, None), "all": slice(None)}[split]
    return Dataset(
        data.images[rows],
        data.labels[rows],
        data.names,
        data.numbers[rows],
        data.skipped,
        data.licence,
    )
