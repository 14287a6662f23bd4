// Naive in, stable out (rules R3 and R8): forms that cancel, overflow or have a removable singularity become operations
// with rows of their own in the calculus, right to every order. These rewrites define the meaning of a formula and of its
// derivatives, so they run at every level, while the graph is built, before and after each derivative.
//
// Sources: Higham, Accuracy and Stability of Numerical Algorithms (2002), section 1.14; Maechler, Accurately computing
// log(1 - exp(-|a|)) (2012); Higham, Functions of Matrices (2008), section 10.7.4 (phi functions); Abramowitz and Stegun,
// chapter 10 (spherical Bessel functions).

import { type Builder, isConstant, isZero } from '../ir/build.ts';
import type { Node } from '../ir/graph.ts';
import type { OpName } from '../ir/ops.ts';
import type { RewriteRule } from './engine.ts';
import {
  hasConstantTerm,
  type Monomial,
  monomialOf,
  productOf,
  scaled,
  sumOf,
  termsOf,
  timesPower,
  without,
} from './match.ts';

// biome-ignore format: one rule a paragraph, the name and the law first
export const STABILISE: readonly RewriteRule[] = [
  { name: 'zero-factor', law: '(0 x) y -> 0 (x y)', exact: false,
    on: ['mul', 'div', 'neg'], apply: hoistZero },
  { name: 'power-of-e', law: 'e^x -> exp(x)', exact: false,
    on: ['pow'], apply: ({ inputs: [x, y] }, b) => (isConstant(x, Math.E) ? b.exp(y) : null) },
  { name: 'power-half', law: 'x^(1/2) -> sqrt(x)', exact: false,
    on: ['pow'], apply: ({ inputs: [x, y] }, b) => (isConstant(y, 0.5) ? b.sqrt(x) : null) },
  { name: 'power-reciprocal', law: 'x^-1 -> 1/x', exact: true,
    on: ['pow'], apply: ({ inputs: [x, y] }, b) => (isConstant(y, -1) ? b.div(1, x) : null) },
  { name: 'power-of-exponentials', law: '(1 + exp(x))^-n -> sigmoid(-x)^n', exact: false,
    on: ['pow'], apply: powerOfExponentials },
  { name: 'square-root-of-squares', law: 'sqrt(x^2) -> abs(x); sqrt(x^2 + y^2) -> hypot(x, y)', exact: false,
    on: ['sqrt'], apply: rootOfSquares },
  { name: 'cancelling-difference', law: 'f(x) - f(0) -> expm1(x), sqrt1pm1(x); 1 - sigmoid(x) -> sigmoid(-x); 1 - erf(x) -> erfc(x)', exact: false,
    on: ['add', 'sub'], apply: cancellingDifference },
  { name: 'log-sum-exp', law: 'log(1 + exp(x)) -> softplus(x); log(exp(x) + exp(y)) -> logsumexp(x, y)', exact: false,
    on: ['log'], apply: ({ inputs: [x] }, b) => logOfSum(x, b) },
  { name: 'log-one-plus', law: 'log(1 + x) -> log1p(x)', exact: false,
    on: ['log'], apply: ({ inputs: [x] }, b) => logOfOnePlus(x, b) },
  { name: 'log-of-positive', law: 'log(exp(x)) -> x; log(sigmoid(x)) -> -softplus(-x); log(cosh(x)) -> logcosh(x); log(1 - exp(x)) -> log1mexp(x)', exact: false,
    on: ['log'], apply: ({ inputs: [x] }, b) => logOfProduct(x, b) },
  { name: 'logarithm-to-base', law: 'log2(u) -> log(u) / ln 2 and log10(u) -> log(u) / ln 10 where log(u) has a stable form', exact: false,
    on: ['log2', 'log10'], apply: logToBase },
  { name: 'log1p', law: 'log1p(exp(x)) -> softplus(x); log1p(-exp(x)) -> log1mexp(x)', exact: false,
    on: ['log1p'], apply: ({ inputs: [x] }, b) => logOfOnePlusExponential(x, b) },
  { name: 'x-log-x', law: 'x log(x) -> xlogx(x); x y log(x/z) -> y xlogy(x, x/z); (1 - x) log(1 - x) -> xlog1py(1 - x, -x)', exact: false,
    on: ['mul'], apply: timesOwnLogarithm },
  { name: 'cancelled-factor', law: 'x / x -> 1; x y / x -> y', exact: false,
    on: ['div', 'mul'], apply: (node, b) => (mayCancel(node) && cancels(node) ? productOf(b, monomialOf(node)) : null) },
  { name: 'logistic', law: '1 / (1 + exp(-x)) -> sigmoid(x); exp(x) / (exp(x) + exp(y)) -> sigmoid(x - y)', exact: false,
    on: ['div', 'mul'], apply: (node, b) => quotient(node, isExponentialSum, overExponentials, b) },
  { name: 'exponential-quotient', law: '1 / exp(x) -> exp(-x); exp(x) / exp(y) -> exp(x - y)', exact: false,
    on: ['div', 'mul'], apply: (node, b) => quotient(node, isExp, overExponential, b) },
  { name: 'sine-quotient', law: 'sin(x) / x -> j0(x), the spherical Bessel function', exact: false,
    on: ['div', 'mul'], apply: (node, b) => quotient(node, isSine, sineOverArgument, b) },
  { name: 'expm1-quotient', law: '(exp(x) - 1) / x -> phi1(x)', exact: false,
    on: ['div', 'mul'], apply: (node, b) => quotient(node, isExpm1, expm1OverArgument, b) },
  { name: 'cosine-quotient', law: '(1 - cos(x)) / x^2 -> j0(x/2)^2 / 2', exact: false,
    on: ['div', 'mul'], apply: (node, b) => quotient(node, isOneMinusCosine, cosineOverSquare, b) },
];

/** Moves a zero factor to the top of its product, where the calculus looks for it. */
function hoistZero(node: Node, b: Builder): Node | null {
  const [x, y] = node.inputs;
  const zero = zeroTimes(x);
  if (node.op === 'neg') return zero && b.mul(zero.zero, b.neg(zero.rest));
  if (node.op === 'div') return zero && b.mul(zero.zero, b.div(zero.rest, y));
  if (isZero(x) || isZero(y)) return null;
  if (zero) return b.mul(zero.zero, b.mul(zero.rest, y));
  const other = zeroTimes(y);
  return other && b.mul(other.zero, b.mul(x, other.rest));
}

function zeroTimes({ op, inputs: [x, y] }: Node): { zero: Node; rest: Node } | null {
  if (op !== 'mul') return null;
  return isZero(x) ? { zero: x, rest: y } : isZero(y) ? { zero: y, rest: x } : null;
}

/** sqrt of c x^2 y^2 ... is sqrt(c) |x y ...|, of a sum of such terms a hypot. A constant term leaves it alone. */
function rootOfSquares({ inputs: [x] }: Node, b: Builder): Node | null {
  const sum = termsOf(x, 8);
  if (sum === null || sum.constant !== 0 || sum.terms.length === 0) return null;
  const roots: Node[] = [];
  for (const { coefficient, core } of sum.terms) {
    const m = monomialOf(core);
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
function cancellingDifference(node: Node, b: Builder): Node | null {
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
function lessOne(sum: Node, b: Builder): Node | null {
  if (!hasConstantTerm(sum)) return null;
  const terms = termsOf(sum, 8);
  return terms !== null && terms.constant === 1 && terms.terms.length > 0
    ? sumOf(b, { constant: 0, terms: terms.terms })
    : null;
}

/** constant + sum of coefficient * exp(argument), all coefficients positive, at least one exp, at least two terms. */
interface Exponentials {
  readonly constant: number;
  readonly terms: readonly { readonly coefficient: number; readonly argument: Node }[];
}

function exponentialsOf(node: Node): Exponentials | null {
  if (node.op !== 'add' && node.op !== 'sub') return null;
  const sum = termsOf(node, 4096, (c, core) => c > 0 && core.op === 'exp');
  if (sum === null || sum.constant < 0 || sum.terms.length === 0) return null;
  if (sum.terms.length + (sum.constant > 0 ? 1 : 0) < 2) return null;
  const terms = sum.terms.map(({ coefficient, core }) => ({ coefficient, argument: core.inputs[0] }));
  return { constant: sum.constant, terms };
}

const plusLog = (b: Builder, x: Node, factor: number) => b.add(x, b.constant(Math.log(factor)));

/** For constant + c exp(a): the z with constant (1 + exp(z)). */
function logisticArgument({ constant, terms }: Exponentials, b: Builder): Node | null {
  if (constant === 0 || terms.length !== 1) return null;
  return plusLog(b, terms[0].argument, terms[0].coefficient / constant);
}

/** The logarithm of a sum of exponentials. */
function logOfExponentials(sum: Exponentials, b: Builder): Node {
  const z = logisticArgument(sum, b);
  if (z !== null) return plusLog(b, b.softplus(z), sum.constant);
  const args = sum.terms.map(({ coefficient, argument }) => plusLog(b, argument, coefficient));
  if (sum.constant > 0) args.unshift(b.constant(Math.log(sum.constant)));
  return b.logsumexp(...args);
}

/** A stable form of log(u), or null if log(u) is as good as any. */
function stableLog(u: Node, b: Builder): Node | null {
  return logOfSum(u, b) ?? logOfOnePlus(u, b) ?? logOfProduct(u, b);
}

function logOfSum(u: Node, b: Builder): Node | null {
  const sum = exponentialsOf(u);
  return sum && logOfExponentials(sum, b);
}

function logOfOnePlus(u: Node, b: Builder): Node | null {
  const rest = lessOne(u, b);
  return rest && b.log1p(rest);
}

/** The logarithm of c f(x) for f whose logarithm is stable, and of 1 - exp(x), which is -expm1(x). */
function logOfProduct(u: Node, b: Builder): Node | null {
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
      return null;
  }
}

/** Positive whatever its inputs, with a logarithm that cannot overflow: it may be split off a product. */
function hasStableLog(factor: Node): boolean {
  const { coefficient, core } = scaled(factor);
  return coefficient > 0 && (core?.op === 'exp' || core?.op === 'sigmoid');
}

function logToBase({ op, inputs: [x] }: Node, b: Builder): Node | null {
  const stable = stableLog(x, b);
  return stable && b.mul(op === 'log2' ? Math.LOG2E : Math.LOG10E, stable);
}

function logOfOnePlusExponential(x: Node, b: Builder): Node | null {
  const { coefficient, core } = scaled(x);
  if (core?.op !== 'exp') return null;
  if (coefficient === -1) return b.log1mexp(core.inputs[0]);
  return coefficient > 0 ? b.softplus(plusLog(b, core.inputs[0], coefficient)) : null;
}

/** Among the factors there is log(u) to some base and a factor of u: the product is 0 where that factor is. */
function timesOwnLogarithm(node: Node, b: Builder): Node | null {
  if (!hasFactor(node, isLogarithm, 4)) return null;
  const product = monomialOf(node);
  for (const [base, exponent] of product.powers) {
    if (!isLogarithm(base) || exponent !== 1) continue;
    const rest = without(product, base);
    const [u] = base.inputs;
    for (const [x, power] of rest.powers) {
      if (power < 1) continue;
      const joined = ownLogarithm(x, base.op, u, b);
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
  if ((monomialOf(u).powers.get(x) ?? 0) <= 0) return null;
  const toNatural = op === 'log2' ? Math.LOG2E : op === 'log10' ? Math.LOG10E : 1;
  return b.mul(toNatural, x === u ? b.xlogx(x) : b.xlogy(x, u));
}

function isLogarithm(node: Node): boolean {
  return node.op === 'log' || node.op === 'log1p' || node.op === 'log2' || node.op === 'log10';
}

function times(b: Builder, m: Monomial, node: Node): Node {
  return productOf(b, timesPower(m, { coefficient: 1, powers: new Map([[node, 1]]) }, 1));
}

/** True if a factor within `depth` steps satisfies `test`. */
function hasFactor(node: Node, test: (factor: Node) => boolean, depth: number): boolean {
  if (test(node)) return true;
  if (depth === 0) return false;
  if (node.op === 'pow') return node.inputs[1].op === 'const' && hasFactor(node.inputs[0], test, depth - 1);
  if (node.op !== 'mul' && node.op !== 'neg' && node.op !== 'div') return false;
  return node.inputs.some(input => hasFactor(input, test, depth - 1));
}

type Step = (product: Monomial, base: Node, exponent: number, b: Builder) => Node | null;

/** Tries `step` on each factor above or below the bar that `test` accepts, in whatever order they were written. */
function quotient(node: Node, test: (factor: Node) => boolean, step: Step, b: Builder): Node | null {
  if (!mayCancel(node) || !hasFactor(node, test, 4)) return null;
  const product = monomialOf(node);
  if (!Number.isFinite(product.coefficient) || product.coefficient === 0) return null;
  for (const [base, exponent] of product.powers) {
    if (!test(base)) continue;
    const stable = step(product, base, exponent, b);
    if (stable !== null) return stable;
  }
  return null;
}

/** True if something stands below a bar. */
function mayCancel(node: Node): boolean {
  return node.op === 'div' || hasFactor(node, isReciprocal, 3);
}

const isExp = (node: Node) => node.op === 'exp';
const isSine = (node: Node) => node.op === 'sin';
const isExpm1 = (node: Node) => node.op === 'expm1';
const isOneMinusCosine = (node: Node) => oneMinusCosine(node) !== null;

/** A cheap sign of a sum of exponentials: one among the first terms. */
function isExponentialSum(node: Node, depth = 4): boolean {
  if (depth === 0 || (node.op !== 'add' && node.op !== 'sub')) return false;
  return node.inputs.some(term => scaled(term).core?.op === 'exp' || isExponentialSum(term, depth - 1));
}

function isReciprocal({ op, inputs: [, y] }: Node): boolean {
  return op === 'div' || (op === 'pow' && y.op === 'const' && y.attrs.value < 0);
}

/** True if a factor stands both above and below a fraction bar. */
function cancels(node: Node): boolean {
  const above = new Set<Node>();
  const below = new Set<Node>();
  const stack: [Node, number][] = [[node, 1]];
  for (let budget = 24, next = stack.pop(); next !== undefined && budget-- > 0; next = stack.pop()) {
    const [factor, exponent] = next;
    const [x, y] = factor.inputs;
    if (factor.op === 'mul') stack.push([x, exponent], [y, exponent]);
    else if (factor.op === 'div') stack.push([x, exponent], [y, -exponent]);
    else if (factor.op === 'neg') stack.push([x, exponent]);
    else if (factor.op === 'pow' && y.op === 'const' && Number.isInteger(y.attrs.value)) {
      stack.push([x, exponent * Math.sign(y.attrs.value)]);
    } else if (factor.op !== 'const') {
      if ((exponent > 0 ? below : above).has(factor)) return true;
      (exponent > 0 ? above : below).add(factor);
    }
  }
  return false;
}

function sineOverArgument(product: Monomial, base: Node, exponent: number, b: Builder): Node | null {
  const [u] = base.inputs;
  return exponent === 1 ? overArgument(product, base, u, 1, () => b.sphericalBessel(0, u), b) : null;
}

function expm1OverArgument(product: Monomial, base: Node, exponent: number, b: Builder): Node | null {
  const [u] = base.inputs;
  return exponent === 1 ? overArgument(product, base, u, 1, () => b.phi(1, u), b) : null;
}

function cosineOverSquare(product: Monomial, base: Node, exponent: number, b: Builder): Node | null {
  const cosine = oneMinusCosine(base);
  if (cosine === null || exponent !== 1) return null;
  const { coefficient, argument } = cosine;
  const regular = () => b.mul(coefficient / 2, b.pow(b.sphericalBessel(0, b.div(argument, 2)), 2));
  return overArgument(product, base, argument, 2, regular, b);
}

/** product = rest * f(u) with f(u) = u^n regular(u): rest * u^n * regular(u), if that cancels a factor of u below the bar. */
function overArgument(
  product: Monomial,
  f: Node,
  u: Node,
  n: number,
  regular: () => Node,
  b: Builder,
): Node | null {
  const own = monomialOf(u);
  const rest = without(product, f);
  const shared = [...own.powers].some(([x, power]) => power > 0 && (rest.powers.get(x) ?? 0) < 0);
  return shared ? times(b, timesPower(rest, own, n), regular()) : null;
}

/** c (1 - cos(u)). */
function oneMinusCosine(node: Node): { coefficient: number; argument: Node } | null {
  if (!hasConstantTerm(node, 1)) return null;
  const sum = termsOf(node, 1);
  if (sum === null || sum.terms.length !== 1) return null;
  const [{ coefficient, core }] = sum.terms;
  if (core.op !== 'cos' || coefficient !== -sum.constant) return null;
  return { coefficient: sum.constant, argument: core.inputs[0] };
}

/** A product over a power of a sum of exponentials, times at most one of them. */
function overExponentials(product: Monomial, base: Node, exponent: number, b: Builder): Node | null {
  const sum = exponent < 0 ? exponentialsOf(base) : null;
  if (sum === null) return null;
  const rest = without(product, base);
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

/** exp(a) / exp(b)^n -> exp(a - n b); c / exp(b)^n -> c exp(-n b). */
function overExponential(product: Monomial, base: Node, exponent: number, b: Builder): Node | null {
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
function powerOfExponentials({ inputs: [x, y] }: Node, b: Builder): Node | null {
  if (y.op !== 'const' || !(y.attrs.value < 0)) return null;
  const sum = exponentialsOf(x);
  const z = sum && logisticArgument(sum, b);
  if (sum === null || z === null) return null;
  return b.mul(sum.constant ** y.attrs.value, b.pow(b.sigmoid(b.neg(z)), -y.attrs.value));
}

function scaledBy(m: Monomial, factor: number): Monomial {
  return { coefficient: m.coefficient * factor, powers: m.powers };
}
