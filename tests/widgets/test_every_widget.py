"""What holds for each widget: it is found by its folder, and no test here knows its name."""

import contextlib
import functools
import gzip
import json
import re
import subprocess

import pytest
from hand import axe, live, mounted
from paths import NODE
from some import some
from static_widgets import drawing, still_of

from cnnkit import widgets
from cnnkit.widgets.__main__ import example
from cnnkit.widgets.base import Widget, module_source, style_source

# ---- in Python --------------------------------------------------------------------------------


def test_its_folder_gives_names_of_its_own(widget):
    kinds = {type(example(widget)).__name__: type(example(widget))}
    (name, kind) = kinds.popitem()
    assert getattr(widgets, name).__name__ == name and name in widgets.__all__
    assert kind.__module__ == f"cnnkit.widgets.{widget}"
    # A function named like its folder would be hidden by the folder once that is imported.
    assert not set(widgets.__all__) & set(widgets.found())


def test_the_twin_holds_the_state(widget):
    figure = example(widget)
    data, _ = figure._repr_mimebundle_()
    text = re.search(r'<script type="application/json">(.*?)</script>', data["text/html"]).group(1)
    state = json.loads(text)
    assert "application/vnd.jupyter.widget-view+json" in data
    assert {"layout", "tabbable", "tooltip"}.isdisjoint(state)
    assert state and not [key for key in state if key.startswith("_")]
    assert figure._label != Widget._label
    assert f"{type(figure).__name__}: {figure._label}" == data["text/plain"]


def test_the_joined_module_is_one_module(widget, tmp_path):
    source = module_source(widget)
    assert not re.search(r"^import ", source, re.MULTILINE)
    (tmp_path / "one.mjs").write_text(source, encoding="utf-8")
    address = (tmp_path / "one.mjs").as_uri()
    check = f"import d from '{address}'; process.stdout.write(typeof d.render)"
    command = [NODE, "--input-type=module", "-e", check]
    done = subprocess.run(command, capture_output=True, text=True, timeout=30)
    assert (done.stdout, done.stderr) == ("function", ""), (
        f"{widget}.mjs does not run as one module with its imports:\n{done.stderr}"
    )


def test_it_is_light(widget):
    """Its code and styles; data such as trained weights stand in a module of their own."""
    others = [p for p in (widgets.HERE / widget).glob("*.mjs") if p.stem != widget]
    data = sum(len(gzip.compress(p.read_bytes(), 9)) for p in others)
    code = (module_source(widget) + style_source(widget)).encode()
    assert len(gzip.compress(code, 9)) - data <= 14_000
    assert data <= 15_000


def test_its_still_is_the_same_at_every_build(widget):
    """And it is not found by what looks for the living figure."""
    state = json.dumps(example(widget)._state())
    drawn = []
    for _ in range(2):
        drawn += [still_of(widget, state), still_of(widget, state)]
        drawing.stop()
    assert len(set(drawn)) == 1
    assert example(widget)._module in drawn[0] and not re.search(r'\b(id|for|name)="', drawn[0])


# ---- in the page of a book --------------------------------------------------------------------


@pytest.mark.parametrize("scheme", ["http", "file"])
def test_its_first_state_teaches(widget, scheme, all_living):
    page = all_living(scheme=scheme)
    box = mounted(page, widget)
    assert box.locator(".ck-title").inner_text()
    said = box.inner_text()
    assert len(said) > 150, (
        f"{len(said)} letters on {widget}; expected more than 150. Let its hint and live text say "
        f"what to do and what it shows: {said!r}"
    )
    assert len(live(box)) > 20 or box.locator(".ck-hidden[role=status]").count()
    assert page.locator(".ckw-error").count() == 0
    assert page.errors == []
    assert page.asked == (set() if scheme == "file" else {page.url.split("/")[2]})


@pytest.mark.parametrize(
    ("theme", "width"),
    [pytest.param("light", 1280, marks=pytest.mark.slow), ("dark", 375)],
)
def test_axe_finds_nothing(widget, theme, width, all_living):
    page = all_living(theme=theme, width=width)
    assert axe(mounted(page, widget)) == []


@pytest.mark.parametrize("width", some([320, 390, 768, 1200], [320]))
def test_nothing_sticks_out(widget, width, all_living):
    page = all_living(width=width)
    assert mounted(page, widget).evaluate("e => e.scrollWidth <= e.clientWidth + 1")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_both_themes(widget, all_living):
    """It is dark on light and light on dark: the page's own ground, and its own ink on it."""
    colours = {}
    for theme, width in {"light": 1280, "dark": 375}.items():
        box = mounted(all_living(theme=theme, width=width), widget)
        read = "e => [getComputedStyle(e).backgroundColor, getComputedStyle(e).color]"
        channels = [re.findall(r"\d+", colour) for colour in box.evaluate(read)]
        colours[theme] = [sum(map(int, rgb[:3])) for rgb in channels]
    (paper, ink), (night, chalk) = colours["light"], colours["dark"]
    assert paper > 600 > ink and night < 200 < 450 < chalk


def test_words_in_a_drawing_have_the_ink_of_the_page(widget, all_living):
    """Axe does not look at them, and SVG writes in black where nothing else is said."""
    box = mounted(all_living(theme="dark", width=375), widget)
    black = box.evaluate(
        "e => [...e.querySelectorAll('svg text')]"
        ".filter(e => getComputedStyle(e).fill === 'rgb(0, 0, 0)').map(e => e.textContent)"
    )
    assert black == [], f"give them a `fill` in {widget}.css, as live_training.css does"


def test_a_finger_hits_what_it_aims_at(widget, all_living):
    """WCAG asks for targets of 24 pixels."""
    box = mounted(all_living(theme="dark", width=375), widget)
    small = box.evaluate(
        "e => [...e.querySelectorAll('button, select, input[type=number]')]"
        ".filter(e => e.offsetWidth && (e.offsetWidth < 24 || e.offsetHeight < 24))"
        ".map(e => e.outerHTML)"
    )
    assert small == []


@pytest.mark.parametrize("width", some([390, 1200, 1440], [390]))
def test_it_has_its_room_before_it_lives(widget, width, all_living, still_heights):
    page = all_living(width=width)
    lives = mounted(page, widget).evaluate("e => e.getBoundingClientRect().height")
    assert still_heights(width)[widget] == pytest.approx(lives, abs=1)
    assert page.evaluate("window.shift") < 0.02  # the theme's fonts move a line


@pytest.fixture(scope="session")
def still_heights(browser, book_url):
    """How high each figure is in a page in which nothing comes to life."""

    @functools.cache
    def measure(width):
        with contextlib.closing(browser.new_page(viewport={"width": width, "height": 900})) as page:
            page.route("**/widget-host.js*", lambda route: route.abort())
            page.goto(f"{book_url}/all.html")
            return page.evaluate(
                "Object.fromEntries([...document.querySelectorAll('.ckw-host')].map(host => ["
                "host.dataset.cnnkitWidget,"
                "host.querySelector('.ckw-still .ckw').getBoundingClientRect().height]))"
            )

    return measure


def test_no_javascript_still_shows_it_and_says_so(widget, open_all):
    host = open_all(java_script_enabled=False).locator(f'[data-cnnkit-widget="{widget}"]')
    words = host.locator(".ckw-fallback")
    assert words.is_visible()
    assert host.locator(".ckw-still .ck-title").is_visible() or "Is it right?" in words.inner_text()


def test_paper_shows_it(widget, all_on_paper):
    """Ink on white paper, without what paper cannot press."""
    box = all_on_paper.locator(f'[data-cnnkit-widget="{widget}"] .ckw')
    assert box.is_visible() and box.locator(".ck-title").is_visible()
    assert box.evaluate("e => getComputedStyle(e).backgroundColor") == "rgb(255, 255, 255)"
    tools = box.locator(".ck-noprint").all()
    assert not any(tool.is_visible() for tool in tools)


def test_nothing_moves_for_who_wants_no_motion(widget, all_living, show):
    calm = mounted(all_living(reduced_motion="reduce"), widget)
    moving = "e => [...e.querySelectorAll('*')].filter(e => parseFloat(getComputedStyle(e)."
    assert calm.evaluate(moving + "transitionDuration) > 0).length") == 0
    box = show(example(widget), reduced_motion="reduce")
    for button in box.get_by_role("button", name="Play").all():
        button.click()
        assert button.inner_text() == "Play"  # it is at the end at once


def test_keys_reach_all_of_it_and_nothing_around_it(widget, show):
    """Each Tab stop can be seen, and no key but Tab leaves the widget (for JupyterLab's hands)."""
    box = show(example(widget))
    page = box.page
    page.evaluate("document.addEventListener('keydown', e => (window.leaked ??= []).push(e.key))")
    box.evaluate("e => { e.tabIndex = -1; e.focus(); e.removeAttribute('tabindex'); }")
    stops = 0
    for _ in range(100):
        page.keyboard.press("Tab")
        look = box.evaluate(
            "e => e.contains(document.activeElement) && (s => [parseFloat(s.outlineWidth), "
            "s.outlineStyle])(getComputedStyle(document.activeElement))"
        )
        if not look:
            break
        stops += 1
        assert look[0] >= 2 and look[1] == "solid", page.evaluate(
            "document.activeElement.outerHTML"
        )
        page.keyboard.press("ArrowDown")
        page.keyboard.press("x")
    assert 0 < stops < 100
    reachable = (
        "button:not(:disabled), select, input:not([type=radio]), .ck-active, canvas[tabindex]"
    )
    assert stops >= box.locator(reachable).filter(visible=True).count()
    assert set(page.evaluate("window.leaked")) == {"Tab"}


# ---- in JupyterLab ----------------------------------------------------------------------------


def test_it_lives_in_jupyterlab(widget, lab):
    lab.page.errors.clear()
    box = lab.show(f"from cnnkit.widgets.__main__ import example\nexample({widget!r})")
    assert box.locator(".ck-title").inner_text()
    assert lab.page.locator(".ckw-fallback").count() == 0
    # Keys that a widget uses do nothing to the notebook around it.
    box.locator("button:enabled, input, [tabindex='0']").first.focus()
    for key in ("ArrowUp", "a", "d", "d", "ArrowDown", "b", "x"):
        lab.page.keyboard.press(key)
    assert lab.cells.count() == 2
    assert box.locator(":focus").count() == 1
    assert lab.page.asked == {lab.page.url.split("/")[2]}
    assert [e for e in lab.page.errors if "ckw" in e or "anywidget" in e] == []
