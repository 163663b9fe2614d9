"""Sphinx extension: the widgets of `cnnkit.widgets` on a static page.

A notebook's widget leaves a placeholder in the page. This extension puts the first state of the
figure into it, drawn by the widget's own module in Node.js: so the figure has its room before it
lives, and paper and readers without JavaScript have it too. And it gives the page what brings the
figure to life, only where it is needed: each used module's source once, its styles, and the host
script. It drops what ipywidgets would add (all widget state, scripts from other servers).
"""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

from sphinx.errors import ExtensionError

from cnnkit.widgets import HERE
from cnnkit.widgets.base import module_script, style_source

HOST = "widget-host.js"
STILL = Path(__file__).with_name("still.mjs")
LINKEDOM = STILL.parent.parent / "node_modules" / "linkedom"
PLACEHOLDER = re.compile(
    r'data-cnnkit-widget="(?P<name>\w+)"><script type="application/json">(?P<state>.*?)</script>'
    r'<div class="ckw-slot">',
    re.DOTALL,
)


class Stills:
    """A Node process that draws first states, started with the first widget."""

    def __init__(self):
        self.process = None

    def start(self):
        beside_python = Path(sys.executable).parent / "node"
        node = str(beside_python) if beside_python.exists() else shutil.which("node")
        if not node or not LINKEDOM.exists():
            raise ExtensionError(
                "the first state of a widget is drawn with linkedom in Node.js, and one of them is "
                "missing: build the book with `make book`, which installs both"
            )
        self.process = subprocess.Popen(
            [node, STILL],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            encoding="utf8",
        )

    def draw(self, name, state):
        """Give a widget's first state as HTML."""
        if self.process is None:
            self.start()
        address = (HERE / name / f"{name}.mjs").as_uri()
        self.process.stdin.write(json.dumps([address, json.loads(state)]) + "\n")
        self.process.stdin.flush()
        answer = json.loads(self.process.stdout.readline())
        if "error" in answer:
            raise ExtensionError(
                f"the first state of the widget {name!r} cannot be drawn without a browser: "
                f"{answer['error']}\nLet `render` use `document` alone, and ask for sizes on the "
                "screen, or for `window`, only when a hand moves something."
            )
        return answer["html"]

    def stop(self, app, exception):
        if self.process is not None:
            self.process.communicate()
            self.process = None


def drop_ipywidgets(app, env):
    """Forget the widget state that myst-nb stores: it holds each module once per widget."""
    for metadata in getattr(env, "nb_metadata", {}).values():
        scripts = metadata.get("js_files", {})
        for key in [key for key in scripts if key.startswith("ipywidgets")]:
            del scripts[key]


def add_widgets(app, pagename, templatename, context, doctree):
    """Give a page with widgets their first states, modules and styles; spare others the host."""
    scripts = context["script_files"]
    # Jupyter Book puts every script of `_static` on every page, undeferred.
    scripts[:] = [s for s in scripts if not str(getattr(s, "filename", s)).endswith(HOST)]
    body = context.get("body") or ""
    names = sorted({found["name"] for found in PLACEHOLDER.finditer(body)})
    if not names:
        return
    # In the head: the room for a widget must be known before the page is first drawn.
    context["metatags"] = context.get("metatags", "") + f"\n<style>{style_source(*names)}</style>"
    context["body"] = PLACEHOLDER.sub(with_still, body) + "".join(map(module_script, names))
    app.add_js_file(HOST, loading_method="defer")


def with_still(found):
    """Put the first state into a placeholder: to be seen, not to be used."""
    still = stills.draw(found["name"], found["state"])
    return f'{found[0]}<div class="ckw-still" inert aria-hidden="true">{still}</div>'


stills = Stills()


def setup(app):
    """Connect to Sphinx."""
    app.connect("env-updated", drop_ipywidgets)
    app.connect("html-page-context", add_widgets, priority=900)
    app.connect("build-finished", stills.stop)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
