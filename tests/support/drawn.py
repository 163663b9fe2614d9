"""Digits typed by hand, stroke by stroke, and varied at random: what people draw in a widget."""

import numpy as np


def arc(cx, cy, rx, ry, start, end):
    """Points on an ellipse; 0 is right, a quarter turn is down (y grows downwards)."""
    turns = np.linspace(start, end, 24) * 2 * np.pi
    return [(cx + rx * np.cos(t), cy + ry * np.sin(t)) for t in turns]


# Ways to write each digit, in a box of 1 × 1.
DIGITS = {
    0: [[arc(0.5, 0.5, 0.36, 0.5, -0.25, 0.75)], [arc(0.5, 0.5, 0.26, 0.5, -0.2, 0.8)]],
    1: [[[(0.5, 0), (0.5, 1)]], [[(0.28, 0.25), (0.52, 0), (0.52, 1)]]],
    2: [
        [[*arc(0.5, 0.28, 0.34, 0.28, 0.5, 1.05), (0.12, 1), (0.9, 1)]],
        [[(0.15, 0.18), *arc(0.48, 0.25, 0.34, 0.25, 0.6, 1.1), (0.15, 0.97), (0.88, 0.95)]],
    ],
    3: [
        [[*arc(0.45, 0.25, 0.33, 0.25, 0.6, 1.25), *arc(0.45, 0.74, 0.38, 0.26, 0.75, 1.42)]],
        [[(0.15, 0), (0.8, 0), (0.42, 0.4), *arc(0.45, 0.7, 0.36, 0.3, 0.8, 1.4)]],
    ],
    4: [
        [[(0.2, 0), (0.08, 0.58), (0.92, 0.58)], [(0.68, 0.15), (0.66, 1)]],
        [[(0.66, 1), (0.66, 0), (0.05, 0.66), (0.95, 0.66)]],
    ],
    5: [
        [[(0.85, 0), (0.25, 0), (0.2, 0.42), *arc(0.45, 0.68, 0.37, 0.31, 0.72, 1.4)]],
        [[(0.25, 0), (0.2, 0.45), *arc(0.45, 0.68, 0.38, 0.3, 0.75, 1.38)], [(0.25, 0), (0.85, 0)]],
    ],
    6: [
        [[(0.68, 0), (0.36, 0.3), *arc(0.5, 0.7, 0.3, 0.29, 0.5, -0.5)]],
        [[(0.58, 0), (0.25, 0.5), *arc(0.5, 0.74, 0.3, 0.25, 0.48, -0.52)]],
    ],
    7: [
        [[(0.1, 0), (0.9, 0), (0.4, 1)]],
        [[(0.1, 0.03), (0.9, 0), (0.4, 1)], [(0.3, 0.5), (0.8, 0.5)]],
    ],
    8: [
        [arc(0.5, 0.24, 0.28, 0.24, 0.25, 1.25) + arc(0.5, 0.74, 0.34, 0.26, 0.75, 1.75)],
        [
            [
                *arc(0.5, 0.26, 0.3, 0.25, -0.1, -0.6),
                *arc(0.5, 0.76, 0.33, 0.25, -0.12, 0.62),
                *arc(0.5, 0.26, 0.3, 0.25, 0.1, -0.1),
            ]
        ],
    ],
    9: [
        [[*arc(0.45, 0.28, 0.32, 0.28, 0.0, -1.0), (0.77, 0.28), (0.7, 1)]],
        [[*arc(0.48, 0.27, 0.32, 0.27, -0.08, -1.0), (0.8, 0.3), (0.72, 0.75), (0.4, 1)]],
    ],
}


def drawings(count, rng):
    """Draw each digit `count` times: another way, place, size, slant and an unsteady hand."""
    for digit, ways in DIGITS.items():
        for number in range(count):
            turn, slant = rng.normal(0, 0.09), rng.normal(0, 0.12)
            wide, tall = rng.uniform(7, 17), rng.uniform(12, 21)
            left, top = rng.uniform(1, 26 - wide), rng.uniform(1, 26 - tall)
            shake = rng.normal(0, 0.35, (2, 4))
            strokes = []
            for way in ways[number % len(ways)]:
                line = np.array(way) - 0.5
                dense = np.linspace(0, len(line) - 1, 40)
                line = np.stack([np.interp(dense, range(len(line)), axis) for axis in line.T])
                x, y = line[0] + slant * line[1], line[1]
                x, y = np.cos(turn) * x - np.sin(turn) * y, np.sin(turn) * x + np.cos(turn) * y
                waves = np.sin(np.outer([1, 2, 3, 5], np.linspace(0, 2, 40)) + shake.T[:, :1])
                x, y = left + wide * (x + 0.5), top + tall * (y + 0.5)
                x, y = x + shake[0] @ waves, y + shake[1] @ waves
                strokes.append(np.clip(np.stack([x, y], 1), 0.5, 27.5).round(2).tolist())
            yield digit, strokes
