"""Grade a class: which notebooks, judged where, and what is written down of each.

This process prepares what all notebooks need, the libraries, nbgrader, the sandboxes, and forks
itself for each notebook. What comes of a notebook is written in an order that survives any end:
the marks, then the page of feedback, then, at once and as the last, the autograded notebook, which
says of which submission it is. What is not written to the end is graded again the next time.

Nothing in a submission is trusted: its bytes are read and mended, no link is followed, and no line
of it runs outside of a sandbox.
"""

import contextlib
import hashlib
import importlib
import json
import os
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

import nbformat

from cnnkit.checks.marks import NotJudged
from cnnkit.grading import elsewhere, steps, workers
from cnnkit.grading.intake import fingerprint, readable, slips, strays, students_of, take
from cnnkit.grading.judge import judge, modules_of
from cnnkit.grading.preprocessors import KeepRecords, doubt
from cnnkit.grading.sandbox import Limits, Nursery, Refused
from cnnkit.grading.source import assignments, notebook_from, write_sources
from cnnkit.grading.stamps import OLD, STAMP, read_stamp
from cnnkit.study.cells import grade_id, is_test
from cnnkit.study.records import read_record

__all__ = ["Graded", "autograde"]

STAMPED = "doubts", "notes", "missing", "functions"  # what a stamp says of the result


@dataclass(frozen=True)
class Graded:
    """What came of a student's notebook.

    ``score`` is None where it could not be graded; ``doubts`` say what a person should look at,
    ``notes`` what was mended; ``missing`` names what was not handed in at all. ``functions`` are
    the points of each, ``fresh`` tells whether it was graded in this run.
    """

    score: float | None
    doubts: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    functions: dict[str, float] = field(default_factory=dict)
    fresh: bool = True


def autograde(
    course,
    name,
    jobs=None,
    with_feedback=False,
    *,
    force=False,
    walled=True,
    limits=None,
    scheduler=None,
):
    """Grade every submission to an assignment that has changed; a terminal shows how far it is.

    Parameters
    ----------
    course : path
        The folder with ``nbgrader_config.py`` and ``submitted/STUDENT/NAME/``.
    name : str
        The assignment, for example ``"01-pixels"``.
    jobs : int, optional
        How many notebooks run at once; else one a core, or one a worker of the scheduler's.
    with_feedback : bool
        Also write ``feedback/STUDENT/NAME/*.html`` for each student who has a score.
    force : bool
        Grade also what is graded already.
    walled : bool
        Without walls, the code of students can do all that this program can.
    limits : Limits, optional
        What the code of one student may use.
    scheduler : str, optional
        The address of a scheduler of Dask's: answers then run on the machines of its workers.

    Returns
    -------
    dict of str to Graded
        What came of each student's notebook.

    Raises
    ------
    ValueError
        If there is no such assignment, or no submission to it, or `jobs` is below 1.
    RuntimeError
        If nbgrader itself gave up, this machine refuses a sandbox, or no scheduler answers.
    """
    from tqdm import tqdm

    course = Path(course).resolve()
    known = assignments(course)
    if name not in known:
        raise ValueError(f"There is no assignment {name!r}: choose one of {', '.join(known)}.")
    students = students_of(course, name)
    astray = strays(course, name, known)
    students = [student for student in students if readable(student) == student]
    if not students and astray:
        return _with_strays({}, astray)
    if not students:
        raise ValueError(
            f"There is nothing to grade: put each notebook at "
            f"submitted/STUDENT/{name}/{known[name].stem}.ipynb."
        )
    if jobs is not None and jobs < 1:
        raise ValueError(f"jobs={jobs}: grade at least one notebook at a time.")
    write_sources(course)
    source, limits = notebook_from(known[name]), limits or Limits()
    with contextlib.ExitStack() as stack:
        book = steps.Book(steps.start(course), name, known[name].stem)
        said = _digest(course, book, source, limits, walled)
        done = {} if force else _graded_before(book, students, said, with_feedback)
        todo = [student for student in students if student not in done]
        if not todo:
            return done | astray
        settings = modules_of(source), limits, walled
        place: Here | elsewhere.Cluster
        try:
            if scheduler:
                place = elsewhere.Cluster(scheduler, *settings, jobs, len(todo))
            else:
                place = stack.enter_context(Here(*settings, jobs, len(todo)))
            book.refuse_other_cells(source)
            if not book.knows(source):
                workers.run(steps.generate, book.nbgrader, name)
            place.prepare()
            desk = _Desk(book, source, book.checksums(), said, place)
            desk.exporter = book.exporter(source) if with_feedback else None
            place.wait()
            with tqdm(total=len(todo), unit=" notebooks", disable=None) as bar:
                told, ready = lambda student: bar.update(), place.ready
                results = workers.each(desk.grade, todo, place.jobs, told, ready=ready)
        except Refused as refused:
            raise RuntimeError(NO_SANDBOX.format(why=refused)) from None
        except workers.Over as over:
            raise RuntimeError(str(over)) from None
    results = {student: _words(result) for student, result in results.items()}
    return _with_strays({s: {**done, **results}[s] for s in students}, astray)


NO_SANDBOX = (
    "This machine refuses the sandbox in which students' code runs ({why}), so nothing was graded. "
    "teaching.md says what it needs. In a machine that holds nothing of yours, "
    "--unsandboxed grades without it: then what students send can do all that you can."
)


def _with_strays(results, astray):
    """Add what lies where it is not graded: to its student's result, if there is one."""
    for student, doubts in astray.items():
        own = results.get(student, Graded(None))
        results[student] = replace(own, doubts=(*own.doubts, *doubts))
    return results


def _words(result):
    """Say why there is no score, where the last try ended in an exception."""
    if isinstance(result, Exception):
        return Graded(None, (str(result) or type(result).__name__,))
    return result


class Here(contextlib.ExitStack):
    """Sandboxes on this machine, one for each notebook that is graded at once."""

    def __init__(self, modules, limits, walled, jobs, notebooks):
        super().__init__()
        from joblib import cpu_count

        self.jobs, self.modules = min(jobs or cpu_count(), notebooks), modules
        self.threads = max(1, cpu_count() // self.jobs)
        self.settings = modules, limits, self.threads, walled
        self.nurseries = [self.enter_context(Nursery(*self.settings)) for _ in range(self.jobs)]

    def prepare(self):
        """Import what test cells import, once for all that are forked from here."""
        os.environ.setdefault("OMP_NUM_THREADS", str(self.threads))
        os.environ.setdefault("KERAS_BACKEND", "torch")
        for module in self.modules:
            importlib.import_module(module)

    def wait(self):
        """Wait until all stand."""
        for nursery in self.nurseries:
            nursery.wait()

    def ready(self, slot):
        """Start the sandbox of a slot anew, if something has ended it."""
        if self.nurseries[slot].has_ended():
            self.nurseries[slot] = self.enter_context(Nursery(*self.settings)).wait()

    def judge(self, slot, source, notebook):
        """Judge a notebook, alone in this slot."""
        judge(source, notebook, self.nurseries[slot])


# ---- what was graded before ----------------------------------------------------------------------


def _digest(course, book, *settings):
    """Give a function that says of a student's submission what decides its marks, in short."""
    ours = hashlib.sha256(repr((elsewhere.edition(), settings)).encode())
    for path in (course / "nbgrader_config.py", *sorted(course.glob("*.py"))):
        ours.update(path.read_bytes())
    due, more = book.due()

    def digest(student):
        whole = ours.copy()
        whole.update(repr((due, more.get(student))).encode())
        whole.update(fingerprint(book.folder("submitted", student)).encode())
        return whole.hexdigest()

    return digest


def _graded_before(book, students, said, with_feedback):
    """Give the results of those whose submission is the one that was graded last."""
    from nbgrader.api import MissingEntry

    try:
        scores = book.scores()
    except MissingEntry:
        return {}
    done = {}
    for student in students:
        with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
            path = book.folder("autograded", student) / f"{book.notebook}.ipynb"
            stamp = read_stamp(path)
            page = book.folder("feedback", student) / f"{book.notebook}.html"
            missing = with_feedback and not (page.exists() or stamp["doubts"])
            if stamp["digest"] == said(student) and not missing:
                told = {key: tuple(stamp[key]) for key in ("doubts", "notes", "missing")}
                points = dict(stamp["functions"])
                done[student] = Graded(scores[student], **told, functions=points, fresh=False)
    return done


# ---- one notebook --------------------------------------------------------------------------------


@dataclass
class _Desk:
    """What the grading of one notebook needs, prepared before the fork."""

    book: steps.Book
    source: nbformat.NotebookNode
    checksums: dict
    digest: Callable
    place: "Here | elsewhere.Cluster"  # where answers run
    exporter: object = None

    def grade(self, slot, student):
        """Judge one student's notebook, and write down what comes of it."""
        folder = self.book.folder("submitted", student)
        digest = self.digest(student)
        self.withdraw(student)
        taken = take(self.source, folder, f"{self.book.notebook}.ipynb")
        if taken.notebook is None:
            return Graded(None, taken.notes)
        notebook = taken.notebook
        for cell in notebook.cells:
            if grade_id(cell):
                cell.metadata.nbgrader["checksum"] = self.checksums[grade_id(cell)]
        try:
            self.place.judge(slot, self.source, notebook)
        except NotJudged as error:
            raise RuntimeError(str(error)) from None
        for number, cell in enumerate(notebook.cells):
            KeepRecords().preprocess_cell(cell, {}, number)
        doubts = tuple(filter(None, map(doubt, notebook.cells)))
        beside = slips(folder)
        score = self.book.save(student, notebook, taken.when)
        result = Graded(score, doubts, taken.notes, taken.missing, _functions(notebook))
        if self.exporter:
            try:
                shown = nbformat.from_dict(notebook)
                page = self.book.page(self.exporter, student, shown)
                self.write("feedback", student, {**beside, f"{self.book.notebook}.html": page})
            except Exception as error:
                words = f"there is no feedback: {type(error).__name__}: {error}"
                result = replace(result, doubts=(*doubts, words))
        told = {key: value for key, value in asdict(result).items() if key in STAMPED}
        notebook.metadata[STAMP] = {"digest": digest, **told}
        text = nbformat.writes(notebook) + "\n"
        self.write("autograded", student, {**beside, f"{self.book.notebook}.ipynb": text})
        return result

    def withdraw(self, student):
        """Note that what was graded before is no longer what is there, whatever comes now."""
        path = self.book.folder("autograded", student) / f"{self.book.notebook}.ipynb"
        with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
            before = json.loads(path.read_bytes())
            before["metadata"][STAMP] = OLD
            self.write("autograded", student, {path.name: json.dumps(before, indent=1)})
        if self.exporter:
            page = self.book.folder("feedback", student) / f"{self.book.notebook}.html"
            page.unlink(missing_ok=True)

    def write(self, kind, student, texts):
        """Write files of a student, each whole or not at all; a killed run's rest is used up."""
        folder = self.book.folder(kind, student)
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in texts.items():
            part = folder / f".{name}.part"
            part.write_text(text, encoding="utf-8")
            part.replace(folder / name)


def _functions(notebook):
    """Give the points of each function that has a record."""
    found = {}
    for cell in filter(is_test, notebook.cells):
        with contextlib.suppress(ValueError):
            record = read_record(cell)
            found[record.function] = record.score
    return found
