"""The operations of a convolutional network, forward and backward, in NumPy alone.

Names, arguments, defaults, layout and results are PyTorch's (``torch.nn.functional``). Images
come as a batch (N, C, H, W) or as one image (C, H, W). Floats keep their dtype, integers become
float64, inputs are never changed. ``NAME_backward(grad_output, ...)`` takes the arguments of
``NAME`` after the gradient of its output, and returns the gradients in argument order.
"""

import numpy as np

from cnnkit import _fast
from cnnkit.geometry import lesson, pair

# --- Arguments -----------------------------------------------------------------------------------


def _floats(*arrays):
    """Turn every array into one common float dtype; None stays None. 8-bit images cannot wrap."""
    given = [np.asarray(a) for a in arrays if a is not None]
    for a in given:
        if a.dtype.kind not in "fiub":
            raise lesson(f"an array of dtype {a.dtype}", "real numbers", "Convert it first.")
    small = [a.dtype if a.dtype.kind == "f" and a.itemsize <= 8 else np.float64 for a in given]
    dtype = np.result_type(*small)
    result = [None if a is None else np.asarray(a, dtype) for a in arrays]
    return result if len(result) > 1 else result[0]


def _images(input):
    """Return a batch (N, C, H, W), and whether a single image (C, H, W) came in."""
    if input.ndim not in (3, 4):
        remedy = "Add the missing axes: image[np.newaxis] puts a channel axis before (H, W)."
        raise lesson(f"an input of shape {input.shape}", "(N, C, H, W) or (C, H, W)", remedy)
    return (input[np.newaxis], True) if input.ndim == 3 else (input, False)


def _match(grad_output, shape):
    """Check that a gradient has the shape of the output it belongs to."""
    if grad_output.shape != tuple(shape):
        given = f"a grad_output of shape {grad_output.shape}"
        raise lesson(given, f"the shape of the output, {tuple(shape)}", "Pass dLoss/dOutput.")


# --- Convolution ---------------------------------------------------------------------------------
# What is computed, and which arguments make sense; ``_fast`` makes it fast.


def _convolution(input, weight, stride, padding, dilation, groups):
    """Check the arguments that every convolution shares; return batch, whether single, windows."""
    input, single = _images(input)
    if weight.ndim != 4:
        given = f"a weight of shape {weight.shape}"
        raise lesson(given, "(filters, channels / groups, kh, kw)", "Reshape the weight.")
    filters, channels = len(weight), input.shape[1]
    groups = pair(groups, "groups")[0]
    if channels % groups or filters % groups:
        given = f"groups={groups} with {channels} channels and {filters} filters"
        raise lesson(given, "groups that divide both", "Use groups=1, or change the counts.")
    if weight.shape[1] != channels // groups:
        given = f"{channels} channels, filters of {weight.shape[1]} and groups={groups}"
        remedy = f"Use a weight of shape ({filters}, {channels // groups}, kh, kw)."
        raise lesson(given, f"filters of {channels // groups} channels", remedy)
    size, kernel_size = input.shape[2:], weight.shape[2:]
    return input, single, _fast.windows_of(size, kernel_size, stride, padding, dilation)


def conv2d(input, weight, bias=None, stride=1, padding=0, dilation=1, groups=1):
    """Convolve images with filters (the kernel is not flipped, as everywhere in deep learning).

    How it is computed fast is told in ``cnnkit._fast``; ``cnnkit.naive`` shows it as plain loops.

    Parameters
    ----------
    input : array (N, C, H, W) or (C, H, W)
    weight : array (F, C / groups, kh, kw), one filter for each output channel
    bias : array (F,), optional
    stride, dilation : int or (height, width)
    padding : int, (height, width), 'valid' (none) or 'same' (keeps the size, at stride 1)
    groups : int; channels and filters are split into so many independent convolutions

    Returns
    -------
    array (N, F, H_out, W_out) or (F, H_out, W_out), with H_out from ``geometry.output_size``

    Raises
    ------
    ValueError
        for shapes that do not go together, and for a kernel larger than the padded input.

    Examples
    --------
    >>> conv2d([[[1, 2, 3], [4, 5, 6]]], [[[[1, 1], [0, 1]]]], bias=[0.5])
    array([[[ 8.5, 11.5]]])
    """
    input, weight, bias = _floats(input, weight, bias)
    input, single, windows = _convolution(input, weight, stride, padding, dilation, groups)
    if bias is not None and bias.shape != (len(weight),):
        given = f"a bias of shape {bias.shape} for {len(weight)} filters"
        raise lesson(given, f"one bias a filter, shape ({len(weight)},)", "Reshape or drop it.")
    output = _fast.convolve(input, weight, bias, windows, groups)
    return output[0] if single else output


def conv2d_backward(grad_output, input, weight, stride=1, padding=0, dilation=1, groups=1):
    """Return (grad_input, grad_weight, grad_bias) of ``conv2d``.

    grad_output has the shape of the output; each gradient has the shape of what it belongs to.

    >>> gx, gw, gb = conv2d_backward([[[1, 10]]], [[[1, 2, 3]]], [[[[4, 5]]]])
    >>> gx.tolist(), gw.tolist(), gb.tolist()
    ([[[4.0, 45.0, 50.0]]], [[[[21.0, 32.0]]]], [11.0])
    """
    grad_output, input, weight = _floats(grad_output, input, weight)
    how = stride, padding, dilation, groups
    grad_input = conv2d_input(input.shape, weight, grad_output, *how)
    grad_weight = conv2d_weight(input, weight.shape, grad_output, *how)
    return grad_input, grad_weight, conv2d_bias(grad_output)


def conv2d_bias(grad_output):
    """Return the gradient of the bias, (F,): the bias was added at every position.

    >>> conv2d_bias([[[1, 10]]])
    array([11.])
    """
    maps = _floats(grad_output).sum(axis=(-2, -1))
    return maps.reshape(-1, maps.shape[-1]).sum(axis=0)


def conv2d_weight(input, weight_size, grad_output, stride=1, padding=0, dilation=1, groups=1):
    """Return the gradient of the filters, shape `weight_size` (as ``torch.nn.grad.conv2d_weight``).

    A weight met one pixel in every window: its gradient is the sum of pixel times grad_output.

    >>> conv2d_weight([[[1, 2, 3]]], (1, 1, 1, 2), [[[1, 10]]])
    array([[[[21., 32.]]]])
    """
    input, grad_output = _floats(input, grad_output)
    weight = np.broadcast_to(input.dtype.type(0), weight_size)  # only its shape is asked for
    input, _, windows = _convolution(input, weight, stride, padding, dilation, groups)
    grad_output = _images(grad_output)[0]
    _match(grad_output, (len(input), len(weight), *windows.output))
    return _fast.weight_gradient(input, weight.shape, grad_output, windows, groups)


def conv2d_input(input_size, weight, grad_output, stride=1, padding=0, dilation=1, groups=1):
    """Return the gradient of the images, shape `input_size` (as ``torch.nn.grad.conv2d_input``).

    A pixel was in several windows: its gradient is the sum of weight times grad_output over them.
    At stride 1 that is a convolution of grad_output with the kernel flipped.

    >>> conv2d_input((1, 1, 3), [[[[4, 5]]]], [[[1, 10]]])
    array([[[ 4., 45., 50.]]])
    """
    weight, grad_output = _floats(weight, grad_output)
    input = np.broadcast_to(weight.dtype.type(0), input_size)  # only its shape is asked for
    input, single, windows = _convolution(input, weight, stride, padding, dilation, groups)
    grad_output = _images(grad_output)[0]
    _match(grad_output, (len(input), len(weight), *windows.output))
    grad_input = _fast.input_gradient(input.shape, weight, grad_output, windows, groups)
    return grad_input[0] if single else grad_input


# --- Pooling -------------------------------------------------------------------------------------
# A tap is one offset inside the window. All windows' values at one tap are a strided slice of the
# input, so pooling is a few whole-array operations, and padding needs no copy: where a tap falls
# outside the input it is left out.


def _taps(size, windows, axis):
    """Return, for each offset along one axis, (positions in the output, positions in the input)."""
    before, stride = windows.padding[axis][0], windows.stride[axis]
    taps = []
    for offset in range(windows.kernel[axis]):
        first = max(0, -((offset - before) // stride))
        last = max(first, min(windows.output[axis], (size - 1 + before - offset) // stride + 1))
        start = first * stride - before + offset
        stop = start + (last - first - 1) * stride + 1 if last > first else start
        taps.append((slice(first, last), slice(start, stop, stride)))
    return taps


def _pooling(input, kernel_size, stride, padding):
    """Check the arguments that every pooling shares; return batch, whether single, windows."""
    input, single = _images(_floats(input))
    stride = kernel_size if stride is None else stride
    kernel, zeros = pair(kernel_size, "kernel_size"), pair(padding, "padding", least=0)
    if any(2 * p > k for p, k in zip(zeros, kernel, strict=True)):
        given = f"padding={padding} with kernel_size={kernel_size}"
        remedy = "Pad less: a window must not lie on padding alone."
        raise lesson(given, "a padding of at most half the kernel", remedy)
    return input, single, _fast.windows_of(input.shape[2:], kernel, stride, zeros)


def _pool(input, windows, combine, empty):
    """Combine the values of each window: first down the columns, then along the rows."""
    for axis in (0, 1):
        size = (*input.shape[: 2 + axis], windows.output[axis], *input.shape[3 + axis :])
        output = np.full(size, empty, input.dtype)
        there, here = np.moveaxis(output, 2 + axis, 0), np.moveaxis(input, 2 + axis, 0)
        for target, source in _taps(input.shape[2 + axis], windows, axis):
            combine(there[target], here[source], out=there[target])
        input = output
    return input


def _unpool(grad_output, shape, windows):
    """Give every pixel the sum of its windows' gradients: the reverse of ``_pool`` with np.add."""
    for axis in (1, 0):
        size = (*grad_output.shape[: 2 + axis], shape[2 + axis], *grad_output.shape[3 + axis :])
        grad_input = np.zeros(size, grad_output.dtype)
        there, here = np.moveaxis(grad_input, 2 + axis, 0), np.moveaxis(grad_output, 2 + axis, 0)
        for source, target in _taps(shape[2 + axis], windows, axis):
            there[target] += here[source]
        grad_output = grad_input
    return grad_output


def max_pool2d(input, kernel_size, stride=None, padding=0, *, return_indices=False):
    """Keep the largest value of each window: (N, C, H, W) gives (N, C, H_out, W_out).

    The stride is the kernel size unless given. Padding never wins: it counts as −infinity. With
    `return_indices` also where each value was, as row · W + column (the first of equal values).

    >>> max_pool2d([[[1, 2, 5, 6], [3, 4, 7, 8]]], 2, return_indices=True)
    (array([[[4., 8.]]]), array([[[5, 7]]]))
    """
    input, single, windows = _pooling(input, kernel_size, stride, padding)
    if not return_indices:
        output = _pool(input, windows, np.maximum, -np.inf)
        return output[0] if single else output
    output, indices = _winners(input, windows)
    return (output[0], indices[0]) if single else (output, indices)


def _winners(input, windows):
    """Largest value of each window and where it was, found tap by tap; NaN beats every number."""
    (kernel_height, kernel_width), (sh, sw), _, ((top, _), (left, _)), _, (oh, ow) = windows
    height, width = input.shape[2:]
    row, column = np.arange(oh)[:, np.newaxis] * sh - top, np.arange(ow) * sw - left
    first = np.maximum(0, -row) * kernel_width + np.maximum(0, -column)  # the first tap inside
    small = np.min_scalar_type(kernel_height * kernel_width)
    winner = np.broadcast_to(first.astype(small), (*input.shape[:2], oh, ow)).copy()
    output = np.full(winner.shape, -np.inf, input.dtype)
    has_nan = np.isnan(np.max(input, initial=-np.inf))
    for i, (rows, from_rows) in enumerate(_taps(height, windows, 0)):
        for j, (columns, from_columns) in enumerate(_taps(width, windows, 1)):
            value, best = input[:, :, from_rows, from_columns], output[:, :, rows, columns]
            better = value > best
            if has_nan:
                better |= np.isnan(value)
            tap = winner[:, :, rows, columns]  # taps are counted up, so the last better one wins
            np.maximum(tap, better * small.type(i * kernel_width + j), out=tap)
            np.maximum(best, value, out=best)
    offsets = np.add.outer(np.arange(kernel_height) * width, np.arange(kernel_width)).ravel()
    return output, np.take(offsets, winner) + (row * width + column)


def max_pool2d_backward(grad_output, input, kernel_size, stride=None, padding=0, *, indices=None):
    """Return grad_input of ``max_pool2d``: each window's gradient goes to its largest value.

    `indices` are the forward pass's, if it kept them (then only the shape of input counts).

    >>> max_pool2d_backward([[[10, 20]]], [[[1, 2, 5, 6], [3, 4, 7, 8]]], 2)
    array([[[ 0.,  0.,  0.,  0.],
            [ 0., 10.,  0., 20.]]])
    """
    grad_output, input = _floats(grad_output, input)
    input, single, windows = _pooling(input, kernel_size, stride, padding)
    grad_output = _images(grad_output)[0]
    _match(grad_output, (*input.shape[:2], *windows.output))
    indices = _winners(input, windows)[1] if indices is None else _images(indices)[0]
    images, channels, height, width = input.shape
    plane = np.arange(images * channels).reshape(images, channels, 1, 1)
    where = indices + plane * (height * width)
    grad_input = np.zeros(input.shape, input.dtype)
    if windows.stride[0] >= windows.kernel[0] and windows.stride[1] >= windows.kernel[1]:
        grad_input.reshape(-1)[where.ravel()] = grad_output.ravel()
    else:  # windows overlap, and a pixel may win more than once
        np.add.at(grad_input.reshape(-1), where.ravel(), grad_output.ravel())
    return grad_input[0] if single else grad_input


def avg_pool2d(input, kernel_size, stride=None, padding=0):
    """Take the mean of each window, zeros of the padding included: (N, C, H, W) in and out.

    >>> avg_pool2d([[[1, 2, 5, 6], [3, 4, 7, 8]]], 2)
    array([[[2.5, 6.5]]])
    """
    input, single, windows = _pooling(input, kernel_size, stride, padding)
    output = _pool(input, windows, np.add, 0)
    output /= windows.kernel[0] * windows.kernel[1]
    return output[0] if single else output


def avg_pool2d_backward(grad_output, input, kernel_size, stride=None, padding=0):
    """Return grad_input of ``avg_pool2d``: each window shares its gradient out evenly.

    >>> avg_pool2d_backward([[[4, 8]]], [[[1, 2, 5, 6], [3, 4, 7, 8]]], 2)
    array([[[1., 1., 2., 2.],
            [1., 1., 2., 2.]]])
    """
    grad_output, input = _floats(grad_output, input)
    input, single, windows = _pooling(input, kernel_size, stride, padding)
    grad_output = _images(grad_output)[0]
    _match(grad_output, (*input.shape[:2], *windows.output))
    grad_input = _unpool(grad_output, input.shape, windows)
    grad_input /= windows.kernel[0] * windows.kernel[1]
    return grad_input[0] if single else grad_input


def lp_pool2d(input, norm_type, kernel_size, stride=None):
    """Take the p-norm of each window, p = `norm_type`: 1 is the sum, 2 the L2 norm (article AV).

    >>> lp_pool2d([[[3, 4, 0, 1]]], 2, (1, 2))
    array([[[5., 1.]]])
    """
    input, single, windows = _pooling(input, kernel_size, stride, 0)
    output = _norms(input, norm_type, windows)
    return output[0] if single else output


def _norms(input, norm_type, windows):
    """Sum of x^p over each window, to the power 1/p."""
    if not norm_type > 0:
        raise lesson(f"norm_type={norm_type}", "a number above 0", "Use 2 for the L2 norm.")
    return _pool(input**norm_type, windows, np.add, 0) ** input.dtype.type(1 / norm_type)


def lp_pool2d_backward(grad_output, input, norm_type, kernel_size, stride=None):
    """Return grad_input of ``lp_pool2d``; 0 where a whole window is 0, as in PyTorch.

    >>> lp_pool2d_backward([[[10, 0]]], [[[3, 4, 0, 0]]], 2, (1, 2))
    array([[[6., 8., 0., 0.]]])
    """
    grad_output, input = _floats(grad_output, input)
    input, single, windows = _pooling(input, kernel_size, stride, 0)
    norms = _norms(input, norm_type, windows)
    grad_output = _images(grad_output)[0]
    _match(grad_output, norms.shape)
    share = np.zeros_like(norms)
    np.divide(grad_output, norms ** (norm_type - 1), out=share, where=norms != 0)
    grad_input = _unpool(share, input.shape, windows)
    grad_input *= input ** (norm_type - 1)
    return grad_input[0] if single else grad_input


def adaptive_avg_pool2d(input, output_size=1):
    """Average each map to one number: (N, C, H, W) gives (N, C, 1, 1). `output_size` is 1.

    >>> adaptive_avg_pool2d([[[1, 2], [3, 6]]])
    array([[[3.]]])
    """
    input = _floats(input)
    _images(input)
    if pair(output_size, "output_size") != (1, 1):
        remedy = "Use avg_pool2d for larger outputs."
        raise lesson(f"output_size={output_size}", "output_size=1, one mean a map", remedy)
    return input.mean(axis=(-2, -1), keepdims=True)


def adaptive_avg_pool2d_backward(grad_output, input, output_size=1):
    """Return grad_input of ``adaptive_avg_pool2d``: every pixel gets the same share.

    >>> adaptive_avg_pool2d_backward([[[8]]], [[[1, 2], [3, 6]]])
    array([[[2., 2.],
            [2., 2.]]])
    """
    grad_output, input = _floats(grad_output, input)
    _match(grad_output, adaptive_avg_pool2d(input, output_size).shape)
    pixels = max(1, input.shape[-2] * input.shape[-1])
    return np.broadcast_to(grad_output / input.dtype.type(pixels), input.shape).copy()


# --- Dense layer and nonlinearities --------------------------------------------------------------


def linear(input, weight, bias=None):
    """Dense layer: input (..., in) times weight (out, in) transposed, plus bias (out,).

    >>> linear([[1, 2]], [[3, 4], [5, 6], [7, 8]], bias=[0, 0, 1])
    array([[11., 17., 24.]])
    """
    input, weight, bias = _floats(input, weight, bias)
    if weight.ndim != 2 or input.ndim < 1 or input.shape[-1] != weight.shape[1]:
        given = f"an input of shape {input.shape} and a weight of shape {weight.shape}"
        remedy = "Flatten the images first, or change the weight."
        raise lesson(given, "input (..., in) and weight (out, in)", remedy)
    if bias is not None and bias.shape != weight.shape[:1]:
        given = f"a bias of shape {bias.shape} for {len(weight)} outputs"
        raise lesson(given, f"one bias an output, shape ({len(weight)},)", "Reshape or drop it.")
    output = input @ weight.T
    return output if bias is None else output + bias


def linear_backward(grad_output, input, weight):
    """Return (grad_input, grad_weight, grad_bias) of ``linear``.

    >>> gx, gw, gb = linear_backward([[1, 10]], [[2, 3]], [[4, 5], [6, 7]])
    >>> gx.tolist(), gw.tolist(), gb.tolist()
    ([[64.0, 75.0]], [[2.0, 3.0], [20.0, 30.0]], [1.0, 10.0])
    """
    grad_output, input, weight = _floats(grad_output, input, weight)
    _match(grad_output, (*input.shape[:-1], len(weight)))
    rows = grad_output.reshape(-1, len(weight))
    grad_weight = rows.T @ input.reshape(-1, input.shape[-1])
    return grad_output @ weight, grad_weight, rows.sum(axis=0)


def relu(input):
    """Rectify: max(0, x) for each value, any shape (articles BG, UCNN).

    >>> relu([-1.5, 2.0])
    array([0., 2.])
    """
    input = _floats(input)
    return np.maximum(input, input.dtype.type(0))


def relu_backward(grad_output, input):
    """Return grad_input of ``relu``: the gradient passes where the input was above 0.

    The mask acts on bits: a product would turn 0 · infinity into NaN, and np.where is slow where
    signs change often (the processor guesses each branch).

    >>> relu_backward([10, 20], [-1.5, 2.0])
    array([ 0., 20.])
    """
    grad_output, input = _floats(grad_output, input)
    _match(grad_output, input.shape)
    bits = np.dtype(f"i{input.itemsize}")
    mask = -(~(input <= 0)).astype(bits)  # all bits 1, or all 0; NaN passes, as in PyTorch
    mask &= grad_output.view(bits)
    return mask.view(input.dtype)


def sigmoid(input):
    """Squash to 0…1: 1 / (1 + e^−x) for each value, any shape.

    >>> sigmoid([0.0, 1000.0, -1000.0])
    array([0.5, 1. , 0. ])
    """
    input = _floats(input)
    with np.errstate(over="ignore"):  # e^1000 is infinite, and 1 / infinity is the right 0
        return 1 / (1 + np.exp(-input))


def sigmoid_backward(grad_output, input):
    """Return grad_input of ``sigmoid``: s · (1 − s), at most a quarter of the gradient.

    >>> sigmoid_backward([8.0, 8.0], [0.0, 1000.0])
    array([2., 0.])
    """
    grad_output, input = _floats(grad_output, input)
    _match(grad_output, input.shape)
    output = sigmoid(input)
    return grad_output * (1 - output) * output


def tanh(input):
    """Squash to −1…1: the hyperbolic tangent of each value, any shape.

    >>> tanh([0.0, 1000.0])
    array([0., 1.])
    """
    return np.tanh(_floats(input))


def tanh_backward(grad_output, input):
    """Return grad_input of ``tanh``: 1 − tanh², at most the whole gradient.

    >>> tanh_backward([8.0, 8.0], [0.0, 1000.0])
    array([8., 0.])
    """
    grad_output, input = _floats(grad_output, input)
    _match(grad_output, input.shape)
    return grad_output * (1 - np.tanh(input) ** 2)


# --- Scores, probabilities and the loss ----------------------------------------------------------


def softmax(input, dim=-1):
    """Turn scores into probabilities along one axis: e^x over the sum of all e^x.

    >>> softmax([0.0, 0.0, 1000.0])
    array([0., 0., 1.])
    """
    return np.exp(log_softmax(input, dim))


def softmax_backward(grad_output, input, dim=-1):
    """Return grad_input of ``softmax``.

    >>> softmax_backward([4.0, 0.0], [0.0, 0.0])
    array([ 1., -1.])
    """
    grad_output, input = _floats(grad_output, input)
    _match(grad_output, input.shape)
    output = softmax(input, dim)
    return output * (grad_output - (grad_output * output).sum(axis=dim, keepdims=True))


def log_softmax(input, dim=-1):
    """Logarithm of ``softmax``, computed without the overflow or the underflow of e^x.

    >>> log_softmax([0.0, 1000.0])
    array([-1000.,     0.])
    """
    input = _floats(input)
    with np.errstate(invalid="ignore"):  # infinite scores give NaN, as in PyTorch
        shifted = input - input.max(axis=dim, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=dim, keepdims=True))


def log_softmax_backward(grad_output, input, dim=-1):
    """Return grad_input of ``log_softmax``.

    >>> log_softmax_backward([4.0, 0.0], [0.0, 0.0])
    array([ 2., -2.])
    """
    grad_output, input = _floats(grad_output, input)
    _match(grad_output, input.shape)
    return grad_output - softmax(input, dim) * grad_output.sum(axis=dim, keepdims=True)


def cross_entropy(input, target, *, reduction="mean", label_smoothing=0.0):
    """Minus the logarithm of the probability that the right class was given.

    input (N, classes) holds scores before softmax, target (N,) whole numbers; also (classes,) and
    one number. `reduction` is 'mean', 'sum' or 'none'.

    >>> float(cross_entropy([[0.0, 0.0], [0.0, 1000.0]], [0, 1]).round(4))
    0.3466
    """
    input, target = _scores(input, target)
    goal = _goal(input, target, label_smoothing)
    loss = -(goal * log_softmax(input)).sum(axis=-1, where=goal != 0)
    if reduction == "none":
        return loss
    with np.errstate(invalid="ignore"):  # the mean of no samples is NaN, as in PyTorch
        return loss.sum() / input.dtype.type(_count(reduction, loss))


def cross_entropy_backward(grad_output, input, target, *, reduction="mean", label_smoothing=0.0):
    """Return grad_input of ``cross_entropy``: probabilities minus the goal (and / N for 'mean').

    >>> cross_entropy_backward(1.0, [[0.0, 0.0]], [1])
    array([[ 0.5, -0.5]])
    """
    grad_output, input = _floats(grad_output, input)
    input, target = _scores(input, target)
    grad_output = grad_output[..., np.newaxis] if reduction == "none" else grad_output
    difference = softmax(input) - _goal(input, target, label_smoothing)
    return difference * (grad_output / input.dtype.type(max(1, _count(reduction, target))))


def _scores(input, target):
    """Check that each row of scores has one class among its own."""
    input, target = _floats(input), np.asarray(target)
    if input.ndim not in (1, 2) or target.shape != input.shape[:-1]:
        given = f"scores of shape {input.shape} with targets of shape {target.shape}"
        raise lesson(given, "input (N, classes) and target (N,)", "Give one class a sample.")
    classes = input.shape[-1]
    if target.size and target.dtype.kind not in "iu":
        remedy = "Give the number of the class, not one-hot rows: target.argmax(axis=1)."
        raise lesson(f"targets of dtype {target.dtype}", "whole numbers", remedy)
    if target.size and not 0 <= target.min() <= target.max() < classes:
        given = f"targets from {target.min()} to {target.max()} with {classes} classes"
        raise lesson(given, f"0 to {classes - 1}", "Count classes from 0, or add outputs.")
    return input, target.astype(np.intp)


def _goal(input, target, label_smoothing):
    """One-hot rows; `label_smoothing` moves a share of the 1 to all classes alike."""
    if not 0 <= label_smoothing <= 1:
        raise lesson(f"label_smoothing={label_smoothing}", "a share from 0 to 1", "Use 0.1.")
    goal = np.full(input.shape, label_smoothing / max(1, input.shape[-1]), input.dtype)
    right = np.take_along_axis(goal, target[..., np.newaxis], -1) + (1 - label_smoothing)
    np.put_along_axis(goal, target[..., np.newaxis], right, -1)
    return goal


def _count(reduction, losses):
    """By what the sum of the losses is divided."""
    if reduction not in ("mean", "sum", "none"):
        raise lesson(f"reduction={reduction!r}", "'mean', 'sum' or 'none'", "Use 'mean'.")
    return losses.size if reduction == "mean" else 1


# --- Dropout, batch normalisation, padding -------------------------------------------------------


def dropout(input, p=0.5, training=True, rng=None):
    """Zero each value with probability `p` and scale the others by 1 / (1 − p).

    Only in training (Srivastava and others 2014); otherwise a copy comes back. `rng` is a seed or a
    NumPy Generator; the same seed draws the same zeros.

    >>> dropout(np.ones(6), p=0.5, rng=1)
    array([0., 2., 2., 2., 0., 0.])
    """
    input = _floats(input)
    if not 0 <= p <= 1:
        raise lesson(f"p={p} was given", "a probability from 0 to 1", "Use p=0.5.")
    if not training or p == 0:
        return input.copy()
    keep = np.random.default_rng(rng).random(input.shape, np.float32) >= p
    return input * keep * input.dtype.type(1 / (1 - p) if p < 1 else 0)


def dropout_backward(grad_output, input, p=0.5, training=True, rng=None):
    """Return grad_input of ``dropout``: the same zeros, so `rng` must be the forward's seed.

    >>> dropout_backward(np.ones(6), np.ones(6), p=0.5, rng=1)
    array([0., 2., 2., 2., 0., 0.])
    """
    grad_output, input = _floats(grad_output, input)
    _match(grad_output, input.shape)
    if training and 0 < p < 1 and not isinstance(rng, (int, np.integer)):
        remedy = "Draw a seed, and give it to dropout and to dropout_backward."
        raise lesson(f"rng={rng!r}", "the seed (a whole number) of the forward pass", remedy)
    return dropout(grad_output, p, training, rng)


def batch_norm(
    input, running_mean, running_var, weight=None, bias=None, training=False, momentum=0.1, eps=1e-5
):
    """Shift and scale each channel to mean 0 and variance 1, then by weight and bias.

    input (N, C, ...), the rest (C,). In training the batch's own mean and variance count, otherwise
    the running ones (Ioffe and Szegedy 2015). Unlike PyTorch's, this function never changes those
    (`momentum` is there for the signature): ``nn.BatchNorm2d`` does.

    >>> batch_norm([[1.0], [3.0]], None, None, training=True, eps=0)
    array([[-1.],
           [ 1.]])
    """
    arrays = _floats(input, running_mean, running_var, weight, bias)
    input, running_mean, running_var, weight, bias = arrays
    mean, var = _statistics(input, running_mean, running_var, training)
    scale = 1 / np.sqrt(var + input.dtype.type(eps))
    if weight is not None:
        scale = scale * _per_channel(weight, input, "weight")
    output = input - mean
    output *= scale
    if bias is not None:
        output += _per_channel(bias, input, "bias")
    return output


def batch_norm_backward(
    grad_output,
    input,
    running_mean,
    running_var,
    weight=None,
    bias=None,
    training=False,
    momentum=0.1,
    eps=1e-5,
):
    """Return (grad_input, grad_weight, grad_bias) of ``batch_norm``.

    In training the mean and the variance depend on the input too: grad_input loses its mean and
    its component along the normalised input.

    >>> batch_norm_backward([[8.0], [4.0]], [[1.0], [3.0]], [2.0], [4.0], eps=0)[0]
    array([[4.],
           [2.]])
    """
    arrays = _floats(grad_output, input, running_mean, running_var, weight)
    grad_output, input, running_mean, running_var, weight = arrays
    _match(grad_output, input.shape)
    mean, var = _statistics(input, running_mean, running_var, training)
    scale = 1 / np.sqrt(var + input.dtype.type(eps))
    normal = input - mean
    normal *= scale
    grad_weight, grad_bias = _channel_sums(grad_output * normal), _channel_sums(grad_output)
    if weight is not None:
        scale = scale * _per_channel(weight, input, "weight")
    if not training:
        return grad_output * scale, grad_weight, grad_bias
    count = max(1, input.size // max(1, input.shape[1]))
    normal *= _per_channel(grad_weight / -count, input, "gradient")
    normal += grad_output
    normal -= _per_channel(grad_bias / count, input, "gradient")
    normal *= scale
    return normal, grad_weight, grad_bias


def _per_channel(values, input, name):
    """Line up (C,) values with the channels of (N, C, ...)."""
    if input.ndim < 2:
        remedy = "Add the axis of the batch: input[np.newaxis]."
        raise lesson(f"an input of shape {input.shape}", "(N, C, ...)", remedy)
    if values is None or values.shape != (input.shape[1],):
        given = f"a {name} of shape {getattr(values, 'shape', None)} for {input.shape[1]} channels"
        raise lesson(given, f"one value a channel, shape ({input.shape[1]},)", "Reshape it.")
    return values.reshape(-1, *[1] * (input.ndim - 2))


def _statistics(input, running_mean, running_var, training):
    """Mean and (biased) variance of each channel, the batch's or the running ones."""
    if training:
        running_mean, running_var = batch_statistics(input)
    mean = _per_channel(running_mean, input, "running_mean")
    return mean, _per_channel(running_var, input, "running_var")


def batch_statistics(input):
    """Return the mean and the (biased) variance of each channel of (N, C, ...), each (C,).

    >>> batch_statistics([[1.0, 5.0], [3.0, 5.0]])
    (array([2., 5.]), array([1., 0.]))
    """
    input = _floats(input)
    count = max(1, input[:, :1].size) if input.ndim > 1 else 1
    if input.size and count == 1:
        remedy = "Train on larger batches, or switch to evaluation: model.eval()."
        raise lesson("one value per channel in training", "more than one to average", remedy)
    mean = _channel_sums(input) / count
    return mean, _channel_sums((input - _per_channel(mean, input, "mean")) ** 2) / count


def _channel_sums(array):
    """Sum (N, C, ...) over all axes but C: along each map first, which NumPy adds pairwise."""
    return array.sum(axis=tuple(range(2, array.ndim))).sum(axis=0)


_MODES = {"constant": "constant", "reflect": "reflect", "replicate": "edge", "circular": "wrap"}


def pad(input, pad, mode="constant", value=0):
    """Add a border: pad = (left, right), or (left, right, top, bottom), and so on outwards.

    `mode` is 'constant' (filled with `value`), 'reflect', 'replicate' or 'circular'.

    >>> pad([[1, 2]], (1, 1, 0, 1))
    array([[0., 1., 2., 0.],
           [0., 0., 0., 0.]])
    """
    return _pad(_floats(input), pad, mode, value)


def _pad(array, widths, mode, value):
    """Turn PyTorch's widths (last axis first) into NumPy's pairs (first axis first), and pad."""
    if len(widths) % 2 or len(widths) > 2 * array.ndim or min(widths, default=0) < 0:
        given = f"pad={widths} on an input of {array.ndim} axes"
        remedy = "Write (left, right, top, bottom)."
        raise lesson(given, "a pair of widths of at least 0 for each padded axis", remedy)
    if mode not in _MODES:
        raise lesson(f"mode={mode!r}", f"one of {', '.join(_MODES)}", "Use mode='constant'.")
    pairs = [tuple(widths[i : i + 2]) for i in range(0, len(widths), 2)]
    before = [(0, 0)] * (array.ndim - len(pairs))
    extra: dict = {"constant_values": value} if mode == "constant" else {}
    return np.pad(array, before + pairs[::-1], _MODES[mode], **extra)  # type: ignore[call-overload]


def pad_backward(grad_output, input, pad, mode="constant", value=0):
    """Return grad_input of ``pad``: a pixel gets the gradients of all its copies in the border.

    >>> pad_backward([[5, 1, 2, 6]], [[1, 2]], (1, 1), "replicate")
    array([[6., 8.]])
    """
    grad_output, input = _floats(grad_output, input)
    origin = _pad(np.arange(input.size).reshape(input.shape), pad, mode, -1)
    _match(grad_output, origin.shape)
    grad_input = np.zeros(input.size, input.dtype)
    np.add.at(grad_input, origin[origin >= 0], grad_output[origin >= 0])
    return grad_input.reshape(input.shape)
