"""The photographs of cats and dogs: in order, all accounted for, equal to a plain loop."""

import io
import tempfile
import zipfile
from pathlib import Path

import numpy as np
import pytest
from archives import PRIVATE, cats_zip, jpeg, needs_photographs
from PIL import Image

from cnnkit import datasets
from cnnkit.datasets import files


def plain_loop(archive, size):
    """The oracle: one photograph after the other, with Pillow alone."""
    found = {}
    with zipfile.ZipFile(archive) as box:
        for name in box.namelist():
            if name.endswith(".jpg"):
                folder, number = name.removesuffix(".jpg").split("/")[1:]
                try:
                    image = Image.open(io.BytesIO(box.read(name))).convert("RGB")
                except (OSError, zipfile.BadZipFile):
                    continue
                side = min(image.size)
                left, top = (image.width - side) // 2, (image.height - side) // 2
                square = image.crop((left, top, left + side, top + side))
                square = square.resize((size, size), Image.Resampling.BILINEAR)
                found[int(number), int(folder == "Dog")] = np.asarray(square)
    return found


NUMBERS = [0, 3, 7, 11, 9_999, 10_000, 12_499]


def test_photographs_are_prepared_in_order_split_by_number_and_equal_to_a_plain_loop(data, capsys):
    archive = cats_zip(data / "kagglecatsanddogs-small.zip", NUMBERS)
    everything = datasets.cats_vs_dogs("all", size=48)
    assert "Prepared 14 photographs of 48×48" in capsys.readouterr().out
    assert isinstance(everything.images, np.memmap) and not everything.images.flags.writeable
    assert everything.images.dtype == np.uint8 and everything.labels.dtype == np.int64
    assert everything.numbers.tolist() == sorted(NUMBERS * 2)
    assert everything.labels.tolist() == [0, 1] * 7
    oracle = plain_loop(archive, 48)
    for image, label, number in zip(
        everything.images, everything.labels, everything.numbers, strict=True
    ):
        assert np.array_equal(image, oracle[number, label])
    train, test = (datasets.cats_vs_dogs(split, size=48) for split in ("train", "test"))
    assert (len(train), len(test)) == (10, 4)
    assert train.numbers.max() == 9_999 and test.numbers.min() == 10_000
    assert isinstance(train.images, np.memmap) and isinstance(test.images, np.memmap)
    assert not capsys.readouterr().out  # the next calls prepare nothing


def test_broken_files_are_skipped_and_counted(data, capsys):
    whole = jpeg(datasets.cartoons(1, size=96).images[0])
    broken = [
        ("PetImages/Cat/1.jpg", b""),
        ("PetImages/Cat/500.jpg", whole[: len(whole) // 2]),
        ("PetImages/Dog/10001.jpg", b"no picture at all"),
        ("PetImages/Dog/12501.jpg", whole[:20]),
    ]
    archive = cats_zip(data / "kagglecatsanddogs_b.zip", NUMBERS, extra=broken)
    # One whose bytes changed on the disk: the zip's own checksum notices.
    raw = bytearray(archive.read_bytes())
    with zipfile.ZipFile(archive) as box:
        member = box.getinfo("PetImages/Dog/7.jpg")
    raw[member.header_offset + 200] ^= 0xFF
    archive.write_bytes(raw)
    everything = datasets.cats_vs_dogs("all", size=32)
    assert everything.skipped == {
        "PetImages/Cat/1.jpg": "it is no picture",
        "PetImages/Cat/500.jpg": everything.skipped["PetImages/Cat/500.jpg"],
        "PetImages/Dog/7.jpg": "it is damaged inside the zip",
        "PetImages/Dog/10001.jpg": "it is no picture",
        "PetImages/Dog/12501.jpg": "it is no picture",
    }
    assert "it is broken (image file is trunc" in everything.skipped["PetImages/Cat/500.jpg"]
    out = capsys.readouterr().out
    assert "5 files were left out: PetImages/Cat/1.jpg (it is no picture), " in out
    assert "5 files skipped" in repr(everything)
    oracle = plain_loop(archive, 32)
    assert len(everything) == len(oracle) == 13
    for image, label, number in zip(
        everything.images, everything.labels, everything.numbers, strict=True
    ):
        assert np.array_equal(image, oracle[number, label])


def test_no_file_vanishes(data):
    """Each is used, or named with the reason, or no picture could be called so."""
    picture = jpeg(datasets.cartoons(1, size=40).images[0])
    used = ["Cat/2.JPG", "Dog/3.jpeg", "cat/4.png", "Dog/000005.webp"]
    skipped = {
        "PetImages/Cat/0 (1).jpg": "its name is no number",
        "PetImages/Dog/rex.jpg": "its name is no number",
        f"PetImages/Dog/{10**23}.jpg": "its name is no number",
        "PetImages/Dog/٣.jpg": "its name is no number",
        "PetImages/Cat/2.jpeg": "PetImages/Cat/2.JPG has the same number",
        "PetImages/Dog/00000005.webp": "PetImages/Dog/000005.webp has the same number",
        "PetImages/PetImages/Cat/0.jpg": "PetImages/Cat/0.jpg has the same number",
        "PetImages/Bird/7.jpg": "it lies in no folder PetImages/Cat",
        "PetImages/8.jpg": "it lies in no folder PetImages/Cat",
        "9.jpg": "it lies in no folder PetImages/Cat",
    }
    clutter = [
        "PetImages/Dog/Thumbs.db",
        "PetImages/.DS_Store",
        "__MACOSX/PetImages/Cat/._0.jpg",
        "readme[1].txt",
        "MSR-LA - 3467.docx",
    ]
    names = [*(f"PetImages/{name}" for name in used), *skipped, *clutter]
    cats_zip(data / "kagglecatsanddogs_x.zip", [0], extra=[(name, picture) for name in names])
    everything = datasets.cats_vs_dogs("all", size=16)
    assert everything.numbers.tolist() == [0, 0, 2, 3, 4, 5]
    assert everything.labels.tolist() == [0, 1, 0, 1, 0, 1]
    assert everything.skipped.keys() == skipped.keys()
    for name, why in skipped.items():
        assert everything.skipped[name].startswith(why), name


def test_members_that_python_cannot_unpack_are_named(data):
    """Deflate64, as Windows packs large archives, and a password."""
    path = cats_zip(data / "kagglecatsanddogs_x.zip", [0, 1, 2])
    raw = bytearray(path.read_bytes())
    with zipfile.ZipFile(path) as box:
        start = box.start_dir
    for name, offset, value in (("Cat/1.jpg", 10, 9), ("Dog/2.jpg", 8, 1)):
        at = raw.index(f"PetImages/{name}".encode(), start) - 46
        local = raw.index(f"PetImages/{name}".encode()) - 30
        raw[at + offset] = value  # in the directory
        raw[local + offset - 2] = value  # and before the content
    path.write_bytes(raw)
    assert datasets.cats_vs_dogs("all", size=16).skipped == {
        "PetImages/Cat/1.jpg": "it is packed by Deflate64, which Python cannot unpack: "
        "pack the zip anew",
        "PetImages/Dog/2.jpg": "it is locked with a password",
    }


@pytest.mark.parametrize(
    ("content", "says"),
    [(b"PK nothing", "not a whole zip"), (None, r"holds no PetImages")],
)
def test_an_archive_of_another_kind_is_explained(data, content, says):
    path = data / "kagglecatsanddogs_x.zip"
    if content:
        path.write_bytes(content)
    else:
        with zipfile.ZipFile(path, "w") as box:
            box.writestr("cats/1.jpg", jpeg(np.zeros((8, 8, 3), np.uint8)))
    with pytest.raises(ValueError, match=says):
        datasets.cats_vs_dogs()
    assert [p.name for p in (files.cache() / "prepared").iterdir()] == [".lock"]


def test_the_official_name_with_other_bytes_is_refused(data):
    cats_zip(data / "kagglecatsanddogs_5340.zip", [0])
    with pytest.raises(ValueError, match=r"not the official kagglecatsanddogs_5340\.zip"):
        datasets.cats_vs_dogs()


def test_an_archive_without_one_good_file_is_explained(data):
    with zipfile.ZipFile(data / "kagglecatsanddogs_x.zip", "w") as box:
        box.writestr("PetImages/Cat/1.jpg", b"")
    with pytest.raises(ValueError, match=r"none of the 1 photographs.*Cat/1\.jpg \(it is"):
        datasets.cats_vs_dogs()


@pytest.mark.parametrize("size", [0, 7, 64.0, "64"])
def test_a_size_that_makes_no_sense_is_explained(size):
    with pytest.raises(ValueError, match="whole number of pixels, 8 or more"):
        datasets.cats_vs_dogs(size=size)
    with pytest.raises(ValueError, match="whole number of pixels, 8 or more"):
        datasets.pets(size=size)


@needs_photographs
def test_the_real_photographs(monkeypatch):
    archive = min(Path(PRIVATE).glob("kagglecatsanddogs*.zip"))
    monkeypatch.setenv("CNNKIT_DATA", PRIVATE)
    with tempfile.TemporaryDirectory() as room:  # not kept, as pytest's own folders are
        monkeypatch.setenv("CNNKIT_CACHE", room)
        train, test = datasets.cats_vs_dogs("train"), datasets.cats_vs_dogs("test")
        assert train.numbers.max() < 10_000 <= test.numbers.min()
        assert len(train.skipped) < 0.002 * (len(train) + len(test))
        assert abs(train.labels.mean() - 0.5) < 0.01 and abs(test.labels.mean() - 0.5) < 0.01
        if "96px" in archive.name:
            assert (len(train), len(test), len(train.skipped)) == (12_800, 3_200, 3)
            with zipfile.ZipFile(archive) as box:
                for row in range(0, len(train), 997):
                    folder = "Dog" if train.labels[row] else "Cat"
                    content = box.read(f"PetImages/{folder}/{train.numbers[row]}.jpg")
                    oracle = Image.open(io.BytesIO(content)).convert("RGB")
                    oracle = oracle.resize((64, 64), Image.Resampling.BILINEAR)
                    assert np.array_equal(train.images[row], np.asarray(oracle))
