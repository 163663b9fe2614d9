"""Optimisers: from gradients to better parameters, by the update rules of ``torch.optim``.

``parameters`` is what ``model.parameters()`` lists. ``lr`` may be changed between steps.
"""

from collections.abc import Iterable

import numpy as np

from cnnkit.arguments import lesson, number


class _Optimizer:
    """What both share: the parameters, and forgetting the gradients."""

    def __init__(self, parameters, lr, weight_decay):
        found = parameters if isinstance(parameters, Iterable) else [parameters]
        self.parameters, remedy = list(found), "Pass model.parameters()."
        if not self.parameters:
            raise lesson("an optimiser without parameters", "at least one to learn", remedy)
        for parameter in self.parameters:
            if not hasattr(parameter, "grad"):
                given = f"an optimiser of a {type(parameter).__name__}"
                raise lesson(given, "parameters to learn", remedy)
        self.lr, self.weight_decay = number(lr, "lr"), number(weight_decay, "weight_decay")

    def _zeros(self):
        """Start a running average for each parameter; in float32 those of float16."""
        arrays = [parameter.data for parameter in self.parameters]
        return [np.zeros(a.shape, np.result_type(a, np.float32)) for a in arrays]

    def zero_grad(self):
        """Forget the gradients, before the next backward pass adds to them."""
        for parameter in self.parameters:
            parameter.grad = None

    def _gradients(self):
        """Yield (number, parameter, gradient with weight decay) where there is a gradient.

        float16 is computed in float32: the square of a gradient of 300 would be infinite, that of
        0.0001 nothing.
        """
        for i, parameter in enumerate(self.parameters):
            if parameter.grad is None:
                continue
            grad = np.asarray(parameter.grad, np.result_type(parameter.grad, np.float32))
            if self.weight_decay:
                grad = grad + self.weight_decay * parameter.data.astype(grad.dtype, copy=False)
            yield i, parameter, grad


class SGD(_Optimizer):
    """Stochastic gradient descent: data −= lr · velocity, velocity = momentum · velocity + grad.

    `weight_decay` adds its share of the parameter to the gradient; `nesterov` looks one step ahead.

    >>> from cnnkit.nn import Parameter
    >>> p = Parameter(np.ones(1)); p.grad = np.full(1, 2.0)
    >>> SGD([p], lr=0.1).step(); p.data
    array([0.8])
    """

    def __init__(self, parameters, lr, momentum=0.0, weight_decay=0.0, nesterov=False):
        super().__init__(parameters, lr, weight_decay)
        self.momentum, self.nesterov = number(momentum, "momentum"), nesterov
        if nesterov and not self.momentum:
            given = f"momentum={momentum}, nesterov={nesterov}"
            raise lesson(given, "a momentum above 0 with nesterov", "Use momentum=0.9.")
        self._velocity = self._zeros()

    def step(self):
        """Move every parameter against its gradient."""
        for i, parameter, grad in self._gradients():
            if self.momentum:
                velocity = self._velocity[i]
                velocity *= self.momentum
                velocity += grad
                grad = grad + self.momentum * velocity if self.nesterov else velocity
            parameter.data -= self.lr * grad


class Adam(_Optimizer):
    """Adam (Kingma and Ba 2015): steps scaled by running averages of gradient and gradient².

    >>> from cnnkit.nn import Parameter
    >>> p = Parameter(np.ones(1)); p.grad = np.full(1, 2.0)
    >>> Adam([p], lr=0.1).step(); p.data.round(3)
    array([0.9])
    """

    def __init__(self, parameters, lr=1e-3, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.0):
        super().__init__(parameters, lr, weight_decay)
        is_pair = isinstance(betas, (tuple, list)) and len(betas) == 2
        if not is_pair or not all(0 <= number(beta, "beta") < 1 for beta in betas):
            raise lesson(f"betas={betas}", "two numbers from 0 to below 1", "Use (0.9, 0.999).")
        self.betas, self.eps = betas, number(eps, "eps")
        self._steps = [0] * len(self.parameters)
        self._mean, self._square = self._zeros(), self._zeros()

    def step(self):
        """Move every parameter; young averages are corrected for having started at zero."""
        slow, slower = self.betas
        for i, parameter, grad in self._gradients():
            mean, square = self._mean[i], self._square[i]
            mean += (1 - slow) * (grad - mean)
            square *= slower
            square += (1 - slower) * grad * grad
            self._steps[i] += 1
            spread = np.sqrt(square) / np.sqrt(1 - slower ** self._steps[i]) + self.eps
            lr = self.lr / (1 - slow ** self._steps[i])
            parameter.data -= lr * mean / spread
