// Matrix factorisation by hand: an entry of A is read once, its residual goes into both gradients at once.

/**
 * @typedef {import('../data.mjs').Floats} Floats
 * @param {{ A: Floats, lambda: number }} inputs
 * @param {{ n: number, m: number, k: number }} sizes
 */
export function make({ A, lambda }, { n, m, k }) {
  const V = n * k;
  const gu = new Float64Array(k);

  /** @param {Floats} theta U, V @param {Floats} g */
  return function valueAndGrad(theta, g) {
    let squares = 0;
    for (let p = 0; p < (n + m) * k; p++) {
      squares += theta[p] * theta[p];
      g[p] = 2 * lambda * theta[p];
    }
    let value = 0;
    for (let i = 0; i < n; i++) {
      gu.fill(0);
      const u = i * k;
      for (let j = 0, v = V; j < m; j++, v += k) {
        let r = -A[i * m + j];
        for (let c = 0; c < k; c++) r += theta[u + c] * theta[v + c];
        value += r * r;
        r *= 2;
        for (let c = 0; c < k; c++) {
          gu[c] += r * theta[v + c];
          g[v + c] += r * theta[u + c];
        }
      }
      for (let c = 0; c < k; c++) g[u + c] += gu[c];
    }
    return value + lambda * squares;
  };
}
