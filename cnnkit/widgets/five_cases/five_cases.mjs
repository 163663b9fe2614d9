// From one weight per pixel to a small window of weights that slides: five steps on one digit.
import {
  button,
  choice,
  conv2d,
  copy,
  fmt,
  frame,
  h,
  keyed,
  label,
  largest,
  matrix,
  numberGrid,
  part,
  save,
  sign,
  text,
  tools,
  total,
  watch,
} from "../base.mjs";

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
    const score = total(product.flat());
    return { input: image, filters: [pixel_weights], outputs: [product], score };
  }
  const input = number === 3 ? padColumns(image, ZEROS[zeros]) : image;
  const filters = { 2: [[pair]], 3: [[pair]], 4: pairs.map((p) => [p]), 5: [kernel] }[number];
  return { input, filters, outputs: filters.map((f) => conv2d([input], [[f]])[0]) };
}

/** How often each column of the input is read when a pair slides along it. */
export const uses = (width) => Array.from({ length: width }, (_, c) => (c > 0) + (c < width - 1));

const NAMES = [
  "One weight a pixel",
  "A sliding pair",
  "Zeros at the side",
  "Two pairs",
  "A square window",
];

const WEIGHTS = ["pixel_weights", "pair", "pair", "pairs", "kernel"]; // the trait of each case
const KEYS = ["pixel_weights", "pair", "pairs", "kernel", "zeros"];

/** The case, what it makes of the image, and the chosen result at (r0, c0). */
function read(model) {
  const number = model.get("case");
  const traits = Object.fromEntries(KEYS.map((k) => [k, model.get(k)]));
  const solved = solve(number, model.get("image"), traits);
  const { filters, outputs } = solved;
  const [rows, cols] = [outputs[0].length, outputs[0][0].length];
  const [r, c] = model.get("cell");
  const [r0, c0] = [Math.min(r, rows - 1), Math.min(c, cols - 1)];
  const [kh, kw] = number === 1 ? [1, 1] : [filters[0].length, filters[0][0].length];
  const zeros = number === 3 ? ZEROS[traits.zeros] : [0, 0];
  const sum =
    outputs.length > 1 ? outputs[0].map((row, i) => row.map((v, j) => v + outputs[1][i][j])) : null;
  return { number, ...solved, sum, rows, cols, r0, c0, kh, kw, zeros };
}

/** What each case teaches, told with the numbers at hand. */
const STORIES = {
  1: ({ input, score }) => {
    const count = input.length * input[0].length;
    return text(
      `${count} pixels, ${count} weights, one score: ${fmt(score)}.`,
      "Shift the image: the weights stay where they are, and the score is another.",
    );
  },
  2: ({ input, cols }) => {
    const width = input[0].length;
    return text(
      `Two weights, shared by all positions. ${width} columns become ${cols},`,
      `and the columns are read ${uses(width).join(", ")} times: the edges count once.`,
    );
  },
  3: ({ input, cols, zeros }) => {
    const become = `With zeros at the side ${input[0].length - total(zeros)} columns become ${cols}.`;
    if (zeros[0] && zeros[1]) {
      return text(
        become,
        "Every pixel is read twice now, but two extra columns widen the result:",
        "a pair has no middle.",
      );
    }
    return text(
      become,
      "The width is kept and one more edge counts twice.",
      "A pair has no middle, so the two sides stay unequal.",
    );
  },
  4: () =>
    text(
      "Each pair finds its own pattern and gives its own map.",
      "Kept apart, they are two channels.",
      "Added up, they are no more than one pair with the summed weights.",
    ),
  5: ({ kh, kw, rows, cols }) =>
    text(
      `A window of ${kh} × ${kw} weights reads rows and columns at once,`,
      `and the result is smaller in both directions: ${rows} × ${cols}.`,
    ),
};

/** How the chosen results were computed, in words. */
function sentence({ number, input, filters, outputs, sum, r0, c0, kh, kw }) {
  const sums = filters.map((f, i) => {
    const terms = [];
    for (let u = 0; u < kh; u++) {
      for (let v = 0; v < kw; v++) {
        const weight = number === 1 ? f[r0][c0] : f[u][v];
        terms.push(`${fmt(input[r0 + u][c0 + v], 0)} × ${fmt(weight)}`);
      }
    }
    return `${terms.join(" + ")} = ${fmt(outputs[i][r0][c0])}`;
  });
  const together = sum ? `; together ${fmt(sum[r0][c0])}` : "";
  return `Row ${r0 + 1}, column ${c0 + 1}: ${sums.join("; ")}${together}.`;
}

function imageGrid({ input }) {
  const grid = matrix(input.length, input[0].length, "Input");
  const paint = ({ input, r0, c0, kh, kw, zeros: [left, right] }) =>
    grid.paint((r, c) => ({
      text: fmt(input[r][c], 0),
      grey: input[r][c] / 255,
      mark: r >= r0 && r < r0 + kh && c >= c0 && c < c0 + kw,
      edge: c < left || c >= input[0].length - right,
    }));
  return { element: grid.element, paint };
}

/** A grid of number boxes for each set of weights. */
function weightGrids(model, { number, filters }) {
  const trait = WEIGHTS[number - 1];
  const change = (i) => (r, c, v) => {
    const weights = copy(model.get(trait));
    const row = { pair: weights, pairs: weights[i] }[trait] ?? weights[r];
    row[c] = v;
    save(model, { [trait]: weights });
  };
  return filters.map((f, i) => {
    const name = filters.length > 1 ? `Pair ${i + 1}` : "Weights";
    return { name, ...numberGrid(f.length, f[0].length, name, change(i)) };
  });
}

/** A grid for each result, and one for their sum where there are two. */
function resultGrids(model, { number, outputs, sum, rows, cols }) {
  const pick = (r, c) => save(model, { cell: [r, c] });
  const grid = (title, name) => ({ title, ...matrix(rows, cols, name, { pick, move: pick }) });
  if (!sum) return [grid(number === 1 ? "Products" : "Result", "Result")];
  const maps = outputs.map((_, i) => grid(`Map ${i + 1}`, `Result of pair ${i + 1}`));
  return [...maps, grid("Sum", "Both results added")];
}

function paintResult(grid, values, { r0, c0 }) {
  const top = largest(values) || 1;
  grid.paint((r, c) => ({
    text: fmt(values[r][c], 0),
    signed: values[r][c] / top,
    say: `row ${r + 1}, column ${c + 1}: ${fmt(values[r][c], 0)}`,
    mark: r === r0 && c === c0,
  }));
  grid.home(r0, c0);
}

/** The image, the weights and the results of one case. */
function build(model, stage) {
  const now = read(model);
  const [image, weights, results] = [
    imageGrid(now),
    weightGrids(model, now),
    resultGrids(model, now),
  ];
  stage.replaceChildren(
    part("Image", image.element),
    sign("×"),
    h("div", { class: "ck-part" }, ...weights.flatMap((w) => [label(w.name), w.element])),
    sign("="),
    ...results.map((g) => part(g.title, g.element)),
  );
  stage.classList.toggle("ck-many", results.length > 1);
  return (now) => {
    image.paint(now);
    for (const [i, grid] of weights.entries()) grid.paint(now.filters[i]);
    for (const [i, grid] of results.entries()) paintResult(grid, now.outputs[i] ?? now.sum, now);
  };
}

function render({ model, el }) {
  const { root, live } = frame(
    el,
    "five_cases",
    "Five ways to put weights on a 4",
    "Step through the cases, change the weights, and point at a result to see where it comes from.",
  );
  const cases = NAMES.map((name, i) => [i + 1, String(i + 1), name]);
  const steps = choice("Case", cases, (number) => save(model, { case: number, cell: [0, 0] }));
  const story = h("p", { class: "ck-story" });
  const stage = h("div", { class: "ck-flow ck-stage" });
  const shift = button("Shift the image one column", () =>
    save(model, { image: shiftRight(model.get("image")) }),
  );
  const sides = [
    ["right", "zeros on the right"],
    ["left", "on the left"],
    ["both", "on both sides"],
  ];
  const zeroChoice = choice("Where zeros are added", sides, (zeros) => save(model, { zeros }));
  root.append(steps.element, story, stage, tools(shift, zeroChoice.element), live);

  let paint;
  const rebuild = keyed(stage, () => {
    paint = build(model, stage);
  });
  const refresh = () => {
    const [image, weights] = [model.get("image"), model.get("pixel_weights")];
    if (image.length !== weights.length || image[0].length !== weights[0].length) {
      live.textContent = "Waiting: image and pixel_weights have different shapes.";
      return;
    }
    const now = read(model);
    const { number, input, filters } = now;
    const sizes = [
      input.length,
      input[0].length,
      filters.length,
      filters[0].length,
      filters[0][0].length,
    ];
    rebuild([number, ...sizes].join());
    steps.paint(number);
    zeroChoice.paint(model.get("zeros"));
    zeroChoice.element.hidden = number !== 3;
    story.replaceChildren(h("strong", {}, `${NAMES[number - 1]}. `), STORIES[number](now));
    paint(now);
    live.textContent = sentence(now);
  };
  const end = watch(model, ["image", "case", "cell", ...KEYS], refresh);
  refresh();
  return end;
}
export default { render };
