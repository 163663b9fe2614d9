"""Cells in tabs: on the site one at a time, by mouse and by keyboard, alike on the whole page."""

import pytest
from small_book import build, make

PAGE = """---
jupytext:
  text_representation: {extension: .md, format_name: myst, format_version: 0.13}
kernelspec: {display_name: Python 3, language: python, name: python3}
---

# A page

```{code-cell} ipython3
:tags: [tab-Keras]

print("said by", "Keras")
```

```{code-cell} ipython3
:tags: [tab-PyTorch]

print("said by", "PyTorch")
```

Text between.

```{code-cell} ipython3
print("for", "both")
```

```{code-cell} ipython3
:tags: [tab-Keras]

one = 1
```

```{code-cell} ipython3
:tags: [tab-Keras]

print("once more", one)
```

```{code-cell} ipython3
:tags: [tab-PyTorch]

print("once more", one + 1)
```
"""


@pytest.fixture(scope="module")
def page_url(tmp_path_factory, serve):
    book = make(tmp_path_factory.mktemp("book"))
    (book / "_toc.yml").write_text("format: jb-book\nroot: index\n")
    (book / "index.md").write_text(PAGE)
    status, log = build(book)
    assert status == 0, log
    with serve(book / "_build/html") as url:
        yield url


def shown(page, text):
    return page.get_by_text(text, exact=True).is_visible()


def test_each_run_of_cells_is_one_set_and_keeps_its_outputs(page_url, open_page):
    page = open_page(f"{page_url}/index.html")
    sets = page.locator(".sd-tab-set")
    assert sets.count() == 2
    for place in range(2):
        assert sets.nth(place).locator("label").all_inner_texts() == ["Keras", "PyTorch"]
    assert sets.nth(1).locator(".sd-tab-content").first.locator(".cell").count() == 2
    assert page.locator(".sd-tab-set >> text=for both").count() == 0
    assert shown(page, "said by Keras") and not shown(page, "said by PyTorch")


@pytest.mark.parametrize("how", ["mouse", "keyboard"])
def test_the_choice_holds_for_all_sets_and_the_next_page(how, page_url, open_page):
    page = open_page(f"{page_url}/index.html")
    if how == "mouse":
        page.locator("label", has_text="PyTorch").first.click()
    else:
        page.locator(".sd-tab-set input").first.focus()
        page.keyboard.press("ArrowRight")
    for _ in range(2):
        assert shown(page, "said by PyTorch") and not shown(page, "said by Keras")
        assert shown(page, "once more 2") and not shown(page, "once more 1")
        page.reload()


def test_without_javascript_tabs_switch_and_on_paper_all_are_there(page_url, open_page):
    page = open_page(f"{page_url}/index.html", javascript=False)
    page.locator("label", has_text="PyTorch").first.click()
    assert shown(page, "said by PyTorch") and not shown(page, "said by Keras")
    page.emulate_media(media="print")
    assert shown(page, "said by PyTorch") and shown(page, "said by Keras")
