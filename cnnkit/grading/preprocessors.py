"""What nbgrader_config.py adds to nbgrader's own steps."""

import re
import textwrap
from pathlib import Path

import jinja2
from nbformat.v4 import new_output
from nbgrader.preprocessors import NbGraderPreprocessor

from cnnkit.study.cells import function_of, grade_id, is_test, stopped
from cnnkit.study.records import read_record, results

__all__ = ["DropStderr", "KeepRecords", "ShortenTracebacks", "ShowRecords", "doubt"]

DOUBT = "MarksInDoubt"  # the name of the error that stands for a record that cannot be right
PAGE = Path(__file__).parent / "templates" / "marks.html.j2"


class DropStderr(NbGraderPreprocessor):
    """Drop what test cells wrote to stderr: warnings and progress bars cost no marks."""

    def preprocess_cell(self, cell, resources, index):
        """Keep every output of a test cell but its stderr."""
        if is_test(cell):
            cell.outputs = [o for o in cell.outputs if o.get("name") != "stderr"]
        return cell, resources


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
        printed = "".join(o.text for o in cell.outputs if o.output_type == "stream")
        page = jinja2.Template(PAGE.read_text("utf8"), autoescape=True)
        table = page.render(record=record, printed=re.sub(r"\x1b\[[0-9;]*m", "", printed))
        shown = [o for o in cell.outputs if o.output_type not in ("stream", "execute_result")]
        cell.outputs = [new_output("display_data", data={"text/html": table}), *shown]
        return cell, resources


def doubt(cell):
    """Tell why a mark is in doubt, if it is, with the function's name."""
    error = stopped(cell) if is_test(cell) else None
    if error is None or error.ename != DOUBT:
        return ""
    return f"{function_of(grade_id(cell))} counts as 0 points: {error.evalue}"
