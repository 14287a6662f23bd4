// Looking at products and sums modulo association, commutation, sign and constant factors. All look a bounded way down, so
// matching costs a constant per node. Factors and terms may have different shapes, as operands broadcast; those with
// fewer elements are joined first, so that what is built again is no dearer.

import type { Builder } from '../ir/build.ts';
import type { ConstNode, Node } from '../ir/graph.ts';
import { smallFirst } from './cost.ts';

/** coefficient * core, where core is no product with a constant. A constant is coefficient * null. */
export interface Scaled {
  readonly coefficient: number;
  readonly core: Node | null;
}

/** Strips signs and constant factors: -(2 * x) / 3 is -2/3 times x. */
export function scaled(node: Node): Scaled {
  let coefficient = 1;
  let core = node;
  for (let depth = 0; depth < 16; depth++) {
    const [x, y] = core.inputs;
    if (core.op === 'const') return { coefficient: coefficient * core.attrs.value, core: null };
    if (core.op === 'neg') {
      coefficient = -coefficient;
      core = x;
    } else if (core.op === 'mul' && x.op === 'const') {
      coefficient *= x.attrs.value;
      core = y;
    } else if (core.op === 'mul' && y.op === 'const') {
      coefficient *= y.attrs.value;
      core = x;
    } else if (core.op === 'div' && y.op === 'const') {
      coefficient /= y.attrs.value;
      core = x;
    } else break;
  }
  return { coefficient, core };
}

/**
 * The terms of a sum, through add, sub and neg, constants collected in `constant`. Null if there are more than `limit`, or
 * as soon as `accept` refuses one.
 */
export function termsOf(
  node: Node,
  limit: number,
  accept: (coefficient: number, core: Node) => boolean = () => true,
): Sum | null {
  const terms: Term[] = [];
  let constant = 0;
  const stack: Node[] = [node];
  const signs: number[] = [1];
  let budget = 4 * limit;
  for (let sum = stack.pop(); sum !== undefined; sum = stack.pop()) {
    if (budget-- < 0) return null;
    const sign = signs.pop()!;
    const [x, y] = sum.inputs;
    // The last term first: a long sum leans to the left and is given up early.
    if (sum.op === 'add' || sum.op === 'sub') {
      stack.push(x, y);
      signs.push(sign, sum.op === 'add' ? sign : -sign);
    } else if (sum.op === 'neg' && (x.op === 'add' || x.op === 'sub')) {
      stack.push(x);
      signs.push(-sign);
    } else {
      const { coefficient, core } = scaled(sum);
      if (core === null) constant += sign * coefficient;
      else if (accept(sign * coefficient, core)) terms.push({ coefficient: sign * coefficient, core });
      else return null;
      if (terms.length > limit) return null;
    }
  }
  return { constant, terms: terms.reverse() };
}

export interface Term {
  readonly coefficient: number;
  readonly core: Node;
}

export interface Sum {
  readonly constant: number;
  readonly terms: readonly Term[];
}

/** The sum with that constant and those terms. */
export function sumOf(b: Builder, { constant, terms }: Sum): Node {
  let sum: Node | null = constant === 0 && terms.length > 0 ? null : b.constant(constant);
  for (const { coefficient, core } of smallFirst(terms, term => term.core)) {
    if (sum === null) sum = b.mul(coefficient, core);
    else if (coefficient < 0) sum = b.sub(sum, b.mul(-coefficient, core));
    else sum = b.add(sum, b.mul(coefficient, core));
  }
  return sum ?? b.constant(0);
}

/** The longest sum that is looked at as a whole. */
export const MOST_TERMS = 256;

/** True if a constant is among the first terms of a sum: a cheap test before `termsOf`. */
export function hasConstantTerm(node: Node, depth = 3): boolean {
  if (depth === 0 || (node.op !== 'add' && node.op !== 'sub')) return false;
  const [x, y] = node.inputs;
  return (
    x.op === 'const' || y.op === 'const' || hasConstantTerm(x, depth - 1) || hasConstantTerm(y, depth - 1)
  );
}

/** coefficient * product of base^exponent, exponents being non-zero integers. */
export interface Monomial {
  readonly coefficient: number;
  readonly powers: ReadonlyMap<Node, number>;
}

/** The factors of a product, through mul, div, neg and constant integer powers; at most a dozen are told apart. */
export function monomialOf(node: Node, b: Builder): Monomial & { readonly cancelled: boolean } {
  let coefficient = 1;
  let cancelled = false;
  const powers = new Map<Node, number>();
  const stack: [Node, number][] = [[node, 1]];
  let budget = 24;
  for (let next = stack.pop(); next !== undefined; next = stack.pop()) {
    const [factor, exponent] = next;
    const [x, y] = factor.inputs;
    if (factor.op === 'const') coefficient *= factor.attrs.value ** exponent;
    else if (factor.op === 'neg') {
      coefficient *= exponent % 2 === 0 ? 1 : -1;
      stack.push([x, exponent]);
    } else if (budget-- > 0 && factor.op === 'mul') stack.push([y, exponent], [x, exponent]);
    else if (budget > 0 && factor.op === 'div' && !isSealed(factor, b))
      stack.push([y, -exponent], [x, exponent]);
    else if (budget > 0 && factor.op === 'pow' && isIntegerConstant(y))
      stack.push([x, exponent * y.attrs.value]);
    else {
      cancelled ||= (powers.get(factor) ?? 0) * exponent < 0;
      raise(powers, factor, exponent);
    }
  }
  return { coefficient, powers, cancelled };
}

/** True for a quotient that was finished before the derivative that is being built. */
function isSealed(quotient: Node, b: Builder): boolean {
  return quotient.id < b.graph.sealed;
}

/** True for exponents that can be added and multiplied exactly. */
function isIntegerConstant(node: Node): node is ConstNode {
  return (
    node.op === 'const' &&
    Number.isInteger(node.attrs.value) &&
    node.attrs.value !== 0 &&
    Math.abs(node.attrs.value) < 1e6
  );
}

/** The product of two monomials, the second raised to `exponent`. */
export function timesPower(m: Monomial, other: Monomial, exponent: number): Monomial {
  const powers = new Map(m.powers);
  for (const [base, power] of other.powers) raise(powers, base, power * exponent);
  return { coefficient: m.coefficient * other.coefficient ** exponent, powers };
}

/** The monomial without one of its bases. */
export function without(m: Monomial, base: Node): Monomial {
  const powers = new Map(m.powers);
  powers.delete(base);
  return { coefficient: m.coefficient, powers };
}

/** coefficient * numerator / denominator. */
export function productOf(b: Builder, { coefficient, powers }: Monomial): Node {
  const above: Node[] = [];
  const below: Node[] = [];
  for (const [base, exponent] of powers) {
    (exponent > 0 ? above : below).push(b.pow(base, Math.abs(exponent)));
  }
  const numerator = joined(b, coefficient, above);
  return below.length === 0 ? numerator : b.div(numerator, joined(b, 1, below));
}

/** The product of a number, which is not 0 unless it stands outermost, with factors. */
function joined(b: Builder, coefficient: number, factors: readonly Node[]): Node {
  if (factors.length === 0) return b.constant(coefficient);
  const [first, ...rest] = smallFirst(factors, factor => factor);
  const isSmall = coefficient !== 0 && rest.some(({ shape }) => shape !== first.shape);
  const start = isSmall ? b.mul(coefficient, first) : first;
  const product = rest.reduce((all, factor) => b.mul(all, factor), start);
  return isSmall ? product : b.mul(coefficient, product);
}

/** The monomial times one more factor, built. */
export function times(b: Builder, m: Monomial, node: Node): Node {
  return productOf(b, timesPower(m, { coefficient: 1, powers: new Map([[node, 1]]) }, 1));
}

/** True if a factor within `depth` steps satisfies `test`. */
export function hasFactor(node: Node, b: Builder, test: (factor: Node) => boolean, depth: number): boolean {
  if (test(node)) return true;
  if (depth === 0) return false;
  if (node.op === 'pow')
    return node.inputs[1].op === 'const' && hasFactor(node.inputs[0], b, test, depth - 1);
  if (node.op !== 'mul' && node.op !== 'neg' && (node.op !== 'div' || isSealed(node, b))) return false;
  return node.inputs.some(input => hasFactor(input, b, test, depth - 1));
}

/** True if something stands below a fraction bar. */
export function hasBar(node: Node, b: Builder): boolean {
  const isBar = ({ op, id, inputs: [, y] }: Node) =>
    (op === 'div' && id >= b.graph.sealed) || (op === 'pow' && y.op === 'const' && y.attrs.value < 0);
  return hasFactor(node, b, isBar, 3);
}

function raise(powers: Map<Node, number>, base: Node, exponent: number): void {
  const sum = (powers.get(base) ?? 0) + exponent;
  if (sum === 0) powers.delete(base);
  else powers.set(base, sum);
}
