"""A page of the book taken apart: its prose, its cells, its quizzes, the numbers it states."""

import ast
import io
import itertools
import re
import tokenize

import jupytext
import pages

from cnnkit.widgets import quiz

UNITS = (
    "pixels?|values?|weights?|inputs?|outputs?|channels?|columns?|rows?|images?|pictures?|digits?"
    "|maps?|filters?|kernels?|parameters?|biases|units?|layers?|positions?|MB|GB|GiB|bytes?"
)


class Page:
    """A chapter or an appendix, taken apart once."""

    def __init__(self, path):
        self.path = path
        self.name = path.stem
        self.text = path.read_text(encoding="utf-8")
        self.course = pages.course(path)
        self.cells = jupytext.read(self.path).cells
        self.prose = "\n\n".join(c.source for c in self.cells if c.cell_type == "markdown")
        code = [c for c in self.cells if c.cell_type == "code"]
        self.questions = [text for cell in code for text in quiz_texts(cell.source)]  # as written
        self.quizzes = [quiz(text) for text in self.questions]
        self.code = [c for c in code if not quiz_texts(c.source)]
        self.visible = self._without("hide-input", "remove-input")
        self.shown = self._without("hide-input", "remove-input", "proof")

    def _without(self, *tags):
        """The code of the cells that bear none of these tags."""
        return [c.source for c in self.code if not {*tags} & {*c.metadata.get("tags", [])}]


def quiz_texts(source):
    """The YAML of each quiz that a cell shows."""
    return [
        node.args[0].value
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "quiz"
    ]


def plain(text):
    """Prose without formulas, links' addresses and marks."""
    text = re.sub(r"\$\$.*?\$\$", " ", text, flags=re.DOTALL)
    text = re.sub(r"\]\([^)]*\)", "]", text)
    return re.sub(r"[*_#>`]", "", text)


def stated(page):
    """The prose, and what the quizzes give as right."""
    yield plain(page.prose)
    for question in itertools.chain.from_iterable(q.questions for q in page.quizzes):
        yield question["question"]
        for choice in question["choices"]:
            if choice["correct"]:
                yield from (choice["text"], choice["why"])


def claims(text):
    """Numbers of a shape, a count or an accuracy: 28×28×10, 150,528, 98.5 %, 24 weights."""
    found = re.findall(r"\d[\d,]*(?:×\d[\d,]*)+", text)
    text = re.sub(r"\d[\d,]*(?:×\d[\d,]*)+", " ", text)
    found += re.findall(r"\([\d, ]*\d, \d+\)", text)
    found += re.findall(r"\d{1,3}(?:,\d{3})+", text)
    found += re.findall(r"\d[\d.]* ?%", text)
    found += re.findall(rf"(?<![\d,.×])\d+(?:\.\d+)? (?:\w+ )?(?:{UNITS})\b", text)
    return found


class Proof:
    """The numbers in visible code, comments left out, with the order in which they stand."""

    def __init__(self, code):
        tokens = list(tokenize.generate_tokens(io.StringIO(code).readline))
        tokens = [t for t in tokens if t.type in (tokenize.NUMBER, tokenize.OP, tokenize.NAME)]
        self.values = {number(t.string) for t in tokens if t.type == tokenize.NUMBER}
        self.series = []
        run = []
        for token in tokens:
            if token.type == tokenize.NUMBER:
                run.append(number(token.string))
            elif token.string not in (",", "*"):
                self.series.append(run)
                run = []
        self.series.append(run)

    def holds(self, claim):
        numbers = [number(n) for n in re.findall(r"\d[\d,]*(?:\.\d+)?", claim.replace(", ", " "))]
        if len(numbers) == 1:
            value = numbers[0]
            return value in self.values or ("%" in claim and round(value / 100, 6) in self.values)
        orders = [numbers, numbers[-1:] + numbers[:-1]]  # channels last in words, first in code
        return any(
            run[i : i + len(order)] == order
            for order in orders
            for run in self.series
            for i in range(len(run))
        )


def number(text):
    text = text.replace(",", "").replace("_", "")
    return float(text) if re.fullmatch(r"\d+\.?\d*(e-?\d+)?|\.\d+", text) else text
