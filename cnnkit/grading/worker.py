"""Inside the sandbox: where the cells of students run, and calls of their functions are answered.

``python -m cnnkit.grading.worker FD`` is the *nursery*: it imports what the cells will, once, and
then forks a worker for each socket that it is sent. Up to there it is trusted; it knows libraries,
and nothing of any student, test or mark. A worker runs a student's code, so nothing that it says is
believed: the judge (``judge``) checks every message. Only here are objects unpickled, and only what
the judge has sent.
"""

import contextlib
import hashlib
import importlib
import io
import json
import os
import pickle
import socket
import sys
import traceback
import warnings
from typing import Any

import numpy as np

from cnnkit.checks.memory import unwritten
from cnnkit.grading import values, walls
from cnnkit.study.kernel import without_effect

__all__ = ["nursery", "serve"]

PRINTED = 10_000  # characters that are kept of what a cell, or a call, prints
OPERATIONS = ("outputs", "count", "shapes", "load")  # what a network is asked, beside being called


def nursery(control):
    """Import, then fork a worker for each socket that comes, until there are no more."""
    settings = json.loads(control.recv(1 << 16))
    os.environ.update(settings["environment"])
    with contextlib.suppress(ImportError), contextlib.redirect_stdout(io.StringIO()):
        for module in settings["modules"]:
            importlib.import_module(module)
    shell()
    control.send(b"ready")
    while True:
        message, sockets, *_ = socket.recv_fds(control, 1, 1)
        if not message:
            return
        if os.fork() == 0:
            control.close()
            _keep(socket.socket(fileno=sockets[0]), settings)
        os.close(sockets[0])
        with contextlib.suppress(ChildProcessError):
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass


def _keep(sock, settings):
    """Fork a worker behind walls of its own; tell the judge its number before it begins."""
    try:
        if settings["walls"]:
            walls.enter()
        begin, go = os.pipe()
        worker = os.fork()
        if worker == 0:
            os.close(go)
            if os.read(begin, 1):
                _begin(sock, settings)
            os._exit(0)
        handle = [os.pidfd_open(worker)] if hasattr(os, "pidfd_open") else []
        socket.send_fds(sock, [str(worker).encode()], handle)
        sock.close()
        os.write(go, b"!")
        os.waitpid(worker, 0)
    except OSError as error:
        with contextlib.suppress(OSError):
            sock.send(f"!{error}".encode())
    os._exit(0)


def _begin(sock, settings):
    os.setsid()  # no signal to a group of processes reaches the nursery
    try:
        if settings["walls"]:
            walls.lock(settings["limits"])
        else:
            walls.limit(settings["limits"])
    except (OSError, ValueError) as error:
        values.Channel(sock).send({"refused": str(error)})
        return
    os.makedirs(settings["home"], exist_ok=True)
    os.chdir(settings["home"])
    serve(values.Channel(sock))


# ---- a student's code ----------------------------------------------------------------------------


def shell():
    """Give the IPython that runs cells: what Jupyter takes, it takes, magics and all."""
    from IPython.core.interactiveshell import InteractiveShell
    from traitlets.config import Config

    if InteractiveShell.initialized():
        return InteractiveShell.instance()
    quiet = {
        "HistoryManager": {"enabled": False},
        "InteractiveShell": {"colors": "NoColor", "cache_size": 0, "autoindent": False},
    }
    made: Any = InteractiveShell.instance(config=Config(quiet))
    made.showtraceback = made.showsyntaxerror = lambda *args, **options: None
    without_effect(made)
    sys.path.append("")  # a student's own files come last
    return made


class Printed(io.TextIOBase):
    """A file that keeps the beginning of what is written, and counts the rest."""

    encoding, errors = "utf-8", "replace"  # as Jupyter's, which libraries ask for

    def __init__(self):
        self.text, self.more = "", 0

    def fileno(self):
        return 1  # which leads nowhere

    def writable(self):
        return True

    def write(self, text):
        room = PRINTED - len(self.text)
        self.text += text[:room]
        self.more += max(len(text) - room, 0)
        return len(text)

    def all(self):
        return self.text + (f"\n... and {self.more} characters more\n" if self.more else "")


@contextlib.contextmanager
def _printing():
    printed = Printed()
    with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(printed):
        yield printed


def serve(channel):
    """Run the cells that are sent; then answer calls, one after the other."""
    head, _ = channel.receive()
    names = _Names(head["stops"])
    names.keep(0)
    for number, cell in enumerate(head["cells"]):
        told = {"out": "", "error": None}
        if number not in head["skip"]:
            told = _run(cell)
        names.keep(number + 1)
        channel.send({"cell": number, **told})
    kept: list = []
    while True:
        head, blobs = channel.receive()
        names.enter(head["above"])
        channel.send(*_answer(head, blobs, kept))


class _Names:
    """What names mean where each test stands: what a cell below does to them costs it nothing."""

    def __init__(self, stops):
        self.stops, self.spaces, self.here = stops, {}, None

    def keep(self, number):
        """Keep the names that there are after so many cells, if a test stands there."""
        if number in self.stops:
            self.spaces[number] = dict(shell().user_ns)

    def enter(self, number):
        """Give names the values that they had there."""
        if number != self.here and number in self.spaces:
            own, self.here = shell().user_ns, number
            own.clear()
            own.update(self.spaces[number])


def _run(cell):
    with _printing() as printed, unwritten():
        result = shell().run_cell(cell, store_history=False)
    error = result.error_before_exec or result.error_in_exec
    return {"out": printed.all(), "error": _told(error) if error else None}


def _answer(head, blobs, kept):
    """Call what the judge names: the answer, and what became of the arguments."""
    back: list[bytes] = []
    with _printing() as printed, unwritten():
        try:
            sent = list(blobs)  # each is read once, and those of the arguments again afterwards
            arguments = [values.decode(said, sent, _given) for said in head["arguments"]]
            options = {k: values.decode(said, sent, _given) for k, said in head["options"].items()}
            answer = _target(head, kept)(*arguments, **options)
            reply = {"answer": values.encode(answer, back, lambda x, blobs: _kept(x, blobs, kept))}
            reply["after"] = _after(head["arguments"], arguments, blobs, back)
        except BaseException as error:
            reply, back = {"error": _told(error)}, []
    return {**reply, "call": head["call"], "out": printed.all()}, back


def _target(head, kept):
    """Find a function by its name; or what an object that was kept is asked."""
    if "name" in head:
        space = shell().user_ns
        if head["name"] not in space:
            raise NameError(f"name {head['name']!r} is not defined", name=head["name"])
        return space[head["name"]]
    if head["operation"] in OPERATIONS:
        from cnnkit.checks.probe import Network

        return getattr(Network(kept[head["object"]]), head["operation"])
    return kept[head["object"]]


def _told(error):
    """Say what an exception is, and on which line of which cell it arose."""
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if frame.filename.startswith("<ipython-input")]
    line = [own[-1].lineno, own[-1].line or ""] if own else None
    try:
        message = str(error)[:2000]
    except Exception:
        message = ""
    if isinstance(error, SyntaxError) and error.lineno:
        message, line = error.msg, [error.lineno, (error.text or "").strip()]
    return {
        "kinds": [kind.__name__ for kind in type(error).__mro__][:20],
        "message": message,
        "line": line,
        "name": str(getattr(error, "name", "")),
    }


# ---- what goes out and comes in ------------------------------------------------------------------


def _kept(value, blobs, kept):
    """Say of what is no value what it is; keep what can be called, for the judge to ask."""
    if isinstance(value, np.ndarray | np.generic | int):  # not one of numbers that arrays can hold
        return {"odd": type(value).__name__}
    if isinstance(value, type):
        return {"class": value.__name__}
    if not callable(value):
        return {"thing": [type(value).__name__, *_numbers(value, blobs)]}
    kept.append(value)
    kinds = {kind.__name__ for kind in type(value).__mro__}
    return {"handle": [len(kept) - 1, type(value).__name__, bool(kinds & {"Module", "Model"})]}


def _numbers(thing, blobs):
    """Give the number and the array that NumPy makes of a thing; None where it makes none."""
    torch = sys.modules.get("torch")
    one = torch is not None and type(thing) is torch.Tensor and thing.numel() == 1
    number = thing.item() if one else None
    try:
        array = np.asarray(thing)
    except Exception:
        array = None
    return [values.encode(some, blobs, lambda *_: None) for some in (number, array)]


def _given(kind, content, blobs):
    """Make what the judge sends beside values: tensors, and objects of a test."""
    if kind == "tensor":
        torch = importlib.import_module("torch")
        return torch.from_numpy(values.decode(content, blobs, _given))
    thing, gradients = pickle.loads(blobs[content])  # from the judge, which is trusted
    if gradients:
        for parameter, gradient in zip(thing.parameters(), gradients, strict=True):
            parameter.grad = gradient
    return thing


def _after(said, arguments, blobs, back):
    """List what the call did to its arguments: [place, new value, or new state]."""
    changed = []
    for place, (before, now) in enumerate(zip(said, arguments, strict=True)):
        if isinstance(before, dict) and "object" in before:
            changed.append([place, {"state": _state(now, back)}])
        elif isinstance(before, dict) and not _same(values.decode(before, blobs, _given), now):
            changed.append([place, values.encode(now, back, lambda *_: None)])
    return changed


def _same(one, other):
    if isinstance(one, np.ndarray):
        shaped = isinstance(other, np.ndarray) and one.shape == other.shape
        return shaped and one.dtype == other.dtype and one.tobytes() == other.tobytes()
    if isinstance(one, list | tuple):
        fit = isinstance(other, list | tuple) and len(one) == len(other)
        return fit and all(map(_same, one, other))
    if isinstance(one, values.PLAIN):
        return type(one) is type(other) and (one == other or one != one)
    return True  # tensors: no test looks at them afterwards


def _state(thing, back):
    """Say all that a call may have changed in an object of a test, in values."""
    from cnnkit.checks.probe import belongings

    torch: Any = sys.modules.get("torch")
    keras: Any = sys.modules.get("keras")
    state: dict = {}

    def numbers(tensor):
        if tensor is None:
            return None
        array = tensor.detach().cpu().to(torch.float64).numpy()
        return [str(tensor.dtype).removeprefix("torch."), values.encode(array, back, None)]

    if keras is not None and isinstance(thing, keras.Model):
        return state  # loaded, it lists its numbers in another order; no test looks at them after
    if torch is not None and isinstance(thing, torch.nn.Module):
        state["parameters"] = [
            [numbers(p), p.requires_grad, numbers(p.grad)] for p in thing.parameters()
        ]
        state["buffers"] = [numbers(buffer) for buffer in thing.buffers()]
        state["training"] = [module.training for module in thing.modules()]
        state["belongings"] = list(map(belongings, thing.modules()))
    elif type(thing).__module__.startswith("PIL."):
        digest = hashlib.sha256(thing.tobytes()).hexdigest()
        state["picture"] = [thing.mode, list(thing.size), digest]
    if type(thing).__module__ == "__main__":
        state["own"] = {
            name: value
            for name, value in vars(thing).items()
            if not name.startswith("_") and isinstance(value, int | float | list)
        }
    return state


if __name__ == "__main__":
    warnings.simplefilter("ignore", DeprecationWarning)  # of forking: no thread runs here yet
    nursery(socket.socket(fileno=int(sys.argv[1])))
