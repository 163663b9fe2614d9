"""Misunderstandings: found by name, each told by its own sentence, which stands in one line."""

import io
import itertools
import re
import tokenize

import pytest
import replay
import zoo
from paths import ANSWERS, ROOT

from cnnkit import checks
from cnnkit.checks import causes
from cnnkit.grading import source

KEYS = [(exercise, key) for exercise, lists in causes.EXERCISES.items() for key in lists]
MISUNDERSTANDINGS = [
    pytest.param(exercise, key, number, id=f"{exercise}-{key}-{number}")
    for exercise, key in KEYS
    for number in range(len(causes.EXERCISES[exercise][key]))
]
WRONG = [a for path in ANSWERS.glob("*/*.py") for a in zoo.read_answers(path) if a.kind == "wrong"]
SOURCES = [*ROOT.glob("cnnkit/checks/**/*.py"), *source.assignments(ROOT).values()]
LINES = [line for path in SOURCES for line in path.read_text("utf8").splitlines()]
# What an answer is told in the words of NumPy, PyTorch and Python.
OF_LIBRARIES = {
    "mat1 and mat2 shapes cannot be multiplied",
    "expected axis -1 of input shape to have value 1",
    "'NoneType' object is not callable",
    "object has no attribute 'weight'",
    "out of bounds",
}


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(("exercise", "key", "number"), MISUNDERSTANDINGS)
def test_who_misunderstands_is_told_how(exercise, key, number):
    """In at least one part of the exercise's own test, by this sentence and no other."""
    sentence, misunderstood = causes.EXERCISES[exercise][key][number]
    told = []
    for part in replay.parts(exercise):
        if any(comparison.key == key for comparison in part.comparisons):
            try:
                told.append(replay.told(part, key, misunderstood))
            except Exception as error:  # as the answer itself would
                told.append(f"stopped with {error!r}")
            if told[-1] == sentence:
                return
    pytest.fail(f"Nobody is told {sentence!r}; instead, part by part: {told}")


@pytest.mark.parametrize("exercise", causes.EXERCISES)
def test_each_list_of_causes_is_looked_at_by_a_test(exercise):
    compared = {c.key for part in replay.parts(exercise) for c in part.comparisons}
    assert compared == set(causes.EXERCISES[exercise])


def test_each_exercise_has_its_causes_and_they_are_found_by_its_name():
    assert list(causes.EXERCISES) == list(source.assignments(ROOT))


def test_no_function_takes_the_causes_of_another():
    mine, yours = {"loss": [("Yours is too large.", abs)]}, {"loss": [("It is missing.", abs)]}
    assert causes.merged([("05-softmax", mine), ("06-learning", {})]) == mine
    with pytest.raises(ValueError, match=r"'loss' stands in 05-softmax and in 09-new"):
        causes.merged([("05-softmax", mine), ("09-new", yours)])


@pytest.mark.parametrize(("exercise", "key"), KEYS)
def test_every_cause_is_one_or_more_whole_sentences_in_one_line(exercise, key):
    for sentence, misunderstood in causes.EXERCISES[exercise][key]:
        assert sentence[0].isupper() and sentence[-1] in ".?" and len(sentence) < 200
        assert callable(misunderstood)
        assert any(f'"{sentence}"' in line for line in LINES)


@pytest.mark.parametrize("name", causes.SENTENCES)
def test_a_sentence_that_a_test_tells_itself_is_found_by_its_name(name):
    assert any(f'"{getattr(checks, name)}"' in line for line in LINES)


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.stem)
def test_tests_tell_sentences_that_exist(path):
    for name in re.findall(r"\bchecks\.(\w+)", path.read_text("utf8")):
        assert hasattr(checks, name)


def test_a_sentence_that_does_not_exist():
    with pytest.raises(AttributeError, match="NO_HORIZONTAL"):
        _ = checks.NO_HORIZONTAL


@pytest.mark.parametrize("words", sorted({answer.words for answer in WRONG} - OF_LIBRARIES))
def test_what_an_answer_is_told_stands_in_one_line(words):
    fixed = re.sub(r"( an?)? (\w*(Error|\d\d)|\(.+\))$", "", words)  # without the value at its end
    assert any(fixed in line for line in LINES)


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.stem)
def test_no_message_is_cut_in_pieces(path):
    text = path.read_text("utf8")
    if path.suffix == ".md":
        cells = source.notebook_from(path).cells
        text = "\n".join(cell.source for cell in cells if cell.cell_type == "code")
    quiet = {tokenize.NL, tokenize.COMMENT}
    tokens = tokenize.generate_tokens(io.StringIO(text).readline)
    tokens = [token for token in tokens if token.type not in quiet]
    ends = {tokenize.STRING, getattr(tokenize, "FSTRING_END", tokenize.STRING)}
    starts = {tokenize.STRING, getattr(tokenize, "FSTRING_START", tokenize.STRING)}
    for before, after in itertools.pairwise(tokens):
        cut = before.type in ends and after.type in starts
        assert not cut, f"{path.name}: join {before.line.strip()} and {after.line.strip()}"
