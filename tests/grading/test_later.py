"""What changes after a class was graded: due dates, times, hand-ins, the exercise itself."""

import contextlib
import os
import re
import shutil
import sqlite3

import nbformat
import pytest
import zoo
from paths import ROOT

from cnnkit import cli
from cnnkit.grading import steps
from cnnkit.grading.course import autograde
from cnnkit.grading.export import export, gradebook, scores
from cnnkit.grading.regrade import compare
from cnnkit.grading.statistics import statistics

NAME = "01-pixels"
FILE = "pixels.ipynb"


@pytest.fixture
def course(tmp_path):
    """Two students with full marks, who lose them if they are late."""
    folder = zoo.new_course(tmp_path / "course", NAME)
    with (folder / "nbgrader_config.py").open("a") as config:
        config.write('\nc.LateSubmissionPlugin.penalty_method = "zero"\n')
    release = nbformat.read(ROOT / "exercises" / NAME / FILE, as_version=4)
    for student in ("ada", "bea"):
        zoo.submit(folder, NAME, zoo.fill_in(release, zoo.solutions(NAME)), student)
    return folder


def submitted(course, student):
    return course / "submitted" / student / NAME


def grade(course, with_feedback=False):
    return autograde(course, NAME, jobs=1, with_feedback=with_feedback)


def penalties(course):
    return {score.student: score.penalty for score in scores(course)}


@pytest.mark.slow
def test_a_due_date_that_is_set_later_counts_and_a_time_that_goes_does_not(course):
    stamp = submitted(course, "ada") / "timestamp.txt"
    stamp.write_text("2026-11-04 08:00:00 UTC")
    grade(course)
    assert penalties(course) == {"ada": 0, "bea": 0}
    with gradebook(course) as book:
        book.update_or_create_assignment(NAME, duedate="2026-11-03 23:59 UTC")
    assert all(result.fresh for result in grade(course).values())
    assert penalties(course) == {"ada": 10, "bea": 0}
    with gradebook(course) as book:
        book.grant_extension(NAME, "ada", days=1)
    assert {s: r.fresh for s, r in grade(course).items()} == {"ada": True, "bea": False}
    assert penalties(course) == {"ada": 0, "bea": 0}
    with gradebook(course) as book:
        book.grant_extension(NAME, "ada")
    grade(course)
    assert penalties(course) == {"ada": 10, "bea": 0}
    stamp.unlink()
    assert {s: r.fresh for s, r in grade(course).items()} == {"ada": True, "bea": False}
    assert penalties(course) == {"ada": 0, "bea": 0}


GRADE_AGAIN = ["grade", NAME, "--course"]


@pytest.mark.parametrize("damage", ["another file", "cut"])
def test_a_gradebook_that_is_damaged_is_told_with_what_to_do(course, damage, capsys):
    grade(course)
    book = course / "gradebook.db"
    before = book.read_bytes()[:8192] if damage == "cut" else b"Dear diary, " * 900
    book.write_bytes(before)
    for command in (GRADE_AGAIN, ["export", NAME, "--course"]):
        assert cli.main([*command, str(course)]) == 1
        told = capsys.readouterr().err
        assert told.startswith("cnnkit: The gradebook cannot be used (") and told.count("\n") == 1
        assert "move it away and grade again" in told
        assert book.read_bytes() == before
    book.rename(course / "away.db")
    assert cli.main([*GRADE_AGAIN, str(course)]) == 0
    assert {score.student: score.score for score in scores(course)} == {"ada": 10, "bea": 10}


def test_a_gradebook_that_others_lock_is_told(course, capsys, monkeypatch):
    grade(course)
    monkeypatch.setattr(steps, "PATIENCE", 0.2)
    other = sqlite3.connect(course / "gradebook.db", isolation_level=None)
    with contextlib.closing(other):
        other.execute("begin exclusive")
        assert cli.main([*GRADE_AGAIN, str(course)]) == 1
    assert "cnnkit: The gradebook is locked: another program" in capsys.readouterr().err
    assert cli.main([*GRADE_AGAIN, str(course)]) == 0


def test_a_mark_of_what_is_there_no_more_is_not_handed_on(course):
    grade(course, with_feedback=True)
    path = submitted(course, "bea") / FILE
    whole = path.read_bytes()
    path.write_text("<html>")
    results = grade(course, with_feedback=True)
    assert results["bea"].score is None and not results["ada"].fresh
    text, notes = export(course, "table")
    assert "ada" in text and "bea" not in text
    (note,) = notes
    assert note.startswith(f"bea, {NAME}, is left out") and "10 points are of what was" in note
    assert not (course / "feedback/bea" / NAME / "pixels.html").exists()
    found = statistics(course, NAME)
    assert found.students == 1
    assert found.unread == ["bea: what is handed in now is not graded"]
    path.write_bytes(whole)
    assert grade(course, with_feedback=True)["bea"].score == 10
    assert "bea" in export(course, "table")[0] and statistics(course, NAME).students == 2
    assert (course / "feedback/bea" / NAME / "pixels.html").exists()
    a_mark_goes_with_the_work_that_earned_it(course)


def a_mark_goes_with_the_work_that_earned_it(course):
    """Somebody's folder turns out to be another's, and is moved there."""
    (course / "submitted/bea").rename(course / "submitted/cora")
    grade(course)
    text, (note,) = export(course, "table")
    assert "ada" in text and "cora" in text and "bea" not in text
    assert (
        note.startswith(f"bea, {NAME}, is left out") and "10 points are for what was in it" in note
    )
    found = statistics(course, NAME)
    assert found.students == 2
    assert found.unread == ["bea: what was handed in is there no longer"]
    shutil.rmtree(course / "submitted")  # the term is over
    assert "bea" in export(course, "table")[0] and statistics(course, NAME).students == 3


def test_regrading_reads_what_grading_reads(course):
    """No links, and no pipes."""
    (course / "submitted/lin").symlink_to("ada")
    os.mkfifo(submitted(course, "bea") / "pipe")
    assert grade(course)["lin"].score is None
    changes, graded = compare(course, NAME, jobs=1)
    assert changes == [] and graded["bea"].score == 10
    assert "links are not followed" in " ".join(graded["lin"].doubts)


def test_all_that_is_not_graded_is_named(course, capsys):
    root = course / "submitted"
    (root / "zipper").mkdir()
    (root / "zipper/homework.zip").write_bytes(b"PK\3\4")
    shutil.copytree(root / "bea" / NAME, root / "cap/01-Pixels")
    shutil.copy(root / "bea" / NAME / FILE, root / "loose.ipynb")
    (root / "bea/notes.txt").write_text("")
    (root / "other/02-convolution").mkdir(parents=True)
    (root / "other/empty").mkdir()
    (course / "solutions/02-convolution").mkdir()
    shutil.copy(
        ROOT / "solutions/02-convolution/convolution.md", course / "solutions/02-convolution"
    )
    os.link(root / "bea" / NAME / FILE, root / "other/02-convolution/convolution.ipynb")
    odd = os.fsencode(root) + b"/M\xfcller/" + NAME.encode()
    try:
        os.makedirs(odd)
        shutil.copy(os.fsencode(root / "bea" / NAME / FILE), odd)
    except OSError:
        odd = None
    (root / ".DS_Store").write_bytes(b"")
    assert cli.main(["grade", NAME, "--jobs", "1", "--course", str(course)]) == 1
    told = capsys.readouterr()
    scored = dict(line.split()[::-1] for line in told.out.splitlines())
    none = {"zipper", "cap", "loose.ipynb"} | ({"Müller"} if odd else set())
    assert scored == {"ada": "10.00", "bea": "10.00"} | dict.fromkeys(none, "none")
    lines = [
        "  zipper: homework.zip lies in no assignment's folder: is it submitted/STUDENT/01-pixels",
        "  cap: the folder 01-Pixels is of no assignment: is it 01-pixels?",
        "  loose.ipynb: it is no folder of a student: is it submitted/STUDENT/01-pixels/?",
        "  bea: notes.txt lies in no assignment's folder: is it submitted/STUDENT/01-pixels/?",
    ]
    if odd:
        lines.append(
            "  Müller: the name of its folder is not written in UTF-8: rename it, to Müller"
        )
    for line in lines:
        assert line in told.err


@pytest.mark.slow
def test_other_functions_than_those_graded_are_told_with_what_to_do(course):
    grade(course)
    source = course / "solutions" / NAME / "pixels.md"
    text = source.read_text("utf8")
    source.write_text(re.sub(r"\bflat-index\b", "flat-place", text), "utf8")
    with pytest.raises(RuntimeError) as told:
        grade(course)
    with gradebook(course) as book:
        assert len(book.assignment_submissions(NAME)) == 2  # all marks are there
        book.remove_assignment(NAME)
    assert grade(course)["ada"].score == 8
    for words in ("flat-index", "flat-place", "nbgrader db assignment remove 01-pixels --force"):
        assert words in str(told.value)
