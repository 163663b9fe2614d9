"""Gradient descent: loss, gradient and steps on the real digits, and a dot that can be moved."""

import numpy as np
import pytest
import torch
from hand import axe, hold_clock, live, state, tab_to
from javascript import assert_all_agree, evaluate

from cnnkit import images
from cnnkit.widgets import GradientDescent

CASES = 60
PIXELS = [(4, 4), (2, 3)]
digits, labels = images.digits()
chosen = labels <= 1
INK = np.stack([digits[chosen, r, c] / 16 for r, c in PIXELS], 1)
ANSWERS = labels[chosen].astype(float)


def loss_at(w):
    return np.mean((INK[:, : len(w)] @ w - ANSWERS) ** 2)


def how(rate, momentum=0, adam=False):
    return {"rate": rate, "momentum": momentum, "adam": adam}


def torch_walk(start, rate, momentum, steps, adam=False):
    """Let PyTorch take the steps, its gradients computed by autograd on the digits."""
    w = torch.tensor(start, dtype=torch.float64, requires_grad=True)
    ink, answers = torch.tensor(INK[:, : len(start)]), torch.tensor(ANSWERS)
    sgd = torch.optim.SGD([w], lr=rate, momentum=momentum)
    optimizer = torch.optim.Adam([w], lr=rate) if adam else sgd
    path, gradients = [], []
    for _ in range(steps + 1):
        optimizer.zero_grad()
        ((ink @ w - answers) ** 2).mean().backward()
        path.append(w.detach().numpy().copy())
        gradients.append(w.grad.numpy().copy())
        optimizer.step()
    return np.array(path), np.array(gradients)


def cases(rng):
    for _ in range(CASES):
        start = rng.uniform(-3, 3, rng.integers(1, 3))
        rate, momentum = float(10 ** rng.uniform(-2, 0.2)), float(rng.choice([0, 0.5, 0.9]))
        adam = bool(rng.integers(2))
        path, gradients = torch_walk(start, rate, momentum, 12, adam)
        yield ("lossAt", start), loss_at(start)
        yield ("gradientAt", start), gradients[0]
        yield ("walk", start, how(rate, momentum, adam), 12), {"path": path}
        bottom = np.linalg.lstsq(INK[:, : len(start)], ANSWERS, rcond=None)[0]
        curves = np.linalg.eigvalsh(2 * INK[:, : len(start)].T @ INK[:, : len(start)] / len(INK))
        yield ("valley", len(start)), {"bottom": bottom, "curves": curves[::-1]}


def test_arithmetic():
    assert len(INK) == 360 and ANSWERS.sum() == 182
    assert_all_agree("gradient_descent", cases(np.random.default_rng(20)), at_least=CASES)


def outcome_of(start, rate, momentum, adam):
    """Say the same from the walk alone: how much of the height is left, and when."""
    path, _ = torch_walk(start, rate, momentum, 50, adam)
    bottom = np.linalg.lstsq(INK[:, : len(start)], ANSWERS, rcond=None)[0]
    heights = np.array([loss_at(w) for w in path]) - loss_at(bottom)
    late = np.flatnonzero(heights > 0.02 * heights[0]).max()
    return heights, late + 1


def test_what_is_said_of_a_rate_is_what_happens():
    rng = np.random.default_rng(3)
    given = [
        (rng.uniform(-1.5, 0, n).tolist(), float(10 ** rng.uniform(-2, 0.6)), momentum, adam)
        for n in (1, 2)
        for momentum, adam in ((0, False), (0.9, False), (0, True))
        for _ in range(40)
    ]
    said = evaluate("gradient_descent", *(("outcome", g[0], how(*g[1:])) for g in given))
    assert {s["kind"] for s in said} == {"crawls", "arrives", "jumps", "swings", "diverges"}
    for g, s in zip(given, said, strict=True):
        heights, after = outcome_of(*g)
        if s["kind"] == "diverges":
            assert heights[-1] > heights[0], g
        elif "after" in s:
            assert s["after"] == after <= 50, g
        else:
            assert after == 51, g


def test_momentum_makes_more_rates_right_in_a_long_valley():
    plain, swung = evaluate(
        "gradient_descent",
        ("zones", [-1.5, 0.8], how(1)),
        ("zones", [-1.5, 0.8], how(1, 0.9)),
    )
    assert sum(plain) == sum(swung) and min(plain + swung) > 0
    assert swung[1] > 1.5 * plain[1] and swung[0] < plain[0]


def test_adam_makes_more_rates_right_and_none_too_large():
    plain, adam = evaluate(
        "gradient_descent",
        ("zones", [-1.5, 0.8], how(1)),
        ("zones", [-1.5, 0.8], how(1, adam=True)),
    )
    assert sum(plain) == sum(adam) and adam[1] > 2 * plain[1] and adam[2] == 0 < plain[2]


PLACES = """e => [...e.querySelectorAll('.ck-ring')].map(ring =>
  [0, 0.1, 0.3, 0.6, 0.8].map(share => {
    const p = ring.getPointAtLength(share * ring.getTotalLength());
    const q = p.matrixTransform(ring.transform.baseVal.consolidate().matrix);
    const box = ring.ownerSVGElement.viewBox.baseVal;
    return [q.x / box.width, q.y / box.height];
  }))"""


def test_contours_are_lines_of_equal_loss(show):
    box = show(GradientDescent(weights=2))
    rings = np.array(box.evaluate(PLACES))
    assert rings.shape == (12, 5, 2)
    for ring in rings:
        losses = [loss_at(np.array([-2 + 6 * x, 2.5 - 4.5 * y])) for x, y in ring]
        np.testing.assert_allclose(losses, losses[0], rtol=0.02)


def test_mouse(show):
    box = show(GradientDescent())
    assert "Next step = −rate × gradient = −0.5 × (−1.57) = 0.79." in live(box)
    before = state(box, "step")
    box.get_by_role("button", name="Next").click()
    assert state(box, "step") == before + 1
    rate = box.get_by_role("slider", name="Learning rate")
    rate.fill("3")
    assert state(box, "rate") == 0.03 and "It crawls" in live(box)
    rate.fill("28")
    assert state(box, "rate") == 2.6 and "Each step lands higher" in live(box)
    box.get_by_role("button", name="Start again").click()
    for _ in range(20):
        if (step := box.get_by_role("button", name="Next")).is_disabled():
            break
        step.click()
    assert "Gone: each step landed higher" in live(box)
    box.get_by_role("button", name="two weights").click()
    assert len(state(box, "start")) == 2 and "It jumps from side to side" in live(box)
    box.get_by_role("button", name="with momentum").click()
    assert state(box, "momentum") == 0.9 and "0.9 × old velocity + gradient" in live(box)
    box.get_by_role("button", name="with Adam").click()
    assert state(box, "adam") and state(box, "momentum") == 0
    assert "Push = mean gradient ÷ its usual size" in live(box)
    box.get_by_role("button", name="with momentum").click()
    assert not state(box, "adam") and state(box, "momentum") == 0.9
    assert axe(box) == []


def test_adams_first_step_is_as_long_as_the_rate(show):
    box = show(GradientDescent(weights=2, adam=True, rate=0.1, start=[-1.5, 0.8]))
    assert "−0.1 × (−1, −1) = (0.1, 0.1)" in live(box)


def test_the_dot_is_dragged(show):
    box = show(GradientDescent())
    plot = box.get_by_role("application").bounding_box()
    mouse = box.page.mouse
    mouse.move(plot["x"] + 0.5 * plot["width"], plot["y"] + 0.5 * plot["height"])
    mouse.down()
    (first,) = state(box, "start")
    mouse.move(plot["x"] + 0.8 * plot["width"], plot["y"] + 0.5 * plot["height"], steps=4)
    mouse.up()
    (second,) = state(box, "start")
    assert first < 1.1 < 2 < second and state(box, "step") == 0
    mouse.move(plot["x"] + 0.3 * plot["width"], plot["y"] + 0.5 * plot["height"])
    assert state(box, "start") == [second]  # the button is up


def test_keyboard(show):
    box = show(GradientDescent(weights=2, step=0))
    tab_to(box, "svg")
    for key in ("ArrowRight", "ArrowUp", "ArrowUp"):
        box.page.keyboard.press(key)
    assert state(box, "start") == pytest.approx([-1.4, 1.0])
    assert "weights (−1.4, 1)" in box.get_by_role("application").get_attribute("aria-label")


def test_touch(show):
    box = show(GradientDescent(), width=390, has_touch=True, is_mobile=True)
    plot = box.get_by_role("application")
    size = plot.bounding_box()
    plot.tap(position={"x": 0.9 * size["width"], "y": size["height"] / 2})
    assert state(box, "start")[0] > 3 and state(box, "step") == 0
    box.get_by_role("button", name="Next").tap()
    assert state(box, "step") == 1


def test_play(show):
    box = show(GradientDescent(), reduced_motion="no-preference")
    let_pass = hold_clock(box)
    box.get_by_role("button", name="Play").click()
    let_pass(3000)
    box.get_by_role("button", name="Pause").click()
    paused = state(box, "step")
    let_pass(3000)
    assert 3 <= state(box, "step") == paused < 50


def test_jupyterlab(lab):
    box = lab.show("w = GradientDescent(rate=0.1, step=0)\nw")
    box.get_by_role("button", name="Next").click()
    assert lab.run("print(w.step, w.rate)") == "1 0.1\n"
    lab.run("w.weights = 2")
    box.get_by_text("start needs one number for each weight").wait_for()
    lab.run("w.start = [0, 0]")
    box.get_by_text("weights (").wait_for()


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"weights": 3}, "not be greater than 2"),
        ({"rate": 0}, "not be less than 0.001"),
        ({"momentum": 1}, "not be greater than 0.99"),
        ({"start": [9]}, "not be greater than 5"),
        ({"weights": 2, "start": [1.0]}, r"one number to start from for each weight\. Use start="),
    ],
)
def test_what_is_refused_and_why(given, message):
    with pytest.raises(Exception, match=message):
        GradientDescent(**given)
