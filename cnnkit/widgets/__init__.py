"""Widgets that answer to the hand, in JupyterLab and on the page alike.

Each folder here is one widget: `NAME/NAME.mjs` draws it, `NAME/NAME.css` dresses it, and
`NAME/__init__.py` is its face in Python. In JupyterLab it is an ipywidget: what the hand changes,
Python can read, and the other way round. On the static page the same module runs in the browser
alone, without Python. See `cnnkit.widgets.base` for how.

A folder is found by itself, and what its ``__all__`` lists can be imported from here. It is read
only when one of its names is asked for, so ``import cnnkit.widgets`` loads next to nothing.
"""

import ast
import functools
import importlib
from pathlib import Path

HERE = Path(__file__).parent


def found() -> list[str]:
    """Name the widgets: each folder that holds a module of its own name.

    Examples
    --------
    >>> "convolution_stepper" in found()
    True
    """
    return sorted(path.stem for path in HERE.glob("*/*.mjs") if path.stem == path.parent.name)


@functools.cache
def _homes():
    """Give the folder of each public name, read from ``__all__`` without running anything."""
    homes = {"Widget": "base"}
    for folder in found():
        for statement in ast.parse((HERE / folder / "__init__.py").read_text("utf-8")).body:
            if isinstance(statement, ast.Assign) and ast.unparse(statement.targets[0]) == "__all__":
                homes |= dict.fromkeys(ast.literal_eval(statement.value), folder)
    return homes


def __getattr__(name):
    """Import a widget when it is first named (PEP 562)."""
    if name == "__all__":
        return sorted(_homes())
    if name not in _homes():
        raise AttributeError(f"module 'cnnkit.widgets' has no attribute {name!r}")
    return getattr(importlib.import_module(f"cnnkit.widgets.{_homes()[name]}"), name)


def __dir__():
    return sorted({*globals(), *_homes()})
