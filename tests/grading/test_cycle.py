"""One week of a term, whole, by the commands of the teacher's page.

The course is copied, and a hidden test with two numbers of its own is put into it. Then twelve
students work in what they are handed, each in a way of his own, and upload it.
"""

import csv
import html
import json
import os
import re
import subprocess
import sys
import zipfile
from typing import NamedTuple

import nbformat
import pytest
import zoo
from accident import accidents, encoded
from paths import ANSWERS, copy_course

from cnnkit.grading.leaks import find_leaks
from cnnkit.study.cells import is_test

pytestmark = pytest.mark.slow

NAME, FILE = "02-convolution", "convolution.ipynb"
GIVEN, EXPECTED = "271828.25", "543656.5"
CANARY = f"""
with marks.hidden("a picture of one large number", weight=1) as part:
    image, kernel = part.given(np.full((3, 4), {GIVEN}), np.full((1, 2), 1.0))
    part.compare(convolve(image, kernel), np.full((3, 3), {EXPECTED}))
"""
CURIOUS = """
def convolve(image, kernel):
    print("seen", image.tolist())
    raise ValueError(str(image.tolist()))
"""
UPLOAD = "{}_{}_assignsubmission_file_"


class Week(NamedTuple):
    """What there is at its end: two folders, the notebook handed out, what the commands said."""

    course: object
    bundle: object
    released: object
    said: dict


class Student(NamedTuple):
    """What somebody hands in, and what should come of it."""

    files: object  # made of the released and of a solved notebook: {name: content}
    score: float
    told: str = ""  # by the teacher's table, and on the student's page
    penalty: float = 0.0


def answered(solved, **answers):
    return {FILE: encoded(zoo.fill_in(solved, answers))}


def befallen(name, told=None):
    """What an accident makes of a solved notebook."""

    def files(released, solved, folder):
        left = ACCIDENTS[name].happen(solved, folder)
        if left is not None:
            (folder / FILE).write_bytes(left if isinstance(left, bytes) else encoded(left))
        return {path.name: path.read_bytes() for path in folder.iterdir()}

    return Student(files, 20.0, ACCIDENTS[name].note if told is None else told)


def from_vs_code(released, solved, folder):
    """Every cell gets a language, and the kernel the name of an environment."""
    for cell in solved.cells:
        cell.metadata.vscode = {"languageId": "python"}
    solved.metadata.kernelspec = {"name": "python3", "display_name": ".venv (3.12.4)"}
    return {FILE: encoded(solved)}


def from_the_browser(released, solved, folder):
    """JupyterLite writes of Pyodide, and puts outputs of its own beside the tests."""
    solved.metadata.kernelspec = {"name": "python", "display_name": "Python (Pyodide)"}
    solved.metadata.language_info = {"name": "python", "version": "3.12"}
    for cell in filter(is_test, solved.cells):
        cell.outputs = [nbformat.v4.new_output("stream", text="20 of 20 points\n")]
        cell.execution_count = None
    return {FILE: encoded(solved)}


ACCIDENTS = accidents()
(WRONG,) = (
    answer
    for answer in zoo.read_answers(ANSWERS / NAME / "slide_pairs.py")
    if answer.title == "weights flipped"
)
CLASS = {
    "Perfect": Student(lambda released, solved, folder: {FILE: encoded(solved)}, 20.0),
    "Blank": Student(
        lambda released, solved, folder: {FILE: encoded(released)}, 0.0, "Nothing is written yet"
    ),
    "Wrong by name": Student(
        lambda released, solved, folder: answered(solved, slide_pairs=WRONG.code),
        20.0 - WRONG.lost,
        WRONG.words,
    ),
    "Hostile": Student(
        lambda released, solved, folder: answered(solved, convolve=CURIOUS), 15.0, "ValueError"
    ),
    "Renamed": befallen("downloaded_twice"),
    "Split": befallen("split_in_a_function"),
    "From Colab": befallen("colab_drive"),
    "From VS Code": Student(from_vs_code, 20.0),
    "Late": Student(lambda released, solved, folder: {FILE: encoded(solved)}, 20.0, penalty=20.0),
    "Two notebooks": befallen("two_notebooks_with_different_answers"),
    "Packed": befallen("still_packed", told=""),  # `collect` has unpacked it
    "From the browser": Student(from_the_browser, 20.0),
}


def cnnkit(folder, *arguments, status=0):
    """Type a command of the teacher's, or of a student's, in a folder."""
    command = [sys.executable, "-m", "cnnkit", *arguments]
    around = {**os.environ, "PYTHONPATH": str(folder)}
    done = subprocess.run(command, cwd=folder, env=around, capture_output=True, text=True)
    assert done.returncode == status, done.stdout + done.stderr
    return done.stdout + done.stderr


@pytest.fixture(scope="module")
def week(sandbox, tmp_path_factory):
    """The teacher's folder after a week, the students' bundle, and what the commands said."""
    root = tmp_path_factory.mktemp("week")
    course, said = root / "course", {}
    copy_course(course)
    for name in ("submitted", "autograded", "feedback", "gradebook.db", "students.csv"):
        assert not (course / name).exists()
    source = course / "solutions" / NAME / "convolution.md"
    before, test = source.read_text("utf8").split('marks = checks.Marks("convolve"')
    test = test.replace("### END HIDDEN TESTS", f"{CANARY}### END HIDDEN TESTS", 1)
    source.write_text(f'{before}marks = checks.Marks("convolve"{test}', "utf8")
    config = course / "nbgrader_config.py"
    config.write_text(
        f'{config.read_text("utf8")}\nc.LateSubmissionPlugin.penalty_method = "zero"\n', "utf8"
    )
    # Handed out: what the teacher packs is what the students unpack.
    cnnkit(course, "assignments")
    cnnkit(course, "student-bundle")
    with zipfile.ZipFile(course / "dist" / "cnn-course-student.zip") as archive:
        archive.extractall(root)
    (bundle,) = root.glob("cnn-course-*")
    released = nbformat.read(bundle / "exercises" / NAME / FILE, as_version=4)
    solved = zoo.fill_in(released, zoo.solutions(NAME))
    # Handed in: one download, as Moodle packs it.
    with zipfile.ZipFile(root / "download.zip", "w") as archive:
        for number, (name, student) in enumerate(CLASS.items()):
            (root / "work" / name).mkdir(parents=True)
            copies = nbformat.from_dict(released), nbformat.from_dict(solved)
            for inner, content in student.files(*copies, root / "work" / name).items():
                archive.writestr(f"{UPLOAD.format(name, 7000 + number)}/{inner}", content)
    said["collect"] = cnnkit(course, "collect", NAME, str(root / "download.zip"))
    due = [sys.executable, "-m", "nbgrader", "db", "assignment", "add", NAME]
    subprocess.run([*due, "--duedate", "2026-11-03 23:59 UTC"], cwd=course, check=True)
    stamp = course / "submitted" / "Late" / NAME / "timestamp.txt"
    stamp.write_text("2026-11-04 08:00 UTC")
    said["grade"] = cnnkit(course, "grade", NAME, "--json", "marks.json")
    said["again"] = cnnkit(course, "grade", NAME)
    said["statistics"] = cnnkit(course, "statistics", NAME, "--show", "class.png")
    said["export"] = cnnkit(course, "export", NAME, "--to", "moodle")
    return Week(course, bundle, released, said)


def folder_of(name):
    return name.replace(" ", "-")


def page_of(course, name):
    (page,) = course.glob(f"feedback/{folder_of(name)}/{NAME}/*.html")
    return page


def text_of(page):
    return " ".join(html.unescape(re.sub(r"<[^>]*>", "", page.read_text("utf8"))).split())


def test_a_student_is_told_what_the_bundle_can_tell(week, tmp_path):
    """With the bundle's own package, which knows no hidden test."""
    bundle = week.bundle
    path = bundle / "exercises" / NAME / FILE
    told = cnnkit(bundle, "check", str(path.relative_to(bundle)), status=1)
    assert "0.00 of 20" in told
    solved = zoo.fill_in(week.released, zoo.solutions(NAME))
    (tmp_path / FILE).write_bytes(encoded(solved))
    assert "20.00 of 20" in cnnkit(bundle, "check", str(tmp_path / FILE))
    assert "teacher's copy" in cnnkit(bundle, "grade", NAME, status=1)


def test_everybody_has_the_score_and_the_words_that_are_due(week):
    course = week.course
    marks = json.loads((course / "marks.json").read_text("utf8"))["results"]
    assert {one["student"]: one["score"] for one in marks} == {
        folder_of(name): student.score for name, student in CLASS.items()
    }
    for name, student in CLASS.items():
        assert student.told in text_of(page_of(course, name)), name
    assert "12 of 12 have not changed" in week.said["again"]


def test_a_late_one_loses_what_the_course_says_and_the_others_nothing(week):
    with (week.course / "grades-moodle.csv").open(encoding="utf-8-sig", newline="") as file:
        grades = {row["Full name"]: float(row["Grade"]) for row in csv.DictReader(file)}
    assert grades == {name: student.score - student.penalty for name, student in CLASS.items()}


def test_the_class_is_counted(week):
    assert WRONG.words in week.said["statistics"]
    assert (week.course / "class.png").stat().st_size > 5000


def test_nothing_that_a_student_gets_holds_what_was_hidden(week):
    """No hidden line, no drawn input, no expected value, in any file."""
    course = week.course
    text = (course / "solutions" / NAME / "convolution.md").read_text("utf8")
    assert GIVEN in text and EXPECTED in text
    pages = sorted(course.glob("feedback/*/*/*.html"))
    files = [path for path in week.bundle.rglob("*") if path.is_file()]
    assert len(pages) == 12 and len(files) > 150
    assert find_leaks(course, [*files, page_of(course, "Blank")]) == []
    told = find_leaks(course, pages)  # the others wrote the model answers themselves
    assert [leak for leak in told if ": solution of " not in leak] == []
    for path in files + pages:
        content = path.read_bytes()
        assert not any(n.encode() in content for n in (GIVEN, EXPECTED, GIVEN[:6], EXPECTED[:6]))
    # And the hostile one has tried: what was visible is there, in so many words.
    assert "seen [[1, 2, 3], [4, 5, 6]]" in text_of(page_of(course, "Hostile"))
