"""What tests share: the built site, an address for it, a browser that reaches nothing else."""

import itertools
import os
import subprocess
import sys
from pathlib import Path

import pytest
from browser import CHROMIUM, CHROMIUM_ARGUMENTS, served
from filelock import FileLock
from paths import ROOT

LONGEST = "test_errands", "test_assignments", "test_book.py", "test_grading.py"


@pytest.hookimpl(trylast=True)  # after -m and -k have chosen
def pytest_collection_modifyitems(items):
    """Let each of four workers, which gets a quarter, begin with one of the longest files."""
    first = [[item for item in items if name in item.nodeid] for name in LONGEST]
    chosen = set(itertools.chain(*first))
    later = iter([item for item in items if item not in chosen])
    share = -(-len(items) // len(LONGEST))
    quarters = [own + list(itertools.islice(later, max(share - len(own), 0))) for own in first]
    items[:] = [*itertools.chain(*quarters), *later]


@pytest.fixture(scope="session")
def root():
    """The project's folder."""
    return ROOT


@pytest.fixture(scope="session")
def sandbox():
    """Make sure that this machine lets students' code be walled in."""
    from cnnkit.grading.sandbox import Nursery, Refused

    try:
        with Nursery() as nursery:
            nursery.wait()
    except Refused as refused:
        message = f"no sandbox on this machine: {refused}"
        if os.environ.get("CI"):
            pytest.fail(message)
        pytest.skip(message)


@pytest.fixture(scope="session")
def site(tmp_path_factory):
    """The built book: what `make test` has just made, else built now."""
    html = ROOT / "_build" / "html"
    if os.environ.get("CNNKIT_BOOK_IS_BUILT") != "1":
        lock = ROOT / "_build" / ".tests-lock"
        lock.parent.mkdir(exist_ok=True)
        with FileLock(lock):
            subprocess.run(
                [
                    Path(sys.executable).with_name("jupyter-book"),
                    "build",
                    "-W",
                    "--keep-going",
                    ROOT,
                ],
                check=True,
                cwd=ROOT,
            )
    return html


@pytest.fixture(scope="session")
def site_url(site):
    """The address of the built book."""
    with served(site) as url:
        yield url


@pytest.fixture(scope="session")
def serve():
    """Serve any folder: `with serve(folder) as url: ...`."""
    return served


@pytest.fixture(scope="session")
def browser():
    """A headless Chromium from this machine, driven by Playwright."""
    if CHROMIUM is None:
        message = "no Chromium on this machine: `apt-get install chromium`, then run again"
        if os.environ.get("CI"):
            pytest.fail(message)
        pytest.skip(message)
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=CHROMIUM_ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture
def open_page(browser):
    """Open an address in a fresh context.

    `page.offsite` lists the requests to other hosts (each is aborted), `page.errors` what the
    console and the page's scripts complained about.
    """
    contexts = []

    def open_page(
        url, width=1280, height=900, theme="light", javascript=True, before="", **options
    ):
        context = browser.new_context(
            viewport={"width": width, "height": height},
            color_scheme=theme,
            java_script_enabled=javascript,
            **options,
        )
        contexts.append(context)
        context.add_init_script(before)
        page = context.new_page()
        page.set_default_timeout(20_000)
        page.offsite, page.errors = [], []
        home = url.split("/", 3)[:3]

        def route(route):
            request = route.request.url
            if request.split(":", 1)[0] in ("data", "blob") or request.split("/", 3)[:3] == home:
                return route.continue_()
            page.offsite.append(request)
            return route.abort()

        context.route("**/*", route)
        page.on("pageerror", lambda error: page.errors.append(str(error)))
        page.on("console", lambda m: page.errors.append(m.text) if m.type == "error" else None)
        page.goto(url, wait_until="load")
        return page

    yield open_page
    for context in contexts:
        context.close()
