"""What the live pages are made of: Pyodide's own files, our wheels, notebooks without PyTorch."""

import contextlib
import hashlib
import io
import json
import os
import sys
import zipfile
from pathlib import Path

import nbformat
import pytest
from live import files, notebooks

from cnnkit.checks.marks import OutOfTime, _Watch


@pytest.fixture
def pinned(tmp_path, monkeypatch):
    """A Pyodide of one small file, and a cache of its own."""
    (tmp_path / "there").mkdir()
    (tmp_path / "there" / "engine").write_text("engine")
    (tmp_path / "there" / "pyodide-lock.json").write_text("{}")
    sha256 = {"engine": hashlib.sha256(b"engine").hexdigest()}
    monkeypatch.setattr(files, "PINNED", {"version": "0", "sha256": sha256, "from": "http://no/"})
    monkeypatch.setenv("CNNKIT_CACHE", str(tmp_path / "cache"))
    return tmp_path / "there"


def test_pyodide_comes_from_a_folder_whose_files_are_right(pinned, monkeypatch):
    monkeypatch.setenv("CNNKIT_PYODIDE", str(pinned))
    assert files.pyodide() == pinned
    (pinned / "engine").write_text("another")
    with pytest.raises(files.Absent, match="engine is not that of Pyodide 0"):
        files.pyodide()
    (pinned / "engine").write_text("engine")
    for name in ("pyodide-lock.json", "engine"):
        (pinned / name).unlink()
        with pytest.raises(files.Absent, match=f"holds no {name}"):
            files.pyodide()


def test_pyodide_is_fetched_once_and_checked(pinned, monkeypatch, serve):
    monkeypatch.delenv("CNNKIT_PYODIDE", raising=False)
    with serve(pinned) as url:
        monkeypatch.setitem(files.PINNED, "from", f"{url}/")
        found = files.pyodide()
    assert files.pyodide() == found, "the second time without a server"
    assert (found / "engine").read_text() == "engine"
    (found / "engine").write_text("another")
    with pytest.raises(files.Absent, match="could not be fetched"):
        files.pyodide()


def test_a_wheel_is_the_same_each_time_and_holds_no_compiled_code():
    name, content = files.packed("psygnal")
    assert (name, content) == files.packed("psygnal")
    assert name.endswith("-py3-none-any.whl")

    inside = zipfile.ZipFile(io.BytesIO(content)).namelist()
    assert "psygnal/__init__.py" in inside and not [n for n in inside if n.endswith(".so")]


def test_an_archive_is_compiled_once_by_the_python_that_reads_it(tmp_path, monkeypatch):
    if not (engine := os.environ.get("CNNKIT_PYODIDE")):
        pytest.skip("no Pyodide here: let CNNKIT_PYODIDE name a folder with its files")
    monkeypatch.setenv("CNNKIT_CACHE", str(tmp_path))
    wheels = dict(
        files.wheel(name, "1", {f"{name}/__init__.py": b"x = 1\n", f"{name}/no.py": b"{{ }"})
        for name in ("cnnkit", "other")
    )
    done = files.compiled(Path(engine), {**wheels, "engine.js": b"js"})
    inside = {name: archive(content) for name, content in done.items() if name.endswith(".whl")}
    own, other = inside["cnnkit-1-py3-none-any.whl"], inside["other-1-py3-none-any.whl"]
    assert own["cnnkit/__init__.py"] == b"x = 1\n"
    code = own["cnnkit/__pycache__/__init__.cpython-312.pyc"]
    assert code[:8] == b"\xcb\x0d\x0d\x0a\1\0\0\0", "Python 3.12's, and not compared with a text"
    assert "other/__init__.py" not in other and other["other/__init__.pyc"][:8] == code[:8]
    assert other["other/no.py"] == b"{{ }", "what is no Python stays as it was"
    assert done["engine.js"] == b"js"

    monkeypatch.setattr(files, "node", lambda: "/no/such/program")
    kept = {name: content for name, content in wheels.items() if name.startswith("other")}
    assert files.compiled(Path(engine), kept) == {name: done[name] for name in kept}
    with pytest.raises(RuntimeError, match=r"Node.js could not compile: .*/no/such/program"):
        files.compiled(Path(engine), wheels)


def archive(content):
    with zipfile.ZipFile(io.BytesIO(content)) as box:
        return {name: box.read(name) for name in box.namelist()}


def test_matplotlib_finds_the_list_of_its_fonts(tmp_path):
    listed = {
        "_version": 390,
        "ttflist": [{"fname": f"fonts/ttf/{name}.ttf"} for name in ("DejaVuSans", "STIXGeneral")],
        "afmlist": [{"fname": "fonts/afm/cmr.afm"}],
    }
    manager = b"class FontManager:\n    __version__ = 330\n"
    assert json.loads(files.font_list(json.dumps(listed), manager)) == {
        "_version": 330,
        "ttflist": listed["ttflist"][:1],
        "afmlist": [],
    }


def test_what_stands_on_pytorch_is_shown_and_not_run():
    sources = [
        "import numpy as np\nimport torch",
        "x = torch.zeros(3)",
        "y = x.sum()",
        "y = np.zeros(3)",
        "print(y)",
        "from cnnkit import functional, models",
        "functional.relu(np.ones(2))",
        "models.article_model()",
    ]
    cells = [nbformat.v4.new_code_cell(source) for source in sources]
    away = notebooks.elsewhere(cells)
    assert [cell.id in away for cell in cells] == [
        True,
        True,
        True,
        False,
        False,
        True,
        False,
        True,
    ]


@pytest.mark.skipif(not hasattr(sys, "monitoring"), reason="Python 3.12 and later")
def test_a_loop_is_stopped_where_there_are_no_alarms():
    def forever():
        while True:
            with contextlib.suppress(BaseException):
                pass

    watch = _Watch(0.2)
    watch.start()
    try:
        with pytest.raises(OutOfTime):
            forever()
    finally:
        watch.stop()
