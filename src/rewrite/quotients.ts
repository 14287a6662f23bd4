// Quotients in whatever order their factors were written: cancelled factors and removable singularities.

import type { Builder } from '../ir/build.ts';
import type { Node } from '../ir/graph.ts';
import {
  hasBar,
  hasConstantTerm,
  hasFactor,
  type Monomial,
  monomialOf,
  productOf,
  termsOf,
  times,
  timesPower,
  without,
} from './match.ts';

type Step = (product: Monomial, base: Node, exponent: number, b: Builder) => Node | null;

/** Tries `step` on each factor above or below a bar that `test` accepts, in whatever order they were written. */
export function quotient(node: Node, test: (factor: Node) => boolean, step: Step, b: Builder): Node | null {
  return hasBar(node, b) ? factors(node, test, step, b) : null;
}

/** The same for a product, with a bar or without. */
export function factors(node: Node, test: (factor: Node) => boolean, step: Step, b: Builder): Node | null {
  if (!hasFactor(node, b, test, 4)) return null;
  const product = monomialOf(node, b);
  if (!Number.isFinite(product.coefficient) || product.coefficient === 0) return null;
  for (const [base, exponent] of product.powers) {
    if (!test(base)) continue;
    const stable = step(product, base, exponent, b);
    if (stable !== null) return stable;
  }
  return null;
}

/** The product without the factors that stand both above and below a fraction bar; null if there are none. */
export function cancelled(node: Node, b: Builder): Node | null {
  if (!hasBar(node, b)) return null;
  const product = monomialOf(node, b);
  return product.cancelled ? productOf(b, product) : null;
}

/** x over an odd power of sqrt(x), or below one: x = sqrt(x)^2 cancels, and the root that is left keeps the domain. */
export function cancelledRoot(node: Node, b: Builder): Node | null {
  if (!hasBar(node, b)) return null;
  const product = monomialOf(node, b);
  for (const [root, exponent] of product.powers) {
    if (root.op !== 'sqrt' || exponent % 2 === 0) continue;
    const [x] = root.inputs;
    const power = product.powers.get(x) ?? 0;
    if (power * exponent >= 0) continue;
    // Only where nothing else stands below the bar: elsewhere it would cost a division and mend nothing.
    if ([...product.powers].some(([base, n]) => n < 0 && base !== root && base !== x)) continue;
    const powers = new Map(product.powers);
    powers.set(x, power - Math.sign(power));
    powers.set(root, exponent + 2 * Math.sign(power));
    if (powers.get(x) === 0) powers.delete(x);
    return productOf(b, { coefficient: product.coefficient, powers });
  }
  return null;
}

export function sineOverArgument(product: Monomial, base: Node, exponent: number, b: Builder): Node | null {
  const [u] = base.inputs;
  return exponent > 0 ? overArgument(product, base, u, exponent, () => b.sphericalBessel(0, u), b) : null;
}

export function expm1OverArgument(product: Monomial, base: Node, exponent: number, b: Builder): Node | null {
  const [u] = base.inputs;
  return exponent > 0 ? overArgument(product, base, u, exponent, () => b.phi(1, u), b) : null;
}

export function cosineOverSquare(product: Monomial, base: Node, exponent: number, b: Builder): Node | null {
  const cosine = oneMinusCosine(base);
  if (cosine === null || exponent !== 1) return null;
  const { coefficient, argument } = cosine;
  // (1 - cos(x)) y / x is left alone: only the square makes a pole that the cosine has to cancel.
  const pole = [...product.powers.values()].some(power => power <= -2);
  if (!pole && product.powers.size > 2) return null;
  const regular = () => b.mul(coefficient / 2, b.pow(b.sphericalBessel(0, b.div(argument, 2)), 2));
  return overArgument(product, base, argument, 2, regular, b, 1);
}

/**
 * product = rest * f(u)^k with f(u)^k = u^n regular(u)^k: rest * u^n * regular(u)^k, if that cancels a factor of u below
 * the bar.
 */
function overArgument(
  product: Monomial,
  f: Node,
  u: Node,
  n: number,
  regular: () => Node,
  b: Builder,
  k = n,
): Node | null {
  const own = monomialOf(u, b);
  const rest = without(product, f);
  const shared = [...own.powers].some(([x, power]) => power > 0 && (rest.powers.get(x) ?? 0) < 0);
  return shared ? times(b, timesPower(rest, own, n), b.pow(regular(), k)) : null;
}

export const isOneMinusCosine = (node: Node) => oneMinusCosine(node) !== null;

/** c (1 - cos(u)). */
function oneMinusCosine(node: Node): { coefficient: number; argument: Node } | null {
  if (!hasConstantTerm(node, 1)) return null;
  const sum = termsOf(node, 1);
  if (sum === null || sum.terms.length !== 1) return null;
  const [{ coefficient, core }] = sum.terms;
  if (core.op !== 'cos' || coefficient !== -sum.constant) return null;
  return { coefficient: sum.constant, argument: core.inputs[0] };
}

/** sinh(x) / cosh(x) -> tanh(x); 1 / cosh(x) -> sech(x); 1 / sinh(x) -> csch(x): no overflow over overflow. */
export function overHyperbolic(product: Monomial, base: Node, exponent: number, b: Builder): Node | null {
  if (exponent >= 0) return null;
  const [x] = base.inputs;
  const rest = without(product, base);
  const sinh =
    base.op === 'cosh'
      ? [...rest.powers].find(([f, n]) => f.op === 'sinh' && f.inputs[0] === x && n > 0)
      : undefined;
  if (sinh !== undefined) {
    const left = timesPower(
      rest,
      {
        coefficient: 1,
        powers: new Map([
          [sinh[0], -1],
          [base, exponent + 1],
        ]),
      },
      1,
    );
    return times(b, left, b.tanh(x));
  }
  return times(b, rest, b.pow(base.op === 'cosh' ? b.sech(x) : b.csch(x), -exponent));
}
