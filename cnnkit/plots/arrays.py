"""Arrays as what they are: tables of numbers, grey or coloured images, stacks of maps."""

import matplotlib as mpl
import numpy as np
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.patches import Rectangle

from cnnkit import naive
from cnnkit.arguments import lesson
from cnnkit.plots._style import ACCENT, INK, after, heading, sheet, short
from cnnkit.plots.pictures import Picture, Row, checked_alt, svg

# Orange below zero, blue above: told apart by every common kind of colour vision.
SIGNED = LinearSegmentedColormap.from_list("signed", ["#b35806", "#f7f7f7", "#2166ac"])
_TINTS = {"red": "#d62728", "green": "#2a9d3a", "blue": "#2f6fe0"}
_GRID = "#808080"
_LUMINANCE = [0.2126, 0.7152, 0.0722]


def show(
    image,
    *,
    alt=None,
    title=None,
    numbers=False,
    signed=False,
    mark=None,
    vmin=None,
    vmax=None,
    cell=None,
    width=None,
):
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
        The values drawn black and white. Default: 0 and 255 for bytes, else the smallest and the
        largest, with 0 between them.
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
    alt = checked_alt(alt)
    size = {"cell": cell, "width": width}
    return Picture(_panel(image, title, numbers, signed, mark, vmin, vmax, **size), alt)


def row(
    images,
    titles=None,
    *,
    alt=None,
    numbers=False,
    signed=False,
    marks=None,
    vmin=None,
    vmax=None,
    cell=None,
    width=None,
):
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
        As in :func:`show`, for every image. ``numbers`` and ``signed`` may be sequences, one for
        each image.
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
    alt = checked_alt(alt)
    images = list(images)
    titles = _one_each("titles", titles, images)
    marks = _one_each("marks", marks, images)
    signs = _one_each("signed", signed if np.ndim(signed) else [signed] * len(images), images)
    written = _one_each("numbers", numbers if np.ndim(numbers) else [numbers] * len(images), images)
    size = {"cell": cell, "width": width}
    panels = [
        _panel(image, title, number, sign, mark, vmin, vmax, **size)
        for image, title, number, sign, mark in zip(
            images, titles, written, signs, marks, strict=True
        )
    ]
    return Row(panels, alt)


def channels(image, *, alt=None, width=132):
    """Show a colour image and beside it how much red, green and blue each pixel holds.

    Parameters
    ----------
    image : ndarray of uint8, shape (H, W, 3)
    alt : str
        What the picture shows.
    width : int, default 132
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
    alt = checked_alt(alt)
    image = np.asarray(image)
    if image.ndim != 3 or image.shape[2] != 3:
        given, wanted = f"an array of shape {image.shape}", "a colour image of shape (H, W, 3)"
        raise lesson(given, wanted, "Move the channels last, or show() one channel.")
    panels = [_panel(image, "all three", width=width)]
    for index, (name, tint) in enumerate(_TINTS.items()):
        # From black over the tint to white: brighter always means more, also without colours.
        scale = LinearSegmentedColormap.from_list(name, ["#000000", tint, "#ffffff"])
        tinted = (scale(image[:, :, index])[:, :, :3] * 255).astype(np.uint8)
        panels.append(_panel(tinted, f"[:, :, {index}] {name}", width=width))
    return Row(panels, alt)


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
    alt = checked_alt(alt)
    image, kernel = np.asarray(image), np.asarray(kernel)
    output = naive.convolve(image, kernel)
    rows, columns = output.shape
    y, x = (rows - 1, columns - 1) if at is None else at
    if not (0 <= y < rows and 0 <= x < columns):
        wanted = f"a row and a column of the output, whose shape is {output.shape}"
        raise lesson(f"at={at}", wanted, "Leave it out for the last one.")
    height, width = kernel.shape
    so_far = output.astype(float)
    so_far[y, x + 1 :] = np.nan
    so_far[y + 1 :] = np.nan
    low, high = min(0.0, float(output.min())), float(output.max())
    body = (
        _panel(image, "image", True, mark=(y, x, height, width))
        + after("∗", _panel(kernel, "kernel", True, signed=True))
        + after("=", _panel(so_far, "output", True, mark=(y, x, 1, 1), vmin=low, vmax=high))
    )
    window = image[y : y + height, x : x + width]
    pairs = zip(window.ravel(), kernel.ravel(), strict=True)
    products = " + ".join(f"{short(a)}·{short(b)}" for a, b in pairs)
    return Picture(body, alt, f"{products} = {short(output[y, x])}")


def _one_each(name, values, images):
    """Return one value for each image, None where nothing was given."""
    if values is None:
        return [None] * len(images)
    if len(values) != len(images):
        given = f"{len(values)} {name} for {len(images)} images"
        raise lesson(given, f"as many {name} as images", f"Give each image one, or no {name}.")
    return values


def _panel(image, title=None, numbers=False, signed=False, mark=None, vmin=None, vmax=None, **size):
    """Return one image as HTML, its title above it."""
    image = np.asarray(image)
    drawing = _draw(image, numbers, mark, _scale(image, signed, vmin, vmax), **size)
    above = heading(title) if title else ""
    return f'<div style="text-align:center;max-width:100%">{above}{drawing}</div>'


def _scale(image, signed, vmin, vmax):
    """Return the colour map and the two values at its ends."""
    finite = image[np.isfinite(image)]
    if signed:
        given = max(abs(vmin or 0), abs(vmax or 0))
        largest = given or float(np.abs(finite.astype(float)).max(initial=0)) or 1
        return SIGNED, -largest, largest
    if image.dtype == np.uint8:
        low, high = 0.0, 255.0
    else:
        low, high = float(finite.min(initial=0)), float(finite.max(initial=0))
    low = low if vmin is None else vmin
    high = high if vmax is None else vmax
    return mpl.colormaps["gray"], low, high if high > low else low + 1


def _draw(image, numbers, mark, scale, cell=None, width=None):
    """Draw one array: a raster for the pixels, text for the numbers, lines for the frames."""
    if image.ndim not in (2, 3) or 0 in image.shape or (image.ndim == 3 and image.shape[2] != 3):
        given, wanted = f"an array of shape {image.shape}", "an image of shape (H, W) or (H, W, 3)"
        remedy = "Pick one image or channel of it, or move the channels last."
        raise lesson(given, wanted, remedy)
    height, columns = image.shape[:2]
    labels = [short(value) for value in image.ravel()] if numbers and image.ndim == 2 else []
    if width is None:
        width = (cell or _cell_for(labels, height, columns)) * columns
    cell = width / columns
    colours, low, high = scale

    rim = 2  # Room for the outer half of a frame, in pixels.
    across, down = width + 2 * rim, cell * height + 2 * rim
    figure, axes = sheet(across, down, left=rim, right=rim, bottom=rim, top=rim)
    axes.set_axis_off()
    raster = image if image.ndim == 3 else np.ma.masked_invalid(image)
    axes.imshow(raster, cmap=colours, vmin=low, vmax=high, interpolation="none", aspect="auto")
    _frame(axes, (0, 0, height, columns), INK, 1, alpha=0.5)
    if labels:
        _grid(axes, height, columns)
        _write(axes, labels, colours((image.astype(float) - low) / (high - low)))
    if mark is not None:
        _frame(axes, mark, "#000000", 6, alpha=0.5)
        _frame(axes, mark, ACCENT, 3.5)
    return svg(figure, across)


def _cell_for(labels, height, columns):
    """Return how wide a pixel must be: for its number, or for the whole image to be seen."""
    if labels:
        return 9 + 9 * max(3, *map(len, labels))
    return max(1, 160 / max(columns, height))


def _grid(axes, height, columns):
    """Draw thin lines between the pixels."""
    axes.vlines(np.arange(columns - 1) + 0.5, -0.5, height - 0.5, _GRID, lw=0.7, alpha=0.6)
    axes.hlines(np.arange(height - 1) + 0.5, -0.5, columns - 0.5, _GRID, lw=0.7, alpha=0.6)


def _write(axes, labels, colours):
    """Write each label into its pixel, black on light colours and white on dark ones."""
    height, columns = colours.shape[:2]
    light = np.power(colours[:, :, :3], 2.2) @ _LUMINANCE
    for label, (y, x) in zip(labels, np.ndindex(height, columns), strict=True):
        if label:
            ink = "black" if light[y, x] > 0.18 else "white"  # a contrast of 4.5 : 1 or more
            axes.text(x, y, label, color=ink, size=14, ha="center", va="center_baseline")


def _frame(axes, window, colour, line, alpha=1.0):
    """Draw the outline of a window of pixels."""
    y, x, height, width = window
    outline = Rectangle((x - 0.5, y - 0.5), width, height, fill=False, ec=colour, lw=line)
    outline.set(alpha=alpha, clip_on=False)
    axes.add_patch(outline)
