"""What the rooms of ``plots`` share: two colours, small pieces of markup, a figure in pixels."""

import html

import numpy as np
from matplotlib.figure import Figure

# Text and lines are drawn in this colour, which nothing else uses, and then renamed currentColor.
INK = "#010203"
ACCENT = "#f76707"


def short(value):
    """Write a number as briefly as a pixel allows; nothing for nan.

    >>> short(0.25), short(-1.0), short(1 / 3), short(1e6), short(float("nan"))
    ('0.25', '−1', '0.3333', '1e+06', '')
    """
    return "" if np.isnan(value) else f"{value:.4g}".replace("-", "−")


def heading(title):
    """Return the line above a panel."""
    return f'<div style="font-size:.85em">{html.escape(title)}</div>'


def after(sign, panel):
    """Put an operator before a panel; the two stay together when the row wraps."""
    return (
        '<div style="display:flex;gap:1em;align-items:center;max-width:100%">'
        f'<div style="font-size:1.6em">{sign}</div>{panel}</div>'
    )


def sheet(width, height, *, left=0, right=0, bottom=0, top=0):
    """Return a figure and its axes; all lengths, and the margins around the axes, in CSS pixels."""
    figure = Figure(figsize=(width / 72, height / 72))
    inner_width, inner_height = 1 - (left + right) / width, 1 - (bottom + top) / height
    return figure, figure.add_axes((left / width, bottom / height, inner_width, inner_height))
