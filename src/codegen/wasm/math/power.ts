// x^y of all lanes at once. In f64 after fdlibm (e_pow.c of FreeBSD's msun): log2(x) with 65 bits, as a sum of two numbers of
// which the first has 21 bits fewer, so that its products are exact; then 2^(y log2(x)). In f32 as exp(y log(x)) in f64,
// which has bits enough. Bases that are not positive, and results that are not normal numbers, are left to Math.pow.

import type { FunctionRef } from '../code.ts';
import { unlessFits } from './by-lane.ts';
import { expBeyond, expWithin } from './exponential.ts';
import type { Formula, Vector } from './formula.ts';
import { logWithin, split } from './logarithm.ts';

/** x^y; `exact` is the function of numbers. */
export function pow(f: Formula, x: Vector, exact: FunctionRef, y: Vector): Vector {
  return f.either(powF64, powF32)(f, x, exact, y);
}

function powF32(f: Formula, x: Vector, exact: FunctionRef, y: Vector): Vector {
  const exponents = f.widened(y);
  const powers = f.widened(x).map(([wide, base], i) => {
    const product = wide.keep(wide.mul(exponents[i][1], logWithin(wide, base)));
    const within = wide.keep(wide.atLeast(wide.atMost(product, 200), -200)); // beyond, f32 has Infinity and 0
    return wide.keep(expWithin(wide, within));
  });
  const fits = f.and(f.and(f.less(0, x), f.less(x, Infinity)), f.less(f.abs(y), Infinity));
  return unlessFits(f, fits, f.narrowed(powers[0], powers[1]), exact, [x, y]);
}

function powF64(f: Formula, x: Vector, exact: FunctionRef, y: Vector): Vector {
  const log = log2(f, x);
  // y log2(x) = high + low; the first product is exact.
  const yHigh = f.keep(leading(f, y));
  const low = f.keep(f.add(f.mul(f.sub(y, yHigh), log.high), f.mul(y, log.low)));
  const high = f.keep(f.mul(yHigh, log.high));
  const size = f.abs(f.add(high, low));
  const normal = f.and(f.atMostOrEqual(2 ** -1022, x), f.less(x, Infinity));
  const fits = f.and(normal, f.less(size, 1020));
  return unlessFits(f, fits, exp2(f, high, low), exact, [x, y]);
}

/** 2 / (3 log(2)), also as a sum of which the first has 32 bits. */
const CP = 0.9617966939259756;
const CP_HIGH = 0.9617967009544373;
const CP_LOW = -7.028461650952758e-9;

/** 3 atanh(s) / s = 3 + s^2 + s^4 R(s^2) for |s| <= 0.1716, our own minimax fit: error 2^-66 of the result. */
const R: readonly number[] = [
  0.6000000000000338, 0.4285714285514667, 0.33333333780443036, 0.27272676495379783, 0.23080138811729842,
  0.19885155545313615, 0.19795198107978207,
];

/** log2(x) of a normal number x > 0 as high + low. */
function log2(f: Formula, x: Vector): { readonly high: Vector; readonly low: Vector } {
  const { exponent, g: difference } = split(f, x);
  const k = f.keep(exponent);
  const g = f.keep(difference); // log2(x) = k + log2(1 + g)
  // s = g / (2 + g) as sHigh + sLow, and 2 + g likewise.
  const sum = f.keep(f.add(2, g));
  const inverse = f.keep(f.div(1, sum));
  const s = f.keep(f.mul(g, inverse));
  const sHigh = f.keep(leading(f, s));
  const sumHigh = f.keep(leading(f, sum));
  const sumLow = f.sub(g, f.sub(sumHigh, 2));
  const sLow = f.keep(f.mul(inverse, f.sub(f.sub(g, f.mul(sHigh, sumHigh)), f.mul(sHigh, sumLow))));
  // t = 3 + s^2 + r as tHigh + tLow.
  const z = f.keep(f.mul(s, s));
  const r = f.keep(f.add(f.mul(f.mul(z, z), f.polynomial(z, R)), f.mul(sLow, f.add(sHigh, s))));
  const square = f.keep(f.mul(sHigh, sHigh));
  const tHigh = f.keep(leading(f, f.add(f.add(3, square), r)));
  const tLow = f.sub(r, f.sub(f.sub(tHigh, 3), square));
  // p = s t as pHigh + pLow; log(1 + g) = 2 p / 3.
  const u = f.keep(f.mul(sHigh, tHigh));
  const v = f.keep(f.add(f.mul(sLow, tHigh), f.mul(tLow, s)));
  const pHigh = f.keep(leading(f, f.add(u, v)));
  const pLow = f.sub(v, f.sub(pHigh, u));
  const zHigh = f.keep(f.mul(CP_HIGH, pHigh));
  const zLow = f.keep(f.add(f.mul(CP_LOW, pHigh), f.mul(pLow, CP)));
  const high = f.keep(leading(f, f.add(f.add(zHigh, zLow), k)));
  return { high, low: f.keep(f.sub(zLow, f.sub(f.sub(high, k), zHigh))) };
}

/** log(2), also as a sum of which the first has 32 bits. */
const LN2 = Math.LN2;
const LN2_HIGH = 0.6931471824645996;
const LN2_LOW = -1.904654299957768e-9;

/** 2^(high + low), between 2^-1020 and 2^1020. */
function exp2(f: Formula, high: Vector, low: Vector): Vector {
  const integers = f.integers + f.format.bias;
  const shifted = f.keep(f.add(f.add(high, low), integers));
  const rest = f.keep(f.sub(high, f.sub(shifted, integers)));
  // (rest + low) log(2) = z + w
  const t = f.keep(leading(f, f.add(rest, low)));
  const u = f.keep(f.mul(t, LN2_HIGH));
  const v = f.keep(f.add(f.mul(f.sub(low, f.sub(t, rest)), LN2), f.mul(t, LN2_LOW)));
  const z = f.keep(f.add(u, v));
  const w = f.keep(f.sub(v, f.sub(z, u)));
  const beyond = f.add(expBeyond(f, z), f.add(w, f.mul(z, w)));
  return f.mul(f.add(1, f.add(z, beyond)), f.shiftLeft(shifted, f.format.fraction));
}

/** A number of 53 bits without the lower 32. */
function leading(f: Formula, x: Vector): Vector {
  return f.and(x, 0xffffffff_00000000n);
}
