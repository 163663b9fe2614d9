# ruff: noqa: F811, F821


# %% wrong: always true
# loses 3: always True
def fits(size, kernel_size, stride=1, padding=0):
    return True


# %% wrong: only the size of the kernel
# loses 2.5: a remainder at the end
def fits(size, kernel_size, stride=1, padding=0):
    return kernel_size <= size + 2 * padding


# %% wrong: kernels that are too large
# loses 1: larger than the padded image
def fits(size, kernel_size, stride=1, padding=0):
    return (size + 2 * padding - kernel_size) % stride == 0


# %% wrong: padding on one side
# loses 1.25: on one side only
def fits(size, kernel_size, stride=1, padding=0):
    return size + padding >= kernel_size and (size + padding - kernel_size) % stride == 0


# %% wrong: padding forgotten
# loses 1.25: padding is not used
def fits(size, kernel_size, stride=1, padding=0):
    return size >= kernel_size and (size - kernel_size) % stride == 0


# %% wrong: one too many
# loses 2.5: takes no jump
def fits(size, kernel_size, stride=1, padding=0):
    rest = size + 2 * padding - kernel_size
    return rest >= 0 and (rest + 1) % stride == 0


# %% wrong: turned around
# loses 3: nothing is left over
def fits(size, kernel_size, stride=1, padding=0):
    rest = size + 2 * padding - kernel_size
    return rest < 0 or rest % stride != 0


# %% right: walked
def fits(size, kernel_size, stride=1, padding=0):
    end = kernel_size
    while end < size + 2 * padding:
        end += stride
    return end == size + 2 * padding


# %% right: a quotient without a fraction
def fits(size, kernel_size, stride=1, padding=0):
    places = (size + 2 * padding - kernel_size) / stride
    return places >= 0 and places.is_integer()


# %% right: NumPy's bool
def fits(size, kernel_size, stride=1, padding=0):
    rest = np.int64(size + 2 * padding - kernel_size)
    return (rest >= 0) & (np.mod(rest, stride) == 0)


# %% right: divmod
def fits(size, kernel_size, stride=1, padding=0):
    places, rest = divmod(size + 2 * padding - kernel_size, stride)
    return rest == 0 and places >= 0
