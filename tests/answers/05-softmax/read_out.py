# ruff: noqa: B905, F811, F821


# %% wrong: the logit
# loses 3: is a logit
def read_out(logits, names):
    return [(names[row.argmax()], float(row.max())) for row in logits]


# %% wrong: the least probable
# loses 3: least probable
def read_out(logits, names):
    p = np.exp(logits - logits.max(axis=1, keepdims=True))
    p = p / p.sum(axis=1, keepdims=True)
    return [(names[row.argmin()], float(row.min())) for row in p]


# %% wrong: the number of the class
# loses 3: not the number of the class
def read_out(logits, names):
    p = np.exp(logits - logits.max(axis=1, keepdims=True))
    p = p / p.sum(axis=1, keepdims=True)
    return [(int(row.argmax()), float(row.max())) for row in p]


# %% wrong: percent
# loses 3: not to 100
def read_out(logits, names):
    p = np.exp(logits - logits.max(axis=1, keepdims=True))
    p = p / p.sum(axis=1, keepdims=True)
    return [(names[row.argmax()], float(100 * row.max())) for row in p]


# %% wrong: only the first image
# loses 3: one pair for each image
def read_out(logits, names):
    p = np.exp(logits[0] - logits[0].max())
    p = p / p.sum()
    return names[p.argmax()], float(p.max())


# %% wrong: the softmax of each column
# loses 3: wrong axis
def read_out(logits, names):
    p = np.exp(logits - logits.max(axis=0))
    p = p / p.sum(axis=0)
    best = logits.argmax(axis=1)
    return [(names[k], float(row[k])) for k, row in zip(best, p)]


# %% wrong: names alone
# loses 3: one pair for each image
def read_out(logits, names):
    return [names[k] for k in logits.argmax(axis=1)]


# %% right: SciPy
def read_out(logits, names):
    from scipy.special import softmax

    p = softmax(logits, axis=1)
    return list(zip(np.array(names)[p.argmax(axis=1)].tolist(), p.max(axis=1).tolist()))


# %% right: a loop
def read_out(logits, names):
    answers = []
    for row in logits:
        best = int(np.argmax(row))
        probability = 1 / np.exp(row - row[best]).sum()
        answers.append((names[best], probability))
    return answers


# %% right: sorted
def read_out(logits, names):
    answers = []
    for row in logits:
        powers = np.exp(row - row.max())
        ranked = sorted(zip(powers / powers.sum(), names), reverse=True)
        answers.append([ranked[0][1], ranked[0][0]])
    return answers


# %% right: torch
def read_out(logits, names):
    import torch

    p, which = torch.softmax(torch.tensor(logits), dim=1).max(dim=1)
    return [(names[k], value) for k, value in zip(which.tolist(), p.tolist())]


# %% base: as asked
def read_out(logits, names):
    z = logits.astype(float)
    z = z - z.max(axis=1, keepdims=True)
    p = np.exp(z) / np.exp(z).sum(axis=1, keepdims=True)
    best = p.argmax(axis=1)
    return [(names[k], float(row[k])) for k, row in zip(best, p)]


# %% wrong: maximum of the table
# loses 1: not the largest logit of each row
# base: as asked
# change: z.max(axis=1, keepdims=True) => z.max()


# %% wrong: absolute maximum
# loses 1: not the largest logit of each row
# base: as asked
# change: z.max(axis=1, => np.abs(z).max(axis=1,


# %% wrong: overwritten where it was no copy
# loses 1: changed the input
# base: as asked
# change: logits.astype(float) => np.asarray(logits, dtype=float)
# change: z = z - z => z -= z


# %% wrong: the names are sorted in place
# loses 1: changed the input
# base: as asked
# change: z = logits.astype(float) => z = logits.astype(float); old = list(names); names.sort(); names = old


# %% wrong: unstable
# loses 1: Subtract the largest
# base: as asked
# change: z = z - z.max(axis=1, keepdims=True) => z = z


# %% right: torch in single precision
def read_out(logits, names):
    import torch

    p = torch.softmax(torch.tensor(logits, dtype=torch.float32), dim=1).tolist()
    best = [row.index(max(row)) for row in p]
    return [[names[k], row[k]] for k, row in zip(best, p)]


# %% wrong: rounded to two digits
# loses 2.5: is rounded
# base: as asked
# change: float(row[k])) for => round(float(row[k]), 2)) for
