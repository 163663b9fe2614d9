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
        "--ServerApp.disable_check_xsrf=True"
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


def test_a_chapter_opens_as_a_notebook_and_runs(lab, open_page):
    page = open_page(f"{lab}/lab/tree/chapters/02-convolution.md", width=1400, height=1000)
    page.wait_for_selector(".jp-NotebookPanel .jp-Cell", timeout=60_000)
    page.wait_for_selector(".jp-DirListing-item", timeout=30_000)
    page.locator(".jp-DirListing-item", has_text="01-pixels.md").dblclick()
    page.wait_for_selector("#jp-main-dock-panel .lm-TabBar-tab:has-text('01-pixels.md')")
    assert page.locator(".jp-FileEditor").count() == 0

    notebook = page.locator(".jp-NotebookPanel:not(.lm-mod-hidden)")
    notebook.locator("h1", has_text="Pixels").wait_for()
    notebook.locator(".jp-Notebook-ExecutionIndicator[data-status='idle']").wait_for()
    page.locator(".lm-MenuBar-item", has_text="Run").click()
    page.locator(".lm-Menu-item", has_text=re.compile("^Run All Cells")).first.click()
    done = """() => {
      const cells = [...document.querySelectorAll(
        '.jp-NotebookPanel:not(.lm-mod-hidden) .jp-CodeCell .jp-InputArea-prompt')];
      return cells.length > 3 && cells.slice(-1)[0].textContent.match(/\\[\\d+\\]/);
    }"""
    page.wait_for_function(done, timeout=90_000)
    assert notebook.locator("[data-mime-type='application/vnd.jupyter.error']").count() == 0
    assert page.offsite == []
