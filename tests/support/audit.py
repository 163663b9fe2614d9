"""Audit the built book, page by page: axe at each width in both themes, and Lighthouse.

    python tests/support/audit.py [--runs 3] [--no-lighthouse] [PAGE ...]

A page is named as in `_toc.yml`; without names all are audited. Lighthouse is asked as for a phone,
of pages sent compressed; of several runs it is the median that counts. The table goes to
`_build/audit.md`. The exit status tells if axe found something, or if a page has less than 100 for
accessibility, best practices or searching; performance is shown alone, as it says as much of how
busy the machine is.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "_ext"))

from browser import CHROMIUM, CHROMIUM_ARGUMENTS, Compressing, served
from paths import HTML, NODE, ROOT
from playwright.sync_api import sync_playwright
from reader import AXE, PAGES, scroll_through

WIDTHS = 320, 390, 768, 1000, 1280
THEMES = "light", "dark"
LIGHTHOUSE = ROOT / "tests/audit/node_modules/lighthouse/cli/index.js"
WHOLE = "accessibility", "best-practices", "seo"  # 100 or a finding


def findings(browser, url):
    """What axe finds on a page: (theme, width, rule, the element) of each fault."""
    found = []
    for theme in THEMES:
        context = browser.new_context(color_scheme=theme)
        page = context.new_page()
        for width in WIDTHS:
            page.set_viewport_size({"width": width, "height": 900})
            if width == WIDTHS[0]:
                page.goto(url, wait_until="load")
                page.add_script_tag(path=AXE)
            scroll_through(page)
            result = page.evaluate("axe.run({resultTypes: ['violations']})")
            for fault in result["violations"]:
                elements = (node["html"][:100] for node in fault["nodes"][:3])
                found += [(theme, width, fault["id"], element) for element in elements]
        context.close()
    return found


def scores(url, runs):
    """The medians of Lighthouse's scores for a page, its KiB as they are sent, its elements."""
    command = [NODE, LIGHTHOUSE, url, "--output=json", "--quiet", "--no-enable-error-reporting"]
    command += [f"--chrome-flags=--headless=new {' '.join(CHROMIUM_ARGUMENTS)}"]
    reports = []
    for _ in range(runs):
        own = {**os.environ, "CHROME_PATH": CHROMIUM}
        report = json.loads(subprocess.check_output(command, env=own))
        if "runtimeError" in report:
            raise RuntimeError(f"Lighthouse, {url}: {report['runtimeError']['message']}")
        reports.append(report)

    def median(value):
        return round(statistics.median(map(value, reports)))

    found = {
        name: median(lambda report, name=name: 100 * report["categories"][name]["score"])
        for name in (*WHOLE, "performance")
    }
    audits = {"KiB": ("total-byte-weight", 1024), "elements": ("dom-size", 1)}
    for name, (audit, unit) in audits.items():
        found[name] = median(lambda r, a=audit, unit=unit: r["audits"][a]["numericValue"] / unit)
    return found


def audit(site, names, runs):
    """Yield for each page what axe found and what Lighthouse says; without runs it isn't asked."""
    with served(site, Compressing) as url, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=CHROMIUM_ARGUMENTS)
        for name in names:
            found = findings(browser, f"{url}/{name}")
            yield name, found, scores(f"{url}/{name}", runs) if runs else {}
        browser.close()


def table(rows):
    """The audit as Markdown: a line for each page, then each finding of axe."""
    columns = [*next((list(measured) for _, _, measured in rows if measured), [])]
    lines = [["page", "axe", *columns], ["---"] * (2 + len(columns))]
    for name, found, measured in rows:
        lines.append([name, str(len(found) or "–"), *(str(measured[c]) for c in columns)])
    text = [f"| {' | '.join(line)} |" for line in lines]
    text += ["", f"axe at {', '.join(map(str, WIDTHS))} px, {' and '.join(THEMES)}.", ""]
    for name, found, _ in rows:
        text += [f"- {name}, {theme}, {w} px, {rule}: `{html}`" for theme, w, rule, html in found]
    return "\n".join(text).rstrip() + "\n"


def faults(rows):
    """The pages that are not as they should be."""
    return [
        name
        for name, found, measured in rows
        if found or any(measured.get(category, 100) < 100 for category in WHOLE)
    ]


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--runs", type=int, default=1, help="of Lighthouse, for each page")
    parser.add_argument("--no-lighthouse", action="store_true", help="axe alone")
    parser.add_argument("--site", default=HTML, type=Path, help="another built book")
    parser.add_argument("--to", default=ROOT / "_build/audit.md", type=Path, help="the table")
    parser.add_argument("pages", nargs="*", metavar="PAGE", help="chapters/01-pixels; all if none")
    said = parser.parse_args()
    names = [f"{page}.html" for page in said.pages] or [*PAGES, "search.html"]
    rows = []
    for row in audit(said.site, names, 0 if said.no_lighthouse else said.runs):
        rows.append(row)
        print(table([row]).splitlines()[2], flush=True)
    said.to.write_text(table(rows), "utf8")
    bad = faults(rows)
    print(f"{len(rows)} pages, {len(bad)} with findings: {said.to}")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
