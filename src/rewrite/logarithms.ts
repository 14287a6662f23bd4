// Logarithms of what overflows, underflows or cancels, and products of a variable with its own logarithm.

import type { Builder } from '../ir/build.ts';
import type { Node } from '../ir/graph.ts';
import type { OpName } from '../ir/ops.ts';
import { exponentialsOf, exponentOf, isExponential, logOfExponentials, plusLog } from './exponents.ts';
import { hasFactor, monomialOf, scaled, times, timesPower, without } from './match.ts';
import { lessOne } from './sums.ts';
import { isView, operandViewed, viewed, viewOf } from './views.ts';

/** A stable form of log(u), or null if log(u) is as good as any. */
function stableLog(u: Node, b: Builder): Node | null {
  return logOfSum(u, b) ?? logOfOnePlus(u, b) ?? logOfProduct(u, b) ?? logOfView(u, b);
}

export function logOfSum(u: Node, b: Builder): Node | null {
  const sum = exponentialsOf(u, b);
  return sum && logOfExponentials(sum, b);
}

export function logOfOnePlus(u: Node, b: Builder): Node | null {
  const rest = lessOne(u, b);
  return rest && b.log1p(rest);
}

/** The logarithm of c f(x) for f whose logarithm is stable, and of 1 - exp(x), which is -expm1(x). */
export function logOfProduct(u: Node, b: Builder): Node | null {
  const { coefficient, core } = scaled(u);
  if (core === null || coefficient === 0) return null;
  const negative = core.op === 'expm1' && coefficient < 0;
  const stable = negative ? b.log1mexp(core.inputs[0]) : coefficient > 0 ? logOfPositive(core, b) : null;
  return stable && plusLog(b, stable, Math.abs(coefficient));
}

function logOfPositive(core: Node, b: Builder): Node | null {
  const [x, y] = core.inputs;
  switch (core.op) {
    case 'exp':
      return x;
    case 'expm1':
      return b.add(x, b.log1mexp(b.neg(x)));
    case 'sigmoid':
      return b.neg(b.softplus(b.neg(x)));
    case 'cosh':
      return b.logcosh(x);
    case 'add':
    case 'sub':
      return logOfSum(core, b);
    case 'mul':
      return hasStableLog(x) || hasStableLog(y) ? b.add(b.log(x), b.log(y)) : null;
    case 'div':
      return hasStableLog(x) || hasStableLog(y) ? b.sub(b.log(x), b.log(y)) : null;
    default:
      return exponentOf(core, b);
  }
}

/** The logarithm of elements of f(x) are elements of its logarithm. */
export function logOfView(u: Node, b: Builder): Node | null {
  const stable = isView(u) ? stableLog(u.inputs[0], b) : null;
  return stable && viewOf(u, stable, b);
}

/** Positive whatever its inputs, with a logarithm that cannot overflow: it may be split off a product. */
function hasStableLog(factor: Node): boolean {
  const { coefficient, core } = scaled(factor);
  return coefficient > 0 && core !== null && (core.op === 'sigmoid' || isExponential(core));
}

export function logToBase({ op, inputs: [x] }: Node, b: Builder): Node | null {
  const stable = stableLog(x, b);
  return stable && b.mul(op === 'log2' ? Math.LOG2E : Math.LOG10E, stable);
}

export function logOfOnePlusExponential(x: Node, b: Builder): Node | null {
  const { coefficient, core } = scaled(x);
  if (core?.op !== 'exp') return null;
  if (coefficient === -1) return b.log1mexp(core.inputs[0]);
  return coefficient > 0 ? b.softplus(plusLog(b, core.inputs[0], coefficient)) : null;
}

/** Among the factors there is log(u) to some base and a factor of u: the product is 0 where that factor is. */
export function timesOwnLogarithm(node: Node, b: Builder): Node | null {
  if (!hasFactor(node, b, isLogarithm, 4)) return null;
  const product = monomialOf(node, b);
  for (const [base, exponent] of product.powers) {
    if (!isLogarithm(base) || exponent !== 1) continue;
    const rest = without(product, base);
    const { op } = viewed(base);
    const u = operandViewed(base, b);
    for (const [x, power] of rest.powers) {
      if (power < 1) continue;
      const joined = ownLogarithm(x, op, u, b);
      if (joined === null) continue;
      const others = timesPower(rest, { coefficient: 1, powers: new Map([[x, 1]]) }, -1);
      return times(b, others, joined);
    }
  }
  return null;
}

/** x log(u) to the base of `op`, if x is a factor of u. */
function ownLogarithm(x: Node, op: OpName, u: Node, b: Builder): Node | null {
  if (op === 'log1p') return lessOne(x, b) === u ? b.xlog1py(x, u) : null;
  if ((monomialOf(u, b).powers.get(x) ?? 0) <= 0) return null;
  const toNatural = op === 'log2' ? Math.LOG2E : op === 'log10' ? Math.LOG10E : 1;
  return b.mul(toNatural, x === u ? b.xlogx(x) : b.xlogy(x, u));
}

/** A logarithm or a view of one: elements of a logarithm are logarithms of elements. */
function isLogarithm(node: Node): boolean {
  return LOGARITHMS.has(viewed(node).op);
}

const LOGARITHMS: ReadonlySet<OpName> = new Set(['log', 'log1p', 'log2', 'log10']);
