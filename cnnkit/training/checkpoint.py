"""Checkpoints on disk: always whole, and harmless to read."""

import io
import os
from pathlib import Path

import torch

from cnnkit.arguments import lesson

__all__ = ["load_checkpoint", "save_checkpoint"]

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
            torch.save(state, file)
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
        If the file is damaged, or of another kind.
    """
    if not Path(path).is_file():
        raise FileNotFoundError(
            f"There is no {path}: no run was saved there. Leave resume out to start one, or name "
            "the folder of a run with out."
        )
    content = io.BytesIO(Path(path).read_bytes())
    try:
        state = torch.load(content, map_location="cpu", weights_only=True)
    except Exception as error:  # a torn file makes PyTorch raise any of half a dozen kinds
        raise lesson(f"{path} is damaged, or no checkpoint", _WANTED, "Start a new run.") from error
    if not isinstance(state, dict) or not {"model", "plan", "done"} <= state.keys():
        raise lesson(f"{path} is not a checkpoint", _WANTED, "Start a new run.")
    return state
