"""``python -m cnnkit train`` as people use it: stopped, resumed, in two processes, mistyped."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
import torch
from disks import fill, small_disk, with_bound
from PIL import Image
from runs import Keyboard, net

from cnnkit import cli, datasets, models, training

COMMAND = [sys.executable, "-m", "cnnkit", "train"]
DIGITS = ["--data", "digits", "--epochs", "6", "--batch-size", "64", "--device", "cpu"]
# Runs that are stopped at random moments.
MOMENTS = pytest.mark.parametrize("count", [3, pytest.param(30, marks=pytest.mark.slow)])


def log(folder):
    return [json.loads(line) for line in (folder / "log.jsonl").read_text().splitlines()]


def test_train_stop_and_resume(tmp_path, capsys, root):
    whole, run = tmp_path / "whole", tmp_path / "run"
    assert cli.main(["train", *DIGITS, "--out", str(whole)]) == 0
    printed = capsys.readouterr()
    assert "of 360 test pictures are right" in printed.out
    assert "Training on 1 thread(s)" in printed.err and "epoch 6/6: loss" in printed.err
    entries = log(whole)
    assert [entry["epoch"] for entry in entries] == [1, 2, 3, 4, 5, 6]
    assert entries[-1]["valid_accuracy"] > 0.85

    weights = training.load_weights(whole / "weights.pt")
    model = models.lenet(8, widths=(32, 64), batch_norm=True)
    model.load_state_dict(weights)
    right = training.evaluate(model, datasets.digits("test"))[1]
    assert f"{right:.2%} of 360" in printed.out

    # Ctrl-C as soon as the first epoch is in the log: the process ends by itself, and goes on.
    # (A shell starts jobs in the background with SIGINT ignored; a terminal does not.)
    process = subprocess.Popen(
        [*COMMAND, *DIGITS, "--out", run],
        cwd=root,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )
    deadline = time.monotonic() + 120
    while not (run / "checkpoint.pt").exists() and time.monotonic() < deadline:
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    errors = process.communicate(timeout=60)[1]
    assert process.returncode == 130, errors
    assert "of 132, saved in" in errors and "--resume" in errors and "Traceback" not in errors
    saved = training.load_checkpoint(run / "checkpoint.pt")["done"]["step"]
    assert 22 <= saved < 132 and not (run / "weights.pt").exists()

    assert cli.main(["train", *DIGITS, "--out", str(run), "--resume"]) == 0
    resumed = training.load_weights(run / "weights.pt")
    assert resumed.keys() == weights.keys()
    assert all(torch.equal(resumed[key], weights[key]) for key in weights)
    assert [e["loss"] for e in log(run)] == [e["loss"] for e in entries]


def do_what_it_says(words, rng, calls, capsys):
    """Run a command, stop it at random moments, and do what it says until it has ended."""
    more, stops = [], 0
    for _ in range(3):
        first = int(rng.integers(1, calls))
        later = int(rng.choice([first, first + rng.integers(1, 60), first + rng.integers(1, 3000)]))
        with Keyboard(first, later):
            status = cli.main(["train", *words, *more])
        said = capsys.readouterr().err
        if status == 0:
            return stops
        assert status == 130, said
        last = said.strip().splitlines()[-1]
        assert last.startswith("cnnkit: Stopped")
        assert ("--resume" in last) != ("as it was" in last)
        more = ["--resume"] if "--resume" in last else more
        stops += 1
    assert cli.main(["train", *words, *more]) == 0, capsys.readouterr().err
    return stops


@pytest.mark.timeout(1200)
@MOMENTS
def test_whenever_it_is_stopped_the_advice_is_true(count, tmp_path, capsys):
    words = ["--data", "digits", "--epochs", "3", "--batch-size", "128", "--device", "cpu"]
    words += ["--patience", "3"]
    first = [*words, "--epochs", "1", "--out", str(tmp_path / "first")]
    assert cli.main(["train", *first]) == 0
    with Keyboard() as keyboard:  # now that all is imported
        assert cli.main(["train", *words, "--out", str(tmp_path / "whole")]) == 0
    expected = training.load_weights(tmp_path / "whole/weights.pt")
    rng, stops = np.random.default_rng(0), 0
    for number in range(count):
        out = tmp_path / str(number)
        stops += do_what_it_says([*words, "--out", str(out)], rng, keyboard.calls, capsys)
        found = training.load_weights(out / "weights.pt")
        assert all(torch.equal(found[key], expected[key]) for key in expected)
    assert stops >= count


@pytest.mark.timeout(1200)
@MOMENTS
def test_stopped_while_pictures_are_prepared_it_says_so(count, tmp_path, capsys, monkeypatch):
    """Whenever it is, status 130 and true words; and what is prepared is whole or absent."""
    monkeypatch.setenv("CNNKIT_CACHE", str(tmp_path / "cache"))
    drawn = datasets.cartoons(24, 24)
    for row, image in enumerate(drawn.images):
        place = tmp_path / "mine" / drawn.names[drawn.labels[row]]
        place.mkdir(parents=True, exist_ok=True)
        Image.fromarray(image).save(place / f"{row}.png")
    words = ["--data", str(tmp_path / "mine"), "--epochs", "1", "--device", "cpu", "--size", "16"]
    prepared = tmp_path / "cache" / "prepared"

    def train(out):
        return cli.main(["train", *words, "--out", str(tmp_path / out)])

    with monkeypatch.context() as patch:
        patch.setattr("cnnkit.training.command.summary", lambda *_: {}["prepared"])
        with Keyboard() as keyboard, pytest.raises(KeyError, match="prepared"):
            train("first")  # no further than to what is prepared
    rng = np.random.default_rng(1)
    for _ in range(count):
        shutil.rmtree(tmp_path / "cache", ignore_errors=True)
        with Keyboard(int(rng.integers(1, keyboard.calls))):
            assert train("run") == 130
        said = capsys.readouterr().err.strip()
        assert said.splitlines()[-1].startswith("cnnkit: Stopped")
        assert "as it was" in said and "Traceback" not in said
        left = [path.name for path in prepared.glob("*") if path.name != ".lock"]
        assert not [name for name in left if name.startswith("unfinished-")]
    assert train("run") == 0


def test_stopped_while_it_starts_it_says_so(root):
    process = subprocess.Popen(
        [*COMMAND, *DIGITS],
        cwd=root,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )
    time.sleep(0.7)  # PyTorch takes longer to come in
    process.send_signal(signal.SIGINT)
    errors = process.communicate(timeout=60)[1]
    assert process.returncode == 130, errors
    assert "repeat the command as it was" in errors and "Traceback" not in errors


def test_stopped_in_text_that_an_import_executes_it_says_so_too(root, tmp_path):
    (tmp_path / "sitecustomize.py").write_text("""
import sys, types
cli = types.ModuleType("cnnkit.cli")
cli.main = lambda: exec("raise KeyboardInterrupt")  # so a named tuple is made
sys.modules["cnnkit.cli"] = cli
""")
    environment = {**os.environ, "PYTHONPATH": f"{tmp_path}"}
    process = subprocess.run(COMMAND, cwd=root, env=environment, capture_output=True, text=True)
    assert process.returncode == 130 and "Stopped" in process.stderr, process


def test_a_run_of_other_pictures_or_more_epochs_is_a_new_one(tmp_path, capsys):
    old, new = tmp_path / "old", tmp_path / "new"
    words = ["train", "--data", "cartoons", "--count", "40", "--batch-size", "8", "--device", "cpu"]
    short = [*words, "--epochs", "1", "--size", "16"]
    assert cli.main([*short, "--out", str(old)]) == 0
    other = [*words, "--epochs", "1", "--size", "20", "--out", str(old), "--resume"]
    assert cli.main(other) == 1
    assert "shape=(20, 20, 3) to go on with a run of shape=(16, 16, 3)" in capsys.readouterr().err
    longer = [*words, "--epochs", "2", "--size", "16"]
    assert cli.main([*longer, "--out", str(old), "--resume"]) == 1
    assert "--init" in capsys.readouterr().err
    begun = [*longer, "--out", str(new), "--init", str(old / "weights.pt")]
    assert cli.main(begun) == 0
    assert cli.main([*begun, "--resume"]) == 0
    assert len(log(new)) == 2


@pytest.mark.parametrize(
    "words, lesson",
    [
        (["--batch-size", "0"], "batch_size=0 was given"),
        (["--batch-size", "-5"], "batch_size=-5 was given"),
        (["--patience", "-1"], "patience=-1 was given"),
        (["--seed", "-1"], "seed=-1 was given"),
        (["--lr", "nan"], "lr=nan was given"),
        (["--init", "nothing.pt"], "There is no nothing.pt"),
        (["--batch-size", "32.5"], "batch_size=32.5 was given; expected a whole number"),
        (["--batch-size", "many"], "batch_size='many' was given; expected a whole number"),
        (["--epochs", "nan"], "epochs=nan was given; expected a whole number from 1 to"),
        (["--epochs", "9999999999"], "epochs=9999999999 was given; expected a whole number from"),
        (["--seed", "1e3"], "seed=1000.0 was given; expected a whole number from 0 to"),
        (["--seed", str(2**63)], "seed=9223372036854775808 was given"),
        (["--lr", "fast"], "lr='fast' was given; expected a number"),
        (["--lr", "1" * 400], "expected a number of at least 0"),
        (["--patience", "0.5"], "patience=0.5 was given"),
        (["--device", "cuda:99"], "device='cuda:99'; expected"),
    ],
)
def test_a_number_out_of_range_is_a_lesson(words, lesson, tmp_path, capsys):
    assert cli.main(["train", *DIGITS, *words, "--out", str(tmp_path / "run")]) == 1
    assert lesson in capsys.readouterr().err
    assert not (tmp_path / "run").exists()


def test_an_empty_path_is_not_this_folder(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert cli.main(["train", *DIGITS, "--out", ""]) == 1
    assert "out='' was given; expected the path of a file" in capsys.readouterr().err
    assert cli.main(["train", "--data", ""]) == 1
    assert "data=''; expected one of cartoons" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "words, lesson",
    [
        (["--size", "0"], "size=0 was given; expected a whole number from 8 to 2048"),
        (["--size", "-64"], "size=-64 was given"),
        (["--size", "64.5"], "size=64.5 was given; expected a whole number from 8 to 2048"),
        (["--size", "nan"], "size=nan was given"),
        (["--size", "1000000"], "size=1000000 was given; expected a whole number from 8 to 2048"),
        (["--size", "9"], "expected a whole number, 16 or more"),
        (["--count", "0"], "count=0 was given; expected a whole number from 2 to 1000000"),
        (["--count", "2.5"], "count=2.5 was given"),
        (["--count", "10000000000"], "count=10000000000 was given"),
        (["--count", "1000000", "--size", "2048"], "Use a smaller --size, --count or --batch-size"),
    ],
)
def test_a_size_or_count_out_of_range_is_a_lesson(words, lesson, tmp_path, capsys):
    assert cli.main(["train", "--data", "cartoons", *words, "--out", str(tmp_path / "run")]) == 1
    errors = capsys.readouterr().err
    assert lesson in errors and "Traceback" not in errors and not (tmp_path / "run").exists()


def test_what_no_option_could_be_is_a_lesson_in_python_too(tmp_path):
    given = {"data": "cartoons", "count": 8, "size": 16, "epochs": 1, "out": tmp_path / "run"}
    for name, value in [
        ("data", None), ("data", ""), ("data", 5), ("data", "a\0b"), ("model", 5), ("model", []),
        ("epochs", True), ("epochs", "3"), ("size", True), ("size", "32"), ("count", "9"),
        ("batch_size", True), ("batch_size", None), ("lr", np.True_), ("lr", [0.1]),
        ("patience", True), ("precision", None), ("precision", np.array([1, 2])),
        ("compile", "no"), ("download", "no"), ("resume", 1), ("device", True), ("device", 2.5),
        ("seed", None), ("out", 5), ("init", 5), ("init", ""),
    ]:  # fmt: skip
        with pytest.raises(ValueError, match="; expected "):
            training.run(**{**given, name: value})
    assert not (tmp_path / "run").exists()


def test_a_class_without_pictures_to_learn_from_is_a_lesson(tmp_path, capsys):
    for row, place in enumerate(["train/cat", "train/cat", "test/cat", "test/dog"]):
        (tmp_path / "mine" / place).mkdir(parents=True, exist_ok=True)
        picture = Image.fromarray(np.full((16, 16, 3), 60 * row, np.uint8))
        picture.save(tmp_path / "mine" / place / f"{row}.png")
    words = ["--data", str(tmp_path / "mine"), "--out", str(tmp_path / "run")]
    assert cli.main(["train", *words]) == 1
    assert "no picture to learn from shows dog; expected one or" in capsys.readouterr().err
    assert not (tmp_path / "run").exists()


def test_more_processes_than_pictures_is_a_lesson_before_any_work(digits, monkeypatch, tmp_path):
    from cnnkit.training import command, loop, pictures

    for module in (command, loop, pictures):
        monkeypatch.setattr(module, "rank_and_world", lambda: (0, 400))
    with pytest.raises(ValueError, match="360 pictures of valid for 400 processes; expected one"):
        training.fit(net(), *digits, batch_size=400, epochs=1, out=tmp_path / "run")
    with pytest.raises(ValueError, match="360 pictures of test for 400 processes"):
        training.run("digits", out=tmp_path / "run", device="cpu")
    with pytest.raises(ValueError, match="100 pictures to learn from for 400 processes"):
        command._batch_size(128, 100, 400)
    assert command._batch_size(128, 101, 2) == 100 and command._batch_size(64, 101, 2) == 64
    assert not (tmp_path / "run").exists()


def test_a_full_disk_when_all_is_learned_loses_nothing(tmp_path, capsys, monkeypatch):
    from cnnkit.training import command

    words = ["--data", "digits", "--epochs", "1", "--device", "cpu", "--out"]
    with small_disk(tmp_path / "disk", 4 * 10**6) as disk:
        with monkeypatch.context() as patch:

            def judge(*arguments, **options):
                fill(disk)
                return training.evaluate(*arguments, **options)

            patch.setattr(command, "evaluate", judge)
            assert cli.main(["train", *words, str(disk / "run")]) == 1
        errors = capsys.readouterr().err
        assert f"{disk}/run/weights.pt could not be written (No space left on device)" in errors
        assert "repeat the command with --resume" in errors
        assert sorted(os.listdir(disk / "run")) == ["checkpoint.pt", "log.jsonl"]
        (disk / "filler").unlink()
        assert cli.main(["train", *words, str(disk / "run"), "--resume"]) == 0
        assert training.load_trained(disk / "run/weights.pt").names == tuple("0123456789")


def test_files_that_may_not_grow_are_told(tmp_path, root):
    """The real thing wherever no disk can be mounted: the system refuses what is too large."""
    words = ["train", *DIGITS, "--out", tmp_path / "run"]
    done = with_bound(20_000, "-m", "cnnkit", *words, cwd=root)
    assert done.returncode == 1, done.stderr
    assert f"{tmp_path}/run/checkpoint.pt could not be written (File too large)" in done.stderr
    assert "Traceback" not in done.stderr and os.listdir(tmp_path / "run") == ["log.jsonl"]


def test_too_few_pictures_to_set_a_tenth_aside_is_a_lesson(tmp_path, capsys):
    words = ["--data", "cartoons", "--count", "8", "--size", "16", "--patience", "2"]
    assert cli.main(["train", *words, "--out", str(tmp_path / "run")]) == 1
    assert "valid.images of shape (0, 16, 16, 3)" in capsys.readouterr().err
    assert not (tmp_path / "run").exists()


@pytest.mark.slow
def test_two_processes_are_one(tmp_path, root):
    """Two gloo processes, each half of every batch: the loss curve of one process.

    The article's network has no batch norm: on processors that sees only its half of a batch.
    """
    words = [*DIGITS, "--model", "article", "--epochs", "3", "--lr", "0.02"]
    assert cli.main(["train", *words, "--out", str(tmp_path / "one")]) == 0
    launch = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc_per_node=2"]
    done = subprocess.run(
        [*launch, "-m", "cnnkit", "train", *words, "--out", tmp_path / "two"],
        cwd=root,
        capture_output=True,
        text=True,
        timeout=200,
    )
    assert done.returncode == 0, done.stderr
    assert "2 process(es)" in done.stderr and done.stdout.count("test pictures are right") == 1
    one, two = log(tmp_path / "one"), log(tmp_path / "two")
    assert one[-1]["loss"] < one[0]["loss"] / 2
    for key in ("loss", "valid_loss", "valid_accuracy"):
        assert [e[key] for e in two] == pytest.approx([e[key] for e in one], rel=1e-4)
    weights = [training.load_weights(tmp_path / k / "weights.pt") for k in ("one", "two")]
    for key in weights[0]:
        torch.testing.assert_close(weights[0][key], weights[1][key], rtol=1e-3, atol=1e-5)


def test_early_stopping_decides_by_pictures_set_aside(tmp_path):
    words = [*DIGITS, "--epochs", "1", "--patience", "4"]  # the plan stands after the first
    assert cli.main(["train", *words, "--out", str(tmp_path)]) == 0
    plan = training.load_checkpoint(tmp_path / "checkpoint.pt")["plan"]
    assert plan["pictures"] == 1437 - 143


@pytest.mark.slow
def test_cartoons_are_told_apart_within_a_minute(tmp_path, capsys):
    words = ["--data", "cartoons", "--count", "1500", "--size", "40", "--epochs", "6"]
    begin = time.process_time()
    words += ["--batch-size", "32", "--device", "cpu", "--out", str(tmp_path)]
    assert cli.main(["train", *words]) == 0
    seconds = time.process_time() - begin
    assert log(tmp_path)[-1]["valid_accuracy"] >= 0.9
    assert seconds < 60, "drawing, training and judging, on one thread"
    assert "with mirror images averaged in" in capsys.readouterr().out


@pytest.mark.parametrize(
    "words, lesson",
    [
        (["--data", "dogs"], "data='dogs'; expected one of cartoons, cats-vs-dogs, cifar10"),
        (["--data", "digits", "--model", "vgg"], "model='vgg'; expected one of article"),
        (["--data", "digits", "--device", "abacus"], "device='abacus'; expected 'cpu'"),
        (["--data", "digits", "--epochs", "0"], "epochs=0"),
        (["--data", "digits", "--size", "32"], "Leave size out: it is for cartoons, cats-vs-dogs"),
        (["--data", "mnist", "--count", "9"], "Leave count out: it is for cartoons"),
        (["--data", "digits", "--resume"], "no run was saved there"),
        (["--data", "mnist"], "mnist/train-images-idx3-ubyte.gz was not found in"),
    ],
)
def test_what_is_mistyped_or_missing_is_a_lesson(words, lesson, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("CNNKIT_DATA", str(tmp_path / "no-data"))
    monkeypatch.setenv("CNNKIT_CACHE", str(tmp_path / "no-cache"))
    assert cli.main(["train", *words, "--out", str(tmp_path / "run")]) == 1
    errors = capsys.readouterr().err
    assert lesson in errors and "Traceback" not in errors
    assert not (tmp_path / "run").exists()


def test_without_pytorch_the_command_says_so(monkeypatch, capsys):
    for name in [name for name in sys.modules if name.startswith("cnnkit.training")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "torch", None)
    assert cli.main(["train", "--data", "digits"]) == 1
    assert "torch is not installed, and training needs it: pip" in capsys.readouterr().err


def test_a_run_is_not_overwritten_nor_mixed_up(tmp_path, capsys):
    out = ["--out", str(tmp_path / "run")]
    short = ["train", "--data", "digits", "--epochs", "1", "--device", "cpu", *out]
    assert cli.main(short) == 0
    assert cli.main(short) == 1
    assert "holds a run already" in capsys.readouterr().err
    assert cli.main([*short, "--resume", "--model", "article"]) == 1
    assert "is of another model" in capsys.readouterr().err
    assert cli.main([*short, "--resume", "--lr", "0.1"]) == 1
    assert "lr=0.1 to go on with a run of lr=0.005" in capsys.readouterr().err
    assert cli.main([*short, "--resume"]) == 0


def test_a_terminal_gets_a_bar(tmp_path, root):
    if shutil.which("script") is None:
        pytest.skip("no `script` on this machine to play a terminal")
    words = " ".join([*COMMAND, *DIGITS, "--epochs", "1", "--out", str(tmp_path / "run")])
    shown = subprocess.run(
        ["script", "-qec", f"stty cols 120 rows 40; {words}", "/dev/null"],
        cwd=root,
        capture_output=True,
        text=True,
        env={**os.environ, "TERM": "xterm"},
    ).stdout
    assert "epoch 1/1: 100%" in shown and "22/22" in shown and "valid_accuracy=" in shown
