// A chart with axes, for widgets that draw numbers along them.
import { svg } from "./base.mjs";

const [LEFT, RIGHT, TOP, BOTTOM] = [44, 14, 8, 38]; // room for numbers and names

/** Points as SVG wants them. */
export const line = (points) => points.map((p) => p.map((v) => v.toFixed(2)).join()).join(" ");

/** Numbers from `low` to `high`, `step` apart. */
export const range = (low, high, step) =>
  Array.from({ length: Math.round((high - low) / step) + 1 }, (_, i) => low + i * step);

/**
 * An empty chart of `width` × `height`: `place(x, y)` says where a point lies in `layer`, which
 * cuts off what lies outside; `value(event)` says which point a pointer is at. `scale` sets the
 * axes: `{ x: [low, high, step], y: [low, high, step] }`, with a number at each step, or what a
 * fourth entry, a function, calls it.
 */
export function chart({ width, height, xlabel, ylabel }, attributes = {}) {
  const [w, h] = [width - LEFT - RIGHT, height - TOP - BOTTOM];
  const grid = svg("g", { class: "ck-axes", "aria-hidden": "true" });
  const layer = svg("svg", { x: LEFT, y: TOP, width: w, height: h, viewBox: `0 0 ${w} ${h}` });
  const element = svg(
    "svg",
    { class: "ck-chart", viewBox: `0 0 ${width} ${height}`, ...attributes },
    grid,
    layer,
  );
  let span = { x: [0, 1, 1], y: [0, 1, 1] };
  const along = ([low, high], v) => (v - low) / (high - low);
  const place = (x, y) => [along(span.x, x) * w, (1 - along(span.y, y)) * h];
  const value = (e) => {
    const box = element.getBoundingClientRect();
    const at = ((e.clientX - box.left) / box.width) * width - LEFT;
    const up = ((e.clientY - box.top) / box.height) * height - TOP;
    const [[x0, x1], [y0, y1]] = [span.x, span.y];
    return [x0 + (at / w) * (x1 - x0), y1 - (up / h) * (y1 - y0)];
  };
  const scale = (axes) => {
    span = axes;
    grid.replaceChildren(...gridLines(axes, place), ...names());
  };
  const names = () => [
    words({ x: LEFT + w / 2, y: height - 5, "text-anchor": "middle" }, xlabel),
    words({ x: -TOP - h / 2, y: 12, transform: "rotate(-90)", "text-anchor": "middle" }, ylabel),
  ];
  return { element, layer, place, value, scale };
}

const words = (attributes, said) => svg("text", attributes, said);

const decimals = (step) => (Number.isInteger(step) ? 0 : String(step).split(".")[1].length);
const named = (v, [, , step, name]) => (name ? name(v) : tick(v, step));
const tick = (v, step) => v.toFixed(decimals(step)).replace("-", "−");

function gridLines({ x, y }, place) {
  const [left, right] = [place(x[0], 0)[0] + LEFT, place(x[1], 0)[0] + LEFT];
  const [top, bottom] = [place(0, y[1])[1] + TOP, place(0, y[0])[1] + TOP];
  const columns = range(...x).flatMap((v) => {
    const at = place(v, 0)[0] + LEFT;
    return [
      svg("path", { d: `M${at} ${top}V${bottom}` }),
      words({ x: at, y: bottom + 14, "text-anchor": "middle" }, named(v, x)),
    ];
  });
  const rows = range(...y).flatMap((v) => {
    const at = place(0, v)[1] + TOP;
    return [
      svg("path", { d: `M${left} ${at}H${right}` }),
      words({ x: left - 5, y: at + 4, "text-anchor": "end" }, named(v, y)),
    ];
  });
  return [...columns, ...rows];
}

/** An arrow from one point to another, with a head of its own (nothing here may need an id). */
export function arrow([x0, y0], [x1, y1], attributes = {}) {
  const length = Math.hypot(x1 - x0, y1 - y0) || 1;
  const [dx, dy] = [(x1 - x0) / length, (y1 - y0) / length];
  const head = Math.min(9, length);
  const [bx, by] = [x1 - head * dx, y1 - head * dy];
  const wing = (side) => [bx - side * 0.5 * head * dy, by + side * 0.5 * head * dx];
  return svg(
    "g",
    { class: "ck-step", ...attributes },
    svg("path", { d: `M${line([[x0, y0]])}L${line([[bx, by]])}` }),
    svg("polygon", { points: line([[x1, y1], wing(1), wing(-1)]) }),
  );
}
