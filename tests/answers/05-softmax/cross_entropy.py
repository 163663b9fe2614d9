# ruff: noqa: B905, F811, F821


# %% wrong: added up
# loses 4.5: add the images up
def cross_entropy(logits, targets):
    shifted = logits - logits.max(axis=1, keepdims=True)
    logarithms = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    return -logarithms[np.arange(len(targets)), targets].sum()


# %% wrong: sign forgotten
# loses 5: The sign is turned
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
