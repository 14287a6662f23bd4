// atan of all lanes at once, after Cephes (atan.c): arguments above tan(3 pi/8) and above 0.66 are turned by pi/2 and pi/4,
// which is one quotient of a chosen numerator and denominator, then comes a rational function. Errors are below 1.5 ulp.

import type { Formula, Vector } from './formula.ts';

/** The angle from -pi/2 to pi/2. */
export function atan(f: Formula, x: Vector): Vector {
  const a = f.keep(f.abs(x));
  const far = f.keep(f.less(Math.SQRT2 + 1, a));
  const middle = f.keep(f.without(f.less(0.66, a), far));
  const near = f.select(middle, f.sub(a, 1), a);
  const t = f.keep(f.div(f.select(far, -1, near), f.select(far, a, f.select(middle, f.add(a, 1), 1))));
  const turn = f.or(f.and(far, Math.PI / 2), f.and(middle, Math.PI / 4));
  const z = f.keep(f.mul(t, t));
  const ratio = f.either(f.div(f.polynomial(z, P), f.polynomial(z, Q)), f.polynomial(z, ATAN_F32));
  const cube = f.mul(t, f.mul(z, ratio));
  const beyond = f.either(PI_HALF_BEYOND_F64, PI_HALF_BEYOND_F32);
  const left = f.or(f.and(far, beyond), f.and(middle, beyond / 2));
  return f.withSign(f.add(turn, f.add(t, f.add(cube, left))), x);
}

/** What pi/2 is more than the nearest number of each size. */
const PI_HALF_BEYOND_F64 = 6.123233995736766e-17;
const PI_HALF_BEYOND_F32 = -4.371139000186241e-8;

const P: readonly number[] = [
  -64.85021904942025, -122.88666844901361, -75.00855792314705, -16.157537187333652, -0.8750608600031904,
];
const Q: readonly number[] = [
  194.5506571482614, 485.3903996359137, 432.88106049129027, 165.02700983169885, 24.858464901423062, 1,
];
/** Our own minimax fit: error 2^-30.5 of the result. */
const ATAN_F32: readonly number[] = [
  -0.3333332156404737, 0.1999929083645144, -0.142711141121254, 0.10966121535039508, -0.08296462663208873,
  0.05145689268680227, -0.01769691680007058,
];
