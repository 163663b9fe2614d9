// An image is a grid of numbers: change one and the picture changes; flatten it and it is gone.
import {
  bitmap,
  choice,
  clamp,
  copy,
  eachCell,
  flow,
  fmt,
  frame,
  h,
  keyed,
  label,
  matrix,
  part,
  save,
  slider,
  text,
  watch,
} from "../base.mjs";

/** Height × width × channels → one channel as height × width (a grey image is its own channel). */
export const channelOf = (image, channel) =>
  image.map((row) => row.map((pixel) => (Array.isArray(pixel) ? pixel[channel] : pixel)));

/** The rows one after the other, in one line. */
export const flatten = (grid) => grid.flat();

/** A line cut into rows of `width`; the last row may stay short. */
export const fold = (line, width) =>
  Array.from({ length: Math.ceil(line.length / width) }, (_, r) =>
    line.slice(r * width, (r + 1) * width),
  );

/** A copy of the image with one value changed. */
export function withPixel(image, r, c, channel, value) {
  const changed = copy(image);
  if (Array.isArray(changed[r][c])) changed[r][c][channel] = value;
  else changed[r][c] = value;
  return changed;
}

// What a grey value looks like: from each on, the next words.
const SHADES = [
  [0, "nearly black"],
  [64, "dark grey"],
  [128, "light grey"],
  [208, "nearly white"],
  [255, "white"],
];
const shade = (v) => (v > 0 ? SHADES.findLast(([from]) => v >= from)[1] : "black");
const COLOURS = ["red", "green", "blue"];

/** The image, its size, the channel shown as a grid of values, and the chosen place (r0, c0). */
function read(model) {
  const [image, channel] = [model.get("image"), model.get("channel")];
  const [rows, cols] = [image.length, image[0].length];
  const [r, c] = model.get("pixel");
  const [r0, c0] = [clamp(r, 0, rows - 1), clamp(c, 0, cols - 1)];
  const colour = Array.isArray(image[0][0]);
  return { image, channel, rows, cols, r0, c0, colour, value: channelOf(image, channel) };
}

function setPixel(model, r, c, v) {
  const value = clamp(Math.round(v), 0, 255);
  const image = withPixel(model.get("image"), r, c, model.get("channel"), value);
  save(model, { image, pixel: [r, c] });
}

/** The image to draw on. */
function picture(model, { rows, cols }) {
  let pen = 255;
  const pick = (r, c, first) => {
    if (first) pen = read(model).value[r][c] > 127 ? 0 : 255;
    setPixel(model, r, c, pen);
  };
  const move = (r, c) => save(model, { pixel: [r, c] });
  const grid = matrix(rows, cols, "Picture. Space draws or erases.", { pick, move, drag: true });
  const paint = ({ image, colour, value }, look) => {
    grid.paint((r, c) => ({ grey: value[r][c] / 255, ...look(r, c) }));
    if (!colour) return;
    eachCell(grid.cells, (cell, r, c) => {
      cell.style.background = `rgb(${image[r][c]})`;
    });
  };
  return { ...grid, paint };
}

/** The same image as its numbers; a wide one as small grey cells. */
function numbers(model, { rows, cols }) {
  const pick = (r, c) => save(model, { pixel: [r, c] });
  const key = (r, c, e) => {
    const change = { "+": 10, "=": 10, "-": -10, PageUp: 50, PageDown: -50 }[e.key];
    if (change) setPixel(model, r, c, read(model).value[r][c] + change);
    return Boolean(change);
  };
  const name = "Numbers. Plus and minus change the value.";
  const grid = matrix(rows, cols, name, { pick, move: pick, key });
  const wide = cols > 12;
  grid.element.classList.add(wide ? "ck-tiny" : "ck-plain");
  const paint = ({ value }, look) =>
    grid.paint((r, c) => {
      const shown = wide ? { grey: value[r][c] / 255 } : { text: fmt(value[r][c], 0) };
      return { ...shown, ...look(r, c) };
    });
  return { ...grid, paint };
}

/** All values in one line, and the line folded into rows of another width. */
function lines(model, { rows, cols }) {
  const total = rows * cols;
  const most = Math.min(total, 3 * cols);
  const flat = bitmap(`The ${total} numbers as one line of pixels`);
  const folded = bitmap("");
  const width = slider("Pixels in a row", { min: 2, max: most }, (v) => save(model, { width: v }));
  const grey = (g) => (g === undefined ? null : [g, g, g]);
  const paint = ({ value, r0, c0 }) => {
    const line = flatten(value);
    const w = clamp(model.get("width") || cols + 1, 2, most);
    const now = fold(line, w);
    const at = r0 * cols + c0;
    flat.paint(1, total, (_, c) => grey(line[c]));
    flat.frame(0, at, 1, 1);
    folded.paint(now.length, w, (r, c) => grey(now[r][c]));
    folded.frame(Math.floor(at / w), at % w, 1, 1);
    const name = `The line folded into rows of ${w}, drawn as a picture`;
    folded.canvas.setAttribute("aria-label", name);
    const room = Math.min(26 * w, (168 / now.length) * w);
    folded.element.style.setProperty("--max-width", `min(100%, ${room}px)`);
    width.paint(w, w === cols ? `${w}, as it was` : String(w));
  };
  return { flat, folded, width, paint };
}

/** The chosen value in words. */
function sentence({ image, channel, rows, cols, r0, c0, colour, value }) {
  const [place, total] = [`Row ${r0 + 1}, column ${c0 + 1}`, rows * cols];
  const number = `number ${r0 * cols + c0 + 1} of ${total}`;
  if (colour) {
    const [red, green, blue] = image[r0][c0];
    return text(
      `${place}: red ${red}, green ${green}, blue ${blue}.`,
      `Flattened, this ${COLOURS[channel]} value is ${number}.`,
    );
  }
  const grey = value[r0][c0];
  const above = r0 ? `${cols} places away` : "missing";
  return text(
    `${place} holds ${fmt(grey, 0)}: ${shade(grey)}.`,
    `Flattened, it is ${number}, and its upper neighbour is ${above}.`,
  );
}

/** Everything that has the size of the image. */
function build(model, body) {
  const now = read(model);
  const [seen, stored, line] = [picture(model, now), numbers(model, now), lines(model, now)];
  const set = (v) => setPixel(model, ...model.get("pixel"), v);
  const bright = slider("Chosen value", { min: 0, max: 255 }, set);
  const tabs = choice(
    "Channel",
    COLOURS.map((name, i) => [i, name]),
    (channel) => save(model, { channel }),
  );
  const { rows, cols, colour } = now;
  body.replaceChildren(
    flow(
      part("What you see", seen.element),
      part(
        `Stored: ${rows} × ${cols}${colour ? " × 3" : ""}`,
        stored.element,
        colour ? tabs.element : null,
      ),
      h(
        "div",
        { class: "ck-part ck-grow" },
        label("The line, folded anew"),
        h("div", { class: "ck-line" }, line.folded.element),
        line.width.element,
      ),
    ),
    part(`Flattened: ${rows * cols} numbers in one line`, line.flat.element),
    h("div", { class: "ck-bar" }, bright.element),
  );
  return (now) => {
    const { channel, r0, c0, value } = now;
    const name = colour ? `${COLOURS[channel]} ` : "";
    const look = (r, c) => ({
      say: `row ${r + 1}, column ${c + 1}: ${name}${fmt(value[r][c], 0)}`,
      mark: r === r0 && c === c0,
    });
    for (const grid of [seen, stored]) {
      grid.paint(now, look);
      grid.home(r0, c0);
    }
    line.paint(now);
    bright.paint(value[r0][c0], fmt(value[r0][c0], 0));
    tabs.paint(channel);
  };
}

function render({ model, el }) {
  const { root, live } = frame(
    el,
    "pixel_inspector",
    "An image is a grid of numbers",
    "Draw on the picture, or choose a number and change it. Then fold the flat line until you can read it again.",
  );
  const body = h("div");
  root.append(body, live);
  let paint;
  const rebuild = keyed(body, () => {
    paint = build(model, body);
  });
  const refresh = () => {
    const now = read(model);
    rebuild([now.rows, now.cols, now.colour].join());
    paint(now);
    live.textContent = sentence(now);
  };
  const end = watch(model, ["image", "pixel", "width", "channel"], refresh);
  refresh();
  return end;
}
export default { render };
