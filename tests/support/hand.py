"""What a hand does with a widget in a page, and what it can see of it."""

from paths import ROOT
from playwright.sync_api import Error

AXE = ROOT / "node_modules" / "axe-core" / "axe.min.js"
FIND = """async (box) => (await axe.run(box, {runOnly: {type: 'tag', values:
  ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']}}))
  .violations.map(v => [v.id, v.nodes.length, v.nodes[0].html, v.nodes[0].failureSummary])"""


def mounted(page, name):
    """The living widget of this name in a page."""
    host = page.locator(f'[data-cnnkit-widget="{name}"]').first
    host.scroll_into_view_if_needed()
    try:
        host.locator(".ckw-slot > :not(.ckw-still) > .ckw").wait_for()
    except Error as late:
        complaints = "; ".join(getattr(page, "errors", [])) or "nothing"
        raise AssertionError(f"{name} does not live; the page complains: {complaints}") from late
    return host.locator(".ckw")


def state(box, key):
    """A trait of a widget in a page."""
    return box.evaluate("(e, k) => e.closest('[data-cnnkit-widget]').ckwModel.get(k)", key)


def hold_clock(box):
    """Stop the page's clock, and give what lets some of its milliseconds pass.

    So a figure that plays makes its steps when a test says so, however busy the machine is.
    """
    clock = box.page.clock
    clock.install()
    clock.pause_at(box.page.evaluate("Date.now()") + 1000)
    return clock.run_for


def live(box):
    """What a screen reader is told."""
    return box.locator("[role=status]").inner_text()


def numbers_of(box, grid):
    """The numbers in a grid of this name."""
    cells = box.get_by_role("grid", name=grid).get_by_role("gridcell").all_inner_texts()
    return [float(text.replace("−", "-")) for text in cells]


def tab_to(box, selector):
    """Tab to the first match from the start of the widget, as a person would."""
    box.evaluate("e => { e.tabIndex = -1; e.focus(); e.removeAttribute('tabindex'); }")
    for _ in range(40):
        box.page.keyboard.press("Tab")
        if box.page.evaluate("s => document.activeElement.matches(s)", selector):
            return
    raise AssertionError(f"no Tab stop at {selector}")


def axe(box):
    """What axe finds wrong in a widget, once its colours have stopped moving."""
    page = box.page
    page.wait_for_function("() => document.getAnimations().every(a => a.playState === 'finished')")
    if not page.evaluate("'axe' in window"):
        page.add_script_tag(path=AXE)
    return box.evaluate(FIND)
