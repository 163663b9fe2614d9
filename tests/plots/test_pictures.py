"""Pictures: they say what they show, follow the theme, and leave the page alone."""

import re
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from matplotlib.figure import Figure

from cnnkit import images, plots

ALT = "A picture made for a test."
X = np.linspace(-2, 2, 9)
DEVICES = {"a fast one": (60e12, 4e12), "a slow one": (2e11, 2e10)}

EVERY_KIND = {
    "show": lambda **alt: plots.show(images.four(), numbers=True, **alt),
    "row": lambda **alt: plots.row([images.four(), images.digit(3)], ["a", "b"], **alt),
    "channels": lambda **alt: plots.channels(images.photograph("cat", 96), **alt),
    "slide": lambda **alt: plots.slide(images.binary_5x5(), images.x_kernel(), **alt),
    "walk": lambda **alt: plots.walk(5, 3, stride=2, padding=1, **alt),
    "curves": lambda **alt: plots.curves(X, {"relu": X.clip(0), "tanh": np.tanh(X)}, **alt),
    "bars": lambda **alt: plots.bars({"before": [0.1, 0.9]}, ["cat", "dog"], mark=1, **alt),
    "spread": lambda **alt: plots.spread({"with": [3.1, 4.0], "without": [0.1]}, **alt),
    "intervals": lambda **alt: plots.intervals({"with": (-1, 2), "without": (1, 9)}, **alt),
    "roofline": lambda **alt: plots.roofline(DEVICES, {"ReLU": 1 / 8, "conv": 71.0}, **alt),
    "network": lambda **alt: plots.network([(1, 32, 32), (6, 14, 14), (10,)], **alt),
    "picture": lambda **alt: plots.picture(Figure(figsize=(2, 1)), **alt),
}


def test_every_kind_is_here():
    assert {*EVERY_KIND, "Picture"} == set(plots.__all__)


@pytest.fixture(params=EVERY_KIND)
def make(request):
    return EVERY_KIND[request.param]


@pytest.mark.parametrize("alt", [{}, {"alt": None}, {"alt": ""}, {"alt": "a plot"}, {"alt": 3}])
def test_a_picture_without_words_is_refused_with_an_example(make, alt):
    with pytest.raises(TypeError, match=r"a sentence that says what the picture shows.*alt="):
        make(**alt)


def test_words_reach_screen_readers_and_terminals(make):
    alt = 'Less < more & "quoted"'
    picture = make(alt=alt)
    tree = ElementTree.fromstring(picture._repr_html_())
    (labelled,) = (node for node in tree.iter() if node.get("role") == "img")
    assert labelled.get("aria-label") == alt
    assert repr(picture) == f"Picture: {alt}"


def test_the_page_around_a_picture_stays_as_it_is(make):
    markup = make(alt=ALT)._repr_html_()
    assert "<script" not in markup
    for rules in re.findall(r"<style>(.*?)</style>", markup):
        rules = rules.replace("@media (prefers-reduced-motion:reduce){", "")
        assert all(
            re.match(r"#cnnkit\d+-|@keyframes cnnkit", r) for r in re.findall(r"[#@][^}{]*{", rules)
        )
        assert "*{" not in rules and not re.search(r"}\s*[a-z.]", rules)
    assert "http" not in re.sub(r"http://www\.w3\.org/\S+", "", markup)


def test_lines_and_text_follow_the_theme(make):
    markup = make(alt=ALT)._repr_html_()
    assert plots.INK not in markup
    for svg in re.findall(r"<svg.*?</svg>", markup):
        assert "max-width:100%" in svg and "height:auto" in svg and "viewBox" in svg
        assert "font-family" not in svg
    if make is not EVERY_KIND["picture"]:  # an empty figure
        assert "currentColor" in markup


def test_pictures_on_one_page_do_not_share_ids(make):
    first, second = (make(alt=ALT)._repr_html_() for _ in range(2))
    ids = [set(re.findall(r' id="([^"]+)"', markup)) for markup in (first, second)]
    assert ids[0].isdisjoint(ids[1])
    for markup, own in zip((first, second), ids, strict=True):
        assert set(re.findall(r'(?:url\(|href=")#([^)"]+)', markup)) <= own


@pytest.mark.slow
def test_the_same_page_gives_the_same_bytes():
    code = (
        "from test_pictures import ALT, EVERY_KIND\n"
        "print(*[make(alt=ALT)._repr_html_() for make in EVERY_KIND.values()])"
    )
    runs = {
        subprocess.check_output([sys.executable, "-c", code], cwd=Path(__file__).parent)
        for _ in range(2)
    }
    assert len(runs) == 1 and len(runs.pop()) > 1000


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_lines_have_the_colour_of_the_text_around_them(tmp_path, serve, open_page, theme):
    markup = EVERY_KIND["curves"](alt=ALT)._repr_html_()
    colours = ":root{color-scheme:light dark;color:light-dark(rgb(1,1,1),rgb(254,254,254))}"
    page_text = f"<!doctype html><meta charset=utf-8><style>{colours}</style>{markup}"
    (tmp_path / "index.html").write_text(page_text)
    with serve(tmp_path) as url:
        page = open_page(f"{url}/index.html", width=375, theme=theme)
        fill = page.evaluate("getComputedStyle(document.querySelector('svg text')).fill")
        assert fill == {"light": "rgb(1, 1, 1)", "dark": "rgb(254, 254, 254)"}[theme]
        assert page.evaluate("document.documentElement.scrollWidth") <= 375
