"""Sizes: how large an output is, what fits, what a unit sees, and what a model costs.

Every formula here is about whole numbers, so nothing is approximate. ``functional`` takes its
sizes and its checks from this module: each rule of shape is written once. Kernels, strides and the
like are PyTorch's: one whole number, or a pair of them (height, width).
"""

import sys
from collections import namedtuple
from copy import deepcopy
from math import prod
from typing import NamedTuple

import numpy as np

from cnnkit.arguments import lesson, pair

__all__ = ["fits", "output_size", "receptive_field", "same_padding", "summary"]


def depth_of_filters(channels, filters, groups):
    """Count the channels that a filter sees where `groups` splits channels and filters alike."""
    groups = pair(groups, "groups")[0]
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
    total = pair(dilation, "dilation")[0] * (pair(kernel_size, "kernel_size")[0] - 1)
    return total // 2, total - total // 2


class Windows(NamedTuple):
    """How a window slides over images: pairs (along the height, along the width)."""

    kernel: tuple
    stride: tuple
    dilation: tuple
    padding: tuple  # ((top, bottom), (left, right))
    padded: tuple  # the size of the images with their padding
    room: tuple  # how far the window can move; below 0 it does not fit

    @property
    def output(self):
        """Count the windows: floor(room / stride) + 1."""
        for side, room in zip(self.padded, self.room, strict=True):
            if room < 0:
                given = f"a kernel that spans {side - room} on an input of {side}, padding included"
                remedy = "Take a smaller kernel (or dilation), more padding, or a larger input."
                raise lesson(given, "a kernel no larger than the padded input", remedy)
        return self.room[0] // self.stride[0] + 1, self.room[1] // self.stride[1] + 1

    @property
    def inside(self):
        """Where the images lie within their padding."""
        (height, width), ((top, bottom), (left, right)) = self.padded, self.padding
        return ..., slice(top, height - bottom), slice(left, width - right)


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
    padded = size[0] + sum(zeros[0]), size[1] + sum(zeros[1])
    room = tuple(side - d * (k - 1) - 1 for side, k, d in zip(padded, kernel, spread, strict=True))
    return Windows(kernel, steps, spread, zeros, padded, room)


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

    `layers`, from the input on: kernel sizes, tuples (kernel_size, stride[, dilation]), layers of
    cnnkit.nn, PyTorch or Keras; or a model. Each adds (kernel − 1) · dilation steps, and a step is
    as long as all the strides before it multiplied.

    >>> receptive_field([3, 3]), receptive_field([(5, 1), (2, 2), (5, 1)])
    (5, 14)
    """
    field, step = [1, 1], [1, 1]
    for layer in _leaves(layers):
        if isinstance(layer, (tuple, list)):
            kernel, stride, dilation = (*layer, 1, 1)[:3]
        elif isinstance(layer, int):
            kernel, stride, dilation = layer, 1, 1
        else:
            kernel = getattr(layer, "kernel_size", getattr(layer, "pool_size", 1))
            stride = getattr(layer, "stride", getattr(layer, "strides", 1)) or kernel
            dilation = getattr(layer, "dilation", getattr(layer, "dilation_rate", 1))
        sizes = pair(kernel, "kernel_size"), pair(stride, "stride"), pair(dilation, "dilation")
        for axis, (k, s, d) in enumerate(zip(*sizes, strict=True)):
            field[axis] += (k - 1) * d * step[axis]
            step[axis] *= s
    return field[0] if field[0] == field[1] else tuple(field)


def _leaves(layers):
    """Go through the layers of a model, or of models in a model, one by one."""
    for layer in getattr(layers, "layers", layers):  # Keras keeps them in .layers
        if hasattr(layer, "layers") or (hasattr(layer, "__len__") and hasattr(layer, "forward")):
            yield from _leaves(layer)
        else:
            yield layer


# What one layer makes and costs, for one image; bytes are those of its output.
Row = namedtuple("Row", ["layer", "output_shape", "parameters", "multiply_accumulates", "bytes"])


class Summary:
    """The rows of ``summary``, their totals, and the table when printed."""

    def __init__(self, rows):
        self.rows = list(rows)
        totals = (sum(row[column] for row in self.rows) for column in (2, 3, 4))
        self.parameters, self.multiply_accumulates, self.bytes = totals

    def __repr__(self):
        total = "total", (), self.parameters, self.multiply_accumulates, self.bytes
        lines = [("layer", "output shape", "parameters", "multiply-accumulates", "bytes")]
        for name, shape, *numbers in [*self.rows, total]:
            lines.append((name, " × ".join(map(str, shape)), *(f"{n:,}" for n in numbers)))
        widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
        table = [
            "  ".join([*map(str.ljust, line[:2], widths), *map(str.rjust, line[2:], widths[2:])])
            for line in lines
        ]
        rule = "-" * len(table[0])
        return "\n".join([table[0], rule, *table[1:-1], rule, table[-1]])


def summary(model, input_shape):
    """Follow one image through a model of cnnkit.nn, PyTorch or Keras, and count layer by layer.

    Returns a ``Summary``: it prints as a table, and its ``rows`` are tuples (layer, output_shape,
    parameters, multiply_accumulates, bytes). `input_shape` is one image in the model's own layout,
    without the batch: (C, H, W), in Keras (H, W, C). Parameters are counted as the framework does
    (Keras counts the running averages of batch normalisation, PyTorch does not).
    Multiply-accumulates are those of convolutions and dense layers.

    >>> from cnnkit import nn
    >>> summary(nn.Sequential(nn.Conv2d(1, 2, 3), nn.ReLU()), (1, 5, 6))
    layer   output shape  parameters  multiply-accumulates  bytes
    -------------------------------------------------------------
    Conv2d  2 × 3 × 4             20                   216     96
    ReLU    2 × 3 × 4              0                     0     96
    -------------------------------------------------------------
    total                         20                   216    192
    """
    # A model of PyTorch or Keras can only exist if its package is loaded already.
    keras, torch = sys.modules.get("keras"), sys.modules.get("torch")
    if keras is not None and isinstance(model, keras.Model):
        return Summary(_keras_rows(model, input_shape))
    if torch is not None and isinstance(model, torch.nn.Module):
        return Summary(_torch_rows(torch, model, input_shape))
    if not hasattr(model, "backward"):
        remedy = "Pass the model itself, for example nn.Sequential(...)."
        raise lesson(f"a {type(model).__name__}", "a model of cnnkit.nn, PyTorch or Keras", remedy)
    return Summary(_cnnkit_rows(deepcopy(model).eval(), input_shape))


def _row(layer, shape, parameters, itemsize, weights=0, filters=0):
    """Make a row: each filter is multiplied in once at every position of the output."""
    shape = tuple(map(int, shape))
    operations = prod(shape) // filters * weights if filters else 0
    return Row(type(layer).__name__, shape, parameters, operations, prod(shape) * itemsize)


def _cnnkit_rows(model, input_shape):
    """Run layer after layer."""
    image = np.zeros((1, *input_shape), np.float32)
    for layer in _leaves([model]):
        image, sizes = layer(image), [p.data.size for p in layer.parameters()]
        filters = getattr(layer, "out_channels", getattr(layer, "out_features", 0))
        yield _row(layer, image.shape[1:], sum(sizes), image.itemsize, sum(sizes[:1]), filters)


def _torch_rows(torch, model, input_shape):
    """Let each layer report itself while one image of zeros goes through."""
    rows, modes = [], {layer: layer.training for layer in model.modules()}
    counted: set = set()  # shared parameters count once

    def report(layer, _, output):
        own = set(layer.parameters(recurse=False))
        if isinstance(output, torch.Tensor) and (own or not list(layer.children())):
            costs = [sum(p.numel() for p in own - counted), output.element_size()]
            if isinstance(layer, (torch.nn.Linear, torch.nn.modules.conv._ConvNd)):
                filters = getattr(layer, "out_channels", getattr(layer, "out_features", 0))
                costs += [layer.weight.numel(), filters]
            rows.append(_row(layer, output.shape[1:], *costs))
        counted.update(own)

    first = next(model.parameters(), torch.zeros(0))
    image = torch.zeros((1, *input_shape), dtype=first.dtype, device=first.device)
    try:
        with torch.no_grad(), torch.nn.modules.module.register_module_forward_hook(report):
            model.eval()(image)
    finally:
        for layer, mode in modes.items():
            layer.training = mode
    return rows


def _keras_rows(model, input_shape):
    """Read the layers of a Sequential or functional model, built if it is not yet."""
    if not model.built:
        model.build((None, *input_shape))
    for layer in _leaves(model):
        if type(layer).__name__ != "InputLayer":
            kernel = getattr(getattr(layer, "kernel", None), "shape", (0,))
            depthwise = type(layer).__name__.startswith("Depthwise")
            filters = prod(kernel[-2:]) if depthwise else kernel[-1]
            itemsize = int("".join(filter(str.isdigit, layer.compute_dtype)) or 32) // 8
            costs = layer.count_params(), itemsize, prod(kernel), filters
            yield _row(layer, layer.output.shape[1:], *costs)
