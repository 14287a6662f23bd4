// Functions of Math, and some of ours, of all lanes of a vector at once: v128 -> v128. Invariant: a lane's result depends on
// that lane alone, and NaN, infinities, signed zeros and subnormal numbers give what the function of numbers gives.

import type { Code, FunctionRef } from '../code.ts';
import type { WasmEncoder } from '../encoder.ts';
import { exp, expm1 } from './exponential.ts';
import { Formula, type Shape, type Vector } from './formula.ts';
import { log, log1p } from './logarithm.ts';
import { sigmoid, softplus, tanh } from './logistic.ts';

/** Errors are below 2 ulp; bench/accuracy.md has them. */
const FUNCTIONS: Readonly<Record<string, (f: Formula, x: Vector) => Vector>> = {
  exp,
  expm1,
  log,
  log1p,
  sigmoid,
  softplus,
  tanh,
};

export class VectorMath {
  readonly #encoder: WasmEncoder;
  readonly #shape: Shape;
  readonly #made = new Map<string, Code>();

  constructor(encoder: WasmEncoder, shape: Shape) {
    this.#encoder = encoder;
    this.#shape = shape;
  }

  /** The function for an operation of that name (ir/ops.ts); undefined if there is none. */
  function(name: string): FunctionRef | undefined {
    if (!Object.hasOwn(FUNCTIONS, name)) return undefined;
    const known = this.#made.get(name);
    if (known !== undefined) return known;
    const code = this.#encoder.function(['v128'], ['v128']);
    FUNCTIONS[name](new Formula(code, this.#shape), () => code.get(0))();
    this.#made.set(name, code);
    return code;
  }
}
