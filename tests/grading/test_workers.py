"""Processes that work through a list: each task once, and one that ends harms no other."""

import os
import time
from concurrent.futures.process import BrokenProcessPool
from functools import partial
from pathlib import Path

from cnnkit.grading.workers import Workers


def visit(folder, name):
    """Leave a trace of each call; some names end badly."""
    with Path(folder, name).open("a") as file:
        file.write(f"{os.getpid()} {os.environ['OMP_NUM_THREADS']}\n")
    calls = Path(folder, name).read_text().count("\n")
    if name == "deadly":
        os._exit(0)
    if name == "wrong" or (name == "unlucky" and calls == 1):
        raise ValueError(f"{name} in call {calls}")
    print("nobody hears this")
    return calls


def test_each_task_is_done_once_and_what_fails_is_tried_twice(tmp_path, monkeypatch, capfd):
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    good = list("abcdefg")
    told = []
    with Workers(3, threads=2) as workers:
        tasks = ["deadly", "wrong", "unlucky", *good]
        results = workers.each(partial(visit, tmp_path), tasks, told=told.append)
        # Also after one of them has ended, there are as many as before.
        assert workers.each(partial(visit, tmp_path), good) == dict.fromkeys(good, 2)
        assert workers.run(visit, tmp_path, "last") == 1
    assert {name: results[name] for name in [*good, "unlucky"]} == {
        **dict.fromkeys(good, 1),
        "unlucky": 2,
    }
    assert isinstance(results["deadly"], BrokenProcessPool)
    assert str(results["wrong"]) == "wrong in call 2"
    assert sorted(told) == sorted(tasks)
    lines = [line for path in tmp_path.iterdir() for line in path.read_text().splitlines()]
    assert {line.split()[1] for line in lines} == {"2"}
    assert str(os.getpid()) not in {line.split()[0] for line in lines}
    assert capfd.readouterr() == ("", "")


def end_soon():
    """End this process, just after it has answered."""
    import threading

    threading.Timer(0.2, os._exit, [0]).start()


def test_a_process_that_ends_while_it_waits_is_replaced(tmp_path):
    with Workers(1) as workers:
        workers.run(end_soon)
        time.sleep(1.5)
        assert workers.run(visit, tmp_path, "after") == 1


def test_more_threads_are_for_the_teacher_to_allow(tmp_path, monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "5")
    with Workers(1, threads=2) as workers:
        workers.run(visit, tmp_path, "a")
    assert (tmp_path / "a").read_text().split()[1] == "5"
