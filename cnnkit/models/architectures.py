"""Networks that made history, as PyTorch models that one can read in one sitting.

``lenet5``, ``alexnet``, ``zfnet``, ``vgg16``, ``googlenet``, ``resnet18``, ``resnet50`` and
``efficientnet_lite0`` build them as their authors describe them, with random weights; every input
size is theirs. ``models.pretrained`` has weights for the last of them, learned by others. Built
under ``torch.device("meta")`` a model has shapes and no numbers, which is all that
:func:`cnnkit.models.summary` needs.
"""

from functools import partial

import torch
from torch import nn
from torch.nn import functional

__all__ = [
    "alexnet",
    "efficientnet_lite0",
    "googlenet",
    "lenet5",
    "resnet18",
    "resnet50",
    "vgg16",
    "zfnet",
]


class Subsample(nn.Module):
    """LeNet's pooling: the sum of 2×2, times a weight, plus a bias, both learned for each map.

    Source: LeCun et al. (1998), section II.B.
    """

    def __init__(self, channels):
        super().__init__()
        self.scale = nn.Parameter(torch.ones(channels, 1, 1))
        self.shift = nn.Parameter(torch.zeros(channels, 1, 1))

    def forward(self, input):
        """Map (N, C, H, W) to (N, C, H/2, W/2)."""
        return 4 * functional.avg_pool2d(input, 2) * self.scale + self.shift


class Squash(nn.Module):
    """LeNet's bend, 1.7159 · tanh(2x / 3): it maps 1 to 1 and −1 to −1 (LeCun et al., 1998)."""

    def forward(self, input):
        """Map any shape to the same."""
        return 1.7159 * torch.tanh(input * 2 / 3)


class PartialConv2d(nn.Module):
    """A convolution whose filters each read only some of the maps: one entry of `reads` a filter.

    Source: LeCun et al. (1998), table I.
    """

    def __init__(self, reads, kernel_size):
        super().__init__()
        self.reads = [list(maps) for maps in reads]
        self.filters = nn.ModuleList(nn.Conv2d(len(maps), 1, kernel_size) for maps in self.reads)

    def forward(self, input):
        """Map (N, C, H, W) to (N, filters, H', W')."""
        pairs = zip(self.filters, self.reads, strict=True)
        return torch.cat([filter(input[:, maps]) for filter, maps in pairs], dim=1)


def lenet5():
    """LeNet-5 (LeCun et al., 1998) for (1, 32, 32); the output is the 84 features of layer F6.

    Its last layer, ten fixed drawings of 84 pixels each that the features are compared with, has
    nothing to learn and is left out.
    """
    three = [[(i + j) % 6 for j in range(3)] for i in range(6)]
    four = [[(i + j) % 6 for j in range(4)] for i in range(6)]
    split = [[0, 1, 3, 4], [1, 2, 4, 5], [0, 2, 3, 5]]
    return nn.Sequential(
        *(nn.Conv2d(1, 6, 5), Squash(), Subsample(6), Squash()),
        *(PartialConv2d([*three, *four, *split, range(6)], 5), Squash(), Subsample(16), Squash()),
        *(nn.Conv2d(16, 120, 5), Squash(), nn.Flatten()),
        *(nn.Linear(120, 84), Squash()),
    )


def alexnet():
    """AlexNet (Krizhevsky et al., 2012) for (3, 227, 227).

    ``groups=2``: the two halves of these layers lived on two graphics cards and did not talk.
    Local response normalisation stands where the paper puts it.
    """
    norm = partial(nn.LocalResponseNorm, 5, alpha=5e-4, beta=0.75, k=2.0)
    return nn.Sequential(
        *(nn.Conv2d(3, 96, 11, stride=4), nn.ReLU(), norm(), nn.MaxPool2d(3, 2)),
        *(nn.Conv2d(96, 256, 5, padding=2, groups=2), nn.ReLU(), norm(), nn.MaxPool2d(3, 2)),
        *(nn.Conv2d(256, 384, 3, padding=1), nn.ReLU()),
        *(nn.Conv2d(384, 384, 3, padding=1, groups=2), nn.ReLU()),
        *(nn.Conv2d(384, 256, 3, padding=1, groups=2), nn.ReLU(), nn.MaxPool2d(3, 2)),
        *_dense(256 * 6 * 6),
    )


def zfnet():
    """ZFNet (Zeiler and Fergus, 2014) for (3, 224, 224), with the sizes of its figure 3.

    Its contrast normalisation, which has nothing to learn, is left out.
    """
    return nn.Sequential(
        *(nn.Conv2d(3, 96, 7, stride=2, padding=1), nn.ReLU(), nn.MaxPool2d(3, 2, padding=1)),
        *(nn.Conv2d(96, 256, 5, stride=2), nn.ReLU(), nn.MaxPool2d(3, 2, padding=1)),
        *(nn.Conv2d(256, 384, 3, padding=1), nn.ReLU()),
        *(nn.Conv2d(384, 384, 3, padding=1), nn.ReLU()),
        *(nn.Conv2d(384, 256, 3, padding=1), nn.ReLU(), nn.MaxPool2d(3, 2)),
        *_dense(256 * 6 * 6),
    )


def vgg16():
    """VGG-16 (Simonyan and Zisserman, 2015, configuration D) for (3, 224, 224)."""
    layers, channels = [], 3
    for repeats, filters in [(2, 64), (2, 128), (3, 256), (3, 512), (3, 512)]:
        for _ in range(repeats):
            layers += [nn.Conv2d(channels, filters, 3, padding=1), nn.ReLU()]
            channels = filters
        layers.append(nn.MaxPool2d(2))
    return nn.Sequential(*layers, *_dense(512 * 7 * 7))


def _dense(features):
    """The three dense layers that AlexNet, ZFNet and VGG end with."""
    return (
        nn.Flatten(),
        *(nn.Linear(features, 4096), nn.ReLU(), nn.Dropout(0.5)),
        *(nn.Linear(4096, 4096), nn.ReLU(), nn.Dropout(0.5)),
        nn.Linear(4096, 1000),
    )


class Inception(nn.Module):
    """GoogLeNet's module: four ways side by side, their maps stacked.

    Parameters
    ----------
    channels : int
        Maps that come in.
    one, three, five, pool : int, (int, int), (int, int), int
        Maps of each way; where there are two numbers, the first is the 1×1 that comes before.
    """

    def __init__(self, channels, one, three, five, pool):
        super().__init__()
        self.one = _conv(channels, one, 1)
        self.three = nn.Sequential(_conv(channels, three[0], 1), _conv(three[0], three[1], 3))
        self.five = nn.Sequential(_conv(channels, five[0], 1), _conv(five[0], five[1], 5))
        self.pool = nn.Sequential(nn.MaxPool2d(3, 1, padding=1), _conv(channels, pool, 1))

    def forward(self, input):
        """Map (N, channels, H, W) to (N, sum of the four ways, H, W)."""
        ways = self.one, self.three, self.five, self.pool
        return torch.cat([way(input) for way in ways], dim=1)


def _conv(channels, filters, kernel_size):
    padding = kernel_size // 2
    return nn.Sequential(nn.Conv2d(channels, filters, kernel_size, padding=padding), nn.ReLU())


def googlenet():
    """GoogLeNet (Szegedy et al., 2015, table 1) for (3, 224, 224), as it is used after training.

    The two side exits, which served training alone, and the response normalisation are left out.
    """
    pool = partial(nn.MaxPool2d, 3, 2, ceil_mode=True)
    return nn.Sequential(
        *(nn.Conv2d(3, 64, 7, stride=2, padding=3), nn.ReLU(), pool()),
        *(_conv(64, 64, 1), _conv(64, 192, 3), pool()),
        Inception(192, 64, (96, 128), (16, 32), 32),
        Inception(256, 128, (128, 192), (32, 96), 64),
        pool(),
        Inception(480, 192, (96, 208), (16, 48), 64),
        Inception(512, 160, (112, 224), (24, 64), 64),
        Inception(512, 128, (128, 256), (24, 64), 64),
        Inception(512, 112, (144, 288), (32, 64), 64),
        Inception(528, 256, (160, 320), (32, 128), 128),
        pool(),
        Inception(832, 256, (160, 320), (32, 128), 128),
        Inception(832, 384, (192, 384), (48, 128), 128),
        *(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Dropout(0.4), nn.Linear(1024, 1000)),
    )


class Residual(nn.Module):
    """ResNet's block: what the layers find is added to what came in.

    Where shapes differ, a 1×1 convolution fits what came in (the paper's option B).
    """

    def __init__(self, layers, channels, filters, stride):
        super().__init__()
        self.layers = layers
        same = channels == filters and stride == 1
        self.shortcut = nn.Identity() if same else _normed(channels, filters, 1, stride)

    def forward(self, input):
        """Map (N, channels, H, W) to (N, filters, H / stride, W / stride)."""
        return torch.relu(self.layers(input) + self.shortcut(input))


def _normed(channels, filters, kernel_size, stride=1):
    """Convolution and batch normalisation, whose shift makes a bias needless."""
    conv = nn.Conv2d(channels, filters, kernel_size, stride, padding=kernel_size // 2, bias=False)
    return nn.Sequential(conv, nn.BatchNorm2d(filters))


def _basic(channels, width, stride):
    layers = _normed(channels, width, 3, stride), nn.ReLU(), _normed(width, width, 3)
    return Residual(nn.Sequential(*layers), channels, width, stride)


def _bottleneck(channels, width, stride):
    layers = (
        *(_normed(channels, width, 1, stride), nn.ReLU()),
        *(_normed(width, width, 3), nn.ReLU()),
        _normed(width, 4 * width, 1),
    )
    return Residual(nn.Sequential(*layers), channels, 4 * width, stride)


def _resnet(block, repeats, expansion):
    """The frame that all ResNets share; each stage but the first halves the maps."""
    layers, channels = [], 64
    for stage, blocks in enumerate(repeats):
        width = 64 * 2**stage
        for number in range(blocks):
            stride = 2 if stage > 0 and number == 0 else 1
            layers.append(block(channels, width, stride))
            channels = expansion * width
    return nn.Sequential(
        *(_normed(3, 64, 7, stride=2), nn.ReLU(), nn.MaxPool2d(3, 2, padding=1)),
        *layers,
        *(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(channels, 1000)),
    )


def resnet18():
    """ResNet-18 (He et al., 2016, table 1) for (3, 224, 224)."""
    return _resnet(_basic, (2, 2, 2, 2), expansion=1)


def resnet50():
    """ResNet-50 (He et al., 2016, table 1) for (3, 224, 224), its strides in the first 1×1."""
    return _resnet(_bottleneck, (3, 4, 6, 3), expansion=4)


class InvertedResidual(nn.Module):
    """MobileNet's block (Sandler et al., 2018): widen, look around map by map, narrow again.

    A 1×1 convolution makes `expansion` times as many maps; a depthwise one, ``groups`` = maps,
    gives each of them a kernel of its own; a 1×1 mixes them back to few, without a bend behind.
    Where shapes allow, what came in is added. ResNet's block is wide, narrow, wide: inverted.
    """

    def __init__(self, channels, filters, kernel_size, stride, expansion):
        super().__init__()
        wide = expansion * channels
        self.widen = nn.Identity() if expansion == 1 else _six(channels, wide, 1)
        self.around = _six(wide, wide, kernel_size, stride, groups=wide)
        self.narrow = _six(wide, filters, 1)[:2]
        self.adds = channels == filters and stride == 1

    def forward(self, input):
        """Map (N, channels, H, W) to (N, filters, H / stride, W / stride)."""
        found = self.narrow(self.around(self.widen(input)))
        return input + found if self.adds else found


class SameConv2d(nn.Conv2d):
    """A convolution padded as TensorFlow does: where zeros are odd in number, more come last."""

    def forward(self, input):
        """Map (N, C, H, W) to (N, filters, H / stride, W / stride), rounded up."""
        widths = []
        for axis in (1, 0):  # PyTorch's pad counts from the last axis
            size, stride = input.shape[2 + axis], self.stride[axis]
            last = (size - 1) // stride * stride  # where the last window begins
            zeros = max(0, last + self.kernel_size[axis] - size)
            widths += [zeros // 2, zeros - zeros // 2]
        return super().forward(functional.pad(input, widths))


def _six(channels, filters, kernel_size, stride=1, groups=1):
    """Convolution, batch normalisation, ReLU6; the constants are those of EfficientNet."""
    kind, padding = (SameConv2d, 0) if stride > 1 else (nn.Conv2d, kernel_size // 2)
    conv = kind(channels, filters, kernel_size, stride, padding, groups=groups, bias=False)
    return nn.Sequential(conv, nn.BatchNorm2d(filters, eps=1e-3, momentum=0.01), nn.ReLU6())


def efficientnet_lite0(classes=1000):
    """EfficientNet-Lite0 (after Tan and Le, 2019, table 1) for (3, 224, 224).

    The network of the paper's table without squeeze-and-excitation, and with ReLU6, which is
    min(max(0, x), 6), as its bend: the form that was made for phones. A flat list of layers: the
    stem, sixteen blocks, the head, and from there to the answer, one of `classes`.
    """
    stages = [  # expansion, kernel_size, stride of the first block, filters, blocks
        (1, 3, 1, 16, 1),
        (6, 3, 2, 24, 2),
        (6, 5, 2, 40, 2),
        (6, 3, 2, 80, 3),
        (6, 5, 1, 112, 3),
        (6, 5, 2, 192, 4),
        (6, 3, 1, 320, 1),
    ]
    blocks, channels = [], 32
    for expansion, kernel_size, stride, filters, repeats in stages:
        for number in range(repeats):
            step = stride if number == 0 else 1
            blocks.append(InvertedResidual(channels, filters, kernel_size, step, expansion))
            channels = filters
    return nn.Sequential(
        *(_six(3, 32, 3, stride=2), *blocks, _six(320, 1280, 1)),
        *(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Dropout(0.2), nn.Linear(1280, classes)),
    )
