"""Judge on other machines: where a scheduler of Dask's says, behind the walls of that machine.

A worker of Dask's is the teacher's own: it gets the teacher's notebook, hidden tests among it, and
the same with a student's answers, and gives that back with its outputs. Marks, gradebook and pages
are written by the machine that asked. What runs there is this module, warm from call to call.
"""

import atexit
import hashlib
import importlib
import json
import socket
import threading
from pathlib import Path

import nbformat

from cnnkit.checks.marks import NotJudged
from cnnkit.grading import workers
from cnnkit.grading.judge import judge, modules_of
from cnnkit.grading.sandbox import Limits, Nursery, Refused

__all__ = ["Cluster", "edition"]

PACKAGE = Path(__file__).resolve().parents[1]
DECIDES = ".py", ".txt", ".j2"  # code, names of classes, pages of feedback
PATIENCE = 10  # seconds until somebody answers
WARM: dict[tuple, Nursery] = {}  # in a worker of Dask's: the sandboxes that stand there
ALONE = threading.Lock()  # a test prints: one at a time


def edition():
    """Name the code that decides about marks, in short: it must be the same everywhere.

    Tests import what they need of the whole package; widgets they do not.
    """
    ours = hashlib.sha256()
    for path in sorted(path for ending in DECIDES for path in PACKAGE.rglob(f"*{ending}")):
        place = path.relative_to(PACKAGE)
        if place.parts[0] != "widgets":
            ours.update(f"{place.as_posix()}\0".encode() + path.read_bytes())
    return ours.hexdigest()


def _connect(scheduler):
    """Connect to a scheduler."""
    try:
        from distributed import Client
    except ModuleNotFoundError:
        message = "Other machines are asked through Dask: python -m pip install distributed"
        raise workers.Over(message) from None
    try:
        return Client(scheduler, timeout=PATIENCE, set_as_default=False)
    except (OSError, ValueError) as error:
        raise workers.Over(
            f"No scheduler of Dask's answers at {scheduler} ({error}): start one with "
            f"`dask scheduler`, and name the address that it prints."
        ) from None


class Cluster:
    """The workers of a scheduler, each for one notebook at once."""

    def __init__(self, scheduler, modules, limits, walled, jobs, notebooks):
        self.scheduler, self.limits, self.walled = scheduler, limits, walled
        self.jobs = min(jobs or workers.run(_count, scheduler), notebooks)

    def prepare(self):
        """Import what asks them, once for all that are forked from here."""
        importlib.import_module("distributed")

    def wait(self):
        """Wait for nothing: they are there, or others come."""

    def ready(self, slot):
        """Do nothing: each machine looks after its own sandbox."""

    def judge(self, slot, source, notebook):
        """Judge a notebook on one of them; the outputs of the notebook are written.

        Raises
        ------
        RuntimeError
            If it could not be judged there; with the name of the machine.
        """
        texts = nbformat.writes(source), nbformat.writes(notebook)
        with _connect(self.scheduler) as client:
            # One that goes down has nothing to do with this notebook: another is asked.
            asked = client.submit(
                _judged, *texts, edition(), self.limits, self.walled, pure=False, retries=1
            )
            told = json.loads(asked.result())
        for cell, judged in zip(notebook.cells, told, strict=True):
            cell.update(nbformat.from_dict(judged))


def _count(scheduler):
    """Count the workers of a scheduler."""
    with _connect(scheduler) as client:
        found = len(client.nthreads())
    if not found:
        raise workers.Over(
            f"The scheduler at {scheduler} has no workers: on each machine, in the course's "
            f"folder, `dask worker {scheduler} --nworkers auto --nthreads 1`."
        )
    return found


def _judged(source, notebook, code, limits, walled):
    """Judge a notebook, in a worker of Dask's: what is written down of each cell."""
    here = socket.gethostname()
    if code != edition():
        raise RuntimeError(
            f"{here} has another edition of the course: copy the teacher's there, and start its "
            f"workers again."
        )
    source, notebook = (nbformat.reads(text, as_version=4) for text in (source, notebook))
    with ALONE:
        try:
            judge(source, notebook, _nursery(modules_of(source), limits, walled))
        except NotJudged as error:
            raise RuntimeError(f"{here}: {error}") from None
    names = "outputs", "execution_count"
    return json.dumps([{k: cell[k] for k in names if k in cell} for cell in notebook.cells])


def _nursery(modules, limits: Limits, walled):
    """Give a sandbox that is warm; one whose exercise is over makes room."""
    key = tuple(modules), limits, walled
    if key in WARM and not WARM[key].has_ended():
        return WARM[key]
    while WARM:
        WARM.popitem()[1].close()
    nursery = Nursery(modules, limits, 1, walled)
    try:
        nursery.wait()
    except Refused as refused:
        raise NotJudged(f"this machine refuses the sandbox ({refused})") from None
    WARM[key] = nursery
    atexit.register(nursery.close)
    return nursery
