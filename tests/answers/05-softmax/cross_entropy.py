# ruff: noqa: B905, F811, F821


# %% wrong: added up
# loses 4.5: add the images up
def cross_entropy(logits, targets):
    shifted = logits - logits.max(axis=1, keepdims=True)
    logarithms = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    return -logarithms[np.arange(len(targets)), targets].sum()


# %% wrong: sign forgotten
# loses 5: The sign is wrong
def cross_entropy(logits, targets):
    shifted = logits - logits.max(axis=1, keepdims=True)
    logarithms = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    return logarithms[np.arange(len(targets)), targets].mean()


# %% wrong: unstable
# loses 1.5: Subtract the largest
def cross_entropy(logits, targets):
    p = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    return -np.log(p[np.arange(len(targets)), targets]).mean()


# %% wrong: logarithm of a softmax that is zero
# loses 1.5: infinite loss
def cross_entropy(logits, targets):
    p = np.exp(logits - logits.max(axis=1, keepdims=True))
    p = p / p.sum(axis=1, keepdims=True)
    return -np.log(p[np.arange(len(targets)), targets]).mean()


# %% wrong: a small number inside the logarithm
# loses 1.5: hides large losses
def cross_entropy(logits, targets):
    p = np.exp(logits - logits.max(axis=1, keepdims=True))
    p = p / p.sum(axis=1, keepdims=True)
    return -np.log(p[np.arange(len(targets)), targets] + 1e-12).mean()


# %% wrong: divided by the classes too
# loses 5: images × classes
def cross_entropy(logits, targets):
    shifted = logits - logits.max(axis=1, keepdims=True)
    logarithms = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    return -(logarithms * np.eye(logits.shape[1])[targets]).mean()


# %% wrong: softmax twice
# loses 4.5: applied twice
def cross_entropy(logits, targets):
    for _ in range(2):
        powers = np.exp(logits - logits.max(axis=1, keepdims=True))
        logits = powers / powers.sum(axis=1, keepdims=True)
    return -np.log(logits[np.arange(len(targets)), targets]).mean()


# %% wrong: base two
# loses 5: base 2
def cross_entropy(logits, targets):
    shifted = logits - logits.max(axis=1, keepdims=True)
    logarithms = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    return -logarithms[np.arange(len(targets)), targets].mean() / np.log(2)


# %% wrong: one loss for each image
# loses 5: take their mean
def cross_entropy(logits, targets):
    shifted = logits - logits.max(axis=1, keepdims=True)
    logarithms = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    return -logarithms[np.arange(len(targets)), targets]


# %% right: logsumexp
def cross_entropy(logits, targets):
    from scipy.special import logsumexp

    right = np.take_along_axis(logits, np.asarray(targets)[:, None], axis=1)[:, 0]
    return np.mean(logsumexp(logits, axis=1) - right)


# %% right: loops
def cross_entropy(logits, targets):
    import math

    total = 0.0
    for row, target in zip(logits, targets):
        largest = max(row)
        total += math.log(sum(math.exp(z - largest) for z in row)) + largest - row[target]
    return total / len(targets)


# %% right: one-hot rows
def cross_entropy(logits, targets):
    shifted = logits - np.amax(logits, axis=1)[:, None]
    logarithms = shifted - np.log(np.sum(np.exp(shifted), axis=1))[:, None]
    one_hot = np.eye(logits.shape[1])[targets]
    return float(-np.einsum("nk,nk->n", one_hot, logarithms).mean())


# %% right: logaddexp
def cross_entropy(logits, targets):
    total = np.logaddexp.reduce(logits.astype(float), axis=1)
    return (total - logits[np.arange(len(logits)), targets]).mean()


# %% right: torch
def cross_entropy(logits, targets):
    import torch

    logits, targets = torch.tensor(logits).double(), torch.tensor(targets)
    return torch.nn.functional.cross_entropy(logits, targets).item()


# %% base: as asked
def cross_entropy(logits, targets):
    z = logits.astype(float)
    n, k = z.shape
    z = z - z.max(axis=1, keepdims=True)
    logs = z - np.log(np.exp(z).sum(axis=1, keepdims=True))
    picked = logs[np.arange(n), targets]
    return -picked.mean()


# %% wrong: maximum of the table
# loses 1: not the largest logit of each row
# base: as asked
# change: z.max(axis=1, keepdims=True) => z.max()


# %% wrong: absolute maximum
# loses 1: not the largest logit of each row
# base: as asked
# change: z.max(axis=1, => np.abs(z).max(axis=1,


# %% wrong: the largest of each row, if above zero
# loses 1: not the largest logit of each row
# base: as asked
# change: z.max(axis=1, keepdims=True) => np.maximum(z.max(axis=1, keepdims=True), 0)


# %% wrong: the first image's class
# loses 3.25: Some values are wrong
# base: as asked
# change: logs[np.arange(n), targets] => logs[:, targets[0]]


# %% wrong: targets reversed
# loses 4: Some values are wrong
# base: as asked
# change: , targets] => , targets[::-1]]


# %% wrong: one hot of the classes that occur
# loses 4: Your function stopped with a ValueError
# base: as asked
# change: picked = logs[np.arange(n), targets] => picked = (np.eye(targets.max() + 1)[targets] * logs).sum(axis=1)


# %% wrong: overwritten where it was no copy
# loses 0.75: changed the input
# base: as asked
# change: logits.astype(float) => np.asarray(logits, dtype=float)
# change: z = z - z => z -= z


# %% wrong: what it gave first for a size, again
# loses 1.75: Some values are wrong
# base: as asked
# change: return -picked.mean() => return cross_entropy.__dict__.setdefault("kept", {}).setdefault(logits.shape, -picked.mean())


# %% wrong: rounded to four digits
# loses 4: is rounded
# base: as asked
# change: return -picked.mean() => return round(-picked.mean(), 4)


# %% wrong: rounded to two digits
# loses 4.5: is rounded
# base: as asked
# change: return -picked.mean() => return np.round(-picked.mean(), 2)
