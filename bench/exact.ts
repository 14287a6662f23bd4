// Elementary functions with about 100 bits, to measure the errors of others: sums of two doubles (Dekker, A floating-point
// technique for extending the available precision, 1971). A few times slower than Math, where multiple-precision
// arithmetic is a thousand times slower; test/bench/exact.test.ts compares with that. No part of the published package.

/** high + low, where high is the sum rounded to a double. */
export type Sum = readonly [high: number, low: number];

/** (high + low) 2^exponent. */
export interface Exact {
  readonly sum: Sum;
  readonly exponent: number;
}

/** The exact values of functions of finite numbers in their domain; of sin and cos for |x| <= 2^20. */
export const EXACT: { readonly [name: string]: (x: number, y: number) => Exact } = {
  exp: x => expOf([x, 0]),
  expm1: x => {
    if (isTiny(x)) return plain([x, 0]);
    if (x < -100) return plain([-1, 0]);
    return x > 140 ? expOf([x, 0]) : plain(expm1Of([x, 0]));
  },
  log: x => plain(logOf([x, 0])),
  log1p: x => plain(isTiny(x) ? [x, 0] : log1pOf([x, 0])),
  log2: x => plain(div(logOf([x, 0]), LN2)),
  log10: x => plain(div(logOf([x, 0]), LN10)),
  xlogx: x => product(logOf([x, 0]), x),
  xlogy: (x, y) => product(logOf([y, 0]), x),
  xlog1py: (x, y) => product(isTiny(y) ? [y, 0] : log1pOf([y, 0]), x),
  sin: x => plain(isTiny(x) ? [x, 0] : sinOf(x, 0)),
  cos: x => plain(sinOf(x, 1)),
  atan: x => {
    if (isTiny(x)) return plain([x, 0]);
    if (Math.abs(x) > 1e15)
      return plain(sub(x < 0 ? [-HALF_PI[0], -HALF_PI[1]] : [HALF_PI[0], HALF_PI[1]], [1 / x, 0]));
    // tan(atan(x) - y) = (x c - s) / (c + x s) with s, c of the nearest double y
    const y = Math.atan(x);
    const [s, c] = [sinOf(y, 0), sinOf(y, 1)];
    const t = div(sub(mul(c, [x, 0]), s), add(c, mul(s, [x, 0])));
    return plain(add([y, 0], t));
  },
  sinh: x => {
    if (isTiny(x)) return plain([x, 0]);
    const a = Math.abs(x);
    const t = a < 40 ? expm1Of([a, 0]) : undefined;
    const { sum, exponent } = t === undefined ? expOf([a, 0]) : plain(add(t, div(t, add(t, [1, 0]))));
    return { sum: x < 0 ? [-sum[0], -sum[1]] : sum, exponent: exponent - 1 };
  },
  cosh: x => {
    const { sum, exponent } = expOf([Math.abs(x), 0]);
    const inverse = value(expOf([-Math.abs(x), 0]));
    return { sum: add(sum, scaled(inverse, -exponent)), exponent: exponent - 1 };
  },
  tanh: x => {
    if (isTiny(x)) return plain([x, 0]);
    if (Math.abs(x) > 40) return plain([Math.sign(x), 0]);
    const t = expm1Of([2 * x, 0]);
    return plain(div(t, add(t, [2, 0])));
  },
  sigmoid: x => {
    const e = expOf([-Math.min(Math.abs(x), 1e4), 0]);
    const { sum, exponent } = x < 0 ? e : plain([1, 0]);
    return { sum: div(sum, add(value(e), [1, 0])), exponent };
  },
  softplus: x => {
    const e = expOf([-Math.min(Math.abs(x), 1e4), 0]);
    const tiny = e.exponent < -110;
    if (x < 0) return tiny ? e : plain(log1pOf(value(e)));
    return plain(tiny ? [x, 0] : add(log1pOf(value(e)), [x, 0]));
  },
  erf: x => {
    if (isTiny(x)) return { sum: mul(TWO_OVER_SQRT_PI, [x * power(900), 0]), exponent: -900 };
    if (Math.abs(x) > 7) return plain([Math.sign(x), 0]);
    // 2 / sqrt(pi) exp(-x^2) x sum (2 x^2)^n / (1 3 5 ... (2 n + 1)): all terms are positive.
    const z = mul([2 * x, 0], [x, 0]);
    let term: Sum = [1, 0];
    let sum = term;
    for (let n = 1; term[0] > 1e-33 * sum[0]; n++) {
      term = div(mul(term, z), [2 * n + 1, 0]);
      sum = add(sum, term);
    }
    const factor = value(expOf(mul([-x, 0], [x, 0])));
    return plain(mul(mul(mul(TWO_OVER_SQRT_PI, factor), sum), [x, 0]));
  },
  pow: (x, y) => expOf(mul(logOf([x, 0]), [y, 0])),
};

/** The distance of a number from the exact value, in units of the last of `digits` binary digits; `least` is the smallest number. */
export function ulps(computed: number, { sum, exponent }: Exact, digits = 53, least = 2 ** -1074): number {
  const [high, low] = sum;
  const binade = Math.max(exponentOf(high) + exponent - (digits - 1), Math.log2(least));
  const unit = power(binade - exponent); // of the scaled value
  const scaledBack = computed * power(-(exponent >> 1)) * power(-(exponent - (exponent >> 1)));
  return Math.abs(scaledBack - high - low) / unit;
}

const LN2: Sum = [Math.LN2, 2.3190468138462996e-17];
const LN10: Sum = [Math.LN10, -2.1707562233822494e-16];
const TWO_OVER_SQRT_PI: Sum = [1.1283791670955126, 1.533545961316588e-17];
/** pi/2 as a sum of four. */
const HALF_PI = [1.5707963267948966, 6.123233995736766e-17, -1.4973849048591698e-33, 5.562271104316826e-50];

/** The product with a number of any size. */
function product(x: Sum, y: number): Exact {
  const exponent = exponentOf(y);
  const half = exponent >> 1;
  return { sum: mul(x, [y * power(-half) * power(half - exponent), 0]), exponent };
}

/** A number whose square is nothing beside 1, and whose low part could not be a normal number. */
function isTiny(x: number): boolean {
  return Math.abs(x) < 1e-280;
}

function plain(sum: Sum): Exact {
  return { sum, exponent: 0 };
}

function value({ sum, exponent }: Exact): Sum {
  return scaled(sum, exponent);
}

function power(exponent: number): number {
  return 2 ** exponent;
}

/** Of the leading binary digit. */
function exponentOf(x: number): number {
  VIEW.setFloat64(0, x);
  const biased = (VIEW.getUint32(0) >>> 20) & 0x7ff;
  return biased === 0 ? -1022 : biased - 1023;
}
const VIEW = new DataView(new ArrayBuffer(8));

// Arithmetic of sums. Relative errors are a few 2^-105.

function twoSum(x: number, y: number): Sum {
  const s = x + y;
  const v = s - x;
  return [s, x - (s - v) + (y - v)];
}

function twoProduct(x: number, y: number): Sum {
  const p = x * y;
  const [a, b] = [x, y].map(each => {
    const c = 134217729 * each; // 2^27 + 1
    return c - (c - each);
  });
  const [c, d] = [x - a, y - b];
  return [p, a * b - p + a * d + c * b + c * d];
}

function add(x: Sum, y: Sum): Sum {
  const [s, e] = twoSum(x[0], y[0]);
  const [t, f] = twoSum(x[1], y[1]);
  const [u, v] = twoSum(s, e + t);
  return twoSum(u, v + f);
}

function sub(x: Sum, y: Sum): Sum {
  return add(x, [-y[0], -y[1]]);
}

function mul(x: Sum, y: Sum): Sum {
  const [p, e] = twoProduct(x[0], y[0]);
  return twoSum(p, e + (x[0] * y[1] + x[1] * y[0]));
}

function div(x: Sum, y: Sum): Sum {
  const q = x[0] / y[0];
  const rest = sub(x, mul([q, 0], y));
  const r = rest[0] / y[0];
  const last = sub(rest, mul([r, 0], y));
  return add(twoSum(q, r), [last[0] / y[0], 0]);
}

function scaled([high, low]: Sum, exponent: number): Sum {
  return [high * power(exponent), low * power(exponent)];
}

/** k and s of exp(x) = 2^k (1 + s). */
function reducedExpm1(x: Sum): { readonly k: number; readonly s: Sum } {
  const k = Math.round(x[0] / Math.LN2);
  const r = scaled(sub(x, mul([k, 0], LN2)), -8);
  let s: Sum = r;
  let term: Sum = r;
  for (let n = 2; n < 14; n++) {
    term = div(mul(term, r), [n, 0]);
    s = add(s, term);
  }
  for (let n = 0; n < 8; n++) s = mul(s, add(s, [2, 0])); // expm1(2 r) from expm1(r)
  return { k, s };
}

/** exp(x) - 1 for -100 < x < 700. */
function expm1Of(x: Sum): Sum {
  const { k, s } = reducedExpm1(x);
  return k === 0 ? s : add(scaled(s, k), twoSum(2 ** k, -1));
}

function expOf(x: Sum): Exact {
  const { k, s } = reducedExpm1(x);
  return { sum: add(s, [1, 0]), exponent: k };
}

/** One step of Newton's method from the double. */
function logOf(x: Sum): Sum {
  const lift = x[0] < 2 ** -900 ? 200 : 0;
  const lifted = scaled(x, lift);
  const exponent = exponentOf(lifted[0]) + (lifted[0] > 1.5 * 2 ** exponentOf(lifted[0]) ? 1 : 0);
  const m = scaled(scaled(lifted, -(exponent >> 1)), -(exponent - (exponent >> 1)));
  return add(mul([exponent - lift, 0], LN2), log1pOf(sub(m, [1, 0])));
}

/** log(1 + x). */
function log1pOf(x: Sum): Sum {
  if (x[0] > 1) return logOf(add([1, 0], x));
  const y = Math.log1p(x[0]);
  if (Math.abs(y) < 1e-300) return x;
  // (1 + x) exp(-y) - 1 = x + (1 + x) expm1(-y)
  const d = add(x, mul(add([1, 0], x), expm1Of([-y, 0])));
  return add([y, 0], sub(d, scaled(mul(d, d), -1)));
}

/** sin(x + quarters pi/2). */
function sinOf(x: number, quarters: number): Sum {
  const n = Math.round((x * 2) / Math.PI);
  let r: Sum = [x, 0];
  for (const part of HALF_PI) r = sub(r, twoProduct(n, part));
  const quarter = (((n + quarters) % 4) + 4) % 4;
  const odd = quarter % 2 === 1;
  const z = mul(r, r);
  let term: Sum = odd ? [1, 0] : r;
  let sum = term;
  for (let k = odd ? 1 : 2; k < 30; k += 2) {
    term = div(mul(term, z), [-k * (k + 1), 0]);
    sum = add(sum, term);
  }
  return quarter > 1 ? [-sum[0], -sum[1]] : sum;
}
