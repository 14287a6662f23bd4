// sinh, cosh and tanh of all lanes at once: near 0 a polynomial or a rational function, elsewhere exponentials, of which
// what is not large is subtracted. Errors are below 1.5 ulp.

import { expHalf, expModerate } from './exponential.ts';
import type { Formula, Vector } from './formula.ts';

/** sinh(x): x + x^3 P(x^2) below 1. */
export function sinh(f: Formula, x: Vector): Vector {
  const a = f.keep(f.atMost(f.abs(x), f.either(711, 90))); // sinh is Infinity there
  const z = f.keep(f.mul(a, a));
  const small = f.add(a, f.mul(a, f.mul(z, f.polynomial(z, f.either(SINH_F64, SINH_F32)))));
  const half = f.keep(expHalf(f, a));
  const large = f.sub(half, f.div(0.25, half));
  return f.withSign(f.select(f.less(a, 1), small, large), x);
}

/** cosh(x) = e + 1 / (4 e) with e = exp(|x|) / 2, which overflows only where cosh does. */
export function cosh(f: Formula, x: Vector): Vector {
  const half = f.keep(expHalf(f, f.keep(f.atMost(f.abs(x), f.either(711, 90)))));
  return f.add(half, f.div(0.25, half));
}

/** tanh(x): a rational function of x below 0.625 (tanh.c and tanhf.c of Cephes), else 1 - 2 / (exp(2 x) + 1). */
export function tanh(f: Formula, x: Vector): Vector {
  const a = f.keep(f.atMost(f.abs(x), f.either(22, 10))); // tanh is 1 from there on
  const z = f.keep(f.mul(a, a));
  const ratio = f.either(f.div(f.polynomial(z, TANH_P), f.polynomial(z, TANH_Q)), f.polynomial(z, TANH_F32));
  const small = f.add(a, f.mul(a, f.mul(z, ratio)));
  const large = f.sub(1, f.div(2, f.add(expModerate(f, f.keep(f.add(a, a))), 1)));
  return f.withSign(f.select(f.less(a, 0.625), small, large), x);
}

const TANH_P: readonly number[] = [-1614.6876844170845, -99.28772310019185, -0.9643991794250523];
const TANH_Q: readonly number[] = [4844.063053251255, 2235.4883906010045, 112.81167849163293, 1];
const TANH_F32: readonly number[] = [
  -0.333332819422, 0.133314422036, -0.0537397155531, 0.0206390887954, -0.00570498872745,
];

/** Our own minimax fit: error 2^-63 of the result, f32: 2^-34. */
const SINH_F64: readonly number[] = [
  0.16666666666666669, 0.008333333333333125, 0.00019841269841448436, 2.7557319151623055e-6,
  2.505212403310713e-8, 1.6057187888140337e-10, 7.760985415506366e-13,
];
const SINH_F32: readonly number[] = [
  0.16666666483840395, 0.008333351072978928, 0.00019835953654298366, 2.8181824977269054e-6,
];
