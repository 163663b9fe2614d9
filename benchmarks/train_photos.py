"""Train on the real photographs of cats and dogs, and keep the curve.

    CNNKIT_DATA=folder python benchmarks/train_photos.py [--model resnet] [--epochs 14] [--size 64]

The folder holds a ``kagglecatsanddogs*.zip``. Photographs with numbers below 10,000 are for
training, the others for testing: they are looked at once an epoch, and nothing is chosen by them.
The clock counts training alone: not the preparation of the photographs, and not the judging.

It runs on a processor as on a GPU, which it names, and writes
benchmarks/results/train_photos_MODEL_DEVICE.json; a run on a part of the photographs
(``--pictures``) is a trial and writes nothing. No photograph enters the record.
"""

import argparse
import os
import time

import torch
from record import record

from cnnkit import datasets, models, training
from cnnkit.training.command import DATA

TRICKS = {
    "article": {"lr": 1e-3, "epochs": 5, "one_cycle": False, "weight_decay": 0.0},
    "resnet": {"lr": 5e-3, "epochs": 14, "label_smoothing": 0.1, "ema": 0.99},
}


def build(name, size, widths):
    """The network by its name."""
    if name == "article":
        return models.article_model(size)
    return models.small_resnet(widths=widths) if widths else models.small_resnet()


def first(data, count):
    """The first `count` photographs, or all of them."""
    parts = (data.images[:count], data.labels[:count], data.names, data.numbers[:count])
    return datasets.Dataset(*parts, data.skipped, data.licence)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", choices=TRICKS, default="resnet")
    parser.add_argument("--epochs", type=int, help="5 for the article's network, 14 for the other")
    parser.add_argument("--size", type=int, default=64)
    parser.add_argument("--widths", type=int, nargs="+", metavar="N", help="of the resnet's stages")
    parser.add_argument("--batch-size", type=int, default=64)
    parser.add_argument("--lr", type=float, help="the peak of the learning rate")
    parser.add_argument("--device")
    parser.add_argument("--precision", default="auto")
    parser.add_argument("--compile", action="store_true")
    parser.add_argument("--no-augmentation", action="store_true")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--pictures", type=int, help="train on the first so many: a trial")
    options = parser.parse_args()

    device = training.pick_device(options.device)
    begin = time.perf_counter()
    parts = [datasets.cats_vs_dogs(part, size=options.size) for part in ("train", "test")]
    prepared = time.perf_counter() - begin
    train, test = (first(data, options.pictures) for data in parts)
    recipe = dict(TRICKS[options.model])
    recipe |= {k: v for k in ("epochs", "lr") if (v := getattr(options, k)) is not None}
    if options.model == "resnet" and not options.no_augmentation:
        recipe["augment"] = DATA["cats-vs-dogs"]["augment"]
    recipe |= {"batch_size": options.batch_size, "precision": options.precision}
    recipe |= {"compile": options.compile, "seed": options.seed}

    torch.manual_seed(options.seed)
    torch.backends.cudnn.benchmark = True
    model = build(options.model, options.size, options.widths)
    load = os.getloadavg()[0]
    history = training.fit(model, train, test, device=device, **recipe)
    seconds = sum(entry["seconds"] for entry in history)
    judged = {flip: training.evaluate(model, test, flip=flip) for flip in (False, True)}
    results = {
        "device": training.device_name(device),
        "driver_and_cuda": [torch.version.cuda, _driver()] if device.type == "cuda" else None,
        "load_at_start": round(load, 2),
        "model": options.model,
        "parameters": sum(p.numel() for p in model.parameters()),
        "size": options.size,
        "train_pictures": len(train),
        "test_pictures": len(test),
        "skipped_files": len(train.skipped),
        "recipe": recipe,
        "preparation_seconds": round(prepared, 2),
        "training_seconds": round(seconds, 2),
        "images_per_second": round(
            len(history) * (len(train) // options.batch_size) * options.batch_size / seconds, 1
        ),
        "test_loss": round(judged[False][0], 5),
        "test_accuracy_percent": round(100 * judged[False][1], 2),
        "test_accuracy_with_flip_percent": round(100 * judged[True][1], 2),
        "history": [{k: v for k, v in entry.items() if k != "device"} for entry in history],
    }
    print({key: value for key, value in results.items() if key != "history"})
    if options.pictures:
        print("A trial on a part of the photographs: nothing is recorded.")
    else:
        name = f"train_photos_{options.model}_{device.type}"
        record(name, results, ["cnnkit", "torch", "numpy", "pillow"])


def _driver():
    import subprocess

    query = ["nvidia-smi", "--query-gpu=driver_version", "--format=csv,noheader"]
    try:
        return subprocess.check_output(query, text=True).split()[0]
    except (OSError, subprocess.CalledProcessError):
        return None


if __name__ == "__main__":
    main()
