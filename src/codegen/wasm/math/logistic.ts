// sigmoid, softplus and tanh of all lanes at once, from exponentials of numbers that are not positive or not large, so that
// nothing overflows.

import { expModerate, expWithin } from './exponential.ts';
import type { Formula, Vector } from './formula.ts';
import { log1pWithin } from './logarithm.ts';

/** 1 / (1 + exp(-x)). */
export function sigmoid(f: Formula, x: Vector): Vector {
  const e = f.keep(expOfMinusAbs(f, x));
  return f.div(f.select(f.less(x, 0), e, 1), f.add(1, e));
}

/** log(1 + exp(x)). */
export function softplus(f: Formula, x: Vector): Vector {
  const e = f.keep(expOfMinusAbs(f, x));
  return f.add(f.atLeast(x, 0), log1pWithin(f, e));
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

function expOfMinusAbs(f: Formula, x: Vector): Vector {
  return expWithin(f, f.keep(f.atLeast(f.neg(f.abs(x)), f.either(-746, -104))));
}
