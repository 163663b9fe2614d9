"""Let processes work through a list of tasks; one that ends takes nobody's task with it."""

import contextlib
import multiprocessing
import os
from collections import deque
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool

__all__ = ["Workers"]


class Workers:
    """Some processes, started when there is work for them: use it in a ``with`` statement.

    Parameters
    ----------
    count : int
        How many.
    threads : int
        How many threads the libraries in each of them, and in what it starts, may use; what
        ``OMP_NUM_THREADS`` says comes first.
    """

    def __init__(self, count, threads=1):
        self.threads = threads
        self.processes = contextlib.ExitStack()
        self.free = [self._process() for _ in range(count)]

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.processes.close()

    def run(self, call, *arguments):
        """Do one thing, and give back what comes of it."""
        process, future = self._start(call, *arguments)
        self.free.append(process)
        return future.result()

    def each(self, call, tasks, told=lambda task: None, tries=2):
        """Call a function with each task, as many at a time as there are processes.

        Where it raises an exception, or ends its process, it is called again after all others.

        Parameters
        ----------
        call : callable
            A function of a module, which another process can import.
        tasks : iterable
            What to call it with.
        told : callable, optional
            Called with each task that is done, or given up.
        tries : int
            How often to call, at most.

        Returns
        -------
        dict
            For each task what came back; or the exception, where the last try ended in one.
        """
        waiting = deque((task, tries) for task in tasks)
        running: dict[Future, tuple] = {}
        results = {}
        while waiting or running:
            while waiting and self.free:
                task, left = waiting.popleft()
                process, future = self._start(call, task)
                running[future] = process, task, left
            for future in wait(running, return_when=FIRST_COMPLETED).done:
                process, task, left = running.pop(future)
                error = future.exception()
                ended = isinstance(error, BrokenProcessPool)
                self.free.append(self._process() if ended else process)
                if error and left > 1:
                    waiting.append((task, left - 1))
                    continue
                results[task] = error or future.result()
                told(task)
        return results

    def _start(self, call, *arguments):
        """Hand a call to a free process."""
        process = self.free.pop()
        try:
            return process, process.submit(call, *arguments)
        except BrokenProcessPool:  # it ended after its last task
            process = self._process()
            return process, process.submit(call, *arguments)

    def _process(self):
        """Prepare a pool of one: when its process ends, the others go on."""
        spawn = multiprocessing.get_context("spawn")
        process = ProcessPoolExecutor(1, spawn, _begin, (self.threads,))
        return self.processes.enter_context(process)


def _begin(threads):
    """Limit threads, and keep the notes of kernels and of nbgrader off the terminal."""
    os.environ.setdefault("OMP_NUM_THREADS", str(threads))
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.dup2(nowhere, 2)
