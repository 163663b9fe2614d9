"""The live part of the site: JupyterLite's applications, Pyodide, the course's own notebooks."""

import hashlib
import json
import shutil
import subprocess
import sys
from pathlib import Path

from pages import ROOT, chapters, course

from cnnkit import __version__
from cnnkit.grading.bundle import bundle_contents
from cnnkit.grading.leaks import find_leaks
from live import files
from live.notebooks import all_notebooks

HERE = Path(__file__).parent
KERNEL = "@jupyterlite/pyodide-kernel-extension"
SHELL = '<link rel="stylesheet" href="../shell.css"><script defer src="../shell.js"></script>'
UNUSED = [
    # The kernel reads no files, and some browsers never let a worker serve them.
    "@jupyterlite/application-extension:service-worker-manager",
    # It stumbles over headings of cells that are not drawn yet; the book has its own.
    "@jupyterlab/notebook-extension:toc",
]
# What the kernel needs before it answers, and the course right after: all arrives at once.
FIRST = ["micropip", "piplite", "ssl", "sqlite3", "ipykernel", "comm", "pyodide_kernel", "jedi"]
FIRST += ["ipython", "cnnkit"]


def prepared(folder):
    """The live part in a folder, written again only when what it is made of has changed.

    Returns the paths of its notebooks, and how many bytes of Python a first visit takes.
    """
    pyodide, kernel, notebooks = files.pyodide(), files.kernel(), all_notebooks()
    own = {n: c for n, c in bundle_contents(ROOT).items() if n.startswith("cnnkit/")}
    wheel = files.wheel("cnnkit", __version__, own | files.shipped())
    digest = hashlib.sha256(wheel[1])
    digest.update((ROOT / "constraints.txt").read_bytes())  # what else is packed
    for content in [*notebooks.values(), *(p.read_bytes() for p in sorted(HERE.glob("*.*")))]:
        digest.update(content)
    stamp = folder / "made-of.json"
    made = json.loads(stamp.read_text()) if stamp.exists() else {}
    if made.get("digest") != digest.hexdigest():
        total = write(folder, pyodide, kernel, notebooks, wheel)
        made = {"digest": digest.hexdigest(), "bytes": total}
        stamp.write_text(json.dumps(made))
    return list(notebooks), made["bytes"]


def write(target, pyodide, kernel, notebooks, wheel):
    """Write the folder; an unfinished one never stands in its place."""
    work = target.with_name(f"{target.name}-unfinished")
    shutil.rmtree(work, ignore_errors=True)
    for name, content in notebooks.items():
        path = work / "contents" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    out = work / "out"
    lite(work, kernel)
    if leaks := find_leaks(ROOT, sorted((out / "files").rglob("*.ipynb"))):
        raise ValueError(f"students would see in the live pages: {'; '.join(leaks[:5])}")
    (work / wheel[0]).write_bytes(wheel[1])
    if leaks := find_leaks(ROOT, [work / wheel[0]]):
        raise ValueError(f"students would see in the live package: {'; '.join(leaks[:5])}")
    total = write_python(out / "pyodide", pyodide, out, wheel)
    settle(out, total, notebooks)
    shutil.rmtree(target, ignore_errors=True)
    out.replace(target)
    shutil.rmtree(work)
    return total


def lite(work, kernel):
    """Let JupyterLite write its applications."""
    config = {
        "apps": ["notebooks", "lab"],
        "contents": ["contents"],
        "federated_extensions": [str(kernel), *map(str, map(files.extension, files.EXTENSIONS))],
        "ignore_sys_prefix": ["federated_extensions"],  # those of the desktop's JupyterLab
        "no_sourcemaps": True,
        "no_unused_shared_packages": True,
        "output_dir": "out",
    }
    path = work / "jupyter_lite_config.json"
    path.write_text(json.dumps({"LiteBuildConfig": config}))
    command = [sys.executable, "-m", "jupyterlite_core", "build"]
    done = subprocess.run(command, cwd=work, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"JupyterLite: {done.stdout[-2000:]}{done.stderr[-2000:]}")


def write_python(folder, source, out, wheel):
    """Write Pyodide with the course's own wheels in its lock file; tell a first visit's bytes."""
    folder.mkdir()
    lock = json.loads((source / "pyodide-lock.json").read_text("utf8"))
    known, contents = {}, {name: (source / name).read_bytes() for name in files.ENGINE}

    def add(name, filename, content, imports, depends):
        contents[filename] = content
        known[canonical(name)] = {
            "name": name,
            "version": filename.split("-")[1],
            "file_name": filename,
            "install_dir": "site",
            "package_type": "package",
            "imports": imports,
            "depends": depends,
            "unvendored_tests": False,
        }

    for name in files.PINNED["packages"]:
        known[name] = entry = lock["packages"][name]
        filename = entry["file_name"]
        contents[filename] = files.lighter(source / filename, files.UNUSED.get(name))
    for name in files.EMPTY:
        add(name, *files.wheel(name, "0", {}), [], [])
    for name, (imports, depends) in files.INSTALLED.items():
        add(name, *files.packed(name), imports, depends)
    for path in (out / "extensions" / KERNEL / "static" / "pypi").glob("*.whl"):
        name = path.name.split("-")[0]
        add(name, path.name, path.read_bytes(), [name], [])
    add("cnnkit", *wheel, ["cnnkit"], files.COURSE)
    contents = files.compiled(source, contents)
    for filename, content in contents.items():
        (folder / filename).write_bytes(content)
    for entry in known.values():  # without what is not here: what only plots to screens
        entry["depends"] = [name for name in map(canonical, entry["depends"]) if name in known]
        entry["sha256"] = hashlib.sha256(contents[entry["file_name"]]).hexdigest()
    (folder / "pyodide-lock.json").write_text(json.dumps({"info": lock["info"], "packages": known}))

    wanted, waiting = set(), list(map(canonical, FIRST))
    while waiting:
        if (name := waiting.pop()) not in wanted:
            wanted.add(name)
            waiting += known[name]["depends"]
    arriving = [*files.ENGINE, "pyodide-lock.json", *(known[name]["file_name"] for name in wanted)]
    return sum((folder / name).stat().st_size for name in arriving)


def page_of(notebook):
    """The page of the book that a notebook belongs to."""
    folder, name = notebook.split("/")[:2]
    if folder == "exercises":
        name = next(path.stem for path in chapters() if course(path)["exercise"] == name)
    return f"chapters/{name.removesuffix('.ipynb')}"


def canonical(name):
    return name.lower().replace("_", "-")


def settle(out, total, notebooks):
    """The settings of the applications, and our shell around them."""
    path = out / "jupyter-lite.json"
    config = json.loads(path.read_text("utf8"))
    data = config["jupyter-config-data"]
    data |= {
        "appName": "From One Pixel",
        "exposeAppInBrowser": True,
        "enableMemoryStorage": True,
        "terminalsAvailable": False,
        "disabledExtensions": UNUSED,
    }
    data.setdefault("litePluginSettings", {})[f"{KERNEL}:kernel"] = {
        "pyodideUrl": "./pyodide/start.js",
        "disablePyPIFallback": True,
        "loadPyodideOptions": {"packages": FIRST},
    }
    data["settingsOverrides"] = {
        "@jupyterlab/notebook-extension:tracker": {"windowingMode": "defer"},
        "@jupyterlab/apputils-extension:themes": {"adaptive-theme": True},
        "@jupyterlab/apputils-extension:notification": {"fetchNews": "false"},
        "@jupyterlab/docmanager-extension:plugin": {"autosaveInterval": 10},
    }
    path.write_text(json.dumps(config))
    worker = HERE.joinpath("worker.js").read_text("utf8").replace("TOTAL", str(total))
    worker = worker.replace("FIRST", json.dumps(FIRST))
    start = (out / "pyodide" / "pyodide.js").read_text("utf8")
    (out / "pyodide" / "start.js").write_text(f"{start}\n{worker}", "utf8")
    for name in ("shell.js", "shell.css"):
        shutil.copy(HERE / name, out / name)
    shutil.copy(HERE / "early.js", out / "extensions" / KERNEL / "static" / "early.js")
    editions = {
        name: {"edition": hashlib.sha256(content).hexdigest()[:8], "page": page_of(name)}
        for name, content in notebooks.items()
    }
    (out / "editions.json").write_text(json.dumps(editions))
    for app in ("notebooks", "lab"):
        page = out / app / "index.html"
        html = page.read_text("utf8").replace("</head>", f"{SHELL}</head>")
        page.write_text(html, "utf8")
