"""Pooling, and what a push by one pixel changes."""

import traitlets

from cnnkit.widgets.base import Array, Widget

__all__ = ["PoolingExplorer"]


_STROKES = [
    [0, 0, 1, 7, 2, 0],
    [0, 1, 8, 3, 0, 0],
    [0, 6, 4, 0, 5, 1],
    [3, 9, 7, 8, 9, 2],
    [0, 1, 0, 1, 8, 0],
    [0, 0, 0, 2, 6, 0],
]


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

    _label = "pooling of a small feature map that can be pushed by a pixel"

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
