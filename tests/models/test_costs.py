"""Shapes, parameters and multiply-accumulates against those that PyTorch and Keras tell."""

import numpy as np
import pytest
import torch

from cnnkit import models, nn


def lenet(ns):
    return ns.Sequential(
        ns.Conv2d(1, 8, 5, padding=2),
        ns.BatchNorm2d(8),
        ns.Sequential(ns.ReLU(), ns.MaxPool2d(2)),
        ns.Conv2d(8, 16, (3, 2), stride=(2, 1), groups=2, bias=False),
        ns.Flatten(),
        ns.Dropout(0.5),
        ns.Linear(16 * 6 * 13, 10),
    )


def test_summary_of_cnnkit_and_pytorch():
    ours, theirs = lenet(nn), lenet(torch.nn)
    table, other = models.summary(ours, (1, 28, 28)), models.summary(theirs, (1, 28, 28))
    assert table.rows == other.rows
    assert str(table) == str(other)
    assert table.parameters == sum(p.numel() for p in theirs.parameters())
    conv, last = table.rows[0], table.rows[-1]
    assert conv == ("Conv2d", (8, 28, 28), 208, 28 * 28 * 8 * 25, 8 * 28 * 28 * 4)
    assert table.rows[4].multiply_accumulates == 16 * 6 * 13 * (4 * 3 * 2)
    assert last == ("Linear", (10,), 12490, 12480, 40)
    assert ours.training and theirs.training and theirs[1].training
    assert ours.children[1].num_batches_tracked == theirs[1].num_batches_tracked == 0
    assert "Conv2d" in str(table) and "8 × 28 × 28" in str(table) and "12,480" in str(table)


def test_summary_counts_shared_and_bare_parameters_of_pytorch_once():
    class Model(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.scale = torch.nn.Parameter(torch.ones(3))
            self.layer = torch.nn.Linear(3, 3)

        def forward(self, x):
            return self.layer(self.layer(x)) * self.scale

    model = Model().double()
    table = models.summary(model, (3,))
    assert table.parameters == sum(p.numel() for p in model.parameters()) == 15
    assert table.multiply_accumulates == 18
    assert table.rows[0].bytes == 24


def test_summary_of_keras(monkeypatch):
    monkeypatch.setenv("KERAS_BACKEND", "torch")
    keras = pytest.importorskip("keras")
    layers = keras.layers
    model = keras.Sequential(
        [
            layers.Conv2D(8, 5, padding="same"),
            layers.BatchNormalization(),
            keras.Sequential([layers.ReLU(), layers.MaxPooling2D(2)]),
            layers.DepthwiseConv2D(3, depth_multiplier=2),
            layers.Flatten(),
            layers.Dense(10),
        ]
    )
    table = models.summary(model, (28, 28, 1))
    assert table.parameters == model.count_params()
    assert [row.layer for row in table.rows][:4] == [
        "Conv2D", "BatchNormalization", "ReLU", "MaxPooling2D",
    ]  # fmt: skip
    assert table.rows[0] == ("Conv2D", (28, 28, 8), 208, 28 * 28 * 8 * 25, 8 * 28 * 28 * 4)
    assert table.rows[4][1:4] == ((12, 12, 16), 160, 12 * 12 * 16 * 9)
    assert table.rows[-1] == ("Dense", (10,), 23050, 23040, 40)
    article = keras.Sequential(
        [
            layers.Input((300, 300, 3)),
            layers.Conv2D(10, 5, activation="relu"),
            layers.MaxPooling2D(2),
            layers.Flatten(),
            layers.Dense(2, activation="softmax"),
        ]
    )
    assert models.summary(article, (300, 300, 3)).parameters == 438_842  # source R1, E1


class Bend(nn.Module):
    def __init__(self):
        self.slope = nn.Parameter(np.ones(3))

    def forward(self, input):
        return input * self.slope.data


def test_summary_counts_parameters_of_any_name():
    rows = models.summary(nn.Sequential(nn.Linear(3, 3), Bend()), (3,)).rows
    assert [(row.parameters, row.multiply_accumulates) for row in rows] == [(12, 9), (3, 0)]


def test_a_number_of_bfloat16_has_two_bytes(monkeypatch):
    monkeypatch.setenv("KERAS_BACKEND", "torch")
    keras = pytest.importorskip("keras")
    layers = keras.layers.Dense(4, dtype="bfloat16"), keras.layers.Dense(2, dtype="float64")
    rows = models.summary(keras.Sequential(layers), (3,)).rows
    assert [row.bytes for row in rows] == [4 * 2, 2 * 8]


def test_what_is_no_model_is_a_lesson():
    with pytest.raises(ValueError, match=r"a list; expected a model .* nn\.Sequential"):
        models.summary([1, 2], (3,))
