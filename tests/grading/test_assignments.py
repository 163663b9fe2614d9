"""The graders, graded: every named answer through the real nbgrader."""

import contextlib
import io
import os
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import nbformat
import pytest
import zoo
from paths import ANSWERS, ROOT

from cnnkit.grading import course, source
from cnnkit.study.cells import id_of_answer, id_of_test

# Where it is not the answer in question, it stays unwritten: each reference takes its time.
SLOW = {"train_model"}
# How often each answer is judged, where it trains or looks at pictures of 300x300; else ten times.
DRAWS = {"train": 0, "train_model": 0, "article_model": 1, "article_model_keras": 1}


@pytest.fixture
def same_draws(monkeypatch):
    """Let the Pythons that a test starts draw the same numbers in each run, on one core."""
    paths = [str(Path(__file__).with_name("draws")), os.environ.get("PYTHONPATH", "")]
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(filter(None, paths)))
    monkeypatch.setenv("OMP_NUM_THREADS", "1")


@pytest.mark.timeout(1200)
@pytest.mark.parametrize("name", list(reversed(zoo.CONTRACT)))  # the longest first, to end together
def test_every_answer_gets_the_marks_it_should(name, tmp_path, same_draws):
    folder = zoo.new_course(tmp_path / "course", name)
    release = nbformat.read(next(ROOT.glob(f"exercises/{name}/*.ipynb")), as_version=4)
    reference = zoo.solutions(name)
    answers_of = {f: zoo.read_answers(ANSWERS / name / f"{f}.py") for f in zoo.CONTRACT[name]}
    expected = {}  # student, function: what should become of it

    # One notebook holds one answer of each function: their cells do not depend on one another.
    for kind in ("wrong", "right"):
        kinds = {f: [a for a in answers if a[0] == kind] for f, answers in answers_of.items()}
        for answers in kinds.values():
            answers.sort(key=zoo.slow_imports)
        for k in range(max(map(len, kinds.values()))):
            chosen = {f: answers[k] for f, answers in kinds.items() if k < len(answers)}
            student = f"{kind}-{k}"
            cells = {f: text for f, text in reference.items() if f not in SLOW}
            cells |= {f: answer[4] for f, answer in chosen.items()}
            zoo.submit(folder, name, zoo.fill_in(release, cells), student)
            for f in zoo.CONTRACT[name]:
                untold = ("right", "the reference", 0.0, "", "")
                if f in SLOW:
                    untold = ("wrong", "unwritten", zoo.CONTRACT[name][f], "Not written yet", "")
                expected[student, f] = chosen.get(f, untold)
    zoo.submit(folder, name, zoo.fill_in(release, reference), "reference")
    zoo.submit(folder, name, release, "untouched")

    scores = course.autograde(folder, name, jobs=1)

    problems = []
    for (student, f), (kind, title, lost, words, _) in expected.items():
        score, told = zoo.read_marks(folder, name, student)[f]
        if score != pytest.approx(zoo.CONTRACT[name][f] - lost, abs=0.01) or words not in told:
            problems.append(
                f"{f}, {kind}: {title}: {score:g} points, expected "
                f"{zoo.CONTRACT[name][f] - lost:g} and {words!r} in\n{told}"
            )
    assert not problems, "\n".join(problems)
    assert scores["reference"].score == sum(zoo.CONTRACT[name].values())
    assert scores["untouched"].score == 0
    a_person_marks_what_is_written(folder, name)


def a_person_marks_what_is_written(folder, name):
    """The question waits for a teacher, and her points are added; no answer, no points."""
    from nbgrader.api import Gradebook

    stem = source.assignments(folder)[name].stem
    with Gradebook(f"sqlite:///{folder / 'gradebook.db'}") as gradebook:
        for cell, points in zoo.WRITTEN.get(name, {}).items():
            asked = gradebook.find_grade(cell, stem, name, "reference")
            assert asked.needs_manual_grade and asked.max_score == points
            asked.manual_score = points
            gradebook.db.commit()
            whole = gradebook.find_submission(name, "reference").score
            assert whole == sum(zoo.CONTRACT[name].values()) + points == 20
            empty = gradebook.find_grade(cell, stem, name, "untouched")
            assert not empty.needs_manual_grade and empty.score == 0


@pytest.mark.timeout(1200)
@pytest.mark.parametrize("name", list(reversed(zoo.CONTRACT)))
def test_marks_do_not_hang_on_what_the_hidden_tests_draw(name, same_draws):
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        problems = pool.submit(judge_again_and_again, name).result()
    assert not problems, "\n".join(problems)


def judge_again_and_again(name):
    """Put every answer to the test's cell, without nbgrader, until it gets other marks."""
    cells = source.notebook_from(source.assignments(ROOT)[name]).cells
    cells = [cell for cell in cells if cell.cell_type == "code"]
    before = [cell.source for cell in cells if "nbgrader" not in cell.metadata]
    tests = {c.metadata.nbgrader.grade_id: c.source for c in cells if "nbgrader" in c.metadata}
    problems = []
    for f in zoo.CONTRACT[name]:
        test = tests[id_of_test(f)].replace("marks.total()", "score = marks.total()")
        draws = int(os.environ.get("CNNKIT_DRAWS", DRAWS.get(f, 10)))
        for kind, title, lost, words, code in zoo.read_answers(ANSWERS / name / f"{f}.py"):
            space, out = {"__name__": "__main__"}, io.StringIO()
            for text in (*before, code):
                exec(text, space)
            for draw in range(draws):
                out.seek(out.truncate(0))
                with contextlib.redirect_stdout(out):
                    exec(test, space)
                told = " ".join(out.getvalue().split())
                right = zoo.CONTRACT[name][f] - lost
                if space["score"] != pytest.approx(right, abs=0.01) or words not in told:
                    problems.append(
                        f"{f}, {kind}: {title}: draw {draw}: expected {right} in\n{told}"
                    )
                    break
    return problems


@pytest.mark.parametrize("name", zoo.CONTRACT)
def test_there_are_enough_answers(name):
    for function in zoo.CONTRACT[name]:
        kinds = [answer[0] for answer in zoo.read_answers(ANSWERS / name / f"{function}.py")]
        assert kinds.count("wrong") >= 6 and kinds.count("right") >= 4, function


MISUNDERSTANDINGS = [
    "kernel is flipped",
    "The bias is missing",
    "once for each channel",
    "channels are averaged",
    "Only the first channel",
    "along one axis only",
    "stride is ignored",
    "padding is missing",
    "one side only",
    "wrong value",
    "have changed places",
    "one too small",
    "hang over",
    "fractions are cut off",
    "changed the input",
    "Subtract the largest",
    "The axis is wrong",
    "not normalised",
    "add the images up",
    "add each window up",
    "not divided by N",
    "every largest value",
    "no value gets the gradient",
    "by the stride's square",
]


def test_each_misunderstanding_has_an_answer_that_shows_it():
    answers = [a for path in ANSWERS.glob("*/*.py") for a in zoo.read_answers(path)]
    shown = {words for _, _, _, words, _ in answers if words}
    missing = [m for m in MISUNDERSTANDINGS if not any(m in words for words in shown)]
    assert missing == []


@pytest.mark.parametrize("name", zoo.CONTRACT)
def test_the_contract_holds(name):
    notebook = source.notebook_from(source.assignments(ROOT)[name])
    graded = [c.metadata.nbgrader for c in notebook.cells if "nbgrader" in c.metadata]
    wanted = []
    for function, points in zoo.CONTRACT[name].items():
        wanted += [(id_of_answer(function), True, None), (id_of_test(function), False, points)]
    wanted += [(question, True, points) for question, points in zoo.WRITTEN.get(name, {}).items()]
    assert [(g.grade_id, g.solution, g.get("points")) for g in graded] == wanted
    first = next(cell for cell in notebook.cells if cell.cell_type == "code")
    assert first.source == "import numpy as np\n\nfrom cnnkit import checks"


def test_exercises_are_what_the_sources_make(tmp_path):
    made = course.build_exercises(ROOT, tmp_path / "once")
    again = course.build_exercises(ROOT, tmp_path / "twice")
    committed = sorted((ROOT / "exercises").glob("*/*.ipynb"))
    assert [p.relative_to(tmp_path / "once") for p in made] == [
        p.relative_to(ROOT / "exercises") for p in committed
    ]
    for first, second, third in zip(made, again, committed, strict=True):
        assert first.read_bytes() == second.read_bytes()
        assert first.read_bytes() == third.read_bytes(), "run `make assignments`"
