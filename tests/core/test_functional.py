"""Every operation against PyTorch: values, gradients, dtypes, batches of none, and the errors."""

import doctest
import inspect
import itertools
import tracemalloc

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

import cnnkit.functional as F
from cnnkit import _fast, arguments

T = torch.nn.functional
TOLERANCE = {np.float32: 1e-5, np.float64: 1e-12}
quick = settings(max_examples=100, deadline=None, derandomize=True)
dtypes = st.sampled_from([np.float32, np.float64])
seeds = st.integers(0, 2**32 - 1)


def close(ours, theirs, dtype, loosen=1.0):
    """Equal relative to the largest value: a sum's rounding errors scale with its terms."""
    theirs = theirs.detach().numpy() if isinstance(theirs, torch.Tensor) else np.asarray(theirs)
    assert ours.shape == theirs.shape
    assert ours.dtype == dtype
    scale = max(1.0, float(np.max(np.abs(theirs), initial=0)))
    np.testing.assert_allclose(ours, theirs, rtol=0, atol=loosen * TOLERANCE[dtype] * scale)


def check(name, arrays, dtype, *args, loosen=1.0, theirs=None, **kwargs):
    """Compare NAME and NAME_backward with PyTorch's function and its autograd."""
    before = [a.copy() for a in arrays]
    for a in arrays:
        a.setflags(write=False)
    tensors = [torch.tensor(a, requires_grad=True) for a in arrays]
    expected = (theirs or getattr(T, name))(*tensors, *args, **kwargs)
    output = getattr(F, name)(*arrays, *args, **kwargs)
    close(output, expected, dtype, loosen)
    grad = np.random.default_rng(1).standard_normal(expected.shape).astype(dtype)
    expected.backward(torch.tensor(grad))
    given = arrays[:2] if name in ("conv2d", "linear") else arrays
    grads = getattr(F, f"{name}_backward")(grad, *given, *args, **kwargs)
    grads = grads if isinstance(grads, tuple) else (grads,)
    for ours, tensor in zip(grads, tensors, strict=False):
        close(ours, tensor.grad, dtype, loosen)
    for a, b in zip(arrays, before, strict=True):
        np.testing.assert_array_equal(a, b)
    return grads


def numbers(seed, dtype, *shape):
    return np.random.default_rng(seed).standard_normal(shape).astype(dtype)


@st.composite
def convolutions(draw):
    """A convolution that PyTorch accepts too: shapes, stride, padding, dilation, groups."""
    side = st.integers(1, 3)
    groups = draw(st.sampled_from([1, 1, 2, 3]))
    kernel = draw(side), draw(side)
    dilation = draw(st.one_of(side, st.tuples(side, side)))
    spread = [d * (k - 1) + 1 for k, d in zip(kernel, arguments.pair(dilation), strict=True)]
    size = [s + draw(st.integers(0, 7)) for s in spread]
    padding = draw(
        st.one_of(st.integers(0, 3), st.tuples(side, side), st.sampled_from(["same", "valid"]))
    )
    stride = 1 if padding == "same" else draw(st.one_of(side, st.tuples(side, side)))
    batch = draw(st.sampled_from([(), (1,), (3,), (0,)]))
    channels, filters = groups * draw(side), groups * draw(side)
    shapes = (*batch, channels, *size), (filters, channels // groups, *kernel), (filters,)
    return shapes, (stride, padding, dilation, groups)


@pytest.mark.filterwarnings("ignore:Using padding='same' with even kernel")
@settings(quick, max_examples=250)
@given(convolutions(), dtypes, seeds, st.sampled_from([1, 2000, _fast.BAND_BYTES]))
def test_conv2d(case, dtype, seed, band_bytes):
    shapes, how = case
    arrays = [numbers(seed, dtype, *shape) for shape in shapes]
    usual, _fast.BAND_BYTES = _fast.BAND_BYTES, band_bytes
    try:
        check("conv2d", arrays, dtype, *how)
        np.testing.assert_array_equal(
            F.conv2d(*arrays[:2], None, *how), F.conv2d(*arrays[:2], 0 * arrays[2], *how)
        )
    finally:
        _fast.BAND_BYTES = usual


def test_conv2d_at_the_smallest_sizes():
    """All of them: axes of length 1 lie in memory as they like, and must be read all the same."""
    sizes = itertools.product((1, 2, 3), (1, 2, 3), (1, 3), (1, 2, 3), (1, 2), (1, 2), (0, 1))
    for height, width, channels, stride, kh, kw, padding in sizes:
        if kh <= height + 2 * padding and kw <= width + 2 * padding:
            shapes = (3, channels, height, width), (2, channels, kh, kw), (2,)
            arrays = [numbers(seed, np.float64, *shape) for seed, shape in enumerate(shapes)]
            check("conv2d", arrays, np.float64, stride, padding)


@pytest.mark.parametrize("dtype", TOLERANCE)
@pytest.mark.parametrize(
    ("shape", "filters", "padding"),
    [
        ((16, 3, 32, 32), (32, 3, 5, 5), 2),
        ((4, 32, 16, 16), (64, 32, 3, 3), 1),
        ((1, 3, 300, 300), (10, 3, 5, 5), 0),
    ],
)
def test_conv2d_at_the_sizes_of_the_course(shape, filters, padding, dtype):
    arrays = numbers(0, dtype, *shape), numbers(1, dtype, *filters), numbers(2, dtype, filters[0])
    check("conv2d", arrays, dtype, 1, padding, loosen=3)


@settings(quick, max_examples=40)
@given(st.integers(1, 40), st.sampled_from([3, 5]), st.integers(1, 2), dtypes, seeds)
def test_a_depthwise_conv2d_gives_each_map_its_own_kernel(channels, size, stride, dtype, seed):
    shapes = (2, channels, 9, 8), (channels, 1, size, size), (channels,)
    arrays = [numbers(seed, dtype, *shape) for shape in shapes]
    check("conv2d", arrays, dtype, stride, size // 2, groups=channels)
    together = F.conv2d(*arrays, stride, size // 2, groups=channels)
    for one in range(channels):
        alone = [arrays[0][:, one : one + 1], *(a[one : one + 1] for a in arrays[1:])]
        close(together[:, one : one + 1], F.conv2d(*alone, stride, size // 2), dtype)


@st.composite
def poolings(draw):
    side = st.integers(1, 4)
    kernel = draw(side), draw(side)
    size = [k + draw(st.integers(0, 7)) for k in kernel]
    kernel_size = kernel[0] if kernel[0] == kernel[1] else kernel
    stride = draw(st.one_of(st.none(), side, st.tuples(side, side)))
    padding = tuple(draw(st.integers(0, k // 2)) for k in kernel)
    batch = draw(st.sampled_from([(), (1,), (3,)]))
    return (*batch, draw(side), *size), kernel_size, stride, padding


@quick
@given(poolings(), dtypes, seeds)
def test_pooling(case, dtype, seed):
    shape, kernel_size, stride, padding = case
    x = numbers(seed, dtype, *shape)
    ties = x.round()  # where values are equal, the first one gets the gradient
    for image in (x, ties):
        check("max_pool2d", [image.copy()], dtype, kernel_size, stride, padding)
    how = {"padding": padding, "return_indices": True}
    value, indices = F.max_pool2d(ties, kernel_size, stride, **how)
    theirs = T.max_pool2d(torch.tensor(ties), kernel_size, stride, **how)[1]
    np.testing.assert_array_equal(indices, theirs)
    kept = F.max_pool2d_backward(value, ties, kernel_size, stride, padding, indices=indices)
    again = F.max_pool2d_backward(value, ties, kernel_size, stride, padding)
    np.testing.assert_array_equal(kept, again)
    check("avg_pool2d", [x.copy()], dtype, kernel_size, stride, padding)
    check("adaptive_avg_pool2d", [x.copy()], dtype, 1)


@quick
@given(poolings(), dtypes, seeds, st.sampled_from([1, 2, 3, 2.5]))
def test_lp_pool2d(case, dtype, seed, power):
    shape, kernel_size, stride, _ = case  # sums of positive powers: a negative one has no root
    x = np.abs(numbers(seed, dtype, *shape)) + dtype(0.1)
    check("lp_pool2d", [x], dtype, power, kernel_size, stride, loosen=5)


def test_lp_pool2d_of_a_black_window_has_gradient_zero():
    check("lp_pool2d", [np.array([[[3.0, 4.0, 0.0, 0.0]]])], np.float64, 2, (1, 2))


@quick
@given(st.sampled_from([(4,), (3, 4), (0, 4), (2, 3, 4)]), dtypes, seeds)
def test_linear(shape, dtype, seed):
    arrays = [
        numbers(seed, dtype, *shape),
        numbers(seed + 1, dtype, 5, 4),
        numbers(seed + 2, dtype, 5),
    ]
    check("linear", arrays, dtype)
    np.testing.assert_array_equal(F.linear(*arrays[:2]), F.linear(*arrays[:2], 0 * arrays[2]))


@pytest.mark.parametrize("dtype", TOLERANCE)
@pytest.mark.parametrize("name", ["relu", "sigmoid", "tanh"])
@pytest.mark.parametrize("shape", [(), (7,), (0, 3), (2, 3, 4, 5)])
def test_nonlinearity(name, dtype, shape):
    x = np.asarray(numbers(0, dtype, *shape) * dtype(20))
    check(name, [x], dtype, loosen=2)


@quick
@given(
    st.sampled_from([((4,), -1), ((3, 4), 1), ((3, 4), 0), ((0, 4), -1), ((2, 3, 4, 5), 1)]),
    dtypes,
    seeds,
)
def test_softmax(case, dtype, seed):
    shape, dim = case
    x = numbers(seed, dtype, *shape) * dtype(10)
    check("softmax", [x.copy()], dtype, dim=dim)
    check("log_softmax", [x.copy()], dtype, dim=dim, loosen=3)
    probabilities = F.softmax(x + dtype(5000), dim)  # e^5000 is beyond every float
    close(probabilities.sum(axis=dim), np.ones(probabilities.sum(axis=dim).shape), dtype)


@quick
@given(
    st.sampled_from([(4,), (1, 4), (6, 4)]),
    st.sampled_from(["mean", "sum", "none"]),
    st.sampled_from([0.0, 0.1]),
    dtypes,
    seeds,
)
def test_cross_entropy(shape, reduction, smoothing, dtype, seed):
    x = numbers(seed, dtype, *shape) * dtype(10)
    target = np.random.default_rng(seed).integers(0, 4, shape[:-1])
    how = {"reduction": reduction, "label_smoothing": smoothing}
    tensor = torch.tensor(x, requires_grad=True)
    expected = T.cross_entropy(tensor, torch.tensor(target), **how)
    close(np.asarray(F.cross_entropy(x, target, **how)), expected, dtype, 3)
    grad = np.asarray(numbers(seed, dtype, *expected.shape))
    expected.backward(torch.tensor(grad))
    close(F.cross_entropy_backward(grad, x, target, **how), tensor.grad, dtype, 3)


@quick
@given(
    st.sampled_from([(6, 3), (4, 3, 5), (2, 3, 4, 5)]), st.booleans(), st.booleans(), dtypes, seeds
)
def test_batch_norm(shape, training, affine, dtype, seed):
    x, weight, bias, mean = (
        numbers(seed + i, dtype, *s) for i, s in enumerate([shape, (3,), (3,), (3,)])
    )
    var = np.abs(mean) + dtype(0.5)
    if affine:
        arrays = [x, weight, bias]
        swap = lambda f: lambda x, w, b: f(x, mean.copy(), var.copy(), w, b, training)  # noqa: E731
    else:
        arrays = [x]
        swap = lambda f: lambda x: f(x, mean.copy(), var.copy(), None, None, training)  # noqa: E731
    tensors = [torch.tensor(a, requires_grad=True) for a in arrays]
    their_stats = torch.tensor(mean), torch.tensor(var)
    expected = T.batch_norm(tensors[0], *their_stats, *tensors[1:], training=training)
    ours = swap(F.batch_norm)(*arrays)
    close(ours, expected, dtype, 5)
    grad = numbers(seed + 9, dtype, *shape)
    expected.backward(torch.tensor(grad))
    extra = arrays[1:] if affine else (None, None)
    grads = F.batch_norm_backward(grad, x, mean, var, *extra, training)
    for ours, tensor in zip(grads, tensors, strict=False):
        close(ours, tensor.grad, dtype, 20)


@pytest.mark.parametrize("mode", ["constant", "reflect", "replicate", "circular"])
@pytest.mark.parametrize("widths", [(1, 2), (0, 3, 2, 1)])
def test_pad(mode, widths):
    x = numbers(0, np.float64, 2, 3, 4, 5)
    if mode != "constant" and len(widths) == 2:
        x = x[0]
    check("pad", [x], np.float64, widths, mode, 0.5 if mode == "constant" else 0)


@pytest.mark.parametrize(("mode", "most"), [("constant", 9), ("reflect", 4), ("circular", 5)])
def test_pad_as_far_as_pytorch_does(mode, most):
    check("pad", [numbers(0, np.float64, 1, 1, 5)], np.float64, (most, 0), mode, None)


def test_dropout():
    x = np.ones((100, 100), np.float32)
    output = F.dropout(x, 0.25, rng=3)
    assert set(np.unique(output)) == {0, np.float32(1 / 0.75)}
    assert abs((output == 0).mean() - 0.25) < 0.02
    np.testing.assert_array_equal(F.dropout_backward(2 * x, x, 0.25, rng=3), 2 * output)
    np.testing.assert_array_equal(F.dropout(x, 0.25, training=False), x)
    assert not F.dropout(x, 1.0).any()
    with pytest.raises(ValueError, match="seed"):
        F.dropout_backward(x, x, 0.25)


# --- The gradients once more, from nothing but the definition of a derivative --------------------


NUMERICAL = [
    (
        "conv2d",
        [(2, 4, 6, 5), (6, 2, 3, 2)],
        {"stride": (1, 2), "padding": 1, "dilation": (2, 1), "groups": 2},
    ),
    ("conv2d", [(2, 5, 6), (3, 2, 3, 3)], {"padding": "same"}),
    ("max_pool2d", [(2, 3, 6, 7)], {"kernel_size": 3, "stride": 2, "padding": 1}),
    ("avg_pool2d", [(2, 3, 6, 7)], {"kernel_size": 3, "stride": 2, "padding": 1}),
    ("lp_pool2d", [(3, 6, 7)], {"norm_type": 2, "kernel_size": 2}),
    ("adaptive_avg_pool2d", [(2, 3, 4, 5)], {}),
    ("linear", [(3, 4), (5, 4)], {}),
    ("relu", [(3, 4)], {}),
    ("sigmoid", [(3, 4)], {}),
    ("tanh", [(3, 4)], {}),
    ("softmax", [(3, 4)], {"dim": 0}),
    ("log_softmax", [(3, 4)], {}),
    ("cross_entropy", [(3, 4)], {"target": np.array([2, 0, 3])}),
    ("dropout", [(3, 4)], {"rng": 5}),
    ("batch_norm", [(5, 3, 4)], {"running_mean": None, "running_var": None, "training": True}),
    ("pad", [(3, 4)], {"pad": (1, 2), "mode": "reflect"}),
]


@pytest.mark.parametrize(("name", "shapes", "how"), NUMERICAL)
def test_backward_is_the_numerical_gradient(name, shapes, how):
    arrays = [numbers(i, np.float64, *shape) for i, shape in enumerate(shapes)]
    forward = getattr(F, name)
    grad = numbers(7, np.float64, *forward(*arrays, **how).shape)
    grads = getattr(F, f"{name}_backward")(grad, *arrays, **how)
    for array, ours in zip(arrays, grads if isinstance(grads, tuple) else (grads,), strict=False):
        numerical = np.zeros_like(array)
        for i in np.ndindex(array.shape):
            value = array[i]
            array[i] = value + 1e-6
            higher = (forward(*arrays, **how) * grad).sum()
            array[i] = value - 1e-6
            numerical[i] = (higher - (forward(*arrays, **how) * grad).sum()) / 2e-6
            array[i] = value
        np.testing.assert_allclose(ours, numerical, atol=1e-7)


# --- Edges ---------------------------------------------------------------------------------------


def test_every_operation_has_a_backward_that_is_held_to_the_numerical_gradient():
    names = {n for n, f in inspect.getmembers(F, inspect.isfunction) if f.__module__ == F.__name__}
    backward = {name for name in names if name.endswith("_backward")}
    helpers = {name for name in names if name.startswith("_")} | {"batch_statistics"}
    operations = names - backward - helpers
    assert backward == {f"{name}_backward" for name in operations}
    assert operations == {name for name, *_ in NUMERICAL}


@pytest.mark.parametrize(("name", "shapes", "how"), NUMERICAL)
def test_float16_comes_back_as_float16(name, shapes, how):
    arrays = [numbers(i, np.float16, *shape) for i, shape in enumerate(shapes)]
    output = getattr(F, name)(*arrays, **how)
    grads = getattr(F, f"{name}_backward")(np.ones_like(output), *arrays, **how)
    for result in (output, *(grads if isinstance(grads, tuple) else [grads])):
        assert result.dtype == np.float16, f"{name} lacks @_halves_in_single"


@pytest.mark.filterwarnings("ignore:invalid value")
def test_nan_and_infinity_pass_through_as_in_pytorch():
    x = numbers(0, np.float32, 1, 2, 6, 6)
    x[0, 0, 1, 1], x[0, 0, 4, 4], x[0, 1, 2, 2], x[0, 1, 0, 0:2] = np.nan, np.inf, -np.inf, np.nan
    x[0, 1, 4:, 4:] = -np.inf
    tensor = torch.tensor(x, requires_grad=True)
    weight = numbers(1, np.float32, 3, 2, 3, 3)
    pairs = [
        (F.conv2d(x, weight), T.conv2d(tensor, torch.tensor(weight))),
        (F.max_pool2d(x, 2), T.max_pool2d(tensor, 2)),
        (F.max_pool2d(x, 3, 2, 1), T.max_pool2d(tensor, 3, 2, 1)),
        (F.avg_pool2d(x, 2), T.avg_pool2d(tensor, 2)),
        (F.relu(x), T.relu(tensor)),
        (F.softmax(x), T.softmax(tensor, -1)),
        (F.sigmoid(x), torch.sigmoid(tensor)),
    ]
    for ours, theirs in pairs:
        np.testing.assert_allclose(ours, theirs.detach(), rtol=1e-4, atol=1e-5)
    for how in [(2,), (3, 2, 1), (3, 1)]:
        output = T.max_pool2d(tensor, *how)
        grad = numbers(2, np.float32, *output.shape)
        (expected,) = torch.autograd.grad(output, tensor, torch.tensor(grad))
        np.testing.assert_allclose(F.max_pool2d_backward(grad, x, *how), expected, atol=1e-6)
    (expected,) = torch.autograd.grad(T.relu(tensor), tensor, torch.full(x.shape, np.inf))
    np.testing.assert_array_equal(F.relu_backward(np.full_like(x, np.inf), x), expected)


def test_eight_bit_images_neither_overflow_nor_wrap():
    image = np.full((1, 3, 3), 255, np.uint8)
    assert F.conv2d(image, np.ones((1, 1, 3, 3), np.uint8)) == 255 * 9
    assert F.avg_pool2d(image, 3) == 255
    np.testing.assert_array_equal(F.conv2d(image, [[[[-1]]]]), np.full((1, 3, 3), -255.0))
    np.testing.assert_array_equal(F.pad(image, (1, 0), value=-1)[0, :, 0], [-1, -1, -1])
    assert F.max_pool2d(image, 2).dtype == F.relu(image).dtype == np.float64


def test_a_batch_of_none_works():
    x = np.zeros((0, 3, 8, 8), np.float32)
    weight = np.ones((4, 3, 3, 3), np.float32)
    assert F.conv2d(x, weight, padding=1).shape == (0, 4, 8, 8)
    for stride in (1, 2):
        y = F.conv2d(x, weight, stride=stride)
        grads = F.conv2d_backward(y, x, weight, stride)
        assert [g.shape for g in grads] == [x.shape, weight.shape, (4,)]
        assert not grads[1].any()
    for name in ("max_pool2d", "avg_pool2d"):
        y = getattr(F, name)(x, 2)
        assert y.shape == (0, 3, 4, 4)
        assert getattr(F, f"{name}_backward")(y, x, 2).shape == x.shape
    assert F.batch_norm(x, np.zeros(3), np.ones(3)).shape == x.shape
    assert np.isnan(F.cross_entropy(np.zeros((0, 3)), np.zeros(0, int)))
    assert F.cross_entropy_backward(1.0, np.zeros((0, 3)), np.zeros(0, int)).shape == (0, 3)


def test_memory_stays_bounded_for_any_batch():
    weight = numbers(0, np.float32, 16, 8, 5, 5)

    def forward(x, grad):
        return F.conv2d(x, weight, padding=2)

    def backward(x, grad):
        return F.conv2d_backward(grad, x, weight, padding=2)

    for call in (forward, backward):
        extra = {}
        for images in (32, 256):
            x, grad = np.zeros((images, 8, 32, 32), "f"), np.zeros((images, 16, 32, 32), "f")
            tracemalloc.start()
            result = call(x, grad)
            _, peak = tracemalloc.get_traced_memory()
            tracemalloc.stop()
            arrays = result if isinstance(result, tuple) else (result,)
            extra[images] = peak - sum(a.nbytes for a in arrays)
        assert extra[256] < 1.1 * extra[32]
        assert extra[256] < 4 * _fast.BAND_BYTES


IMAGE, FILTERS = np.zeros((2, 3, 8, 8)), np.zeros((4, 3, 3, 3))
DOT = np.zeros((1, 1, 1))


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: F.conv2d(IMAGE, np.zeros((4, 2, 3, 3))), ["3 channels", "(4, 3, kh, kw)"]),
        (lambda: F.conv2d(IMAGE, np.zeros((4, 3, 9, 9))), ["spans 9", "input of 8", "padding"]),
        (lambda: F.conv2d(IMAGE, FILTERS, stride=0), ["stride=0", "at least 1"]),
        (lambda: F.conv2d(IMAGE, FILTERS, stride=1.5), ["stride=1.5", "whole number"]),
        (lambda: F.conv2d(IMAGE, FILTERS, padding=-1), ["padding=-1", "at least 0"]),
        (lambda: F.conv2d(IMAGE, FILTERS, padding="full"), ["'full'", "'same', 'valid'"]),
        (lambda: F.conv2d(IMAGE, FILTERS, padding="same", stride=2), ["stride=2", "stride=1"]),
        (lambda: F.conv2d(IMAGE, FILTERS, dilation=0), ["dilation=0", "at least 1"]),
        (lambda: F.conv2d(IMAGE, FILTERS, groups=2), ["groups=2", "divide"]),
        (lambda: F.conv2d(IMAGE, FILTERS, groups=0), ["groups=0", "at least 1"]),
        (lambda: F.conv2d(IMAGE[0, 0], FILTERS), ["(8, 8)", "(N, C, H, W)", "np.newaxis"]),
        (lambda: F.conv2d(IMAGE, FILTERS[0]), ["(3, 3, 3)", "kh, kw"]),
        (lambda: F.conv2d(IMAGE, FILTERS, bias=np.zeros(3)), ["(3,)", "4 filters", "(4,)"]),
        (lambda: F.conv2d(IMAGE, FILTERS, bias=np.zeros((4, 1))), ["(4, 1)", "(4,)"]),
        (lambda: F.conv2d(None, FILTERS), ["None", "`return`"]),
        (lambda: F.conv2d_backward(None, IMAGE, FILTERS), ["None", "`return`"]),
        (lambda: F.max_pool2d(None, 2), ["None", "`return`"]),
        (lambda: F.relu(None), ["None", "`return`"]),
        (lambda: F.softmax(None), ["None", "`return`"]),
        (lambda: F.cross_entropy(None, [1]), ["None", "`return`"]),
        (lambda: F.conv2d(IMAGE * 1j, FILTERS), ["complex", "real numbers"]),
        (lambda: F.conv2d_backward(IMAGE, IMAGE, FILTERS), ["(2, 3, 8, 8)", "(2, 4, 6, 6)"]),
        (lambda: F.max_pool2d(IMAGE, 9), ["spans 9", "smaller kernel"]),
        (lambda: F.max_pool2d(IMAGE, 2, padding=2), ["padding=2", "half the kernel"]),
        (lambda: F.max_pool2d(IMAGE, 0), ["kernel_size=0", "at least 1"]),
        (lambda: F.avg_pool2d(IMAGE[0, 0], 2), ["(8, 8)", "(C, H, W)"]),
        (lambda: F.max_pool2d_backward(IMAGE, IMAGE, 2), ["(2, 3, 8, 8)", "(2, 3, 4, 4)"]),
        (lambda: F.max_pool2d_backward(IMAGE[..., :4, :4], IMAGE, 2, indices=np.zeros(3)),
         ["indices", "(3,)", "(2, 3, 4, 4)"]),
        (lambda: F.max_pool2d_backward(DOT, DOT, 1, indices=[[[-1]]]), ["-1", "0 to 0"]),
        (lambda: F.max_pool2d_backward(DOT, DOT, 1, indices=[[[1]]]), ["1", "0 to 0"]),
        (lambda: F.lp_pool2d(IMAGE, 0, 2), ["norm_type=0", "above 0"]),
        (lambda: F.adaptive_avg_pool2d(IMAGE, 2), ["output_size=2", "avg_pool2d"]),
        (lambda: F.linear(np.zeros((2, 5)), np.zeros((3, 4))), ["(2, 5)", "(3, 4)", "(out, in)"]),
        (lambda: F.linear(np.zeros((2, 4)), np.zeros((3, 4)), np.zeros(2)), ["(2,)", "(3,)"]),
        (lambda: F.relu_backward(np.zeros(1), np.zeros(3)), ["(1,)", "(3,)"]),
        (lambda: F.cross_entropy(np.zeros((2, 3)), [0, 3]), ["0 to 3", "3 classes", "from 0"]),
        (lambda: F.cross_entropy(np.zeros((2, 3)), [-1, 0]), ["-1", "0 to 2"]),
        (lambda: F.cross_entropy(np.zeros((2, 3)), [0.0, 1.0]), ["float64", "argmax"]),
        (lambda: F.cross_entropy(np.zeros((2, 3)), np.eye(3)[:2]), ["(2, 3)", "one class"]),
        (lambda: F.cross_entropy(np.zeros((2, 3)), [0, 1], reduction="max"), ["'max'", "'mean'"]),
        (lambda: F.dropout(IMAGE, 1.5), ["p=1.5", "0 to 1"]),
        (lambda: F.batch_norm(IMAGE, np.zeros(2), np.ones(3)), ["(2,)", "3 channels"]),
        (lambda: F.batch_norm(IMAGE, None, None), ["running_mean", "None"]),
        (lambda: F.batch_norm(np.zeros(3), np.zeros(3), np.ones(3)), ["(3,)", "(N, C, ...)"]),
        (lambda: F.batch_norm([[1.0]], None, None, training=True), ["larger batches", "eval"]),
        (lambda: F.pad(IMAGE, (1,)), ["(1,)", "(left, right, top, bottom)"]),
        (lambda: F.pad(IMAGE, 1), ["pad=1", "(left, right, top, bottom)"]),
        (lambda: F.pad(IMAGE, (1.0, 1.0)), ["(1.0, 1.0)", "whole numbers"]),
        (lambda: F.pad(IMAGE, (8, 0), "reflect"), ["pad=(8, 0)", "an axis of 8", "at most 7"]),
        (lambda: F.pad(IMAGE, (0, 9), "circular"), ["pad=(0, 9)", "an axis of 8", "at most 8"]),
        (lambda: F.pad(IMAGE, (-1, 0)), ["(-1, 0)", "at least 0"]),
        (lambda: F.pad(IMAGE, (1, 1), "mirror"), ["'mirror'", "reflect"]),
    ],
)  # fmt: skip
def test_errors_say_what_was_given_expected_and_what_to_do(call, words):
    with pytest.raises(ValueError) as raised:
        call()
    message = str(raised.value)
    assert "; expected " in message
    for word in words:
        assert word in message


def test_every_function_is_in_an_example_that_runs():
    tests = doctest.DocTestFinder().find(F)
    examples = "".join(example.source for test in tests for example in test.examples)
    for name, function in inspect.getmembers(F, inspect.isfunction):
        if function.__module__ == F.__name__ and not name.startswith("_"):
            assert f"{name}(" in examples, f"no example shows {name}"
