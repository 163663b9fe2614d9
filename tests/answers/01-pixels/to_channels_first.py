# ruff: noqa: F811, F821

# %% wrong: reshaped
# loses 2: reshaped instead of moving
def to_channels_first(image):
    height, width, channels = image.shape
    return image.reshape(channels, height, width)


# %% wrong: transposed at the diagonal
# loses 2: rows and columns have changed places
def to_channels_first(image):
    return image.T


# %% wrong: left as it was
# loses 2: still come last
def to_channels_first(image):
    return image


# %% wrong: axes moved the wrong way
# loses 2: wrong way round
def to_channels_first(image):
    return np.transpose(image, (1, 2, 0))


# %% wrong: red and blue swapped
# loses 2: red and blue are swapped
def to_channels_first(image):
    return np.transpose(image, (2, 0, 1))[::-1]


# %% wrong: only three channels
# loses 1: stopped with an IndexError
def to_channels_first(image):
    return np.stack([image[:, :, c] for c in range(3)])


# %% wrong: nothing returned
# loses 2: gave None back
def to_channels_first(image):
    np.transpose(image, (2, 0, 1))


# %% right: moveaxis
def to_channels_first(image):
    return np.moveaxis(image, -1, 0)


# %% right: three loops
def to_channels_first(image):
    height, width, channels = image.shape
    result = np.zeros((channels, height, width), dtype=image.dtype)
    for c in range(channels):
        for i in range(height):
            for j in range(width):
                result[c, i, j] = image[i, j, c]
    return result


# %% right: one channel after the other
def to_channels_first(image):
    return np.array([image[:, :, c] for c in range(image.shape[2])])


# %% right: einsum
def to_channels_first(image):
    return np.einsum("ijc->cij", image)


# %% right: torch
def to_channels_first(image):
    import torch

    return torch.from_numpy(image).permute(2, 0, 1).numpy()


# %% wrong: what it gave first for a size, again
# loses 0.5: Some values are wrong
def to_channels_first(image):
    kept = to_channels_first.__dict__.setdefault("kept", {})
    if image.shape not in kept:
        kept[image.shape] = np.transpose(image, (2, 0, 1))
    return kept[image.shape]


# %% wrong: bytes with a sign
# loses 1.5: Some values are wrong
def to_channels_first(image):
    return np.transpose(image, (2, 0, 1)).astype(np.int8)
