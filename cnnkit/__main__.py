"""Run ``python -m cnnkit``."""

import io
import signal
import sys


def _run():
    """Run a command; before and after it, too, Ctrl-C ends in no traceback."""
    try:
        if isinstance(sys.stdout, io.TextIOWrapper):  # names in letters that it lacks
            sys.stdout.reconfigure(errors="backslashreplace")
        from cnnkit.cli import main

        return main()
    except KeyboardInterrupt:
        print("\ncnnkit: Stopped: repeat the command as it was.", file=sys.stderr)
        return 130
    finally:
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # what is left is leaving
        exec("")  # else Python ends by the signal where text that an import executes was stopped


sys.exit(_run())
