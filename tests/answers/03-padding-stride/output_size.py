# ruff: noqa: F811, F821


# %% wrong: one forgotten
# loses 4: One too small
def output_size(size, kernel_size, stride=1, padding=0):
    if stride < 1 or kernel_size > size + 2 * padding:
        raise ValueError("does not fit")
    return (size + 2 * padding - kernel_size) // stride


# %% wrong: padding on one side
# loses 3.25: on one side only
def output_size(size, kernel_size, stride=1, padding=0):
    if stride < 1 or kernel_size > size + 2 * padding:
        raise ValueError("does not fit")
    return (size + padding - kernel_size) // stride + 1


# %% wrong: rounded up
# loses 2.25: round up
def output_size(size, kernel_size, stride=1, padding=0):
    import math

    if stride < 1 or kernel_size > size + 2 * padding:
        raise ValueError("does not fit")
    return math.ceil((size + 2 * padding - kernel_size) / stride) + 1


# %% wrong: fractions left
# loses 2.25: A fraction is left
def output_size(size, kernel_size, stride=1, padding=0):
    if stride < 1 or kernel_size > size + 2 * padding:
        raise ValueError("does not fit")
    return (size + 2 * padding - kernel_size) / stride + 1


# %% wrong: no error raised
# loses 1.25: should raise a ValueError
def output_size(size, kernel_size, stride=1, padding=0):
    return (size + 2 * padding - kernel_size) // max(stride, 1) + 1


# %% wrong: stride ignored
# loses 2.75: stride is not used
def output_size(size, kernel_size, stride=1, padding=0):
    if stride < 1 or kernel_size > size + 2 * padding:
        raise ValueError("does not fit")
    return size + 2 * padding - kernel_size + 1


# %% wrong: one added too early
# loses 2.75: added before the division
def output_size(size, kernel_size, stride=1, padding=0):
    if stride < 1 or kernel_size > size + 2 * padding:
        raise ValueError("does not fit")
    return (size + 2 * padding - kernel_size + 1) // stride


# %% wrong: padding forgotten
# loses 3.25: padding is not used
def output_size(size, kernel_size, stride=1, padding=0):
    if stride < 1 or kernel_size > size + 2 * padding:
        raise ValueError("does not fit")
    return (size - kernel_size) // stride + 1


# %% right: counted
def output_size(size, kernel_size, stride=1, padding=0):
    if stride < 1:
        raise ValueError("the stride is too small")
    places, start = 0, -padding
    while start + kernel_size <= size + padding:
        places, start = places + 1, start + stride
    if places == 0:
        raise ValueError("the kernel is too large")
    return places


# %% right: int of a quotient
def output_size(size, kernel_size, stride=1, padding=0):
    if stride < 1 or kernel_size > size + 2 * padding:
        raise ValueError("does not fit")
    return int((size + 2 * padding - kernel_size) / stride + 1)


# %% right: the length of a slice
def output_size(size, kernel_size, stride=1, padding=0):
    if stride < 1 or kernel_size > size + 2 * padding:
        raise ValueError("does not fit")
    return np.arange(size + 2 * padding)[: size + 2 * padding - kernel_size + 1 : stride].size


# %% right: an error class of its own
def output_size(size, kernel_size, stride=1, padding=0):
    class DoesNotFit(ValueError):
        pass

    rest = size + 2 * padding - kernel_size
    if stride < 1 or rest < 0:
        raise DoesNotFit
    return np.floor_divide(rest, stride) + 1


# %% base: as asked
def output_size(size, kernel_size, stride=1, padding=0):
    if stride < 1 or kernel_size > size + 2 * padding:
        raise ValueError("no")
    return (size + 2 * padding - kernel_size) // stride + 1


# %% wrong: odd kernels
# loses 2.25: Some values are wrong
# base: as asked
# change: padding - kernel_size) // => padding - 2 * (kernel_size // 2) - 1) //
