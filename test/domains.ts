// Where each operation is sampled: a range per input (the last one repeats for variadic operations), chosen away from
// kinks and poles, and the order where the operation has one. Total over the operations: a new one owes a row here.

import type { OpName } from '../src/ir/ops.ts';

export interface Domain {
  /** Closed ranges, one per input. */
  readonly ranges: readonly (readonly [low: number, high: number])[];
  readonly orders?: readonly number[];
  /** Relative tolerance of first derivatives against extrapolated differences; that of second ones is 100 times it. */
  readonly tolerance?: number;
}

const ANY = [-3, 3] as const;
const POSITIVE = [0.2, 4] as const;
const SMALL = [-0.9, 0.9] as const;
const BEYOND_ONE = [1.2, 5] as const;

const any: Domain = { ranges: [ANY] };
const positive: Domain = { ranges: [POSITIVE] };
const small: Domain = { ranges: [SMALL] };
const beyondOne: Domain = { ranges: [BEYOND_ONE] };
const pair: Domain = { ranges: [ANY, ANY] };

// biome-ignore format: a table
export const DOMAINS: { readonly [O in OpName]: Domain | null } = {
  const: null, input: null,
  add: pair, sub: pair, mul: pair, div: { ranges: [ANY, POSITIVE] }, neg: any,
  pow: { ranges: [POSITIVE, ANY] }, mod: { ranges: [[2.1, 2.9], [0.45, 0.65]] },
  abs: positive, sign: positive, floor: { ranges: [[0.1, 0.9]] }, ceil: { ranges: [[0.1, 0.9]] },
  round: { ranges: [[0.6, 1.4]] }, fix: { ranges: [[0.1, 0.9]] },
  sqrt: positive, cbrt: positive, nthRoot: { ranges: [POSITIVE, [2, 5]] }, hypot: { ranges: [ANY, ANY, POSITIVE] },
  exp: any, expm1: any, log: positive, log1p: { ranges: [[-0.8, 3]] }, log2: positive, log10: positive,
  sin: any, cos: any, tan: { ranges: [[-1.3, 1.3]] }, cot: { ranges: [[0.3, 2.8]] }, sec: { ranges: [[-1.3, 1.3]] }, csc: { ranges: [[0.3, 2.8]] },
  asin: small, acos: small, atan: any, acot: positive, asec: beyondOne, acsc: beyondOne, atan2: { ranges: [ANY, POSITIVE] },
  sinh: any, cosh: any, tanh: any, coth: positive, sech: any, csch: positive,
  asinh: any, acosh: beyondOne, atanh: small, acoth: beyondOne, asech: { ranges: [[0.2, 0.8]] }, acsch: positive,
  erf: any, erfc: any, gamma: positive, lgamma: positive, polygamma: { ranges: [[0.5, 4]], orders: [0, 1, 2] },
  max: { ranges: [[1, 2], [3, 4], [-2, 0]] }, min: { ranges: [[1, 2], [3, 4], [-2, 0]] }, relu: positive,
  select: { ranges: [[1, 1], ANY, ANY] },
  sigmoid: any, softplus: any, logit: { ranges: [[0.1, 0.9]] }, xlogy: { ranges: [POSITIVE, POSITIVE] }, xlogx: positive, xlog1py: { ranges: [POSITIVE, [-0.8, 3]] },
  logsumexp: { ranges: [ANY, ANY, ANY] }, logcosh: any, log1mexp: { ranges: [[-4, -0.2]] }, sqrt1pm1: { ranges: [[-0.7, 3]] },
  phi: { ranges: [ANY], orders: [1, 2, 3] }, sphericalBessel: { ranges: [[-6, 6]], orders: [0, 1, 2, 3] },
  lt: null, le: null, eq: null, ne: null, and: null, or: null, not: null, real: null,
};
