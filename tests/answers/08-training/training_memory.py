# ruff: noqa: F811, F821


# %% wrong: numbers, not bytes
# loses 5: That is how many numbers there are
def training_memory(model, input_shape, batch_size, dtype):
    from copy import deepcopy

    copied, sizes = deepcopy(model).eval(), []
    for layer in copied.modules():
        if not list(layer.children()):
            layer.register_forward_hook(lambda layer, given, output: sizes.append(output.numel()))
    copied(torch.zeros(1, *input_shape))
    count = sum(p.numel() for p in model.parameters())
    trained = sum(p.numel() for p in model.parameters() if p.requires_grad)
    return count, trained, 2 * trained, batch_size * sum(sizes)


# %% wrong: always 4 bytes
# loses 2: data type is ignored
def training_memory(model, input_shape, batch_size, dtype):
    from copy import deepcopy

    copied, sizes = deepcopy(model).eval(), []
    for layer in copied.modules():
        if not list(layer.children()):
            layer.register_forward_hook(lambda layer, given, output: sizes.append(output.numel()))
    copied(torch.zeros(1, *input_shape))
    count = sum(p.numel() for p in model.parameters())
    trained = sum(p.numel() for p in model.parameters() if p.requires_grad)
    return 4 * count, 4 * trained, 8 * trained, 4 * batch_size * sum(sizes)


# %% wrong: frozen parameters have gradients
# loses 1: Frozen parameters (requires_grad is False) have no gradient
def training_memory(model, input_shape, batch_size, dtype):
    from copy import deepcopy

    copied, sizes = deepcopy(model).eval(), []
    for layer in copied.modules():
        if not list(layer.children()):
            layer.register_forward_hook(lambda layer, given, output: sizes.append(output.numel()))
    copied(torch.zeros(1, *input_shape))
    count = sum(p.numel() for p in model.parameters())
    numbers = count, count, 2 * count, batch_size * sum(sizes)
    return [number * dtype.itemsize for number in numbers]


# %% wrong: one picture
# loses 3: That is one picture
def training_memory(model, input_shape, batch_size, dtype):
    from copy import deepcopy

    copied, sizes = deepcopy(model).eval(), []
    for layer in copied.modules():
        if not list(layer.children()):
            layer.register_forward_hook(lambda layer, given, output: sizes.append(output.numel()))
    copied(torch.zeros(1, *input_shape))
    count = sum(p.numel() for p in model.parameters())
    trained = sum(p.numel() for p in model.parameters() if p.requires_grad)
    return tuple(n * dtype.itemsize for n in (count, trained, 2 * trained, sum(sizes)))


# %% wrong: Sequential counts as well
# loses 3: Only leaf layers count
def training_memory(model, input_shape, batch_size, dtype):
    from copy import deepcopy

    copied, sizes = deepcopy(model).eval(), []
    for layer in copied.modules():
        layer.register_forward_hook(lambda layer, given, output: sizes.append(output.numel()))
    copied(torch.zeros(1, *input_shape))
    count = sum(p.numel() for p in model.parameters())
    trained = sum(p.numel() for p in model.parameters() if p.requires_grad)
    numbers = count, trained, 2 * trained, batch_size * sum(sizes)
    return tuple(n * dtype.itemsize for n in numbers)


# %% base: four counts
def training_memory(model, input_shape, batch_size, dtype):
    from copy import deepcopy

    copied, sizes = deepcopy(model).eval(), []
    for layer in copied.modules():
        if not list(layer.children()):
            layer.register_forward_hook(lambda layer, given, output: sizes.append(output.numel()))
    copied(torch.zeros(1, *input_shape))
    count = sum(p.numel() for p in model.parameters())
    trained = sum(p.numel() for p in model.parameters() if p.requires_grad)
    numbers = count, trained, 2 * trained, batch_size * sum(sizes)
    return tuple(n * dtype.itemsize for n in numbers)


# %% wrong: a layer used twice counts once
# loses 1: gives out something twice
# base: four counts
# change: , [] => , {}
# change: append(output.numel() => update({layer: output.numel()}
# change: (sizes => (sizes.values()


# %% wrong: Adam keeps one average
# loses 1: Adam keeps two numbers
def training_memory(model, input_shape, batch_size, dtype):
    from copy import deepcopy

    copied, sizes = deepcopy(model).eval(), []
    for layer in copied.modules():
        if not list(layer.children()):
            layer.register_forward_hook(lambda layer, given, output: sizes.append(output.numel()))
    copied(torch.zeros(1, *input_shape))
    count = sum(p.numel() for p in model.parameters())
    trained = sum(p.numel() for p in model.parameters() if p.requires_grad)
    return tuple(n * dtype.itemsize for n in (count, trained, trained, batch_size * sum(sizes)))


# %% wrong: the model itself is run, while it trains
# loses 0.5: changed the model
def training_memory(model, input_shape, batch_size, dtype):
    sizes, hooks = [], []
    for layer in model.modules():
        if not list(layer.children()):
            hook = lambda layer, given, output: sizes.append(output.numel())
            hooks.append(layer.register_forward_hook(hook))
    model(torch.zeros(1, *input_shape))
    for hook in hooks:
        hook.remove()
    count = sum(p.numel() for p in model.parameters())
    trained = sum(p.numel() for p in model.parameters() if p.requires_grad)
    numbers = count, trained, 2 * trained, batch_size * sum(sizes)
    return tuple(n * dtype.itemsize for n in numbers)


# %% right: a whole batch, on no device at all
def training_memory(model, input_shape, batch_size, dtype):
    from copy import deepcopy

    shadow = deepcopy(model).to("meta").to(dtype)
    kept = []
    for layer in shadow.modules():
        if next(layer.children(), None) is None:
            layer.register_forward_hook(lambda _, __, output: kept.append(output.nbytes))
    shadow(torch.empty(batch_size, *input_shape, device="meta", dtype=dtype))
    weights = sum(p.nbytes for p in shadow.parameters())
    trained = sum(p.nbytes for p in shadow.parameters() if p.requires_grad)
    return weights, trained, 2 * trained, sum(kept)


# %% right: hooks on the model, taken off again
def training_memory(model, input_shape, batch_size, dtype):
    modes = {layer: layer.training for layer in model.modules()}
    hooks, total = [], 0

    def listen(layer, inputs, output):
        nonlocal total
        total += output.numel()

    for layer in modes:
        if len(list(layer.children())) == 0:
            hooks.append(layer.register_forward_hook(listen))
    model.eval()
    with torch.no_grad():
        model(torch.zeros((batch_size, *input_shape)))
    for hook in hooks:
        hook.remove()
    for layer, mode in modes.items():
        layer.training = mode
    size = torch.zeros(1, dtype=dtype).element_size()
    weights = sum(np.prod(p.shape, dtype=int) for p in model.parameters()) * size
    trained = sum(np.prod(p.shape, dtype=int) for p in model.parameters() if p.requires_grad) * size
    return weights, trained, 2 * trained, total * size


# %% right: Adam asked for what it keeps
def training_memory(model, input_shape, batch_size, dtype):
    import copy

    twin = copy.deepcopy(model).eval()
    outputs = []
    for name, layer in twin.named_modules():
        if not any(other.startswith(name + ".") for other, _ in twin.named_modules() if other != name) and (
            name or not list(twin.children())
        ):
            layer.register_forward_hook(lambda layer, given, output: outputs.append(output))
    twin(torch.zeros(2, *input_shape)).sum().backward()
    trained = [p for p in twin.parameters() if p.grad is not None]
    optimiser = torch.optim.Adam(trained)
    optimiser.step()
    state = [v for values in optimiser.state.values() for v in values.values() if v.ndim or v is None]
    averages = sum(v.numel() for s in optimiser.state.values() for k, v in s.items() if k != "step")
    bits = torch.finfo(dtype).bits
    counts = [
        sum(len(p.flatten()) for p in twin.parameters()),
        sum(p.grad.numel() for p in trained),
        averages,
        sum(output[0].numel() for output in outputs) * batch_size,
    ]
    return [count * bits // 8 for count in counts]


# %% right: cnnkit's summary
def training_memory(model, input_shape, batch_size, dtype):
    from cnnkit import models

    leaves = {type(m).__name__ for m in model.modules() if not list(m.children())}
    rows = models.summary(model, input_shape).rows
    outputs = sum(int(np.prod(row.output_shape)) for row in rows if row.layer in leaves)
    count = sum(row.parameters for row in rows)
    trained = sum(p.numel() for p in model.parameters() if p.requires_grad)
    return tuple(np.array([count, trained, 2 * trained, batch_size * outputs]) * dtype.itemsize)


# %% base: hooks on the model
def training_memory(model, input_shape, batch_size, dtype):
    modes, sizes, hooks = {layer: layer.training for layer in model.modules()}, [], []
    for layer in modes:
        if not list(layer.children()):
            hook = lambda layer, given, output: sizes.append(output.numel())
            hooks.append(layer.register_forward_hook(hook))
    model.eval()
    with torch.no_grad():
        model(torch.zeros(1, *input_shape))
    for layer, mode in modes.items():
        layer.training = mode
    count = sum(p.numel() for p in model.parameters())
    trained = sum(p.numel() for p in model.parameters() if p.requires_grad)
    numbers = count, trained, 2 * trained, batch_size * sum(sizes)
    return tuple(n * dtype.itemsize for n in numbers)


# %% wrong: hooks left on the model
# loses 0.5: left something on the model
# base: hooks on the model
# change: model.eval() => model.train(False)


# %% wrong: the first hook left on the model
# loses 0.5: left something on the model
# base: hooks on the model
# change: for layer, mode in modes.items(): => for hook in hooks[1:]: \n     hook.remove() \n for layer, mode in modes.items():


# %% wrong: a list left on each layer
# loses 0.5: left something on the model
# base: hooks on the model
# change: for layer, mode in modes.items(): => for hook in hooks: \n     hook.remove() \n for layer in modes: \n     layer.sizes = sizes \n for layer, mode in modes.items():
