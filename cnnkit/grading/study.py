"""Check a notebook without a gradebook: points, what went wrong, where to read again."""

import json
import subprocess
import textwrap
from dataclasses import dataclass
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellTimeoutError, DeadKernelError

from cnnkit.checks.marks import AGAIN

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
    if not any(_is_test(cell) for cell in notebook.cells):
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
    cells = {c.metadata.nbgrader.grade_id: c for c in notebook.cells if "nbgrader" in c.metadata}
    results = []
    for grade_id, cell in cells.items():
        if _is_test(cell):
            own = cells.get(grade_id.removeprefix("test-"))
            results.append(_result(cell, _error_of(own) if own else []))
    return results


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


def _is_test(cell):
    data = cell.metadata.get("nbgrader", {})
    return cell.cell_type == "code" and data.get("grade", False)


def _result(cell, stopped):
    """Read a test cell's score and words, as nbgrader does."""
    data = cell.metadata.nbgrader
    name = data.grade_id.removeprefix("test-").replace("-", "_")
    score, told = 0.0, []
    for output in cell.outputs:
        if output.output_type == "stream" and output.name == "stdout":
            told += [line.strip() for line in output.text.splitlines()]
        elif output.output_type == "execute_result":
            score = float(output.data["text/plain"])
    if _error_of(cell):
        score, told = 0.0, []
    advice = stopped + _error_of(cell) + _advice(told)
    return Result(name, score, float(data.points), "\n".join(advice))


def _advice(told):
    """Keep what a learner has to mend, each with the part that said it first."""
    advice, title, words = [], "", []
    for line in [*told, "right  "]:
        if not line.startswith(("right  ", "wrong  ", "Read again: ")):
            words.append(line)
            continue
        message = " ".join(words)
        if title and message != AGAIN:
            advice.append(f"{message} ({title})")
        title, words = line.removeprefix("wrong  ") if line.startswith("wrong") else "", []
        if line.startswith("Read again: "):
            advice.append(line)
    return advice


def _error_of(cell):
    """Name the exception that stopped a cell, if one did."""
    errors = [o for o in cell.outputs if o.output_type == "error"]
    return [f"The cell stopped with {e.ename}: {e.evalue}" for e in errors[:1]]
