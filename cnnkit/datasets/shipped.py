"""Small files beside this package, where the packages that they come from would be too heavy.

In the browser scikit-learn and scikit-image would double what has to arrive before the first cell
runs, for a few digits and photographs. `_ext/live/files.py` puts those into the browser's copy of
`cnnkit`, made from these two packages; elsewhere the folder is not there.
"""

from pathlib import Path

__all__ = ["shipped"]


def shipped(name):
    """Return the path of a file that came with this copy of the package, or None.

    Parameters
    ----------
    name : str
        Its name, or a pattern such as ``'chelsea.*'``.
    """
    return next(Path(__file__).with_name("shipped").glob(name), None)
