"""Misunderstandings of exercise 7: the article's network, in two libraries, and its answer."""

import numpy as np

from cnnkit import functional as F

ONLY_GUESSES = "It guesses, or does little better, even on pictures that it has trained on. Look at the learning rate, and at the loop: zero_grad, logits, loss, backward, step, for each batch, and the labels in the same order as the pictures."
NO_LOGITS = "It can be judged once it gives two logits for each picture: see above."
KNOWS_TOO_LITTLE = "On new pictures it is not good enough yet. A deeper network, more epochs, batch normalisation, or mirrored pictures help; a larger dense layer does not."
SEED_TOO_LATE = "The same seed gave two different networks: call torch.manual_seed(seed) before the layers are made, and draw every random number from it."
NOT_ONE_IN_ALL = "Both values together must be one: take softmax in the last layer, as the article's listing does."
DROPOUT_IN_IT = "Asked twice while it trains, it gives other logits: is there a dropout? The article's network has none."
PICTURE_CHANGED = "The answer is right, but the picture that was passed in has changed: thumbnail() changes it, resize() and convert() make a new one."
STILL_TRAINING = "The network was left in training mode, where dropout still throws values away: call model.eval() first."


# ---- the article's network -----------------------------------------------------------------------


def _sizes(filters=10, kernel=5, channels=3, units=2, padding=0, pool=2, stride=2, side=300):
    """Count the parameters of a network that differs a little from the article's."""
    side = side + 2 * padding - kernel + 1
    side = (side - pool) // stride + 1
    return filters * (kernel**2 * channels + 1) + units * (filters * side**2 + 1)


def _constant(value):
    return lambda: value


_ARTICLE = _sizes()
_COUNTS = [
    ("One logit is missing: the dense layer has two outputs, cat and dog.", _sizes(units=1)),
    ("The biases are missing: each filter and each logit has one.", _ARTICLE - 12),
    ("The biases of the filters are missing.", _ARTICLE - 10),
    ("The biases of the dense layer are missing.", _ARTICLE - 2),
    ("The image is padded: the article's convolution has no padding.", _sizes(padding=2)),
    ("The kernels are 3×3: the article's are 5×5.", _sizes(kernel=3)),
    ("The image has three channels, red, green and blue; yours has one.", _sizes(channels=1)),
    ("The pooling is missing: 2×2, after ReLU.", _sizes(pool=1, stride=1)),
    ("The pooling has stride 1: its windows lie side by side, stride 2.", _sizes(stride=1)),
    ("There are 32 filters: the article has ten.", _sizes(filters=32)),
    ("That fits images of 128×128: the article's have 300×300.", _sizes(side=128)),
    ("That fits images of 64×64: the article's have 300×300.", _sizes(side=64)),
    ("That fits images of 224×224: the article's have 300×300.", _sizes(side=224)),
    (
        "There is one layer more than in the article: batch normalisation after the convolution?",
        _ARTICLE + 20,
    ),
    (
        "There is one layer more than in the article: batch normalisation after the convolution?",
        _ARTICLE + 40,  # Keras counts the running averages, too
    ),
]


def _article(
    images, kernels, biases, weight, offset, activation=F.relu, pool=F.max_pool2d, channels_last=0
):
    """Run the article's network in NumPy; `images` as (N, C, H, W)."""
    maps = pool(activation(F.conv2d(images, kernels, biases)), 2)
    maps = maps.transpose(0, 2, 3, 1) if channels_last else maps
    return maps.reshape(len(maps), -1) @ weight.T + offset


def _with(end=lambda logits: logits, **other):
    return lambda *arrays: end(_article(*arrays, **other))


def _sigmoid(x):
    return 1 / (1 + np.exp(-x))


def _softmax(logits):
    return F.softmax(logits, 1)


def _leaky(x):
    return np.where(x > 0, x, 0.01 * x)


def _six_at_most(x):
    return np.clip(x, 0, 6)


LEAKS = (
    "The activation lets a part of what is below zero through (a leaky ReLU): the article has ReLU."
)
SIX_AT_MOST = "The activation is cut off at six (ReLU6): the article has ReLU."

_SCORES = [
    (
        "The softmax is in the network already: PyTorch has it in the loss, so the network ends with the logits.",
        _with(_softmax),
    ),
    (
        "The network ends with the logarithm of a softmax: PyTorch has it in the loss.",
        _with(lambda logits: np.log(_softmax(logits))),
    ),
    ("The network ends with a sigmoid: it must end with the logits.", _with(_sigmoid)),
    ("The logits go through ReLU: they may be negative.", _with(F.relu)),
    ("The ReLU after the convolution is missing.", _with(activation=lambda x: x)),
    ("The convolution is followed by a sigmoid: the article has ReLU.", _with(activation=_sigmoid)),
    (LEAKS, _with(activation=_leaky)),
    (SIX_AT_MOST, _with(activation=_six_at_most)),
    ("The convolution is followed by tanh: the article has ReLU.", _with(activation=np.tanh)),
    ("The pooling averages: the article's takes the maximum.", _with(pool=F.avg_pool2d)),
    (
        "The values are flattened channel last: PyTorch's Flatten goes channel by channel.",
        _with(channels_last=1),
    ),
]
# Keras: pictures come channels last, and are flattened so; the softmax is in the network.
_PROBABILITIES = [
    (
        "The network ends with the logits: in the article's listing softmax is in the last layer.",
        _with(channels_last=1),
    ),
    (
        "The network ends with a sigmoid: both probabilities must sum to one, by softmax.",
        _with(_sigmoid, channels_last=1),
    ),
    (
        "The ReLU after the convolution is missing.",
        _with(_softmax, activation=lambda x: x, channels_last=1),
    ),
    (
        "The pooling averages: the article's takes the maximum.",
        _with(_softmax, pool=F.avg_pool2d, channels_last=1),
    ),
    (
        "The convolution is followed by a sigmoid: the article has ReLU.",
        _with(_softmax, activation=_sigmoid, channels_last=1),
    ),
    (LEAKS, _with(_softmax, activation=_leaky, channels_last=1)),
    (SIX_AT_MOST, _with(_softmax, activation=_six_at_most, channels_last=1)),
    (
        "The logits go through ReLU before the softmax.",
        _with(lambda s: _softmax(F.relu(s)), channels_last=1),
    ),
]


# ---- counting parameters -------------------------------------------------------------------------


def _total(choose, count=lambda size: size):
    return lambda tensors: sum(count(tensor[0]) for tensor in tensors if choose(*tensor))


_PARAMETERS = [
    (
        "The running averages are counted, too: training does not set them by its gradient.",
        _total(lambda size, trained, parameter: trained or not parameter),
    ),
    (
        "Frozen parameters are counted, too: training does not change them.",
        _total(lambda size, trained, parameter: parameter),
    ),
    (
        "That is how many arrays there are: count the numbers in them.",
        _total(lambda size, trained, parameter: trained, lambda size: 1),
    ),
    (
        "That is how many arrays there are: count the numbers in them.",
        _total(lambda *_: True, lambda size: 1),
    ),
    (
        "That is the memory in bytes: count the numbers.",
        _total(lambda size, trained, parameter: trained, lambda size: 4 * size),
    ),
    ("Nothing is counted: does the sum reach the `return`?", lambda tensors: 0),
]


# ---- one picture ---------------------------------------------------------------------------------


def _read(picture, weight, offset, order=(0, 1, 2), scale=1.0, shift=0.0, axes=(2, 0, 1)):
    """Give the probabilities that a linear network reads from a picture (rows, columns, RGB)."""
    values = (picture[..., list(order)] * scale - shift).transpose(axes)
    return _softmax((weight @ values.ravel() + offset)[None])[0]


def _whole(picture, size):
    return picture


def _middle(picture, size):
    """Stretch the square in the middle of a picture of this size (width, height) over all of it."""
    side = min(size)
    columns, rows = (
        (((length - side) / 2 + (np.arange(n) + 0.5) / n * side) / length * n).astype(int)
        for length, n in zip(size, (picture.shape[1], len(picture)), strict=True)
    )
    return picture[rows][:, columns]


def _told(name=("cat", "dog"), number=lambda p: p.max(), part=_whole, **other):
    def tell(picture, weight, offset, size):
        p = _read(part(picture, size), weight, offset, **other)
        return [(name[int(p.argmax())], float(number(p)))]

    return tell


def _raw(picture, weight, offset, size):
    logits = weight @ picture.transpose(2, 0, 1).ravel() + offset
    return [(("cat", "dog")[int(logits.argmax())], float(logits.max()))]


_ALWAYS_SURE = "Every probability is 1: either the values are not divided by 255, though the network was trained on 0 to 1, or softmax runs over the wrong axis."
_PREDICTIONS = [
    (_ALWAYS_SURE, _told(scale=255.0)),
    (_ALWAYS_SURE, _told(number=lambda p: 1.0)),
    ("The values are divided by 255 twice.", _told(scale=1 / 255)),
    ("The values go from -1 to 1: the network was trained on 0 to 1.", _told(scale=2, shift=1)),
    ("Red and blue have changed places.", _told(order=(2, 1, 0))),
    (
        "Only the middle of the picture is looked at: resize() squeezes the whole, whatever its shape.",
        _told(part=_middle),
    ),
    (
        "Rows and columns have changed places on the way to (3, rows, columns).",
        _told(axes=(2, 1, 0)),
    ),
    (
        "The array is reshaped, which mixes colours and pixels: move its last axis to the front.",
        _told(axes=(0, 1, 2)),
    ),
    ("The names have changed places: 0 is cat, 1 is dog.", _told(name=("dog", "cat"))),
    ("That is the number of the class: give its name.", _told(name=("0", "1"))),
    (
        "The probability is that of the other animal: give that of the one you name.",
        _told(number=lambda p: p.min()),
    ),
    ("The probability is always that of the dog.", _told(number=lambda p: p[1])),
    ("The probability is always that of the cat.", _told(number=lambda p: p[0])),
    (
        "That is a percentage: a probability goes from 0 to 1.",
        _told(number=lambda p: 100 * p.max()),
    ),
    ("That is the logit, not the probability: softmax is missing.", _raw),
    (
        "Softmax is taken twice: once makes probabilities of the logits.",
        _told(number=lambda p: _softmax(p[None])[0].max()),
    ),
]


def _groups(of, end=lambda cat, dog: dog / (cat + dog), chances=np.exp):
    """Make a misunderstanding of `dog_share`: what is made of each group, and of both."""

    def answer(logits, cats, dogs):
        p = chances(logits)
        return end(of(p[:, list(cats)]), of(p[:, list(dogs)]))

    return answer


def _sum(p):
    return p.sum(axis=1)


def _over_all(logits):
    """Give the probabilities among all classes, as a softmax does."""
    return _softmax(logits - logits.max(axis=1, keepdims=True))


_SHARES = [
    (
        "Another class is so far ahead that nothing is left for cats and dogs, and 0 / 0 is no answer: leave the other classes out before you take exponentials.",
        _groups(_sum, chances=_over_all),
    ),
    ("Large logits overflow: subtract the largest one of cats and dogs first.", _groups(_sum)),
    (
        "That is the share of the cats.",
        _groups(_sum, lambda cat, dog: cat / (cat + dog), _over_all),
    ),
    (
        "That is the probability of a dog among all classes: divide by what cats and dogs have together.",
        _groups(_sum, lambda cat, dog: dog, _over_all),
    ),
    (
        "That is how many times more probable a dog is than a cat: divide by what both have together.",
        _groups(_sum, lambda cat, dog: dog / cat, _over_all),
    ),
    (
        "You average over the breeds: a picture may be any of them, so add their probabilities up.",
        _groups(lambda p: p.mean(axis=1), chances=_over_all),
    ),
    (
        "Only the most probable breed of each kind counts: add all of them up.",
        _groups(lambda p: p.max(axis=1), chances=_over_all),
    ),
    (
        "You add logits up: make probabilities of them first, and add those up.",
        _groups(_sum, chances=np.asarray),
    ),
    (
        "Softmax runs over the pictures: each picture's probabilities add up to 1 on their own.",
        _groups(_sum, chances=lambda logits: _softmax(logits.T - logits.T.max(1)[:, None]).T),
    ),
    (
        "You count how many of the breeds lie ahead: add up their probabilities.",
        lambda logits, cats, dogs: np.float64(
            logits[:, dogs].max(axis=1) > logits[:, cats].max(axis=1)
        ),
    ),
]

CAUSES: dict[str, list] = {
    "article_model": [(sentence, _constant(count)) for sentence, count in _COUNTS],
    "article_model_keras": [(sentence, _constant(count)) for sentence, count in _COUNTS],
    "article_model.logits": _SCORES,
    "article_model_keras.probabilities": _PROBABILITIES,
    "count_parameters": _PARAMETERS,
    "predict_image": _PREDICTIONS,
    "dog_share": _SHARES,
}

IDEAS = {
    "article_model": "Follow one picture through, and write its shape down after each layer: five by five filters without padding take four pixels, pooling halves the rest, flattening multiplies. The last of these numbers is what the dense layer needs to know.",
    "article_model_keras": "The same five steps in the same order, with the colours last. Keras finds out the sizes by itself, if it is told the shape of the picture at the start; and the last layer turns its two numbers into probabilities.",
    "count_parameters": "Ask which library the model is from, because each keeps its parameters in a place of its own. Then go through those that are trained, count the numbers in each array, and add up.",
    "train_model": "Seed first, layers second. Let three or four rounds of convolution, batch norm, ReLU and pooling make the maps small before anything dense comes. Then the loop: a new order in each epoch, batches, forget, forward, loss, backward, step.",
    "predict_image": "Do to the picture what was done to the pictures of the training: three colours, 32 pixels a side, numbers from 0 to 1, channels first, and a batch of one. Put the network into evaluation, ask it without gradients, and make probabilities of what it says.",
    "dog_share": "Leave all the other classes out, and only the logits of cats and dogs remain. Subtract the largest of these in each row, take exponentials, and add up: once those of the dogs, and once all. One divided by the other is the share.",
}
