"""Sphinx extension: the widgets of `cnnkit.widgets` on a static page.

A notebook's widget leaves a placeholder in the page. This extension puts the first state of the
figure into it, drawn by the widget's own module in Node.js: so the figure has its room before it
lives, and paper and readers without JavaScript have it too. And it gives the page what brings the
figure to life, only where it is needed: each used module's source once, its styles, and the host
script. It drops what ipywidgets would add (all widget state, scripts from other servers).
"""

import json
import re
from pathlib import Path

from node import Node
from sphinx.errors import ExtensionError

from cnnkit.widgets import HERE
from cnnkit.widgets.base import module_script, style_source

HOST = "widget-host.js"
STILL = Path(__file__).with_name("still.mjs")
PLACEHOLDER = re.compile(
    r'data-cnnkit-widget="(?P<name>\w+)"><script type="application/json">(?P<state>.*?)</script>'
    r'<div class="ckw-slot">',
    re.DOTALL,
)


drawing = Node([str(STILL)], "linkedom", "the first state of a widget is drawn with linkedom")


def still_of(name, state):
    """Give a widget's first state as HTML."""
    answer = drawing.ask([(HERE / name / f"{name}.mjs").as_uri(), json.loads(state)])
    if "error" in answer:
        remedy = (
            f"Mend {name}.mjs or what it imports; together they may declare a name only once."
            if answer["error"].startswith("SyntaxError")
            else "Let `render` use `document` alone, and ask for sizes on the screen, or for "
            "`window`, only when a hand moves something."
        )
        raise ExtensionError(
            f"the first state of the widget {name!r} cannot be drawn without a browser: "
            f"{answer['error']}\n{remedy}"
        )
    return answer["html"]


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
    still = still_of(found["name"], found["state"])
    return f'{found[0]}<div class="ckw-still" inert aria-hidden="true">{still}</div>'


def setup(app):
    """Connect to Sphinx."""
    app.connect("env-updated", drop_ipywidgets)
    app.connect("html-page-context", add_widgets, priority=900)
    app.connect("build-finished", drawing.stop)
    # One process draws for all pages: a second writer would read the other's answers.
    return {"parallel_read_safe": True, "parallel_write_safe": False}
