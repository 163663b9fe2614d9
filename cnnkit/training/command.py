"""What ``python -m cnnkit train`` does: fetch the pictures, build the network, train, judge."""

from pathlib import Path
from typing import Any

import numpy as np
import torch

from cnnkit import datasets, models
from cnnkit.arguments import lesson, whole
from cnnkit.training.checkpoint import save_checkpoint
from cnnkit.training.devices import pick_device, processes, rank_and_world
from cnnkit.training.interrupts import advice
from cnnkit.training.loop import fit
from cnnkit.training.results import evaluate

__all__ = ["DATA", "MODELS", "run"]

# What suits each data set, where the command line leaves it open; `augment` is what can happen
# to a picture without changing its label: a mirrored digit is none.
_PHOTOGRAPHS = {"scale": (0.5, 1.0), "flip": True, "jitter": 0.2}
DATA: dict[str, dict[str, Any]] = {
    "digits": {"model": "lenet", "epochs": 30, "augment": {"shift": 0.1, "turn": 10}},
    "mnist": {"model": "lenet", "epochs": 10, "augment": {"shift": 0.07, "turn": 10}},
    "cartoons": {"model": "resnet", "epochs": 10, "augment": {"flip": True}},
    "cifar10": {"model": "resnet", "epochs": 20, "augment": {"shift": 0.125, "flip": True}},
    "cats-vs-dogs": {"model": "resnet", "epochs": 20, "augment": _PHOTOGRAPHS},
    "pets": {"model": "resnet", "epochs": 60, "augment": _PHOTOGRAPHS},
}
# The learning rate of each network.
MODELS = {"article": 1e-3, "lenet": 5e-3, "resnet": 5e-3}


def run(
    data,
    *,
    model=None,
    epochs=None,
    size=64,
    count=4000,
    batch_size=128,
    lr=None,
    patience=None,
    precision="auto",
    compile=False,
    device=None,
    download=False,
    seed=0,
    out=None,
    resume=False,
    init=None,
):
    """Train a network of :mod:`cnnkit.models` on a data set of :mod:`cnnkit.datasets`.

    Parameters
    ----------
    data : str
        A key of ``DATA``.
    model : str, optional
        A key of ``MODELS``: by default what suits the data.
    epochs, batch_size, lr, patience, precision, compile, device, seed, resume, init
        As in :func:`cnnkit.training.fit`. With `patience` a tenth of the training pictures is
        set aside to decide by; without, the test pictures are only looked at.
    size : int, default 64
        Height and width, where they can be chosen: cartoons and photographs.
    count : int, default 4000
        How many cartoons to draw; a quarter as many more are for testing.
    download : bool, default False
        Fetch the data if they are not on this machine.
    out : path-like, optional
        The folder for ``checkpoint.pt``, ``log.jsonl`` and, in the end, ``weights.pt`` (the
        model's state_dict); by default ``runs/DATA-MODEL``.

    Returns
    -------
    int
        0.

    Raises
    ------
    ValueError, OSError, RuntimeError
        If a name is not known, the data are not here, or as :func:`cnnkit.training.fit` says.
    KeyboardInterrupt
        After Ctrl-C; the message says how to go on.
    """
    for name, value, known in (("data", data, DATA), ("model", model, MODELS)):
        if value not in known and value is not None:
            raise lesson(f"{name}={value!r}", f"one of {', '.join(known)}", "Choose one of them.")
    model = model or DATA[data]["model"]
    out = Path(out or f"runs/{data}-{model}")
    device = pick_device(device)
    seed = whole(seed, "seed", 0)
    torch.backends.cudnn.benchmark = True  # all batches have one shape: let cuDNN try what is best
    with processes(), advice(out / "checkpoint.pt", resume):
        rank, _ = rank_and_world()
        train, test = _load(data, size, count, download)
        valid = test
        if patience:
            train, valid = _set_aside(train, seed)
        torch.manual_seed(seed)
        network = _build(model, train)
        augment = None if model == "article" else DATA[data]["augment"]
        fit(
            network,
            train,
            valid,
            epochs=DATA[data]["epochs"] if epochs is None else epochs,
            batch_size=min(batch_size, len(train)),
            lr=MODELS[model] if lr is None else lr,
            label_smoothing=0.0 if model == "article" else 0.1,
            ema=0.0 if model == "article" else 0.99,
            augment=augment,
            precision=precision,
            compile=compile,
            patience=patience,
            device=device,
            out=out,
            resume=resume,
            init=init,
            seed=seed,
        )
        flips = [False, True] if augment and augment.get("flip") else [False]
        found = [evaluate(network, test, flip=flip)[1] for flip in flips]
        if rank == 0:
            save_checkpoint(out / "weights.pt", network.state_dict())
            mirror = f"; {found[1]:.2%} with mirror images averaged in" if len(found) > 1 else ""
            print(f"{found[0]:.2%} of {len(test):,} test pictures are right{mirror}.")
            print(f"The weights are in {out / 'weights.pt'}, the curves in {out / 'log.jsonl'}.")
    return 0


def _load(data, size, count, download):
    """Return the pictures for training and those for testing."""
    if data == "cartoons":
        test = datasets.cartoons(max(2, count // 4), size=size, start=count)
        return datasets.cartoons(count, size=size), test
    load = getattr(datasets, data.replace("-", "_"))
    options = {} if data == "digits" else {"download": download}
    if data in ("cats-vs-dogs", "pets"):
        options["size"] = size
    return load("train", **options), load("test", **options)


def _set_aside(data, seed):
    """Split off a tenth, chosen by the seed."""
    order = np.random.default_rng(seed).permutation(len(data))
    parts = (np.sort(order[len(order) // 10 :]), np.sort(order[: len(order) // 10]))
    return [
        datasets.Dataset(data.images[rows], data.labels[rows], data.names, data.numbers[rows])
        for rows in parts
    ]


def _build(model, data):
    """Build a network for these pictures."""
    size, channels = data.images.shape[1], 3 if data.images.ndim == 4 else 1
    classes = len(data.names)
    if model == "article":
        return models.article_model(size, classes, channels)
    if model == "lenet":
        return models.lenet(size, classes, channels, widths=(32, 64), batch_norm=True)
    widths = (16, 32, 64, 128)[: size.bit_length() - 1]  # each halves the sides
    return models.small_resnet(classes, channels, widths)
