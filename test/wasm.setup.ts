// For the project `wasm` of vitest.config.mjs, which runs tests of emitted modules a second time: whatever they compile
// is compiled to WebAssembly, unless they say to what.

import { vi } from 'vitest';

vi.mock(import('../src/codegen/module.ts'), async original => {
  const module = await original();
  return {
    ...module,
    emitModule: (program, options) => module.emitModule(program, { target: 'wasm', ...options }),
  };
});

vi.mock(import('../src/compile.ts'), async original => {
  const module = await original();
  return { ...module, compile: (text, options) => module.compile(text, { target: 'wasm', ...options }) };
});
