"""Grading as a teacher does it: broken answers, feedback, and what must not be seen."""

import json
import logging
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
import zoo
from pages import page_of
from paths import ROOT

from cnnkit.grading import course, leaks, source, steps, workers
from cnnkit.grading.preprocessors import ShortenTracebacks

NAME = "01-pixels"

BROKEN = {
    "to_gray": "def to_gray(image:\n    return image",
    "scale": "def scale(image):\n    while True:\n        pass",
    "flat_index": "def flat_index(row, column, width):\n    raise SystemExit(f'{row} {column}')",
}
# An answer that wants to know the hidden tests, and an honest one that the test cell cannot quiet.
CURIOUS = """
def to_channels_first(image):
    print("seen", image.tolist())
    raise KeyError(str(image.tolist()))
"""
PRECISE = """
def scale(image):
    return image / 255
"""
NOISY = """
import logging

logging.basicConfig()  # keeps the stream of this cell

def dense_parameters(shape, units):
    logging.warning("an honest note")
    return int(np.prod(shape)) * units + units
"""


def cnnkit(*arguments, status=0):
    """Run a command as a teacher types it; what it printed, and what it complained of."""
    command = [sys.executable, "-m", "cnnkit", *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == status, done.stderr
    return done.stdout, done.stderr


def test_from_a_source_to_marks_and_feedback(tmp_path):
    """What a teacher does in a term, once: one student ends the kernel, one forges marks."""
    folder = zoo.new_course(tmp_path / "course", NAME)
    cnnkit("assignments", "--course", folder)
    made = folder / "exercises" / NAME / "pixels.ipynb"
    assert made.read_bytes() == (ROOT / "exercises" / NAME / "pixels.ipynb").read_bytes()
    for student, own in (
        ("broken", {**BROKEN, "dense_parameters": NOISY}),
        ("curious", {"to_channels_first": CURIOUS}),
        ("precise", {"scale": PRECISE}),
        ("deadly", {"scale": "import os\nos._exit(0)"}),
        ("forger", {"dense_parameters": "checks.Marks.total = lambda self: self.points"}),
    ):
        release = nbformat.read(made, as_version=4)
        answers = {**zoo.solutions(NAME), **own}
        zoo.submit(folder, NAME, zoo.fill_in(release, answers), student)
    handed_out = contents_and_times(folder)
    (folder / "submitted" / "empty" / NAME).mkdir(parents=True)
    path = folder / "submitted" / "forger" / NAME / "pixels.ipynb"
    path.rename(path.with_name("pixels (1).ipynb"))
    told, complaint = cnnkit("grade", NAME, "--jobs", 2, "--course", folder, status=1)
    assert told == (
        "  4.00  broken\n  8.00  curious\n  8.00  deadly\n  none  empty\n  8.00  forger\n"
        "  9.25  precise\n"
    )
    mended = "  forger: The notebook was renamed: pixels (1).ipynb was taken for pixels.ipynb."
    assert complaint.startswith(
        f"Mended:\n{mended}\nNot graded:\n  empty: The folder is empty: there should be pixels"
    )
    assert f"submitted/STUDENT/{NAME}" in complaint
    assert contents_and_times(folder) == handed_out
    a_second_run_grades_what_has_changed(folder, told)

    broken_functions_cost_only_their_own_points_and_noise_costs_none(folder)
    feedback_shows_neither_hidden_tests_nor_what_they_passed_in(folder)
    plain_nbgrader_feedback_would_leak(folder)
    an_nbgrader_that_fails_never_shows_earlier_scores(folder)


def a_second_run_grades_what_has_changed(folder, told):
    """And nothing else: also after a run that was killed between two of its steps."""
    results = folder / "results.json"
    pages = {path: path.stat().st_mtime_ns for path in folder.glob("feedback/*/*/*.html")}
    assert len(pages) == 5
    path = folder / "submitted/precise" / NAME / "pixels.ipynb"
    path.write_bytes(path.read_bytes().replace(b"image / 255", b"image / 256"))
    (folder / "feedback/curious" / NAME / "pixels.html").unlink()
    # Not that of "broken": an endless loop would take its seconds once more.
    (folder / "autograded/deadly" / NAME / "pixels.ipynb").unlink()
    again, complaint = cnnkit("grade", NAME, "--course", folder, "--json", results, status=1)
    assert again == told.replace("9.25", "8.00") + (
        "2 of 6 have not changed since (--force grades them again).\n"
    )
    assert complaint.startswith("Mended:\n  forger: The notebook was renamed: ")
    found = {r["student"]: r for r in json.loads(results.read_text())["results"]}
    fresh = {student for student, result in found.items() if result["fresh"]}
    assert fresh == {"precise", "curious", "deadly", "empty"}
    assert found["deadly"]["functions"]["scale"] == 0 and found["deadly"]["score"] == 8
    assert found["broken"]["functions"]["scale"] == 0 and found["broken"]["score"] == 4
    for path, written in pages.items():
        kept = path.parts[-3] not in fresh
        assert (path.stat().st_mtime_ns == written) == kept, path


def contents_and_times(folder):
    """What git tracks of a course, and when it was written."""
    files = [folder / "nbgrader_config.py", *folder.glob("solutions/*/*.md")]
    files += folder.glob("exercises/*/*")
    assert len(files) == 3
    return {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in files}


def broken_functions_cost_only_their_own_points_and_noise_costs_none(folder):
    marks = zoo.read_marks(folder, NAME, "broken")
    assert {name: score for name, (score, _) in marks.items()} == {
        "to_channels_first": 2,
        "to_gray": 0,
        "scale": 0,
        "flat_index": 0,
        "dense_parameters": 2,
    }
    assert "There is no to_gray yet" in marks["to_gray"][1]
    assert "is there a loop that never ends?" in marks["scale"][1]


def an_nbgrader_that_fails_never_shows_earlier_scores(folder):
    book = folder / "gradebook.db"
    whole = book.read_bytes()
    book.write_bytes(b"no database" * 500)
    with pytest.raises(Exception, match="not a database"):
        course.autograde(folder, NAME, jobs=1)
    book.write_bytes(whole)


def feedback_shows_neither_hidden_tests_nor_what_they_passed_in(folder):
    pages = sorted(folder.glob("feedback/*/*/*.html"))
    assert len(pages) == 5
    for page in pages:
        assert re.findall(r"<(?:script|link|img)\b[^>]*https?:[^>]*>", page.read_text()) == []
    # A student's feedback holds her own answers, so only what is hidden in tests counts.
    found = [leak for leak in leaks.find_leaks(ROOT, pages) if "solution of" not in leak]
    assert found == []
    texts = {page.parts[-3]: re.sub(r"<[^>]*>", "", page.read_text()) for page in pages}
    # Three hidden images were passed in; the visible ones are the only ones that can be read.
    curious = texts["curious"]
    assert curious.count("seen [[") == 2
    for told in curious.split("What the test cell printed")[:2]:  # as a table, and as printed
        assert told.count("stopped with a KeyError.") == 1 and told.count("(As above.)") == 2
    assert "images that are taller than wide" in curious


def plain_nbgrader_feedback_would_leak(folder):
    """The gate sees what it must see: without our configuration, feedback tells hidden tests."""
    config = folder / "nbgrader_config.py"
    whole = config.read_text()
    config.write_text(re.sub(r"c\.GenerateFeedback.*?\]\n", "", whole, flags=re.DOTALL))
    for path in folder.glob("autograded/*"):  # one page tells it as well as five
        if path.name != "curious":
            shutil.rmtree(path)
    course.write_feedback(folder, NAME)
    config.write_text(whole)
    pages = sorted(folder.glob("feedback/curious/*/*.html"))
    assert any("hidden tests of 01-pixels" in leak for leak in leaks.find_leaks(folder, pages))


def test_a_traceback_in_a_test_cell_is_cut():
    cell = nbformat.v4.new_code_cell("hidden()", metadata={"nbgrader": {"grade": True}})
    cell.outputs = [
        nbformat.v4.new_output(
            "error", ename="KeyError", evalue="'secret'", traceback=["hidden() # secret"]
        ),
    ]
    cell, _ = ShortenTracebacks().preprocess_cell(cell, {}, 0)
    assert [o.output_type for o in cell.outputs] == ["error"]
    assert "secret" not in str(cell.outputs) and "KeyError" in cell.outputs[0].traceback[0]


def test_grading_says_what_is_missing(tmp_path):
    folder = zoo.new_course(tmp_path / "course", NAME)
    with pytest.raises(ValueError, match=r"There is no assignment '99-nothing'"):
        course.autograde(folder, "99-nothing")
    with pytest.raises(ValueError, match=r"submitted/STUDENT/01-pixels/pixels\.ipynb"):
        course.autograde(folder, NAME)
    zoo.submit(folder, NAME, nbformat.v4.new_notebook(), "ada")
    with pytest.raises(ValueError, match="jobs=0: grade at least one"):
        course.autograde(folder, NAME, jobs=0)


def test_a_terminal_shows_how_far_the_grading_is(tmp_path):
    if shutil.which("script") is None:
        pytest.skip("no `script` on this machine to play a terminal")
    folder = zoo.new_course(tmp_path / "course", NAME)
    release = nbformat.read(ROOT / "exercises" / NAME / "pixels.ipynb", as_version=4)
    for student in ("ada", "grace"):
        zoo.submit(folder, NAME, zoo.fill_in(release, {}), student)
    words = f"stty cols 120 rows 40; {sys.executable} -m cnnkit grade {NAME} --course {folder}"
    terminal = {**os.environ, "TERM": "xterm"}
    done = subprocess.run(
        ["script", "-qec", words, "/dev/null"], capture_output=True, text=True, env=terminal
    )
    assert "2/2" in done.stdout and "0.00  ada" in done.stdout


def test_nbgrader_that_gives_up_says_why(tmp_path):
    """A configuration that cannot be read is no reason to grade by another one."""
    words = {
        "raise SystemExit('no disk')": "no disk",
        "1 / 0": "division by zero",
        "get_config().CourseDirectory.root = 7": "root",
        "get_config().CourseDirectory.source_directory = 'solutions'": "No notebooks were matched",
    }
    folders = [tmp_path / str(i) for i in range(len(words))]
    for folder, line in zip(folders, words, strict=True):
        folder.mkdir()
        Path(folder, "nbgrader_config.py").write_text(line + "\n")
    results = workers.each(lambda slot, folder: steps.release(folder), folders, tries=1)
    for folder, expected in zip(folders, words.values(), strict=True):
        assert isinstance(results[folder], RuntimeError)
        assert re.match(r"nbgrader (\w+ gave up|did not start in \S+): ", str(results[folder]))
        assert expected in str(results[folder])


def test_nbgrader_starts_and_closes_nobodys_log(tmp_path):
    """absl, which comes with Keras, takes the standard error with it when its log is closed."""

    class Log(logging.Handler):
        closed = False

        def close(self):
            self.closed = True
            super().close()

    log = Log()
    steps.start(zoo.new_course(tmp_path / "course", NAME))
    assert not log.closed


def test_cell_ids_stay_when_other_cells_change(tmp_path):
    text = source.assignments(ROOT)[NAME].read_text()
    changed = tmp_path / "pixels.md"
    changed.write_text(text.replace("# Exercise 1: Pixels", "# Exercise 1: Other words"))
    before = [cell.id for cell in source.notebook_from(source.assignments(ROOT)[NAME]).cells]
    after = [cell.id for cell in source.notebook_from(changed).cells]
    assert len(set(before)) == len(before)
    assert [a == b for a, b in zip(before, after, strict=True)] == [False] + [True] * (
        len(before) - 1
    )


def test_each_place_to_read_again_is_a_section_of_the_chapter():
    for path in source.assignments(ROOT).values():
        places = set(re.findall(r'read="chapter (\d+)(?: \(.+?\))?, (.+?)"', path.read_text()))
        places |= set(
            re.findall(r'^\*Hint:\* chapter (\d+)(?: \(.+?\))?, "(.+?)"', path.read_text(), re.M)
        )
        assert places
        for chapter, section in places:
            page_of(int(chapter), section)
