"""The search of the book: by section, forgiving, by keyboard alone, and only when asked."""

import json

import pytest
from reader import PAGES

INDEX = "search-sections.js"


@pytest.fixture(scope="module")
def found(site):
    text = (site / "_static" / INDEX).read_text("utf8")
    return json.loads(text.removeprefix("window.courseSections = ").rstrip().removesuffix(";"))


def hits(page):
    page.wait_for_selector(".course-hits a")
    return [link.get_attribute("href") for link in page.locator(".course-hits a").all()]


def ask(page, words):
    page.keyboard.press("Control+k")
    page.locator("#pst-search-dialog input").fill(words)
    return hits(page)


def test_every_page_and_section_can_be_found(found, site):
    assert {one["url"].partition("#")[0] for one in found} == set(PAGES)
    assert len(found) > 200 and len({one["url"] for one in found}) == len(found)
    for one in found:
        page, _, place = one["url"].partition("#")
        assert not place or f'id="{place}"' in (site / page).read_text("utf8")
        assert one["title"] and "Link to this heading" not in one["title"]
        assert "Checked: what the text says" not in one["text"]


@pytest.mark.parametrize("scheme", ["http", "file"])
def test_nothing_of_it_comes_before_it_is_asked(scheme, site, site_url, open_page):
    page = open_page("about:blank")
    page.context.unroute("**/*")
    loaded = []
    page.on("request", lambda request: loaded.append(request.url.rpartition("/")[2]))
    base = site_url if scheme == "http" else site.as_uri()
    page.goto(f"{base}/chapters/03-padding-and-stride.html", wait_until="load")
    assert not {INDEX, "minisearch.js", "searchindex.js", "searchtools.js"} & set(loaded)
    links = ask(page, "dilation")
    assert {INDEX, "minisearch.js"} <= set(loaded)
    assert "../chapters/03-padding-and-stride.html#dilation-a-kernel-with-holes" in links
    assert all(url.startswith("../") for url in links)


@pytest.mark.parametrize(
    ("words", "place"),
    [
        ("recptive feild", "#a-reader-asks-why-are-deeper-features-more-complex"),
        ("sofmax", "05-fully-connected-and-softmax.html"),
        ("convolut", "02-convolution.html"),
        ("ablation", "appendices/glossary.html#term-ablation"),
        ("OneCycleLR", "12-"),
    ],
)
def test_slips_beginnings_terms_and_code_are_found(words, place, site_url, open_page):
    page = open_page(f"{site_url}/index.html")
    assert any(place in url for url in ask(page, words)[:6])
    assert page.errors == [] and page.offsite == []


@pytest.mark.parametrize("width", [1280, 390])
def test_arrows_and_enter_lead_to_the_place(width, site_url, open_page):
    page = open_page(f"{site_url}/chapters/01-pixels.html", width=width)
    links = ask(page, "dilation")
    first = page.locator(".course-hits a").first
    assert "dilat" in first.locator("mark").first.inner_text().lower()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowUp")
    page.keyboard.press("Enter")
    page.wait_for_url(f"**{links[0].removeprefix('..')}")
    place = links[0].partition("#")[2]
    if place:
        assert page.locator(f"#{place}").first.is_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_nothing_found_is_said_and_an_empty_field_is_quiet(site_url, open_page):
    page = open_page(f"{site_url}/index.html")
    ask(page, "padding")
    field, told = page.locator("#pst-search-dialog input"), page.locator(".course-hits-told")
    field.fill("xqzvw")
    page.wait_for_function("document.querySelector('.course-hits-told').textContent")
    page.wait_for_function("!document.querySelector('.course-hits a')")
    assert told.first.inner_text() == "No place."
    field.fill("")
    page.wait_for_function("!document.querySelector('.course-hits-told').textContent")


def test_the_page_of_the_search(site_url, open_page):
    page = open_page(f"{site_url}/search.html?q=stride")
    assert any("03-padding-and-stride" in url for url in hits(page))
    assert page.offsite == [] and page.errors == []
