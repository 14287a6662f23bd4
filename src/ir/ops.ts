// The operations: one row of facts and numeric meaning for each. The table is the enumeration; the calculus
// (grad/rules.ts), the spelling (codegen/forms.ts) and the sampling domain (test/domains.ts) are tables total over
// `OpName`, so the compiler lists the rows a new operation still owes.
//
// An operation is elementwise, with trailing-axis broadcasting of its operands, or it is one of the few that move, join
// or reduce elements. The shape of those is made in shapes.ts, their reference meaning is in tensors.ts.
// Masks are the numbers 0 and 1 here. `evaluate` is the reference meaning in IEEE double arithmetic.

import type { DType } from './shape.ts';
import * as special from './special.js';

export interface OpFacts {
  /** Number of inputs; `variadic` takes one or more, at most MOST_INPUTS. */
  readonly arity: number | 'variadic';
  /** The type of the result; `same` as that of the first input. */
  readonly dtype: DType | 'same';
  /** Rough time in units of an addition, as V8 computes it; 1 where absent. */
  readonly cost?: number;
  /** The two inputs may be exchanged without changing a bit of the result. */
  readonly commutative?: true;
  /** Which attributes the operation carries besides its inputs; an order is at most HIGHEST_ORDER. */
  readonly attrs?: readonly AttrName[];
  /** False for the operations that are not applied to each element by itself. */
  readonly elementwise?: false;
  /** Elementwise operations: the value from the values of the inputs, then the order if there is one. */
  readonly evaluate: Evaluate;
}

/**
 * `value`: the number of a constant; `values`: those of a constant array, row-major, of shape `shape`; `order`: that of
 * `polygamma`, `phi`, `sphericalBessel`; axes count from 0; `start`, `step`, `length`: element i of the short axis is
 * element start + i step of the long one; `position`: the place of an element in row-major order, from 0; `permutation`: axis i of the result is axis permutation[i] of the operand;
 * `subscripts`: those of einsum, `ab,bc->ac`; `exclusive`: element i leaves itself out; `reverse`: from the end.
 */
export type AttrName =
  | 'value'
  | 'values'
  | 'name'
  | 'order'
  | 'size'
  | 'shape'
  | 'permutation'
  | 'axis'
  | 'axes'
  | 'position'
  | 'start'
  | 'step'
  | 'length'
  | 'exclusive'
  | 'reverse'
  | 'subscripts';

/** A call with more arguments would need much of the stack, and beyond 65,535 JavaScript engines refuse it. */
export const MOST_INPUTS = 10_000;

/** The factorial of a higher order is infinite, and every use of the operation would cost its order. */
export const HIGHEST_ORDER = 170;

// biome-ignore format: one operation a line
export const OPS = {
  const:   { arity: 0, dtype: 'real', attrs: ['value'], evaluate: notEvaluated },
  input:   { arity: 0, dtype: 'real', attrs: ['name'], evaluate: notEvaluated },

  // Arithmetic. mod is floored (the sign of y), mod(x, 0) = x as in mathjs.
  add:     { arity: 2, dtype: 'real', commutative: true, evaluate: (x, y) => x + y },
  sub:     { arity: 2, dtype: 'real', evaluate: (x, y) => x - y },
  mul:     { arity: 2, dtype: 'real', commutative: true, evaluate: (x, y) => x * y },
  div:     { arity: 2, cost: 4, dtype: 'real', evaluate: (x, y) => x / y },
  neg:     { arity: 1, dtype: 'real', evaluate: x => -x },
  pow:     { arity: 2, cost: 40, dtype: 'real', evaluate: Math.pow },
  mod:     { arity: 2, cost: 8, dtype: 'real', evaluate: special.mod },
  abs:     { arity: 1, dtype: 'real', evaluate: Math.abs },
  sign:    { arity: 1, dtype: 'real', evaluate: Math.sign },
  floor:   { arity: 1, dtype: 'real', evaluate: Math.floor },
  ceil:    { arity: 1, dtype: 'real', evaluate: Math.ceil },
  round:   { arity: 1, cost: 4, dtype: 'real', evaluate: special.round },
  fix:     { arity: 1, dtype: 'real', evaluate: Math.trunc },

  // Roots, exponentials, logarithms.
  sqrt:    { arity: 1, cost: 4, dtype: 'real', evaluate: Math.sqrt },
  cbrt:    { arity: 1, cost: 12, dtype: 'real', evaluate: Math.cbrt },
  nthRoot: { arity: 2, cost: 50, dtype: 'real', evaluate: special.nthRoot },
  hypot:   { arity: 'variadic', cost: 6, dtype: 'real', evaluate: special.hypot },
  exp:     { arity: 1, cost: 16, dtype: 'real', evaluate: Math.exp },
  expm1:   { arity: 1, cost: 16, dtype: 'real', evaluate: Math.expm1 },
  log:     { arity: 1, cost: 16, dtype: 'real', evaluate: Math.log },
  log1p:   { arity: 1, cost: 16, dtype: 'real', evaluate: Math.log1p },
  log2:    { arity: 1, cost: 16, dtype: 'real', evaluate: Math.log2 },
  log10:   { arity: 1, cost: 16, dtype: 'real', evaluate: Math.log10 },

  // Trigonometric, hyperbolic, and the inverses of both.
  sin:     { arity: 1, cost: 16, dtype: 'real', evaluate: Math.sin },
  cos:     { arity: 1, cost: 16, dtype: 'real', evaluate: Math.cos },
  tan:     { arity: 1, cost: 16, dtype: 'real', evaluate: Math.tan },
  cot:     { arity: 1, cost: 16, dtype: 'real', evaluate: x => 1 / Math.tan(x) },
  sec:     { arity: 1, cost: 16, dtype: 'real', evaluate: x => 1 / Math.cos(x) },
  csc:     { arity: 1, cost: 16, dtype: 'real', evaluate: x => 1 / Math.sin(x) },
  asin:    { arity: 1, cost: 16, dtype: 'real', evaluate: Math.asin },
  acos:    { arity: 1, cost: 16, dtype: 'real', evaluate: Math.acos },
  atan:    { arity: 1, cost: 16, dtype: 'real', evaluate: Math.atan },
  acot:    { arity: 1, cost: 16, dtype: 'real', evaluate: x => Math.atan(1 / x) },
  asec:    { arity: 1, cost: 16, dtype: 'real', evaluate: x => Math.acos(1 / x) },
  acsc:    { arity: 1, cost: 16, dtype: 'real', evaluate: x => Math.asin(1 / x) },
  atan2:   { arity: 2, cost: 25, dtype: 'real', evaluate: Math.atan2 },
  sinh:    { arity: 1, cost: 16, dtype: 'real', evaluate: Math.sinh },
  cosh:    { arity: 1, cost: 16, dtype: 'real', evaluate: Math.cosh },
  tanh:    { arity: 1, cost: 16, dtype: 'real', evaluate: Math.tanh },
  coth:    { arity: 1, cost: 16, dtype: 'real', evaluate: x => 1 / Math.tanh(x) },
  sech:    { arity: 1, cost: 16, dtype: 'real', evaluate: x => 1 / Math.cosh(x) },
  csch:    { arity: 1, cost: 16, dtype: 'real', evaluate: x => 1 / Math.sinh(x) },
  asinh:   { arity: 1, cost: 16, dtype: 'real', evaluate: Math.asinh },
  acosh:   { arity: 1, cost: 16, dtype: 'real', evaluate: Math.acosh },
  atanh:   { arity: 1, cost: 16, dtype: 'real', evaluate: Math.atanh },
  acoth:   { arity: 1, cost: 16, dtype: 'real', evaluate: x => Math.atanh(1 / x) },
  asech:   { arity: 1, cost: 16, dtype: 'real', evaluate: x => Math.acosh(1 / x) },
  acsch:   { arity: 1, cost: 16, dtype: 'real', evaluate: x => Math.asinh(1 / x) },

  // Special functions. polygamma of order 0 is digamma.
  erf:       { arity: 1, cost: 25, dtype: 'real', evaluate: special.erf },
  erfc:      { arity: 1, cost: 25, dtype: 'real', evaluate: special.erfc },
  gamma:     { arity: 1, cost: 60, dtype: 'real', evaluate: special.gamma },
  lgamma:    { arity: 1, cost: 60, dtype: 'real', evaluate: special.lgamma },
  polygamma: { arity: 1, cost: 60, dtype: 'real', attrs: ['order'], evaluate: (x, order) => special.polygamma(order, x) },

  // Selections: max and min of several values, relu, select(condition, then, else).
  max:     { arity: 'variadic', cost: 2, dtype: 'real', evaluate: Math.max },
  min:     { arity: 'variadic', cost: 2, dtype: 'real', evaluate: Math.min },
  relu:    { arity: 1, cost: 2, dtype: 'real', evaluate: x => Math.max(x, 0) },
  select:  { arity: 3, dtype: 'real', evaluate: (condition, x, y) => (condition ? x : y) },

  // Stable forms of cancelling or overflowing formulas (rule R3): right near and at their removable singularities.
  sigmoid:   { arity: 1, cost: 20, dtype: 'real', evaluate: special.sigmoid },
  softplus:  { arity: 1, cost: 30, dtype: 'real', evaluate: special.softplus },
  logit:     { arity: 1, cost: 20, dtype: 'real', evaluate: special.logit },
  xlogy:     { arity: 2, cost: 16, dtype: 'real', evaluate: special.xlogy },
  xlog1py:   { arity: 2, cost: 16, dtype: 'real', evaluate: special.xlog1py },
  xlogx:     { arity: 1, cost: 16, dtype: 'real', evaluate: special.xlogx },
  logsumexp: { arity: 'variadic', cost: 50, dtype: 'real', evaluate: special.logsumexp },
  logcosh:   { arity: 1, cost: 30, dtype: 'real', evaluate: special.logcosh },
  log1mexp:  { arity: 1, cost: 25, dtype: 'real', evaluate: special.log1mexp },
  sqrt1pm1:  { arity: 1, cost: 8, dtype: 'real', evaluate: special.sqrt1pm1 },
  phi:       { arity: 1, cost: 30, dtype: 'real', attrs: ['order'], evaluate: (x, order) => special.phi(order, x) },
  sphericalBessel: { arity: 1, cost: 40, dtype: 'real', attrs: ['order'], evaluate: (x, order) => special.sphericalBessel(order, x) },

  // Masks. Comparisons are exact and false for NaN; `real` makes a mask the number 0 or 1.
  lt:      { arity: 2, dtype: 'bool', evaluate: (x, y) => Number(x < y) },
  le:      { arity: 2, dtype: 'bool', evaluate: (x, y) => Number(x <= y) },
  eq:      { arity: 2, dtype: 'bool', commutative: true, evaluate: (x, y) => Number(x === y) },
  ne:      { arity: 2, dtype: 'bool', commutative: true, evaluate: (x, y) => Number(x !== y) },
  and:     { arity: 2, dtype: 'bool', commutative: true, evaluate: (p, q) => Number(p && q) },
  or:      { arity: 2, dtype: 'bool', commutative: true, evaluate: (p, q) => Number(p || q) },
  not:     { arity: 1, dtype: 'bool', evaluate: p => Number(!p) },
  real:    { arity: 1, dtype: 'real', evaluate: p => p },

  // Tensors from nothing: constants in row-major order, a named size as a number, 0 1 2 ... along one axis.
  array:   { arity: 0, dtype: 'real', elementwise: false, attrs: ['shape', 'values'], evaluate: notEvaluated },
  size:    { arity: 0, dtype: 'int', elementwise: false, attrs: ['size'], evaluate: notEvaluated },
  iota:    { arity: 0, dtype: 'int', elementwise: false, attrs: ['length'], evaluate: notEvaluated },

  // Elements moved, copied or left out. `slice` and `pad` are each other's transposes, so are `gather` and `scatterAdd`
  // (indices are 1-based); `element` is one element as a scalar, `diagonal` that of the last two axes.
  broadcast:  { arity: 1, dtype: 'same', elementwise: false, cost: 0, attrs: ['shape'], evaluate: notEvaluated },
  reshape:    { arity: 1, dtype: 'same', elementwise: false, cost: 0, attrs: ['shape'], evaluate: notEvaluated },
  permute:    { arity: 1, dtype: 'same', elementwise: false, cost: 0, attrs: ['permutation'], evaluate: notEvaluated },
  slice:      { arity: 1, dtype: 'same', elementwise: false, cost: 0, attrs: ['axis', 'start', 'step', 'length'], evaluate: notEvaluated },
  pad:        { arity: 1, dtype: 'real', elementwise: false, attrs: ['axis', 'start', 'step', 'length'], evaluate: notEvaluated },
  element:    { arity: 1, dtype: 'same', elementwise: false, cost: 0, attrs: ['position'], evaluate: notEvaluated },
  diagonal:   { arity: 1, dtype: 'same', elementwise: false, cost: 0, evaluate: notEvaluated },
  concat:     { arity: 'variadic', dtype: 'real', elementwise: false, attrs: ['axis'], evaluate: notEvaluated },
  gather:     { arity: 2, dtype: 'same', elementwise: false, attrs: ['axis'], evaluate: notEvaluated },
  scatterAdd: { arity: 2, dtype: 'real', elementwise: false, attrs: ['axis', 'length'], evaluate: notEvaluated },

  // Reductions over axes, which the result no longer has. `norm` is the square root of the sum of squares; argmax and argmin
  // are 1-based positions, row-major if there are several axes, the first of equals.
  reduceSum:  { arity: 1, dtype: 'real', elementwise: false, attrs: ['axes'], evaluate: notEvaluated },
  reduceProd: { arity: 1, dtype: 'real', elementwise: false, attrs: ['axes'], evaluate: notEvaluated },
  reduceMax:  { arity: 1, dtype: 'real', elementwise: false, attrs: ['axes'], evaluate: notEvaluated },
  reduceMin:  { arity: 1, dtype: 'real', elementwise: false, attrs: ['axes'], evaluate: notEvaluated },
  norm:       { arity: 1, dtype: 'real', elementwise: false, attrs: ['axes'], evaluate: notEvaluated },
  reduceLogsumexp: { arity: 1, dtype: 'real', elementwise: false, cost: 16, attrs: ['axes'], evaluate: notEvaluated },
  any:        { arity: 1, dtype: 'bool', elementwise: false, attrs: ['axes'], evaluate: notEvaluated },
  argmax:     { arity: 1, dtype: 'int', elementwise: false, attrs: ['axes'], evaluate: notEvaluated },
  argmin:     { arity: 1, dtype: 'int', elementwise: false, attrs: ['axes'], evaluate: notEvaluated },
  cumsum:     { arity: 1, dtype: 'real', elementwise: false, attrs: ['axis', 'exclusive', 'reverse'], evaluate: notEvaluated },
  cumprod:    { arity: 1, dtype: 'real', elementwise: false, attrs: ['axis', 'exclusive', 'reverse'], evaluate: notEvaluated },

  // The sum of products over the subscripts that the result lacks, each of which both operands have: matrix products,
  // dot products, batches of them. Products without a sum are `mul`.
  contract:   { arity: 2, dtype: 'real', elementwise: false, attrs: ['subscripts'], evaluate: notEvaluated },
} as const satisfies Record<string, OpFacts>;

export type OpName = keyof typeof OPS;

/** The facts of `op`, typed alike for all rows. */
export function factsOf(op: OpName): OpFacts {
  return OPS[op];
}

/** True if `text` is the name of an operation. */
export function isOpName(text: string): text is OpName {
  return Object.hasOwn(OPS, text);
}

/** True for operations that are applied to each element by itself; operands broadcast. */
export function isElementwise(op: OpName): boolean {
  return factsOf(op).elementwise !== false;
}

/** Values of the inputs, then the order if the operation has one. */
type Evaluate = (...args: number[]) => number;

function notEvaluated(): number {
  throw new RangeError('this operation is not evaluated element by element');
}
