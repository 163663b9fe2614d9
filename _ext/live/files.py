"""What the live pages run on: Pyodide, the kernel, and wheels of the course and what it imports.

Pyodide's files come from the folder that `CNNKIT_PYODIDE` names, or, once, from the official
distribution; either way each has the checksum that `pyodide.json` says. The wheels are packed from
what is installed here, so that page and desktop have one version.
"""

import hashlib
import importlib.metadata
import io
import json
import os
import re
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

import numpy as np
import pooch
import skimage.data
from node import node

from cnnkit.datasets import files
from cnnkit.datasets.digits import levels
from cnnkit.disk import write_whole
from cnnkit.images import PHOTOGRAPHS

HERE = Path(__file__).parent
PINNED = json.loads(HERE.joinpath("pyodide.json").read_text("utf8"))
ENGINE = "pyodide.js", "pyodide.asm.js", "pyodide.asm.wasm", "python_stdlib.zip"
KERNEL = "jupyterlite-pyodide-kernel==0.6.1"  # made for this Pyodide
EXTENSIONS = "anywidget", "jupyterlab_widgets"  # JupyterLab's side of the widgets
FOLDER = "cnnkit/datasets/shipped"
EPOCH = (1980, 1, 1, 0, 0, 0)  # the same bytes each time

# Distribution -> what it is imported as, and which other packages it needs.
INSTALLED = {
    "anywidget": (["anywidget"], ["ipywidgets", "psygnal", "typing-extensions"]),
    "comm": (["comm"], ["traitlets"]),
    "ipywidgets": (["ipywidgets"], ["comm", "ipython", "jupyterlab-widgets", "traitlets"]),
    "jupyterlab_widgets": (["jupyterlab_widgets"], []),
    "psygnal": (["psygnal"], []),
    "pyyaml": (["yaml"], []),
    "typing_extensions": (["typing_extensions"], []),
}
# What the kernel asks for and a page does without: certificates, another way to complete names.
# An empty package keeps it from looking for them.
EMPTY = "jedi", "ssl"
# What no picture of the course is drawn with: half of what would have to arrive.
UNUSED = {
    "matplotlib": r"/(sample_data|afm|pdfcorefonts)/|/ttf/(?!DejaVuSans(-Bold|-Oblique)?\.)",
}
COURSE = ["numpy", "matplotlib", "pillow", "anywidget", "pyyaml"]  # what cnnkit needs there


class Absent(Exception):
    """What the live pages need is not to be had here; says what, and why."""


def cache():
    return files.cache() / f"pyodide-{PINNED['version']}"


def pyodide():
    """The folder that holds Pyodide's files, each of them as it should be."""
    if folder := os.environ.get("CNNKIT_PYODIDE"):
        for name, wanted in PINNED["sha256"].items():
            path = Path(folder, name)
            if not path.is_file():
                raise Absent(f"CNNKIT_PYODIDE={folder} holds no {name}")
            if hashlib.sha256(path.read_bytes()).hexdigest() != wanted:
                raise Absent(f"{path} is not that of Pyodide {PINNED['version']}")
        if not Path(folder, "pyodide-lock.json").is_file():
            raise Absent(f"CNNKIT_PYODIDE={folder} holds no pyodide-lock.json")
        return Path(folder)
    try:
        for name, wanted in {**PINNED["sha256"], "pyodide-lock.json": None}.items():
            address = f"{PINNED['from']}{name}"
            pooch.retrieve(address, wanted and f"sha256:{wanted}", name, cache(), progressbar=True)
    except Exception as error:  # no network, a full disk, another file: each has its own kind
        kind = type(error).__name__
        raise Absent(f"Pyodide could not be fetched from {PINNED['from']} ({kind})") from error
    return cache()


def kernel():
    """The wheel of the kernel that runs Pyodide: fetched once, never installed."""
    name = KERNEL.replace("-", "_").replace("==", "-")
    if not (found := list(cache().glob(f"{name}-*.whl"))):
        cache().mkdir(parents=True, exist_ok=True)
        words = ["-m", "pip", "download", "-q", "--no-deps", "--disable-pip-version-check"]
        words += ["-d", cache(), KERNEL]
        subprocess.run([sys.executable, *words], check=False, capture_output=True)
        if not (found := list(cache().glob(f"{name}-*.whl"))):
            raise Absent(f"pip could not fetch {KERNEL}")
    return found[0]


def wheel(name, version, contents):
    """A wheel of pure Python: its file's name, and its bytes, the same each time."""
    stem = f"{name.replace('-', '_')}-{version}"
    about = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
    tag = "Wheel-Version: 1.0\nGenerator: course\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
    contents = {
        **contents,
        f"{stem}.dist-info/METADATA": about.encode(),
        f"{stem}.dist-info/WHEEL": tag.encode(),
        f"{stem}.dist-info/RECORD": b"",
    }
    box = io.BytesIO()
    with zipfile.ZipFile(box, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, content in sorted(contents.items()):
            entry = zipfile.ZipInfo(path, EPOCH)
            entry.external_attr, entry.compress_type = 0o644 << 16, zipfile.ZIP_DEFLATED
            archive.writestr(entry, content)
    return f"{stem}-py3-none-any.whl", box.getvalue()


def packed(name):
    """A wheel of what is installed here, without what was compiled for this machine."""
    found = importlib.metadata.distribution(name)
    kept = [path for path in found.files if path.suffix in {".py", ".js", ".css", ".json"}]
    kept = [path for path in kept if ".." not in path.parts and "dist-info" not in str(path)]
    return wheel(name, found.version, {path.as_posix(): path.read_binary() for path in kept})


def lighter(path, unused):
    """An archive's bytes without the files whose names fit a pattern, if there is one."""
    if unused is None:
        return path.read_bytes()
    box = io.BytesIO()
    with zipfile.ZipFile(path) as whole, zipfile.ZipFile(box, "w", zipfile.ZIP_DEFLATED) as kept:
        for entry in whole.infolist():
            if re.search(unused, entry.filename):
                continue
            content = whole.read(entry)
            if entry.filename == "matplotlib/fontlist.json":
                content = font_list(content, whole.read("matplotlib/font_manager.py"))
            kept.writestr(entry, content)
    return box.getvalue()


def font_list(listed, manager):
    """Matplotlib's list of fonts, of those that are kept.

    The list that Pyodide ships is of another version than its matplotlib asks for, which therefore
    looks at each font anew whenever it is imported.
    """
    found = json.loads(listed)
    found["_version"] = int(re.search(rb"^    __version__ = (\d+)", manager, re.MULTILINE)[1])
    kept = r"fonts/ttf/DejaVuSans(-Bold|-Oblique)?\.ttf"
    found["ttflist"] = [font for font in found["ttflist"] if re.fullmatch(kept, font["fname"])]
    return json.dumps(found | {"afmlist": []}).encode()


def compiled(engine, contents):
    """The same files, and the Python in each archive compiled by the Python that will read it.

    A page would otherwise compile each module whenever it starts. What does not change with the
    course is kept from one build to the next.
    """
    scripts = [HERE / "compile.js", HERE / "compile.py"]
    recipe = b"".join(path.read_bytes() for path in scripts) + PINNED["version"].encode()
    kept = cache() / "compiled"
    kept.mkdir(parents=True, exist_ok=True)
    done = {n: kept / hashlib.sha256(recipe + c).hexdigest() for n, c in contents.items()}
    waiting = [
        name
        for name in contents
        if name.endswith((".whl", "stdlib.zip")) and not done[name].exists()
    ]
    with tempfile.TemporaryDirectory() as folder:
        for name in waiting:
            Path(folder, name).write_bytes(contents[name])
        if waiting:
            command = [node() or "node", scripts[0], engine.resolve(), scripts[1], folder]
            try:
                subprocess.run(command, check=True, capture_output=True, text=True)
            except (OSError, subprocess.CalledProcessError) as error:
                told = getattr(error, "stderr", None) or str(error)
                raise RuntimeError(f"Node.js could not compile: {told.strip()[-300:]}") from error
        fresh = {name: Path(folder, name).read_bytes() for name in waiting}
    for name, content in fresh.items():
        if not name.startswith("cnnkit-"):
            write_whole(done[name], content)
    old = {n: p.read_bytes() for n, p in done.items() if n not in fresh and p.exists()}
    return contents | old | fresh


def extension(name):
    """The folder of a JupyterLab extension that is installed here."""
    found = importlib.metadata.distribution(name)
    paths = [path for path in found.files if path.name == "package.json" and "share" in path.parts]
    (path,) = [path for path in paths if "labextensions" in path.parts]
    return Path(found.locate_file(path)).resolve().parent


def shipped():
    """Digits and photographs as files, where scikit-learn and scikit-image would be too heavy."""
    ink, labels = levels()
    digits = io.BytesIO()
    np.savez_compressed(digits, images=ink.astype(np.uint8), labels=labels.astype(np.uint8))
    photographs = Path(skimage.data.__file__).parent
    found = [next(photographs.glob(f"{stem}.*")) for stem in PHOTOGRAPHS.values()]
    contents = {"digits.npz": digits.getvalue()} | {path.name: path.read_bytes() for path in found}
    return {f"{FOLDER}/{name}": content for name, content in contents.items()}
