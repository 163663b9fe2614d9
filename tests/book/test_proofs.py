"""What proves a number of the text is folded into a line that says so, and opens."""

from small_book import build, make

PAGE = """---
jupytext:
  text_representation: {extension: .md, format_name: myst, format_version: 0.13}
kernelspec: {display_name: Python 3, language: python, name: python3}
---

# A page

Three times two is 6.

```{code-cell} ipython3
product = 3 * 2
product
```

```{code-cell} ipython3
:tags: [proof]

assert product == 6
```
"""


def test_a_proof_is_one_quiet_line_that_opens(tmp_path, serve, open_page):
    book = make(tmp_path)
    (book / "_toc.yml").write_text("format: jb-book\nroot: index\n")
    (book / "index.md").write_text(PAGE)
    status, log = build(book)
    assert status == 0, log
    with serve(book / "_build/html") as url:
        page = open_page(f"{url}/index.html")
        assert page.get_by_text("product = 3 * 2").is_visible()
        proof = page.get_by_text("assert product == 6")
        assert proof.is_hidden()
        page.locator("summary", has_text="Checked").press("Enter")
        assert proof.is_visible()
