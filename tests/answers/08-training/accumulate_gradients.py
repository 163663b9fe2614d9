# ruff: noqa: F811, F821


# %% base: each by its share
def accumulate_gradients(model, loss_fn, batches):
    total, mean = sum(len(targets) for _, targets in batches), 0.0
    model.zero_grad()
    for inputs, targets in batches:
        loss = loss_fn(model(inputs), targets) * len(targets) / total
        loss.backward()
        mean += loss.item()
    return mean


# %% wrong: every batch counts the same
# loses 2.25: a smaller one must count less
# base: each by its share
# change: total, mean = sum(len(targets) for _, targets in batches), => mean =
# change: * len(targets) / total => / len(batches)


# %% wrong: added in full
# loses 5: added in full
def accumulate_gradients(model, loss_fn, batches):
    model.zero_grad()
    for inputs, targets in batches:
        loss = loss_fn(model(inputs), targets)
        loss.backward()
    return loss.item()


# %% wrong: forgotten before each batch
# loses 4.5: Only the last batch is left
# base: each by its share
# change: model.zero_grad() \n for inputs, targets in batches: => for inputs, targets in batches:
# change: for inputs, targets in batches: => for inputs, targets in batches: \n     model.zero_grad()


# %% wrong: the old ones are still there
# loses 0.5: old gradients are still there
# base: each by its share
# change: model.zero_grad() \n for inputs, targets in batches: => for inputs, targets in batches:


# %% wrong: not divided by all
# loses 5: not divided by the number of all pictures
def accumulate_gradients(model, loss_fn, batches):
    model.zero_grad()
    for inputs, targets in batches:
        loss = loss_fn(model(inputs), targets) * len(targets)
        loss.backward()
    return loss.item()


# %% wrong: a step is taken
# loses 0.5: leave the step to the optimiser
# base: each by its share
# change: return mean => torch.optim.SGD(model.parameters(), lr=0.1).step() \n return mean


# %% wrong: one big batch
# loses 0.5: more pictures than one batch holds
def accumulate_gradients(model, loss_fn, batches):
    model.zero_grad()
    inputs = torch.cat([inputs for inputs, _ in batches])
    targets = torch.cat([targets for _, targets in batches])
    loss = loss_fn(model(inputs), targets)
    loss.backward()
    return loss.item()


# %% wrong: backward in the end
# loses 0.5: kept until the end
def accumulate_gradients(model, loss_fn, batches):
    model.zero_grad()
    total = sum(len(targets) for _, targets in batches)
    losses = [loss_fn(model(inputs), targets) * len(targets) for inputs, targets in batches]
    loss = sum(losses) / total
    loss.backward()
    return loss.item()


# %% wrong: the loss of the last batch
# loses 0.5: that of the last batch alone
def accumulate_gradients(model, loss_fn, batches):
    total = sum(len(targets) for _, targets in batches)
    model.zero_grad()
    for inputs, targets in batches:
        loss = loss_fn(model(inputs), targets)
        (loss * len(targets) / total).backward()
    return loss.item()


# %% right: divided in the end
def accumulate_gradients(model, loss_fn, batches):
    model.zero_grad()
    seen, summed = 0, 0.0
    for inputs, targets in batches:
        loss = loss_fn(model(inputs), targets) * len(inputs)
        loss.backward()
        seen, summed = seen + len(inputs), summed + float(loss)
    for parameter in model.parameters():
        parameter.grad /= seen
    return summed / seen


# %% right: a running mean
def accumulate_gradients(model, loss_fn, batches):
    for parameter in model.parameters():
        parameter.grad = None
    seen, mean = 0, 0.0
    for inputs, targets in batches:
        share = len(targets) / (seen + len(targets))
        for parameter in model.parameters():
            if parameter.grad is not None:
                parameter.grad.mul_(1 - share)
        loss = loss_fn(model(inputs), targets)
        loss.backward(torch.tensor(share, dtype=loss.dtype))
        seen, mean = seen + len(targets), mean + share * (loss.item() - mean)
    return mean


# %% right: autograd.grad, and gradients put in place
def accumulate_gradients(model, loss_fn, batches):
    parameters = list(model.parameters())
    total = sum(inputs.shape[0] for inputs, _ in batches)
    collected, mean = [torch.zeros_like(p) for p in parameters], 0.0
    for inputs, targets in batches:
        share = inputs.shape[0] / total
        loss = loss_fn(model(inputs), targets)
        for place, gradient in zip(collected, torch.autograd.grad(loss, parameters)):
            place.add_(gradient, alpha=share)
        mean += share * loss.item()
    for parameter, gradient in zip(parameters, collected):
        parameter.grad = gradient
    return mean


# %% right: picture by picture
def accumulate_gradients(model, loss_fn, batches):
    model.zero_grad()
    pictures = [pair for inputs, targets in batches for pair in zip(inputs.split(1), targets.split(1))]
    losses = []
    for inputs, targets in pictures:
        loss = loss_fn(model(inputs), targets) / len(pictures)
        loss.backward()
        losses.append(loss.item())
    return sum(losses)


# %% right: an optimiser forgets, NumPy averages
def accumulate_gradients(model, loss_fn, batches):
    torch.optim.SGD(model.parameters(), lr=1.0).zero_grad(set_to_none=False)
    sizes = np.array([len(targets) for _, targets in batches])
    losses = []
    for weight, (inputs, targets) in zip(sizes / sizes.sum(), batches):
        losses.append(loss_fn(model(inputs), targets))
        (float(weight) * losses[-1]).backward()
        losses[-1] = losses[-1].detach()
    return float(np.average([loss.numpy() for loss in losses], weights=sizes))
