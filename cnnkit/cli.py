"""The command line: ``python -m cnnkit COMMAND``."""

import argparse
import contextlib
import importlib
import importlib.util
import os
import signal
import subprocess
import sys
import textwrap
import threading
from pathlib import Path

from cnnkit.arguments import whole
from cnnkit.disk import NO_ROOM

__all__ = ["main"]


def main(arguments=None):
    """Run one command.

    Parameters
    ----------
    arguments : list of str, optional
        Instead of those of the command line.

    Returns
    -------
    int
        The exit status: 0 when all went well, 1 when something must be mended,
        130 after Ctrl-C.
    """
    for stream in (sys.stdout, sys.stderr):  # a terminal that lacks a letter shows another
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")
    with _ctrl_c() as ctrl_c:
        try:
            options = _options(arguments)
            run = options.pop("run")
            status = run(**options)
            sys.stdout.flush()  # a full disk, or a pipe that nobody reads, is told here
            ctrl_c.over = True
            return status
        except KeyboardInterrupt as stop:
            ctrl_c.over = True
            own = type(stop) is not KeyboardInterrupt  # else its words are Python's, if it has any
            print(f"\ncnnkit: {stop if own else _STOPPED}", file=sys.stderr)
            return 130
        except BrokenPipeError:  # `| head` has seen enough
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            return 1
        except (*_TOLD, *_of_a_gradebook()) as error:
            if ctrl_c.pressed:  # libraries tell of it in their own ways, above all while imported
                print(f"\ncnnkit: {_STOPPED}", file=sys.stderr)
                return 130
            print(f"cnnkit: {_plain(_words(error))}", file=sys.stderr)
            return 1


def _plain(words):
    """Make words harmless to a terminal, line by line: a file's name may be in them."""
    from cnnkit.study.reading import plain

    return "\n".join(map(plain, str(words).split("\n")))


_STOPPED = "Stopped: repeat the command as it was."
_TOLD = ImportError, MemoryError, OSError, RuntimeError, ValueError  # in a sentence of their own


def _of_a_gradebook():
    """The errors of a gradebook, once something has opened one."""
    return (sys.modules["sqlalchemy.exc"].DBAPIError,) if "sqlalchemy.exc" in sys.modules else ()


class _CtrlC:
    """Turns Ctrl-C into one KeyboardInterrupt, whose way out no second one disturbs."""

    def __init__(self):
        self.pressed = self.over = False

    def __call__(self, number, frame):
        if self.over or isinstance(sys.exc_info()[1], KeyboardInterrupt):
            return  # all is done, or about to be told
        self.pressed = True
        raise KeyboardInterrupt


@contextlib.contextmanager
def _ctrl_c():
    """Listen for Ctrl-C, where Python itself would."""
    handler = _CtrlC()
    main_thread = threading.current_thread() is threading.main_thread()
    if not main_thread or signal.getsignal(signal.SIGINT) is not signal.default_int_handler:
        yield handler
        return
    signal.signal(signal.SIGINT, handler)
    try:
        yield handler
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def _words(error):
    """Say what went wrong; a number of the system says nothing that its words do not."""
    if isinstance(error, MemoryError):
        return f"There is not enough memory ({error})."
    if isinstance(error, OSError) and error.errno in NO_ROOM and error.filename is None:
        return (
            f"The output could not be written ({error.strerror}). Free some space, and try again."
        )
    if isinstance(error, _of_a_gradebook()):
        if "locked" in str(error.orig):
            return "The gradebook is locked: another program is writing into it. Close that first."
        return (
            f"The gradebook cannot be used ({error.orig}). Put a copy of it in its place, or move "
            "it away and grade again: what the tests gave comes back, marks given by hand do not."
        )
    told = isinstance(error, OSError) and error.strerror and str(error.filename) in error.strerror
    return error.strerror if told else error


def _options(arguments):
    parser = argparse.ArgumentParser(prog="python -m cnnkit", description="Tools of the course.")
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")
    for add in (
        _add_check,
        _add_lab,
        _add_assignments,
        _add_collect,
        _add_grade,
        _add_regrade,
        _add_statistics,
        _add_export,
        _add_student_bundle,
        _add_train,
        _add_predict,
    ):
        add(commands)
    return vars(parser.parse_args(arguments))


def _command(commands, name, run, text):
    command = commands.add_parser(name, help=text, description=text)
    command.set_defaults(run=run)
    return command


def _in_course(command):
    command.add_argument(
        "--course",
        type=Path,
        default=Path(),
        metavar="FOLDER",
        help="the folder with nbgrader_config.py (default: this one)",
    )


def _course(folder):
    """Make sure that this is the teacher's copy, and the folder a course."""
    if importlib.util.find_spec("cnnkit.grading") is None:
        raise ValueError(
            "This is a student's copy of the course: this command is in the teacher's copy alone, "
            "the one with solutions/."
        )
    for needed in ("nbgrader_config.py", "solutions"):
        if not (folder / needed).exists():
            raise ValueError(
                f"{folder.resolve()} has no {needed}: run this in the course's folder, "
                f"or name it with --course."
            )
    return folder


# ---- check: a learner without a gradebook -------------------------------------------------------


def _add_check(commands):
    command = _command(commands, "check", check, "tell the points of an exercise notebook")
    command.add_argument("notebook", type=Path, help="for example exercises/01-pixels/pixels.ipynb")


def check(notebook):
    """Run a notebook and print its points, function by function."""
    from cnnkit.study.check import check_notebook, report

    checked = check_notebook(notebook)
    print(report(notebook, checked))
    return 0 if checked.complete else 1


# ---- lab: chapters and exercises in JupyterLab ---------------------------------------------------


def _add_lab(commands):
    text = "open the course in JupyterLab, its chapters as notebooks"
    command = _command(commands, "lab", lab, text)
    command.add_argument("options", nargs=argparse.REMAINDER, help="for JupyterLab itself")


def lab(options):
    """Start JupyterLab in the course's folder, with the course's settings."""
    course = Path(__file__).parents[1]
    if importlib.util.find_spec("jupyterlab") is None:
        raise RuntimeError('JupyterLab is not installed here: python -m pip install -e ".[lab]"')
    paths = [str(course / ".jupyter"), os.environ.get("JUPYTER_CONFIG_PATH", "")]
    own = {**os.environ, "JUPYTER_CONFIG_PATH": os.pathsep.join(filter(None, paths))}
    command = [sys.executable, "-m", "jupyterlab", *options]
    return subprocess.run(command, cwd=course, env=own).returncode


# ---- assignments: solutions/ to exercises/ ------------------------------------------------------


def _add_assignments(commands):
    text = "write exercises/ from solutions/: what students get"
    _in_course(_command(commands, "assignments", assignments, text))


def assignments(course):
    """Generate every exercise notebook, and the sources that nbgrader grades with."""
    course = _course(course)
    from cnnkit.grading.course import build_exercises
    from cnnkit.grading.source import write_sources

    write_sources(course)
    for path in build_exercises(course):
        print(path)
    return 0


# ---- collect: from a download to submitted/ ------------------------------------------------------


def _add_collect(commands):
    text = "put what Moodle, Canvas or a folder holds into submitted/STUDENT/ASSIGNMENT/"
    command = _command(commands, "collect", collect, text)
    command.add_argument("assignment", help="for example 01-pixels")
    command.add_argument("sources", type=Path, nargs="+", metavar="SOURCE", help="zip or folder")
    text = "put what is new in the place of what is there, and keep that in replaced/"
    command.add_argument("--replace", action="store_true", help=text)
    _in_course(command)


def collect(assignment, sources, replace, course):
    """Collect what was handed in, and say what became of each file."""
    course = _course(course)
    from cnnkit.grading import collect

    rows = collect.collect(course, assignment, sources, replace)
    print(collect.table(rows))
    return int(any(row.what == "doubtful" for row in rows))


# ---- grade: submitted/ to marks and feedback/ ---------------------------------------------------


def _add_grade(commands):
    text = "grade submitted/STUDENT/ASSIGNMENT/, print the scores, write feedback/"
    command = _command(commands, "grade", grade, text)
    add = command.add_argument
    add("assignment", help="for example 01-pixels")
    add("--jobs", type=_number, metavar="N", help="notebooks at once (one a core)")
    add("--force", action="store_true", help="grade also what has not changed since")
    add("--json", type=Path, metavar="FILE", help="also write the results there, for programs")
    text = "judge on the machines of this scheduler of Dask's: tcp://host:8786"
    add("--scheduler", metavar="ADDRESS", help=text)
    _add_unsandboxed(command)
    _in_course(command)


def _add_unsandboxed(command):
    text = "without a sandbox: what students send can do all that you can"
    command.add_argument("--unsandboxed", action="store_true", help=text)


def _warn_of(unsandboxed):
    if unsandboxed:
        print(
            "Without a sandbox: the code in each notebook runs as you, and can read, change and "
            "send what you can: the gradebook, other students' work, the solutions.",
            file=sys.stderr,
        )


def grade(assignment, course, jobs, force=False, json=None, unsandboxed=False, scheduler=None):
    """Grade all submissions to an assignment that have changed."""
    course = _course(course)
    jobs = None if jobs is None else whole(jobs, "jobs")
    from cnnkit.grading.course import autograde

    _warn_of(unsandboxed)
    graded = autograde(
        course,
        assignment,
        jobs,
        with_feedback=True,
        force=force,
        walled=not unsandboxed,
        scheduler=scheduler,
    )
    for student, result in graded.items():
        score = result.score
        print(f"{'  none' if score is None else format(score, '6.2f')}  {_plain(student)}")
    before = sum(not result.fresh for result in graded.values())
    if before:
        print(f"{before} of {len(graded)} have not changed since (--force grades them again).")
    if json is not None:
        _write_json(json, assignment, graded)
    none = {student: result for student, result in graded.items() if result.score is None}
    rest = {student: result for student, result in graded.items() if student not in none}
    absent = {student: (", ".join(r.missing),) for student, r in rest.items() if r.missing}
    doubted = {student: r.doubts for student, r in rest.items() if r.doubts}
    _tell("Mended:", {student: r.notes for student, r in rest.items() if r.notes})
    _tell("Without a cell for:", absent)
    _tell("Not graded:", {student: r.doubts for student, r in none.items()})
    if none:
        print(
            f"Open submitted/STUDENT/{assignment}, mend what is said, and grade again: only what "
            f"has changed is graded.",
            file=sys.stderr,
        )
    _tell("Look at these yourself:", doubted)
    return int(bool(none or absent or doubted))


def _write_json(path, assignment, graded):
    """Write the results for programs."""
    import json
    from dataclasses import asdict

    results = [{"student": student, **asdict(result)} for student, result in graded.items()]
    text = json.dumps({"version": 1, "assignment": assignment, "results": results}, indent=1)
    path.write_text(text + "\n", encoding="utf-8")


def _tell(heading, told):
    """List what there is to say of whom; a notebook's words do nothing to a terminal."""
    if told:
        print(heading, file=sys.stderr)
    for student, sentences in told.items():
        for sentence in sentences:
            words = textwrap.shorten(_plain(sentence), 400, placeholder=" ...")
            print(f"  {_plain(student)}: {words}", file=sys.stderr)


# ---- regrade: what a mended test changes ---------------------------------------------------------


def _add_regrade(commands):
    text = "say who gains and who loses by a mended test, before anything is written"
    command = _command(commands, "regrade", regrade, text)
    command.add_argument("assignment", help="for example 01-pixels")
    command.add_argument("--write", action="store_true", help="then grade, and write feedback")
    command.add_argument("--jobs", type=_number, metavar="N", help="notebooks at once (one a core)")
    _add_unsandboxed(command)
    _in_course(command)


def regrade(assignment, write, jobs, unsandboxed, course):
    """Compare the gradebook with what grading would give now."""
    course = _course(course)
    from cnnkit.grading import regrade

    if not write:
        _warn_of(unsandboxed)
    changes, graded = regrade.compare(course, assignment, jobs, walled=not unsandboxed)
    print(regrade.table(changes))
    none = {student: result.doubts for student, result in graded.items() if result.score is None}
    _tell("Not graded:", none)
    if write:
        return grade(assignment, course, jobs, unsandboxed=unsandboxed)
    if changes:
        print(f"Nothing is written. To write it: python -m cnnkit regrade {assignment} --write")
    return int(bool(none))


# ---- statistics: what a class got right ----------------------------------------------------------


def _add_statistics(commands):
    text = "what a class got right, part by part, and what it was told, by number"
    command = _command(commands, "statistics", statistics, text)
    command.add_argument("assignment", help="for example 01-pixels")
    command.add_argument("--show", type=Path, metavar="OUT.png", help="draw it, too")
    command.add_argument("--json", action="store_true", help="print it for programs")
    text = "with --json: each student's score, by a number instead of a name"
    command.add_argument("--hashed", action="store_true", help=text)
    _in_course(command)


def statistics(assignment, show, json, hashed, course):
    """Count what the records of the graded notebooks say."""
    course = _course(course)
    from cnnkit.grading import statistics

    found = statistics.statistics(course, assignment)
    if json:
        print(statistics.as_json(found, course if hashed else None))
    else:
        print(statistics.table(found))
    if show:
        statistics.draw(found, show)
        print(f"Drawn: {show}", file=sys.stderr)
    return 0


# ---- export: scores for Moodle and Canvas --------------------------------------------------------


def _add_export(commands):
    text = "write the scores as CSV: a table, or what Moodle and Canvas import"
    command = _command(commands, "export", export, text)
    text = "for example 01-pixels (default: all that are graded)"
    command.add_argument("assignments", nargs="*", metavar="ASSIGNMENT", help=text)
    add = command.add_argument
    add("--to", default="table", metavar="FORM", help="table, moodle or canvas (table)")
    add("--out", type=Path, metavar="FILE", help="where to write (default: grades-FORM.csv)")
    _in_course(command)


def export(assignments, to, out, course):
    """Write the scores of the gradebook for another program."""
    course = _course(course)
    from cnnkit.grading.export import export

    text, notes = export(course, to, assignments)
    out = out or course / f"grades-{to}.csv"
    out.write_bytes(text.encode("utf-8"))
    print(out)
    for note in notes:
        print(_plain(note), file=sys.stderr)
    return 0


# ---- student-bundle -----------------------------------------------------------------------------


def _add_student_bundle(commands):
    text = "write dist/cnn-course-student.zip: the course without solutions and hidden tests"
    _in_course(_command(commands, "student-bundle", student_bundle, text))


def student_bundle(course):
    """Pack what students get."""
    course = _course(course)
    from cnnkit.grading.bundle import write_bundle

    print(write_bundle(course))
    return 0


# ---- train --------------------------------------------------------------------------------------


def _add_train(commands):
    from cnnkit.datasets import CATALOGUE

    text = "train a network; alone, or in many processes under torchrun"
    command = _command(commands, "train", train, text)
    add = command.add_argument
    data = f"{', '.join(CATALOGUE)}, or the path of a folder of class folders"
    add("--data", required=True, metavar="NAME", help=data)
    add("--model", metavar="NAME", help="article, lenet or resnet (default: what suits the data)")
    add("--epochs", type=_number, metavar="N", help="times through the pictures")
    add("--size", type=_number, metavar="N", help="pixels of cartoons and photographs (64)")
    add("--count", type=_number, metavar="N", help="cartoons to draw (4000)")
    add("--batch-size", type=_number, default=128, metavar="N", help="pictures a step (128)")
    add("--lr", type=_number, metavar="X", help="the peak of the learning rate")
    add("--patience", type=_number, metavar="N", help="stop after N epochs that were no better")
    precisions = ("auto", "float32", "bfloat16", "float16")
    add("--precision", choices=precisions, default="auto", help="auto: half precision on a GPU")
    add("--compile", action="store_true", help="let torch.compile fuse operations")
    add("--device", metavar="NAME", help="cpu, cuda, cuda:1 or mps (default: the best there is)")
    add("--download", action="store_true", help="fetch the data if they are not here")
    add("--seed", type=_number, default=0, metavar="N", help="another number, other dice (0)")
    add("--out", metavar="FOLDER", help="checkpoint, log, weights (runs/DATA-MODEL)")
    add("--resume", action="store_true", help="go on from the checkpoint in the folder")
    add("--init", metavar="FILE", help="start from these weights, or this checkpoint's")


def _number(word):
    """Read a number; what is none is refused where its name and bounds are known."""
    for kind in (int, float):
        with contextlib.suppress(ValueError):
            return kind(word)
    return word


def train(**options):
    """Train, judge, and keep what was learned."""
    return _training("run")(**options)


def _training(name):
    """Import a command of :mod:`cnnkit.training`."""
    try:
        return getattr(importlib.import_module("cnnkit.training"), name)
    except ModuleNotFoundError as missing:
        raise RuntimeError(
            f"{missing.name} is not installed, and training needs it: pip install torch tqdm"
        ) from missing


# ---- predict ------------------------------------------------------------------------------------


def _add_predict(commands):
    text = "name pictures by the weights.pt of a run"
    command = _command(commands, "predict", predict, text)
    add = command.add_argument
    add("weights", metavar="WEIGHTS", help="for example runs/cats-vs-dogs-resnet/weights.pt")
    pictures = "a file, a folder (all pictures in it), or - for one picture on standard input"
    add("pictures", nargs="+", metavar="PICTURE", help=pictures)
    add("--show", metavar="OUT.png", help="write a page that shows where the network has looked")
    add("--json", action="store_true", help="print one JSON document instead of a table")
    add("--top", type=_number, default=3, metavar="N", help="so many names a picture (3)")
    add("--flip", action="store_true", help="average with the answer to the mirror image")
    add("--device", metavar="NAME", help="cpu, cuda, cuda:1 or mps (default: the best there is)")
    old = command.add_argument_group("for a file that holds weights alone, or a checkpoint")
    old.add_argument("--model", metavar="NAME", help="article, lenet or resnet")
    old.add_argument("--size", type=_number, metavar="N", help="pixels of a side, in training")
    names = "of the classes, in the order of their labels: cat,dog"
    old.add_argument("--names", metavar="NAMES", type=lambda word: word.split(","), help=names)


def predict(**options):
    """Name pictures, and show where the network has looked."""
    return _training("name_pictures")(**options)
