"""Judging on other machines: hosts of their own, each in its network, and one that goes down."""

import os
import shutil
import signal
import subprocess
import sys
import time
from contextlib import ExitStack, contextmanager

import nbformat
import pytest
import zoo
from paths import ROOT

NAME = "01-pixels"
BRIDGE = "cnnkit0"
DASK = [sys.executable, "-m", "dask"]


@pytest.fixture
def course(tmp_path):
    folder = zoo.new_course(tmp_path / "course", NAME)
    release = nbformat.read(ROOT / "exercises" / NAME / "pixels.ipynb", as_version=4)
    answers = zoo.solutions(NAME)
    for number in range(9):
        own = {} if number else {"scale": "def scale(image):\n    import os; os._exit(1)"}
        notebook = zoo.fill_in(release, {**answers, **own})
        zoo.submit(folder, NAME, notebook, f"student-{number}")
    return folder


def grade(folder, *options):
    command = [sys.executable, "-m", "cnnkit", "grade", NAME, "--course", str(folder), *options]
    return subprocess.run(command, capture_output=True, text=True)


@contextmanager
def started(*command, log):
    """Start a program of Dask's, with all that it starts."""
    with log.open("wb") as file:
        own = {**os.environ, "PYTHONPATH": str(ROOT)}
        process = subprocess.Popen(
            command, stdout=file, stderr=file, env=own, start_new_session=True
        )
    try:
        yield process
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGTERM)
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def ip(*words):
    subprocess.run(["ip", *words], check=True, capture_output=True)


@contextmanager
def hosts(count):
    """Hosts that see nothing but this one, at 10.99.7.1: what a command there begins with."""
    with ExitStack() as stack:
        ip("link", "add", BRIDGE, "type", "bridge")
        stack.callback(ip, "link", "delete", BRIDGE)
        ip("addr", "add", "10.99.7.1/24", "dev", BRIDGE)
        ip("link", "set", BRIDGE, "up")
        for number in range(count):
            name = f"cnnkit-host-{number}"
            ip("netns", "add", name)
            stack.callback(ip, "netns", "delete", name)
            ip("link", "add", f"cnnkit-v{number}", "type", "veth", "peer", "eth0", "netns", name)
            ip("link", "set", f"cnnkit-v{number}", "master", BRIDGE, "up")
            ip("-n", name, "addr", "add", f"10.99.7.{number + 2}/24", "dev", "eth0")
            ip("-n", name, "link", "set", "eth0", "up")
            ip("-n", name, "link", "set", "lo", "up")
        yield [["ip", "netns", "exec", f"cnnkit-host-{n}"] for n in range(count)]


@pytest.fixture
def two_hosts():
    if os.geteuid() != 0 or shutil.which("ip") is None:
        pytest.skip("only root can make hosts of its own, with `ip` of iproute2")
    try:
        ip("netns", "add", "cnnkit-probe")
        ip("netns", "delete", "cnnkit-probe")
    except subprocess.CalledProcessError as error:
        pytest.skip(f"this machine makes no networks: {error.stderr.decode().strip()}")
    with hosts(2) as found:
        yield found


def until(condition, seconds=60):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.05)


@pytest.mark.slow
def test_two_hosts_grade_a_class_and_one_of_them_goes_down(sandbox, course, tmp_path, two_hosts):
    address, logs = "tcp://10.99.7.1:8786", [tmp_path / f"{n}.log" for n in range(3)]
    scheduler = [*DASK, "scheduler", "--host", "10.99.7.1", "--port", "8786", "--no-dashboard"]
    worker = [*DASK, "worker", address, "--nthreads", "1", "--no-dashboard", "--no-nanny"]
    with ExitStack() as stack:
        stack.enter_context(started(*scheduler, log=logs[0]))
        first, _ = (
            stack.enter_context(started(*host, *worker, log=log))
            for host, log in zip(two_hosts, logs[1:], strict=True)
        )
        until(lambda: all("Registered to" in log.read_text() for log in logs[1:]))
        done = grade(course, "--scheduler", address)
        scores = [" ".join(line.split()) for line in done.stdout.splitlines()]
        assert done.returncode == 0, done.stderr
        expected = [f"10.00 student-{number}" for number in range(9)]
        lost = 10 - zoo.CONTRACT[NAME]["scale"]
        assert scores == [f"{lost:.2f} student-0", *expected[1:]]
        assert len(list(course.glob("feedback/*/*/*.html"))) == 9
        # The same marks as here, to the last digit; and again where one of the two goes down.
        here = grade(course, "--force").stdout
        assert here == done.stdout
        command = [sys.executable, "-m", "cnnkit", "grade", NAME, "--course", str(course)]
        command += ["--force", "--scheduler", address]
        notebooks = course.glob("autograded/*/*/*.ipynb")
        before = {path: path.stat().st_mtime_ns for path in notebooks}
        again = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        until(lambda: any(path.stat().st_mtime_ns != when for path, when in before.items()))
        os.killpg(first.pid, signal.SIGKILL)
        assert again.communicate(timeout=200)[0] == here


@pytest.mark.slow
def test_without_a_scheduler_nothing_is_graded(course, tmp_path):
    done = grade(course, "--scheduler", "tcp://127.0.0.1:1")
    assert done.returncode == 1 and done.stdout == ""
    assert "No scheduler of Dask's answers at tcp://127.0.0.1:1" in done.stderr
    assert "Traceback" not in done.stderr
    assert not (course / "autograded").exists()
    with started(*DASK, "scheduler", "--port", "0", "--no-dashboard", log=tmp_path / "log") as _:
        until(lambda: "Scheduler at:" in (tmp_path / "log").read_text())
        address = (tmp_path / "log").read_text().split("Scheduler at:")[1].split()[0]
        done = grade(course, "--scheduler", address)
    assert done.returncode == 1 and "has no workers: on each machine" in done.stderr


def test_an_edition_is_all_that_tests_may_import(tmp_path, monkeypatch):
    """Exercises 06 and 07 judge with models, images and data of the package."""
    from cnnkit.grading import elsewhere

    ignored = shutil.ignore_patterns("__pycache__", "widgets")
    copy = shutil.copytree(elsewhere.PACKAGE, tmp_path / "cnnkit", ignore=ignored)
    before = elsewhere.edition()
    monkeypatch.setattr(elsewhere, "PACKAGE", copy)
    assert elsewhere.edition() == before
    for place in ("functional.py", "models/__init__.py", "images.py", "grading/judge.py"):
        with (copy / place).open("a") as file:
            file.write("# mended\n")
        assert elsewhere.edition() != before, place
        before = elsewhere.edition()


def test_a_machine_with_another_edition_judges_nobody(sandbox, course, tmp_path, monkeypatch):
    from cnnkit.grading import elsewhere

    monkeypatch.setattr(elsewhere, "edition", lambda: "of today")
    source = '{"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}'
    with pytest.raises(RuntimeError, match="has another edition of the course: copy the teacher's"):
        elsewhere._judged(source, source, "of last week", None, True)
