"""The pictures that the course works on, each as a small function that returns a NumPy array.

The little matrices are typed out here. The digits come bundled with scikit-learn and the
photographs with scikit-image: nothing is downloaded, and each call returns a fresh copy that is
yours to change.
"""

import numpy as np
from PIL import Image

from cnnkit.arguments import lesson
from cnnkit.datasets.digits import levels
from cnnkit.datasets.shipped import shipped
from cnnkit.pictures import middle

__all__ = [
    "binary_5x5",
    "digit",
    "digits",
    "four",
    "grey",
    "grey_6x6",
    "photograph",
    "x_kernel",
]

# Course name -> name of the function in skimage.data, and of its file. Only files that lie inside
# the scikit-image wheel itself are listed, so none of them needs pooch or a network.
PHOTOGRAPHS = {
    "astronaut": "astronaut",
    "camera": "camera",
    "cat": "chelsea",
    "coffee": "coffee",
    "coins": "coins",
    "rocket": "rocket",
}


def four():
    """Return the digit 4 drawn by hand on 6 rows of 4 pixels.

    Returns
    -------
    ndarray of uint8, shape (6, 4)
        0 is black, 255 is white; the pen is bright.

    Notes
    -----
    Source: the drawn 4 of the AV article (P3, C1); these pixel values are the course's own.
    """
    return np.array(
        [
            [10, 20, 180, 30],
            [20, 190, 210, 20],
            [170, 60, 220, 15],
            [230, 240, 255, 200],
            [25, 15, 215, 10],
            [15, 10, 190, 20],
        ],
        dtype=np.uint8,
    )


def binary_5x5():
    """Return the 5×5 image of zeros and ones on which convolution is done by hand.

    Returns
    -------
    ndarray of int64, shape (5, 5)

    Notes
    -----
    Source: ELI5 and BG (C2). With :func:`x_kernel` the result is
    ``[[4, 3, 4], [2, 4, 3], [2, 3, 4]]``.
    """
    return np.array(
        [
            [1, 1, 1, 0, 0],
            [0, 1, 1, 1, 0],
            [0, 0, 1, 1, 1],
            [0, 0, 1, 1, 0],
            [0, 1, 1, 0, 0],
        ]
    )


def grey_6x6():
    """Return the 6×6 grey image of the AV article (C3), values 0 to 255.

    Returns
    -------
    ndarray of uint8, shape (6, 6)
        With :func:`x_kernel` the first output value is 429.
    """
    return np.array(
        [
            [18, 54, 51, 239, 244, 188],
            [55, 121, 75, 78, 95, 88],
            [35, 24, 204, 113, 109, 221],
            [3, 154, 104, 235, 25, 130],
            [15, 253, 225, 159, 78, 233],
            [68, 85, 180, 214, 245, 0],
        ],
        dtype=np.uint8,
    )


def x_kernel():
    """Return the 3×3 kernel with ones on both diagonals: it answers to an X (C2, C3).

    Returns
    -------
    ndarray of int64, shape (3, 3)
    """
    return np.array([[1, 0, 1], [0, 1, 0], [1, 0, 1]])


def digits():
    """Return scikit-learn's 1,797 real handwritten digits and what they show.

    They are those of :func:`cnnkit.datasets.digits`, in the 17 levels of ink that they come in.

    Returns
    -------
    images : ndarray of float64, shape (1797, 8, 8)
        0 is paper, 16 is full ink.
    labels : ndarray of int64, shape (1797,)
        The digit 0 to 9 that each image shows.

    Raises
    ------
    ImportError
        If scikit-learn is not installed.
    """
    return levels()


def digit(label, index=0):
    """Return one real handwritten digit.

    Parameters
    ----------
    label : int
        Which digit, 0 to 9.
    index : int, default 0
        Which of the images with this label, counted from 0.

    Returns
    -------
    ndarray of float64, shape (8, 8)
        0 is paper, 16 is full ink.

    Raises
    ------
    ValueError
        If there is no such label, or not that many images of it.
    ImportError
        If scikit-learn is not installed.
    """
    if label not in range(10):
        raise lesson(f"digit({label!r})", "a label, a whole number from 0 to 9", "Use digit(4).")
    images, labels = digits()
    found = images[labels == label]
    if not 0 <= index < len(found):
        raise lesson(
            f"digit({label}, index={index})",
            f"an index from 0 to {len(found) - 1}: there are {len(found)} images of the digit "
            f"{label}",
            f"Use digit({label}, index=0).",
        )
    return found[index]


def photograph(name="cat", size=None):
    """Return a real photograph that comes with scikit-image.

    Parameters
    ----------
    name : {'astronaut', 'camera', 'cat', 'coffee', 'coins', 'rocket'}
        ``camera`` and ``coins`` are grey, the others have colours.
    size : int, optional
        Cut the largest square from the middle and scale it to ``size`` × ``size`` pixels.
        Without it the photograph comes as it is.

    Returns
    -------
    ndarray of uint8, shape (H, W, 3), or (H, W) for a grey photograph

    Raises
    ------
    ValueError
        If the name is unknown or the size is not at least 1.
    ImportError
        If scikit-image is not installed.

    Notes
    -----
    All may be used freely, as scikit-image documents them: ``astronaut`` by NASA and ``rocket`` by
    SpaceX are in the public domain; ``camera`` (Lav Varshney), ``cat`` (Stéfan van der Walt) and
    ``coffee`` (Rachel Michetti) are CC0; ``coins`` (Brooklyn Museum) has no known restriction.
    """
    if name not in PHOTOGRAPHS:
        known = ", ".join(repr(key) for key in PHOTOGRAPHS)
        raise lesson(f"photograph({name!r})", f"one of {known}", "Use photograph('cat').")
    pixels = _read(PHOTOGRAPHS[name])
    return pixels if size is None else _square(pixels, size)


def grey(image):
    """Turn a colour image into a grey one, as bright as the eye finds it.

    Parameters
    ----------
    image : ndarray of uint8, shape (H, W, 3)

    Returns
    -------
    ndarray of uint8, shape (H, W)
        0.299·red + 0.587·green + 0.114·blue, rounded.

    Raises
    ------
    ValueError
        If the image does not have three channels last, or a value is no byte.
    """
    image = np.asarray(image)
    if image.ndim != 3 or image.shape[2] != 3:
        raise lesson(
            f"grey() got an image of shape {image.shape}",
            "a colour image of shape (H, W, 3)",
            "A grey image has no colours left to mix; for (3, H, W) use image.transpose(1, 2, 0).",
        )
    if image.size and not 0 <= image.min() <= image.max() <= 255:
        given = f"an image from {image.min():g} to {image.max():g}"
        raise lesson(given, "values from 0 to 255", "Scale it: black to 0, and white to 255.")
    return np.rint(image @ np.array([0.299, 0.587, 0.114])).astype(np.uint8)


def _read(function):
    if path := shipped(f"{function}.*"):
        return np.array(Image.open(path))
    try:
        from skimage import data
    except ImportError as error:
        raise ImportError(
            "The photographs come bundled with scikit-image, which is not installed here. "
            "Install it with: pip install scikit-image  (or: pip install 'cnnkit[data]')."
        ) from error
    return np.array(getattr(data, function)())


def _square(pixels, size):
    """Cut the middle square and scale it, sharp, for people to look at."""
    if size < 1:
        given = f"size={size!r} leaves no pixel"
        raise lesson(given, "a whole number of 1 or more", "Use size=64.")
    square = middle(Image.fromarray(pixels))
    return np.array(square.resize((size, size), Image.Resampling.LANCZOS))
