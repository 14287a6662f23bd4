// sin and cos of all lanes at once: x = n pi/2 + r with |r| <= pi/4, pi/2 in parts (Cody and Waite, Software Manual for the
// Elementary Functions, 1980), then both functions of r, of which n chooses one and the sign. Arguments beyond 2^20, and
// the few multiples of pi/2 that need more digits of it, are left to the function of numbers.

import type { FunctionRef } from '../code.ts';
import { unlessFits } from './by-lane.ts';
import type { Formula, Vector } from './formula.ts';

/** sin(x); `exact` is the function of numbers. */
export function sin(f: Formula, x: Vector, exact: FunctionRef): Vector {
  return turned(f, x, 0n, exact);
}

/** cos(x) = sin(x + pi/2). */
export function cos(f: Formula, x: Vector, exact: FunctionRef): Vector {
  return turned(f, x, 1n, exact);
}

/** sin(x + quarters pi/2). */
function turned(f: Formula, x: Vector, quarters: bigint, exact: FunctionRef): Vector {
  const { r, tail, n } = f.either(reduceF64, reduceF32)(f, x);
  const quarter = quarters === 0n ? n : f.keep(f.addBits(n, quarters));
  const z = f.keep(f.mul(r, r));
  const odd = f.equalBits(f.and(quarter, 1n), 1n);
  const chosen = f.select(odd, cosReduced(f, r, tail, z), sinReduced(f, r, tail, z));
  const sign = f.shiftLeft(f.and(quarter, 2n), f.either(62, 30));
  const a = f.keep(f.abs(x));
  const inRange = f.atMostOrEqual(a, 2 ** 20);
  const fits = f.either(f.and(inRange, f.atMostOrEqual(f.mul(a, 2 ** -45), f.abs(r))), inRange);
  return unlessFits(f, fits, f.xor(chosen, sign), exact, [x]);
}

/** x = n pi/2 + r + tail; n, modulo 4 at least, is in the lowest bits. */
interface Reduced {
  readonly r: Vector;
  readonly tail: Vector | 0;
  readonly n: Vector;
}

/** pi/2 in two parts of 33 bits and the rest; the first part also with its rest (e_rem_pio2.c of fdlibm). */
const PI_HALF_1 = 1.5707963267341256;
const PI_HALF_1_REST = 6.077100506506192e-11;
const PI_HALF_2 = 6.077100506303966e-11;
const PI_HALF_2_REST = 2.0222662487959506e-21;

function reduceF64(f: Formula, x: Vector): Reduced {
  const n = f.keep(f.add(f.mul(x, 2 / Math.PI), f.integers));
  const times = f.keep(f.sub(n, f.integers));
  // Products with parts of 33 bits are exact, and so is the first difference.
  const first = f.keep(f.sub(x, f.mul(times, PI_HALF_1)));
  const product = f.keep(f.mul(times, PI_HALF_2));
  const second = f.keep(f.sub(first, product));
  const error = f.sub(f.sub(first, second), product);
  const last = f.keep(f.sub(f.mul(times, PI_HALF_2_REST), error));
  const r = f.keep(f.sub(second, last));
  return { r, tail: f.keep(f.sub(f.sub(second, r), last)), n };
}

/** Numbers of 24 bits are reduced as numbers of 53. */
function reduceF32(f: Formula, x: Vector): Reduced {
  const halves = f.widened(x).map(([wide, half]) => {
    const n = wide.keep(wide.add(wide.mul(half, 2 / Math.PI), wide.integers));
    const times = wide.keep(wide.sub(n, wide.integers));
    const first = wide.sub(half, wide.mul(times, PI_HALF_1));
    return { n, r: wide.sub(first, wide.mul(times, PI_HALF_1_REST)) };
  });
  const [low, high] = halves;
  return { r: f.keep(f.narrowed(low.r, high.r)), tail: 0, n: f.keep(f.lowWords(low.n, high.n)) };
}

/** S1 ... S6 of k_sin.c (fdlibm). */
const SIN_F64: readonly number[] = [
  -0.16666666666666632, 0.00833333333332249, -0.0001984126982985795, 2.7557313707070068e-6,
  -2.5050760253406863e-8, 1.58969099521155e-10,
];
/** sinf.c of Cephes. */
const SIN_F32: readonly number[] = [-0.16666654611, 0.0083321608736, -0.00019515295891];

/** C1 ... C6 of k_cos.c (fdlibm). */
const COS_F64: readonly number[] = [
  0.0416666666666666, -0.001388888888887411, 2.480158728947673e-5, -2.7557314351390663e-7,
  2.087572321298175e-9, -1.1359647557788195e-11,
];
/** sinf.c of Cephes, which has the cosine too. */
const COS_F32: readonly number[] = [0.04166664568298827, -0.001388731625493765, 2.443315711809948e-5];

/** sin(r + tail), z = r^2. Zeros keep their signs: r is the first operand of a difference whose second is 0. */
function sinReduced(f: Formula, r: Vector, tail: Vector | 0, z: Vector): Vector {
  const cube = f.keep(f.mul(z, r));
  if (tail === 0) return f.sub(r, f.sub(0, f.mul(cube, f.polynomial(z, SIN_F32))));
  const [first, ...rest] = SIN_F64;
  const small = f.sub(f.mul(0.5, tail), f.mul(cube, f.polynomial(z, rest)));
  return f.sub(r, f.sub(f.sub(f.mul(z, small), tail), f.mul(cube, first)));
}

/** cos(r + tail), z = r^2. */
function cosReduced(f: Formula, r: Vector, tail: Vector | 0, z: Vector): Vector {
  const half = f.keep(f.mul(0.5, z));
  const rounded = f.keep(f.sub(1, half));
  const left = f.sub(f.sub(1, rounded), half); // exactly
  const higher = f.mul(z, f.mul(z, f.polynomial(z, f.either(COS_F64, COS_F32))));
  const small = tail === 0 ? higher : f.sub(higher, f.mul(r, tail));
  return f.add(rounded, f.add(left, small));
}
