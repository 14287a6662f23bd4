// Logistic regression by hand: a row of X is read for its logit and, while it is at hand, again for the gradient.

/**
 * @typedef {import('../data.mjs').Floats} Floats
 * @param {{ X: Floats, y: Floats, lambda: number }} inputs
 * @param {{ n: number, d: number }} sizes
 */
export function make({ X, y, lambda }, { n, d }) {
  const sum = new Float64Array(d);

  /** @param {Floats} theta w, b @param {Floats} g */
  return function valueAndGrad(theta, g) {
    const b = theta[d];
    let loss = 0;
    let gb = 0;
    sum.fill(0);
    for (let i = 0, row = 0; i < n; i++, row += d) {
      let z = b;
      for (let j = 0; j < d; j++) z += X[row + j] * theta[j];
      const e = Math.exp(-Math.abs(z));
      loss += Math.max(z, 0) + Math.log1p(e) - y[i] * z;
      const r = (z >= 0 ? 1 : e) / (1 + e) - y[i];
      for (let j = 0; j < d; j++) sum[j] += r * X[row + j];
      gb += r;
    }
    let ww = 0;
    for (let j = 0; j < d; j++) {
      ww += theta[j] * theta[j];
      g[j] = sum[j] / n + lambda * theta[j];
    }
    g[d] = gb / n;
    return loss / n + (lambda / 2) * ww;
  };
}
