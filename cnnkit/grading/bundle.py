"""Pack what students get: the course without its solutions, and without a teacher's tools."""

import hashlib
import tempfile
import zipfile
from pathlib import Path

from cnnkit.grading.course import build_exercises
from cnnkit.grading.leaks import find_leaks

__all__ = ["bundle_contents", "pack", "write_bundle"]

# What is not named here is not packed.
PATTERNS = (
    ".jupyter/**/*",
    "LICENSE",
    "about.md",
    "appendices/*.md",
    "benchmarks/gpu.py",
    "benchmarks/record.py",
    "benchmarks/results/gpu_*.json",
    "benchmarks/results/train_*.json",
    "benchmarks/train_*.py",
    "chapters/*.md",
    "cnnkit/**/*",
    "constraints.txt",
    "pyproject.toml",
    "references.bib",
)
TEACHERS = "cnnkit/grading/"
README = "cnnkit/grading/README-for-students.md"  # packed as README.md
PRISTINE = "cnnkit/study/exercises"  # what `check` compares a notebook with
EPOCH = (1980, 1, 1, 0, 0, 0)  # the same bytes each time


def bundle_contents(course):
    """Collect what students get.

    The exercises are made of their sources: what lies in ``exercises/`` may have been solved.

    Parameters
    ----------
    course : path
        The course folder.

    Returns
    -------
    dict of str to bytes
        Each file's path in the students' folder, and what is in it.

    Raises
    ------
    ValueError
        If there is no exercise to pack.
    """
    course = Path(course)
    found = {path for pattern in PATTERNS for path in course.glob(pattern) if path.is_file()}
    contents = {
        path.relative_to(course).as_posix(): path.read_bytes()
        for path in found
        if path.parent.name != "__pycache__"
    }
    contents = {name: c for name, c in contents.items() if not name.startswith(TEACHERS)}
    with tempfile.TemporaryDirectory() as folder:
        made = build_exercises(course, folder)
        for path in made:
            name = path.relative_to(folder).as_posix()
            contents |= dict.fromkeys(
                (f"exercises/{name}", f"{PRISTINE}/{name}"), path.read_bytes()
            )
    if not made:
        raise ValueError("There are no exercises to pack: solutions/ holds none.")
    contents["environment.yml"] = _environment(course).encode()
    edition = _digest(contents)
    readme = Path(course, README).read_text("utf8").replace("EDITION", edition)
    return {**contents, "README.md": readme.encode()}


def _environment(course):
    """Write down for conda and Binder what a student needs, and nothing that a teacher needs."""
    text = Path(course, "environment.yml").read_text("utf8")
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    return "\n".join(lines).replace(".[all]", ".[lab]") + "\n"


def _digest(contents):
    """Name an edition after what is in it."""
    digest = hashlib.sha256()
    for name, content in sorted(contents.items()):
        digest.update(f"{name}\0{len(content)}\0".encode() + content)
    return digest.hexdigest()[:6]


def write_bundle(course, target=None):
    """Write the zip file for students.

    It unpacks into a folder that bears its edition: a second edition never lies down on the work
    that a student has done in the first.

    Parameters
    ----------
    course : path
        The course folder.
    target : path, optional
        Where to write instead of ``dist/cnn-course-student.zip``.

    Returns
    -------
    Path
        The file written.

    Raises
    ------
    ValueError
        If there are no exercises, or a solution or hidden test would be packed.
    """
    target = Path(target or Path(course, "dist", "cnn-course-student.zip"))
    contents = bundle_contents(course)
    edition = _digest({name: c for name, c in contents.items() if name != "README.md"})
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(f".{target.stem}-unchecked.zip")
    try:
        pack(part, f"cnn-course-{edition}", contents)
        if leaks := find_leaks(course, [part]):
            told = "; ".join(leak.removeprefix(f"{part}/") for leak in leaks[:5])
            raise ValueError(f"Nothing is packed, because students would see: {told}")
        return part.replace(target)
    finally:
        part.unlink(missing_ok=True)


def pack(path, folder, contents):
    """Write a zip file of one folder: the same bytes for the same contents, whenever it is made.

    Parameters
    ----------
    path : path
        The file to write.
    folder : str
        The folder that it unpacks into.
    contents : dict of str to bytes
        Each file's path in that folder, and what is in it.
    """
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in sorted(contents.items()):
            entry = zipfile.ZipInfo(f"{folder}/{name}", EPOCH)
            entry.external_attr, entry.compress_type = 0o644 << 16, zipfile.ZIP_DEFLATED
            archive.writestr(entry, content)
