// What the functions of a WebAssembly module refer to: arrays in its memory, named sizes, functions of JavaScript. All are
// imports, under names of their own. Invariant: where an array begins is a multiple of 16 bytes and does not change while an
// instance lives, so an address is read once in a function.

import type { Code, FunctionRef, GlobalRef } from './code.ts';
import type { WasmEncoder } from './encoder.ts';
import { NumberMath } from './math/number-math.ts';

/** What an array consists of. */
export type ElementType = 'f64' | 'f32' | 'i32';

export const ELEMENT_BYTES = { f64: 8, f32: 4, i32: 4 } as const;

export interface WasmArray {
  /** The byte at which it begins. */
  readonly address: GlobalRef;
  readonly element: ElementType;
}

export class WasmEnvironment {
  readonly encoder: WasmEncoder;
  /** Of arrays of real numbers. */
  readonly precision: 'f64' | 'f32';
  readonly #elements = new Map<string, ElementType>();
  readonly #numbers: NumberMath;

  constructor(encoder: WasmEncoder, precision: 'f64' | 'f32') {
    this.encoder = encoder;
    this.precision = precision;
    this.#numbers = new NumberMath(encoder);
  }

  /** Says what an array consists of that holds no real numbers of the module's precision. */
  declare(name: string, element: ElementType): void {
    this.#elements.set(name, element);
  }

  /** The array of that name. */
  array(name: string): WasmArray {
    return {
      address: this.encoder.global(`@${name}`, 'i32'),
      element: this.#elements.get(name) ?? this.precision,
    };
  }

  /** A named size, an i32: the import `#name`. */
  size(name: string): GlobalRef {
    return this.encoder.global(`#${name}`, 'i32');
  }

  /** A function of numbers: `Math.sin`, or a special function such as `lgamma`; imported unless it is faster here. */
  math(name: string, arity: number): FunctionRef {
    return this.#numbers.function(name, arity);
  }

  /**
   * Throws the RangeError of a 1-based index that is no integer or not within its length. Parameters: the number of `what`
   * among `indexed`, the index (f64), the length (i32).
   */
  outOfRange(): FunctionRef {
    return this.encoder.importFunction('outOfRange', ['i32', 'f64', 'i32'], []);
  }

  /** What is indexed, as messages call it; `outOfRange` takes the position in this list. */
  readonly indexed: string[] = [];
}

/** Leaves the address of an array on the stack. */
export function pushAddress(code: Code, { address }: WasmArray): void {
  code.global(address);
}
