"""CIFAR-10: small colour photographs, which come as arrays already."""

import io
import pickle

import numpy as np

from cnnkit.datasets.dataset import Dataset, Entry, part
from cnnkit.datasets.files import Source, check, find, plain_files

__all__ = ["ENTRY", "cifar10"]

_SOURCE = Source(
    "cifar-10-python.tar.gz",
    ("https://www.cs.toronto.edu/~kriz/cifar-10-python.tar.gz",),
    170498071,
    "md5:c58f30108f718f92721af3b95e74349a",
    "CIFAR-10, A. Krizhevsky: its page names no licence; cite 'Learning Multiple Layers of "
    "Features from Tiny Images', 2009",
)
_NAMES = (
    "airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"
)  # fmt: skip


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
    path = check(find(_SOURCE, download=download), _SOURCE)
    images, labels = read_cifar10(path)
    licence = _SOURCE.licence
    whole = Dataset(images, labels, _NAMES, np.arange(len(labels)), licence=licence)
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
            f"Fetch {_SOURCE.urls[0]}."
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


ENTRY = Entry(
    what="60,000 colour photographs, 32×32",
    origin="found or downloaded",
    articles="R3",
    load=cifar10,
    model="resnet",
    epochs=20,
    lr=5e-3,
    augment={"shift": 0.125, "flip": True},
)
