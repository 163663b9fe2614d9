"""The picture of a network, layer by layer."""

import re

import pytest

from cnnkit import plots


def test_network_draws_a_box_a_layer_and_labels_changes_only():
    shapes = [(1, 32, 32), (6, 28, 28), (6, 14, 14), (120,), (120,), (10,)]
    html = plots.network(shapes, alt="Boxes that grow smaller.")._repr_html_()
    labels = [int(t) for t in re.findall(r"<text[^>]*>(\d+)</text>", html)]
    assert sorted(labels) == sorted([1, 6, 120, 10, 32, 28, 14])
    assert "url(#" in html, "dense layers are hatched"


@pytest.mark.parametrize(("shapes", "words"), [([(3, 4)], "(3, 4)"), ([(10,)], "needs maps")])
def test_network_says_what_it_cannot_draw(shapes, words):
    with pytest.raises(ValueError, match="network") as error:
        plots.network(shapes, alt="Boxes that grow smaller.")
    assert words in str(error.value)
