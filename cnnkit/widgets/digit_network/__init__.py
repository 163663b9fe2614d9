"""The live network: draw a digit, see every value of a trained network."""

import base64
import re

import numpy as np
import traitlets

from cnnkit import nn
from cnnkit.widgets import HERE
from cnnkit.widgets.base import Array, Widget

__all__ = ["LiveNetwork", "live_network"]

_FOUR = [[[9, 5], [6.5, 15.5], [20, 15.5]], [[17, 8], [16.5, 24]]]


class LiveNetwork(Widget):
    """Draw a digit; a small trained network answers at once and can be looked into (R5, R6, C9).

    Parameters
    ----------
    image : array_like, shape (28, 28), optional
        An image to begin with instead of a drawing: ink is 1, paper is 0. It is taken as it is;
        a drawing is scaled and centred first, as the digits of MNIST were.
    strokes : list of list of (x, y), optional
        A drawing to begin with, on a page of 28 × 28.
    unit : (layer, map, row, column), optional
        The value to explain, each counted from 0.

    Notes
    -----
    ``image``, ``strokes``, ``prediction`` and ``probabilities`` follow what is drawn.
    :func:`live_network` gives the same network in Python.
    """

    _label = "a small network that reads the digit you draw, with all its feature maps"

    image = Array(np.zeros((28, 28)), 2, " (28, 28)")
    strokes: traitlets.List = traitlets.List(default_value=_FOUR).tag(sync=True)
    unit = traitlets.List(traitlets.Int(min=0), [0, 0, 14, 14], minlen=4, maxlen=4).tag(sync=True)
    prediction = traitlets.Int(4).tag(sync=True)
    probabilities: traitlets.List = traitlets.List(traitlets.Float(), []).tag(sync=True)

    def __init__(self, image=None, **kwargs):
        if image is not None:
            kwargs["image"] = image
            kwargs.setdefault("strokes", [])
        super().__init__(**kwargs)

    @traitlets.validate("image")
    def _check_image(self, proposal):
        image = proposal["value"]
        if image.shape != (28, 28):
            raise traitlets.TraitError(
                f"LiveNetwork.image has shape {image.shape}; the network reads (28, 28)."
            )
        if image.min() < 0 or image.max() > 1:
            raise traitlets.TraitError(
                f"LiveNetwork.image runs from {image.min():g} to {image.max():g}; ink is 1 and "
                "paper 0. Divide 8-bit values by 255."
            )
        return image

    @traitlets.validate("unit")
    def _check_unit(self, proposal):
        layer, feature_map, row, column = proposal["value"]
        maps, side = ((8, 28), (16, 14))[min(layer, 1)]
        if layer > 1 or feature_map >= maps or max(row, column) >= side:
            raise traitlets.TraitError(
                f"LiveNetwork.unit is (layer, map, row, column); {tuple(proposal['value'])} does "
                "not exist. Layer 0 has 8 maps of 28 × 28, layer 1 has 16 of 14 × 14."
            )
        return proposal["value"]


def live_network() -> nn.Sequential:
    """Give the network of :class:`LiveNetwork` in `cnnkit.nn`, with the same weights.

    Examples
    --------
    >>> live_network()(np.zeros((1, 1, 28, 28))).shape
    (1, 10)
    """
    model = nn.Sequential(
        nn.Conv2d(1, 8, 5, padding=2, dtype=np.float64),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(8, 16, 3, padding=1, dtype=np.float64),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Linear(784, 10, dtype=np.float64),
    )
    text = (HERE / "digit_network" / "weights.mjs").read_text(encoding="utf-8")
    found = re.findall(r'scale: \[(.*)\],\s*bias: \[(.*)\],\s*packed: "(.*)"', text)
    state = {}
    for key, (scale, bias, packed) in zip(("0", "3", "7"), found, strict=True):
        scales, biases = (np.array(values.split(","), dtype=float) for values in (scale, bias))
        whole = np.frombuffer(base64.b64decode(packed), np.int8).reshape(len(scales), -1)
        shape = model[int(key)].weight.data.shape
        state[f"{key}.weight"] = (whole * scales[:, None]).reshape(shape)
        state[f"{key}.bias"] = biases
    model.load_state_dict(state)
    return model.eval()
