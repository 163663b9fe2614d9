"""The Oxford-IIIT pets follow their official lists."""

import importlib

import numpy as np
import pytest
from archives import jpeg, official, tar_gz

from cnnkit import datasets
from cnnkit.pictures import to_bytes

PETS = importlib.import_module("cnnkit.datasets.pets")  # the name itself means the function


@pytest.fixture
def small_pets(data, monkeypatch):
    drawn = datasets.cartoons(9, size=80)
    names = ["Abyssinian_1", "beagle_2", "Egyptian_Mau_3", "Abyssinian_10", "beagle_7"]
    rows = {"Abyssinian": "1 1 1", "beagle": "2 2 1", "Egyptian_Mau": "3 1 2"}
    lists = {"trainval.txt": names[:3], "test.txt": names[3:]}
    texts = [
        (
            f"annotations/{file}",
            "".join(f"{n} {rows[n.rsplit('_', 1)[0]]}\n" for n in listed).encode(),
        )
        for file, listed in lists.items()
    ]
    (data / "pets").mkdir()
    labels = tar_gz(data / "pets" / "annotations.tar.gz", texts)
    contents = {name: jpeg(image) for name, image in zip(names, drawn.images, strict=False)}
    contents["beagle_2"] = contents["beagle_2"][:300]
    pictures = [(f"images/{name}.jpg", contents[name]) for name in sorted(contents)]
    archive = tar_gz(
        data / "pets" / "images.tar.gz", [*pictures, ("images/Abyssinian_102.mat", b"?")]
    )
    official(monkeypatch, PETS, "_LISTS", labels)
    official(monkeypatch, PETS, "_PHOTOGRAPHS", archive)
    return contents


def test_pets_follow_the_official_lists(small_pets):
    species = datasets.pets("all", size=40)
    assert species.names == ("cat", "dog") and species.labels.tolist() == [0, 0, 0, 1]
    assert species.numbers.tolist() == [0, 2, 10_000, 10_001]
    assert list(species.skipped) == ["beagle_2.jpg"]
    assert species.skipped["beagle_2.jpg"].startswith("it is")
    train, test = datasets.pets("train", size=40), datasets.pets("test", size=40)
    assert (len(train), len(test)) == (2, 2)
    breed = datasets.pets("all", size=40, labels="breed")
    assert breed.names == ("Abyssinian", "beagle", "Egyptian Mau")
    assert breed.labels.tolist() == [0, 2, 0, 1]
    # The archive is in another order than the lists: each picture found its row.
    for image, name in zip(
        species.images, ["Abyssinian_1", "Egyptian_Mau_3", "Abyssinian_10", "beagle_7"], strict=True
    ):
        assert np.array_equal(image, to_bytes(small_pets[name], 40))
    with pytest.raises(ValueError, match="'species' or 'breed'"):
        datasets.pets(labels="colour")


def test_pets_with_other_bytes_are_refused(data, small_pets):
    with open(data / "pets" / "images.tar.gz", "ab") as file:
        file.write(b"0")
    with pytest.raises(ValueError, match=r"not the official images\.tar\.gz"):
        datasets.pets()
