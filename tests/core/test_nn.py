"""cnnkit.nn against torch.nn: the same weights, the same outputs, gradients and training."""

import copy
import doctest
import inspect
import pickle

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.datasets import load_digits

from cnnkit import functional, nn, optim

torch.set_num_threads(1)  # networks this small only lose by a second thread
rng = np.random.default_rng(0)


def network(ns, dtype=None):
    """Build one architecture in cnnkit.nn or torch.nn: the constructors are the same."""
    how = {"dtype": dtype} if dtype else {}
    return ns.Sequential(
        ns.Conv2d(2, 6, 3, padding="same", **how),
        ns.BatchNorm2d(6, **how),
        ns.ReLU(),
        ns.MaxPool2d(2),
        ns.Conv2d(6, 8, (3, 2), stride=(1, 2), padding=1, groups=2, bias=False, **how),
        ns.Sequential(ns.ReLU(), ns.AvgPool2d(2, stride=1)),
        ns.Dropout(0.0),
        ns.Flatten(),
        ns.Linear(16, 5, **how),
    )


def twins(dtype):
    """Return a cnnkit model and a PyTorch model with its weights."""
    ours = network(nn, dtype)
    theirs = network(torch.nn).to({np.float32: torch.float32, np.float64: torch.float64}[dtype])
    ours.load_state_dict(theirs.state_dict())
    return ours, theirs


def same_state(ours, theirs, tolerance):
    state = ours.state_dict()
    assert list(state) == list(theirs.state_dict())
    for key, value in theirs.state_dict().items():
        np.testing.assert_allclose(state[key], value, rtol=tolerance, atol=tolerance, err_msg=key)


LAYERS = [
    name
    for name, kind in inspect.getmembers(nn, inspect.isclass)
    if issubclass(kind, nn.Module) and kind is not nn.Module and not name.startswith("_")
]


def test_a_copy_and_a_file_keep_the_weights_and_not_the_last_images():
    model = nn.Sequential(nn.Conv2d(1, 2, 3, rng=0), nn.ReLU(), nn.Flatten(), nn.Linear(8, 2))
    x = rng.standard_normal((1, 1, 4, 4))
    output = model(x)
    for twin in (copy.deepcopy(model), pickle.loads(pickle.dumps(model))):
        with pytest.raises(ValueError, match="before any forward"):
            twin.backward(output)
        np.testing.assert_array_equal(twin(x), output)
        twin.backward(output)
        assert model[0].weight.grad is None and twin[0].weight.grad is not None


OPTIMISERS = [
    ("SGD", {"lr": 0.1}),
    ("SGD", {"lr": 0.05, "momentum": 0.9, "weight_decay": 1e-2}),
    ("SGD", {"lr": 0.05, "momentum": 0.9, "weight_decay": 1e-2, "nesterov": True}),
    ("Adam", {"lr": 1e-2}),
    ("Adam", {"lr": 1e-2, "betas": (0.8, 0.99), "eps": 1e-6, "weight_decay": 1e-2}),
]


@pytest.mark.parametrize(("name", "how"), OPTIMISERS)
def test_twenty_steps_stay_equal_to_pytorch(name, how):
    ours, theirs = twins(np.float64)
    step = getattr(optim, name)(ours.parameters(), **how)
    their_step = getattr(torch.optim, name)(theirs.parameters(), **how)
    loss, their_loss = nn.CrossEntropyLoss(), torch.nn.CrossEntropyLoss()
    for _ in range(20):
        x, y = rng.standard_normal((8, 2, 6, 6)), rng.integers(0, 5, 8)
        step.zero_grad()
        value = loss(ours(x), y)
        grad = ours.backward(loss.backward())
        step.step()
        their_step.zero_grad()
        tensor = torch.tensor(x, requires_grad=True)
        their_value = their_loss(theirs(tensor), torch.tensor(y))
        their_value.backward()
        their_step.step()
        assert isinstance(value, float)
        assert value == pytest.approx(their_value.item(), rel=1e-9)
        np.testing.assert_allclose(grad, tensor.grad, atol=1e-9)
    same_state(ours, theirs, 1e-8)
    x = rng.standard_normal((3, 2, 6, 6))
    with torch.no_grad():
        expected = theirs.eval()(torch.tensor(x))
    np.testing.assert_allclose(ours.eval()(x), expected, atol=1e-8)


def test_float32_stays_float32_and_close_to_pytorch():
    ours, theirs = twins(np.float32)
    x = rng.standard_normal((8, 2, 6, 6)).astype(np.float32)
    output, expected = ours(x), theirs(torch.tensor(x))
    assert output.dtype == np.float32
    np.testing.assert_allclose(output, expected.detach(), atol=1e-5)
    assert ours.backward(output).dtype == np.float32
    expected.backward(expected.detach())
    for mine, other in zip(ours.parameters(), theirs.parameters(), strict=True):
        assert mine.grad.dtype == np.float32
        np.testing.assert_allclose(mine.grad, other.grad, atol=2e-4)


def test_weights_move_both_ways():
    ours = network(nn)
    theirs = network(torch.nn)
    theirs.load_state_dict({k: torch.tensor(v) for k, v in ours.state_dict().items()})
    same_state(ours, theirs, 0)
    ours.state_dict()["0.weight"][:] = 7  # a copy: the model stays as it is
    same_state(ours, theirs, 0)


class Bend(nn.Module):
    """A layer of odd names: it mixes, multiplies by `slope` below 0, and adds `lift`."""

    buffers = ("batches",)

    def __init__(self, features, **how):
        self.mix = nn.Linear(features, features, **how)
        self.batches = np.array(0)
        self.slope = nn.Parameter(np.full(features, 0.25, **how))
        self.lift = nn.Parameter(np.array(0.5, **how))

    def forward(self, input):
        mixed, slope = self.mix(input), self.slope.data
        self.batches += self.training

        def back(grad):
            grad_mixed = np.where(mixed > 0, grad, grad * slope)
            grad_slope = np.where(mixed > 0, 0, grad * mixed).sum(axis=0)
            return self.mix.backward(grad_mixed), grad.sum(), grad_slope

        self._note(back, self.lift, self.slope)
        return np.where(mixed > 0, mixed, mixed * slope) + self.lift.data


class TorchBend(torch.nn.Module):
    """The same in PyTorch, which finds its gradients by itself."""

    def __init__(self, features):
        super().__init__()
        self.mix = torch.nn.Linear(features, features)
        self.register_buffer("batches", torch.tensor(0))
        self.slope = torch.nn.Parameter(torch.full((features,), 0.25))
        self.lift = torch.nn.Parameter(torch.tensor(0.5))

    def forward(self, input):
        mixed = self.mix(input)
        self.batches += self.training
        return torch.where(mixed > 0, mixed, mixed * self.slope) + self.lift


def bent(ns, bend, **how):
    """Nest the layer twice: in a Sequential, and in a Sequential within it."""
    inner = ns.Sequential(ns.ReLU(), bend(4, **how))
    return ns.Sequential(bend(4, **how), inner, ns.Linear(4, 3, **how))


@pytest.mark.parametrize(("name", "how"), OPTIMISERS)
def test_parameters_of_any_name_are_learned_saved_and_loaded(name, how, tmp_path):
    ours, theirs = bent(nn, Bend, dtype=np.float64), bent(torch.nn, TorchBend).double()
    ours.load_state_dict(theirs.state_dict())
    start = ours.state_dict()
    step = getattr(optim, name)(ours.parameters(), **how)
    their_step = getattr(torch.optim, name)(theirs.parameters(), **how)
    loss = nn.CrossEntropyLoss()
    for _ in range(10):
        x, y = rng.standard_normal((8, 4)), rng.integers(0, 3, 8)
        step.zero_grad()
        loss(ours(x), y)
        ours.backward(loss.backward())
        step.step()
        their_step.zero_grad()
        torch.nn.functional.cross_entropy(theirs(torch.tensor(x)), torch.tensor(y)).backward()
        their_step.step()
    same_state(ours, theirs, 1e-9)  # names and their order too
    shapes = [parameter.data.shape for parameter in ours.parameters()]
    assert shapes == [tuple(parameter.shape) for parameter in theirs.parameters()]
    for key, array in ours.state_dict().items():
        assert not np.array_equal(array, start[key]), f"{key} was not learned"

    np.savez(tmp_path / "weights.npz", **ours.state_dict())
    again = bent(nn, Bend, dtype=np.float64)
    with np.load(tmp_path / "weights.npz") as saved:
        again.load_state_dict(saved)
    np.testing.assert_array_equal(again.eval()(x), ours.eval()(x))
    assert again[0].batches == again[1][1].batches == 10
    theirs.load_state_dict({key: torch.tensor(v) for key, v in again.state_dict().items()})


def test_a_forgotten_parameter_is_a_lesson():
    layer = nn.ReLU()
    layer._note(lambda grad: (grad, grad))
    words = r"ReLU with 1 gradients of parameters; expected one for each of the 0 noted. Name"
    with pytest.raises(ValueError, match=words):
        layer.backward(np.ones(2))


def test_a_shared_parameter_is_one_parameter():
    first, second = nn.Linear(3, 3, rng=0), nn.Linear(3, 3, rng=1)
    second.weight = first.weight
    model = nn.Sequential(first, nn.ReLU(), second)
    theirs = torch.nn.Sequential(torch.nn.Linear(3, 3), torch.nn.ReLU(), torch.nn.Linear(3, 3))
    theirs[2].weight = theirs[0].weight
    theirs.load_state_dict({key: torch.tensor(v) for key, v in model.state_dict().items()})
    x = rng.standard_normal((5, 3)).astype(np.float32)
    model.backward(model(x))
    output = theirs(torch.tensor(x))
    output.backward(output.detach())
    for mine, other in zip(model.parameters(), theirs.parameters(), strict=True):
        np.testing.assert_allclose(mine.grad, other.grad, atol=1e-5)


def test_modes():
    model = nn.Sequential(nn.Dropout(0.5, rng=0), nn.BatchNorm2d(1), nn.MaxPool2d(2))
    x = rng.standard_normal((4, 1, 6, 6))
    assert model.training
    assert not np.array_equal(model(x), model(x))
    assert int(model.state_dict()["1.num_batches_tracked"]) == 2
    model.eval()
    np.testing.assert_array_equal(model(x), model(x))
    assert int(model.state_dict()["1.num_batches_tracked"]) == 2
    assert model.train().children[0].training


def test_running_averages_stay_when_channels_do_not_fit():
    layer = nn.BatchNorm2d(4)
    with pytest.raises(ValueError, match="1 channels"):
        layer(rng.standard_normal((2, 1, 3, 3)))
    assert not layer.running_mean.any() and layer.num_batches_tracked == 0


def test_dropout_backward_uses_the_zeros_of_forward():
    layer = nn.Dropout(0.3, rng=1)
    x = np.ones((50, 50))
    output = layer(x)
    np.testing.assert_array_equal(layer.backward(x), output)


def test_backward_after_eval_and_unbatched_images():
    layers = nn.Conv2d(2, 3, 3, rng=0), nn.BatchNorm2d(2), nn.MaxPool2d(2), nn.AvgPool2d(2)
    x = rng.standard_normal((2, 2, 6, 6))
    for layer in layers:
        output = layer.eval()(x)
        assert layer.backward(output).shape == x.shape
        if not isinstance(layer, nn.BatchNorm2d):
            np.testing.assert_allclose(layer(x[0]), output[0], atol=1e-12)
            assert layer.backward(output[0]).shape == x[0].shape


@settings(max_examples=30, deadline=None, derandomize=True)
@given(st.integers(0, 5), st.sampled_from([np.float32, np.float64]), st.booleans())
def test_gradients_add_up_and_inputs_stay(images, dtype, first):
    layer = nn.Conv2d(2, 4, 3, padding=1, rng=0, dtype=dtype)
    layer.needs_input_grad = not first
    x = np.random.default_rng(images).standard_normal((images, 2, 5, 5)).astype(dtype)
    x.setflags(write=False)
    output = layer(x)
    output.setflags(write=False)
    assert (layer.backward(output) is None) == first
    once = layer.weight.grad.copy()
    layer.backward(output)
    np.testing.assert_array_equal(layer.weight.grad, 2 * once)
    np.testing.assert_allclose(
        layer.bias.grad, 2 * output.sum(axis=(0, 2, 3)), rtol=1e-4, atol=1e-4
    )


def test_start_is_pytorchs_and_seeded():
    layer = nn.Conv2d(4, 64, 5, rng=3)
    bound = 1 / np.sqrt(4 * 25)
    assert 0.98 * bound < np.abs(layer.weight.data).max() <= bound
    np.testing.assert_array_equal(layer.weight.data, nn.Conv2d(4, 64, 5, rng=3).weight.data)
    theirs = torch.nn.Conv2d(4, 64, 5).weight.detach().numpy()
    assert layer.weight.data.std() == pytest.approx(theirs.std(), rel=0.05)


def test_the_loss_smooths_labels_as_pytorch_does():
    scores, target = rng.standard_normal((4, 3)), np.array([0, 2, 1, 1])
    loss = nn.CrossEntropyLoss(label_smoothing=0.1)
    tensor = torch.tensor(scores, requires_grad=True)
    theirs = torch.nn.CrossEntropyLoss(label_smoothing=0.1)(tensor, torch.tensor(target))
    theirs.backward()
    assert loss.forward(scores, target) == pytest.approx(theirs.item(), rel=1e-12)
    np.testing.assert_allclose(loss.backward(), tensor.grad, atol=1e-12)
    loss(scores.astype(np.float32), target)
    assert loss.backward().dtype == np.float32


def test_a_small_network_learns_the_digits():
    """1,797 handwritten digits of 8×8 pixels, one in four held out, a few seconds."""
    data = load_digits()
    x = (data.images[:, np.newaxis] / 16).astype(np.float32)
    order = np.random.default_rng(0).permutation(len(x))
    train, test = order[450:], order[:450]
    model = nn.Sequential(
        nn.Conv2d(1, 16, 3, padding=1, rng=1),
        nn.BatchNorm2d(16),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Linear(256, 10, rng=2),
    )
    step, loss = optim.Adam(model.parameters(), lr=0.01), nn.CrossEntropyLoss()
    for epoch in range(8):
        for batch in np.array_split(np.random.default_rng(epoch).permutation(train), 21):
            step.zero_grad()
            loss(model(x[batch]), data.target[batch])
            model.backward(loss.backward())
            step.step()
    right = model.eval()(x[test]).argmax(axis=1) == data.target[test]
    assert right.mean() >= 0.95


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: nn.ReLU().backward(np.zeros(1)), ["before any forward", "model(x)"]),
        (lambda: nn.CrossEntropyLoss().backward(), ["before any forward", "model(x)"]),
        (lambda: nn.Conv2d(3, 4, 3, groups=2), ["groups=2", "divide"]),
        (lambda: nn.Conv2d(3, 4, 0), ["kernel_size=0"]),
        (lambda: nn.Conv2d(3, 4, 3)(np.zeros((1, 1, 5, 5))), ["1 channels", "(4, 1, kh, kw)"]),
        (lambda: nn.Linear(3, 4)(np.zeros((1, 2))), ["(1, 2)", "(4, 3)"]),
        (lambda: nn.BatchNorm2d(4)(np.zeros((2, 1, 3, 3))), ["weight", "(4,)", "1 channels"]),
        (lambda: nn.BatchNorm2d(4)(np.zeros(3)), ["(3,)", "(N, C, ...)"]),
        (lambda: nn.BatchNorm2d("4"), ["num_features='4'"]),
        (lambda: nn.BatchNorm2d(4, momentum=None), ["momentum=None", "from 0 to 1"]),
        (lambda: nn.Sequential([nn.ReLU()]), ["[<cnnkit.nn.ReLU", "one by one"]),
        (lambda: nn.Sequential(nn.ReLU), ["ReLU'>", "layers that are built"]),
        (lambda: nn.Sequential(functional.relu), ["function relu", "layers that are built"]),
        (lambda: nn.Conv2d("1", 2, 3), ["in_channels='1'"]),
        (lambda: nn.Conv2d(1, 2.0, 3), ["out_channels=2.0"]),
        (lambda: nn.Linear(0, 2), ["in_features=0"]),
        (lambda: nn.Linear(3, 2, dtype=int), ["dtype=<class 'int'>", "floats"]),
        (lambda: nn.Linear(2, 1).load_state_dict("w.pt"), ["'w.pt'", "a dict of arrays"]),
        (lambda: network(nn).load_state_dict({}), ["0.weight", "keys of this model"]),
        (
            lambda: nn.Linear(2, 1).load_state_dict({"weight": np.ones((2, 1)), "bias": [0.0]}),
            ["weight of shape (2, 1)", "(1, 2)"],
        ),
    ],
)
def test_errors(call, words):
    with pytest.raises(ValueError) as raised:
        call()
    for word in words:
        assert word in str(raised.value)


@pytest.mark.parametrize("bias", [np.array(["a"]), np.array([None]), np.array([1j])])
def test_a_state_is_loaded_whole_or_not_at_all(bias):
    layer = nn.Linear(2, 1, rng=0)
    before = layer.state_dict()
    with pytest.raises(ValueError, match=r"bias of dtype .*; expected real numbers"):
        layer.load_state_dict({"weight": np.zeros((1, 2)), "bias": bias})
    np.testing.assert_array_equal(layer.weight, before["weight"])


def test_every_layer_is_in_an_example_that_runs():
    tests = doctest.DocTestFinder().find(nn)
    examples = "".join(example.source for test in tests for example in test.examples)
    assert {"Conv2d", "Sequential", "CrossEntropyLoss"} <= set(LAYERS)
    for name in LAYERS:
        assert f"{name}(" in examples, f"no example shows {name}"


def test_parameters_read_as_arrays():
    layer = nn.Linear(2, 1, rng=0)
    assert np.asarray(layer.weight).shape == (1, 2)
    assert repr(layer.weight).startswith("Parameter(array(")
    assert functional.linear(np.zeros((1, 2)), layer.weight).shape == (1, 1)
