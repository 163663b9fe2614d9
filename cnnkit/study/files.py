"""The files of a folder or of an archive: nothing is unpacked, no link is followed.

What came from elsewhere is not trusted: a member that would land outside its archive, one that
swells, and an archive inside too many others are refused by name, and the rest is read.
"""

import contextlib
import datetime
import io
import stat
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path, PurePosixPath
from typing import NamedTuple

__all__ = ["MOST", "File", "files_in"]

MOST = 100 << 20  # bytes of one file
MANY = 20_000  # files of one archive
DEEP = 3  # archives inside archives
SWOLLEN = 200  # times larger than it was packed: text rarely shrinks to a hundredth
LITTER = "__MACOSX", "Thumbs.db", "desktop.ini"


class File(NamedTuple):
    """A file: where it lies, what it holds, when it was written last (None: nobody knows)."""

    path: PurePosixPath
    read: Callable[[], bytes]
    written: datetime.datetime | None


def files_in(place, refuse=lambda path, why: None, within="") -> Iterator[File]:
    """List the files of a folder and of the zip archives in it, in the order of their names.

    Parameters
    ----------
    place : path
        A folder, or a file: an archive is looked into.
    refuse : callable, optional
        Called with the path of each thing that is not read, and the reason.
    within : path, optional
        What the paths begin with.

    Yields
    ------
    File
        Each file but what systems and programs leave behind. Its ``read`` raises a ValueError
        where it cannot be read.
    """
    place, within = Path(place), PurePosixPath(within)
    if place.is_symlink():
        refuse(within / place.name, "it is a link, and links are not followed")
    elif place.is_dir():
        for path in sorted(place.iterdir()):
            if not _is_litter(path.name):
                yield from files_in(path, refuse, within / path.name if path.is_dir() else within)
    elif not stat.S_ISREG(place.stat().st_mode):
        refuse(within / place.name, "it is no plain file")
    else:
        written = datetime.datetime.fromtimestamp(place.stat().st_mtime, datetime.UTC)
        file = File(within / place.name, lambda: _read(place), written)
        with place.open("rb") as stream:
            packed = _is_archive(place.name, stream.read(4))
        yield from _unzipped(file, place, refuse, 1) if packed else [file]


def _is_litter(path):
    parts = PurePosixPath(path).parts
    return any(part.startswith(".") or part in LITTER for part in parts)


def _is_archive(name, start):
    """Tell an archive, also one that was renamed to a notebook; a document of Word is none."""
    return start in (b"PK\3\4", b"PK\5\6") and name.lower().endswith((".zip", ".ipynb"))


def _read(path):
    if path.stat().st_size > MOST:
        raise ValueError(f"it is larger than {MOST >> 20} MB")
    return path.read_bytes()


# What zipfile raises about an archive that is damaged, or packed in a way that it does not know.
DAMAGED = zipfile.BadZipFile, zipfile.LargeZipFile, NotImplementedError, OSError, EOFError


def _unzipped(packed, opened, refuse, depth):
    """List the files of an archive: a path, or its bytes in memory."""
    try:
        with zipfile.ZipFile(opened) as archive:
            members = [member for member in archive.infolist() if not member.is_dir()]
    except DAMAGED as error:
        refuse(packed.path, f"it cannot be unpacked ({error})")
        return
    if len(members) > MANY:
        refuse(packed.path, f"it holds {len(members)} files, and {MANY} are the most")
        return
    for member in members:
        name = _name(member)
        if why := _danger(member, name):
            refuse(packed.path / name.name, why)
        elif not _is_litter(name):
            file = File(packed.path / name, _reader(opened, member), _written(member))
            try:
                inner = _is_archive(name.name, _reader(opened, member, 4)())
                if not inner:
                    yield file
                elif depth == DEEP:
                    refuse(file.path, f"it is an archive in {DEEP} others")
                else:
                    yield from _unzipped(file, io.BytesIO(file.read()), refuse, depth + 1)
            except ValueError as error:
                refuse(file.path, str(error))


def _danger(member, name):
    """Say why a member is not read, if it is not."""
    if not name.parts or name.is_absolute() or ".." in name.parts or ":" in name.parts[0]:
        return "its path leads out of the archive"
    if stat.S_ISLNK(member.external_attr >> 16):
        return "it is a link, and links are not followed"
    if member.flag_bits & 1:
        return "it is locked with a password"
    if member.file_size > MOST:
        return f"it is larger than {MOST >> 20} MB"
    if member.file_size > SWOLLEN * max(member.compress_size, 1024):
        return f"unpacked it would be more than {SWOLLEN} times as large"
    return ""


def _reader(opened, member, most=MOST):
    def read():
        try:
            with zipfile.ZipFile(opened) as archive, archive.open(member) as stream:
                return stream.read(most)
        except DAMAGED as error:
            raise ValueError(f"it cannot be unpacked ({error})") from None

    return read


def _name(member):
    """Read the name of a member: macOS writes UTF-8 and does not say so."""
    name = member.filename
    if not member.flag_bits & 0x800:
        with contextlib.suppress(UnicodeError):
            name = name.encode("cp437").decode("utf-8")
    return PurePosixPath(name.replace("\\", "/"))


def _written(member):
    """Read when a member was written, by the clock of whoever packed it: None where it lies."""
    with contextlib.suppress(ValueError):
        written = datetime.datetime(*member.date_time)
        return written if written.year > 1980 else None
    return None
