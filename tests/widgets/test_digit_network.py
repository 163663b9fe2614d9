"""The live network: the same in JavaScript and in cnnkit.nn, and it reads what people draw.

The network was trained on MNIST alone (benchmarks/export_live_network.py) and has never seen the
drawn digits.
"""

import subprocess

import numpy as np
import pytest
from drawn import DIGITS, drawings
from hand import live, state, tab_to
from javascript import evaluate
from paths import NODE

from cnnkit import functional as F
from cnnkit.widgets import HERE, LiveNetwork, live_network


def flat(answer):
    """A typed array comes back as a JSON object with numbers as keys."""
    return np.array(list(answer.values()))


def test_javascript_equals_cnnkit():
    rng = np.random.default_rng(7)
    images = rng.random((200, 784)).round(4) * (rng.random((200, 784)) < 0.3)
    model = live_network()
    shapes = [(int(rng.integers(1, 5)), int(rng.integers(1, 4)), int(k)) for k in [1, 3, 5] * 8]
    layers = [
        {
            "shape": s,
            "weight": rng.normal(size=(s[0], s[1], s[2] ** 2)),
            "bias": rng.normal(size=s[0]),
        }
        for s in shapes
    ]
    inputs = [rng.normal(size=(s[1], 8, 8)) for s in shapes]
    calls = [
        ("convolve", x.ravel(), 8, layer | {"weight": layer["weight"].ravel()})
        for x, layer in zip(inputs, layers, strict=True)
    ]
    answers, maps, *outputs = evaluate(
        "digit_network", ("answers", images), ("forward", images[0]), *calls
    )
    np.testing.assert_allclose(answers, model(images.reshape(-1, 1, 28, 28)), atol=1e-9)
    value = images[0].reshape(1, 1, 28, 28)
    for name, depth in (("one", 2), ("half", 3), ("two", 5), ("flat", 6)):
        value = images[0].reshape(1, 1, 28, 28)
        for layer in model.children[:depth]:
            value = layer(value)
        np.testing.assert_allclose(flat(maps[name]), value.ravel(), atol=1e-9, err_msg=name)
    np.testing.assert_allclose(maps["probabilities"], F.softmax(np.array(answers[0])), atol=1e-12)
    for x, layer, shape, output in zip(inputs, layers, shapes, outputs, strict=True):
        weight = layer["weight"].reshape(*shape, shape[2])
        expected = F.conv2d(x, weight, layer["bias"], padding=shape[2] // 2)
        np.testing.assert_allclose(flat(output), expected.ravel(), atol=1e-9)


def test_it_reads_digits_that_people_draw():
    drawn = list(drawings(40, np.random.default_rng(2026)))
    (read,) = evaluate("digit_network", ("readDigits", [strokes for _, strokes in drawn]))
    truth = np.array([digit for digit, _ in drawn])
    right = np.array(read) == truth
    missed = {d: f"{right[truth == d].mean():.0%}" for d in DIGITS}
    assert len(drawn) == 400
    assert right.mean() >= 0.95, missed
    assert min(right[truth == d].mean() for d in DIGITS) >= 0.8, missed


def test_speed():
    script = (
        f"import {{ forward }} from '{(HERE / 'digit_network' / 'digit_network.mjs').as_uri()}';"
        "const x = Float64Array.from({length: 784}, (_, i) => (i * 7919 % 100) / 100);"
        "for (let i = 0; i < 50; i++) forward(x);"
        "const t = [];"
        "for (let i = 0; i < 60; i++) { const s = performance.now(); forward(x);"
        "  t.push(performance.now() - s); }"
        "process.stdout.write(String(t.sort((a, b) => a - b)[20]));"
    )
    command = [NODE, "--input-type=module", "-e", script]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert float(done.stdout) <= 5, f"{done.stdout} ms a pass"


def test_what_it_refuses():
    with pytest.raises(Exception, match=r"reads \(28, 28\)"):
        LiveNetwork(image=np.zeros((8, 8)))
    with pytest.raises(Exception, match="Divide 8-bit values by 255"):
        LiveNetwork(image=np.full((28, 28), 255))
    with pytest.raises(Exception, match="layer 1 has 16"):
        LiveNetwork(unit=[1, 16, 0, 0])


def test_mouse(show):
    box = show(LiveNetwork())
    assert "It reads a 4" in box.inner_text()
    box.locator(".ck-maps2 .ck-map").nth(3).click(position={"x": 3, "y": 3})
    assert state(box, "unit") == [1, 3, 0, 0] and "72 products" in live(box)
    box.get_by_role("button", name="Clear").click()
    assert "Nothing drawn yet." in box.inner_text()
    pad, mouse = box.get_by_role("application").bounding_box(), box.page.mouse
    for i, (x, y) in enumerate([(0.2, 0.15), (0.8, 0.15), (0.45, 0.85)]):
        mouse.move(pad["x"] + x * pad["width"], pad["y"] + y * pad["height"], steps=8)
        if i == 0:
            mouse.down()
    mouse.up()
    assert "It reads a 7" in box.inner_text()
    assert state(box, "prediction") == 7 and np.argmax(state(box, "probabilities")) == 7
    assert live_network()(np.array(state(box, "image"))[None, None]).argmax() == 7
    assert float(box.get_attribute("data-ms")) < 50
    box.get_by_role("button", name="Undo").click()
    assert "Nothing drawn yet." in box.inner_text() and state(box, "strokes") == []


def test_keyboard(show):
    box = show(LiveNetwork())
    press = box.page.keyboard.press
    tab_to(box, "canvas")
    press("Delete")
    for _ in range(10):
        press("ArrowUp")
    press("Space")
    for _ in range(20):
        press("ArrowDown")
    press("Space")
    assert state(box, "prediction") == 1 and "It reads a 1" in box.inner_text()
    tab_to(box, ".ck-maps1 .ck-map")
    press("ArrowDown")
    assert state(box, "unit") == [0, 0, 15, 14]
    tab_to(box, ".ck-maps2 .ck-map")
    press("Enter")
    assert state(box, "unit") == [1, 0, 7, 7]


def test_touch(show):
    box = show(LiveNetwork(), width=375, has_touch=True, is_mobile=True)
    box.get_by_role("button", name="Another example").tap()
    assert state(box, "prediction") == 2
    box.locator("canvas").first.tap(position={"x": 9, "y": 9})
    assert len(state(box, "strokes")) == 2
    box.locator(".ck-maps1 .ck-map").nth(7).tap()
    assert state(box, "unit")[:2] == [0, 7]


def test_an_image_from_python_is_taken_as_it_is(show):
    image = np.zeros((28, 28))
    image[4:24, 13:15] = 1
    box = show(LiveNetwork(image=image))
    assert "It reads a 1" in box.inner_text() and state(box, "strokes") == []
    assert np.array_equal(state(box, "image"), image)


def test_jupyterlab(lab):
    box = lab.show("w = LiveNetwork()\nw")
    box.get_by_role("button", name="Another example").click()
    box.get_by_text("It reads a 2").wait_for()
    read = "int(live_network()(w.image[None, None]).argmax())"
    assert lab.run(f"print({read}, w.prediction)") == "2 2\n"
    lab.run("w.image = np.zeros((28, 28))")
    box.get_by_text("Nothing drawn yet.").wait_for()
