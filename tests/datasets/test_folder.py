"""Pictures of one's own: found in any layout, split by content, each file accounted for."""

import errno
import io
import os
import shutil
import zipfile
from pathlib import Path

import numpy as np
import pytest
from archives import jpeg
from PIL import Image

from cnnkit import cli, datasets
from cnnkit.datasets.dataset import summary


@pytest.fixture(scope="module")
def drawn():
    return datasets.cartoons(60, size=48)


def write(folder, drawn, rows=range(60)):
    """Save some of the drawn pictures in class folders."""
    for row in rows:
        file = folder / drawn.names[drawn.labels[row]] / f"{row}.jpg"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(jpeg(drawn.images[row]))
    return folder


def pack(folder, path, below=""):
    with zipfile.ZipFile(path, "w") as box:
        for file in folder.rglob("*"):
            box.write(file, f"{below}{file.relative_to(folder).as_posix()}")
    return path


def numbers(data):
    return set(data.numbers.tolist())


def test_a_folder_and_a_zip_of_it_are_the_same_data(tmp_path, drawn):
    folder = write(tmp_path / "mine", drawn)
    train, test = datasets.folder(folder, size=32), datasets.folder(folder, "test", size=32)
    assert train.names == ("cat", "dog") and train.images.shape[1:] == (32, 32, 3)
    assert isinstance(train.images, np.memmap)
    assert len(train) + len(test) == 60 and 3 <= len(test) <= 22
    assert not train.skipped
    everything = datasets.folder(folder, "all", size=32)
    assert np.bincount(everything.labels).tolist() == [30, 30]
    backslashed = pack(folder, tmp_path / "backslashed.zip")
    content = backslashed.read_bytes()
    for name in drawn.names:  # as older packers of Windows write it
        content = content.replace(f"{name}/".encode(), f"{name}\\".encode())
    backslashed.write_bytes(content)
    for archive in (
        backslashed,
        pack(folder, tmp_path / "named.zip", below="Pets: mine/"),
        pack(folder, tmp_path / "flat.zip"),
        pack(folder, tmp_path / "deep.zip", below="downloads/pets/"),
    ):
        packed = datasets.folder(archive, "all", size=32)
        assert np.array_equal(packed.images, everything.images)
        assert np.array_equal(packed.labels, everything.labels)
        assert np.array_equal(packed.numbers, everything.numbers)


def test_no_picture_changes_sides_when_others_come(tmp_path, drawn):
    folder = write(tmp_path / "mine", drawn, range(30))
    train, test = numbers(datasets.folder(folder)), numbers(datasets.folder(folder, "test"))
    write(folder, drawn, range(30, 60))
    (folder / "cat").rename(folder / "aardvark")  # names decide nothing
    later = datasets.folder(folder)
    assert later.names == ("aardvark", "dog")
    assert train <= numbers(later) and test <= numbers(datasets.folder(folder, "test"))
    assert len(later) + len(datasets.folder(folder, "test")) == 60


def test_the_same_picture_never_learns_and_judges(tmp_path, drawn):
    """Each picture once more, smaller and saved anew: some twins would fall on the other side."""
    folder = write(tmp_path / "mine", drawn)
    test_before = numbers(datasets.folder(folder, "test"))
    for row in range(60):
        file = folder / drawn.names[drawn.labels[row]] / f"{row} small.png"
        Image.fromarray(drawn.images[row]).resize((40, 40)).save(file)
    train, test = datasets.folder(folder), datasets.folder(folder, "test")
    twin = {}
    for name, why in train.skipped.items():
        assert why.startswith("it looks like ") and why.endswith(", which tests")
        twin[name] = why.removeprefix("it looks like ").removesuffix(", which tests")
        assert name.split(".")[0].split(" ")[0] == twin[name].split(".")[0].split(" ")[0]
    assert len(train) + len(test) + len(twin) == 120 and len(twin) >= 5
    assert test_before <= numbers(test)


def test_folders_called_train_and_test_decide(tmp_path, drawn):
    write(tmp_path / "mine/Train", drawn, range(40))
    write(tmp_path / "mine/test", drawn, range(40, 60))
    (tmp_path / "mine/valid/cat").mkdir(parents=True)
    shutil.copy(tmp_path / "mine/test/cat" / os.listdir(tmp_path / "mine/test/cat")[0],
                tmp_path / "mine/Train/cat/again.jpg")  # fmt: skip
    (tmp_path / "mine/valid/cat/1.jpg").write_bytes(jpeg(drawn.images[0]))
    train, test = (datasets.folder(tmp_path / "mine", part) for part in ("train", "test"))
    assert (len(train), len(test)) == (40, 20)
    assert np.bincount(test.labels).tolist() == np.bincount(drawn.labels[40:]).tolist()
    assert train.skipped["valid/cat/1.jpg"] == "it lies in neither train nor test"
    assert train.skipped["Train/cat/again.jpg"].startswith("it is the same file as test/cat/")


def test_every_file_is_used_or_named(tmp_path, drawn):
    folder = write(tmp_path / "mine", drawn)
    good = (folder / "dog" / os.listdir(folder / "dog")[0]).read_bytes()
    (folder / "cat/deeper").mkdir()
    for name, content in {
        "loose.jpg": good,
        "cat/notes.txt": b"clutter",
        "cat/.DS_Store": b"clutter",
        "cat/broken.jpg": good[:700],
        "cat/film.mp4": b"no picture",
        "cat/empty.png": b"",
        "cat/deeper/twice.jpg": good,
    }.items():
        (folder / name).write_bytes(content)
    everything = datasets.folder(folder, "all", size=16)
    assert len(everything) == 60  # the twin in another class is no new picture
    skipped = dict(everything.skipped)
    assert skipped.pop("loose.jpg") == "it lies in no class folder"
    assert skipped.pop("cat/broken.jpg").startswith("it is broken")
    assert skipped.pop("cat/film.mp4") == "it is no picture"
    assert skipped.pop("cat/empty.png") == "it is empty"
    same = [why for why in skipped.values() if why.startswith("it is the same file as ")]
    assert len(skipped) == len(same) == 1


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda path: None, "is no folder and no zip file"),
        (lambda path: path.write_bytes(b"text"), "is no folder and no zip file"),
        (lambda path: path.mkdir(), "holds 0 classes; expected 2 to 1,000 folders"),
        (lambda path: (path / "cat").mkdir(parents=True), "holds 0 classes"),
    ],
)
def test_what_holds_no_classes_is_explained(tmp_path, make, words):
    make(tmp_path / "mine")
    with pytest.raises(ValueError, match=words):
        datasets.folder(tmp_path / "mine")


@pytest.mark.parametrize("other", ["val/cat", "test"])
def test_parts_of_a_data_set_are_no_classes(tmp_path, drawn, other):
    write(tmp_path / "mine/train", drawn, range(4))
    (tmp_path / "mine" / other).mkdir(parents=True)
    (tmp_path / "mine" / other / "1.jpg").write_bytes(jpeg(drawn.images[5]))
    with pytest.raises(ValueError, match=r"which are parts of a data set and no classes"):
        datasets.folder(tmp_path / "mine", size=8)


def test_names_that_no_terminal_takes_are_read_and_shown(tmp_path, drawn):
    folder = write(tmp_path / "mine", drawn)
    (folder / "cat").rename(folder / "c\x1bt")
    for content, name in [(jpeg(drawn.images[0][::-1]), b"caf\xe9.jpg"), (b"", b"no\xe9\x07.png")]:
        Path(os.fsdecode(os.fsencode(folder / "dog") + b"/" + name)).write_bytes(content)
    everything = datasets.folder(folder, "all", size=16)
    assert len(everything) == 61 and "c?t, dog" in repr(everything)
    told = summary(everything, everything)
    assert "dog/no??.png (it is empty)" in told and all(map(str.isprintable, told.splitlines()))


def test_one_class_is_none_and_nothing_to_judge_by_is_told(tmp_path, drawn):
    cats = np.flatnonzero(drawn.labels == 0).tolist()
    with pytest.raises(ValueError, match="holds 1 classes; expected 2 to 1,000"):
        datasets.folder(write(tmp_path / "cats", drawn, cats))
    write(tmp_path / "mine/train", drawn)
    (tmp_path / "mine/test/dog").mkdir(parents=True)
    (tmp_path / "mine/test/dog/1.jpg").write_bytes(b"broken")
    assert len(datasets.folder(tmp_path / "mine")) == 60
    with pytest.raises(ValueError, match=r"no picture for split='test'.*folders train and test"):
        datasets.folder(tmp_path / "mine", "test")


def test_a_thousand_classes_will_do(tmp_path):
    dice = np.random.default_rng(0)
    folder = tmp_path / "many"
    for number in range(1000):
        (folder / f"{number:03}").mkdir(parents=True)
        picture = Image.fromarray(dice.integers(0, 256, (8, 8, 3), np.uint8))
        picture.save(folder / f"{number:03}" / "1.png")
    everything = datasets.folder(folder, "all", size=8)
    assert len(everything.names) == len(everything) == 1000 and everything.names[7] == "007"
    assert sorted(everything.labels.tolist()) == list(range(1000))
    (folder / "one more").mkdir()
    picture.transpose(Image.Transpose.ROTATE_90).save(folder / "one more" / "1.png")
    with pytest.raises(ValueError, match="holds 1001 classes"):
        datasets.folder(folder)


def test_what_there_is_to_learn_from_is_told_first(tmp_path, drawn):
    cats, dogs = (np.flatnonzero(drawn.labels == label).tolist() for label in (0, 1))
    folder = write(tmp_path / "mine", drawn, cats + dogs[:5])
    (folder / "dog/broken.jpg").write_bytes(b"")
    train, test = datasets.folder(folder), datasets.folder(folder, "test")
    told = summary(train, test)
    counts = np.bincount(train.labels)
    assert f"{len(train)} pictures to learn from, {len(test)} to judge by." in told
    assert f"To learn from: cat {counts[0]}, dog {counts[1]}." in told
    assert f"from {counts[1]} of dog to {counts[0]} of cat" in told
    assert f"always says cat would be right about {counts[0] / counts.sum():.0%}" in told
    assert "1 files were left out: dog/broken.jpg (it is empty)." in told
    even = summary(datasets.cartoons(40, 16), datasets.cartoons(10, 16, start=40))
    assert "uneven" not in even and "left out" not in even
    cats_only = datasets.Dataset(drawn.images[cats], drawn.labels[cats], drawn.names, None)
    assert "No picture judges dog." in summary(drawn, cats_only)


def test_train_on_a_folder(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write(tmp_path / "my pets", datasets.cartoons(120, size=32))
    words = ["--data", "my pets", "--size", "16", "--epochs", "1", "--device", "cpu"]
    assert cli.main(["train", *words]) == 0
    printed = capsys.readouterr().out
    assert printed.index("to judge by") < printed.index("test pictures are right")
    assert (tmp_path / "runs/my pets-resnet/weights.pt").is_file()
    assert cli.main(["train", *words, "--count", "9"]) == 1
    assert "Leave count out: it is for cartoons." in capsys.readouterr().err


def test_a_file_that_cannot_be_opened_is_named(tmp_path, drawn, monkeypatch):
    from pathlib import Path

    folder = write(tmp_path / "mine", drawn)
    locked = next((folder / "cat").iterdir())
    read = Path.read_bytes

    def read_bytes(path):
        if path == locked:
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
        return read(path)

    monkeypatch.setattr(Path, "read_bytes", read_bytes)
    everything = datasets.folder(folder, "all", size=16)
    name = f"cat/{locked.name}"
    assert everything.skipped == {name: "it cannot be opened (Permission denied)"}
    assert len(everything) == 59


def test_pictures_of_any_format_are_read_as_predictions_read_them(tmp_path, drawn):
    from cnnkit.pictures import to_bytes

    folder, contents = tmp_path / "mine", {}
    for row, kind in enumerate(["PNG", "TIFF", "WEBP", "BMP", "GIF", "JPEG"]):
        file = io.BytesIO()
        Image.fromarray(drawn.images[row]).save(file, kind)
        place = folder / "ab"[row % 2] / f"{row}.{kind.lower()}"
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(file.getvalue())
        contents[place.name] = file.getvalue()
    everything = datasets.folder(folder, "all", size=24)
    expected = {to_bytes(content, 24).tobytes() for content in contents.values()}
    assert {image.tobytes() for image in everything.images} == expected


def test_what_its_owner_has_put_on_both_sides_is_told_and_stays(tmp_path, drawn, capsys):
    """Saved anew, so no longer the same file; and drawn.images differ more than that."""
    write(tmp_path / "mine/train", drawn, range(40))
    write(tmp_path / "mine/test", drawn, range(40, 60))
    for row in (3, 8):
        file = tmp_path / "mine/test" / drawn.names[drawn.labels[row]] / f"again {row}.png"
        Image.fromarray(drawn.images[row]).resize((40, 40)).save(file)
    train, test = (datasets.folder(tmp_path / "mine", part) for part in ("train", "test"))
    assert (len(train), len(test)) == (40, 22) and not train.skipped
    kinds = {row: drawn.names[drawn.labels[row]] for row in (3, 8)}
    expected = {f"train/{k}/{row}.jpg": f"test/{k}/again {row}.png" for row, k in kinds.items()}
    assert train.twins == expected
    words = ["--data", str(tmp_path / "mine"), "--epochs", "1", "--device", "cpu"]
    capsys.readouterr()
    assert cli.main(["train", *words, "--out", str(tmp_path / "run")]) == 0
    printed = capsys.readouterr().out
    told = printed.index("2 pictures to learn from nearly equal one to judge by")
    assert told < printed.index("test pictures are right")
    for name, twin in expected.items():
        assert f"{name} (like {twin})" in printed


def test_a_picture_that_changes_its_class_is_prepared_anew(tmp_path, drawn):
    """The same files by name, size and time, in other folders."""
    folder = write(tmp_path / "mine", drawn)
    before = np.bincount(datasets.folder(folder, "all", size=16).labels)
    for row in np.flatnonzero(drawn.labels == 0)[:5]:
        (folder / "cat" / f"{row}.jpg").rename(folder / "dog" / f"{row}.jpg")
    after = np.bincount(datasets.folder(folder, "all", size=16).labels)
    assert before.tolist() == [30, 30] and after.tolist() == [25, 35]


def test_links_lead_to_pictures_and_never_round(tmp_path, drawn):
    write(tmp_path / "mine", drawn, range(30))
    write(tmp_path / "far", drawn, range(30, 60))
    (tmp_path / "mine/bird").symlink_to(tmp_path / "far/dog")
    (tmp_path / "far/dog/round").symlink_to(tmp_path / "far")
    (tmp_path / "mine/cat/round").symlink_to(tmp_path / "mine")
    (tmp_path / "mine/cat/nothing.jpg").symlink_to(tmp_path / "nothing.jpg")
    os.mkfifo(tmp_path / "mine/cat/pipe")
    everything = datasets.folder(tmp_path / "mine", "all", size=16)
    assert everything.names == ("bird", "cat", "dog")
    assert np.bincount(everything.labels)[1:].sum() == 30 and len(everything) > 30
    reasons = {everything.skipped[f"cat/{name}"] for name in ("nothing.jpg", "pipe")}
    assert reasons == {"there is no such file", "it is no file"}


def answers_nothing(monkeypatch, module, name, number=errno.EIO):
    def refuse(*_, **__):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(module, name, refuse)


def test_a_share_that_is_gone_is_not_called_a_full_disk(tmp_path, drawn, monkeypatch):
    from pathlib import Path

    folder = write(tmp_path / "mine", drawn)
    with monkeypatch.context() as patch:
        answers_nothing(patch, Path, "read_bytes", errno.ESTALE)
        answers_nothing(patch, os, "listdir", errno.ESTALE)
        with pytest.raises(OSError, match=r"mine could not be read \(Stale file handle\)") as gone:
            datasets.folder(folder, size=16)
    assert "written" not in str(gone.value) and "Free some space" not in str(gone.value)
    assert len(datasets.folder(folder, "all", size=16)) == 60, "nothing of it was kept"


@pytest.mark.parametrize("number", [errno.EIO, errno.ESTALE])
def test_a_zip_that_cannot_be_read_is_named(tmp_path, drawn, monkeypatch, number):
    archive = pack(write(tmp_path / "mine", drawn), tmp_path / "mine.zip")
    why = os.strerror(number)
    with monkeypatch.context() as patch:
        answers_nothing(patch, zipfile.ZipFile, "read", number)
        with pytest.raises(OSError, match=rf"mine.zip could not be read \({why}\)") as gone:
            datasets.folder(archive, size=16)
    assert "written" not in str(gone.value)
    assert len(datasets.folder(archive, "all", size=16)) == 60


def test_a_folder_that_cannot_be_looked_into_is_named(tmp_path, drawn, monkeypatch):
    folder = write(tmp_path / "mine", drawn)
    (folder / "bird").mkdir()
    scan, closed = os.scandir, {str(folder / "bird")}

    def scandir(path):
        if str(path) in closed:
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))
        return scan(path)

    monkeypatch.setattr(os, "scandir", scandir)
    everything = datasets.folder(folder, "all", size=16)
    assert everything.skipped == {"bird/": "it cannot be opened (Permission denied)"}
    closed.add(str(folder))
    with pytest.raises(PermissionError, match=r"mine could not be read \(Permission denied\)"):
        datasets.folder(folder, "all", size=16)
