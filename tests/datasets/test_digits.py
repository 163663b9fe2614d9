"""The digits of scikit-learn as bytes."""

import numpy as np

from cnnkit import datasets, images


def test_digits_are_the_course_digits_as_bytes():
    everything = datasets.digits("all")
    levels, labels = images.digits()
    assert everything.images.dtype == np.uint8 and everything.images.shape == (1797, 8, 8)
    assert np.array_equal(np.rint(everything.images * (16 / 255)), levels)
    assert np.array_equal(everything.labels, labels)
    train, test = datasets.digits("train"), datasets.digits("test")
    assert (len(train), len(test)) == (1437, 360)
    assert train.numbers.max() < test.numbers.min()
    assert everything.names[int(test.labels[0])] == str(labels[1437])
    assert repr(test) == "<360 pictures of 8×8: 0, 1, 2, 3, 4, 5, 6, 7, 8, 9>"
