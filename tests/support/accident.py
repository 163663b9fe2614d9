"""Accidents that befall a notebook on its way from a student to its mark.

Each is a function in `tests/grading/accidents/` that is given a solved notebook of 02-convolution
(20 points) and the folder to hand it in by. It gives back the notebook, or the bytes of the file,
that lies there after the accident; or None, where it has written the folder itself. Its docstring
says what happened, `@accident` what should come of it. The teacher's guide shows them as a table.
"""

import importlib.util
from pathlib import Path
from typing import NamedTuple

import nbformat

FOLDER = Path(__file__).parents[1] / "grading" / "accidents"
NAME = "convolution.ipynb"


class Accident(NamedTuple):
    """An accident, and what should come of it."""

    happen: object
    score: float | None  # None: there is nothing to grade
    note: str  # that student and teacher are told, among others


def accident(note, score=20):
    """Say what should come of an accident; `note=""`: nothing is worth telling."""

    def mark(function):
        function.accident = Accident(function, score, note)
        return function

    return mark


def accidents():
    """All of them, by name."""
    found = {}
    for path in sorted(FOLDER.glob("*.py")):
        spec = importlib.util.spec_from_file_location(f"accidents_{path.stem}", path)
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        for name, value in vars(module).items():
            if hasattr(value, "accident"):
                assert name not in found and value.__doc__, name
                found[name] = value.accident
    return found


def hand_in(accident, solved, folder):
    """Let an accident happen to a copy of a solved notebook."""
    folder.mkdir(parents=True)
    left = accident.happen(nbformat.from_dict(solved), folder)
    if isinstance(left, bytes):
        (folder / NAME).write_bytes(left)
    elif left is not None:
        (folder / NAME).write_bytes(encoded(left))


def encoded(notebook):
    """The bytes of a notebook, right or wrong: nothing is validated."""
    return nbformat.v4.nbjson.JSONWriter().writes(notebook).encode()
