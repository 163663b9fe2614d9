// An image is a grid of numbers: change one and the picture changes; flatten it and it is gone.
import { bitmap, choice, clamp, copy, fmt, frame, h, matrix, part, save, slider, watch } from "./base.mjs";

/** Height × width × channels → one channel as height × width (a grey image is its own channel). */
export const channelOf = (image, channel) =>
  image.map((row) => row.map((pixel) => (Array.isArray(pixel) ? pixel[channel] : pixel)));

/** The rows one after the other, in one line. */
export const flatten = (grid) => grid.flat();

/** A line cut into rows of `width`; the last row may stay short. */
export const fold = (line, width) =>
  Array.from({ length: Math.ceil(line.length / width) }, (_, r) => line.slice(r * width, (r + 1) * width));

/** A copy of the image with one value changed. */
export function withPixel(image, r, c, channel, value) {
  const changed = copy(image);
  if (Array.isArray(changed[r][c])) changed[r][c][channel] = value;
  else changed[r][c] = value;
  return changed;
}

const shade = (v) =>
  v <= 0 ? "black" : v >= 255 ? "white" : v < 64 ? "nearly black" : v < 128 ? "dark grey" : v < 208 ? "light grey" : "nearly white";
const COLOURS = ["red", "green", "blue"];

function render({ model, el }) {
  const ends = [];
  const { root, live } = frame(
    el,
    "pixels",
    "An image is a grid of numbers",
    "Draw on the picture, or choose a number and change it. Then fold the flat line until you can read it again.",
  );
  const body = h("div");
  root.append(body, live);

  function build() {
    const start = model.get("image");
    const [rows, cols] = [start.length, start[0].length];
    const colour = Array.isArray(start[0][0]);
    const value = () => channelOf(model.get("image"), model.get("channel"));
    const set = (r, c, v) =>
      save(model, { image: withPixel(model.get("image"), r, c, model.get("channel"), clamp(Math.round(v), 0, 255)), pixel: [r, c] });
    let pen = 255;
    const draw = (r, c, first) => {
      if (first) pen = value()[r][c] > 127 ? 0 : 255;
      set(r, c, pen);
    };
    const key = (r, c, e) => {
      const change = { "+": 10, "=": 10, "-": -10, PageUp: 50, PageDown: -50 }[e.key];
      if (change) set(r, c, value()[r][c] + change);
      return Boolean(change);
    };
    const select = (r, c) => save(model, { pixel: [r, c] });
    const picture = matrix(rows, cols, "Picture. Space draws or erases.", { pick: draw, move: select, drag: true });
    const numbers = matrix(rows, cols, "Numbers. Plus and minus change the value.", { pick: select, move: select, key });
    numbers.element.classList.add(cols > 12 ? "ck-tiny" : "ck-plain");
    const bright = slider("Chosen value", { min: 0, max: 255 }, (v) => set(...model.get("pixel"), v));
    const total = rows * cols;
    const flat = bitmap(`The ${total} numbers as one line of pixels`);
    const folded = bitmap("");
    const width = slider("Pixels in a row", { min: 2, max: Math.min(total, 3 * cols) }, (v) => save(model, { width: v }));
    const tabs = choice("Channel", COLOURS.map((name, i) => [i, name]), (channel) => save(model, { channel }));
    body.replaceChildren(
      h(
        "div",
        { class: "ck-flow" },
        part("What you see", picture.element),
        part(colour ? `Stored: ${rows} × ${cols} × 3` : `Stored: ${rows} × ${cols}`, numbers.element, colour ? tabs.element : null),
        h("div", { class: "ck-part ck-grow" }, h("div", { class: "ck-label" }, "The line, folded anew"), h("div", { class: "ck-line" }, folded.element), width.element),
      ),
      part(`Flattened: ${total} numbers in one line`, flat.element),
      h("div", { class: "ck-bar" }, bright.element),
    );

    return () => {
      const image = model.get("image");
      const v = value();
      const [pr, pc] = model.get("pixel");
      const [r0, c0] = [clamp(pr, 0, rows - 1), clamp(pc, 0, cols - 1)];
      const name = colour ? `${COLOURS[model.get("channel")]} ` : "";
      const say = (r, c) => `row ${r + 1}, column ${c + 1}: ${name}${fmt(v[r][c])}`;
      const mark = (r, c) => r === r0 && c === c0;
      picture.paint((r, c) => ({ grey: v[r][c] / 255, say: say(r, c), mark: mark(r, c) }));
      if (colour) picture.cells.forEach((row, r) => row.forEach((cell, c) => (cell.style.background = `rgb(${image[r][c]})`)));
      numbers.paint((r, c) => ({ text: cols > 12 ? "" : fmt(v[r][c], 0), grey: cols > 12 ? v[r][c] / 255 : undefined, say: say(r, c), mark: mark(r, c) }));
      picture.home(r0, c0);
      numbers.home(r0, c0);
      const line = flatten(v);
      const grey = (g) => (g === undefined ? null : [g, g, g]);
      const w = clamp(model.get("width") || cols + 1, 2, Math.min(total, 3 * cols));
      const rowsNow = fold(line, w);
      const at = r0 * cols + c0;
      flat.paint(1, total, (_, c) => grey(line[c]));
      flat.frame(0, at, 1, 1);
      folded.paint(rowsNow.length, w, (r, c) => grey(rowsNow[r][c]));
      folded.frame(Math.floor(at / w), at % w, 1, 1);
      folded.canvas.setAttribute("aria-label", `The line folded into rows of ${w}, drawn as a picture`);
      folded.element.style.setProperty("--max-width", `min(100%, ${Math.min(26 * w, (168 / rowsNow.length) * w)}px)`);
      width.paint(w, w === cols ? `${w}, as it was` : String(w));
      bright.paint(v[r0][c0], fmt(v[r0][c0], 0));
      tabs.paint(model.get("channel"));
      const where = `Row ${r0 + 1}, column ${c0 + 1}`;
      live.textContent = colour
        ? `${where}: red ${image[r0][c0][0]}, green ${image[r0][c0][1]}, blue ${image[r0][c0][2]}. Flattened, this ${name}value is number ${at + 1} of ${total}.`
        : `${where} holds ${fmt(v[r0][c0], 0)}: ${shade(v[r0][c0])}. Flattened, it is number ${at + 1} of ${total}, and its upper neighbour is ${r0 ? `${cols} places away` : "missing"}.`;
    };
  }

  let shape = "";
  let paint;
  const refresh = () => {
    const image = model.get("image");
    const now = [image.length, image[0].length, image[0][0].length];
    if (String(now) !== shape) {
      shape = String(now);
      paint = build();
    }
    paint();
  };
  ends.push(watch(model, ["image", "pixel", "width", "channel"], refresh));
  refresh();
  return () => ends.forEach((end) => end());
}
export default { render };
