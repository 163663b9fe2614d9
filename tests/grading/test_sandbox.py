"""Walls: who may build them, what is said where nobody may, what nbgrader's command does."""

import ast
import contextlib
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import nbformat
import pytest
import zoo
from paths import ROOT

from cnnkit import cli
from cnnkit.grading import pipeline, source
from cnnkit.grading import sandbox as walls
from cnnkit.grading.export import gradebook

NAME, HOME = "01-pixels", "/tmp/home"
TRY = """
import sys
from cnnkit.grading.sandbox import Limits, Nursery, Worker
with Nursery(["numpy"], Limits()) as nursery:
    workers = [Worker(nursery.wait()), Worker(nursery)]
    for worker in workers:
        worker.allow(60)
        worker.send({"cells": sys.argv[1:], "skip": [], "stops": []})
        for _ in sys.argv[1:]:
            print(worker.receive()[0]["out"])
    for worker in workers:
        worker.close()
"""
LOOK = "import os, glob; print(os.getuid(), os.getpid(), glob.glob('/proc/*'), os.listdir('/'))"
# Each of two workers leaves a note wherever it may, and says where it finds one.
NOTES = """
found, left, waiting = [], [], ["/"]
while waiting:
    folder = waiting.pop()
    path = os.path.join(folder, "note")
    try:
        with os.scandir(folder) as inside:
            waiting += [one.path for one in inside if one.is_dir(follow_symlinks=False)]
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL))
        left.append(folder)
    except FileExistsError:
        found.append(path)
    except OSError:
        pass
for path in glob.glob("/dev/pts/[0-9]*"):
    found.append(path)
kept = os.openpty()
print([found, sorted(left)])
"""


def handed_in(folder, students):
    """Make a course in which these students have handed in all right answers."""
    zoo.new_course(folder, NAME)
    release = nbformat.read(ROOT / "exercises" / NAME / "pixels.ipynb", as_version=4)
    for student in students:
        zoo.submit(folder, NAME, zoo.fill_in(release, zoo.solutions(NAME)), student)
    return folder


def grade(folder):
    command = [sys.executable, "-m", "cnnkit", "grade", NAME, "--course", str(folder)]
    return subprocess.run(command, capture_output=True, text=True)


@pytest.mark.parametrize("user", ["as we are", "a plain user"])
def test_walls_stand_for_root_and_for_a_plain_user(sandbox, user):
    command = [sys.executable, "-c", TRY, LOOK, NOTES]
    if user == "a plain user" and os.geteuid() == 0:
        if shutil.which("unshare") is None:
            pytest.skip("no `unshare` to become a plain user with")
        command = ["unshare", "--user", "--map-user=1000", "--map-group=1000", *command]
    done = subprocess.run(command, capture_output=True, text=True, cwd="/")
    assert done.returncode == 0, done.stderr
    first, notes, second, others = filter(None, done.stdout.splitlines())
    for said in (first, second):
        uid, pid, rest = said.split(maxsplit=2)
        assert int(uid) != 0 and int(pid) == 1
        seen = set(ast.literal_eval(rest.removeprefix("[] ")))
        assert rest.startswith("[] ") and not {"home", "srv", "var"} & seen
    assert ast.literal_eval(notes) == ast.literal_eval(others) == [[], ["/dev/shm", "/tmp", HOME]]


def test_a_machine_that_refuses_says_so_and_grades_nothing(tmp_path, monkeypatch, capsys):
    folder, programs = handed_in(tmp_path / "course", ["ada"]), tmp_path / "bin"
    programs.mkdir()

    def grade(path, *options):
        monkeypatch.setenv("PATH", str(path))
        status = cli.main(["grade", NAME, "--course", str(folder), *options])
        return status, *capsys.readouterr()

    status, told, complaint = grade(programs)
    assert status == 1 and told == ""
    assert "there is no bubblewrap" in complaint and "--unsandboxed" in complaint
    refuses = programs / "bwrap"
    refuses.write_text(
        "#!/bin/sh\necho 'bwrap: No permissions to create new namespace' >&2\nexit 1\n"
    )
    refuses.chmod(0o755)
    status, told, complaint = grade(f"{programs}:/bin")
    assert status == 1 and told == ""
    assert "No permissions to create new namespace" in complaint
    assert not (folder / "autograded").exists() and not (folder / "feedback").exists()
    status, told, complaint = grade(programs, "--unsandboxed")
    assert told == " 10.00  ada\n" and status == 0
    assert "runs as you" in complaint


def test_nbgraders_own_command_keeps_the_same_walls(sandbox, tmp_path):
    folder = handed_in(tmp_path / "course", ["ada"])
    secret = tmp_path / "secret.txt"
    secret.write_text("canary")
    planted = f"open({str(folder / 'found')!r}, 'w')\ncheck = checks.Marks.total = lambda s: 9"
    own = {"scale": planted}
    release = nbformat.read(ROOT / "exercises" / NAME / "pixels.ipynb", as_version=4)
    zoo.submit(folder, NAME, zoo.fill_in(release, {**zoo.solutions(NAME), **own}), "forger")
    (folder / "submitted" / "forger" / NAME / "link.txt").symlink_to(secret)
    (folder / "submitted" / "forger" / NAME / "numpy.py").write_text("raise SystemExit")
    bin_ = Path(sys.executable).parent
    environment = {**os.environ, "PATH": f"{bin_}:{os.environ['PATH']}"}
    source.write_sources(folder)
    for command in ("generate_assignment", "autograde"):
        done = subprocess.run(
            ["nbgrader", command, NAME], cwd=folder, env=environment, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr
    whole = sum(score for score, _ in zoo.read_marks(folder, NAME, "ada").values())
    forged = zoo.read_marks(folder, NAME, "forger")
    assert whole == 10 and forged["scale"][0] == 0
    assert sum(score for score, _ in forged.values()) == 10 - zoo.CONTRACT[NAME]["scale"]
    assert not (folder / "found").exists()
    left = sorted(path.name for path in (folder / "autograded" / "forger" / NAME).iterdir())
    assert left == ["pixels.ipynb"]


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_runs_that_were_killed_at_twenty_moments_lose_nothing(sandbox, tmp_path):
    """What stands is whole, each time; the next run goes on, and the last one has them all."""
    students = [f"student-{number}" for number in range(8)]
    folder = handed_in(tmp_path / "course", students)
    whole = time.monotonic()
    assert grade(folder).returncode == 0
    whole = time.monotonic() - whole
    command = [sys.executable, "-m", "cnnkit", "grade", NAME, "--course", str(folder)]
    seed = random.randrange(1000)
    print(f"moments of seed {seed}")
    moments = random.Random(seed)
    for number in range(20):
        if number % 4 == 0:  # everything is to be done again
            for path in folder.glob("submitted/*/*/*.ipynb"):
                path.write_text(path.read_text("utf8") + " ", "utf8")
        own = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        process = subprocess.Popen(command, **own)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(moments.uniform(0.1, 1.2) * whole)
        process.kill()
        process.wait()
        for path in folder.glob("autograded/*/*/*.ipynb"):
            assert nbformat.reads(path.read_text("utf8"), as_version=4).metadata.cnnkit
        for path in folder.glob("feedback/*/*/*.html"):
            assert "</html>" in path.read_text("utf8")
        with gradebook(folder) as book:
            assert {s.score for s in book.assignment_submissions(NAME)} <= {0.0, 10.0}
    done = grade(folder)
    assert done.returncode == 0, done.stderr
    assert [line.split() for line in done.stdout.splitlines()[:8]] == [
        ["10.00", s] for s in students
    ]
    for pattern in ("autograded/*/*/*", "feedback/*/*/*"):
        assert len(list(folder.glob(pattern))) == 8


def test_a_sandbox_that_something_ends_is_started_anew_and_costs_no_marks(
    sandbox, tmp_path, monkeypatch
):
    """As the kernel does where the memory is short, or whoever stops the run."""
    whole = pipeline.judge

    def judge(source, notebook, nursery):
        with contextlib.suppress(FileExistsError):
            (tmp_path / "ended").touch(exist_ok=False)
            os.kill(nursery.process.pid, signal.SIGKILL)
        whole(source, notebook, nursery)

    monkeypatch.setattr(pipeline, "judge", judge)
    folder = handed_in(tmp_path / "course", ["ada", "bea", "cleo"])
    graded = pipeline.autograde(folder, NAME, jobs=1)
    scores = {student: result.score for student, result in graded.items()}
    assert scores == {"ada": 10.0, "bea": 10.0, "cleo": 10.0}


def test_folders_that_a_killed_run_has_left_are_taken_away(tmp_path, monkeypatch):
    gone = subprocess.Popen(["true"])
    gone.wait()
    names = f"cnnkit-{gone.pid}-7", f"cnnkit-{os.getpid()}-7", "another"
    for name in names:
        (tmp_path / "memory" / name).mkdir(parents=True)
    monkeypatch.setattr(walls.Cgroup, "ROOT", tmp_path)
    walls.Cgroup.tidy()
    assert sorted(path.name for path in (tmp_path / "memory").iterdir()) == sorted(names[1:])


def test_a_worker_that_has_ended_leaves_no_process(sandbox):
    with walls.Nursery(["numpy"]) as nursery:
        worker = walls.Worker(nursery.wait())
        worker.allow(20)
        cell = "import subprocess\nfor _ in range(5): subprocess.Popen(['sleep', '1000'])"
        worker.send({"cells": [cell], "skip": [], "stops": []})
        worker.receive()
        assert walls.usage(worker.pid)[2] == 6
        pid = worker.pid
        worker.close()
        for _ in range(400):  # dead at once; its nursery takes it off the table a moment later
            if walls.usage(pid)[2] == 0:
                break
            time.sleep(0.05)
        assert walls.usage(pid)[2] == 0
