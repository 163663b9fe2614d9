"""Files as people have them: on full disks, without the right to, on shares that are gone.

What the package writes it writes whole. What cannot be read or written is named, with the reason
and with what to do; reading and writing are never mixed up.
"""

import contextlib
import errno
import os
import threading
from pathlib import Path

from cnnkit.arguments import lesson

__all__ = [
    "ELSEWHERE",
    "NO_LOCKS",
    "NO_ROOM",
    "as_path",
    "is_told",
    "printable",
    "reading",
    "told",
    "write_whole",
    "writing",
]

NO_LOCKS = (errno.ENOLCK, errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP)
NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
ELSEWHERE = "or name another place, and try again"
_SOURCE = "See whether it is still there and yours to read, and try again."


def printable(name):
    r"""Make the name of a file harmless to a terminal, and something that any encoding can print.

    >>> printable("a\x1b[2J\udce9.png")
    'a?[2J?.png'
    """
    return "".join(letter if letter.isprintable() else "?" for letter in name)


def as_path(value, name):
    """Return a path that was given as an argument; an empty one is none.

    >>> as_path("", "out")
    Traceback (most recent call last):
    ValueError: out='' was given; expected the path of a file or a folder. Name one.
    """
    is_path = isinstance(value, (str, os.PathLike)) and str(value) and "\0" not in str(value)
    if is_path:
        with contextlib.suppress(RuntimeError):  # no home, or nobody of that name
            return Path(value).expanduser()
        return Path(value)
    raise lesson(f"{name}={value!r} was given", "the path of a file or a folder", "Name one.")


def is_told(error):
    """Whether an error of the disk has been put into words already."""
    return hasattr(error, "told_of")


def told(error, what, path, remedy):
    """Put an error of the disk into words: what could not be done, why, what to do.

    Returns
    -------
    OSError
        Of the same kind (a PermissionError stays one), with the same errno; `filename` is `path`.
    """
    why = error.strerror or str(error) or type(error).__name__
    words = OSError(error.errno, f"{path} could not be {what} ({why}). {remedy}", str(path))
    vars(words)["told_of"] = path
    return words


@contextlib.contextmanager
def reading(path, remedy=_SOURCE):
    """Say of a disk's error within that `path` could not be read."""
    try:
        yield
    except OSError as error:
        if is_told(error):
            raise
        raise told(error, "read", path, remedy) from error


@contextlib.contextmanager
def writing(path, then=ELSEWHERE):
    """Say of a disk's error within that `path` could not be written.

    `then` is what to do once there is room, and the right to write.
    """
    try:
        yield
    except OSError as error:
        if is_told(error):
            raise
        no_room = error.errno in NO_ROOM
        first = "Free some space there" if no_room else "See to it that you may write there"
        raise told(error, "written", path, f"{first}, {then}.") from error


def write_whole(path, content, then=ELSEWHERE):
    """Write a file so that it is always whole: the old one, or the new one.

    Parameters
    ----------
    path : path-like
        Devices and pipes are written to as they are.
    content : bytes-like or str
        Text is written as UTF-8.
    then : str
        What to do, when it could not be written, once it can be.

    Raises
    ------
    OSError
        If it cannot be written: no room, no right. What was there before is as it was, and
        nothing half-written is left beside it.
    """
    content = content.encode() if isinstance(content, str) else content
    with writing(path, then):
        place = Path(os.path.realpath(path))  # a link stays one
        if place.exists() and not place.is_file():
            place.write_bytes(content)
            return
        writer = f"{os.getpid()}-{threading.get_ident()}"  # two at once write a file each
        unfinished = place.with_name(f"{place.name}.{writer}.unfinished")
        try:
            with open(unfinished, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            os.replace(unfinished, place)
        finally:
            unfinished.unlink(missing_ok=True)
