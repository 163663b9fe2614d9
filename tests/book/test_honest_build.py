"""Which code a page stands on: a change there runs the page again, and no other change does."""

import pytest
from honest_build import CELL, OPTIONS, Package


@pytest.fixture(scope="module")
def package():
    return Package()


def rooms(package, code):
    paths = (path.relative_to(package.folder).with_suffix("") for path in package.files(code))
    return {path.parts[0] for path in paths}


def test_a_page_stands_on_what_it_imports_and_what_that_imports(package):
    assert rooms(package, "import numpy as np") == {"__init__"}
    assert "functional" not in rooms(package, "from cnnkit import images")
    assert {"nn", "functional", "_fast"} <= rooms(package, "from cnnkit import nn as layers")
    # A package is taken whole, and what any of its modules imports, at any time, counts.
    assert {"widgets", "functional"} <= rooms(package, "from cnnkit.widgets import quiz")
    assert {"training", "datasets"} <= rooms(package, "from cnnkit.training.loop import fit")


def test_no_page_stands_on_the_command_line_or_on_grading(package):
    used = rooms(package, "from cnnkit import datasets, models, nn, plots, training, widgets")
    assert not {"cli", "grading"} & used


@pytest.mark.parametrize("code", ["import cnnkit", "import cnnkit.nn as nn", "1 +", "%timeit x"])
def test_a_page_that_does_not_say_which_rooms_stands_on_all(package, code):
    assert {"cli", "grading", "plots"} <= rooms(package, code)


@pytest.mark.parametrize(
    ("fence", "options"),
    [("```", ""), ("```", ":tags: [a]\n:key: b\n\n"), ("````", "---\ntags: [a]\n---\n")],
)
def test_cells_are_read_in_each_way_to_write_them(fence, options):
    page = f"Text.\n\n{fence}{{code-cell}} ipython3\n{options}x = 1\ny = 2\n{fence}\n\nMore.\n"
    assert [OPTIONS.sub("", cell).strip() for _, cell in CELL.findall(page)] == ["x = 1\ny = 2"]
