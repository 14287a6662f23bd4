// Helmholtz energy of samples/helmholtz.expr by hand: the gradient of x'Ax is 2 Ax, one division serves the four
// logarithms' common factor. theta = [x1, x2, x3, x4].

const SQRT2 = Math.sqrt(2);
const UP = 1 + SQRT2;
const DOWN = 1 - SQRT2;
const SQRT8 = 2 * SQRT2;

/** @param {Float64Array} theta @param {Float64Array} g */
export function valueAndGrad(theta, g) {
  const x1 = theta[0];
  const x2 = theta[1];
  const x3 = theta[2];
  const x4 = theta[3];
  const bx = 0.08 * x1 + 0.06 * x2 + 0.05 * x3 + 0.03 * x4;
  const a1 = 0.09 * x1 + 0.05 * x2 + 0.04 * x3 + 0.02 * x4;
  const a2 = 0.05 * x1 + 0.07 * x2 + 0.03 * x3 + 0.01 * x4;
  const a3 = 0.04 * x1 + 0.03 * x2 + 0.06 * x3 + 0.02 * x4;
  const a4 = 0.02 * x1 + 0.01 * x2 + 0.02 * x3 + 0.05 * x4;
  const xax = x1 * a1 + x2 * a2 + x3 * a3 + x4 * a4;
  const inverseFree = 1 / (1 - bx);
  const l1 = Math.log(x1 * inverseFree);
  const l2 = Math.log(x2 * inverseFree);
  const l3 = Math.log(x3 * inverseFree);
  const l4 = Math.log(x4 * inverseFree);
  const up = 1 + UP * bx;
  const down = 1 + DOWN * bx;
  const log = Math.log(up / down);
  const inverse = 1 / (SQRT8 * bx);
  const quotient = xax * inverse;
  // what b_i multiplies: from the ideal part, from 1 / bx, and from the logarithm, whose slope is sqrt(8) / (up down)
  const perB = (x1 + x2 + x3 + x4) * inverseFree + (quotient / bx) * log - (quotient * SQRT8) / (up * down);
  const perA = -2 * inverse * log;
  g[0] = l1 + 1 + 0.08 * perB + a1 * perA;
  g[1] = l2 + 1 + 0.06 * perB + a2 * perA;
  g[2] = l3 + 1 + 0.05 * perB + a3 * perA;
  g[3] = l4 + 1 + 0.03 * perB + a4 * perA;
  return x1 * l1 + x2 * l2 + x3 * l3 + x4 * l4 - quotient * log;
}
