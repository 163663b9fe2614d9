"""The files of a folder or of an archive: nothing is unpacked, no link is followed.

What came from elsewhere is not trusted: a member that would land outside its archive, one that
swells, and an archive inside too many others are refused by name, and the rest is read.
"""

import contextlib
import datetime
import io
import stat
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path, PurePosixPath
from typing import NamedTuple

try:
    from lzma import LZMAError
except ImportError:  # a Python that was built without it says so itself
    LZMAError = zipfile.BadZipFile  # type: ignore[misc, assignment]

__all__ = ["MOST", "File", "files_in", "is_litter"]

MOST = 100 << 20  # bytes of one file, and of all that an archive holds
MANY = 20_000  # files of one archive
DEEP = 3  # archives inside archives
SWOLLEN = 200  # times larger than it was packed: text rarely shrinks to a hundredth
LITTER = "__MACOSX", "Thumbs.db", "desktop.ini"


class File(NamedTuple):
    """A file: where it lies, what it holds, when it was written last (None: nobody knows).

    Of what lies in an archive that somebody handed in, it is when the archive was written.
    """

    path: PurePosixPath
    read: Callable[[], bytes]
    written: datetime.datetime | None


def files_in(place, refuse=lambda path, why: None, within="", *, download=False) -> Iterator[File]:
    """List the files of a folder and of the zip archives in it, in the order of their names.

    Parameters
    ----------
    place : path
        A folder, or a file: an archive is looked into.
    refuse : callable, optional
        Called with the path of each thing that is not read, and the reason.
    within : path, optional
        What the paths begin with.
    download : bool
        The archive holds what a whole class handed in, so only the archives in it are bounded.

    Yields
    ------
    File
        Each file but what systems and programs leave behind. Its ``read`` raises a ValueError
        where it cannot be read.
    """
    place, within = Path(place), PurePosixPath(within)
    if place.is_symlink():
        refuse(within / place.name, "it is a link, and links are not followed")
        return
    try:
        about = place.stat()
        if stat.S_ISDIR(about.st_mode):
            inside, start = sorted(place.iterdir()), b""
        elif stat.S_ISREG(about.st_mode):
            with place.open("rb") as stream:
                inside, start = None, stream.read(4)
        else:
            refuse(within / place.name, "it is no plain file")
            return
    except OSError as error:
        refuse(within / place.name, f"it cannot be read ({error.strerror})")
        return
    if inside is not None:
        for path in inside:
            if not is_litter(path.name):
                yield from files_in(path, refuse, within / path.name if path.is_dir() else within)
        return
    file = File(within / place.name, lambda: _read(place), _changed(about))
    if _is_archive(place.name, start):
        yield from _unzipped(file, place, refuse, 1, None if download else _Room())
    else:
        yield file


def _changed(about):
    """Read when a file was written: a disk may say what no calendar holds."""
    try:
        return datetime.datetime.fromtimestamp(about.st_mtime, datetime.UTC)
    except (ValueError, OverflowError, OSError):
        return None


def is_litter(path):
    """Tell whether a path is what systems and programs leave behind."""
    parts = PurePosixPath(path).parts
    return any(part.startswith(".") or part in LITTER for part in parts)


def _is_archive(name, start):
    """Tell an archive, also one that was renamed to a notebook; a document of Word is none."""
    return start in (b"PK\3\4", b"PK\5\6") and name.lower().endswith((".zip", ".ipynb"))


def _read(path):
    if path.stat().st_size > MOST:
        raise ValueError(f"it is larger than {MOST >> 20} MB")
    return path.read_bytes()


# What zipfile raises about an archive that is damaged, or packed in a way that it does not know:
# also what the decompressors below it raise, and that a name or a number in it makes no sense.
DAMAGED = (
    *(zipfile.BadZipFile, zipfile.LargeZipFile, zlib.error, LZMAError, struct.error),
    *(EOFError, OSError, OverflowError, RuntimeError, ValueError),
)


class _Room:
    """How much an archive may still hold, with all archives in it."""

    def __init__(self):
        self.left = MOST

    def take(self, size):
        self.left -= size
        return self.left >= 0


def _unzipped(packed, opened, refuse, depth, room):
    """List the files of an archive: a path, or its bytes in memory; without bound if no room."""
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
        elif room and not room.take(member.file_size):
            refuse(packed.path, f"the rest was left: unpacked it is more than {MOST >> 20} MB")
            return
        elif not is_litter(name):
            written = packed.written if room else _written(member)
            file = File(packed.path / name, _reader(opened, member), written)
            try:
                inner = _is_archive(name.name, _reader(opened, member, 4)())
                if not inner:
                    yield file
                elif depth == DEEP:
                    refuse(file.path, f"it is an archive in {DEEP} others")
                else:
                    bytes_of = io.BytesIO(file.read())
                    yield from _unzipped(file, bytes_of, refuse, depth + 1, room or _Room())
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
