// The Hessian of a logistic regression by hand: X' diag(s) X with a column of ones for the bias, one triangle of it in
// tiles of 3 x 3 that stay in variables while 64 samples are added, then mirrored.

const SAMPLES = 64;

/**
 * @typedef {import('../data.mjs').Floats} Floats
 * @param {{ X: Floats, lambda: number }} inputs
 * @param {{ n: number, d: number }} sizes
 */
export function make({ X, lambda }, { n, d }) {
  const size = d + 1;
  const panels = Math.ceil(size / 3);
  const stride = 3 * panels;
  // panels of three columns, sample after sample, as they are and times s
  const plain = new Float64Array(stride * SAMPLES);
  const scaled = new Float64Array(stride * SAMPLES);
  const sums = new Float64Array(stride * stride);

  /** @param {Floats} theta w, b @param {Floats} H */
  return function hessian(theta, H) {
    sums.fill(0);
    for (let from = 0; from < n; from += SAMPLES) {
      const count = Math.min(SAMPLES, n - from);
      for (let i = 0; i < count; i++) pack(theta, from + i, i);
      for (let p = 0; p < panels; p++)
        for (let q = p; q < panels; q++)
          addTile(scaled, p * 3 * SAMPLES, plain, q * 3 * SAMPLES, count, sums, 3 * (p * stride + q), stride);
    }
    for (let j = 0; j < size; j++) {
      for (let k = j; k < size; k++) {
        let sum = sums[j * stride + k] / n;
        if (j === k && j < d) sum += lambda;
        H[j * size + k] = sum;
        H[k * size + j] = sum;
      }
    }
  };

  /** Row `i` of X and its logit, to place `at` of the panels. @param {Floats} theta @param {number} i @param {number} at */
  function pack(theta, i, at) {
    const row = i * d;
    let z = theta[d];
    for (let j = 0; j < d; j++) z += X[row + j] * theta[j];
    const e = Math.exp(-Math.abs(z));
    const s = e / ((1 + e) * (1 + e));
    for (let panel = 0, j = 0; panel < panels; panel++) {
      const to = 3 * (panel * SAMPLES + at);
      for (let c = 0; c < 3; c++, j++) {
        const x = j < d ? X[row + j] : j === d ? 1 : 0;
        plain[to + c] = x;
        scaled[to + c] = s * x;
      }
    }
  }
}

/**
 * Adds left' right of two panels to the tile at `at`.
 * @param {Float64Array} left @param {number} l
 * @param {Float64Array} right @param {number} r
 * @param {number} count
 * @param {Float64Array} sums @param {number} at @param {number} stride
 */
function addTile(left, l, right, r, count, sums, at, stride) {
  let t00 = 0;
  let t01 = 0;
  let t02 = 0;
  let t10 = 0;
  let t11 = 0;
  let t12 = 0;
  let t20 = 0;
  let t21 = 0;
  let t22 = 0;
  for (let i = 0; i < count; i++, l += 3, r += 3) {
    const y0 = right[r];
    const y1 = right[r + 1];
    const y2 = right[r + 2];
    const x0 = left[l];
    t00 += x0 * y0;
    t01 += x0 * y1;
    t02 += x0 * y2;
    const x1 = left[l + 1];
    t10 += x1 * y0;
    t11 += x1 * y1;
    t12 += x1 * y2;
    const x2 = left[l + 2];
    t20 += x2 * y0;
    t21 += x2 * y1;
    t22 += x2 * y2;
  }
  sums[at] += t00;
  sums[at + 1] += t01;
  sums[at + 2] += t02;
  sums[at + stride] += t10;
  sums[at + stride + 1] += t11;
  sums[at + stride + 2] += t12;
  sums[at + 2 * stride] += t20;
  sums[at + 2 * stride + 1] += t21;
  sums[at + 2 * stride + 2] += t22;
}
