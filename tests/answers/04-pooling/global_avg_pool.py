# ruff: noqa: F811, F821


# %% wrong: added up
# loses 4: divide by the number of pixels
def global_avg_pool(x):
    return x.sum(axis=(1, 2))


# %% wrong: over the channels
# loses 4: each channel keeps its own
def global_avg_pool(x):
    return x.mean(axis=0)


# %% wrong: one number for all
# loses 4: One average for everything
def global_avg_pool(x):
    return x.mean()


# %% wrong: one axis only
# loses 4: average over the rows too
def global_avg_pool(x):
    return x.mean(axis=-1)


# %% wrong: the height's square
# loses 3.5: need not be square
def global_avg_pool(x):
    return x.sum(axis=(1, 2)) / x.shape[1] ** 2


# %% wrong: the maximum
# loses 4: You take the largest value
def global_avg_pool(x):
    return x.max(axis=(1, 2))


# %% wrong: axes of length one kept
# loses 4: extra axis of length 1
def global_avg_pool(x):
    return x.mean(axis=(1, 2), keepdims=True)


# %% wrong: added in eight bits
# loses 1: wrong
def global_avg_pool(x):
    return x.sum(axis=(1, 2), dtype=x.dtype) / (x.shape[1] * x.shape[2])


# %% right: flattened
def global_avg_pool(x):
    return x.reshape(len(x), -1).mean(axis=1)


# %% right: loops
def global_avg_pool(x):
    channels, height, width = x.shape
    result = np.zeros(channels)
    for c in range(channels):
        for i in range(height):
            for j in range(width):
                result[c] += x[c, i, j]
    return result / (height * width)


# %% right: a list
def global_avg_pool(x):
    return [np.average(channel) for channel in x]


# %% right: einsum
def global_avg_pool(x):
    return np.einsum("cij->c", x.astype(float)) / x[0].size


# %% right: torch
def global_avg_pool(x):
    import torch

    pool = torch.nn.AdaptiveAvgPool2d(1)
    return pool(torch.tensor(x.astype(float))[None]).flatten().numpy()


# %% wrong: absolute
# loses 2: The minus signs are gone
def global_avg_pool(x):
    return np.abs(x.mean(axis=(1, 2)))


# %% wrong: what it gave first for a size, again
# loses 3: Some values are wrong
def global_avg_pool(x, kept={}):
    return kept.setdefault(x.shape, x.mean(axis=(1, 2)))
