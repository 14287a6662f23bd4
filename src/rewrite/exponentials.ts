// Sums of exponentials: their logarithms, their reciprocals, one of them over the sum.

import type { Builder } from '../ir/build.ts';
import type { Node } from '../ir/graph.ts';
import { MOST_TERMS, type Monomial, scaled, termsOf, times, timesPower, without } from './match.ts';

/** constant + sum of coefficient * exp(argument), all coefficients positive, at least one exp, at least two terms. */
interface Exponentials {
  readonly constant: number;
  readonly terms: readonly { readonly coefficient: number; readonly argument: Node }[];
}

export function exponentialsOf(node: Node): Exponentials | null {
  if (node.op !== 'add' && node.op !== 'sub') return null;
  const sum = termsOf(node, MOST_TERMS, (c, core) => c > 0 && core.op === 'exp');
  if (sum === null || sum.constant < 0 || sum.terms.length === 0) return null;
  if (sum.terms.length + (sum.constant > 0 ? 1 : 0) < 2) return null;
  const terms = sum.terms.map(({ coefficient, core }) => ({ coefficient, argument: core.inputs[0] }));
  return { constant: sum.constant, terms };
}

/** A cheap sign of a sum of exponentials: one among the first terms. */
export function isExponentialSum(node: Node, depth = 4): boolean {
  if (depth === 0 || (node.op !== 'add' && node.op !== 'sub')) return false;
  return node.inputs.some(term => scaled(term).core?.op === 'exp' || isExponentialSum(term, depth - 1));
}

export const plusLog = (b: Builder, x: Node, factor: number) => b.add(x, b.constant(Math.log(factor)));

/** For constant + c exp(a): the z with constant (1 + exp(z)). */
function logisticArgument({ constant, terms }: Exponentials, b: Builder): Node | null {
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

/** A product over a power of a sum of exponentials, times at most one of them. */
export function overExponentials(product: Monomial, base: Node, exponent: number, b: Builder): Node | null {
  const sum = exponent < 0 ? exponentialsOf(base) : null;
  if (sum === null) return null;
  const rest = without(product, base);
  const tanh = overOwnDifference(rest, base, exponent, sum, b);
  if (tanh !== null) return tanh;
  const above = [...rest.powers].find(([factor, power]) => factor.op === 'exp' && power > 0)?.[0];
  const z = logisticArgument(sum, b);
  if (above === undefined) {
    // rest / sum^n
    if (z === null) return times(b, rest, b.exp(b.mul(exponent, logOfExponentials(sum, b))));
    const reciprocal = b.pow(b.sigmoid(b.neg(z)), -exponent);
    return times(b, scaledBy(rest, sum.constant ** exponent), reciprocal);
  }
  // rest' * exp(a) / sum^n, one exponential with one sum
  const others = timesPower(rest, { coefficient: 1, powers: new Map([[above, 1]]) }, -1);
  const left = timesPower(others, { coefficient: 1, powers: new Map([[base, 1]]) }, exponent + 1);
  const [a] = above.inputs;
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
  const [y] = base.inputs;
  const above = [...rest.powers].find(([factor, power]) => factor.op === 'exp' && power === 1)?.[0];
  if (above !== undefined) {
    return times(b, without(rest, above), b.exp(b.sub(above.inputs[0], b.mul(-exponent, y))));
  }
  return rest.powers.size === 0 ? times(b, rest, b.exp(b.mul(exponent, y))) : null;
}

/** (c (1 + exp(z)))^-p -> c^-p sigmoid(-z)^p. */
export function powerOfExponentials({ inputs: [x, y] }: Node, b: Builder): Node | null {
  if (y.op !== 'const' || !(y.attrs.value < 0)) return null;
  const sum = exponentialsOf(x);
  const z = sum && logisticArgument(sum, b);
  if (sum === null || z === null) return null;
  return b.mul(sum.constant ** y.attrs.value, b.pow(b.sigmoid(b.neg(z)), -y.attrs.value));
}

function scaledBy(m: Monomial, factor: number): Monomial {
  return { coefficient: m.coefficient * factor, powers: m.powers };
}
