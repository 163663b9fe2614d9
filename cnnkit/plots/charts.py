"""Numbers along axes: curves, bars, runs, what limits a layer, the layers of a network."""

import itertools

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from cnnkit.arguments import lesson
from cnnkit.plots._style import ACCENT, INK, heading, sheet, short
from cnnkit.plots.pictures import Picture, Row, checked_alt, svg

_BLUE, _ORANGE, _VIOLET, _GREEN = "#2f7fd1", "#e8590c", "#7a5cc9", "#1b8a6b"
# Lines on one chart differ in colour and in dashes.
_LINES = ((_BLUE, "-"), (_ORANGE, "--"), (_VIOLET, "-."), (_GREEN, ":"))


def curves(x, functions, *, alt=None, xlabel="x", ylabel="", log2=False, points=None, width=420):
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
    log2 : bool, default False
        As far from 1 to 2 as from 16 to 32, a tick at each `x`: for what doubles.
    points : dict of str to tuple of float, optional
        Words and place ``(x, y)`` of dots on the curves; the words stand above and to the right.
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
        If there are no curves, or more than four, or `log2` is to draw what is not above zero.
    """
    alt = checked_alt(alt)
    lines = _lines_for("curves", functions)
    figure = Figure(figsize=(width / 72, width / 72 * 0.6), layout="constrained")
    axes = figure.subplots()
    for (name, values), (colour, dash) in zip(functions.items(), lines, strict=True):
        axes.plot(x, values, dash, color=colour, label=name, linewidth=2.5)
    _theme(axes, xlabel, ylabel)
    if log2:
        _double(axes, x)
    elif np.asarray(x).dtype.kind in "iu":  # such as epochs
        axes.xaxis.set_major_locator(MaxNLocator("auto", integer=True))
    for words, place in (points or {}).items():
        axes.plot(*place, "o", color=ACCENT, ms=9, mec=INK, clip_on=False)
        _note(axes, words, place, (8, 6), size=13)
    axes.legend(labelcolor=INK, frameon=False, fontsize=13)
    return Picture(svg(figure, width), alt)


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
        If there is nothing to draw, a panel does not have one value for each label, or a value is
        below zero.
    """
    alt = checked_alt(alt)
    panels = {title: np.asarray(values, float) for title, values in panels.items()}
    if not panels or not len(labels):
        given = f"{len(panels)} panels and {len(labels)} labels"
        raise lesson(given, "at least one of each", 'Pass {"title": [1, 2]} and ["a", "b"].')
    for title, values in panels.items():
        _check_bars(title, values, labels)
    limit = limit or max(values.max() for values in panels.values()) or 1
    drawn = [
        heading(title) + _panel_of_bars(values, labels, mark, limit, width)
        for title, values in panels.items()
    ]
    return Row(drawn, alt)


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
    alt = checked_alt(alt)
    figure, axes = _rows(runs, xlabel, width)
    if reference is not None:
        axes.axvline(reference, color=INK, lw=1, ls="--")
    for place, (name, values) in enumerate(runs.items()):
        values = np.asarray(values, float)
        if values.ndim != 1 or not values.size:
            given, wanted = f"{name!r} has shape {values.shape}", "a line of values, at least one"
            raise lesson(given, wanted, "Pass one number for each run.")
        axes.plot([values.min(), values.max()], [place] * 2, color=_BLUE, lw=2, alpha=0.5)
        axes.plot(values, [place] * len(values), "o", color=_BLUE, ms=8, mec="none")
        axes.plot(values.mean(), place, "|", color=ACCENT, ms=18, mew=3)
    return Picture(svg(figure, width), alt)


def intervals(gains, *, alt=None, xlabel="", limit=None, width=460):
    """Draw the interval in which each gain is said to lie, and a line at no gain.

    Each name has a row, with a bar for its interval and a dot in the middle. The dot is hollow
    where zero lies within, so that neither a gain nor a loss is shown.

    Parameters
    ----------
    gains : dict of str to tuple of float
        Name and ends ``(low, high)`` of each row, from the top down.
    alt : str
        What the picture shows.
    xlabel : str
        Name of the axis.
    limit : float, optional
        Where the axis ends. An interval that lies beyond it is an arrow, with its ends in words.
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
        If a row has no two ends, the lower one first.
    """
    alt = checked_alt(alt)
    figure, axes = _rows(gains, xlabel, width)
    axes.axvline(0, color=INK, lw=1, ls="--")
    end = np.inf if limit is None else limit
    for place, (name, ends) in enumerate(gains.items()):
        ends = np.asarray(ends, float)
        if ends.shape != (2,) or not ends[0] <= ends[1]:
            given, wanted = f"{name!r} has {ends.tolist()}", "two ends, the lower one first"
            raise lesson(given, wanted, "Pass (low, high) for each row.")
        low, high = ends
        if high > end:
            axes.plot(end, place, ">", color=_BLUE, ms=9, clip_on=False)
            told = f"{short(round(low))} to {short(round(high))}"
            _note(axes, told, (end, place), (-9, 0), size=13, ha="right", va="center")
            continue
        axes.plot([low, high], [place] * 2, color=_BLUE, lw=4, alpha=0.5)
        filled = {} if low > 0 or high < 0 else {"mfc": "white"}
        axes.plot((low + high) / 2, place, "o", color=_BLUE, ms=8, mew=2, **filled)
    if limit is not None:
        axes.set_xlim(right=limit)
    return Picture(svg(figure, width), alt)


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
        If there are no devices, or more than four, or a number is not above zero.
    """
    alt = checked_alt(alt)
    lines = _lines_for("devices", devices)
    smallest = min(*itertools.chain.from_iterable(devices.values()), *layers.values())
    if smallest <= 0:
        remedy = "Leave out what has no operations or moves no bytes."
        raise lesson(f"{smallest} is one of the numbers", "numbers above 0", remedy)
    figure = Figure(figsize=(width / 72, width / 72 * 0.75))
    axes = figure.add_axes((0.14, 0.15, 0.84, 0.83))
    _theme(axes, "operations for each byte", "operations a second")
    # Left of its corner a device waits for memory, right of it for arithmetic.
    corners = [peak / bandwidth for peak, bandwidth in devices.values()]
    told = [*layers.values(), *corners]
    intensities = np.geomspace(min(told) / 3, max(told) * 5)
    for (name, (peak, bandwidth)), (colour, dash) in zip(devices.items(), lines, strict=True):
        bent = np.sort([*intensities, peak / bandwidth])
        roof = np.minimum(peak, bent * bandwidth)
        axes.plot(bent, roof, dash, color=colour, lw=2.5, label=name)
        for intensity in layers.values():
            axes.plot(intensity, min(peak, intensity * bandwidth), "o", color=colour, ms=8)
    axes.set(xscale="log", yscale="log", xlim=(intensities[0], intensities[-1]))
    axes.minorticks_off()
    low, high = axes.get_ylim()
    foot = low / 30  # room for the layers' names below the lines, for the devices' above
    axes.set_ylim(foot, high * 20)
    for name, intensity in layers.items():
        axes.axvline(intensity, color=INK, lw=0.7, ls=":", alpha=0.7)
        _note(axes, name, (intensity, foot), (-3, 4), rotation=90, ha="right", va="bottom")
    axes.legend(labelcolor=INK, frameon=False, fontsize=13, loc="upper left")
    return Picture(svg(figure, width), alt)


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
    alt = checked_alt(alt)
    shapes = list(shapes)
    for shape in shapes:
        if len(shape) not in (1, 3):
            wanted = "maps (C, H, W) or a dense layer (N,)"
            raise lesson(f"the shape {shape}", wanted, "Leave out the batch: shape[1:].")
    maps = [shape for shape in shapes if len(shape) == 3]
    if not maps:
        remedy = "Begin with the shape of the input, such as (1, 28, 28)."
        raise lesson(f"the shapes {shapes}", "at least one of maps, (C, H, W)", remedy)

    figure, axes = sheet(width, 2.2 * 72, left=14, right=14)
    axes.set_axis_off()
    highest = np.sqrt(max(columns for _, _, columns in maps))
    sizes = [_box_of(shape, highest) for shape in shapes]
    heights, thicknesses = zip(*sizes, strict=True)
    gap = np.mean(thicknesses) / 2
    left = 0.0
    number_before = side_before = None
    for shape, height, thickness in zip(shapes, heights, thicknesses, strict=True):
        left += gap
        number, side = shape[0], (shape[1] if len(shape) == 3 else None)
        dense = side is None
        look = {"color": _VIOLET, "hatch": "//"} if dense else {"color": _BLUE}
        axes.bar(left, height, thickness, -height / 2, align="edge", alpha=0.75, ec=INK, **look)
        middle = left + thickness / 2
        if number != number_before:
            _note(axes, f"{number}", (middle, height / 2), (0, 5), ha="center", va="bottom")
        if not dense and side != side_before:
            _note(axes, f"{side}", (middle, -height / 2), (0, -5), ha="center", va="top")
        number_before, side_before = number, side
        left += thickness
    top = highest / 2 * 1.3
    axes.set(xlim=(0, left + gap), ylim=(-top, top))
    return Picture(svg(figure, width), alt)


def _lines_for(kind, names):
    """Return a colour and dashes for each name."""
    if not 1 <= len(names) <= len(_LINES):
        wanted = f"1 to {len(_LINES)}, which colours and dashes can tell apart"
        raise lesson(f"{len(names)} {kind}", wanted, "Draw a second picture for the others.")
    return _LINES[: len(names)]


def _theme(axes, xlabel, ylabel=""):
    """Draw an axis in the ink of the page, open above and to the right."""
    axes.set_xlabel(xlabel, color=INK, size=14)
    axes.set_ylabel(ylabel, color=INK, size=14)
    axes.tick_params(colors=INK, labelsize=12)
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[["left", "bottom"]].set_color(INK)
    axes.patch.set_visible(False)


def _rows(names, xlabel, width):
    """Return a figure and its axes, with a row for each name, from the top down."""
    margin = 14 + 8 * max(map(len, names), default=0)
    figure, axes = sheet(width, 26 * len(names) + 58, left=margin, right=12, bottom=50, top=4)
    _theme(axes, xlabel)
    axes.xaxis.label.set(ha="right", x=1)  # beginning, where it is long, under the names
    axes.set(ylim=(len(names) - 0.5, -0.5), yticks=[])
    axes.spines["left"].set_visible(False)
    beside = {"ha": "right", "va": "center", "xycoords": ("axes fraction", "data")}
    for place, name in enumerate(names):
        _note(axes, name, (0, place), (-7, 0), size=13, **beside)
    return figure, axes


def _double(axes, x):
    """Let each doubling take the same room, and write every x below the axis."""
    smallest = np.min(x)
    if smallest <= 0:
        given, wanted = f"{smallest} is one of the x", "numbers above 0, which can double"
        raise lesson(given, wanted, "Leave out log2=True.")
    axes.set_xscale("log", base=2)
    axes.set_xticks(x, [short(value) for value in x])
    axes.minorticks_off()


def _note(axes, words, place, shift, size=12, **how):
    """Write words beside a place, so many points to the right of it and up."""
    axes.annotate(words, place, shift, color=INK, size=size, textcoords="offset points", **how)


def _check_bars(title, values, labels):
    """Refuse values that are no bars."""
    if values.shape != (len(labels),):
        given = f"panel {title!r} has values of shape {values.shape}"
    elif not (values >= 0).all():
        given = f"panel {title!r} holds {values.min()}"
    else:
        return
    wanted = f"one value of at least 0 for each of the {len(labels)} labels"
    raise lesson(given, wanted, "Lengths begin at 0: draw what can be below it with curves().")


def _panel_of_bars(values, labels, mark, limit, width):
    """Draw one panel of bars, from the first label down."""
    margin = 12 + 8 * max(len(str(label)) for label in labels)
    figure, axes = sheet(width, 22 * len(labels) + 4, left=margin, right=50)
    axes.set(xlim=(0, limit), ylim=(len(labels) - 0.5, -0.5))
    axes.set_axis_off()
    axes.axvline(0, color=INK, lw=1, clip_on=False)
    for place, (label, value) in enumerate(zip(labels, values, strict=True)):
        if place == mark:
            colour, edge, weight = ACCENT, INK, "bold"
        else:
            colour, edge, weight = _BLUE, "none", "normal"
        axes.barh(place, value, 0.7, color=colour, ec=edge, lw=1.2, clip_on=False)
        words = {"size": 13, "weight": weight, "va": "center_baseline"}
        _note(axes, label, (0, place), (-7, 0), ha="right", **words)
        _note(axes, short(round(value, 3)), (value, place), (5, 0), **words)
    return svg(figure, width)


def _box_of(shape, highest):
    """Return the height and the thickness of a layer; `highest` is the root of the largest side."""
    if len(shape) == 1:
        return highest * np.log2(shape[0]) / 14, 5.0
    return np.sqrt(shape[1]), np.log2(1 + shape[0])
