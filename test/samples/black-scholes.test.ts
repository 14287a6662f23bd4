// The Greeks against closed forms, printed examples of the literature, and 60-digit differences.

import { describe, expect, test } from 'vitest';
import { Decimal, hessian, jacobian, values } from './decimal.ts';
import { expectClose, flatHessian, load, pick } from './load.ts';
import { blackScholes, erf } from './reference.ts';

const ALL = ['S', 'K', 'r', 'q', 'sigma', 'T'] as const;
const at = (...v: readonly [number, number, number, number, number, number]) => ({
  S: v[0],
  K: v[1],
  r: v[2],
  q: v[3],
  sigma: v[4],
  T: v[5],
});

const normal = (z: number) => Math.exp((-z * z) / 2) / Math.sqrt(2 * Math.PI);
const cumulative = (z: number) => (1 + Number(erf(new Decimal(z / Math.SQRT2)))) / 2;

const points = [
  at(42, 40, 0.1, 0, 0.2, 0.5),
  at(100, 110, 0.03, 0.01, 0.35, 1.25),
  at(90, 80, 0.05, 0.02, 0.2, 0.25),
  at(100, 100, 0, 0, 0.15, 2),
];

describe('black-scholes', async () => {
  const module = await load('black-scholes', { hessian: true });
  const six = await load('black-scholes', { hessian: true, wrt: ALL });

  test('differentiates by spot, volatility, rate and time, as the file says', () => {
    expect(Object.keys(module.grad(points[0]!))).toEqual(['S', 'sigma', 'r', 'T']);
  });

  test('printed examples: Hull, Options, Futures, and Other Derivatives', () => {
    expect(module.value(points[0]!)).toBeCloseTo(4.76, 2);
    // without the dividend yield, which defaults to 0
    const stock = { S: 49, K: 50, r: 0.05, sigma: 0.2, T: 20 / 52 };
    const g = module.grad(stock);
    expect(module.value(stock)).toBeCloseTo(2.4, 2);
    expect(g.S).toBeCloseTo(0.522, 3);
    expect(-g.T!).toBeCloseTo(-4.31, 2);
    expect(g.sigma).toBeCloseTo(12.1, 1);
    expect(g.r).toBeCloseTo(8.91, 2);
    expect(module.hessian(stock).S!.S).toBeCloseTo(0.066, 3);
  });

  test('printed examples: Haug, The Complete Guide to Option Pricing Formulas', () => {
    const vanna = module.hessian(at(90, 80, 0.05, 0, 0.2, 0.25)).S!.sigma;
    expect(vanna).toBeCloseTo(-1.0008, 4);
    const vomma = module.hessian(at(90, 130, 0.05, 0.05, 0.28, 0.75)).sigma!.sigma;
    expect(vomma).toBeCloseTo(92.3444, 4);
  });

  test.each(points)('closed forms at %o', p => {
    const { S, K, r, q, sigma, T } = p;
    const root = Math.sqrt(T);
    const d1 = (Math.log(S / K) + (r - q + sigma ** 2 / 2) * T) / (sigma * root);
    const d2 = d1 - sigma * root;
    const carry = Math.exp(-q * T);
    const bond = K * Math.exp(-r * T);
    const delta = carry * cumulative(d1);
    const gamma = (carry * normal(d1)) / (S * sigma * root);
    const vega = S * carry * normal(d1) * root;
    const theta = -(S * carry * normal(d1) * sigma) / (2 * root) + q * S * delta - r * bond * cumulative(d2);
    const rho = T * bond * cumulative(d2);
    const vanna = -carry * normal(d1) * (d2 / sigma);
    const vomma = (vega * d1 * d2) / sigma;
    const drift = 2 * (r - q) * T;
    const charm = q * delta - (carry * normal(d1) * (drift - d2 * sigma * root)) / (2 * T * sigma * root);
    const veta =
      -S * carry * normal(d1) * root * (q + ((r - q) * d1) / (sigma * root) - (1 + d1 * d2) / (2 * T));

    const { value, grad } = module.valueAndGrad(p);
    expectClose([value], [S * delta - bond * cumulative(d2)]);
    expectClose(pick(grad, ['S', 'sigma', 'r', 'T']), [delta, vega, rho, -theta]);
    const H = module.hessian(p);
    expectClose(
      [H.S!.S!, H.S!.sigma!, H.sigma!.sigma!, H.S!.T!, H.sigma!.T!],
      [gamma, vanna, vomma, -charm, veta],
      1e-12,
      1e-3,
    );
    // the price obeys the equation it solves
    expect(-grad.T! + (r - q) * S * grad.S! + (sigma ** 2 * S ** 2 * H.S!.S!) / 2).toBeCloseTo(r * value, 11);
  });

  test.each(points)('all first and second derivatives, strike and dividend too, at %o', p => {
    const x = pick(p, ALL);
    const g = six.grad(p);
    expectClose([six.value(p)], values(blackScholes, x));
    expectClose(pick(g, ALL), jacobian(blackScholes, x));
    const H = six.hessian(p);
    expectClose(flatHessian(H, ALL), hessian(blackScholes, x), 1e-12, 1);
    // homogeneous of degree one in spot and strike
    expect(p.S * g.S! + p.K * g.K!).toBeCloseTo(six.value(p), 12);
    expect(p.S * H.S!.S! + p.K * H.S!.K!).toBeCloseTo(0, 12);
  });

  test('bind gives the same numbers', () => {
    const p = points[1]!;
    const f = module.bind({ K: p.K, q: p.q });
    const theta = f.pack({ S: p.S, sigma: p.sigma, r: p.r, T: p.T });
    const [g, H] = [new Float64Array(4), new Float64Array(16)];
    const names = ['S', 'sigma', 'r', 'T'];
    expectClose([f.valueAndGrad(theta, g)], [module.value(p)]);
    expectClose(g, pick(module.grad(p), names));
    f.hessian(theta, H);
    expectClose(H, flatHessian(module.hessian(p), names));
  });
});
