"""What is prepared is whole or absent, and made by one process in little memory."""

import errno
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from archives import cats_zip, jpeg, run

from cnnkit import datasets
from cnnkit.datasets import files, preparing
from cnnkit.pictures import READING, to_bytes


def test_what_is_prepared_is_kept_until_the_archive_changes(data, monkeypatch):
    archive = cats_zip(data / "kagglecatsanddogs_a.zip", [0, 1])
    first = datasets.cats_vs_dogs("all", size=32)
    with monkeypatch.context() as patch:
        patch.setattr(preparing, "prepare", None)
        # Another user may open it, even where nothing can be written.
        (prepared,) = (files.cache() / "prepared").glob("cats_vs_dogs-*")
        assert prepared.stat().st_mode & 0o777 == data.stat().st_mode & 0o777
        patch.setattr(preparing, "locked", None)
        again = datasets.cats_vs_dogs("all", size=32)
        assert np.array_equal(first.images, again.images)
        with pytest.raises(TypeError):
            datasets.cats_vs_dogs("all", size=40)  # another size is prepared anew
    with monkeypatch.context() as patch:
        patch.setattr(preparing, "READING", READING + 1)
        assert np.array_equal(datasets.cats_vs_dogs("all", size=32).images, first.images)
        assert len(list((files.cache() / "prepared").glob("cats_vs_dogs-32px-*"))) == 2
    cats_zip(archive, [0, 1, 2])
    assert len(datasets.cats_vs_dogs("all", size=32)) == 6
    assert len(first) == 4 and first.images[3].any()  # what was open stays readable


@pytest.mark.skipif(not hasattr(os, "posix_fallocate"), reason="this system takes no room ahead")
def test_a_full_disk_leaves_nothing_half_prepared(data, monkeypatch):
    cats_zip(data / "kagglecatsanddogs_x.zip", list(range(30)))
    asked = []

    def full(_, start, room):
        asked.append((start, room))
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr(os, "posix_fallocate", full)
        with pytest.raises(OSError, match=r"No space left on device.*CNNKIT_CACHE"):
            datasets.cats_vs_dogs(size=96)
    assert asked == [(0, 128 + 60 * 96 * 96 * 3)], "all of it, before the first photograph"
    assert [p.name for p in (files.cache() / "prepared").iterdir()] == [".lock"]
    usage = shutil.disk_usage("/")._replace(free=1_000_000)
    with monkeypatch.context() as patch:
        patch.setattr(shutil, "disk_usage", lambda _: usage)
        with pytest.raises(OSError, match=r"No space left on device.*CNNKIT_CACHE"):
            datasets.cats_vs_dogs(size=96)
    assert len(datasets.cats_vs_dogs("all", size=96)) == 60


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="no /proc on this system")
def test_a_limit_to_the_size_of_files_is_told(data):
    """The real thing, short of filling a disk: the system refuses to let the file grow."""
    cats_zip(data / "kagglecatsanddogs_x.zip", list(range(30)))
    code = """
        import resource
        from cnnkit import datasets
        resource.setrlimit(resource.RLIMIT_FSIZE, (10**6, 10**6))
        try:
            datasets.cats_vs_dogs(size=96)
        except OSError as error:
            print(error)
    """
    assert "File too large" in (told := run(code)) and "CNNKIT_CACHE" in told
    assert [p.name for p in (files.cache() / "prepared").iterdir()] == [".lock"]


def test_a_disk_that_takes_no_room_ahead_is_written_all_the_same(data, monkeypatch):
    def refuse(*_):
        raise OSError(errno.EOPNOTSUPP, os.strerror(errno.EOPNOTSUPP))

    monkeypatch.setattr(os, "posix_fallocate", refuse, raising=False)
    cats_zip(data / "kagglecatsanddogs_x.zip", [0, 1])
    assert len(datasets.cats_vs_dogs("all", size=32)) == 4


def cut_to(share):
    def cut(file):
        os.truncate(file, int(file.stat().st_size * share))

    return cut


def garbage(file):
    file.write_bytes(b"no array" * 100)


@pytest.mark.parametrize("file", ["index.npz", "images.npy"])
@pytest.mark.parametrize(
    "damage", [Path.unlink, cut_to(0), cut_to(0.01), cut_to(0.5), cut_to(0.99), garbage]
)
def test_what_is_no_longer_whole_is_prepared_again(data, damage, file):
    broken = [("PetImages/Cat/5.jpg", b"")]
    cats_zip(data / "kagglecatsanddogs_a.zip", [0, 1], extra=broken)
    first = datasets.cats_vs_dogs("all", size=32)
    pixels = first.images.tobytes()
    (folder,) = (files.cache() / "prepared").glob("cats_vs_dogs-*")
    damage(folder / file)
    for _ in range(2):
        healed = datasets.cats_vs_dogs("all", size=32)
        assert healed.images.tobytes() == pixels and healed.skipped == first.skipped
        assert np.array_equal(healed.labels, first.labels)
    left = [p for p in (files.cache() / "prepared").iterdir() if p.name != ".lock"]
    assert left == [folder]


def test_gaps_are_closed_wherever_they_are(tmp_path):
    pictures = datasets.cartoons(150, size=16).images
    missing = {0, 1, 40, 41, 42, 99, 149}
    content = [jpeg(picture) for picture in pictures]
    stream = ((row, "gone" if row in missing else content[row]) for row in reversed(range(149)))
    missed = preparing.prepare(stream, 150, 16, tmp_path / "a.npy")
    assert missed == {**dict.fromkeys(missing, "gone"), 149: "it is not in the archive"}
    found = np.load(tmp_path / "a.npy", mmap_mode="r")
    kept = [row for row in range(150) if row not in missing]
    for picture, row in zip(found, kept, strict=False):
        assert np.array_equal(picture, to_bytes(content[row], 16))


def test_where_nobody_can_lock_it_is_prepared_all_the_same(data, monkeypatch):
    import filelock

    def no_locks(*_, **__):
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    monkeypatch.setattr(filelock.FileLock, "acquire", no_locks)
    cats_zip(data / "kagglecatsanddogs_x.zip", [0, 1])
    others = files.cache() / "prepared" / "unfinished-of-another"
    others.mkdir(parents=True)
    assert len(datasets.cats_vs_dogs("all", size=32)) == 4
    assert others.is_dir(), "another process may be at work there"


def test_two_processes_prepare_once_and_see_the_same(data):
    cats_zip(data / "kagglecatsanddogs_x.zip", list(range(60)))
    code = "from cnnkit import datasets as d; print(d.cats_vs_dogs(size=96).images.sum())"
    children = [
        subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    said = [child.communicate(timeout=60)[0].split() for child in children]
    assert sorted(map(len, said))[0] == 1  # one of them prepared nothing
    assert said[0][-1] == said[1][-1]


def test_a_killed_preparation_leaves_no_data_set(data):
    cats_zip(data / "kagglecatsanddogs_x.zip", list(range(40)))
    code = """
        import os, signal
        from cnnkit.datasets import cats_vs_dogs, preparing
        real, count = preparing.to_bytes, 0
        def to_bytes(content, size):
            global count
            count += 1
            if count > 50:
                os.kill(os.getpid(), signal.SIGKILL)
            return real(content, size)
        preparing.to_bytes = to_bytes
        cats_vs_dogs(size=96)
    """
    with pytest.raises(subprocess.CalledProcessError):
        run(code)
    left = [p.name for p in (files.cache() / "prepared").iterdir()]
    assert any(name.startswith("unfinished-") for name in left)
    assert not any(name.startswith("cats_vs_dogs") for name in left)
    assert len(datasets.cats_vs_dogs("all", size=96)) == 80
    left = [p.name for p in (files.cache() / "prepared").iterdir()]
    assert not any(name.startswith("unfinished-") for name in left)


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="no /proc on this system")
def test_memory_stays_bounded_whatever_the_size(data):
    """Five times as many photographs, no more memory: neither files nor pixels pile up."""
    code = """
        from cnnkit import datasets
        import numpy, tqdm, pooch
        def peak():  # in MB; getrusage would count the process that started this one, too
            with open("/proc/self/status") as file:
                return int(file.read().split("VmHWM:")[1].split()[0]) / 1024
        before = peak()
        data = datasets.cats_vs_dogs("all", size=200)
        print(peak() - before)
    """
    grown = {}
    for count in (100, 500):
        cats_zip(data / "kagglecatsanddogs_x.zip", list(range(count)), noisy=True)
        grown[count] = float(run(code).split()[-1])
    # The larger archive holds 100 MB of files and becomes 114 MB of pixels.
    assert grown[500] < 60
    assert grown[500] < grown[100] + 15
