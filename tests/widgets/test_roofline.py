"""The roofline: what a convolution costs against the model's own summary, and three regimes."""

import numpy as np
import pytest
import torch
from hand import axe, live, state, tab_to
from javascript import assert_all_agree, evaluate

from cnnkit import models
from cnnkit.widgets import Roofline

CASES = 40


def costs(batch, channels, side, kernel, itemsize):
    """Count with the course's own table of a layer."""
    layer = torch.nn.Conv2d(channels, channels, kernel, padding=kernel // 2, bias=False)
    row = models.summary(torch.nn.Sequential(layer), (channels, side, side)).rows[0]
    assert row.output_shape == (channels, side, side)
    numbers = 2 * batch * channels * side * side + row.parameters
    return {"operations": 2 * batch * row.multiply_accumulates, "moved": itemsize * numbers}


def cases(rng):
    for _ in range(CASES):
        given = [int(rng.integers(1, high)) for high in (65, 40, 33)] + [int(rng.choice([1, 3, 5]))]
        itemsize = int(rng.choice([2, 4]))
        expected = costs(*given, itemsize)
        yield ("work", *given, itemsize), expected
        peak, bandwidth, order = 10 ** rng.uniform([11, 10, -7], [14, 12, -4])
        times = [expected["operations"] / peak, expected["moved"] / bandwidth, order]
        intensity = expected["operations"] / expected["moved"]
        roof = min(peak, intensity * bandwidth)  # as the chapter has it
        yield (
            ("regime", expected, peak, bandwidth, order),
            {
                "times": dict(zip(("arithmetic", "memory", "overhead"), times, strict=True)),
                "intensity": intensity,
                "speed": min(roof, expected["operations"] / order),
            },
        )


def test_arithmetic():
    assert_all_agree("roofline", cases(np.random.default_rng(20)), at_least=CASES)


def test_what_is_waited_for_takes_longest():
    layer = {"operations": 1e9, "moved": 1e6}
    for order, peak, waits in (
        (1e-3, 1e14, "overhead"),
        (0, 1e12, "arithmetic"),
        (0, 1e16, "memory"),
    ):
        (found,) = evaluate("roofline", ("regime", layer, peak, 1e11, order))
        assert found["waits"] == waits


def test_mouse(show):
    box = show(Roofline())
    assert "302 million operations, 4.2 MB: 71.4 operations for each byte" in live(box)
    assert "It waits for its orders, 5 µs" in live(box)
    box.get_by_role("slider", name="One order").fill("0")
    assert "It waits for memory, 2.08 µs" in live(box)
    box.get_by_role("button", name="Laptop processor").click()
    assert state(box, "machine") == "laptop" and "It waits for arithmetic, 357 µs" in live(box)
    box.get_by_role("button", name="16 bits").click()
    box.get_by_role("slider", name="Kernel").fill("0")
    assert state(box, "kernel") == 1 and "It waits for arithmetic" in live(box)
    box.get_by_role("slider", name="Batch").fill("10")
    assert state(box, "batch") == 1024
    assert axe(box) == []


def test_a_large_batch_leaves_the_overhead_behind(show):
    box = show(Roofline())
    box.get_by_role("slider", name="Batch").fill("8")
    assert "It waits for memory" in live(box)


def test_keyboard(show):
    box = show(Roofline())
    tab_to(box, "input[type=range]")
    box.page.keyboard.press("ArrowRight")
    assert state(box, "batch") == 128


def test_touch(show):
    box = show(Roofline(), width=390, has_touch=True, is_mobile=True)
    box.get_by_role("button", name="T4").tap()
    assert state(box, "machine") == "t4"


def test_jupyterlab(lab):
    box = lab.show("w = Roofline()\nw")
    box.get_by_role("button", name="H100").click()
    assert lab.run("print(w.machine)") == "h100\n"
    lab.run("w.order = 0")
    box.locator("[role=status]", has_text="waits for memory").wait_for()


@pytest.mark.parametrize("given", [{"machine": "abacus"}, {"batch": 0}, {"order": -1.0}])
def test_what_is_refused(given):
    with pytest.raises(Exception, match=r"abacus|0|-1"):
        Roofline(**given)
