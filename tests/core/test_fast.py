"""The plans behind convolution, each alone; test_functional holds what they make to PyTorch."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cnnkit import _fast
from cnnkit.geometry import windows_of

quick = settings(max_examples=60, deadline=None, derandomize=True)
side = st.integers(1, 3)
paddings = st.tuples(st.integers(0, 3), st.integers(0, 3))


def numbers(*shape):
    return np.random.default_rng(0).standard_normal(shape)


@quick
@given(side, side, side, st.tuples(side, side), paddings, st.sampled_from([1, 2000, 1 << 21]))
def test_both_plans_give_the_same(groups, filters, depth, dilation, padding, band_bytes):
    images, weight = numbers(3, groups * depth, 7, 8), numbers(groups * filters, depth, 3, 2)
    bias = numbers(groups * filters)
    windows = windows_of((7, 8), (3, 2), (2, 1), padding, dilation)
    usual, _fast.BAND_BYTES = _fast.BAND_BYTES, band_bytes
    results = []
    try:
        for plan in (_fast.multiply_windows, _fast.shift_and_add):
            output = np.full((3, groups * filters, *windows.output), np.nan)
            plan(images, weight, bias, windows, groups, output)
            results.append(output)
    finally:
        _fast.BAND_BYTES = usual
    np.testing.assert_allclose(*results, rtol=0, atol=1e-12)


@pytest.mark.parametrize("few", [True, False])
def test_few_filters_go_by_the_second_plan(few, monkeypatch):
    calls = []
    for name in ("multiply_windows", "shift_and_add"):
        monkeypatch.setattr(_fast, name, lambda *_, name=name: calls.append(name))
    windows = windows_of((5, 5), 3)
    weight = numbers(2 if few else 3, 4, 3, 3)
    _fast.convolve(numbers(1, 4, 5, 5), weight, None, windows, 1, None)
    assert calls == ["shift_and_add" if few else "multiply_windows"]


@quick
@given(st.tuples(side, side), st.tuples(side, side))
def test_the_seven_axes_are_as_they_are_drawn(stride, dilation):
    images, groups = numbers(2, 6, 9, 10), 3
    windows = windows_of((9, 10), (3, 2), stride, 0, dilation)
    height, width = windows.output
    letters = groups, height, 3, 2, 2, 2, width
    drawn = np.empty(letters)
    for g, y, i, c, j, n, x in np.ndindex(letters):
        row, column = y * stride[0] + i * dilation[0], x * stride[1] + j * dilation[1]
        drawn[g, y, i, c, j, n, x] = images[n, g * 2 + c, row, column]
    [(chosen, first, last, rows)] = _fast.bands(images, windows, groups, row_bytes=1)
    assert (chosen, first, last) == (slice(0, 2), 0, height)
    columns = _fast.windows_as_columns(rows, windows)
    np.testing.assert_array_equal(columns, drawn.reshape(groups, height, 3 * 2 * 2, 2 * width))
    shares = _fast.windows_as_rows(rows, windows)
    drawn = drawn.transpose(0, 2, 3, 4, 1, 5, 6)
    np.testing.assert_array_equal(shares, drawn.reshape(groups, 3, 2 * 2, height * 2 * width))


@quick
@given(st.integers(1, 12), st.integers(1, 4), st.integers(1, 4), st.integers(0, 4), side)
def test_phases_know_who_met_whom(size, kernel, stride, padding, dilation):
    if dilation * (kernel - 1) + 1 > size + 2 * padding:
        return
    windows = windows_of(size, kernel, stride, padding, dilation)
    met = {pixel: set() for pixel in range(size)}
    for output in range(windows.output[0]):
        for tap in range(kernel):
            pixel = output * stride + tap * dilation - padding
            if pixel in met:
                met[pixel].add((tap, output))
    told = {pixel: set() for pixel in range(size)}
    for phase in _fast.phases(windows, 0):
        outputs = range(windows.output[0])[phase.outputs]
        for place, pixel in enumerate(range(size)[phase.pixels]):
            for number, tap in enumerate(phase.taps):
                index = place + number * phase.dilation - phase.padding[0]
                if 0 <= index < len(outputs):
                    told[pixel].add((tap, outputs[index]))
    assert told == met
