"""Layers that know the way back, named and built as in ``torch.nn``.

A layer turns an input into an output (``forward``, or call it) and the gradient of that output
into the gradient of the input (``backward``), adding to ``.grad`` of its parameters on the way.
``state_dict`` has PyTorch's keys and shapes, so weights move both ways. A model starts in training
mode. `rng` is a seed or a NumPy Generator, `dtype` that of the parameters.

>>> first = Conv2d(3, 8, 5, padding="same"), BatchNorm2d(8), ReLU(), MaxPool2d(2), AvgPool2d(2)
>>> model, loss = Sequential(*first, Flatten(), Dropout(0.5), Linear(32, 10)), CrossEntropyLoss()
>>> scores = model(np.zeros((6, 3, 8, 8)))
>>> scores.shape, loss(scores, [0, 1, 2, 3, 4, 5]) > 0, model.backward(loss.backward()).shape
((6, 10), True, (6, 3, 8, 8))
"""

# ruff: noqa: D102

from collections.abc import Callable

import numpy as np

from cnnkit import functional as F
from cnnkit.arguments import lesson, number, pair, whole
from cnnkit.geometry import depth_of_filters


class Parameter:
    """An array to be learned: ``data``, and ``grad`` (None until a backward pass adds to it)."""

    def __init__(self, data):
        self.data, self.grad = np.asarray(data), None

    def __array__(self, dtype=None, copy=None):
        return np.array(self.data, dtype, copy=copy)

    def __repr__(self):
        return f"Parameter({self.data!r})"


class Module:
    """What all layers share; ``forward`` computes the output, and notes the way back.

    As in PyTorch, a ``Parameter`` or a layer is found under the name of the attribute that holds
    it. `buffers` names the attributes that are saved with them, but not learned.

    >>> class Scale(Module):
    ...     def __init__(self):
    ...         self.factor = Parameter([2.0])
    ...
    ...     def forward(self, input):
    ...         factor = self.factor.data
    ...         self._note(lambda grad: (grad * factor, (grad * input).sum(axis=0)), self.factor)
    ...         return input * factor
    >>> model = Sequential(Scale())
    >>> model(np.array([[3.0], [4.0]])).ravel(), model.backward(np.ones((2, 1))).ravel()
    (array([6., 8.]), array([2., 2.]))
    >>> model.state_dict(), model[0].factor.grad
    ({'0.factor': array([2.])}, array([7.]))
    """

    forward: Callable
    training = True
    buffers: tuple = ()
    _back: Callable | None = None  # from the gradient of the output to all others
    _learning: tuple = ()  # the parameters whose gradients come after that of the input

    def __call__(self, *inputs):
        return self.forward(*inputs)

    def __getstate__(self):
        return {**vars(self), "_back": None, "_learning": ()}  # a copy finds its own way back

    def _note(self, back, *parameters):
        """Note the way back of one forward pass.

        `back` takes the gradient of the output. Without parameters it returns that of the input;
        with them a tuple, that of the input and of each. A parameter may be None, as a bias is.
        """
        self._back, self._learning = back, parameters

    def backward(self, grad_output):
        """Turn the gradient of the output into that of the input; add to the parameters'."""
        if self._back is None:
            remedy = "Call the model first: model(x), then model.backward(grad)."
            raise lesson("backward before any forward", "a forward pass to go back through", remedy)
        found = self._back(grad_output)
        grad_input, *grads = found if isinstance(found, tuple) else (found,)
        if len(grads) != len(self._learning):
            given = f"a way back of {type(self).__name__} with {len(grads)} gradients of parameters"
            remedy = "Name these parameters in _note, in the order of their gradients."
            raise lesson(given, f"one for each of the {len(self._learning)} noted", remedy)
        for parameter, grad in zip(self._learning, grads, strict=True):
            if parameter is not None:
                parameter.grad = grad if parameter.grad is None else parameter.grad + grad
        return grad_input

    def _own(self, kind):
        """Return {name: attribute} of this layer's parameters, or of the layers within it."""
        return {name: value for name, value in vars(self).items() if isinstance(value, kind)}

    def _layers(self):
        """Return {name: layer} of the layers within this one."""
        return self._own(Module)

    def parameters(self):
        """List the parameters, layer by layer, for an optimiser; a shared one counts once."""
        found = list(self._own(Parameter).values())
        for layer in self._layers().values():
            found += layer.parameters()
        return list(dict.fromkeys(found))

    def train(self, mode=True):
        """Switch to training (dropout drops, batch norm uses the batch), or with False back."""
        self.training = mode
        for layer in self._layers().values():
            layer.train(mode)
        return self

    def eval(self):
        """Switch to evaluation: the same input gives the same output."""
        return self.train(False)

    def _arrays(self, prefix=""):
        """Return {key: the array itself} with PyTorch's keys."""
        found = {prefix + name: own.data for name, own in self._own(Parameter).items()}
        found |= {prefix + name: getattr(self, name) for name in self.buffers}
        for name, layer in self._layers().items():
            found |= layer._arrays(f"{prefix}{name}.")
        return found

    def state_dict(self):
        """Return a copy of every array of the model, under PyTorch's keys."""
        return {key: array.copy() for key, array in self._arrays().items()}

    def load_state_dict(self, state_dict):
        """Copy arrays (or PyTorch tensors) into the model; keys and shapes must be the same."""
        arrays = self._arrays()
        if not hasattr(state_dict, "items"):
            remedy = "Read the file first: np.load(path), or torch.load(path, weights_only=True)."
            raise lesson(f"{state_dict!r} was given", "a dict of arrays", remedy)
        new = {key: np.asarray(value) for key, value in state_dict.items()}
        wanted = {f"{key} of shape {array.shape}" for key, array in arrays.items()}
        given = {f"{key} of shape {array.shape}" for key, array in new.items()}
        if given != wanted:
            expected = f"the keys of this model, with {sorted(wanted - given)}"
            remedy = "Build the same layers with the same sizes first."
            raise lesson(f"a state_dict with {sorted(given - wanted)}", expected, remedy)
        for key, array in new.items():
            if array.dtype.kind not in "fiub":
                remedy = "Nothing was loaded: mend the file."
                raise lesson(f"{key} of dtype {array.dtype}", "real numbers", remedy)
        for key, array in arrays.items():
            array[...] = new[key]


def _weight_and_bias(shape, bias, rng, dtype):
    """PyTorch's start: uniform within ±1/√fan_in, so that outputs keep the scale of inputs."""
    if np.dtype(dtype).kind != "f":
        raise lesson(f"dtype={dtype!r} was given", "a dtype of floats", "Use dtype=np.float32.")
    rng = np.random.default_rng(rng)
    bound = 1 / np.sqrt(np.prod(shape[1:]))
    weight = Parameter(rng.uniform(-bound, bound, shape).astype(dtype))
    if not bias:
        return weight, None
    return weight, Parameter(rng.uniform(-bound, bound, shape[0]).astype(dtype))


class Conv2d(Module):
    """Convolution with learned filters: (N, C, H, W) to (N, K, H', W').

    With `needs_input_grad` False, backward returns None and saves the work: a first layer's input
    is data, and nobody asks for its gradient.
    """

    def __init__(
        self, in_channels, out_channels, kernel_size, stride=1, padding=0, dilation=1, groups=1,
        bias=True, *, rng=None, dtype=np.float32,
    ):  # fmt: skip
        in_channels = whole(in_channels, "in_channels")
        self.out_channels = out_channels = whole(out_channels, "out_channels")
        self.kernel_size = pair(kernel_size, "kernel_size")
        self.stride = pair(stride, "stride")
        self.padding = padding
        self.dilation = pair(dilation, "dilation")
        self.groups = groups
        self.needs_input_grad = True
        depth = depth_of_filters(in_channels, out_channels, groups)
        shape = out_channels, depth, *self.kernel_size
        self.weight, self.bias = _weight_and_bias(shape, bias, rng, dtype)

    def forward(self, input):
        weight, bias = self.weight, self.bias
        how = self.stride, self.padding, self.dilation, self.groups
        needs = {"needs_input_grad": self.needs_input_grad}
        self._note(lambda grad: F.conv2d_backward(grad, input, weight, *how, **needs), weight, bias)
        return F.conv2d(input, weight, bias, *how)


class Linear(Module):
    """Dense layer: (N, in_features) to (N, out_features)."""

    def __init__(self, in_features, out_features, bias=True, *, rng=None, dtype=np.float32):
        in_features = whole(in_features, "in_features")
        self.out_features = out_features = whole(out_features, "out_features")
        shape = out_features, in_features
        self.weight, self.bias = _weight_and_bias(shape, bias, rng, dtype)

    def forward(self, input):
        weight, bias = self.weight, self.bias
        self._note(lambda grad: F.linear_backward(grad, input, weight), weight, bias)
        return F.linear(input, weight, bias)


class BatchNorm2d(Module):
    """Normalise each channel of (N, C, H, W): by the batch in training, then by running ones."""

    buffers = ("running_mean", "running_var", "num_batches_tracked")

    def __init__(self, num_features, eps=1e-5, momentum=0.1, *, dtype=np.float32):
        num_features = whole(num_features, "num_features")
        self.eps, self.momentum = number(eps, "eps"), number(momentum, "momentum", most=1)
        self.weight = Parameter(np.ones(num_features, dtype))
        self.bias = Parameter(np.zeros(num_features, dtype))
        self.running_mean = np.zeros(num_features, dtype)
        self.running_var = np.ones(num_features, dtype)
        self.num_batches_tracked = np.array(0)

    def forward(self, input):
        input, weight, bias = np.asarray(input), self.weight, self.bias
        mean, var = self.running_mean, self.running_var
        given = input, mean, var, weight, bias
        how = {"training": self.training, "eps": self.eps}
        self._note(lambda grad: F.batch_norm_backward(grad, *given, **how), weight, bias)
        half = input.dtype == np.float16
        learns = self.training and input.size > 0
        if learns:  # the variance of what fits into float16 need not
            mean, var = F.batch_statistics(input.astype(np.float32) if half else input)
        output = F.batch_norm(input, mean, var, weight, bias, eps=self.eps)
        if learns:
            count = input.size // len(mean)
            self.running_mean += self.momentum * (mean - self.running_mean)
            self.running_var += self.momentum * (var * count / (count - 1) - self.running_var)
            self.num_batches_tracked += 1
        return output.astype(np.result_type(input, weight.data)) if half else output


class _Pool2d(Module):
    """What pooling layers share: a window, and a stride of its size unless given."""

    def __init__(self, kernel_size, stride=None, padding=0):
        self.kernel_size, self.padding = kernel_size, padding
        self.stride = kernel_size if stride is None else stride
        self._how = self.kernel_size, self.stride, self.padding


class MaxPool2d(_Pool2d):
    """Keep the largest of each window: (N, C, H, W) to (N, C, H', W')."""

    def forward(self, input):
        how, indices = self._how, None
        output = F.max_pool2d(input, *how, return_indices=self.training)
        if self.training:
            output, indices = output
        self._note(lambda grad: F.max_pool2d_backward(grad, input, *how, indices=indices))
        return output


class AvgPool2d(_Pool2d):
    """Average each window: (N, C, H, W) to (N, C, H', W')."""

    def forward(self, input):
        how = self._how
        self._note(lambda grad: F.avg_pool2d_backward(grad, input, *how))
        return F.avg_pool2d(input, *how)


class ReLU(Module):
    """Rectify: max(0, x)."""

    def forward(self, input):
        self._note(lambda grad: F.relu_backward(grad, input))
        return F.relu(input)


class Dropout(Module):
    """Zero each value with probability `p` in training, and scale the others by 1 / (1 − p)."""

    def __init__(self, p=0.5, *, rng=None):
        self.p, self._rng = p, np.random.default_rng(rng)

    def forward(self, input):
        how = self.p, self.training, int(self._rng.integers(2**63))
        self._note(lambda grad: F.dropout_backward(grad, input, *how))
        return F.dropout(input, *how)


class Flatten(Module):
    """Turn each image into one row: (N, C, H, W) to (N, C·H·W)."""

    def forward(self, input):
        input = np.asarray(input)
        self._note(lambda grad: np.reshape(grad, input.shape))
        return input.reshape(len(input), int(np.prod(input.shape[1:])))


class Sequential(Module):
    """Layers one after the other; backward goes through them in reverse."""

    def __init__(self, *layers):
        for layer in layers:
            if not isinstance(layer, Module):
                remedy = "Give them one by one, as Sequential(Conv2d(1, 8, 3), ReLU(), Flatten())."
                raise lesson(f"Sequential got {layer!r}", "layers that are built", remedy)
        self.children = layers

    def _layers(self):
        return {str(number): layer for number, layer in enumerate(self.children)}

    def __len__(self):
        return len(self.children)

    def __getitem__(self, i):
        return self.children[i]

    def forward(self, input):
        for layer in self.children:
            input = layer(input)
        return input

    def backward(self, grad_output):
        for layer in reversed(self.children):
            grad_output = layer.backward(grad_output)
        return grad_output


class CrossEntropyLoss(Module):
    """Mean of −log(probability of the right class) over the batch, from scores before softmax."""

    def __init__(self, reduction="mean", label_smoothing=0.0):
        self._how = {"reduction": reduction, "label_smoothing": label_smoothing}

    def forward(self, input, target):
        """Return the loss as a float (with reduction 'none' as an array, one a sample)."""
        how = self._how
        self._note(lambda grad: F.cross_entropy_backward(grad, input, target, **how))
        loss = F.cross_entropy(input, target, **how)
        return float(loss) if loss.ndim == 0 else loss

    def backward(self, grad_output=1.0):
        """Return the gradient of the scores, (N, classes)."""
        return super().backward(grad_output)
