// What the widgets share: elements, numbers as text, a keyboard grid, and the arithmetic.
// Each widget imports it; `cnnkit.widgets` joins the two files into the one module that runs.
// A build without a browser draws each first state too: nothing here may need a size on the screen.

// Each widget on a page has its own copy of this counter, hence the random part.
const family = `ck${Math.random().toString(36).slice(2, 8)}`;
let serial = 0;
export const uid = () => `${family}-${++serial}`;

/** An element: `class`, `on` (listeners), `style` (an object), properties, else attributes. */
export function h(tag, props = {}, ...kids) {
  const e = document.createElement(tag);
  for (const [key, value] of Object.entries(props)) {
    if (value === undefined || value === null) continue;
    if (key === "class") e.className = value;
    else if (key === "on") listen(e, value);
    else if (key === "style") for (const [p, v] of Object.entries(value)) e.style.setProperty(p, v);
    else if (key in e && key !== "role" && key !== "list") e[key] = value;
    else e.setAttribute(key, value);
  }
  e.append(...kids.filter((kid) => kid !== null && kid !== undefined));
  return e;
}

/** Add listeners: `{ click: f, keydown: g }`. */
export function listen(e, listeners) {
  for (const [type, f] of Object.entries(listeners)) e.addEventListener(type, f);
}

/** An element of a drawing, with its attributes. */
export function svg(tag, attributes = {}, ...kids) {
  const e = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [key, value] of Object.entries(attributes)) e.setAttribute(key, value);
  e.append(...kids);
  return e;
}

/** A number as a person reads it: at most `digits` decimals, a true minus sign. */
export function fmt(value, digits = 2) {
  const rounded = +Number(value).toFixed(digits);
  return String(rounded === 0 ? 0 : rounded).replace("-", "−");
}

/** Sentences, one after the other; what is missing or empty is left out. */
export const text = (...sentences) => sentences.filter(Boolean).join(" ");

export const copy = (x) => (Array.isArray(x) ? x.map(copy) : x);
export const clamp = (v, low, high) => Math.max(low, Math.min(high, v));
export const largest = (x) => x.flat(9).reduce((m, v) => Math.max(m, Math.abs(v)), 0);

/** The frame of a widget: a named group with title, body and a live region. */
export function frame(el, name, title, hint) {
  const id = uid();
  const live = h("p", { class: "ck-live", role: "status" });
  const root = h(
    "div",
    { class: `ckw ckw-${name}`, role: "group", "aria-labelledby": `${id}-t` },
    h("div", { class: "ck-title", id: `${id}-t` }, title),
  );
  if (hint) root.append(h("p", { class: "ck-hint" }, hint));
  // JupyterLab's shortcuts (arrows, Enter, letters) must not fire while someone works in here.
  root.addEventListener("keydown", (e) => {
    if (!e.ctrlKey && !e.metaKey && !e.altKey) e.stopPropagation();
  });
  el.append(root);
  return { root, live, id };
}

// models in the middle of `save`, and what waits to be painted
const held = new Map();

/** Call `paint` whenever one of these traits changes; gives the function that ends it. */
export function watch(model, names, paint) {
  const react = () => (held.has(model) ? held.get(model).add(paint) : paint());
  for (const name of names) model.on(`change:${name}`, react);
  return () => {
    for (const name of names) model.off(`change:${name}`, react);
  };
}

/** Set traits together (painted once, when all are set) and send them to Python. */
export function save(model, values) {
  const waiting = new Set();
  held.set(model, waiting);
  for (const [key, value] of Object.entries(values)) model.set(key, value);
  held.delete(model);
  for (const paint of waiting) paint();
  model.save_changes();
}

/**
 * Build part of a widget anew whenever the key is another: `build(...given)`. Who was in `stage`
 * with the keyboard stays there.
 */
export function keyed(stage, build) {
  let built;
  return (key, ...given) => {
    if (key === built) return;
    built = key;
    const focused = stage.contains(document.activeElement) ? document.activeElement : null;
    build(...given);
    const kept = stage.contains(focused)
      ? focused
      : stage.querySelector("[tabindex='0'], input, button");
    if (focused) kept?.focus();
  };
}

/** Whether motion is unwelcome here. */
export const reduced = () => matchMedia("(prefers-reduced-motion: reduce)").matches;

/**
 * Buttons that walk through the trait `step`: Back, Next, and Play, which walks alone, or jumps to
 * the end where motion is unwelcome. `last()` is the last step, `goTo(step)` goes to one, and
 * `pace()` gives `{ every: milliseconds, leap: steps }`.
 */
export function player(model, root, { last, goTo, pace }) {
  let timer = 0;
  const at = () => model.get("step");
  const stop = () => {
    clearInterval(timer);
    timer = 0;
    play.textContent = "Play";
  };
  const walk = () => {
    const { every, leap } = pace();
    play.textContent = "Pause";
    timer = setInterval(() => {
      if (!root.isConnected || at() >= last()) stop();
      else goTo(at() + leap);
    }, every);
  };
  const play = button("Play", () => {
    if (timer) return stop();
    const over = at() >= last();
    if (reduced()) return goTo(over ? 0 : last());
    if (over) goTo(0);
    walk();
  });
  const back = button("Back", () => goTo(at() - 1));
  const next = button("Next", () => goTo(at() + 1));
  const paint = (idle = false) => {
    const end = last();
    back.disabled = Math.min(at(), end) <= 0;
    next.disabled = at() >= end;
    play.disabled = idle;
  };
  return { buttons: [back, next, play], paint, stop };
}

/** The name of a part of a widget. */
export const label = (text) => h("div", { class: "ck-label" }, text);

/** A labelled box around part of a widget. */
export const part = (name, ...kids) => h("div", { class: "ck-part" }, label(name), ...kids);

/** Parts side by side, as many as there is room for. */
export const flow = (...kids) => h("div", { class: "ck-flow" }, ...kids);

/** A row of buttons and sliders, which paper does not need. */
export const tools = (...kids) => h("div", { class: "ck-bar ck-noprint" }, ...kids);

/** A sign between two parts, such as × or =. */
export const sign = (text) => h("div", { class: "ck-sign", "aria-hidden": "true" }, text);

export const button = (text, press, props = {}) =>
  h("button", { type: "button", class: "ck-button", on: { click: press }, ...props }, text);

/**
 * A row of buttons of which one is pressed: [value, text, more], where a narrow page shows the text
 * alone. `paint(value)` shows the choice.
 */
export function choice(label, options, pick) {
  const buttons = options.map(([value, text, more]) => {
    const b = button(text, () => pick(value), { class: "ck-button ck-choice" });
    if (more) b.append(h("span", { class: "ck-more" }, ` ${more}`));
    return b;
  });
  const element = h("div", { class: "ck-choices", role: "group", "aria-label": label }, ...buttons);
  const paint = (value) => {
    for (const [i, [v]] of options.entries()) {
      buttons[i].setAttribute("aria-pressed", String(v === value));
    }
  };
  return { element, paint };
}

/** A list to choose a name from; `paint(name)` shows the choice, or `none` where it has no name. */
export function select(label, none, names, pick) {
  const options = ["", ...names].map((value) => h("option", { value }, value || none));
  const element = h("select", { "aria-label": label }, ...options);
  element.addEventListener("change", () => pick(element.value));
  const paint = (name = "") => {
    for (const option of options) option.selected = option.value === name;
  };
  return { element, paint };
}

/** A slider with its name and value in sight. `paint(value, text)` sets both. */
export function slider(label, { min, max, step = 1 }, slide) {
  const id = uid();
  const output = h("output", { class: "ck-value", htmlFor: id });
  const input = h("input", { type: "range", id, min, max, step });
  input.addEventListener("input", () => slide(+input.value));
  const element = h(
    "div",
    { class: "ck-slider" },
    h("label", { htmlFor: id }, label),
    input,
    output,
  );
  const paint = (value, text = fmt(value)) => {
    input.value = value;
    input.setAttribute("aria-valuetext", text);
    output.textContent = text;
  };
  return { element, input, paint };
}

/** A box for one number; text that is no number is ignored until it is one. */
export function numberBox(label, change, props = {}) {
  const input = h("input", {
    type: "number",
    step: "any",
    class: "ck-number",
    "aria-label": label,
    ...props,
  });
  input.addEventListener("input", () => {
    if (input.value !== "" && Number.isFinite(+input.value)) change(+input.value);
  });
  let kept = "";
  input.addEventListener("blur", () => {
    if (input.value === "") input.value = kept;
  });
  const paint = (value) => {
    kept = +value.toFixed(3);
    const busy = input.getRootNode().activeElement === input;
    if (!busy || +input.value !== value) input.value = +value.toFixed(3);
  };
  return { element: input, paint };
}

/** A grid of number boxes, e.g. a kernel. */
export function numberGrid(rows, cols, name, change) {
  const boxes = Array.from({ length: rows }, (_, r) =>
    Array.from({ length: cols }, (_, c) =>
      numberBox(`${name}, row ${r + 1}, column ${c + 1}`, (v) => change(r, c, v)),
    ),
  );
  const element = h(
    "div",
    { class: "ck-numbers", role: "group", "aria-label": name, style: { "--cols": cols } },
    ...boxes.flat().map((b) => b.element),
  );
  const paint = (values) => {
    const top = largest(values) || 1;
    for (const [r, row] of values.entries()) {
      for (const [c, v] of row.entries()) {
        boxes[r][c].paint(v);
        tint(boxes[r][c].element, { signed: v / top });
      }
    }
  };
  return { element, paint };
}

// Where black text on a cell stops being readable and white begins (contrast 4.5), for a share t
// of full colour, on the light page and on the dark one.
const TURN = { 1: [0.805, 0.56], "-1": [0.813, 0.565] };

/** Colour a cell: `{grey: 0..1}` is a pixel, `{signed: -1..1}` is blue above zero, orange below. */
export function tint(cell, { grey, signed }) {
  delete cell.dataset.level;
  cell.style.background = cell.style.color = "";
  if (grey !== undefined) {
    const g = Math.round(255 * clamp(grey, 0, 1));
    cell.style.background = `rgb(${g},${g},${g})`;
    cell.style.color = g > 117 ? "#000" : "#fff";
  } else if (signed !== undefined) {
    const share = Math.min(1, Math.abs(signed));
    const colour = `var(--ck-${signed < 0 ? "neg" : "pos"}) ${(100 * share).toFixed(1)}%`;
    cell.style.background = `color-mix(in srgb, ${colour}, var(--ck-zero))`;
    cell.dataset.level = TURN[signed < 0 ? -1 : 1].filter((turn) => share >= turn).length;
  }
}

/**
 * A grid of cells. With `pick` (or `key`) it is a keyboard grid: one tab stop, arrows, Home and End
 * move, Space or Enter picks; else it is a table to read. `drag` picks while the pointer moves.
 * `paint((r, c) => ({ text, say, grey, signed, mark, faint, edge }))` shows values.
 */
export function matrix(rows, cols, label, { pick, move, key, drag = false } = {}) {
  const active = Boolean(pick || move || key);
  const cell = () =>
    h("div", {
      class: "ck-cell",
      role: active ? "gridcell" : "cell",
      tabIndex: active ? -1 : null,
    });
  const cells = Array.from({ length: rows }, () => Array.from({ length: cols }, cell));
  const element = h(
    "div",
    {
      class: `ck-matrix${active ? " ck-active" : ""}`,
      role: active ? "grid" : "table",
      "aria-label": label,
      style: { "--cols": cols },
    },
    ...cells.map((row) => h("div", { class: "ck-row", role: "row" }, ...row)),
  );
  const place = (target) => {
    const cell = target?.closest?.(".ck-cell");
    if (!cell || !element.contains(cell)) return null;
    const r = cells.findIndex((row) => row.includes(cell));
    return [r, cells[r].indexOf(cell)];
  };
  const paint = (show) => eachCell(cells, (cell, r, c) => showCell(cell, show(r, c)));
  const grid = { element, cells, paint };
  if (!active) return grid;
  const home = walkWithKeys(grid, place, { pick, move, key });
  pickWithPointer(element, place, { pick, home, drag });
  return { ...grid, home };
}

/** Call `act(cell, r, c)` for each cell of a grid. */
export function eachCell(cells, act) {
  for (const [r, row] of cells.entries()) for (const [c, cell] of row.entries()) act(cell, r, c);
}

function showCell(cell, look) {
  const text = look.text ?? "";
  if (cell.textContent !== text) cell.textContent = text;
  if (look.say) cell.setAttribute("aria-label", look.say);
  else cell.removeAttribute("aria-label");
  for (const mark of ["mark", "faint", "edge"]) {
    cell.classList.toggle(`ck-${mark}`, Boolean(look[mark]));
  }
  tint(cell, look);
}

/** Make a grid one tab stop; gives the function that moves it: `home(r, c)`. */
function walkWithKeys({ element, cells }, place, { pick, move, key }) {
  const [bottom, right] = [cells.length - 1, cells[0].length - 1];
  let at = [0, 0];
  const home = (r, c) => {
    cells[at[0]][at[1]].tabIndex = -1;
    at = [r, c];
    cells[r][c].tabIndex = 0;
  };
  home(0, 0);
  element.addEventListener("focusin", (e) => {
    const p = place(e.target);
    if (p) home(...p);
  });
  element.addEventListener("keydown", (e) => {
    const [r, c] = at;
    const ends = { Home: [r, 0], End: [r, right] };
    const to = ARROWS[e.key] ? [r + ARROWS[e.key][0], c + ARROWS[e.key][1]] : ends[e.key];
    if (to) {
      home(clamp(to[0], 0, bottom), clamp(to[1], 0, right));
      cells[at[0]][at[1]].focus();
      move?.(...at, e);
    } else if (pick && (e.key === " " || e.key === "Enter")) pick(r, c, true);
    else if (!key?.(r, c, e)) return;
    e.preventDefault();
  });
  return home;
}

/** Pick a cell by mouse, pen or finger; with `drag` each cell that the pointer passes. */
function pickWithPointer(element, place, { pick, home, drag }) {
  let down = null;
  element.addEventListener("pointerdown", (e) => {
    const p = place(e.target);
    if (!p || e.button) return;
    down = String(p);
    if (drag) e.target.releasePointerCapture?.(e.pointerId);
    pick?.(...p, true);
    home(...p);
  });
  if (!drag) return;
  element.classList.add("ck-drag");
  element.addEventListener("pointermove", (e) => {
    if (down === null || !(e.buttons & 1)) return;
    const p = place(document.elementFromPoint(e.clientX, e.clientY));
    if (!p || String(p) === down) return;
    down = String(p);
    pick(...p, false);
  });
  element.addEventListener("pointerup", () => {
    down = null;
  });
}

/** Where each arrow key leads: rows down, columns to the right. */
export const ARROWS = {
  ArrowUp: [-1, 0],
  ArrowDown: [1, 0],
  ArrowLeft: [0, -1],
  ArrowRight: [0, 1],
};

/** Where in an element of rows × cols the pointer is: [row, column] as whole numbers. */
export function pointedAt(e, element, rows, cols) {
  const box = element.getBoundingClientRect();
  return [
    Math.floor(((e.clientY - box.top) / box.height) * rows),
    Math.floor(((e.clientX - box.left) / box.width) * cols),
  ];
}

/** Run `paint` when the page turns light or dark; gives the function that ends it. */
export function onTheme(paint) {
  const watcher = new MutationObserver(paint);
  watcher.observe(document.documentElement, { attributeFilter: ["data-theme"] });
  watcher.observe(document.body, { attributeFilter: ["data-jp-theme-light"] });
  return () => watcher.disconnect();
}

// Zero, plus and minus as in base.css; written twice because a canvas cannot read a stylesheet
// before it stands in the page.
export const PALETTE = {
  light: ["#fbfcfd", "#0f58ab", "#9c3f00"],
  dark: ["#1b222c", "#7fbcff", "#f9a45c"],
};

/** The colours of signed values on this page: a function from -1..1 to [r, g, b]. */
export function signedColours() {
  const { documentElement, body } = document;
  const dark = documentElement.dataset.theme === "dark" || body.dataset.jpThemeLight === "false";
  const rgb = (hex) => [1, 3, 5].map((i) => parseInt(hex.slice(i, i + 2), 16));
  const [zero, pos, neg] = PALETTE[dark ? "dark" : "light"].map(rgb);
  return (v) => zero.map((z, i) => z + ((v < 0 ? neg : pos)[i] - z) * Math.min(1, Math.abs(v)));
}

/**
 * A picture of pixels, drawn large and sharp, with an optional frame around a window.
 * `paint(rows, cols, (r, c) => [red, green, blue] or null)`; `frame(r, c, height, width)`.
 */
export function bitmap(label, { pick } = {}) {
  const canvas = h("canvas", { role: "img", "aria-label": label });
  let size = [1, 1];
  const { mark, frame } = windowOver(() => size);
  const element = h("div", { class: "ck-bitmap" }, canvas, mark);
  const paint = (rows, cols, colour) => {
    size = [rows, cols];
    element.style.setProperty("--cols", cols);
    element.style.setProperty("--rows", rows);
    colourPixels(canvas, rows, cols, colour);
  };
  if (pick) pickPixels(element, canvas, () => size, pick);
  return { element, canvas, paint, frame };
}

/** A frame over a picture of `size()` rows and columns; `frame(null)` takes it away. */
export function windowOver(size) {
  const mark = h("div", { class: "ck-window", hidden: true });
  const frame = (r, c, height, width) => {
    mark.hidden = r === null;
    const [rows, cols] = size();
    const share = { top: r / rows, left: c / cols, height: height / rows, width: width / cols };
    for (const [key, v] of Object.entries(share)) mark.style[key] = `${100 * v}%`;
  };
  return { mark, frame };
}

function colourPixels(canvas, rows, cols, colour) {
  if (canvas.width !== cols || canvas.height !== rows) {
    Object.assign(canvas, { width: cols, height: rows });
  }
  const context = canvas.getContext("2d");
  const image = context.createImageData(cols, rows);
  for (let p = 0; p < rows * cols; p++) {
    const rgb = colour(Math.floor(p / cols), p % cols);
    if (rgb) image.data.set([...rgb.map((v) => clamp(Math.round(v), 0, 255)), 255], 4 * p);
  }
  context.putImageData(image, 0, 0);
}

function pickPixels(element, canvas, size, pick) {
  element.classList.add("ck-drag");
  const pickAt = (e) => {
    const [rows, cols] = size();
    const [r, c] = pointedAt(e, canvas, rows, cols);
    pick(clamp(r, 0, rows - 1), clamp(c, 0, cols - 1));
  };
  element.addEventListener("pointerdown", (e) => {
    if (e.button) return;
    element.setPointerCapture(e.pointerId);
    pickAt(e);
  });
  element.addEventListener("pointermove", (e) => {
    if (e.buttons & 1) pickAt(e);
  });
}

/** Where a kernel fits: floor((n + 2p - d(k - 1) - 1) / s) + 1, as PyTorch counts. */
export const outputSize = (n, k, stride = 1, padding = 0, dilation = 1) =>
  Math.floor((n + 2 * padding - dilation * (k - 1) - 1) / stride) + 1;

export const total = (values) => values.reduce((sum, v) => sum + v, 0);

/** The number that f(r, c) gives for each row and column of a grid. */
export const gridOf = (rows, cols, f) =>
  Array.from({ length: rows }, (_, r) => Array.from({ length: cols }, (_, c) => f(r, c)));

/** Convolution as the field means it (no flip): x is C×H×W, w is K×C×kh×kw, b has K numbers. */
export function conv2d(x, w, b = null) {
  const rows = outputSize(x[0].length, w[0][0].length);
  const cols = outputSize(x[0][0].length, w[0][0][0].length);
  return w.map((filter, k) =>
    gridOf(Math.max(0, rows), Math.max(0, cols), (i, j) => {
      let sum = b ? b[k] : 0;
      for (const [c, kernel] of filter.entries()) {
        for (const [u, weights] of kernel.entries()) {
          for (const [v, weight] of weights.entries()) sum += x[c][i + u][j + v] * weight;
        }
      }
      return sum;
    }),
  );
}

/** What one window gives: products[c][u][v] and their sum for each channel. */
export function productsAt(x, filter, i, j) {
  const products = filter.map((k, c) =>
    k.map((row, u) => row.map((w, v) => x[c][i + u][j + v] * w)),
  );
  return { products, sums: products.map((p) => total(p.flat())) };
}

/** Position number `step`, counted along the rows of an output `cols` wide. */
export const positionOf = (step, cols) => [Math.floor(step / cols), step % cols];
