"""Backpropagation through a small circuit: values forward, gradients backward, node by node."""

import traitlets

from cnnkit.arguments import lesson, number
from cnnkit.widgets.base import Widget

__all__ = ["BackpropCircuit"]

_INPUTS = {
    "a fork": {"w1": 4, "x": 2, "w2": -1, "t": 4},
    "one unit": {"w": 2, "x": 3, "b": -1, "t": 4},
    "two forks": {"a": 2, "b": -3},
}
_STEPS = {"a fork": 13, "one unit": 11, "two forks": 7}  # two for each operation, and one


class BackpropCircuit(Widget):
    """A circuit of numbers: values go forward, gradients come back, one node at a time (F2).

    Parameters
    ----------
    circuit : {'a fork', 'one unit', 'two forks'}, optional
        ``(relu(w1 * x) + w2 * x - t) ** 2``, ``(relu(w * x + b) - t) ** 2``, or
        ``(a * b) * (a + b)``.
    inputs : dict of str to float, optional
        A number from −100 to 100 for each input of the circuit.
    step : int, optional
        How far it has come: first one step for each operation forward, one for the gradient of
        the loss itself, then one for each operation backward. By default all of them.

    Raises
    ------
    TraitError
        If there is no such circuit.
    ValueError
        If a number lies outside, or `inputs` does not name the inputs of the circuit.
    """

    _label = "a small circuit: values go forward, gradients come back node by node"

    circuit = traitlets.Enum(list(_INPUTS), "a fork").tag(sync=True)
    inputs = traitlets.Dict(key_trait=traitlets.Unicode()).tag(sync=True)
    step = traitlets.Int(0, min=0).tag(sync=True)
    examples = traitlets.Dict(_INPUTS).tag(sync=True)

    def __init__(self, **kwargs):
        expected = _INPUTS.get(kwargs.get("circuit", "a fork"), {})
        kwargs["inputs"] = expected | kwargs.get("inputs", {})
        kwargs.setdefault("step", _STEPS.get(kwargs.get("circuit", "a fork"), 0))
        super().__init__(**kwargs)
        if self.inputs.keys() != expected.keys():
            raise lesson(
                f"inputs={self.inputs} was given to the circuit {self.circuit!r}",
                f"numbers for {', '.join(expected)}",
                f"Use inputs={expected}.",
            )

    @traitlets.validate("inputs")
    def _check_inputs(self, proposal):
        return {
            name: number(value, f"inputs[{name!r}]", -100, 100)
            for name, value in proposal["value"].items()
        }
