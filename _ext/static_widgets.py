"""Sphinx extension: the widgets of `cnnkit.widgets` on a static page.

A notebook's widget leaves a placeholder in the page. This extension gives the page what brings it
to life, and only where it is needed: each used module's source once, its styles, and the host
script. It drops what ipywidgets would add (all widget state, scripts from other servers).
"""

import re

from cnnkit.widgets.base import module_source, style_source

HOST = "widget-host.js"
PLACEHOLDER = re.compile(r'data-cnnkit-widget="([a-z_]+)"')


def drop_ipywidgets(app, env):
    """Forget the widget state that myst-nb stores: it holds each module once per widget."""
    for metadata in getattr(env, "nb_metadata", {}).values():
        scripts = metadata.get("js_files", {})
        for key in [key for key in scripts if key.startswith("ipywidgets")]:
            del scripts[key]


def add_widgets(app, pagename, templatename, context, doctree):
    """Give a page with widgets their modules and styles; spare all other pages the host."""
    scripts = context["script_files"]
    # Jupyter Book puts every script of `_static` on every page, undeferred.
    scripts[:] = [s for s in scripts if not str(getattr(s, "filename", s)).endswith(HOST)]
    body = context.get("body") or ""
    names = sorted(set(PLACEHOLDER.findall(body)))
    if not names:
        return
    # In the head: the room for a widget must be known before the page is first drawn.
    context["metatags"] = context.get("metatags", "") + f"\n<style>{style_source(*names)}</style>"
    sources = []
    for name in names:
        source = module_source(name)
        if "</script" in source:
            raise ValueError(f"{name}.mjs holds '</script', which would end its block in the page")
        sources.append(f'<script type="text/plain" data-cnnkit-module="{name}">{source}</script>')
    context["body"] = body + "".join(sources)
    app.add_js_file(HOST, loading_method="defer")


def setup(app):
    """Connect to Sphinx."""
    app.connect("env-updated", drop_ipywidgets)
    app.connect("html-page-context", add_widgets, priority=900)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
