"""Accidents inside the notebook: what an editor, a hand or a hurry does to its cells."""

import copy
import re

from accident import accident
from nbformat.v4 import new_code_cell, new_markdown_cell


def place(notebook, name):
    """Where the cell with this grade_id stands."""
    ids = [cell.metadata.get("nbgrader", {}).get("grade_id") for cell in notebook.cells]
    return ids.index(name)


def cell_of(notebook, name):
    return notebook.cells[place(notebook, name)]


def unwritten(cell):
    """A copy of an answer's cell as it was handed out, near enough."""
    made = copy.deepcopy(cell)
    head = re.match(r'def .*?:\n    """.*?"""\n', cell.source, re.DOTALL)[0]
    made.source = head + "    # YOUR CODE HERE\n    raise NotImplementedError()"
    return made


@accident("convolve was split: its pieces were joined again")
def split_in_a_function(notebook, folder):
    """A cell is split in the middle of a function, so that both halves bear its mark."""
    here = place(notebook, "convolve")
    first, second = notebook.cells[here], copy.deepcopy(notebook.cells[here])
    lines = first.source.split("\n")
    first.source, second.source = "\n".join(lines[:-4]), "\n".join(lines[-4:])
    second.id = "split"
    notebook.cells.insert(here + 1, second)
    return notebook


@accident("convolve was split: its pieces were joined again")
def split_in_the_text(notebook, folder):
    """A cell is split in the middle of its text, so that the first half alone bears its mark."""
    here = place(notebook, "convolve")
    lines = notebook.cells[here].source.split("\n")
    notebook.cells[here].source = "\n".join(lines[:3])
    notebook.cells.insert(here + 1, new_code_cell("\n".join(lines[3:])))
    return notebook


@accident("convolve was split: its pieces were joined again")
def split_in_three(notebook, folder):
    """A cell is split twice, so that the last part alone bears its mark."""
    here = place(notebook, "convolve")
    lines = notebook.cells[here].source.split("\n")
    notebook.cells[here].source = "\n".join(lines[-3:])
    for text in ("\n".join(lines[3:-3]), "\n".join(lines[:3])):
        notebook.cells.insert(here, new_code_cell(text))
    return notebook


@accident("convolve was split: all its pieces are kept")
def split_below_a_helper(notebook, folder):
    """A cell is split between a helper and the function."""
    here = place(notebook, "convolve")
    helper = copy.deepcopy(notebook.cells[here])
    helper.source, helper.id = "def area(kernel):\n    return kernel.shape", "split"
    own = notebook.cells[here]
    own.source = own.source.replace("kernel.shape[0]", "area(kernel)[0]")
    notebook.cells.insert(here, helper)
    return notebook


@accident("There is more than one cell of convolve, with the same text")
def copied(notebook, folder):
    """A cell is copied, mark and all."""
    here = place(notebook, "convolve")
    notebook.cells.insert(here + 1, copy.deepcopy(notebook.cells[here]))
    return notebook


@accident("")
def copied_before_it_was_written(notebook, folder):
    """A cell is copied, the answer written into the copy above, and the cell below left empty."""
    here = place(notebook, "convolve")
    notebook.cells.insert(here + 1, unwritten(notebook.cells[here]))
    return notebook


@accident("more than one answer to convolve: the last one before its test counts")
def two_tries(notebook, folder):
    """A first try is kept above the answer, in a copy of its cell."""
    here = place(notebook, "convolve")
    wrong = copy.deepcopy(notebook.cells[here])
    wrong.source = "def convolve(image, kernel):\n    return image"
    notebook.cells.insert(here, wrong)
    return notebook


@accident("more than one answer to convolve: the last one before its test counts")
def a_new_try_below_the_test(notebook, folder):
    """A copy of the cell below the test holds a broken try."""
    here = place(notebook, "test-convolve")
    wrong = copy.deepcopy(cell_of(notebook, "convolve"))
    wrong.source = "def convolve(image, kernel):\n    return imag"
    notebook.cells.insert(here + 1, wrong)
    return notebook


@accident("convolve is defined again below its test: that one does not count")
def defined_again_at_the_end(notebook, folder):
    """A cell at the end, among other things, tries the function in another way."""
    again = (
        "def convolve(image, kernel):\n    return image\n\nprint(convolve(np.eye(2), np.eye(2)))"
    )
    notebook.cells.append(new_code_cell(again))
    return notebook


@accident("Cells of another exercise are kept, and give no points: to_gray")
def pasted_from_another_exercise(notebook, folder):
    """A solved cell and its test are pasted in from exercise 1."""
    data = {"grade": False, "grade_id": "to-gray", "locked": False, "solution": True}
    pasted = new_code_cell("def to_gray(image):\n    return image.mean(axis=2)")
    pasted.metadata = {"nbgrader": {**data, "schema_version": 3, "task": False}}
    test = new_code_cell("assert to_gray(np.ones((1, 1, 3))) == 1")
    data |= {"grade": True, "grade_id": "test-to-gray", "locked": True, "solution": False}
    test.metadata = {"nbgrader": {**data, "points": 2, "schema_version": 3, "task": False}}
    notebook.cells[2:2] = [pasted, test]
    return notebook


@accident("The test cell of convolve was missing: it is back")
def test_deleted(notebook, folder):
    """A test cell is deleted."""
    del notebook.cells[place(notebook, "test-convolve")]
    return notebook


@accident("The test cell of vertical_edge_kernel was missing: it is back")
def every_test_deleted(notebook, folder):
    """All test cells are deleted."""
    notebook.cells = [c for c in notebook.cells if "checks.Marks(" not in c.source]
    return notebook


@accident("The test of convolve was changed: the original was run")
def test_changed(notebook, folder):
    """An expression is typed at the end of a test cell."""
    cell_of(notebook, "test-convolve").source += "\n'looks good'"
    return notebook


@accident("Code in the test cell of convolve was put into a cell of its own")
def written_into_the_test(notebook, folder):
    """An answer is written above the test, in the test's own cell."""
    answer = cell_of(notebook, "convolve")
    test = cell_of(notebook, "test-convolve")
    test.source = f"{answer.source}\n\n{test.source}"
    answer.source = unwritten(answer).source
    return notebook


@accident("There is no cell for convolve: it counts as not written", score=15)
def answer_deleted(notebook, folder):
    """The cell of an answer is deleted."""
    del notebook.cells[place(notebook, "convolve")]
    return notebook


@accident("")
def imports_deleted(notebook, folder):
    """The cell with the imports is deleted."""
    del notebook.cells[1]
    return notebook


@accident("Lines that only Colab can run were put into comments")
def colab_drive(notebook, folder):
    """Colab's drive is mounted in the cell with the imports, on top of one that is needed."""
    imports = notebook.cells[1]
    imports.source = (
        "from google.colab import drive\nimport math\n\ndrive.mount('/content/drive')\n"
        f"{imports.source}"
    )
    own = cell_of(notebook, "convolve")
    own.source = own.source.replace("np.zeros(", "math.floor(1.5) * np.zeros(")
    return notebook


@accident("Lines that only Colab can run were put into comments")
def colab_drive_and_pip(notebook, folder):
    """Colab's drive, a `!pip` line and a helper that an answer needs share a cell."""
    imports = notebook.cells[1]
    imports.source = (
        "!pip install einops\nfiles = !ls\nimport math; from google.colab import drive\n"
        f"drive.mount('/content/drive')\n{imports.source}\n\n\ndef floor(x):\n"
        "    return math.floor(x)"
    )
    own = cell_of(notebook, "convolve")
    own.source = own.source.replace("np.zeros(", "floor(1.5) * np.zeros(")
    return notebook


@accident("")
def names_of_python_taken(notebook, folder):
    """A cell of one's own gives another meaning to names of Python, as `import *` does."""
    own = "from numpy import *\n\nmax = min = abs = len = list = 0"
    notebook.cells.insert(2, new_code_cell(own))
    return notebook


@accident("", score=15)
def prints_for_debugging(notebook, folder):
    """A wrong answer prints a thousand lines, some of which look like a verdict."""
    own = cell_of(notebook, "convolve")
    own.source = own.source.replace(
        "    rows =",
        "    for _ in range(1000):\n        print('right  all of it')\n    return 0\n    rows =",
        1,
    )
    return notebook


@accident("All marks of the cells are lost: the answers were found by their text")
def marks_lost(notebook, folder):
    """A program (Colab, Kaggle, a converter) drops the metadata of every cell."""
    for cell in notebook.cells:
        cell.metadata = {}
        cell.pop("id", None)
    return notebook


@accident("All marks of the cells are lost", score=15)
def marks_lost_and_a_typing_error(notebook, folder):
    """The metadata is gone, and one function does not parse."""
    own = cell_of(notebook, "convolve")
    own.source = own.source.replace("for a in", "for a inn")
    return marks_lost(notebook, folder)


@accident("All marks of the cells are lost", score=15)
def marks_lost_and_a_function_renamed(notebook, folder):
    """The metadata is gone, and one function was given another name."""
    own = cell_of(notebook, "convolve")
    own.source = own.source.replace("def convolve(", "def my_convolution(")
    return marks_lost(notebook, folder)


@accident("The cell of convolve was turned into Markdown: it is code again")
def answer_turned_into_markdown(notebook, folder):
    """A key too many turns an answer into Markdown."""
    cell_of(notebook, "convolve").cell_type = "markdown"
    return notebook


@accident("The cell of convolve was turned into raw text: it is code again")
def answer_turned_into_raw_text(notebook, folder):
    """A key too many turns an answer into raw text."""
    cell_of(notebook, "convolve").cell_type = "raw"
    return notebook


@accident("The test cell of convolve was turned into Markdown: it is code again")
def test_turned_into_markdown(notebook, folder):
    """A key too many turns a test into Markdown."""
    cell_of(notebook, "test-convolve").cell_type = "markdown"
    return notebook


@accident("The test cell of convolve was turned into raw text: it is code again")
def test_turned_into_raw_text(notebook, folder):
    """A key too many turns a test into raw text."""
    cell_of(notebook, "test-convolve").cell_type = "raw"
    return notebook


@accident("convolve was found in a cell of its own")
def answer_in_a_new_cell(notebook, folder):
    """The answer is written into a new cell, and the one for it left as it was."""
    here = place(notebook, "convolve")
    own = notebook.cells[here]
    notebook.cells.insert(here + 1, new_code_cell(own.source))
    own.source = unwritten(own).source
    return notebook


@accident("convolve was found in the cell of another function")
def two_answers_in_one_cell(notebook, folder):
    """Two functions are written into one cell, and the second one's own is left as it was."""
    first, second = cell_of(notebook, "slide-pairs"), cell_of(notebook, "convolve")
    first.source += f"\n\n\n{second.source}"
    second.source = unwritten(second).source
    return notebook


@accident("This is another edition of the exercise: it has another convolve")
def older_edition(notebook, folder):
    """The notebook is of an edition with another test: its checksum says that nobody changed it."""
    from nbgrader.utils import compute_checksum

    test = cell_of(notebook, "test-convolve")
    test.source = test.source.replace("has two places", "has exactly two places")
    test.metadata.nbgrader.checksum = compute_checksum(test)
    return notebook


@accident("This is another edition of the exercise: it has another convolve_2d", score=15)
def older_edition_with_another_function(notebook, folder):
    """The notebook is of an edition in which a function had another name."""
    for name in ("convolve", "test-convolve"):
        cell = cell_of(notebook, name)
        cell.source = re.sub(r"\bconvolve\b", "convolve_2d", cell.source)
        cell.metadata.nbgrader.grade_id = f"{name}-2d"
    return notebook


@accident("The test cell of convolve was tagged skip-execution: tags do not count")
def tagged_to_be_skipped(notebook, folder):
    """Cells bear tags that tell programs not to run them."""
    for name in ("convolve", "test-convolve"):
        cell_of(notebook, name).metadata.tags = ["skip-execution"]
    return notebook


@accident("")
def tests_moved_to_the_end(notebook, folder):
    """All tests are moved to the end."""
    tests = [c for c in notebook.cells if "checks.Marks(" in c.source]
    notebook.cells = [c for c in notebook.cells if c not in tests] + tests
    return notebook


@accident("Nothing is written yet: is this the right notebook?", score=0)
def untouched(notebook, folder):
    """The notebook is handed in as it was handed out."""
    for cell in notebook.cells:
        if cell.metadata.get("nbgrader", {}).get("solution"):
            cell.source = unwritten(cell).source
    return notebook


@accident("The picture sketch.png is not in the notebook")
def picture_gone(notebook, folder):
    """A Markdown cell shows a picture whose file is not in the notebook."""
    notebook.cells.append(new_markdown_cell("My sketch: ![a sketch](attachment:sketch.png)"))
    return notebook


PIXEL = (
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg"
    "=="
)


@accident("")
def picture_with_an_accent(notebook, folder):
    """A Markdown cell shows a picture whose name has an accent."""
    cell = new_markdown_cell("![un schéma](attachment:sch%C3%A9ma.png)")
    cell.attachments = {"schéma.png": {"image/png": PIXEL}}
    notebook.cells.append(cell)
    return notebook


@accident("")
def the_same_id_everywhere(notebook, folder):
    """All cells have the same id."""
    for cell in notebook.cells:
        cell.id = "copy"
    return notebook


@accident("")
def magics_and_own_cells(notebook, folder):
    """Magic commands, prints and cells of one's own stand between the answers."""
    here = place(notebook, "convolve")
    own = "%precision 1\n!true\nimport this as zen\nprint('Σ', convolve)"
    notebook.cells.insert(here + 1, new_code_cell(own))
    notebook.cells.insert(here, new_markdown_cell("Here I thought for a long time."))
    return notebook


def begin_with(text, notebook):
    """Put a cell of one's own before all answers."""
    notebook.cells.insert(place(notebook, "slide-pairs"), new_code_cell(text))
    return notebook


@accident("")
def names_forgotten(notebook, folder):
    """A cell of one's own forgets all names, `np` and `checks` among them."""
    return begin_with("%reset -f\nimport numpy as np", notebook)


@accident("")
def checks_overwritten(notebook, folder):
    """A cell of one's own gives `checks` and `marks` another value."""
    return begin_with("checks = marks = 0", notebook)


@accident("")
def builtins_shadowed(notebook, folder):
    """A cell of one's own takes names of Python's for its variables."""
    return begin_with("from numpy import *\nsum = abs = print = type = 0", notebook)


@accident("")
def a_cell_of_forty_seconds(notebook, folder):
    """A cell of one's own takes longer than the thirty seconds that grading allows."""
    return begin_with("import time\ntime.sleep(40)", notebook)


@accident("")
def settings_of_ones_own(notebook, folder):
    """A cell of one's own changes how NumPy, warnings and IPython behave."""
    shell = "from IPython.core.interactiveshell import InteractiveShell as Shell\n"
    own = "Shell.ast_node_interactivity = 'all'\nimport warnings\n"
    own += "warnings.simplefilter('error')\nnp.seterr(all='raise')"
    return begin_with(shell + own, notebook)


@accident("")
def windows_for_pictures(notebook, folder):
    """A cell of one's own asks for windows, and shows a picture in one."""
    own = "%matplotlib widget\nimport matplotlib.pyplot as plt\n"
    own += "plt.plot([1, 2])\nplt.show()\nplt.switch_backend('TkAgg')"
    return begin_with(own, notebook)


@accident("")
def names_taken_below(notebook, folder):
    """Below its test, a function's name comes to mean something else, or is deleted."""
    own = {
        "slide-pairs": "slide_pairs = slide_pairs(np.eye(2), [1, 2]).sum()",
        "convolve": "from numpy import convolve\n\nprint(convolve([1, 2], [1]))",
        "convolve-channels": "del convolve_channels",
    }
    for name, text in own.items():
        notebook.cells.insert(place(notebook, f"test-{name}") + 1, new_code_cell(text))
    return notebook


@accident("")
def helpers_of_one_name(notebook, folder):
    """Two answers have a helper each in their cells, of one name and with other parameters."""
    first, second = cell_of(notebook, "slide-pairs"), cell_of(notebook, "convolve")
    first.source = "def height(image):\n    return len(image)\n\n\n" + first.source
    first.source = first.source.replace("    image =", "    height(image)\n    image =", 1)
    second.source = "def height(image, kernel):\n    return len(image)\n\n\n" + second.source
    second.source = second.source.replace("    rows =", "    height(image, kernel)\n    rows =", 1)
    return notebook


@accident("", score=15)
def a_name_that_only_comes_later(notebook, folder):
    """An answer uses a name that only a cell at the end defines."""
    own = cell_of(notebook, "convolve")
    own.source = own.source.replace("    rows =", "    size = SIZE\n    rows =", 1)
    notebook.cells.append(new_code_cell("SIZE = 3"))
    return notebook
