"""What every chapter keeps to: its rhythm, its length, its rows, and no unproven number.

That the cells run, and that what they assert is true, the build of the book proves. Here the
text itself is read.
"""

import ast
import itertools
import re
import statistics

import jupytext
import pages
import pytest
from jupytext.config import load_jupytext_configuration_file
from page_parts import Page, Proof, claims, plain, rows_named, stated
from paths import ROOT

from cnnkit import plots
from cnnkit.grading.source import assignments, number

CHAPTERS = {path.stem: path for path in pages.chapters()}
# Appendices that are notebooks keep to some of it, too.
APPENDICES = {
    path.stem: path for path in pages.appendices() if "{code-cell}" in path.read_text("utf8")
}
PICTURES = {f"plots.{name}" for name in plots.__all__}


@pytest.fixture(scope="module", params=CHAPTERS)
def chapter(request):
    return Page(CHAPTERS[request.param])


@pytest.fixture(scope="module", params=[*CHAPTERS, *APPENDICES])
def page(request):
    return Page({**CHAPTERS, **APPENDICES}[request.param])


def test_every_chapter_is_in_the_book():
    contents = (ROOT / "_toc.yml").read_text()
    assert [name for name in CHAPTERS if f"chapters/{name}\n" not in contents] == []


def test_the_line_at_the_end_names_the_rows_that_the_sections_cover(chapter):
    covered = {row for row, _ in pages.covered(chapter.path)}
    said = chapter.cells[-1].source.rpartition("; rows ")[2] if covered else ""
    assert sorted(rows_named(said)) == sorted(covered)


def test_header_survives_saving_in_jupyterlab(page):
    settings = load_jupytext_configuration_file(str(ROOT / "pyproject.toml"))
    notebook = jupytext.read(page.path, config=settings)
    assert jupytext.writes(notebook, "md:myst", config=settings) == page.text
    assert notebook.metadata.kernelspec.name == "python3"
    assert notebook.metadata.get("course", {}) == page.course
    description = notebook.metadata.myst["html_meta"]["description lang=en"]
    assert 80 <= len(description) <= 200


def test_header_says_the_card_and_the_exercise(chapter):
    assert set(chapter.course) <= {"card", "exercise", "not_computed", "emphasis"}
    card = chapter.course["card"]
    assert {"title", "sentence"} <= set(card) <= {"title", "sentence", "numbered"}
    assert len(card["title"]) <= 25 and 40 <= len(card["sentence"]) <= 110
    assert card["sentence"].endswith(".")


def test_opening_and_ending(chapter):
    opening = chapter.cells[0].source
    assert re.match(r"# \S", opening)
    assert "**After this chapter you can**" in opening
    assert "**You need**" in opening
    assert re.search(r"\*\*Time:\*\* about \d+ minutes", opening)
    headings = re.findall(r"^## (.+)$", chapter.prose, re.MULTILINE)
    assert headings[-3:] == ["Summary", "Check yourself", "Your turn"]


def test_the_exercise_is_the_one_that_the_header_names(chapter):
    exercise = chapter.course["exercise"]
    opened = re.findall(r"open `exercises/([\w-]+)/([\w-]+)\.ipynb`", chapter.prose)
    if exercise == "none":
        assert opened == []
        assert "no graded exercise. Try this instead." in chapter.cells[-1].source
    else:
        assert opened == [(exercise, assignments(ROOT)[exercise].stem)]
        assert number(exercise) == number(chapter.path)


def test_each_exercise_has_a_chapter():
    named = {pages.course(path)["exercise"] for path in CHAPTERS.values()}
    assert set(assignments(ROOT)) == named - {"none"}


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


def test_no_number_in_the_text_without_a_cell_that_proves_it(page):
    said = set(itertools.chain.from_iterable(map(claims, stated(page))))
    proven = Proof("\n".join(page.visible))
    allowed = page.course.get("not_computed", {})
    missing = sorted(text for text in said if not proven.holds(text) and text not in allowed)
    assert missing == [], "assert these in a cell beside the text"
    assert [text for text in allowed if text not in said] == [], "no longer in the text"
    assert all(allowed.values()), "say why no cell proves it"


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


def test_the_rows_at_the_end_are_read_one_by_one():
    assert rows_named("rows C9–C11, E2 and Q13.") == ["C9", "C10", "C11", "E2", "Q13"]
