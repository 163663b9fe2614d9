"""What all widgets share: the module that runs, arrays as traits, and the twin for the page."""

import html
import json
import re
from pathlib import Path

import anywidget
import numpy as np
import traitlets

JS = Path(__file__).parent / "js"
_IMPORT = re.compile(r'^import \{[^}]*\} from "\./([a-z.]+)\.mjs";\n', re.MULTILINE)
# What a browser does not need: comments on lines of their own, and indentation.
_COMMENT = re.compile(r"^\s*(?://[^\n]*|/\*\*.*?\*/)\n", re.MULTILINE | re.DOTALL)
_INDENT = re.compile(r"^\s+", re.MULTILINE)
# Traits of every ipywidget that say nothing about the figure.
_PLUMBING = {"layout", "tabbable", "tooltip", "comm"}


def module_source(name: str) -> str:
    """Give the one ES module of a widget: what it imports, then its own, without comments."""
    own = (JS / f"{name}.mjs").read_text(encoding="utf-8")
    parts = [(JS / f"{other}.mjs").read_text(encoding="utf-8") for other in _IMPORT.findall(own)]
    return _INDENT.sub("", _COMMENT.sub("", "".join([*parts, _IMPORT.sub("", own)])))


def style_source(*names: str) -> str:
    """Give the stylesheet of some widgets: the shared rules once, then those of each."""
    files = [JS / f"{name}.css" for name in ("base", *names)]
    rules = "".join(file.read_text(encoding="utf-8") for file in files if file.exists())
    return re.sub(r"\s*([{};])\s*", r"\1", rules)


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


class Widget(anywidget.AnyWidget):
    """An anywidget that also shows on a static page.

    A subclass names its module in ``_module`` and sets ``_esm`` and ``_css`` from it. Its
    representation holds the live widget for JupyterLab and, beside it, a placeholder in HTML:
    the state as JSON, room for the figure, and a sentence for readers without JavaScript.
    ``_static/widget-host.js`` brings the placeholder to life.
    """

    _module = ""
    _label = "interactive figure"
    _room = (320, 480)  # height in pixels on a wide page and on a phone

    def _state(self):
        keys = [k for k in self.traits(sync=True) if not k.startswith("_") and k not in _PLUMBING]
        return {key: plain(getattr(self, key)) for key in keys}

    def _still(self) -> str:
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
        wide, narrow = self._room
        data["text/plain"] = f"{type(self).__name__}: {self._label}"
        data["text/html"] = (
            f'<div class="ckw-host" data-cnnkit-widget="{self._module}">'
            f'<script type="application/json">{state}</script>'
            f'<div class="ckw-slot" style="--ck-height:{wide}px;--ck-height-narrow:{narrow}px">'
            f'<div class="ckw-fallback">{self._still()}</div></div></div>'
        )
        return data, metadata
