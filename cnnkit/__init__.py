"""Convolutional networks from one pixel to a trained network, in NumPy you can read.

``import cnnkit`` loads nothing by itself: each submodule is imported the first time it is used,
so ``cnnkit.functional`` brings in NumPy, ``cnnkit.plots`` Matplotlib and ``cnnkit.training``
PyTorch only then.
"""

import importlib

__version__ = "0.1.0"

__all__ = [
    "checks",
    "cli",
    "datasets",
    "functional",
    "geometry",
    "images",
    "models",
    "naive",
    "nn",
    "optim",
    "plots",
    "study",
    "training",
    "widgets",
]


def __getattr__(name):
    """Import a submodule when it is first named (PEP 562)."""
    if name in __all__:
        return importlib.import_module(f"cnnkit.{name}")
    raise AttributeError(f"module 'cnnkit' has no attribute {name!r}")


def __dir__():
    return sorted({*globals(), *__all__})
