// Optimisation by local rules: constants, signs, identities, powers. They run after the last derivative and preserve values
// to 1e-12 and their class (finite, infinite, NaN, zero) while intermediates stay within [1e-150, 1e150]. The right side
// is never dearer than the left.

import type { Builder } from '../ir/build.ts';
import { constantOf, isZero } from '../ir/build.ts';
import type { Node } from '../ir/graph.ts';
import type { OpName } from '../ir/ops.ts';
import { SCALAR } from '../ir/shape.ts';
import { elementsOf } from './cost.ts';
import type { RewriteRule } from './engine.ts';

// biome-ignore format: one rule a paragraph, the name and the law first
export const SIMPLIFY: readonly RewriteRule[] = [
  { name: 'constant-factors', law: 'c (d x) -> (c d) x; c (x / d) -> (c / d) x; c (d / x) -> (c d) / x', exact: false,
    on: ['mul'], apply: constantFactors },
  { name: 'constant-quotients', law: '(c x) / d -> (c / d) x; c / (d x) -> (c / d) / x; x / c -> (1 / c) x unless c is a whole number', exact: false,
    on: ['div'], apply: constantQuotients },
  { name: 'sign-of-product', law: '-x * y -> -(x y); -x / y -> -(x / y)', exact: true,
    on: ['mul', 'div'], apply: signOfProduct },
  { name: 'sign-of-sum', law: '-(x - y) -> y - x; -(c x) -> (-c) x; -x - y -> -(x + y)', exact: true,
    on: ['neg', 'sub'], apply: signOfSum },
  { name: 'negative-term', law: 'x + (-c) y -> x - c y; x - (-c) y -> x + c y', exact: true,
    on: ['add', 'sub'], apply: negativeTerm },
  { name: 'odd', law: 'f(-x) -> -f(x) for odd f', exact: true,
    on: ['sin', 'tan', 'sinh', 'tanh', 'asin', 'atan', 'asinh', 'atanh', 'erf', 'cbrt', 'sign'],
    apply: ({ op, inputs: [x] }, b) => (x.op === 'neg' ? b.neg(b.make(op, x.inputs)) : null) },
  { name: 'even', law: 'f(-x) -> f(x) for even f', exact: true,
    on: ['abs', 'cos', 'cosh', 'logcosh', 'sech', 'sec'],
    apply: ({ op, inputs: [x] }, b) => (x.op === 'neg' ? b.make(op, x.inputs) : null) },
  { name: 'non-negative', law: 'abs(x) -> x for x that is never negative', exact: true,
    on: ['abs'], apply: ({ inputs: [x] }) => (NEVER_NEGATIVE.has(x.op) || isSquare(x) ? x : null) },
  { name: 'square-of-abs', law: 'abs(x) * abs(x) -> x * x; sign(x) * abs(x) -> x', exact: true,
    on: ['mul'], apply: squareOfAbs },
  { name: 'same-condition', law: 'c ? (c ? x : y) : z -> c ? x : z', exact: true,
    on: ['select'], apply: sameCondition },
  { name: 'sign-of-selection', law: 'c ? -x : 0 -> -(c ? x : 0) for tensors', exact: true,
    on: ['select'], apply: signOfSelection },
  { name: 'sinc', law: 'j0(x) -> x is 0 ? 1 : sin(x) / x', exact: false,
    on: ['sphericalBessel'], apply: (node, b) => (orderOf(node) === 0 ? atZero(b, node.inputs[0], b.sin) : null) },
  { name: 'exprel', law: 'phi1(x) -> x is 0 ? 1 : expm1(x) / x', exact: false,
    on: ['phi'], apply: (node, b) => (orderOf(node) === 1 ? atZero(b, node.inputs[0], b.expm1) : null) },
  { name: 'small-power', law: 'x^2 -> x * x; x^-2 -> 1 / (x * x); x^(3/2) -> x * sqrt(x)', exact: false,
    on: ['pow'], apply: smallPower },
];

const NEVER_NEGATIVE: ReadonlySet<OpName> = new Set([
  'abs',
  'exp',
  'sqrt',
  'hypot',
  'cosh',
  'sigmoid',
  'softplus',
  'relu',
]);

/** True if an operand has fewer elements than the result: a sign that leaves it would be taken more often. */
function isSmaller(x: Node, result: Node): boolean {
  return x.shape !== result.shape && elementsOf(x) < elementsOf(result);
}

function isSquare({ op, inputs: [x, y] }: Node): boolean {
  return op === 'mul' && x === y;
}

/** c and x of a product c x with a constant that may be merged with others; null if there is none. */
export function constantTimes({ op, inputs: [x, y] }: Node): { c: number; x: Node } | null {
  if (op !== 'mul') return null;
  const c = constantOf(x);
  if (c !== undefined) return mergeable(c) ? { c, x: y } : null;
  const d = constantOf(y);
  return d !== undefined && mergeable(d) ? { c: d, x } : null;
}

/** Zero stands for a factor without derivative and is not merged; nor is what would overflow. */
export function mergeable(c: number): boolean {
  return c !== 0 && Math.abs(c) > 1e-150 && Math.abs(c) < 1e150;
}

function constantFactors(node: Node, b: Builder): Node | null {
  const outer = constantTimes(node);
  if (outer === null) return null;
  const inner = constantTimes(outer.x);
  if (inner !== null) return b.mul(outer.c * inner.c, inner.x);
  if (outer.x.op === 'neg') return b.mul(-outer.c, outer.x.inputs[0]);
  if (outer.x.op !== 'div') return null;
  const [x, y] = outer.x.inputs;
  const below = constantOf(y);
  if (below !== undefined) return mergeable(below) ? b.mul(outer.c / below, x) : null;
  const above = constantOf(x);
  return above !== undefined && mergeable(above) ? b.div(outer.c * above, y) : null;
}

function constantQuotients({ inputs: [x, y] }: Node, b: Builder): Node | null {
  const below = constantOf(y);
  if (below !== undefined) {
    if (!mergeable(below)) return null;
    const above = constantTimes(x);
    if (above !== null) return b.mul(above.c / below, above.x);
    const whole = Number.isInteger(below) && !Number.isInteger(Math.log2(Math.abs(below)));
    return whole ? null : b.mul(1 / below, x); // x / 3 is exact and reads better
  }
  const above = constantOf(x);
  const inner = constantTimes(y);
  return above !== undefined && inner !== null && mergeable(above) ? b.div(above / inner.c, inner.x) : null;
}

function signOfProduct(node: Node, b: Builder): Node | null {
  const {
    op,
    inputs: [x, y],
  } = node;
  if (x.op === 'neg' && !isSmaller(x, node)) {
    const c = constantOf(y);
    return c === undefined ? b.neg(b.make(op, [x.inputs[0], y])) : b.make(op, [x.inputs[0], b.constant(-c)]);
  }
  if (y.op === 'neg' && !isSmaller(y, node)) {
    const c = constantOf(x);
    return c === undefined ? b.neg(b.make(op, [x, y.inputs[0]])) : b.make(op, [b.constant(-c), y.inputs[0]]);
  }
  return null;
}

function signOfSum(node: Node, b: Builder): Node | null {
  const {
    op,
    inputs: [x, y],
  } = node;
  if (op === 'sub') return x.op === 'neg' && !isSmaller(x, node) ? b.neg(b.add(x.inputs[0], y)) : null;
  if (x.op === 'sub') return b.sub(x.inputs[1], x.inputs[0]);
  const product = constantTimes(x);
  if (product !== null) return b.mul(-product.c, product.x);
  if (x.op === 'div') {
    const above = constantOf(x.inputs[0]);
    if (above !== undefined) return b.div(-above, x.inputs[1]);
  }
  return null;
}

function negativeTerm({ op, inputs: [x, y] }: Node, b: Builder): Node | null {
  const positive = (term: Node): Node | null => {
    const product = constantTimes(term);
    if (product !== null) return product.c < 0 ? b.mul(-product.c, product.x) : null;
    const above = term.op === 'div' ? constantOf(term.inputs[0]) : constantOf(term);
    if (above === undefined || !(above < 0)) return null;
    return term.op === 'div' ? b.div(-above, term.inputs[1]) : b.constant(-above);
  };
  const second = positive(y);
  if (second !== null) return op === 'add' ? b.sub(x, second) : b.add(x, second);
  if (op === 'sub') return null;
  const first = positive(x);
  return first === null ? null : b.sub(y, first);
}

function squareOfAbs({ inputs: [x, y] }: Node, b: Builder): Node | null {
  if (x.op === 'abs' && x === y) return b.mul(x.inputs[0], x.inputs[0]);
  if (x.op === 'sign' && y.op === 'abs' && x.inputs[0] === y.inputs[0]) return x.inputs[0];
  if (y.op === 'sign' && x.op === 'abs' && x.inputs[0] === y.inputs[0]) return x.inputs[0];
  return null;
}

function sameCondition({ inputs: [c, x, y] }: Node, b: Builder): Node | null {
  if (x.op === 'select' && x.inputs[0] === c) return b.select(c, x.inputs[1], y);
  if (y.op === 'select' && y.inputs[0] === c) return b.select(c, x, y.inputs[2]);
  return null;
}

/** Only for tensors, where sums over axes and contractions let a sign out. */
function signOfSelection(node: Node, b: Builder): Node | null {
  const [c, x, y] = node.inputs;
  if (node.shape === SCALAR) return null;
  if (x.op === 'neg' && isZero(y)) return b.neg(b.select(c, x.inputs[0], y));
  return y.op === 'neg' && isZero(x) ? b.neg(b.select(c, x, y.inputs[0])) : null;
}

function orderOf({ attrs }: Node): number | undefined {
  return attrs !== undefined && 'order' in attrs ? attrs.order : undefined;
}

/** f(x) / x, which is accurate but at 0, where it is 1: no series is needed, and f(x) may be there already. */
function atZero(b: Builder, x: Node, f: (x: Node) => Node): Node {
  return b.select(b.ne(x, 0), b.div(f(x), x), 1);
}

/** Powers up to this one become products; their error stays below 1e-14. */
const LARGEST_PRODUCT = 64;

function smallPower({ inputs: [x, y] }: Node, b: Builder): Node | null {
  const n = constantOf(y);
  if (n === undefined || Math.abs(n) > LARGEST_PRODUCT) return null;
  if (n < 0) return n % 1 === 0 || Math.abs(n % 1) === 0.5 ? b.div(1, b.pow(x, -n)) : null;
  if (Number.isInteger(n)) return integerPower(b, x, n);
  if (n % 1 !== 0.5) return null;
  return n === 0.5 ? b.sqrt(x) : b.mul(integerPower(b, x, n - 0.5), b.sqrt(x));
}

/** x^n by repeated squaring (Knuth, The Art of Computer Programming 2, section 4.6.3). */
function integerPower(b: Builder, x: Node, n: number): Node {
  if (n === 1) return x;
  const half = integerPower(b, x, Math.floor(n / 2));
  const even = b.mul(half, half);
  return n % 2 === 0 ? even : b.mul(even, x);
}
