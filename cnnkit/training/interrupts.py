"""Ctrl-C: the first one is kept until the loop has saved the run, the second stops at once.

Whatever is stopped, and when: a :class:`Stopped` says how to go on, and its words are true. On the
command line :func:`cnnkit.cli.main` prints them. Python puts words of its own into a
KeyboardInterrupt that comes while a text is decoded, so those of any other are not passed on.
"""

import contextlib
import signal
import threading

from cnnkit.training.devices import rank_and_world

__all__ = ["Stopped", "advice", "ctrl_c", "how_to_go_on"]


class Stopped(KeyboardInterrupt):
    """A Ctrl-C that says how to go on."""


_NOTHING = "Stopped before anything was saved: repeat the command as it was."


@contextlib.contextmanager
def ctrl_c(wanted):
    """Collect the first Ctrl-C in a list, for the loop to see; a second one stops at once."""
    pressed: list[int] = []
    before = signal.getsignal(signal.SIGINT)
    # Only the main thread may listen, and a job in the background is told to ignore Ctrl-C.
    main_thread = threading.current_thread() is threading.main_thread()
    one_of_many = rank_and_world()[1] > 1  # to stop for itself, the others would wait for ever
    if not wanted or not main_thread or one_of_many or before is signal.SIG_IGN:
        yield pressed
        return

    def note(number, frame):
        pressed.append(number)
        signal.signal(signal.SIGINT, before)

    signal.signal(signal.SIGINT, note)
    try:
        yield pressed
    finally:
        signal.signal(signal.SIGINT, before)


def how_to_go_on(path, step, steps):
    """Say what Ctrl-C has left behind."""
    return (
        f"Stopped after step {step} of {steps}, saved in {path}. To go on, repeat the command "
        "with --resume (in Python: resume=True)."
    )


@contextlib.contextmanager
def advice(path, resume, nothing=_NOTHING):
    """Make of a KeyboardInterrupt one that says how to go on.

    `path` is that of the checkpoint, or None; `nothing` is said as long as there is none.
    """
    old = path is not None and path.exists() and not resume  # of another run, which stays
    try:
        yield
    except KeyboardInterrupt as stop:
        words = str(stop) if isinstance(stop, Stopped) else ""
        if not words and path is not None and path.exists() and not old:
            words = (
                f"Stopped at once. {path} holds the run that was saved last. To go on, repeat the "
                "command with --resume (in Python: resume=True)."
            )
        raise Stopped(words or nothing) from None
