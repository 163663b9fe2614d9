"""What a class got right, part by part, and what it took for true: for the next lecture."""

import hashlib
import json
import os
import re
import secrets
import textwrap
from collections import Counter, defaultdict
from dataclasses import asdict, dataclass, field
from pathlib import Path

import nbformat

from cnnkit.grading.intake import students_of
from cnnkit.grading.source import assignments
from cnnkit.grading.stamps import is_old
from cnnkit.study.cells import is_test
from cnnkit.study.reading import plain
from cnnkit.study.records import read_record

__all__ = ["Function", "Share", "Statistics", "as_json", "draw", "hashed", "statistics", "table"]

KEY = "students.key"  # turns a name into a number that nobody can turn back
OWN = re.compile(r"(Your function stopped with \w+): .*", re.DOTALL)  # then a student's own words
SHORT = 70  # letters of a title or a message in the picture
FREQUENT = 4  # messages of a function in the picture
STYLES: dict[str, dict] = {
    "part": {"color": "#0072B2"},
    "hidden": {"color": "#0072B2", "alpha": 0.45, "hatch": "///"},
    "message": {"color": "#D55E00", "height": 0.5},
}


@dataclass(frozen=True)
class Share:
    """A part of a test: how many had it right, of how many."""

    title: str
    hidden: bool
    right: int
    of: int


@dataclass
class Function:
    """What came of a function: its parts in order, and what was told, the most frequent first."""

    name: str
    points: float
    scores: list[float] = field(default_factory=list)
    parts: list[Share] = field(default_factory=list)
    messages: list[tuple[str, int]] = field(default_factory=list)


@dataclass
class Statistics:
    """What came of an assignment."""

    assignment: str
    students: int
    functions: list[Function]
    scores: dict[str, float]
    unread: list[str]


def statistics(course, name):
    """Count what the records of the graded notebooks say.

    Parameters
    ----------
    course : path
        The course folder, with ``autograded/STUDENT/NAME/``.
    name : str
        The assignment.

    Returns
    -------
    Statistics
        A message counts once for a student, however many parts were told it.

    Raises
    ------
    ValueError
        If there is no such assignment, or nothing of it is graded.
    """
    known = assignments(course)
    if name not in known:
        raise ValueError(f"There is no assignment {name!r}: choose one of {', '.join(known)}.")
    file = f"{known[name].stem}.ipynb"
    paths = sorted(
        folder / name / file
        for folder in Path(course, "autograded").glob("*")
        if (folder / name / file).is_file()
    )
    if not paths:
        raise ValueError(f"Nothing of {name} is graded yet: python -m cnnkit grade {name}")
    old = list(filter(is_old, paths))
    there = set(students_of(course, name))  # nobody at all: a term is over
    gone = [path for path in paths if there and path.parts[-3] not in there]
    old = [path for path in old if path not in gone]
    paths = [path for path in paths if path not in [*old, *gone]]
    functions: dict[str, Function] = {}
    rights: dict[tuple, list[bool]] = defaultdict(list)
    told: dict[str, Counter] = defaultdict(Counter)
    unread = [f"{path.parts[-3]}: what is handed in now is not graded" for path in old]
    unread += [f"{path.parts[-3]}: what was handed in is there no longer" for path in gone]
    scores: dict[str, float] = {}
    for path in paths:
        student = path.parts[-3]
        scores[student] = 0.0
        for cell in filter(is_test, nbformat.read(path, as_version=4).cells):
            try:
                record = read_record(cell)
            except ValueError as error:
                unread.append(f"{student}: {error}")
                continue
            function = functions.setdefault(
                record.function, Function(record.function, record.points)
            )
            function.scores.append(record.score)
            scores[student] += record.score
            for part in record.parts:
                rights[record.function, part.title, part.hidden].append(part.right)
            told[record.function].update(
                {OWN.sub(r"\1.", p.message) for p in record.parts if p.message}
            )
    for (of, title, hidden), right in rights.items():
        functions[of].parts.append(Share(title, hidden, sum(right), len(right)))
    for of, messages in told.items():
        functions[of].messages = messages.most_common()
    return Statistics(name, len(paths), list(functions.values()), scores, unread)


def as_json(found, course=None):
    """Write the counts down for programs: without names.

    Parameters
    ----------
    found : Statistics
    course : path, optional
        The course folder: then with each student's score beside a number, see `hashed`.

    Returns
    -------
    str
    """
    data = asdict(found)
    scores, unread = data.pop("scores"), data.pop("unread")
    data["unread"] = len(unread)
    if course is not None:
        data["scores"] = {hashed(course, student): score for student, score in scores.items()}
    return json.dumps(data, indent=1)


def hashed(course, student):
    """Name a student by a number that only who has the course's key can find again.

    The same student has the same number in every assignment; the key is made once, in
    ``students.key``, which is yours to keep or to delete.
    """
    path = Path(course, KEY)
    if not path.is_file() or not path.stat().st_size:
        aside = path.with_name(f"{KEY}.{os.getpid()}")  # whole, or not there
        aside.touch(mode=0o600)
        aside.write_bytes(secrets.token_bytes(32))
        aside.replace(path)
    digest = hashlib.blake2b(student.encode("utf-8", "replace"), key=path.read_bytes())
    return digest.hexdigest()[:10]


def table(found):
    """Write the counts down for a terminal.

    Returns
    -------
    str
    """
    lines = [f"{found.assignment}: {found.students} students"]
    for function in found.functions:
        mean = sum(function.scores) / len(function.scores)
        lines += ["", f"{function.name}: {mean:.2f} of {function.points:g} points on average"]
        for part in function.parts:
            hidden = "  (hidden)" if part.hidden else ""
            lines.append(f"  {part.right / part.of:4.0%}  {plain(part.title)}{hidden}")
        for message, count in function.messages:
            lines.append(f"  {count:3d} ×  {plain(' '.join(message.split()))}")
    if found.unread:
        lines += [
            "",
            "Without a record, and not counted:",
            *(f"  {plain(line)}" for line in found.unread),
        ]
    return "\n".join(lines)


def draw(found, path):
    """Draw the share of right answers to each part, and how many were told what.

    Parameters
    ----------
    found : Statistics
    path : path
        Where to write the picture; its ending names the kind.
    """
    from matplotlib.figure import Figure

    rows = [row for function in found.functions for row in _rows(function)]
    figure = Figure(figsize=(10, 1 + 0.3 * len(rows)), layout="constrained")
    axes = figure.subplots()
    for place, (kind, _, count, of) in enumerate(rows):
        if of:
            axes.barh(place, count / of, **STYLES[kind])
            axes.text(count / of + 0.01, place, f"{count} of {of}", va="center", fontsize=8)
    texts = [textwrap.shorten(plain(text), SHORT, placeholder=" …") for _, text, _, _ in rows]
    axes.set_yticks(range(len(rows)), texts, fontsize=8, parse_math=False)  # "$" is a letter
    for label, (kind, *_) in zip(axes.get_yticklabels(), rows, strict=True):
        label.set_fontweight("bold" if kind == "function" else "normal")
    axes.invert_yaxis()
    axes.set_xlim(0, 1.1)
    axes.set_xticks([0, 0.5, 1], ["nobody", "half", "all"])
    axes.set_title(
        f"{found.assignment}, {found.students} students.\n"
        "Blue: had it right (hatched: hidden parts). Orange: were told this.",
        fontsize=10,
    )
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.tick_params(left=False)
    figure.savefig(path, dpi=150)


def _rows(function):
    """List what is drawn of a function: kind, text, how many, of how many."""
    students = len(function.scores)
    mean = sum(function.scores) / students
    yield "function", f"{function.name}: {mean:.1f} of {function.points:g} points", 0, 0
    for part in function.parts:
        yield "hidden" if part.hidden else "part", part.title, part.right, part.of
    for message, count in function.messages[:FREQUENT]:
        yield "message", message, count, students
    yield "space", "", 0, 0
