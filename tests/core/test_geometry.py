"""Sizes against PyTorch's, receptive fields against gradients."""

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


def test_receptive_field_of_keras(monkeypatch):
    monkeypatch.setenv("KERAS_BACKEND", "torch")
    layers = pytest.importorskip("keras").layers
    first = layers.Conv2D(8, 5, padding="same"), layers.BatchNormalization(), layers.ReLU()
    last = layers.MaxPooling2D(2), layers.DepthwiseConv2D(3, dilation_rate=2)
    assert geometry.receptive_field([*first, *last]) == 5 + 1 + 2 * 2 * 2


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: geometry.output_size(10, 3, stride=0), ["stride=0", "at least 1"]),
        (lambda: geometry.output_size(10, 3, padding=-1), ["padding=-1", "at least 0"]),
        (lambda: geometry.output_size(10, "3"), ["kernel_size='3'", "whole number"]),
        (lambda: geometry.output_size((10, 10, 3), 3), ["(10, 10, 3)", "pair"]),
        (lambda: geometry.same_padding((3, 5)), ["kernel_size=(3, 5)", "one side at a time"]),
        (lambda: geometry.same_padding(3, (1, 2)), ["dilation=(1, 2)", "one side at a time"]),
        (lambda: geometry.receptive_field([()]), ["a layer of ()", "kernel_size, stride"]),
        (lambda: geometry.receptive_field([(3, 2, 1, 7)]), ["(3, 2, 1, 7)", "kernel_size, stride"]),
        (lambda: nn.Conv2d(4, 4, 3, groups=(2, 2)), ["groups=(2, 2)", "Use groups=1"]),
        (lambda: nn.Conv2d(4, 4, 3, groups=0), ["groups=0", "Use groups=1"]),
        (lambda: geometry.fits(10, 3, padding="full"), ["'full'", "'valid'"]),
    ],
)
def test_errors(call, words):
    with pytest.raises(ValueError) as raised:
        call()
    for word in words:
        assert word in str(raised.value)


def test_arrays_count_as_sizes():
    assert geometry.output_size(np.int64(10), np.int32(3)) == 8
    assert geometry.receptive_field([np.int64(3), 3]) == 5
