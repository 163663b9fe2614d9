# ruff: noqa: B905, F811, F821


# %% wrong: no biases
# loses 4: biases are missing
def convolve_filters(image, kernels, biases):
    def correlate(x, w, mode):
        windows = np.lib.stride_tricks.sliding_window_view(x, w.shape)
        return np.tensordot(windows, w, w.ndim)

    image, kernels = image.astype(float), kernels.astype(float)
    return np.array([correlate(image, k, mode="valid")[0] for k in kernels])


# %% wrong: the first bias for all
# loses 4: adds the first bias
def convolve_filters(image, kernels, biases):
    def correlate(x, w, mode):
        windows = np.lib.stride_tricks.sliding_window_view(x, w.shape)
        return np.tensordot(windows, w, w.ndim)

    image, kernels = image.astype(float), kernels.astype(float)
    return np.array([correlate(image, k, mode="valid")[0] for k in kernels]) + biases[0]


# %% wrong: filters last
# loses 4: filters come last
def convolve_filters(image, kernels, biases):
    def correlate(x, w, mode):
        windows = np.lib.stride_tricks.sliding_window_view(x, w.shape)
        return np.tensordot(windows, w, w.ndim)

    image, kernels = image.astype(float), kernels.astype(float)
    return np.stack([correlate(image, k, mode="valid")[0] for k in kernels], axis=-1) + biases


# %% wrong: filters added up
# loses 4: filters are added up
def convolve_filters(image, kernels, biases):
    def correlate(x, w, mode):
        windows = np.lib.stride_tricks.sliding_window_view(x, w.shape)
        return np.tensordot(windows, w, w.ndim)

    image, kernels = image.astype(float), kernels.astype(float)
    return sum(correlate(image, k, mode="valid")[0] + b for k, b in zip(kernels, biases))


# %% wrong: returned after the first filter
# loses 4: Only the first filter
def convolve_filters(image, kernels, biases):
    def correlate(x, w, mode):
        windows = np.lib.stride_tricks.sliding_window_view(x, w.shape)
        return np.tensordot(windows, w, w.ndim)

    for kernel, bias in zip(kernels.astype(float), biases):
        return correlate(image.astype(float), kernel, mode="valid") + bias


# %% wrong: bias once for each channel
# loses 2.5: once for each channel
def convolve_filters(image, kernels, biases):
    def correlate2d(x, w, mode):
        windows = np.lib.stride_tricks.sliding_window_view(x, w.shape)
        return np.tensordot(windows, w, w.ndim)

    maps = []
    for kernel, bias in zip(kernels.astype(float), biases):
        pairs = zip(image.astype(float), kernel)
        maps.append(sum(correlate2d(x, w, mode="valid") + bias for x, w in pairs))
    return np.array(maps)


# %% base: filter by filter
def convolve_filters(image, kernels, biases):
    def correlate(x, w, mode):
        windows = np.lib.stride_tricks.sliding_window_view(x, w.shape)
        return np.tensordot(windows, w, w.ndim)

    image, kernels = image.astype(float), kernels.astype(float)
    maps = [correlate(image, k, mode="valid")[0] + b for k, b in zip(kernels, biases)]
    return np.array(maps)


# %% wrong: kernels flipped
# loses 3: kernel is flipped
# base: filter by filter
# change: ), kernels => ), kernels[..., ::-1, ::-1]


# %% right: SciPy
def convolve_filters(image, kernels, biases):
    from scipy.signal import correlate

    image, kernels = image.astype(float), kernels.astype(float)
    maps = [correlate(image, k, mode="valid")[0] + b for k, b in zip(kernels, biases)]
    return np.array(maps)


# %% right: loops
def convolve_filters(image, kernels, biases):
    filters, _, kh, kw = kernels.shape
    rows, columns = image.shape[1] - kh + 1, image.shape[2] - kw + 1
    result = np.zeros((filters, rows, columns))
    for f in range(filters):
        for i in range(rows):
            for j in range(columns):
                window = image[:, i : i + kh, j : j + kw].astype(float)
                result[f, i, j] = (window * kernels[f]).sum() + biases[f]
    return result


# %% right: im2col and one matrix product
def convolve_filters(image, kernels, biases):
    filters, _, kh, kw = kernels.shape
    rows, columns = image.shape[1] - kh + 1, image.shape[2] - kw + 1
    places = [(i, j) for i in range(rows) for j in range(columns)]
    lines = np.array([image[:, i : i + kh, j : j + kw].ravel() for i, j in places], dtype=float)
    result = lines @ kernels.reshape(filters, -1).T + biases
    return result.T.reshape(filters, rows, columns)


# %% right: FFT
def convolve_filters(image, kernels, biases):
    height, width = image.shape[1:]
    spectrum = np.fft.fft2(image.astype(float))
    answers = np.conj(np.fft.fft2(kernels.astype(float), (height, width)))
    full = np.fft.ifft2((spectrum * answers).sum(axis=1)).real
    rows, columns = height - kernels.shape[2] + 1, width - kernels.shape[3] + 1
    return full[:, :rows, :columns] + np.asarray(biases)[:, None, None]


# %% right: torch in single precision
def convolve_filters(image, kernels, biases):
    import torch

    x, w = torch.tensor(image).float(), torch.tensor(kernels).float()
    return torch.nn.functional.conv2d(x[None], w, torch.tensor(biases).float())[0].numpy()


# %% base: as asked
def convolve_filters(image, kernels, biases):
    image, kernels, biases = image.astype(float), kernels.astype(float), np.asarray(biases, float)
    windows = np.lib.stride_tricks.sliding_window_view(image, kernels.shape[2:], axis=(1, 2))
    maps = np.einsum("cijab,fcab->fij", windows, kernels)
    return maps + biases[:, None, None]


# %% wrong: ReLU on top
# loses 3: below zero has become 0
# base: as asked
# change: return maps + biases[:, None, None] => return np.maximum(maps + biases[:, None, None], 0)


# %% wrong: absolute biases
# loses 3: Some values are wrong
# base: as asked
# change: biases[:, => np.abs(biases)[:,


# %% wrong: three channels at most
# loses 1: Some values are wrong
# base: as asked
# change: , kernels.astype(float) => [:3], kernels.astype(float)[:, :3]
