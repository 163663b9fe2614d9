// A circuit of numbers: values go forward, gradients come back, one node at a time.
import {
  button,
  choice,
  clamp,
  flow,
  fmt,
  frame,
  h,
  keyed,
  numberBox,
  part,
  player,
  save,
  slider,
  svg,
  text,
  tools,
  watch,
} from "../base.mjs";
import { arrow } from "../chart.mjs";

// What each operation computes, and the slope of its output for each of its inputs.
const OPERATIONS = {
  "+": { value: (a, b) => a + b, slopes: () => [1, 1] },
  "−": { value: (a, b) => a - b, slopes: () => [1, -1] },
  "×": { value: (a, b) => a * b, slopes: (a, b) => [b, a] },
  relu: { value: (a) => Math.max(a, 0), slopes: (a) => [a > 0 ? 1 : 0] },
  square: { value: (a) => a * a, slopes: (a) => [2 * a] },
};

/** The value of every name: `nodes` are [name, operation, ...names of its inputs], in order. */
export function forward(nodes, inputs) {
  const values = { ...inputs };
  for (const [name, operation, ...from] of nodes) {
    values[name] = OPERATIONS[operation].value(...from.map((f) => values[f]));
  }
  return values;
}

/**
 * The gradient of the last node for every name, and how it came: for each node, the last one first,
 * what it `sent` to its inputs: `{ node, to, slope, amount, before }`.
 */
export function backward(nodes, inputs) {
  const values = forward(nodes, inputs);
  const gradients = Object.fromEntries(Object.keys(values).map((name) => [name, 0]));
  gradients[nodes.at(-1)[0]] = 1;
  const sent = nodes.toReversed().map(([node, operation, ...from]) => {
    const slopes = OPERATIONS[operation].slopes(...from.map((f) => values[f]));
    return from.map((to, i) => {
      const [slope, before] = [slopes[i], gradients[to]];
      const amount = gradients[node] * slope;
      gradients[to] += amount;
      return { node, to, slope, amount, before };
    });
  });
  return { values, gradients, sent };
}

/** What nudging says of the same gradient: the loss a little above and below each input. */
export function nudged(nodes, inputs, nudge = 1e-4) {
  const end = nodes.at(-1)[0];
  const lossWith = (name, value) => forward(nodes, { ...inputs, [name]: value })[end];
  return Object.fromEntries(
    Object.entries(inputs).map(([name, v]) => [
      name,
      (lossWith(name, v + nudge) - lossWith(name, v - nudge)) / (2 * nudge),
    ]),
  );
}

// The circuits: nodes in the order of computing, where each name stands (column, row), and which
// inputs learn.
export const CIRCUITS = {
  "a fork": {
    nodes: [
      ["u", "×", "w1", "x"],
      ["r", "relu", "u"],
      ["v", "×", "w2", "x"],
      ["s", "+", "r", "v"],
      ["e", "−", "s", "t"],
      ["loss", "square", "e"],
    ],
    places: {
      w1: [0, 0],
      x: [1.5, 0],
      w2: [3, 0],
      u: [0.6, 1],
      v: [2.4, 1],
      r: [0.6, 2],
      s: [1.5, 3],
      t: [3, 3],
      e: [2.2, 4],
      loss: [2.2, 5],
    },
    learn: ["w1", "w2"],
  },
  "one unit": {
    nodes: [
      ["u", "×", "w", "x"],
      ["s", "+", "u", "b"],
      ["r", "relu", "s"],
      ["e", "−", "r", "t"],
      ["loss", "square", "e"],
    ],
    places: {
      w: [0, 0],
      x: [1.5, 0],
      u: [0.75, 1],
      b: [2.25, 1],
      s: [1.5, 2],
      r: [1.5, 3],
      t: [3, 3],
      e: [2.2, 4],
      loss: [2.2, 5],
    },
    learn: ["w", "b"],
  },
  "two forks": {
    nodes: [
      ["u", "×", "a", "b"],
      ["s", "+", "a", "b"],
      ["loss", "×", "u", "s"],
    ],
    places: { a: [0.4, 0], b: [2.6, 0], u: [0.4, 1.6], s: [2.6, 1.6], loss: [1.5, 3] },
    learn: ["a", "b"],
  },
};
const RATE = 0.02;

/** The circuit, all its numbers, and which of them are known at this step. */
function read(model) {
  const name = model.get("circuit");
  const { nodes, places, learn } = CIRCUITS[name];
  const inputs = model.get("inputs");
  if (!Object.keys(places).every((n) => n in inputs || nodes.some(([node]) => node === n))) {
    return null;
  }
  const F = nodes.length;
  const last = 2 * F + 1;
  const step = Math.min(model.get("step"), last);
  const { values, gradients, sent } = backward(nodes, inputs);
  const done = sent.slice(0, Math.max(0, step - F - 1)); // nodes that have sent their gradient
  const known = new Set([...Object.keys(inputs), ...nodes.slice(0, step).map(([n]) => n)]);
  const arrived = step > F ? { [nodes.at(-1)[0]]: 1 } : {};
  for (const { to, amount, before } of done.flat()) arrived[to] = before + amount;
  const missing = new Set(sent.slice(done.length).flatMap((ways) => ways.map(({ to }) => to)));
  return {
    name,
    nodes,
    places,
    learn,
    inputs,
    F,
    step,
    last,
    values,
    gradients,
    sent,
    done,
    known,
    arrived,
    missing,
  };
}

/** Which node a step is about. */
function nodeOf({ nodes, F, step }) {
  if (step < 1) return null;
  if (step <= F) return nodes[step - 1];
  return nodes[Math.min(F - 1, 2 * F + 1 - step)];
}

const number = (v) => fmt(v, 3);

/** A number with few signs, for the little room in a box. */
function short(v) {
  if (Math.abs(v) >= 1e5) return v.toExponential(0).replace("-", "−").replace("+", "");
  const whole = Math.floor(Math.abs(v)).toString().length;
  return fmt(v, Math.max(0, 3 - whole));
}
const factor = (v) => (v < 0 ? `(${number(v)})` : number(v));
const joined = (words) => words.join(", ");

/** A node as a formula: u = w1 × x. */
function formula([name, operation, ...from]) {
  if (operation === "square") return `${name} = ${from[0]}²`;
  return `${name} = ${operation === "relu" ? `relu(${from[0]})` : from.join(` ${operation} `)}`;
}

/** The same with numbers. */
function withNumbers([, operation, ...from], values) {
  const [a, b] = from.map((f) => values[f]);
  if (operation === "square") return `${factor(a)}²`;
  return operation === "relu" ? `relu(${number(a)})` : `${number(a)} ${operation} ${factor(b)}`;
}

/** The local rule of a node, in words. */
function rule([, operation, ...from], values) {
  const positive = values[from[0]] > 0;
  return {
    "+": "a sum passes the gradient on to both",
    "−": "passed on, and to what is taken away with the other sign",
    "×": "times the other input",
    square: "times twice the input",
    relu: positive
      ? `passed on, because ${number(values[from[0]])} is positive`
      : `stopped, because ${number(values[from[0]])} is not positive`,
  }[operation];
}

/** What a step does, in words. */
function sentence(now) {
  const { F, step, values, sent, gradients } = now;
  if (!step)
    return "Only the inputs are known. Step: values go down first, then gradients come up.";
  const node = nodeOf(now);
  if (step <= F) {
    return `Forward: ${formula(node)} = ${withNumbers(node, values)} = ${number(values[node[0]])}.`;
  }
  if (step === F + 1) {
    return "Backward begins at the end: nudge the loss, and the loss moves just as much. Its gradient is 1.";
  }
  const ways = sent[step - F - 2];
  const each = ways.map(
    ({ node: name, to, slope, amount }) =>
      `${to} gets ${number(gradients[name])} × ${factor(slope)} = ${number(amount)}`,
  );
  const met = ways
    .filter(({ to }) =>
      now.sent
        .slice(0, step - F - 2)
        .flat()
        .some((way) => way.to === to),
    )
    .map(
      ({ to, before, amount }) =>
        `Two ways meet at ${to}: add. ${number(before)} + ${factor(amount)} = ${number(before + amount)}.`,
    );
  return text(`Backward through ${formula(node)}: ${rule(node, values)}. ${joined(each)}.`, ...met);
}

const [COLUMN, ROW, WIDE, TALL] = [95, 74, 94, 46];
const centre = ([column, row]) => [50 + COLUMN * column, 28 + ROW * row];

/** A wire from one node to another, and what has come back through it. */
function wire({ places, sent, done, known, nodes }, node, to, place) {
  const [[x0, y0], [x1, y1]] = [centre(places[to]), centre(places[node])];
  const ends = [
    [x0, y0 + TALL / 2],
    [x1, y1 - TALL / 2],
  ];
  const way = sent.flat().filter((w) => w.node === node && w.to === to)[place];
  const back = done.flat().includes(way);
  const kind = back ? "ck-wire ck-back" : `ck-wire${known.has(node) ? " ck-forth" : ""}`;
  const line = back ? arrow(ends[1], ends[0], { class: kind }) : arrow(...ends, { class: kind });
  const consumers = nodes.filter(([, , ...from]) => from.includes(to)).length;
  if (!back || consumers < 2) return [line];
  const near = ends[0].map((v, i) => 0.62 * v + 0.38 * ends[1][i]);
  return [line, tag(near, short(way.amount))];
}

/** A number on a wire, on a ground of its own. */
function tag([x, y], said) {
  const wide = 8 * said.length + 10;
  return svg(
    "g",
    { class: "ck-tag" },
    svg("rect", { x: x - wide / 2, y: y - 10, width: wide, height: 20, rx: 10 }),
    svg("text", { x, y: y + 4, "text-anchor": "middle" }, said),
  );
}

/** A node: its formula, its value (going down), its gradient (coming up). */
function box(now, name, here) {
  const { nodes, places, values, known, arrived, missing } = now;
  const [x, y] = centre(places[name]);
  const node = nodes.find(([n]) => n === name);
  const kind = `ck-box${node ? "" : " ck-input"}${here ? " ck-here" : ""}`;
  const value = known.has(name) ? `▼ ${short(values[name])}` : "";
  const gradient =
    name in arrived ? `▲ ${short(arrived[name])}${missing.has(name) ? "…" : ""}` : "";
  const words = (dx, dy, anchor, kind, said) =>
    svg("text", { x: x + dx, y: y + dy, "text-anchor": anchor, class: kind }, said);
  return svg(
    "g",
    { class: kind },
    svg("rect", { x: x - WIDE / 2, y: y - TALL / 2, width: WIDE, height: TALL, rx: 7 }),
    words(0, -6, "middle", "ck-formula", node ? formula(node) : name),
    words(4 - WIDE / 2, 14, "start", "ck-value-of", value),
    words(WIDE / 2 - 4, 14, "end", "ck-gradient-of", gradient),
  );
}

/** The drawing, and the same in words for who cannot see it. */
function paintCircuit(drawing, now) {
  const { nodes, places, values, known, arrived } = now;
  const rows = Math.max(...Object.values(places).map(([, row]) => row));
  drawing.setAttribute("viewBox", `0 0 ${100 + 3 * COLUMN} ${56 + ROW * rows}`);
  const here = nodeOf(now)?.[0];
  const wires = nodes.flatMap(([node, , ...from]) =>
    from.flatMap((to, i) => wire(now, node, to, from.slice(0, i).filter((f) => f === to).length)),
  );
  const boxes = Object.keys(places).map((name) => box(now, name, name === here));
  drawing.replaceChildren(...wires, ...boxes);
  const said = Object.keys(places).map((name) => {
    const node = nodes.find(([n]) => n === name);
    const value = known.has(name) ? ` is ${number(values[name])}` : " is not known yet";
    const gradient = name in arrived ? `, gradient ${number(arrived[name])}` : "";
    return `${node ? formula(node) : name}${value}${gradient}`;
  });
  drawing.setAttribute("aria-label", `Circuit. ${said.join("; ")}.`);
}

/** The inputs: a box for each, its gradient, and what nudging says. */
function inputTable(model, names) {
  const cell = (role, ...kids) => h("div", { role }, ...kids);
  const heads = ["input", "value", "gradient", "by nudging"];
  const rows = names.map((name) => {
    const value = numberBox(
      `Value of ${name}`,
      (v) => save(model, { inputs: { ...model.get("inputs"), [name]: clamp(v, -100, 100) } }),
      { min: -100, max: 100 },
    );
    const [gradient, judged] = [cell("cell"), cell("cell")];
    const element = h(
      "div",
      { role: "row", class: "ck-line" },
      cell("rowheader", name),
      cell("cell", value.element),
      gradient,
      judged,
    );
    return { name, value, gradient, judged, element };
  });
  const head = h(
    "div",
    { role: "row", class: "ck-line ck-top" },
    ...heads.map((name) => cell("columnheader", name)),
  );
  const element = h(
    "div",
    { class: "ck-table", role: "table", "aria-label": "Inputs and their gradients" },
    head,
    ...rows.map((row) => row.element),
  );
  const paint = ({ nodes, inputs, arrived, missing }) => {
    const slopes = nudged(nodes, inputs);
    for (const { name, value, gradient, judged } of rows) {
      value.paint(inputs[name]);
      const known = name in arrived && !missing.has(name);
      gradient.textContent = known ? number(arrived[name]) : "?";
      judged.textContent = known ? number(slopes[name]) : "?";
    }
  };
  return { element, paint };
}

/** The inputs that learn, after one step against the gradient. */
const descended = ({ inputs, learn, gradients }) =>
  Object.fromEntries(
    Object.entries(inputs).map(([name, v]) => [
      name,
      learn.includes(name) ? clamp(+(v - RATE * gradients[name]).toFixed(4), -100, 100) : v,
    ]),
  );

/** The circuits to choose from. */
function circuitChoice(model, stop) {
  const use = (circuit) => {
    stop();
    const step = 2 * CIRCUITS[circuit].nodes.length + 1;
    save(model, { circuit, inputs: model.get("examples")[circuit], step });
  };
  return choice(
    "Circuit",
    Object.keys(CIRCUITS).map((name) => [name, name]),
    use,
  );
}

/** The drawing, and what its signs mean. */
function figure(drawing) {
  const legend = "▼ value, on its way down. ▲ gradient, on its way up.";
  return h("div", { class: "ck-part ck-figure" }, drawing, h("p", { class: "ck-legend" }, legend));
}

function render({ model, el }) {
  const { root, live } = frame(
    el,
    "backprop_circuit",
    "Values down, gradients up",
    "Each node knows one simple rule. Step through it, change the inputs, and let nudging judge the result.",
  );
  const offers = circuitChoice(model, () => walk.stop());
  const drawing = svg("svg", { class: "ck-circuit", role: "img" });
  const last = () => read(model)?.last ?? 0;
  const goTo = (step) => save(model, { step: clamp(step, 0, last()) });
  const walk = player(model, root, { last, goTo, pace: () => ({ every: 1600, leap: 1 }) });
  const position = slider("Step", { min: 0, max: 1 }, goTo);
  const descend = button(`One step downhill, rate ${RATE}`, () =>
    save(model, { inputs: descended(read(model)), step: last() }),
  );
  const holder = h("div", { class: "ck-holder" });
  const loss = h("p", { class: "ck-loss" });
  root.append(
    tools(offers.element),
    flow(figure(drawing), part("The inputs", holder, loss, descend)),
    tools(position.element, ...walk.buttons),
    live,
  );
  let table;
  const build = keyed(holder, (now) => {
    table = inputTable(
      model,
      Object.keys(now.places).filter((name) => name in now.inputs),
    );
    holder.replaceChildren(table.element);
    position.input.max = now.last;
  });
  const refresh = () => {
    const now = read(model);
    if (!now) {
      live.textContent = "Waiting: these inputs do not belong to this circuit.";
      return;
    }
    build(now.name, now);
    offers.paint(now.name);
    paintCircuit(drawing, now);
    table.paint(now);
    loss.textContent = `The loss is ${number(now.values.loss)}.`;
    position.paint(now.step, `${now.step} of ${now.last}`);
    walk.paint();
    live.textContent = sentence(now);
  };
  const end = watch(model, ["circuit", "inputs", "step"], refresh);
  refresh();
  return () => {
    walk.stop();
    end();
  };
}
export default { render };
