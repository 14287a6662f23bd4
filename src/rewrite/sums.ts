// Sums that cancel or overflow: differences of a function from its limit, roots of sums of squares.

import type { Builder } from '../ir/build.ts';
import type { Node } from '../ir/graph.ts';
import { hasConstantTerm, MOST_TERMS, monomialOf, productOf, sumOf, termsOf } from './match.ts';

/** sqrt of c x^2 y^2 ... is sqrt(c) |x y ...|, of a sum of such terms a hypot. A constant term leaves it alone. */
export function rootOfSquares({ inputs: [x] }: Node, b: Builder): Node | null {
  const sum = termsOf(x, MOST_TERMS, (c, core) => c > 0 && (core.op === 'mul' || core.op === 'pow'));
  if (sum === null || sum.constant !== 0 || sum.terms.length === 0) return null;
  const roots: Node[] = [];
  for (const { coefficient, core } of sum.terms) {
    const m = monomialOf(core, b);
    const c = coefficient * m.coefficient;
    if (!(c > 0) || m.powers.size === 0) return null;
    const halves = new Map<Node, number>();
    for (const [base, exponent] of m.powers) {
      if (exponent % 2 !== 0) return null;
      halves.set(base, exponent / 2);
    }
    roots.push(productOf(b, { coefficient: Math.sqrt(c), powers: halves }));
  }
  return roots.length === 1 ? b.abs(roots[0]) : b.hypot(...roots);
}

/** k f(x) - k for f of value 1 at 0, and k - k f(x) for f that tends to 1. The other terms of the sum stay. */
export function cancellingDifference(node: Node, b: Builder): Node | null {
  if (!hasConstantTerm(node)) return null;
  const sum = termsOf(node, 6);
  if (sum === null || sum.constant === 0) return null;
  const k = sum.constant;
  for (const [i, { coefficient: c, core }] of sum.terms.entries()) {
    const stable = c === -k ? differenceFromOne(core, b) : c === k ? sumWithOne(core, b) : null;
    if (stable === null) continue;
    const terms = sum.terms.with(i, { coefficient: c, core: stable });
    return sumOf(b, { constant: 0, terms });
  }
  return null;
}

/** f(x) - 1. */
function differenceFromOne(core: Node, b: Builder): Node | null {
  const [x] = core.inputs;
  switch (core.op) {
    case 'exp':
      return b.expm1(x);
    case 'sqrt': {
      const rest = lessOne(x, b);
      return rest && b.sqrt1pm1(rest);
    }
    case 'sigmoid':
      return b.neg(b.sigmoid(b.neg(x)));
    case 'erf':
      return b.neg(b.erfc(x));
    default:
      return null;
  }
}

/** f(x) + 1. */
function sumWithOne(core: Node, b: Builder): Node | null {
  return core.op === 'erf' ? b.erfc(b.neg(core.inputs[0])) : null;
}

/** u for a sum 1 + u, where u is not constant. */
export function lessOne(sum: Node, b: Builder): Node | null {
  if (!hasConstantTerm(sum)) return null;
  const terms = termsOf(sum, 8);
  return terms !== null && terms.constant === 1 && terms.terms.length > 0
    ? sumOf(b, { constant: 0, terms: terms.terms })
    : null;
}
