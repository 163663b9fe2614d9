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
from typing import NamedTuple

import torch
from record import offer_trial, record
from torch.nn import functional as F

from cnnkit import models, training
from cnnkit.training.devices import autocasting


class Way(NamedTuple):
    """One way to train: in which precision, layout, and how the GPU is told what to do."""

    precision: str
    memory_format: torch.memory_format = torch.channels_last
    tf32: bool = False  # NVIDIA's matrix units round float32 to 10 bits behind the point, or not
    compile: str | None = None  # the mode of torch.compile
    graph: bool = False  # the whole step recorded once as a CUDA graph, then replayed


# The network as it is trained here, and with one thing changed.
WAYS = {
    "float32, channels first": Way("float32", torch.contiguous_format),
    "float32, channels last": Way("float32"),
    "bfloat16, channels first": Way("bfloat16", torch.contiguous_format),
    "bfloat16, channels last": Way("bfloat16"),
    "bfloat16, channels last, compiled": Way("bfloat16", compile="default"),
}


def stepper(way, options, device):
    """Return a function that trains one step the given way.

    A trial compiles with a backend that changes nothing, for a compiler takes long.
    """
    torch.manual_seed(0)
    model = models.small_resnet(widths=options.widths).to(device, memory_format=way.memory_format)
    network = model
    if way.compile:
        # One size a network: dynamic sizes would be slower, and no CUDA graph can have them.
        how = {"backend": "eager"} if options.quick else {"mode": way.compile}
        network = torch.compile(model, dynamic=False, **how)
    # Recorded steps need the optimiser's own count of them on the GPU, too.
    descent = torch.optim.AdamW(model.parameters(), lr=1e-3, capturable=way.graph)
    images = torch.randn(options.batch_size, 3, options.size, options.size, device=device)
    images = images.contiguous(memory_format=way.memory_format)
    labels = torch.randint(2, (options.batch_size,), device=device)
    autocast, dtype = autocasting(way.precision, device)
    scaler = torch.amp.GradScaler(device.type, enabled=dtype is torch.float16)

    def step():
        with autocast:
            loss = F.cross_entropy(network(images), labels)
        descent.zero_grad()
        scaler.scale(loss).backward()
        scaler.step(descent)
        scaler.update()

    return recorded_once(step, descent) if way.graph else step


def recorded_once(step, descent):
    """Record a step as a CUDA graph, as PyTorch's notes on CUDA have it; return its replay."""
    aside = torch.cuda.Stream()
    aside.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(aside):
        for _ in range(3):
            step()
    torch.cuda.current_stream().wait_stream(aside)
    descent.zero_grad(set_to_none=True)  # so that the graph has gradients of its own
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        step()
    return graph.replay


def seconds(step, steps, device):
    """Let some steps run, and wait until they are done."""
    begin = time.perf_counter()
    for _ in range(steps):
        step()
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    return time.perf_counter() - begin


def measure(ways, options, device):
    """Time some ways, which take turns; return what is recorded of them."""
    torch.backends.cudnn.benchmark = True
    first, steps, times = {}, {}, {way: [] for way in ways}
    for name, way in ways.items():
        torch.backends.cudnn.allow_tf32 = way.tf32
        begin = time.perf_counter()
        steps[name] = stepper(way, options, device)
        seconds(steps[name], 2, device)
        first[name] = round(time.perf_counter() - begin, 2)
    for _ in range(options.rounds):
        for name, way in ways.items():
            torch.backends.cudnn.allow_tf32 = way.tf32
            times[name].append(seconds(steps[name], options.steps, device) / options.steps)
    middle = {name: statistics.median(values) for name, values in times.items()}
    return {
        "first_two_steps_seconds": first,
        "milliseconds_a_step": {name: round(1000 * m, 3) for name, m in middle.items()},
        "slowest_and_fastest_round_milliseconds": {
            name: [round(1000 * end, 3) for end in (max(values), min(values))]
            for name, values in times.items()
        },
        "images_per_second": {name: round(options.batch_size / m) for name, m in middle.items()},
    }


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
    load = os.getloadavg()[0]
    results = {
        "device": training.device_name(device),
        "load_at_start": round(load, 2),
        "size": options.size,
        "batch_size": options.batch_size,
        "widths": options.widths,
    }
    results |= measure(WAYS, options, device)
    print(results)
    record(f"train_speed_{device.type}", results, ["cnnkit", "torch"], trial=options.quick)


if __name__ == "__main__":
    main()
