// Where a window fits: input, kernel, stride, padding and dilation, with the formula at work.
import {
  choice,
  clamp,
  fmt,
  frame,
  h,
  keyed,
  label,
  matrix,
  outputSize,
  part,
  player,
  save,
  slider,
  svg,
  text,
  tools,
  watch,
} from "../base.mjs";

/**
 * One axis of a convolution: `exact` is the formula before rounding, `out` after it (0 where the
 * kernel is too large), `left` the pixels behind the last window, `span` what a window covers.
 */
export function measure({ size, kernel, stride, padding, dilation }) {
  const span = dilation * (kernel - 1) + 1;
  const room = size + 2 * padding - span;
  if (room < 0) return { span, room, exact: null, out: 0, left: 0, fits: false };
  const out = outputSize(size, kernel, stride, padding, dilation);
  const left = room % stride;
  return { span, room, exact: room / stride + 1, out, left, fits: left === 0 };
}

/** The places (0 is the first pixel, padding lies outside) that window number i reads. */
export const reads = ({ kernel, stride, padding, dilation }, i) =>
  Array.from({ length: kernel }, (_, u) => i * stride - padding + u * dilation);

// Each number: its name, and the ends of its slider.
const NUMBERS = {
  size: ["Input W", 1, 14],
  kernel: ["Kernel F", 1, 7],
  stride: ["Stride S", 1, 5],
  padding: ["Padding P", 0, 4],
  dilation: ["Dilation D", 1, 3],
};
const KEYS = Object.keys(NUMBERS);
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
const GRID = 22; // up to so many rows with padding each pixel is drawn

/** The five numbers, what they give, and the window that is chosen: its step, at (i, j). */
function read(model) {
  const values = Object.fromEntries(KEYS.map((k) => [k, model.get(k)]));
  const found = measure(values);
  const step = clamp(model.get("step"), 0, Math.max(0, found.out ** 2 - 1));
  const [i, j] = found.out ? [Math.floor(step / found.out), step % found.out] : [0, 0];
  const padded = values.size + 2 * values.padding;
  return { ...values, ...found, step, i, j, padded, key: Object.values(values).join() };
}

/** A slider for each of the five numbers. */
function numberSliders(set) {
  const sliders = KEYS.map((k) => {
    const [name, min, max] = NUMBERS[k];
    return slider(name, { min, max }, (v) => set({ [k]: v }));
  });
  const element = h("div", { class: "ck-controls" }, ...sliders.map((s) => s.element));
  const paint = (now) => {
    for (const [n, k] of KEYS.entries()) {
      sliders[n].input.max = Math.max(NUMBERS[k][2], now[k]);
      sliders[n].paint(now[k]);
    }
  };
  return { element, paint };
}

function exampleChoice(set) {
  const { element, paint } = choice(
    "Example",
    EXAMPLES.map(([name]) => [name, name]),
    (name) => {
      const values = EXAMPLES.find(([n]) => n === name)[1];
      set(Object.fromEntries(KEYS.map((k, i) => [k, values[i]])));
    },
  );
  return { element, paint: ({ key }) => paint(EXAMPLES.find(([, v]) => v.join() === key)?.[0]) };
}

/** The formula with its letters, with its numbers, and what comes out. */
function paintFormula(formula, { size, kernel, stride, padding, dilation, exact, out, fits }) {
  const numbers = `(${size} + ${2 * padding} − ${dilation * (kernel - 1)} − 1) / ${stride} + 1`;
  const rounded = fits ? "" : ` → ${out}`;
  formula.replaceChildren(
    h("span", { class: "ck-letters" }, "(W + 2P − D·(F − 1) − 1) / S + 1"),
    h("span", {}, ` = ${numbers} = `),
    h("strong", {}, exact === null ? "no output" : `${fmt(exact)}${rounded}`),
  );
}

/** Whether the window fits, in words. */
function verdictOn({ size, kernel, stride, padding, span, left, out, fits, padded }) {
  if (!out) {
    return text(
      `It does not fit: the window covers ${span} pixels and the padded input has ${padded}.`,
      "PyTorch and Keras raise an error.",
    );
  }
  const even = text(
    "An even kernel has no centre:",
    "equal padding on both sides cannot keep the size.",
  );
  const note = kernel % 2 === 0 && padding ? even : "";
  if (fits) {
    const kept = stride === 1 && out === size;
    const same = kept ? "The size is kept: this is “same” padding." : "";
    return text("✓ It fits: the last window ends at the edge.", same, note);
  }
  const [pixels, are] = left === 1 ? ["pixel", "is"] : [`${left} pixels`, "are"];
  return text(
    `✗ It does not fit evenly: the last ${pixels} of each row and column ${are} left over (hatched).`,
    `The window has ${out} whole ${out === 1 ? "place" : "places"} along each side.`,
    note,
  );
}

/** Input and output as grids, where they are small enough to draw. */
function grids({ size, padding, padded, out }, goTo) {
  const rings = padding ? ` in ${padding} ${padding > 1 ? "rings" : "ring"} of zeros` : "";
  const input = matrix(padded, padded, `Input of ${size} by ${size}${rings}`);
  const pick = (r, c) => goTo(r * out + c);
  const output = out
    ? matrix(out, out, "Output. Arrow keys move the window.", { pick, move: pick })
    : null;
  const grown = padding ? `, padded to ${padded} × ${padded}` : "";
  const none = () => h("p", { class: "ck-hint" }, "none");
  const elements = [
    part(`Input ${size} × ${size}${grown}`, input.element),
    part(out ? `Output ${out} × ${out}` : "Output", output ? output.element : none()),
  ];
  const paint = (now) => {
    paintInput(input, now);
    if (output) paintOutput(output, now);
  };
  return { elements, paint };
}

function paintInput(input, now) {
  const { size, padding, out, left, i, j } = now;
  const [rows, cols] = [reads(now, i), reads(now, j)];
  const outside = (p) => p < 0 || p >= size;
  const lost = (p) => out > 0 && p >= size + padding - left;
  input.paint((r, c) => {
    const [y, x] = [r - padding, c - padding];
    const zero = outside(y) || outside(x);
    const read = out > 0 && rows.includes(y) && cols.includes(x);
    const colour = read ? 0.45 : 0.12;
    return {
      text: zero ? "0" : "",
      edge: lost(y) || lost(x),
      faint: zero,
      mark: read,
      signed: zero ? undefined : colour,
      say: `row ${y + 1}, column ${x + 1}${zero ? ", padding 0" : ""}${read ? ", read" : ""}`,
    };
  });
}

function paintOutput(output, { i, j }) {
  output.paint((r, c) => {
    const here = r === i && c === j;
    return { signed: here ? 0.9 : 0.3, mark: here, say: `window at row ${r + 1}, column ${c + 1}` };
  });
  output.home(i, j);
}

/** One side of the input as a ruler, and all windows along it below each other. */
function paintRuler(ruler, now) {
  const { size, stride, padding, span, left, out, padded, j } = now;
  const unit = 1000 / padded;
  const lanes = out ? clamp(Math.ceil(span / stride), 1, 8) : 1;
  const lane = out > 20 ? 8 : 13;
  const height = 26 + lanes * (lane + 3) + 4;
  ruler.setAttribute("viewBox", `0 0 1000 ${height}`);
  ruler.style.height = `${height}px`;
  const mark = (kind, place, y, tall) =>
    svg("rect", {
      class: kind,
      x: (place + padding + 0.02) * unit,
      y,
      width: unit * 0.96,
      height: tall,
    });
  const kindOf = (place) => {
    if (place >= size + padding - left) return "ck-lost";
    return place < 0 || place >= size ? "ck-zero" : "ck-pixel";
  };
  const marks = Array.from({ length: padded }, (_, i) =>
    mark(kindOf(i - padding), i - padding, 0, 20),
  );
  for (let i = 0; i < out; i++) {
    const y = 26 + (i % lanes) * (lane + 3);
    for (const place of reads(now, i))
      marks.push(mark(i === j ? "ck-now" : "ck-read", place, y, lane));
  }
  ruler.replaceChildren(...marks);
  const zeros = padding ? `, ${padding} zeros at each end` : "";
  const over = left ? `, ${left} left over at the end` : "";
  ruler.setAttribute("aria-label", `${size} pixels${zeros}, ${out} windows of ${span}${over}`);
}

/** The chosen window in words. */
function sentence(now) {
  const { size, out, step, i, j } = now;
  if (!out) return "No window fits.";
  const list = (places) => places.map((p) => (p < 0 || p >= size ? "zero" : p + 1)).join(", ");
  const window = `Window ${step + 1}: rows ${list(reads(now, i))}; columns ${list(reads(now, j))}.`;
  return `${out} × ${out} = ${out * out} ${out > 1 ? "windows" : "window"}. ${window}`;
}

function render({ model, el }) {
  const { root, live } = frame(
    el,
    "padding_stride",
    "Where does the window fit?",
    "Set the five numbers and watch the formula. Output cells are windows: choose one to see what it reads.",
  );
  const last = () => Math.max(0, read(model).out ** 2 - 1);
  const goTo = (step) => save(model, { step: clamp(step, 0, last()) });
  const walk = player(model, root, { last, goTo, pace: () => ({ every: 500, leap: 1 }) });
  const set = (values) => {
    walk.stop();
    save(model, { ...values, step: 0 });
  };
  const [examples, sliders] = [exampleChoice(set), numberSliders(set)];
  const formula = h("p", { class: "ck-formula" });
  const verdict = h("p", { class: "ck-verdict" });
  const stage = h("div", { class: "ck-flow ck-stage" });
  const ruler = svg("svg", { class: "ck-ruler", role: "img", preserveAspectRatio: "none" });
  root.append(
    examples.element,
    sliders.element,
    formula,
    verdict,
    stage,
    tools(...walk.buttons),
    label("All windows along one side"),
    ruler,
    live,
  );

  let drawn = null;
  const build = keyed(stage, (now) => {
    drawn = now.padded > GRID ? null : grids(now, goTo);
    const instead = "Too large to draw every pixel: one side is drawn below.";
    stage.replaceChildren(...(drawn?.elements ?? [h("p", { class: "ck-hint" }, instead)]));
    stage.classList.toggle("ck-absent", !drawn);
  });
  const refresh = () => {
    const now = read(model);
    build(now.key, now);
    examples.paint(now);
    sliders.paint(now);
    paintFormula(formula, now);
    verdict.dataset.state = now.out && now.fits ? "fits" : "misfit";
    verdict.textContent = verdictOn(now);
    drawn?.paint(now);
    paintRuler(ruler, now);
    walk.paint(now.out === 0 || !drawn);
    live.textContent = sentence(now);
  };
  const end = watch(model, [...KEYS, "step"], refresh);
  refresh();
  return () => {
    walk.stop();
    end();
  };
}
export default { render };
