"""Light pages: what a reader's browser gets holds nothing that the page does not use.

No script or font too many, the size of each picture known before it arrives, nothing that blocks
the first paint; and the few names and roles that the theme gets wrong for a screen reader.
"""

import logging
import re
import struct
from pathlib import Path

from fontTools import subset
from fontTools.ttLib import TTFont

# Some dependency turns on the logs of all: hundreds of lines on glyphs would hide a warning.
logging.getLogger("fontTools").setLevel(logging.WARNING)

# Before the first paint it is known whether it is dark: no white page in the night.
THEME = (
    "<script>{const d=document.documentElement.dataset;if(d.theme==='auto'||!d.theme)"
    "d.theme=matchMedia('(prefers-color-scheme: dark)').matches?'dark':'light';}</script>"
)
VIEWPORT = '<meta name="viewport" content="width=device-width, initial-scale=1">'


def light(page, html):
    """One page as it is sent."""
    # 1.5 MB of script that draws the icons which the icon font draws already.
    html = re.sub(r'<script defer src="[^"]*fontawesome\.js[^"]*"></script>', "", html)
    # The search of the book is section_search's; Sphinx's index came with every page.
    html = re.sub(
        r'<script[^>]*src="[^"]*(?:searchtools|language_data|searchindex)\.js[^"]*"></script>',
        "",
        html,
    )
    # Where the reader is, page.js says: the theme's own was wrong at one step of three.
    html = html.replace('id="pst-page-toc-nav"', 'id="course-page-toc"')
    if THEME not in html:  # a page that was not written anew has been here before
        settled = r'(<script data-cfasync="false">.*?</script>)'
        html = re.sub(settled, rf"\1\n  {THEME}", html, count=1, flags=re.S)
    html = re.sub(r"<title>(.+?) &#8212; \1\s*</title>", r"<title>\1</title>", html, flags=re.S)

    def inline(script):
        return f"<script>{(page.parent / script[1]).read_text('utf8')}</script>"

    # These few settings are needed by others at once; all other scripts wait for the page.
    html = re.sub(r'<script src="([^"?]*documentation_options\.js)[^"]*"></script>', inline, html)
    html = re.sub(
        r"<script (?![^>]*\b(?:defer|async|type)\b)(?=[^>]*\bsrc=)", "<script defer ", html
    )
    # The theme names the viewport three times; its sidebar's first block lacks a landmark.
    html = re.sub(r'\s*<meta name="viewport"[^>]*>', "", html)
    html = html.replace("<head>", f"<head>\n    {VIEWPORT}", 1)
    html = html.replace(
        '<div class="sidebar-primary-items__start sidebar-primary__section">',
        '<div class="sidebar-primary-items__start sidebar-primary__section" role="navigation"'
        ' aria-label="Book">',
    )
    # These two are named by the text they show; another name would hide it from speech control.
    html = re.sub(r'(<button class="btn search-button-field[^>]*) aria-label="Search"', r"\1", html)
    html = html.replace('<summary aria-label="Toggle hidden content">', "<summary>")
    # A bibliography is a list, and this role of its entries is no longer in use.
    html = html.replace(' role="doc-biblioentry"', ' role="listitem"')
    pictures = 0

    def with_size(match):
        nonlocal pictures
        tag, source = match[0], re.search(r'src="([^"]+\.png)"', match[0])
        file = page.parent / source[1] if source else None
        if not file or not file.exists() or " width=" in tag:
            return tag
        width, height = struct.unpack(">II", file.read_bytes()[16:24])
        pictures += 1
        lazy = ' loading="lazy"' if pictures > 1 else ""
        return tag.replace("<img", f'<img width="{width}" height="{height}"{lazy}', 1)

    return re.sub(r"<img [^>]*>", with_size, html)


def subset_icons(out, pages):
    """Cut the icon font, and the rules that name its icons, down to what some page shows."""
    used = set(re.findall(r"\bfa-[a-z0-9-]+", " ".join(pages)))
    unicodes = set()

    def keep(match):
        names = re.findall(r"\.(fa-[a-z0-9-]+):", match[1])
        if names and not used & set(names):
            return ""
        unicodes.add(int(match[2], 16))
        return match[0]

    for path in out.glob("_static/styles/*.css"):
        css = path.read_text("utf8")
        css = re.sub(r'(?<=\})([^{}]*)\{content:"\\([0-9a-f]{2,4}) ?"\}', keep, css)
        unicodes |= {int(code, 16) for code in re.findall(r'"\\(f[0-9a-f]{3})"', css)}
        path.write_text(css, "utf8")
    for path in out.glob("_static/vendor/fontawesome/webfonts/fa-*.woff2"):
        font = TTFont(path, recalcTimestamp=False)
        cut = subset.Subsetter(subset.Options(notdef_outline=True))
        cut.populate(unicodes=unicodes)
        cut.subset(font)
        font.flavor = "woff2"
        font.save(path)


def finish(app, exception):
    if exception or app.builder.format != "html":
        return
    out = Path(app.outdir)
    for path in [*out.rglob("fontawesome.js*"), *out.rglob("*.ttf"), *out.rglob("*.map")]:
        path.unlink(missing_ok=True)
    pages = {page: page.read_text("utf8") for page in out.rglob("*.html")}
    for page, html in pages.items():
        page.write_text(light(page, html), "utf8")
    subset_icons(out, pages.values())


def setup(app):
    app.connect("build-finished", finish, priority=900)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
