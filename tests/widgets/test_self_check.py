"""Self-checks: what people write, what is refused, pressing and reading the answers."""

import pytest
from hand import axe, live, state, tab_to

from cnnkit.widgets import Quiz, quiz

GOOD = """
- question: How many weights has a 3×3 kernel?
  choices:
    - text: 9
      correct: true
      why: One for each pixel of the window.
    - text: `(3, 3)`
      why: "That is its shape: rows and columns."
"""
TWO = """
- question: What does `conv2d` give for a 5×5 image and a 3×3 kernel?
  choices:
    - text: `(5, 5)`
      why: Only with padding.
    - text: "(3, 3): one value for each position"
      correct: true
      why: The window fits at 5 − 3 + 1 = 3 places in each direction.
- question: Which of these slide a window? <b>Mark</b> both.
  choices:
    - text: Convolution
      correct: true
      why: A window of weights.
    - text: Max pooling
      correct: true
      why: A window without weights.
    - text: Softmax
      why: It reads all scores at once.
"""


def test_mouse(show):
    box = show(quiz(TWO))
    box.get_by_role("button", name="(5, 5)").click()
    assert live(box) == "Not this one. Only with padding."
    box.get_by_role("button", name="(3, 3): one value").click()
    box.get_by_role("button", name="Max pooling").click()
    assert live(box) == "Right. A window without weights. 1 of 2 right answers found."
    assert state(box, "answers") == [[0, 1], [1]]
    assert "1 of 2 right at the first try." in box.inner_text()
    box.get_by_role("button", name="Start again").click()
    assert state(box, "answers") == [[], []] and live(box) == "All answers are cleared."
    assert box.locator(".ck-answer").first.evaluate("e => e === document.activeElement")


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_right_and_wrong_answers_can_be_told_apart_without_colour(show, theme):
    box = show(quiz(TWO), theme=theme)
    for i in range(2):
        box.locator(".ck-answer").nth(i).click()
    assert box.locator(".ck-badge").all_inner_texts()[:2] == ["✗", "✓"]
    assert axe(box) == []


def test_keyboard(show):
    box = show(quiz(TWO))
    tab_to(box, ".ck-answer")
    box.page.keyboard.press("Space")
    assert state(box, "answers") == [[0], []]
    assert box.locator(":focus").get_attribute("aria-pressed") == "true"


def test_touch(show):
    box = show(quiz(TWO), width=375, has_touch=True, is_mobile=True)
    box.locator(".ck-answer").nth(1).tap()
    assert state(box, "answers")[0] == [1]


def test_without_a_script_the_answers_can_still_be_read(open_all):
    host = open_all(java_script_enabled=False).locator("[data-cnnkit-widget=self_check]")
    answer = host.locator("details").first
    assert not host.locator(".ckw-still .ckw").is_visible()
    answer.locator("summary").click()
    assert "Right. One window, one sum." in answer.inner_text()


def test_no_text_without_a_script_is_read_as_html():
    html = quiz(TWO)._repr_mimebundle_()[0]["text/html"]
    assert "&lt;b&gt;Mark&lt;/b&gt; both." in html and "<b>" not in html


def test_jupyterlab(lab):
    box = lab.show(f"w = quiz('''{GOOD}''')\nw")
    box.get_by_role("button", name="9").click()
    assert lab.run("print(w.score, w.answers)") == "1 [[0]]\n"
    lab.run("w.answers = [[]]")
    box.locator("[aria-pressed=true]").wait_for(state="detached")


def test_alone_it_shows_an_example():
    assert Quiz().answers == [[]] and Quiz().score == 0
    assert Quiz().questions[0]["choices"][0]["why"] == "One window, one sum."


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


def test_where_a_wrong_answer_was_seen_is_shown_to_nobody():
    seen = f"{GOOD}      seen: E8; 04-pooling/relu: leaky\n"
    assert quiz(seen).questions == quiz(GOOD).questions
    assert "leaky" not in quiz(seen)._repr_mimebundle_()[0]["text/html"]


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
