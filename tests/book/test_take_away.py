"""What a reader takes from a page: its notebook, its package, and ways to run it elsewhere."""

import json
import re
import shutil
import subprocess
import sys
from types import SimpleNamespace
from urllib.parse import parse_qs, urlsplit

import nbformat
import pytest
import take_away
from bs4 import BeautifulSoup
from nbclient import NotebookClient
from packaging.requirements import Requirement
from pages import chapters, course
from paths import ROOT
from reader import AXE, PAGES
from small_book import HEADER, add_to_contents, build, make, set_in_config

from cnnkit.grading.leaks import find_leaks

REPOSITORY = "https://github.com/someone/one-pixel"
CARD = "course: {card: {title: Some, sentence: Words.}, exercise: none}\njupytext:"
LIGHT = """
See [what it leads to](02-heavy.md#page-02-heavy), and [the front page](../index.md).

```{code-cell} ipython3
import json
from pathlib import Path

from cnnkit import functional

record = json.loads(Path("../benchmarks/results/train_mnist_cpu.json").read_text())
print(functional.relu(-1.0), record["seed"])
```
"""
HEAVY = """
```{code-cell} ipython3
def late():
    import torch

    return torch
```
"""


def small(folder, **settings):
    """Build a book of two chapters, one of which needs PyTorch."""
    book = make(folder)
    set_in_config(book, **settings)
    (book / "chapters").mkdir()
    (book / "benchmarks/results").mkdir(parents=True)
    (book / "benchmarks/results/train_mnist_cpu.json").write_text('{"seed": "it\'s 7"}')
    for name, cells in {"01-light": LIGHT, "02-heavy": HEAVY}.items():
        page = HEADER.replace("jupytext:", CARD, 1) + cells
        (book / f"chapters/{name}.md").write_text(page.replace("# A page", f"# Page {name}"))
        add_to_contents(book, f"chapters/{name}")
    status, log = build(book)
    assert status == 0, log
    return book / "_build/html"


@pytest.fixture(scope="module")
def named(tmp_path_factory):
    return small(tmp_path_factory.mktemp("named"), repository_url=REPOSITORY)


def soup(site, page):
    return BeautifulSoup((site / page).read_text("utf8"), "html.parser")


def addresses(site, page):
    return [link["href"] for link in soup(site, page)("a", href=True)]


ELSEWHERE = r"/edit/|/issues/new|google\.com/github|kaggle\.com/kernels|mybinder"


@pytest.mark.parametrize("page", PAGES)
def test_without_a_repository_no_page_has_a_link_to_one(site, page):
    assert not [address for address in addresses(site, page) if re.search(ELSEWHERE, address)]
    assert not soup(site, page).select(".course-elsewhere, [class*=btn-source]")


def test_with_a_repository_a_page_can_be_mended_and_complained_about(named):
    links = addresses(named, "chapters/01-light.html")
    assert sum(bool(re.search(ELSEWHERE, link)) for link in links) == 2
    assert f"{REPOSITORY}/edit/main/chapters/01-light.md" in links
    (issue,) = [link for link in links if link.startswith(f"{REPOSITORY}/issues/new")]
    assert "chapters/01-light.html" in parse_qs(urlsplit(issue).query)["title"][0]


def test_only_a_chapter_that_needs_pytorch_runs_elsewhere(named):
    assert not soup(named, "chapters/01-light.html").select(".course-elsewhere")
    links = {
        a.text: a["href"]
        for a in soup(named, "chapters/02-heavy.html").select(".course-elsewhere a")
    }
    file = "someone/one-pixel/blob/notebooks/02-heavy.ipynb"
    assert links.pop("Colab") == f"https://colab.research.google.com/github/{file}"
    assert (
        links.pop("Kaggle") == f"https://kaggle.com/kernels/welcome?src=https://github.com/{file}"
    )
    binder = urlsplit(links.pop("Binder"))
    assert (binder.netloc, binder.path) == ("mybinder.org", "/v2/gh/someone/one-pixel/main")
    opened = parse_qs(binder.query)["urlpath"]
    assert opened == ["lab/tree/chapters/02-heavy.md"]
    assert links == {}


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_what_is_offered_is_for_everybody_and_asks_nobody(named, serve, open_page, theme):
    with serve(named) as url:
        page = open_page(f"{url}/chapters/02-heavy.html", theme=theme, width=390)
        for menu in page.locator(".dropdown-source-buttons, .dropdown-download-buttons").all():
            menu.locator("button").first.click()
            page.add_script_tag(path=AXE)
            assert page.evaluate("axe.run()")["violations"] == []
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
        assert page.offsite == [] and page.errors == []


@pytest.mark.parametrize("set_to", ["git@host:a/b", "https://gitlab.com/someone/one-pixel"])
def test_what_only_github_has_is_offered_for_github_alone(set_to):
    assert not take_away.GITHUB.fullmatch(set_to)
    assert take_away.GITHUB.fullmatch(f"{REPOSITORY}.git")[1] == "someone/one-pixel"


def installing(site, name):
    """What the notebook's first cell tells pip to install."""
    notebook = nbformat.read(site / f"_sources/chapters/{name}.ipynb", as_version=4)
    return re.search(r'%pip install -q "(.*)"', notebook.cells[0].source)[1]


def test_the_first_cell_installs_what_the_chapter_needs(site, named):
    wheel = "./cnnkit-0.1.0-py3-none-any.whl"
    assert installing(site, "01-pixels") == f"{wheel}[data,widgets]"
    assert installing(site, "10-cats-and-dogs") == f"{wheel}[data,keras,widgets]"
    source = f"git+{REPOSITORY}@main"
    told = installing(named, "01-light")
    assert told == f"cnnkit[data,widgets] @ {source}"
    assert Requirement(told).url == source


def test_the_wheel_beside_the_notebooks_is_the_package(site, tmp_path):
    """It has what the first cell asks it for, and what is installed of it can be imported."""
    (wheel,) = (site / "_sources/chapters").glob("*.whl")
    command = [sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--no-index"]
    subprocess.run([*command, "--target", tmp_path, f"{wheel}[data,widgets]"], check=True)
    code = "import cnnkit.functional as f; print(f.__file__, f.relu(-1.0))"
    told = subprocess.check_output([sys.executable, "-c", code], text=True, cwd=tmp_path)
    assert told.split() == [str(tmp_path / "cnnkit/functional.py"), "0.0"]
    assert not (tmp_path / "cnnkit/grading").exists(), "a teacher's tools"


def test_a_notebook_runs_from_top_to_bottom_in_a_folder_of_its_own(named, tmp_path):
    path = shutil.copy(named / "_sources/chapters/01-light.ipynb", tmp_path)
    notebook = nbformat.read(path, as_version=4)
    NotebookClient(notebook, resources={"metadata": {"path": tmp_path}}).execute()
    assert notebook.cells[-1].outputs[0].text == "0.0 it's 7\n"


def test_links_of_a_notebook_lead_to_what_lies_beside_it_or_are_words(named):
    text = (named / "_sources/chapters/01-light.ipynb").read_text()
    assert "See [what it leads to](02-heavy.ipynb), and the front page." in text


def test_a_notebook_of_a_site_with_an_address_links_to_it_and_installs_from_it():
    config = SimpleNamespace(
        html_baseurl="https://example.org/course",
        html_theme_options={"repository_url": "", "repository_branch": "main"},
    )
    path = ROOT / "chapters/17-architectures.md"
    text = take_away.chapter(path, config, "cnnkit-1-py3-none-any.whl").decode()
    base = "https://example.org/course"
    assert (
        f"cnnkit[data,keras,widgets] @ {base}/_sources/chapters/cnnkit-1-py3-none-any.whl" in text
    )
    links = re.findall(r"\]\(([^)\s]+\.html)[^)]*\)", text)
    assert f"{base}/appendices/bibliography.html" in links
    assert all(link.startswith("https://") for link in links)


@pytest.fixture(scope="module", params=[path.stem for path in chapters()])
def notebook(request, site):
    return site / f"_sources/chapters/{request.param}.ipynb"


def test_each_chapter_offers_its_notebook_and_it_is_clean(notebook, site):
    page = f"chapters/{notebook.stem}.html"
    assert page in PAGES
    files = {href for href in addresses(site, page) if href.endswith((".ipynb", ".whl"))}
    others = "?path=", "/exercises/"  # to run in the page; to practise
    hrefs = {href for href in files if not any(part in href for part in others)}
    (wheel,) = notebook.parent.glob("*.whl")
    assert hrefs == {f"../_sources/chapters/{notebook.name}", f"../_sources/chapters/{wheel.name}"}
    read = nbformat.read(notebook, as_version=4)
    nbformat.validate(read)
    code = [cell for cell in read.cells if cell.cell_type == "code"]
    assert all(cell.outputs == [] and cell.execution_count is None for cell in code)
    assert "%pip install" in read.cells[0].source
    assert read.metadata.kernelspec.name == "python3"
    assert not any("benchmarks/results" in cell.source for cell in code)


def test_each_exercise_is_handed_out_where_a_chapter_names_it(site):
    names = [path.relative_to(ROOT).as_posix() for path in ROOT.glob("exercises/*/*.ipynb")]
    for name in names:
        assert (site / "_sources" / name).read_bytes() == (ROOT / name).read_bytes()
    for path in chapters():
        hrefs = addresses(site, f"chapters/{path.stem}.html")
        for name in names:
            if course(path)["exercise"] == name.split("/")[1]:
                places = {f"../_sources/{name}", f"../live/notebooks/index.html?path={name}"}
                assert places & set(hrefs), f"{path.stem} only names {name}"


def test_each_link_of_a_notebook_leads_somewhere(notebook):
    for cell in nbformat.read(notebook, as_version=4).cells:
        if cell.cell_type == "markdown":
            for place in re.findall(r"\]\(([^)\s]+)\)", cell.source):
                assert place.startswith(("https://", "#")) or (notebook.parent / place).is_file()


def test_no_notebook_holds_what_students_may_not_see(site):
    assert find_leaks(ROOT, sorted((site / "_sources").rglob("*.ipynb"))) == []


@pytest.mark.slow
def test_each_notebook_runs_to_its_end_where_nothing_else_lies(notebook, tmp_path):
    shutil.copy(notebook, tmp_path)
    run = nbformat.read(tmp_path / notebook.name, as_version=4)
    NotebookClient(run, timeout=600, resources={"metadata": {"path": tmp_path}}).execute()
    assert all(c.execution_count for c in run.cells if c.cell_type == "code" and c.source.strip())


def test_records_that_a_chapter_reads_are_in_its_notebook(site):
    notebook = nbformat.read(site / "_sources/chapters/10-cats-and-dogs.ipynb", as_version=4)
    packed = re.search(r"r'''\n(.*)\n'''", notebook.cells[1].source)[1]
    name = "train_photos_article_cpu.json"
    record = json.loads((ROOT / "benchmarks/results" / name).read_text("utf8"))
    assert json.loads(packed)[name] == record
