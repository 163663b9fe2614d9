"""The data sets of the course, all in one form: pictures, labels, and the names of the labels.

{table}

Each returns a :class:`Dataset`, and so does :func:`folder`, of pictures of your own. Nothing is
ever downloaded unless you write ``download=True``. Files are looked for in the folder that the
environment variable ``CNNKIT_DATA`` names, then in the user's cache folder; the cache folder also
keeps what has been prepared. ``CNNKIT_CACHE`` moves it, and it may be emptied at any time: the
next call prepares again.

Each module of this folder that has an ``ENTRY`` is a data set: its function has the module's
name, and the entry says all else. ``CATALOGUE`` holds the entries under the words that
``python -m cnnkit train --data`` knows.
"""

import contextlib
import importlib
import pkgutil

from cnnkit.arguments import lesson
from cnnkit.datasets.dataset import Dataset, Entry
from cnnkit.datasets.folder import entry_of, folder
from cnnkit.disk import as_path, reading

CATALOGUE: dict[str, Entry] = {}
_names = []

for _found in pkgutil.iter_modules(__path__):
    _module = importlib.import_module(f"{__name__}.{_found.name}")
    if hasattr(_module, "ENTRY"):
        CATALOGUE[_found.name.replace("_", "-")] = _module.ENTRY
        # From here on the name means the function, no longer the module.
        globals()[_found.name] = getattr(_module, _found.name)
        _names.append(_found.name)

__all__ = ["CATALOGUE", "Dataset", "entry", "folder", *_names]


def entry(word):
    """Return the entry of a word of the catalogue, or of a folder of pictures of your own."""
    if isinstance(word, str) and word in CATALOGUE:
        return CATALOGUE[word]
    with contextlib.suppress(RuntimeError, ValueError), reading(word):  # no file has such a name
        if as_path(word, "data").expanduser().exists():
            return entry_of(word)
    expected = f"one of {', '.join(CATALOGUE)}, or a folder of class folders"
    raise lesson(f"data={word!r}", expected, "Choose one of them.")


def _table():
    """The catalogue as a table for the docstring."""
    head = ("function", "what", "where it comes from", "article")
    rows = [
        (f":func:`{name}`", entry.what, entry.origin, entry.articles)
        for name, entry in zip(_names, CATALOGUE.values(), strict=True)
    ]
    widths = [max(map(len, column)) for column in zip(head, *rows, strict=True)]
    rule = "  ".join("=" * width for width in widths)
    lines = ["  ".join(map(str.ljust, row, widths)).rstrip() for row in (head, *rows)]
    return "\n".join([rule, lines[0], rule, *lines[1:], rule])


__doc__ = (__doc__ or "").replace("{table}", _table())
