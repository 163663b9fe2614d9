"""What grading takes: no more for a large class than for a small one."""

import importlib.util
import sys

import pytest
from paths import ROOT

NAME = "02-convolution"


@pytest.fixture
def benchmark(monkeypatch):
    """The script that measures it, with the classes that it makes up."""
    folder = ROOT / "benchmarks"
    monkeypatch.syspath_prepend(folder)
    spec = importlib.util.spec_from_file_location("grading", folder / "grading.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_three_times_as_many_submissions_take_no_more_memory(sandbox, tmp_path, benchmark):
    """Each notebook's process ends with it: a tenth is the room for what the system decides."""
    peaks = []
    for students in (8, 24):
        folder = tmp_path / str(students)
        benchmark.new_class(folder, NAME, (ROOT / "nbgrader_config.py").read_text(), students)
        command = [sys.executable, "-m", "cnnkit", "grade", NAME, "--jobs", "2"]
        peaks.append(benchmark.peak(folder, *command))
        assert len(list(folder.glob("feedback/*/*/*.html"))) == students
    assert peaks[0] > 50e6  # it was looked at while it worked
    assert peaks[1] < 1.1 * peaks[0]


def test_what_every_process_below_a_command_holds_is_counted(tmp_path, benchmark):
    child = "x = b'1' * 60_000_000; import time; time.sleep(1)"
    parent = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {child!r}])"
    assert 60e6 < benchmark.peak(tmp_path, sys.executable, "-c", parent) < 120e6
