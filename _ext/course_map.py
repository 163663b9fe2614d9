"""The map of the course, made from its sources: `{course-map}` in the teacher's guide.

`chapters/rows.yml` says what each row is; a section of a chapter or an appendix names the rows it
treats in the metadata of its cell, `+++ {"covers": ["P1"]}`. The table leads from one to the other.
"""

import re
from pathlib import Path

import jupytext
import yaml
from docutils import nodes
from docutils.statemachine import StringList
from myst_parser.mdit_to_docutils.base import default_slugify
from sphinx.util.docutils import SphinxDirective

ROOT = Path(__file__).resolve().parent.parent
ROWS = ROOT / "chapters" / "rows.yml"


def sections_by_row():
    """For each row the (page, heading) of the sections that treat it, in reading order."""
    found = {}
    for path in [*sorted(ROOT.glob("chapters/*.md")), *sorted(ROOT.glob("appendices/*.md"))]:
        for cell in jupytext.read(path).cells:
            heading = re.match(r"#+ (.+)", cell.source)
            for row in cell.metadata.get("covers", []):
                place = (path.relative_to(ROOT).as_posix(), heading[1])
                found.setdefault(row, []).append(place)
    return found


def link(path, heading):
    """A Markdown link to a section, by the anchor that MyST gives its heading."""
    return f"[{heading}]({path}#{default_slugify(re.sub(r'[*`$]', '', heading))})"


class CourseMap(SphinxDirective):
    """A table: row, what it is, where it lives."""

    def run(self):
        self.env.note_dependency(str(ROWS))
        rows = yaml.safe_load(ROWS.read_text("utf8"))
        found = sections_by_row()
        lines = ["| row | what | where |", "| --- | --- | --- |"]
        for row, what in rows.items():
            places = [link(*place) for place in found.get(row, [])]
            if places:
                lines.append(f"| {row} | {what} | {'; '.join(places)} |")
        node = nodes.container()
        self.state.nested_parse(StringList(lines, "course-map"), 0, node)
        return node.children


def setup(app):
    app.add_directive("course-map", CourseMap)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
