// Functions that take many numbers together: several arguments, all elements of an array, or the lines along one of its
// dimensions, which count from 1. Sums and products of several arguments keep the association of the text.

import { type Builder, constantOf } from '../ir/build.ts';
import type { Node } from '../ir/graph.ts';
import { MOST_INPUTS, type OpName } from '../ir/ops.ts';
import { productOfSizes, type Size } from '../ir/size.ts';
import type { FunctionFacts } from './facts.ts';
import { arrayText, type Call } from './mistakes.ts';

/** Of the elements of `x` along `axes`, which the result no longer has. */
type Reduce = (b: Builder, x: Node, axes: readonly number[]) => Node;

// biome-ignore format: one function a line
export const REDUCTIONS: Readonly<Record<string, FunctionFacts>> = {
  sum:       reduction(chain('add'), (b, x, axes) => b.reduceSum(x, axes)),
  prod:      reduction(chain('mul'), (b, x, axes) => b.reduceProd(x, axes)),
  mean:      reduction((b, args) => b.div(chain('add')(b, args), args.length), meanOf),
  logsumexp: { ...reduction(operation('logsumexp'), (b, x, axes) => b.reduceLogsumexp(x, axes)), arity: [1, MOST_INPUTS] },
  max:       extreme('max', 'reduceMax'),
  min:       extreme('min', 'reduceMin'),
  argmax:    reduction(undefined, (b, x, axes) => b.argmax(x, axes)),
  argmin:    reduction(undefined, (b, x, axes) => b.argmin(x, axes)),
  variance:  spread((b, deviations, axes, divisor) => b.div(b.reduceSum(b.mul(deviations, deviations), axes), divisor)),
  std:       spread((b, deviations, axes, divisor) => b.div(b.norm(deviations, axes), b.sqrt(divisor))),
  hypot:     { arity: [1, MOST_INPUTS], collects: true, numbers: operation('hypot'), arrays: hypot },
  norm:      { arity: [1, 2], texts: true, numbers: (b, [x]) => b.abs(x), arrays: norm },
  cumsum:    { arity: [1, Number.POSITIVE_INFINITY], collects: true, arrays: cumsum },
  softmax:     { arity: [1, 2], arrays: call => normalised(call, (b, x, total) => b.exp(b.sub(x, total))) },
  logsoftmax:  { arity: [1, 2], arrays: call => normalised(call, (b, x, total) => b.sub(x, total)) },
};

/** From left to right, as the text is read. */
export function chain(op: 'add' | 'mul'): NonNullable<FunctionFacts['numbers']> {
  return (b, args) => args.reduce((x, y) => b.make(op, [x, y]));
}

function operation(op: OpName): NonNullable<FunctionFacts['numbers']> {
  return (b, args) => b.make(op, args);
}

function reduction(numbers: FunctionFacts['numbers'], reduce: Reduce): FunctionFacts {
  return {
    arity: [1, Number.POSITIVE_INFINITY],
    collects: true,
    ...(numbers && { numbers }),
    arrays: along(reduce),
  };
}

/** `f(A)` and `f(A, dimension)`. */
function along(reduce: Reduce): (call: Call) => Node {
  return call => {
    if (call.count > 2) {
      throw call.mismatch(`\`${call.name}\` takes numbers, or one array and perhaps a dimension`);
    }
    const x = call.array(0);
    return reduce(call.b, x, call.count === 1 ? axesOf(x) : [axisOf(call, 1, x)]);
  };
}

/**
 * `max(A)` and `max(A, 1)`, where the dimension is a literal in the text; anything else is elementwise, `max(A, 0)` too.
 */
function extreme(op: 'max' | 'min', over: 'reduceMax' | 'reduceMin'): FunctionFacts {
  return {
    arity: [1, MOST_INPUTS],
    collects: true,
    numbers: operation(op),
    arrays: call => {
      const { b, operands } = call;
      const [, second] = operands;
      if (call.count === 1) return b[over](call.node(0));
      if (call.count > 2 || call.rank(0) === 0 || second.node.type !== 'Constant')
        return b.make(op, call.nodes());
      const dimension = constantOf(call.node(1));
      if (dimension === undefined || !Number.isInteger(dimension) || dimension < 1)
        return b.make(op, call.nodes());
      const x = call.node(0);
      if (dimension <= x.shape.length) return b[over](x, [dimension - 1]);
      throw call.mistakeAt(
        1,
        'dimension',
        `${arrayText(x.shape)} has no dimension ${dimension}`,
        `to compare each element with ${dimension}, write ${op}(${dimension}, ...)`,
      );
    },
  };
}

/** The axis of the dimension that the operand `at` names. */
export function axisOf(call: Call, at: number, x: Node): number {
  const dimension = call.rank(at) === 0 ? constantOf(call.node(at)) : undefined;
  if (dimension === undefined) {
    throw call.mistakeAt(
      at,
      'dimension',
      `the dimension of \`${call.name}\` must be a constant whole number`,
      'dimensions count from 1: 1 goes down the columns, 2 along the rows',
    );
  }
  if (Number.isInteger(dimension) && dimension >= 1 && dimension <= x.shape.length) return dimension - 1;
  throw call.mistakeAt(
    at,
    'dimension',
    `${arrayText(x.shape)} has no dimension ${dimension}`,
    'dimensions count from 1',
  );
}

function axesOf(x: Node): number[] {
  return x.shape.map((_, axis) => axis);
}

function countAlong(x: Node, axes: readonly number[]): Size {
  return productOfSizes(axes.map(axis => x.shape[axis]));
}

function meanOf(b: Builder, x: Node, axes: readonly number[]): Node {
  return b.div(b.reduceSum(x, axes), b.size(countAlong(x, axes)));
}

/** What the sum of squared deviations is divided by; 1 of one element, NaN of none. */
const DIVISORS: Readonly<Record<string, (b: Builder, count: Node) => Node>> = {
  unbiased: (b, count) => b.max(b.sub(count, 1), 1),
  uncorrected: (_, count) => count,
  biased: (b, count) => b.add(count, 1),
};

type Spread = (b: Builder, deviations: Node, axes: readonly number[], divisor: Node) => Node;

/** `variance(A)`, `variance(A, dimension)`, both also with a normalisation as the last argument. */
function spread(of: Spread): FunctionFacts {
  const around = (b: Builder, x: Node, axes: readonly number[], normalisation = 'unbiased'): Node => {
    const mean = meanOf(b, x, axes);
    const deviations = b.sub(x, mean.shape.length === 0 ? mean : b.expand(mean, axes));
    const count = b.size(countAlong(x, axes));
    const divisor = DIVISORS[normalisation](b, count);
    return of(b, deviations, axes, b.select(b.eq(count, 0), Number.NaN, divisor));
  };
  return {
    arity: [1, Number.POSITIVE_INFINITY],
    collects: true,
    texts: true,
    arrays: call => {
      const [normalisation] = call.texts;
      if (call.texts.length > 1 || (normalisation !== undefined && !Object.hasOwn(DIVISORS, normalisation))) {
        throw call.mistake(
          'option',
          `\`${call.name}\` is normalised 'unbiased' (by n - 1), 'uncorrected' (by n) or 'biased' (by n + 1)`,
        );
      }
      return along((b, x, axes) => around(b, x, axes, normalisation))(call);
    },
  };
}

/** Of several arrays elementwise, of one that of all its elements. */
function hypot(call: Call): Node {
  const { b } = call;
  return call.count === 1 ? b.norm(call.node(0)) : b.hypot(...call.nodes());
}

/** The p-norm of a vector (2 unless it is given); of a matrix 'fro', 1 or 'inf'. */
function norm(call: Call): Node {
  const { b } = call;
  const x = call.array(0);
  const p = kindOfNorm(call);
  const rank = x.shape.length;
  if (p === 'fro') return b.norm(x);
  if (rank > 2) {
    throw call.mismatch('only vectors and matrices have norms', "the norm of all elements is norm(A, 'fro')");
  }
  if (rank === 1) return vectorNorm(b, x, p);
  if (p === 1) return b.reduceMax(b.reduceSum(b.abs(x), [0]));
  if (p === Number.POSITIVE_INFINITY) return b.reduceMax(b.reduceSum(b.abs(x), [1]));
  throw call.mismatch(
    p === 2
      ? 'the norm of a matrix is its largest singular value, which is not there yet'
      : `a matrix has no ${p}-norm`,
    "the norm of all elements is norm(A, 'fro')",
  );
}

function kindOfNorm(call: Call): number | 'fro' {
  const [text] = call.texts;
  if (call.texts.length + call.count > 2) {
    throw call.mistake('wrong-arity', '`norm` takes 1 or 2 arguments');
  }
  if (text === 'fro') return text;
  if (text === 'inf' || text === '-inf') {
    return text === 'inf' ? Number.POSITIVE_INFINITY : Number.NEGATIVE_INFINITY;
  }
  if (text !== undefined)
    throw call.mistake('option', `there is no '${text}' norm`, "there are 'fro', 'inf'");
  if (call.count === 1) return 2;
  const p = call.rank(1) === 0 ? constantOf(call.node(1)) : undefined;
  if (p !== undefined && !Number.isNaN(p) && p !== 0) return p;
  throw call.mistakeAt(1, 'option', 'the order of a norm must be a constant, and not 0');
}

/** At 0 the gradient is 0: the power is not selected there. */
function vectorNorm(b: Builder, x: Node, p: number): Node {
  if (p === 2) return b.norm(x);
  const sizes = b.abs(x);
  if (p === 1) return b.reduceSum(sizes);
  if (p === Number.POSITIVE_INFINITY) return b.reduceMax(sizes);
  if (p === Number.NEGATIVE_INFINITY) return b.reduceMin(sizes);
  const sum = b.reduceSum(b.pow(sizes, p));
  return b.select(b.eq(sum, 0), 0, b.pow(sum, 1 / p));
}

/** Along the first dimension, or the one that is given. */
function cumsum(call: Call): Node {
  if (call.count > 2) throw call.mismatch('`cumsum` takes numbers, or one array and perhaps a dimension');
  const x = call.array(0);
  const axis = call.count === 1 ? 0 : axisOf(call, 1, x);
  return call.b.cumsum(x, { axis, exclusive: false, reverse: false });
}

/**
 * Each line along the last dimension, or the one that is given, less the logarithm of the sum of its exponentials; 0
 * where that is -Infinity, so that a line of -Infinity has softmax 0.
 */
function normalised(call: Call, of: (b: Builder, x: Node, total: Node) => Node): Node {
  const { b } = call;
  const x = call.array(0);
  const axis = call.count === 1 ? x.shape.length - 1 : axisOf(call, 1, x);
  const total = b.reduceLogsumexp(x, [axis]);
  const known = b.select(b.eq(total, Number.NEGATIVE_INFINITY), 0, total);
  return of(b, x, b.expand(known, [axis]));
}
