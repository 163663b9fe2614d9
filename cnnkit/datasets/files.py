"""Where the real data are: found on this machine, or fetched once and checked.

pooch downloads, shows the progress and computes the checksums. It cannot resume (version 1.9
starts again from the first byte), so :func:`_continue` hands its downloader a ``Range`` header
and a file that is opened for appending. Archives are read member by member and never unpacked:
nothing that a member is called can make it land outside a folder, and one that tries is refused.
"""

import contextlib
import errno
import importlib
import os
import shutil
import stat
import tarfile
import zipfile
import zlib
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from cnnkit.arguments import lesson
from cnnkit.disk import NO_LOCKS, NO_ROOM, reading

try:
    from lzma import LZMAError
except ImportError:  # a Python without that library reads no such archive
    LZMAError = zlib.error  # type: ignore[misc, assignment]

__all__ = [
    "LARGEST",
    "Source",
    "cache",
    "check",
    "files_below",
    "find",
    "inside",
    "is_clutter",
    "locked",
    "open_zip",
    "plain_files",
    "read_file",
    "read_member",
]

LARGEST = 64 * 2**20  # a photograph of more bytes than this is taken for a broken one
_CLUTTER = {"thumbs.db", "desktop.ini"}
_DOCUMENTS = {".csv", ".docx", ".html", ".json", ".md", ".pdf", ".txt"}


class Source(NamedTuple):
    """A file that can be fetched."""

    name: str  # with a folder of its own where the name is a common one: 'pets/images.tar.gz'
    urls: tuple[str, ...]  # the first, then mirrors
    size: int  # bytes
    checksum: str  # 'sha256:…' or 'md5:…'
    licence: str


def cache():
    """The folder for what is prepared: ``CNNKIT_CACHE``, or the user's cache folder."""
    try:
        folder = os.environ.get("CNNKIT_CACHE") or _pooch().os_cache("cnnkit")
        return Path(folder).expanduser()
    except RuntimeError as error:
        given = f"this user has no home folder ({error})"
        remedy = "Let the variable CNNKIT_CACHE name one."
        raise lesson(given, "a folder to keep files in", remedy) from error


def find(source, pattern=None, download=False):
    """Find a file on this machine, or fetch it.

    Parameters
    ----------
    source : Source
    pattern : str, optional
        Any file whose name fits counts too, such as ``'kagglecatsanddogs*.zip'``.
    download : bool, default False

    Returns
    -------
    pathlib.Path

    Raises
    ------
    FileNotFoundError
        If it is not here and `download` is not set: the message says where it was looked for
        and how to get it.
    OSError
        If it could not be fetched: no connection, wrong checksum everywhere, disk full.
    """
    own = os.environ.get("CNNKIT_DATA")
    name = PurePosixPath(source.name)
    own_folder = [Path(own).expanduser()] if own else []
    if found := _look(own_folder, name, pattern):
        return found
    folders = [*own_folder, cache()]  # asked for only now: data of one's own need no cache
    if found := _look(folders, name, pattern):
        return found
    if download:
        return _download(source, folders[0] / name)
    looked = " and in ".join(map(str, folders))
    raise FileNotFoundError(
        f"{pattern or source.name} was not found in {looked}. "
        f"Either write download=True ({source.size / 1e6:,.1f} MB will be fetched; "
        f"{source.licence}), or get {source.urls[0]} by hand and put it "
        f"into that folder{'' if own else '; the variable CNNKIT_DATA names another folder'}."
    )


def _look(folders, name, pattern):
    """Return the first file of this name, or one that fits the pattern."""
    for folder in folders:
        fitting = sorted(folder.glob(pattern)) if pattern else []
        for place in (folder / name, folder / name.name, *fitting):
            if place.is_file():
                return place
    return None


def check(path, source):
    """Compare a file with the checksum of its source; return the path.

    Raises
    ------
    ValueError
        If the file differs from the official one.
    """
    with reading(path):
        is_official = _matches(path, source.checksum)
    if not is_official:
        raise ValueError(
            f"{path} is not the official {PurePosixPath(source.name).name}: its checksum is not "
            f"{source.checksum}. It is damaged or another version: delete it, then call again "
            "with download=True."
        )
    return path


def inside(name):
    """Return a member's name if it stays inside its archive's folder.

    Raises
    ------
    ValueError
        If the name is absolute or climbs out with '..'.
    """
    path = PurePosixPath(name.replace("\\", "/"))
    drive = ":" in "".join(path.parts[:1])[:2]  # as Windows reads it
    if path.is_absolute() or drive or ".." in path.parts:
        raise ValueError(
            f"The archive holds a member called {name!r}, which points outside its own folder. "
            "No archive of pictures needs such a name: fetch this file again, or pack it anew."
        )
    return name


def is_clutter(name):
    """Tell what systems and packers leave beside pictures, and documents, from pictures.

    >>> [is_clutter(name) for name in ("Cat/Thumbs.db", "__MACOSX/Cat/._1.jpg", "Cat/1.jpg")]
    [True, True, False]
    """
    path = PurePosixPath(name.replace("\\", "/"))
    hidden = any(part.startswith(".") or part == "__MACOSX" for part in path.parts)
    return hidden or path.name.lower() in _CLUTTER or path.suffix.lower() in _DOCUMENTS


def files_below(folder):
    """Find every file in a folder that could be a picture, in the folders within it too.

    Returns
    -------
    files : dict of str to pathlib.Path
        In the order of their names, which are those of the way to them: ``'cat/1.jpg'``.
    closed : dict of str to str
        Folders that could not be looked into, and why.

    Raises
    ------
    OSError
        If `folder` itself cannot be read.
    """
    closed = {}

    def note(error):
        place = Path(error.filename)
        if place == folder:
            with reading(folder):
                raise error
        closed[f"{place.relative_to(folder).as_posix()}/"] = f"it cannot be opened ({_why(error)})"

    files: dict[str, Path] = {}
    root, seen = os.path.realpath(folder), set()
    for where, folders, names in os.walk(folder, onerror=note, followlinks=True):
        for name in [name for name in folders if os.path.islink(os.path.join(where, name))]:
            target = os.path.realpath(os.path.join(where, name))
            if target in seen or os.path.commonpath([root, target]) == root:
                folders.remove(name)  # it comes by itself, or goes round
            seen.add(target)
        for file in (Path(where, name) for name in names):
            files[file.relative_to(folder).as_posix()] = file
    return {name: files[name] for name in sorted(files) if not is_clutter(name)}, closed


def read_file(file):
    """Read a file that should be a picture.

    Returns
    -------
    bytes or str
        The content, or why there is none.
    """
    try:
        state = file.stat()
        if not stat.S_ISREG(state.st_mode):
            return "it is no file"
        if state.st_size > LARGEST:
            return "it is too large"
        return file.read_bytes() or "it is empty"
    except FileNotFoundError:
        return "there is no such file"
    except OSError as error:
        return f"it cannot be opened ({_why(error)})"


def _why(error):
    return error.strerror or str(error)


def open_zip(archive):
    """Open a zip file.

    Raises
    ------
    ValueError
        If it is not a whole one.
    """
    try:
        with reading(archive):
            return zipfile.ZipFile(archive)
    except zipfile.BadZipFile as error:
        raise ValueError(
            f"{archive} is not a whole zip file ({error}): the download stopped early or the file "
            "is damaged. Delete it and fetch it again."
        ) from error


def read_member(box, member, largest=LARGEST):
    """Read a member of a zip file.

    Returns
    -------
    bytes or str
        The content, or why there is none.
    """
    if member.file_size > largest:
        return f"it has more than {largest // 2**20} MB"
    try:
        return box.read(member)
    except NotImplementedError:
        method = "Deflate64" if member.compress_type == 9 else f"method {member.compress_type}"
        return f"it is packed by {method}, which Python cannot unpack: pack the zip anew"
    except RuntimeError:
        return "it is locked with a password"
    except (zipfile.BadZipFile, zlib.error, LZMAError, EOFError):
        return "it is damaged inside the zip"
    except OSError as error:
        if error.errno is None:  # bz2 has no kind of its own for what is damaged
            return "it is damaged inside the zip"
        with reading(box.filename):
            raise


def plain_files(archive, wanted, largest=2**28):
    """Stream the wanted files of a compressed tar archive.

    Parameters
    ----------
    archive : path-like
    wanted : container of str
        Names without their folders. Links and devices never count, whatever they are called.
    largest : int, default 268435456
        A file of more bytes than this comes as if it were empty.

    Yields
    ------
    name : str
    content : bytes

    Raises
    ------
    ValueError
        If the archive is not whole, or a member's name leads out of it.
    """
    try:
        with reading(archive), tarfile.open(archive, "r|gz") as box:
            for member in box:
                name = inside(member.name).rsplit("/", 1)[-1]
                if name in wanted and member.isfile():
                    file = box.extractfile(member) if member.size <= largest else None
                    yield name, file.read() if file else b""
    except (tarfile.TarError, EOFError, zlib.error) as error:
        raise ValueError(
            f"{archive} is not a whole archive ({error}): the download stopped early or the file "
            "is damaged. Delete it and fetch it again."
        ) from error


@contextlib.contextmanager
def locked(folder):
    """Let one process at a time work in a folder; the others wait here for their turn.

    On a disk that knows no locks nobody waits: what is made twice is the same twice. The value
    tells whether the process is alone.
    """
    lock = _lock(folder)
    try:
        yield lock is not None
    finally:
        if lock:
            lock.release()


def _lock(folder):
    filelock = _needed("filelock")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = filelock.FileLock(folder / ".lock")
        lock.acquire()
    except OSError as error:
        if error.errno in NO_LOCKS:
            return None
        raise OSError(
            error.errno,
            f"Nothing can be written to {folder} ({error.strerror}). Let CNNKIT_DATA (for "
            "downloads) and CNNKIT_CACHE (for what is prepared) name folders that are yours",
            str(folder),
        ) from error
    return lock


def _download(source, target):
    """Fetch into TARGET.part, check, and only then give the file its name."""
    import requests  # pooch fetches with it

    part = target.with_name(target.name + ".part")
    with locked(target.parent):
        if target.is_file():  # another process fetched it while this one waited
            return target
        have = part.stat().st_size if part.is_file() else 0
        _ask_for_room(target, source.size - have)
        print(f"Fetching {target.name} ({source.size / 1e6:,.1f} MB) to {target.parent}")
        print(f"Licence: {source.licence}")
        troubles: list[tuple[str, str, bool]] = []
        # Each address has a second turn: a broken connection goes on where it stopped.
        for url in [*source.urls, *source.urls]:
            if any(url == failed and final for failed, _, final in troubles):
                continue
            try:
                fresh = _continue(url, part, source.size)
            except requests.RequestException as error:
                if error.response is not None and error.response.status_code == 416:
                    part.unlink()  # what is here is longer than what that server has
                troubles.append((url, f"{type(error).__name__}: {error}", False))
                continue
            except OSError as error:
                if error.errno in NO_ROOM:
                    raise _no_room(target, source.size - part.stat().st_size) from error
                raise
            if _matches(part, source.checksum):
                os.replace(part, target)
                return target
            part.unlink()
            troubles.append((url, f"what came does not have checksum {source.checksum}", fresh))
    report = "\n".join(f"  {url}\n    {what}" for url, what, _ in troubles)
    raise OSError(
        f"{target.name} could not be fetched:\n{report}\n"
        "What has arrived is kept, so calling again goes on from there. Or fetch the file with "
        f"a browser and put it into {target.parent}."
    )


def _continue(url, part, size):
    """Fetch what is missing of `part`; tell whether this call fetched all of it."""
    have = part.stat().st_size if part.is_file() else 0
    if have == size:  # complete, but killed before it got its name
        return False
    with open(part, "ab") as file:
        if have > size:
            have = file.truncate(0)

        def restart(response, **_):
            if have and response.status_code == 200:  # not 206: this server sends all of it again
                file.truncate(0)

        headers = {"Accept-Encoding": "identity"}
        if have:
            print(f"Going on after the first {have / 1e6:,.1f} MB.")
            headers["Range"] = f"bytes={have}-"
        downloader = _pooch().HTTPDownloader(
            progressbar=True, chunk_size=2**16, headers=headers, hooks={"response": restart}
        )
        downloader(url, file, None)
    return have == 0


def _ask_for_room(target, size):
    """Refuse before the first byte rather than after the last that fits."""
    if shutil.disk_usage(target.parent).free < size:
        raise _no_room(target, size)


def _no_room(target, size):
    return OSError(
        errno.ENOSPC,
        f"The disk that holds {target.parent} has no room for the {size / 1e6:,.1f} MB that are "
        "missing. Free some space, or let CNNKIT_DATA and CNNKIT_CACHE name folders on another "
        "disk, then call again: what has arrived is kept",
        str(target),
    )


def _matches(path, checksum):
    kind, _, wanted = checksum.partition(":")
    return _pooch().file_hash(str(path), alg=kind) == wanted


def _pooch():
    return _needed("pooch")


def _needed(package):
    try:
        return importlib.import_module(package)
    except ImportError as error:
        raise ImportError(
            f"Real data sets are found, fetched and kept with {package}, which is not installed "
            "here. Install it with: pip install 'cnnkit[data]'."
        ) from error
