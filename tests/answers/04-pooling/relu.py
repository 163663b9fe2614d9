# ruff: noqa: F811, F821


# %% wrong: the absolute value
# loses 2: absolute value
def relu(x):
    return np.abs(x)


# %% wrong: the input is overwritten
# loses 1: changed the input
def relu(x):
    x[x < 0] = 0
    return x


# %% wrong: cut off at one
# loses 2: Values above 1
def relu(x):
    return np.clip(x, 0, 1)


# %% wrong: leaky
# loses 2: leaks through
def relu(x):
    return np.where(x > 0, x, 0.01 * x)


# %% wrong: where it is positive
# loses 2: keep x itself
def relu(x):
    return x > 0


# %% wrong: sigmoid
# loses 2: sigmoid
def relu(x):
    return 1 / (1 + np.exp(-x))


# %% wrong: the negative part
# loses 2: drop the positive
def relu(x):
    return np.minimum(x, 0)


# %% right: a product with a condition
def relu(x):
    return x * (x > 0)


# %% right: where
def relu(x):
    return np.where(x < 0, 0, x)


# %% right: a copy with a mask
def relu(x):
    result = x.copy()
    result[result < 0] = 0
    return result


# %% right: half of x and its absolute value
def relu(x):
    return (x + np.abs(x)) / 2


# %% right: torch
def relu(x):
    import torch

    return torch.relu(torch.tensor(x)).numpy()


# %% wrong: leaky, a ten thousandth
# loses 2: Some values are wrong
def relu(x):
    return np.where(x > 0, x, 1e-4 * x)


# %% wrong: what it gave first for a size, again
# loses 1: Some values are wrong
def relu(x, kept={}):
    return kept.setdefault(x.shape, np.maximum(x, 0))


# %% wrong: only what is positive is written
# loses 2: never written to
def relu(x):
    result = np.empty_like(x)
    result[x > 0] = x[x > 0]
    return result
