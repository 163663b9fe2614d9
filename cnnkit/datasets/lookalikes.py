"""The same picture twice: saved anew, or at another size, it is no new one to be tested by.

A difference hash (dHash) notes of a thumbnail of 9×9 pixels where it gets lighter, to the right
and downwards: 128 bits, of which saving anew changes fewer than ten. Of 1,500 photographs of cats
and dogs no two have hashes that differ in fewer than 24.
"""

import numpy as np
from PIL import Image

__all__ = ["find_lookalikes"]

_BITS = 10  # hashes that differ in no more ...
_LEVELS = 3  # ... of thumbnails that differ by no more, of 255: a plain sky has no hash to speak of
_BLOCK = 256


def find_lookalikes(images, these, those):
    """Find which of these pictures look the same as one of those.

    Parameters
    ----------
    images : ndarray of uint8, shape (N, H, W, 3)
    these, those : sequence of int
        Rows of `images`.

    Returns
    -------
    dict of int to int
        A row of these, and the nearest of those.
    """
    found: dict[int, int] = {}
    if len(these) == 0 or len(those) == 0:
        return found
    hashes, thumbnails = _looks(images, those)
    for start in range(0, len(these), _BLOCK):
        block = these[start : start + _BLOCK]
        own_hashes, own_thumbnails = _looks(images, block)
        differing = sum(
            np.bitwise_count(own_hashes[:, None, half] ^ hashes[None, :, half]) for half in (0, 1)
        )
        for mine, yours in zip(*np.nonzero(differing <= _BITS), strict=True):
            if np.abs(own_thumbnails[mine] - thumbnails[yours]).mean() <= _LEVELS:
                found.setdefault(block[mine], those[yours])
    return found


def _looks(images, rows):
    """Return the difference hash of each picture, two words of 64 bits, and its thumbnail."""
    pictures = (Image.fromarray(images[row]).convert("L") for row in rows)
    small = [np.asarray(picture.resize((9, 9), Image.Resampling.BOX)) for picture in pictures]
    thumbnails = np.array(small, np.int16)
    rightwards = thumbnails[:, :8, 1:] > thumbnails[:, :8, :-1]
    downwards = thumbnails[:, 1:, :8] > thumbnails[:, :-1, :8]
    bits = np.stack([rightwards, downwards], 1).reshape(len(rows), 2, 64)
    return np.packbits(bits, axis=2).view(np.uint64)[..., 0], thumbnails
