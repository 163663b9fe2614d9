"""The pooling explorer: the four rules, pushing the image by a pixel, what changes."""

import json
import re

import numpy as np
import pytest
from hand import axe, live, state, tab_to
from javascript import assert_all_agree, numbers

from cnnkit import functional as F
from cnnkit.widgets import PoolingExplorer

CASES = 200


def cases(rng):
    for _ in range(CASES):
        kernel, stride = (int(n) for n in rng.integers([1, 1], [4, 4]))
        image = numbers(rng, kernel + rng.integers(0, 9, 2))
        modes = {
            "max": F.max_pool2d(image[None], kernel, stride)[0],
            "average": F.avg_pool2d(image[None], kernel, stride)[0],
            "sum": F.avg_pool2d(image[None], kernel, stride)[0] * kernel**2,
            "L2 norm": F.lp_pool2d(image[None], 2, kernel, stride)[0],
        }
        for mode, expected in modes.items():
            yield ("pool", image, kernel, stride, mode), expected
        dy, dx = (int(n) for n in rng.integers(-3, 4, 2))
        pushed = F.pad(image[None], (max(dx, 0), max(-dx, 0), max(dy, 0), max(-dy, 0)))[0]
        top, left = max(-dy, 0), max(-dx, 0)
        pushed = pushed[top : top + image.shape[0], left : left + image.shape[1]]
        yield ("push", image, [dy, dx]), pushed
        yield (
            ("changes", image, pushed),
            np.count_nonzero(np.abs(image - pushed) > 1e-9),
        )


def test_arithmetic():
    assert_all_agree("pooling_explorer", cases(np.random.default_rng(20)), at_least=CASES)


def test_mouse_drags_the_image_back(show):
    box = show(PoolingExplorer())
    grid = box.get_by_role("grid", name="Input").bounding_box()
    x, y = grid["x"] + grid["width"] * 0.58, grid["y"] + grid["height"] / 2
    mouse = box.page.mouse
    mouse.move(x, y)
    mouse.down()
    mouse.move(x - grid["width"] / 6, y, steps=4)
    mouse.up()
    assert state(box, "shift") == [0, 0]
    assert "Not pushed yet" in box.inner_text()


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_rules_windows_and_pushes(show, theme):
    box = show(PoolingExplorer(), theme=theme)
    box.get_by_role("button", name="average").click()
    assert "the mean of" in live(box)
    box.get_by_role("button", name="3 × 3").click()
    box.get_by_role("button", name="stride 3").click()
    assert "Output 2 × 2" in box.inner_text()
    box.get_by_role("button", name="Push the image up").click()
    score = box.locator(".ck-score").inner_text()
    assert "Pushed 1 up, 1 right." in score and re.search(r"changed: \d+ of 4 \(\d+ %\)", score)
    assert box.locator(".ck-changed").count() > 0
    assert axe(box) == []
    box.get_by_role("button", name="Put it back").click()
    assert state(box, "shift") == [0, 0]


def test_keyboard(show):
    box = show(PoolingExplorer())
    tab_to(box, "[aria-label='Push the image down']")
    box.page.keyboard.press("Enter")
    assert state(box, "shift") == [1, 1]
    tab_to(box, "[aria-label^=Input] .ck-cell")
    box.page.keyboard.press("End")
    box.page.keyboard.press("ArrowDown")
    box.page.keyboard.press("+")
    assert state(box, "image")[0][4] == 3


def test_touch(show):
    box = show(PoolingExplorer(), width=375, has_touch=True, is_mobile=True)
    box.get_by_role("button", name="Push the image left").tap()
    assert state(box, "shift") == [0, 0]


def test_jupyterlab(lab):
    box = lab.show("w = PoolingExplorer()\nw")
    box.get_by_role("button", name="Push the image down").click()
    assert lab.run("print(w.shift)") == "[1, 1]\n"
    lab.run("w.mode = 'L2 norm'")
    box.locator("[role=status]", has_text="the root of the summed squares").wait_for()


def test_a_mode_given_by_the_field_is_found_in_the_page():
    """The static twin says the same as the live widget."""
    html = PoolingExplorer(mode="average")._repr_mimebundle_()[0]["text/html"]
    state = json.loads(re.search(r"json\">(.*?)</script>", html).group(1))
    assert state["mode"] == "average" and len(state["image"]) == 6


@pytest.mark.parametrize(
    ("given", "message"),
    [({"image": np.zeros((2, 5))}, r"3 × 3 to 12 × 12"), ({"mode": "min"}, r"max.*average.*sum")],
)
def test_what_is_refused_and_why(given, message):
    with pytest.raises(Exception, match=message):
        PoolingExplorer(**given)
