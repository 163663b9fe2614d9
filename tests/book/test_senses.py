"""A page for who listens, who has keys alone, and who needs other colours."""

import io
import itertools
import re

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import expect
from reader import FEW, scroll_through
from some import some

HEARD = "chapters/05-fully-connected-and-softmax"
CHAPTERS = [name for name in FEW if name.startswith("chapters/")]
# Where the keys are: on what, can it be seen, and does it stand on the screen.
FOCUS = """() => {
  const here = document.activeElement, style = getComputedStyle(here);
  const box = here.getBoundingClientRect();
  const ring = style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) > 0;
  const shadow = style.boxShadow.replace(/rgba\\(\\d+, \\d+, \\d+, 0\\)[^,]*/, '');
  return {
    name: (here.ariaLabel || here.title || here.innerText || here.alt || '').slice(0, 40),
    body: here === document.body,
    ringed: ring || /px/.test(shadow),
    there: box.width > 0 && box.bottom > 0 && box.top < innerHeight,
  };
}"""


@pytest.fixture
def heard(site_url, open_page):
    """A chapter as a screen reader is given it: one line for each thing, with its role."""
    page = open_page(f"{site_url}/{HEARD}.html")
    scroll_through(page)
    return page.locator("article.bd-article").aria_snapshot()


def test_who_listens_is_led_by_headings_without_a_gap(heard):
    levels = [int(level) for level in re.findall(r'heading ".*" \[level=(\d)\]', heard)]
    assert levels[0] == 1 and levels.count(1) == 1 and len(levels) > 8
    assert all(after <= before + 1 for before, after in itertools.pairwise(levels))


def test_who_listens_is_told_each_picture_and_each_formula(heard):
    pictures = [
        re.search(r'img "(.+?)"', line)
        for line in heard.splitlines()
        if re.search(r"- '?img", line)
    ]
    told = [found[1] for found in pictures if found and found[1] != "Copy to clipboard"]
    assert all(pictures) and len(told) >= 5 and min(map(len, told)) > 30
    formulas = re.findall(r"- math: (.+)", heard)
    assert len(formulas) >= 3 and all(len(formula) > 4 for formula in formulas)
    assert "logit k = b k + ∑ i w k , i x i" in formulas


def test_who_listens_can_answer_and_hears_what_is_wrong(site_url, open_page):
    page = open_page(f"{site_url}/{HEARD}.html")
    question = page.locator(".ckw-self_check").first
    question.scroll_into_view_if_needed()
    answers = question.get_by_role("button")
    answers.nth(2).wait_for()  # it has come to life
    assert all(answers.nth(i).inner_text() for i in range(3))
    answers.first.press("Enter")
    expect(question.locator("[role=status]")).to_have_text(re.compile("^(Right|Not)"))


@pytest.mark.parametrize("name", some(CHAPTERS, CHAPTERS[:1]))
def test_keys_alone_go_through_a_whole_page_and_are_seen(name, site_url, open_page):
    """No trap, no step that cannot be seen, and the reader's own order: down the page."""
    page = open_page(f"{site_url}/{name}")
    stops = []
    for _ in range(500):
        page.keyboard.press("Tab")
        stop = page.evaluate(FOCUS)
        if not (stop["body"] or stop["there"]):  # the way to the text slides in
            page.wait_for_timeout(1000)
            stop = page.evaluate(FOCUS)
        if stop["body"]:
            break
        stops.append(stop)
    assert stop["body"], f"the keys never leave the page: the last was {stops[-1]}"
    assert len(stops) > 60
    assert [stop for stop in stops if not stop["there"]] == []
    assert [stop for stop in stops if not stop["ringed"]] == []


def test_what_is_printed_by_a_cell_has_no_button_of_its_own(site_url, open_page):
    page = open_page(f"{site_url}/{HEARD}.html")
    page.wait_for_selector(".cell_input .copybtn", state="attached")
    assert page.locator(".cell_output .copybtn").count() == 0
    cells = page.locator(".cell_input div.highlight pre").count()
    assert page.locator(".cell_input .copybtn").count() == cells > 10


def test_colours_that_are_the_picture_stay_where_the_system_chooses_the_others(site_url, open_page):
    page = open_page(f"{site_url}/chapters/02-convolution.html", forced_colors="active")
    widget = page.locator(".ckw-convolution_stepper").first
    widget.scroll_into_view_if_needed()
    page.wait_for_function("!document.querySelector('.ckw-convolution_stepper .ckw-still')")
    cells = widget.locator(".ck-cell")
    shown = {
        cells.nth(i).evaluate("cell => getComputedStyle(cell).backgroundColor")
        for i in range(cells.count())
    }
    assert len(shown) >= 3, "zeros, ones and the results differ"
    pressed = widget.locator(".ck-button[aria-pressed=true]").first
    other = widget.locator(".ck-button[aria-pressed=false]").first
    ground = "button => getComputedStyle(button).backgroundColor"
    assert pressed.evaluate(ground) != other.evaluate(ground)
    assert colours(widget.screenshot()) > 5


def colours(png):
    """How many colours take more than a thousandth of a picture each."""
    pixels = np.asarray(Image.open(io.BytesIO(png)).convert("RGB")).reshape(-1, 3)
    _, counts = np.unique(pixels // 16, axis=0, return_counts=True)
    return int((counts > len(pixels) / 1000).sum())


def test_at_four_times_the_size_a_line_still_fits(site_url, open_page):
    """1,280 pixels at 400 % are 320: nothing has to be scrolled sideways to be read."""
    page = open_page(f"{site_url}/{HEARD}.html", width=320, height=256, device_scale_factor=4)
    assert page.evaluate("document.documentElement.scrollWidth") <= 320
    cut = page.evaluate(
        """() => [...document.querySelectorAll('.bd-article p, .bd-article li')]
          .filter(text => text.checkVisibility() && text.getBoundingClientRect().right > 321)
          .map(text => text.innerText.slice(0, 40))"""
    )
    assert cut == []
