"""Nothing that is shipped holds a solution or a hidden test."""

import html
import json

import nbformat
import pytest
from paths import ROOT

from cnnkit.grading import bundle, leaks, source

SHIPPED = {".csv", ".html", ".ipynb", ".js", ".json", ".md", ".svg", ".txt", ".xml", ".yml"}
KINDS = [*sorted(SHIPPED), ".bib", ".py", ".toml", ".sh", ""]


def test_there_is_something_to_look_for():
    found = leaks.secrets(ROOT)
    kinds = {where.split(",")[0] for where in found.values()}
    for assignment in source.assignments(ROOT):
        assert f"hidden tests of {assignment}" in kinds
    assert "solution of 02-convolution" in kinds
    assert "model answer of 08-training" in kinds


def test_exercises_and_bundle_are_clean(tmp_path):
    committed = sorted((ROOT / "exercises").glob("*/*.ipynb"))
    packed = bundle.write_bundle(ROOT, tmp_path / "students.zip")
    assert len(committed) == len(source.assignments(ROOT)) >= 8
    assert leaks.find_leaks(ROOT, [*committed, packed]) == []


@pytest.mark.parametrize("folder", ["_build/html"])
def test_the_built_site_is_clean(folder):
    """Pages, their sources under _sources, the search index, and what can be downloaded."""
    if not (ROOT / folder / "index.html").exists():
        pytest.skip("the site is not built here: `make book` builds it")
    files = [p for p in (ROOT / folder).rglob("*") if p.suffix in SHIPPED and p.is_file()]
    assert any(p.name == "search-sections.js" for p in files)
    assert any("_sources" in p.parts for p in files)
    assert leaks.find_leaks(ROOT, files) == []


def test_no_exercise_cell_holds_a_line_of_its_solution():
    for name, path in source.assignments(ROOT).items():
        solved = {cell.id: cell.source for cell in source.notebook_from(path).cells}
        released = nbformat.read(ROOT / "exercises" / name / f"{path.stem}.ipynb", as_version=4)
        assert [cell.id for cell in released.cells] == list(solved)
        for cell in released.cells:
            if cell.metadata.get("nbgrader", {}).get("solution"):
                if cell.cell_type == "markdown":
                    assert cell.source == "YOUR ANSWER HERE"
                    continue
                assert cell.source.endswith("# YOUR CODE HERE\n    raise NotImplementedError()")
            for kind, text in leaks.REGION.findall(solved[cell.id]):
                opened = leaks.REGION.sub("", solved[cell.id])
                for line in filter(None, map(str.strip, text.splitlines())):
                    assert line not in cell.source or line in opened, (kind, line)


@pytest.mark.parametrize("suffix", KINDS)
def test_the_gate_finds_a_leak_in_each_kind_of_file(tmp_path, suffix):
    secret = "expected = channels_oracle(image, kernel, bias)\n"
    tagged = "<pre>" + "".join(f"<b>{html.escape(c)}</b>" for c in secret) + "</pre>"
    content = {
        **dict.fromkeys([".html", ".svg", ".xml"], tagged),
        ".ipynb": json.dumps({"cells": [{"source": ["x = 1\n", secret]}]}),
    }.get(suffix, f"before {secret} after")
    path = tmp_path / f"file{suffix}"
    path.write_text(content)
    found = leaks.find_leaks(ROOT, [path])
    assert any("hidden tests of 02-convolution, test-convolve-channels" in leak for leak in found)


def test_the_gate_finds_a_rubric(tmp_path):
    path = tmp_path / "page.md"
    path.write_text("- *Collected gradients of four batches before one step, and a price:* ...")
    found = leaks.find_leaks(ROOT, [path])
    assert [leak.partition(": ")[2] for leak in found] == [
        "model answer of 08-training, what-would-you-do"
    ]
