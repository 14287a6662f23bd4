// Quotients of exponentials: the reciprocal of a sum of them, one of them over the sum, one over another.

import type { Builder } from '../ir/build.ts';
import type { Node } from '../ir/graph.ts';
import type { OpName } from '../ir/ops.ts';
import {
  type Exponentials,
  exponentialsOf,
  exponentOf,
  isExponential,
  logisticArgument,
  logOfExponentials,
  plusLog,
} from './exponents.ts';
import { type Monomial, scaled, times, timesPower, without } from './match.ts';
import { operandViewed, viewed } from './views.ts';

/** A product over a power of a sum of exponentials, times at most one of them. */
export function overExponentials(product: Monomial, base: Node, exponent: number, b: Builder): Node | null {
  const sum = exponent < 0 ? exponentialsOf(base, b) : null;
  if (sum === null) return null;
  const rest = without(product, base);
  const tanh = overOwnDifference(rest, base, exponent, sum, b);
  if (tanh !== null) return tanh;
  const above = [...rest.powers].find(([factor, power]) => power > 0 && isExponential(factor))?.[0];
  const a = above && exponentOf(above, b);
  const z = logisticArgument(sum, b);
  if (above === undefined || !a) {
    // rest / sum^n
    if (z === null) return times(b, rest, b.exp(b.mul(exponent, logOfExponentials(sum, b))));
    const reciprocal = b.pow(b.sigmoid(b.neg(z)), -exponent);
    return times(b, scaledBy(rest, sum.constant ** exponent), reciprocal);
  }
  // rest' * exp(a) / sum^n, one exponential with one sum
  const others = timesPower(rest, { coefficient: 1, powers: new Map([[above, 1]]) }, -1);
  const left = timesPower(others, { coefficient: 1, powers: new Map([[base, 1]]) }, exponent + 1);
  const index = sum.terms.findIndex(term => term.argument === a);
  if (index >= 0 && z !== null) return times(b, scaledBy(left, 1 / sum.terms[0].coefficient), b.sigmoid(z));
  if (index >= 0 && sum.constant === 0 && sum.terms.length === 2) {
    const [mine, other] = [sum.terms[index], sum.terms[1 - index]];
    const argument = plusLog(b, b.sub(a, other.argument), mine.coefficient / other.coefficient);
    return times(b, scaledBy(left, 1 / mine.coefficient), b.sigmoid(argument));
  }
  return times(b, left, b.exp(b.sub(a, logOfExponentials(sum, b))));
}

/** (exp(x) - exp(y)) / (exp(x) + exp(y)) -> tanh((x - y) / 2), with exp(y) = 1 too. */
function overOwnDifference(
  rest: Monomial,
  base: Node,
  exponent: number,
  sum: Exponentials,
  b: Builder,
): Node | null {
  for (const [difference, power] of rest.powers) {
    if (power < 1) continue;
    const halves = halvesOf(difference, sum, b);
    if (halves === null) continue;
    const left = timesPower(
      rest,
      {
        coefficient: 1,
        powers: new Map([
          [difference, -1],
          [base, exponent + 1],
        ]),
      },
      1,
    );
    return times(b, left, b.tanh(halves));
  }
  return null;
}

/** (x - y) / 2 for exp(x) - exp(y), or expm1(x) and y = 0, if `sum` is exp(x) + exp(y). */
function halvesOf(difference: Node, { constant, terms }: Exponentials, b: Builder): Node | null {
  const [first, second] = terms;
  if (difference.op === 'expm1') {
    const own = constant === 1 && terms.length === 1 && first.coefficient === 1;
    return own && first.argument === difference.inputs[0] ? b.div(first.argument, 2) : null;
  }
  if (difference.op !== 'sub' || constant !== 0 || terms.length !== 2) return null;
  if (first.coefficient !== 1 || second.coefficient !== 1) return null;
  const [p, q] = difference.inputs;
  if (p.op !== 'exp' || q.op !== 'exp') return null;
  const [x, y] = [p.inputs[0], q.inputs[0]];
  const same =
    (first.argument === x && second.argument === y) || (first.argument === y && second.argument === x);
  return same ? b.div(b.sub(x, y), 2) : null;
}

/** exp(a) / exp(b)^n -> exp(a - n b); c / exp(b)^n -> c exp(-n b). */
export function overExponential(product: Monomial, base: Node, exponent: number, b: Builder): Node | null {
  if (exponent >= 0) return null;
  const rest = without(product, base);
  const y = exponentOf(base, b);
  if (y === null) return null;
  const above = [...rest.powers].find(([factor, power]) => power === 1 && isExponential(factor))?.[0];
  const x = above && exponentOf(above, b);
  if (above !== undefined && x) {
    return times(b, without(rest, above), b.exp(b.sub(x, b.mul(-exponent, y))));
  }
  return rest.powers.size === 0 ? times(b, rest, b.exp(b.mul(exponent, y))) : null;
}

/**
 * exp(x) times what was one over a sum that has grown as fast: exp(x) exp(-lse) -> exp(x - lse), exp(x) sigmoid(-x) ->
 * sigmoid(x), exp(x) sigmoid(-lse) -> exp(x - softplus(lse)), where lse is a logsumexp.
 */
export function timesReciprocal(product: Monomial, base: Node, exponent: number, b: Builder): Node | null {
  if (exponent !== 1) return null;
  for (const [factor, power] of product.powers) {
    if (factor === base || power !== 1 || !isExponential(factor)) continue;
    const x = exponentOf(factor, b);
    if (x === null) continue;
    const joined = joinedReciprocal(x, viewed(base).op, operandViewed(base, b), b);
    if (joined !== null) return times(b, without(without(product, base), factor), joined);
  }
  return null;
}

/** What `timesReciprocal` begins with, or a view of it. */
export function isReciprocal(node: Node): boolean {
  const { op, inputs } = viewed(node);
  return op === 'sigmoid' || (op === 'exp' && isNegativeTotal(inputs[0]));
}

function joinedReciprocal(x: Node, op: OpName, w: Node, b: Builder): Node | null {
  if (op === 'exp') return b.exp(b.add(x, w));
  if (b.neg(w) === x) return b.sigmoid(x);
  return isNegativeTotal(w) ? b.exp(b.sub(x, b.softplus(b.neg(w)))) : null;
}

/** The negative of a logsumexp, or a multiple or a view of that. */
function isNegativeTotal(w: Node): boolean {
  const { coefficient, core } = scaled(viewed(w));
  if (core === null || coefficient >= 0) return false;
  const { op } = viewed(core);
  return op === 'logsumexp' || op === 'reduceLogsumexp';
}

/** (c (1 + exp(z)))^-p -> c^-p sigmoid(-z)^p. */
export function powerOfExponentials({ inputs: [x, y] }: Node, b: Builder): Node | null {
  if (y.op !== 'const' || !(y.attrs.value < 0)) return null;
  const sum = exponentialsOf(x, b);
  const z = sum && logisticArgument(sum, b);
  if (sum === null || z === null) return null;
  return b.mul(sum.constant ** y.attrs.value, b.pow(b.sigmoid(b.neg(z)), -y.attrs.value));
}

function scaledBy(m: Monomial, factor: number): Monomial {
  return { coefficient: m.coefficient * factor, powers: m.powers };
}
