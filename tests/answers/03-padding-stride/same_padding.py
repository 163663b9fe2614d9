# ruff: noqa: F811, F821


# %% wrong: the extra one before
# loses 1.75: extra zero is before
def same_padding(kernel_size):
    return kernel_size // 2, (kernel_size - 1) // 2


# %% wrong: half of the kernel on both sides
# loses 1.75: Too much for an even kernel
def same_padding(kernel_size):
    return kernel_size // 2, kernel_size // 2


# %% wrong: too little for even kernels
# loses 1.75: Too little for an even kernel
def same_padding(kernel_size):
    return (kernel_size - 1) // 2, (kernel_size - 1) // 2


# %% wrong: all on one side
# loses 3: on one side
def same_padding(kernel_size):
    return 0, kernel_size - 1


# %% wrong: a single number
# loses 3: Return a pair
def same_padding(kernel_size):
    return (kernel_size - 1) // 2


# %% wrong: fractions
# loses 1.75: A fraction is left
def same_padding(kernel_size):
    return (kernel_size - 1) / 2, (kernel_size - 1) / 2


# %% wrong: everything twice
# loses 3: on each side
def same_padding(kernel_size):
    return kernel_size - 1, kernel_size - 1


# %% right: what is left goes after
def same_padding(kernel_size):
    before = (kernel_size - 1) // 2
    return before, kernel_size - 1 - before


# %% right: divmod
def same_padding(kernel_size):
    half, extra = divmod(kernel_size - 1, 2)
    return half, half + extra


# %% right: a list
def same_padding(kernel_size):
    return [(kernel_size - 1) // 2, kernel_size // 2]


# %% right: an array
def same_padding(kernel_size):
    return np.array([kernel_size - 1, kernel_size]) // 2
