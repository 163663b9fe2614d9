"""Read a notebook that somebody hands in, whatever an editor, a mail or a download made of it.

Only what grading needs is taken from the file: each cell's kind, text and pictures, and what
nbgrader wrote into its metadata. So it hardly matters which format of notebooks it is in.
"""

import json
import re
from typing import NamedTuple

import nbformat

__all__ = ["Read", "plain", "read_notebook"]

KINDS = {"code": "code", "markdown": "markdown", "raw": "raw", "html": "markdown"}
CONFLICT = re.compile(r"^(?:<{7}|={7}|>{7})(?: |$)", re.MULTILINE)
AGAIN = "save the notebook, and hand the .ipynb file itself in again"
SHORTER = "keep data in a file, take out what does not answer the exercise, and hand it in again"
CELLS, CODE = 2_000, 1 << 18  # at most, cells and letters of code: nobody writes as many


class Read(NamedTuple):
    """The cells of a notebook, and what is odd about its file."""

    cells: list
    notes: tuple[str, ...]


def read_notebook(content, name):
    """Read the cells of a notebook.

    Parameters
    ----------
    content : bytes
        The file.
    name : str
        What to call it.

    Returns
    -------
    Read
        The cells as nbformat's nodes, with only ``nbgrader`` and ``tags`` in their metadata.

    Raises
    ------
    ValueError
        If this is no notebook: what it is instead, and what to do.
    """
    text, notes = _decoded(content, name)
    data = _parsed(text, name)
    major = data.get("nbformat")
    if major != 4:
        notes.append(f"{name} is in format {major} of notebooks, and was read as format 4.")
    widgets = _dict(_dict(data, "metadata"), "widgets")
    states = _dict(widgets, "application/vnd.jupyter.widget-state+json")
    if widgets and "state" not in states:
        notes.append(f"{name} holds widgets without their state, as Colab saves them: left out.")
    raw = _raw_cells(data, name)
    if len(raw) > CELLS:
        raise ValueError(f"{name} has {len(raw)} cells, and {CELLS} are the most: {SHORTER}.")
    cells = [_cell(cell) for cell in raw]
    code = sum(len(cell.source) for cell in cells if cell.cell_type == "code")
    if code > CODE:
        raise ValueError(f"{name} has {code} letters of code, and {CODE} are the most: {SHORTER}.")
    return Read(cells, tuple(notes))


def plain(text):
    r"""Make words of a student's harmless: in a terminal, they could move its cursor, or hide.

    >>> plain("a\x1b[2Jb\n")
    'a [2Jb '
    """
    return "".join(letter if letter.isprintable() else " " for letter in text)


def _decoded(content, name):
    """Decode a file as JSON may be encoded, or as an editor of Windows saves it."""
    notes = []
    encoding: str = json.detect_encoding(content)
    try:
        text = content.decode(encoding, "surrogatepass")
    except UnicodeDecodeError:
        encoding = "cp1252"
        text = content.decode(encoding, "replace")
    if encoding == "utf-8-sig":
        notes.append(f"{name} begins with a byte order mark: no harm.")
    elif encoding != "utf-8" and content:
        notes.append(f"{name} is saved as {encoding}, and was read so; notebooks are UTF-8.")
    if "\r\n" in text:
        notes.append(f"{name} has the line ends of Windows: no harm.")
    return text, notes


def _parsed(text, name):
    """Parse the JSON of a notebook, or say what the file is instead."""
    start = text.lstrip()[:200].lower()
    if not start:
        raise ValueError(f"{name} is empty: {AGAIN}.")
    if start.startswith(("<!doctype", "<html", "<?xml")):
        raise ValueError(f"{name} is a web page, not a notebook: {AGAIN}.")
    try:
        data = json.loads(text)
    except (ValueError, RecursionError) as error:
        if conflict := CONFLICT.search(text):
            line = text.count("\n", 0, conflict.start()) + 1
            raise ValueError(
                f"{name} holds the marks of a merge conflict (line {line}): settle it, and {AGAIN}."
            ) from None
        if start.startswith("{"):
            raise ValueError(f"{name} is cut off or damaged ({error}): {AGAIN}.") from None
        raise ValueError(f"{name} is no notebook but other text: {AGAIN}.") from None
    if not isinstance(data, dict):
        kind = type(data).__name__
        raise ValueError(f"{name} is no notebook but a {kind} in JSON: {AGAIN}.")
    return data


def _raw_cells(data, name):
    """List the cells as they stand in the file; format 3 has them in worksheets."""
    sheets = data["worksheets"] if isinstance(data.get("worksheets"), list) else [data]
    found = [cell for sheet in sheets for cell in _list(sheet, "cells") if isinstance(cell, dict)]
    if not found and not any(isinstance(_of(sheet, "cells"), list) for sheet in sheets):
        raise ValueError(f"{name} is JSON, but no notebook: it has no cells; {AGAIN}.")
    return found


def _cell(data):
    """Make a node of a cell; nothing in it is taken to be of the right type."""
    kind = data.get("cell_type")
    text = _text(data.get("source", data.get("input", "")))
    if kind == "heading":
        level = data.get("level")
        text = "#" * (level if isinstance(level, int) and 0 < level < 7 else 1) + f" {text}"
    metadata = _dict(data, "metadata")
    kept: dict[str, dict | list] = {}
    marks = _dict(metadata, "nbgrader").items()
    if nbgrader := {key: value for key, value in marks if isinstance(value, str | int | float)}:
        kept["nbgrader"] = nbgrader
    if tags := [tag for tag in _list(metadata, "tags") if isinstance(tag, str)]:
        kept["tags"] = tags
    kind = KINDS.get(kind if isinstance(kind, str) else "", "markdown")
    cell = {"cell_type": kind, "source": text, "metadata": kept}
    if pictures := _pictures(data):
        cell["attachments"] = pictures
    return nbformat.from_dict(cell)


def _pictures(data):
    """Keep of a cell's attachments what pictures are: a text for each name and kind."""
    attached = _dict(data, "attachments")
    found = {
        name: {kind: text for kind, text in _dict(attached, name).items() if isinstance(text, str)}
        for name in attached
    }
    return {name: kinds for name, kinds in found.items() if kinds}


def _text(value):
    """Join the lines of a text; what no file can hold (halves of a character) is replaced."""
    text = "".join(map(str, value)) if isinstance(value, list) else str(value or "")
    text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\0", "")
    return text.encode("utf-8", "replace").decode()


def _of(value, key):
    return value.get(key) if isinstance(value, dict) else None


def _dict(value, key):
    found = _of(value, key)
    return found if isinstance(found, dict) else {}


def _list(value, key):
    found = _of(value, key)
    return found if isinstance(found, list) else []
