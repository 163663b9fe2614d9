"""Take in what students handed in: a mended notebook for each, and the reason where there is none.

``submitted/`` itself stays as it is; what is graded is the exercise's own notebook with a student's
answers in it.
"""

import datetime
import hashlib
import os
import re
import zoneinfo
from dataclasses import dataclass
from pathlib import Path

import nbformat

from cnnkit.study.files import MOST, is_litter
from cnnkit.study.reading import plain
from cnnkit.study.repair import repair

__all__ = [
    "SLIPS",
    "STAMP",
    "Taken",
    "fingerprint",
    "readable",
    "slips",
    "strays",
    "students_of",
    "take",
    "tell",
]

STAMP = "timestamp.txt"
# What nbgrader's exchange writes beside a notebook, and looks for beside the page of feedback.
SLIPS = STAMP, "submission_secret.txt"
LONGEST = 200  # bytes of one of them
TIME = re.compile(
    r"(\d{4}-\d\d-\d\d[ T]\d\d:\d\d(?::\d\d(?:\.\d{1,6})?)?) ?"
    r"(Z|[+-]\d\d:?\d\d|[A-Za-z]+(?:[/_-]\w+)*)?"
)
FEW = 5  # things in the wrong place that are named


@dataclass(frozen=True)
class Taken:
    """What was taken in from a student.

    Attributes
    ----------
    notebook : NotebookNode or None
        What is to be graded; None where there is nothing to grade.
    when : datetime or None
        When it was handed in, in UTC, where that is known.
    notes : tuple of str
        What was mended, or why there is nothing to grade.
    missing : tuple of str
        The functions and questions for which there was no cell at all.
    """

    notebook: nbformat.NotebookNode | None
    when: datetime.datetime | None = None
    notes: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()


def students_of(course, name):
    """List who handed in something for an assignment.

    Parameters
    ----------
    course : path
        The folder with ``submitted/STUDENT/NAME/``.
    name : str
        The assignment.

    Returns
    -------
    list of str
    """
    submitted = Path(course, "submitted")
    folders = submitted.iterdir() if submitted.is_dir() else ()
    return sorted(path.name for path in folders if os.path.isdir(path / name))


def take(source, folder, name):
    """Mend what one student handed in.

    Parameters
    ----------
    source : NotebookNode
        The teacher's notebook.
    folder : path
        The student's folder.
    name : str
        The name that the notebook was handed out with.

    Returns
    -------
    Taken
    """
    try:
        if Path(folder).parent.is_symlink():
            raise ValueError(f"{Path(folder).parent} is a link, and links are not followed.")
        repaired = repair(source, folder, name)
    except (ValueError, OSError) as error:
        return Taken(None, notes=(_writable(str(error)),))
    when, told = _time(Path(folder, STAMP))
    notes = tuple(map(_writable, (*repaired.notes, *told)))
    tell(repaired.notebook, notes)
    return Taken(repaired.notebook, when, notes, repaired.missing)


def slips(folder):
    """Read what nbgrader's exchange has written beside a notebook.

    Returns
    -------
    dict of str to str
        The text of each file.
    """
    paths = [Path(folder, name) for name in SLIPS]
    return {
        path.name: path.read_bytes()[:LONGEST].decode("utf-8", "replace")
        for path in paths
        if path.is_file() and not path.is_symlink()
    }


def readable(name):
    """Read a name whose bytes are no UTF-8 as an old system of Western Europe wrote it."""
    try:
        name.encode()
    except UnicodeEncodeError:
        return os.fsencode(name).decode("cp1252", "replace")
    return name


def _writable(note):
    """Replace what cannot be written down: the name of a file may hold any byte."""
    return plain(note.encode("utf-8", "replace").decode())


def tell(notebook, notes):
    """Begin a notebook with a cell in which its student reads, in the feedback, what was mended.

    A note may quote the name of a file: it stays text, whatever that is.
    """
    if not notes:
        return
    lines = "\n".join("- " + " ".join(note.replace("`", "'").split()) for note in notes)
    text = f"**Before this notebook was graded:**\n\n```text\n{lines}\n```"
    notebook.cells.insert(0, nbformat.v4.new_markdown_cell(text, id="mended"))


def fingerprint(folder):
    """Say of what a student handed in whether it is still the same: of every file, and no link.

    Parameters
    ----------
    folder : path
        The student's folder.

    Returns
    -------
    str
    """
    digest = hashlib.sha256()
    for place, folders, files in os.walk(folder):
        folders.sort()
        for path in (Path(place, name) for name in sorted([*folders, *files])):
            about = path.lstat()
            digest.update(os.fsencode(path.relative_to(folder)) + f"\0{about.st_mode}\0".encode())
            if path.is_symlink() or not path.is_file():
                continue
            if about.st_size > MOST:  # is not read in any case
                digest.update(f"{about.st_size} {about.st_mtime_ns}".encode())
            else:
                digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def strays(course, name, assignments):
    """Name all that lies in ``submitted/`` where no grading will find it.

    Parameters
    ----------
    course : path
        The folder with ``submitted/STUDENT/NAME/``.
    name : str
        The assignment that is graded.
    assignments : container of str
        All of them: what lies in their folders is graded some time.

    Returns
    -------
    dict of str to tuple of str
        For each student, or file, what lies where.
    """
    found = {}
    submitted = Path(course, "submitted")
    for path in sorted(submitted.iterdir()) if submitted.is_dir() else ():
        if is_litter(path.name):
            continue
        whys = list(_astray(path, name, assignments))
        if len(whys) > FEW:
            whys = [*whys[:FEW], f"and {len(whys) - FEW} more lie beside it"]
        if whys:
            found[readable(path.name)] = tuple(map(_writable, whys))
    return found


def _astray(path, name, assignments):
    """Say what is amiss with a student's folder, and with what lies in it."""
    if not path.is_dir():
        yield f"it is no folder of a student: is it submitted/STUDENT/{name}/?"
        return
    own = readable(path.name)
    if own != path.name and (path / name).is_dir():
        yield f"the name of its folder is not written in UTF-8: rename it, to {own} for example"
    try:
        inside = sorted(path.iterdir())
    except OSError as error:
        yield f"its folder cannot be read ({error.strerror})"
        return
    for inner in inside:
        if is_litter(inner.name) or (inner.name in assignments and inner.is_dir()):
            continue
        if not inner.is_dir():
            yield f"{inner.name} lies in no assignment's folder: is it submitted/STUDENT/{name}/?"
        elif any(there.is_file() for there in inner.rglob("*")):
            yield f"the folder {inner.name} is of no assignment: is it {name}?"


def _time(stamp):
    """Read when something was handed in; where that is not clear, say what stands there."""
    if stamp.is_symlink() or not stamp.is_file():
        return None, ()
    text = stamp.read_bytes()[:LONGEST].decode("utf-8-sig", "replace").strip()
    try:
        return (_utc(text) if text else None), ()
    except (ValueError, OverflowError, KeyError, OSError):
        like = "Write one like 2026-11-03 23:59 UTC; +01:00 or Europe/Berlin may stand for UTC"
        return None, (f"{STAMP} holds no clear time but {text!r}: it counts as not late. {like}.",)


def _utc(text):
    """Read a time that can be read in one way alone.

    nbgrader takes "03.11.2026" for a day in March, "+0100" for 100 seconds, and the time of a zone
    that it does not know, such as CEST, for that of UTC.
    """
    found = TIME.fullmatch(text)
    if found is None:
        raise ValueError(text)
    time, zone = found[1], found[2] or "Z"
    if zone[0] in "+-Z":
        when = datetime.datetime.fromisoformat(time + zone)
    else:
        when = datetime.datetime.fromisoformat(time).replace(tzinfo=zoneinfo.ZoneInfo(zone))
    return when.astimezone(datetime.UTC).replace(tzinfo=None)
