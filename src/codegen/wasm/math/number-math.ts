// Functions of numbers in WebAssembly: one lane of the vector functions. V8 calls exp, log, sin and some others of Math from
// WebAssembly directly, in 6 to 10 ns. The rest, and functions of our own, it calls through JavaScript, which adds 15 ns; for
// those in this list the vector function takes half of the time of that.

import type { FunctionRef } from '../code.ts';
import type { WasmEncoder } from '../encoder.ts';
import { VectorMath } from './vector-math.ts';

/** The vector function by the name of the imported one. */
const FASTER: ReadonlyMap<string, string> = new Map([
  ['Math.expm1', 'expm1'],
  ['Math.log1p', 'log1p'],
  ['Math.tanh', 'tanh'],
  ['Math.pow', 'pow'],
  ['sigmoid', 'sigmoid'],
  ['softplus', 'softplus'],
  ['erf', 'erf'],
]);

export class NumberMath {
  readonly #encoder: WasmEncoder;
  readonly #vectors: VectorMath;
  readonly #made = new Map<string, FunctionRef>();

  constructor(encoder: WasmEncoder) {
    this.#encoder = encoder;
    this.#vectors = new VectorMath(encoder, 'f64x2');
  }

  /** The function of numbers that JavaScript has under that name. */
  function(name: string, arity: number): FunctionRef {
    const known = this.#made.get(name);
    if (known !== undefined) return known;
    const vector = FASTER.get(name);
    const made =
      vector === undefined
        ? this.#encoder.importFunction(name, new Array(arity).fill('f64'), ['f64'])
        : this.#lane(vector, arity);
    this.#made.set(name, made);
    return made;
  }

  #lane(name: string, arity: number): FunctionRef {
    const code = this.#encoder.function(new Array(arity).fill('f64'), ['f64']);
    const vectors = Array.from({ length: arity }, (_, parameter) => {
      const local = code.local('v128');
      code.get(parameter);
      code.op('f64x2.splat');
      code.set(local);
      return () => code.get(local);
    });
    this.#vectors.inline(name, code, vectors);
    code.lane('f64x2.extract_lane', 0);
    return code;
  }
}
