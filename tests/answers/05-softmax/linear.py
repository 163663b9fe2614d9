# ruff: noqa: F811, F821


# %% wrong: no bias
# loses 3: bias is missing
def linear(x, weight, bias):
    return x @ weight.T


# %% wrong: weight not transposed
# loses 1.5: wrong way round
def linear(x, weight, bias):
    if weight.shape[0] != weight.shape[1]:
        weight = weight.T
    return x @ weight + bias


# %% wrong: bias once for each input
# loses 3: once for each input
def linear(x, weight, bias):
    result = np.zeros((len(x), len(weight)))
    for k in range(x.shape[1]):
        result += x[:, k : k + 1] * weight[:, k] + bias
    return result


# %% wrong: bias subtracted
# loses 3: bias is subtracted
def linear(x, weight, bias):
    return x @ weight.T - bias


# %% wrong: averaged
# loses 3: averaged
def linear(x, weight, bias):
    return (x[:, None, :] * weight).mean(axis=-1) + bias


# %% wrong: a ReLU on top
# loses 2.5: keeps negative values
def linear(x, weight, bias):
    return np.maximum(x @ weight.T + bias, 0)


# %% wrong: outputs first
# loses 3: axes have changed places
def linear(x, weight, bias):
    return (x @ weight.T + bias).T


# %% right: einsum
def linear(x, weight, bias):
    return np.einsum("ni,oi->no", x, weight) + bias


# %% right: loops
def linear(x, weight, bias):
    result = np.zeros((len(x), len(weight)))
    for n in range(len(x)):
        for o in range(len(weight)):
            result[n, o] = bias[o]
            for i in range(x.shape[1]):
                result[n, o] += x[n, i] * weight[o, i]
    return result


# %% right: one product, the bias as one more weight
def linear(x, weight, bias):
    x = np.hstack([x, np.ones((len(x), 1))])
    return x @ np.column_stack([weight, bias]).T


# %% right: row by row
def linear(x, weight, bias):
    return np.array([weight.dot(row) + bias for row in x])


# %% right: torch
def linear(x, weight, bias):
    import torch

    x, weight, bias = (torch.tensor(a).double() for a in (x, weight, bias))
    return torch.nn.functional.linear(x, weight, bias).numpy()


# %% base: as asked
def linear(x, weight, bias):
    result = x @ weight.T
    return result + bias


# %% wrong: what it gave first for a size, again
# loses 1: Some values are wrong
# base: as asked
# change: return result + bias => return linear.__dict__.setdefault("kept", {}).setdefault(x.shape + weight.shape, result + bias)


# %% wrong: rounded to one digit
# loses 2: is rounded
# base: as asked
# change: return result + bias => return np.round(result + bias, 1)
