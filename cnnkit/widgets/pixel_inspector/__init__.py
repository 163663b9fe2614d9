"""An image is a grid of numbers: draw on it, change one, fold the flat line anew."""

import traitlets

from cnnkit import images
from cnnkit.widgets.base import Array, Widget, at_most

__all__ = ["PixelInspector"]


class PixelInspector(Widget):
    """An image as a picture, as numbers, and flattened to one line (P1-P3).

    Parameters
    ----------
    image : array_like, shape (height, width) or (height, width, 3), optional
        Values from 0 to 255, at most 32 × 32. By default the drawn 4.

    Examples
    --------
    >>> inspector = PixelInspector(image=[[0, 255], [255, 0]])
    >>> inspector.image.shape
    (2, 2)
    """

    _label = "an image as a picture, as numbers, and as one flat line"

    image = Array(images.four(), (2, 3), " (height, width) or (height, width, 3)")
    pixel = traitlets.List(traitlets.Int(), [2, 2], minlen=2, maxlen=2).tag(sync=True)
    channel = traitlets.Int(0, min=0, max=2).tag(sync=True)
    width = traitlets.Int(0, min=0, help="pixels in a folded row; 0 is one too many").tag(sync=True)

    @traitlets.validate("image")
    def _check(self, proposal):
        image = proposal["value"]
        if image.ndim == 3 and image.shape[2] != 3:
            raise traitlets.TraitError(
                f"PixelInspector.image has shape {image.shape}; a colour image is (height, width, "
                "3). Bring the channels to the end, e.g. with numpy.moveaxis(image, 0, -1)."
            )
        at_most(32, image.shape[:2], "PixelInspector.image")
        if image.min() < 0 or image.max() > 255:
            raise traitlets.TraitError(
                f"PixelInspector.image runs from {image.min():g} to {image.max():g}; pixels run "
                "from 0 to 255. Scale it first."
            )
        return image
