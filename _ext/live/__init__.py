"""The course in the page: a button opens a chapter or an exercise as a notebook that runs there.

Nothing is installed and no server is asked: JupyterLite's notebook runs Python as Pyodide, both
from files of this site, in `live/`. `files` fetches and packs what that needs, `notebooks` makes
the notebooks, `site` writes the folder, and `shell.js` is the frame around a notebook. Where
Pyodide cannot be had, the build says so in one line, and the pages have no buttons.
"""

import os
import re
import shutil
from pathlib import Path

from pages import ROOT
from sphinx.util import logging

from live import files, site

LOGGER = logging.getLogger(__name__)
BUTTON = (
    '<p class="course-live"><a class="course-live-button" href="{address}">Run this page</a> '
    "<span>in the browser, with nothing to install. "
    "The first time, {size} MB of Python are downloaded.</span></p>"
)


def prepare(app):
    """Make the live part before the first page is written, so that pages know what there is."""
    app.live_notebooks, app.live_folder = [], ROOT / "_build" / "live"
    if app.builder.format != "html" or Path(app.srcdir) != ROOT:
        return
    # Until the pages are finished it is away: what tidies them is not for other people's pages.
    shutil.rmtree(Path(app.outdir, "live"), ignore_errors=True)
    if os.environ.get("CNNKIT_PYODIDE") == "":  # empty: without
        return
    try:
        app.live_notebooks, app.live_bytes = site.prepared(app.live_folder)
    except files.Absent as absent:
        LOGGER.info("The pages will not run in the browser: %s.", absent)


def offer(app, pagename, templatename, context, doctree):
    """Put the button under the title, and make the exercise's name a link."""
    if not app.live_notebooks or "body" not in context:
        return
    root = "../" * pagename.count("/")
    body = context["body"]
    if pagename == app.config.root_doc:  # the second way in leads straight to where it runs
        body = re.sub(r'href="#run-it"(.*?)>Run it yourself<', first_notebook(app, root), body)
    if (own := f"{pagename}.ipynb") in app.live_notebooks:
        button = BUTTON.format(address=address(root, own), size=round(app.live_bytes / 1e6))
        body = body.replace("</h1>", f"</h1>\n{button}", 1)
    for notebook in app.live_notebooks:
        if notebook.startswith("exercises/"):
            named = rf'<code[^>]*><span class="pre">{re.escape(notebook)}</span></code>'
            body = re.sub(named, rf'<a href="{address(root, notebook)}">\g<0></a>', body)
    context["body"] = body


def first_notebook(app, root):
    return rf'href="{address(root, app.live_notebooks[0])}"\1>Run it now, in the page<'


def address(root, notebook):
    return f"{root}live/notebooks/index.html?path={notebook}"


def publish(app, exception):
    """Put the live part into the site, as links to the same files where the disk can."""
    target = Path(app.outdir, "live")
    if not exception and app.live_notebooks:
        try:
            shutil.copytree(app.live_folder, target, copy_function=os.link)
        except OSError:
            shutil.copytree(app.live_folder, target, dirs_exist_ok=True)


def setup(app):
    app.connect("builder-inited", prepare)
    app.connect("html-page-context", offer)
    app.connect("build-finished", publish, priority=950)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
