"""The circuit: its gradients against torch.autograd, its words, and inputs that change."""

import json

import numpy as np
import pytest
import torch
from hand import axe, hold_clock, live, state, tab_to
from javascript import evaluate, same

from cnnkit.widgets import BackpropCircuit
from cnnkit.widgets.backprop_circuit import _INPUTS

OPERATIONS = {
    "+": torch.add,
    "−": torch.sub,
    "×": torch.mul,
    "relu": torch.relu,
    "square": torch.square,
}
FORMULAS = {
    "a fork": lambda w1, x, w2, t: (torch.relu(w1 * x) + w2 * x - t) ** 2,
    "one unit": lambda w, x, b, t: (torch.relu(w * x + b) - t) ** 2,
    "two forks": lambda a, b: (a * b) * (a + b),
}


def random_circuit(rng):
    """Draw nodes that read any of those before them; every name is used, so every fork occurs."""
    inputs = {f"i{n}": float(np.round(rng.normal() * 2, 3)) for n in range(rng.integers(1, 5))}
    names, nodes = list(inputs), []
    for n in range(rng.integers(2, 9)):
        operation = str(rng.choice(list(OPERATIONS)))
        sources = 1 if operation in ("relu", "square") else 2
        nodes.append([f"n{n}", operation, *map(str, rng.choice(names[-4:], sources))])
        names.append(f"n{n}")
    return nodes, inputs


def by_autograd(nodes, inputs):
    values = {
        k: torch.tensor(v, dtype=torch.float64, requires_grad=True) for k, v in inputs.items()
    }
    for name, operation, *sources in nodes:
        values[name] = OPERATIONS[operation](*(values[source] for source in sources))
        values[name].retain_grad()
    values[nodes[-1][0]].backward()
    numbers = {name: v.item() for name, v in values.items()}
    gradients = {name: 0.0 if v.grad is None else v.grad.item() for name, v in values.items()}
    return numbers, gradients


def test_random_circuits_equal_autograd():
    rng = np.random.default_rng(20)
    circuits = [random_circuit(rng) for _ in range(300)]
    forks = [
        c for c in circuits if len({s for n in c[0] for s in n[2:]}) < sum(len(n) - 2 for n in c[0])
    ]
    assert len(forks) > 100
    results = evaluate("backprop_circuit", *(("backward", *c) for c in circuits))
    for (nodes, inputs), result in zip(circuits, results, strict=True):
        values, gradients = by_autograd(nodes, inputs)
        same(result["values"], values, str(nodes))
        same(result["gradients"], gradients, str(nodes))
        for ways in result["sent"]:
            for way in ways:
                assert way["amount"] == pytest.approx(gradients[way["node"]] * way["slope"])


@pytest.mark.parametrize("name", list(FORMULAS))
def test_its_own_circuits_are_what_they_say(name, show):
    rng = np.random.default_rng(3)
    box = show(BackpropCircuit(circuit=name))
    for _ in range(5):
        given = {k: float(np.round(rng.uniform(-5, 5), 2)) for k in _INPUTS[name]}
        inputs = {
            k: torch.tensor(v, dtype=torch.float64, requires_grad=True) for k, v in given.items()
        }
        loss = FORMULAS[name](**inputs)
        loss.backward()
        for key, value in given.items():
            box.get_by_label(f"Value of {key}").fill(str(value))
        assert f"The loss is {shown(loss.item())}." in box.inner_text()
        for key, tensor in inputs.items():
            row = box.get_by_role("row").filter(
                has=box.page.get_by_role("rowheader", name=key, exact=True)
            )
            told = row.get_by_role("cell").all_inner_texts()[1:]
            assert [float(t.replace("−", "-")) for t in told] == pytest.approx(
                [tensor.grad.item()] * 2, abs=2e-3
            )


def shown(value):
    """Write a number as the widget does: up to three decimals."""
    rounded = np.floor(abs(value) * 1000 + 0.5) / 1000
    return f"{'−' if value < 0 else ''}{rounded:g}" if rounded < 1e5 else str(value)


def test_the_fork_in_words(show):
    box = show(BackpropCircuit())
    assert "Two ways meet at x: add. −4 + 16 = 12." in live(box)
    box.get_by_role("button", name="Back").click()
    assert "passed on, because 8 is positive" in live(box)
    box.get_by_label("Value of w1").fill("-4")
    assert "stopped, because −8 is not positive. u gets" in live(box)
    said = box.get_by_role("img").get_attribute("aria-label")
    assert "u = w1 × x is −8, gradient 0" in said
    assert "w1 is −4;" in said  # its gradient has not come yet
    assert axe(box) == []


@pytest.mark.parametrize("name", list(FORMULAS))
def test_it_begins_with_all_steps_taken(name, show):
    box = show(BackpropCircuit(circuit=name))
    assert "?" not in box.get_by_role("table").inner_text()
    assert box.get_by_role("button", name="Next").is_disabled()
    box.get_by_role("button", name="Back").click()
    assert "?" in box.get_by_role("table").inner_text()


def test_forward_then_backward(show):
    box = show(BackpropCircuit(step=0), theme="dark")
    assert "Only the inputs are known." in live(box)
    assert "loss = e² is not known yet" in box.get_by_role("img").get_attribute("aria-label")
    box.get_by_role("button", name="Next").click()
    assert live(box) == "Forward: u = w1 × x = 4 × 2 = 8."
    box.get_by_role("slider", name="Step").fill("7")
    assert "Its gradient is 1." in live(box)
    box.get_by_role("button", name="Next").click()
    assert "times twice the input. e gets 1 × 4 = 4." in live(box)
    assert axe(box) == []


def test_one_step_downhill(show):
    box = show(BackpropCircuit())
    box.get_by_role("button", name="One step downhill").click()
    assert state(box, "inputs") == pytest.approx({"w1": 3.84, "x": 2, "w2": -1.16, "t": 4})
    assert "The loss is 1.85" in box.inner_text()


def test_keyboard(show):
    box = show(BackpropCircuit())
    tab_to(box, "[aria-label='Value of x']")
    box.page.keyboard.press("ArrowUp")
    assert state(box, "inputs")["x"] == 3
    tab_to(box, "input[type=range]")
    box.page.keyboard.press("Home")
    assert state(box, "step") == 0


def test_touch(show):
    box = show(BackpropCircuit(), width=390, has_touch=True, is_mobile=True)
    box.get_by_role("button", name="two forks").tap()
    assert state(box, "inputs") == {"a": 2, "b": -3}
    assert "Two ways meet at a: add." in live(box) and "Two ways meet at b: add." in live(box)
    box.get_by_role("button", name="Back").tap()
    assert state(box, "step") == 6


def test_play(show):
    box = show(BackpropCircuit(), reduced_motion="no-preference")
    box.get_by_role("slider", name="Step").fill("0")
    let_pass = hold_clock(box)
    box.get_by_role("button", name="Play").click()
    let_pass(2000)
    box.get_by_role("button", name="Pause").click()
    paused = state(box, "step")
    let_pass(2000)
    assert 1 <= state(box, "step") == paused < 13


def test_jupyterlab(lab):
    box = lab.show("w = BackpropCircuit(inputs={'x': 3})\nw")
    box.get_by_label("Value of t").fill("1.5")
    told = lab.run("import json; print(json.dumps(w.inputs))")
    assert json.loads(told) == {"w1": 4, "x": 3, "w2": -1, "t": 1.5}
    lab.run("w.circuit = 'one unit'")
    box.get_by_text("these inputs do not belong to this circuit").wait_for()
    lab.run("w.inputs = {'w': 1, 'x': 1, 'b': 1, 't': 1}")
    box.get_by_text("The loss is 1.").wait_for()


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"circuit": "a maze"}, "a fork"),
        ({"inputs": {"y": 1}}, r"expected numbers for w1, x, w2, t\. Use inputs="),
        ({"inputs": {"x": 1000}}, "expected a number from -100 to 100"),
    ],
)
def test_what_is_refused_and_why(given, message):
    with pytest.raises(Exception, match=message):
        BackpropCircuit(**given)
