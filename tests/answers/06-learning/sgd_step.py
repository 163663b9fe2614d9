# ruff: noqa: B905, F811, F821


# %% wrong: uphill
# loses 3: You climb
def sgd_step(parameters, gradients, lr):
    return [p + lr * g for p, g in zip(parameters, gradients)]


# %% wrong: no learning rate
# loses 3: learning rate is missing
def sgd_step(parameters, gradients, lr):
    return [p - g for p, g in zip(parameters, gradients)]


# %% wrong: the parameters are overwritten
# loses 1.5: changed the input
def sgd_step(parameters, gradients, lr):
    for p, g in zip(parameters, gradients):
        p -= lr * g
    return parameters


# %% wrong: only the step
# loses 3: Only the step
def sgd_step(parameters, gradients, lr):
    return [-lr * g for g in gradients]


# %% wrong: the sign of the gradient
# loses 3: its size matters
def sgd_step(parameters, gradients, lr):
    return [p - lr * np.sign(g) for p, g in zip(parameters, gradients)]


# %% wrong: divided by the learning rate
# loses 3: divide by the learning rate
def sgd_step(parameters, gradients, lr):
    return [p - g / lr for p, g in zip(parameters, gradients)]


# %% wrong: the first parameter alone
# loses 2.5: one for each that came in
def sgd_step(parameters, gradients, lr):
    return [parameters[0] - lr * gradients[0]]


# %% right: a loop
def sgd_step(parameters, gradients, lr):
    result = []
    for k in range(len(parameters)):
        result.append(parameters[k] - gradients[k] * lr)
    return result


# %% right: copies, changed in place
def sgd_step(parameters, gradients, lr):
    result = [p.copy() for p in parameters]
    for p, g in zip(result, gradients):
        p -= lr * g
    return result


# %% right: map
def sgd_step(parameters, gradients, lr):
    return list(map(lambda p, g: np.subtract(p, lr * g), parameters, gradients))


# %% right: a tuple
def sgd_step(parameters, gradients, lr):
    return tuple(p - lr * g for p, g in zip(parameters, gradients, strict=True))


# %% wrong: learning rate of 0.1
# loses 2.5: always 0.1
def sgd_step(parameters, gradients, lr):
    return [p - 0.1 * g for p, g in zip(parameters, gradients)]


# %% wrong: momentum
# loses 2: Some values are wrong
def sgd_step(parameters, gradients, lr):
    kept = sgd_step.__dict__.setdefault("velocity", {})
    shapes = tuple(p.shape for p in parameters)
    old = kept.get(shapes, [0.0] * len(parameters))
    kept[shapes] = [0.9 * v + g for v, g in zip(old, gradients)]
    return [p - lr * v for p, v in zip(parameters, kept[shapes])]


# %% wrong: weight decay
# loses 2.5: Some values are wrong
def sgd_step(parameters, gradients, lr):
    return [p - lr * (g + 1e-4 * p) for p, g in zip(parameters, gradients)]
