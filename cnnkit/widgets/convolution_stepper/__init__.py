"""A convolution, one window at a time."""

import functools

import numpy as np
import traitlets

from cnnkit import images
from cnnkit.widgets.base import Array, Widget, at_most, kernel_fits, plain

__all__ = ["ConvolutionStepper"]


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

    _label = "a convolution computed one window at a time"

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
        at_most(64, image.shape[1:], "ConvolutionStepper.image")
        if weight.ndim == 4 and image.ndim == 3:
            kernel_fits(weight.shape[2:], image.shape[1:], "ConvolutionStepper")
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
