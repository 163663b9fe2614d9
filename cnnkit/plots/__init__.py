"""Pictures for the course: a few small functions that show arrays as what they are.

Each returns a :class:`Picture`, which a notebook displays as inline SVG. Lines and text are drawn
in ``currentColor``, so a picture follows the light or dark theme of the page around it, and the
panels of a row wrap on a narrow screen. Every picture needs ``alt``: one or two sentences for
someone who cannot see it.

``show`` draws one array, ``row`` several side by side, ``channels`` a colour image taken apart,
``slide`` one step of a convolution, ``walk`` all its steps as an animation, ``curves`` functions
of one variable, ``bars`` one number a label, ``spread`` several runs a label, ``intervals`` how far
each gain is to be trusted, ``roofline`` what limits a layer on a device, ``network`` the maps of a
network, layer by layer; ``picture`` turns any Matplotlib figure of your own into the same kind of
object.

The rooms: ``pictures`` makes a page's picture of a figure, ``arrays`` draws arrays, ``walks`` the
way of a window in CSS alone, ``charts`` numbers along axes. They share ``_style``.
"""

from cnnkit.plots._style import ACCENT as ACCENT
from cnnkit.plots._style import INK as INK
from cnnkit.plots.arrays import SIGNED as SIGNED
from cnnkit.plots.arrays import channels, row, show, slide
from cnnkit.plots.charts import bars, curves, intervals, network, roofline, spread
from cnnkit.plots.pictures import Picture, picture
from cnnkit.plots.walks import walk

__all__ = [
    "Picture",
    "bars",
    "channels",
    "curves",
    "intervals",
    "network",
    "picture",
    "roofline",
    "row",
    "show",
    "slide",
    "spread",
    "walk",
]
