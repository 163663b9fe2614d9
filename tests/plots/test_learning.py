"""Bars: they are as long as their values, say them, and stress one without colour alone."""

import re
from xml.etree import ElementTree

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cnnkit import plots

ALT = "A picture made for a test."


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


@pytest.mark.parametrize("values", [[1, 2, 3], [1], [1, -0.1], [1, np.nan], [[1, 2]]])
def test_values_that_are_no_bars_are_refused(values):
    with pytest.raises(ValueError, match=r"one value of at least 0 for each of the 2 labels"):
        plots.bars({"panel": values}, "ab", alt=ALT)


def test_words_are_asked_for():
    with pytest.raises(TypeError, match="say in a sentence"):
        plots.bars({"": [1, 2]}, "ab")
