"""The pixel inspector: flattening and folding, drawing on the picture, what it refuses."""

import numpy as np
import pytest
from hand import axe, live, state, tab_to
from javascript import assert_all_agree

from cnnkit.widgets import PixelInspector

CASES = 200


def cases(rng):
    for _ in range(CASES):
        image = rng.integers(0, 256, rng.integers(1, 9, 2))
        width = int(rng.integers(2, 20))
        flat = image.ravel()
        yield ("flatten", image), flat
        rows = [flat[i : i + width].tolist() for i in range(0, flat.size, width)]
        yield ("fold", flat, width), rows
        colour = rng.integers(0, 256, (*image.shape, 3))
        yield ("channelOf", colour, 1), colour[..., 1]
        changed = colour.copy()
        changed[-1, 0, 2] = 7
        yield ("withPixel", colour, image.shape[0] - 1, 0, 2, 7), changed


def test_arithmetic():
    assert_all_agree("pixel_inspector", cases(np.random.default_rng(20)), at_least=CASES)


def test_mouse(show):
    box = show(PixelInspector())
    cells = box.get_by_role("grid", name="Picture").get_by_role("gridcell")
    cells.nth(0).click()
    assert state(box, "image")[0][0] == 255
    assert "Row 1, column 1 holds 255: white" in live(box)
    box.get_by_label("Chosen value").fill("7")
    assert state(box, "image")[0][0] == 7 and "holds 7: nearly black" in live(box)
    box.get_by_label("Pixels in a row").fill("4")
    assert "4, as it was" in box.inner_text()


def test_a_stroke_of_the_mouse_draws_a_line(show):
    box = show(PixelInspector(image=np.zeros((4, 4))))
    grid = box.get_by_role("grid", name="Picture").bounding_box()
    mouse, row = box.page.mouse, grid["y"] + grid["height"] / 8
    mouse.move(grid["x"] + 5, row)
    mouse.down()
    mouse.move(grid["x"] + grid["width"] - 5, row, steps=12)
    mouse.up()
    mouse.move(grid["x"] + 5, grid["y"] + grid["height"] - 5)
    assert state(box, "image") == [[255] * 4, *[[0] * 4] * 3]


def test_keyboard(show):
    box = show(PixelInspector())
    tab_to(box, ".ck-drag .ck-cell")
    box.page.keyboard.press("ArrowRight")
    box.page.keyboard.press("Space")
    assert state(box, "pixel") == [2, 3] and state(box, "image")[2][3] == 255
    tab_to(box, ".ck-plain .ck-cell")
    box.page.keyboard.press("-")
    assert state(box, "image")[2][3] == 245


def test_touch(show):
    box = show(PixelInspector(), width=375, has_touch=True, is_mobile=True)
    box.get_by_role("grid", name="Picture").get_by_role("gridcell").nth(3).tap()
    assert state(box, "image")[0][3] == 255


def test_colour(show):
    image = np.zeros((3, 4, 3))
    image[2, 2] = [10, 200, 30]
    box = show(PixelInspector(image=image), theme="dark")
    assert "red 10, green 200, blue 30. Flattened, this red value is number 11 of 12." in live(box)
    box.get_by_role("button", name="green").click()
    assert box.get_by_label("Chosen value").input_value() == "200"
    assert axe(box) == []


def test_jupyterlab(lab):
    box = lab.show("w = PixelInspector()\nw")
    box.locator(".ck-cell").first.click()
    assert lab.run("print(w.image[0, 0], type(w.image).__name__)") == "255.0 ndarray\n"
    lab.run("w.image = np.array([[0, 255], [255, 0]])")
    box.locator(".ck-drag .ck-cell").nth(4).wait_for(state="detached")
    assert box.locator(".ck-drag .ck-cell").count() == 4


def test_arrays_are_copied_kept_and_read_only():
    image = np.array([[0, 255], [255, 0]])
    inspector = PixelInspector(image=image)
    image[0, 0] = 9
    assert inspector.image[0, 0] == 0
    with pytest.raises(ValueError, match="read-only"):
        inspector.image[0, 0] = 1
    inspector.image = [[1, 2, 3]]
    assert inspector.image.tolist() == [[1, 2, 3]]


@pytest.mark.parametrize(
    ("image", "message"),
    [
        (np.zeros((3, 9, 9)), r"height, width, 3(?s:.*)moveaxis"),
        (np.zeros((2, 2, 2, 3)), r"2 or 3 axes"),
        (np.full((2, 2), 256), r"from 0 to 255"),
        (np.zeros((40, 40)), r"32 × 32(?s:.*)::4"),
        ([[1, 2], [3]], r"rows of one length"),
        ([["a"]], r"numbers"),
        ([[np.nan]], r"nan_to_num"),
    ],
)
def test_what_is_refused_and_why(image, message):
    with pytest.raises(Exception, match=message):
        PixelInspector(image=image)
