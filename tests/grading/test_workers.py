"""Processes that work through a list: each task once, and one that ends harms no other."""

import os
from functools import partial
from pathlib import Path

import pytest

from cnnkit.grading import workers


def visit(folder, slot, name):
    """Leave a trace of each call; some names end badly."""
    with Path(folder, name).open("a") as file:
        file.write(f"{os.getpid()} {slot}\n")
    calls = Path(folder, name).read_text().count("\n")
    if name == "deadly":
        os._exit(0)
    if name == "leaving":
        raise SystemExit("left")
    if name == "wrong" or (name == "unlucky" and calls == 1):
        raise ValueError(f"{name} in call {calls}")
    print("nobody hears this")
    return calls


def test_each_task_is_done_once_and_what_fails_is_tried_twice(tmp_path, capfd):
    good, told = list("abcdefg"), []
    tasks = ["deadly", "wrong", "unlucky", "leaving", *good]
    results = workers.each(partial(visit, tmp_path), tasks, 3, told.append)
    # Also after one of them has ended, there are as many as before.
    assert workers.each(partial(visit, tmp_path), good, 3) == dict.fromkeys(good, 2)
    assert workers.run(visit, tmp_path, 0, "last") == 1
    assert {name: results[name] for name in [*good, "unlucky"]} == {
        **dict.fromkeys(good, 1),
        "unlucky": 2,
    }
    assert isinstance(results["deadly"], workers.Died)
    assert str(results["wrong"]) == "wrong in call 2" and str(results["leaving"]) == "left"
    assert sorted(told) == sorted(tasks)
    lines = [line for path in tmp_path.iterdir() for line in path.read_text().splitlines()]
    assert {line.split()[1] for line in lines} == {"0", "1", "2"}
    assert str(os.getpid()) not in {line.split()[0] for line in lines}
    assert capfd.readouterr() == ("", "")


def test_what_one_process_raises_is_raised_here(tmp_path):
    with pytest.raises(ValueError, match="wrong in call 1"):
        workers.run(visit, tmp_path, 0, "wrong")


def test_before_a_slot_is_used_it_is_made_ready_here(tmp_path):
    used = []
    results = workers.each(partial(visit, tmp_path), ["a", "b", "wrong"], ready=used.append)
    assert used == [0] * 4 and results["a"] == results["b"] == 1  # one of them was tried twice


def test_where_what_all_need_is_gone_no_more_is_begun(tmp_path):
    def call(slot, name):
        (tmp_path / name).touch()
        if name == "c":
            raise workers.Over("the scheduler is gone")

    with pytest.raises(workers.Over, match="the scheduler is gone"):
        workers.each(call, "abcdefgh", 1)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a", "b", "c"]
