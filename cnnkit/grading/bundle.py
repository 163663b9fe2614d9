"""Pack what students get: the course without its solutions."""

import zipfile
from pathlib import Path

__all__ = ["bundle_files", "write_bundle"]

# What is not named here is not packed.
PATTERNS = (
    ".jupyter/**/*",
    "LICENSE",
    "chapters/*.md",
    "appendices/*.md",
    "benchmarks/results/train_*.json",
    "cnnkit/**/*",
    "constraints.txt",
    "environment.yml",
    "exercises/*/*.ipynb",
    "pyproject.toml",
    "references.bib",
)
TEACHERS = "cnnkit/grading/"  # except for what they write to students:
README = "cnnkit/grading/README-for-students.md"  # packed as README.md
EPOCH = (1980, 1, 1, 0, 0, 0)  # the same bytes each time


def bundle_files(course):
    """List the files that students get, as paths inside the course folder."""
    course = Path(course)
    found = {path for pattern in PATTERNS for path in course.glob(pattern) if path.is_file()}
    files = {path.relative_to(course) for path in found if path.parent.name != "__pycache__"}
    teachers = {path for path in files if path.as_posix().startswith(TEACHERS)}
    return sorted(files - teachers | {Path(README)})


def write_bundle(course, target=None):
    """Write the zip file for students.

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
        If ``exercises/`` is empty, or a solution or hidden test would be packed.
    """
    from cnnkit.grading.leaks import find_leaks

    target = Path(target or Path(course, "dist", "cnn-course-student.zip"))
    files = bundle_files(course)
    if not any(path.parts[0] == "exercises" for path in files):
        raise ValueError("There are no exercises to pack: run `make assignments` first.")
    if leaks := find_leaks(course, [Path(course, path) for path in files]):
        raise ValueError("Nothing is packed, because students would see: " + "; ".join(leaks[:5]))
    target.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in files:
            name = "README.md" if path.as_posix() == README else path.as_posix()
            entry = zipfile.ZipInfo(f"cnn-course/{name}", EPOCH)
            entry.external_attr, entry.compress_type = 0o644 << 16, zipfile.ZIP_DEFLATED
            archive.writestr(entry, Path(course, path).read_bytes())
    return target
