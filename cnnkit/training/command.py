"""What ``python -m cnnkit train`` does: fetch the pictures, build the network, train, judge."""

import contextlib
import shlex
from pathlib import Path

import numpy as np
import torch

from cnnkit import datasets
from cnnkit.arguments import flag, lesson, number, whole
from cnnkit.datasets.dataset import summary
from cnnkit.disk import as_path
from cnnkit.training.devices import pick_device, processes, rank_and_world
from cnnkit.training.interrupts import advice
from cnnkit.training.loop import fit
from cnnkit.training.pictures import check_shares
from cnnkit.training.results import evaluate
from cnnkit.training.weights import MODELS, build, recipe, save_weights

__all__ = ["MODELS", "run"]

_SIZES = {"least": 8, "most": 2048}
_COUNTS = {"least": 2, "most": 10**6}  # one cat and one dog


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
        The folder for ``checkpoint.pt``, ``log.jsonl`` and, in the end, ``weights.pt``, which
        ``python -m cnnkit predict`` names pictures by; by default ``runs/DATA-MODEL``.

    Returns
    -------
    int
        0.

    Raises
    ------
    ValueError, OSError, RuntimeError
        If a name is not known, a number out of range, the data are not here or too few, the disk
        is full, or as :func:`cnnkit.training.fit` says.
    KeyboardInterrupt
        After Ctrl-C; the message says how to go on.
    """
    entry = datasets.entry(data)
    if model is not None and (not isinstance(model, str) or model not in MODELS):
        raise lesson(f"model={model!r}", f"one of {', '.join(MODELS)}", "Choose one of them.")
    if lr is None:
        lr = entry.lr if model in (None, entry.model) else MODELS[model]
    model = model or entry.model
    epochs = whole(entry.epochs if epochs is None else epochs, "epochs", most=10**6)
    batch_size, lr = whole(batch_size, "batch_size"), number(lr, "lr")
    seed = whole(seed, "seed", 0, most=2**63 - 1)
    if patience is not None:
        patience = whole(patience, "patience", remedy="Leave it out to train through all epochs.")
    download, resume = flag(download, "download"), flag(resume, "resume")
    out = Path("runs", f"{_name(data)}-{model}") if out is None else as_path(out, "out")
    device = pick_device(device)
    torch.backends.cudnn.benchmark = True  # all batches have one shape: let cuDNN try what is best
    nothing = "Stopped before the run began: repeat the command as it was."
    with advice(out / "checkpoint.pt", resume, nothing), processes(), _enough_memory():
        rank, world = rank_and_world()
        train, test = _load(data, entry, size=size, count=count, download=download)
        if rank == 0:
            print(summary(train, test))
        check_shares(test, "test")
        valid = test
        if patience:
            train, valid = _set_aside(train, seed, patience)
        _check_classes(train)
        torch.manual_seed(seed)
        size, channels = train.images.shape[1], 3 if train.images.ndim == 4 else 1
        kind = recipe(model, size, len(train.names), channels)
        network = build(kind)
        augment = None if model == "article" else entry.augment
        fit(
            network,
            train,
            valid,
            epochs=epochs,
            batch_size=_batch_size(batch_size, len(train), world),
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
            weights = out / "weights.pt"
            then = "then repeat the command with --resume: all else of the run is saved"
            save_weights(weights, network, kind, train.names, size, then)
            mirror = f"; {found[1]:.2%} with mirror images averaged in" if len(found) > 1 else ""
            print(f"{found[0]:.2%} of {len(test):,} test pictures are right{mirror}.")
            print(f"The weights are in {weights}, the curves in {out / 'log.jsonl'}.")
            print(
                f"To name a picture: python -m cnnkit predict {shlex.quote(str(weights))} PICTURE"
            )
    return 0


def _name(data):
    """Return what a run on this data set is called."""
    if data in datasets.CATALOGUE:
        return data
    path = Path(data).expanduser().resolve()
    return path.stem if path.is_file() else path.name


def _load(data, entry, *, download, **chosen):
    """Return the pictures for training and those for testing."""
    options = {name: value for name, value in chosen.items() if value is not None}
    for name, value in list(options.items()):
        if name not in entry.options:
            can = [word for word, one in datasets.CATALOGUE.items() if name in one.options]
            given = f"{name}={value} was given for {data}"
            remedy = f"Leave {name} out: it is for {', '.join(can)}."
            raise lesson(given, "the pictures as they are", remedy)
        options[name] = whole(value, name, **(_SIZES if name == "size" else _COUNTS))
    if "download" in entry.options:
        options["download"] = download
    return entry.load("train", **options), entry.load("test", **options)


def _set_aside(data, seed, patience):
    """Split off a tenth, chosen by the seed."""
    if len(data) < 10:
        given = (
            f"patience={patience} was given, and a tenth of {len(data)} pictures to decide by is "
            f"none: valid.images of shape {(0, *data.images.shape[1:])}"
        )
        raise lesson(given, "10 pictures or more to learn from", "Add some, or leave patience out.")
    order = np.random.default_rng(seed).permutation(len(data))
    parts = (np.sort(order[len(order) // 10 :]), np.sort(order[: len(order) // 10]))
    return [
        datasets.Dataset(data.images[rows], data.labels[rows], data.names, data.numbers[rows])
        for rows in parts
    ]


def _check_classes(train):
    """Refuse classes that nothing could be learned of."""
    counts = np.bincount(train.labels, minlength=len(train.names))
    if missing := [name for name, count in zip(train.names, counts, strict=True) if not count]:
        named = ", ".join(missing[:5]) + (", …" if len(missing) > 5 else "")
        given = f"no picture to learn from shows {named}"
        remedy = "Add pictures: about four fifths are learned from, the others judge."
        raise lesson(given, "one or more of each class, better hundreds", remedy)


def _batch_size(wanted, pictures, world):
    """Return how many pictures a step can take, of those that there are."""
    if wanted <= pictures:
        return wanted
    if pictures < world:
        given = f"{pictures} pictures to learn from for {world} processes"
        raise lesson(given, "one or more for each", "Use fewer processes, or more pictures.")
    return pictures // world * world  # the same number for each


@contextlib.contextmanager
def _enough_memory():
    """Say what to do where the pictures, the network or a batch do not fit into memory."""
    try:
        yield
    except (MemoryError, RuntimeError) as error:
        is_memory = isinstance(error, MemoryError) or "to allocate" in str(error)
        if not is_memory:
            raise
        given = f"this run does not fit into memory ({error})"
        remedy = "Use a smaller --size, --count or --batch-size."
        raise lesson(given, "room for the pictures, the network and a batch", remedy) from error
