"""Pictures as a network wants them, and random views of them (augmentation), where it runs.

A view is one affine map (crop, shift, turn, mirror: a matrix of 2×3 numbers a picture) and some
arithmetic on the colours. Both run on a whole batch at once, on a GPU as on a CPU: no worker
processes, nothing to wait for. All chance comes in from outside as ``dice``, so the same dice give
the same views on every device, and in however many processes a batch is shared out.
"""

import math

import numpy as np
import torch
from torch.nn import functional as F

from cnnkit.arguments import lesson
from cnnkit.pictures import to_bytes

__all__ = ["DICE", "random_views", "to_bytes", "to_input"]

DICE = 9  # random numbers that one picture needs, whatever is asked for


def to_input(images):
    """Turn bytes into what a network of the course takes: floats from -1 (black) to 1 (white).

    Parameters
    ----------
    images : tensor of uint8, shape (N, H, W, C), or (N, H, W) when grey

    Returns
    -------
    tensor of float32, shape (N, C, H, W)
        A new tensor. Its values lie in memory as they came, pixel by pixel: that is PyTorch's
        ``channels_last`` format, the faster one for convolutions on most devices.
    """
    if images.ndim == 3:
        images = images[..., None]
    return images.permute(0, 3, 1, 2).float().div_(127.5).sub_(1)


def random_views(images, dice, *, scale=(1.0, 1.0), shift=0.0, turn=0.0, flip=False, jitter=0.0):
    """Show each picture as it might also have been taken: nearer, aside, turned, mirrored.

    What falls outside of a picture is filled with its mirror image.

    Parameters
    ----------
    images : tensor of float, shape (N, C, H, W)
        Made by :func:`to_input`; not modified.
    dice : tensor of float, shape (N, 9)
        Uniform random numbers from 0 to 1.
    scale : pair of float, default (1, 1)
        Least and largest share of the area to keep: (0.5, 1) crops up to a half away, at a random
        place and with sides of up to 4:3 or 3:4 (Szegedy et al. 2015), then scales back up.
    shift : float, default 0
        Moves by up to this share of a side: 0.1 is 3 of 28 pixels.
    turn : float, default 0
        Turns by up to this many degrees, either way.
    flip : bool, default False
        Mirrors half of the pictures, left to right.
    jitter : float, default 0
        Changes brightness, contrast and (of colours) saturation by up to this share.

    Returns
    -------
    tensor of float, shape (N, C, H, W)

    Raises
    ------
    ValueError
        If `scale` is not a pair from above 0 to 1, or there are not nine dice a picture.
    """
    least, most = scale if np.shape(scale) == (2,) else (0, 0)
    if not 0 < least <= most <= 1:
        raise lesson(f"scale={scale}", "two shares, 0 < least <= most <= 1", "Use scale=(0.5, 1).")
    if dice.shape != (len(images), DICE):
        expected = f"({len(images)}, {DICE}), a row a picture"
        raise lesson(f"dice of shape {tuple(dice.shape)}", expected, "Use torch.rand(N, 9).")
    dice = dice.to(images)
    if least < 1 or shift or turn or flip:
        matrix = _matrix(dice, images.shape[2] / images.shape[3], least, most, shift, turn, flip)
        grid = _grid(matrix, *images.shape[2:])
        images = F.grid_sample(images, grid, padding_mode="reflection", align_corners=False)
    return _colours(images, dice, jitter) if jitter else images


def _matrix(dice, tall, least, most, shift, turn, flip):
    """Return the affine map of each view, 2×3 numbers: from its places to the picture's.

    `tall` is height over width: turning is done in pixels, not in sides.
    """
    signed = 2 * dice - 1
    area = least + (most - least) * dice[:, 0]
    ratio = torch.exp(signed[:, 1] * (math.log(4 / 3) if least < 1 else 0)).sqrt()
    width = (area.sqrt() * ratio).clamp(max=1)
    height = (area.sqrt() / ratio).clamp(max=1)
    x = signed[:, 2] * (1 - width + 2 * shift)
    y = signed[:, 3] * (1 - height + 2 * shift)
    angle = signed[:, 5] * math.radians(turn)
    mirror = torch.where(dice[:, 4] < 0.5, -1.0, 1.0) if flip else torch.ones_like(x)
    to_x = torch.stack([width * angle.cos() * mirror, -height * angle.sin() * tall, x], 1)
    to_y = torch.stack([width * angle.sin() * mirror / tall, height * angle.cos(), y], 1)
    return torch.stack([to_x, to_y], dim=1)


def _grid(matrix, height, width):
    """Return where each pixel of a view looks: what ``F.affine_grid`` gives.

    It is four times as fast on a processor, because rows and columns are multiplied apart and
    only then added up.
    """
    rows = ((2 * torch.arange(height) + 1) / height - 1).to(matrix)
    columns = ((2 * torch.arange(width) + 1) / width - 1).to(matrix)
    by_column, by_row, offset = matrix[:, None].unbind(-1)
    down = by_row * rows[:, None] + offset
    across = by_column * columns[:, None]
    return down[:, :, None] + across[:, None]


def _colours(images, dice, jitter):
    """Change brightness, contrast and saturation.

    The new colours of a pixel are a matrix times the old ones, plus an offset.
    """
    channels = images.shape[1]
    signed = 2 * dice - 1
    brighter, contrast, saturation = (jitter * signed[:, 6:, None, None]).unbind(1)
    grey = torch.full((channels, channels), 1 / channels).to(images)
    matrix = torch.lerp(grey, torch.eye(channels).to(images), 1 + saturation)
    offset = brighter - contrast * images.mean((1, 2, 3))[:, None, None]
    colours = ((1 + contrast) * matrix).bmm(images.flatten(2)).add_(offset)
    return colours.clamp_(-1, 1).view(images.shape)
