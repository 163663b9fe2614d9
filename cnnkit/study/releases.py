"""The exercises as they were released: what a learner's notebook is compared with.

A student's copy of the course has them in the folder ``exercises`` beside this file, apart from
those to work in; ``student-bundle`` packs them there. The teacher's copy makes them of its sources.
"""

import importlib.util
from pathlib import Path
from typing import NamedTuple

import nbformat

from cnnkit.study.cells import functions_in, grade_id, is_answer, released_source

__all__ = ["PACKED", "Release", "find_release", "released", "releases"]

PACKED = Path(__file__).parent / "exercises"
COURSE = Path(__file__).parents[2]


class Release(NamedTuple):
    """An exercise: its assignment, the name of its notebook, and the notebook."""

    assignment: str
    name: str
    notebook: nbformat.NotebookNode


def releases():
    """Read all exercises of this copy of the course; none where it is neither of the two.

    Returns
    -------
    list of Release
    """
    if PACKED.is_dir():
        return [
            Release(path.parent.name, path.name, nbformat.read(path, as_version=4))
            for path in sorted(PACKED.glob("*/*.ipynb"))
        ]
    if not Path(COURSE, "solutions").is_dir() or not importlib.util.find_spec("cnnkit.grading"):
        return []
    from cnnkit.grading.source import assignments, notebook_from

    return [
        Release(name, f"{source.stem}.ipynb", released(notebook_from(source)))
        for name, source in assignments(COURSE).items()
    ]


def released(notebook):
    """Take answers and hidden tests out of the notebook of a source, in place."""
    for cell in notebook.cells:
        cell.source = released_source(cell)
    return notebook


def find_release(cells, known):
    """Tell which exercise a learner's notebook is of.

    Parameters
    ----------
    cells : list of NotebookNode
        The cells of the learner's notebook.
    known : list of Release

    Returns
    -------
    Release or None
        The one with the most cells and functions in common; None where no exercise has any.
    """
    marks = {grade_id(cell) for cell in cells} - {""}
    functions = {name for cell in cells for name in functions_in(cell.source)}

    def common(release):
        answers = [cell for cell in release.notebook.cells if is_answer(cell)]
        wanted = {name for cell in answers for name in functions_in(cell.source)}
        marked = {grade_id(cell) for cell in release.notebook.cells}
        return len(marks & marked) + len(functions & wanted)

    best = max(known, key=common, default=None)
    return best if best is not None and common(best) else None
