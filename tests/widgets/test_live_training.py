"""Training in the page: its gradients against autograd, what it learns, and how it behaves."""

import json
import re

import numpy as np
import pytest
import torch
from drawn import drawings
from hand import axe, live, state, tab_to
from javascript import evaluate

from cnnkit import images
from cnnkit.widgets import HERE, LiveTraining

FIGURE = LiveTraining()
RUN = {"seed": 0, "rate": 0.1, "steps": 300}


def flat(answer):
    """A typed array comes back as a JSON object with numbers as keys."""
    return np.array(list(answer.values()) if isinstance(answer, dict) else answer, float)


def random_network(rng):
    return {
        "filters": rng.normal(size=72),
        "shifts": rng.normal(size=8) * 0.5,
        "dense": rng.normal(size=1280) * 0.3,
        "biases": rng.normal(size=10),
    }


def by_autograd(net, inputs, labels):
    """Compute the loss of the same network in PyTorch, and its gradients."""
    shapes = {"filters": (8, 1, 3, 3), "shifts": (8,), "dense": (10, 128), "biases": (10,)}
    p = {k: torch.tensor(net[k]).reshape(s).requires_grad_() for k, s in shapes.items()}
    x = torch.tensor(inputs).reshape(-1, 1, 8, 8)
    maps = torch.conv2d(x, p["filters"], p["shifts"], padding=1)
    pooled = torch.max_pool2d(torch.relu(maps), 2).flatten(1)
    logits = pooled @ p["dense"].T + p["biases"]
    loss = torch.nn.functional.cross_entropy(logits, torch.tensor(labels))
    loss.backward()
    return loss.item(), logits.detach().numpy(), {k: v.grad.numpy().ravel() for k, v in p.items()}


def test_gradients_equal_autograd():
    rng = np.random.default_rng(20)
    given = []
    for count in [1, 2, 5, 16] * 5:
        sparse = rng.random((count, 64)) * (rng.random((count, 64)) < rng.choice([0.2, 0.6, 1]))
        given.append((random_network(rng), sparse.round(3), rng.integers(0, 10, count)))
    calls = [("gradients", *g) for g in given] + [("forward", g[0], g[1][0]) for g in given]
    results = evaluate("live_training", *calls)
    for (net, inputs, labels), result, passed in zip(
        given, results[: len(given)], results[len(given) :], strict=True
    ):
        loss, logits, gradients = by_autograd(net, inputs, labels)
        assert result["loss"] == pytest.approx(loss, abs=1e-9)
        np.testing.assert_allclose(passed["logits"], logits[0], atol=1e-9)
        for name, gradient in gradients.items():
            np.testing.assert_allclose(flat(result["grad"][name]), gradient, atol=1e-9)


def test_a_step_is_that_of_sgd():
    net, inputs = random_network(np.random.default_rng(1)), np.random.default_rng(2).random((4, 64))
    labels = [3, 1, 4, 1]
    _, _, gradients = by_autograd(net, inputs, labels)
    (moved,) = evaluate("live_training", ("stepped", net, inputs, labels, 0.3))
    for name, gradient in gradients.items():
        np.testing.assert_allclose(flat(moved[name]), net[name] - 0.3 * gradient, atol=1e-9)


def test_the_digits_are_those_of_chapter_6():
    order = np.random.default_rng(0).permutation(1797)
    train, test = order[:1437], order[1437:]
    ink, labels = images.digits()
    (shown,) = evaluate("live_training", ("unpack", FIGURE.digits))
    shown = np.array([flat(image) for image in shown]).reshape(-1, 8, 8)
    expected = np.concatenate([ink[train[:300]], ink[test[:100]]])
    assert np.abs(shown * 14 - expected).max() <= 2  # eight levels in place of seventeen
    assert list(map(int, FIGURE.labels)) == [*labels[train[:300]], *labels[test[:100]]]
    assert len(FIGURE.digits) + len(FIGURE.labels) < 14_000


def test_it_learns():
    """From five beginnings: at least 90 % of the test digits within 300 steps."""
    calls = [("trained", FIGURE.digits, FIGURE.labels, seed, 0.1, 300) for seed in range(5)]
    for history in evaluate("live_training", *calls):
        assert history[0]["rights"][1] < 0.3 and 2 < history[0]["losses"][1] < 3
        assert max(look["rights"][1] for look in history) >= 0.9
        assert history[-1]["losses"][0] < 0.35


def test_small_and_large_rates():
    calls = [("trained", FIGURE.digits, FIGURE.labels, 0, rate, 200) for rate in (0.003, 3)]
    crawls, breaks = (history[-1]["rights"][1] for history in evaluate("live_training", *calls))
    assert 0.2 < crawls < 0.7 and breaks < 0.2


def test_the_faint_curves_are_a_run_that_happened():
    source = (HERE / "live_training" / "live_training.mjs").read_text("utf-8")
    recorded = re.search(r"RECORDED = (\{.*?\});", source, re.DOTALL).group(1)
    recorded = re.sub(r"(\w+):", r'"\1":', recorded)
    recorded = json.loads(re.sub(r",(\s*[\]}])", r"\1", recorded))
    (history,) = evaluate("live_training", ("trained", FIGURE.digits, FIGURE.labels, 0, 0.1, 400))
    for name in ("losses", "rights"):
        run = np.array([look[name] for look in history[::2]]).T
        np.testing.assert_allclose(recorded[name], run, atol=0.03, err_msg=name)


def test_it_reads_what_people_draw():
    """Few digits have taught it, and none was drawn with a mouse: most are read, not all."""
    drawn = list(drawings(10, np.random.default_rng(2026)))
    strokes = [strokes for _, strokes in drawn]
    (read,) = evaluate(
        "live_training", ("readDrawings", FIGURE.digits, FIGURE.labels, RUN, strokes)
    )
    assert np.mean(np.array(read) == [digit for digit, _ in drawn]) > 0.7


def steps(box):
    return int(box.get_attribute("data-steps"))


def test_start_and_pause(show):
    box = show(LiveTraining(), reduced_motion="no-preference")
    assert "It guesses: one in ten" in live(box) and "It reads a" in box.inner_text()
    start = box.get_by_role("button", name="Start", exact=True)
    start.click()
    box.page.wait_for_function("document.querySelector('[data-steps]').dataset.steps > 150")
    pause = box.get_by_role("button", name="Pause")
    pause.click()
    paused = steps(box)
    assert paused % 10 == 0 and state(box, "step") == paused and f"Step {paused}:" in live(box)
    assert state(box, "accuracy") > 0.75 and "It reads a 3" in box.inner_text()
    box.page.wait_for_timeout(150)
    assert steps(box) == paused and axe(box) == []
    loss = box.get_by_role("img", name="Loss after").get_attribute("aria-label")
    assert f"Loss after {paused} steps: training digits 0." in loss


def test_it_rests_while_nobody_sees_it(show):
    box = show(LiveTraining(), reduced_motion="no-preference")
    box.page.evaluate(
        "document.body.insertAdjacentHTML('afterbegin', '<p style=\"height: 5000px\">')"
    )
    box.scroll_into_view_if_needed()
    box.get_by_role("button", name="Start", exact=True).click()
    box.page.wait_for_function("document.querySelector('[data-steps]').dataset.steps > 5")
    box.page.evaluate("scrollTo(0, 0)")
    box.page.wait_for_timeout(300)
    rested = steps(box)
    box.page.wait_for_timeout(300)
    assert steps(box) == rested < 400
    box.scroll_into_view_if_needed()
    box.page.wait_for_function(f"document.querySelector('[data-steps]').dataset.steps > {rested}")


def test_without_motion_it_goes_by_button(show):
    box = show(LiveTraining(), reduced_motion="reduce", theme="dark")
    box.get_by_role("button", name="10 steps").click()
    assert steps(box) == state(box, "step") == 10
    box.get_by_role("button", name="Start", exact=True).click()
    box.page.wait_for_timeout(100)
    assert steps(box) == 110


def test_another_seed_is_another_run(show):
    box = show(LiveTraining(), reduced_motion="reduce")
    first = box.locator("[aria-label='Filter 1 now'] .ck-cell").first.get_attribute("aria-label")
    faint = box.locator(".ck-before").first.get_attribute("points")
    box.get_by_role("button", name="Start", exact=True).click()
    trained = box.locator("[aria-label='Filter 1 now'] .ck-cell").first.get_attribute("aria-label")
    box.get_by_role("button", name="Start again").click()
    again = box.locator("[aria-label='Filter 1 now'] .ck-cell").first.get_attribute("aria-label")
    assert len({first, trained, again}) == 3
    assert (state(box, "seed"), state(box, "step"), steps(box)) == (1, 0, 0)
    assert box.locator(".ck-before").first.get_attribute("points") != faint  # the last run


def test_keyboard(show):
    box = show(LiveTraining(), reduced_motion="reduce")
    tab_to(box, "input[type=range]")
    box.page.keyboard.press("End")
    assert state(box, "rate") == 3
    box.get_by_role("button", name="10 steps").focus()
    for _ in range(10):
        box.page.keyboard.press("Enter")
    assert "The rate is too large" in live(box)
    tab_to(box, "canvas")
    box.page.keyboard.press("Delete")
    assert state(box, "strokes") == [] and "Nothing drawn yet." in box.inner_text()


def test_touch(show):
    box = show(LiveTraining(), width=390, has_touch=True, is_mobile=True)
    box.get_by_role("button", name="Another example").tap()
    box.locator("canvas").tap(position={"x": 9, "y": 9})
    assert len(state(box, "strokes")) >= 2
    assert box.page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_jupyterlab(lab):
    box = lab.show("w = LiveTraining(rate=0.2)\nw")
    for _ in range(5):
        box.get_by_role("button", name="10 steps").click()
    told = json.loads(lab.run("import json; print(json.dumps([w.step, w.accuracy, w.prediction]))"))
    assert told[0] == 50 and 0.3 < told[1] <= 1 and told[2] in range(10)
    lab.run("w.seed = 7")
    box.get_by_text("Step 0: loss").wait_for()


@pytest.mark.parametrize(
    ("given", "message"),
    [({"rate": 0}, "not be less than 0.0001"), ({"seed": -1}, "not be less than 0")],
)
def test_what_is_refused_and_why(given, message):
    with pytest.raises(Exception, match=message):
        LiveTraining(**given)
