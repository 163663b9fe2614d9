// Pooling keeps one number for each window. Push the image by a pixel: how much of it changes?
import { button, choice, clamp, copy, fmt, frame, h, largest, matrix, part, save, watch } from "./base.mjs";

const RULES = {
  max: (v) => Math.max(...v),
  average: (v) => v.reduce((a, b) => a + b, 0) / v.length,
  sum: (v) => v.reduce((a, b) => a + b, 0),
  "L2 norm": (v) => Math.sqrt(v.reduce((a, b) => a + b * b, 0)),
};

/** Pool each window of k × k, s apart; windows that stick out are left out. */
export function pool(x, k, s, mode) {
  const count = (n) => Math.floor((n - k) / s) + 1;
  return Array.from({ length: count(x.length) }, (_, i) =>
    Array.from({ length: count(x[0].length) }, (_, j) => RULES[mode](windowAt(x, k, s, i, j).map(([r, c]) => x[r][c]))),
  );
}

/** The places [row, column] of window (i, j). */
export function windowAt(x, k, s, i, j) {
  const places = [];
  for (let u = 0; u < k; u++) for (let v = 0; v < k; v++) places.push([i * s + u, j * s + v]);
  return places;
}

/** The image pushed down by dy and right by dx; zeros come in, the rest falls off the edge. */
export const push = (x, [dy, dx]) => x.map((row, r) => row.map((_, c) => x[r - dy]?.[c - dx] ?? 0));

/** How many values differ. */
export const changes = (a, b) => a.flat().filter((v, i) => Math.abs(v - b.flat()[i]) > 1e-9).length;

function render({ model, el }) {
  const { root, live } = frame(el, "pooling", "Pooling, and a push", "Choose a rule, then push the image by a pixel (buttons, or drag the input). Dashed cells of the output have changed.");
  const modes = choice("Rule", Object.keys(RULES).map((n) => [n, n]), (mode) => save(model, { mode }));
  const sizes = choice("Window", [2, 3].map((k) => [k, `${k} × ${k}`]), (kernel_size) => save(model, { kernel_size, cell: [0, 0] }));
  const strides = choice("Stride", [1, 2, 3].map((s) => [s, `stride ${s}`]), (stride) => save(model, { stride, cell: [0, 0] }));
  const shiftBy = (dy, dx) => {
    const [y, x] = model.get("shift");
    const limit = (v, n) => clamp(v, -n + 1, n - 1);
    save(model, { shift: [limit(y + dy, model.get("image").length), limit(x + dx, model.get("image")[0].length)] });
  };
  const arrows = [["←", "left", 0, -1], ["→", "right", 0, 1], ["↑", "up", -1, 0], ["↓", "down", 1, 0]].map(([sign, name, dy, dx]) =>
    button(sign, () => shiftBy(dy, dx), { "aria-label": `Push the image ${name}` }),
  );
  const reset = button("Put it back", () => save(model, { shift: [0, 0] }));
  const stage = h("div", { class: "ck-flow ck-stage" });
  const score = h("p", { class: "ck-score" });
  root.append(
    h("div", { class: "ck-bar ck-noprint" }, modes.element, sizes.element, strides.element),
    stage,
    h("div", { class: "ck-bar ck-noprint" }, h("div", { class: "ck-choices", role: "group", "aria-label": "Push the image" }, ...arrows, reset)),
    score,
    live,
  );

  let grids;
  let shape = "";
  function build(x, y) {
    const edit = (r, c, e) => {
      const change = { "+": 1, "=": 1, "-": -1 }[e.key];
      if (!change) return false;
      const [dy, dx] = model.get("shift");
      const image = copy(model.get("image"));
      if (image[r - dy]?.[c - dx] === undefined) return true;
      image[r - dy][c - dx] += change;
      save(model, { image });
      return true;
    };
    const input = matrix(x.length, x[0].length, "Input. Plus and minus change a value.", { key: edit });
    const select = (r, c) => save(model, { cell: [r, c] });
    const output = matrix(y.length, y[0].length, "Output. Arrow keys choose a window.", { pick: select, move: select });
    const before = matrix(y.length, y[0].length, "Output before the push");
    let from = null;
    const at = (e) => {
      const box = input.element.getBoundingClientRect();
      return [Math.floor(((e.clientY - box.top) / box.height) * x.length), Math.floor(((e.clientX - box.left) / box.width) * x[0].length)];
    };
    input.element.classList.add("ck-drag");
    input.element.addEventListener("pointerdown", (e) => {
      if (e.button) return;
      from = at(e);
      input.element.setPointerCapture(e.pointerId);
    });
    input.element.addEventListener("pointermove", (e) => {
      if (!from || !(e.buttons & 1)) return;
      const to = at(e);
      if (String(to) !== String(from)) shiftBy(to[0] - from[0], to[1] - from[1]);
      from = to;
    });
    input.element.addEventListener("pointerup", () => (from = null));
    stage.replaceChildren(part(`Input ${x.length} × ${x[0].length}`, input.element), part(`Output ${y.length} × ${y[0].length}`, output.element), part("Before the push", before.element));
    grids = { input, output, before };
  }
  const refresh = () => {
    const [k, s, mode, shift] = [model.get("kernel_size"), model.get("stride"), model.get("mode"), model.get("shift")];
    const image = model.get("image");
    const x = push(image, shift);
    const [y, was] = [pool(x, k, s, mode), pool(image, k, s, mode)];
    const key = [x.length, x[0].length, y.length, y[0].length].join();
    if (key !== shape) {
      const inside = stage.contains(document.activeElement);
      shape = key;
      build(x, y);
      if (inside) stage.querySelector("[tabindex='0']").focus();
    }
    const [i, j] = [clamp(model.get("cell")[0], 0, y.length - 1), clamp(model.get("cell")[1], 0, y[0].length - 1)];
    const places = windowAt(x, k, s, i, j);
    const values = places.map(([r, c]) => x[r][c]);
    const winner = mode === "max" ? places[values.indexOf(y[i][j])] : null;
    const top = largest(image) || 1;
    const peak = Math.max(largest(was), largest(y)) || 1;
    const is = (place, r, c) => place && place[0] === r && place[1] === c;
    grids.input.paint((r, c) => ({ text: fmt(x[r][c]), signed: x[r][c] / top, mark: places.some((p) => is(p, r, c)), say: `row ${r + 1}, column ${c + 1}: ${fmt(x[r][c])}${is(winner, r, c) ? ", the largest of the window" : ""}` }));
    grids.input.cells.forEach((row, r) => row.forEach((cell, c) => cell.classList.toggle("ck-winner", Boolean(is(winner, r, c)))));
    const differs = (r, c) => Math.abs(y[r][c] - was[r][c]) > 1e-9;
    grids.output.paint((r, c) => ({ text: fmt(y[r][c], 1), signed: y[r][c] / peak, mark: r === i && c === j, say: `row ${r + 1}, column ${c + 1}: ${fmt(y[r][c], 1)}${differs(r, c) ? `, was ${fmt(was[r][c], 1)}` : ""}` }));
    grids.output.cells.forEach((row, r) => row.forEach((cell, c) => cell.classList.toggle("ck-changed", differs(r, c))));
    grids.output.home(i, j);
    grids.before.paint((r, c) => ({ text: fmt(was[r][c], 1), signed: was[r][c] / peak }));
    modes.paint(mode);
    sizes.paint(k);
    strides.paint(s);
    const moved = shift.some((v) => v !== 0);
    const [nx, ny] = [changes(x, image), changes(y, was)];
    const total = (g) => g.length * g[0].length;
    const share = (n, g) => `${n} of ${total(g)} (${Math.round((100 * n) / total(g))} %)`;
    const ways = [[shift[0], "down", "up"], [shift[1], "right", "left"]].filter(([v]) => v).map(([v, a, b]) => `${Math.abs(v)} ${v > 0 ? a : b}`);
    score.textContent = moved
      ? `Pushed ${ways.join(", ")}. Input values changed: ${share(nx, x)}. Output values changed: ${share(ny, y)}.`
      : `Not pushed yet: output and copy agree. ${total(x)} numbers became ${total(y)}; a pooling layer has no weights.`;
    const list = values.map((v) => fmt(v)).join(", ");
    const how = { max: `the largest of ${list} is`, average: `the mean of ${list} is`, sum: `the sum of ${list} is`, "L2 norm": `the root of the summed squares of ${list} is` }[mode];
    live.textContent = `Row ${i + 1}, column ${j + 1}: ${how} ${fmt(y[i][j])}.`;
  };
  const end = watch(model, ["image", "kernel_size", "stride", "mode", "shift", "cell"], refresh);
  refresh();
  return end;
}
export default { render };
