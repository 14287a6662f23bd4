import type { Code } from '../code.ts';
import type { WasmEnvironment } from '../environment.ts';
export const PRODUCT_PANEL = 1000;
export const GRAM_PANEL = 1000;
export function productKernel(e: WasmEnvironment): Code {
  return e.encoder.function(new Array(17).fill('i32'), []);
}
export function gramKernel(e: WasmEnvironment): Code {
  return e.encoder.function(new Array(15).fill('i32'), []);
}
