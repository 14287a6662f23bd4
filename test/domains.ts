// Where each operation is sampled: a range per input (the last one repeats for variadic operations), chosen away from
// kinks and poles, and the order where the operation has one; for operations that are not elementwise shapes and attributes.
// Total over the operations: a new one owes a row here.

import type { AttrsOf } from '../src/ir/graph.ts';
import type { OPS, OpName } from '../src/ir/ops.ts';

type ElementwiseOp = { [O in OpName]: (typeof OPS)[O] extends { elementwise: false } ? never : O }[OpName];

export interface Domain {
  /** Closed ranges, one per input. */
  readonly ranges: readonly (readonly [low: number, high: number])[];
  readonly orders?: readonly number[];
  /** Relative tolerance of first derivatives against extrapolated differences; that of second ones is 100 times it. */
  readonly tolerance?: number;
}

/** A node of an operation that is not elementwise: its inputs have these shapes. */
export interface Sample {
  readonly shapes: readonly (readonly number[])[];
  readonly attrs?: AttrsOf[keyof AttrsOf];
  /** The last input, where that is an index. */
  readonly index?: { readonly values: readonly number[]; readonly shape: readonly number[] };
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
export const DOMAINS: { readonly [O in ElementwiseOp]: Domain | null } = {
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

const MATRIX = [2, 3];
const CUBE = [2, 3, 2];
const reductions: Sample[] = [
  { shapes: [[3]], attrs: { axes: [0] } },
  { shapes: [MATRIX], attrs: { axes: [0] } },
  { shapes: [MATRIX], attrs: { axes: [1] } },
  { shapes: [MATRIX], attrs: { axes: [0, 1] } },
  { shapes: [CUBE], attrs: { axes: [0, 2] } },
  { shapes: [CUBE], attrs: { axes: [1] } },
];
const scans: Sample[] = [0, 1].flatMap(axis =>
  [false, true].flatMap(exclusive =>
    [false, true].map(reverse => ({ shapes: [[3, 4]], attrs: { axis, exclusive, reverse } })),
  ),
);
const product = (subscripts: string, ...shapes: number[][]): Sample => ({ shapes, attrs: { subscripts } });
const stretch = (shape: number[], axis: number, start: number, step: number, length: number): Sample => ({
  shapes: [shape],
  attrs: { axis, start, step, length },
});

// biome-ignore format: a table
export const SAMPLES: { readonly [O in Exclude<OpName, ElementwiseOp>]: readonly Sample[] | null } = {
  array: null, size: null, iota: null, any: null, argmax: null, argmin: null,
  reduceSum: reductions, reduceProd: reductions, reduceMax: reductions, reduceMin: reductions, norm: reductions, reduceLogsumexp: reductions,
  cumsum: scans, cumprod: scans,
  broadcast: [[[], [2]], [[3], MATRIX], [[2, 1], MATRIX], [[1, 3], CUBE.with(2, 3)]].map(([from, shape]) => ({ shapes: [from], attrs: { shape } })),
  reshape: [[MATRIX, [3, 2]], [MATRIX, [6]], [MATRIX, [2, 1, 3]], [[1], []]].map(([from, shape]) => ({ shapes: [from], attrs: { shape } })),
  permute: [{ shapes: [MATRIX], attrs: { permutation: [1, 0] } }, { shapes: [CUBE], attrs: { permutation: [2, 0, 1] } }],
  slice: [stretch([5], 0, 1, 1, 3), stretch([5, 2], 0, 1, 2, 2), stretch([5, 2], 0, 4, -2, 3), stretch([2, 4], 1, 3, 1, 1)],
  pad: [stretch([3], 0, 1, 1, 5), stretch([2, 2], 0, 1, 2, 5), stretch([3, 2], 0, 4, -2, 6), stretch([2, 1], 1, 2, 1, 4)],
  element: [{ shapes: [[3]], attrs: { position: 1 } }, { shapes: [MATRIX], attrs: { position: 4 } }],
  diagonal: [{ shapes: [[3, 3]] }, { shapes: [[2, 3, 3]] }],
  concat: [{ shapes: [[2], [1], [3]], attrs: { axis: 0 } }, { shapes: [[2, 2], [1, 2]], attrs: { axis: 0 } }, { shapes: [[2, 1], [2, 3]], attrs: { axis: 1 } }],
  gather: [
    { shapes: [[4]], index: { values: [3, 1, 3], shape: [3] }, attrs: { axis: 0 } },
    { shapes: [[2, 3]], index: { values: [3, 1, 3, 2], shape: [2, 2] }, attrs: { axis: 1 } },
    { shapes: [[3, 2]], index: { values: [2], shape: [] }, attrs: { axis: 0 } },
  ],
  scatterAdd: [
    { shapes: [[3]], index: { values: [3, 1, 3], shape: [3] }, attrs: { axis: 0, length: 4 } },
    { shapes: [[2, 2, 2]], index: { values: [3, 1, 3, 2], shape: [2, 2] }, attrs: { axis: 1, length: 3 } },
    { shapes: [[2]], index: { values: [2], shape: [] }, attrs: { axis: 0, length: 3 } },
  ],
  contract: [
    product('ab,bc->ac', [2, 3], [3, 2]), product('ab,b->a', [2, 3], [3]), product('a,ab->b', [2], [2, 3]), product('a,a->', [3], [3]),
    product('ab,cb->ca', [2, 3], [2, 3]), product('ab,ab->', [2, 2], [2, 2]), product('abc,adc->abd', [2, 2, 3], [2, 1, 3]),
    product('abc,bca->', [2, 3, 2], [3, 2, 2]),
  ],
};
