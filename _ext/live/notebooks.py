"""A chapter or an exercise as a notebook that runs in the page.

What needs PyTorch or Keras stays to be read: such a cell, and each that uses what it made, becomes
text that says so.
"""

import ast
import re

import jupytext
import nbformat
from pages import ROOT, chapters

from cnnkit.grading.bundle import bundle_contents

ELSEWHERE = "torch", "keras", "torchvision", "cnnkit.models", "cnnkit.training"
KERNEL = {"name": "python", "display_name": "Python (in this page)", "language": "python"}
LINK = re.compile(r"\[((?:[^\[\]]|\\.)*)\]\(([\w./-]+)\.md(#[^)]*)?\)")  # to a page of the book
NEEDS = "*This cell needs PyTorch, which does not run in a page. The book shows what it prints.*"


def names(tree):
    """What code imports (with its place), what it binds, and what it uses."""
    imported, bound, used = {}, set(), set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                imported[alias.asname or alias.name.partition(".")[0]] = alias.name
        elif isinstance(node, ast.ImportFrom):
            for alias in node.names:
                imported[alias.asname or alias.name] = f"{node.module}.{alias.name}"
        elif isinstance(node, ast.FunctionDef | ast.ClassDef):
            bound.add(node.name)
        elif isinstance(node, ast.Name):
            (used if isinstance(node.ctx, ast.Load) else bound).add(node.id)
    return imported, bound, used


def elsewhere(cells):
    """Which code cells cannot run in a page: those that need PyTorch, and what stands on them."""
    tainted, found = set(), set()
    for cell in cells:
        if cell.cell_type != "code":
            continue
        imported, bound, used = names(ast.parse(cell.source))
        heavy = {
            name
            for name, place in imported.items()
            if any(f"{place}.".startswith(f"{module}.") for module in ELSEWHERE)
        }
        if heavy or used & tainted:
            found.add(cell.id)
            tainted |= heavy | bound
        else:
            tainted -= bound
    return found


def is_live(path):
    """Tell whether most of a chapter runs in a page."""
    cells = [cell for cell in jupytext.read(path).cells if cell.cell_type == "code"]
    return len(elsewhere(cells)) <= len(cells) / 4


def live_chapters():
    return [path for path in chapters() if is_live(path)]


def chapter(path):
    """A chapter as a live notebook."""
    notebook = jupytext.read(path)
    away = elsewhere(notebook.cells)
    for cell in notebook.cells:
        if cell.id in away:
            cell.cell_type = "markdown"
            cell.source = f"```python\n{cell.source}\n```\n\n{NEEDS}"
            del cell["outputs"], cell["execution_count"]
            cell.metadata = nbformat.from_dict({})
        if cell.cell_type == "markdown":
            cell.source = LINK.sub(r"[\1](\2.html\3)", cell.source)
    return finished(numbered(notebook))


def numbered(notebook):
    """The notebook with names of its cells that are the same each time."""
    for number, cell in enumerate(notebook.cells):
        cell.id = f"cell-{number}"
    return notebook


def finished(notebook, kernel=KERNEL):
    """The notebook's bytes, with the kernel of the page or another."""
    metadata = {"kernelspec": kernel, "language_info": {"name": "python"}}
    notebook.metadata = nbformat.from_dict(metadata)
    return nbformat.writes(notebook).encode()


def exercises():
    """Path -> bytes of each exercise, as students get it."""
    if not (ROOT / "nbgrader_config.py").is_file():  # a book without a classroom
        return {}
    return {n: c for n, c in bundle_contents(ROOT).items() if n.startswith("exercises/")}


def all_notebooks():
    """Path -> bytes of each notebook that the pages run."""
    found = {f"chapters/{path.stem}.ipynb": chapter(path) for path in live_chapters()}
    for path, content in exercises().items():
        notebook = nbformat.reads(content.decode(), as_version=4)
        if not elsewhere(notebook.cells):
            found[path] = finished(notebook)
    return found
