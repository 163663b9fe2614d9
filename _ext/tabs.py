"""Cells side by side: the same thing said in two libraries, one tab each.

Neighbouring code cells with a tag such as `tab-Keras` become the tabs of one set, named by the
tag; the choice holds for every set on the site. They stay cells that run, each with its output.
In JupyterLab they stand one below the other.
"""

from itertools import groupby

from docutils import nodes
from sphinx_design.shared import create_component

TAG = "tag_tab-"


def label(node):
    """Return the name of the tab that a cell belongs to; nothing for any other node."""
    if isinstance(node, nodes.container) and node.get("nb_element") == "cell_code":
        return next((c.removeprefix(TAG) for c in node["classes"] if c.startswith(TAG)), None)
    return None


def tab_set(cells):
    """Make the tabs; cells of one name share a tab."""
    tabs = {}
    for cell in cells:
        tabs.setdefault(label(cell), []).append(cell)
    items = []
    for name, contents in tabs.items():
        title = nodes.rubric(name, name, classes=["sd-tab-label"], sync_group="lib", sync_id=name)
        content = create_component("tab-content", ["sd-tab-content"], children=contents)
        items.append(create_component("tab-item", ["sd-tab-item"], children=[title, content]))
    return create_component("tab-set", ["sd-tab-set"], children=items)


def group_cells(app, doctree):
    """Replace each run of tagged cells by its tabs."""
    parents = {id(node.parent): node.parent for node in doctree.findall(label)}
    for parent in parents.values():
        children = []
        for tagged, run in groupby(parent.children, key=lambda node: label(node) is not None):
            cells = list(run)
            children += [tab_set(cells)] if tagged else cells
        parent.children = []
        parent.extend(children)


def setup(app):
    app.connect("doctree-read", group_cells)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
