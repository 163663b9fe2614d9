"""A network of PyTorch or Keras, seen from outside.

It answers for itself as little as possible: a test sends it numbers (parameters, pictures) and
reads numbers back (sizes, scores).
"""

import math
import sys
from contextlib import contextmanager

import numpy as np

from cnnkit.checks.marks import Wrong

__all__ = ["Network", "belongings", "facts", "hang_on"]

MOST = 100  # hooks and attributes that somebody leaves on a layer: there need not be more


class Network:
    """A network of PyTorch or Keras, seen from outside: plain arrays go in and come out."""

    def __new__(cls, model):
        """Let a network that lives in another process be asked there."""
        return model.as_network() if hasattr(type(model), "as_network") else super().__new__(cls)

    def __init__(self, model):
        torch, keras = sys.modules.get("torch"), sys.modules.get("keras")
        self.model = model
        # First Keras: on the PyTorch backend its models are also modules of PyTorch.
        self.is_keras = keras is not None and isinstance(model, keras.Model)
        if self.is_keras or (torch is not None and isinstance(model, torch.nn.Module)):
            return
        if model is None:
            raise Wrong("Your function gave None back: return the network.")
        if isinstance(model, type):
            raise Wrong(f"That is the class {model.__name__}: make a network of it, with ().")
        kind = type(model).__name__
        raise Wrong(f"Your function gave a {kind} back: return a network of PyTorch or Keras.")

    def outputs(self, images, training=False):
        """Give the scores for a batch of images, as an array."""
        with self._mode(training):
            if self.is_keras:
                scores = self.model(np.asarray(images, "float32"), training=training)
                return np.array(sys.modules["keras"].ops.convert_to_numpy(scores))
            torch = sys.modules["torch"]
            first = next(self.model.parameters(), torch.zeros(0))
            with torch.no_grad():
                pictures = torch.tensor(np.asarray(images), dtype=first.dtype, device=first.device)
                scores = self.model(pictures)
        if not isinstance(scores, torch.Tensor):
            raise Wrong(f"The network gives a {type(scores).__name__}: it must give a tensor.")
        return np.array(scores.detach().cpu().tolist())

    def shapes(self):
        """List the shapes of the parameters."""
        return [tuple(map(int, p.shape)) for p in self._parameters()]

    def count(self):
        """Give the number of all parameters."""
        return sum(int(np.prod(shape)) for shape in self.shapes())

    def load(self, *arrays):
        """Give each parameter the numbers of the array that has as many."""
        waiting = {array.size: array for array in arrays}
        parameters = self._parameters()
        if sorted(int(np.prod(p.shape)) for p in parameters) != sorted(waiting):
            raise Wrong(
                f"Its parameters have the shapes {self.shapes()}; they must be {[array.shape for array in arrays]}."
            )
        for parameter in parameters:
            values = waiting[int(np.prod(parameter.shape))].reshape(tuple(parameter.shape))
            if self.is_keras:
                parameter.assign(values)
            else:
                torch = sys.modules["torch"]
                with torch.no_grad():
                    parameter.copy_(torch.tensor(values))

    def gradients(self):
        """Give the gradient of each parameter, as arrays."""
        found = [p.grad for p in self._parameters()]
        if any(gradient is None for gradient in found):
            raise Wrong("A parameter has no gradient afterwards: call backward() on the loss.")
        return [np.array(gradient.detach().cpu().tolist()) for gradient in found]

    def state(self):
        """Give all that a function could change by accident, in a form that == compares."""
        torch = sys.modules["torch"]
        values = [
            (name, str(tensor.dtype), tensor.detach().to(torch.float64).tolist())
            for name, tensor in self.model.state_dict().items()
        ]
        trained = [p.requires_grad for p in self._parameters()]
        return values, trained, [module.training for module in self.model.modules()]

    def belongings(self):
        """Count, for each module of PyTorch, what hangs on it: its hooks, and its attributes.

        Hooks that a function registers and does not remove, a ``forward`` that it replaces and a
        list that it keeps on a layer all add one.
        """
        return [belongings(module) for module in self.model.modules()]

    def tensors(self):
        """List (number of values, whether training changes it, whether it is a parameter)."""
        if self.is_keras:
            trained = [(int(np.prod(w.shape)), True, True) for w in self.model.trainable_weights]
            rest = self.model.non_trainable_weights
            # What is frozen and what is a running average, Keras tells by its name alone.
            return trained + [
                (int(np.prod(w.shape)), False, not w.name.startswith("moving")) for w in rest
            ]
        found = [(p.numel(), p.requires_grad, True) for p in self._parameters()]
        return found + [(b.numel(), False, False) for b in self.model.buffers()]

    def _parameters(self):
        return list(self.model.weights if self.is_keras else self.model.parameters())

    @contextmanager
    def _mode(self, training):
        """Put a module of PyTorch in a mode, and afterwards back in its own."""
        if self.is_keras:
            yield
            return
        before = [(module, module.training) for module in self.model.modules()]
        self.model.train(training)
        try:
            yield
        finally:
            for module, mode in before:
                module.training = mode


def belongings(module):
    """Count the hooks of a module of PyTorch, those of its parameters, and its attributes."""
    own = vars(module)
    tables = [table for name, table in own.items() if name.endswith("_hooks") and table]
    tables += [p._backward_hooks for p in module.parameters(recurse=False) if p._backward_hooks]
    return [sum(map(len, tables)), len(own)]


def hang_on(module, hooks, attributes):
    """Give a module as many hooks and attributes as its twin elsewhere has: empty ones."""
    for _ in range(min(hooks - belongings(module)[0], MOST)):
        module.register_forward_pre_hook(_no_hook)
    for number in range(min(attributes - belongings(module)[1], MOST)):
        vars(module)[f"left_{number}"] = None


def _no_hook(module, given):
    """Do nothing: stands for a hook that stays where it was registered."""


def facts(model, input_shape, batch_size, itemsize):
    """Count what training keeps in memory: the causes of ``training_memory`` are made of it.

    Returns
    -------
    dict
        ``all`` and ``trained`` parameters, ``buffers``; for one image the sizes of the ``image``
        and of the outputs: ``leaves`` in the order of their calls as (layer, size, whether it has
        parameters), and the ``containers``' sizes; ``batch`` and ``bytes``.
    """
    leaves, containers = [], []

    def note(layer, _, output):
        if next(layer.children(), None) is None:
            own = next(layer.parameters(), None) is not None
            leaves.append((id(layer), output.numel(), own))
        else:
            containers.append(output.numel())

    hooks = [module.register_forward_hook(note) for module in model.modules()]
    try:
        Network(model).outputs(np.zeros((1, *input_shape)))
    finally:
        for hook in hooks:
            hook.remove()
    return {
        "all": sum(p.numel() for p in model.parameters()),
        "trained": sum(p.numel() for p in model.parameters() if p.requires_grad),
        "buffers": sum(b.numel() for b in model.buffers()),
        "image": math.prod(input_shape),
        "leaves": leaves,
        "containers": containers,
        "batch": batch_size,
        "bytes": itemsize,
    }
