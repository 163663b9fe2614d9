// A convolution over several channels: each slice by itself, one sum, a map for each filter.
import {
  bitmap,
  choice,
  clamp,
  conv2d,
  eachCell,
  fmt,
  frame,
  h,
  keyed,
  label,
  largest,
  matrix,
  onTheme,
  part,
  player,
  positionOf,
  productsAt,
  save,
  sign,
  signedColours,
  slider,
  text,
  tools,
  total,
  watch,
  windowOver,
} from "../base.mjs";

/** One number of the output: the products in each channel, their sums, and all of it and the bias. */
export function numberAt(x, filter, bias, i, j) {
  const { products, sums } = productsAt(x, filter, i, j);
  return { products, sums, value: total(sums) + bias };
}

/** The shape of an array of rows of rows, as NumPy would say it. */
export const shapeOf = (array) =>
  Array.isArray(array) ? [array.length, ...shapeOf(array[0])] : [];

const inBrackets = (shape) => `(${shape.join(", ")}${shape.length === 1 ? "," : ""})`;
/** The same, kept on one line. */
const unbroken = (shape) => inBrackets(shape).replaceAll(" ", "\u00a0");
const COLOURS = ["red", "green", "blue"];
const SMALL = 8; // up to so many columns each value is written out
const nameOf = (c, C) => (C === 3 ? COLOURS[c] : `channel ${c + 1}`);

/** A value of one channel as a colour: of its own if there are three, else grey. */
const colourOf = (share, c, C) =>
  Array.from({ length: 3 }, (_, k) => (C !== 3 || k === c ? share : 0));

let known = {}; // the output, which is the same at each place

/** The traits, their shapes, the output, and what is shown: filter k, and its window at (i, j). */
function read(model) {
  const [x, w, b] = [model.get("image"), model.get("weight"), model.get("bias")];
  const [[C, H, W], [K, depth, kh, kw]] = [shapeOf(x), shapeOf(w)];
  const [oh, ow] = [H - kh + 1, W - kw + 1];
  if (depth !== C || b.length !== K || oh < 1 || ow < 1) return null;
  if (known.x !== x || known.w !== w || known.b !== b) known = { x, w, b, out: conv2d(x, w, b) };
  const k = clamp(model.get("filter"), 0, K - 1);
  const step = clamp(model.get("step"), 0, oh * ow - 1);
  const [i, j] = positionOf(step, ow);
  const found = numberAt(x, w[k], b[k], i, j);
  const white = largest(x) || 1;
  const names = w.map((_, f) => model.get("names")[f] ?? "");
  return {
    x,
    w,
    b,
    C,
    H,
    W,
    K,
    kh,
    kw,
    oh,
    ow,
    k,
    step,
    i,
    j,
    ...found,
    white,
    names,
    out: known.out,
  };
}

/** Paint a grid of coloured cells: `look(r, c)` gives what `matrix` shows, and `rgb`, 0 to 1 each. */
function paintColours(grid, look) {
  grid.paint((r, c) => look(r, c));
  eachCell(grid.cells, (cell, r, c) => {
    const levels = look(r, c).rgb.map((v) => Math.round(255 * v));
    cell.style.background = `rgb(${levels})`;
    cell.style.color = brightness(levels) > 0.179 ? "#000" : "#fff";
  });
}

/** Relative luminance (WCAG): above 0.179 black is easier to read on it than white. */
function brightness(levels) {
  const [r, g, b] = levels.map((v) => (v > 10 ? ((v / 255 + 0.055) / 1.055) ** 2.4 : v / 3294.6));
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

/** A grid of numbers with a frame over its window. */
function framed(rows, cols, name, hand) {
  const grid = matrix(rows, cols, name, hand);
  const { mark, frame } = windowOver(() => [rows, cols]);
  return { ...grid, frame, element: h("div", { class: "ck-framed" }, grid.element, mark) };
}

/** All channels together, as an eye sees them; a press moves the window there. */
function wholePicture({ C, H, W, kh, kw, oh, ow }, goTo) {
  const pick = (r, c) =>
    goTo(clamp(r - (kh >> 1), 0, oh - 1) * ow + clamp(c - (kw >> 1), 0, ow - 1));
  const name = "Picture, all channels. Arrow keys move the window.";
  const large = Math.max(H, W) > SMALL;
  const picture = large ? bitmap(name, { pick }) : framed(H, W, name, { pick, move: pick });
  const mix = ({ x, white }, r, c) =>
    C === 3 ? x.map((plane) => plane[r][c] / white) : Array(3).fill(x[0][r][c] / white);
  const paint = (now) => {
    const { x, i, j } = now;
    if (large) {
      picture.paint(H, W, (r, c) => mix(now, r, c).map((v) => 255 * v));
      return picture.frame(i, j, kh, kw);
    }
    picture.frame(i, j, kh, kw);
    paintColours(picture, (r, c) => ({
      rgb: mix(now, r, c),
      say: `row ${r + 1}, column ${c + 1}: ${x.map((p, k) => `${nameOf(k, C)} ${fmt(p[r][c])}`).join(", ")}`,
    }));
    picture.home(i + (kh >> 1), j + (kw >> 1));
  };
  return { element: part(`The picture ${unbroken([C, H, W])}`, picture.element), paint };
}

/** One channel: its slice of the picture, its slice of the filter, their products, and the sum. */
function channelRow({ C, H, W, kh, kw }, c) {
  const name = nameOf(c, C);
  const large = Math.max(H, W) > SMALL;
  const slice = large ? bitmap(`Slice: ${name}`) : framed(H, W, `Slice of the picture: ${name}`);
  const weights = matrix(kh, kw, `Slice of the filter: ${name}`);
  const products = matrix(kh, kw, `Products: ${name}`);
  const sum = h("span", { class: "ck-partial" });
  const element = h(
    "div",
    { class: "ck-channel", role: "group", "aria-label": name, "data-colour": C === 3 ? name : "" },
    h("div", { class: "ck-name" }, name),
    slice.element,
    sign("×"),
    weights.element,
    sign("="),
    products.element,
    sum,
  );
  const paint = (now) => {
    const { x, w, k, i, j, white } = now;
    if (large) {
      slice.paint(H, W, (r, q) => colourOf((255 * x[c][r][q]) / white, c, C));
    } else {
      paintColours(slice, (r, q) => ({
        text: fmt(x[c][r][q], 1),
        rgb: colourOf(x[c][r][q] / white, c, C),
      }));
    }
    slice.frame(i, j, kh, kw);
    const [strongest, most] = [largest(w[k]) || 1, largest(now.products) || 1];
    weights.paint((u, v) => ({ text: fmt(w[k][c][u][v], 1), signed: w[k][c][u][v] / strongest }));
    products.paint((u, v) => {
      const product = now.products[c][u][v];
      return { text: fmt(product, 1), signed: product / most };
    });
    sum.textContent = `sum ${fmt(now.sums[c])}`;
  };
  return { element, paint };
}

/** One number: the sums of all channels and the bias. */
function addition() {
  const element = h("div", { class: "ck-addition" });
  const paint = ({ sums, b, k, C, value }) => {
    const terms = sums.flatMap((s, c) => [
      h("span", { class: "ck-term", "data-colour": C === 3 ? nameOf(c, C) : "" }, signed(s, c)),
      " ",
    ]);
    const sum = h("strong", {}, fmt(value));
    element.replaceChildren(...terms, `${signed(b[k], 1)} (bias) = `, sum);
  };
  return { element, paint };
}

/** A number in a sum: the first as it is, the others with their sign before them. */
function signed(value, place) {
  if (!place) return fmt(value);
  return `${value < 0 ? "−" : "+"} ${fmt(Math.abs(value))}`;
}

/** The maps that come out, one on the other like channels: one for each filter. */
function stack(model, { K, oh, ow }, goTo) {
  const large = Math.max(oh, ow) > SMALL;
  const maps = Array.from({ length: K }, (_, f) => {
    const pick = (r, c) => {
      if (model.get("filter") !== f) save(model, { filter: f });
      goTo(r * ow + c);
    };
    const name = `Map of filter ${f + 1}`;
    const map = large
      ? bitmap(`${name}, ${oh} by ${ow}`, { pick })
      : matrix(oh, ow, `${name}. Arrow keys move the window.`, { pick, move: pick });
    const caption = h("div", { class: "ck-caption" });
    return { ...map, caption, holder: h("div", { class: "ck-map" }, caption, map.element) };
  });
  const element = part(
    `What comes out ${unbroken([K, oh, ow])}`,
    h("div", { class: "ck-maps" }, ...maps.map((map) => map.holder)),
  );
  const paint = (now) => {
    const colours = signedColours();
    for (const [f, map] of maps.entries()) {
      const name = h("span", large ? { class: "ck-more" } : {}, ` ${now.names[f]}`);
      map.caption.replaceChildren(K > 1 ? String(f + 1) : "", name);
      map.holder.classList.toggle("ck-chosen", K > 1 && f === now.k);
      if (large) paintLarge(map, now, f, colours);
      else paintSmall(map, now, f);
    }
  };
  return { element, paint };
}

function paintLarge(map, { out, oh, ow, k, i, j }, f, colours) {
  const peak = largest(out[f]) || 1;
  map.paint(oh, ow, (r, c) => colours(out[f][r][c] / peak));
  map.frame(f === k ? i : null, j, 1, 1);
}

function paintSmall(map, { out, k, i, j }, f) {
  const peak = largest(out[f]) || 1;
  map.paint((r, c) => {
    const text = fmt(out[f][r][c], 1);
    const mark = f === k && r === i && c === j;
    const say = `row ${r + 1}, column ${c + 1}: ${text}`;
    return { text, signed: out[f][r][c] / peak, mark, say };
  });
  map.home(i, j);
}

/** Which shapes meet, and how many numbers the layer holds. */
function shapesLine({ x, w, b, out, K, C, kh, kw }) {
  const shape = (name, array, axes) =>
    h(
      "span",
      { class: "ck-shape" },
      `${name} `,
      h("code", {}, inBrackets(shapeOf(array))),
      ` ${axes}`,
    );
  const weights = K * C * kh * kw;
  return [
    shape("input", x, "(C, H, W)"),
    shape("weight", w, "(out, in, kh, kw)"),
    shape("bias", b, "(out,)"),
    shape("output", out, "(out, H, W)"),
    h("span", { class: "ck-shape" }, `${weights} weights, ${K} bias${K > 1 ? "es" : ""}`),
  ];
}

/** The chosen number in words. */
function sentence({ C, K, k, i, j, kh, kw, sums, b, value, names }) {
  const named = names[k] ? ` (${names[k]})` : "";
  const each = sums.map((s, c) => `${nameOf(c, C)} ${fmt(s)}`).join(", ");
  return text(
    `Filter ${k + 1}${named} at row ${i + 1}, column ${j + 1}:`,
    `${C} × ${kh} × ${kw} = ${C * kh * kw} products. Each channel adds up its own: ${each}.`,
    `All together, with the bias ${fmt(b[k])}, that is one number: ${fmt(value)}.`,
    K > 1 ? `${K} filters, so ${K} numbers at each place, and ${K} maps.` : "",
  );
}

/** The parts that are made anew when a shape changes. */
function partsOf(model, now, goTo) {
  const rows = Array.from({ length: now.C }, (_, c) => channelRow(now, c));
  const sum = addition();
  const filterName = label("");
  const filters = choice(
    "Filter shown",
    Array.from({ length: now.K }, (_, f) => [f, String(f + 1)]),
    (filter) => save(model, { filter }),
  );
  const middle = h(
    "div",
    { class: "ck-part ck-channels" },
    filterName,
    now.K > 1 ? filters.element : null,
    ...rows.map((row) => row.element),
    sum.element,
  );
  const [picture, maps] = [wholePicture(now, goTo), stack(model, now, goTo)];
  const paint = (later) => {
    const { C, kh, kw, k, K } = later;
    const which = K > 1 ? `Filter ${k + 1} of ${K}` : "One filter";
    filterName.textContent = `${which} ${unbroken([C, kh, kw])}: as deep as the picture`;
    filters.paint(k);
    for (const piece of [picture, ...rows, sum, maps]) piece.paint(later);
  };
  return { elements: [picture.element, middle, maps.element], paint };
}

/** A choice among the examples, where there are any. */
function exampleChoice(model, stop) {
  const examples = model.get("examples") ?? {};
  const names = Object.keys(examples);
  const offers = choice(
    "Example",
    names.map((name) => [name, name]),
    (example) => {
      stop();
      save(model, { ...examples[example], example });
    },
  );
  return { element: names.length ? tools(offers.element) : "", paint: offers.paint };
}

function render({ model, el }) {
  const { root, live } = frame(
    el,
    "multi_channel",
    "All channels, one sum",
    text(
      "A filter has a slice for each channel. Multiply in each of them, add everything up: one number.",
      "Then the window moves on.",
    ),
  );
  const last = () => {
    const { oh, ow } = read(model) ?? { oh: 1, ow: 1 };
    return oh * ow - 1;
  };
  const goTo = (step) => save(model, { step: clamp(step, 0, last()) });
  const pace = () => (last() > SMALL * SMALL ? { every: 250, leap: 7 } : { every: 900, leap: 1 });
  const walk = player(model, root, { last, goTo, pace });
  const position = slider("Place", { min: 0, max: 1 }, goTo);
  const offers = exampleChoice(model, walk.stop);
  const stage = h("div", { class: "ck-flow ck-stage" });
  const shapes = h("p", { class: "ck-shapes" });
  root.append(offers.element, tools(...walk.buttons, position.element), stage, shapes, live);
  let parts;
  const build = keyed(stage, (now) => {
    parts = partsOf(model, now, goTo);
    stage.replaceChildren(...parts.elements);
    stage.classList.toggle("ck-large", now.W > SMALL);
    position.input.max = now.oh * now.ow - 1;
  });
  const refresh = () => {
    const now = read(model);
    if (!now) {
      live.textContent = "Waiting: image, weight and bias do not fit together.";
      return;
    }
    build([now.C, now.H, now.W, now.K, now.kh, now.kw].join(), now);
    parts.paint(now);
    offers.paint(model.get("example"));
    position.paint(now.step, `${now.step + 1} of ${now.oh * now.ow}`);
    walk.paint();
    shapes.replaceChildren(...shapesLine(now));
    live.textContent = sentence(now);
  };
  const end = watch(model, ["image", "weight", "bias", "names", "step", "filter"], refresh);
  const endTheme = onTheme(refresh);
  refresh();
  return () => {
    walk.stop();
    end();
    endTheme();
  };
}
export default { render };
