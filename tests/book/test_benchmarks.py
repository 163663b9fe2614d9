"""Measurements: each is listed, each record has a home, each page reads what is there."""

import importlib.util
import json
import re
import subprocess
import sys

import pytest
from paths import ROOT

FOLDER = ROOT / "benchmarks"
HELPERS = {"record.py", "mnist.py"}
SCRIPTS = {path.name for path in FOLDER.glob("*.py")} - HELPERS
TABLE = re.findall(r"^\| `\w+\.py`.*", (FOLDER / "README.md").read_text("utf8"), re.MULTILINE)
ROWS = [line.split(" | ") for line in TABLE]
PAGES = [*ROOT.glob("chapters/*.md"), *ROOT.glob("appendices/*.md"), *ROOT.glob("*.md")]


def quoted(cells, pattern):
    return {name for cell in cells for name in re.findall(rf"`({pattern})`", cell)}


def test_every_script_is_listed_and_every_listed_script_is_there():
    assert {re.search(r"`(\w+\.py)`", row[0])[1] for row in ROWS} == SCRIPTS


def test_every_record_has_a_row_and_every_row_its_records():
    listed = [name for row in ROWS for name in re.findall(r"`(\S+\.json)`", row[4])]
    assert sorted(listed) == sorted(path.name for path in FOLDER.glob("results/*.json"))


def test_a_record_was_made_by_the_script_of_its_row():
    for row in ROWS:
        (script,) = quoted(row[:1], r"\w+\.py")
        for name in quoted(row[4:5], r"\S+\.json"):
            command = json.loads((FOLDER / "results" / name).read_text())["command"]
            assert command.startswith(f"python benchmarks/{script}"), name


def records_that_a_page_reads(page):
    """The names of the records in a page's code, `*` for what is filled in when it runs."""
    text = page.read_text("utf8")
    names = re.findall(r'"([\w{}*.]+\.json)"', text) if "benchmarks/results" in text else []
    return {re.sub(r"\{\w+\}", "*", name) for name in names}


def test_a_page_reads_records_that_exist_and_is_named_in_their_row():
    readers = {page: records_that_a_page_reads(page) for page in PAGES}
    readers = {page.relative_to(ROOT).as_posix(): names for page, names in readers.items() if names}
    assert readers, "no page reads a record: has the pattern changed?"
    for page, names in readers.items():
        for name in names:
            assert list(FOLDER.glob(f"results/{name}")), f"{page} reads {name}, which is not there"
    assert quoted([row[5] for row in ROWS], r"\S+\.md") == set(readers)


def test_every_script_explains_itself_and_offers_a_trial():
    """In one process, for what they import takes long."""
    code = (
        "import runpy, sys\n"
        "for script in sys.argv[1:]:\n"
        "    sys.argv = [script, '--help']\n"
        "    try:\n"
        "        runpy.run_path(script, run_name='__main__')\n"
        "    except SystemExit as end:\n"
        "        assert not end.code, script\n"
    )
    command = [sys.executable, "-c", code, *sorted(SCRIPTS)]
    printed = subprocess.check_output(command, cwd=FOLDER, text=True)
    for script in SCRIPTS:
        (told,) = re.findall(rf"^usage: {script} .*?(?=^usage: |\Z)", printed, re.M | re.S)
        assert "--quick" in told, script


@pytest.fixture
def record(tmp_path, monkeypatch):
    spec = importlib.util.spec_from_file_location("record", FOLDER / "record.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    monkeypatch.setattr(module, "RESULTS", tmp_path)
    return module.record


def test_a_trial_records_nothing(record, tmp_path, capsys):
    record("speed", {"seconds": 1.5}, ["numpy"], trial=True)
    assert "nothing is recorded" in capsys.readouterr().out and not list(tmp_path.iterdir())
    record("speed", {"seconds": 1.5}, ["numpy"])
    kept = json.loads((tmp_path / "speed.json").read_text())
    assert kept["results"] == {"seconds": 1.5} and kept["machine"]["cores"] >= 1
    assert set(kept["versions"]) == {"numpy"}
