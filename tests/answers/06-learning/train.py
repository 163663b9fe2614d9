# ruff: noqa: F811, F821, F841


# %% base: a convolution and a dense layer
def train(images, labels, epochs, seed):
    from cnnkit import nn, optim

    rng = np.random.default_rng(seed)
    layers = [nn.Conv2d(1, 16, 3, padding=1, rng=rng), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten()]
    model = nn.Sequential(*layers, nn.Linear(256, 10, rng=rng))
    loss, optimiser = nn.CrossEntropyLoss(), optim.Adam(model.parameters(), lr=0.005)
    images = images.astype(np.float32)
    for _ in range(epochs):
        for batch in np.array_split(rng.permutation(len(images)), max(len(images) // 32, 1)):
            optimiser.zero_grad()
            loss(model(images[batch]), labels[batch])
            model.backward(loss.backward())
            optimiser.step()
    return model


# %% wrong: never a step
# loses 5.75: It guesses
# base: a convolution and a dense layer
# change: optimiser.zero_grad() \n loss( => loss(
# change: loss.backward()) \n optimiser.step() => loss.backward())


# %% wrong: uphill
# loses 5.75: It guesses
# base: a convolution and a dense layer
# change: loss.backward() => -loss.backward()


# %% wrong: only the first eight images
# loses 5.75: It guesses
def train(images, labels, epochs, seed):
    from cnnkit import nn, optim

    rng = np.random.default_rng(seed)
    layers = [nn.Conv2d(1, 16, 3, padding=1, rng=rng), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten()]
    model = nn.Sequential(*layers, nn.Linear(256, 10, rng=rng))
    loss, optimiser = nn.CrossEntropyLoss(), optim.Adam(model.parameters(), lr=0.005)
    images = images.astype(np.float32)
    for _ in range(epochs):
        optimiser.zero_grad()
        loss(model(images[:8]), labels[:8])
        model.backward(loss.backward())
        optimiser.step()
    return model


# %% wrong: the seed is not used
# loses 1: seed gave two different networks
# base: a convolution and a dense layer
# change: from cnnkit import nn, optim => seed = None \n from cnnkit import nn, optim


# %% wrong: always the same seed
# loses 1: the seed is not used
# base: a convolution and a dense layer
# change: from cnnkit import nn, optim => seed = 0 \n from cnnkit import nn, optim


# %% wrong: shuffled labels
# loses 5.75: It guesses
# base: a convolution and a dense layer
# change: for _ in range(epochs): => labels = rng.permutation(labels) \n for _ in range(epochs):


# %% wrong: no model returned
# loses 6: 'NoneType' object is not callable
def train(images, labels, epochs, seed):
    from cnnkit import nn, optim

    rng = np.random.default_rng(seed)
    layers = [nn.Conv2d(1, 16, 3, padding=1, rng=rng), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten()]
    model = nn.Sequential(*layers, nn.Linear(256, 10, rng=rng))
    loss, optimiser = nn.CrossEntropyLoss(), optim.Adam(model.parameters(), lr=0.005)
    images = images.astype(np.float32)
    loss(model(images), labels)


# %% right: SGD with momentum
# base: a convolution and a dense layer
# change: for _ in range(epochs): => optimiser = optim.SGD(model.parameters(), lr=0.1, momentum=0.9) \n for _ in range(epochs):


# %% right: two convolutions
def train(images, labels, epochs, seed):
    from cnnkit import nn, optim

    rng = np.random.default_rng(seed)
    model = nn.Sequential(
        nn.Conv2d(1, 8, 3, padding=1, rng=rng),
        nn.ReLU(),
        nn.Conv2d(8, 16, 3, stride=2, padding=1, rng=rng),
        nn.ReLU(),
        nn.Flatten(),
        nn.Linear(256, 10, rng=rng),
    )
    loss, optimiser = nn.CrossEntropyLoss(), optim.Adam(model.parameters(), lr=0.005)
    images = np.asarray(images, np.float32)
    for _ in range(epochs):
        order = rng.permutation(len(images))
        for start in range(0, len(images), 32):
            batch = order[start : start + 32]
            optimiser.zero_grad()
            loss.forward(model.forward(images[batch]), labels[batch])
            model.backward(loss.backward())
            optimiser.step()
    return model


# %% right: dropout, and a progress bar
def train(images, labels, epochs, seed):
    import sys

    from cnnkit import nn, optim

    rng = np.random.default_rng(seed)
    model = nn.Sequential(
        nn.Conv2d(1, 16, 3, padding=1, rng=rng),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Dropout(0.2, rng=rng),
        nn.Linear(256, 10, rng=rng),
    )
    loss, optimiser = nn.CrossEntropyLoss(), optim.Adam(model.parameters(), lr=0.005)
    images = images.astype(np.float32)
    for epoch in range(epochs):
        print(f"epoch {epoch}", file=sys.stderr)
        for batch in np.array_split(rng.permutation(len(images)), max(len(images) // 32, 1)):
            optimiser.zero_grad()
            loss(model(images[batch]), labels[batch])
            model.backward(loss.backward())
            optimiser.step()
    return model.eval()


# %% right: PyTorch inside
def train(images, labels, epochs, seed):
    import torch

    torch.manual_seed(seed)
    torch.set_num_threads(1)
    net = torch.nn.Sequential(
        torch.nn.Conv2d(1, 16, 3, padding=1),
        torch.nn.ReLU(),
        torch.nn.MaxPool2d(2),
        torch.nn.Flatten(),
        torch.nn.Linear(256, 10),
    )
    optimiser = torch.optim.Adam(net.parameters(), lr=0.005)
    x, y = torch.tensor(images).float(), torch.tensor(labels)
    for _ in range(epochs):
        for batch in torch.randperm(len(x)).split(32):
            optimiser.zero_grad()
            torch.nn.functional.cross_entropy(net(x[batch]), y[batch]).backward()
            optimiser.step()
    return lambda images: net(torch.tensor(images).float()).detach().numpy()
