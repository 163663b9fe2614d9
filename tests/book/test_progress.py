"""How far a reader is stays in the browser: noted, shown, saved, loaded, cleared."""

import json

import pytest

CHAPTER = "chapters/04-nonlinearity-and-pooling"


@pytest.fixture
def page(site_url, open_page):
    """A reader who has come to the end of a chapter and answered one of its questions."""
    page = open_page(f"{site_url}/{CHAPTER}.html")
    page.locator("#your-turn").scroll_into_view_if_needed()
    page.wait_for_function("localStorage['from-one-pixel:progress']?.includes('04-')")
    quiz = page.locator("[data-cnnkit-widget=self_check]").last
    quiz.scroll_into_view_if_needed()
    quiz.locator(".ck-answer").first.click()
    return page


def shown(page, site_url):
    page.goto(f"{site_url}/index.html")
    return page.locator(".course-progress [role=status]")


def test_a_new_reader_sees_nothing_of_it(site_url, open_page):
    page = open_page(f"{site_url}/index.html")
    assert not page.locator(".course-progress").is_visible()
    assert page.locator("a.course-read").count() == 0


def test_what_was_read_and_answered_is_there_again(page, site_url):
    page.reload()
    quiz = page.locator("[data-cnnkit-widget=self_check]").last
    quiz.scroll_into_view_if_needed()
    quiz.locator(".ck-answer[aria-pressed=true]").wait_for()
    assert quiz.locator(".ck-answer[aria-pressed=true]").count() == 1
    words = shown(page, site_url).inner_text()
    assert words.startswith("So far: 1 chapter read; 1 question answered, ")
    read = page.locator("a.course-read")
    assert read.count() == 1 and read.first.inner_text().endswith("(read)")
    assert page.errors == []


def test_a_script_that_comes_late_costs_no_answer(page, site_url):
    """The place on the page comes back at once, and with it a quiz that wakes up early."""

    def slowly(route):
        page.wait_for_timeout(1500)
        route.continue_()

    page.route("**/progress.js*", slowly)
    page.reload()
    quiz = page.locator("[data-cnnkit-widget=self_check]").last
    quiz.locator(".ck-answer[aria-pressed=true]").wait_for()


def test_it_goes_into_a_file_and_comes_out_of_it(page, site_url, tmp_path):
    shown(page, site_url)
    with page.expect_download() as download:
        page.get_by_role("button", name="Save as a file").click()
    download.value.save_as(tmp_path / "mine.json")
    assert CHAPTER in json.loads((tmp_path / "mine.json").read_text())["read"]

    page.get_by_role("button", name="Forget it").click()
    page.get_by_role("button", name="Really forget it?").click()
    assert page.evaluate("localStorage['from-one-pixel:progress']") is None
    assert not page.locator(".course-progress").is_visible()

    page.evaluate("localStorage['from-one-pixel:progress'] = '{\"read\": {\"x\": 1}}'")
    words = shown(page, site_url)
    (tmp_path / "other.json").write_text('{"cells": []}')
    for name, told in {"other.json": "does not come from", "mine.json": "2 chapters read"}.items():
        with page.expect_file_chooser() as chooser:
            page.get_by_role("button", name="Load a file").click()
        chooser.value.set_files(tmp_path / name)
        page.wait_for_function(
            "told => document.querySelector('.course-progress p').textContent.includes(told)",
            arg=told,
        )
    assert words.inner_text().startswith("So far: 2 chapters read; 1 question answered")


def test_a_note_of_another_form_is_no_hindrance(site_url, open_page):
    page = open_page(f"{site_url}/index.html")
    wrong = {"read": None, "answers": {"x": 1, "y": {"answers": [[0]], "right": 1}}, "solved": []}
    page.evaluate("note => localStorage['from-one-pixel:progress'] = note", json.dumps(wrong))
    page.reload()
    page.get_by_text("1 question answered, 1 right at the first try").wait_for()
    assert page.errors == []


def test_a_note_that_was_cut_is_no_hindrance(site_url, open_page):
    page = open_page(f"{site_url}/index.html")
    page.evaluate("localStorage['from-one-pixel:progress'] = '{\"read\": {'")
    page.reload()
    assert page.errors == [] and not page.locator(".course-progress").is_visible()
