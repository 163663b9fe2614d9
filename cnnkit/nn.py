"""Layers that remember what backward needs, named and built as in ``torch.nn``.

A layer turns an input into an output (``forward``, or call it) and the gradient of that output
into the gradient of the input (``backward``), adding to ``.grad`` of its parameters on the way.
``state_dict`` has PyTorch's keys and shapes, so weights move both ways. A model starts in training
mode. `rng` is a seed or a NumPy Generator, `dtype` that of the parameters.
"""

import numpy as np

from cnnkit import functional as F
from cnnkit.geometry import lesson, pair


class Parameter:
    """An array to be learned: ``data``, and ``grad`` (None until a backward pass adds to it)."""

    def __init__(self, data):
        self.data, self.grad = data, None

    def add(self, grad):
        """Add to the gradient: backward passes accumulate until ``zero_grad``."""
        self.grad = grad if self.grad is None else self.grad + grad

    def __array__(self, dtype=None, copy=None):
        return np.array(self.data, dtype, copy=copy)

    def __repr__(self):
        return f"Parameter({self.data!r})"


class Module:
    """What all layers share; a layer without parameters needs only forward and backward."""

    training = True
    children: tuple = ()
    buffers: tuple = ()  # names of arrays that are saved, but not learned
    _input: np.ndarray | None = None

    def __call__(self, input):
        """Run ``forward``."""
        return self.forward(input)

    def forward(self, input):
        """Compute the output, and remember what backward needs."""
        raise NotImplementedError

    def backward(self, grad_output):
        """Turn the gradient of the output into the gradient of the input."""
        raise NotImplementedError

    def _recall(self):
        """Return the input of the last forward pass."""
        if self._input is None:
            remedy = "Call the model first: model(x), then model.backward(grad)."
            raise lesson("backward before any forward", "a forward pass to go back through", remedy)
        return self._input

    def parameters(self):
        """List the parameters, layer by layer, for an optimiser."""
        own = [value for value in vars(self).values() if isinstance(value, Parameter)]
        return own + [p for child in self.children for p in child.parameters()]

    def train(self, mode=True):
        """Switch to training (dropout drops, batch norm uses the batch), or with False back."""
        self.training = mode
        for child in self.children:
            child.train(mode)
        return self

    def eval(self):
        """Switch to evaluation: the same input gives the same output."""
        return self.train(False)

    def _arrays(self, prefix=""):
        """Return {key: the array itself} with PyTorch's keys."""
        found = {prefix + k: v.data for k, v in vars(self).items() if isinstance(v, Parameter)}
        found |= {prefix + name: getattr(self, name) for name in self.buffers}
        for i, child in enumerate(self.children):
            found |= child._arrays(f"{prefix}{i}.")
        return found

    def state_dict(self):
        """Return a copy of every array of the model, under PyTorch's keys."""
        return {key: array.copy() for key, array in self._arrays().items()}

    def load_state_dict(self, state_dict):
        """Copy arrays (or PyTorch tensors) into the model; keys and shapes must be the same."""
        arrays = self._arrays()
        if arrays.keys() != state_dict.keys():
            missing, extra = arrays.keys() - state_dict.keys(), state_dict.keys() - arrays.keys()
            given = f"a state_dict without {sorted(missing)} and with {sorted(extra)}"
            raise lesson(given, "the keys of this model", "Build the same layers first.")
        for key, array in arrays.items():
            value = np.asarray(state_dict[key])
            if value.shape != array.shape:
                given = f"{key} of shape {value.shape}"
                raise lesson(given, f"shape {array.shape}", "Build the layer with these sizes.")
        for key, array in arrays.items():
            array[...] = np.asarray(state_dict[key])


def _uniform(shape, fan_in, rng, dtype):
    """PyTorch's start: uniform between −1/√fan_in and 1/√fan_in, so outputs keep their scale."""
    bound = 1 / np.sqrt(fan_in)
    return Parameter(rng.uniform(-bound, bound, shape).astype(dtype))


class Conv2d(Module):
    """Convolution with learned filters: (N, C, H, W) to (N, F, H_out, W_out).

    With `needs_input_grad` False, backward returns None and saves the work: a first layer's input
    is data, and nobody asks for its gradient.

    >>> Conv2d(3, 8, 5, padding="same")(np.zeros((1, 3, 9, 9))).shape
    (1, 8, 9, 9)
    """

    def __init__(
        self,
        in_channels,
        out_channels,
        kernel_size,
        stride=1,
        padding=0,
        dilation=1,
        groups=1,
        bias=True,
        *,
        rng=None,
        dtype=np.float32,
    ):
        self.kernel_size, self.stride = pair(kernel_size, "kernel_size"), pair(stride, "stride")
        self.padding, self.dilation, self.groups = padding, pair(dilation, "dilation"), groups
        if in_channels % groups or out_channels % groups:
            given = f"groups={groups} with {in_channels} channels and {out_channels} filters"
            raise lesson(given, "groups that divide both", "Use groups=1.")
        shape = (out_channels, in_channels // groups, *self.kernel_size)
        rng, fan_in = np.random.default_rng(rng), int(np.prod(shape[1:]))
        self.weight = _uniform(shape, fan_in, rng, dtype)
        self.bias = _uniform(out_channels, fan_in, rng, dtype) if bias else None
        self.needs_input_grad = True

    def forward(self, input):  # noqa: D102
        self._input = input = np.asarray(input)
        how = self.stride, self.padding, self.dilation, self.groups
        return F.conv2d(input, self.weight.data, self.bias and self.bias.data, *how)

    def backward(self, grad_output):  # noqa: D102
        input, weight = self._recall(), self.weight.data
        how = self.stride, self.padding, self.dilation, self.groups
        self.weight.add(F.conv2d_weight(input, weight.shape, grad_output, *how))
        if self.bias is not None:
            self.bias.add(F.conv2d_bias(grad_output))
        if self.needs_input_grad:
            return F.conv2d_input(input.shape, weight, grad_output, *how)
        return None


class Linear(Module):
    """Dense layer: (N, in_features) to (N, out_features).

    >>> Linear(4, 2)(np.zeros((3, 4))).shape
    (3, 2)
    """

    def __init__(self, in_features, out_features, bias=True, *, rng=None, dtype=np.float32):
        rng = np.random.default_rng(rng)
        self.weight = _uniform((out_features, in_features), in_features, rng, dtype)
        self.bias = _uniform(out_features, in_features, rng, dtype) if bias else None

    def forward(self, input):  # noqa: D102
        self._input = np.asarray(input)
        return F.linear(input, self.weight.data, self.bias and self.bias.data)

    def backward(self, grad_output):  # noqa: D102
        grads = F.linear_backward(grad_output, self._recall(), self.weight.data)
        self.weight.add(grads[1])
        if self.bias is not None:
            self.bias.add(grads[2])
        return grads[0]


class BatchNorm2d(Module):
    """Normalise each channel of (N, C, H, W): by the batch in training, else by running averages.

    >>> BatchNorm2d(2)(np.arange(16).reshape(2, 2, 2, 2)).mean(axis=(0, 2, 3)).round(6)
    array([0., 0.])
    """

    buffers = ("running_mean", "running_var", "num_batches_tracked")

    def __init__(self, num_features, eps=1e-5, momentum=0.1, *, dtype=np.float32):
        self.eps, self.momentum = eps, momentum
        self.weight = Parameter(np.ones(num_features, dtype))
        self.bias = Parameter(np.zeros(num_features, dtype))
        self.running_mean = np.zeros(num_features, dtype)
        self.running_var = np.ones(num_features, dtype)
        self.num_batches_tracked = np.array(0)

    def _normalise(self, input, mean, var):
        return F.batch_norm(input, mean, var, self.weight.data, self.bias.data, eps=self.eps)

    def forward(self, input):  # noqa: D102
        self._input = input = np.asarray(input)
        self._trained = self.training
        if self.training and input.size:
            mean, var = F.batch_statistics(input)
            count = input.size // input.shape[1]
            self.running_mean += self.momentum * (mean - self.running_mean)
            self.running_var += self.momentum * (var * count / (count - 1) - self.running_var)
            self.num_batches_tracked += 1
            return self._normalise(input, mean, var)
        return self._normalise(input, self.running_mean, self.running_var)

    def backward(self, grad_output):  # noqa: D102
        how = self.weight.data, self.bias.data, self._trained, self.momentum, self.eps
        running = self.running_mean, self.running_var
        grads = F.batch_norm_backward(grad_output, self._recall(), *running, *how)
        self.weight.add(grads[1])
        self.bias.add(grads[2])
        return grads[0]


class MaxPool2d(Module):
    """Keep the largest of each window: (N, C, H, W) to (N, C, H_out, W_out).

    >>> MaxPool2d(2)(np.zeros((1, 3, 9, 9))).shape
    (1, 3, 4, 4)
    """

    def __init__(self, kernel_size, stride=None, padding=0):
        self.kernel_size, self.padding = kernel_size, padding
        self.stride = kernel_size if stride is None else stride

    def forward(self, input):  # noqa: D102
        self._input, how = np.asarray(input), (self.kernel_size, self.stride, self.padding)
        self._indices = None
        if not self.training:
            return F.max_pool2d(input, *how)
        output, self._indices = F.max_pool2d(input, *how, return_indices=True)
        return output

    def backward(self, grad_output):  # noqa: D102
        how = self.kernel_size, self.stride, self.padding
        return F.max_pool2d_backward(grad_output, self._recall(), *how, indices=self._indices)


class AvgPool2d(Module):
    """Average each window: (N, C, H, W) to (N, C, H_out, W_out).

    >>> AvgPool2d(3, stride=1)(np.zeros((1, 3, 9, 9))).shape
    (1, 3, 7, 7)
    """

    def __init__(self, kernel_size, stride=None, padding=0):
        self.kernel_size, self.padding = kernel_size, padding
        self.stride = kernel_size if stride is None else stride

    def forward(self, input):  # noqa: D102
        self._input = np.asarray(input)
        return F.avg_pool2d(input, self.kernel_size, self.stride, self.padding)

    def backward(self, grad_output):  # noqa: D102
        how = self.kernel_size, self.stride, self.padding
        return F.avg_pool2d_backward(grad_output, self._recall(), *how)


class ReLU(Module):
    """Rectify: max(0, x).

    >>> ReLU()([-1.0, 2.0])
    array([0., 2.])
    """

    def forward(self, input):  # noqa: D102
        self._input = np.asarray(input)
        return F.relu(input)

    def backward(self, grad_output):  # noqa: D102
        return F.relu_backward(grad_output, self._recall())


class Dropout(Module):
    """Zero each value with probability `p` in training, and scale the others by 1 / (1 − p).

    >>> Dropout(0.5).eval()([1.0, 2.0])
    array([1., 2.])
    """

    def __init__(self, p=0.5, *, rng=None):
        self.p, self._rng = p, np.random.default_rng(rng)

    def forward(self, input):  # noqa: D102
        self._input, self._seed = np.asarray(input), int(self._rng.integers(2**63))
        return F.dropout(input, self.p, self.training, self._seed)

    def backward(self, grad_output):  # noqa: D102
        how = self.p, self.training, self._seed
        return F.dropout_backward(grad_output, self._recall(), *how)


class Flatten(Module):
    """Turn each image into one row: (N, C, H, W) to (N, C·H·W).

    >>> Flatten()(np.zeros((2, 3, 4, 4))).shape
    (2, 48)
    """

    def forward(self, input):  # noqa: D102
        self._input = input = np.asarray(input)
        return input.reshape(len(input), int(np.prod(input.shape[1:])))

    def backward(self, grad_output):  # noqa: D102
        return np.reshape(grad_output, self._recall().shape)


class Sequential(Module):
    """Layers one after the other; backward goes through them in reverse.

    >>> model = Sequential(Conv2d(1, 4, 3), ReLU(), MaxPool2d(2), Flatten(), Linear(36, 10))
    >>> model(np.zeros((5, 1, 8, 8))).shape, sorted(model.state_dict())
    ((5, 10), ['0.bias', '0.weight', '4.bias', '4.weight'])
    """

    def __init__(self, *layers):
        self.children = layers

    def __len__(self):
        return len(self.children)

    def __getitem__(self, i):
        return self.children[i]

    def forward(self, input):  # noqa: D102
        for layer in self.children:
            input = layer.forward(input)
        return input

    def backward(self, grad_output):  # noqa: D102
        for layer in reversed(self.children):
            grad_output = layer.backward(grad_output)
        return grad_output


class CrossEntropyLoss:
    """Mean of −log(probability of the right class) over the batch, from scores before softmax.

    >>> loss = CrossEntropyLoss()
    >>> round(loss([[0.0, 0.0]], [1]), 4), loss.backward()
    (0.6931, array([[ 0.5, -0.5]]))
    """

    def __init__(self, reduction="mean", label_smoothing=0.0):
        self._how = {"reduction": reduction, "label_smoothing": label_smoothing}

    def forward(self, input, target):
        """Return the loss as a float (with reduction 'none' as an array, one a sample)."""
        self._saved = input, target
        loss = F.cross_entropy(input, target, **self._how)
        return float(loss) if np.ndim(loss) == 0 else loss

    __call__ = forward

    def backward(self, grad_output=1.0):
        """Return the gradient of the scores, (N, classes)."""
        dtype = getattr(self._saved[0], "dtype", np.float64)
        return F.cross_entropy_backward(np.asarray(grad_output, dtype), *self._saved, **self._how)
