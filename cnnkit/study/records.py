"""Read what a test cell tells programs: the record beside its number.

``checks.Marks.total`` writes it. A record is written in the same Python as a learner's code, so
nothing in it is taken on trust: its form, its sum, and whose record it is are checked.
"""

from dataclasses import dataclass

import jsonschema

from cnnkit.checks.marks import MIME, score_of
from cnnkit.study.cells import function_of, grade_id

__all__ = ["Part", "Record", "read_record", "results"]

TEXT = {"type": "string"}
NUMBER = {"type": "number", "minimum": 0, "maximum": 10_000}
PART = {
    "type": "object",
    "additionalProperties": False,
    "required": ["title", "verdict", "weight", "hidden", "message"],
    "properties": {
        "title": TEXT,
        "verdict": {"enum": ["right", "wrong"]},
        "weight": NUMBER,
        "hidden": {"type": "boolean"},
        "message": TEXT,
    },
}
SCHEMA = {
    "type": "object",
    "additionalProperties": False,
    "required": ["version", "function", "score", "points", "read", "parts"],
    "properties": {
        "version": {"const": 1},
        "function": TEXT,
        "score": NUMBER,
        "points": NUMBER,
        "read": TEXT,
        "parts": {"type": "array", "items": PART},
    },
}

VALID = jsonschema.Draft202012Validator(SCHEMA)


@dataclass(frozen=True)
class Part:
    """What came of one part of a test."""

    title: str
    verdict: str
    weight: float
    hidden: bool
    message: str

    @property
    def right(self):
        """Tell whether the answer earned this part."""
        return self.verdict == "right"


@dataclass(frozen=True)
class Record:
    """What came of one function."""

    function: str
    score: float
    points: float
    read: str
    parts: tuple[Part, ...]


def results(cell):
    """List the values of a cell that carry a record: a test cell has one."""
    values = [output for output in cell.outputs if output.output_type == "execute_result"]
    return [value for value in values if MIME in value.data]


def read_record(cell):
    """Read the record of a test cell that has run.

    Parameters
    ----------
    cell : NotebookNode

    Returns
    -------
    Record

    Raises
    ------
    ValueError
        If there is no record, or more than one, or one that cannot be right.
    """
    found = results(cell)
    if len(found) != 1:
        raise ValueError(
            f"The test left {len(found) or 'no'} record{'s' if found else ''} of its marks: one "
            f"is right. Its last line must be marks.total(), and nothing in the notebook may "
            f"change what that does."
        )
    data = found[0]["data"][MIME]
    if error := jsonschema.exceptions.best_match(VALID.iter_errors(data)):
        raise ValueError(f"The record of this test's marks is broken: {error.message}.")
    parts = tuple(Part(**part) for part in data["parts"])
    record = Record(data["function"], data["score"], data["points"], data["read"], parts)
    _agree("function", record.function, function_of(grade_id(cell)))
    _agree("points", record.points, cell.metadata["nbgrader"].get("points"))
    right = weight = 0.0
    for part in parts:  # one by one, as they came: `sum` rounds in another way
        weight += part.weight
        right += part.weight * part.right
    _agree("score", record.score, score_of(record.points, right, weight))
    return record


def _agree(what, told, expected):
    if told != expected:
        raise ValueError(
            f"The record of this test's marks tells {what} {told!r}, and it must be {expected!r}."
        )
