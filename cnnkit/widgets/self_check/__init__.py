"""Questions with answers that explain themselves, written in YAML."""

import difflib
import html
import json
import re

import traitlets
import yaml

from cnnkit.widgets.base import Widget

__all__ = ["Quiz", "quiz"]

_EXAMPLE = """\
- question: What does a kernel do at one position?
  choices:
    - text: It multiplies nine pixels by nine weights and adds them up.
      correct: true
      why: One window, one sum.
    - text: It looks for the largest of nine pixels.
      why: That is max pooling."""
# YAML would misread these plain texts: `code` at the start, "a: b", "a #b".
_FRAGILE = re.compile(
    r"^(?P<key>[ \t]*(?:- +)*(?:question|seen|text|why):[ \t]+)"
    r"(?P<text>(?:[`@%&*!{\[#]|[^\s\"'|>].*(?::\s|\s#)).*)$",
    re.MULTILINE,
)


class Quiz(Widget):
    """A self-check: press an answer and read at once why it holds or fails.

    Made by `quiz`; alone it shows an example. The trait ``answers`` lists, for each question, the
    choices pressed so far.
    """

    _label = "questions to check yourself"

    title = traitlets.Unicode("Check yourself").tag(sync=True)
    questions: traitlets.List = traitlets.List().tag(sync=True)
    answers: traitlets.List = traitlets.List().tag(sync=True)

    @traitlets.default("questions")
    def _example(self):
        return _read(_EXAMPLE)

    @traitlets.default("answers")
    def _unanswered(self):
        return [[] for _ in self.questions]

    @property
    def score(self) -> int:
        """How many questions were answered right at the first try."""
        return sum(
            bool(chosen) and question["choices"][chosen[0]]["correct"]
            for question, chosen in zip(self.questions, self.answers, strict=True)
        )

    def _without_javascript(self):
        parts = []
        for question in self.questions:
            choices = "".join(
                f"<li>{_code(c['text'])}<details><summary>Is it right?</summary>"
                f"<p>{'Right.' if c['correct'] else 'Not this one.'} {_code(c['why'])}</p>"
                "</details></li>"
                for c in question["choices"]
            )
            parts.append(f"<p>{_code(question['question'])}</p><ul>{choices}</ul>")
        return "".join(parts)


def quiz(text: str, title: str | None = None) -> Quiz:
    """Make a self-check from YAML.

    Parameters
    ----------
    text : str
        A list of questions. Each has ``question`` and ``choices``; each choice has ``text``,
        ``why`` and, where it is right, ``correct: true``. Backticks mark code. ``seen``, in a
        wrong choice, tells other authors where somebody made it; it is shown to nobody.
    title : str, optional
        By default "Predict first" over a single question, "Check yourself" over several.

    Raises
    ------
    ValueError
        If the YAML cannot be read, a part is missing or misspelt, or no choice is right.

    Examples
    --------
    >>> quiz('''
    ... - question: How many weights has a 3×3 kernel?
    ...   choices:
    ...     - text: "9"
    ...       correct: true
    ...       why: One for each pixel of the window.
    ...     - text: "3"
    ...       why: That is one row of it.
    ... ''').questions[0]["choices"][0]["correct"]
    True
    """
    questions = _read(text)
    if title is None:
        title = "Predict first" if len(questions) == 1 else "Check yourself"
    return Quiz(title=title, questions=questions)


def _read(text):
    try:
        # The base loader keeps every value as the text that was written: 1.0 stays "1.0".
        items = yaml.load(_FRAGILE.sub(_quoted, text), Loader=yaml.BaseLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        where = f"line {mark.line + 1}, column {mark.column + 1}: " if mark else ""
        raise ValueError(
            f"quiz: this is not YAML: {where}{error.problem}. Indent with spaces, keep `choices:` "
            "under its question, and put a text that holds quotes or goes over several lines "
            f"after `>-` on lines of its own. A quiz that works:\n{_EXAMPLE}"
        ) from None
    if isinstance(items, dict):
        items = [items]
    if not isinstance(items, list) or not items:
        raise ValueError(
            f"quiz: expected a list of questions, each beginning with '- question:'; got "
            f"{text.strip()[:60]!r}. A quiz that works:\n{_EXAMPLE}"
        )
    return [_question(item, f"question {i}") for i, item in enumerate(items, 1)]


def _quoted(match):
    return match["key"] + json.dumps(match["text"].rstrip(), ensure_ascii=False)


def _question(item, where):
    item = _fields(item, where, required=("question", "choices"))
    choices = item["choices"]
    if not isinstance(choices, list) or len(choices) < 2:
        raise ValueError(f"quiz: {where} needs at least two choices, each beginning with '- text:'")
    choices = [_choice(c, f"{where}, choice {j}") for j, c in enumerate(choices, 1)]
    if not any(c["correct"] for c in choices):
        raise ValueError(f"quiz: {where} has no right choice; write 'correct: true' under one")
    return {"question": _text(item, "question", where), "choices": choices}


def _choice(item, where):
    item = _fields(item, where, required=("text", "why"), optional=("correct", "seen"))
    correct = item.get("correct", "false")
    if not isinstance(correct, str) or correct.lower() not in {"true", "false"}:
        raise ValueError(f"quiz: {where}: 'correct' is true or false, not {correct!r}")
    return {
        "text": _text(item, "text", where),
        "why": _text(item, "why", where),
        "correct": correct.lower() == "true",
    }


def _fields(item, where, required, optional=()):
    known = (*required, *optional)
    if not isinstance(item, dict):
        raise ValueError(f"quiz: {where} is {item!r}; it must have the parts {', '.join(known)}")
    for key in item:
        if key not in known:
            near = difflib.get_close_matches(str(key), known, n=1)
            hint = f" Did you mean {near[0]!r}?" if near else ""
            raise ValueError(f"quiz: {where} has no part {key!r}; it has {', '.join(known)}.{hint}")
    for key in required:
        if key not in item:
            reason = " Every choice says why it holds or fails." if key == "why" else ""
            raise ValueError(f"quiz: {where} lacks {key!r}.{reason}")
    return item


def _text(item, key, where):
    value = item[key]
    if not isinstance(value, str) or not value.strip():
        raise ValueError(f"quiz: {where}: {key!r} must be a text, not {value!r}")
    return " ".join(value.split())


def _code(text):
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", html.escape(text, quote=False))
