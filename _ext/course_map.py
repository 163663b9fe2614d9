"""The maps of the course, made from its sources, for the teacher's guide.

`{course-map}`: `chapters/rows.yml` says what each row is; a section of a chapter or an appendix
names the rows it treats in the metadata of its cell, `+++ {"covers": ["P1"]}`. The table leads from
one to the other. `{exercise-map}` leads from each function of an exercise to its points, to the
section that its test sends back to, and to the answers that the test itself is tested with.
`{accident-map}` lists what may happen to a notebook before it is graded, and what becomes of it,
from the accidents in `tests/grading/accidents/` that grading is tested with.
`{attack-map}` lists what students have tried on the graders, from the attacks that test them.
`{grading-table}` multiplies what was measured of grading by a large course.
"""

import ast
import json
import re

import jupytext
import pages
from docutils import nodes
from docutils.statemachine import StringList
from myst_parser.mdit_to_docutils.base import default_slugify
from sphinx.errors import ExtensionError
from sphinx.util.docutils import SphinxDirective

from cnnkit.grading.source import assignments
from cnnkit.study.cells import function_of

ROWS = pages.ROOT / "chapters" / "rows.yml"
PAGES = [*pages.chapters(), *pages.appendices()]
EXERCISES = list(assignments(pages.ROOT).values())
ANSWERS = pages.ROOT / "tests" / "answers"
ACCIDENTS = sorted((pages.ROOT / "tests" / "grading" / "accidents").glob("*.py"))
ATTACKS = sorted((pages.ROOT / "tests" / "grading" / "attacks").glob("*.py"))
GRADING = pages.ROOT / "benchmarks" / "results" / "grading.json"
GRADED = "02-convolution", "05-softmax"
FILE = re.compile(r"[\w()-]+\.\w{2,6}\b")
# What a test says when an answer is wrong: `read="chapter 12, Real photographs"`.
READ = re.compile(r'read="chapter (\d+), (.+?)"')


def graded_functions(path):
    """For each function of an exercise its name, its points and the section to read again."""
    found = []
    for cell in jupytext.read(path).cells:
        graded, read = cell.metadata.get("nbgrader", {}), READ.search(cell.source)
        if graded.get("grade"):
            name = function_of(graded["grade_id"])
            if not read and not graded.get("solution"):  # a person marks what is both
                raise ExtensionError(
                    f"{path}: the test of {name} sends to no section; give its marks one to read "
                    'again: read="chapter 12, The heading of a section"'
                )
            found.append((name, graded["points"], read and (int(read[1]), read[2])))
    return found


def answers_to(exercise, function):
    """How many answers a test is tested with: wrong ones, and right ones."""
    text = (ANSWERS / exercise / f"{function}.py").read_text("utf8")
    return text.count("\n# %% wrong: "), text.count("\n# %% right: ")


def accidents(path):
    """For each accident of a file its sentence, the note that is told, and the points of 20."""
    for node in ast.parse(path.read_text("utf8")).body:
        if not isinstance(node, ast.FunctionDef):
            continue
        for mark in node.decorator_list:
            (note,) = map(ast.literal_eval, mark.args)
            score = {key.arg: ast.literal_eval(key.value) for key in mark.keywords}.get("score", 20)
            yield ast.get_docstring(node), note, score


def link(path, heading):
    """A Markdown link to a section, by the anchor that MyST gives its heading."""
    place = path.relative_to(pages.ROOT).as_posix()
    return f"[{heading}]({place}#{default_slugify(re.sub(r'[*`$]', '', heading))})"


class Table(SphinxDirective):
    """A table of these columns, made from these files."""

    def run(self):
        for path in self.files():
            self.env.note_dependency(str(path))
        lines = [f"| {' | '.join(row)} |" for row in [self.columns, ["---"] * len(self.columns)]]
        lines += [f"| {' | '.join(row)} |" for row in self.rows()]
        node = nodes.container()
        self.state.nested_parse(StringList(lines, self.name), 0, node)
        return node.children


class CourseMap(Table):
    columns = "row", "what", "where"

    def files(self):
        return [ROWS, *PAGES]

    def rows(self):
        found = pages.sections_by_row()
        for row, (what, _) in pages.rows().items():
            if row in found:
                yield row, what, "; ".join(link(*place) for place in found[row])


class ExerciseMap(Table):
    columns = "exercise", "points", "taught in", "wrong", "right"

    def files(self):
        return [*PAGES, *EXERCISES, *ANSWERS.glob("*/*.py")]

    def rows(self):
        for path in EXERCISES:
            exercise, functions = path.parent.name, graded_functions(path)
            minutes = re.search(r"about \d+ minutes", path.read_text("utf8"))[0]
            total = sum(points for _, points, _ in functions)
            yield f"**{exercise}**", f"**{total}**", minutes, "", ""
            for name, points, section in functions:
                if section:
                    wrong, right = answers_to(exercise, name)
                    taught = link(pages.page_of(*section), section[1])
                    yield f"`{name}`", str(points), taught, str(wrong), str(right)
                else:
                    yield name.replace("_", " "), str(points), "a person marks it", "", ""


class AccidentMap(Table):
    columns = "what happens", "points of 20", "what is told"

    def files(self):
        return ACCIDENTS

    def rows(self):
        for path in ACCIDENTS:
            title = ast.get_docstring(ast.parse(path.read_text("utf8"))).split(":")[0]
            yield f"**{title}**", "", ""
            for what, note, score in accidents(path):
                points = "not graded" if score is None else str(score)
                told = FILE.sub(r"`\g<0>`", note)  # else `helpers.py` becomes an address
                yield what.rstrip("."), points, f"… {told} …" if note else "nothing"


class AttackMap(Table):
    columns = "what a student tries", "what comes of it"

    def files(self):
        return ATTACKS

    def rows(self):
        for path in ATTACKS:
            head, *sections = re.split(r"^# %% ", path.read_text("utf8"), flags=re.M)
            yield f"**{head.strip('# ' + chr(10))}**", f"{len(sections)} attacks"
            for section in sections:
                title, _, code = section.partition("\n")
                said = re.search(r"^# score: (\S+)\n", code, re.M)  # else the rest of the answers'
                points = said[1] if said else "15"
                yield title, "not graded" if points == "none" else f"{points} of 20 points"


class GradingTable(Table):
    """From the record of `benchmarks/grading.py`: how long a large course takes."""

    columns = "cores that judge", *(f"10,000 notebooks of {name}" for name in GRADED)

    def files(self):
        return [GRADING]

    def rows(self):
        figures = json.loads(GRADING.read_text("utf8"))["results"]
        for cores in (2, 8, 32, 128):
            yield str(cores), *(self.minutes(figures[name], cores) for name in GRADED)

    def minutes(self, figure, cores):
        """The slower of the two counts: those who judge, or the two cores that write it down."""
        judge = figure["seconds_of_one_core_that_judges"] / cores
        ask = figure["seconds_of_one_core_that_asks"] / 2
        return f"{10_000 * max(judge, ask) / 60:.0f} min"


def setup(app):
    app.add_directive("course-map", CourseMap)
    app.add_directive("exercise-map", ExerciseMap)
    app.add_directive("accident-map", AccidentMap)
    app.add_directive("attack-map", AttackMap)
    app.add_directive("grading-table", GradingTable)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
