// Gradient and Hessian against hand-derived formulas in matrix form.

import { describe, test } from 'vitest';
import { expectClose, flatHessian, load, pick } from './load.ts';

const NAMES = ['x1', 'x2', 'x3', 'x4'] as const;
const b = [0.08, 0.06, 0.05, 0.03];
const A = [
  [0.09, 0.05, 0.04, 0.02],
  [0.05, 0.07, 0.03, 0.01],
  [0.04, 0.03, 0.06, 0.02],
  [0.02, 0.01, 0.02, 0.05],
];
const dot = (u: readonly number[], v: readonly number[]) => u.reduce((s, a, i) => s + a * v[i]!, 0);

/**
 * f = sum x log x - s log(1 - t) - c phi(t), with t = b.x, s = sum x, c = x'Ax / sqrt(8) and
 * phi = L / t, L = log((1 + (1 + sqrt 2) t) / (1 + (1 - sqrt 2) t)), L' = sqrt(8) / P, P = 1 + 2 t - t^2.
 */
function byHand(x: readonly number[]) {
  const [t, s] = [dot(b, x), dot(x, [1, 1, 1, 1])];
  const Ax = A.map(row => dot(row, x));
  const root8 = Math.sqrt(8);
  const c = dot(x, Ax) / root8;
  const dc = Ax.map(v => (2 * v) / root8);
  const P = 1 + 2 * t - t * t;
  const L = Math.log((1 + (1 + Math.SQRT2) * t) / (1 + (1 - Math.SQRT2) * t));
  const L1 = root8 / P;
  const L2 = (-root8 * (2 - 2 * t)) / P ** 2;
  const phi = L / t;
  const phi1 = (L1 - phi) / t;
  const phi2 = (L2 - 2 * phi1) / t;
  const free = 1 - t;
  return {
    value: x.reduce((sum, v) => sum + v * Math.log(v), 0) - s * Math.log(free) - c * phi,
    grad: x.map(
      (v, i) => Math.log(v) + 1 - Math.log(free) + (s * b[i]!) / free - dc[i]! * phi - c * phi1 * b[i]!,
    ),
    hessian: x.flatMap((v, i) =>
      x.map(
        (_, j) =>
          (i === j ? 1 / v : 0) +
          (b[i]! + b[j]!) / free +
          (s * b[i]! * b[j]!) / free ** 2 -
          ((2 * A[i]![j]!) / root8) * phi -
          (dc[i]! * b[j]! + dc[j]! * b[i]!) * phi1 -
          c * phi2 * b[i]! * b[j]!,
      ),
    ),
  };
}

describe('helmholtz', async () => {
  const module = await load('helmholtz', { hessian: true });

  test.each([[[1, 1, 1, 1]], [[1.1, 0.7, 2, 0.4]], [[0.02, 3, 0.5, 5]], [[4, 0.3, 6, 1.5]]])(
    'value, gradient and Hessian at %j',
    x => {
      const inputs = Object.fromEntries(NAMES.map((name, i) => [name, x[i]!]));
      const expected = byHand(x);
      const { value, grad } = module.valueAndGrad(inputs);
      expectClose([value], [expected.value], 1e-12, 1);
      expectClose(pick(grad, NAMES), expected.grad, 1e-12, 1);
      expectClose(flatHessian(module.hessian(inputs), NAMES), expected.hessian, 1e-11, 0.1);
    },
  );
});
