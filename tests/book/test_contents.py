"""Nothing that the course promises is forgotten, and nothing is promised twice in vain.

Every row of `chapters/rows.yml` lives in a section of a chapter or an appendix, which says so in
the metadata of its cell; every term that a chapter defines is in the glossary; what a page cites is
in the bibliography.
"""

import importlib
import re

import jupytext
import pytest
import yaml
from jupytext.config import load_jupytext_configuration_file
from pybtex.database import parse_file

# Rows whose pages are still to be written, with what they wait for.
WAITING: dict[str, str] = {}

# Set in bold in a chapter, and no term that the course defines there.
NO_TERM = {
    "add",
    "after this chapter",
    "average each map",
    "no weights",
    "sum",
    "the bias",
    "you need",
}
# Named in the glossary by another form of the word.
SAME_TERM = {"channels": "channel", "vanished": "vanished gradient"}


@pytest.fixture(scope="module")
def pages(root):
    """Each page by its name; an appendix counts as a chapter does."""
    paths = [*sorted(root.glob("chapters/*.md")), *sorted(root.glob("appendices/*.md"))]
    return {path.relative_to(root).as_posix(): jupytext.read(path) for path in paths}


@pytest.fixture(scope="module")
def covered(pages):
    """For each row the sections that treat it, as (page, heading)."""
    found = {}
    for name, page in pages.items():
        for cell in page.cells:
            for row in cell.metadata.get("covers", []):
                heading = re.match(r"## (.+)", cell.source)
                assert heading, f"{name}: {row} is covered by a section of its own"
                found.setdefault(row, []).append((name, heading[1]))
    return found


@pytest.fixture(scope="module")
def rows(root):
    return yaml.safe_load((root / "chapters/rows.yml").read_text("utf8"))


def test_every_row_has_a_home(rows, covered):
    assert [row for row in rows if row not in covered and row not in WAITING] == []


def test_what_waits_is_still_missing_and_nothing_is_invented(rows, covered):
    assert [row for row in WAITING if row in covered] == [], "no longer waiting: take it out"
    assert [row for row in [*covered, *WAITING] if row not in rows] == [], "not in rows.yml"


def test_every_page_that_covers_something_is_in_the_book(root, covered):
    contents = (root / "_toc.yml").read_text("utf8")
    files = {page for places in covered.values() for page, _ in places}
    assert [f for f in sorted(files) if f"file: {f.removesuffix('.md')}\n" not in contents] == []


@pytest.mark.parametrize(("page", "letter", "count"), [("errors", "E", 16), ("questions", "Q", 21)])
def test_the_appendix_treats_each_row_once_and_links_to_its_home(
    pages, covered, page, letter, count
):
    sections = {}
    heading = None
    for line in "\n".join(c.source for c in pages[f"appendices/{page}.md"].cells).splitlines():
        found = re.match(rf"## ({letter}\d+): ", line)
        heading = found[1] if found else heading
        if heading:
            sections[heading] = sections.get(heading, "") + line + "\n"
    assert list(sections) == [f"{letter}{number}" for number in range(1, count + 1)]
    for row, text in sections.items():
        homes = {name for name, _ in covered[row]}
        linked = {
            f"chapters/{name}.md" for name in re.findall(r"\.\./chapters/([\w-]+)\.md#", text)
        }
        assert f"appendices/{page}.md" in homes or linked & homes, f"{row} leads to none of {homes}"


def test_each_error_is_claimed_settled_and_judged(pages):
    cells = pages["appendices/errors.md"].cells
    text = "\n".join(
        cell.source if cell.cell_type == "markdown" else f"<code>\n{cell.source}\n</code>"
        for cell in cells
    )
    for section in re.split(r"^## (?=E\d)", text, flags=re.MULTILINE)[1:]:
        name = section.split(":")[0]
        assert re.search(r"\*\*\w+(?: and \w+)? says?:\*\*|\*\*AV's\*\* program", section), name
        assert re.search(r"<code>.*\bassert .*</code>", section, re.DOTALL), name
        assert "**Verdict:**" in section, name


@pytest.mark.parametrize("page", ["errors", "questions"])
def test_notebooks_survive_saving_in_jupyterlab(root, page):
    path = root / "appendices" / f"{page}.md"
    settings = load_jupytext_configuration_file(str(root / "pyproject.toml"))
    notebook = jupytext.read(path, config=settings)
    assert jupytext.writes(notebook, "md:myst", config=settings) == path.read_text("utf8")
    for cell in notebook.cells:
        assert cell.cell_type != "code" or len(cell.source.splitlines()) <= 15


def glossary(root):
    text = (root / "appendices/glossary.md").read_text("utf8")
    body = re.search(r"```\{glossary\}\n(.*?)```", text, re.DOTALL)[1]
    return re.findall(r"^(\S.*)$", body, re.MULTILINE)


def test_the_glossary_holds_every_term_that_a_chapter_defines(root, pages):
    terms = {term.lower() for term in glossary(root)}
    missing = set()
    for name, page in pages.items():
        if not name.startswith("chapters/"):
            continue
        prose = "\n".join(c.source for c in page.cells if c.cell_type == "markdown")
        for bold in re.findall(r"\*\*([\w×-]+(?: [\w-]+){0,2})\*\*(?!:\*\*)", prose):
            term = SAME_TERM.get(bold.lower(), bold.lower())
            if term not in terms and term not in NO_TERM:
                missing.add((name, bold))
    assert missing == set()


def test_the_glossary_is_in_order_and_each_term_leads_to_its_section(root):
    terms = [re.sub(r"^1×1 ", "", term.lower()) for term in glossary(root)]
    assert terms == sorted(terms)
    text = (root / "appendices/glossary.md").read_text("utf8")
    assert len(re.findall(r"\]\(\.\./chapters/", text)) >= len(terms) - 1


def test_what_the_pages_cite_is_in_the_bibliography(root, pages, monkeypatch):
    monkeypatch.syspath_prepend(root / "_ext")
    label = importlib.import_module("bibliography").label
    entries = parse_file(root / "references.bib").entries
    assert len(entries) >= 20
    cited = {
        (key, text.replace("(", "").replace(")", ""))
        for page in pages.values()
        for cell in page.cells
        for text, key in re.findall(r"\[([^]]+)\]\([^)]*bibliography\.md#([\w-]+)\)", cell.source)
    }
    assert cited and cited <= {(key, label(entry)) for key, entry in entries.items()}


def test_no_page_holds_what_jupyterlab_would_show_raw(pages):
    """Roles such as {ref}`...` are for the site alone: a plain link does as well in both."""
    for name, page in pages.items():
        prose = "\n".join(cell.source for cell in page.cells if cell.cell_type == "markdown")
        assert re.findall(r"\{[\w:-]+\}`", prose) == [], name
