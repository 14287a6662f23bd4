// The calculus, on one page: for every operation, g times one partial derivative per input. The same row serves reverse
// mode, where g is an adjoint, and forward mode, where g is a tangent. Rows are built only with builders, so a derivative
// can be differentiated again.
//
// - A rule sees its inputs as distinct: x * x has two partials, and the driver adds them.
// - `null` means that nothing flows to this input; zero is the absence of an adjoint, never a `0 * x` node.
// - `when(mask, value)` means that the value flows only where the mask holds (rule R1: selection is control flow). A zero
//   subgradient at a kink is such a selection (R2): whatever lies below, NaN or infinite, does not leak.
// - The partials of NaN are NaN (R7); unbounded points give the IEEE infinity (R4).
// - Of tensors an elementwise row is read element by element: where an operand was broadcast the driver sums. The other
//   kinds of rows are explained at `Rule`; how a flow goes through them in either mode is in maps.ts.
//
// Sources: Abramowitz and Stegun, chapters 4, 6, 7 and 10; Griewank and Walther, Evaluating Derivatives (2008), chapter 3.

import { type Builder, constantOf, isZero } from '../ir/build.ts';
import type { AttrsOf, Node, Scan, Stretch } from '../ir/graph.ts';
import type { OpName } from '../ir/ops.ts';
import { elementsIn, type Shape } from '../ir/shape.ts';
import { addSizes, productOfSizes, type Size } from '../ir/size.ts';

/** A contribution that flows only where `mask` holds; elsewhere it is zero, whatever `value` computes there. */
export interface Selected {
  readonly mask: Node;
  readonly value: Node;
}

export type Contribution = Node | Selected | null;

/** g times the partial derivative with respect to one input. */
export type Partial = (g: Node, inputs: readonly Node[], out: Node) => Contribution;

/**
 * What a linear map does with elements: it `moves` them, each of the result is one of the operand; it `places` them, zero
 * elsewhere; or it `sums` them.
 */
export type Motion = 'moves' | 'places' | 'sums';

/**
 * `elementwise`: one partial per input (null: not differentiable). `variadic`: one partial for the input at `index`.
 * `linear`: forward mode is the operation on the tangent, or `push`, whose operand has `lead` as further first axes; reverse
 * mode is the transpose, `pull`. `bilinear`: a product, of which one operand is replaced at a time; all of its transposes
 * are such products. `weighted`: a reduction with a weight for each element, g times it; reverse mode repeats g along the
 * reduced axes, forward mode sums the result. `scan`: each element of the result depends on those before it; g comes with
 * a further axis, for the element of the result (after `axis`) or for that of the operand (at `axis`), over the other of
 * which the driver sums. `constant`: piecewise constant, no derivative anywhere.
 */
export type Rule =
  | { readonly kind: 'elementwise'; readonly partials: readonly (Partial | null)[] }
  | {
      readonly kind: 'variadic';
      readonly partial: (...args: [...Parameters<Partial>, index: number]) => Contribution;
    }
  | LinearRule
  | { readonly kind: 'bilinear'; readonly product: (subscripts: string, x: Node, y: Node) => Node }
  | {
      readonly kind: 'weighted';
      /** `out` has the reduced axes, of length 1. */
      readonly partial: (g: Node, x: Node, out: Node, axes: readonly number[]) => Contribution;
    }
  | { readonly kind: 'scan'; readonly partial: (g: Node, x: Node, scan: Scan) => Contribution }
  | { readonly kind: 'constant' };

export interface LinearRule {
  readonly kind: 'linear';
  readonly forward: Motion;
  readonly backward: Motion;
  readonly pull: (g: Node, out: Node, index: number) => Contribution;
  readonly push?: (t: Node, out: Node, index: number, lead: Shape) => Node;
}

export type Rules = { readonly [O in OpName]: Rule };

/** The table, over the builders of one graph. */
export function calculus(b: Builder): Rules {
  const { add, sub, mul, div, neg, pow, abs, sign, floor, sqrt, exp, expm1, log, log1p, sin, cos, tan, cot } =
    b;
  const { sinh, cosh, tanh, coth, polygamma, phi, sphericalBessel, sigmoid, select } = b;
  const { lt, le, eq, ne, and, not, real } = b;
  const { reduceSum, broadcast, reshape, permute, slice, pad, element, expand, gather, scatterAdd } = b;
  const { cumsum, cumprod, contract, eye, iota } = b;

  const square = (x: Node) => mul(x, x);
  /** 1 - x^2 without cancellation at the ends of [-1, 1]. */
  const oneMinusSquare = (x: Node) => mul(sub(1, x), add(1, x));
  const twoOverSqrtPi = 2 / Math.sqrt(Math.PI);
  const gaussian = (x: Node) => mul(twoOverSqrtPi, exp(neg(square(x))));
  const modulus2 = (y: Node, x: Node) => add(square(x), square(y));
  const tiesOf = new WeakMap<Node, Node>();
  // To add up the lengths before each of n joined tensors anew would cost n^2 steps.
  const startsOf = new WeakMap<
    readonly Node[],
    { readonly axis: number; readonly places: readonly Size[] }
  >();

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
    relu: elementwise((g, [x]) => when(not(le(x, 0)), mul(g, select(lt(0, x), 1, NaN)))), // 0 at 0
    select: elementwise(null, (g, [c]) => when(c, g), (g, [c]) => when(not(c), g)),

    sigmoid: elementwise((g, [x], out) => mul(g, mul(out, sigmoid(neg(x))))),
    softplus: elementwise((g, [x]) => mul(g, sigmoid(x))),
    logit: elementwise((g, [p]) => div(g, mul(p, sub(1, p)))),
    xlogy: elementwise((g, [, y]) => mul(g, log(y)), (g, [x, y]) => when(ne(x, 0), mul(g, div(x, y)))),
    xlog1py: elementwise((g, [, y]) => mul(g, log1p(y)), (g, [x, y]) => when(ne(x, 0), mul(g, div(x, add(1, y))))),
    xlogx: elementwise((g, [x]) => mul(g, add(log(x), 1))),
    logsumexp: variadic((g, x, out, i) => when(ne(x[i], -Infinity), mul(g, softmaxWeight(x, out, i)))),
    logcosh: elementwise((g, [x]) => mul(g, tanh(x))),
    log1mexp: elementwise((g, [x]) => mul(g, div(exp(x), expm1(x)))), // not 1 / expm1(-x): its derivative overflows
    sqrt1pm1: elementwise((g, [x]) => div(g, mul(2, sqrt(add(1, x))))),
    phi: elementwise((g, [x], out) => mul(g, sub(out, mul(order(out), phi(order(out) + 1, x))))),
    sphericalBessel: elementwise((g, [x], out) => mul(g, besselSlope(order(out), x))),

    lt: constant, le: constant, eq: constant, ne: constant, and: constant, or: constant, not: constant, real: constant,
    array: constant, size: constant, iota: constant, any: constant, argmax: constant, argmin: constant,

    reduceSum: linear<'reduceSum'>('sums', 'moves', (g, [x], { axes }) => broadcast(expand(g, axes), x.shape)),
    broadcast: linear<'broadcast'>('moves', 'sums', (g, [x]) => sumTo(g, x.shape)),
    reshape: linear<'reshape'>('moves', 'moves', (g, [x]) => reshape(g, x.shape)),
    permute: linear<'permute'>('moves', 'moves', (g, _, { permutation }) => permute(g, inverse(permutation))),
    slice: linear<'slice'>('moves', 'places', (g, [x], s) => pad(g, { ...s, length: x.shape[s.axis] })),
    pad: linear<'pad'>('places', 'moves', (g, [x], s) => slice(g, { ...s, length: x.shape[s.axis] })),
    element: linear<'element'>('moves', 'places', (g, [x], { position }) => reshape(pad(reshape(g, [1]), only(position, x)), x.shape), elementOf),
    diagonal: linear('moves', 'moves', (g, [x]) => when(eye(x.shape.at(-2)!, x.shape.at(-1)!), expand(g, [g.shape.length - 1]))),
    concat: linear<'concat'>('places', 'moves', (g, x, { axis }, i) => slice(g, { axis, start: starts(x, axis)[i], step: 1, length: x[i].shape[axis] }), padded),
    gather: linear<'gather'>('moves', 'places', (g, [x, index], { axis }) => scatterAdd(g, index, axis, x.shape[axis])),
    scatterAdd: linear<'scatterAdd'>('places', 'moves', (g, [, index], { axis }) => gather(g, index, axis)),
    cumsum: linear<'cumsum'>('sums', 'sums', (g, _, scan) => cumsum(g, { ...scan, reverse: !scan.reverse })),
    contract: bilinear(contract),

    reduceProd: weighted((g, x, _, axes) => mul(g, productOfOthers(x, axes))),
    reduceMax: weighted((g, x, out, axes) => when(not(lt(x, out)), mul(g, evenShare(x, out, axes)))),
    reduceMin: weighted((g, x, out, axes) => when(not(lt(out, x)), mul(g, evenShare(x, out, axes)))),
    norm: weighted((g, x, out) => when(ne(out, 0), mul(x, div(g, out)))),       // 0 at 0
    reduceLogsumexp: weighted((g, x, out) => when(ne(x, -Infinity), mul(g, select(eq(x, out), 1, exp(sub(x, out)))))),
    cumprod: scan((g, x, scan) => select(reaches(x, scan), mul(g, productsWithoutOne(x, scan)), 0)),
  };

  /** d/dx x^y = y x^(y-1); nothing flows where y = 0. A constant exponent never meets log x. */
  function powBase(g: Node, [x, y]: readonly Node[]): Contribution {
    const slope = mul(g, mul(y, pow(x, sub(y, 1))));
    return constantOf(unrepeated(y)) === undefined ? when(ne(y, 0), slope) : slope;
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

  /** The sum over the axes along which a tensor of the shape given was repeated. */
  function sumTo(g: Node, shape: Shape): Node {
    const first = g.shape.length - shape.length;
    const axes = g.shape.flatMap((size, axis) =>
      axis < first || (shape[axis - first] === 1 && size !== 1) ? [axis] : [],
    );
    const kept = g.shape.map((size, axis) => (axes.includes(axis) ? 1 : size)).slice(first);
    return reshape(reduceSum(g, axes), kept);
  }

  function elementOf(
    t: Node,
    [x]: readonly Node[],
    { position }: AttrsOf['element'],
    _: number,
    lead: Shape,
  ): Node {
    if (lead.length === 0) return element(t, position);
    const row = { axis: lead.length, start: position, step: 1, length: 1 };
    return reshape(slice(reshape(t, [...lead, elementsIn(x.shape)]), row), lead);
  }

  function padded(t: Node, x: readonly Node[], { axis }: AttrsOf['concat'], i: number, lead: Shape): Node {
    const places = starts(x, axis);
    return pad(t, { axis: axis + lead.length, start: places[i], step: 1, length: places[x.length] });
  }

  /** The places along the axis where each of the joined tensors starts, and where the last ends. */
  function starts(x: readonly Node[], axis: number): readonly Size[] {
    const known = startsOf.get(x);
    if (known?.axis === axis) return known.places;
    const places: Size[] = [0];
    for (const { shape } of x) places.push(addSizes(places.at(-1)!, shape[axis]));
    startsOf.set(x, { axis, places });
    return places;
  }

  /** For every element the product of the others along the axes, without a division: those before it times those after. */
  function productOfOthers(x: Node, axes: readonly number[]): Node {
    const kept = x.shape.map((_, axis) => axis).filter(axis => !axes.includes(axis));
    const order = [...kept, ...axes];
    const turned = permute(x, order);
    const row = reshape(turned, [
      ...kept.map(axis => x.shape[axis]),
      productOfSizes(axes.map(axis => x.shape[axis])),
    ]);
    const along = { axis: kept.length, exclusive: true };
    const products = mul(
      cumprod(row, { ...along, reverse: false }),
      cumprod(row, { ...along, reverse: true }),
    );
    return permute(reshape(products, turned.shape), inverse(order));
  }

  /** Ties of a maximum or minimum share evenly: the weights sum to 1; of NaN they are 0/0. */
  function evenShare(x: Node, out: Node, axes: readonly number[]): Node {
    const tie = real(eq(x, out));
    return div(tie, expand(reduceSum(tie, axes), axes));
  }

  /** At [k, i]: the i-th cumulative product without x_k. A quotient would be 0/0 at zeros. */
  function productsWithoutOne(x: Node, { axis, exclusive, reverse }: Scan): Node {
    const length = x.shape[axis];
    const isItself = reshape(eye(length, length), [length, length, ...x.shape.slice(axis + 1).map(() => 1)]);
    return cumprod(select(isItself, 1, expand(x, [axis])), { axis: axis + 1, exclusive, reverse });
  }

  /** At [k, i]: whether x_k is a factor of the i-th cumulative product. */
  function reaches(x: Node, { axis, exclusive, reverse }: Scan): Node {
    const length = x.shape[axis];
    const inner = x.shape.slice(axis + 1).map(() => 1);
    const i = reshape(iota(length), [length, ...inner]);
    const k = reshape(iota(length), [length, 1, ...inner]);
    const [first, last] = reverse ? [i, k] : [k, i];
    return exclusive ? lt(first, last) : le(first, last);
  }
}

/** The elementwise kinds: g times the partial derivative of `node` with respect to its input at `index`. */
export function partial(rule: Rule, g: Node, node: Node, index: number): Contribution {
  switch (rule.kind) {
    case 'elementwise':
      return rule.partials[index]?.(g, node.inputs, node) ?? null;
    case 'variadic':
      return rule.partial(g, node.inputs, node, index);
    default:
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

/** `pull` and `push` get the inputs and attributes of the node. */
function linear<O extends OpName>(
  forward: Motion,
  backward: Motion,
  pull: (g: Node, inputs: readonly Node[], attrs: Attributes<O>, index: number) => Contribution,
  push?: (t: Node, inputs: readonly Node[], attrs: Attributes<O>, index: number, lead: Shape) => Node,
): Rule {
  // The row of an operation is only ever asked about nodes of that operation.
  const attrsOf = (node: Node) => node.attrs as Attributes<O>;
  return {
    kind: 'linear',
    forward,
    backward,
    pull: (g, out, index) => pull(g, out.inputs, attrsOf(out), index),
    ...(push && { push: (t, out, index, lead) => push(t, out.inputs, attrsOf(out), index, lead) }),
  };
}

type Attributes<O extends OpName> = O extends keyof AttrsOf ? AttrsOf[O] : undefined;

function bilinear(product: (subscripts: string, x: Node, y: Node) => Node): Rule {
  return { kind: 'bilinear', product };
}

function weighted(partial: (g: Node, x: Node, out: Node, axes: readonly number[]) => Contribution): Rule {
  return { kind: 'weighted', partial };
}

function scan(partial: (g: Node, x: Node, scan: Scan) => Contribution): Rule {
  return { kind: 'scan', partial };
}

function when(mask: Node, value: Node): Selected {
  return { mask, value };
}

function order(node: Node): number {
  return (node.attrs as { readonly order: number }).order;
}

/** The place of one element of `x`, flattened. */
function only(position: number, x: Node): Stretch {
  return { axis: 0, start: position, step: 1, length: elementsIn(x.shape) };
}

export function inverse(permutation: readonly number[]): number[] {
  return permutation.map((_, axis) => permutation.indexOf(axis));
}

/** What is repeated, if the node is a broadcast. */
function unrepeated(node: Node): Node {
  return node.op === 'broadcast' ? node.inputs[0] : node;
}

/**
 * True if the node is the constant 0 or a product with it (normalisation hoists a zero factor to the top of a product):
 * such a factor kills the derivative of the other factors, while the value stays IEEE.
 */
export function hasZeroFactor(node: Node): boolean {
  const { op, inputs } = unrepeated(node);
  return isZero(unrepeated(node)) || (op === 'mul' && inputs.some(input => isZero(unrepeated(input))));
}
