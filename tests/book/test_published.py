"""A published site: below a sub-path, for search engines, where a link to it is shared."""

import contextlib
import io
import os
import re
import shutil
import subprocess
from pathlib import Path
from urllib.parse import unquote, urljoin, urlsplit
from xml.etree import ElementTree

import pytest
import yaml
from browser import QuietHandler, served
from bs4 import BeautifulSoup
from paths import ROOT
from PIL import Image
from reader import FEW, PAGES
from small_book import HEADER, WHOLE, add_to_contents, build, make, set_in_config
from some import some
from take_away import BRANCH

ADDRESS = "https://example.org/deep/course/"
DESCRIBED = 'myst: {html_meta: {"description lang=en": "Why \\"<\\" is quoted."}}\njupytext:'


def small(folder, **settings):
    """Build a book of three pages, one of them in a folder, on a known day."""
    book = make(folder)
    set_in_config(book, **settings)
    (book / "appendices").mkdir()
    deeper = WHOLE.replace("(index.md)", "(../index.md)")
    (book / "appendices/deep.md").write_text(HEADER.replace("jupytext:", DESCRIBED, 1) + deeper)
    add_to_contents(book, "appendices/deep")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SOURCE_DATE_EPOCH", "1700000000")
        status, log = build(book)
    assert status == 0, log
    return book / "_build/html"


@pytest.fixture(scope="module")
def published(tmp_path_factory):
    return small(tmp_path_factory.mktemp("published"), baseurl=ADDRESS.rstrip("/"))


def soup(path):
    return BeautifulSoup(path.read_text("utf8"), "html.parser")


def test_a_site_without_an_address_claims_none(site):
    assert not [*site.glob("sitemap.xml"), *site.glob("404.html"), *site.rglob("card.*")]
    for page in PAGES:
        assert not re.search('rel="canonical"|property="og:', (site / page).read_text("utf8")), page


def test_each_page_says_which_edition_it_is_and_of_which_day(published, site):
    said = soup(published / "page.html").select_one(".edition").text
    assert said.startswith("Edition 0.1.0, 14 November 2023.")
    for name in PAGES:
        said = soup(site / name).select_one(".edition").text
        assert re.fullmatch(r"Edition 0\.1\.0, \d{1,2} [A-Z][a-z]+ 20\d\d\.", said)


def test_the_sitemap_lists_the_pages_and_each_names_its_own_address(published):
    tree = ElementTree.parse(published / "sitemap.xml")
    listed = [place.text for place in tree.iter("{http://www.sitemaps.org/schemas/sitemap/0.9}loc")]
    names = ["appendices/deep.html", "index.html", "page.html"]
    assert listed == [ADDRESS + name for name in names]
    for name in names:
        assert soup(published / name).find("link", rel="canonical")["href"] == ADDRESS + name


def test_a_shared_link_shows_words_and_a_picture(published):
    page = soup(published / "appendices/deep.html")
    said = {tag["property"]: tag["content"] for tag in page("meta", property=re.compile("^og:"))}
    assert said["og:title"] == "A page" and said["og:description"] == 'Why "<" is quoted.'
    assert said["og:url"] == f"{ADDRESS}appendices/deep.html"
    assert said["og:image"].startswith(ADDRESS) and len(said["og:image:alt"]) > 40
    picture = (published / said["og:image"].removeprefix(ADDRESS)).read_bytes()
    assert len(picture) < 100_000
    size = said["og:image:width"], said["og:image:height"]
    assert tuple(map(str, Image.open(io.BytesIO(picture)).size)) == size


class Host(QuietHandler):
    """A host of static files that answers a lost visitor with `404.html`, as GitHub Pages does."""

    def send_error(self, code, message=None, explain=None):
        body = Path(self.directory, "deep/course/404.html").read_bytes()
        self.send_response(code)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


@contextlib.contextmanager
def hosted(site, folder):
    """Give the address of the site, below a sub-path."""
    (folder / "deep").mkdir()
    (folder / "deep/course").symlink_to(site)
    with served(folder, Host) as url:
        yield f"{url}/deep/course/"


def test_who_is_lost_is_shown_back_in_the_books_own_look(published, tmp_path, open_page):
    with hosted(published, tmp_path) as url:
        page = open_page(f"{url}chapters/no/such/page.html", width=390)
        assert page.locator("article h1").inner_text() == "There is no such page"
        home = open_page(f"{url}index.html", width=390)
        look = "(({ fontFamily, fontSize }) => fontFamily + fontSize)"
        look += "(getComputedStyle(document.querySelector('article h1')))"
        assert page.evaluate(look) == home.evaluate(look)
        # The lost page itself is all that was not found: its styles and scripts were.
        assert len([error for error in page.errors if "404" in error]) == len(page.errors) == 1
        page.locator("#pst-skip-link a").focus()
        page.keyboard.press("Enter")
        assert "no/such/page.html#" in page.url
        page.keyboard.press("Control+k")
        page.keyboard.type("cells", delay=20)
        hit = page.locator("a.course-hit").first
        hit.wait_for()
        assert re.fullmatch(rf"{url}[\w/]+\.html(#.*)?", hit.evaluate("link => link.href"))
        page.keyboard.press("Escape")
        page.locator("article").get_by_role("link", name="Begin at the front page").click()
        page.wait_for_url(f"{url}index.html")


LINKS = {"a": "href", "link": "href", "script": "src", "img": "src"}


@pytest.mark.parametrize("page", some([*PAGES, "search.html"], [*FEW, "search.html"]))
def test_below_a_sub_path_every_link_and_file_is_found(page, site):
    """No link leaves the folder of the site, and each leads to a file in it."""
    base = f"http://host/deep/course/{page}"
    found = 0
    for tag, attribute in LINKS.items():
        for element in soup(site / page)(tag, attrs={attribute: True}):
            target = urlsplit(urljoin(base, element[attribute]))
            if target.netloc != "host":
                assert tag == "a" and target.scheme == "https"
                continue
            assert target.path.startswith("/deep/course/"), element[attribute]
            path = site / unquote(target.path.removeprefix("/deep/course/"))
            assert path.is_file(), element[attribute]
            found += 1
    assert found > 20


WORKFLOW = yaml.safe_load((ROOT / ".github/workflows/publish.yml").read_text())


def step_with(words):
    """Find the step of the workflow whose commands hold some words."""
    steps = WORKFLOW["jobs"]["book"]["steps"]
    (step,) = [step for step in steps if words in step.get("run", "")]
    return step


def test_the_workflow_writes_the_address_and_the_repository_into_the_settings(tmp_path):
    """Its own commands, with what GitHub puts in, give a book that knows where it stands."""
    step = step_with("baseurl")
    given = {
        "ADDRESS": "https://someone.github.io/pixel",
        "REPOSITORY": "https://github.com/someone/pixel",
    }
    assert set(step["env"]) == set(given)
    shutil.copy(ROOT / "_config.yml", tmp_path)
    subprocess.run(["bash", "-euc", step["run"]], check=True, cwd=tmp_path, env=given)
    settings = yaml.safe_load((tmp_path / "_config.yml").read_text())
    assert settings["html"]["baseurl"] == given["ADDRESS"]
    options = settings["sphinx"]["config"]["html_theme_options"]
    assert options["repository_url"] == given["REPOSITORY"]
    before = yaml.safe_load((ROOT / "_config.yml").read_text())
    assert before["html"]["baseurl"] == "", "the book has no address of its own yet"


def test_the_workflow_puts_the_notebooks_where_colab_finds_them(site, tmp_path):
    step = step_with("git push")
    bare = tmp_path / "bare.git"
    subprocess.run(["git", "init", "-q", "--bare", bare], check=True)
    who = {key: "someone" for key in step["env"] if key.startswith("GIT_")}
    own = {
        **who,
        "PATH": os.environ["PATH"],
        "HOME": str(tmp_path),
        "RUNNER_TEMP": str(tmp_path),
        "TOKEN": "secret",
        "REPOSITORY": "https://github.com/someone/pixel",
        "GIT_CONFIG_COUNT": "1",  # what would go there goes into a folder
        "GIT_CONFIG_KEY_0": f"url.{bare}.insteadOf",
        "GIT_CONFIG_VALUE_0": "https://x-access-token:secret@github.com/someone/pixel",
    }
    assert set(step["env"]) <= set(own)
    subprocess.run(["bash", "-euc", step["run"]], check=True, cwd=ROOT, env=own)
    command = ["git", "-C", bare, "ls-tree", "--name-only", BRANCH]
    pushed = subprocess.check_output(command, text=True).split()
    chapters = [Path(page).stem for page in PAGES if page.startswith("chapters/")]
    assert [name for name in pushed if name.endswith(".ipynb")] == [f"{c}.ipynb" for c in chapters]
    assert len(pushed) == len(chapters) + 1  # and the wheel
