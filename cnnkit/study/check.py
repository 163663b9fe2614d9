"""Check a notebook without a gradebook: points, what went wrong, where to read again."""

import json
import subprocess
import textwrap
from dataclasses import dataclass
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellTimeoutError, DeadKernelError

from cnnkit.study.cells import function_of, grade_id, id_of_answer, is_test, stopped
from cnnkit.study.records import read_record

__all__ = ["Result", "check_notebook", "report"]


@dataclass(frozen=True)
class Result:
    """What one function earned in its visible tests."""

    name: str
    score: float
    points: float
    told: str


def check_notebook(path, timeout=120):
    """Run every cell of an exercise notebook; the file itself stays as it is.

    Parameters
    ----------
    path : path
        The notebook.
    timeout : float
        Seconds after which a cell is stopped.

    Returns
    -------
    list of Result
        One for each function.

    Raises
    ------
    ValueError
        If this is no notebook, or one without graded cells.
    RuntimeError
        If the notebook brought Python down.
    """
    path = Path(path)
    if not path.is_file():
        raise ValueError(f"There is no notebook {path}.")
    try:
        notebook = nbformat.read(path, as_version=4)
    except (nbformat.reader.NotJSONError, json.JSONDecodeError, UnicodeDecodeError):
        raise ValueError(f"{path} is no notebook: give a file that ends in .ipynb.") from None
    if not any(is_test(cell) for cell in notebook.cells):
        raise ValueError(f"{path} has no graded cells: give a notebook of the folder exercises.")
    client = NotebookClient(
        notebook,
        timeout=timeout,
        interrupt_on_timeout=True,
        allow_errors=True,
        kernel_name="python3",
        resources={"metadata": {"path": str(path.parent)}},
    )
    try:
        client.execute(stderr=subprocess.DEVNULL)  # the kernel's own notes, not the cells'
    except (CellTimeoutError, DeadKernelError) as error:
        raise RuntimeError(
            f"The notebook stopped Python itself ({type(error).__name__}): "
            f"look for a cell that never ends, or that fills the memory."
        ) from None
    answers = {grade_id(cell): cell for cell in notebook.cells if cell.cell_type == "code"}
    return [_result(cell, answers) for cell in notebook.cells if is_test(cell)]


def report(path, results):
    """Write the results down for the learner.

    Returns
    -------
    str
        A line for each function with its points, what it was told where it is not right yet, and
        the sum.
    """
    width = max(len(result.name) for result in results)
    lines = [f"{path}: the visible tests", ""]
    for result in results:
        lines.append(f"  {result.name:<{width}}  {result.score:5.2f} of {result.points:g}")
        if result.score < result.points:
            for line in result.told.splitlines():
                lines += textwrap.wrap(line, 88, initial_indent=" " * 4, subsequent_indent=" " * 6)
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
