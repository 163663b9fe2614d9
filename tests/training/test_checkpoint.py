"""Runs that stop, and go on as if nothing had happened; files that are torn or of others."""

import json
import os
import signal
from functools import partial

import pytest
import torch
from runs import few, fit, net, press_ctrl_c, same

from cnnkit import models, training


@pytest.mark.parametrize("at", [1, 6, 8, 11])  # 4 steps an epoch: 8 is the last of the second
def test_a_stopped_run_goes_on_to_the_same_bits(digits, tmp_path, at):
    train, valid = few(digits[0], 256), few(digits[1], 100)
    options = {"epochs": 3, "batch_size": 64, "ema": 0.9, "augment": {"turn": 10, "shift": 0.1}}
    whole = net(dropout=0.3)
    torch.manual_seed(1)
    expected = fit(whole, train, valid, **options, out=tmp_path / "whole")

    stopped = net(dropout=0.3)
    torch.manual_seed(1)
    hook = press_ctrl_c(stopped, at)
    with pytest.raises(KeyboardInterrupt, match=f"after step {at} of 12, saved in .*--resume"):
        fit(stopped, train, valid, **options, out=tmp_path / "run")
    hook.remove()
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler

    going_on = net(seed=7, dropout=0.3)  # other weights, other dice: the checkpoint has them all
    torch.manual_seed(99)
    history = fit(going_on, train, valid, **options, out=tmp_path / "run", resume=True)
    assert same(going_on, whole)
    timed = {"seconds", "images_per_second"}
    for one, other in zip(history, expected, strict=True):
        assert {k: one[k] for k in one.keys() - timed} == {
            k: other[k] for k in other.keys() - timed
        }
    log = (tmp_path / "run/log.jsonl").read_text().splitlines()
    assert [json.loads(line) for line in log] == history

    again = net(seed=8, dropout=0.3)  # a run that has ended only gives its weights
    assert fit(again, train, valid, **options, out=tmp_path / "run", resume=True) == history
    assert same(again, whole)


def test_a_second_ctrl_c_stops_at_once(digits, tmp_path):
    model = net()
    press_ctrl_c(model, 2)
    press_ctrl_c(model, 2)
    with pytest.raises(KeyboardInterrupt) as stop:
        fit(model, few(digits[0], 256), batch_size=64, out=tmp_path)
    assert not str(stop.value)
    assert not (tmp_path / "checkpoint.pt").exists()


def test_early_stopping_goes_on_too(digits, tmp_path):
    train, valid = few(digits[0], 512), digits[1]
    options = {"epochs": 30, "lr": 0.3, "one_cycle": False, "patience": 2}
    whole, stopped, going_on = net(), net(), net(seed=3)
    expected = fit(whole, train, valid, **options)
    press_ctrl_c(stopped, 4 * len(expected) - 2)
    with pytest.raises(KeyboardInterrupt):
        fit(stopped, train, valid, **options, out=tmp_path)
    assert len(fit(going_on, train, valid, **options, out=tmp_path, resume=True)) == len(expected)
    assert same(going_on, whole)


def test_an_interrupted_write_leaves_the_old_checkpoint_whole(digits, tmp_path, monkeypatch):
    path = tmp_path / "checkpoint.pt"
    data = few(digits[0], 256)
    fit(net(), data, epochs=1, batch_size=64, out=tmp_path)
    before = path.read_bytes()

    def torn(state, file):
        file.write(before[: len(before) // 2])
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(torch, "save", torn)
        with pytest.raises(OSError, match="No space left"):
            training.save_checkpoint(path, {"other": 1})
    assert path.read_bytes() == before
    assert sorted(p.name for p in tmp_path.iterdir()) == ["checkpoint.pt", "log.jsonl"]
    training.load_checkpoint(path)
    training.save_checkpoint(path, {"model": {}, "plan": {}, "done": {}})
    assert training.load_checkpoint(path) == {"model": {}, "plan": {}, "done": {}}
    assert sorted(p.name for p in tmp_path.iterdir()) == ["checkpoint.pt", "log.jsonl"]


def test_what_a_checkpoint_does_not_fit_is_a_lesson(digits, tmp_path):
    data = few(digits[0], 256)
    run = partial(fit, batch_size=64, epochs=1)
    run(net(), data, out=tmp_path / "run")
    with pytest.raises(FileExistsError, match="holds a run already: resume it"):
        run(net(), data, out=tmp_path / "run")
    with pytest.raises(FileNotFoundError, match="no run was saved there"):
        run(net(), data, out=tmp_path / "none", resume=True)
    with pytest.raises(ValueError, match=r"is of another model: it has .* values in 9 arrays"):
        run(models.lenet(8), data, out=tmp_path / "run", resume=True)
    with pytest.raises(ValueError, match=r"lr=0.5 to go on with a run of lr=0.003"):
        run(net(), data, out=tmp_path / "run", resume=True, lr=0.5)
    path = tmp_path / "run/checkpoint.pt"
    whole = path.read_bytes()
    for left in (0, 10, len(whole) // 2, len(whole) - 2000, len(whole) - 1):
        path.write_bytes(whole[:left])
        with pytest.raises(ValueError, match="is damaged, or no checkpoint"):
            run(net(), data, out=tmp_path / "run", resume=True)
    torch.save(net().state_dict(), path)
    with pytest.raises(ValueError, match="is not a checkpoint; expected one that"):
        run(net(), data, out=tmp_path / "run", resume=True)


def test_a_checkpoint_runs_no_code(tmp_path):
    class Harm:
        def __reduce__(self):
            return (os.mkdir, (str(tmp_path / "harm"),))

    torch.save({"model": Harm(), "plan": {}, "done": {}}, tmp_path / "checkpoint.pt")
    with pytest.raises(ValueError, match="is damaged, or no checkpoint"):
        training.load_checkpoint(tmp_path / "checkpoint.pt")
    assert not (tmp_path / "harm").exists()
