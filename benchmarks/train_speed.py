"""What half precision, the layout in memory and compilation do to the speed of training.

    python benchmarks/train_speed.py [--size 64] [--batch-size 64] [--rounds 7] [--quick]

Each way trains the same small residual network on the same made-up batch: forward, loss, backward
and one step of AdamW. The ways take turns in one process, a few steps each, so that what else the
machine does hits all; the figures are medians over the rounds. The first steps, in which kernels
are chosen or compiled, are timed apart. It writes benchmarks/results/train_speed_DEVICE.json.
"""

import argparse
import os
import statistics
import time

import torch
from record import offer_trial, record
from torch.nn import functional as F

from cnnkit import models, training
from cnnkit.training.devices import autocasting

# The network as it is trained here, and with one thing changed.
WAYS = {
    "float32, channels first": ("float32", torch.contiguous_format, False),
    "float32, channels last": ("float32", torch.channels_last, False),
    "bfloat16, channels first": ("bfloat16", torch.contiguous_format, False),
    "bfloat16, channels last": ("bfloat16", torch.channels_last, False),
    "bfloat16, channels last, compiled": ("bfloat16", torch.channels_last, True),
}


def stepper(way, options, device):
    """A function that trains one step the given way."""
    precision, memory_format, compiled = WAYS[way]
    torch.manual_seed(0)
    model = models.small_resnet(widths=options.widths).to(device, memory_format=memory_format)
    network = torch.compile(model) if compiled else model
    descent = torch.optim.AdamW(model.parameters(), lr=1e-3)
    images = torch.randn(options.batch_size, 3, options.size, options.size, device=device)
    images = images.contiguous(memory_format=memory_format)
    labels = torch.randint(2, (options.batch_size,), device=device)
    autocast, _ = autocasting(precision, device)

    def step():
        with autocast:
            loss = F.cross_entropy(network(images), labels)
        descent.zero_grad()
        loss.backward()
        descent.step()

    return step


def seconds(step, steps, device):
    begin = time.perf_counter()
    for _ in range(steps):
        step()
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    return time.perf_counter() - begin


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--size", type=int, default=64)
    parser.add_argument("--batch-size", type=int, default=64)
    parser.add_argument("--widths", type=int, nargs="+", default=[16, 32, 64, 128], metavar="N")
    parser.add_argument("--steps", type=int, default=10, help="a way and round")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--device")
    offer_trial(parser)
    options = parser.parse_args()
    if options.quick:
        options.steps, options.rounds = 1, 1
        options.size, options.batch_size = 32, 8
    device = training.pick_device(options.device)
    torch.backends.cudnn.benchmark = True
    load = os.getloadavg()[0]
    # Compiling takes longer than the rest of a trial.
    ways = [way for way, (*_, compiled) in WAYS.items() if not (compiled and options.quick)]
    steps = {way: stepper(way, options, device) for way in ways}
    first = {way: round(seconds(step, 2, device), 2) for way, step in steps.items()}
    times = {way: [] for way in ways}
    for _ in range(options.rounds):
        for way, step in steps.items():
            times[way].append(seconds(step, options.steps, device) / options.steps)
    middle = {way: statistics.median(values) for way, values in times.items()}
    results = {
        "device": training.device_name(device),
        "load_at_start": round(load, 2),
        "size": options.size,
        "batch_size": options.batch_size,
        "widths": options.widths,
        "first_two_steps_seconds": first,
        "milliseconds_a_step": {way: round(1000 * value, 2) for way, value in middle.items()},
        "images_per_second": {way: round(options.batch_size / m) for way, m in middle.items()},
    }
    print(results)
    record(f"train_speed_{device.type}", results, ["cnnkit", "torch"], trial=options.quick)


if __name__ == "__main__":
    main()
