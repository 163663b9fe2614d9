"""Inside the Python that runs a student's cells: what they do to names costs no test its own.

A test needs ``np``, ``checks`` and Python's own names. It finds them in a room of its own, where
only the functions that it asks for are the student's.
"""

import ast
import contextlib

__all__ = ["SECONDS", "TEST", "prepare", "without_effect"]

SECONDS = 30.0  # for each cell of a student's, in ``check`` and in ``grade``
TEST = "cnnkit_test"  # the magic that runs a test cell
# Pictures are drawn for nobody, and a cell that forgets the others costs no marks.
WITHOUT_EFFECT = "gui", "matplotlib", "pylab", "reset", "reset_selective", "xdel"


def without_effect(shell):
    """Let the magics that would disturb other cells do nothing."""
    for name in WITHOUT_EFFECT:
        shell.register_magic_function(lambda line: None, "line", name)


def prepare(setup, names):
    """Make this kernel ready for the cells of a notebook.

    Parameters
    ----------
    setup : sequence of str
        The exercise's own cells, of which tests need what they import and define; without any,
        tests run among the student's names.
    names : sequence of str
        The functions that tests ask for.
    """
    from IPython import get_ipython

    shell = get_ipython()
    own = shell.user_ns
    room = {"__name__": "__main__"} if setup else own
    before: dict = {}

    def test(line, source):
        room.update((name, own[name]) for name in names if name in own)
        tree = ast.parse(source)
        last = ast.Expression(tree.body.pop().value)
        # By their file names, `Marks` tells the cells of a notebook from what they call.
        exec(compile(tree, "<ipykernel test>", "exec"), room)
        return eval(compile(last, "<ipykernel test>", "eval"), room)

    def keep(info):
        before.clear()
        before.update(own)

    def leave_out(result):
        """Take back what a cell has defined that was stopped: grading leaves it out."""
        if isinstance(result.error_in_exec, KeyboardInterrupt):
            own.clear()
            own.update(before)

    without_effect(shell)
    shell.register_magic_function(test, "cell", TEST)
    shell.events.register("pre_run_cell", keep)
    shell.events.register("post_run_cell", leave_out)
    for source in setup:
        with contextlib.suppress(Exception):  # the student's own copy of this cell tells it
            exec(source, room)
