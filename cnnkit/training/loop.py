"""The loop: from pictures and labels to a trained network.

Each part of it has a module of its own beside this one: batches, the optimiser and its schedule,
the average of the weights, early stopping, the bar, Ctrl-C, the state of the run.
"""

import numpy as np
import torch
from torch import distributed, nn
from torch.nn import functional as F

from cnnkit.arguments import flag, lesson, number, whole
from cnnkit.disk import as_path
from cnnkit.training.average import Average
from cnnkit.training.batches import Batches, check_views
from cnnkit.training.checkpoint import load_weights, plain
from cnnkit.training.devices import autocasting, device_name, pick_device, rank_and_world
from cnnkit.training.interrupts import Stopped, advice, ctrl_c, how_to_go_on
from cnnkit.training.optimizer import (
    build_optimizer,
    build_schedule,
    check_optimizer,
    take_step,
)
from cnnkit.training.pictures import (
    as_pictures,
    check_batch_of_one,
    check_model,
    check_network,
    check_shares,
)
from cnnkit.training.progress import Progress
from cnnkit.training.results import evaluate
from cnnkit.training.state import Run, check_weights
from cnnkit.training.stopping import EarlyStopping

__all__ = ["fit"]


def fit(
    model,
    train,
    valid=None,
    *,
    epochs=10,
    batch_size=128,
    lr=3e-3,
    weight_decay=0.01,
    optimizer=torch.optim.AdamW,
    one_cycle=True,
    label_smoothing=0.0,
    augment=None,
    ema=0.0,
    precision="auto",
    channels_last=True,
    compile=False,
    patience=None,
    device=None,
    out=None,
    resume=False,
    init=None,
    seed=0,
    progress=True,
):
    """Train `model` in place.

    Parameters
    ----------
    model : torch.nn.Module
        From (N, C, H, W) to (N, classes) scores.
    train, valid : cnnkit.datasets.Dataset
        Anything with ``images`` (uint8; bool, or floats from 0 to 1, are converted) and
        ``labels`` (whole numbers from 0). `valid` is looked at after each epoch.
    epochs, batch_size : int
        A last batch that is not full waits for the next epoch, where the order is another one.
    lr, weight_decay : float
        With `one_cycle`, `lr` is the peak. Only weights decay, not biases and normalisation.
    optimizer : callable, default torch.optim.AdamW
        Called as ``optimizer(groups, lr=lr)``; ``partial(torch.optim.SGD, momentum=0.9)`` is one.
    one_cycle : bool, default True
        Raise the learning rate over the first 30 % of the steps, then let it fall to nothing
        (Smith and Topin 2018). Otherwise it stays.
    label_smoothing : float, default 0
        This share of each label is spread over all classes.
    augment : dict, optional
        Arguments of :func:`cnnkit.training.random_views`: ``dict(flip=True, scale=(0.5, 1))``.
    ema : float, default 0
        Average the weights over the steps, each with this much of the last average (0.99 is an
        average over some hundred steps); `valid` is judged, and the model left, with the average.
    precision : {'auto', 'float32', 'bfloat16', 'float16'}
        Of the large operations; 'auto' is half precision on CUDA and float32 elsewhere.
    channels_last : bool, default True
        Keep the values of a pixel together in memory.
    compile : bool, default False
        Let ``torch.compile`` fuse operations: pays on a GPU, once a run outlasts the compilation.
    patience : int, optional
        Stop when `valid` has not become more accurate for so many epochs; keep the best weights.
    device : str or torch.device, optional
        See :func:`pick_device`.
    out : path-like, optional
        A folder for ``checkpoint.pt`` and ``log.jsonl``, written after every epoch. Ctrl-C then
        saves in the middle of one.
    resume : bool, default False
        Go on from the checkpoint in `out`, with the same pictures and the same plan. On a CPU
        the result is the same to the last bit.
    init : path-like, optional
        Weights to start from, instead of those of `model`: a ``weights.pt``, or the
        ``checkpoint.pt`` of another run. When a run goes on, it has its own.
    seed : int, default 0
        Of the order and the views. Initial weights and dropout have PyTorch's own seed.
    progress : bool, default True
        Say the device and show a bar, on stderr.

    Returns
    -------
    list of dict
        An entry an epoch: the lines of ``log.jsonl``.

    Raises
    ------
    ValueError
        If arguments do not fit one another, the data or the checkpoint.
    FileExistsError, FileNotFoundError
        If `out` holds a run already, or with `resume` none.
    RuntimeError
        If the loss is no longer a number.
    KeyboardInterrupt
        After Ctrl-C; the message says how to go on.
    """
    epochs, batch_size = whole(epochs, "epochs"), whole(batch_size, "batch_size")
    lr, weight_decay = number(lr, "lr"), number(weight_decay, "weight_decay")
    label_smoothing = number(label_smoothing, "label_smoothing", most=1)
    ema, seed = number(ema, "ema", most=1), whole(seed, "seed", 0)
    one_cycle, channels_last = flag(one_cycle, "one_cycle"), flag(channels_last, "channels_last")
    compile, progress = flag(compile, "compile"), flag(progress, "progress")
    resume = flag(resume, "resume")
    out = None if out is None else as_path(out, "out")
    init = None if init is None else as_path(init, "init")
    check_views(augment)
    check_optimizer(optimizer)
    check_network(model)
    device = pick_device(device)
    train = as_pictures(train, "train")
    if valid is not None:
        valid = as_pictures(valid, "valid")
        check_shares(valid, "valid")
    if patience is not None:
        patience = _patience(patience, valid)
    if resume and out is None:
        raise lesson("resume without out", "the folder of the run", "Pass out='runs/...'.")
    _check_batches(model, train, batch_size)
    for name, data in (("train", train), ("valid", valid)):
        if data is not None:
            check_model(model, data, name)

    autocast, dtype = autocasting(precision, device)
    scaler = torch.amp.GradScaler(device.type, enabled=dtype is torch.float16)
    if init is not None and not resume:
        weights = load_weights(init)
        check_weights(init, weights, model)
        model.load_state_dict(weights)
    memory_format = torch.channels_last if channels_last else torch.contiguous_format
    model.to(device, memory_format=memory_format)
    network = _network(model, device, compile)
    average = Average(model, ema)
    batches = Batches(train, batch_size, device, memory_format, augment, seed)
    steps = len(batches)
    descent = build_optimizer(model, optimizer, lr, weight_decay)
    schedule = build_schedule(descent, lr, one_cycle, epochs * steps)
    stopping = EarlyStopping(patience)

    parts = {"model": model, "optimizer": descent, "schedule": schedule, "scaler": scaler}
    if ema:
        parts["average"] = average.model
    plan = plain({
        "pictures": len(train.images), "shape": train.images.shape[1:],
        "fingerprint": train.fingerprint(),
        "epochs": epochs, "batch_size": batch_size, "seed": seed,
        "optimizer": type(descent).__name__, "lr": lr, "weight_decay": weight_decay,
        "one_cycle": one_cycle, "label_smoothing": label_smoothing, "augment": augment,
        "ema": ema, "precision": precision,
    })  # fmt: skip
    path = None if out is None else out / "checkpoint.pt"
    run = Run(parts, plan, stopping, device, path)
    if resume:
        run.restore()
    else:
        run.start()

    bar = Progress(epochs, steps, run.step, device, progress)
    with advice(path, resume), run.alone(), bar, ctrl_c(wanted=path is not None) as pressed:
        for epoch in range(len(run.history), epochs):
            if stopping.over:
                break
            bar.begin_epoch(epoch)
            run.begin_epoch()
            network.train()
            for images, labels in batches.epoch(epoch, first=run.step - epoch * steps):
                with autocast:
                    loss = F.cross_entropy(network(images), labels, label_smoothing=label_smoothing)
                descent.zero_grad()
                scaler.scale(loss).backward()
                if take_step(scaler, descent):
                    schedule.step()
                    average.update(model, schedule.last_epoch)
                run.count(loss)
                bar.step()
                if pressed:
                    run.stop_clock()
                    run.save()
                    raise Stopped(how_to_go_on(path, run.step, epochs * steps))
            entry = _entry(run, steps, batch_size, schedule)
            if valid is not None:
                how = {"batch_size": 2 * batch_size, "precision": precision}
                entry["valid_loss"], accuracy = evaluate(average.model, valid, **how)
                entry["valid_accuracy"] = accuracy
                stopping.judge(accuracy, average.model)
            bar.end_epoch(entry)
            run.end_epoch(entry)
        if pressed:  # while the last epoch was judged
            raise Stopped(how_to_go_on(path, run.step, epochs * steps))
    model.load_state_dict(stopping.best_weights or average.model.state_dict())
    model.eval()
    return run.history


def _patience(patience, valid):
    """Return the epochs to wait; they are counted by pictures that judge."""
    if valid is None:
        raise lesson("patience without valid", "pictures to judge by", "Pass valid=...")
    return whole(patience, "patience", remedy="Leave it out to train through all epochs.")


def _check_batches(model, train, batch_size):
    """Refuse batches that cannot be filled, shared out or normalised."""
    pictures, (_, world) = len(train.images), rank_and_world()
    if batch_size > pictures or batch_size % world:
        given = f"batch_size={batch_size} for {pictures} pictures in {world} process(es)"
        expected = f"1 to {pictures}, a multiple of {world}"
        raise lesson(given, expected, "Choose another batch_size.")
    if batch_size == world:
        check_batch_of_one(model, train)


def _network(model, device, compile):
    """Return what is called for `model` in training: compiled, or one of many processes."""
    _, world = rank_and_world()
    if world > 1 and device.type == "cuda":
        nn.SyncBatchNorm.convert_sync_batchnorm(model)
    network = torch.compile(model) if compile else model
    return nn.parallel.DistributedDataParallel(network) if world > 1 else network


def _entry(run, steps, batch_size, schedule):
    """Return what the log says of an epoch; in many processes, of all of them."""
    mean = run.loss / steps
    if distributed.is_initialized():
        distributed.all_reduce(mean)
        mean /= distributed.get_world_size()
    epoch, loss = len(run.history) + 1, mean.item()
    seconds = run.stop_clock()
    if not np.isfinite(loss):
        raise RuntimeError(
            f"The loss of epoch {epoch} is {loss}: the steps were too large. Start again with "
            "a smaller lr (a third of it), or with precision='float32'."
        )
    return {
        "epoch": epoch,
        "loss": loss,
        "lr": schedule.get_last_lr()[0],
        "seconds": seconds,
        "images_per_second": batch_size * steps / seconds,
        "device": device_name(run.device),
    }
