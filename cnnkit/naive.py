"""The operations as plain loops: what the chapters derive, one thought a line.

Nothing here is fast. Each function does what its namesake in ``cnnkit.functional`` does, and the
tests hold the two equal, so this is the place to look when you wonder *what* is computed. All is
added up in float64; then floats get back the dtype that they came with.
"""

import numpy as np

from cnnkit.arguments import float_dtype, lesson, pair
from cnnkit.geometry import output_size

__all__ = ["avg_pool2d", "conv2d", "convolve", "max_pool2d"]


def convolve(image, kernel):
    """Slide `kernel` over `image` and write down each sum of products (valid, not flipped).

    image (H, W) and kernel (kh, kw) give (H − kh + 1, W − kw + 1). The kernel is not flipped:
    mathematicians call this cross-correlation, deep learning calls it convolution.

    >>> convolve([[1, 2, 3], [4, 5, 6]], [[1, 1], [0, 1]])
    array([[ 8., 11.]])
    """
    dtype = float_dtype(image, kernel)
    image, kernel = np.asarray(image, float), np.asarray(kernel, float)
    if image.ndim != 2 or kernel.ndim != 2:
        given = f"an image of shape {image.shape} and a kernel of shape {kernel.shape}"
        raise lesson(given, "two tables (H, W) and (kh, kw)", "Take one channel at a time.")
    kernel_height, kernel_width = kernel.shape
    height, width = output_size(image.shape, kernel.shape)
    output = np.zeros((height, width))
    for y in range(height):
        for x in range(width):
            window = image[y : y + kernel_height, x : x + kernel_width]
            output[y, x] = (window * kernel).sum()
    return output.astype(dtype)


def conv2d(input, weight, bias=None, stride=1, padding=0):
    """Convolve a batch: for every image and filter, sum over all channels, and add the bias.

    input (N, C, H, W), weight (K, C, kh, kw), bias (K,) give (N, K, H', W').

    >>> conv2d(np.ones((1, 3, 4, 4)), np.ones((2, 3, 3, 3)), bias=[0, 1])[0, :, 0, 0]
    array([27., 28.])
    """
    dtype = float_dtype(input, weight, *([] if bias is None else [bias]))
    images, weight = _surround(input, padding, 0), np.asarray(weight, float)
    bias = np.zeros(weight.shape[:1]) if bias is None else np.asarray(bias, float)
    if weight.ndim != 4 or weight.shape[1] != images.shape[1] or bias.shape != weight.shape[:1]:
        given = f"{images.shape[1]} channels, weight {weight.shape} and bias {bias.shape}"
        wanted = f"weight (K, {images.shape[1]}, kh, kw) and bias (K,) = {weight.shape[:1]}"
        raise lesson(given, wanted, "Give each filter a kernel for every channel, and one bias.")
    down, right = pair(stride, "stride")
    size = output_size(images.shape[2:], weight.shape[2:], stride)
    output = np.zeros((len(images), len(weight), *size))
    for n, image in enumerate(images):
        for f, kernels in enumerate(weight):
            maps = [convolve(image[c], kernels[c]) for c in range(len(image))]
            output[n, f] = sum(maps)[::down, ::right] + bias[f]
    return output.astype(dtype)


def max_pool2d(input, kernel_size, stride=None, padding=0):
    """Keep the largest value of each window: (N, C, H, W) gives (N, C, H', W').

    >>> max_pool2d([[[[1, 2, 5, 6], [3, 4, 7, 8]]]], 2)
    array([[[[4., 8.]]]])
    """
    return _pool(input, kernel_size, stride, padding, -np.inf, np.max)


def avg_pool2d(input, kernel_size, stride=None, padding=0):
    """Take the mean of each window, padding zeros included: (N, C, H, W) gives (N, C, H', W').

    >>> avg_pool2d([[[[1, 2, 5, 6], [3, 4, 7, 8]]]], 2)
    array([[[[2.5, 6.5]]]])
    """
    return _pool(input, kernel_size, stride, padding, 0, np.mean)


def _pool(input, kernel_size, stride, padding, filling, choose):
    """Walk a window over each channel alone, and let `choose` make one value of its values."""
    maps = _surround(input, padding, filling)
    kernel_height, kernel_width = pair(kernel_size, "kernel_size")
    down, right = pair(kernel_size if stride is None else stride, "stride")
    size = output_size(maps.shape[2:], kernel_size, (down, right))
    output = np.zeros((*maps.shape[:2], *size))
    for n, c, y, x in np.ndindex(output.shape):
        top, left = y * down, x * right
        window = maps[n, c, top : top + kernel_height, left : left + kernel_width]
        output[n, c, y, x] = choose(window)
    return output.astype(float_dtype(input))


def _surround(input, padding, filling):
    """Copy a batch (N, C, H, W) into the middle of a larger array that is `filling` all round."""
    input, (top, left) = np.asarray(input, float), pair(padding, "padding", least=0)
    if input.ndim != 4:
        remedy = "Add the missing axes: image[np.newaxis, np.newaxis]."
        raise lesson(f"an input of shape {input.shape}", "(N, C, H, W)", remedy)
    return np.pad(input, ((0, 0), (0, 0), (top, top), (left, left)), constant_values=filling)
