# ruff: noqa: F811, F821


# %% base: all windows, then strides
def conv2d(image, kernels, biases, stride=1, padding=0):
    x = np.pad(image, ((0, 0), (padding, padding), (padding, padding))).astype(float)
    windows = np.lib.stride_tricks.sliding_window_view(x, kernels.shape[2:], axis=(1, 2))
    result = np.einsum("cijab,fcab->fij", windows, kernels) + np.reshape(biases, (-1, 1, 1))
    return result[:, ::stride, ::stride]


# %% wrong: stride along the columns alone
# loses 4: along one axis only
# base: all windows, then strides
# change: [:, ::stride, ::stride] => [:, :, ::stride]


# %% wrong: stride ignored
# loses 4: stride is ignored
def conv2d(image, kernels, biases, stride=1, padding=0):
    x = np.pad(image, ((0, 0), (padding, padding), (padding, padding))).astype(float)
    windows = np.lib.stride_tricks.sliding_window_view(x, kernels.shape[2:], axis=(1, 2))
    return np.einsum("cijab,fcab->fij", windows, kernels) + np.reshape(biases, (-1, 1, 1))


# %% wrong: padding missing
# loses 4: padding is missing
# base: all windows, then strides
# change: np.pad(image, ((0, 0), (padding, padding), (padding, padding))) => image


# %% wrong: padding on one side
# loses 4: one side only
# base: all windows, then strides
# change: (padding, padding), (padding, padding) => (0, padding), (0, padding)


# %% wrong: padding with the edge's value
# loses 4: wrong value
def conv2d(image, kernels, biases, stride=1, padding=0):
    frame = ((0, 0), (padding, padding), (padding, padding))
    x = np.pad(image.astype(float), frame, mode="edge")
    windows = np.lib.stride_tricks.sliding_window_view(x, kernels.shape[2:], axis=(1, 2))
    result = np.einsum("cijab,fcab->fij", windows, kernels) + np.reshape(biases, (-1, 1, 1))
    return result[:, ::stride, ::stride]


# %% wrong: biases dropped
# loses 6: biases are missing
def conv2d(image, kernels, biases, stride=1, padding=0):
    x = np.pad(image, ((0, 0), (padding, padding), (padding, padding))).astype(float)
    windows = np.lib.stride_tricks.sliding_window_view(x, kernels.shape[2:], axis=(1, 2))
    return np.einsum("cijab,fcab->fij", windows, kernels)[:, ::stride, ::stride]


# %% wrong: places not multiplied by the stride
# loses 4: lies at pixel i × stride
def conv2d(image, kernels, biases, stride=1, padding=0):
    x = np.pad(image, ((0, 0), (padding, padding), (padding, padding))).astype(float)
    filters, _, kh, kw = kernels.shape
    rows = (x.shape[1] - kh) // stride + 1
    columns = (x.shape[2] - kw) // stride + 1
    result = np.zeros((filters, rows, columns))
    for f in range(filters):
        for i in range(rows):
            for j in range(columns):
                result[f, i, j] = np.sum(x[:, i : i + kh, j : j + kw] * kernels[f]) + biases[f]
    return result


# %% wrong: kernels flipped
# loses 5.5: kernel is flipped
def conv2d(image, kernels, biases, stride=1, padding=0):
    x = np.pad(image, ((0, 0), (padding, padding), (padding, padding))).astype(float)
    windows = np.lib.stride_tricks.sliding_window_view(x, kernels.shape[2:], axis=(1, 2))
    result = np.einsum("cijab,fcab->fij", windows, kernels[..., ::-1, ::-1])
    return (result + np.reshape(biases, (-1, 1, 1)))[:, ::stride, ::stride]


# %% right: einsum
def conv2d(image, kernels, biases, stride=1, padding=0):
    x = np.pad(image, ((0, 0), (padding, padding), (padding, padding))).astype(float)
    windows = np.lib.stride_tricks.sliding_window_view(x, kernels.shape[2:], axis=(1, 2))
    result = np.einsum("cijab,fcab->fij", windows[:, ::stride, ::stride], kernels)
    return result + np.reshape(biases, (-1, 1, 1))


# %% right: loops over everything
def conv2d(image, kernels, biases, stride=1, padding=0):
    filters, channels, kh, kw = kernels.shape
    height, width = image.shape[1:]
    rows = (height + 2 * padding - kh) // stride + 1
    columns = (width + 2 * padding - kw) // stride + 1
    result = np.zeros((filters, rows, columns))
    for f, i, j in np.ndindex(filters, rows, columns):
        total = float(biases[f])
        for c, a, b in np.ndindex(channels, kh, kw):
            y, x = i * stride + a - padding, j * stride + b - padding
            if 0 <= y < height and 0 <= x < width:
                total += float(image[c, y, x]) * float(kernels[f, c, a, b])
        result[f, i, j] = total
    return result


# %% right: im2col
def conv2d(image, kernels, biases, stride=1, padding=0):
    x = np.pad(image, ((0, 0), (padding, padding), (padding, padding))).astype(float)
    filters, _, kh, kw = kernels.shape
    tops = range(0, x.shape[1] - kh + 1, stride)
    lefts = range(0, x.shape[2] - kw + 1, stride)
    lines = np.array([x[:, i : i + kh, j : j + kw].ravel() for i in tops for j in lefts])
    result = kernels.reshape(filters, -1) @ lines.T + np.asarray(biases)[:, None]
    return result.reshape(filters, len(tops), len(lefts))


# %% right: the strides of memory
def conv2d(image, kernels, biases, stride=1, padding=0):
    x = np.pad(image, ((0, 0), (padding, padding), (padding, padding))).astype(float)
    _, _, kh, kw = kernels.shape
    rows = (x.shape[1] - kh) // stride + 1
    columns = (x.shape[2] - kw) // stride + 1
    s0, s1, s2 = x.strides
    windows = np.lib.stride_tricks.as_strided(
        x, (len(x), rows, columns, kh, kw), (s0, s1 * stride, s2 * stride, s1, s2)
    )
    result = np.tensordot(kernels, windows, axes=((1, 2, 3), (0, 3, 4)))
    return result + np.asarray(biases)[:, None, None]


# %% right: torch
def conv2d(image, kernels, biases, stride=1, padding=0):
    import torch

    x, w, b = (torch.tensor(a.astype(float)) for a in (image, kernels, biases))
    return torch.nn.functional.conv2d(x[None], w, b, stride, padding)[0].numpy()


# %% base: as asked
def conv2d(image, kernels, biases, stride=1, padding=0):
    image = np.asarray(image, dtype=float)
    x = np.pad(image, ((0, 0), (padding, padding), (padding, padding)))
    windows = np.lib.stride_tricks.sliding_window_view(x, kernels.shape[2:], axis=(1, 2))
    maps = np.einsum("cijab,fcab->fij", windows, kernels)
    biases = np.asarray(biases, float)
    result = maps + biases[:, None, None]
    return result[:, ::stride, ::stride]


# %% wrong: ReLU on top
# loses 4.5: below zero has become 0
# base: as asked
# change: result[:, ::stride, ::stride] => np.maximum(result[:, ::stride, ::stride], 0)


# %% wrong: first bias for all
# loses 5: Every filter adds the first bias: each has its own
# base: as asked
# change: biases[:, None, None] => biases[0]


# %% wrong: reversed biases
# loses 5: Some values are wrong
# base: as asked
# change: biases[:, => biases[::-1][:,


# %% wrong: absolute biases
# loses 4.5: Some values are wrong
# base: as asked
# change: biases[:, => np.abs(biases)[:,


# %% wrong: the kernels are overwritten
# loses 1.5: changed the input
# base: as asked
# change: biases = np.asarray(biases, float) => biases = np.asarray(biases, float) \n kernels += 1


# %% wrong: overwritten where it was no copy
# loses 0.75: changed the input
# base: as asked
# change: return result => image *= 0 \n return result


# %% wrong: a frame that nobody writes
# loses 4: never written to
# base: as asked
# change: x = np.pad(image, ((0, 0), (padding, padding), (padding, padding))) => (c, h, w), p = image.shape, padding \n x = np.empty((c, h + 2 * p, w + 2 * p)) \n x[:, p : p + h, p : p + w] = image
