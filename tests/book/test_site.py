"""The built site, as a reader meets it: in a real browser, in both themes, on a phone, offline."""

import contextlib
import gzip
import re
from types import SimpleNamespace
from urllib.parse import unquote, urldefrag, urlsplit

import pytest
from bs4 import BeautifulSoup
from reader import AXE, FEW, PAGES, SHIFTS, scroll_through
from some import some
from zoo import CONTRACT, WRITTEN

BUDGET = 450 * 1024


@pytest.fixture(scope="module", params=PAGES)
def page_name(request):
    return request.param


@pytest.fixture(scope="module", params=some(PAGES, FEW))
def visited(request):
    """A page to open in the browser."""
    return request.param


@pytest.fixture(scope="module")
def soup(site):
    parsed = {}

    def soup(name):
        if name not in parsed:
            parsed[name] = BeautifulSoup((site / name).read_text("utf8"), "html.parser")
        return parsed[name]

    return soup


@pytest.fixture(scope="module")
def visit(visited, site_url, browser):
    """One way down a page: the hosts that it asks, its complaints, its files, how it shifts."""
    seen = SimpleNamespace(hosts=set(), errors=[], sizes={})

    def weigh(request):
        url, body = request.url, request.response().body()
        squeezed = url.endswith((".png", ".jpg", ".webp", ".woff2"))
        seen.sizes[url] = len(body) if squeezed else len(gzip.compress(body, 6))

    with contextlib.closing(browser.new_context(viewport={"width": 1280, "height": 900})) as home:
        home.add_init_script(SHIFTS)
        page = home.new_page()
        page.on("request", lambda request: seen.hosts.add(urlsplit(request.url).netloc))
        page.on("requestfinished", weigh)
        page.on("pageerror", lambda error: seen.errors.append(str(error)))
        page.on("console", lambda m: seen.errors.append(m.text) if m.type == "error" else None)
        page.goto(f"{site_url}/{visited}", wait_until="networkidle")
        scroll_through(page)
        page.wait_for_load_state("networkidle")
        seen.shift = page.evaluate("window.shift")
    return seen


def test_no_request_leaves_the_site_and_nothing_complains(visit, site_url):
    assert visit.hosts <= {urlsplit(site_url).netloc, ""}  # "": what the page itself holds
    assert visit.errors == []


def test_page_weight(visit):
    """All files of a page, compressed as a web server does, fit the budget."""
    sizes = visit.sizes
    worst = sorted(((n, u.rsplit("/", 1)[-1]) for u, n in sizes.items()), reverse=True)[:4]
    assert 0 < sum(sizes.values()) <= BUDGET, f"{sum(sizes.values()) / 1024:.0f} KiB: {worst}"


def test_all_pages_share_one_style_of_what_they_use(site):
    """A page waits for one stylesheet alone, and where there are formulas for theirs."""
    for page in PAGES:
        html = (site / page).read_text("utf8")
        named = re.findall(r"<link [^>]*?([\w.]+)\.css[^>]*>", html)
        assert named in (["book"], ["katex.min", "book"]), page
    style = (site / "_static/book.css").read_text("utf8")
    assert len(style) < 180_000 and ".bd-article" in style, "the theme's parts have over 400 KB"
    assert ".sd-timeline" not in style and "@import" not in style


def test_text_is_set_in_the_books_own_typefaces(site_url, open_page):
    page = open_page(f"{site_url}/chapters/02-convolution.html")
    page.evaluate("document.fonts.ready")
    loaded = page.evaluate(
        "[...document.fonts].filter(f => f.status === 'loaded').map(f => f.family + f.weight)"
    )
    assert {"Source Serif 4400", "Inter Bold700"} <= {name.replace('"', "") for name in loaded}


def test_layout_does_not_shift(visit):
    assert visit.shift <= 0.1


def test_from_a_folder_without_a_server_too(visited, site, open_page):
    page = open_page((site / visited).as_uri())
    scroll_through(page)
    page.wait_for_load_state("networkidle")
    assert page.offsite == []
    assert page.errors == []


@pytest.mark.parametrize("theme", some(["light", "dark"], ["dark"]))
def test_axe_finds_nothing(theme, visited, site_url, open_page):
    page = open_page(f"{site_url}/{visited}", theme=theme)
    scroll_through(page)
    page.add_script_tag(path=str(AXE))
    result = page.evaluate("axe.run({resultTypes: ['violations']})")
    found = [(v["id"], [n["html"][:120] for n in v["nodes"][:3]]) for v in result["violations"]]
    assert found == []


@pytest.mark.parametrize("width", some([320, 375, 768], [320]))
def test_nothing_sticks_out_on_a_small_screen(width, visited, site_url, open_page):
    page = open_page(f"{site_url}/{visited}", width=width, height=800)
    scroll_through(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    # A wide formula may scroll to the right; what lies left of its box could never be reached.
    hidden = page.evaluate(
        """() => [...document.querySelectorAll('div.math')].filter(box => {
             const left = box.getBoundingClientRect().left - box.scrollLeft;
             const parts = [...box.querySelectorAll('.katex-html *')];
             return parts.some(part => part.getBoundingClientRect().left < left - 1);
           }).map(box => box.textContent.slice(0, 60))"""
    )
    assert hidden == []


def test_theme_button_switches_and_is_remembered(site_url, open_page):
    page = open_page(f"{site_url}/index.html", theme="light")
    background = "getComputedStyle(document.body).backgroundColor"
    light = page.evaluate(background)
    for _ in range(3):  # the button goes through auto, light, dark
        if page.evaluate("document.documentElement.dataset.theme") == "dark":
            break
        page.locator("button.theme-switch-button:visible").first.click()
    dark = page.evaluate(background)
    assert light != dark
    page.reload()
    assert page.evaluate(background) == dark


def test_icons_are_drawn_from_the_cut_font(site_url, open_page, site):
    fonts = list(site.glob("_static/vendor/fontawesome/webfonts/*.woff2"))
    assert fonts and sum(font.stat().st_size for font in fonts) < 12_000
    page = open_page(f"{site_url}/index.html")
    page.wait_for_function(
        "document.fonts.check('900 16px \"Font Awesome 7 Free\"') "
        "|| document.fonts.check('900 16px \"Font Awesome 6 Free\"')"
    )
    drawn = page.evaluate(
        """() => [...document.querySelectorAll('.fa-solid')].filter(e => e.offsetParent).map(e => {
             const code = getComputedStyle(e, '::before').content;
             return [e.className, code, e.getBoundingClientRect().width];
           })"""
    )
    assert drawn and all(code not in ("none", "normal") and width > 0 for _, code, width in drawn)


def test_head_of_each_page(page_name, soup):
    page = soup(page_name)
    assert page.html["lang"] == "en"
    assert len(page.find_all("h1")) >= 1
    description = page.find("meta", attrs={"name": "description"})
    assert description and 50 <= len(description["content"]) <= 250, "meta description"
    assert page.find("link", rel="icon"), "favicon"
    assert len(page.find_all("meta", attrs={"name": "viewport"})) == 1


def test_formulas_need_no_script(page_name, soup):
    text = str(soup(page_name))
    assert "thebe" not in text.lower()
    for script in soup(page_name).find_all("script"):
        assert not re.search("mathjax|katex", str(script).lower())


def test_formulas_are_there_without_scripts(visited, soup, site_url, open_page):
    if soup(visited).select_one(".katex"):
        page = open_page(f"{site_url}/{visited}", javascript=False)
        assert page.locator(".katex-html").first.bounding_box()["width"] > 5


def test_footer_and_licence(page_name, soup):
    footer = soup(page_name).find("footer", class_="bd-footer-content") or soup(page_name).footer
    text = soup(page_name).get_text(" ", strip=True)
    assert footer and "© Copyright 2026" in text
    assert "CC BY 4.0" in text and "BSD 3-Clause" in text


def test_every_inner_link_leads_somewhere(page_name, soup, site):
    anchors = {}
    for link in soup(page_name).find_all("a", href=True):
        target, anchor = urldefrag(link["href"])
        if re.match(r"[a-z]+:", target):
            assert target.startswith("https:"), target
            continue
        target, _, notebook = target.partition("?path=")  # a notebook to run in the page
        path = (site / page_name).parent / unquote(target) if target else site / page_name
        assert path.exists(), f"{page_name} links to {target}"
        if notebook:
            assert (site / "live/files" / notebook).exists(), f"{page_name} runs {notebook}"
        if anchor and path.suffix == ".html":
            if path not in anchors:
                html = path.read_text("utf8")
                anchors[path] = set(re.findall(r'\bid="([^"]+)"', html))
            assert anchor in anchors[path] | {""}, f"{page_name} links to {target}#{anchor}"


def test_pictures_have_words(page_name, soup):
    for picture in soup(page_name).find_all("img"):
        assert picture.get("alt") is not None
        assert not re.search(r"\.(png|svg|jpg)$", picture["alt"]), picture["alt"]
    for drawing in soup(page_name).select("main svg"):
        hidden = drawing.find_parent(attrs={"aria-hidden": "true"}) or drawing.get("aria-hidden")
        named = drawing.get("aria-label") or drawing.find("title")
        assert hidden or named or drawing.find_parent(["button", "math"]), str(drawing)[:120]


def test_teachers_find_each_function_with_its_points_and_its_section(soup):
    rows = [row("td") for row in soup("teaching.html")("tr")]
    rows = iter([cell.get_text(" ", strip=True) for cell in row] for row in rows if len(row) == 5)
    for name, functions in CONTRACT.items():
        written = WRITTEN.get(name, {})
        total = sum(functions.values()) + sum(written.values())
        exercise, points, minutes, *_ = next(rows)
        assert (exercise, points) == (name, str(total)) and minutes.startswith("about ")
        for function, worth in functions.items():
            asked, points, section, wrong, right = next(rows)
            assert (asked, points) == (function, str(worth))
            assert section and int(wrong) >= 6 and int(right) >= 4
        for question, worth in written.items():
            assert next(rows)[:2] == [question.replace("-", " "), str(worth)]
    assert next(rows, None) is None
