"""One picture, one array: whoever reads a file, and however it was saved, opened or turned."""

import errno
import io
import os
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from cnnkit import images, pictures, training
from cnnkit.datasets.preparing import prepare
from cnnkit.pictures import UnreadableError, to_bytes

MODES = {
    "JPEG": ["1", "L", "RGB", "CMYK", "YCbCr"],
    "PNG": ["1", "L", "LA", "P", "RGB", "RGBA", "I;16"],
    "TIFF": ["1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "YCbCr", "I", "F", "I;16"],
    "WEBP": ["L", "RGB", "RGBA"],
    "GIF": ["1", "L", "P", "RGBA"],
    "BMP": ["1", "L", "P", "RGB"],
}
ORIENTED = ("JPEG", "PNG", "TIFF", "WEBP")


def picture_of(mode, size, seed):
    """A soft random picture, which survives being compressed, in any mode of Pillow."""
    dice = np.random.default_rng(seed)
    if mode in ("I", "F", "I;16"):
        values = dice.integers(0, 65536, size[::-1])
        return Image.fromarray(values.astype({"I": "i4", "F": "f4", "I;16": "u2"}[mode]))
    picture = Image.fromarray(dice.integers(0, 256, (4, 5, 4), np.uint8)).resize(size)
    if mode in ("LA", "RGBA"):
        return picture.convert(mode)
    rgb = picture.convert("RGB")
    return rgb.convert(mode)


@st.composite
def files(draw):
    """The bytes of a picture file of any kind."""
    kind = draw(st.sampled_from(sorted(MODES)))
    mode = draw(st.sampled_from(MODES[kind]))
    side = st.one_of(st.integers(1, 9), st.integers(10, 70), st.sampled_from([1, 131, 700]))
    width, height = draw(side), draw(side)
    options = {}
    if kind in ORIENTED and (orientation := draw(st.integers(0, 8))):
        exif = Image.Exif()
        exif[0x0112] = orientation
        options["exif"] = exif
    if kind in ("PNG", "GIF") and mode in ("1", "L", "P") and draw(st.booleans()):
        options["transparency"] = draw(st.integers(0, 255 if mode != "1" else 1))
    file = io.BytesIO()
    picture_of(mode, (width, height), draw(st.integers(0, 99))).save(file, kind, **options)
    return file.getvalue()


class Reader(torch.nn.Module):
    """A network that notes what it is shown."""

    def __init__(self):
        super().__init__()
        self.weight = torch.nn.Parameter(torch.zeros(3, 3, 1, 1))

    def forward(self, batch):
        self.shown = batch
        return batch.mean((2, 3))


def what_prediction_sees(picture, size):
    reader = Reader()
    training.predict(reader, picture, size, ("red", "green", "blue"))
    seen = ((reader.shown[0] + 1) * 127.5).round().permute(1, 2, 0)
    return seen.numpy().astype(np.uint8)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("pictures")


@settings(deadline=None, max_examples=200)
@given(files(), st.integers(1, 24))
def test_data_sets_and_predictions_read_every_file_alike(folder, content, size):
    read = to_bytes(content, size)
    assert read.shape == (size, size, 3) and read.dtype == np.uint8
    assert not prepare(iter([(0, content)]), 1, size, folder / "images.npy")
    assert np.array_equal(np.load(folder / "images.npy")[0], read)
    path = folder / "picture"
    path.write_bytes(content)
    with Image.open(path) as opened:
        before = opened.size, opened.mode, opened.tile
        assert np.array_equal(to_bytes(opened, size), read)
        assert np.array_equal(what_prediction_sees(opened, size), read)
        if opened.format != "WEBP":  # which decodes when it is opened
            assert (opened.size, opened.mode, opened.tile) == before, "the caller's is untouched"
        opened.load()
    assert np.array_equal(what_prediction_sees(path, size), read)
    grey = to_bytes(content, size, channels=1)
    assert grey.shape == (size, size)
    assert np.abs(grey.astype(int) - images.grey(read)).max() <= 2, "mixed before it is scaled"


def photograph(kind, **options):
    file = io.BytesIO()
    Image.fromarray(images.photograph("cat")).save(file, kind, **options)
    return file.getvalue()


@pytest.mark.parametrize("size", [8, 24, 64, 100])
def test_a_photograph_is_the_same_however_it_was_saved(size):
    png = to_bytes(photograph("PNG"), size).astype(int)
    assert np.array_equal(png, to_bytes(images.photograph("cat"), size))
    for kind, options in (
        ("JPEG", {"quality": 95}),
        ("JPEG", {"quality": 90, "progressive": True}),
        ("WEBP", {"quality": 95}),
        ("TIFF", {}),
        ("BMP", {}),
    ):
        difference = np.abs(to_bytes(photograph(kind, **options), size) - png)
        assert difference.mean() < 1 and difference.max() < 16, kind


@pytest.mark.parametrize("name", ["cat", "astronaut", "coins"])
@pytest.mark.parametrize("size", [8, 24, 32, 64, 100])
def test_a_jpeg_that_was_looked_at_before_hardly_differs(name, size):
    """Its decoder reduces a little differently from what reduces a decoded picture."""
    file = io.BytesIO()
    Image.fromarray(images.photograph(name)).save(file, "JPEG")
    with Image.open(file) as picture:
        picture.load()
        difference = np.abs(to_bytes(picture, size).astype(int) - to_bytes(file.getvalue(), size))
    assert difference.mean() < 0.5 and difference.max() < 10


def test_a_large_jpeg_is_decoded_small(monkeypatch):
    large = Image.fromarray(images.photograph("cat")).resize((1200, 800))
    file = io.BytesIO()
    large.save(file, "JPEG")
    decoded = []
    middle = pictures.middle
    monkeypatch.setattr(
        pictures, "middle", lambda picture: decoded.append(picture.size) or middle(picture)
    )
    to_bytes(file.getvalue(), 64)
    assert decoded == [(300, 200)], "decoded at a quarter: the least that is twice the size"


SCENE = np.zeros((20, 20, 3), np.uint8)
SCENE[:10] = (255, 0, 0)  # above red, below left black, below right green
SCENE[10:, 10:] = (0, 255, 0)
UNTURNED = {  # how the file must lie for a scene that its orientation sets upright
    1: lambda scene: scene,
    2: np.fliplr,
    3: lambda scene: np.rot90(scene, 2),
    4: np.flipud,
    5: lambda scene: scene.transpose(1, 0, 2),
    6: lambda scene: np.rot90(scene, 1),
    7: lambda scene: np.rot90(scene, 2).transpose(1, 0, 2),
    8: lambda scene: np.rot90(scene, -1),
}


@pytest.mark.parametrize("kind", ORIENTED)
@pytest.mark.parametrize("orientation", UNTURNED)
def test_the_turn_of_the_camera_is_undone(kind, orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    lying = Image.fromarray(np.ascontiguousarray(UNTURNED[orientation](SCENE)))
    file = io.BytesIO()
    options = {"lossless": True} if kind == "WEBP" else {}
    lying.save(file, kind, exif=exif, **options)
    assert np.abs(to_bytes(file.getvalue(), 20).astype(int) - SCENE).mean() < 9


def test_a_damaged_note_of_the_camera_neither_hides_a_photograph_nor_its_turn():
    exif = Image.Exif()
    exif[0x0112] = 6
    exif[0x011A] = 72.0
    content = photograph("JPEG", exif=exif)
    ratio = b"\x00\x00\x00\x48\x00\x00\x00\x01"
    assert content.count(ratio) == 1
    broken = content.replace(ratio, b"\xff\xff\xff\xff\x00\x00\x00\x00")  # -1/0
    assert np.array_equal(to_bytes(broken, 32), to_bytes(content, 32))
    upright = to_bytes(photograph("JPEG"), 32)
    assert np.abs(to_bytes(content, 32).astype(int) - np.rot90(upright, -1)).mean() < 1
    nonsense = photograph("JPEG", exif=b"Exif\x00\x00nonsense")
    assert np.array_equal(to_bytes(nonsense, 32), upright)


def test_the_transparent_is_white():
    for mode, clear in (("RGBA", (0, 0, 0, 0)), ("LA", (0, 0)), ("La", (0, 0)), ("RGBa", (0,) * 4)):
        assert to_bytes(Image.new(mode, (9, 9), clear), 4).min() == 255
    for mode in ("P", "L", "I;16"):
        hole = Image.new(mode, (9, 9), 3)
        hole.info["transparency"] = 3
        assert to_bytes(hole, 4).min() == 255
    half = Image.new("RGBA", (9, 9), (0, 0, 0, 128))
    assert np.unique(to_bytes(half, 4)).tolist() == [127]


@pytest.mark.parametrize(
    ("values", "dtype", "expected"),
    [
        ([0, 257, 128 * 257, 65535], "u2", [0, 1, 128, 255]),
        ([0, 1, 128, 255], "i4", [0, 1, 128, 255]),
        ([0, 257, 128 * 257, 65535], "i4", [0, 1, 128, 255]),
        ([0.0, 0.5, 1.0, -3.0], "f4", [0, 128, 255, 0]),
        ([0.0, 100.0, 255.0, np.nan], "f4", [0, 100, 255, 0]),
        ([0.0, 32896.0, 65535.0, np.inf], "f4", [0, 128, 255, 255]),
        ([0.0, 5e5, 1e6, -np.inf], "f4", [0, 128, 255, 0]),
    ],
)
def test_sixteen_bits_and_floats_are_stretched_to_bytes(values, dtype, expected):
    picture = Image.fromarray(np.array(values, dtype).reshape(2, 2))
    found = to_bytes(picture, 2, channels=1)
    assert found.ravel().tolist() == expected
    file = io.BytesIO()
    picture.save(file, "TIFF")
    assert np.array_equal(to_bytes(file.getvalue(), 2, channels=1), found)


def test_pictures_that_are_nearly_lines_have_a_middle():
    line = np.zeros((1, 10_000), np.uint8)
    line[0, 5000:] = 255
    assert to_bytes(line, 3).shape == (3, 3, 3)
    assert to_bytes(np.ascontiguousarray(line.T), 3).shape == (3, 3, 3)


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "it is no picture"),
        (b"no picture at all", "it is no picture"),
        (photograph("JPEG")[:2000], "it is broken (image file is truncated"),
        (photograph("PNG")[:20], "it is"),
    ],
)
def test_what_cannot_be_read_says_why(content, why):
    with pytest.raises(UnreadableError) as caught:
        to_bytes(content, 8)
    assert caught.value.why.startswith(why)
    assert "expected a picture that Pillow can decode" in str(caught.value)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((np.zeros((4, 4)), 8), r"array of float64 and shape \(4, 4\).*np\.rint\(255 \* image\)"),
        ((np.zeros((3, 4, 5), np.uint8), 8), r"shape \(3, 4, 5\).*transpose\(1, 2, 0\)"),
        ((np.zeros((0, 4), np.uint8), 8), r"shape \(0, 4\)"),
        ((SCENE, 0), "size=0 was given; expected a whole number of pixels"),
        ((SCENE, 8.5), "size=8.5 was given"),
        ((SCENE, 8, 2), "channels=2 was given"),
        ((None, 8), "None was given; expected a picture"),
        (([[1]], 8), "was given; expected a picture"),
    ],
)
def test_a_wrong_argument_is_a_lesson(arguments, words):
    with pytest.raises(ValueError, match=words):
        to_bytes(*arguments)


def test_a_missing_file_is_called_missing(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"nowhere\.jpg"):
        to_bytes(tmp_path / "nowhere.jpg", 8)


def test_a_disk_that_does_not_answer_breaks_no_picture(tmp_path, monkeypatch):
    def refuse(*_):
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr(Path, "read_bytes", refuse)
    with pytest.raises(OSError, match=r"a.png could not be read \(Input/output error\)") as error:
        to_bytes(tmp_path / "a.png", 8)
    assert error.value.errno == errno.EIO and "broken" not in str(error.value)
