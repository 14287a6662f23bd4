// Residuals and Jacobians against the formula typed again in 60-digit arithmetic, with the rotation as a matrix: of one
// observation, and of a small problem, whose Jacobian is zero but for what an observation is of.

import { describe, expect, test } from 'vitest';
import { bundleProblem } from '../../samples/bundle-problem.mjs';
import { jacobian, values } from './decimal.ts';
import { type BoundTensor, expectClose, flatJacobian, load, type TensorModule } from './load.ts';
import { reprojection } from './reference.ts';

const NAMES = ['r1', 'r2', 'r3', 'c1', 'c2', 'c3', 'f', 'u', 'v', 'k1', 'k2', 'x1', 'x2', 'x3', 'w'] as const;

const observations: readonly { theta: readonly number[]; m: readonly [number, number] }[] = [
  { theta: [0.1, -0.2, 0.3, 0.5, -0.4, 0.2, 500, 3, -2, 0.02, -0.003, 1.2, 0.7, 4.5, 0.8], m: [10, 20] },
  // numbers like the first observation of the Ladybug data of Bundle Adjustment in the Large
  {
    theta: [
      0.015741515942940262, -0.012790936163850642, -0.004400849808198079, -0.034093839577186584,
      -0.10751387104921525, 1.1202240291236032, 399.75152639358436, 0, 0, -3.177064385280358e-7,
      5.882049053459402e-13, -0.612000157172, 0.57175904776, -1.847081276455, 1,
    ],
    m: [-332.65, 262.09],
  },
  // a rotation by nearly half a turn
  {
    theta: [2, -1.5, 1.8, 0.1, 0.2, -0.3, 800, 320, 240, -0.1, 0.05, -0.4, 0.9, 2.2, 0.417022],
    m: [300, 250],
  },
];

describe('bundle-adjustment', async () => {
  const module = await load<TensorModule>('bundle-adjustment', { jacobian: true });

  test.each(observations)('residuals and Jacobian at $theta', ({ theta, m }) => {
    const inputs = {
      ...Object.fromEntries(NAMES.map((name, i) => [name, theta[i]!])),
      m1: m[0],
      m2: m[1],
    };
    const formula = reprojection(m);
    const y = values(formula, theta);
    const J = jacobian(formula, theta);
    expectClose(module.value(inputs), y);
    const { value, jacobian: blocks } = module.valueAndJacobian(inputs);
    expectClose(value, y);
    expectClose(flatJacobian(blocks, NAMES, 2), J, 1e-12, 1);

    const f = module.bind({ m1: m[0], m2: m[1] });
    expect(f.size).toBe(15);
    const [out, flat] = [new Float64Array(2), new Float64Array(30)];
    f.valueAndJacobian(Float64Array.from(theta), out, flat);
    expectClose(out, y);
    expectClose(flat, J, 1e-12, 1);
  });
});

describe('bundle-adjustment-problem', async () => {
  const [n, p, m] = [4, 5, 13];
  const { camera, point, seen, weights, start } = bundleProblem({ cameras: n, points: p, observations: m });
  const { bind } = await load<{ bind(data: object): BoundTensor }>('bundle-adjustment-problem');
  const f = bind({ camera, point, seen, n, p, m });
  const theta = Float64Array.of(...start.cameras, ...start.points, ...weights);

  test('residuals and Jacobian are those of the observations', () => {
    expect(f.size).toBe(theta.length);
    const [y, J] = [new Float64Array(2 * m), new Float64Array(2 * m * f.size)];
    f.valueAndJacobian(theta, y, J);
    for (let i = 0; i < m; i++) {
      const [c, x] = [11 * (camera[i]! - 1), 11 * n + 3 * (point[i]! - 1)];
      const places = [...Array.from({ length: 11 }, (_, k) => c + k), x, x + 1, x + 2, 11 * n + 3 * p + i];
      const formula = reprojection([seen[2 * i]!, seen[2 * i + 1]!]);
      const at = places.map(place => theta[place]!);
      expectClose(y.subarray(2 * i, 2 * i + 2), values(formula, at), 1e-12, 100);
      const block = jacobian(formula, at);
      const expected = new Float64Array(2 * f.size);
      for (const row of [0, 1])
        places.forEach((place, k) => {
          expected[row * f.size + place] = block[15 * row + k]!;
        });
      expectClose(J.subarray(2 * i * f.size, 2 * (i + 1) * f.size), expected, 1e-12, 100);
    }
  });

  test('a point is seen by different cameras, near where it is', () => {
    const { truth } = bundleProblem({ cameras: n, points: p, observations: m });
    const y = new Float64Array(2 * m);
    f.value(Float64Array.of(...truth.cameras, ...truth.points, ...weights), y);
    // noise of half a pixel
    for (const error of y) expect(Math.abs(error)).toBeLessThan(2.5);
    expect(new Set(camera.map((c, i) => c + 100 * point[i]!)).size).toBe(m);
    expect([...point]).toEqual([...point].sort((a, b) => a - b));
    expect(new Set(point).size).toBe(p);
  });
});
