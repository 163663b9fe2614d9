"""What a test cell is, and how the cells of a function are named.

The answer of ``to_gray`` has the ``grade_id`` ``to-gray``, and the cell that tests it
``test-to-gray``.
"""

__all__ = ["function_of", "grade_id", "id_of_answer", "id_of_test", "is_test", "stopped"]

TEST = "test-"


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


def _nbgrader(cell):
    data = cell.metadata.get("nbgrader")
    return data if isinstance(data, dict) else {}


def stopped(cell):
    """Find the exception that ended a cell.

    Returns
    -------
    NotebookNode or None
        The cell's error output.
    """
    return next((o for o in cell.outputs if o.output_type == "error"), None)
