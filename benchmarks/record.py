"""Where a measured figure is kept: benchmarks/results/NAME.json, with machine and versions."""

import datetime
import importlib.metadata
import json
import os
import platform
import subprocess
import sys
from pathlib import Path

RESULTS = Path(__file__).resolve().parent / "results"


def machine():
    """The processor, its cores that we may use, and the operating system."""
    model = platform.processor() or platform.machine()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        names = [x for x in cpuinfo.read_text().splitlines() if x.startswith("model name")]
        model = names[0].split(":", 1)[1].strip() if names else model
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return {"cpu": model, "cores": cores, "system": f"{platform.system()} {platform.machine()}"}


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


def record(name, results, packages):
    """Write `results` (JSON-able) to results/NAME.json and say where.

    Parameters
    ----------
    name : str
    results : dict
        The figures, each key with its unit.
    packages : list of str
        Distributions whose versions matter to the figures.
    """
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
    path.write_text(json.dumps(data, indent=2) + "\n")
    print(f"wrote benchmarks/results/{path.name}")
