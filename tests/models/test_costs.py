"""Shapes, parameters and multiply-accumulates against those that PyTorch and Keras tell."""

from functools import partial

import numpy as np
import pytest
import torch

from cnnkit import models, nn


def lenet(ns):
    return ns.Sequential(
        ns.Conv2d(1, 8, 5, padding=2),
        ns.BatchNorm2d(8),
        ns.Sequential(ns.ReLU(), ns.MaxPool2d(2)),
        ns.Conv2d(8, 16, (3, 2), stride=(2, 1), groups=2, bias=False),
        ns.Flatten(),
        ns.Dropout(0.5),
        ns.Linear(16 * 6 * 13, 10),
    )


def test_summary_of_cnnkit_and_pytorch():
    ours, theirs = lenet(nn), lenet(torch.nn)
    table, other = models.summary(ours, (1, 28, 28)), models.summary(theirs, (1, 28, 28))
    assert table.rows == other.rows
    assert str(table) == str(other)
    assert table.parameters == sum(p.numel() for p in theirs.parameters())
    conv, last = table.rows[0], table.rows[-1]
    assert conv == ("Conv2d", (8, 28, 28), 208, 28 * 28 * 8 * 25, 8 * 28 * 28 * 4)
    assert table.rows[4].multiply_accumulates == 16 * 6 * 13 * (4 * 3 * 2)
    assert last == ("Linear", (10,), 12490, 12480, 40)
    assert ours.training and theirs.training and theirs[1].training
    assert ours.children[1].num_batches_tracked == theirs[1].num_batches_tracked == 0
    assert "Conv2d" in str(table) and "8 × 28 × 28" in str(table) and "12,480" in str(table)


def test_summary_counts_shared_and_bare_parameters_of_pytorch_once():
    class Model(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.scale = torch.nn.Parameter(torch.ones(3))
            self.layer = torch.nn.Linear(3, 3)

        def forward(self, x):
            return self.layer(self.layer(x)) * self.scale

    model = Model().double()
    table = models.summary(model, (3,))
    assert table.parameters == sum(p.numel() for p in model.parameters()) == 15
    assert table.multiply_accumulates == 18
    assert table.rows[0].bytes == 24


def test_summary_of_keras(monkeypatch):
    monkeypatch.setenv("KERAS_BACKEND", "torch")
    keras = pytest.importorskip("keras")
    layers = keras.layers
    model = keras.Sequential(
        [
            layers.Conv2D(8, 5, padding="same"),
            layers.BatchNormalization(),
            keras.Sequential([layers.ReLU(), layers.MaxPooling2D(2)]),
            layers.DepthwiseConv2D(3, depth_multiplier=2),
            layers.Flatten(),
            layers.Dense(10),
        ]
    )
    table = models.summary(model, (28, 28, 1))
    assert table.parameters == model.count_params()
    assert [row.layer for row in table.rows][:4] == [
        "Conv2D", "BatchNormalization", "ReLU", "MaxPooling2D",
    ]  # fmt: skip
    assert table.rows[0] == ("Conv2D", (28, 28, 8), 208, 28 * 28 * 8 * 25, 8 * 28 * 28 * 4)
    assert table.rows[4][1:4] == ((12, 12, 16), 160, 12 * 12 * 16 * 9)
    assert table.rows[-1] == ("Dense", (10,), 23050, 23040, 40)
    article = keras.Sequential(
        [
            layers.Input((300, 300, 3)),
            layers.Conv2D(10, 5, activation="relu"),
            layers.MaxPooling2D(2),
            layers.Flatten(),
            layers.Dense(2, activation="softmax"),
        ]
    )
    assert models.summary(article, (300, 300, 3)).parameters == 438_842  # source R1, E1


class Bend(nn.Module):
    def __init__(self):
        self.slope = nn.Parameter(np.ones(3))

    def forward(self, input):
        return input * self.slope.data


def test_summary_counts_parameters_of_any_name():
    rows = models.summary(nn.Sequential(nn.Linear(3, 3), Bend()), (3,)).rows
    assert [(row.parameters, row.multiply_accumulates) for row in rows] == [(12, 9), (3, 0)]


def test_a_number_of_bfloat16_has_two_bytes(monkeypatch):
    monkeypatch.setenv("KERAS_BACKEND", "torch")
    keras = pytest.importorskip("keras")
    layers = keras.layers.Dense(4, dtype="bfloat16"), keras.layers.Dense(2, dtype="float64")
    rows = models.summary(keras.Sequential(layers), (3,)).rows
    assert [row.bytes for row in rows] == [4 * 2, 2 * 8]


def test_what_is_no_model_is_a_lesson():
    with pytest.raises(ValueError, match=r"a list; expected a model .* nn\.Sequential"):
        models.summary([1, 2], (3,))


# Each network of the course, and the image that it reads.
NETWORKS = {
    "small_resnet": (3, 64, 64),
    "article_model": (3, 300, 300),
    "lenet": (1, 28, 28),
    "resnet18": (3, 224, 224),
    "resnet50": (3, 224, 224),
    "googlenet": (3, 224, 224),
    "efficientnet_lite0": (3, 224, 224),
    "alexnet": (3, 227, 227),
    "zfnet": (3, 224, 224),
    "vgg16": (3, 224, 224),
    "lenet5": (1, 32, 32),
}


def bytes_of(tensors):
    """The memory of some tensors, what several share counted once."""
    storages = [t.untyped_storage() for t in tensors]
    return sum({storage.data_ptr(): storage.nbytes() for storage in storages}.values())


def kept(model, shape, batch_size):
    """What autograd keeps for the way back, and the loss that leads there."""
    own = {t.untyped_storage().data_ptr() for t in (*model.parameters(), *model.buffers())}
    found = []

    def keep(tensor):
        if tensor.untyped_storage().data_ptr() not in own:
            found.append(tensor)
        return tensor

    device = next(model.parameters()).device
    images = torch.randn(batch_size, *shape, device=device)
    labels = torch.zeros(batch_size, dtype=torch.long, device=device)
    with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        loss = torch.nn.functional.cross_entropy(model(images), labels)
    return bytes_of(found), loss


@pytest.mark.parametrize("name", NETWORKS)
def test_memory_of_training_is_what_autograd_keeps(name):
    with torch.device("meta"):  # the weights may be anything, and drawing them takes long
        model, shape = getattr(models, name)(), NETWORKS[name]
    model.to_empty(device="cpu")
    estimate = models.memory_of_training(model, shape, batch_size=2)
    assert model.training
    maps, _ = kept(model, shape, batch_size=2)
    assert estimate.maps == pytest.approx(maps, rel=0.06 if name == "lenet5" else 0.02)


@pytest.mark.parametrize(
    ("optimizer", "states"),
    [
        (torch.optim.AdamW, 2),
        (lambda groups: torch.optim.SGD(groups, 0.1, momentum=0.9), 1),
        (lambda groups: torch.optim.SGD(groups, 0.1), 0),
    ],
)
def test_memory_of_training_is_what_the_optimiser_keeps(optimizer, states):
    model = models.small_resnet()
    model[0].requires_grad_(False)  # has no gradient, and nothing is remembered of it
    estimate = models.memory_of_training(model, (3, 64, 64), batch_size=2, states=states)
    descent = optimizer([p for p in model.parameters() if p.requires_grad])
    kept(model, (3, 64, 64), 2)[1].backward()
    descent.step()
    grads = [p.grad for p in model.parameters() if p.grad is not None]
    remembered = [
        t
        for state in descent.state.values()
        for t in state.values()
        if torch.is_tensor(t) and t.ndim  # a count of the steps is a number
    ]
    assert estimate.gradients == bytes_of(grads)
    assert estimate.optimizer == bytes_of(remembered)
    assert estimate.weights == bytes_of([*model.parameters(), *model.buffers()])
    assert estimate.total == sum(estimate)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU of NVIDIA's")
@pytest.mark.parametrize("name", NETWORKS)
def test_memory_of_training_on_a_gpu(name):
    """What is named as left out comes on top of it there, so it is a floor, and a near one."""
    model, shape = getattr(models, name)().cuda(), NETWORKS[name]
    estimate = models.memory_of_training(model, shape, batch_size=16)
    descent = torch.optim.AdamW(model.parameters())
    torch.cuda.reset_peak_memory_stats()
    before = torch.cuda.memory_allocated()
    for _ in range(2):
        _, loss = kept(model, shape, batch_size=16)
        descent.zero_grad()
        loss.backward()
        descent.step()
    peak = torch.cuda.max_memory_allocated() - before + estimate.weights
    assert 0.9 * estimate.total < peak < 2.5 * estimate.total


@pytest.mark.parametrize("shape", [(28, 28), (1, 1, 28, 28), 28])
def test_a_shape_is_of_one_image_with_its_channels(shape):
    model = torch.nn.Sequential(torch.nn.Conv2d(1, 6, 3))
    for count in (models.summary, partial(models.memory_of_training, batch_size=1)):
        with pytest.raises(ValueError, match=r"input_shape=.*expected \(C, H, W\)"):
            count(model, shape)


def test_a_shape_may_be_flat_before_the_first_map():
    layers = torch.nn.Linear(4, 9), torch.nn.Unflatten(1, (1, 3, 3)), torch.nn.Conv2d(1, 2, 3)
    assert models.summary(torch.nn.Sequential(*layers), (4,)).rows[-1].output_shape == (2, 1, 1)


def test_memory_of_training_refuses_other_models():
    with pytest.raises(ValueError, match="a model of PyTorch"):
        models.memory_of_training(nn.Sequential(nn.ReLU()), (1, 8, 8), 4)
    with pytest.raises(ValueError, match="batch_size"):
        models.memory_of_training(models.lenet(), (1, 28, 28), 0)
