"""A Node process beside the build: a line of JSON in, a line of JSON out."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

from sphinx.errors import ExtensionError

MODULES = Path(__file__).resolve().parent.parent / "node_modules"


def node():
    """Node's program: the one that the book's Python packages bring, else the machine's own."""
    beside_python = Path(sys.executable).parent / "node"
    return str(beside_python) if beside_python.exists() else shutil.which("node")


class Node:
    """One process for a whole build, started with the first question.

    `arguments` are Node's own; `package` is what the script needs of `node_modules`, and `purpose`
    says of a missing one what it was for.
    """

    def __init__(self, arguments, package, purpose):
        self.arguments, self.package, self.purpose = arguments, package, purpose
        self.process = None

    def ask(self, question):
        """Send one question, wait for its answer."""
        if self.process is None:
            self.start()
        self.process.stdin.write(json.dumps(question) + "\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())

    def start(self):
        program = node()
        if not program or not (MODULES / self.package).exists():
            raise ExtensionError(
                f"{self.purpose} in Node.js, and one of them is missing: "
                "build the book with `make book`, which installs both"
            )
        self.process = subprocess.Popen(
            [program, *self.arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            encoding="utf8",
        )

    def stop(self, *event):
        """End the process; as a listener of Sphinx, too."""
        if self.process is not None:
            self.process.communicate()
            self.process = None
