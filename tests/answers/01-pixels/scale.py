# ruff: noqa: F811, F821

# %% wrong: whole-number division
# loses 2: fractions are gone
def scale(image):
    return image // 255


# %% wrong: divided by 256
# loses 2: divide by 256
def scale(image):
    return (image / 256).astype(np.float32)


# %% wrong: divided by the brightest value
# loses 1.75: brightest value of this image
def scale(image):
    return (image / image.max()).astype(np.float32)


# %% wrong: stretched
# loses 1.75: darkest to its brightest
def scale(image):
    image = image.astype(np.float32)
    return (image - image.min()) / (image.max() - image.min())


# %% wrong: from -1 to 1
# loses 2: from -1 to 1
def scale(image):
    return image.astype(np.float32) / 127.5 - 1


# %% wrong: a negative
# loses 2: negative
def scale(image):
    return 1 - image.astype(np.float32) / 255


# %% wrong: in double precision
# loses 0.75: type is float64
def scale(image):
    return image / 255


# %% right: a float divisor
def scale(image):
    return image / np.float32(255)


# %% right: multiplied
def scale(image):
    return np.multiply(image, 1 / 255, dtype=np.float32)


# %% right: a table of all bytes
def scale(image):
    return np.linspace(0, 1, 256, dtype=np.float32)[image]


# %% right: loops over every number
def scale(image):
    flat = np.array([int(value) / 255 for value in image.ravel()], dtype=np.float32)
    return flat.reshape(image.shape)


# %% right: torch
def scale(image):
    import torch

    return torch.from_numpy(image).float().div(255).numpy()


# %% wrong: bytes with a sign
# loses 1.75: Bytes above 127 became negative
def scale(image):
    return image.astype(np.int8).astype(np.float32) / 255
