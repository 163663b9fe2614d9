"""Pictures of your own: a folder, or a zip, with a folder of pictures for each class."""

import functools
import hashlib
import os
import zipfile
from pathlib import Path, PurePosixPath

import numpy as np

from cnnkit.arguments import lesson
from cnnkit.datasets.dataset import Dataset, Entry, part
from cnnkit.datasets.files import (
    files_below,
    inside,
    is_clutter,
    open_zip,
    read_file,
    read_member,
)
from cnnkit.datasets.lookalikes import find_lookalikes
from cnnkit.datasets.preparing import Listing, check_size, mark_of, prepared
from cnnkit.disk import reading

__all__ = ["entry_of", "folder"]

_NUMBERS = 2**62
_FIRST_TEST_NUMBER = _NUMBERS * 4 // 5  # where no folders say so, a fifth is for testing
_SIDES = ("train", "test")
_NO_CLASSES = {"train", "training", "val", "valid", "validation", "test", "testing"}


def folder(path, split="train", size=64):
    """Return the pictures that lie in a folder, or a zip, of class folders.

    ``pets/cat/*.jpg`` and ``pets/dog/*.jpg`` are two classes, called cat and dog. Any format that
    Pillow reads will do. The first call prepares the pictures for this `size`; the next ones open
    what is prepared, as long as nothing in the folder changes.

    Parameters
    ----------
    path : path-like
        The folder or the zip file. Inside, either class folders, or folders ``train`` and
        ``test`` with class folders in each.
    split : {'train', 'test', 'all'}, default 'train'
        Without folders ``train`` and ``test`` the content of each file decides, the same for
        ever whatever is added: about a fifth is for testing. A picture for training that nearly
        equals one for testing (the same photograph, saved anew) is left out.
    size : int, default 64
        Height and width in pixels: the middle square of each picture, scaled.

    Returns
    -------
    Dataset
        `images` of shape (N, size, size, 3), a read-only memory map; `numbers` come from the
        contents; `skipped` says which files were left out, and why. Where folders ``train`` and
        ``test`` decide, nothing is left out for its looks: `twins` names what is on both sides.

    Raises
    ------
    ValueError
        If there is no such folder, it holds no 2 to 1,000 classes, or an argument makes no sense.
    OSError
        If the disk is full.
    """
    check_size(size)
    path = Path(path).expanduser()
    contents, closed = _contents(path)
    mark = _mark(path, [*contents, *closed])
    images, index, skipped = prepared(
        "folder", mark, size, lambda: _list_pictures(path, contents, closed)
    )
    names, licence = tuple(index["names"].tolist()), "As those who made the pictures decide."
    twins = dict(index["twins"].tolist())
    whole = Dataset(images, index["labels"], names, index["numbers"], skipped, licence, twins)
    chosen = part(whole, split, _FIRST_TEST_NUMBER)
    if not len(chosen):
        raise lesson(
            f"{path} has no picture for split={split!r}",
            "more pictures, of which about a fifth is for testing",
            "Add some, or make folders train and test that say which are for what.",
        )
    return chosen


def entry_of(path):
    """Say of a folder what the other data sets say of themselves."""
    return Entry(
        what="pictures of your own",
        origin=str(path),
        articles="",
        load=functools.partial(folder, path),
        model="resnet",
        epochs=20,
        lr=5e-3,
        augment={"scale": (0.5, 1.0), "flip": True, "jitter": 0.2},
    )


def _contents(path):
    """Name every file that could be a picture, with a function that reads it.

    What the function returns is the content, or a str that says why there is none.
    """
    if path.is_dir():
        files, closed = files_below(path)
        found = {name: functools.partial(_read, path, file) for name, file in files.items()}
        return found, closed
    with reading(path):
        is_zip = zipfile.is_zipfile(path)
    if not is_zip:
        raise lesson(
            f"{path} is no folder and no zip file",
            "a folder of class folders, such as pets/cat and pets/dog",
            "Name the folder in which the class folders lie.",
        )
    box = open_zip(path)
    found = {
        inside(member.filename).replace("\\", "/"): functools.partial(read_member, box, member)
        for member in box.infolist()
        if not member.is_dir()
    }
    return {name: found[name] for name in sorted(found) if not is_clutter(name)}, {}


def _read(path, file):
    """Read one file; where none can be read any more, for the folder is gone, say so at once."""
    content = read_file(file)
    if isinstance(content, str):
        with reading(path, "See whether the disk or the network share is there, and try again."):
            os.listdir(path)
    return content


def _mark(path, contents):
    """Tell this folder from itself when anything in it has changed, names and rights too."""
    if not path.is_dir():
        return mark_of(path)
    return f"{path.resolve()} " + " ".join(f"{name} {_state(path / name)}" for name in contents)


def _state(file):
    try:
        state = file.stat()
    except OSError as error:
        return error.errno
    return f"{state.st_size} {state.st_mtime_ns} {state.st_ctime_ns}"


def _list_pictures(path, contents, closed):
    """Give each picture a number that its content decides, and list them in that order."""
    places, skipped = _places(contents)
    skipped = {**closed, **skipped}
    names = sorted({class_name for _, class_name in places.values()})
    if not 2 <= len(names) <= 1000:
        raise lesson(
            f"{path} holds {len(names)} classes",
            "2 to 1,000 folders with pictures in them, one a class",
            "Put the pictures into folders called as what they show: cat/1.jpg, dog/1.jpg.",
        )
    if {name.lower() for name in names} <= _NO_CLASSES:
        raise lesson(
            f"{path} holds {' and '.join(names)}, which are parts of a data set and no classes",
            "folders train and test, with the same class folders in each",
            "Call the part to judge by test, with class folders in it too; or name train alone.",
        )
    rows: list[tuple[int, int, str]] = []
    first: dict[bytes, str] = {}
    for name in sorted(places, key=lambda name: (places[name][0] != "test", name)):
        side, class_name = places[name]
        content = contents[name]() or "it is empty"  # in a zip
        if isinstance(content, str):
            skipped[name] = content
            continue
        digest = hashlib.blake2b(content, digest_size=8).digest()
        if first.setdefault(digest, name) != name:
            skipped[name] = f"it is the same file as {first[digest]}"
            continue
        rows.append((_number(digest, side), names.index(class_name), name))
    rows.sort()
    columns = {
        "labels": np.array([label for _, label, _ in rows], np.int64),
        "numbers": np.array([number for number, _, _ in rows], np.int64),
    }
    ordered = [name for _, _, name in rows]
    stream = ((row, contents[name]()) for row, name in enumerate(ordered))
    is_split_here = all(side is None for side, _ in places.values())

    shared = {"names": np.array(names), "twins": np.empty((0, 2), str)}

    def leave_out(pixels, kept):
        border = int(np.searchsorted(columns["numbers"][kept], _FIRST_TEST_NUMBER))
        twins = find_lookalikes(pixels, kept[:border], kept[border:])
        if is_split_here:
            looks = "it looks like {}, which tests"
            return {row: looks.format(ordered[twin]) for row, twin in twins.items()}
        # What their owner has put on one side stays there, and is told.
        pairs = [(ordered[row], ordered[twin]) for row, twin in twins.items()]
        shared["twins"] = np.array(pairs, str).reshape(-1, 2)
        return {}

    return Listing(ordered, columns, stream, skipped, shared, leave_out)


def _places(names):
    """Say of each file if it is for training or testing (None: not said), and its class."""
    paths = {name: PurePosixPath(name).parts for name in names}
    # What is packed or kept whole lies in a folder of its own: go down to where folders differ.
    while len({parts[0] for parts in paths.values()}) == 1 and min(map(len, paths.values())) > 2:
        paths = {name: parts[1:] for name, parts in paths.items()}
    is_split = {parts[0].lower() for parts in paths.values() if len(parts) > 2} >= {*_SIDES}
    places: dict[str, tuple[str | None, str]] = {}
    skipped = {}
    for name, parts in paths.items():
        side = parts[0].lower() if is_split else None
        if side not in (None, *_SIDES):
            skipped[name] = "it lies in neither train nor test"
        elif len(parts) < (3 if is_split else 2):
            skipped[name] = "it lies in no class folder"
        else:
            places[name] = (side, parts[1 if is_split else 0])
    return places, skipped


def _number(digest, side):
    """Make a number of a file's hash: below the first one for testing, or not."""
    number = int.from_bytes(digest) % _NUMBERS
    if side == "train":
        return number * 4 // 5
    if side == "test":
        return _FIRST_TEST_NUMBER + number // 5
    return number
