"""Photographs, decoded and scaled once, and kept as one memory-mapped array.

The article loads 23,000 pictures into one list (E15: 23 GiB as float32). Here each photograph is
decoded once, by all cores, and written straight to a file that NumPy maps: the preparation holds
a few hundred photographs at a time however many there are, and training reads the pages it needs.
"""

import collections
import errno
import functools
import itertools
import os
import shutil
import time
import warnings
import zlib
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

import numpy as np

from cnnkit.arguments import lesson
from cnnkit.datasets.dataset import first_of
from cnnkit.datasets.files import cache, locked
from cnnkit.disk import NO_ROOM, is_told
from cnnkit.pictures import READING, UnreadableError, to_bytes

__all__ = ["Listing", "check_size", "mark_of", "prepare", "prepared"]

_CHUNK = 32  # photographs that one thread decodes before it reports


class Listing(NamedTuple):
    """The photographs of a source, and how to get at them."""

    names: list[str]  # one a row
    columns: dict[str, np.ndarray]  # what is known of each: one value a row
    stream: Iterator[tuple[int, bytes | str]]  # row, and content or why there is none
    skipped: dict[str, str]  # files that have no row, and why
    shared: dict[str, np.ndarray]  # what is known of all: kept as it is
    # Called with the pictures and the rows that were decoded: more rows to skip, and why. What it
    # finds out of all, it may add to what is shared.
    leave_out: Callable[[np.ndarray, list[int]], dict[int, str]] | None = None


def prepared(name, mark, size, read):
    """Open the photographs of a source at this size; prepare them the first time.

    Parameters
    ----------
    name : str
        What the data set is called.
    mark : str
        What tells this source from all others, and from itself when it has changed.
    size : int
    read : callable
        Without arguments, returns a `Listing`.

    Returns
    -------
    images : ndarray of uint8, shape (N, size, size, 3)
        A read-only memory map, the rows in order.
    index : dict of ndarray
        The columns of the rows that are left, and what is shared.
    skipped : dict of str to str
        The files that were left out, and why.
    """
    key = zlib.crc32(f"{READING} {mark}".encode(errors="surrogateescape"))
    folder = cache() / "prepared" / f"{name}-{size}px-{key:08x}"
    found = _open(folder, size)
    if found is None:
        with locked(folder.parent) as alone:
            if alone:
                for remains in folder.parent.glob("unfinished-*"):  # of a run that was killed
                    shutil.rmtree(remains, ignore_errors=True)
            found = _open(folder, size)  # perhaps another process was faster
            if found is None:
                _prepare_into(folder, size, read)
                found = _open(folder, size)
    return found


def mark_of(*files):
    """Tell files from all others, and from themselves when they have changed."""
    seen = [(file.name, file.stat()) for file in files]
    return " ".join(f"{name} {stat.st_size} {stat.st_mtime_ns}" for name, stat in seen)


def check_size(size):
    """Refuse a size in which nothing could be seen."""
    is_whole = isinstance(size, (int, np.integer)) and not isinstance(size, bool)
    if not is_whole or size < 8:
        raise lesson(f"size={size!r} was given", "a whole number of pixels, 8 or more", "Use 64.")


def _open(folder, size):
    """Open what is prepared; None if it is not there, or is no longer whole."""
    try:
        with np.load(folder / "index.npz") as stored:  # a zip: it checks what it reads
            index = dict(stored)
        images = np.load(folder / "images.npy", mmap_mode="r")
        skipped = dict(zip(index.pop("skipped").tolist(), index.pop("why").tolist(), strict=True))
        count = int(index.pop("count"))
    except Exception:  # a file cut short makes NumPy and zipfile raise half a dozen kinds
        return None
    if len(images) < count or images.shape[1:] != (size, size, 3):
        return None
    return images[:count], index, skipped


def _prepare_into(folder, size, read):
    begin = time.perf_counter()
    room = folder.with_name(f"unfinished-{folder.name}-{os.getpid()}")
    try:
        room.mkdir()
        listing = read()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # what Pillow says about odd EXIF blocks
            pixels = room / "images.npy"
            missed = prepare(listing.stream, len(listing.names), size, pixels, listing.leave_out)
        skipped = {**listing.skipped, **{listing.names[row]: why for row, why in missed.items()}}
        kept = _rows_but(missed, len(listing.names))
        if not kept:
            raise lesson(
                f"none of the {len(missed):,} photographs could be read: {first_of(skipped)}",
                "pictures that Pillow can decode",
                "Fetch the archive again, or save the pictures as JPEG.",
            )
        columns = {name: column[kept] for name, column in listing.columns.items()}
        np.savez(
            room / "index.npz",
            count=len(kept),
            skipped=np.array(list(skipped), str),
            why=np.array(list(skipped.values()), str),
            **columns,
            **listing.shared,
        )
        shutil.rmtree(folder, ignore_errors=True)  # one that was no longer whole
        os.replace(room, folder)
    except OSError as error:
        if error.errno is None or is_told(error):  # what could not be read has its words
            raise
        raise OSError(
            error.errno,
            f"The prepared photographs could not be written ({os.strerror(error.errno)}). "
            "Free some space, or let CNNKIT_CACHE name a folder on another disk, and call "
            "again; nothing half-done is left behind",
            str(folder),
        ) from error
    finally:
        shutil.rmtree(room, ignore_errors=True)
    seconds = time.perf_counter() - begin
    print(f"Prepared {len(kept):,} photographs of {size}×{size} in {seconds:.1f} s.")
    if skipped:
        print(f"{len(skipped):,} files were left out: {first_of(skipped)}.")


def prepare(stream, count, size, path, leave_out=None):
    """Decode a stream of photographs with all cores into one ``.npy`` file of bytes.

    Parameters
    ----------
    stream : iterator of (row, bytes or str)
        Each row below `count` at most once, in any order: the content of a file, or a str that
        says why there is none.
    count : int
    size : int
    path : path-like
        The file to write: shape (count, size, size, 3), uint8. The rows that could be decoded
        come first, in order; nothing is said of the rest.
    leave_out : callable, optional
        As in `Listing`.

    Returns
    -------
    dict of int to str
        Which rows are missing, and why.
    """
    _make_room(Path(path), (count, size, size, 3))
    missed = dict.fromkeys(range(count), "it is not in the archive")

    def keep(chunk):
        pixels = _open_to_write(path)
        for row, picture in chunk:
            if isinstance(picture, str):
                missed[row] = picture
            else:
                pixels[row] = picture
                del missed[row]
        bar.update(len(chunk))

    decode = functools.partial(_decode, size=size)
    chunks = iter(lambda: list(itertools.islice(stream, _CHUNK)), [])
    waiting: collections.deque = collections.deque()
    with ThreadPoolExecutor(_cores()) as pool, _bar(count) as bar:
        # Never more than a few chunks in the air: memory does not grow with the data set.
        for chunk in chunks:
            waiting.append(pool.submit(decode, chunk))
            if len(waiting) > 2 * _cores():
                keep(waiting.popleft().result())
        while waiting:
            keep(waiting.popleft().result())
    if leave_out:
        missed |= leave_out(np.load(path, mmap_mode="r"), _rows_but(missed, count))
    _close_gaps(path, _rows_but(missed, count))
    return missed


def _rows_but(missed, count):
    return [row for row in range(count) if row not in missed]


def _decode(chunk, size):
    """Decode a chunk; what cannot be decoded becomes a str that says why."""
    return [(row, _decode_one(content, size)) for row, content in chunk]


def _decode_one(content, size):
    if isinstance(content, str):
        return content
    try:
        return to_bytes(content, size)
    except UnreadableError as error:
        return error.why


def _make_room(path, shape):
    """Make the file and take all its room now.

    Where the disk fills up later, a map ends the process with a signal instead of an error.
    """
    np.lib.format.open_memmap(path, "w+", np.uint8, shape)
    room = path.stat().st_size
    if shutil.disk_usage(path.parent).free < room:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))
    if not hasattr(os, "posix_fallocate"):
        return
    try:
        with open(path, "r+b") as file:
            os.posix_fallocate(file.fileno(), 0, room)
    except OSError as error:
        if error.errno in NO_ROOM:
            raise  # others say that this disk takes no room in advance


def _open_to_write(path):
    """Open the map afresh: the pages that an old map has touched count as memory until it goes."""
    return np.lib.format.open_memmap(path, "r+")


def _close_gaps(path, kept):
    """Move the rows that are kept to the front."""
    for start in range(0, len(kept), _CHUNK):
        rows = kept[start : start + _CHUNK]
        if rows[-1] >= start + len(rows):
            pixels = _open_to_write(path)
            pixels[start : start + len(rows)] = pixels[rows]


def _cores():
    from joblib import cpu_count

    return cpu_count()


def _bar(total):
    from tqdm import tqdm

    return tqdm(
        total=total, desc="Preparing", unit=" photographs", leave=False, delay=2, mininterval=0.5
    )
