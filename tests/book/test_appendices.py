"""The appendices, and what the chapters leave to them: terms, sources, errors, questions.

Every error and question is treated once and leads to its home; every term that a chapter defines
is in the glossary; what a page cites is in the bibliography.
"""

import re

import jupytext
import pages
import pytest
from bibliography import label
from paths import ROOT
from pybtex.database import parse_file


@pytest.fixture(scope="module")
def notebooks():
    """Each chapter and appendix by its name."""
    return {path.stem: jupytext.read(path) for path in [*pages.chapters(), *pages.appendices()]}


@pytest.mark.parametrize(("appendix", "letter"), [("errors", "E"), ("questions", "Q")])
def test_the_appendix_treats_each_row_once_and_links_to_its_home(notebooks, appendix, letter):
    sections = {}
    heading = None
    for line in "\n".join(c.source for c in notebooks[appendix].cells).splitlines():
        found = re.match(rf"## ({letter}\d+): ", line)
        heading = found[1] if found else heading
        if heading:
            sections[heading] = sections.get(heading, "") + line + "\n"
    assert list(sections) == [row for row in pages.rows() if row.startswith(letter)]
    covered = pages.sections_by_row()
    for row, text in sections.items():
        homes = {path.stem for path, _ in covered[row]}
        linked = set(re.findall(r"\.\./chapters/([\w-]+)\.md#", text))
        assert appendix in homes or linked & homes, f"{row} leads to none of {homes}"


def test_each_error_is_claimed_settled_and_judged(notebooks):
    cells = notebooks["errors"].cells
    text = "\n".join(
        cell.source if cell.cell_type == "markdown" else f"<code>\n{cell.source}\n</code>"
        for cell in cells
    )
    for section in re.split(r"^## (?=E\d)", text, flags=re.MULTILINE)[1:]:
        name = section.split(":")[0]
        assert re.search(r"\*\*\w+(?: and \w+)? says?:\*\*|\*\*AV's\*\* program", section), name
        assert re.search(r"<code>.*\bassert .*</code>", section, re.DOTALL), name
        assert "**Verdict:**" in section, name


def glossary():
    text = (ROOT / "appendices/glossary.md").read_text("utf8")
    body = re.search(r"```\{glossary\}\n(.*?)```", text, re.DOTALL)[1]
    return text, re.findall(r"^(\S.*)$", body, re.MULTILINE)


@pytest.mark.parametrize("path", pages.chapters(), ids=lambda path: path.stem)
def test_the_glossary_holds_every_term_that_a_chapter_defines(path, notebooks):
    prose = "\n".join(c.source for c in notebooks[path.stem].cells if c.cell_type == "markdown")
    bold = re.findall(r"\*\*([\w×-]+(?: [\w-]+){0,2})\*\*(?!:\*\*)", prose)
    bold = {words.lower() for words in bold} - {"you need"}
    terms = {term.lower() for term in glossary()[1]}
    emphasis = set(pages.course(path).get("emphasis", []))
    assert bold - terms == emphasis, "define it in the glossary, or name it in the header"


def test_the_glossary_is_in_order_and_each_term_leads_to_its_section():
    text, terms = glossary()
    terms = [re.sub(r"^1×1 ", "", term.lower()) for term in terms]
    assert terms == sorted(terms)
    assert len(re.findall(r"\]\(\.\./chapters/", text)) >= len(terms) - 1


def test_what_the_pages_cite_is_in_the_bibliography(notebooks):
    entries = parse_file(ROOT / "references.bib").entries
    assert len(entries) >= 20
    cited = {
        (key, text.replace("(", "").replace(")", ""))
        for page in notebooks.values()
        for cell in page.cells
        for text, key in re.findall(r"\[([^]]+)\]\([^)]*bibliography\.md#([\w-]+)\)", cell.source)
    }
    assert cited and cited <= {(key, label(entry)) for key, entry in entries.items()}


def test_no_page_holds_what_jupyterlab_would_show_raw(notebooks):
    """Roles such as {ref}`...` are for the site alone: a plain link does as well in both."""
    for name, page in notebooks.items():
        prose = "\n".join(cell.source for cell in page.cells if cell.cell_type == "markdown")
        assert re.findall(r"\{[\w:-]+\}`", prose) == [], name
