"""Pictures for the course: a few small functions that show arrays as what they are.

Each returns a :class:`Picture`, which a notebook displays as inline SVG. Lines and text are drawn
in ``currentColor``, so a picture follows the light or dark theme of the page around it, and the
panels of a row wrap on a narrow screen. Every picture needs ``alt``: one or two sentences for
someone who cannot see it.

``show`` draws one array, ``row`` several side by side, ``channels`` a colour image taken apart,
``slide`` one step of a convolution, ``walk`` all its steps as an animation, ``curves`` functions
of one variable, ``bars`` one number a label, ``spread`` several runs a label, ``roofline`` what
limits a layer on a device, ``network`` the maps of a network, layer by layer; ``picture`` turns any
Matplotlib figure of your own into the same kind of object.
"""

import base64
import html
import io
import itertools
import re

import matplotlib as mpl
import numpy as np
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.ticker import MaxNLocator
from PIL import Image

from cnnkit import geometry, naive

__all__ = [
    "Picture",
    "bars",
    "channels",
    "curves",
    "network",
    "picture",
    "roofline",
    "row",
    "show",
    "slide",
    "spread",
    "walk",
]

# Text and lines are drawn in this colour, which nothing else uses, and then renamed currentColor.
INK = "#010203"
ACCENT = "#f76707"
# Orange below zero, blue above: told apart by every common kind of colour vision.
SIGNED = LinearSegmentedColormap.from_list("signed", ["#b35806", "#f7f7f7", "#2166ac"])
_TINTS = {"red": "#d62728", "green": "#2a9d3a", "blue": "#2f6fe0"}
_LINES = ("#2f7fd1", "#e8590c", "#7a5cc9", "#1b8a6b")
_PHOTO_SIDE = 65  # From here on pixels are no longer the point, and the image is smoothed.

_figure_numbers = itertools.count(1)


class Picture:
    """A picture made of HTML and SVG, with the words for someone who cannot see it.

    Parameters
    ----------
    body : str
        The markup.
    alt : str
        What the picture shows.
    caption : str, default ''
        Text under the picture, for everyone.
    controls : str, default ''
        Markup in front of the picture that a hand or a key can reach.
    """

    def __init__(self, body, alt, caption="", controls=""):
        self.body = body
        self.alt = _checked_alt(alt)
        self.caption = caption
        self.controls = controls

    def _repr_html_(self):
        caption = (
            '<figcaption style="margin-top:.5em;text-align:left;font-size:1em;font-weight:400;'
            f'font-style:normal;color:inherit">{html.escape(self.caption)}</figcaption>'
            if self.caption
            else ""
        )
        return (
            '<figure class="cnnkit-picture" style="margin:.5em 0;'
            'font-family:system-ui,sans-serif;line-height:1.4">'
            f'{self.controls}<div role="img" aria-label="{html.escape(self.alt)}" style="display:'
            f'flex;flex-wrap:wrap;gap:.6em 1em;align-items:center">{self.body}</div>'
            f"{caption}</figure>"
        )

    def __repr__(self):
        return f"Picture: {self.alt}"


def picture(figure, *, alt=None, width=None):
    """Turn a Matplotlib figure into a picture that follows the page's theme.

    Parameters
    ----------
    figure : matplotlib.figure.Figure
        Draw what should follow the theme in ``plots.INK``.
    alt : str
        What the picture shows, in one or two sentences.
    width : int, optional
        Width in CSS pixels; a narrower screen shrinks it. Default: the figure's own size.

    Returns
    -------
    Picture

    Raises
    ------
    TypeError
        If ``alt`` is missing.
    """
    return Picture(_svg(figure, width), _checked_alt(alt))


def show(image, *, alt=None, title=None, numbers=False, signed=False, mark=None, **limits):
    """Show one array as an image, with its values written into the pixels if you like.

    Parameters
    ----------
    image : array_like, shape (H, W) or (H, W, 3)
        ``nan`` leaves a cell empty.
    alt : str
        What the picture shows, in one or two sentences.
    title : str, optional
        A line above the image.
    numbers : bool, default False
        Write each value into its pixel.
    signed : bool, default False
        Colours instead of grey: blue above zero, orange below, white at zero.
    mark : tuple of int, optional
        A window ``(row, column, height, width)`` to frame.
    vmin, vmax : float, optional
        The values drawn black and white. Default: 0 and 255 for bytes, else smallest and largest.
    cell, width : float, optional
        Width of one pixel, or else of the whole image, on the page (in CSS pixels).

    Returns
    -------
    Picture

    Raises
    ------
    TypeError
        If ``alt`` is missing.
    ValueError
        If the array is not an image.
    """
    alt = _checked_alt(alt)
    return Picture(_panel(image, title, numbers, signed, mark, **limits), alt)


def row(images, titles=None, *, alt=None, numbers=False, signed=False, marks=None, **limits):
    """Show several arrays side by side; on a narrow screen they wrap.

    Parameters
    ----------
    images : sequence of array_like
        Images or feature maps. Each gets its own grey scale unless ``vmin`` and ``vmax`` are given.
    titles : sequence of str, optional
        One line for each image.
    alt : str
        What the picture shows.
    numbers, signed, vmin, vmax, cell, width
        As in :func:`show`, for every image. ``signed`` may be a sequence, one for each image.
    marks : sequence of (tuple or None), optional
        One window for each image, as in :func:`show`.

    Returns
    -------
    Picture

    Raises
    ------
    TypeError
        If ``alt`` is missing.
    ValueError
        If there are not as many titles or marks as images, or one array is not an image.
    """
    alt = _checked_alt(alt)
    images = list(images)
    columns = zip(
        images,
        _one_each("titles", titles, images),
        _one_each("signed", signed if np.ndim(signed) else [signed] * len(images), images),
        _one_each("marks", marks, images),
        strict=True,
    )
    panels = [_panel(image, t, numbers, s, mark, **limits) for image, t, s, mark in columns]
    return Picture("".join(panels), alt)


def channels(image, *, alt=None, width=140):
    """Show a colour image and beside it how much red, green and blue each pixel holds.

    Parameters
    ----------
    image : ndarray of uint8, shape (H, W, 3)
    alt : str
        What the picture shows.
    width : int, default 140
        Width of each panel in CSS pixels.

    Returns
    -------
    Picture

    Raises
    ------
    TypeError
        If ``alt`` is missing.
    ValueError
        If the image does not have three channels last.
    """
    alt = _checked_alt(alt)
    image = np.asarray(image)
    if image.ndim != 3 or image.shape[2] != 3:
        raise ValueError(
            f"channels() takes a colour image of shape (H, W, 3) and got shape {image.shape}."
        )
    panels = [_panel(image, "all three", width=width)]
    for index, (name, tint) in enumerate(_TINTS.items()):
        # From black over the tint to white: brighter always means more, also without colours.
        scale = LinearSegmentedColormap.from_list(name, ["#000000", tint, "#ffffff"])
        tinted = (scale(image[:, :, index])[:, :, :3] * 255).astype(np.uint8)
        panels.append(_panel(tinted, f"[:, :, {index}] {name}", width=width))
    return Picture("".join(panels), alt)


def slide(image, kernel, at=None, *, alt=None):
    """Show one step of a convolution: the window, the kernel, the output so far, the sum.

    Parameters
    ----------
    image : array_like, shape (H, W)
    kernel : array_like, shape (KH, KW)
    at : tuple of int, optional
        Row and column of the output value being made. Default: the last one.
    alt : str
        What the picture shows.

    Returns
    -------
    Picture
        Its caption spells out the products and their sum.

    Raises
    ------
    TypeError
        If ``alt`` is missing.
    ValueError
        If the position lies outside the output.
    """
    alt = _checked_alt(alt)
    image, kernel = np.asarray(image), np.asarray(kernel)
    output = naive.convolve(image, kernel)
    at = (output.shape[0] - 1, output.shape[1] - 1) if at is None else at
    if not (0 <= at[0] < output.shape[0] and 0 <= at[1] < output.shape[1]):
        raise ValueError(f"at={at} lies outside the output, whose shape is {output.shape}.")
    window = image[at[0] : at[0] + kernel.shape[0], at[1] : at[1] + kernel.shape[1]]
    so_far = output.astype(float)
    so_far.ravel()[at[0] * output.shape[1] + at[1] + 1 :] = np.nan
    scale = {"vmin": min(0.0, float(output.min())), "vmax": float(output.max())}
    body = (
        _panel(image, "image", True, mark=(*at, *kernel.shape))
        + _after("∗", _panel(kernel, "kernel", True, signed=True))
        + _after("=", _panel(so_far, "output", True, mark=(*at, 1, 1), **scale))
    )
    pairs = zip(window.ravel(), kernel.ravel(), strict=True)
    products = " + ".join(f"{_short(a)}·{_short(b)}" for a, b in pairs)
    return Picture(body, alt, f"{products} = {_short(output[at])}")


def walk(size, kernel_size, stride=1, padding=0, dilation=1, *, alt=None, cell=24):
    """Show every position of a square window, as an animation that plays, pauses and steps.

    It needs no script: the steps are radio buttons, so arrow keys go through them, and "play"
    is one of them. Where the reader asked for reduced motion, it only steps.

    Parameters
    ----------
    size, kernel_size, stride, padding, dilation : int
        As in :func:`cnnkit.geometry.output_size`, the same in both directions.
    alt : str
        What the picture shows.
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
        If the window does not fit, or has more than 64 positions.
    """
    alt = _checked_alt(alt)
    side = geometry.output_size(size, kernel_size, stride, padding, dilation)
    if side**2 > 64:
        raise ValueError(f"walk() shows at most 64 positions; these arguments give {side**2}.")
    name = f"cnnkit{next(_figure_numbers)}"
    full = size + 2 * padding
    taps = [tap * dilation for tap in range(kernel_size)]
    read = {step * stride + tap for step in range(side) for tap in taps}
    squares = [
        _square(x, y, cell, padding <= x < full - padding and padding <= y < full - padding)
        + ("" if x in read and y in read else _cross(x, y, cell))
        for y in range(full)
        for x in range(full)
    ]
    window = "".join(
        f'<rect x="{x * cell}" y="{y * cell}" width="{cell}" height="{cell}" fill="{ACCENT}" '
        'fill-opacity=".55"/>'
        for y in taps
        for x in taps
    )
    results = [_square(x, y, cell, True) for y in range(side) for x in range(side)]
    here = f'<rect width="{cell}" height="{cell}" fill="{ACCENT}"/>'
    body = _board(full, cell, "".join(squares) + f'<g class="{name}w">{window}</g>')
    body += _after("→", _board(side, cell, "".join(results) + f'<g class="{name}o">{here}</g>'))
    return Picture(body, alt, controls=_steps(name, side, stride * cell, cell))


def curves(x, functions, *, alt=None, xlabel="x", ylabel="", width=420):
    """Draw functions of one variable.

    Parameters
    ----------
    x : array_like, shape (N,)
    functions : dict of str to array_like, shape (N,)
        Name and values of each curve, four at most: line styles and colours both differ.
    alt : str
        What the picture shows.
    xlabel, ylabel : str
        Names of the axes.
    width : int, default 420
        Width in CSS pixels.

    Returns
    -------
    Picture

    Raises
    ------
    TypeError
        If ``alt`` is missing.
    ValueError
        If there are more than four curves.
    """
    alt = _checked_alt(alt)
    if len(functions) > len(_LINES):
        raise ValueError(f"curves() draws at most {len(_LINES)} curves and got {len(functions)}.")
    figure = Figure(figsize=(width / 72, width / 72 * 0.6), layout="constrained")
    axes = figure.subplots()
    for (name, values), colour, dash in zip(
        functions.items(), _LINES, ("-", "--", "-.", ":"), strict=False
    ):
        axes.plot(x, values, dash, color=colour, label=name, linewidth=2.5)
    _theme(axes, xlabel, ylabel)
    if np.asarray(x).dtype.kind in "iu":  # such as epochs
        axes.xaxis.set_major_locator(MaxNLocator("auto", integer=True))
    axes.legend(labelcolor=INK, frameon=False, fontsize=13)
    return Picture(_svg(figure, width), alt)


def bars(panels, labels, *, alt=None, mark=None, limit=None, width=215):
    """Draw one bar for each label, its value beside it, rounded: probabilities, accuracies, counts.

    Parameters
    ----------
    panels : dict of str to array_like, shape (N,)
        Title and values, none below zero, of each panel; all panels share one scale.
    labels : sequence of str, N of them
    alt : str
        What the picture shows.
    mark : int, optional
        The bar to stress, e.g. the right class: other colour, bold label, and an outline.
    limit : float, optional
        The value at the right end. Default: the largest of all.
    width : int, default 215
        Width of a panel in CSS pixels.

    Returns
    -------
    Picture

    Raises
    ------
    TypeError
        If ``alt`` is missing.
    ValueError
        If a panel does not have one value for each label, or a value is below zero.
    """
    alt = _checked_alt(alt)
    panels = {title: np.asarray(values, float) for title, values in panels.items()}
    for title, values in panels.items():
        if values.shape != (len(labels),) or not (values >= 0).all():
            raise ValueError(
                f"bars() draws one value of at least 0 for each of the {len(labels)} labels; panel "
                f"{title!r} has values of shape {values.shape}, the smallest {values.min()}."
            )
    limit = limit or max(values.max() for values in panels.values()) or 1
    drawn = (_bars(values, labels, mark, limit, width) for values in panels.values())
    body = "".join(
        f'<div style="max-width:100%"><div style="font-size:.85em">{html.escape(title)}</div>'
        f"{drawing}</div>"
        for title, drawing in zip(panels, drawn, strict=True)
    )
    return Picture(body, alt)


def spread(runs, *, alt=None, xlabel="", reference=None, width=460):
    """Draw several runs for each name, so that a difference can be held against luck.

    Each name has a row, with a dot for each run and a tick at their mean.

    Parameters
    ----------
    runs : dict of str to array_like, shape (N,)
        Name and values of each row, from the top down; N may differ.
    alt : str
        What the picture shows.
    xlabel : str
        Name of the axis.
    reference : float, optional
        Where to draw a dashed line to compare with.
    width : int, default 460
        Width in CSS pixels.

    Returns
    -------
    Picture

    Raises
    ------
    TypeError
        If ``alt`` is missing.
    ValueError
        If a row has no values.
    """
    alt = _checked_alt(alt)
    height, margin = 26 * len(runs) + 58, 14 + 8 * max(map(len, runs), default=0)
    figure = Figure(figsize=(width / 72, height / 72))
    inner = (margin / width, 50 / height, 1 - (margin + 12) / width, 1 - 54 / height)
    axes = figure.add_axes(inner)
    _theme(axes, xlabel)
    axes.xaxis.label.set(ha="right", x=1)  # beginning, where it is long, under the names
    axes.set(ylim=(len(runs) - 0.5, -0.5), yticks=[])
    axes.spines["left"].set_visible(False)
    if reference is not None:
        axes.axvline(reference, color=INK, lw=1, ls="--")
    for place, (name, values) in enumerate(runs.items()):
        values = np.asarray(values, float)
        if values.ndim != 1 or not values.size:
            raise ValueError(f"spread() draws values in a line; {name!r} has shape {values.shape}.")
        axes.plot([values.min(), values.max()], [place] * 2, color=_LINES[0], lw=2, alpha=0.5)
        axes.plot(values, [place] * len(values), "o", color=_LINES[0], ms=8, mec="none")
        axes.plot(values.mean(), place, "|", color=ACCENT, ms=18, mew=3)
        at: dict = {"xycoords": ("axes fraction", "data"), "textcoords": "offset points"}
        axes.annotate(name, (0, place), (-7, 0), ha="right", va="center", color=INK, size=13, **at)
    return Picture(_svg(figure, width), alt)


def roofline(devices, layers, *, alt=None, width=460):
    """Draw what limits a layer: memory on the slope, arithmetic under the flat roof.

    Parameters
    ----------
    devices : dict of str to tuple of float
        Name, and (operations a second, bytes a second), of four devices at most.
    layers : dict of str to float
        Name and arithmetic intensity (operations a byte) of each layer.
    alt : str
        What the picture shows.
    width : int, default 460
        Width in CSS pixels.

    Returns
    -------
    Picture
        Both axes are logarithmic.

    Raises
    ------
    TypeError
        If ``alt`` is missing.
    ValueError
        If a number is not above zero.
    """
    alt = _checked_alt(alt)
    numbers = [*itertools.chain.from_iterable(devices.values()), *layers.values()]
    if min(numbers) <= 0:
        raise ValueError(f"roofline() draws numbers above 0; the smallest is {min(numbers)}.")
    figure = Figure(figsize=(width / 72, width / 72 * 0.75))
    axes = figure.add_axes((0.14, 0.15, 0.84, 0.83))
    _theme(axes, "operations for each byte", "operations a second")
    corners = [peak / bandwidth for peak, bandwidth in devices.values()]
    at = np.geomspace(min([*layers.values(), *corners]) / 3, max([*layers.values(), *corners]) * 5)
    for (name, (peak, bandwidth)), colour, dash in zip(
        devices.items(), _LINES, ("-", "--", "-.", ":"), strict=False
    ):
        bent = np.sort([*at, peak / bandwidth])
        axes.plot(bent, np.minimum(peak, bent * bandwidth), dash, color=colour, lw=2.5, label=name)
        for found in layers.values():
            axes.plot(found, min(peak, found * bandwidth), "o", color=colour, ms=8)
    axes.set(xscale="log", yscale="log", xlim=(at[0], at[-1]))
    axes.minorticks_off()
    low, high = axes.get_ylim()
    foot = low / 30  # room for the layers' names below the lines, for the devices' above
    axes.set_ylim(foot, high * 20)
    for name, found in layers.items():
        axes.axvline(found, color=INK, lw=0.7, ls=":", alpha=0.7)
        place: dict = {"rotation": 90, "ha": "right", "va": "bottom", "textcoords": "offset points"}
        axes.annotate(name, (found, foot), (-3, 4), color=INK, size=12, **place)
    axes.legend(labelcolor=INK, frameon=False, fontsize=13, loc="upper left")
    return Picture(_svg(figure, width), alt)


def network(shapes, *, alt=None, width=360):
    """Draw the maps of a network, layer by layer: high where the maps are large, thick where many.

    Heights follow the root of the side, thickness the logarithm of the number. A dense layer has
    no side: it is hatched, and high where its units are many.

    Parameters
    ----------
    shapes : sequence of tuple of int
        What each layer makes, (C, H, W) for maps and (N,) for a dense layer, e.g. the
        ``output_shape`` of the rows of :func:`cnnkit.models.summary`.
    alt : str
        What the picture shows.
    width : int, default 360
        Width in CSS pixels.

    Returns
    -------
    Picture
        Above each change the number of maps or units, below it their side.

    Raises
    ------
    TypeError
        If ``alt`` is missing.
    ValueError
        If a shape is neither (C, H, W) nor (N,), or none has a side.
    """
    alt = _checked_alt(alt)
    for shape in shapes:
        if len(shape) not in (1, 3):
            raise ValueError(
                f"network() draws maps (C, H, W) and dense layers (N,) and got shape {shape}."
            )
    if not any(len(shape) == 3 for shape in shapes):
        raise ValueError(f"network() needs maps, at least one shape (C, H, W); got {shapes}.")
    figure = Figure(figsize=(width / 72, 2.2))
    axes = figure.add_axes((14 / width, 0, 1 - 28 / width, 1))
    axes.set_axis_off()
    highest = np.sqrt(max(s[-1] for s in shapes if len(s) == 3))
    heights = [np.sqrt(s[1]) if len(s) == 3 else highest * np.log2(s[0]) / 14 for s in shapes]
    widths = np.array([np.log2(1 + s[0]) if len(s) == 3 else 5 for s in shapes])
    gap = widths.mean() / 2
    lefts = np.cumsum(widths + gap) - widths
    before: tuple = (None, None)
    for shape, left, wide, high in zip(shapes, lefts, widths, heights, strict=True):
        flat = len(shape) == 1
        axes.bar(
            left,
            high,
            wide,
            -high / 2,
            align="edge",
            color=_LINES[2 if flat else 0],
            alpha=0.75,
            ec=INK,
            hatch="//" if flat else None,
        )
        side: dict = {"color": INK, "size": 12, "ha": "center", "textcoords": "offset points"}
        middle, now = left + wide / 2, (shape[0], None if flat else shape[1])
        if now[0] != before[0]:
            axes.annotate(f"{now[0]}", (middle, high / 2), (0, 5), va="bottom", **side)
        if now[1] not in (None, before[1]):
            axes.annotate(f"{now[1]}", (middle, -high / 2), (0, -5), va="top", **side)
        before = now
    top = highest / 2 * 1.3
    axes.set(xlim=(lefts[0] - gap, lefts[-1] + widths[-1] + gap), ylim=(-top, top))
    return Picture(_svg(figure, width), alt)


def _checked_alt(alt):
    if not isinstance(alt, str) or len(alt.split()) < 3:
        raise TypeError(
            f"alt={alt!r}: say in a sentence what the picture shows, for readers who cannot see "
            'it, e.g. alt="A bright 4 on a dark ground, with its 24 pixel values written in."'
        )
    return alt


def _one_each(name, values, images):
    """Return one value for each image, None where nothing was given."""
    if values is None:
        return [None] * len(images)
    if len(values) != len(images):
        raise ValueError(f"{len(images)} images need as many {name}; got {len(values)}.")
    return values


def _square(x, y, cell, solid):
    dash = "" if solid else ' stroke-dasharray="2 3"'
    fill = ' fill="currentColor" fill-opacity=".12"' if solid else ' fill="none"'
    return (
        f'<rect x="{x * cell}" y="{y * cell}" width="{cell}" height="{cell}"{fill} '
        f'stroke="currentColor" stroke-opacity=".5"{dash}/>'
    )


def _cross(x, y, cell):
    left, top, right, bottom = x * cell + 6, y * cell + 6, (x + 1) * cell - 6, (y + 1) * cell - 6
    return (
        f'<path d="M{left} {top}L{right} {bottom}M{left} {bottom}L{right} {top}" '
        'stroke="currentColor" fill="none"/>'
    )


def _board(side, cell, drawing):
    width = side * cell + 2
    return (
        f'<svg viewBox="-1 -1 {width} {width}" aria-hidden="true" '
        f'style="width:{width}px;max-width:100%;height:auto">{drawing}</svg>'
    )


def _steps(name, side, stride, cell):
    """Return radio buttons for all steps, and the rules that move the window to each."""
    places = [(column, row) for row in range(side) for column in range(side)]
    parts = {"w": stride, "o": cell}
    moves = {
        part: [f"transform:translate({x * by}px,{y * by}px)" for x, y in places]
        for part, by in parts.items()
    }
    rules = []
    for part, steps in moves.items():
        frames = "".join(f"{100 * i / len(steps):.3f}%{{{m}}}" for i, m in enumerate(steps))
        play = f"animation:{name}{part} {0.8 * len(steps):.1f}s step-end infinite"
        rules.append(f"@keyframes {name}{part}{{{frames}}}")
        rules.append(f"#{name}-0:checked~div .{name}{part}{{{play}}}")
        rules += [f"#{name}-{i}:checked~div .{name}{part}{{{m}}}" for i, m in enumerate(steps, 1)]
    still = "".join(f"#{name}-0:checked~div .{name}{part}{{animation:none}}" for part in parts)
    rules.append(f"@media (prefers-reduced-motion:reduce){{{still}}}")
    # JupyterLab leaves the arrow keys to an element that asks for them so.
    look = (
        f'style="width:16px;height:16px;margin:4px 4px 8px;accent-color:{ACCENT}" '
        'data-lm-suppress-shortcuts="true"'
    )
    buttons = "".join(
        f'<input type="radio" name="{name}" id="{name}-{i}" aria-label="step {i}" {look}/>'
        for i in range(1, len(places) + 1)
    ).replace("/>", ' checked=""/>', 1)
    return (
        f"<style>{''.join(rules)}</style>"
        f'<input type="radio" name="{name}" id="{name}-0" {look}/>'
        f'<label for="{name}-0" style="font-size:.85em;margin-right:1em">play</label>'
        f'<span style="font-size:.85em">step </span>{buttons}'
    )


def _panel(image, title=None, numbers=False, signed=False, mark=None, **limits):
    """Return one image as HTML, its title above it."""
    heading = f'<div style="font-size:.85em">{html.escape(title)}</div>' if title else ""
    drawing = _draw(np.asarray(image), numbers, signed, mark, **limits)
    return f'<div style="text-align:center;max-width:100%">{heading}{drawing}</div>'


def _after(sign, panel):
    """Put an operator before a panel; the two stay together when the row wraps."""
    return (
        '<div style="display:flex;gap:1em;align-items:center;max-width:100%">'
        f'<div style="font-size:1.6em">{sign}</div>{panel}</div>'
    )


def _draw(image, numbers, signed, mark, vmin=None, vmax=None, cell=None, width=None):
    """Draw one array: a raster for the pixels, text for the numbers, lines for the frames."""
    if image.ndim not in (2, 3) or 0 in image.shape or (image.ndim == 3 and image.shape[2] != 3):
        raise ValueError(
            f"An image has shape (H, W) or (H, W, 3); this array has shape {image.shape}. "
            "Pick one image or channel of it, or move the channels last."
        )
    height, columns = image.shape[:2]
    labels = [_short(value) for value in image.ravel()] if numbers and image.ndim == 2 else []
    if width is None and cell is None:
        longest = max([3, *map(len, labels)])
        cell = 9 + 9 * longest if labels else max(1, 160 / max(columns, height))
    width = width or cell * columns
    cell = width / columns
    colours, low, high = _scale(image, signed, vmin, vmax)

    rim = 2  # Room for the outer half of a frame, in pixels.
    across, down = width + 2 * rim, cell * height + 2 * rim
    figure = Figure(figsize=(across / 72, down / 72))
    inner = (rim / across, rim / down, 1 - 2 * rim / across, 1 - 2 * rim / down)
    axes = figure.add_axes(inner)
    axes.set_axis_off()
    raster = image if image.ndim == 3 else np.ma.masked_invalid(image)
    axes.imshow(raster, cmap=colours, vmin=low, vmax=high, interpolation="none", aspect="auto")
    _frame(axes, (0, 0, height, columns), INK, 1, alpha=0.5)
    if labels:
        axes.vlines(np.arange(columns - 1) + 0.5, -0.5, height - 0.5, "#808080", lw=0.7, alpha=0.6)
        axes.hlines(np.arange(height - 1) + 0.5, -0.5, columns - 0.5, "#808080", lw=0.7, alpha=0.6)
    for index, label in enumerate(labels):
        value = image.ravel()[index]
        light = np.power(colours((value - low) / (high - low))[:3], 2.2)
        ink = "black" if light @ [0.2126, 0.7152, 0.0722] > 0.18 else "white"  # >= 4.5 : 1
        y, x = divmod(index, columns)
        if label:
            axes.text(x, y, label, color=ink, size=14, ha="center", va="center_baseline")
    if mark is not None:
        _frame(axes, mark, "#000000", 6, alpha=0.5)
        _frame(axes, mark, ACCENT, 3.5)
    return _svg(figure, across)


def _theme(axes, xlabel, ylabel=""):
    """Draw an axis in the ink of the page, open above and to the right."""
    axes.set_xlabel(xlabel, color=INK, size=14)
    axes.set_ylabel(ylabel, color=INK, size=14)
    axes.tick_params(colors=INK, labelsize=12)
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[["left", "bottom"]].set_color(INK)
    axes.patch.set_visible(False)


def _bars(values, labels, mark, limit, width):
    """Draw one panel of bars, from the first label down."""
    margin = 12 + 8 * max(len(str(label)) for label in labels)
    figure = Figure(figsize=(width / 72, (22 * len(labels) + 4) / 72))
    axes = figure.add_axes((margin / width, 0, 1 - (margin + 50) / width, 1))
    axes.set(xlim=(0, limit), ylim=(len(labels) - 0.5, -0.5))
    axes.set_axis_off()
    axes.axvline(0, color=INK, lw=1, clip_on=False)
    for place, (label, value) in enumerate(zip(labels, values, strict=True)):
        stressed = place == mark
        colour, edge = (ACCENT, INK) if stressed else (_LINES[0], "none")
        axes.barh(place, value, 0.7, color=colour, ec=edge, lw=1.2, clip_on=False)
        side: dict = {"color": INK, "size": 13, "va": "center_baseline"}
        side |= {"weight": "bold" if stressed else "normal", "textcoords": "offset points"}
        axes.annotate(label, (0, place), (-7, 0), ha="right", **side)
        axes.annotate(_short(round(value, 3)), (value, place), (5, 0), **side)
    return _svg(figure, width)


def _scale(image, signed, vmin, vmax):
    """Return the colour map and the two values at its ends."""
    finite = image[np.isfinite(image)]
    if signed:
        largest = max(abs(vmin or 0), abs(vmax or 0)) or float(np.abs(finite).max(initial=0)) or 1
        return SIGNED, -largest, largest
    byte = image.dtype == np.uint8
    low = vmin if vmin is not None else (0 if byte else float(finite.min(initial=0)))
    high = vmax if vmax is not None else (255 if byte else float(finite.max(initial=0)))
    return mpl.colormaps["gray"], low, high if high > low else low + 1


def _frame(axes, window, colour, line, alpha=1.0):
    """Draw the outline of a window of pixels."""
    y, x, height, width = window
    outline = Rectangle((x - 0.5, y - 0.5), width, height, fill=False, ec=colour, lw=line)
    outline.set(alpha=alpha, clip_on=False)
    axes.add_patch(outline)


def _short(value):
    """Write a number as briefly as a pixel allows; nothing for nan."""
    return "" if np.isnan(value) else f"{value:.4g}".replace("-", "−")


def _svg(figure, width=None):
    """Return the figure as compact inline SVG that no other figure on the page can disturb."""
    stream = io.StringIO()
    with mpl.rc_context({"svg.fonttype": "none", "svg.hashsalt": "cnnkit"}):
        figure.savefig(stream, format="svg", transparent=True, metadata={"Date": None})
    svg = stream.getvalue()
    svg = svg[svg.index("<svg") :]
    # Matplotlib's style sheet says `*`: inline it would restyle the whole page.
    svg = re.sub(r"<metadata>.*?</metadata>|<style.*?</style>|<!--.*?-->", "", svg, flags=re.DOTALL)
    box = svg.split('viewBox="', 1)[1].split('"', 1)[0]
    shown = round(width or float(box.split()[2]))
    svg = re.sub(
        r"<svg.*?>",
        f'<svg viewBox="{box}" aria-hidden="true" style="width:{shown}px;max-width:100%;'
        'height:auto;display:inline-block;stroke-linejoin:round;stroke-linecap:butt">',
        svg,
        count=1,
        flags=re.DOTALL,
    )
    svg = re.sub(r"data:image/png;base64,([^\"]+)", _smaller_raster, svg)
    svg = re.sub(r"font-family: [^;\"]+; ", "", svg)  # The page's own letters.
    svg = re.sub(r' transform="rotate\(-0 [^)]*\)"', "", svg)
    svg = svg.replace("xlink:href", "href").replace(INK, "currentColor")
    return re.sub(r"\s*\n\s*", " ", _own_ids(svg))


def _smaller_raster(match):
    """Store a photograph as WebP, and a small image as a PNG without its unused channels."""
    pixels = np.array(Image.open(io.BytesIO(base64.b64decode(match.group(1)))).convert("RGBA"))
    if (pixels[:, :, 3] == 255).all():
        pixels = pixels[:, :, :3]
        if (pixels == pixels[:, :, :1]).all():
            pixels = pixels[:, :, 0]
    photo = min(pixels.shape[:2]) >= _PHOTO_SIDE
    kind, settings = (
        ("webp", {"quality": 78, "method": 6}) if photo else ("png", {"optimize": True})
    )
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, kind.upper(), **settings)
    return f"data:image/{kind};base64,{base64.b64encode(stream.getvalue()).decode()}"


def _own_ids(svg):
    """Keep only the ids that something points at, with a prefix that no other figure has."""
    prefix = f"cnnkit{next(_figure_numbers)}-"
    used = set(re.findall(r'(?:url\(|href=")#([^)"]+)', svg))
    svg = re.sub(
        r' id="([^"]+)"',
        lambda found: f' id="{prefix}{found.group(1)}"' if found.group(1) in used else "",
        svg,
    )
    return re.sub(r'(url\(|href=")#', rf"\1#{prefix}", svg)
