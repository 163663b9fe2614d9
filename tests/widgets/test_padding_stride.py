"""Padding and stride: the formula against the real convolution, the examples, the grids."""

import numpy as np
import pytest
from hand import axe, hold_clock, live, state, tab_to
from javascript import assert_all_agree

from cnnkit import functional as F
from cnnkit import geometry
from cnnkit.widgets import PaddingStride

CASES = 400


def cases(rng):
    for _ in range(CASES):
        keys = ["size", "kernel", "stride", "padding", "dilation"]
        values = rng.integers([1, 1, 1, 0, 1], [40, 12, 6, 5, 4])
        size, *window = map(int, values)
        setting = dict(zip(keys, map(int, values), strict=True))
        try:
            out = geometry.output_size(size, *window)
        except ValueError:
            yield ("measure", setting), {"out": 0, "fits": False}
            continue
        kernel, stride, zeros, dilation = window
        exact = (size + 2 * zeros - dilation * (kernel - 1) - 1) / stride + 1
        fits = geometry.fits(size, *window)
        yield ("measure", setting), {"out": out, "fits": fits, "exact": exact}
        # A window reads the pixels whose place comes out when it weighs each by its place.
        places = np.arange(1.0, size + 1)[None, None]
        i = int(rng.integers(out))
        picks = [
            F.conv2d(places, weight[None, None, None], None, (1, stride), (0, zeros), (1, dilation))
            for weight in np.eye(kernel)
        ]
        read = np.array([pick[0, 0, i] for pick in picks])
        got = np.array([i * stride - zeros + u * dilation for u in range(kernel)])
        np.testing.assert_array_equal(np.where((got < 0) | (got >= size), 0, got + 1), read)
        yield ("reads", setting, i), got


def test_arithmetic():
    assert_all_agree("padding_stride", cases(np.random.default_rng(20)), at_least=CASES)


def test_mouse(show):
    box = show(PaddingStride())
    box.get_by_role("button", name="AlexNet, 224").click()
    assert "54.25 → 54" in box.inner_text()
    box.get_by_role("button", name="same").click()
    assert "The size is kept" in box.inner_text()
    box.get_by_label("Kernel F").fill("7")
    box.get_by_label("Padding P").fill("0")
    assert "raise an error" in box.inner_text() and live(box) == "No window fits."
    assert box.get_by_role("button", name="Play").is_disabled()


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_what_does_not_fit_can_be_read(show, theme):
    box = show(PaddingStride(), theme=theme)
    box.get_by_role("button", name="does not fit").click()
    assert "the last pixel of each row and column is left over (hatched)" in box.inner_text()
    assert box.locator(".ck-lost").count() == 1 and box.locator(".ck-edge").count() == 19
    assert axe(box) == []


def test_keyboard(show):
    box = show(PaddingStride())
    tab_to(box, "input[type=range]")
    box.page.keyboard.press("ArrowRight")
    assert state(box, "size") == 6
    tab_to(box, "[aria-label^=Output] .ck-cell")
    box.page.keyboard.press("ArrowRight")
    assert state(box, "step") == 1


def test_touch(show):
    box = show(PaddingStride(), width=375, has_touch=True, is_mobile=True)
    box.get_by_role("button", name="dilated").tap()
    assert state(box, "dilation") == 2


def test_play(show):
    box = show(PaddingStride(), reduced_motion="no-preference")
    let_pass = hold_clock(box)
    box.get_by_role("button", name="Play").click()
    let_pass(1200)
    assert state(box, "step") == 6 and "Window 7:" in live(box)
    box.get_by_label("Stride S").fill("1")  # another shape: it stops and begins anew
    assert state(box, "step") == 0 and box.get_by_role("button", name="Play").is_visible()


def test_play_without_motion(show):
    box = show(PaddingStride(), reduced_motion="reduce")
    box.get_by_role("button", name="Play").click()
    assert state(box, "step") == 8


def test_jupyterlab(lab):
    box = lab.show("w, seen = PaddingStride(), []\nw")
    box.get_by_role("button", name="same").click()
    lab.run("w.observe(lambda change: seen.append(change['new']), 'size')")
    assert lab.run("print(w.stride)") == "1\n"
    assert lab.run("w.size = 9\nprint(seen)") == "[9]\n"
    box.locator(".ck-formula", has_text="(9 + 2 − 2 − 1) / 1 + 1 = 9").wait_for()


def test_what_is_refused():
    with pytest.raises(Exception, match="stride"):
        PaddingStride(stride=0)
