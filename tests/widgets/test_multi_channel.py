"""Many channels, many filters: the sums against cnnkit and PyTorch, and the window that moves."""

import json

import numpy as np
import pytest
import torch
from hand import axe, hold_clock, live, numbers_of, state, tab_to
from javascript import assert_all_agree, numbers

from cnnkit import functional as F
from cnnkit.widgets import MultiChannelConvolution
from cnnkit.widgets.multi_channel import _examples

CASES = 120


def cases(rng):
    for _ in range(CASES):
        channels, filters = rng.integers(1, 5), rng.integers(1, 4)
        kernel = rng.integers(1, 5, 2)
        image = numbers(rng, (channels, *(kernel + rng.integers(0, 5, 2))))
        weight = numbers(rng, (filters, channels, *kernel))
        bias = numbers(rng, filters)
        out = F.conv2d(image, weight, bias)
        expected = torch.conv2d(*map(torch.tensor, (image, weight, bias))).numpy()
        np.testing.assert_allclose(out, expected, atol=1e-9 * max(1, np.abs(expected).max()))
        k, i, j = (int(rng.integers(n)) for n in out.shape)
        products = image[:, i : i + kernel[0], j : j + kernel[1]] * weight[k]
        yield (
            ("numberAt", image, weight[k], bias[k], i, j),
            {"products": products, "sums": products.sum((1, 2)), "value": out[k, i, j]},
        )
        yield ("conv2d", image, weight, bias), out
        yield ("shapeOf", weight), np.array(weight.shape)


def test_arithmetic():
    assert_all_agree("multi_channel", cases(np.random.default_rng(20)), at_least=CASES)


def test_the_shapes_of_the_chapter():
    example = list(_examples().values())[-1]
    image, weight = np.array(example["image"]), np.array(example["weight"])
    assert (image.shape, weight.shape) == ((3, 32, 32), (10, 3, 5, 5))
    assert F.conv2d(image, weight, np.array(example["bias"])).shape == (10, 28, 28)
    assert len(set(example["names"])) == 10 and len({f.tobytes() for f in weight}) == 10


def test_mouse(show):
    box = show(MultiChannelConvolution())
    assert "red 90, green −29, blue −5" in live(box) and "one number: 36." in live(box)
    assert "90 − 29 − 5 − 20 (bias) = 36" in box.inner_text()
    box.get_by_role("button", name="Next").click()
    assert state(box, "step") == 5 and "row 2, column 3" in live(box)
    figure = MultiChannelConvolution()
    out = F.conv2d(figure.image, figure.weight, figure.bias)
    assert numbers_of(box, "Map of filter 1") == out.ravel().tolist()
    box.get_by_role("grid", name="Picture").get_by_role("gridcell").first.click()
    assert state(box, "step") == 0
    assert axe(box) == []


def test_many_filters_make_a_stack(show):
    box = show(MultiChannelConvolution(), theme="dark")
    box.get_by_role("button", name="three filters").click()
    assert box.get_by_role("grid", name="Map of filter").count() == 3
    assert "weight (3, 3, 3, 3) (out, in, kh, kw)" in box.inner_text()
    assert "output (3, 3, 3)" in box.inner_text() and "3 maps" in live(box)
    box.get_by_role("grid", name="Map of filter 3").get_by_role("gridcell").nth(8).click()
    assert (state(box, "filter"), state(box, "step")) == (2, 8)
    assert "Filter 3 (blue above red) at row 3, column 3" in live(box)
    assert axe(box) == []
    box.get_by_role("button", name="ten filters").click()
    shapes = box.locator(".ck-shapes").inner_text()
    assert "(10, 3, 5, 5)" in shapes and "750 weights, 10 biases" in shapes
    assert box.locator(".ck-maps canvas").count() == 10
    assert "75 products" in live(box)
    assert box.evaluate("e => e.scrollWidth <= e.clientWidth + 1")
    assert axe(box) == []


def test_keyboard(show):
    box = show(MultiChannelConvolution())
    tab_to(box, "[aria-label^='Map of filter'] .ck-cell")
    box.page.keyboard.press("ArrowDown")
    assert state(box, "step") == 7 and "row 3, column 2" in live(box)
    tab_to(box, "[aria-label^=Picture] .ck-cell")
    box.page.keyboard.press("ArrowUp")
    assert state(box, "step") == 4
    tab_to(box, "input[type=range]")
    box.page.keyboard.press("End")
    assert state(box, "step") == 8


def test_touch(show):
    box = show(MultiChannelConvolution(), width=390, has_touch=True, is_mobile=True)
    box.get_by_role("button", name="ten filters").tap()
    box.locator(".ck-maps canvas").nth(4).tap(position={"x": 2, "y": 2})
    assert (state(box, "filter"), state(box, "step")) == (4, 0)
    assert box.page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_play(show):
    box = show(MultiChannelConvolution(), reduced_motion="no-preference")
    let_pass = hold_clock(box)
    box.get_by_role("button", name="Play").click()
    let_pass(1000)
    box.get_by_role("button", name="Pause").click()
    let_pass(2000)
    assert state(box, "step") == 5


def test_arrays_of_ones_own(show):
    layer = torch.nn.Conv2d(2, 3, (2, 3))
    figure = MultiChannelConvolution(torch.ones(2, 4, 6), layer.weight, layer.bias)
    assert figure._state()["step"] == 0 and figure.examples == {}
    box = show(figure)
    expected = layer(torch.ones(1, 2, 4, 6)).detach().numpy()[0, 1]
    np.testing.assert_allclose(numbers_of(box, "Map of filter 2"), expected.ravel(), atol=0.051)
    assert "channel 1" in live(box) and "output (3, 3, 4)" in box.inner_text()
    assert axe(box) == []  # each value is shown and said in the same words


def test_jupyterlab(lab):
    box = lab.show("w = MultiChannelConvolution()\nw")
    box.get_by_role("button", name="three filters").click()
    told = lab.run("import json; print(json.dumps([w.weight.shape, w.names, w.step]))")
    assert json.loads(told)[0] == [3, 3, 3, 3] and json.loads(told)[2] == 4
    lab.run("w.bias = [0, 1]")
    box.get_by_text("Waiting: image, weight and bias do not fit together.").wait_for()
    lab.run("w.bias = [0, 1, 2]")
    box.get_by_text("All together, with the bias 0").wait_for()


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ((np.ones((3, 70, 70)),), "64 × 64"),
        ((np.ones((3, 4, 4)), np.ones((2, 3, 5, 5))), "does not fit"),
        ((np.ones((3, 4, 4)), np.ones((2, 1, 3, 3))), r"Use a weight of shape \(2, 3, 3, 3\)"),
        ((np.ones((3, 4, 4)), np.ones((2, 3, 3, 3)), [1]), r"Use a bias of shape \(2,\)"),
        ((np.ones((4, 4)), np.ones((2, 3, 3, 3))), "has 3 axes"),
    ],
)
def test_what_is_refused_and_why(given, message):
    with pytest.raises(Exception, match=message):
        MultiChannelConvolution(*given)
