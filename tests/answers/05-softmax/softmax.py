# ruff: noqa: F811, F821


# %% wrong: unstable
# loses 1.5: Subtract the largest
def softmax(logits):
    return np.exp(logits) / np.exp(logits).sum(axis=-1, keepdims=True)


# %% wrong: the first axis
# loses 4.5: The axis is wrong
def softmax(logits):
    powers = np.exp(logits - logits.max(axis=0))
    return powers / powers.sum(axis=0)


# %% wrong: everything together
# loses 3.75: Everything together
def softmax(logits):
    powers = np.exp(logits - logits.max())
    return powers / powers.sum()


# %% wrong: not normalised
# loses 5: not normalised
def softmax(logits):
    return np.exp(logits - logits.max(axis=-1, keepdims=True))


# %% wrong: without exp
# loses 4.5: take exp first
def softmax(logits):
    return logits / logits.sum(axis=-1, keepdims=True)


# %% wrong: sigmoid
# loses 5: sigmoid
def softmax(logits):
    return 1 / (1 + np.exp(-logits))


# %% wrong: the logits are overwritten
# loses 0.5: changed the input
def softmax(logits):
    if logits.dtype == float:
        logits -= logits.max(axis=-1, keepdims=True)
        np.exp(logits, out=logits)
        logits /= logits.sum(axis=-1, keepdims=True)
        return logits
    powers = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return powers / powers.sum(axis=-1, keepdims=True)


# %% wrong: only for batches
# loses 3.25: stopped with an AxisError
def softmax(logits):
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)


# %% right: SciPy
def softmax(logits):
    from scipy.special import softmax

    return softmax(logits.astype(float), axis=-1)


# %% right: row by row
def softmax(logits):
    import math

    rows = np.atleast_2d(logits)
    result = np.zeros(rows.shape)
    for i, row in enumerate(rows):
        powers = [math.exp(z - max(row)) for z in row]
        result[i] = [p / sum(powers) for p in powers]
    return result.reshape(logits.shape)


# %% right: through logarithms
def softmax(logits):
    largest = np.max(logits, axis=-1, keepdims=True)
    total = largest + np.log(np.exp(logits - largest).sum(axis=-1, keepdims=True))
    return np.exp(logits - total)


# %% right: transposed
def softmax(logits):
    powers = np.exp(logits.T - logits.max(axis=-1))
    return (powers / powers.sum(axis=0)).T


# %% right: torch
def softmax(logits):
    import torch

    return torch.softmax(torch.tensor(logits).double(), dim=-1).numpy()
