"""Where a measured figure is kept: benchmarks/results/NAME.json, with machine and versions.

And what the scripts share beside it: a trial that records nothing, and another beginning.
"""

import datetime
import importlib.metadata
import json
import os
import platform
import subprocess
import sys
from pathlib import Path

from joblib import cpu_count

from cnnkit.disk import write_whole

RESULTS = Path(__file__).resolve().parent / "results"


def machine():
    """The processor, its cores that we may use, and the operating system."""
    model = platform.processor() or platform.machine()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        names = [x for x in cpuinfo.read_text().splitlines() if x.startswith("model name")]
        model = names[0].split(":", 1)[1].strip() if names else model
    system = f"{platform.system()} {platform.machine()}"
    return {"cpu": model, "cores": cpu_count(), "system": system}


def commit():
    """The commit that was measured, with a mark when the working tree differs from it."""
    git = ["git", "-C", str(RESULTS.parent)]
    try:
        name = subprocess.check_output([*git, "rev-parse", "--short", "HEAD"], text=True).strip()
        changed = subprocess.check_output([*git, "status", "--porcelain", "-uno"], text=True)
    except (OSError, subprocess.CalledProcessError):
        return None
    return name + ("+changes" if changed else "")


def versions(packages):
    """Give the version of each distribution."""
    return {package: importlib.metadata.version(package) for package in packages}


def offer_trial(parser):
    """Give a script the option of a rehearsal."""
    parser.add_argument("--quick", action="store_true", help="a trial on little: records nothing")


def offer_weights(parser):
    """Give a script that trains the option of keeping what was learned."""
    text = "keep the network here, for `python -m cnnkit predict`"
    parser.add_argument("--weights", type=Path, metavar="FILE", help=text)


def begin_again_with(settings):
    """Start the script anew with these variables, which count when Python or NumPy is loaded.

    An empty one is taken away. Where all are as asked, the script goes on.
    """
    if any(os.environ.get(name, "") != value for name, value in settings.items()):
        environment = {**os.environ, **settings}
        environment = {name: value for name, value in environment.items() if value}
        os.execve(sys.executable, [sys.executable, *sys.argv], environment)


def record(name, results, packages, trial=False):
    """Write `results` (JSON-able) to results/NAME.json and say where.

    Parameters
    ----------
    name : str
    results : dict
        The figures, each key with its unit.
    packages : list of str
        Distributions whose versions matter to the figures.
    trial : bool, default False
        Say so, and write nothing: the figures are of something smaller.
    """
    if trial:
        print("A trial: nothing is recorded.")
        return
    data = {
        "command": "python " + " ".join(["benchmarks/" + Path(sys.argv[0]).name, *sys.argv[1:]]),
        "date": datetime.date.today().isoformat(),
        "commit": commit(),
        "machine": machine(),
        "python": platform.python_version(),
        "versions": versions(packages),
        "results": results,
    }
    path = RESULTS / f"{name}.json"
    write_whole(path, json.dumps(data, indent=2) + "\n")
    print(f"wrote benchmarks/results/{path.name}")
