"""The zoo: answers that students give, right and wrong, and a course to hand them in to."""

import functools
import os
import re
import shutil
from pathlib import Path
from typing import NamedTuple

import nbformat
from paths import ROOT

from cnnkit.grading import source
from cnnkit.study.cells import function_of, grade_id, is_test
from cnnkit.study.records import read_record


@functools.cache
def _cells(name):
    """The cells of an assignment's source, read once: to look at, not to change."""
    return source.notebook_from(source.assignments(ROOT)[name]).cells


def graded(name):
    """The graded cells of an assignment, in order: their nbgrader metadata."""
    cells = _cells(name)
    return [c.metadata.nbgrader for c in cells if c.metadata.get("nbgrader", {}).get("grade")]


# Function names and points are a contract with teachers, who find them in the gradebook.
CONTRACT = {
    name: {function_of(g.grade_id): g.points for g in graded(name) if not g.solution}
    for name in source.assignments(ROOT)
}
# Questions that a person marks.
WRITTEN = {name: {g.grade_id: g.points for g in graded(name) if g.solution} for name in CONTRACT}


class Answer(NamedTuple):
    """An answer to one function, and what should become of it."""

    kind: str  # "right" or "wrong"
    title: str
    lost: float  # points
    words: str  # that a wrong answer is told, among others
    code: str


# A file of answers is Python in sections. An answer that differs little from another section says
# only how; ` \n ` in it is a new line, as deep as the one that the change begins in:
#
#     # %% base: place by place              no answer, but what others are changes of
#     def sgd_step(parameters, gradients, lr):
#         return [p - lr * g for p, g in zip(parameters, gradients)]
#
#     # %% wrong: uphill
#     # loses 3: You climb
#     # base: place by place
#     # change: p - lr * g => p + lr * g
NOTE = re.compile(r"# (loses [0-9.]+|base|change): (.*)\n")


def read_answers(path):
    """Read a file of answers, those that are changes of others written out."""
    written, answers = {}, []
    for section in re.split(r"^# %% ", path.read_text("utf8"), flags=re.M)[1:]:
        head, notes, code = _split(section)
        kind, _, title = head.partition(": ")
        assert kind in ("base", "right", "wrong") and title not in written, head
        written[title] = kind, notes, code
    for title, (kind, notes, _) in written.items():
        lost = [(float(note.split()[1]), words) for note, words in notes if note[:5] == "loses"]
        assert len(lost) == (kind == "wrong"), f"{title}: what does it lose, and what is it told?"
        if kind != "base":
            answers.append(Answer(kind, title, *(lost or [(0.0, "")])[0], _code(title, written)))
    return answers


def _split(section):
    """Split a section into its head, its notes (name, text), and its code."""
    head, _, rest = section.partition("\n")
    notes = []
    while found := NOTE.match(rest):
        notes.append(found.groups())
        rest = rest[found.end() :]
    return head, notes, rest


def _code(title, written):
    """Give the code of a section: its own, or that of its base with its changes."""
    _, notes, code = written[title]
    bases = [text for note, text in notes if note == "base"]
    changes = [text for note, text in notes if note == "change"]
    assert bool(code.strip()) != bool(changes), f"{title}: either code of its own, or changes"
    assert len(bases) == bool(changes), f"{title}: changes of which base?"
    if not changes:
        return code
    assert bases[0] in written, f"{title}: there is no base {bases[0]!r}"
    code = _code(bases[0], written)
    for change in changes:
        code = changed(code, change)
    return code


def changed(code, change):
    """Apply one change, ``OLD => NEW``; OLD must be in the code exactly once."""
    old, arrow, new = change.partition(" =>")
    assert arrow, f"{change!r}: a change is written OLD => NEW"
    pattern = r"\n *".join(map(re.escape, re.split(r" ?\\n ?", old)))
    found = re.findall(f"(?=({pattern}))", code)  # also where one begins inside another
    assert len(found) == 1, f"{old!r} is {len(found)} times, not once, in\n{code}"
    start = code.index(found[0])
    line = code[code.rfind("\n", 0, start) + 1 :]
    deep = " " * (len(line) - len(line.lstrip(" ")))
    new = re.sub(r" ?\\n ?", f"\n{deep}", new.removeprefix(" "))
    return code[:start] + new + code[start + len(found[0]) :]


# How often each answer is judged on fresh draws where slow tests run: that often, or what
# CNNKIT_DRAWS says. Most judgements take some thousandths of a second; these take longer, and are
# judged as many times less often, but once.
DRAWS = 50
SLOWER = {
    "train": (1000, "trains five networks"),
    "train_model": (1000, "trains five networks, one of them on 3,000 pictures"),
    "article_model": (1000, "convolves pictures of 300 × 300 pixels, and so does what is right"),
    "article_model_keras": (1000, "as in PyTorch, and a first call of Keras takes long"),
    "predict_image": (5, "asks a network about 22 pictures, and draws each until it tells"),
    "dog_share": (10, "asks the pretrained network about two photographs"),
    "count_parameters": (2, "builds ten networks, in two libraries"),
}


def draws(function, usual=None):
    """Tell how often each answer to a function is judged on fresh draws."""
    usual = usual or int(os.environ.get("CNNKIT_DRAWS", DRAWS))
    fewer, _ = SLOWER.get(function, (1, ""))
    return max(usual // fewer, 1)


def fill_in(release, answers):
    """Give a released notebook some answers, as a student would."""
    notebook = nbformat.from_dict(release)
    for cell in notebook.cells:
        name = function_of(grade_id(cell))
        if name in answers and not is_test(cell):
            cell.source = answers[name]
    return notebook


def submit(folder, name, notebook, student):
    """Put a notebook where nbgrader looks for a student's."""
    stem = source.assignments(folder)[name].stem
    target = Path(folder, "submitted", student, name, f"{stem}.ipynb")
    target.parent.mkdir(parents=True)
    nbformat.write(notebook, target)


def new_course(folder, name):
    """Make a course of one assignment."""
    folder.mkdir(exist_ok=True)
    shutil.copy(ROOT / "nbgrader_config.py", folder)
    shutil.copytree(ROOT / "solutions" / name, folder / "solutions" / name)
    return folder


def solutions(name):
    """Read the reference answers."""
    cells = _cells(name)
    return {
        function_of(grade_id(cell)): cell.source
        for cell in cells
        if cell.metadata.get("nbgrader", {}).get("solution")
    }


def read_marks(folder, name, student):
    """Read each function's score, and what it was told, from the autograded notebook."""
    from nbgrader.utils import determine_grade

    stem = source.assignments(folder)[name].stem
    path = folder / "autograded" / student / name / f"{stem}.ipynb"
    marks = {}
    for cell in filter(is_test, nbformat.read(path, as_version=4).cells):
        record = read_record(cell)
        assert determine_grade(cell)[0] == record.score
        told = "".join(o.text for o in cell.outputs if o.output_type == "stream")
        for part in record.parts:  # what programs read is what people are told
            assert "".join(part.message.split()) in "".join(told.split())
        marks[record.function] = (record.score, " ".join(told.split()))
    return marks
