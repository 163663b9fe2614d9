"""The whole book as one PDF: for paper, and for reading where there is no browser.

    python _ext/pdf.py

after `make book`, into whose site it goes; `make pdf` does both. The pages stand one behind the
other, with a cover, a table of contents that names the pages of the paper, and the answers to all
questions at the end. Chromium prints, and is asked twice: only what is printed tells on which page
a section begins. What moves in the site stands still on paper, and says where it moves. The same
book gives the same bytes.
"""

import base64
import io
import json
import logging
import os
import re
import sys
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime
from html import escape
from pathlib import Path
from urllib.parse import urldefrag, urljoin, urlsplit

import yaml
from browser import CHROMIUM, CHROMIUM_ARGUMENTS
from bs4 import BeautifulSoup
from pages import ROOT
from playwright.sync_api import sync_playwright
from published import PAPER, card
from pypdf import PdfReader, PdfWriter

# It tells of each object that Chromium has not counted.
logging.getLogger("pypdf").setLevel(logging.ERROR)

STYLE = Path(__file__).with_name("pdf.css")
FONTS = ROOT / "node_modules" / "@fontsource"
CONTENTS = "contents"
ANSWERS = "answers"
POINTING = "for", "aria-labelledby", "aria-describedby", "aria-controls"
UNPRINTED = "script, .headerlink, .course-live, .course-progress"


@dataclass
class Book:
    """What is printed, as it grows: the pages, what the contents name, what the questions ask."""

    site: Path
    pages: list  # as in _toc.yml, without the front page
    address: str = ""  # where the site is published, with a slash at its end, or nothing
    bodies: list = field(default_factory=list)
    entries: list = field(default_factory=list)  # (level, anchor, words)
    questions: list = field(default_factory=list)  # (page's title, anchor, question)
    styles: dict = field(default_factory=dict)  # each once, in the order in which they come

    def anchor(self, page, fragment=""):
        """What a place in the site is called on paper, where all stands in one document."""
        stem = page.rpartition("/")[2].removesuffix(".html")
        return f"{stem}.{fragment}" if fragment else stem

    def link(self, page, address):
        """Where a link of a page leads on paper: to another place, to the site, or nowhere."""
        if urlsplit(address).scheme:
            return address
        path, fragment = urldefrag(urljoin(page, address))
        if path == "index.html":
            return f"#{CONTENTS}"
        if path.removesuffix(".html") in self.pages:
            return f"#{self.anchor(path, fragment)}"
        return self.address + path if self.address else None

    def add(self, name, caption=None):
        """Put a page behind the others, under the caption of its part if it is the first of it."""
        page = f"{name}.html"
        soup = BeautifulSoup((self.site / page).read_text("utf8"), "html.parser")
        self.add_styles(page, soup)
        article = soup.select_one("article.bd-article")
        for tag in article.select(UNPRINTED):
            if tag.get("type") != "application/json":
                tag.decompose()
        for tag in article.find_all(True):
            self.relate(page, tag)
        title = words(article.h1)
        if caption:
            self.entries.append((0, self.anchor(page), caption))
        for heading in article.find_all(["h1", "h2"]):
            heading["id"] = self.anchor(page, f"h{len(self.entries)}")
            self.entries.append((int(heading.name[1]), heading["id"], words(heading)))
        for number, host in enumerate(article.select(".ckw-host"), 1):
            self.add_widget(page, title, host, number)
        article.attrs = {"class": "bd-article", "id": self.anchor(page)}
        self.bodies.append(str(article))

    def relate(self, page, tag):
        """Let the names and addresses in a tag hold in the one document, too."""
        for name in (*POINTING, "id"):
            if value := tag.get(name):
                tag[name] = " ".join(self.anchor(page, one) for one in value.split())
        for name, value in tag.attrs.items():
            if isinstance(value, str) and "url(#" in value:
                tag[name] = value.replace("url(#", f"url(#{self.anchor(page)}.")
        for name in ("href", "xlink:href"):
            if (address := tag.attrs.pop(name, None)) and (led := self.link(page, address)):
                tag[name] = led
        if (source := tag.get("src")) and not urlsplit(source).scheme:
            tag["src"] = (self.site / page).parent.joinpath(source).resolve().as_uri()
        tag.attrs.pop("loading", None)

    def add_widget(self, page, title, host, number):
        """Let a widget's first state be seen and heard; say where it moves, or ask at the end."""
        state = json.loads(host.script.extract().string)
        for still in host.select(".ckw-still"):
            still.attrs = {"class": "ckw-still"}
        if host["data-cnnkit-widget"] == "self_check":
            host["id"] = self.anchor(page, f"questions{number}")
            self.questions += [(title, host["id"], asked) for asked in state["questions"]]
            return
        address = self.address + page
        there = f'<a href="{address}">{address}</a>' if self.address else f"<em>{page}</em>"
        told = f'<p class="paper-moves">Moves under your hand in the site: {there}</p>'
        host.append(BeautifulSoup(told, "html.parser"))

    def add_styles(self, page, soup):
        """Keep the styles of a page, those of its widgets, too."""
        for tag in soup.head.select('link[rel="stylesheet"], style'):
            if tag.name == "style":
                self.styles[str(tag)] = None
            else:
                path = (self.site / page).parent / urlsplit(tag["href"]).path
                self.styles[f'<link rel="stylesheet" href="{path.resolve().as_uri()}">'] = None

    def contents(self, numbers):
        """The table of contents, with the page of each entry where it is known."""
        often = Counter(text for _, _, text in self.entries)  # "Summary", of each chapter
        lines = [
            f'<p class="paper-part">{escape(text)}</p>'
            if level == 0
            else f'<p class="paper-entry paper-level{level}"><a href="#{anchor}">'
            f"<span>{escape(text)}</span><span>{numbers.get(anchor, 0)}</span></a></p>"
            for level, anchor, text in self.entries
            if often[text] <= 3
        ]
        return f'<nav class="bd-article" id="{CONTENTS}"><h1>Contents</h1>{"".join(lines)}</nav>'

    def answers(self, numbers):
        """What is right, and why, to each question of the book."""
        parts, last = [], None
        for title, anchor, asked in self.questions:
            if title != last:
                parts.append(f"<h2>{escape(title)}</h2>")
                last = title
            right = [choice for choice in asked["choices"] if choice["correct"]]
            told = "".join(f"<p><b>{coded(c['text'])}.</b> {coded(c['why'])}</p>" for c in right)
            page = f'<a href="#{anchor}">page {numbers.get(anchor, 0)}</a>'
            asks = f"<p>{coded(asked['question'])} ({page})</p>"
            parts.append(f'<div class="paper-answer">{asks}{told}</div>')
        head = f'<h1 id="{ANSWERS}.h1">Answers to the questions</h1>'
        return f'<article class="bd-article" id="{ANSWERS}">{head}{"".join(parts)}</article>'


def words(heading):
    """What a heading says, formulas once."""
    heading = BeautifulSoup(str(heading), "html.parser")
    for tag in heading.select(".katex-html"):
        tag.decompose()
    return re.sub(r"\s+", " ", heading.get_text()).strip()


def coded(text):
    """A text of a question, with what stands in backticks as code."""
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", escape(text))


def document(book, numbers, edition):
    """The whole book as one page of HTML.

    The numbers say on which page of the paper a place stands; those that are missing are 0.
    """
    picture = base64.b64encode(card(dpi=200)).decode()
    cover = (
        f'<header id="cover"><img alt="From One Pixel" src="data:image/jpeg;base64,{picture}">'
        f"<p>{escape(edition)}</p></header>"
    )
    return (
        '<!DOCTYPE html><html lang="en" data-theme="light"><head><meta charset="utf-8">'
        f"<title>From One Pixel</title>{''.join(book.styles)}"
        f"<style>{faces()}{STYLE.read_text('utf8')}</style></head><body>"
        f"{cover}{book.contents(numbers)}{''.join(book.bodies)}{book.answers(numbers)}"
        "</body></html>"
    )


def faces():
    """The typefaces, so that the paper looks the same wherever it is made."""
    sheets = [
        ("source-serif-4", ["400", "400-italic", "700", "700-italic"]),
        ("inter", ["400", "600", "700"]),
        ("source-code-pro", ["400", "400-italic", "600"]),
    ]
    found = []
    for family, kinds in sheets:
        for kind in kinds:
            sheet = (FONTS / family / f"{kind}.css").read_text("utf8")
            found.append(sheet.replace("url(./", f"url({(FONTS / family).as_uri()}/"))
    return "".join(found)


def printed(browser, html, source):
    """Print a document, which is written to a file first; a PDF whose headings are its outline."""
    source.write_text(html, "utf8")
    page = browser.new_page(color_scheme="light", reduced_motion="reduce")
    page.goto(source.as_uri(), wait_until="load", timeout=120_000)
    page.evaluate("document.fonts.ready")
    made = page.pdf(prefer_css_page_size=True, print_background=True, outline=True, tagged=True)
    page.close()
    source.unlink()
    return made


def places(pdf):
    """Anchor -> page, counted from 1, of all places that something in a PDF links to."""
    reader = PdfReader(io.BytesIO(pdf))
    found = reader.named_destinations.items()
    return {name.lstrip("/"): reader.get_destination_page_number(at) + 1 for name, at in found}


def dated(pdf, title, author, day):
    """The same PDF, with what it is and of when, and nothing of the hour of its making."""
    writer = PdfWriter(clone_from=io.BytesIO(pdf))
    stamp = day.strftime("D:%Y%m%d%H%M%SZ")
    writer.metadata = {
        "/Title": title,
        "/Author": author,
        "/CreationDate": stamp,
        "/ModDate": stamp,
    }
    writer.compress_identical_objects()
    box = io.BytesIO()
    writer.write(box)
    return box.getvalue()


def write(browser, site, target, course=ROOT):
    """Print the book of a built site.

    Parameters
    ----------
    browser : playwright.sync_api.Browser
        A Chromium, which prints.
    site : path
        The built book, `_build/html`.
    target : path
        The file to write.
    course : path
        The folder with `_config.yml` and `_toc.yml`.

    Returns
    -------
    int
        How many pages it has.
    """
    site, target = Path(site), Path(target)
    front = site / "index.html"
    if not front.is_file():
        raise FileNotFoundError(f"{site} holds no finished book: run make book first")
    settings = yaml.safe_load(Path(course, "_config.yml").read_text("utf8"))
    order = [*in_order(yaml.safe_load(Path(course, "_toc.yml").read_text("utf8")))]
    address = settings["html"]["baseurl"]
    foot = BeautifulSoup(front.read_text("utf8"), "html.parser").select_one(".edition")
    edition = foot.find(string=True).strip()
    book = Book(site, [name for name, _ in order], address and f"{address.rstrip('/')}/")
    for name, caption in order:
        book.add(name, caption)
    book.entries.append((1, f"{ANSWERS}.h1", "Answers to the questions"))
    target.parent.mkdir(parents=True, exist_ok=True)
    numbers, before = {}, None
    while numbers != before:  # the numbers themselves take room
        pdf = printed(browser, document(book, numbers, edition), target.with_suffix(".html"))
        numbers, before = places(pdf), numbers
    day = datetime.fromtimestamp(int(os.environ.get("SOURCE_DATE_EPOCH", 0)), UTC)
    target.write_bytes(dated(pdf, settings["title"], settings["author"], day))
    return len(PdfReader(target).pages)


def in_order(toc):
    """The pages of a table of contents, each with the caption of the part that it begins."""
    for part in toc["parts"]:
        for place, chapter in enumerate(part["chapters"]):
            yield chapter["file"], part["caption"] if place == 0 else None


if __name__ == "__main__":
    target = ROOT / "_build" / "html" / PAPER
    if CHROMIUM is None:
        sys.exit("Stopped: Chromium prints the book, and there is none on this machine: install it")
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=CHROMIUM_ARGUMENTS)
        try:
            count = write(chromium, ROOT / "_build" / "html", target)
        except FileNotFoundError as error:
            sys.exit(f"Stopped: {error}")
    print(f"{count} pages, {target.stat().st_size / 1e6:.1f} MB: {target}")
