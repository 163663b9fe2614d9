"""The outer wall: bubblewrap around the processes that run students' code, and what it costs.

A *nursery* is one bubblewrap with a warm Python inside (``worker``). In it there is no network, and
of this machine's files only the system's programs, this Python with its packages, and ``cnnkit``:
no solutions, gradebook, submissions, home, ``.git``. For each notebook it forks workers, each
behind walls of its own (``walls``). This module starts, watches and ends them; it trusts the
kernel's numbers about them, and nothing that they say.
"""

import contextlib
import json
import os
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path

from cnnkit.checks.marks import NotJudged, OutOfTime
from cnnkit.grading import values
from cnnkit.study.kernel import SECONDS

__all__ = ["Limits", "Nursery", "Refused", "Stopped", "Worker"]

PACKAGE = Path(__file__).resolve().parents[1]
TICKS = os.sysconf("SC_CLK_TCK") if hasattr(os, "sysconf") else 100
PAGE = os.sysconf("SC_PAGE_SIZE") if hasattr(os, "sysconf") else 4096
MOST_WAITED = 0.2  # seconds between two looks, if we were not kept from looking
IN_ANY_CASE = 0.1  # of each second on the clock: what works in ways that no number shows ends, too
INSIDE = "/course"  # where the package stands in the sandbox, wherever it stands outside
STRANGERS = 1_000_000_000  # users that nobody is: one for each nursery

ENDED = (
    "Something ended the sandbox while this notebook was judged, so it has no mark: grade again. "
    "If it happens again, the machine may have too little memory: try it with --jobs 1."
)


class Refused(NotJudged):
    """The walls around what students send cannot be built on this machine."""


class Stopped(Exception):
    """A worker was stopped, or ended itself; the message says why."""


@dataclass(frozen=True)
class Limits:
    """What the code of one student may use.

    Seconds are those that it calculates, or waits: a busy machine costs nobody anything. Only what
    seems to work and uses nothing is stopped by the clock, ten times later.
    """

    patience: float = 1.0  # how often the seconds that a part of a test allows
    cell: float = SECONDS  # seconds for each cell of a student's
    notebook: float = 900.0  # seconds for all of a notebook
    memory: int = 2 << 30  # bytes
    processes: int = 64
    disk: int = 64 << 20  # bytes of its scratch folder, which is in memory
    files: int = 2000
    starts: int = 40  # how often its Python is started again, after it ended


class Nursery:
    """A warm Python in a sandbox of its own, which forks workers: use it in a ``with`` statement.

    Parameters
    ----------
    modules : sequence of str
        What to import before any student's code runs.
    limits : Limits
    threads : int
        How many threads the libraries in it may use.
    walled : bool
        Without walls, students' code can do all that this program can.
    """

    def __init__(self, modules=(), limits=None, threads=1, walled=True):
        self.limits, self.walled = limits or Limits(), walled
        self.control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.home = Path(tempfile.mkdtemp(prefix="cnnkit-")) if not walled else Path("/tmp/home")
        self.complaint = tempfile.TemporaryFile()  # noqa: SIM115
        number = theirs.fileno()
        python = [sys.executable, "-B", "-s", "-P", "-m", "cnnkit.grading.worker", str(number)]
        self.process = subprocess.Popen(
            [*(_bubblewrap() if walled else ()), *python],
            pass_fds=[number],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=self.complaint,
            start_new_session=True,
            env=_environment(self.home, threads, INSIDE if walled else str(PACKAGE.parent)),
        )
        theirs.close()
        Cgroup.tidy()
        strange = STRANGERS + self.process.pid if walled and os.geteuid() == 0 else None
        settings = {
            "modules": list(modules),
            "environment": {"KERAS_BACKEND": "torch"},
            "walls": walled,
            "home": str(self.home),
            "limits": {**asdict(self.limits), "cpu": int(self.limits.notebook), "uid": strange},
        }
        with contextlib.suppress(OSError):
            self.control.send(json.dumps(settings).encode())

    def wait(self, seconds=300):
        """Wait until it is warm, and try once whether its walls stand.

        Raises
        ------
        Refused
            If the kernel refuses a wall; with what it said.
        """
        said = b""
        with contextlib.suppress(OSError):  # it has ended already
            if select.select([self.control], [], [], seconds)[0]:
                said = self.control.recv(9)
        if said != b"ready":
            self.close()
            raise Refused(self._complaint() or "its Python did not start")
        try:
            self.ask()
        except NotJudged as error:
            raise Refused(str(error)) from None
        return self

    def ask(self):
        """Make sure that it lives: let it fork a worker.

        Raises
        ------
        NotJudged
            If it does not; no answer is to blame for that.
        """
        Worker(self).close()

    def has_ended(self):
        """Tell whether it is there no more: only the process that has started it knows."""
        return self.process.poll() is not None

    def _complaint(self):
        self.complaint.seek(0)
        lines = self.complaint.read().decode("utf-8", "replace").strip().splitlines()
        return lines[-1] if lines else ""

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.close()

    def close(self):
        """End it, and with it every process in it."""
        self.process.kill()
        self.process.wait()
        self.control.close()
        if not self.walled:
            shutil.rmtree(self.home, ignore_errors=True)


def _environment(home, threads, course):
    """Give the variables that code in the sandbox sees: nothing of ours."""
    several = str(os.environ.get("OMP_NUM_THREADS", threads))
    return {
        "HOME": str(home),
        "USER": "student",
        "LOGNAME": "student",
        "LANG": "C.UTF-8",
        "PATH": "/usr/bin:/bin",
        "PYTHONPATH": course,
        "PYTHONHASHSEED": "0",
        "MPLBACKEND": "agg",
        "OMP_NUM_THREADS": several,
        "OPENBLAS_NUM_THREADS": several,
        "MKL_NUM_THREADS": several,
    }


def _bubblewrap():
    """Write the command that builds the outer wall around what follows it."""
    program = shutil.which("bwrap")
    if program is None:
        raise Refused("there is no bubblewrap (Debian and Ubuntu: apt-get install bubblewrap)")
    command = [program, "--unshare-pid", "--unshare-net", "--unshare-ipc", "--unshare-uts"]
    if os.geteuid() != 0:
        command += ["--unshare-user"]
    command += ["--die-with-parent", "--new-session", "--hostname", "sandbox", "--cap-add", "ALL"]
    command += ["--ro-bind", "/usr", "/usr"]
    for name in ("bin", "sbin", "lib", "lib32", "lib64"):
        folder = Path("/", name)
        if folder.is_symlink():
            command += ["--symlink", os.readlink(folder), str(folder)]
        elif folder.is_dir():
            command += ["--ro-bind", str(folder), str(folder)]
    command += ["--ro-bind-try", "/etc/ld.so.cache", "/etc/ld.so.cache"]
    command += ["--proc", "/proc", "--dev", "/dev", "--tmpfs", "/tmp"]
    if PACKAGE.is_relative_to("/usr"):
        command += ["--tmpfs", str(PACKAGE.parent)]
    # Of each Python, what it consists of: a `.venv` may be the very folder of the course.
    executable = Path(sys.executable)
    prefixes = [Path(sys.prefix), Path(sys.base_prefix)]
    prefixes += [executable.parents[1], executable.resolve().parents[1]]
    parts = [
        prefix / name
        for prefix in dict.fromkeys(prefixes)
        if prefix not in (Path("/usr"), Path("/"))
        for name in ("bin", "lib", "lib64", "pyvenv.cfg")
    ]
    for path in filter(Path.exists, parts):
        for parent in reversed(path.parents[:-1]):  # else they can be entered by root alone
            command += ["--dir", str(parent)]
        command += ["--ro-bind", str(path), str(path)]
    command += ["--dir", INSIDE, "--ro-bind", str(PACKAGE), f"{INSIDE}/{PACKAGE.name}"]
    # What bubblewrap has made of nothing belongs to us, and a plain user's workers are all us.
    made = ["/", "/dev", *([str(PACKAGE.parent)] if PACKAGE.is_relative_to("/usr") else [])]
    for name in made:
        command += ["--remount-ro", name]
    return [*command, "--chdir", "/tmp", "--"]


# ---- one worker ----------------------------------------------------------------------------------


class Worker:
    """A process that runs one student's code, and all that it starts: messages, watch, end."""

    def __init__(self, nursery):
        self.nursery, self.limits, self.walled = nursery, nursery.limits, nursery.walled
        ours, theirs = socket.socketpair()
        ours.settimeout(60)
        try:
            with theirs:
                socket.send_fds(nursery.control, [b"w"], [theirs.fileno()])
            message, handles, *_ = socket.recv_fds(ours, 200, 1)
        except OSError:
            message = b""
        if not message:
            ours.close()
            raise NotJudged(ENDED)
        if message.startswith(b"!"):
            ours.close()
            raise Refused(message[1:].decode("utf-8", "replace") or nursery._complaint())
        self.handle = handles[0] if handles else None
        self.pid = _number_here(self.handle, int(message))
        self.memory = Cgroup.around(self.pid, self.limits.memory) if nursery.walled else None
        self.channel = values.Channel(ours, self.watch)
        self.allowed = self.spent = self.all_spent = 0.0
        self.seen, self.clock = 0.0, time.monotonic()

    def allow(self, seconds):
        """Let it calculate, or wait, for some seconds from now on."""
        self.allowed, self.spent = seconds, 0.0
        self.seen, self.clock = usage(self.pid)[0], time.monotonic()

    def watch(self):
        """Look what it has used since the last look.

        Raises
        ------
        OutOfTime, Stopped
            If that is too much.
        """
        cpu, size, count, running = usage(self.pid)
        now = time.monotonic()
        waited = min(now - self.clock, MOST_WAITED)
        step = max(cpu - self.seen, waited * (IN_ANY_CASE if running else 1))
        self.seen, self.clock = max(cpu, self.seen), now
        self.spent += step
        self.all_spent += step
        if self.spent > self.allowed:
            raise OutOfTime
        if (self.memory.used() if self.memory else size) > self.limits.memory * 0.97:
            raise Stopped("it filled the memory")
        if count > self.limits.processes:
            raise Stopped("it started too many processes")

    def send(self, head, blobs=()):
        """Send a message; see :class:`values.Channel`."""
        with self._reasons():
            self.channel.send(head, blobs)

    def receive(self):
        """Wait for a message.

        Raises
        ------
        OutOfTime, Stopped
            If it takes too long or uses too much, ends, or says what makes no sense.
        NotJudged
            If it has ended because the whole sandbox has.
        """
        with self._reasons():
            return self.channel.receive()

    @contextlib.contextmanager
    def _reasons(self):
        try:
            yield
        except values.Ended:
            full = self.memory is not None and self.memory.was_full()
            self.nursery.ask()
            raise Stopped("it filled the memory" if full else "it ended Python") from None
        except values.Malformed as error:
            raise Stopped(f"its reply was not to be read: {error}") from None

    def has_ended(self):
        """Tell whether it is there no more."""
        return self.handle is not None and bool(select.select([self.handle], [], [], 0)[0])

    def close(self):
        """End it and all its processes; nothing of it is left afterwards."""
        self.channel.close()
        if not self.walled:  # what has left its group stays: no wall holds it
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.pid, signal.SIGKILL)
        with contextlib.suppress(ProcessLookupError):
            if self.handle is not None:
                signal.pidfd_send_signal(self.handle, signal.SIGKILL)
                select.select([self.handle], [], [], 10)
            else:
                os.kill(self.pid, signal.SIGKILL)
        if self.handle is not None:
            os.close(self.handle)
        if self.memory is not None:
            self.memory.close()


def _number_here(handle, number):
    """Give the number of a process as we see it: in its namespace it has another one."""
    if handle is not None:
        with contextlib.suppress(OSError, IndexError, ValueError):
            text = Path(f"/proc/self/fdinfo/{handle}").read_text()
            return int(text.split("Pid:")[1].split()[0])
    return number


def usage(pid):
    """Add up a process and all below it.

    Returns
    -------
    tuple
        Seconds of the processor, bytes of memory, how many they are, whether one is at work.
    """
    cpu, size, count, running, waiting = 0.0, 0, 0, False, [pid]
    while waiting:
        number = waiting.pop()
        try:
            state, *fields = Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()
            for task in os.listdir(f"/proc/{number}/task"):
                children = Path(f"/proc/{number}/task/{task}/children").read_text()
                waiting += map(int, children.split())
        except (OSError, ValueError):
            continue
        cpu += sum(map(int, fields[10:14])) / TICKS
        size += int(fields[20]) * PAGE
        count += 1
        running = running or state == "R"
    return cpu, size, count, running


class Cgroup:
    """A bound on the memory of a group of processes, where the system lets us set one."""

    ROOT = Path("/sys/fs/cgroup")
    NAMES = (
        ("memory/memory.limit_in_bytes", "memory.usage_in_bytes"),
        ("memory.max", "memory.current"),
    )

    def __init__(self, folder, limit, usage, pid, most):
        self.folder, self.usage = folder, usage
        folder.mkdir()
        try:
            (folder / limit).write_text(str(most))
            (folder / "cgroup.procs").write_text(str(pid))
        except OSError:
            self.close()
            raise

    @classmethod
    def tidy(cls):
        """Take away what a run that was killed has left."""
        for limit, _ in cls.NAMES:
            for folder in (cls.ROOT / limit).parent.glob("cnnkit-*-*"):
                if not Path("/proc", folder.name.split("-")[1]).exists():
                    with contextlib.suppress(OSError):
                        folder.rmdir()

    @classmethod
    def around(cls, pid, most):
        """Make one around a process, or give None where that is not allowed."""
        name = f"cnnkit-{os.getpid()}-{pid}"
        for limit, usage in cls.NAMES:
            base = cls.ROOT / Path(limit).parent
            if (base / "cgroup.procs").exists() and os.access(base, os.W_OK):
                with contextlib.suppress(OSError):
                    return cls(base / name, Path(limit).name, usage, pid, most)
        return None

    def used(self):
        """Give the bytes in use."""
        return int((self.folder / self.usage).read_text())

    def was_full(self):
        """Tell whether a process was ended for want of memory."""
        for name in ("memory.oom_control", "memory.events"):
            with contextlib.suppress(OSError):
                for line in (self.folder / name).read_text().splitlines():
                    if line.startswith("oom_kill ") and not line.endswith(" 0"):
                        return True
        return False

    def close(self):
        """Take it away; its processes must have ended."""
        for _ in range(50):
            with contextlib.suppress(OSError):
                self.folder.rmdir()
                return
            time.sleep(0.01)
