"""The widgets in JupyterLab: the hand changes them, Python sees it, and the other way round."""

import contextlib
import json
import os
import re
import subprocess
import sys
import time
from pathlib import Path

import nbformat
import pytest
from playwright.sync_api import TimeoutError

SHOW = """\
import json
import numpy as np
from cnnkit.widgets import *

pixels, cases, stepper = PixelInspector(), FiveCases(), ConvolutionStepper()
padding, pooling, softmax = PaddingStride(), PoolingExplorer(), SoftmaxLoss()
field, live = ReceptiveField(), LiveNetwork()
check = quiz('''
- question: What is in a kernel?
  choices:
    - text: Pixels
      why: Those are in the image.
    - text: Weights
      correct: true
      why: One for each pixel of the window.
''')
display(stepper, pixels, cases, padding, pooling, softmax, field, live, check)"""
READ = """\
seen = []
padding.observe(lambda change: seen.append(change["new"]), "size")
print("STATE", json.dumps({
    "step": stepper.step, "weight": stepper.weight[0, 0].tolist(), "pixel": pixels.image[0, 0],
    "type": type(pixels.image).__name__, "case": cases.case, "stride": padding.stride,
    "shift": pooling.shift, "target": softmax.target, "layers": len(field.layers),
    "read": int(live_network()(live.image[None, None]).argmax()), "says": live.prediction,
    "score": check.score, "answers": check.answers}))"""
WRITE = """\
with stepper.hold_sync():
    stepper.image = np.arange(48.0).reshape(3, 4, 4)
    stepper.weight = np.ones((1, 3, 3, 3))
    stepper.step = 3
pixels.image = np.array([[0, 255], [255, 0]])
padding.size = 9
live.image = np.zeros((28, 28))
softmax.logits = np.array([0, 0, 0, 0])
print("DONE", seen)"""


@contextlib.contextmanager
def jupyter_lab(folder):
    """A JupyterLab that knows nothing of this machine's user, and its address."""
    home = folder / "home"
    home.mkdir()
    directories = {f"JUPYTER_{n}_DIR": str(home / n.lower()) for n in ("CONFIG", "DATA", "RUNTIME")}
    environment = (
        os.environ | directories | {"HOME": str(home), "IPYTHONDIR": str(home / "ipython")}
    )
    log = folder / "lab.log"
    command = [
        Path(sys.executable).parent / "jupyter-lab",
        "--no-browser",
        "--allow-root",
        "--ip=127.0.0.1",
        "--port=0",
        "--IdentityProvider.token=",
        "--ServerApp.disable_check_xsrf=True",
        "--LabApp.news_url=None",
        "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
        f"--notebook-dir={folder}",
    ]
    with log.open("w") as output:
        process = subprocess.Popen(command, stdout=output, stderr=output, env=environment)
    try:
        end = time.monotonic() + 60
        while time.monotonic() < end:
            if found := re.search(r"(http://127\.0\.0\.1:\d+)/lab", log.read_text()):
                yield found.group(1)
                return
            assert process.poll() is None, log.read_text()[-2000:]
            time.sleep(0.2)
        raise RuntimeError(log.read_text()[-2000:])
    finally:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()


@pytest.fixture
def lab(tmp_path):
    cells = [nbformat.v4.new_code_cell(code) for code in (SHOW, READ, WRITE)]
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    notebook = nbformat.v4.new_notebook(cells=cells, metadata={"kernelspec": kernel})
    nbformat.write(notebook, tmp_path / "widgets.ipynb")
    with jupyter_lab(tmp_path) as url:
        yield url


def test_the_hand_and_python_share_the_state(lab, open_page):
    page = open_page(f"{lab}/lab/tree/widgets.ipynb", height=1000)
    cells = page.locator(".jp-NotebookPanel .jp-CodeCell")
    cells.first.wait_for(timeout=60_000)
    page.wait_for_function(
        "document.querySelector('.jp-Notebook-ExecutionIndicator')?.dataset.status === 'idle'",
        timeout=60_000,
    )

    def start(index):
        """Run a cell; a kernel that has only just connected may drop the first request."""
        for _ in range(6):
            cells.nth(index).locator(".cm-content").click()
            page.keyboard.press("Control+Enter")
            prompt = cells.nth(index).locator(".jp-InputPrompt", has_text=re.compile(r"[\d*]"))
            with contextlib.suppress(TimeoutError):
                return prompt.wait_for(timeout=8_000)
        raise AssertionError("the cell does not run")

    def run(index, wanted):
        start(index)
        output = cells.nth(index).locator(".jp-OutputArea-output", has_text=wanted)
        output.last.wait_for(timeout=60_000)
        return output.last.inner_text()

    start(0)
    page.locator(".ckw-quiz").wait_for(timeout=60_000)
    assert page.locator(".ckw").count() == 9
    assert page.locator(".ckw-fallback").count() == 0

    stepper = page.locator(".ckw-stepper")
    stepper.get_by_role("button", name="Next").click()
    stepper.get_by_label("Weights, row 1, column 1").fill("7")
    page.locator(".ckw-pixels .ck-cell").first.click()
    page.locator(".ckw-fivecases").get_by_role("button", name="5 A square").click()
    page.locator(".ckw-padding").get_by_role("button", name="same").click()
    page.locator(".ckw-pooling").get_by_role("button", name="Push the image down").click()
    page.locator(".ckw-softmax input[type=radio]").nth(3).click()
    page.locator(".ckw-receptive").get_by_role("button", name="+ pool 2").click()
    page.locator(".ckw-livenet").get_by_role("button", name="Another example").click()
    page.locator(".ckw-quiz").get_by_role("button", name="Weights").click()

    # Keys that a widget uses do nothing to the notebook around it.
    active = page.locator(".jp-Cell.jp-mod-active")
    before = active.evaluate("e => e.outerHTML.length")
    page.locator(".ckw-stepper [aria-label^=Output] .ck-cell[tabindex='0']").focus()
    for key in ("ArrowUp", "a", "d", "d", "ArrowDown", "Enter", "x"):
        page.keyboard.press(key)
    assert cells.count() == 3
    assert page.locator(".ckw-stepper .ck-cell:focus").count() == 1
    assert active.evaluate("e => e.outerHTML.length") == pytest.approx(before, rel=0.2)

    state = json.loads(run(1, "STATE").split("STATE ", 1)[1])
    assert state == {
        "step": 5,
        "weight": [[7, 0, 1], [0, 1, 0], [1, 0, 1]],
        "pixel": 255,
        "type": "ndarray",
        "case": 5,
        "stride": 1,
        "shift": [1, 1],
        "target": 3,
        "layers": 5,
        "read": 2,
        "says": 2,
        "score": 1,
        "answers": [[1]],
    }

    assert "DONE [9]" in run(2, "DONE")
    page.wait_for_function(
        "document.querySelector('.ckw-stepper [role=status]').innerText.includes('702')"
    )
    assert "Input 3 × 4 × 4" in stepper.inner_text()
    assert page.locator(".ckw-pixels .ck-drag .ck-cell").count() == 4
    assert "(9 + 2 − 2 − 1) / 1 + 1 = 9" in page.locator(".ckw-padding .ck-formula").inner_text()
    assert "25.0 %" in page.locator(".ckw-softmax").inner_text()
    assert "Nothing drawn yet." in page.locator(".ckw-livenet").inner_text()
    assert page.offsite == []
    assert [e for e in page.errors if "ckw" in e or "anywidget" in e] == []
