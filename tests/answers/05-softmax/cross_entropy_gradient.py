# ruff: noqa: F811, F821


# %% wrong: not divided by N
# loses 3.5: not divided by N
def cross_entropy_gradient(logits, targets):
    p = np.exp(logits - logits.max(axis=1, keepdims=True))
    p = p / p.sum(axis=1, keepdims=True)
    return p - np.eye(logits.shape[1])[targets]


# %% wrong: sign turned
# loses 4: The sign is wrong
def cross_entropy_gradient(logits, targets):
    p = np.exp(logits - logits.max(axis=1, keepdims=True))
    p = p / p.sum(axis=1, keepdims=True)
    return (np.eye(logits.shape[1])[targets] - p) / len(targets)


# %% wrong: nothing subtracted
# loses 4: is not subtracted
def cross_entropy_gradient(logits, targets):
    p = np.exp(logits - logits.max(axis=1, keepdims=True))
    return p / p.sum(axis=1, keepdims=True) / len(targets)


# %% wrong: divided by the classes
# loses 4: number of classes
def cross_entropy_gradient(logits, targets):
    p = np.exp(logits - logits.max(axis=1, keepdims=True))
    p = p / p.sum(axis=1, keepdims=True)
    return (p - np.eye(logits.shape[1])[targets]) / logits.shape[1]


# %% wrong: whole columns
# loses 3.5: whole column
def cross_entropy_gradient(logits, targets):
    p = np.exp(logits - logits.max(axis=1, keepdims=True))
    p = p / p.sum(axis=1, keepdims=True)
    p[:, targets] -= 1
    return p / len(targets)


# %% wrong: unstable
# loses 1: Subtract the largest
def cross_entropy_gradient(logits, targets):
    p = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    return (p - np.eye(logits.shape[1])[targets]) / len(targets)


# %% wrong: without softmax
# loses 4: Softmax is missing
def cross_entropy_gradient(logits, targets):
    return (logits - np.eye(logits.shape[1])[targets]) / len(targets)


# %% right: one-hot rows
def cross_entropy_gradient(logits, targets):
    p = np.exp(logits - logits.max(axis=1, keepdims=True))
    p = p / p.sum(axis=1, keepdims=True)
    return (p - np.eye(logits.shape[1])[targets]) / len(targets)


# %% right: loops
def cross_entropy_gradient(logits, targets):
    n, classes = logits.shape
    gradient = np.zeros((n, classes))
    for i in range(n):
        powers = np.exp(logits[i] - logits[i].max())
        for k in range(classes):
            gradient[i, k] = powers[k] / powers.sum() / n
        gradient[i, targets[i]] -= 1 / n
    return gradient


# %% right: SciPy
def cross_entropy_gradient(logits, targets):
    from scipy.special import softmax

    gradient = softmax(logits, axis=1)
    np.subtract.at(gradient, (np.arange(len(targets)), targets), 1)
    return gradient / len(targets)


# %% right: autograd
def cross_entropy_gradient(logits, targets):
    import torch

    z = torch.tensor(logits).double().requires_grad_()
    torch.nn.functional.cross_entropy(z, torch.tensor(targets)).backward()
    return z.grad.numpy()


# %% base: as asked
def cross_entropy_gradient(logits, targets):
    z = logits.astype(float)
    n, k = z.shape
    z = z - z.max(axis=1, keepdims=True)
    p = np.exp(z) / np.exp(z).sum(axis=1, keepdims=True)
    p[np.arange(n), targets] -= 1
    return p / n


# %% wrong: maximum of the table
# loses 1: not the largest logit of each row
# base: as asked
# change: z.max(axis=1, keepdims=True) => z.max()


# %% wrong: minimum of each row
# loses 1: not the largest logit of each row
# base: as asked
# change: z.max(axis=1, => z.min(axis=1,


# %% wrong: mean of each row
# loses 1: not the largest logit of each row
# base: as asked
# change: z.max(axis=1, => z.mean(axis=1,


# %% wrong: maximum of the first row
# loses 1: not the largest logit of each row
# base: as asked
# change: z.max(axis=1, keepdims=True) => z[0].max()


# %% wrong: one hot of the classes that occur
# loses 3: Your function stopped with a ValueError
# base: as asked
# change: p[np.arange(n), targets] -= 1 => p = p - np.eye(targets.max() + 1)[targets]


# %% wrong: what it gave first for a size, again
# loses 1: Some values are wrong
# base: as asked
# change: return p / n => return cross_entropy_gradient.__dict__.setdefault("kept", {}).setdefault(logits.shape, p / n)
