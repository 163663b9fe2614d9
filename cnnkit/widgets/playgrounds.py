"""Figures to play with: window arithmetic, pooling, softmax and loss, the receptive field."""

import numpy as np
import traitlets

from cnnkit.widgets.base import Array, Widget, module_source, style_source

_STROKES = [
    [0, 0, 1, 7, 2, 0],
    [0, 1, 8, 3, 0, 0],
    [0, 6, 4, 0, 5, 1],
    [3, 9, 7, 8, 9, 2],
    [0, 1, 0, 1, 8, 0],
    [0, 0, 0, 2, 6, 0],
]


class PaddingStride(Widget):
    """Input, kernel, stride, padding, dilation: which windows fit, and what is left over (S1-S7).

    Parameters
    ----------
    size : int, optional
        Length of one side of the input, 1 to 300.
    kernel, stride, padding, dilation : int, optional
        As in `cnnkit.functional.conv2d`.
    step : int, optional
        The window shown, counted along the rows of the output from 0.
    """

    _module = "padding"
    _label = "where a window fits, with size, stride, padding and dilation to choose"
    _room = (795, 1165)
    _esm = module_source("padding")
    _css = style_source("padding")

    size = traitlets.Int(5, min=1, max=300).tag(sync=True)
    kernel = traitlets.Int(3, min=1, max=99).tag(sync=True)
    stride = traitlets.Int(2, min=1, max=99).tag(sync=True)
    padding = traitlets.Int(1, min=0, max=99).tag(sync=True)
    dilation = traitlets.Int(1, min=1, max=99).tag(sync=True)
    step = traitlets.Int(4, min=0).tag(sync=True)


class PoolingExplorer(Widget):
    """Max, average, sum and L2 pooling, and what a push by one pixel changes (M1-M5).

    Parameters
    ----------
    image : array_like, shape (height, width), optional
        3 × 3 to 12 × 12 values, e.g. a feature map.
    kernel_size : {2, 3}, optional
    stride : {1, 2, 3}, optional
    mode : {'max', 'average', 'sum', 'L2 norm'}, optional
    shift : (int, int), optional
        Rows down and columns right that the image is pushed.
    """

    _module = "pooling"
    _label = "pooling of a small feature map that can be pushed by a pixel"
    _room = (583, 939)
    _esm = module_source("pooling")
    _css = style_source("pooling")

    image = Array(_STROKES, 2, " (height, width)")
    kernel_size = traitlets.Enum([2, 3], 2).tag(sync=True)
    stride = traitlets.Enum([1, 2, 3], 2).tag(sync=True)
    mode = traitlets.Enum(["max", "average", "sum", "L2 norm"], "max").tag(sync=True)
    shift = traitlets.List(traitlets.Int(), [0, 1], minlen=2, maxlen=2).tag(sync=True)
    cell = traitlets.List(traitlets.Int(), [1, 0], minlen=2, maxlen=2).tag(sync=True)

    @traitlets.validate("image")
    def _check(self, proposal):
        image = proposal["value"]
        if min(image.shape) < 3 or max(image.shape) > 12:
            raise traitlets.TraitError(
                f"PoolingExplorer.image has shape {image.shape}; it shows 3 × 3 to 12 × 12 values. "
                "Cut a piece out, e.g. image[:8, :8]."
            )
        return image


class SoftmaxLoss(Widget):
    """Scores, softmax with a temperature, cross-entropy, and the gradient as arrows (F1, F2).

    Parameters
    ----------
    logits : array_like, shape (classes,), optional
        2 to 10 scores between −8 and 8.
    labels : list of str, optional
        Names of the classes.
    target : int, optional
        The true class.
    temperature : float, optional
    rate : float, optional
        Step length of the button that goes downhill.
    """

    _module = "softmax"
    _label = "scores, their softmax, the cross-entropy and its gradient"
    _room = (458, 860)
    _esm = module_source("softmax")
    _css = style_source("softmax")

    logits = Array([2.0, 1.0, 0.1, -1.0], 1, " (classes)")
    labels = traitlets.List(traitlets.Unicode(), ["cat", "dog", "bird", "frog"]).tag(sync=True)
    target = traitlets.Int(1, min=0).tag(sync=True)
    temperature = traitlets.Float(1.0, min=0.2, max=5.0).tag(sync=True)
    rate = traitlets.Float(1.0, min=0.0).tag(sync=True)

    def __init__(self, logits=None, labels=None, **kwargs):
        if logits is not None:
            kwargs["logits"] = logits
            kwargs.setdefault("target", 0)
            labels = labels or [f"class {i}" for i in range(len(kwargs["logits"]))]
        if labels is not None:
            kwargs["labels"] = list(labels)
        super().__init__(**kwargs)
        classes = len(self.logits)
        if not 2 <= classes <= 10 or np.abs(self.logits).max() > 8:
            raise ValueError(
                f"SoftmaxLoss: 2 to 10 scores between −8 and 8 can be shown; got {self.logits}."
            )
        if len(self.labels) != classes or self.target >= classes:
            raise ValueError(
                f"SoftmaxLoss: {classes} scores need {classes} labels and a target from 0 to "
                f"{classes - 1}; got {len(self.labels)} labels and target {self.target}."
            )


class ReceptiveField(Widget):
    """Stacked layers, and the part of the input that one unit sees (Q13).

    Parameters
    ----------
    layers : list of dict, optional
        From the input up, each with ``kind`` ('conv' or 'pool'), ``kernel_size``, and, if they are
        not 1 and 0, ``stride`` and ``padding``.
    size : int, optional
        Length of one side of the input, 4 to 40.
    level, index : int, optional
        The chosen unit: its layer (0 is the input) and its place.

    Examples
    --------
    >>> ReceptiveField(layers=[{"kind": "conv", "kernel_size": 3}]).layers[0]["stride"]
    1
    """

    _module = "receptive"
    _label = "a stack of layers, and the part of the input that one unit sees"
    _room = (600, 770)
    _esm = module_source("receptive")
    _css = style_source("receptive")

    size = traitlets.Int(20, min=4, max=40).tag(sync=True)
    layers = traitlets.List(
        traitlets.Dict(),
        [
            {"kind": "conv", "kernel_size": 3, "stride": 1, "padding": 1},
            {"kind": "conv", "kernel_size": 3, "stride": 1, "padding": 1},
            {"kind": "pool", "kernel_size": 2, "stride": 2, "padding": 0},
            {"kind": "conv", "kernel_size": 3, "stride": 1, "padding": 1},
        ],
    ).tag(sync=True)
    level = traitlets.Int(4, min=0).tag(sync=True)
    index = traitlets.Int(4, min=0).tag(sync=True)

    def __init__(self, layers=None, **kwargs):
        if layers is not None:
            kwargs["layers"] = layers
            kwargs.setdefault("level", len(layers))
        super().__init__(**kwargs)

    @traitlets.validate("layers")
    def _check(self, proposal):
        return [_layer(layer, i) for i, layer in enumerate(proposal["value"], 1)]


def _layer(layer, number):
    known = {"kind", "kernel_size", "stride", "padding"}
    layer = {"kind": "conv", "stride": 1, "padding": 0, **layer}
    if set(layer) != known or layer["kind"] not in ("conv", "pool"):
        raise traitlets.TraitError(
            f"ReceptiveField: layer {number} is {layer!r}; it needs kind ('conv' or 'pool') and "
            "kernel_size, and may have stride and padding."
        )
    sizes = {key: layer[key] for key in ("kernel_size", "stride", "padding")}
    for key, value in sizes.items():
        least = 0 if key == "padding" else 1
        if not isinstance(value, int | np.integer) or value < least:
            raise traitlets.TraitError(
                f"ReceptiveField: layer {number} has {key}={value!r}; it is a whole number of at "
                f"least {least} (one side is shown, so no pairs)."
            )
    return {"kind": layer["kind"], **{key: int(value) for key, value in sizes.items()}}
