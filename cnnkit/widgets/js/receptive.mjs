// What one unit sees: stack layers, point at a cell, follow its field down to the input.
import { button, clamp, frame, h, save, watch } from "./base.mjs";

/** Lengths of all levels, the input first; a level of length 0 means that nothing fits any more. */
export function lengths(size, layers) {
  const all = [size];
  for (const { kernel_size: k, stride: s, padding: p } of layers) all.push(Math.max(0, Math.floor((all.at(-1) + 2 * p - k) / s) + 1));
  return all;
}

/** For each layer: how many input pixels a unit sees, and how far its neighbour's field starts. */
export function fields(layers) {
  let [field, jump] = [1, 1];
  return layers.map(({ kernel_size: k, stride: s }) => {
    field += (k - 1) * jump;
    jump *= s;
    return { field, jump };
  });
}

/** For each level below a unit, the first and last place it depends on (zeros outside cut off). */
export function trace(size, layers, level, index) {
  const all = lengths(size, layers);
  const spans = [[index, index]];
  for (let l = level; l > 0; l--) {
    const { kernel_size: k, stride: s, padding: p } = layers[l - 1];
    const [a, b] = spans[0];
    spans.unshift([Math.max(0, a * s - p), Math.min(all[l - 1] - 1, b * s - p + k - 1)]);
  }
  return spans;
}

const SVG = "http://www.w3.org/2000/svg";
const svg = (tag, props = {}, ...kids) => {
  const e = document.createElementNS(SVG, tag);
  for (const [k, v] of Object.entries(props)) e.setAttribute(k, v);
  e.append(...kids);
  return e;
};
const OFFERS = [
  ["conv 3", { kind: "conv", kernel_size: 3, stride: 1, padding: 1 }],
  ["conv 5", { kind: "conv", kernel_size: 5, stride: 1, padding: 2 }],
  ["conv 3, stride 2", { kind: "conv", kernel_size: 3, stride: 2, padding: 1 }],
  ["pool 2", { kind: "pool", kernel_size: 2, stride: 2, padding: 0 }],
];
const describe = ({ kind, kernel_size: k, stride: s }) => `${kind} ${k}${s > 1 ? `, stride ${s}` : ""}`;
const MOST = 7;

function render({ model, el }) {
  const { root, live } = frame(el, "receptive", "What does one unit see?", "Each row is a layer, seen along one side; the input lies at the bottom. Choose a cell and follow its field down.");
  const layers = () => model.get("layers");
  const setLayers = (next) => {
    const all = lengths(model.get("size"), next);
    save(model, { layers: next, level: next.length, index: all.at(-1) >> 1 });
  };
  const offers = OFFERS.map(([name, layer]) => ({ layer, press: button(`+ ${name}`, () => setLayers([...layers(), { ...layer }])) }));
  const remove = button("Remove the top layer", () => setLayers(layers().slice(0, -1)));
  const picture = svg("svg", { class: "ck-tower", role: "application", tabindex: 0, "aria-roledescription": "layer diagram" });
  const table = h("div", { class: "ck-steps", role: "table", "aria-label": "Growth of the receptive field" });
  root.append(h("div", { class: "ck-bar ck-noprint" }, h("div", { class: "ck-choices", role: "group", "aria-label": "Add a layer" }, ...offers.map((o) => o.press), remove)), picture, table, live);

  const select = (level, index) => {
    const all = lengths(model.get("size"), layers());
    const l = clamp(level, 0, layers().length);
    save(model, { level: l, index: clamp(index, 0, all[l] - 1) });
  };
  const [W, ROW, TALL] = [1000, 62, 30];
  const geometry = () => {
    const all = lengths(model.get("size"), layers());
    const jumps = [1, ...fields(layers()).map((f) => f.jump)];
    const unit = W / all[0];
    // A cell stands over the middle of its field; cells stay as wide as the rows allow.
    const start = [0];
    layers().forEach(({ kernel_size: k, padding: p }, l) => start.push(start[l] + ((k - 1) / 2 - p) * jumps[l]));
    return { all, place: (l, i) => ({ x: (start[l] + i * jumps[l] + 0.5) * unit, width: unit * Math.min(jumps[l], 2.2) * 0.86, y: (all.length - 1 - l) * ROW + 2 }) };
  };
  const nearest = (place, level, count, x) => {
    let best = 0;
    for (let i = 1; i < count; i++) if (Math.abs(place(level, i).x - x) < Math.abs(place(level, best).x - x)) best = i;
    return best;
  };
  picture.addEventListener("pointerdown", (e) => {
    // The nearest cell, not only a hit: on a phone cells are narrower than a fingertip.
    const box = picture.getBoundingClientRect();
    const { all, place } = geometry();
    const level = clamp(all.length - 1 - Math.floor(((e.clientY - box.top) / box.height) * all.length), 0, all.length - 1);
    select(level, nearest(place, level, all[level], ((e.clientX - box.left) / box.width) * W));
  });
  picture.addEventListener("keydown", (e) => {
    const [level, index] = [model.get("level"), model.get("index")];
    const { all, place } = geometry();
    const climb = (to) => {
      if (to < 0 || to >= all.length) return;
      select(to, nearest(place, to, all[to], place(level, index).x));
    };
    if (e.key === "ArrowLeft") select(level, index - 1);
    else if (e.key === "ArrowRight") select(level, index + 1);
    else if (e.key === "ArrowUp") climb(level + 1);
    else if (e.key === "ArrowDown") climb(level - 1);
    else if (e.key === "Home") select(level, 0);
    else if (e.key === "End") select(level, all[level] - 1);
    else return;
    e.preventDefault();
  });

  const refresh = () => {
    const [size, stack] = [model.get("size"), layers()];
    const { all, place } = geometry();
    const level = clamp(model.get("level"), 0, stack.length);
    const index = clamp(model.get("index"), 0, all[level] - 1);
    const spans = trace(size, stack, level, index);
    const height = (all.length - 1) * ROW + TALL + 4;
    picture.setAttribute("viewBox", `0 0 ${W} ${height}`);
    picture.setAttribute("preserveAspectRatio", "none");
    picture.style.height = `${height * 0.68}px`;
    const marks = [];
    for (let l = level; l > 0; l--) {
      const [a, b] = spans[l];
      const [c, d] = spans[l - 1];
      const [pa, pb, pc, pd] = [place(l, a), place(l, b), place(l - 1, c), place(l - 1, d)];
      const points = [[pa.x - pa.width / 2, pa.y + TALL], [pb.x + pb.width / 2, pb.y + TALL], [pd.x + pd.width / 2, pd.y], [pc.x - pc.width / 2, pc.y]];
      marks.push(svg("polygon", { class: "ck-beam", points: points.map((p) => p.join()).join(" ") }));
    }
    for (let l = 0; l < all.length; l++)
      for (let i = 0; i < all[l]; i++) {
        const { x, y, width } = place(l, i);
        const seen = l <= level && i >= spans[l][0] && i <= spans[l][1];
        const cls = l === level && i === index ? "ck-unit ck-here" : seen ? "ck-unit ck-seen" : "ck-unit";
        marks.push(svg("rect", { class: cls, x: x - width / 2, y, width, height: TALL, rx: 4, "data-level": l, "data-index": i }));
      }
    picture.replaceChildren(...marks);
    const found = fields(stack);
    const name = (l) => (l ? `layer ${l} (${describe(stack[l - 1])})` : "the input");
    const row = (kind, ...cells) => h("div", { role: "row", class: kind }, ...cells.map((c) => h("div", { role: kind === "ck-top" ? "columnheader" : "cell" }, c)));
    table.replaceChildren(
      row("ck-top", "layer", "length", "sees", "moves by"),
      ...stack.map((layer, l) => row(l + 1 === level ? "ck-now" : "ck-line", `${l + 1}. ${describe(layer)}`, String(all[l + 1]), String(found[l].field), String(found[l].jump))).reverse(),
    );
    offers.forEach(({ layer, press }) => (press.disabled = stack.length >= MOST || lengths(size, [...stack, layer]).at(-1) < 1));
    remove.disabled = !stack.length;
    const [a, b] = spans[0];
    const cut = level && b - a + 1 < found[level - 1].field ? ` Its full field is ${found[level - 1].field}: the rest falls on the zeros outside.` : "";
    const text = level ? `Cell ${index + 1} of ${name(level)} sees input pixels ${a + 1} to ${b + 1}: ${b - a + 1} of ${size} along one side, ${(b - a + 1) ** 2} in the square.${cut}` : `Pixel ${index + 1} of the input: it sees itself.`;
    picture.setAttribute("aria-label", `Layers over the input. Arrow keys choose a cell. ${text}`);
    live.textContent = text;
  };
  const end = watch(model, ["size", "layers", "level", "index"], refresh);
  refresh();
  return end;
}
export default { render };
