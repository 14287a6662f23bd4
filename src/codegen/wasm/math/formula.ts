// Vector formulas as they are read: f.add(1, f.mul(x, y)) is a value that writes its instructions when it is used.
// Invariant: a value that is used more than once has been kept, in a local of its own. What is kept is computed there and
// then; what is not, where it is used.

import type { Code, Local } from '../code.ts';
import type { Opcode } from '../opcodes.ts';

/** Two numbers of 64 bits, or four of 32, in a vector. */
export type Shape = 'f64x2' | 'f32x4';

/** Writes the instructions that leave a vector on the stack. */
export type Vector = () => void;

/** A vector, or the same number (integer: the same bits) in all lanes. */
export type Operand = Vector | number | bigint;

/** IEEE 754 formats: bits of the fraction, bias of the exponent. */
const FORMATS = {
  f64x2: { bits: 'i64x2', fraction: 52, bias: 1023, lanes: 2 },
  f32x4: { bits: 'i32x4', fraction: 23, bias: 127, lanes: 4 },
} as const;

export class Formula {
  readonly code: Code;
  readonly shape: Shape;
  readonly format: (typeof FORMATS)[Shape];
  readonly #kept: Local[] = [];
  readonly #wide: Formula[] = [];

  /** Formulas of that shape, whose instructions `code` gets. */
  constructor(code: Code, shape: Shape) {
    this.code = code;
    this.shape = shape;
    this.format = FORMATS[shape];
  }

  /** One of two, for the two shapes. */
  either<T>(f64x2: T, f32x4: T): T {
    return this.shape === 'f64x2' ? f64x2 : f32x4;
  }

  /** Computes a value now, for several uses. */
  keep(x: Operand): Vector {
    const local = this.code.local('v128');
    this.#kept.push(local);
    this.push(x);
    this.code.set(local);
    return () => this.code.get(local);
  }

  /** Gives the locals of all that was kept back. */
  release(): void {
    for (const local of this.#kept.splice(0)) this.code.release(local);
    for (const wide of this.#wide.splice(0)) wide.release();
  }

  push(x: Operand): void {
    if (typeof x === 'number') this.code.splat(this.shape, x);
    else if (typeof x === 'bigint') this.code.splatBits(this.format.bits, x);
    else x();
  }

  // Numbers.

  add(x: Operand, y: Operand): Vector {
    return this.#number('add', x, y);
  }

  sub(x: Operand, y: Operand): Vector {
    return this.#number('sub', x, y);
  }

  mul(x: Operand, y: Operand): Vector {
    return this.#number('mul', x, y);
  }

  div(x: Operand, y: Operand): Vector {
    return this.#number('div', x, y);
  }

  neg(x: Operand): Vector {
    return this.#number('neg', x);
  }

  abs(x: Operand): Vector {
    return this.#number('abs', x);
  }

  /** The smaller of `x` and a bound; NaN where x is NaN. (`min` of WebAssembly does this for both, and is slow.) */
  atMost(x: Operand, bound: number): Vector {
    return this.#number('pmin', x, bound);
  }

  /** The larger of `x` and a bound; NaN where x is NaN. */
  atLeast(x: Operand, bound: number): Vector {
    return this.#number('pmax', x, bound);
  }

  /**
   * c[0] + c[1] x + c[2] x^2 + ..., by Estrin's scheme: the halves of the sum do not wait for each other, and processors
   * have several multipliers. `x` is kept, so is its square where that is given.
   */
  polynomial(x: Vector, c: readonly number[], square?: Vector): Vector {
    const powers = [x]; // x, x^2, x^4, ...
    for (let reach = 2; reach < c.length; reach *= 2) {
      const last = powers[powers.length - 1];
      powers.push(powers.length === 1 && square !== undefined ? square : this.keep(this.mul(last, last)));
    }
    const sum = (from: number, length: number): Operand => {
      if (length === 1) return c[from];
      const level = Math.ceil(Math.log2(length)) - 1;
      const half = 2 ** level;
      return this.add(sum(from, half), this.mul(sum(from + half, length - half), powers[level]));
    };
    const whole = sum(0, c.length);
    return () => this.push(whole);
  }

  /** 1.5 2^52: when a number is added to it, it is rounded to an integer, which is found in the lowest bits. */
  get integers(): number {
    return 1.5 * 2 ** this.format.fraction;
  }

  // Comparisons, whose results have all bits of a lane set or none, and what is chosen by them.

  less(x: Operand, y: Operand): Vector {
    return this.#number('lt', x, y);
  }

  atMostOrEqual(x: Operand, y: Operand): Vector {
    return this.#number('le', x, y);
  }

  equal(x: Operand, y: Operand): Vector {
    return this.#number('eq', x, y);
  }

  unequal(x: Operand, y: Operand): Vector {
    return this.#number('ne', x, y);
  }

  select(condition: Operand, x: Operand, y: Operand): Vector {
    return this.#written('v128.bitselect', x, y, condition);
  }

  // Bits of the lanes, as integers of their size.

  and(x: Operand, y: Operand): Vector {
    return this.#written('v128.and', x, y);
  }

  /** The bits of x that are clear in `mask`. */
  without(x: Operand, mask: Operand): Vector {
    return this.#written('v128.andnot', x, mask);
  }

  or(x: Operand, y: Operand): Vector {
    return this.#written('v128.or', x, y);
  }

  xor(x: Operand, y: Operand): Vector {
    return this.#written('v128.xor', x, y);
  }

  addBits(x: Operand, y: Operand): Vector {
    return this.#written(`${this.format.bits}.add`, x, y);
  }

  subBits(x: Operand, y: Operand): Vector {
    return this.#written(`${this.format.bits}.sub`, x, y);
  }

  equalBits(x: Operand, y: Operand): Vector {
    return this.#written(`${this.format.bits}.eq`, x, y);
  }

  shiftLeft(x: Operand, bits: number): Vector {
    return this.#shifted('shl', x, bits);
  }

  /** Zeros come in from the left. */
  shiftRight(x: Operand, bits: number): Vector {
    return this.#shifted('shr_u', x, bits);
  }

  /** The sign bits of x, all others clear. */
  signs(x: Operand): Vector {
    return this.and(x, 1n << BigInt(this.either(63, 31)));
  }

  /** `x`, which is not negative, with the sign of y. */
  withSign(x: Operand, y: Operand): Vector {
    return this.or(x, this.signs(y));
  }

  // Four numbers of 32 bits as twice two of 64.

  /** Both halves of x (f32x4) as f64x2, each with the formulas that it is for. */
  widened(x: Vector): readonly [wide: Formula, half: Vector][] {
    const wide = new Formula(this.code, 'f64x2');
    this.#wide.push(wide);
    const low = wide.#written('f64x2.promote_low_f32x4', x);
    const high = wide.#written('f64x2.promote_low_f32x4', this.#shuffled(x, x, UPPER_HALF));
    return [
      [wide, wide.keep(low)],
      [wide, wide.keep(high)],
    ];
  }

  /** Two f64x2 rounded to one f32x4. */
  narrowed(low: Vector, high: Vector): Vector {
    const rounded = (half: Vector): Vector => this.#written('f32x4.demote_f64x2_zero', half);
    return this.#shuffled(rounded(low), rounded(high), LOWER_HALVES);
  }

  /** The lower 32 bits of all lanes of two vectors of 64-bit lanes. */
  lowWords(low: Vector, high: Vector): Vector {
    return this.#shuffled(low, high, LOWER_WORDS);
  }

  #shuffled(x: Vector, y: Vector, bytes: readonly number[]): Vector {
    return () => {
      x();
      y();
      this.code.shuffle(bytes);
    };
  }

  #number(name: NumberOpcode, ...operands: readonly Operand[]): Vector {
    return this.#written(`${this.shape}.${name}`, ...operands);
  }

  #written(opcode: Opcode, ...operands: readonly Operand[]): Vector {
    return () => {
      for (const operand of operands) this.push(operand);
      this.code.op(opcode);
    };
  }

  #shifted(name: 'shl' | 'shr_u', x: Operand, bits: number): Vector {
    return () => {
      this.push(x);
      this.code.i32(bits);
      this.code.op(`${this.format.bits}.${name}`);
    };
  }
}

/** Which bytes of two vectors `shuffle` takes, those of the second from 16 on. */
const UPPER_HALF = [8, 9, 10, 11, 12, 13, 14, 15, 8, 9, 10, 11, 12, 13, 14, 15];
const LOWER_HALVES = [0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23];
const LOWER_WORDS = [0, 1, 2, 3, 8, 9, 10, 11, 16, 17, 18, 19, 24, 25, 26, 27];

/** The instructions that exist for both shapes. */
type NumberOpcode =
  | 'add'
  | 'sub'
  | 'mul'
  | 'div'
  | 'neg'
  | 'abs'
  | 'pmin'
  | 'pmax'
  | 'lt'
  | 'le'
  | 'eq'
  | 'ne';
