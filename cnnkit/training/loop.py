"""The loop: from pictures and labels to a trained network.

All chance in it (the order of the pictures, their views) is drawn from the seed, the number of
the epoch and the number of the step. So a resumed run needs no memory of the dice it has thrown,
and two processes agree without talking.
"""

import copy
import json
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import distributed, nn
from torch.nn import functional as F
from tqdm import tqdm

from cnnkit.arguments import lesson
from cnnkit.training.checkpoint import ctrl_c, how_to_go_on, open_run, rng_state, save_checkpoint
from cnnkit.training.devices import autocasting, device_name, pick_device, rank_and_world
from cnnkit.training.results import evaluate
from cnnkit.training.views import DICE, random_views, to_input

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
    seed=0,
    progress=True,
):
    """Train `model` in place.

    Parameters
    ----------
    model : torch.nn.Module
        From (N, C, H, W) to (N, classes) scores.
    train, valid : cnnkit.datasets.Dataset
        Anything with ``images`` (uint8) and ``labels``. `valid` is looked at after each epoch.
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
        Go on from the checkpoint in `out`. On a CPU the result is the same to the last bit.
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
    rank, world = rank_and_world()
    device, n, steps = pick_device(device), len(train.images), len(train.images) // batch_size
    if not steps or batch_size % world:
        given = f"batch_size={batch_size} for {n} pictures in {world} process(es)"
        raise lesson(given, f"1 to {n}, a multiple of {world}", "Choose another batch_size.")
    if epochs < 1:
        raise lesson(f"epochs={epochs}", "1 or more", "Use epochs=1 for one time through the data.")
    if patience and valid is None:
        raise lesson("patience without valid", "pictures to judge by", "Pass valid=...")
    autocast, dtype = autocasting(precision, device)
    scaler = torch.amp.GradScaler(device.type, enabled=dtype is torch.float16)
    memory_format = torch.channels_last if channels_last else torch.contiguous_format
    model.to(device, memory_format=memory_format)
    if world > 1 and device.type == "cuda":
        nn.SyncBatchNorm.convert_sync_batchnorm(model)
    average = copy.deepcopy(model) if ema else model
    network: Any = torch.compile(model) if compile else model
    network = nn.parallel.DistributedDataParallel(network) if world > 1 else network
    descent, schedule = _descent(model, optimizer, lr, weight_decay, one_cycle, epochs * steps)
    batches = _Batches(train, device, memory_format, augment)

    # What a checkpoint holds: the parts that learn, the plan that must not change, what is done.
    parts = {"model": model, "optimizer": descent, "schedule": schedule, "scaler": scaler}
    parts |= {"average": average} if ema else {}
    plan = {
        "pictures": n, "epochs": epochs, "batch_size": batch_size, "seed": seed,
        "optimizer": type(descent).__name__, "lr": lr, "weight_decay": weight_decay,
        "one_cycle": one_cycle, "label_smoothing": label_smoothing, "augment": augment,
        "ema": ema, "precision": precision,
    }  # fmt: skip
    done: dict[str, Any] = {"step": 0, "loss": 0.0, "seconds": 0.0, "history": []}
    done |= {"best": -1.0, "waited": 0, "best_weights": None}
    path = None if out is None else Path(out) / "checkpoint.pt"
    if path or resume:
        done |= open_run(path, resume, parts, plan, device, rank)
    history = done["history"]

    def save():
        if path and rank == 0:
            state = {name: part.state_dict() for name, part in parts.items()}
            save_checkpoint(path, state | {"plan": plan, "done": done, "rng": rng_state(device)})

    # A bar on a terminal; a line an epoch in a notebook or a file.
    quiet = not progress or rank > 0
    bar = tqdm(total=epochs * steps, initial=done["step"], disable=quiet or None, mininterval=0.2)
    if not quiet:
        print(f"Training on {device_name(device)}, {world} process(es).", file=sys.stderr)
    with bar, ctrl_c(path is not None and world == 1) as pressed:
        for epoch in range(len(history), epochs):
            if patience and done["waited"] >= patience:
                break
            bar.set_description(f"epoch {epoch + 1}/{epochs}")
            begin = time.perf_counter() - done["seconds"]
            order = np.random.default_rng((seed, epoch, 0)).permutation(n)
            losses = torch.tensor(done["loss"], device=device)
            network.train()
            for place in range(done["step"] - epoch * steps, steps):
                rows = order[place * batch_size : (place + 1) * batch_size]
                dice = np.random.default_rng((seed, epoch, place + 1)).random((batch_size, DICE))
                images, labels = batches(rows[rank::world], dice[rank::world])
                with autocast:
                    loss = F.cross_entropy(network(images), labels, label_smoothing=label_smoothing)
                descent.zero_grad()
                scaler.scale(loss).backward()
                scaler.step(descent)
                scaler.update()
                schedule.step()
                losses += loss.detach()
                done["step"] += 1
                if ema:
                    _move_average(average, model, ema, done["step"])
                bar.update()
                if pressed:
                    done["loss"], done["seconds"] = losses.item(), time.perf_counter() - begin
                    save()
                    raise KeyboardInterrupt(how_to_go_on(path, done["step"], epochs * steps))
            entry = _entry(losses / steps, epoch, begin, batch_size * steps, schedule, device)
            if valid is not None:
                judged = evaluate(average, valid, batch_size=2 * batch_size, precision=precision)
                entry["valid_loss"], entry["valid_accuracy"] = judged
                done["waited"] += 1
                if judged[1] > done["best"]:
                    done["best"], done["waited"] = judged[1], 0
                    if patience:
                        done["best_weights"] = copy.deepcopy(average.state_dict())
            history.append(entry)
            done["loss"] = done["seconds"] = 0.0
            shown = {key: f"{entry[key]:.3f}" for key in _SHOWN if key in entry}
            bar.set_postfix(shown)
            if bar.disable and not quiet:
                words = ", ".join(f"{key} {value}" for key, value in shown.items())
                print(f"epoch {epoch + 1}/{epochs}: {words}", file=sys.stderr)
            if path and rank == 0:
                with open(path.with_name("log.jsonl"), "a") as log:
                    log.write(json.dumps(entry) + "\n")
            save()
    model.load_state_dict(done["best_weights"] or average.state_dict())
    model.eval()
    return history


_SHOWN = ("loss", "valid_loss", "valid_accuracy")


class _Batches:
    """Batches on the device: the whole set lies there when it fits, in bytes."""

    def __init__(self, data, device, memory_format, augment):
        self.device, self.memory_format, self.augment = device, memory_format, augment
        self.labels = torch.from_numpy(np.array(data.labels)).to(device)
        self.images = data.images
        if device.type != "cpu" and data.images.nbytes < _room(device):
            self.images = torch.from_numpy(np.array(data.images)).to(device)

    def __call__(self, rows, dice):
        """Return the pictures of `rows`, as the network wants them, and their labels."""
        where = torch.from_numpy(rows).to(self.device)
        if isinstance(self.images, torch.Tensor):
            images = self.images[where]
        else:  # a copy of one batch: a memory map is read no further than that
            images = torch.from_numpy(np.array(self.images[rows])).to(self.device)
        images = to_input(images)
        if self.augment:
            dice = torch.from_numpy(dice.astype(np.float32))
            images = random_views(images, dice, **self.augment)
        return images.contiguous(memory_format=self.memory_format), self.labels[where]


def _room(device):
    """Bytes that a data set may take: half of what a GPU has free."""
    return torch.cuda.mem_get_info(device)[0] // 2 if device.type == "cuda" else 2**31


def _descent(model, optimizer, lr, weight_decay, one_cycle, steps):
    """Return the optimiser, which lets only weights decay, and the schedule of its rate."""
    weights = [p for p in model.parameters() if p.ndim > 1]
    others = [p for p in model.parameters() if p.ndim <= 1]
    groups = [{"params": weights, "weight_decay": weight_decay}]
    groups += [{"params": others, "weight_decay": 0.0}] if others else []
    descent = optimizer(groups, lr=lr)
    rates = torch.optim.lr_scheduler
    if one_cycle:
        return descent, rates.OneCycleLR(descent, lr, total_steps=steps, cycle_momentum=False)
    return descent, rates.ConstantLR(descent, factor=1)


@torch.no_grad()
def _move_average(average, model, ema, step):
    """Move the averaged weights towards those of now; while they are few, faster."""
    share = 1 - min(ema, (1 + step) / (10 + step))
    kept, now = average.state_dict().values(), model.state_dict().values()
    floats = [(a, b) for a, b in zip(kept, now, strict=True) if a.is_floating_point()]
    torch._foreach_lerp_([a for a, _ in floats], [b for _, b in floats], share)


def _entry(loss, epoch, begin, pictures, schedule, device):
    """Return what the log says of an epoch; in many processes, of all of them."""
    if distributed.is_initialized():
        distributed.all_reduce(loss)
        loss /= distributed.get_world_size()
    loss, seconds = loss.item(), time.perf_counter() - begin
    if not np.isfinite(loss):
        raise RuntimeError(
            f"The loss of epoch {epoch + 1} is {loss}: the steps were too large. Start again with "
            "a smaller lr (a third of it), or with precision='float32'."
        )
    return {
        "epoch": epoch + 1,
        "loss": loss,
        "lr": schedule.get_last_lr()[0],
        "seconds": seconds,
        "images_per_second": pictures / seconds,
        "device": device_name(device),
    }
