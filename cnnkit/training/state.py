"""The state of a run: kept in one object, saved whole, and restored as if nothing had happened."""

import contextlib
import json
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import filelock
import torch

from cnnkit.arguments import lesson
from cnnkit.disk import NO_LOCKS, reading, write_whole, writing
from cnnkit.training.checkpoint import load_checkpoint, save_checkpoint
from cnnkit.training.devices import rank_and_world
from cnnkit.training.stopping import EarlyStopping

__all__ = ["Run", "check_weights"]


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
        self._write_log()
        self.save()

    # ---- to disk and back ---------------------------------------------------------------------

    def start(self):
        """Make the folder of a new run, if one is wanted."""
        if self.path is None:
            return
        with reading(self.path):
            exists = self.path.exists()
        if exists:
            raise FileExistsError(
                f"{self.path.parent} holds a run already: resume it, or name another folder with "
                "out."
            )
        if self.path.with_name("weights.pt").exists():
            raise FileExistsError(
                f"{self.path.parent} holds the weights of a run already: name another folder with "
                "out, or move them first."
            )
        with writing(self.path.parent, "or name another folder with out"):
            self.path.parent.mkdir(parents=True, exist_ok=True)
            _log(self.path).unlink(missing_ok=True)

    @contextlib.contextmanager
    def alone(self):
        """Let no other run write into the folder meanwhile, where the system and the disk lock."""
        if self.path is None or not self._writes:
            yield
            return
        lock = filelock.FileLock(self.path.with_name(".lock"))
        try:
            lock.acquire(timeout=0)
        except filelock.Timeout as error:
            raise FileExistsError(
                f"Another run is writing into {self.path.parent} now: wait for it, or name "
                "another folder with out."
            ) from error
        except OSError as error:
            if error.errno not in NO_LOCKS:
                with writing(self.path.parent, "or name another folder with out"):
                    raise
        try:
            yield
        finally:
            if lock.is_locked:
                with contextlib.suppress(OSError):  # Windows takes it away by itself
                    Path(lock.lock_file).unlink()
            lock.release()

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
        save_checkpoint(self.path, learned | others, then=self._then())

    def restore(self):
        """Bring everything to where the checkpoint was written."""
        saved = load_checkpoint(self.path)
        check_weights(self.path, saved["model"], self.parts["model"])
        _check_plan(self.path, saved["plan"], self.plan)
        _check_version(self.path, saved, {*self.parts, "rng"})
        for name in reversed(self.parts):  # the model, which is the caller's, comes last
            self._restore(name, saved[name])
        done, stopping = saved["done"], self.stopping
        self.step, self.seconds, self.history = done["step"], done["seconds"], done["history"]
        self.loss.fill_(done["loss"])
        stopping.best, stopping.waited = done["best"], done["waited"]
        stopping.best_weights = done["best_weights"]
        _restore_rng(saved["rng"], self.device)
        self._write_log()  # epochs that were logged, but not saved, come again

    def _restore(self, name, state):
        try:
            self.parts[name].load_state_dict(state)
        except (KeyError, RuntimeError, TypeError, ValueError) as error:
            remedy = "Give the arguments that the run began with, or start a new run."
            given = f"the {name} in {self.path} does not go with this plan ({error})"
            raise lesson(given, "the plan that the run began with", remedy) from error

    def _write_log(self):
        if self._writes:
            lines = [json.dumps(entry) + "\n" for entry in self.history]
            write_whole(_log(self.path), "".join(lines), then=self._then())

    def _then(self):
        """Say what to do once a disk that took no more takes more."""
        if self.path is None or not self.path.exists():
            return "or name another folder with out, and start again"
        return (
            "then go on from what was saved before, which is whole: repeat the command with "
            "--resume (in Python: resume=True)"
        )

    @property
    def _writes(self):
        """Whether there is a folder to write to, and this process is the one that does it."""
        return self.path is not None and rank_and_world()[0] == 0


def _log(checkpoint):
    return checkpoint.with_name("log.jsonl")


def check_weights(path, weights, model):
    """Refuse a file whose arrays are not those of the model."""
    expected = model.state_dict()
    if _shapes(weights) == _shapes(expected):
        return
    given = f"{path} is of another model: it has {_size(weights)}"
    remedy = "Build the model that was trained there, or name another file or folder."
    raise lesson(given, _size(expected), remedy)


def _shapes(weights):
    return [(name, values.shape) for name, values in weights.items()]


def _size(weights):
    return f"{sum(v.numel() for v in weights.values()):,} values in {len(weights)} arrays"


def _check_plan(path, saved, plan):
    """Refuse to go on by another plan than the run began with."""
    remedies = {
        "epochs": "The learning rate falls as it was planned. To train for longer, start a new "
        f"run from these weights: init={str(path)!r} (--init) and another out.",
        "fingerprint": "These are other pictures or labels, or they lie in another order. Give "
        f"the same; or start a new run from these weights: init={str(path)!r} and another out.",
    }
    for name, value in plan.items():
        if name in saved and saved[name] != value:
            given = f"{name}={value!r} to go on with a run of {name}={saved[name]!r}"
            remedy = "Give the same, or start a new run in another folder (out)."
            remedy = remedies.get(name, remedy)
            raise lesson(given, "the plan that the run began with", remedy)


_DONE = {"step", "loss", "seconds", "history", "best", "waited", "best_weights"}


def _check_version(path, saved, needed):
    """Refuse a checkpoint that lacks what this version needs to go on."""
    missing = (needed - saved.keys()) | (_DONE - saved["done"].keys())
    if missing:
        given = f"{path} is of another version: it lacks {', '.join(sorted(missing))}"
        remedy = "Go on with the version that wrote it, or start a new run."
        raise lesson(given, "a checkpoint of this version", remedy)


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
