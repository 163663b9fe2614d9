"""Which windows fit, and what is left over."""

import traitlets

from cnnkit.widgets.base import Widget

__all__ = ["PaddingStride"]


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

    _label = "where a window fits, with size, stride, padding and dilation to choose"

    size = traitlets.Int(5, min=1, max=300).tag(sync=True)
    kernel = traitlets.Int(3, min=1, max=99).tag(sync=True)
    stride = traitlets.Int(2, min=1, max=99).tag(sync=True)
    padding = traitlets.Int(1, min=0, max=99).tag(sync=True)
    dilation = traitlets.Int(1, min=1, max=99).tag(sync=True)
    step = traitlets.Int(4, min=0).tag(sync=True)
