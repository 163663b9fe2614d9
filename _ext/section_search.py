"""What the search of the book reads: every section's words, its heading and its address.

Written from the built pages, so that what is found is what a reader sees: prose and code, but no
button, widget or formula's inside.
"""

import json
import re
import shutil
from pathlib import Path

import pages
from bs4 import BeautifulSoup, NavigableString

ENGINE = pages.ROOT / "node_modules" / "minisearch" / "dist" / "umd" / "index.js"
# What is no word of a section: links to itself, what is pressed, drawn, or typeset twice.
NO_WORDS = (
    "a.headerlink, button, script, style, svg, figure img, summary, .ckw-host, .cell_output,"
    " .katex-html, annotation, .tag_proof"
)


def sections(html, url):
    """For each section of a page its title, its page's title, its address, prose and code."""
    soup = BeautifulSoup(html, "html.parser")
    article = soup.select_one("article.bd-article")
    if article is None:
        return []
    for element in article.select(NO_WORDS):
        element.decompose()
    found, name = [], None
    for term in article.select("dl.glossary dt[id]"):
        meaning = term.find_next_sibling("dd")
        place = {"page": "Glossary", "url": f"{url}#{term['id']}"}
        found.append(
            {
                "title": _plain(term.get_text()),
                **place,
                "text": _plain(meaning.get_text(" ")),
                "code": "",
            }
        )
    for listed in article.select("dl.glossary"):
        listed.decompose()
    for section in article.find_all("section"):
        heading = section.find(["h1", "h2", "h3", "h4"], recursive=False)
        if heading is None or not section.get("id"):
            continue
        title = _plain(heading.get_text())
        name = name or title
        code, words = [], []
        for child in section.children:
            if isinstance(child, NavigableString) or child is heading or child.name == "section":
                continue
            for block in child.select("pre"):
                code.append(block.get_text())
                block.decompose()
            words.append(child.get_text(" "))
        place = url if section.parent is article else f"{url}#{section['id']}"
        text = _plain(" ".join(words))
        found.append(
            {
                "title": title,
                "page": name,
                "url": place,
                "text": text,
                "code": _plain(" ".join(code)),
            }
        )
    return found


def _plain(text):
    text = re.sub(r"\s+", " ", text).strip()
    return re.sub(r" ([.,;:!?)])", r"\1", text)


def finish(app, exception):
    if exception or app.builder.format != "html":
        return
    out = Path(app.outdir)
    found = []
    for name in sorted(app.env.found_docs):
        page = out / f"{name}.html"
        found += sections(page.read_text("utf8"), f"{name}.html")
    vendor = out / "_static" / "vendor"
    vendor.mkdir(exist_ok=True)
    script = f"window.courseSections = {json.dumps(found, ensure_ascii=False)};\n"
    (out / "_static" / "search-sections.js").write_text(script, "utf8")
    engine = re.sub(
        r"^\s*(?:/\*\*?.*?\*/|//.*?$)\s*", "", ENGINE.read_text("utf8"), flags=re.M | re.S
    )
    (vendor / "minisearch.js").write_text(engine.replace("//# sourceMappingURL=index.js.map", ""))
    shutil.copy(ENGINE.parents[2] / "LICENSE.txt", vendor / "minisearch-LICENSE.txt")


def without_sphinx(app):
    """Sphinx makes no index of its own: it would be of whole pages, and come with each of them."""
    app.builder.search = False


def setup(app):
    app.connect("builder-inited", without_sphinx)
    app.connect("html-collect-pages", lambda app: [("search", {}, "search.html")])
    app.connect("build-finished", finish, priority=950)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
