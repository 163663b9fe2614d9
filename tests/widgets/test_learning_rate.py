"""The learning rate: schedules against PyTorch's, and what is expected against many noisy walks."""

import itertools

import numpy as np
import pytest
import torch
from hand import axe, live, state, tab_to
from javascript import assert_all_agree, evaluate
from torch.optim import lr_scheduler

from cnnkit.widgets import LearningRate

STEPS = 100


def warmup(descent):
    first = lr_scheduler.LinearLR(descent, 0.01, total_iters=10)
    then = lr_scheduler.CosineAnnealingLR(descent, STEPS - 10)
    return lr_scheduler.SequentialLR(descent, [first, then], [10])


SCHEDULES = {
    "constant": lambda descent: lr_scheduler.ConstantLR(descent, factor=1),
    "steps": lambda descent: lr_scheduler.StepLR(descent, 30),
    "cosine": lambda descent: lr_scheduler.CosineAnnealingLR(descent, STEPS),
    "warmup": warmup,
    "cycle": lambda descent: lr_scheduler.OneCycleLR(
        descent, descent.defaults["lr"], total_steps=STEPS, cycle_momentum=False
    ),
}


def rates(schedule, peak):
    descent = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=peak)
    scheduler, found = SCHEDULES[schedule](descent), []
    for _ in range(STEPS):
        found.append(scheduler.get_last_lr()[0])
        descent.step()
        scheduler.step()
    return np.array(found)


@pytest.mark.filterwarnings("ignore:.*epoch parameter.*")
def test_the_schedules_are_those_of_pytorch():
    given = [(name, peak) for name in SCHEDULES for peak in (0.05, 0.5)]
    assert_all_agree("learning_rate", ((("rates", *g), rates(*g)) for g in given), at_least=10)


def walked(along, walks=40_000):
    """Let many weights walk down the same valley, each with noise of its own."""
    rng = np.random.default_rng(0)
    weights = np.full((2, walks), 2.0)
    losses = []
    for t in range(len(along) + 1):
        curves = np.array([[0.1], [1 + 7 * np.exp(-t / 3)]])
        losses.append((curves * weights**2).sum(axis=0).mean() / 2)
        if t < len(along):
            gradient = curves * weights + 0.5 * rng.normal(size=weights.shape)
            weights = weights - along[t] * gradient
    return np.array(losses)


@pytest.mark.parametrize("schedule", SCHEDULES)
def test_what_is_expected_is_what_many_walks_do_on_average(schedule):
    along = rates(schedule, 0.3)
    (found,) = evaluate("learning_rate", ("expected", along))
    np.testing.assert_allclose(np.add(found["way"], found["noise"]), walked(along), rtol=0.05)


def test_up_lets_it_go_far_and_down_lets_it_settle():
    """Of all schedules and peaks, the lowest loss is of one that warms up and falls."""
    peaks = (0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.6, 0.8)
    tried = list(itertools.product(SCHEDULES, peaks))
    ends, blown = {}, set()
    expected = evaluate("learning_rate", *(("expected", rates(*way)) for way in tried))
    for way, found in zip(tried, expected, strict=True):
        losses = np.add(found["way"], found["noise"])
        if losses.max() > 2 * losses[0]:
            blown.add(way)
        else:
            ends[way] = losses[-1]
    assert min(ends, key=ends.get)[0] == "warmup"
    assert {schedule for schedule, peak in blown if peak == 0.5} == {"constant", "steps", "cosine"}
    best = {
        schedule: min(v for (s, _), v in ends.items() if s == schedule) for schedule in SCHEDULES
    }
    assert best["cycle"] < best["constant"] * 0.8 and best["warmup"] < best["cosine"]


def test_mouse(show):
    box = show(LearningRate())
    assert "one cycle, at most 0.5: the loss ends at 0.0224" in live(box).lower()
    assert "Of the 2 that do not blow up, warm-up, cosine ends lowest" in live(box)
    box.get_by_role("button", name="constant").click()
    assert state(box, "schedule") == "constant"
    assert "the loss rises from 16" in live(box) and "a network seldom does" in live(box)
    box.get_by_role("slider", name="Peak").fill("0")
    assert state(box, "peak") == 0.01
    assert "way still to go along the flat side" in live(box)
    box.get_by_role("slider", name="Peak").fill("8")
    assert state(box, "peak") == 0.3 and "Most of that is noise" in live(box)
    assert axe(box) == []


def test_keyboard(show):
    box = show(LearningRate())
    tab_to(box, "input[type=range]")
    box.page.keyboard.press("ArrowLeft")
    assert state(box, "peak") == 0.4


def test_touch(show):
    box = show(LearningRate(), width=390, has_touch=True, is_mobile=True)
    box.get_by_role("button", name="in steps").tap()
    assert state(box, "schedule") == "steps"


def test_jupyterlab(lab):
    box = lab.show("w = LearningRate()\nw")
    box.get_by_role("button", name="cosine", exact=True).click()
    assert lab.run("print(w.schedule)") == "cosine\n"
    lab.run("w.peak = 0.1")
    box.locator("[role=status]", has_text="at most 0.1").wait_for()


@pytest.mark.parametrize("given", [{"schedule": "wild"}, {"peak": 0.0}, {"peak": 3.0}])
def test_what_is_refused(given):
    with pytest.raises(Exception, match=r"wild|0\.01|1\.5"):
        LearningRate(**given)
