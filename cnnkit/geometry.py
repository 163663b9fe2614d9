"""Sizes: how large an output is, what fits, and what a unit sees.

Every formula here is about whole numbers, so nothing is approximate. ``functional`` takes its
sizes and its checks from this module: each rule of shape is written once. Kernels, strides and the
like are PyTorch's: one whole number, or a pair of them (height, width).
"""

from numbers import Integral
from typing import NamedTuple

from cnnkit._fields import field_of
from cnnkit.arguments import lesson, pair, whole

__all__ = ["fits", "output_size", "receptive_field", "same_padding"]


def depth_of_filters(channels, filters, groups):
    """Count the channels that a filter sees where `groups` splits channels and filters alike."""
    groups = whole(groups, "groups", remedy="Use groups=1.")
    if channels % groups or filters % groups:
        given = f"groups={groups} with {channels} channels and {filters} filters"
        raise lesson(given, "groups that divide both", "Use groups=1, or change the counts.")
    return channels // groups


def same_padding(kernel_size, dilation=1):
    """Zeros (before, after) that keep a side's length at stride 1: (F − 1) / 2 at both ends.

    An even kernel needs one more after than before, as in PyTorch's ``padding="same"``.

    >>> same_padding(3), same_padding(5), same_padding(2)
    ((1, 1), (2, 2), (0, 1))
    """
    one_side = "Take one side at a time, as in same_padding(3)."
    kernel_size = whole(kernel_size, "kernel_size", remedy=one_side)
    total = whole(dilation, "dilation", remedy=one_side) * (kernel_size - 1)
    return total // 2, total - total // 2


class Windows(NamedTuple):
    """How a window slides over images: pairs (along the height, along the width)."""

    size: tuple
    kernel: tuple
    stride: tuple
    dilation: tuple
    padding: tuple  # ((top, bottom), (left, right))

    @property
    def span(self):
        """How many pixels a window covers, gaps included: dilation · (kernel − 1) + 1."""
        (height, width), (down, across) = self.kernel, self.dilation
        return down * (height - 1) + 1, across * (width - 1) + 1

    @property
    def padded(self):
        """Size of the images with their padding."""
        (height, width), (rows, columns) = self.size, self.padding
        return height + sum(rows), width + sum(columns)

    @property
    def room(self):
        """How far the window can move; below 0 it does not fit."""
        (height, width), (rows, columns) = self.padded, self.span
        return height - rows, width - columns

    @property
    def output(self):
        """Count the windows: floor(room / stride) + 1."""
        (down, right), stride = self.room, self.stride
        if down < 0 or right < 0:
            axis = 0 if down < 0 else 1
            side = f"an input of {self.padded[axis]}, padding included"
            given = f"a kernel that spans {self.span[axis]} on {side}"
            remedy = "Take a smaller kernel (or dilation), more padding, or a larger input."
            raise lesson(given, "a kernel no larger than the padded input", remedy)
        return down // stride[0] + 1, right // stride[1] + 1

    @property
    def inside(self):
        """Where the images lie within their padding."""
        (height, width), ((top, _), (left, _)) = self.size, self.padding
        return ..., slice(top, top + height), slice(left, left + width)


def windows_of(size, kernel_size, stride=1, padding=0, dilation=1):
    """Check the arguments that all windows share; `padding` may be 'same' or 'valid'."""
    size, kernel = pair(size, "size", least=0), pair(kernel_size, "kernel_size")
    steps, spread = pair(stride, "stride"), pair(dilation, "dilation")
    if padding == "same":
        if steps != (1, 1):
            remedy = "Give the padding as a number: at stride s no padding keeps the size."
            raise lesson(f"padding='same' with stride={stride}", "stride=1 with 'same'", remedy)
        zeros = same_padding(kernel[0], spread[0]), same_padding(kernel[1], spread[1])
    elif isinstance(padding, str) and padding != "valid":
        raise lesson(f"padding={padding!r} was given", "'same', 'valid' or numbers", "Use one.")
    else:
        top, left = pair(0 if padding == "valid" else padding, "padding", least=0)
        zeros = (top, top), (left, left)
    return Windows(size, kernel, steps, spread, zeros)


def output_size(size, kernel_size, stride=1, padding=0, dilation=1):
    """Length of the output: floor((W − F + 2P) / S) + 1, with F = dilation·(kernel_size − 1) + 1.

    `size` is one side (an int comes back) or (height, width) (a pair comes back). ValueError where
    the kernel is larger than the padded input.

    >>> output_size(32, 5), output_size(227, 11, stride=4), output_size((28, 30), 3, padding=1)
    (28, 55, (28, 30))
    """
    output = windows_of(size, kernel_size, stride, padding, dilation).output
    return output if isinstance(size, (tuple, list)) else output[0]


def fits(size, kernel_size, stride=1, padding=0, dilation=1):
    """Tell whether the last window ends exactly at the edge: (W − F + 2P) divisible by S.

    Where it does not, PyTorch and Keras leave the last rows or columns out (they floor).

    >>> fits(10, 3, stride=2), fits(227, 11, stride=4), fits(224, 11, stride=4)
    (False, True, False)
    """
    windows = windows_of(size, kernel_size, stride, padding, dilation)
    return all(r >= 0 and r % s == 0 for r, s in zip(windows.room, windows.stride, strict=True))


def receptive_field(layers):
    """Side of the square of input pixels that one output value sees; (height, width) if not square.

    `layers`, from the input on: kernel sizes, or tuples (kernel_size, stride[, dilation]). Each
    adds (kernel − 1) · dilation steps, and a step is as long as all the strides before it
    multiplied. Or a network, or a list of layers, of cnnkit.nn, PyTorch or Keras: it is followed on
    all its ways (``cnnkit._fields`` tells how), to the last maps, those that are averaged or read
    by a dense layer. Of several ways the one that sees most counts. ValueError where a value sees
    the whole picture, or pixels cannot be followed.

    >>> receptive_field([3, 3]), receptive_field([(5, 1), (2, 2), (5, 1)])
    (5, 14)
    """
    if isinstance(layers, (list, tuple)) and all(
        isinstance(layer, (Integral, list, tuple)) for layer in layers
    ):
        field = _field_of_kernels(layers)
    else:
        field = field_of(layers)
    return field[0] if field[0] == field[1] else field


def _field_of_kernels(kernels):
    """Return (height, width) by the formula."""
    field, step = [1, 1], [1, 1]
    for layer in kernels:
        steps = layer if isinstance(layer, (list, tuple)) else [layer]
        if not 1 <= len(steps) <= 3:
            given, expected = f"a layer of {layer!r}", "(kernel_size, stride[, dilation])"
            raise lesson(given, expected, "Use (3, 2) for a kernel of 3 at stride 2.")
        kernel, stride, dilation = (*steps, 1, 1)[:3]
        sizes = pair(kernel, "kernel_size"), pair(stride, "stride"), pair(dilation, "dilation")
        for axis, (k, s, d) in enumerate(zip(*sizes, strict=True)):
            field[axis] += (k - 1) * d * step[axis]
            step[axis] *= s
    return field[0], field[1]
