"""Keep the score of one function, part by part, and tell what went wrong."""

import contextlib
import copy
import io
import re
import signal
import sys
import textwrap
import threading
import time
import traceback
from typing import Any, ClassVar

import numpy as np

from cnnkit.checks.causes import cause_of, cause_of_all
from cnnkit.checks.causes.anywhere import ROUNDED, is_rounded
from cnnkit.checks.compare import same, slack
from cnnkit.checks.memory import unwritten
from cnnkit.checks.tries import idea_for

__all__ = ["MIME", "Marks", "NotJudged", "OutOfTime", "Part", "Score", "Wrong", "score_of"]

MIME = "application/vnd.cnnkit.marks+json"  # the record of a score, beside its number

INDENT = " " * 9  # the width of "  right  ": a message stands below its title
AGAIN = "(As above.)"
UNWRITTEN = (
    "Not written yet: put your own code in place of the line that raises NotImplementedError."
)
CHANGED = "The result is right, but your function changed the input it was given: the caller still needs it. Work on a copy, or build a new array."


class Wrong(Exception):
    """An answer that is not right; the message is for the learner."""


# Not an Exception: an answer that catches every Exception in its loop is stopped all the same.
class OutOfTime(BaseException):
    """An answer that did not come back in time."""


class NotJudged(BaseException):
    """The means of judging failed: nobody's answer is to blame, and there is no verdict."""


class Marks:
    """The score of one function.

    Parameters
    ----------
    name : str
        The function's name, as the learner wrote it.
    points : float
        What the function is worth. The parts share it by their weights, so a notebook without
        its hidden parts shows the full points when every visible part is right.
    read : str
        Where in the course to read again; told once, when a part is wrong.
    """

    def __init__(self, name, points, read=""):
        self.name = name
        self.points = points
        self.read = read
        self.right = self.weight = 0.0
        self.has_hidden = self.was_slow = False
        self.said: set[str] = set()  # each message is told once
        self.parts: list[dict] = []
        print(name)

    def part(self, title, weight=1.0, seconds=6.0):
        """Start a part that the learner sees: use it in a ``with`` statement.

        An answer may take some seconds of the processor's time, and is stopped after that.
        """
        return Part(self, title, weight, seconds, hidden=False)

    def hidden(self, title, weight=1.0, seconds=6.0):
        """Start a part that tells no number: use it in a ``with`` statement."""
        self.has_hidden = True
        return Part(self, title, weight, seconds, hidden=True)

    def total(self):
        """Tell the points, from 0 to all of them: the last line of a test cell."""
        score = score_of(self.points, self.right, self.weight)
        if self.read and self.right < self.weight:
            print(f"  Read again: {self.read}")
            self._offer_idea(sys._getframe(1).f_globals.get(self.name))
        of = f"{score:g} of {self.points:g} points"
        print(f"  {of}" if self.has_hidden else f"  {of} in the visible tests")
        record = {
            "version": 1,
            "function": self.name,
            "score": score,
            "points": self.points,
            "read": self.read,
            "parts": self.parts,
        }
        return Score(score, record)

    def _offer_idea(self, answer):
        """Tell how to go about it, to a learner who has tried several ways."""
        messages = [part["message"] for part in self.parts if part["verdict"] == "wrong"]
        if self.has_hidden or UNWRITTEN in messages:  # a teacher marks; or there is no try yet
            return
        if idea := idea_for(self.name, answer):
            words = f"The idea: {idea}"
            print(textwrap.fill(words, 90, initial_indent="  ", subsequent_indent="  "))


def score_of(points, right, weight):
    """Share the points out: those of the right parts' weight among the weight of all."""
    score = round(points * right / weight, 2) if weight else 0.0
    return min(max(score, 0.0), float(points))


class Score(float):
    """The points of a function: to a person a number, to programs also the record behind it."""

    record: dict | None

    def __new__(cls, points, record=None):
        """Make a number that remembers where it comes from."""
        score = super().__new__(cls, points)
        score.record = record
        return score

    def _repr_mimebundle_(self, include=None, exclude=None):
        return {"text/plain": repr(float(self)), MIME: self.record}


class Part:
    """One case that the function has to get right; all of it or nothing counts."""

    current: ClassVar["Part | None"] = None  # the one that is being judged: a judge asks for it

    def __init__(self, marks, title, weight, seconds, hidden):
        self.marks, self.title, self.weight = marks, title, weight
        self.seconds = 0.5 if marks.was_slow else seconds  # an endless loop costs its time once
        self.hidden = hidden
        self.originals: tuple = ()
        self.inputs: tuple = ()
        self.compared = False

    def given(self, *inputs):
        """Fresh copies of the inputs, to call the answer with (a single one comes unpacked)."""
        self.originals = copy.deepcopy(inputs)
        self.inputs = copy.deepcopy(inputs)
        return self.inputs[0] if len(inputs) == 1 else self.inputs

    def compare(
        self, answer, expected, *, of=None, about=None, dtype=None, unchanged=False, tolerance=1e-5
    ):
        """Compare an answer with the right one, by value.

        Parameters
        ----------
        answer, expected : number, array or sequence of numbers
        of : str, optional
            Whose misunderstandings to look for; by default the function's own.
        about : tuple, optional
            What a misunderstanding is computed from, when that is not the inputs themselves: of a
            network, for example, its sizes.
        dtype : str, optional
            Also ask for this data type.
        unchanged : bool
            Also ask that the inputs are as they were given.
        tolerance : float
            Largest difference, as a fraction of the largest expected value (or of 1).

        Raises
        ------
        Wrong
            With the cause, as far as it can be told.
        """
        self.compared = True
        expected = np.asarray(expected)
        answer = self._plain(answer)
        if not same(answer, expected, tolerance):
            inputs = self.originals if about is None else about
            cause = cause_of(self._causes(of), inputs, answer, expected, tolerance)
            where = f"{of}: " if of else ""
            raise Wrong(cause or where + self._difference(answer, expected, tolerance))
        if dtype and answer.dtype != np.dtype(dtype):
            raise Wrong(f"The values are right, but their type is {answer.dtype}, not {dtype}.")
        if unchanged and not self._untouched():
            raise Wrong(CHANGED)

    def compare_all(self, answers, expected):
        """Compare an answer for each of the cases that were given: one cause explains them all."""
        self.compared = True
        (cases,) = self.originals
        plain = [self._plain(answer) for answer in answers]
        expected = [np.asarray(value) for value in expected]
        rows = zip(cases, plain, expected, strict=True)
        wrong = [row for row in rows if not same(row[1], row[2], 1e-9)]
        if not wrong:
            return
        cause = cause_of_all(self.marks.name, cases, plain, expected, 1e-9)
        case, answer, value = wrong[0]
        if cause or self.hidden:
            raise Wrong(cause or self._difference(answer, value, 1e-9))
        shown = ", ".join(map(str, case))
        raise Wrong(f"For ({shown}) your answer is {answer.tolist()}; it is {value.tolist()}.")

    def compare_list(self, answer, expected, *, about=None, unchanged=False):
        """Compare a list of arrays, each of its own shape, with the right one."""
        if not isinstance(answer, list | tuple) or len(answer) != len(expected):
            raise Wrong(f"Return a list with {len(expected)} array(s), one for each that came in.")
        plain = [self._plain(one) for one in answer]
        for one, right in zip(plain, expected, strict=True):
            if one.shape != right.shape:
                raise Wrong("Each array must keep the shape of the one it stands for.")
        flat = [np.concatenate([one.ravel() for one in many]) for many in (plain, expected)]
        self.compare(*flat, about=about, unchanged=unchanged)

    def unpack(self, answer, names):
        """Take a tuple apart, giving each of its arrays a name."""
        if not isinstance(answer, list | tuple) or len(answer) != len(names):
            raise Wrong(f"Return {len(names)} arrays, in this order: {', '.join(names)}.")
        return dict(zip(names, answer, strict=True))

    def array(self, answer, shape):
        """Read an answer as an array of this shape, to look at it in other ways."""
        self.compared = True
        plain = self._plain(answer)
        if plain.shape != shape:
            if self.hidden:  # numbers that an answer chooses are not shown where it saw ours
                raise Wrong("Your array has the wrong shape.")
            raise Wrong(f"Your array has the shape {plain.shape}; it must have {shape}.")
        return plain

    def compare_pairs(self, answer, expected, *, of=None, unchanged=False):
        """Compare a list of (name, number) pairs with the right one."""
        self.compared = True
        try:
            pairs = [(str(name), float(number)) for name, number in answer]
        except (TypeError, ValueError):
            raise Wrong(
                "Return a list with one pair for each image: (name, probability)."
            ) from None
        if len(pairs) != len(expected):
            raise Wrong(
                f"Your list has {len(pairs)} pair(s): there must be exactly one for each image."
            )
        cause = cause_of(self._causes(of), self.originals, pairs, expected)
        if cause:
            raise Wrong(cause)
        if [name for name, _ in pairs] != [name for name, _ in expected]:
            raise Wrong("The names are not those of the most probable class of each image.")
        numbers, right = (np.array([p for _, p in some]) for some in (pairs, expected))
        if not same(numbers, right):
            if is_rounded(numbers, right):
                raise Wrong(ROUNDED)
            raise Wrong("The names are right, but the numbers are not their probabilities.")
        if unchanged and not self._untouched():
            raise Wrong(CHANGED)

    def compare_named(self, answers, expected, *, about, tolerance):
        """Compare a (name, number) pair for each of some cases: one cause explains them all.

        A single number comes close to that of some misunderstanding by chance; several do not.
        """
        self.compared = True
        try:
            pairs = [[(str(name), float(number))] for name, number in answers]
        except (TypeError, ValueError):
            raise Wrong("Return a pair: the name, and its probability as a number.") from None
        right = [[pair] for pair in expected]
        cause = cause_of_all(self.marks.name, about, pairs, right, tolerance)
        if cause:
            raise Wrong(cause)
        for [(name, number)], [(wanted, value)] in zip(pairs, right, strict=True):
            if name != wanted:
                raise Wrong("The name is not that of the more probable animal.")
            if not same(np.array(number), np.array(value), tolerance):
                raise Wrong("The name is right, but the number is not its probability.")

    def require(self, condition, message):
        """Ask for something else than equal values."""
        self.compared = True
        if not condition:
            raise Wrong(message)

    def raises(self, kind):
        """Ask that the lines of a ``with`` statement raise this kind of exception."""
        self.compared = True
        return _Raises(kind)

    def _causes(self, of):
        """Name the list of misunderstandings to look in: the function's own, or those of a part."""
        return f"{self.marks.name}.{of}" if of else self.marks.name

    def _untouched(self):
        return all(
            np.array_equal(np.asarray(before), np.asarray(after))
            for before, after in zip(_leaves(self.originals), _leaves(self.inputs), strict=True)
        )

    def _plain(self, answer):
        """Make the answer a plain array: nothing of its own class decides what is equal."""
        if answer is None:
            raise Wrong(
                "Your function gave None back: does every path through it end in a `return`?"
            )
        if not isinstance(answer, int | float | np.generic | np.ndarray | list | tuple):
            kind = type(answer).__name__
            raise Wrong(f"Your function gave a {kind} back; return a number or a NumPy array.")
        try:
            plain = np.array(answer, subok=False)
        except ValueError:
            raise Wrong("The rows of your result have different lengths.") from None
        if plain.dtype.kind not in "biuf":
            raise Wrong("Your result holds something other than plain numbers.")
        return plain

    def _difference(self, answer, expected, tolerance):
        """Tell where the answer first differs; without any number in a hidden part."""
        if answer.shape != expected.shape:
            if self.hidden:
                return "The result has the wrong shape."
            return f"The result has the shape {answer.shape}; it must have {expected.shape}. Write both down for a small example, and count the positions."
        if self.hidden:
            return "Some values are wrong."
        close = np.isclose(answer, expected, rtol=0, atol=slack(expected, tolerance))
        if not expected.ndim:
            got, right = (
                f"{v.item():,}" if v.dtype.kind in "iu" else f"{v.item():g}"
                for v in (answer, expected)
            )
            return f"Your answer is {got}; it must be {right}."
        place = tuple(int(i) for i in np.argwhere(~close)[0])
        where = ", ".join(map(str, place))
        return f"At [{where}] your result has {answer[place]:g}; there it must be {expected[place]:g} ({int((~close).sum())} of {close.size} values differ)."

    # ---- the with statement ------------------------------------------------------------------

    def __enter__(self):
        Part.current = self
        self.marks.weight += self.weight
        # A warning or a progress bar is no mistake, but nbgrader takes stderr for one. What an
        # answer prints in a hidden part could show the part's inputs, so it is dropped there.
        self.streams = contextlib.ExitStack()
        quiet = io.StringIO() if self.hidden else None
        self.streams.enter_context(contextlib.redirect_stderr(quiet or sys.stdout))
        if quiet is not None:
            self.streams.enter_context(contextlib.redirect_stdout(quiet))
        self.streams.enter_context(unwritten())
        rings = hasattr(signal, "setitimer") or not hasattr(sys, "monitoring")
        self.alarm = (_Alarm if rings else _Watch)(self.seconds)
        self.alarm.start()
        return self

    def __exit__(self, kind, error, trace):
        Part.current = None
        self.alarm.stop()
        self.streams.close()
        if isinstance(error, KeyboardInterrupt | GeneratorExit | NotJudged):
            return False
        if error is None and self.compared:
            self.marks.right += self.weight
            self._record("right", "")
            print(f"  right  {self.title}")
            return True
        message = self._explain(error) if error else "Nothing was compared."
        self._record("wrong", message)
        print(f"  wrong  {self.title}")
        if message in self.marks.said:
            message = AGAIN
        self.marks.said.add(message)
        print(textwrap.fill(message, 88, initial_indent=INDENT, subsequent_indent=INDENT))
        return True

    @contextlib.contextmanager
    def elsewhere(self):
        """Let no alarm ring while another process is at work, which has limits of its own."""
        self.alarm.stop()
        try:
            yield
        finally:
            self.alarm.start()

    def _record(self, verdict, message):
        self.marks.parts.append(
            {
                "title": self.title,
                "verdict": verdict,
                "weight": self.weight,
                "hidden": self.hidden,
                "message": message,
            }
        )

    def _explain(self, error):
        name = self.marks.name
        if isinstance(error, Wrong):
            return str(error)
        if isinstance(error, OutOfTime):
            self.marks.was_slow = True
            return "It did not finish in time: is there a loop that never ends?"
        if isinstance(error, NotImplementedError):
            return UNWRITTEN
        if isinstance(error, NameError) and getattr(error, "name", None) == name:
            return f"There is no {name} yet: run the cell in which you wrote it (without errors)."
        kind = type(error).__name__
        if self.hidden:
            return f"Your function stopped with {_article(kind)} {kind}."
        # Keras sets its messages in bold, and lists all arguments after them.
        words = re.sub(r"\x1b\[[0-9;]*m", "", str(error)).partition("Arguments received by")[0]
        words = textwrap.shorten(words, 400, placeholder=" ...")
        return f"Your function stopped with {kind}: {words}{_line_of(error)}"


class _Raises:
    def __init__(self, kind):
        self.kind = kind

    def __enter__(self):
        return self

    def __exit__(self, kind, error, trace):
        if isinstance(error, NotImplementedError) or (
            error is not None and not isinstance(error, Exception)
        ):
            return False
        wanted = self.kind.__name__
        if error is None:
            told = "Here nothing can be right: your function should raise a"
            raise Wrong(f"{told} {wanted} that says why, and return nothing.")
        if not isinstance(error, self.kind):
            raise Wrong(f"Your function raised {kind.__name__} here; it should raise a {wanted}.")
        return True


class _Watch:
    """Raise OutOfTime after some seconds, where there are no alarms: in a browser, on Windows.

    Python 3.12 and later call us at each turn of a loop and each call of a function, and there we
    look at the clock.
    """

    def __init__(self, seconds):
        self.seconds = seconds
        self.monitoring: Any = vars(sys)["monitoring"]
        self.tool = None
        # In a browser there is no time of the processor to ask for.
        self.clock = time.perf_counter if sys.platform == "emscripten" else time.process_time

    def start(self):
        free = [tool for tool in range(6) if self.monitoring.get_tool(tool) is None]
        if not free:
            return
        self.tool, self.end = free[-1], self.clock() + self.seconds
        events = self.monitoring.events.JUMP, self.monitoring.events.PY_START
        self.monitoring.use_tool_id(self.tool, "cnnkit")
        for event in events:
            self.monitoring.register_callback(self.tool, event, self._look)
        self.monitoring.set_events(self.tool, sum(events))

    def stop(self):
        if self.tool is not None:
            self.monitoring.set_events(self.tool, 0)
            self.monitoring.free_tool_id(self.tool)
            self.tool = None

    def _look(self, *where):
        if self.clock() > self.end:
            self.end = self.clock() + 0.5  # again and again, as the alarm rings
            raise OutOfTime


class _Alarm:
    """Raise OutOfTime after some seconds, where the system can ring.

    What counts is the processor's time, so that a busy machine costs nobody marks; only an answer
    that waits and does nothing is stopped by the clock, ten times later.
    """

    def __init__(self, seconds):
        on_main = threading.current_thread() is threading.main_thread()
        self.timers = {}
        if hasattr(signal, "setitimer") and on_main:
            self.timers[signal.ITIMER_PROF] = signal.SIGPROF, seconds
            self.timers[signal.ITIMER_REAL] = signal.SIGALRM, 10 * seconds

    def start(self):
        self.before = {}
        for timer, (number, seconds) in self.timers.items():
            self.before[number] = signal.signal(number, self._ring)
            # Rings again and again: one alarm may be swallowed by a bare `except:` in the answer.
            signal.setitimer(timer, seconds, 0.5)

    def stop(self):
        for timer in self.timers:
            signal.setitimer(timer, 0)
        for number, handler in self.before.items():
            signal.signal(number, handler)

    def _ring(self, number, frame):
        raise OutOfTime


def _leaves(value):
    if isinstance(value, list | tuple):
        for item in value:
            yield from _leaves(item)
    else:
        yield value


def _article(word):
    return "an" if re.match("[AEIO]|U(?!ni)", word) else "a"


def _line_of(error):
    """Name the line of the notebook on which an exception arose."""
    if hasattr(error, "line_of_answer"):  # it arose in another process, which told us
        return error.line_of_answer
    frames = [f for f in traceback.extract_tb(error.__traceback__) if "ipykernel" in f.filename]
    if len(frames) < 2:  # the first one is the test cell itself
        return ""
    return f" (line {frames[-1].lineno} of your cell: {frames[-1].line})"
