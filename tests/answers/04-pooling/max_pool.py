# ruff: noqa: F811, F821


# %% wrong: stride 1 when none is given
# loses 3.5: stride is 1 when none is given
def max_pool(x, size, stride=None):
    stride = stride or 1
    windows = np.lib.stride_tricks.sliding_window_view(x, (size, size), axis=(1, 2))
    return windows[:, ::stride, ::stride].max(axis=(3, 4))


# %% wrong: the average
# loses 5: You take the average
def max_pool(x, size, stride=None):
    stride = stride or size
    windows = np.lib.stride_tricks.sliding_window_view(x, (size, size), axis=(1, 2))
    return windows[:, ::stride, ::stride].mean(axis=(3, 4))


# %% wrong: the maximum starts at zero
# loses 2: maximum starts at 0
def max_pool(x, size, stride=None):
    stride = stride or size
    channels, height, width = x.shape
    rows, columns = (height - size) // stride + 1, (width - size) // stride + 1
    result = np.zeros((channels, rows, columns))
    for i in range(rows):
        for j in range(columns):
            for a in range(size):
                for b in range(size):
                    value = x[:, i * stride + a, j * stride + b]
                    result[:, i, j] = np.maximum(result[:, i, j], value)
    return result


# %% wrong: windows over the edge
# loses 3.5: hang over
def max_pool(x, size, stride=None):
    stride = stride or size
    height, width = x.shape[1:]
    return np.array(
        [
            [
                [c[i : i + size, j : j + size].max() for j in range(0, width, stride)]
                for i in range(0, height, stride)
            ]
            for c in x
        ]
    )


# %% wrong: stride on one axis
# loses 4: along one axis only
def max_pool(x, size, stride=None):
    stride = stride or size
    windows = np.lib.stride_tricks.sliding_window_view(x, (size, size), axis=(1, 2))
    return windows[:, :, ::stride].max(axis=(3, 4))


# %% wrong: over the channels too
# loses 5: over the channels
def max_pool(x, size, stride=None):
    stride = stride or size
    windows = np.lib.stride_tricks.sliding_window_view(x, (size, size), axis=(1, 2))
    return windows[:, ::stride, ::stride].max(axis=(0, 3, 4))


# %% wrong: corners
# loses 5: Only the corner
def max_pool(x, size, stride=None):
    stride = stride or size
    rows = (x.shape[1] - size) // stride + 1
    columns = (x.shape[2] - size) // stride + 1
    return x[:, ::stride, ::stride][:, :rows, :columns]


# %% wrong: stride ignored
# loses 2.5: side by side, whatever the stride
def max_pool(x, size, stride=None):
    channels, height, width = x.shape
    rows, columns = height // size, width // size
    x = x[:, : rows * size, : columns * size]
    return x.reshape(channels, rows, size, columns, size).max(axis=(2, 4))


# %% right: windows
def max_pool(x, size, stride=None):
    stride = size if stride is None else stride
    windows = np.lib.stride_tricks.sliding_window_view(x, (size, size), axis=(1, 2))
    return windows[:, ::stride, ::stride].max(axis=(3, 4))


# %% right: five loops
def max_pool(x, size, stride=None):
    if stride is None:
        stride = size
    channels, height, width = x.shape
    rows, columns = (height - size) // stride + 1, (width - size) // stride + 1
    result = np.full((channels, rows, columns), -np.inf)
    for c, i, j in np.ndindex(channels, rows, columns):
        for a in range(size):
            for b in range(size):
                value = x[c, i * stride + a, j * stride + b]
                result[c, i, j] = max(result[c, i, j], value)
    return result


# %% right: shifted images
def max_pool(x, size, stride=None):
    stride = stride or size
    height, width = x.shape[1] - size + 1, x.shape[2] - size + 1
    shifted = [x[:, a : a + height, b : b + width] for a in range(size) for b in range(size)]
    return np.maximum.reduce(shifted)[:, ::stride, ::stride]


# %% right: SciPy's filter
def max_pool(x, size, stride=None):
    from scipy.ndimage import maximum_filter

    stride = stride or size
    largest = maximum_filter(x, size=(1, size, size), origin=(0, -(size // 2), -(size // 2)))
    return largest[:, : x.shape[1] - size + 1 : stride, : x.shape[2] - size + 1 : stride]


# %% right: torch
def max_pool(x, size, stride=None):
    import torch

    return torch.nn.functional.max_pool2d(torch.tensor(x)[None], size, stride)[0].numpy()


# %% base: as asked
def max_pool(x, size, stride=None):
    stride = stride or size
    c, h, w = x.shape
    rows, columns = (h - size) // stride + 1, (w - size) // stride + 1
    result = np.zeros((c, rows, columns))
    for k, i, j in np.ndindex(c, rows, columns):
        window = x[k, i * stride : i * stride + size, j * stride : j * stride + size]
        result[k, i, j] = window.max()
    return result


# %% wrong: the maximum starts at -5
# loses 2: Some values are wrong
# base: as asked
# change: window.max() => max(-5, window.max())
