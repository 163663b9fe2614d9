"""What proves a number of the text is folded into a line that says so, and opens."""


def test_a_proof_is_one_quiet_line_that_opens(site_url, open_page):
    page = open_page(f"{site_url}/chapters/01-pixels.html")
    cell = page.locator(".cell.tag_proof").first
    proof, line = cell.locator(".cell_input"), cell.locator("summary")
    assert line.inner_text() == "Checked: what the text says is what comes out"
    assert proof.is_hidden()
    line.press("Enter")
    assert proof.is_visible() and "assert" in proof.inner_text()
    # What is proven stands open, right before it.
    assert page.locator(".cell:not(.tag_proof) .cell_input:visible").count() > 3
