"""Batches on the device: in another order each epoch, each picture in a new view.

All chance is drawn from the seed, the number of the epoch and the number of the step. So a resumed
run needs no memory of the dice it has thrown, and two processes agree without talking.
"""

from collections.abc import Mapping

import numpy as np
import torch

from cnnkit.arguments import flag, lesson, number
from cnnkit.training.devices import rank_and_world
from cnnkit.training.views import DICE, random_views, to_input

__all__ = ["Batches", "check_views"]


class Batches:
    """The batches of a data set. The whole set lies on the device when it fits, in bytes."""

    def __init__(self, data, batch_size, device, memory_format, augment, seed):
        self.device, self.memory_format, self.augment = device, memory_format, augment
        self.batch_size, self.seed = batch_size, seed
        self.labels = torch.from_numpy(np.array(data.labels)).to(device)
        self.images = data.images
        if device.type != "cpu" and data.images.nbytes < _room(device):
            self.images = torch.from_numpy(np.array(data.images)).to(device)

    def __len__(self):
        """How many full batches there are; a last one that is not full waits."""
        return len(self.labels) // self.batch_size

    def epoch(self, number, first=0):
        """Yield the pictures and labels of each step from `first` on: this process's share."""
        rank, world = rank_and_world()
        order = np.random.default_rng((self.seed, number, 0)).permutation(len(self.labels))
        for step in range(first, len(self)):
            rows = order[step * self.batch_size : (step + 1) * self.batch_size]
            rng = np.random.default_rng((self.seed, number, step + 1))
            dice = rng.random((self.batch_size, DICE))
            yield self._batch(rows[rank::world], dice[rank::world])

    def _batch(self, rows, dice):
        """Return the pictures of `rows`, as the network wants them, and their labels."""
        where = torch.from_numpy(rows).to(self.device)
        images = to_input(self._pictures(rows, where))
        if self.augment:
            dice = torch.from_numpy(dice.astype(np.float32))
            images = random_views(images, dice, **self.augment)
        return images.contiguous(memory_format=self.memory_format), self.labels[where]

    def _pictures(self, rows, where):
        if isinstance(self.images, torch.Tensor):
            return self.images[where]
        # A copy of one batch: a memory map is read no further than that.
        return torch.from_numpy(np.array(self.images[rows])).to(self.device)


def check_views(augment):
    """Refuse what is no way to augment: look at it, then try it on a picture of four pixels."""
    expected = "arguments of cnnkit.training.random_views"
    augment = {} if augment is None else augment
    if not isinstance(augment, Mapping):
        raise lesson(f"augment={augment!r}", expected, "Use dict(flip=True), or leave it out.")
    for name, value in augment.items():
        if name in ("shift", "turn", "jitter"):
            number(value, f"augment[{name!r}]")
        elif name == "flip":
            flag(value, "augment['flip']")
    try:
        random_views(torch.zeros(1, 1, 2, 2), torch.zeros(1, DICE), **augment)
    except TypeError as error:
        raise lesson(f"augment={augment!r}", expected, f"It says: {error}.") from error


def _room(device):
    """Bytes that a data set may take: half of what a GPU has free."""
    return torch.cuda.mem_get_info(device)[0] // 2 if device.type == "cuda" else 2**31
