// Exponentials, plain or in disguise, and sums of them: what they are exponentials of, and the logarithms of their sums. A
// sum of exponentials over axes is exp(logsumexp); products, views and joined pieces of exponentials are exponentials too.

import type { Builder } from '../ir/build.ts';
import type { AttrsOf, Node } from '../ir/graph.ts';
import { subscriptsOf } from '../ir/shapes.ts';
import { MOST_TERMS, monomialOf, scaled, termsOf } from './match.ts';
import { isView, viewOf } from './views.ts';

/** How far below views and sums an exponential is looked for. */
const DEPTH = 4;

/** A cheap test before `exponentOf`, which may still find a part that is no exponential. */
export function isExponential(node: Node): boolean {
  return node.op === 'exp' || (!PLAIN.has(node.op) && signOf(node, DEPTH) === EXPONENTIAL);
}

/** What a node is known to be: positive, because it is a constant, or because it is a product of exponentials. */
type Sign = typeof UNKNOWN | typeof POSITIVE | typeof EXPONENTIAL;
const UNKNOWN = 0;
const POSITIVE = 1;
const EXPONENTIAL = 2;

/** Operations in sums and products that are looked at term by term and factor by factor. */
const PLAIN: ReadonlySet<string> = new Set(['const', 'input', 'add', 'sub', 'mul', 'div', 'neg', 'pow']);

function signOf(node: Node, depth: number): Sign {
  switch (node.op) {
    case 'const':
      return node.attrs.value > 0 ? POSITIVE : UNKNOWN;
    case 'exp':
      return EXPONENTIAL;
    case 'mul':
    case 'div':
    case 'add':
    case 'contract':
    case 'concat':
      return depth === 0 ? UNKNOWN : jointSign(node.inputs, depth - 1);
    case 'broadcast':
    case 'reduceSum':
      return depth === 0 ? UNKNOWN : signOf(node.inputs[0], depth - 1);
    default:
      return isView(node) && depth > 0 ? signOf(node.inputs[0], depth - 1) : UNKNOWN;
  }
}

function jointSign(parts: readonly Node[], depth: number): Sign {
  let joint: Sign = POSITIVE;
  for (const part of parts) {
    const sign = signOf(part, depth);
    if (sign === UNKNOWN) return UNKNOWN;
    if (sign === EXPONENTIAL) joint = EXPONENTIAL;
  }
  return joint;
}

/**
 * The x of an exponential exp(x), plain or in disguise, null if `node` is none. It has the shape of `node` or broadcasts
 * to it.
 */
export function exponentOf(node: Node, b: Builder): Node | null {
  return isExponential(node) ? logOf(node, b) : null;
}

/** The logarithm of an exponential, a positive constant, or a product, quotient or sum of such; null if it is none. */
function logOf(node: Node, b: Builder): Node | null {
  const [x, y] = node.inputs;
  switch (node.op) {
    case 'const':
      return node.attrs.value > 0 ? b.constant(Math.log(node.attrs.value)) : null;
    case 'exp':
      return x;
    case 'add':
    case 'sub': {
      const sum = exponentialsOf(node, b);
      return sum && logOfExponentials(sum, b);
    }
    case 'mul':
    case 'div':
    case 'pow':
      return logOfFactors(node, b);
    case 'reduceSum': {
      const inner = logOf(x, b);
      return inner && overAxes(inner, x, node.attrs.axes, b);
    }
    case 'contract':
      return ofContraction(x, y, node.attrs, b);
    case 'concat': {
      const parts: Node[] = [];
      for (const input of node.inputs) {
        const part = logOf(input, b);
        if (part === null) return null;
        parts.push(b.broadcast(part, input.shape));
      }
      return b.concat(node.attrs.axis, parts);
    }
    case 'broadcast':
      return logOf(x, b);
    default: {
      const inner = isView(node) ? logOf(x, b) : null;
      return inner && viewOf(node, inner, b);
    }
  }
}

function logOfFactors(node: Node, b: Builder): Node | null {
  const { coefficient, powers } = monomialOf(node, b);
  if (!(coefficient > 0)) return null;
  let result: Node = b.constant(Math.log(coefficient));
  for (const [base, power] of powers) {
    // A product within a product was too long to be taken apart.
    const argument = PLAIN.has(base.op) ? null : logOf(base, b);
    if (argument === null) return null;
    result = b.add(result, b.mul(power, argument));
  }
  return result;
}

/** logsumexp of `x`, which broadcasts to the shape of `like`; a constant that `x` begins with is added to the result. */
function overAxes(x: Node, like: Node, axes: readonly number[], b: Builder): Node {
  const [shift, rest] = x.op === 'add' && x.inputs[0].op === 'const' ? x.inputs : [null, x];
  const total = b.reduceLogsumexp(b.broadcast(rest, like.shape), axes);
  return shift === null ? total : b.add(total, shift);
}

/** A sum of products over all letters of both operands, or a batch of such sums. */
function ofContraction(x: Node, y: Node, { subscripts }: AttrsOf['contract'], b: Builder): Node | null {
  const { x: p, y: q, out } = subscriptsOf(subscripts);
  const kept = [...p].filter(letter => out.includes(letter)).join('');
  if (p !== q || kept !== out) return null;
  const [left, right] = [logOf(x, b), logOf(y, b)];
  if (left === null || right === null) return null;
  const axes = [...p].flatMap((letter, axis) => (out.includes(letter) ? [] : [axis]));
  return overAxes(b.add(left, right), x, axes, b);
}

/** constant + sum of coefficient * exp(argument), all coefficients positive, at least one exp, at least two terms. */
export interface Exponentials {
  readonly constant: number;
  readonly terms: readonly { readonly coefficient: number; readonly argument: Node }[];
}

export function exponentialsOf(node: Node, b: Builder): Exponentials | null {
  if (node.op !== 'add' && node.op !== 'sub') return null;
  const sum = termsOf(node, MOST_TERMS, (c, core) => c > 0 && isExponential(core));
  if (sum === null || sum.constant < 0 || sum.terms.length === 0) return null;
  if (sum.terms.length + (sum.constant > 0 ? 1 : 0) < 2) return null;
  const terms: { readonly coefficient: number; readonly argument: Node }[] = [];
  for (const { coefficient, core } of sum.terms) {
    const argument = exponentOf(core, b);
    if (argument === null) return null;
    terms.push({ coefficient, argument });
  }
  return { constant: sum.constant, terms };
}

/** A cheap sign of a sum of exponentials: one among the first terms. */
export function isExponentialSum(node: Node, depth = 4): boolean {
  if (depth === 0 || (node.op !== 'add' && node.op !== 'sub')) return false;
  return node.inputs.some(term => {
    const { core } = scaled(term);
    return (core !== null && isExponential(core)) || isExponentialSum(term, depth - 1);
  });
}

export const plusLog = (b: Builder, x: Node, factor: number) => b.add(x, b.constant(Math.log(factor)));

/** For constant + c exp(a): the z with constant (1 + exp(z)). */
export function logisticArgument({ constant, terms }: Exponentials, b: Builder): Node | null {
  if (constant === 0 || terms.length !== 1) return null;
  return plusLog(b, terms[0].argument, terms[0].coefficient / constant);
}

/** The logarithm of a sum of exponentials. */
export function logOfExponentials(sum: Exponentials, b: Builder): Node {
  const z = logisticArgument(sum, b);
  if (z !== null) return plusLog(b, b.softplus(z), sum.constant);
  const args = sum.terms.map(({ coefficient, argument }) => plusLog(b, argument, coefficient));
  if (sum.constant > 0) args.unshift(b.constant(Math.log(sum.constant)));
  return b.logsumexp(...args);
}
