"""Grade once more after a test was mended, and see who gains or loses, before it is written."""

import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

from cnnkit.grading.course import autograde
from cnnkit.grading.export import gradebook
from cnnkit.study.reading import plain

__all__ = ["Change", "compare", "table"]


@dataclass(frozen=True)
class Change:
    """What a function would be worth to a student: None where there is no score."""

    student: str
    function: str
    before: float | None
    after: float | None


def compare(course, name, jobs=None, *, walled=True):
    """Grade an assignment in a copy of the course, and compare with the gradebook.

    Nothing of the course changes. What a person gave stays out of it: only automatic points count.

    Parameters
    ----------
    course : path
        The course folder, with its gradebook.
    name : str
        The assignment.
    jobs : int, optional
        How many notebooks run at once; else one a core.
    walled : bool
        Without walls, the code of students can do all that this program can.

    Returns
    -------
    changes : list of Change
        Each function that would be worth more or less to somebody.
    graded : dict of str to Graded
        What came of each student's notebook now.
    """
    before = _points(course, name)
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder, "course")
        copy.mkdir()
        for path in Path(course).glob("*.py"):  # the settings, and plugins that they name
            shutil.copy(path, copy)
        shutil.copytree(Path(course, "solutions", name), copy / "solutions" / name)
        for student in Path(course, "submitted").iterdir():
            place = copy / "submitted" / student.name
            if student.is_symlink():  # grading does not follow it, and says so, here as there
                place.parent.mkdir(exist_ok=True)
                place.symlink_to(student.resolve())
            elif (student / name).is_dir():
                shutil.copytree(student / name, place / name, symlinks=True, ignore=_pipes)
        graded = autograde(copy, name, jobs, walled=walled)
        after = _points(copy, name)
    students = sorted({student for student, _ in before | after} & set(graded))
    changes = [
        Change(student, function, before.get((student, function)), after.get((student, function)))
        for student in students
        for function in dict.fromkeys(f for s, f in before | after if s == student)
    ]
    return [change for change in changes if change.before != change.after], graded


def _pipes(folder, names):
    """Name the pipes and sockets in a folder: they cannot be copied, and grading reads none."""
    paths = (Path(folder, name) for name in names)
    return [p.name for p in paths if not (p.is_symlink() or p.is_file() or p.is_dir())]


def _points(course, name):
    """Read the automatic points of each student for each test."""
    from nbgrader.api import MissingEntry

    from cnnkit.study.cells import function_of

    with gradebook(course) as book:
        try:
            submissions = book.find_assignment(name).submissions
        except MissingEntry:
            raise ValueError(f"{name} is not graded yet: python -m cnnkit grade {name}") from None
        return {
            (submission.student_id, function_of(grade.name)): grade.auto_score
            for submission in submissions
            for notebook in submission.notebooks
            for grade in notebook.grades
            if grade.auto_score is not None
        }


def table(changes):
    """Write down who gains and who loses.

    Returns
    -------
    str
    """
    if not changes:
        return "Nobody gains or loses."
    width = max(len(change.student) for change in changes)
    lines = []
    for change in changes:
        before, after = ("none" if x is None else f"{x:g}" for x in (change.before, change.after))
        line = f"{change.student:<{width}}  {change.function}: {before} -> {after}"
        lines.append(plain(line))
    more = {c.student for c in changes if (c.after or 0) > (c.before or 0)}
    less = {c.student for c in changes if (c.after or 0) < (c.before or 0)}
    return "\n".join([*lines, "", f"{len(more)} gain, {len(less)} lose somewhere."])
