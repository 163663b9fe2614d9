"""Take in what students handed in: a mended notebook for each, and the reason where there is none.

``submitted/`` itself stays as it is; what is graded is the exercise's own notebook with a student's
answers in it.
"""

import datetime
import hashlib
import os
from dataclasses import dataclass
from pathlib import Path

import nbformat
from nbgrader.utils import parse_utc

from cnnkit.study.files import MOST
from cnnkit.study.repair import repair

__all__ = [
    "SLIPS",
    "STAMP",
    "Taken",
    "fingerprint",
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
    return sorted(path.name for path in folders if (path / name).is_dir())


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


def _writable(note):
    """Replace what cannot be written down: the name of a file may hold any byte."""
    return note.encode("utf-8", "replace").decode()


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


def strays(course, name, students):
    """Name the notebooks that lie in a student's folder, and in none of an assignment.

    Parameters
    ----------
    course : path
        The folder with ``submitted/STUDENT/NAME/``.
    name : str
        The assignment.
    students : list of str
        Who handed in something for it: of them, other notebooks are of other assignments.

    Returns
    -------
    dict of str to str
        For each further student what lies where.
    """
    found = {}
    for path in sorted(Path(course, "submitted").glob("*/*.ipynb")):
        if path.parent.name not in students:
            why = f"{path.name} lies in no assignment's folder: is it submitted/STUDENT/{name}/?"
            found[path.parent.name] = _writable(why)
    return found


def _time(stamp):
    """Read when something was handed in, if nbgrader can; else say what stands there."""
    if stamp.is_symlink() or not stamp.is_file():
        return None, ()
    text = stamp.read_bytes()[:LONGEST].decode("utf-8-sig", "replace").strip()
    try:
        return (parse_utc(text) if text else None), ()
    except (ValueError, OverflowError, TypeError):
        return None, (f"{STAMP} holds no time but {text!r}: it counts as not late.",)
