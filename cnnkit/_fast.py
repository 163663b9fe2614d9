"""How convolution is made fast: lowering by rows, one plan for the output and both gradients.

Textbook im2col copies every pixel kh·kw times, into one column for each window. Here each row is
copied kw times, once for each column of the kernel (after MEC, Cho and Brand 2017). The kh rows of
a window then lie one after the other in memory, so the matrix of all windows of one output row, of
many images side by side, is a view, which overlaps the next row's, and one np.matmul multiplies
them all. Work goes band by band: several small images, or some rows of a large one, sized for a
core's cache. So the memory beyond the result is a few bands and the zeros around one chunk of
images, for any batch size.

A second plan, col2im, serves one case: the gradient of the input where the stride is not 1 (or the
padding wider than the kernel), which is not a plain convolution of the gradient of the output.
"""

import numpy as np
from numpy.lib.stride_tricks import as_strided

BAND_BYTES = 3 << 18


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
    for chosen, first, last in bands(images, oh, row_bytes if by_row else row_bytes * 3 // 2):
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


def convolve(input, weight, bias, windows, groups):
    """Multiply the filters with the windows of one band after the other."""
    filters, taps = len(weight) // groups, weight[0].size
    output = np.empty((len(input), len(weight), *windows.output), input.dtype)
    maps = output.reshape(len(input), groups, filters, *windows.output).transpose(1, 3, 2, 0, 4)
    matrix = weight.swapaxes(1, 2).reshape(groups, 1, filters, taps)  # taps in the order i, c, j
    for images, first, last, pixels in patches(input, len(weight), windows, groups, by_row=True):
        band = maps[:, first:last, :, images]  # g, y, f, n, x
        products = np.matmul(matrix, pixels.reshape(*pixels.shape[:2], taps, -1))
        if bias is not None:
            products += bias.reshape(groups, 1, filters, 1)
        band[...] = products.reshape(band.shape)
    return output


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
