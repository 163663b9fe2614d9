"""What the course hands out: whole, checkable, and the same bytes each time."""

import os
import shutil
import subprocess
import time
import zipfile

import dist
import pytest
from paths import ROOT
from take_away import PLACE

NAMES = [
    "SHA256SUMS",
    "cnn-course-student.zip",
    "cnnkit-0.1.0-py3-none-any.whl",
    "from-one-pixel-notebooks.zip",
    "from-one-pixel-site.zip",
    "from-one-pixel.pdf",
]


@pytest.fixture
def small(tmp_path):
    """A built book of two pages, as small as a book can be."""
    site = tmp_path / "html"
    (site / PLACE).mkdir(parents=True)
    for name, text in {
        "index.html": "front",
        "from-one-pixel.pdf": "paper",
        "chapters/01-pixels.html": "page",
        f"{PLACE}/01-pixels.ipynb": "{}",
        f"{PLACE}/01-pixels.md": "source",
        f"{PLACE}/cnnkit-0.1.0-py3-none-any.whl": "wheel",
        ".buildinfo": "of this build alone",
    }.items():
        (site / name).parent.mkdir(exist_ok=True)
        (site / name).write_text(text)
    return site


def stand_in(course, target):
    """Write what is short, instead of the students' bundle of the course."""
    assert course == ROOT
    target.write_bytes(b"bundle")


def names(path):
    with zipfile.ZipFile(path) as archive:
        return archive.namelist()


def test_all_is_there_checkable_and_the_same_again(small, tmp_path):
    target = tmp_path / "dist"
    (target / "old").mkdir(parents=True)
    written = dist.write(small, target, stand_in)
    assert sorted(path.name for path in target.iterdir()) == NAMES
    assert sorted(path.name for path in written) == NAMES
    check = ["sha256sum", "--check", "--strict", "--quiet", "SHA256SUMS"]
    assert subprocess.run(check, cwd=target).returncode == 0
    assert len((target / "SHA256SUMS").read_text().splitlines()) == len(NAMES) - 1

    packed = names(target / "from-one-pixel-site.zip")
    assert packed == sorted(packed) and "from-one-pixel/chapters/01-pixels.html" in packed
    assert "from-one-pixel/.buildinfo" not in packed
    top = "from-one-pixel-notebooks"
    beside = [f"{top}/01-pixels.ipynb", f"{top}/cnnkit-0.1.0-py3-none-any.whl"]
    assert names(target / f"{top}.zip") == beside

    first = {path.name: path.read_bytes() for path in target.iterdir()}
    later = time.time() + 5_000
    for path in small.rglob("*"):
        os.utime(path, (later, later))
    dist.write(small, tmp_path / "again", stand_in)
    assert {path.name: path.read_bytes() for path in (tmp_path / "again").iterdir()} == first

    (target / "from-one-pixel-site.zip").write_bytes(b"broken")
    assert subprocess.run(check, cwd=target, capture_output=True).returncode != 0


@pytest.mark.parametrize(
    "missing", ["from-one-pixel.pdf", f"{PLACE}/cnnkit-0.1.0-py3-none-any.whl"]
)
def test_what_is_no_finished_book_is_not_packed(small, tmp_path, missing):
    (tmp_path / "dist").mkdir()
    (tmp_path / "dist/of-yesterday").touch()
    (small / missing).unlink()
    with pytest.raises(FileNotFoundError, match="holds no finished book: run make pdf first"):
        dist.write(small, tmp_path / "dist", stand_in)
    assert (tmp_path / "dist/of-yesterday").exists()


@pytest.mark.slow
def test_the_book_itself_is_handed_out(site, tmp_path):
    """What is unpacked is the site, and the bundle is the students'."""
    shutil.copytree(site, tmp_path / "site")
    (tmp_path / "site/from-one-pixel.pdf").write_bytes(b"paper")
    dist.write(tmp_path / "site", tmp_path / "dist")
    shutil.unpack_archive(tmp_path / "dist/from-one-pixel-site.zip", tmp_path)
    assert files(tmp_path / "from-one-pixel") == files(tmp_path / "site")
    (top,) = {name.split("/")[0] for name in names(tmp_path / "dist/cnn-course-student.zip")}
    assert top.startswith("cnn-course-")


def files(folder):
    """Map each file's path to its size."""
    found = (path for path in folder.rglob("*") if path.is_file() and path.name != ".buildinfo")
    return {path.relative_to(folder): path.stat().st_size for path in found}
