"""Cats against dogs, as photographs: the article's task (R1)."""

import re
import zipfile

import numpy as np

from cnnkit.arguments import lesson
from cnnkit.datasets.dataset import Dataset, Entry, part
from cnnkit.datasets.files import Source, check, find, inside, is_clutter, open_zip, read_member
from cnnkit.datasets.preparing import Listing, check_size, mark_of, prepared

__all__ = ["ENTRY", "cats_vs_dogs", "list_photographs"]

_SOURCE = Source(
    "kagglecatsanddogs_5340.zip",
    (
        "https://download.microsoft.com/download/3/E/1/3E1C3F21-ECDB-4869-8368-6DEBA77B919F/"
        "kagglecatsanddogs_5340.zip",
    ),
    824887076,
    "sha256:b7974bd00a84a99921f36ee4403f089853777b5ae8d151c76a86e64900334af9",
    "Kaggle Cats and Dogs, Microsoft Research and Petfinder.com: for non-commercial research; "
    "the photographs may not be published again",
)
_FIRST_TEST_NUMBER = 10_000
_LAYOUT = re.compile(r"(?:.*/)?PetImages/(Cat|Dog)/([^/]+)\.[^./]+", re.IGNORECASE)
_NUMBER = re.compile("[0-9]{1,18}")  # what 64 bits hold


def cats_vs_dogs(split="train", size=64, download=False):
    """Return the photographs of the article's task (R1): cats against dogs.

    Any ``kagglecatsanddogs*.zip`` in ``CNNKIT_DATA`` counts. The first call prepares the
    photographs for this `size` (seconds to a minute), the next ones open what is prepared.

    Parameters
    ----------
    split : {'train', 'test', 'all'}, default 'train'
        Numbers below 10,000 are for training, from 10,000 on for testing.
    size : int, default 64
        Height and width in pixels: the middle square of each photograph, scaled.
    download : bool, default False
        Fetch the official archive (825 MB) if none is on this machine.

    Returns
    -------
    Dataset
        `images` of shape (N, size, size, 3), a read-only memory map; label 0 is a cat, 1 a dog.
        `skipped` says which files were left out, and why: the official archive holds broken ones.

    Raises
    ------
    FileNotFoundError
        If no archive is here and `download` is not set.
    ValueError
        If the archive is damaged or of another kind, or an argument makes no sense.
    OSError
        If a download fails, or the disk is full.
    """
    check_size(size)
    archive = find(_SOURCE, "kagglecatsanddogs*.zip", download)

    def read():
        if archive.name == _SOURCE.name:
            check(archive, _SOURCE)
        return list_photographs(archive)

    images, index, skipped = prepared("cats_vs_dogs", mark_of(archive), size, read)
    names, licence = ("cat", "dog"), _SOURCE.licence
    whole = Dataset(images, index["labels"], names, index["numbers"], skipped, licence)
    return part(whole, split, _FIRST_TEST_NUMBER)


def list_photographs(archive):
    """List the photographs of the zip in the order of their numbers, and stream their bytes.

    Each file of the archive is a photograph, or is named as skipped with the reason, or is one
    that no picture can be, such as Windows' ``Thumbs.db``.

    Returns
    -------
    Listing
    """
    box = open_zip(archive)
    members, skipped = [], {}
    for member in box.infolist():
        name = inside(member.filename)
        if member.is_dir() or is_clutter(name):
            continue
        place = _LAYOUT.fullmatch(name)
        if not place:
            skipped[name] = "it lies in no folder PetImages/Cat or PetImages/Dog"
        elif not _NUMBER.fullmatch(place[2]):
            skipped[name] = "its name is no number, which would say if it is for training"
        else:
            members.append((int(place[2]), int(place[1].lower() == "dog"), member))
    if not members:
        raise lesson(
            f"{archive} holds no PetImages/Cat/N.jpg and PetImages/Dog/N.jpg",
            "the archive of Cats vs Dogs",
            f"Fetch {_SOURCE.urls[0]}, or take datasets.folder for pictures of your own.",
        )
    members.sort(key=lambda entry: (*entry[:2], len(entry[2].filename), entry[2].filename))
    chosen: dict[tuple[int, int], zipfile.ZipInfo] = {}
    for number, label, member in members:
        first = chosen.setdefault((number, label), member)
        if first is not member:
            skipped[member.filename] = f"{first.filename} has the same number"

    def stream():
        with box:
            for row, member in enumerate(chosen.values()):
                yield row, read_member(box, member)

    numbers, labels = zip(*chosen, strict=True)
    names = [member.filename for member in chosen.values()]
    columns = {"labels": np.array(labels), "numbers": np.array(numbers)}
    return Listing(names, columns, stream(), skipped, {})


ENTRY = Entry(
    what="25,000 photographs of cats and dogs",
    origin="found or downloaded",
    articles="R1, Q16",
    load=cats_vs_dogs,
    model="resnet",
    epochs=20,
    lr=5e-3,
    augment={"scale": (0.5, 1.0), "flip": True, "jitter": 0.2},
)
