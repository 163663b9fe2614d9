// Convolution, one window at a time: nine products, their sum, one value of the output.
import { bitmap, button, choice, clamp, conv2d, copy, fmt, frame, h, largest, matrix, numberBox, numberGrid, onTheme, part, reduced, save, signedColours, slider, watch } from "./base.mjs";

/** What one window gives: products[c][u][v] and their sum for each channel. */
export function productsAt(x, filter, i, j) {
  const products = filter.map((k, c) => k.map((row, u) => row.map((w, v) => x[c][i + u][j + v] * w)));
  return { products, sums: products.map((p) => p.flat().reduce((a, b) => a + b, 0)) };
}

/** Position number `step`, counted along the rows of an output `cols` wide. */
export const positionOf = (step, cols) => [Math.floor(step / cols), step % cols];

export const PRESETS = {
  "X detector": [[1, 0, 1], [0, 1, 0], [1, 0, 1]],
  "vertical edges": [[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]],
  "horizontal edges": [[-1, -2, -1], [0, 0, 0], [1, 2, 1]],
  "diagonal /": [[-1, -1, 2], [-1, 2, -1], [2, -1, -1]],
  "diagonal \\": [[2, -1, -1], [-1, 2, -1], [-1, -1, 2]],
  blur: [[1, 1, 1], [1, 1, 1], [1, 1, 1]].map((row) => row.map((v) => v / 9)),
  sharpen: [[0, -1, 0], [-1, 5, -1], [0, -1, 0]],
  identity: [[0, 0, 0], [0, 1, 0], [0, 0, 0]],
};
const near = (a, b) => a.length === b.length && a.every((r, u) => r.length === b[u].length && r.every((v, k) => Math.abs(v - b[u][k]) < 1e-6));
const SMALL = 8; // up to so many columns each value is written out
const COLOURS = ["red", "green", "blue"];

function render({ model, el }) {
  const { root, live } = frame(
    el,
    "stepper",
    "Convolution, one window at a time",
    "Multiply each pixel by the weight that lies on it and add everything up: one number. Move on, and do it again.",
  );
  const image = () => model.get("image");
  const weight = () => model.get("weight");
  const dims = () => {
    const [x, w] = [image(), weight()];
    const [kh, kw] = [w[0][0].length, w[0][0][0].length];
    return { C: x.length, H: x[0].length, W: x[0][0].length, K: w.length, kh, kw, oh: x[0].length - kh + 1, ow: x[0][0].length - kw + 1 };
  };
  const goTo = (step) => {
    const { oh, ow } = dims();
    save(model, { step: clamp(step, 0, oh * ow - 1) });
  };

  // Playing: small outputs step by step, large ones row by row; at once where motion is unwelcome.
  let timer = 0;
  const stop = () => {
    clearInterval(timer);
    timer = 0;
    play.textContent = "Play";
  };
  const play = button("Play", () => {
    if (timer) return stop();
    const { oh, ow } = dims();
    const last = oh * ow - 1;
    if (reduced()) return goTo(model.get("step") >= last ? 0 : last);
    if (model.get("step") >= last) goTo(0);
    play.textContent = "Pause";
    timer = setInterval(() => {
      if (!root.isConnected || model.get("step") >= last) return stop();
      goTo(model.get("step") + (ow > 8 ? ow : 1));
    }, ow > 8 ? 120 : 700);
  });
  const back = button("Back", () => goTo(model.get("step") - 1));
  const next = button("Next", () => goTo(model.get("step") + 1));
  const position = slider("Window", { min: 0, max: 1 }, goTo);

  const inputs = model.get("inputs") ?? {};
  const use = (name) => {
    stop();
    const x = inputs[name];
    const w = weight().map((f) => x.map((_, c) => copy(f[c % f.length])));
    // A large output is shown whole at first; a small one fills under the reader's eyes.
    const last = (x[0].length - w[0][0].length + 1) * (x[0][0].length - w[0][0][0].length + 1) - 1;
    save(model, { image: x, weight: w, step: last >= SMALL * SMALL ? last : 0, channel: 0 });
  };
  const pictures = choice("Image", Object.keys(inputs).map((n) => [n, n]), use);
  const preset = h("select", { "aria-label": "Kernel preset" }, h("option", { value: "" }, "own weights"), ...Object.keys(PRESETS).map((n) => h("option", { value: n }, n)));
  preset.addEventListener("change", () => {
    const kernel = PRESETS[preset.value];
    if (kernel) setFilter(image().map(() => copy(kernel)));
  });
  const setFilter = (filter) => save(model, { weight: weight().map((f, k) => (k === model.get("filter") ? filter : f)) });
  const add = button("Add a filter", () => {
    const names = Object.values(PRESETS);
    const w = weight();
    const free = names.find((p) => !w.some((f) => near(f[0], p))) ?? names[0];
    save(model, { weight: [...w, image().map(() => copy(free))], bias: [...model.get("bias"), 0], filter: w.length });
  });
  const remove = button("Remove", () => {
    const k = model.get("filter");
    save(model, { filter: Math.max(0, k - 1), weight: weight().filter((_, i) => i !== k), bias: model.get("bias").filter((_, i) => i !== k) });
  });
  const filters = h("div");
  const stage = h("div", { class: "ck-flow ck-stage" });
  root.append(
    h("div", { class: "ck-bar ck-noprint" }, Object.keys(inputs).length ? pictures.element : null),
    stage,
    h("div", { class: "ck-bar ck-noprint" }, back, next, play, position.element),
    live,
  );

  let paint = () => {};
  let shape = "";
  function build() {
    const { C, H, W, K, kh, kw, oh, ow } = dims();
    const small = Math.max(H, W) <= SMALL;
    const binary = () => image().flat(2).every((v) => v === 0 || v === 1);
    const toWindow = (r, c) => goTo(clamp(r - (kh >> 1), 0, oh - 1) * ow + clamp(c - (kw >> 1), 0, ow - 1));
    const press = (r, c) => {
      if (!binary()) return toWindow(r, c);
      const x = copy(image());
      x[0][r][c] = 1 - x[0][r][c];
      save(model, { image: x });
    };
    const input = small
      ? matrix(H, W, binary() ? "Input. Space turns a pixel on or off." : "Input. Space moves the window here.", { pick: press })
      : bitmap(`Input image, ${H} by ${W} pixels${C === 3 ? ", in colour" : ""}`, { pick: toWindow });
    const channels = choice("Channel shown", COLOURS.map((n, i) => [i, n]), (channel) => save(model, { channel }));
    const grid = numberGrid(kh, kw, "Weights", (r, c, v) => {
      const f = copy(weight()[model.get("filter")]);
      f[model.get("channel")][r][c] = v;
      setFilter(f);
    });
    const bias = numberBox("Bias", (v) => save(model, { bias: model.get("bias").map((b, k) => (k === model.get("filter") ? v : b)) }));
    const products = matrix(kh, kw, "Products of pixel and weight");
    const total = h("div", { class: "ck-total" });
    const select = (r, c) => goTo(r * ow + c);
    const maps = Array.from({ length: K }, (_, k) => {
      const here = (r, c) => {
        if (model.get("filter") !== k) save(model, { filter: k });
        select(r, c);
      };
      return oh <= SMALL && ow <= SMALL
        ? matrix(oh, ow, `Output${K > 1 ? ` of filter ${k + 1}` : ""}. Arrow keys move the window.`, { pick: here, move: here })
        : bitmap(`Output${K > 1 ? ` of filter ${k + 1}` : ""}, ${oh} by ${ow} values`, { pick: here });
    });
    const tabs = choice("Filter", maps.map((_, k) => [k, `filter ${k + 1}`]), (filter) => save(model, { filter }));
    filters.replaceChildren(K > 1 ? tabs.element : "");
    stage.replaceChildren(
      part(`Input ${C > 1 ? `${C} × ` : ""}${H} × ${W}`, input.element),
      h(
        "div",
        { class: "ck-part ck-kernel" },
        h("div", { class: "ck-label" }, C > 1 ? `Weights ${C} × ${kh} × ${kw}` : `Weights ${kh} × ${kw}`),
        h("div", { class: "ck-bar ck-noprint" }, preset, add, K > 1 ? remove : null),
        filters,
        C === 3 ? channels.element : null,
        h(
          "div",
          { class: "ck-pair" },
          h("div", {}, grid.element, h("label", { class: "ck-bias" }, "+ bias ", bias.element)),
          h("div", {}, products.element, total),
        ),
      ),
      h("div", { class: "ck-part" }, h("div", { class: "ck-label" }, `Output ${K > 1 ? `${K} × ` : ""}${oh} × ${ow}`), h("div", { class: `ck-maps${K > 1 ? " ck-several" : ""}` }, ...maps.map((m) => m.element))),
    );
    stage.classList.toggle("ck-large", W > 6);
    position.input.max = oh * ow - 1;
    const label = stage.querySelector(".ck-pair > :last-child");
    label.prepend(h("div", { class: "ck-label" }, "pixel × weight"));
    stage.querySelector(".ck-pair > :first-child").prepend(h("div", { class: "ck-label" }, "kernel"));

    paint = () => {
      const [x, w, b] = [image(), weight(), model.get("bias")];
      const k = clamp(model.get("filter"), 0, K - 1);
      const channel = clamp(model.get("channel"), 0, C - 1);
      const step = clamp(model.get("step"), 0, oh * ow - 1);
      const [i, j] = positionOf(step, ow);
      const out = conv2d(x, w, b);
      const { products: all, sums } = productsAt(x, w[k], i, j);
      const bright = Math.max(...x.flat(2)) > 1 ? (Math.max(...x.flat(2)) > 16 ? 255 : 16) : 1;
      const inside = (r, c) => r >= i && r < i + kh && c >= j && c < j + kw;
      if (small) input.paint((r, c) => ({ text: fmt(x[channel][r][c]), grey: x[channel][r][c] / bright, mark: inside(r, c), say: `row ${r + 1}, column ${c + 1}: ${fmt(x[channel][r][c])}` }));
      else {
        input.paint(H, W, (r, c) => (C === 3 ? x.map((p) => (255 * p[r][c]) / bright) : Array(3).fill((255 * x[channel][r][c]) / bright)));
        input.frame(i, j, kh, kw);
      }
      grid.paint(w[k][channel]);
      bias.paint(b[k]);
      const top = largest(all) || 1;
      products.paint((u, v) => ({ text: fmt(all[channel][u][v], 1), signed: all[channel][u][v] / top }));
      const value = out[k][i][j];
      const biased = b[k] ? ` ${b[k] < 0 ? "−" : "+"} ${fmt(Math.abs(b[k]))}` : "";
      total.textContent = C === 1 ? `sum${biased} = ${fmt(value)}` : `sum = ${fmt(sums[channel])}`;
      const colours = signedColours();
      maps.forEach((m, q) => {
        // A kernel that adds up to one gives a picture of the same brightness: shown as grey.
        const gain = w[q].flat(2).reduce((a, v) => a + v, 0) / C;
        const asPicture = Math.abs(gain - 1) < 1e-6 && !small;
        const peak = largest(out[q]) || 1;
        if (m.home) {
          m.paint((r, c) => {
            const known = r * ow + c <= step;
            const text = known ? fmt(out[q][r][c], 1) : "";
            return { text, signed: known ? out[q][r][c] / peak : undefined, faint: !known, mark: q === k && r === i && c === j, say: `row ${r + 1}, column ${c + 1}: ${known ? text : "not computed yet"}` };
          });
          m.home(i, j);
        } else {
          const grey = (v) => Array(3).fill((255 * v) / (bright * C));
          m.paint(oh, ow, (r, c) => (r * ow + c > step ? null : asPicture ? grey(out[q][r][c]) : colours(out[q][r][c] / peak)));
          m.frame(q === k ? i : null, j, 1, 1);
        }
        m.element.classList.toggle("ck-chosen", K > 1 && q === k);
      });
      position.paint(step, `${step + 1} of ${oh * ow}`);
      preset.value = Object.keys(PRESETS).find((n) => w[k].every((f) => near(f, PRESETS[n]))) ?? "";
      pictures.paint(Object.keys(inputs).find((n) => JSON.stringify(inputs[n]) === JSON.stringify(x)));
      tabs.paint(k);
      channels.paint(channel);
      add.disabled = K >= 4;
      back.disabled = step === 0;
      next.disabled = step === oh * ow - 1;
      const terms = all[0].flatMap((row, u) => row.map((_, v) => [x[0][i + u][j + v], w[k][0][u][v]])).filter(([, q]) => q !== 0);
      const sum =
        C > 1
          ? sums.map((s, c) => `${COLOURS[c] ?? `channel ${c + 1}`} ${fmt(s)}`).join(", ")
          : terms.length
            ? terms.map(([p, q]) => `${fmt(p)} × ${q < 0 ? `(${fmt(q)})` : fmt(q)}`).join(" + ")
            : "all weights are zero";
      live.textContent = `Row ${i + 1}, column ${j + 1} of the output: ${sum}${C > 1 ? "; added up" : ""}${biased}${C > 1 ? " that is " : " = "}${fmt(value)}${terms.length < kh * kw && C === 1 && terms.length ? " (weights of zero add nothing)" : ""}.`;
    };
  }
  const refresh = () => {
    const { C, K, oh, ow } = dims();
    if (weight()[0].length !== C || model.get("bias").length !== K || oh < 1 || ow < 1)
      return void (live.textContent = "Waiting: image, weight and bias do not fit together.");
    const key = Object.values(dims()).join();
    if (key !== shape) {
      shape = key;
      const focused = root.contains(root.ownerDocument.activeElement) ? root.ownerDocument.activeElement : null;
      build();
      if (focused && !root.contains(focused)) stage.querySelector("[tabindex='0'], input, button")?.focus();
      else focused?.focus();
    }
    paint();
  };
  const ends = [watch(model, ["image", "weight", "bias", "step", "filter", "channel"], refresh), onTheme(() => paint())];
  refresh();
  return () => {
    stop();
    ends.forEach((end) => end());
  };
}
export default { render };
