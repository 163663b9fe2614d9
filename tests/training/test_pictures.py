"""Pictures and labels as people have them: taken as they can only be meant, or refused in words."""

import numpy as np
import pytest
import torch
from runs import few, fit, net, same
from torch import nn

from cnnkit import datasets, training
from cnnkit.training.pictures import as_bytes, as_labels


def changed(data, images=None, labels=None):
    images = data.images if images is None else images
    labels = data.labels if labels is None else labels
    return datasets.Dataset(images, labels, data.names, data.numbers)


MEANT = {
    "int32 labels": lambda d: changed(d, labels=d.labels.astype(np.int32)),
    "uint8 labels": lambda d: changed(d, labels=d.labels.astype(np.uint8)),
    "labels in a column": lambda d: changed(d, labels=d.labels[:, None]),
    "whole floats as labels": lambda d: changed(d, labels=d.labels.astype(np.float32)),
    "a list of labels": lambda d: changed(d, labels=d.labels.tolist()),
    "float32 pictures": lambda d: changed(d, images=(d.images / 255).astype(np.float32)),
    "float64 pictures": lambda d: changed(d, images=d.images / 255),
}


@pytest.mark.parametrize("kind", MEANT)
def test_what_can_be_meant_only_one_way_is_taken_so(kind, digits):
    data, nets = few(digits[0], 128), (net(), net())
    given = MEANT[kind](data)
    histories = [
        fit(m, d, d, epochs=1, batch_size=32) for m, d in zip(nets, (data, given), strict=True)
    ]
    assert same(*nets)
    assert histories[0][0]["valid_loss"] == histories[1][0]["valid_loss"]
    assert training.evaluate(nets[0], given) == training.evaluate(nets[0], data)


def test_yes_and_no_are_white_and_black(digits):
    bits = digits[0].images[:9] > 100
    assert np.array_equal(as_bytes(bits), np.where(bits, 255, 0))
    model = net()
    expected = training.probabilities(model, np.where(bits, 255, 0).astype(np.uint8))
    assert np.array_equal(training.probabilities(model, bits), expected)


LABELS = {
    "from 1 on": (lambda y: y + 1, "from 1 to 10 for a model of 10 outputs.*Use labels - 1"),
    "every second": (lambda y: y * 2, "from 0 to 18 for a model of 10 outputs; expected 0 to 9"),
    "below 0": (lambda y: y - 1, "labels from -1 on; expected 0 or more"),
    "too few": (lambda y: y[:-3], "125 .*labels for 128 pictures"),
    "too many": (lambda y: np.tile(y, 2), "256 .*labels for 128 pictures"),
    "one-hot": (lambda y: np.eye(10)[y], r"labels of shape \(128, 10\).*argmax"),
    "halves": (lambda y: y / 2, "expected whole numbers"),
    "words": (lambda y: y.astype(str), "expected whole numbers"),
    "endless": (lambda y: np.where(y == 1, np.inf, y), "labels up to inf; expected numbers of"),
    "beyond int64": (lambda y: y.astype(np.uint64) + 2**63, r"labels up to 9.*e\+18; expected"),
}
IMAGES = {
    "16 bits": (lambda x: x.astype(np.uint16) * 257, "uint16 from 0 to 65535; expected bytes"),
    "int64": (lambda x: x.astype(np.int64), "images of int64 from 0 to 255; expected bytes"),
    "0.0 to 255.0": (lambda x: x * 1.0, "images of float64 from 0 to 255; expected bytes"),
    "-1 to 1": (lambda x: x / 127.5 - 1, "images of float64 from -1 to 1; expected bytes"),
    "no numbers": (lambda x: x * np.nan, "images of float64 from nan to nan; expected bytes"),
    "words": (lambda x: x.astype(str), "images of <U3; expected bytes"),
    "flat": (lambda x: x.reshape(128, 64), r"images of shape \(128, 64\); expected at least one"),
    "none": (lambda x: x[:0], r"images of shape \(0, 8, 8\); expected at least one picture"),
}
OF_ANOTHER_MODEL = {
    "channels first": (lambda x: x[:, None], r"images of shape \(128, 1, 8, 8\)"),
    "colours": (lambda x: np.stack([x] * 3, -1), "1 channels.*pictures that the model can take"),
}


def refuse(role, data, given, words, tmp_path):
    """Give `given` to be learned from, validated with or judged; nothing must be done with it."""
    model = net()
    with pytest.raises(ValueError, match=words) as error:
        if role == "data":
            training.evaluate(model, given)
        sets = (given, None) if role == "train" else (data, given)
        fit(model, *sets, batch_size=32, out=tmp_path / "run")
    assert error.match(role)
    assert same(model, net()) and not list(tmp_path.iterdir())


@pytest.mark.parametrize("role", ["train", "valid", "data"])
@pytest.mark.parametrize("kind", LABELS)
def test_labels_of_two_meanings_are_a_lesson(kind, role, digits, tmp_path):
    data, (change, words) = few(digits[0], 128), LABELS[kind]
    refuse(role, data, changed(data, labels=change(data.labels)), words, tmp_path)


@pytest.mark.parametrize("role", ["train", "valid", "data"])
@pytest.mark.parametrize("kind", IMAGES)
def test_pictures_of_two_meanings_are_a_lesson(kind, role, digits, tmp_path):
    data, (change, words) = few(digits[0], 128), IMAGES[kind]
    refuse(role, data, changed(data, images=change(data.images)), words, tmp_path)


@pytest.mark.parametrize("role", ["train", "valid"])
@pytest.mark.parametrize("kind", OF_ANOTHER_MODEL)
def test_pictures_for_another_model_are_a_lesson(kind, role, digits, tmp_path):
    data, (change, words) = few(digits[0], 128), OF_ANOTHER_MODEL[kind]
    refuse(role, data, changed(data, images=change(data.images)), words, tmp_path)


@pytest.mark.parametrize("role", ["train", "valid", "data"])
def test_arrays_alone_are_a_lesson(role, digits, tmp_path):
    data = few(digits[0], 128)
    words = "of type tuple; expected images and labels"
    refuse(role, data, (data.images, data.labels), words, tmp_path)


def test_one_output_for_two_classes_is_a_lesson(digits):
    data = changed(digits[0], labels=digits[0].labels % 2)
    model = nn.Sequential(nn.Flatten(), nn.Linear(64, 1))
    with pytest.raises(ValueError, match="as many outputs as there are classes"):
        fit(model, data)
    with pytest.raises(ValueError, match="as many outputs as there are classes"):
        training.evaluate(model, data)


def test_a_model_is_tried_without_being_noticed(digits):
    """Hooks that count the steps count the steps; statistics and dice stay as they are."""
    model, calls = net(dropout=0.5), []
    model.register_forward_hook(lambda *_: calls.append(1))
    dice = torch.get_rng_state()
    with pytest.raises(ValueError, match="for a model of 10 outputs"):
        fit(model, changed(digits[0], labels=digits[0].labels + 5))
    assert not calls and model.training
    assert same(model, net()) and torch.equal(torch.get_rng_state(), dice)


def test_labels_of_no_pictures_are_none():
    assert as_labels([], 0).dtype == np.int64


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float64])
def test_weights_of_another_dtype_are_a_lesson(dtype, digits):
    with pytest.raises(ValueError, match=f"weights of {dtype}.*model.float"):
        fit(net().to(dtype), few(digits[0], 64))
