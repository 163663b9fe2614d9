"""Measurements: each is listed, each record has a home, each page reads what is there."""

import contextlib
import importlib.util
import io
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import jupytext
import pytest
import torch
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


def test_the_record_of_grading_keeps_its_promise():
    found = json.loads((FOLDER / "results" / "grading.json").read_text())["results"]
    for one in found.values():
        assert one["submissions"] == 40 and one["throughput_of_cnnkit_over_stock"] >= 4


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
    announced = re.findall(r"(\w+\.json), none yet", str(ROWS))
    announced = {re.sub("[A-Z]+", "*", name) for name in announced}
    for page, names in readers.items():
        for name in names - announced:
            assert list(FOLDER.glob(f"results/{name}")), f"{page} reads {name}, which is not there"
    for name in announced:
        assert not list(FOLDER.glob(f"results/{name}")), f"{name} is there now: name it in its row"
    assert quoted([row[5] for row in ROWS], r"\S+\.md") == set(readers)


@pytest.mark.slow
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


@pytest.mark.slow
def test_a_trial_of_the_longest_measurement_goes_through():
    command = [sys.executable, "train_pretrained.py", "--quick"]
    told = subprocess.check_output(command, cwd=FOLDER, text=True)
    for way in ("frozen 20", "tuned 60", "scratch 20"):
        assert f"\n{way} " in told
    assert "nothing is recorded" in told


# ---- the measurement of a GPU, rehearsed on a processor ----------------------------------------

REHEARSE = """
import json, sys
import gpu
from pathlib import Path
out, *sys.argv[1:] = sys.argv[1:]
def keep(run):
    whole = {"command": "made up by a test", "date": "a day", "versions": {"torch": "none"}}
    Path(out).write_text(json.dumps(whole | {"results": run.results | {"device": "MADE UP"}}))
gpu.Run.keep = keep
gpu.main()
"""
GPU_PAGES = [page for page in PAGES if "gpu_*.json" in page.read_text("utf8")]


def rehearse(out, *arguments):
    """Run ``gpu.py`` on the processor, and let it write to `out` as it would on a GPU."""
    command = [sys.executable, "-c", REHEARSE, out, "--device", "cpu", "--quick", *arguments]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    told = subprocess.check_output(command, cwd=FOLDER, text=True, env=environment)
    return json.loads(out.read_text())["results"], told


@pytest.fixture(scope="module")
def made_up(tmp_path_factory):
    """A folder with a record of a rehearsal, and what only a GPU can count made up."""
    out = tmp_path_factory.mktemp("results") / "gpu_made-up.json"
    results, told = rehearse(out)
    for found in results["memory"].values():
        found["measured_over_estimated"] = 1.23
    run = json.loads(out.read_text()) | {"results": results}
    out.write_text(json.dumps(run))
    return out.parent, results, told


@pytest.mark.slow
def test_a_gpu_is_measured_part_by_part(made_up):
    _, results, told = made_up
    assert set(results["batches"]) == {f"{n}, step by step" for n in (16, 64, 256, 1024)}
    assert set(results["scratch"]) == {"seed 0", "seed 1"}
    assert {name.rpartition(", ")[0] for name in results["tuned"]} == {
        "20 pictures",
        "all pictures",
    }
    ways = [way for part in results["speed"].values() for way in part["images_per_second"]]
    for word in ("float32", "TF32", "bfloat16", "float16", "channels first", "reduce-overhead"):
        assert any(word in way for way in ways), word
    assert results["memory"]["small_resnet"]["estimated_bytes"] > 8e6
    assert all("CUDA graph" in name for name in results["left_out"])  # a processor has none
    assert "nothing is recorded" in told


@pytest.mark.slow
def test_what_does_not_fit_into_the_minutes_is_left_out_and_said(tmp_path):
    results, told = rehearse(tmp_path / "gpu_short.json", "--minutes", "0.02")
    assert "speed" not in results and "tuned" not in results
    assert re.match(r"needs about \d+ s, and \d were left", results["left_out"]["speed: steps"])
    assert "left out: speed: steps" in told


@pytest.mark.skipif(torch.cuda.is_available(), reason="here is a GPU")
def test_without_a_gpu_it_ends_at_once_and_says_what_to_do():
    done = subprocess.run([sys.executable, "gpu.py"], cwd=FOLDER, capture_output=True, text=True)
    assert done.returncode == 1 and "Traceback" not in done.stderr
    assert "No GPU that PyTorch can use" in done.stderr and "rehearse" in done.stderr


def test_without_photographs_it_says_so(tmp_path):
    code = "import gpu; gpu.load(96, False)"
    environment = {**os.environ, "CNNKIT_DATA": str(tmp_path), "CNNKIT_CACHE": str(tmp_path)}
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, cwd=FOLDER, capture_output=True, text=True, env=environment)
    assert done.returncode == 1 and "Traceback" not in done.stderr
    assert "The photographs cannot be read. Let CNNKIT_DATA name their folder" in done.stderr


def cells_on_gpus(page):
    """The code of a page that reads records of GPUs, and what follows from them."""
    cells = [cell.source for cell in jupytext.read(page).cells if cell.cell_type == "code"]
    return [cell for cell in cells if "gpu_*.json" in cell or re.search(r"in measured\b", cell)]


@pytest.mark.slow
@pytest.mark.parametrize("page", GPU_PAGES, ids=lambda page: page.stem)
def test_a_page_tells_what_a_gpu_did_and_says_plainly_when_none_is_recorded(
    page, made_up, tmp_path, monkeypatch
):
    def told(records):
        (tmp_path / "benchmarks").mkdir(exist_ok=True)
        (tmp_path / "chapters").mkdir(exist_ok=True)
        (tmp_path / "benchmarks" / "results").unlink(missing_ok=True)
        (tmp_path / "benchmarks" / "results").symlink_to(records)
        monkeypatch.chdir(tmp_path / "chapters")
        printed = io.StringIO()
        names = {"json": json, "Path": Path, "records": Path("../benchmarks/results")}
        with contextlib.redirect_stdout(printed):
            for source in cells_on_gpus(page):
                exec(source, names)
        return printed.getvalue()

    (tmp_path / "empty").mkdir()
    without = told(tmp_path / "empty")
    assert "No GPU is recorded yet" in without and "benchmarks/gpu.py" in without
    with_one = told(made_up[0])
    assert "MADE UP" in with_one and "recorded yet" not in with_one
    assert re.search(r"pictures a second|% (after|in|right)", with_one)


def test_no_page_shows_a_figure_that_a_test_made_up():
    for path in FOLDER.glob("results/*.json"):
        assert "MADE UP" not in path.read_text()


def test_the_job_for_a_cluster_is_whole():
    """Its options are those of our command, and the shell can read it."""
    (job,) = re.findall(
        r"```bash\n(#!.*?)```", (ROOT / "appendices/gpu.md").read_text("utf8"), re.S
    )
    subprocess.run(["bash", "-n"], input=job, text=True, check=True)
    _, _, ours = job.replace("\\\n", "").partition("-m cnnkit train")
    known = subprocess.check_output([sys.executable, "-m", "cnnkit", "train", "--help"], text=True)
    for option in re.findall(r"(--[\w-]+)", ours):
        assert option in known
    assert "#SBATCH --ntasks=1 " in job and "torchrun --standalone" in job


# ---- records -----------------------------------------------------------------------------------


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
