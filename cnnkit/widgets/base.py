"""What all widgets share: the module that runs, arrays as traits, and the twin for the page."""

import html
import json
import re

import anywidget
import numpy as np
import traitlets

from cnnkit.widgets import HERE

# `import { one, two } from "../base.mjs";`, on one line or on several.
_NAMES = r"\s*\w+(?:\s*,\s*\w+)*\s*,?\s*"
_IMPORT = re.compile(rf'^import \{{{_NAMES}\}} from "(\.[^"]+)";\n', re.MULTILINE)
# What a browser does not need: comments on lines of their own, and indentation.
_COMMENT = re.compile(r"^\s*(?://[^\n]*|/\*\*.*?\*/)\n", re.MULTILINE | re.DOTALL)
_INDENT = re.compile(r"^\s+", re.MULTILINE)
# Traits of every ipywidget that say nothing about the figure.
_PLUMBING = {"layout", "tabbable", "tooltip", "comm"}


def module_source(name: str) -> str:
    """Give the one ES module of a widget: what it imports, then its own, without comments."""
    pieces = dict(_with_imports(HERE / name / f"{name}.mjs"))
    source = _INDENT.sub("", _COMMENT.sub("", "".join(pieces.values())))
    if strange := re.search(r"^(import .*|.*</script.*)", source, re.MULTILINE):
        raise ValueError(
            f"{name}.mjs has the line {strange[0]!r}, but it is sent as one module inside a script "
            'of the page. Import by name from a file beside it, `import { h } from "../base.mjs";`,'
            " and split '</script' in two."
        )
    return source


def module_script(name: str) -> str:
    """Give a widget's module as text in a page, for ``_static/widget-host.js`` to find."""
    return f'<script type="text/plain" data-cnnkit-module="{name}">{module_source(name)}</script>'


def _with_imports(path):
    """Give the files that make up a module, each after those that it imports."""
    text = path.read_text(encoding="utf-8")
    for other in _IMPORT.findall(text):
        yield from _with_imports((path.parent / other).resolve())
    yield path, _IMPORT.sub("", text)


def style_source(*names: str) -> str:
    """Give the stylesheet of some widgets: the shared rules once, then those of each."""
    files = [HERE / "base.css", *(HERE / name / f"{name}.css" for name in names)]
    rules = "".join(file.read_text(encoding="utf-8") for file in files)
    rules = re.sub(r"/\*.*?\*/", "", rules, flags=re.DOTALL)
    return re.sub(r"\s*([{};])\s*", r"\1", re.sub(r"\s+", " ", rules))


class Array(traitlets.TraitType):
    """A trait that holds a read-only NumPy array and travels as nested lists.

    Parameters
    ----------
    default : array_like
    ndim : int or tuple of int
        How many axes the array may have.
    what : str
        What the axes mean, for the message of a wrong shape.
    """

    def __init__(self, default, ndim, what="", **kwargs):
        self.ndims = (ndim,) if isinstance(ndim, int) else tuple(ndim)
        self.what = what
        super().__init__(frozen(default), **kwargs)
        self.tag(
            sync=True,
            to_json=lambda value, widget: plain(value),
            from_json=lambda value, widget: value,
        )

    def validate(self, obj, value):
        """Turn anything array-like into the array that is kept."""
        try:
            array = frozen(value)
        except (TypeError, ValueError):
            raise traitlets.TraitError(
                f"{type(obj).__name__}.{self.name} needs numbers in rows of one length, "
                f"such as a NumPy array or a list of lists; got {value!r}."
            ) from None
        if array.ndim not in self.ndims or array.size == 0:
            expected = " or ".join(str(n) for n in self.ndims)
            raise traitlets.TraitError(
                f"{type(obj).__name__}.{self.name} has {expected} axes{self.what}; "
                f"got an array of shape {array.shape}."
            )
        if not np.isfinite(array).all():
            raise traitlets.TraitError(
                f"{type(obj).__name__}.{self.name} holds nan or infinity. "
                "Replace them first, e.g. with numpy.nan_to_num."
            )
        return array


def frozen(value):
    """Give a float64 copy that cannot be changed in place (a change would not reach the page)."""
    if hasattr(value, "detach"):  # a PyTorch tensor, wherever it lives
        value = value.detach().cpu().numpy()
    array = np.array(value, dtype=np.float64)
    array.setflags(write=False)
    return array


def plain(value):
    """Give nested lists with short numbers: whole ones as int, others with 7 digits."""
    if isinstance(value, np.ndarray):
        value = value.tolist()
    if isinstance(value, list | tuple):
        return [plain(v) for v in value]
    if isinstance(value, float):
        return int(value) if value.is_integer() else float(f"{value:.7g}")
    return value


def at_most(side, shape, what):
    """Refuse more pixels than can be shown."""
    if max(shape) > side:
        raise traitlets.TraitError(
            f"{what} has shape {tuple(shape)}; up to {side} × {side} pixels can be shown. Crop it "
            "or keep every n-th pixel, e.g. image[::4, ::4]."
        )


def kernel_fits(kernel, image, what):
    """Refuse a kernel that is larger than the image."""
    if kernel[0] > image[0] or kernel[1] > image[1]:
        raise ValueError(
            f"{what}: a kernel of {kernel[0]} × {kernel[1]} does not fit into an image of "
            f"{image[0]} × {image[1]}. Take a smaller kernel or pad the image."
        )


class Widget(anywidget.AnyWidget):
    """An anywidget that also shows on a static page.

    A subclass stands in a folder of `cnnkit.widgets`, whose module and styles it takes, says in
    ``_label`` what it shows, and needs no argument to show something worth seeing. Its
    representation holds the live widget for JupyterLab and, beside it, a placeholder in HTML: the
    state as JSON, and a sentence for readers without JavaScript. ``_ext/static_widgets.py`` puts
    the first state of the figure into the placeholder; ``_static/widget-host.js`` brings it to
    life.
    """

    _module = ""
    _label = "interactive figure"

    def __init_subclass__(cls, **kwargs):
        """Take the module and the styles that lie beside the class."""
        package, _, name = cls.__module__.rpartition(".")
        if package == __package__ and name != cls._module:
            cls._module, cls._esm, cls._css = name, module_source(name), style_source(name)
        super().__init_subclass__(**kwargs)

    def _state(self):
        keys = [k for k in self.traits(sync=True) if not k.startswith("_") and k not in _PLUMBING]
        return {key: plain(getattr(self, key)) for key in keys}

    def _without_javascript(self) -> str:
        """HTML for readers without JavaScript."""
        return (
            f"<p>Here stands an interactive figure: {html.escape(self._label)}. "
            "It needs JavaScript, which is off or missing in this browser; "
            "the text around it says what it shows.</p>"
        )

    def _repr_mimebundle_(self, **kwargs):
        bundle = super()._repr_mimebundle_(**kwargs)
        if bundle is None:
            return None
        data, metadata = bundle
        state = json.dumps(self._state(), separators=(",", ":"), ensure_ascii=False)
        state = state.replace("<", "\\u003c")  # no text may end the script block
        data["text/plain"] = f"{type(self).__name__}: {self._label}"
        data["text/html"] = (
            f'<div class="ckw-host" data-cnnkit-widget="{self._module}">'
            f'<script type="application/json">{state}</script><div class="ckw-slot">'
            f'<div class="ckw-fallback">{self._without_javascript()}</div></div></div>'
        )
        return data, metadata
