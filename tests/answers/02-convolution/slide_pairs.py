# ruff: noqa: F811, F821


# %% wrong: weights flipped
# loses 3: swapped (flipped)
def slide_pairs(image, weights):
    image = image.astype(float)
    return image[:, :-1] * weights[1] + image[:, 1:] * weights[0]


# %% wrong: down the columns
# loses 3: slide down the columns
def slide_pairs(image, weights):
    image = image.astype(float)
    return image[:-1] * weights[0] + image[1:] * weights[1]


# %% wrong: wrapped around
# loses 3: wraps around
def slide_pairs(image, weights):
    image = image.astype(float)
    return image * weights[0] + np.roll(image, -1, axis=1) * weights[1]


# %% wrong: zeros at the right
# loses 3: added zeros at the right
def slide_pairs(image, weights):
    image = np.pad(image, ((0, 0), (0, 1))).astype(float)
    return image[:, :-1] * weights[0] + image[:, 1:] * weights[1]


# %% wrong: two pixels at a time
# loses 3: jumps two pixels
def slide_pairs(image, weights):
    image = image.astype(float)
    return (image[:, :-1] * weights[0] + image[:, 1:] * weights[1])[:, ::2]


# %% wrong: a column short
# loses 3: one column too small
def slide_pairs(image, weights):
    height, width = image.shape
    result = np.zeros((height, width - 2))
    for i in range(height):
        for j in range(width - 2):
            result[i, j] = image[i, j] * weights[0] + image[i, j + 1] * weights[1]
    return result


# %% wrong: an array of integers
# loses 2.25: fractions are cut off
# base: loops
# change: , width - 1) => , width - 1), dtype=int


# %% right: loops
def slide_pairs(image, weights):
    height, width = image.shape
    result = np.zeros((height, width - 1))
    for i in range(height):
        for j in range(width - 1):
            result[i, j] = float(image[i, j]) * weights[0] + float(image[i, j + 1]) * weights[1]
    return result


# %% right: np.correlate on each row
def slide_pairs(image, weights):
    return np.array([np.correlate(row.astype(float), weights, mode="valid") for row in image])


# %% right: windows and a matrix product
def slide_pairs(image, weights):
    windows = np.lib.stride_tricks.sliding_window_view(image, 2, axis=1)
    return windows.astype(float) @ weights


# %% right: torch
def slide_pairs(image, weights):
    import torch

    x = torch.tensor(image.astype(float))[:, None]
    w = torch.tensor(weights.astype(float))[None, None]
    return torch.nn.functional.conv1d(x, w)[:, 0].numpy()


# %% base: as asked
def slide_pairs(image, weights):
    image = np.asarray(image, dtype=float)
    return image[:, :-1] * weights[0] + image[:, 1:] * weights[1]


# %% wrong: absolute result
# loses 2.75: The minus signs are gone
# base: as asked
# change: return image[:, :-1] * weights[0] + image[:, 1:] * weights[1] => return np.abs(image[:, :-1] * weights[0] + image[:, 1:] * weights[1])


# %% wrong: ReLU on top
# loses 2.75: below zero has become 0
# base: as asked
# change: return image[:, :-1] * weights[0] + image[:, 1:] * weights[1] => return np.maximum(image[:, :-1] * weights[0] + image[:, 1:] * weights[1], 0)


# %% wrong: absolute image
# loses 1.5: Some values are wrong
# base: as asked
# change: dtype=float) => dtype=float) \n image = np.abs(image)
