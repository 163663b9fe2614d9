# ruff: noqa: F811, F821

# %% wrong: no biases
# loses 2: biases are missing
def dense_parameters(shape, units):
    return int(np.prod(shape)) * units


# %% wrong: one bias in all
# loses 2: one bias for the whole layer
def dense_parameters(shape, units):
    return int(np.prod(shape)) * units + 1


# %% wrong: a bias for each input
# loses 2: Each input has a bias
def dense_parameters(shape, units):
    return int(np.prod(shape)) * (units + 1)


# %% wrong: sizes added
# loses 2: sizes are added
def dense_parameters(shape, units):
    return sum(shape) * units + units


# %% wrong: channels forgotten
# loses 1.75: channels are inputs too
def dense_parameters(shape, units):
    return shape[0] * shape[1] * units + units


# %% wrong: wrapped around in 32 bits
# loses 0.5: 32 bits
def dense_parameters(shape, units):
    weights = np.prod(np.array(shape, dtype=np.int32), dtype=np.int32) * np.int32(units)
    return weights + np.int32(units)


# %% right: math.prod
def dense_parameters(shape, units):
    import math

    return (math.prod(shape) + 1) * units


# %% right: NumPy
def dense_parameters(shape, units):
    return np.prod(shape) * units + units


# %% right: reduce
def dense_parameters(shape, units):
    from functools import reduce

    return units * reduce(lambda a, b: a * b, shape) + units


# %% right: counted unit by unit
def dense_parameters(shape, units):
    total = 0
    for _ in range(units):
        weights = 1
        for size in shape:
            weights = weights * size
        total = total + weights + 1
    return total


# %% wrong: three axes at most
# loses 0.5: first three sizes count
def dense_parameters(shape, units):
    n = 1
    for s in shape[:3]:
        n *= s
    return n * units + units
