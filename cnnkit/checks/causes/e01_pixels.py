"""Misunderstandings of exercise 1: axes, grey, scale, order, counting."""

import numpy as np

GRAY = np.array([0.299, 0.587, 0.114])

CAUSES: dict[str, list] = {
    "to_channels_first": [
        (
            "You reshaped instead of moving an axis: the shape is right, but the numbers stay in reading order, so red, green and blue are mixed. Use np.transpose or np.moveaxis.",
            lambda image: image.reshape(image.shape[2], *image.shape[:2]),
        ),
        (
            "The channels come first, but rows and columns have changed places: the picture is mirrored at its diagonal.",
            lambda image: image.T,
        ),
        ("The axes are as they were: the channels still come last.", lambda image: image),
        (
            "The axes moved the wrong way round: name for each new axis the old one it comes from.",
            lambda image: image.transpose(1, 2, 0),
        ),
        (
            "The channels come first, but in reverse order: red and blue are swapped.",
            lambda image: image.transpose(2, 0, 1)[::-1],
        ),
    ],
    "to_gray": [
        (
            "All three channels count the same in your grey: the eye weighs green most, then red.",
            lambda image: image.mean(axis=-1),
        ),
        (
            "The weights are in the wrong order: 0.299 is for red, the first channel.",
            lambda image: image @ GRAY[::-1],
        ),
        (
            "The fractions are cut off by an integer type: grey values are floats here.",
            lambda image: np.trunc(image @ GRAY),
        ),
        (
            "Your grey is rounded to whole numbers: keep the fractions.",
            lambda image: np.rint(image @ GRAY),
        ),
        (
            "The values are divided by 255: that is `scale`'s task.",
            lambda image: image @ GRAY / 255,
        ),
        ("The three channels are added without their weights.", lambda image: image.sum(axis=-1)),
        (
            "The three channels are added without their weights, and in 8 bits: sums above 255 wrap around.",
            lambda image: image[..., 0] + image[..., 1] + image[..., 2],
        ),
        ("Only the red channel is used.", lambda image: image[..., 0]),
        ("Only the green channel is used.", lambda image: image[..., 1]),
        (
            "The weighted sum is divided by three: the weights already add up to one.",
            lambda image: image @ GRAY / 3,
        ),
        (
            "Your grey is the brightest channel: it should be a weighted sum of all three.",
            lambda image: image.max(axis=-1),
        ),
    ],
    "scale": [
        (
            "The fractions are gone: whole-number division (//, or an integer type) gives 0 or 1.",
            lambda image: image // 255,
        ),
        (
            "You divide by 256: a byte goes from 0 to 255, so white would stay just below 1.",
            lambda image: image / 256,
        ),
        (
            "You divide by the brightest value of this image: a dark photo would turn bright. Divide by the largest value that a byte can have.",
            lambda image: image / image.max(),
        ),
        (
            "You stretch each image from its darkest to its brightest value: then the same grey means something else in every image. Divide by the largest value a byte can have.",
            lambda image: (image - image.min()) / (image.max() - image.min()),
        ),
        ("Your values go from -1 to 1; they should go from 0 to 1.", lambda x: x / 127.5 - 1),
        ("Your image is a negative: black should be 0 and white 1.", lambda x: 1 - x / 255),
        (
            "Bytes above 127 became negative: an int8 goes from -128 to 127. Use float32.",
            lambda image: image.astype(np.int8) / 255,
        ),
        ("The values are not divided at all: white is 255, and should be 1.", lambda x: x),
    ],
    "flat_index": [
        (
            "You walk down the columns: in an image stored row by row, a whole row of `width` pixels lies before the next row begins.",
            lambda row, column, width: column * width + row,
        ),
        ("You count from one: the first pixel has index 0.", lambda r, c, w: r * w + c + 1),
        (
            "You leave one row out: `row` full rows lie before yours, because rows count from 0.",
            lambda r, c, w: (r - 1) * w + c,
        ),
        (
            "You count the columns from the right: column 0 is the leftmost.",
            lambda r, c, w: r * w + w - 1 - c,
        ),
        ("The width is not used: how many pixels does a full row have?", lambda r, c, w: r + c),
        (
            "Each row counts one pixel too few: a full row has `width` pixels.",
            lambda r, c, w: r * (w - 1) + c,
        ),
        ("Row and column are multiplied: what lies before your pixel?", lambda r, c, w: r * c),
        ("The column is missing: that is where your row begins.", lambda r, c, w: r * w),
    ],
    "dense_parameters": [
        (
            "The biases are missing: each unit has one more number than its weights.",
            lambda shape, units: np.prod(shape, dtype=float) * units,
        ),
        (
            "There is one bias for the whole layer: each unit has its own.",
            lambda shape, units: np.prod(shape, dtype=float) * units + 1,
        ),
        (
            "Each input has a bias: it is each unit that has one.",
            lambda shape, units: np.prod(shape, dtype=float) * (units + 1),
        ),
        (
            "The sizes are added: an image of 2 rows and 3 columns has 2 × 3 pixels.",
            lambda shape, units: sum(shape) * units + units,
        ),
        (
            "Only the first two sizes count in your answer: the channels are inputs too.",
            lambda shape, units: np.prod(shape[:2], dtype=float) * units + units,
        ),
        (
            "Only the first three sizes count in your answer: multiply them all, however many.",
            lambda shape, units: np.prod(shape[:3], dtype=float) * units + units,
        ),
        (
            "Only one of the sizes counts in your answer: multiply them all.",
            lambda shape, units: shape[0] * units + units,
        ),
        (
            "Each weight has a bias of its own: it is each unit that has one.",
            lambda shape, units: 2 * np.prod(shape, dtype=float) * units,
        ),
        (
            "The number grew too large for 32 bits and wrapped around: use Python's own int.",
            lambda shape, units: np.prod(np.array(shape, np.int32), dtype=np.int32) * units + units,
        ),
    ],
}

IDEAS = {
    "to_channels_first": "A name for each axis: the picture comes with rows, columns, channels, and has to leave with channels, rows, columns. No number changes its neighbours inside a channel, so nothing is reshaped: the axes only change their order, and the last one moves to the front.",
    "to_gray": "Take the three channels apart, so that you hold three grids of the same size. Each pixel of the grey picture is one sum: its red, its green and its blue, each times its own share. Make them floats before you multiply.",
    "scale": "The largest byte, 255, has to become 1, so one division does everything, and it is the same for each picture. Choose the type first: dividing float32 numbers gives float32.",
    "flat_index": "Walk there: to come to row 2, you pass two whole rows, each as long as the picture is wide. Then you go on along your own row by as many steps as the column says.",
    "dense_parameters": "First count the numbers of the picture: multiply all sizes of its shape. Each unit has a weight for each of them, and one bias more.",
}
