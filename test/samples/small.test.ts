// Samples with derivatives known by hand or in closed form.

import { describe, expect, test } from 'vitest';
import { Decimal, type Formula, jacobian, values } from './decimal.ts';
import { expectClose, load } from './load.ts';

describe('rosenbrock', async () => {
  const { value, grad, valueAndGrad, hessian } = await load('rosenbrock', { hessian: true });

  test('is the classical function: 24.2 at (-1.2, 1), flat at the minimum (1, 1)', () => {
    expect(value({ x: -1.2, y: 1 })).toBeCloseTo(24.2, 13);
    expect(value({ x: 1, y: 1 })).toBe(0);
    const flat = grad({ x: 1, y: 1 });
    expect([flat.x! + 0, flat.y! + 0]).toEqual([0, 0]);
    expect(hessian({ x: 1, y: 1 })).toEqual({ x: { x: 802, y: -400 }, y: { x: -400, y: 200 } });
  });

  test('has the hand-derived gradient and Hessian', () => {
    for (const [x, y] of [
      [-1.2, 1],
      [0, 0],
      [0.3, -0.7],
      [2.5, 6],
    ] as const) {
      const expected = [-2 * (1 - x) - 400 * x * (y - x * x), 200 * (y - x * x)];
      const { grad: g } = valueAndGrad({ x, y });
      expectClose([g.x!, g.y!], expected, 1e-13, 1);
      const H = hessian({ x, y });
      const cross = -400 * x;
      expectClose(
        [H.x!.x!, H.x!.y!, H.y!.x!, H.y!.y!],
        [2 - 400 * y + 1200 * x * x, cross, cross, 200],
        1e-13,
        1,
      );
    }
  });
});

test('sigmoid-neuron: the circuit of the CS231n notes', async () => {
  const { value, grad } = await load('sigmoid-neuron');
  const at = { w0: 2, x0: -1, w1: -3, x1: -2, w2: -3 };
  const f = 1 / (1 + Math.exp(-1));
  const slope = f * (1 - f);
  expect(value(at)).toBeCloseTo(0.73, 2);
  expect(value(at)).toBeCloseTo(f, 15);
  const g = grad(at);
  // printed in the notes as -0.20, 0.39, -0.39, -0.59, 0.20
  expectClose(
    [g.w0!, g.x0!, g.w1!, g.x1!, g.w2!],
    [-0.19661193324148185, 0.3932238664829637, -0.3932238664829637, -0.5898357997244456, 0.19661193324148185],
  );
  expectClose([g.w0!, g.x0!, g.w1!, g.x1!, g.w2!], [-slope, 2 * slope, -2 * slope, -3 * slope, slope]);
  // far from the origin the naive formula overflows; the module does not
  const far = { w0: 1000, x0: -1, w1: 0, x1: 0, w2: 0 };
  expect([value(far), grad(far).w0]).toEqual([0, -0]);
});

test('backprop: derivatives by hand', async () => {
  const { valueAndGrad } = await load('backprop');
  for (const [x, y] of [
    [3, -2],
    [0, 5],
    [-1.5, 0.25],
  ] as const) {
    const { value, grad } = valueAndGrad({ x, y });
    expectClose([value], [(x + y) * x * y * y]);
    expectClose([grad.x!, grad.y!], [(2 * x + y) * y * y, (2 * x + 3 * y) * x * y]);
  }
});

describe('logistic-map', async () => {
  const { value, grad, valueAndGrad } = await load('logistic-map');

  test('r = 2: closed form of value and derivative', () => {
    for (const x of [1e-9, 3e-8, 1e-7]) {
      const p = 2 ** 25;
      const log = p * Math.log1p(-2 * x);
      expectClose([value({ x, r: 2 })], [-Math.expm1(log) / 2], 1e-13);
      expectClose([grad({ x, r: 2 }).x!], [p * Math.exp(log - Math.log1p(-2 * x))], 1e-13);
    }
  });

  test('r = 4: closed form, as far as chaos allows', () => {
    for (const x of [0.1, 0.3, 0.77]) {
      const angle = Decimal.asin(new Decimal(x).sqrt()).times(2 ** 25);
      const slope = Decimal.sin(angle.times(2))
        .times(2 ** 25)
        .div(
          new Decimal(x)
            .times(1 - x)
            .sqrt()
            .times(2),
        );
      const got = valueAndGrad({ x, r: 4 });
      expectClose([got.value], [Number(angle.sin().pow(2))], 1e-6);
      expectClose([got.grad.x!], [Number(slope)], 1e-6, 2 ** 25);
    }
  });

  test('both derivatives against 60-digit differences', () => {
    const map: Formula = ([x, r]) => {
      let z = x!;
      for (let n = 0; n < 25; n++) z = r!.times(z).times(z.neg().plus(1));
      return [z];
    };
    for (const at of [
      [0.2, 2.8],
      [0.9, 1.5],
      [0.35, 3.2],
    ]) {
      const { value: v, grad: g } = valueAndGrad({ x: at[0]!, r: at[1]! });
      expectClose([v], values(map, at));
      expectClose([g.x!, g.r!], jacobian(map, at), 1e-11);
    }
  });
});
