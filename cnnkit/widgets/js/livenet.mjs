// Draw a digit: a small network answers at once, and every value of it can be looked into.
import { bitmap, button, clamp, fmt, frame, h, largest, matrix, onTheme, part, save, signedColours, watch } from "./base.mjs";
import { WEIGHTS } from "./livenet.weights.mjs";

const SIDE = 28;

/** The weights as numbers: `{shape, weight, bias}` for the two convolutions and the dense layer. */
export function parameters() {
  return WEIGHTS.map(({ shape, scale, bias, packed }) => {
    const bytes = atob(packed);
    const each = bytes.length / shape[0];
    const weight = Array.from(bytes, (c, i) => ((c.charCodeAt(0) << 24) >> 24) * scale[Math.floor(i / each)]);
    return { shape, weight, bias };
  });
}
const LAYERS = parameters();

/** Convolution with padding that keeps the size; x holds channels × n × n values in one line. */
export function convolve(x, n, { shape: [K, C, k], weight, bias }) {
  const pad = k >> 1;
  const y = new Float64Array(K * n * n);
  for (let f = 0; f < K; f++) {
    const out = f * n * n;
    y.fill(bias[f], out, out + n * n);
    for (let c = 0; c < C; c++)
      for (let u = 0; u < k; u++)
        for (let v = 0; v < k; v++) {
          const w = weight[((f * C + c) * k + u) * k + v];
          const [i0, i1] = [Math.max(0, pad - u), Math.min(n, n + pad - u)];
          const [j0, j1] = [Math.max(0, pad - v), Math.min(n, n + pad - v)];
          for (let i = i0; i < i1; i++) {
            let from = (c * n + i + u - pad) * n + j0 + v - pad;
            for (let to = out + i * n + j0; to < out + i * n + j1; to++) y[to] += w * x[from++];
          }
        }
  }
  return y;
}

/** ReLU of every value. */
export const relu = (x) => x.map((v) => (v > 0 ? v : 0));

/** 2×2 max pooling of maps of n × n in one line. */
export function halve(x, n) {
  const m = n >> 1;
  const y = new Float64Array((x.length / (n * n)) * m * m);
  for (let q = 0; q < y.length; q++) {
    const [map, i, j] = [Math.floor(q / (m * m)), Math.floor(q / m) % m, q % m];
    const p = (map * n + 2 * i) * n + 2 * j;
    y[q] = Math.max(x[p], x[p + 1], x[p + n], x[p + n + 1]);
  }
  return y;
}

/** Every value of the network for an image of 28 × 28 (ink is 1) in one line. */
export function forward(image) {
  const [first, second, dense] = LAYERS;
  const one = relu(convolve(image, SIDE, first));
  const half = halve(one, SIDE);
  const two = relu(convolve(half, SIDE / 2, second));
  const flat = halve(two, SIDE / 2);
  const logits = dense.bias.map((b, k) => flat.reduce((sum, v, i) => sum + v * dense.weight[k * flat.length + i], b));
  const top = Math.max(...logits);
  const e = logits.map((z) => Math.exp(z - top));
  const sum = e.reduce((a, b) => a + b, 0);
  return { one, half, two, flat, logits, probabilities: e.map((v) => v / sum) };
}

/** Logits alone, for a list of images. */
export const answers = (images) => images.map((image) => forward(image).logits);

/** Strokes (lists of [x, y] on a page of 28 × 28) drawn with a round pen of this radius. */
export function ink(strokes, radius = 1.2) {
  const image = new Float64Array(SIDE * SIDE);
  for (const stroke of strokes)
    stroke.forEach(([bx, by], i) => {
      const [ax, ay] = stroke[Math.max(0, i - 1)];
      const [dx, dy] = [bx - ax, by - ay];
      const length = dx * dx + dy * dy || 1;
      const range = (a, b) => [Math.max(0, Math.floor(Math.min(a, b) - 2)), Math.min(SIDE - 1, Math.ceil(Math.max(a, b) + 2))];
      const [[x0, x1], [y0, y1]] = [range(ax, bx), range(ay, by)];
      for (let y = y0; y <= y1; y++)
        for (let x = x0; x <= x1; x++) {
          const t = clamp(((x + 0.5 - ax) * dx + (y + 0.5 - ay) * dy) / length, 0, 1);
          const d = Math.hypot(x + 0.5 - ax - t * dx, y + 0.5 - ay - t * dy);
          const p = y * SIDE + x;
          image[p] = Math.max(image[p], clamp(radius + 0.5 - d, 0, 1));
        }
    });
  return image;
}

/** What the network gets to see: the drawing scaled to 20 pixels and centred, as MNIST's were. */
export function prepare(strokes) {
  const points = strokes.flat();
  if (!points.length) return new Float64Array(SIDE * SIDE);
  const span = (k) => [Math.min(...points.map((p) => p[k])), Math.max(...points.map((p) => p[k]))];
  const [[left, right], [top, bottom]] = [span(0), span(1)];
  const scale = 17.6 / Math.max(right - left, bottom - top, 5);
  const move = (dx, dy) => strokes.map((s) => s.map(([x, y]) => [(x - (left + right) / 2) * scale + dx, (y - (top + bottom) / 2) * scale + dy]));
  const image = ink(move(14, 14));
  let [mass, mx, my] = [0, 0, 0];
  image.forEach((v, p) => {
    mass += v;
    mx += v * ((p % SIDE) + 0.5);
    my += v * (Math.floor(p / SIDE) + 0.5);
  });
  return ink(move(28 - mx / mass, 28 - my / mass)).map((v) => Math.round(v * 1e4) / 1e4);
}

/** What the network makes of each list of strokes. */
export const readDigits = (drawings) =>
  drawings.map((strokes) => {
    const { logits } = forward(prepare(strokes));
    return logits.indexOf(Math.max(...logits));
  });

const EXAMPLES = [
  [[[9, 5], [6.5, 15.5], [20, 15.5]], [[17, 8], [16.5, 24]]],
  [[[7, 8], [10, 5], [15, 5], [18, 8], [17, 12], [12, 17], [7, 23], [20, 23]]],
  [[[8, 6], [13, 4.5], [18, 7], [17, 11], [12, 13.5], [17.5, 15.5], [19, 19], [15, 23], [8, 22]]],
  [[[7, 6], [20, 6], [14, 15], [11, 24]]],
];

function render({ model, el }) {
  const { root, live } = frame(el, "livenet", "A network at work", "Draw a digit with mouse, finger or keys. Then point into any map: you see the window and the weights that made the value.");
  let strokes = model.get("strokes").map((s) => s.map((p) => p.slice()));
  let own = false; // whether a change comes from the drawing hand
  let image, net;
  let pen = [14, 14];
  let down = false;

  const pad = h("canvas", { width: 280, height: 280, class: "ck-pad", tabIndex: 0, role: "application", "aria-label": "Drawing area. Arrow keys move the pen, Space puts it down or lifts it, Delete clears." });
  const seen = bitmap("What the network sees");
  const bars = Array.from({ length: 10 }, (_, d) => {
    const fill = h("div", { class: "ck-fill" });
    const text = h("span", { class: "ck-share" });
    return { fill, text, element: h("div", { class: "ck-digit", role: "listitem" }, h("span", {}, String(d)), h("div", { class: "ck-track", "aria-hidden": "true" }, fill), text) };
  });
  const verdict = h("p", { class: "ck-verdict" });
  const answer = () => ({ probabilities: net.probabilities.slice(), prediction: net.probabilities.indexOf(Math.max(...net.probabilities)) });
  const send = (done) => {
    own = true;
    image = prepare(strokes);
    const values = { image: Array.from({ length: SIDE }, (_, r) => Array.from(image.slice(r * SIDE, (r + 1) * SIDE))), strokes: strokes.map((s) => s.slice()) };
    if (done) {
      net = forward(image);
      save(model, { ...values, ...answer() });
    }
    own = false;
    paint();
  };
  const clear = () => {
    strokes = [];
    down = false;
    send(true);
  };
  let shown = 0;
  const example = button("Another example", () => {
    shown = (shown + 1) % EXAMPLES.length;
    strokes = EXAMPLES[shown].map((s) => s.map((p) => p.slice()));
    send(true);
  });
  const undo = button("Undo", () => {
    strokes.pop();
    down = false;
    send(true);
  });
  const at = (e) => {
    const box = pad.getBoundingClientRect();
    return [((e.clientX - box.left) / box.width) * SIDE, ((e.clientY - box.top) / box.height) * SIDE].map((v) => Math.round(clamp(v, 0, SIDE) * 100) / 100);
  };
  let drawing = false;
  pad.addEventListener("pointerdown", (e) => {
    if (e.button) return;
    pad.setPointerCapture(e.pointerId);
    drawing = true;
    pen = at(e);
    strokes.push([pen]);
    send(false);
  });
  pad.addEventListener("pointermove", (e) => {
    if (!drawing) return;
    pen = at(e);
    const [lx, ly] = strokes.at(-1).at(-1);
    if (Math.hypot(pen[0] - lx, pen[1] - ly) < 0.3) return;
    strokes.at(-1).push(pen);
    send(false);
  });
  const lift = () => {
    if (drawing) {
      drawing = false;
      send(true);
    }
  };
  pad.addEventListener("pointerup", lift);
  pad.addEventListener("pointercancel", lift);
  pad.addEventListener("keydown", (e) => {
    const d = { ArrowUp: [0, -1], ArrowDown: [0, 1], ArrowLeft: [-1, 0], ArrowRight: [1, 0] }[e.key];
    if (d) {
      pen = [clamp(pen[0] + d[0], 1, 27), clamp(pen[1] + d[1], 1, 27)];
      if (down) strokes.at(-1).push(pen);
      down ? send(true) : paint();
    } else if (e.key === " ") {
      down = !down;
      if (down) strokes.push([pen]);
      send(true);
    } else if (e.key === "Delete" || e.key === "Backspace") clear();
    else return;
    e.preventDefault();
  });

  const levels = [
    { key: "one", count: 8, n: SIDE, name: "Layer 1" },
    { key: "two", count: 16, n: SIDE / 2, name: "Layer 2" },
  ];
  const choose = (layer, map, r, c) => save(model, { unit: [layer, map, clamp(r, 0, levels[layer].n - 1), clamp(c, 0, levels[layer].n - 1)] });
  levels.forEach((level, l) => {
    level.maps = Array.from({ length: level.count }, (_, m) => {
      const map = bitmap("", {});
      map.canvas.removeAttribute("role");
      map.canvas.removeAttribute("aria-label");
      map.canvas.setAttribute("aria-hidden", "true");
      const press = button("", null, { class: "ck-map" });
      press.append(map.element);
      press.addEventListener("click", (e) => {
        const [now, chosen, r, c] = model.get("unit");
        const box = map.canvas.getBoundingClientRect();
        if (e.detail) choose(l, m, Math.floor(((e.clientY - box.top) / box.height) * level.n), Math.floor(((e.clientX - box.left) / box.width) * level.n));
        else if (now !== l || chosen !== m) choose(l, m, now === l ? r : level.n >> 1, now === l ? c : level.n >> 1);
      });
      press.addEventListener("keydown", (e) => {
        const d = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] }[e.key];
        if (!d) return;
        const [now, chosen, r, c] = model.get("unit");
        const mine = now === l && chosen === m;
        choose(l, m, (mine ? r : level.n >> 1) + d[0], (mine ? c : level.n >> 1) + d[1]);
        e.preventDefault();
      });
      const filter = l === 0 ? bitmap(`Filter ${m + 1}, 5 by 5 weights`) : null;
      return { map, press, filter, element: h("div", { class: "ck-unitmap" }, filter ? filter.element : null, press) };
    });
  });
  const windows = h("div", { class: "ck-flow ck-windows" });
  const row = (l) => h("div", { class: `ck-maps ck-maps${l + 1}`, role: "group", "aria-label": `${levels[l].name}: ${levels[l].count} feature maps` }, ...levels[l].maps.map((m) => m.element));
  root.append(
    h(
      "div",
      { class: "ck-flow ck-looks" },
      part("Draw here", pad),
      part("What the network sees", seen.element, h("p", { class: "ck-small" }, "scaled and centred, 28 × 28")),
      h("div", { class: "ck-part ck-grow" }, h("div", { class: "ck-label" }, "What it answers"), h("div", { role: "list", "aria-label": "Probabilities" }, ...bars.map((b) => b.element))),
    ),
    h("div", { class: "ck-bar" }, h("span", { class: "ck-choices ck-noprint" }, button("Clear", clear), undo, example), verdict),
    h("div", { class: "ck-label" }, "Layer 1: eight 5 × 5 filters (above) and their maps, 28 × 28"),
    row(0),
    h("div", { class: "ck-label" }, "Layer 2: sixteen maps, 14 × 14, each made of all eight pooled maps"),
    row(1),
    h("div", { class: "ck-label" }, "How the chosen value was made"),
    windows,
    live,
  );

  const at3 = (x, n, map, r, c) => (r < 0 || c < 0 || r >= n || c >= n ? 0 : x[(map * n + r) * n + c]);
  function explain(colours) {
    const [l, m, r, c] = model.get("unit");
    const { shape, weight, bias } = LAYERS[l];
    const [, C, k] = shape;
    const n = levels[l].n;
    const source = l === 0 ? image : net.half;
    const grid = (f) => Array.from({ length: k }, (_, u) => Array.from({ length: k }, (_, v) => f(u, v)));
    const pairs = Array.from({ length: C }, (_, ch) => {
      const x = grid((u, v) => at3(source, n, ch, r + u - (k >> 1), c + v - (k >> 1)));
      const w = grid((u, v) => weight[((m * C + ch) * k + u) * k + v]);
      return { x, w, sum: x.flat().reduce((a, v, i) => a + v * w.flat()[i], 0) };
    });
    const before = pairs.reduce((a, p) => a + p.sum, bias[m]);
    const value = net[levels[l].key][(m * n + r) * n + c];
    const top = largest(pairs.map((p) => p.w)) || 1;
    const peak = largest(pairs.map((p) => p.x)) || 1;
    if (l === 0) {
      const [x, w] = ["Window", "Weights"].map((name) => matrix(k, k, name));
      x.paint((u, v) => ({ text: fmt(pairs[0].x[u][v], 1), grey: pairs[0].x[u][v] }));
      w.paint((u, v) => ({ text: fmt(pairs[0].w[u][v], 1), signed: pairs[0].w[u][v] / top }));
      windows.replaceChildren(part("window of the image", x.element), h("div", { class: "ck-sign", "aria-hidden": "true" }, "×"), part(`weights of filter ${m + 1}`, w.element));
    } else
      windows.replaceChildren(
        ...pairs.map(({ x, w, sum }, ch) => {
          const [a, b] = [bitmap(`Window of pooled map ${ch + 1}`), bitmap(`Weights for map ${ch + 1}`)];
          a.paint(k, k, (u, v) => colours(x[u][v] / peak));
          b.paint(k, k, (u, v) => colours(w[u][v] / top));
          return part(`map ${ch + 1}`, h("div", { class: "ck-duo" }, a.element, "×", b.element), h("div", { class: "ck-small" }, `= ${fmt(sum)}`));
        }),
      );
    live.textContent = `Layer ${l + 1}, map ${m + 1}, row ${r + 1}, column ${c + 1}: ${C * k * k} products add up to ${fmt(before - bias[m])}; with the bias ${fmt(bias[m])} that is ${fmt(before)}; after ReLU ${fmt(value)}.`;
    const first = l === 0 ? [r - 2, c - 2, 5] : [2 * r - 4, 2 * c - 4, 10];
    const [y0, x0] = [Math.max(0, first[0]), Math.max(0, first[1])];
    seen.frame(y0, x0, Math.min(SIDE, first[0] + first[2]) - y0, Math.min(SIDE, first[1] + first[2]) - x0);
  }
  function paint() {
    const start = performance.now();
    net = forward(image);
    root.dataset.ms = (performance.now() - start).toFixed(2);
    const colours = signedColours();
    const g = pad.getContext("2d");
    g.fillStyle = "#000";
    g.fillRect(0, 0, 280, 280);
    Object.assign(g, { strokeStyle: "#fff", lineWidth: 22, lineCap: "round", lineJoin: "round" });
    for (const s of strokes) {
      g.beginPath();
      s.forEach(([x, y]) => g.lineTo(x * 10, y * 10));
      if (s.length === 1) g.lineTo(s[0][0] * 10 + 0.1, s[0][1] * 10);
      g.stroke();
    }
    if (!strokes.length && image.some((v) => v > 0)) image.forEach((v, p) => { g.fillStyle = `rgba(255,255,255,${v})`; g.fillRect((p % SIDE) * 10, Math.floor(p / SIDE) * 10, 10, 10); });
    if (root.ownerDocument.activeElement === pad) {
      Object.assign(g, { strokeStyle: down ? "#f9a45c" : "#7fbcff", lineWidth: 3 });
      g.beginPath();
      g.arc(pen[0] * 10, pen[1] * 10, 9, 0, 7);
      g.stroke();
    }
    seen.paint(SIDE, SIDE, (r, c) => Array(3).fill(255 * image[r * SIDE + c]));
    const blank = !image.some((v) => v > 0);
    const best = net.probabilities.indexOf(Math.max(...net.probabilities));
    bars.forEach(({ fill, text, element }, d) => {
      const share = 100 * net.probabilities[d];
      fill.style.width = `${share}%`;
      text.textContent = `${share.toFixed(share > 99.9 || share < 0.05 ? 0 : 1)} %`;
      element.classList.toggle("ck-best", d === best && !blank);
    });
    const sure = net.probabilities[best];
    verdict.textContent = blank ? "Nothing drawn yet." : `It reads a ${best}, ${sure > 0.95 ? "and is sure" : sure > 0.6 ? "but is not sure" : "but it is guessing"}.`;
    const [chosenLayer, chosenMap, r, c] = model.get("unit");
    levels.forEach(({ key, n, maps }, l) => {
      const peak = net[key].reduce((a, b) => Math.max(a, b), 1e-9);
      maps.forEach(({ map, press, filter }, m) => {
        map.paint(n, n, (i, j) => colours(net[key][(m * n + i) * n + j] / peak));
        const mine = chosenLayer === l && chosenMap === m;
        press.setAttribute("aria-pressed", String(mine));
        press.setAttribute("aria-label", `Map ${m + 1} of layer ${l + 1}${mine ? `, row ${r + 1}, column ${c + 1} chosen; arrow keys move` : ""}`);
        map.frame(mine ? r : null, c, 1, 1);
        if (filter) {
          const w = LAYERS[0].weight.slice(m * 25, m * 25 + 25);
          const top = largest(w);
          filter.paint(5, 5, (u, v) => colours(w[u * 5 + v] / top));
        }
      });
    });
    explain(colours);
  }
  // A drawing is prepared first; an image from Python is taken as it is.
  const drawn = () => {
    if (own) return;
    strokes = model.get("strokes").map((s) => s.map((p) => p.slice()));
    send(true);
  };
  const given = () => {
    if (own) return;
    strokes = [];
    image = Float64Array.from(model.get("image").flat());
    paint();
    own = true;
    save(model, { strokes: [], ...answer() });
    own = false;
  };
  pad.addEventListener("focus", paint);
  pad.addEventListener("blur", paint);
  const ends = [watch(model, ["strokes"], drawn), watch(model, ["image"], given), watch(model, ["unit"], () => paint()), onTheme(() => paint())];
  if (strokes.length) send(true);
  else given();
  return () => ends.forEach((end) => end());
}
export default { render };
