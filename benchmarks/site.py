"""Measure the book: building it, the weight of its pages, and `import cnnkit`.

    python benchmarks/site.py [--quick]

builds a copy of the book from nothing (cold), once more (nothing changed) and again (a sentence
changed), weighs each page in Chromium with all files compressed as a web server sends them, and
starts Python with `import numpy` and `import cnnkit` in turns. With --quick it builds nothing and
weighs the book that is there. It writes benchmarks/results/site.json.
"""

import argparse
import gzip
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from jupyter_cache import get_cache
from record import offer_trial, record

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "_ext"))

from browser import CHROMIUM, CHROMIUM_ARGUMENTS, served  # noqa: E402
from playwright.sync_api import sync_playwright  # noqa: E402

BUILT = ["_build", ".venv", "node_modules", ".git", "__pycache__", ".*_cache", "dist"]


def seconds(command, **options):
    """Wall time of a command."""
    start = time.perf_counter()
    subprocess.run(command, check=True, stdout=options.pop("stdout", subprocess.DEVNULL), **options)
    return time.perf_counter() - start


def build_times():
    """Seconds of `make book`: cold, each page's cells, nothing changed, a sentence changed."""
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "book"
        shutil.copytree(ROOT, copy, ignore=shutil.ignore_patterns(*BUILT))
        for installed in (".venv", "node_modules"):
            (copy / installed).symlink_to(ROOT / installed)
        command = ["make", "-C", copy, "book"]
        cold = seconds(command, stderr=subprocess.DEVNULL)
        ran = {
            Path(run.uri).relative_to(copy).with_suffix(""): run.data["execution_seconds"]
            for run in get_cache(copy / "_build" / ".jupyter_cache").list_cache_records()
        }
        unchanged = [seconds(command, stderr=subprocess.DEVNULL) for _ in range(3)]
        written = []
        for _ in range(3):
            with (copy / "about.md").open("a") as page:
                page.write("\nOne sentence more.\n")
            written.append(seconds(command, stderr=subprocess.DEVNULL))
    again = statistics.median(unchanged), statistics.median(written)
    return cold, {str(page): round(ran[page], 1) for page in sorted(ran)}, *again


def page_weights(html):
    """KiB of all files that each page asks for, compressed."""
    weights = {}
    pages = re.findall(r"(?:root|file): (\S+)", (ROOT / "_toc.yml").read_text())
    with served(html) as url, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=CHROMIUM_ARGUMENTS)
        for name in pages:
            page, total = browser.new_page(), 0
            responses = []
            page.on("requestfinished", lambda r, seen=responses: seen.append(r.response()))
            page.goto(f"{url}/{name}.html", wait_until="networkidle")
            page.evaluate("scrollTo(0, document.body.scrollHeight)")
            page.wait_for_load_state("networkidle")
            for response in responses:
                body = response.body()
                packed = response.url.endswith((".png", ".jpg", ".webp", ".woff2"))
                total += len(body) if packed else len(gzip.compress(body, 6))
            weights[name] = round(total / 1024)
            page.close()
        browser.close()
    return weights


def import_times(rounds):
    """Median seconds of a Python that imports NumPy, or cnnkit, in turns."""
    times = {"numpy": [], "cnnkit": []}
    for _ in range(rounds):
        for name, samples in times.items():
            samples.append(seconds([sys.executable, "-c", f"import {name}"]))
    return {name: statistics.median(samples) for name, samples in times.items()}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    offer_trial(parser)
    options = parser.parse_args()
    results = {}
    if not options.quick:
        cold, pages, unchanged, written = build_times()
        results = {
            "book built from nothing, seconds": round(cold, 1),
            "of it, running the cells of each page, seconds": pages,
            "book built again, nothing changed, seconds": round(unchanged, 2),
            "book built again, a sentence changed, seconds": round(written, 1),
        }
    imports = import_times(rounds=3 if options.quick else 25)
    results |= {
        "page weight, all files compressed, KiB": page_weights(ROOT / "_build" / "html"),
        "import numpy, milliseconds": round(1000 * imports["numpy"], 1),
        "import cnnkit, milliseconds": round(1000 * imports["cnnkit"], 1),
        "import cnnkit / import numpy": round(imports["cnnkit"] / imports["numpy"], 3),
    }
    for what, value in results.items():
        print(f"{what}: {value}")
    packages = ["jupyter-book", "sphinx", "sphinx-book-theme", "numpy"]
    record("site", results, packages, trial=options.quick)


if __name__ == "__main__":
    main()
