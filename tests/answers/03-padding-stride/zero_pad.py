# ruff: noqa: F811, F821


# %% wrong: channels padded too
# loses 4: padded the channels as well
def zero_pad(image, padding):
    return np.pad(image, padding)


# %% wrong: on one side
# loses 4: one side only
def zero_pad(image, padding):
    return np.pad(image, ((0, 0), (0, padding), (0, padding)))


# %% wrong: columns alone
# loses 4: Only the columns
def zero_pad(image, padding):
    return np.pad(image, ((0, 0), (0, 0), (padding, padding)))


# %% wrong: the edge repeated
# loses 4: repeats the edge
def zero_pad(image, padding):
    return np.pad(image, ((0, 0), (padding, padding), (padding, padding)), mode="edge")


# %% wrong: ones
# loses 4: value one
def zero_pad(image, padding):
    frame = ((0, 0), (padding, padding), (padding, padding))
    return np.pad(image, frame, constant_values=1)


# %% wrong: nothing done
# loses 4: not padded at all
def zero_pad(image, padding):
    return image.copy()


# %% wrong: a slice that forgets padding 0
# loses 0.75: stopped with a ValueError
def zero_pad(image, padding):
    channels, height, width = image.shape
    result = np.zeros((channels, height + 2 * padding, width + 2 * padding))
    result[:, padding:-padding, padding:-padding] = image
    return result


# %% right: np.pad
def zero_pad(image, padding):
    return np.pad(image, ((0, 0), (padding, padding), (padding, padding)))


# %% right: loops
def zero_pad(image, padding):
    channels, height, width = image.shape
    result = np.zeros((channels, height + 2 * padding, width + 2 * padding))
    for c in range(channels):
        for i in range(height):
            for j in range(width):
                result[c, i + padding, j + padding] = image[c, i, j]
    return result


# %% right: pieces put together
def zero_pad(image, padding):
    channels, height, width = image.shape
    side = np.zeros((channels, height, padding), dtype=image.dtype)
    wide = np.concatenate([side, image, side], axis=2)
    lid = np.zeros((channels, padding, width + 2 * padding), dtype=image.dtype)
    return np.concatenate([lid, wide, lid], axis=1)


# %% right: torch
def zero_pad(image, padding):
    import torch

    return torch.nn.functional.pad(torch.tensor(image), [padding] * 4).numpy()


# %% wrong: what it gave first for a size, again
# loses 0.75: Some values are wrong
def zero_pad(image, padding, kept={}):
    c, h, w = image.shape
    key = c, h, w, padding
    if key not in kept:
        kept[key] = np.pad(image, ((0, 0), (padding, padding), (padding, padding)))
    return kept[key]


# %% wrong: a frame that nobody writes
# loses 4: never written to
def zero_pad(image, padding):
    channels, height, width = image.shape
    result = np.empty((channels, height + 2 * padding, width + 2 * padding))
    result[:, padding : padding + height, padding : padding + width] = image
    return result


# %% wrong: a frame that nobody writes, of the image's own type
# loses 4: never written to
def zero_pad(image, padding):
    channels, height, width = image.shape
    larger = channels, height + 2 * padding, width + 2 * padding
    result = np.empty_like(image, shape=larger)
    result[:, padding : padding + height, padding : padding + width] = image
    return result


# %% wrong: a frame that nobody writes, in PyTorch
# loses 4: torch.empty
def zero_pad(image, padding):
    import torch

    channels, height, width = image.shape
    larger = channels, height + 2 * padding, width + 2 * padding
    result = torch.empty(larger, dtype=torch.float64)
    result[:, padding : padding + height, padding : padding + width] = torch.tensor(image)
    return result.numpy()


# %% right: all of the frame written, one side after the other
def zero_pad(image, padding):
    channels, height, width = image.shape
    result = np.empty((channels, height + 2 * padding, width + 2 * padding))
    result[:, :padding] = result[:, padding + height :] = 0
    result[:, :, :padding] = result[:, :, padding + width :] = 0
    result[:, padding : padding + height, padding : padding + width] = image
    return result
