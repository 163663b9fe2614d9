"""Figures that a hand can move: pixels, the five cases, convolution step by step."""

import functools

import numpy as np
import traitlets

from cnnkit import images
from cnnkit.widgets.base import Array, Widget, module_source, plain, style_source


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

    _module = "pixels"
    _label = "an image as a picture, as numbers, and as one flat line"
    _room = (563, 890)
    _esm = module_source("pixels")
    _css = style_source("pixels")

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
        _at_most(32, image.shape[:2], "PixelInspector.image")
        if image.min() < 0 or image.max() > 255:
            raise traitlets.TraitError(
                f"PixelInspector.image runs from {image.min():g} to {image.max():g}; pixels run "
                "from 0 to 255. Scale it first."
            )
        return image


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

    _module = "fivecases"
    _label = "five ways to put weights on the digit 4"
    _room = (597, 980)
    _esm = module_source("fivecases")
    _css = style_source("fivecases")

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
        _at_most(8, self.image.shape, "FiveCases.image")
        _fits(self.kernel.shape, self.image.shape, "FiveCases")


class ConvolutionStepper(Widget):
    """Convolution one window at a time: products, sum, output filling in (C2-C6).

    Parameters
    ----------
    image : array_like, shape (height, width) or (channels, height, width), optional
        At most 64 × 64. By default the 5×5 image of zeros and ones.
    weight : array_like, shape (kh, kw), (filters, channels, kh, kw) or (filters, kh, kw), optional
        One kernel, or several filters as PyTorch keeps them. By default the X detector. A kernel
        without a channel axis is used for every channel.
    bias : float or array_like, shape (filters,), optional
    step : int, optional
        The window shown, counted along the rows of the output from 0.

    Examples
    --------
    >>> stepper = ConvolutionStepper(image=[[1, 2, 3], [4, 5, 6]], weight=[[1, -1]])
    >>> stepper.weight.shape
    (1, 1, 1, 2)
    """

    _module = "stepper"
    _label = "a convolution computed one window at a time"
    _room = (517, 900)
    _esm = module_source("stepper")
    _css = style_source("stepper")

    image = Array(images.binary_5x5()[None], 3, " (channels, height, width)")
    weight = Array(images.x_kernel()[None, None], 4, " (filters, channels, rows, columns)")
    bias = Array([0.0], 1, " (filters)")
    step = traitlets.Int(4, min=0).tag(sync=True)
    filter = traitlets.Int(0, min=0).tag(sync=True)
    channel = traitlets.Int(0, min=0).tag(sync=True)
    inputs = traitlets.Dict().tag(sync=True)

    def __init__(self, image=None, weight=None, bias=None, **kwargs):
        if image is None:
            kwargs.setdefault("inputs", _inputs())
            image = images.binary_5x5()
        else:
            kwargs.setdefault("step", 0)
        image = _array(image)
        if image.ndim == 2:
            image = image[None]
        weight = _array(images.x_kernel() if weight is None else weight)
        if weight.ndim == 2:
            weight = weight[None]
        if weight.ndim == 3:
            weight = np.repeat(weight[:, None], len(image), axis=1)
        bias = np.zeros(len(weight)) if bias is None else np.atleast_1d(_array(bias))
        _at_most(64, image.shape[1:], "ConvolutionStepper.image")
        if weight.ndim == 4 and image.ndim == 3:
            _fits(weight.shape[2:], image.shape[1:], "ConvolutionStepper")
            if weight.shape[1] != len(image):
                raise ValueError(
                    f"ConvolutionStepper: the image has {len(image)} channels and the weight "
                    f"{weight.shape[1]} (shape {weight.shape}: filters, channels, rows, columns). "
                    "A filter needs one kernel for each channel."
                )
            if bias.shape != (len(weight),):
                raise ValueError(
                    f"ConvolutionStepper: {len(weight)} filters need {len(weight)} biases; got "
                    f"shape {bias.shape}."
                )
        super().__init__(image=image, weight=weight, bias=bias, **kwargs)


@functools.cache
def _inputs():
    """Give the images to choose from; those of a missing package are left out."""
    inputs = {"5 × 5 binary": images.binary_5x5()[None], "6 × 6 grey": images.grey_6x6()[None]}
    for name, make in {
        "a digit": lambda: images.digit(4)[None],
        "a photograph": lambda: np.moveaxis(images.photograph("cat", size=32), -1, 0),
    }.items():
        try:
            inputs[name] = make()
        except ImportError:
            continue
    return {name: plain(np.asarray(image, dtype=float)) for name, image in inputs.items()}


def _array(value):
    if hasattr(value, "detach"):
        value = value.detach().cpu().numpy()
    return np.asarray(value)


def _at_most(side, shape, what):
    if max(shape) > side:
        raise traitlets.TraitError(
            f"{what} has shape {tuple(shape)}; up to {side} × {side} pixels can be shown. Crop it "
            "or keep every n-th pixel, e.g. image[::4, ::4]."
        )


def _fits(kernel, image, what):
    if kernel[0] > image[0] or kernel[1] > image[1]:
        raise ValueError(
            f"{what}: a kernel of {kernel[0]} × {kernel[1]} does not fit into an image of "
            f"{image[0]} × {image[1]}. Take a smaller kernel or pad the image."
        )
