"""Runs that stop, and go on as if nothing had happened; files that are torn or of others."""

import copy
import io
import json
import os
import signal
import zipfile
from functools import partial

import filelock
import numpy as np
import pytest
import torch
from disks import fill, small_disk
from runs import few, fit, net, press_ctrl_c, same

from cnnkit import datasets, models, training


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


@pytest.mark.parametrize(
    "at, words", [(2, "Stopped before anything was saved: repeat"), (6, "saved last. .*--resume")]
)
def test_a_second_ctrl_c_stops_at_once_and_says_what_is_left(digits, tmp_path, at, words):
    model = net()
    press_ctrl_c(model, at)
    press_ctrl_c(model, at)
    with pytest.raises(KeyboardInterrupt, match=words):
        fit(model, few(digits[0], 256), batch_size=64, out=tmp_path)
    assert (tmp_path / "checkpoint.pt").exists() == (at > 4)


def test_ctrl_c_while_the_last_epoch_is_judged_is_heard(digits, tmp_path):
    train, valid = few(digits[0], 256), few(digits[1], 100)
    model, options = net(), {"epochs": 1, "batch_size": 64, "out": tmp_path}

    def forward(module, _):
        if not module.training:
            os.kill(os.getpid(), signal.SIGINT)

    hook = model.register_forward_pre_hook(forward)
    with pytest.raises(KeyboardInterrupt, match=r"after step 4 of 4, saved in .*--resume"):
        fit(model, train, valid, **options)
    hook.remove()
    going_on = net(seed=3)
    assert len(fit(going_on, train, valid, **options, resume=True)) == 1
    assert same(going_on, model)


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
    data, out = few(digits[0], 256), tmp_path / "run"
    run = partial(fit, batch_size=64, epochs=1)
    run(net(), data, out=out)
    with pytest.raises(FileExistsError, match="holds a run already: resume it"):
        run(net(), data, out=out)
    with pytest.raises(FileNotFoundError, match="no run was saved there"):
        run(net(), data, out=tmp_path / "none", resume=True)
    with pytest.raises(ValueError, match=r"is of another model: it has .* values in 9 arrays"):
        run(models.lenet(8), data, out=out, resume=True)
    with pytest.raises(ValueError, match=r"lr=0.5 to go on with a run of lr=0.003"):
        run(net(), data, out=out, resume=True, lr=0.5)


def test_a_folder_has_one_run_at_a_time(digits, tmp_path):
    run = partial(fit, net(), few(digits[0], 256), batch_size=64, epochs=1, out=tmp_path / "run")
    (tmp_path / "run").mkdir()
    words = r"Another run is writing into .*run now"
    with filelock.FileLock(tmp_path / "run" / ".lock"), pytest.raises(FileExistsError, match=words):
        run()
    assert len(run()) == 1


def test_weights_of_old_are_not_overwritten(digits, tmp_path):
    for name in ("weights.pt", "log.jsonl"):
        (tmp_path / name).write_text("precious")
    with pytest.raises(FileExistsError, match="holds the weights of a run already"):
        fit(net(), few(digits[0], 256), batch_size=64, epochs=1, out=tmp_path)
    assert {path.read_text() for path in tmp_path.iterdir()} == {"precious"}


@pytest.fixture
def saved(digits, tmp_path):
    """The checkpoint of a run, and how to go on with it."""
    run = partial(fit, train=few(digits[0], 256), batch_size=64, epochs=1, out=tmp_path)
    run(net())
    return tmp_path / "checkpoint.pt", partial(run, net(seed=3), resume=True)


@pytest.mark.parametrize(
    "harm", ["empty", "10 bytes", "half", "almost all", "one bit", "flag", "zlib", "words"]
)
def test_a_damaged_checkpoint_is_called_damaged(saved, harm):
    path, resume = saved
    whole = path.read_bytes()
    weights = training.load_checkpoint(path)["model"]["6.weight"]
    middle = whole.index(weights.numpy().tobytes()) + 100
    flags = whole.index(b"PK\1\2") + 8  # in the list of members, at the end
    box = io.BytesIO()
    with zipfile.ZipFile(box, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a", bytes(1000))
    torn = {
        "flag": whole[:flags] + b"\1" + whole[flags + 1 :],
        "zlib": box.getvalue()[:31] + b"\xff" * 4 + box.getvalue()[35:],
        "empty": b"",
        "10 bytes": whole[:10],
        "half": whole[: len(whole) // 2],
        "almost all": whole[:-1],
        "one bit": whole[:middle] + bytes([whole[middle] ^ 1]) + whole[middle + 1 :],
        "words": b"This is my homework.",
    }
    path.write_bytes(torn[harm])
    with pytest.raises(ValueError, match="is damaged, or no checkpoint; expected one that cnnkit"):
        resume()


def test_a_checkpoint_of_another_kind_or_version_is_called_that(saved):
    path, resume = saved
    state = training.load_checkpoint(path)

    def holds(other, words):
        torch.save(other, path)
        with pytest.raises(ValueError, match=words):
            resume()

    holds(net().state_dict(), r"holds weights alone, no run; .* with init=")
    holds([1, 2], "holds no run; expected one that cnnkit.training.fit has written")
    for part in ("model", "plan", "done"):
        holds(state | {part: 5}, "holds .*no run")
    holds(state | {"plan": {"lr": np.float64(0.003)}}, "is whole, but of another version")
    later = {key: value for key, value in state.items() if key != "schedule"}
    holds(later, "is of another version: it lacks schedule; expected a checkpoint of this version")
    earlier = {key: value for key, value in state["done"].items() if key != "waited"}
    holds(state | {"done": earlier}, "is of another version: it lacks waited")
    other = torch.optim.AdamW([torch.nn.Parameter(torch.zeros(2))]).state_dict()
    holds(state | {"optimizer": other}, "the optimizer in .* does not go with this plan")
    holds(state | {"plan": state["plan"] | {"lr": 0.5}}, "lr=0.003 to go on with a run of lr=0.5")
    torch.save(state, path)
    assert len(resume()) == 1


def test_a_model_that_is_refused_stays_as_it_was(saved, digits):
    path, _ = saved
    state = training.load_checkpoint(path)
    other = torch.optim.AdamW([torch.nn.Parameter(torch.zeros(2))]).state_dict()
    torch.save(state | {"optimizer": other}, path)
    model = net(seed=3)
    with pytest.raises(ValueError, match="does not go with this plan"):
        fit(model, few(digits[0], 256), batch_size=64, epochs=1, out=path.parent, resume=True)
    assert same(model, net(seed=3))


def test_a_run_goes_on_with_the_same_pictures_only(digits, tmp_path):
    data = few(digits[0], 256)
    run = partial(fit, batch_size=64, epochs=1, out=tmp_path)
    run(net(), data)
    turned = datasets.Dataset(data.images[::-1], data.labels, data.names, data.numbers)
    renamed = datasets.Dataset(data.images, 9 - data.labels, data.names, data.numbers)
    for other in (turned, renamed):
        with pytest.raises(ValueError, match=r"fingerprint=.* These are other pictures or labels"):
            run(net(), other, resume=True)
    larger = data.images.repeat(2, axis=1).repeat(2, axis=2)
    larger = datasets.Dataset(larger, data.labels, data.names, data.numbers)
    anysize = torch.nn.Sequential(*net()[:3], torch.nn.AdaptiveAvgPool2d(4), *net()[4:])
    with pytest.raises(ValueError, match=r"shape=.16, 16. to go on with a run of shape=.8, 8."):
        run(anysize, larger, resume=True)
    with pytest.raises(ValueError, match=r"epochs=2 to .* start a new run from these .* init="):
        run(net(), data, resume=True, epochs=2)
    assert len(run(net(), data, resume=True)) == 1


def test_a_checkpoint_of_before_the_fingerprint_still_goes_on(digits, tmp_path):
    data, options = few(digits[0], 256), {"epochs": 2, "batch_size": 64, "out": tmp_path}
    whole, stopped, going_on = net(), net(), net(seed=3)
    fit(whole, data, epochs=2, batch_size=64)
    press_ctrl_c(stopped, 6)
    with pytest.raises(KeyboardInterrupt):
        fit(stopped, data, **options)
    state = training.load_checkpoint(tmp_path / "checkpoint.pt")
    assert state.keys() == {"model", "optimizer", "schedule", "scaler", "plan", "done", "rng"}
    for name in ("shape", "fingerprint"):
        del state["plan"][name]
    torch.save(state, tmp_path / "checkpoint.pt")
    fit(going_on, data, **options, resume=True)
    assert same(going_on, whole)


@pytest.mark.parametrize("kind", ["weights.pt", "checkpoint.pt"])
def test_a_new_run_starts_from_old_weights(digits, tmp_path, kind):
    data, options = few(digits[0], 256), {"epochs": 2, "batch_size": 64, "ema": 0.5}
    old = net()
    fit(old, data, **options, out=tmp_path)
    training.save_checkpoint(tmp_path / "weights.pt", old.state_dict())
    started, expected, going_on = net(seed=1), copy.deepcopy(old), net(seed=2)
    options |= {"epochs": 3, "seed": 1}
    fit(started, data, **options, init=tmp_path / kind, out=tmp_path / "new")
    fit(expected, data, **options)
    assert same(started, expected)
    again = {"out": tmp_path / "new", "resume": True, "init": tmp_path / kind}
    fit(going_on, data, **options, **again)
    assert same(going_on, expected)


def test_weights_that_cannot_be_started_from_are_a_lesson(digits, tmp_path):
    path, data = tmp_path / "weights.pt", few(digits[0], 256)
    start = partial(fit, net(), data, batch_size=64, init=path, out=tmp_path / "run")
    with pytest.raises(FileNotFoundError, match=r"There is no .*: name a weights.pt"):
        start()
    for state, words in [
        (models.lenet(8).state_dict(), "is of another model: it has"),
        ([1, 2], "holds no weights; expected a model's state_dict"),
        ({}, "holds no weights"),
        ({"model": {}, "plan": {}, "done": {}}, "holds no weights"),
        ({"model": {}, "plan": {}, "done": {"best_weights": 5}}, "holds no weights"),
        ({"model": 5, "plan": {}, "done": {}}, "holds no weights"),
    ]:
        torch.save(state, path)
        with pytest.raises(ValueError, match=words):
            start()
    torch.save({"model": net().state_dict(), "plan": {}, "done": {}}, path)
    assert training.load_weights(path).keys() == net().state_dict().keys()
    path.write_bytes(path.read_bytes()[:100])
    with pytest.raises(ValueError, match="is damaged"):
        start()
    assert not (tmp_path / "run").exists()


def test_a_checkpoint_runs_no_code(tmp_path):
    class Harm:
        def __reduce__(self):
            return (os.mkdir, (str(tmp_path / "harm"),))

    torch.save({"model": Harm(), "plan": {}, "done": {}}, tmp_path / "checkpoint.pt")
    with pytest.raises(ValueError, match="is whole, but of another version or of another program"):
        training.load_checkpoint(tmp_path / "checkpoint.pt")
    assert not (tmp_path / "harm").exists()


def test_a_full_disk_at_a_checkpoint_is_told_and_the_one_before_stays(digits, tmp_path):
    data, options = few(digits[0], 256), {"epochs": 3, "batch_size": 64}
    whole, model, going_on = net(), net(), net(seed=3)
    fit(whole, data, **options)
    with small_disk(tmp_path / "disk", 10**6) as disk:
        run, steps = disk / "run", []

        def forward(module, _):
            steps.append(1)
            if len(steps) == 6:  # 4 an epoch: the first is saved, the second is under way
                fill(disk)

        hook = model.register_forward_pre_hook(forward)
        with pytest.raises(OSError, match=r"could not be written \(No space left on dev") as full:
            fit(model, data, **options, out=run)
        hook.remove()
        said = str(full.value)
        assert "go on from what was saved before" in said and "--resume" in said
        assert str(run) in said and "enforce fail" not in said
        assert sorted(os.listdir(run)) == ["checkpoint.pt", "log.jsonl"]
        assert training.load_checkpoint(run / "checkpoint.pt")["done"]["step"] == 4
        (disk / "filler").unlink()
        fit(going_on, data, **options, out=run, resume=True)
        assert same(going_on, whole)


def test_a_disk_that_is_full_from_the_start_is_told(digits, tmp_path):
    with small_disk(tmp_path / "disk", 10**6) as disk:
        fill(disk)
        with pytest.raises(OSError, match=r"could not be .*No space left") as full:
            fit(net(), few(digits[0], 256), epochs=1, batch_size=64, out=disk / "run")
        assert "out" in str(full.value) and "enforce fail" not in str(full.value)
        assert not list(disk.glob("run/*"))


def test_a_folder_that_is_a_file_is_told(digits, tmp_path):
    (tmp_path / "run").write_text("mine")
    with pytest.raises(OSError, match=r"run could not be written .*name another folder with out"):
        fit(net(), few(digits[0], 256), epochs=1, batch_size=64, out=tmp_path / "run")
    assert (tmp_path / "run").read_text() == "mine"
