"""The course's images: exact values, real data, no network, errors that help."""

import socket
import sys

import numpy as np
import pytest
from PIL import Image

from cnnkit import images, naive

PHOTOGRAPHS = {
    "astronaut": (512, 512, 3),
    "camera": (512, 512),
    "cat": (300, 451, 3),
    "coffee": (400, 600, 3),
    "coins": (303, 384),
    "rocket": (427, 640, 3),
}


def test_the_drawn_four_is_a_four():
    four = images.four()
    assert four.shape == (6, 4) and four.dtype == np.uint8
    strokes = four > 128
    # Read as ink: a slanted stroke, a bar across the whole width, one long stroke down.
    assert ["".join(".#"[int(ink)] for ink in row) for row in strokes] == [
        "..#.",
        ".##.",
        "#.#.",
        "####",
        "..#.",
        "..#.",
    ]


def test_small_matrices_are_those_of_the_articles():
    assert ["".join(map(str, row)) for row in images.binary_5x5()] == [
        "11100",
        "01110",
        "00111",
        "00110",
        "01100",
    ]
    assert images.x_kernel().tolist() == [[1, 0, 1], [0, 1, 0], [1, 0, 1]]
    six = images.grey_6x6()
    assert six.dtype == np.uint8 and six.shape == (6, 6)
    assert naive.convolve(six, images.x_kernel()).tolist() == [
        [429, 505, 686, 856],
        [261, 792, 412, 640],
        [633, 653, 851, 751],
        [608, 913, 713, 657],
    ]


@pytest.mark.parametrize(
    "make",
    [images.four, images.binary_5x5, images.grey_6x6, images.x_kernel, lambda: images.digit(4)],
)
def test_each_call_returns_a_fresh_copy(make):
    first = make()
    first[:] = 0
    assert make().any()


def test_digits_are_scikit_learns():
    pictures, labels = images.digits()
    assert pictures.shape == (1797, 8, 8) and labels.shape == (1797,)
    assert (pictures.min(), pictures.max()) == (0, 16)
    assert np.bincount(labels).tolist() == [178, 182, 177, 183, 181, 182, 181, 179, 174, 180]
    third_seven = pictures[labels == 7][2]
    assert np.array_equal(images.digit(7, index=2), third_seven)


@pytest.mark.parametrize("label", [-1, 10, 3.5, "4"])
def test_unknown_digit_says_which_exist(label):
    with pytest.raises(ValueError, match="0 to 9"):
        images.digit(label)


@pytest.mark.parametrize("index", [-1, 181])
def test_digit_index_out_of_range_says_how_many(index):
    with pytest.raises(ValueError, match=r"from 0 to 180: there are 181 images of the digit 4"):
        images.digit(4, index=index)


@pytest.mark.parametrize(("name", "shape"), PHOTOGRAPHS.items())
def test_photographs_need_neither_pooch_nor_a_network(name, shape, monkeypatch):
    def refuse(*_):
        raise AssertionError("a photograph asked for the network")

    monkeypatch.setitem(sys.modules, "pooch", None)
    monkeypatch.setattr(socket, "socket", refuse)
    picture = images.photograph(name)
    assert picture.shape == shape and picture.dtype == np.uint8
    assert picture.std() > 20  # a real picture, not one flat colour


def test_scaled_photograph_is_the_middle_square():
    cat = images.photograph("cat", size=100)
    assert cat.shape == (100, 100, 3)
    middle = images.photograph("cat")[:, 75:375]
    blocks = middle.reshape(100, 3, 100, 3, 3).mean(axis=(1, 3))
    assert np.abs(cat - blocks).mean() < 4


def test_unknown_photograph_lists_the_known_ones():
    with pytest.raises(ValueError, match=r"'dog'.*'astronaut'.*'rocket'"):
        images.photograph("dog")
    with pytest.raises(ValueError, match="size=0"):
        images.photograph("cat", size=0)


def test_grey_is_what_pillow_makes():
    photo = images.photograph("astronaut", size=64)
    before = photo.copy()
    pillow = np.array(Image.fromarray(photo).convert("L"))
    assert np.abs(images.grey(photo).astype(int) - pillow).max() <= 1
    assert np.array_equal(photo, before)
    with pytest.raises(ValueError, match=r"shape \(3, 64, 64\).*transpose"):
        images.grey(photo.transpose(2, 0, 1))
    with pytest.raises(ValueError, match="from 0 to 65280; expected values from 0 to 255"):
        images.grey(np.array([[[0, 0, 0], [65280, 65280, 65280]]]))


@pytest.mark.parametrize(
    ("module", "call", "package"),
    [
        ("sklearn.datasets", images.digits, "scikit-learn"),
        ("skimage", images.photograph, "scikit-image"),
    ],
)
def test_a_missing_package_is_named_with_its_install_command(module, call, package, monkeypatch):
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(ImportError, match=f"pip install {package}"):
        call()
