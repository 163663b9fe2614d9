"""The loop against a bare PyTorch loop, bit for bit; runs that stop and go on; what is read out."""

import copy
import json
import os
import signal
from functools import partial

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from torch import nn
from torch.nn import functional as F

from cnnkit import datasets, models, training
from cnnkit.training.views import DICE


@pytest.fixture(autouse=True, scope="module")
def one_thread():
    """Small networks: two threads would wait for each other, above all on a busy machine."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture(autouse=True)
def ctrl_c_interrupts():
    """Python's own answer to SIGINT, also where the tests were started in the background."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.fixture(scope="module")
def digits():
    return datasets.digits("train"), datasets.digits("test")


def few(data, count):
    return datasets.Dataset(
        data.images[:count], data.labels[:count], data.names, data.numbers[:count]
    )


def net(seed=0, dropout=0.0):
    """A small network with batch norm, and dropout if wanted."""
    torch.manual_seed(seed)
    return nn.Sequential(
        nn.Conv2d(1, 8, 3, padding=1), nn.BatchNorm2d(8), nn.ReLU(), nn.MaxPool2d(2),
        nn.Dropout(dropout), nn.Flatten(), nn.Linear(128, 10),
    )  # fmt: skip


def same(one, other):
    one, other = one.state_dict(), other.state_dict()
    return one.keys() == other.keys() and all(torch.equal(one[k], other[k]) for k in one)


fit = partial(training.fit, device="cpu", progress=False)


# ---- the loop -----------------------------------------------------------------------------------


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
        ({"patience": 3}, "patience without valid"),
        ({"precision": "float8"}, "precision='float8'; expected 'auto' or one of 'float32'"),
        ({"device": "abacus"}, "device='abacus'; expected 'cpu'"),
        ({"device": "cuda:7"}, "device='cuda:7'; expected 'cpu'"),
        ({"resume": True}, "resume without out"),
        ({"augment": {"scale": (0, 1)}}, "0 < least <= most <= 1"),
    ],
)
def test_wrong_arguments_are_lessons(digits, options, words):
    if "cuda" in words and torch.cuda.is_available():
        pytest.skip("there is a GPU here")
    with pytest.raises(ValueError) as error:
        fit(net(), few(digits[0], 256), **{"batch_size": 64, **options})
    assert words in str(error.value)


def test_a_loss_that_is_no_number_is_an_error(digits):
    with pytest.raises(RuntimeError, match="the steps were too large"):
        fit(net(), few(digits[0], 256), batch_size=64, lr=1e30, one_cycle=False, epochs=3)


# ---- runs that stop, and go on ------------------------------------------------------------------


def press_ctrl_c(model, at):
    """Send SIGINT to this process during the forward pass of step `at`."""
    seen = []

    def forward(module, _):
        seen.append(module.training)
        if sum(seen) == at and module.training:
            os.kill(os.getpid(), signal.SIGINT)

    return model.register_forward_pre_hook(forward)


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
    with pytest.raises(ValueError, match="is not a checkpoint of"):
        run(net(), data, out=tmp_path / "run", resume=True)


def test_a_checkpoint_runs_no_code(tmp_path):
    class Harm:
        def __reduce__(self):
            return (os.mkdir, (str(tmp_path / "harm"),))

    torch.save({"model": Harm(), "plan": {}, "done": {}}, tmp_path / "checkpoint.pt")
    with pytest.raises(ValueError, match="is damaged, or no checkpoint"):
        training.load_checkpoint(tmp_path / "checkpoint.pt")
    assert not (tmp_path / "harm").exists()


# ---- views --------------------------------------------------------------------------------------

ALL = {"scale": (0.4, 0.9), "shift": 0.1, "turn": 20, "flip": True, "jitter": 0.3}


def random_pictures(n=6, height=12, width=10, channels=3, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return torch.rand(n, channels, height, width, generator=generator) * 2 - 1


def test_to_input_is_minus_one_to_one_and_channels_last():
    bytes_ = torch.tensor([[[[0, 51, 255]]]], dtype=torch.uint8)
    torch.testing.assert_close(training.to_input(bytes_).flatten(), torch.tensor([-1, -0.6, 1]))
    many = training.to_input(torch.zeros(2, 8, 9, 3, dtype=torch.uint8))
    assert many.shape == (2, 3, 8, 9)
    assert many.is_contiguous(memory_format=torch.channels_last)
    assert training.to_input(torch.zeros(2, 8, 9, dtype=torch.uint8)).shape == (2, 1, 8, 9)


def test_no_view_is_the_picture_itself():
    x = random_pictures()
    dice = torch.rand(6, DICE)
    assert torch.equal(training.random_views(x, dice), x)
    flipped = training.random_views(x, dice, flip=True)
    mirrored = dice[:, 4] < 0.5
    torch.testing.assert_close(flipped[mirrored], x[mirrored].flip(3), atol=1e-5, rtol=0)
    torch.testing.assert_close(flipped[~mirrored], x[~mirrored], atol=1e-5, rtol=0)


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 10**6), height=st.integers(8, 20), width=st.integers(8, 20))
def test_a_crop_is_inside_and_of_the_right_area(seed, height, width):
    # A picture of its own coordinates tells where each pixel of a view has looked.
    y = (2 * torch.arange(height) + 1) / height - 1
    x = (2 * torch.arange(width) + 1) / width - 1
    where = torch.stack([x.expand(height, width), y[:, None].expand(height, width)])[None]
    dice = torch.rand(1, DICE, generator=torch.Generator().manual_seed(seed))
    view = training.random_views(where, dice, scale=(0.3, 0.8))[0]
    sides = (
        (view[0, 0, -1] - view[0, 0, 0]) / (x[-1] - x[0]),
        ((view[1, -1, 0] - view[1, 0, 0]) / (y[-1] - y[0])),
    )
    share, ratio = sides[0] * sides[1], sides[0] / sides[1]
    assert 0.25 < share < 0.85 and 0.7 < ratio < 1.4
    assert share == pytest.approx(0.3 + 0.5 * dice[0, 0].item(), abs=0.06)
    assert view.abs().max() <= 1


def test_turns_are_turns_in_pixels():
    # 90 degrees on pictures that are not square: a bright column lies down, as long as before.
    x = -torch.ones(1, 1, 9, 21)
    x[..., 10] = 1
    dice = torch.full((1, DICE), 0.5)
    dice[0, 5] = 1
    lying = training.random_views(x, dice, turn=90)[0, 0]
    assert lying[4, 6:15].gt(0.99).all()
    assert lying[[0, 1, 2, 6, 7, 8], 6:15].lt(-0.99).all()


def test_shifts_are_shifts():
    x = random_pictures(1, 10, 10)
    dice = torch.full((1, DICE), 0.5)
    dice[0, 2] = 1
    moved = training.random_views(x, dice, shift=0.2)
    torch.testing.assert_close(moved[..., :8], x[..., 2:], atol=1e-5, rtol=0)


def test_colours_follow_the_formula():
    x = random_pictures()
    dice = torch.rand(6, DICE)
    brighter, contrast, saturation = (0.3 * (2 * dice[:, 6:, None, None, None] - 1)).unbind(1)
    grey = x.mean(1, keepdim=True)
    coloured = grey + (1 + saturation) * (x - grey)
    mean = x.mean((1, 2, 3), keepdim=True)
    expected = (mean + (1 + contrast) * (coloured - mean) + brighter).clamp(-1, 1)
    torch.testing.assert_close(training.random_views(x, dice, jitter=0.3), expected)


def test_views_need_no_neighbours_and_leave_the_picture_alone():
    x, dice = random_pictures(), torch.rand(6, DICE)
    before = x.clone()
    whole = training.random_views(x, dice, **ALL)
    halves = [training.random_views(x[i::2], dice[i::2], **ALL) for i in (0, 1)]
    torch.testing.assert_close(whole[::2], halves[0])
    torch.testing.assert_close(whole[1::2], halves[1])
    assert torch.equal(x, before) and whole.shape == x.shape and whole.abs().max() <= 1


def test_dice_of_another_shape_are_a_lesson():
    with pytest.raises(ValueError, match=r"dice of shape \(6, 8\); expected \(6, 9\)"):
        training.random_views(random_pictures(), torch.rand(6, 8), flip=True)


# ---- what has been learned ----------------------------------------------------------------------


def test_probabilities_are_the_softmax_and_flips_their_mean():
    model = net().train()
    images = np.random.default_rng(0).integers(0, 256, (7, 8, 8), np.uint8)
    found = training.probabilities(model, images, batch_size=3)
    assert model.training
    model.eval()
    batch = training.to_input(torch.from_numpy(images))
    with torch.no_grad():
        expected, mirrored = model(batch).softmax(1), model(batch.flip(3)).softmax(1)
    torch.testing.assert_close(torch.from_numpy(found), expected)
    flipped = training.probabilities(model, images, flip=True)
    torch.testing.assert_close(torch.from_numpy(flipped), (expected + mirrored) / 2)


def test_evaluate_is_the_cross_entropy_and_the_share_of_right_answers(digits):
    model, data = net().eval(), few(digits[1], 100)
    with torch.no_grad():
        scores = model(training.to_input(torch.from_numpy(data.images)))
    labels = torch.from_numpy(data.labels)
    loss, right = training.evaluate(model, data, batch_size=30)
    assert loss == pytest.approx(F.cross_entropy(scores, labels).item(), rel=1e-5)
    assert right == pytest.approx((scores.argmax(1) == labels).float().mean().item())


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 10**6), n=st.integers(1, 40), classes=st.integers(2, 5))
def test_the_confusion_matrix_is_scikit_learn_s(seed, n, classes):
    metrics = pytest.importorskip("sklearn.metrics")
    rng = np.random.default_rng(seed)
    rows, labels = rng.random((n, classes)), rng.integers(0, classes, n)
    expected = metrics.confusion_matrix(labels, rows.argmax(1), labels=range(classes))
    assert np.array_equal(training.confusion_matrix(rows, labels), expected)


def test_the_worst_mistakes_come_first_and_are_mistakes():
    rows = np.array([[0.9, 0.1], [0.2, 0.8], [0.6, 0.4], [0.01, 0.99], [0.7, 0.3]])
    labels = np.array([1, 1, 1, 0, 0])
    assert training.worst_mistakes(rows, labels).tolist() == [3, 0, 2]
    assert training.worst_mistakes(rows, labels, count=1).tolist() == [3]


MODES = ["1", "L", "LA", "P", "PA", "RGB", "RGBA", "CMYK", "YCbCr", "HSV", "I", "F", "I;16"]


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("mode", MODES)
def test_any_kind_of_picture_becomes_bytes(mode, channels):
    grey = Image.new("L", (30, 20), 0)
    grey.paste(255, (15, 0, 30, 20))  # left black, right white
    if mode == "I;16":
        values = np.asarray(grey).astype(np.uint16) * 257
        image = Image.fromarray(values)
        assert image.mode == "I;16"
    elif mode in ("LA", "PA", "HSV"):
        between = {"LA": "LA", "PA": "P", "HSV": "RGB"}[mode]
        image = grey.convert(between).convert(mode)
    else:
        image = grey.convert(mode)
    before = image.copy()
    found = training.to_bytes(image, 10, channels)
    assert found.shape == ((10, 10, 3) if channels == 3 else (10, 10))
    assert found.dtype == np.uint8
    assert found[:, :4].max() < 12 and found[:, 6:].min() > 243
    assert image.tobytes() == before.tobytes() and image.mode == before.mode


def test_the_transparent_is_white_and_the_camera_s_turn_is_undone(tmp_path):
    clear = Image.new("RGBA", (9, 9), (0, 0, 0, 0))
    assert training.to_bytes(clear, 4).min() == 255
    lying = Image.new("L", (20, 20), 0)
    lying.paste(255, (0, 0, 20, 10))  # the upper half is white
    exif = Image.Exif()
    exif[0x0112] = 6  # the camera was turned: the left of the file is the top of the scene
    lying.save(tmp_path / "photo.jpg", exif=exif)
    upright = training.to_bytes(tmp_path / "photo.jpg", 10, channels=1)
    assert upright[:, 6:].min() > 200 and upright[:, :4].max() < 55


def test_predict_reads_out_any_picture(digits):
    model = models.lenet(8, widths=(16, 32), batch_norm=True)
    fit(model, digits[0], epochs=4, lr=5e-3)
    picture = Image.fromarray(digits[1].images[3]).resize((640, 640)).convert("RGBA")
    answer = training.predict(model, picture, 8, digits[0].names)
    assert next(iter(answer)) == digits[0].names[digits[1].labels[3]]
    assert sum(answer.values()) == pytest.approx(1, abs=1e-5) and len(answer) == 10
    assert list(answer.values()) == sorted(answer.values(), reverse=True)


def test_grad_cam_follows_its_formula():
    torch.manual_seed(0)
    model = models.article_model(20)
    image = np.random.default_rng(0).integers(0, 256, (20, 20, 3), np.uint8)
    maps = model[:3](training.to_input(torch.from_numpy(image)[None]))
    weights = model[4].weight[1].reshape(10, 8, 8).mean((1, 2))
    heat = F.relu((weights[:, None, None] * maps[0]).sum(0))[None, None]
    expected = F.interpolate(heat, (20, 20), mode="bilinear")[0, 0]
    found = training.grad_cam(model, image, label=1)
    torch.testing.assert_close(torch.from_numpy(found), (expected / expected.max()).detach())
    assert training.grad_cam(model, image, label=1, layer=model[0]).shape == (20, 20)
    assert all(p.grad is None for p in model.parameters())


def test_grad_cam_looks_where_the_answer_is():
    """Bright spots against none: the heat is on the spot."""
    rng = np.random.default_rng(0)
    images = rng.integers(0, 60, (400, 32, 32), np.uint8)
    corners = rng.integers(4, 22, (400, 2))
    labels = np.arange(400) % 2
    for image, (y, x), label in zip(images, corners, labels, strict=True):
        if label:
            image[y : y + 6, x : x + 6] += 190
    data = datasets.Dataset(images, labels, ("none", "spot"), np.arange(400))
    torch.manual_seed(0)
    model = models.small_resnet(2, 1, widths=(8, 16))
    fit(model, data, epochs=3, batch_size=32, lr=0.01)
    hits = 0
    for i in range(1, 40, 2):
        heat = training.grad_cam(model, images[i], label=1)
        y, x = np.unravel_index(heat.argmax(), heat.shape)
        hits += np.abs([y - corners[i, 0] - 2.5, x - corners[i, 1] - 2.5]).max() < 8
    assert hits >= 18, f"the heat is on the spot in {hits} of 20 pictures"
