// Tests of emitted modules run twice: in the project `js`, with all others, and in `wasm`, where what they compile is
// compiled to WebAssembly.

import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    testTimeout: 60_000,
    maxWorkers: '100%', // by default one core is left alone
    projects: [
      { extends: true, test: { name: 'js', include: ['test/**/*.test.ts'] } },
      {
        extends: true,
        test: {
          name: 'wasm',
          include: [
            'test/*.test.ts',
            'test/{bench,codegen,samples}/*.test.ts',
            'test/conformance/modules.test.ts',
            'test/grad/{derivatives,higher}.test.ts',
            'test/grad/sparse/compressed.test.ts',
          ],
          // These compile nothing, or in other processes.
          exclude: [
            'test/{layers,mathjs}.test.ts',
            'test/codegen/{dot,json,tex,tex-tensors}.test.ts',
            'test/samples/{scripts,training}.test.ts',
          ],
          setupFiles: ['test/wasm.setup.ts'],
          env: { SYMGRAD_TARGET: 'wasm' },
        },
      },
    ],
  },
});
