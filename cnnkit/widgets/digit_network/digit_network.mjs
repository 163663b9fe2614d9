// Draw a digit: a small network answers at once, and every value of it can be looked into.
import {
  ARROWS,
  bitmap,
  button,
  clamp,
  fmt,
  frame,
  gridOf,
  h,
  label,
  largest,
  listen,
  matrix,
  onTheme,
  part,
  pointedAt,
  save,
  sign,
  signedColours,
  text,
  total,
  watch,
} from "../base.mjs";
import {
  answerBars,
  copyOf,
  drawingPad,
  handButtons,
  ink,
  paintPad,
  verdictOn,
} from "../drawing.mjs";
import { WEIGHTS } from "./weights.mjs";

const SIDE = 28;

/** The weights as numbers: `{shape, weight, bias}` for the two convolutions and the dense layer. */
export function parameters() {
  return WEIGHTS.map(({ shape, scale, bias, packed }) => {
    const bytes = atob(packed);
    const each = bytes.length / shape[0];
    const weight = Array.from(
      bytes,
      (c, i) => ((c.charCodeAt(0) << 24) >> 24) * scale[Math.floor(i / each)],
    );
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
    for (let c = 0; c < C; c++) {
      for (let u = 0; u < k; u++) {
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
    }
  }
  return y;
}

/** ReLU of every value. */
export const relu = (x) => x.map((v) => Math.max(v, 0));

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
  const logits = dense.bias.map((b, k) =>
    flat.reduce((sum, v, i) => sum + v * dense.weight[k * flat.length + i], b),
  );
  const top = Math.max(...logits);
  const e = logits.map((z) => Math.exp(z - top));
  const sum = total(e);
  return { one, half, two, flat, logits, probabilities: e.map((v) => v / sum) };
}

/** Logits alone, for a list of images. */
export const answers = (images) => images.map((image) => forward(image).logits);

/** What the network gets to see: the drawing scaled to 20 pixels and centred, as MNIST's were. */
export function prepare(strokes) {
  const points = strokes.flat();
  if (!points.length) return new Float64Array(SIDE * SIDE);
  const span = (k) => [Math.min(...points.map((p) => p[k])), Math.max(...points.map((p) => p[k]))];
  const [[left, right], [top, bottom]] = [span(0), span(1)];
  const scale = 17.6 / Math.max(right - left, bottom - top, 5);
  const [cx, cy] = [(left + right) / 2, (top + bottom) / 2];
  const drawnAt = (dx, dy) => {
    const move = ([x, y]) => [(x - cx) * scale + dx, (y - cy) * scale + dy];
    return ink(strokes.map((stroke) => stroke.map(move)));
  };
  let [mass, mx, my] = [0, 0, 0];
  for (const [p, v] of drawnAt(14, 14).entries()) {
    mass += v;
    mx += v * ((p % SIDE) + 0.5);
    my += v * (Math.floor(p / SIDE) + 0.5);
  }
  return drawnAt(28 - mx / mass, 28 - my / mass).map((v) => Math.round(v * 1e4) / 1e4);
}

const strongest = (values) => values.indexOf(Math.max(...values));

/** What the network makes of each list of strokes. */
export const readDigits = (drawings) =>
  drawings.map((strokes) => {
    const { logits } = forward(prepare(strokes));
    return strongest(logits);
  });

// The two convolutions: their values after ReLU in what `forward` gives, how many maps, their side.
const LEVELS = [
  { key: "one", count: 8, n: SIDE },
  { key: "two", count: 16, n: SIDE / 2 },
];
const isBlank = (image) => !image.some((v) => v > 0);

/** An image that came from Python, without strokes. */
function paintPixels(g, image) {
  for (const [p, v] of image.entries()) {
    g.fillStyle = `rgba(255,255,255,${v})`;
    g.fillRect((p % SIDE) * 10, Math.floor(p / SIDE) * 10, 10, 10);
  }
}

/** One feature map as a button: a click or the arrow keys choose the value to explain. */
function featureMap(model, l, m) {
  const { n } = LEVELS[l];
  const map = bitmap("", {});
  for (const name of ["role", "aria-label"]) map.canvas.removeAttribute(name);
  map.canvas.setAttribute("aria-hidden", "true");
  const press = button("", null, { class: "ck-map" });
  press.append(map.element);
  const choose = (r, c) => save(model, { unit: [l, m, clamp(r, 0, n - 1), clamp(c, 0, n - 1)] });
  const isChosen = ([layer, chosen]) => layer === l && chosen === m;
  const click = (e) => {
    const [layer, , r, c] = model.get("unit");
    if (e.detail) choose(...pointedAt(e, map.canvas, n, n));
    else if (isChosen(model.get("unit")))
      return; // Enter on the chosen map
    else if (layer === l) choose(r, c);
    else choose(n >> 1, n >> 1);
  };
  const keydown = (e) => {
    if (!ARROWS[e.key]) return;
    const unit = model.get("unit");
    const [r, c] = isChosen(unit) ? unit.slice(2) : [n >> 1, n >> 1];
    choose(r + ARROWS[e.key][0], c + ARROWS[e.key][1]);
    e.preventDefault();
  };
  listen(press, { click, keydown });
  const paint = (net, unit, colours) => {
    const values = net[LEVELS[l].key];
    const peak = values.reduce((a, b) => Math.max(a, b), 1e-9);
    map.paint(n, n, (i, j) => colours(values[(m * n + i) * n + j] / peak));
    const [r, c] = isChosen(unit) ? unit.slice(2) : [null, null];
    const where = r === null ? "" : `, row ${r + 1}, column ${c + 1} chosen; arrow keys move`;
    press.setAttribute("aria-pressed", String(r !== null));
    press.setAttribute("aria-label", `Map ${m + 1} of layer ${l + 1}${where}`);
    map.frame(r, c, 1, 1);
  };
  return { element: press, paint };
}

/** The feature maps of a layer; above each map of the first, its filter. */
function mapRow(model, l) {
  const { count } = LEVELS[l];
  const maps = Array.from({ length: count }, (_, m) => featureMap(model, l, m));
  const filters = l === 0 ? maps.map((_, m) => bitmap(`Filter ${m + 1}, 5 by 5 weights`)) : [];
  const units = maps.map((map, m) =>
    h("div", { class: "ck-unitmap" }, filters[m]?.element, map.element),
  );
  const name = `Layer ${l + 1}: ${count} feature maps`;
  const group = { class: `ck-maps ck-maps${l + 1}`, role: "group", "aria-label": name };
  const paint = (net, unit, colours) => {
    for (const map of maps) map.paint(net, unit, colours);
    for (const [m, filter] of filters.entries()) {
      const w = LAYERS[0].weight.slice(m * 25, m * 25 + 25);
      const top = largest(w);
      filter.paint(5, 5, (u, v) => colours(w[u * 5 + v] / top));
    }
  };
  return { element: h("div", group, ...units), paint };
}

/** What makes the chosen value: of each input map a window x, its weights w, and their sum. */
function factorsOf(image, net, [l, m, r, c]) {
  const { shape, weight } = LAYERS[l];
  const [, C, k] = shape;
  const { n } = LEVELS[l];
  const source = l === 0 ? image : net.half;
  const at = (map, i, j) =>
    Math.min(i, j) < 0 || Math.max(i, j) >= n ? 0 : source[(map * n + i) * n + j];
  return Array.from({ length: C }, (_, map) => {
    const x = gridOf(k, k, (u, v) => at(map, r + u - (k >> 1), c + v - (k >> 1)));
    const w = gridOf(k, k, (u, v) => weight[((m * C + map) * k + u) * k + v]);
    const weights = w.flat();
    return { x, w, sum: total(x.flat().map((v, i) => v * weights[i])) };
  });
}

/** One window and its filter, as numbers. */
function numberWindows([{ x, w }], m) {
  const k = x.length;
  const [pixels, weights] = [matrix(k, k, "Window"), matrix(k, k, "Weights")];
  const top = largest(w) || 1;
  pixels.paint((u, v) => ({ text: fmt(x[u][v], 1), grey: x[u][v] }));
  weights.paint((u, v) => ({ text: fmt(w[u][v], 1), signed: w[u][v] / top }));
  return [
    part("window of the image", pixels.element),
    sign("×"),
    part(`weights of filter ${m + 1}`, weights.element),
  ];
}

/** A window and a kernel for each input map, as pictures. */
function pictureWindows(factors, colours) {
  const top = largest(factors.map((f) => f.w)) || 1;
  const peak = largest(factors.map((f) => f.x)) || 1;
  return factors.map(({ x, w, sum }, map) => {
    const [seen, weights] = [
      bitmap(`Window of pooled map ${map + 1}`),
      bitmap(`Weights for map ${map + 1}`),
    ];
    seen.paint(x.length, x.length, (u, v) => colours(x[u][v] / peak));
    weights.paint(w.length, w.length, (u, v) => colours(w[u][v] / top));
    const pair = h("div", { class: "ck-duo" }, seen.element, "×", weights.element);
    return part(`map ${map + 1}`, pair, h("div", { class: "ck-small" }, `= ${fmt(sum)}`));
  });
}

/** How the chosen value was made, in words. */
function sentence(net, [l, m, r, c], factors) {
  const { shape, bias } = LAYERS[l];
  const [, C, k] = shape;
  const { key, n } = LEVELS[l];
  const before = factors.reduce((sum, f) => sum + f.sum, bias[m]);
  const value = net[key][(m * n + r) * n + c];
  const place = `Layer ${l + 1}, map ${m + 1}, row ${r + 1}, column ${c + 1}`;
  return text(
    `${place}: ${C * k * k} products add up to ${fmt(before - bias[m])};`,
    `with the bias ${fmt(bias[m])} that is ${fmt(before)}; after ReLU ${fmt(value)}.`,
  );
}

/** The drawing as the network sees it, with a frame around what the chosen value has seen of it. */
function paintSeen(seen, image, [l, , r, c]) {
  seen.paint(SIDE, SIDE, (i, j) => Array(3).fill(255 * image[i * SIDE + j]));
  const [top, left, size] = l === 0 ? [r - 2, c - 2, 5] : [2 * r - 4, 2 * c - 4, 10];
  const [y, x] = [Math.max(0, top), Math.max(0, left)];
  seen.frame(y, x, Math.min(SIDE, top + size) - y, Math.min(SIDE, left + size) - x);
}

/** Everything that shows the network at work on an image: elements, and `paint({ image, net })`. */
function display(model, live) {
  const seen = bitmap("What the network sees");
  const bars = answerBars();
  const verdict = h("p", { class: "ck-reading" });
  const rows = LEVELS.map((_, l) => mapRow(model, l));
  const windows = h("div", { class: "ck-flow ck-windows" });
  const paint = ({ image, net }) => {
    const [unit, colours] = [model.get("unit"), signedColours()];
    const best = isBlank(image) ? null : strongest(net.probabilities);
    bars.paint(net.probabilities, best);
    verdict.textContent = verdictOn(net.probabilities, best);
    for (const row of rows) row.paint(net, unit, colours);
    const factors = factorsOf(image, net, unit);
    const made = unit[0] === 0 ? numberWindows(factors, unit[1]) : pictureWindows(factors, colours);
    windows.replaceChildren(...made);
    paintSeen(seen, image, unit);
    live.textContent = sentence(net, unit, factors);
  };
  return { seen, bars, verdict, rows, windows, paint };
}

/** The drawing, what the network sees of it, and what it answers. */
function looks(pad, { seen, bars }) {
  const note = h("p", { class: "ck-small" }, "scaled and centred, 28 × 28");
  return h(
    "div",
    { class: "ck-flow ck-looks" },
    part("Draw here", pad),
    part("What the network sees", seen.element, note),
    h("div", { class: "ck-part ck-grow" }, label("What it answers"), bars.element),
  );
}

/** The drawing hand, and what it has drawn as the network sees it: `image` and `net`. */
function newHand(model, root, paint) {
  const hand = { strokes: copyOf(model.get("strokes")), pen: [14, 14], down: false, own: false };
  hand.look = (image) => {
    const start = performance.now();
    Object.assign(hand, { image, net: forward(image) });
    root.dataset.ms = (performance.now() - start).toFixed(2);
  };
  hand.keep = (values) => {
    hand.own = true; // this change comes from the hand itself
    const probabilities = hand.net.probabilities.slice();
    save(model, { ...values, probabilities, prediction: strongest(probabilities) });
    hand.own = false;
  };
  hand.moved = paint;
  hand.backdrop = (g) => {
    if (!hand.strokes.length) paintPixels(g, hand.image);
  };
  hand.drawing = () => {
    hand.look(prepare(hand.strokes));
    paint();
  };
  hand.changed = () => {
    hand.look(prepare(hand.strokes));
    const image = gridOf(SIDE, SIDE, (r, c) => hand.image[r * SIDE + c]);
    hand.keep({ image, strokes: hand.strokes.map((stroke) => stroke.slice()) });
    paint();
  };
  hand.draw = (strokes, down = false) => {
    Object.assign(hand, { strokes, down });
    hand.changed();
  };
  return hand;
}

function render({ model, el }) {
  const { root, live } = frame(
    el,
    "digit_network",
    "A network at work",
    text(
      "Draw a digit with mouse, finger or keys.",
      "Then point into any map: you see the window and the weights that made the value.",
    ),
  );
  const paint = () => {
    paintPad(pad, hand);
    shown.paint(hand);
  };
  const hand = newHand(model, root, paint);
  const pad = drawingPad(hand);
  const shown = display(model, live);
  const { rows } = shown;
  root.append(
    looks(pad, shown),
    h("div", { class: "ck-bar" }, handButtons(hand), shown.verdict),
    label("Layer 1: eight 5 × 5 filters (above) and their maps, 28 × 28"),
    rows[0].element,
    label("Layer 2: sixteen maps, 14 × 14, each made of all eight pooled maps"),
    rows[1].element,
    label("How the chosen value was made"),
    shown.windows,
    live,
  );
  // A drawing is prepared first; an image from Python is taken as it is.
  const drawn = () => {
    if (!hand.own) hand.draw(copyOf(model.get("strokes")), hand.down);
  };
  const given = () => {
    if (hand.own) return;
    hand.strokes = [];
    hand.look(Float64Array.from(model.get("image").flat()));
    paint();
    hand.keep({ strokes: [] });
  };
  const ends = [
    watch(model, ["strokes"], drawn),
    watch(model, ["image"], given),
    watch(model, ["unit"], paint),
    onTheme(paint),
  ];
  if (hand.strokes.length) hand.changed();
  else given();
  return () => {
    for (const end of ends) end();
  };
}
export default { render };
