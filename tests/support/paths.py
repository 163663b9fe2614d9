"""Where things are: the project's folder, the built book, the tools that tests start."""

import shutil
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
ANSWERS = ROOT / "tests" / "answers"
HTML = ROOT / "_build" / "html"
NODE = shutil.which("node", path=str(Path(sys.executable).parent)) or shutil.which("node")
EVALUATE = Path(__file__).with_name("evaluate.mjs")
