"""How convolution is made fast: two plans for the output, and from them both gradients.

Textbook im2col copies every pixel kh·kw times, into one column for each window. Here each row is
copied kw times, once for each column of the kernel (after MEC, Cho and Brand 2017): the band is
*lowered*. Two images a and b side by side, of 4 × 4 pixels, with a kernel of 3 × 2::

                      n = 0           n = 1
              x =   0   1   2       0   1   2
    row 0   j = 0     a00 a01 a02     b00 b01 b02  ┐
            j = 1     a01 a02 a03     b01 b02 b03  │     y = 0 meets the kernel's rows i = 0, 1, 2
    row 1   j = 0     a10 a11 a12     b10 b11 b12  │  ┐
            j = 1     a11 a12 a13     b11 b12 b13  │  │
    row 2   j = 0     a20 a21 a22     b20 b21 b22  │  │
            j = 1     a21 a22 a23     b21 b22 b23  ┘  │  y = 1 meets them one row further down
    row 3   j = 0     a30 a31 a32     b30 b31 b32     │
            j = 1     a31 a32 a33     b31 b32 b33     ┘

Each column of a bracket is a window, as in im2col. But the brackets are views, and share memory.
With channels, and groups of channels, the windows of a band have seven axes, which go by these
letters in all that follows::

    g   group of channels
    y   row of the output     } together the row of the pixel:
    i   row of the kernel     }     y · stride + i · dilation
    c   channel in its group
    j   column of the kernel  } together its column:
    x   column of the output  }     x · stride + j · dilation
    n   image of the band

Read as [g, y, (i, c, j), (n, x)], with the axes in brackets as one, they are a matrix for each g
and y, and np.matmul multiplies all with the filters: [g, f, (i, c, j)], where f counts within the
group. Work goes band by band: several small images, or some rows of a large one, sized for a
core's cache. So the memory beyond the result is a few bands and the zeros around one chunk of
images, for any batch size.
"""

from math import gcd
from typing import NamedTuple

import numpy as np
from numpy.lib.stride_tricks import as_strided

from cnnkit.geometry import Windows

BAND_BYTES = 1 << 21


def convolve(input, weight, bias, windows, groups, output):
    """Fill the output: by the second plan where filters are few for their channels."""
    filters, depth = len(weight) // groups, weight.shape[1]
    can_shift = windows.kernel[1] > 1 and windows.stride[1] == 1
    plan = shift_and_add if can_shift and 2 * filters <= depth else multiply_windows
    plan(input, weight, bias, windows, groups, output)


def multiply_windows(input, weight, bias, windows, groups, output):
    """First plan: lower each band, and multiply the filters with all its windows."""
    filters = len(weight) // groups
    matrix = by_group(weight, groups).transpose(0, 1, 3, 2, 4)  # g, f, i, c, j
    matrix = matrix.reshape(groups, 1, filters, -1)
    maps = maps_of(output, groups)
    row_bytes = bytes_of_row(input, windows, len(weight))
    for images, first, last, rows in bands(input, windows, groups, row_bytes):
        products = np.matmul(matrix, windows_as_columns(rows, windows))
        add_bias(products, bias, groups)
        products = products.reshape(groups, last - first, filters, -1, windows.output[1])
        maps[:, first:last, :, images] = products


def shift_and_add(input, weight, bias, windows, groups, output):
    """Second plan: copy each row once, as if the kernel were one column wide.

    Each column j of the kernel then gives maps of its own, and these are added, each shifted
    j · dilation to the left. Behind each row of an image comes the next image's, with its zeros in
    front: they serve as zeros on the right, so fewer of these are needed.
    """
    (kh, kw), shift, filters = windows.kernel, windows.dilation[1], len(weight) // groups
    top_and_bottom, (left, right) = windows.padding
    spared = min(left, right, (kw - 1) * shift)
    narrow = windows._replace(kernel=(kh, 1), padding=(top_and_bottom, (left, right - spared)))
    matrix = by_group(weight, groups).transpose(0, 4, 1, 3, 2)  # g, j, f, i, c
    matrix = matrix.reshape(groups, 1, kw * filters, -1)
    maps = maps_of(output, groups)
    row_bytes = bytes_of_row(input, narrow, kw * len(weight))
    for images, first, last, rows in bands(input, narrow, groups, row_bytes):
        products = np.matmul(matrix, windows_as_columns(rows, narrow))
        products = products.reshape(groups, last - first, kw, filters, -1)  # g, y, j, f, (n, x)
        total = products[:, :, 0].copy()
        for j in range(1, kw):
            total[..., : -j * shift] += products[:, :, j, :, j * shift :]
        add_bias(total, bias, groups)
        total = total.reshape(groups, last - first, filters, -1, narrow.output[1])
        maps[:, first:last, :, images] = total[..., : windows.output[1]]  # what is beyond is mixed


def weight_gradient(input, weight_size, grad_output, windows, groups):
    """Multiply the windows with the gradients of their outputs, and add up over the bands."""
    (count, depth, kh, kw), filters = weight_size, weight_size[0] // groups
    grads = maps_of(grad_output, groups).transpose(0, 2, 1, 3, 4)  # g, f, y, n, x
    total = np.zeros((groups, kh, depth * kw, filters), input.dtype)
    row_bytes = 4 * bytes_of_row(input, windows, count)  # sums go best in smaller bands (measured)
    for images, first, last, rows in bands(input, windows, groups, row_bytes):
        pixels = windows_as_rows(rows, windows)
        grad = grads[:, :, first:last, images].reshape(groups, 1, filters, -1)
        total += np.matmul(pixels, grad.swapaxes(2, 3))
    total = total.reshape(groups, kh, depth, kw, filters)
    return total.transpose(0, 4, 2, 1, 3).reshape(weight_size)


def input_gradient(weight, grad_output, windows, groups, grad_input):
    """Fill that of the input: convolve the gradient of the output with the flipped filters.

    Channels and filters change places. With a stride, each phase of the image is a convolution of
    its own, with its part of the kernel.
    """
    turned = by_group(weight, groups).swapaxes(1, 2)  # g, c, f, i, j
    turned = turned.reshape(-1, len(weight) // groups, *windows.kernel)
    for down in phases(windows, 0):
        for across in phases(windows, 1):
            part = turned[:, :, down.taps][..., across.taps]
            grads = grad_output[..., down.outputs, across.outputs]
            dilation = down.dilation, across.dilation
            padding = down.padding, across.padding
            back = Windows(grads.shape[2:], part.shape[2:], (1, 1), dilation, padding)
            pixels = grad_input[..., down.pixels, across.pixels]
            convolve(grads, part, None, back, groups, pixels)


class Phase(NamedTuple):
    """Pixels of an axis that lie a stride apart: they met the same taps of the kernel.

    With stride 2 and a kernel of 3, every other pixel met taps 0 and 2, and the others tap 1.
    """

    pixels: slice
    outputs: slice  # whose windows held one of them
    taps: list  # that met them, the last one first
    dilation: int  # how many outputs further the next of these taps met the same pixel
    padding: tuple  # how far the taps reach (before the first output, behind the last)


def phases(windows, axis):
    """Yield each phase along an axis whose pixels were in a window."""
    size, kernel, stride = windows.size[axis], windows.kernel[axis], windows.stride[axis]
    dilation, outputs = windows.dilation[axis], windows.output[axis]
    for first in range(min(stride, size)):
        count = (size - 1 - first) // stride + 1
        place = first + windows.padding[axis][0]  # = output · stride + tap · dilation
        taps = [t for t in reversed(range(kernel)) if (place - t * dilation) % stride == 0]
        if not taps:
            continue
        start = (place - taps[0] * dilation) // stride
        stop = (place - taps[-1] * dilation) // stride + count
        if start < outputs and stop > 0:
            yield Phase(
                pixels=slice(first, None, stride),
                outputs=slice(max(0, start), stop),
                taps=taps,
                dilation=dilation // gcd(dilation, stride),
                padding=(max(0, -start), max(0, stop - outputs)),
            )


# --- What the plans share: arrays by group, bands, and their windows -----------------------------


def by_group(weight, groups):
    """View filters as g, f, c, i, j."""
    return weight.reshape(groups, -1, *weight.shape[1:])


def maps_of(output, groups):
    """View maps as the products come: g, y, f, n, x."""
    images, count, height, width = output.shape
    maps = output.reshape(images, groups, count // groups, height, width)
    return maps.transpose(1, 3, 2, 0, 4)


def add_bias(products, bias, groups):
    """Add each filter's number to its maps: products are g, y, f, (n, x)."""
    if bias is not None:
        products += bias.reshape(groups, 1, -1, 1)


def bytes_of_row(input, windows, maps):
    """Count what one image needs for one row of the output: its lowered pixels, its products."""
    lowered = input.shape[1] * windows.kernel[1] * windows.stride[0]
    return (lowered + maps) * windows.output[1] * input.itemsize


def bands(input, windows, groups, row_bytes):
    """Yield (slice of images, first row, last row, rows) for each band, of about BAND_BYTES.

    First and last are of the output, rows the padded pixels that its windows hold: n, g, c, row, x.
    """
    images, height = len(input), windows.output[0]
    room = BAND_BYTES // max(1, row_bytes)  # in rows
    batch = max(1, room // height)
    step = height if batch > 1 else max(1, min(height, room))
    for start in range(0, images, batch):
        chosen = slice(start, min(images, start + batch))
        chunk = surround(input[chosen], windows)
        chunk = chunk.reshape(len(chunk), groups, -1, *windows.padded)
        for first in range(0, height, step):
            last = min(height, first + step)
            top, bottom = first * windows.stride[0], (last - 1) * windows.stride[0]
            yield chosen, first, last, chunk[:, :, :, top : bottom + windows.span[0]]


def surround(images, windows, filling=0):
    """Put images in the middle of their padding."""
    if images.shape[-2:] == windows.padded:
        return images
    larger = np.full((*images.shape[:-2], *windows.padded), filling, images.dtype)
    larger[windows.inside] = images
    return larger


def taps(array, axis, windows, direction):
    """View what the kernel meets along an axis: the axis counts windows, a new last one their taps.

    `direction` is 0 where the axis runs down the images, 1 where it runs across.
    """
    stride, step = windows.stride[direction], array.strides[axis]
    shape, strides = list(array.shape), list(array.strides)
    shape[axis] = (shape[axis] - windows.span[direction]) // stride + 1
    strides[axis] = stride * step
    shape.append(windows.kernel[direction])
    strides.append(windows.dilation[direction] * step)
    return as_strided(array, shape, strides, writeable=False)


def windows_as_columns(rows, windows):
    """Lower a band for the products with the filters: g, y, (i, c, j), (n, x)."""
    copies = taps(rows, 4, windows, 1)  # n, g, c, row, x, j
    lowered = np.ascontiguousarray(copies.transpose(1, 3, 2, 5, 0, 4))  # g, row, c, j, n, x
    pixels = taps(lowered, 1, windows, 0)  # g, y, c, j, n, x, i
    groups, height, depth, kw, images, width, kh = pixels.shape
    pixels = pixels.transpose(0, 1, 6, 2, 3, 4, 5)
    return pixels.reshape(groups, height, kh * depth * kw, images * width)


def windows_as_rows(rows, windows):
    """Lower a band for the products with gradients: g, i, (c, j), (y, n, x)."""
    copies = taps(rows, 4, windows, 1)  # n, g, c, row, x, j
    lowered = np.ascontiguousarray(copies.transpose(1, 2, 5, 3, 0, 4))  # g, c, j, row, n, x
    pixels = taps(lowered, 3, windows, 0)  # g, c, j, y, n, x, i
    groups, depth, kw, height, images, width, kh = pixels.shape
    pixels = pixels.transpose(0, 6, 1, 2, 3, 4, 5)
    return pixels.reshape(groups, kh, depth * kw, height * images * width)
