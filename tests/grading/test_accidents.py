"""Honest accidents: each costs what was not handed in, and nothing else, and is told."""

import contextlib
import copy
import html
import json
import os
import re
import shutil
import subprocess
import sys

import nbformat
import pytest
import zoo
from accident import NAME, accidents, encoded, hand_in
from hypothesis import example, given, settings
from hypothesis import strategies as st
from paths import ANSWERS, ROOT

from cnnkit import cli
from cnnkit.grading import course, intake, source
from cnnkit.study import check, kernel
from cnnkit.study.cells import grade_id, id_of_answer, is_test, released_source
from cnnkit.study.check import check_notebook
from cnnkit.study.reading import read_notebook
from cnnkit.study.records import read_record
from cnnkit.study.releases import released
from cnnkit.study.repair import _definitions, rebuild, repair

EXERCISE = "02-convolution"
ACCIDENTS = accidents()


@pytest.fixture(scope="module")
def solved():
    release = nbformat.read(ROOT / "exercises" / EXERCISE / NAME, as_version=4)
    answers = {f: re.sub(r" *###.*\n?", "", text) for f, text in zoo.solutions(EXERCISE).items()}
    return zoo.fill_in(release, answers)


@pytest.fixture(scope="module")
def frames():
    """The exercise as its teacher has it, and as a student has it."""
    own = source.notebook_from(source.assignments(ROOT)[EXERCISE])
    return own, released(copy.deepcopy(own))


@pytest.mark.parametrize("name", ACCIDENTS)
def test_an_accident_is_told_and_mended(name, solved, frames, tmp_path):
    accident = ACCIDENTS[name]
    hand_in(accident, solved, tmp_path / "work")
    made = []
    for frame in frames:
        if accident.score is None:
            with pytest.raises(ValueError) as told:
                repair(frame, tmp_path / "work", NAME)
            assert accident.note in str(told.value)
            continue
        repaired = repair(frame, tmp_path / "work", NAME)
        told = " ".join(repaired.notes)
        assert accident.note in told if accident.note else repaired.notes == (), told
        nbformat.validate(repaired.notebook)
        the_exercise_is_whole(repaired.notebook, frame)
        made.append([cell.source for cell in repaired.notebook.cells if not is_test(cell)])
    assert made[1:] == made[:1]  # `check` and `grade` run the same answers


def the_exercise_is_whole(notebook, frame):
    """Each cell of the exercise stands in its order, tests untouched; no model answer is there."""
    marked = [cell for cell in notebook.cells if grade_id(cell)]
    assert [grade_id(cell) for cell in marked] == [
        grade_id(cell) for cell in frame.cells if grade_id(cell)
    ]
    for cell in marked:
        (own,) = (c for c in frame.cells if grade_id(c) == grade_id(cell))
        assert cell.metadata == own.metadata and cell.cell_type == own.cell_type
        assert "BEGIN SOLUTION" not in cell.source
        if is_test(cell):
            assert cell.source == own.source
    ids = [cell.id for cell in notebook.cells]
    assert len(set(ids)) == len(ids)
    tests = {released_source(cell) for cell in frame.cells if is_test(cell)}
    assert not any(cell.source in tests for cell in notebook.cells if not grade_id(cell))


@pytest.mark.timeout(120)
@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("test", "import os\n" * 20_000),
        ("test", "import os;" * 20_000),
        ("answer", "x\n" * 20_000),
        ("answer", "\n" * 200_000 + "convolve("),
        ("markdown", "![" * 200_000),
        ("markdown", "![x](attachment:" * 50_000),
        ("own", "def f(): ..., convolve\n" * 5_000),
    ],
)
def test_mending_never_takes_longer_than_reading(kind, text, frames):
    """Lines by the ten thousand are mended in seconds, not in hours."""
    cells = copy.deepcopy(frames[1].cells)
    places = {"test": "test-convolve", "answer": "convolve"}
    own = [c for c in cells if grade_id(c) == places.get(kind)]
    if own:
        own[0].source = text
    else:
        new = nbformat.v4.new_markdown_cell if kind == "markdown" else nbformat.v4.new_code_cell
        cells.append(new(text))
    made = rebuild(frames[0], cells)
    the_exercise_is_whole(made.notebook, frames[0])


def test_what_stands_in_a_test_is_taken_out_as_it_was_written():
    text = "import os; x = 1; import re\n@cached(\n  1)\ndef f(ä):\n    return 'ä'  # a\n!ls"
    assert _definitions(text) == [
        "import os",
        "import re",
        "@cached(\n  1)\ndef f(ä):\n    return 'ä'",
    ]


def test_what_takes_too_long_is_left_and_told(solved, frames, tmp_path, monkeypatch):
    monkeypatch.setattr("cnnkit.study.repair.PATIENCE", 0.2)

    def endless(*arguments):
        while True:
            with contextlib.suppress(ValueError, OSError, RuntimeError):
                json.loads("{}")

    monkeypatch.setattr("cnnkit.study.repair.rebuild", endless)
    (tmp_path / NAME).write_bytes(encoded(solved))
    taken = intake.take(frames[0], tmp_path, NAME)
    assert taken.notebook is None and "reading it takes too long" in taken.notes[0]


QUESTION = "what-would-you-do"


@pytest.mark.parametrize("marked", [True, False])
@pytest.mark.parametrize("instead", [True, False])
def test_a_written_answer_is_found(marked, instead):
    """In its cell, or in a new one below it; also without any mark."""
    frame = source.notebook_from(source.assignments(ROOT)["08-training"])
    cells = released(copy.deepcopy(frame)).cells
    (place,) = (n for n, cell in enumerate(cells) if grade_id(cell) == QUESTION)
    text = "I would take smaller batches."
    if instead:
        cells[place].source = text
    else:
        cells.insert(place + 1, nbformat.v4.new_markdown_cell(text))
    if not marked:
        for cell in cells:
            cell.metadata = {}
    repaired = rebuild(frame, cells)
    (own,) = (cell for cell in repaired.notebook.cells if grade_id(cell) == QUESTION)
    assert own.source == text and own.cell_type == "markdown"
    assert repaired.answers == (QUESTION,) and repaired.missing == ()


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_check_and_grade_give_the_same_marks(solved, frames, tmp_path):
    """To each notebook that comes of an accident; those that come out alike are run once."""
    folder = zoo.new_course(tmp_path / "course", EXERCISE)
    submitted, alike = folder / "submitted", {}
    for name, accident in ACCIDENTS.items():
        work = submitted / name / EXERCISE
        hand_in(accident, solved, work)
        if accident.score is not None:
            made = repair(frames[0], work, NAME).notebook
            texts = tuple((cell.cell_type, cell.source) for cell in made.cells)
            if alike.setdefault(texts, name) != name:
                assert ACCIDENTS[alike[texts]].score == accident.score, name
                shutil.rmtree(submitted / name)
    assert 16 < len(alike) < 32
    graded = course.autograde(folder, EXERCISE, jobs=2, with_feedback=True)
    for name, result in graded.items():
        accident = ACCIDENTS[name]
        assert result.score == accident.score, f"{name}: {result}"
        words = " ".join(result.notes if accident.score is not None else result.doubts)
        assert accident.note in words
        if accident.score is None:
            continue
        (page,) = folder.glob(f"feedback/{name}/*/*.html")
        page = page.read_text("utf8")
        assert accident.note in html.unescape(re.sub(r"<[^>]*>", "", page))
        assert ("Before this notebook was graded" in page) == bool(result.notes), name
        visible = {r.name: r.score == r.points for r in check_notebook(submitted / name).results}
        cells = nbformat.read(folder / "autograded" / name / EXERCISE / NAME, as_version=4).cells
        for record in map(read_record, filter(is_test, cells)):
            shown = [part.right for part in record.parts if not part.hidden]
            assert visible[record.function] == all(shown), (name, record.function)


ON_THE_WAY = ["two_tries", "marks_lost_and_a_typing_error", "downloaded_twice", "test_changed"]


@pytest.mark.parametrize("name", ON_THE_WAY)
def test_check_tells_accidents_and_points(name, solved, tmp_path, capsys):
    accident = ACCIDENTS[name]
    hand_in(accident, solved, tmp_path / "work")
    (path,) = (tmp_path / "work").iterdir()
    before = path.read_bytes()
    assert cli.main(["check", str(path)]) == (accident.score < 20)
    told = " ".join(capsys.readouterr().out.split())
    assert f"Note: {accident.note}" in told or ("Note: " in told and accident.note in told)
    assert f"together {accident.score}.00 of 20" in told
    assert path.read_bytes() == before


OWN_CELLS = ["names_forgotten", "checks_overwritten", "builtins_shadowed"]


@pytest.mark.parametrize("name", OWN_CELLS)
def test_cells_of_ones_own_cost_in_check_what_they_cost_in_grading(name, solved, tmp_path):
    hand_in(ACCIDENTS[name], solved, tmp_path / "work")
    checked = check_notebook(tmp_path / "work")
    assert sum(result.score for result in checked.results) == ACCIDENTS[name].score
    assert checked.notes == ()


def test_a_cell_that_grading_would_leave_out_check_leaves_out_and_tells(
    solved, tmp_path, monkeypatch
):
    monkeypatch.setattr(kernel, "SECONDS", 2)
    hand_in(ACCIDENTS["a_cell_of_forty_seconds"], solved, tmp_path / "work")
    (path,) = (tmp_path / "work").iterdir()
    path.write_text(path.read_text("utf8").replace("import time", "np = None; import time"), "utf8")
    checked = check_notebook(path)
    assert checked.complete and checked.notes == (check.SLOW,)


NO_NOTEBOOKS = {n for n, a in ACCIDENTS.items() if a.score is None} - {"another_exercise"}


@pytest.mark.parametrize("name", sorted(NO_NOTEBOOKS))
def test_check_says_what_is_no_notebook(name, solved, tmp_path, capsys):
    """In a sentence of ours, never in a traceback."""
    hand_in(ACCIDENTS[name], solved, tmp_path / "work")
    path = tmp_path / "work" / NAME
    path = path if path.exists() or path.is_symlink() else path.parent
    assert cli.main(["check", str(path)]) == 1
    told = capsys.readouterr()
    assert told.out == "" and told.err.startswith("cnnkit: ") and told.err.count("\n") == 1


@pytest.mark.parametrize(
    ("text", "when", "note"),
    [
        ("2026-11-03 23:59:00 UTC", "2026-11-03 23:59", ""),
        ("\ufeff2026-11-03T23:59:00+01:00\r\n", "2026-11-03 22:59", ""),
        ("yesterday evening", "", "holds no clear time but 'yesterday evening'"),
        ("9" * 500, "", "holds no clear time"),
        ("2026-11-03 23:59:01.250000 UTC", "2026-11-03 23:59", ""),
        ("2026-11-03 23:59", "2026-11-03 23:59", ""),
        ("2026-11-03 23:59 +0100", "2026-11-03 22:59", ""),
        ("2026-07-03 23:59 Europe/Berlin", "2026-07-03 21:59", ""),
        ("2026-11-03 23:59 Europe/Berlin", "2026-11-03 22:59", ""),
        ("2026-07-03 23:59 CEST", "", "holds no clear time but '2026-07-03 23:59 CEST'"),
        ("2026-07-03 23:59 Europe", "", "holds no clear time"),
        ("2026-02-30 23:59 UTC", "", "holds no clear time"),
        ("03.11.2026 23:59", "", "Write one like 2026-11-03 23:59 UTC"),
        ("10", "", "holds no clear time but '10'"),
        ("", "", ""),
    ],
)
def test_a_time_that_nobody_can_read_stops_nobody(solved, frames, tmp_path, text, when, note):
    (tmp_path / NAME).write_bytes(encoded(solved))
    (tmp_path / intake.STAMP).write_text(text, "utf-8")
    taken = intake.take(frames[0], tmp_path, NAME)
    assert taken.notebook is not None
    assert (f"{taken.when:%Y-%m-%d %H:%M}" if taken.when else "") == when
    assert note in " ".join(taken.notes) and bool(taken.notes) == bool(note)


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner, max_size=3)
    ),
    max_leaves=6,
)
TEST = {"nbgrader": {"grade_id": "test-convolve"}}
ODD_CELL = st.fixed_dictionaries(
    {},
    optional={
        "cell_type": st.sampled_from(["code", "markdown", "raw", "heading", "?"]) | ANYTHING,
        "source": st.sampled_from(
            ["def convolve(image, kernel):\n    return 1", "def convolve(:", "marks = 1", "\ud800"]
        )
        | st.lists(st.text(max_size=20), max_size=3)
        | ANYTHING,
        "metadata": st.fixed_dictionaries(
            {},
            optional={
                "nbgrader": st.fixed_dictionaries(
                    {},
                    optional={
                        "grade_id": st.sampled_from(["convolve", "test-convolve", "x"]) | ANYTHING,
                        "grade": st.booleans() | ANYTHING,
                        "solution": st.booleans() | ANYTHING,
                        "points": ANYTHING,
                    },
                )
                | ANYTHING,
                "tags": ANYTHING,
            },
        )
        | ANYTHING,
        "attachments": ANYTHING,
        "outputs": ANYTHING,
    },
)


POINTS = {"nbgrader": {"grade_id": "test-convolve", "grade": True, "points": 10**400}}


@example([{"source": "def convolve(image, kernel):\n    return 1", "metadata": TEST}], None)
@example([{"cell_type": "heading", "level": 10**30, "source": "x"}], None)
@example([{"cell_type": "code", "metadata": POINTS}], None)
@settings(max_examples=100, deadline=None)
@given(st.lists(ODD_CELL | ANYTHING, max_size=6), ANYTHING)
def test_whatever_the_file_holds_it_is_mended_or_refused_in_a_sentence(frames, cells, metadata):
    data = {"nbformat": 4, "metadata": metadata, "cells": cells}
    try:
        read = read_notebook(json.dumps(data).encode(), NAME)
        made = rebuild(frames[1], read.cells)
    except ValueError as error:
        assert str(error).startswith((NAME, "this notebook"))
        return
    the_exercise_is_whole(made.notebook, frames[1])
    text = json.dumps(made.notebook)
    for cell in read.cells:  # nothing that somebody wrote is lost, but for copies of the exercise
        if not is_test(cell) and "def convolve(image" in cell.source:
            assert "return 1" in text


def test_brackets_in_the_way_and_a_page_that_fails(solved, tmp_path, capsys):
    """In a course called like many: scores are told, the others have their pages, one is named."""
    folder = zoo.new_course(tmp_path / "Kurs [WS 2025] *", EXERCISE)
    for student in ("Muster, Anna", "Łukasz"):
        zoo.submit(folder, EXERCISE, solved, student)
    assert cli.main(["grade", EXERCISE, "--course", str(folder), "--jobs", "1"]) == 0
    assert capsys.readouterr().out == " 20.00  Muster, Anna\n 20.00  Łukasz\n"
    pages = {path.parts[-3]: path for path in folder.glob("feedback/*/*/*.html")}
    assert set(pages) == {"Muster, Anna", "Łukasz"}
    broken = folder / "autograded" / "Muster, Anna" / EXERCISE / NAME
    broken.write_text("no notebook")
    pages["Łukasz"].unlink()
    failed = course.write_feedback(folder, EXERCISE)
    assert list(failed) == ["Muster, Anna"] and failed["Muster, Anna"]
    assert pages["Łukasz"].is_file()


@pytest.mark.slow
def test_a_terminal_without_the_letters_shows_others(solved, tmp_path):
    """Windows in many countries: what a student is called, or prints, stops nobody."""
    folder = zoo.new_course(tmp_path / "course", EXERCISE)
    work = folder / "submitted" / "Łukasz Σ" / EXERCISE
    work.mkdir(parents=True)
    (work / NAME).write_text("<html>")
    (folder / "submitted" / "stray").mkdir()
    (folder / "submitted" / "stray" / NAME).write_bytes(encoded(solved))
    own = {**os.environ, "PYTHONIOENCODING": "cp1252"}
    command = [sys.executable, "-m", "cnnkit", "grade", EXERCISE, "--course", str(folder)]
    done = subprocess.run(command, capture_output=True, env=own)
    assert done.returncode == 1 and b"Traceback" not in done.stderr
    assert done.stdout.decode("cp1252").splitlines() == [
        "  none  ?ukasz ?",
        "  none  stray",
    ]
    told = done.stderr.decode("cp1252")
    assert "?ukasz ?: convolution.ipynb is a web page" in told
    assert "stray: convolution.ipynb lies in no assignment's folder" in told


@pytest.mark.parametrize("name", zoo.CONTRACT)
def test_every_answer_of_the_zoo_comes_through_as_it_was_written(name):
    """Right or wrong: there is nothing to mend, and nothing to tell."""
    frame = source.notebook_from(source.assignments(ROOT)[name])
    answers = {f: zoo.read_answers(ANSWERS / name / f"{f}.py") for f in zoo.CONTRACT[name]}
    for number in range(max(map(len, answers.values()))):
        own = {f: several[number % len(several)].code for f, several in answers.items()}
        handed_in = zoo.fill_in(released(copy.deepcopy(frame)), own)
        repaired = rebuild(frame, handed_in.cells)
        cells = {grade_id(cell): cell.source for cell in repaired.notebook.cells}
        assert {f: cells[id_of_answer(f)] for f in own} == own
        assert len(repaired.notebook.cells) == len(frame.cells) and repaired.notes == ()
