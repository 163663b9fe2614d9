"""The steps of grading that nbgrader does, through its Python interface.

Each runs in a process of ``workers``: nbgrader changes the working folder, and the environment.
"""

import contextlib
import functools
import glob
import io
import logging
import os
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import nbformat

__all__ = ["Graded", "feedback", "generate", "grade", "release"]

PATIENCE = 60  # seconds that a process waits while others write into the gradebook


@dataclass(frozen=True)
class Graded:
    """What came of a student's notebook.

    ``score`` is None where it could not be graded; ``doubts`` say what a person should look at.
    """

    score: float | None
    doubts: tuple[str, ...] = ()


@functools.cache
def _nbgrader(course):
    """Start nbgrader in a course folder as its own commands do, once a process."""
    from nbgrader.apps import NbGraderAPI, NbGraderApp

    # It calls `alembic` by name, which stands beside this Python.
    os.environ["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    os.chdir(course)
    log = io.StringIO()
    with contextlib.redirect_stderr(log):
        app = NbGraderApp(raise_config_file_errors=True)
        try:
            app.initialize([])
        except (Exception, SystemExit) as error:
            words = f"{log.getvalue()}{error}".strip()
            raise RuntimeError(f"nbgrader did not start in {course}: {words}") from None
    if app.coursedir.db_url.startswith("sqlite:") and "?" not in app.coursedir.db_url:
        app.coursedir.db_url += f"?timeout={PATIENCE}"
    return NbGraderAPI(app.coursedir, parent=app)


class _FirstError(logging.Handler):
    """Keep the exception about which nbgrader first complained: it gives back a log alone."""

    def __init__(self):
        super().__init__(logging.ERROR)
        self.error = None

    def emit(self, record):
        self.error = self.error or sys.exc_info()[1]


def _do(course, step, *arguments):
    """Let nbgrader do a step."""
    nbgrader, first = _nbgrader(course), _FirstError()
    nbgrader.log.addHandler(first)
    try:
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

    off = {"SaveCells": {"enabled": False}, "GenerateAssignment": {"no_database": True}}
    _nbgrader(course).update_config(Config(off))  # its own flag --no-db
    _do(course, "generate_assignment", "*")


def generate(course, name):
    """Tell the gradebook what an assignment asks; the students' version of it is not kept."""
    with tempfile.TemporaryDirectory() as folder:
        _nbgrader(course).coursedir.release_directory = folder
        _do(course, "generate_assignment", name)


def grade(course, name, with_feedback, student):
    """Run one student's notebook, and put its marks into the gradebook."""
    from cnnkit.grading.preprocessors import doubt

    _do(course, "autograde", name, glob.escape(student))
    nbgrader = _nbgrader(course)
    with nbgrader.gradebook as gradebook:
        score = gradebook.find_submission(name, student).score
    folder = nbgrader.coursedir.autograded_directory
    folder = Path(nbgrader.coursedir.format_path(folder, student, name))
    notebooks = [nbformat.read(path, as_version=4) for path in sorted(folder.glob("*.ipynb"))]
    doubts = [doubt(cell) for notebook in notebooks for cell in notebook.cells]
    if with_feedback:
        try:
            feedback(course, name, student)
        except RuntimeError as error:
            doubts.append(str(error))
    return Graded(score, tuple(filter(None, doubts)))


def feedback(course, name, student):
    """Write a student's page of feedback."""
    _do(course, "generate_feedback", name, glob.escape(student))
