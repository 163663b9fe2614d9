"""Time the course in the page: from a click on the address to the first result.

    python benchmarks/live.py [--rounds 5] [--quick]

opens chapter 2 and exercise 2 of the book that is there in Chromium, from a server on this machine
that sends text and WebAssembly compressed, as servers do, and presses "Run all" as soon as it can
be pressed: cold, in a browser that has never been here, and warm, once more in the same one. A
chapter's first result is the output of its first cell that prints; an exercise's is its first
verdict. It writes benchmarks/results/live.json.
"""

import argparse
import statistics
import sys
import time
from pathlib import Path

from record import offer_trial, record

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "_ext"))

from browser import CHROMIUM, CHROMIUM_ARGUMENTS, Compressing, compressed, served  # noqa: E402
from playwright.sync_api import sync_playwright  # noqa: E402

NOTEBOOKS = {
    "chapter": "chapters/02-convolution.ipynb",
    "exercise": "exercises/02-convolution/convolution.ipynb",
}


def visit(context, address):
    """Seconds until the notebook stands there, and until it has printed something."""
    page = context.new_page()
    start = time.perf_counter()
    page.goto(address)
    run = page.get_by_role("button", name="Run all", exact=True)
    run.wait_for(timeout=120_000)
    shown = time.perf_counter() - start
    run.click()
    page.locator(".jp-OutputArea-output pre:visible").first.wait_for(timeout=300_000)
    printed = time.perf_counter() - start
    page.close()
    return shown, printed


def measure(rounds):
    """Cold and warm visits of both notebooks, in turns."""
    found = {name: {"cold": [], "warm": [], "megabytes": []} for name in NOTEBOOKS}
    site = ROOT / "_build" / "html"
    for path in [*site.glob("live/**/*.js"), *site.glob("live/**/*.wasm")]:
        compressed(path)  # a server has done so long before
    with served(site, Compressing) as url, sync_playwright() as playwright:
        for _ in range(rounds):
            for name, notebook in NOTEBOOKS.items():
                address = f"{url}/live/notebooks/index.html?path={notebook}"
                browser = playwright.chromium.launch(
                    executable_path=CHROMIUM, args=CHROMIUM_ARGUMENTS
                )
                context, sizes = browser.new_context(), []
                context.on(
                    "response",
                    lambda r, sizes=sizes: sizes.append(int(r.headers.get("content-length", 0))),
                )
                found[name]["cold"].append(visit(context, address))
                found[name]["megabytes"].append(sum(sizes) / 1e6)
                found[name]["warm"].append(visit(context, address))
                browser.close()
    return found


def told(values):
    """A median with its range."""
    middle, low, high = statistics.median(values), min(values), max(values)
    return {"median": round(middle, 1), "range": [round(low, 1), round(high, 1)]}


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--rounds", type=int, default=5)
    offer_trial(parser)
    arguments = parser.parse_args()
    if not (ROOT / "_build" / "html" / "live").is_dir():
        if arguments.quick:
            return print("The book that is there has no live part: nothing to rehearse.")
        sys.exit("The book has no live part: let CNNKIT_PYODIDE name Pyodide's files, make book.")
    results = {}
    for name, found in measure(1 if arguments.quick else arguments.rounds).items():
        results[name] = {
            "notebook": NOTEBOOKS[name],
            "megabytes_cold": told(found["megabytes"]),
            "seconds_until_shown_cold": told([shown for shown, _ in found["cold"]]),
            "seconds_until_first_result_cold": told([printed for _, printed in found["cold"]]),
            "seconds_until_first_result_warm": told([printed for _, printed in found["warm"]]),
        }
        print(name, results[name])
    record("live", results, ["jupyterlite-core", "playwright"], trial=arguments.quick)
    return None


if __name__ == "__main__":
    main()
