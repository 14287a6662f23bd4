// What tests of emitted modules are run for. Every test that runs a module runs twice (vitest.config.mjs): as JavaScript,
// and in the project `wasm`, whose setup has all be compiled to WebAssembly.

import { it } from 'vitest';

export const isWasm = process.env.SYMGRAD_TARGET === 'wasm';

/** A test of the text of a JavaScript module. */
export const itReads = it.skipIf(isWasm);
