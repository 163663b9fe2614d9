"""The receptive field: lengths, fields and spans against real convolutions; choosing a cell."""

import itertools

import numpy as np
import pytest
from hand import axe, live, state, tab_to
from javascript import assert_all_agree

from cnnkit import functional as F
from cnnkit import geometry
from cnnkit.widgets import ReceptiveField

CASES = 600
LONG = 800  # pixels: more than two units of five layers see


def cases(rng):
    while True:
        size = int(rng.integers(8, 41))
        layers = []
        length = size
        for _ in range(rng.integers(1, 6)):
            kernel, stride = int(rng.integers(1, 6)), int(rng.integers(1, 4))
            layer = {"kernel_size": kernel, "stride": stride}
            layer["padding"] = int(rng.integers(0, kernel // 2 + 1))
            if length + 2 * layer["padding"] < kernel:
                break
            layers.append(layer)
            length = geometry.output_size(length, *layer.values())
        unit = int(rng.integers(length))
        # Send one pixel at a time through layers of ones: what arrives at the unit was seen.
        signal, lengths = np.eye(size)[:, None, None], [size]
        for layer in layers:
            ones = np.ones((1, 1, 1, layer["kernel_size"]))
            signal = F.conv2d(signal, ones, None, (1, layer["stride"]), (0, layer["padding"]))
            lengths.append(signal.shape[-1])
        seen = np.flatnonzero(signal[:, 0, 0, unit])
        if seen.size == 0:
            continue  # a unit that sees nothing but zeros
        yield ("lengths", size, layers), lengths
        yield (
            ("trace", size, layers, len(layers), unit),
            {0: [seen[0], seen[-1]]},
        )
        # Far from every edge a unit sees its whole field: measure it on a long input.
        signal = np.eye(LONG)[:, None, None]
        for layer in layers:
            ones = np.ones((1, 1, 1, layer["kernel_size"]))
            signal = F.conv2d(signal, ones, None, (1, layer["stride"]))
        first, second = (np.flatnonzero(signal[:, 0, 0, i]) for i in (0, 1))
        expected = {"field": first[-1] - first[0] + 1, "jump": second[0] - first[0]}
        yield ("fields", layers), {len(layers) - 1: expected}


def test_arithmetic():
    endless = cases(np.random.default_rng(20))
    assert_all_agree("receptive_field", itertools.islice(endless, CASES), at_least=CASES)


def test_mouse(show):
    box = show(ReceptiveField())
    box.get_by_role("button", name="Remove the top layer").click()
    assert "sees input pixels" in live(box)
    tower = box.get_by_role("application").bounding_box()
    box.page.mouse.click(tower["x"] + 5, tower["y"] + tower["height"] - 5)
    assert live(box) == "Pixel 1 of the input: it sees itself."
    for _ in range(4):
        box.get_by_role("button", name="+ conv 5").click()
    assert len(state(box, "layers")) == 7
    assert box.get_by_role("button", name="+ conv 5").is_disabled()
    assert axe(box) == []


def test_keyboard(show):
    box = show(ReceptiveField())
    tab_to(box, "[role=application]")
    for key, chosen in [
        ("ArrowDown", (3, 4)),
        ("ArrowRight", (3, 5)),
        ("ArrowUp", (4, 5)),
        ("ArrowUp", (4, 5)),
        ("End", (4, 9)),
        ("Home", (4, 0)),
        ("ArrowLeft", (4, 0)),
    ]:
        box.page.keyboard.press(key)
        assert (state(box, "level"), state(box, "index")) == chosen, key


def test_touch(show):
    box = show(ReceptiveField(), width=375, has_touch=True, is_mobile=True)
    box.get_by_role("application").tap(position={"x": 4, "y": 4})
    assert (state(box, "level"), state(box, "index")) == (4, 0)


def test_no_pooling_before_a_reader_has_met_it(show):
    layers = [{"kernel_size": 3, "stride": stride, "padding": 1} for stride in (1, 2)]
    box = show(ReceptiveField(layers, pooling=False))
    assert "pool" not in box.inner_text()
    assert box.get_by_role("button", name="+ conv").count() == 3


def test_jupyterlab(lab):
    box = lab.show("w = ReceptiveField()\nw")
    box.get_by_role("button", name="+ pool 2").click()
    assert lab.run("print(len(w.layers))") == "5\n"
    lab.run("w.layers = [dict(kind='conv', kernel_size=7)]; w.level = 1; w.index = 0")
    box.locator("[role=status]", has_text="sees input pixels 1 to 7").wait_for()


@pytest.mark.parametrize(
    ("layers", "message"),
    [
        ([{"kind": "conv"}], r"layer 1(?s:.*)kernel_size"),
        ([{"kernel_size": (3, 3)}], r"no pairs"),
    ],
)
def test_what_is_refused_and_why(layers, message):
    with pytest.raises(Exception, match=message):
        ReceptiveField(layers)
