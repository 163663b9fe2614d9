"""What tests of widgets share: a page of one, a book with all of them, a JupyterLab."""

import contextlib
import functools
import os
import re
import subprocess
import sys
import time
from pathlib import Path

import nbformat
import pytest
from filelock import FileLock
from hand import mounted
from reader import SHIFTS

from cnnkit.widgets import found
from cnnkit.widgets.__main__ import page_of

WIDGETS = found()


def pytest_generate_tests(metafunc):
    """A test that asks for `widget` runs for each widget that is found."""
    if "widget" in metafunc.fixturenames:
        metafunc.parametrize("widget", WIDGETS)


# ---- one widget on a page of its own ----------------------------------------------------------


@pytest.fixture
def show(open_page, tmp_path):
    """Open a page with some widgets of one kind, and give the first of them, living."""
    pages = []

    def show(*figures, **options):
        path = tmp_path / f"page{len(pages)}.html"
        path.write_text(page_of(*figures), encoding="utf-8")
        pages.append(open_page(path.as_uri(), **options))
        return mounted(pages[-1], figures[0]._module)

    yield show
    for page in pages:
        assert (page.errors, page.offsite) == ([], [])


# ---- all widgets in a book --------------------------------------------------------------------

CONFIG = """\
title: Widgets
author: tests
only_build_toc_files: true
execute: {{execute_notebooks: force, timeout: 120}}
launch_buttons: {{thebe: false}}
html: {{favicon: favicon.svg}}
sphinx:
  local_extensions: {{static_widgets: {ext}}}
  config:
    extensions: [sphinx_togglebutton, sphinx_copybutton, myst_nb, jupyter_book, sphinx_comments,
                 sphinx_external_toc, sphinx.ext.intersphinx, sphinx_design, sphinx_book_theme,
                 static_widgets]
    html_context: {{default_mode: auto}}
    nb_ipywidgets_js: {{}}
    nb_mime_priority_overrides: [[html, application/vnd.jupyter.widget-view+json, null]]
"""
HEAD = """\
---
jupytext:
  text_representation: {extension: .md, format_name: myst, format_version: 0.13}
kernelspec: {display_name: Python 3, language: python, name: python3}
---

"""
TWICE = "SoftmaxLoss()", "SoftmaxLoss(logits=[3, 1, 0], labels=['a', 'b', 'c'])"


def notebook(title, start, figures):
    """A page with a cell for each figure."""
    cells = [f"```{{code-cell}} ipython3\n:tags: [hide-input]\n{c}\n```" for c in [start, *figures]]
    return HEAD + "\n\n".join([f"# {title}", cells[0], *(f"Text.\n\n{c}" for c in cells[1:])])


@pytest.fixture(scope="session")
def book(root, request, tmp_path_factory):
    """A book with a page of all widgets, a page of two of the same, and a page of none."""
    run = tmp_path_factory.getbasetemp()
    if hasattr(request.config, "workerinput"):  # one book for all workers
        run = run.parent
    html = run / "book" / "_build" / "html"
    with FileLock(run / "book.lock"):
        if not html.exists():
            build(run / "book", root)
    return html


def build(folder, root):
    """Write the book and build it."""
    host = root / "_static" / "widget-host.js"
    (folder / "_static").mkdir(parents=True)
    (folder / "_static" / host.name).write_text(host.read_text(encoding="utf-8"), encoding="utf-8")
    (folder / "favicon.svg").write_text('<svg xmlns="http://www.w3.org/2000/svg"/>')
    (folder / "_config.yml").write_text(CONFIG.format(ext=root / "_ext"))
    toc = "format: jb-book\nroot: index\nchapters:\n- file: all\n- file: two\n"
    (folder / "_toc.yml").write_text(toc)
    (folder / "index.md").write_text("# Index\n\nNo widget here.\n")
    examples = [f"example({name!r})" for name in WIDGETS]
    start = "from cnnkit.widgets.__main__ import example"
    (folder / "all.md").write_text(notebook("All", start, examples))
    (folder / "two.md").write_text(notebook("Two", "from cnnkit.widgets import *", TWICE))
    command = [Path(sys.executable).parent / "jupyter-book", "build", "-W", "--keep-going", folder]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]


@pytest.fixture(scope="session")
def book_url(book, serve):
    with serve(book) as url:
        yield url


@pytest.fixture(scope="session")
def open_all(browser, book, book_url):
    """Open the page of all widgets, once for all tests that only look at it."""
    with contextlib.ExitStack() as stack:

        @functools.cache
        def open_all(scheme="http", width=1280, theme="light", **options):
            view = {"width": width, "height": 900}
            context = browser.new_context(viewport=view, color_scheme=theme, **options)
            stack.callback(context.close)
            context.add_init_script(SHIFTS)
            page = context.new_page()
            watch(page)
            page.goto(f"{book_url if scheme == 'http' else book.as_uri()}/all.html")
            return page

        yield open_all


@pytest.fixture(scope="session")
def all_living(open_all):
    """The same, with all widgets living."""

    @functools.cache
    def all_living(**options):
        page = open_all(**options)
        for name in WIDGETS:
            mounted(page, name)
        return page

    return all_living


PRINT = """count => {
  dispatchEvent(new Event("beforeprint"));
  return document.querySelectorAll("[data-cnnkit-widget][data-ready=yes]").length === count;
}"""


@pytest.fixture(scope="session")
def all_on_paper(open_all):
    """The same from a dark page, as it goes to the printer."""
    page = open_all(theme="dark")
    page.living_before = page.locator("[data-cnnkit-widget][data-ready=yes]").count()
    page.emulate_media(media="print")
    page.wait_for_function(PRINT, arg=len(WIDGETS))  # the modules arrive while the page is idle
    return page


def watch(page):
    """Keep what a page complains of in `errors`, and the hosts that it asks in `asked`."""
    page.errors, page.asked = [], set()

    def ask(request):
        if request.url.startswith("http"):
            page.asked.add(request.url.split("/")[2])

    page.on("request", ask)
    page.on("pageerror", lambda error: page.errors.append(str(error)))
    page.on("console", lambda m: page.errors.append(m.text) if m.type == "error" else None)


# ---- JupyterLab -------------------------------------------------------------------------------


RUN = """async ([code, index]) => {
  const notebook = jupyterapp.shell.currentWidget.content;
  notebook.activeCellIndex = index;
  notebook.deselectAll();
  const { sharedModel, outputs } = notebook.activeCell.model;
  sharedModel.setSource(code);
  const wait = new Promise(resolve => setTimeout(resolve, 60_000, "late"));
  if (await Promise.race([jupyterapp.commands.execute("notebook:run-cell"), wait]) === "late")
    throw new Error(`this does not run: ${code}`);
  return outputs.toJSON().map(o => [o.text ?? "", o.traceback ?? ""].flat().join("")).join("");
}"""


class Lab:
    """An open notebook of two cells: one shows a widget, one talks to it."""

    def __init__(self, page):
        self.page = page
        self.cells = page.locator(".jp-NotebookPanel .jp-CodeCell")
        self.cells.nth(1).wait_for()
        page.evaluate("() => jupyterapp.shell.currentWidget.sessionContext.ready")

    def run(self, code, cell=1):
        """Run code in a cell, and give what it printed.

        A widget keeps its news back while the kernel works on earlier ones. Once anything has run
        after those, the rest is on its way before our code.
        """
        self.page.evaluate(RUN, ["pass", cell])
        printed = self.page.evaluate(RUN, [code, cell])
        assert "Traceback" not in printed, printed
        return printed

    def show(self, code):
        """Run code that displays one widget, and give it, living."""
        self.run(f"from cnnkit.widgets import *\nimport numpy as np\n{code}", cell=0)
        box = self.cells.first.locator(".jp-OutputArea-output .ckw")
        box.wait_for()
        return box


@pytest.fixture(scope="session")
def lab(browser, tmp_path_factory):
    """A JupyterLab that knows nothing of this machine's user, with an open notebook."""
    folder = tmp_path_factory.mktemp("lab")
    cells = [nbformat.v4.new_code_cell("") for _ in range(2)]
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    empty = nbformat.v4.new_notebook(cells=cells, metadata={"kernelspec": kernel})
    nbformat.write(empty, folder / "widgets.ipynb")
    with jupyter_lab(folder) as url, contextlib.closing(browser.new_context()) as context:
        page = context.new_page()
        watch(page)
        page.goto(f"{url}/lab/tree/widgets.ipynb")
        idle = "document.querySelector('.jp-Notebook-ExecutionIndicator')?.dataset.status == 'idle'"
        page.wait_for_function(idle, timeout=60_000)
        yield Lab(page)


@contextlib.contextmanager
def jupyter_lab(folder):
    """Start JupyterLab in a folder; gives its address."""
    home = folder / "home"
    home.mkdir()
    directories = {f"JUPYTER_{n}_DIR": str(home / n.lower()) for n in ("CONFIG", "DATA", "RUNTIME")}
    environment = (
        os.environ | directories | {"HOME": str(home), "IPYTHONDIR": str(home / "ipython")}
    )
    log = folder / "lab.log"
    command = [
        Path(sys.executable).parent / "jupyter-lab",
        "--no-browser",
        "--allow-root",
        "--ip=127.0.0.1",
        "--port=0",
        "--expose-app-in-browser",
        "--IdentityProvider.token=",
        "--ServerApp.disable_check_xsrf=True",
        "--LabApp.news_url=None",
        "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
        f"--notebook-dir={folder}",
    ]
    with log.open("w") as output:
        process = subprocess.Popen(command, stdout=output, stderr=output, env=environment)
    try:
        end = time.monotonic() + 60
        while time.monotonic() < end:
            if address := re.search(r"(http://127\.0\.0\.1:\d+)/lab", log.read_text()):
                yield address.group(1)
                return
            assert process.poll() is None, log.read_text()[-2000:]
            time.sleep(0.2)
        raise RuntimeError(log.read_text()[-2000:])
    finally:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
