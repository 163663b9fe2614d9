"""What nbgrader does for us, through its Python interface: the gradebook, and pages of feedback.

What changes the working folder, as nbgrader's converters do, runs in a process of ``workers``.
"""

import atexit
import contextlib
import glob
import io
import logging
import os
import shutil
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat

from cnnkit.study.cells import grade_id

__all__ = ["Book", "feedback", "generate", "release", "start"]

PATIENCE = 60  # seconds that a process waits while others write into the gradebook


def start(course):
    """Start nbgrader in a course folder as its own commands do.

    Returns
    -------
    NbGraderAPI

    Raises
    ------
    RuntimeError
        If it does not start; with what it said.
    """
    from nbgrader.apps import NbGraderAPI

    # It calls `alembic` by name, which stands beside this Python.
    os.environ["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    log = io.StringIO()
    with contextlib.chdir(course), contextlib.redirect_stderr(log):
        app = _app()(raise_config_file_errors=True)
        try:
            app.initialize([])
        except (Exception, SystemExit) as error:
            words = f"{log.getvalue()}{error}".strip()
            raise RuntimeError(f"nbgrader did not start in {course}: {words}") from None
    app.coursedir.root = _plain(course)
    if app.coursedir.db_url.startswith("sqlite:") and "?" not in app.coursedir.db_url:
        app.coursedir.db_url += f"?timeout={PATIENCE}"
    return NbGraderAPI(app.coursedir, parent=app)


def _app():
    """Make nbgrader's command without a say in how others here log.

    Else it closes whatever anybody logs to, and for absl's log that is the standard error itself.
    """
    from nbgrader.apps import NbGraderApp

    class Quiet(NbGraderApp):
        def get_default_logging_config(self):
            return {"version": 1, "incremental": True}

    return Quiet


def _plain(course):
    """Name a folder without brackets, by a link if need be: nbgrader takes them for patterns."""
    course = str(Path(course).resolve())
    if glob.escape(course) == course:
        return course
    folder = tempfile.mkdtemp(prefix="cnnkit-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    link = Path(folder, "course")
    link.symlink_to(course, target_is_directory=True)
    return str(link)


class _FirstError(logging.Handler):
    """Keep the exception about which nbgrader first complained: it gives back a log alone."""

    def __init__(self):
        super().__init__(logging.ERROR)
        self.error = None

    def emit(self, record):
        self.error = self.error or sys.exc_info()[1]


def _do(nbgrader, step, *arguments):
    """Let nbgrader do a step, in the folder of its course."""
    first = _FirstError()
    nbgrader.log.addHandler(first)
    try:
        with contextlib.chdir(nbgrader.coursedir.root):
            result = getattr(nbgrader, step)(*arguments)
    finally:
        nbgrader.log.removeHandler(first)
    if not result["success"]:
        words = result["error"].strip().splitlines()[-1]
        if first.error is not None:
            words = f"{type(first.error).__name__}: {first.error}".strip()
        raise RuntimeError(f"nbgrader {step} gave up: {words}")


def release(course):
    """Write the students' version of every assignment, without a gradebook."""
    from traitlets.config import Config

    nbgrader = start(course)
    off = {"SaveCells": {"enabled": False}, "GenerateAssignment": {"no_database": True}}
    nbgrader.update_config(Config(off))  # its own flag --no-db
    _do(nbgrader, "generate_assignment", "*")


def generate(nbgrader, name):
    """Tell the gradebook what an assignment asks; the students' version of it is not kept.

    Raises
    ------
    RuntimeError
        If nbgrader gave up: it keeps the cells of an assignment that somebody was graded in.
    """
    with tempfile.TemporaryDirectory() as folder:
        nbgrader.coursedir.release_directory = folder
        _do(nbgrader, "generate_assignment", name)


def feedback(nbgrader, name, student):
    """Write a student's page of feedback once more."""
    _do(nbgrader, "generate_feedback", name, glob.escape(student))


def _pages():
    """Make nbconvert's exporter without its last step, which takes as long as all others.

    It reads the page once more, for pictures without a description and the focus of lab's cells.
    """
    from nbconvert.exporters import HTMLExporter, TemplateExporter
    from nbconvert.filters import Highlight2HTML

    class Pages(HTMLExporter):
        def from_notebook_node(self, nb, resources=None, **kw):
            self.register_filter("highlight_code", Highlight2HTML("python", parent=self))
            resources = self._init_resources(resources)
            return TemplateExporter.from_notebook_node(self, nb, resources, **kw)

    return Pages


@dataclass
class Book:
    """One assignment in nbgrader's gradebook, and the folders that nbgrader keeps of it."""

    nbgrader: Any
    name: str
    notebook: str  # its name, without the suffix

    def open(self):
        """Open the gradebook: use it in a ``with`` statement."""
        from nbgrader.api import Gradebook

        return Gradebook(self.nbgrader.coursedir.db_url, self.nbgrader.coursedir.course_id)

    def folder(self, kind, student):
        """Give a student's folder: kind is ``submitted``, ``autograded`` or ``feedback``."""
        place = getattr(self.nbgrader.coursedir, f"{kind}_directory")
        return Path(self.nbgrader.coursedir.format_path(place, student, self.name))

    def knows(self, source):
        """Tell whether the gradebook asks what the teacher's notebook asks."""
        from nbgrader.api import MissingEntry

        try:
            with self.open() as book:
                found = book.find_notebook(self.notebook, self.name)
                points = {cell.name: cell.max_score for cell in found.grade_cells}
                tests = {cell.name: cell.source for cell in found.source_cells if cell.locked}
        except MissingEntry:
            return False
        asked = [c for c in source.cells if c.metadata.get("nbgrader", {}).get("grade")]
        data = {c.metadata.nbgrader.grade_id: c for c in asked}
        return points == {name: c.metadata.nbgrader.points for name, c in data.items()} and (
            tests == {name: c.source for name, c in data.items() if c.metadata.nbgrader.locked}
        )

    def refuse_other_cells(self, source):
        """Refuse an exercise whose cells are not those in which somebody has marks.

        Raises
        ------
        RuntimeError
            With the cells, and what to do.
        """
        from nbgrader.api import MissingEntry

        try:
            with self.open() as book:
                found = book.find_notebook(self.notebook, self.name)
                before = {cell.name for cell in found.source_cells if found.submissions}
        except MissingEntry:
            return
        now = {grade_id(cell) for cell in source.cells if grade_id(cell)}
        if not before or before == now:
            return
        gone, new = (", ".join(sorted(names)) or "none" for names in (before - now, now - before))
        raise RuntimeError(
            f"{self.name} was graded with other cells: gone are {gone}; new are {new}. Marks need "
            f"their cells, so nbgrader takes no other ones now. Put back those that are gone, take "
            f"out the new ones, and grade. Or begin anew: keep what `python -m cnnkit "
            f"export {self.name}` writes, say `nbgrader db assignment remove {self.name} --force`, "
            f"and grade: that forgets its due date, and its marks and comments, those given by "
            f"hand, too."
        )

    def checksums(self):
        """Give the checksum of each cell as students got it: nbgrader knows by it what is new."""
        with self.open() as book:
            cells = book.find_notebook(self.notebook, self.name).source_cells
            return {cell.name: cell.checksum for cell in cells}

    def scores(self):
        """Give the score of every student who has one."""
        with self.open() as book:
            return {s.student.id: s.score for s in book.assignment_submissions(self.name)}

    def due(self):
        """Say until when there was time, and for whom there was more."""
        from nbgrader.api import MissingEntry

        try:
            with self.open() as book:
                found = book.find_assignment(self.name)
                more = {s.student_id: s.extension for s in found.submissions if s.extension}
                return found.duedate, more
        except MissingEntry:
            return None, {}

    def save(self, student, notebook, timestamp):
        """Write the marks of a judged notebook down, all or none, and give the score.

        As nbgrader's `SaveAutoGrades` does, in one go: what a person has marked stays, and waits
        for her to look at it again.
        """
        from nbgrader.preprocessors import AssignLatePenalties
        from nbgrader.utils import compute_checksum, determine_grade, is_grade, is_solution

        with self.open() as book:
            book.update_or_create_student(student)
            submission = book.update_or_create_submission(self.name, student, timestamp=timestamp)
            (submitted,) = submission.notebooks
            submitted.late_submission_penalty = None
            grades = {grade.name: grade for grade in submitted.grades}
            comments = {comment.name: comment for comment in submitted.comments}
            for cell in notebook.cells:
                name = cell.metadata.get("nbgrader", {}).get("grade_id")
                if is_grade(cell):
                    grade = grades[name]
                    grade.auto_score, _ = determine_grade(cell)
                    by_hand = grade.manual_score is not None or grade.auto_score is None
                    grade.needs_manual_grade = by_hand
                if is_solution(cell):
                    same = cell.metadata.nbgrader["checksum"] == compute_checksum(cell)
                    comments[name].auto_comment = "No response." if same else None
            book.db.commit()
            if timestamp:
                late = AssignLatePenalties(parent=self.nbgrader)
                late.preprocess(notebook, self._resources(student))
            return book.find_submission(self.name, student).score

    def exporter(self, source):
        """Make what writes pages of feedback as nbgrader's own command does.

        A first page, of the teacher's notebook, is written to nowhere: then all is read and
        compiled that the others need.
        """
        from nbgrader.converters import GenerateFeedback

        made = GenerateFeedback(coursedir=self.nbgrader.coursedir, parent=self.nbgrader)
        exporter = _pages()(config=made.config)
        blank, resources = nbformat.from_dict(source), self._resources("")
        resources["nbgrader"] |= {"score": 0, "max_score": 0, "late_penalty": 0}
        for cell in blank.cells:
            if "nbgrader" in cell.metadata:
                cell.metadata.nbgrader |= {"score": 0, "points": 0, "comment": ""}
        exporter.from_notebook_node(blank, resources)
        for step in made.preprocessors:
            exporter.register_preprocessor(step, enabled=True)
        return exporter

    def page(self, exporter, student, notebook):
        """Write a page of feedback, and give it back as text."""
        return exporter.from_notebook_node(notebook, self._resources(student))[0]

    def _resources(self, student):
        told = {"student": student, "assignment": self.name, "notebook": self.notebook}
        told["db_url"] = self.nbgrader.coursedir.db_url
        return {"unique_key": self.notebook, "nbgrader": told, "metadata": {"name": self.notebook}}
