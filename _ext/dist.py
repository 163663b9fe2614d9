"""What the course hands out, in `dist/`: site, book, notebooks, package, and the students' bundle.

    python _ext/dist.py

after `make pdf`, whose pages and paper it packs; `make dist` does both. The same course gives the
same bytes: what is in an archive is sorted and has one date. `SHA256SUMS` beside them is what
`sha256sum --check SHA256SUMS` reads.
"""

import hashlib
import shutil
import sys
from pathlib import Path

from pages import ROOT
from published import PAPER
from take_away import PLACE

from cnnkit.grading.bundle import pack, write_bundle

NAME = "from-one-pixel"
SUMS = "SHA256SUMS"


def write(site, target, bundle=write_bundle, course=ROOT):
    """Write all that is handed out into a folder, which holds nothing else then.

    Parameters
    ----------
    site : path
        The built book.
    target : path
        The folder; what was in it is removed.
    bundle : callable
        What writes the students' bundle of a course to a path.
    course : path
        The course's folder.

    Returns
    -------
    list of Path
        The files written, the sums last.
    """
    site, target = Path(site), Path(target)
    notebooks = Path(site, PLACE)
    if not Path(site, PAPER).is_file() or not [*notebooks.glob("*.whl")]:
        raise FileNotFoundError(f"{site} holds no finished book: run make pdf first")
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir(parents=True)
    pack(target / f"{NAME}-site.zip", NAME, contents(site))
    away = contents(notebooks, "*.ipynb") | contents(notebooks, "*.whl")
    pack(target / f"{NAME}-notebooks.zip", f"{NAME}-notebooks", away)
    for path in [Path(site, PAPER), *notebooks.glob("*.whl")]:
        shutil.copy(path, target)
    bundle(course, target / "cnn-course-student.zip")
    files = sorted(target.iterdir())
    sums = [f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.name}\n" for path in files]
    (target / SUMS).write_text("".join(sums))
    return [*files, target / SUMS]


def contents(folder, pattern="*"):
    """Path -> bytes of the files in a folder, but for what a build left for itself."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob(pattern)
        if path.is_file() and path.name != ".buildinfo"
    }


if __name__ == "__main__":
    try:
        written = write(ROOT / "_build" / "html", ROOT / "dist")
    except (FileNotFoundError, ValueError) as error:
        sys.exit(f"Stopped: {error}")
    for path in written:
        print(f"{path.stat().st_size / 1e6:7.1f} MB  {path.relative_to(ROOT)}")
