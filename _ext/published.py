"""What a published site says of itself: its edition, and to the world where each page stands.

The foot of each page names the version and its day: that of the last commit, which `make` puts
into SOURCE_DATE_EPOCH, so that one text gives one book, whenever it is built. Where `_config.yml`
names the public address, `baseurl`, Sphinx adds canonical links, and this module what else has to
name it: the book as a PDF, a sitemap, a card for links that are shared (Open Graph), and `404.html`
for addresses that lead nowhere, with links that work from any depth. Unset, there is none of them.
"""

import io
import re
from html import escape
from pathlib import Path
from urllib.parse import urlsplit

import numpy as np
from matplotlib.figure import Figure
from PIL import Image
from sphinx.util.i18n import format_date
from take_away import site

from cnnkit import __version__, functional, images

EDITION = '<p class="edition">Edition {version}, {day}.{paper}</p>\n'
PAPER = "from-one-pixel.pdf"  # `make pdf` puts it into the site
CARD = "_static/card.jpg"
CARD_ALT = (
    "A photograph of a cat, the same in coarse pixels, and the edges that a convolution finds in it"
)
CARD_SIZE = 1200, 630  # what the services that show cards ask for
SOBEL = np.array([[-1.0, 0, 1], [-2, 0, 2], [-1, 0, 1]])
DESCRIPTION = re.compile(r'<meta(?=[^>]*name="description")[^>]*content="([^"]*)"')
LOST_PAGE = "404"  # what hosts look for
LOST = """\
<section id="lost"><h1>There is no such page</h1>
<p>The address has led nowhere. It may be mistyped, or the page has moved when the book was
arranged anew.</p>
<p><a href="index.html">Begin at the front page</a>, or <a href="search.html">search the book</a>.
</p></section>"""


def name_edition(app, config):
    """Put version and day into the foot of the pages."""
    day = format_date("%d %B %Y", language="en").lstrip("0")
    options = config.html_theme_options
    link = f' <a href="{site(config)}{PAPER}">The whole book as a PDF</a>'
    paper = link if site(config) else ""
    edition = EDITION.format(version=__version__, day=day, paper=paper)
    options["extra_footer"] = edition + options["extra_footer"]


def lost_page(app):
    """Add the page for addresses that lead nowhere."""
    if site(app.config):
        yield LOST_PAGE, {"title": "There is no such page", "body": LOST}, "page.html"


def say_what_it_is(app, pagename, templatename, context, doctree):
    """Give a page the words and the picture with which a link to it is shown elsewhere."""
    address = site(app.config)
    if pagename == LOST_PAGE:  # it has no address of its own, and nobody looks for it
        context["pageurl"] = None
        context["metatags"] = '<meta name="robots" content="noindex" />'
    found = DESCRIPTION.search(context.get("metatags", ""))
    if not address or not found:
        return
    said = {
        "og:type": "website" if pagename == app.config.root_doc else "article",
        "og:site_name": app.config.html_title,
        "og:title": re.sub("<[^>]*>", "", context["title"]),
        "og:description": found[1],
        "og:url": f"{address}{app.builder.get_target_uri(pagename)}",
        "og:image": f"{address}{CARD}",
        "og:image:alt": CARD_ALT,
        "og:image:width": str(CARD_SIZE[0]),
        "og:image:height": str(CARD_SIZE[1]),
    }
    tags = (f'<meta property="{name}" content="{text}" />' for name, text in said.items())
    context["metatags"] += "\n".join(
        [*tags, '<meta name="twitter:card" content="summary_large_image" />']
    )


def card(dpi=100):
    """The picture beside a shared link, a photograph on the course's way; the bytes of a JPEG."""
    photograph = images.photograph("cat", size=192)
    grey = images.grey(photograph) / 255
    coarse = grey.reshape(24, 8, 24, 8).mean(axis=(1, 3))
    edges = np.abs(functional.conv2d(grey[None], np.array([[SOBEL], [SOBEL.T]]))).sum(axis=0)
    width, height = CARD_SIZE
    figure = Figure(figsize=(width / 100, height / 100), dpi=dpi, facecolor="#15324b")
    figure.text(0.05, 0.78, "From One Pixel", color="white", size=52, weight="bold")
    words = "Convolutional networks, from one pixel to a trained network"
    figure.text(0.052, 0.67, words, color="#f7b267", size=21)
    for place, pixels in enumerate([photograph, coarse, edges]):
        axes = figure.add_axes((0.05 + place * 0.315, 0.07, 0.27, 0.27 * width / height))
        axes.imshow(pixels, cmap="gray")
        axes.set_axis_off()
    drawn, box = io.BytesIO(), io.BytesIO()
    figure.savefig(drawn, format="png")
    Image.open(drawn).convert("RGB").save(box, "JPEG", quality=85, optimize=True)
    return box.getvalue()


def sitemap(app):
    """All pages of the book, as search engines read them."""
    address = site(app.config)
    places = (app.builder.get_target_uri(name) for name in sorted(app.env.found_docs))
    entries = (f"<url><loc>{escape(address + place)}</loc></url>" for place in places)
    space = "http://www.sitemaps.org/schemas/sitemap/0.9"
    head = f'<?xml version="1.0" encoding="UTF-8"?>\n<urlset xmlns="{space}">'
    return "\n".join([head, *entries, "</urlset>\n"])


def finish(app, exception):
    """Write what stands beside the pages; let the lost page find the book from any depth."""
    address, out = site(app.config), Path(app.outdir)
    if exception or app.builder.format != "html":
        return
    (out / PAPER).unlink(missing_ok=True)  # it was made of the pages before these
    if not address:
        return
    (out / "sitemap.xml").write_text(sitemap(app), "utf8")
    (out / CARD).write_bytes(card())
    page = out / f"{LOST_PAGE}.html"
    own = r'\b(href|src|action|data-content_root)="(?!#|/|[a-z]+:)(?:\./)?'
    html = re.sub(own, rf'\1="{urlsplit(address).path}', page.read_text("utf8"))
    page.write_text(html, "utf8")


def setup(app):
    app.connect("config-inited", name_edition)
    app.connect("html-collect-pages", lost_page)
    app.connect("html-page-context", say_what_it_is)
    app.connect("build-finished", finish, priority=960)  # when the pages are as they are sent
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
