// From one weight per pixel to a small window of weights that slides: five steps on one digit.
import { button, choice, conv2d, copy, fmt, frame, h, largest, matrix, numberGrid, part, save, watch } from "./base.mjs";

/** How many columns of zeros each choice adds on the left and on the right. */
export const ZEROS = { right: [0, 1], left: [1, 0], both: [1, 1] };

export const padColumns = (image, [left, right]) =>
  image.map((row) => [...Array(left).fill(0), ...row, ...Array(right).fill(0)]);

/** Turn every row by one place; what leaves on the right comes in on the left. */
export const shiftRight = (image) => image.map((row) => [row.at(-1), ...row.slice(0, -1)]);

/**
 * What one case makes of the image: the input it really reads, the weights that slide over it,
 * one result per set of weights, and for case 1 the sum of all products.
 */
export function solve(number, image, { pixel_weights, pair, pairs, kernel, zeros }) {
  if (number === 1) {
    const product = image.map((row, r) => row.map((v, c) => v * pixel_weights[r][c]));
    return { input: image, filters: [pixel_weights], outputs: [product], score: product.flat().reduce((a, b) => a + b, 0) };
  }
  const input = number === 3 ? padColumns(image, ZEROS[zeros]) : image;
  const filters = number === 4 ? pairs.map((p) => [p]) : number === 5 ? [kernel] : [[pair]];
  return { input, filters, outputs: filters.map((f) => conv2d([input], [[f]])[0]) };
}

/** How often each column of the input is read when a pair slides along it. */
export const uses = (width) => Array.from({ length: width }, (_, c) => (c > 0) + (c < width - 1));

const NAMES = ["One weight a pixel", "A sliding pair", "Zeros at the side", "Two pairs", "A square window"];

function render({ model, el }) {
  const { root, live } = frame(
    el,
    "fivecases",
    "Five ways to put weights on a 4",
    "Step through the cases, change the weights, and point at a result to see where it comes from.",
  );
  const steps = choice("Case", NAMES.map((name, i) => [i + 1, String(i + 1), name]), (number) => save(model, { case: number, cell: [0, 0] }));
  const story = h("p", { class: "ck-story" });
  const stage = h("div", { class: "ck-flow ck-stage" });
  const shift = button("Shift the image one column", () => save(model, { image: shiftRight(model.get("image")) }));
  const tools = h("div", { class: "ck-bar ck-noprint" }, shift);
  const zeroChoice = choice("Where zeros are added", [["right", "zeros on the right"], ["left", "on the left"], ["both", "on both sides"]], (zeros) => save(model, { zeros }));
  tools.append(zeroChoice.element);
  root.append(steps.element, story, stage, tools, live);

  const keys = ["pixel_weights", "pair", "pairs", "kernel", "zeros"];
  const state = () => Object.fromEntries(keys.map((k) => [k, model.get(k)]));
  const tell = (number, { input, outputs, score }) => {
    const [rows, cols] = [input.length, input[0].length];
    const width = outputs[0][0].length;
    return [
      `${rows * cols} pixels, ${rows * cols} weights, one score: ${fmt(score)}. Shift the image: the weights stay where they are, and the score is another.`,
      `Two weights, shared by all positions. ${cols} columns become ${width}, and the columns are read ${uses(cols).join(", ")} times: the edges count once.`,
      `With zeros at the side ${cols - ZEROS[model.get("zeros")].reduce((a, b) => a + b)} columns become ${width}. ${model.get("zeros") === "both" ? "Every pixel is read twice now, but two extra columns widen the result: a pair has no middle." : "The width is kept and one more edge counts twice. A pair has no middle, so the two sides stay unequal."}`,
      `Each pair finds its own pattern and gives its own map. Kept apart, they are two channels. Added up, they are no more than one pair with the summed weights.`,
      `A window of ${model.get("kernel").length} × ${model.get("kernel")[0].length} weights reads rows and columns at once, and the result is smaller in both directions: ${outputs[0].length} × ${width}.`,
    ][number - 1];
  };

  let paint = () => {};
  let shape = "";
  function build() {
    const number = model.get("case");
    const { input, filters, outputs } = solve(number, model.get("image"), state());
    const [rows, cols] = [input.length, input[0].length];
    const inGrid = matrix(rows, cols, "Input");
    const trait = [null, "pixel_weights", "pair", null, "pairs", "kernel"];
    const change = (i) => (r, c, v) => {
      const name = number === 3 ? "pair" : trait[number];
      const next = copy(model.get(name));
      if (number === 4) next[i][c] = v;
      else if (name === "pair") next[c] = v;
      else next[r][c] = v;
      save(model, { [name]: next });
    };
    const weights = filters.map((f, i) => numberGrid(f.length, f[0].length, filters.length > 1 ? `Pair ${i + 1}` : "Weights", change(i)));
    const select = (r, c) => save(model, { cell: [r, c] });
    const sums = outputs.length > 1 ? [...outputs, null] : outputs;
    const outGrids = sums.map((o, i) =>
      matrix(outputs[0].length, outputs[0][0].length, o ? (outputs.length > 1 ? `Result of pair ${i + 1}` : "Result") : "Both results added", { pick: select, move: select }),
    );
    stage.replaceChildren(
      part("Image", inGrid.element),
      h("div", { class: "ck-sign", "aria-hidden": "true" }, "×"),
      h("div", { class: "ck-part" }, ...weights.flatMap((w, i) => [h("div", { class: "ck-label" }, weights.length > 1 ? `Pair ${i + 1}` : "Weights"), w.element])),
      h("div", { class: "ck-sign", "aria-hidden": "true" }, "="),
      ...outGrids.map((g, i) => part(number === 1 ? "Products" : sums[i] ? (outputs.length > 1 ? `Map ${i + 1}` : "Result") : "Sum", g.element)),
    );
    stage.classList.toggle("ck-many", outputs.length > 1);
    paint = () => {
      const now = solve(number, model.get("image"), state());
      const [kh, kw] = number === 1 ? [1, 1] : [now.filters[0].length, now.filters[0][0].length];
      const [r0, c0] = model.get("cell").map((v, i) => Math.min(v, [now.outputs[0].length, now.outputs[0][0].length][i] - 1));
      const [left, right] = number === 3 ? ZEROS[model.get("zeros")] : [0, 0];
      const inside = (r, c) => r >= r0 && r < r0 + kh && c >= c0 && c < c0 + kw;
      inGrid.paint((r, c) => ({ text: fmt(now.input[r][c], 0), grey: now.input[r][c] / 255, mark: inside(r, c), edge: c < left || c >= cols - right }));
      weights.forEach((w, i) => w.paint(now.filters[i]));
      const added = now.outputs.length > 1 ? now.outputs[0].map((row, r) => row.map((v, c) => v + now.outputs[1][r][c])) : null;
      const shown = added ? [...now.outputs, added] : now.outputs;
      shown.forEach((o, i) => {
        const top = largest(o) || 1;
        outGrids[i].paint((r, c) => ({ text: fmt(o[r][c], 0), signed: o[r][c] / top, say: `row ${r + 1}, column ${c + 1}: ${fmt(o[r][c], 0)}`, mark: r === r0 && c === c0 }));
        outGrids[i].home(r0, c0);
      });
      story.replaceChildren(h("strong", {}, `${NAMES[number - 1]}. `), tell(number, now));
      const sum = now.filters.map((f, i) => {
        const terms = [];
        for (let u = 0; u < kh; u++)
          for (let v = 0; v < kw; v++) terms.push(`${fmt(now.input[r0 + u][c0 + v], 0)} × ${fmt(number === 1 ? f[r0][c0] : f[u][v])}`);
        return `${terms.join(" + ")} = ${fmt(now.outputs[i][r0][c0])}`;
      });
      live.textContent = `Row ${r0 + 1}, column ${c0 + 1}: ${sum.join("; ")}${added ? `; together ${fmt(added[r0][c0])}` : ""}.`;
    };
  }
  const fit = () => {
    const [image, weights] = [model.get("image"), model.get("pixel_weights")];
    return image.length === weights.length && image[0].length === weights[0].length;
  };
  const refresh = () => {
    if (!fit()) return void (live.textContent = "Waiting: image and pixel_weights have different shapes.");
    const number = model.get("case");
    const now = solve(number, model.get("image"), state());
    const key = [number, now.input.length, now.input[0].length, now.filters.length, now.filters[0].length, now.filters[0][0].length].join();
    if (key !== shape) {
      const focused = root.contains(document.activeElement) && stage.contains(document.activeElement);
      shape = key;
      build();
      if (focused) stage.querySelector("[tabindex='0'], input")?.focus();
    }
    steps.paint(number);
    zeroChoice.paint(model.get("zeros"));
    zeroChoice.element.hidden = number !== 3;
    paint();
  };
  const end = watch(model, ["image", "case", "cell", ...keys], refresh);
  refresh();
  return end;
}
export default { render };
