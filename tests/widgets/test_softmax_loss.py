"""Softmax and loss: the numbers against cnnkit, scores by hand, one step downhill."""

import numpy as np
import pytest
from hand import axe, live, state, tab_to
from javascript import assert_all_agree

from cnnkit import functional as F
from cnnkit.widgets import SoftmaxLoss

CASES = 200


def cases(rng):
    for _ in range(CASES):
        classes = int(rng.integers(2, 11))
        logits = rng.normal(size=classes) * rng.choice([1, 10, 300])
        target, temperature = int(rng.integers(classes)), float(rng.choice([0.2, 1, 1.7, 5]))
        scores, truth = logits[None] / temperature, np.array([target])
        gradient = F.cross_entropy_backward(1.0, scores, truth)[0] / temperature
        yield ("softmax", logits, temperature), F.softmax(logits / temperature)
        yield (
            ("crossEntropy", logits, target, temperature),
            F.cross_entropy(scores, truth),
        )
        yield ("gradient", logits, target, temperature), gradient
        yield ("descend", logits, target, temperature, 0.5), logits - 0.5 * gradient


def test_arithmetic():
    assert_all_agree("softmax_loss", cases(np.random.default_rng(20)), at_least=CASES)


def test_mouse(show):
    box = show(SoftmaxLoss())
    before = state(box, "logits")
    box.get_by_role("button", name="One step downhill").click()
    assert state(box, "logits")[1] > before[1] and state(box, "logits")[0] < before[0]
    box.get_by_role("button", name="Start again").click()
    assert state(box, "logits") == before
    box.get_by_text("bird").first.click()
    assert "The truth is bird" in live(box)
    box.get_by_label("Temperature").fill("5")
    assert "A high temperature evens the answer out." in live(box)
    assert axe(box) == []


def test_two_of_them_do_not_share_their_choice(show):
    box = show(SoftmaxLoss(), SoftmaxLoss(logits=[3, 1, 0], labels=["a", "b", "c"]))
    other = box.page.locator(".ckw").nth(1)
    other.get_by_text("c", exact=True).click()
    assert box.locator("input:checked").count() == other.locator("input:checked").count() == 1
    assert "The truth is dog" in live(box) and "The truth is c" in live(other)


def test_keyboard(show):
    box = show(SoftmaxLoss())
    tab_to(box, "input[type=radio]")
    box.page.keyboard.press("ArrowDown")
    assert state(box, "target") == 2
    tab_to(box, "[aria-label='Score of cat']")
    box.page.keyboard.press("ArrowRight")
    assert state(box, "logits")[0] == pytest.approx(2.1)


def test_touch(show):
    box = show(SoftmaxLoss(), width=375, has_touch=True, is_mobile=True)
    box.get_by_role("button", name="One step downhill").tap()
    assert state(box, "logits")[1] > 1


def test_jupyterlab(lab):
    box = lab.show("w = SoftmaxLoss()\nw")
    box.locator("input[type=radio]").nth(3).click()
    assert lab.run("print(w.target)") == "3\n"
    lab.run("w.logits = np.array([0, 0, 0, 0])")
    box.get_by_text("25.0 %").first.wait_for()
    lab.run("w.logits = np.array([0, 0, 0])")
    box.locator("[role=status]", has_text="do not fit together").wait_for()


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"logits": [1.0]}, r"2 to 10 scores"),
        ({"logits": [1, 9]}, r"between −8 and 8"),
        ({"logits": [1, 2, 3], "labels": ["a", "b"]}, r"3 scores need 3 labels"),
        ({"logits": [1, 2], "target": 2}, r"target from 0 to 1"),
    ],
)
def test_what_is_refused_and_why(given, message):
    with pytest.raises(ValueError, match=message):
        SoftmaxLoss(**given)
