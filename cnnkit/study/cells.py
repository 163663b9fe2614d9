"""What a test cell is, how the cells of a function are named, and what of a cell students get.

The answer of ``to_gray`` has the ``grade_id`` ``to-gray``, and the cell that tests it
``test-to-gray``.
"""

import ast
import functools
import re

__all__ = [
    "REGION",
    "function_of",
    "functions_in",
    "grade_id",
    "id_of_answer",
    "id_of_test",
    "is_answer",
    "is_test",
    "parsed",
    "released_source",
    "stopped",
]

TEST = "test-"
# What is in the source of an exercise, and in no notebook of a student.
REGION = re.compile(r"### BEGIN (SOLUTION|HIDDEN TESTS)\n(.*?)### END \1", re.DOTALL)
BORDER = re.compile(r"( *)### (BEGIN|END) (SOLUTION|HIDDEN TESTS)")
UNWRITTEN = "# YOUR CODE HERE", "raise NotImplementedError()"
UNANSWERED = "YOUR ANSWER HERE"
# A line for IPython: `%precision 2`, `!pip install x`, `files = !ls`.
MAGIC = re.compile(r"^([ \t]*)(?:[%!?]|\w+[ \t]*=[ \t]*[%!]).*$", re.MULTILINE)
KEPT = 512  # answers about texts: mending one notebook asks for the same ones again and again


def id_of_answer(function):
    """Name the cell that holds the answer of a function.

    >>> id_of_answer("to_gray")
    'to-gray'
    """
    return function.replace("_", "-")


def id_of_test(function):
    """Name the cell that tests a function.

    >>> id_of_test("to_gray")
    'test-to-gray'
    """
    return TEST + id_of_answer(function)


def function_of(name):
    """Tell which function a cell is about, be it the answer or the test.

    >>> function_of("test-to-gray"), function_of("to-gray")
    ('to_gray', 'to_gray')
    """
    return name.removeprefix(TEST).replace("-", "_")


def grade_id(cell):
    """Read the ``grade_id`` of a cell: empty where it has none."""
    return str(_nbgrader(cell).get("grade_id", ""))


def is_test(cell):
    """Tell whether a cell is code that gives points: neither an answer nor a written question."""
    data = _nbgrader(cell)
    return cell.cell_type == "code" and data.get("grade", False) and not data.get("solution", False)


def is_answer(cell):
    """Tell whether a cell is for a student to fill in: a function, or a written answer."""
    return bool(_nbgrader(cell).get("solution", False))


def _nbgrader(cell):
    data = cell.metadata.get("nbgrader")
    return data if isinstance(data, dict) else {}


def functions_in(text):
    r"""Name the functions that code defines at its top level, in order.

    Also in code that does not parse, or that holds magic commands.

    >>> functions_in("def relu(x):\n    def inner(): ...\n\ndef scale(x:")
    ['relu', 'scale']
    """
    return list(_functions_in(text))


@functools.lru_cache(KEPT)
def _functions_in(text):
    body = parsed(text)
    if body is None:
        return tuple(re.findall(r"^(?:async +)?def +(\w+)", text, re.MULTILINE))
    kinds = ast.FunctionDef | ast.AsyncFunctionDef
    return tuple(node.name for node in body if isinstance(node, kinds))


def parsed(text):
    r"""Parse the code of a cell; a line for IPython counts as one that does nothing.

    Returns
    -------
    list of ast.stmt or None
        None where it does not parse. Each stands in its own line of the text.

    >>> [node.lineno for node in parsed("!pip install x\nimport x")]
    [1, 2]
    """
    for code in dict.fromkeys((text, MAGIC.sub(r"\1pass", text))):
        try:
            return ast.parse(code).body
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            continue
    return None


def released_source(cell):
    r"""Give the text of a cell of an exercise's source as students get it.

    >>> from nbformat.v4 import new_code_cell
    >>> text = "def one():\n    ### BEGIN SOLUTION\n    return 1\n    ### END SOLUTION"
    >>> print(released_source(new_code_cell(text)))
    def one():
        # YOUR CODE HERE
        raise NotImplementedError()
    """
    if cell.cell_type == "markdown":
        return UNANSWERED if is_answer(cell) else cell.source
    lines: list[str] = []
    inside = False
    for line in cell.source.splitlines():
        mark = BORDER.fullmatch(line)
        if mark is None:
            lines += [] if inside else [line]
        else:
            indent, end, kind = mark.groups()
            inside = end == "BEGIN"
            lines += [indent + text for text in UNWRITTEN] if inside and kind == "SOLUTION" else []
    return "\n".join(lines)


def stopped(cell):
    """Find the exception that ended a cell.

    Returns
    -------
    NotebookNode or None
        The cell's error output.
    """
    return next((o for o in cell.outputs if o.output_type == "error"), None)
