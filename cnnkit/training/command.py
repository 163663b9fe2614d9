"""What ``python -m cnnkit train`` does: fetch the pictures, build the network, train, judge."""

from pathlib import Path

import numpy as np
import torch

from cnnkit import datasets, models
from cnnkit.arguments import lesson, whole
from cnnkit.datasets.dataset import summary
from cnnkit.training.checkpoint import save_checkpoint
from cnnkit.training.devices import pick_device, processes, rank_and_world
from cnnkit.training.interrupts import advice
from cnnkit.training.loop import fit
from cnnkit.training.results import evaluate

__all__ = ["MODELS", "run"]

# The learning rate of each network, where the data set does not know better.
MODELS = {"article": 1e-3, "lenet": 5e-3, "resnet": 5e-3}


def run(
    data,
    *,
    model=None,
    epochs=None,
    size=None,
    count=None,
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
        A key of ``cnnkit.datasets.CATALOGUE``, or the path of a folder of class folders.
    model : str, optional
        A key of ``MODELS``: by default what suits the data.
    epochs, batch_size, lr, patience, precision, compile, device, seed, resume, init
        As in :func:`cnnkit.training.fit`. With `patience` a tenth of the training pictures is
        set aside to decide by; without, the test pictures are only looked at.
    size : int, optional
        Height and width, where they can be chosen: cartoons and photographs (64).
    count : int, optional
        How many cartoons to draw (4000); a quarter as many more are for testing.
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
    entry = datasets.entry(data)
    if model not in (None, *MODELS):
        raise lesson(f"model={model!r}", f"one of {', '.join(MODELS)}", "Choose one of them.")
    if lr is None:
        lr = entry.lr if model in (None, entry.model) else MODELS[model]
    model = model or entry.model
    out = Path(out or f"runs/{Path(data).stem}-{model}")
    device = pick_device(device)
    seed = whole(seed, "seed", 0)
    torch.backends.cudnn.benchmark = True  # all batches have one shape: let cuDNN try what is best
    with processes(), advice(out / "checkpoint.pt", resume):
        rank, _ = rank_and_world()
        train, test = _load(data, entry, size=size, count=count, download=download)
        if rank == 0:
            print(summary(train, test))
        valid = test
        if patience:
            train, valid = _set_aside(train, seed)
        torch.manual_seed(seed)
        network = _build(model, train)
        augment = None if model == "article" else entry.augment
        fit(
            network,
            train,
            valid,
            epochs=entry.epochs if epochs is None else epochs,
            batch_size=min(batch_size, len(train)),
            lr=lr,
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


def _load(data, entry, *, download, **chosen):
    """Return the pictures for training and those for testing."""
    options = {name: value for name, value in chosen.items() if value is not None}
    for name, value in options.items():
        if name not in entry.options:
            can = [word for word, one in datasets.CATALOGUE.items() if name in one.options]
            given = f"{name}={value} was given for {data}"
            remedy = f"Leave {name} out: it is for {', '.join(can)}."
            raise lesson(given, "the pictures as they are", remedy)
    if "download" in entry.options:
        options["download"] = download
    return entry.load("train", **options), entry.load("test", **options)


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
