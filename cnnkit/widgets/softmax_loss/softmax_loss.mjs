// Logits become probabilities; the loss looks at one of them; the gradient says where to go.
import { button, clamp, fmt, frame, h, save, slider, total, uid, watch } from "../base.mjs";

/** exp(z / T) / sum, with the largest taken off first so that nothing overflows. */
export function softmax(logits, temperature = 1) {
  const z = logits.map((v) => v / temperature);
  const top = Math.max(...z);
  const e = z.map((v) => Math.exp(v - top));
  const sum = total(e);
  return e.map((v) => v / sum);
}

/** Minus the logarithm of the probability of the right class. */
export function crossEntropy(logits, target, temperature = 1) {
  const z = logits.map((v) => v / temperature);
  const top = Math.max(...z);
  return Math.log(total(z.map((v) => Math.exp(v - top)))) + top - z[target];
}

/** Change of the loss with each logit: (p − y) / T. */
export const gradient = (logits, target, temperature = 1) =>
  softmax(logits, temperature).map((p, i) => (p - (i === target ? 1 : 0)) / temperature);

/** The logits after one step against the gradient. */
export const descend = (logits, target, temperature, rate) =>
  gradient(logits, target, temperature).map((g, i) => logits[i] - rate * g);

const LIMIT = 8;

/** The scores, their probabilities, the gradient and the loss. */
function read(model) {
  const [z, t, T] = ["logits", "target", "temperature"].map((name) => model.get(name));
  return { z, t, T, p: softmax(z, T), g: gradient(z, t, T), loss: crossEntropy(z, t, T) };
}

/** One class: its name, score, probability, and where the gradient pushes it. */
function classRow(model, group, label, i) {
  const radio = h("input", { type: "radio", name: group, id: uid() });
  radio.addEventListener("change", () => save(model, { target: i }));
  const score = slider("score", { min: -LIMIT, max: LIMIT, step: 0.1 }, (v) =>
    save(model, { logits: model.get("logits").map((z, k) => (k === i ? v : z)) }),
  );
  score.input.setAttribute("aria-label", `Score of ${label}`);
  const bar = h("div", { class: "ck-fill" });
  const percent = h("span", { class: "ck-percent" });
  const arrow = h("span", { class: "ck-arrow", "aria-hidden": "true" });
  const push = h("span", { class: "ck-push" });
  const track = h("div", { class: "ck-track", "aria-hidden": "true" }, bar);
  const element = h(
    "div",
    { class: "ck-class", role: "group", "aria-label": label },
    h("label", { class: "ck-name", htmlFor: radio.id }, radio, h("span", {}, label)),
    score.element,
    h("div", { class: "ck-prob" }, track, percent),
    h("div", { class: "ck-grad" }, arrow, push),
  );
  const paint = ({ z, t, p, g }) => {
    radio.checked = i === t;
    score.paint(z[i], fmt(z[i], 1));
    bar.style.width = `${100 * p[i]}%`;
    percent.textContent = inPercent(p[i]);
    element.classList.toggle("ck-true", i === t);
    paintArrow(arrow, g, i);
    push.textContent = fmt(-g[i], 3);
  };
  return { element, paint };
}

const inPercent = (p) => `${(100 * p).toFixed(1)} %`;

/** An arrow as long as the push, compared with the strongest one. */
function paintArrow(arrow, g, i) {
  const size = Math.abs(g[i]);
  const strongest = Math.max(...g.map(Math.abs), 0.25);
  const length = size < 0.0005 ? 0 : Math.min(1, 0.35 + (0.65 * size) / strongest);
  const way = g[i] < 0 ? "up" : "down";
  arrow.textContent = length ? { up: "▲", down: "▼" }[way] : "·";
  arrow.dataset.way = way;
  arrow.style.fontSize = `${(0.7 + 0.9 * length).toFixed(2)}rem`;
}

/** What the numbers say together. */
function sentence({ t, T, p, loss }, labels) {
  const best = p.indexOf(Math.max(...p));
  const answer = `The largest probability is ${labels[best]}, ${inPercent(p[best])}.`;
  const verdict = best === t ? "right" : "wrong";
  const truth = `The truth is ${labels[t]}, given ${inPercent(p[t])}: ${verdict}, and the loss is ${fmt(loss, 3)}.`;
  let warmth = "";
  if (T < 0.95) warmth = "A low temperature sharpens the answer.";
  if (T > 1.05) warmth = "A high temperature evens the answer out.";
  return `${answer} ${truth} ${warmth}`;
}

/** The temperature, one step of training, and the way back. */
function controls(model) {
  const warm = slider("Temperature", { min: 0.2, max: 5, step: 0.1 }, (temperature) =>
    save(model, { temperature }),
  );
  const step = button("One step downhill", () => {
    const { z, t, T } = read(model);
    const logits = descend(z, t, T, model.get("rate"));
    save(model, { logits: logits.map((v) => clamp(+v.toFixed(4), -LIMIT, LIMIT)) });
  });
  const first = model.get("logits").slice();
  const again = button("Start again", () => save(model, { logits: first }));
  const buttons = h("span", { class: "ck-noprint ck-choices" }, step, again);
  const element = h("div", { class: "ck-bar" }, warm.element, buttons);
  return { element, paint: ({ T }) => warm.paint(T, fmt(T, 1)) };
}

function render({ model, el }) {
  const { root, live, id } = frame(
    el,
    "softmax_loss",
    "From scores to probabilities to a loss",
    "Move the scores. The arrows show where one step of training would push them: the true class up, the others down.",
  );
  const labels = model.get("labels"); // as many as there were scores at the start
  const rows = labels.map((label, i) => classRow(model, `${id}-truth`, label, i));
  const bar = controls(model);
  const loss = h("p", { class: "ck-loss" });
  const heads = ["true class", "score (logit)", "probability", "push"];
  const classes = "Classes; the chosen one is the true class";
  root.append(
    h(
      "div",
      { class: "ck-head", "aria-hidden": "true" },
      ...heads.map((name) => h("span", {}, name)),
    ),
    h(
      "div",
      { class: "ck-classes", role: "group", "aria-label": classes },
      ...rows.map((r) => r.element),
    ),
    bar.element,
    loss,
    live,
  );
  const refresh = () => {
    const now = read(model);
    if (now.z.length !== labels.length || now.t >= labels.length) {
      live.textContent = "Waiting: scores, labels and target do not fit together.";
      return;
    }
    for (const row of rows) row.paint(now);
    bar.paint(now);
    const probability = h("span", {}, fmt(now.p[now.t], 3));
    loss.replaceChildren(
      "Cross-entropy: −log ",
      probability,
      " = ",
      h("strong", {}, fmt(now.loss, 3)),
    );
    live.textContent = sentence(now, labels);
  };
  const end = watch(model, ["logits", "target", "temperature"], refresh);
  refresh();
  return end;
}
export default { render };
