"""An honest build: what a page shows is what the code says today, and what fails is named.

The notebook cache knows the cells alone. So a notebook runs again, too, when what its cells import
from `cnnkit` has changed, or what that imports in turn; or the recorded figures, if it reads them;
or the pinned versions. A failing cell is named by page and line, and a picture without alt text
fails the build.
"""

import ast
import hashlib
import json
import re
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path

import grimp
from docutils import nodes
from jupyter_cache import get_cache
from myst_nb.sphinx_ import NbMetadataCollector
from pages import CELL, OPTIONS, ROOT
from side_by_side import notebooks
from sphinx.util import logging

LOGGER = logging.getLogger(__name__)


# ---- no page older than its code -------------------------------------------------------------


class Package:
    """The rooms of `cnnkit`, its modules and packages, and which of them a page stands on."""

    def __init__(self):
        self.folder = Path(find_spec("cnnkit").origin).parent
        self.graph = grimp.build_graph("cnnkit", cache_dir=None)
        self.rooms = self.graph.find_children("cnnkit")
        for room in self.rooms:
            self.graph.squash_module(room)

    def imported(self, code):
        """The rooms that code imports itself: all of them, unless it says which."""
        try:
            tree = ast.parse(code)
        except SyntaxError:  # the run will name the cell
            return self.rooms
        found = set()
        for node in ast.walk(tree):
            if isinstance(node, ast.Import):
                if any(alias.name.partition(".")[0] == "cnnkit" for alias in node.names):
                    return self.rooms
            elif isinstance(node, ast.ImportFrom):
                names = {f"{node.module}.{alias.name}" for alias in node.names}
                found |= {".".join(name.split(".")[:2]) for name in names}
        return found & self.rooms

    def files(self, code):
        """The files that code stands on: of the rooms it imports, and of what those import."""
        rooms = self.imported(code)
        rooms = rooms.union(*map(self.graph.find_upstream_modules, rooms)) & self.rooms
        found = [self.folder / "__init__.py"]
        for room in sorted(rooms):
            place = self.folder / room.removeprefix("cnnkit.")
            found += sorted(place.rglob("*.py")) if place.is_dir() else [place.with_suffix(".py")]
        return found


def digest_of(page, package):
    """One number for the cells of a page and all that they stand on."""
    cells = [cell for _, cell in CELL.findall(page)]
    code = "\n".join(OPTIONS.sub("", cell) for cell in cells)
    files = [ROOT / "constraints.txt", *package.files(code)]
    if "benchmarks/results" in code:
        files += sorted(ROOT.glob("benchmarks/results/*.json"))
    digest = hashlib.sha256("\n".join(cells).encode())
    for path in files:
        digest.update(path.name.encode() + path.read_bytes())
    return digest.hexdigest()


def forget_stale_runs(app, env, added, changed, removed):
    """Drop from the cache the runs with other code than today's; their pages are read again."""
    settings = env.mystnb_config
    if settings.execution_mode != "cache":
        return []
    stamps = Path(settings.execution_cache_path, "code-of-pages.json")
    before = json.loads(stamps.read_text()) if stamps.exists() else {}
    package, now = Package(), {}
    for docname in env.found_docs:
        now[docname] = digest_of(Path(env.doc2path(docname)).read_text("utf8"), package)
    stale = [docname for docname in now if now[docname] != before.get(docname)]
    cache = get_cache(settings.execution_cache_path)
    for _, notebook in notebooks(env, stale):
        with suppress(KeyError):  # its cells are new: they have not run yet
            cache.remove_cache(cache.match_cache_notebook(notebook).pk)
    stamps.parent.mkdir(parents=True, exist_ok=True)
    stamps.write_text(json.dumps(now, indent=1))
    return stale


# ---- each fault named ------------------------------------------------------------------------


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


def setup(app):
    app.connect("env-get-outdated", forget_stale_runs)
    app.connect("env-updated", name_failing_cells)
    app.connect("doctree-resolved", lint_alt_text, priority=900)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
