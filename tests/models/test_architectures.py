"""The famous networks against the counts that their papers publish, and against real numbers."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from cnnkit import functional, models  # noqa: E402
from cnnkit.models import architectures  # noqa: E402

PICTURE = (3, 224, 224)


def count(build, shape=PICTURE):
    with torch.device("meta"):
        return models.summary(build(), shape)


def test_lenet_has_the_parameters_of_each_layer_of_the_paper():
    # LeCun et al. (1998), section II.B: C1 156, S2 12, C3 1,516, S4 32, C5 48,120, F6 10,164.
    rows = count(architectures.lenet5, (1, 32, 32)).rows
    third = [row.parameters for row in rows if row.output_shape == (1, 10, 10)]
    assert len(third) == 16 and sum(third) == 1516
    others = [row.parameters for row in rows if row.parameters and row.output_shape[0] != 1]
    assert others == [156, 12, 32, 48_120, 10_164]


def test_lenets_third_layer_reads_what_table_1_says():
    table = """X . . . X X X . . X X X X . X X
               X X . . . X X X . . X X X X . X
               X X X . . . X X X . . X . X X X
               . X X X . . X X X X . . X . X X
               . . X X X . . X X X X . X X . X
               . . . X X X . . X X X X . X X X"""
    rows = [line.split() for line in table.splitlines()]
    expected = [[row for row in range(6) if rows[row][k] == "X"] for k in range(16)]
    layer = next(m for m in architectures.lenet5() if isinstance(m, architectures.PartialConv2d))
    assert [sorted(reads) for reads in layer.reads] == expected


def test_a_partial_convolution_is_a_full_one_with_zeros():
    torch.manual_seed(0)
    layer = architectures.PartialConv2d([[0, 2], [1, 2, 3], [3]], 3)
    full = torch.zeros(3, 4, 3, 3)
    for filter, maps, place in zip(layer.filters, layer.reads, full, strict=True):
        place[maps] = filter.weight[0].detach()
    bias = torch.cat([filter.bias.detach() for filter in layer.filters])
    x = torch.randn(2, 4, 7, 6)
    assert torch.allclose(layer(x), torch.nn.functional.conv2d(x, full, bias), atol=1e-6)


@pytest.mark.parametrize(
    ("name", "parameters", "operations"),
    [  # parameters to the last one; operations in billions, as printed in the source
        ("alexnet", 60_965_224, "0.724"),  # Sze et al. (2017), table II
        ("vgg16", 138_357_544, "15.5"),  # the same
        ("resnet18", 11_689_512, "1.8"),  # He et al. (2016), table 1
        ("resnet50", 25_557_032, "3.9"),  # Sze et al.; He et al. cut it off to 3.8
        ("efficientnet_lite0", 4_652_008, "0.385"),  # d-li14/efficientnet-lite.pytorch
    ],
)
def test_counts_are_those_of_the_papers(name, parameters, operations):
    size = 227 if name == "alexnet" else 224
    counted = count(getattr(architectures, name), (3, size, size))
    assert counted.parameters == parameters
    decimals = len(operations.split(".")[1])
    assert f"{counted.multiply_accumulates / 1e9:.{decimals}f}" == operations
    assert counted.rows[-1].output_shape == (1000,)


def test_googlenets_modules_have_the_sizes_and_operations_of_table_1():
    with torch.device("meta"):
        model = architectures.googlenet()
    modules = [m for m in model if isinstance(m, architectures.Inception)]
    shapes = [(192, 28), (256, 28), (480, 14), *3 * [(512, 14)], (528, 14), *2 * [(832, 7)]]
    millions = []
    for module, (channels, side) in zip(modules, shapes, strict=True):
        cost = models.summary(module, (channels, side, side))
        millions.append(cost.multiply_accumulates / 1e6)
    # "ops" of Szegedy et al. (2015), table 1. It prints 54 for the eighth module, whose filters,
    # as the same line has them, make 51.
    printed = [128, 304, 73, 88, 100, 119, 170, 51, 71]
    assert millions == pytest.approx(printed, abs=0.7)


def test_zfnets_maps_have_the_sizes_of_figure_3():
    rows = count(architectures.zfnet).rows
    sides = [r.output_shape[1] for r in rows if r.layer in ("Conv2d", "MaxPool2d")]
    assert sides == [110, 55, 26, 13, 13, 13, 13, 6]


@pytest.mark.parametrize(
    "name", ["lenet5", "googlenet", "resnet18", "resnet50", "efficientnet_lite0"]
)
def test_they_run_on_numbers_too_and_every_parameter_gets_a_slope(name):
    torch.manual_seed(0)
    model = getattr(architectures, name)()
    model(torch.randn(2, *((1, 32, 32) if name == "lenet5" else PICTURE))).sum().backward()
    assert all(parameter.grad is not None for parameter in model.parameters())


def test_a_block_that_changes_shape_fits_the_shortcut():
    block = architectures.resnet18()[5].eval()
    assert block(torch.randn(1, 64, 8, 8)).shape == (1, 128, 4, 4)
    assert not isinstance(block.shortcut, torch.nn.Identity)


def normalised(norm, maps):
    """What a batch norm makes of maps in use, in NumPy."""
    arrays = (norm.running_mean, norm.running_var, norm.weight, norm.bias)
    return functional.batch_norm(maps, *(a.detach().numpy() for a in arrays), eps=norm.eps)


@pytest.mark.parametrize(("channels", "filters", "stride"), [(8, 8, 1), (8, 12, 1), (8, 8, 2)])
def test_an_inverted_residual_is_three_convolutions_in_numpy(channels, filters, stride):
    torch.manual_seed(0)
    block = architectures.InvertedResidual(channels, filters, 5, stride, expansion=6).eval()
    for norm in (m for m in block.modules() if isinstance(m, torch.nn.BatchNorm2d)):
        norm.running_mean.normal_()
        norm.running_var.uniform_(0.5, 2)
    x = torch.randn(2, channels, 9, 12)
    maps = x.numpy()
    for part in (block.widen, block.around, block.narrow):
        weight, wide = part[0].weight.detach().numpy(), part[0].groups > 1
        if wide and stride == 2:  # of 9 rows 5 windows begin, of 12 columns 6
            maps = functional.pad(maps, (1, 2, 2, 2))
        padding = 2 if wide and stride == 1 else 0
        step = stride if wide else 1
        maps = functional.conv2d(maps, weight, None, step, padding, groups=part[0].groups)
        maps = normalised(part[1], maps)
        if len(part) == 3:
            maps = np.clip(maps, 0, 6)
    expected = maps + x.numpy() if (filters, stride) == (8, 1) else maps
    assert np.allclose(block(x).detach().numpy(), expected, atol=1e-4)


@pytest.mark.parametrize("kernel_size", [3, 5])
@pytest.mark.parametrize("size", [(8, 8), (9, 12), (7, 7)])
@pytest.mark.parametrize("stride", [1, 2, 3])
def test_same_padding_is_that_of_keras(kernel_size, size, stride, monkeypatch):
    monkeypatch.setenv("KERAS_BACKEND", "torch")
    keras = pytest.importorskip("keras")
    torch.manual_seed(0)
    ours = architectures.SameConv2d(3, 4, kernel_size, stride, bias=False)
    theirs = keras.layers.Conv2D(4, kernel_size, stride, padding="same", use_bias=False)
    x = torch.randn(2, 3, *size)
    theirs.build((None, *size, 3))
    theirs.set_weights([ours.weight.detach().permute(2, 3, 1, 0).numpy()])
    expected = theirs(x.permute(0, 2, 3, 1).numpy()).permute(0, 3, 1, 2)
    assert torch.allclose(ours(x), expected.cpu(), atol=1e-5)


def test_a_depthwise_layer_counts_as_it_works():
    block = architectures.InvertedResidual(8, 8, 3, 1, expansion=6)
    rows = [row for row in models.summary(block, (8, 10, 10)).rows if row.layer == "Conv2d"]
    assert [row.multiply_accumulates for row in rows] == [100 * n for n in (8 * 48, 9 * 48, 48 * 8)]
