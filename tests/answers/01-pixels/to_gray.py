# ruff: noqa: F811, F821

# %% wrong: the plain mean
# loses 1.75: count the same
def to_gray(image):
    return image.mean(axis=-1)


# %% wrong: weights in reverse
# loses 1.75: wrong order
def to_gray(image):
    return 0.114 * image[..., 0] + 0.587 * image[..., 1] + 0.299 * image[..., 2]


# %% wrong: cut to whole numbers
# loses 1.75: fractions are cut off
def to_gray(image):
    return (image @ np.array([0.299, 0.587, 0.114]) + 1e-9).astype(int)


# %% wrong: rounded
# loses 1.75: rounded to whole numbers
def to_gray(image):
    return np.rint(image @ np.array([0.299, 0.587, 0.114]))


# %% wrong: scaled as well
# loses 2: divided by 255
def to_gray(image):
    return image / 255 @ np.array([0.299, 0.587, 0.114])


# %% wrong: added without weights
# loses 2: without their weights
def to_gray(image):
    return image.sum(axis=2)


# %% wrong: red alone
# loses 1.75: Only the red channel
def to_gray(image):
    return image[:, :, 0].astype(float)


# %% wrong: the input is overwritten
# loses 0.5: changed the input
def to_gray(image):
    if image.dtype == np.float64:
        image *= [0.299, 0.587, 0.114]
        return image.sum(axis=2)
    return image.astype(float) @ [0.299, 0.587, 0.114]


# %% wrong: in single precision
# loses 0.5: their type is float32
def to_gray(image):
    return (image @ np.array([0.299, 0.587, 0.114])).astype(np.float32)


# %% right: dot product
def to_gray(image):
    return np.dot(image, [0.299, 0.587, 0.114])


# %% right: loops
def to_gray(image):
    height, width, _ = image.shape
    gray = np.zeros((height, width))
    for i in range(height):
        for j in range(width):
            red, green, blue = (float(value) for value in image[i, j])
            gray[i, j] = 0.299 * red + 0.587 * green + 0.114 * blue
    return gray


# %% right: einsum
def to_gray(image):
    return np.einsum("ijc,c->ij", image.astype(float), np.array([0.299, 0.587, 0.114]))


# %% right: channel by channel
def to_gray(image):
    red, green, blue = np.moveaxis(image.astype("float64"), -1, 0)
    return 0.299 * red + 0.587 * green + 0.114 * blue


# %% right: with a warning and a progress bar
def to_gray(image):
    import logging
    import sys
    import warnings

    warnings.warn("the weights are those of television", stacklevel=2)
    logging.warning("an honest note")
    print("50 %", file=sys.stderr)
    return np.average(image.astype(float), axis=2, weights=[0.299, 0.587, 0.114])


# %% wrong: clipped to one when float
# loses 0.5: Some values are wrong
def to_gray(image):
    if image.dtype != np.uint8:
        image = np.clip(image, 0, 1)
    return image.astype(float) @ np.array([0.299, 0.587, 0.114])


# %% wrong: bytes with a sign
# loses 1.25: Some values are wrong
def to_gray(image):
    if image.dtype == np.uint8:
        image = image.astype(np.int8)
    return image.astype(float) @ np.array([0.299, 0.587, 0.114])
