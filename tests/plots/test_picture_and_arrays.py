"""Pictures: they say what they show, show what they were given, and leave the page alone."""

import base64
import gzip
import io
import re
import subprocess
import sys
from xml.etree import ElementTree

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from matplotlib.figure import Figure
from PIL import Image

from cnnkit import images, plots

ALT = "A picture made for a test."
X = np.linspace(-2, 2, 9)

EVERY_KIND = {
    "show": lambda **alt: plots.show(images.four(), numbers=True, **alt),
    "row": lambda **alt: plots.row([images.four(), images.digit(3)], ["a", "b"], **alt),
    "channels": lambda **alt: plots.channels(images.photograph("cat", 96), **alt),
    "slide": lambda **alt: plots.slide(images.binary_5x5(), images.x_kernel(), **alt),
    "walk": lambda **alt: plots.walk(5, 3, stride=2, padding=1, **alt),
    "curves": lambda **alt: plots.curves(X, {"relu": X.clip(0), "tanh": np.tanh(X)}, **alt),
    "picture": lambda **alt: plots.picture(Figure(figsize=(2, 1)), **alt),
}


@pytest.fixture(params=EVERY_KIND)
def make(request):
    return EVERY_KIND[request.param]


def rasters(picture):
    """The images inside a picture, as arrays."""
    found = re.findall(r"data:image/\w+;base64,([^\"]+)", picture._repr_html_())
    return [np.array(Image.open(io.BytesIO(base64.b64decode(data)))) for data in found]


def texts(picture):
    return [
        node.text
        for node in ElementTree.fromstring(picture._repr_html_()).iter()
        if node.tag.endswith("text")
    ]


@pytest.mark.parametrize("alt", [{}, {"alt": None}, {"alt": ""}, {"alt": "a plot"}, {"alt": 3}])
def test_a_picture_without_words_is_refused_with_an_example(make, alt):
    with pytest.raises(TypeError, match=r"say in a sentence what the picture shows.*alt="):
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
    if "<text" in markup and make is EVERY_KIND["curves"]:
        assert "currentColor" in markup


def test_pictures_on_one_page_do_not_share_ids(make):
    first, second = (make(alt=ALT)._repr_html_() for _ in range(2))
    ids = [set(re.findall(r' id="([^"]+)"', markup)) for markup in (first, second)]
    assert ids[0].isdisjoint(ids[1])
    for markup, own in zip((first, second), ids, strict=True):
        assert set(re.findall(r'(?:url\(|href=")#([^)"]+)', markup)) <= own


def test_the_same_page_gives_the_same_bytes():
    code = (
        "import sys; sys.path.insert(0, 'tests')\n"
        "from test_plots import *\n"
        "print(*[make(alt=ALT)._repr_html_() for make in EVERY_KIND.values()])"
    )
    runs = {
        subprocess.run([sys.executable, "-c", code], capture_output=True, check=True).stdout
        for _ in range(2)
    }
    assert len(runs) == 1 and len(runs.pop()) > 1000


@settings(max_examples=25, deadline=None)
@given(hnp.arrays(np.uint8, hnp.array_shapes(min_dims=2, max_dims=2, min_side=1, max_side=8)))
def test_bytes_are_drawn_as_the_grey_they_mean(image):
    before = image.copy()
    picture = plots.show(image, numbers=True, alt=ALT)
    (drawn,) = rasters(picture)
    assert drawn.shape == image.shape
    assert np.abs(drawn.astype(int) - image).max() <= 1
    assert texts(picture) == [str(value) for value in image.ravel()]
    assert np.array_equal(image, before)


@settings(max_examples=20, deadline=None)
@given(st.floats(0.01, 1e4), st.integers(-3, 3))
def test_signed_values_are_white_at_zero_blue_above_orange_below(scale, power):
    scale = scale * 10.0**power
    (drawn,) = rasters(plots.show(np.array([[-scale, 0, scale / 2]]), signed=True, alt=ALT))
    below, zero, above = drawn[0].astype(int)
    assert zero.min() > 235
    assert below[0] > below[2] + 60 and above[2] > above[0] + 30


def test_numbers_are_readable_on_every_grey():
    shades = np.arange(256, dtype=np.uint8).reshape(16, 16)
    markup = plots.show(shades, numbers=True, alt=ALT)._repr_html_()
    inks = ["#ffffff" in style for style in re.findall(r'<text style="([^"]*)"', markup)]
    luminance = ((shades.ravel() / 255 + 0.055) / 1.055) ** 2.4
    contrast = np.where(inks, 1.05 / (luminance + 0.05), (luminance + 0.05) / 0.05)
    assert contrast.min() >= 4.5


def test_numbers_are_short_and_nan_is_empty():
    picture = plots.show(np.array([[0.25, -1.0, np.nan, 1 / 3, 1e6]]), numbers=True, alt=ALT)
    assert texts(picture) == ["0.25", "−1", "0.3333", "1e+06"]


def test_small_images_keep_hard_pixels_and_exact_colours():
    rgb = np.random.default_rng(0).integers(0, 256, (6, 7, 3), dtype=np.uint8)
    picture = plots.show(rgb, alt=ALT)
    assert np.array_equal(rasters(picture)[0], rgb)
    assert "image-rendering:pixelated" in picture._repr_html_()


def test_photographs_are_small_and_still_themselves():
    photo = images.photograph("astronaut", 192)
    picture = plots.show(photo, alt=ALT)
    assert "image/webp" in picture._repr_html_()
    assert np.abs(rasters(picture)[0].astype(int) - photo).mean() < 8
    assert len(gzip.compress(picture._repr_html_().encode())) < 10_000


def test_constant_images_do_not_divide_by_zero():
    for value in (0, 7, -2.5):
        assert rasters(plots.show(np.full((2, 2), value, float), signed=True, alt=ALT))
        assert rasters(plots.show(np.full((2, 2), value, float), alt=ALT))


@pytest.mark.parametrize("shape", [(3,), (0, 4), (2, 3, 4, 5), (4, 4, 2)])
def test_what_is_no_image_is_named(shape):
    with pytest.raises(ValueError, match=re.escape(f"shape {shape}")):
        plots.show(np.zeros(shape), alt=ALT)


def test_channels_wants_three():
    with pytest.raises(ValueError, match=r"\(H, W, 3\).*\(3, 8, 8\)"):
        plots.channels(np.zeros((3, 8, 8)), alt=ALT)


def test_row_wants_one_title_for_each_image():
    with pytest.raises(ValueError, match="2 images need as many titles; got 1"):
        plots.row([np.eye(2), np.eye(2)], ["one"], alt=ALT)


def test_curves_are_told_apart_without_colour():
    markup = plots.curves(X, {"a": X, "b": -X, "c": X**2}, alt=ALT)._repr_html_()
    assert {"a", "b", "c"} <= set(re.findall(r">([abc])</text>", markup))
    assert len(set(re.findall(r"stroke-dasharray: ([^;\"]+)", markup))) >= 2
    with pytest.raises(ValueError, match="at most 4"):
        plots.curves(X, {str(i): X for i in range(5)}, alt=ALT)


def test_slide_shows_the_sum_and_only_what_is_known():
    image, kernel = images.grey_6x6(), images.x_kernel()
    first = plots.slide(image, kernel, (0, 0), alt=ALT)
    assert first.caption.startswith("18·1 + 54·0 + 51·1") and first.caption.endswith(" = 429")
    assert len(texts(first)) == 36 + 9 + 1
    last = plots.slide(image, kernel, alt=ALT)
    assert texts(last)[-16:][0] == "429" and texts(last)[-1] == "657"


def test_slide_names_a_position_outside_the_output():
    with pytest.raises(ValueError, match=r"at=\(3, 0\).*\(3, 3\)"):
        plots.slide(images.binary_5x5(), images.x_kernel(), (3, 0), alt=ALT)


def test_a_marked_window_is_framed_at_its_pixels():
    markup = plots.show(np.eye(5), mark=(1, 2, 3, 2), alt=ALT, cell=10)._repr_html_()
    frames = re.findall(r'<path d="([^"]+)"[^>]*stroke: ' + plots.ACCENT, markup)
    numbers = [float(n) for n in re.findall(r"-?\d+(?:\.\d+)?", frames[0])]
    xs, ys = sorted(set(numbers[0::2])), sorted(set(numbers[1::2]))
    assert np.allclose([xs[0], xs[-1], ys[0], ys[-1]], [22, 42, 12, 42])  # 2 pixels of rim


CASES = st.fixed_dictionaries(
    {
        "size": st.integers(1, 7),
        "kernel_size": st.integers(1, 4),
        "stride": st.integers(1, 3),
        "padding": st.integers(0, 2),
        "dilation": st.integers(1, 2),
    }
)


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
        with pytest.raises(ValueError, match="at most 64 positions"):
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


def test_a_walk_stands_still_until_asked_and_for_reduced_motion():
    markup = plots.walk(4, 2, alt=ALT)._repr_html_()
    assert re.search(r'id="cnnkit\d+-1" aria-label="step 1"[^>]* checked=""', markup)
    assert re.search(
        r"reduced-motion:reduce\){#cnnkit\d+-0:checked~div .*?{animation:none}", markup
    )


WHERE = """([part]) => [...document.querySelectorAll('svg g')]
  .filter(g => g.getAttribute('class')?.endsWith(part))
  .map(g => new DOMMatrix(getComputedStyle(g).transform)).map(m => [m.e, m.f])[0]"""


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
