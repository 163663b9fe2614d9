# ruff: noqa: B905, F811, F821


# %% wrong: kernel flipped
# loses 5: kernel is flipped
def convolve(image, kernel):
    def convolve2d(x, w, mode):
        windows = np.lib.stride_tricks.sliding_window_view(x, w.shape)
        return np.tensordot(windows, w[::-1, ::-1], w.ndim)

    return convolve2d(image.astype(float), kernel.astype(float), mode="valid")


# %% wrong: all zeros
# loses 5: Every value of the result is zero
def convolve(image, kernel):
    return np.zeros((image.shape[0] - kernel.shape[0] + 1, image.shape[1] - kernel.shape[1] + 1))


# %% wrong: padded
# loses 5: padded the image
def convolve(image, kernel):
    from scipy.ndimage import correlate

    size = kernel.shape
    origin = [-1 if n % 2 == 0 else 0 for n in size]
    return correlate(image.astype(float), kernel, mode="constant", origin=origin)


# %% wrong: the last places missing
# loses 5: one too small
def convolve(image, kernel):
    kh, kw = kernel.shape
    rows, columns = image.shape[0] - kh, image.shape[1] - kw
    result = np.zeros((rows, columns))
    for i in range(rows):
        for j in range(columns):
            result[i, j] = np.sum(image[i : i + kh, j : j + kw].astype(float) * kernel)
    return result


# %% wrong: an average
# loses 5: divided by the number of weights
def convolve(image, kernel):
    windows = np.lib.stride_tricks.sliding_window_view(image.astype(float), kernel.shape)
    return (windows * kernel).mean(axis=(2, 3))


# %% wrong: transposed kernel
# loses 4.5: kernel is transposed
# base: four loops
# change: float(kernel[a, b]) => kernel[b, a]


# %% wrong: rows and columns of the result swapped
# loses 5: axes have changed places
def convolve(image, kernel):
    windows = np.lib.stride_tricks.sliding_window_view(image.astype(float), kernel.shape)
    return (windows * kernel).sum(axis=(2, 3)).T


# %% wrong: in 8 bits
# loses 1: wrapped around in 8 bits
def convolve(image, kernel):
    kh, kw = kernel.shape
    rows, columns = image.shape[0] - kh + 1, image.shape[1] - kw + 1
    result = np.zeros((rows, columns), dtype=np.result_type(image, kernel))
    for a in range(kh):
        for b in range(kw):
            result += kernel[a, b] * image[a : a + rows, b : b + columns]
    return result


# %% wrong: products of bytes
# loses 1: wrapped around in 8 bits
def convolve(image, kernel):
    kernel_height, kernel_width = kernel.shape
    height = image.shape[0] - kernel_height + 1
    width = image.shape[1] - kernel_width + 1
    output = np.zeros((height, width))
    for y in range(height):
        for x in range(width):
            window = image[y : y + kernel_height, x : x + kernel_width]
            output[y, x] = (window * kernel).sum()
    return output


# %% right: four loops
def convolve(image, kernel):
    kh, kw = kernel.shape
    rows, columns = image.shape[0] - kh + 1, image.shape[1] - kw + 1
    result = np.zeros((rows, columns))
    for i in range(rows):
        for j in range(columns):
            for a in range(kh):
                for b in range(kw):
                    result[i, j] += float(image[i + a, j + b]) * float(kernel[a, b])
    return result


# %% right: einsum over strided windows
def convolve(image, kernel):
    image = np.ascontiguousarray(image, dtype=float)
    shape = tuple(n - k + 1 for n, k in zip(image.shape, kernel.shape)) + kernel.shape
    windows = np.lib.stride_tricks.as_strided(image, shape, image.strides * 2)
    return np.einsum("ijab,ab->ij", windows, kernel)


# %% right: SciPy
def convolve(image, kernel):
    from scipy.signal import correlate2d

    return correlate2d(image.astype(float), kernel.astype(float), mode="valid")


# %% right: FFT
def convolve(image, kernel):
    shape = image.shape
    product = np.fft.rfft2(image.astype(float)) * np.conj(np.fft.rfft2(kernel.astype(float), shape))
    full = np.fft.irfft2(product, shape)
    return full[: shape[0] - kernel.shape[0] + 1, : shape[1] - kernel.shape[1] + 1]


# %% right: im2col, in single precision
def convolve(image, kernel):
    kh, kw = kernel.shape
    rows, columns = image.shape[0] - kh + 1, image.shape[1] - kw + 1
    lines = [
        image[i : i + kh, j : j + kw].ravel().astype(np.float32)
        for i in range(rows)
        for j in range(columns)
    ]
    return (np.array(lines) @ kernel.ravel().astype(np.float32)).reshape(rows, columns)


# %% right: torch
def convolve(image, kernel):
    import torch

    x, w = torch.tensor(image.astype(float)), torch.tensor(kernel.astype(float))
    return torch.nn.functional.conv2d(x[None, None], w[None, None])[0, 0].numpy()


# %% base: as asked
def convolve(image, kernel):
    image, kernel = image.astype(float), kernel.astype(float)
    windows = np.lib.stride_tricks.sliding_window_view(image, kernel.shape)
    result = np.einsum("ijab,ab->ij", windows, kernel)
    return result


# %% wrong: absolute result
# loses 4: The minus signs are gone
# base: as asked
# change: return result => return np.abs(result)


# %% wrong: ReLU on top
# loses 4: below zero has become 0
# base: as asked
# change: return result => return np.maximum(result, 0)


# %% wrong: absolute image
# loses 3: Some values are wrong
# base: as asked
# change: windows = np => image = np.abs(image) \n windows = np


# %% wrong: what it gave first for a size, again
# loses 1: Some values are wrong
# base: as asked
# change: return result => return convolve.__dict__.setdefault("kept", {}).setdefault((image.shape, kernel.shape), result)


# %% wrong: clipped to bytes
# loses 4: below zero has become 0
# base: as asked
# change: return result => return np.clip(result, 0, 255)


# %% wrong: added to what lies in memory
# loses 5: never written to
def convolve(image, kernel):
    kh, kw = kernel.shape
    result = np.empty((image.shape[0] - kh + 1, image.shape[1] - kw + 1))
    for a, b in np.ndindex(kh, kw):
        rows, columns = result.shape
        result += kernel[a, b] * image[a : a + rows, b : b + columns].astype(float)
    return result
