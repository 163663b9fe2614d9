"""What a model makes and costs, layer by layer: shapes, parameters, multiplications, memory.

PyTorch and Keras are not imported: a model of theirs can only exist if they are loaded already.
"""

import re
import sys
from copy import deepcopy
from math import prod
from typing import NamedTuple

import numpy as np

from cnnkit.arguments import lesson
from cnnkit.geometry import _leaves

__all__ = ["Row", "Summary", "summary"]


class Row(NamedTuple):
    """What one layer makes and costs, for one image."""

    layer: str
    output_shape: tuple
    parameters: int
    multiply_accumulates: int
    bytes: int  # of its output


class Summary:
    """The rows of ``summary``, their totals, and the table when printed."""

    def __init__(self, rows):
        self.rows = list(rows)
        self.parameters = sum(row.parameters for row in self.rows)
        self.multiply_accumulates = sum(row.multiply_accumulates for row in self.rows)
        self.bytes = sum(row.bytes for row in self.rows)

    def __repr__(self):
        total = Row("total", (), self.parameters, self.multiply_accumulates, self.bytes)
        lines = [("layer", "output shape", "parameters", "multiply-accumulates", "bytes")]
        for row in [*self.rows, total]:
            shape = " × ".join(map(str, row.output_shape))
            lines.append((row.layer, shape, *(f"{number:,}" for number in row[2:])))
        first, second, *others = (max(map(len, column)) for column in zip(*lines, strict=True))
        table = []
        for name, shape, *numbers in lines:
            right = [number.rjust(width) for number, width in zip(numbers, others, strict=True)]
            table.append("  ".join([name.ljust(first), shape.ljust(second), *right]))
        rule = "-" * len(table[0])
        return "\n".join([table[0], rule, *table[1:-1], rule, table[-1]])


def summary(model, input_shape):
    """Follow one image through a model of cnnkit.nn, PyTorch or Keras, and count layer by layer.

    Returns a ``Summary``: it prints as a table, and its ``rows`` are tuples (layer, output_shape,
    parameters, multiply_accumulates, bytes). `input_shape` is one image in the model's own layout,
    without the batch: (C, H, W), in Keras (H, W, C). Parameters are counted as the framework does
    (Keras counts the running averages of batch normalisation, PyTorch does not).
    Multiply-accumulates are those of convolutions and dense layers.

    >>> from cnnkit import models, nn
    >>> models.summary(nn.Sequential(nn.Conv2d(1, 2, 3), nn.ReLU()), (1, 5, 6))
    layer   output shape  parameters  multiply-accumulates  bytes
    -------------------------------------------------------------
    Conv2d  2 × 3 × 4             20                   216     96
    ReLU    2 × 3 × 4              0                     0     96
    -------------------------------------------------------------
    total                         20                   216    192
    """
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
    positions = prod(shape) // filters if filters else 0
    name = type(layer).__name__
    return Row(name, shape, parameters, positions * weights, prod(shape) * itemsize)


def _filters(layer):
    """Count the filters of a convolution or a dense layer of cnnkit.nn or PyTorch; else 0."""
    return getattr(layer, "out_channels", getattr(layer, "out_features", 0))


def _cnnkit_rows(model, input_shape):
    """Run layer after layer."""
    image = np.zeros((1, *input_shape), np.float32)
    for layer in _leaves([model]):
        image = layer(image)
        parameters = sum(parameter.data.size for parameter in layer.parameters())
        filters = _filters(layer)
        weights = layer.weight.data.size if filters else 0
        yield _row(layer, image.shape[1:], parameters, image.itemsize, weights, filters)


def _torch_rows(torch, model, input_shape):
    """Let each layer report itself while one image of zeros goes through."""
    rows = []
    counted: set = set()  # shared parameters count once
    modes = {layer: layer.training for layer in model.modules()}

    def report(layer, _, output):
        own = set(layer.parameters(recurse=False))
        if isinstance(output, torch.Tensor) and (own or not list(layer.children())):
            costs = [sum(p.numel() for p in own - counted), output.element_size()]
            if isinstance(layer, (torch.nn.Linear, torch.nn.modules.conv._ConvNd)):
                costs += [layer.weight.numel(), _filters(layer)]
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
        if type(layer).__name__ == "InputLayer":
            continue
        kernel = layer.kernel.shape if hasattr(layer, "kernel") else (0,)
        depthwise = type(layer).__name__.startswith("Depthwise")
        filters = prod(kernel[-2:]) if depthwise else kernel[-1]
        costs = layer.count_params(), _itemsize(layer.compute_dtype), prod(kernel), filters
        yield _row(layer, layer.output.shape[1:], *costs)


def _itemsize(dtype):
    """Bytes of a number by the name of its dtype, which NumPy need not know: bfloat16 has 2."""
    bits = re.search(r"\d+", dtype)
    return int(bits[0]) // 8 if bits else 4
