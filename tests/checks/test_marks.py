"""The score keeper: fair to honest answers, deaf to others, silent in hidden parts."""

import contextlib
import os
import sys
import time

import numpy as np
import pytest

from cnnkit import checks
from cnnkit.checks.compare import same

IMAGE = np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])
KERNEL = np.array([[1.0, 0.0], [0.0, 10.0]])


def said(capsys):
    """Read what was printed, without the line breaks."""
    return " ".join(capsys.readouterr().out.split())


def told_by(answer, expected, capsys, *, name="convolve", hidden=False, given=(IMAGE, KERNEL)):
    """Judge one answer in one part; give the score and what was said."""
    marks = checks.Marks(name, points=4)
    with (marks.hidden if hidden else marks.part)("a case") as part:
        part.given(*given)
        part.compare(answer() if callable(answer) else answer, expected)
    return marks.total(), said(capsys)


@pytest.mark.parametrize("answer", [[[51.0, 62.0]], np.array([[51, 62]]), ((51, 62.0000001),)])
def test_right_answers_of_any_kind(answer, capsys):
    assert told_by(answer, [[51, 62]], capsys)[0] == 4


def test_what_is_no_number_is_no_measure_for_the_numbers_beside_it():
    nan, inf = np.nan, np.inf
    assert same(np.array([nan, 1.0]), np.array([nan, 1.000001]))
    assert not same(np.array([nan, 1.0]), np.array([nan, 1.1]))
    assert not same(np.array([inf, 1.0]), np.array([inf, 1.1]))
    assert not same(np.array([1.0, 1.0]), np.array([inf, 1.0]))


class Agrees:
    """Equal to everything."""

    def __eq__(self, other):
        return True

    def __array__(self, *_, **__):
        return np.array([[51.0, 62.0]])


class Sly(np.ndarray):
    """An array that says it has the right shape and values."""

    @property
    def shape(self):
        return (1, 2)

    def __eq__(self, other):
        return np.array(True)


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (None, "gave None back"),
        (Agrees(), "gave a Agrees back"),
        (np.zeros((1, 2)).view(Sly), "Every value of the result is zero"),
        (np.array([[None, {}]], dtype=object), "something other than plain numbers"),
        ("51 62", "gave a str back"),
        ([[51, 62], [1]], "different lengths"),
        (np.array([[np.nan, 62]]), "nan or inf"),
        (np.array([[51.0], [62.0]]), "axes have changed places"),
        (np.array([[51.0, 63.0]]), "At [0, 1] your result has 63; there it must be 62"),
        (-np.array([[51.0, 62.0]]), "but for the sign"),
        (np.array([[51.0, 62.0, 0.0]]), "hangs over the edge"),
        (np.array([[50.0]]), "the last position is missing"),
        (np.array([[[51.0, 62.0]]]), "extra axis of length 1"),
        (np.array([51.0, 62.0]), "too few axes"),
        (np.ones((2, 1, 2)), "too many axes"),
        (np.ones((4, 5)), "has the shape (4, 5); it must have (1, 2)"),
    ],
)
def test_wrong_answers_are_told_why(answer, words, capsys):
    score, told = told_by(answer, [[51, 62]], capsys)
    assert score == 0 and words in told


def test_hidden_parts_tell_no_number(capsys):
    for answer in ([[51, 63]], [[7.0]], np.ones((4, 5)), -np.array([[51.0, 62.0]])):
        score, told = told_by(answer, [[51, 62]], capsys, hidden=True)
        assert score == 0 and "wrong" in told
        spoken = told.replace("0 of 4 points", "")
        assert not any(digit in spoken for digit in "123456789"), told


def test_hidden_parts_drop_what_answers_print_and_say_in_exceptions(capsys):
    def curious():
        print("seen", IMAGE)
        raise KeyError(str(IMAGE))

    score, told = told_by(curious, [[51, 62]], capsys, hidden=True)
    assert score == 0 and "stopped with a KeyError." in told and "seen" not in told


def test_visible_parts_keep_what_is_printed_and_take_stderr_for_it(capsys):
    def talkative():
        print("here I am")
        print("careful", file=sys.stderr)
        return [[51, 62]]

    marks = checks.Marks("convolve", points=4)
    with marks.part("a case") as part:
        part.compare(talkative(), [[51, 62]])
    out, err = capsys.readouterr()
    assert marks.total() == 4 and "here I am" in out and "careful" in out and err == ""


def test_the_cause_of_a_flipped_kernel(capsys):
    score, told = told_by([[10 * 1 + 5, 10 * 2 + 6]], [[51, 62]], capsys)
    assert score == 0 and "Your kernel is flipped" in told


def test_changing_the_input_is_told_and_costs_only_where_asked(capsys):
    def relu(x):
        x[x < 0] = 0
        return x

    marks = checks.Marks("relu", points=2)
    for unchanged in (False, True):
        with marks.part("a case") as part:
            x = part.given(np.array([1.0, -1.0]))
            part.compare(relu(x), [1, 0], unchanged=unchanged)
    assert marks.total() == 1
    assert "your function changed the input" in said(capsys)


def test_an_endless_loop_costs_its_time_once(capsys):
    marks = checks.Marks("scale", points=2)
    start = time.process_time()
    for _ in range(3):
        with marks.part("a case", seconds=1) as part:
            while True:
                with contextlib.suppress(Exception):  # an answer that catches what it can
                    sum(range(1000))
            part.compare(1, 1)
    assert time.process_time() - start < 4
    assert marks.total() == 0
    assert said(capsys).count("is there a loop that never ends?") == 1


def test_an_answer_that_only_waits_is_stopped_by_the_clock(capsys):
    marks = checks.Marks("scale", points=2)
    with marks.part("a case", seconds=0.1) as part:
        time.sleep(30)
        part.compare(1, 1)
    assert marks.total() == 0 and "never ends" in said(capsys)


def test_a_missing_function_and_an_unwritten_one(capsys):
    marks = checks.Marks("scale", points=2)
    with marks.part("missing") as part:
        part.compare(scale(1), 1)  # noqa: F821
    with marks.part("unwritten") as part:
        raise NotImplementedError
    assert marks.total() == 0
    told = said(capsys)
    assert "There is no scale yet" in told and "Not written yet" in told


def test_a_part_that_compares_nothing_is_not_right(capsys):
    marks = checks.Marks("scale", points=2)
    with marks.part("empty"):
        pass
    assert marks.total() == 0


def test_an_interrupt_is_passed_on():
    marks = checks.Marks("scale", points=2)
    with pytest.raises(KeyboardInterrupt), marks.part("a case"):
        raise KeyboardInterrupt


def test_raises_wants_the_right_exception(capsys):
    marks = checks.Marks("output_size", points=4)
    for error in (ValueError("too large"), TypeError("other"), NotImplementedError(), None):
        with marks.part("a case") as part, part.raises(ValueError):
            if error is not None:
                raise error
    assert marks.total() == 1
    told = said(capsys)
    assert "raised TypeError here; it should raise a ValueError" in told
    assert "should raise a ValueError that says why" in told and "Not written yet" in told


def test_one_cause_for_many_cases(capsys):
    cases = [(5, 3), (7, 3, 2), (6, 2, 1, 1)]
    marks = checks.Marks("output_size", points=4)
    for shift in (0, -1, 5):
        with marks.part("sizes") as part:
            part.given(cases)
            part.compare_all([n + shift for n in (3, 3, 7)], [3, 3, 7])
    assert marks.total() == pytest.approx(4 / 3, abs=0.01)
    told = said(capsys)
    assert "One too small" in told and "For (5, 3) your answer is 8; it is 3." in told


def test_weights_share_the_points_and_hidden_parts_are_named(capsys):
    marks = checks.Marks("scale", points=2, read="chapter 1, From 0 to 255, and no further")
    for weight, value in ((0.5, 1), (0.5, 2), (1, 1)):
        with marks.part("a case", weight=weight) as part:
            part.compare(value, 1)
    assert marks.total() == 1.5
    told = said(capsys)
    assert "1.5 of 2 points in the visible tests" in told
    assert "Read again: chapter 1, From 0 to 255, and no further" in told
    with marks.hidden("more", weight=2) as part:
        part.compare(1, 1)
    assert marks.total() == 1.75
    assert "in the visible tests" not in said(capsys)


def test_rounding_is_no_mistake_but_a_wrong_value_is():
    right = np.array([1000.0, 1.0])
    assert same(right.astype(np.float32) * np.float32(1 + 1e-6), right)
    assert not same(right + np.array([0, 0.5]), right)
    assert not same(right[None], right)
    assert same(np.array(1e-7), np.array(0.0)) and not same(np.array(1e-3), np.array(0.0))


def test_whole_numbers_are_counted_not_rounded(capsys):
    assert same(np.array(438_842), np.array(438_842)) and same(np.array(3.0), np.array(3))
    assert not same(np.array(438_840), np.array(438_842))
    score, told = told_by(438_840, 438_842, capsys, name="article_model", given=())
    assert score == 0 and "biases of the dense layer are missing" in told


def small_network(framework):
    """A convolution and a dense layer for images of 4×4 with two channels."""
    if framework == "keras":
        os.environ.setdefault("KERAS_BACKEND", "torch")
        import keras

        layers = keras.layers
        steps = [keras.Input((4, 4, 2)), layers.Conv2D(3, 3), layers.Flatten(), layers.Dense(2)]
        return keras.Sequential(steps)
    from torch import nn

    return nn.Sequential(nn.Conv2d(2, 3, 3), nn.Flatten(), nn.Linear(12, 2))


@pytest.mark.parametrize("framework", ["torch", "keras"])
def test_a_network_takes_and_gives_plain_arrays(framework):
    network = checks.Network(small_network(framework))
    assert network.count() == 3 * 19 + 2 * 13 and len(network.shapes()) == 4
    arrays = [np.full(size, 1 / size) for size in (54, 3, 24, 2)]
    network.load(*arrays)
    images = np.ones((5, 2, 4, 4) if framework == "torch" else (5, 4, 4, 2))
    # each of 12 values is 18/54 + 1/3; each score 12 of them times 1/24, and 1/2
    assert np.allclose(network.outputs(images), np.full((5, 2), 5 / 6), atol=1e-6)
    with pytest.raises(checks.Wrong, match="Its parameters have the shapes"):
        network.load(*arrays[:3])


def test_a_network_is_asked_where_it_lies():
    import torch

    model = torch.nn.Linear(2, 2, device="meta")  # takes no tensor from elsewhere, as a GPU
    seen = []
    model.register_forward_pre_hook(lambda model, given: seen.append(given[0].device.type))
    with contextlib.suppress(NotImplementedError, checks.Wrong):  # there is nothing to bring back
        checks.Network(model).outputs(np.zeros((1, 2)))
    assert seen == ["meta"]


def test_what_is_no_network_is_told_so():
    from torch import nn

    for given, words in [(None, "None back"), (nn.Linear, "the class Linear"), (5, "gave a int")]:
        with pytest.raises(checks.Wrong, match=words):
            checks.Network(given)
    with pytest.raises(checks.Wrong, match="gives a tuple"):
        checks.Network(nn.LSTM(2, 2)).outputs(np.zeros((1, 1, 2)))
    with pytest.raises(checks.Wrong, match="has no gradient"):
        checks.Network(nn.Linear(2, 2)).gradients()


def test_looking_at_a_network_leaves_it_as_it_was():
    import torch
    from torch import nn

    model = nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2), nn.ReLU().eval())
    network = checks.Network(model)
    before = network.state()
    found = checks.facts(model, (1, 5, 5), 10, 4)
    network.outputs(np.ones((2, 1, 5, 5)))
    assert network.state() == before
    assert [size for _, size, _ in found["leaves"]] == [18, 18, 18]
    assert (found["all"], found["buffers"], found["image"]) == (24, 5, 25)
    with torch.no_grad():
        model(torch.ones(2, 1, 5, 5))  # in training mode, the running averages move
    assert network.state() != before


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (("cat", 0.8), ""),
        (["cat", np.float32(0.801)], ""),
        ("cat", "Return a pair"),
        (("cat", None), "Return a pair"),
        (("dog", 0.8), "have changed places"),
        (("dog", 0.2), "The name is not"),
        (("cat", 80), "That is a percentage"),
        (("cat", 0.2), "that of the other animal"),
        (("cat", 0.6), "is not its probability"),
    ],
)
def test_a_name_and_its_probability(answer, words, capsys):
    marks = checks.Marks("predict_image", points=1)
    picture, weight = np.zeros((2, 2, 3)), np.zeros((2, 12))
    with marks.part("a picture") as part:
        about = picture, weight, np.array([np.log(4), 0.0]), (2, 2)
        part.compare_named([answer], [("cat", 0.8)], about=[about], tolerance=0.01)
    assert marks.total() == (not words) and words in said(capsys)


def test_one_cause_explains_the_answers_to_all_pictures(capsys):
    picture, weight = np.zeros((2, 2, 3)), np.zeros((2, 12))
    about = [(picture, weight, np.array([np.log(odds), 0.0]), (2, 2)) for odds in (4, 9)]
    right = [("cat", 0.8), ("cat", 0.9)]
    for answers, words in [
        ([("cat", 80), ("cat", 90)], "That is a percentage"),
        ([("cat", 80), ("cat", 0.9)], "is not its probability"),  # by chance, or not always
        ([("cat", 0.8), ("dog", 0.3)], "The name is not"),
    ]:
        marks = checks.Marks("predict_image", points=1)
        with marks.part("two pictures") as part:
            part.compare_named(answers, right, about=about, tolerance=0.01)
        assert marks.total() == 0 and words in said(capsys)


def test_long_and_bold_messages_are_cut(capsys):
    marks = checks.Marks("article_model_keras", points=1)
    with marks.part("a case"):
        raise ValueError("\x1b[1mdoes not fit\x1b[0m\n\nArguments received by call():\n  • x=1")
    told = said(capsys)
    assert "stopped with ValueError: does not fit" in told
    assert "\x1b" not in told and "Arguments" not in told
