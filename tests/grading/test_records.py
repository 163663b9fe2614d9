"""The record beside a number: what programs read of a test, and what they must not believe."""

import copy
import json
import re

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_output
from paths import ROOT

from cnnkit import checks
from cnnkit.checks.marks import MIME
from cnnkit.grading import source
from cnnkit.grading.preprocessors import KeepRecords, ShortenTracebacks, ShowRecords, doubt
from cnnkit.study import cells
from cnnkit.study.check import check_notebook
from cnnkit.study.records import read_record


def total():
    """Judge an answer of which two parts are right, and two wrong in the same way."""
    marks = checks.Marks("to_gray", points=3, read="chapter 1, Colour is three grids")
    for title, answer in (("dark", 1), ("light", 2)):
        with marks.part(title, weight=0.5) as part:
            part.compare(answer, answer)
    for title, answer in (("rose", [3]), ("<b>blue</b>", [4])):
        with marks.hidden(title) as part:
            part.compare(answer, [5])
    return marks.total()


def judged(score, **metadata):
    """A test cell that gave back this score."""
    data = {"grade": True, "grade_id": "test-to-gray", "points": 3, **metadata}
    cell = new_code_cell("marks.total()", metadata={"nbgrader": data})
    bundle = score._repr_mimebundle_()
    cell.outputs = [new_output("execute_result", data=copy.deepcopy(bundle), execution_count=1)]
    return cell


def keep(cell):
    return KeepRecords().preprocess_cell(cell, {}, 0)[0]


def mark_of(cell):
    """The mark that nbgrader gives a cell."""
    from nbgrader.utils import determine_grade

    return determine_grade(cell)[0]


def test_a_score_is_a_number_and_the_record_stands_beside_it():
    from IPython.core.formatters import DisplayFormatter

    score = total()
    assert score == 1.0 and isinstance(score, float)
    shown, _ = DisplayFormatter().format(score)
    assert set(shown) == {"text/plain", MIME}
    assert shown["text/plain"] == repr(1.0)
    record = json.loads(json.dumps(shown[MIME]))
    assert {k: v for k, v in record.items() if k != "parts"} == {
        "version": 1,
        "function": "to_gray",
        "score": 1.0,
        "points": 3,
        "read": "chapter 1, Colour is three grids",
    }
    right = {"title": "dark", "verdict": "right", "weight": 0.5, "hidden": False, "message": ""}
    wrong = {
        "title": "<b>blue</b>",
        "verdict": "wrong",
        "weight": 1.0,
        "hidden": True,
        "message": "Some values are wrong.",  # in full, where the text says "(As above.)"
    }
    assert [record["parts"][0], record["parts"][3]] == [right, wrong]
    assert copy.deepcopy(score) == score and copy.deepcopy(score).record == score.record


def test_a_record_is_read_and_is_the_mark():
    cell = judged(total())
    record = read_record(cell)
    assert (record.function, record.score, record.points) == ("to_gray", 1.0, 3)
    assert [part.right for part in record.parts] == [True, True, False, False]
    # A notebook may show numbers in its own way, as with `%precision 0`: the record tells all.
    cell.outputs[0].data["text/plain"] = "3"
    assert mark_of(keep(cell)) == 1.0 and doubt(cell) == ""


FORGED = {
    "score 3.0, and it must be 1.0": lambda r: r.update(score=3.0),
    "points 20, and it must be 3": lambda r: r.update(points=20),
    "function 'scale', and it must be 'to_gray'": lambda r: r.update(function="scale"),
    "'yes' is not one of": lambda r: r["parts"][2].update(verdict="yes"),
    "'message' is a required property": lambda r: r["parts"][2].pop("message"),
    "Additional properties": lambda r: r.update(bonus=5),
    "1 was expected": lambda r: r.update(version=2),
    "minimum": lambda r: r["parts"][2].update(weight=-1.5),
    "maximum": lambda r: r["parts"][0].update(weight=10**400),
    "is not of type 'number'": lambda r: r.update(score=True),
    "is not of type 'array'": lambda r: r.update(parts="all right"),
    "score nan": lambda r: r.update(score=float("nan")),
}


@pytest.mark.parametrize("words", FORGED)
def test_a_forged_or_broken_record_is_told_and_earns_nothing(words):
    cell = judged(total())
    FORGED[words](cell.outputs[0].data[MIME])
    with pytest.raises(ValueError, match=words):
        read_record(cell)
    keep(cell)
    assert mark_of(cell) == 0
    assert doubt(cell).startswith("to_gray counts as 0 points: ") and words in doubt(cell)
    ShortenTracebacks().preprocess_cell(cell, {}, 0)
    assert words in cell.outputs[0].evalue  # it quotes no test: the student may read it


@pytest.mark.parametrize("record", [None, [], "3.0", 3])
def test_a_record_of_another_kind_is_told(record):
    cell = judged(total())
    cell.outputs[0].data[MIME] = record
    with pytest.raises(ValueError, match="is not of type 'object'"):
        read_record(cell)


def test_a_test_without_a_record_or_with_two_earns_nothing():
    plain = new_output("execute_result", data={"text/plain": "3.0"}, execution_count=1)
    shown = new_output("display_data", data=judged(total()).outputs[0].data)
    for outputs in ([], [plain], [shown], judged(total()).outputs * 2):
        cell = judged(total())
        cell.outputs = outputs
        assert mark_of(keep(cell)) == 0 and "record" in doubt(cell)


def test_a_value_beside_the_record_earns_nothing():
    cell = judged(total())
    cell.outputs.insert(0, new_output("execute_result", data={"text/plain": "3"}))
    assert mark_of(cell) == 3 and mark_of(keep(cell)) == 1


def test_an_answer_is_left_as_it_is_and_a_test_that_stopped_earns_nothing():
    answer = judged(total(), solution=True)
    assert not cells.is_test(answer) and keep(copy.deepcopy(answer)) == answer
    stopped = judged(total())
    stopped.outputs.append(new_output("error", ename="KeyError", evalue="", traceback=["..."]))
    assert mark_of(stopped) == 1 and mark_of(keep(stopped)) == 0


def test_an_exception_under_a_borrowed_name_shows_no_hidden_line():
    cell = judged(total())
    secret = {"evalue": "[[secret]]", "traceback": ["hidden() # secret"]}
    cell.outputs = [new_output("error", ename="MarksInDoubt", **secret)]
    keep(cell)
    ShortenTracebacks().preprocess_cell(cell, {}, 0)
    assert doubt(cell) == "to_gray counts as 0 points: Exception stopped its test"
    assert "secret" not in str(cell.outputs)


@pytest.mark.parametrize("name", source.assignments(ROOT))
def test_each_test_cell_leaves_the_record_that_its_name_and_points_ask_for(name):
    tests = filter(cells.is_test, source.notebook_from(source.assignments(ROOT)[name]).cells)
    for cell in tests:
        function = cells.function_of(cells.grade_id(cell))
        points = cell.metadata.nbgrader.points
        opened = re.findall(r"checks\.Marks\(\s*\"(\w+)\", points=(\d+)", cell.source)
        assert opened == [(function, str(points))]
        assert cell.source.splitlines()[-1] == "marks.total()"


def test_feedback_tells_verdicts_apart_from_prints():
    cell = judged(total())
    printed = new_output("stream", text="right, said I: </pre>\x1b[31m<script>\n" * 2)
    cell.outputs.insert(0, printed)
    ShowRecords().preprocess_cell(cell, {}, 0)
    (output,) = cell.outputs
    page = output.data["text/html"]
    assert "<b>1 of 3 points</b>" in page and page.count("(As above.)") == 1
    assert page.count("Some values are wrong.") == 1
    assert "Read again: chapter 1, Colour is three grids" in page
    assert "&lt;b&gt;blue&lt;/b&gt;" in page  # nothing of an answer becomes a part of the page
    assert page.count("&lt;script&gt;") == 2 and "<script>" not in page and "\x1b" not in page
    assert page.index("light") < page.index("<details>") < page.index("said I")


def test_check_reads_the_record_whatever_an_answer_prints(tmp_path):
    """Prints are not advice, and a value at the end of a test cell is not its points."""
    notebook = nbformat.read(ROOT / "exercises/01-pixels/pixels.ipynb", as_version=4)
    cell_of = {cells.grade_id(cell): cell for cell in notebook.cells}
    cell_of["to-gray"].source = "def to_gray(image):\n    print('wrong  of all')\n"
    cell_of["test-to-gray"].source += "\n'done'"
    path = tmp_path / "pixels.ipynb"
    nbformat.write(notebook, path)
    checked = check_notebook(path)
    (result,) = (result for result in checked.results if result.name == "to_gray")
    assert (result.score, result.points) == (0, 2)
    assert result.told.startswith("Your function gave None back") and "of all" not in result.told
    assert checked.notes == ("The test of to_gray was changed: the original was run.",)
