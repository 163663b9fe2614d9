"""The trusted side: test cells run here, and each function that a student was asked for is a proxy.

A proxy sends its arguments into the sandbox and gives back what comes, as values; so a test cell
reads as if the answer stood beside it. Nothing of a student's runs here: no code, no pickle, no
class. What comes back is only numbers, text and containers of them, and what is shown to a student
of a hidden part is never made of what the answer said there.

A notebook has two workers. One answers in the parts that the student sees, the other in the hidden
ones: what an answer learns from a hidden part has no way into the feedback.

What is still to be forged is what only the sandbox can know: whether an argument was left as it
was, in which order a loss was called, how a network came to its scores. Never a number that a test
compares.
"""

import ast
import builtins
import contextlib
import hashlib
import io
import sys
from dataclasses import dataclass
from typing import Any

import numpy as np
from nbformat.v4 import new_output

from cnnkit.checks.marks import OutOfTime, Part, Score, Wrong
from cnnkit.checks.probe import hang_on
from cnnkit.grading import values
from cnnkit.grading.sandbox import Nursery, Stopped, Worker
from cnnkit.study.cells import grade_id, is_test

__all__ = ["PRINTED", "judge", "modules_of"]

PRINTED = "cnnkit-printed"  # metadata of an output: what the answer printed while it was tested
OUTSIDE = 20.0  # seconds for a call outside of any part
SHOWN = 10_000  # characters of all that an answer prints in one test cell
KNOWN = {name: kind for name, kind in vars(builtins).items() if isinstance(kind, type)}
KNOWN |= {name: getattr(np.exceptions, name) for name in dir(np.exceptions) if name[0].isupper()}
NONSENSE = TypeError, ValueError, IndexError, KeyError, AttributeError, AssertionError


def judge(source, notebook, nursery):
    """Run a notebook: its answers in a sandbox, its tests here.

    Parameters
    ----------
    source : NotebookNode
        The teacher's notebook.
    notebook : NotebookNode
        The same with a student's answers, see ``cnnkit.study.repair``; its outputs are written.
    nursery : Nursery
        Where the answers run.
    """
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    outputs = {grade_id(cell): cell for cell in cells if is_test(cell)}
    own: list = []
    above: dict[str, int] = {}
    for cell in cells:
        if is_test(cell):
            above[grade_id(cell)] = len(own)
        else:
            own.append(cell)
    answers = Answers([cell.source for cell in own], nursery, sorted(set(above.values())))
    try:
        answers.begin()
        space = {"__name__": "__main__"}
        for cell in source.cells:
            if is_test(cell):
                answers.above = above[grade_id(cell)]
                outputs[grade_id(cell)].outputs = _test(cell.source, space, answers)
            elif cell.cell_type == "code" and grade_id(cell):
                space |= {name: answers.function(name) for name in _defined(cell.source)}
            elif cell.cell_type == "code":
                exec(cell.source, space)
        for cell, told in zip(own, answers.told(), strict=True):
            cell.outputs = _shown(told)
    finally:
        answers.close()
    for number, cell in enumerate(cells):
        cell.execution_count = number + 1
        for output in cell.outputs:
            if output.output_type == "execute_result":
                output.execution_count = number + 1


def modules_of(source):
    """List what the cells of a notebook import, in their order."""
    found: list[str] = []
    for cell in source.cells:
        for node in ast.walk(ast.parse(cell.source)) if cell.cell_type == "code" else ():
            if isinstance(node, ast.Import):
                found += [name.name for name in node.names]
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                inside = [f"{node.module}.{name.name}" for name in node.names]
                found += inside if node.module == "cnnkit" else [node.module]
    return list(dict.fromkeys(found))


def _defined(source):
    """Name the functions that an answer's cell has to define."""
    kinds = ast.FunctionDef | ast.ClassDef
    return [node.name for node in ast.parse(source).body if isinstance(node, kinds)]


def _test(source, space, answers):
    """Run a test cell, and give its outputs: verdicts, what the answer printed, the score."""
    tree = ast.parse(source)
    last = ast.Expression(tree.body.pop().value)
    told, answers.printed, answers.held = io.StringIO(), "", 0
    outputs = []
    try:
        with contextlib.redirect_stdout(told), contextlib.redirect_stderr(io.StringIO()):
            exec(compile(tree, "<test>", "exec"), space)
            score = eval(compile(last, "<test>", "eval"), space)
        if isinstance(score, Score):
            outputs.append(new_output("execute_result", data=score._repr_mimebundle_()))
    except Exception as error:
        Part.current = None
        kind = type(error).__name__
        words = [f"{kind} stopped this test."]
        outputs.append(new_output("error", ename=kind, evalue="", traceback=words))
    if answers.printed:
        data, mark = {"text/plain": answers.printed[:SHOWN]}, {PRINTED: True}
        outputs.insert(0, new_output("display_data", data=data, metadata=mark))
    return [new_output("stream", text=told.getvalue()), *outputs]


def _shown(told):
    """Give the outputs of a student's own cell."""
    out, error = told
    outputs = [new_output("stream", text=out)] if out else []
    if error:
        kind, message, line = error
        words = [f"{kind}: {message}{line}"]
        outputs.append(new_output("error", ename=kind, evalue=message, traceback=words))
    return outputs


# ---- a notebook's functions ----------------------------------------------------------------------


@dataclass
class Answers:
    """The functions of one notebook, and the two workers in which they run."""

    cells: list[str]
    nursery: Nursery
    stops: list[int]  # how many cells stand above each of the tests
    above: int = 0  # ... and above the one that runs: what stands below it does not count
    printed: str = ""
    held: int = 0  # bytes of what came in this test cell: it may keep all

    def __post_init__(self):
        self.limits = self.nursery.limits
        self.workers: dict[bool, Worker] = {}
        self.said: dict[bool, list] = {}
        self.skip: dict[int, str] = {}
        self.starts, self.calls, self.spent = 0, 0, 0.0
        self.allowed: tuple = ()

    def begin(self):
        """Run the cells for what they show; what fails there, fails again where it is called."""
        with contextlib.suppress(Wrong):
            self.worker(hidden=False)

    def told(self):
        """List what each cell printed, and the error that ended it, if one did."""
        nothing = [("", None)] * len(self.cells)
        told = list(self.said.get(False, nothing))
        for number, reason in self.skip.items():
            told[number] = ("", ("Stopped", f"This cell was stopped: {reason}.", ""))
        return told

    def function(self, name):
        """Give the proxy of a function."""

        def proxy(*arguments, **options):
            return self.call({"name": name}, arguments, options)

        proxy.__name__ = name
        return proxy

    def worker(self, hidden):
        """Give the worker of the hidden or of the other parts, with all its cells run.

        A cell that never ends, or that ends Python, is left out from then on.
        """
        if hidden in self.workers and self.workers[hidden].has_ended():
            self._drop(self.workers[hidden])  # after its last reply: nobody else pays for that
        while hidden not in self.workers:
            if self.starts >= self.limits.starts or self.spent > self.limits.notebook:
                raise Wrong("Your notebook ended Python, or waited, too often: it was given up.")
            self.starts += 1
            worker = Worker(self.nursery)
            said: list = []
            worker.allow(self.limits.cell)
            try:
                worker.send({"cells": self.cells, "skip": list(self.skip), "stops": self.stops})
                while len(said) < len(self.cells):
                    head, _ = worker.receive()
                    said.append((_text(head, "out", SHOWN), _error(head.get("error"))))
                    worker.allow(self.limits.cell)
                self.workers[hidden], self.said[hidden] = worker, said
            except (Stopped, OutOfTime, values.Malformed) as error:
                self._end(worker)
                number = len(said)
                if number in self.skip:
                    raise Wrong(f"Your notebook did not start: {error}.") from None
                slow = isinstance(error, OutOfTime)
                self.skip[number] = "it did not finish in time" if slow else str(error)
            except BaseException:
                self._end(worker)
                raise
        return self.workers[hidden]

    def call(self, what, arguments, options, born=None):
        """Let a worker call something, and give back the value that comes.

        ``born`` is the worker of an object that is asked; what has a name is asked where the part
        that is being judged belongs.
        """
        part = Part.current
        with part.elsewhere() if part else contextlib.nullcontext():
            return self._call(part, what, arguments, options, born)

    def _call(self, part, what, arguments, options, born):
        hidden = part is None or part.hidden
        worker: Worker = born or self.worker(hidden)
        if worker is not self.workers.get(hidden):
            raise Wrong("The network of this part is gone: an earlier part has failed.")
        if part is None or self.allowed != (part, worker):
            worker.allow(self.limits.patience * (part.seconds if part else OUTSIDE))
            self.allowed = part, worker
        blobs: list[bytes] = []
        self.calls += 1
        head = {
            **what,
            "call": self.calls,
            "above": self.above,
            "arguments": [values.encode(value, blobs, _send) for value in arguments],
            "options": {name: values.encode(v, blobs, _send) for name, v in options.items()},
        }
        reader = _Reader(self, worker, hidden)
        try:
            worker.send(head, blobs)
            reply, back = worker.receive()
            self.held += worker.channel.weight
            if self.held > self.limits.memory:
                raise Stopped("it gave back more than fits into its memory")
            if reply.get("call") != self.calls:  # not the reply to this, but to something earlier
                raise values.Malformed("it answers nothing that was asked")
            if not hidden and len(self.printed) <= SHOWN:
                self.printed += _text(reply, "out", SHOWN)
            if reply.get("error") is None:
                for place, new in reply.get("after") or ():
                    _give_back(arguments[place], new, back, reader)
                return values.decode(reply.get("answer"), back, reader.other)
            failure = reader.exception(reply["error"], "operation" in what)
        except (Stopped, values.Malformed, *NONSENSE) as error:
            self._drop(worker)
            why = error if isinstance(error, Stopped) else "its reply made no sense"
            raise Wrong(f"Your function was stopped: {why}.") from None
        except BaseException:
            self._drop(worker)
            raise
        raise failure

    def _drop(self, worker):
        self.workers = {kind: w for kind, w in self.workers.items() if w is not worker}
        self._end(worker)

    def _end(self, worker):
        self.spent += worker.all_spent
        worker.close()

    def close(self):
        """End both workers."""
        for worker in list(self.workers.values()):
            self._drop(worker)


# ---- what goes out and comes in ------------------------------------------------------------------


def _send(thing, blobs):
    """Say what is no value, for the sandbox: tensors, and the objects of a test.

    Pickled here, and read there alone, where nobody trusts anything.
    """
    import cloudpickle

    torch = sys.modules.get("torch")
    if torch is not None and type(thing) is torch.Tensor and not thing.requires_grad:
        return {"tensor": values.encode(thing.numpy(), blobs, _send)}
    gradients = None  # which pickles forget
    if torch is not None and isinstance(thing, torch.nn.Module):
        gradients = [parameter.grad for parameter in thing.parameters()]
    blobs.append(cloudpickle.dumps((thing, gradients)))
    return {"object": len(blobs) - 1}


@dataclass
class _Reader:
    """Makes of what a worker says the things that a test cell may touch."""

    answers: Answers
    worker: Worker
    hidden: bool

    def other(self, kind, content, blobs):
        """Make what stands for something that is no value."""
        if kind == "odd":
            return np.array(None, dtype=object)
        if kind == "class":
            return type(self.name(content, "Class"), (), {})
        if kind == "thing":
            name, number, said = content
            own = {"number": number, "numbers": values.decode(said, blobs, self.other)}
            return type(self.name(name, "thing"), (_Thing,), own)()
        if kind == "handle":
            number, name, network = content
            made = type(self.name(name, "thing"), (Handle,), {})
            return made(self.answers, self.worker, int(number), bool(network))
        raise ValueError(kind)

    def name(self, said, instead):
        """Give the name of a class of theirs: in a hidden part only one that all know."""
        said = str(said)[:40]
        good = said in KNOWN or said == "Tensor" or (said.isidentifier() and not self.hidden)
        return said if good else instead

    def exception(self, told, operation):
        """Make an exception of ours that stands for one of theirs."""
        name, message, line = _error(told)
        if operation and name == "Wrong":
            return Wrong("The network does not do what is asked of it." if self.hidden else message)
        known = (KNOWN[kind] for kind in told["kinds"] if kind in KNOWN)
        simple = (k for k in known if issubclass(k, Exception) and k is not ExceptionGroup)
        base = next(simple, Exception)
        message = "" if self.hidden else message
        shown = self.name(name, base.__name__)
        # Some, such as an AxisError, would be told when they begin what went wrong.
        own = {"__init__": lambda self: None, "__str__": lambda self: message}
        error = type(shown, (base,), own)()
        error.line_of_answer = "" if self.hidden else line
        if isinstance(error, NameError):
            error.name = str(told["name"])
        return error


def _error(told):
    """Read what a worker says of an exception: its kind, its message, and its line."""
    if told is None:
        return None
    try:
        line = ""
        if told["line"] is not None:
            number, text = told["line"]
            line = f" (line {int(number)} of your cell: {values.words(text, 120).strip()})"
        kind = str(told["kinds"][0])[:40]
        kind = kind if kind.isidentifier() else "Exception"
        return kind, values.words(told["message"], 500), line
    except NONSENSE:
        raise values.Malformed("it made no sense") from None


def _text(head, name, most):
    return values.words(head.get(name, ""), most)


class _Thing:
    """Stands for an object that stays in the sandbox, and of which nothing is asked."""

    number: Any = float("nan")
    numbers: Any = None

    def __float__(self):
        if isinstance(self.number, bool | int | float):
            return float(self.number)
        raise TypeError(type(self).__name__)

    def __array__(self, dtype=None, copy=None):
        """Be in a list what it is there: a tensor, to name one, is an array to NumPy."""
        if isinstance(self.numbers, np.ndarray):
            return self.numbers.astype(dtype or self.numbers.dtype)
        return np.array(None, dtype=object)


class Handle(_Thing):
    """Stands for an object that stays in the sandbox, and can be called there.

    A network is also asked for ``outputs``, its ``count`` of parameters and their ``shapes``, and
    given other parameters, ``load``: see ``checks.Network``.
    """

    def __init__(self, answers, worker, number, network):
        self._answers, self._worker, self._number, self._network = answers, worker, number, network

    def __call__(self, *arguments, **options):
        """Call it, in the sandbox, with values."""
        return self._ask("call", *arguments, **options)

    def _ask(self, operation, *arguments, **options):
        what = {"object": self._number, "operation": operation}
        return self._answers.call(what, arguments, options, born=self._worker)

    def as_network(self):
        """Be what ``checks.Network`` makes of a network here."""
        if not self._network:
            kind = type(self).__name__
            raise Wrong(f"Your function gave a {kind} back: return a network of PyTorch or Keras.")
        return _Network(self._ask)


class _Network:
    """A network in the sandbox: what ``checks.Network`` is of one here, each reply looked at."""

    def __init__(self, ask):
        self._ask = ask

    def outputs(self, images, training=False):
        """Give the scores for a batch of images, as an array."""
        found = self._ask("outputs", np.asarray(images), training=training)
        if not isinstance(found, np.ndarray):
            raise Wrong("The network gives no numbers.")
        return found

    def count(self):
        """Give the number of all parameters."""
        return int(self._ask("count"))

    def shapes(self):
        """List the shapes of the parameters."""
        return [tuple(map(int, shape)) for shape in self._ask("shapes")]

    def load(self, *arrays):
        """Give each parameter the numbers of the array that has as many."""
        self._ask("load", *arrays)


def _give_back(argument, new, blobs, reader):
    """Do to an argument what a worker says that the answer did to it."""
    if isinstance(new, dict) and "state" in new:
        _give_state_back(argument, new["state"], blobs, reader)
    elif isinstance(argument, np.ndarray | list):
        _replace(argument, values.decode(new, blobs, reader.other))


def _replace(old, new):
    if isinstance(old, np.ndarray) and isinstance(new, np.ndarray):
        if old.shape != new.shape:
            old.resize(new.shape, refcheck=False)
        old[...] = new
    elif isinstance(old, list) and isinstance(new, list):
        if len(old) == len(new) and all(isinstance(item, np.ndarray | list) for item in old):
            for one, other in zip(old, new, strict=True):
                _replace(one, other)
        else:
            old[:] = new


def _give_state_back(thing, state, blobs, reader):
    """Give an object of a test the numbers, the gradients and the modes that it has there."""
    torch: Any = sys.modules.get("torch")

    def tensor(said, like):
        if said is None:
            return None
        dtype = getattr(torch, str(said[0]))
        if not isinstance(dtype, torch.dtype):
            raise ValueError(said[0])
        array = values.decode(said[1], blobs, reader.other)
        return torch.from_numpy(array).to(dtype).reshape(like.shape)

    if torch is not None and isinstance(thing, torch.nn.Module) and "parameters" in state:
        rows = zip(thing.parameters(), state["parameters"], strict=True)
        for parameter, (data, trained, gradient) in rows:
            parameter.grad = None
            parameter.data = tensor(data, parameter)
            parameter.requires_grad_(bool(trained))
            parameter.grad = tensor(gradient, parameter)
        for buffer, data in zip(thing.buffers(), state["buffers"], strict=True):
            buffer.data = tensor(data, buffer)
        for module, mode in zip(thing.modules(), state["training"], strict=True):
            module.training = bool(mode)
        for module, there in zip(thing.modules(), state["belongings"], strict=True):
            hang_on(module, *map(int, there))
    if "picture" in state and type(thing).__module__.startswith("PIL."):
        mode, size, digest = state["picture"]
        same = digest == hashlib.sha256(thing.tobytes()).hexdigest()
        if not same or (mode, tuple(size)) != (thing.mode, thing.size):
            thing.paste(255 if thing.getextrema() == (0, 0) else 0, (0, 0, *thing.size))
    for name, value in state.get("own", {}).items():
        plain = isinstance(value, int | float | list) and not name.startswith("_")
        if plain and type(vars(thing).get(name)) is type(value):
            setattr(thing, name, value)
