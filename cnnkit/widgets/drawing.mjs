// Where people draw a digit, and the ten probabilities that a network answers with.
import { ARROWS, button, clamp, h, listen } from "./base.mjs";

// strokes are lists of [x, y] on a page of 28 × 28
const PAGE = 28;

export const copyOf = (strokes) => strokes.map((stroke) => stroke.map((point) => point.slice()));

/** Strokes (lists of [x, y]) drawn with a round pen of this radius on `side` × `side` pixels. */
export function ink(strokes, radius = 1.2, side = PAGE) {
  const image = new Float64Array(side * side);
  for (const stroke of strokes) {
    for (const [i, to] of stroke.entries())
      inkLine(image, stroke[Math.max(0, i - 1)], to, radius, side);
  }
  return image;
}

function inkLine(image, [ax, ay], [bx, by], radius, side) {
  const [dx, dy] = [bx - ax, by - ay];
  const length = dx * dx + dy * dy || 1;
  const first = (a, b) => Math.max(0, Math.floor(Math.min(a, b) - radius - 1));
  const last = (a, b) => Math.min(side - 1, Math.ceil(Math.max(a, b) + radius + 1));
  for (let y = first(ay, by); y <= last(ay, by); y++) {
    for (let x = first(ax, bx); x <= last(ax, bx); x++) {
      const t = clamp(((x + 0.5 - ax) * dx + (y + 0.5 - ay) * dy) / length, 0, 1);
      const distance = Math.hypot(x + 0.5 - ax - t * dx, y + 0.5 - ay - t * dy);
      const p = y * side + x;
      image[p] = Math.max(image[p], clamp(radius + 0.5 - distance, 0, 1));
    }
  }
}

// Drawings as text: points x,y of a stroke, and | between strokes.
const EXAMPLES = [
  "9,5 6.5,15.5 20,15.5 | 17,8 16.5,24",
  "7,8 10,5 15,5 18,8 17,12 12,17 7,23 20,23",
  "8,6 13,4.5 18,7 17,11 12,13.5 17.5,15.5 19,19 15,23 8,22",
  "7,6 20,6 14,15 11,24",
].map((drawing) =>
  drawing
    .split(" | ")
    .map((stroke) => stroke.split(" ").map((point) => point.split(",").map(Number))),
);

/** Where people draw. `hand` holds strokes and pen, and is told of each change. */
export function drawingPad(hand) {
  const pad = h("canvas", {
    width: 280,
    height: 280,
    class: "ck-pad",
    tabIndex: 0,
    role: "application",
    "aria-label":
      "Drawing area. Arrow keys move the pen, Space puts it down or lifts it, Delete clears.",
  });
  drawWithPointer(pad, hand);
  drawWithKeys(pad, hand);
  listen(pad, { focus: () => hand.moved(), blur: () => hand.moved() });
  return pad;
}

function drawWithPointer(pad, hand) {
  let drawing = false;
  const at = (e) => {
    const box = pad.getBoundingClientRect();
    const shares = [(e.clientX - box.left) / box.width, (e.clientY - box.top) / box.height];
    return shares.map((share) => Math.round(100 * clamp(share * PAGE, 0, PAGE)) / 100);
  };
  const lift = () => {
    if (drawing) hand.changed();
    drawing = false;
  };
  const pointerdown = (e) => {
    if (e.button) return;
    pad.setPointerCapture(e.pointerId);
    drawing = true;
    hand.pen = at(e);
    hand.strokes.push([hand.pen]);
    hand.drawing();
  };
  const pointermove = (e) => {
    if (!drawing) return;
    hand.pen = at(e);
    const [x, y] = hand.strokes.at(-1).at(-1);
    if (Math.hypot(hand.pen[0] - x, hand.pen[1] - y) < 0.3) return;
    hand.strokes.at(-1).push(hand.pen);
    hand.drawing();
  };
  listen(pad, { pointerdown, pointermove, pointerup: lift, pointercancel: lift });
}

function drawWithKeys(pad, hand) {
  const step = ([down, right]) => {
    hand.pen = [clamp(hand.pen[0] + right, 1, 27), clamp(hand.pen[1] + down, 1, 27)];
    if (!hand.down) return hand.moved();
    hand.strokes.at(-1).push(hand.pen);
    hand.changed();
  };
  const toggle = () => {
    hand.down = !hand.down;
    if (hand.down) hand.strokes.push([hand.pen]);
    hand.changed();
  };
  pad.addEventListener("keydown", (e) => {
    if (ARROWS[e.key]) step(ARROWS[e.key]);
    else if (e.key === " ") toggle();
    else if (e.key === "Delete" || e.key === "Backspace") hand.draw([]);
    else return;
    e.preventDefault();
  });
}

/** Show the strokes, and the pen while the keys move it; `hand.backdrop(g)` paints below it. */
export function paintPad(pad, hand) {
  const g = pad.getContext("2d");
  g.fillStyle = "#000";
  g.fillRect(0, 0, 280, 280);
  Object.assign(g, { strokeStyle: "#fff", lineWidth: 22, lineCap: "round", lineJoin: "round" });
  for (const stroke of hand.strokes) {
    g.beginPath();
    for (const [x, y] of stroke) g.lineTo(x * 10, y * 10);
    if (stroke.length === 1) g.lineTo(stroke[0][0] * 10 + 0.1, stroke[0][1] * 10);
    g.stroke();
  }
  hand.backdrop?.(g);
  if (document.activeElement !== pad) return;
  Object.assign(g, { strokeStyle: hand.down ? "#f9a45c" : "#7fbcff", lineWidth: 3 });
  g.beginPath();
  g.arc(hand.pen[0] * 10, hand.pen[1] * 10, 9, 0, 7);
  g.stroke();
}

/** Buttons that clear, undo, and draw something else. */
export function handButtons(hand) {
  let shown = 0;
  const clear = button("Clear", () => hand.draw([]));
  const undo = button("Undo", () => hand.draw(hand.strokes.slice(0, -1)));
  const example = button("Another example", () => {
    shown = (shown + 1) % EXAMPLES.length;
    hand.draw(copyOf(EXAMPLES[shown]), hand.down);
  });
  return h("span", { class: "ck-choices ck-noprint" }, clear, undo, example);
}

/** The ten probabilities as bars. */
export function answerBars() {
  const bars = Array.from({ length: 10 }, (_, digit) => {
    const fill = h("div", { class: "ck-fill" });
    const text = h("span", { class: "ck-share" });
    const track = h("div", { class: "ck-track", "aria-hidden": "true" }, fill);
    const name = h("span", {}, String(digit));
    const element = h("div", { class: "ck-digit", role: "listitem" }, name, track, text);
    return { fill, text, element };
  });
  const element = h(
    "div",
    { role: "list", "aria-label": "Probabilities" },
    ...bars.map((b) => b.element),
  );
  const paint = (probabilities, best) => {
    for (const [digit, { fill, text, element }] of bars.entries()) {
      const share = best === null ? 0 : 100 * probabilities[digit];
      fill.style.width = `${share}%`;
      text.textContent = `${share.toFixed(share > 99.9 || share < 0.05 ? 0 : 1)} %`;
      element.classList.toggle("ck-best", digit === best);
    }
  };
  return { element, paint };
}

/** What the network says, in words; `best` is null while nothing is drawn. */
export function verdictOn(probabilities, best) {
  if (best === null) return "Nothing drawn yet.";
  const sure = probabilities[best];
  if (sure > 0.9) return `It reads ${best === 8 ? "an" : "a"} ${best}, and is sure.`;
  return `It reads ${best === 8 ? "an" : "a"} ${best}, ${sure > 0.6 ? "but is not sure" : "but it is guessing"}.`;
}
