"""One way to read a picture, for all that the course does with pictures.

A network is told of a picture what it was taught on: data sets, predictions and benchmarks call
:func:`to_bytes`, so that the same file is the same array, wherever it is read.
"""

import contextlib
import io
import operator
import os
from pathlib import Path

import numpy as np
from PIL import Image, ImageFile

from cnnkit.arguments import lesson
from cnnkit.disk import reading

__all__ = ["READING", "UnreadableError", "middle", "to_bytes"]

READING = 2  # raise it when the bytes of a picture change: what was prepared is then made anew

_ORIENTATION = 0x0112  # the tag of EXIF that says how the camera was held
_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


class UnreadableError(ValueError):
    """A file holds no picture, or a broken one; `why` says it in a few words."""

    def __init__(self, why):
        remedy = "Open it in another program and save it again, as PNG or JPEG."
        super().__init__(lesson(why, "a picture that Pillow can decode", remedy))
        self.why = why


def to_bytes(image, size, channels=3):
    """Bring any picture into the form of the data sets: its middle square, scaled, as bytes.

    A photograph is turned upright as its camera noted. What is transparent becomes white. Of 16
    bits a colour the upper eight are kept, and floats are stretched to 0 … 255.

    Parameters
    ----------
    image : PIL.Image.Image, path-like, bytes, or ndarray
        Bytes are the content of a file. An array is one of uint8, (H, W) or (H, W, 3).
    size : int
        Height and width of the result.
    channels : int, default 3
        3 for colours, 1 for grey.

    Returns
    -------
    ndarray of uint8, shape (size, size, 3), or (size, size) when grey

    Raises
    ------
    UnreadableError
        If this is no picture or a broken one: a ValueError that says why.
    ValueError
        If the size, the channels or the array are of another kind.
    OSError
        If the file cannot be read: it is not there (FileNotFoundError), not yours to read
        (PermissionError), or its disk does not answer.

    Examples
    --------
    >>> to_bytes(np.zeros((30, 20), np.uint8), 8).shape
    (8, 8, 3)
    """
    size = _checked_size(size)
    if channels not in (1, 3):
        raise lesson(f"channels={channels!r} was given", "3 (colours) or 1 (grey)", "Use 3.")
    if isinstance(image, np.ndarray):
        image = _picture_of(image)
    if not isinstance(image, (Image.Image, str, os.PathLike, bytes)) and not hasattr(image, "read"):
        expected = "a picture, the path of one, the bytes of its file, or an array"
        raise lesson(f"{image!r} was given", expected, "Use PIL.Image.open(path), or the path.")
    try:
        return np.array(_read(_opened(image), size, "RGB" if channels == 3 else "L"))
    except OSError as error:
        if error.errno is None:  # it is Pillow's own word, of a broken picture
            raise UnreadableError(_why(error)) from error
        raise  # the disk's: nothing is known of the picture
    except Exception as error:  # Pillow's readers raise a dozen kinds on broken files
        raise UnreadableError(_why(error)) from error


def middle(picture):
    """Cut the largest square from the middle of a PIL picture."""
    width, height = picture.size
    side = min(width, height)
    left, top = (width - side) // 2, (height - side) // 2
    return picture.crop((left, top, left + side, top + side))


def _read(picture, size, mode):
    factor = _factor(picture, size)
    if picture.format in ("JPEG", "MPO") and _is_untouched(picture):
        # This decoder reduces on the way, which is several times faster.
        factor = 1 if picture.draft(None, (2 * size, 2 * size)) else factor
    picture.load()
    plain = _plain(picture, mode)
    if factor > 1:
        plain = plain.reduce(factor)
    return middle(_upright(plain, picture)).resize((size, size), Image.Resampling.BILINEAR)


def _factor(picture, size):
    """Choose the 8, 4, 2 or 1 by which a picture is reduced first and stays twice too large.

    These are the factors of JPEG's decoder. All other pictures are reduced by them too, so that a
    photograph looks the same however it was saved.
    """
    room = min(picture.size) // (2 * size)
    return max(factor for factor in (1, 2, 4, 8) if factor <= max(room, 1))


def _plain(picture, mode):
    """Flatten what is transparent on white, turn 16 bits and floats to bytes, mix the colours."""
    if picture.mode in ("I", "F") or picture.mode.startswith("I;16"):
        picture = _eight_bits(picture)
    if picture.has_transparency_data:
        picture = (picture.convert("LA") if picture.mode == "La" else picture).convert("RGBA")
        picture = Image.alpha_composite(Image.new("RGBA", picture.size, "white"), picture)
    return picture if picture.mode == mode else picture.convert(mode)


def _eight_bits(picture):
    values = np.asarray(picture, np.float64)
    highest = values[np.isfinite(values)].max(initial=0)
    if picture.mode.startswith("I;16"):
        white = 65535
    else:  # nothing says which number is white: the least of these that holds all values
        usual = (1, 255, 65535) if picture.mode == "F" else (255, 65535)
        white = min((number for number in usual if number >= highest), default=highest)
    values = np.nan_to_num(values / white * 255, nan=0).clip(0, 255)
    clear = picture.info.get("transparency")
    if isinstance(clear, int):  # the one value that means: nothing here
        values[np.asarray(picture) == clear] = 255
    return Image.fromarray(np.rint(values).astype(np.uint8))


def _upright(picture, source):
    """Turn a picture as `source`, the file that it comes from, says that the camera was held."""
    try:
        orientation = source.getexif().get(_ORIENTATION)
    except Exception:  # a damaged note of the camera spoils no picture
        return picture
    turn = _TURNS.get(orientation)
    return picture if turn is None else picture.transpose(turn)


def _opened(image):
    """Open a file, or its bytes; a picture that has been decoded already is taken as it is."""
    if isinstance(image, Image.Image) and not _is_untouched(image):
        return image
    return Image.open(io.BytesIO(_content(image)))


def _is_untouched(picture):
    """Tell whether a file has been opened, and nothing of its first picture decoded."""
    if not isinstance(picture, ImageFile.ImageFile) or picture.fp is None:
        return False
    return bool(picture.tile) and picture.tell() == 0


def _content(file):
    """Read all bytes of a file, and leave it where it was: pictures are opened from these alone.

    Pillow reads a file by its path in other ways, and not always to the same end (a TIFF that the
    camera turned); and `draft` would change a picture that the caller has opened.
    """
    if isinstance(file, bytes):
        return file
    if isinstance(file, (str, os.PathLike)):
        with reading(file):
            return Path(file).read_bytes()
    file = file.fp if isinstance(file, ImageFile.ImageFile) else file
    position = file.tell()
    file.seek(0)
    content = file.read()
    file.seek(position)
    return content


def _picture_of(array):
    kinds = ((2, None), (3, 3), (3, 4))
    is_picture = (array.ndim, array.shape[2] if array.ndim == 3 else None) in kinds
    if array.dtype != np.uint8 or not is_picture or not array.size:
        raise lesson(
            f"an array of {array.dtype} and shape {array.shape} was given",
            "one picture of uint8, of shape (H, W) or (H, W, 3)",
            "Floats from 0 to 1 become bytes with np.rint(255 * image).astype(np.uint8); (3, H, W) "
            "becomes (H, W, 3) with image.transpose(1, 2, 0).",
        )
    return Image.fromarray(array)


def _checked_size(size):
    with contextlib.suppress(TypeError):
        if operator.index(size) >= 1:
            return operator.index(size)
    raise lesson(f"size={size!r} was given", "a whole number of pixels, 1 or more", "Use size=64.")


def _why(error):
    """Say in a few words what Pillow found."""
    if isinstance(error, Image.UnidentifiedImageError):
        return "it is no picture"
    return f"it is broken ({str(error) or type(error).__name__})"
