// exp and expm1 of all lanes at once: x = k log(2) + r with |r| <= log(2) / 2, a polynomial of r (for expm1 the rational
// function of fdlibm: s_expm1.c of FreeBSD's msun, and its float version by Ian Lance Taylor), and a scaling by 2^k.
// Where the original has branches, there is one formula here.

import type { Formula, Operand, Vector } from './formula.ts';

/** exp(x). */
export function exp(f: Formula, x: Operand): Vector {
  const lower = f.either(-746, -104); // exp is 0 below
  const upper = f.either(710, 89); // and Infinity above
  return expWithin(f, f.keep(f.atLeast(f.atMost(x, upper), lower)));
}

/** exp(x) for x in [-746, 710], f32: [-104, 89]; `x` is kept. */
export function expWithin(f: Formula, x: Vector): Vector {
  const { shifted, ...reduced } = reduce(f, x, 2 * f.format.bias);
  return scale(f, f.keep(expReduced(f, reduced)), shifted);
}

/** exp(x) for x in [-700, 700], f32: [-80, 80], a few instructions less; `x` is kept. */
export function expModerate(f: Formula, x: Vector): Vector {
  const { shifted, ...reduced } = reduce(f, x, f.format.bias);
  return f.mul(expReduced(f, reduced), f.shiftLeft(shifted, f.format.fraction));
}

/** exp(x) / 2 for x in [-745, 711], f32: [-103, 90], even where exp(x) overflows; `x` is kept. */
export function expHalf(f: Formula, x: Vector): Vector {
  const { shifted, ...reduced } = reduce(f, x, 2 * f.format.bias);
  return scale(f, f.keep(expReduced(f, reduced)), f.keep(f.subBits(shifted, 1n)));
}

/** exp(x) - 1. */
export function expm1(f: Formula, x: Vector): Vector {
  const lower = f.either(-40, -20); // expm1 is -1 below
  const upper = f.either(710, 89);
  const within = f.keep(f.atLeast(f.atMost(x, upper), lower));
  const { shifted, k, high, low } = reduce(f, within, 2 * f.format.bias);
  const r = f.keep(f.sub(high, low));
  const c = f.keep(f.sub(f.sub(high, r), low)); // what rounding r left out
  const half = f.keep(f.mul(r, 0.5));
  const square = f.keep(f.mul(r, half)); // r^2 / 2
  const q = f.keep(f.polynomial(square, f.either(EXPM1_F64, EXPM1_F32)));
  const t = f.keep(f.sub(3, f.mul(q, half)));
  const e = f.keep(f.mul(square, f.div(f.sub(q, t), f.sub(6, f.mul(r, t)))));
  // exp(r) - 1 = r - tail
  const tail = f.sub(f.sub(f.mul(r, f.sub(e, c)), c), square);
  // exp(x) - 1 = 2^k ((1 - 2^-k) - (tail - r)); where 2^-k does not count, it need not be exact.
  const exponents = f.sub(f.integers + f.format.bias, f.atMost(k, f.either(60, 30)));
  const rest = f.sub(1, f.shiftLeft(exponents, f.format.fraction));
  const result = scale(f, f.keep(f.sub(rest, f.sub(tail, r))), shifted);
  return f.withSign(result, x); // expm1(-0) is -0
}

/** (exp(r) - 1 - r) / r^2, our own minimax fit: error 2^-57.8 of exp(r). */
const EXP_F64: readonly number[] = [
  0.5000000000000011, 0.16666666666666405, 0.041666666666528254, 0.00833333333349787, 0.0013888888944221162,
  0.00019841269500998535, 2.480149240919714e-5, 2.755758976292399e-6, 2.763051806556732e-7,
  2.499948542009097e-8,
];
/** The same with error 2^-27.8. */
const EXP_F32: readonly number[] = [
  0.4999999403953552, 0.1666651964187622, 0.04166840389370918, 0.008368851616978645, 0.0013814271660521626,
];

/** Q1 ... Q5 of s_expm1.c, with 1 in front. */
const EXPM1_F64: readonly number[] = [
  1, -0.03333333333333313, 0.0015873015872548146, -7.93650757867488e-5, 4.008217827329362e-6,
  -2.0109921818362437e-7,
];
/** Q1, Q2 of s_expm1f.c, with 1 in front. */
const EXPM1_F32: readonly number[] = [1, -0.033333212137, 0.0015807170421];

/** x = k log(2) + high - low. */
interface Reduced {
  readonly k: Vector;
  readonly high: Vector;
  readonly low: Vector;
}

/** The lowest bits of `shifted` are k + offset. */
function reduce(f: Formula, x: Vector, offset: number): Reduced & { readonly shifted: Vector } {
  const shifted = f.keep(f.add(f.mul(x, Math.LOG2E), f.integers + offset));
  const k = f.keep(f.sub(shifted, f.integers + offset));
  // log(2) in two parts: products of k and the first are exact.
  const high = f.keep(f.sub(x, f.mul(k, f.either(0.6931471803691238, 0.69314575195))));
  const low = f.keep(f.mul(k, f.either(1.9082149292705877e-10, 1.4286067653e-6)));
  return { shifted, k, high, low };
}

/** exp(r) - 1 - r for |r| <= log(2) / 2; `r` is kept. */
export function expBeyond(f: Formula, r: Vector): Vector {
  const square = f.keep(f.mul(r, r));
  return f.mul(square, f.polynomial(r, f.either(EXP_F64, EXP_F32), square));
}

function expReduced(f: Formula, { high, low }: Reduced): Vector {
  const r = f.keep(f.sub(high, low));
  return f.add(1, f.sub(high, f.sub(low, expBeyond(f, r))));
}

/**
 * y 2^k, where the lowest bits of `shifted` are k + 2 bias: by two factors, since k may be below the smallest exponent and
 * above the largest. Only the second product rounds.
 */
function scale(f: Formula, y: Vector, shifted: Vector): Vector {
  const { fraction } = f.format;
  const half = f.keep(f.shiftRight(shifted, 1));
  const rest = f.subBits(shifted, half);
  return f.mul(f.mul(y, f.shiftLeft(half, fraction)), f.shiftLeft(rest, fraction));
}
