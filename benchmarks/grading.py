"""How many submissions are graded a minute: `python -m cnnkit grade` beside nbgrader's own command.

    python benchmarks/grading.py [--students 40] [--memory] [--quick]

A class hands in right answers to exercises 2 and 5, each notebook with a line of its own. Three
commands grade it, each in a course of its own and each as a teacher types it, with all that it
starts with and, for ours, the pages of feedback that nbgrader's leaves to another command:

- stock: `nbgrader autograde` as it comes, a kernel for each notebook, one after the other;
- cnnkit: `python -m cnnkit grade`, all cores, each notebook behind walls;
- again: the same once more, when one of the submissions has changed;
- cluster: all of them again through a scheduler of Dask's, with one worker a core on this machine.
  What the machine that asks calculates itself, pages and marks, is counted apart.

With `--memory`, the first two again, and what they take: the largest sum of the memory of a command
and of all processes below it, in which what several share counts once. A busy machine changes that
little, so it has a record of its own.
"""

import argparse
import contextlib
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import nbformat
import psutil
from joblib import cpu_count
from record import offer_trial, record

from cnnkit.grading.source import assignments, notebook_from, write_sources

ROOT = Path(__file__).resolve().parents[1]
PLAIN = """c = get_config()
c.CourseDirectory.course_id = "cnn"
c.CourseDirectory.source_directory = "solutions"
c.CourseDirectory.release_directory = "exercises"
c.CourseDirectory.ignore = ["*.md"]
"""


def new_class(folder, name, config, students):
    """Make a course of one assignment, with what its students handed in."""
    source = assignments(ROOT)[name]
    (folder / "solutions" / name).mkdir(parents=True)
    (folder / "solutions" / name / source.name).write_bytes(source.read_bytes())
    (folder / "nbgrader_config.py").write_text(config)
    write_sources(folder)
    solved = {cell.id: cell.source for cell in notebook_from(source).cells}
    path = ROOT / "exercises" / name / f"{source.stem}.ipynb"
    for number in range(students):
        notebook = nbformat.read(path, as_version=4)
        for cell in notebook.cells:
            if cell.metadata.get("nbgrader", {}).get("solution"):
                cell.source = f"{solved[cell.id]}\n# {number}"
        made = folder / "submitted" / f"student-{number:03}" / name / path.name
        made.parent.mkdir(parents=True)
        nbformat.write(notebook, made)
    return made


def around():
    """Give the variables that a command finds."""
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    return {**os.environ, "PYTHONPATH": str(ROOT), "PATH": path}


def timed(folder, *command):
    """Give the seconds that a command takes in a folder."""
    start = time.perf_counter()
    subprocess.run(command, cwd=folder, env=around(), check=True, capture_output=True)
    return time.perf_counter() - start


def peak(folder, *command):
    """Give the most memory, in bytes, that a command takes with all processes below it.

    Of each the proportional set size: what several processes share, a share of it for each. Looked
    at again and again, so a peak of less than some hundredths of a second may be missed.
    """
    most = 0
    process = psutil.Popen(
        command,
        cwd=folder,
        env=around(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    while process.poll() is None:
        size = 0
        with contextlib.suppress(psutil.NoSuchProcess):
            for one in (process, *process.children(recursive=True)):
                with contextlib.suppress(psutil.NoSuchProcess):  # it has just ended
                    size += one.memory_full_info().pss
        most = max(most, size)
        time.sleep(0.05)
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, command)
    return most


@contextlib.contextmanager
def cluster(folder):
    """Start a scheduler and its workers, and give the address."""
    dask, log = [sys.executable, "-m", "dask"], folder / "dask.log"
    with log.open("wb") as file, contextlib.ExitStack() as stack:

        def start(*command):
            process = subprocess.Popen(command, stdout=file, stderr=file, env=around())
            stack.callback(process.wait)
            stack.callback(process.terminate)

        def told(words, times=1):
            while log.read_text().count(words) < times:
                time.sleep(0.1)
            return log.read_text().partition(words)[2].split()[0]

        start(*dask, "scheduler", "--host", "127.0.0.1", "--port", "0", "--no-dashboard")
        address = told("Scheduler at:")
        for _ in range(cpu_count()):
            start(*dask, "worker", address, "--nthreads", "1", "--no-dashboard", "--no-nanny")
        told("Registered to", cpu_count())
        yield address


def calculated():
    """Give the processor's seconds of all commands that have ended."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def measure(name, students):
    """Grade one class in each way."""
    ours = [sys.executable, "-m", "cnnkit", "grade", name]
    with tempfile.TemporaryDirectory() as place:
        stock, cnnkit = Path(place, "stock"), Path(place, "cnnkit")
        new_class(stock, name, PLAIN, students)
        last = new_class(cnnkit, name, (ROOT / "nbgrader_config.py").read_text(), students)
        timed(stock, "nbgrader", "generate_assignment", name)
        seconds = {"cnnkit": timed(cnnkit, *ours)}
        last.write_text(last.read_text().replace("# ", "#  "))
        seconds["again"] = timed(cnnkit, *ours)
        with cluster(Path(place)) as address:
            before = calculated()
            seconds["cluster"] = timed(cnnkit, *ours, "--force", "--scheduler", address)
            asking = calculated() - before
        seconds["stock"] = timed(stock, "nbgrader", "autograde", name)
    print(name, {way: round(took, 1) for way, took in seconds.items()})
    return {
        "submissions": students,
        "seconds_of_one_core_that_judges": round(seconds["cnnkit"] * cpu_count() / students, 3),
        "seconds_of_one_core_that_asks": round(asking / students, 3),
        **{f"{way}_seconds": round(took, 2) for way, took in seconds.items()},
        "throughput_of_cnnkit_over_stock": round(seconds["stock"] / seconds["cnnkit"], 2),
    }


def measure_memory(name, students):
    """Grade one class by both commands."""
    with tempfile.TemporaryDirectory() as place:
        stock, cnnkit = Path(place, "stock"), Path(place, "cnnkit")
        new_class(stock, name, PLAIN, students)
        new_class(cnnkit, name, (ROOT / "nbgrader_config.py").read_text(), students)
        timed(stock, "nbgrader", "generate_assignment", name)
        peaks = {
            "cnnkit": peak(cnnkit, sys.executable, "-m", "cnnkit", "grade", name),
            "stock": peak(stock, "nbgrader", "autograde", name),
        }
    peaks = {way: round(most / 1e6) for way, most in peaks.items()}
    print(name, peaks, "megabytes")
    return {"submissions": students, **{f"{way}_megabytes": most for way, most in peaks.items()}}


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--students", type=int, default=40, metavar="N", help="in each class (40)")
    parser.add_argument("--memory", action="store_true", help="what both take, into its own record")
    offer_trial(parser)
    options = parser.parse_args()
    names = ["02-convolution"] if options.quick else ["02-convolution", "05-softmax"]
    students = 2 if options.quick else options.students
    of = measure_memory if options.memory else measure
    results = {name: of(name, students) for name in names}
    record(
        "grading-memory" if options.memory else "grading",
        results,
        ["nbgrader", "ipykernel", "nbconvert", "distributed"],
        trial=options.quick,
    )


if __name__ == "__main__":
    main()
