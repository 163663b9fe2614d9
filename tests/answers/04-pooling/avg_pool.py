# ruff: noqa: F811, F821


# %% wrong: added up
# loses 4: add each window up
def avg_pool(x, size, stride=None):
    stride = stride or size
    windows = np.lib.stride_tricks.sliding_window_view(x, (size, size), axis=(1, 2))
    return windows[:, ::stride, ::stride].sum(axis=(3, 4))


# %% wrong: divided by the side
# loses 4: divide by the window's side
def avg_pool(x, size, stride=None):
    stride = stride or size
    windows = np.lib.stride_tricks.sliding_window_view(x, (size, size), axis=(1, 2))
    return windows[:, ::stride, ::stride].sum(axis=(3, 4)) / size


# %% wrong: divided by the stride's square
# loses 2: by the stride's square
def avg_pool(x, size, stride=None):
    stride = stride or size
    windows = np.lib.stride_tricks.sliding_window_view(x, (size, size), axis=(1, 2))
    return windows[:, ::stride, ::stride].sum(axis=(3, 4)) / stride**2


# %% wrong: whole numbers
# loses 1.25: fractions are cut off
def avg_pool(x, size, stride=None):
    stride = stride or size
    channels, height, width = x.shape
    rows, columns = (height - size) // stride + 1, (width - size) // stride + 1
    result = np.zeros((channels, rows, columns), dtype=x.dtype)
    for i in range(rows):
        for j in range(columns):
            top, left = i * stride, j * stride
            result[:, i, j] = x[:, top : top + size, left : left + size].mean(axis=(1, 2))
    return result


# %% wrong: the maximum
# loses 4: You take the largest value
def avg_pool(x, size, stride=None):
    stride = stride or size
    windows = np.lib.stride_tricks.sliding_window_view(x, (size, size), axis=(1, 2))
    return windows[:, ::stride, ::stride].max(axis=(3, 4))


# %% wrong: windows over the edge
# loses 2.75: hang over
def avg_pool(x, size, stride=None):
    stride = stride or size
    height, width = x.shape[1:]
    return np.array(
        [
            [
                [c[i : i + size, j : j + size].mean() for j in range(0, width, stride)]
                for i in range(0, height, stride)
            ]
            for c in x
        ]
    )


# %% wrong: always in steps of one
# loses 3.5: always moves on by one
def avg_pool(x, size, stride=None):
    windows = np.lib.stride_tricks.sliding_window_view(x, (size, size), axis=(1, 2))
    return windows.mean(axis=(3, 4))


# %% right: loops
def avg_pool(x, size, stride=None):
    stride = stride or size
    channels, height, width = x.shape
    rows, columns = (height - size) // stride + 1, (width - size) // stride + 1
    result = np.zeros((channels, rows, columns))
    for c, i, j in np.ndindex(channels, rows, columns):
        for a in range(size):
            for b in range(size):
                result[c, i, j] += x[c, i * stride + a, j * stride + b] / size**2
    return result


# %% right: sums of sums
def avg_pool(x, size, stride=None):
    stride = stride or size
    sums = np.zeros((x.shape[0], x.shape[1] + 1, x.shape[2] + 1))
    sums[:, 1:, 1:] = x.astype(float).cumsum(axis=1).cumsum(axis=2)
    boxes = sums[:, size:, size:] - sums[:, :-size, size:] - sums[:, size:, :-size]
    boxes = boxes + sums[:, :-size, :-size]
    return boxes[:, ::stride, ::stride] / size**2


# %% right: a convolution with equal weights
def avg_pool(x, size, stride=None):
    from scipy.signal import correlate

    stride = stride or size
    weights = np.full((1, size, size), 1 / size**2)
    return correlate(x.astype(float), weights, mode="valid")[:, ::stride, ::stride]


# %% right: torch
def avg_pool(x, size, stride=None):
    import torch

    x = torch.tensor(x.astype(float))
    return torch.nn.functional.avg_pool2d(x[None], size, stride)[0].numpy()


# %% base: as asked
def avg_pool(x, size, stride=None):
    stride = stride or size
    c, h, w = x.shape
    rows, columns = (h - size) // stride + 1, (w - size) // stride + 1
    result = np.zeros((c, rows, columns))
    for k, i, j in np.ndindex(c, rows, columns):
        window = x[k, i * stride : i * stride + size, j * stride : j * stride + size]
        result[k, i, j] = window.mean()
    return result


# %% wrong: ReLU
# loses 2.25: below zero has become 0
# base: as asked
# change: window.mean() => max(window.mean(), 0)


# %% wrong: added to what lies in memory
# loses 4: never written to
# base: as asked
# change: np.zeros => np.empty
# change: result[k, i, j] = window => result[k, i, j] += window
