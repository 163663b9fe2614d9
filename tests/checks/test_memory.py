"""What lies in memory decides nothing: an array that nobody has filled is told."""

import subprocess
import sys

import numpy as np
import pytest

from cnnkit import checks
from cnnkit.checks.memory import never_written, unwritten


def told(answer, expected, capsys, kind="part"):
    marks = checks.Marks("f", points=4)
    with getattr(marks, kind)("a part") as part:
        part.compare(answer(), expected)
    return marks.total(), " ".join(capsys.readouterr().out.split())


@pytest.mark.parametrize("kind", ["f2", "f4", "f8", "i4", "i8", "u4"])
@pytest.mark.parametrize(
    "answer",
    [
        lambda kind: np.empty(3, kind),
        lambda kind: np.empty_like(np.ones((3,), kind)),
        lambda kind: np.concatenate([np.zeros(2, kind), np.empty(1, kind)]),
        lambda kind: np.empty((3, 3), kind, order="F")[:, 0],
    ],
)
def test_whatever_is_never_written_is_told_so(answer, kind, capsys):
    for part in ("part", "hidden"):
        score, words = told(lambda: answer(kind), np.zeros(3), capsys, part)
        assert score == 0 and "never written to" in words


@pytest.mark.parametrize("answer", [lambda e: e + 1, lambda e: e * 0, lambda e: np.maximum(e, 0)])
def test_what_is_computed_from_it_is_told_too(answer, capsys):
    score, words = told(lambda: answer(np.empty(3)), np.zeros(3), capsys)
    assert score == 0 and "never written to" in words


@pytest.mark.parametrize("kind", ["bool", "u1", "i2", "c16"])
def test_of_types_that_cannot_tell_it_is_wrong_all_the_same(kind):
    with unwritten():
        made = np.empty(4, kind)
    assert not np.array_equal(made, np.zeros(4)) and not np.array_equal(made, np.ones(4))


def test_a_nan_of_ones_own_is_another_one(capsys):
    with np.errstate(all="ignore"):
        score, words = told(lambda: np.zeros(3) / np.zeros(3), np.zeros(3), capsys)
    assert score == 0 and "divided by zero" in words and "np.empty" not in words
    assert not never_written(np.array([np.nan, np.inf]))


def test_whoever_fills_every_place_is_right(capsys):
    def answer():
        result = np.empty((2, 3))
        result[0], result[1] = 1, 2
        return result

    assert told(answer, [[1, 1, 1], [2, 2, 2]], capsys)[0] == 4


def test_afterwards_all_is_as_before():
    import torch

    before = np.empty, np.empty_like, torch.get_deterministic_debug_mode(), len(sys.meta_path)
    with pytest.raises(KeyError), unwritten():
        assert np.isnan(np.empty(1)) and torch.isnan(torch.empty(1))
        raise KeyError
    after = np.empty, np.empty_like, torch.get_deterministic_debug_mode(), len(sys.meta_path)
    assert after == before


def test_pytorch_is_told_when_an_answer_loads_it():
    code = (
        "import sys\n"
        "from cnnkit.checks.memory import unwritten\n"
        "with unwritten():\n"
        "    assert 'torch' not in sys.modules\n"
        "    import torch\n"
        "    assert torch.isnan(torch.empty(3)).all() and torch.isnan(torch.Tensor(2, 3)).all()\n"
        "assert torch.get_deterministic_debug_mode() == 0\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
