"""From a Matplotlib figure to a picture of the page: small SVG in its colours, with words."""

import base64
import html
import io
import itertools
import re

import matplotlib as mpl
import numpy as np
from PIL import Image

from cnnkit.arguments import lesson
from cnnkit.plots._style import INK

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

    Raises
    ------
    TypeError
        If ``alt`` is no sentence.
    """

    _layout = "display:flex;flex-wrap:wrap;gap:.6em 1em;align-items:center"

    def __init__(self, body, alt, caption="", controls=""):
        self.body = body
        self.alt = checked_alt(alt)
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
            f'{self.controls}<div role="img" aria-label="{html.escape(self.alt)}" '
            f'style="{self._layout}">{self.body}</div>{caption}</figure>'
        )

    def __repr__(self):
        return f"Picture: {self.alt}"


class Row(Picture):
    """Panels side by side; those that need several lines share them out evenly.

    A browser balances lines of text, so the panels stand in a line of text, like words. The last
    of ten does not end up alone.

    Parameters
    ----------
    panels : list of str
        The markup of each.
    alt : str
        What the picture shows.

    Raises
    ------
    TypeError
        If ``alt`` is no sentence.
    """

    _layout = "text-align:left;text-wrap:balance;word-spacing:.7em"

    def __init__(self, panels, alt):
        word = "display:inline-block;vertical-align:middle;max-width:100%;margin:.3em 0"
        words = [f'<div style="{word};word-spacing:normal">{panel}</div>' for panel in panels]
        super().__init__(" ".join(words), alt)


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
    alt = checked_alt(alt)
    return Picture(svg(figure, width), alt)


def checked_alt(alt):
    """Return the words for someone who cannot see the picture; refuse what says too little."""
    if isinstance(alt, str) and len(alt.split()) >= 3:
        return alt
    wanted = "a sentence that says what the picture shows, for readers who cannot see it"
    example = 'alt="A bright 4 on a dark ground, with its 24 pixel values written in."'
    raise TypeError(str(lesson(f"alt={alt!r}", wanted, f"Write, for example, {example}")))


def fresh_name():
    """Return a name that no other figure has, for what the page must tell apart."""
    return f"cnnkit{next(_figure_numbers)}"


def svg(figure, width=None):
    """Return the figure as compact inline SVG that no other figure on the page can disturb."""
    markup = _written_by_matplotlib(figure)
    # Matplotlib's style sheet says `*`: inline it would restyle the whole page.
    aside = r"<metadata>.*?</metadata>|<style.*?</style>|<!--.*?-->"
    markup = re.sub(aside, "", markup, flags=re.DOTALL)
    markup = _as_wide_as_the_page_allows(markup, width)
    markup = re.sub(r"data:image/png;base64,([^\"]+)", _smaller_raster, markup)
    markup = re.sub(r"font-family: [^;\"]+; ", "", markup)  # The page's own letters.
    markup = re.sub(r' transform="rotate\(-0 [^)]*\)"', "", markup)
    markup = markup.replace("xlink:href", "href").replace(INK, "currentColor")
    return re.sub(r"\s*\n\s*", " ", _own_ids(markup))


def _written_by_matplotlib(figure):
    """Return the figure's <svg> element, the same for the same figure, its text as text."""
    stream = io.StringIO()
    with mpl.rc_context({"svg.fonttype": "none", "svg.hashsalt": "cnnkit"}):
        figure.savefig(stream, format="svg", transparent=True, metadata={"Date": None})
    document = stream.getvalue()
    return document[document.index("<svg") :]


def _as_wide_as_the_page_allows(markup, width):
    """Give the drawing its width on the page; without one, Matplotlib's own."""
    box = re.findall(r'viewBox="(.*?)"', markup)[0]
    shown = round(width or float(box.split()[2]))
    opening = (
        f'<svg viewBox="{box}" aria-hidden="true" style="width:{shown}px;max-width:100%;'
        'height:auto;display:inline-block;stroke-linejoin:round;stroke-linecap:butt">'
    )
    return re.sub(r"<svg.*?>", opening, markup, count=1, flags=re.DOTALL)


def _smaller_raster(match):
    """Store a photograph as WebP, and a small image as a PNG without its unused channels."""
    stored = io.BytesIO(base64.b64decode(match[1]))
    pixels = np.array(Image.open(stored).convert("RGBA"))
    if (pixels[:, :, 3] == 255).all():
        pixels = pixels[:, :, :3]
        if (pixels == pixels[:, :, :1]).all():
            pixels = pixels[:, :, 0]
    smaller = io.BytesIO()
    if min(pixels.shape[:2]) >= _PHOTO_SIDE:
        kind = "webp"
        Image.fromarray(pixels).save(smaller, kind, quality=78, method=6)
    else:
        kind = "png"
        Image.fromarray(pixels).save(smaller, kind, optimize=True)
    return f"data:image/{kind};base64,{base64.b64encode(smaller.getvalue()).decode()}"


def _own_ids(markup):
    """Keep only the ids that something points at, with a prefix that no other figure has."""
    prefix = f"{fresh_name()}-"
    used = set(re.findall(r'(?:url\(|href=")#([^)"]+)', markup))

    def renamed(found):
        return f' id="{prefix}{found[1]}"' if found[1] in used else ""

    markup = re.sub(r' id="([^"]+)"', renamed, markup)
    return re.sub(r'(url\(|href=")#', rf"\1#{prefix}", markup)
