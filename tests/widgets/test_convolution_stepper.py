"""The convolution stepper: its arithmetic, stepping and playing, filters, large images."""

import json

import numpy as np
import pytest
import torch
from hand import axe, hold_clock, live, numbers_of, state, tab_to
from hypothesis import given, settings
from hypothesis import strategies as st
from javascript import assert_all_agree, numbers

from cnnkit import functional as F
from cnnkit import images
from cnnkit.widgets import ConvolutionStepper

CASES = 200
PIXEL = "c => [...c.getContext('2d').getImageData(0, 0, 1, 1).data]"


def cases(rng):
    for _ in range(CASES):
        channels, filters = rng.choice([1, 3]), rng.integers(1, 5)
        kernel = rng.integers(1, 5, 2)
        image = numbers(rng, (channels, *(kernel + rng.integers(0, 6, 2))))
        weight = numbers(rng, (filters, channels, *kernel))
        bias = numbers(rng, filters)
        out = F.conv2d(image, weight, bias)
        yield ("conv2d", image, weight, bias), out
        k, i, j = (int(rng.integers(n)) for n in out.shape)
        window = image[:, i : i + kernel[0], j : j + kernel[1]] * weight[k]
        expected = {"products": window, "sums": window.sum((1, 2))}
        assert window.sum() + bias[k] == pytest.approx(out[k, i, j])
        yield ("productsAt", image, weight[k], i, j), expected
        step = i * out.shape[2] + j
        yield ("positionOf", step, out.shape[2]), [i, j]


def test_arithmetic():
    assert_all_agree("convolution_stepper", cases(np.random.default_rng(20)), at_least=CASES)


def test_mouse(show):
    box = show(ConvolutionStepper())
    assert "1 × 1 + 1 × 1 + 1 × 1 + 0 × 1 + 1 × 1 = 4" in live(box)
    for _ in range(4):
        box.get_by_role("button", name="Next").click()
    assert numbers_of(box, "Output") == [4, 3, 4, 2, 4, 3, 2, 3, 4]
    box.get_by_role("grid", name="Input").get_by_role("gridcell").nth(24).click()
    assert state(box, "image")[0][4][4] == 1
    assert "= 5" in live(box)
    box.get_by_role("button", name="6 × 6 grey").click()
    assert "= 429" in live(box)


def test_filters_come_and_go(show):
    box = show(ConvolutionStepper(), theme="dark")
    preset = box.get_by_role("combobox")
    assert preset.input_value() == "X detector"
    box.get_by_label("Weights, row 1, column 1").fill("3")
    assert preset.input_value() == ""
    preset.select_option("vertical edges")
    assert state(box, "weight")[0][0] == [[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]]
    add = box.get_by_role("button", name="Add a filter")
    add.click()
    assert add.evaluate("e => e === document.activeElement")
    assert box.get_by_role("grid", name="Output of filter 2").is_visible()
    assert len(state(box, "weight")) == 2 and state(box, "filter") == 1
    box.get_by_label("Bias").fill("-2")
    assert state(box, "bias") == [0, -2] and "− 2 =" in live(box)
    assert axe(box) == []
    box.get_by_role("button", name="Remove").click()
    assert len(state(box, "weight")) == 1 and state(box, "bias") == [0]


def test_keyboard(show):
    box = show(ConvolutionStepper())
    press = box.page.keyboard.press
    tab_to(box, "[aria-label^=Output] .ck-cell")
    press("Home")
    assert state(box, "step") == 3
    press("ArrowDown")
    assert state(box, "step") == 6 and live(box).startswith("Row 3, column 1")
    tab_to(box, "[aria-label^=Input] .ck-cell")
    press("Space")
    assert state(box, "image")[0][0][0] == 0
    tab_to(box, "input[type=range]")
    press("End")
    assert state(box, "step") == 8


def test_touch(show):
    box = show(ConvolutionStepper(), width=375, has_touch=True, is_mobile=True)
    box.get_by_role("button", name="a photograph").tap()
    box.locator("canvas").first.tap(position={"x": 4, "y": 4})
    assert state(box, "step") == 0


def test_play(show):
    box = show(ConvolutionStepper(), reduced_motion="no-preference")
    position = box.get_by_role("slider", name="Window")
    position.fill("0")
    let_pass = hold_clock(box)
    box.get_by_role("button", name="Play").click()
    let_pass(1500)
    box.get_by_role("button", name="Pause").click()
    let_pass(1500)
    assert state(box, "step") == 2
    position.fill("8")
    assert box.get_by_role("button", name="Next").is_disabled()
    box.get_by_role("button", name="Play").click()  # from the start again
    let_pass(1000)
    assert state(box, "step") == 1


def test_play_without_motion(show):
    box = show(ConvolutionStepper(), reduced_motion="reduce")
    box.get_by_role("button", name="Play").click()
    assert state(box, "step") == 8


def test_a_large_output_follows_the_theme(show):
    box = show(ConvolutionStepper(), theme="light")
    box.get_by_role("button", name="a photograph").click()
    output = box.locator("canvas").nth(1)
    light = output.evaluate(PIXEL)
    box.page.evaluate("document.documentElement.dataset.theme = 'dark'")
    box.page.wait_for_timeout(200)
    assert output.evaluate(PIXEL) != light


def test_jupyterlab(lab):
    box = lab.show("w = ConvolutionStepper()\nw")
    box.get_by_role("button", name="Next").click()
    box.get_by_label("Weights, row 1, column 1").fill("7")
    told = lab.run("import json; print(json.dumps([w.step, w.weight[0, 0].tolist()]))")
    assert json.loads(told) == [5, [[7, 0, 1], [0, 1, 0], [1, 0, 1]]]
    lab.run(
        "with w.hold_sync():\n"
        "    w.image = np.arange(48.0).reshape(3, 4, 4)\n"
        "    w.weight, w.step = np.ones((1, 3, 3, 3)), 3"
    )
    box.locator("[role=status]", has_text="702").wait_for()
    assert "Input 3 × 4 × 4" in box.inner_text()


def test_observers_hear_of_new_arrays():
    stepper, heard = ConvolutionStepper(), []
    stepper.observe(lambda change: heard.append(change["new"].shape), "image")
    stepper.image = np.zeros((1, 7, 7))
    assert heard == [(1, 7, 7)]


@settings(deadline=None, max_examples=50)
@given(
    st.lists(
        st.floats(-1e6, 1e6, allow_nan=False).map(lambda v: float(f"{v:.6g}")),
        min_size=9,
        max_size=9,
    )
)
def test_a_kernel_survives_the_way_to_the_page_and_back(values):
    kernel = np.reshape(values, (1, 1, 3, 3))
    stepper = ConvolutionStepper(weight=kernel)
    sent = json.loads(json.dumps(stepper.get_state("weight")["weight"]))
    stepper.set_state({"weight": sent})
    np.testing.assert_array_equal(stepper.weight, kernel)


def test_weights_of_a_torch_layer_can_be_stepped_through():
    layer = torch.nn.Conv2d(3, 4, 5)
    stepper = ConvolutionStepper(torch.zeros(3, 16, 16), layer.weight, layer.bias)
    assert stepper.weight.shape == (4, 3, 5, 5)
    np.testing.assert_allclose(stepper.bias, layer.bias.detach().numpy())


def test_one_kernel_serves_every_channel():
    photo = np.moveaxis(images.photograph("cat", size=16), -1, 0)
    stepper = ConvolutionStepper(photo, [[1, 0], [0, -1]])
    assert stepper.weight.tolist() == [[[[1, 0], [0, -1]]] * 3]


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ((np.zeros((65, 65)),), r"64 × 64"),
        ((np.eye(2), np.eye(3)), r"does not fit(?s:.*)smaller kernel"),
        ((np.eye(9), np.ones((1, 3, 3, 3))), r"1 channels(?s:.*)weight 3"),
        ((np.eye(9), np.eye(3), [1, 2]), r"1 filters need 1 biases"),
    ],
)
def test_what_is_refused_and_why(given, message):
    with pytest.raises(Exception, match=message):
        ConvolutionStepper(*given)
