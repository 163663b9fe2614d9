"""The book on paper: its contents name the pages, its links lead there, nothing of it is lost."""

import re
import shutil

import pdf
import pytest
from bs4 import BeautifulSoup
from paths import ROOT
from pypdf import PdfReader

CONFIG = "title: A Book\nauthor: somebody\nhtml: {baseurl: ADDRESS}\n"
TOC = """
format: jb-book
root: index
parts:
  - caption: The first part
    chapters: [{file: chapters/one}, {file: chapters/two}]
"""
PAGE = """<!DOCTYPE html><html data-theme="dark"><head>
<link rel="stylesheet" href="../_static/base.css"><style>.loud { color: red }</style></head><body>
<script>document.body.textContent = "a script has run"</script>
<article class="bd-article">
<h1>TITLE<a class="headerlink" href="#top">#</a></h1>
<p class="course-live"><a href="../live/index.html">Run this page</a></p>BODY
<h2>Summary</h2><p>All in all.</p></article>
<p class="edition">Edition 7, today. <a href="book.pdf">PDF</a></p></body></html>"""
QUIZ = """<div class="ckw-host" data-cnnkit-widget="self_check"><script type="application/json">
{"questions": [{"question": "Which of `a < b`?", "choices": [
{"text": "this one", "why": "Because it is.", "correct": true},
{"text": "that one", "why": "No.", "correct": false}]}]}</script>
<div class="ckw-slot"><div class="ckw-still" inert aria-hidden="true">A question stands here</div>
</div></div>"""
WIDGET = """<div class="ckw-host" data-cnnkit-widget="stepper"><script type="application/json">
{"secret": 1}</script><div class="ckw-slot"><div class="ckw-still" inert aria-hidden="true">
A window on a grid</div></div></div>"""
LINE = "result = " + " + ".join(f"number_{i}" for i in range(20))


def body(number):
    """What the second page has, and the first has not: a place that the first links to."""
    if number == 2:
        return f'<section id="far"><h2>Far away</h2>{WIDGET}<pre>{LINE}</pre></section>{QUIZ}'
    links = (
        '<p>See <a href="two.html#far">far away</a>, <a href="../index.html">the front</a>, '
        '<a href="../live/index.html">the live page</a>, <a href="#here">here</a>, '
        '<a href="https://example.org/paper">a paper</a>.</p>'
    )
    return f'{links}<div style="height: 1500px" id="here"></div><h2>The end of one</h2>'


def laid_out(folder, address='""'):
    """A course of two pages that has been built, and where its site is."""
    site = folder / "html"
    (site / "chapters").mkdir(parents=True)
    (site / "_static").mkdir()
    shutil.copy(ROOT / "_static/course.css", site / "_static/base.css")
    (site / "index.html").write_text(PAGE.replace("BODY", ""))
    for number, name in enumerate(["one", "two"], 1):
        text = PAGE.replace("TITLE", f"{number}. Chapter {name}").replace("BODY", body(number))
        (site / f"chapters/{name}.html").write_text(text)
    (folder / "_config.yml").write_text(CONFIG.replace("ADDRESS", address))
    (folder / "_toc.yml").write_text(TOC)
    return site


@pytest.fixture(scope="module")
def paper(tmp_path_factory, browser):
    """The small course, printed."""
    folder = tmp_path_factory.mktemp("paper")
    target = folder / "build/book.pdf"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SOURCE_DATE_EPOCH", "1700000000")
        pages = pdf.write(browser, laid_out(folder), target, folder)
    reader = PdfReader(target)
    assert len(reader.pages) == pages
    return reader


def text_of(page):
    return re.sub(r"\s+", " ", page.extract_text())


def entries(reader):
    """The lines of the contents: words -> page."""
    listed = reader.pages[1].extract_text()
    return {
        words.strip(): int(page)
        for words, page in re.findall(r"^(?!Contents)(.*?)[\s.]*(\d+)$", listed, re.M)
        if words.strip()
    }


def test_the_contents_name_the_page_on_which_each_section_stands(paper):
    found = entries(paper)
    assert list(found) == [
        "1. Chapter one",
        "The end of one",
        "Summary",
        "2. Chapter two",
        "Far away",
        "Answers to the questions",
    ]
    assert found["The end of one"] > found["1. Chapter one"], "it stands a page further"
    for words, page in found.items():
        if words != "Summary":
            assert words in text_of(paper.pages[page - 1]), (words, page)
    assert "THE FIRST PART" in paper.pages[1].extract_text()


def test_links_lead_to_places_in_the_paper_or_out_of_it(paper):
    page = paper.pages[entries(paper)["1. Chapter one"] - 1]
    links = [note.get_object() for note in page["/Annots"]]
    out = [link["/A"]["/URI"] for link in links if "/URI" in link.get("/A", {})]
    assert out == ["https://example.org/paper"], "nothing but a paper lies outside"
    places = [str(link["/Dest"]).lstrip("/") for link in links if "/Dest" in link]
    assert places == ["two.far", "contents", "one.here"]
    there = pdf.places(printed(paper))
    assert there["two.far"] == entries(paper)["Far away"] and there["contents"] == 2


def printed(reader):
    reader.stream.seek(0)
    return reader.stream.read()


def test_what_moves_stands_still_and_says_where_it_moves(paper):
    text = text_of(paper.pages[entries(paper)["2. Chapter two"] - 1])
    assert "A window on a grid Moves under your hand in the site: chapters/two.html" in text
    whole = " ".join(map(text_of, paper.pages))
    for never in ("secret", "Run this page", "a script has run", "#", "No."):
        assert never not in whole, never


def test_no_code_is_cut(paper):
    text = paper.pages[entries(paper)["Far away"] - 1].extract_text()
    assert re.sub(r"\s", "", LINE) in re.sub(r"\s", "", text)


def test_questions_are_answered_at_the_end(paper):
    text = text_of(paper.pages[-1])
    asked = entries(paper)["2. Chapter two"]
    assert f"Which of a < b? (page {asked})" in text
    assert "this one. Because it is." in text and "that one" not in text


def test_it_says_what_it_is_and_has_an_outline(paper):
    assert paper.metadata.title == "A Book" and paper.metadata.author == "somebody"
    assert paper.metadata.creation_date.year == 2023
    assert paper.pages[0].extract_text().strip().endswith("Edition 7, today.")
    assert paper.trailer["/Root"]["/MarkInfo"]["/Marked"], "a screen reader finds its way"
    told = [entry.title for entry in paper.outline if not isinstance(entry, list)]
    assert told == ["Contents", "1. Chapter one", "2. Chapter two", "Answers to the questions"]


def test_a_published_site_is_linked_to_and_the_bytes_are_the_same_again(tmp_path, browser):
    site = laid_out(tmp_path, "https://example.org/book")
    for name in ("a.pdf", "b.pdf"):
        pdf.write(browser, site, tmp_path / name, tmp_path)
    assert (tmp_path / "a.pdf").read_bytes() == (tmp_path / "b.pdf").read_bytes()
    text = " ".join(map(text_of, PdfReader(tmp_path / "a.pdf").pages))
    assert "in the site: https://example.org/book/chapters/two.html" in text


def test_without_a_book_it_says_what_to_do(tmp_path):
    with pytest.raises(FileNotFoundError, match="holds no finished book: run make book first"):
        pdf.write(None, tmp_path, tmp_path / "book.pdf")
    assert not (tmp_path / "book.pdf").exists()


@pytest.mark.slow
@pytest.mark.timeout(1800)  # minutes of processor time, and others want it too
def test_the_book_itself_is_whole_on_paper(site, tmp_path, browser):
    """Each section is on the page that the contents name; each line of code is there, whole."""
    pdf.write(browser, site, tmp_path / "book.pdf")
    reader = PdfReader(tmp_path / "book.pdf")
    # A reader of PDF takes the typeface's apostrophe for another letter.
    texts = [re.sub(r"\s", "", page.extract_text()).replace("ʼ", "’") for page in reader.pages]
    places = pdf.places((tmp_path / "book.pdf").read_bytes())
    first = places[f"01-pixels.{heading_place(places, '01-pixels')}"]
    listed = "\n".join(page.extract_text() for page in reader.pages[1 : first - 1])
    numbers = [int(n) for n in re.findall(r"(\d+)$", listed, re.M)]
    assert first in numbers and len(numbers) > 150 and max(numbers) <= len(reader.pages)

    whole = "".join(texts)
    for path in sorted((site / "chapters").glob("*.html")):
        soup = BeautifulSoup(path.read_text("utf8"), "html.parser")
        for tag in soup.select("details.hide, .headerlink"):
            tag.decompose()
        for block in soup.select(".bd-article div.cell_input pre"):
            for line in block.get_text().splitlines():
                assert re.sub(r"\s", "", line) in whole, (path.name, line)
        for heading in soup.select(".bd-article h1"):
            title = re.sub(r"\s", "", pdf.words(heading))
            assert title in texts[places[f"{path.stem}.{heading_place(places, path.stem)}"] - 1]


def heading_place(places, stem):
    """The name of the first heading of a page among the anchors."""
    own = re.compile(rf"{re.escape(stem)}\.h(\d+)")
    return f"h{min(int(found[1]) for found in map(own.fullmatch, places) if found)}"
