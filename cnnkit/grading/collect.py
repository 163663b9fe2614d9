"""Collect what students handed in, from what Moodle or Canvas downloads or from plain folders.

Nobody's work is overwritten, and nothing is lost in silence: each file is taken, or named with the
reason why not.
"""

import contextlib
import csv
import dataclasses
import datetime
import os
import re
import unicodedata
from collections import Counter, defaultdict
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from cnnkit.disk import NO_ROOM
from cnnkit.grading.intake import SLIPS, STAMP, readable
from cnnkit.grading.source import assignments, notebook_from
from cnnkit.study import files
from cnnkit.study.files import files_in
from cnnkit.study.reading import plain, read_notebook
from cnnkit.study.releases import Release, find_release, released
from cnnkit.study.repair import MANY, in_time

__all__ = ["ROLL", "Row", "Student", "collect", "read_roll", "table"]

ROLL = "students.csv"  # who is who
REPLACED = "replaced"
HOUR = datetime.timedelta(hours=1)
LONGEST = 200  # bytes of a file's name: no disk takes more than 255
# Moodle: "Anna Muster_12345_assignsubmission_file_", a folder, or the beginning of a file's name.
MOODLE = re.compile(r"(?P<name>.+?)_(?P<id>\d+)_assignsubmission_(?P<kind>[a-z]+)_?(?P<rest>.*)")
# Canvas: "musteranna_LATE_12345_67890_convolution.ipynb", or "anon_a1B2c_67890_convolution.ipynb";
# but not "anna_2026_11_03.ipynb", nor "2026_11_03_convolution.ipynb".
CANVAS = re.compile(
    r"(?:(?P<name>(?=\d*[^\W\d])[^_]+)_)?(?P<late>LATE_)?"
    r"(?P<id>(?!(?:19|20)\d\d_\d\d?_)\d+|anon_\w+?)_(?P<number>\d+)_(?P<rest>.+\.\w+)"
)


@dataclass(frozen=True)
class Student:
    """Who a folder of ``submitted/`` belongs to.

    ``system`` is ``"Moodle"``, ``"Canvas"`` or empty, and ``id`` the number there; Moodle has
    another one for each assignment.
    """

    folder: str
    name: str
    system: str = ""
    id: str = ""
    assignment: str = ""


@dataclass(frozen=True)
class Row:
    """What became of a file: ``what`` is ``"taken"``, ``"there"``, ``"left"`` or ``"doubtful"``."""

    what: str
    student: str
    file: str
    why: str = ""


@dataclass(frozen=True)
class _Found:
    """A file, whose it is, and how it is called in the student's folder."""

    name: str
    inner: PurePosixPath
    file: object
    system: str = ""
    id: str = ""
    late: bool = False
    when: datetime.datetime | None = None


def collect(course, name, sources, replace=False):
    """Put what was handed in for an assignment where it is graded.

    Parameters
    ----------
    course : path
        The course folder.
    name : str
        The assignment, for example ``"02-convolution"``.
    sources : iterable of path
        Downloads of Moodle or Canvas, packed or not; a folder with a folder for each student; a
        folder of notebooks that bear the students' names.
    replace : bool
        Put what is new in the place of what is there; that is kept in ``replaced/``.

    Returns
    -------
    list of Row
        What became of each file.

    Raises
    ------
    ValueError
        If there is no such assignment, or no such source.
    """
    known = assignments(course)
    if name not in known:
        raise ValueError(f"There is no assignment {name!r}: choose one of {', '.join(known)}.")
    rows: list[Row] = []
    found: list[_Found] = []
    for source in map(Path, sources):
        if not source.exists():
            raise ValueError(f"There is no {source}: give a folder, a zip file or a notebook.")
        found += _sorted(source, name, known, rows)
    roll = _enrol(course, name, found, rows)
    by_student = defaultdict(list)
    for one in found:
        by_student[roll[one.name, one.id]].append(one)
    exercises = [Release(key, path.stem, _released(path)) for key, path in known.items()]
    for folder, ones in sorted(by_student.items()):
        rows += _write(Path(course), name, folder, ones, replace, exercises)
    return rows


def _released(path):
    return released(notebook_from(path))


def table(rows):
    """Write down what became of each file, what needs a person last.

    Returns
    -------
    str
    """
    order = {"taken": 0, "there": 1, "left": 2, "doubtful": 3}
    rows = sorted(rows, key=lambda row: (order[row.what], row.student, row.file))
    width = max([len(row.student) for row in rows], default=0)
    lines = []
    for row in rows:
        why = f": {row.why}" if row.why else ""
        lines.append(plain(f"{row.what:<8}  {row.student:<{width}}  {row.file}{why}").rstrip())
    counts = {what: sum(row.what == what for row in rows) for what in order}
    taken = len({row.student for row in rows if row.what in ("taken", "there")})
    told = ", ".join(f"{number} {what}" for what, number in counts.items())
    return "\n".join([*lines, "", f"{taken} students; files: {told}."])


# ---- whose is a file? ---------------------------------------------------------------------------


def _sorted(source, name, known, rows):
    """Tell for each file of a source whose it is."""

    def refuse(path, why):
        rows.append(Row("left", "", _told(path), why))

    there = list(files_in(source, refuse, download=True))
    paths = {file: [_readable(part) for part in file.path.parts] for file in there}
    folders = {key.casefold(): key for key in known}
    wrapped = _wrapped(list(paths.values()), folders)
    paths = {file: path[wrapped:] for file, path in paths.items()}
    canvas = _canvas_names([path[0] for path in paths.values()], known[name])
    inside = _downloads(list(paths.values()), known[name])
    found = []
    for file, parts in paths.items():
        others = {folders[part.casefold()] for part in parts[:-1] if part.casefold() in folders}
        while len(parts) > 2 and parts[0].casefold() in folders:
            parts = parts[1:]  # the folder of an assignment, with the students in it
        one = _from_moodle(file, parts) or _from_canvas(file, parts, canvas)
        one = one or _from_name(file, parts, known[name], folders)
        if parts[0] in inside:
            why = f"{parts[0]} is a download of {inside[parts[0]]}: collect it by itself"
            rows.append(Row("doubtful", "", _told(file.path), why))
        elif others - {name}:
            why = f"it is for {min(others - {name})}"
            rows.append(Row("left", one.name if one else "", _told(file.path), why))
        elif one is None:
            why = "whose is it? Nobody's name is on it"
            rows.append(Row("doubtful", "", _told(file.path), why))
        elif one.inner.suffix == ".html" and one.inner.stem == "onlinetext":
            rows.append(Row("left", one.name, _told(file.path), "it is text that was typed online"))
        else:
            found.append(one)
    if wrapped and len({one.name for one in found}) == 1 and not found[0].system:
        (who,) = {one.name for one in found}
        why = f"{source.name} holds the folder {who} alone: is that who handed it in?"
        rows.append(Row("doubtful", _safe(who), "", why))
    return _timed(source, found)


def _timed(source, found):
    """Add when files were handed in, where the download knows.

    Canvas says who is late, and no more: then it counts when the file was packed. An archive of
    Moodle's has the times of uploading, or, as most have, of downloading for all: these are near
    each other. What has been unpacked has any time.
    """
    times = [one.file.written for one in found if one.system == "Moodle" and one.file.written]
    known = source.is_file() and times and max(times) - min(times) > HOUR
    return [
        dataclasses.replace(one, when=one.file.written)
        if one.late or (one.system == "Moodle" and known)
        else one
        for one in found
    ]


def _wrapped(paths, assignments):
    """Count the archive around everybody's files, and the folder in it: these are nobody's own."""
    if len({path[0] for path in paths}) != 1 or not paths[0][0].lower().endswith(".zip"):
        return 0
    inner = {path[1] for path in paths}
    notebooks = [path for path in paths if path[-1].lower().endswith(".ipynb")]
    marked = any(map(MOODLE.fullmatch, inner)) or any(map(CANVAS.fullmatch, inner))
    alone = len(notebooks) == 1 and len(notebooks[0]) == 2  # anna.zip, with her notebook in it
    if (alone or max(map(len, paths)) == len(paths) + 1 == 2) and not marked:
        return 0
    if len(inner) > 1 or marked:
        return 1
    if {part.casefold() for part in inner} <= {*assignments}:
        return 1 if all(len(path) > 3 for path in paths) else 0
    deeper = any(MOODLE.fullmatch(path[2]) for path in paths if len(path) > 2)
    return 2 if deeper or all(len(path) > 3 for path in paths) else 1


def _canvas_names(names, source):
    """Find those of some files' names that Canvas wrote: no other file has the same number."""
    found = {name: match for name in names if (match := CANVAS.fullmatch(name))}
    numbers = Counter(match["number"] for match in found.values())
    return {
        name: match
        for name, match in found.items()
        if numbers[match["number"]] == 1 and match["name"] not in (source.stem, source.parent.name)
    }


def _downloads(paths, source):
    """Find the folders and archives that are nobody's own, but hold what several handed in."""
    inner: dict[str, set[str]] = defaultdict(set)
    for path in paths:
        if len(path) > 1:
            inner[path[0]].add(path[1])
    found = {}
    for first, names in inner.items():
        marks = map(MOODLE.fullmatch, names)
        canvas = _canvas_names(names, source)
        if len({match["id"] for match in marks if match}) > 1:
            found[first] = "Moodle's"
        elif len(canvas) == len(names) and len({match["id"] for match in canvas.values()}) > 1:
            found[first] = "Canvas's"
    return found


def _from_moodle(file, parts):
    """Read Moodle's mark, at the top alone: what lies deeper was named by a student."""
    match = MOODLE.fullmatch(parts[0])
    if match is None:
        return None
    own = match["rest"] if match["kind"] == "file" else f"{match['kind']}.html"
    inner = PurePosixPath(*filter(None, [own]), *parts[1:])
    return _Found(match["name"], inner, file, "Moodle", match["id"])


def _from_canvas(file, parts, canvas):
    match = canvas.get(parts[0])
    if match is None:
        return None
    inner = PurePosixPath(match["rest"], *parts[1:])
    name = match["name"] or match["id"]
    return _Found(name, inner, file, "Canvas", match["id"], bool(match["late"]))


def _from_name(file, parts, source, assignments):
    """Take a student's name from a folder, or from a notebook or an archive: `02_anna.ipynb`."""
    first, *inner = parts
    if inner and not first.lower().endswith((".zip", ".ipynb")):
        name = first
    elif inner or first.lower().endswith(".ipynb"):
        name = PurePosixPath(first).stem
        for known in (source.parent.name, source.stem):
            name = re.sub(re.escape(known), "", name, flags=re.IGNORECASE)
        name = name.strip(" _-.,")
        if not re.search(r"[^\W\d_]{2}", re.sub(r"(?i)copy\d*|final|neu|new|\(\d+\)", "", name)):
            return None
    else:
        return None
    if name.casefold() in assignments:
        return None
    return _Found(name, PurePosixPath(*(inner or parts)), file)


def _readable(name):
    return unicodedata.normalize("NFC", readable(name))


def _told(path):
    return _readable(str(path))


# ---- who is who ---------------------------------------------------------------------------------


def read_roll(course):
    """Read who the folders of ``submitted/`` belong to.

    Returns
    -------
    list of Student
    """
    path = Path(course, ROLL)
    if not path.is_file():
        return []
    with path.open(encoding="utf-8-sig", newline="") as file:
        fields = Student.__dataclass_fields__
        return [
            Student(**{key: _as_it_was(row.get(key) or "") for key in fields})
            for row in csv.DictReader(file)
        ]


def harmless(value):
    """Keep a name from being a formula when somebody opens the file in a spreadsheet."""
    first = unicodedata.normalize("NFKC", value.lstrip())[:1]
    return f"'{value}" if first in ("=", "+", "@", "-") and len(value) > 1 else value


def _as_it_was(value):
    """Give a name back that `harmless` has written."""
    return value[1:] if value[:1] == "'" and harmless(value[1:]) == value else value


def _enrol(course, name, found, rows):
    """Give each student a folder, the same as before, and write down whose it is."""
    roll = read_roll(course)
    folders = {}
    for one in found:
        if (one.name, one.id) in folders:
            continue
        same: dict[str, list[Student]] = defaultdict(list)
        for student in roll:
            if student.name == one.name and student.system == one.system:
                same[student.folder].append(student)
        known = [f for f, lines in same.items() if any(_is(line, one, name) for line in lines)]
        like = [f for f, lines in same.items() if not any(_is_not(x, one, name) for x in lines)]
        folder = (known or like or [_free(_safe(one.name), one.id, roll)])[0]
        if not known and not like and folder != _safe(one.name):
            why = f"there is another {one.name}: this one's folder is {folder}"
            rows.append(Row("doubtful", folder, "", why))
        if not known and like and len(same) > 1:
            why = (
                f"{len(same)} are called {one.name}, and Moodle numbers them anew each time: is "
                f"number {one.id} this one? If not, move the folder, and mend {ROLL}"
            )
            rows.append(Row("doubtful", folder, "", why))
        folders[one.name, one.id] = folder
        student = Student(folder, one.name, one.system, one.id, name)
        if student not in roll:
            roll.append(student)
    path = Path(course, ROLL)
    part = path.with_suffix(".part")
    with part.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(Student.__dataclass_fields__)
        by_folder = sorted(roll, key=lambda student: student.folder.casefold())
        writer.writerows(map(harmless, vars(student).values()) for student in by_folder)
    part.replace(path)
    return folders


def _is(student, one, name):
    """Tell whether somebody on the list is the one who handed in a file."""
    return student.id == one.id and (student.system != "Moodle" or student.assignment == name)


def _is_not(student, one, name):
    """Tell whether somebody of the same name must be another person."""
    return student.id != one.id and (student.system != "Moodle" or student.assignment == name)


def _safe(name):
    """Make a name that is safe as a folder's, in lists and in patterns; letters stay letters.

    >>> _safe("Muster, Anna [12345]"), _safe("Łukasz"), _safe("..")
    ('Muster-Anna-12345', 'Łukasz', 'nameless')
    """
    safe = re.sub(r"[^\w.]+", "-", name).strip("-._")[:80]
    short = safe.encode()[:160].decode("utf-8", "ignore")
    return short.rstrip("-._") or "nameless"


def _free(wanted, number, roll):
    """Find a folder's name that nobody has, whatever a disk thinks of capital letters."""
    used = {student.folder.casefold() for student in roll}
    names = [wanted, f"{wanted}-{number}" if number else f"{wanted}-2"]
    names += [f"{names[1]}-{count}" for count in range(2, 100)]
    return next(name for name in names if name.casefold() not in used)


# ---- writing ------------------------------------------------------------------------------------


def _write(course, name, folder, ones, replace, exercises):
    """Write a student's files; what is there already stays, or is put aside."""
    target = course / "submitted" / folder / name
    contents, rows = _contents(ones, folder)
    there = {
        path.relative_to(target).as_posix(): path.read_bytes()
        for path in target.rglob("*")
        if path.is_file() and not path.is_symlink()
    }
    new = {inner: content for inner, (content, _) in contents.items()}
    if there and not new.items() <= there.items():
        if not replace:
            why = "another one is there already, and stays: --replace puts this one in its place"
            return rows + [Row("doubtful", folder, inner, why) for inner in new]
        aside = _aside(course / REPLACED / folder / name)
        aside.parent.mkdir(parents=True, exist_ok=True)
        target.rename(aside)
        why = f"the one before is in {aside.relative_to(course)}"
    else:
        why = ""
    times = [one.when for one in ones if one.when]
    for inner, (content, one) in contents.items():
        if inner in there and not why:
            rows.append(Row("there", folder, inner))
            continue
        try:
            _put(target / inner, content, one.file.written)
        except OSError as error:
            if error.errno in NO_ROOM:
                raise
            rows.append(Row("left", folder, inner, f"it cannot be written ({error.strerror})"))
            continue
        rows.append(Row("taken", folder, inner, "; ".join(filter(None, (why, _when(one))))))
    stamp = target / STAMP
    if times and target.is_dir() and not stamp.exists():
        stamp.write_text(f"{max(times).astimezone(datetime.UTC):%Y-%m-%d %H:%M:%S} UTC\n")
    return rows + _doubts(folder, name, new, exercises)


def _when(one):
    """Say what the download tells of when a file was handed in."""
    day = f"{one.when:%Y-%m-%d %H:%M}" if one.when else ""
    if one.late and not day:
        return f"late, says Canvas, and not when: write it into {STAMP}"
    if one.late:
        return f"late, says Canvas: counted as of {day}, when it was packed"
    return f"handed in {day}, says {one.system}" if day else ""


def _put(path, content, written):
    """Write a file, and when it was written before."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    if written:
        with contextlib.suppress(OSError, OverflowError):  # not every disk knows every year
            os.utime(path, (written.timestamp(), written.timestamp()))


def _contents(ones, folder):
    """Read a student's files; two of one name keep both, told apart by a number."""
    contents: dict[str, tuple[bytes, _Found]] = {}
    rows = []
    for one in ones:
        try:
            content = one.file.read()
            if sum(len(other) for other, _ in contents.values()) + len(content) > files.MOST:
                most = files.MOST >> 20
                raise ValueError(f"all that one student handed in is more than {most} MB")
        except (ValueError, OSError) as error:
            rows.append(Row("left", folder, _told(one.file.path), str(error)))
            continue
        parts = [part for part in one.inner.parts if not part.lower().endswith(".zip")]
        inner = PurePosixPath(*map(_clean, parts or one.inner.parts))
        if one.system and inner.as_posix().lower() in SLIPS:
            why = f"such a file is written by nbgrader; here {one.system} says what it would"
            rows.append(Row("left", folder, _told(one.file.path), why))
            continue
        count = 2
        while inner.as_posix() in contents and contents[inner.as_posix()][0] != content:
            inner = inner.with_stem(f"{inner.stem.removesuffix(f' ({count - 1})')} ({count})")
            count += 1
        contents[inner.as_posix()] = content, one
    return contents, rows


def _clean(part):
    """Make a part of a path harmless; a notebook's name is known by it, so most of it stays.

    >>> _clean(".."), _clean('a "b".ipynb'), _clean(300 * "x" + ".ipynb") == 194 * "x" + ".ipynb"
    ('-', 'a -b-.ipynb', True)
    """
    part = re.sub(r"[\x00-\x1f\x7f-\x9f<>:\"/\\|?*]", "-", part).strip()
    path = PurePosixPath(part)
    most = LONGEST - len(path.suffix.encode())
    if len(part.encode()) > LONGEST and most > 0:
        part = path.stem.encode()[:most].decode("utf-8", "ignore") + path.suffix
    return part[:LONGEST] if part.strip(". ") else "-"


def _aside(path):
    count = 1
    while (aside := path.with_name(f"{path.name}-{count}")).exists():
        count += 1
    return aside


def _doubts(folder, name, new, exercises):
    """Say what will be asked about: no notebook, or one of another exercise."""
    rows = []
    notebooks = [inner for inner in new if inner.lower().endswith(".ipynb")]
    if not notebooks:
        rows.append(Row("doubtful", folder, ", ".join(new), "there is no notebook"))
    if len(notebooks) > MANY:
        why = f"these are {len(notebooks)} notebooks, and grading looks at {MANY}: which counts?"
        rows.append(Row("doubtful", folder, "", why))
    for inner in notebooks[:MANY]:
        try:
            with in_time(f"reading {inner} takes too long"):
                of = find_release(read_notebook(new[inner], inner).cells, exercises)
        except ValueError as error:
            rows.append(Row("doubtful", folder, inner, str(error)))
            continue
        if of is None or of.assignment != name:
            it = f"it is the notebook of {of.assignment}" if of else "it is of no exercise"
            rows.append(Row("doubtful", folder, inner, it))
    return rows
