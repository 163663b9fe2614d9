"""A new chapter is one file and one line of the list of contents, whatever its number."""

import re

import pytest
from bs4 import BeautifulSoup
from pages import chapters, label, page_of, sections_by_row
from small_book import add_to_contents, build, make

from cnnkit.grading.source import assignments

COURSE = """course:
  card:
    title: Attention
    sentence: A window that looks where it wants.
  exercise: 12-attention
"""
CHAPTER = f"""---
{COURSE}jupytext:
  text_representation: {{extension: .md, format_name: myst, format_version: 0.13}}
kernelspec: {{display_name: Python 3, language: python, name: python3}}
---

# Attention

+++ {{"covers": ["A1"]}}

## Looking twice

Once more.
"""
EXERCISE = """---
jupytext:
  text_representation: {extension: .md, format_name: myst, format_version: 0.13}
kernelspec: {display_name: Python 3, language: python, name: python3}
---

This exercise takes about 20 minutes.

```{code-cell} ipython3
---
nbgrader: {grade: true, grade_id: test-look, locked: true, points: 4, solution: false}
---
marks = checks.Marks("look", points=4, read="chapter 12, Looking twice")
```
"""


ACCIDENTS = '''"""Accidents inside: by hand."""

from accident import accident


@accident("The cell of look is back from helpers.py", score=16)
def deleted(notebook, folder):
    """A cell is deleted."""


@accident("", score=None)
def burnt(notebook, folder):
    """The house burns down."""
'''


ATTACKS = "# Forging a mark\n\n# %% says it is right\n\n# %% says it again\n# score: none\n"


MAPS = "exercise", "course", "accident", "attack"


@pytest.fixture
def course(tmp_path):
    """The small copy of the book with a twelfth chapter and its exercise."""
    files = {
        "chapters/12-attention.md": CHAPTER,
        "chapters/rows.yml": "A1: Looking twice at the same place",
        "solutions/12-attention/attention.md": EXERCISE,
        "tests/answers/12-attention/look.py": "\n# %% wrong: a\n\n# %% wrong: b\n\n# %% right: c\n",
        "index.md": "# Front\n\n```{chapter-cards}\n```\n",
        "tests/grading/accidents/cells.py": ACCIDENTS,
        "tests/grading/attacks/a_forging.py": ATTACKS,
        "page.md": "# Map\n" + "".join(f"\n```{{{kind}-map}}\n```\n" for kind in MAPS),
    }
    book = make(tmp_path)
    for name, text in files.items():
        (book / name).parent.mkdir(parents=True, exist_ok=True)
        (book / name).write_text(text)
    add_to_contents(book, "chapters/12-attention")
    return book


@pytest.mark.slow
def test_the_twelfth_chapter_has_its_card_and_its_places_in_the_maps(course):
    status, log = build(course)
    assert status == 0, log
    html = course / "_build/html"
    card = BeautifulSoup((html / "index.html").read_text(), "html.parser").select_one(".sd-card")
    shown = card.get_text(" ", strip=True)
    assert shown.startswith("12 · Attention A window that looks where it wants.")
    assert card.select_one("a")["href"] == "chapters/12-attention.html"
    maps = BeautifulSoup((html / "page.html").read_text(), "html.parser")
    rows = [[cell.get_text(strip=True) for cell in row("td")] for row in maps("tr")]
    assert ["look", "4", "Looking twice", "2", "1"] in rows
    assert ["A1", "Looking twice at the same place", "Looking twice"] in rows
    assert ["A cell is deleted", "16", "… The cell of look is back fromhelpers.py…"] in rows
    assert ["The house burns down", "not graded", "nothing"] in rows
    assert ["Forging a mark", "2 attacks"] in rows
    assert ["says it is right", "15 of 20 points"] in rows
    assert ["says it again", "not graded"] in rows
    places = {link["href"] for link in maps.select("table a")}
    assert places == {"chapters/12-attention.html#looking-twice"}

    page = course / "chapters/12-attention.md"
    page.write_text(CHAPTER.replace("    title: Attention\n", ""))
    exercise = course / "solutions/12-attention/attention.md"
    exercise.write_text(EXERCISE.replace("chapter 12,", "chapter twelve,"))
    status, log = build(course)
    assert status != 0
    assert re.search(r"chapters/12-attention\.md: WARNING: no card for the front page", log), log
    assert re.search(r"attention\.md: the test of look sends to no section", log), log


def test_numbers_of_any_length_count_as_numbers(course):
    for name in ("9-before", "13-more", "100-after"):
        (course / f"chapters/{name}.md").write_text(CHAPTER)
        (course / f"solutions/{name}").mkdir()
        (course / f"solutions/{name}/{name}.md").write_text(EXERCISE)
    names = ["9-before", "12-attention", "13-more", "100-after"]
    assert [path.stem for path in chapters(course)] == names
    assert list(assignments(course)) == names
    assert page_of(100, "Looking twice", course).stem == "100-after"
    assert len(sections_by_row(course)["A1"]) == 4
    assert label(course / "chapters/100-after.md") == "100 · Attention"


def test_a_name_without_number_a_missing_section_and_a_stray_row_are_named(course):
    with pytest.raises(LookupError, match="chapter 12 has no section 'Looking away'"):
        page_of(12, "Looking away", course)
    page = course / "chapters/12-attention.md"
    page.write_text(CHAPTER.replace("## Looking twice", "Looking twice"))
    with pytest.raises(ValueError, match=r"12-attention\.md.*A1.*right before its `## `"):
        sections_by_row(course)
    page.rename(course / "chapters/attention.md")
    with pytest.raises(ValueError, match=r"attention\.md has no number.*12-attention"):
        chapters(course)
