"""The build cannot lie: each way to break a page breaks the build, and says where."""

import re

import pytest
from small_book import HEADER, WHOLE, add_to_contents, build, make
from some import some


@pytest.fixture
def book(tmp_path):
    return make(tmp_path)


def test_the_makefile_builds_as_these_tests_do(root):
    assert "jupyter-book build -W --keep-going --all ." in (root / "Makefile").read_text()


def test_a_whole_book_builds_and_runs_again_only_what_changed(book):
    status, log = build(book)
    assert status == 0, log
    assert (book / "_build/html/index.html").exists()
    assert "naive says:" in (book / "_build/html/page.html").read_text()
    assert "notebooks to run: 1," in log

    for room in ("cli", "grading/course", "plots"):
        with (book / f"cnnkit/{room}.py").open("a") as file:
            file.write("# The page does not stand on this.\n")
    status, log = build(book)
    assert status == 0 and "notebooks to run" not in log and "Using cached notebook" in log, log

    (book / "cnnkit/naive.py").write_text('"""Other words."""\n')
    # Without --all, too: a page whose code has changed is read again.
    status, log = build(book, everything=False)
    assert status == 0 and "notebooks to run: 1," in log, log
    assert "naive says: Other words." in (book / "_build/html/page.html").read_text()


BROKEN = {
    "failing cell": (
        "```{code-cell} ipython3\nx = 1\nundefined_name + x\n```\n",
        [r"page\.md:\d+: WARNING: the cell that begins with 'x = 1' fails", r"NameError"],
    ),
    "cell that warns": (
        "```{code-cell} ipython3\nimport warnings\nwarnings.warn('look out')\n```\n",
        [r"page\.md.*WARNING.*stderr"],
    ),
    "cell's picture without alt text": (
        "```{code-cell} ipython3\nimport matplotlib.pyplot as plt\nplt.plot([1, 2]);\n```\n",
        [r"page\.md.*WARNING: picture without alt text"],
    ),
    "image without alt text": (
        "![](_static/logo.svg)\n",
        [r"page\.md.*WARNING: picture without alt text: logo\.svg"],
    ),
    "raw picture without alt text": (
        "```{code-cell} ipython3\nfrom IPython.display import HTML\n"
        "HTML('<svg viewBox=\"0 0 1 1\"></svg>')\n```\n",
        [r"page\.md.*WARNING: picture without alt text: <svg"],
    ),
    "link to a missing page": (
        "[Go on](no-such-page.md)\n",
        [r"page\.md:\d+: WARNING: .*no-such-page"],
    ),
    "link to a missing anchor": (
        "[Go back](index.md#no-such-anchor)\n",
        [r"page\.md:\d+: WARNING: .*no-such-anchor"],
    ),
    "formula that cannot be read": (
        "The sum $\\frac{1}{$ is open.\n",
        [r"page\.md:\d+: WARNING: KaTeX cannot read the formula"],
    ),
}


@pytest.mark.parametrize("fault", some(BROKEN, ["link to a missing anchor"]))
def test_each_fault_fails_the_build_and_is_named(book, fault):
    text, expected = BROKEN[fault]
    (book / "page.md").write_text(HEADER + WHOLE + "\n" + text)
    status, log = build(book)
    assert status != 0, log
    for pattern in expected:
        assert re.search(pattern, log), log


def test_notebooks_run_side_by_side_and_a_failing_one_is_still_named(book):
    add_to_contents(book, "second")
    (book / "second.md").write_text(HEADER + "```{code-cell} ipython3\nundefined_name\n```\n")
    status, log = build(book)
    assert "notebooks to run: 2," in log, log
    assert re.search(r"page\.md: Using cached notebook", log), log
    assert status != 0 and re.search(r"second\.md:\d+: WARNING: the cell that begins", log), log


def test_no_page_may_hide_an_error(root):
    assert "allow_errors" not in (root / "_config.yml").read_text()
    for page in [root / "index.md", *root.glob("chapters/*.md"), *root.glob("appendices/*.md")]:
        hidden = re.findall(r"allow_errors|skip-execution|remove-stderr", page.read_text())
        assert not hidden, f"{page.name}: {hidden}"
