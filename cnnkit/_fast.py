"""How convolution is made fast: one plan for the output and for both gradients.

Textbook im2col copies every pixel kh·kw times, into one column for each window. Here each row is
copied kw times, once for each column of the kernel (after MEC, Cho and Brand 2017). The kh rows of
a window then lie one after the other in memory, so the matrix of all windows of one output row, of
many images side by side, is a view, which overlaps the next row's, and one np.matmul multiplies
them all. Work goes band by band: several small images, or some rows of a large one, sized for a
core's cache. So the memory beyond the result is a few bands and the zeros around one chunk of
images, for any batch size.

Filters that are few for their channels are served by a second plan: each row is copied once, each
column of the kernel gives maps of its own, and these are shifted and added.
"""

from itertools import product
from math import gcd

import numpy as np
from numpy.lib.stride_tricks import as_strided

from cnnkit.geometry import Windows

BAND_BYTES = 1 << 21


def bands(images, rows, row_bytes):
    """Cut a batch into (slice of images, first row, last row), each of about BAND_BYTES."""
    batch = max(1, BAND_BYTES // max(1, row_bytes * rows))
    step = rows if batch > 1 else min(rows, max(1, BAND_BYTES // max(1, row_bytes)))
    for start in range(0, images, batch):
        for row in range(0, rows, step):
            yield slice(start, min(images, start + batch)), row, min(rows, row + step)


def surround(images, windows, filling=0):
    """Put images in the middle of their padding."""
    if images.shape[-2:] == windows.padded:
        return images
    larger = np.full((*images.shape[:-2], *windows.padded), filling, images.dtype)
    larger[windows.inside] = images
    return larger


def patches(input, filters, windows, groups, by_row):
    """Yield (images, first row, last row, patches) for each band of output rows.

    patches[g, y, i, c, j, n, x] is the pixel of image n that tap (i, j) of the kernels meets at
    output (y, x). It is a view of the lowered band, whose rows lie outside the channels (`by_row`),
    so that (i, c, j) count as one axis, or inside, so that (y, n, x) do; then bands are smaller, as
    products that are summed go best (measured).
    """
    ((kh, kw), (sh, sw), (dh, dw), *_), (oh, ow) = windows, windows.output
    (images, channels, *_), depth = input.shape, input.shape[1] // groups
    row_bytes = (channels * kw * sh + filters) * ow * input.itemsize
    for chosen, first, last in bands(images, oh, row_bytes if by_row else 4 * row_bytes):
        if first == 0:
            chunk = surround(input[chosen], windows)
            chunk = chunk.reshape(len(chunk), groups, depth, *chunk.shape[2:])
        rows = chunk[:, :, :, first * sh : (last - 1) * sh + (kh - 1) * dh + 1]
        n, g, c, y, x = rows.strides
        shape = *rows.shape[1:4], kw, len(chunk), ow
        taps = as_strided(rows, shape, (g, c, y, dw * x, n, sw * x))
        if by_row:
            lowered = np.ascontiguousarray(taps.swapaxes(1, 2))
            g, y, c, j, n, x = lowered.strides
        else:
            lowered = np.ascontiguousarray(taps.swapaxes(2, 3))
            g, c, j, y, n, x = lowered.strides
        shape = groups, last - first, kh, depth, kw, len(chunk), ow
        strides = g, sh * y, dh * y, c, j, n, x
        yield chosen, first, last, as_strided(lowered, shape, strides, writeable=False)


def convolve(input, weight, bias, windows, groups, output):
    """Fill the output, band by band: multiply the filters with the windows."""
    (count, depth, kh, kw), (oh, ow), shift = weight.shape, windows.output, windows.dilation[1]
    filters, columns, width = count // groups, 1, ow
    matrix = weight.reshape(groups, filters, depth, kh, kw)
    if windows.stride[1] == 1 and 2 * filters <= depth:  # the second plan
        rows, (left, right) = windows.padding
        spared = min(left, right, (kw - 1) * shift)  # zeros of the next image's row will do
        columns, width, matrix = kw, windows.padded[1] - spared, matrix.transpose(0, 4, 1, 3, 2)
        windows = Windows(
            (kh, 1), windows.stride, windows.dilation, (rows, (left, right - spared)),
            (windows.padded[0], width), (windows.room[0], width - 1),
        )  # fmt: skip
    else:
        matrix = matrix.swapaxes(2, 3)
    matrix = matrix.reshape(groups, 1, columns * filters, -1)  # taps in the order i, c, j
    maps = output.reshape(len(input), groups, filters, oh, ow).transpose(1, 3, 2, 0, 4)
    for images, first, last, pixels in patches(input, columns * count, windows, groups, True):
        products = np.matmul(matrix, pixels.reshape(*pixels.shape[:2], matrix.shape[-1], -1))
        products = products.reshape(*products.shape[:2], columns, filters, -1)
        total = products[:, :, 0].copy() if columns > 1 else products[:, :, 0]
        for j in range(1, columns):
            total[..., : -j * shift] += products[:, :, j, :, j * shift :]
        if bias is not None:
            total += bias.reshape(groups, 1, filters, 1)
        band = maps[:, first:last, :, images]  # g, y, f, n, x
        band[...] = total.reshape(*band.shape[:-1], width)[..., :ow]


def weight_gradient(input, weight_size, grad_output, windows, groups):
    """Multiply the windows with the gradients of their outputs, and add up over the bands."""
    (count, depth, kh, kw), filters = weight_size, weight_size[0] // groups
    grads = grad_output.reshape(len(input), groups, filters, *windows.output)
    grads = grads.transpose(1, 2, 3, 0, 4)  # g, f, y, n, x: as the windows lie
    total = np.zeros((groups, kh, depth * kw, filters), input.dtype)
    for images, first, last, pixels in patches(input, count, windows, groups, by_row=False):
        columns = pixels.transpose(0, 2, 3, 4, 1, 5, 6).reshape(groups, kh, depth * kw, -1)
        rows = grads[:, :, first:last, images].reshape(groups, 1, filters, -1)
        total += np.matmul(columns, rows.swapaxes(2, 3))
    total = total.reshape(groups, kh, depth, kw, -1).transpose(0, 4, 2, 1, 3)
    return total.reshape(weight_size)


def input_gradient(weight, grad_output, windows, groups, grad_input):
    """Fill that of the input: convolve the gradient of the output with the flipped filters.

    Pixels a stride apart met the same taps of the kernel, all others met other taps. So each such
    phase of the image is a convolution of its own, with its part of the kernel.
    """
    flipped = weight.reshape(groups, -1, *weight.shape[1:]).swapaxes(1, 2)
    flipped = flipped.reshape(-1, len(weight) // groups, *windows.kernel)
    height, width = grad_input.shape[2:]
    for phase in product(phases(height, windows, 0), phases(width, windows, 1)):
        (rows, columns), (down, across), taps, *sizes = zip(*phase, strict=True)
        part = flipped[:, :, taps[0]][..., taps[1]]
        back, pixels = Windows(part.shape[2:], (1, 1), *sizes), grad_input[..., rows, columns]
        convolve(grad_output[..., down, across], part, None, back, groups, pixels)


def phases(size, windows, axis):
    """Yield each phase along an axis: its pixels, the outputs that saw them, its taps, last first.

    After these come the dilation, padding, padded size and room of its convolution.
    """
    stride, dilation, outputs = windows.stride[axis], windows.dilation[axis], windows.output[axis]
    for first in range(min(stride, size)):
        place, room = first + windows.padding[axis][0], (size - 1 - first) // stride
        taps = [i for i in range(windows.kernel[axis]) if (place - i * dilation) % stride == 0]
        if taps:
            start, stop = ((place - i * dilation) // stride for i in (taps[-1], taps[0]))
            stop += room + 1
            padding = max(0, -start), max(0, stop - outputs)
            if start < outputs and stop > 0:
                saw, spread = slice(max(0, start), stop), dilation // gcd(dilation, stride)
                pixels = slice(first, None, stride)
                yield pixels, saw, taps[::-1], spread, padding, stop - start, room
