"""Train on small pictures (digits, MNIST, CIFAR-10, cartoons), and keep the curve.

    python benchmarks/train_small.py --data digits|cartoons [--epochs N] [--seed 0]
    CNNKIT_DATA=folder python benchmarks/train_small.py --data mnist|cifar10|cifar10_jpeg

The folder holds mnist/ with the four .gz files, cifar-10-python.tar.gz, or cifar10-jpeg75.zip: a
copy that somebody has pressed as JPEG, read as any folder of pictures is. It is not the official
data, and the record says so. Network, epochs and augmentation are those of ``python -m cnnkit
train``: digits and MNIST train LeNet with 32 and 64 filters and batch normalisation, the others the
small residual network, with ``--widths`` of other stages. Each data set has its own test pictures;
they are looked at once an epoch, and nothing is chosen by them: what counts is the accuracy after
the last epoch. The clock counts training alone.

It runs on a processor as on a GPU, which it names, and writes
benchmarks/results/train_DATA_DEVICE.json. A run on a part of the pictures (``--pictures``) is a
trial and writes nothing; so is ``--quick``, one epoch of 256. ``--weights FILE`` keeps the network,
for ``python -m cnnkit predict``.
"""

import argparse
import os
from pathlib import Path

import torch
from record import offer_trial, offer_weights, record

from cnnkit import datasets, training

JPEG = "cifar10_jpeg"


def load(name):
    """The pictures to learn from, and those to judge by."""
    if name == JPEG:
        copy = Path(os.environ.get("CNNKIT_DATA", "."), "cifar10-jpeg75.zip")
        return tuple(datasets.folder(copy, part, size=32) for part in ("train", "test"))
    return tuple(datasets.CATALOGUE[name].load(part) for part in ("train", "test"))


def known_of(name):
    """What the catalogue says: of the copy, what it says of the original."""
    return datasets.CATALOGUE["cifar10" if name == JPEG else name]


def recipe_for(name, data, widths=None):
    """The network that suits these pictures, as `cnnkit train` builds it."""
    size, channels = data.images.shape[1], 3 if data.images.ndim == 4 else 1
    return training.recipe(known_of(name).model, size, len(data.names), channels, widths)


def first(data, count):
    """The first `count` pictures, or all of them."""
    return datasets.Dataset(
        data.images[:count], data.labels[:count], data.names, data.numbers[:count]
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--data", choices=["digits", "mnist", "cartoons", "cifar10", JPEG], required=True
    )
    parser.add_argument("--widths", type=int, nargs="+", metavar="N", help="of the resnet's stages")
    parser.add_argument("--epochs", type=int, help="as many as `cnnkit train` takes")
    parser.add_argument("--batch-size", type=int, default=128)
    parser.add_argument("--lr", type=float, help="the peak of the learning rate")
    parser.add_argument("--device")
    parser.add_argument("--precision", default="auto", help="float32 on a processor")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--pictures", type=int, help="train on the first so many: a trial")
    offer_weights(parser)
    offer_trial(parser)
    options = parser.parse_args()
    if options.quick:
        options.pictures, options.epochs = 256, 1

    device = training.pick_device(options.device)
    train, test = (first(data, options.pictures) for data in load(options.data))
    known = known_of(options.data)
    recipe = {
        "epochs": options.epochs or known.epochs,
        "lr": options.lr or known.lr,
        "batch_size": options.batch_size,
        "label_smoothing": 0.1,
        "ema": 0.99,
        "augment": known.augment,
        "precision": options.precision,
        "seed": options.seed,
    }
    torch.manual_seed(options.seed)
    network = recipe_for(options.data, train, options.widths)
    model = training.build(network)
    load_at_start = round(os.getloadavg()[0], 2)
    history = training.fit(model, train, test, device=device, **recipe)
    if options.weights:
        size = train.images.shape[1]
        training.save_weights(options.weights, model, network, train.names, size)
    seconds = sum(entry["seconds"] for entry in history)
    steps = len(train) // recipe["batch_size"]
    results = {
        "device": training.device_name(device),
        "threads": torch.get_num_threads(),
        "load_at_start": load_at_start,
        "data": options.data,
        "model": known.model,
        "widths": network["arguments"]["widths"],
        "parameters": sum(p.numel() for p in model.parameters()),
        "picture_shape": list(train.images.shape[1:]),
        "train_pictures": len(train),
        "test_pictures": len(test),
        "recipe": recipe,
        "training_seconds": round(seconds, 2),
        "images_per_second": round(len(history) * steps * recipe["batch_size"] / seconds, 1),
        "test_loss": round(history[-1]["valid_loss"], 5),
        "test_accuracy_percent": round(100 * history[-1]["valid_accuracy"], 2),
    }
    if known.augment.get("flip"):
        both = training.evaluate(model, test, flip=True)[1]
        results["test_accuracy_with_flip_percent"] = round(100 * both, 2)
    print(results)
    results["history"] = [{k: v for k, v in e.items() if k != "device"} for e in history]
    packages = ["cnnkit", "torch", "numpy", "pillow", "scikit-learn"]
    name = f"train_{options.data}_{device.type}"
    record(name, results, packages, trial=bool(options.pictures))


if __name__ == "__main__":
    main()
