// sum(tanh(A B)) by hand: the product and the two of its derivative along rows (i-k-j), as one writes them who minds the
// cache.

/**
 * @typedef {import('../data.mjs').Floats} Floats
 * @param {object} _inputs
 * @param {{ n: number, m: number, k: number }} sizes
 * @param {import('../data.mjs').FloatsOf} Floats
 */
export function make(_inputs, { n, m, k }, Floats) {
  const B = n * k;
  const row = new Floats(m);

  /** @param {Floats} theta A, B @param {Floats} g */
  return function valueAndGrad(theta, g) {
    let value = 0;
    g.fill(0);
    for (let i = 0; i < n; i++) {
      const a = i * k;
      row.fill(0);
      for (let c = 0; c < k; c++) {
        const v = theta[a + c];
        const b = B + c * m;
        for (let j = 0; j < m; j++) row[j] += v * theta[b + j];
      }
      for (let j = 0; j < m; j++) {
        const t = Math.tanh(row[j]);
        value += t;
        row[j] = 1 - t * t;
      }
      for (let c = 0; c < k; c++) {
        const v = theta[a + c];
        const b = B + c * m;
        let sum = 0;
        for (let j = 0; j < m; j++) {
          sum += row[j] * theta[b + j];
          g[b + j] += v * row[j];
        }
        g[a + c] = sum;
      }
    }
    return value;
  };
}
