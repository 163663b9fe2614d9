"""Hand the gradebook's scores on: as a table, or as Moodle and Canvas import them.

A score is what nbgrader's own export gives: the points less the penalty for being late, never
below 0. Who has no score is not written down as 0.
"""

import csv
import io
from dataclasses import dataclass
from pathlib import Path

from nbgrader.api import Gradebook, MissingEntry

from cnnkit.arguments import one_of
from cnnkit.grading.collect import harmless, read_roll
from cnnkit.grading.intake import students_of
from cnnkit.grading.stamps import is_old

__all__ = ["FORMS", "Score", "export", "gradebook", "scores"]

FORMS = "table", "moodle", "canvas"


@dataclass(frozen=True)
class Score:
    """A student's score for an assignment.

    ``score`` is ``points`` less ``penalty``; ``open`` says that a person still has to mark a part.
    """

    student: str
    assignment: str
    points: float
    penalty: float
    score: float
    most: float
    open: bool


def gradebook(course):
    """Open the gradebook of a course; use it in a ``with`` statement.

    Raises
    ------
    ValueError
        If there is none yet.
    """
    from traitlets.config import PyFileConfigLoader

    config = PyFileConfigLoader("nbgrader_config.py", str(course)).load_config()
    path = Path(course, "gradebook.db").resolve()
    url = config.CourseDirectory.get("db_url") or f"sqlite:///{path}"
    if url == f"sqlite:///{path}" and not path.is_file():
        raise ValueError(f"There is no gradebook {path}: grade first.")
    return Gradebook(url, config.CourseDirectory.get("course_id") or "")


def scores(course, names=()):
    """Read the scores of everybody who handed something in.

    Parameters
    ----------
    course : path
        The course folder, with its gradebook.
    names : iterable of str
        The assignments; all that were graded, if none is named.

    Returns
    -------
    list of Score

    Raises
    ------
    ValueError
        If there is no gradebook, or no such assignment in it.
    """
    found = []
    with gradebook(course) as book:
        graded = {assignment.name: assignment for assignment in book.assignments}
        for name in names or graded:
            if name not in graded:
                known = ", ".join(graded) or "none"
                raise ValueError(f"{name!r} is not graded yet; these are: {known}.")
            for student in book.students:
                try:
                    handed_in = book.find_submission(name, student.id)
                except MissingEntry:
                    continue
                penalty = handed_in.late_submission_penalty or 0.0
                score = max(0.0, handed_in.score - penalty)
                about = handed_in.score, penalty, score, float(graded[name].max_score)
                found.append(Score(student.id, name, *about, bool(handed_in.needs_manual_grade)))
    return sorted(found, key=lambda score: (score.assignment, score.student.casefold()))


def export(course, form, names=()):
    """Write scores down for another program.

    Parameters
    ----------
    course : path
        The course folder.
    form : str
        ``"table"``: a line for each student. ``"moodle"``: a grading worksheet of one assignment.
        ``"canvas"``: a gradebook of Canvas.
    names : iterable of str
        The assignments; all that were graded, if none is named.

    Returns
    -------
    text : str
        The file's content, as CSV.
    notes : list of str
        Who or what is missing in it, and what to look at.

    Raises
    ------
    ValueError
        If Moodle's worksheet is asked for more or less than one assignment.
    """
    one_of(form, "to", FORMS)
    names = list(names)
    if form == "moodle" and len(names) != 1:
        raise ValueError("A worksheet of Moodle is about one assignment: name it.")
    found: list[Score] = []
    old: list[Score] = []
    gone: list[Score] = []
    there: dict[str, set[str]] = {}  # who has a folder; nobody at all: a term is over
    for score in scores(course, names):
        name = score.assignment
        if name not in there:
            there[name] = set(students_of(course, name))
        before = Path(course, "autograded", score.student, name).glob("*.ipynb")
        if there[name] and score.student not in there[name]:
            gone.append(score)
        else:
            (old if any(map(is_old, before)) else found).append(score)
    roll = read_roll(course)
    write = {"table": _table, "moodle": _moodle, "canvas": _canvas}[form]
    header, rows, notes = write(found, roll)
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerows([header, *[[harmless(value) for value in row] for row in rows]])
    notes += [
        f"{s.student}, {s.assignment}: a person still has to mark a part." for s in found if s.open
    ]
    notes += [
        f"{s.student}, {s.assignment}, is left out: what is handed in now could not be graded, and "
        f"{_number(s.points)} points are of what was there before. Mend it, and grade again."
        for s in old
    ]
    notes += [
        f"{s.student}, {s.assignment}, is left out: its folder in submitted/ is gone, and "
        f"{_number(s.points)} points are for what was in it. If that was theirs, put it back."
        for s in gone
    ]
    return text.getvalue(), notes


def _table(found, roll):
    """Write a line for each student and assignment, as nbgrader's own export does."""
    named = {student.folder: student.name for student in roll}
    header = "student", "name", "assignment", "points", "penalty", "score", "of"
    rows = [
        [s.student, named.get(s.student, ""), s.assignment, *map(_number, _of(s))] for s in found
    ]
    return header, rows, []


def _of(score):
    return score.points, score.penalty, score.score, score.most


def _moodle(found, roll):
    """Write what Moodle takes as a grading worksheet.

    It reads three columns, *Identifier*, *Grade* and *Last modified (grade)*, and leaves alone a
    grade that was changed in Moodle after the time in the last.
    """
    header = "Identifier", "Full name", "Grade", "Maximum Grade", "Last modified (grade)"
    known = {(s.folder, s.assignment): s for s in roll if s.system == "Moodle"}
    rows, notes = [], []
    for score in found:
        student = known.get((score.student, score.assignment))
        if student is None:
            notes.append(f"{score.student} is left out: `collect` did not find a number of Moodle.")
            continue
        number = f"Participant {student.id}"
        rows.append([number, student.name, _number(score.score), _number(score.most), "-"])
    return header, rows, notes


def _canvas(found, roll):
    """Write what Canvas takes as a gradebook: it knows students by number, else by name."""
    names = list(dict.fromkeys(score.assignment for score in found))
    most = {score.assignment: _number(score.most) for score in found}
    header = "Student", "ID", "SIS User ID", "SIS Login ID", "Section", *names
    rows = [["    Points Possible", "", "", "", "", *(most[name] for name in names)]]
    known = {s.folder: s for s in roll if s.system == "Canvas" and s.id.isdigit()}
    notes = []
    for folder in dict.fromkeys(score.student for score in found):
        own = {s.assignment: _number(s.score) for s in found if s.student == folder}
        student = known.get(folder)
        if student is None:
            notes.append(f"{folder} has no number of Canvas: it will look for that name.")
        about = (student.name, student.id) if student else (folder, "")
        rows.append([*about, "", "", "", *(own.get(name, "") for name in names)])
    return header, rows, notes


def _number(value):
    return f"{value:.2f}".rstrip("0").rstrip(".")
