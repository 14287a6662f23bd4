// The calculus, on one page: for every operation, g times one partial derivative per input. The same row serves reverse
// mode, where g is an adjoint, and forward mode, where g is a tangent. Rows are built only with builders, so a derivative
// can be differentiated again.
//
// - A rule sees its inputs as distinct: x * x has two partials, and the driver adds them.
// - `null` means that nothing flows to this input; zero is the absence of an adjoint, never a `0 * x` node.
// - `when(mask, value)` means that the value flows only where the mask holds (rule R1: selection is control flow). A zero
//   subgradient at a kink is such a selection (R2): whatever lies below, NaN or infinite, does not leak.
// - The partials of NaN are NaN (R7); unbounded points give the IEEE infinity (R4).
//
// Sources: Abramowitz and Stegun, chapters 4, 6, 7 and 10; Griewank and Walther, Evaluating Derivatives (2008), chapter 3.

import { type Builder, constantOf, isZero } from '../ir/build.ts';
import type { Node } from '../ir/graph.ts';
import type { OpName } from '../ir/ops.ts';

/** A contribution that flows only where `mask` holds; elsewhere it is zero, whatever `value` computes there. */
export interface Selected {
  readonly mask: Node;
  readonly value: Node;
}

export type Contribution = Node | Selected | null;

/** g times the partial derivative with respect to one input. */
export type Partial = (g: Node, inputs: readonly Node[], out: Node) => Contribution;

/**
 * `elementwise`: one partial per input (null: not differentiable). `variadic`: one partial for the input at `index`.
 * `constant`: piecewise constant, no derivative anywhere.
 */
export type Rule =
  | { readonly kind: 'elementwise'; readonly partials: readonly (Partial | null)[] }
  | {
      readonly kind: 'variadic';
      readonly partial: (...args: [...Parameters<Partial>, index: number]) => Contribution;
    }
  | { readonly kind: 'constant' };

export type Rules = { readonly [O in OpName]: Rule };

/** The table, over the builders of one graph. */
export function calculus(b: Builder): Rules {
  const { add, sub, mul, div, neg, pow, abs, sign, floor, sqrt, exp, expm1, log, log1p, sin, cos, tan, cot } =
    b;
  const { sinh, cosh, tanh, coth, polygamma, phi, sphericalBessel, sigmoid, select } = b;
  const { lt, le, eq, ne, and, not, real } = b;

  const square = (x: Node) => mul(x, x);
  /** 1 - x^2 without cancellation at the ends of [-1, 1]. */
  const oneMinusSquare = (x: Node) => mul(sub(1, x), add(1, x));
  const twoOverSqrtPi = 2 / Math.sqrt(Math.PI);
  const gaussian = (x: Node) => mul(twoOverSqrtPi, exp(neg(square(x))));
  const modulus2 = (y: Node, x: Node) => add(square(x), square(y));
  const tiesOf = new WeakMap<Node, Node>();

  // biome-ignore format: the page of calculus, one operation a row
  return {
    const: constant,
    input: constant,

    add: elementwise(g => g, g => g),
    sub: elementwise(g => g, g => neg(g)),
    mul: elementwise((g, [, y]) => hasZeroFactor(y) ? null : mul(g, y), (g, [x]) => hasZeroFactor(x) ? null : mul(g, x)),
    div: elementwise((g, [, y]) => div(g, y), (g, [x, y], out) => hasZeroFactor(x) ? null : neg(mul(div(g, y), out))),
    neg: elementwise(g => neg(g)),
    pow: elementwise(powBase, powExponent),                                     // R8: see below
    mod: elementwise(g => g, (g, [x, y]) => neg(mul(g, floor(div(x, y))))),
    abs: elementwise((g, [x]) => when(ne(x, 0), mul(g, sign(x)))),              // 0 at 0
    sign: constant, floor: constant, ceil: constant, round: constant, fix: constant,

    sqrt: elementwise((g, _, out) => div(g, mul(2, out))),                      // Infinity at 0
    cbrt: elementwise((g, _, out) => div(g, mul(3, square(out)))),              // Infinity at 0
    nthRoot: elementwise(
      (g, [, n], out) => div(g, mul(n, pow(abs(out), sub(n, 1)))),
      (g, [x, n], out) => neg(div(mul(g, mul(out, log(abs(x)))), square(n)))),
    hypot: variadic((g, x, out, i) => when(ne(out, 0), mul(x[i], div(g, out)))), // 0 at 0
    exp: elementwise((g, _, out) => mul(g, out)),
    expm1: elementwise((g, [x]) => mul(g, exp(x))),
    log: elementwise((g, [x]) => div(g, x)),
    log1p: elementwise((g, [x]) => div(g, add(1, x))),
    log2: elementwise((g, [x]) => div(g, mul(Math.LN2, x))),
    log10: elementwise((g, [x]) => div(g, mul(Math.LN10, x))),

    sin: elementwise((g, [x]) => mul(g, cos(x))),
    cos: elementwise((g, [x]) => neg(mul(g, sin(x)))),
    tan: elementwise((g, _, out) => mul(g, add(1, square(out)))),
    cot: elementwise((g, _, out) => neg(mul(g, add(1, square(out))))),
    sec: elementwise((g, [x], out) => mul(g, mul(out, tan(x)))),
    csc: elementwise((g, [x], out) => neg(mul(g, mul(out, cot(x))))),
    asin: elementwise((g, [x]) => div(g, sqrt(oneMinusSquare(x)))),
    acos: elementwise((g, [x]) => neg(div(g, sqrt(oneMinusSquare(x))))),
    atan: elementwise((g, [x]) => div(g, add(1, square(x)))),
    acot: elementwise((g, [x]) => neg(div(g, add(1, square(x))))),
    asec: elementwise((g, [x]) => div(g, mul(abs(x), sqrt(mul(sub(x, 1), add(x, 1)))))),
    acsc: elementwise((g, [x]) => neg(div(g, mul(abs(x), sqrt(mul(sub(x, 1), add(x, 1))))))),
    atan2: elementwise(                                                         // NaN at (0, 0)
      (g, [y, x]) => mul(x, div(g, modulus2(y, x))),
      (g, [y, x]) => neg(mul(y, div(g, modulus2(y, x))))),
    sinh: elementwise((g, [x]) => mul(g, cosh(x))),
    cosh: elementwise((g, [x]) => mul(g, sinh(x))),
    tanh: elementwise((g, _, out) => mul(g, sub(1, square(out)))),
    coth: elementwise((g, _, out) => mul(g, sub(1, square(out)))),
    sech: elementwise((g, [x], out) => neg(mul(g, mul(out, tanh(x))))),
    csch: elementwise((g, [x], out) => neg(mul(g, mul(out, coth(x))))),
    asinh: elementwise((g, [x]) => div(g, sqrt(add(1, square(x))))),
    acosh: elementwise((g, [x]) => div(g, sqrt(mul(sub(x, 1), add(x, 1))))),
    atanh: elementwise((g, [x]) => div(g, oneMinusSquare(x))),
    acoth: elementwise((g, [x]) => div(g, oneMinusSquare(x))),
    asech: elementwise((g, [x]) => neg(div(g, mul(x, sqrt(oneMinusSquare(x)))))),
    acsch: elementwise((g, [x]) => neg(div(g, mul(abs(x), sqrt(add(1, square(x))))))),

    erf: elementwise((g, [x]) => mul(g, gaussian(x))),
    erfc: elementwise((g, [x]) => neg(mul(g, gaussian(x)))),
    gamma: elementwise((g, [x], out) => mul(g, mul(out, polygamma(0, x)))),
    lgamma: elementwise((g, [x]) => mul(g, polygamma(0, x))),
    polygamma: elementwise((g, [x], out) => mul(g, polygamma(order(out) + 1, x))),

    max: variadic((g, x, out, i) => when(not(lt(x[i], out)), shareOfTie(g, x, out, i))),
    min: variadic((g, x, out, i) => when(not(lt(out, x[i])), shareOfTie(g, x, out, i))),
    relu: elementwise((g, [x]) => when(not(le(x, 0)), select(lt(0, x), g, NaN))), // 0 at 0
    select: elementwise(null, (g, [c]) => when(c, g), (g, [c]) => when(not(c), g)),

    sigmoid: elementwise((g, [x], out) => mul(g, mul(out, sigmoid(neg(x))))),
    softplus: elementwise((g, [x]) => mul(g, sigmoid(x))),
    logit: elementwise((g, [p]) => div(g, mul(p, sub(1, p)))),
    xlogy: elementwise((g, [, y]) => mul(g, log(y)), (g, [x, y]) => when(ne(x, 0), mul(g, div(x, y)))),
    xlog1py: elementwise((g, [, y]) => mul(g, log1p(y)), (g, [x, y]) => when(ne(x, 0), mul(g, div(x, add(1, y))))),
    xlogx: elementwise((g, [x]) => mul(g, add(log(x), 1))),
    logsumexp: variadic((g, x, out, i) => when(ne(x[i], -Infinity), mul(g, softmaxWeight(x, out, i)))),
    logcosh: elementwise((g, [x]) => mul(g, tanh(x))),
    log1mexp: elementwise((g, [x]) => neg(div(g, expm1(neg(x))))),
    sqrt1pm1: elementwise((g, [x]) => div(g, mul(2, sqrt(add(1, x))))),
    phi: elementwise((g, [x], out) => mul(g, sub(out, mul(order(out), phi(order(out) + 1, x))))),
    sphericalBessel: elementwise((g, [x], out) => mul(g, besselSlope(order(out), x))),

    lt: constant, le: constant, eq: constant, ne: constant, and: constant, or: constant, not: constant, real: constant,
  };

  /** d/dx x^y = y x^(y-1); nothing flows where y = 0. A constant exponent never meets log x. */
  function powBase(g: Node, [x, y]: readonly Node[]): Contribution {
    const slope = mul(g, mul(y, pow(x, sub(y, 1))));
    return constantOf(y) === undefined ? when(ne(y, 0), slope) : slope;
  }

  /** d/dy x^y = x^y log x; nothing flows where x = 0 and y >= 0. */
  function powExponent(g: Node, [x, y]: readonly Node[], out: Node): Contribution {
    return when(not(and(eq(x, 0), le(0, y))), mul(g, mul(out, log(x))));
  }

  /** How many operands of a max or min are equal to it: one sum, whichever partial asks. */
  function ties(out: Node): Node {
    const known = tiesOf.get(out);
    if (known !== undefined) return known;
    const sum = out.inputs.map(x => real(eq(x, out))).reduce((count, tie) => add(count, tie));
    tiesOf.set(out, sum);
    return sum;
  }

  /** Ties of max and min share g evenly: the weights sum to 1; of NaN they are 0/0. */
  function shareOfTie(g: Node, x: readonly Node[], out: Node, i: number): Node {
    if (x.length === 2) {
      const other = x[1 - i];
      const strictly = out.op === 'max' ? lt(other, x[i]) : lt(x[i], other);
      return select(strictly, g, mul(g, select(eq(x[i], other), 0.5, NaN)));
    }
    return mul(g, div(real(eq(x[i], out)), ties(out)));
  }

  /** exp(x_i - logsumexp(x)), a sigmoid for two; 1 where x_i alone is the sum, infinite or not. */
  function softmaxWeight(x: readonly Node[], out: Node, i: number): Node {
    if (x.length === 2) return sigmoid(sub(x[i], x[1 - i]));
    return select(eq(x[i], out), 1, exp(sub(x[i], out)));
  }

  /** (2n+1) j_n' = n j_(n-1) - (n+1) j_(n+1) (Abramowitz and Stegun 10.1.20). */
  function besselSlope(n: number, x: Node): Node {
    if (n === 0) return neg(sphericalBessel(1, x));
    return div(sub(mul(n, sphericalBessel(n - 1, x)), mul(n + 1, sphericalBessel(n + 1, x))), 2 * n + 1);
  }
}

/** g times the partial derivative of `node` with respect to its input at `index`. */
export function partial(rule: Rule, g: Node, node: Node, index: number): Contribution {
  switch (rule.kind) {
    case 'elementwise':
      return rule.partials[index]?.(g, node.inputs, node) ?? null;
    case 'variadic':
      return rule.partial(g, node.inputs, node, index);
    case 'constant':
      return null;
  }
}

const constant: Rule = { kind: 'constant' };

function elementwise(...partials: (Partial | null)[]): Rule {
  return { kind: 'elementwise', partials };
}

function variadic(
  partial: (g: Node, inputs: readonly Node[], out: Node, index: number) => Contribution,
): Rule {
  return { kind: 'variadic', partial };
}

function when(mask: Node, value: Node): Selected {
  return { mask, value };
}

function order(node: Node): number {
  return (node.attrs as { readonly order: number }).order;
}

/**
 * True if the node is the constant 0 or a product with it (normalisation hoists a zero factor to the top of a product):
 * such a factor kills the derivative of the other factors, while the value stays IEEE.
 */
function hasZeroFactor(node: Node): boolean {
  return isZero(node) || (node.op === 'mul' && (isZero(node.inputs[0]) || isZero(node.inputs[1])));
}
