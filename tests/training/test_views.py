"""Pictures as a network wants them, and random views of them."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from cnnkit import training
from cnnkit.training.views import DICE

ALL = {"scale": (0.4, 0.9), "shift": 0.1, "turn": 20, "flip": True, "jitter": 0.3}


def random_pictures(n=6, height=12, width=10, channels=3, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return torch.rand(n, channels, height, width, generator=generator) * 2 - 1


def test_to_input_is_minus_one_to_one_and_channels_last():
    bytes_ = torch.tensor([[[[0, 51, 255]]]], dtype=torch.uint8)
    torch.testing.assert_close(training.to_input(bytes_).flatten(), torch.tensor([-1, -0.6, 1]))
    many = training.to_input(torch.zeros(2, 8, 9, 3, dtype=torch.uint8))
    assert many.shape == (2, 3, 8, 9)
    assert many.is_contiguous(memory_format=torch.channels_last)
    assert training.to_input(torch.zeros(2, 8, 9, dtype=torch.uint8)).shape == (2, 1, 8, 9)


def test_no_view_is_the_picture_itself():
    x = random_pictures()
    dice = torch.rand(6, DICE)
    assert torch.equal(training.random_views(x, dice), x)
    flipped = training.random_views(x, dice, flip=True)
    mirrored = dice[:, 4] < 0.5
    torch.testing.assert_close(flipped[mirrored], x[mirrored].flip(3), atol=1e-5, rtol=0)
    torch.testing.assert_close(flipped[~mirrored], x[~mirrored], atol=1e-5, rtol=0)


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 10**6), height=st.integers(8, 20), width=st.integers(8, 20))
def test_a_crop_is_inside_and_of_the_right_area(seed, height, width):
    # A picture of its own coordinates tells where each pixel of a view has looked.
    y = (2 * torch.arange(height) + 1) / height - 1
    x = (2 * torch.arange(width) + 1) / width - 1
    where = torch.stack([x.expand(height, width), y[:, None].expand(height, width)])[None]
    dice = torch.rand(1, DICE, generator=torch.Generator().manual_seed(seed))
    view = training.random_views(where, dice, scale=(0.3, 0.8))[0]
    sides = (
        (view[0, 0, -1] - view[0, 0, 0]) / (x[-1] - x[0]),
        ((view[1, -1, 0] - view[1, 0, 0]) / (y[-1] - y[0])),
    )
    share, ratio = sides[0] * sides[1], sides[0] / sides[1]
    assert 0.25 < share < 0.85 and 0.7 < ratio < 1.4
    assert share == pytest.approx(0.3 + 0.5 * dice[0, 0].item(), abs=0.06)
    assert view.abs().max() <= 1


def test_turns_are_turns_in_pixels():
    # 90 degrees on pictures that are not square: a bright column lies down, as long as before.
    x = -torch.ones(1, 1, 9, 21)
    x[..., 10] = 1
    dice = torch.full((1, DICE), 0.5)
    dice[0, 5] = 1
    lying = training.random_views(x, dice, turn=90)[0, 0]
    assert lying[4, 6:15].gt(0.99).all()
    assert lying[[0, 1, 2, 6, 7, 8], 6:15].lt(-0.99).all()


def test_shifts_are_shifts():
    x = random_pictures(1, 10, 10)
    dice = torch.full((1, DICE), 0.5)
    dice[0, 2] = 1
    moved = training.random_views(x, dice, shift=0.2)
    torch.testing.assert_close(moved[..., :8], x[..., 2:], atol=1e-5, rtol=0)


def test_colours_follow_the_formula():
    x = random_pictures()
    dice = torch.rand(6, DICE)
    brighter, contrast, saturation = (0.3 * (2 * dice[:, 6:, None, None, None] - 1)).unbind(1)
    grey = x.mean(1, keepdim=True)
    coloured = grey + (1 + saturation) * (x - grey)
    mean = x.mean((1, 2, 3), keepdim=True)
    expected = (mean + (1 + contrast) * (coloured - mean) + brighter).clamp(-1, 1)
    torch.testing.assert_close(training.random_views(x, dice, jitter=0.3), expected)


def test_views_need_no_neighbours_and_leave_the_picture_alone():
    x, dice = random_pictures(), torch.rand(6, DICE)
    before = x.clone()
    whole = training.random_views(x, dice, **ALL)
    halves = [training.random_views(x[i::2], dice[i::2], **ALL) for i in (0, 1)]
    torch.testing.assert_close(whole[::2], halves[0])
    torch.testing.assert_close(whole[1::2], halves[1])
    assert torch.equal(x, before) and whole.shape == x.shape and whole.abs().max() <= 1


def test_dice_of_another_shape_are_a_lesson():
    with pytest.raises(ValueError, match=r"dice of shape \(6, 8\); expected \(6, 9\)"):
        training.random_views(random_pictures(), torch.rand(6, 8), flip=True)


MODES = ["1", "L", "LA", "P", "PA", "RGB", "RGBA", "CMYK", "YCbCr", "HSV", "I", "F", "I;16"]


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("mode", MODES)
def test_any_kind_of_picture_becomes_bytes(mode, channels):
    grey = Image.new("L", (30, 20), 0)
    grey.paste(255, (15, 0, 30, 20))  # left black, right white
    if mode == "I;16":
        values = np.asarray(grey).astype(np.uint16) * 257
        image = Image.fromarray(values)
        assert image.mode == "I;16"
    elif mode in ("LA", "PA", "HSV"):
        between = {"LA": "LA", "PA": "P", "HSV": "RGB"}[mode]
        image = grey.convert(between).convert(mode)
    else:
        image = grey.convert(mode)
    before = image.copy()
    found = training.to_bytes(image, 10, channels)
    assert found.shape == ((10, 10, 3) if channels == 3 else (10, 10))
    assert found.dtype == np.uint8
    assert found[:, :4].max() < 12 and found[:, 6:].min() > 243
    assert image.tobytes() == before.tobytes() and image.mode == before.mode


def test_the_transparent_is_white_and_the_camera_s_turn_is_undone(tmp_path):
    clear = Image.new("RGBA", (9, 9), (0, 0, 0, 0))
    assert training.to_bytes(clear, 4).min() == 255
    lying = Image.new("L", (20, 20), 0)
    lying.paste(255, (0, 0, 20, 10))  # the upper half is white
    exif = Image.Exif()
    exif[0x0112] = 6  # the camera was turned: the left of the file is the top of the scene
    lying.save(tmp_path / "photo.jpg", exif=exif)
    upright = training.to_bytes(tmp_path / "photo.jpg", 10, channels=1)
    assert upright[:, 6:].min() > 200 and upright[:, :4].max() < 55
