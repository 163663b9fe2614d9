"""What is installed is what is tested, everywhere; and `import cnnkit` stays light."""

import importlib.metadata
import json
import re
import subprocess
import sys
import tomllib

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

HEAVY = ["torch", "keras", "matplotlib", "scipy", "sklearn", "skimage", "ipywidgets", "nbgrader"]


@pytest.fixture(scope="module")
def project(root):
    return tomllib.loads((root / "pyproject.toml").read_text())["project"]


@pytest.fixture(scope="module")
def constraints(root):
    lines = [Requirement(line) for line in (root / "constraints.txt").read_text().splitlines()[1:]]
    return {canonicalize_name(line.name): line.specifier for line in lines}


def test_every_requirement_is_pinned_and_in_range(project, constraints):
    extras = project["optional-dependencies"].values()
    for text in [*project["dependencies"], *(line for extra in extras for line in extra)]:
        requirement = Requirement(text)
        if requirement.name == "cnnkit":
            continue
        pin = str(constraints[canonicalize_name(requirement.name)])
        assert pin.startswith("=="), f"{requirement.name} is not pinned: {pin!r}"
        assert requirement.specifier.contains(pin[2:]), f"{text} excludes the tested {pin}"


def test_no_line_of_a_script_is_longer_than_120_letters(root):
    places = "_ext/**/*.*js", "_static/*.js", "cnnkit/widgets/**/*.mjs"
    scripts = [path for place in places for path in root.glob(place)]
    written = [path for path in scripts if path.name != "weights.mjs"]  # numbers, not written
    assert len(written) > 20
    for path in written:
        assert max(map(len, path.read_text("utf8").splitlines())) <= 120, path


def test_the_installed_versions_are_the_pinned_ones(constraints):
    for name in (
        "numpy",
        "torch",
        "keras",
        "sphinx",
        "sphinx-book-theme",
        "nbgrader",
        "jupyterlab",
    ):
        installed = importlib.metadata.version(name)
        assert constraints[name].contains(installed), (
            f"{name} {installed} is installed, {constraints[name]} pinned: run `make book`"
        )


def test_jupyter_book_keeps_its_first_form(project, constraints):
    assert Requirement(project["optional-dependencies"]["book"][0]).specifier.contains("1.0.4")
    assert not Requirement(project["optional-dependencies"]["book"][0]).specifier.contains("2.0")


def test_all_extras_are_there(project):
    extras = project["optional-dependencies"]
    assert set(extras) >= {"torch", "keras", "widgets", "book", "lab", "classroom", "dev", "all"}
    reached, queue = set(), ["all"]
    while queue:
        extra = queue.pop()
        reached.add(extra)
        for text in extras[extra]:
            queue += [e for e in Requirement(text).extras if Requirement(text).name == "cnnkit"]
    assert reached == set(extras), "an extra is missing from `all`"


def test_conda_installs_what_make_installs(root, project):
    environment = yaml.safe_load((root / "environment.yml").read_text())
    python, _, pip = environment["dependencies"]
    assert python.removeprefix("python ") == project["requires-python"]
    command = re.search(r"pip install -q .*(-c \S+) -e \"(\S+)\"", (root / "Makefile").read_text())
    installed = {
        line.replace("--constraint", "-c").replace("--editable ", "") for line in pip["pip"]
    }
    assert installed == set(command.groups())


def test_the_makefile_takes_the_pythons_that_the_package_takes(root, project):
    assert project["requires-python"] == ">=3.11,<3.14"
    assert "(3, 11) <= sys.version_info[:2] <= (3, 13)" in (root / "Makefile").read_text()
    workflow = yaml.safe_load((root / ".github/workflows/test.yml").read_text())
    assert workflow["jobs"]["test"]["strategy"]["matrix"]["python"] == ["3.11", "3.12", "3.13"]


def loaded_by(code):
    code += "; import sys; print(*sorted({name.split('.')[0] for name in sys.modules}))"
    return set(subprocess.check_output([sys.executable, "-c", code], text=True).split())


def test_import_stays_light():
    assert not {"numpy", *HEAVY} & loaded_by("import cnnkit")
    core = loaded_by("from cnnkit import functional, geometry, naive, nn, optim")
    assert "numpy" in core and not set(HEAVY) & core


def test_lazy_submodules_arrive_when_named_and_a_wrong_name_is_an_error():
    code = "import cnnkit; print(cnnkit.nn.__name__, hasattr(cnnkit, 'no_such_part'))"
    printed = subprocess.check_output([sys.executable, "-c", code], text=True)
    assert printed.split() == ["cnnkit.nn", "False"]


@pytest.mark.parametrize("folder", [".", "tests/audit"])
def test_npm_packages_are_locked_without_addresses(root, folder):
    lock = json.loads((root / folder / "package-lock.json").read_text())
    wanted = json.loads((root / folder / "package.json").read_text())
    for name in [*wanted.get("dependencies", []), *wanted["devDependencies"]]:
        entry = lock["packages"][f"node_modules/{name}"]
        assert entry["integrity"] and "resolved" not in entry
