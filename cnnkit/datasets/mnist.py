"""MNIST: handwritten digits, which come as arrays already."""

import gzip

import numpy as np

from cnnkit.datasets.dataset import Dataset, Entry, part
from cnnkit.datasets.files import Source, check, find

__all__ = ["ENTRY", "mnist"]

_LICENCE = "MNIST, Y. LeCun, C. Cortes and C. Burges: CC BY-SA 3.0"
_SOURCES = [
    Source(
        f"mnist/{name}",
        (
            f"https://ossci-datasets.s3.amazonaws.com/mnist/{name}",
            f"https://storage.googleapis.com/cvdf-datasets/mnist/{name}",
        ),
        size,
        f"md5:{md5}",
        _LICENCE,
    )
    for name, size, md5 in (
        ("train-images-idx3-ubyte.gz", 9912422, "f68b3c2dcbeaaa9fbdd348bbdeb94873"),
        ("train-labels-idx1-ubyte.gz", 28881, "d53e105ee54ea40749a09fcbcd1e9432"),
        ("t10k-images-idx3-ubyte.gz", 1648877, "9fb629c4189551a2d022fa330f9573f3"),
        ("t10k-labels-idx1-ubyte.gz", 4542, "ec29112dd5afa0611ce80d1b7f02629c"),
    )
]


def mnist(split="train", download=False):
    """Return MNIST, the handwritten digits of the article's second task (R2).

    Parameters
    ----------
    split : {'train', 'test', 'all'}, default 'train'
        The official 60,000 (numbers 0 to 59,999) and 10,000.
    download : bool, default False
        Fetch the four official files (11.6 MB) if they are not on this machine.

    Returns
    -------
    Dataset
        `images` of shape (N, 28, 28); 0 is paper, 255 full ink.

    Raises
    ------
    FileNotFoundError
        If the files are not here and `download` is not set.
    ValueError
        If a file is not the official one, or there is no such split.
    OSError
        If a download fails.
    """
    paths = [check(find(source, download=download), source) for source in _SOURCES]
    images = np.concatenate([_idx(paths[0]), _idx(paths[2])])
    labels = np.concatenate([_idx(paths[1]), _idx(paths[3])]).astype(np.int64)
    names = tuple("0123456789")
    whole = Dataset(images, labels, names, np.arange(len(labels)), licence=_LICENCE)
    return part(whole, split, 60_000)


def _idx(path):
    """Read an IDX file: two zero bytes, the type, the rank, the sizes, then the values."""
    with gzip.open(path) as file:
        content = file.read()
    rank = content[3]
    shape = np.frombuffer(content, ">i4", count=rank, offset=4)
    return np.frombuffer(content, np.uint8, offset=4 + 4 * rank).reshape(shape)


ENTRY = Entry(
    what="70,000 handwritten digits, 28×28",
    origin="found or downloaded",
    articles="R2",
    load=mnist,
    model="lenet",
    epochs=10,
    lr=5e-3,
    augment={"shift": 0.07, "turn": 10},
)
