// What the functions and operators of the language mean: a row each, from the name mathjs gives it (`+` is `add`) to
// what it builds. Here are those that are applied to numbers, and to arrays element by element; the others have files
// of their own by topic.

import type { Builder } from '../ir/build.ts';
import type { Node } from '../ir/graph.ts';
import type { OpName } from '../ir/ops.ts';
import { ARRANGEMENTS } from './arrangements.ts';
import { einsum } from './einsum.ts';
import type { FunctionFacts } from './facts.ts';
import { PRODUCTS } from './products.ts';
import { chain, REDUCTIONS } from './reductions.ts';
import { toMask, toReal } from './values.ts';

/** A function of numbers with a formula. */
function formula(
  arity: number | FunctionFacts['arity'],
  numbers: NonNullable<FunctionFacts['numbers']>,
): FunctionFacts {
  return { arity: typeof arity === 'number' ? [arity, arity] : arity, numbers };
}

/** A function that is an operation of the graph. */
function operation(op: OpName, arity: number): FunctionFacts {
  return formula(arity, (b, args) => b.make(op, args));
}

/** A function of masks, or of numbers taken as masks. */
function logical(arity: number, build: NonNullable<FunctionFacts['numbers']>): FunctionFacts {
  return {
    arity: [arity, arity],
    masks: true,
    numbers: (b, args) =>
      build(
        b,
        args.map(x => toMask(b, x)),
      ),
  };
}

const several: FunctionFacts['arity'] = [1, Number.POSITIVE_INFINITY];
const two: FunctionFacts['arity'] = [2, Number.POSITIVE_INFINITY];
const identity = formula(1, (_, [x]) => x);

// biome-ignore format: one function a line
const ELEMENTWISE: Readonly<Record<string, FunctionFacts>> = {
  add:         formula(two, chain('add')),
  subtract:    operation('sub', 2),
  mod:         operation('mod', 2),
  unaryMinus:  operation('neg', 1),
  unaryPlus:   identity,
  dotMultiply: operation('mul', 2),
  dotDivide:   operation('div', 2),
  dotPow:      operation('pow', 2),
  abs:         operation('abs', 1),
  sign:        operation('sign', 1),
  floor:       operation('floor', 1),
  ceil:        operation('ceil', 1),
  round:       operation('round', 1),
  fix:         operation('fix', 1),

  sqrt:        operation('sqrt', 1),
  cbrt:        operation('cbrt', 1),
  nthRoot:     formula([1, 2], (b, [x, n]) => nthRoot(b, x, n)),
  square:      formula(1, (b, [x]) => b.pow(x, 2)),
  cube:        formula(1, (b, [x]) => b.pow(x, 3)),
  exp:         operation('exp', 1),
  expm1:       operation('expm1', 1),
  log:         formula([1, 2], (b, [x, base]) => base === undefined ? b.log(x) : b.div(b.log(x), b.log(base))),
  log1p:       operation('log1p', 1),
  log2:        operation('log2', 1),
  log10:       operation('log10', 1),

  sin:         operation('sin', 1),
  cos:         operation('cos', 1),
  tan:         operation('tan', 1),
  cot:         operation('cot', 1),
  sec:         operation('sec', 1),
  csc:         operation('csc', 1),
  asin:        operation('asin', 1),
  acos:        operation('acos', 1),
  atan:        operation('atan', 1),
  acot:        operation('acot', 1),
  asec:        operation('asec', 1),
  acsc:        operation('acsc', 1),
  atan2:       operation('atan2', 2),
  sinh:        operation('sinh', 1),
  cosh:        operation('cosh', 1),
  tanh:        operation('tanh', 1),
  coth:        operation('coth', 1),
  sech:        operation('sech', 1),
  csch:        operation('csch', 1),
  asinh:       operation('asinh', 1),
  acosh:       operation('acosh', 1),
  atanh:       operation('atanh', 1),
  acoth:       operation('acoth', 1),
  asech:       operation('asech', 1),
  acsch:       operation('acsch', 1),

  erf:         operation('erf', 1),
  erfc:        operation('erfc', 1),
  gamma:       operation('gamma', 1),
  lgamma:      operation('lgamma', 1),
  factorial:   formula(1, (b, [x]) => b.gamma(b.add(x, 1))),
  digamma:     formula(1, (b, [x]) => b.polygamma(0, x)),


  relu:        operation('relu', 1),
  sigmoid:     operation('sigmoid', 1),
  softplus:    operation('softplus', 1),
  logit:       operation('logit', 1),
  xlogy:       operation('xlogy', 2),
  clamp:       formula(3, (b, [x, low, high]) => b.min(b.max(x, low), high)),
  where:       { arity: [3, 3], masks: true, numbers: (b, [c, x, y]) => choice(b, c, x, y) },

  smaller:     operation('lt', 2),
  smallerEq:   operation('le', 2),
  larger:      formula(2, (b, [x, y]) => b.lt(y, x)),
  largerEq:    formula(2, (b, [x, y]) => b.le(y, x)),
  equal:       operation('eq', 2),
  unequal:     operation('ne', 2),
  and:         logical(2, (b, [p, q]) => b.and(p, q)),
  or:          logical(2, (b, [p, q]) => b.or(p, q)),
  xor:         logical(2, (b, [p, q]) => b.ne(b.real(p), b.real(q))),
  not:         logical(1, (b, [p]) => b.not(p)),
};

/** Forms whose operands are taken apart before they are called (operands.ts): what is left here is misused. */
const FORMS: Readonly<Record<string, FunctionFacts>> = {
  map: {
    arity: several,
    arrays: call => {
      throw call.mistakeAt(
        call.count - 1,
        'not-a-function',
        'the last argument of `map` must be a function',
        'write map(A, exp), or map(A, f(t) = t^2)',
      );
    },
  },
  index: {
    arity: several,
    arrays: call => {
      throw call.mistake('index', '`index` has its place in subset(A, index(...))', 'write A[1, 2:3]');
    },
  },
};

export const FUNCTIONS: ReadonlyMap<string, FunctionFacts> = new Map(
  Object.entries({
    ...ELEMENTWISE,
    ...PRODUCTS,
    ...REDUCTIONS,
    ...ARRANGEMENTS,
    einsum: { arity: several, texts: true, arrays: einsum } satisfies FunctionFacts,
    ...FORMS,
  }),
);

/** `condition ? x : y`. */
export function choice(b: Builder, condition: Node, x: Node, y: Node): Node {
  return b.select(toMask(b, condition), toReal(b, x), toReal(b, y));
}

function nthRoot(b: Builder, x: Node, n: Node | undefined): Node {
  const order = n === undefined ? 2 : n.op === 'const' ? n.attrs.value : undefined;
  if (order === 2) return b.sqrt(x);
  if (order === 3) return b.cbrt(x);
  return b.nthRoot(x, n as Node); // there is an n, or the order would be 2
}

/** Names that stand for numbers unless the formula gives them another meaning. */
// biome-ignore format: one constant a line
export const CONSTANTS: ReadonlyMap<string, number> = new Map([
  ['e', Math.E],
  ['E', Math.E],
  ['pi', Math.PI],
  ['PI', Math.PI],
  ['tau', 2 * Math.PI],
  ['phi', (1 + Math.sqrt(5)) / 2],
  ['LN2', Math.LN2],
  ['LN10', Math.LN10],
  ['LOG2E', Math.LOG2E],
  ['LOG10E', Math.LOG10E],
  ['SQRT2', Math.SQRT2],
  ['SQRT1_2', Math.SQRT1_2],
]);
