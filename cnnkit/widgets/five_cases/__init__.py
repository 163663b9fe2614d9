"""From one weight a pixel to a sliding window, in five steps."""

import numpy as np
import traitlets

from cnnkit import images
from cnnkit.widgets.base import Array, Widget, at_most, kernel_fits

__all__ = ["FiveCases"]


class FiveCases(Widget):
    """Five ways to put weights on a drawn 4, from one weight a pixel to a sliding window (C1).

    Parameters
    ----------
    image : array_like, shape (height, width), optional
        At most 8 × 8; by default the drawn 4.
    case : int, optional
        1 to 5.
    pixel_weights : array_like, shape of `image`, optional
        Weights of case 1; by default 1 on the strokes of the image and 0 elsewhere.
    pair, pairs, kernel : array_like, optional
        Weights of cases 2 and 3 (two numbers), case 4 (two pairs), case 5 (rows and columns).
    zeros : {'right', 'left', 'both'}, optional
        Where case 3 adds a column of zeros.
    """

    _label = "five ways to put weights on the digit 4"

    image = Array(images.four(), 2, " (height, width)")
    pixel_weights = Array(images.four() > 127, 2, " (height, width)")
    pair = Array([1, 0.3], 1, " (two weights)")
    pairs = Array([[1, 0.3], [0.1, 5]], 2, " (two pairs)")
    kernel = Array([[1, 0.3], [0.1, 5]], 2, " (rows, columns)")
    zeros = traitlets.Enum(["right", "left", "both"], "right").tag(sync=True)
    case = traitlets.Int(2, min=1, max=5).tag(sync=True)
    cell = traitlets.List(traitlets.Int(), [3, 1], minlen=2, maxlen=2).tag(sync=True)

    def __init__(self, **kwargs):
        if "image" in kwargs and "pixel_weights" not in kwargs:
            image = np.asarray(kwargs["image"], dtype=float)
            kwargs["pixel_weights"] = image > image.mean()
        super().__init__(**kwargs)
        if self.pixel_weights.shape != self.image.shape:
            raise ValueError(
                f"FiveCases: case 1 has one weight per pixel: image {self.image.shape}, "
                f"pixel_weights {self.pixel_weights.shape}."
            )
        if self.pair.shape != (2,) or self.pairs.shape != (2, 2):
            raise ValueError(
                f"FiveCases: pair has shape (2,) and pairs (2, 2); got {self.pair.shape} and "
                f"{self.pairs.shape}."
            )
        at_most(8, self.image.shape, "FiveCases.image")
        kernel_fits(self.kernel.shape, self.image.shape, "FiveCases")
