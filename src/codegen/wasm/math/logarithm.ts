// log, log1p, log2 and log10 of all lanes at once, after fdlibm (e_log.c, s_log1p.c and others of FreeBSD's msun):
// x = 2^k (1 + g) with 1 + g in [sqrt(1/2), sqrt(2)), and log(1 + g) from s = g / (2 + g). Errors are below 1 ulp.

import type { Formula, Operand, Vector } from './formula.ts';

/** log(x); NaN for x < 0. */
export function log(f: Formula, x: Vector): Vector {
  return ofAll(f, x, (k, g) => join(f, k, g, 0));
}

/** log2(x) = k + log(1 + g) / log(2), of which the first is exact. */
export function log2(f: Formula, x: Vector): Vector {
  return ofAll(f, x, (k, g) => joinScaled(f, k, g, f.either(LOG2_F64, LOG2_F32)));
}

/** log10(x). */
export function log10(f: Formula, x: Vector): Vector {
  return ofAll(f, x, (k, g) => joinScaled(f, k, g, f.either(LOG10_F64, LOG10_F32)));
}

/** A logarithm of any x, from that of 2^k (1 + g). */
function ofAll(f: Formula, x: Vector, joined: (k: Vector, g: Vector) => Vector): Vector {
  // Subnormal numbers are multiplied by a power of two first.
  const lift = f.either(54, 25);
  const tiny = f.keep(f.less(x, f.either(2 ** -1022, 2 ** -126)));
  const normal = f.keep(f.select(tiny, f.mul(x, 2 ** lift), x));
  const { exponent, g } = split(f, normal);
  const k = f.keep(f.sub(exponent, f.and(tiny, lift)));
  return f.select(f.less(0, x), finiteOr(f, x, joined(k, f.keep(g))), atMostZero(f, x));
}

/** log(1 + x); NaN for x < -1. */
export function log1p(f: Formula, x: Vector): Vector {
  const u = f.keep(f.add(1, x));
  // The rounding error of u, exactly (Knuth, The Art of Computer Programming 2, section 4.2.2).
  const v = f.keep(f.sub(u, 1));
  const error = f.add(f.sub(1, f.sub(u, v)), f.sub(x, v));
  const result = finiteOr(f, x, logOfSum(f, x, u, error));
  const within = f.select(f.less(-1, x), result, atMostZero(f, u));
  return f.withSign(within, x); // log1p(-0) is -0
}

/** log(1 + x) for 0 <= x <= 1; `x` is kept. */
export function log1pOfUnit(f: Formula, x: Vector): Vector {
  const u = f.keep(f.add(1, x));
  return logOfSum(f, x, u, f.sub(x, f.sub(u, 1)));
}

/** log(x) of a normal number x > 0; `x` is kept. */
export function logWithin(f: Formula, x: Vector): Vector {
  const { exponent, g } = split(f, x);
  return join(f, f.keep(exponent), f.keep(g), 0);
}

/** log(u + error), where u is 1 + x rounded and normal. */
function logOfSum(f: Formula, x: Vector, u: Vector, error: Vector): Vector {
  const { exponent, g } = split(f, u);
  const k = f.keep(exponent);
  // Where u is near 1, x itself is g and nothing is left out.
  const near = f.keep(f.equal(k, 0));
  const left = f.keep(f.without(f.div(error, u), near));
  return join(f, k, f.keep(f.select(near, x, g)), left);
}

/** Lg1 ... Lg7 of e_log.c: log(1 + g) = g - (g^2 / 2 - s (g^2 / 2 + R)), R = s^2 Lg(s^2). */
const LOG_F64: readonly number[] = [
  0.6666666666666735, 0.3999999999940942, 0.2857142874366239, 0.22222198432149784, 0.1818357216161805,
  0.15313837699209373, 0.14798198605116586,
];
/** Lg1 ... Lg4 of e_logf.c. */
const LOG_F32: readonly number[] = [
  0xaaaaaa / 2 ** 24,
  0xccce13 / 2 ** 25,
  0x91e9ee / 2 ** 25,
  0xf89e26 / 2 ** 26,
];

/** A normal number x > 0 as 2^exponent (1 + g). */
export function split(f: Formula, x: Vector): { readonly exponent: Vector; readonly g: Vector } {
  const { fraction, bias } = f.format;
  const low = f.either(0x3fe6a09e_667f3bcdn, 0x3f3504f3n); // sqrt(1/2)
  const one = BigInt(bias) << BigInt(fraction);
  // Bits of a number are nearly its logarithm: now those of 1 are crossed at sqrt(2), sqrt(1/2), ...
  const bits = f.keep(f.addBits(x, one - low));
  const mantissa = f.addBits(f.and(bits, (1n << BigInt(fraction)) - 1n), low);
  // An integer below 2^52 in the lowest bits of the number 2^52 is added to it.
  const integers = BigInt(bias + fraction) << BigInt(fraction);
  const exponent = f.sub(f.or(f.shiftRight(bits, fraction), integers), 2 ** fraction + bias);
  return { exponent, g: f.sub(mantissa, 1) };
}

/** k log(2) + log(1 + g) + left, where `left` is small. */
function join(f: Formula, k: Vector, g: Vector, left: Operand): Vector {
  const half = f.keep(f.mul(0.5, f.mul(g, g)));
  const s = f.keep(f.div(g, f.add(2, g)));
  const square = f.keep(f.mul(s, s));
  const r = f.mul(square, f.polynomial(square, f.either(LOG_F64, LOG_F32)));
  // log(2) in two parts: products of k and the first are exact.
  const high = f.mul(k, f.either(0.6931471803691238, 0.69313812256));
  const low = f.mul(k, f.either(1.9082149292705877e-10, 9.0580006145e-6));
  const small = left === 0 ? low : f.add(low, left);
  return f.sub(high, f.sub(f.sub(half, f.add(f.mul(s, f.add(half, r)), small)), g));
}

/** 1 / log(base) and log(2) / log(base), each as a sum, of which products with the first part are nearly exact. */
interface Scale {
  readonly inverse: readonly [high: number, low: number];
  readonly two: readonly [high: number, low: number];
}

/** e_log2.c, e_log10.c, e_log2f.c and e_log10f.c of FreeBSD's msun. */
const LOG2_F64: Scale = { inverse: [1.4426950407214463, 1.6751713164886512e-10], two: [1, 0] };
const LOG2_F32: Scale = { inverse: [1.4428710938, -0.00017605285393], two: [1, 0] };
const LOG10_F64: Scale = {
  inverse: [0.4342944818781689, 2.5082946711645275e-11],
  two: [0.30102999566361177, 3.694239077158931e-13],
};
const LOG10_F32: Scale = {
  inverse: [0.43432617188, -3.1689971365e-5],
  two: [0.30102920532, 7.9034151668e-7],
};

/** k log(2) + log(1 + g), divided by the logarithm of a base. */
function joinScaled(f: Formula, k: Vector, g: Vector, { inverse, two }: Scale): Vector {
  const half = f.keep(f.mul(0.5, f.mul(g, g)));
  const s = f.keep(f.div(g, f.add(2, g)));
  const square = f.keep(f.mul(s, s));
  const r = f.mul(square, f.polynomial(square, f.either(LOG_F64, LOG_F32)));
  // log(1 + g) = high + low, of which the first has half the digits
  const high = f.keep(f.and(f.sub(g, half), f.either(0xffffffff_00000000n, 0xfffff000n)));
  const low = f.keep(f.add(f.sub(f.sub(g, high), half), f.mul(s, f.add(half, r))));
  const scaled = f.keep(f.mul(high, inverse[0]));
  const rest = f.add(f.mul(f.add(low, high), inverse[1]), f.mul(low, inverse[0]));
  const powers = two[0] === 1 ? k : f.keep(f.mul(k, two[0]));
  const withPowers = two[1] === 0 ? rest : f.add(f.mul(k, two[1]), rest);
  const sum = f.keep(f.add(powers, scaled));
  const rounding = f.add(f.sub(powers, sum), scaled);
  return f.add(f.add(withPowers, rounding), sum);
}

/** The result where x is finite, x where it is Infinity or NaN. */
function finiteOr(f: Formula, x: Vector, result: Vector): Vector {
  return f.select(f.less(x, Infinity), result, x);
}

/** log(x) where not x > 0: -Infinity at 0, else NaN, which has all its bits set here. */
function atMostZero(f: Formula, x: Vector): Vector {
  return f.or(f.unequal(x, 0), Number.NEGATIVE_INFINITY);
}
