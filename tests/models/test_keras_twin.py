"""The article's network in Keras answers as the one in PyTorch does."""

import numpy as np
import pytest
import torch

from cnnkit import models


@pytest.mark.parametrize("size, classes, channels", [(300, 2, 3), (9, 4, 1)])
def test_the_keras_twin_answers_alike(size, classes, channels):
    torch.manual_seed(0)
    model = models.article_model(size, classes, channels)
    twin = models.article_model_keras(size, classes, channels)
    ours, theirs = (models.summary(m, s).rows for m, s in (
        (model, (channels, size, size)), (twin, (size, size, channels))))  # fmt: skip
    parameters = sum(parameter.numel() for parameter in model.parameters())
    assert parameters == twin.count_params() == sum(row.parameters for row in theirs)
    maps = [row.output_shape for row in ours if len(row.output_shape) == 3 and row.layer != "ReLU"]
    assert [(h, w, c) for c, h, w in maps] == [row.output_shape for row in theirs[:2]]

    pictures = np.random.default_rng(0).random((2, size, size, channels), np.float32)

    def differ():
        with torch.no_grad():
            scores = model(torch.from_numpy(pictures).permute(0, 3, 1, 2)).softmax(1)
        answers = twin.predict(pictures, verbose=0)
        return np.abs(answers - scores.numpy()).max()

    assert differ() > 1e-3, "two random networks agree: this test would not see a wrong copy"
    models.copy_weights_to_keras(model, twin)
    assert differ() < 1e-5
    model = models.article_model(size, classes, channels)
    assert differ() > 1e-3
    models.copy_weights_from_keras(twin, model)
    assert differ() < 1e-5


def test_weights_of_other_sizes_are_refused():
    model, twin = models.article_model(9), models.article_model_keras(13)
    before = [p.clone() for p in model.parameters()]
    with pytest.raises(ValueError, match="same size, classes and channels"):
        models.copy_weights_to_keras(model, twin)
    with pytest.raises(ValueError, match="same size, classes and channels"):
        models.copy_weights_from_keras(twin, model)
    assert all(map(torch.equal, before, model.parameters()))
