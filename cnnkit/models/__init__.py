"""Networks, and what they cost: those that the course trains, and those that made history.

``small`` holds the networks of the course, ``keras_twin`` the article's once more in Keras,
``architectures`` the famous ones as their papers have them, ``imagenet`` one that others have
trained, and the names of what it knows, ``costs`` the table of any model.
All names are here too. Each is imported when it is first used, so ``models.summary`` needs neither
PyTorch nor Keras.
"""

import importlib

_HOMES = {
    "architectures": [
        *("alexnet", "efficientnet_lite0", "googlenet", "lenet5"),
        *("resnet18", "resnet50", "vgg16", "zfnet"),
    ],
    "costs": ["Memory", "Row", "Summary", "memory_of_training", "summary"],
    "imagenet": ["imagenet_names", "pretrained"],
    "keras_twin": ["article_model_keras", "copy_weights_from_keras", "copy_weights_to_keras"],
    "small": ["Residual", "article_model", "lenet", "small_resnet"],
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}

__all__ = sorted(_HOME_OF)


def __getattr__(name):
    """Import the module of a name, or a module, when it is first named (PEP 562)."""
    if name in _HOME_OF:
        return getattr(importlib.import_module(f"cnnkit.models.{_HOME_OF[name]}"), name)
    if name in _HOMES:
        return importlib.import_module(f"cnnkit.models.{name}")
    raise AttributeError(f"module 'cnnkit.models' has no attribute {name!r}")


def __dir__():
    return sorted({*globals(), *_HOMES, *__all__})
