# ruff: noqa: B905, F811, F821


# %% base: among all classes
def dog_share(logits, cats, dogs):
    p = np.exp(logits - np.max(logits, axis=1, keepdims=True))
    p = p / p.sum(axis=1, keepdims=True)
    cat, dog = p[:, cats].sum(axis=1), p[:, dogs].sum(axis=1)
    return dog / (cat + dog)


# %% wrong: nothing left for cats and dogs
# loses 0.75: nothing is left for cats and dogs
# base: among all classes
# change: cat, dog = p => cat, dog = 1.0 * p


# %% wrong: the cats
# loses 3: the share of the cats
# base: among all classes
# change: return dog / => return cat /


# %% wrong: a dog among all
# loses 3: among all classes
# base: among all classes
# change: return dog / (cat + dog) => return dog


# %% wrong: how many times more
# loses 3: how many times more probable
# base: among all classes
# change: return dog / (cat + dog) => return dog / cat


# %% wrong: averages
# loses 3: average over the breeds
# base: among all classes
# change: p[:, cats].sum(axis=1), p[:, dogs].sum(axis=1) => p[:, cats].mean(axis=1), p[:, dogs].mean(axis=1)


# %% wrong: the best breed
# loses 3: Only the most probable breed
# base: among all classes
# change: p[:, cats].sum(axis=1), p[:, dogs].sum(axis=1) => p[:, cats].max(axis=1), p[:, dogs].max(axis=1)


# %% wrong: sums of logits
# loses 3: You add logits up
def dog_share(logits, cats, dogs):
    cat, dog = logits[:, cats].sum(axis=1), logits[:, dogs].sum(axis=1)
    return dog / (cat + dog)


# %% wrong: over the pictures
# loses 3: Softmax runs over the pictures
def dog_share(logits, cats, dogs):
    p = np.exp(logits - np.max(logits, axis=0))
    p = p / p.sum(axis=0)
    cat, dog = p[:, cats].sum(axis=1), p[:, dogs].sum(axis=1)
    return dog / (cat + dog)


# %% wrong: which lies ahead
# loses 3: how many of the breeds lie ahead
def dog_share(logits, cats, dogs):
    ahead = logits[:, dogs].max(axis=1) > logits[:, cats].max(axis=1)
    return ahead.astype(float)


# %% wrong: ImageNet's places
# loses 2.5: out of bounds
def dog_share(logits, cats, dogs):
    p = np.exp(logits - logits.max(axis=1, keepdims=True))
    dog, cat = p[:, np.arange(151, 269)].sum(axis=1), p[:, np.arange(281, 286)].sum(axis=1)
    return dog / (cat + dog)


# %% wrong: no largest subtracted
# loses 0.75: Large logits overflow
def dog_share(logits, cats, dogs):
    p = np.exp(logits)
    return p[:, dogs].sum(axis=1) / p[:, cats + dogs].sum(axis=1)


# %% wrong: only the first picture
# loses 2.5: shape
def dog_share(logits, cats, dogs):
    both = logits[0, cats + dogs]
    p = np.exp(both - both.max())
    return np.array([p[len(cats) :].sum() / p.sum()])


# %% right: logarithms of sums
def dog_share(logits, cats, dogs):
    cat = np.logaddexp.reduce(logits[:, cats], axis=1)
    dog = np.logaddexp.reduce(logits[:, dogs], axis=1)
    return np.exp(dog - np.logaddexp(cat, dog))


# %% right: SciPy
def dog_share(logits, cats, dogs):
    from scipy.special import softmax

    p = softmax(logits[:, cats + dogs], axis=1)
    return p[:, len(cats) :].sum(axis=1)


# %% right: PyTorch
def dog_share(logits, cats, dogs):
    p = torch.softmax(torch.tensor(logits)[:, cats + dogs], dim=1)
    return p[:, len(cats) :].sum(dim=1).numpy()


# %% right: plain Python
def dog_share(logits, cats, dogs):
    import math

    shares = []
    for row in logits.tolist():
        top = max(row[k] for k in cats + dogs)
        cat = math.fsum(math.exp(row[k] - top) for k in cats)
        dog = math.fsum(math.exp(row[k] - top) for k in dogs)
        shares.append(dog / (cat + dog))
    return shares
