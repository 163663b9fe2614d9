"""Train on the real photographs of cats and dogs, and keep the curve.

    CNNKIT_DATA=folder python benchmarks/train_photos.py [--model resnet] [--epochs 14] [--size 64]
    CNNKIT_DATA=folder python benchmarks/train_photos.py --ablation [--epochs 8] [--seeds 2]

The folder holds a ``kagglecatsanddogs*.zip``. Photographs with numbers below 10,000 are for
training, the others for testing: they are looked at once an epoch, and nothing is chosen by them.
The clock counts training alone: not the preparation of the photographs, and not the judging.

It runs on a processor as on a GPU, which it names, and writes
benchmarks/results/train_photos_NAME_DEVICE.json, where the name is the model's if no other is
given; a run on a part of the photographs (``--pictures``) is a trial and writes nothing; so is
``--quick``, one epoch of 128 drawings in their place. No photograph enters the record.

``--weights FILE`` keeps the network, for ``python -m cnnkit predict``.

``--ablation`` trains the small resnet again and again, each time without one of its tricks, and
writes benchmarks/results/train_ablation_DEVICE.json after each seed. Seeds that the same recipe has
recorded there, with the same versions on the same device, are not run again: ask for one more.
"""

import argparse
import json
import os
import time

import torch
from record import RESULTS, offer_trial, offer_weights, record, versions

from cnnkit import datasets, models, training

PACKAGES = ["cnnkit", "torch", "numpy", "pillow"]
TRICKS = {
    "article": {"lr": 1e-3, "epochs": 5, "one_cycle": False, "weight_decay": 0.0},
    "resnet": {"lr": 5e-3, "epochs": 14, "label_smoothing": 0.1, "ema": 0.99},
}


def recipe_for(name, size, widths=None):
    """The network by its name; the small resnet has its four stages at any size."""
    return training.recipe(name, size, 2, 3, widths or (16, 32, 64, 128))


def first(data, count):
    """The first `count` photographs, or all of them."""
    parts = (data.images[:count], data.labels[:count], data.names, data.numbers[:count])
    return datasets.Dataset(*parts, data.skipped, data.licence)


def without_shortcuts(model):
    """Let the residual blocks hand on what their bodies make, and not add it to their input."""
    for block in model.modules():
        if isinstance(block, models.Residual):
            torch.nn.init.ones_(block.body[-1].weight)
            block.forward = torch.nn.Sequential(block.body, block.relu).forward
    return model


def without_batch_norm(model):
    """Replace each batch norm by a bias, which it brought with it."""
    for part in list(model.modules()):
        for name, layer in list(part.named_children()):
            if isinstance(layer, torch.nn.BatchNorm2d):
                setattr(part, name, torch.nn.Identity())
            elif isinstance(layer, torch.nn.Conv2d) and layer.bias is None:
                layer.bias = torch.nn.Parameter(torch.zeros(layer.out_channels))
    return model


# What each trick is replaced by: arguments of `fit`, or a change of the network.
WITHOUT = {
    "augmentation": {"augment": None},
    "one-cycle learning rate": {"one_cycle": False, "lr": 1e-3},
    "label smoothing": {"label_smoothing": 0.0},
    "average of the weights": {"ema": 0.0},
    "weight decay": {"weight_decay": 0.0},
    "shortcuts": without_shortcuts,
    "batch normalisation": without_batch_norm,
    "half precision": {"precision": "float32"},
    "channels last": {"channels_last": False},
}


def train_once(model, train, test, recipe, device):
    """Train, judge with and without flips, and return what is recorded of it."""
    history = training.fit(model, train, test, device=device, **recipe)
    seconds = sum(entry["seconds"] for entry in history)
    judged = {flip: training.evaluate(model, test, flip=flip) for flip in (False, True)}
    steps = len(train) // recipe["batch_size"]
    return {
        "training_seconds": round(seconds, 2),
        "images_per_second": round(len(history) * steps * recipe["batch_size"] / seconds, 1),
        "test_loss": round(judged[False][0], 5),
        "test_accuracy_percent": round(100 * judged[False][1], 2),
        "test_accuracy_with_flip_percent": round(100 * judged[True][1], 2),
        "history": [{k: v for k, v in entry.items() if k != "device"} for entry in history],
    }


def without_each(seed, options, train, test, recipe, device):
    """Train with everything, then without each trick."""
    found = {}
    for trick, instead in {"nothing": {}, **WITHOUT}.items():
        torch.manual_seed(seed)
        model = training.build(recipe_for("resnet", options.size, options.widths))
        changed = {**recipe, "seed": seed}
        if callable(instead):
            instead(model)
        else:
            changed |= instead
        found[trick] = train_once(model, train, test, changed, device)
        del found[trick]["history"]
        print(f"without {trick}, seed {seed}: {found[trick]}", flush=True)
    return found


def recorded_seeds(name, results):
    """What the same ablation, if there was one, has recorded: for each trick a list of results."""
    path = RESULTS / f"{name}.json"
    if path.is_file():
        old, new = json.loads(path.read_text()), json.loads(json.dumps(results))
        same = ("device", "widths", "size", "train_pictures", "test_pictures", "recipe")
        if old["versions"] == versions(PACKAGES) and all(old["results"][k] == new[k] for k in same):
            return old["results"]["without"]
    return {trick: [] for trick in ("nothing", *WITHOUT)}


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
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--name", help="of the record")
    parser.add_argument("--ablation", action="store_true", help="once without each trick")
    parser.add_argument("--seeds", type=int, default=1, help="of the ablation")
    parser.add_argument("--pictures", type=int, help="train on the first so many: a trial")
    offer_weights(parser)
    offer_trial(parser)
    options = parser.parse_args()
    if options.quick:
        options.pictures, options.epochs = 128, 1

    device = training.pick_device(options.device)
    begin = time.perf_counter()
    if options.quick:
        parts = [datasets.cartoons(options.pictures, options.size, start=at) for at in (0, 1000)]
    else:
        parts = [datasets.cats_vs_dogs(part, size=options.size) for part in ("train", "test")]
    prepared = time.perf_counter() - begin
    train, test = (first(data, options.pictures) for data in parts)
    recipe = dict(TRICKS[options.model])
    recipe |= {k: v for k in ("epochs", "lr") if (v := getattr(options, k)) is not None}
    if options.model == "resnet":
        recipe["augment"] = datasets.CATALOGUE["cats-vs-dogs"].augment
    recipe |= {"batch_size": options.batch_size, "precision": options.precision}
    recipe |= {"compile": options.compile, "seed": options.seed}

    torch.manual_seed(options.seed)
    torch.backends.cudnn.benchmark = True
    network = recipe_for(options.model, options.size, options.widths)
    model = training.build(network)
    results = {
        "device": training.device_name(device),
        "driver_and_cuda": [torch.version.cuda, driver()] if device.type == "cuda" else None,
        "threads": torch.get_num_threads(),
        "load_at_start": round(os.getloadavg()[0], 2),
        "model": options.model,
        "widths": options.widths,
        "parameters": sum(p.numel() for p in model.parameters()),
        "size": options.size,
        "train_pictures": len(train),
        "test_pictures": len(test),
        "skipped_files": len(train.skipped),
        "recipe": recipe,
        "preparation_seconds": round(prepared, 2),
    }
    name = "ablation" if options.ablation else f"photos_{options.name or options.model}"
    name = f"train_{name}_{device.type}"

    def keep():
        record(name, results, PACKAGES, trial=bool(options.pictures))

    if options.ablation:
        results["without"] = recorded_seeds(name, results)
        for seed in range(len(results["without"]["nothing"]), options.seeds):
            found = without_each(seed, options, train, test, recipe, device)
            for trick, done in found.items():
                results["without"][trick].append(done)
            keep()
        keep()  # with no seed missing, too: the record's command says how many it holds
    else:
        results |= train_once(model, train, test, recipe, device)
        if options.weights:
            training.save_weights(options.weights, model, network, train.names, options.size)
        print({key: value for key, value in results.items() if key != "history"})
        keep()


def driver():
    """Return the version of NVIDIA's driver, or None."""
    import subprocess

    query = ["nvidia-smi", "--query-gpu=driver_version", "--format=csv,noheader"]
    try:
        return subprocess.check_output(query, text=True).split()[0]
    except (OSError, subprocess.CalledProcessError):
        return None


if __name__ == "__main__":
    main()
