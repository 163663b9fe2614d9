# ruff: noqa: F811, F821


# %% wrong: all ties
# loses 1.5: every largest value
def max_pool_backward(grad, x, size, stride=None):
    stride = stride or size
    result = np.zeros(x.shape)
    for c, i, j in np.ndindex(*grad.shape):
        place = np.s_[c, i * stride : i * stride + size, j * stride : j * stride + size]
        result[place] += grad[c, i, j] * (x[place] == x[place].max())
    return result


# %% wrong: none of the ties
# loses 1.5: no value gets the gradient
def max_pool_backward(grad, x, size, stride=None):
    stride = stride or size
    result = np.zeros(x.shape)
    for c, i, j in np.ndindex(*grad.shape):
        place = np.s_[c, i * stride : i * stride + size, j * stride : j * stride + size]
        winners = x[place] == x[place].max()
        if winners.sum() == 1:
            result[place] += grad[c, i, j] * winners
    return result


# %% wrong: ties share
# loses 1.5: share the gradient
def max_pool_backward(grad, x, size, stride=None):
    stride = stride or size
    result = np.zeros(x.shape)
    for c, i, j in np.ndindex(*grad.shape):
        place = np.s_[c, i * stride : i * stride + size, j * stride : j * stride + size]
        winners = x[place] == x[place].max()
        result[place] += grad[c, i, j] * winners / winners.sum()
    return result


# %% wrong: back through an average
# loses 5: through an average
# base: all ties
# change: * (x[place] == x[place].max()) => / size**2


# %% base: window by window
def max_pool_backward(grad, x, size, stride=None):
    stride = stride or size
    result = np.zeros(x.shape)
    for c, i, j in np.ndindex(*grad.shape):
        window = x[c, i * stride : i * stride + size, j * stride : j * stride + size]
        row, column = np.unravel_index(window.argmax(), window.shape)
        result[c, i * stride + row, j * stride + column] += grad[c, i, j]
    return result


# %% wrong: overwritten where windows overlap
# loses 1: overwrite each other
# base: window by window
# change: + row, j * stride + column] += => + row, j * stride + column] =


# %% wrong: the stride is ignored
# loses 2: stride is ignored
def max_pool_backward(grad, x, size, stride=None):
    result = np.zeros(x.shape)
    for c, i, j in np.ndindex(*grad.shape):
        window = x[c, i * size : i * size + size, j * size : j * size + size]
        if window.size:
            row, column = np.unravel_index(window.argmax(), window.shape)
            result[c, i * size + row, j * size + column] += grad[c, i, j]
    return result


# %% wrong: to the corner
# loses 5: corner of each window
def max_pool_backward(grad, x, size, stride=None):
    stride = stride or size
    result = np.zeros(x.shape)
    for c, i, j in np.ndindex(*grad.shape):
        result[c, i * stride, j * stride] += grad[c, i, j]
    return result


# %% right: compared in loops
def max_pool_backward(grad, x, size, stride=None):
    if stride is None:
        stride = size
    result = np.zeros(x.shape)
    for c, i, j in np.ndindex(*grad.shape):
        best, where = -np.inf, None
        for a in range(size):
            for b in range(size):
                value = x[c, i * stride + a, j * stride + b]
                if value > best:
                    best, where = value, (i * stride + a, j * stride + b)
        result[c, where[0], where[1]] += grad[c, i, j]
    return result


# %% right: windows and np.add.at
def max_pool_backward(grad, x, size, stride=None):
    stride = stride or size
    channels, rows, columns = grad.shape
    windows = np.lib.stride_tricks.sliding_window_view(x, (size, size), axis=(1, 2))
    windows = windows[:, ::stride, ::stride].reshape(channels, rows, columns, -1)
    down, right = np.divmod(windows.argmax(axis=-1), size)
    c, i, j = np.indices(grad.shape)
    result = np.zeros(x.shape)
    np.add.at(result, (c, i * stride + down, j * stride + right), grad)
    return result


# %% right: one hot for each window
# base: all ties
# change: result = np.zeros(x.shape) => result = np.zeros(x.shape) \n one_hot = np.eye(size * size)
# change: (x[place] == x[place].max() => one_hot[x[place].argmax()].reshape(size, size


# %% right: counted in flat indices
def max_pool_backward(grad, x, size, stride=None):
    stride = stride or size
    numbers = np.arange(x.size).reshape(x.shape)
    shape = (size, size)
    values = np.lib.stride_tricks.sliding_window_view(x, shape, axis=(1, 2))
    places = np.lib.stride_tricks.sliding_window_view(numbers, shape, axis=(1, 2))
    values = values[:, ::stride, ::stride].reshape(grad.size, -1)
    places = places[:, ::stride, ::stride].reshape(grad.size, -1)
    winners = places[np.arange(grad.size), values.argmax(axis=1)]
    return np.bincount(winners, weights=grad.ravel(), minlength=x.size).reshape(x.shape)


# %% right: autograd
def max_pool_backward(grad, x, size, stride=None):
    import torch

    leaf = torch.tensor(x, requires_grad=True)
    torch.nn.functional.max_pool2d(leaf[None], size, stride)[0].backward(torch.tensor(grad))
    return leaf.grad.numpy()


# %% base: as asked
def max_pool_backward(grad, x, size, stride=None):
    stride = stride or size
    result = np.zeros(x.shape)
    for c, i, j in np.ndindex(*grad.shape):
        window = x[c, i * stride : i * stride + size, j * stride : j * stride + size]
        a, b = np.unravel_index(window.argmax(), window.shape)
        result[c, i * stride + a, j * stride + b] += grad[c, i, j]
    return result


# %% wrong: maximum starts at zero
# loses 3: starts at 0
# base: as asked
# change: a, b = np.unravel_index(window.argmax(), window.shape) => a, b = np.unravel_index(np.maximum(window, 0).argmax(), window.shape)


# %% wrong: skipped when not positive
# loses 4: Every value of the result is zero: is the computed value ever stored?
# base: as asked
# change: result[c, i => if window.max() <= 0: \n     continue \n result[c, i


# %% wrong: added to what lies in memory
# loses 5: never written to
# base: as asked
# change: np.zeros => np.empty
