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

import numpy as np
from numpy.lib.stride_tricks import as_strided

BAND_BYTES = 1 << 19


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


def patches(input, windows, groups, by_row):
    """Yield (images, first row, last row, patches) for each band of output rows.

    patches[n, g, i, c, j, y, x] is the pixel that tap (i, j) of the kernel meets at output (y, x).
    It is a view of the lowered band, whose rows lie outside the channels (`by_row`), so that
    (i, c, j) count as one axis, or inside, so that (y, x) do.
    """
    ((kh, kw), (sh, sw), (dh, dw), *_), (oh, ow) = windows, windows.output
    (images, channels, *_), depth = input.shape, input.shape[1] // groups
    for chosen, first, last in bands(images, oh, channels * kw * ow * sh * input.itemsize):
        if first == 0:
            chunk = surround(input[chosen], windows)
            chunk = chunk.reshape(len(chunk), groups, depth, *chunk.shape[2:])
        rows = chunk[:, :, :, first * sh : (last - 1) * sh + (kh - 1) * dh + 1]
        *outer, y, x = rows.strides
        taps = as_strided(rows, (*rows.shape[:4], kw, ow), (*outer, y, dw * x, sw * x))
        if by_row:
            lowered = np.ascontiguousarray(taps.swapaxes(2, 3))
            n, g, y, c, j, x = lowered.strides
        else:
            lowered = np.ascontiguousarray(taps.swapaxes(3, 4))
            n, g, c, j, y, x = lowered.strides
        shape = len(chunk), groups, kh, depth, kw, last - first, ow
        strides = n, g, dh * y, c, j, sh * y, x
        yield chosen, first, last, as_strided(lowered, shape, strides, writeable=False)


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
    (filters, depth, kh, kw), (oh, ow) = weight_size, windows.output
    grads = grad_output.reshape(len(input), groups, 1, filters // groups, oh * ow).swapaxes(3, 4)
    total = np.zeros((groups, kh, depth * kw, filters // groups), input.dtype)
    for images, first, last, pixels in patches(input, windows, groups, by_row=False):
        columns = pixels.reshape(*pixels.shape[:3], depth * kw, -1)  # n, g, i, (c, j), (y, x)
        total += np.matmul(columns, grads[images, ..., first * ow : last * ow, :]).sum(axis=0)
    total = total.reshape(groups, kh, depth, kw, -1).transpose(0, 4, 2, 1, 3)
    return total.reshape(weight_size)


def input_gradient(input_size, weight, grad_output, windows, groups):
    """Convolve the gradient of the output with the flipped filters, or else use col2im."""
    spread = [d * (k - 1) for k, d in zip(windows.kernel, windows.dilation, strict=True)]
    borders = [(s - a, s - b) for s, (a, b) in zip(spread, windows.padding, strict=True)]
    if windows.stride != (1, 1) or min(map(min, borders)) < 0:
        return col2im(input_size, weight, grad_output, windows, groups)
    height, width = input_size[2:]
    padded, room = (height + spread[0], width + spread[1]), (height - 1, width - 1)
    back = windows._replace(padding=borders, padded=padded, room=room)
    flipped = weight[:, :, ::-1, ::-1].reshape(groups, -1, *weight.shape[1:]).swapaxes(1, 2)
    flipped = flipped.reshape(-1, len(weight) // groups, *windows.kernel)
    return convolve(grad_output, flipped, None, back, groups)


def col2im(input_size, weight, grad_output, windows, groups):
    """Spread each window's gradient over its pixels, and add it there, tap by tap."""
    ((kh, kw), (sh, sw), (dh, dw), *_), (oh, ow) = windows, windows.output
    (images, channels, *_), filters = input_size, len(weight) // groups
    grad_input = np.empty(input_size, weight.dtype)
    grads = grad_output.reshape(images, groups, filters, oh * ow)
    matrix = weight.reshape(groups, filters, -1).swapaxes(1, 2)
    for chosen, first, last in bands(images, oh, channels * kh * kw * ow * weight.itemsize):
        if first == 0:
            pixels = np.zeros((chosen.stop - chosen.start, channels, *windows.padded), weight.dtype)
        columns = np.matmul(matrix, grads[chosen, ..., first * ow : last * ow])
        columns = columns.reshape(len(pixels), channels, kh, kw, last - first, ow)
        for i, j in np.ndindex(kh, kw):
            down = slice(first * sh + i * dh, (last - 1) * sh + i * dh + 1, sh)
            across = slice(j * dw, (ow - 1) * sw + j * dw + 1, sw)
            pixels[:, :, down, across] += columns[:, :, i, j]
        if last == oh:
            grad_input[chosen] = pixels[windows.inside]
    return grad_input
