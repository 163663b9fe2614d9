// A convolution under the roofs of a machine: does it wait for arithmetic, for memory, for orders?
import { choice, flow, fmt, frame, h, part, save, slider, svg, text, watch } from "../base.mjs";
import { chart, line } from "../chart.mjs";

// Operations a second by precision, and bytes a second, at best: what the makers' data sheets say.
// NVIDIA: T4, A100 SXM 80 GB, H100 SXM, dense (the sheet of the H100 gives twice as much, with every
// second weight zero). The T4 has no TF32; a processor that has no matrix units gains nothing by
// either. Laptop: AMD Ryzen 7 7840U, 8 cores × 3.3 GHz × 32 operations a cycle (two products and
// sums of 8 numbers), and two channels of DDR5-5600.
export const MACHINES = {
  laptop: { name: "Laptop processor", peak: [0.845e12, 0.845e12, 0.845e12], bandwidth: 89.6e9 },
  t4: { name: "T4", peak: [8.1e12, 8.1e12, 65e12], bandwidth: 320e9 },
  a100: { name: "A100", peak: [19.5e12, 156e12, 312e12], bandwidth: 2039e9 },
  h100: { name: "H100", peak: [67e12, 494.5e12, 989e12], bandwidth: 3350e9 },
};
const PRECISIONS = ["float32", "TF32", "16 bits"];
const BYTES = [4, 4, 2];

/** What a convolution computes and moves: `channels` in and as many out, sides kept by padding. */
export function work(batch, channels, side, kernel, bytes) {
  const values = batch * channels * side * side;
  return {
    operations: 2 * values * channels * kernel * kernel,
    moved: bytes * (2 * values + channels * channels * kernel * kernel),
  };
}

/** Seconds of arithmetic, of traffic and of giving the order, and which of them is waited for. */
export function regime({ operations, moved }, peak, bandwidth, order) {
  const times = { arithmetic: operations / peak, memory: moved / bandwidth, overhead: order };
  const waits = Object.keys(times).reduce((a, b) => (times[b] > times[a] ? b : a));
  const intensity = operations / moved;
  return { times, waits, intensity, speed: operations / times[waits] };
}

/** The layer as it is chosen, on the machine that is chosen. */
function asked(model) {
  const [batch, channels, side, kernel, order] = [
    "batch",
    "channels",
    "side",
    "kernel",
    "order",
  ].map((name) => model.get(name));
  const precision = PRECISIONS.indexOf(model.get("precision"));
  const machine = MACHINES[model.get("machine")];
  const [peak, bandwidth] = [machine.peak[precision], machine.bandwidth];
  const layer = work(batch, channels, side, kernel, BYTES[precision]);
  const found = regime(layer, peak, bandwidth, order * 1e-6);
  return { batch, channels, side, kernel, order, machine, peak, bandwidth, ...layer, ...found };
}

const WAITS = { arithmetic: "for arithmetic", memory: "for memory", overhead: "for its orders" };
const CURE = {
  arithmetic:
    "This is what the machine was bought for. Fewer bits, or fewer operations, would help.",
  memory: "Move less: half the bits, or several small operations in one.",
  overhead: "Ask for more at once: a larger batch, or a CUDA graph, which gives all orders in one.",
};

/** Seconds as a person reads them. */
function time(seconds) {
  const [unit, name] = [
    [1, "s"],
    [1e-3, "ms"],
    [1e-6, "µs"],
  ].find(([u]) => seconds >= u) ?? [1e-6, "µs"];
  const value = seconds / unit;
  return `${fmt(value, value < 10 ? 2 : 0)} ${name}`;
}

const SUPERSCRIPT = "⁰¹²³⁴⁵⁶⁷⁸⁹";
const power = (v) =>
  ({ "-1": "0.1", 0: "1", 1: "10", 2: "100" })[v] ??
  `10${[...String(v)].map((digit) => SUPERSCRIPT[digit]).join("")}`;
const X = [-1, 4, 1, power];
const Y = [9, 15, 1, power];

/** The roofs, the corner, and the layer below them; both axes count in powers of ten. */
function roofs() {
  const size = {
    width: 330,
    height: 270,
    xlabel: "operations for each byte",
    ylabel: "operations a second",
  };
  const { element, layer, place, scale } = chart(size, { role: "img" });
  scale({ x: X, y: Y });
  const at = (x, y) => place(Math.log10(x), Math.log10(y));
  const paint = (now) => {
    const { peak, bandwidth, intensity, speed, order, operations } = now;
    const corner = peak / bandwidth;
    const roof = [at(0.1, 0.1 * bandwidth), at(corner, peak), at(1e4, peak)];
    const limit = operations / (order * 1e-6);
    const marks = [svg("polyline", { class: "ck-roof", points: line(roof) })];
    if (order && limit < 1e15) {
      const level = [at(0.1, limit), at(1e4, limit)];
      marks.push(svg("polyline", { class: "ck-orders", points: line(level) }));
    }
    const [x, y] = at(intensity, speed);
    const under = [at(intensity, Math.min(peak, intensity * bandwidth)), at(intensity, 1e9)];
    marks.push(
      svg("polyline", { class: "ck-plumb", points: line(under) }),
      svg("circle", { class: "ck-dot", cx: x.toFixed(2), cy: y.toFixed(2), r: 7 }),
    );
    layer.replaceChildren(...marks);
    element.setAttribute(
      "aria-label",
      text(
        `The roofline of the ${now.machine.name}, with its corner at ${fmt(corner, 0)} operations for each byte.`,
        `The layer has ${fmt(intensity, 1)}, and reaches ${fmt((100 * speed) / peak, 1)} % of the peak.`,
      ),
    );
  };
  return { element, paint };
}

/** Three bars, as long as the three times. */
function bars() {
  const NAMES = { arithmetic: "arithmetic", memory: "traffic", overhead: "one order" };
  const rows = Object.entries(NAMES).map(([key, name]) => {
    const fill = h("div", { class: "ck-fill" });
    const value = h("span", { class: "ck-time" });
    const track = h("div", { class: "ck-track", "aria-hidden": "true" }, fill);
    const element = h("div", { class: "ck-row3" }, h("span", {}, name), track, value);
    return { key, element, fill, value };
  });
  const paint = ({ times, waits }) => {
    for (const { key, element, fill, value } of rows) {
      fill.style.width = `${(100 * times[key]) / times[waits]}%`;
      value.textContent = time(times[key]);
      element.classList.toggle("ck-longest", key === waits);
    }
  };
  return { element: h("div", { class: "ck-times" }, ...rows.map((row) => row.element)), paint };
}

/** A slider over some numbers, each about twice the one before. */
function doubling(model, name, trait, values) {
  const { element, paint } = slider(name, { min: 0, max: values.length - 1 }, (i) =>
    save(model, { [trait]: values[i] }),
  );
  const near = (value) =>
    values.reduce(
      (best, v, i) => (Math.abs(v - value) < Math.abs(values[best] - value) ? i : best),
      0,
    );
  return { element, paint: (now) => paint(near(now[trait]), fmt(now[trait])) };
}

const powers = (low, high) => Array.from({ length: high - low + 1 }, (_, i) => 2 ** (low + i));

/** The sizes of the layer, and what one order costs. */
function sliders(model) {
  const all = [
    doubling(model, "Batch", "batch", powers(0, 10)),
    doubling(model, "Channels", "channels", powers(2, 10)),
    doubling(model, "Side", "side", powers(2, 8)),
    doubling(model, "Kernel", "kernel", [1, 3, 5, 7]),
  ];
  const order = slider("One order", { min: 0, max: 20, step: 0.5 }, (v) =>
    save(model, { order: v }),
  );
  const paint = (now) => {
    for (const one of all) one.paint(now);
    order.paint(now.order, `${fmt(now.order, 1)} µs`);
  };
  const element = h("div", { class: "ck-sizes" }, ...all.map((one) => one.element), order.element);
  return { element, paint };
}

/** What the numbers say together. */
function sentences(now) {
  const { operations, moved, intensity, peak, bandwidth, speed, times, waits } = now;
  const millions = (n) => fmt(n / 1e6, n < 1e7 ? 1 : 0);
  const size = `${millions(operations)} million operations, ${millions(moved)} MB`;
  return text(
    `The layer has ${size}: ${fmt(intensity, 1)} operations for each byte.`,
    `The corner is at ${fmt(peak / bandwidth, 0)}.`,
    `It waits ${WAITS[waits]}, ${time(times[waits])}, at ${fmt((100 * speed) / peak, 1)} % of the peak.`,
    CURE[waits],
  );
}

function render({ model, el }) {
  const { root, live } = frame(
    el,
    "roofline",
    "A convolution under the roofline",
    text(
      "Change the layer and the machine. The dot is what the layer reaches;",
      "the solid line is the roof that arithmetic and memory put over it, the dashed one what orders allow.",
    ),
  );
  const machine = choice(
    "Machine",
    Object.entries(MACHINES).map(([key, { name }]) => [key, name]),
    (key) => save(model, { machine: key }),
  );
  const precision = choice(
    "Precision",
    PRECISIONS.map((name) => [name, name]),
    (name) => save(model, { precision: name }),
  );
  const sizes = sliders(model);
  const drawing = roofs();
  const three = bars();
  root.append(
    h("div", { class: "ck-bar ck-noprint" }, machine.element, precision.element),
    flow(
      part("Roofs, and what the layer reaches", drawing.element),
      h(
        "div",
        { class: "ck-part" },
        part("The layer: as many channels come out as go in", sizes.element),
        part("Three times; the longest is waited for", three.element),
      ),
    ),
    live,
  );
  const refresh = () => {
    const now = asked(model);
    machine.paint(model.get("machine"));
    precision.paint(model.get("precision"));
    sizes.paint(now);
    drawing.paint(now);
    three.paint(now);
    live.textContent = sentences(now);
  };
  const names = ["batch", "channels", "side", "kernel", "order", "machine", "precision"];
  const end = watch(model, names, refresh);
  refresh();
  return end;
}
export default { render };
