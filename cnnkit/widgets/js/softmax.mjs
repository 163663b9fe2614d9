// Logits become probabilities; the loss looks at one of them; the gradient says where to go.
import { button, clamp, fmt, frame, h, save, slider, uid, watch } from "./base.mjs";

/** exp(z / T) / sum, with the largest taken off first so that nothing overflows. */
export function softmax(logits, temperature = 1) {
  const z = logits.map((v) => v / temperature);
  const top = Math.max(...z);
  const e = z.map((v) => Math.exp(v - top));
  const sum = e.reduce((a, b) => a + b, 0);
  return e.map((v) => v / sum);
}

/** Minus the logarithm of the probability of the right class. */
export function crossEntropy(logits, target, temperature = 1) {
  const z = logits.map((v) => v / temperature);
  const top = Math.max(...z);
  return Math.log(z.reduce((a, v) => a + Math.exp(v - top), 0)) + top - z[target];
}

/** Change of the loss with each logit: (p − y) / T. */
export const gradient = (logits, target, temperature = 1) =>
  softmax(logits, temperature).map((p, i) => (p - (i === target ? 1 : 0)) / temperature);

/** The logits after one step against the gradient. */
export const descend = (logits, target, temperature, rate) =>
  gradient(logits, target, temperature).map((g, i) => logits[i] - rate * g);

const LIMIT = 8;

function render({ model, el }) {
  const { root, live, id } = frame(el, "softmax", "From scores to probabilities to a loss", "Move the scores. The arrows show where one step of training would push them: the true class up, the others down.");
  const logits = () => model.get("logits");
  const labels = model.get("labels"); // as many as there were scores at the start
  const setLogit = (i, v) => save(model, { logits: logits().map((z, k) => (k === i ? v : z)) });
  const rows = labels.map((label, i) => {
    const radio = h("input", { type: "radio", name: `${id}-truth`, id: uid() });
    radio.addEventListener("change", () => save(model, { target: i }));
    const score = slider("score", { min: -LIMIT, max: LIMIT, step: 0.1 }, (v) => setLogit(i, v));
    score.input.setAttribute("aria-label", `Score of ${label}`);
    const bar = h("div", { class: "ck-fill" });
    const percent = h("span", { class: "ck-percent" });
    const arrow = h("span", { class: "ck-arrow", "aria-hidden": "true" });
    const push = h("span", { class: "ck-push" });
    const element = h(
      "div",
      { class: "ck-class", role: "group", "aria-label": label },
      h("label", { class: "ck-name", htmlFor: radio.id }, radio, h("span", {}, label)),
      score.element,
      h("div", { class: "ck-prob" }, h("div", { class: "ck-track", "aria-hidden": "true" }, bar), percent),
      h("div", { class: "ck-grad" }, arrow, push),
    );
    return { radio, score, bar, percent, arrow, push, element };
  });
  const warm = slider("Temperature", { min: 0.2, max: 5, step: 0.1 }, (temperature) => save(model, { temperature }));
  const loss = h("p", { class: "ck-loss" });
  const step = button("One step downhill", () => {
    const [t, T, rate] = [model.get("target"), model.get("temperature"), model.get("rate")];
    save(model, { logits: descend(logits(), t, T, rate).map((v) => clamp(+v.toFixed(4), -LIMIT, LIMIT)) });
  });
  const first = logits().slice();
  const again = button("Start again", () => save(model, { logits: first }));
  root.append(
    h("div", { class: "ck-head", "aria-hidden": "true" }, h("span", {}, "true class"), h("span", {}, "score (logit)"), h("span", {}, "probability"), h("span", {}, "push")),
    h("div", { class: "ck-classes", role: "group", "aria-label": "Classes; the chosen one is the true class" }, ...rows.map((r) => r.element)),
    h("div", { class: "ck-bar" }, warm.element, h("span", { class: "ck-noprint ck-choices" }, step, again)),
    loss,
    live,
  );
  const refresh = () => {
    const [z, t, T] = [logits(), model.get("target"), model.get("temperature")];
    if (z.length !== labels.length || t >= labels.length) return void (live.textContent = "Waiting: scores, labels and target do not fit together.");
    const [p, g, l] = [softmax(z, T), gradient(z, t, T), crossEntropy(z, t, T)];
    const best = p.indexOf(Math.max(...p));
    const strongest = Math.max(...g.map(Math.abs), 1e-9);
    rows.forEach((r, i) => {
      r.radio.checked = i === t;
      r.score.paint(z[i], fmt(z[i], 1));
      r.bar.style.width = `${100 * p[i]}%`;
      r.percent.textContent = `${(100 * p[i]).toFixed(1)} %`;
      r.element.classList.toggle("ck-true", i === t);
      const size = Math.abs(g[i]) < 0.0005 ? 0 : 0.35 + (0.65 * Math.abs(g[i])) / Math.max(strongest, 0.25);
      r.arrow.textContent = size ? (g[i] < 0 ? "▲" : "▼") : "·";
      r.arrow.dataset.way = g[i] < 0 ? "up" : "down";
      r.arrow.style.fontSize = `${(0.7 + 0.9 * Math.min(1, size)).toFixed(2)}rem`;
      r.push.textContent = fmt(-g[i], 3);
    });
    warm.paint(T, fmt(T, 1));
    loss.replaceChildren("Cross-entropy: −log ", h("span", {}, fmt(p[t], 3)), " = ", h("strong", {}, fmt(l, 3)));
    live.textContent = `The largest probability is ${labels[best]}, ${(100 * p[best]).toFixed(1)} %. The truth is ${labels[t]}, given ${(100 * p[t]).toFixed(1)} %: ${best === t ? "right" : "wrong"}, and the loss is ${fmt(l, 3)}. ${T < 0.95 ? "A low temperature sharpens the answer." : T > 1.05 ? "A high temperature evens the answer out." : ""}`;
  };
  const end = watch(model, ["logits", "target", "temperature"], refresh);
  refresh();
  return end;
}
export default { render };
