"""What one value of a network sees, found by following the pixels through it.

A formula knows the way through a plain list of kernels (``geometry.receptive_field``). A network
may branch, add, stride back up, and use a layer twice. So it is run, on a picture that is long in
one direction, and each value is asked for the first and the last row that it looks at. Behind the
maps, where all is averaged or read by a dense layer, each value sees the whole picture: the last
values that see a part of it count.

For PyTorch, and Keras on top of it, ``_spans`` follows tensors that have shapes and no numbers.
``cnnkit.nn`` has numbers only. There, a pixel that is not a number makes all that look at it not
numbers, also through a maximum, a ReLU, and a weight of zero.
"""

import copy
import sys
from itertools import product
from typing import Any

import numpy as np

from cnnkit.arguments import lesson, pair

REMEDY = "Give the layers up to there as a list, or their kernels: [(3, 1), (2, 2)]."


class TooSmallError(Exception):
    """The picture is too small to show what a value sees."""


class LostError(Exception):
    """No picture of any size will show it: what was given, what was expected."""


def field_of(network):
    """Return (height, width) of what a value of the last maps of a network sees.

    `network` is a model or a list of layers, of cnnkit.nn, PyTorch or Keras.
    """
    torch, keras = sys.modules.get("torch"), sys.modules.get("keras")
    run: Any
    if torch is not None and isinstance(network, torch.nn.ModuleList):
        network = list(network)
    layers = list(network) if isinstance(network, (list, tuple)) else [network]
    if keras is not None and all(isinstance(layer, keras.layers.Layer) for layer in layers):
        from cnnkit._spans import KerasRun

        run = KerasRun(layers)
    elif torch is not None and all(isinstance(layer, torch.nn.Module) for layer in layers):
        from cnnkit._spans import TorchRun

        run = TorchRun(layers)
    elif all(hasattr(layer, "backward") and hasattr(layer, "state_dict") for layer in layers):
        run = NumPyRun(layers)
    else:
        names = ", ".join(sorted({type(layer).__name__ for layer in layers}))
        expected = "a model or a list of layers of cnnkit.nn, PyTorch or Keras, or of kernels alone"
        raise lesson(f"a network of {names}", expected, "Do not mix them.")
    return _length(run, 0), _length(run, 1)


def _length(run, axis):
    """Take longer and longer pictures, until two of them tell the same."""
    size, before = run.shortest, None
    while size <= run.longest:
        found = _length_on(run, axis, size)
        if found is not None and found == before:
            return found
        before, size = found, 2 * size
    given = "a network whose values see the whole picture, or more than can be followed"
    raise lesson(given, "maps of which each value sees a part", REMEDY)


def _length_on(run, axis, size):
    """Return what a value sees of a picture of that length; None where it sees all, or too little.

    The picture is as narrow as the network can take, which the first one that it takes tells.
    Where it takes none so far, only wide ones are tried.
    """
    error, channels_of = None, run.channels
    widths = [2**n for n in range(size.bit_length())] if size == run.shortest else [min(size, 512)]
    if run.fitting:
        channels_of, widths = [run.fitting[0]], [run.fitting[1], min(size, 512)]
    for channels, width in product(channels_of, widths):
        try:
            found = run.longest_span(axis, channels, (size, width) if axis == 0 else (width, size))
            run.fitting = channels, width
            return found
        except TooSmallError:
            return None
        except LostError as lost:
            given, expected = lost.args
            raise lesson(given, expected, REMEDY) from None
        except Exception as reason:  # whatever a network says of a picture that it cannot take
            error = error or reason  # the first is of the channels that its first layer names
    if 2 * size <= run.longest:
        return None
    given = f"a network that pixels cannot be followed through ({type(error).__name__}: {error})"
    raise lesson(given, "layers that run on pictures of any size", REMEDY) from error


class NumPyRun:
    """Runs of layers of cnnkit.nn on pictures that are not numbers in one row, each in another."""

    shortest, longest = 32, 512
    fitting = None  # channels and width of a picture that it has taken

    def __init__(self, layers):
        self.layers, self.outputs = copy.deepcopy(layers), []
        for layer in self.layers:
            layer.eval()
            self._listen(layer)
        weights = [w for layer in layers for w in layer.state_dict().values() if w.ndim == 4]
        self.channels = sorted({groups * w.shape[1] for w in weights[:1] for groups in range(1, 9)})
        self.channels = self.channels or [1]

    def _listen(self, layer):
        """Let a layer, and those within it, show what it makes."""
        forward = layer.forward

        def shown(*inputs):
            kernel, dilation = getattr(layer, "kernel_size", 1), getattr(layer, "dilation", 1)
            span = [d * (k - 1) + 1 for k, d in zip(pair(kernel), pair(dilation), strict=True)]
            if max(span) > 1:
                self._check(span, np.shape(inputs[0])[-2:])
            output = forward(*inputs)
            if not np.isnan(output).any():
                given = f"a {type(layer).__name__} that makes numbers of what is not a number"
                raise LostError(given, "NaN from NaN, as np.maximum(x, 0) makes for a ReLU")
            self.outputs.append(output)
            return output

        layer.forward = shown
        for inner in layer._layers().values():
            self._listen(inner)

    def _check(self, span, size):
        """Refuse pictures on which a window would lie on padding at both ends."""
        if span[self.axis] > size[self.axis]:
            raise TooSmallError
        if span[1 - self.axis] > size[1 - self.axis]:
            raise ValueError(f"a window of {span} on maps of {size}")

    def longest_span(self, axis, channels, size):
        """Return how many rows (axis 0) or columns of a picture a value of the last maps sees."""
        self.axis = axis
        self.outputs.clear()
        count = size[axis]
        maps = np.zeros((count, channels, *size), np.float32)
        lines = np.arange(count)
        np.moveaxis(maps, axis + 2, 1)[lines, lines] = np.nan
        self.outputs.append(maps)
        try:
            for layer in self.layers:
                maps = layer(maps)
        except ValueError:
            if self.outputs[-1].ndim != 2:  # a dense layer, for pictures of another size
                raise
        last = next(output for output in reversed(self.outputs) if output.ndim == 4)
        seen = np.isnan(last).reshape(count, -1)
        seen = seen[:, seen.any(axis=0)]
        spans = count - seen[::-1].argmax(axis=0) - seen.argmax(axis=0)
        length = int(spans.max(initial=0))
        return length if last is not self.outputs[0] and 0 < 2 * length <= count else None
