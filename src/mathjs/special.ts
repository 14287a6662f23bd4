// Special functions of one real number that mathjs lacks or restricts: the shortest formulas that are accurate, not
// the fastest.

/** The real root: of odd order also of a negative number. */
export function nthRoot(x: number, n: number): number {
  if (x >= 0) return x ** (1 / n);
  return Math.abs(n) % 2 === 1 ? -((-x) ** (1 / n)) : NaN;
}

/**
 * 1 - erf(x), by the Maclaurin series of erf for small x and by the continued fraction of the tail for large.
 * Abramowitz and Stegun 7.1.6 and 7.1.14.
 */
export function erfc(x: number): number {
  if (Number.isNaN(x)) return NaN;
  if (x < 0) return 2 - erfc(-x);
  if (x > 27) return 0;
  const square = x * x;
  if (x < 1.5) {
    let term = (2 * x) / Math.sqrt(Math.PI);
    let sum = term;
    for (let n = 1; n < 60; n++) {
      term *= (2 * square) / (2 * n + 1);
      sum += term;
    }
    return 1 - sum * Math.exp(-square);
  }
  let fraction = 0;
  for (let k = 120; k > 0; k--) fraction = k / 2 / (x + fraction);
  return Math.exp(-square) / ((x + fraction) * Math.sqrt(Math.PI));
}

/** Bernoulli numbers B2, B4, ...: the coefficients of Stirling's series. */
const BERNOULLI = [1 / 6, -1 / 30, 1 / 42, -1 / 30, 5 / 66, -691 / 2730, 7 / 6, -3617 / 510];

/** log |Gamma(x)|, by Stirling's series after a shift. Abramowitz and Stegun 6.1.40, 6.1.17. */
export function lgamma(x: number): number {
  if (x === Infinity || Number.isNaN(x)) return x;
  if (x <= 0) {
    if (Number.isInteger(x)) return Infinity;
    return Math.log(Math.PI / Math.abs(sinPi(x))) - lgamma(1 - x);
  }
  let product = 1;
  let z = x;
  for (; z < 12; z++) product *= z;
  let series = 0;
  for (const [i, b] of BERNOULLI.entries()) series += b / ((2 * i + 2) * (2 * i + 1) * z ** (2 * i + 1));
  return (z - 0.5) * Math.log(z) - z + Math.log(2 * Math.PI) / 2 + series - Math.log(product);
}

/** The logarithmic derivative of Gamma. Abramowitz and Stegun 6.3.18, 6.3.5, 6.3.7. */
export function digamma(x: number): number {
  if (x === Infinity) return Infinity;
  if (x <= 0) return Number.isInteger(x) ? NaN : digamma(1 - x) - Math.PI / Math.tan(Math.PI * (x % 1));
  let shifted = 0;
  let z = x;
  for (; z < 12; z++) shifted -= 1 / z;
  let series = 0;
  for (const [i, b] of BERNOULLI.entries()) series += b / ((2 * i + 2) * z ** (2 * i + 2));
  return shifted + Math.log(z) - 1 / (2 * z) - series;
}

/** Gamma: a product for whole numbers, reflection for the rest below 1/2, exp of the series above. */
export function gamma(x: number): number {
  if (Number.isInteger(x)) {
    if (x <= 0) return NaN;
    let product = 1;
    for (let k = 2; k < x && product < Infinity; k++) product *= k;
    return product;
  }
  if (x < 0.5) return Math.PI / (sinPi(x) * gamma(1 - x));
  let divisor = 1;
  let z = x;
  for (; z < 12; z++) divisor *= z;
  return Math.exp(lgamma(z)) / divisor;
}

/** sin(pi x), exact in the reduction. */
function sinPi(x: number): number {
  return Math.sin(Math.PI * (x % 2));
}
