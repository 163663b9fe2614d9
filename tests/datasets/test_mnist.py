"""MNIST: the IDX files, read and checked."""

import gzip
import hashlib
import importlib

import numpy as np
import pytest
from archives import PRIVATE, needs_mnist

from cnnkit import datasets

MNIST = importlib.import_module("cnnkit.datasets.mnist")  # the name itself means the function


def idx(values):
    header = bytes([0, 0, 8, values.ndim]) + np.array(values.shape, ">i4").tobytes()
    return gzip.compress(header + values.tobytes())


def test_mnist_is_read_and_checked(data, monkeypatch):
    random = np.random.default_rng(1)
    values = [
        random.integers(0, 256, shape, dtype=np.uint8)
        for shape in ((7, 28, 28), (7,), (3, 28, 28), (3,))
    ]
    sources = []
    (data / "mnist").mkdir()
    for value, source in zip(values, MNIST._SOURCES, strict=True):
        path = data / source.name
        path.write_bytes(idx(value))
        md5 = hashlib.md5(path.read_bytes()).hexdigest()
        sources.append(source._replace(checksum=f"md5:{md5}"))
    with pytest.raises(ValueError, match=r"not the official train-images-idx3-ubyte\.gz"):
        datasets.mnist()
    monkeypatch.setattr(MNIST, "_SOURCES", sources)
    everything = datasets.mnist("all")
    assert np.array_equal(everything.images, np.concatenate([values[0], values[2]]))
    assert np.array_equal(everything.labels, np.concatenate([values[1], values[3]]))


@needs_mnist
def test_the_real_mnist(monkeypatch):
    monkeypatch.setenv("CNNKIT_DATA", PRIVATE)
    train, test = datasets.mnist("train"), datasets.mnist("test")
    assert train.images.shape == (60_000, 28, 28) and test.images.shape == (10_000, 28, 28)
    assert np.bincount(train.labels).tolist()[:3] == [5923, 6742, 5958]
    assert round(train.images.mean() / 255, 4) == 0.1307  # the mean that everyone subtracts
    assert test.labels[:5].tolist() == [7, 2, 1, 0, 4]
