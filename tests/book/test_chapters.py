"""What every chapter keeps to: its rhythm, its length, its rows, and no unproven number.

That the cells run, and that what they assert is true, the build of the book proves. Here the
text itself is read.
"""

import ast
import itertools
import re
import statistics

import jupytext
import nbformat
import pages
import pytest
from jupytext.config import load_jupytext_configuration_file
from page_parts import Page, Proof, claims, plain, stated
from paths import ROOT
from zoo import read_answers

from cnnkit import plots
from cnnkit.checks.causes import EXERCISES
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
    assert re.findall(r"file: chapters/(.+)", contents) == list(CHAPTERS), "in this order"
    assert [number(path) for path in CHAPTERS.values()] == list(range(1, len(CHAPTERS) + 1))


def test_the_line_at_the_end_names_the_articles(chapter):
    covered = {row for row, _ in pages.covered(chapter.path)}
    said = re.search(r"\n\*Taken from the articles? [^*]+\.\*$", chapter.cells[-1].source)
    assert bool(said) == bool(covered)


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
    assert set(card) == {"title", "sentence"}
    assert len(card["title"]) <= 25 and 40 <= len(card["sentence"]) <= 110
    assert card["sentence"].endswith(".")


def test_opening_and_ending(chapter):
    opening = chapter.cells[0].source
    assert re.match(r"# \S", opening)
    assert "**After this chapter you can**" in opening
    assert "**You need**" in opening
    extra = "" if chapter.course["exercise"] == "none" else ", plus the exercise"
    said = f"**Time:** about {pages.minutes(chapter.text)} minutes{extra}."
    assert said in opening, f"say how long the page takes: {said}"
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


def test_each_exercise_has_a_chapter():
    named = [pages.course(path)["exercise"] for path in CHAPTERS.values()]
    named = [name for name in dict.fromkeys(named) if name != "none"]
    assert named == list(assignments(ROOT)), "each has one, and they are met in their order"


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


def test_no_quiz_gives_itself_away():
    """The right choice is not the odd one out in length, nor at home in one place."""
    places, longest, shortest = [], 0, 0
    for path in CHAPTERS.values():
        for question in itertools.chain.from_iterable(q.questions for q in Page(path).quizzes):
            texts = [choice["text"] for choice in question["choices"]]
            place = [choice["correct"] for choice in question["choices"]].index(True)
            right, others = len(texts.pop(place)), sorted(map(len, texts))
            places.append(place)
            longest += right > others[-1]
            shortest += right < others[0]
            if max(right, *others) > 12:  # numbers are as long as they are
                told = f"{path.stem}: {question['question']}"
                assert right <= 1.25 * others[-1] and others[0] <= 1.25 * right, told
    assert max(map(places.count, places)) <= 0.45 * len(places)
    assert max(longest, shortest) <= 0.42 * len(places)


# So far the chapters up to this one say of each wrong choice where it was seen.
SEEN_UP_TO = 9
# Nobody has reasons for a wrong choice here: that nothing but luck helps is what it teaches.
A_BET = "One strip is a flattened 3, one a 4 and one an 8. Which one is the 4?"


def test_every_wrong_choice_is_one_that_somebody_made(chapter):
    """Each says where: a row, an answer, a misunderstanding, a source."""
    written = [
        re.split(r"^ *- question: ", text, flags=re.MULTILINE)[1:] for text in chapter.questions
    ]
    questions = list(itertools.chain.from_iterable(written))
    assert len(questions) == sum(len(q.questions) for q in chapter.quizzes)
    for question in questions:
        for choice in re.split(r"^ +- text: ", question, flags=re.MULTILINE)[1:]:
            seen = re.findall(r"^ +seen: (.+)$", choice, re.MULTILINE)
            if re.search(r"^ +correct: true$", choice, re.MULTILINE) or question.startswith(A_BET):
                assert seen == [], f"it is right, or a bet: {choice}"
            else:
                assert seen or number(chapter.path) > SEEN_UP_TO, f"where was it seen? {choice}"
            for place in seen:
                assert is_known(place), place


def is_known(place):
    """Tell whether a wrong choice was seen there: `E8`, `@zhang2019`, `04-pooling/relu: leaky`."""
    if place.startswith("@"):
        return f"{{{place[1:]}," in (ROOT / "references.bib").read_text("utf8")
    task, _, words = place.partition(": ")
    if not words:
        return place[0] in "EQ" and place in pages.rows()
    exercise, _, function = task.partition("/")
    told = [sentence for sentence, _ in EXERCISES[exercise].get(function, ())]
    answers = ROOT / "tests/answers" / f"{task}.py"
    given = read_answers(answers) if answers.exists() else ()
    return ("wrong", words) in {(answer.kind, answer.title) for answer in given} or any(
        re.match(rf"{re.escape(words)}[:.]", sentence) for sentence in told
    )


@pytest.mark.parametrize(
    ("place", "known"),
    [
        ("E8", True),
        ("E88", False),
        ("C1", False),
        ("@zhang2019", True),
        ("@nobody2019", False),
        ("04-pooling/relu: leaky", True),
        ("04-pooling/relu: half of x and its absolute value", False),  # that answer is right
        ("04-pooling/max_pool: leaky", False),
        ("06-learning/sgd_step: The parameter shrinks by its own size", True),
        ("06-learning/sgd_step: The parameter", False),
    ],
)
def test_where_a_choice_was_seen_is_looked_up(place, known):
    assert is_known(place) == known


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
    shown = [len(source.splitlines()) for source in chapter.shown]
    assert 2 <= statistics.median(shown) <= 6
    widest = max((line for s in chapter.shown for line in s.splitlines()), key=len)
    assert len(widest) <= 80, widest


def test_a_cell_shows_before_another_proves(chapter):
    """What a reader sees is a value; the assertions about it are folded away, as proofs."""
    for source in chapter.shown:
        assert not all(isinstance(line, ast.Assert) for line in ast.parse(source).body), source
    for cell in chapter.code:
        if "proof" in cell.metadata.get("tags", []):
            assert "assert " in cell.source, f"proves nothing:\n{cell.source}"


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


def test_one_vocabulary():
    """A slope leads to the gradient, a score to the logit; then the field's words stand."""
    said = {name: plain(Page(path).prose) for name, path in CHAPTERS.items()}
    names = list(said)
    learned = names.index("08-network-learns")
    assert [n for n in names[learned:] if re.search(r"\bslopes\b", said[n])] == []
    introduced = names.index("05-fully-connected-and-softmax")
    assert len(re.findall(r"\bscores?\b", said[names[introduced]])) == 1
    assert [n for n in names[introduced + 1 :] if re.search(r"\bscores?\b", said[n])] == []
    for path in ROOT.glob("exercises/*/*.ipynb"):
        if number(path.parent) >= 5:
            text = "\n".join(cell.source for cell in nbformat.read(path, as_version=4).cells)
            assert re.findall(r".*\b(?:slopes?|scores?)\b.*", text) == [], path


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
