"""The file form of the zoo: answers that are changes of others, and how often they are judged."""

import pytest
import zoo

FILE = """\
# What the doctor ordered.

# %% base: sum of two
def double(x):
    total = 0
    for _ in range(2):
        total += x
    return total


# %% wrong: thrice
# loses 2: That is x times three
# base: sum of two
# change: range(2) => range(3)


# %% wrong: twice thrice
# loses 1.5: six: not two
# base: thrice
# change: return total => total *= 2 \\n return total


# %% right: unrolled
# base: sum of two
# change: for _ in range(2): \\n total += x => if True: \\n     total += x \\n     total += x
# change: total = 0 => total = x - x


# %% right: at once
def double(x):
    return 2 * x
"""


@pytest.fixture
def read(tmp_path):
    """Read answers from a text."""

    def read(text):
        (tmp_path / "double.py").write_text(text, encoding="utf8")
        return zoo.read_answers(tmp_path / "double.py")

    return read


def test_answers_are_written_out(read):
    answers = read(FILE)
    assert [answer[:4] for answer in answers] == [
        ("wrong", "thrice", 2.0, "That is x times three"),
        ("wrong", "twice thrice", 1.5, "six: not two"),
        ("right", "unrolled", 0.0, ""),
        ("right", "at once", 0.0, ""),
    ]
    results = []
    for answer in answers:
        space = {}
        exec(answer.code, space)
        results.append(space["double"](5))
    assert results == [15, 30, 10, 10]
    assert "    if True:\n        total += x\n        total += x\n    return" in answers[2].code


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ("total += y => total -= y", "'total [+]= y' is 0 times, not once"),
        ("total => sum", "'total' is 3 times, not once"),
        ("1, 1 => 2, 1", "'1, 1' is 2 times, not once"),  # the middle 1 belongs to both
        ("total += x", "a change is written OLD => NEW"),
    ],
)
def test_what_a_change_replaces_is_there_exactly_once(change, told):
    code = "def f(x):\n    total = 1, 1, 1\n    total += x\n    return total\n"
    with pytest.raises(AssertionError, match=told):
        zoo.changed(code, change)


def test_a_change_may_leave_nothing():
    assert zoo.changed("    return total / 2\n", " / 2 =>") == "    return total\n"
    assert zoo.changed("    a\n    b\n    c\n", r"a \n b => a") == "    a\n    c\n"


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("# base: sum of two\n# change: range(2)", "# change: range(2)", "changes of which base"),
        ("# base: thrice", "# base: four times", "there is no base 'four times'"),
        ("# change: range(2) => range(3)", "", "either code of its own, or changes"),
        ("# change: range(2) => range(3)", "pass", "changes of which base"),
        ("# loses 2: That is x times three\n", "", "what does it lose"),
        ("# %% right: at once\n", "# %% right: at once\n# loses 1: Why\n", "what does it lose"),
        ("wrong: twice thrice", "wrong: thrice", "wrong: thrice"),
        ("right: at once", "rigth: at once", "rigth: at once"),
    ],
)
def test_a_file_that_says_too_little_or_too_much(read, old, new, told):
    with pytest.raises(AssertionError, match=told):
        read(FILE.replace(old, new, 1))


def test_answers_are_judged_fifty_times_or_as_often_as_one_asks(monkeypatch):
    assert (zoo.draws("relu"), zoo.draws("predict_image"), zoo.draws("train")) == (50, 10, 1)
    monkeypatch.setenv("CNNKIT_DRAWS", "1000")
    assert (zoo.draws("relu"), zoo.draws("predict_image"), zoo.draws("train")) == (1000, 200, 1)


def test_what_is_judged_less_often_is_a_function_of_the_course():
    assert set(zoo.SLOWER) <= {function for points in zoo.CONTRACT.values() for function in points}
