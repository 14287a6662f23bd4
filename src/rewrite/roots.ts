// Roots of sums of squares, which overflow and have no derivative at 0 as they are written: absolute values, hypot, and
// norms where the sum goes over axes.

import type { Builder } from '../ir/build.ts';
import type { AttrsOf, Node } from '../ir/graph.ts';
import { subscriptsOf } from '../ir/shapes.ts';
import { MOST_TERMS, type Monomial, monomialOf, productOf, termsOf } from './match.ts';

/**
 * sqrt of c x^2 y^2 ... is sqrt(c) |x y ...|, of a sum of squares over axes a norm, of a sum of such terms a hypot. A
 * constant term leaves it alone.
 */
export function rootOfSquares({ inputs: [x] }: Node, b: Builder): Node | null {
  const sum = termsOf(x, MOST_TERMS, (c, core) => c > 0 && mayBeSquare(core));
  if (sum === null || sum.constant !== 0 || sum.terms.length === 0) return null;
  const roots: Root[] = [];
  for (const { coefficient, core } of sum.terms) {
    const m = monomialOf(core, b);
    const root = rootOf({ ...m, coefficient: coefficient * m.coefficient }, b);
    if (root === null) return null;
    roots.push(root);
  }
  if (roots.length > 1) return b.hypot(...roots.map(root => root.value));
  const [{ value, isPositive }] = roots;
  return isPositive ? value : b.abs(value);
}

/** What a sum that is looked at for squares may consist of; a quotient only by a number of elements. */
function mayBeSquare({ op, inputs: [, y] }: Node): boolean {
  if (op === 'div') return y.op === 'size';
  return op === 'mul' || op === 'pow' || op === 'reduceSum' || op === 'contract';
}

interface Root {
  readonly value: Node;
  readonly isPositive: boolean;
}

/** The root of a product of even powers, sums of squares over axes and sizes; null if it is none. */
function rootOf({ coefficient, powers }: Monomial, b: Builder): Root | null {
  if (!(coefficient > 0) || powers.size === 0) return null;
  const halves = new Map<Node, number>();
  const sizes: Node[] = [];
  let isPositive = true;
  for (const [base, exponent] of powers) {
    if (exponent % 2 === 0) {
      halves.set(base, exponent / 2);
      isPositive &&= base.op === 'size';
      continue;
    }
    const root = base.op === 'size' ? b.sqrt(base) : exponent > 0 ? rootOfSum(base, b) : null;
    if (root === null) return null;
    if (base.op === 'size') sizes.push(root);
    halves.set(root, (halves.get(root) ?? 0) + exponent);
  }
  if (halves.size === sizes.length) return null; // nothing but sizes
  return { value: productOf(b, { coefficient: Math.sqrt(coefficient), powers: halves }), isPositive };
}

/** The norm that is the root of a sum of squares over axes. */
function rootOfSum(node: Node, b: Builder): Node | null {
  const [x, y] = node.inputs;
  if (node.op === 'contract') return x === y ? rootOfContraction(x, node.attrs, b) : null;
  if (node.op !== 'reduceSum') return null;
  const m = monomialOf(x, b);
  const root = rootOf(m, b);
  return root && b.norm(b.broadcast(root.value, x.shape), node.attrs.axes);
}

/** Of each vector of `x` with itself. */
function rootOfContraction(x: Node, { subscripts }: AttrsOf['contract'], b: Builder): Node | null {
  const { x: p, y: q, out } = subscriptsOf(subscripts);
  if (p !== q) return null;
  const kept = [...p].filter(letter => out.includes(letter)).join('');
  const axes = [...p].flatMap((letter, axis) => (out.includes(letter) ? [] : [axis]));
  const permutation = [...out].map(letter => kept.indexOf(letter));
  return b.permute(b.norm(x, axes), permutation);
}
