"""Arrays as images: each pixel has the colour and the number of its value."""

import base64
import gzip
import io
import re
from xml.etree import ElementTree

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from PIL import Image

from cnnkit import images, plots

ALT = "A picture made for a test."


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
    with pytest.raises(ValueError, match=re.escape(f"shape {shape}; expected an image")):
        plots.show(np.zeros(shape), alt=ALT)


def test_channels_wants_three():
    with pytest.raises(ValueError, match=r"\(3, 8, 8\); expected a colour image .*\(H, W, 3\)"):
        plots.channels(np.zeros((3, 8, 8)), alt=ALT)


def test_row_writes_numbers_into_the_images_that_ask_for_them():
    image = np.arange(4).reshape(2, 2)
    some = plots.row([image, image], numbers=[False, True], alt=ALT)._repr_html_()
    one = plots.row([image], numbers=True, alt=ALT)._repr_html_()
    assert some.count("<text") == one.count("<text") > 0
    with pytest.raises(ValueError, match="numbers"):
        plots.row([image, image], numbers=[True], alt=ALT)


def test_row_wants_one_title_for_each_image():
    with pytest.raises(ValueError, match="1 titles for 2 images; expected as many"):
        plots.row([np.eye(2), np.eye(2)], ["one"], alt=ALT)


def test_slide_shows_the_sum_and_only_what_is_known():
    image, kernel = images.grey_6x6(), images.x_kernel()
    first = plots.slide(image, kernel, (0, 0), alt=ALT)
    assert first.caption.startswith("18·1 + 54·0 + 51·1") and first.caption.endswith(" = 429")
    assert len(texts(first)) == 36 + 9 + 1
    last = plots.slide(image, kernel, alt=ALT)
    assert texts(last)[-16:][0] == "429" and texts(last)[-1] == "657"


def test_slide_names_a_position_outside_the_output():
    with pytest.raises(ValueError, match=r"at=\(3, 0\); expected .*\(3, 3\)"):
        plots.slide(images.binary_5x5(), images.x_kernel(), (3, 0), alt=ALT)


def test_a_marked_window_is_framed_at_its_pixels():
    markup = plots.show(np.eye(5), mark=(1, 2, 3, 2), alt=ALT, cell=10)._repr_html_()
    frames = re.findall(r'<path d="([^"]+)"[^>]*stroke: ' + plots.ACCENT, markup)
    numbers = [float(n) for n in re.findall(r"-?\d+(?:\.\d+)?", frames[0])]
    xs, ys = sorted(set(numbers[0::2])), sorted(set(numbers[1::2]))
    assert np.allclose([xs[0], xs[-1], ys[0], ys[-1]], [22, 42, 12, 42])  # 2 pixels of rim


def test_the_lowest_byte_with_a_sign_has_a_colour():
    """|−128| is no int8."""
    kernel = np.array([[-128, 0], [64, 0]])
    shown = [rasters(plots.show(k, signed=True, alt=ALT)) for k in (kernel.astype(np.int8), kernel)]
    assert all(map(np.array_equal, *shown))
