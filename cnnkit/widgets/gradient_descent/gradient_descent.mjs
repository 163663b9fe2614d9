// Gradient descent on a loss of real digits: a dot, its slope, and steps downhill.
import {
  ARROWS,
  button,
  choice,
  clamp,
  flow,
  fmt,
  frame,
  h,
  part,
  player,
  save,
  slider,
  svg,
  text,
  tools,
  total,
  watch,
} from "../base.mjs";
import { arrow, chart, line } from "../chart.mjs";

// The 360 digits 0 and 1, as sums over them: of the ink (0 to 16) of two pixels with each other,
// and with the answer that is wanted, 1 for the 182 ones. Pixels: row 4, column 4; row 2, column 3.
const COUNT = 360;
const ONES = 182;
const INK_INK = [
  [36340, 37045],
  [37045, 50213],
].map((row) => row.map((sum) => sum / 16 ** 2 / COUNT));
const INK_ONES = [2492, 2704].map((sum) => sum / 16 / COUNT);

const minus = (a, b) => a.map((v, i) => v - b[i]);
const dot = (a, b) => total(a.map((v, i) => v * b[i]));

/** The mean of (w · ink − answer)² over the digits, for one weight or two. */
export function lossAt(w) {
  const through = w.map((_, i) => dot(w, INK_INK[i]));
  return dot(w, through) - 2 * dot(w, INK_ONES) + ONES / COUNT;
}

/** The slope of that loss for each weight. */
export const gradientAt = (w) => w.map((_, i) => 2 * (dot(w, INK_INK[i]) - INK_ONES[i]));

/** What SGD multiplies by the rate, step by step: the velocity. */
function swung(momentum) {
  let velocity = [0, 0];
  return (gradient) => (velocity = gradient.map((g, k) => momentum * velocity[k] + g));
}

/** What Adam multiplies by the rate: the mean gradient over its usual size. */
function levelled() {
  let [mean, square] = Array(2).fill([0, 0]);
  let [young, younger] = [1, 1];
  return (gradient) => {
    mean = gradient.map((g, k) => 0.9 * mean[k] + 0.1 * g);
    square = gradient.map((g, k) => 0.999 * square[k] + 0.001 * g ** 2);
    [young, younger] = [young * 0.9, younger * 0.999];
    const size = square.map((s) => Math.sqrt(s / (1 - younger)) + 1e-8);
    return mean.map((m, k) => m / (1 - young) / size[k]);
  };
}

/** Where the weights are before each of `steps` steps and after the last, and what pushes them. */
export function walk(start, { rate, momentum, adam }, steps) {
  const pushed = adam ? levelled() : swung(momentum);
  let w = start;
  const path = [];
  const pushes = [];
  while (path.length <= steps) {
    path.push(w);
    const push = pushed(gradientAt(w));
    pushes.push(push);
    w = w.map((value, k) => value - rate * push[k]);
  }
  return { path, pushes };
}

/** The lowest point of the valley, and how it curves: along its steepest direction, and across. */
export function valley(weights) {
  const [[a, b], [, d]] = INK_INK;
  const [p, q] = INK_ONES;
  if (weights === 1) return { bottom: [p / a], curves: [2 * a], turn: 0 };
  const area = a * d - b * b;
  const spread = Math.hypot(a - d, 2 * b);
  return {
    bottom: [(d * p - b * q) / area, (a * q - b * p) / area],
    curves: [a + d + spread, a + d - spread],
    turn: Math.atan2(2 * b, a - d) / 2,
  };
}

const LAST = 50;
const NEAR = 0.02; // it has arrived where at most so much of the height is left, and stays there

/** What becomes of a walk: `kind`, and after how many steps it has arrived. */
export function outcome(start, how) {
  const { bottom, curves, turn } = valley(start.length);
  const { path } = walk(start, how, LAST);
  const heights = path.map((w) => lossAt(w) - lossAt(bottom));
  const high = heights.findLastIndex((height) => !(height <= NEAR * heights[0]));
  const steep = [Math.cos(turn), Math.sin(turn)];
  const sides = path.map((w) => dot(minus(w, bottom), steep));
  const crossed = sides.findIndex((side) => side * sides[0] < -1e-3);
  const faster = () => walk(start, { ...how, rate: 1.5 * how.rate }, LAST).path.at(-1);
  const far = how.adam ? lossAt(faster()) > lossAt(path.at(-1)) : how.rate * curves[0] > 1;
  if (!how.adam && heights.at(-1) > heights[0] && how.rate * curves[0] > 2)
    return { kind: "diverges" };
  if (high === LAST) return { kind: far ? "swings" : "crawls" };
  const kind = crossed > 0 && crossed <= high + 1 ? "jumps" : "arrives";
  return { kind, after: high + 1 };
}

// The rates that can be chosen, each a little larger than the one before.
const RATES = [
  0.01, 0.015, 0.02, 0.03, 0.04, 0.06, 0.08, 0.1, 0.15, 0.2, 0.25, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8,
  0.9, 1, 1.1, 1.15, 1.2, 1.3, 1.5, 1.7, 2, 2.2, 2.4, 2.6, 2.8, 3, 3.5, 4,
];
const ZONES = {
  "too small": ["crawls"],
  right: ["arrives", "jumps"],
  "too large": ["swings", "diverges"],
};

/** How many of the rates are too small, right, and too large from here. */
export function zones(start, how) {
  const kinds = RATES.map((rate) => outcome(start, { ...how, rate }).kind);
  const small = kinds.findIndex((kind) => kind !== "crawls");
  const large = kinds.findLastIndex((kind) => ZONES.right.includes(kind)) + 1;
  return [small, Math.max(small, large) - small, RATES.length - Math.max(small, large)];
}

// What the drawing shows: from, to, and a number at each step.
const VIEW = {
  1: { x: [-3, 5, 1], y: [0, 6, 1], losses: [0, 6, 1] },
  2: { x: [-2, 4, 1], y: [-2, 2.5, 1], losses: [0, 1.5, 0.5] }, // a unit is as wide as it is high
};
const MOMENTUM = 0.9;
const FIRST = {
  1: { start: [-2.2], rate: 0.5, step: 1 },
  2: { start: [-1.5, 0.8], rate: 1, step: 6 },
};

/** The traits, the walk so far, and whether the dot has left the drawing. */
function read(model) {
  const [n, start] = ["weights", "start"].map((name) => model.get(name));
  const [rate, momentum, adam] = ["rate", "momentum", "adam"].map((name) => model.get(name));
  const how = { rate, momentum, adam };
  const { path, pushes } = walk(start, how, LAST);
  const { x, y } = VIEW[n];
  const inside = ([a, b]) =>
    a >= x[0] && a <= x[1] && (n === 1 ? lossAt([a]) <= y[1] : b >= y[0] && b <= y[1]);
  const left = path.findIndex((w, i) => i > 0 && !inside(w));
  const gone = left > 0 && outcome(start, how).kind === "diverges";
  const last = gone ? left : LAST;
  const step = Math.min(model.get("step"), last);
  const way = path.slice(0, step + 1);
  return { n, how, start, path, way, w: way.at(-1), push: pushes[step], step, last, gone };
}

const moveTo = (model, w) => {
  const [x, y] = [VIEW[w.length].x, VIEW[2].y];
  const kept = w.map((v, i) => clamp(+v.toFixed(2), ...(i ? y : x).slice(0, 2)));
  save(model, { start: kept, step: 0 });
};

/** The drawing: the dot goes where the pointer is, or where the arrow keys push it. */
function landscape(model) {
  const size = { width: 380, height: 287.5, xlabel: "weight", ylabel: "loss" };
  const names = { 1: size, 2: { ...size, xlabel: "weight 1", ylabel: "weight 2" } };
  const holder = h("div", { class: "ck-land" });
  let [drawn, shown, ground] = [0, null, null];
  const build = (n) => {
    drawn = n;
    shown = chart(names[n], { role: "application", tabindex: 0, "aria-roledescription": "chart" });
    shown.scale(VIEW[n]);
    ground = n === 1 ? curve(shown) : contours(shown);
    moveByHand(model, shown);
    holder.replaceChildren(shown.element);
  };
  const paint = (now, words) => {
    if (drawn !== now.n) build(now.n);
    const marks = now.n === 1 ? onCurve(shown, now) : onMap(shown, now);
    shown.layer.replaceChildren(...ground, ...marks);
    const keys = now.n === 1 ? "Left and right move" : "Arrow keys move";
    shown.element.setAttribute("aria-label", `The loss. ${keys} the dot. ${words}`);
  };
  return { element: holder, paint };
}

function moveByHand(model, { element, value }) {
  const weights = (e) => value(e).slice(0, model.get("weights"));
  element.addEventListener("pointerdown", (e) => {
    if (e.button) return;
    element.setPointerCapture(e.pointerId);
    moveTo(model, weights(e));
  });
  element.addEventListener("pointermove", (e) => {
    if (e.buttons & 1) moveTo(model, weights(e));
  });
  element.addEventListener("keydown", (e) => {
    const [down, right] = ARROWS[e.key] ?? [];
    const { w, n } = read(model);
    if (down === undefined || (down && n === 1)) return;
    moveTo(model, [w[0] + 0.1 * right, w[1] - 0.1 * down].slice(0, n));
    e.preventDefault();
  });
}

/** The loss over one weight. */
function curve({ place }) {
  const [low, high] = VIEW[1].x;
  const points = Array.from({ length: 121 }, (_, i) => {
    const w = low + ((high - low) * i) / 120;
    return place(w, lossAt([w]));
  });
  return [svg("polyline", { class: "ck-curve", points: line(points) })];
}

/** Lines of equal loss around the lowest point, each twice as high above it as the one inside. */
function contours({ place }) {
  const { bottom, curves, turn } = valley(2);
  const [cx, cy] = place(...bottom);
  const unit = place(1, 0)[0] - place(0, 0)[0];
  const rings = Array.from({ length: 12 }, (_, i) => {
    const [rx, ry] = curves.map((c) => unit * Math.sqrt((2 * 0.01 * 2 ** i) / c));
    const transform = `translate(${cx} ${cy}) rotate(${(-180 * turn) / Math.PI})`;
    return svg("ellipse", { class: "ck-ring", rx, ry, transform });
  });
  return [...rings.reverse(), svg("circle", { class: "ck-bottom", cx, cy, r: 3 })];
}

const circle = (kind, [cx, cy], r) => svg("circle", { class: kind, cx, cy, r });

/** One weight: former places, the slope at the dot, and the step that comes next. */
function onCurve({ place }, { way, w, push, how, gone, step, last }) {
  const at = ([weight]) => place(weight, lossAt([weight]));
  const here = at(w);
  const slope = gradientAt(w)[0];
  const marks = [svg("polyline", { class: "ck-way", points: line(way.map(at)) })];
  for (const former of way.slice(0, -1)) marks.push(circle("ck-former", at(former), 4));
  if (gone && step === last) return marks;
  const reach = 1.4 / Math.hypot(1, slope / 1.5);
  const tangent = [-reach, reach].map((d) => place(w[0] + d, lossAt(w) + d * slope));
  const next = w[0] - how.rate * push[0];
  const tip = place(next, lossAt(w));
  return [
    ...marks,
    svg("polyline", { class: "ck-tangent", points: line(tangent) }),
    svg("polyline", { class: "ck-fall", points: line([tip, at([next])]) }),
    arrow(here, tip),
    circle("ck-dot", here, 8),
  ];
}

/** Two weights: the way so far and the next step, seen from above. */
function onMap({ place }, { way, w, push, how, gone, step, last }) {
  const points = way.map((p) => place(...p));
  const marks = [svg("polyline", { class: "ck-way", points: line(points) })];
  for (const former of points.slice(0, -1)) marks.push(circle("ck-former", former, 3.5));
  if (gone && step === last) return marks;
  const tip = place(...w.map((value, i) => value - how.rate * push[i]));
  return [...marks, arrow(points.at(-1), tip), circle("ck-dot", points.at(-1), 6)];
}

/** The loss after each step. */
function history() {
  const size = { width: 300, height: 230, xlabel: "step", ylabel: "loss" };
  const shown = chart(size, { role: "img" });
  const paint = ({ n, path, step, last, gone }) => {
    shown.scale({ x: [0, LAST, 10], y: VIEW[n].losses });
    const end = gone ? last : LAST;
    const points = path.slice(0, end + 1).map((w, i) => shown.place(i, Math.min(lossAt(w), 99)));
    shown.layer.replaceChildren(
      svg("polyline", { class: "ck-coming", points: line(points) }),
      svg("polyline", { class: "ck-past", points: line(points.slice(0, step + 1)) }),
      circle("ck-dot", points[step], 5),
    );
    const loss = `${fmt(lossAt(path[0]))} at the start, ${say(lossAt(path[step]))} after ${step} steps`;
    shown.element.setAttribute("aria-label", `Loss after each step: ${loss}.`);
  };
  return { element: shown.element, paint };
}

const say = (value) => fmt(value, Math.abs(value) < 0.1 ? 3 : 2);
const vector = (values) =>
  values.length === 1 ? say(values[0]) : `(${values.map(say).join(", ")})`;
const inBrackets = (values) => (values[0] < 0 ? `(${vector(values)})` : vector(values));

/** What the rate multiplies, by its name, and how that was made. */
function pushOf({ momentum, adam }, push) {
  if (adam) return ["push", `Push = mean gradient ÷ its usual size = ${vector(push)}.`];
  const made = `Velocity = ${fmt(momentum)} × old velocity + gradient = ${vector(push)}.`;
  return momentum ? ["velocity", made] : ["gradient", ""];
}

/** The dot in numbers: weight, loss, gradient, and the next step. */
function sentence({ n, w, push, how, step, gone, last }) {
  const { rate } = how;
  const place = `Step ${step}: ${n === 1 ? "weight" : "weights"} ${vector(w)}, loss ${say(lossAt(w))}`;
  if (gone && step === last) return `${place}.`;
  const gradient = `gradient ${vector(gradientAt(w))}.`;
  const [name, made] = pushOf(how, push);
  const next = `Next step = −rate × ${name} = −${fmt(rate, 3)} × ${
    n === 1 ? inBrackets(push) : vector(push)
  } = ${vector(push.map((value) => -rate * value))}.`;
  return text(`${place},`, gradient, made, next);
}

/** What the rate does, in words. */
function verdict({ start, how, gone, step, last }) {
  const { kind, after } = outcome(start, how);
  if (gone && step === last) {
    return "Gone: each step landed higher than the one before. The rate is too large.";
  }
  return {
    crawls: `It crawls: after ${LAST} steps it has not arrived. The rate is too small.`,
    arrives: how.adam
      ? `It walks down and arrives after ${after} steps, each at first about as long as the rate.`
      : text(
          `It walks down and arrives after ${after} ${after === 1 ? "step" : "steps"};`,
          "its steps shrink because the gradient does.",
        ),
    jumps:
      how.momentum || how.adam
        ? `It swings through the valley like a ball, and comes to rest after ${after} steps.`
        : `It jumps from side to side, and arrives all the same, after ${after} steps.`,
    swings: `It jumps from side to side, and has not arrived after ${LAST} steps. The rate is too large.`,
    diverges: "Each step lands higher than the one before: it will leave. The rate is too large.",
  }[kind];
}

/** The learning rate, and below it which rates are too small, right and too large. */
function rateSlider(model) {
  const rate = slider("Learning rate", { min: 0, max: RATES.length - 1 }, (i) =>
    save(model, { rate: RATES[i] }),
  );
  const marks = Object.keys(ZONES).map((name) => h("span", {}, name));
  const element = h(
    "div",
    { class: "ck-rate ck-noprint" },
    rate.element,
    h("div", { class: "ck-zones", "aria-hidden": "true" }, ...marks),
  );
  const paint = ({ how, start }) => {
    const chosen = how.rate;
    const distance = (r) => Math.abs(Math.log(r / chosen));
    const nearest = RATES.reduce((best, r) => (distance(r) < distance(best) ? r : best));
    rate.paint(RATES.indexOf(nearest), fmt(chosen, 3));
    for (const [i, count] of zones(start, how).entries()) {
      marks[i].hidden = !count;
      marks[i].style.setProperty("--share", count);
    }
  };
  return { element, paint };
}

/** One weight or two, with momentum, with Adam, or plain. */
function switches(model) {
  const weights = choice(
    "How many weights",
    [
      [1, "one weight"],
      [2, "two weights"],
    ],
    (n) => save(model, { weights: n, ...FIRST[n] }),
  );
  const momentum = button("with momentum", () =>
    save(model, { momentum: model.get("momentum") ? 0 : MOMENTUM, adam: false }),
  );
  const adam = button("with Adam", () => save(model, { adam: !model.get("adam"), momentum: 0 }));
  const paint = ({ n, how }) => {
    weights.paint(n);
    momentum.setAttribute("aria-pressed", String(how.momentum > 0 && !how.adam));
    adam.setAttribute("aria-pressed", String(how.adam));
  };
  return { element: tools(weights.element, momentum, adam), paint };
}

function render({ model, el }) {
  const { root, live } = frame(
    el,
    "gradient_descent",
    "Gradient descent",
    text(
      "Weight times ink of a pixel should give 1 for a 1 and 0 for a 0.",
      "The loss is the mean squared error over 360 digits. Move the dot, step, change the rate.",
    ),
  );
  const chosen = switches(model);
  const drawing = landscape(model);
  const losses = history();
  const goTo = (step) => save(model, { step: clamp(step, 0, read(model).last) });
  const pace = () => ({ every: 450, leap: 1 });
  const steps = player(model, root, { last: () => read(model).last, goTo, pace });
  const again = button("Start again", () => goTo(0));
  const rate = rateSlider(model);
  const judged = h("span", { class: "ck-verdict" });
  const numbers = h("span", {});
  live.append(numbers, " ", judged);
  root.append(
    chosen.element,
    flow(
      part("The loss, and the step that comes next", drawing.element),
      part("The loss after each step", losses.element),
    ),
    tools(...steps.buttons, again),
    rate.element,
    live,
  );
  const refresh = () => {
    if (model.get("start").length !== model.get("weights")) {
      judged.textContent = "Waiting: start needs one number for each weight.";
      return;
    }
    const now = read(model);
    numbers.textContent = sentence(now);
    judged.textContent = verdict(now);
    chosen.paint(now);
    drawing.paint(now, numbers.textContent);
    losses.paint(now);
    steps.paint();
    rate.paint(now);
  };
  const end = watch(model, ["weights", "rate", "momentum", "adam", "start", "step"], refresh);
  refresh();
  return () => {
    steps.stop();
    end();
  };
}
export default { render };
