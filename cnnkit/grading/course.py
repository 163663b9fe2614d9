"""Run nbgrader on a course folder, as the teacher would."""

import shutil
import tempfile
from pathlib import Path

from cnnkit.grading import steps, workers
from cnnkit.grading.pipeline import autograde
from cnnkit.grading.source import write_sources

__all__ = ["autograde", "build_exercises", "write_feedback"]


def build_exercises(course, target=None):
    """Generate ``exercises/`` from ``solutions/``: solutions and hidden tests cut out.

    Parameters
    ----------
    course : path
        The folder with ``nbgrader_config.py`` and ``solutions/``.
    target : path, optional
        Where to write instead of the course's ``exercises/``.

    Returns
    -------
    list of Path
        The notebooks written.
    """
    target = Path(target or Path(course, "exercises"))
    with tempfile.TemporaryDirectory() as folder:
        shutil.copy(Path(course, "nbgrader_config.py"), folder)
        names = write_sources(course, folder)
        workers.run(steps.release, folder)
        written = []
        for name in names:
            (target / name).mkdir(parents=True, exist_ok=True)
            for made in sorted(Path(folder, "exercises", name).glob("*.ipynb")):
                written.append(target / name / made.name)
                shutil.copyfile(made, written[-1])
    return written


def write_feedback(course, name):
    """Write ``feedback/STUDENT/NAME/*.html`` once more, for every graded submission.

    Returns
    -------
    dict of str to str
        For whom no page could be written, and why: the others have theirs.
    """
    course = Path(course).resolve()
    nbgrader = steps.start(course)
    students = sorted(path.parent.name for path in Path(course, "autograded").glob(f"*/{name}"))
    failed = {}
    for student in students:
        try:
            workers.run(steps.feedback, nbgrader, name, student)
        except (RuntimeError, workers.Died) as error:
            failed[student] = str(error)
    return failed
