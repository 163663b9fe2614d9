"""The same picture, saved anew or smaller, is recognised; another one is not."""

import io
import zipfile
from pathlib import Path

import numpy as np
import pytest
from archives import PRIVATE, needs_photographs
from PIL import Image

from cnnkit import datasets, images
from cnnkit.datasets.lookalikes import find_lookalikes
from cnnkit.pictures import to_bytes


def saved_anew(picture, quality, side):
    file = io.BytesIO()
    smaller = Image.fromarray(picture).resize((side, side), Image.Resampling.LANCZOS)
    smaller.save(file, "JPEG", quality=quality)
    return to_bytes(file.getvalue(), 64)


@pytest.mark.parametrize(("quality", "side"), [(40, 300), (75, 100), (80, 64), (90, 48)])
def test_what_was_saved_anew_is_found(quality, side):
    names = ("astronaut", "cat", "coffee", "rocket")
    originals = [images.photograph(name, 300) for name in names]
    pictures = np.stack(
        [to_bytes(original, 64) for original in originals]
        + [saved_anew(original, quality, side) for original in originals]
    )
    assert find_lookalikes(pictures, [4, 5, 6, 7], [3, 2, 1, 0]) == {4: 0, 5: 1, 6: 2, 7: 3}
    assert find_lookalikes(pictures, [0, 1], [2, 3, 6, 7]) == {}
    assert find_lookalikes(pictures, [], [0]) == find_lookalikes(pictures, [0], []) == {}


def test_plain_pictures_of_different_colours_differ():
    plain = np.zeros((3, 32, 32, 3), np.uint8)
    plain[1:] = 120, 130, 140
    assert find_lookalikes(plain, [0], [1, 2]) == {}
    assert find_lookalikes(plain, [1], [0, 2]) == {1: 2}


def test_drawn_animals_all_differ():
    drawn = datasets.cartoons(600, size=32).images
    assert find_lookalikes(drawn, range(300), range(300, 600)) == {}


@needs_photographs
def test_real_photographs_all_differ():
    with zipfile.ZipFile(min(Path(PRIVATE).glob("kagglecatsanddogs*.zip"))) as box:
        names = sorted(name for name in box.namelist() if name.endswith(".jpg"))[100:1100]
        contents = [box.read(name) for name in names]
    found = np.stack([to_bytes(content, 64) for content in contents if len(content) > 2000])
    assert find_lookalikes(found, range(0, len(found), 2), range(1, len(found), 2)) == {}
