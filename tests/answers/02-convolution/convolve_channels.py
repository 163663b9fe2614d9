# ruff: noqa: B905, F811, F821


# %% wrong: no bias
# loses 4.5: The bias is missing
def convolve_channels(image, kernel, bias=0.0):
    def correlate(x, w, mode):
        windows = np.lib.stride_tricks.sliding_window_view(x, w.shape)
        return np.tensordot(windows, w, w.ndim)

    return correlate(image.astype(float), kernel.astype(float), mode="valid")[0]


# %% base: channel by channel
def convolve_channels(image, kernel, bias=0.0):
    def correlate2d(x, w, mode):
        windows = np.lib.stride_tricks.sliding_window_view(x, w.shape)
        return np.tensordot(windows, w, w.ndim)

    pairs = zip(image.astype(float), kernel.astype(float))
    return sum(correlate2d(x, w, mode="valid") for x, w in pairs) + bias


# %% wrong: bias in each channel
# loses 4.5: once for each channel
# base: channel by channel
# change: for x, w in pairs) + bias => + bias for x, w in pairs)


# %% wrong: only the first channel
# loses 5: Only the first channel
def convolve_channels(image, kernel, bias=0.0):
    def correlate2d(x, w, mode):
        windows = np.lib.stride_tricks.sliding_window_view(x, w.shape)
        return np.tensordot(windows, w, w.ndim)

    return correlate2d(image[0].astype(float), kernel[0].astype(float), mode="valid") + bias


# %% wrong: channels averaged
# loses 5: channels are averaged
# base: channel by channel
# change: sum(correlate2d(x, w, mode="valid") for x, w in pairs => np.mean([correlate2d(x, w, mode="valid") for x, w in pairs], axis=0


# %% wrong: channels apart
# loses 5: channels are still apart
# base: channel by channel
# change: sum(correlate2d(x, w, mode="valid") for x, w in pairs => np.array([correlate2d(x, w, mode="valid") for x, w in pairs]


# %% wrong: kernel flipped
# loses 4.5: kernel is flipped
# base: channel by channel
# change: correlate2d(x, w, mode) => convolve2d(x, w, mode)
# change: windows, w => windows, w[::-1, ::-1]
# change: correlate2d(x, w, mode= => convolve2d(x, w, mode=


# %% wrong: slices in reverse order
# loses 5: in reverse order
def convolve_channels(image, kernel, bias=0.0):
    def convolve(x, w, mode):
        windows = np.lib.stride_tricks.sliding_window_view(x, w.shape)
        return np.tensordot(windows, w[::-1, ::-1, ::-1], w.ndim)

    # A true convolution flips the channels as well.
    flipped = kernel[:, ::-1, ::-1].astype(float)
    return convolve(image.astype(float), flipped, mode="valid")[0] + bias


# %% wrong: the last channel overwrites
# loses 5: Only the last channel
def convolve_channels(image, kernel, bias=0.0):
    def correlate2d(x, w, mode):
        windows = np.lib.stride_tricks.sliding_window_view(x, w.shape)
        return np.tensordot(windows, w, w.ndim)

    for x, w in zip(image.astype(float), kernel.astype(float)):
        result = correlate2d(x, w, mode="valid")
    return result + bias


# %% wrong: products of bytes
# loses 1: wrapped around in 8 bits
def convolve_channels(image, kernel, bias=0.0):
    windows = np.lib.stride_tricks.sliding_window_view(image, kernel.shape)
    return (windows * kernel).sum(axis=(3, 4, 5))[0] + bias


# %% right: SciPy in three dimensions
def convolve_channels(image, kernel, bias=0.0):
    from scipy.signal import correlate

    return correlate(image.astype(float), kernel.astype(float), mode="valid")[0] + bias


# %% right: five loops
def convolve_channels(image, kernel, bias=0.0):
    channels, kh, kw = kernel.shape
    rows, columns = image.shape[1] - kh + 1, image.shape[2] - kw + 1
    result = np.zeros((rows, columns)) + bias
    for c in range(channels):
        for i in range(rows):
            for j in range(columns):
                for a in range(kh):
                    for b in range(kw):
                        result[i, j] += float(image[c, i + a, j + b]) * float(kernel[c, a, b])
    return result


# %% right: einsum
def convolve_channels(image, kernel, bias=0.0):
    windows = np.lib.stride_tricks.sliding_window_view(image, kernel.shape[1:], axis=(1, 2))
    return np.einsum("cijab,cab->ij", windows.astype(float), kernel) + bias


# %% right: im2col
def convolve_channels(image, kernel, bias=0.0):
    _, kh, kw = kernel.shape
    rows, columns = image.shape[1] - kh + 1, image.shape[2] - kw + 1
    places = [(i, j) for i in range(rows) for j in range(columns)]
    lines = np.array([image[:, i : i + kh, j : j + kw].ravel() for i, j in places], dtype=float)
    return (lines @ kernel.ravel() + bias).reshape(rows, columns)


# %% right: torch
def convolve_channels(image, kernel, bias=0.0):
    import torch

    x, w = torch.tensor(image.astype(float)), torch.tensor(kernel.astype(float))
    result = torch.nn.functional.conv2d(x[None], w[None], torch.tensor([bias]).double())
    return result[0, 0].numpy()


# %% base: as asked
def convolve_channels(image, kernel, bias=0.0):
    image, kernel = image.astype(float), kernel.astype(float)
    windows = np.lib.stride_tricks.sliding_window_view(image, kernel.shape[1:], axis=(1, 2))
    result = np.einsum("cijab,cab->ij", windows, kernel)
    return result + bias


# %% wrong: absolute result
# loses 4: The minus signs are gone
# base: as asked
# change: return result + bias => return np.abs(result + bias)


# %% wrong: ReLU on top
# loses 4: below zero has become 0
# base: as asked
# change: return result + bias => return np.maximum(result + bias, 0)


# %% wrong: bias after ReLU
# loses 4: Some values are wrong
# base: as asked
# change: return result + bias => return np.maximum(result, 0) + bias


# %% wrong: absolute image
# loses 3: Some values are wrong
# base: as asked
# change: image, kernel = image.astype(float) => image, kernel = np.abs(image.astype(float))
