"""Sizes against PyTorch's, receptive fields against gradients, counts against the frameworks'."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from cnnkit import geometry, nn

side = st.integers(1, 6)
quick = settings(max_examples=150, deadline=None, derandomize=True)


@quick
@given(st.integers(1, 40), side, side, st.integers(0, 4), st.integers(1, 3))
def test_output_size_and_fits(size, kernel, stride, padding, dilation):
    how = {"stride": stride, "padding": padding, "dilation": dilation}
    spread = dilation * (kernel - 1) + 1
    fits = geometry.fits(size, kernel, **how)
    if spread > size + 2 * padding:
        assert not fits
        with pytest.raises(ValueError, match=f"spans {spread}"):
            geometry.output_size(size, kernel, **how)
        return
    conv = torch.nn.Conv1d(1, 1, kernel, **how)
    length = geometry.output_size(size, kernel, **how)
    assert length == conv(torch.zeros(1, 1, size)).shape[-1]
    last = (length - 1) * stride + spread  # where the last window ends
    assert fits == (last == size + 2 * padding)
    assert geometry.output_size((size, size), kernel, **how) == (length, length)


@quick
@given(st.integers(10, 40), st.integers(1, 9), st.integers(1, 2))
@pytest.mark.filterwarnings("ignore:Using padding='same' with even kernel")
def test_same_padding_keeps_the_size_as_pytorch_does(size, kernel, dilation):
    before, after = geometry.same_padding(kernel, dilation)
    assert size + before + after - dilation * (kernel - 1) == size
    assert geometry.output_size(size, kernel, padding="same", dilation=dilation) == size
    x, weight = torch.randn(1, 1, size), torch.randn(1, 1, kernel)
    same = torch.nn.functional.conv1d(x, weight, padding="same", dilation=dilation)
    padded = torch.nn.functional.pad(x, (before, after))
    torch.testing.assert_close(same, torch.nn.functional.conv1d(padded, weight, dilation=dilation))


def test_the_sizes_in_the_articles():
    """Sources S1–S4, C8: the numbers that the articles work out, or stumble over."""
    assert geometry.output_size(32, 3) == 30
    assert geometry.output_size(32, 5) == 28
    assert geometry.output_size(6, 3) == 4
    assert not geometry.fits(10, 3, stride=2)
    assert geometry.output_size(227, 11, stride=4) == 55
    assert geometry.fits(227, 11, stride=4)
    assert not geometry.fits(224, 11, stride=4)
    assert geometry.output_size(224, 11, stride=4, padding=2) == 55


STACKS = [
    [(3, 1), (3, 1)],
    [(5, 1), (2, 2), (5, 1), (2, 2)],
    [(3, 2), (3, 2, 2), (2, 3)],
    [((3, 1), (2, 1)), ((1, 4), 1, (1, 2))],
]


@pytest.mark.parametrize("stack", STACKS)
def test_receptive_field_is_where_the_gradient_is_not_zero(stack):
    layers = [torch.nn.Conv2d(1, 1, *layer[:2], 0, *layer[2:]) for layer in stack]
    for layer in layers:
        torch.nn.init.ones_(layer.weight)
    image = torch.zeros(1, 1, 64, 64, requires_grad=True)
    output = torch.nn.Sequential(*layers)(image)
    output[0, 0, 1, 1].backward()
    rows, columns = torch.nonzero(image.grad[0, 0], as_tuple=True)
    seen = int(rows.max() - rows.min() + 1), int(columns.max() - columns.min() + 1)
    field = geometry.receptive_field(stack)
    assert (field if isinstance(field, tuple) else (field, field)) == seen
    assert geometry.receptive_field(layers) == field
    assert geometry.receptive_field(torch.nn.Sequential(*layers)) == field
    ours = nn.Sequential(*[nn.Conv2d(1, 1, *layer[:2], 0, *layer[2:]) for layer in stack])
    assert geometry.receptive_field(ours) == field


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
    table, other = geometry.summary(ours, (1, 28, 28)), geometry.summary(theirs, (1, 28, 28))
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
    table = geometry.summary(model, (3,))
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
    table = geometry.summary(model, (28, 28, 1))
    assert table.parameters == model.count_params()
    assert [row.layer for row in table.rows][:4] == [
        "Conv2D", "BatchNormalization", "ReLU", "MaxPooling2D",
    ]  # fmt: skip
    assert table.rows[0] == ("Conv2D", (28, 28, 8), 208, 28 * 28 * 8 * 25, 8 * 28 * 28 * 4)
    assert table.rows[4][1:4] == ((12, 12, 16), 160, 12 * 12 * 16 * 9)
    assert table.rows[-1] == ("Dense", (10,), 23050, 23040, 40)
    assert geometry.receptive_field(model.layers[:4]) == 5 + 1 + 2 * 2
    article = keras.Sequential(
        [
            layers.Input((300, 300, 3)),
            layers.Conv2D(10, 5, activation="relu"),
            layers.MaxPooling2D(2),
            layers.Flatten(),
            layers.Dense(2, activation="softmax"),
        ]
    )
    assert geometry.summary(article, (300, 300, 3)).parameters == 438_842  # source R1, E1


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: geometry.output_size(10, 3, stride=0), ["stride=0", "at least 1"]),
        (lambda: geometry.output_size(10, 3, padding=-1), ["padding=-1", "at least 0"]),
        (lambda: geometry.output_size(10, "3"), ["kernel_size='3'", "whole number"]),
        (lambda: geometry.output_size((10, 10, 3), 3), ["(10, 10, 3)", "pair"]),
        (lambda: geometry.fits(10, 3, padding="full"), ["'full'", "'valid'"]),
        (lambda: geometry.summary([1, 2], (3,)), ["list", "nn.Sequential"]),
    ],
)
def test_errors(call, words):
    with pytest.raises(ValueError) as raised:
        call()
    for word in words:
        assert word in str(raised.value)


def test_arrays_count_as_sizes():
    assert geometry.output_size(np.int64(10), np.int32(3)) == 8
