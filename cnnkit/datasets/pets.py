"""The Oxford-IIIT pets: photographs of 37 breeds of cats and dogs, free to share."""

import numpy as np

from cnnkit.arguments import lesson
from cnnkit.datasets.dataset import Dataset, Entry, part
from cnnkit.datasets.files import Source, check, find, plain_files
from cnnkit.datasets.preparing import Listing, check_size, mark_of, prepared

__all__ = ["ENTRY", "list_photographs", "pets"]

_LICENCE = (
    "Oxford-IIIT Pet, O. M. Parkhi, A. Vedaldi, A. Zisserman and C. V. Jawahar: CC BY-SA 4.0; "
    "the photographs belong to their owners"
)
_PHOTOGRAPHS = Source(
    "pets/images.tar.gz",
    ("https://www.robots.ox.ac.uk/~vgg/data/pets/data/images.tar.gz",),
    791918971,
    "md5:5c4f3ee8e5d25df40f4fd59a7f44e54c",
    _LICENCE,
)
_LISTS = Source(
    "pets/annotations.tar.gz",
    ("https://www.robots.ox.ac.uk/~vgg/data/pets/data/annotations.tar.gz",),
    19173078,
    "md5:95a8c909bbe2e81eed6a22bccdf3f68f",
    _LICENCE,
)
_FIRST_TEST_NUMBER = 10_000


def pets(split="train", size=64, labels="species", download=False):
    """Return the Oxford-IIIT pets: 37 breeds of cats and dogs, free to share (R1's task again).

    Parameters
    ----------
    split : {'train', 'test', 'all'}, default 'train'
        The official lists: `trainval` has the numbers from 0, `test` those from 10,000.
    size : int, default 64
        Height and width in pixels: the middle square of each photograph, scaled.
    labels : {'species', 'breed'}, default 'species'
        Cat or dog, or which of the 37 breeds.
    download : bool, default False
        Fetch the two official archives (811 MB) if they are not on this machine.

    Returns
    -------
    Dataset
        `images` of shape (N, size, size, 3), a read-only memory map.

    Raises
    ------
    FileNotFoundError
        If an archive is not here and `download` is not set.
    ValueError
        If an archive is not the official one, or an argument makes no sense.
    OSError
        If a download fails, or the disk is full.
    """
    check_size(size)
    if labels not in ("species", "breed"):
        raise lesson(f"labels={labels!r} was given", "'species' or 'breed'", "Use one of them.")
    lists = find(_LISTS, download=download)
    archive = find(_PHOTOGRAPHS, download=download)

    def read():
        return list_photographs(check(archive, _PHOTOGRAPHS), check(lists, _LISTS))

    images, index, skipped = prepared("pets", mark_of(archive, lists), size, read)
    if labels == "species":
        names, column = ("cat", "dog"), index["species"]
    else:
        names, column = tuple(index["breeds"].tolist()), index["breed"]
    whole = Dataset(images, column, names, index["numbers"], skipped, _LICENCE)
    return part(whole, split, _FIRST_TEST_NUMBER)


def list_photographs(archive, lists):
    """List the photographs in the order of the official lists, and stream their bytes.

    Returns
    -------
    Listing
    """
    wanted = ("trainval.txt", "test.txt")
    texts = {name: content.decode() for name, content in plain_files(lists, wanted)}
    if missing := [name for name in wanted if name not in texts]:
        raise lesson(
            f"{lists} lacks {' and '.join(missing)}",
            "the annotations of the Oxford-IIIT pets",
            f"Fetch {_LISTS.urls[0]}.",
        )
    names, species, breed, numbers, breeds = [], [], [], [], {}
    for name, first in (("trainval.txt", 0), ("test.txt", _FIRST_TEST_NUMBER)):
        rows = [line.split() for line in texts[name].splitlines() if line[:1] not in ("", "#")]
        for number, (image, breed_id, species_id, _) in enumerate(rows, start=first):
            names.append(f"{image}.jpg")
            species.append(int(species_id) - 1)
            breed.append(int(breed_id) - 1)
            breeds[int(breed_id) - 1] = image.rsplit("_", 1)[0].replace("_", " ")
            numbers.append(number)
    row_of = {name: row for row, name in enumerate(names)}

    def stream():
        for name, content in plain_files(archive, row_of):
            yield row_of[name], content

    columns = {
        "species": np.array(species),
        "breed": np.array(breed),
        "numbers": np.array(numbers),
    }
    shared = {"breeds": np.array([breeds[i] for i in sorted(breeds)])}
    return Listing(names, columns, stream(), {}, shared)


ENTRY = Entry(
    what="7,349 photographs of 37 breeds",
    origin="found or downloaded",
    articles="R1",
    load=pets,
    model="resnet",
    epochs=60,
    lr=5e-3,
    augment={"scale": (0.5, 1.0), "flip": True, "jitter": 0.2},
)
