"""Run nbgrader on a course folder, as the teacher would."""

import os
import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from cnnkit.grading.source import assignments, write_sources

__all__ = ["autograde", "build_exercises", "nbgrader", "write_feedback"]


def nbgrader(course, *arguments, threads=None, told=None):
    """Run one nbgrader command in a course folder.

    Parameters
    ----------
    course : path
        The folder with ``nbgrader_config.py``.
    *arguments : str
        As on the command line: ``nbgrader(".", "autograde", "01-pixels")``.
    threads : int, optional
        How many threads the notebooks' libraries may start, where the environment does not say.
    told : callable, optional
        Called with each line of the log as it is written.

    Returns
    -------
    str
        What nbgrader wrote to its log.

    Raises
    ------
    RuntimeError
        If nbgrader gave up; the message holds the end of its log.
    """
    # nbgrader calls `alembic` by name, which stands beside this Python.
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
    limit = {} if threads is None else {"OMP_NUM_THREADS": str(threads)}
    log = []
    with subprocess.Popen(
        [sys.executable, "-m", "nbgrader", *arguments],
        cwd=course,
        env={**limit, **os.environ, "PATH": path},
        text=True,
        errors="replace",
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    ) as process:
        for line in process.stdout or ():
            log.append(line)
            if told:
                told(line)
    if process.returncode:
        end = "".join(log[-15:]).strip()
        raise RuntimeError(f"`nbgrader {' '.join(arguments)}` in {course} gave up:\n{end}")
    return "".join(log)


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
        nbgrader(folder, "generate_assignment", "--no-db", "--assignment=*")
        written = []
        for name in names:
            (target / name).mkdir(parents=True, exist_ok=True)
            for made in sorted(Path(folder, "exercises", name).glob("*.ipynb")):
                written.append(target / name / made.name)
                shutil.copyfile(made, written[-1])
    return written


def autograde(course, name, jobs=None):
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

    Returns
    -------
    dict of str to float or None
        The score of each student; None where the notebook could not be run to its end.

    Raises
    ------
    ValueError
        If there is no such assignment, or no submission to it, or `jobs` is below 1.
    RuntimeError
        If nbgrader itself gave up.
    """
    from nbgrader.api import Gradebook
    from tqdm import tqdm

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
    nbgrader(course, "generate_assignment", name, "--force")
    students = sorted(path.parent.name for path in Path(course, "submitted").glob(f"*/{name}"))
    with tqdm(total=len(students), unit=" notebooks", disable=None) as bar:
        if not _grade_all(course, name, students, jobs, bar, "--force"):
            _grade_all(course, name, students, jobs, bar)  # those that are not graded yet
    with Gradebook(f"sqlite:///{Path(course, 'gradebook.db').resolve()}") as gradebook:
        scores = {s.student.id: s.score for s in gradebook.assignment_submissions(name)}
    graded = {path.parent.name for path in Path(course, "autograded").glob(f"*/{name}")}
    return {student: scores[student] if student in graded else None for student in students}


def _grade_all(course, name, students, jobs, bar, *options):
    """Run nbgrader on all submissions; tell whether all went well, or some notebooks did not."""
    from joblib import cpu_count

    cores = cpu_count()
    jobs = min(jobs or cores, len(students))

    def told(line):
        if "Setting destination file permissions" in line:  # the last one about a notebook
            bar.update()

    def grade(job):
        others = ",".join(student for i, student in enumerate(students) if i % jobs != job)
        exclude = f"--CourseDirectory.student_id_exclude={others}"
        threads = max(1, cores // jobs)
        try:
            nbgrader(course, "autograde", name, *options, exclude, threads=threads, told=told)
        except RuntimeError as error:
            if "There was an error processing assignment" not in str(error):
                raise
            return False
        return True

    with ThreadPoolExecutor(jobs) as pool:
        return all(list(pool.map(grade, range(jobs))))


def write_feedback(course, name):
    """Write ``feedback/STUDENT/NAME/*.html`` for every graded submission to an assignment."""
    nbgrader(course, "generate_feedback", name, "--force")
