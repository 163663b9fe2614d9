"""Photographs of cats and dogs: decoded and scaled once, kept as one memory-mapped array.

The article loads 23,000 pictures into one list (E15: 23 GiB as float32). Here each photograph is
decoded once, by all cores, and written straight to a file that NumPy maps: the preparation holds
a few hundred photographs at a time however many there are, and training reads the pages it needs.
"""

import collections
import functools
import itertools
import os
import re
import shutil
import time
import warnings
import zipfile
import zlib
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from cnnkit.datasets.dataset import Dataset, part
from cnnkit.datasets.files import Source, cache, check, find, inside, locked, plain_files
from cnnkit.pictures import READING, UnreadableError, to_bytes

__all__ = ["cats_vs_dogs", "pets", "prepare"]

_CATS_VS_DOGS = Source(
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
_PETS_LICENCE = (
    "Oxford-IIIT Pet, O. M. Parkhi, A. Vedaldi, A. Zisserman and C. V. Jawahar: CC BY-SA 4.0; "
    "the photographs belong to their owners"
)
_PETS = Source(
    "pets/images.tar.gz",
    ("https://www.robots.ox.ac.uk/~vgg/data/pets/data/images.tar.gz",),
    791918971,
    "md5:5c4f3ee8e5d25df40f4fd59a7f44e54c",
    _PETS_LICENCE,
)
_PETS_LABELS = Source(
    "pets/annotations.tar.gz",
    ("https://www.robots.ox.ac.uk/~vgg/data/pets/data/annotations.tar.gz",),
    19173078,
    "md5:95a8c909bbe2e81eed6a22bccdf3f68f",
    _PETS_LICENCE,
)
_FIRST_TEST_NUMBER = 10_000
_LARGEST_FILE = 64 * 2**20  # a photograph of more bytes than this is taken for a broken one
_CHUNK = 32  # photographs that one thread decodes before it reports


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
        `skipped` names the files that do not decode: the official archive holds some.

    Raises
    ------
    FileNotFoundError
        If no archive is here and `download` is not set.
    ValueError
        If the archive is damaged or of another kind, or an argument makes no sense.
    OSError
        If a download fails, or the disk is full.
    """
    _check_size(size)
    archive = find(_CATS_VS_DOGS, "kagglecatsanddogs*.zip", download)

    def read():
        if archive.name == _CATS_VS_DOGS.name:
            check(archive, _CATS_VS_DOGS)
        return read_cats_vs_dogs(archive)

    images, index = _prepared("cats_vs_dogs", archive, size, read)
    whole = Dataset(
        images,
        index["labels"],
        ("cat", "dog"),
        index["numbers"],
        tuple(index["skipped"].tolist()),
        _CATS_VS_DOGS.licence,
    )
    return part(whole, split, _FIRST_TEST_NUMBER)


def pets(split="train", size=64, labels="species", download=False):
    """Return the Oxford-IIIT pets: 37 breeds of cats and dogs, free to share (R1's task again).

    Parameters
    ----------
    split : {'train', 'test', 'all'}, default 'train'
        The official lists: `trainval` has the numbers from 0, `test` those from 10,000.
    size : int, default 64
        Height and width in pixels: the middle square of each photograph, scaled.
    labels : {'species', 'breed'}, default 'species'
        Cat or dog, or which of the 37 breeds.
    download : bool, default False
        Fetch the two official archives (811 MB) if they are not on this machine.

    Returns
    -------
    Dataset
        `images` of shape (N, size, size, 3), a read-only memory map.

    Raises
    ------
    FileNotFoundError
        If an archive is not here and `download` is not set.
    ValueError
        If an archive is not the official one, or an argument makes no sense.
    OSError
        If a download fails, or the disk is full.
    """
    _check_size(size)
    if labels not in ("species", "breed"):
        raise ValueError(f"labels={labels!r} is not known: choose 'species' or 'breed'.")
    lists = find(_PETS_LABELS, download=download)
    archive = find(_PETS, download=download)

    def read():
        return read_pets(check(archive, _PETS), check(lists, _PETS_LABELS))

    images, index = _prepared("pets", archive, size, read)
    names = ("cat", "dog") if labels == "species" else tuple(index["breeds"].tolist())
    whole = Dataset(
        images,
        index["labels" if labels == "species" else "breed"],
        names,
        index["numbers"],
        tuple(index["skipped"].tolist()),
        _PETS_LICENCE,
    )
    return part(whole, split, _FIRST_TEST_NUMBER)


# ---- reading the two archives ----------------------------------------------------------------


def read_cats_vs_dogs(archive):
    """List the photographs of the zip in the order of their numbers, and stream their bytes.

    Returns
    -------
    table : dict of ndarray
        ``names``, ``labels`` and ``numbers``, one entry a photograph.
    stream : iterator of (row, bytes)
    """
    try:
        box = zipfile.ZipFile(archive)
    except zipfile.BadZipFile as error:
        raise ValueError(
            f"{archive} is not a whole zip file ({error}): the download stopped early or the file "
            "is damaged. Delete it and fetch it again."
        ) from error
    layout = re.compile(r"(?:.*/)?PetImages/(Cat|Dog)/(\d+)\.jpg")
    found = []
    for member in box.infolist():
        if match := layout.fullmatch(inside(member.filename)):
            found.append((int(match[2]), int(match[1] == "Dog"), member))
    if not found:
        raise ValueError(
            f"{archive} holds no PetImages/Cat/N.jpg and PetImages/Dog/N.jpg: it is not the "
            "archive of Cats vs Dogs, or has been packed again in another layout."
        )
    found.sort(key=lambda entry: entry[:2])
    table = {
        "names": np.array([member.filename for _, _, member in found]),
        "labels": np.array([label for _, label, _ in found]),
        "numbers": np.array([number for number, _, _ in found]),
    }

    def stream():
        with box:
            for row, (_, _, member) in enumerate(found):
                try:
                    yield row, box.read(member) if member.file_size <= _LARGEST_FILE else b""
                except (zipfile.BadZipFile, zlib.error, EOFError):
                    yield row, b""  # nothing to decode: counted with the broken ones

    return table, stream()


def read_pets(archive, lists):
    """List the photographs in the order of the official lists, and stream their bytes.

    Returns
    -------
    table : dict of ndarray
        ``names``, ``labels`` (species), ``breed``, ``breeds`` (their names) and ``numbers``.
    stream : iterator of (row, bytes)
    """
    wanted = ("trainval.txt", "test.txt")
    texts = {name: content.decode() for name, content in plain_files(lists, wanted)}
    if len(texts) < 2:
        raise ValueError(f"{lists} lacks trainval.txt or test.txt: fetch {_PETS_LABELS.urls[0]}.")
    names, species, breed, numbers, breeds = [], [], [], [], {}
    for name, first in (("trainval.txt", 0), ("test.txt", _FIRST_TEST_NUMBER)):
        rows = [line.split() for line in texts[name].splitlines() if line[:1] not in ("", "#")]
        for number, (image, breed_id, species_id, _) in enumerate(rows, start=first):
            names.append(f"{image}.jpg")
            species.append(int(species_id) - 1)
            breed.append(int(breed_id) - 1)
            breeds[int(breed_id) - 1] = image.rsplit("_", 1)[0].replace("_", " ")
            numbers.append(number)
    row_of = {name: row for row, name in enumerate(names)}

    def stream():
        for name, content in plain_files(archive, row_of, _LARGEST_FILE):
            yield row_of[name], content

    table = {
        "names": np.array(names),
        "labels": np.array(species),
        "breed": np.array(breed),
        "breeds": np.array([breeds[i] for i in sorted(breeds)]),
        "numbers": np.array(numbers),
    }
    return table, stream()


# ---- decoding, once ---------------------------------------------------------------------------


def prepare(stream, count, size, path):
    """Decode a stream of photographs with all cores into one ``.npy`` file of bytes.

    Parameters
    ----------
    stream : iterator of (row, bytes)
        Each row below `count` at most once, in any order.
    count : int
    size : int
    path : path-like
        The file to write: shape (good, size, size, 3), uint8, rows in order.

    Returns
    -------
    ndarray of bool, shape (count,)
        Which rows were decoded and kept.
    """
    good = np.zeros(count, bool)
    length = 3 * size * size
    decode_all = functools.partial(_decode_chunk, size=size)
    with open(path, "w+b") as file, ThreadPoolExecutor(_cores()) as pool, _bar(count) as bar:
        start = _write_header(file, count, size)
        waiting: collections.deque = collections.deque()
        chunks = iter(lambda: list(itertools.islice(stream, _CHUNK)), [])
        # Never more than a few chunks in the air: memory does not grow with the data set.
        for chunk in itertools.chain(chunks, itertools.repeat(None)):
            if chunk is not None:
                waiting.append(pool.submit(decode_all, chunk))
            if not waiting:
                break
            if chunk is None or len(waiting) > 2 * _cores():
                done = waiting.popleft().result()
                for row, pixels in done:
                    if pixels is not None:
                        file.seek(start + row * length)
                        file.write(pixels)
                        good[row] = True
                bar.update(len(done))
        # Close the gaps that broken files left.
        for new, old in enumerate(np.flatnonzero(good).tolist()):
            if new != old:
                file.seek(start + old * length)
                pixels = file.read(length)
                file.seek(start + new * length)
                file.write(pixels)
        file.truncate(start + int(good.sum()) * length)
        file.seek(0)
        _write_header(file, int(good.sum()), size)
    return good


def _decode_chunk(chunk, size):
    return [(row, _decode(content, size)) for row, content in chunk]


def _decode(content, size):
    """Decode one photograph; None if that fails."""
    try:
        return to_bytes(content, size)
    except UnreadableError:
        return None


def _write_header(file, count, size):
    shape = (count, size, size, 3)
    header = {"descr": "|u1", "fortran_order": False, "shape": shape}
    np.lib.format.write_array_header_1_0(file, header)  # of one length, whatever the count
    return file.tell()


def _prepared(name, archive, size, read):
    """Open what is prepared for this archive and size; prepare it the first time."""
    seen = archive.stat()
    mark = zlib.crc32(f"{READING} {archive.name} {seen.st_size} {seen.st_mtime_ns}".encode())
    folder = cache() / "prepared"
    target = folder / f"{name}-{size}px-{mark:08x}"
    if not target.is_dir():
        with locked(folder):
            _prepare_once(target, size, read)
    with np.load(target / "index.npz") as stored:
        index = dict(stored)
    return np.load(target / "images.npy", mmap_mode="r"), index


def _prepare_once(target, size, read):
    """Prepare, unless another process did while this one waited for its turn."""
    for remains in target.parent.glob("unfinished-*"):  # of a run that was killed
        shutil.rmtree(remains, ignore_errors=True)
    if not target.is_dir():
        _prepare_into(target, size, read)


def _prepare_into(target, size, read):
    begin = time.perf_counter()
    room = target.parent / f"unfinished-{target.name}"
    try:
        room.mkdir()
        table, stream = read()
        count = len(table["names"])
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # what Pillow says about odd EXIF blocks
            good = prepare(stream, count, size, room / "images.npy")
        if not good.any():
            raise ValueError(f"None of the {count:,} photographs could be decoded.")
        index = {key: table[key][good] for key in ("labels", "numbers", "breed") if key in table}
        index["skipped"] = table["names"][~good]
        index["breeds"] = table.get("breeds", np.array([], str))
        np.savez(room / "index.npz", **index)
        os.replace(room, target)
    except OSError as error:
        shutil.rmtree(room, ignore_errors=True)
        if error.errno is not None:
            raise OSError(
                error.errno,
                f"The prepared photographs could not be written ({os.strerror(error.errno)}). "
                "Free some space, or let CNNKIT_CACHE name a folder on another disk, and call "
                "again; nothing half-done is left behind",
                str(target),
            ) from error
        raise
    except BaseException:
        shutil.rmtree(room, ignore_errors=True)
        raise
    skipped = index["skipped"].tolist()
    print(
        f"Prepared {good.sum():,} photographs of {size}×{size} in "
        f"{time.perf_counter() - begin:.1f} s; {len(skipped)} could not be decoded and were left "
        f"out{': ' + ', '.join(skipped[:5]) if skipped else ''}{', …' if len(skipped) > 5 else ''}."
    )


def _check_size(size):
    if not isinstance(size, (int, np.integer)) or size < 8:
        raise ValueError(f"size={size!r} must be a whole number of pixels, 8 or more.")


def _cores():
    from joblib import cpu_count

    return cpu_count()


def _bar(total):
    from tqdm import tqdm

    return tqdm(
        total=total, desc="Preparing", unit=" photographs", leave=False, delay=2, mininterval=0.5
    )
