// Sums that cancel: differences of a function from its limit.

import type { Builder } from '../ir/build.ts';
import type { Node } from '../ir/graph.ts';
import { hasConstantTerm, sumOf, termsOf } from './match.ts';

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
