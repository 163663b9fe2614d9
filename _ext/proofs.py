"""Print first, prove after: a cell tagged `proof` folds into one quiet line.

A chapter shows a number, then a cell asserts that the text says the same number. The build runs
both, and stops where they differ; a reader sees the first, and opens the second if he likes. In
JupyterLab it is a cell as any other.
"""

from docutils import nodes

CLOSED = "Checked: what the text says is what comes out"
OPEN = "Checked by these lines, each time the book is built"


def fold(app, doctree):
    """Let MyST-NB fold each cell that proves something, under our own words."""
    for cell in doctree.findall(nodes.container):
        if cell.get("nb_element") == "cell_code" and "tag_proof" in cell["classes"]:
            cell["hide_mode"], cell["prompt_show"], cell["prompt_hide"] = "all", CLOSED, OPEN


def setup(app):
    app.connect("doctree-read", fold)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
