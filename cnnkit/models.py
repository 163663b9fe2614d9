"""The networks of the course, each a few lines: the article's, LeNet, and a residual net of today.

All take pictures as (N, channels, size, size) floats and give (N, classes) scores (logits): the
softmax is in the loss, as PyTorch has it. Only the Keras twin of the article's net ends in a
softmax, as the article wrote it. The parameters are random: call ``torch.manual_seed`` before, to
get the same ones again.
"""

import os

import numpy as np
from torch import nn

from cnnkit.arguments import lesson

__all__ = [
    "Residual",
    "article_model",
    "article_model_keras",
    "copy_weights_from_keras",
    "copy_weights_to_keras",
    "lenet",
    "small_resnet",
]


def article_model(size=300, classes=2, channels=3):
    """Build the article's cats-against-dogs network (R1) in PyTorch.

    At 300×300 it has 438,842 parameters: 760 in the convolution, 438,082 in the dense layer. The
    article says 219,801, which is the count with one output instead of two (E1).

    =========  ==================  ==================
    layer      output              parameters
    =========  ==================  ==================
    Conv2d     (N, 10, 296, 296)   10·(5·5·3 + 1)
    ReLU       (N, 10, 296, 296)
    MaxPool2d  (N, 10, 148, 148)
    Flatten    (N, 219,040)
    Linear     (N, 2)              2·(219,040 + 1)
    =========  ==================  ==================

    Parameters
    ----------
    size : int, default 300
        Height and width of the pictures, at least 6.
    classes, channels : int

    Returns
    -------
    torch.nn.Sequential

    Raises
    ------
    ValueError
        If a picture is smaller than the kernel and the pooling need.

    Examples
    --------
    >>> sum(p.numel() for p in article_model().parameters())
    438842
    >>> sum(p.numel() for p in article_model(classes=1).parameters())
    219801
    """
    _at_least("size", size, 6)
    side = (size - 4) // 2
    return nn.Sequential(
        nn.Conv2d(channels, 10, kernel_size=5),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Linear(10 * side * side, classes),
    )


def lenet(size=28, classes=10, channels=1, widths=(6, 16), batch_norm=False):
    """Build LeNet-5 (LeCun et al. 1998) with ReLU and max pooling, for digits and MNIST (R2).

    As it stands it has the 61,706 parameters of the original: two 5×5 convolutions with pooling,
    then dense layers of 120, 84 and 10 units. Pictures below 16 pixels (scikit-learn's digits
    have 8) get zeros around the second convolution too, so that its kernel fits.

    Parameters
    ----------
    size : int, default 28
        Height and width of the pictures, at least 4.
    classes, channels : int
    widths : pair of int, default (6, 16)
        Filters of the two convolutions.
    batch_norm : bool, default False
        Batch normalisation after each convolution: with ``widths=(32, 64)`` a net of today.

    Returns
    -------
    torch.nn.Sequential

    Raises
    ------
    ValueError
        If the pictures are below 4 pixels.

    Examples
    --------
    >>> sum(p.numel() for p in lenet().parameters())
    61706
    """
    _at_least("size", size, 4)
    padding = 2 if size < 16 else 0
    side = (size // 2 - 4 + 2 * padding) // 2
    layers: list[nn.Module] = []
    width = channels
    for new_width, pad in zip(widths, (2, padding), strict=True):
        layers.append(nn.Conv2d(width, new_width, kernel_size=5, padding=pad, bias=not batch_norm))
        layers += [nn.BatchNorm2d(new_width)] if batch_norm else []
        layers += [nn.ReLU(), nn.MaxPool2d(2)]
        width = new_width
    layers += [nn.Flatten(), nn.Linear(width * side * side, 120), nn.ReLU()]
    return nn.Sequential(*layers, nn.Linear(120, 84), nn.ReLU(), nn.Linear(84, classes))


class Residual(nn.Module):
    """Two 3×3 convolutions whose result is added to their input (He et al. 2016).

    The last batch norm starts at zero, so the block starts as the identity: it adds what it
    learns. (N, width, H, W) in, the same shape out.
    """

    def __init__(self, width):
        super().__init__()
        last = nn.BatchNorm2d(width)
        nn.init.zeros_(last.weight)
        self.body = nn.Sequential(
            nn.Conv2d(width, width, kernel_size=3, padding=1, bias=False),
            nn.BatchNorm2d(width),
            nn.ReLU(),
            nn.Conv2d(width, width, kernel_size=3, padding=1, bias=False),
            last,
        )
        self.relu = nn.ReLU()

    def forward(self, x):
        """Add what the body makes of `x` to `x`."""
        return self.relu(x + self.body(x))


def small_resnet(classes=2, channels=3, widths=(16, 32, 64, 128)):
    """Build a residual network of today at small scale, for pictures of any size from 16 pixels.

    Each stage convolves 3×3 to the next width, halves the sides by max pooling, normalises, and
    refines with one :class:`Residual` block. Global average pooling then takes one mean a channel,
    so the dense layer has 258 parameters where the article's has 438,082. Pooling comes before
    batch norm: a quarter of the values to normalise.

    With three channels and two classes: 490,578 parameters, and at 64×64 these shapes.

    ==========  ==================
    stage       output
    ==========  ==================
    width 16    (N, 16, 32, 32)
    width 32    (N, 32, 16, 16)
    width 64    (N, 64, 8, 8)
    width 128   (N, 128, 4, 4)
    mean        (N, 128)
    Linear      (N, 2)
    ==========  ==================

    Parameters
    ----------
    classes, channels : int
    widths : tuple of int, default (16, 32, 64, 128)
        One stage each. Pictures must be at least 2 to the power of their number wide. Twice the
        widths are four times the work and the parameters: for a GPU.

    Returns
    -------
    torch.nn.Sequential
    """
    layers: list[nn.Module] = []
    width = channels
    for new_width in widths:
        layers += [
            nn.Conv2d(width, new_width, kernel_size=3, padding=1, bias=False),
            nn.MaxPool2d(2),
            nn.BatchNorm2d(new_width),
            nn.ReLU(),
            Residual(new_width),
        ]
        width = new_width
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(width, classes))


# ---- the article's network in Keras -------------------------------------------------------------


def article_model_keras(size=300, classes=2, channels=3):
    """Build the article's network (R1) in Keras 3, softmax included, on the PyTorch backend.

    Pictures come as (N, size, size, channels), Keras's own order. Nothing needs TensorFlow: where
    no backend has been chosen (``KERAS_BACKEND``), this chooses PyTorch.

    Parameters
    ----------
    size, classes, channels : int
        As in :func:`article_model`.

    Returns
    -------
    keras.Sequential
        Built, not compiled: ``model.compile("adam", "categorical_crossentropy")`` is next.

    Raises
    ------
    ValueError
        If a picture is smaller than the kernel and the pooling need.
    """
    _at_least("size", size, 6)
    os.environ.setdefault("KERAS_BACKEND", "torch")
    from keras import Input, Sequential, layers

    return Sequential(
        [
            Input((size, size, channels)),
            layers.Conv2D(10, 5, activation="relu", data_format="channels_last"),
            layers.MaxPooling2D(2, data_format="channels_last"),
            layers.Flatten(data_format="channels_last"),
            layers.Dense(classes, activation="softmax"),
        ]
    )


def copy_weights_to_keras(model, keras_model):
    """Give the Keras twin the weights of :func:`article_model`: both then answer alike.

    PyTorch keeps a kernel as (out, in, height, width), Keras as (height, width, in, out). And the
    dense layer sees the flattened pixels in another order: channel by channel in PyTorch, pixel
    by pixel in Keras.

    Parameters
    ----------
    model : torch.nn.Sequential
        Made by :func:`article_model`; it is not changed.
    keras_model : keras.Sequential
        Made by :func:`article_model_keras` with the same sizes.

    Raises
    ------
    ValueError
        If the two do not have the same sizes.
    """
    conv, dense = model[0], model[-1]
    filters = conv.out_channels
    side = round((dense.in_features / filters) ** 0.5)
    kernel, bias, weight, offset = (_array(p) for p in model.parameters())
    weight = weight.reshape(-1, filters, side, side).transpose(2, 3, 1, 0)
    weights = [kernel.transpose(2, 3, 1, 0), bias, weight.reshape(dense.in_features, -1), offset]
    expected = [tuple(w.shape) for w in keras_model.weights]
    if [w.shape for w in weights] != expected:
        given = f"weights of shapes {[w.shape for w in weights]}"
        remedy = "Build both with the same size, classes and channels."
        raise lesson(given, f"{expected}, those of the Keras model", remedy)
    keras_model.set_weights(weights)


def copy_weights_from_keras(keras_model, model):
    """Give :func:`article_model` the weights of its Keras twin, the other way round.

    Parameters
    ----------
    keras_model : keras.Sequential
        Made by :func:`article_model_keras`; it is not changed.
    model : torch.nn.Sequential
        Made by :func:`article_model` with the same sizes.

    Raises
    ------
    ValueError
        If the two do not have the same sizes.
    """
    import torch

    kernel, bias, weight, offset = keras_model.get_weights()
    side = round((len(weight) / len(bias)) ** 0.5)
    weight = weight.reshape(side, side, len(bias), -1).transpose(3, 2, 0, 1)
    weights = [kernel.transpose(3, 2, 0, 1), bias, weight.reshape(len(offset), -1), offset]
    expected = [tuple(p.shape) for p in model.parameters()]
    if [w.shape for w in weights] != expected:
        given = f"weights of shapes {[w.shape for w in weights]}"
        remedy = "Build both with the same size, classes and channels."
        raise lesson(given, f"{expected}, those of the PyTorch model", remedy)
    with torch.no_grad():
        for parameter, values in zip(model.parameters(), weights, strict=True):
            parameter.copy_(torch.from_numpy(np.ascontiguousarray(values)))


def _array(parameter):
    return parameter.detach().cpu().numpy()


def _at_least(name, value, least):
    if value < least:
        remedy = f"Use larger pictures: {name}={least} or more."
        raise lesson(f"{name}={value} was given", f"at least {least} pixels", remedy)
