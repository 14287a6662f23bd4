// Each project of vitest.config.mjs compiles to its own target, through the library and through the code generator.

import { expect, it } from 'vitest';
import { compile } from '../src/index.ts';
import { emit, sketch } from './codegen/programs.ts';
import { isWasm } from './target.ts';

it('is what modules are compiled to', () => {
  const { code } = emit(sketch({ inputs: { x: {} }, outputs: (b, x) => ({ f: b.exp(x('x')) }) }));
  for (const text of [compile('exp(x)').code, code]) expect(text.includes('WebAssembly')).toBe(isWasm);
});
