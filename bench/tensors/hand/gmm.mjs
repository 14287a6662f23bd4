// The Gaussian mixture of ADBench by hand, point by point: distances to all components, their weights, and with these
// the gradients. Half of each triangular matrix is never looked at.

const LOG_2PI = Math.log(2 * Math.PI);

/**
 * @typedef {import('../data.mjs').Floats} Floats
 * @param {{ X: Floats }} inputs
 * @param {{ n: number, d: number, k: number }} sizes
 */
export function make({ X }, { n, d, k }) {
  const triangle = (d * (d - 1)) / 2;
  const MU = k;
  const Q = MU + k * d;
  const L = Q + k * d;
  const diagonal = new Float64Array(k * d);
  const offset = new Float64Array(k);
  const centred = new Float64Array(k * d);
  const scaled = new Float64Array(k * d);
  const logs = new Float64Array(k);
  const sums = new Float64Array(L + k * triangle);

  /** @param {Floats} theta alpha, mu, q, l @param {Floats} g */
  return function valueAndGrad(theta, g) {
    let prior = 0;
    let maxAlpha = -Infinity;
    for (let c = 0; c < k; c++) {
      let sum = theta[c];
      if (sum > maxAlpha) maxAlpha = sum;
      for (let j = 0; j < d; j++) {
        const q = theta[Q + c * d + j];
        const e = Math.exp(q);
        sum += q;
        diagonal[c * d + j] = e;
        prior += e * e;
      }
      offset[c] = sum;
    }
    for (let p = L; p < sums.length; p++) prior += theta[p] * theta[p];
    sums.fill(0);

    let value = 0;
    for (let i = 0; i < n; i++) {
      let max = -Infinity;
      for (let c = 0; c < k; c++) {
        const from = c * d;
        for (let j = 0; j < d; j++) {
          const v = X[i * d + j] - theta[MU + from + j];
          centred[from + j] = v;
          scaled[from + j] = diagonal[from + j] * v;
        }
        let p = L + c * triangle;
        for (let j = 0; j < d - 1; j++) {
          const v = centred[from + j];
          for (let r = j + 1; r < d; r++) scaled[from + r] += theta[p++] * v;
        }
        let squares = 0;
        for (let j = 0; j < d; j++) squares += scaled[from + j] * scaled[from + j];
        logs[c] = offset[c] - squares / 2;
        if (logs[c] > max) max = logs[c];
      }
      let sum = 0;
      for (let c = 0; c < k; c++) sum += logs[c] = Math.exp(logs[c] - max);
      value += max + Math.log(sum);

      for (let c = 0; c < k; c++) {
        const weight = logs[c] / sum;
        const from = c * d;
        sums[c] += weight;
        let p = L + c * triangle;
        for (let j = 0; j < d; j++) {
          const v = centred[from + j];
          const w = weight * v;
          let adjoint = diagonal[from + j] * scaled[from + j];
          sums[Q + from + j] += weight - w * adjoint;
          for (let r = j + 1; r < d; r++, p++) {
            adjoint += theta[p] * scaled[from + r];
            sums[p] -= w * scaled[from + r];
          }
          sums[MU + from + j] += weight * adjoint;
        }
      }
    }

    let sumAlpha = 0;
    for (let c = 0; c < k; c++) sumAlpha += Math.exp(theta[c] - maxAlpha);
    for (let c = 0; c < k; c++) g[c] = sums[c] - (n * Math.exp(theta[c] - maxAlpha)) / sumAlpha;
    for (let p = MU; p < Q; p++) g[p] = sums[p];
    for (let p = 0; p < k * d; p++) g[Q + p] = sums[Q + p] + diagonal[p] * diagonal[p];
    for (let p = L; p < sums.length; p++) g[p] = sums[p] + theta[p];
    return value - n * (maxAlpha + Math.log(sumAlpha) + (d / 2) * LOG_2PI) + prior / 2;
  };
}
