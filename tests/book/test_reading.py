"""Reading a page: code that is whole, a place that is known, a night that stays dark, paper."""

import pytest
from reader import AXE, PAGES, scroll_through
from some import some

CUT = """() => [...document.querySelectorAll('.bd-article div.highlight pre')]
  .filter(block => block.checkVisibility() && block.scrollWidth > block.clientWidth + 1)
  .map(block => block.innerText.split('\\n').sort((a, b) => b.length - a.length)[0])"""


@pytest.mark.parametrize("width", some([1000, 1100, 1200, 1280, 1440], [1000]))
def test_no_code_is_cut_on_a_desktop(width, site_url, open_page):
    page = open_page("about:blank", width=width)
    page.context.unroute("**/*")
    cut = {}
    for name in PAGES:
        page.goto(f"{site_url}/{name}", wait_until="load")
        if found := page.evaluate(CUT):
            cut[name] = found
    assert cut == {}


def test_a_phone_shows_that_code_goes_on(site_url, open_page):
    """A shade at the edge of the box, drawn where there is more and covered where there is not."""
    page = open_page(f"{site_url}/chapters/12-full-training.html", width=390)
    assert page.evaluate(CUT)
    shades = page.evaluate(
        """() => getComputedStyle(document.querySelector('.bd-article div.highlight pre'))
          .backgroundAttachment"""
    )
    assert shades.split(", ")[:4] == ["local", "local", "scroll", "scroll"]


def where(page):
    return page.evaluate(
        """() => {
          const links = [...document.querySelectorAll("#course-page-toc a")];
          const places = links.map(a => document.getElementById(a.hash.slice(1)));
          const heads = places.map(section => section.querySelector("h1,h2,h3"));
          const passed = heads.filter(head => head.getBoundingClientRect().top <= 170);
          const end = scrollY + innerHeight >= document.documentElement.scrollHeight - 2;
          return {
            said: links.filter(a => a.getAttribute("aria-current") === "true").map(a => a.hash),
            right: links[Math.max(passed.length - 1, 0)].hash, end,
          };
        }"""
    )


def test_the_contents_of_the_page_know_where_the_reader_is(site_url, open_page):
    page = open_page(f"{site_url}/chapters/02-convolution.html", width=1440)
    page.wait_for_selector("#course-page-toc a[aria-current]")
    height, steps = page.evaluate("document.documentElement.scrollHeight"), []
    for top in range(0, height, 450):
        page.evaluate(f"scrollTo({{top: {top}, behavior: 'instant'}})")
        page.wait_for_timeout(60)
        steps.append(where(page))
    assert len(steps) > 20 and len({step["right"] for step in steps}) > 8
    for step in steps:
        assert step["end"] or step["said"] == [step["right"]]
    page.keyboard.press("End")
    page.wait_for_timeout(900)
    (said,) = where(page)["said"]
    assert said == page.locator("#course-page-toc a").last.get_attribute("href")


def test_the_contents_of_the_book_begin_at_the_chapter(site_url, open_page):
    page = open_page(f"{site_url}/appendices/bibliography.html", width=1280, height=500)
    seen = page.evaluate(
        """() => {
          const side = document.querySelector(".bd-sidebar-primary");
          const [box, here] = [side, side.querySelector(".current > a")]
            .map(element => element.getBoundingClientRect());
          return here.top >= box.top && here.bottom <= box.bottom;
        }"""
    )
    assert seen


def test_a_first_visit_at_night_is_dark_before_any_script_arrives(site_url, open_page):
    page = open_page("about:blank", theme="dark")
    page.context.unroute("**/*")
    page.route("**/*.js*", lambda route: route.abort())
    page.goto(f"{site_url}/chapters/01-pixels.html", wait_until="load")
    assert page.evaluate("document.documentElement.dataset.theme") == "dark"
    red = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert sum(map(int, red[4:-1].split(", "))) < 150


def test_paper_is_white_whole_and_without_buttons(site_url, open_page):
    page = open_page(f"{site_url}/chapters/10-cats-and-dogs.html", theme="dark")
    scroll_through(page)
    theme = "document.documentElement.dataset.theme"
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    page.emulate_media(media="print")
    assert page.evaluate(theme) == "light"
    styles = page.evaluate(
        """() => [...document.querySelectorAll('.bd-article pre')].filter(p => p.checkVisibility())
          .map(p => [getComputedStyle(p).whiteSpace, p.scrollWidth <= p.clientWidth + 1])"""
    )
    assert styles and all(wraps == "pre-wrap" and whole for wraps, whole in styles)
    for gone in ("#pst-back-to-top", "details.hide > summary", ".bd-sidebar-primary"):
        assert not page.locator(gone).locator("visible=true").count(), gone
    page.emulate_media(media="screen")
    page.evaluate("dispatchEvent(new Event('afterprint'))")
    assert page.evaluate(theme) == "dark"


def test_what_is_copied_from_a_terminal_is_what_is_typed(site_url, open_page):
    page = open_page(f"{site_url}/teaching.html", permissions=["clipboard-read", "clipboard-write"])
    block = page.locator("div.highlight-console").first
    assert block.inner_text().lstrip().startswith("$ ")
    block.hover()
    block.locator("button.copybtn").click()
    page.wait_for_timeout(200)
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied and "$" not in copied and copied.startswith("make assignments")


@pytest.mark.parametrize("theme", some(["light", "dark"], ["light"]))
@pytest.mark.parametrize(
    "name",
    some(
        ["index", "chapters/02-convolution", "chapters/04-nonlinearity-and-pooling"],
        ["chapters/04-nonlinearity-and-pooling"],
    ),
)
def test_axe_finds_nothing_when_buttons_are_pressed_and_pointed_at(
    name, theme, site_url, open_page
):
    page = open_page(f"{site_url}/{name}.html", theme=theme)
    scroll_through(page)
    page.add_script_tag(path=str(AXE))
    pressed = 0
    for number in range(page.locator(".ckw .ck-choices .ck-button").count()):
        button = page.locator(".ckw .ck-choices .ck-button").nth(number)
        if not button.is_visible() or button.is_disabled():
            continue
        button.click()
        page.wait_for_function("document.getAnimations().length === 0")
        pressed += 1
        contrast = "button => axe.run(button.closest('.ckw'), {runOnly: ['color-contrast']})"
        found = button.evaluate(contrast)["violations"]
        assert found == [], (
            button.inner_text(),
            [n["html"][:120] for v in found for n in v["nodes"]],
        )
    assert pressed or name == "index"
