"""Mend a notebook that was handed in: the exercise's own cells, with the student's answers in them.

The notebook of the exercise is the frame: its texts, its imports and its tests are taken from
there, always. A student's answers are found by the ``grade_id`` of their cells, else by the
functions that they define, else by their place; what else a student wrote stays where it was.
So ``check`` and ``grade`` see the same notebook, and each accident is told in a sentence.
"""

import ast
import contextlib
import copy
import functools
import hashlib
import re
import signal
import threading
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from urllib.parse import quote, unquote

import nbformat

from cnnkit.study.cells import (
    KEPT,
    function_of,
    functions_in,
    grade_id,
    is_answer,
    is_test,
    parsed,
    released_source,
)
from cnnkit.study.files import File, files_in
from cnnkit.study.reading import read_notebook

__all__ = ["MANY", "Repaired", "in_time", "rebuild", "repair"]

MARKS = re.compile(r"\bchecks\.Marks\(\s*[\"'](\w+)[\"']")
NEEDED = ".csv", ".npy", ".npz", ".pt", ".pth", ".py"  # what an answer may read or import
KINDS = {"code": "code", "markdown": "Markdown", "raw": "raw text"}
MANY = 10  # notebooks of one student that are looked at
PATIENCE = 60  # seconds of the processor's that mending what one student handed in may take


@dataclass(frozen=True)
class Repaired:
    """A notebook ready to be graded.

    Attributes
    ----------
    notebook : NotebookNode
        Every cell of the exercise, in its order, and the student's own cells as plain ones.
    notes : tuple of str
        What was done, and what is odd: sentences for student and teacher.
    missing : tuple of str
        The functions and questions for which no cell was found at all.
    answers : tuple of str
        Those for which something was written.
    """

    notebook: nbformat.NotebookNode
    notes: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    answers: tuple[str, ...] = ()


def repair(source, submitted, name=""):
    """Find a student's notebook, read it, and put the answers into the exercise's own.

    Parameters
    ----------
    source : NotebookNode
        The exercise as it was released, or its teacher's source.
    submitted : path
        The notebook, or the folder that was handed in.
    name : str
        The name that the notebook was handed out with, ``convolution.ipynb``.

    Returns
    -------
    Repaired

    Raises
    ------
    ValueError
        If there is no notebook of this exercise: the reason for each file that might be one.
    """
    name = name or PurePosixPath(submitted).name
    with in_time(f"{Path(submitted)} was left: reading it takes too long; hand in {name} alone."):
        return _best(source, Path(submitted), name)


class _OutOfTime(Exception):
    """It takes too long; no kind of error that anything else is."""


@contextlib.contextmanager
def in_time(words):
    """Raise a ValueError with these words where something takes too long, if the system can ring.

    Only what one student handed in is read meanwhile, so that one cannot stop a class.
    """
    if not hasattr(signal, "setitimer") or threading.current_thread() != threading.main_thread():
        yield
        return

    def ring(number, frame):
        raise _OutOfTime

    before = signal.signal(signal.SIGPROF, ring)
    signal.setitimer(signal.ITIMER_PROF, PATIENCE)
    try:
        yield
    except _OutOfTime:
        raise ValueError(words) from None
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)


def _best(source, place, name):
    """Mend the notebook that has the most answers."""
    refused = []
    if not place.exists() and not place.is_symlink():
        raise ValueError(f"There is no {place}: hand in {name}.")
    files = list(files_in(place, lambda path, why: refused.append(f"{path} was left: {why}.")))
    notebooks = [file for file in files if file.path.suffix.lower() == ".ipynb"]
    notebooks.sort(key=lambda file: _likely(file, name))
    if len(notebooks) > MANY:
        most = f"{MANY} of them were looked at: hand in one"
        refused.append(f"There are {len(notebooks)} notebooks, and {most}.")
    tried = []
    for file in notebooks[:MANY]:
        try:
            tried.append((file, _repaired(source, file, name)))
        except ValueError as error:
            refused.append(str(error))
    if not tried:
        raise ValueError(_nothing(name, files, notebooks, refused))
    tried.sort(key=lambda pair: _rank(pair[0], pair[1], name))
    (file, best), *others = tried
    notes = [*refused, *_whereabouts(file, name)]
    notes += [_second(file, best, other, second) for other, second in others]
    needed = [str(other.path) for other in files if other.path.suffix.lower() in NEEDED]
    if needed:
        notes.append(f"A notebook is graded alone, without {', '.join(needed[:5])} beside it.")
    return Repaired(best.notebook, (*notes, *best.notes), best.missing, best.answers)


def _repaired(source, file, name):
    try:
        content = file.read()
    except ValueError as error:
        raise ValueError(f"{file.path} was left: {error}.") from None
    cells, notes = read_notebook(content, str(file.path))
    made = rebuild(source, cells, str(file.path))
    return Repaired(made.notebook, (*notes, *made.notes), made.missing, made.answers)


def _rank(file, made, name):
    """Put the notebook with the most answers first; then the one with the right name and place."""
    return -len(made.answers), *_likely(file, name)


def _likely(file, name):
    return file.path.name.lower() != name.lower(), len(file.path.parts), str(file.path)


def _whereabouts(file: File, name):
    """Say where a notebook lay, if not under its name in its folder."""
    *folders, own = file.path.parts
    notes = []
    packed = [folder for folder in folders if folder.lower().endswith((".zip", ".ipynb"))]
    if packed:
        notes.append(f"{own} was still packed in {packed[-1]}: it was read from there.")
    elif folders:
        notes.append(f"{own} lay in the folder {'/'.join(folders)}: it was taken from there.")
    if own != name:
        notes.append(f"The notebook was renamed: {own} was taken for {name}.")
    return notes


def _second(file, best, other, second):
    """Say why one of two notebooks was taken."""
    if len(best.answers) > len(second.answers):
        counts = f"{len(best.answers)} answers, and the other {len(second.answers)}"
        return f"There is {other.path}, too: {file.path} was taken, for it has {counts}."
    if _texts(best.notebook) == _texts(second.notebook):
        return f"There is {other.path}, too, with the same answers."
    return (
        f"There is {other.path}, too, with other answers: {file.path} was taken; ask which counts."
    )


def _texts(notebook):
    return [cell.source for cell in notebook.cells]


def _nothing(name, files, notebooks, refused):
    """Say why there is nothing to grade."""
    if refused:
        return " ".join(refused)
    if notebooks or not files:
        return f"The folder is empty: there should be {name}."
    there = ", ".join(str(file.path) for file in files[:5])
    return f"There is no notebook, only {there}: there should be {name}."


# ---- the cells ----------------------------------------------------------------------------------


def rebuild(source, submitted, called="this notebook"):
    """Put a student's answers into the notebook of an exercise.

    Parameters
    ----------
    source : NotebookNode
        The exercise as it was released, or its teacher's source; no answer of it is kept.
    submitted : list of NotebookNode
        The student's cells.
    called : str
        What to call the student's notebook.

    Returns
    -------
    Repaired

    Raises
    ------
    ValueError
        If it is the notebook of another exercise, or of none.
    """
    desk = _Desk(source, submitted)
    desk.sort_by_grade_id()
    desk.sort_tests_and_texts()
    desk.take_answers_out_of_tests()
    desk.join_pieces()
    desk.sort_by_function()
    desk.sort_by_place()
    if not any(desk.owners.values()) or not (desk.knows_tests or desk.found):
        functions = [f for cell in submitted for f in functions_in(cell.source)]
        there = f"it defines {', '.join(functions[:8])}" if functions else "it defines no function"
        wanted = ", ".join(_name(cell) for _, cell in desk.answers())
        raise ValueError(f"{called} is not of this exercise: {there}; expected {wanted}.")
    return desk.made()


class _Desk:
    """Where the student's cells are sorted: each to a cell of the frame, or to none."""

    def __init__(self, source, submitted):
        self.source = source
        self.frame = [_released(cell) for cell in source.cells]
        self.submitted = copy.deepcopy(submitted)
        self.marked = any(grade_id(cell) for cell in self.submitted)
        # Of a place in the frame: the student's cells; the cells of others that hold it, too.
        self.owners: dict[int, list[int]] = defaultdict(list)
        self.borrowed: dict[int, list[int]] = defaultdict(list)
        self.taken: set[int] = set()  # the student's cells that have a place
        self.strangers: list[str] = []  # what is graded elsewhere
        self.changed_tests: list[str] = []
        self.older_tests: list[str] = []
        self.notes: list[str] = []

    def answers(self):
        """List the places that a student fills in."""
        return [(i, cell) for i, cell in enumerate(self.frame) if is_answer(cell)]

    @property
    def found(self):
        return any(self.owners[place] for place, _ in self.answers())

    @property
    def knows_tests(self):
        return any(self.owners[i] for i, cell in enumerate(self.frame) if is_test(cell))

    def give(self, place, number):
        self.owners[place].append(number)
        self.taken.add(number)

    def left(self):
        """List the student's cells that belong nowhere yet."""
        return [(j, cell) for j, cell in enumerate(self.submitted) if j not in self.taken]

    # ---- which cell of a student belongs where ----

    def sort_by_grade_id(self):
        places = {grade_id(cell): i for i, cell in enumerate(self.frame) if grade_id(cell)}
        for number, cell in enumerate(self.submitted):
            own = grade_id(cell)
            if own in places:
                self.give(places[own], number)
            elif own and function_of(own) not in self.strangers:
                self.strangers.append(function_of(own))

    def sort_tests_and_texts(self):
        """Find the exercise's own cells among those that are not marked: they are the frame's."""
        plain: dict[str, list[int]] = {}
        for place, cell in enumerate(self.frame):
            plain.setdefault(_squeezed(cell.source), []).append(place)
        tests = {function_of(grade_id(c)): i for i, c in enumerate(self.frame) if is_test(c)}
        for number, cell in self.left():
            places = [i for i in plain.get(_squeezed(cell.source), ()) if not self.owners[i]]
            tested = MARKS.search(cell.source)
            if places:
                self.give(places[0], number)
            elif tested and tested[1] in tests:
                self.give(tests[tested[1]], number)

    def take_answers_out_of_tests(self):
        """Keep the functions that somebody wrote into a test cell, which is replaced."""
        for place, cell in enumerate(self.frame):
            if not is_test(cell):
                continue
            known = {_squeezed(text) for text in _definitions(cell.source)}
            for number in list(self.owners[place]):
                own = self.submitted[number]
                new = [t for t in _definitions(own.source) if _squeezed(t) not in known]
                if new and not _as_released(own):  # also where it was turned into text
                    self._insert(number, "\n\n\n".join(new))
                    self.notes.append(
                        f"Code in the test cell of {_name(cell)} was put into a cell of its own."
                    )
                    break

    def _insert(self, number, text):
        """Add a cell of the student before another."""
        self.submitted.insert(number, _own("code", text))
        self.taken = {n + (n >= number) for n in self.taken}
        for numbers in self.owners.values():
            numbers[:] = [n + (n >= number) for n in numbers]

    def join_pieces(self):
        """Find what was split off the cell of an answer, if neither piece is whole without it."""
        for place, cell in self.answers():
            if cell.cell_type != "code" or len(self.owners[place]) != 1:
                continue
            (number,) = self.owners[place]
            if _parses(self.submitted[number].source):
                continue
            free = {n for n, own in self.left() if own.cell_type == "code" and not grade_id(own)}
            for first, last in ((0, 1), (1, 0), (0, 2), (1, 1), (2, 0)):
                run = range(number - first, number + last + 1)
                others = {*run} - {number}
                if others <= free:
                    whole = "\n".join(self.submitted[n].source for n in run)
                    if _parses(whole) and _name(cell) in functions_in(whole):
                        for other in others:
                            self.give(place, other)
                        break

    def sort_by_function(self):
        """Find answers by the functions that they define, where the marked cell holds none."""
        for place, cell in self.answers():
            for number, own in self.left():
                if not _defines(own, cell) or (self._written(place) and not _untouched(own, cell)):
                    continue
                if self.marked and not _untouched(own, cell):
                    self.notes.append(f"{_name(cell)} was found in a cell of its own.")
                self.give(place, number)
        for place, cell in self.answers():
            if not self._written(place):
                others = [n for i, _ in self.answers() if i != place for n in self._written(i)]
                self.borrowed[place] = [n for n in others if _defines(self.submitted[n], cell)]

    def sort_by_place(self):
        """Find answers by what stands beside them: a renamed function, a text in a new cell."""
        for place, cell in self.answers():
            code = cell.cell_type == "code"
            if self._written(place) or self.borrowed[place] or (code and self.owners[place]):
                continue
            above = max([*self.owners[place], *self.owners[place - 1]], default=None)
            below = min(self.owners[place + 1], default=None) if code else None
            beside = {below - 1} if below is not None else {above + 1} if above is not None else ()
            for number, own in self.left():
                plain = own.cell_type == cell.cell_type and own.source.strip()
                known = grade_id(own) or any(_defines(own, other) for _, other in self.answers())
                if number in beside and plain and not known:
                    self.give(place, number)

    def _written(self, place):
        """List the cells of an answer in which somebody has written something."""
        frame = self.frame[place]
        return [n for n in sorted(self.owners[place]) if not _untouched(self.submitted[n], frame)]

    # ---- the notebook that is graded ----

    def made(self):
        """Build the notebook, and say what was done."""
        answers, missing, own = [], [], self._own_cells()
        cells = list(own[-1])
        for place, cell in enumerate(self.frame):
            made, name = copy.deepcopy(self.source.cells[place]), _name(cell)
            before: list = []
            if is_answer(cell):
                made.source = cell.source
                if self._written(place) or self.borrowed[place]:
                    answers.append(name)
                    before, made.source = self._answer(place, name, own)
                    pictures = [self.submitted[n] for n in self.owners[place]]
                    _keep_pictures(made, pictures, self.notes)
                elif not self.owners[place]:
                    missing.append(name)
            elif is_test(cell):
                self._compare_test(place, name)
            if grade_id(cell):
                self._look_at(place, name)
            cells += [*before, made, *own[place]]
        self._tell(missing, answers)
        notebook = nbformat.v4.new_notebook(metadata=copy.deepcopy(self.source.metadata))
        notebook.cells = _named(cells)
        nbformat.validate(notebook)
        notes = tuple(dict.fromkeys(self.notes))
        return Repaired(notebook, notes, tuple(missing), tuple(answers))

    def _own_cells(self):
        """Keep what else a student wrote, behind the cell of the frame that it stood behind."""
        owner = {n: place for place, numbers in self.owners.items() for n in numbers}
        behind = defaultdict(list)
        last = -1
        for number, cell in enumerate(self.submitted):
            if number in owner:
                last = owner[number]
            elif cell.source.strip():
                made = _plain(cell, self.notes)
                if cell.cell_type == "code":
                    made.source = self._without_later_tries(number, made.source)
                behind[last].append(made)
        return behind

    def _without_later_tries(self, number, text):
        """Put what defines a function again, below its test, into comments: it was not tested."""
        names = {
            _name(cell)
            for place, cell in self.answers()
            if self._written(place) and number > min(self.owners[place + 1], default=number)
        }
        again = names & set(functions_in(text))
        if again and (made := _without(text, again)) != text:
            told = ", ".join(sorted(again))
            self.notes.append(f"{told} is defined again below its test: that one does not count.")
            return made
        return text

    def _answer(self, place, name, own):
        """Make one text of the cells of an answer, and cells before it of what is not part of it.

        What a student wrote after it, or after its test, goes to the own cells there.
        """
        numbers = self._written(place)
        if self.borrowed[place]:
            numbers = self.borrowed[place][:1]
            self.notes.append(f"{name} was found in the cell of another function.")
        texts = {n: _runnable(self.submitted[n].source, self.notes) for n in numbers}
        if self.frame[place].cell_type != "code":
            return [], "\n\n".join(texts.values())
        if len(set(texts.values())) < len(texts):
            self.notes.append(f"There is more than one cell of {name}, with the same text.")
        texts = {texts[n]: n for n in reversed(numbers)}  # of equal ones, the first
        texts = {n: text for text, n in reversed(texts.items())}
        whole = "\n".join(texts.values())
        if len(texts) > 1 and not all(map(_parses, texts.values())) and _parses(whole):
            self.notes.append(f"The cell of {name} was split: its pieces were joined again.")
            return [], whole
        tested = min(self.owners.get(place + 1, ()), default=len(self.submitted))
        good = [n for n, text in texts.items() if name in functions_in(text)] or list(texts)
        good = [n for n in good if _parses(texts[n])] or good
        chosen = max([n for n in good if n < tested] or good)
        others = {n: text for n, text in texts.items() if n != chosen}
        if any(name in functions_in(text) for text in others.values()):
            self.notes.append(
                f"There is more than one answer to {name}: the last one before its test counts."
            )
        elif others:
            self.notes.append(f"The cell of {name} was split: all its pieces are kept.")
        others = {n: _without(text, {name}) for n, text in others.items()}
        for n in reversed([n for n in others if n > chosen]):
            own[place + 1 if n > tested else place].insert(0, _own("code", others[n]))
        before = [_own("code", text) for n, text in others.items() if n < chosen]
        return before, texts[chosen]

    def _compare_test(self, place, name):
        """Say what became of a test cell; it is the frame's in any case."""
        numbers = self.owners[place]
        if not numbers:
            self.notes.append(f"The test cell of {name} was missing: it is back.")
            return
        wanted = _squeezed(self.frame[place].source)
        for own in (self.submitted[n] for n in numbers):
            if own.cell_type == "code" and _squeezed(own.source) != wanted:
                (self.older_tests if _as_released(own) else self.changed_tests).append(name)

    def _look_at(self, place, name):
        """Say what became of the kind and the tags of a cell."""
        what = f"The {'test ' if is_test(self.frame[place]) else ''}cell of {name}"
        kind = self.frame[place].cell_type
        for own in (self.submitted[n] for n in self.owners[place]):
            if own.cell_type != kind:
                turned = f"{KINDS[own.cell_type]}: it is {KINDS[kind]} again"
                self.notes.append(f"{what} was turned into {turned}.")
            if tags := own.metadata.get("tags"):
                self.notes.append(f"{what} was tagged {', '.join(tags)}: tags do not count.")

    def _tell(self, missing, answers):
        told = self.notes
        if not self.marked:
            told.insert(0, "All marks of the cells are lost: the answers were found by their text.")
        other = self.older_tests or (self.strangers if missing else [])
        if other:
            names = ", ".join(dict.fromkeys(other))
            told.insert(0, f"This is another edition of the exercise: it has another {names}.")
        if self.strangers:
            names = ", ".join(self.strangers)
            told.append(f"Cells of another exercise are kept, and give no points: {names}.")
        if self.changed_tests:
            names = ", ".join(dict.fromkeys(self.changed_tests))
            told.append(f"The test of {names} was changed: the original was run.")
        if missing:
            told.append(f"There is no cell for {', '.join(missing)}: it counts as not written.")
        elif not answers:
            told.append("Nothing is written yet: is this the right notebook?")


def _released(cell):
    """Copy a cell of the source as students get it."""
    made = copy.deepcopy(cell)
    made.source = released_source(cell)
    return made


def _name(cell):
    """Name what a cell is about: its function, or its question."""
    own = grade_id(cell)
    return function_of(own) if cell.cell_type == "code" else own


def _defines(own, cell):
    """Tell whether a student's cell defines the function that a cell of the frame asks for."""
    if own.cell_type != "code" and not _parses(own.source):
        return False
    wanted = functions_in(cell.source) if cell.cell_type == "code" else []
    return bool(wanted) and wanted[0] in functions_in(own.source)


def _squeezed(text):
    return "".join(text.split())


@functools.lru_cache(KEPT)
def _parses(text):
    """Tell whether code is whole; a magic command is, too."""
    return parsed(text) is not None


def _definitions(text):
    """List the functions, classes and imports at the top level of code, as they are written."""
    kinds = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Import | ast.ImportFrom
    lines = text.encode().split(b"\n")  # columns count bytes
    return [_segment(lines, node) for node in parsed(text) or () if isinstance(node, kinds)]


def _segment(lines, node):
    """Cut a statement out, with its decorators, but without what else is in its lines.

    As `ast.get_source_segment`, which splits the whole text for each statement.
    """
    begin = min([node, *getattr(node, "decorator_list", ())], key=lambda part: part.lineno)
    own = lines[begin.lineno - 1 : node.end_lineno]
    own[-1] = own[-1][: node.end_col_offset]
    if begin is node:
        own[0] = own[0][node.col_offset :]
    return b"\n".join(own).decode()


def _untouched(own, cell):
    """Tell whether nothing was written into a cell: also one of an older edition."""
    text = _squeezed(own.source)
    if not text or text == _squeezed(cell.source) or _as_released(own):
        return True
    return cell.cell_type == "code" and _unwritten(own.source)


@functools.lru_cache(KEPT)
def _unwritten(text):
    """Tell whether code is a function that only says that it is not written."""
    body = parsed(text) or []
    if len(body) != 1 or not isinstance(body[0], ast.FunctionDef):
        return False
    *rest, last = body[0].body
    words = all(isinstance(n, ast.Expr) and isinstance(n.value, ast.Constant) for n in rest)
    return words and isinstance(last, ast.Raise) and "NotImplementedError" in ast.dump(last)


def _as_released(cell):
    """Tell by nbgrader's checksum whether a cell is as its teacher wrote it."""
    data = cell.metadata.get("nbgrader")
    if not isinstance(data, dict):
        return False
    parts = [cell.source, cell.cell_type]
    parts += [str(bool(data.get(key, False))) for key in ("grade", "solution", "locked")]
    parts.append(str(data.get("grade_id", "")))
    if data.get("grade"):
        try:
            parts.append(str(float(data.get("points", 0))))
        except (TypeError, ValueError, OverflowError):
            return False
    digest = hashlib.md5("".join(parts).encode(), usedforsecurity=False).hexdigest()
    return data.get("checksum") == digest


# ---- a student's own cells ----------------------------------------------------------------------


def _plain(cell, notes):
    """Make a plain cell of a student's own; nbgrader's marks and tags go."""
    if tags := cell.metadata.get("tags"):
        notes.append(f"A cell was tagged {', '.join(tags)}: tags do not count.")
    text = _runnable(cell.source, notes) if cell.cell_type == "code" else cell.source
    made = _own(cell.cell_type, text)
    _keep_pictures(made, [cell], notes)
    return made


def _own(kind, text):
    """Make a plain cell, which has no id yet."""
    return nbformat.from_dict({"cell_type": kind, "metadata": {}, "source": text})


PICTURE = re.compile(r"!\[([^\]]{0,500})\]\(attachment:([^)\s]{1,500})(?:\s[^)]{0,500})?\)")


def _keep_pictures(made, cells, notes):
    """Keep the pictures of a text under names that everything can read; say which are gone."""
    if made.cell_type != "markdown":
        return
    kept: dict[str, dict] = {}

    def picture(found):
        words, name = found.groups()
        for cell in cells:
            for own, data in cell.get("attachments", {}).items():
                if unquote(own) == unquote(name) and isinstance(data, dict):
                    safe = f"picture-{len(kept) + 1}{PurePosixPath(own).suffix}"
                    kept[quote(safe)] = data
                    return f"![{words}](attachment:{quote(safe)})"
        notes.append(f"The picture {unquote(name)} is not in the notebook.")
        return f"[the picture {unquote(name)} is not in the notebook]"

    made.source = PICTURE.sub(picture, made.source)
    if kept:
        made.attachments = nbformat.from_dict(kept)


def _runnable(text, notes):
    """Put what only Colab can do into comments: without it, the rest of the cell runs."""
    if "google.colab" not in text:
        return text
    body = parsed(text)
    if body is None:
        return text
    bound: set[str] = set()
    gone: list[ast.stmt] = []
    for node in body:
        if isinstance(node, ast.Import | ast.ImportFrom):
            module = getattr(node, "module", None)
            names = [module] if module else [alias.name for alias in node.names]
            if all(str(name).split(".")[:2] == ["google", "colab"] for name in names):
                bound |= {(alias.asname or alias.name).split(".")[0] for alias in node.names}
                gone.append(node)
        elif isinstance(node, ast.Expr | ast.Assign) and bound & {
            inner.id for inner in ast.walk(node) if isinstance(inner, ast.Name)
        }:
            gone.append(node)
    if gone:
        notes.append("Lines that only Colab can run were put into comments.")
    return _commented(text, body, gone)


def _without(text, names):
    """Put the functions with these names into comments."""
    body = parsed(text) or []
    return _commented(text, body, [n for n in body if getattr(n, "name", None) in names])


def _commented(text, body, nodes):
    """Put the lines of some statements into comments: the text stays, and does not run.

    What else stands in these lines is written once more below them.
    """

    def lines_of(node):
        first = min([node.lineno, *(d.lineno for d in getattr(node, "decorator_list", []))])
        return range(first - 1, node.end_lineno)

    gone = {line for node in nodes for line in lines_of(node)}
    rest = [node for node in body if node not in nodes] if gone else []
    beside = [node for node in rest if not gone.isdisjoint(lines_of(node))]
    gone |= {line for node in beside for line in lines_of(node)}
    lines = [
        f"# {line}".rstrip() if number in gone else line
        for number, line in enumerate(text.split("\n"))
    ]
    for node in beside:
        lines[node.end_lineno - 1] += f"\n{ast.unparse(node)}"
    return "\n".join(lines)


def _named(cells):
    """Give each cell that a student added an id, and take away what cells have shown."""
    for number, cell in enumerate(cells):
        cell.setdefault("id", f"own-{number}")
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    return cells
