"""A reader of the built site: its pages in their order, her way down a page, her rules."""

import re

from paths import ROOT

TOC = (ROOT / "_toc.yml").read_text("utf8")
PAGES = [f"{name}.html" for name in re.findall(r"(?:root|file): (\S+)", TOC)]
# The front page, many widgets, formulas, long code, definitions, tables.
FEW = [
    "index.html",
    "chapters/02-convolution.html",
    "chapters/07-learning.html",
    "chapters/12-full-training.html",
    "appendices/glossary.html",
    "teaching.html",
]
AXE = ROOT / "node_modules/axe-core/axe.min.js"
# Run before a page, it adds up in `window.shift` how far the page jumps while it loads.
SHIFTS = """window.shift = 0;
new PerformanceObserver(list => list.getEntries().forEach(e => {
  if (!e.hadRecentInput) window.shift += e.value;
})).observe({type: 'layout-shift', buffered: true});"""


def scroll_through(page):
    """Go down the page as a reader does, so that what loads late is loaded."""
    height = page.evaluate("document.documentElement.scrollHeight")
    for top in range(0, height, 800):
        page.evaluate(f"scrollTo(0, {top})")
        page.wait_for_timeout(40)
    page.evaluate("scrollTo(0, 0)")
