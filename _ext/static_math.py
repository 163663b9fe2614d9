"""Formulas typeset by KaTeX while the book is built: HTML and MathML in the page, no script.

One Node process serves a whole build: a line of JSON in, a line of JSON out. A formula that
KaTeX cannot read is a warning that names page and formula, so `-W` fails the build.

Why not sphinxcontrib-katex, which typesets at build time, too (0.9.11, tried): a formula that it
cannot read passes `-W` without a word, stylesheet and fonts come from another server, the style
goes on every page, a wide formula takes no keyboard focus, and each build leaves a Node process.
"""

import shutil
from pathlib import Path

from docutils import nodes
from node import MODULES, Node
from sphinx.util import logging
from sphinx.util.math import get_node_equation_number

LOGGER = logging.getLogger(__name__)
KATEX = MODULES / "katex" / "dist"

TYPESET = """
const katex = require(process.argv[1]);
require("readline").createInterface({ input: process.stdin }).on("line", line => {
  const [tex, displayMode] = JSON.parse(line);
  let answer;
  try { answer = { html: katex.renderToString(tex, { displayMode, strict: "ignore" }) }; }
  catch (error) { answer = { error: error.message }; }
  console.log(JSON.stringify(answer));
});
"""


typesetter = Node(
    ["-e", TYPESET, str(KATEX / "katex.min.js")], "katex", "formulas are typeset with KaTeX"
)


def html_of(node, tex, display):
    answer = typesetter.ask([tex, display])
    if "error" in answer:
        LOGGER.warning(
            "KaTeX cannot read the formula %r: %s", tex, answer["error"], location=node, type="math"
        )
    return answer.get("html", "")


def visit_math(translator, node):
    html = html_of(node, node.astext(), display=False)
    translator.body.append(translator.starttag(node, "span", "", CLASS="math"))
    translator.body.append(html + "</span>")
    raise nodes.SkipNode


def visit_math_block(translator, node):
    # A wide formula scrolls inside its box, so the box takes the keyboard's focus.
    translator.body.append(translator.starttag(node, "div", CLASS="math", tabindex="0"))
    if node["number"]:
        number = get_node_equation_number(translator, node)
        translator.body.append(f'<span class="eqno">({number})')
        translator.add_permalink_ref(node, "Link to this equation")
        translator.body.append("</span>")
    translator.body.append(html_of(node, node.astext().strip(), display=True) + "</div>")
    raise nodes.SkipNode


def bring_style(app):
    """KaTeX's stylesheet and its woff2 fonts, outside `_static`, whose CSS goes on every page."""
    folder = Path(app.doctreedir).parent / "static-math"
    shutil.rmtree(folder, ignore_errors=True)
    fonts = folder / "katex" / "fonts"
    fonts.mkdir(parents=True)
    if KATEX.exists():
        shutil.copy(KATEX / "katex.min.css", folder / "katex")
        for font in KATEX.glob("fonts/*.woff2"):
            shutil.copy(font, fonts)
    app.config.html_static_path.append(str(folder))


def add_style(app, pagename, templatename, context, doctree):
    if 'class="katex"' in (context.get("body") or ""):
        app.add_css_file("katex/katex.min.css")


def setup(app):
    app.add_html_math_renderer("katex_static", (visit_math, None), (visit_math_block, None))
    app.connect("builder-inited", bring_style)
    app.connect("html-page-context", add_style)
    app.connect("build-finished", typesetter.stop)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": False}
