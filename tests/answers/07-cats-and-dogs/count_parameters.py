# ruff: noqa: F811, F821


# %% wrong: frozen ones, too
# loses 0.25: Frozen parameters are counted
def count_parameters(model):
    if isinstance(model, keras.Model):
        return sum(int(np.prod(w.shape)) for w in model.trainable_weights)
    return sum(p.numel() for p in model.parameters())


# %% wrong: running averages, too
# loses 0.5: running averages are counted
def count_parameters(model):
    if isinstance(model, keras.Model):
        return model.count_params()
    return sum(p.numel() for p in model.parameters() if p.requires_grad)


# %% wrong: how many arrays
# loses 2.75: That is how many arrays there are
def count_parameters(model):
    if isinstance(model, keras.Model):
        return len(model.trainable_weights)
    return len([p for p in model.parameters() if p.requires_grad])


# %% wrong: only PyTorch
# loses 1.25: object has no attribute 'weight'
def count_parameters(model):
    if isinstance(model, keras.Model):
        return sum(p.weight.numel() for p in model.layers)
    return sum(p.numel() for p in model.parameters() if p.requires_grad)


# %% wrong: bytes
# loses 2.75: That is the memory in bytes
def count_parameters(model):
    if isinstance(model, keras.Model):
        return sum(4 * int(np.prod(w.shape)) for w in model.trainable_weights)
    return sum(p.numel() * p.element_size() for p in model.parameters() if p.requires_grad)


# %% wrong: no layer inside a layer
# loses 0.5: Some values are wrong
def count_parameters(model):
    if isinstance(model, keras.Model):
        return sum(int(np.prod(w.shape)) for w in model.trainable_weights)
    return sum(
        p.numel()
        for layer in model.children()
        for p in layer.parameters(recurse=False)
        if p.requires_grad
    )


# %% wrong: a shared layer counts twice
# loses 0.25: Some values are wrong
def count_parameters(model):
    if isinstance(model, keras.Model):
        return sum(int(np.prod(w.shape)) for w in model.trainable_weights)
    return sum(p.numel() for _, p in model.named_parameters(remove_duplicate=False) if p.requires_grad)


# %% wrong: a state dictionary
# loses 0.75: running averages are counted
def count_parameters(model):
    if isinstance(model, keras.Model):
        return sum(int(np.prod(w.shape)) for w in model.trainable_weights)
    return sum(v.numel() for v in model.state_dict().values())


# %% right: PyTorch sees both, since Keras calculates with it
def count_parameters(model):
    return sum(p.numel() for p in model.parameters() if p.requires_grad)


# %% right: a loop, and a set
def count_parameters(model):
    if isinstance(model, torch.nn.Module) and not hasattr(model, "trainable_weights"):
        seen, total = set(), 0
        for module in model.modules():
            for p in module.parameters(recurse=False):
                if p.requires_grad and id(p) not in seen:
                    seen.add(id(p))
                    total += len(p.flatten()) if p.ndim else 1
        return total
    total = 0
    for weight in model.trainable_variables:
        size = 1
        for n in weight.shape:
            size *= n
        total += size
    return total


# %% right: arrays of NumPy
def count_parameters(model):
    if isinstance(model, keras.Model):
        arrays = [keras.ops.convert_to_numpy(v) for v in model.trainable_variables]
    else:
        arrays = [p.detach().numpy() for p in model.parameters() if p.requires_grad]
    return sum(array.size for array in arrays)


# %% right: what an optimiser would be given
def count_parameters(model):
    from math import prod

    if hasattr(model, "predict_on_batch"):
        return keras.src.utils.summary_utils.count_params(model.trainable_weights)
    groups = filter(lambda p: p.requires_grad, model.parameters())
    return sum(prod(p.size()) for p in groups)
