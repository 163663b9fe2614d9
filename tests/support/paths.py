"""Where things are: the project's folder, the built book, the tools that tests start."""

import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
ANSWERS = ROOT / "tests" / "answers"
HTML = ROOT / "_build" / "html"
NODE = shutil.which("node", path=str(Path(sys.executable).parent)) or shutil.which("node")
EVALUATE = Path(__file__).with_name("evaluate.mjs")


def copy_course(folder):
    """Copy the files of the project, those that git ignores aside."""
    command = ["git", "-C", ROOT, "ls-files", "-co", "--exclude-standard", "-z"]
    for name in filter(None, subprocess.check_output(command, text=True).split("\0")):
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, folder / name)
