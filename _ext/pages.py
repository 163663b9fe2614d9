"""What the pages say of themselves, for the extensions and the tests.

A chapter is one file, `chapters/NUMBER-name.md`. Under `course:` its header says the rest: `card`,
its title and sentence on the front page; `exercise`, the assignment that practises it, or `none`;
`not_computed`, the numbers in its text that no cell proves, each with the reason why; `emphasis`,
words in bold that are no terms for the glossary. A section says which rows of `chapters/rows.yml`
it covers in the metadata of its cell, `+++ {"covers": ["P1"]}`.
"""

import json
import re
from pathlib import Path

import yaml

from cnnkit.grading.source import number

ROOT = Path(__file__).resolve().parent.parent


def chapters(root=ROOT):
    """The chapters by number; those that share one stand in the order of their names."""
    return sorted(Path(root, "chapters").glob("*.md"), key=lambda path: (number(path), path.name))


def appendices(root=ROOT):
    return sorted(Path(root, "appendices").glob("*.md"))


def course(path):
    """What a page's header says under `course:`."""
    _, header, _ = Path(path).read_text("utf8").split("---\n", 2)
    return yaml.safe_load(header).get("course", {})


def label(path):
    """A chapter as the front page names it: `12 · Attention`, or without its number."""
    card = course(path)["card"]
    return f"{number(path)} · {card['title']}" if card.get("numbered", True) else card["title"]


def covered(path):
    """The (row, heading) pairs of a page: which of its sections cover which rows."""
    text = Path(path).read_text("utf8")
    for metadata, line in re.findall(r'^\+\+\+ (\{.*"covers".*\})\n+(.*)', text, re.MULTILINE):
        if not line.startswith("## "):
            raise ValueError(
                f"{path}: {metadata} stands before {line[:40]!r}; a row is covered by a section: "
                "put the line right before its `## ` heading"
            )
        yield from ((row, line.removeprefix("## ")) for row in json.loads(metadata)["covers"])


def sections_by_row(root=ROOT):
    """For each row the (page, heading) of the sections that cover it, in reading order."""
    found = {}
    for path in [*chapters(root), *appendices(root)]:
        for row, heading in covered(path):
            found.setdefault(row, []).append((path, heading))
    return found


def rows(root=ROOT):
    """What the course teaches: for each row its words, and how many sections teach it at least."""
    said = yaml.safe_load(Path(root, "chapters", "rows.yml").read_text("utf8"))
    return {
        row: (entry["what"], entry["sections"]) if isinstance(entry, dict) else (entry, 1)
        for row, entry in said.items()
    }


def page_of(chapter, heading, root=ROOT):
    """The page of a chapter on which a section stands."""
    for path in chapters(root):
        if number(path) == chapter and f"\n## {heading}\n" in path.read_text("utf8"):
            return path
    raise LookupError(f"chapter {chapter} has no section {heading!r}; name one that it has")
