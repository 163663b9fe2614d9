"""Update rules against torch.optim on one bare parameter, and the errors."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from cnnkit import optim
from cnnkit.nn import Linear, Parameter

share = st.sampled_from([0.0, 0.5, 0.9])
quick = settings(max_examples=40, deadline=None, derandomize=True)


def run(name, how, dtype, steps=20):
    """Feed both the same gradients; some steps have none, and the learning rate changes."""
    rng = np.random.default_rng(0)
    start = rng.standard_normal((3, 4)).astype(dtype)
    ours, theirs = Parameter(start.copy()), torch.nn.Parameter(torch.tensor(start))
    step, their_step = (
        getattr(optim, name)([ours], **how),
        getattr(torch.optim, name)([theirs], **how),
    )
    for i in range(steps):
        ours.grad = rng.standard_normal((3, 4)).astype(dtype)
        theirs.grad = torch.tensor(ours.grad)
        if i == 3:
            step.zero_grad()
            theirs.grad = None
        if i == 10:
            step.lr = their_step.param_groups[0]["lr"] = how["lr"] / 2
        kept = None if ours.grad is None else ours.grad.copy()
        step.step()
        their_step.step()
        np.testing.assert_array_equal(ours.grad, kept)
    assert ours.data.dtype == dtype
    tolerance = 1e-12 if dtype == np.float64 else 1e-5
    np.testing.assert_allclose(ours.data, theirs.detach(), rtol=tolerance, atol=tolerance)


@quick
@given(share, st.sampled_from([0.0, 0.1]), st.booleans(), st.sampled_from([np.float32, np.float64]))
def test_sgd(momentum, weight_decay, nesterov, dtype):
    nesterov = nesterov and momentum > 0
    run(
        "SGD",
        {"lr": 0.1, "momentum": momentum, "weight_decay": weight_decay, "nesterov": nesterov},
        dtype,
    )


@quick
@given(share, share, st.sampled_from([0.0, 0.1]), st.sampled_from([np.float32, np.float64]))
def test_adam(slow, slower, weight_decay, dtype):
    run(
        "Adam",
        {"lr": 0.1, "betas": (slow, slower), "eps": 1e-6, "weight_decay": weight_decay},
        dtype,
    )


def test_defaults_are_pytorchs():
    parameter = torch.nn.Parameter(torch.zeros(1))
    theirs = torch.optim.Adam([parameter]).defaults
    ours = optim.Adam([Parameter(np.zeros(1))])
    assert (ours.lr, ours.betas, ours.eps) == (theirs["lr"], theirs["betas"], theirs["eps"])
    assert ours.weight_decay == theirs["weight_decay"]


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda p: optim.SGD([], lr=0.1), ["without parameters", "model.parameters()"]),
        (lambda p: optim.SGD(Linear(1, 1), lr=1), ["of a Linear", "model.parameters()"]),
        (lambda p: optim.SGD([np.zeros(1)], lr=1), ["of a ndarray", "parameters to learn"]),
        (lambda p: optim.SGD(p, lr=-1), ["lr=-1", "at least 0"]),
        (lambda p: optim.SGD(p, lr="0.1"), ["lr='0.1'", "a number"]),
        (lambda p: optim.SGD(p, lr=float("nan")), ["lr=nan", "a number"]),
        (lambda p: optim.SGD(p, lr=1, weight_decay=None), ["weight_decay=None", "a number"]),
        (lambda p: optim.SGD(p, lr=1, momentum=float("nan")), ["momentum=nan", "a number"]),
        (lambda p: optim.Adam(p, betas=0.9), ["betas=0.9", "two numbers"]),
        (lambda p: optim.Adam(p, betas=(0.9,)), ["betas=(0.9,)", "two numbers"]),
        (lambda p: optim.Adam(p, eps=-1), ["eps=-1", "at least 0"]),
        (lambda p: optim.SGD(p, lr=1, nesterov=True), ["nesterov=True", "momentum=0.9"]),
        (lambda p: optim.Adam(p, betas=(0.9, 1.0)), ["betas=(0.9, 1.0)", "below 1"]),
    ],
)
def test_errors(call, words):
    with pytest.raises(ValueError) as raised:
        call([Parameter(np.zeros(1))])
    for word in words:
        assert word in str(raised.value)
