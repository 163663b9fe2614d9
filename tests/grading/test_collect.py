"""Collecting: every way in which submissions come, and nobody's work lost or overwritten."""

import contextlib
import csv
import datetime
import io
import json
import os
import tempfile
import zipfile
from pathlib import Path

import nbformat
import pytest
import zoo
from hypothesis import given, settings
from hypothesis import strategies as st
from nbgrader.utils import parse_utc
from paths import ROOT

from cnnkit import cli
from cnnkit.grading.collect import _safe, collect, harmless, read_roll, table
from cnnkit.study import files as files_of
from cnnkit.study.files import files_in

NAME = "02-convolution"
FILE = "convolution.ipynb"


@pytest.fixture(scope="module")
def notebook():
    release = nbformat.read(ROOT / "exercises" / NAME / FILE, as_version=4)
    return nbformat.writes(zoo.fill_in(release, zoo.solutions(NAME))).encode()


@pytest.fixture
def course(tmp_path):
    folder = zoo.new_course(tmp_path / "Kurs [WS 2025]", NAME)
    source = ROOT / "solutions/01-pixels/pixels.md"
    (folder / "solutions/01-pixels").mkdir()
    (folder / "solutions/01-pixels/pixels.md").write_bytes(source.read_bytes())
    return folder


def write(folder, contents):
    for name, content in contents.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return folder


def packed(contents):
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in contents.items():
            entry = zipfile.ZipInfo(name, (2026, 11, 3, 21, 15, 0))
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, data)
    return content.getvalue()


def submitted(course):
    """All files that are there, by student and name."""
    root = course / "submitted"
    return sorted(p.relative_to(root).as_posix() for p in root.rglob("*") if p.is_file())


def said(rows, what):
    return [(row.student, row.file, row.why) for row in rows if row.what == what]


MOODLE = "{}_{}_assignsubmission_file_"


def test_moodle_packed_unpacked_and_without_folders(course, tmp_path, notebook):
    anna, josé = MOODLE.format("Anna Muster", 12345), MOODLE.format("José Ñandú", 12346)
    ways = {
        "folders.zip": packed(
            {f"{anna}/{FILE}": notebook, f"{josé}/homework.zip": packed({FILE: notebook})}
        ),
        "flat.zip": packed({f"{anna}{FILE}": notebook, f"{josé}{FILE}": notebook}),
    }
    write(tmp_path, ways)
    write(tmp_path / "unpacked", {f"{anna}/{FILE}": notebook, f"{josé}/{FILE}": notebook})
    expected = [f"{student}/{NAME}/{FILE}" for student in ("Anna-Muster", "José-Ñandú")]
    for source in ("folders.zip", "flat.zip", "unpacked"):
        rows = collect(course, NAME, [tmp_path / source])
        assert submitted(course) == expected
        assert said(rows, "doubtful") == said(rows, "left") == []
        assert {row.what for row in rows} == {"taken" if source == "folders.zip" else "there"}
    assert {(s.folder, s.name, s.id) for s in read_roll(course)} == {
        ("Anna-Muster", "Anna Muster", "12345"),
        ("José-Ñandú", "José Ñandú", "12346"),
    }
    path = course / "submitted" / expected[0]
    assert path.read_bytes() == notebook
    written = datetime.datetime.fromtimestamp(path.stat().st_mtime)
    assert written == datetime.datetime(2026, 11, 3, 21, 15)


def test_moodle_numbers_students_anew_for_each_assignment(course, tmp_path, notebook):
    first = write(tmp_path / "a", {f"{MOODLE.format('Anna Muster', 1)}/{FILE}": notebook})
    collect(course, NAME, [first])
    pixels = (ROOT / "exercises/01-pixels/pixels.ipynb").read_bytes()
    second = write(tmp_path / "b", {f"{MOODLE.format('Anna Muster', 77)}/pixels.ipynb": pixels})
    assert said(collect(course, "01-pixels", [second]), "doubtful") == []
    assert submitted(course) == [
        "Anna-Muster/01-pixels/pixels.ipynb",
        f"Anna-Muster/{NAME}/{FILE}",
    ]
    # Two of one name in one assignment are two people.
    third = write(tmp_path / "c", {f"{MOODLE.format('Anna Muster', 2)}/{FILE}": notebook})
    rows = collect(course, NAME, [third])
    assert f"Anna-Muster-2/{NAME}/{FILE}" in submitted(course)
    assert [why for _, _, why in said(rows, "doubtful")] == [
        "there is another Anna Muster: this one's folder is Anna-Muster-2"
    ]


def test_who_of_two_of_one_name_it_is_is_asked(course, tmp_path, notebook):
    """Moodle's numbers say nothing of that in another assignment."""
    two = {f"{MOODLE.format('Anna Muster', number)}/{FILE}": notebook for number in (11, 12)}
    collect(course, NAME, [write(tmp_path / "a", two)])
    pixels = (ROOT / "exercises/01-pixels/pixels.ipynb").read_bytes()
    one = write(tmp_path / "b", {f"{MOODLE.format('Anna Muster', 32)}/pixels.ipynb": pixels})
    ((student, _, why),) = said(collect(course, "01-pixels", [one]), "doubtful")
    assert student == "Anna-Muster" and "2 are called Anna Muster" in why and "number 32" in why
    assert said(collect(course, "01-pixels", [one]), "doubtful") == []


def test_one_odd_name_or_notebook_stops_nobody(course, tmp_path, notebook):
    deep = {"x": "y"}
    for _ in range(600):
        deep = {"x": deep}
    cells = [
        {"cell_type": "markdown", "source": "", "attachments": deep},
        {"cell_type": "code", "source": "", "metadata": {"nbgrader": deep}},
        {"cell_type": "heading", "level": 10**30, "source": "x"},
    ]
    data = {**json.loads(notebook), "cells": json.loads(notebook)["cells"] + cells}
    files = {
        f"ada/{FILE}": notebook,
        f"bea/{FILE}": json.dumps(data).encode(),
        f"{'𝕬' * 80}/{FILE}": notebook,
        f"zoe/{FILE}": notebook,
    }
    (tmp_path / "all.zip").write_bytes(packed(files))
    rows = collect(course, NAME, [tmp_path / "all.zip"])
    assert len(taken(rows)) == 4 and said(rows, "doubtful") == []


def test_canvas_late_twice_and_without_names(course, tmp_path, notebook):
    download = packed(
        {
            f"musteranna_101_5001_{FILE}": notebook,
            "nandujose_LATE_102_5002_convolution-1.ipynb": notebook,
            f"anon_a1B2c_5003_{FILE}": notebook,
        }
    )
    rows = collect(
        course, NAME, [write(tmp_path, {"submissions.zip": download}) / "submissions.zip"]
    )
    assert submitted(course) == [
        f"anon_a1B2c/{NAME}/{FILE}",
        f"musteranna/{NAME}/{FILE}",
        f"nandujose/{NAME}/convolution-1.ipynb",
        f"nandujose/{NAME}/timestamp.txt",
    ]
    assert time_of(course, "nandujose") == "2026-11-03 21:15"
    late = "late, says Canvas: counted as of 2026-11-03 21:15, when it was packed"
    assert ("nandujose", "convolution-1.ipynb", late) in said(rows, "taken")
    ids = {s.folder: (s.system, s.id) for s in read_roll(course)}
    assert ids["musteranna"] == ("Canvas", "101")


def time_of(course, student):
    """What nbgrader will read as the time, on this machine's clock."""
    stamp = (course / "submitted" / student / NAME / "timestamp.txt").read_text()
    written = parse_utc(stamp).replace(tzinfo=datetime.UTC).astimezone()
    return f"{written:%Y-%m-%d %H:%M}"


def test_moodle_says_when_only_where_its_archive_knows(course, tmp_path, notebook):
    """Most of its archives bear the time of the download: by that, everybody would be late."""

    def archive(hour):
        content = io.BytesIO()
        with zipfile.ZipFile(content, "w") as made:
            for student, (at, inner, data) in {
                "Ada": (20, FILE, notebook),
                "Bea": (hour, "homework.zip", packed({FILE: notebook})),
            }.items():
                name = f"{MOODLE.format(student, 1)}/{inner}"
                made.writestr(zipfile.ZipInfo(name, (2026, 11, 4, at, 30, 0)), data)
        return content.getvalue()

    (tmp_path / "same.zip").write_bytes(archive(20))
    rows = collect(course, NAME, [tmp_path / "same.zip"])
    assert not list(course.rglob("timestamp.txt"))
    assert {why for *_, why in said(rows, "taken")} == {""}
    (tmp_path / "times.zip").write_bytes(archive(23))
    collect(course, NAME, [tmp_path / "times.zip"])
    assert time_of(course, "Ada") == "2026-11-04 20:30"
    assert time_of(course, "Bea") == "2026-11-04 23:30"  # not as her own archive has it: 21:15
    rows = collect(course, NAME, [tmp_path / "times.zip"], replace=True)
    assert {row.what for row in rows} == {"there"}


@pytest.mark.parametrize(
    "inner", ["timestamp.txt", "Timestamp.TXT", "homework.zip", "submission_secret.txt"]
)
def test_no_student_says_when_she_has_handed_in(course, tmp_path, notebook, inner):
    """A `timestamp.txt` in an upload is hers; in a folder of the teacher's it is kept."""
    early = b"2026-01-01 00:00:00 UTC"
    upload = packed({"timestamp.txt": early}) if inner.endswith(".zip") else early
    own = MOODLE.format("Anna Muster", 12345)
    rows = collect(
        course,
        NAME,
        [write(tmp_path / "up", {f"{own}/{FILE}": notebook, f"{own}/{inner}": upload})],
    )
    assert submitted(course) == [f"Anna-Muster/{NAME}/{FILE}"]
    ((_, _, why),) = said(rows, "left")
    assert why == "such a file is written by nbgrader; here Moodle says what it would"
    write(tmp_path / "own", {f"bea/{FILE}": notebook, "bea/timestamp.txt": early})
    collect(course, NAME, [tmp_path / "own"])
    assert f"bea/{NAME}/timestamp.txt" in submitted(course)


def test_folders_and_notebooks(course, tmp_path, notebook):
    folders = {
        f"Muster, Anna [12345]/{FILE}": notebook,
        f"O'Brien/{NAME}/{FILE}": notebook,
        f"Łukasz/sub/{FILE}": notebook,
        f"__MACOSX/x/._{FILE}": b"\0",
        f"grace/01-pixels/{FILE}": notebook,
    }
    rows = collect(course, NAME, [write(tmp_path / "folders", folders)])
    assert submitted(course) == [
        f"Muster-Anna-12345/{NAME}/{FILE}",
        f"O-Brien/{NAME}/{NAME}/{FILE}",
        f"Łukasz/{NAME}/sub/{FILE}",
    ]
    assert said(rows, "left") == [("grace", f"grace/01-pixels/{FILE}", "it is for 01-pixels")]
    names = {"ada.ipynb": notebook, "convolution_grace.ipynb": notebook, FILE: notebook}
    rows = collect(course, NAME, [write(tmp_path / "names", names)])
    assert f"ada/{NAME}/ada.ipynb" in submitted(course)
    assert f"grace/{NAME}/convolution_grace.ipynb" in submitted(course)
    assert said(rows, "doubtful") == [("", FILE, "whose is it? Nobody's name is on it")]


def taken(rows):
    return {(student, file) for student, file, _ in said(rows, "taken")}


def test_nobodys_work_is_taken_for_anothers(course, tmp_path, notebook):
    """A folder of the teacher's says whose it is, whatever the files in it are called."""
    bea = f"{MOODLE.format('Bea Muster', 12346)}{FILE}"
    dated = "2026_11_03_convolution.ipynb"
    plain = {f"anna/{dated}": notebook, f"bea/{dated}": notebook, f"cleo/{bea}": notebook}
    rows = collect(course, NAME, [write(tmp_path / "plain", plain)])
    assert taken(rows) == {("anna", dated), ("bea", dated), ("cleo", bea)}
    names = {f"2026_11_03_{who}.ipynb": notebook for who in ("dora", "eve")}
    names |= {f"convolution_1_{number}_x.ipynb": notebook for number in "23"}
    rows = collect(course, NAME, [write(tmp_path / "names", names)])
    assert {student for student, _ in taken(rows)} & {"2026", "convolution"} == set()
    assert all(s.system == "" for s in read_roll(course))


def test_an_archive_of_one_student_bears_its_name(course, tmp_path, notebook):
    ways = {
        "ada.zip": {f"{NAME}/{FILE}": notebook},
        "bea.zip": {FILE: notebook, "data.csv": b"1", "more/x.csv": b"2"},
        f"{NAME}_cleo.zip": {f"{NAME}/{FILE}": notebook},
    }
    for name, contents in ways.items():
        (tmp_path / name).write_bytes(packed(contents))
        rows = collect(course, NAME, [tmp_path / name])
        assert {student for student, _ in taken(rows)} == {name[:-4].removeprefix(f"{NAME}_")}
        assert said(rows, "doubtful") == []
    (tmp_path / "x.zip").write_bytes(packed({f"dora/{FILE}": notebook}))
    ((student, _, why),) = said(collect(course, NAME, [tmp_path / "x.zip"]), "doubtful")
    assert (student, why) == (
        "dora",
        "x.zip holds the folder dora alone: is that who handed it in?",
    )


def test_an_assignment_is_no_student(course, tmp_path, notebook):
    (tmp_path / f"{NAME}.zip").write_bytes(packed({f"{NAME}/{FILE}": notebook}))
    rows = collect(course, NAME, [tmp_path / f"{NAME}.zip"])
    assert [why for _, _, why in said(rows, "doubtful")] == ["whose is it? Nobody's name is on it"]
    folders = {f"{NAME}/ada/{FILE}": notebook, f"01-Pixels/bea/{FILE}": notebook, "x.csv": b"1"}
    rows = collect(course, NAME, [write(tmp_path / "all", folders)])
    assert submitted(course) == [f"ada/{NAME}/{FILE}"]
    assert said(rows, "left") == [("bea", f"01-Pixels/bea/{FILE}", "it is for 01-pixels")]
    assert [file for _, file, _ in said(rows, "doubtful")] == ["x.csv"]


def test_a_download_in_a_folder_is_told(course, tmp_path, notebook):
    """Not taken for one student who handed in all of it."""
    moodle = {f"{MOODLE.format(who, n)}/{FILE}": notebook for n, who in enumerate(("A B", "C D"))}
    canvas = {f"{who}_{n}_50{n}_{FILE}": notebook for n, who in enumerate(("ab", "cd"))}
    zips = {"group-a.zip": packed(moodle), "group-b.zip": packed(canvas), "own.zip": b"PK\3\4"}
    rows = collect(course, NAME, [write(tmp_path / "zips", zips)])
    assert submitted(course) == []
    assert {why for _, _, why in said(rows, "doubtful")} == {
        "group-a.zip is a download of Moodle's: collect it by itself",
        "group-b.zip is a download of Canvas's: collect it by itself",
    }


@pytest.mark.parametrize("name", ["..", ".", "a..", "../x"])
def test_nothing_is_written_outside_of_a_students_folder(course, tmp_path, notebook, name):
    own = f"{MOODLE.format('Anna', 1)}{name}/sub/{FILE}"
    (tmp_path / "all.zip").write_bytes(packed({own: notebook, f"bea/{FILE}": notebook}))
    collect(course, NAME, [tmp_path / "all.zip"])
    assert all(f"/{NAME}/" in path for path in submitted(course))


def test_archives_of_folders_and_of_one_student(course, tmp_path, notebook):
    ways = {
        "all.zip": packed({f"all/ada/{FILE}": notebook, f"all/bea/{FILE}": notebook}),
        "some.zip": packed({f"cleo/{FILE}": notebook, f"dora/{FILE}": notebook}),
        "eve.zip": packed({FILE: notebook}),
    }
    write(tmp_path, ways)
    collect(course, NAME, [tmp_path / name for name in ways])
    collect(course, NAME, [write(tmp_path / "zips", {"fay.zip": ways["eve.zip"]})])
    students = ["ada", "bea", "cleo", "dora", "eve", "fay"]
    assert submitted(course) == [f"{student}/{NAME}/{FILE}" for student in students]


def test_a_name_that_is_not_utf8(course, tmp_path, notebook):
    folder = os.fsencode(tmp_path / "odd") + b"/M\xfcller"
    try:
        os.makedirs(folder)
    except OSError:
        pytest.skip("this disk takes no such names")
    with open(folder + b"/convolution.ipynb", "wb") as file:
        file.write(notebook)
    rows = collect(course, NAME, [tmp_path / "odd"])
    assert submitted(course) == [f"Müller/{NAME}/{FILE}"]
    assert "Müller" in table(rows)
    old = packed({f"Mueller/{FILE}": notebook}).replace(b"Mueller/", b"M\x81ller_/")  # cp437
    (tmp_path / "old.zip").write_bytes(old)
    collect(course, NAME, [tmp_path / "old.zip"])
    assert f"Müller/{NAME}/{FILE}" in submitted(course)


def test_dangerous_archives_are_refused_by_name(course, tmp_path, notebook):
    content = packed(
        {
            f"anna/../../../{FILE}": notebook,
            f"/etc/{FILE}": notebook,
            f"ada/{FILE}": notebook,
            f"bea/{FILE}": b" " * 50_000_000,
            "cleo/a.zip": packed({"b.zip": packed({"c.zip": packed({FILE: notebook})})}),
            "dora/broken.zip": b"PK\3\4 and no more",
        }
    )
    (tmp_path / "all.zip").write_bytes(content)
    rows = collect(course, NAME, [tmp_path / "all.zip"])
    assert submitted(course) == [f"ada/{NAME}/{FILE}"]
    why = " ".join(why for _, _, why in said(rows, "left"))
    assert why.count("leads out of the archive") == 2
    for words in ("times as large", "an archive in 3 others", "cannot be unpacked"):
        assert words in why
    assert sorted(path.name for path in tmp_path.iterdir()) == ["Kurs [WS 2025]", "all.zip"]


def damaged(content, start, bytes_=b"\xff" * 40):
    return content[:start] + bytes_ + content[start + len(bytes_) :]


def test_one_damaged_archive_stops_nobody(course, tmp_path, notebook):
    whole = packed({FILE: notebook})
    files = {
        f"ada/{FILE}": notebook,
        "bea/homework.zip": damaged(whole, whole.find(FILE.encode()) + len(FILE)),
        f"cleo/{FILE}": notebook,
    }
    rows = collect(course, NAME, [write(tmp_path / "all", files)])
    assert submitted(course) == [f"ada/{NAME}/{FILE}", f"cleo/{NAME}/{FILE}"]
    ((_, file, why),) = said(rows, "left")
    assert file == f"bea/homework.zip/{FILE}" and why.startswith("it cannot be unpacked (")


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_whatever_is_damaged_in_an_archive_is_told(data):
    """An error that the decompressors, or a name in no known letters, let through stops a class."""
    how = data.draw(st.sampled_from([zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA]))
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", how) as archive:
        archive.writestr("Ä.ipynb", b"a line\n" * 20)
    whole = content.getvalue()
    place = data.draw(st.integers(0, len(whole) - 1))
    whole = damaged(whole, place, data.draw(st.binary(min_size=1, max_size=8)))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "homework.zip")
        path.write_bytes(whole)
        for file in files_in(path):
            with contextlib.suppress(ValueError):
                file.read()


def test_an_archive_is_bounded_in_sum(course, tmp_path, notebook, monkeypatch):
    """In a class's download, each student's; whatever lies in it, archives too."""
    monkeypatch.setattr(files_of, "MOST", 1 << 20)
    many = {f"{number}.txt": b" " * 100_000 for number in range(11)}
    inner = packed(dict(list(many.items())[:6]))
    upload = {
        f"ada/{FILE}": notebook,
        "bea/homework.zip": packed(many),
        "cleo/homework.zip": packed({"a.zip": inner, "b.zip": inner}),
        "dora/homework.zip": packed({FILE: notebook}),
        **{f"eve/{name}": content for name, content in many.items()},
    }
    (tmp_path / "all.zip").write_bytes(packed(upload))
    rows = collect(course, NAME, [tmp_path / "all.zip"])
    why = {file: why for _, file, why in said(rows, "left")}
    assert why["all.zip/bea/homework.zip"] == "the rest was left: unpacked it is more than 1 MB"
    assert (
        why["all.zip/cleo/homework.zip/b.zip"] == "the rest was left: unpacked it is more than 1 MB"
    )
    assert why["all.zip/eve/10.txt"] == "all that one student handed in is more than 1 MB"
    there = submitted(course)
    assert f"ada/{NAME}/{FILE}" in there and f"dora/{NAME}/{FILE}" in there
    for student in ("bea", "cleo", "eve"):
        own = (course / "submitted" / student).rglob("*.txt")
        assert sum(path.stat().st_size for path in own) <= 1 << 20


def test_what_cannot_be_read_or_written_is_named(course, tmp_path, notebook):
    """A name that no disk takes, a file where a folder should be, a time of no calendar."""
    upload = {
        f"ada/{FILE}": notebook,
        f"bea/{'x' * 300}.ipynb": notebook,
        "cleo/a": notebook,
        f"cleo/a/{FILE}": notebook,
        f"dora/{FILE}": notebook,
    }
    (tmp_path / "all.zip").write_bytes(packed(upload))
    rows = collect(course, NAME, [tmp_path / "all.zip"])
    taken = {student for student, _, _ in said(rows, "taken")}
    assert taken == {"ada", "bea", "cleo", "dora"}
    ((student, file, why),) = said(rows, "left")
    assert (student, file) == ("cleo", f"a/{FILE}") and why.startswith("it cannot be written (")
    folder = write(tmp_path / "odd", {f"eve/{FILE}": notebook})
    os.utime(folder / "eve" / FILE, (1 << 40, 1 << 40))
    collect(course, NAME, [folder])
    assert f"eve/{NAME}/{FILE}" in submitted(course)


def test_nothing_is_overwritten_in_silence(course, tmp_path, notebook):
    first = write(tmp_path / "a", {f"ada/{FILE}": notebook})
    collect(course, NAME, [first])
    changed = notebook.replace(b"float", b"np.float64")
    second = write(tmp_path / "b", {f"ada/{FILE}": changed})
    rows = collect(course, NAME, [second])
    ((student, file, why),) = said(rows, "doubtful")
    assert (student, file) == ("ada", FILE) and "--replace" in why
    path = course / "submitted/ada" / NAME / FILE
    assert path.read_bytes() == notebook
    rows = collect(course, NAME, [second], replace=True)
    assert said(rows, "taken") == [("ada", FILE, f"the one before is in replaced/ada/{NAME}-1")]
    assert path.read_bytes() == changed
    assert (course / f"replaced/ada/{NAME}-1/{FILE}").read_bytes() == notebook
    assert [row.what for row in collect(course, NAME, [second], replace=True)] == ["there"]


def test_two_notebooks_of_one_student_are_kept(course, tmp_path, notebook):
    other = notebook.replace(b"float", b"np.float64")
    files = {f"ada/a/{FILE}": notebook, "ada/b.zip": packed({f"a/{FILE}": other})}
    collect(course, NAME, [write(tmp_path / "a", files), write(tmp_path / "c", {"eve/x": b""})])
    assert [name for name in submitted(course) if name.startswith("ada")] == [
        f"ada/{NAME}/a/convolution (2).ipynb",
        f"ada/{NAME}/a/{FILE}",
    ]


def test_the_command_shows_a_table_and_what_is_doubtful(course, tmp_path, notebook, capsys):
    pixels = (ROOT / "exercises/01-pixels/pixels.ipynb").read_bytes()
    files = {
        f"ada/{FILE}": notebook,
        f"bea/{FILE}": pixels,
        "cleo/answers.docx": b"PK\3\4",
        f"dora/{FILE}": b"<html>",
    }
    write(tmp_path / "all", files)
    command = ["collect", NAME, str(tmp_path / "all"), "--course", str(course)]
    assert cli.main(command) == 1
    told = capsys.readouterr().out
    assert told.endswith("4 students; files: 4 taken, 0 there, 0 left, 3 doubtful.\n")
    for words in ("it is the notebook of 01-pixels", "there is no notebook", "is a web page"):
        assert words in told
    assert cli.main(["collect", "99-none", str(tmp_path), "--course", str(course)]) == 1
    assert "There is no assignment '99-none'" in capsys.readouterr().err
    with (course / "students.csv").open(newline="") as file:
        assert [row["folder"] for row in csv.DictReader(file)] == ["ada", "bea", "cleo", "dora"]


def test_no_name_of_a_file_moves_the_cursor_of_a_terminal(course, tmp_path, notebook):
    odd = "a\x1b]0;gone\x07\x1b[2J\n.ipynb"
    (tmp_path / "all.zip").write_bytes(
        packed({f"ada/{odd}": b"<html>", f"/{odd}": b"", "x/y": b""})
    )
    told = table(collect(course, NAME, [tmp_path / "all.zip"]))
    assert told.count("gone") > 2 and all(map(str.isprintable, told.split("\n")))
    assert len(told.split("\n")) == 7


@given(st.text(max_size=200))
def test_a_folder_is_safe_whatever_the_name(name):
    folder = _safe(name)
    assert folder and not set(folder) & set('/\\,;:[]*?"<>| \n\0') and folder[0] not in ".-"
    assert len(folder.encode()) <= 160 and folder[-1] not in "-._"
    assert _safe(folder) == folder


@pytest.mark.parametrize("name", ["=1", " =1", "\t=cmd", "\uff1d1+1", "@SUM(1)", "+1", "-1"])
def test_no_name_is_a_formula(name):
    """Nor where full-width signs are taken for others."""
    assert harmless(name) == f"'{name}"
    assert harmless("-") == "-" and harmless("    Points Possible") == "    Points Possible"


def test_no_name_is_a_formula_in_the_list_of_students_either(course, tmp_path, notebook):
    """And each is read back as it was."""
    names = ["=1+1 Ada", "@Bea", "'t Hooft", "Zoë-Lou"]
    files = {f"{MOODLE.format(name, n)}/{FILE}": notebook for n, name in enumerate(names, 10)}
    for _ in range(2):
        collect(course, NAME, [write(tmp_path / "all", files)])
        assert sorted(student.name for student in read_roll(course)) == sorted(names)
    with (course / "students.csv").open(newline="") as file:
        cells = [cell for row in csv.reader(file) for cell in row]
    assert "'=1+1 Ada" in cells and "'@Bea" in cells and "'t Hooft" in cells
    assert not [cell for cell in cells if cell[:1] in "=@+" and len(cell) > 1]
