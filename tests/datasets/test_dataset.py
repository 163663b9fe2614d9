"""The form that all data sets share, and the catalogue that lists them."""

import inspect
import os
import shutil
import subprocess
import sys

import numpy as np
import pytest
from paths import ROOT

from cnnkit import datasets


def test_an_unknown_split_is_explained():
    with pytest.raises(ValueError, match="'train', 'test' or 'all'"):
        datasets.digits("validation")


def test_importing_the_data_sets_loads_nothing_heavy():
    code = "import sys, cnnkit.datasets; print(*sorted(sys.modules))"
    loaded = subprocess.check_output([sys.executable, "-c", code], text=True).split()
    assert not {"torch", "sklearn", "pooch", "requests", "tqdm", "filelock", "matplotlib"} & set(
        loaded
    )


def test_the_catalogue_says_all_that_training_needs():
    from cnnkit.training import random_views
    from cnnkit.training.command import MODELS

    assert {"digits", "mnist", "cartoons", "cifar10", "cats-vs-dogs", "pets"} <= {
        *datasets.CATALOGUE
    }
    views = inspect.signature(random_views).parameters
    for word, entry in datasets.CATALOGUE.items():
        assert callable(getattr(datasets, word.replace("-", "_")))
        assert entry.model in MODELS and entry.epochs > 0 and 0 < entry.lr < 1
        assert entry.augment.keys() <= views.keys()
        assert set(entry.options) <= {"size", "count", "download", "labels"}
        row = next(
            line
            for line in datasets.__doc__.splitlines()
            if f"`{word}`" in line or f"`{word.replace('-', '_')}`" in line
        )
        assert entry.what in row and entry.origin in row and row.endswith(entry.articles)


def test_what_is_loaded_for_training_and_testing_shares_no_picture():
    for word in ("digits", "cartoons"):
        entry = datasets.CATALOGUE[word]
        options = {"count": 40, "size": 16} if "count" in entry.options else {}
        train, test = (entry.load(part, **options) for part in ("train", "test"))
        assert not set(train.numbers.tolist()) & set(test.numbers.tolist())
        assert len(train) >= 4 * len(test) - 3


NEW = '''
"""Stripes that lie or stand."""

import numpy as np

from cnnkit.datasets.dataset import Dataset, Entry

__all__ = ["ENTRY", "stripes"]


def stripes(split="train", count=64):
    """Return noise with stripes."""
    dice = np.random.default_rng(split == "test")
    images, labels = dice.integers(0, 99, (count, 8, 8), np.uint8), np.arange(count) % 2
    images[labels == 0, ::2] += 150
    images[labels == 1, :, ::2] += 150
    return Dataset(images, labels, ("lying", "standing"), np.arange(count))


ENTRY = Entry("lying and standing stripes", "made here", "", stripes, "lenet", 8, 5e-3, {})
'''


def test_a_new_data_set_is_one_new_file(tmp_path):
    """It is found by its name, listed, and trained on; no other file knows of it."""
    ignored = shutil.ignore_patterns("__pycache__", "widgets", "grading", "checks")
    shutil.copytree(ROOT / "cnnkit", tmp_path / "cnnkit", ignore=ignored)
    (tmp_path / "cnnkit/datasets/stripes.py").write_text(NEW)

    def run(*words):
        environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(tmp_path)}
        return subprocess.run(
            [sys.executable, *words],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
            check=True,
        ).stdout

    code = "from cnnkit import datasets; print(datasets.stripes(count=6), datasets.__doc__)"
    printed = run("-c", code)
    assert "<6 pictures of 8×8: lying, standing>" in printed
    assert ":func:`stripes`" in printed and "lying and standing stripes" in printed
    assert "stripes" in run("-m", "cnnkit", "train", "--help")
    train = ["-m", "cnnkit", "train", "--data", "stripes", "--device", "cpu", "--count", "128"]
    assert "100.00% of 128 test pictures are right" in run(*train, "--out", "run")


def test_a_data_set_says_what_was_left_out():
    images = np.zeros((1, 8, 8), np.uint8)
    data = datasets.Dataset(
        images, np.zeros(1, int), ("a",), np.zeros(1, int), {"1.jpg": "it is no picture"}
    )
    assert repr(data) == "<1 pictures of 8×8: a, 1 files skipped>"
