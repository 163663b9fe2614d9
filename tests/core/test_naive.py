"""The loops of the chapters give what the fast operations and PyTorch give."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from cnnkit import functional, naive

side = st.integers(1, 3)
pairs = st.one_of(side, st.tuples(side, side))
quick = settings(max_examples=25, deadline=None, derandomize=True)


@quick
@given(side, side, pairs, st.one_of(st.integers(0, 2), st.tuples(side, side)), st.booleans())
def test_conv2d(channels, filters, stride, padding, biased):
    rng = np.random.default_rng(channels)
    x = rng.standard_normal((2, channels, 5, 6))
    weight = rng.standard_normal((filters, channels, 3, 2))
    bias = rng.standard_normal(filters) if biased else None
    result = naive.conv2d(x, weight, bias, stride, padding)
    np.testing.assert_allclose(
        result, functional.conv2d(x, weight, bias, stride, padding), atol=1e-12
    )
    tensors = (None if a is None else torch.tensor(a) for a in (x, weight, bias))
    theirs = torch.nn.functional.conv2d(*tensors, stride, padding)
    np.testing.assert_allclose(result, theirs, atol=1e-12)


@quick
@given(
    st.tuples(st.integers(2, 3), st.integers(2, 3)), st.one_of(st.none(), pairs), st.integers(0, 1)
)
def test_pooling(kernel_size, stride, padding):
    x = np.random.default_rng(0).standard_normal((2, 3, 5, 6)).round(1)
    for name in ("max_pool2d", "avg_pool2d"):
        result = getattr(naive, name)(x, kernel_size, stride, padding)
        fast = getattr(functional, name)(x, kernel_size, stride, padding)
        theirs = getattr(torch.nn.functional, name)(torch.tensor(x), kernel_size, stride, padding)
        np.testing.assert_allclose(result, fast, atol=1e-14)
        np.testing.assert_allclose(result, theirs, atol=1e-14)


def test_convolve_is_one_channel_of_conv2d():
    rng = np.random.default_rng(0)
    image, kernel = rng.integers(0, 256, (6, 7), np.uint8), rng.integers(-3, 4, (3, 2))
    expected = functional.conv2d(image[np.newaxis], kernel[np.newaxis, np.newaxis])[0]
    np.testing.assert_array_equal(naive.convolve(image, kernel), expected)


def test_the_x_detector_of_the_articles():
    """Source C2 (ELI5, BG): the first convolution that every reader of the articles meets."""
    image = [[1, 1, 1, 0, 0], [0, 1, 1, 1, 0], [0, 0, 1, 1, 1], [0, 0, 1, 1, 0], [0, 1, 1, 0, 0]]
    result = naive.convolve(image, [[1, 0, 1], [0, 1, 0], [1, 0, 1]])
    np.testing.assert_array_equal(result, [[4, 3, 4], [2, 4, 3], [2, 3, 4]])


def test_inputs_stay_as_they_are():
    x, kernel = np.ones((1, 1, 4, 4)), np.ones((2, 2))
    for array in (x, kernel):
        array.setflags(write=False)
    naive.convolve(x[0, 0], kernel)
    naive.conv2d(x, kernel[np.newaxis, np.newaxis], padding=1)
    naive.max_pool2d(x, 2, padding=1)
    naive.avg_pool2d(x, 2)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: naive.convolve(np.ones((2, 2)), np.ones((3, 3))), ["spans 3", "input of 2"]),
        (lambda: naive.convolve(np.ones((3, 4, 4)), np.ones((3, 3))), ["(3, 4, 4)", "one channel"]),
        (lambda: naive.conv2d(np.ones((4, 4)), np.ones((1, 1, 2, 2))), ["(4, 4)", "np.newaxis"]),
        (lambda: naive.conv2d(np.ones((1, 2, 4, 4)), np.ones((1, 1, 2, 2))), ["2 channels"]),
        (
            lambda: naive.conv2d(np.ones((1, 1, 4, 4)), np.ones((1, 1, 2, 2)), stride=0),
            ["stride=0"],
        ),
        (lambda: naive.conv2d(np.ones((1, 1, 4, 4)), np.ones((2, 1, 2, 2)), [1]), ["(1,)", "(2,)"]),
    ],
)
def test_errors(call, words):
    with pytest.raises(ValueError) as raised:
        call()
    for word in words:
        assert word in str(raised.value)
