"""The cards of the front page, made from the chapters' headers.

`{chapter-cards}` makes one for each chapter in the book, in the order of `_toc.yml`. What a card
says stands in the chapter, under `course: card:` (see `pages`).
"""

from pathlib import Path

from docutils import nodes
from docutils.statemachine import StringList
from pages import course, label
from sphinx.util import logging
from sphinx.util.docutils import SphinxDirective

LOGGER = logging.getLogger(__name__)
CARD = """
:::{{grid-item-card}} {label}
:link: {docname}
:link-type: doc

{sentence}
:::
"""


class ChapterCards(SphinxDirective):
    def run(self):
        self.env.note_dependency(Path(self.env.srcdir, self.config.external_toc_path))
        lines = ["::::{grid} 1 1 2 2", ":gutter: 3"]
        for docname in self.config.external_site_map.root.child_files():
            if docname.startswith("chapters/"):
                lines += self.card(docname).splitlines()
        node = nodes.container()
        self.state.nested_parse(StringList([*lines, "::::"], self.name), 0, node)
        return node.children

    def card(self, docname):
        path = self.env.doc2path(docname)
        self.env.note_dependency(path)
        card = course(path).get("card", {})
        if not {"title", "sentence"} <= set(card):
            LOGGER.warning(
                "no card for the front page: give the header a title and a sentence, "
                "`course: {card: {title: ..., sentence: ...}}`",
                location=docname,
                type="course",
                subtype="card",
            )
            return ""
        return CARD.format(label=label(path), docname=docname, sentence=card["sentence"])


def setup(app):
    app.add_directive("chapter-cards", ChapterCards)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
