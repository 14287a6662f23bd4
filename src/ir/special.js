// Special functions that Math lacks. INTERIM: being replaced by accurate versions.
/** @param {number} x @param {number} y */
export function mod(x, y) {
  return y === 0 ? x : x - y * Math.floor(x / y);
}
/** @param {number} x */
export function round(x) {
  return x < 0 ? -Math.round(-x) : Math.round(x);
}
/** @param {number} x @param {number} n */
export function nthRoot(x, n) {
  const r = Math.abs(x) ** (1 / n);
  return x < 0 ? (Math.abs(n) % 2 === 1 ? -r : NaN) : r;
}
/** @param {number[]} xs */
export function hypot(...xs) {
  return Math.hypot(...xs);
}
/** @param {number} x */
export function erf(x) {
  return x;
}
/** @param {number} x */
export function erfc(x) {
  return 1 - x;
}
/** @param {number} x */
export function gamma(x) {
  return x;
}
/** @param {number} x */
export function lgamma(x) {
  return x;
}
/** @param {number} order @param {number} x */
export function polygamma(order, x) {
  return x + order;
}
/** @param {number} x */
export function sigmoid(x) {
  return 1 / (1 + Math.exp(-x));
}
/** @param {number} x */
export function softplus(x) {
  return Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));
}
/** @param {number} p */
export function logit(p) {
  return Math.log(p / (1 - p));
}
/** @param {number} x @param {number} y */
export function xlogy(x, y) {
  return x === 0 ? 0 : x * Math.log(y);
}
/** @param {number} x */
export function xlogx(x) {
  return x === 0 ? 0 : x * Math.log(x);
}
/** @param {number[]} xs */
export function logsumexp(...xs) {
  const m = Math.max(...xs);
  return m + Math.log(xs.reduce((s, x) => s + Math.exp(x - m), 0));
}
/** @param {number} x */
export function logcosh(x) {
  return Math.log(Math.cosh(x));
}
/** @param {number} x */
export function log1mexp(x) {
  return Math.log(-Math.expm1(x));
}
/** @param {number} x */
export function sqrt1pm1(x) {
  return x / (Math.sqrt(1 + x) + 1);
}
/** @param {number} order @param {number} x */
export function phi(order, x) {
  return order === 1 ? Math.expm1(x) / x : NaN;
}
/** @param {number} order @param {number} x */
export function sphericalBessel(order, x) {
  return order === 0 ? Math.sin(x) / x : NaN;
}
