"""The article's network in Keras, and the weights' way to it and back.

It ends in a softmax, as the article wrote it; in PyTorch the softmax is in the loss.
"""

import os

import numpy as np

from cnnkit.arguments import lesson
from cnnkit.models.small import check_size

__all__ = ["article_model_keras", "copy_weights_from_keras", "copy_weights_to_keras"]


def article_model_keras(size=300, classes=2, channels=3):
    """Build the article's network (R1) in Keras 3, softmax included, on the PyTorch backend.

    Pictures come as (N, size, size, channels), Keras's own order. Nothing needs TensorFlow: where
    no backend has been chosen (``KERAS_BACKEND``), this chooses PyTorch.

    Parameters
    ----------
    size, classes, channels : int
        As in :func:`cnnkit.models.article_model`.

    Returns
    -------
    keras.Sequential
        Built, not compiled: ``model.compile("adam", "categorical_crossentropy")`` is next.

    Raises
    ------
    ValueError
        If a picture is smaller than the kernel and the pooling need.
    """
    check_size(size, 6)
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
    """Give the Keras twin the weights of ``article_model``: both then answer alike.

    PyTorch keeps a kernel as (out, in, height, width), Keras as (height, width, in, out). And the
    dense layer sees the flattened pixels in another order: channel by channel in PyTorch, pixel
    by pixel in Keras.

    Parameters
    ----------
    model : torch.nn.Sequential
        Made by :func:`cnnkit.models.article_model`; it is not changed.
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
    """Give ``article_model`` the weights of its Keras twin, the other way round.

    Parameters
    ----------
    keras_model : keras.Sequential
        Made by :func:`article_model_keras`; it is not changed.
    model : torch.nn.Sequential
        Made by :func:`cnnkit.models.article_model` with the same sizes.

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
