// Runs what an encoder has written: Math and the special functions under the names that modules import them by.

import { SPECIAL } from '../../../src/codegen/special.ts';
import { IMPORTS, type WasmEncoder } from '../../../src/codegen/wasm/encoder.ts';

export type Numeric = (...args: number[]) => number;

/** The exports of a module; its arrays stand in a memory of `bytes` bytes, at the `addresses` of their names. */
export function instantiate(
  encoder: WasmEncoder,
  bytes = 0,
  addresses: Readonly<Record<string, number>> = {},
): { readonly exports: Readonly<Record<string, Numeric>>; readonly buffer: ArrayBuffer } {
  const encoded = encoder.encode();
  const memory = new WebAssembly.Memory({ initial: Math.ceil(bytes / 65_536) });
  const globals = encoder
    .globalNames()
    .map(name => [name, new WebAssembly.Global({ value: 'i32' }, addresses[name.slice(1)])] as const);
  const functions = encoded.imports.map(name => [name, imported(name)] as const);
  const module = new WebAssembly.Module(encoded.bytes);
  const instance = new WebAssembly.Instance(module, {
    [IMPORTS]: { memory, ...Object.fromEntries([...globals, ...functions]) },
  });
  const exports = instance.exports as Readonly<Record<string, Numeric>>; // functions are all that is exported
  return { exports, buffer: memory.buffer };
}

/** `Math.sin`, or a special function from its text. */
export function imported(name: string): Numeric {
  return name.startsWith('Math.') ? Math[name.slice(5) as 'sin'] : (evaluated(name, [name]) as Numeric);
}

/** The value of a JavaScript expression that uses special functions. */
export function evaluated(expression: string, helpers: readonly string[]): unknown {
  const needed = new Set(helpers);
  for (const each of needed) for (const use of SPECIAL[each].uses) needed.add(use);
  const texts = [...needed].map(each => SPECIAL[each].text).join('\n');
  return new Function(`'use strict';\n${texts}\nreturn ${expression};`)();
}
