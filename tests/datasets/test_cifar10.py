"""CIFAR-10: rows of planes become pictures, and no pickle runs anything."""

import importlib
import os
import pickle

import numpy as np
import pytest
from archives import official, tar_gz

from cnnkit import datasets
from cnnkit.datasets.cifar10 import read_cifar10

CIFAR10 = importlib.import_module("cnnkit.datasets.cifar10")  # the name means the function


def cifar_members(seed=0, count=20):
    random = np.random.default_rng(seed)
    for name in (*(f"data_batch_{i}" for i in range(1, 6)), "test_batch"):
        batch = {
            b"data": random.integers(0, 256, (count, 3072), dtype=np.uint8),
            b"labels": random.integers(0, 10, count).tolist(),
        }
        yield f"cifar-10-batches-py/{name}", batch


def test_cifar10_turns_rows_of_planes_into_pictures(data, monkeypatch):
    batches = list(cifar_members())
    members = [(name, pickle.dumps(batch, protocol=2)) for name, batch in reversed(batches)]
    path = tar_gz(data / "cifar-10-python.tar.gz", members)
    with pytest.raises(ValueError, match="not the official"):
        datasets.cifar10()
    official(monkeypatch, CIFAR10, "_SOURCE", path)
    everything = datasets.cifar10("all")
    assert everything.images.shape == (120, 32, 32, 3) and everything.images.dtype == np.uint8
    assert everything.labels.tolist() == [x for _, batch in batches for x in batch[b"labels"]]
    row = batches[2][1][b"data"][5]
    assert np.array_equal(everything.images[45, :, :, 1], row[1024:2048].reshape(32, 32))
    assert everything.names[3] == "cat" and len(everything.names) == 10
    tar_gz(data / "short.tar.gz", members[1:])
    with pytest.raises(ValueError, match="lacks test_batch"):
        read_cifar10(tar_gz(data / "short.tar.gz", members[1:]))


class Evil:
    def __reduce__(self):
        return os.system, ("touch evil",)


def test_a_pickle_that_would_run_something_is_refused(data, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    members = [("cifar-10-batches-py/data_batch_1", pickle.dumps({b"data": Evil()}, protocol=2))]
    with pytest.raises(ValueError, match=r"asks to run .*system"):
        read_cifar10(tar_gz(data / "evil.tar.gz", members))
    assert not (tmp_path / "evil").exists()
