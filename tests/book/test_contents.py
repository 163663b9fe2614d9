"""The list of what the course promises to teach: every row is kept, by sections that say so.

Every row of `chapters/rows.yml` lives in a section of a chapter or an appendix, which says so in
the metadata of its cell.
"""

import pages
import pytest
from paths import ROOT


@pytest.fixture(scope="module")
def covered():
    """For each row the pages on which a section treats it, once for each section."""
    sections = pages.sections_by_row()
    return {row: [path for path, _ in places] for row, places in sections.items()}


def test_every_row_has_all_its_sections(covered):
    """A row that several sections teach, each a part of it, is lost with the first of them."""
    taught = {row: len(covered.get(row, [])) for row in pages.rows()}
    assert {
        row: f"{taught[row]} of {sections} sections"
        for row, (_, sections) in pages.rows().items()
        if taught[row] < sections
    } == {}


def test_no_section_covers_what_is_no_row(covered):
    assert [row for row in covered if row not in pages.rows()] == [], "not in rows.yml"


def test_every_page_that_covers_something_is_in_the_book(covered):
    contents = (ROOT / "_toc.yml").read_text("utf8")
    files = {path.relative_to(ROOT).with_suffix("") for paths in covered.values() for path in paths}
    assert [f for f in sorted(files) if f"file: {f.as_posix()}\n" not in contents] == []
