"""Checkpoints on disk: always whole, and harmless to read."""

import io
import zipfile
from pathlib import Path

import numpy as np
import torch

from cnnkit.arguments import lesson
from cnnkit.disk import ELSEWHERE, reading, write_whole, writing

__all__ = [
    "are_weights",
    "is_checkpoint",
    "load_checkpoint",
    "load_weights",
    "plain",
    "read_state",
    "save_checkpoint",
    "weights_in",
]

_WANTED = "one that cnnkit.training.fit has written"
_NEW_RUN = "Start a new run."


def save_checkpoint(path, state, then=ELSEWHERE):
    """Write `state` to `path` so that the file is always whole: the old one, or the new one.

    Parameters
    ----------
    path : path-like
    state : dict
        Tensors, numbers, strings, and lists and dicts of them.
    then : str, optional
        What to do, when it could not be written, once it can be.

    Raises
    ------
    OSError
        If it cannot be written, for want of room or of the right to.
    """
    content = io.BytesIO()  # what the disk refuses, PyTorch would tell in words of its own
    with writing(path, then):
        torch.save(plain(state), content)
        write_whole(path, content.getbuffer(), then)


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
    state = read_state(path)
    if not is_checkpoint(state):
        kind = "no run" if weights_in(state) is None else "weights alone, no run"
        remedy = f"Start a new run; from these weights with init={str(path)!r} (--init)."
        raise lesson(f"{path} holds {kind}", _WANTED, remedy)
    return state


def load_weights(path):
    """Read the weights that a run has left: from its checkpoint, or saved alone.

    Parameters
    ----------
    path : path-like
        A ``weights.pt``; a ``checkpoint.pt``, of which the best weights are taken if there are
        any, else the average, else the last; or a model's state_dict.

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
    weights = weights_in(read_state(path))
    if not are_weights(weights):
        raise lesson(f"{path} holds no weights", "a model's state_dict", "Name a weights.pt.")
    return weights


def weights_in(state):
    """Return the weights in what a file holds, a state_dict; None if there are none."""
    if is_checkpoint(state):
        return state["done"].get("best_weights") or state.get("average", state["model"])
    if isinstance(state, dict) and are_weights(state.get("model")):
        return state["model"]
    return state if are_weights(state) else None


def read_state(path, kind="checkpoint", wanted=_WANTED, remedy=_NEW_RUN):
    """Build tensors and plain values from a file, or tell why that cannot be done."""
    with reading(path):
        content = Path(path).read_bytes()
    if not _is_whole(content):
        raise lesson(f"{path} is damaged, or no {kind}", wanted, remedy)
    try:
        return torch.load(io.BytesIO(content), map_location="cpu", weights_only=True)
    except Exception as error:  # what is refused makes PyTorch raise any of half a dozen kinds
        given = f"{path} is whole, but of another version or of another program"
        raise lesson(given, wanted, f"Go on with the version that wrote it. {remedy}") from error


def _is_whole(content):
    """Whether a file is a zip archive, as PyTorch writes them, in which each sum is right.

    PyTorch itself does not look at the sums.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            return archive.testzip() is None
    except Exception:  # what is damaged makes zipfile and zlib raise half a dozen kinds
        return False


def is_checkpoint(state):
    """Whether a file holds a run."""
    parts = ("model", "plan", "done")
    return isinstance(state, dict) and all(isinstance(state.get(part), dict) for part in parts)


def are_weights(state):
    """Whether these are arrays with names, as a model's state_dict is."""
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
