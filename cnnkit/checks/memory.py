"""Memory that nobody has written to: while an answer runs, it holds numbers that are never right.

``np.empty`` and ``torch.empty`` reserve memory and leave in it what happens to lie there, which is
zeros most of the time. An answer that forgets a place of such an array would be right by luck. So
meanwhile NumPy's give ``nan``, a large number or, of booleans, both by turns; PyTorch has a mode of
its own for that.
"""

import contextlib
import functools
import importlib.abc
import importlib.util
import sys
from typing import Any

import numpy as np

__all__ = ["never_written", "unwritten"]

BITS = 0x7F55  # of a nan in 16 bits; wider ones begin with them, and arithmetic hands them on
NAN = np.array(BITS, "u2").view("f2")
BYTE = b"\xa5"  # of an integer
WARN = 1  # a mode of PyTorch's: where a result may be another each time, it only warns


@contextlib.contextmanager
def unwritten():
    """Let no answer be right by what lies in memory: use it in a ``with`` statement.

    Examples
    --------
    >>> with unwritten():
    ...     print(np.empty(2), np.empty_like([1, 2], dtype="int8"))
    [nan nan] [-91 -91]
    """
    before = {name: getattr(np, name) for name in ("empty", "empty_like")}
    for name, function in before.items():
        setattr(np, name, _filled(function))
    was_on, late = _mode(), _Late()
    sys.meta_path.insert(0, late)
    late.loaded()
    try:
        yield
    finally:
        for name, function in before.items():
            setattr(np, name, function)
        with contextlib.suppress(ValueError):
            sys.meta_path.remove(late)
        if not was_on and _mode() == WARN:
            sys.modules["torch"].set_deterministic_debug_mode(0)


def _mode():
    """Give the mode in which PyTorch is; 0 where it is not loaded."""
    torch = sys.modules.get("torch")
    return torch.get_deterministic_debug_mode() if torch else 0


class _Late(importlib.abc.MetaPathFinder):
    """Puts PyTorch in its mode when it is loaded, which an answer may do itself."""

    def loaded(self):
        """Do so now, where it is there already."""
        if "torch" in sys.modules and _mode() == 0:
            sys.modules["torch"].set_deterministic_debug_mode(WARN)

    def find_spec(self, name, path=None, target=None):
        """Find what others find, and let its loader tell us."""
        if name != "torch":
            return None
        sys.meta_path.remove(self)
        spec = importlib.util.find_spec(name)
        loader: Any = spec and spec.loader
        if loader:
            load = loader.exec_module

            def exec_module(module):
                load(module)
                self.loaded()

            loader.exec_module = exec_module
        return spec


def _filled(function):
    @functools.wraps(function)
    def empty(*arguments, **options):
        made = function(*arguments, **options)
        if type(made) is not np.ndarray:
            return made
        if made.dtype.kind in "fc":
            made.fill(NAN)
        elif made.dtype.kind in "iu":
            made.fill(_stale(made.dtype))
        elif made.dtype.kind == "b":
            made.flat[0::2], made.flat[1::2] = True, False
        return made

    return empty


def _stale(kind):
    """Give the integer whose bytes are all the same."""
    return np.frombuffer(BYTE * kind.itemsize, kind)[0]


def never_written(array):
    """Whether a place of an array is still as `unwritten` made it, or was computed from such a one.

    Examples
    --------
    >>> with unwritten():
    ...     never_written(np.empty(3) + 1), never_written(np.array([np.nan]))
    (True, False)
    """
    if array.dtype.kind in "iu":  # of smaller ones it may be a right number
        return array.itemsize > 2 and bool(np.any(array == _stale(array.dtype)))
    if array.dtype.kind != "f":
        return False
    halves = array.astype("f8").view("u8") >> 42 & 0x3FF
    return bool(np.any(np.isnan(array) & (halves == BITS & 0x3FF)))
