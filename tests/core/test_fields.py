"""What values see, against pixels that are not numbers, one row after the other, in a real run."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn
from torch.nn import functional as F

import cnnkit.functional as ours_functional
from cnnkit import geometry, models
from cnnkit import nn as ours
from cnnkit.models import architectures


def planted(network, channels, size, axis, last=False):
    """Return how many rows or columns a value sees at most: plant NaN in each, and look."""
    pictures = torch.rand(size, channels, size, size)
    for line, picture in enumerate(pictures):
        picture.select(axis + 1, line).fill_(torch.nan)
    if last:
        pictures = pictures.movedim(1, -1)
    with torch.no_grad():
        maps = network(pictures)
    seen = np.isnan(np.asarray(maps)).reshape(size, -1)
    seen = seen[:, seen.any(0)]
    return int((size - seen[::-1].argmax(0) - seen.argmax(0)).max())


def holds(network, channels=2, size=48, run=None, last=False):
    """The field is what the planted rows and columns tell; the network stays as it was."""
    modes = [m.training for m in network.modules()] if isinstance(network, nn.Module) else None
    field = geometry.receptive_field(network)
    if modes is not None:
        assert [m.training for m in network.modules()] == modes
        network.eval()
    run = run or network
    expected = tuple(planted(run, channels, size, axis, last) for axis in (0, 1))
    assert max(expected) < size
    assert (field if isinstance(field, tuple) else (field, field)) == expected
    return field


side, pairs = st.integers(1, 4), st.tuples(st.integers(1, 4), st.integers(1, 4))


@st.composite
def layer(draw):
    kind = draw(st.sampled_from(["conv", "conv", "transposed", "max", "avg", "up", "same"]))
    kernel, stride = draw(pairs), draw(st.tuples(st.integers(1, 2), st.integers(1, 2)))
    if kind == "transposed":
        padding = tuple(min(1, k - 1) for k in kernel)
        return nn.ConvTranspose2d(2, 2, kernel, stride, padding, groups=draw(st.integers(1, 2)))
    if kind in ("max", "avg"):
        kind = nn.MaxPool2d if kind == "max" else nn.AvgPool2d
        padding = tuple(draw(st.integers(0, k // 2)) for k in kernel)
        return kind(kernel, stride, padding, ceil_mode=draw(st.booleans()))
    if kind == "up":
        return nn.Upsample(scale_factor=2, mode=draw(st.sampled_from(["nearest", "bilinear"])))
    if kind == "same":
        return nn.Conv2d(2, 2, kernel, padding="same", dilation=draw(st.integers(1, 2)))
    how = {"dilation": draw(st.integers(1, 2)), "groups": draw(st.integers(1, 2))}
    return nn.Conv2d(2, 2, kernel, stride, draw(pairs), **how, bias=draw(st.booleans()))


@pytest.mark.filterwarnings("ignore:Using padding='same' with even kernel")
@settings(max_examples=25, deadline=None, derandomize=True)
@given(st.lists(layer(), min_size=1, max_size=3))
def test_any_row_of_layers(layers):
    holds(nn.Sequential(*layers), size=40 if len(layers) < 3 else 64)


class Add(nn.Module):
    def __init__(self, *ways):
        super().__init__()
        self.ways = nn.ModuleList(ways)

    def forward(self, x):
        return sum(way(x) for way in self.ways)


class Function(nn.Module):
    """A forward pass of functions alone, or with layers."""

    def __init__(self, function, *layers):
        super().__init__()
        self.function, self.layers = function, nn.ModuleList(layers)

    def forward(self, x):
        return self.function(x, *self.layers)


def conv(kernel=3, **how):
    return nn.Conv2d(2, 2, kernel, **{"padding": "same", **how})


def by_hand(x, first):
    h = first(x)
    h = h * (h > 0)
    return torch.cat([x[:, :1], h[:, 1:]], 1).clamp(-9, 9)


def written_in_place(x, first):
    h = torch.zeros_like(x)
    h[:, :1] = first(x)[:, :1]
    h[:, 1].copy_(x[:, 1]).mul_(2)
    rows = h[:, :, 1:]
    rows += x[:, :, :-1]
    return h


def net_of_two_halves(x, down, up):
    h = F.relu(down(x), inplace=True)
    h = F.interpolate(up(F.max_pool2d(h, 2)), scale_factor=2)
    return torch.cat([h, x], 1)


SHARED = conv()
NETS = {
    "shared layer, used twice": nn.Sequential(SHARED, nn.ReLU(), SHARED),
    "nested": nn.Sequential(
        nn.Sequential(conv(), nn.Sequential(nn.ReLU())), nn.MaxPool2d(2), conv()),
    "residual": Add(nn.Identity(), nn.Sequential(conv(), nn.ReLU(), conv())),
    "ways": Add(conv(1), conv(3), conv((1, 7)), nn.MaxPool2d(3, 1, 1)),
    "U": Function(net_of_two_halves, conv(), conv()),
    "by hand": Function(by_hand, conv(3)),
    "written in place": Function(written_in_place, conv(3)),
    "channels chosen": Function(
        lambda x, c: c(x)[:, [1, 0, 1]][:, 1:] + x[:, torch.tensor([0, 1])], conv(5)),
    "unshuffled": nn.Sequential(nn.PixelUnshuffle(2), nn.Conv2d(8, 2, 3)),
    "shuffled": nn.Sequential(nn.Conv2d(2, 8, 3), nn.PixelShuffle(2), nn.Conv2d(2, 2, 2)),
    "borders": nn.Sequential(
        nn.ReflectionPad2d(2), conv(5, padding=0), nn.ZeroPad2d((1, 2, 3, 4)), conv()),
    "reflecting convolution": conv(5, padding=2, padding_mode="reflect"),
    "normed": nn.Sequential(
        conv(), nn.BatchNorm2d(2), nn.LocalResponseNorm(2), nn.Dropout(), conv()),
    "channels last": Function(
        lambda x, c, n, f: f(n(c(x).permute(0, 2, 3, 1))).permute(0, 3, 1, 2),
        conv(7), nn.LayerNorm(2), nn.Linear(2, 3)),
    "softmax of maps": nn.Sequential(conv(), nn.Softmax(1)),
    "channel mean": Function(lambda x, c: x * torch.sigmoid(c(x).mean(1, keepdim=True)), conv()),
    "reshaped channels": Function(
        lambda x, c: c(x.view(-1, 2, 1, *x.shape[2:]).flatten(1, 2)), conv()),
    "stacked": Function(lambda x, c: torch.stack([c(x), x]).amax(0), conv()),
    "dilation wider than a small picture": conv(2, dilation=9, padding=9),
    "root of squares": nn.LPPool2d(2, 3),
    "frozen": conv().requires_grad_(False),
    "in float64": nn.Sequential(conv()).double(),
}  # fmt: skip


@pytest.mark.parametrize("name", NETS)
def test_networks_that_are_no_row(name):
    network = NETS[name]
    double = name == "in float64"
    holds(network, run=(lambda x: network(x.double())) if double else None)


@pytest.mark.parametrize(
    "act",
    [nn.ReLU(True), nn.LeakyReLU(), nn.PReLU(), nn.ELU(), nn.GELU(), nn.SiLU(), nn.Sigmoid(),
     nn.Tanh(), nn.Softplus(), nn.Hardtanh(), nn.ReLU6(), nn.Softsign(), nn.LogSigmoid(), nn.SELU(),
     nn.CELU(), nn.Mish(), nn.Hardsigmoid(), nn.Hardswish()],
    ids=lambda act: type(act).__name__,
)  # fmt: skip
def test_activations_see_their_place(act):
    assert geometry.receptive_field(nn.Sequential(conv(5), act)) == 5


FAMOUS = {  # what a value sees, and the kernels on the widest way, by hand from the papers
    "alexnet": (195, [(11, 4), (3, 2), 5, (3, 2), 3, 3, 3, (3, 2)]),
    "efficientnet_lite0": (
        851,
        [(3, 2), 3, (3, 2), 3, (5, 2), 5, (3, 2), *2 * [3], *3 * [5], (5, 2), *3 * [5], 3],
    ),
    "googlenet": (
        715,
        [(7, 2), (3, 2), 3, (3, 2), 5, 5, (3, 2), *5 * [5], (3, 2), 5, 5],
    ),
    "lenet5": (32, [5, (2, 2), 5, (2, 2), 5]),
    "resnet18": (435, [(7, 2), (3, 2), *4 * [3], *3 * [(3, 2), 3, 3, 3]]),
    "resnet50": (
        483,
        [
            *[(7, 2), (3, 2), *3 * [3]],
            *[(1, 2), *4 * [3], (1, 2), *6 * [3], (1, 2), *3 * [3]],
        ],
    ),
    "vgg16": (212, [3, 3, (2, 2), 3, 3, (2, 2), *3 * [3, 3, 3, (2, 2)]]),
    "zfnet": (171, [(7, 2), (3, 2), (5, 2), (3, 2), 3, 3, 3, (3, 2)]),
}


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=pytest.mark.slow) if name in ("googlenet", "resnet50") else name
        for name in architectures.__all__
    ],
)
def test_the_famous_networks(name):
    with torch.device("meta"):
        network = getattr(architectures, name)()
    length, kernels = FAMOUS[name]
    assert geometry.receptive_field(network) == geometry.receptive_field(kernels) == length


COURSE = {
    "article": (lambda: models.article_model(64), 3, 3),
    "lenet": (lambda: models.lenet(28), 6, 1),
    "lenet of 8": (lambda: models.lenet(8, batch_norm=True), 8, 1),
    "small resnet": (lambda: models.small_resnet(widths=(2, 4)), 10, 3),
    "residual": (lambda: models.Residual(2), None, 2),
    "inception": (lambda: architectures.Inception(2, 2, (2, 2), (2, 2), 2), None, 2),
}


@pytest.mark.parametrize("name", COURSE)
def test_the_networks_of_the_course(name):
    build, maps, channels = COURSE[name]
    network = build()
    holds(network, channels, 64, run=network[:maps] if maps else None)


def test_the_numbers_of_the_course_s_residual_network():
    assert geometry.receptive_field(models.small_resnet()) == 166
    assert geometry.receptive_field(models.Residual(4)) == 5
    assert geometry.receptive_field([nn.ConvTranspose2d(2, 2, 4)]) == 4


def attention(x, first):
    values = first(x).flatten(2).transpose(1, 2)
    return F.scaled_dot_product_attention(values, values, values)


SEES_ALL = {
    "squeeze and excite": Function(
        lambda x, c, d: c(x) * torch.sigmoid(d(x.mean((2, 3))))[..., None, None],
        conv(), nn.Linear(2, 2)),
    "attention": Function(attention, conv()),
    "instance norm": nn.Sequential(conv(), nn.InstanceNorm2d(2), conv()),
    "group norm": nn.Sequential(conv(), nn.GroupNorm(1, 2), conv()),
    "batch norm of the picture": nn.Sequential(
        conv(), nn.BatchNorm2d(2, track_running_stats=False), conv()),
    "normed last": nn.Sequential(conv(), nn.InstanceNorm2d(2)),
    "adaptive": nn.Sequential(conv(), nn.AdaptiveAvgPool2d(3)),
    "dense alone": nn.Sequential(nn.Flatten(), nn.Linear(8, 2)),
    "through a dense bottleneck": nn.Sequential(
        conv(), nn.Flatten(), nn.Linear(32, 32), nn.Unflatten(1, (2, 4, 4)),
        nn.ConvTranspose2d(2, 2, 2)),
    "mirrored": Function(lambda x, c: c(x) + x.flip(3) + x.flip(2), conv()),
    "sorted": Function(lambda x, c: c(x.sort(2)[0]), conv()),
    "asks for numbers": Function(lambda x, c: c(x) if x.sum() > 0 else x, conv()),
    "pooled in even parts": Function(
        lambda x, c: c(x).view(len(x), 2, 4, x.shape[2] // 4, -1).mean(3), conv()),
}  # fmt: skip


@pytest.mark.parametrize("name", SEES_ALL)
def test_what_sees_all_or_cannot_be_followed_is_a_lesson(name):
    with pytest.raises(ValueError, match=r"; expected .*Give the layers up to there as a list"):
        geometry.receptive_field(SEES_ALL[name])


def test_a_network_that_takes_no_picture_says_why_after_few_tries():
    seen = []

    def fail(x, first):
        seen.append(first(x).shape)
        raise RuntimeError("three legs")

    with pytest.raises(ValueError, match=r"RuntimeError: three legs.*pictures of any size"):
        geometry.receptive_field(Function(fail, nn.Conv2d(3, 2, 1)))
    assert len(seen) < 20
    seen.clear()
    asks = Function(lambda x: seen.append(1) or (x if x.mean() > 0 else -x))
    with pytest.raises(ValueError, match="asks for the numbers of a picture"):
        geometry.receptive_field(asks)
    assert len(seen) == 1


def test_a_list_of_layers_is_a_row_and_a_mixed_one_a_lesson():
    layers = [nn.Conv2d(3, 2, 5), nn.ReLU(), nn.MaxPool2d(2)]
    assert geometry.receptive_field(layers) == geometry.receptive_field(nn.ModuleList(layers)) == 6
    for mixed in ([3, nn.ReLU()], [ours.ReLU(), nn.ReLU()], ["3"], 5.0):
        with pytest.raises(ValueError, match="Do not mix them"):
            geometry.receptive_field(mixed)


class OursResidual(ours.Module):
    def __init__(self, *layers):
        self.body = ours.Sequential(*layers)

    def forward(self, input):
        return ours_functional.relu(input + self.body(input))


class OursWhere(ours.Module):
    def forward(self, input):
        return np.where(input > 0, input, 0)


def ours_conv(*how, **more):
    return ours.Conv2d(2, 2, *how, **more, rng=0)


OURS = {
    "row": lambda: ours.Sequential(ours_conv(5), ours.ReLU(), ours.MaxPool2d(2), ours_conv((3, 2))),
    "residual": lambda: OursResidual(ours_conv(3, padding=1), ours.ReLU(), ours_conv(3, padding=1)),
    "normed": lambda: ours.Sequential(ours_conv(2), ours.BatchNorm2d(2), ours.AvgPool2d(3, 2, 1)),
    "dilated": lambda: ours.Sequential(ours.MaxPool2d(2), ours_conv(2, padding=5, dilation=10)),
    "groups": lambda: ours_conv((1, 3), (2, 1), groups=2),
}


@pytest.mark.parametrize("name", OURS)
def test_networks_in_numpy(name):
    holds(OURS[name](), run=lambda x: OURS[name]().eval()(x.numpy()), size=48)


def test_a_network_in_numpy_with_dense_layers_and_one_that_loses_track():
    head = ours.Flatten(), ours.Dropout(), ours.Linear(18, 4)
    network = ours.Sequential(OURS["row"](), *head)
    assert geometry.receptive_field(network) == geometry.receptive_field(OURS["row"]())
    assert network.training and network(np.zeros((2, 2, 14, 13))).shape == (2, 4)
    with pytest.raises(ValueError, match="numbers of what is not a number"):
        geometry.receptive_field(ours.Sequential(ours_conv(3), OursWhere(), ours_conv(3)))


@pytest.fixture
def keras(monkeypatch):
    monkeypatch.setenv("KERAS_BACKEND", "torch")
    return pytest.importorskip("keras")


def test_the_keras_twin_sees_what_the_network_sees(keras):
    assert geometry.receptive_field(models.article_model_keras(40)) == 6
    row = [keras.layers.Conv2D(4, 5), keras.layers.MaxPooling2D(2), keras.layers.Conv2D(4, (3, 1))]
    assert geometry.receptive_field(row) == (10, 6)
    unbuilt = keras.Sequential([*row, keras.layers.Flatten(), keras.layers.Dense(3)])
    assert geometry.receptive_field(unbuilt) == (10, 6)
    assert not unbuilt.built and not row[0].built


def test_networks_of_keras(keras):
    layers = keras.layers
    picture = keras.Input((32, 32, 3))
    wide = layers.Conv2D(4, 7, padding="same", activation="relu")(picture)
    narrow = layers.Conv2D(4, 3, padding="same")(layers.BatchNormalization()(picture))
    maps = layers.Add()([wide, narrow])
    assert geometry.receptive_field(keras.Model(picture, maps)) == 7
    maps = layers.Conv2D(2, 5)(maps)
    assert geometry.receptive_field(keras.Model(picture, maps)) == 11
    scores = layers.Dense(2)(layers.GlobalAveragePooling2D()(maps))
    assert geometry.receptive_field(keras.Model(picture, scores)) == 11

    def holds_in_keras(*row):
        model = keras.Sequential([keras.Input((48, 48, 2)), *row])
        holds(model, run=lambda pictures: model(pictures).detach(), last=True)

    conv = layers.Conv2D(2, 3)
    holds_in_keras(conv, layers.UpSampling2D(2), layers.Conv2D(2, (3, 2)))
    holds_in_keras(conv, layers.UpSampling2D(2, interpolation="bilinear"), layers.ReLU())
    holds_in_keras(layers.SeparableConv2D(2, 5, strides=2), layers.AveragePooling2D(3))
    holds_in_keras(layers.Conv2DTranspose(2, 4, strides=2), layers.LayerNormalization())
