"""Show one widget while you work on it: `python -m cnnkit.widgets NAME`, then reload the page.

It writes `_build/widgets/NAME.html`, a page of its own, and prints the page's address.
"""

import importlib
import sys
from pathlib import Path

from cnnkit.widgets import HERE, found
from cnnkit.widgets.base import Widget, module_script, style_source

COURSE = HERE.parent.parent
PAGE = """\
<!doctype html>
<html lang="en" data-theme="light">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{name}</title>
<style>
html {{ --pst-color-background: #fff; --pst-color-text-base: #1f2937; }}
html[data-theme="dark"] {{ --pst-color-background: #14181e; --pst-color-text-base: #ced6dd; }}
body {{ margin: 1rem; font-family: system-ui; background: var(--pst-color-background); }}
{style}
</style>
<button onclick="
  const {{ dataset }} = document.documentElement;
  dataset.theme = dataset.theme === 'dark' ? 'light' : 'dark';
">light or dark</button>
<main>{figures}</main>
{module}
<script>{host}</script>
</html>
"""


def page_of(*figures: Widget) -> str:
    """Write a page that shows some widgets of one kind, and needs nothing else."""
    (name,) = {figure._module for figure in figures}
    return PAGE.format(
        name=name,
        style=style_source(name),
        figures="".join(figure._repr_mimebundle_()[0]["text/html"] for figure in figures),
        module=module_script(name),
        host=(COURSE / "_static" / "widget-host.js").read_text(encoding="utf-8"),
    )


def example(name: str) -> Widget:
    """Make the widget of a folder as it is without arguments."""
    module = importlib.import_module(f"cnnkit.widgets.{name}")
    kinds = [getattr(module, public) for public in module.__all__]
    return next(k for k in kinds if isinstance(k, type) and issubclass(k, Widget))()


def main(arguments: list[str]) -> None:
    """Write the page of the widget that is named, and print its address."""
    if len(arguments) != 1 or arguments[0] not in found():
        sys.exit(
            f"Got {' '.join(arguments) or 'no name'!r}; expected the name of one widget: "
            f"{', '.join(found())}. Write: python -m cnnkit.widgets {found()[0]}"
        )
    (name,) = arguments
    page = Path("_build", "widgets", f"{name}.html").resolve()
    page.parent.mkdir(parents=True, exist_ok=True)
    page.write_text(page_of(example(name)), encoding="utf-8")
    print(page.as_uri())


if __name__ == "__main__":
    main(sys.argv[1:])
