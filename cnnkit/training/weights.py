"""What a run leaves for use: weights, and all that is needed to name pictures by them.

The file holds tensors and plain values alone. Its network is rebuilt by name and arguments, so
it stays what it was when the defaults of :mod:`cnnkit.models` change.
"""

from pathlib import Path
from typing import NamedTuple

import torch

import cnnkit
from cnnkit import models
from cnnkit.arguments import lesson, one_of, whole
from cnnkit.disk import ELSEWHERE
from cnnkit.training.checkpoint import (
    are_weights,
    is_checkpoint,
    read_state,
    save_checkpoint,
    weights_in,
)
from cnnkit.training.pictures import as_names
from cnnkit.training.state import check_weights

__all__ = ["MODELS", "Trained", "build", "load_trained", "recipe", "save_weights"]

# The learning rate of each network, where the data set does not know better.
MODELS = {"article": 1e-3, "lenet": 5e-3, "resnet": 5e-3}

_BUILDERS = ("article_model", "efficientnet_lite0", "lenet", "small_resnet")
_KEPT = {"model", "network", "names", "size", "channels", "normalisation", "versions"}
_NORMALISATION = {"mean": 127.5, "std": 127.5}  # of bytes, as to_input does it
_WANTED = "a weights.pt that `python -m cnnkit train` has written"
_REMEDY = "Name one, before the pictures, or train anew."


class Trained(NamedTuple):
    """A network that has learned, and what it has learned on."""

    model: torch.nn.Module
    names: tuple[str, ...]  # of the classes, in the order of the scores
    size: int  # height and width of the pictures
    channels: int


def recipe(model, size, classes, channels, widths=None):
    """Say how a network is built for these pictures.

    Parameters
    ----------
    model : {'article', 'lenet', 'resnet'}
    size, classes, channels : int
    widths : sequence of int, optional
        Of the resnet's stages, if other ones are wanted.

    Returns
    -------
    dict
        The ``name`` of a function of :mod:`cnnkit.models`, and its ``arguments``.
    """
    one_of(model, "model", MODELS)
    if model == "resnet":
        widths = widths or (16, 32, 64, 128)[: size.bit_length() - 1]  # each halves the sides
        arguments = {"classes": classes, "channels": channels, "widths": list(widths)}
        return {"name": "small_resnet", "arguments": arguments}
    arguments = {"size": size, "classes": classes, "channels": channels}
    if model == "article":
        return {"name": "article_model", "arguments": arguments}
    return {"name": "lenet", "arguments": {**arguments, "widths": [32, 64], "batch_norm": True}}


def build(network):
    """Build the network of a recipe, with random weights."""
    return getattr(models, network["name"])(**network["arguments"])


def save_weights(path, model, network, names, size, then=ELSEWHERE):
    """Write what ``python -m cnnkit predict`` needs, in one file that is always whole.

    Parameters
    ----------
    path : path-like
        ``weights.pt``, by custom.
    model : torch.nn.Module
    network : dict
        The `recipe` that `model` was built by. That of a pretrained network which has learned
        something new is ``{"name": "efficientnet_lite0", "arguments": {"classes": 2}}``.
    names : sequence of str
        The classes, in the order of the scores.
    size : int
        Height and width of the pictures.
    then : str, optional
        What to do, when it could not be written, once it can be.

    Raises
    ------
    OSError
        If it cannot be written, for want of room or of the right to.
    """
    state = {
        "model": dict(model.state_dict()),
        "network": network,
        "names": list(map(str, as_names(names))),
        "size": size,
        "channels": network["arguments"].get("channels", 3),
        "normalisation": _NORMALISATION,
        "versions": {"cnnkit": cnnkit.__version__, "torch": str(torch.__version__)},
    }
    save_checkpoint(path, state, then)


def load_trained(path, model=None, size=None, names=None):
    """Build the network that a file holds, ready to name pictures.

    Parameters
    ----------
    path : path-like
        A ``weights.pt``. Of a checkpoint, and of a bare state_dict as older versions wrote it, the
        other arguments must say what is not in it.
    model : {'article', 'lenet', 'resnet'}, optional
    size : int, optional
        Height and width of the pictures in training.
    names : sequence of str, optional
        The classes, in the order of their labels.

    Returns
    -------
    Trained
        With `model` on the processor, in evaluation mode.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If it is damaged, of another kind or version, of another network than it says, or says
        something else than the arguments.
    """
    path = Path(path)
    if not path.is_file():
        inside = f" It is a folder: name a file in it, such as {path / 'weights.pt'}."
        remedy = inside if path.is_dir() else " Name the weights.pt of a run, before the pictures."
        raise FileNotFoundError(f"There is no file {path}.{remedy}")
    state = read_state(path, "weights file", _WANTED, _REMEDY)
    weights = weights_in(state)
    if weights is None or not are_weights(weights):
        raise lesson(f"{path} holds no weights", _WANTED, _REMEDY)
    if is_checkpoint(state) or are_weights(state):
        state = _from_arguments(path, weights, model, size, names)
    elif missing := _KEPT - state.keys():
        given = f"{path} is of another version: it lacks {', '.join(sorted(missing))}"
        raise lesson(given, _WANTED, _REMEDY)
    elif not _is_told(state):
        given = f"{path} is of another version: it names its network, size or classes otherwise"
        raise lesson(given, _WANTED, _REMEDY)
    else:
        _check_same(path, state, model, size, names)
    built = _loaded(path, state, weights)
    return Trained(built, tuple(state["names"]), state["size"], state["channels"])


def _is_told(state):
    """Whether a file tells its network, size and classes in the form that `save_weights` has."""
    network, numbers = state["network"], (state["size"], state["channels"])
    is_recipe = isinstance(network, dict) and {"name", "arguments"} <= network.keys()
    is_named = isinstance(state["names"], (list, tuple))
    return is_recipe and is_named and all(type(number) is int for number in numbers)


def _from_arguments(path, weights, model, size, names):
    """Take from the arguments what a bare state_dict does not say."""
    told = {"model": model, "size": size, "names": names}
    if missing := [name for name, value in told.items() if value is None]:
        remedy = (
            "Say it: --model resnet --size 64 --names cat,dog, with what it was trained as (in "
            "Python: model='resnet', size=64, names=['cat', 'dog'])."
        )
        given = f"{path} holds weights alone, and does not say its {', '.join(missing)}"
        raise lesson(given, _WANTED, remedy)
    size = whole(size, "size")
    kernels = [values for values in weights.values() if values.ndim == 4]
    channels = kernels[0].shape[1] if kernels else 3
    network = recipe(model, size, len(names), channels)
    kept = {"names": list(names), "size": size, "channels": channels, "network": network}
    return {**kept, "normalisation": _NORMALISATION}


def _check_same(path, state, model, size, names):
    """Refuse what contradicts the file."""
    found = {"size": state["size"], "names": list(state["names"])}
    asked = {"size": size, "names": None if names is None else list(names)}
    if model is not None:
        found["model"] = state["network"]["name"]
        asked["model"] = recipe(model, state["size"], 2, state["channels"])["name"]
    for name, value in asked.items():
        if value is not None and value != found[name]:
            given = f"{name}={value!r} was given for {path}"
            raise lesson(given, f"{found[name]!r}, as the file says", f"Leave {name} out.")


def _loaded(path, state, weights):
    """Build the network and give it its weights: first its shapes alone, which cost nothing."""
    network = state["network"]
    try:
        one_of(network["name"], "network", _BUILDERS)
        names = set(map(str, state["names"]))
        with torch.device("meta"):
            model = build(network)
            picture = torch.empty(1, state["channels"], state["size"], state["size"])
            scores = model.eval()(picture).shape
    except Exception as error:  # what a file says may be anything
        given = f"{path} is of a network that cannot be built ({error})"
        raise lesson(given, _WANTED, _REMEDY) from error
    check_weights(path, weights, model)
    if scores != (1, len(state["names"])) or len(names) < len(state["names"]):
        given = f"{path}: {len(state['names'])} names for a network of {scores[1]} outputs"
        raise lesson(given, "a name for each, all different", "Give them in order of their labels.")
    if state["normalisation"] != _NORMALISATION:
        given = f"{path} was trained on bytes normalised by {state['normalisation']}"
        raise lesson(given, f"{_NORMALISATION}, as this version does it", _REMEDY)
    kinds = {name: values.dtype for name, values in model.state_dict().items()}
    weights = {name: values.to(kinds[name]) for name, values in weights.items()}
    if not all(values.isfinite().all() for values in weights.values()):
        given = f"{path} holds weights that are no numbers"
        raise lesson(given, "weights of a run that has learned", "Train anew, with a smaller lr.")
    model.load_state_dict(weights, assign=True)
    return model.eval()
