"""Ten minutes on a GPU: all that the pages want to know of one, by one command.

    CNNKIT_DATA=folder python benchmarks/gpu.py [--minutes 10]

The folder holds a ``kagglecatsanddogs*.zip``; photographs with numbers below 10,000 are for
training, the others for testing. The most important comes first:

- speed: one training step of the small residual network in float32, TF32, bfloat16 and float16,
  and in both layouts; then for larger and larger batches;
- memory: what ``models.memory_of_training`` says, beside PyTorch's own highest count;
- scratch: the photographs at 96 pixels, learned from nothing by a residual network of twice the
  widths, as in ``train_photos.py``;
- tuned: EfficientNet-Lite0, all of its layers, on 100 photographs and on all, as in
  ``train_pretrained.py``;
- graphs: the whole step, and larger and larger batches, recorded once as a CUDA graph;
- compiled: the step by ``torch.compile``, and with ``mode="reduce-overhead"``, which records CUDA
  graphs of what it has compiled;
- scratch and tuned once more with a second seed.

Whatever no longer fits into the minutes is left out, and so is what this GPU cannot do; the record
says what, and why. The minutes count from the start, so preparing the photographs for the first
time, some seconds to a minute, is among them. benchmarks/results/gpu_DEVICE.json is written after
each part, so a run that is cut short has lost nothing but the part that it was in. No photograph
enters the record.

``--device cpu --quick`` rehearses every part on a processor, on a few drawings, and records
nothing.
"""

import argparse
import contextlib
import os
import re
import signal
import sys
import time
from functools import partial
from types import SimpleNamespace

import numpy as np
import torch
import train_photos
import train_pretrained
import train_speed
from record import offer_trial, record
from torch.nn import functional as F
from train_speed import Way

from cnnkit import datasets, models, training
from cnnkit.training.devices import autocasting

PACKAGES = ["cnnkit", "torch", "numpy", "pillow", "scikit-learn"]
LEAST_MEMORY = 4e9  # bytes
SEEDS = (0, 1)
WIDE = [32, 64, 128, 256]

# Networks of the course: one image, and how many are in a batch.
NETWORKS = {
    "small_resnet": ((3, 64, 64), 64),
    "article_model": ((3, 300, 300), 16),
    "lenet": ((1, 28, 28), 256),
    "resnet18": ((3, 224, 224), 16),
    "googlenet": ((3, 224, 224), 16),
    "efficientnet_lite0": ((3, 224, 224), 16),
}


def stop(what, remedy):
    """End with a sentence that says what to do."""
    sys.exit(f"{what} {remedy}")


def check(options):
    """Refuse a machine that lacks something, before any work; return the device."""
    device = torch.device(options.device)
    if device.type == "cpu" and options.quick:
        return device
    if device.type != "cuda" or not torch.cuda.is_available():
        stop(
            "No GPU that PyTorch can use (CUDA) is here.",
            "Run this on a machine with a card of NVIDIA's and a PyTorch for it (`nvidia-smi` "
            "shows the one, `torch.version.cuda` the other), or rehearse: --device cpu --quick.",
        )
    free, whole = torch.cuda.mem_get_info(device)
    if free < LEAST_MEMORY:
        stop(
            f"Only {free / 1e9:.1f} of the GPU's {whole / 1e9:.1f} GB are free, and "
            f"{LEAST_MEMORY / 1e9:.0f} are needed.",
            "End what else runs there (`nvidia-smi` names it), or take a larger one.",
        )
    return device


def load(size, trial):
    """Return the pictures to learn from, and those to judge by."""
    if trial:
        return [datasets.cartoons(40, 32, start=start) for start in (0, 40)]
    try:
        return [datasets.cats_vs_dogs(part, size=size) for part in ("train", "test")]
    except (OSError, ValueError) as error:
        stop("The photographs cannot be read.", f"Let CNNKIT_DATA name their folder. {error}")


@contextlib.contextmanager
def alarm(seconds):
    """Stop what is within when the seconds are over; on Windows, let it end."""

    def ring(*_):
        raise TimeoutError("the time was up")

    if not hasattr(signal, "setitimer"):
        yield
        return
    former = signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, former)


class Run:
    """What has been found so far, and how much time is left."""

    def __init__(self, options, device):
        self.options, self.device, self.trial = options, device, options.quick
        self.begin = time.monotonic()
        name = training.device_name(device)
        half = torch.bfloat16
        if device.type == "cuda":
            _, half = autocasting("auto", device)
        self.half = str(half).removeprefix("torch.")
        self.name = "gpu_" + re.sub(r"[^a-z0-9]+", "-", name.lower().split(" (")[0]).strip("-")
        self.results = {
            "device": name,
            "cuda": torch.version.cuda,
            "driver": train_photos.driver() if device.type == "cuda" else None,
            "memory_bytes": torch.cuda.mem_get_info(device)[1] if device.type == "cuda" else None,
            "half_precision": self.half,
            "minutes_allowed": options.minutes,
            "load_at_start": round(os.getloadavg()[0], 2),
            "left_out": {},
        }

    def left(self):
        """Seconds that are left."""
        return 60 * self.options.minutes - (time.monotonic() - self.begin)

    def part(self, name, work, needs=0):
        """Do a part if its seconds are left, and keep what it gives; say why when it gave nothing.

        A card may lack what one part asks for; the others are to be measured all the same.
        """
        found = None
        if (left := self.left()) < needs:
            why = f"needs about {needs:.0f} s, and {max(left, 0):.0f} were left"
        else:
            try:
                with alarm(max(left, 0.001)):
                    found = work()
            except (RuntimeError, ValueError, TimeoutError) as error:  # lack of memory is the first
                why = f"{type(error).__name__}: {str(error).strip().partition(chr(10))[0][:200]}"
        if found is None:
            self.results["left_out"][name] = why
        else:
            kind, _, which = name.partition(": ")
            self.results.setdefault(kind, {})[which] = found
        print(f"{name}: {found or 'left out, ' + why}", flush=True)
        self.results["minutes_taken"] = round((time.monotonic() - self.begin) / 60, 2)
        self.keep()
        if self.device.type == "cuda":
            torch.cuda.empty_cache()
        return found

    def keep(self):
        """Write what has been found so far; of a trial, nothing."""
        if not self.trial:
            record(self.name, self.results, PACKAGES)

    def settings(self, **changed):
        """Return the settings of a step, as `train_speed` takes them; a trial's are tiny."""
        usual = {"size": 64, "batch_size": 64, "widths": [16, 32, 64, 128], "steps": 20}
        usual |= {"rounds": 5, "quick": self.trial} | changed
        if self.trial:
            usual |= {"size": 16, "batch_size": 4, "widths": [4, 8], "steps": 1, "rounds": 1}
        return SimpleNamespace(**usual)

    def can(self, way):
        """Whether this device has a way's precision, and does not only emulate it."""
        return way.precision != "bfloat16" or self.half == "bfloat16"


def speed(run):
    """Time the ways of training one step that need neither a compiler nor a recording."""
    ways = {
        "float32, channels first": Way("float32", torch.contiguous_format),
        "float32, channels last": Way("float32"),
        "TF32, channels last": Way("float32", tf32=True),
        "bfloat16, channels first": Way("bfloat16", torch.contiguous_format),
        "bfloat16, channels last": Way("bfloat16"),
        "float16, channels last": Way("float16"),
    }
    for name in [name for name, way in ways.items() if not run.can(way)]:
        run.results["left_out"][name] = f"{ways.pop(name).precision} is only emulated here"
    run.part("speed: steps", partial(train_speed.measure, ways, run.settings(), run.device), 20)


def batches(run, name, way):
    """Time larger and larger batches, trained one way."""
    for batch_size in (16, 64, 256, 1024):
        settings = run.settings(batch_size=batch_size)
        work = partial(train_speed.measure, {name: way}, settings, run.device)
        run.part(f"batches: {batch_size}, {name}", work, 8)


def graphs(run):
    """Time steps that are recorded as CUDA graphs, which not every machine allows."""
    # The scaler of float16 asks the GPU after each step, which a graph cannot hold.
    half = Way("bfloat16", graph=True)
    for name, way in (
        ("TF32, channels last, CUDA graph", Way("float32", tf32=True, graph=True)),
        ("bfloat16, channels last, CUDA graph", half),
    ):
        if run.device.type == "cuda" and run.can(way):
            work = partial(train_speed.measure, {name: way}, run.settings(), run.device)
            run.part(f"speed: {name}", work, 10)
        else:
            run.results["left_out"][name] = "this device cannot"
    if run.device.type == "cuda" and run.can(half):
        batches(run, "CUDA graph", half)


def memory(run):
    """Hold the estimate against PyTorch's highest count, for networks of the course."""

    def one(name):
        shape, batch = NETWORKS[name]
        if run.trial:
            batch = 2
        torch.manual_seed(0)
        before = torch.cuda.memory_allocated() if run.device.type == "cuda" else 0
        model = getattr(models, name)().to(run.device)
        estimate = models.memory_of_training(model, shape, batch)
        descent = torch.optim.AdamW(model.parameters())
        images = torch.randn(batch, *shape, device=run.device)
        labels = torch.zeros(batch, dtype=torch.long, device=run.device)
        if run.device.type == "cuda":
            torch.cuda.reset_peak_memory_stats()
        for _ in range(2):  # the optimiser remembers from the first step on
            loss = F.cross_entropy(model(images), labels)
            descent.zero_grad()
            loss.backward()
            descent.step()
        found = {"batch_size": batch, "estimated_bytes": estimate.total}
        if run.device.type == "cuda":
            found["measured_bytes"] = torch.cuda.max_memory_allocated() - before
            found["measured_over_estimated"] = found["measured_bytes"] / estimate.total
        return found

    torch.backends.cudnn.benchmark = False  # which tries kernels that need much workspace
    for name in ("small_resnet", "lenet") if run.trial else NETWORKS:
        run.part(f"memory: {name}", partial(one, name), 10)
    torch.backends.cudnn.benchmark = True


def scratch(run, seed):
    """Learn the photographs from nothing, in as many epochs as a quarter of the time allows."""
    settings = run.settings(size=96, batch_size=256, widths=WIDE)
    share = 15 * run.options.minutes  # seconds
    former = run.results.get("scratch", {}).get("seed 0")

    def epochs_for(train):
        if run.trial or former:
            return former["epochs"] if former else 1
        way = {"once": Way(run.half)}
        pace = train_speed.measure(way, settings, run.device)["images_per_second"]["once"]
        # Reading and views take time as well, and so does judging after each epoch.
        epochs = int(min(60, share * pace * 0.5 / len(train)))
        if epochs < 5:
            raise ValueError("not even five epochs fit into a quarter of the time")
        return epochs

    def work():
        train, test = load(96, run.trial)
        recipe = dict(train_photos.TRICKS["resnet"])
        recipe |= {"augment": datasets.CATALOGUE["cats-vs-dogs"].augment, "precision": run.half}
        recipe |= {"batch_size": settings.batch_size, "epochs": epochs_for(train), "seed": seed}
        torch.manual_seed(seed)
        model = training.build(train_photos.recipe_for("resnet", settings.size, settings.widths))
        found = {
            "seed": seed,
            "epochs": recipe["epochs"],
            "size": train.images.shape[1],
            "train_pictures": len(train),
            "test_pictures": len(test),
            "widths": settings.widths,
            "parameters": sum(p.numel() for p in model.parameters()),
            "recipe": recipe,
        }
        return found | train_photos.train_once(model, train, test, recipe, run.device)

    needs = 1.3 * former["training_seconds"] if former else share
    run.part(f"scratch: seed {seed}", work, needs)


def tuned(run, seed):
    """Fine-tune all of EfficientNet-Lite0: on 100 photographs twenty epochs, on all of them two."""
    device = run.device

    def put(images, rows):
        return training.to_input(torch.from_numpy(np.array(images[rows])).to(device))

    def features(images, rows):
        body = train_pretrained.channels_last(models.pretrained()[:-2]).to(device)
        with torch.inference_mode(), autocasting(run.half, device)[0]:
            pieces = np.array_split(rows, len(rows) // 50 + 1)
            return torch.cat([body(put(images, some)).float().cpu() for some in pieces]).numpy()

    def work(count, epochs):
        train, test = load(224, run.trial)
        rows = train_pretrained.draw(train.labels, count or len(train), seed)
        labels = train.labels[rows]

        def look(chosen, sides):
            batch = put(train.images, rows[chosen])
            mirrored = torch.from_numpy(sides).to(device).bool()
            return torch.where(mirrored[:, None, None, None], batch.flip(3), batch)

        begin = time.perf_counter()
        regression = train_pretrained.linear(features(train.images, rows), labels)
        head = train_pretrained.as_layer(regression)
        how = {"frozen": 0, "device": device, "precision": run.half}
        network = train_pretrained.tune(look, labels, head, epochs, seed, **how).eval()
        if device.type == "cuda":
            torch.cuda.synchronize()
        seconds = time.perf_counter() - begin
        found = {"seed": seed, "epochs": epochs, "seconds": round(seconds, 1)}
        found |= {"train_pictures": len(rows), "all": len(train), "test_pictures": len(test)}
        for flip, kind in ((False, ""), (True, "_with_flip")):
            share = training.evaluate(network, test, flip=flip, precision=run.half)[1]
            found[f"test_accuracy{kind}_percent"] = round(100 * share, 2)
        return found

    few, often, twice = (20, 1, 1) if run.trial else (100, 20, 2)
    first = run.part(f"tuned: {few} pictures, seed {seed}", partial(work, few, often), 60)
    if first:
        pace = few * often / first["seconds"]
        needs = 0 if run.trial else 1.3 * twice * first["all"] / pace
        run.part(f"tuned: all pictures, seed {seed}", partial(work, None, twice), needs)


def compiled(run):
    """Time the compiled step, each mode in a part of its own, for compiling takes long."""
    settings = run.settings()
    for mode in ("default", "reduce-overhead"):
        name = f"{run.half}, channels last, compiled ({mode})"
        way = {name: Way(run.half, compile=mode)}
        if run.part(f"speed: {name}", partial(train_speed.measure, way, settings, run.device), 60):
            torch.compiler.reset()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--minutes", type=float, default=10, help="what may be taken at most")
    parser.add_argument("--device", default="cuda", help="cuda:1 is the second; cpu to rehearse")
    offer_trial(parser)
    options = parser.parse_args()
    device = check(options)
    run = Run(options, device)
    for size in (96, 224):  # found, and prepared, before anything is measured
        load(size, options.quick)
    speed(run)
    batches(run, "step by step", Way(run.half))
    memory(run)
    scratch(run, SEEDS[0])
    tuned(run, SEEDS[0])
    graphs(run)
    compiled(run)
    scratch(run, SEEDS[1])
    tuned(run, SEEDS[1])
    for name, why in run.results["left_out"].items():
        print(f"left out: {name}: {why}")
    if options.quick:
        print("A trial: nothing is recorded.")


if __name__ == "__main__":
    main()
