"""Charts: bars, runs, curves and boxes stand where their numbers say."""

import re
from xml.etree import ElementTree

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cnnkit import plots

ALT = "A picture made for a test."
X = np.linspace(-2, 2, 9)
RUNS = {"batch normalisation": [3.1, 4.0, 3.4], "label smoothing": [-0.2, 0.1]}
DEVICES = {"a fast one": (60e12, 4e12), "a slow one": (2e11, 2e10)}
LAYERS = {"ReLU": 1 / 8, "convolution": 71.0}


def test_curves_are_told_apart_without_colour():
    markup = plots.curves(X, {"a": X, "b": -X, "c": X**2}, alt=ALT)._repr_html_()
    assert {"a", "b", "c"} <= set(re.findall(r">([abc])</text>", markup))
    assert len(set(re.findall(r"stroke-dasharray: ([^;\"]+)", markup))) >= 2


@pytest.mark.parametrize("count", [0, 5])
def test_more_lines_than_can_be_told_apart_are_refused(count):
    names = list(map(str, range(count)))
    with pytest.raises(ValueError, match=f"{count} curves; expected 1 to 4"):
        plots.curves(X, dict.fromkeys(names, X), alt=ALT)
    with pytest.raises(ValueError, match=f"{count} devices; expected 1 to 4"):
        plots.roofline(dict.fromkeys(names, (60e12, 4e12)), LAYERS, alt=ALT)


def elements(picture, tag):
    tree = ElementTree.fromstring(picture._repr_html_())
    return [node for node in tree.iter() if node.tag.endswith(tag)]


def lengths(picture):
    """How far each filled outline reaches to the right, in the order drawn."""
    found = []
    for path in elements(picture, "path"):
        if re.search(r"fill: #(?!none)", path.get("style", "")):
            xs = [float(x) for x in re.findall(r"[ML] ([-\d.]+) ", path.get("d"))]
            found.append(max(xs) - min(xs))
    return found


@settings(max_examples=20, deadline=None)
@given(st.lists(st.floats(0.01, 1), min_size=2, max_size=10), st.integers(0, 1))
def test_bars_are_as_long_as_their_values_over_all_panels(values, mark):
    first = np.array(values)
    panels = {"before": first, "after": first[::-1] / 2}
    drawn = lengths(plots.bars(panels, range(len(first)), alt=ALT, mark=mark))
    wanted = np.concatenate([first, first[::-1] / 2])
    assert len(drawn) == len(wanted)
    np.testing.assert_allclose(np.array(drawn) / max(drawn), wanted / wanted.max(), atol=1e-3)


def test_limit_is_the_right_end():
    free = lengths(plots.bars({"": [0.5, 0.25]}, "ab", alt=ALT))
    bound = lengths(plots.bars({"": [0.5, 0.25]}, "ab", alt=ALT, limit=1))
    np.testing.assert_allclose(np.array(bound) * 2, free, rtol=1e-3)


def test_bars_say_titles_labels_and_values():
    picture = plots.bars({"before <1>": [0.1, 0.9], "after": [0.0, 1234]}, ["cat", "dog"], alt=ALT)
    words = [node.text for node in elements(picture, "text")]
    assert words == ["cat", "0.1", "dog", "0.9", "cat", "0", "dog", "1234"]
    assert "before &lt;1&gt;" in picture._repr_html_()
    assert f'aria-label="{ALT}"' in picture._repr_html_()


def test_the_marked_bar_differs_in_colour_weight_and_outline():
    markup = plots.bars({"": [1, 2, 3]}, "abc", alt=ALT, mark=1)._repr_html_()
    plain = plots.bars({"": [1, 2, 3]}, "abc", alt=ALT)._repr_html_()
    for sign in (f"fill: {plots.ACCENT}; stroke: currentColor", "font-weight: 700"):
        assert sign in markup
        assert sign not in plain


def test_bars_of_zeros_are_drawn_in_the_ink_of_the_theme():
    markup = plots.bars({"": [0, 0]}, "ab", alt=ALT)._repr_html_()
    assert "currentColor" in markup and plots.INK not in markup


@pytest.mark.parametrize("values", [[1, 2, 3], [1], [], [1, -0.1], [1, np.nan], [[1, 2]]])
def test_values_that_are_no_bars_are_refused(values):
    with pytest.raises(ValueError, match=r"one value of at least 0 for each of the 2 labels"):
        plots.bars({"panel": values}, "ab", alt=ALT)


@pytest.mark.parametrize(("panels", "labels"), [({}, "ab"), ({"panel": []}, "")])
def test_no_bars_at_all_are_refused(panels, labels):
    with pytest.raises(ValueError, match="expected at least one of each"):
        plots.bars(panels, labels, alt=ALT)


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


def test_each_gain_has_a_bar_in_the_row_of_its_name_and_a_hollow_dot_where_zero_lies_within():
    gains = {"helps": (1.0, 4.0), "hurts": (-4.0, -2.0), "may": (-1.0, 3.0), "much": (41.2, 69.8)}
    picture = plots.intervals(gains, alt=ALT, xlabel="points", limit=20)
    assert {*gains, "points", "41 to 70"} <= words(picture)
    places = dots(picture)
    assert len(set(places[:, 1])) == len(places) == 4
    helps, hurts, may, much = places[:, 0]
    per_point = (helps - hurts) / (2.5 - -3.0)
    assert np.isclose(may, hurts + per_point * (1.0 - -3.0), atol=1e-3)
    assert np.isclose(much, hurts + per_point * (20 - -3.0), atol=1e-3)
    fills = re.findall(r"<use [^>]*?fill: (#\w+)", picture.body)
    assert [fill == "#ffffff" for fill in fills if fill != plots.INK] == [False, False, True, False]


@pytest.mark.parametrize("ends", [(2.0, 1.0), (1.0,), (np.nan, 1.0)])
def test_what_is_no_interval_is_named(ends):
    with pytest.raises(ValueError, match="'odd' has"):
        plots.intervals({"odd": ends}, alt=ALT)


def test_what_doubles_has_even_steps_and_every_number():
    x = [1, 2, 4, 8, 16, 32]
    picture = plots.curves(x, {"a": x}, alt=ALT, log2=True, points={"here": (4, 4)})
    assert {*map(str, x), "here"} <= words(picture)
    ticks = re.findall(r'text-anchor: middle[^>]*?x="([\d.]+)"[^>]*>(\d+)</text>', picture.body)
    at = {int(label): float(place) for place, label in ticks}
    steps = np.diff([at[value] for value in x])
    assert np.allclose(steps, steps[0], atol=1e-3)
    assert len(dots(picture)) == 1 and np.isclose(dots(picture)[0, 0], at[4], atol=1e-3)
    with pytest.raises(ValueError, match="0 is one of the x"):
        plots.curves([0, 1], {"a": [0, 1]}, alt=ALT, log2=True)


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
    with pytest.raises(ValueError, match="0 is one of the numbers; expected numbers above 0"):
        plots.roofline(DEVICES, {"nothing": 0}, alt=ALT)


def test_network_draws_a_box_a_layer_and_labels_changes_only():
    shapes = [(1, 32, 32), (6, 28, 28), (6, 14, 14), (120,), (120,), (10,)]
    html = plots.network(shapes, alt="Boxes that grow smaller.")._repr_html_()
    labels = [int(t) for t in re.findall(r"<text[^>]*>(\d+)</text>", html)]
    assert sorted(labels) == sorted([1, 6, 120, 10, 32, 28, 14])
    assert "url(#" in html, "dense layers are hatched"


@pytest.mark.parametrize(("shapes", "words"), [([(3, 4)], "(3, 4)"), ([(10,)], "one of maps")])
def test_network_says_what_it_cannot_draw(shapes, words):
    with pytest.raises(ValueError, match=r"the shapes? .*; expected") as error:
        plots.network(shapes, alt="Boxes that grow smaller.")
    assert words in str(error.value)
