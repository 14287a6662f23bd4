// What plain mathjs needs to run a `.expr` file: `math.evaluate(text, scope(inputs))`. Functions that mathjs lacks, and
// real-valued versions of those for which it leaves the real numbers (a complex number, an exception) where symgrad
// says NaN. Shares no code with the compiler, so that it can serve as an oracle for it; the special functions are the
// shortest formulas that are accurate, not the fastest.

/** What mathjs takes for a number or an array of them. */
export type MathValue = number | boolean | readonly MathValue[] | MathArray;

/** A matrix of mathjs. */
interface MathArray {
  map(f: (value: MathValue) => MathValue): MathArray;
  toArray(): readonly MathValue[];
}

/**
 * A scope for mathjs with the inputs, the named sizes, and the functions of symgrad.
 *
 *     math.evaluate('softplus(x) + log(y)', scope({ x: 1, y: 2 }))
 */
export function scope(
  inputs: Readonly<Record<string, unknown>>,
  sizes: Readonly<Record<string, number>> = {},
): Map<string, unknown> {
  return new Map<string, unknown>([
    ...Object.entries(REAL).map(([name, f]) => [name, elementwise(f)] as const),
    ...Object.entries(OPTIONAL).map(([name, f]) => [name, elementwise(f, true)] as const),
    ...Object.entries(LISTS).map(
      ([name, f]) => [name, (...args: MathValue[]) => f(args.flatMap(flat))] as const,
    ),
    ...Object.entries(sizes),
    ...Object.entries(inputs),
  ]);
}

type RealFunction = (...args: number[]) => number;

/** Elementwise functions. Those of mathjs are here only if some real argument takes them out of the real numbers. */
const REAL: Readonly<Record<string, RealFunction>> = {
  sigmoid: x => (x >= 0 ? 1 / (1 + Math.exp(-x)) : Math.exp(x) / (1 + Math.exp(x))),
  relu: x => Math.max(x, 0),
  softplus: x => (x > 0 ? x + Math.log1p(Math.exp(-x)) : Math.log1p(Math.exp(x))),
  logit: p => Math.log(p / (1 - p)),
  xlogy: (x, y) => (x === 0 ? 0 : x * Math.log(y)),
  clamp: (x, low, high) => Math.min(Math.max(x, low), high),
  where: (condition, x, y) => (condition ? x : y),
  erfc,
  digamma,
  lgamma,

  sqrt: Math.sqrt,
  log2: Math.log2,
  log10: Math.log10,
  log1p: Math.log1p,
  pow: (x, y) => x ** y,
  asin: Math.asin,
  acos: Math.acos,
  acosh: Math.acosh,
  atanh: Math.atanh,
  acoth: x => Math.atanh(1 / x),
  asec: x => Math.acos(1 / x),
  acsc: x => Math.asin(1 / x),
  asech: x => Math.acosh(1 / x),
  factorial: x => gamma(x + 1),
  gamma,
};

/** The same with a second argument that may be left out. */
const OPTIONAL: Readonly<Record<string, RealFunction>> = {
  log: (x, base) => (base === undefined ? Math.log(x) : Math.log(x) / Math.log(base)),
  nthRoot: (x, n) => nthRoot(x, n ?? 2),
};

/** Functions of all their arguments together, arrays taken apart. */
const LISTS: Readonly<Record<string, (values: readonly number[]) => number>> = {
  logsumexp: values => {
    const most = Math.max(...values);
    if (!Number.isFinite(most)) return most;
    return most + Math.log(values.reduce((sum, value) => sum + Math.exp(value - most), 0));
  },
};

/**
 * `f` over numbers, or over the elements of the first argument that is an array; the other arrays must match it.
 * Arguments beyond those of `f` are ignored, since `map` of mathjs adds an index and the array; so is an array after a
 * number where `f` can do without, which is that index.
 */
function elementwise(f: RealFunction, optional = false): (...args: MathValue[]) => MathValue {
  const apply = (...all: MathValue[]): MathValue => {
    const given = all.slice(0, f.length);
    const args = optional && !isArray(given[0]) ? given.filter(value => !isArray(value)) : given;
    const leading = args.find(isArray);
    if (leading === undefined) return f(...args.map(value => Number(value)));
    const lists = args.map(value => (isArray(value) ? listOf(value) : value));
    return listOf(leading).map((_, i) =>
      apply(...lists.map(list => (isArray(list) ? listOf(list)[i] : list))),
    );
  };
  return apply;
}

type ArrayValue = readonly MathValue[] | MathArray;

function isArray(value: MathValue): value is ArrayValue {
  return typeof value === 'object';
}

function listOf(value: ArrayValue): readonly MathValue[] {
  return Array.isArray(value) ? value : (value as MathArray).toArray();
}

function flat(value: MathValue): number[] {
  return isArray(value) ? listOf(value).flatMap(flat) : [Number(value)];
}

/** The real root: of odd order also of a negative number. */
function nthRoot(x: number, n: number): number {
  if (x >= 0) return x ** (1 / n);
  return Math.abs(n) % 2 === 1 ? -((-x) ** (1 / n)) : NaN;
}

/**
 * 1 - erf(x), by the Maclaurin series of erf for small x and by the continued fraction of the tail for large.
 * Abramowitz and Stegun 7.1.6 and 7.1.14.
 */
function erfc(x: number): number {
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
function lgamma(x: number): number {
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
function digamma(x: number): number {
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
function gamma(x: number): number {
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
