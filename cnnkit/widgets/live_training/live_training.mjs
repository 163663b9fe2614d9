// A small network learns in the page: curves, filters, and what it makes of one's own drawing.
import {
  button,
  flow,
  fmt,
  frame,
  h,
  label,
  largest,
  matrix,
  part,
  reduced,
  save,
  slider,
  svg,
  text,
  tools,
  watch,
} from "../base.mjs";
import { chart, line } from "../chart.mjs";
import {
  answerBars,
  copyOf,
  drawingPad,
  handButtons,
  ink,
  paintPad,
  verdictOn,
} from "../drawing.mjs";
import { BATCH, EVERY, FILTERS, forward, judge, training } from "./network.mjs";

const ROUND = 400; // steps until it pauses by itself, and the charts grow
const BUDGET = 8; // milliseconds of training in one frame of the screen
const PACE = 0.12; // steps in a millisecond at most, so that an eye can follow
const RATES = [0.001, 0.003, 0.01, 0.03, 0.05, 0.1, 0.2, 0.3, 0.5, 1, 2, 3];

// A run of seed 0 at the rate 0.1, a look at every twentieth step: what Start will draw.
export const RECORDED = {
  losses: [
    [
      2.39, 1.69, 1.1, 0.79, 0.55, 0.47, 0.34, 0.34, 0.27, 0.22, 0.27, 0.28, 0.19, 0.16, 0.15, 0.14,
      0.12, 0.1, 0.1, 0.08, 0.13,
    ],
    [
      2.38, 1.75, 1.14, 0.79, 0.6, 0.53, 0.42, 0.38, 0.3, 0.36, 0.3, 0.5, 0.34, 0.3, 0.26, 0.22,
      0.26, 0.27, 0.23, 0.23, 0.22,
    ],
  ],
  rights: [
    [
      0.08, 0.56, 0.8, 0.86, 0.9, 0.88, 0.92, 0.92, 0.94, 0.93, 0.92, 0.91, 0.93, 0.95, 0.97, 0.97,
      0.97, 0.98, 0.98, 0.99, 0.96,
    ],
    [
      0.1, 0.52, 0.75, 0.86, 0.84, 0.83, 0.88, 0.9, 0.92, 0.88, 0.9, 0.83, 0.86, 0.91, 0.93, 0.94,
      0.9, 0.92, 0.91, 0.94, 0.92,
    ],
  ],
};

/** A drawing as the network sees it: scaled to 8×8 as the digits were, ink from 0 to 1. */
export function shrink(strokes) {
  const points = strokes.flat();
  const small = new Float64Array(64);
  if (!points.length) return small;
  const span = (k) => [Math.min(...points.map((p) => p[k])), Math.max(...points.map((p) => p[k]))];
  const [[left, right], [top, bottom]] = [span(0), span(1)];
  const scale = Math.min(28 / Math.max(bottom - top, 5), 22 / Math.max(right - left, 5));
  const move = ([x, y]) => [
    (x - (left + right) / 2) * scale + 16,
    (y - (top + bottom) / 2) * scale + 16,
  ];
  const large = ink(
    strokes.map((stroke) => stroke.map(move)),
    1.9,
    32,
  );
  for (const [p, v] of large.entries()) small[(p >> 7) * 8 + ((p & 31) >> 2)] += v / 16;
  return small;
}

/** What a network that has trained so far makes of lists of strokes. */
export function readDrawings(digits, labels, { seed, rate, steps }, drawings) {
  const run = training(digits, labels, seed);
  while (run.steps < steps) run.step(rate);
  return drawings.map((strokes) => strongest(forward(run.net, shrink(strokes)).logits));
}

const strongest = (values) => values.indexOf(Math.max(...values));
const percent = (share) => `${Math.round(100 * share)} %`;

/** Names the last look at a run: what is drawn of it stays as it is until the next. */
const lastLook = ({ seed, history }) => `${seed}, ${history.length}`;

/** A chart of two curves over the steps: training digits, test digits, and those of the last run. */
function curves(name, ylabel, y, pick) {
  const size = { width: 340, height: 220, xlabel: "step", ylabel };
  const shown = chart(size, { role: "img" });
  const draw = (histories, kind, every) =>
    histories.map((values, i) =>
      svg("polyline", {
        class: `${kind} ck-curve${i}`,
        points: line(values.map((v, n) => shown.place(n * every, v))),
      }),
    );
  let painted = "";
  const paint = ({ run, before }) => {
    if (painted === lastLook(run)) return;
    painted = lastLook(run);
    const end = ROUND * Math.max(1, Math.ceil(run.steps / ROUND));
    shown.scale({ x: [0, end, end / 4], y });
    const now = [0, 1].map((i) => run.history.map((look) => pick(look)[i]));
    shown.layer.replaceChildren(
      ...draw(pick(before), "ck-before", before.every),
      ...draw(now, "ck-now", EVERY),
    );
    const [learned, tested] = now.map((values) => fmt(values.at(-1)));
    const looked = EVERY * (run.history.length - 1);
    const said = `${name} after ${looked} steps: training digits ${learned}, test digits ${tested}.`;
    shown.element.setAttribute("aria-label", said);
  };
  return { element: part(name, shown.element), paint };
}

/** The eight filters at the start and now. */
function filterRows() {
  const row = (when) =>
    Array.from({ length: FILTERS }, (_, f) => matrix(3, 3, `Filter ${f + 1} ${when}`));
  const [first, now] = [row("at the start"), row("now")];
  const line = (when, grids) =>
    h(
      "div",
      { class: "ck-filters" },
      h("span", { class: "ck-when" }, when),
      ...grids.map((g) => g.element),
    );
  const paintRow = (grids, filters) => {
    for (const [f, grid] of grids.entries()) {
      const w = filters.slice(9 * f, 9 * f + 9);
      const top = largest(w) || 1;
      grid.paint((u, v) => ({ signed: w[3 * u + v] / top, say: fmt(w[3 * u + v]) }));
    }
  };
  let painted = "";
  const paint = ({ run }) => {
    if (painted === lastLook(run)) return;
    painted = lastLook(run);
    paintRow(first, run.start);
    paintRow(now, run.net.filters);
  };
  return {
    element: h(
      "div",
      {},
      label("Its eight filters, 3 × 3"),
      line("start", first),
      line("now", now),
    ),
    paint,
  };
}

/** The drawing, what the network sees of it, and what it answers. */
function reading(hand) {
  const pad = drawingPad(hand);
  const seen = matrix(8, 8, "What the network sees, 8 by 8");
  const bars = answerBars();
  const verdict = h("p", { class: "ck-reading" });
  const looks = h(
    "div",
    { class: "ck-flow ck-looks" },
    part("Draw here", pad),
    part("What it sees, 8 × 8", seen.element),
    h("div", { class: "ck-part ck-grow" }, label("What it answers now"), bars.element, verdict),
  );
  let image = null;
  const paint = ({ run }) => {
    const { probabilities } = judge(forward(run.net, image).logits, 0);
    const best = hand.strokes.length ? strongest(probabilities) : null;
    bars.paint(probabilities, best);
    verdict.textContent = verdictOn(probabilities, best);
    hand.best = best ?? 0;
  };
  const draw = (state) => {
    paintPad(pad, hand);
    image = shrink(hand.strokes);
    seen.paint((r, c) => ({ grey: image[8 * r + c], say: fmt(image[8 * r + c]) }));
    paint(state);
  };
  return {
    element: h("div", {}, looks, h("div", { class: "ck-bar" }, handButtons(hand))),
    paint,
    draw,
  };
}

/** The hand that draws: each change is shown at once, and told to Python. */
function newHand(model, draw) {
  const hand = { strokes: copyOf(model.get("strokes")), pen: [14, 14], down: false, own: false };
  hand.moved = hand.drawing = draw;
  hand.changed = () => {
    draw();
    hand.own = true; // this change comes from the hand itself
    save(model, { strokes: copyOf(hand.strokes), prediction: hand.best });
    hand.own = false;
  };
  hand.draw = (strokes, down = false) => {
    Object.assign(hand, { strokes, down });
    hand.changed();
  };
  return hand;
}

/** What the curves say, in words. */
function sentence({ run }, rate) {
  const { losses, rights } = run.history.at(-1);
  const [learned, tested] = losses.map((loss) => fmt(loss));
  const numbers = `Step ${run.steps}: loss ${learned} on the training digits and ${tested} on the test digits;`;
  const share = `it reads ${percent(rights[0])} and ${percent(rights[1])} of them.`;
  return text(numbers, share, lesson(run, rate));
}

function lesson({ steps, history }, rate) {
  const { losses, rights } = history.at(-1);
  if (!steps)
    return "It guesses: one in ten, and a loss near log 10 = 2.3. The faint curves are an earlier run.";
  if (steps >= 100 && rights[1] < 0.2 && rate >= 0.5) {
    return "The rate is too large: the first steps threw the weights so far that no gradient leads back.";
  }
  if (steps >= 100 && rights[1] < 0.7 && rate <= 0.01) return "It crawls: the rate is small.";
  if (losses[1] > 2 * losses[0] && rights[0] > 0.97) {
    return "It knows the digits that it learns from better than new ones: it begins to overfit.";
  }
  if (rights[1] >= 0.9) return "Nobody chose these filters: the gradients did.";
  return "";
}

/** Train while the page has time for it, until a round is over or someone says stop. */
function trainer(root, { step, paint, ended }) {
  let [running, visible] = [false, true];
  let watcher = null;
  const stop = () => {
    if (!running) return;
    running = false;
    watcher?.disconnect();
    ended();
  };
  const tick = (before) => (now) => {
    if (!running) return;
    if (!root.isConnected) return stop();
    const [due, end] = [PACE * (now - before), performance.now() + BUDGET];
    let over = false;
    for (let n = 0; visible && !over && n < due && performance.now() < end; n++) over = step();
    if (visible) paint();
    if (over) stop();
    else requestAnimationFrame(tick(now));
  };
  const start = () => {
    running = true;
    watcher = new IntersectionObserver(([entry]) => {
      visible = entry.isIntersecting;
    });
    watcher.observe(root);
    requestAnimationFrame(tick(performance.now() - 1 / PACE));
  };
  return { start, stop, isRunning: () => running };
}

/** The network, its curves so far, and those of the run before it. */
function newState(model) {
  const state = { before: { ...RECORDED, every: 20 } };
  state.begin = () => {
    state.run = training(model.get("digits"), model.get("labels"), model.get("seed"));
    state.run.start = state.run.net.filters.slice();
  };
  state.again = () => {
    const { history, steps } = state.run;
    const both = (name) => [0, 1].map((i) => history.map((look) => look[name][i]));
    if (steps) state.before = { losses: both("losses"), rights: both("rights"), every: EVERY };
    state.begin();
  };
  state.begin();
  return state;
}

/** The learning rate in steps that a hand can feel. */
function rateSlider(model) {
  const rate = slider("Learning rate", { min: 0, max: RATES.length - 1 }, (i) =>
    save(model, { rate: RATES[i] }),
  );
  const paint = () => {
    const chosen = model.get("rate");
    const distance = (r) => Math.abs(Math.log(r / chosen));
    const nearest = RATES.reduce((best, r) => (distance(r) < distance(best) ? r : best));
    rate.paint(RATES.indexOf(nearest), fmt(chosen, 4));
  };
  return { element: rate.element, paint };
}

/** Start or pause, ten steps by hand, and a new beginning. */
function controls(model, root, state, paint) {
  const keep = () => {
    const { rights } = state.run.history.at(-1);
    save(model, { step: state.run.steps, accuracy: rights[1], prediction: state.hand.best });
  };
  const step = () => {
    state.run.step(model.get("rate"));
    return state.run.steps % ROUND === 0;
  };
  const training = trainer(root, {
    step,
    paint: () => paint(false),
    ended: () => {
      start.textContent = "Start";
      while (state.run.steps % EVERY) step(); // to the next look, so that all numbers are of one step
      paint(true);
      keep();
    },
  });
  const several = (count) => {
    training.stop();
    for (let n = 0; n < count; n++) step();
    paint(true);
    keep();
  };
  const start = button("Start", () => {
    if (training.isRunning()) return training.stop();
    if (reduced()) return several(100);
    start.textContent = "Pause";
    training.start();
  });
  const more = button("10 steps", () => several(10));
  const again = button("Start again, other seed", () => {
    training.stop();
    save(model, { seed: model.get("seed") + 1 });
    keep();
  });
  return { element: tools(start, more, again), stop: training.stop };
}

const legendOf = () =>
  h(
    "p",
    { class: "ck-legend" },
    h("span", { class: "ck-key ck-curve0" }, "training digits"),
    h("span", { class: "ck-key ck-curve1" }, "test digits"),
    h("span", {}, "faint: the run before"),
  );

function render({ model, el }) {
  const { root, live } = frame(
    el,
    "live_training",
    "A network learns while you look on",
    text(
      `300 digits to learn from, ${BATCH} of them a step, and 100 others as a test.`,
      "Press Start, and watch the loss, the filters, and the answer to your own drawing.",
    ),
  );
  const state = newState(model);
  const paint = (told = true) => {
    for (const piece of pieces) piece.paint(state);
    rate.paint();
    if (told) live.textContent = sentence(state, model.get("rate"));
    root.dataset.steps = state.run.steps;
  };
  const hand = newHand(model, () => reader.draw(state));
  state.hand = hand;
  const rate = rateSlider(model);
  const bar = controls(model, root, state, paint);
  const charts = [
    curves("Loss", "loss", [0, 2.5, 0.5], ({ losses }) => losses),
    curves("Accuracy", "accuracy", [0, 1, 0.2], ({ rights }) => rights),
  ];
  const reader = reading(hand);
  const pieces = [...charts, filterRows(), reader];
  const [left, right, filters, looks] = pieces.map((piece) => piece.element);
  root.append(
    bar.element,
    h("div", { class: "ck-noprint ck-rate" }, rate.element),
    flow(left, right),
    legendOf(),
    filters,
    looks,
    live,
  );
  const ends = [
    watch(model, ["rate"], () => rate.paint()),
    watch(model, ["seed"], () => {
      bar.stop();
      state.again();
      paint();
    }),
    watch(model, ["strokes"], () => {
      if (!hand.own) hand.draw(copyOf(model.get("strokes")), hand.down);
    }),
  ];
  reader.draw(state);
  paint();
  return () => {
    bar.stop();
    for (const end of ends) end();
  };
}
export default { render };
