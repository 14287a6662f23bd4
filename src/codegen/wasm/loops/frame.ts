// What a function reads again and again: sizes, each computed once, at its beginning, into a local of its own. Where an array
// begins is read where it is needed, which is before loops: hundreds of locals that are always in use cost time in compilers.

import { monomialsOf, nameOfSize, type Size, sizeText } from '../../../ir/size.ts';
import type { Code, Gap, Local } from '../code.ts';
import { ELEMENT_BYTES, type ElementType, pushAddress, type WasmEnvironment } from '../environment.ts';

export class Frame {
  readonly code: Code;
  readonly environment: WasmEnvironment;
  readonly #arrayName: (array: string) => string;
  readonly #start: Gap;
  readonly #known = new Map<string, Local>();

  /** `arrayName` is the array of the memory that an array of the statements has become. */
  constructor(code: Code, environment: WasmEnvironment, arrayName: (array: string) => string) {
    this.code = code;
    this.environment = environment;
    this.#arrayName = arrayName;
    this.#start = code.gap();
  }

  /** What an array consists of. */
  elementOf(array: string): ElementType {
    return this.environment.array(this.#arrayName(array)).element;
  }

  /** How many bytes an element takes. */
  bytesOf(array: string): number {
    return ELEMENT_BYTES[this.elementOf(array)];
  }

  /** Leaves the byte at which an array begins. */
  address(array: string): void {
    pushAddress(this.code, this.environment.array(this.#arrayName(array)));
  }

  /** Leaves a size as an i32. */
  size(size: Size): void {
    if (typeof size === 'number') this.code.i32(size);
    else this.#once(sizeText(size), 'i32', () => this.#polynomial(size, INTEGER));
  }

  /** Leaves a size as an f64, which holds products of lengths that an i32 may not. */
  sizeNumber(size: Size): void {
    if (typeof size === 'number') this.code.f64(size);
    else this.#once(`number ${sizeText(size)}`, 'f64', () => this.#polynomial(size, NUMBER));
  }

  /** Multiplies the i32 on the stack. */
  scale(factor: Size): void {
    if (factor === 1) return;
    if (typeof factor === 'number' && factor > 0 && Number.isInteger(Math.log2(factor))) {
      this.code.i32(Math.log2(factor));
      this.code.op('i32.shl');
      return;
    }
    this.size(factor);
    this.code.op('i32.mul');
  }

  #once(key: string, type: 'i32' | 'f64', push: () => void): void {
    const { code } = this;
    let local = this.#known.get(key);
    if (local === undefined) {
      local = code.newLocal(type);
      this.#known.set(key, local);
      const at = local;
      code.into(this.#start, () => {
        push();
        code.set(at);
      });
    }
    code.get(local);
  }

  /** Leaves a sum of products of names and quotients; in the gap at the beginning. */
  #polynomial(size: Size, arithmetic: Arithmetic): void {
    const { code, environment } = this;
    const name = nameOfSize(size);
    const pushName = (each: string) => {
      code.global(environment.size(each));
      if (arithmetic === NUMBER) code.op('f64.convert_i32_s');
    };
    if (name !== undefined) {
      pushName(name);
      return;
    }
    arithmetic.constant(code, 0);
    for (const { coefficient, atoms } of monomialsOf(size)) {
      arithmetic.constant(code, coefficient);
      for (const atom of atoms) {
        if (typeof atom === 'string') pushName(atom);
        else {
          this.#polynomial(atom.numerator, arithmetic);
          arithmetic.floorDivide(code, atom.divisor);
        }
        code.op(arithmetic.mul);
      }
      code.op(arithmetic.add);
    }
  }
}

interface Arithmetic {
  readonly constant: (code: Code, value: number) => void;
  readonly add: 'i32.add' | 'f64.add';
  readonly mul: 'i32.mul' | 'f64.mul';
  readonly floorDivide: (code: Code, divisor: number) => void;
}

const INTEGER: Arithmetic = {
  constant: (code, value) => code.i32(value),
  add: 'i32.add',
  mul: 'i32.mul',
  floorDivide: (code, divisor) => {
    // The quotient is rounded towards zero, so it is one too large where the remainder is negative.
    const numerator = code.newLocal('i32');
    code.set(numerator);
    code.get(numerator);
    code.i32(divisor);
    code.op('i32.div_s');
    code.get(numerator);
    code.i32(divisor);
    code.op('i32.rem_s');
    code.i32(31);
    code.op('i32.shr_s');
    code.op('i32.add');
  },
};

const NUMBER: Arithmetic = {
  constant: (code, value) => code.f64(value),
  add: 'f64.add',
  mul: 'f64.mul',
  floorDivide: (code, divisor) => {
    code.f64(divisor);
    code.op('f64.div');
    code.op('f64.floor');
  },
};
