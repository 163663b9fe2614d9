"""The way of a window over an image, as an animation in CSS alone: it needs no script."""

import numpy as np

from cnnkit import functional, geometry
from cnnkit.arguments import lesson
from cnnkit.plots._style import ACCENT, after, short
from cnnkit.plots.pictures import Picture, checked_alt, fresh_name

_MOST = 64
_SECONDS_A_STEP = 0.8


def walk(
    size,
    kernel_size,
    stride=1,
    padding=0,
    dilation=1,
    *,
    alt=None,
    image=None,
    kernel=None,
    cell=24,
):
    """Show every position of a square window, as an animation that plays, pauses and steps.

    It needs no script: the steps are radio buttons, so arrow keys go through them, and "play"
    is one of them. Where the reader asked for reduced motion, it only steps.

    Parameters
    ----------
    size, kernel_size, stride, padding, dilation : int
        As in :func:`cnnkit.geometry.output_size`, the same in both directions.
    alt : str
        What the picture shows.
    image : array_like, shape (size, size), optional
        Values to write into the pixels.
    kernel : array_like, shape (kernel_size, kernel_size), optional
        Together with `image`: what it makes of each window is written into the result.
    cell : int, default 24
        Width of one pixel on the page (in CSS pixels).

    Returns
    -------
    Picture
        Zeros of the padding are dashed; a pixel that no window reads is crossed out.

    Raises
    ------
    TypeError
        If ``alt`` is missing.
    ValueError
        If the window does not fit, or has more than 64 positions, or the values are not as many as
        the pixels.
    """
    alt = checked_alt(alt)
    side = geometry.output_size(size, kernel_size, stride, padding, dilation)
    if side**2 > _MOST:
        remedy = "Take a smaller size or a larger stride."
        raise lesson(f"a walk of {side**2} positions", f"at most {_MOST} positions", remedy)
    name = fresh_name()
    taps = [tap * dilation for tap in range(kernel_size)]
    read = {step * stride + tap for step in range(side) for tap in taps}

    ground = _ground(size, padding, read, cell)
    window = "".join(_tap(x, y, cell) for y in taps for x in taps)
    results = "".join(_square(x, y, cell, solid=True) for y in range(side) for x in range(side))
    pixels, sums = _numbers(size, kernel_size, image, kernel, (stride, padding, dilation))
    # A number is read through the colour that marks it.
    here = _tap(0, 0, cell) if sums is not None else _tap(0, 0, cell, opacity=1)
    left = f'{ground}<g class="{name}w">{window}</g>{_written(pixels, cell)}'
    right = f'{results}<g class="{name}o">{here}</g>{_written(sums, cell)}'
    body = _board(size + 2 * padding, cell, left)
    body += after("→", _board(side, cell, right))

    places = [(column, row) for row in range(side) for column in range(side)]
    rules = _rules(name, places, {"w": stride * cell, "o": cell})
    return Picture(body, alt, controls=f"<style>{rules}</style>{_buttons(name, len(places))}")


def _ground(size, padding, read, cell):
    """Return the squares of the image and of its padding, those that no window reads crossed."""
    everywhere, inside = range(size + 2 * padding), range(padding, size + padding)
    squares = []
    for y in everywhere:
        for x in everywhere:
            squares.append(_square(x, y, cell, solid=x in inside and y in inside))
            if x not in read or y not in read:
                squares.append(_cross(x, y, cell))
    return "".join(squares)


def _square(x, y, cell, solid):
    """Return one pixel: filled, or as the dashed outline of a zero of the padding."""
    dash = "" if solid else ' stroke-dasharray="2 3"'
    fill = ' fill="currentColor" fill-opacity=".12"' if solid else ' fill="none"'
    return (
        f'<rect x="{x * cell}" y="{y * cell}" width="{cell}" height="{cell}"{fill} '
        f'stroke="currentColor" stroke-opacity=".5"{dash}/>'
    )


def _cross(x, y, cell):
    """Return what crosses out one pixel."""
    left, top, right, bottom = x * cell + 6, y * cell + 6, (x + 1) * cell - 6, (y + 1) * cell - 6
    return (
        f'<path d="M{left} {top}L{right} {bottom}M{left} {bottom}L{right} {top}" '
        'stroke="currentColor" fill="none"/>'
    )


def _tap(x, y, cell, opacity=0.55):
    """Return one pixel of the window, or of the result."""
    return (
        f'<rect x="{x * cell}" y="{y * cell}" width="{cell}" height="{cell}" fill="{ACCENT}" '
        f'fill-opacity="{opacity}"/>'
    )


def _numbers(size, kernel_size, image, kernel, how):
    """Return the pixels with their padding, and the results; None for what was not given."""
    shapes = {"image": (image, (size, size)), "kernel": (kernel, (kernel_size, kernel_size))}
    for name, (values, shape) in shapes.items():
        if values is not None and np.shape(values) != shape:
            given = f"{name} has the shape {np.shape(values)}"
            raise lesson(given, f"{shape}, a value for each cell", "Give as many as are drawn.")
    if image is None:
        return None, None
    image = np.asarray(image)
    stride, padding, dilation = how
    pixels = np.pad(image, padding)
    if kernel is None:
        return pixels, None
    weight = np.asarray(kernel)[None, None]
    return pixels, functional.conv2d(image[None], weight, None, stride, padding, dilation)[0]


def _written(values, cell):
    """Return each value in the middle of its cell."""
    if values is None:
        return ""
    texts = []
    for (y, x), value in np.ndenumerate(values):
        middle = f'x="{(x + 0.5) * cell:g}" y="{(y + 0.5) * cell:g}"'
        texts.append(f"<text {middle}>{short(value)}</text>")
    look = 'text-anchor="middle" dominant-baseline="central" fill="currentColor"'
    return f'<g {look} font-size="{cell * 0.58:.3g}">{"".join(texts)}</g>'


def _board(side, cell, drawing):
    """Return a square drawing of so many pixels a side."""
    width = side * cell + 2
    return (
        f'<svg viewBox="-1 -1 {width} {width}" aria-hidden="true" '
        f'style="width:{width}px;max-width:100%;height:auto">{drawing}</svg>'
    )


def _rules(name, places, lengths):
    """Return the style sheet: where each part stands at each step, and how it plays.

    `lengths` says for each part how far one place is from the next.
    """
    rules, still = [], []
    seconds = _SECONDS_A_STEP * len(places)
    for part, length in lengths.items():
        moves = [f"transform:translate({x * length}px,{y * length}px)" for x, y in places]
        frames = [f"{100 * i / len(moves):.3f}%{{{move}}}" for i, move in enumerate(moves)]
        rules.append(f"@keyframes {name}{part}{{{''.join(frames)}}}")
        plays = f"animation:{name}{part} {seconds:.1f}s step-end infinite"
        rules.append(_when(name, 0, part, plays))
        rules += [_when(name, step, part, move) for step, move in enumerate(moves, 1)]
        still.append(_when(name, 0, part, "animation:none"))
    return f"{''.join(rules)}@media (prefers-reduced-motion:reduce){{{''.join(still)}}}"


def _when(name, step, part, then):
    """Return a rule for a part of the drawing while the button of a step is on; 0 plays."""
    return f"#{name}-{step}:checked~div .{name}{part}{{{then}}}"


def _buttons(name, count):
    """Return a radio button that plays, and one for each step; the first step is chosen."""
    # JupyterLab leaves the arrow keys to an element that asks for them so.
    look = (
        f'style="width:16px;height:16px;margin:4px 4px 8px;accent-color:{ACCENT}" '
        'data-lm-suppress-shortcuts="true"'
    )
    steps = []
    for step in range(1, count + 1):
        chosen = ' checked=""' if step == 1 else ""
        steps.append(
            f'<input type="radio" name="{name}" id="{name}-{step}" aria-label="step {step}" '
            f"{look}{chosen}/>"
        )
    return (
        f'<input type="radio" name="{name}" id="{name}-0" {look}/>'
        f'<label for="{name}-0" style="font-size:.85em;margin-right:1em">play</label>'
        f'<span style="font-size:.85em">step </span>{"".join(steps)}'
    )
