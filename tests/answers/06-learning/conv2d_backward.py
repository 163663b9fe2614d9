# ruff: noqa: F811, F821, F841


# %% base: place by place
def conv2d_backward(grad, image, kernels, stride=1, padding=0):
    frame = ((0, 0), (padding, padding), (padding, padding))
    padded = np.pad(image, frame)
    grad_padded, grad_kernels = np.zeros(padded.shape), np.zeros(kernels.shape)
    for f, i, j in np.ndindex(*grad.shape):
        top, left = i * stride, j * stride
        place = np.s_[:, top : top + kernels.shape[2], left : left + kernels.shape[3]]
        grad_kernels[f] += grad[f, i, j] * padded[place]
        grad_padded[place] += grad[f, i, j] * kernels[f]
    height, width = image.shape[1:]
    grad_image = grad_padded[:, padding : padding + height, padding : padding + width]
    return grad_image, grad_kernels, grad.sum(axis=(1, 2))


# %% wrong: biases averaged
# loses 1.5: bias's gradient is averaged
# base: place by place
# change: grad.sum( => grad.mean(


# %% wrong: the frame is left
# loses 2.1: border of the padding is still there
# base: place by place
# change: return grad_image => return grad_padded


# %% wrong: gradient of the kernels averaged
# loses 3: averaged over the positions
# base: place by place
# change: grad_kernels, grad.sum => grad_kernels / grad[0].size, grad.sum


# %% wrong: the kernel flipped on the way back
# loses 4.5: flipped on the way back
# base: place by place
# change: frame = ( => kernels = kernels[..., ::-1, ::-1] \n frame = (


# %% wrong: stride forgotten
# loses 1.8: lay at pixel i × stride
# base: place by place
# change: frame = ( => stride = 1 \n frame = (


# %% wrong: kernels without padding
# loses 1.5: kernel lay on the padded image
def conv2d_backward(grad, image, kernels, stride=1, padding=0):
    frame = ((0, 0), (padding, padding), (padding, padding))
    padded = np.pad(image, frame)
    grad_padded, grad_kernels = np.zeros(padded.shape), np.zeros(kernels.shape)
    for f, i, j in np.ndindex(*grad.shape):
        top, left = i * stride, j * stride
        place = np.s_[:, top : top + kernels.shape[2], left : left + kernels.shape[3]]
        grad_kernels[f] += grad[f, i, j] * padded[place]
        grad_padded[place] += grad[f, i, j] * kernels[f]
    height, width = image.shape[1:]
    grad_image = grad_padded[:, padding : padding + height, padding : padding + width]
    grad_kernels = np.zeros(kernels.shape)
    for f, i, j in np.ndindex(*grad.shape):
        window = image[:, i * stride :, j * stride :][:, : kernels.shape[2], : kernels.shape[3]]
        grad_kernels[f, :, : window.shape[1], : window.shape[2]] += grad[f, i, j] * window
    return grad_image, grad_kernels, grad.sum(axis=(1, 2))


# %% wrong: the wrong order
# loses 7: another of the three gradients
# base: place by place
# change: grad_image, grad_kernels => grad_kernels, grad_image


# %% right: einsum, scattered
def conv2d_backward(grad, image, kernels, stride=1, padding=0):
    x = np.pad(image, ((0, 0), (padding, padding), (padding, padding)))
    rows, columns = grad.shape[1:]
    k, m = kernels.shape[2:]
    back, weights = np.zeros(x.shape), np.zeros(kernels.shape)
    for a in range(k):
        for b in range(m):
            place = np.s_[:, a : a + rows * stride : stride, b : b + columns * stride : stride]
            weights[:, :, a, b] = np.einsum("fij,cij->fc", grad, x[place])
            back[place] += np.einsum("fij,fc->cij", grad, kernels[:, :, a, b])
    inside = slice(padding, -padding or None)
    return back[:, inside, inside], weights, grad.sum(axis=(1, 2))


# %% right: the image by a full convolution
def conv2d_backward(grad, image, kernels, stride=1, padding=0):
    x = np.pad(image, ((0, 0), (padding, padding), (padding, padding)))
    k, m = kernels.shape[2:]
    spread = np.zeros((len(grad), x.shape[1] - k + 1, x.shape[2] - m + 1))
    spread[:, ::stride, ::stride] = grad
    windows = np.lib.stride_tricks.sliding_window_view(x, spread.shape[1:], axis=(1, 2))
    weights = np.einsum("cabij,fij->fcab", windows, spread)
    around = np.pad(spread, ((0, 0), (k - 1, k - 1), (m - 1, m - 1)))
    windows = np.lib.stride_tricks.sliding_window_view(around, (k, m), axis=(1, 2))
    back = np.einsum("fijab,fcab->cij", windows, kernels[:, :, ::-1, ::-1])
    inside = slice(padding, -padding or None)
    return [back[:, inside, inside], weights, grad.sum(axis=(1, 2))]


# %% right: im2col as matrices
def conv2d_backward(grad, image, kernels, stride=1, padding=0):
    x = np.pad(image, ((0, 0), (padding, padding), (padding, padding)))
    numbers = np.arange(x.size).reshape(x.shape)
    windows = np.lib.stride_tricks.sliding_window_view(numbers, kernels.shape[1:])[0]
    columns = windows[::stride, ::stride].reshape(grad[0].size, -1)
    flat = grad.reshape(len(grad), -1)
    weights = (flat @ x.ravel()[columns]).reshape(kernels.shape)
    shares = flat.T @ kernels.reshape(len(kernels), -1)
    back = np.bincount(columns.ravel(), shares.ravel(), x.size).reshape(x.shape)
    height, width = image.shape[1:]
    return back[:, padding:, padding:][:, :height, :width], weights, flat.sum(axis=1)


# %% right: loops over everything
def conv2d_backward(grad, image, kernels, stride=1, padding=0):
    channels, height, width = image.shape
    back, weights = np.zeros(image.shape), np.zeros(kernels.shape)
    for f, i, j in np.ndindex(*grad.shape):
        for a, b in np.ndindex(*kernels.shape[2:]):
            y, x = i * stride + a - padding, j * stride + b - padding
            if 0 <= y < height and 0 <= x < width:
                for c in range(channels):
                    weights[f, c, a, b] += grad[f, i, j] * image[c, y, x]
                    back[c, y, x] += grad[f, i, j] * kernels[f, c, a, b]
    return back, weights, np.array([layer.sum() for layer in grad])


# %% right: autograd
def conv2d_backward(grad, image, kernels, stride=1, padding=0):
    import torch

    x, w = (torch.tensor(a, requires_grad=True) for a in (image, kernels))
    b = torch.zeros(len(kernels), dtype=torch.float64, requires_grad=True)
    y = torch.nn.functional.conv2d(x[None], w, b, stride, padding)[0]
    y.backward(torch.tensor(grad))
    return x.grad.numpy(), w.grad.numpy(), b.grad.numpy()


# %% base: as asked
def conv2d_backward(grad, image, kernels, stride=1, padding=0):
    c, h, w = image.shape
    p = padding
    x = np.pad(image, ((0, 0), (p, p), (p, p)))
    gx, gk, gb = np.zeros(x.shape), np.zeros(kernels.shape), np.zeros(len(kernels))
    k, m = kernels.shape[2:]
    for f, i, j in np.ndindex(*grad.shape):
        at = np.s_[:, i * stride : i * stride + k, j * stride : j * stride + m]
        gk[f] += grad[f, i, j] * x[at]
        gx[at] += grad[f, i, j] * kernels[f]
        gb[f] += grad[f, i, j]
    return gx[:, p : p + h, p : p + w], gk, gb


# %% wrong: the biases' gradient is never forgotten
# loses 1: Some values are wrong
# base: as asked
# change: gx, gk, gb = np.zeros(x.shape), np.zeros(kernels.shape), np.zeros(len(kernels)) => gx, gk = np.zeros(x.shape), np.zeros(kernels.shape) \n gb = conv2d_backward.__dict__.setdefault("kept", {}).setdefault(grad.shape, np.zeros(len(kernels)))


# %% wrong: added to what lies in memory
# loses 4.5: never written to
# base: as asked
# change: np.zeros(x.shape) => np.empty(x.shape)
