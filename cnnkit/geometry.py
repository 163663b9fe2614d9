"""Sizes: how large an output is, what fits, what a unit sees, and what a model costs.

Every formula here is about whole numbers, so nothing is approximate. ``functional`` takes its
sizes and its checks from this module: each rule of shape is written once.
"""

import operator
import sys
from copy import deepcopy
from math import prod
from typing import NamedTuple

import numpy as np

__all__ = ["fits", "output_size", "receptive_field", "same_padding", "summary"]


def lesson(given, expected, remedy):
    """Build the ValueError of every wrong argument: what was given, what is expected, what to do.

    >>> lesson("stride=0 was given", "a whole number of at least 1", "Use stride=1.")
    ValueError('stride=0 was given; expected a whole number of at least 1. Use stride=1.')
    """
    return ValueError(f"{given}; expected {expected}. {remedy}")


def pair(value, name="value", least=1):
    """Return (height, width) of an argument that is one whole number or a pair of them.

    >>> pair(3), pair((1, 2))
    ((3, 3), (1, 2))
    """
    try:
        values = (value, value) if not isinstance(value, (tuple, list)) else tuple(value)
        height, width = (operator.index(v) for v in values)
    except (TypeError, ValueError):
        wanted = "a whole number, or a pair of them (height, width)"
        raise lesson(f"{name}={value!r} was given", wanted, f"Use {name}={least + 1}.") from None
    if min(height, width) < least:
        wanted = f"whole numbers of at least {least}"
        raise lesson(f"{name}={value!r} was given", wanted, f"Use {name}={least} or more.")
    return height, width


def same_padding(kernel_size, dilation=1):
    """Zeros (before, after) that keep a side's length at stride 1: (F − 1) / 2 at both ends.

    An even kernel needs one more after than before, as in PyTorch's ``padding="same"``.

    >>> same_padding(3), same_padding(5), same_padding(2)
    ((1, 1), (2, 2), (0, 1))
    """
    total = pair(dilation, "dilation")[0] * (pair(kernel_size, "kernel_size")[0] - 1)
    return total // 2, total - total // 2


def paddings(padding, kernel_size, stride=1, dilation=1):
    """Return ((top, bottom), (left, right)) for a padding of PyTorch's: int, pair or a word.

    >>> paddings("same", (3, 2)), paddings((1, 2), (3, 3))
    (((1, 1), (0, 1)), ((1, 1), (2, 2)))
    """
    if isinstance(padding, str):
        kernels, dilations = pair(kernel_size, "kernel_size"), pair(dilation, "dilation")
        if padding == "valid":
            return (0, 0), (0, 0)
        if padding != "same":
            raise lesson(f"padding={padding!r} was given", "'same', 'valid' or numbers", "Use one.")
        if pair(stride, "stride") != (1, 1):
            remedy = "Give the padding as a number: at stride s no padding keeps the size."
            raise lesson(f"padding='same' with stride={stride}", "stride=1 with 'same'", remedy)
        height, width = map(same_padding, kernels, dilations)
        return height, width
    top, left = pair(padding, "padding", least=0)
    return (top, top), (left, left)


def _steps(size, kernel_size, stride, padding, dilation, axis):
    """Free room for the window along one axis, in pixels: size + padding − extent of the kernel."""
    before, after = paddings(padding, kernel_size, stride, dilation)[axis]
    kernel = pair(kernel_size, "kernel_size")[axis]
    spread = pair(dilation, "dilation")[axis] * (kernel - 1) + 1
    return size + before + after - spread, spread, before + after


def output_size(size, kernel_size, stride=1, padding=0, dilation=1):
    """Length of the output: floor((W − F + 2P) / S) + 1, with F = dilation·(kernel_size − 1) + 1.

    `size` is one side (an int comes back) or (height, width) (a pair comes back). The other
    arguments are PyTorch's. ValueError where the kernel is larger than the padded input.

    >>> output_size(32, 5), output_size(227, 11, stride=4), output_size((28, 30), 3, padding=1)
    (28, 55, (28, 30))
    """
    lengths = []
    for axis, side in enumerate(pair(size, "size", least=0)):
        room, spread, zeros = _steps(side, kernel_size, stride, padding, dilation, axis)
        if room < 0:
            given = f"a kernel that spans {spread} on an input of {side} + {zeros} of padding"
            remedy = "Take a smaller kernel (or dilation), more padding, or a larger input."
            raise lesson(given, "a kernel no larger than the padded input", remedy)
        lengths.append(room // pair(stride, "stride")[axis] + 1)
    return tuple(lengths) if isinstance(size, (tuple, list)) else lengths[0]


def fits(size, kernel_size, stride=1, padding=0, dilation=1):
    """Tell whether the last window ends exactly at the edge: (W − F + 2P) divisible by S.

    Where it does not, PyTorch and Keras leave the last rows or columns out (they floor).

    >>> fits(10, 3, stride=2), fits(227, 11, stride=4), fits(224, 11, stride=4)
    (False, True, False)
    """
    for axis, side in enumerate(pair(size, "size", least=0)):
        room = _steps(side, kernel_size, stride, padding, dilation, axis)[0]
        if room < 0 or room % pair(stride, "stride")[axis]:
            return False
    return True


def receptive_field(layers):
    """Side of the square of input pixels that one output value sees; (height, width) if not square.

    `layers`, from the input on: kernel sizes, tuples (kernel_size, stride[, dilation]), layers of
    cnnkit.nn, PyTorch or Keras; or a model. Each adds (kernel − 1) · dilation steps, and a step is
    as long as all the strides before it multiplied.

    >>> receptive_field([3, 3]), receptive_field([(5, 1), (2, 2), (5, 1)])
    (5, 14)
    """
    field, step = [1, 1], [1, 1]
    for layer in _flat(layers):
        if isinstance(layer, int):
            kernel, stride, dilation = layer, 1, 1
        elif isinstance(layer, (tuple, list)):
            kernel, stride, dilation = (*layer, 1, 1)[:3]
        else:
            kernel = getattr(layer, "kernel_size", getattr(layer, "pool_size", 1))
            stride = getattr(layer, "stride", getattr(layer, "strides", 1)) or kernel
            dilation = getattr(layer, "dilation", getattr(layer, "dilation_rate", 1))
        sizes = pair(kernel, "kernel_size"), pair(stride, "stride"), pair(dilation, "dilation")
        for axis, (k, s, d) in enumerate(zip(*sizes, strict=True)):
            field[axis] += (k - 1) * d * step[axis]
            step[axis] *= s
    return field[0] if field[0] == field[1] else tuple(field)


def _flat(layers):
    """Go through the layers of a model, or of models in a model, one by one."""
    for layer in getattr(layers, "layers", layers):  # Keras keeps them in .layers
        if hasattr(layer, "layers") or (hasattr(layer, "__len__") and hasattr(layer, "forward")):
            yield from _flat(layer)
        else:
            yield layer


class Row(NamedTuple):
    """What one layer makes and costs, for one image; bytes are those of its output."""

    layer: str
    output_shape: tuple
    parameters: int
    multiply_accumulates: int
    bytes: int


class Summary:
    """The rows of ``summary``, their totals, and the table when printed."""

    def __init__(self, rows):
        self.rows = rows
        self.parameters, self.multiply_accumulates, self.bytes = (
            sum(getattr(row, name) for row in rows) for name in Row._fields[2:]
        )

    def __repr__(self):
        heads = "layer", "output shape", "parameters", "multiply-accumulates", "bytes"
        total = Row("total", (), self.parameters, self.multiply_accumulates, self.bytes)
        lines = [heads]
        for name, shape, *numbers in [*self.rows, total]:
            sides = " × ".join(map(str, shape))
            lines.append((name, sides, *(f"{n:,}" for n in numbers)))
        widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
        table = [
            "  ".join(
                f"{cell:{'<' if i < 2 else '>'}{w}}"
                for i, (cell, w) in enumerate(zip(line, widths, strict=True))
            )
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
        return Summary(list(_keras_rows(model, input_shape)))
    if torch is not None and isinstance(model, torch.nn.Module):
        return Summary(_torch_rows(torch, model, input_shape))
    if not hasattr(model, "backward"):
        remedy = "Pass the model itself, for example nn.Sequential(...)."
        raise lesson(f"a {type(model).__name__}", "a model of cnnkit.nn, PyTorch or Keras", remedy)
    return Summary(_cnnkit_rows(deepcopy(model).eval(), np.zeros((1, *input_shape), np.float32))[0])


def _row(layer, shape, parameters, weight_size, filters, itemsize):
    """Make a row: each filter is multiplied in once at every position of the output."""
    shape = tuple(int(n) for n in shape)
    operations = prod(shape) // filters * weight_size if filters else 0
    return Row(type(layer).__name__, shape, parameters, operations, prod(shape) * itemsize)


def _cnnkit_rows(model, image):
    """Run layer after layer; return the rows, and the output for the next one."""
    rows = []
    for layer in model.children or [model]:
        if layer.children:
            inner, image = _cnnkit_rows(layer, image)
            rows += inner
            continue
        image = layer(image)
        weight = getattr(getattr(layer, "weight", None), "data", np.zeros(0))
        filters = len(weight) if weight.ndim > 1 else 0
        parameters = sum(p.data.size for p in layer.parameters())
        shape = image.shape[1:]
        rows.append(_row(layer, shape, parameters, weight.size, filters, image.itemsize))
    return rows, image


def _torch_rows(torch, model, input_shape):
    """Let each layer report itself while one image of zeros goes through."""
    rows, seen = [], set()

    def report(layer, _, output):
        own = {p for p in layer.parameters(recurse=False) if p not in seen}
        seen.update(own)
        if not isinstance(output, torch.Tensor):
            return
        weighted = isinstance(layer, (torch.nn.Linear, torch.nn.modules.conv._ConvNd))
        weight = layer.weight if weighted else torch.zeros(0)
        filters = (
            getattr(layer, "out_channels", getattr(layer, "out_features", 0)) if weighted else 0
        )
        count = sum(p.numel() for p in own)
        shape = output.shape[1:]
        rows.append(_row(layer, shape, count, weight.numel(), filters, output.element_size()))

    layers = [m for m in model.modules() if not list(m.children()) or list(m.parameters(False))]
    hooks = [layer.register_forward_hook(report) for layer in layers]
    modes = [(layer, layer.training) for layer in model.modules()]
    first = next(model.parameters(), torch.zeros(0))
    try:
        with torch.no_grad():
            model.eval()(torch.zeros((1, *input_shape), dtype=first.dtype, device=first.device))
    finally:
        for hook in hooks:
            hook.remove()
        for layer, mode in modes:
            layer.training = mode
    return rows


def _keras_rows(model, input_shape):
    """Read the layers of a Sequential or functional model, built if it is not yet."""
    if not model.built:
        model.build((None, *input_shape))
    for layer in model.layers:
        if hasattr(layer, "layers"):
            yield from _keras_rows(layer, input_shape)
        elif type(layer).__name__ != "InputLayer":
            size = prod(getattr(getattr(layer, "kernel", None), "shape", (0,)))
            filters = layer.kernel.shape[-1] if size else 0
            if type(layer).__name__.startswith("Depthwise"):
                filters *= layer.kernel.shape[-2]
            bits = int("".join(c for c in layer.compute_dtype if c.isdigit()) or 32)
            yield _row(
                layer, layer.output.shape[1:], layer.count_params(), size, filters, bits // 8
            )
