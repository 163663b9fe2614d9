"""Train the small network of the live widget in cnnkit.nn, and write its weights as JavaScript.

    CNNKIT_DATA=folder python benchmarks/export_live_network.py [--epochs 8] [--seed 0] [--quick]

The folder holds mnist/ with the four .gz files (CC BY-SA 3.0, Y. LeCun and C. Cortes). The network:
eight 5×5 filters, ReLU, 2×2 max pooling, sixteen 3×3 filters, ReLU, 2×2 max pooling, one dense
layer: 9,226 parameters. Each image is turned, slanted, scaled, moved, thickened or thinned at
random, because people draw with a mouse or a finger what MNIST's writers wrote with a pen.

Each filter's weights are then rounded to whole numbers from −127 to 127 times one scale, so that a
weight takes one byte in the page. The script writes cnnkit/widgets/digit_network/weights.mjs, and
both accuracies on the 10,000 test images, before and after rounding, to
benchmarks/results/live_network.json.
"""

import argparse
import base64
import time
from pathlib import Path

import mnist
import numpy as np
from record import offer_trial, record
from tqdm import tqdm

from cnnkit import nn, optim
from cnnkit.disk import write_whole

BATCH, PEAK_RATE = 128, 0.1
WEIGHTS = Path(__file__).parent.parent / "cnnkit" / "widgets" / "digit_network" / "weights.mjs"


def network(seed=None):
    rng = np.random.default_rng(seed)
    model = nn.Sequential(
        nn.Conv2d(1, 8, 5, padding=2, rng=rng),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(8, 16, 3, padding=1, rng=rng),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Linear(784, 10, rng=rng),
    )
    model[0].needs_input_grad = False
    return model


def warp(images, rng):
    """Turn, slant, scale and move each image by a little; between pixels, mix four of them."""
    count = len(images)
    turn, slant = rng.normal(0, 0.12, count), rng.normal(0, 0.15, count)
    wide, tall = rng.uniform(0.85, 1.2, (2, count))
    y, x = np.mgrid[0:28, 0:28] - 13.5
    cos, sin = (f(turn)[:, None, None] for f in (np.cos, np.sin))
    rows = (sin * x + cos * y) * tall[:, None, None]
    columns = (cos * x - sin * y + slant[:, None, None] * y) * wide[:, None, None]
    move = rng.uniform(-2, 2, (2, count, 1, 1))
    rows, columns = rows + 13.5 + move[0], columns + 13.5 + move[1]
    border = np.pad(images[:, 0], ((0, 0), (1, 2), (1, 2)))
    rows, columns = (np.clip(v + 1, 0, 28.999) for v in (rows, columns))
    r, c = rows.astype(int), columns.astype(int)
    down, right = rows - r, columns - c
    n = np.arange(count)[:, None, None]
    top = border[n, r, c] * (1 - right) + border[n, r, c + 1] * right
    bottom = border[n, r + 1, c] * (1 - right) + border[n, r + 1, c + 1] * right
    return (top * (1 - down) + bottom * down).astype(np.float32)[:, None]


def pen(images, rng):
    """Draw a quarter of the images with a thicker pen, a quarter with a thinner one."""
    images = images.copy()
    kind = rng.integers(0, 4, len(images))
    for number, mix in enumerate((np.maximum, np.minimum)):
        chosen = images[kind == number]
        for axis in (2, 3):
            chosen = mix(chosen, np.roll(chosen, rng.choice([-1, 1]), axis))
        images[kind == number] = chosen
    return images


def right(model, images, labels):
    """Count right answers in per cent."""
    model.eval()
    parts = range(0, len(images), 500)
    scores = np.concatenate([model(images[i : i + 500]) for i in parts])
    model.train()
    return round(100 * float((scores.argmax(axis=1) == labels).mean()), 2)


def train(model, images, labels, epochs, rng):
    """One cycle of SGD: the rate rises in the first quarter and falls to zero."""
    how = {"momentum": 0.9, "weight_decay": 2e-4, "nesterov": True}
    optimizer = optim.SGD(model.parameters(), 0.0, **how)
    loss = nn.CrossEntropyLoss(label_smoothing=0.05)
    steps = len(images) // BATCH
    for step in tqdm(range(steps * epochs)):
        if step % steps == 0:
            order = rng.permutation(len(images))
        done = step / (steps * epochs)
        optimizer.lr = PEAK_RATE * min(done / 0.25, (1 - done) / 0.75)
        chosen = order[step % steps * BATCH :][:BATCH]
        optimizer.zero_grad()
        loss(model(warp(pen(images[chosen], rng), rng)), labels[chosen])
        model.backward(loss.backward())
        optimizer.step()


def rounded(model):
    """Round each filter to whole numbers times a scale; return what the page needs of it."""
    layers = []
    for layer in (model[0], model[3], model[7]):
        weight = layer.weight.data
        scale = np.abs(weight).reshape(len(weight), -1).max(axis=1) / 127
        column = scale.reshape(-1, *[1] * (weight.ndim - 1))
        whole = np.rint(weight / column).astype(np.int8)
        short = np.array([float(f"{s:.6g}") for s in scale])
        bias = np.array([float(f"{b:.6g}") for b in layer.bias.data])
        layer.weight.data = (whole * short.reshape(column.shape)).astype(np.float32)
        layer.bias.data = bias.astype(np.float32)
        packed = base64.b64encode(whole.tobytes()).decode()
        layers.append((weight.shape, short, bias, packed))
    return layers


def write(layers):
    """Write the weights as a JavaScript module."""
    lines = [
        "// Weights of the live network, written by benchmarks/export_live_network.py: trained on",
        "// MNIST (CC BY-SA 3.0, Y. LeCun, C. Cortes). One signed byte a weight, times its scale.",
        "export const WEIGHTS = [",
    ]
    for shape, scale, bias, packed in layers:
        listed = [f"[{', '.join(f'{v:.6g}' for v in values)}]" for values in (shape, scale, bias)]
        lines.append("  {")
        for name, value in zip(("shape", "scale", "bias"), listed, strict=True):
            lines.append(f"    {name}: {value},")
        lines.append(f'    packed: "{packed}",')
        lines.append("  },")
    write_whole(WEIGHTS, "\n".join([*lines, "];", ""]))
    print(f"wrote {WEIGHTS.name}, {WEIGHTS.stat().st_size} bytes")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--epochs", type=int, default=8)
    offer_trial(parser)
    arguments = parser.parse_args()
    epochs = 1 if arguments.quick else arguments.epochs
    images, labels, test_images, test_labels = mnist.load(trial=arguments.quick)
    images, test_images = (part.astype(np.float32) / 255 for part in (images, test_images))
    model = network(arguments.seed)
    start = time.perf_counter()
    train(model, images, labels, epochs, np.random.default_rng(arguments.seed))
    seconds = time.perf_counter() - start
    before = right(model, test_images, test_labels)
    layers = rounded(model)
    after = right(model, test_images, test_labels)
    print(f"{seconds:.0f} s of training; test {before} %, with whole-number weights {after} %")
    if not arguments.quick:
        write(layers)
    results = {
        "parameters": sum(p.data.size for p in model.parameters()),
        "epochs": epochs,
        "training_seconds": round(seconds, 1),
        "test_percent": before,
        "test_percent_with_rounded_weights": after,
    }
    record("live_network", results, ["numpy"], trial=arguments.quick)


if __name__ == "__main__":
    main()
