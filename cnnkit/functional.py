"""The operations of a convolutional network, forward and backward, in NumPy alone.

Names, arguments, defaults, layout and results are PyTorch's (``torch.nn.functional``). Images come
as a batch (N, C, H, W) or as one image (C, H, W), and go as they came. Floats keep their dtype
(float16 is computed in float32), integers become float64, inputs are never changed, and arguments
that do not go together are a ``ValueError``. ``NAME_backward(grad_output, ...)`` takes the gradient
of the output of ``NAME``, then the arguments of ``NAME``. It returns the gradients of the arrays
among them, in their order and in their shapes.
"""

import operator
from functools import wraps
from math import prod

import numpy as np

from cnnkit import _fast
from cnnkit.arguments import float_dtype, lesson, pair
from cnnkit.geometry import depth_of_filters, windows_of


def _halves_in_single(function):
    """Give float16 back where float16 came: in between, `_floats` has made float32 of it.

    float16 is a format for keeping numbers. It ends at 65,504, and has three digits: sums of many
    values overflow in it, or swallow the small ones.
    """

    @wraps(function)
    def narrowed(*args, **kwargs):
        result = function(*args, **kwargs)
        arrays = [np.asarray(a) for a in (*args, *kwargs.values()) if hasattr(a, "__array__")]
        single = any(a.dtype == np.float32 and a.ndim for a in arrays)
        if single or not any(a.dtype == np.float16 for a in arrays):
            return result
        narrow = [
            r.astype(np.float16) if getattr(r, "dtype", None) == np.float32 else r
            for r in (result if isinstance(result, tuple) else (result,))
        ]
        return tuple(narrow) if isinstance(result, tuple) else narrow[0]

    return narrowed


def _floats(*arrays):
    """Turn every array into one float dtype that holds sums of it; None stays None."""
    if arrays[0] is None:
        remedy = "A function without `return` gives None: see whether yours returns its result."
        raise lesson("None was given", "an array", remedy)
    common = np.result_type(np.float32, float_dtype(*(a for a in arrays if a is not None)))
    result = [None if a is None else np.asarray(a, common) for a in arrays]
    return result if len(result) > 1 else result[0]


def _images(input):
    """Check that images come as a batch or as one."""
    if input.ndim not in (3, 4):
        remedy = "Add the missing axes: image[np.newaxis] puts a channel axis before (H, W)."
        raise lesson(f"an input of shape {input.shape}", "(N, C, H, W) or (C, H, W)", remedy)
    return input


def _expect(name, array, shape, meaning="the shape of the output"):
    """Check a shape, so that nothing is silently broadcast."""
    given = None if array is None else array.shape
    if given != shape:
        raise lesson(f"a {name} of shape {given}", f"{shape}, {meaning}", "Reshape or drop it.")


def _convolution(input, weight, stride, padding, dilation, groups):
    """Check what every convolution is given; return the images as a batch, and the windows."""
    batch = _images(input) if input.ndim == 4 else _images(input)[np.newaxis]
    filters = len(weight) if weight.ndim == 4 else 0
    depth = depth_of_filters(batch.shape[1], filters, groups)
    if weight.ndim != 4 or weight.shape[1] != depth:
        given = f"a weight of shape {weight.shape} for {batch.shape[1]} channels, groups={groups}"
        wanted = f"({filters or 'filters'}, {depth}, kh, kw)"
        raise lesson(given, wanted, "Give each filter a kernel for every channel of its group.")
    return batch, windows_of(batch.shape[2:], weight.shape[2:], stride, padding, dilation)


@_halves_in_single
def conv2d(input, weight, bias=None, stride=1, padding=0, dilation=1, groups=1):
    """Convolve images with filters (the kernel is not flipped, as everywhere in deep learning).

    weight (K, C / groups, kh, kw) holds one filter for each map of the output (N, K, H', W'), bias
    (K,) what to add to it; ``geometry.output_size`` tells H' and W'. `padding` is a number, a pair,
    'valid' (none) or 'same' (keeps the size, at stride 1); `groups` splits channels and filters
    into independent convolutions. A kernel larger than the padded images is a ValueError.
    ``cnnkit.naive`` shows the sums as plain loops, ``cnnkit._fast`` how they become fast.

    >>> conv2d([[[1, 2, 3], [4, 5, 6]]], [[[[1, 1], [0, 1]]]], bias=[0.5])
    array([[[ 8.5, 11.5]]])
    """
    input, weight, bias = _floats(input, weight, bias)
    batch, windows = _convolution(input, weight, stride, padding, dilation, groups)
    if bias is not None:
        _expect("bias", bias, (len(weight),), f"a number for each of {len(weight)} filters")
    output = np.empty((len(batch), len(weight), *windows.output), input.dtype)
    _fast.convolve(batch, weight, bias, windows, groups, output)
    return output if input.ndim == 4 else output[0]


@_halves_in_single
def conv2d_backward(
    grad_output, input, weight, stride=1, padding=0, dilation=1, groups=1, *, needs_input_grad=True
):
    """Return (grad_input, grad_weight, grad_bias) of ``conv2d``.

    A weight met one pixel in every window: its gradient is the sum of pixel times grad_output. A
    pixel was in several windows: its gradient is the sum of weight times grad_output over them, or
    None where nobody needs it. A bias was added everywhere.

    >>> conv2d_backward([[[1, 10]]], [[[1, 2, 3]]], [[[[4, 5]]]])
    (array([[[ 4., 45., 50.]]]), array([[[[21., 32.]]]]), array([11.]))
    """
    grad_output, input, weight = _floats(grad_output, input, weight)
    batch, windows = _convolution(input, weight, stride, padding, dilation, groups)
    _expect("grad_output", grad_output, (*input.shape[:-3], len(weight), *windows.output))
    maps = grad_output.reshape(len(batch), *grad_output.shape[-3:])
    grad_input = np.zeros(input.shape, input.dtype) if needs_input_grad else None
    if grad_input is not None:
        _fast.input_gradient(weight, maps, windows, groups, grad_input.reshape(batch.shape))
    grad_weight = _fast.weight_gradient(batch, weight.shape, maps, windows, groups)
    return grad_input, grad_weight, maps.sum(axis=0).sum(axis=(1, 2))


def _pooling(input, kernel_size, stride, padding=0):
    """Check what every pooling is given; return the images and the windows."""
    kernel, zeros = pair(kernel_size, "kernel_size"), pair(padding, "padding", least=0)
    if 2 * zeros[0] > kernel[0] or 2 * zeros[1] > kernel[1]:
        given = f"padding={padding} with kernel_size={kernel_size}"
        remedy = "Pad less: a window must not lie on padding alone."
        raise lesson(given, "a padding of at most half the kernel", remedy)
    input = _images(_floats(input))
    return input, windows_of(input.shape[-2:], kernel, kernel if stride is None else stride, zeros)


def _taps(images, windows, axis):
    """Yield what all windows meet at their first row (axis 0) or column (axis 1), their second...

    Each is a strided slice of the images: pooling is a few operations on whole arrays.
    """
    stride = windows.stride[axis]
    reach = windows.output[axis] * stride
    for i in range(windows.kernel[axis]):
        places = slice(i, i + reach, stride)
        yield images[..., places, :] if axis == 0 else images[..., places]


def _combine(images, windows, combine):
    """Make one value of each window's values: first down the columns, then along the rows."""
    for axis in (0, 1):
        first, *others = _taps(images, windows, axis)
        images = first.copy()
        for tap in others:
            combine(images, tap, out=images)
    return images


def _spread(shares, windows):
    """Give every pixel the sum of its windows' shares: ``_combine`` with np.add in reverse."""
    for axis in (1, 0):
        size = list(shares.shape)
        size[axis - 2] = windows.padded[axis]
        grad = np.zeros(size, shares.dtype)
        for tap in _taps(grad, windows, axis):
            tap += shares
        shares = grad
    return shares[windows.inside]


@_halves_in_single
def max_pool2d(input, kernel_size, stride=None, padding=0, *, return_indices=False):
    """Keep the largest value of each window: (N, C, H, W) gives (N, C, H', W').

    The stride is the kernel size unless given. Padding never wins: it counts as −infinity. With
    `return_indices` also where each value was, as row · W + column (the first of equal values).

    >>> max_pool2d([[[1, 2, 5, 6], [3, 4, 7, 8]]], 2, return_indices=True)
    (array([[[4., 8.]]]), array([[[5, 7]]]))
    """
    input, windows = _pooling(input, kernel_size, stride, padding)
    if return_indices:
        return _winners(input, windows)
    return _combine(_fast.surround(input, windows, -np.inf), windows, np.maximum)


def _winners(input, windows):
    """Largest value of each window and where it was, found tap by tap; NaN beats every number."""
    (kh, kw), (oh, ow) = windows.kernel, windows.output
    (top, _), (left, _) = windows.padding
    row = np.arange(oh)[:, np.newaxis] * windows.stride[0] - top  # where each window begins
    column = np.arange(ow) * windows.stride[1] - left
    first_row, first_column = np.maximum(0, -row), np.maximum(0, -column)  # off the padding
    winner = np.empty((*input.shape[:-2], oh, ow), np.min_scalar_type(kh * kw))
    winner[...] = first_row * kw + first_column  # the number of a tap: taps are counted row by row
    output = np.full(winner.shape, -np.inf, input.dtype)
    has_nan = np.isnan(np.max(input, initial=-np.inf))
    rows = _taps(_fast.surround(input, windows, -np.inf), windows, 0)
    for number, tap in enumerate(tap for row in rows for tap in _taps(row, windows, 1)):
        better = tap > output
        if has_nan:
            better |= np.isnan(tap)
        new = np.multiply(better, number, dtype=winner.dtype)  # 0 where the tap is no better
        np.maximum(winner, new, out=winner)  # numbers grow: the last better one stays
        np.maximum(output, tap, out=output)
    width = input.shape[-1]
    start = row * width + column
    steps = np.arange(kh)[:, np.newaxis] * width + np.arange(kw)  # from there to each tap
    return output, start + np.take(steps.ravel(), winner)


@_halves_in_single
def max_pool2d_backward(grad_output, input, kernel_size, stride=None, padding=0, *, indices=None):
    """Return grad_input of ``max_pool2d``: each window's gradient goes to its largest value.

    `indices` are the forward pass's, if it kept them (then only the shape of input counts).

    >>> max_pool2d_backward([[[10, 20]]], [[[1, 2, 5, 3]]], (1, 2))
    array([[[ 0., 10., 20.,  0.]]])
    """
    grad_output, input = _floats(grad_output, input)
    input, windows = _pooling(input, kernel_size, stride, padding)
    _expect("grad_output", grad_output, (*input.shape[:-2], *windows.output))
    indices = _winners(input, windows)[1] if indices is None else indices
    indices = np.asarray(indices, np.int64)
    _expect("indices", indices, grad_output.shape)
    *batch, height, width = input.shape
    if indices.size and not 0 <= indices.min() <= indices.max() < height * width:
        given = f"indices from {indices.min()} to {indices.max()} for maps of {height} × {width}"
        raise lesson(given, f"0 to {height * width - 1}", "Give those of the forward pass.")
    start = np.arange(prod(batch)).reshape(*batch, 1, 1) * (height * width)
    where = (indices + start).ravel()
    grad_input = np.zeros(input.size, input.dtype)
    if windows.stride[0] >= windows.kernel[0] and windows.stride[1] >= windows.kernel[1]:
        grad_input[where] = grad_output.ravel()
    else:  # windows overlap, and a pixel may win more than once
        np.add.at(grad_input, where, grad_output.ravel())
    return grad_input.reshape(input.shape)


@_halves_in_single
def avg_pool2d(input, kernel_size, stride=None, padding=0):
    """Take the mean of each window, padding zeros included: (N, C, H, W) gives (N, C, H', W').

    >>> avg_pool2d([[[1, 2]]], (1, 2)), avg_pool2d_backward([[[8]]], [[[1, 2]]], (1, 2))
    (array([[[1.5]]]), array([[[4., 4.]]]))
    """
    input, windows = _pooling(input, kernel_size, stride, padding)
    return _combine(_fast.surround(input, windows), windows, np.add) / prod(windows.kernel)


@_halves_in_single
def avg_pool2d_backward(grad_output, input, kernel_size, stride=None, padding=0):
    """Return grad_input of ``avg_pool2d``: each window shares its gradient out evenly."""
    grad_output, input = _floats(grad_output, input)
    input, windows = _pooling(input, kernel_size, stride, padding)
    _expect("grad_output", grad_output, (*input.shape[:-2], *windows.output))
    return _spread(grad_output / prod(windows.kernel), windows)


@_halves_in_single
def lp_pool2d(input, norm_type, kernel_size, stride=None):
    """Take the p-norm of each window, p = `norm_type`: 1 is the sum, 2 the L2 norm (article AV).

    >>> lp_pool2d([[[3, 4]]], 2, (1, 2)), lp_pool2d_backward([[[10]]], [[[3, 4]]], 2, (1, 2))
    (array([[[5.]]]), array([[[6., 8.]]]))
    """
    input, windows = _pooling(input, kernel_size, stride)
    if not norm_type > 0:
        raise lesson(f"norm_type={norm_type}", "a number above 0", "Use 2 for the L2 norm.")
    return _combine(input**norm_type, windows, np.add) ** (1 / norm_type)


@_halves_in_single
def lp_pool2d_backward(grad_output, input, norm_type, kernel_size, stride=None):
    """Return grad_input of ``lp_pool2d``; 0 where a whole window is 0, as in PyTorch."""
    grad_output, input = _floats(grad_output, input)
    _, windows = _pooling(input, kernel_size, stride)
    norms = lp_pool2d(input, norm_type, kernel_size, stride)
    _expect("grad_output", grad_output, norms.shape)
    power = norm_type - 1
    shares = np.zeros_like(norms)
    np.divide(grad_output, norms**power, out=shares, where=norms != 0)
    return _spread(shares, windows) * input**power


@_halves_in_single
def adaptive_avg_pool2d(input, output_size=1):
    """Average each map to one number: (N, C, H, W) gives (N, C, 1, 1). `output_size` is 1.

    >>> adaptive_avg_pool2d([[[1, 2]]]), adaptive_avg_pool2d_backward([[[8]]], [[[1, 2]]])
    (array([[[1.5]]]), array([[[4., 4.]]]))
    """
    if pair(output_size, "output_size") != (1, 1):
        remedy = "Use avg_pool2d for larger outputs."
        raise lesson(f"output_size={output_size}", "output_size=1, one mean a map", remedy)
    return _images(_floats(input)).mean(axis=(-2, -1), keepdims=True)


@_halves_in_single
def adaptive_avg_pool2d_backward(grad_output, input, output_size=1):
    """Return grad_input of ``adaptive_avg_pool2d``: every pixel gets the same share."""
    grad_output, input = _floats(grad_output, input)
    _expect("grad_output", grad_output, adaptive_avg_pool2d(input, output_size).shape)
    return np.zeros_like(input) + grad_output / prod(input.shape[-2:])


@_halves_in_single
def linear(input, weight, bias=None):
    """Dense layer: input (..., in) times weight (out, in) transposed, plus bias (out,).

    >>> linear([[1, 2]], [[3, 4], [5, 6], [7, 8]], bias=[0, 0, 1])
    array([[11., 17., 24.]])
    """
    input, weight, bias = _floats(input, weight, bias)
    if weight.ndim != 2 or input.shape[-1:] != weight.shape[1:]:
        given = f"an input of shape {input.shape} and a weight of shape {weight.shape}"
        remedy = "Flatten the images first, or change the weight."
        raise lesson(given, "input (..., in) and weight (out, in)", remedy)
    if bias is None:
        return input @ weight.T
    _expect("bias", bias, (len(weight),), f"a number for each of {len(weight)} outputs")
    return input @ weight.T + bias


@_halves_in_single
def linear_backward(grad_output, input, weight):
    """Return (grad_input, grad_weight, grad_bias) of ``linear``.

    >>> linear_backward([[10]], [[2, 3]], [[4, 5]])
    (array([[40., 50.]]), array([[20., 30.]]), array([10.]))
    """
    grad_output, input, weight = _floats(grad_output, input, weight)
    _expect("grad_output", grad_output, (*input.shape[:-1], len(weight)))
    rows = grad_output.reshape(-1, len(weight))
    grad_weight = rows.T @ input.reshape(-1, input.shape[-1])
    return grad_output @ weight, grad_weight, rows.sum(axis=0)


@_halves_in_single
def relu(input):
    """Rectify: max(0, x) for each value, any shape (articles BG, UCNN).

    >>> relu([-1.5, 2.0]), relu_backward([10, 20], [-1.5, 2.0])
    (array([0., 2.]), array([ 0., 20.]))
    """
    return np.maximum(_floats(input), 0)


@_halves_in_single
def relu_backward(grad_output, input):
    """Return grad_input of ``relu``: the gradient passes where the input was above 0."""
    grad_output, input = _floats(grad_output, input)
    _expect("grad_output", grad_output, input.shape)
    passes = ~(input <= 0)  # so NaN passes, as in PyTorch
    # The mask acts on bits: a product would turn 0 · infinity into NaN, and np.where is slow where
    # signs change often (the processor guesses each branch).
    whole_number = np.dtype(f"i{input.itemsize}")
    mask = -passes.astype(whole_number)  # −1, whose bits are all 1, or 0
    mask &= grad_output.view(whole_number)
    return mask.view(input.dtype)


@_halves_in_single
def sigmoid(input):
    """Squash to 0…1: 1 / (1 + e^−x) for each value, any shape.

    >>> sigmoid([0.0, -1000.0]), sigmoid_backward([8.0, 8.0], [0.0, -1000.0])
    (array([0.5, 0. ]), array([2., 0.]))
    """
    with np.errstate(over="ignore"):  # e^1000 is infinite, and 1 / infinity is the right 0
        return 1 / (1 + np.exp(-_floats(input)))


@_halves_in_single
def sigmoid_backward(grad_output, input):
    """Return grad_input of ``sigmoid``: s · (1 − s), at most a quarter of the gradient."""
    grad_output, input = _floats(grad_output, input)
    _expect("grad_output", grad_output, input.shape)
    output = sigmoid(input)
    return grad_output * (1 - output) * output


@_halves_in_single
def tanh(input):
    """Squash to −1…1: the hyperbolic tangent of each value, any shape.

    >>> tanh([0.0, 1000.0]), tanh_backward([8.0, 8.0], [0.0, 1000.0])
    (array([0., 1.]), array([8., 0.]))
    """
    return np.tanh(_floats(input))


@_halves_in_single
def tanh_backward(grad_output, input):
    """Return grad_input of ``tanh``: 1 − tanh², at most the whole gradient."""
    grad_output, input = _floats(grad_output, input)
    _expect("grad_output", grad_output, input.shape)
    return grad_output * (1 - np.tanh(input) ** 2)


@_halves_in_single
def softmax(input, dim=-1):
    """Turn scores into probabilities along one axis: e^x over the sum of all e^x.

    >>> softmax([0.0, 1000.0]), softmax_backward([4.0, 0.0], [0.0, 0.0])
    (array([0., 1.]), array([ 1., -1.]))
    """
    return np.exp(log_softmax(input, dim))


@_halves_in_single
def softmax_backward(grad_output, input, dim=-1):
    """Return grad_input of ``softmax``."""
    grad_output, input = _floats(grad_output, input)
    _expect("grad_output", grad_output, input.shape)
    output = softmax(input, dim)
    return output * (grad_output - (grad_output * output).sum(axis=dim, keepdims=True))


@_halves_in_single
def log_softmax(input, dim=-1):
    """Logarithm of ``softmax``, computed without the overflow or the underflow of e^x.

    >>> log_softmax([0.0, 1000.0]), log_softmax_backward([4.0, 0.0], [0.0, 0.0])
    (array([-1000.,     0.]), array([ 2., -2.]))
    """
    input = _floats(input)
    with np.errstate(invalid="ignore"):  # infinite scores give NaN, as in PyTorch
        shifted = input - input.max(axis=dim, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=dim, keepdims=True))


@_halves_in_single
def log_softmax_backward(grad_output, input, dim=-1):
    """Return grad_input of ``log_softmax``."""
    grad_output, input = _floats(grad_output, input)
    _expect("grad_output", grad_output, input.shape)
    return grad_output - softmax(input, dim) * grad_output.sum(axis=dim, keepdims=True)


@_halves_in_single
def cross_entropy(input, target, *, reduction="mean", label_smoothing=0.0):
    """Minus the logarithm of the probability that the right class was given.

    input (N, classes) holds scores before softmax, target (N,) whole numbers; also (classes,) and
    one number. `reduction` is 'mean', 'sum' or 'none'.

    >>> cross_entropy([[0.0, 0.0]], [1]).round(4), cross_entropy_backward(1.0, [[0.0, 0.0]], [1])
    (np.float64(0.6931), array([[ 0.5, -0.5]]))
    """
    input, goal, count = _goal(input, target, reduction, label_smoothing)
    loss = -(goal * log_softmax(input)).sum(axis=-1, where=goal != 0)
    with np.errstate(invalid="ignore"):  # the mean of no samples is NaN, as in PyTorch
        return loss if reduction == "none" else loss.sum() / input.dtype.type(count)


@_halves_in_single
def cross_entropy_backward(grad_output, input, target, *, reduction="mean", label_smoothing=0.0):
    """Return grad_input of ``cross_entropy``: probabilities minus the goal (and / N for 'mean')."""
    input, goal, count = _goal(input, target, reduction, label_smoothing)
    grad_output = np.asarray(grad_output, input.dtype)
    _expect("grad_output", grad_output, input.shape[:-1] if reduction == "none" else ())
    return (softmax(input) - goal) * (grad_output[..., np.newaxis] / max(1, count))


def _goal(input, target, reduction, label_smoothing):
    """Check what cross-entropy is given; return input, the ideal softmax, and what to divide by."""
    input, target = _floats(input), np.asarray(target)
    classes = input.shape[-1] if input.ndim in (1, 2) else None
    if classes is None or target.shape != input.shape[:-1]:
        given = f"scores of shape {input.shape} with targets of shape {target.shape}"
        raise lesson(given, "input (N, classes) and target (N,)", "Give one class a sample.")
    if target.size and target.dtype.kind not in "iu":
        remedy = "Give the number of the class, not one-hot rows: target.argmax(axis=1)."
        raise lesson(f"targets of dtype {target.dtype}", "whole numbers", remedy)
    if target.size and not 0 <= target.min() <= target.max() < classes:
        given = f"targets from {target.min()} to {target.max()} with {classes} classes"
        raise lesson(given, f"0 to {classes - 1}", "Count classes from 0, or add outputs.")
    if reduction not in ("mean", "sum", "none"):
        raise lesson(f"reduction={reduction!r}", "'mean', 'sum' or 'none'", "Use 'mean'.")
    if not 0 <= label_smoothing <= 1:
        raise lesson(f"label_smoothing={label_smoothing}", "a share from 0 to 1", "Use 0.1.")
    one_hot = np.arange(classes) == target[..., np.newaxis]
    goal = one_hot * (1 - label_smoothing) + label_smoothing / max(1, classes)
    count = target.size if reduction == "mean" else 1
    return input, goal.astype(input.dtype), count


@_halves_in_single
def dropout(input, p=0.5, training=True, rng=None):
    """Zero each value with probability `p` and scale the others by 1 / (1 − p).

    Only in training (Srivastava and others 2014); otherwise a copy comes back. `rng` is a seed or a
    NumPy Generator; the same seed draws the same zeros.

    >>> dropout([1, 1, 1], rng=1), dropout_backward([10, 20, 30], [1, 1, 1], rng=1)
    (array([0., 2., 2.]), array([ 0., 40., 60.]))
    """
    input = _floats(input)
    if not 0 <= p <= 1:
        raise lesson(f"p={p} was given", "a probability from 0 to 1", "Use p=0.5.")
    if not training or p == 0:
        return input.copy()
    keep = np.random.default_rng(rng).random(input.shape, np.float32) >= p
    scale = 1 / (1 - p) if p < 1 else 0
    return input * keep * float(scale)


@_halves_in_single
def dropout_backward(grad_output, input, p=0.5, training=True, rng=None):
    """Return grad_input of ``dropout``: the same zeros, so `rng` must be the forward's seed."""
    grad_output, input = _floats(grad_output, input)
    _expect("grad_output", grad_output, input.shape)
    if training and 0 < p < 1 and not isinstance(rng, (int, np.integer)):
        remedy = "Draw a seed, and give it to dropout and to dropout_backward."
        raise lesson(f"rng={rng!r}", "the seed (a whole number) of the forward pass", remedy)
    return dropout(grad_output, p, training, rng)


@_halves_in_single
def batch_norm(
    input, running_mean, running_var, weight=None, bias=None, training=False, momentum=0.1, eps=1e-5
):
    """Shift and scale each channel to mean 0 and variance 1, then by weight and bias.

    input (N, C, ...), the rest (C,). In training the batch's own mean and variance count, otherwise
    the running ones (Ioffe and Szegedy 2015). Unlike PyTorch's, this function never changes those
    (`momentum` is there for the signature): ``nn.BatchNorm2d`` does.

    >>> batch_norm([[1.0, 4.0], [3.0, 4.0]], None, None, training=True)[0].round(4)
    array([-1.,  0.])
    """
    input, *values = _floats(input, running_mean, running_var, weight, bias)
    mean, var, weight, bias = _channels(input, training, *values)
    output = input - mean
    output *= weight / np.sqrt(var + float(eps))
    output += bias
    return output


@_halves_in_single
def batch_norm_backward(
    grad_output, input, running_mean, running_var, weight=None, bias=None, training=False,
    momentum=0.1, eps=1e-5,
):  # fmt: skip
    """Return (grad_input, grad_weight, grad_bias) of ``batch_norm``.

    In training the mean and the variance depend on the input too: grad_input loses its mean and
    its component along the normalised input.

    >>> batch_norm_backward([[8.0], [4.0]], [[1.0], [3.0]], [2.0], [4.0], eps=0)[0].ravel()
    array([4., 2.])
    """
    grads, input, *values = _floats(grad_output, input, running_mean, running_var, weight, bias)
    _expect("grad_output", grads, input.shape)
    mean, var, weight, _ = _channels(input, training, *values)
    axes = _all_but_channels(input)
    scale = 1 / np.sqrt(var + float(eps))
    normal = input - mean
    normal *= scale
    grad_weight = (grads * normal).sum(axis=axes)
    grad_bias = grads.sum(axis=axes)
    if training:
        count = max(1, grads[:, :1].size)
        normal *= -grad_weight.reshape(mean.shape) / count
        normal += grads
        normal -= grad_bias.reshape(mean.shape) / count
        grads = normal
    return grads * (scale * weight), grad_weight, grad_bias


@_halves_in_single
def batch_statistics(input):
    """Return the mean and the (biased) variance of each channel of (N, C, ...), each (C,).

    >>> batch_statistics([[1.0, 5.0], [3.0, 5.0]])
    (array([2., 5.]), array([1., 0.]))
    """
    input = _floats(input)
    axes = _all_but_channels(input)
    count = prod(input.shape[axis] for axis in axes)
    if count == 1:
        remedy = "Train on larger batches, or switch to evaluation: model.eval()."
        raise lesson("one value per channel in training", "more than one to average", remedy)
    mean = input.sum(axis=axes, keepdims=True) / max(1, count)
    var = ((input - mean) ** 2).sum(axis=axes) / max(1, count)
    return mean.ravel(), var


def _all_but_channels(input):
    """Return the axes of (N, C, ...) that statistics are taken over."""
    if input.ndim < 2:
        raise lesson(f"an input of shape {input.shape}", "(N, C, ...)", "Add the batch's axis.")
    return (0, *range(2, input.ndim))


def _channels(input, training, running_mean, running_var, weight, bias):
    """Line up what is (C,) with the channels of (N, C, ...); training takes the batch's own."""
    others = _all_but_channels(input)
    channels = input.shape[1]
    mean, var = batch_statistics(input) if training else (running_mean, running_var)
    weight = np.ones(channels, input.dtype) if weight is None else weight
    bias = np.zeros(channels, input.dtype) if bias is None else bias
    values = {"running_mean": mean, "running_var": var, "weight": weight, "bias": bias}
    for name, value in values.items():
        _expect(name, value, (channels,), f"a number for each of {channels} channels")
    return [np.expand_dims(value, others) for value in values.values()]


@_halves_in_single
def pad(input, pad, mode="constant", value=0):
    """Add a border: pad = (left, right), or (left, right, top, bottom), and so on outwards.

    `mode` is 'constant' (filled with `value`), 'reflect', 'replicate' or 'circular'.

    >>> pad([1, 2], (1, 2)), pad_backward([5, 1, 2, 6], [1, 2], (1, 1), "replicate")
    (array([0., 1., 2., 0., 0.]), array([6., 8.]))
    """
    input = _floats(input)
    value, remedy = 0 if value is None else value, "Write (left, right, top, bottom)."
    try:
        pad = tuple(map(operator.index, pad))
    except TypeError:
        raise lesson(f"pad={pad!r}", "whole numbers, a pair for each axis", remedy) from None
    if len(pad) % 2 or len(pad) > 2 * input.ndim or min(pad, default=0) < 0:
        given = f"pad={pad} on an input of {input.ndim} axes"
        raise lesson(given, "a pair of widths of at least 0 for each padded axis", remedy)
    modes = {"constant": "constant", "reflect": "reflect", "replicate": "edge", "circular": "wrap"}
    if mode not in modes:
        raise lesson(f"mode={mode!r}", f"one of {', '.join(modes)}", "Use mode='constant'.")
    pairs = [tuple(pad[i : i + 2]) for i in range(0, len(pad), 2)]
    most = {"reflect": -1, "circular": 0}.get(mode)  # the border is made of the input, once
    for width, size in zip(pairs, input.shape[::-1], strict=False):
        if most is not None and max(width) > size + most:
            given = f"pad={width} with mode={mode!r} on an axis of {size}"
            raise lesson(given, f"at most {size + most}", "Pad less, or use mode='replicate'.")
    widths = [(0, 0)] * (input.ndim - len(pairs)) + pairs[::-1]  # NumPy counts from the first axis
    extra: dict = {"constant_values": value} if mode == "constant" else {}
    return np.pad(input, widths, modes[mode], **extra)  # type: ignore[call-overload]


_padded = pad  # since pad_backward has an argument of that name


@_halves_in_single
def pad_backward(grad_output, input, pad, mode="constant", value=0):
    """Return grad_input of ``pad``: a pixel gets the gradients of all its copies in the border."""
    grad_output, input = _floats(grad_output, input)
    origin = _padded(np.arange(input.size).reshape(input.shape), pad, mode, -1).astype(int)
    _expect("grad_output", grad_output, origin.shape)
    grad_input = np.zeros(input.size, input.dtype)
    np.add.at(grad_input, origin[origin >= 0], grad_output[origin >= 0])
    return grad_input.reshape(input.shape)
