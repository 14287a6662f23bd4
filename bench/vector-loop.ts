// A function of the vector math of the WebAssembly target, applied to all elements of an array in one loop. For the
// measurement of accuracy and speed (accuracy.mjs) and for tests; no part of the published package.

import { WasmEncoder } from '../src/codegen/wasm/encoder.ts';
import type { Shape } from '../src/codegen/wasm/math/formula.ts';
import { VectorMath } from '../src/codegen/wasm/math/vector-math.ts';

/** Numbers in the arrays. */
export const LENGTH = 4096;

export interface VectorLoop {
  /** The arguments, an array for each of two; a function of one leaves the second alone. */
  readonly x: Float64Array | Float32Array;
  readonly y: Float64Array | Float32Array;
  readonly result: Float64Array | Float32Array;
  /** Computes the first `count` results, and some more if that is no multiple of the lanes. */
  readonly run: (count: number) => void;
}

export function vectorLoop(shape: Shape, name: string): VectorLoop {
  const encoder = new WasmEncoder();
  const applied = new VectorMath(encoder, shape).function(name);
  if (applied === undefined) throw new RangeError(`no vector function ${name}`);
  const [lanes, Numbers] = shape === 'f64x2' ? ([2, Float64Array] as const) : ([4, Float32Array] as const);
  const bytes = LENGTH * Numbers.BYTES_PER_ELEMENT;
  const code = encoder.function(['i32'], []);
  const at = code.local('i32');
  code.loop(() => {
    code.get(at);
    applied.params.forEach((_, i) => {
      code.get(at);
      code.memory('v128.load', i * bytes);
    });
    code.call(applied);
    code.memory('v128.store', 2 * bytes);
    code.get(at);
    code.i32(16);
    code.op('i32.add');
    code.tee(at);
    code.get(0);
    code.op('i32.lt_s');
    code.brIf(0);
  });
  encoder.export('run', code);
  const memory = new WebAssembly.Memory({ initial: Math.ceil((3 * bytes) / 65536) });
  const module = new WebAssembly.Module(encoder.encode().bytes as BufferSource);
  const functions = Object.fromEntries(
    Object.getOwnPropertyNames(Math).map(each => [`Math.${each}`, Math[each as keyof Math]]),
  ) as Record<string, WebAssembly.ImportValue>;
  const { exports } = new WebAssembly.Instance(module, { env: { memory, ...functions } });
  const run = exports.run as (end: number) => void; // exported above
  const numbers = (i: number) => new Numbers(memory.buffer, i * bytes, LENGTH);
  return {
    x: numbers(0),
    y: numbers(1),
    result: numbers(2),
    run: count => run(Math.ceil(count / lanes) * 16),
  };
}
