// The benchmarks compare equals: hand-written and emitted code give the same numbers at every point measured.

import { describe, expect, test } from 'vitest';
import { type Bound, cases, type Prepared, pointsAround } from '../../bench/cases.mjs';
import { randomFormula } from '../../bench/random-formula.mjs';
import { compile } from '../../src/index.ts';
import { hessian, jacobian, values } from '../samples/decimal.ts';
import { expectClose, load, type Scalars } from '../samples/load.ts';
import { blackScholes } from '../samples/reference.ts';

describe('hand-written and emitted code agree', () => {
  test.each(cases)('$sample: $work', async c => {
    const { bind } = await load<{ bind(data: Scalars): Bound }>(c.sample, c.options);
    const emitted = c.emitted(bind(c.data));
    const hand = c.hand();
    for (const theta of pointsAround(c.at)) {
      const [a, b] = [results(emitted, theta), results(hand, theta)];
      expectClose(a, b, 1e-12, Math.max(...b.map(Math.abs)) * 1e-2);
    }
  });

  function results({ call, out }: Prepared, theta: Float64Array): number[] {
    for (const array of out) array.fill(NaN);
    return [call(theta) ?? 0, ...out.flatMap(array => Array.from(array))];
  }
});

// The formulas of the hand-written Greeks are long: they are also held against 60-digit differences.
test('hand-written Greeks', () => {
  const c = cases.find(({ work }) => work.startsWith('value and all Greeks'))!;
  const { call, out } = c.hand();
  const [S, sigma, r, T] = c.at as [number, number, number, number];
  const x = [S, c.data.K!, r, c.data.q!, sigma, T];
  const order = [0, 4, 2, 5];
  const value = call(Float64Array.from(c.at));
  const H = hessian(blackScholes, x);
  expectClose([value!], values(blackScholes, x));
  expectClose(
    out[0]!,
    order.map(i => jacobian(blackScholes, x)[i]!),
  );
  expectClose(
    out[1]!,
    order.flatMap(i => order.map(j => H[6 * i + j]!)),
    1e-12,
    1,
  );
});

describe('random formulas of the compiler benchmark', () => {
  test('are the same for the same seed and have the size asked for', () => {
    const a = randomFormula(1000, 3);
    expect(randomFormula(1000, 3)).toEqual(a);
    expect(a.operations).toBeGreaterThanOrEqual(1000);
    expect(a.operations).toBeLessThan(1100);
  });

  test('are finite with finite gradients', async () => {
    const { code } = compile(randomFormula(2000, 5).text);
    const { valueAndGrad } = await import(`data:text/javascript,${encodeURIComponent(code)}`);
    const inputs = Object.fromEntries(Array.from({ length: 16 }, (_, i) => [`x${i}`, 0.1 + 0.05 * i]));
    const { value, grad } = valueAndGrad(inputs);
    expect(Number.isFinite(value)).toBe(true);
    for (const g of Object.values(grad)) expect(Number.isFinite(g)).toBe(true);
  });
});
