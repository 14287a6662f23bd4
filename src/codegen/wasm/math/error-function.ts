// erf of all lanes at once: x + x P(x^2) below 0.84375, else 1 - exp(-x^2) N(x) / D(x), of which N / D is near
// exp(x^2) erfc(x). Coefficients are our own minimax fits. Errors are below 1 ulp.

import { expModerate } from './exponential.ts';
import type { Formula, Vector } from './formula.ts';

/** The error function. */
export function erf(f: Formula, x: Vector): Vector {
  const a = f.keep(f.atMost(f.abs(x), f.either(6, 4))); // erf is 1 from there on
  const z = f.keep(f.mul(a, a));
  const small = f.add(a, f.mul(a, f.polynomial(z, f.either(P_F64, P_F32))));
  const scaled = f.div(f.polynomial(a, f.either(N_F64, N_F32)), f.polynomial(a, f.either(D_F64, D_F32)));
  const large = f.sub(1, f.mul(expModerate(f, f.keep(f.neg(z))), scaled));
  return f.withSign(f.select(f.less(a, 0.84375), small, large), x);
}

/** Error 2^-56.5 of the result. */
const P_F64: readonly number[] = [
  0.12837916709551256, -0.37612638903183376, 0.11283791670934207, -0.026866170640582922, 0.005223977574592539,
  -0.0008548323698107717, 0.00012055196986118777, -1.492206345274947e-5, 1.6400938522740483e-6,
  -1.570990834290977e-7, 1.0713823336664108e-8,
];
/** Error 2^-27.4. */
const P_F32: readonly number[] = [
  0.12837916612625122, -0.3761257529258728, 0.11282775551080704, -0.026805108413100243, 0.00505562499165535,
  -0.0006342918495647609,
];

/** Error of N / D 2^-57.1, f32: 2^-30.8, of the result. */
const N_F64: readonly number[] = [
  0.9999999588514344, 1.3684314087822245, 0.9222068403132321, 0.35739581061146314, 0.0792274460906648,
  0.008170697850356576,
];
const D_F64: readonly number[] = [
  1, 2.4968101017594515, 2.739557932380971, 1.704089634369754, 0.6407831876675968, 0.1404218886404133,
  0.014482352434619651,
];
const N_F32: readonly number[] = [1.0005989393395538, 0.7406026075047327, 0.23167628855303024];
const D_F32: readonly number[] = [1, 1.8731798921094358, 1.3317649779802, 0.40907199036588776];
