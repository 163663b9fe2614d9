"""An honest build and light pages.

Honest: a change in `cnnkit`, the recorded figures or the pinned versions runs every notebook again
(the notebook cache sees only cells), a failing cell is named by page and line, a picture without
alt text fails the build. Light: no script or font that the page does not use, sizes known before
pictures arrive, nothing that blocks the first paint.
"""

import hashlib
import re
import shutil
import struct
from pathlib import Path

from docutils import nodes
from fontTools import subset
from fontTools.ttLib import TTFont
from myst_nb.sphinx_ import NbMetadataCollector
from sphinx.util import logging

LOGGER = logging.getLogger(__name__)
ROOT = Path(__file__).resolve().parent.parent


# ---- an honest build -------------------------------------------------------------------------


def forget_stale_runs(app):
    """Drop the notebook cache when the code or the figures that the notebooks read have changed."""
    cache = Path(app.config.nb_execution_cache_path or Path(app.outdir).parent / ".jupyter_cache")
    digest = hashlib.sha256()
    recorded = (ROOT / "benchmarks" / "results").glob("*.json")  # the pages read these figures
    for path in sorted([*(ROOT / "cnnkit").rglob("*.py"), ROOT / "constraints.txt", *recorded]):
        digest.update(path.relative_to(ROOT).as_posix().encode() + path.read_bytes())
    stamp = cache / "imported-code.sha256"
    if not stamp.exists() or stamp.read_text() != digest.hexdigest():
        shutil.rmtree(cache, ignore_errors=True)
        cache.mkdir(parents=True)
        stamp.write_text(digest.hexdigest())


def name_failing_cells(app, env):
    """Say which cell of which page failed: MyST-NB itself names only the page."""
    for docname in env.found_docs:
        data = NbMetadataCollector.get_exec_data(env, docname)
        if not data or data["succeeded"] or not data["traceback"]:
            continue
        parts = re.split(r"^-{18}$", data["traceback"], flags=re.MULTILINE)
        cell = parts[1].strip() if len(parts) > 2 else ""
        text = Path(env.doc2path(docname)).read_text("utf8")
        line = text[: text.find(cell)].count("\n") + 1 if cell in text else None
        error = data["traceback"].strip().splitlines()[-1]
        LOGGER.warning(
            "the cell that begins with %r fails: %s",
            cell.partition("\n")[0],
            error,
            location=(docname, line),
            type="course",
            subtype="cell",
        )


PICTURE = re.compile(r"<(img|svg)\b[^>]*>", re.IGNORECASE)
NAMED = {
    "img": re.compile(r'\balt="[^"]+"|\baria-hidden="true"'),
    "svg": re.compile(r'\baria-label="[^"]+"|\baria-hidden="true"'),
}


def lint_alt_text(app, doctree, docname):
    """Warn of each picture that a blind reader would miss."""
    images = doctree.findall(nodes.image)
    unnamed = [Path(image.get("uri", "")).name for image in images if not image.get("alt")]
    for raw in doctree.findall(nodes.raw):
        for tag in PICTURE.finditer(raw.astext() if "html" in raw.get("format", "") else ""):
            if not NAMED[tag[1].lower()].search(tag[0]):
                unnamed.append(tag[0][:60])
    for name in unnamed:
        LOGGER.warning(
            "picture without alt text: %s. Say in words what it shows (for a cell's picture: "
            "`mystnb: {image: {alt: ...}}` in the cell, or the alt argument of cnnkit.plots)",
            name,
            location=docname,
            type="course",
            subtype="alt",
        )


# ---- light pages -----------------------------------------------------------------------------


VIEWPORT = '<meta name="viewport" content="width=device-width, initial-scale=1">'


def light(page, html):
    """One page as it is sent: see the module's first lines."""
    # 1.5 MB of script that draws the icons which the icon font draws already.
    html = re.sub(r'<script defer src="[^"]*fontawesome\.js[^"]*"></script>', "", html)
    # Scripts wait for the page; only documentation_options.js is needed by others at once.
    html = re.sub(
        r"<script (?![^>]*\b(?:defer|async|type)\b)(?=[^>]*\bsrc=)(?![^>]*documentation_options)",
        "<script defer ",
        html,
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
        css = re.sub(r'([^{}]*)\{content:"\\([0-9a-f]{2,4}) ?"\}', keep, css)
        unicodes |= {int(code, 16) for code in re.findall(r'"\\(f[0-9a-f]{3})"', css)}
        path.write_text(css, "utf8")
    for path in out.glob("_static/vendor/fontawesome/webfonts/fa-*.woff2"):
        font = TTFont(path)
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
    app.connect("builder-inited", forget_stale_runs)
    app.connect("env-updated", name_failing_cells)
    app.connect("doctree-resolved", lint_alt_text, priority=900)
    app.connect("build-finished", finish, priority=900)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
