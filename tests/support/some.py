"""Of a long list some, which every run of the tests tries; the rest runs with the slow tests."""

import pytest


def some(values, quick):
    """Make parameters of all values; those not among `quick` are marked slow."""
    values = list(values)
    assert not set(quick) - set(values), f"{set(quick) - set(values)} is no longer in the list"
    return [v if v in quick else pytest.param(v, marks=pytest.mark.slow) for v in values]
