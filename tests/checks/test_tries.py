"""Who has tried several ways is told the idea, in words; nobody is told the solution."""

import re

import nbformat
import pytest
import zoo
from nbclient import NotebookClient
from paths import ANSWERS, ROOT

from cnnkit.checks.causes import IDEAS
from cnnkit.checks.tries import ENOUGH

WRONG = [a.code for a in zoo.read_answers(ANSWERS / "04-pooling/relu.py") if a.kind == "wrong"]


def test_each_function_has_an_idea_and_it_is_words():
    assert list(IDEAS) == [function for some in zoo.CONTRACT.values() for function in some]
    for function, idea in IDEAS.items():
        assert 100 < len(idea) < 400, function
        assert idea[0].isupper() and idea[-1] == "."
        assert not re.search(r"[=()\[\]_@]|\bnp\b|\btorch\.", idea), f"{function}: no code"


def told(kernel, answer):
    """Run an answer and its test, and give what the test told."""
    for cell in kernel.nb.cells[1:3]:
        cell.outputs = []
    kernel.nb.cells[1].source = answer
    for number in (1, 2):
        kernel.execute_cell(kernel.nb.cells[number], number)
    return " ".join("".join(o.get("text", "") for o in kernel.nb.cells[2].outputs).split())


@pytest.fixture
def kernel():
    """A notebook with the test of `relu` and a place for its answer."""
    release = nbformat.read(ROOT / "exercises/04-pooling/pooling.ipynb", as_version=4)
    code = [cell for cell in release.cells if cell.cell_type == "code"]
    answer, test = code[1], code[2]
    notebook = nbformat.v4.new_notebook(cells=[code[0], answer, test])
    client = NotebookClient(notebook, allow_errors=True, kernel_name="python3")
    with client.setup_kernel():
        client.execute_cell(notebook.cells[0], 0)
        yield client


def test_the_idea_comes_after_three_different_tries(kernel):
    unwritten = kernel.nb.cells[1].source
    idea = "The idea: " + IDEAS["relu"]
    assert idea not in told(kernel, unwritten)
    for number, answer in enumerate(WRONG[:ENOUGH], 1):
        first, again = told(kernel, answer), told(kernel, answer + "\n")
        assert (idea in first) == (idea in again) == (number >= ENOUGH)
        assert "Read again: chapter 4, ReLU bends the line" in first
    assert "The idea" not in told(kernel, unwritten)
    assert "The idea" not in told(kernel, zoo.solutions("04-pooling")["relu"])
