"""What the pages say of themselves, for the extensions and the tests.

A chapter is one file, `chapters/NUMBER-name.md`. Under `course:` its header says the rest: `card`,
its title and sentence on the front page; `exercise`, the assignment that practises it, or `none`;
`not_computed`, the numbers in its text that no cell proves, each with the reason why; `emphasis`,
words in bold that are no terms for the glossary. A section says which rows of `chapters/rows.yml`
it covers in the metadata of its cell, `+++ {"covers": ["P1"]}`.
"""

import json
import math
import re
from pathlib import Path

import yaml

from cnnkit.grading.source import number

ROOT = Path(__file__).resolve().parent.parent

# A code cell as MyST fences it, and the options at its beginning, in either form.
CELL = re.compile(r"^(`{3,}|~{3,}|:{3,})\{code-cell\}.*?\n(.*?)^\1\s*$", re.MULTILINE | re.DOTALL)
OPTIONS = re.compile(r"\A(?:---\n.*?^---\n|(?::[^\n]*\n)+)", re.MULTILINE | re.DOTALL)


def chapters(root=ROOT):
    """The chapters by number."""
    return sorted(Path(root, "chapters").glob("*.md"), key=number)


def appendices(root=ROOT):
    return sorted(Path(root, "appendices").glob("*.md"))


def course(path):
    """What a page's header says under `course:`."""
    _, header, _ = Path(path).read_text("utf8").split("---\n", 2)
    return yaml.safe_load(header).get("course", {})


def label(path):
    """A chapter as the front page names it: `12 · Attention`."""
    return f"{number(path)} · {course(path)['card']['title']}"


def minutes(text):
    """How long a page takes a learner, without its exercise, rounded up to five minutes.

    150 words a minute; a minute for each question of a quiz, two for each widget, two for each cell
    of code of four lines or more, which wants to be understood and not only read.
    """
    cells = [cell for _, cell in CELL.findall(text)]
    taken = len(CELL.sub("", text.split("---\n", 2)[2]).split()) / 150
    for cell in cells:
        options = found[0] if (found := OPTIONS.match(cell)) else ""
        code = OPTIONS.sub("", cell)
        taken += len(re.findall(r"^- question:", code, re.MULTILINE))
        if "remove-input" in options:
            taken += 2 * bool(re.match(r"\s*[A-Z]\w+\(", code))
        elif not re.search("hide-input|proof", options):
            taken += 2 * (len([line for line in code.splitlines() if line.strip()]) >= 4)
    return 5 * math.ceil(taken / 5)


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
