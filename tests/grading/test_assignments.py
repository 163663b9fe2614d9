"""The graders, graded: every named answer, some of them through the real nbgrader."""

import contextlib
import copy
import io
import itertools
import os
import re
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import nbformat
import pytest
import zoo
from paths import ANSWERS, ROOT
from some import some

from cnnkit import checks
from cnnkit.grading import course, source
from cnnkit.grading.judge import judge as behind_walls
from cnnkit.grading.judge import modules_of
from cnnkit.grading.sandbox import Nursery
from cnnkit.study.cells import id_of_answer, id_of_test, is_test
from cnnkit.study.records import read_record


@pytest.fixture
def same_draws(monkeypatch):
    """Let the Pythons that a test starts draw the same numbers in each run, on one core."""
    paths = [str(Path(__file__).with_name("draws")), os.environ.get("PYTHONPATH", "")]
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(filter(None, paths)))
    monkeypatch.setenv("OMP_NUM_THREADS", "1")


# The longest first, to end together. `make test` tries one: all answers are judged below anyway.
@pytest.mark.timeout(1200)
@pytest.mark.parametrize("name", some(reversed(zoo.CONTRACT), ["02-convolution"]))
def test_nbgrader_gives_the_marks_it_should(name, tmp_path, same_draws):
    """To a wrong and a right answer to each function, the reference, and an untouched notebook."""
    folder = zoo.new_course(tmp_path / "course", name)
    release = released(name)
    handed_in = {kind: first_answers(name, kind) for kind in ("wrong", "right")}
    for kind, answers in handed_in.items():
        cells = {f: answer.code for f, answer in answers.items()}
        zoo.submit(folder, name, zoo.fill_in(release, cells), kind)
    zoo.submit(folder, name, zoo.fill_in(release, zoo.solutions(name)), "reference")
    zoo.submit(folder, name, release, "untouched")

    scores = course.autograde(folder, name, jobs=1)

    problems = []
    for kind, answers in handed_in.items():
        marks = zoo.read_marks(folder, name, kind)
        problems += [problem(name, f, answer, *marks[f]) for f, answer in answers.items()]
    assert not any(problems), "\n".join(filter(None, problems))
    assert scores["reference"].score == sum(zoo.CONTRACT[name].values())
    assert scores["untouched"].score == 0
    a_person_marks_what_is_written(folder, name)


def first_answers(name, kind):
    """Take the first right, or wrong, answer to each function."""
    answers = {f: zoo.read_answers(ANSWERS / name / f"{f}.py") for f in zoo.CONTRACT[name]}
    return {f: next(a for a in several if a.kind == kind) for f, several in answers.items()}


def problem(name, function, answer, score, told):
    """Say what is wrong with the score of an answer, or with what it was told; else None."""
    due = zoo.CONTRACT[name][function] - answer.lost
    if score == pytest.approx(due, abs=0.01) and answer.words in told:
        return None
    about = f"{function}, {answer.kind}: {answer.title}: {score:g} points"
    return f"{about}, expected {due:g} and {answer.words!r} in\n{told}"


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


@pytest.mark.parametrize(
    "name", some(reversed(zoo.CONTRACT), sorted(set(zoo.CONTRACT) - {"07-cats-and-dogs"}))
)
def test_every_answer_gets_the_marks_it_should(name, same_draws):
    """Each answer once, but those that train or build large networks: the next test has them."""
    problems, _ = in_a_process_of_its_own(judge, name, 1)
    assert not problems, "\n".join(problems)


@pytest.mark.slow
@pytest.mark.timeout(2400)  # against a hang: 07 takes nine quiet minutes, and others work beside it
@pytest.mark.parametrize("name", list(reversed(zoo.CONTRACT)))
def test_marks_hang_on_the_answer_whatever_the_hidden_tests_draw(name, same_draws):
    problems, told = in_a_process_of_its_own(judge, name, None)
    assert not problems, "\n".join(problems)
    # Somebody is told each sentence that the exercise's cells tell by themselves.
    sentences = re.findall(
        r"\bchecks\.([A-Z_]+)\b", source.assignments(ROOT)[name].read_text("utf8")
    )
    assert [s for s in sentences if getattr(checks, s) not in told] == []


@pytest.mark.slow
@pytest.mark.timeout(1200)
@pytest.mark.parametrize("name", list(reversed(zoo.CONTRACT)))
def test_every_answer_gets_the_marks_it_should_behind_walls(name, sandbox, same_draws):
    """Each answer once, but those that train or build large networks, where `grade` judges."""
    problems = in_a_process_of_its_own(judge_behind_walls, name)
    assert not problems, "\n".join(problems)


def judge_behind_walls(name):
    """Hand in the answers, one to each function in a notebook, and give the problems."""
    notebook, release = source.notebook_from(source.assignments(ROOT)[name]), released(name)
    functions = [f for f in zoo.CONTRACT[name] if zoo.draws(f, zoo.DRAWS) > 1]
    answers = [zoo.read_answers(ANSWERS / name / f"{f}.py") for f in functions]
    problems = []
    with Nursery(modules_of(notebook)) as nursery:
        nursery.wait()
        for some in itertools.zip_longest(*answers):
            handed_in = {f: a for f, a in zip(functions, some, strict=True) if a}
            texts = {f: answer.code for f, answer in handed_in.items()}
            judged = zoo.fill_in(copy.deepcopy(release), texts)
            behind_walls(notebook, judged, nursery)
            for record in map(read_record, filter(is_test, judged.cells)):
                if answer := handed_in.get(record.function):
                    told = " ".join(part.message for part in record.parts)
                    problems.append(problem(name, record.function, answer, record.score, told))
    return list(filter(None, problems))


def released(name):
    """The notebook that students get."""
    return nbformat.read(next(ROOT.glob(f"exercises/{name}/*.ipynb")), as_version=4)


def in_a_process_of_its_own(function, *arguments):
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(function, *arguments).result()


def judge(name, draws):
    """Put every answer to the test's cell, without nbgrader, until it gets other marks.

    `draws` says how often; `None`, as often as `zoo.draws`. With a number, functions that can only
    be judged once are left out: they take long. An answer is new each time, so nothing that it
    remembers counts. Gives the problems, and all that was told.
    """
    cells = source.notebook_from(source.assignments(ROOT)[name]).cells
    cells = [cell for cell in cells if cell.cell_type == "code"]
    before = [cell.source for cell in cells if "nbgrader" not in cell.metadata]
    tests = {c.metadata.nbgrader.grade_id: c.source for c in cells if "nbgrader" in c.metadata}
    by_nbgrader = [first_answers(name, kind) for kind in ("wrong", "right")]
    problems, all_told = [], []
    for f in zoo.CONTRACT[name]:
        often = zoo.draws(f)
        if draws and zoo.draws(f, zoo.DRAWS) == 1:
            continue
        test = tests[id_of_test(f)].replace("marks.total()", "score = marks.total()")
        test = compile(test, id_of_test(f), "exec")
        for answer in zoo.read_answers(ANSWERS / name / f"{f}.py"):
            space, out = {"__name__": "__main__"}, io.StringIO()
            for text in before:
                exec(text, space)
            code = compile(answer.code, f, "exec")
            already = often == 1 and any(answer == first[f] for first in by_nbgrader)
            for draw in range(draws or often - already):
                out.seek(out.truncate(0))
                with contextlib.redirect_stdout(out):
                    exec(code, space)
                    exec(test, space)
                told = " ".join(out.getvalue().split())
                all_told.append(told)
                if wrong := problem(name, f, answer, space["score"], told):
                    problems.append(f"draw {draw}: {wrong}")
                    break
    return problems, "\n".join(all_told)


@pytest.mark.parametrize("name", zoo.CONTRACT)
def test_there_are_enough_answers(name):
    for function in zoo.CONTRACT[name]:
        kinds = [answer.kind for answer in zoo.read_answers(ANSWERS / name / f"{function}.py")]
        assert kinds.count("wrong") >= 6 and kinds.count("right") >= 4, function


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
