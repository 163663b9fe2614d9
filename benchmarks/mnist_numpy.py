"""Train a small network on MNIST in NumPy alone, and the same network in PyTorch.

    CNNKIT_DATA=folder python benchmarks/mnist_numpy.py [--seeds 0 1] [--epochs 5] [--quick]

The folder holds mnist/ with the four .gz files. The network has 34,922 parameters (LeNet-5 has
61,706): two 3×3 convolutions of 32 and 64 filters, each with max pooling, batch normalisation and
ReLU, then one dense layer. The recipe, the same for both: SGD with Nesterov momentum 0.9, weight
decay 5e-4, batches of 128; the learning rate rises from 0 to 0.15 in the first quarter and falls to
0 again (one cycle); label smoothing 0.05; each image is shifted by up to two pixels at random. The
test set is looked at once an epoch, and nothing is chosen by it.

NumPy trains first, in a process that has not loaded PyTorch, so its peak memory is its own. Then
PyTorch trains from the weights of the first seed on the same batches, with one thread too. Last,
both train in turns, some steps each, so that the ratio of their speeds depends less on what else
the machine does: PyTorch with one thread, then with one a core; NumPy with one always. It writes
benchmarks/results/mnist_numpy.json.
"""

import argparse
import os
import resource
import statistics
import time

from joblib import cpu_count
from record import begin_again_with, offer_trial, record

parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
parser.add_argument("--seeds", type=int, nargs="+", default=[0])
parser.add_argument("--epochs", type=int, default=5)
offer_trial(parser)
ARGUMENTS = parser.parse_args()
THREADS = cpu_count()
begin_again_with(
    {
        # glibc hands large arrays back to the system at once unless told otherwise: page faults
        # then cost more than the arithmetic.
        "MALLOC_MMAP_THRESHOLD_": "67108864",
        "MALLOC_TRIM_THRESHOLD_": "268435456",
        # NumPy's matrix products are many and small here: a second thread costs more than it
        # brings.
        "OPENBLAS_NUM_THREADS": "1",
        "OMP_NUM_THREADS": str(THREADS),
    }
)

import mnist  # noqa: E402
import numpy as np  # noqa: E402
from threadpoolctl import threadpool_info  # noqa: E402
from tqdm import tqdm  # noqa: E402

from cnnkit import nn, optim  # noqa: E402

BATCH, PEAK_RATE, SHIFT = 128, 0.15, 2


def load():
    """Return training and test images (N, 1, 28, 28), mean 0 and variance 1, and their labels."""
    images, labels, test_images, test_labels = mnist.load(trial=ARGUMENTS.quick)
    images, test_images = images.astype(np.float32), test_images.astype(np.float32)
    mean, deviation = images.mean(), images.std()
    return (images - mean) / deviation, labels, (test_images - mean) / deviation, test_labels


def network(ns, **how):
    """Build the network in cnnkit.nn or in torch.nn: the constructors are the same."""
    return ns.Sequential(
        ns.Conv2d(1, 32, 3, bias=False, **how),
        ns.MaxPool2d(2),
        ns.BatchNorm2d(32),
        ns.ReLU(),
        ns.Conv2d(32, 64, 3, bias=False, **how),
        ns.MaxPool2d(2),
        ns.BatchNorm2d(64),
        ns.ReLU(),
        ns.Flatten(),
        ns.Linear(1600, 10, **how),
    )


def batches(images, labels, rng):
    """Yield the training set once in random order, each image shifted by itself."""
    border = np.full((*images.shape[:2], 28 + 2 * SHIFT, 28 + 2 * SHIFT), images.min(), np.float32)
    border[:, :, SHIFT:-SHIFT, SHIFT:-SHIFT] = images
    order = rng.permutation(len(images))
    for start in range(0, len(order) - BATCH + 1, BATCH):
        chosen = order[start : start + BATCH]
        rows = rng.integers(0, 2 * SHIFT + 1, (BATCH, 1)) + np.arange(28)
        columns = rng.integers(0, 2 * SHIFT + 1, (BATCH, 1)) + np.arange(28)
        picked = border[chosen[:, None, None], 0, rows[:, :, None], columns[:, None, :]]
        yield picked[:, None], labels[chosen]


def one_cycle(done):
    """Learning rate at a share 0…1 of the training: up for a quarter, then down to 0."""
    return PEAK_RATE * min(done / 0.25, (1 - done) / 0.75)


class InNumPy:
    """The network and one training step, in cnnkit."""

    def __init__(self, seed):
        self.model = network(nn, rng=np.random.default_rng(seed))
        self.model[0].needs_input_grad = False
        how = {"momentum": 0.9, "weight_decay": 5e-4, "nesterov": True}
        self.optimizer = optim.SGD(self.model.parameters(), 0.0, **how)
        self.loss = nn.CrossEntropyLoss(label_smoothing=0.05)

    def step(self, images, labels, rate):
        """Learn from one batch; return its loss."""
        self.optimizer.lr = rate
        self.optimizer.zero_grad()
        loss = self.loss(self.model(images), labels)
        self.model.backward(self.loss.backward())
        self.optimizer.step()
        return loss

    def right(self, images, labels):
        """Count the images whose class is found."""
        right = self.model.eval()(images).argmax(axis=1) == labels
        self.model.train()
        return int(right.sum())


class InPyTorch:
    """The same in PyTorch, from the same weights."""

    def __init__(self, state, threads):
        import torch

        torch.set_num_threads(threads)
        self.torch, self.model = torch, network(torch.nn)
        self.model.load_state_dict({k: torch.tensor(v) for k, v in state.items()})
        how = {"momentum": 0.9, "weight_decay": 5e-4, "nesterov": True}
        self.optimizer = torch.optim.SGD(self.model.parameters(), 0.0, **how)
        self.loss = torch.nn.CrossEntropyLoss(label_smoothing=0.05)

    def step(self, images, labels, rate):
        """Learn from one batch; return its loss."""
        self.optimizer.param_groups[0]["lr"] = rate
        self.optimizer.zero_grad()
        images, labels = self.torch.from_numpy(images), self.torch.from_numpy(labels)
        loss = self.loss(self.model(images), labels)
        loss.backward()
        self.optimizer.step()
        return loss.item()

    def right(self, images, labels):
        """Count the images whose class is found."""
        with self.torch.no_grad():
            scores = self.model.eval()(self.torch.from_numpy(images))
        self.model.train()
        return int((scores.argmax(dim=1).numpy() == labels).sum())


def train(trainer, data, epochs, seed, name):
    """Train to the end; return seconds and the test accuracy after each epoch, in per cent."""
    images, labels, test_images, test_labels = data
    rng, steps, done, seconds = np.random.default_rng(seed), len(images) // BATCH, 0, 0.0
    accuracies = []
    for epoch in range(epochs):
        progress = tqdm(batches(images, labels, rng), f"{name} {epoch + 1}/{epochs}", steps)
        start = time.perf_counter()
        for batch in progress:
            loss = trainer.step(*batch, one_cycle(done / (steps * epochs)))
            done += 1
            progress.set_postfix(loss=f"{loss:.3f}", refresh=False)
        seconds += time.perf_counter() - start
        parts = range(0, len(test_images), 500)
        right = sum(
            trainer.right(test_images[i : i + 500], test_labels[i : i + 500]) for i in parts
        )
        accuracies.append(round(100 * right / len(test_images), 2))
        print(f"{name}: epoch {epoch + 1}, {seconds:.1f} s of training, test {accuracies[-1]} %")
    return seconds, accuracies


def in_turns(data, threads, rounds, steps=12):
    """Let both train some steps in turns; return samples a second and the ratio of their times."""
    ours = InNumPy(0)
    trainers = {"numpy": ours, "pytorch": InPyTorch(ours.model.state_dict(), threads)}
    order = batches(*data[:2], np.random.default_rng(0))
    kept = [batch for batch, _ in zip(order, range(steps), strict=False)]
    speeds = {name: [] for name in trainers}
    for _ in range(rounds):
        for name, trainer in trainers.items():
            trainer.step(*kept[0], 0.01)
            start = time.perf_counter()
            for batch in kept:
                trainer.step(*batch, 0.01)
            speeds[name].append(steps * BATCH / (time.perf_counter() - start))
            time.sleep(0.05)  # let idle threads stop spinning
    ratios = [theirs / ours for ours, theirs in zip(*speeds.values(), strict=True)]
    figures = {"pytorch_threads": threads, "load_average": round(os.getloadavg()[0], 1)}
    for name, values in speeds.items():
        figures[f"{name}_samples_per_second"] = round(statistics.median(values))
        figures[f"{name}_samples_per_second_best"] = round(max(values))
    figures["numpy_time_over_pytorch_time"] = round(statistics.median(ratios), 2)
    best = max(speeds["pytorch"]) / max(speeds["numpy"])
    figures["numpy_time_over_pytorch_time_best"] = round(best, 2)
    return figures


def main():
    data = load()
    epochs = 1 if ARGUMENTS.quick else ARGUMENTS.epochs
    rounds = 1 if ARGUMENTS.quick else 15
    size = len(data[0]) // BATCH * BATCH
    cores = [(pool["internal_api"], pool.get("architecture")) for pool in threadpool_info()]
    results = {
        "training_threads": 1,
        "blas": cores,
        "epochs": epochs,
        "numpy": [],
        "pytorch": [],
    }
    for seed in ARGUMENTS.seeds:
        seconds, accuracies = train(InNumPy(seed), data, epochs, seed, "NumPy")
        run = {"seed": seed, "test_percent": accuracies, "training_seconds": round(seconds, 1)}
        results["numpy"].append(run | {"samples_per_second": round(size * epochs / seconds)})
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    results["numpy_peak_memory_gib"] = round(peak, 2)
    seed = ARGUMENTS.seeds[0]
    trainer = InPyTorch(InNumPy(seed).model.state_dict(), threads=1)
    seconds, accuracies = train(trainer, data, epochs, seed, "PyTorch")
    run = {"seed": seed, "test_percent": accuracies, "training_seconds": round(seconds, 1)}
    results["pytorch"].append(run | {"samples_per_second": round(size * epochs / seconds)})
    results["in_turns"] = [in_turns(data, threads, rounds) for threads in sorted({1, THREADS})]
    last = [run["test_percent"][-1] for run in results["numpy"]]
    print(f"NumPy: test accuracy {last} % after {epochs} epochs, peak memory {peak:.2f} GiB")
    for turns in results["in_turns"]:
        print(turns)
    record("mnist_numpy", results, ["numpy", "torch"], trial=ARGUMENTS.quick)


if __name__ == "__main__":
    main()
