"""A small copy of the book, its settings and extensions with one page, and `make book` on it."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from paths import ROOT

PACKAGE = "pyproject.toml", "README.md", "LICENSE"  # of which the wheel is made, with cnnkit
HEADER = """---
jupytext:
  text_representation: {extension: .md, format_name: myst, format_version: 0.13}
kernelspec: {display_name: Python 3, language: python, name: python3}
---

# A page

Text before the cells.

"""

WHOLE = """
```{code-cell} ipython3
:tags: [hide-input]

from cnnkit import naive
print("naive says:", naive.__doc__.splitlines()[0])
```

A formula, $a^2$, and a link to [the front page](index.md).

$$
\\sum_i w_i x_i
$$
"""


def make(folder):
    """Lay out the copy; its `cnnkit` is a copy, too, which a test may change."""
    for name in ("_ext", "_static", "cnnkit"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("_config.yml", "constraints.txt", "references.bib", *PACKAGE):
        shutil.copy(ROOT / name, folder)
    (folder / "node_modules").symlink_to(ROOT / "node_modules")
    (folder / "_toc.yml").write_text("format: jb-book\nroot: index\nchapters:\n- file: page\n")
    (folder / "index.md").write_text("# Front\n\nSee [the page](page.md).\n")
    (folder / "page.md").write_text(HEADER + WHOLE)
    return folder


def add_to_contents(folder, docname):
    """Put a page at the end of the book."""
    with (folder / "_toc.yml").open("a") as file:
        file.write(f"- file: {docname}\n")


def set_in_config(folder, **settings):
    """Set keys of `_config.yml` that stand there, at any depth."""
    path = folder / "_config.yml"
    text = path.read_text("utf8")
    for key, value in settings.items():
        text, found = re.subn(rf"^( *{key}): .*$", rf"\1: {value}", text, flags=re.M)
        if found != 1:
            raise LookupError(f"_config.yml has {found} lines that set {key}")
    path.write_text(text, "utf8")


def build(folder, everything=True):
    """`make book`'s own command on the copy: its exit status and what it printed."""
    command = [Path(sys.executable).with_name("jupyter-book"), "build", "-W", "--keep-going"]
    done = subprocess.run(
        [*command, *(["--all"] if everything else []), folder],
        cwd=folder,
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(folder), "CNNKIT_PYODIDE": ""},
    )
    return done.returncode, re.sub(r"\x1b\[[0-9;]*m", "", done.stdout + done.stderr)
