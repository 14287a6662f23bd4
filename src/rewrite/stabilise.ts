// Naive in, stable out (rules R3 and R8): forms that cancel, overflow or have a removable singularity become operations
// with rows of their own in the calculus, right to every order. These rewrites define the meaning of a formula and of its
// derivatives, so they run at every level, while the graph is built, before and after each derivative.
//
// Sources: Higham, Accuracy and Stability of Numerical Algorithms (2002), section 1.14; Maechler, Accurately computing
// log(1 - exp(-|a|)) (2012); Higham, Functions of Matrices (2008), section 10.7.4 (phi functions); Abramowitz and Stegun,
// chapter 10 (spherical Bessel functions).

import { isConstant } from '../ir/build.ts';
import type { OpName } from '../ir/ops.ts';
import type { RewriteRule } from './engine.ts';
import {
  isReciprocal,
  overExponential,
  overExponentials,
  powerOfExponentials,
  timesReciprocal,
} from './exponentials.ts';
import { isExponential, isExponentialSum } from './exponents.ts';
import {
  logOfOnePlus,
  logOfOnePlusExponential,
  logOfProduct,
  logOfSum,
  logOfView,
  logToBase,
  timesOwnLogarithm,
} from './logarithms.ts';
import { timesOwnLogarithms, zeroOf } from './products.ts';
import {
  cancelled,
  cancelledRoot,
  cosineOverSquare,
  expm1OverArgument,
  factors,
  isOneMinusCosine,
  overHyperbolic,
  quotient,
  sineOverArgument,
} from './quotients.ts';
import { rootOfSquares } from './roots.ts';
import { cancellingDifference } from './sums.ts';
import { VIEWS } from './views.ts';

/** What puts a factor below a fraction bar. */
const BAR: readonly OpName[] = ['div', 'pow'];
const SUM: readonly OpName[] = ['add', 'sub'];
const LOGARITHMS: readonly OpName[] = ['log', 'log1p', 'log2', 'log10'];

/** What may be an exponential in disguise. */
const DISGUISES: readonly OpName[] = ['reduceSum', 'contract', 'concat', ...VIEWS];

// biome-ignore format: one rule a paragraph, the name and the law first
export const STABILISE: readonly RewriteRule[] = [
  { name: 'zero-factor', law: '(0 x) y -> 0 (x y); sum(0 x) -> 0 sum(x), and likewise for contractions and views', exact: false,
    on: ['mul', 'div', 'neg', 'reduceSum', 'contract', ...VIEWS], apply: zeroOf },
  { name: 'power-of-e', law: 'e^x -> exp(x)', exact: false,
    on: ['pow'], apply: ({ inputs: [x, y] }, b) => (isConstant(x, Math.E) ? b.exp(y) : null) },
  { name: 'power-half', law: 'x^(1/2) -> sqrt(x)', exact: false,
    on: ['pow'], apply: ({ inputs: [x, y] }, b) => (isConstant(y, 0.5) ? b.sqrt(x) : null) },
  { name: 'power-reciprocal', law: 'x^-1 -> 1/x', exact: true,
    on: ['pow'], apply: ({ inputs: [x, y] }, b) => (isConstant(y, -1) ? b.div(1, x) : null) },
  { name: 'power-of-exponentials', law: '(1 + exp(x))^-n -> sigmoid(-x)^n', exact: false,
    on: ['pow'], apply: powerOfExponentials },
  { name: 'square-root-of-squares', law: 'sqrt(x^2) -> abs(x); sqrt(x^2 + y^2) -> hypot(x, y); sqrt(sum(x^2)) -> norm(x)', exact: false,
    on: ['sqrt'], apply: rootOfSquares },
  { name: 'cancelling-difference', law: 'f(x) - f(0) -> expm1(x), sqrt1pm1(x); 1 - sigmoid(x) -> sigmoid(-x); 1 - erf(x) -> erfc(x)', exact: false,
    on: ['add', 'sub'], apply: cancellingDifference },
  { name: 'log-sum-exp', law: 'log(1 + exp(x)) -> softplus(x); log(exp(x) + exp(y)) -> logsumexp(x, y), here and below also for sums over axes', exact: false,
    on: ['log'], apply: ({ inputs: [x] }, b) => logOfSum(x, b) },
  { name: 'log-one-plus', law: 'log(1 + x) -> log1p(x)', exact: false,
    on: ['log'], apply: ({ inputs: [x] }, b) => logOfOnePlus(x, b) },
  { name: 'log-of-positive', law: 'log(exp(x)) -> x; log(sigmoid(x)) -> -softplus(-x); log(cosh(x)) -> logcosh(x); log(1 - exp(x)) -> log1mexp(x); log(sum(exp(x))) -> logsumexp(x)', exact: false,
    on: ['log'], apply: ({ inputs: [x] }, b) => logOfProduct(x, b) },
  { name: 'log-of-view', law: 'log(f(x)[i]) -> log(f(x))[i] where log(f(x)) has a stable form', exact: true,
    on: ['log'], apply: ({ inputs: [x] }, b) => logOfView(x, b) },
  { name: 'logarithm-to-base', law: 'log2(u) -> log(u) / ln 2 and log10(u) -> log(u) / ln 10 where log(u) has a stable form', exact: false,
    on: ['log2', 'log10'], apply: logToBase },
  { name: 'log1p', law: 'log1p(exp(x)) -> softplus(x); log1p(-exp(x)) -> log1mexp(x)', exact: false,
    on: ['log1p'], apply: ({ inputs: [x] }, b) => logOfOnePlusExponential(x, b) },
  { name: 'x-log-x', law: 'x log(x) -> xlogx(x); x y log(x/z) -> y xlogy(x, x/z); (1 - x) log(1 - x) -> xlog1py(1 - x, -x)', exact: false,
    on: ['mul'], among: [[...LOGARITHMS, ...VIEWS]], apply: timesOwnLogarithm },
  { name: 'sum-of-x-log-x', law: 'x · log(x) -> sum(xlogx(x)) for a contraction of elements with their own logarithms', exact: false,
    on: ['contract'], apply: timesOwnLogarithms },
  { name: 'cancelled-factor', law: 'x / x -> 1; x y / x -> y', exact: false,
    on: ['div', 'mul'], among: [BAR], apply: cancelled },
  { name: 'cancelled-root', law: 'x / sqrt(x) -> sqrt(x)', exact: false,
    on: ['div', 'mul'], among: [BAR, ['sqrt']], apply: cancelledRoot },
  { name: 'logistic', law: '1 / (1 + exp(-x)) -> sigmoid(x); exp(x) / (exp(x) + exp(y)) -> sigmoid(x - y); (exp(x) - exp(y)) / (exp(x) + exp(y)) -> tanh((x - y) / 2)', exact: false,
    on: ['div', 'mul'], among: [BAR, SUM], apply: (node, b) => quotient(node, isExponentialSum, overExponentials, b) },
  { name: 'exponential-quotient', law: '1 / exp(x) -> exp(-x); exp(x) / exp(y) -> exp(x - y)', exact: false,
    on: ['div', 'mul'], among: [BAR, ['exp']], apply: (node, b) => quotient(node, f => f.op === 'exp', overExponential, b) },
  { name: 'softmax', law: 'exp(x) / sum(exp(x)) -> exp(x - logsumexp(x))', exact: false,
    on: ['div', 'mul'], among: [BAR, DISGUISES], apply: (node, b) => quotient(node, f => f.op !== 'exp' && isExponential(f), overExponential, b) },
  { name: 'exponential-times-reciprocal', law: 'exp(x) exp(-logsumexp(x)) -> exp(x - logsumexp(x)); exp(x) sigmoid(-x) -> sigmoid(x)', exact: false,
    on: ['mul'], among: [['exp', 'sigmoid'], ['exp', ...DISGUISES]], apply: (node, b) => factors(node, isReciprocal, timesReciprocal, b) },
  { name: 'hyperbolic-quotient', law: '1 / cosh(x) -> sech(x); sinh(x) / cosh(x) -> tanh(x)', exact: false,
    on: ['div', 'mul'], among: [BAR, ['cosh', 'sinh']], apply: (node, b) => quotient(node, f => f.op === 'cosh' || f.op === 'sinh', overHyperbolic, b) },
  { name: 'sine-quotient', law: 'sin(x) / x -> j0(x), the spherical Bessel function', exact: false,
    on: ['div', 'mul'], among: [BAR, ['sin']], apply: (node, b) => quotient(node, f => f.op === 'sin', sineOverArgument, b) },
  { name: 'expm1-quotient', law: '(exp(x) - 1) / x -> phi1(x)', exact: false,
    on: ['div', 'mul'], among: [BAR, ['expm1']], apply: (node, b) => quotient(node, f => f.op === 'expm1', expm1OverArgument, b) },
  { name: 'cosine-quotient', law: '(1 - cos(x)) / x^2 -> j0(x/2)^2 / 2', exact: false,
    on: ['div', 'mul'], among: [BAR, SUM], apply: (node, b) => quotient(node, isOneMinusCosine, cosineOverSquare, b) },
];
