// A schedule of the learning rate, and the loss that it leads to in a valley with noisy gradients.
import { choice, flow, fmt, frame, h, part, save, slider, svg, text, watch } from "../base.mjs";
import { chart, line } from "../chart.mjs";

export const STEPS = 100;
const WARM = 10; // steps of warm-up

const wave = (from, to, t) => to + ((from - to) / 2) * (1 + Math.cos(Math.PI * t));

// The share of the peak before each step, as PyTorch's schedulers have it.
const SHARES = {
  constant: () => 1,
  steps: (t) => 0.1 ** Math.floor(t / 30),
  cosine: (t) => wave(1, 0, t / STEPS),
  warmup: (t) => (t < WARM ? 0.01 + (0.99 * t) / WARM : wave(1, 0, (t - WARM) / (STEPS - WARM))),
  cycle: (t) => {
    const [top, end] = [0.3 * STEPS - 1, STEPS - 1];
    return t <= top ? wave(1 / 25, 1, t / top) : wave(1, 1 / 250_000, (t - top) / (end - top));
  },
};
const NAMES = {
  constant: "constant",
  steps: "in steps",
  cosine: "cosine",
  warmup: "warm-up, cosine",
  cycle: "one cycle",
};

/** The learning rate before each step. */
export const rates = (schedule, peak) =>
  Array.from({ length: STEPS }, (_, t) => peak * SHARES[schedule](t));

// The valley: along one direction it is flat, along the other steep, and steepest at the start.
const START = 2; // so far off is each weight
const NOISE = 0.5; // of each gradient, a standard deviation
const FLAT = 0.1;
const steep = (t) => 1 + 7 * Math.exp(-t / 3);

/**
 * What is to be expected of SGD, exactly: before each step, and after the last, how much of the
 * loss is way that is left, and how much is noise. A weight's mean and variance follow from theirs
 * before the step, as the gradient is curvature × weight + noise.
 */
export function expected(along) {
  const mean = [START, START];
  const variance = [0, 0];
  const [way, noise] = [[], []];
  for (let t = 0; t <= along.length; t++) {
    const curves = [FLAT, steep(t)];
    way.push((curves[0] * mean[0] ** 2 + curves[1] * mean[1] ** 2) / 2);
    noise.push((curves[0] * variance[0] + curves[1] * variance[1]) / 2);
    for (const [k, curve] of curves.entries()) {
      const kept = 1 - along[t] * curve;
      mean[k] *= kept;
      variance[k] = kept ** 2 * variance[k] + (along[t] * NOISE) ** 2;
    }
  }
  return { way, noise };
}

const sum = ({ way, noise }) => way.map((v, t) => v + noise[t]);

const PEAKS = [0.01, 0.02, 0.03, 0.05, 0.07, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.6, 0.8, 1, 1.2, 1.5];
const LOSS = [-2, 4, 1, (v) => ({ "-2": "0.01", 0: "1", 2: "100", 4: "10⁴" })[v] ?? ""];
const BLOWN = 2; // so many times the first loss is too much

/** All schedules at this peak, the chosen one apart. */
function followed(model) {
  const [chosen, peak] = ["schedule", "peak"].map((name) => model.get(name));
  const all = Object.keys(NAMES).map((name) => {
    const along = rates(name, peak);
    const split = expected(along);
    const losses = sum(split);
    const highest = Math.max(...losses);
    return { name, along, ...split, losses, highest, blown: highest > BLOWN * losses[0] };
  });
  return { peak, all, it: all.find(({ name }) => name === chosen) };
}

/** Curves over the steps, the chosen one strong, above those that might have been. */
function curves(size, values, axis, say) {
  const { element, layer, place, scale } = chart({ ...size, xlabel: "step" }, { role: "img" });
  const paint = (now) => {
    const y = axis(now);
    scale({ x: [0, STEPS, 20], y });
    const drawn = (one, name) =>
      svg("polyline", {
        class: name,
        points: line(values(one).map((v, t) => place(t, Math.min(v, y[1] + 1)))),
      });
    const others = now.all.filter((one) => one !== now.it);
    layer.replaceChildren(
      ...others.map((one) => drawn(one, "ck-other")),
      drawn(now.it, "ck-chosen"),
    );
    element.setAttribute("aria-label", say(now));
  };
  return { element, paint };
}

const said = (v) => fmt(v, v < 1 ? 4 : 0);

/** What came of it, in words. */
function verdict({ it, all, peak }) {
  const [way, noise] = [it.way.at(-1), it.noise.at(-1)];
  const name = NAMES[it.name];
  if (it.blown) {
    return text(
      `${name}, at most ${fmt(peak)}: its first steps are too large for the steep side,`,
      `and the loss rises from ${said(it.losses[0])} to ${said(it.highest)}.`,
      "This simple valley lets it come back; a network seldom does. Begin with small steps, or lower the peak.",
    );
  }
  const sound = all.filter(({ blown }) => !blown);
  const best = sound.reduce((a, b) => (b.losses.at(-1) < a.losses.at(-1) ? b : a));
  const rank =
    it === best
      ? `Of the ${sound.length} that do not blow up it ends lowest.`
      : `Of the ${sound.length} that do not blow up, ${NAMES[best.name]} ends lowest, at ${said(best.losses.at(-1))}.`;
  const why =
    noise > way
      ? "Most of that is noise, which only small steps at the end let settle."
      : "Most of that is way still to go along the flat side: larger steps go further.";
  return text(
    `${name}, at most ${fmt(peak)}: the loss ends at ${said(way + noise)},`,
    `${said(way)} of it way and ${said(noise)} noise.`,
    why,
    rank,
  );
}

function render({ model, el }) {
  const { root, live } = frame(
    el,
    "learning_rate",
    "Up, and then down: a schedule, and what becomes of the loss",
    text(
      "A valley with a steep side, steepest at the start, and a flat one; each gradient is noisy.",
      "Choose how the learning rate goes, and how high. Thin lines: the other four.",
    ),
  );
  const schedule = choice("Schedule", Object.entries(NAMES), (name) =>
    save(model, { schedule: name }),
  );
  const peak = slider("Peak", { min: 0, max: PEAKS.length - 1 }, (i) =>
    save(model, { peak: PEAKS[i] }),
  );
  const size = { width: 330, height: 230 };
  const rate = curves(
    { ...size, ylabel: "learning rate" },
    ({ along }) => along,
    ({ peak: high }) => [0, high, high / 2, (v) => (v === high || !v ? fmt(v, 3) : "")],
    ({ it }) =>
      `The learning rate, ${NAMES[it.name]}: ${fmt(it.along[0], 3)} at first, ${fmt(it.along.at(-1), 3)} at last.`,
  );
  const loss = curves(
    { ...size, ylabel: "expected loss" },
    ({ losses }) => losses.map((v) => Math.log10(Math.max(v, 1e-9))),
    () => LOSS,
    ({ it }) =>
      `The expected loss: ${said(it.losses[0])} at first, ${said(it.losses.at(-1))} at last.`,
  );
  root.append(
    h("div", { class: "ck-bar ck-noprint" }, schedule.element),
    h("div", { class: "ck-peak ck-noprint" }, peak.element),
    flow(part("The learning rate", rate.element), part("The loss, in powers of ten", loss.element)),
    live,
  );
  const refresh = () => {
    const now = followed(model);
    schedule.paint(now.it.name);
    const near = PEAKS.reduce((a, b) =>
      Math.abs(Math.log(b / now.peak)) < Math.abs(Math.log(a / now.peak)) ? b : a,
    );
    peak.paint(PEAKS.indexOf(near), fmt(now.peak, 3));
    rate.paint(now);
    loss.paint(now);
    live.textContent = verdict(now);
  };
  const end = watch(model, ["schedule", "peak"], refresh);
  refresh();
  return end;
}
export default { render };
