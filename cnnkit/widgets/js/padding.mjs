// Where a window fits: input, kernel, stride, padding and dilation, with the formula at work.
import { button, choice, clamp, fmt, frame, h, matrix, outputSize, part, reduced, save, slider, watch } from "./base.mjs";

/**
 * One axis of a convolution: `exact` is the formula before rounding, `out` after it (0 where the
 * kernel is too large), `left` the pixels behind the last window, `span` what a window covers.
 */
export function measure({ size, kernel, stride, padding, dilation }) {
  const span = dilation * (kernel - 1) + 1;
  const room = size + 2 * padding - span;
  if (room < 0) return { span, room, exact: null, out: 0, left: 0, fits: false };
  return { span, room, exact: room / stride + 1, out: outputSize(size, kernel, stride, padding, dilation), left: room % stride, fits: room % stride === 0 };
}

/** The places (0 is the first pixel, padding lies outside) that window number i reads. */
export const reads = ({ kernel, stride, padding, dilation }, i) =>
  Array.from({ length: kernel }, (_, u) => i * stride - padding + u * dilation);

const KEYS = ["size", "kernel", "stride", "padding", "dilation"];
const EXAMPLES = [
  ["valid", [5, 3, 1, 0, 1]],
  ["same", [5, 3, 1, 1, 1]],
  ["stride 2", [5, 3, 2, 1, 1]],
  ["does not fit", [10, 3, 2, 0, 1]],
  ["even kernel", [5, 2, 1, 1, 1]],
  ["dilated", [7, 3, 1, 0, 2]],
  ["AlexNet, 227", [227, 11, 4, 0, 1]],
  ["AlexNet, 224", [224, 11, 4, 0, 1]],
];
const GRID = 14; // up to so many rows with padding each pixel is drawn
const SVG = "http://www.w3.org/2000/svg";
const svg = (tag, props = {}, ...kids) => {
  const e = document.createElementNS(SVG, tag);
  for (const [k, v] of Object.entries(props)) e.setAttribute(k, v);
  e.append(...kids);
  return e;
};

function render({ model, el }) {
  const { root, live } = frame(el, "padding", "Where does the window fit?", "Set the five numbers and watch the formula. Output cells are windows: choose one to see what it reads.");
  const now = () => Object.fromEntries(KEYS.map((k) => [k, model.get(k)]));
  const set = (values) => {
    stop();
    save(model, { ...values, step: 0 });
  };
  const names = { size: "Input W", kernel: "Kernel F", stride: "Stride S", padding: "Padding P", dilation: "Dilation D" };
  const limits = { size: [1, 14], kernel: [1, 7], stride: [1, 5], padding: [0, 4], dilation: [1, 3] };
  const sliders = Object.fromEntries(KEYS.map((k) => [k, slider(names[k], { min: limits[k][0], max: limits[k][1] }, (v) => set({ [k]: v }))]));
  const examples = choice("Example", EXAMPLES.map(([n]) => [n, n]), (n) => {
    const values = EXAMPLES.find(([name]) => name === n)[1];
    set(Object.fromEntries(KEYS.map((k, i) => [k, values[i]])));
  });
  const formula = h("p", { class: "ck-formula" });
  const verdict = h("p", { class: "ck-verdict" });
  const stage = h("div", { class: "ck-flow ck-stage" });
  const ruler = svg("svg", { class: "ck-ruler", role: "img" });
  const goTo = (step) => {
    const { out } = measure(now());
    save(model, { step: clamp(step, 0, Math.max(0, out * out - 1)) });
  };
  let timer = 0;
  const stop = () => {
    clearInterval(timer);
    timer = 0;
    play.textContent = "Play";
  };
  const play = button("Play", () => {
    if (timer) return stop();
    const last = measure(now()).out ** 2 - 1;
    if (reduced()) return goTo(model.get("step") >= last ? 0 : last);
    if (model.get("step") >= last) goTo(0);
    play.textContent = "Pause";
    timer = setInterval(() => {
      if (!root.isConnected || model.get("step") >= last) return stop();
      goTo(model.get("step") + 1);
    }, 500);
  });
  const back = button("Back", () => goTo(model.get("step") - 1));
  const next = button("Next", () => goTo(model.get("step") + 1));
  root.append(
    examples.element,
    h("div", { class: "ck-controls" }, ...KEYS.map((k) => sliders[k].element)),
    formula,
    verdict,
    stage,
    h("div", { class: "ck-bar ck-noprint" }, back, next, play),
    h("div", { class: "ck-label" }, "All windows along one side"),
    ruler,
    live,
  );

  let grids = null;
  let shape = "";
  function build(values, m) {
    const padded = values.size + 2 * values.padding;
    stage.replaceChildren();
    grids = null;
    stage.classList.toggle("ck-absent", padded > GRID);
    if (padded > GRID) return stage.append(h("p", { class: "ck-hint" }, "Too large to draw every pixel: one side is drawn below."));
    const input = matrix(padded, padded, `Input of ${values.size} by ${values.size}${values.padding ? ` in ${values.padding} rings of zeros` : ""}`);
    const select = (r, c) => goTo(r * m.out + c);
    const output = m.out ? matrix(m.out, m.out, "Output. Arrow keys move the window.", { pick: select, move: select }) : null;
    stage.append(
      part(`Input ${values.size} × ${values.size}${values.padding ? `, padded to ${padded} × ${padded}` : ""}`, input.element),
      part(m.out ? `Output ${m.out} × ${m.out}` : "Output", output ? output.element : h("p", { class: "ck-hint" }, "none")),
    );
    grids = { input, output };
  }
  function drawRuler(values, m, column) {
    const { size, padding } = values;
    const total = size + 2 * padding;
    const unit = 1000 / total;
    const lanes = m.out ? clamp(Math.ceil(m.span / values.stride), 1, 8) : 1;
    const lane = m.out > 20 ? 8 : 13;
    const height = 26 + lanes * (lane + 3) + 4;
    ruler.setAttribute("viewBox", `0 0 1000 ${height}`);
    ruler.setAttribute("preserveAspectRatio", "none");
    ruler.style.height = `${height}px`;
    const x = (place) => (place + padding) * unit;
    const rect = (cls, a, n, y, tall) => svg("rect", { class: cls, x: x(a) + unit * 0.02, y, width: n * unit * 0.96, height: tall });
    const marks = [];
    for (let i = -padding; i < size + padding; i++) marks.push(rect(i < 0 || i >= size ? "ck-zero" : m.out && i >= size + padding - m.left ? "ck-lost" : "ck-pixel", i, 1, 0, 20));
    if (m.left) for (let i = size + padding - m.left; i < size + padding; i++) marks.push(rect("ck-lost", i, 1, 0, 20));
    for (let i = 0; i < m.out; i++)
      for (const place of reads(values, i)) marks.push(rect(i === column ? "ck-now" : "ck-read", place, 1, 26 + (i % lanes) * (lane + 3), lane));
    ruler.replaceChildren(...marks);
    ruler.setAttribute("aria-label", `${size} pixels${padding ? `, ${padding} zeros at each end` : ""}, ${m.out} windows of ${m.span}${m.left ? `, ${m.left} left over at the end` : ""}`);
  }
  const refresh = () => {
    const values = now();
    const { size, kernel, stride, padding, dilation } = values;
    const m = measure(values);
    const key = KEYS.map((k) => values[k]).join();
    const step = clamp(model.get("step"), 0, Math.max(0, m.out * m.out - 1));
    const [i, j] = m.out ? [Math.floor(step / m.out), step % m.out] : [0, 0];
    if (key !== shape) {
      shape = key;
      build(values, m);
    }
    KEYS.forEach((k) => {
      sliders[k].input.max = Math.max(limits[k][1], values[k]);
      sliders[k].paint(values[k]);
    });
    examples.paint(EXAMPLES.find(([, v]) => v.join() === key)?.[0]);
    const rounded = m.fits ? "" : ` → ${m.out}`;
    formula.replaceChildren(
      h("span", { class: "ck-letters" }, "(W + 2P − D·(F − 1) − 1) / S + 1"),
      h("span", {}, ` = (${size} + ${2 * padding} − ${dilation * (kernel - 1)} − 1) / ${stride} + 1 = `),
      h("strong", {}, m.exact === null ? "no output" : `${fmt(m.exact)}${rounded}`),
    );
    const keeps = stride === 1 && m.out === size ? "The size is kept: this is “same” padding. " : "";
    const even = kernel % 2 === 0 && padding ? "An even kernel has no centre: equal padding on both sides cannot keep the size. " : "";
    verdict.dataset.state = m.out && m.fits ? "fits" : "misfit";
    verdict.textContent = !m.out
      ? `It does not fit: the window covers ${m.span} pixels and the padded input has ${size + 2 * padding}. PyTorch and Keras raise an error.`
      : m.fits
        ? `✓ It fits: the last window ends at the edge. ${keeps}${even}`
        : `✗ It does not fit evenly: the last ${m.left === 1 ? "pixel" : `${m.left} pixels`} of each row and column ${m.left === 1 ? "is" : "are"} left over (hatched). PyTorch and Keras round down to ${m.out} and never read ${m.left === 1 ? "it" : "them"}. ${even}`;
    if (grids) {
      const rows = reads(values, i);
      const cols = reads(values, j);
      const outside = (p) => p < 0 || p >= size;
      const lost = (p) => m.out > 0 && p >= size + padding - m.left;
      grids.input.paint((r, c) => {
        const [y, x] = [r - padding, c - padding];
        const zero = outside(y) || outside(x);
        const read = m.out > 0 && rows.includes(y) && cols.includes(x);
        return { text: zero ? "0" : "", edge: lost(y) || lost(x), faint: zero, mark: read, signed: zero ? undefined : read ? 0.45 : 0.12, say: `row ${y + 1}, column ${x + 1}${zero ? ", padding 0" : ""}${read ? ", read" : ""}` };
      });
      grids.output?.paint((r, c) => ({ signed: r === i && c === j ? 0.9 : 0.3, mark: r === i && c === j, say: `window at row ${r + 1}, column ${c + 1}` }));
      grids.output?.home(i, j);
    }
    drawRuler(values, m, j);
    back.disabled = step === 0;
    next.disabled = step >= m.out * m.out - 1;
    play.disabled = m.out === 0 || !grids;
    const list = (places) => places.map((p) => (p < 0 || p >= size ? "zero" : p + 1)).join(", ");
    live.textContent = m.out ? `${m.out} × ${m.out} = ${m.out * m.out} windows. Window ${step + 1}: rows ${list(reads(values, i))}; columns ${list(reads(values, j))}.` : "No window fits.";
  };
  const end = watch(model, [...KEYS, "step"], refresh);
  refresh();
  return () => {
    stop();
    end();
  };
}
export default { render };
