# ruff: noqa: F811, F821


# %% base: the listing
def article_model():
    return nn.Sequential(
        nn.Conv2d(3, 10, 5), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(219_040, 2)
    )


# %% wrong: one logit
# loses 4: One logit is missing
# base: the listing
# change: nn.Linear(219_040, 2) => nn.Linear(219_040, 1)


# %% wrong: softmax in the network
# loses 2: The softmax is in the network already
# base: the listing
# change: nn.Linear(219_040, 2) => nn.Linear(219_040, 2), nn.Softmax(dim=1)


# %% wrong: no ReLU
# loses 2: ReLU after the convolution is missing
# base: the listing
# change: nn.ReLU(), nn.MaxPool2d(2) => nn.MaxPool2d(2)


# %% wrong: averages pooled
# loses 2: The pooling averages
# base: the listing
# change: MaxPool2d => AvgPool2d


# %% wrong: padded
# loses 3.33: The image is padded
# base: the listing
# change: 10, 5) => 10, 5, padding=2)
# change: 219_040 => 225_000


# %% wrong: kernels of 3×3
# loses 3.33: The kernels are 3×3
# base: the listing
# change: 10, 5) => 10, 3)
# change: 219_040 => 222_010


# %% wrong: a dropout before the end
# loses 0.67: is there a dropout
# base: the listing
# change: nn.Linear( => nn.Dropout(0.5), nn.Linear(


# %% wrong: the dense layer does not fit
# loses 4: mat1 and mat2 shapes cannot be multiplied
# base: the listing
# change: 219_040 => 10 * 150 * 150


# %% right: a class of its own
def article_model():
    class Article(nn.Module):
        def __init__(self):
            super().__init__()
            self.see = nn.Conv2d(3, 10, 5)
            self.decide = nn.Linear(219_040, 2)

        def forward(self, images):
            maps = torch.relu(self.see(images))
            maps = nn.functional.max_pool2d(maps, 2)
            return self.decide(maps.flatten(1))

    return Article()


# %% right: a layer that counts its inputs itself
def article_model():
    model = nn.Sequential(
        nn.Conv2d(3, 10, kernel_size=(5, 5)), nn.ReLU(), nn.MaxPool2d(2, 2), nn.Flatten(), nn.LazyLinear(2)
    )
    model(torch.zeros(1, 3, 300, 300))
    return model


# %% right: convolutions to the end, pooling before ReLU
def article_model():
    return nn.Sequential(
        nn.Conv2d(3, 10, 5), nn.MaxPool2d(2), nn.ReLU(inplace=True), nn.Conv2d(10, 2, 148), nn.Flatten()
    )


# %% right: parts in parts, in 64 bits
def article_model():
    features = nn.Sequential(nn.Conv2d(3, 10, 5), nn.Sequential(nn.ReLU(), nn.AdaptiveMaxPool2d(148)))
    return nn.Sequential(features, nn.Flatten(), nn.Linear(148 * 148 * 10, 2)).double()


# %% right: bare parameters
def article_model():
    class Bare(nn.Module):
        def __init__(self):
            super().__init__()
            shapes = (10, 75), (10,), (2, 219_040), (2,)
            self.all = nn.ParameterList([nn.Parameter(torch.randn(s) / 100) for s in shapes])

        def forward(self, images):
            kernels, biases, weight, offset = self.all
            columns = nn.functional.unfold(images, 5)
            maps = (kernels @ columns + biases[:, None]).relu()
            maps = maps.reshape(len(images), 10, 148, 2, 148, 2).amax((3, 5))
            return maps.reshape(len(images), -1) @ weight.T + offset

    return Bare()


# %% wrong: a ReLU that ends at six
# loses 2: (ReLU6)
# base: the listing
# change: nn.ReLU() => nn.ReLU6()


# %% wrong: a leaky ReLU
# loses 2: (a leaky ReLU)
# base: the listing
# change: nn.ReLU() => nn.LeakyReLU()


# %% right: lazy layers
# base: the listing
# change: nn.Conv2d(3, 10, 5) => nn.LazyConv2d(10, 5)
# change: nn.Linear(219_040, 2) => nn.LazyLinear(2)
