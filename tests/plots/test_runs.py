"""Several runs a name, and what limits a layer: drawn where the numbers are."""

import re

import numpy as np
import pytest

from cnnkit import plots

ALT = "A picture made for a test."
RUNS = {"batch normalisation": [3.1, 4.0, 3.4], "label smoothing": [-0.2, 0.1]}
DEVICES = {"a fast one": (60e12, 4e12), "a slow one": (2e11, 2e10)}
LAYERS = {"ReLU": 1 / 8, "convolution": 71.0}


def dots(picture):
    """Where coloured marks are drawn, in their order; those of the axes have no colour."""
    uses = [use for use in re.findall(r"<use [^>]*?>", picture.body) if ": #" in use]
    places = [re.search(r'x="([\d.]+)" y="([\d.]+)"', use).groups() for use in uses]
    return np.array(places, float)


def words(picture):
    return set(re.findall(r">([^<>]+)</text>", picture.body))


def test_each_run_has_a_dot_in_the_row_of_its_name():
    picture = plots.spread(RUNS, alt=ALT, xlabel="points", reference=0)
    assert {*RUNS, "points"} <= words(picture)
    places = dots(picture)
    rows = [places[places[:, 1] == y] for y in sorted(set(places[:, 1]))]
    first, second = rows[0][:, 0], rows[1][:, 0]
    assert len(first) == 3 + 1 and len(second) == 2 + 1  # the runs and their mean
    assert np.isclose(first[3], first[:3].mean(), atol=1e-4)
    per_point = (first[1] - first[0]) / (4.0 - 3.1)
    assert np.allclose((second - first[0]) / per_point + 3.1, [-0.2, 0.1, -0.05], atol=1e-4)


@pytest.mark.parametrize("values", [[], [[1.0, 2.0]]])
def test_runs_that_are_no_row_are_named(values):
    with pytest.raises(ValueError, match="'odd' has shape"):
        plots.spread({"odd": values}, alt=ALT)


def test_a_layer_lies_under_the_lower_of_slope_and_roof():
    picture = plots.roofline(DEVICES, LAYERS, alt=ALT)
    assert {*DEVICES, *LAYERS} <= words(picture)
    fast, slow = dots(picture).reshape(2, 2, 2)
    assert (fast[:, 0] == slow[:, 0]).all(), "a layer has one intensity on all devices"
    heights = -np.concatenate([fast[:, 1], slow[:, 1]])
    speeds = np.log(
        [
            min(peak, found * bandwidth)
            for peak, bandwidth in DEVICES.values()
            for found in LAYERS.values()
        ]
    )
    scale = np.ptp(heights) / np.ptp(speeds)
    assert np.allclose(heights - heights[0], scale * (speeds - speeds[0]), atol=1e-3)


def test_a_roofline_wants_numbers_above_zero():
    with pytest.raises(ValueError, match="above 0; the smallest is 0"):
        plots.roofline(DEVICES, {"nothing": 0}, alt=ALT)


@pytest.mark.parametrize("draw", [lambda: plots.spread(RUNS), lambda: plots.roofline({}, LAYERS)])
def test_words_are_asked_for(draw):
    with pytest.raises(TypeError, match="say in a sentence"):
        draw()


def test_lines_and_text_follow_the_theme():
    for picture in (plots.spread(RUNS, alt=ALT), plots.roofline(DEVICES, LAYERS, alt=ALT)):
        assert "currentColor" in picture.body and plots.INK not in picture.body
