"""The zoo: answers that students give, right and wrong, and a course to hand them in to."""

import re
import shutil
from pathlib import Path

import nbformat
from paths import ROOT

from cnnkit.grading import source
from cnnkit.study.cells import function_of, grade_id, is_test
from cnnkit.study.records import read_record


def graded(name):
    """The graded cells of an assignment, in order: their nbgrader metadata."""
    cells = source.notebook_from(source.assignments(ROOT)[name]).cells
    return [c.metadata.nbgrader for c in cells if c.metadata.get("nbgrader", {}).get("grade")]


# Function names and points are a contract with teachers, who find them in the gradebook.
CONTRACT = {
    name: {function_of(g.grade_id): g.points for g in graded(name) if not g.solution}
    for name in source.assignments(ROOT)
}
# Questions that a person marks.
WRITTEN = {name: {g.grade_id: g.points for g in graded(name) if g.solution} for name in CONTRACT}


def read_answers(path):
    """Split a file of answers into (kind, title, points lost, words told, code)."""
    answers = []
    for section in path.read_text().split("# %% ")[1:]:
        head, _, code = section.partition("\n")
        kind, _, title = head.partition(": ")
        lost = re.match(r"# loses ([0-9.]+): (.+)\n", code)
        assert kind in ("right", "wrong") and (lost is not None) == (kind == "wrong"), head
        points, words = (float(lost[1]), lost[2]) if lost else (0.0, "")
        answers.append((kind, title, points, words, code))
    return answers


def slow_imports(answer):
    """Order answers so that those with PyTorch share a notebook, and those with SciPy the next."""
    return ["import torch" not in answer[4], "from scipy" not in answer[4]]


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
    cells = source.notebook_from(source.assignments(ROOT)[name]).cells
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
