"""The loop against a bare PyTorch loop, bit for bit, with each trick of it."""

import copy
from functools import partial

import numpy as np
import pytest
import torch
from runs import few, fit, net, same
from torch.nn import functional as F

from cnnkit import datasets, models, training


def test_it_learns(digits):
    torch.manual_seed(0)
    model = models.lenet(8, widths=(16, 32), batch_norm=True)
    options = {"batch_size": 64, "lr": 5e-3, "augment": {"shift": 0.1}, "ema": 0.9}
    history = fit(model, *digits, epochs=8, **options)
    assert [entry["epoch"] for entry in history] == list(range(1, 9))
    assert history[-1]["loss"] < history[0]["loss"] / 3
    assert history[-1]["valid_accuracy"] > 0.94
    loss, right = training.evaluate(model, digits[1])
    assert (loss, right) == (history[-1]["valid_loss"], history[-1]["valid_accuracy"])


PLAN = {"epochs": 2, "batch_size": 64, "lr": 0.01, "weight_decay": 0.1, "seed": 5}


def bare_loop(data, one_cycle, ema):
    """What PLAN says, written out in PyTorch alone: the trained network and the average."""
    model = net().to(memory_format=torch.channels_last)
    images = training.to_input(torch.from_numpy(data.images))
    labels = torch.from_numpy(data.labels)
    decay = [p for p in model.parameters() if p.ndim > 1]
    others = [p for p in model.parameters() if p.ndim <= 1]
    groups = [{"params": decay, "weight_decay": 0.1}, {"params": others, "weight_decay": 0}]
    descent = torch.optim.AdamW(groups, lr=0.01)
    steps = PLAN["epochs"] * (len(data) // 64)
    if one_cycle:
        schedule = torch.optim.lr_scheduler.OneCycleLR(descent, 0.01, steps, cycle_momentum=False)
    average = copy.deepcopy(model)
    for step in range(steps):
        epoch, place = divmod(step, len(data) // 64)
        order = np.random.default_rng((5, epoch, 0)).permutation(len(data))
        rows = torch.from_numpy(order[place * 64 :][:64])
        loss = F.cross_entropy(model(images[rows]), labels[rows], label_smoothing=0.1)
        descent.zero_grad()
        loss.backward()
        descent.step()
        if one_cycle:
            schedule.step()
        keep = min(ema, (step + 2) / (step + 11))
        for mean, now in zip(
            average.state_dict().values(), model.state_dict().values(), strict=True
        ):
            if mean.is_floating_point():
                mean.copy_(keep * mean + (1 - keep) * now)
    return model, average


@pytest.mark.parametrize("one_cycle", [True, False])
def test_it_is_the_bare_loop_bit_for_bit(digits, one_cycle):
    data, model = few(digits[0], 300), net()
    fit(model, data, **PLAN, label_smoothing=0.1, one_cycle=one_cycle)
    assert same(model, bare_loop(data, one_cycle, 0.0)[0])


def test_a_run_of_one_step_learns(digits):
    model, data = net(), few(digits[0], 64)
    (entry,) = fit(model, data, epochs=1, batch_size=64, lr=0.1)
    assert entry["lr"] == 0.1
    assert (model[0].weight - net()[0].weight).abs().max() > 0.01


def test_averaged_weights_are_the_average(digits):
    data, model = few(digits[0], 300), net()
    fit(model, data, **PLAN, label_smoothing=0.1, ema=0.8)
    bare, average = bare_loop(data, True, 0.8)
    for key, mean in average.state_dict().items():
        if mean.is_floating_point():
            torch.testing.assert_close(model.state_dict()[key], mean)
    assert not same(model, bare)


def test_the_layout_in_memory_changes_nothing(digits):
    nets = net(), net()
    histories = [
        fit(m, few(digits[0], 256), epochs=1, batch_size=64, channels_last=last)
        for m, last in zip(nets, (True, False), strict=True)
    ]
    assert histories[0][0]["loss"] == pytest.approx(histories[1][0]["loss"], rel=1e-5)


@pytest.mark.parametrize("precision", ["bfloat16", "float16"])
def test_half_precision_learns_too(digits, precision):
    model = net()
    history = fit(model, *digits, epochs=4, lr=0.01, precision=precision)
    full = fit(net(), *digits, epochs=4, lr=0.01)
    assert history[-1]["loss"] != full[-1]["loss"]
    assert history[-1]["loss"] == pytest.approx(full[-1]["loss"], abs=0.03)
    assert all(p.dtype == torch.float32 for p in model.parameters())


class Louder(torch.nn.Module):
    """So steep that the first gradients are too large for float16, and the next ones are not."""

    def forward(self, x):
        return 3000 * x


@pytest.mark.filterwarnings("error")
def test_a_step_that_overflows_is_no_step(digits, tmp_path):
    data, model = few(digits[0], 256), torch.nn.Sequential(*net()[5:], Louder())
    model = torch.nn.Sequential(torch.nn.Conv2d(1, 8, 3, stride=2, padding=1), *model)
    options = {"epochs": 6, "batch_size": 64, "lr": 1e-4, "ema": 0.9, "precision": "float16"}
    fit(model, data, **options, out=tmp_path)
    state = training.load_checkpoint(tmp_path / "checkpoint.pt")
    taken = state["optimizer"]["state"][0]["step"]
    assert 0 < taken < state["done"]["step"] == 24
    assert state["schedule"]["last_epoch"] == taken


def test_where_no_step_was_taken_the_average_stays(digits, tmp_path):
    model = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(64, 10), Louder())
    before = copy.deepcopy(model)
    options = {"epochs": 1, "batch_size": 128, "ema": 0.9, "precision": "float16"}
    fit(model, few(digits[0], 128), **options, out=tmp_path)
    state = training.load_checkpoint(tmp_path / "checkpoint.pt")
    assert state["done"]["step"] == 1 and state["schedule"]["last_epoch"] == 0
    assert same(model, before)


def test_compiled_and_plain_are_one_run(digits, monkeypatch, tmp_path):
    # The graph is taken and run as it is: what a C++ compiler makes of it is PyTorch's own matter.
    monkeypatch.setattr(torch, "compile", partial(torch.compile, backend="eager"))
    plain, compiled = net(), net()
    data = few(digits[0], 256)
    fit(plain, data, epochs=1, batch_size=64)
    fit(compiled, data, epochs=1, batch_size=64, compile=True, out=tmp_path / "run")
    assert same(plain, compiled)
    assert training.load_checkpoint(tmp_path / "run/checkpoint.pt")["model"].keys() == (
        plain.state_dict().keys()
    )


def test_early_stopping_keeps_the_best(digits):
    train, valid = few(digits[0], 512), digits[1]
    model = net()
    # At a constant rate far too high, accuracy jumps up and down.
    history = fit(model, train, valid, epochs=30, lr=0.3, one_cycle=False, patience=2)
    found = [entry["valid_accuracy"] for entry in history]
    assert len(history) < 30
    assert max(found) == found[-3] > max(found[-2:])
    assert training.evaluate(model, valid)[1] == max(found)


def test_inputs_stay_as_they_were(digits):
    images, labels = digits[0].images.copy(), digits[0].labels.copy()
    fit(net(), digits[0], epochs=1, augment={"shift": 0.2, "jitter": 0.5})
    assert np.array_equal(images, digits[0].images) and np.array_equal(labels, digits[0].labels)


def test_a_read_only_memory_map_will_do(digits, tmp_path):
    np.save(tmp_path / "images.npy", digits[0].images[:256])
    data = few(digits[0], 256)
    mapped = datasets.Dataset(
        np.load(tmp_path / "images.npy", mmap_mode="r"), data.labels, data.names, data.numbers
    )
    nets = net(), net()
    fit(nets[0], data, epochs=1, batch_size=64)
    fit(nets[1], mapped, epochs=1, batch_size=64)
    assert same(*nets)


@pytest.mark.parametrize(
    "options, words",
    [
        ({"batch_size": 300}, "batch_size=300 for 256 pictures"),
        ({"batch_size": 0}, "batch_size=0 was given; expected a whole number of at least 1"),
        ({"batch_size": -32, "one_cycle": False}, "batch_size=-32 was given"),
        ({"batch_size": 32.0}, "batch_size=32.0 was given; expected a whole number"),
        ({"epochs": 0}, "epochs=0 was given; expected a whole number of at least 1"),
        ({"epochs": 2.5}, "epochs=2.5 was given"),
        ({"epochs": True}, "epochs=True was given"),
        ({"patience": 3}, "patience without valid"),
        ({"patience": 0, "valid": True}, "patience=0 was given"),
        ({"patience": -1, "valid": True}, "patience=-1 was given; expected a whole number"),
        ({"seed": -1}, "seed=-1 was given; expected a whole number of at least 0"),
        ({"lr": -0.1}, "lr=-0.1 was given; expected a number of at least 0"),
        ({"lr": "0.1"}, "lr='0.1' was given"),
        ({"lr": float("nan")}, "lr=nan was given"),
        ({"weight_decay": -1}, "weight_decay=-1 was given"),
        ({"label_smoothing": 1.5}, "label_smoothing=1.5 was given; expected a number from 0 to 1"),
        ({"ema": 1.1}, "ema=1.1 was given; expected a number from 0 to 1"),
        (
            {"precision": "float8"},
            "precision='float8' was given; expected one of 'auto', 'float32'",
        ),
        ({"device": "abacus"}, "device='abacus'; expected 'cpu'"),
        ({"resume": True, "out": None}, "resume without out"),
        ({"augment": {"scale": (0, 1)}}, "0 < least <= most <= 1"),
        ({"augment": {"zoom": 2}}, "augment={'zoom': 2}; expected arguments of"),
        ({"augment": {"scale": 0.5}}, "scale=0.5; expected two shares"),
        ({"augment": {"turn": float("nan")}}, "augment['turn']=nan was given"),
        ({"augment": {"flip": "no"}}, "augment['flip']='no' was given; expected True or False"),
        ({"augment": 5}, "augment=5; expected arguments of"),
        ({"optimizer": "adam"}, "optimizer='adam'; expected a class of torch.optim"),
        ({"optimizer": lambda groups: None}, "expected one that can be called as optimizer(gro"),
        ({"lr": True}, "lr=True was given"),
        ({"lr": np.True_}, "lr=np.True_ was given"),
        ({"lr": 10**400}, "expected a number of at least 0"),
        ({"ema": None}, "ema=None was given"),
        ({"seed": "1"}, "seed='1' was given"),
        ({"one_cycle": "no"}, "one_cycle='no' was given; expected True or False"),
        ({"channels_last": 1}, "channels_last=1 was given"),
        ({"compile": None}, "compile=None was given"),
        ({"resume": "yes"}, "resume='yes' was given"),
        ({"progress": 0}, "progress=0 was given"),
        ({"precision": np.array([1, 2])}, "precision=array([1, 2]) was given"),
        ({"device": True}, "device=True; expected"),
        ({"device": 10**30}, "expected 'cpu'"),
        ({"out": 5}, "out=5 was given; expected the path of a file or a folder"),
        ({"init": ""}, "init='' was given"),
    ],
)
def test_wrong_arguments_are_lessons_before_any_work(digits, tmp_path, options, words):
    model, data = net(), few(digits[0], 256)
    options = {"batch_size": 64, "out": tmp_path / "run", **options}
    if options.get("valid"):
        options["valid"] = digits[1]
    with pytest.raises(ValueError) as error:
        fit(model, data, **options)
    assert words in str(error.value)
    assert same(model, net()) and not list(tmp_path.iterdir())


def test_batches_of_one_cannot_be_normalised(digits):
    torch.manual_seed(0)
    model = models.small_resnet(10, 1, widths=(8, 16, 32, 64))
    state, dice = copy.deepcopy(model), torch.get_rng_state()
    with pytest.raises(ValueError, match=r"batch_size=1 \(.*\); expected enough to normalise by"):
        fit(model, few(digits[0], 8), batch_size=1)
    assert same(model, state) and torch.equal(torch.get_rng_state(), dice)
    plain = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(64, 10))
    assert len(fit(plain, few(digits[0], 8), batch_size=1, epochs=1)) == 1


def test_the_numbers_of_numpy_are_numbers(digits, tmp_path):
    data = few(digits[0], 256)
    plain = {"epochs": 2, "batch_size": 64, "lr": 0.5**7, "weight_decay": 0.25, "seed": 5}
    plain |= {"ema": 0.5, "label_smoothing": 0.125, "one_cycle": False}
    plain |= {"augment": {"shift": 0.125, "scale": (0.5, 1.0), "flip": True}}
    numpy = {
        "epochs": np.int64(2), "batch_size": np.int32(64), "lr": np.float32(0.5**7),
        "weight_decay": np.float64(0.25), "seed": np.uint8(5), "ema": np.float16(0.5),
        "label_smoothing": np.float32(0.125), "one_cycle": np.False_,
        "augment": {"shift": np.float32(0.125), "scale": (np.float64(0.5), 1.0), "flip": np.True_},
    }  # fmt: skip
    nets = net(), net(), net(seed=3)
    fit(nets[0], data, **plain, out=tmp_path / "run")
    fit(nets[1], data, **numpy, out=tmp_path / "numpy")
    assert same(*nets[:2])
    plans = [
        training.load_checkpoint(tmp_path / k / "checkpoint.pt")["plan"] for k in ("run", "numpy")
    ]
    assert plans[0] == plans[1]
    fit(nets[2], data, **numpy, out=tmp_path / "run", resume=True)
    assert same(nets[0], nets[2])


def test_a_loss_that_is_no_number_is_an_error(digits):
    with pytest.raises(RuntimeError, match="the steps were too large"):
        fit(net(), few(digits[0], 256), batch_size=64, lr=1e30, one_cycle=False, epochs=3)


@pytest.mark.parametrize("model", [None, "resnet", models.small_resnet])
def test_what_is_no_network_is_a_lesson(model, digits):
    data = few(digits[0], 64)
    for use in (
        lambda: fit(model, data),
        lambda: training.evaluate(model, data),
        lambda: training.predict(model, data.images[0], 8, digits[0].names),
        lambda: training.grad_cam(model, data.images[0]),
    ):
        with pytest.raises(ValueError, match=r"expected a torch\.nn\.Module"):
            use()


def test_what_has_nothing_to_learn_is_a_lesson(digits):
    data, frozen = few(digits[0], 64), net().requires_grad_(False)
    for model in (frozen, torch.nn.Flatten()):
        with pytest.raises(ValueError, match="a model without parameters to learn"):
            fit(model, data)
        assert training.evaluate(model, data)[0] > 0
