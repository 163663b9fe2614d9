"""The state of a run: kept in one object, saved whole, and restored as if nothing had happened."""

import json
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import torch

from cnnkit.arguments import lesson
from cnnkit.training.checkpoint import load_checkpoint, save_checkpoint
from cnnkit.training.devices import rank_and_world
from cnnkit.training.stopping import EarlyStopping

__all__ = ["Run"]


class Part(Protocol):
    """What can be saved and restored: a module, an optimiser, a schedule, a scaler."""

    def state_dict(self): ...
    def load_state_dict(self, state_dict): ...


@dataclass
class Run:
    """A run at one moment: the parts that learn, the plan it keeps to, how far it has come."""

    parts: dict[str, Part]
    plan: dict[str, object]
    stopping: EarlyStopping
    device: torch.device
    path: Path | None = None  # of the checkpoint; None writes nothing
    step: int = 0  # since the run began
    loss: torch.Tensor = field(init=False)  # the sum over the steps of this epoch
    seconds: float = 0.0  # what this epoch has taken
    history: list[dict[str, object]] = field(default_factory=list)

    def __post_init__(self):
        self.loss = torch.tensor(0.0, device=self.device)

    # ---- on the way ---------------------------------------------------------------------------

    def begin_epoch(self):
        """Start the clock, where it was stopped if the epoch had begun."""
        self._began = time.perf_counter() - self.seconds

    def count(self, loss):
        """Take note of one step."""
        self.loss += loss.detach()
        self.step += 1

    def stop_clock(self):
        """Return the seconds that this epoch has taken."""
        self.seconds = time.perf_counter() - self._began
        return self.seconds

    def end_epoch(self, entry):
        """Take note of an epoch, in the log and in the checkpoint too."""
        self.history.append(entry)
        self.loss = torch.zeros_like(self.loss)
        self.seconds = 0.0
        if self._writes:
            with open(_log(self.path), "a") as log:
                log.write(json.dumps(entry) + "\n")
        self.save()

    # ---- to disk and back ---------------------------------------------------------------------

    def start(self):
        """Make the folder of a new run, if one is wanted."""
        if self.path is None:
            return
        if self.path.exists():
            raise FileExistsError(
                f"{self.path.parent} holds a run already: resume it, or name another folder with "
                "out."
            )
        self.path.parent.mkdir(parents=True, exist_ok=True)
        _log(self.path).unlink(missing_ok=True)

    def save(self):
        """Write the checkpoint, if there is a folder for it, from the first process alone."""
        if not self._writes:
            return
        done = {
            "step": self.step,
            "loss": self.loss.item(),
            "seconds": self.seconds,
            "history": self.history,
            "best": self.stopping.best,
            "waited": self.stopping.waited,
            "best_weights": self.stopping.best_weights,
        }
        learned = {name: part.state_dict() for name, part in self.parts.items()}
        others = {"plan": self.plan, "done": done, "rng": _rng_state(self.device)}
        save_checkpoint(self.path, learned | others)

    def restore(self):
        """Bring everything to where the checkpoint was written."""
        saved = load_checkpoint(self.path)
        _check_model(self.path, saved["model"], self.parts["model"].state_dict())
        _check_plan(saved["plan"], self.plan)
        for name, part in self.parts.items():
            part.load_state_dict(saved[name])
        done, stopping = saved["done"], self.stopping
        self.step, self.seconds, self.history = done["step"], done["seconds"], done["history"]
        self.loss.fill_(done["loss"])
        stopping.best, stopping.waited = done["best"], done["waited"]
        stopping.best_weights = done["best_weights"]
        _restore_rng(saved["rng"], self.device)
        if self._writes:  # epochs that were logged, but not saved, come again
            lines = [json.dumps(entry) + "\n" for entry in self.history]
            _log(self.path).write_text("".join(lines))

    @property
    def _writes(self):
        """Whether there is a folder to write to, and this process is the one that does it."""
        return self.path is not None and rank_and_world()[0] == 0


def _log(checkpoint):
    return checkpoint.with_name("log.jsonl")


def _check_model(path, weights, expected):
    """Refuse a checkpoint whose arrays are not those of the model."""
    if _shapes(weights) == _shapes(expected):
        return
    given = f"{path} is of another model: it has {_size(weights)}"
    remedy = "Build the model that was trained there, or name another folder with out."
    raise lesson(given, _size(expected), remedy)


def _shapes(weights):
    return [(name, values.shape) for name, values in weights.items()]


def _size(weights):
    return f"{sum(v.numel() for v in weights.values()):,} values in {len(weights)} arrays"


def _check_plan(saved, plan):
    """Refuse to go on by another plan than the run began with."""
    for name, value in plan.items():
        if saved.get(name) != value:
            given = f"{name}={value!r} to go on with a run of {name}={saved.get(name)!r}"
            remedy = "Give the same, or start a new run in another folder (out)."
            raise lesson(given, "the plan that the run began with", remedy)


def _rng_state(device):
    """Return the state of PyTorch's own dice, which dropout throws."""
    states = {"cpu": torch.get_rng_state()}
    if device.type == "cuda":
        states["cuda"] = torch.cuda.get_rng_state(device)
    return states


def _restore_rng(states, device):
    torch.set_rng_state(states["cpu"])
    if device.type == "cuda" and "cuda" in states:
        torch.cuda.set_rng_state(states["cuda"], device)
