"""What every chapter keeps to: its rhythm, its length, its covered rows, and no unproven number.

That the cells run, and that what they assert is true, the build of the book proves. Here the
text itself is read.
"""

import ast
import io
import itertools
import re
import statistics
import tokenize

import jupytext
import pytest
from jupytext.config import load_jupytext_configuration_file
from paths import ROOT

from cnnkit import plots
from cnnkit.widgets import quiz

# Rows of the course's list of contents that each chapter must hold: what the source articles
# teach (P, C, S, M, N, F), get wrong (E), and leave their readers asking (Q).
# A row that several sections teach stands here once for each of them.
ROWS = {
    "01-pixels": "P1 P2 P3 P4 P5 Q6 E5 E14",
    "02-convolution": "C1 C2 C3 C4 C5 C6 C7 C8 E11 Q1 Q7",
    "03-padding-and-stride": "S1 S2 S3 S4 S5 S6 S7 E2 E3 E4 E13 Q13 R4",
    "04-nonlinearity-and-pooling": "N1 M1 M2 M3 M4 M5 E8 E10",
    "05-fully-connected-and-softmax": "F1 F2 F2 E6 Q5 Q10 Q14 Q17 Q18 Q19",
    "06-learning": "C9 R5 E7 F2 F3 Q3 Q20",
    "06-what-helps": "E12 E16 F4 F4 F5 F5 Q4 Q8 Q9 Q12 Q21",
    "07-cats-and-dogs": "R1 R6 E1 E15 Q2 Q12 Q15 Q16 Q18 Q19 Q20",
    "08-full-training": "",
    "08-gpu-practice": "",
    "09-other-tasks": "R2 R3 Q11",
    "10-architectures": "F6 F6 F6 F6 F6 S4 E9",
}

# Numbers in the text that are no result: each with the reason why no cell proves it.
NOT_COMPUTED = {
    "01-pixels": {"150 thousand inputs": "150,528 rounded, which the next cell asserts"},
    "02-convolution": {},
    "03-padding-and-stride": {},
    "04-nonlinearity-and-pooling": {},
    "05-fully-connected-and-softmax": {},
    "06-learning": {},
    "06-what-helps": {},
    "07-cats-and-dogs": {},
    "08-full-training": {},
    "08-gpu-practice": {},
    "09-other-tasks": {},
    "10-architectures": {"56 layers": "a finding of the ResNet paper, which is cited beside it"},
    "errors": {"6×6": "the claim itself, which the cell refutes"},
    "questions": {"5×5": "the question itself", "5×5×3": "the question itself"},
}

# Chapters that name something to try in place of a graded exercise.
WITHOUT_EXERCISE = {"09-other-tasks", "10-architectures"}

UNITS = (
    "pixels?|values?|weights?|inputs?|outputs?|channels?|columns?|rows?|images?|pictures?|digits?"
    "|maps?|filters?|kernels?|parameters?|biases|units?|layers?|positions?|MB|GB|GiB|bytes?"
)
PICTURES = {f"plots.{name}" for name in plots.__all__}


class Chapter:
    """One chapter, taken apart once."""

    def __init__(self, name, folder="chapters"):
        self.name = name
        self.path = ROOT / folder / f"{name}.md"
        self.text = self.path.read_text(encoding="utf-8")
        self.cells = jupytext.read(self.path).cells
        self.prose = "\n\n".join(c.source for c in self.cells if c.cell_type == "markdown")
        code = [c for c in self.cells if c.cell_type == "code"]
        self.quizzes = [quiz(t) for c in code for t in quiz_texts(c.source)]
        self.code = [c for c in code if not quiz_texts(c.source)]
        self.visible = [
            c.source
            for c in self.code
            if not {"hide-input", "remove-input"} & set(c.metadata.get("tags", []))
        ]


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


@pytest.fixture(scope="module", params=ROWS)
def chapter(request):
    return Chapter(request.param)


def test_every_chapter_is_in_the_list_and_in_the_book():
    names = sorted(path.stem for path in (ROOT / "chapters").glob("*.md"))
    assert names == sorted(ROWS), "give a new chapter its rows in ROWS"
    contents = (ROOT / "_toc.yml").read_text()
    assert [name for name in names if f"chapters/{name}\n" not in contents] == []


def test_rows_are_covered_where_the_cell_says_so(chapter):
    covered = [row for cell in chapter.cells for row in cell.metadata.get("covers", [])]
    assert sorted(covered) == sorted(ROWS[chapter.name].split())
    for cell in chapter.cells:
        if "covers" in cell.metadata:
            assert re.match(r"## \w", cell.source), "a row is covered by a section of its own"


def test_header_is_complete_and_survives_saving_in_jupyterlab(chapter):
    settings = load_jupytext_configuration_file(str(ROOT / "pyproject.toml"))
    notebook = jupytext.read(chapter.path, config=settings)
    assert jupytext.writes(notebook, "md:myst", config=settings) == chapter.text
    assert notebook.metadata.kernelspec.name == "python3"
    description = notebook.metadata.myst["html_meta"]["description lang=en"]
    assert 80 <= len(description) <= 200


def test_opening_and_ending(chapter):
    opening = chapter.cells[0].source
    assert re.match(r"# \S", opening)
    assert "**After this chapter you can**" in opening
    assert "**You need**" in opening
    assert re.search(r"\*\*Time:\*\* about \d+ minutes", opening)
    headings = re.findall(r"^## (.+)$", chapter.prose, re.MULTILINE)
    assert headings[-3:] == ["Summary", "Check yourself", "Your turn"]
    exercise = re.search(rf"open `exercises/{chapter.name[:2]}-([\w-]+)/\1\.ipynb`", chapter.prose)
    if chapter.name in WITHOUT_EXERCISE:
        assert exercise is None
        assert "no graded exercise. Try this instead." in chapter.cells[-1].source
    else:
        assert exercise
    for row in ROWS[chapter.name].split():
        assert row in chapter.cells[-1].source or "–" in chapter.cells[-1].source


def test_questions_before_the_answers_and_at_the_end(chapter):
    predictions = [q for q in chapter.quizzes if len(q.questions) == 1]
    assert len(predictions) >= 3
    assert 4 <= len(chapter.quizzes[-1].questions) <= 6
    places = []
    for question in itertools.chain.from_iterable(q.questions for q in chapter.quizzes):
        right = [i for i, choice in enumerate(question["choices"]) if choice["correct"]]
        assert len(right) == 1, question["question"]
        places += right
    assert max(map(places.count, places)) <= 0.7 * len(places), "the right answer moves about"


def test_prose_is_short_and_in_short_sentences(chapter):
    words = len(plain(chapter.prose).split())
    assert 800 <= words <= 2000, words
    paragraphs = re.split(r"\n\s*\n|\n- ", plain(chapter.prose))
    sentences = [
        len(sentence.split())
        for paragraph in paragraphs
        for sentence in re.split(r"(?<=[.?!:])\s+", paragraph)
        if sentence
    ]
    assert statistics.mean(sentences) <= 14
    assert max(sentences) <= 40


def test_code_cells_are_small(chapter):
    sizes = [len(c.source.splitlines()) for c in chapter.code]
    assert max(sizes) <= 15, chapter.code[sizes.index(max(sizes))].source
    shown = [len(source.splitlines()) for source in chapter.visible]
    assert 2 <= statistics.median(shown) <= 6
    widest = max((line for s in chapter.visible for line in s.splitlines()), key=len)
    assert len(widest) <= 80, widest


def test_every_picture_has_words(chapter):
    for cell in chapter.code:
        calls = [node for node in ast.walk(ast.parse(cell.source)) if isinstance(node, ast.Call)]
        for call in calls:
            if ast.unparse(call.func) in PICTURES:
                words = {k.arg: k.value for k in call.keywords}.get("alt")
                assert words is not None, f"a picture without alt:\n{cell.source}"
                assert len(ast.unparse(words).split()) >= 6, ast.unparse(words)
                assert "hide-input" in cell.metadata.get("tags", []), "plotting hides"
    assert not re.search(r"!\[\s*\]", chapter.prose)


def test_every_asserted_cell_is_visible(chapter):
    for cell in chapter.code:
        if "assert " in cell.source:
            assert cell.source in chapter.visible


def test_no_number_in_the_text_without_a_cell_that_proves_it(chapter):
    every_number_is_proven(chapter)


@pytest.mark.parametrize("name", ["errors", "questions"])
def test_no_number_in_the_appendices_without_a_cell_that_proves_it(name):
    every_number_is_proven(Chapter(name, "appendices"))


def every_number_is_proven(chapter):
    said = set(itertools.chain.from_iterable(map(claims, stated(chapter))))
    proven = Proof("\n".join(chapter.visible))
    allowed = NOT_COMPUTED[chapter.name]
    missing = sorted(text for text in said if not proven.holds(text) and text not in allowed)
    assert missing == [], "assert these in a cell beside the text"
    assert [text for text in allowed if text not in said] == [], "no longer in the text"


def stated(chapter):
    """The prose, and what the quizzes give as right."""
    yield plain(chapter.prose)
    for question in itertools.chain.from_iterable(q.questions for q in chapter.quizzes):
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
            return value in self.values or ("%" in claim and value / 100 in self.values)
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


@pytest.mark.parametrize(
    ("text", "code", "holds"),
    [
        ("It is 28×28×10.", "assert y.shape == (10, 28, 28)", True),
        ("It is 28×28×10.", "assert y.shape == (28, 10, 28)", False),
        ("It is 28×28×10.", "x = 1  # 28, 28, 10", False),
        ("224×224×3 = 150,528", "assert 224 * 224 * 3 == 150_528", True),
        ("It has 438,842 weights.", "assert count == 438_842", True),
        ("It has 438,842 weights.", "assert count == 219_801", False),
        ("98.5 % are right", "assert round(accuracy, 3) == 0.985", True),
        ("98.5 % are right", "assert accuracy > 0.98", False),
        ("with its 24 pixels", "assert four.size == 24", True),
        ("and only 7 columns", "assert four.size == 24", False),
        ("prints (300, 300, 3).", "assert shape == (300, 300, 3)", True),
        ("prints (300, 300, 3).", "assert shape == (300, 300)", False),
    ],
)
def test_the_lint_itself(text, code, holds):
    found = claims(text)
    assert found
    assert all(map(Proof(code).holds, found)) == holds
