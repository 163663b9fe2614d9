"""What tests share: the built site, an address for it, a browser that reaches nothing else."""

import contextlib
import functools
import http.server
import os
import shutil
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from paths import ROOT

CHROMIUM = next(
    filter(None, map(shutil.which, ["chromium", "chromium-browser", "google-chrome"])), None
)
CHROMIUM_ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@pytest.fixture(scope="session")
def root():
    """The project's folder."""
    return ROOT


@pytest.fixture(scope="session")
def site(tmp_path_factory):
    """The built book: what `make test` has just made, else built now."""
    html = ROOT / "_build" / "html"
    if os.environ.get("CNNKIT_BOOK_IS_BUILT") != "1":
        lock = ROOT / "_build" / ".tests-lock"
        lock.parent.mkdir(exist_ok=True)
        with exclusive(lock):
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


@contextlib.contextmanager
def exclusive(path):
    """One process at a time (several pytest workers share one `_build`)."""
    fcntl = pytest.importorskip("fcntl")
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


class QuietHandler(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *arguments):
        pass


class QuietServer(http.server.ThreadingHTTPServer):
    def handle_error(self, request, client_address):
        if not isinstance(sys.exc_info()[1], ConnectionError):  # a page closed while it loaded
            super().handle_error(request, client_address)


@contextlib.contextmanager
def served(folder):
    """Serve `folder` on a free local port and give its address."""
    handler = functools.partial(QuietHandler, directory=str(folder))
    with QuietServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


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

    def open_page(url, width=1280, height=900, theme="light", javascript=True, **options):
        context = browser.new_context(
            viewport={"width": width, "height": height},
            color_scheme=theme,
            java_script_enabled=javascript,
            **options,
        )
        contexts.append(context)
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
