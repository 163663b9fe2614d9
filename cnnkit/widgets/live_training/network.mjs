// A small network that learns: eight 3×3 filters, ReLU, 2×2 max pooling, one dense layer.
// Images are 8×8 in one line, ink is 1. Weights are plain lists of numbers.

export const FILTERS = 8;
const [SIDE, HALF, WIDE] = [8, 4, 10]; // an image, a pooled map, an image in its ring of zeros
const POOLED = FILTERS * HALF * HALF;

/** Random numbers from 0 to 1 that are the same for the same seed (mulberry32). */
export function dice(seed) {
  let a = seed >>> 0;
  return () => {
    a = (a + 0x6d2b79f5) >>> 0;
    let t = Math.imul(a ^ (a >>> 15), 1 | a);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Fresh weights: spread √(2/n) for the filters, √(1/n) for the dense layer, biases 0. */
export function fresh(roll) {
  const normal = () => Math.sqrt(-2 * Math.log(1 - roll())) * Math.cos(2 * Math.PI * roll());
  const draw = (count, spread) => Array.from({ length: count }, () => normal() * spread);
  return {
    filters: draw(FILTERS * 9, Math.sqrt(2 / 9)),
    shifts: Array(FILTERS).fill(0),
    dense: draw(10 * POOLED, Math.sqrt(1 / POOLED)),
    biases: Array(10).fill(0),
  };
}

/** An image with a ring of zeros around it: 10×10 in one line. */
function padded(image) {
  const x = new Float64Array(WIDE ** 2);
  for (let p = 0; p < SIDE * SIDE; p++) {
    x[((p >> 3) + 1) * WIDE + (p & 7) + 1] = image[p];
  }
  return x;
}

/** Every value on the way from an image to ten logits; `winners` are the places that pooling took. */
export function forward({ filters, shifts, dense, biases }, image) {
  const x = padded(image);
  const pooled = new Float64Array(POOLED);
  const winners = new Int32Array(POOLED);
  for (let f = 0, q = 0; f < FILTERS; f++) {
    const k = 9 * f;
    const [a, b, c] = [filters[k], filters[k + 1], filters[k + 2]];
    const [d, e, g] = [filters[k + 3], filters[k + 4], filters[k + 5]];
    const [h, u, v] = [filters[k + 6], filters[k + 7], filters[k + 8]];
    for (let i = 0; i < SIDE; i += 2) {
      for (let j = 0; j < SIDE; j += 2, q++) {
        winners[q] = -1; // ReLU: what is not positive wins nothing
        for (let p = 0; p < 4; p++) {
          const o = (i + (p >> 1)) * WIDE + j + (p & 1);
          const m = o + WIDE;
          const n = m + WIDE;
          let sum = shifts[f] + a * x[o] + b * x[o + 1] + c * x[o + 2];
          sum += d * x[m] + e * x[m + 1] + g * x[m + 2];
          sum += h * x[n] + u * x[n + 1] + v * x[n + 2];
          if (sum > pooled[q]) {
            pooled[q] = sum;
            winners[q] = o;
          }
        }
      }
    }
  }
  const logits = biases.slice();
  for (let d = 0, w = 0; d < 10; d++) {
    let sum = 0;
    for (let q = 0; q < POOLED; q++) sum += dense[w++] * pooled[q];
    logits[d] += sum;
  }
  return { x, pooled, winners, logits };
}

/** Softmax of the logits, and minus the logarithm of what the right class got. */
export function judge(logits, label) {
  const top = Math.max(...logits);
  const powers = logits.map((z) => Math.exp(z - top));
  const sum = powers.reduce((a, b) => a + b, 0);
  const loss = Math.log(sum) + top - logits[label];
  return { probabilities: powers.map((v) => v / sum), loss };
}

/** The mean loss of a batch, and its gradient for every weight. */
export function gradients(net, images, labels) {
  const grad = {};
  for (const name of Object.keys(net)) grad[name] = new Float64Array(net[name].length);
  let loss = 0;
  for (const [n, image] of images.entries()) {
    const seen = forward(net, image);
    const answer = judge(seen.logits, labels[n]);
    loss += answer.loss / images.length;
    const push = answer.probabilities.map(
      (p, d) => (p - (d === labels[n] ? 1 : 0)) / images.length,
    );
    backward(net, seen, push, grad);
  }
  return { loss, grad };
}

/** Send the gradient of the logits back through one image, and add it to what others have sent. */
function backward({ dense }, { x, pooled, winners }, push, grad) {
  for (let d = 0; d < 10; d++) {
    grad.biases[d] += push[d];
    for (let q = 0; q < POOLED; q++) grad.dense[d * POOLED + q] += push[d] * pooled[q];
  }
  for (let q = 0; q < POOLED; q++) {
    const o = winners[q];
    if (o < 0) continue; // ReLU let nothing through
    let slope = 0;
    for (let d = 0; d < 10; d++) slope += push[d] * dense[d * POOLED + q];
    const f = q >> 4;
    grad.shifts[f] += slope;
    for (let t = 0; t < 9; t++) {
      grad.filters[9 * f + t] += slope * x[o + WIDE * Math.floor(t / 3) + (t % 3)];
    }
  }
}

/** One step on a batch: each weight of `net` moves against its gradient. Gives the network back. */
export function stepped(net, images, labels, rate) {
  const { grad } = gradients(net, images, labels);
  for (const name of Object.keys(net)) {
    const [weights, slopes] = [net[name], grad[name]];
    for (let i = 0; i < weights.length; i++) weights[i] -= rate * slopes[i];
  }
  return net;
}

/** Mean loss, and the share of images that are read rightly. */
export function evaluate(net, images, labels) {
  let [loss, right] = [0, 0];
  for (const [n, image] of images.entries()) {
    const { logits } = forward(net, image);
    loss += judge(logits, labels[n]).loss / images.length;
    if (logits.indexOf(Math.max(...logits)) === labels[n]) right += 1 / images.length;
  }
  return { loss, right };
}

const SIGNS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/** Images of 8×8 from text, two pixels of eight levels in a sign. */
export function unpack(text) {
  const images = [];
  for (let at = 0; at < text.length; at += 32) {
    const pairs = Array.from(text.slice(at, at + 32), (sign) => SIGNS.indexOf(sign));
    images.push(Float64Array.from(pairs.flatMap((v) => [(v >> 3) / 7, (v & 7) / 7])));
  }
  return images;
}

export const BATCH = 16;
const LEARN = 300; // the others are for the test
export const EVERY = 10; // steps from one look at loss and accuracy to the next

/** A training under way: `step(rate)` takes a step, `history` holds a look at each tenth. */
export function training(digits, labels, seed) {
  const images = unpack(digits);
  const answers = Array.from(labels, Number);
  const [seen, kept] = [answers.slice(0, LEARN), answers.slice(LEARN)];
  const roll = dice(seed);
  const net = fresh(roll);
  const run = { seed, net, steps: 0, history: [] };
  const look = () => {
    const [learned, tested] = [
      evaluate(net, images.slice(0, LEARN), seen),
      evaluate(net, images.slice(LEARN), kept),
    ];
    run.history.push({
      losses: [learned.loss, tested.loss],
      rights: [learned.right, tested.right],
    });
  };
  run.step = (rate) => {
    const batch = Array.from({ length: BATCH }, () => Math.floor(roll() * LEARN));
    const [drawn, truth] = [batch.map((n) => images[n]), batch.map((n) => seen[n])];
    stepped(net, drawn, truth, rate);
    run.steps++;
    if (run.steps % EVERY === 0) look();
  };
  look();
  return run;
}

/** A whole training at once: its history. */
export function trained(digits, labels, seed, rate, steps) {
  const run = training(digits, labels, seed);
  while (run.steps < steps) run.step(rate);
  return run.history;
}
