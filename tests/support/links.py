"""What `make links` found, as a table: `_build/links.md`, what is wrong first."""

import json
from collections import Counter

from paths import ROOT

ORDER = "broken", "timeout", "ignored", "unchecked", "redirected", "local", "working"


def table(lines):
    """The table, of what Sphinx's link check wrote: a line of JSON for each link."""
    found = [json.loads(line) for line in lines]
    found.sort(key=lambda link: (ORDER.index(link["status"]), link["uri"], link["filename"]))
    counts = Counter(link["status"] for link in found)
    told = ", ".join(f"{counts[status]} {status}" for status in ORDER if counts[status])
    rows = [("status", "address", "where", "told"), ("---",) * 4]
    rows += [
        (link["status"], link["uri"], f"{link['filename']}:{link['lineno']}", link["info"])
        for link in found
    ]
    cells = [[" ".join(str(cell).split()).replace("|", "&#124;") for cell in row] for row in rows]
    return f"{told}\n\n" + "".join(f"| {' | '.join(row)} |\n" for row in cells)


if __name__ == "__main__":
    written = ROOT / "_build/html/output.json"
    if not written.exists():
        raise SystemExit("Stopped: no link was asked; the lines above say why.")
    (ROOT / "_build/links.md").write_text(table(written.read_text("utf8").splitlines()), "utf8")
    for name in ("output.json", "output.txt"):
        written.with_name(name).unlink(missing_ok=True)
    print("The links are listed in _build/links.md.")
