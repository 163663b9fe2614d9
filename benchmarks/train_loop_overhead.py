"""What cnnkit.training costs over a bare PyTorch loop of the same arithmetic.

    python benchmarks/train_loop_overhead.py [--rounds 12] [--epochs 2] [--quick]

Both train the same small residual network on the same cartoons, by the same recipe (AdamW, one
cycle, batches of 64 in another order each epoch). What cnnkit does besides is on: a checkpoint and
a line of the log after every epoch, and a bar that is counted but not drawn. The two take turns in
one process, so that what else the machine does hits both; the figure is the median of the ratios
of neighbours. A load of 1 or more from others makes it worthless: the record says the load at the
start. Measured beside it: the share of an epoch that goes into fetching pictures and drawing their
random views, with the small residual network on pictures of 64 pixels, in both precisions.
It writes benchmarks/results/train_loop_overhead.json.
"""

import argparse
import os
import statistics
import tempfile
import time

import numpy as np
import torch
from record import offer_trial, record
from torch.nn import functional as F

from cnnkit import datasets, models, training
from cnnkit.training.batches import Batches

BATCH, RATE = 64, 3e-3


def bare(data, epochs):
    """Train as a tutorial of PyTorch would, as fast as it goes in so few lines."""
    model = models.small_resnet().to(memory_format=torch.channels_last).train()
    images, labels = torch.from_numpy(data.images), torch.from_numpy(data.labels)
    steps = len(data) // BATCH
    descent = torch.optim.AdamW(model.parameters(), lr=RATE, weight_decay=0.01)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        descent, RATE, total_steps=epochs * steps, cycle_momentum=False
    )
    for _ in range(epochs):
        for rows in torch.randperm(len(data)).split(BATCH)[:steps]:
            x = images[rows].permute(0, 3, 1, 2).float().div_(127.5).sub_(1)
            loss = F.cross_entropy(model(x), labels[rows])
            descent.zero_grad()
            loss.backward()
            descent.step()
            schedule.step()


def ours(data, epochs):
    """Train through cnnkit.training, with its checkpoints and its log."""
    with tempfile.TemporaryDirectory() as folder:
        training.fit(
            models.small_resnet(),
            data,
            epochs=epochs,
            batch_size=BATCH,
            lr=RATE,
            device="cpu",
            out=f"{folder}/run",
            progress=False,
        )


def data_share(data, precision, epochs=2):
    """Percent of an epoch in which pictures are fetched and their views are drawn."""
    augment = datasets.CATALOGUE["cats-vs-dogs"].augment
    history = training.fit(
        models.small_resnet(), data, epochs=epochs, batch_size=BATCH, lr=RATE, device="cpu",
        augment=augment, precision=precision, progress=False,
    )  # fmt: skip
    batches = Batches(data, BATCH, torch.device("cpu"), torch.channels_last, augment, seed=0)
    begin = time.perf_counter()
    for _ in batches.epoch(0):
        pass
    return 100 * (time.perf_counter() - begin) / history[-1]["seconds"]


def seconds(loop, *arguments):
    """Wall-clock time and processor time of one call."""
    begin, cpu = time.perf_counter(), time.process_time()
    loop(*arguments)
    return time.perf_counter() - begin, time.process_time() - cpu


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=12)
    parser.add_argument("--epochs", type=int, default=2)
    parser.add_argument("--pictures", type=int, default=2560)
    offer_trial(parser)
    options = parser.parse_args()
    if options.quick:
        options.rounds, options.epochs, options.pictures = 1, 1, 2 * BATCH
    load = os.getloadavg()[0]
    data = datasets.cartoons(options.pictures, size=32)
    larger = datasets.cartoons(options.pictures, size=64)
    for loop in (bare, ours):
        loop(data, 1)
    pairs = []
    for number in range(options.rounds):  # who goes first changes, too
        times = {}
        for loop in (bare, ours) if number % 2 else (ours, bare):
            times[loop] = seconds(loop, data, options.epochs)
        pairs.append((times[bare], times[ours]))
        wall, cpu = (b / a for a, b in zip(*pairs[-1], strict=True))
        print(f"round {number + 1}: x{wall:.3f} in time, x{cpu:.3f} in processor time")
    ratios = [[b[i] / a[i] for a, b in pairs] for i in (0, 1)]
    results = {
        "load_at_start": round(load, 2),
        "threads": torch.get_num_threads(),
        "steps": options.epochs * (options.pictures // BATCH),
        "rounds": options.rounds,
        "bare_seconds": round(statistics.median(a[0] for a, _ in pairs), 4),
        "cnnkit_seconds": round(statistics.median(b[0] for _, b in pairs), 4),
        "overhead_percent": round(100 * (statistics.median(ratios[0]) - 1), 2),
        "overhead_percent_quartiles": [
            round(100 * (q - 1), 2) for q in np.quantile(ratios[0], [0.25, 0.75]).tolist()
        ],
        "overhead_percent_of_processor_time": round(100 * (statistics.median(ratios[1]) - 1), 2),
        "data_percent_of_an_epoch": {
            precision: round(data_share(larger, precision), 2)
            for precision in ("float32", "bfloat16")
        },
    }
    print(results)
    record("train_loop_overhead", results, ["cnnkit", "torch", "numpy"], trial=options.quick)


if __name__ == "__main__":
    main()
