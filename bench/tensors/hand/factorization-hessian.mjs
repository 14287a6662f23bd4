// The Hessian of a matrix factorisation of rank 5 by hand. A block of a row of U with itself is 2 V'V + 2 lambda I, the
// same for all; one of a row of U with a row of V is 2 (v u' - r I) with the residual r. Each row of the matrix is
// written once, from left to right, zeros included: that is faster than to mirror.

const RANK = 5;

/**
 * @typedef {import('../data.mjs').Floats} Floats
 * @param {{ A: Floats, lambda: number }} inputs
 * @param {{ n: number, m: number }} sizes
 */
export function make({ A, lambda }, { n, m }) {
  const V = n * RANK;
  const size = V + m * RANK;
  const gramU = new Float64Array(RANK * RANK);
  const gramV = new Float64Array(RANK * RANK);
  const residuals = new Float64Array(n * m);

  /** @param {Floats} theta U, V @param {Floats} H */
  return function hessian(theta, H) {
    gram(theta, 0, n, gramU);
    gram(theta, V, m, gramV);
    for (let i = 0; i < n; i++) {
      const u = i * RANK;
      const u0 = theta[u];
      const u1 = theta[u + 1];
      const u2 = theta[u + 2];
      const u3 = theta[u + 3];
      const u4 = theta[u + 4];
      for (let j = 0, v = V; j < m; j++, v += RANK) {
        const product =
          u0 * theta[v] + u1 * theta[v + 1] + u2 * theta[v + 2] + u3 * theta[v + 3] + u4 * theta[v + 4];
        residuals[i * m + j] = 2 * (product - A[i * m + j]);
      }
      for (let a = 0; a < RANK; a++) {
        const row = (u + a) * size;
        H.fill(0, row, row + V);
        for (let b = 0; b < RANK; b++) H[row + u + b] = gramV[a * RANK + b];
        for (let j = 0, at = row + V; j < m; j++, at += RANK) {
          const v = 2 * theta[V + j * RANK + a];
          H[at] = v * u0;
          H[at + 1] = v * u1;
          H[at + 2] = v * u2;
          H[at + 3] = v * u3;
          H[at + 4] = v * u4;
          H[at + a] += residuals[i * m + j];
        }
      }
    }
    for (let j = 0; j < m; j++) {
      const v = V + j * RANK;
      const v0 = theta[v];
      const v1 = theta[v + 1];
      const v2 = theta[v + 2];
      const v3 = theta[v + 3];
      const v4 = theta[v + 4];
      for (let b = 0; b < RANK; b++) {
        const row = (v + b) * size;
        for (let i = 0, at = row; i < n; i++, at += RANK) {
          const u = 2 * theta[i * RANK + b];
          H[at] = u * v0;
          H[at + 1] = u * v1;
          H[at + 2] = u * v2;
          H[at + 3] = u * v3;
          H[at + 4] = u * v4;
          H[at + b] += residuals[i * m + j];
        }
        H.fill(0, row + V, row + size);
        for (let a = 0; a < RANK; a++) H[row + v + a] = gramU[b * RANK + a];
      }
    }
  };

  /** 2 M'M + 2 lambda I of the matrix at `from`. @param {Floats} theta @param {number} from @param {number} rows @param {Float64Array} out */
  function gram(theta, from, rows, out) {
    out.fill(0);
    for (let a = 0; a < RANK; a++) out[a * RANK + a] = 2 * lambda;
    for (let i = 0, at = from; i < rows; i++, at += RANK)
      for (let a = 0; a < RANK; a++)
        for (let b = 0; b < RANK; b++) out[a * RANK + b] += 2 * theta[at + a] * theta[at + b];
  }
}
