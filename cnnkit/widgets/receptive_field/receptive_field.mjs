// What one unit sees: stack layers, point at a cell, follow its field down to the input.
import {
  ARROWS,
  button,
  clamp,
  frame,
  h,
  outputSize,
  save,
  svg,
  text,
  tools,
  watch,
} from "../base.mjs";

/** Lengths of all levels, the input first; a level of length 0 means that nothing fits any more. */
export function lengths(size, layers) {
  const all = [size];
  for (const { kernel_size: k, stride: s, padding: p } of layers) {
    all.push(Math.max(0, outputSize(all.at(-1), k, s, p)));
  }
  return all;
}

/** For each layer: how many input pixels a unit sees, and how far its neighbour's field starts. */
export function fields(layers) {
  let [field, jump] = [1, 1];
  return layers.map(({ kernel_size: k, stride: s }) => {
    field += (k - 1) * jump;
    jump *= s;
    return { field, jump };
  });
}

/** For each level below a unit, the first and last place it depends on (zeros outside cut off). */
export function trace(size, layers, level, index) {
  const all = lengths(size, layers);
  const spans = [[index, index]];
  for (let l = level; l > 0; l--) {
    const { kernel_size: k, stride: s, padding: p } = layers[l - 1];
    const [a, b] = spans[0];
    spans.unshift([Math.max(0, a * s - p), Math.min(all[l - 1] - 1, b * s - p + k - 1)]);
  }
  return spans;
}

const OFFERS = [
  ["conv 3", { kind: "conv", kernel_size: 3, stride: 1, padding: 1 }],
  ["conv 5", { kind: "conv", kernel_size: 5, stride: 1, padding: 2 }],
  ["conv 3, stride 2", { kind: "conv", kernel_size: 3, stride: 2, padding: 1 }],
  ["pool 2", { kind: "pool", kernel_size: 2, stride: 2, padding: 0 }],
];
const describe = ({ kind, kernel_size: k, stride: s }) =>
  `${kind} ${k}${s > 1 ? `, stride ${s}` : ""}`;
const MOST = 7;
const [WIDTH, ROW, TALL] = [1000, 62, 30]; // of the drawing, from row to row, of a cell

/** The stack, the length of each level, the chosen cell, and the spans below it that it sees. */
function read(model) {
  const [size, layers] = [model.get("size"), model.get("layers")];
  const all = lengths(size, layers);
  const level = clamp(model.get("level"), 0, layers.length);
  const index = clamp(model.get("index"), 0, all[level] - 1);
  const spans = trace(size, layers, level, index);
  return {
    size,
    layers,
    all,
    level,
    index,
    spans,
    found: fields(layers),
    place: places(all, layers),
  };
}

/** Where a cell stands: over the middle of its field, as wide as the rows allow. */
function places(all, layers) {
  const jumps = [1, ...fields(layers).map((f) => f.jump)];
  const unit = WIDTH / all[0];
  const start = [0];
  for (const [l, { kernel_size: k, padding: p }] of layers.entries()) {
    start.push(start[l] + ((k - 1) / 2 - p) * jumps[l]);
  }
  return (l, i) => ({
    x: (start[l] + i * jumps[l] + 0.5) * unit,
    width: unit * Math.min(jumps[l], 2.2) * 0.86,
    y: (all.length - 1 - l) * ROW + 2,
  });
}

/** Choose the cell of a level that stands nearest to x. */
function chooseNearest(model, { all, place }, level, x) {
  const distance = (i) => Math.abs(place(level, i).x - x);
  let best = 0;
  for (let i = 1; i < all[level]; i++) if (distance(i) < distance(best)) best = i;
  choose(model, level, best);
}

function choose(model, level, index) {
  const { all } = read(model);
  const l = clamp(level, 0, all.length - 1);
  save(model, { level: l, index: clamp(index, 0, all[l] - 1) });
}

/** The drawing: the nearest cell by pointer, the next one by arrow keys. */
function tower(model) {
  const drawing = svg("svg", {
    class: "ck-tower",
    role: "application",
    tabindex: 0,
    "aria-roledescription": "layer diagram",
    preserveAspectRatio: "none",
  });
  drawing.addEventListener("pointerdown", (e) => {
    // The nearest cell, not only a hit: on a phone cells are narrower than a fingertip.
    const box = drawing.getBoundingClientRect();
    const now = read(model);
    const top = now.all.length - 1;
    const row = Math.floor(((e.clientY - box.top) / box.height) * now.all.length);
    const x = ((e.clientX - box.left) / box.width) * WIDTH;
    chooseNearest(model, now, clamp(top - row, 0, top), x);
  });
  drawing.addEventListener("keydown", (e) => {
    const now = read(model);
    const { all, level, index, place } = now;
    const [down, right] = ARROWS[e.key] ?? [];
    if (right) choose(model, level, index + right);
    else if (down && all[level - down])
      chooseNearest(model, now, level - down, place(level, index).x);
    else if (e.key === "Home") choose(model, level, 0);
    else if (e.key === "End") choose(model, level, all[level] - 1);
    else if (!down) return;
    e.preventDefault();
  });
  return drawing;
}

/** The beam between two levels: from what is seen on the upper one to what that sees below. */
function beam({ place, spans }, l) {
  const [left, right] = spans[l].map((i) => place(l, i));
  const [from, to] = spans[l - 1].map((i) => place(l - 1, i));
  const points = [
    [left.x - left.width / 2, left.y + TALL],
    [right.x + right.width / 2, right.y + TALL],
    [to.x + to.width / 2, to.y],
    [from.x - from.width / 2, from.y],
  ];
  return svg("polygon", { class: "ck-beam", points: points.map((p) => p.join()).join(" ") });
}

function cell({ place, level, index, spans }, l, i) {
  const { x, y, width } = place(l, i);
  const seen = l <= level && i >= spans[l][0] && i <= spans[l][1];
  const here = l === level && i === index;
  return svg("rect", {
    class: `ck-unit${seen && !here ? " ck-seen" : ""}${here ? " ck-here" : ""}`,
    x: x - width / 2,
    y,
    width,
    height: TALL,
    rx: 4,
    "data-level": l,
    "data-index": i,
  });
}

function paintTower(drawing, now, text) {
  const { all, level } = now;
  const height = (all.length - 1) * ROW + TALL + 4;
  drawing.setAttribute("viewBox", `0 0 ${WIDTH} ${height}`);
  drawing.style.height = `${height * 0.68}px`;
  const beams = Array.from({ length: level }, (_, i) => beam(now, level - i));
  const cells = all.flatMap((length, l) => Array.from({ length }, (_, i) => cell(now, l, i)));
  drawing.replaceChildren(...beams, ...cells);
  drawing.setAttribute("aria-label", `Layers over the input. Arrow keys choose a cell. ${text}`);
}

/** Layer by layer: length, how many pixels a unit sees, and how far the next one has moved. */
function paintTable(table, { layers, all, level, found }) {
  const row = (kind, role, ...texts) =>
    h("div", { role: "row", class: kind }, ...texts.map((text) => h("div", { role }, text)));
  const rows = layers.map((layer, l) => {
    const numbers = [all[l + 1], found[l].field, found[l].jump].map(String);
    return row(
      l + 1 === level ? "ck-now" : "ck-line",
      "cell",
      `${l + 1}. ${describe(layer)}`,
      ...numbers,
    );
  });
  const head = row("ck-top", "columnheader", "layer", "length", "sees", "moves by");
  table.replaceChildren(head, ...rows.reverse());
}

/** What the chosen cell sees, in words. */
function sentence({ size, layers, level, index, spans, found }) {
  if (!level) return `Pixel ${index + 1} of the input: it sees itself.`;
  const [first, last] = spans[0];
  const width = last - first + 1;
  const { field } = found[level - 1];
  const cut =
    width < field ? `Its full field is ${field}: the rest falls on the zeros outside.` : "";
  const name = `layer ${level} (${describe(layers[level - 1])})`;
  return text(
    `Cell ${index + 1} of ${name} sees input pixels ${first + 1} to ${last + 1}:`,
    `${width} of ${size} along one side, ${width ** 2} in the square.`,
    cut,
  );
}

/** Buttons for one layer more or less. */
function layerButtons(model) {
  const set = (layers) => {
    const index = lengths(model.get("size"), layers).at(-1) >> 1;
    save(model, { layers, level: layers.length, index });
  };
  const known = OFFERS.filter(([, { kind }]) => kind !== "pool" || model.get("pooling"));
  const offers = known.map(([name, layer]) => ({
    layer,
    press: button(`+ ${name}`, () => set([...model.get("layers"), { ...layer }])),
  }));
  const remove = button("Remove the top layer", () => set(model.get("layers").slice(0, -1)));
  const group = { class: "ck-choices", role: "group", "aria-label": "Add a layer" };
  const element = tools(h("div", group, ...offers.map((o) => o.press), remove));
  const paint = ({ size, layers }) => {
    for (const { layer, press } of offers) {
      const fits = lengths(size, [...layers, layer]).at(-1) >= 1;
      press.disabled = layers.length >= MOST || !fits;
    }
    remove.disabled = !layers.length;
  };
  return { element, paint };
}

function render({ model, el }) {
  const { root, live } = frame(
    el,
    "receptive_field",
    "What does one unit see?",
    "Each row is a layer, seen along one side; the input lies at the bottom. Choose a cell and follow its field down.",
  );
  const buttons = layerButtons(model);
  const drawing = tower(model);
  const growth = {
    class: "ck-steps",
    role: "table",
    "aria-label": "Growth of the receptive field",
  };
  const table = h("div", growth);
  root.append(buttons.element, drawing, table, live);
  const refresh = () => {
    const now = read(model);
    const text = sentence(now);
    buttons.paint(now);
    paintTower(drawing, now, text);
    paintTable(table, now);
    live.textContent = text;
  };
  const end = watch(model, ["size", "layers", "level", "index"], refresh);
  refresh();
  return end;
}
export default { render };
