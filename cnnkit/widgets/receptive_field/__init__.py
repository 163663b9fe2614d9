"""Stacked layers, and the part of the input that one unit sees."""

import numpy as np
import traitlets

from cnnkit.widgets.base import Widget

__all__ = ["ReceptiveField"]


class ReceptiveField(Widget):
    """Stacked layers, and the part of the input that one unit sees (Q13).

    Parameters
    ----------
    layers : list of dict, optional
        From the input up, each with ``kind`` ('conv' or 'pool'), ``kernel_size``, and, if they are
        not 1 and 0, ``stride`` and ``padding``.
    size : int, optional
        Length of one side of the input, 4 to 40.
    pooling : bool, optional
        Whether a pooling layer is offered; not before a reader has met one.
    level, index : int, optional
        The chosen unit: its layer (0 is the input) and its place.

    Examples
    --------
    >>> ReceptiveField(layers=[{"kind": "conv", "kernel_size": 3}]).layers[0]["stride"]
    1
    """

    _label = "a stack of layers, and the part of the input that one unit sees"

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
    pooling = traitlets.Bool(True).tag(sync=True)
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
