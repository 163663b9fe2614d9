"""How convolution is made fast: lowering by rows, one plan for the output and both gradients.

Textbook im2col copies every pixel kh·kw times, into one column for each window. Here each row is
copied kw times, once for each column of the kernel (after MEC, Cho and Brand 2017). The kh rows of
a window then lie one after the other in memory, so the matrix of all windows of one output row is
a view, which overlaps the next row's, and one np.matmul multiplies them all, straight into the
output. Work goes band by band: several small images, or some rows of a large one, sized for a
core's cache. So the memory beyond the result is a few bands and the zeros around one chunk of
images, for any batch size.

A second plan, col2im, serves one case: the gradient of the input where the stride is not 1 (or the
padding wider than the kernel), which is not a plain convolution of the gradient of the output.
"""

from typing import NamedTuple

import numpy as np
from numpy.lib.stride_tricks import as_strided

from cnnkit.geometry import output_size, paddings, pair

BAND_BYTES = 1 << 19


class Windows(NamedTuple):
    """What is known of the windows from the sizes alone: pairs (along the height, the width)."""

    kernel: tuple[int, int]
    stride: tuple[int, int]
    dilation: tuple[int, int]
    padding: tuple[tuple[int, int], tuple[int, int]]  # ((top, bottom), (left, right))
    padded: tuple[int, ...]
    output: tuple[int, ...]


def windows_of(size, kernel_size, stride, padding, dilation=1):
    """Work out the sizes once, with every check of ``geometry``."""
    zeros = paddings(padding, kernel_size, stride, dilation)
    padded = tuple(side + sum(ends) for side, ends in zip(size, zeros, strict=True))
    output = output_size(tuple(size), kernel_size, stride, padding, dilation)
    steps = pair(stride, "stride"), pair(dilation, "dilation")
    return Windows(pair(kernel_size, "kernel_size"), *steps, zeros, padded, output)


def bands(images, rows, row_bytes):
    """Cut a batch into (slice of images, first row, last row), each of about BAND_BYTES."""
    batch = max(1, BAND_BYTES // max(1, row_bytes * rows))
    step = rows if batch > 1 else min(rows, max(1, BAND_BYTES // max(1, row_bytes)))
    for start in range(0, images, batch):
        for row in range(0, rows, step):
            yield slice(start, min(images, start + batch)), row, min(rows, row + step)


def patches(input, windows, groups, by_row):
    """Yield (images, first row, last row, patches) for each band of output rows.

    patches[n, g, i, c, j, y, x] is the pixel that tap (i, j) of the kernel meets at output (y, x).
    It is a view of the lowered band, whose rows lie outside the channels (`by_row`), so that
    (i, c, j) count as one axis, or inside, so that (y, x) do.
    """
    (kh, kw), (sh, sw), (dh, dw), ((top, _), (left, _)), padded, (oh, ow) = windows
    images, channels, height, width = input.shape
    depth, source, bordered = channels // groups, input, padded != (height, width)
    for chosen, first, last in bands(images, oh, channels * kw * ow * sh * input.itemsize):
        count, rows = chosen.stop - chosen.start, last - first
        if bordered and first == 0:
            if chosen.start == 0:  # the zeros around stay, the middle is filled again and again
                source = np.zeros((count, channels, *padded), input.dtype)
            source[:count, :, top : top + height, left : left + width] = input[chosen]
        lines = source[slice(count) if bordered else chosen]
        lines = lines[:, :, first * sh : (last - 1) * sh + (kh - 1) * dh + 1]
        n, c, y, x = lines.strides
        shape = count, groups, depth, lines.shape[2], kw, ow
        taps = as_strided(lines, shape, (n, depth * c, c, y, dw * x, sw * x), writeable=False)
        if by_row:
            lowered = np.ascontiguousarray(taps.swapaxes(2, 3))
            n, g, y, c, j, x = lowered.strides
        else:
            lowered = np.ascontiguousarray(taps.swapaxes(3, 4))
            n, g, c, j, y, x = lowered.strides
        axes = count, groups, kh, depth, kw, rows, ow
        strides = n, g, dh * y, c, j, sh * y, x
        yield chosen, first, last, as_strided(lowered, axes, strides, writeable=False)


def convolve(input, weight, bias, windows, groups):
    """Multiply the filters with the windows of one band after the other."""
    filters, taps = len(weight) // groups, weight[0].size
    output = np.empty((len(input), len(weight), *windows.output), input.dtype)
    rows = output.reshape(len(input), groups, filters, *windows.output).swapaxes(2, 3)
    matrix = weight.swapaxes(1, 2).reshape(groups, 1, filters, taps)  # taps in the order i, c, j
    for images, first, last, pixels in patches(input, windows, groups, by_row=True):
        columns = pixels.transpose(0, 1, 5, 2, 3, 4, 6)  # n, g, y, (i, c, j), x
        band = rows[images, :, first:last]
        np.matmul(matrix, columns.reshape(*columns.shape[:3], taps, -1), out=band)
        if bias is not None:
            band += bias.reshape(groups, 1, filters, 1)
    return output


def weight_gradient(input, weight_size, grad_output, windows, groups):
    """Multiply the windows with the gradients of their outputs, and add up over the bands."""
    (kh, kw), (oh, ow) = windows.kernel, windows.output
    depth, filters = weight_size[1], weight_size[0] // groups
    grads = grad_output.reshape(len(input), groups, 1, filters, oh * ow).swapaxes(3, 4)
    total = np.zeros((groups, kh, depth * kw, filters), input.dtype)
    for images, first, last, pixels in patches(input, windows, groups, by_row=False):
        columns = pixels.reshape(*pixels.shape[:3], depth * kw, -1)  # n, g, i, (c, j), (y, x)
        total += np.matmul(columns, grads[images, ..., first * ow : last * ow, :]).sum(axis=0)
    total = total.reshape(groups, kh, depth, kw, filters).transpose(0, 4, 2, 1, 3)
    return total.reshape(weight_size)


def input_gradient(input_size, weight, grad_output, windows, groups):
    """Convolve the gradient of the output with the flipped filters, or else use col2im."""
    sizes = zip(windows.kernel, windows.dilation, windows.padding, strict=True)
    borders = tuple((d * (k - 1) - start, d * (k - 1) - end) for k, d, (start, end) in sizes)
    if windows.stride != (1, 1) or min(map(min, borders)) < 0:
        return col2im(input_size, weight, grad_output, windows, groups)
    padded = tuple(n + sum(ends) for n, ends in zip(windows.output, borders, strict=True))
    back = windows._replace(padding=borders, padded=padded, output=tuple(input_size[2:]))
    filters, depth = len(weight) // groups, weight.shape[1]
    flipped = weight[:, :, ::-1, ::-1].reshape(groups, filters, depth, *windows.kernel)
    flipped = flipped.swapaxes(1, 2).reshape(groups * depth, filters, *windows.kernel)
    return convolve(grad_output, flipped, None, back, groups)


def col2im(input_size, weight, grad_output, windows, groups):
    """Spread each window's gradient over its pixels, and add it there, tap by tap."""
    (kh, kw), (sh, sw), (dh, dw), ((top, _), (left, _)), padded, (oh, ow) = windows
    images, channels, height, width = input_size
    grad_input = np.empty(input_size, weight.dtype)
    grads = grad_output.reshape(images, groups, len(weight) // groups, oh * ow)
    matrix = weight.reshape(groups, len(weight) // groups, weight[0].size).swapaxes(1, 2)
    for chosen, first, last in bands(images, oh, channels * kh * kw * ow * weight.itemsize):
        count, rows = chosen.stop - chosen.start, last - first
        if first == 0:
            pixels = np.zeros((count, channels, *padded), weight.dtype)
        columns = np.matmul(matrix, grads[chosen, ..., first * ow : last * ow])
        columns = columns.reshape(count, channels, kh, kw, rows, ow)
        for i in range(kh):
            start = first * sh + i * dh
            down = slice(start, start + (rows - 1) * sh + 1, sh)
            for j in range(kw):
                across = slice(j * dw, j * dw + (ow - 1) * sw + 1, sw)
                pixels[:, :, down, across] += columns[:, :, i, j]
        if last == oh:
            grad_input[chosen] = pixels[:, :, top : top + height, left : left + width]
    return grad_input
