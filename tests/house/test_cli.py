"""The command line, as a learner and a teacher type it."""

import os
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import nbformat
import pytest
import zoo
from paths import ROOT

from cnnkit import cli


def run(*arguments, **options):
    command = [sys.executable, "-m", "cnnkit", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, **options)


def test_check_tells_points_causes_and_where_to_read(tmp_path):
    release = nbformat.read(ROOT / "exercises/02-convolution/convolution.ipynb", as_version=4)
    answers = zoo.solutions("02-convolution")
    flipped = "def convolve(image, kernel):\n    from scipy.signal import convolve2d\n\n"
    flipped += "    return convolve2d(image, kernel, mode='valid')"
    answers |= {"convolve": flipped, "slide_pairs": "def slide_pairs(image:\n    pass"}
    path = tmp_path / "convolution.ipynb"
    nbformat.write(zoo.fill_in(release, answers), path)
    before = path.read_bytes()
    done = run("check", path)
    told = " ".join(done.stdout.split())
    assert done.returncode == 1 and done.stderr == ""
    for words in (
        "slide_pairs 0.00 of 3 The cell stopped with SyntaxError",
        "convolve 0.00 of 5 Your kernel is flipped",
        "Read again: chapter 2, By hand, once",
        "convolve_filters 4.00 of 4",
        "together 12.00 of 20",
    ):
        assert words in told, done.stdout
    assert path.read_bytes() == before


def test_check_of_a_finished_notebook_succeeds(tmp_path, capsys):
    release = nbformat.read(ROOT / "exercises/01-pixels/pixels.ipynb", as_version=4)
    path = tmp_path / "pixels.ipynb"
    nbformat.write(zoo.fill_in(release, zoo.solutions("01-pixels")), path)
    assert cli.main(["check", str(path)]) == 0
    told = capsys.readouterr().out
    assert "together           10.00 of 10" in told and "Read again" not in told


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("missing.ipynb", None, "There is no notebook"),
        ("text.ipynb", "plain words", "is no notebook"),
        ("empty.ipynb", nbformat.writes(nbformat.v4.new_notebook()), "has no cell of an exercise"),
    ],
)
def test_check_says_what_it_needs(tmp_path, capsys, name, content, words):
    if content is not None:
        (tmp_path / name).write_text(content)
    assert cli.main(["check", str(tmp_path / name)]) == 1
    assert words in capsys.readouterr().err


def test_commands_want_a_course_folder(tmp_path, capsys):
    for command in (["assignments"], ["student-bundle"], ["grade", "01-pixels"]):
        assert cli.main([*command, "--course", str(tmp_path)]) == 1
        assert "has no nbgrader_config.py: run this in the course's folder" in (
            capsys.readouterr().err
        )


def test_student_bundle_holds_what_students_need_and_nothing_else(tmp_path, capsys):
    course = tmp_path / "course"
    for name in (".jupyter", "appendices", "chapters", "cnnkit", "exercises", "solutions"):
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ROOT / name, course / name, ignore=ignored)
    for name in ("LICENSE", "README.md", "about.md", "constraints.txt", "environment.yml"):
        shutil.copy(ROOT / name, course)
    for name in ("nbgrader_config.py", "pyproject.toml", "references.bib"):
        shutil.copy(ROOT / name, course)
    somebody_solves_an_exercise_where_it_lies(course)
    assert cli.main(["student-bundle", "--course", str(course)]) == 0
    bundle = course / "dist/cnn-course-student.zip"
    assert capsys.readouterr().out.strip() == str(bundle)
    assert [path.name for path in bundle.parent.iterdir()] == [bundle.name]
    first = bundle.read_bytes()
    with zipfile.ZipFile(bundle) as archive:
        (top,) = {name.split("/")[0] for name in archive.namelist()}
        packed = {n.removeprefix(f"{top}/"): archive.read(n) for n in archive.namelist()}
    names, readme = set(packed), packed["README.md"].decode()
    assert re.fullmatch(r"cnn-course-[0-9a-f]{6}", top) and f"./{top}" in readme
    assert f"This is edition {top[-6:]}." in readme and "EDITION" not in readme
    for path in sorted((ROOT / "exercises").glob("*/*.ipynb")):
        name = path.relative_to(ROOT).as_posix()
        assert packed.pop(name) == packed[f"cnnkit/study/{name}"] == path.read_bytes()
    assert not [name for name in packed if name.startswith("exercises/")]
    assert {"cnnkit/checks/marks.py", "environment.yml", "constraints.txt"} <= names
    assert ".jupyter/labconfig/default_setting_overrides.json" in names
    # It speaks of what a student has: no make, and no file that is not packed.
    assert "make " not in readme
    assert set(re.findall(r"[\w-]+/[\w./-]+\.(?:md|ipynb)", readme)) <= names
    assert not any(name.startswith("cnnkit/grading") for name in names)
    assert b".[lab]" in packed["environment.yml"] and b"make" not in packed["environment.yml"]
    no_link_is_dead(packed, names)
    tops = {Path(name).parts[0] for name in names}
    assert not tops & {"solutions", "tests", "gradebook.db", "submitted", "nbgrader_config.py"}
    assert cli.main(["student-bundle", "--course", str(course)]) == 0
    assert bundle.read_bytes() == first
    a_student_checks_with_what_is_in_the_bundle(bundle, tmp_path / "student", top)

    # Another edition lies down beside the first.
    chapter = course / "chapters/01-pixels.md"
    chapter.write_text(chapter.read_text("utf8") + "\nOne more line.\n", "utf8")
    assert cli.main(["student-bundle", "--course", str(course)]) == 0
    with zipfile.ZipFile(bundle) as archive:
        assert not any(name.startswith(f"{top}/") for name in archive.namelist())

    # A solution that slipped into an exercise stops the bundle.
    slipped = (course / "solutions/02-convolution/convolution.md").read_text()
    (course / "chapters/99-slip.md").write_text(slipped)
    assert cli.main(["student-bundle", "--course", str(course)]) == 1
    told = capsys.readouterr().err
    assert "Nothing is packed" in told and "99-slip.md: hidden tests of 02-convolution" in told


def somebody_solves_an_exercise_where_it_lies(course):
    made = course / "exercises/01-pixels/pixels.ipynb"
    solved = zoo.fill_in(nbformat.read(made, as_version=4), zoo.solutions("01-pixels"))
    nbformat.write(solved, made)
    nbformat.write(solved, made.with_name("pixels-Copy1.ipynb"))


def no_link_is_dead(packed, names):
    """Each link of a page of the bundle leads to a file of the bundle."""
    pages = [name for name in packed if name.endswith(".md")]
    assert len(pages) > 12
    for page in pages:
        text = re.sub(r"(?ms)^(`{3,}).*?^\1$", "", packed[page].decode())
        for link in re.findall(r"\]\(([^)#:\s]+)(?:#[^)\s]*)?\)", text):
            target = os.path.normpath(Path(page).parent / link)
            assert target in names, f"{page} links {link}"


def a_student_checks_with_what_is_in_the_bundle(bundle, folder, top):
    """`check` works there, kernel and all; what a teacher does says that it is not there."""
    with zipfile.ZipFile(bundle) as archive:
        archive.extractall(folder)
    here = folder / top
    own = {"cwd": here, "env": {**os.environ, "PYTHONPATH": str(here)}}
    place = "import cnnkit.study.check as c; print(c.__file__)"
    told = subprocess.check_output([sys.executable, "-c", place], text=True, **own)
    assert Path(told.strip()) == here / "cnnkit" / "study" / "check.py"
    done = run("check", "exercises/01-pixels/pixels.ipynb", **own)
    assert (done.returncode, done.stderr) == (1, "")
    assert re.search(r"together +0\.00 of 10\n", done.stdout)
    assert "Not written yet" in done.stdout
    for command in (["assignments"], ["student-bundle"], ["grade", "01-pixels"]):
        done = run(*command, **own)
        assert (done.returncode, done.stdout) == (1, "")
        assert re.fullmatch(r"cnnkit: This is a student's copy of the course: .*\n", done.stderr)


def test_words_that_python_puts_into_ctrl_c_are_not_passed_on(monkeypatch, capsys):
    def stopped_while_a_text_is_decoded():
        raise KeyboardInterrupt("decoding with 'cp437' codec failed (KeyboardInterrupt: )")

    monkeypatch.setattr(cli, "_options", lambda _: {"run": stopped_while_a_text_is_decoded})
    assert cli.main([]) == 130
    assert capsys.readouterr().err.strip() == "cnnkit: Stopped: repeat the command as it was."
