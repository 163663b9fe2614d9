"""``python -m cnnkit predict`` as people use it: files, folders, a pipe, and no pictures."""

import io
import json
import os
import signal
import socket
import subprocess
import sys

import numpy as np
import pytest
import torch
from disks import fill, small_disk
from PIL import Image
from runs import Keyboard, fit

from cnnkit import cli, datasets, training
from cnnkit.pictures import to_bytes
from cnnkit.training.weights import build

COMMAND = [sys.executable, "-m", "cnnkit", "predict"]
NAMES = ("dark", "light")


@pytest.fixture(scope="module")
def weights(tmp_path_factory):
    """A network that tells light pictures from dark ones."""
    torch.manual_seed(0)
    labels = np.arange(64) % 2
    images = np.random.default_rng(0).integers(0, 100, (64, 16, 16, 3), np.uint8)
    images[labels == 1] += 150
    kind = training.recipe("resnet", 16, 2, 3, widths=(4, 8))
    network = build(kind)
    data = datasets.Dataset(images, labels, NAMES, labels)
    fit(network, data, epochs=4, batch_size=8, lr=0.01)
    path = tmp_path_factory.mktemp("run") / "weights.pt"
    training.save_weights(path, network, kind, NAMES, 16)
    return path


@pytest.fixture
def pictures(tmp_path):
    """Two pictures of each kind in a folder, one of them in a folder within."""
    folder = tmp_path / "pets"
    (folder / "more").mkdir(parents=True)
    rng = np.random.default_rng(1)
    for name, low in [("a.png", 0), ("b.jpg", 150), ("more/c.png", 150), ("more/d.jpg", 0)]:
        Image.fromarray(rng.integers(low, low + 100, (40, 60, 3), np.uint8)).save(folder / name)
    (folder / "notes.txt").write_text("clutter")
    return folder


def told(capsys, *words):
    status = cli.main(["predict", *map(str, words), "--device", "cpu"])
    return status, *capsys.readouterr()


def test_a_folder_is_named_picture_by_picture(weights, pictures, capsys):
    status, out, err = told(capsys, weights, pictures)
    assert (status, err) == (0, "")
    head, *rows = [line.split() for line in out.splitlines()]
    assert head == ["picture", "1st", "2nd"]
    expected = {"a.png": "dark", "b.jpg": "light", "more/c.png": "light", "more/d.jpg": "dark"}
    assert {row[0]: row[1] for row in rows} == {str(pictures / k): v for k, v in expected.items()}
    assert all(float(row[2][:-1]) + float(row[4][:-1]) == pytest.approx(100) for row in rows)
    status, out, _ = told(capsys, weights, pictures / "a.png", "--top", "1")
    assert "dark" in out and "light" not in out and "2nd" not in out


def test_the_document_says_what_training_sees(weights, pictures, capsys, monkeypatch):
    """The same bytes from the same file, be it in a data set or here: the same probabilities."""
    monkeypatch.setenv("CNNKIT_CACHE", str(pictures.parent / "cache"))
    (pictures / "more").rename(pictures / "other")
    for name in ("a.png", "b.jpg"):
        (pictures / "first").mkdir(exist_ok=True)
        (pictures / name).rename(pictures / "first" / name)
    everything = datasets.folder(pictures, "all", size=16)
    trained = training.load_trained(weights)
    rows = training.probabilities(trained.model, everything.images)
    capsys.readouterr()
    status, out, _ = told(capsys, weights, pictures, "--json")
    document = json.loads(out)
    assert status == 0
    assert list(document) == ["weights", "names", "size", "pictures", "unreadable", "shown"]
    assert document["names"] == ["dark", "light"] and document["size"] == 16
    assert document["unreadable"] == [] and document["shown"] is None
    found = [[one["probabilities"][name] for name in NAMES] for one in document["pictures"]]
    np.testing.assert_allclose(sorted(found), sorted(rows.tolist()), rtol=1e-6)
    for one in document["pictures"]:
        assert list(one) == ["picture", "name", "probabilities"]
        assert one["name"] == next(iter(one["probabilities"]))
        image = to_bytes(one["picture"], 16)
        expected = training.predict(trained.model, image, 16, NAMES)
        assert one["probabilities"] == pytest.approx(expected)
    flipped = json.loads(told(capsys, weights, pictures, "--json", "--flip")[1])
    expected = training.probabilities(trained.model, everything.images, flip=True)
    found = [[one["probabilities"][name] for name in NAMES] for one in flipped["pictures"]]
    np.testing.assert_allclose(sorted(found), sorted(expected.tolist()), rtol=1e-6)


def test_what_is_no_picture_is_named_and_the_rest_go_on(weights, pictures, capsys):
    whole = (pictures / "b.jpg").read_bytes()
    (pictures / "film.mp4").write_bytes(b"no picture")
    (pictures / "half.jpg").write_bytes(whole[: len(whole) // 2])
    (pictures / "empty.png").write_bytes(b"")
    (pictures / "gone.png").symlink_to(pictures / "nothing.png")
    os.mkfifo(pictures / "pipe.png")
    status, out, err = told(capsys, weights, pictures, pictures / "never.png", "--json")
    document = json.loads(out)
    assert status == 1 and len(document["pictures"]) == 4
    why = {one["picture"].split("pets/")[1]: one["why"] for one in document["unreadable"]}
    assert why.pop("half.jpg").startswith("it is broken (")
    assert why == {
        "film.mp4": "it is no picture",
        "empty.png": "it is empty",
        "gone.png": "there is no such file",
        "never.png": "there is no such file",
        "pipe.png": "it is no file",
    }
    for name in why:
        assert f"{name} could not be read: {why[name]}." in err


@pytest.mark.parametrize(("name", "status"), [("b.jpg", 0), (None, 1)])
def test_a_picture_comes_through_a_pipe(weights, pictures, capsys, monkeypatch, name, status):
    content = (pictures / name).read_bytes() if name else b""
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(content)))
    found, out, _ = told(capsys, weights, "-", "--json")
    document = json.loads(out)
    assert found == status
    assert [one["name"] for one in document["pictures"]] == ["light"] * (1 - status)
    assert document["unreadable"] == [{"picture": "-", "why": "it is empty"}] * status


def test_a_pipe_that_brings_nothing_stops_no_other(weights, pictures, capsys, monkeypatch):
    monkeypatch.chdir(pictures)  # the name of a socket is short
    monkeypatch.setattr(sys, "stdin", None)
    with socket.socket(socket.AF_UNIX) as end:
        end.bind("s.sock")
        status, out, err = told(capsys, weights, "a.png", "s.sock", "-", "b.jpg")
    assert status == 1 and "a.png" in out and "b.jpg" in out
    assert "s.sock could not be read: it cannot be opened (" in err
    assert "- could not be read: nothing is connected to it." in err


@pytest.mark.parametrize("suffix", ["png", "pdf"])
def test_a_page_shows_where_it_has_looked(weights, pictures, tmp_path, capsys, suffix):
    (pictures / "half.jpg").write_bytes((pictures / "b.jpg").read_bytes()[:200])
    page = tmp_path / f"heat.{suffix}"
    status, out, _ = told(capsys, weights, pictures, "--show", page)
    assert status == 1 and f"Where it has looked is in {page}." in out
    if suffix == "png":
        picture = np.asarray(Image.open(page).convert("RGB"))
        assert picture.shape[1] > picture.shape[0] > 300
        assert len(np.unique(picture.reshape(-1, 3), axis=0)) > 1000
    else:
        assert page.read_bytes().startswith(b"%PDF")
    assert sorted(os.listdir(tmp_path)) == [page.name, "pets"]


def test_grey_pictures_and_odd_names_are_shown_too(tmp_path, capsys):
    kind = training.recipe("lenet", 12, 3, 1)
    names = ("$x_1$", "a\nb", "é" * 80)
    training.save_weights(tmp_path / "w.pt", build(kind), kind, names, 12)
    word = tmp_path / "$odd$ \x1b[31m.png"
    Image.fromarray(np.zeros((20, 20), np.uint8)).save(word)
    status, out, _ = told(capsys, tmp_path / "w.pt", word, "--show", tmp_path / "heat.png")
    assert status == 0 and "\x1b" not in out and "$x_1$" in out and "a?b" in out
    assert Image.open(tmp_path / "heat.png").size[0] > 100


def test_what_cannot_be_meant_is_a_lesson_before_any_work(weights, pictures, tmp_path, capsys):
    (tmp_path / "none").mkdir()
    one = pictures / "a.png"
    before = one.read_bytes()
    for words, lesson in [
        ([pictures / "none.pt", one], "There is no file"),
        ([one, weights], "is damaged, or no weights file; expected a weights.pt"),
        ([weights, tmp_path / "none"], "no picture is in this folder; expected one picture or"),
        ([weights, one, "--top", "0"], "top=0 was given"),
        ([weights, one, "--show", "heat.abc"], "expected a file that ends with .png, .jpg"),
        ([weights, one, "--show", tmp_path / "no/heat.png"], "there is no folder"),
        ([weights, one, "--show", one], "is or would be one of the pictures"),
        ([weights, pictures, "--show", pictures / "h.png"], "is or would be one of the pictures"),
        ([weights, one, "--names", "a,b"], "Leave names out"),
    ]:
        status, out, err = told(capsys, *words)
        assert (status, out) == (1, "") and lesson in err and "Traceback" not in err
    assert one.read_bytes() == before and not (pictures / "h.png").exists()
    with pytest.raises(ValueError, match="json='no' was given"):
        training.name_pictures(weights, [one], json="no")
    with pytest.raises(ValueError, match="device='abacus'; expected 'cpu'"):
        training.name_pictures(weights, one, device="abacus")
    with pytest.raises(ValueError, match="pictures=None was given; expected paths of pictures"):
        training.name_pictures(weights, None)


def test_weights_of_old_are_named_with_what_is_said(weights, pictures, tmp_path, capsys):
    torch.save(training.load_weights(weights), tmp_path / "old.pt")
    status, _, err = told(capsys, tmp_path / "old.pt", pictures)
    assert status == 1 and "--model resnet --size 64 --names cat,dog" in err
    words = ["--model", "resnet", "--size", "16", "--names", "dark,light"]
    status, _, err = told(capsys, tmp_path / "old.pt", pictures, *words)
    assert status == 1 and "is of another model" in err  # this one has two stages, not four


def test_a_full_disk_keeps_the_page_of_before(weights, pictures, tmp_path, capsys):
    with small_disk(tmp_path / "disk", 10**6) as disk:
        assert told(capsys, weights, pictures, "--show", disk / "heat.png")[0] == 0
        before = (disk / "heat.png").read_bytes()
        fill(disk)
        status, out, err = told(capsys, weights, pictures, "--show", disk / "heat.png")
        assert status == 1 and "light" in out
        assert f"cnnkit: {disk}/heat.png could not be written (No space left on device)" in err
        assert (disk / "heat.png").read_bytes() == before
        assert sorted(os.listdir(disk)) == ["filler", "heat.png"]


def test_answers_that_nobody_takes_are_no_traceback(root):
    """The command alone, with nothing behind it: PyTorch would take its time."""
    code = (
        "import sys; from cnnkit import cli; cli.predict = lambda **_: print('cat' * 9999) or 0;"
        "sys.exit(cli.main(['predict', 'weights.pt', 'a.png']))"
    )
    words = [sys.executable, "-c", code]
    with open("/dev/full", "w") as full:
        done = subprocess.run(words, stdout=full, stderr=subprocess.PIPE, text=True, cwd=root)
    assert (done.returncode, done.stderr.splitlines()[1:]) == (1, [])
    assert "The output could not be written (No space left on device)" in done.stderr
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run(words, stdout=writer, stderr=subprocess.PIPE, text=True, cwd=root)
    os.close(writer)
    assert (done.returncode, done.stderr) == (1, "")


def test_ctrl_c_while_it_waits_for_a_picture(weights, root):
    process = subprocess.Popen(
        [*COMMAND, weights, "-"],
        cwd=root,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )
    with open(f"/proc/{process.pid}/wchan") as place:  # until it waits in the pipe
        for _ in range(6000):
            place.seek(0)
            if "pipe" in place.read() or process.poll() is not None:
                break
            signal.sigtimedwait([], 0.01)
    process.send_signal(signal.SIGINT)
    errors = process.communicate(timeout=60)[1].decode()
    assert process.returncode == 130, errors
    assert errors.strip() == "cnnkit: Stopped: repeat the command as it was."


def test_whenever_it_is_stopped_it_says_so(weights, pictures, tmp_path, capsys):
    words = [weights, pictures, "--show", tmp_path / "heat.png"]
    with Keyboard() as keyboard:
        assert told(capsys, *words)[0] == 0
    rng = np.random.default_rng(0)
    for _ in range(3):
        first = int(rng.integers(1, keyboard.calls))
        with Keyboard(first, first + int(rng.integers(1, 50))):
            status = cli.main(["predict", *map(str, words), "--device", "cpu"])
        said = capsys.readouterr().err.strip()
        assert (status, said) == (130, "cnnkit: Stopped: repeat the command as it was.")
        assert Image.open(tmp_path / "heat.png").size[0] > 100, "it is whole"
        assert sorted(os.listdir(tmp_path)) == ["heat.png", "pets"]
