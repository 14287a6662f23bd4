// Residuals and 2 x 15 Jacobian against the formula typed again in 60-digit arithmetic, with the rotation as a matrix.

import { describe, expect, test } from 'vitest';
import { jacobian, values } from './decimal.ts';
import { expectClose, flatJacobian, load, type TensorModule } from './load.ts';
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
