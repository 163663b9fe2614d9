"""The page on the architecture names what is there, where it is, and every hook into Sphinx."""

import re

import pytest
from paths import ROOT

TEXT = (ROOT / "ARCHITECTURE.md").read_text("utf8")
# Names that stand for many: `chapters/NN-name.md`. What is made is not there before it is made.
PATTERN = re.compile(r"NN|NAME|STUDENT|\*")
MADE = ("_build/", "feedback/")


def paths_named():
    names = set(re.findall(r"`([\w./-]+)`", TEXT))
    paths = {n for n in names if "/" in n or n.endswith((".py", ".md", ".yml"))}
    return sorted(p for p in paths if not PATTERN.search(p) and not p.startswith(MADE))


@pytest.mark.parametrize("path", paths_named())
def test_every_path_exists(path):
    assert (ROOT / path).exists()


def names_with_their_file():
    return re.findall(r"`(\w+)`\s+in\s+`([\w./]+)`", TEXT)


@pytest.mark.parametrize(("name", "path"), names_with_their_file())
def test_every_name_is_in_its_file(name, path):
    file = ROOT / path / "__init__.py" if path.endswith("/") else ROOT / path
    assert re.search(rf"^(?:def|class) {name}\b", file.read_text("utf8"), re.MULTILINE)


def test_the_page_names_enough_to_be_tested():
    assert len(paths_named()) > 40 and len(names_with_their_file()) > 12


def test_every_hook_into_sphinx_is_told():
    steps = dict(re.findall(r"^\d+\. \*([a-z-]+)\.\*(.*?)(?=^\d+\. |\Z)", TEXT, re.M | re.S))
    folder = ROOT / "_ext"
    for extension in [*folder.glob("*.py"), *folder.glob("*/__init__.py")]:
        name = extension.relative_to(folder).parts[0].removesuffix(".py")
        for event in re.findall(r'app\.connect\("([a-z-]+)"', extension.read_text("utf8")):
            assert name in steps[event], f"{name} hooks into {event}"
