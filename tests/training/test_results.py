"""What is read out of a network: how often it is right, where it errs, what it looks at."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from runs import few, fit, net
from torch import nn
from torch.nn import functional as F

from cnnkit import datasets, models, training
from cnnkit.models import architectures


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


# --- Any network of the course, and what it is left as ------------------------------------------


class Outputs(torch.nn.Module):
    """A network whose outputs come as a tuple."""

    def __init__(self, body):
        super().__init__()
        self.body = body

    def forward(self, x):
        return self.body(x), x


class BehindGlass(torch.nn.Module):
    """Features that nobody may learn: the frozen half of transfer learning."""

    def __init__(self, features, head):
        super().__init__()
        self.features, self.head = features, head

    def forward(self, x):
        with torch.no_grad():
            x = self.features(x)
        return self.head(x)


def grouped():
    return nn.Sequential(
        *(nn.Conv2d(3, 6, 3, groups=3, padding=1), nn.ReLU(inplace=True), nn.MaxPool2d(2)),
        *(nn.Flatten(), nn.Linear(6 * 16 * 16, 4)),
    )


def ones_only():
    layers = nn.Conv2d(3, 5, 1), nn.ReLU(), nn.Conv2d(5, 4, 1)
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten())


def transferred():
    features = nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU())
    return BehindGlass(
        features, nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4, 4))
    )


def famous(name):
    return lambda: getattr(architectures, name)()


NETWORKS = {  # name: (network, side, channels)
    "article": (lambda: models.article_model(32, 4), 32, 3),
    "lenet": (lambda: models.lenet(32, 4), 32, 1),
    "lenet with batch norm": (lambda: models.lenet(8, 4, 1, (4, 8), True), 8, 1),
    "small resnet": (lambda: models.small_resnet(4), 32, 3),
    "grouped": (grouped, 32, 3),
    "1x1 alone": (ones_only, 32, 3),
    "features behind no_grad": (transferred, 32, 3),
    "lenet5": (famous("lenet5"), 32, 1),
    "alexnet": (famous("alexnet"), 227, 3),
    "zfnet": (famous("zfnet"), 224, 3),
    "vgg16": (famous("vgg16"), 224, 3),
    "googlenet": (famous("googlenet"), 64, 3),
    "resnet18": (famous("resnet18"), 64, 3),
    "resnet50": (famous("resnet50"), 64, 3),
    "efficientnet_lite0": (famous("efficientnet_lite0"), 64, 3),
}
LARGE = ["alexnet", "zfnet", "vgg16"]


def state(model):
    """Return all that reading out must not change."""
    hooks = [len(m._forward_hooks) + len(m._forward_pre_hooks) for m in model.modules()]
    modes = [m.training for m in model.modules()]
    learned = [(p.requires_grad, p.grad) for p in model.parameters()]
    return hooks, modes, learned, [t.clone() for t in model.state_dict().values()]


def unchanged(model, before):
    after = state(model)
    return after[:3] == before[:3] and all(map(torch.equal, after[3], before[3]))


def picture(side, channels, seed=0):
    shape = (side, side) if channels == 1 else (side, side, channels)
    return np.random.default_rng(seed).integers(0, 256, shape, np.uint8)


def each_network():
    slow = pytest.mark.slow
    return [pytest.param(*NETWORKS[n], id=n, marks=slow if n in LARGE else ()) for n in NETWORKS]


@pytest.mark.parametrize(("build", "side", "channels"), each_network())
def test_every_network_of_the_course_is_read_out_and_left_as_it_was(build, side, channels):
    torch.manual_seed(0)
    model = build().train()
    next(iter(model.children())).eval()  # layers may be in different modes
    next(iter(model.parameters())).requires_grad_(False)
    before, image = state(model), picture(side, channels)
    classes = len(training.probabilities(model, image[None])[0])
    assert list(training.predict(model, image, side, range(classes)))
    heat = training.grad_cam(model, image)
    assert heat.shape == (side, side) and heat.dtype == np.float32
    assert np.isfinite(heat).all() and heat.min() >= 0
    assert unchanged(model, before)
    for where in (torch.no_grad(), torch.inference_mode()):
        with where:
            np.testing.assert_allclose(training.grad_cam(model, image), heat, atol=1e-5)
    for parameter in model.parameters():
        parameter.requires_grad_(False)
    np.testing.assert_allclose(training.grad_cam(model, image), heat, atol=1e-5)
    assert not any(parameter.requires_grad for parameter in model.parameters())


@pytest.mark.parametrize("dtype", [torch.float64, torch.bfloat16])
@pytest.mark.parametrize("name", ["article", "small resnet"])
def test_a_network_in_another_dtype_is_read_out(name, dtype):
    build, side, channels = NETWORKS[name]
    torch.manual_seed(0)
    model, image = build(), picture(side, channels)
    near = {"atol": 0.1 if dtype == torch.bfloat16 else 1e-5}
    rows, heat = training.probabilities(model, image[None]), training.grad_cam(model, image, 1)
    model = model.to(dtype)
    np.testing.assert_allclose(training.probabilities(model, image[None]), rows, **near)
    assert np.abs(training.grad_cam(model, image, 1) - heat).mean() < near["atol"]
    assert len(training.predict(model, image, side, range(4))) == 4


def test_heat_of_a_network_with_one_output():
    torch.manual_seed(0)
    model, image = models.article_model(20, 1), picture(20, 3)
    both = models.article_model(20, 2)
    both.load_state_dict(model.state_dict() | {
        "4.weight": torch.cat([-model[4].weight, model[4].weight]),
        "4.bias": torch.cat([-model[4].bias, model[4].bias]),
    })  # fmt: skip
    for label in (None, 0, 1):
        expected = training.grad_cam(both, image, label)
        np.testing.assert_allclose(training.grad_cam(model, image, label), expected, atol=1e-6)


def raising(model):
    def hook(*_):
        raise KeyboardInterrupt

    model[-1].register_forward_hook(hook)
    return model


def test_an_exception_in_the_middle_leaves_the_network_as_it_was(digits):
    model, image = raising(net().train()), digits[1].images[0]
    model[1].eval()
    before = state(model)
    for read in (
        lambda: training.grad_cam(model, image),
        lambda: training.probabilities(model, image[None]),
        lambda: training.predict(model, image, 8, range(10)),
    ):
        with pytest.raises(KeyboardInterrupt):
            read()
        assert unchanged(model, before)


def test_a_network_without_parameters_is_read_out():
    class Brightness(nn.Module):
        def forward(self, x):
            mean = x.mean((1, 2, 3))
            return torch.stack([-mean, mean], 1)

    white = np.full((8, 8, 3), 255, np.uint8)
    assert next(iter(training.predict(Brightness(), white, 8, ("dark", "bright")))) == "bright"
    data = datasets.Dataset(
        np.stack([white, 0 * white]), np.array([1, 0]), ("d", "b"), np.arange(2)
    )
    assert training.evaluate(Brightness(), data)[1] == 1


def test_dense_layers_alone_see_no_maps_but_can_be_asked_for_an_answer():
    model = nn.Sequential(nn.Flatten(), nn.Linear(64, 10))
    assert len(training.predict(model, picture(8, 1), 8, range(10))) == 10
    with pytest.raises(ValueError, match=r"a network without maps .* expected a layer that makes"):
        training.grad_cam(model, picture(8, 1))


REFUSED = [
    (lambda m, x: training.grad_cam(m, x, label=10), "label=10 for a model of 10 outputs"),
    (lambda m, x: training.grad_cam(m, x, label=-1), "label=-1 was given"),
    (lambda m, x: training.grad_cam(m, x[None]), r"image of shape \(1, 8, 8\)"),
    (lambda m, x: training.grad_cam(m, np.stack([x] * 4)[..., None]), r"images\[0\]"),
    (lambda m, x: training.grad_cam(m, x[:0]), r"image of shape \(1, 0, 8\)"),
    (lambda m, x: training.grad_cam(m, x, layer=m[-1]), "without maps"),
    (lambda m, x: training.grad_cam(m, x, layer=nn.ReLU()), "without maps"),
    (
        lambda m, x: training.grad_cam(m, np.stack([x] * 3, 2)),
        r"of shape \(8, 8, 3\).*here of 1 channel",
    ),
    (lambda m, x: training.grad_cam(Outputs(m), x), "makes a tuple; expected a tensor of scores"),
    (lambda m, x: training.probabilities(Outputs(m), x[None]), "makes a tuple"),
    (lambda m, x: training.predict(Outputs(m), x, 8, range(10)), "makes a tuple"),
    (lambda m, x: training.probabilities(m[0], x[None]), r"makes \(1, 8, 8, 8\) of 1 picture"),
    (lambda m, x: training.probabilities(nn.Flatten(0), x[None]), "makes a Tensor; expected"),
    (lambda m, x: training.probabilities(m, np.zeros((0, 8, 8), np.uint8)), r"\(0, 8, 8\)"),
    (
        lambda m, x: training.probabilities(m, np.stack([x] * 3, 2)[None]),
        r"images of shape \(1, 8, 8, 3\)",
    ),
    (lambda m, x: training.predict(m, x, 12, range(10)), "takes no picture of 12 × 12 pixels"),
    (lambda m, x: training.probabilities(models.article_model(8, 1, 1), x[None]), "two or more"),
]


@pytest.mark.parametrize(("read", "words"), REFUSED)
def test_what_cannot_be_read_out_is_a_lesson(read, words, digits):
    model = net().train()
    before = state(model)
    with pytest.raises(ValueError, match=f"(?s){words}") as error:
        read(model, digits[1].images[0])
    assert "; expected " in str(error.value)
    assert unchanged(model, before)


def test_evaluate_with_other_channels_is_a_lesson(digits):
    coloured = np.repeat(digits[1].images[:5, ..., None], 3, 3)
    data = datasets.Dataset(coloured, digits[1].labels[:5], digits[1].names, np.arange(5))
    words = r"data.images of shape \(5, 8, 8, 3\).*; expected pictures .*, here of 1 channel"
    with pytest.raises(ValueError, match=f"(?s){words}"):
        training.evaluate(net(), data)


def test_the_loss_of_a_network_that_is_sure_and_wrong_is_no_less_than_it_is(digits):
    model, data = net().eval(), few(digits[1], 50)
    with torch.no_grad():
        model[-1].weight.mul_(1e3)
        scores = model(training.to_input(torch.from_numpy(data.images)))
        mirrored = model(training.to_input(torch.from_numpy(data.images)).flip(3))
    labels = torch.from_numpy(data.labels)
    expected = F.cross_entropy(scores, labels).item()
    assert expected > 100  # e^-100 is no float32
    assert training.evaluate(model, data)[0] == pytest.approx(expected, rel=1e-5)
    both = torch.stack([scores, mirrored]).double().log_softmax(2).logsumexp(0) - np.log(2)
    expected = F.nll_loss(both, labels).item()
    assert training.evaluate(model, data, flip=True)[0] == pytest.approx(expected, rel=1e-5)


def test_counts_and_mistakes_of_scores_in_lists_and_tensors():
    rows = [[0.9, 0.1], [0.2, 0.8], [0.6, 0.4]]
    for scores in (rows, torch.tensor(rows), np.array(rows, np.float16)):
        assert training.confusion_matrix(scores, [0, 1, 1]).tolist() == [[1, 0], [1, 1]]
        assert training.worst_mistakes(scores, [0, 1, 1]).tolist() == [2]


@pytest.mark.parametrize("names", [None, 2, "cat", {"cat", "dog"}, ["cat", "cat"]])
def test_names_are_a_list_of_different_ones(names):
    model = nn.Sequential(nn.Flatten(), nn.Linear(3 * 8 * 8, 2))
    with pytest.raises(ValueError, match=r"names that are no list|the name 'cat' twice"):
        training.predict(model, np.zeros((9, 9, 3), np.uint8), 8, names)


def test_flip_is_true_or_false_and_a_layer_is_a_layer():
    model = nn.Sequential(nn.Conv2d(3, 2, 3), nn.Flatten(), nn.Linear(2 * 6 * 6, 2))
    pictures = np.zeros((2, 8, 8, 3), np.uint8)
    with pytest.raises(ValueError, match="flip"):
        training.probabilities(model, pictures, flip=np.zeros(3))
    with pytest.raises(ValueError, match="layer='0'"):
        training.grad_cam(model, pictures[0], layer="0")
