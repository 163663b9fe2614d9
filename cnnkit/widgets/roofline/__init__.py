"""A convolution under the roofline of a machine: arithmetic, memory, or overhead."""

import traitlets

from cnnkit.widgets.base import Widget

__all__ = ["Roofline"]


class Roofline(Widget):
    """A convolution under the roofline of a machine, and which of three times it waits for.

    The layer has as many channels out as in, and keeps the sides of its maps by padding. It needs
    time for arithmetic, for moving input, weights and output, and for being ordered at all; the
    three go on side by side, so the longest counts. Peaks and bandwidths are those of the makers'
    data sheets (`roofline.mjs` has them): nothing here was measured.

    Parameters
    ----------
    machine : {'a100', 'h100', 't4', 'laptop'}, optional
    precision : {'TF32', 'float32', '16 bits'}, optional
        Where a machine has no units for it, it computes as fast as in float32.
    batch, channels, side : int, optional
        Up to 1024, 1024 and 256.
    kernel : int, optional
        Rows and columns of each kernel, 1 to 7.
    order : float, optional
        Microseconds for ordering one operation: some five in a loop of Python on a GPU.
    """

    _label = "a convolution under the roofline of a machine, and what it waits for"

    machine = traitlets.Enum(["laptop", "t4", "a100", "h100"], "a100").tag(sync=True)
    precision = traitlets.Enum(["float32", "TF32", "16 bits"], "TF32").tag(sync=True)
    batch = traitlets.Int(64, min=1, max=1024).tag(sync=True)
    channels = traitlets.Int(32, min=1, max=1024).tag(sync=True)
    side = traitlets.Int(16, min=1, max=256).tag(sync=True)
    kernel = traitlets.Int(3, min=1, max=7).tag(sync=True)
    order = traitlets.Float(5.0, min=0, max=20).tag(sync=True)
