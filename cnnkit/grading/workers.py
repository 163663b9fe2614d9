"""Let forked processes work through a list of tasks; one that ends takes nobody's task with it."""

import gc
import multiprocessing
import os
import sys
from collections import deque
from multiprocessing.connection import wait
from typing import Any

__all__ = ["Died", "Over", "each", "run"]

FORK = multiprocessing.get_context("fork")


class Died(Exception):
    """A process that ended without an answer."""


class Over(Exception):
    """Raised by a call to end all: what is needed for every task is gone."""


def run(call, *arguments):
    """Do one thing in a process of its own, and give back, or raise, what comes of it."""
    (result,) = each(lambda slot, task: call(*task), [arguments], tries=1).values()
    if isinstance(result, Exception):
        raise result
    return result


def each(call, tasks, count=1, told=lambda task: None, tries=2, ready=lambda slot: None):
    """Call a function with each task, in a process that knows all that this one has prepared.

    Where it raises an exception, or ends its process, it is called again after all others; where
    it raises ``Over``, so does this, and what is done is done.

    Parameters
    ----------
    call : callable
        Called with the number of a slot, below `count`, that no other process has meanwhile, and
        the task.
    tasks : iterable
    count : int
        How many processes there may be at once.
    told : callable, optional
        Called with each task that is done, or given up.
    tries : int
        How often to call, at most.
    ready : callable, optional
        Called here with the number of a slot, each time before it is used.

    Returns
    -------
    dict
        For each task what came back; or the exception, where the last try ended in one.
    """
    waiting = deque((task, tries) for task in tasks)
    free, results = list(range(count)), {}
    running: dict[Any, tuple] = {}
    try:
        while waiting or running:
            while waiting and free:
                slot, (task, left) = free.pop(), waiting.popleft()
                ready(slot)
                answer, ours = FORK.Pipe(duplex=False)
                process = FORK.Process(target=_work, args=(ours, call, slot, task), daemon=True)
                process.start()
                ours.close()
                running[answer] = process, slot, task, left
            for connection in wait(list(running)):
                pipe: Any = connection
                process, slot, task, left = running.pop(pipe)
                result = _result(pipe)
                process.join()
                free.append(slot)
                if isinstance(result, Over):
                    raise result
                if isinstance(result, Exception) and left > 1:
                    waiting.append((task, left - 1))
                    continue
                results[task] = result
                told(task)
    finally:
        for process, *_ in running.values():
            process.kill()
            process.join()
    return results


def _result(answer):
    try:
        return answer.recv()
    except EOFError:
        return Died("something ended the process that worked on it")
    finally:
        answer.close()


def _work(answer, call, slot, task):
    """Work on a task, and keep the notes of nbgrader and of libraries off the terminal."""
    gc.disable()  # it ends soon, and what it shares with its parent is not copied for nothing
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.dup2(nowhere, 2)
    sys.stdout = sys.stderr = open(nowhere, "w", closefd=False)  # noqa: SIM115
    try:
        result = call(slot, task)
    except (Exception, SystemExit) as error:
        result = error if isinstance(error, Exception) else Died(str(error))
    try:
        answer.send(result)
    except Exception:  # an exception that cannot be sent
        answer.send(Died(f"{type(result).__name__}: {result}"))
