// The programs in C against the hand-written modules, with sizes that fill no vector and no block. Skipped where gcc or
// OpenBLAS is missing.

import { afterAll, describe, expect, test } from 'vitest';
import { TOLERANCE } from '../../bench/tensors/contest.mjs';
import { type Floats, generate, pack, type Sizes } from '../../bench/tensors/data.mjs';
import { startLimit } from '../../bench/tensors/limit.mjs';

const limits = startLimit();
afterAll(() => {
  for (const { stop } of limits) stop();
});

const works: [kind: string, sizes: Sizes][] = [
  ['logistic', { n: 1, d: 3 }],
  ['logistic', { n: 133, d: 10 }],
  ['logistic', { n: 391, d: 17 }],
  ['mlp', { n: 5, layers: [6, 4, 3] }],
  ['mlp', { n: 5, layers: [6, 5, 4, 3] }],
  ['factorization', { n: 7, m: 19, k: 5 }],
  ['layers', { d: 3 }],
  ['layers', { d: 10 }],
  ['layers', { d: 50 }],
  ['gmm', { n: 9, d: 10, k: 4 }],
  ['gmm', { n: 133, d: 10, k: 3 }],
  ['product', { n: 3, m: 4, k: 5 }],
];

describe.each(['f64', 'f32'] as const)('in %s', precision => {
  const Floats = precision === 'f64' ? Float64Array : Float32Array;

  test.runIf(limits.length > 0).each(works)('%s, %o: value and gradient', async (kind, sizes) => {
    const { theta, f } = await byHand(kind, kind, sizes);
    const g = new Floats(theta.length);
    const value = f(theta, g) as number;
    const result = await limits[0]!.prepare({ kind, sizes }, precision);
    expect(Math.abs(result.value / value - 1)).toBeLessThan(TOLERANCE.limit[precision]);
    expectNear(result.g, g);
  });

  test.runIf(limits.length > 0).each(works.filter(([kind]) => kind === 'logistic'))(
    '%s, %o: Hessian',
    async (kind, sizes) => {
      const { theta, f } = await byHand(kind, `${kind}-hessian`, sizes);
      const H = new Floats(theta.length ** 2);
      f(theta, H);
      expectNear((await limits[0]!.prepareHessian({ kind, sizes }, precision)).H, H);
    },
  );

  async function byHand(kind: string, file: string, sizes: Sizes) {
    const { make } = await import(new URL(`../../bench/tensors/hand/${file}.mjs`, import.meta.url).href);
    const { inputs, wrt } = generate(kind, sizes, Floats);
    const f = make(inputs, sizes, Floats) as (theta: Floats, out: Floats) => unknown;
    return { theta: pack(inputs, wrt, Floats), f };
  }

  function expectNear(actual: Floats, expected: Floats) {
    const scale = Math.max(...expected.map(Math.abs));
    expect(actual.length).toBe(expected.length);
    expected.forEach((x, i) => {
      expect(Math.abs(actual[i]! - x), `element ${i}`).toBeLessThan(TOLERANCE.limit[precision] * scale);
    });
  }
});
