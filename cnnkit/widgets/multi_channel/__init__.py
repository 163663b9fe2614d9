"""A convolution over several channels: products in every slice, one sum, a map for each filter."""

import functools

import numpy as np
import traitlets

from cnnkit import images
from cnnkit.arguments import lesson
from cnnkit.widgets.base import Array, Widget, at_most, kernel_fits, plain

__all__ = ["MultiChannelConvolution"]

# An orange sun over the sea, in levels from 0 (dark) to 9 (full): rows of the three channels.
_SUN = np.array(
    [
        [[2, 2, 3, 2, 2], [2, 8, 9, 8, 2], [2, 9, 9, 9, 2], [1, 8, 9, 8, 1], [0, 1, 1, 1, 0]],
        [[4, 4, 4, 4, 4], [4, 5, 6, 5, 4], [4, 6, 6, 6, 4], [2, 5, 5, 5, 2], [2, 2, 3, 2, 2]],
        [[8, 8, 7, 8, 8], [8, 2, 1, 2, 8], [8, 1, 1, 1, 8], [6, 2, 1, 2, 6], [5, 5, 5, 5, 5]],
    ]
)
_CROSS = np.array([[0, 1, 0], [1, 1, 1], [0, 1, 0]])
_LEFT = np.array([[1, 0, -1]] * 3)


def _by_colour(kernel, *factors):
    """Give one kernel to each channel, times a number of its own."""
    return np.array([factor * np.asarray(kernel) for factor in factors])


_SMALL = {
    "red and orange": (_by_colour(_CROSS, 2, -1, -1), -20),
    "bright left of dark": (_by_colour(_LEFT, 1, 1, 1), 0),
    "blue above red": (_by_colour(_LEFT.T, -1, 0, 1), 0),
}


class MultiChannelConvolution(Widget):
    """Convolution over all channels: slice by slice, one sum, a stack of maps (C5, C8, Q7).

    Parameters
    ----------
    image : array_like, shape (channels, height, width), optional
        At most 64 × 64 and at most 4 channels. By default a small sun of three channels.
    weight : array_like, shape (filters, channels, kh, kw), optional
        At most 16 filters.
    bias : array_like, shape (filters,), optional
    names : list of str, optional
        What each filter looks for.
    step : int, optional
        The place shown, counted along the rows of the output from 0.
    filter : int, optional
        The filter shown, counted from 0.

    Raises
    ------
    ValueError
        If image, weight and bias do not fit together.

    Examples
    --------
    >>> figure = MultiChannelConvolution(np.ones((3, 4, 4)), np.ones((2, 3, 3, 3)))
    >>> figure.bias.shape
    (2,)
    """

    _label = "a convolution over three channels: three products, one sum, one map for each filter"

    image = Array(_SUN, 3, " (channels, height, width)")
    weight = Array(np.ones((1, 3, 3, 3)), 4, " (filters, channels, rows, columns)")
    bias = Array([0.0], 1, " (filters)")
    names: traitlets.List = traitlets.List(traitlets.Unicode()).tag(sync=True)
    step = traitlets.Int(4, min=0).tag(sync=True)
    filter = traitlets.Int(0, min=0).tag(sync=True)
    example = traitlets.Unicode("").tag(sync=True)
    examples = traitlets.Dict().tag(sync=True)

    def __init__(self, image=None, weight=None, bias=None, **kwargs):
        if image is None and weight is None:
            examples = _examples()
            example = kwargs.setdefault("example", next(iter(examples)))
            kwargs = {"examples": examples, **examples[example], **kwargs}
        else:
            kwargs["image"] = _SUN if image is None else image
            kwargs["weight"] = (
                [kernel for kernel, _ in _SMALL.values()] if weight is None else weight
            )
            kwargs.setdefault("step", 0)
        kwargs["bias"] = (
            kwargs.get("bias", np.zeros(len(kwargs["weight"]))) if bias is None else bias
        )
        super().__init__(**kwargs)
        self._check_shapes()

    def _check_shapes(self):
        image, weight, bias = self.image.shape, self.weight.shape, self.bias.shape
        at_most(64, image[1:], "MultiChannelConvolution.image")
        kernel_fits(weight[2:], image[1:], "MultiChannelConvolution")
        if weight[1] != image[0] or image[0] > 4:
            raise lesson(
                f"an image of shape {image} and a weight of shape {weight} were given",
                "at most 4 channels, and in each filter one kernel for each of them",
                f"Use a weight of shape {(weight[0], min(image[0], 4), *weight[2:])}.",
            )
        if bias != weight[:1] or weight[0] > 16:
            raise lesson(
                f"{weight[0]} filters and a bias of shape {bias} were given",
                "at most 16 filters, and one number for each of them",
                f"Use a bias of shape ({min(weight[0], 16)},).",
            )


def _example(image, filters, step):
    kernels, biases = zip(*filters.values(), strict=True)
    values = {"image": image, "weight": kernels, "bias": biases, "names": list(filters)}
    return {
        key: plain(np.asarray(v, float)) if key != "names" else v for key, v in values.items()
    } | {
        "step": step,
        "filter": 0,
    }


@functools.cache
def _examples():
    """Give what can be chosen; the photograph is left out where scikit-image is missing."""
    first = dict([next(iter(_SMALL.items()))])
    examples = {"one filter": _example(_SUN, first, 4), "three filters": _example(_SUN, _SMALL, 4)}
    try:
        photo = images.photograph("astronaut", size=32)
    except ImportError:
        return examples
    levels = np.round(photo.transpose(2, 0, 1) / 255 * 9)
    examples["ten filters, a photograph"] = _example(levels, _ten_filters(), 28 * 20 + 12)
    return examples


def _ten_filters():
    """Name ten filters of shape (3, 5, 5): colours, edges, strokes, a blur."""
    all_in, ramp = np.ones((5, 5)), np.array([[1, 2, 0, -2, -1]] * 5)
    stroke = 5 * np.eye(5) - 1
    ring = np.where(np.hypot(*np.mgrid[-2:3, -2:3]) < 1.5, 16, -9)
    return {
        "red": (_by_colour(all_in, 2, -1, -1), 0),
        "green": (_by_colour(all_in, -1, 2, -1), 0),
        "blue": (_by_colour(all_in, -1, -1, 2), 0),
        "bright left of dark": (_by_colour(ramp, 1, 1, 1), 0),
        "bright above dark": (_by_colour(ramp.T, 1, 1, 1), 0),
        "falling strokes": (_by_colour(stroke, 1, 1, 1), 0),
        "rising strokes": (_by_colour(stroke[:, ::-1], 1, 1, 1), 0),
        "blue left of red": (_by_colour(ramp, -1, 0, 1), 0),
        "bright spots": (_by_colour(ring, 1, 1, 1), 0),
        "blur": (_by_colour(all_in, 1, 1, 1), 0),
    }
