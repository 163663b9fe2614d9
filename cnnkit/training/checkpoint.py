"""Runs that can be stopped, by Ctrl-C or by a power cut, and go on as if nothing had happened."""

import contextlib
import io
import json
import os
import signal
import threading
from pathlib import Path

import torch

from cnnkit.arguments import lesson

__all__ = ["ctrl_c", "how_to_go_on", "load_checkpoint", "open_run", "rng_state", "save_checkpoint"]


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
        raise ValueError(f"{path} is damaged, or no checkpoint: start a new run.") from error
    if not isinstance(state, dict) or not {"model", "plan", "done"} <= state.keys():
        raise ValueError(f"{path} is not a checkpoint of cnnkit.training.fit: start a new run.")
    return state


def open_run(path, resume, parts, plan, device, rank):
    """Make the folder of a new run, or bring the parts to where the old one stopped."""
    if path is None:
        raise lesson("resume without out", "the folder of the run", "Pass out='runs/...'.")
    if not resume:
        if path.exists():
            raise FileExistsError(
                f"{path.parent} holds a run already: resume it, or name another folder with out."
            )
        path.parent.mkdir(parents=True, exist_ok=True)
        path.with_name("log.jsonl").unlink(missing_ok=True)
        return {}
    saved = load_checkpoint(path)
    weights, expected = saved["model"], parts["model"].state_dict()
    if [(k, v.shape) for k, v in weights.items()] != [(k, v.shape) for k, v in expected.items()]:
        count, wanted = (sum(v.numel() for v in d.values()) for d in (weights, expected))
        given = f"{path} is of another model: it has {count:,} values in {len(weights)} arrays"
        remedy = "Build the model that was trained there, or name another folder with out."
        raise lesson(given, f"{wanted:,} in {len(expected)}", remedy)
    for name, value in plan.items():
        if saved["plan"].get(name) != value:
            given = f"{name}={value!r} to go on with a run of {name}={saved['plan'].get(name)!r}"
            remedy = "Give the same, or start a new run in another folder (out)."
            raise lesson(given, "the plan that the run began with", remedy)
    for name, part in parts.items():
        part.load_state_dict(saved[name])
    torch.set_rng_state(saved["rng"]["cpu"])
    if device.type == "cuda" and "cuda" in saved["rng"]:
        torch.cuda.set_rng_state(saved["rng"]["cuda"], device)
    if rank == 0:  # epochs that were logged, but not saved, come again
        lines = [json.dumps(entry) + "\n" for entry in saved["done"]["history"]]
        path.with_name("log.jsonl").write_text("".join(lines))
    return saved["done"]


def rng_state(device):
    """Return the state of PyTorch's own dice, which dropout throws."""
    cuda = {"cuda": torch.cuda.get_rng_state(device)} if device.type == "cuda" else {}
    return {"cpu": torch.get_rng_state(), **cuda}


@contextlib.contextmanager
def ctrl_c(wanted):
    """Collect the first Ctrl-C in a list, for the loop to see; a second one stops at once."""
    pressed: list[int] = []
    before = signal.getsignal(signal.SIGINT)
    # Only the main thread may listen, and a job in the background is told to ignore Ctrl-C.
    alone = threading.current_thread() is threading.main_thread()
    if not wanted or not alone or before is signal.SIG_IGN:
        yield pressed
        return

    def note(number, frame):
        pressed.append(number)
        signal.signal(signal.SIGINT, before)

    signal.signal(signal.SIGINT, note)
    try:
        yield pressed
    finally:
        signal.signal(signal.SIGINT, before)


def how_to_go_on(path, step, steps):
    """Say what Ctrl-C has left behind."""
    return (
        f"Stopped after step {step} of {steps}, saved in {path}. To go on, repeat the command "
        "with --resume (in Python: resume=True)."
    )
