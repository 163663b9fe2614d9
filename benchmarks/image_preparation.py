"""How fast photographs become one array: cnnkit's preparation against a plain Pillow loop.

    CNNKIT_DATA=folder python benchmarks/image_preparation.py [--quick]

Three ways, in turn, three rounds, the best of each; all read the same zip and make 64×64 pixels:

- plain: one after the other, open, convert, cut, resize, append to a list, as the article does;
- cnnkit: `cnnkit.datasets.preparing.prepare`, on all cores, into a file;
- decode: the limit, all cores do nothing but decode every pixel of every photograph.

Measured on the archive in CNNKIT_DATA, and on 600 photographs of an ordinary size (500×375) that
are cut here from those bundled with scikit-image.
"""

import argparse
import io
import os
import re
import tempfile
import time
import zipfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from joblib import cpu_count
from PIL import Image
from record import offer_trial, record

from cnnkit import images
from cnnkit.datasets.cats_vs_dogs import list_photographs
from cnnkit.datasets.preparing import prepare

SIZE, ROUNDS = 64, 3


def contents(archive):
    with zipfile.ZipFile(archive) as box:
        for name in box.namelist():
            if re.search(r"PetImages/(Cat|Dog)/\d+\.jpg$", name):
                yield box.read(name)


def plain(archive, folder):
    pictures = []
    for content in contents(archive):
        try:
            image = Image.open(io.BytesIO(content)).convert("RGB")
        except OSError:
            continue
        side = min(image.size)
        left, top = (image.width - side) // 2, (image.height - side) // 2
        image = image.crop((left, top, left + side, top + side))
        pictures.append(np.asarray(image.resize((SIZE, SIZE), Image.Resampling.BILINEAR)))
    return len(np.stack(pictures))


def cnnkit(archive, folder):
    listing = list_photographs(archive)
    count = len(listing.names)
    return count - len(prepare(listing.stream, count, SIZE, folder / "images.npy"))


def decode(archive, folder):
    def whole(chunk):
        good = 0
        for content in chunk:
            try:
                Image.open(io.BytesIO(content)).load()
                good += 1
            except OSError:
                pass
        return good

    everything = list(contents(archive))
    chunks = [everything[i : i + 32] for i in range(0, len(everything), 32)]
    with ThreadPoolExecutor(cpu_count()) as pool:
        return sum(pool.map(whole, chunks))


def ordinary_photographs(path, count):
    dice = np.random.default_rng(0)
    sources = [images.photograph(name) for name in ("cat", "coffee", "astronaut", "rocket")]
    sources = [Image.fromarray(source) for source in sources]
    with zipfile.ZipFile(path, "w") as box:
        for number in range(count):
            source = sources[number % 4]
            wide = int(dice.uniform(0.6, 1.0) * min(source.width, source.height * 4 / 3))
            left, top = (int(dice.integers(0, gap + 1)) for gap in
                         (source.width - wide, source.height - wide * 3 // 4))  # fmt: skip
            cut = source.crop((left, top, left + wide, top + wide * 3 // 4))
            file = io.BytesIO()
            cut.resize((500, 375), Image.Resampling.BICUBIC).save(file, "JPEG", quality=90)
            box.writestr(f"PetImages/{('Cat', 'Dog')[number % 2]}/{number}.jpg", file.getvalue())
    return path


def measure(archive, folder):
    seconds = {way: [] for way in (plain, cnnkit, decode)}
    work = {way: [] for way in seconds}
    for _ in range(ROUNDS):
        for way, times in seconds.items():
            begin, begin_work = time.perf_counter(), time.process_time()
            count = way(archive, folder)
            times.append(time.perf_counter() - begin)
            work[way].append(time.process_time() - begin_work)
            time.sleep(0.2)
    best = {way.__name__: min(times) for way, times in seconds.items()}
    return {
        "photographs": count,
        "pixels_out": [SIZE, SIZE],
        "seconds": {way: round(s, 2) for way, s in best.items()},
        "processor_seconds": {way.__name__: round(min(s), 2) for way, s in work.items()},
        "photographs_per_second": {way: round(count / s) for way, s in best.items()},
        "cnnkit_times_faster_than_plain": round(best["plain"] / best["cnnkit"], 2),
        "cnnkit_share_of_decode_limit": round(best["decode"] / best["cnnkit"], 2),
    }


def reading(archive, folder):
    """How many pictures a second come out of the prepared file in shuffled batches of 128."""
    cnnkit(archive, folder)
    pictures = np.load(folder / "images.npy", mmap_mode="r")
    order = np.random.default_rng(0).permutation(len(pictures))
    best = float("inf")
    for _ in range(ROUNDS):
        begin = time.perf_counter()
        for start in range(0, len(order), 128):
            pictures[np.sort(order[start : start + 128])]
        best = min(best, time.perf_counter() - begin)
    return round(len(order) / best)


def busy():
    """Processor seconds since the start of the machine: all of it, and this process."""
    with open("/proc/stat") as file:
        user, nice, system, _, _, *interrupts = map(int, file.readline().split()[1:8])
    ticks = user + nice + system + sum(interrupts)
    return ticks / os.sysconf("SC_CLK_TCK"), sum(os.times()[:2])


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    offer_trial(parser)
    options = parser.parse_args()
    begin, before = time.perf_counter(), busy()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        count = 60 if options.quick else 600
        ordinary = ordinary_photographs(folder / "ordinary.zip", count)
        archives = {"ordinary photographs, 500×375": ordinary}
        if not options.quick:
            data = Path(os.environ["CNNKIT_DATA"])
            archive = min(data.glob("kagglecatsanddogs*.zip"))
            archives = {archive.name: archive, **archives}
        results = {"rounds": ROUNDS}
        results |= {what: measure(path, folder) for what, path in archives.items()}
        results["read_back_per_second"] = reading(next(iter(archives.values())), folder)
    everyone, ours = (b - a for a, b in zip(before, busy(), strict=True))
    whole = (time.perf_counter() - begin) * cpu_count()
    results["processor_share_of_other_processes"] = round((everyone - ours) / whole, 2)
    for what, figures in results.items():
        print(what, figures)
    record("image_preparation", results, ["cnnkit", "pillow", "numpy"], trial=options.quick)


if __name__ == "__main__":
    main()
