"""What the pages say of themselves, for the extensions and the tests.

A chapter is one file, `chapters/NUMBER-name.md`. Under `course:` its header says the rest: `card`,
its title and sentence on the front page; `exercise`, the assignment that practises it, or `none`;
`not_computed`, the numbers in its text that no cell proves, each with the reason why. A section
says which rows of the course it covers in the metadata of its cell, `+++ {"covers": ["P1"]}`.
"""

import re
from pathlib import Path

import jupytext

ROOT = Path(__file__).resolve().parent.parent


def chapters(root=ROOT):
    """The chapters' files by number; those that share a number stand in the order of their names."""
    return sorted(Path(root, "chapters").glob("*.md"), key=lambda path: (number(path), path.name))


def appendices(root=ROOT):
    return sorted(Path(root, "appendices").glob("*.md"))


def number(path):
    """The number of a chapter, or of an exercise's folder: 12 of `12-attention`."""
    found = re.match(r"(\d+)-", Path(path).name)
    if not found:
        raise ValueError(f"{path}: the name must begin with a number and a dash: 12-attention")
    return int(found[1])


def course(path):
    """What a page's header says under `course:`."""
    return jupytext.read(path).metadata.get("course", {})


def label(path):
    """A chapter as the front page names it: `12 · Attention`, or without its number."""
    card = course(path)["card"]
    return f"{number(path)} · {card['title']}" if card.get("numbered", True) else card["title"]


def covered(path):
    """The (row, heading) pairs of a page: which of its sections cover which rows."""
    for cell in jupytext.read(path).cells:
        rows, heading = cell.metadata.get("covers", []), re.match(r"## (.+)", cell.source)
        if rows and not heading:
            raise ValueError(
                f"{path}: {' '.join(rows)} covered by a cell that begins {cell.source[:40]!r}; "
                "a row is covered by a section: put the +++ line right before its `## ` heading"
            )
        yield from ((row, heading[1]) for row in rows)


def page_of(chapter, heading, root=ROOT):
    """The page of a chapter on which a section stands."""
    for path in chapters(root):
        if number(path) == chapter and f"\n## {heading}\n" in path.read_text("utf8"):
            return path
    raise LookupError(f"chapter {chapter} has no section {heading!r}; name one that it has")
