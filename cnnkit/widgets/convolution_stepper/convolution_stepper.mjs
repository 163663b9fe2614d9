// Convolution, one window at a time: nine products, their sum, one value of the output.
import {
  bitmap,
  button,
  choice,
  clamp,
  conv2d,
  copy,
  fmt,
  frame,
  h,
  keyed,
  label,
  largest,
  matrix,
  numberBox,
  numberGrid,
  onTheme,
  part,
  player,
  positionOf,
  productsAt,
  save,
  select,
  signedColours,
  slider,
  tools,
  total,
  watch,
} from "../base.mjs";

export const PRESETS = {
  "X detector": [
    [1, 0, 1],
    [0, 1, 0],
    [1, 0, 1],
  ],
  "vertical edges": [
    [-1, 0, 1],
    [-2, 0, 2],
    [-1, 0, 1],
  ],
  "horizontal edges": [
    [-1, -2, -1],
    [0, 0, 0],
    [1, 2, 1],
  ],
  "diagonal /": [
    [-1, -1, 2],
    [-1, 2, -1],
    [2, -1, -1],
  ],
  "diagonal \\": [
    [2, -1, -1],
    [-1, 2, -1],
    [-1, -1, 2],
  ],
  blur: [
    [1, 1, 1],
    [1, 1, 1],
    [1, 1, 1],
  ].map((row) => row.map((v) => v / 9)),
  sharpen: [
    [0, -1, 0],
    [-1, 5, -1],
    [0, -1, 0],
  ],
  identity: [
    [0, 0, 0],
    [0, 1, 0],
    [0, 0, 0],
  ],
};
const near = (a, b) => {
  const alike = a.length === b.length && a[0].length === b[0].length;
  return alike && a.flat().every((v, i) => Math.abs(v - b.flat()[i]) < 1e-6);
};
const SMALL = 8; // up to so many columns each value is written out
const COLOURS = ["red", "green", "blue"];

/** The traits, their sizes, and what is chosen: filter k, channel, step, and its window at (i, j). */
function read(model) {
  const [x, w, b] = [model.get("image"), model.get("weight"), model.get("bias")];
  const [C, H, W] = [x.length, x[0].length, x[0][0].length];
  const [K, kh, kw] = [w.length, w[0][0].length, w[0][0][0].length];
  const [oh, ow] = [H - kh + 1, W - kw + 1];
  const k = clamp(model.get("filter"), 0, K - 1);
  const channel = clamp(model.get("channel"), 0, C - 1);
  const step = clamp(model.get("step"), 0, oh * ow - 1);
  const [i, j] = positionOf(step, ow);
  return { x, w, b, C, H, W, K, kh, kw, oh, ow, k, channel, step, i, j };
}

const setFilter = (model, filter) => {
  const chosen = model.get("filter");
  save(model, { weight: model.get("weight").map((f, k) => (k === chosen ? filter : f)) });
};

/** Images to choose from, if there are any. */
function imageChoice(model, stop) {
  const inputs = model.get("inputs") ?? {};
  const names = Object.keys(inputs);
  const use = (name) => {
    stop();
    const x = inputs[name];
    const weight = model.get("weight").map((f) => x.map((_, c) => copy(f[c % f.length])));
    // A large output is shown whole at first; a small one fills under the reader's eyes.
    const [kh, kw] = [weight[0][0].length, weight[0][0][0].length];
    const last = (x[0].length - kh + 1) * (x[0][0].length - kw + 1) - 1;
    save(model, { image: x, weight, step: last >= SMALL * SMALL ? last : 0, channel: 0 });
  };
  const { element, paint } = choice(
    "Image",
    names.map((n) => [n, n]),
    use,
  );
  const same = (x) => names.find((n) => JSON.stringify(inputs[n]) === JSON.stringify(x));
  return { element: names.length ? element : null, paint: (x) => paint(same(x)) };
}

/** The kernels to choose from, and buttons for one filter more or less. */
function filterTools(model) {
  const presets = select("Kernel preset", "own weights", Object.keys(PRESETS), (name) => {
    if (PRESETS[name])
      setFilter(
        model,
        model.get("image").map(() => copy(PRESETS[name])),
      );
  });
  const add = button("Add a filter", () => {
    const [w, kernels] = [model.get("weight"), Object.values(PRESETS)];
    const free = kernels.find((kernel) => !w.some((f) => near(f[0], kernel))) ?? kernels[0];
    const weight = [...w, model.get("image").map(() => copy(free))];
    save(model, { weight, bias: [...model.get("bias"), 0], filter: w.length });
  });
  const remove = button("Remove", () => {
    const k = model.get("filter");
    const others = (list) => list.filter((_, i) => i !== k);
    const [weight, bias] = [others(model.get("weight")), others(model.get("bias"))];
    save(model, { filter: Math.max(0, k - 1), weight, bias });
  });
  const paint = ({ w, k, K }) => {
    presets.paint(Object.keys(PRESETS).find((n) => w[k].every((f) => near(f, PRESETS[n]))));
    add.disabled = K >= 4;
  };
  return { presets, add, remove, paint };
}

/** The image: small ones as numbers, binary ones to be changed, large ones as a picture. */
function inputPart(model, { C, H, W, kh, kw, oh, ow }, goTo) {
  const binary = () =>
    model
      .get("image")
      .flat(2)
      .every((v) => v === 0 || v === 1);
  const toWindow = (r, c) =>
    goTo(clamp(r - (kh >> 1), 0, oh - 1) * ow + clamp(c - (kw >> 1), 0, ow - 1));
  const press = (r, c) => {
    if (!binary()) return toWindow(r, c);
    const image = copy(model.get("image"));
    image[0][r][c] = 1 - image[0][r][c];
    save(model, { image });
  };
  const title = `Input ${C > 1 ? `${C} × ` : ""}${H} × ${W}`;
  if (Math.max(H, W) <= SMALL) {
    const use = binary() ? "Space turns a pixel on or off." : "Space moves the window here.";
    const grid = matrix(H, W, `Input. ${use}`, { pick: press });
    return { element: part(title, grid.element), paint: (now) => paintNumbers(grid, now) };
  }
  const name = `Input image, ${H} by ${W} pixels${C === 3 ? ", in colour" : ""}`;
  const picture = bitmap(name, { pick: toWindow });
  return { element: part(title, picture.element), paint: (now) => paintPicture(picture, now) };
}

/** The value that is shown as white: 1, 16 or 255, whichever the image needs. */
function whiteOf(x) {
  const most = Math.max(...x.flat(2));
  return [1, 16].find((white) => most <= white) ?? 255;
}

function paintNumbers(grid, { x, channel, i, j, kh, kw }) {
  const white = whiteOf(x);
  grid.paint((r, c) => ({
    text: fmt(x[channel][r][c]),
    grey: x[channel][r][c] / white,
    mark: r >= i && r < i + kh && c >= j && c < j + kw,
    say: `row ${r + 1}, column ${c + 1}: ${fmt(x[channel][r][c])}`,
  }));
}

function paintPicture(picture, { x, C, H, W, channel, i, j, kh, kw }) {
  const white = whiteOf(x);
  const shown = C === 3 ? [0, 1, 2] : [channel, channel, channel];
  picture.paint(H, W, (r, c) => shown.map((k) => (255 * x[k][r][c]) / white));
  picture.frame(i, j, kh, kw);
}

/** The chosen filter, and its weights times the pixels below them. */
function kernelPart(model, kernels, { C, K, kh, kw }) {
  const channels = choice(
    "Channel shown",
    COLOURS.map((n, i) => [i, n]),
    (channel) => save(model, { channel }),
  );
  const tabs = choice(
    "Filter",
    Array.from({ length: K }, (_, k) => [k, `filter ${k + 1}`]),
    (filter) => save(model, { filter }),
  );
  const weights = numberGrid(kh, kw, "Weights", (r, c, v) => {
    const filter = copy(model.get("weight")[model.get("filter")]);
    filter[model.get("channel")][r][c] = v;
    setFilter(model, filter);
  });
  const bias = numberBox("Bias", (v) => {
    const chosen = model.get("filter");
    save(model, { bias: model.get("bias").map((b, k) => (k === chosen ? v : b)) });
  });
  const products = matrix(kh, kw, "Products of pixel and weight");
  const sum = h("div", { class: "ck-total" });
  const element = h(
    "div",
    { class: "ck-part ck-kernel" },
    label(C > 1 ? `Weights ${C} × ${kh} × ${kw}` : `Weights ${kh} × ${kw}`),
    h(
      "div",
      { class: "ck-bar ck-noprint" },
      kernels.presets.element,
      kernels.add,
      K > 1 ? kernels.remove : null,
    ),
    h("div", {}, K > 1 ? tabs.element : ""),
    C === 3 ? channels.element : null,
    h(
      "div",
      { class: "ck-pair" },
      h(
        "div",
        {},
        label("kernel"),
        weights.element,
        h("label", { class: "ck-bias" }, "+ bias ", bias.element),
      ),
      h("div", {}, label("pixel × weight"), products.element, sum),
    ),
  );
  const paint = ({ w, b, k, channel }, { window, biased, value }) => {
    weights.paint(w[k][channel]);
    bias.paint(b[k]);
    const top = largest(window.products) || 1;
    const shown = window.products[channel];
    products.paint((u, v) => ({ text: fmt(shown[u][v], 1), signed: shown[u][v] / top }));
    sum.textContent =
      C === 1 ? `sum${biased} = ${fmt(value)}` : `sum = ${fmt(window.sums[channel])}`;
    tabs.paint(k);
    channels.paint(channel);
  };
  return { element, paint };
}

/** The outputs, one of each filter: small ones as numbers, large ones as pictures. */
function outputPart(model, { K, oh, ow }, goTo) {
  const maps = Array.from({ length: K }, (_, k) => {
    const name = `Output${K > 1 ? ` of filter ${k + 1}` : ""}`;
    const pick = (r, c) => {
      if (model.get("filter") !== k) save(model, { filter: k });
      goTo(r * ow + c);
    };
    if (Math.max(oh, ow) > SMALL) return bitmap(`${name}, ${oh} by ${ow} values`, { pick });
    return matrix(oh, ow, `${name}. Arrow keys move the window.`, { pick, move: pick });
  });
  const element = part(
    `Output ${K > 1 ? `${K} × ` : ""}${oh} × ${ow}`,
    h("div", { class: `ck-maps${K > 1 ? " ck-several" : ""}` }, ...maps.map((m) => m.element)),
  );
  const paint = (now, out) => {
    for (const [q, map] of maps.entries()) {
      if (map.home) paintOutput(map, now, q, out[q]);
      else paintOutputPicture(map, now, q, out[q]);
      map.element.classList.toggle("ck-chosen", K > 1 && q === now.k);
    }
  };
  return { element, paint };
}

function paintOutput(map, { k, i, j, step, ow }, q, out) {
  const peak = largest(out) || 1;
  map.paint((r, c) => {
    const known = r * ow + c <= step;
    const text = known ? fmt(out[r][c], 1) : "";
    return {
      text,
      signed: known ? out[r][c] / peak : undefined,
      faint: !known,
      mark: q === k && r === i && c === j,
      say: `row ${r + 1}, column ${c + 1}: ${known ? text : "not computed yet"}`,
    };
  });
  map.home(i, j);
}

function paintOutputPicture(map, { x, w, C, H, W, k, i, j, step, oh, ow }, q, out) {
  // A kernel that adds up to one gives a picture of the same brightness: shown as grey.
  const gain = total(w[q].flat(2)) / C;
  const asPicture = Math.abs(gain - 1) < 1e-6 && Math.max(H, W) > SMALL;
  const [peak, white, colours] = [largest(out) || 1, whiteOf(x), signedColours()];
  const grey = (v) => Array(3).fill((255 * v) / (white * C));
  const colour = (v) => (asPicture ? grey(v) : colours(v / peak));
  map.paint(oh, ow, (r, c) => (r * ow + c > step ? null : colour(out[r][c])));
  map.frame(q === k ? i : null, j, 1, 1);
}

/** The chosen window in words: its products, or the sums of its channels, and the value. */
function sentence({ x, w, C, k, i, j, kh, kw }, { window, biased, value }) {
  const place = `Row ${i + 1}, column ${j + 1} of the output`;
  if (C > 1) {
    const sums = window.sums.map((s, c) => `${COLOURS[c] ?? `channel ${c + 1}`} ${fmt(s)}`);
    return `${place}: ${sums.join(", ")}; added up${biased} that is ${fmt(value)}.`;
  }
  const pairs = w[k][0].flatMap((row, u) => row.map((weight, v) => [x[0][i + u][j + v], weight]));
  const terms = pairs
    .filter(([, weight]) => weight !== 0)
    .map(([p, q]) => `${fmt(p)} × ${q < 0 ? `(${fmt(q)})` : fmt(q)}`);
  if (!terms.length) return `${place}: all weights are zero${biased} = ${fmt(value)}.`;
  const silent = terms.length < kh * kw ? " (weights of zero add nothing)" : "";
  return `${place}: ${terms.join(" + ")}${biased} = ${fmt(value)}${silent}.`;
}

/** Small outputs are played step by step, large ones row by row. */
const paceOf = ({ ow }) => (ow > 8 ? { every: 120, leap: ow } : { every: 700, leap: 1 });

function render({ model, el }) {
  const { root, live } = frame(
    el,
    "convolution_stepper",
    "Convolution, one window at a time",
    "Multiply each pixel by the weight that lies on it and add everything up: one number. Move on, and do it again.",
  );
  const last = () => read(model).oh * read(model).ow - 1;
  const goTo = (step) => save(model, { step: clamp(step, 0, last()) });
  const walk = player(model, root, { last, goTo, pace: () => paceOf(read(model)) });
  const position = slider("Window", { min: 0, max: 1 }, goTo);
  const pictures = imageChoice(model, walk.stop);
  const kernels = filterTools(model);
  const stage = h("div", { class: "ck-flow ck-stage" });
  root.append(tools(pictures.element), tools(...walk.buttons, position.element), stage, live);
  let parts;
  const build = keyed(stage, (now) => {
    parts = [
      inputPart(model, now, goTo),
      kernelPart(model, kernels, now),
      outputPart(model, now, goTo),
    ];
    stage.replaceChildren(...parts.map((p) => p.element));
    stage.classList.toggle("ck-large", now.W > 6);
    position.input.max = now.oh * now.ow - 1;
  });
  const refresh = () => {
    const now = read(model);
    const { x, w, b, C, H, W, K, kh, kw, oh, ow, k, i, j, step } = now;
    if (w[0].length !== C || b.length !== K || oh < 1 || ow < 1) {
      live.textContent = "Waiting: image, weight and bias do not fit together.";
      return;
    }
    build([C, H, W, K, kh, kw].join(), now);
    const out = conv2d(x, w, b);
    const biased = b[k] ? ` ${b[k] < 0 ? "−" : "+"} ${fmt(Math.abs(b[k]))}` : "";
    const found = { window: productsAt(x, w[k], i, j), biased, value: out[k][i][j] };
    const [input, kernel, output] = parts;
    input.paint(now);
    kernel.paint(now, found);
    output.paint(now, out);
    pictures.paint(x);
    kernels.paint(now);
    position.paint(step, `${step + 1} of ${oh * ow}`);
    walk.paint();
    live.textContent = sentence(now, found);
  };
  const end = watch(model, ["image", "weight", "bias", "step", "filter", "channel"], refresh);
  const endTheme = onTheme(refresh);
  refresh();
  return () => {
    walk.stop();
    end();
    endTheme();
  };
}
export default { render };
