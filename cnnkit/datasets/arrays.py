"""MNIST and CIFAR-10: small pictures that come as arrays already."""

import gzip
import io
import pickle

import numpy as np

from cnnkit.datasets.dataset import Dataset, part
from cnnkit.datasets.files import Source, check, find, plain_files

__all__ = ["cifar10", "mnist"]

_MNIST_LICENCE = "MNIST, Y. LeCun, C. Cortes and C. Burges: CC BY-SA 3.0"
_MNIST = [
    Source(
        f"mnist/{name}",
        (
            f"https://ossci-datasets.s3.amazonaws.com/mnist/{name}",
            f"https://storage.googleapis.com/cvdf-datasets/mnist/{name}",
        ),
        size,
        f"md5:{md5}",
        _MNIST_LICENCE,
    )
    for name, size, md5 in (
        ("train-images-idx3-ubyte.gz", 9912422, "f68b3c2dcbeaaa9fbdd348bbdeb94873"),
        ("train-labels-idx1-ubyte.gz", 28881, "d53e105ee54ea40749a09fcbcd1e9432"),
        ("t10k-images-idx3-ubyte.gz", 1648877, "9fb629c4189551a2d022fa330f9573f3"),
        ("t10k-labels-idx1-ubyte.gz", 4542, "ec29112dd5afa0611ce80d1b7f02629c"),
    )
]
_CIFAR10 = Source(
    "cifar-10-python.tar.gz",
    ("https://www.cs.toronto.edu/~kriz/cifar-10-python.tar.gz",),
    170498071,
    "md5:c58f30108f718f92721af3b95e74349a",
    "CIFAR-10, A. Krizhevsky: its page names no licence; cite 'Learning Multiple Layers of "
    "Features from Tiny Images', 2009",
)
_CIFAR10_NAMES = (
    "airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"
)  # fmt: skip


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
    paths = [check(find(source, download=download), source) for source in _MNIST]
    images = np.concatenate([_idx(paths[0]), _idx(paths[2])])
    labels = np.concatenate([_idx(paths[1]), _idx(paths[3])]).astype(np.int64)
    names = tuple("0123456789")
    whole = Dataset(images, labels, names, np.arange(len(labels)), licence=_MNIST_LICENCE)
    return part(whole, split, 60_000)


def _idx(path):
    """Read an IDX file: two zero bytes, the type, the rank, the sizes, then the values."""
    with gzip.open(path) as file:
        content = file.read()
    rank = content[3]
    shape = np.frombuffer(content, ">i4", count=rank, offset=4)
    return np.frombuffer(content, np.uint8, offset=4 + 4 * rank).reshape(shape)


def cifar10(split="train", download=False):
    """Return CIFAR-10, the small colour photographs of the article's third task (R3).

    Parameters
    ----------
    split : {'train', 'test', 'all'}, default 'train'
        The official 50,000 (numbers 0 to 49,999) and 10,000.
    download : bool, default False
        Fetch the official archive (170 MB) if it is not on this machine.

    Returns
    -------
    Dataset
        `images` of shape (N, 32, 32, 3).

    Raises
    ------
    FileNotFoundError
        If the archive is not here and `download` is not set.
    ValueError
        If the archive is not the official one, or there is no such split.
    OSError
        If a download fails.
    """
    path = check(find(_CIFAR10, download=download), _CIFAR10)
    images, labels = read_cifar10(path)
    licence = _CIFAR10.licence
    whole = Dataset(images, labels, _CIFAR10_NAMES, np.arange(len(labels)), licence=licence)
    return part(whole, split, 50_000)


def read_cifar10(path):
    """Read the six batches of the archive, each a pickle of 10,000 rows of 3,072 bytes."""
    order = [*(f"data_batch_{i}" for i in range(1, 6)), "test_batch"]
    batches = {}
    for name, content in plain_files(path, order):
        batch = _PlainArrays(io.BytesIO(content), encoding="bytes").load()
        rows = np.asarray(batch[b"data"]).reshape(-1, 3, 32, 32)
        batches[name] = rows.transpose(0, 2, 3, 1).copy(), batch[b"labels"]
    if missing := [name for name in order if name not in batches]:
        raise ValueError(
            f"{path} lacks {', '.join(missing)}: it is not the Python version of CIFAR-10. "
            f"Fetch {_CIFAR10.urls[0]}."
        )
    images = np.concatenate([batches[name][0] for name in order])
    labels = np.concatenate([np.asarray(batches[name][1], np.int64) for name in order])
    return images, labels


class _PlainArrays(pickle.Unpickler):
    """A pickle can run any code; this reader lets it build NumPy arrays and nothing else."""

    _ALLOWED = frozenset(
        {
            ("numpy", "dtype"),
            ("numpy", "ndarray"),
            ("numpy.core.multiarray", "_reconstruct"),
            ("numpy._core.multiarray", "_reconstruct"),
            ("numpy._core.numeric", "_frombuffer"),
            ("_codecs", "encode"),
        }
    )

    def find_class(self, module, name):
        if (module, name) not in self._ALLOWED:
            raise ValueError(
                f"The archive asks to run {module}.{name}, which no picture needs: it is not the "
                "official one. Delete it and fetch it again."
            )
        return super().find_class(module.replace("numpy.core", "numpy._core"), name)
