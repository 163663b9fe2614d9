"""Check a notebook without a gradebook: points, what went wrong, where to read again."""

import copy
import subprocess
import tempfile
import textwrap
from dataclasses import dataclass
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellTimeoutError, DeadKernelError
from nbformat.v4 import new_code_cell

from cnnkit.study import kernel
from cnnkit.study.cells import function_of, grade_id, id_of_answer, is_test, stopped
from cnnkit.study.files import files_in
from cnnkit.study.reading import plain, read_notebook
from cnnkit.study.records import read_record
from cnnkit.study.releases import Release, find_release, releases
from cnnkit.study.repair import repair

__all__ = ["Checked", "Result", "check_notebook", "report"]


@dataclass(frozen=True)
class Result:
    """What one function earned in its visible tests."""

    name: str
    score: float
    points: float
    told: str


@dataclass(frozen=True)
class Checked:
    """What came of a notebook: each function's result, and what was odd about the file."""

    results: tuple[Result, ...]
    notes: tuple[str, ...] = ()

    @property
    def complete(self):
        """Tell whether all points were earned."""
        return all(result.score == result.points for result in self.results)


def check_notebook(path, timeout=120):
    """Run a notebook as grading would: its answers, and the visible tests of the exercise.

    The file itself stays as it is.

    Parameters
    ----------
    path : path
        The notebook, or the folder that it lies in.
    timeout : float
        Seconds after which a test cell is stopped; a cell of the student's has as many as in
        grading.

    Returns
    -------
    Checked

    Raises
    ------
    ValueError
        If this is no notebook of an exercise.
    RuntimeError
        If the notebook brought Python down.
    """
    path = Path(path)
    if not path.exists():
        raise ValueError(f"There is no notebook {path}.")
    release = _release_of(path)
    repaired = repair(release.notebook, path, release.name)
    _run(repaired.notebook, release, timeout)
    cells = [cell for cell in repaired.notebook.cells if cell.cell_type == "code"]
    answers = {grade_id(cell): cell for cell in cells}
    results = [_result(cell, answers) for cell in cells if is_test(cell)]
    slow = [SLOW] if any(map(_was_slow, cells)) else []
    return Checked(tuple(results), (*repaired.notes, *slow))


SLOW = (
    f"A cell did not finish in {kernel.SECONDS:g} seconds, so it was left out, as it is in "
    f"grading: let it do less, or take it out before you hand in."
)


def _was_slow(cell):
    error = stopped(cell)
    return error is not None and error.ename == "KeyboardInterrupt"


def _run(notebook, release, timeout):
    """Run a notebook where nothing lies beside it: there is nothing beside it in grading either."""
    given = [cell for cell in release.notebook.cells if cell.cell_type == "code"]
    setup = [cell.source for cell in given if release.assignment and not grade_id(cell)]
    names = [function_of(grade_id(cell)) for cell in given if is_test(cell)]
    first = f"from cnnkit.study import kernel\nkernel.prepare({setup!r}, {names!r})\ndel kernel"
    ran = copy.deepcopy(notebook)
    for cell in filter(is_test, ran.cells):
        cell.source = f"%%{kernel.TEST}\n{cell.source}"
    ran.cells.insert(0, new_code_cell(first))
    with tempfile.TemporaryDirectory() as folder:
        client = NotebookClient(
            ran,
            timeout_func=lambda cell: timeout if is_test(cell) else kernel.SECONDS,
            interrupt_on_timeout=True,
            allow_errors=True,
            kernel_name="python3",
            resources={"metadata": {"path": folder}},
        )
        try:
            client.execute(stderr=subprocess.DEVNULL)  # the kernel's own notes, not the cells'
        except (CellTimeoutError, DeadKernelError) as error:
            raise RuntimeError(
                f"The notebook stopped Python itself ({type(error).__name__}): "
                f"look for a cell that never ends, or that fills the memory."
            ) from None
    for cell, there in zip(notebook.cells, ran.cells[1:], strict=True):
        if cell.cell_type == "code":
            cell.outputs = there.outputs


def _release_of(path):
    """Find the exercise that a file or a folder is of."""
    known, refused = releases(), []
    files = files_in(path, lambda file, why: refused.append(f"{file} was left: {why}."))
    for file in files:
        try:
            cells = read_notebook(file.read(), str(file.path)).cells
        except ValueError as error:
            refused.append(str(error))
            continue
        if not known and any(map(is_test, cells)):  # cnnkit alone, no exercise beside it
            itself = nbformat.from_dict({"metadata": {}, "cells": cells})
            return Release("", file.path.name, itself)
        if release := find_release(cells, known):
            return release
    if refused:
        raise ValueError(" ".join(refused))
    raise ValueError(f"{path} has no cell of an exercise: give a notebook of the folder exercises.")


def report(path, checked):
    """Write the results down for the learner.

    Returns
    -------
    str
        What is odd about the notebook; a line for each function with its points, what it was told
        where it is not right yet; and the sum.
    """
    results = checked.results
    width = max(len(result.name) for result in results)
    lines = [plain(f"{path}: the visible tests"), ""]
    for note in checked.notes:
        lines += textwrap.wrap(
            plain(f"Note: {note}"), 92, initial_indent="  ", subsequent_indent=" " * 8
        )
    lines += [""] if checked.notes else []
    for result in results:
        lines.append(f"  {result.name:<{width}}  {result.score:5.2f} of {result.points:g}")
        if result.score < result.points:
            for line in result.told.splitlines():
                lines += textwrap.wrap(
                    plain(line), 88, initial_indent=" " * 4, subsequent_indent=" " * 6
                )
    score = sum(result.score for result in results)
    points = sum(result.points for result in results)
    lines += ["", f"  {'together':<{width}}  {score:5.2f} of {points:g}"]
    return "\n".join(lines)


def _result(cell, answers):
    """Read the points of a test cell, and what its learner has to mend."""
    name = function_of(grade_id(cell))
    points = float(cell.metadata.nbgrader.get("points", 0))
    own = answers.get(id_of_answer(name))
    told = _error_of(own) if own else []
    if stopped(cell):
        return Result(name, 0.0, points, "\n".join(told + _error_of(cell)))
    try:
        record = read_record(cell)
    except ValueError as error:
        return Result(name, 0.0, points, "\n".join([*told, str(error)]))
    return Result(name, record.score, points, "\n".join(told + _advice(record)))


def _advice(record):
    """List what a learner has to mend: each message once, with the part that said it first."""
    first: dict[str, str] = {}
    for part in record.parts:
        if not part.right:
            first.setdefault(part.message, part.title)
    advice = [f"{' '.join(message.split())} ({title})" for message, title in first.items()]
    return advice + ([f"Read again: {record.read}"] if first and record.read else [])


def _error_of(cell):
    """Name the exception that stopped a cell, if one did."""
    error = stopped(cell)
    return [f"The cell stopped with {error.ename}: {error.evalue}"] if error else []
