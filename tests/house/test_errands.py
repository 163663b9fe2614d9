"""The six errands of CONTRIBUTING.md, walked in a copy of the house.

Each test does an errand as its section says, runs what the section says to run, and holds the
section to its word: no file was touched that it does not name, and it names none in vain.
"""

import os
import re
import subprocess
import sys

import pytest
from paths import ROOT, copy_course
from small_book import add_to_contents, build, make

GUIDE = (ROOT / "CONTRIBUTING.md").read_text("utf8")


class House:
    """A copy of the repository, in which an errand is done."""

    def __init__(self, folder):
        self.folder = folder
        copy_course(folder)
        (folder / "node_modules").symlink_to(ROOT / "node_modules")
        git(folder, "init", "-q")
        git(folder, "add", "-A")
        git(folder, "-c", "user.name=a", "-c", "user.email=a@b", "commit", "-qm", "as it was")

    def write(self, name, text):
        """Write a new file, or add to the end of one that is there."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("a", encoding="utf8") as file:
            file.write(text)

    def change(self, name, old, new):
        """Change one place of a file."""
        path = self.folder / name
        text = path.read_text("utf8")
        assert text.count(old) == 1, f"{old!r} stands {text.count(old)} times in {name}"
        path.write_text(text.replace(old, new), "utf8")

    def run(self, *command):
        """Run a Python module in the copy, with the copy's own cnnkit, as from a fresh shell."""
        around = {name: at for name, at in os.environ.items() if not name.startswith("PYTEST_")}
        done = subprocess.run(
            [sys.executable, "-m", *command],
            cwd=self.folder,
            env={**around, "PYTHONPATH": str(self.folder)},
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def tests(self, *arguments):
        """Run some of the copy's tests; give how many passed."""
        told = self.run("pytest", "-q", "-p", "no:cacheprovider", *arguments)
        return int(re.search(r"(\d+) passed", told)[1])

    def touched(self):
        """List the files that the errand has changed or made."""
        return git(self.folder, "status", "--porcelain", "-uall", "-z").rstrip("\0").split("\0")


def git(folder, *arguments):
    return subprocess.check_output(["git", "-C", folder, *arguments], text=True)


@pytest.fixture
def house(tmp_path):
    return House(tmp_path)


def named_for(errand):
    """The files that the guide names for an errand, as patterns: its line that begins `Files:`."""
    section = re.search(rf"^## {errand}\n(.*?)(?=^## |\Z)", GUIDE, re.M | re.S)[1]
    files = re.search(r"^Files: (.+?)\n\n", section, re.M | re.S)[1]
    return re.findall(r"`([^`]+)`", files)


def keeps_to_the_guide(house, errand):
    """Each file that was touched is one that the guide names, and the other way round."""
    patterns = {
        name: re.escape(name).replace("NN", r"\d+").replace("NAME", r"[\w-]+")
        for name in named_for(errand)
    }
    files = [line[3:] for line in house.touched()]
    for file in files:
        assert any(re.fullmatch(p, file) for p in patterns.values()), f"{file} is not in the guide"
    for name, pattern in patterns.items():
        assert any(re.fullmatch(pattern, file) for file in files), f"{name} was not needed"


def another_first_chapter():
    """The first chapter under another title, without its exercise: it keeps to all the rules."""
    text = (ROOT / "chapters/01-pixels.md").read_text("utf8")
    text = re.sub(r"(?m)^    title: .+$", "    title: Pixels again", text)
    text = re.sub(r"(?m)^  exercise: .+$", "  exercise: none", text)
    text = text.replace(", plus the exercise.", ".")
    instead = "This chapter has no graded exercise. Try this instead."
    return re.sub(r"(?m)^The graded exercise .+$", instead, text)


def test_a_chapter(house, tmp_path_factory):
    chapter = another_first_chapter()
    number = 1 + len(list((ROOT / "chapters").glob("*.md")))
    name = f"{number}-again"
    house.write(f"chapters/{name}.md", chapter)
    last = re.findall(r"      - file: chapters/.+\n", (house.folder / "_toc.yml").read_text())[-1]
    house.change("_toc.yml", last, f"{last}      - file: chapters/{name}\n")
    assert house.tests("tests/book/test_chapters.py", "-k", f"{name} or in_the_book") >= 8
    keeps_to_the_guide(house, "A chapter")

    book = make(tmp_path_factory.mktemp("book"))
    (book / "page.md").write_text("# A page\n")  # without a cell: one kernel less
    (book / "index.md").write_text("# Front\n\n```{chapter-cards}\n```\n")
    (book / "chapters").mkdir()
    alone = re.sub(r"\]\((?!http)[^)]*\)", "](../page.md)", chapter)  # its neighbours are not here
    (book / f"chapters/{name}.md").write_text(alone, "utf8")
    add_to_contents(book, f"chapters/{name}")
    status, told = build(book)
    assert status == 0, told
    assert f"{number} · Pixels again" in (book / "_build/html/index.html").read_text("utf8")


SOURCE = '''---
jupytext:
  text_representation: {extension: .md, format_name: myst}
kernelspec: {display_name: Python 3 (ipykernel), language: python, name: python3}
---

# Exercise 12: Twice

One function; about 5 minutes.

```{code-cell} ipython3
import numpy as np

from cnnkit import checks
```

```{code-cell} ipython3
---
nbgrader: {grade: false, grade_id: make-double, locked: false, solution: true, task: false,
  schema_version: 3}
---
def make_double(image):
    """Double each value of an image."""
    ### BEGIN SOLUTION
    return np.asarray(image) * 2
    ### END SOLUTION
```

```{code-cell} ipython3
---
nbgrader: {grade: true, grade_id: test-make-double, locked: true, points: 2, solution: false,
  task: false, schema_version: 3}
---
marks = checks.Marks("make_double", points=2, read="chapter 1, The 4 that is 24 numbers")

with marks.part("three values") as part:
    image = part.given(np.array([1, 2, 5]))
    part.compare(make_double(image), [2, 4, 10])
### BEGIN HIDDEN TESTS
with marks.hidden("other values") as part:
    image = part.given(np.random.default_rng().integers(3, 90, (3, 4)))
    part.compare(make_double(image), np.add(image, image))
### END HIDDEN TESTS
marks.total()
```
'''
CAUSES = '''"""Misunderstandings of exercise 12: twice."""

CAUSES: dict[str, list] = {
    "make_double": [
        ("You square each value: 2 times 2 is 4, but 3 times 3 is 9.", lambda image: image**2),
    ],
}
IDEAS = {
    "make_double": "Each value is wanted twice: what comes out is a new array, of the same shape.",
}
'''
ZOO = """# ruff: noqa: F811, F821

# %% right: times two
def make_double(image):
    return image * 2


# %% right: added
# base: times two
# change: image * 2 => image + image

# %% right: halved the other way
# base: times two
# change: image * 2 => image / 0.5

# %% right: einsum
# base: times two
# change: image * 2 => np.einsum(",...->...", 2, image)

# %% wrong: squared
# loses 2: You square each value
# base: times two
# change: image * 2 => image**2

# %% wrong: tripled
# loses 2: your result has 3
# base: times two
# change: image * 2 => image * 3

# %% wrong: as it was
# loses 2: your result has 1
# base: times two
# change: image * 2 => image

# %% wrong: nothing
# loses 2: None back
# base: times two
# change: image * 2 => None

# %% wrong: the other sign
# loses 2: but for the sign
# base: times two
# change: image * 2 => image * -2

# %% wrong: all in one
# loses 2: too few axes
# base: times two
# change: image * 2 => (image * 2).sum()
"""


def test_an_exercise(house):
    house.write("solutions/12-twice/twice.md", SOURCE)
    house.write("cnnkit/checks/causes/e12_twice.py", CAUSES)
    house.write("tests/answers/12-twice/make_double.py", ZOO)
    chapter = "chapters/18-after-2015.md"
    house.change(chapter, "  exercise: none", "  exercise: 12-twice")
    time = re.search(r"about \d+ minutes", (ROOT / chapter).read_text("utf8"))[0]
    house.change(chapter, f"{time}.", f"{time}, plus the exercise.")
    instead = "This chapter has no graded exercise. Try this instead."
    house.change(chapter, instead, "First open `exercises/12-twice/twice.ipynb`. Then try this.")
    chosen = "each_exercise_has or exercise_is_the_one"
    assert house.tests("tests/book/test_chapters.py", "-k", chosen) >= 2
    told = house.run("cnnkit", "assignments")
    assert "exercises/12-twice/twice.ipynb" in told
    both = "tests/grading/test_assignments.py", "tests/checks/test_causes.py"  # `make exercise`
    assert house.tests(*both, "-k", "12-twice or 12_twice") >= 9
    keeps_to_the_guide(house, "An exercise")


FACE = '''"""A number and its double."""

import traitlets

from cnnkit.widgets.base import Widget

__all__ = ["NumberDoubler"]


class NumberDoubler(Widget):
    """A number that a hand moves, and its double."""

    _label = "a number and its double"

    number = traitlets.Float(3.0).tag(sync=True)
'''
SCRIPT = """// A number that a hand moves, and its double.
import { fmt, frame, save, slider, watch } from "../base.mjs";

/** Twice a number. */
export const double = (x) => 2 * x;

function render({ model, el }) {
  const hint = "Move the number: its double moves twice as far. That is what a weight of 2 does.";
  const { root, live } = frame(el, "doubler", "A number and its double", hint);
  const number = slider("Number", { min: 0, max: 9 }, (v) => save(model, { number: v }));
  root.append(number.element, live);
  const paint = () => {
    const x = model.get("number");
    number.paint(x);
    live.textContent = `The double of ${fmt(x)} is ${fmt(double(x))}, twice as far from zero.`;
  };
  const end = watch(model, ["number"], paint);
  paint();
  return end;
}
export default { render };
"""
WIDGET_TEST = '''"""The doubler doubles."""

from hand import live, state
from javascript import assert_all_agree

from cnnkit.widgets import NumberDoubler


def test_arithmetic():
    assert_all_agree("doubler", [(("double", x), 2 * x) for x in range(-9, 10)], at_least=19)


def test_keys(show):
    box = show(NumberDoubler())
    box.get_by_label("Number").press("ArrowRight")
    assert state(box, "number") == 4 and "double of 4 is 8" in live(box)
'''


def test_a_widget(house):
    folder = "cnnkit/widgets/doubler"
    house.write(f"{folder}/__init__.py", FACE)
    house.write(f"{folder}/doubler.mjs", SCRIPT)
    house.write(f"{folder}/doubler.css", ".ckw-doubler {\n  max-width: 40rem;\n}\n")
    house.write("tests/widgets/test_doubler.py", WIDGET_TEST)
    page = house.run("cnnkit.widgets", "doubler")
    assert "doubler.html" in page
    # Its own tests, and some of those that hold for every widget and find it by themselves.
    chosen = "test_doubler or doubler and (names or twin or module or light or still or teaches)"
    assert house.tests("tests/widgets", "-k", chosen) >= 9
    keeps_to_the_guide(house, "A widget")


OPERATION = '''

@_halves_in_single
def leak(input, slope):
    """Multiply by `slope` where the input is below 0; any shape.

    >>> leak([-2.0, 3.0], 0.5)
    array([-1.,  3.])
    >>> leak_backward([1.0, 1.0], [-2.0, 3.0], 0.5)
    (array([0.5, 1. ]), array(-2.))
    """
    input = _floats(input)
    return np.where(input < 0, input * slope, input)


@_halves_in_single
def leak_backward(grad_output, input, slope):
    """Return (grad_input, grad_slope) of ``leak``."""
    grad_output, input = _floats(grad_output, input)
    below = input < 0
    grad_slope = np.asarray((grad_output * input)[below].sum())
    return np.where(below, grad_output * slope, grad_output), grad_slope
'''
LAYER = '''

class Leak(Module):
    """Multiply by a learned `slope` where the input is below 0.

    >>> Leak()(np.array([-4.0, 3.0]))
    array([-1.,  3.])
    """

    def __init__(self, slope=0.25):
        self.slope = Parameter(float(slope))

    def forward(self, input):
        slope = self.slope.data
        self._note(lambda grad: F.leak_backward(grad, input, slope), self.slope)
        return F.leak(input, slope)
'''
LAYER_TEST = """

def test_leak_is_prelu():
    ours, theirs = nn.Leak(), torch.nn.PReLU(dtype=torch.float64)
    x = rng.standard_normal((4, 5))
    tensor = torch.tensor(x, requires_grad=True)
    np.testing.assert_allclose(ours(x), theirs(tensor).detach())
    theirs(tensor).sum().backward()
    np.testing.assert_allclose(ours.backward(np.ones((4, 5))), tensor.grad)
    np.testing.assert_allclose(ours.slope.grad, theirs.weight.grad.item())
    optim.SGD(ours.parameters(), lr=0.1).step()
    assert float(ours.slope.data) != 0.25
    other = nn.Leak(0.5)
    other.load_state_dict(ours.state_dict())
    assert other.slope.data == ours.slope.data
"""


def test_a_layer(house):
    house.write("cnnkit/functional.py", OPERATION)
    house.write("cnnkit/nn.py", LAYER)
    house.write("tests/core/test_nn.py", LAYER_TEST)
    relu = '    ("relu", [(3, 4)], {}),\n'
    leak = '    ("leak", [(3, 4), ()], {}),\n'
    house.change("tests/core/test_functional.py", relu, relu + leak)
    modules = ("cnnkit/functional.py", "cnnkit/nn.py")
    chosen = "leak or Leak or every_function or every_layer or every_operation"
    assert house.tests("tests/core", *modules, "-k", chosen) >= 5
    keeps_to_the_guide(house, "A layer")


DATA_SET = '''"""Stripes, lying and standing: drawn, not photographed."""

import numpy as np

from cnnkit.datasets.dataset import Dataset, Entry, part

__all__ = ["ENTRY", "stripes"]


def stripes(split="train"):
    """Return 200 pictures of 8×8 pixels with stripes that lie (0) or stand (1).

    Parameters
    ----------
    split : {'train', 'test', 'all'}, default 'train'

    Returns
    -------
    Dataset
    """
    labels = np.arange(200) % 2
    lying = np.zeros((8, 8), np.uint8)
    lying[::2] = 255
    images = np.stack([lying.T if label else lying for label in labels])
    return part(Dataset(images, labels, ("lying", "standing"), np.arange(200)), split, 160)


ENTRY = Entry(
    what="200 pictures of stripes, 8×8", origin="drawn", articles="", load=stripes, model="lenet",
    epochs=2, lr=5e-3, augment={"shift": 0.1},
)
'''
DATA_SET_TEST = """from cnnkit import datasets


def test_stripes_lie_or_stand():
    whole = datasets.stripes("all")
    assert (whole.images[0] == whole.images[1].T).all()
    assert len(datasets.stripes("test")) == 40
"""


def test_a_data_set(house, tmp_path_factory):
    house.write("cnnkit/datasets/stripes.py", DATA_SET)
    house.write("tests/datasets/test_stripes.py", DATA_SET_TEST)
    assert house.tests("tests/datasets/test_stripes.py") == 1
    out = tmp_path_factory.mktemp("run") / "stripes"
    told = house.run("cnnkit", "train", "--data", "stripes", "--device", "cpu", "--out", str(out))
    assert "of 40 test pictures are right" in told
    assert "stripes" in house.run("cnnkit", "train", "--help")
    keeps_to_the_guide(house, "A data set")


def test_a_message(house):
    said = "The values are divided by 255: that is `scale`'s task."
    places = git(house.folder, "grep", "-lF", said, "--", "cnnkit", "solutions").split()
    assert places == ["cnnkit/checks/causes/e01_pixels.py"]
    house.change(places[0], said, "The values lie between 0 and 1: leave them between 0 and 255.")
    house.tests("tests/checks/test_causes.py", "-k", "to_gray")
    keeps_to_the_guide(house, "A message")
