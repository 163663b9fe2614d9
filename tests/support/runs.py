"""Small networks, runs of a second, and Ctrl-C in the middle of one."""

import os
import signal
import sys
from functools import partial

import torch
from torch import nn

from cnnkit import datasets, training

fit = partial(training.fit, device="cpu", progress=False)


def few(data, count):
    return datasets.Dataset(
        data.images[:count], data.labels[:count], data.names, data.numbers[:count]
    )


def net(seed=0, dropout=0.0):
    """A small network with batch norm, and dropout if wanted."""
    torch.manual_seed(seed)
    return nn.Sequential(
        nn.Conv2d(1, 8, 3, padding=1), nn.BatchNorm2d(8), nn.ReLU(), nn.MaxPool2d(2),
        nn.Dropout(dropout), nn.Flatten(), nn.Linear(128, 10),
    )  # fmt: skip


def same(one, other):
    one, other = one.state_dict(), other.state_dict()
    return one.keys() == other.keys() and all(torch.equal(one[k], other[k]) for k in one)


def press_ctrl_c(model, at):
    """Send SIGINT to this process during the forward pass of step `at`."""
    seen = []

    def forward(module, _):
        seen.append(module.training)
        if sum(seen) == at and module.training:
            os.kill(os.getpid(), signal.SIGINT)

    return model.register_forward_pre_hook(forward)


class Keyboard:
    """Counts the calls of functions, in Python and in C, and presses Ctrl-C at some of them.

    A press inside `torch.no_grad()` may come before gradients are on again: they are at the end.
    """

    def __init__(self, *presses):
        self.calls, self.presses = 0, set(presses)

    def __enter__(self):
        self.gradients = torch.is_grad_enabled()
        sys.setprofile(self.note)
        return self

    def __exit__(self, *error):
        sys.setprofile(None)
        torch.set_grad_enabled(self.gradients)

    def note(self, frame, event, argument):
        self.calls += event in ("call", "c_call")
        if self.calls in self.presses:
            self.presses.discard(self.calls)
            signal.raise_signal(signal.SIGINT)
        if sys.getprofile() is None:  # an exception in a profiler ends it
            sys.setprofile(self.note)
