"""Each way that an install or a build goes wrong ends in one sentence; the next run recovers."""

import os
import shutil
import stat
import subprocess

import pytest


def make(folder, *arguments, prefix=(), **environment):
    """Run make there: its exit status and the last line it printed of its own."""
    done = subprocess.run(
        [*prefix, "make", "-C", folder, *arguments],
        capture_output=True,
        text=True,
        env={**os.environ, **environment},
    )
    lines = (done.stdout + done.stderr).splitlines()
    ours = [line for line in lines if line.startswith("Stopped: ")]
    return done.returncode, ours[-1] if ours else "", "\n".join(lines)


@pytest.fixture
def clone(root, tmp_path):
    """The files that make reads, in an empty folder that others may read too."""
    for name in ("Makefile", "pyproject.toml", "constraints.txt", "package.json"):
        shutil.copy(root / name, tmp_path)
    shutil.copy(root / "package-lock.json", tmp_path)
    return tmp_path


def script(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("#!/bin/sh\n" + text)
    path.chmod(path.stat().st_mode | stat.S_IEXEC)
    return str(path)


def test_help_lists_the_targets(root):
    printed = subprocess.check_output(["make", "-C", root, "help"], text=True)
    for target in ("book", "serve", "lab", "test", "lock", "assignments", "student-bundle"):
        assert f"\n{target} " in "\n" + printed


def test_an_older_python(clone):
    old = script(clone / "bin/python3", "exit 1\n")
    status, said, _ = make(clone, "book", f"PYTHON={old}", f"CANDIDATES={old}")
    assert status != 0
    assert "needs Python 3.11, 3.12 or 3.13" in said and "make PYTHON=" in said
    assert not (clone / ".venv").exists()


def test_a_python_without_venv(clone):
    bare = script(clone / "bin/python3", 'case "$2" in *venv*) exit 1;; esac\n')
    status, said, _ = make(clone, "book", f"PYTHON={bare}", f"CANDIDATES={bare}")
    assert status != 0
    assert "no venv module" in said and "apt-get install python3-venv" in said


# A stand-in for Python that makes a `.venv` of itself and lets pip fail while `offline` exists.
PRETENDER = """
echo "$@" >> {log}
case "$*" in
  *"venv --clear"*) mkdir -p .venv/bin && cp {self} .venv/bin/python && cp {self} .venv/bin/pip ;;
  *"-e .[all]"*) test ! -e {offline} ;;
esac
"""


def test_the_network_fails_half_way_and_comes_back(clone):
    log, offline, python = clone / "log", clone / "offline", clone / "bin/python3"
    script(python, PRETENDER.format(log=log, self=python, offline=offline))
    script(clone / ".venv-npm/npm", "exit 0\n")
    offline.touch()
    arguments = (".venv/.ready", f"PYTHON={python}", f"CANDIDATES={python}")
    path = f"{clone / '.venv-npm'}:{os.environ['PATH']}"

    status, said, _ = make(clone, *arguments, PATH=path)
    assert status != 0
    assert "check the network connection, then run make again" in said
    assert not (clone / ".venv/.ready").exists()

    offline.unlink()
    status, _, printed = make(clone, *arguments, PATH=path)
    assert status == 0, printed
    assert (clone / ".venv/.ready").exists()
    calls = log.read_text()
    assert calls.count("venv --clear") == 1, "what had arrived was thrown away"
    assert calls.count("torch") == 2 and calls.count("-e .[all]") == 2

    log.write_text("")
    assert make(clone, *arguments, PATH=path)[0] == 0
    assert log.read_text() == "", "a second run must install nothing"


def test_a_pip_that_reaches_no_index(clone):
    """The real pip, its network cut: our sentence comes last, and names the cure."""
    status, said, printed = make(
        clone,
        ".venv/.ready",
        PIP_INDEX_URL="http://127.0.0.1:9/simple",
        PIP_CONFIG_FILE=os.devnull,
        PIP_FIND_LINKS="",
        PIP_EXTRA_INDEX_URL="",
        PIP_RETRIES="0",
        PIP_NO_CACHE_DIR="1",
    )
    assert status != 0, printed
    assert "pip could not finish" in said
    assert (clone / ".venv/bin/python").exists() and not (clone / ".venv/.ready").exists()


# A stand-in for Jupyter Book that counts its runs and fails while `broken` exists.
COUNTING = """
echo run >> _build/runs
test ! -e broken || exit 1
mkdir -p _build/html && touch _build/html/index.html
"""


def test_nothing_is_built_where_nothing_has_changed(clone):
    ready, page, package = clone / ".venv/.ready", clone / "page.md", clone / "cnnkit"
    script(clone / ".venv/bin/jupyter-book", COUNTING)
    package.mkdir()
    page.touch()
    ready.touch()

    def runs(pyodide=""):
        status, said, printed = make(clone, "book", CNNKIT_PYODIDE=pyodide)
        assert bool(status) == (clone / "broken").exists(), printed
        assert bool(said) == bool(status)
        return len((clone / "_build/runs").read_text().splitlines())

    assert [runs(), runs()] == [1, 1]
    page.write_text("changed")
    assert [runs(), runs()] == [2, 2]
    (package / "nn.py").touch()
    assert [runs(), runs()] == [3, 3]
    os.utime(shutil.copy(page, clone / "older.md"), (1, 1))  # an old date does not hide it
    assert [runs(), runs()] == [4, 4]
    (clone / "older.md").unlink()
    assert [runs(), runs()] == [5, 5]
    (clone / ".git").mkdir()
    assert [runs(), runs()] == [6, 6]  # byte code is there before: its folder makes none younger
    (clone / ".git/HEAD").touch()
    (package / "__pycache__/nn.pyc").touch()
    assert [runs(), runs()] == [6, 6]
    ready.touch()  # other packages
    assert [runs(), runs()] == [7, 7]
    (clone / "_build/html/index.html").unlink()
    assert [runs(), runs()] == [8, 8]
    (clone / "broken").touch()
    assert [runs(), runs()] == [9, 10], "what failed is tried again"
    (clone / "broken").unlink()
    assert [runs(), runs()] == [11, 11]
    assert [runs("files"), runs("files")] == [12, 13]  # what runs in the page was not to be had
    (clone / "_build/html/live").mkdir()
    assert [runs("files"), runs("files")] == [13, 13]
    assert [runs("others"), runs("others"), runs()] == [14, 14, 15]


def test_a_read_only_build_folder(clone):
    clone.joinpath(".venv").mkdir()
    clone.joinpath(".venv/.ready").touch()
    build = clone / "_build"
    build.mkdir()
    build.chmod(0o555)
    prefix = ()
    if os.geteuid() == 0:  # to root nothing is read-only: run make as somebody else
        if not shutil.which("setpriv"):
            pytest.skip("needs setpriv (util-linux) when run as root")
        prefix = ("setpriv", "--reuid=65534", "--clear-groups")
        for folder in [clone, *clone.parents]:
            if folder.stat().st_uid == 0 and str(folder).startswith("/tmp/"):
                folder.chmod(folder.stat().st_mode | 0o055)
    status, said, printed = make(clone, "book", prefix=prefix)
    build.chmod(0o755)
    assert status != 0, printed
    assert "_build cannot be written" in said and "chmod -R u+w _build" in said
