// The oracle that measures errors (bench/exact.ts), against decimal.js with 60 digits.

import { Decimal as AnyDecimal } from 'decimal.js';
import { describe, expect, test } from 'vitest';
import { EXACT, ulps } from '../../bench/exact.ts';

type Real = AnyDecimal;

const Decimal = AnyDecimal.clone({ precision: 60, minE: -9e15, maxE: 9e15 });
const ONE = new Decimal(1);

const DECIMAL: { readonly [name: string]: (x: Real, y: Real) => Real } = {
  exp: x => x.exp(),
  expm1: x => (x.abs().lt(1e-20) ? x.add(x.mul(x).div(2)) : x.exp().sub(1)),
  log: x => x.ln(),
  log1p: x => (x.abs().lt(1e-20) ? x.sub(x.mul(x).div(2)) : x.add(1).ln()),
  log2: x => x.log(2),
  log10: x => x.log(10),
  xlogx: x => x.ln().mul(x),
  xlogy: (x, y) => y.ln().mul(x),
  xlog1py: (x, y) => y.add(1).ln().mul(x),
  sin: x => x.sin(),
  cos: x => x.cos(),
  atan: x => x.atan(),
  sinh: x => x.sinh(),
  cosh: x => x.cosh(),
  tanh: x => x.tanh(),
  sigmoid: x => ONE.div(x.neg().exp().add(1)),
  softplus: x => {
    const e = x.exp();
    return x.lt(-40) ? e.sub(e.mul(e).div(2)) : e.add(1).ln();
  },
  erf: x => {
    let sum = new Decimal(0);
    let term = x;
    for (let n = 1; term.abs().gt(x.abs().mul(1e-55)); n++) {
      sum = sum.add(term);
      term = term
        .mul(x)
        .mul(x)
        .mul(2)
        .div(2 * n + 1);
    }
    return sum.mul(x.mul(x).neg().exp()).mul(2).div(Decimal.acos(-1).sqrt());
  },
  pow: (x, y) => x.pow(y),
};

/** Arguments: ordinary ones, small ones, those near the ends of the domain. */
const POINTS: { readonly [name: string]: readonly number[] } = {
  exp: [...around(0), ...spread(-745, 709), 1e-300],
  expm1: [...around(0), ...spread(-60, 709), 1e-250],
  log: [...around(1), ...spread(1e-3, 100), 5e-324, 1e-310, 1e-200, 1e300, 1.7e308],
  log1p: [...around(0), ...spread(-0.9999, 100), -1 + 2 ** -53, 1e-250, 1e300],
  log2: [...around(1), ...spread(1e-3, 100), 1e300],
  log10: [...around(1), ...spread(1e-3, 100), 1e300],
  xlogx: [...around(1), ...spread(1e-3, 100)],
  xlogy: spread(1e-3, 100),
  xlog1py: spread(1e-3, 100),
  sin: [...around(0), ...around(Math.PI), ...spread(-1e6, 1e6)],
  cos: [...around(0), ...around(Math.PI / 2), ...spread(-1e6, 1e6)],
  atan: [...around(0), ...around(1), ...spread(-100, 100), 1e10],
  sinh: [...around(0), ...spread(-60, 60)],
  cosh: [...around(0), ...spread(-60, 60)],
  tanh: [...around(0), ...spread(-25, 25)],
  sigmoid: [...around(0), ...spread(-745, 60)],
  softplus: [...around(0), ...spread(-745, 60)],
  erf: [...around(0), ...spread(-6, 6)],
  pow: [...around(1), ...spread(1e-3, 50)],
};

function spread(from: number, to: number): number[] {
  return Array.from({ length: 40 }, (_, i) => from + ((to - from) * (i + 0.37)) / 40);
}

function around(x: number): number[] {
  return [1e-15, 1e-9, 1e-4, 0.03, 0.3].flatMap(d => [x - d, x + d * 1.1]);
}

/** The double, exactly. */
function decimal(x: number): Real {
  let power = 0;
  let integer = x;
  for (; !Number.isInteger(integer); integer *= 2) power++;
  return new Decimal(BigInt(integer).toString()).div(new Decimal(2).pow(power));
}

describe('bench/exact.ts', () => {
  test.each(Object.keys(EXACT))('%s', name => {
    for (const x of POINTS[name]) {
      const y = Math.min(x, 1 / x) * 7.3;
      const { sum, exponent } = EXACT[name](x, y);
      const expected = DECIMAL[name](decimal(x), decimal(y));
      const actual = decimal(sum[0]).add(decimal(sum[1])).mul(new Decimal(2).pow(exponent));
      expect(actual.div(expected).sub(1).abs().toNumber(), `${name}(${x})`).toBeLessThan(2 ** -85);
    }
  });

  test('errors are counted in units of the last place', () => {
    const one = { sum: [1, 0], exponent: 0 } as const;
    expect(ulps(1 + 2 ** -52, one)).toBe(1);
    expect(ulps(1 + 2 ** -23, one, 24)).toBe(1);
    expect(ulps(3 * 2 ** -1074, { sum: [1.25, 0], exponent: -1073 })).toBe(0.5);
    expect(ulps(2 ** -149, { sum: [1, 0], exponent: -150 }, 24, 2 ** -149)).toBe(0.5);
  });
});
