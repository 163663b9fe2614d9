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


# %% base: as asked
def softmax(logits):
    z = logits.astype(float)
    z = z - z.max(axis=-1, keepdims=True)
    powers = np.exp(z)
    return powers / powers.sum(axis=-1, keepdims=True)


# %% wrong: maximum of the table
# loses 1: not the largest logit of each row
# base: as asked
# change: z.max(axis=-1, keepdims=True) => z.max()


# %% wrong: median of each row
# loses 1: not the largest logit of each row
# base: as asked
# change: z.max(axis=-1 => np.median(z, axis=-1


# %% wrong: largest absolute value of each row
# loses 1: not the largest logit of each row
# base: as asked
# change: z.max(axis=-1 => np.abs(z).max(axis=-1


# %% wrong: last logit of each row
# loses 1: not the largest logit of each row
# base: as asked
# change: z.max(axis=-1, keepdims=True) => z[..., -1:]


# %% wrong: maximum of the first row
# loses 1: not the largest logit of each row
# base: as asked
# change: z.max(axis=-1, keepdims=True) => np.atleast_2d(z)[0].max()


# %% wrong: logits cut at 500
# loses 1: Some values are wrong
# base: as asked
# change: z = z - z.max(axis=-1, keepdims=True) => z = np.clip(z, -500, 500)


# %% wrong: the largest of each row, if above zero
# loses 1: not the largest logit of each row
# base: as asked
# change: z.max(axis=-1, keepdims=True) => np.maximum(z.max(axis=-1, keepdims=True), 0)


# %% wrong: the winner takes all when large
# loses 1: Some values are wrong
# base: as asked
# change: powers = np.exp(z) => powers = np.exp(z) if np.abs(logits).max() < 700 else (z == 0) * 1.0


# %% wrong: rounded to three digits
# loses 3.5: is rounded
# base: as asked
# change: return powers / powers.sum(axis=-1, keepdims=True) => return np.round(powers / powers.sum(axis=-1, keepdims=True), 3)
