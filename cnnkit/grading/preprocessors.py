"""What nbgrader_config.py adds to nbgrader's own steps."""

import atexit
import functools
import re
import textwrap
from pathlib import Path

import jinja2
import nbformat
from nbformat.v4 import new_output
from nbgrader.preprocessors import NbGraderPreprocessor

from cnnkit.checks.marks import NotJudged
from cnnkit.grading.intake import SLIPS, tell
from cnnkit.grading.judge import PRINTED, judge, modules_of
from cnnkit.grading.sandbox import Nursery
from cnnkit.grading.source import assignments, notebook_from
from cnnkit.study.cells import function_of, grade_id, is_test, stopped
from cnnkit.study.reading import read_notebook
from cnnkit.study.records import read_record, results
from cnnkit.study.repair import rebuild

__all__ = [
    "Judge",
    "KeepRecords",
    "Repair",
    "ShortenTracebacks",
    "ShowRecords",
    "clean_html",
    "doubt",
    "markdown_to_html",
]

DOUBT = "MarksInDoubt"  # the name of the error that stands for a record that cannot be right
PAGE = Path(__file__).parent / "templates" / "marks.html.j2"


TAGS = """a b blockquote br code dd del details div dl dt em h1 h2 h3 h4 h5 h6 hr i img li ol p pre
    s span strong sub summary sup table tbody td th thead tr ul"""
ATTRIBUTES = {"*": ["class", "id", "style", "title"], "a": ["href"], "img": ["alt", "src"]}


@functools.lru_cache(512)
def clean_html(text):
    """Let nothing into a page that could run, or ask another server.

    >>> clean_html("<p onclick='x'>Hi<script>alert(1)</script></p>")
    '<p>Hi&lt;script&gt;alert(1)&lt;/script&gt;</p>'
    """
    from bleach import clean
    from bleach.css_sanitizer import CSSSanitizer

    allowed = CSSSanitizer(allowed_css_properties=STYLES)
    protocols = ["http", "https", "mailto", "data"]
    return clean(
        text, tags=TAGS.split(), attributes=_allowed, protocols=protocols, css_sanitizer=allowed
    )


STYLES = ["color", "cursor", "display", "max-width", "text-align", "vertical-align", "width"]


def _allowed(tag, name, value):
    """Tell whether an attribute may stay: pictures come with the page, or not at all."""
    if (tag, name) == ("img", "src"):
        return value.startswith("data:image/")
    return name in ATTRIBUTES["*"] + ATTRIBUTES.get(tag, [])


@jinja2.pass_context
def markdown_to_html(context, source):
    """Show Markdown as nbconvert does, pictures of the cell included; HTML in it is cleaned."""
    from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath

    pictures = context.get("cell", {}).get("attachments", {})
    renderer = IPythonRenderer(escape=False, attachments=pictures)
    return clean_html(MarkdownWithMath(renderer=renderer).render(source))


class Repair(NbGraderPreprocessor):
    """Begin `nbgrader autograde` with the teacher's notebook and a student's answers in it."""

    def preprocess(self, nb, resources):
        """Rebuild the notebook, and take away what else was handed in: nothing of it is run."""
        converter, told = self.parent.parent, resources["nbgrader"]
        name = f"{told['notebook']}.ipynb"
        cells, notes = read_notebook(nbformat.writes(nb).encode(), name)
        made = rebuild(_source(converter, told), cells, name)
        tell(made.notebook, (*notes, *made.notes))
        nb.clear()
        nb.update(made.notebook)
        copied = Path(converter._format_dest(told["assignment"], told["student"]))
        for path in copied.rglob("*"):
            if path.is_file() and path.suffix != ".ipynb" and path.name not in SLIPS:
                path.unlink()
        return nb, resources


class Judge(NbGraderPreprocessor):
    """Stand in for nbgrader's `Execute`: answers run in a sandbox, tests in this process."""

    def preprocess(self, nb, resources):
        """Judge a notebook that `Repair` has made."""
        source = _source(self.parent.parent, resources["nbgrader"])
        try:
            modules = tuple(modules_of(source))
            if _nursery(modules).has_ended():
                _nursery.cache_clear()
            judge(source, nb, _nursery(modules))
        except NotJudged as error:
            raise RuntimeError(f"Students' code runs in a sandbox alone: {error}") from None
        return nb, resources


def _source(converter, told):
    return notebook_from(assignments(converter.coursedir.root)[told["assignment"]])


@functools.cache
def _nursery(modules):
    """Start a sandbox for all notebooks of this process."""
    nursery = Nursery(modules)
    atexit.register(nursery.close)
    return nursery.wait()


class KeepRecords(NbGraderPreprocessor):
    """Take the mark of a test cell from its record, and from nothing else that it shows.

    nbgrader reads the first value that a cell gives back, and full points where there is none.
    """

    def preprocess_cell(self, cell, resources, index):
        """Make the record's score the cell's only value; without a good record it is an error."""
        if is_test(cell):
            others = [o for o in cell.outputs if o.output_type != "execute_result"]
            cell.outputs = others + ([] if stopped(cell) else [_mark(cell)])
            for output in others:  # no exception of a learner's bears our name
                if output.get("ename") == DOUBT:
                    output.ename = "Exception"
        return cell, resources


def _mark(cell):
    """Give the output from which nbgrader is to read the mark of a cell."""
    try:
        score = read_record(cell).score
    except ValueError as error:
        lines = textwrap.wrap(str(error), 88)
        return new_output("error", ename=DOUBT, evalue=str(error), traceback=lines)
    (bearer,) = results(cell)
    data = {**bearer.data, "text/plain": repr(float(score))}
    return new_output("execute_result", data=data, execution_count=cell.execution_count)


class ShortenTracebacks(NbGraderPreprocessor):
    """Cut the traceback of a failed test cell to its last line: it quotes hidden tests."""

    def preprocess_cell(self, cell, resources, index):
        """Replace the frames of an exception by its name."""
        if is_test(cell):
            for output in cell.outputs:
                if output.output_type == "error" and output.ename != DOUBT:
                    output.evalue = ""
                    output.traceback = [f"{output.ename} stopped this test."]
        return cell, resources


@functools.cache
def _table():
    return jinja2.Template(PAGE.read_text("utf8"), autoescape=True)


class ShowRecords(NbGraderPreprocessor):
    """Show a student the verdicts of a test apart from what the answer printed."""

    def preprocess_cell(self, cell, resources, index):
        """Write the record down as a table, and fold away what the cell printed."""
        if not is_test(cell):
            return cell, resources
        try:
            record = read_record(cell)
        except ValueError:
            return cell, resources
        own = [o for o in cell.outputs if PRINTED in o.get("metadata", {})]
        printed = "".join(o.text for o in cell.outputs if o.output_type == "stream")
        printed += "".join(o.data["text/plain"] for o in own)
        table = _table().render(record=record, printed=re.sub(r"\x1b\[[0-9;]*m", "", printed))
        shown = [o for o in cell.outputs if o.output_type == "error"]
        cell.outputs = [new_output("display_data", data={"text/html": table}), *shown]
        return cell, resources


def doubt(cell):
    """Tell why a mark is in doubt, if it is, with the function's name."""
    error = stopped(cell) if is_test(cell) else None
    if error is None:
        return ""
    why = error.evalue if error.ename == DOUBT else f"{error.ename} stopped its test"
    return f"{function_of(grade_id(cell))} counts as 0 points: {why}"
