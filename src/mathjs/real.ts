// The functions of real numbers that the scope applies elementwise: those that mathjs lacks, those that it refuses to
// apply to an array, and those that it rounds (floor of nearly 3 is 3 in mathjs) or that leave the real numbers (a
// complex number, an exception) where symgrad says NaN.

import { digamma, erfc, gamma, lgamma, nthRoot } from './special.ts';

type RealFunction = (...args: number[]) => number | boolean;

export const REAL: Readonly<Record<string, RealFunction>> = {
  sigmoid: x => (x >= 0 ? 1 / (1 + Math.exp(-x)) : Math.exp(x) / (1 + Math.exp(x))),
  relu: x => Math.max(x, 0),
  softplus: x => (x > 0 ? x + Math.log1p(Math.exp(-x)) : Math.log1p(Math.exp(x))),
  logit: p => Math.log(p / (1 - p)),
  xlogy: (x, y) => (x === 0 ? 0 : x * Math.log(y)),
  clamp: (x, low, high) => Math.min(Math.max(x, low), high),
  where: (condition, x, y) => (condition ? x : y),

  sqrt: Math.sqrt,
  cbrt: Math.cbrt,
  nthRoot: (x, n = 2) => nthRoot(x, n),
  square: x => x * x,
  cube: x => x * x * x,
  exp: Math.exp,
  expm1: Math.expm1,
  log: (x, base) => (base === undefined ? Math.log(x) : Math.log(x) / Math.log(base)),
  log2: Math.log2,
  log10: Math.log10,
  log1p: Math.log1p,
  dotPow: (x, y) => x ** y,

  floor: Math.floor,
  ceil: Math.ceil,
  round: x => Math.sign(x) * Math.round(Math.abs(x)),
  fix: Math.trunc,
  mod: (x, y) => (y === 0 ? x : x - y * Math.floor(x / y)),

  sin: Math.sin,
  cos: Math.cos,
  tan: Math.tan,
  cot: x => 1 / Math.tan(x),
  sec: x => 1 / Math.cos(x),
  csc: x => 1 / Math.sin(x),
  asin: Math.asin,
  acos: Math.acos,
  atan: Math.atan,
  acot: x => Math.atan(1 / x),
  asec: x => Math.acos(1 / x),
  acsc: x => Math.asin(1 / x),
  atan2: Math.atan2,
  sinh: Math.sinh,
  cosh: Math.cosh,
  tanh: Math.tanh,
  coth: x => 1 / Math.tanh(x),
  sech: x => 1 / Math.cosh(x),
  csch: x => 1 / Math.sinh(x),
  asinh: Math.asinh,
  acosh: Math.acosh,
  atanh: Math.atanh,
  acoth: x => Math.atanh(1 / x),
  asech: x => Math.acosh(1 / x),
  acsch: x => Math.asinh(1 / x),

  erfc,
  gamma,
  lgamma,
  digamma,
  factorial: x => gamma(x + 1),

  smaller: (x, y) => x < y,
  smallerEq: (x, y) => x <= y,
  larger: (x, y) => x > y,
  largerEq: (x, y) => x >= y,
  equal: (x, y) => x === y,
  unequal: (x, y) => x !== y,
};
