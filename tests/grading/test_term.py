"""After the marks: scores for other programs, what a class took for true, a mended test."""

import csv
import io
import json
from types import SimpleNamespace

import nbformat
import pytest
import zoo
from paths import ROOT
from PIL import Image

from cnnkit import cli
from cnnkit.grading.collect import collect
from cnnkit.grading.course import autograde
from cnnkit.grading.export import export, gradebook, scores
from cnnkit.grading.regrade import table
from cnnkit.grading.statistics import Function, Share, Statistics, as_json, draw, hashed
from cnnkit.grading.statistics import table as statistics_table

NAME = "01-pixels"
WRONG_TEST = "part.compare(flat_index(row, column, width), 8)"  # it is 11
RIGHT_TEST = "part.compare(flat_index(row, column, width), 11)"


@pytest.fixture(scope="module")
def course(tmp_path_factory):
    """Three students of Moodle, graded with a test that is wrong; two share a misconception."""
    folder = zoo.new_course(tmp_path_factory.mktemp("term") / "course", NAME)
    source = folder / "solutions" / NAME / "pixels.md"
    text = source.read_text("utf8")
    assert text.count(RIGHT_TEST) == 1
    source.write_text(text.replace(RIGHT_TEST, WRONG_TEST), "utf8")
    release = nbformat.read(ROOT / "exercises" / NAME / "pixels.ipynb", as_version=4)
    answers = zoo.solutions(NAME)
    flat = "def to_gray(image):\n    return image.mean(axis=2)\n"
    lost = "def scale(image):\n    return open('C:/Users/Cleo Muster/scale.txt').read()\n"
    cleo = {"to_gray": flat, "scale": lost}
    download = folder.parent / "download"
    for number, (student, own) in enumerate(
        {"Ada Muster": {}, "Bea Muster": {"to_gray": flat}, "=Cleo": cleo}.items()
    ):
        place = download / f"{student}_{100 + number}_assignsubmission_file_"
        place.mkdir(parents=True)
        nbformat.write(zoo.fill_in(release, {**answers, **own}), place / "pixels.ipynb")
    collect(folder, NAME, [download])
    graded = autograde(folder, NAME, jobs=1)
    return SimpleNamespace(folder=folder, scores={s: r.score for s, r in graded.items()})


def rows_of(text):
    return list(csv.DictReader(io.StringIO(text)))


def test_scores_are_those_of_nbgrader_less_what_is_late(course, tmp_path):
    from nbgrader.plugins import CsvExportPlugin

    with gradebook(course.folder) as book:
        late = book.find_submission_notebook("pixels", NAME, "Bea-Muster")
        late.late_submission_penalty = 1.5
        book.db.commit()
        CsvExportPlugin(to=str(tmp_path / "theirs.csv")).export(book)
    theirs = {row["student_id"]: row for row in rows_of((tmp_path / "theirs.csv").read_text())}
    ours = rows_of(export(course.folder, "table")[0])
    assert len(ours) == 3
    for row in ours:
        own = theirs[row["student"]]
        assert float(row["score"]) == float(own["score"])
        assert float(row["penalty"]) == float(own["late_submission_penalty"])
        assert float(row["of"]) == float(own["max_score"]) == 10
    names = {row["student"]: row["name"] for row in ours}
    assert names == {"Ada-Muster": "Ada Muster", "Bea-Muster": "Bea Muster", "Cleo": "'=Cleo"}


def test_moodle_reads_its_worksheet(course, capsys):
    """By these three headings, as its importer looks for them, and by the number at the end."""
    out = course.folder / "grades-moodle.csv"
    command = ["export", NAME, "--to", "moodle", "--course", str(course.folder)]
    assert cli.main(command) == 0
    assert capsys.readouterr().out.strip() == str(out)
    rows = rows_of(out.read_text("utf8"))
    assert {"Identifier", "Grade", "Last modified (grade)"} <= set(rows[0])
    ids = {row["Identifier"]: float(row["Grade"]) for row in rows}
    assert ids["Participant 100"] == course.scores["Ada-Muster"]
    assert set(ids) == {"Participant 100", "Participant 101", "Participant 102"}
    with pytest.raises(ValueError, match="about one assignment"):
        export(course.folder, "moodle", [])
    with pytest.raises(ValueError, match="to='excel' was given"):
        export(course.folder, "excel")
    with pytest.raises(ValueError, match="'02-convolution' is not graded yet; these are: 01-"):
        export(course.folder, "table", ["02-convolution"])


def test_canvas_reads_its_gradebook(course):
    """Its importer wants Student, ID, ... Section first, then assignments, then what they give."""
    text, notes = export(course.folder, "canvas", [NAME])
    header, points, *rows = csv.reader(io.StringIO(text))
    assert header == ["Student", "ID", "SIS User ID", "SIS Login ID", "Section", NAME]
    assert "Points Possible" in points[0] and points[-1] == "10"
    assert len(rows) == len(notes) == 3 and float(rows[0][-1]) == course.scores["Ada-Muster"]


def test_canvas_is_told_the_numbers_that_it_gave_itself(course, monkeypatch):
    """A submission that was handed in without names has a number of another kind: none."""
    roll = [
        SimpleNamespace(folder=folder, name=folder.title(), id=number, system="Canvas")
        for folder, number in [("Ada-Muster", "7001"), ("Bea-Muster", "anon_a1B2c")]
    ]
    monkeypatch.setattr("cnnkit.grading.export.read_roll", lambda course: roll)
    text, notes = export(course.folder, "canvas", [NAME])
    _, _, *rows = csv.reader(io.StringIO(text))
    assert {row[0]: row[1] for row in rows}["Ada-Muster"] == "7001"
    assert sorted(row[1] for row in rows) == ["", "", "7001"] and len(notes) == 2


def test_statistics_count_misconceptions_and_draw_them(course, tmp_path, capsys):
    command = ["statistics", NAME, "--course", str(course.folder)]
    picture = tmp_path / "class.png"
    assert cli.main([*command, "--show", str(picture)]) == 0
    told = capsys.readouterr().out
    assert told.startswith(f"{NAME}: 3 students\n")
    assert "100%  " in told and " 33%  " in told and "\n    2 ×  " in told
    with Image.open(picture) as image:
        assert image.width > 1000
    assert cli.main([*command, "--json", "--hashed"]) == 0
    text = capsys.readouterr().out
    data = json.loads(text)
    (gray,) = (function for function in data["functions"] if function["name"] == "to_gray")
    assert {part["of"] for part in gray["parts"]} == {3} and gray["messages"][0][1] == 2
    assert sum(part["hidden"] for part in gray["parts"]) > 0
    assert "Muster" not in text and "Your function stopped with FileNotFoundError." in text
    assert data["scores"][hashed(course.folder, "Ada-Muster")] == course.scores["Ada-Muster"]
    assert cli.main([*command, "--json"]) == 0
    assert "scores" not in json.loads(capsys.readouterr().out)
    assert cli.main(["statistics", "99-none", "--course", str(course.folder)]) == 1
    assert "There is no assignment '99-none'" in capsys.readouterr().err


def test_words_of_students_are_words_in_pictures_and_terminals(tmp_path):
    """No formula that stops a picture for the class, no order to a terminal."""
    words = "ValueError: $\\frac$ \x1b]0;gone\x07\x1b[2J \ud800 $x"
    function = Function("to_gray", 2, [0.0], [Share(words, False, 0, 1)], [(words, 1)])
    found = Statistics(NAME, 1, [function], {"ada": 0.0}, [f"ada: {words}"])
    told = statistics_table(found)
    assert told.count("$\\frac$") == 3 and all(map(str.isprintable, told.split("\n")))
    told.encode()
    for kind in ("png", "svg"):
        draw(found, tmp_path / f"class.{kind}")
    assert json.loads(as_json(found))


@pytest.mark.slow
def test_regrading_says_who_gains_before_it_writes(course, capsys):
    config = course.folder / "nbgrader_config.py"
    beside = 'import pathlib\nexec(pathlib.Path(__file__).with_name("late.py").read_text())\n'
    config.write_text(config.read_text() + beside)
    (course.folder / "late.py").write_text('c.LateSubmissionPlugin.penalty_method = "zero"\n')
    command = ["regrade", NAME, "--jobs", "1", "--course", str(course.folder)]
    before = (course.folder / "gradebook.db").read_bytes()
    assert table([]) == "Nobody gains or loses."
    source = course.folder / "solutions" / NAME / "pixels.md"
    source.write_text(source.read_text("utf8").replace(WRONG_TEST, RIGHT_TEST), "utf8")
    assert cli.main(command) == 0
    told = capsys.readouterr().out
    assert told.count("flat_index: 1.75 -> 2") == 3 and "3 gain, 0 lose somewhere." in told
    assert "Nothing is written." in told
    assert (course.folder / "gradebook.db").read_bytes() == before
    points = {score.student: score.points for score in scores(course.folder)}
    assert cli.main([*command, "--write"]) == 0
    told = capsys.readouterr().out
    assert "3 gain, 0 lose somewhere." in told and "Nothing is written" not in told
    for score in scores(course.folder):
        assert score.points == points[score.student] + 0.25
        assert list(course.folder.glob(f"feedback/{score.student}/*/*.html"))
