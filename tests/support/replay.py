"""What the tests of an exercise compare, recorded from the reference solution, to play it again."""

import contextlib
import functools
import io
import itertools
from typing import NamedTuple
from unittest import mock

import numpy as np
from paths import ROOT

from cnnkit.checks import Marks, Part, Wrong
from cnnkit.checks.causes import EXERCISES
from cnnkit.grading import source
from cnnkit.study.cells import function_of, grade_id


class Comparison(NamedTuple):
    """One call of `compare` and its like, in one part of a test."""

    kind: str
    key: str  # whose causes are looked at
    cases: list  # the inputs that a misunderstanding gets, of each case
    expected: list
    tolerance: dict


class Recorded(NamedTuple):
    """One part of a test."""

    function: str
    title: str
    hidden: bool
    comparisons: list


def recording(parts):
    """Make a class of parts that note what they compare, for `Marks` to use."""

    class Recording(Part):
        def __enter__(self):
            self.noted = []
            parts.append(Recorded(self.marks.name, self.title, self.hidden, self.noted))
            return super().__enter__()

        def note(self, kind, of, cases, expected, tolerance=None):
            key = self._causes(of)
            self.noted.append(Comparison(kind, key, cases, expected, tolerance or {}))

        def compare(self, answer, expected, *, of=None, about=None, tolerance=1e-5, **others):
            inputs = self.originals if about is None else about
            self.note("compare", of, [inputs], [expected], {"tolerance": tolerance})
            super().compare(answer, expected, of=of, about=about, tolerance=tolerance, **others)

        def compare_all(self, answers, expected):
            self.note("compare_all", None, *self.originals, expected)
            super().compare_all(answers, expected)

        def compare_pairs(self, answer, expected, *, of=None, **others):
            self.note("compare_pairs", of, [self.originals], [expected])
            super().compare_pairs(answer, expected, of=of, **others)

        def compare_named(self, answers, expected, *, about, tolerance):
            self.note("compare_named", None, about, list(expected), {"tolerance": tolerance})
            super().compare_named(answers, expected, about=about, tolerance=tolerance)

    return Recording


@contextlib.contextmanager
def same_draws():
    """Let unseeded random numbers be the same in each run."""
    seeded, seeds = np.random.default_rng, itertools.count()

    def default_rng(seed=None):
        return seeded(next(seeds) if seed is None else seed)

    with mock.patch.object(np.random, "default_rng", default_rng):
        yield


@functools.cache
def parts(exercise):
    """List the parts of an exercise's tests, as the reference solution goes through them."""
    found = []
    wanted = {key.partition(".")[0] for key in EXERCISES[exercise]}
    cells = source.notebook_from(source.assignments(ROOT)[exercise]).cells
    space = {"__name__": "__main__"}
    with (
        same_draws(),
        contextlib.redirect_stdout(io.StringIO()),
        mock.patch("cnnkit.checks.marks.Part", recording(found)),
    ):
        for cell in cells:
            if cell.cell_type == "code" and function_of(grade_id(cell)) in {"", *wanted}:
                exec(cell.source, space)
    return found


def told(part, key, misunderstood):
    """Let a part judge the answers of someone who misunderstood; give what it tells, or None.

    Where there are several things to compare, all but those of `key` are answered rightly.
    """
    for comparison in part.comparisons:
        if comparison.key == key:
            try:
                judge(part, comparison, misunderstood)
            except Wrong as wrong:
                return str(wrong)
    return None


def judge(part, comparison, misunderstood):
    """Call the function as a test does, and compare what it gives with what is right."""
    with contextlib.redirect_stdout(io.StringIO()):
        again = Part(Marks(part.function, 1), part.title, 1, 6, part.hidden)
    kind, _, cases, expected, tolerance = comparison
    answers = [misunderstood(*case) for case in cases]
    of = {"of": comparison.key.partition(".")[2]}
    if kind == "compare_all":
        again.given(cases)
        again.compare_all(answers, expected)
    elif kind == "compare_named":
        pairs = [pair for [pair] in answers]
        again.compare_named(pairs, expected, about=cases, **tolerance)
    else:
        again.given(*cases[0])
        getattr(again, kind)(answers[0], expected[0], **of, **tolerance)
