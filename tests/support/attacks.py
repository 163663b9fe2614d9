"""The attacks in tests/grading/attacks: read, and put into a student's notebook."""

import json
import re
from pathlib import Path
from typing import NamedTuple

import zoo
from paths import ROOT

NAME, FUNCTION, HONEST = "02-convolution", "convolve", 15.0
FOLDER = ROOT / "tests" / "grading" / "attacks"
STOLEN = "STOLEN"  # printed wherever an attack got what it should not get
PRELUDE = 'def stolen(what):\n    print("STO" "LEN", what)\n'


class Attack(NamedTuple):
    """What a student may try, and what it should bring."""

    group: str
    title: str
    score: float | None  # of 20 points: without the function that it spoils there are 15
    on_notebook: bool  # code of the test's, that changes the notebook itself
    code: str


def read_attacks():
    """Read all attacks, in the order of their files."""
    attacks = []
    for path in sorted(FOLDER.glob("*.py")):
        head, *sections = re.split(r"^# %% ", path.read_text("utf8"), flags=re.M)
        for section in sections:
            title, _, code = section.partition("\n")
            said = re.search(r"^# score: (\S+)\n", code, re.M)
            score = HONEST if said is None else None if said[1] == "none" else float(said[1])
            on_notebook = "# on the notebook\n" in code
            attacks.append(Attack(head.strip("# \n"), title, score, on_notebook, code))
    return attacks


def notebook_of(attack, release, folder, port):
    """Give the notebook of a student who tries this; else all answers are right."""
    code = attack.code.replace("COURSE_FOLDER", str(folder)).replace("LOOPBACK_PORT", str(port))
    answers = zoo.solutions(NAME)
    wrong = f"def {FUNCTION}(image, kernel):\n    return np.zeros((1, 1))"
    answers[FUNCTION] = wrong if attack.on_notebook else PRELUDE + code
    notebook = zoo.fill_in(release, answers)
    if attack.on_notebook:
        exec(code, {"notebook": notebook})
    return notebook


def hand_in(folder, notebook, student):
    """Put a notebook, sound or not, where it is looked for."""
    path = Path(folder, "submitted", student, NAME, "convolution.ipynb")
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps(notebook), "utf8")
