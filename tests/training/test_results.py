"""What is read out of a network: how often it is right, where it errs, what it looks at."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from runs import few, fit, net
from torch.nn import functional as F

from cnnkit import datasets, models, training


def test_probabilities_are_the_softmax_and_flips_their_mean():
    model = net().train()
    images = np.random.default_rng(0).integers(0, 256, (7, 8, 8), np.uint8)
    found = training.probabilities(model, images, batch_size=3)
    assert model.training
    model.eval()
    batch = training.to_input(torch.from_numpy(images))
    with torch.no_grad():
        expected, mirrored = model(batch).softmax(1), model(batch.flip(3)).softmax(1)
    torch.testing.assert_close(torch.from_numpy(found), expected)
    flipped = training.probabilities(model, images, flip=True)
    torch.testing.assert_close(torch.from_numpy(flipped), (expected + mirrored) / 2)


def test_evaluate_is_the_cross_entropy_and_the_share_of_right_answers(digits):
    model, data = net().eval(), few(digits[1], 100)
    with torch.no_grad():
        scores = model(training.to_input(torch.from_numpy(data.images)))
    labels = torch.from_numpy(data.labels)
    loss, right = training.evaluate(model, data, batch_size=30)
    assert loss == pytest.approx(F.cross_entropy(scores, labels).item(), rel=1e-5)
    assert right == pytest.approx((scores.argmax(1) == labels).float().mean().item())


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 10**6), n=st.integers(1, 40), classes=st.integers(2, 5))
def test_the_confusion_matrix_is_scikit_learn_s(seed, n, classes):
    metrics = pytest.importorskip("sklearn.metrics")
    rng = np.random.default_rng(seed)
    rows, labels = rng.random((n, classes)), rng.integers(0, classes, n)
    expected = metrics.confusion_matrix(labels, rows.argmax(1), labels=range(classes))
    assert np.array_equal(training.confusion_matrix(rows, labels), expected)


def test_labels_in_bytes_are_counted_too():
    """20 classes: 19 × 20 + 19 is no byte."""
    labels = np.arange(20, dtype=np.uint8)
    assert np.array_equal(training.confusion_matrix(np.eye(20), labels), np.eye(20))


def test_wrong_arguments_are_lessons(digits):
    model, images = net(), digits[1].images[:4]
    for batch_size in (0, -5, 2.0):
        with pytest.raises(ValueError, match=f"batch_size={batch_size} was given"):
            training.probabilities(model, images, batch_size=batch_size)
        with pytest.raises(ValueError, match=f"batch_size={batch_size} was given"):
            training.evaluate(model, digits[1], batch_size=batch_size)
    with pytest.raises(ValueError, match=r"images of shape \(0, 8, 8\); expected at least one"):
        training.probabilities(model, images[:0])
    with pytest.raises(ValueError, match="precision='half' was given"):
        training.probabilities(model, images, precision="half")
    with pytest.raises(ValueError, match="size=0 was given"):
        training.predict(model, images[0], 0, digits[0].names)
    with pytest.raises(ValueError, match="2 names for a model of 10 outputs"):
        training.predict(model, images[0], 8, ("cat", "dog"))
    with pytest.raises(ValueError, match="labels from 0 to 7 for a model of 3 outputs"):
        training.confusion_matrix(np.ones((2, 3)) / 3, [0, 7])
    with pytest.raises(ValueError, match="3 labels for 2 pictures"):
        training.worst_mistakes(np.ones((2, 3)) / 3, [0, 1, 2])


def test_the_worst_mistakes_come_first_and_are_mistakes():
    rows = np.array([[0.9, 0.1], [0.2, 0.8], [0.6, 0.4], [0.01, 0.99], [0.7, 0.3]])
    labels = np.array([1, 1, 1, 0, 0])
    assert training.worst_mistakes(rows, labels).tolist() == [3, 0, 2]
    assert training.worst_mistakes(rows, labels, count=1).tolist() == [3]


def test_predict_reads_out_any_picture(digits):
    model = models.lenet(8, widths=(16, 32), batch_norm=True)
    fit(model, digits[0], epochs=4, lr=5e-3)
    picture = Image.fromarray(digits[1].images[3]).resize((640, 640)).convert("RGBA")
    answer = training.predict(model, picture, 8, digits[0].names)
    assert next(iter(answer)) == digits[0].names[digits[1].labels[3]]
    assert sum(answer.values()) == pytest.approx(1, abs=1e-5) and len(answer) == 10
    assert list(answer.values()) == sorted(answer.values(), reverse=True)


def test_grad_cam_follows_its_formula():
    torch.manual_seed(0)
    model = models.article_model(20)
    image = np.random.default_rng(0).integers(0, 256, (20, 20, 3), np.uint8)
    maps = model[:3](training.to_input(torch.from_numpy(image)[None]))
    weights = model[4].weight[1].reshape(10, 8, 8).mean((1, 2))
    heat = F.relu((weights[:, None, None] * maps[0]).sum(0))[None, None]
    expected = F.interpolate(heat, (20, 20), mode="bilinear")[0, 0]
    found = training.grad_cam(model, image, label=1)
    torch.testing.assert_close(torch.from_numpy(found), (expected / expected.max()).detach())
    assert training.grad_cam(model, image, label=1, layer=model[0]).shape == (20, 20)
    assert all(p.grad is None for p in model.parameters())


def test_grad_cam_looks_where_the_answer_is():
    """Bright spots against none: the heat is on the spot."""
    rng = np.random.default_rng(0)
    images = rng.integers(0, 60, (400, 32, 32), np.uint8)
    corners = rng.integers(4, 22, (400, 2))
    labels = np.arange(400) % 2
    for image, (y, x), label in zip(images, corners, labels, strict=True):
        if label:
            image[y : y + 6, x : x + 6] += 190
    data = datasets.Dataset(images, labels, ("none", "spot"), np.arange(400))
    torch.manual_seed(0)
    model = models.small_resnet(2, 1, widths=(8, 16))
    fit(model, data, epochs=3, batch_size=32, lr=0.01)
    hits = 0
    for i in range(1, 40, 2):
        heat = training.grad_cam(model, images[i], label=1)
        y, x = np.unravel_index(heat.argmax(), heat.shape)
        hits += np.abs([y - corners[i, 0] - 2.5, x - corners[i, 1] - 2.5]).max() < 8
    assert hits >= 18, f"the heat is on the spot in {hits} of 20 pictures"
