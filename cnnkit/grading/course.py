"""Run nbgrader on a course folder, as the teacher would."""

import shutil
import tempfile
from concurrent.futures.process import BrokenProcessPool
from functools import partial
from pathlib import Path

from cnnkit.grading import steps
from cnnkit.grading.source import assignments, write_sources
from cnnkit.grading.steps import Graded
from cnnkit.grading.workers import Workers

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
        with Workers(1) as workers:
            workers.run(steps.release, folder)
        written = []
        for name in names:
            (target / name).mkdir(parents=True, exist_ok=True)
            for made in sorted(Path(folder, "exercises", name).glob("*.ipynb")):
                written.append(target / name / made.name)
                shutil.copyfile(made, written[-1])
    return written


def autograde(course, name, jobs=None, with_feedback=False):
    """Grade every submission to an assignment; a terminal shows how far it is.

    A notebook whose kernel ends, or does not start, is tried twice (on a busy machine another
    program may take a kernel's ports), and keeps nobody else from a score.

    Parameters
    ----------
    course : path
        The folder with ``nbgrader_config.py`` and ``submitted/STUDENT/NAME/``.
    name : str
        The assignment, for example ``"01-pixels"``.
    jobs : int, optional
        How many notebooks run at once; else one a core.
    with_feedback : bool
        Also write ``feedback/STUDENT/NAME/*.html`` for each student who has a score.

    Returns
    -------
    dict of str to Graded
        What came of each student's notebook.

    Raises
    ------
    ValueError
        If there is no such assignment, or no submission to it, or `jobs` is below 1.
    RuntimeError
        If nbgrader itself gave up.
    """
    from joblib import cpu_count
    from tqdm import tqdm

    course = Path(course).resolve()
    known = assignments(course)
    if name not in known:
        raise ValueError(f"There is no assignment {name!r}: choose one of {', '.join(known)}.")
    if not any(Path(course, "submitted").glob(f"*/{name}/*.ipynb")):
        raise ValueError(
            f"There is nothing to grade: put each notebook at "
            f"submitted/STUDENT/{name}/{known[name].stem}.ipynb."
        )
    if jobs is not None and jobs < 1:
        raise ValueError(f"jobs={jobs}: grade at least one notebook at a time.")
    write_sources(course)
    students = sorted(path.parent.name for path in Path(course, "submitted").glob(f"*/{name}"))
    jobs = min(jobs or cpu_count(), len(students))
    with (
        Workers(jobs, max(1, cpu_count() // jobs)) as workers,
        tqdm(total=len(students), unit=" notebooks", disable=None) as bar,
    ):
        workers.run(steps.generate, course, name)
        grade = partial(steps.grade, course, name, with_feedback)
        results = workers.each(grade, students, told=lambda student: bar.update())
    return {student: _graded(results[student]) for student in students}


def _graded(result):
    """Say why there is no score, where the last try ended in an exception."""
    if isinstance(result, BrokenProcessPool):
        return Graded(None, ("something ended the process that graded it",))
    return Graded(None, (str(result),)) if isinstance(result, Exception) else result


def write_feedback(course, name):
    """Write ``feedback/STUDENT/NAME/*.html`` for every graded submission to an assignment."""
    course = Path(course).resolve()
    students = sorted(path.parent.name for path in Path(course, "autograded").glob(f"*/{name}"))
    with Workers(1) as workers:
        for student in students:
            workers.run(steps.feedback, course, name, student)
