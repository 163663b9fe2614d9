"""Every dtype that arrays come in: sums in a type that holds them, and the right dtype back."""

import warnings

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

import cnnkit.functional as F
from cnnkit import arguments, naive, nn, optim

T = torch.nn.functional
FLOATS = [np.float16, np.float32, np.float64]
INTEGERS = [np.uint8, np.int8, np.int16, np.int64, np.bool_]
ROUNDING = {np.float16: 1e-3, np.float32: 1e-5, np.float64: 1e-12}
quick = settings(max_examples=12, deadline=None, derandomize=True)
each = pytest.mark.parametrize("dtype", FLOATS + INTEGERS)
seeds = st.integers(0, 2**32 - 1)
largest = st.sampled_from([20_000, 300, 1])

pytestmark = pytest.mark.filterwarnings("ignore:overflow encountered in cast")  # to float16


def drawn(seed, dtype, most, *shape):
    """Whole numbers as large as the dtype holds, or `most`: sums of a few overflow in it.

    Of odd seeds they are all above 0, so that nothing cancels.
    """
    kind = np.dtype(dtype)
    if kind.kind == "b":
        most, least = 1, 0
    elif kind.kind in "iu":
        most, least = min(most, np.iinfo(kind).max), max(-most, np.iinfo(kind).min)
    else:
        least = -most
    least = most // 2 if seed % 2 else least
    return np.random.default_rng(seed).integers(least, most, shape, endpoint=True).astype(dtype)


def held(found, expected, dtype, scale=None):
    """`found` is what PyTorch has computed in float32 or better, rounded to the dtype."""
    dtype = dtype if dtype in FLOATS else np.float64
    expected = expected.detach().numpy().astype(float)
    found = np.asarray(found)
    assert found.dtype == dtype
    assert found.shape == expected.shape
    fits = np.abs(expected) < 0.999 * float(np.finfo(dtype).max)
    slack = ROUNDING[dtype] * max(1, np.abs(expected[fits]).max(initial=0), scale or 0)
    np.testing.assert_allclose(found[fits], expected[fits], rtol=0, atol=slack)


def check(name, arrays, dtype, *how, theirs=None, scale=None, **more):
    """Compare NAME and NAME_backward with PyTorch's, computed in float64."""
    for array in arrays:
        array.setflags(write=False)  # inputs are never changed
    tensors = [torch.tensor(a.astype(float), requires_grad=True) for a in arrays]
    output = (theirs or getattr(T, name))(*tensors, *how, **more)
    held(getattr(F, name)(*arrays, *how, **more), output, dtype, scale)
    grad = drawn(1, dtype, 300, *output.shape)
    output.backward(torch.tensor(grad.astype(float)))
    given = arrays[:2] if name in ("conv2d", "linear") else arrays
    found = getattr(F, f"{name}_backward")(grad, *given, *how, **more)
    for ours, tensor in zip(found if isinstance(found, tuple) else [found], tensors, strict=False):
        held(ours, tensor.grad, dtype, scale)


@each
@quick
@given(largest, seeds, st.integers(1, 3), st.integers(3, 16))
def test_sums_over_windows_and_maps(dtype, most, seed, channels, side):
    x = drawn(seed, dtype, most, 2, channels, side, side)
    kernel = min(side, 16)
    check("avg_pool2d", [x.copy()], dtype, kernel)
    check("avg_pool2d", [x.copy()], dtype, 3, 1, 1)
    check("adaptive_avg_pool2d", [x.copy()], dtype, 1)
    check("max_pool2d", [x + 0 if dtype != np.bool_ else x.copy()], dtype, 3, 1, 1)
    positive = np.abs(x.astype(float)).clip(1).clip(max=np.iinfo(np.int8).max).astype(dtype)
    check("lp_pool2d", [positive], dtype, 2, kernel)
    weight = drawn(seed + 1, dtype, 3, 2, channels, 3, 3)
    check("conv2d", [x.copy(), weight, drawn(seed + 2, dtype, 3, 2)], dtype, 1, 1)


@each
@quick
@given(largest, seeds, st.integers(1, 400))
def test_products_of_rows(dtype, most, seed, features):
    arrays = [
        drawn(seed + i, dtype, most, *s) for i, s in enumerate([(3, features), (2, features)])
    ]
    check("linear", [*arrays, drawn(seed, dtype, most, 2)], dtype)


@each
@quick
@given(st.sampled_from([1, 10]), seeds, st.integers(2, 3000))
def test_sums_over_classes_and_samples(dtype, most, seed, classes):
    x = drawn(seed, dtype, most, 3, classes)
    check("softmax", [x.copy()], dtype, dim=1, scale=300)
    check("log_softmax", [x.copy()], dtype, dim=1, scale=300 * classes**0.5)
    for name in ("sigmoid", "tanh"):
        check(name, [x.copy()], dtype, scale=100)
    many = drawn(seed, dtype, most, classes, 5)  # as many samples
    for kind in (np.uint8, np.int16, np.int64, np.uint64):
        target = np.random.default_rng(seed).integers(0, 5, classes).astype(kind)
        tensor = torch.tensor(many.astype(float), requires_grad=True)
        for reduction in ("mean", "sum"):
            how = {"reduction": reduction, "label_smoothing": 0.1}
            loss = T.cross_entropy(tensor, torch.tensor(target.astype(int)), **how)
            held(F.cross_entropy(many, target, **how), loss, dtype)
            (expected,) = torch.autograd.grad(loss, tensor)
            held(F.cross_entropy_backward(1, many, target, **how), expected, dtype)


def test_as_many_classes_as_a_byte_has_labels():
    x, target = np.eye(256)[:, ::-1] * 9, np.arange(256, dtype=np.uint8)
    expected = T.cross_entropy(torch.tensor(x.copy()), torch.arange(256))
    assert F.cross_entropy(x, target) == pytest.approx(expected.item())


@each
@quick
@given(largest, seeds, st.integers(1, 40), st.booleans())
def test_batch_norm(dtype, most, seed, side, affine):
    x = drawn(seed, dtype, most, 4, 2, side, side)
    x[0, :, 0, 0] = 0
    x[1, :, 0, 0] = 1  # some spread
    own = [drawn(seed, dtype, 3, 2), drawn(seed + 1, dtype, 3, 2)] if affine else []
    tensors = [torch.tensor(a.astype(float), requires_grad=True) for a in (x, *own)]
    output = T.batch_norm(tensors[0], None, None, *tensors[1:], training=True)
    held(F.batch_norm(x, None, None, *own, training=True), output, dtype)
    grad = drawn(seed, dtype, 100, *x.shape)
    output.backward(torch.tensor(grad.astype(float)))
    found = F.batch_norm_backward(grad, x, None, None, *own or (None, None), training=True)
    for ours, tensor in zip(found, tensors, strict=False):
        held(ours, tensor.grad, dtype, 100 * side)
    mean, var = F.batch_statistics(x)
    held(mean, tensors[0].mean((0, 2, 3)), dtype, most)
    held(var, tensors[0].var((0, 2, 3), correction=0), dtype)


def test_batch_norm_of_many_halves_is_normal_as_in_pytorch():
    x = np.random.default_rng(0).normal(0, 300, (8, 3, 96, 96)).astype(np.float16)
    ours, theirs = nn.BatchNorm2d(3, dtype=np.float16), torch.nn.BatchNorm2d(3).half()
    for _ in range(3):
        output, expected = ours(x), theirs(torch.tensor(x))
    assert output.dtype == np.float16
    assert output.astype(float).std() == pytest.approx(1, abs=1e-3)
    held(output, expected, np.float16, 10)
    held(ours.running_mean, theirs.running_mean, np.float16, 1)
    held(ours.running_var, theirs.running_var, np.float16)
    held(ours.eval()(x), theirs.eval()(torch.tensor(x)), np.float16, 10)


@pytest.mark.parametrize("half", [np.float16, np.float32, np.float64])
@pytest.mark.parametrize("other", [np.float32, np.float64, np.int64, np.uint8])
def test_the_wider_of_two_dtypes_counts(half, other):
    expected = np.result_type(half, other) if other in FLOATS else np.float64
    assert F.linear(np.ones((2, 3), half), np.ones((4, 3), other)).dtype == expected
    assert arguments.float_dtype(np.ones(2, half), np.ones(2, other)) == expected
    assert naive.convolve(np.ones((3, 3), half), np.ones((2, 2), other)).dtype == expected


def test_halves_come_in_parameters_too():
    layer = nn.Linear(1000, 1, bias=False, dtype=np.float16)
    layer.weight.data[:] = 1
    x = np.ones((1, 1000), np.float16) * np.float16(50)
    assert layer(x) == 50_000 and layer(x).dtype == np.float16
    layer.backward(np.ones((1, 1), np.float16))
    assert layer.weight.grad.dtype == np.float16


@each
@quick
@given(largest, seeds)
def test_the_loops_of_the_chapters(dtype, most, seed):
    x, kernel = drawn(seed, dtype, most, 2, 2, 5, 6), drawn(seed, dtype, most, 3, 2, 3, 2)
    t, w = torch.tensor(x.astype(float)), torch.tensor(kernel.astype(float))
    held(naive.convolve(x[0, 0], kernel[0, 0]), T.conv2d(t[:1, :1], w[:1, :1])[0, 0], dtype)
    held(naive.conv2d(x, kernel, padding=1), T.conv2d(t, w, padding=1), dtype)
    held(naive.avg_pool2d(x, 5), T.avg_pool2d(t, 5), dtype)
    held(naive.max_pool2d(x, 3, 1, 1), T.max_pool2d(t, 3, 1, 1), dtype)


STEPS = [
    ("SGD", {"lr": 0.1}),
    ("SGD", {"lr": 0.001, "momentum": 0.9, "weight_decay": 0.01, "nesterov": True}),
    ("Adam", {"lr": 0.1, "weight_decay": 0.001}),
]


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize(("name", "how"), STEPS)
def test_optimisers_keep_squares_of_large_and_of_small_gradients(name, how, dtype):
    start = np.array([1.0, -2.0, 3.0], dtype)
    ours, theirs = nn.Parameter(start.copy()), torch.nn.Parameter(torch.tensor(start.astype(float)))
    step = getattr(optim, name)([ours], **how)
    other = getattr(torch.optim, name)([theirs], **how)
    for i in range(5):
        ours.grad = np.array([300.0, 1e-4, 0.5], dtype) * dtype((-1) ** (i // 3))
        theirs.grad = torch.tensor(ours.grad.astype(float))
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            step.step()
        other.step()
    assert ours.data.dtype == dtype
    rounding = 5 * ROUNDING[dtype]  # in five steps
    np.testing.assert_allclose(ours.data, theirs.detach(), rtol=rounding, atol=rounding)


@pytest.mark.parametrize("kind", [np.uint8, np.int32, np.uint64])
def test_places_of_maxima_in_any_integer(kind):
    x = np.random.default_rng(0).standard_normal((4, 2, 12, 12))  # 1152 places: no byte holds them
    output, indices = F.max_pool2d(x, 2, return_indices=True)
    expected = F.max_pool2d_backward(output, x, 2)
    found = F.max_pool2d_backward(output, x, 2, indices=indices.astype(kind))
    np.testing.assert_array_equal(found, expected)
