"""The command line: ``python -m cnnkit COMMAND``."""

import argparse
import importlib.util
import sys
import textwrap
from pathlib import Path

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
    try:
        options = _options(arguments)
        run = options.pop("run")
        return run(**options)
    except (OSError, RuntimeError, ValueError) as error:
        print(f"cnnkit: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt as stop:
        words = str(stop) or "Stopped before anything was saved: repeat the command as it was."
        print(f"\ncnnkit: {words}", file=sys.stderr)
        return 130


def _options(arguments):
    parser = argparse.ArgumentParser(prog="python -m cnnkit", description="Tools of the course.")
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")
    for add in (_add_check, _add_assignments, _add_grade, _add_student_bundle, _add_train):
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

    results = check_notebook(notebook)
    print(report(notebook, results))
    return 0 if all(result.score == result.points for result in results) else 1


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


# ---- grade: submitted/ to marks and feedback/ ---------------------------------------------------


def _add_grade(commands):
    text = "grade submitted/STUDENT/ASSIGNMENT/, print the scores, write feedback/"
    command = _command(commands, "grade", grade, text)
    command.add_argument("assignment", help="for example 01-pixels")
    command.add_argument("--jobs", type=int, metavar="N", help="notebooks at once (one a core)")
    _in_course(command)


def grade(assignment, course, jobs):
    """Grade all submissions to an assignment."""
    course = _course(course)
    from cnnkit.grading.course import autograde

    graded = autograde(course, assignment, jobs, with_feedback=True)
    for student, result in graded.items():
        score = result.score
        print(f"{'  none' if score is None else format(score, '6.2f')}  {student}")
    missing = {student: result for student, result in graded.items() if result.score is None}
    doubted = {s: result for s, result in graded.items() if result.doubts and s not in missing}
    if missing:
        _tell("Not graded, in two tries:", missing)
        print(
            f"Open submitted/STUDENT/{assignment}, look for what ends it, and grade again.",
            file=sys.stderr,
        )
    if doubted:
        _tell("Look at these yourself:", doubted)
    return int(bool(missing or doubted))


def _tell(heading, graded):
    """List what went wrong for whom; words that came from a notebook do nothing to a terminal."""
    print(heading, file=sys.stderr)
    for student, result in graded.items():
        for doubt in result.doubts:
            plain = "".join(c if c.isprintable() else " " for c in doubt)
            words = textwrap.shorten(plain, 400, placeholder=" ...")
            print(f"  {student}: {words}", file=sys.stderr)


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
    add("--epochs", type=int, metavar="N", help="times through the pictures")
    add("--size", type=int, metavar="N", help="pixels of cartoons and photographs (64)")
    add("--count", type=int, metavar="N", help="cartoons to draw (4000)")
    add("--batch-size", type=int, default=128, metavar="N", help="pictures a step (128)")
    add("--lr", type=float, metavar="X", help="the peak of the learning rate")
    add("--patience", type=int, metavar="N", help="stop after N epochs that were no better")
    precisions = ("auto", "float32", "bfloat16", "float16")
    add("--precision", choices=precisions, default="auto", help="auto: half precision on a GPU")
    add("--compile", action="store_true", help="let torch.compile fuse operations")
    add("--device", metavar="NAME", help="cpu, cuda, cuda:1 or mps (default: the best there is)")
    add("--download", action="store_true", help="fetch the data if they are not here")
    add("--seed", type=int, default=0, metavar="N", help="another number, other dice (0)")
    add("--out", type=Path, metavar="FOLDER", help="checkpoint, log, weights (runs/DATA-MODEL)")
    add("--resume", action="store_true", help="go on from the checkpoint in the folder")
    add("--init", type=Path, metavar="FILE", help="start from these weights, or this checkpoint's")


def train(**options):
    """Train, judge, and keep what was learned."""
    try:
        from cnnkit.training import run
    except ModuleNotFoundError as missing:
        raise RuntimeError(
            f"{missing.name} is not installed, and training needs it: pip install torch tqdm"
        ) from missing
    return run(**options)
