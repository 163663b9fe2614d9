"""What a model makes and costs, layer by layer: shapes, parameters, multiplications, memory.

PyTorch and Keras are not imported: a model of theirs can only exist if they are loaded already.
"""

import re
import sys
from copy import deepcopy
from math import prod
from typing import NamedTuple

import numpy as np

from cnnkit.arguments import lesson, whole

__all__ = ["Memory", "Row", "Summary", "memory_of_training", "summary"]


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

    def report(layer, _, output):
        own = set(layer.parameters(recurse=False))
        if isinstance(output, torch.Tensor) and (own or not list(layer.children())):
            costs = [sum(p.numel() for p in own - counted), output.element_size()]
            if isinstance(layer, (torch.nn.Linear, torch.nn.modules.conv._ConvNd)):
                costs += [layer.weight.numel(), _filters(layer)]
            rows.append(_row(layer, output.shape[1:], *costs))
        counted.update(own)

    _run_one(torch, model, input_shape, report)
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


class Memory(NamedTuple):
    """What training keeps in memory, in bytes."""

    weights: int  # parameters, and what is saved beside them, as the averages of batch norm
    gradients: int
    optimizer: int
    maps: int  # what the layers keep for the way back, of the whole batch

    @property
    def total(self):
        """All four together."""
        return sum(self)


# What PyTorch's layers keep for the way back, by the beginning of their names.
_KEEP_OUTPUT = ("ReLU", "Sigmoid", "Tanh", "Softmax", "LogSoftmax", "ELU")
_KEEP_NOTHING = ("Flatten", "Identity", "AdaptiveAvgPool", "Upsample", "ZeroPad")


def memory_of_training(model, input_shape, batch_size, states=2):
    """Estimate what a model of PyTorch needs in memory while it is trained in float32.

    One image goes through the layers, and each tells what it will keep for the way back: a
    convolution, a dense layer and a normalisation their input, ReLU its output, max pooling its
    input and the place of each maximum (8 bytes). What two of them keep counts once. That is
    within 2 % of what autograd keeps, for each network of the course: the tests count. (Only the
    LeNet-5 of 1998, whose layers PyTorch does not have, keeps up to 6 % more.)

    Not in it: the gradients of maps, which come and go on the way back; the workspace that
    convolutions borrow; what CUDA itself takes for a process; what PyTorch's allocator has set
    aside and not given out. Operations that are no layers are not seen, unless they keep nothing,
    as a sum or a concatenation does.

    Parameters
    ----------
    model : torch.nn.Module
        Left as it was found.
    input_shape : tuple of int
        One image: (C, H, W).
    batch_size : int
    states : int, default 2
        Numbers that the optimiser keeps for each parameter: Adam 2, SGD with momentum 1, else 0.

    Returns
    -------
    Memory
        In bytes, and its ``total``.

    Raises
    ------
    ValueError
        If the model is not one of PyTorch, or a number makes no sense.

    Examples
    --------
    >>> from cnnkit import models
    >>> models.memory_of_training(models.lenet(), (1, 28, 28), batch_size=100)
    Memory(weights=246824, gradients=246824, optimizer=493648, maps=4812000)
    """
    torch = sys.modules.get("torch")
    if torch is None or not isinstance(model, torch.nn.Module):
        remedy = "Pass the model itself, for example models.small_resnet()."
        raise lesson(f"a {type(model).__name__}", "a model of PyTorch", remedy)
    batch_size, states = whole(batch_size, "batch_size"), whole(states, "states", 0)
    learned = sum(p.nbytes for p in model.parameters() if p.requires_grad)
    weights = sum(t.nbytes for t in (*model.parameters(), *model.buffers()))
    return Memory(weights, learned, states * learned, batch_size * _kept(torch, model, input_shape))


def _kept(torch, model, input_shape):
    """Bytes that the layers keep for the way back, for one image."""
    kept: dict = {}  # the tensors themselves: else the next one might come to lie in the same place
    beside = 0

    def keep(tensor):
        kept.setdefault(tensor.untyped_storage().data_ptr(), tensor)

    def report(layer, inputs, output):
        nonlocal beside
        name = type(layer).__name__
        if list(layer.children()) or name.startswith(_KEEP_NOTHING):
            return
        if name.startswith("MaxPool"):
            beside += 8 * output.numel()
        if name == "LocalResponseNorm":  # it is made of squares, their mean, and a power of it
            beside += 3 * output.nbytes
        if name.startswith("Dropout"):
            beside += output.nbytes if layer.p else 0
        elif name.startswith(_KEEP_OUTPUT) and not name.startswith("ReLU6"):
            keep(output)
        else:
            keep(inputs[0])

    logits = _run_one(torch, model, input_shape, report)
    keep(logits.clone())  # the loss keeps their log-softmax
    return beside + sum(tensor.nbytes for tensor in kept.values())


def _run_one(torch, model, input_shape, report):
    """Let one image of zeros through, evaluating, and `report` on each layer; give the answer."""
    modules = torch.nn.modules.module
    shape = input_shape if isinstance(input_shape, (tuple, list)) else (input_shape,)

    def check(layer, inputs):
        if isinstance(layer, torch.nn.Conv2d) and inputs[0].ndim != 4:  # it may take it for another
            given = f"input_shape={input_shape!r} for a network with Conv2d"
            raise lesson(
                given, "(C, H, W), an image without its batch", "Use (1, 28, 28) for grey."
            )

    modes = {layer: layer.training for layer in model.modules()}
    first = next(model.parameters(), torch.zeros(0))
    image = torch.zeros((1, *shape), dtype=first.dtype, device=first.device)
    try:
        with (
            torch.no_grad(),
            modules.register_module_forward_pre_hook(check),
            modules.register_module_forward_hook(report),
        ):
            return model.eval()(image)
    finally:
        for layer, mode in modes.items():
            layer.training = mode


def _itemsize(dtype):
    """Bytes of a number by the name of its dtype, which NumPy need not know: bfloat16 has 2."""
    bits = re.search(r"\d+", dtype)
    return int(bits[0]) // 8 if bits else 4


def _leaves(layers):
    """Go through the layers of a model, or of models in a model, one by one."""
    for layer in getattr(layers, "layers", layers):  # Keras keeps them in .layers
        if hasattr(layer, "layers") or (hasattr(layer, "__len__") and hasattr(layer, "forward")):
            yield from _leaves(layer)
        else:
            yield layer
