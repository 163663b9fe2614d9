"""Students who want what is not theirs, beside students who want nothing else."""

import json
import os
import re
import socket
import threading
from contextlib import contextmanager
from pathlib import Path

import nbformat
import pytest
import zoo
from attacks import FUNCTION, NAME, STOLEN, hand_in, notebook_of, read_attacks
from paths import ROOT

from cnnkit.grading import course
from cnnkit.grading.sandbox import Limits
from cnnkit.study.cells import function_of, grade_id, is_test
from cnnkit.study.records import read_record

pytestmark = pytest.mark.usefixtures("sandbox")

ATTACKS = read_attacks()
# Of each group some, those that need no time: the others run with the slow tests.
SAMPLE = [
    "patches the comparison",
    "looks for the expected values in the frames of who called",
    "sends the judge a pickle",
    "writes tests of its own into the file",
    "reads the home of who grades",
    "reads its own environment",
    "leaves a process behind, the son of a dead father",
    "ends Python",
    "connects to a server on this machine",
    "keeps it, and lets the next function print it",
    "leaves a script in its page, for the teacher's browser",
]
LIMITS = Limits(patience=0.1, cell=2.0, memory=400 << 20)


@contextmanager
def listening(connections):
    """Listen on this machine, and note who connects."""
    servers = [socket.create_server(("127.0.0.1", 0)), socket.socket(socket.AF_UNIX)]
    port = servers[0].getsockname()[1]
    servers[1].bind(f"\0cnnkit-test-{port}")
    servers[1].listen()

    def accept(server):
        while True:
            try:
                connections.append(server.accept())
            except OSError:
                return

    for server in servers:
        threading.Thread(target=accept, args=[server], daemon=True).start()
    try:
        yield port
    finally:
        for server in servers:
            server.shutdown(socket.SHUT_RDWR)
            server.close()


def contents(folder):
    """Read all that stands in a course, but for what grading writes."""
    made = {"autograded", "feedback", "gradebook.db"}
    files = [p for p in folder.rglob("*") if p.is_file() and p.suffix != ".ipynb"]
    files += folder.glob("submitted/*/*/*")
    return {p: p.read_bytes() for p in files if p.relative_to(folder).parts[0] not in made}


def packages():
    """List what stands in the packages that the sandbox can see."""
    import numpy

    places = [ROOT / "cnnkit", ROOT / "cnnkit" / "checks", Path(numpy.__file__).parent]
    places += [Path(numpy.__file__).parents[1], Path(os.__file__).parent]
    return [sorted(os.listdir(place)) for place in places] + [
        (ROOT / "cnnkit" / "checks" / "__init__.py").read_bytes()
    ]


def running():
    """List the commands of all processes."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            found.append(path.read_bytes())
        except OSError:
            continue
    return b" ".join(found)


def shown(folder, student):
    """Give all that a student is shown, but for the code that she wrote herself."""
    notebook = nbformat.read(folder / "autograded" / student / NAME / "convolution.ipynb", 4)
    page = (folder / "feedback" / student / NAME / "convolution.html").read_text("utf8")
    blocks = re.findall(r'<div class="output_area">.*?</div>\n</div>', page, re.S)
    return json.dumps([cell.get("outputs") for cell in notebook.cells]) + "".join(blocks), page


def try_all(attacks, tmp_path, monkeypatch):
    """Let each attack hand in its notebook, beside two honest students; say what went wrong."""
    home, folder = tmp_path / "home", zoo.new_course(tmp_path / "course", NAME)
    (home / ".ssh").mkdir(parents=True)
    (home / ".ssh" / "id_cnnkit_canary").write_text("canary of the home")
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("CNNKIT_CANARY_TOKEN", "canary of the environment")
    release = nbformat.read(next(ROOT.glob(f"exercises/{NAME}/*.ipynb")), as_version=4)
    students, connections, problems = {}, [], []
    with listening(connections) as port:
        for number, attack in enumerate(attacks):
            student = f"{attack.group[0]}{number:03}"
            students[student] = attack
            hand_in(folder, notebook_of(attack, release, folder, port), student)
        wrong = f"def {FUNCTION}(image, kernel):\n    return np.zeros((1, 1))"
        for student, own in (("an-honest-20", {}), ("z-honest-15", {FUNCTION: wrong})):
            zoo.submit(folder, NAME, zoo.fill_in(release, {**zoo.solutions(NAME), **own}), student)
        before = contents(folder), packages()
        graded = course.autograde(folder, NAME, jobs=2, with_feedback=True, limits=LIMITS)
        after = contents(folder), packages()
    solutions = {p for p in after[0] if p not in before[0]}
    assert not solutions and after == before, f"written: {solutions or 'something was changed'}"
    assert connections == [] and b"cnnkit-attack-that-stays" not in running()
    assert graded["an-honest-20"].score == 20 and graded["z-honest-15"].score == 15
    assert sorted(graded) == sorted([*students, "an-honest-20", "z-honest-15"])
    for student, attack in students.items():
        result, about = graded[student], f"{attack.group}: {attack.title}"
        if result.score != attack.score:
            problems.append(f"{about}: {result.score} points, expected {attack.score}: {result}")
        if result.score is None:
            assert result.doubts, about
            continue
        told, page = shown(folder, student)
        if STOLEN in told or "canary of" in page or "<script>STO" in page or "73113" in told:
            problems.append(f"{about}: shown {told[max(told.find(STOLEN) - 200, 0) :][:600]}")
        notebook = nbformat.read(folder / "autograded" / student / NAME / "convolution.ipynb", 4)
        for cell in filter(is_test, notebook.cells):
            if function_of(grade_id(cell)) == FUNCTION:
                wrong = [part for part in read_record(cell).parts if not part.right]
                if not wrong or not all(part.message for part in wrong):
                    problems.append(f"{about}: no reason is told")
    assert not problems, "\n".join(problems)


def test_a_sample_of_the_attacks_brings_nothing_and_harms_nobody(tmp_path, monkeypatch):
    sample = [attack for attack in ATTACKS if attack.title in SAMPLE]
    assert len(sample) == len(SAMPLE)
    try_all(sample, tmp_path, monkeypatch)


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_no_attack_brings_anything_or_harms_anybody(tmp_path, monkeypatch):
    assert len(ATTACKS) >= 60 and len({attack.group for attack in ATTACKS}) == 6
    try_all(ATTACKS, tmp_path, monkeypatch)
