// Functions over whole arrays or along one of their dimensions, which count from 1.

import {
  axisOf,
  broadcast,
  isArray,
  isDimension,
  type MathValue,
  mapAlong,
  nested,
  real,
  reduceAlong,
  type Tensor,
  tensor,
} from './arrays.ts';
import * as lists from './lists.ts';

type ArrayFunction = (...args: MathValue[]) => unknown;

export const REDUCTIONS: Readonly<Record<string, ArrayFunction>> = {
  sum: reduction(lists.sum),
  prod: reduction(lists.prod),
  mean: reduction(lists.mean),
  logsumexp: reduction(lists.logsumexp),
  argmax: reduction(values => lists.positionOf(values, lists.max(values))),
  argmin: reduction(values => lists.positionOf(values, lists.min(values))),
  variance: spread(lists.variance),
  std: spread((values, normalization) => Math.sqrt(lists.variance(values, normalization))),
  max: extreme(lists.max),
  min: extreme(lists.min),
  hypot: (...args) => (isOne(args) ? lists.norm(tensor(args[0]).data) : together(lists.norm, args)),
  cumsum: (x, ...rest) => {
    if (!isArray(x)) return lists.cumsum([x, ...rest].map(real));
    return nested(mapAlong(tensor(x), axisOf(rest[0] ?? 1, tensor(x)), lists.cumsum));
  },
  softmax: lines(lists.softmax),
  logsoftmax: lines(lists.logsoftmax),
};

/** Of several numbers, of all elements of an array, or along one dimension. */
function reduction(f: (values: readonly number[]) => number): ArrayFunction {
  return (...args) => {
    const [x, dimension, ...more] = args;
    if (!isArray(x)) return f(args.map(real));
    if (more.length > 0) throw new TypeError('an array and perhaps a dimension were expected');
    return reduced(f, tensor(x), dimension);
  };
}

function reduced(f: (values: readonly number[]) => number, x: Tensor, dimension: MathValue | undefined) {
  return dimension === undefined ? f(x.data) : nested(reduceAlong(x, axisOf(dimension, x), f));
}

/** A reduction whose last argument may name how it is normalised. */
function spread(f: (values: readonly number[], normalization?: string) => number): ArrayFunction {
  return (...args) => {
    const last: unknown = args.at(-1);
    if (typeof last !== 'string') return reduction(values => f(values))(...args);
    return reduction(values => f(values, last))(...args.slice(0, -1));
  };
}

/**
 * The largest or smallest: of one array all elements; of an array and a number that counts one of its dimensions, along
 * that; of anything else elementwise. A literal cannot be told from a value here: `max(v, k)` with k = 1 is taken for a
 * dimension, where symgrad, which sees that k is no literal, compares.
 */
function extreme(f: (values: readonly number[]) => number): ArrayFunction {
  return (...args) => {
    const [x, second] = args;
    if (isOne(args)) return f(tensor(x).data);
    if (args.length === 2 && isArray(x) && isDimension(second, tensor(x).shape.length))
      return reduced(f, tensor(x), second);
    return together(f, args);
  };
}

function isOne(args: readonly MathValue[]): boolean {
  return args.length === 1;
}

/** `f` of the elements of all arguments that correspond. */
function together(f: (values: readonly number[]) => number, args: readonly MathValue[]) {
  return nested(broadcast((...values) => f(values), args.map(tensor)));
}

/** Along the last axis, or the dimension that is given. */
function lines(f: (values: readonly number[]) => number[]): ArrayFunction {
  return (value, dimension) => {
    const x = tensor(value);
    return nested(mapAlong(x, axisOf(dimension ?? x.shape.length, x), f));
  };
}
