// The Hessian of ten layers that share W by hand. With z_l what goes into the tanh of layer l and h_l what comes out,
// the chain rule gives the block of rows i and j of W as a sum of outer products over a and b,
//
//   sum_m,q C_mq[i,j] h_m[a] h_q[b]  +  sum_q F_q[i,j][a] h_q[b]  +  sum_q h_q[a] F_q[j,i][b],
//
//   C_mq = sum_l (dz_l/dz_m)' diag(bend_l) dz_l/dz_q      what the curvature of each tanh adds,
//   F_q[i,j][a] = sum_(l>q) delta_l[i] dh_l[a]/dz_q[j]    that W meets what came out of an earlier layer,
//
// where h_q is what goes into layer q. That is a product of n x 19 and 19 x n matrices for each i <= j; the block of
// j and i is its transpose and written with it. C is built backwards, C_mq = diag(slope_m) W' C_(m+1)q.

const LAYERS = 10;
const TERMS = 2 * LAYERS - 1;

/**
 * @param {{ h: Float64Array }} inputs
 * @param {{ d: number }} sizes at least 3
 */
export function make({ h }, { d }) {
  const size = d * d;
  const kept = new Float64Array((LAYERS + 1) * d);
  kept.set(h);
  const slope = new Float64Array(LAYERS * d);
  const delta = new Float64Array(LAYERS * d);
  const bend = new Float64Array(LAYERS * d);
  const adjoint = new Float64Array(d);
  // dh_l[a]/dz_q[j] at [q][j][l][a], C_mq[i,j] at [q][i][j][m] for m <= q
  const onward = new Float64Array(LAYERS * size * LAYERS);
  const C = new Float64Array(LAYERS * size * LAYERS);
  const turned = new Float64Array(size);
  const current = new Float64Array(size);
  const product = new Float64Array(size);
  const transposed = new Float64Array(size);
  const left = new Float64Array(TERMS * d);
  const right = new Float64Array(TERMS * d);
  const weights = new Float64Array(LAYERS * LAYERS);

  /** @param {Float64Array} W @param {Float64Array} H */
  return function hessian(W, H) {
    forward(W);
    backward(W);
    propagate(W);
    curve(W);
    right.set(kept.subarray(0, LAYERS * d));
    left.set(kept.subarray(0, (LAYERS - 1) * d), LAYERS * d);
    for (let i = 0; i < d; i++) {
      for (let j = i; j < d; j++) {
        weigh(i, j);
        meet(i, j);
        multiply(left, right, TERMS, d, H, (i * size + j) * d, size, H, (j * size + i) * d);
      }
    }
  };

  /** @param {Float64Array} W */
  function forward(W) {
    for (let l = 0; l < LAYERS; l++) {
      for (let i = 0; i < d; i++) {
        let z = 0;
        for (let j = 0; j < d; j++) z += W[i * d + j] * kept[l * d + j];
        const out = Math.tanh(z);
        kept[(l + 1) * d + i] = out;
        slope[l * d + i] = 1 - out * out;
      }
    }
  }

  /** Derivatives by z: `delta`, and `bend` of second order within one tanh. @param {Float64Array} W */
  function backward(W) {
    adjoint.fill(1);
    for (let l = LAYERS - 1; l >= 0; l--) {
      for (let i = 0; i < d; i++) {
        delta[l * d + i] = adjoint[i] * slope[l * d + i];
        bend[l * d + i] = -2 * kept[(l + 1) * d + i] * delta[l * d + i];
      }
      adjoint.fill(0);
      for (let i = 0; i < d; i++) {
        const g = delta[l * d + i];
        for (let j = 0; j < d; j++) adjoint[j] += g * W[i * d + j];
      }
    }
  }

  /** dh_l/dz_q = diag(slope_l) W dh_(l-1)/dz_q. @param {Float64Array} W */
  function propagate(W) {
    for (let i = 0; i < d; i++) for (let j = 0; j < d; j++) turned[j * d + i] = W[i * d + j];
    for (let q = 0; q < LAYERS - 1; q++) {
      transposed.fill(0);
      for (let i = 0; i < d; i++) transposed[i * d + i] = 1;
      product.set(transposed);
      for (let l = q; l < LAYERS - 1; l++) {
        if (l > q) multiply(turned, current, d, d, product, 0, d, transposed, 0);
        for (let j = 0; j < d; j++) {
          const to = ((q * d + j) * LAYERS + l) * d;
          for (let a = 0; a < d; a++) {
            current[j * d + a] = slope[l * d + j] * product[j * d + a];
            onward[to + a] = slope[l * d + a] * transposed[j * d + a];
          }
        }
      }
    }
  }

  /** @param {Float64Array} W */
  function curve(W) {
    for (let q = LAYERS - 1; q >= 0; q--) {
      current.fill(0);
      if (q < LAYERS - 1) {
        for (let i = 0; i < d; i++)
          for (let j = 0; j < d; j++) transposed[j * d + i] = C[((q + 1) * size + i * d + j) * LAYERS + q];
        multiply(transposed, W, d, d, current, 0, d, product, 0);
      }
      for (let i = 0; i < d; i++) {
        for (let j = 0; j < d; j++) current[i * d + j] *= slope[q * d + j];
        current[i * d + i] += bend[q * d + i];
      }
      for (let e = 0; e < size; e++) C[(q * size + e) * LAYERS + q] = current[e];
      for (let m = q - 1; m >= 0; m--) {
        multiply(W, current, d, d, product, 0, d, transposed, 0);
        for (let i = 0; i < d; i++) {
          for (let e = i * d; e < (i + 1) * d; e++) {
            current[e] = slope[m * d + i] * product[e];
            C[(q * size + e) * LAYERS + m] = current[e];
          }
        }
      }
    }
  }

  /** The first ten rows of `left`: sum_m C_mq[i,j] h_m. @param {number} i @param {number} j */
  function weigh(i, j) {
    for (let q = 0; q < LAYERS; q++) {
      const upper = (q * size + i * d + j) * LAYERS;
      const lower = (q * size + j * d + i) * LAYERS;
      for (let m = 0; m <= q; m++) {
        weights[q * LAYERS + m] = C[upper + m];
        weights[m * LAYERS + q] = C[lower + m];
      }
    }
    for (let q = 0, w = 0; q < LAYERS; q++, w += LAYERS) {
      const w0 = weights[w];
      const w1 = weights[w + 1];
      const w2 = weights[w + 2];
      const w3 = weights[w + 3];
      const w4 = weights[w + 4];
      const w5 = weights[w + 5];
      const w6 = weights[w + 6];
      const w7 = weights[w + 7];
      const w8 = weights[w + 8];
      const w9 = weights[w + 9];
      for (let a = 0; a < d; a++) {
        left[q * d + a] =
          w0 * kept[a] +
          w1 * kept[d + a] +
          w2 * kept[2 * d + a] +
          w3 * kept[3 * d + a] +
          w4 * kept[4 * d + a] +
          w5 * kept[5 * d + a] +
          w6 * kept[6 * d + a] +
          w7 * kept[7 * d + a] +
          w8 * kept[8 * d + a] +
          w9 * kept[9 * d + a];
      }
    }
  }

  /** Adds F_q[i,j] to the first rows of `left`, puts F_q[j,i] into the last of `right`. @param {number} i @param {number} j */
  function meet(i, j) {
    for (let q = 0; q < LAYERS - 1; q++) {
      const row = (LAYERS + q) * d;
      for (let a = 0; a < d; a++) {
        let fij = 0;
        let fji = 0;
        let p = ((q * d + j) * LAYERS + q) * d + a;
        let r = ((q * d + i) * LAYERS + q) * d + a;
        for (let l = q + 1; l < LAYERS; l++, p += d, r += d) {
          fij += delta[l * d + i] * onward[p];
          fji += delta[l * d + j] * onward[r];
        }
        left[q * d + a] += fij;
        right[row + a] = fji;
      }
    }
  }
}

/**
 * left' right, n x n, of matrices of `terms` rows, to `at` of `out`, and its transpose to `to` of `mirror`. In tiles of
 * 3 x 3, of which the last overlaps the one before.
 * @param {Float64Array} left @param {Float64Array} right @param {number} terms @param {number} n
 * @param {Float64Array} out @param {number} at @param {number} stride
 * @param {Float64Array} mirror @param {number} to
 */
function multiply(left, right, terms, n, out, at, stride, mirror, to) {
  for (let a = 0; a < n; a += 3) {
    const i = Math.min(a, n - 3);
    for (let b = 0; b < n; b += 3) {
      const j = Math.min(b, n - 3);
      tile(left, i, right, j, terms, n, out, at + i * stride + j, stride, mirror, to + j * stride + i);
    }
  }
}

/**
 * @param {Float64Array} left @param {number} l @param {Float64Array} right @param {number} r
 * @param {number} terms @param {number} n
 * @param {Float64Array} out @param {number} at @param {number} stride
 * @param {Float64Array} mirror @param {number} to
 */
function tile(left, l, right, r, terms, n, out, at, stride, mirror, to) {
  let t00 = 0;
  let t01 = 0;
  let t02 = 0;
  let t10 = 0;
  let t11 = 0;
  let t12 = 0;
  let t20 = 0;
  let t21 = 0;
  let t22 = 0;
  for (let k = 0; k < terms; k++, l += n, r += n) {
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
  out[at] = t00;
  out[at + 1] = t01;
  out[at + 2] = t02;
  out[at + stride] = t10;
  out[at + stride + 1] = t11;
  out[at + stride + 2] = t12;
  out[at + 2 * stride] = t20;
  out[at + 2 * stride + 1] = t21;
  out[at + 2 * stride + 2] = t22;
  mirror[to] = t00;
  mirror[to + 1] = t10;
  mirror[to + 2] = t20;
  mirror[to + stride] = t01;
  mirror[to + stride + 1] = t11;
  mirror[to + stride + 2] = t21;
  mirror[to + 2 * stride] = t02;
  mirror[to + 2 * stride + 1] = t12;
  mirror[to + 2 * stride + 2] = t22;
}
