"""Cats and dogs drawn by our own code: what makes each one a cat or a dog is its shape alone.

A drawing is a list of layers ``(outline, colour)``, painted one over the other. An outline is an
array of complex numbers, one per corner: x + iy, x to the right and y down. That keeps the
geometry short: adding a number moves an outline, multiplying by one scales and turns it, and
``-conj`` mirrors it. Everything but the species (colours, markings, pose, place, size, scene,
clutter) comes from the same dice for both animals, so no colour gives the answer away.
"""

import cmath
import colorsys
import math

import numpy as np
from PIL import Image, ImageDraw

__all__ = ["CAT", "DOG", "draw_animal"]

CAT, DOG = 0, 1

_CIRCLE = np.exp(2j * np.pi * np.arange(24) / 24)
_T = (np.arange(6) / 6)[:, None]
# Catmull-Rom: the weights of four neighbouring points for six places between the middle two.
_SPLINE = 0.5 * np.hstack(
    [
        -_T + 2 * _T**2 - _T**3,
        2 - 5 * _T**2 + 3 * _T**3,
        _T + 4 * _T**2 - 3 * _T**3,
        -(_T**2) + _T**3,
    ]
)
_CAP = np.exp(1j * np.linspace(0, np.pi, 7))
_BLACK, _WHITE = (38, 32, 36), (252, 250, 246)
_PINK = (236, 138, 142)
_LINE = 0.055  # half the width of a drawn line, in head radii

# Main coat and second coat (muzzle, chest, paws, markings): hue, saturation and value.
_COATS = [
    ((0.07, 0.72, 0.93), (0.09, 0.25, 0.99)),
    ((0.08, 0.55, 0.62), (0.10, 0.30, 0.95)),
    ((0.06, 0.50, 0.42), (0.08, 0.40, 0.80)),
    ((0.10, 0.45, 0.93), (0.11, 0.15, 0.99)),
    ((0.60, 0.10, 0.55), (0.60, 0.03, 0.92)),
    ((0.60, 0.15, 0.33), (0.08, 0.05, 0.95)),
    ((0.10, 0.06, 0.95), (0.08, 0.55, 0.65)),
    ((0.10, 0.10, 0.97), (0.60, 0.08, 0.45)),
    ((0.58, 0.25, 0.65), (0.58, 0.06, 0.93)),
]


def draw_animal(species, size, dice):
    """Draw one animal in one scene.

    Parameters
    ----------
    species : int
        ``CAT`` (0) or ``DOG`` (1).
    size : int
        Height and width in pixels.
    dice : random.Random
        Where every other choice comes from.

    Returns
    -------
    ndarray of uint8, shape (size, size, 3)
    """
    finer = max(2, round(256 / size))  # drawn this many times larger, then averaged: smooth edges
    image = Image.new("RGB", (size * finer, size * finer))
    coat = _coat(dice)
    ground = _scene(image, coat, dice)
    pen = ImageDraw.Draw(image)
    _paint(pen, _clutter(dice, ground, count=dice.randrange(5)), size * finer)
    _paint(pen, _placed_animal(species, coat, ground, dice), size * finer)
    if dice.random() < 0.5:
        _paint(pen, _clutter(dice, 0.93, count=dice.randrange(1, 3), small=True), size * finer)
    return np.asarray(image.reduce(finer))


def _paint(pen, layers, scale):
    for outline, colour in layers:
        pen.polygon((outline * scale).view(float).tolist(), fill=colour)


# ---- outlines -----------------------------------------------------------------------------


def _ellipse(centre, rx, ry=None, turn=0.0):
    shape = rx * _CIRCLE.real + 1j * (rx if ry is None else ry) * _CIRCLE.imag
    return centre + (shape * cmath.rect(1, turn) if turn else shape)


def _smooth(*points):
    """A smooth closed outline through the points."""
    z = np.array([points[-1], *points, points[0], points[1]])
    return (_SPLINE @ np.array([z[:-3], z[1:-2], z[2:-1], z[3:]])).T.ravel()


def _tube(points, start, end):
    """A soft tube along the points: a leg, a tail; `start` and `end` are half its width."""
    z = np.array([2 * points[0] - points[1], *points, 2 * points[-1] - points[-2]])
    middle = (_SPLINE @ np.array([z[:-3], z[1:-2], z[2:-1], z[3:]])).T.ravel()
    along = middle[1:] - middle[:-1]
    offset = 1j * along / np.abs(along)
    offset *= start + (end - start) / len(along) * np.arange(1, len(along) + 1)
    middle = middle[1:]
    cap = middle[-1] + offset[-1] * _CAP.conj()
    return np.concatenate([middle + offset, cap, (middle - offset)[::-1]])


def _stroke(points, width):
    """A thin drawn line through the points."""
    return _tube(points, width, width)


def _grown(outline, by):
    """The same outline, `by` wider on all sides."""
    following = np.concatenate([outline[1:], outline[:1]])
    along = following - np.concatenate([outline[-1:], outline[:-1]])
    clockwise = 1 if np.vdot(outline, following).imag > 0 else -1
    return outline - 1j * by * clockwise * along / (np.abs(along) + 1e-9)


def _mirrored(outline):
    return -outline.conj()


def _inked(coat, *parts, line=_LINE):
    """Parts that melt into one another, with one ink line around all of them."""
    ink = [(_grown(outline, line), coat["ink"]) for outline, _ in parts]
    return ink + list(parts)


def _moved(layers, by, scale=1.0, turn=0.0):
    factor = scale * cmath.rect(1, turn)
    return [(outline * factor + by, colour) for outline, colour in layers]


# ---- colours ------------------------------------------------------------------------------


def _rgb(hue, saturation, value):
    return tuple(
        int(255 * min(1, max(0, x)) + 0.5)
        for x in colorsys.hsv_to_rgb(hue % 1, min(1, max(0, saturation)), min(1, max(0, value)))
    )


def _coat(dice):
    """The animal's colours and markings: the same choices for cats and dogs."""
    (h, s, v), second = dice.choice(_COATS)
    h, s, v = (
        h + dice.uniform(-0.02, 0.02),
        s * dice.uniform(0.8, 1.2),
        v * dice.uniform(0.88, 1.05),
    )
    bright = 0.55 if v > 0.5 else 0.45
    return {
        "main": _rgb(h, s, v),
        "second": _rgb(*second),
        "far": _rgb(h, s * 1.05, v * 0.82),
        "mark": _rgb(h, s * 1.1, v * 0.68) if v > 0.45 else _rgb(h, s, v * 1.6),
        "ink": _rgb(h, s * 0.7 + 0.1, v * bright * 0.5),
        "iris": _rgb(dice.choice([0.12, 0.25, 0.33, 0.55, 0.08]), 0.65, 0.85),
        "collar": _rgb(dice.random(), 0.75, 0.85),
        "has_collar": dice.random() < 0.4,
        "ears": dice.choice(["main", "second", "mark"]),
        "markings": dice.choice(["plain", "stripes", "patch", "plain"]),
        "eyes": dice.choice(["bead", "open", "open", "happy"]) if v > 0.45 else "open",
        "pink": dice.random() < 0.5,  # a cat shows it in its ears, a dog by its tongue
        "blush": dice.random() < 0.5,
    }


# ---- the heads: centre 0, radius about 1 ---------------------------------------------------


def _head(species, coat, dice):
    return (_cat_head if species == CAT else _dog_head)(coat, dice)


def _cat_head(coat, dice):
    tall, out = dice.uniform(-1.45, -1.2), dice.uniform(0.72, 0.95)
    ear = np.array([-0.93 - 0.28j, -0.97 - 0.7j, -out + tall * 1j, -0.55 - 1.05j, -0.12 - 0.78j])
    inner = (ear - ear.mean()) * 0.55 + ear.mean() + 0.04j
    cheeks = dice.uniform(1.02, 1.14)
    skull = _smooth(-0.5 - 0.78j, 0.5 - 0.78j, 0.95 - 0.3j, cheeks + 0.25j, 0.62 + 0.68j,
                    0.78j, -0.62 + 0.68j, -cheeks + 0.25j, -0.95 - 0.3j)  # fmt: skip
    main = coat["main"]
    ears = coat[coat["ears"]] if coat["ears"] == "mark" else main
    layers = _inked(coat, (ear, ears), (_mirrored(ear), ears), (skull, main))
    lining = _PINK if coat["pink"] else coat["far"]
    layers += [(inner, lining), (_mirrored(inner), lining)]
    layers += [(skull, main)]
    layers += _face_markings(coat, top=-0.8)
    pad = coat["second"]
    layers += [(_ellipse(-0.2 + 0.42j, 0.27, 0.22), pad), (_ellipse(0.2 + 0.42j, 0.27, 0.22), pad)]
    layers += [(_ellipse(0.6j, 0.2, 0.14), pad)]
    layers += _blush(coat, 0.68 + 0.2j)
    layers += _eyes(coat, 0.43, -0.08, dice, slit=True)
    if coat["pink"]:
        layers += [(_ellipse(0.6j, 0.11, 0.15), _PINK)]
    layers += [(_stroke([0.26j, 0.44j, -0.14 + 0.53j, -0.28 + 0.45j], 0.03), _BLACK),
               (_stroke([0.26j, 0.44j, 0.14 + 0.53j, 0.28 + 0.45j], 0.03), _BLACK)]  # fmt: skip
    layers += [(np.array([-0.15 + 0.2j, 0.15 + 0.2j, 0.05 + 0.34j, -0.05 + 0.34j]), _BLACK)]
    for lift in (-0.16, 0.0, 0.17) if dice.random() < 0.75 else ():
        whisker = np.array([0.5 + (0.38 + lift * 0.4) * 1j, 1.38 + (0.3 + lift * 1.5) * 1j])
        line = _stroke([whisker[0], whisker.mean() - 0.04j, whisker[1]], 0.02)
        layers += [(line, coat["ink"]), (_mirrored(line), coat["ink"])]
    return layers


def _dog_head(coat, dice):
    jaw = dice.uniform(0.72, 0.86)
    skull = _smooth(-0.45 - 0.85j, 0.45 - 0.85j, 0.84 - 0.35j, 0.82 + 0.3j, 0.52 + jaw * 1j,
                    (jaw + 0.1) * 1j, -0.52 + jaw * 1j, -0.82 + 0.3j, -0.84 - 0.35j)  # fmt: skip
    wide, long, out = dice.uniform(0.44, 0.58), dice.uniform(0.25, 0.85), dice.uniform(1.15, 1.4)
    hanging = _smooth(-0.42 - 0.86j, -0.88 - 0.86j, -1.2 - 0.25j, -1.26 + long * 0.8j,
                      -1.0 + (long + 0.12) * 1j, -0.78 + long * 0.75j, -0.76 - 0.2j)  # fmt: skip
    folded = _smooth(-0.32 - 0.85j, -0.6 - 1.16j, -0.95 - 1.02j, -out - 0.42j, -out + 0.08 - 0.18j,
                     -0.92 - 0.36j, -0.66 - 0.5j)  # fmt: skip
    pricked = _smooth(-0.28 - 0.8j, -0.45 - 1.25j, -0.72 - 1.5j, -0.92 - 1.2j, -0.86 - 0.45j)
    left, right = dice.choice(
        [(hanging, hanging), (hanging, hanging), (folded, folded), (hanging, pricked)]
    )
    ears = coat[coat["ears"]]
    layers = _inked(coat, (skull, coat["main"]))
    layers += _face_markings(coat, top=-0.85)
    layers += _inked(coat, (left, ears)) + _inked(coat, (_mirrored(right), ears))
    layers += _blush(coat, 0.6 + 0.16j)
    layers += _eyes(coat, 0.36, -0.18, dice, slit=False)
    if coat["pink"]:
        layers += _inked(coat, (_ellipse(0.04 + 0.88j, 0.2, 0.34), _PINK), line=0.035)
    layers += [(_ellipse(0.46j, wide, 0.4), coat["second"])]
    layers += [(_stroke([0.3j, 0.56j, -0.16 + 0.68j, -0.36 + 0.58j], 0.032), _BLACK),
               (_stroke([0.3j, 0.56j, 0.16 + 0.68j, 0.36 + 0.58j], 0.032), _BLACK)]  # fmt: skip
    layers += [
        (_smooth(-0.2 + 0.14j, 0.13j, 0.2 + 0.14j, 0.17 + 0.3j, 0.39j, -0.17 + 0.3j), _BLACK)
    ]
    layers += [(_ellipse(-0.07 + 0.19j, 0.06, 0.035), (150, 150, 155))]
    return layers


def _face_markings(coat, top):
    if coat["markings"] == "stripes":
        lines = [(0.0, 0.34), (-0.24, 0.24), (0.24, 0.24)]
        return [(_tube([x + (top + 0.08) * 1j, 0.9 * x + (top + 0.08 + y) * 1j], 0.075, 0.03),
                 coat["mark"]) for x, y in lines]  # fmt: skip
    if coat["markings"] == "patch":
        return [(_ellipse(0.4 - 0.2j, 0.34, 0.4, 0.3), coat["second"])]
    return []


def _blush(coat, at):
    if not coat["blush"]:
        return []
    cheek = _ellipse(at, 0.17, 0.12)
    return [(cheek, _PINK), (_mirrored(cheek), _PINK)]


def _eyes(coat, apart, height, dice, slit):
    look = dice.uniform(-0.05, 0.05)
    layers = []
    for side in (-apart, apart):
        at = side + height * 1j
        if coat["eyes"] == "happy":
            arc = [at - 0.17 + 0.06j, at - 0.12j, at + 0.17 + 0.06j]
            layers += [(_stroke(arc, 0.045), _BLACK)]
        elif coat["eyes"] == "bead":
            layers += [(_ellipse(at, 0.16, 0.2), _BLACK)]
            layers += [(_ellipse(at + 0.05 - 0.07j, 0.055), _WHITE)]
        else:
            layers += [
                (_ellipse(at, 0.235, 0.255), _BLACK),
                (_ellipse(at, 0.195, 0.215), coat["iris"]),
            ]
            wide = 0.075 if slit else 0.135
            layers += [(_ellipse(at + look, wide, 0.18 if slit else 0.145), _BLACK)]
            layers += [(_ellipse(at + look + 0.05 - 0.07j, 0.05), _WHITE)]
    return layers


# ---- the whole animal: about 4 head radii high ----------------------------------------------


def _placed_animal(species, coat, ground, dice):
    """One animal in one pose, moved to its place in a picture that is 1 wide and 1 high."""
    pose = dice.choice([_sitting, _sitting, _walking, _walking, _lying, _portrait])
    layers, low, high, half = pose(species, coat, dice)
    if dice.random() < 0.5:
        layers = [(_mirrored(outline), colour) for outline, colour in layers]
    biggest = 0.96 / max(high - low, 2 * half)
    scale = biggest * dice.uniform(0.5, 1.0)
    turn = math.radians(dice.gauss(0, 7))
    free = 0.5 - half * scale
    x = 0.5 + dice.uniform(-free, free)
    highest = max(ground + 0.04, (high - low) * scale + 0.01)  # feet on the ground, ears inside
    feet = dice.uniform(min(highest, 0.98), 0.98)
    by = x + feet * 1j - high * 1j * scale * cmath.rect(1, turn)
    return _moved(layers, by, scale, turn)


def _tail(species, at, coat, dice):
    """A tail that starts at a point and goes to the left: long and thin, or short and thick."""
    if species == CAT:
        up, curl = dice.uniform(0.9, 1.5), dice.choice([-0.45, 0.4])
        line = [at, at - 0.55 - 0.1j, at - 0.75 - up * 0.6j, at - 0.7 + curl * 0.5 - up * 1j,
                at - 0.7 + curl - (up - 0.05) * 1j]  # fmt: skip
        tail = _tube(line, 0.16, 0.12)
    else:
        up = dice.uniform(0.45, 0.85)
        line = [at, at - 0.4 - up * 0.5j, at - 0.5 - up * 1j]
        tail = _tube(line, 0.2, 0.07)
    return _inked(coat, (tail, coat["main"]))


def _collar(coat, at, wide):
    if not coat["has_collar"]:
        return []
    band = _stroke([at - wide - 0.05j, at + 0.14j, at + wide - 0.05j], 0.1)
    return _inked(coat, (band, coat["collar"]), line=0.03) + _inked(
        coat, (_ellipse(at + 0.28j, 0.13), (240, 200, 70)), line=0.03
    )


def _sitting(species, coat, dice):
    main, paw = coat["main"], coat["second"]
    wide = dice.uniform(0.8, 1.0) if species == CAT else dice.uniform(0.85, 1.05)
    layers = _tail(species, wide * -0.7 + 2.2j, coat, dice)
    layers += _inked(coat, (_ellipse(-wide * 0.72 + 2.25j, 0.48, 0.5), main),
                     (_ellipse(wide * 0.72 + 2.25j, 0.48, 0.5), main))  # fmt: skip
    layers += _inked(coat, (_ellipse(-wide * 0.8 + 2.68j, 0.34, 0.19), paw))
    layers += _inked(coat, (_ellipse(wide * 0.8 + 2.68j, 0.34, 0.19), paw))
    body = _smooth(-0.5 + 0.5j, 0.5 + 0.5j, 0.68 + 1.3j, wide * 0.8 + 2.2j, 0.3 + 2.6j,
                   -0.3 + 2.6j, -wide * 0.8 + 2.2j, -0.68 + 1.3j)  # fmt: skip
    layers += _inked(coat, (body, main))
    layers += _body_markings(coat, [-0.52 + 1.6j, 0.52 + 1.6j, 0.55 + 2.0j, -0.55 + 2.0j], 0.2)
    layers += [(_ellipse(1.25j, 0.42, 0.6), paw)]
    for side in (-0.27, 0.27):
        leg = _tube([side + 1.5j, side * 1.05 + 2.1j, side * 1.1 + 2.62j], 0.2, 0.19)
        layers += _inked(coat, (leg, main))
        layers += _inked(coat, (_ellipse(side * 1.15 + 2.72j, 0.25, 0.16), paw))
    layers += _collar(coat, 0.86j, 0.55)
    layers += _moved(_head(species, coat, dice), 0, turn=dice.gauss(0, 0.12))
    return layers, -1.4, 2.9, 1.5


def _walking(species, coat, dice):
    main, paw = coat["main"], coat["second"]
    legs = dice.uniform(0.75, 0.95) if species == CAT else dice.uniform(0.8, 1.15)
    step = dice.uniform(-0.3, 0.3)
    long = dice.uniform(1.25, 1.6)
    foot = 1.15 + legs
    layers = _tail(species, -long - 0.1 + 0.45j, coat, dice)
    for x, swing in ((-long + 0.35, -step), (long - 0.75, step)):
        leg = _tube(
            [x + 0.8j, x + swing * 0.5 + (foot - 0.3) * 1j, x + swing + foot * 1j], 0.22, 0.17
        )
        layers += _inked(coat, (leg, coat["far"]))
    for x, swing in ((-long + 0.1, step), (long - 0.4, -step)):
        line = [x + 0.8j, x + swing * 0.5 + (foot - 0.3) * 1j, x + swing + foot * 1j]
        layers += _inked(coat, (_tube(line, 0.26, 0.18), main))
        layers += _inked(coat, (_ellipse(line[-1] + 0.08 + 0.1j, 0.25, 0.15), paw))
    body = _smooth(-long + 0.15j, -0.3 + 0.12j, long - 0.3, long + 0.1 + 0.5j, long - 0.4 + 1.15j,
                   -0.2 + 1.12j, -long + 1.12j, -long - 0.3 + 0.6j)  # fmt: skip
    layers += _inked(coat, (body, main))
    layers += [(_ellipse(-0.05 + 1.0j, long * 0.55, 0.13), paw)]
    layers += _body_markings(coat, [-0.95 + 0.42j, -0.5 + 0.4j, -0.05 + 0.4j], 0.27)
    neck = long + dice.uniform(0.05, 0.25) - dice.uniform(0.1, 0.45) * 1j
    if coat["has_collar"]:
        layers += _collar(coat, neck + 0.84j, 0.5)
    head = _moved(_head(species, coat, dice), neck, 0.92, dice.gauss(0, 0.15))
    layers = _moved(layers + head, -0.25)
    return layers, -1.5, foot + 0.2, long + 1.15


def _lying(species, coat, dice):
    main, paw = coat["main"], coat["second"]
    long = dice.uniform(1.6, 2.0)
    layers = _tail(species, -long + 0.75j, coat, dice)
    body = _smooth(-long * 0.9 + 0.3j, -0.5, 0.6 + 0.1j, 0.95 + 0.7j, 0.6 + 1.15j,
                   -long * 0.7 + 1.2j, -long - 0.15 + 0.85j)  # fmt: skip
    layers += _inked(coat, (body, main))
    layers += _body_markings(coat, [-1.1 + 0.3j, -0.65 + 0.25j, -0.2 + 0.25j], 0.24)
    layers += _inked(coat, (_ellipse(-long * 0.68 + 0.82j, 0.52, 0.42), main))
    layers += _inked(coat, (_ellipse(-long * 0.5 + 1.14j, 0.4, 0.16), paw))
    for x in (0.25, 0.95):
        leg = _tube([x - 0.4 + 0.9j, x + 0.05 + 1.08j, x + 0.45 + 1.1j], 0.22, 0.17)
        layers += _inked(coat, (leg, main))
        layers += [(_ellipse(x + 0.45 + 1.11j, 0.2, 0.15), paw)]
    at = 0.75 - dice.uniform(0.0, 0.25) * 1j
    layers += _collar(coat, at + 0.84j, 0.5)
    layers += _moved(_head(species, coat, dice), at, 0.95, dice.gauss(0, 0.12))
    return _moved(layers, 0.25), -1.5, 1.35, long + 0.75


def _portrait(species, coat, dice):
    body = _smooth(-0.55 + 0.5j, 0.55 + 0.5j, 1.05 + 1.3j, 1.5 + 7j, -1.5 + 7j, -1.05 + 1.3j)
    layers = [*_inked(coat, (body, coat["main"])), (_ellipse(1.55j, 0.5, 0.7), coat["second"])]
    layers += _collar(coat, 0.9j, 0.62)
    layers += _moved(_head(species, coat, dice), 0, turn=dice.gauss(0, 0.15))
    return layers, -1.45, 1.35, 1.4


def _body_markings(coat, places, size):
    if coat["markings"] == "stripes":
        return [(_tube([at - size * 1.2j, at + 0.05, at + size * 1j], size * 0.38, size * 0.12),
                 coat["mark"]) for at in places]  # fmt: skip
    if coat["markings"] == "patch":
        return [(_ellipse(places[0], size * 1.5, size * 1.25), coat["second"])]
    return []


# ---- the scene ------------------------------------------------------------------------------


def _far_from(coat, dice, hue, saturation, value):
    """A colour for the background that the coat does not drown in."""
    for _ in range(8):
        colour = _rgb(dice.uniform(*hue), dice.uniform(*saturation), dice.uniform(*value))
        if sum(abs(a - b) for a, b in zip(colour, coat["main"], strict=True)) > 150:
            break
    return colour


def _scene(image, coat, dice):
    """Paint the background; return where the ground begins (0 top, 1 bottom)."""
    side = image.width
    pen = ImageDraw.Draw(image)
    ground = dice.uniform(0.5, 0.8)
    kind = dice.choice(["outdoors", "outdoors", "room", "pattern"])
    sky, land = ((0.48, 0.62), (0.17, 0.42)) if kind == "outdoors" else ((0, 1), (0, 1))
    if dice.random() < 0.25:
        sky, land = (0.85, 1.12), (0.05, 0.17)  # evening, sand
    back = _far_from(coat, dice, sky, (0.12, 0.5), (0.6, 1.0))
    front = _far_from(coat, dice, land, (0.2, 0.6), (0.45, 0.9))
    pen.rectangle((0, 0, side, side), fill=back)
    lighter = tuple((c + 255) // 2 for c in back)
    if kind == "outdoors":
        layers = [(_ellipse(dice.random() + dice.uniform(0.08, 0.3) * 1j, dice.uniform(0.05, 0.11)),
                   _rgb(dice.uniform(0.08, 0.17), 0.5, 1.0))]  # fmt: skip
        for _ in range(dice.randrange(3)):
            at = dice.random() + dice.uniform(0.05, 0.35) * 1j
            wide = dice.uniform(0.08, 0.16)
            puff = _ellipse(at + wide * (0.4 - 0.3j), wide * 0.55, wide * 0.4)
            layers += [(_ellipse(at, wide, wide * 0.4), lighter), (puff, lighter)]
        hill = _rgb(dice.uniform(0.2, 0.65), dice.uniform(0.2, 0.5), dice.uniform(0.5, 0.85))
        for _ in range(dice.randrange(3)):
            layers += [
                (_ellipse(dice.random() + (ground + 0.1) * 1j, dice.uniform(0.25, 0.5), 0.3), hill)
            ]
        _paint(pen, layers, side)
        pen.rectangle((0, int(ground * side), side, side), fill=front)
    elif kind == "room":
        if dice.random() < 0.6:
            step = side * dice.uniform(0.08, 0.2)
            for i in range(int(side / step) + 1):
                pen.rectangle((i * step, 0, (i + 0.5) * step, side), fill=lighter)
        x, y, wide = dice.uniform(-0.05, 0.7), dice.uniform(0.05, 0.25), dice.uniform(0.2, 0.35)
        box = [x * side, y * side, (x + wide) * side, (y + wide) * side]
        pen.rectangle(box, fill=_rgb(dice.random(), 0.4, 0.9), outline=_WHITE, width=side // 40)
        pen.rectangle((0, int(ground * side), side, side), fill=front)
        rug = _ellipse(0.5 + 0.92j, dice.uniform(0.3, 0.6), 0.12)
        _paint(pen, [(rug, _rgb(dice.random(), 0.45, 0.75))], side)
    else:
        step = dice.uniform(0.11, 0.25)
        shift = dice.random() * step
        layers = []
        round_ = dice.random() < 0.5
        for row in range(int(1 / step) + 2):
            for column in range(row % 2, int(1 / step) + 2, 2):
                at = column * step - shift + (row * step - shift) * 1j
                half = step / 2
                square = np.array(
                    [-half - half * 1j, half - half * 1j, half + half * 1j, -half + half * 1j]
                )
                layers += [(at + square if not round_ else _ellipse(at, step * 0.36), lighter)]
        _paint(pen, layers, side)
        ground = 0.4  # a pattern has no ground
    return ground


def _clutter(dice, ground, count, small=False):
    """Things that stand about: they are the same for cats and for dogs."""
    layers = []
    for _ in range(count):
        at = dice.uniform(-0.05, 1.05) + (ground + dice.uniform(-0.02, 0.12)) * 1j
        size = dice.uniform(0.05, 0.09) if small else dice.uniform(0.07, 0.16)
        colour = _rgb(dice.random(), dice.uniform(0.3, 0.85), dice.uniform(0.45, 0.95))
        thing = dice.choice(_THINGS[1:] if small else _THINGS)  # no tree before a face
        layers += _moved(thing(colour), at, size)
    return layers


def _ball(colour):
    stripe = _smooth(-0.95 + 0.1j, -0.3j, 0.95 - 0.1j, 0.9 + 0.3j, 0.1j, -0.9 + 0.4j)
    return [(_ellipse(0, 1), colour), (stripe, _WHITE)]


def _bush(colour):
    return [(_ellipse(x + y * 1j, 0.75), colour) for x, y in ((-0.7, 0), (0.7, 0), (0, -0.6))]


def _tree(colour):
    trunk = np.array([-0.2 - 1.2j, 0.2 - 1.2j, 0.28 + 0.6j, -0.28 + 0.6j])
    crown = np.array([-1.0 - 0.9j, -3.2j, 1.0 - 0.9j])
    return [(trunk, (120, 85, 60)), (crown, colour), (crown * 0.8 - 1.1j, colour)]


def _flower(colour):
    stem = [(_stroke([0.9j, 0.4j, 0j], 0.09), (70, 130, 70))]
    petals = [(_ellipse(0.45 * _CIRCLE[i] - 0.1j, 0.36), colour) for i in range(0, 24, 5)]
    return [*stem, *petals, (_ellipse(-0.1j, 0.28), (245, 205, 80))]


def _box(colour):
    darker = tuple(int(0.75 * c) for c in colour)
    lid = np.array([-1.1 - 0.5j, 1.1 - 0.5j, 1.1 - 0.9j, -1.1 - 0.9j])
    return [(np.array([-1 - 0.5j, 1 - 0.5j, 1 + 0.9j, -1 + 0.9j]), colour), (lid, darker)]


def _grass(colour):
    blades = [np.array([x - 0.22 + 0.9j, x + lean - 0.9j, x + 0.22 + 0.9j])
              for x, lean in ((-0.6, -0.3), (0.0, 0.1), (0.55, 0.4))]  # fmt: skip
    return [(blade, colour) for blade in blades]


def _wedge(colour):
    """A pointed thing, so that a point in itself does not mean a cat's ear."""
    return [(np.array([-0.8 + 0.8j, -0.1 - 0.9j, 0.8 + 0.8j]), colour)]


def _bone(colour):
    ends = [(_ellipse(x + y * 1j, 0.34), colour) for x in (-0.8, 0.8) for y in (-0.24, 0.24)]
    return [*ends, (_stroke([-0.8 + 0j, 0j, 0.8 + 0j], 0.24), colour)]


def _fish(colour):
    tail = np.array([0.7 + 0j, 1.3 - 0.5j, 1.3 + 0.5j])
    return [(tail, colour), (_ellipse(0, 0.95, 0.5), colour), (_ellipse(-0.5 - 0.1j, 0.1), _BLACK)]


_THINGS = [_tree, _ball, _bush, _flower, _box, _grass, _wedge, _bone, _fish]
