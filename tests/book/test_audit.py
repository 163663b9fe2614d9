"""The audit sees what is wrong on a page, at the width and in the theme where it is."""

import json
import subprocess
import sys

import audit
import links
import pytest

GOOD = """<!DOCTYPE html><html lang="en"><head><title>Good</title>
<meta name="viewport" content="width=device-width"></head>
<body><main><h1>Good</h1><p>Black on white.</p></main></body></html>"""
# Pale in the dark alone, and on a phone alone a picture without words.
BAD = (
    GOOD.replace("Good", "Bad")
    .replace(
        "</head>",
        """<style>
@media (prefers-color-scheme: dark) { p { color: #999; background: #888 } }
@media (min-width: 500px) { img { display: none } }
</style></head>""",
    )
    .replace("</p>", '</p><img src="dot.svg">')
)


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    folder = tmp_path_factory.mktemp("site")
    (folder / "good.html").write_text(GOOD)
    (folder / "bad.html").write_text(BAD)
    dot = '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>'
    (folder / "dot.svg").write_text(dot)
    return folder


@pytest.mark.slow
def test_axe_finds_a_fault_where_it_is_and_nothing_where_none_is(site, browser, serve):
    with serve(site, audit.Compressing) as url:
        assert audit.findings(browser, f"{url}/good.html") == []
        found = audit.findings(browser, f"{url}/bad.html")
    pale = {(theme, width) for theme, width, rule, _ in found if rule == "color-contrast"}
    assert pale == {("dark", width) for width in audit.WIDTHS}
    wordless = {(theme, width) for theme, width, rule, _ in found if rule == "image-alt"}
    assert wordless == {(theme, width) for theme in audit.THEMES for width in (320, 390)}


@pytest.mark.slow
def test_the_table_names_page_and_fault_and_the_status_tells(site, tmp_path, browser):
    target = tmp_path / "audit.md"
    command = [sys.executable, audit.__file__, "--no-lighthouse", "--site", site, "--to", target]
    assert subprocess.run([*command, "good"]).returncode == 0
    assert "| good.html | – |" in target.read_text("utf8")
    assert subprocess.run([*command, "good", "bad"]).returncode == 1
    text = target.read_text("utf8")
    assert (
        "| bad.html | " in text
        and "- bad.html, dark, 1280 px, color-contrast: `<p>Black on white.</p>`" in text
    )
    assert "- good.html" not in text


def test_a_score_below_a_hundred_is_a_finding_and_slowness_is_none():
    whole = dict.fromkeys((*audit.WHOLE, "performance"), 100)
    scores = whole, {**whole, "seo": 91}, {**whole, "performance": 60}
    rows = [(name, [], measured) for name, measured in zip("abc", scores, strict=True)]
    assert audit.faults(rows) == ["b"]
    assert "| b | – | 100 | 100 | 91 | 100 |" in audit.table(rows)


def test_checked_links_become_a_table_with_what_is_wrong_first():
    found = {"filename": "index.md", "lineno": 3, "uri": "https://a", "info": ""}
    lines = [
        {**found, "status": "working"},
        {**found, "status": "broken", "uri": "https://b", "info": "404 |\n gone"},
    ]
    assert links.table(map(json.dumps, lines)).splitlines() == [
        "1 broken, 1 working",
        "",
        "| status | address | where | told |",
        "| --- | --- | --- | --- |",
        "| broken | https://b | index.md:3 | 404 &#124; gone |",
        "| working | https://a | index.md:3 |  |",
    ]
