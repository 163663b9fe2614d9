"""What a run leaves for use: all that is needed to name pictures, and nothing that runs."""

import numpy as np
import pytest
import torch
from PIL import Image

from cnnkit import cli, datasets, models, training
from cnnkit.training.weights import MODELS, build


def saved(path, model="resnet", size=16, names=("cat", "dog"), channels=3):
    """Write the weights of a network that has learned nothing yet, and return it."""
    torch.manual_seed(0)
    kind = training.recipe(model, size, len(names), channels)
    network = build(kind).eval()
    training.save_weights(path, network, kind, names, size)
    return network


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("model", MODELS)
def test_a_network_comes_back_from_its_file_alone(model, channels, tmp_path):
    path = tmp_path / "weights.pt"
    network = saved(path, model, 20, ("a", "b", "c"), channels)
    found = training.load_trained(path)
    assert (found.names, found.size, found.channels) == (("a", "b", "c"), 20, channels)
    picture = torch.rand(2, channels, 20, 20)
    assert torch.equal(found.model(picture), network(picture))
    assert training.load_weights(path).keys() == network.state_dict().keys()


def test_a_network_that_others_have_trained_comes_back_with_its_new_last_layer(tmp_path, capsys):
    """The way of the chapter on pretrained networks: a new last layer, saved, named by command."""
    torch.manual_seed(0)
    kind = {"name": "efficientnet_lite0", "arguments": {"classes": 3}}
    network = build(kind).eval()
    training.save_weights(tmp_path / "own.pt", network, kind, ("a", "b", "c"), 32)
    found = training.load_trained(tmp_path / "own.pt")
    assert (found.names, found.size, found.channels) == (("a", "b", "c"), 32, 3)
    picture = torch.rand(2, 3, 32, 32)
    assert found.model(picture).shape == (2, 3)
    assert torch.equal(found.model(picture), network(picture))
    Image.fromarray(np.zeros((40, 50, 3), np.uint8)).save(tmp_path / "new.png")
    assert cli.main(["predict", str(tmp_path / "own.pt"), str(tmp_path / "new.png")]) == 0
    assert "new.png" in capsys.readouterr().out


def test_the_file_says_all_in_plain_values(tmp_path):
    saved(tmp_path / "weights.pt")
    state = torch.load(tmp_path / "weights.pt", weights_only=True)
    assert state.pop("model").keys() == models.small_resnet().state_dict().keys()
    arguments = {"classes": 2, "channels": 3, "widths": [16, 32, 64, 128]}
    assert state.pop("network") == {"name": "small_resnet", "arguments": arguments}
    assert state.pop("versions").keys() == {"cnnkit", "torch"}
    assert state == {
        "names": ["cat", "dog"],
        "size": 16,
        "channels": 3,
        "normalisation": {"mean": 127.5, "std": 127.5},
    }
    every = torch.arange(256, dtype=torch.uint8).reshape(1, 16, 16)
    expected = (every.float() - 127.5) / 127.5
    torch.testing.assert_close(training.to_input(every)[:, 0], expected)


def test_an_old_file_says_what_is_missing_and_takes_it(tmp_path):
    path = tmp_path / "old.pt"
    network = saved(tmp_path / "weights.pt", "lenet", 12, ("4", "9"), 1)
    torch.save(network.state_dict(), path)
    with pytest.raises(ValueError, match=r"does not say its model, size, names; .*--names cat,dog"):
        training.load_trained(path)
    with pytest.raises(ValueError, match="does not say its names;"):
        training.load_trained(path, "lenet", 12)
    found = training.load_trained(path, "lenet", 12, ["4", "9"])
    picture = torch.rand(1, 1, 12, 12)
    assert torch.equal(found.model(picture), network(picture))
    for wrong in [("resnet", 12, "49"), ("lenet", 28, "49"), ("lenet", 12, "459")]:
        with pytest.raises(ValueError, match="is of another model: it has"):
            training.load_trained(path, *wrong)


def test_a_checkpoint_will_do_with_the_same_words(tmp_path):
    words = ["--data", "cartoons", "--count", "8", "--size", "16", "--epochs", "1", "--batch-size"]
    assert cli.main(["train", *words, "4", "--device", "cpu", "--out", str(tmp_path)]) == 0
    found = training.load_trained(tmp_path / "weights.pt")
    other = training.load_trained(tmp_path / "checkpoint.pt", "resnet", 16, ["cat", "dog"])
    images = datasets.cartoons(4, 16).images
    rows = [training.probabilities(one.model, images) for one in (found, other)]
    assert np.array_equal(*rows)


@pytest.mark.parametrize("names", ["cat", {"cat", "dog"}, ["cat", "cat"]])
def test_names_are_a_list_of_different_ones(names, tmp_path):
    with pytest.raises(ValueError, match=r"names that are no list|the name 'cat' twice"):
        saved(tmp_path / "weights.pt", names=names)


def changed(path, **entries):
    torch.save(torch.load(path, weights_only=True) | entries, path)


def test_what_is_no_weights_file_is_a_lesson(tmp_path):
    path = tmp_path / "weights.pt"

    def refused(words, *arguments, **named):
        with pytest.raises((ValueError, FileNotFoundError), match=words):
            training.load_trained(*(arguments or [path]), **named)

    refused("There is no file .*weights.pt. Name the weights.pt of a run, before the pictures")
    refused(r"It is a folder: name a file in it, such as .*weights.pt", tmp_path)
    path.write_bytes(b"\xff\xd8\xff a photograph")
    refused("is damaged, or no weights file; expected a weights.pt that .* has written")
    saved(path)
    whole = path.read_bytes()
    path.write_bytes(whole[:-100])
    refused("is damaged, or no weights file")
    middle = len(whole) // 2
    path.write_bytes(whole[:middle] + bytes([whole[middle] ^ 1]) + whole[middle + 1 :])
    refused("is damaged, or no weights file")
    torch.save([1, 2], path)
    refused("holds no weights; expected a weights.pt")
    for entries, words in [
        ({"network": {"name": "summary", "arguments": {}}}, "cannot be built .network='summary'"),
        ({"network": {"name": "lenet"}}, "names its network, size or classes otherwise"),
        ({"network": {"name": "lenet", "arguments": {"size": 16, "classes": 2, "channels": 3}}},
         "is of another model: it has"),
        ({"size": 1}, "cannot be built"),
        ({"size": "x"}, "names its network, size or classes otherwise"),
        ({"names": 5}, "names its network, size or classes otherwise"),
        ({"network": 5}, "names its network, size or classes otherwise"),
        ({"names": ["cat"]}, "1 names for a network of 2 outputs"),
        ({"names": ["cat", "cat"]}, "2 names for a network of 2 outputs.*all different"),
        ({"normalisation": {"mean": 0, "std": 1}}, "normalised by {'mean': 0, 'std': 1}"),
    ]:  # fmt: skip
        saved(path)
        changed(path, **entries)
        refused(words)
    saved(path)
    state = torch.load(path, weights_only=True)
    del state["size"], state["names"]
    torch.save(state, path)
    refused("is of another version: it lacks names, size")
    network = saved(path)
    torch.nn.init.constant_(network[0].weight, float("nan"))
    changed(path, model=dict(network.state_dict()))
    refused("holds weights that are no numbers")
    saved(path)
    refused("size=32 was given for .*; expected 16, as the file says. Leave size out", size=32)
    refused("names=.*expected .'cat', 'dog'.", names=["dog", "cat"])
    refused("model='small_resnet'|model='lenet' was given", model="lenet")
    assert training.load_trained(path, "resnet", 16, ["cat", "dog"]).size == 16
