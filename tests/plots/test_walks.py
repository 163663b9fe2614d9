"""Walks: a window visits what a convolution reads, by mouse and key, without a script."""

import re

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from cnnkit import plots

ALT = "A picture made for a test."
CASES = st.fixed_dictionaries(
    {
        "size": st.integers(1, 7),
        "kernel_size": st.integers(1, 4),
        "stride": st.integers(1, 3),
        "padding": st.integers(0, 2),
        "dilation": st.integers(1, 2),
    }
)
WHERE = """([part]) => [...document.querySelectorAll('svg g')]
  .filter(g => g.getAttribute('class')?.endsWith(part))
  .map(g => new DOMMatrix(getComputedStyle(g).transform)).map(m => [m.e, m.f])[0]"""


@settings(max_examples=60, deadline=None)
@given(CASES)
def test_a_walk_visits_what_the_convolution_reads(case):
    full = case["size"] + 2 * case["padding"]
    spread = case["dilation"] * (case["kernel_size"] - 1) + 1
    if spread > full:
        with pytest.raises(ValueError, match="kernel"):
            plots.walk(**case, alt=ALT)
        return
    side = (full - spread) // case["stride"] + 1
    if side**2 > 64:
        with pytest.raises(ValueError, match=f"a walk of {side**2} positions; expected at most 64"):
            plots.walk(**case, alt=ALT)
        return
    markup = plots.walk(**case, alt=ALT, cell=10)._repr_html_()
    assert markup.count('type="radio"') == side**2 + 1
    rule = r"-(\d+):checked~div \.cnnkit\d+w{transform:translate\((\d+)px,(\d+)px\)}"
    windows = [tuple(int(n) // 10 for n in found[1:]) for found in re.findall(rule, markup)]
    steps = [at * case["stride"] for at in range(side)]
    assert windows == [(x, y) for y in steps for x in steps]
    # What no window touches is crossed out, and nothing else.
    taps = np.arange(case["kernel_size"]) * case["dilation"]
    read = {int(step + tap) for step in steps for tap in taps}
    assert markup.count("<path") == full**2 - len(read) ** 2
    assert markup.count("stroke-dasharray") == full**2 - case["size"] ** 2


@pytest.mark.parametrize("how", [{}, {"stride": 2}, {"padding": 1}, {"dilation": 2}])
def test_a_walk_writes_what_is_read_and_what_comes_out(how):
    image = np.arange(25).reshape(5, 5)
    kernel = np.array([[1, 0, -1], [2, 0, -2], [1, 0, -3]])
    bare = plots.walk(5, 3, **how, alt=ALT, image=image)
    picture = plots.walk(5, 3, **how, alt=ALT, image=image, kernel=kernel)
    written = [
        [number.replace("−", "-") for number in re.findall(r">([^<>]+)</text>", p.body)]
        for p in (bare, picture)
    ]
    pixels = np.pad(image, how.get("padding", 0)).ravel()
    weight = torch.from_numpy(kernel)[None, None]
    sums = torch.conv2d(torch.from_numpy(image)[None, None], weight, **how).numpy().ravel()
    assert written[0] == [str(n) for n in pixels]
    assert written[1] == [str(n) for n in [*pixels, *sums]]


@pytest.mark.parametrize("name", ["image", "kernel"])
def test_a_walk_wants_a_value_for_each_cell(name):
    with pytest.raises(ValueError, match=rf"{name} has the shape \(2, 2\)"):
        plots.walk(5, 3, alt=ALT, **{name: np.zeros((2, 2))})


def test_a_walk_stands_still_until_asked_and_for_reduced_motion():
    markup = plots.walk(4, 2, alt=ALT)._repr_html_()
    assert re.search(r'id="cnnkit\d+-1" aria-label="step 1"[^>]* checked=""', markup)
    assert re.search(
        r"reduced-motion:reduce\){#cnnkit\d+-0:checked~div .*?{animation:none}", markup
    )


def test_a_walk_steps_by_key_and_plays_without_any_script(tmp_path, serve, open_page):
    markup = plots.walk(6, 2, stride=2, alt=ALT, cell=10)._repr_html_()
    (tmp_path / "index.html").write_text(f"<!doctype html><meta charset=utf-8>{markup}")
    with serve(tmp_path) as url:
        page = open_page(f"{url}/index.html")
        page.get_by_label("step 1", exact=True).focus()
        page.keyboard.press("ArrowRight")
        page.keyboard.press("ArrowRight")
        page.keyboard.press("ArrowRight")
        assert page.evaluate(WHERE, ["w"]) == [0, 20]  # the fourth of 3 × 3 windows
        assert page.evaluate(WHERE, ["o"]) == [0, 10]
        page.get_by_label("play").check()
        animations = "() => document.getAnimations().map(a => a.playState)"
        assert page.evaluate(animations) == ["running", "running"]
        page.get_by_label("step 9", exact=True).check()
        assert page.evaluate(WHERE, ["w"]) == [40, 40]
        assert page.evaluate(animations) == []
        still = open_page(f"{url}/index.html", reduced_motion="reduce")
        still.get_by_label("play").check()
        assert still.evaluate(animations) == []
