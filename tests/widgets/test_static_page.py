"""Widgets on the pages of a book: what a page carries, and what happens when one breaks."""

import re

import pytest
import static_widgets
from hand import mounted, state
from sphinx.errors import ExtensionError

from cnnkit import widgets
from cnnkit.widgets import SoftmaxLoss
from cnnkit.widgets.__main__ import main
from cnnkit.widgets.base import module_source

WIDGETS = widgets.found()


def test_pages_carry_only_what_they_use(book):
    pages = {p.stem: p.read_text(encoding="utf-8") for p in book.glob("*.html")}
    assert "widget-host" not in pages["index"] and "ckw" not in pages["index"]
    for page, names in {"all": set(WIDGETS), "two": {"softmax_loss"}}.items():
        text = pages[page]
        carried = re.findall(r'data-cnnkit-module="(\w+)"', text)
        assert sorted(carried) == sorted(names)
        assert len(re.findall(r"<script[^>]*widget-host\.js[^>]*>", text)) == 1
        assert re.search(r'<script defer="defer"[^>]*widget-host\.js', text)
        for foreign in ("requirejs", "html-manager", "vnd.jupyter.widget-state", "cdn"):
            assert foreign not in text
    assert pages["two"].count("data-cnnkit-widget=") == 2


def test_each_id_in_a_page_is_one_of_its_kind(all_living):
    names = all_living().evaluate("[...document.querySelectorAll('.ckw [id]')].map(e => e.id)")
    assert names and len(names) == len(set(names))


def test_canvases_have_the_colours_of_the_page():
    script, style = ((widgets.HERE / f"base.{kind}").read_text() for kind in ("mjs", "css"))
    palette = re.search(r"PALETTE = \{(.*?)\};", script, re.DOTALL).group(1)
    light, dark = re.findall(r'\["(#\w+)", "(#\w+)", "(#\w+)"\]', palette)
    rules = re.findall(r"--ck-pos: (#\w+);\s*--ck-neg: (#\w+);\s*--ck-zero: (#\w+);", style)
    assert [(zero, pos, neg) for pos, neg, zero in rules] == [light, dark, light]


def test_printing_brings_all_to_life(all_on_paper):
    assert all_on_paper.living_before < len(WIDGETS)
    assert all_on_paper.locator("[data-cnnkit-widget][data-ready=yes]").count() == len(WIDGETS)


def test_one_broken_widget_stops_nothing_else(book, tmp_path, open_page, serve):
    throwing, unreadable, *whole = WIDGETS
    text = re.sub(
        rf'(data-cnnkit-module="{throwing}">).*?(</script>)',
        r"\1export default { render() { throw new Error('no <weights> here'); } };\2",
        (book / "all.html").read_text(encoding="utf-8"),
        flags=re.DOTALL,
    )
    opening = f'data-cnnkit-module="{unreadable}">'
    text = text.replace(opening, f"{opening} this is not JavaScript ")
    (tmp_path / "all.html").write_text(text, encoding="utf-8")
    (tmp_path / "_static").symlink_to(book / "_static")
    with serve(tmp_path) as url:
        page = open_page(f"{url}/all.html")
        for name in whole:
            mounted(page, name)
        for name, message in {throwing: "no <weights> here", unreadable: "Unexpected"}.items():
            host = page.locator(f'[data-cnnkit-widget="{name}"]')
            host.scroll_into_view_if_needed()
            assert message in host.locator(".ckw-error").inner_text()
            assert host.locator(".ckw-still .ck-title").is_visible()
        box = mounted(page, "softmax_loss")
        box.get_by_role("button", name="One step downhill").click()
        assert state(box, "logits") != [2, 1, 0.1, -1]


def test_a_widget_that_cannot_be_drawn_stops_the_build(monkeypatch, tmp_path):
    (tmp_path / "lamp").mkdir()
    module = "export default { render: ({ el }) => (el.style.width = window.innerWidth) };"
    (tmp_path / "lamp" / "lamp.mjs").write_text(module)
    monkeypatch.setattr(static_widgets, "HERE", tmp_path)
    message = r"'lamp' cannot be drawn without a browser: ReferenceError: window(?s:.*)only when"
    with pytest.raises(ExtensionError, match=message):
        static_widgets.still_of("lamp", "{}")
    static_widgets.drawing.stop()


def test_the_page_of_one_widget(tmp_path, monkeypatch, capsys, open_page):
    monkeypatch.chdir(tmp_path)
    main(["softmax_loss"])
    page = open_page(capsys.readouterr().out.strip())
    box = mounted(page, "softmax_loss")
    paper = box.evaluate("e => getComputedStyle(e).backgroundColor")
    page.get_by_role("button", name="light or dark").click()
    assert box.evaluate("e => getComputedStyle(e).backgroundColor") != paper
    assert (page.errors, page.offsite) == ([], [])


@pytest.mark.parametrize("given", [[], ["softmax"], ["softmax_loss", "five_cases"]])
def test_a_name_that_is_no_widget(given):
    with pytest.raises(SystemExit, match=r"expected the name of one widget: .*softmax_loss"):
        main(given)


@pytest.mark.parametrize(
    "line", ['import base from "../base.mjs";', 'import { h as make } from "../base.mjs";']
)
def test_an_import_that_cannot_be_joined_is_refused(line, tmp_path, monkeypatch):
    (tmp_path / "lamp").mkdir()
    (tmp_path / "lamp" / "lamp.mjs").write_text(f"{line}\nexport default {{ render() {{}} }};\n")
    monkeypatch.setattr("cnnkit.widgets.base.HERE", tmp_path)
    with pytest.raises(ValueError, match=r"lamp\.mjs has the line 'import .*Import by name"):
        module_source("lamp")


def test_a_module_that_would_end_its_block_in_the_page_is_refused(tmp_path, monkeypatch):
    (tmp_path / "lamp").mkdir()
    (tmp_path / "lamp" / "lamp.mjs").write_text("export const end = '</script>';\n")
    monkeypatch.setattr("cnnkit.widgets.base.HERE", tmp_path)
    with pytest.raises(ValueError, match=r"split '</script' in two"):
        module_source("lamp")


LAMP = """\
import traitlets
from cnnkit.widgets.base import Widget
__all__ = ["Lamp"]
class Lamp(Widget):
    _label = "a lamp"
    on = traitlets.Bool(True).tag(sync=True)
"""


def test_a_folder_is_a_widget(tmp_path, monkeypatch):
    """Three files in a folder, and nothing else: it is found, imported and joined."""
    folder = tmp_path / "lamp"
    folder.mkdir()
    (folder / "__init__.py").write_text(LAMP)
    module = 'import {\n  frame,\n  h,\n} from "../base.mjs";\nexport default { render() {} };\n'
    (folder / "lamp.mjs").write_text(module)
    (folder / "lamp.css").write_text(".ckw-lamp { color: red; }\n")
    for shared in ("base.mjs", "base.css"):
        (tmp_path / shared).symlink_to(widgets.HERE / shared)
    for module in ("cnnkit.widgets", "cnnkit.widgets.base"):
        monkeypatch.setattr(f"{module}.HERE", tmp_path)
    monkeypatch.setattr(widgets, "__path__", [*widgets.__path__, str(tmp_path)])
    monkeypatch.setattr(widgets, "_homes", widgets._homes.__wrapped__)
    assert widgets.found() == ["lamp"] and "Lamp" in dir(widgets)
    lamp = widgets.Lamp()
    assert lamp._esm.endswith("export default { render() {} };\n") and "function frame" in lamp._esm
    assert ".ckw-lamp{color: red;}" in lamp._css
    assert '{"on":true}' in lamp._repr_mimebundle_()[0]["text/html"]
    with pytest.raises(AttributeError, match="no attribute 'Torch'"):
        _ = widgets.Torch


def test_a_subclass_in_a_notebook_keeps_the_module():
    class Mine(SoftmaxLoss):
        """A widget with another default."""

    assert Mine()._module == "softmax_loss" and Mine()._esm == SoftmaxLoss()._esm
