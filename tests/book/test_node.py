"""The Node process beside the build."""

import pytest
from node import Node
from sphinx.errors import ExtensionError

ECHO = """require("readline").createInterface({ input: process.stdin })
  .on("line", line => console.log(line));"""


def test_it_answers_each_question_and_begins_again_after_its_end():
    echo = Node(["-e", ECHO], "katex", "questions are given back")
    for question in ([1, "é"], {"tex": "\\frac{1}{2}"}):
        assert echo.ask(question) == question
    echo.stop()
    echo.stop()
    assert echo.ask("again") == "again"
    echo.stop()


def test_what_is_missing_is_said():
    with pytest.raises(ExtensionError, match=r"nothing is drawn in Node\.js, and one of them"):
        Node([], "no-such-package", "nothing is drawn").ask(1)
