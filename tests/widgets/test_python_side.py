"""The widgets in Python: what they take, what they refuse and how they say so, and the quiz."""

import json
import re

import numpy as np
import pytest
import torch
import traitlets
from hypothesis import given, settings
from hypothesis import strategies as st

from cnnkit import images
from cnnkit.widgets import (
    ConvolutionStepper,
    FiveCases,
    PaddingStride,
    PixelInspector,
    PoolingExplorer,
    Quiz,
    ReceptiveField,
    SoftmaxLoss,
    quiz,
)

GOOD = """
- question: How many weights has a 3×3 kernel?
  choices:
    - text: 9
      correct: true
      why: One for each pixel of the window.
    - text: `(3, 3)`
      why: "That is its shape: rows and columns."
"""


# ---- arrays ------------------------------------------------------------------------------------


def test_arrays_are_copied_kept_and_read_only():
    image = np.array([[0, 255], [255, 0]])
    inspector = PixelInspector(image=image)
    image[0, 0] = 9
    assert inspector.image[0, 0] == 0
    with pytest.raises(ValueError, match="read-only"):
        inspector.image[0, 0] = 1
    inspector.image = [[1, 2, 3]]
    assert inspector.image.tolist() == [[1, 2, 3]]


def test_observers_hear_of_new_arrays():
    stepper, heard = ConvolutionStepper(), []
    stepper.observe(lambda change: heard.append(change["new"].shape), "image")
    stepper.image = np.zeros((1, 7, 7))
    assert heard == [(1, 7, 7)]


@settings(deadline=None, max_examples=50)
@given(
    st.lists(
        st.floats(-1e6, 1e6, allow_nan=False).map(lambda v: float(f"{v:.6g}")),
        min_size=9,
        max_size=9,
    )
)
def test_a_kernel_survives_the_way_to_the_page_and_back(values):
    kernel = np.reshape(values, (1, 1, 3, 3))
    stepper = ConvolutionStepper(weight=kernel)
    sent = json.loads(json.dumps(stepper.get_state("weight")["weight"]))
    stepper.set_state({"weight": sent})
    np.testing.assert_array_equal(stepper.weight, kernel)


def test_weights_of_a_torch_layer_can_be_stepped_through():
    layer = torch.nn.Conv2d(3, 4, 5)
    stepper = ConvolutionStepper(torch.zeros(3, 16, 16), layer.weight, layer.bias)
    assert stepper.weight.shape == (4, 3, 5, 5)
    np.testing.assert_allclose(stepper.bias, layer.bias.detach().numpy())


def test_one_kernel_serves_every_channel():
    photo = np.moveaxis(images.photograph("cat", size=16), -1, 0)
    stepper = ConvolutionStepper(photo, [[1, 0], [0, -1]])
    assert stepper.weight.tolist() == [[[[1, 0], [0, -1]]] * 3]


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: PixelInspector(image=np.zeros((3, 9, 9))), r"height, width, 3.*moveaxis"),
        (lambda: PixelInspector(image=np.zeros((2, 2, 2, 3))), r"2 or 3 axes"),
        (lambda: PixelInspector(image=np.full((2, 2), 256)), r"from 0 to 255"),
        (lambda: PixelInspector(image=np.zeros((40, 40))), r"32 × 32.*::4"),
        (lambda: PixelInspector(image=[[1, 2], [3]]), r"rows of one length"),
        (lambda: PixelInspector(image=[["a"]]), r"numbers"),
        (lambda: PixelInspector(image=[[np.nan]]), r"nan_to_num"),
        (lambda: FiveCases(image=np.zeros((9, 9))), r"8 × 8"),
        (lambda: FiveCases(pair=[1, 2, 3]), r"pair has shape \(2,\)"),
        (lambda: FiveCases(image=np.eye(3), pixel_weights=np.eye(4)), r"one weight per pixel"),
        (lambda: FiveCases(kernel=np.ones((7, 1))), r"does not fit"),
        (lambda: FiveCases(case=6), r"case"),
        (lambda: ConvolutionStepper(np.zeros((65, 65))), r"64 × 64"),
        (lambda: ConvolutionStepper(np.eye(2), np.eye(3)), r"does not fit.*smaller kernel"),
        (lambda: ConvolutionStepper(np.eye(9), np.ones((1, 3, 3, 3))), r"1 channels.*weight 3"),
        (lambda: ConvolutionStepper(np.eye(9), np.eye(3), [1, 2]), r"1 filters need 1 biases"),
        (lambda: PaddingStride(stride=0), r"stride"),
        (lambda: PoolingExplorer(image=np.zeros((2, 5))), r"3 × 3 to 12 × 12"),
        (lambda: PoolingExplorer(mode="min"), r"max.*average.*sum"),
        (lambda: SoftmaxLoss([1.0]), r"2 to 10 scores"),
        (lambda: SoftmaxLoss([1, 9]), r"between −8 and 8"),
        (lambda: SoftmaxLoss([1, 2, 3], ["a", "b"]), r"3 scores need 3 labels"),
        (lambda: SoftmaxLoss([1, 2], target=2), r"target from 0 to 1"),
        (lambda: ReceptiveField([{"kind": "conv"}]), r"layer 1.*kernel_size"),
        (lambda: ReceptiveField([{"kernel_size": (3, 3)}]), r"no pairs"),
    ],
)
def test_what_is_refused_and_why(make, message):
    with pytest.raises((ValueError, traitlets.TraitError)) as caught:
        make()
    assert re.search(message, str(caught.value), re.DOTALL), str(caught.value)


def test_a_kernel_given_by_the_field_is_found_in_the_page():
    """The static twin says the same as the live widget."""
    html = PoolingExplorer(mode="average")._repr_mimebundle_()[0]["text/html"]
    state = json.loads(re.search(r"json\">(.*?)</script>", html).group(1))
    assert state["mode"] == "average" and len(state["image"]) == 6


# ---- quiz --------------------------------------------------------------------------------------


def test_quiz_reads_what_people_write():
    check = quiz(GOOD)
    assert isinstance(check, Quiz)
    first, second = check.questions[0]["choices"]
    assert first["text"] == "9" and first["correct"] is True
    assert second["text"] == "`(3, 3)`" and second["correct"] is False
    assert check.title == "Predict first"
    assert quiz(GOOD + GOOD).title == "Check yourself"
    assert quiz(GOOD, title="One more").title == "One more"


@pytest.mark.parametrize(
    "text",
    [
        "`a` and `b`",
        "a: b, c",
        "size: 5 # not a comment",
        "[1, 2]",
        "100 %",
        "*both*",
        "1.0",
        "yes",
    ],
)
def test_quiz_keeps_plain_text_as_it_is(text):
    assert quiz(GOOD.replace("text: 9", f"text: {text}")).questions[0]["choices"][0]["text"] == text


def test_quiz_text_over_several_lines():
    long = "question: >-\n    How many weights\n    has a 3×3 kernel?"
    check = quiz(GOOD.replace("question: How many weights has a 3×3 kernel?", long))
    assert check.questions[0]["question"] == "How many weights has a 3×3 kernel?"


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ("", r"expected a list of questions.*A quiz that works"),
        ("just words", r"expected a list of questions"),
        (GOOD.replace("correct", "corect"), r"no part 'corect'.*Did you mean 'correct'"),
        (GOOD.replace("correct: true", "correct: maybe"), r"true or false, not 'maybe'"),
        (GOOD.replace("      correct: true\n", ""), r"no right choice"),
        (
            GOOD.replace("      why: One for each pixel of the window.\n", ""),
            r"choice 1 lacks 'why'",
        ),
        (GOOD.split("    - text: `")[0], r"at least two choices"),
        (GOOD.replace("  choices:", "choices:"), r"not YAML: line \d+"),
        (GOOD.replace("text: 9", "text:"), r"'text' must be a text"),
        (GOOD.replace("text: 9", "text: 'it's'"), r"not YAML: line \d+"),
    ],
)
def test_quiz_errors_teach(wrong, message):
    with pytest.raises(ValueError, match=r"(?s)^quiz: .*" + message):
        quiz(wrong)


def test_quiz_score_counts_first_tries():
    check = quiz(GOOD + GOOD + GOOD)
    check.answers = [[0], [1, 0], []]
    assert check.score == 1


def test_no_text_of_a_quiz_is_read_as_html():
    evil = GOOD.replace("text: 9", 'text: "</script><script>alert(1)</script>"')
    html = quiz(evil)._repr_mimebundle_()[0]["text/html"]
    assert html.count("<script") == html.count("</script>") == 1
    assert "&lt;script&gt;" in html
