"""The networks of the course: the article's numbers, and shapes for pictures of any size."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from cnnkit import models


def count(model):
    return sum(parameter.numel() for parameter in model.parameters())


def test_the_article_s_network_has_438842_parameters_and_not_219801():
    assert count(models.article_model()) == 438_842 == 760 + 2 * (219_040 + 1)
    assert count(models.article_model(classes=1)) == 219_801
    rows = models.summary(models.article_model(), (3, 300, 300)).rows
    shapes = [row.output_shape for row in rows]
    assert shapes == [(10, 296, 296)] * 2 + [(10, 148, 148), (219_040,), (2,)]


def test_lenet_is_lenet_5():
    model = models.lenet()
    assert count(model) == 61_706
    shapes = [row.output_shape for row in models.summary(model, (1, 28, 28)).rows]
    assert [s for s in shapes if len(s) == 3][2::3] == [(6, 14, 14), (16, 5, 5)]
    assert shapes[-1] == (10,)


@settings(max_examples=25, deadline=None)
@given(
    size=st.integers(4, 40),
    classes=st.integers(2, 12),
    channels=st.sampled_from([1, 3]),
    batch_norm=st.booleans(),
)
def test_lenet_takes_pictures_of_any_size(size, classes, channels, batch_norm):
    model = models.lenet(size, classes, channels, (4, 8), batch_norm).eval()
    assert model(torch.zeros(2, channels, size, size)).shape == (2, classes)


@pytest.mark.parametrize("build, size", [(models.lenet, 3), (models.article_model, 5)])
def test_pictures_that_are_too_small_are_a_lesson(build, size):
    with pytest.raises(ValueError, match=r"size=\d was given; expected at least \d pixels"):
        build(size)


@settings(max_examples=15, deadline=None)
@given(height=st.integers(16, 50), width=st.integers(16, 50), channels=st.sampled_from([1, 3]))
def test_the_residual_network_takes_pictures_of_any_size(height, width, channels):
    model = models.small_resnet(5, channels).eval()
    assert model(torch.zeros(2, channels, height, width)).shape == (2, 5)


def test_the_residual_network_is_as_its_table_says():
    model = models.small_resnet()
    table = models.summary(model, (3, 64, 64))
    assert count(model) == 490_578
    pooled = [row.output_shape for row in table.rows if row.layer == "MaxPool2d"]
    assert pooled == [(16, 32, 32), (32, 16, 16), (64, 8, 8), (128, 4, 4)]


def test_a_residual_block_begins_as_the_identity():
    x = torch.rand(2, 8, 5, 5)
    assert torch.equal(models.Residual(8)(x), x)


def test_the_residual_network_keeps_channels_last():
    model = models.small_resnet().to(memory_format=torch.channels_last)
    seen = []
    for module in model.modules():
        if isinstance(module, models.Residual):
            module.register_forward_hook(lambda _, __, output: seen.append(output))
    model(torch.rand(2, 3, 32, 32).contiguous(memory_format=torch.channels_last))
    assert len(seen) == 4
    assert all(map_.is_contiguous(memory_format=torch.channels_last) for map_ in seen[:3])
