"""Turn a MyST source of an assignment into a notebook, byte for byte the same each time."""

import hashlib
from pathlib import Path

import jupytext
import nbformat

__all__ = ["assignments", "notebook_from", "number", "write_sources"]

KERNEL = {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}


def assignments(course):
    """Find the sources of a course.

    Parameters
    ----------
    course : path
        The folder that holds ``solutions/``.

    Returns
    -------
    dict of str to Path
        The source of each assignment: ``{"01-pixels": solutions/01-pixels/pixels.md, ...}``.
    """
    sources = Path(course, "solutions").glob("[0-9]*/*.md")
    return {
        source.parent.name: source
        for source in sorted(sources, key=lambda source: (number(source.parent), source))
    }


def number(path):
    """Read the number that the name of a chapter or an exercise begins with.

    Parameters
    ----------
    path : path
        ``chapters/12-attention.md``, ``solutions/12-attention``, or the name alone.

    Returns
    -------
    int
        The number, of any length: 12.

    Raises
    ------
    ValueError
        If the name does not begin with a number and a dash.
    """
    digits, _, name = Path(path).name.partition("-")
    if not (digits.isdecimal() and name):
        raise ValueError(
            f"{path} has no number; its name must begin with one and a dash: name it 12-attention"
        )
    return int(digits)


def notebook_from(source):
    """Read a MyST source as a notebook with fixed cell ids and bare metadata.

    Jupytext invents a new id for each cell at each reading; here a cell's id is its ``grade_id``,
    or else a digest of its text and of how often that text came before.
    """
    notebook = jupytext.read(source, fmt="md:myst")
    seen: dict[str, int] = {}
    for cell in notebook.cells:
        digest = hashlib.sha256(f"{cell.cell_type}\n{cell.source}".encode()).hexdigest()[:12]
        seen[digest] = seen.get(digest, 0) + 1
        fallback = f"{digest}-{seen[digest]}"
        cell["id"] = cell.metadata.get("nbgrader", {}).get("grade_id", fallback)
    notebook.metadata = nbformat.from_dict(
        {"kernelspec": KERNEL, "language_info": {"name": "python"}}
    )
    notebook.nbformat, notebook.nbformat_minor = 4, 5
    nbformat.validate(notebook)
    return notebook


def write_sources(course, target=None):
    """Write the notebook of each source where nbgrader looks for it.

    Parameters
    ----------
    course : path
        The folder that holds ``solutions/``.
    target : path, optional
        Another course folder to write into.

    Returns
    -------
    list of str
        The assignments' names.
    """
    found = assignments(course)
    for name, source in found.items():
        folder = Path(target or course, "solutions", name)
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"{source.stem}.ipynb"
        path.write_text(nbformat.writes(notebook_from(source)) + "\n", encoding="utf-8")
    return list(found)
