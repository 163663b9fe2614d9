# ruff: noqa: F811, F821


# %% wrong: where the gradient is positive
# loses 3: look where x was
def relu_backward(grad, x):
    return grad * (grad > 0)


# %% wrong: it passes everywhere
# loses 3: passes everywhere
def relu_backward(grad, x):
    return grad.copy()


# %% wrong: the slope alone
# loses 3: the slope alone
def relu_backward(grad, x):
    return (x > 0).astype(float)


# %% wrong: multiplied by x
# loses 3: slope of ReLU is 1
def relu_backward(grad, x):
    return grad * np.maximum(x, 0)


# %% wrong: the condition turned
# loses 3: reverse the condition
def relu_backward(grad, x):
    return np.where(x < 0, grad, 0)


# %% wrong: the gradient is overwritten
# loses 1: changed the input
def relu_backward(grad, x):
    grad[x <= 0] = 0
    return grad


# %% right: where
def relu_backward(grad, x):
    return np.where(x > 0, grad, 0)


# %% right: a copy with a mask
def relu_backward(grad, x):
    result = grad.copy()
    result[x <= 0] = 0
    return result


# %% right: heaviside
def relu_backward(grad, x):
    return np.heaviside(x, 0) * grad


# %% right: loop
def relu_backward(grad, x):
    result = np.zeros(x.shape)
    for place in np.ndindex(*x.shape):
        if x[place] > 0:
            result[place] = grad[place]
    return result


# %% right: autograd
def relu_backward(grad, x):
    import torch

    leaf = torch.tensor(x, requires_grad=True)
    torch.relu(leaf).backward(torch.tensor(grad))
    return leaf.grad.numpy()


# %% wrong: zero counts as positive
# loses 2.5: x is exactly 0
def relu_backward(grad, x):
    return grad * (x >= 0)


# %% wrong: as for a ReLU that ends at six
# loses 2: Some values are wrong
def relu_backward(grad, x):
    return grad * ((x > 0) & (x < 6))


# %% wrong: what it gave first for a size, again
# loses 2: Some values are wrong
def relu_backward(grad, x, kept={}):
    return kept.setdefault(x.shape, grad * (x > 0))


# %% wrong: only what passes is written
# loses 3: never written to
def relu_backward(grad, x):
    result = np.empty_like(grad)
    np.copyto(result, grad, where=x > 0)
    return result
