import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    testTimeout: 60_000,
    projects: [
      { extends: true, test: { name: 'js', include: ['test/**/*.test.ts'] } },
      {
        extends: true,
        test: {
          name: 'wasm',
          include: ['test/**/*.test.ts'],
          setupFiles: ['test/wasm.setup.ts'],
          env: { SYMGRAD_TARGET: 'wasm' },
        },
      },
    ],
  },
});
