"""The handwritten digits that come bundled with scikit-learn: nothing is downloaded."""

import numpy as np

from cnnkit.datasets.dataset import Dataset, Entry, part
from cnnkit.datasets.shipped import shipped

__all__ = ["ENTRY", "digits", "levels"]


def levels():
    """Read the digits as they come: 17 levels of ink, and what each of them shows.

    Returns
    -------
    images : ndarray of float64, shape (1797, 8, 8)
        0 is paper, 16 is full ink.
    labels : ndarray of int64, shape (1797,)

    Raises
    ------
    ImportError
        If scikit-learn is not installed.
    """
    if path := shipped("digits.npz"):
        with np.load(path) as found:
            return found["images"].astype(np.float64), found["labels"].astype(np.int64)
    try:
        from sklearn.datasets import load_digits
    except ImportError as error:
        raise ImportError(
            "The digits come bundled with scikit-learn, which is not installed here. "
            "Install it with: pip install scikit-learn  (or: pip install 'cnnkit[data]')."
        ) from error
    bunch = load_digits()
    return bunch.images.copy(), bunch.target.astype(np.int64)


def digits(split="train"):
    """Return the handwritten digits that come with scikit-learn, 8×8 pixels.

    The article's drawn 4 (P3) has 1,797 real sisters; they serve wherever a network must train
    in seconds.

    Parameters
    ----------
    split : {'train', 'test', 'all'}, default 'train'
        Numbers 0 to 1,436 are for training, 1,437 to 1,796 for testing: other people wrote
        most of those.

    Returns
    -------
    Dataset
        `images` of shape (N, 8, 8): the 17 levels of the source (0 paper, 16 ink) stretched to
        0 … 255.

    Raises
    ------
    ImportError
        If scikit-learn is not installed.
    ValueError
        If there is no such split.
    """
    ink, labels = levels()
    images = np.rint(ink * (255 / 16)).astype(np.uint8)
    names = tuple("0123456789")
    licence = "Optical Recognition of Handwritten Digits, E. Alpaydin and C. Kaynak: CC BY 4.0."
    whole = Dataset(images, labels, names, np.arange(len(labels)), licence=licence)
    return part(whole, split, 1437)


ENTRY = Entry(
    what="1,797 handwritten digits, 8×8",
    origin="bundled with scikit-learn",
    articles="P3",
    load=digits,
    model="lenet",
    epochs=30,
    lr=5e-3,
    augment={"shift": 0.1, "turn": 10},
)
