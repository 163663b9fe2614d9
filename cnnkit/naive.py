"""The operations as plain loops: what the chapters derive, one thought a line.

Nothing here is fast. Each function does what its namesake in ``cnnkit.functional`` does, and the
tests hold the two equal, so this is the place to look when you wonder *what* is computed.
"""

import numpy as np

from cnnkit.geometry import lesson, output_size, pair

__all__ = ["avg_pool2d", "conv2d", "convolve", "max_pool2d"]


def convolve(image, kernel):
    """Slide `kernel` over `image` and write down each sum of products (valid, not flipped).

    image (H, W) and kernel (kh, kw) give (H − kh + 1, W − kw + 1). The kernel is not flipped:
    mathematicians call this cross-correlation, deep learning calls it convolution.

    >>> convolve([[1, 2, 3], [4, 5, 6]], [[1, 1], [0, 1]])
    array([[ 8., 11.]])
    """
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
    return output


def conv2d(input, weight, bias=None, stride=1, padding=0):
    """Convolve a batch: for every image and filter, sum over all channels, and add the bias.

    input (N, C, H, W), weight (F, C, kh, kw), bias (F,) give (N, F, H_out, W_out).

    >>> conv2d(np.ones((1, 3, 4, 4)), np.ones((2, 3, 3, 3)), bias=[0, 1])[0, :, 0, 0]
    array([27., 28.])
    """
    images, weight = _surround(input, padding, 0), np.asarray(weight, float)
    if weight.ndim != 4 or weight.shape[1] != images.shape[1]:
        given = f"an input of {images.shape[1]} channels and a weight of shape {weight.shape}"
        raise lesson(given, "weight (F, C, kh, kw) with C channels", "Give a filter each channel.")
    bias = np.zeros(len(weight)) if bias is None else np.asarray(bias, float)
    if bias.shape != (len(weight),):
        given = f"a bias of shape {bias.shape} for {len(weight)} filters"
        raise lesson(given, f"one bias a filter, shape ({len(weight)},)", "Reshape or drop it.")
    kernel_height, kernel_width = weight.shape[2:]
    down, right = pair(stride, "stride")
    height, width = output_size(images.shape[2:], weight.shape[2:], stride)
    output = np.zeros((len(images), len(weight), height, width))
    for n, image in enumerate(images):
        for f, kernel in enumerate(weight):
            for y in range(height):
                for x in range(width):
                    top, left = y * down, x * right
                    window = image[:, top : top + kernel_height, left : left + kernel_width]
                    output[n, f, y, x] = (window * kernel).sum() + bias[f]
    return output


def max_pool2d(input, kernel_size, stride=None, padding=0):
    """Keep the largest value of each window: (N, C, H, W) gives (N, C, H_out, W_out).

    >>> max_pool2d([[[[1, 2, 5, 6], [3, 4, 7, 8]]]], 2)
    array([[[[4., 8.]]]])
    """
    return _pool(input, kernel_size, stride, padding, -np.inf, np.max)


def avg_pool2d(input, kernel_size, stride=None, padding=0):
    """Take the mean of each window, padding zeros included: (N, C, H, W) in and out.

    >>> avg_pool2d([[[[1, 2, 5, 6], [3, 4, 7, 8]]]], 2)
    array([[[[2.5, 6.5]]]])
    """
    return _pool(input, kernel_size, stride, padding, 0, np.mean)


def _pool(input, kernel_size, stride, padding, filling, choose):
    """Walk a window over each channel alone, and let `choose` make one value of its values."""
    maps = _surround(input, padding, filling)
    kernel_height, kernel_width = pair(kernel_size, "kernel_size")
    down, right = pair(kernel_size if stride is None else stride, "stride")
    height, width = output_size(maps.shape[2:], kernel_size, (down, right))
    output = np.zeros((*maps.shape[:2], height, width))
    for n, image in enumerate(maps):
        for c, channel in enumerate(image):
            for y in range(height):
                for x in range(width):
                    top, left = y * down, x * right
                    window = channel[top : top + kernel_height, left : left + kernel_width]
                    output[n, c, y, x] = choose(window)
    return output


def _surround(input, padding, filling):
    """Copy a batch (N, C, H, W) into the middle of a larger array that is `filling` all round."""
    input = np.asarray(input, float)
    if input.ndim != 4:
        remedy = "Add the missing axes: image[np.newaxis, np.newaxis]."
        raise lesson(f"an input of shape {input.shape}", "(N, C, H, W)", remedy)
    images, channels, height, width = input.shape
    top, left = pair(padding, "padding", least=0)
    larger = np.full((images, channels, height + 2 * top, width + 2 * left), float(filling))
    larger[:, :, top : top + height, left : left + width] = input
    return larger
