"""The five cases: each equals a convolution (case 1 a dense layer), by mouse, keys and touch."""

import numpy as np
import pytest
from hand import axe, numbers_of, state, tab_to
from javascript import assert_all_agree, numbers

from cnnkit import functional as F
from cnnkit import images
from cnnkit.widgets import FiveCases

CASES = 200


def cases(rng):
    for _ in range(CASES):
        height, width = rng.integers(2, 9, 2)
        image = rng.integers(0, 256, (height, width)).astype(float)
        weights = {
            "pixel_weights": numbers(rng, (height, width)),
            "pair": numbers(rng, 2),
            "pairs": numbers(rng, (2, 2)),
            "kernel": numbers(rng, rng.integers(1, [min(height, 3) + 1, min(width, 3) + 1])),
            "zeros": str(rng.choice(["right", "left", "both"])),
        }
        number = int(rng.integers(1, 6))
        left, right = {"right": (0, 1), "left": (1, 0), "both": (1, 1)}[weights["zeros"]]
        input = F.pad(image[None], (left, right))[0] if number == 3 else image
        filters = {
            1: weights["pixel_weights"][None],
            2: weights["pair"][None, None],
            3: weights["pair"][None, None],
            4: weights["pairs"][:, None],
            5: weights["kernel"][None],
        }[number]
        if number == 1:
            # One window as large as the image is the dense layer of case 1.
            score = F.conv2d(image[None], filters[:, None]).item()
            assert F.linear(image.ravel(), filters.reshape(1, -1)).item() == pytest.approx(score)
            expected = {"outputs": (image * filters), "score": score}
        else:
            expected = {"outputs": F.conv2d(input[None], filters[:, None])}
        yield (
            ("solve", number, image, weights),
            {"input": input, "filters": filters, **expected},
        )
        yield ("shiftRight", image), np.roll(image, 1, axis=1)


def test_arithmetic():
    assert_all_agree("five_cases", cases(np.random.default_rng(20)), at_least=CASES)


def test_mouse(show):
    box = show(FiveCases())
    box.get_by_role("button", name="5 A square window").click()
    result = F.conv2d(images.four()[None] / 1, [[[[1, 0.3], [0.1, 5]]]])[0]
    assert numbers_of(box, "Result") == np.floor(result + 0.5).ravel().tolist()
    box.get_by_label("Weights, row 2, column 2").fill("0")
    assert state(box, "kernel") == [[1, 0.3], [0.1, 0]]
    box.get_by_role("button", name="3 Zeros").click()
    assert "The width is kept" in box.inner_text()
    box.get_by_role("button", name="on both sides").click()
    assert "4 columns become 5" in box.inner_text()


def test_weights_of_each_case_can_be_changed(show):
    box = show(FiveCases())
    for case, label, trait in [
        ("1 One", "Weights, row 2, column 3", "pixel_weights"),
        ("3 Zeros", "Weights, row 1, column 2", "pair"),
        ("4 Two", "Pair 2, row 1, column 1", "pairs"),
    ]:
        box.get_by_role("button", name=case).click()
        box.get_by_label(label).fill("8")
        row, column = (int(word.split()[-1]) - 1 for word in label.split(", ")[1:])
        row = 1 if trait == "pairs" else row
        assert np.atleast_2d(state(box, trait))[row, column] == 8
        assert axe(box) == []


def test_keyboard(show):
    box = show(FiveCases())
    tab_to(box, ".ck-choice[aria-pressed=true]")
    box.page.keyboard.press("Tab")
    box.page.keyboard.press("Enter")
    assert state(box, "case") == 3
    tab_to(box, ".ck-cell")
    box.page.keyboard.press("ArrowDown")
    assert state(box, "cell") == [1, 0]


def test_touch(show):
    box = show(FiveCases(), width=375, has_touch=True, is_mobile=True)
    box.get_by_role("button", name="4 Two pairs").tap()
    box.get_by_role("grid", name="Result of pair 2").get_by_role("gridcell").nth(4).tap()
    assert state(box, "cell") == [1, 1]


def test_jupyterlab(lab):
    box = lab.show("w = FiveCases()\nw")
    box.get_by_role("button", name="5 A square").click()
    assert lab.run("print(w.case)") == "5\n"
    lab.run("w.case = 1")
    box.get_by_text("24 weights, one score").wait_for()


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"image": np.zeros((9, 9))}, r"8 × 8"),
        ({"pair": [1, 2, 3]}, r"pair has shape \(2,\)"),
        ({"image": np.eye(3), "pixel_weights": np.eye(4)}, r"one weight per pixel"),
        ({"kernel": np.ones((7, 1))}, r"does not fit"),
        ({"case": 6}, r"case"),
    ],
)
def test_what_is_refused_and_why(given, message):
    with pytest.raises(Exception, match=message):
        FiveCases(**given)
