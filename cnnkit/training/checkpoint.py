"""Checkpoints on disk: always whole, and harmless to read."""

import io
import os
import zipfile
from pathlib import Path

import numpy as np
import torch

from cnnkit.arguments import lesson

__all__ = ["load_checkpoint", "load_weights", "plain", "save_checkpoint"]

_WANTED = "one that cnnkit.training.fit has written"


def save_checkpoint(path, state):
    """Write `state` to `path` so that the file is always whole: the old one, or the new one.

    Parameters
    ----------
    path : path-like
    state : dict
        Tensors, numbers, strings, and lists and dicts of them.
    """
    path = Path(path)
    unfinished = path.with_suffix(".unfinished")
    try:
        with open(unfinished, "wb") as file:
            torch.save(plain(state), file)
            file.flush()
            os.fsync(file.fileno())
        os.replace(unfinished, path)
    finally:
        unfinished.unlink(missing_ok=True)


def load_checkpoint(path):
    """Read a checkpoint; nothing but tensors and plain values is ever built from the file.

    Parameters
    ----------
    path : path-like

    Returns
    -------
    dict
        ``model`` (a state_dict), ``average`` if weights were averaged, ``plan``, ``done``, and
        what the optimiser, its schedule and the random numbers need to go on.

    Raises
    ------
    FileNotFoundError
        If there is none.
    ValueError
        If the file is damaged, of another version, or of another kind.
    """
    if not Path(path).is_file():
        raise FileNotFoundError(
            f"There is no {path}: no run was saved there. Leave resume out to start one, or name "
            "the folder of a run with out."
        )
    state = _read(path)
    if not _is_checkpoint(state):
        kind = "weights alone, no run" if _are_weights(state) else "no run"
        remedy = f"Start a new run; from these weights with init={str(path)!r} (--init)."
        raise lesson(f"{path} holds {kind}", _WANTED, remedy)
    return state


def load_weights(path):
    """Read the weights that a run has left: from its checkpoint, or saved alone.

    Parameters
    ----------
    path : path-like
        A ``checkpoint.pt``, of which the best weights are taken if there are any, else the
        average, else the last; or a model's state_dict, as ``weights.pt`` is one.

    Returns
    -------
    dict of str to torch.Tensor

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If the file is damaged, or of another kind.
    """
    if not Path(path).is_file():
        raise FileNotFoundError(f"There is no {path}: name a weights.pt or a checkpoint.pt.")
    state = _read(path)
    if _is_checkpoint(state):
        return state["done"]["best_weights"] or state.get("average", state["model"])
    if not _are_weights(state):
        raise lesson(f"{path} holds no weights", "a model's state_dict", "Name a weights.pt.")
    return state


def _read(path):
    """Build tensors and plain values from a file, or tell why that cannot be done."""
    content = Path(path).read_bytes()
    if not _is_whole(content):
        raise lesson(f"{path} is damaged, or no checkpoint", _WANTED, "Start a new run.")
    try:
        return torch.load(io.BytesIO(content), map_location="cpu", weights_only=True)
    except Exception as error:  # what is refused makes PyTorch raise any of half a dozen kinds
        given = f"{path} is whole, but of another version or of another program"
        remedy = "Go on with the version that wrote it, or start a new run."
        raise lesson(given, _WANTED, remedy) from error


def _is_whole(content):
    """Whether a file is a zip archive, as PyTorch writes them, in which each sum is right.

    PyTorch itself does not look at the sums.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            return archive.testzip() is None
    except (zipfile.BadZipFile, ValueError, OSError, EOFError):
        return False


def _is_checkpoint(state):
    return isinstance(state, dict) and {"model", "plan", "done"} <= state.keys()


def _are_weights(state):
    values = state.values() if isinstance(state, dict) else ()
    return bool(values) and all(isinstance(value, torch.Tensor) for value in values)


def plain(value):
    """Return Python's own numbers for NumPy's, in lists, tuples and dicts too.

    No others are read back: a file that builds objects could build any.
    """
    if isinstance(value, (np.generic, np.ndarray)):
        return value.tolist()
    if type(value) in (list, tuple):
        return type(value)(map(plain, value))
    if type(value) is dict:
        return {plain(key): plain(each) for key, each in value.items()}
    return value
