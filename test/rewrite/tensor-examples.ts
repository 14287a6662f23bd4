// What each rule makes of an example with tensors.

import type { Builder } from '../../src/ir/build.ts';
import type { Node } from '../../src/ir/graph.ts';
import { type Formula, m, n } from './tensors.ts';

export type Example = readonly [rule: string, text: string, formula: Formula, expected: Formula];

/** X / sum(X) by row. */
const overRows = (b: Builder, X: Node, sums: Node) => b.div(X, b.expand(sums, [1]));
const first = { axis: 0, start: 0, step: 1, length: 1 };
const rows = { axis: 0, start: 1, step: 1, length: 2 };
const at = (b: Builder, v: Node) => b.drop(b.slice(v, first), 0);
const negative = (b: Builder, v: Node) => b.neg(v);

// biome-ignore format: a table
export const STABLE_TENSORS: readonly Example[] = [
  ['log-of-positive', 'log(sum(exp(x)))', (b, { x }) => b.log(b.reduceSum(b.exp(x))), (b, { x }) => b.reduceLogsumexp(x)],
  ['log-of-positive', 'log(sum(exp(A), 2))', (b, { A }) => b.log(b.reduceSum(b.exp(A), [1])), (b, { A }) => b.reduceLogsumexp(A, [1])],
  ['log-of-positive', 'log(2 sum(3 exp(x)))', (b, { x }) => b.log(b.mul(2, b.reduceSum(b.mul(3, b.exp(x))))),
    (b, { x }) => b.add(b.add(b.reduceLogsumexp(x), Math.log(3)), Math.log(2))],
  ['log-of-positive', 'log(mean(exp(x)))', (b, { x }) => b.log(b.div(b.reduceSum(b.exp(x)), b.size(n))),
    (b, { x }) => b.sub(b.reduceLogsumexp(x), b.log(b.size(n)))],
  ['log-of-positive', 'log(sum(exp(A) exp(z)))', (b, { A, z }) => b.log(b.reduceSum(b.mul(b.exp(A), b.exp(z)), [1])),
    (b, { A, z }) => b.reduceLogsumexp(b.add(A, z), [1])],
  ['log-of-positive', 'log(sum(exp(x) + exp(s)))', (b, { x, s }) => b.log(b.reduceSum(b.add(b.exp(x), b.exp(s)))),
    (b, { x, s }) => b.reduceLogsumexp(b.logsumexp(x, s))],
  ['log-of-positive', 'log(exp(x) · exp(y))', (b, { x, y }) => b.log(b.contract('i,i->', b.exp(x), b.exp(y))),
    (b, { x, y }) => b.reduceLogsumexp(b.add(x, y))],
  ['log-of-positive', 'log(exp(x) · ones)', (b, { x }) => b.log(b.contract('i,i->', b.exp(x), b.broadcast(1, [n]))),
    (b, { x }) => b.reduceLogsumexp(x)],
  ['log-of-positive', 'log(sum([exp(s), 2 exp(t), 1]))',
    (b, { s, t }) => b.log(b.reduceSum(b.stack([b.exp(s), b.mul(2, b.exp(t)), b.constant(1)]))),
    (b, { s, t }) => b.reduceLogsumexp(b.stack([s, b.add(t, Math.log(2)), b.constant(0)]))],
  ['log-of-positive', 'log(exp(x)[1])', (b, { x }) => b.log(at(b, b.exp(x))), (b, { x }) => at(b, x)],
  ['log-of-positive', 'log(exp(x)[i])', (b, { x, i }) => b.log(b.gather(b.exp(x), i, 0)), (b, { x, i }) => b.gather(x, i, 0)],
  ['log-of-positive', "log(exp(A)')", (b, { A }) => b.log(b.permute(b.exp(A), [1, 0])), (b, { A }) => b.permute(A, [1, 0])],
  ['log-of-positive', 'log(exp(p)[3])', (b, { p }) => b.log(b.element(b.exp(p), 2)), (b, { p }) => b.element(p, 2)],
  ['log-of-positive', 'log(exp(A + z)[i])', (b, { A, z, i }) => b.log(b.gather(b.exp(b.add(A, z)), i, 0)),
    (b, { A, z, i }) => b.add(b.gather(A, i, 0), z)],
  ['log-of-positive', 'log(exp(A + z)[:, i])', (b, { A, z, i }) => b.log(b.gather(b.exp(b.add(A, z)), i, 1)),
    (b, { A, z, i }) => b.add(b.gather(A, i, 1), b.gather(z, i, 0))],
  ['log-of-positive', 'log(exp(x + A)[:, 1])', (b, { A, x }) => b.log(b.slice(b.exp(b.add(A, b.expand(x, [1]))), { ...first, axis: 1 })),
    (b, { A, x }) => b.add(b.slice(A, { ...first, axis: 1 }), b.expand(x, [1]))],
  ['log-of-positive', 'log(exp(diag(C C)))', (b, { A, B }) => b.log(b.diagonal(b.exp(b.contract('ij,kj->ik', A, B)))),
    (b, { A, B }) => b.diagonal(b.contract('ij,kj->ik', A, B))],
  ['log-sum-exp', 'log(1 + sum(exp(x)))', (b, { x }) => b.log(b.add(1, b.reduceSum(b.exp(x)))), (b, { x }) => b.softplus(b.reduceLogsumexp(x))],
  ['log-sum-exp', 'log(exp(s) + 2 sum(exp(x)))', (b, { s, x }) => b.log(b.add(b.exp(s), b.mul(2, b.reduceSum(b.exp(x))))),
    (b, { s, x }) => b.logsumexp(s, b.add(b.reduceLogsumexp(x), Math.log(2)))],
  ['log-sum-exp', 'log(exp(A) + exp(z))', (b, { A, z }) => b.log(b.add(b.exp(A), b.exp(z))), (b, { A, z }) => b.logsumexp(A, z)],
  ['logarithm-to-base', 'log2(sum(exp(x)))', (b, { x }) => b.log2(b.reduceSum(b.exp(x))), (b, { x }) => b.mul(Math.LOG2E, b.reduceLogsumexp(x))],
  ['log-of-view', 'log(sigmoid(x)[1])', (b, { x }) => b.log(at(b, b.sigmoid(x))), (b, { x }) => b.neg(b.softplus(b.neg(at(b, x))))],
  ['log-of-view', 'log((s exp(x))[1])', (b, { s, x }) => b.log(at(b, b.mul(s, b.exp(x)))), (b, { s, x }) => b.add(b.log(s), at(b, x))],
  ['log-of-view', 'log(cosh(p)[2]) by element', (b, { p }) => b.log(b.element(b.cosh(p), 1)), (b, { p }) => b.logcosh(b.element(p, 1))],

  ['softmax', 'exp(x) / sum(exp(x))', (b, { x }) => b.div(b.exp(x), b.reduceSum(b.exp(x))), (b, { x }) => b.exp(b.sub(x, b.reduceLogsumexp(x)))],
  ['softmax', 'exp(A) / sum(exp(A), 2)', (b, { A }) => overRows(b, b.exp(A), b.reduceSum(b.exp(A), [1])),
    (b, { A }) => b.exp(b.sub(A, b.expand(b.reduceLogsumexp(A, [1]), [1])))],
  ['softmax', 'exp(A) / sum(exp(A), 1)', (b, { A }) => b.div(b.exp(A), b.reduceSum(b.exp(A), [0])),
    (b, { A }) => b.exp(b.sub(A, b.reduceLogsumexp(A, [0])))],
  ['softmax', 'exp(A) / broadcast sum(exp(A), 2)', (b, { A }) => b.div(b.exp(A), b.broadcast(b.expand(b.reduceSum(b.exp(A), [1]), [1]), [n, m])),
    (b, { A }) => b.exp(b.sub(A, b.expand(b.reduceLogsumexp(A, [1]), [1])))],
  ['softmax', 'z exp(x) / (2 sum(exp(x)))', (b, { s, x }) => b.div(b.mul(s, b.exp(x)), b.mul(2, b.reduceSum(b.exp(x)))),
    (b, { s, x }) => b.mul(b.mul(0.5, s), b.exp(b.sub(x, b.reduceLogsumexp(x))))],
  ['softmax', 'exp(x)[1] / sum(exp(x))', (b, { x }) => b.div(at(b, b.exp(x)), b.reduceSum(b.exp(x))), (b, { x }) => b.exp(b.sub(at(b, x), b.reduceLogsumexp(x)))],
  ['softmax', '1 / sum(exp(x))', (b, { x }) => b.div(1, b.reduceSum(b.exp(x))), (b, { x }) => b.exp(b.neg(b.reduceLogsumexp(x)))],
  ['softmax', 'sum(exp(x)) / sum(exp(y))', (b, { x, y }) => b.div(b.reduceSum(b.exp(x)), b.reduceSum(b.exp(y))),
    (b, { x, y }) => b.exp(b.sub(b.reduceLogsumexp(x), b.reduceLogsumexp(y)))],
  ['exponential-times-reciprocal', 'exp(x) (1 / sum(exp(x)))', (b, { x }) => b.mul(b.exp(x), b.div(1, b.reduceSum(b.exp(x)))),
    (b, { x }) => b.exp(b.sub(x, b.reduceLogsumexp(x)))],
  ['exponential-times-reciprocal', 'exp(A) (1 / sum(exp(A), 2))', (b, { A }) => b.mul(b.exp(A), b.expand(b.div(1, b.reduceSum(b.exp(A), [1])), [1])),
    (b, { A }) => b.exp(b.sub(A, b.expand(b.reduceLogsumexp(A, [1]), [1])))],
  ['exponential-times-reciprocal', 'exp(s) (1 / (1 + exp(s)))', (b, { s }) => b.mul(b.exp(s), b.div(1, b.add(1, b.exp(s)))), (b, { s }) => b.sigmoid(s)],
  ['exponential-times-reciprocal', 'exp(x) (1 / (1 + sum(exp(x))))', (b, { x }) => b.mul(b.exp(x), b.div(1, b.add(1, b.reduceSum(b.exp(x))))),
    (b, { x }) => b.exp(b.sub(x, b.softplus(b.reduceLogsumexp(x))))],
  ['logistic', 'exp(x) / (1 + sum(exp(x)))', (b, { x }) => b.div(b.exp(x), b.add(1, b.reduceSum(b.exp(x)))),
    (b, { x }) => b.exp(b.sub(x, b.softplus(b.reduceLogsumexp(x))))],
  ['logistic', 'exp(A) / (exp(A) + exp(z))', (b, { A, z }) => b.div(b.exp(A), b.add(b.exp(A), b.exp(z))), (b, { A, z }) => b.sigmoid(b.sub(A, z))],
  ['exponential-quotient', 'exp(A) / exp(z)', (b, { A, z }) => b.div(b.exp(A), b.exp(z)), (b, { A, z }) => b.exp(b.sub(A, z))],

  ['square-root-of-squares', 'sqrt(sum(x^2))', (b, { x }) => b.sqrt(b.reduceSum(b.pow(x, 2))), (b, { x }) => b.norm(x)],
  ['square-root-of-squares', 'sqrt(sum(x .* x))', (b, { x }) => b.sqrt(b.reduceSum(b.mul(x, x))), (b, { x }) => b.norm(x)],
  ['square-root-of-squares', 'sqrt(x * x)', (b, { x }) => b.sqrt(b.contract('i,i->', x, x)), (b, { x }) => b.norm(x)],
  ['square-root-of-squares', 'sqrt of the rows of A', (b, { A }) => b.sqrt(b.contract('ij,ij->i', A, A)), (b, { A }) => b.norm(A, [1])],
  ['square-root-of-squares', 'sqrt(sum(A^2, 1))', (b, { A }) => b.sqrt(b.reduceSum(b.pow(A, 2), [0])), (b, { A }) => b.norm(A, [0])],
  ['square-root-of-squares', 'sqrt(4 sum(s^2 x^2))', (b, { s, x }) => b.sqrt(b.mul(4, b.reduceSum(b.mul(b.pow(s, 2), b.pow(x, 2))))),
    (b, { s, x }) => b.mul(2, b.norm(b.mul(s, x)))],
  ['square-root-of-squares', 'sqrt(mean(x^2))', (b, { x }) => b.sqrt(b.div(b.reduceSum(b.pow(x, 2)), b.size(n))),
    (b, { x }) => b.div(b.norm(x), b.sqrt(b.size(n)))],
  ['square-root-of-squares', 'sqrt(s^2 + x * x)', (b, { s, x }) => b.sqrt(b.add(b.pow(s, 2), b.contract('i,i->', x, x))), (b, { s, x }) => b.hypot(s, b.norm(x))],
  ['square-root-of-squares', 'sqrt((x * x) (y * y))', (b, { x, y }) => b.sqrt(b.mul(b.contract('i,i->', x, x), b.contract('i,i->', y, y))),
    (b, { x, y }) => b.mul(b.norm(x), b.norm(y))],
  ['square-root-of-squares', 'sqrt(x^2)', (b, { x }) => b.sqrt(b.pow(x, 2)), (b, { x }) => b.abs(x)],

  ['x-log-x', 'x .* log(x)', (b, { x }) => b.reduceSum(b.mul(x, b.log(x))), (b, { x }) => b.reduceSum(b.xlogx(x))],
  ['x-log-x', 'x[1] log(x)[1]', (b, { x }) => b.mul(at(b, x), at(b, b.log(x))), (b, { x }) => b.xlogx(at(b, x))],
  ['sum-of-x-log-x', 'x * log(x)', (b, { x }) => b.contract('i,i->', x, b.log(x)), (b, { x }) => b.reduceSum(b.xlogx(x))],
  ['sum-of-x-log-x', '-x * log(x / y)', (b, { x, y }) => b.contract('i,i->', b.neg(x), b.log(b.div(x, y))),
    (b, { x, y }) => b.reduceSum(b.neg(b.xlogy(x, b.div(x, y))))],
  ['sum-of-x-log-x', 'rows of A .* log(A)', (b, { A }) => b.contract('ij,ij->i', A, b.log(A)), (b, { A }) => b.reduceSum(b.xlogx(A), [1])],

  ['zero-factor', 'sum(0 x)', (b, { x }) => b.reduceSum(b.mul(0, x)), (b, { x }) => b.mul(0, b.reduceSum(x))],
  ['zero-factor', '(0 A) z', (b, { A, z }) => b.contract('ij,j->i', b.mul(0, A), z), (b, { A, z }) => b.mul(0, b.contract('ij,j->i', A, z))],
  ['zero-factor', 'A zeros(m)', (b, { A }) => b.contract('ij,j->i', A, b.broadcast(0, [m])),
    (b, { A }) => b.mul(0, b.contract('ij,j->i', A, b.broadcast(1, [m])))],
  ['zero-factor', 'zeros(n) .* x .* y', (b, { x, y }) => b.mul(b.mul(b.broadcast(0, [n]), x), y), (b, { x, y }) => b.mul(0, b.mul(x, y))],
  ['zero-factor', '(0 x)[1] s', (b, { x, s }) => b.mul(at(b, b.mul(0, x)), s), (b, { x, s }) => b.mul(0, b.mul(at(b, x), s))],
  ['cancelled-factor', 's A / s', (b, { s, A }) => b.div(b.mul(s, A), s), (_b, { A }) => A],
  ['cancelled-factor', 'A / A', (b, { A }) => b.div(A, A), b => b.broadcast(1, [n, m])],
  ['cancelled-factor', 'small factors first', (b, { s, t, A, z }) => b.div(b.mul(b.mul(b.mul(2, A), s), b.mul(z, t)), z),
    (b, { s, t, A }) => b.mul(b.mul(b.mul(2, s), t), A)],
  ['cancelling-difference', 'exp(A) - 1 + s', (b, { A, s }) => b.add(b.sub(b.exp(A), 1), s), (b, { A, s }) => b.add(b.expm1(A), s)],
];

// biome-ignore format: a table
export const UNTOUCHED_TENSORS: readonly (readonly [string, Formula])[] = [
  ['sum(exp(x))', (b, { x }) => b.reduceSum(b.exp(x))],
  ['log(sum(x))', (b, { x }) => b.log(b.reduceSum(x))],
  ['log(sum(x exp(y)))', (b, { x, y }) => b.log(b.reduceSum(b.mul(x, b.exp(y))))],
  ['log(-sum(exp(x)))', (b, { x }) => b.log(negative(b, b.reduceSum(b.exp(x))))],
  ['log(sum(exp(x) - exp(y)))', (b, { x, y }) => b.log(b.reduceSum(b.sub(b.exp(x), b.exp(y))))],
  ['log(A exp(z))', (b, { A, z }) => b.log(b.contract('ij,j->i', A, b.exp(z)))],
  ['log(x[1])', (b, { x }) => b.log(at(b, x))],
  ['x / sum(exp(x))', (b, { x }) => b.div(x, b.reduceSum(b.exp(x)))],
  ['x / sum(x)', (b, { x }) => b.div(x, b.reduceSum(x))],
  ['exp(x) sum(exp(x))', (b, { x }) => b.mul(b.exp(x), b.reduceSum(b.exp(x)))],
  ['exp(x) exp(logsumexp(x))', (b, { x }) => b.mul(b.exp(x), b.exp(b.reduceLogsumexp(x)))],
  ['sqrt(sum(x))', (b, { x }) => b.sqrt(b.reduceSum(x))],
  ['sqrt(sum(x y))', (b, { x, y }) => b.sqrt(b.reduceSum(b.mul(x, y)))],
  ['sqrt(x * y)', (b, { x, y }) => b.sqrt(b.contract('i,i->', x, y))],
  ['sqrt(1 + x * x)', (b, { x }) => b.sqrt(b.add(1, b.contract('i,i->', x, x)))],
  ['sqrt(sum(x^2 - y^2))', (b, { x, y }) => b.sqrt(b.reduceSum(b.sub(b.pow(x, 2), b.pow(y, 2))))],
  ['sqrt(n)', b => b.sqrt(b.size(n))],
  ['x * log(y)', (b, { x, y }) => b.contract('i,i->', x, b.log(y))],
  ['x[1] log(y)[1]', (b, { x, y }) => b.mul(at(b, x), at(b, b.log(y)))],
  ['A / x', (b, { A, x }) => b.div(A, b.expand(x, [1]))],
];

const dot = (b: Builder, x: Node, y: Node) => b.contract('i,i->', x, y);
const product = (b: Builder, A: Node, y: Node) => b.contract('ij,j->i', A, y);

// biome-ignore format: a table
export const LINEAR_TENSORS: readonly Example[] = [
  ['contraction-of-permuted', "A' x", (b, { A, x }) => b.contract('ij,j->i', b.permute(A, [1, 0]), x), (b, { A, x }) => b.contract('ij,i->j', A, x)],
  ['contraction-of-permuted', "C' A'", (b, { A, C }) => b.contract('ij,jk->ik', b.permute(C, [1, 0]), b.permute(A, [1, 0])),
    (b, { A, C }) => b.contract('ji,kj->ik', C, A)],
  ['contraction-of-repeated', 'A ones', (b, { A }) => product(b, A, b.broadcast(1, [m])), (b, { A }) => b.reduceSum(A, [1])],
  ['contraction-of-repeated', 'A (s ones)', (b, { A, s }) => product(b, A, b.broadcast(s, [m])), (b, { A, s }) => b.mul(b.reduceSum(A, [1]), s)],
  ['contraction-of-repeated', 'ones(n, m) z', (b, { z }) => product(b, b.broadcast(1, [n, m]), z), (b, { z }) => b.broadcast(b.reduceSum(z), [n])],
  ['contraction-of-repeated', 'ones(n, m) ones(m, n)', b => b.contract('ij,jk->ik', b.broadcast(1, [n, m]), b.broadcast(1, [m, n])),
    b => b.broadcast(b.size(m), [n, n])],
  ['contraction-of-repeated', 'rows of y times z', (b, { y, z }) => product(b, b.broadcast(b.expand(y, [1]), [n, m]), z),
    (b, { y, z }) => b.mul(y, b.reduceSum(z))],
  ['contraction-of-repeated', "x (1 x m of z)", (b, { x, z }) => b.contract('ij,jk->ik', b.expand(x, [1]), b.expand(z, [0])),
    (b, { x, z }) => b.mul(b.expand(x, [1]), b.expand(z, [0]))],
  ['sign-of-linear', 'sum(-x)', (b, { x }) => b.reduceSum(b.neg(x)), (b, { x }) => b.neg(b.reduceSum(x))],
  ['sign-of-linear', '(-A) z', (b, { A, z }) => product(b, b.neg(A), z), (b, { A, z }) => b.neg(product(b, A, z))],
  ['sign-of-linear', '(-A) (-z)', (b, { A, z }) => product(b, b.neg(A), b.neg(z)), (b, { A, z }) => product(b, A, z)],
  ['sign-of-linear', "(-A)'", (b, { A }) => b.permute(b.neg(A), [1, 0]), (b, { A }) => b.neg(b.permute(A, [1, 0]))],
  ['reduction-of-arranged', "sum(A', 1)", (b, { A }) => b.reduceSum(b.permute(A, [1, 0]), [0]), (b, { A }) => b.reduceSum(A, [1])],
  ['reduction-of-arranged', 'sum(column of x, 1)', (b, { x }) => b.reduceSum(b.expand(x, [1]), [0]), (b, { x }) => b.reshape(b.reduceSum(x), [1])],
  ['reduction-of-arranged', 'max(column of x)', (b, { x }) => b.reduceMax(b.expand(x, [1])), (b, { x }) => b.reduceMax(x)],
  ['reduction-of-arranged', 'sum of A as n x 1 x m', (b, { A }) => b.reduceSum(b.expand(A, [1]), [0]), (b, { A }) => b.expand(b.reduceSum(A, [0]), [0])],
  ['reduction-of-arranged', "max(A', 1)", (b, { A }) => b.reduceMax(b.permute(A, [1, 0]), [0]), (b, { A }) => b.reduceMax(A, [1])],
  ['reduction-of-arranged', 'logsumexp of the last axis, moved', (b, { A, s }) => b.reduceLogsumexp(b.permute(b.mul(b.expand(A, [2]), b.stack([s, s, b.exp(s)])), [2, 1, 0]), [2]),
    (b, { A, s }) => b.permute(b.reduceLogsumexp(b.mul(b.expand(A, [2]), b.stack([s, s, b.exp(s)])), [0]), [1, 0])],
];

// biome-ignore format: a table
export const SIMPLE_TENSORS: readonly Example[] = [
  ['sign-of-selection', 'sum(x > 0 ? -y : 0)', (b, { x, y }) => b.reduceSum(b.select(b.lt(0, x), b.neg(y), 0)),
    (b, { x, y }) => b.reduceSum(b.neg(b.select(b.lt(0, x), y, 0)))],
  ['sign-of-selection', 'x > 0 ? 0 : -y', (b, { x, y }) => b.select(b.lt(0, x), 0, b.neg(y)), (b, { x, y }) => b.neg(b.select(b.lt(0, x), 0, y))],
  ['sign-of-product', '-x .* y', (b, { x, y }) => b.mul(b.neg(x), y), (b, { x, y }) => b.neg(b.mul(x, y))],
];

// biome-ignore format: a table
export const UNTOUCHED_LINEAR: readonly (readonly [string, Formula])[] = [
  ['A z', (b, { A, z }) => product(b, A, z)],
  ['x * y', (b, { x, y }) => dot(b, x, y)],
  ['sum(x)', (b, { x }) => b.reduceSum(x)],
  ['(-z) .* A', (b, { A, z }) => b.mul(b.neg(z), A)],
  ['-z - A', (b, { A, z }) => b.sub(b.neg(z), A)],
  ["A'", (b, { A }) => b.permute(A, [1, 0])],
];

/** What optimisation at level 2 makes of a formula whose parts have no other use. */
// biome-ignore format: a table
export const MOVED: readonly (readonly [text: string, formula: Formula, expected: Formula])[] = [
  ['sum(s x)', (b, { s, x }) => b.reduceSum(b.mul(s, x)), (b, { s, x }) => b.mul(s, b.reduceSum(x))],
  ['sum(x / s)', (b, { s, x }) => b.reduceSum(b.div(x, s)), (b, { s, x }) => b.mul(b.reduceSum(x), b.div(1, s))],
  ['sum(A .* z)', (b, { A, z }) => b.reduceSum(b.mul(A, z)), (b, { A, z }) => b.reduceSum(b.mul(b.reduceSum(A, [0]), z))],
  ['sum(A .* x)', (b, { A, x }) => b.reduceSum(b.mul(A, b.expand(x, [1]))), (b, { A, x }) => b.reduceSum(b.mul(b.reduceSum(A, [1]), x))],
  ["sum(x z')", (b, { x, z }) => b.reduceSum(b.mul(b.expand(x, [1]), z)), (b, { x, z }) => b.mul(b.reduceSum(x), b.reduceSum(z))],
  ["sum(x z', 1)", (b, { x, z }) => b.reduceSum(b.mul(b.expand(x, [1]), z), [0]), (b, { x, z }) => b.mul(b.reduceSum(x), z)],
  ['sum(A C, 1)', (b, { A, C }) => b.reduceSum(b.contract('ij,jk->ik', A, C), [0]), (b, { A, C }) => b.contract('j,jk->k', b.reduceSum(A, [0]), C)],
  ['sum(sum(A, 1))', (b, { A }) => b.reduceSum(b.reduceSum(A, [0])), (b, { A }) => b.reduceSum(A)],
  ['sum(A z)', (b, { A, z }) => b.reduceSum(product(b, A, z)), (b, { A, z }) => dot(b, b.reduceSum(A, [0]), z)],
  ['(s A) z', (b, { s, A, z }) => product(b, b.mul(s, A), z), (b, { s, A, z }) => b.mul(s, product(b, A, z))],
  ['(3 x) * y', (b, { x, y }) => dot(b, b.mul(3, x), y), (b, { x, y }) => b.mul(3, dot(b, x, y))],
  ['diag(x) A z', (b, { A, x, z }) => product(b, b.mul(A, b.expand(x, [1])), z), (b, { A, x, z }) => b.mul(x, product(b, A, z))],
  ['A diag(z) z', (b, { A, z }) => product(b, b.mul(A, z), z), (b, { A, z }) => product(b, A, b.mul(z, z))],
  ['(A ./ x) z', (b, { A, x, z }) => product(b, b.div(A, b.expand(x, [1])), z), (b, { A, x, z }) => b.mul(product(b, A, z), b.div(1, x))],
  ["(x z') z", (b, { x, z }) => product(b, b.mul(b.expand(x, [1]), z), z), (b, { x, z }) => b.mul(x, dot(b, z, z))],
  ["s (x z')", (b, { s, x, z }) => b.mul(s, b.mul(b.expand(x, [1]), z)), (b, { s, x, z }) => b.mul(b.mul(s, b.expand(x, [1])), z)],
  ['2 (s A)', (b, { s, A }) => b.mul(2, b.mul(s, A)), (b, { s, A }) => b.mul(A, b.mul(2, s))],
  ['s (t A)', (b, { s, t, A }) => b.mul(s, b.mul(t, A)), (b, { s, t, A }) => b.mul(A, b.mul(s, t))],
  ['A / s', (b, { s, A }) => b.div(A, s), (b, { s, A }) => b.mul(A, b.div(1, s))],
  ['(A C)[2:3, :]', (b, { A, C }) => b.slice(b.contract('ij,jk->ik', A, C), rows), (b, { A, C }) => b.contract('ij,jk->ik', b.slice(A, rows), C)],
  ['(A C)[i, :]', (b, { A, C, i }) => b.gather(b.contract('ij,jk->ik', A, C), i, 0), (b, { A, C, i }) => b.contract('j,jk->k', b.gather(A, i, 0), C)],
  ['sums of the rows of A and B [2:3]', (b, { A, B }) => b.slice(b.contract('ij,ij->i', A, B), rows),
    (b, { A, B }) => b.contract('ij,ij->i', b.slice(A, rows), b.slice(B, rows))],
  ['sum(A, 1)[i]', (b, { A, i }) => b.gather(b.reduceSum(A, [0]), i, 0), (b, { A, i }) => b.reduceSum(b.gather(A, i, 1))],
  ['max(A, 2)[2:3]', (b, { A }) => b.slice(b.reduceMax(A, [1]), rows), (b, { A }) => b.reduceMax(b.slice(A, rows), [1])],
  ['x / n - y / n', (b, { x, y }) => b.add(b.mul(b.div(-1, b.size(n)), y), b.mul(b.div(1, b.size(n)), x)),
    (b, { x, y }) => b.mul(b.div(-1, b.size(n)), b.sub(y, x))],
  ['2 (3 x as a column) .* A', (b, { x, A }) => b.mul(b.mul(2, b.expand(b.mul(3, x), [1])), A), (b, { x, A }) => b.mul(b.mul(6, b.expand(x, [1])), A)],
  ["(A C)'", (b, { A, C }) => b.permute(b.contract('ij,jk->ik', A, C), [1, 0]), (b, { A, C }) => b.contract('ij,jk->ki', A, C)],
  ['exp(x)[1]', (b, { x }) => at(b, b.exp(x)), (b, { x }) => b.exp(at(b, x))],
  ["exp(A')'", (b, { A }) => b.permute(b.exp(b.permute(A, [1, 0])), [1, 0]), (b, { A }) => b.exp(A)],
  ['(x .* y)[i]', (b, { x, y, i }) => b.gather(b.mul(x, y), i, 0), (b, { x, y, i }) => b.mul(b.gather(x, i, 0), b.gather(y, i, 0))],
  ["(A A') x", (b, { A, x }) => product(b, b.contract('ij,kj->ik', A, A), x), (b, { A, x }) => b.contract('ij,j->i', A, b.contract('ij,i->j', A, x))],
  ["x' (A C)", (b, { A, C, x }) => b.contract('i,ij->j', x, b.contract('ij,jk->ik', A, C)), (b, { A, C, x }) => b.contract('ij,i->j', C, b.contract('ij,i->j', A, x))],
];

/** Where nothing is gained, or others use the parts. */
// biome-ignore format: a table
export const UNMOVED: readonly (readonly [string, Formula])[] = [
  ['sum(x .* y)', (b, { x, y }) => b.reduceSum(b.mul(x, y))],
  ['sum(s ./ x)', (b, { x, s }) => b.reduceSum(b.div(s, x))],
  ["(x z') .* A", (b, { A, x, z }) => b.mul(b.mul(b.expand(x, [1]), z), A)],
  ['s (x .* y) with x .* y', (b, { s, x, y }) => b.concat(0, [b.mul(s, b.mul(x, y)), b.mul(x, y)])],
  ['sum(s x) with s x', (b, { s, x }) => b.concat(0, [b.stack([b.reduceSum(b.mul(s, x))]), b.mul(s, x)])],
  ['sum(sum(A, 1)) with sum(A, 1)', (b, { A }) => b.concat(0, [b.stack([b.reduceSum(b.reduceSum(A, [0]))]), b.reduceSum(A, [0])])],
  ['exp(x)[1] with exp(x)', (b, { x }) => b.concat(0, [b.slice(b.exp(x), first), b.exp(x)])],
  ["A' (s .* (A z))", (b, { A, y, z }) => b.contract('ij,i->j', A, b.mul(y, product(b, A, z)))],
  ["A' diag(x) A", (b, { A, x }) => b.contract('ij,ik->jk', b.mul(A, b.expand(x, [1])), A)],
  ['x ./ y', (b, { x, y }) => b.div(x, y)],
];
