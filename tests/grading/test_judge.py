"""A judge and a worker: what crosses between them, what is told, and what could still be forged."""

import contextlib
import copy
import json
import math
import socket
import struct

import numpy as np
import pytest
import zoo
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from nbformat.v4 import new_code_cell, new_notebook
from paths import ANSWERS, ROOT

from cnnkit import checks
from cnnkit.checks.marks import NotJudged
from cnnkit.grading import values
from cnnkit.grading.judge import PRINTED, judge
from cnnkit.grading.sandbox import Limits, Nursery
from cnnkit.grading.source import assignments, notebook_from
from cnnkit.study.cells import function_of, grade_id, is_answer, is_test
from cnnkit.study.records import read_record
from cnnkit.study.repair import rebuild

LIMITS = Limits(patience=0.2, cell=3.0, memory=400 << 20, starts=8)


@pytest.fixture(scope="module")
def nursery(sandbox):
    with Nursery(["numpy"], LIMITS) as nursery:
        yield nursery.wait()


@pytest.fixture(scope="module")
def nursery_with_torch(sandbox):
    with Nursery(["numpy", "torch"]) as nursery:
        yield nursery.wait()


def asked(name, points=4):
    return {"grade_id": f"test-{name}", "points": points, "grade": True, "solution": False}


def judged(nursery, answer, test, *own):
    """Judge an answer by a test cell, as in a notebook; give its record, and the notebook."""
    test = f"marks = checks.Marks('f', points=4)\n{test}\nmarks.total()"
    first = new_code_cell("import numpy as np\nfrom cnnkit import checks", id="first")
    given_ = {"grade_id": "f", "solution": True, "grade": False}
    solved = new_code_cell("def f(x):\n    return 0", metadata={"nbgrader": given_}, id="f")
    tests = new_code_cell(test, metadata={"nbgrader": asked("f")}, id="test-f")
    source = new_notebook(cells=[first, solved, tests])
    cells = copy.deepcopy(source.cells)
    cells[1].source = answer
    cells[1:1] = [new_code_cell(text) for text in own]
    notebook = rebuild(source, cells).notebook
    judge(source, notebook, nursery)
    return read_record(next(filter(is_test, notebook.cells))), notebook


def of(test, kind="part"):
    return f"with marks.{kind}('a part') as part:\n    {test}"


# ---- values --------------------------------------------------------------------------------------

NUMBERS = st.one_of(
    arrays.boolean_dtypes(), arrays.integer_dtypes(endianness="?"), arrays.floating_dtypes()
)
LEAVES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"])),
    arrays.arrays(NUMBERS, arrays.array_shapes(min_dims=0, min_side=0)),
    NUMBERS.map(lambda kind: kind.type(1)),
)
VALUES = st.recursive(
    LEAVES,
    lambda some: st.one_of(
        st.lists(some, max_size=4),
        st.lists(some, max_size=4).map(tuple),
        st.dictionaries(st.text("abc"), some, max_size=3),
    ),
    max_leaves=8,
)


def alike(one, other):
    if isinstance(one, np.ndarray | np.generic):
        same = one.dtype == other.dtype and one.shape == other.shape
        return same and one.tobytes() == other.tobytes()
    if isinstance(one, list | tuple):
        return type(one) is type(other) and len(one) == len(other) and all(map(alike, one, other))
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(alike(one[key], other[key]) for key in one)
    return type(one) is type(other) and (one == other or (math.isnan(one) and math.isnan(other)))


@given(VALUES)
def test_a_value_comes_out_as_it_went_in(value):
    blobs = []
    said = json.loads(json.dumps(values.encode(value, blobs, None)))
    assert alike(values.decode(said, blobs, None), value)


JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=5)),
    lambda some: st.one_of(
        st.lists(some, max_size=4),
        st.dictionaries(
            st.sampled_from(["array", "number", "list", "tuple", "dict", "object", "x"]),
            some,
            max_size=2,
        ),
    ),
    max_leaves=12,
)


@given(JSON, st.lists(st.binary(max_size=20), max_size=2))
def test_whatever_is_said_becomes_a_value_or_is_malformed(said, blobs):
    def other(kind, content, blobs):
        raise ValueError(kind)

    with contextlib.suppress(values.Malformed):
        values.decode(said, blobs, other)


@given(st.binary(max_size=60))
def test_whatever_bytes_come_there_is_a_message_or_a_reason(data):
    ours, theirs = socket.socketpair()
    with ours, theirs:
        theirs.sendall(data)
        theirs.shutdown(socket.SHUT_WR)
        try:
            head, blobs = values.Channel(ours).receive()
            assert isinstance(head, dict) and isinstance(blobs, list)
        except (values.Malformed, values.Ended):
            pass


def test_a_message_that_claims_too_much_is_not_read():
    for claim in (
        struct.pack("<I", 2**32 - 1),
        b"\x20\0\0\0" + b'{"sizes": [99999999999999]}     ',
    ):
        ours, theirs = socket.socketpair()
        with ours, theirs:
            theirs.sendall(claim)
            with pytest.raises(values.Malformed):
                values.Channel(ours).receive()


def test_a_message_does_not_grow_while_it_is_read():
    """Bytes that are named twice would fill the judge's memory, whatever was sent."""
    said = {"list": [{"array": [0, "|u1", [8]]}] * 2}
    with pytest.raises(values.Malformed):
        values.decode(said, [bytearray(8)], None)
    (one,) = values.decode({"list": said["list"][:1]}, [bytearray(8)], None)
    assert one.flags.owndata and one.tolist() == [0] * 8


def test_who_gives_back_more_and_more_is_stopped(nursery):
    """Each reply fits, and a test cell may keep them all."""
    size = nursery.limits.memory // 16
    answer = "def f(x):\n    return np.zeros(x, 'u1')"
    test = "\n".join(
        f"with marks.{kind}('a part', seconds=60) as part:\n"
        f"    many = [f({size}) for _ in range({count})]\n"
        f"    part.compare(1, 1)"
        for kind, count in (("hidden", 12), ("part", 17))
    )
    record, _ = judged(nursery, answer, test)
    assert [part.verdict for part in record.parts] == ["right", "wrong"]
    assert "it gave back more than fits into its memory" in record.parts[1].message


# ---- what is told --------------------------------------------------------------------------------


def test_an_exception_is_told_with_its_line_and_in_a_hidden_part_with_its_kind_alone(nursery):
    answer = "class Odd(ValueError):\n    pass\n\ndef f(x):\n    raise Odd(f'no {x}')"
    record, notebook = judged(
        nursery, answer, of("part.compare(f(1), 2)") + "\n" + of("part.compare(f(3), 4)", "hidden")
    )
    assert [part.message for part in record.parts] == [
        "Your function stopped with Odd: no 1 (line 5 of your cell: raise Odd(f'no {x}'))",
        "Your function stopped with a ValueError.",
    ]
    assert "no 3" not in json.dumps(notebook)


def test_an_exception_that_cannot_be_made_of_nothing_is_told_as_well(nursery):
    """An AxisError wants to be told which axis, a UnicodeDecodeError which bytes."""
    for cause, kind in [
        ("np.ones(3).sum(axis=7)", "AxisError"),
        ("b'\\xff'.decode()", "UnicodeDecodeError"),
        ("exec('raise ExceptionGroup(\\'g\\', [ValueError()])')", "ExceptionGroup"),
    ]:
        test = of("part.compare(f(1), 2)", "hidden")
        record, _ = judged(nursery, f"def f(x):\n    return {cause}", test)
        told = record.parts[0].message
        assert told in (f"Your function stopped with a{n} {kind}." for n in ("", "n"))


def test_what_an_answer_never_wrote_is_told_and_never_right_by_luck(nursery):
    test = "\n".join([of("part.compare(f(3), np.zeros(3))", kind) for kind in ("part", "hidden")])
    for answer in ("np.empty(x)", "empty(x)", "np.empty_like(np.ones(x))"):
        answer = f"from numpy import empty\n\ndef f(x):\n    return {answer}"
        record, _ = judged(nursery, answer, test)
        assert record.score == 0
        assert all("never written to" in part.message for part in record.parts)


def test_prints_stand_apart_from_verdicts(nursery):
    answer = "def f(x):\n    print('right, all of it', x)\n    return x"
    record, notebook = judged(
        nursery, answer, of("part.compare(f(1), 1)") + "\n" + of("part.compare(f(7), 7)", "hidden")
    )
    assert record.score == 4
    shown, said, _ = sorted(notebook.cells[-1].outputs, key=lambda o: o.output_type)
    assert shown.metadata == {PRINTED: True}
    assert shown.data == {"text/plain": "right, all of it 1\n"}
    assert "all of it" not in json.dumps(said)


@pytest.mark.parametrize(
    ("own", "answer"),
    [
        ("from numpy import *\nsum = max = range = 0", "def f(x):\n    return x"),
        ("import os\n%reset -f", "def f(x):\n    return np.array(x)"),
        ("%matplotlib inline\n!true", "def f(x):\n    return x"),
        ("input('Your name?')", "def f(x):\n    return x"),
        ("1 / 0", "def f(x):\n    return x"),
        ("f(", "def f(x):\n    return x"),
        ("await __import__('asyncio').sleep(0)", "def f(x):\n    return x"),
        ("%%time\ny = 1", "def f(x):\n    return x * y"),
        ("del np, checks", "import numpy as np\ndef f(x):\n    return np.array(x)"),
        ("checks = 0", "def f(x):\n    return float(x)"),
        (
            "import sys",
            "def f(x):\n    sys.stdout.encoding.lower(), sys.stdout.fileno()\n    return x",
        ),
    ],
)
def test_what_stands_around_an_honest_answer_costs_nothing(nursery, own, answer):
    test = of("part.compare(f(max([1, 2])), sum([1, 1]))")
    record, _ = judged(nursery, answer, test, own)
    assert record.score == 4, record


@pytest.mark.parametrize(
    ("result", "words"),
    [
        ("None", "Your function gave None back"),
        ("{1}", "Your function gave a set back"),
        ("10 ** 5000", "something other than plain numbers"),
        ("[1, 10 ** 5000]", "something other than plain numbers"),
        ("np.array([1j])", "something other than plain numbers"),
        ("np.array(['a'])", "something other than plain numbers"),
        ("[[1], [1, 2]]", "have different lengths"),
        ("lambda: 1", "Your function gave a function back"),
        ("(n for n in [1])", "Your function gave a generator back"),
    ],
)
def test_what_is_no_array_is_told_as_before(nursery, result, words):
    record, _ = judged(nursery, f"def f(x):\n    return {result}", of("part.compare(f(1), [1])"))
    assert record.score == 0 and words in record.parts[0].message


TENSORS = {
    "[torch.tensor(1.0), torch.tensor(2.0)]": ([1, 2], ""),
    "[torch.ones(2)]": ([[1, 1]], ""),
    "(torch.ones(2), 1 * np.ones(2))": ([[1, 1], [1, 1]], ""),
    "[Image.new('L', (2, 1), 7)]": ([[[7, 7]]], ""),
    "[torch.ones(2), torch.ones(3)]": ([[1, 1]], "have different lengths"),
    "[torch.nn.Linear(1, 1)]": ([1], "something other than plain numbers"),
    "torch.ones(2)": ([1, 1], "Your function gave a Tensor back"),
}


@pytest.mark.parametrize("result", TENSORS)
def test_a_list_of_tensors_counts_on_both_sides_as_the_array_that_it_makes(
    nursery_with_torch, result
):
    expected, words = TENSORS[result]
    answer = f"import torch\nfrom PIL import Image\ndef f(x):\n    return {result}"
    test = of(f"part.compare(f(1), {expected})")
    record, _ = judged(nursery_with_torch, answer, test)
    space = {"np": np, "checks": checks, "marks": checks.Marks("f", points=4)}
    exec(f"{answer}\n{test}", space)
    for said in (record.parts[0].message, space["marks"].parts[0]["message"]):
        assert words in said and bool(words) == bool(said)


def test_arguments_that_were_changed_are_seen(nursery):
    test = "x = part.given(np.arange(3.0))\n    part.compare(f(x), [0, 0, 0], unchanged=True)"
    for change in ("x[...] = 0", "x.shape = 3, 1", "x.resize(5, refcheck=False)", "x.sort()"):
        record, _ = judged(nursery, f"def f(x):\n    {change}\n    return np.zeros(3)", of(test))
        changed = change != "x.sort()"  # it was in order
        assert (record.score == 0) == changed, change
        assert "changed the input" in record.parts[0].message or not changed


LEFT = {
    "nothing": ("pass", True),
    "hooks that are taken off": ("x.register_forward_hook(print).remove()", True),
    "a hook": ("x[0].register_forward_hook(print)", False),
    "a hook before": ("x.register_forward_pre_hook(print)", False),
    "a hook on the way back": ("x[0].register_full_backward_hook(print)", False),
    "a hook on a parameter": ("x[0].weight.register_hook(print)", False),
    "a list": ("x[0].sizes = []", False),
    "another forward": ("x[0].forward = print", False),
}


@pytest.mark.parametrize(("done", "bare"), LEFT.values(), ids=LEFT)
def test_what_is_left_on_a_model_is_seen_on_both_sides(nursery_with_torch, done, bare):
    import torch

    test = f"""
import torch
model = torch.nn.Sequential(torch.nn.Linear(2, 2))
network = checks.Network(model)
state, before = network.state(), network.belongings()
with marks.hidden('a part') as part:
    f(model)
    part.require((before == network.belongings()) is {bare}, 'the hooks')
    part.require(state == network.state(), 'the numbers')
"""
    record, _ = judged(nursery_with_torch, f"def f(x):\n    {done}", test)
    assert record.score == 4, record
    x = torch.nn.Sequential(torch.nn.Linear(2, 2))
    before = checks.Network(x).belongings()
    exec(done, {"x": x})
    assert (before == checks.Network(x).belongings()) is bare


def test_a_loop_without_an_end_costs_its_part_and_no_other_function(nursery):
    answer = "def f(x):\n    while x:\n        pass\n    return x"
    test = of("part.compare(f(1), 1)") + "\n" + of("part.compare(f(0), 0)")
    record, _ = judged(nursery, answer, test)
    assert [part.verdict for part in record.parts] == ["wrong", "right"]
    assert "a loop that never ends" in record.parts[0].message


def test_when_the_sandbox_is_ended_nobody_is_judged(sandbox):
    """Not even in the last part, where no other worker is asked for afterwards."""
    with Nursery(["numpy"], LIMITS) as nursery:
        nursery.wait()
        test = "import os, signal\n" + of("part.compare(f(0), 0)", "hidden") + "\n"
        end = f"os.kill({nursery.process.pid}, signal.SIGKILL)"
        test += of(f"{end}\n    part.compare(f(1), 1)", "hidden")
        with pytest.raises(NotJudged, match="grade again"):
            judged(nursery, "import time\ndef f(x):\n    time.sleep(x)\n    return x", test)
        assert nursery.process.wait(10) and nursery.has_ended()


def test_cells_that_take_their_time_cost_no_part_its_own(nursery):
    """Also where they run first within a hidden part, and take longer than that may."""
    slow = "import time\ntime.sleep(0.5)"
    test = "\n".join(
        f"with marks.{kind}('a part', seconds=0.1) as part:\n    part.compare(f(1), 7)"
        for kind in ("part", "hidden")
    )
    answer = "def f(x):\n    return x * helper"
    record, _ = judged(nursery, answer, test, slow, slow, slow + "\nhelper = 7")
    assert record.score == 4, record


# ---- what could still be forged ------------------------------------------------------------------


FORGED = """
import gc
for space in gc.get_objects():
    if isinstance(space, dict) and "_after" in space and "_state" in space:
        space["{name}"] = {instead}
"""


def test_only_what_the_sandbox_alone_can_know_can_be_forged(nursery):
    """An answer that finds its way into the worker can lie about arguments, not about numbers."""
    answer = FORGED.format(name="_after", instead="lambda *args: []")
    answer += "\n\ndef f(x):\n    x[...] = 0\n    return np.array([0.0, 1.0, 2.0])"
    given_ = "x = part.given(np.arange(3.0))\n    "
    believed = of(f"{given_}part.compare(f(x), [0, 1, 2], unchanged=True)")
    record, _ = judged(nursery, answer, believed)
    assert record.score == 4  # this much is the worker's word
    record, _ = judged(nursery, answer, of(f"{given_}part.compare(f(x), [0, 1, 3])"))
    assert record.score == 0


ORDER = FORGED.format(name="_state", instead="lambda *args, old=space['_state']: told(old(*args))")
ORDER = f"""
def told(said):
    lies = {{"events": ["forward", "backward"], "most": 1}}
    said["own"] = {{name: lies.get(name, true) for name, true in said.get("own", {{}}).items()}}
    return said
{ORDER}
"""
COUNT = "from cnnkit.checks import probe\nprobe.Network.count = lambda self: 438_842\n"


@pytest.mark.parametrize(
    ("name", "function", "title", "lie", "won"),
    [
        ("08-training", "accumulate_gradients", "one big batch", ORDER, 0.5),
        ("08-training", "accumulate_gradients", "backward in the end", ORDER, 0.5),
        ("08-training", "accumulate_gradients", "added in full", ORDER, 0),
        pytest.param(
            *("07-cats-and-dogs", "article_model", "padded", COUNT, 1.33), marks=pytest.mark.slow
        ),
    ],
)
def test_a_lie_wins_the_part_that_asks_and_no_other(
    nursery_with_torch, name, function, title, lie, won
):
    """Of the order of a loss and the size of batches (08), and of a network's parameters (07)."""
    (answer,) = (a for a in zoo.read_answers(ANSWERS / name / f"{function}.py") if a.title == title)
    frame = notebook_from(assignments(ROOT)[name])
    answers, tests = (
        [cell for cell in frame.cells if wanted(cell) and function_of(grade_id(cell)) == function]
        for wanted in (is_answer, is_test)
    )
    own = [cell for cell in frame.cells if cell.cell_type == "code" and not grade_id(cell)]
    source = new_notebook(cells=[*own, *answers, *tests])
    scores = []
    for code in (answer.code, lie + answer.code):
        cells = copy.deepcopy(source.cells)
        cells[len(own)].source = code
        notebook = rebuild(source, cells).notebook
        judge(source, notebook, nursery_with_torch)
        scores.append(read_record(next(filter(is_test, notebook.cells))).score)
    assert scores[1] - scores[0] == pytest.approx(won, abs=0.01), scores


def test_of_a_tests_own_object_only_its_public_numbers_and_lists_can_be_set(nursery):
    answer = FORGED.format(
        name="_state", instead="lambda *args: dict(own=dict(a=5, b=[1], c=1, d=2, _e=3))"
    )
    test = """
class Kept:
    def __init__(self):
        self.a, self.b, self.c, self._e = 0, [], None, 0

thing = Kept()
with marks.hidden('an object') as part:
    f(thing)
    part.require(vars(thing) == {'a': 5, 'b': [1], 'c': None, '_e': 0}, 'set')
"""
    record, _ = judged(nursery, answer + "\n\ndef f(x):\n    pass", test)
    assert record.score == 4, record


def test_what_is_sent_into_the_sandbox_holds_no_expected_value(nursery):
    """A class of a test travels with its code, and with nothing that stands beside it."""
    answer = """
import gc
def f(x):
    secrets = [t for t in gc.get_objects() if isinstance(t, dict) and "expected" in t]
    return [len(secrets), "canary" in str(secrets)]
"""
    test = """
class Thing_oracle:
    most = 0
    def __call__(self):
        return np.ones(3)

expected = "canary"
with marks.hidden('an object') as part:
    found = f(Thing_oracle())
    part.require(found == [0, False], str(found))
"""
    record, _ = judged(nursery, answer, test)
    assert record.score == 4, record
