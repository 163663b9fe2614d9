"""`make lab`: a chapter opens as a notebook on double-click and runs to its end, no error."""

import os
import re
import signal
import socket
import subprocess
import time
import urllib.request

import pytest


@pytest.fixture(scope="module")
def lab(root, tmp_path_factory):
    """JupyterLab as the Makefile starts it, with settings of its own and no browser."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    options = (
        f"--no-browser --ip=127.0.0.1 --port={port} --IdentityProvider.token= "
        "--ServerApp.disable_check_xsrf=True --LabApp.expose_app_in_browser=True"
    )
    home = tmp_path_factory.mktemp("jupyter")
    settings = {"JUPYTER_CONFIG_DIR": home, "JUPYTER_DATA_DIR": home, "JUPYTER_RUNTIME_DIR": home}
    server = subprocess.Popen(
        ["make", "-C", root, "lab", f"LAB={options} --LabApp.workspaces_dir={home}"],
        env={**os.environ, **settings},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    url = f"http://127.0.0.1:{port}"
    for _ in range(120):
        try:
            urllib.request.urlopen(f"{url}/api/status", timeout=2)
            break
        except OSError:
            time.sleep(0.5)
    yield url
    os.killpg(server.pid, signal.SIGTERM)
    server.wait(30)


CELLS = """() => jupyterapp.shell.currentWidget.content.widgets
  .filter(cell => cell.model.type === 'code')
  .map(cell => ({
    source: cell.model.sharedModel.source,
    done: cell.model.executionCount !== null,
    errors: cell.model.outputs.toJSON().filter(output => output.output_type === 'error'),
  }))"""


def test_a_chapter_opens_as_a_notebook_and_runs(lab, open_page):
    page = open_page(f"{lab}/lab/tree/chapters/02-convolution.md", width=1400, height=1000)
    page.wait_for_selector(".jp-NotebookPanel .jp-Cell", timeout=60_000)
    page.wait_for_selector(".jp-DirListing-item", timeout=30_000)
    page.locator(".jp-DirListing-item", has_text="01-pixels.md").dblclick()
    page.wait_for_selector("#jp-main-dock-panel .lm-TabBar-tab:has-text('01-pixels.md')")
    assert page.locator(".jp-FileEditor").count() == 0

    notebook = page.locator(".jp-NotebookPanel:not(.lm-mod-hidden)")
    notebook.locator("h1", has_text="Pixels").wait_for()
    page.set_default_timeout(180_000)
    page.evaluate("() => jupyterapp.shell.currentWidget.sessionContext.ready")
    page.locator(".lm-MenuBar-item", has_text="Run").click()
    page.locator(".lm-Menu-item", has_text=re.compile("^Run All Cells")).first.click()
    for _ in range(180):
        cells = page.evaluate(CELLS)
        failed = [cell["errors"] for cell in cells if cell["errors"]]
        if failed or all(cell["done"] for cell in cells):
            break
        page.wait_for_timeout(1000)
    waiting = [cell["source"] for cell in cells if not cell["done"]]
    status = page.evaluate(
        "() => jupyterapp.shell.currentWidget.sessionContext.kernelDisplayStatus"
    )
    assert not failed
    assert len(cells) > 3 and not waiting, f"the kernel is {status}; not run: {waiting}"
    assert page.offsite == []
