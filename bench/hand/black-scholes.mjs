// European call and its Greeks in closed form, with the erfc that symgrad puts into its modules.
// theta = [S, sigma, r, T], data = [K, q]; g gets delta, vega, rho and dC/dT; H the 4 x 4 second order.

import { erfc } from '../../src/ir/special.js';

const INV_SQRT2 = Math.SQRT1_2;
const INV_SQRT_2PI = 1 / Math.sqrt(2 * Math.PI);

/** @param {Float64Array} theta @param {Float64Array} data @param {Float64Array} g */
export function valueAndGrad(theta, data, g) {
  const S = theta[0];
  const sigma = theta[1];
  const r = theta[2];
  const T = theta[3];
  const K = data[0];
  const q = data[1];
  const root = Math.sqrt(T);
  const sd = sigma * root;
  const d1 = (Math.log(S / K) + (r - q + 0.5 * sigma * sigma) * T) / sd;
  const d2 = d1 - sd;
  const discount = Math.exp(-r * T);
  const carry = Math.exp(-q * T);
  const delta = carry * 0.5 * erfc(-d1 * INV_SQRT2);
  const bond = K * discount * 0.5 * erfc(-d2 * INV_SQRT2);
  const stock = S * delta;
  const vega = S * carry * INV_SQRT_2PI * Math.exp(-0.5 * d1 * d1) * root;
  g[0] = delta;
  g[1] = vega;
  g[2] = T * bond;
  g[3] = (0.5 * vega * sigma) / T - q * stock + r * bond;
  return stock - bond;
}

/** @param {Float64Array} theta @param {Float64Array} data @param {Float64Array} g @param {Float64Array} H */
export function valueGradAndHessian(theta, data, g, H) {
  const S = theta[0];
  const sigma = theta[1];
  const r = theta[2];
  const T = theta[3];
  const K = data[0];
  const q = data[1];
  const root = Math.sqrt(T);
  const sd = sigma * root;
  const drift = r - q;
  const inverseSd = 1 / sd;
  const inverseSigma = root * inverseSd;
  const d1 = (Math.log(S / K) + (drift + 0.5 * sigma * sigma) * T) * inverseSd;
  const d2 = d1 - sd;
  const discount = Math.exp(-r * T);
  const carry = Math.exp(-q * T);
  const delta = carry * 0.5 * erfc(-d1 * INV_SQRT2);
  const bond = K * discount * 0.5 * erfc(-d2 * INV_SQRT2);
  const stock = S * delta;
  const density = carry * INV_SQRT_2PI * Math.exp(-0.5 * d1 * d1);
  const vega = S * density * root;
  const half = 0.5 / T;
  g[0] = delta;
  g[1] = vega;
  g[2] = T * bond;
  g[3] = vega * sigma * half - q * stock + r * bond;

  const gamma = (density * inverseSd) / S;
  const vanna = -density * d2 * inverseSigma;
  // slopes in T of d1 and d2: the drift over the spread, less what the growing spread takes
  const d1T = drift * inverseSd - d2 * half;
  const d2T = drift * inverseSd - d1 * half;
  const charm = density * d1T - q * delta;
  const weight = S * density; // = K exp(-rT) n(d2)
  const bondT = weight * d2T - r * bond;
  const veta = vega * (half - q - d1 * d1T);
  H[0] = gamma;
  H[1] = H[4] = vanna;
  H[2] = H[8] = density * T * inverseSd;
  H[3] = H[12] = charm;
  H[5] = vega * d1 * d2 * inverseSigma;
  H[6] = H[9] = -vega * root * d1 * inverseSigma;
  H[7] = H[13] = veta;
  H[10] = T * T * (weight * inverseSd - bond);
  H[11] = H[14] = bond + T * bondT;
  H[15] = sigma * half * (veta - 2 * half * vega) - q * S * charm + r * bondT;
  return stock - bond;
}
