// Pooling keeps one number for each window. Push the image by a pixel: how much of it changes?
import {
  button,
  choice,
  clamp,
  copy,
  eachCell,
  fmt,
  frame,
  gridOf,
  h,
  keyed,
  largest,
  matrix,
  part,
  pointedAt,
  save,
  text,
  tools,
  total,
  watch,
} from "../base.mjs";

const RULES = {
  max: (v) => Math.max(...v),
  average: (v) => total(v) / v.length,
  sum: total,
  "L2 norm": (v) => Math.sqrt(total(v.map((value) => value ** 2))),
};

/** Pool each window of k × k, s apart; windows that stick out are left out. */
export function pool(x, k, s, mode) {
  const count = (n) => Math.floor((n - k) / s) + 1;
  return gridOf(count(x.length), count(x[0].length), (i, j) =>
    RULES[mode](windowAt(k, s, i, j).map(([r, c]) => x[r][c])),
  );
}

/** The places [row, column] of window (i, j). */
export const windowAt = (k, s, i, j) => gridOf(k, k, (u, v) => [i * s + u, j * s + v]).flat();

/** The image pushed down by dy and right by dx; zeros come in, the rest falls off the edge. */
export const push = (x, [dy, dx]) => x.map((row, r) => row.map((_, c) => x[r - dy]?.[c - dx] ?? 0));

/** How many values differ. */
export function changes(a, b) {
  const other = b.flat();
  return a.flat().filter((v, i) => differ(v, other[i])).length;
}
const differ = (a, b) => Math.abs(a - b) > 1e-9;

/** The image as it is and pushed (x), their outputs (was, y), and the chosen window at (i, j). */
function read(model) {
  const [k, s, mode] = ["kernel_size", "stride", "mode"].map((name) => model.get(name));
  const [image, shift] = [model.get("image"), model.get("shift")];
  const x = push(image, shift);
  const [y, was] = [pool(x, k, s, mode), pool(image, k, s, mode)];
  const [r, c] = model.get("cell");
  const [i, j] = [clamp(r, 0, y.length - 1), clamp(c, 0, y[0].length - 1)];
  const places = windowAt(k, s, i, j);
  const values = places.map(([row, col]) => x[row][col]);
  const winner = mode === "max" ? places[values.indexOf(y[i][j])] : null;
  return { k, s, mode, image, shift, x, y, was, i, j, places, values, winner };
}

/** Push the image by so many rows and columns, as long as a part of it stays in sight. */
function pushBy(model, dy, dx) {
  const [[y, x], image] = [model.get("shift"), model.get("image")];
  const limit = (v, n) => clamp(v, -n + 1, n - 1);
  save(model, { shift: [limit(y + dy, image.length), limit(x + dx, image[0].length)] });
}

/** The choices of rule, window and stride. */
function ruleChoices(model) {
  const pick = (name) => (value) => save(model, { [name]: value, cell: [0, 0] });
  const modes = choice(
    "Rule",
    Object.keys(RULES).map((n) => [n, n]),
    (mode) => save(model, { mode }),
  );
  const sizes = choice(
    "Window",
    [2, 3].map((k) => [k, `${k} × ${k}`]),
    pick("kernel_size"),
  );
  const strides = choice(
    "Stride",
    [1, 2, 3].map((s) => [s, `stride ${s}`]),
    pick("stride"),
  );
  const paint = ({ k, s, mode }) => {
    modes.paint(mode);
    sizes.paint(k);
    strides.paint(s);
  };
  return { element: tools(modes.element, sizes.element, strides.element), paint };
}

function pushButtons(model) {
  const arrows = [
    ["←", "left", 0, -1],
    ["→", "right", 0, 1],
    ["↑", "up", -1, 0],
    ["↓", "down", 1, 0],
  ];
  const buttons = arrows.map(([text, name, dy, dx]) =>
    button(text, () => pushBy(model, dy, dx), { "aria-label": `Push the image ${name}` }),
  );
  const reset = button("Put it back", () => save(model, { shift: [0, 0] }));
  const group = { class: "ck-choices", role: "group", "aria-label": "Push the image" };
  return tools(h("div", group, ...buttons, reset));
}

/** The input: plus and minus change a value, and the pointer drags all of it. */
function inputGrid(model, { x }) {
  const key = (r, c, e) => {
    const change = { "+": 1, "=": 1, "-": -1 }[e.key];
    if (!change) return false;
    const [dy, dx] = model.get("shift");
    const image = copy(model.get("image"));
    if (image[r - dy]?.[c - dx] === undefined) return true;
    image[r - dy][c - dx] += change;
    save(model, { image });
    return true;
  };
  const [rows, cols] = [x.length, x[0].length];
  const grid = matrix(rows, cols, "Input. Plus and minus change a value.", { key });
  dragAlong(
    grid.element,
    (e) => pointedAt(e, grid.element, rows, cols),
    (dy, dx) => pushBy(model, dy, dx),
  );
  const paint = ({ x, places, winner }) => {
    const top = largest(model.get("image")) || 1;
    const is = (place, r, c) => Boolean(place) && place[0] === r && place[1] === c;
    grid.paint((r, c) => {
      const best = is(winner, r, c) ? ", the largest of the window" : "";
      const say = `row ${r + 1}, column ${c + 1}: ${fmt(x[r][c])}${best}`;
      const mark = places.some((place) => is(place, r, c));
      return { text: fmt(x[r][c]), signed: x[r][c] / top, mark, say };
    });
    eachCell(grid.cells, (cell, r, c) => cell.classList.toggle("ck-winner", is(winner, r, c)));
  };
  return { element: grid.element, paint };
}

/** Tell `drag(rows, columns)` how far the pointer has come, cell by cell. */
function dragAlong(element, at, drag) {
  let from = null;
  element.classList.add("ck-drag");
  element.addEventListener("pointerdown", (e) => {
    if (e.button) return;
    from = at(e);
    element.setPointerCapture(e.pointerId);
  });
  element.addEventListener("pointermove", (e) => {
    if (!from || !(e.buttons & 1)) return;
    const to = at(e);
    if (String(to) !== String(from)) drag(to[0] - from[0], to[1] - from[1]);
    from = to;
  });
  element.addEventListener("pointerup", () => {
    from = null;
  });
}

/** The output, with what the push has changed, and the output before it. */
function outputGrids(model, { y }) {
  const pick = (r, c) => save(model, { cell: [r, c] });
  const name = "Output. Arrow keys choose a window.";
  const output = matrix(y.length, y[0].length, name, { pick, move: pick });
  const before = matrix(y.length, y[0].length, "Output before the push");
  const paint = ({ y, was, i, j }) => {
    const peak = Math.max(largest(was), largest(y)) || 1;
    const changed = (r, c) => differ(y[r][c], was[r][c]);
    output.paint((r, c) => {
      const old = changed(r, c) ? `, was ${fmt(was[r][c], 1)}` : "";
      const say = `row ${r + 1}, column ${c + 1}: ${fmt(y[r][c], 1)}${old}`;
      return { text: fmt(y[r][c], 1), signed: y[r][c] / peak, mark: r === i && c === j, say };
    });
    eachCell(output.cells, (cell, r, c) => cell.classList.toggle("ck-changed", changed(r, c)));
    output.home(i, j);
    before.paint((r, c) => ({ text: fmt(was[r][c], 1), signed: was[r][c] / peak }));
  };
  return { output: output.element, before: before.element, paint };
}

/** How far the image is pushed, and how much of input and output that changes. */
function scoreOf({ image, shift, x, y, was }) {
  const size = (g) => g.length * g[0].length;
  if (shift.every((v) => v === 0)) {
    return text(
      "Not pushed yet: output and copy agree.",
      `${size(x)} numbers became ${size(y)}; a pooling layer has no weights.`,
    );
  }
  const share = (n, g) => `${n} of ${size(g)} (${Math.round((100 * n) / size(g))} %)`;
  const ways = [
    [shift[0], "down", "up"],
    [shift[1], "right", "left"],
  ]
    .filter(([v]) => v)
    .map(([v, ahead, back]) => `${Math.abs(v)} ${v > 0 ? ahead : back}`);
  return text(
    `Pushed ${ways.join(", ")}.`,
    `Input values changed: ${share(changes(x, image), x)}.`,
    `Output values changed: ${share(changes(y, was), y)}.`,
  );
}

/** How the chosen output was made, in words. */
function sentence({ mode, y, i, j, values }) {
  const how = {
    max: "the largest of",
    average: "the mean of",
    sum: "the sum of",
    "L2 norm": "the root of the summed squares of",
  }[mode];
  const list = values.map((v) => fmt(v)).join(", ");
  return `Row ${i + 1}, column ${j + 1}: ${how} ${list} is ${fmt(y[i][j])}.`;
}

function render({ model, el }) {
  const { root, live } = frame(
    el,
    "pooling_explorer",
    "Pooling, and a push",
    text(
      "Choose a rule, then push the image by a pixel (buttons, or drag the input).",
      "Dashed cells of the output have changed.",
    ),
  );
  const rules = ruleChoices(model);
  const stage = h("div", { class: "ck-flow ck-stage" });
  const score = h("p", { class: "ck-score" });
  root.append(rules.element, stage, pushButtons(model), score, live);

  let grids;
  const build = keyed(stage, (now) => {
    const [input, outputs] = [inputGrid(model, now), outputGrids(model, now)];
    const size = (g) => `${g.length} × ${g[0].length}`;
    stage.replaceChildren(
      part(`Input ${size(now.x)}`, input.element),
      part(`Output ${size(now.y)}`, outputs.output),
      part("Before the push", outputs.before),
    );
    grids = [input, outputs];
  });
  const refresh = () => {
    const now = read(model);
    const { x, y } = now;
    build([x.length, x[0].length, y.length, y[0].length].join(), now);
    for (const grid of grids) grid.paint(now);
    rules.paint(now);
    score.textContent = scoreOf(now);
    live.textContent = sentence(now);
  };
  const end = watch(model, ["image", "kernel_size", "stride", "mode", "shift", "cell"], refresh);
  refresh();
  return end;
}
export default { render };
