// sum(tanh(A B)) by hand: three products as the definition has them (i-j-k, a sum for each entry).

/**
 * @typedef {import('../data.mjs').Floats} Floats
 * @param {object} _inputs
 * @param {{ n: number, m: number, k: number }} sizes
 * @param {import('../data.mjs').FloatsOf} Floats
 */
export function make(_inputs, { n, m, k }, Floats) {
  const B = n * k;
  const D = new Floats(n * m);

  /** @param {Floats} theta A, B @param {Floats} g */
  return function valueAndGrad(theta, g) {
    let value = 0;
    for (let i = 0; i < n; i++) {
      for (let j = 0; j < m; j++) {
        let sum = 0;
        for (let c = 0; c < k; c++) sum += theta[i * k + c] * theta[B + c * m + j];
        const t = Math.tanh(sum);
        value += t;
        D[i * m + j] = 1 - t * t;
      }
    }
    for (let i = 0; i < n; i++) {
      for (let c = 0; c < k; c++) {
        let sum = 0;
        for (let j = 0; j < m; j++) sum += D[i * m + j] * theta[B + c * m + j];
        g[i * k + c] = sum;
      }
    }
    for (let c = 0; c < k; c++) {
      for (let j = 0; j < m; j++) {
        let sum = 0;
        for (let i = 0; i < n; i++) sum += theta[i * k + c] * D[i * m + j];
        g[B + c * m + j] = sum;
      }
    }
    return value;
  };
}
