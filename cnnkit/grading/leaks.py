"""Search everything that is shipped for solutions and hidden tests."""

import html
import json
import re
import zipfile
from pathlib import Path

from cnnkit.grading.source import assignments, notebook_from
from cnnkit.study.cells import REGION

__all__ = ["find_leaks", "secrets"]

SOLUTION_LENGTH, LINE_LENGTH = 60, 30  # shorter ones are what anyone would write
TAGGED = ".htm", ".html", ".svg", ".xml"


def secrets(course):
    """Collect what no student may see.

    Returns
    -------
    dict of str to str
        Text without white space, and what it is: each solution of some length as a whole, each
        line of a hidden test that is not also a line of an open one, the names of its oracles,
        each sentence of the model answer to a written question and of its rubric.
    """
    found: dict[str, str] = {}
    open_text = ""
    for assignment, source in assignments(course).items():
        for cell in notebook_from(source).cells:
            data = cell.metadata.get("nbgrader", {})
            function = data.get("grade_id", "")
            if cell.cell_type == "markdown" and data.get("solution"):
                where = f"model answer of {assignment}, {function}"
                sentences = map(_squeeze, re.split(r"[.;:?]\*{0,2}\s|\n", cell.source))
                found |= {text: where for text in sentences if len(text) >= LINE_LENGTH}
                continue
            open_text += _squeeze(REGION.sub("", cell.source))
            for kind, text in REGION.findall(cell.source):
                where = f"{kind.lower()} of {assignment}, {function}"
                if kind == "SOLUTION":
                    found[_squeeze(text)] = where
                    continue
                found |= dict.fromkeys(re.findall(r"def (\w+_oracle)\(", text), where)
                lines = filter(None, map(_squeeze, text.splitlines()))
                found |= {line: where for line in lines if len(line) >= LINE_LENGTH}
    return {
        text: where
        for text, where in found.items()
        if text not in open_text
        and (len(text) >= SOLUTION_LENGTH or not where.startswith("solution"))
    }


def find_leaks(course, paths):
    """Look for secrets in files, and in the files of zip archives.

    Parameters
    ----------
    course : path
        The course folder, for its ``solutions/``.
    paths : iterable of path

    Returns
    -------
    list of str
        What was found, and where.
    """
    hidden = secrets(course)
    leaks = []
    for name, text in _texts(paths):
        squeezed = _squeeze(text)
        leaks += [f"{name}: {where}" for secret, where in hidden.items() if secret in squeezed]
    return leaks


def _texts(paths):
    for path in map(Path, paths):
        if path.suffix in {".zip", ".whl"}:
            with zipfile.ZipFile(path) as archive:
                for name in archive.namelist():
                    yield f"{path}/{name}", _readable(Path(name), archive.read(name))
        else:
            yield str(path), _readable(path, path.read_bytes())


def _readable(path, content):
    """Give the text that a person would read in a file."""
    if b"\0" in content:  # a picture, numbers, an archive: all else is text, whatever its name
        return ""
    text = content.decode("utf-8", errors="replace")
    if path.suffix == ".ipynb":
        return "\n".join(_strings(json.loads(text)))
    if path.suffix in TAGGED:
        return html.unescape(re.sub(r"<[^>]*>", "", text))
    return text


def _strings(value):
    """List all strings inside a JSON value."""
    if isinstance(value, str):
        return [value]
    if isinstance(value, dict):
        value = value.values()
    return [text for item in value for text in _strings(item)] if hasattr(value, "__iter__") else []


def _squeeze(text):
    return "".join(text.split())
